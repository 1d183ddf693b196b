//! Our own certificate, read again when its files change: a renewed one is used without a restart.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use tokio::time::Instant;

use crate::config::CertificateFiles;

/// The files are looked at no more often, however many connections come.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A certificate with its key, as the files have it now.
pub(super) struct Certificate {
    files: CertificateFiles,
    current: Mutex<Current>,
    tell: Tell,
}

/// Hears whether the files as they are now can be used.
pub(super) type Tell = Box<dyn Fn(anyhow::Result<()>) + Send + Sync>;

struct Current {
    looked_at: Instant,
    seen: [Option<Version>; 2],
    config: Arc<ServerConfig>,
}

/// What tells one content of a file from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    modified_at: SystemTime,
    length: u64,
}

/// What stands in the settings cannot be used, and will not be by waiting.
#[derive(Debug, thiserror::Error)]
#[error("{0}; put the right files behind `smtp.certificate_file` and `smtp.key_file`")]
pub struct Unusable(String);

/// Whether these files can be used.
pub fn check(files: &CertificateFiles) -> Result<(), Unusable> {
    read(files).map(drop).map_err(|error| Unusable(format!("{error:#}")))
}

impl Certificate {
    /// Reads both files.
    pub(super) fn load(files: CertificateFiles, tell: Tell) -> Result<Self, Unusable> {
        let seen = versions(&files);
        let config = read(&files).map_err(|error| Unusable(format!("{error:#}")))?;
        tell(Ok(()));
        Ok(Self { files, current: Mutex::new(Current { looked_at: Instant::now(), seen, config }), tell })
    }

    /// For the next handshake. Files that have changed are read again; while they cannot be used, what was read last is kept.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked_at.elapsed() < LOOK_AGAIN {
            return Arc::clone(&current.config);
        }
        current.looked_at = Instant::now();
        let seen = versions(&self.files);
        if current.seen != seen {
            current.seen = seen;
            match read(&self.files) {
                Ok(config) => {
                    tracing::info!(file = %self.files.certificate.display(), "the certificate was read again");
                    current.config = config;
                    (self.tell)(Ok(()));
                }
                Err(error) => (self.tell)(Err(error)),
            }
        }
        Arc::clone(&current.config)
    }
}

fn versions(files: &CertificateFiles) -> [Option<Version>; 2] {
    [&files.certificate, &files.key].map(|file| version(file))
}

fn version(file: &Path) -> Option<Version> {
    let facts = fs::metadata(file).ok()?;
    Some(Version { modified_at: facts.modified().ok()?, length: facts.len() })
}

fn read(files: &CertificateFiles) -> anyhow::Result<Arc<ServerConfig>> {
    let named = |file: &Path| format!("{} cannot be read as PEM", file.display());
    let chain: Vec<_> = CertificateDer::pem_file_iter(&files.certificate)
        .with_context(|| named(&files.certificate))?
        .collect::<Result<_, _>>()
        .with_context(|| named(&files.certificate))?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate", files.certificate.display());
    let key = PrivateKeyDer::from_pem_file(&files.key).with_context(|| named(&files.key))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("{} is not the key of the certificate", files.key.display()))?;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use testkit::certs::Authority;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_renewed_certificate_is_used_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = CertificateFiles {
            certificate: folder.path().join("certificate.pem"),
            key: folder.path().join("key.pem"),
        };
        let authority = Authority::new();
        let write = |name: &str| {
            let identity = authority.identity(name);
            fs::write(&files.certificate, &identity.certificate).unwrap();
            fs::write(&files.key, &identity.key).unwrap();
        };
        write("a.library.example");
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&told);
        let tell = move |usable: anyhow::Result<()>| hears.lock().unwrap().push(usable.is_ok());
        let certificate = Certificate::load(files.clone(), Box::new(tell)).unwrap();
        let first = certificate.config();
        write("b.library.example");
        assert!(Arc::ptr_eq(&first, &certificate.config()), "they were looked at a moment ago");
        let after_a_second = async || {
            tokio::time::advance(LOOK_AGAIN).await;
            certificate.config()
        };
        let first = after_a_second().await;
        assert!(Arc::ptr_eq(&first, &after_a_second().await));
        fs::write(&files.certificate, "half a fi").unwrap();
        assert!(Arc::ptr_eq(&first, &after_a_second().await), "what cannot be used is not");
        write("another.library.example");
        assert!(!Arc::ptr_eq(&first, &after_a_second().await));
        assert_eq!(*told.lock().unwrap(), [true, true, false, true]);
        fs::write(&files.key, authority.identity("b").key).unwrap();
        let said = format!("{:#}", read(&files).unwrap_err());
        assert!(said.contains("is not the key of the certificate"), "{said}");
    }
}

//! Our own certificate, read again when its files change: a renewed one is used without a restart.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use jiff::Timestamp;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use store::AlarmKind;
use tokio::time::Instant;

use crate::{alarms::Alarms, config::CertificateFiles};

/// The files are looked at no more often, however many connections come.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A certificate with its key, as the files have it now.
pub(crate) struct Certificate {
    files: CertificateFiles,
    of: For,
    current: Mutex<Current>,
    tell: Tell,
}

/// Hears whether the files as they are now can be used.
pub(crate) type Tell = Box<dyn Fn(anyhow::Result<()>) + Send + Sync>;

/// Where it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// The SMTP door.
    Smtp,
    /// Pages and API.
    Web,
}

impl For {
    /// What is spoken over it (RFC 7301); SMTP has no name there.
    fn protocols(self) -> Vec<Vec<u8>> {
        match self {
            Self::Smtp => Vec::new(),
            Self::Web => vec![b"http/1.1".to_vec()],
        }
    }

    fn settings(self) -> &'static str {
        match self {
            Self::Smtp => "`smtp.certificate_file` and `smtp.key_file`",
            Self::Web => "`listen_certificate` and `listen_key`",
        }
    }

    pub(crate) fn subject(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Web => "web",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Web => "the pages",
        }
    }

    /// Tells people: a certificate that breaks is nobody's to see until the one before it runs out.
    pub(crate) fn telling(self, alarms: Alarms) -> Tell {
        Box::new(move |usable| {
            match usable {
            Ok(()) => alarms.clear(AlarmKind::Certificate, self.subject()),
            Err(error) => alarms.raise(
                AlarmKind::Certificate,
                self.subject(),
                format!(
                    "The new certificate for {} cannot be used, and the one before it is kept: {error:#}. Mend the files that {} in the settings name; they are read again by themselves.",
                    self.name(),
                    self.settings()
                ),
            ),
        }
        })
    }
}

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
#[error("{why}; put the right files behind {}", of.settings())]
pub struct Unusable {
    why: String,
    of: For,
}

/// Whether these files can be used.
pub fn check(files: &CertificateFiles, of: For) -> Result<(), Unusable> {
    read(files, of).map(drop).map_err(|error| Unusable { why: format!("{error:#}"), of })
}

/// How long a certificate is good (RFC 5280, 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

impl Validity {
    /// Of our own certificate, the first of the chain: those behind it are not ours to renew. None where that cannot be read.
    pub(crate) fn read(files: &CertificateFiles) -> Option<Self> {
        let own = CertificateDer::pem_file_iter(&files.certificate).ok()?.next()?.ok()?;
        let (_, own) = x509_parser::parse_x509_certificate(&own).ok()?;
        let at = |at: x509_parser::time::ASN1Time| Timestamp::from_second(at.timestamp()).ok();
        Some(Self { not_before: at(own.validity().not_before)?, not_after: at(own.validity().not_after)? })
    }
}

impl Certificate {
    /// Reads both files.
    pub(crate) fn load(files: CertificateFiles, of: For, tell: Tell) -> Result<Self, Unusable> {
        let seen = versions(&files);
        let config = read(&files, of).map_err(|error| Unusable { why: format!("{error:#}"), of })?;
        let current = Mutex::new(Current { looked_at: Instant::now(), seen, config });
        tell(Ok(()));
        Ok(Self { files, of, current, tell })
    }

    /// For the next handshake. Files that have changed are read again; while they cannot be used, what was read last is kept.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked_at.elapsed() < LOOK_AGAIN {
            return Arc::clone(&current.config);
        }
        current.looked_at = Instant::now();
        let seen = versions(&self.files);
        if current.seen != seen {
            current.seen = seen;
            match read(&self.files, self.of) {
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

fn read(files: &CertificateFiles, of: For) -> anyhow::Result<Arc<ServerConfig>> {
    let named = |file: &Path| format!("{} cannot be read as PEM", file.display());
    let chain: Vec<_> = CertificateDer::pem_file_iter(&files.certificate)
        .with_context(|| named(&files.certificate))?
        .collect::<Result<_, _>>()
        .with_context(|| named(&files.certificate))?;
    anyhow::ensure!(!chain.is_empty(), "{} holds no certificate", files.certificate.display());
    let key = PrivateKeyDer::from_pem_file(&files.key).with_context(|| named(&files.key))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| format!("{} is not the key of the certificate", files.key.display()))?;
    config.alpn_protocols = of.protocols();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use testkit::certs::Authority;

    use super::*;

    #[test]
    fn it_runs_out_with_the_first_of_the_chain() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let files = CertificateFiles { certificate: path("c.pem"), key: path("k.pem") };
        assert_eq!(Validity::read(&files), None);
        let authority = Authority::new();
        let [own, other] =
            [(2027, 5, 1), (2027, 3, 1)].map(|day| authority.until("a.library.example", day).certificate);
        fs::write(&files.certificate, format!("{own}{other}")).unwrap();
        let not_after = Validity::read(&files).unwrap().not_after;
        assert_eq!(not_after.to_string(), "2027-05-01T00:00:00Z");
    }

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
        let certificate = Certificate::load(files.clone(), For::Smtp, Box::new(tell)).unwrap();
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
        let said = format!("{:#}", read(&files, For::Smtp).unwrap_err());
        assert!(said.contains("is not the key of the certificate"), "{said}");
    }
}

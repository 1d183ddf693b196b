//! TLS towards a mail server: verified against the system's roots or a given CA, and what a failure means in plain words.

use std::{io, path::Path, sync::Arc};

use mail::outcome::{CertificateFault, Failure};
use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;

/// A client configuration for one server.
///
/// With `ca_file` only the certificates in it are trusted; without it, what the system trusts.
pub fn client_config(ca_file: Option<&Path>) -> anyhow::Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = match ca_file {
        None => builder.with_platform_verifier()?.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(path)? {
                roots.add(certificate?)?;
            }
            anyhow::ensure!(!roots.is_empty(), "{} holds no certificate", path.display());
            builder.with_root_certificates(roots).with_no_client_auth()
        }
    };
    Ok(Arc::new(config))
}

/// What a failed handshake is to the queue.
pub fn failure(error: &io::Error) -> Failure {
    let Some(rustls::Error::InvalidCertificate(fault)) =
        error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
    else {
        return Failure::TlsUnavailable;
    };
    Failure::CertificateRefused(match fault {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        // A bad signature: the issuer has the name of one that is trusted, and another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => CertificateFault::UnknownIssuer,
        _ => CertificateFault::Other,
    })
}

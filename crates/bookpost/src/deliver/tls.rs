//! TLS towards a mail server: verified against the system's roots or a given CA, and what a failure means in plain words.

use std::{io, path::Path, sync::Arc};

use mail::outcome::{CertificateFault, Failure};
use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::Verifier;

use super::pinned::Pinned;

/// A client configuration for one server.
///
/// With `ca_file` only the certificates in it are trusted; without it, what the system trusts.
pub fn client_config(ca_file: Option<&Path>) -> anyhow::Result<Arc<ClientConfig>> {
    Ok(Arc::new(verified_by(verifier(ca_file)?)?))
}

/// What decides whether a certificate proves who the server is; see [`client_config`].
pub(super) fn verifier(ca_file: Option<&Path>) -> anyhow::Result<Arc<dyn ServerCertVerifier>> {
    let Some(path) = ca_file else { return Ok(Arc::new(Verifier::new(provider())?)) };
    let mut roots = RootCertStore::empty();
    let mut named = Vec::new();
    for certificate in CertificateDer::pem_file_iter(path)? {
        let certificate = certificate?;
        roots.add(certificate.clone())?;
        named.push(certificate);
    }
    anyhow::ensure!(!roots.is_empty(), "{} holds no certificate", path.display());
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build()?;
    Ok(Arc::new(Pinned::new(judge, named)))
}

/// A client configuration that leaves the decision to `verifier`.
pub(super) fn verified_by(verifier: Arc<dyn ServerCertVerifier>) -> anyhow::Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// What a failed handshake is to the queue.
pub fn failure(error: &io::Error) -> Failure {
    let Some(rustls::Error::InvalidCertificate(fault)) =
        error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
    else {
        return Failure::TlsUnavailable;
    };
    Failure::CertificateRefused(match fault {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        // A bad signature: the issuer has the name of one that is trusted, and another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => CertificateFault::UnknownIssuer,
        _ => CertificateFault::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_fails_by_its_dates_its_names_or_its_issuer() {
        for (fault, expected) in [
            (CertificateError::Expired, CertificateFault::Expired),
            (CertificateError::NotValidYet, CertificateFault::Expired),
            (CertificateError::NotValidForName, CertificateFault::WrongName),
            (CertificateError::UnknownIssuer, CertificateFault::UnknownIssuer),
            (CertificateError::Revoked, CertificateFault::Other),
        ] {
            let error = io::Error::other(rustls::Error::InvalidCertificate(fault.clone()));
            assert_eq!(failure(&error), Failure::CertificateRefused(expected), "{fault:?}");
        }
        assert_eq!(failure(&io::Error::other("cut")), Failure::TlsUnavailable);
    }
}

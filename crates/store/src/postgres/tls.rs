//! Encrypted connections: the server's certificate must prove that it is the one that was named.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;

/// With `ca_file` only the certificates in it are trusted; without it, what the system trusts.
pub(super) fn connector(ca_file: Option<&Path>) -> Result<MakeRustlsConnect, OpenError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| said(&error))?;
    let config = if let Some(file) = ca_file {
        builder.with_root_certificates(roots(file)?).with_no_client_auth()
    } else {
        let verifier = Arc::new(Verifier::new(provider).map_err(|error| said(&error))?);
        builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(file: &Path) -> Result<RootCertStore, OpenError> {
    let in_file = |error: &dyn std::fmt::Display| OpenError::Server(format!("{}: {error}", file.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| in_file(&error))? {
        roots.add(certificate.map_err(|error| in_file(&error))?).map_err(|error| in_file(&error))?;
    }
    if roots.is_empty() {
        return Err(in_file(&"it holds no certificate"));
    }
    Ok(roots)
}

fn said(error: &rustls::Error) -> OpenError {
    OpenError::Server(error.to_string())
}

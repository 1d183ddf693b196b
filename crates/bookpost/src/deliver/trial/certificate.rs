//! The server's certificate: read for people, and noted while it is judged, whatever the verdict is.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde::Serialize;
use x509_parser::{extensions::GeneralName, parse_x509_certificate, x509::X509Name};

/// What people ask about a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Certificate {
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    pub valid_from: Timestamp,
    pub valid_until: Timestamp,
    /// The names and addresses that it is good for.
    pub names: Vec<String>,
    /// It was signed by itself.
    pub self_signed: bool,
}

impl Certificate {
    fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = parse_x509_certificate(der).ok()?;
        let validity = certificate.validity();
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.map(|names| names.value.general_names.iter().filter_map(name).collect());
        Some(Self {
            subject: called(certificate.subject()),
            issuer: called(certificate.issuer()),
            valid_from: Timestamp::from_second(validity.not_before.timestamp()).ok()?,
            valid_until: Timestamp::from_second(validity.not_after.timestamp()).ok()?,
            names: names.unwrap_or_default(),
            self_signed: certificate.subject() == certificate.issuer(),
        })
    }
}

/// The common name and the organisation, as far as they are there; else all of it.
fn called(name: &X509Name<'_>) -> String {
    let said = name.iter_common_name().chain(name.iter_organization()).filter_map(|part| part.as_str().ok());
    let said: Vec<_> = said.collect();
    if said.is_empty() { name.to_string() } else { said.join(", ") }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => {
            let four = <[u8; 4]>::try_from(*octets).map(std::net::IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(*octets).map(std::net::IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// Judges as another one does, and notes the certificate.
#[derive(Debug)]
pub(super) struct Noting {
    judge: Arc<dyn ServerCertVerifier>,
    noted: Mutex<Option<Certificate>>,
}

impl Noting {
    pub(super) fn new(judge: Arc<dyn ServerCertVerifier>) -> Self {
        Self { judge, noted: Mutex::default() }
    }

    /// The certificate that was judged last.
    pub(super) fn noted(&self) -> Option<Certificate> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Certificate::read(end_entity);
        self.judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }

    fn root_hint_subjects(&self) -> Option<&[DistinguishedName]> {
        self.judge.root_hint_subjects()
    }
}

//! A certificate of a server's own making, trusted because a person named that very one.
//!
//! What `openssl req -x509` makes says of itself that it may sign others. The path that is built for any other certificate does not end in
//! one like that, so it is compared with the ones that were named: the same octets, the right name, and within its dates. It is trusted for
//! itself alone, however many names are in it.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use x509_parser::parse_x509_certificate;

/// Judges as another one does; what that one cannot judge is compared.
#[derive(Debug)]
pub(super) struct Pinned {
    judge: Arc<dyn ServerCertVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl Pinned {
    pub(super) fn new(judge: Arc<dyn ServerCertVerifier>, named: Vec<CertificateDer<'static>>) -> Self {
        Self { judge, named }
    }
}

/// Its names and its dates hold.
fn proves(certificate: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<(), Error> {
    let (_, read) = parse_x509_certificate(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let (validity, now) = (read.validity(), i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    if now < validity.not_before.timestamp() {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > validity.not_after.timestamp() {
        return Err(CertificateError::Expired.into());
    }
    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged =
            self.judge.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let is_named = self.named.iter().any(|named| named.as_ref() == end_entity.as_ref());
        match judged {
            // What is wrong with its dates, its names or its issuer has a name of its own.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if is_named => {
                proves(end_entity, server_name, now).map(|()| ServerCertVerified::assertion())
            }
            judged => judged,
        }
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

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

    use super::super::tls;
    use super::*;

    const HOST: &str = "mail.library.example";

    /// As `openssl req -x509` makes them: for a server, and said to sign others.
    fn of_its_own(host: &str) -> rcgen::Certificate {
        let mut params = CertificateParams::new([host.to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap()
    }

    fn judged(
        named: &rcgen::Certificate,
        shown: &rcgen::Certificate,
        host: &str,
        day: u64,
    ) -> Result<(), Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), named.pem()).unwrap();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        // Days of 2026, by the seconds at its beginning.
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_767_225_600 + day * 86_400));
        let verifier = tls::verifier(Some(file.path())).unwrap();
        verifier.verify_server_cert(shown.der(), &[], &name, &[], now).map(|_| ())
    }

    #[test]
    fn one_that_was_named_is_trusted_for_its_own_name_and_time_and_no_other_is() {
        let (own, another) = (of_its_own(HOST), of_its_own(HOST));
        assert_eq!(judged(&own, &own, HOST, 100), Ok(()));
        let fault = |judged: Result<(), Error>| match judged {
            Err(Error::InvalidCertificate(fault)) => fault,
            other => panic!("{other:?}"),
        };
        let elsewhere = fault(judged(&own, &own, "mail.elsewhere.example", 100));
        assert!(
            matches!(
                elsewhere,
                CertificateError::NotValidForNameContext { .. } | CertificateError::NotValidForName
            ),
            "{elsewhere:?}"
        );
        let late = fault(judged(&own, &own, HOST, 400));
        assert!(
            matches!(late, CertificateError::ExpiredContext { .. } | CertificateError::Expired),
            "{late:?}"
        );
        // Of the same name, and another key.
        assert!(judged(&own, &another, HOST, 100).is_err());
    }
}

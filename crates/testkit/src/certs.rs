//! Certificates for tests: one authority, and servers that prove themselves well or badly.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use std::sync::Arc;

/// An authority of our own.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key.
pub struct Identity {
    /// The certificate, PEM.
    pub certificate: String,
    /// Its private key, PEM.
    pub key: String,
    der: CertificateDer<'static>,
    key_der: PrivateKeyDer<'static>,
}

impl Authority {
    /// A new one.
    #[expect(clippy::new_without_default, reason = "it makes a new key each time")]
    pub fn new() -> Self {
        let mut params = params("Bookpost test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key()).unwrap_or_else(|error| panic!("{error}"));
        Self { issuer }
    }

    /// Its own certificate (PEM), for those who are to trust it.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A good identity for `name` (a host name or an IP address). For a wrong name ask for another one.
    pub fn identity(&self, name: &str) -> Identity {
        self.sign(&params(name))
    }

    /// An identity for `name` that expired in 2020.
    pub fn expired(&self, name: &str) -> Identity {
        let mut params = params(name);
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        self.sign(&params)
    }

    /// An identity for `name` that is good until the beginning of this day.
    pub fn until(&self, name: &str, (year, month, day): (i32, u8, u8)) -> Identity {
        let mut params = params(name);
        params.not_after = date_time_ymd(year, month, day);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = key();
        let signed = params.signed_by(&key, &self.issuer).unwrap_or_else(|error| panic!("{error}"));
        Identity {
            certificate: signed.pem(),
            key: key.serialize_pem(),
            der: signed.der().clone(),
            key_der: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        }
    }
}

impl Identity {
    /// For a TLS server.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map(rustls::ConfigBuilder::<ServerConfig, _>::with_no_client_auth)
            .and_then(|builder| builder.with_single_cert(vec![self.der.clone()], self.key_der.clone_key()));
        Arc::new(config.unwrap_or_else(|error| panic!("{error}")))
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap_or_else(|error| panic!("{error}"));
    // Where the subject is its issuer's, OpenSSL takes the certificate for one that signed itself.
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap_or_else(|error| panic!("{error}"))
}

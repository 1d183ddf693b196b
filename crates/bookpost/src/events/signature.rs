//! Signatures as Standard Webhooks has them (standardwebhooks.com, version 1): `v1,` and the HMAC-SHA256 of id, time and body in base64.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use rand::{CryptoRng, RngExt as _};
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
/// Standard Webhooks wants 24 to 64.
const BYTES: usize = 32;

/// What a web address and Bookpost both know.
pub struct SigningSecret(Zeroizing<Vec<u8>>);

impl SigningSecret {
    /// A new one. The dice must be good enough for secrets.
    pub fn draw(dice: &mut impl CryptoRng) -> Self {
        let bytes: Zeroizing<[u8; BYTES]> = Zeroizing::new(dice.random());
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// As it was kept.
    pub fn of_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// To be sealed and kept.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As whoever checks signatures wants it.
    pub fn shown(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(&*self.0)))
    }

    /// The value of `webhook-signature`.
    pub(super) fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let mut signed = hmac::Context::with_key(&key);
        for part in [id.as_bytes(), b".", at.as_second().to_string().as_bytes(), b".", body] {
            signed.update(part);
        }
        format!("v1,{}", STANDARD.encode(signed.sign()))
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    /// Calculated with the OpenSSL command.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let secret = SigningSecret::of_bytes(Zeroizing::new(b"0123456789abcdef0123456789abcdef".to_vec()));
        assert_eq!(*secret.shown(), "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
        let at = Timestamp::from_second(1_764_324_000).unwrap();
        assert_eq!(secret.sign("msg_1", at, b"{\"a\":1}"), "v1,awle+BqJIsn1fiqku1a3BvKhkyUM70OHpdwaAeZqCBM=");
    }

    #[test]
    fn a_secret_is_never_printed_by_accident() {
        let secret = SigningSecret::draw(&mut StdRng::seed_from_u64(1));
        assert_eq!(format!("{secret:?}"), "SigningSecret(..)");
    }
}

//! What only the installation can open: hybrid public key encryption (RFC 9180) by X25519, with a key that is drawn for one exchange.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rustls::crypto::{
    aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_CHACHA20_POLY1305 as SUITE,
    hpke::{EncapsulatedSecret, Hpke as _, HpkePrivateKey, HpkePublicKey},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

/// Of what is sealed, and of the way.
const PURPOSE: &[u8] = b"bookpost sign-in service, 1";
/// Of a public key, and of what stands before the sealed text.
const KEY: usize = 32;

/// Opens what was sealed for one exchange.
#[derive(Serialize, Deserialize)]
pub(in super::super) struct Opener {
    public: String,
    secret: Vec<u8>,
}

impl Opener {
    pub(in super::super) fn draw() -> Option<Self> {
        let (public, secret) = SUITE.generate_key_pair().ok()?;
        Some(Self { public: URL_SAFE_NO_PAD.encode(public.0), secret: secret.secret_bytes().to_vec() })
    }

    /// What others seal to.
    pub(in super::super) fn public(&self) -> &str {
        &self.public
    }

    /// What was sealed to it `about` this.
    pub(super) fn open(&self, about: &str, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (shared, text) = sealed.split_at_checked(KEY)?;
        let shared = EncapsulatedSecret(shared.to_vec());
        let secret = HpkePrivateKey::from(self.secret.clone());
        SUITE.open(&shared, PURPOSE, about.as_bytes(), text, &secret).ok().map(Zeroizing::new)
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// For whoever has drawn this public key. None: it is none.
pub(super) fn seal(public: &str, about: &str, text: &[u8]) -> Option<String> {
    let public = HpkePublicKey(key(public)?);
    let (shared, sealed) = SUITE.seal(PURPOSE, about.as_bytes(), text, &public).ok()?;
    Some(URL_SAFE_NO_PAD.encode([&*shared.0, &sealed].concat()))
}

/// Whether something can be sealed to it.
pub(super) fn is_key(public: &str) -> bool {
    key(public).is_some()
}

fn key(public: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(public).ok().filter(|key| key.len() == KEY)
}

/// What whoever shows `verifier` later says of it now (RFC 7636 section 4.2).
pub(super) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whoever_drew_the_key_opens_what_is_sealed_to_it() {
        let [one, other] = [(); 2].map(|()| Opener::draw().unwrap());
        let sealed = seal(one.public(), "renew google", b"hunter2").unwrap();
        assert_eq!(one.open("renew google", &sealed).unwrap().as_slice(), b"hunter2");
        assert!(one.open("fetch google", &sealed).is_none(), "of another exchange");
        assert!(other.open("renew google", &sealed).is_none());
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            // The top bit of a public key stands for nothing (RFC 7748 section 5), and is covered all the same.
            assert!(one.open("renew google", &URL_SAFE_NO_PAD.encode(&changed)).is_none(), "{at}");
        }
        for none in ["", "AAAA", "é", &"A".repeat(43)] {
            assert!(seal(none, "x", b"y").is_none(), "{none}");
        }
    }
}

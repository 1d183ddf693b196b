//! Tokens: what a browser shows for its session, and the codes of links.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{CryptoRng, RngExt as _};
use store::TokenHash;
use zeroize::Zeroizing;

/// 256 bits.
const BYTES: usize = 32;

/// Opens a session or a link. Never printed but by those who ask for its text.
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// A new one. The dice must have been seeded with as many bits as it has.
    pub fn draw(dice: &mut impl CryptoRng) -> Self {
        let bytes = Zeroizing::new(dice.random::<[u8; BYTES]>());
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }

    /// Its text, which may stand in a cookie or in an address as it is.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }
}

/// What is stored of the token that somebody shows. Whoever looks it up learns nothing from how long that takes: nobody can choose
/// a token by its hash.
pub(super) fn hash(shown: &str) -> TokenHash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, shown.as_bytes()).as_ref());
    TokenHash(hash)
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    #[test]
    fn tokens_differ_and_stand_in_an_address_as_they_are() {
        let mut dice = StdRng::seed_from_u64(1);
        let all: BTreeSet<_> = (0..100).map(|_| Token::draw(&mut dice).text().to_owned()).collect();
        assert_eq!(all.len(), 100);
        for text in all {
            assert_eq!(text.len(), 43);
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
        }
    }

    #[test]
    fn a_token_is_never_printed_by_accident() {
        let token = Token::draw(&mut StdRng::seed_from_u64(1));
        assert_eq!(format!("{token:?}"), "Token(..)");
        assert!(token.hash() == hash(token.text()) && token.hash() != hash(""));
    }
}

//! Keys: `bp_<id>_<secret>`, all in small letters and figures of which none looks like another.
//!
//! The whole is the key for HTTP. For SMTP the id is the user name and the secret is the password. The last seven characters of
//! the secret are a checksum of all before them, the id among them: so a slip of the pen is told from a wrong key.

use aws_lc_rs::{constant_time, digest};
use rand::{CryptoRng, RngExt as _};
use store::{KeyHash, KeyId, NewKey};
use zeroize::Zeroizing;

const PREFIX: &str = "bp_";
/// Without i, l, o and u (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 40 bits: there are few keys, and two with one id are refused.
const ID: usize = 8;
/// 260 bits.
const RANDOM: usize = 52;
/// 32 bits, five in each.
const CHECKSUM: usize = 7;

/// What was handed in is no key, or not as it was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", words(*.of_login))]
pub struct Mistyped {
    /// It was a user name with a password: each may be right, and not belong to the other.
    pub of_login: bool,
}

fn words(of_login: bool) -> &'static str {
    if of_login {
        "this password is not that of this user name: it belongs to another key, or a character is missing or mistyped"
    } else {
        "this is not a key as Bookpost printed it; a character is missing or mistyped"
    }
}

/// A key with its secret. Never printed but by those who ask for its parts.
pub struct Key {
    id: KeyId,
    secret: Zeroizing<String>,
}

impl Key {
    /// A new key. The dice must have been seeded with as many bits as the secret has.
    pub fn draw(dice: &mut impl CryptoRng) -> Self {
        let id = letters(dice, ID);
        let random = Zeroizing::new(letters(dice, RANDOM));
        let secret = Zeroizing::new(format!("{}{}", &*random, checksum(&id, &random)));
        Self { id: KeyId(id), secret }
    }

    /// Reads `bp_<id>_<secret>`.
    pub fn parse(text: &str) -> Result<Self, Mistyped> {
        let text = Zeroizing::new(text.trim().to_ascii_lowercase());
        let (id, secret) = text
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.split_once('_'))
            .ok_or(Mistyped { of_login: false })?;
        let random = secret.len().checked_sub(CHECKSUM).and_then(|at| secret.split_at_checked(at));
        let (random, given) = random.ok_or(Mistyped { of_login: false })?;
        let sound = id.len() == ID && random.len() == RANDOM && given == checksum(id, random);
        let key = || Self { id: KeyId(id.to_owned()), secret: Zeroizing::new(secret.to_owned()) };
        sound.then(key).ok_or(Mistyped { of_login: false })
    }

    /// Reads a user name and a password. Whoever pasted the whole key as password is understood.
    pub fn of_login(user: &str, password: &str) -> Result<Self, Mistyped> {
        let (user, password) = (user.trim().to_ascii_lowercase(), password.trim());
        let user = user.strip_prefix(PREFIX).unwrap_or(&user);
        let whole = password.get(..PREFIX.len()).is_some_and(|first| first.eq_ignore_ascii_case(PREFIX));
        let key = if whole {
            Self::parse(password).ok().filter(|key| key.id.0 == user)
        } else {
            Self::parse(&Zeroizing::new(format!("{PREFIX}{user}_{password}"))).ok()
        };
        key.ok_or(Mistyped { of_login: true })
    }

    /// The public part; the user name for SMTP.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The password for SMTP.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The key for HTTP.
    pub fn whole(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}_{}", self.id.0, &*self.secret))
    }

    /// What is stored of it.
    pub fn stored(&self) -> NewKey {
        NewKey { id: self.id.clone(), hash: self.hash() }
    }

    /// The SHA-256 of the secret. A slow hash protects passwords that people think of, because the likely ones can be tried one
    /// after another; among 2^260 equally likely secrets there is nothing to try. And it would be paid at each connection.
    pub(super) fn hash(&self) -> KeyHash {
        let digest = digest::digest(&digest::SHA256, self.secret.as_bytes());
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.as_ref());
        KeyHash(hash)
    }

    /// Whether this is the secret that was stored. Takes as long whatever differs.
    pub(super) fn opens(&self, hash: &KeyHash) -> bool {
        constant_time::verify_slices_are_equal(&self.hash().0, &hash.0).is_ok()
    }

    /// The same random part under another name, with a checksum that fits: what a guesser would say.
    #[cfg(test)]
    pub(super) fn named(&self, id: &KeyId) -> Self {
        let random = &self.secret[..RANDOM];
        Self { id: id.clone(), secret: Zeroizing::new(format!("{random}{}", checksum(&id.0, random))) }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("id", &self.id.0).finish_non_exhaustive()
    }
}

/// The id in what may be a whole key.
pub fn id_in(key: &str) -> Option<&str> {
    key.strip_prefix(PREFIX)?.get(..ID)
}

/// A user name for the log. A whole key, or its secret, is sometimes given as the user name, and must not stand there.
pub(super) fn named(user: &str) -> String {
    let user = mail::address::mask_addresses(&user.trim().to_ascii_lowercase());
    let most = if user.len() < RANDOM { RANDOM } else { ID };
    id_in(&user).map_or_else(|| user.chars().take(most).collect(), ToOwned::to_owned)
}

fn letters(dice: &mut impl CryptoRng, count: usize) -> String {
    (0..count).map(|_| letter(dice.random::<u32>())).collect()
}

fn checksum(id: &str, random: &str) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(id.as_bytes());
    hasher.update(random.as_bytes());
    let sum = hasher.finalize();
    (0..CHECKSUM).map(|at| letter(sum.checked_shr(5 * u32::try_from(at).unwrap_or(0)).unwrap_or(0))).collect()
}

/// By the lowest five bits.
fn letter(bits: u32) -> char {
    let at = usize::try_from(bits % 32).unwrap_or(0);
    char::from(LETTERS.get(at).copied().unwrap_or(b'0'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    fn dice() -> StdRng {
        StdRng::seed_from_u64(7)
    }

    #[test]
    fn a_key_is_read_as_it_is_printed() {
        let key = Key::draw(&mut dice());
        let (whole, id, secret) = (key.whole(), key.id().0.as_str(), key.secret());
        assert_eq!((whole.len(), id.len(), secret.len()), (71, 8, 59));
        for read in [
            Key::parse(&whole),
            Key::parse(&format!(" {}\r\n", whole.to_ascii_uppercase())),
            Key::of_login(id, secret),
            Key::of_login(&id.to_ascii_uppercase(), &format!("{secret} ")),
            Key::of_login(id, &whole),
            Key::of_login(&format!("bp_{id}"), secret),
        ] {
            assert!(read.unwrap().opens(&key.hash()));
        }
    }

    /// A slip, and not a wrong key.
    #[test]
    fn every_slip_is_found() {
        let (key, other) = (Key::draw(&mut dice()), Key::draw(&mut StdRng::seed_from_u64(8)));
        let whole = key.whole();
        for at in 0..whole.len() {
            for wrong in ["x", "y", "", "xx"] {
                let slip = format!("{}{wrong}{}", &whole[..at], &whole[at + 1..]);
                assert!(slip == *whole || Key::parse(&slip).is_err(), "{slip}");
            }
        }
        assert!(Key::parse("").is_err() && Key::parse("bp_").is_err() && Key::parse("bp_é_é").is_err());
        assert!(Key::of_login(&other.id().0, key.secret()).is_err(), "another key's name");
        assert!(Key::of_login(&other.id().0, &whole).is_err(), "another key's name");
        assert!(Key::of_login("", &whole).is_err());
    }

    #[test]
    fn only_its_own_secret_opens() {
        let mut dice = dice();
        let (one, other) = (Key::draw(&mut dice), Key::draw(&mut dice));
        assert!(one.opens(&one.hash()) && !one.opens(&other.hash()));
        let mut nearly = one.hash();
        nearly.0[31] ^= 1;
        assert!(!one.opens(&nearly));
    }

    #[test]
    fn keys_are_drawn_from_all_letters_and_differ() {
        let mut dice = dice();
        let keys: Vec<_> = (0..200).map(|_| Key::draw(&mut dice).whole().to_string()).collect();
        let letters: BTreeSet<char> = keys.iter().flat_map(|key| key[12..64].chars()).collect();
        assert_eq!((letters.len(), keys.iter().collect::<BTreeSet<_>>().len()), (32, 200));
    }

    #[test]
    fn a_key_is_never_printed_by_accident() {
        let key = Key::draw(&mut dice());
        assert_eq!(format!("{key:?}"), format!("Key {{ id: {:?}, .. }}", key.id().0));
    }

    #[test]
    fn the_log_names_a_user_and_never_a_secret() {
        let key = Key::draw(&mut dice());
        let id = key.id().0.as_str();
        for user in [id, &key.whole(), &key.whole().to_ascii_uppercase()] {
            assert_eq!(named(user), id);
        }
        assert_eq!(named(key.secret()), key.secret()[..ID]);
        assert_eq!(named("textbooks"), "textbooks");
        assert_eq!(named("ann.lee@library.example"), "a***@library.example");
        assert_eq!((id_in(&key.whole()), id_in("other_token"), id_in("bp_short")), (Some(id), None, None));
    }
}

//! Secrets at rest: what must be known again in clear, such as what signs webhooks, is sealed with the installation's key
//! (XChaCha20-Poly1305), so that a copy of the queue gives none of it away.
//!
//! The key comes from the settings, or from a file in the data folder that is made when it is first needed.

pub mod letter;
pub mod return_path;
mod rotation;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
};
use rand::{CryptoRng, RngExt as _};
use zeroize::Zeroizing;

pub use rotation::{Lost, RotationError, finish, lost, rotate};

/// What secrets that sign posts to web addresses are sealed for.
pub const OF_WEBHOOKS: &str = "webhook";

/// What the tokens of the account at a mail provider are sealed for.
pub fn of_mail_account(provider: &str) -> String {
    format!("mail account {provider}")
}

/// What the secret preference `name` is sealed for.
pub fn of_preference(name: &str) -> String {
    format!("preference {name}")
}

/// What gives a key that the settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GivenBy {
    File(PathBuf),
    /// Of the environment.
    Variable(String),
    /// Of systemd.
    Credential(String),
}

/// Where the key is.
#[derive(Clone)]
pub enum KeySource {
    /// In this file, which is made if it is not there.
    File(PathBuf),
    /// From a file, a credential or the environment, as the settings say.
    Given {
        by: GivenBy,
        key: Zeroizing<String>,
        /// The one before it: what that has sealed is sealed anew.
        old: Option<Zeroizing<String>>,
    },
}

impl KeySource {
    /// Where the key is, when the settings say nothing.
    pub fn usual(data_dir: &Path) -> PathBuf {
        data_dir.join("secret.key")
    }

    /// The file that Bookpost keeps it in; None: it is given from elsewhere.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(file) => Some(file),
            Self::Given { .. } => None,
        }
    }
}

impl KeySource {
    /// What was sealed for this purpose, with the key or with the other one while the key is being changed.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let opened = |key: &Result<SealingKey, KeyError>| match key {
            Ok(key) => key.open(purpose, sealed).ok(),
            Err(_) => None,
        };
        let own = SealingKey::load(self);
        if let Some(text) = opened(&own) {
            return Ok(text);
        }
        // The other may have taken the place of the first just now.
        let others = rotation::other_key(self).into_iter().chain([SealingKey::load(self)]);
        match others.into_iter().find_map(|key| opened(&key)) {
            Some(text) => Ok(text),
            None => own?.open(purpose, sealed).map_err(Unopened::from),
        }
    }
}

/// Why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    /// There is no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key does not open it.
    #[error(transparent)]
    Sealed(#[from] Sealed),
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Given { .. } => f.write_str("Given(..)"),
        }
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its file cannot be read or made.
    #[error("the key that seals secrets, {}, cannot be read or made: {error}", file.display())]
    File {
        /// Where it is or would be.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is not 32 bytes in base64.
    #[error(
        "the key that seals secrets is not as Bookpost makes them: 32 bytes in base64; put the right one back, or take this one away"
    )]
    Malformed,
}

/// Why a secret stays sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Sealed {
    /// The installation had another key then.
    #[error("it was sealed with another key than Bookpost has now")]
    OtherKey,
    /// Damaged, or sealed for another purpose.
    #[error("it is damaged")]
    Damaged,
}

/// The installation's key.
pub struct SealingKey {
    cipher: XChaCha20Poly1305,
    /// Names the key without telling it.
    mark: [u8; MARK],
}

const KEY: usize = 32;
const MARK: usize = 4;
const NONCE: usize = 24;
/// Of the way of sealing.
const VERSION: u8 = 1;

impl SealingKey {
    /// The key, where there is one: to open what it has sealed.
    pub fn load(source: &KeySource) -> Result<Self, KeyError> {
        match source {
            KeySource::Given { key, .. } => Self::parse(key),
            KeySource::File(file) => {
                let text = fs::read_to_string(file).map(Zeroizing::new);
                Self::parse(&text.map_err(|error| KeyError::File { file: file.clone(), error })?)
            }
        }
    }

    /// The key, and whether it was made just now: then a person must hear where it is. The dice must be good enough for secrets.
    pub fn get(source: &KeySource, dice: &mut impl CryptoRng) -> Result<(Self, bool), KeyError> {
        match source {
            KeySource::Given { key, .. } => Ok((Self::parse(key)?, false)),
            KeySource::File(file) => {
                let failed = |error| KeyError::File { file: file.clone(), error };
                match fs::read_to_string(file).map(Zeroizing::new) {
                    Ok(text) => Ok((Self::parse(&text)?, false)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        let text = draw(dice);
                        keep(file, &text).map_err(failed)?;
                        Ok((Self::parse(&text)?, true))
                    }
                    Err(error) => Err(failed(error)),
                }
            }
        }
    }

    /// Reads 32 bytes in base64.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| KeyError::Malformed)?);
        let bytes: Zeroizing<[u8; KEY]> =
            Zeroizing::new(bytes.as_slice().try_into().map_err(|_| KeyError::Malformed)?);
        let digest = digest::digest(&digest::SHA256, &*bytes);
        let mut mark = [0; MARK];
        mark.copy_from_slice(digest.as_ref().get(..MARK).unwrap_or(&[0; MARK]));
        Ok(Self { cipher: XChaCha20Poly1305::new((&*bytes).into()), mark })
    }

    /// Seals `secret`; it opens for the same purpose only.
    pub fn seal(&self, purpose: &str, secret: &[u8], dice: &mut impl CryptoRng) -> Vec<u8> {
        let nonce: [u8; NONCE] = dice.random();
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        // It fails for texts of 256 GiB.
        let sealed = self.cipher.encrypt((&nonce).into(), payload).unwrap_or_default();
        [&[VERSION][..], &self.mark, &nonce, &sealed].concat()
    }

    /// What was sealed for this purpose.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Sealed> {
        let (version, rest) = sealed.split_first().ok_or(Sealed::Damaged)?;
        let (mark, rest) = rest.split_at_checked(MARK).ok_or(Sealed::Damaged)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or(Sealed::Damaged)?;
        if *version != VERSION || mark != self.mark {
            return Err(Sealed::OtherKey);
        }
        let payload = Payload { msg: text, aad: purpose.as_bytes() };
        self.cipher.decrypt(nonce.into(), payload).map(Zeroizing::new).map_err(|_| Sealed::Damaged)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(..)")
    }
}

fn draw(dice: &mut impl CryptoRng) -> Zeroizing<String> {
    let bytes: Zeroizing<[u8; KEY]> = Zeroizing::new(dice.random());
    Zeroizing::new(STANDARD.encode(*bytes))
}

/// Under its name only once it is whole and on disk; never in the place of another.
fn keep(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let mut fresh = tempfile::Builder::new()
        .prefix(".secret")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .tempfile_in(folder)?;
    writeln!(fresh, "{text}")?;
    fresh.as_file().sync_all()?;
    fresh.persist_noclobber(file).map_err(|error| error.error)?;
    sync_folder(file)
}

/// The name of a file is on disk.
fn sync_folder(file: &Path) -> io::Result<()> {
    fs::File::open(file.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    #[test]
    fn a_secret_opens_for_its_purpose_and_with_its_key_only() {
        let mut dice = StdRng::seed_from_u64(1);
        let [key, other] = [(); 2].map(|()| SealingKey::parse(&draw(&mut dice)).unwrap());
        let sealed = key.seal("webhook", b"hunter2", &mut dice);
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(key.open("webhook", &sealed).unwrap().as_slice(), b"hunter2");
        assert_eq!(key.open("server1", &sealed), Err(Sealed::Damaged));
        assert_eq!(other.open("webhook", &sealed), Err(Sealed::OtherKey));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open("webhook", &changed).is_err(), "{at}");
            assert!(key.open("webhook", &sealed[..at]).is_err(), "{at}");
        }
        assert_ne!(
            sealed,
            key.seal("webhook", b"hunter2", &mut dice),
            "what is the same does not look the same"
        );
    }

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let (folder, mut dice) = (tempfile::tempdir().unwrap(), StdRng::seed_from_u64(2));
        let source = KeySource::File(folder.path().join("secret.key"));
        let (key, made) = SealingKey::get(&source, &mut dice).unwrap();
        let sealed = key.seal("webhook", b"hunter2", &mut dice);
        let permissions = fs::metadata(folder.path().join("secret.key")).unwrap().permissions();
        assert!(made);
        assert_eq!(permissions.mode() & 0o777, 0o600);
        let missing = KeySource::File(folder.path().join("missing"));
        assert!(matches!(SealingKey::load(&missing), Err(KeyError::File { .. })));
        assert!(SealingKey::load(&source).unwrap().open("webhook", &sealed).is_ok());
        let (again, made) = SealingKey::get(&source, &mut dice).unwrap();
        assert!(!made && again.open("webhook", &sealed).is_ok());
        fs::write(folder.path().join("secret.key"), "cut").unwrap();
        let cut = SealingKey::get(&source, &mut dice).unwrap_err();
        assert!(matches!(cut, KeyError::Malformed), "another would lose all that it sealed");
    }

    #[test]
    fn a_key_is_never_printed_by_accident() {
        let text = draw(&mut StdRng::seed_from_u64(3));
        let source =
            KeySource::Given { by: GivenBy::Variable("KEY".to_owned()), key: text.clone(), old: None };
        let shown = format!("{source:?} {:?}", SealingKey::parse(&text).unwrap());
        assert_eq!(shown, "Given(..) SealingKey(..)");
    }
}

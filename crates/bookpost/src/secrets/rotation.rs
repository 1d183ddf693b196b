//! A new key in the place of the old one: everything that is sealed is sealed anew, in one transaction.
//!
//! The new key lies beside the old one while that is done, and takes its place afterwards. Wherever the process dies in between, the next
//! start sees by what opens which of the two is the key. Whoever seals and stores in the meantime would do so with the old one: the
//! caller keeps them out.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rand::{CryptoRng, SeedableRng as _, rngs::StdRng};
use serde::{Deserialize, Serialize};
use store::{SealedKind, SealedSecret, Store};

use super::{KeyError, KeySource, SealingKey, draw, keep, sync_folder};

/// What a rotation came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// Secrets that are sealed with the new key now.
    pub resealed: u64,
    /// Those that no key opens.
    pub lost: Vec<Lost>,
}

/// A secret that no key opens. It must be entered, or made, anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    pub kind: SealedKind,
    /// Its number among those of its kind.
    pub id: i64,
    /// What it is for.
    pub about: String,
}

/// Why there is no new key; the old one is as good as before.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The settings give it.
    #[error(
        "the key is given by the settings, which Bookpost does not change. Make a new one (head -c 32 /dev/urandom | base64), name it there as the key, and the one of now as old_key_file, old_key_env or old_key_credential; then start Bookpost anew: all secrets are sealed with the new key, and the old one can go"
    )]
    Given,
    /// It is made when it is needed.
    #[error("there is no key yet: Bookpost makes one when it first needs it")]
    NoKey,
    /// A key cannot be read or made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The queue cannot be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// For what purpose a kind of secrets is sealed.
pub fn purpose(kind: SealedKind) -> &'static str {
    match kind {
        SealedKind::Webhook => "webhook",
    }
}

impl Lost {
    /// What it is, and what helps.
    pub fn words(&self) -> String {
        match self.kind {
            SealedKind::Webhook => format!(
                "what signs events for {} (number {}): bookpost webhooks remove {}, then add it anew",
                self.about, self.id, self.id
            ),
        }
    }
}

/// A new key. The dice must be good enough for secrets.
pub async fn rotate(store: &Store, source: &KeySource, dice: &mut StdRng) -> Result<Rotated, RotationError> {
    finish(store, source, dice).await?;
    let file = match source {
        KeySource::File(file) if file.exists() => file,
        KeySource::File(_) => return Err(RotationError::NoKey),
        KeySource::Given { old: Some(_), .. } => return reseal_given(store, source, dice).await,
        KeySource::Given { .. } => return Err(RotationError::Given),
    };
    let old = SealingKey::load(source)?;
    let new = lay_beside(file, dice)?;
    let resealed = reseal(store, old, new, dice).await?;
    take_over(file)?;
    Ok(Rotated { resealed, lost: lost(store, source).await? })
}

/// At a start, before anything is opened: ends a rotation that broke off, or does the one that the settings ask for.
pub async fn finish(store: &Store, source: &KeySource, dice: &mut StdRng) -> Result<(), RotationError> {
    match source {
        KeySource::Given { old: Some(_), .. } => {
            let done = reseal_given(store, source, dice).await?;
            if done.resealed > 0 {
                tracing::info!(
                    secrets = done.resealed,
                    "sealed with the new key; the old one is needed no more"
                );
            }
        }
        KeySource::File(file) if beside(file).exists() => {
            let new = SealingKey::load(&KeySource::File(beside(file)))?;
            let is_in_use = store.sealed().await?.iter().any(|secret| opens(&new, secret));
            if is_in_use || !file.exists() {
                take_over(file)?;
            } else {
                fs::remove_file(beside(file)).map_err(|error| failed(&beside(file), error))?;
            }
            tracing::info!(file = %file.display(), is_new = is_in_use, "a change of keys that broke off was ended");
        }
        _ => {}
    }
    Ok(())
}

/// Secrets that the key does not open; all of them where there is none.
pub async fn lost(store: &Store, source: &KeySource) -> Result<Vec<Lost>, store::Error> {
    let key = SealingKey::load(source).ok();
    let lost = |secret: &SealedSecret| !key.as_ref().is_some_and(|key| opens(key, secret));
    let secrets = store.sealed().await?.into_iter().filter(lost);
    Ok(secrets.map(|SealedSecret { kind, id, about, .. }| Lost { kind, id, about }).collect())
}

async fn reseal_given(
    store: &Store,
    source: &KeySource,
    dice: &mut StdRng,
) -> Result<Rotated, RotationError> {
    let KeySource::Given { key, old: Some(old) } = source else { return Err(RotationError::Given) };
    let resealed = reseal(store, SealingKey::parse(old)?, SealingKey::parse(key)?, dice).await?;
    Ok(Rotated { resealed, lost: lost(store, source).await? })
}

async fn reseal(
    store: &Store,
    old: SealingKey,
    new: SealingKey,
    dice: &mut StdRng,
) -> Result<u64, store::Error> {
    let mut dice = StdRng::from_rng(dice);
    let anew = move |secret: &SealedSecret| {
        let purpose = purpose(secret.kind);
        let opened = old.open(purpose, &secret.sealed).ok()?;
        Some(new.seal(purpose, &opened, &mut dice))
    };
    store.reseal(anew).await
}

fn opens(key: &SealingKey, secret: &SealedSecret) -> bool {
    key.open(purpose(secret.kind), &secret.sealed).is_ok()
}

/// Where the new key lies while the old one is in use.
fn beside(file: &Path) -> PathBuf {
    file.with_extension("key.new")
}

fn lay_beside(file: &Path, dice: &mut impl CryptoRng) -> Result<SealingKey, KeyError> {
    let text = draw(dice);
    keep(&beside(file), &text).map_err(|error| failed(&beside(file), error))?;
    SealingKey::parse(&text)
}

fn take_over(file: &Path) -> Result<(), KeyError> {
    fs::rename(beside(file), file).and_then(|()| sync_folder(file)).map_err(|error| failed(file, error))
}

fn failed(file: &Path, error: io::Error) -> KeyError {
    KeyError::File { file: file.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use store::{ApplicationSettings, NewWebhook};

    use super::*;

    const SECRET: &[u8] = b"hunter2";

    /// A queue with two web addresses, sealed with the key that is in its place.
    async fn place(dice: &mut StdRng) -> (tempfile::TempDir, Store, KeySource) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Timestamp::UNIX_EPOCH).unwrap();
        let source = KeySource::File(KeySource::usual(folder.path()));
        let (key, _) = SealingKey::get(&source, dice).unwrap();
        let at = Timestamp::UNIX_EPOCH;
        store.add_application("cron".parse().unwrap(), ApplicationSettings::default(), at).await.unwrap();
        for url in ["https://a.example/", "https://b.example/"] {
            let sealed = key.seal(purpose(SealedKind::Webhook), SECRET, dice);
            let webhook = NewWebhook { url: url.to_owned(), kinds: [].into(), secret: sealed };
            store.add_webhook("cron", webhook, at).await.unwrap();
        }
        (folder, store, source)
    }

    async fn all_open(store: &Store, source: &KeySource) -> bool {
        let key = SealingKey::load(source).unwrap();
        let all = store.sealed().await.unwrap();
        all.len() == 2
            && all
                .iter()
                .all(|one| key.open("webhook", &one.sealed).is_ok_and(|text| text.as_slice() == SECRET))
    }

    #[tokio::test]
    async fn everything_is_sealed_anew_and_the_old_key_opens_nothing() {
        let mut dice = StdRng::seed_from_u64(1);
        let (_folder, store, source) = place(&mut dice).await;
        let old = SealingKey::load(&source).unwrap();
        let rotated = rotate(&store, &source, &mut dice).await.unwrap();
        assert_eq!(rotated, Rotated { resealed: 2, lost: Vec::new() });
        assert!(all_open(&store, &source).await);
        assert!(!store.sealed().await.unwrap().iter().any(|secret| opens(&old, secret)));
        assert!(!beside(source.file().unwrap()).exists());
    }

    /// Killed with the new key beside the old one, or with all sealed anew already; with nothing sealed either key does.
    #[tokio::test]
    async fn a_rotation_that_broke_off_is_undone_or_ended() {
        for is_resealed in [false, true] {
            let mut dice = StdRng::seed_from_u64(2);
            let (_folder, store, source) = place(&mut dice).await;
            let file = source.file().unwrap();
            let (old, new) = (SealingKey::load(&source).unwrap(), lay_beside(file, &mut dice).unwrap());
            if is_resealed {
                assert_eq!(reseal(&store, old, new, &mut dice).await.unwrap(), 2);
            }
            finish(&store, &source, &mut dice).await.unwrap();
            assert!(all_open(&store, &source).await, "{is_resealed}");
            assert!(!beside(file).exists());
            assert_eq!(rotate(&store, &source, &mut dice).await.unwrap().resealed, 2);
            assert!(all_open(&store, &source).await);
        }
    }

    #[tokio::test]
    async fn a_key_of_the_settings_is_rotated_by_the_settings() {
        let mut dice = StdRng::seed_from_u64(3);
        let (_folder, store, file) = place(&mut dice).await;
        let before = fs::read_to_string(file.file().unwrap()).unwrap();
        let given = |key: &str, old: Option<&str>| KeySource::Given {
            key: key.to_owned().into(),
            old: old.map(|old| old.to_owned().into()),
        };
        let now = given(&before, None);
        let refused = rotate(&store, &now, &mut dice).await.unwrap_err();
        assert!(matches!(refused, RotationError::Given), "{refused}");
        assert!(all_open(&store, &now).await);
        let fresh = draw(&mut dice);
        finish(&store, &given(&fresh, Some(&before)), &mut dice).await.unwrap();
        assert!(all_open(&store, &given(&fresh, None)).await);
    }

    #[tokio::test]
    async fn what_no_key_opens_is_named_and_the_rest_goes_on() {
        let mut dice = StdRng::seed_from_u64(4);
        let (folder, store, source) = place(&mut dice).await;
        assert_eq!(lost(&store, &source).await.unwrap(), Vec::new());
        fs::remove_file(source.file().unwrap()).unwrap();
        let missing = rotate(&store, &source, &mut dice).await.unwrap_err();
        assert!(matches!(missing, RotationError::NoKey), "{missing}");
        let named: Vec<_> = lost(&store, &source).await.unwrap().iter().map(Lost::words).collect();
        assert!(named.len() == 2 && named[0].contains("https://a.example/ (number 1)"), "{named:?}");
        // Another one is made when it is needed.
        SealingKey::get(&source, &mut dice).unwrap();
        let rotated = rotate(&store, &source, &mut dice).await.unwrap();
        assert_eq!((rotated.resealed, rotated.lost.len()), (0, 2));
        drop(folder);
    }
}

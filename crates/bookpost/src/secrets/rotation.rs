//! A new key in the place of the old one: everything that is sealed is sealed anew, in one transaction.
//!
//! The new key lies beside the old one while that is done, and takes its place afterwards. Wherever the process dies in between, the next
//! start sees by what opens which of the two is the key. Whoever seals and stores in the meantime would do so with the old one: the
//! caller keeps them out.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rand::{CryptoRng, SeedableRng as _, rngs::StdRng};
use serde::{Deserialize, Serialize};
use store::{SealedKind, SealedSecret, Store};

use super::{
    KeyError, KeySource, OF_WEBHOOKS, SealingKey, draw, keep, of_mail_account, of_preference, sync_folder,
};
use crate::config::Provider;

/// A secret that no key opens. It must be entered, or made, anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    pub kind: SealedKind,
    /// The number of the web address; else 0.
    pub id: i64,
    /// The web address, the name of the preference, or the provider.
    pub about: String,
    /// Whose web address it is.
    pub application: Option<String>,
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

impl Lost {
    /// What an alarm about it is about.
    pub fn subject(&self) -> String {
        match self.kind {
            SealedKind::Webhook => format!("webhook {}", self.id),
            SealedKind::Preference | SealedKind::FormerPreference => self.about.clone(),
            SealedKind::MailAccount => format!("account {}", self.about),
        }
    }

    /// What it is.
    pub fn what(&self) -> String {
        match self.kind {
            SealedKind::Webhook => format!(
                "what signs events of {} for {} (number {})",
                self.application.as_deref().unwrap_or("a program"),
                self.about,
                self.id
            ),
            SealedKind::Preference | SealedKind::FormerPreference => match self.of_client() {
                Some(provider) => format!("the client secret for {}", provider.title()),
                None => format!("the password for Server {}", self.server()),
            },
            SealedKind::MailAccount => format!("the sign-in at {}", self.about),
        }
    }

    /// What helps where the key is gone.
    pub fn help(&self) -> String {
        match self.kind {
            SealedKind::Webhook => {
                format!("make it anew: bookpost webhooks remove {}, then add the web address again", self.id)
            }
            SealedKind::Preference | SealedKind::FormerPreference if self.of_client().is_some() => format!(
                "enter it again under Preferences > Setup > Email > Sign in, or with: bookpost preferences client {}",
                self.about.trim_end_matches(".client_secret")
            ),
            SealedKind::Preference | SealedKind::FormerPreference => format!(
                "enter it again under Preferences > Setup > Email, or with: bookpost preferences password --server {}",
                self.server()
            ),
            SealedKind::MailAccount => {
                format!("sign in again: bookpost preferences connect {}", self.about)
            }
        }
    }

    /// The provider in `google.client_secret`.
    fn of_client(&self) -> Option<Provider> {
        Provider::named(self.about.strip_suffix(".client_secret")?)
    }

    /// The number in `server1.password`.
    fn server(&self) -> &str {
        self.about.trim_start_matches("server").trim_end_matches(".password")
    }
}

/// A new key; gives how many secrets are sealed with it. The dice must be good enough for secrets.
pub async fn rotate(store: &Store, source: &KeySource, dice: &mut StdRng) -> Result<u64, RotationError> {
    finish(store, source, dice).await?;
    let file = match source {
        KeySource::File(file) if file.exists() => file,
        KeySource::File(_) => return Err(RotationError::NoKey),
        KeySource::Given { key, old: Some(old), .. } => return reseal_given(store, key, old, dice).await,
        KeySource::Given { .. } => return Err(RotationError::Given),
    };
    let old = SealingKey::load(source)?;
    let new = lay_beside(file, dice)?;
    let resealed = reseal(store, old, new, dice).await?;
    take_over(file)?;
    Ok(resealed)
}

/// At a start, before anything is sealed: ends a rotation that broke off, or does the one that the settings ask for.
pub async fn finish(store: &Store, source: &KeySource, dice: &mut StdRng) -> Result<(), RotationError> {
    match source {
        KeySource::Given { key, old: Some(old), .. } => {
            let secrets = reseal_given(store, key, old, dice).await?;
            if secrets > 0 {
                tracing::info!(secrets, "sealed with the new key; the old one is needed no more");
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

/// What is in use and no key opens; all of it where there is none.
pub async fn lost(store: &Store, source: &KeySource) -> Result<Vec<Lost>, store::Error> {
    let in_use = store.sealed().await?.into_iter().filter(|one| one.kind != SealedKind::FormerPreference);
    let lost = in_use
        .filter(|secret| octets(secret).is_none_or(|sealed| source.open(&purpose(secret), &sealed).is_err()));
    let named = |SealedSecret { kind, id, about, application, .. }| Lost { kind, id, about, application };
    Ok(lost.map(named).collect())
}

/// The other key while one takes the place of another.
pub(super) fn other_key(source: &KeySource) -> Option<Result<SealingKey, KeyError>> {
    match source {
        KeySource::File(file) => {
            beside(file).exists().then(|| SealingKey::load(&KeySource::File(beside(file))))
        }
        KeySource::Given { old, .. } => old.as_ref().map(|old| SealingKey::parse(old)),
    }
}

async fn reseal_given(store: &Store, key: &str, old: &str, dice: &mut StdRng) -> Result<u64, RotationError> {
    Ok(reseal(store, SealingKey::parse(old)?, SealingKey::parse(key)?, dice).await?)
}

async fn reseal(
    store: &Store,
    old: SealingKey,
    new: SealingKey,
    dice: &mut StdRng,
) -> Result<u64, store::Error> {
    let mut dice = StdRng::from_rng(dice);
    let anew = move |secret: &SealedSecret| {
        let purpose = purpose(secret);
        let opened = old.open(&purpose, &octets(secret)?).ok()?;
        let sealed = new.seal(&purpose, &opened, &mut dice);
        Some(match secret.kind {
            SealedKind::Webhook | SealedKind::MailAccount => sealed,
            SealedKind::Preference | SealedKind::FormerPreference => STANDARD.encode(sealed).into_bytes(),
        })
    };
    store.reseal(anew).await
}

fn purpose(secret: &SealedSecret) -> String {
    match secret.kind {
        SealedKind::Webhook => OF_WEBHOOKS.to_owned(),
        SealedKind::Preference | SealedKind::FormerPreference => of_preference(&secret.about),
        SealedKind::MailAccount => of_mail_account(&secret.about),
    }
}

/// What was sealed, out of the text that stands for it among the preferences.
fn octets(secret: &SealedSecret) -> Option<Vec<u8>> {
    match secret.kind {
        SealedKind::Webhook | SealedKind::MailAccount => Some(secret.sealed.clone()),
        SealedKind::Preference | SealedKind::FormerPreference => STANDARD.decode(&secret.sealed).ok(),
    }
}

fn opens(key: &SealingKey, secret: &SealedSecret) -> bool {
    octets(secret).is_some_and(|sealed| key.open(&purpose(secret), &sealed).is_ok())
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
    use store::{Actor, ApplicationSettings, NewWebhook};

    use super::*;
    use crate::secrets::GivenBy;

    const SECRET: &[u8] = b"hunter2";
    const PASSWORD: &str = "server1.password";
    /// Two web addresses, the password as it is, and three times on record: set, and changed from and to.
    const ALL: usize = 6;

    /// A queue with two web addresses and a password that was set twice, sealed with the key that is in its place.
    async fn place(dice: &mut StdRng) -> (tempfile::TempDir, Store, KeySource) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Timestamp::UNIX_EPOCH).unwrap();
        let source = KeySource::File(KeySource::usual(folder.path()));
        let (key, _) = SealingKey::get(&source, dice).unwrap();
        let at = Timestamp::UNIX_EPOCH;
        store
            .add_application("cron".parse().unwrap(), ApplicationSettings::default(), Actor::CommandLine, at)
            .await
            .unwrap();
        for url in ["https://a.example/", "https://b.example/"] {
            let webhook = NewWebhook {
                url: url.to_owned(),
                kinds: [].into(),
                secret: key.seal(OF_WEBHOOKS, SECRET, dice),
            };
            store.add_webhook("cron", webhook, at).await.unwrap();
        }
        let text = std::str::from_utf8(SECRET).unwrap();
        for version in 0..2 {
            let sealed = crate::config::sealed(PASSWORD, text, &key, dice);
            let values = [(PASSWORD.to_owned(), Some(sealed))].into();
            store.change_preferences(version, values, Actor::CommandLine, at).await.unwrap();
        }
        (folder, store, source)
    }

    /// As whoever sends and tells would open it, what is in use and what a change may be undone to.
    async fn all_open(store: &Store, source: &KeySource) -> bool {
        let all = store.sealed().await.unwrap();
        all.len() == ALL
            && all.iter().all(|one| {
                let opened = source.open(&purpose(one), &octets(one).unwrap());
                opened.is_ok_and(|text| text.as_slice() == SECRET)
            })
    }

    #[tokio::test]
    async fn everything_is_sealed_anew_and_the_old_key_opens_nothing() {
        let mut dice = StdRng::seed_from_u64(1);
        let (_folder, store, source) = place(&mut dice).await;
        let old = SealingKey::load(&source).unwrap();
        let rotated = rotate(&store, &source, &mut dice).await.unwrap();
        assert_eq!(rotated, 6);
        assert_eq!(lost(&store, &source).await.unwrap(), Vec::new());
        assert!(all_open(&store, &source).await);
        assert!(!store.sealed().await.unwrap().iter().any(|secret| opens(&old, secret)));
        assert!(!beside(source.file().unwrap()).exists());
    }

    /// Killed with the new key beside the old one, with all sealed anew already, or where the new key has just taken its place: whoever
    /// opens something in between can, and so can all after the next start.
    #[tokio::test]
    async fn a_rotation_that_broke_off_is_undone_or_ended() {
        for steps in 1..=3 {
            let mut dice = StdRng::seed_from_u64(2);
            let (_folder, store, source) = place(&mut dice).await;
            let file = source.file().unwrap();
            let (old, new) = (SealingKey::load(&source).unwrap(), lay_beside(file, &mut dice).unwrap());
            assert!(all_open(&store, &source).await);
            if steps > 1 {
                assert_eq!(reseal(&store, old, new, &mut dice).await.unwrap(), 6);
                assert!(all_open(&store, &source).await, "before the new key has its place");
            }
            if steps > 2 {
                take_over(file).unwrap();
            }
            assert_eq!(lost(&store, &source).await.unwrap(), Vec::new());
            finish(&store, &source, &mut dice).await.unwrap();
            assert!(!beside(file).exists());
            assert!(all_open(&store, &source).await, "{steps}");
            assert_eq!(rotate(&store, &source, &mut dice).await.unwrap(), 6);
            assert!(all_open(&store, &source).await);
        }
    }

    /// Where the queue takes nothing, the old key stays the key.
    #[tokio::test]
    async fn a_rotation_that_the_queue_refuses_changes_nothing() {
        let mut dice = StdRng::seed_from_u64(5);
        let (folder, store, source) = place(&mut dice).await;
        let before = fs::read(source.file().unwrap()).unwrap();
        store.clone().close().await.unwrap();
        let refused = rotate(&store, &source, &mut dice).await.unwrap_err();
        assert!(matches!(refused, RotationError::Store(_)), "{refused}");
        drop(store);
        let store = Store::open(folder.path(), Timestamp::UNIX_EPOCH).unwrap();
        assert!(all_open(&store, &source).await);
        finish(&store, &source, &mut dice).await.unwrap();
        assert_eq!(fs::read(source.file().unwrap()).unwrap(), before);
        assert!(all_open(&store, &source).await);
    }

    #[tokio::test]
    async fn a_key_of_the_settings_is_rotated_by_the_settings() {
        let mut dice = StdRng::seed_from_u64(3);
        let (_folder, store, file) = place(&mut dice).await;
        let before = fs::read_to_string(file.file().unwrap()).unwrap();
        let given = |key: &str, old: Option<&str>| KeySource::Given {
            by: GivenBy::Variable("KEY".to_owned()),
            key: key.to_owned().into(),
            old: old.map(|old| old.to_owned().into()),
        };
        let now = given(&before, None);
        let refused = rotate(&store, &now, &mut dice).await.unwrap_err();
        assert!(matches!(refused, RotationError::Given), "{refused}");
        assert!(all_open(&store, &now).await);
        let fresh = draw(&mut dice);
        assert!(all_open(&store, &given(&fresh, Some(&before))).await, "before it is sealed anew");
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
        let named: Vec<_> =
            lost(&store, &source).await.unwrap().iter().map(|one| one.what() + &one.help()).collect();
        assert_eq!(named.len(), 3, "{named:?}");
        assert!(named[0].contains("events of cron for https://a.example/ (number 1)"), "{named:?}");
        assert!(
            named[2].contains("the password for Server 1") && named[2].contains("--server 1"),
            "{named:?}"
        );
        // Another one is made when it is needed.
        SealingKey::get(&source, &mut dice).unwrap();
        assert_eq!(rotate(&store, &source, &mut dice).await.unwrap(), 0);
        assert_eq!(lost(&store, &source).await.unwrap().len(), 3);
        drop(folder);
    }
}

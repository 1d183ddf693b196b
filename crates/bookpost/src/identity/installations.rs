//! Keys of other installations, whose people sign in at mail providers by this one.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use store::{Error, Installation, KeyId, Store};

use super::{Refusal, guessing::Guessing, key::Key, locked};

/// The way in for installations. All clones are the same.
#[derive(Debug, Clone)]
pub struct Installations {
    store: Store,
    guessing: Arc<Mutex<Guessing<KeyId>>>,
}

impl Installations {
    pub fn new(store: Store) -> Self {
        Self { store, guessing: Arc::default() }
    }

    /// Which one shows this key. It is looked for in the queue each time, so that one that is revoked opens nothing at once. The outer
    /// error is the queue's.
    pub async fn bearer(
        &self,
        peer: IpAddr,
        shown: &str,
        now: Timestamp,
    ) -> Result<Result<Installation, Refusal>, Error> {
        let key = Key::parse(shown);
        let known = match &key {
            Ok(key) => self.store.installation(key.id()).await?,
            Err(_) => None,
        };
        let opened = matches!((&key, &known), (Ok(key), Some(known)) if key.opens(&known.hash));
        let named = known.as_ref().map(|known| &known.installation.key);
        // No guess opens a key of 260 bits: whoever has the right one waits for nobody who guesses.
        if let Some(named) = named.filter(|_| opened) {
            locked(&self.guessing).succeeded(peer, named, now);
        } else if let Err(refusal) = locked(&self.guessing).let_in(peer, named, false, shown, now) {
            return Ok(Err(refusal));
        }
        let installation = known.map(|known| known.installation).ok_or(Refusal::Unknown);
        Ok(installation
            .and_then(|one| if one.revoked_at.is_some() { Err(Refusal::Revoked) } else { Ok(one) }))
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};
    use store::{Actor, NewInstallation};

    use super::*;

    const CLI: Actor = Actor::CommandLine;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[tokio::test]
    async fn an_installation_is_known_by_its_whole_key_until_that_is_revoked() {
        let (folder, mut dice) = (tempfile::tempdir().unwrap(), StdRng::seed_from_u64(7));
        let store = Store::open(folder.path(), at(0)).unwrap();
        let (key, installations) = (Key::draw(&mut dice), Installations::new(store.clone()));
        let returns_to = "https://bookpost.school.example".to_owned();
        let new = NewInstallation { key: key.stored(), name: "School".to_owned(), returns_to };
        store.add_installation(new, CLI, at(0)).await.unwrap();
        let peer = IpAddr::from([192, 0, 2, 1]);
        let ask = async |shown: &str| installations.bearer(peer, shown, at(1)).await.unwrap();
        assert_eq!(ask(&key.whole()).await.unwrap().name, "School");
        let other = Key::draw(&mut dice);
        for wrong in [&*other.whole(), &*other.named(key.id()).whole(), "bp_x", ""] {
            assert_eq!(ask(wrong).await.unwrap_err(), Refusal::Unknown, "{wrong}");
        }
        // Whoever guesses is held up, and nobody else by it, wherever they come from.
        let mut refused = None;
        for _ in 0..20 {
            let guess = Key::draw(&mut dice).named(key.id());
            refused = ask(&guess.whole()).await.err();
        }
        assert!(matches!(refused, Some(Refusal::HeldUp { .. })), "{refused:?}");
        assert_eq!(ask(&key.whole()).await.unwrap().name, "School");
        let elsewhere = IpAddr::from([198, 51, 100, 1]);
        assert!(installations.bearer(elsewhere, &key.whole(), at(1)).await.unwrap().is_ok());
        store.revoke_installation(key.id(), CLI, at(1)).await.unwrap();
        assert_eq!(ask(&key.whole()).await.unwrap_err(), Refusal::Revoked);
    }
}

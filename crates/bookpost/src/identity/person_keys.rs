//! Keys of people's own: a program that shows one may do what its owner may at that moment.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use store::{Actor, Error, KeyId, Person, Store};

use super::{Permission, Refusal, guessing::Guessing, key::Key, locked, people::allows};

/// That a key was used is written down once in so long.
const USED: SignedDuration = SignedDuration::from_mins(1);

/// The way in by keys of people's own. All clones are the same.
#[derive(Debug, Clone)]
pub struct PersonKeys {
    store: Store,
    guessing: Arc<Mutex<Guessing<KeyId>>>,
}

/// Whose key was shown.
#[derive(Debug, Clone)]
pub struct Holder(Person);

impl Holder {
    /// Who they are.
    pub fn person(&self) -> &Person {
        &self.0
    }

    /// Whether they may.
    pub fn may(&self, permission: Permission<'_>) -> bool {
        allows(self.0.role, &self.0.sites, permission)
    }

    /// Who they are to the log.
    pub fn actor(&self) -> Actor {
        Actor::Person { id: self.0.id, name: self.0.name.clone() }
    }
}

impl PersonKeys {
    pub fn new(store: Store) -> Self {
        Self { store, guessing: Arc::default() }
    }

    /// Who shows this key. The outer error is the queue's.
    pub async fn bearer(
        &self,
        peer: IpAddr,
        shown: &str,
        now: Timestamp,
    ) -> Result<Result<Holder, Refusal>, Error> {
        let key = Key::parse(shown);
        let known = match &key {
            Ok(key) => self.store.person_key(key.id()).await?,
            Err(_) => None,
        };
        let named = known.as_ref().map(|known| &known.key.id);
        let opened = match (&key, &known) {
            (Ok(key), Some(known)) => key.opens(&known.hash),
            _ => false,
        };
        if let Err(refusal) = locked(&self.guessing).let_in(peer, named, opened, shown, now) {
            return Ok(Err(key.err().map_or(refusal, |slip| match refusal {
                Refusal::Unknown => Refusal::Mistyped(slip),
                other => other,
            })));
        }
        let Some(known) = known else { return Ok(Err(Refusal::Unknown)) };
        if known.key.revoked_at.is_some() || known.person.disabled_at.is_some() {
            return Ok(Err(Refusal::Revoked));
        }
        if known.key.used_at.is_none_or(|used_at| now.duration_since(used_at) >= USED) {
            self.store.person_key_used(&known.key.id, now).await?;
        }
        Ok(Ok(Holder(known.person)))
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};
    use store::{PersonId, PersonSettings, Role};

    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const CLI: Actor = Actor::CommandLine;

    struct Place {
        _folder: tempfile::TempDir,
        store: Store,
        keys: PersonKeys,
        person: PersonId,
        key: Key,
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    async fn place() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), at(0)).unwrap();
        let settings = PersonSettings {
            email: "ann@library.example".parse().unwrap(),
            name: "Ann".parse().unwrap(),
            role: Role::Manager,
            sites: ["MAIN".to_owned()].into(),
            language: None,
        };
        let person = store.add_person(settings, CLI, at(0)).await.unwrap().id;
        let key = Key::draw(&mut StdRng::seed_from_u64(7));
        store.add_person_key(person, key.stored(), CLI, at(0)).await.unwrap();
        Place { keys: PersonKeys::new(store.clone()), _folder: folder, store, person, key }
    }

    #[tokio::test]
    async fn a_key_is_as_good_as_its_owner_at_that_moment() {
        let place = place().await;
        let shown = place.key.whole();
        let ask = async |seconds| place.keys.bearer(PEER, &shown, at(seconds)).await.unwrap();
        let holder = ask(1).await.unwrap();
        assert!(holder.may(Permission::SeeQueue(Some("MAIN"))) && !holder.may(Permission::ManagePrograms));
        assert_eq!(holder.actor(), Actor::Person { id: place.person, name: "Ann".parse().unwrap() });
        let promote = |settings: &mut PersonSettings| settings.role = Role::Administrator;
        place.store.change_person(place.person, promote, CLI, at(2)).await.unwrap();
        assert!(ask(30).await.unwrap().may(Permission::ManagePrograms));
        assert_eq!(
            place.store.person_keys(place.person).await.unwrap()[0].used_at,
            Some(at(1)),
            "once a minute"
        );
        assert!(ask(61).await.is_ok());
        assert_eq!(place.store.person_keys(place.person).await.unwrap()[0].used_at, Some(at(61)));
        place.store.revoke_person_key(place.person, place.key.id(), CLI, at(62)).await.unwrap();
        assert_eq!(ask(63).await.unwrap_err(), Refusal::Revoked);
    }

    #[tokio::test]
    async fn who_is_disabled_opens_nothing() {
        let place = place().await;
        let settings = PersonSettings {
            email: "bob@library.example".parse().unwrap(),
            name: "Bob".parse().unwrap(),
            role: Role::Administrator,
            sites: std::collections::BTreeSet::new(),
            language: None,
        };
        place.store.add_person(settings, CLI, at(0)).await.unwrap();
        place.store.disable_person(place.person, CLI, at(1)).await.unwrap();
        for at_ in [2, 3] {
            let asked = place.keys.bearer(PEER, &place.key.whole(), at(at_)).await.unwrap();
            assert_eq!(asked.unwrap_err(), Refusal::Revoked);
            place.store.enable_person(place.person, CLI, at(2)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn guessing_is_slowed() {
        let place = place().await;
        let mut dice = StdRng::seed_from_u64(8);
        for _ in 0..6 {
            let wrong = Key::draw(&mut dice).named(place.key.id()).whole();
            assert_eq!(place.keys.bearer(PEER, &wrong, at(0)).await.unwrap().unwrap_err(), Refusal::Unknown);
        }
        let whole = place.key.whole();
        let held = place.keys.bearer(PEER, &whole, at(0)).await.unwrap().unwrap_err();
        assert_eq!(held, Refusal::HeldUp { retry_at: at(1) }, "the right one too");
        assert!(place.keys.bearer(PEER, &whole, at(1)).await.unwrap().is_ok());
        let slip = place.keys.bearer(PEER, "bp_x", at(2)).await.unwrap().unwrap_err();
        assert!(matches!(slip, Refusal::Mistyped(_)), "{slip}");
    }
}

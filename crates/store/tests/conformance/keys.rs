//! Keys of people's own, and what the log says of programs.

use store::{
    Actor, ApplicationSettings, AuditFilter, Deed, Error, KeyHash, KeyId, NewKey, PersonSettings, Role,
};

use crate::fresh::{Fresh, minute};

fn key(id: &str, byte: u8) -> NewKey {
    NewKey { id: KeyId(id.to_owned()), hash: KeyHash([byte; 32]) }
}

fn settings(email: &str) -> PersonSettings {
    PersonSettings {
        email: email.parse().unwrap(),
        name: "Ann".parse().unwrap(),
        role: Role::Manager,
        sites: std::collections::BTreeSet::new(),
        language: None,
    }
}

pub(crate) async fn a_key_of_a_person_is_theirs_until_it_is_revoked(fresh: &Fresh) {
    let (store, cli) = (fresh.open().await, || Actor::CommandLine);
    let ann = store.add_person(settings("ann@library.example"), cli(), fresh.now()).await.unwrap();
    let bob = store.add_person(settings("bob@library.example"), cli(), fresh.now()).await.unwrap();
    let made = store.add_person_key(ann.id, key("one", 1), cli(), fresh.now()).await.unwrap();
    assert_eq!((made.made_at, made.used_at, made.revoked_at), (minute(0), None, None));
    store.add_person_key(ann.id, key("two", 2), cli(), fresh.now()).await.unwrap();
    let again = store.add_person_key(bob.id, key("one", 9), cli(), fresh.now()).await;
    assert!(matches!(again, Err(Error::Exists(_))), "{again:?}");
    let of_bob = store.revoke_person_key(bob.id, &made.id, cli(), fresh.now()).await;
    assert!(matches!(of_bob, Err(Error::NotFound(_))), "{of_bob:?}");
    let known = store.person_key(&made.id).await.unwrap().unwrap();
    assert_eq!((known.hash, &known.person), (KeyHash([1; 32]), &ann));
    assert_eq!(store.person_key(&KeyId("three".to_owned())).await.unwrap(), None);

    fresh.at(5);
    store.person_key_used(&made.id, fresh.now()).await.unwrap();
    for at in [6, 7] {
        fresh.at(at);
        let revoked = store.revoke_person_key(ann.id, &made.id, cli(), fresh.now()).await.unwrap();
        assert_eq!((revoked.used_at, revoked.revoked_at), (Some(minute(5)), Some(minute(6))));
    }
    let keys = store.person_keys(ann.id).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.revoked_at).collect::<Vec<_>>(), [Some(minute(6)), None]);
    assert_eq!(store.person_keys(bob.id).await.unwrap(), []);
}

pub(crate) async fn who_is_disabled_has_no_key_any_more(fresh: &Fresh) {
    let store = fresh.open().await;
    let person =
        store.add_person(settings("ann@library.example"), Actor::CommandLine, fresh.now()).await.unwrap();
    store.add_person_key(person.id, key("one", 1), Actor::CommandLine, fresh.now()).await.unwrap();
    fresh.at(1);
    store.disable_person(person.id, Actor::CommandLine, fresh.now()).await.unwrap();
    store.enable_person(person.id, Actor::CommandLine, fresh.now()).await.unwrap();
    assert_eq!(store.person_keys(person.id).await.unwrap()[0].revoked_at, Some(minute(1)));
}

pub(crate) async fn what_is_done_about_programs_and_keys_stands_in_the_log(fresh: &Fresh) {
    let (store, cli) = (fresh.open().await, || Actor::CommandLine);
    let usual = ApplicationSettings { per_minute: Some(60), ..ApplicationSettings::default() };
    store.add_application("cron".parse().unwrap(), usual, cli(), fresh.now()).await.unwrap();
    for _ in 0..2 {
        let from = |settings: &mut ApplicationSettings| {
            settings.per_minute = None;
            settings.from = vec!["@library.example".parse().unwrap()];
            Ok(())
        };
        store.change_application("CRON", from, cli(), fresh.now()).await.unwrap();
    }
    let new = key("one", 1);
    store.add_key("cron", new.clone(), cli(), fresh.now()).await.unwrap();
    for _ in 0..2 {
        store.revoke_key("cron", &new.id, cli(), fresh.now()).await.unwrap();
        store.disable_application("cron", cli(), fresh.now()).await.unwrap();
    }
    for _ in 0..2 {
        store.enable_application("cron", cli(), fresh.now()).await.unwrap();
    }
    let ann = store.add_person(settings("ann@library.example"), cli(), fresh.now()).await.unwrap();
    store.add_person_key(ann.id, key("own", 1), cli(), fresh.now()).await.unwrap();
    store.revoke_person_key(ann.id, &KeyId("own".to_owned()), cli(), fresh.now()).await.unwrap();
    let lines = async |about: &str| {
        let filter = AuditFilter { about: Some(about.to_owned()), ..AuditFilter::default() };
        let mut lines = store.audit(filter, None, 20).await.unwrap();
        lines.reverse();
        lines.into_iter().map(|line| (line.what, line.old, line.new)).collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        lines("cron").await,
        [
            (Deed::ProgramAdded, None, text("per_minute: 60")),
            (
                Deed::ProgramChanged,
                text("from: ; per_minute: 60"),
                text("from: @library.example; per_minute: -")
            ),
            (Deed::ProgramKeyMade, None, text("one")),
            (Deed::ProgramKeyRevoked, text("one"), None),
            (Deed::ProgramDisabled, None, None),
            (Deed::ProgramEnabled, None, None),
        ]
    );
    assert_eq!(
        lines("ann@library.example").await[1..],
        [(Deed::PersonKeyMade, None, text("own")), (Deed::PersonKeyRevoked, text("own"), None)]
    );
}

//! Applications, their keys, and what waits of each.

use std::collections::BTreeSet;

use store::{
    Application, ApplicationName, ApplicationSettings, Class, Error, KeyHash, KeyId, Move, NewKey,
    NewMessage, RunId, Selection, Store, Verdict,
};

use crate::fresh::{Fresh, accept, leased, minute, settle, sound, to_many, waiting};

fn name(text: &str) -> ApplicationName {
    text.parse().unwrap()
}

fn key(id: &str, byte: u8) -> NewKey {
    NewKey { id: KeyId(id.to_owned()), hash: KeyHash([byte; 32]) }
}

async fn add(fresh: &Fresh, store: &Store, text: &str) -> Application {
    store
        .add_application(name(text), ApplicationSettings::default(), store::Actor::CommandLine, fresh.now())
        .await
        .unwrap()
}

/// Mail of this application, waiting.
fn of(application: &str) -> NewMessage {
    NewMessage { application: application.to_owned(), ..waiting() }
}

pub(crate) async fn an_application_is_kept_as_it_was_added(fresh: &Fresh) {
    let store = fresh.open().await;
    let settings = ApplicationSettings {
        from: vec!["desk@library.example".parse().unwrap(), "@school.example".parse().unwrap()],
        sites: vec!["MAIN".to_owned()],
        class: Class::Urgent,
        classes: BTreeSet::from([Class::Normal]),
        return_address: Some("back@library.example".parse().unwrap()),
        largest_message: 1_000,
        recipients: 2,
        waiting: 3,
        per_minute: Some(4),
    };
    let tracker = store
        .add_application(name("Textbook Tracker"), settings.clone(), store::Actor::CommandLine, fresh.now())
        .await
        .unwrap();
    let cron = add(fresh, &store, "cron").await;
    assert_eq!((&tracker.settings, tracker.made_at, tracker.disabled_at), (&settings, minute(0), None));
    assert!(tracker.id < cron.id);
    for again in ["cron", "CRON"] {
        let refused = store
            .add_application(name(again), settings.clone(), store::Actor::CommandLine, fresh.now())
            .await;
        assert!(matches!(refused, Err(Error::Exists(_))), "{refused:?}");
        assert_eq!(store.application(again).await.unwrap(), cron);
    }
    assert!(matches!(store.application("Library").await, Err(Error::NotFound(_))));
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert_eq!(store.applications().await.unwrap().readable, [tracker, cron]);
    sound(&store).await;
}

pub(crate) async fn a_change_changes_nothing_else(fresh: &Fresh) {
    let store = fresh.open().await;
    let (cron, other) = (add(fresh, &store, "cron").await, add(fresh, &store, "Library").await);
    let changed = store
        .change_application(
            "cron",
            |settings| {
                settings.recipients = 7;
                Ok(())
            },
            store::Actor::CommandLine,
            fresh.now(),
        )
        .await
        .unwrap();
    let settings = ApplicationSettings { recipients: 7, ..cron.settings.clone() };
    assert_eq!(changed, Application { settings, ..cron });
    let late = |settings: &mut ApplicationSettings| {
        settings.recipients = 8;
        Err(Error::Changed)
    };
    let late = store.change_application("cron", late, store::Actor::CommandLine, fresh.now()).await;
    assert!(matches!(late, Err(Error::Changed)), "{late:?}");
    assert_eq!(store.applications().await.unwrap().readable, [changed, other]);
    let absent = store.change_application("absent", |_| Ok(()), store::Actor::CommandLine, fresh.now()).await;
    assert!(matches!(absent, Err(Error::NotFound(_))), "{absent:?}");
}

pub(crate) async fn disabled_until_it_is_enabled(fresh: &Fresh) {
    let store = fresh.open().await;
    add(fresh, &store, "cron").await;
    for (at, since) in [(1, minute(1)), (2, minute(1))] {
        fresh.at(at);
        let disabled =
            store.disable_application("cron", store::Actor::CommandLine, fresh.now()).await.unwrap();
        assert_eq!(disabled.disabled_at, Some(since));
    }
    assert_eq!(
        store.enable_application("cron", store::Actor::CommandLine, fresh.now()).await.unwrap().disabled_at,
        None
    );
    for absent in [
        store.disable_application("absent", store::Actor::CommandLine, fresh.now()).await,
        store.enable_application("absent", store::Actor::CommandLine, fresh.now()).await,
    ] {
        assert!(matches!(absent, Err(Error::NotFound(_))), "{absent:?}");
    }
}

pub(crate) async fn keys_come_and_go_one_by_one(fresh: &Fresh) {
    let store = fresh.open().await;
    for application in ["cron", "Library"] {
        add(fresh, &store, application).await;
    }
    fresh.at(1);
    store.add_key("cron", key("one", 1), store::Actor::CommandLine, fresh.now()).await.unwrap();
    fresh.at(2);
    store.add_key("cron", key("two", 2), store::Actor::CommandLine, fresh.now()).await.unwrap();
    fresh.at(3);
    store.add_key("Library", key("three", 3), store::Actor::CommandLine, fresh.now()).await.unwrap();
    let taken = store.add_key("Library", key("one", 9), store::Actor::CommandLine, fresh.now()).await;
    assert!(matches!(taken, Err(Error::Exists(_))), "{taken:?}");
    let absent = store.add_key("absent", key("four", 4), store::Actor::CommandLine, fresh.now()).await;
    assert!(matches!(absent, Err(Error::NotFound(_))), "{absent:?}");

    let id = |text: &str| KeyId(text.to_owned());
    for (application, of_another) in [("cron", "three"), ("cron", "absent"), ("absent", "one")] {
        let refused =
            store.revoke_key(application, &id(of_another), store::Actor::CommandLine, fresh.now()).await;
        assert!(matches!(refused, Err(Error::NotFound(_))), "{application} {of_another}: {refused:?}");
    }
    for at in [5, 6] {
        fresh.at(at);
        let revoked =
            store.revoke_key("cron", &id("one"), store::Actor::CommandLine, fresh.now()).await.unwrap();
        let seen: Vec<_> =
            revoked.keys.iter().map(|key| (key.id.0.as_str(), key.made_at, key.revoked_at)).collect();
        assert_eq!(seen, [("one", minute(1), Some(minute(5))), ("two", minute(2), None)]);
    }
    let hashes = store.key_hashes().await.unwrap();
    let expected = [("one", 1), ("three", 3), ("two", 2)].map(|(key, byte)| (id(key), KeyHash([byte; 32])));
    assert_eq!(hashes.into_iter().collect::<Vec<_>>(), expected);
    sound(&store).await;
}

pub(crate) async fn the_last_use_of_a_key_is_the_latest(fresh: &Fresh) {
    let store = fresh.open().await;
    add(fresh, &store, "cron").await;
    store.add_key("cron", key("one", 1), store::Actor::CommandLine, fresh.now()).await.unwrap();
    store.add_key("cron", key("two", 2), store::Actor::CommandLine, fresh.now()).await.unwrap();
    let used = |id: &str, at| (KeyId(id.to_owned()), minute(at));
    store.keys_used(vec![used("one", 5), used("one", 3), used("gone", 4)]).await.unwrap();
    store.keys_used(vec![used("one", 4)]).await.unwrap();
    let keys = store.application("cron").await.unwrap().keys;
    assert_eq!(keys.iter().map(|key| key.used_at).collect::<Vec<_>>(), [Some(minute(5)), None]);
    let before = store.stats();
    store.keys_used(Vec::new()).await.unwrap();
    assert_eq!(store.stats(), before, "where nothing was used nothing is written");
}

/// What waits of an application's own, whatever becomes of it, and nothing of anybody else's.
pub(crate) async fn what_waits_of_an_application_is_counted(fresh: &Fresh) {
    let store = fresh.open().await;
    let (cron, other) = ("cron", "Textbook Tracker");
    let count = async |at_most| store.waiting_of(cron, at_most).await.unwrap();
    assert_eq!(count(9).await, 0);
    accept(fresh, &store, to_many(of("cron"), 3)).await;
    accept(fresh, &store, of("Library")).await;
    // A run's, whatever name it has.
    accept(fresh, &store, NewMessage { run: Some(RunId(1)), ..of("cron") }).await;
    assert_eq!((count(9).await, count(2).await, count(0).await), (3, 2, 0));
    assert_eq!(store.waiting_of(other, 9).await.unwrap(), 0);

    let attempted = accept(fresh, &store, NewMessage { lease: leased().lease, ..of("cron") }).await;
    assert_eq!(count(9).await, 3, "it is on its way");
    let deferred = Verdict::Deferred { due_at: minute(9), in_doubt: false };
    settle(fresh, &store, attempted, deferred).await;
    assert_eq!(count(9).await, 4, "it waits for its next attempt");
    fresh.at(2);
    store.move_recipients(Selection::All, Move::Hold, fresh.now()).await.unwrap();
    assert_eq!(count(9).await, 0, "a person has it");
    fresh.at(3);
    store.move_recipients(Selection::All, Move::Release, fresh.now()).await.unwrap();
    assert_eq!(count(9).await, 4);
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert_eq!(store.waiting_of(cron, 9).await.unwrap(), 4);
    fresh.at(4);
    store.move_recipients(Selection::All, Move::Cancel, fresh.now()).await.unwrap();
    assert_eq!(store.waiting_of(cron, 9).await.unwrap(), 0);
    sound(&store).await;
}

pub(crate) async fn what_an_application_handed_in_is_counted_from_an_instant_on(fresh: &Fresh) {
    let store = fresh.open().await;
    let of_a_run = NewMessage { run: Some(RunId(1)), ..of("cron") };
    for (at, messages) in [(0, vec![of("cron"), of("cron")]), (5, vec![of("cron"), of("Library"), of_a_run])]
    {
        fresh.at(at);
        store.accept(messages, fresh.now()).await.unwrap();
    }
    for (application, since, at_most, count) in [
        ("cron", 0, 100, 3),
        ("cron", 5, 100, 1),
        ("cron", 0, 2, 2),
        ("cron", 6, 100, 0),
        ("Library", 0, 100, 1),
        ("absent", 0, 100, 0),
    ] {
        let found = store.accepted_of(application, minute(since), at_most).await.unwrap();
        assert_eq!(found, count, "{application} {since}");
    }
}

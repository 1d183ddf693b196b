//! People in the SQLite file: damage shuts out and lets nobody in, and the log is only added to.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;
use store::{
    Actor, AuditFilter, Deed, NewSession, PasswordHash, Person, PersonSettings, Role, Store, TokenHash,
};

const TOKEN: TokenHash = TokenHash([1; 32]);

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// A queue with a manager of one site, who has signed in.
async fn signed_in(folder: &Path) -> (Store, Person, Connection) {
    let store = Store::open(folder, now()).unwrap();
    let settings = PersonSettings {
        email: "ann@library.example".parse().unwrap(),
        name: "Ann".parse().unwrap(),
        role: Role::Manager,
        sites: ["MAIN".to_owned()].into(),
        language: None,
    };
    let ann = store.add_person(settings, Actor::CommandLine, now()).await.unwrap();
    let password = PasswordHash("p".to_owned());
    store.set_password(ann.id, password.clone(), None, Actor::CommandLine, now()).await.unwrap();
    let peer = std::net::Ipv4Addr::LOCALHOST.into();
    store
        .begin_session(
            NewSession { person: ann.id, password: Some(password), token: TOKEN, peer, browser: None },
            now(),
        )
        .await
        .unwrap();
    let raw = Connection::open(folder.join("queue.db")).unwrap();
    (store, ann, raw)
}

/// No list of sites that cannot be read means all sites, and no role that is not known is one.
#[tokio::test]
async fn who_cannot_be_read_may_do_nothing_and_stops_no_other() {
    for damage in ["sites = '{'", "sites = ''", "role = 'owner'", "name = ''", "email = 'ann'"] {
        let folder = tempfile::tempdir().unwrap();
        let (store, ann, raw) = signed_in(folder.path()).await;
        assert!(store.session(TOKEN, now()).await.unwrap().is_some());
        let bob = PersonSettings { email: "bob@library.example".parse().unwrap(), ..ann.settings() };
        let bob = store.add_person(bob, Actor::CommandLine, now()).await.unwrap();
        raw.execute(&format!("UPDATE person SET {damage} WHERE id = {}", ann.id.0), []).unwrap();
        assert_eq!(store.session(TOKEN, now()).await.unwrap(), None, "{damage}");
        assert!(store.credentials(&ann.email).await.is_err(), "{damage}");
        assert_eq!(store.people().await.unwrap(), [bob], "{damage}");
    }
}

#[tokio::test]
async fn the_log_cannot_be_changed_and_no_line_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, raw) = signed_in(folder.path()).await;
    for change in ["DELETE FROM audit", "UPDATE audit SET who = 'nobody'", "UPDATE audit SET what = 'set_up'"]
    {
        let refused = raw.execute(change, []).unwrap_err();
        assert!(refused.to_string().contains("only added to"), "{change}: {refused}");
    }
    let add = "INSERT INTO audit (happened_at, person, who, what, about) VALUES (0, 7, '', 'of_a_later_version', 'x')";
    raw.execute(add, []).unwrap();
    let log = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let what: Vec<_> = log.iter().map(|line| line.what).collect();
    assert_eq!(what, [Deed::Unknown, Deed::PasswordChanged, Deed::PersonAdded]);
}

/// The session is gone once a person is disabled; where one is left all the same, it opens nothing.
#[tokio::test]
async fn who_is_disabled_is_nobody_by_any_session() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, raw) = signed_in(folder.path()).await;
    raw.execute("UPDATE person SET disabled_at = 1", []).unwrap();
    assert_eq!(store.session(TOKEN, now()).await.unwrap(), None);
}

/// What is used is still good where nothing can be written.
#[tokio::test]
async fn a_session_that_cannot_be_noted_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _, raw) = signed_in(folder.path()).await;
    raw.execute_batch("CREATE TRIGGER full BEFORE UPDATE ON session BEGIN SELECT RAISE(ABORT, 'no'); END")
        .unwrap();
    let later = now() + std::time::Duration::from_mins(5);
    let (session, _) = store.session(TOKEN, later).await.unwrap().unwrap();
    assert_eq!(session.seen_at, now());
}

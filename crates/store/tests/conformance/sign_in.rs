//! Passwords, sessions, and links that are used once.

use std::{net::IpAddr, time::Duration};

use store::{
    Actor, Administrators, AuditFilter, Deed, Error, KeyHash, KeyId, LinkPurpose, NewKey, NewLink,
    NewSession, Person, PersonId, PersonSettings, Role, SESSION_IDLE, SESSION_LASTS, Session, SessionId,
    Store, TokenHash,
};

use crate::{
    fresh::{Fresh, minute, sound},
    staff::{add, member, password, settings},
};

const BROWSER: &str = "Firefox on Windows";
const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
const CLI: Actor = Actor::CommandLine;

fn token(byte: u8) -> TokenHash {
    TokenHash([byte; 32])
}

fn minutes(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs() / 60).unwrap()
}

async fn begin(fresh: &Fresh, store: &Store, person: &Person, byte: u8) -> Session {
    let password = Some(password(person.name.as_str()));
    let new = NewSession {
        person: person.id,
        password,
        token: token(byte),
        peer: PEER,
        browser: Some(BROWSER.to_owned()),
    };
    store.begin_session(new, fresh.now()).await.unwrap()
}

async fn is_open(fresh: &Fresh, store: &Store, byte: u8) -> bool {
    store.session(token(byte), fresh.now()).await.unwrap().is_some()
}

async fn link(
    fresh: &Fresh,
    store: &Store,
    purpose: LinkPurpose,
    person: Option<PersonId>,
    byte: u8,
) -> Result<jiff::Timestamp, Error> {
    store.make_link(NewLink { purpose, person, code: token(byte) }, CLI, fresh.now()).await
}

pub(crate) async fn a_password_is_apart_and_is_changed(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = add(fresh, &store, "ann", Role::Manager).await;
    let known = async || store.credentials(&"ANN@library.example".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((known().await.person, known().await.password), (ann.clone(), None));
    assert_eq!(store.credentials(&"bob@library.example".parse().unwrap()).await.unwrap(), None);
    let changed = store.set_password(ann.id, password("one"), None, CLI, fresh.now()).await.unwrap();
    assert!(changed.has_password && !ann.has_password);
    store.rehash_password(ann.id, password("another"), password("no")).await.unwrap();
    assert_eq!(known().await.password, Some(password("one")), "it is another by now");
    store.rehash_password(ann.id, password("one"), password("two")).await.unwrap();
    assert_eq!(known().await.password, Some(password("two")));
    assert!(!format!("{:?}", known().await).contains("hash of"));
    let absent = store.set_password(PersonId(99), password("x"), None, CLI, fresh.now()).await;
    assert!(matches!(absent, Err(Error::NotFound(_))), "{absent:?}");
}

pub(crate) async fn a_session_is_known_by_its_token(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Manager).await;
    fresh.at(3);
    let session = begin(fresh, &store, &ann, 1).await;
    let (found, person) = store.session(token(1), fresh.now()).await.unwrap().unwrap();
    assert_eq!((&found, person.id, person.last_sign_in_at), (&session, ann.id, Some(minute(3))));
    let seen = (session.person, session.peer, session.begun_at, session.seen_at);
    assert_eq!(seen, (ann.id, PEER, minute(3), minute(3)));
    assert!(!is_open(fresh, &store, 2).await);
    store.close().await.unwrap();
    assert!(is_open(fresh, &fresh.open().await, 1).await, "it outlasts a restart");
}

/// A password that was changed, or a person who was disabled, while it was looked at.
pub(crate) async fn a_session_begins_only_with_the_password_as_it_is(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Manager).await;
    let refused = async |password: Option<store::PasswordHash>| {
        let token = token(if password.is_some() { 1 } else { 2 });
        let new = NewSession { person: ann.id, password, token, peer: PEER, browser: None };
        matches!(store.begin_session(new, fresh.now()).await, Err(Error::NotFound(_)))
    };
    assert!(refused(Some(password("another"))).await);
    store.disable_person(ann.id, CLI, fresh.now()).await.unwrap();
    assert!(refused(Some(password("ann"))).await);
    assert!(refused(None).await, "proven otherwise, and disabled");
    store.enable_person(ann.id, CLI, fresh.now()).await.unwrap();
    assert!(!refused(Some(password("ann"))).await);
    assert!(!refused(None).await);
}

pub(crate) async fn a_session_ends_when_it_is_idle_or_old(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Manager).await;
    begin(fresh, &store, &ann, 1).await;
    begin(fresh, &store, &ann, 2).await;
    fresh.pass(minutes(SESSION_IDLE) - 1);
    assert!(is_open(fresh, &store, 1).await);
    fresh.pass(1);
    assert!(!is_open(fresh, &store, 2).await, "it was not used for so long");
    assert!(is_open(fresh, &store, 1).await, "it was");
    assert_eq!(store.sessions_of(ann.id, fresh.now()).await.unwrap().len(), 1);
    let begun = fresh.now() - SESSION_IDLE;
    while fresh.later(minutes(SESSION_IDLE) / 2) < begun + SESSION_LASTS {
        fresh.pass(minutes(SESSION_IDLE) / 2);
        assert!(is_open(fresh, &store, 1).await, "{}", fresh.now());
    }
    fresh.pass(minutes(SESSION_IDLE) / 2);
    assert!(!is_open(fresh, &store, 1).await, "however much it is used");
    assert_eq!(store.sessions_of(ann.id, fresh.now()).await.unwrap(), []);
    assert_eq!(store.sessions(fresh.now()).await.unwrap(), []);
}

pub(crate) async fn that_a_session_is_used_is_written_once_a_minute(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Manager).await;
    begin(fresh, &store, &ann, 1).await;
    let seen_at = async || store.sessions_of(ann.id, fresh.now()).await.unwrap()[0].seen_at;
    let before = store.stats().operations;
    for _ in 0..5 {
        assert!(is_open(fresh, &store, 1).await);
    }
    assert_eq!(store.stats().operations, before);
    fresh.pass(1);
    for _ in 0..5 {
        assert!(is_open(fresh, &store, 1).await);
    }
    assert_eq!((store.stats().operations, seen_at().await), (before + 1, fresh.now()));
}

pub(crate) async fn who_is_disabled_is_signed_out(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Manager).await;
    let bob = member(fresh, &store, "bob", Role::Manager).await;
    begin(fresh, &store, &ann, 1).await;
    begin(fresh, &store, &bob, 2).await;
    link(fresh, &store, LinkPurpose::Reset, Some(ann.id), 3).await.unwrap();
    store.disable_person(ann.id, CLI, fresh.now()).await.unwrap();
    assert!(!is_open(fresh, &store, 1).await && is_open(fresh, &store, 2).await);
    assert!(link(fresh, &store, LinkPurpose::Reset, Some(ann.id), 4).await.is_err());
    store.enable_person(ann.id, CLI, fresh.now()).await.unwrap();
    assert!(!is_open(fresh, &store, 1).await, "what was ended stays so");
    assert_eq!(store.link(token(3), fresh.now()).await.unwrap(), None);
}

pub(crate) async fn sessions_are_ended_one_by_one_or_all_but_one(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Manager).await;
    let bob = member(fresh, &store, "bob", Role::Manager).await;
    let mut of_ann = Vec::new();
    for byte in 1..=4 {
        of_ann.push(begin(fresh, &store, &ann, byte).await);
    }
    begin(fresh, &store, &bob, 9).await;
    let open = async || {
        let mut open = Vec::new();
        for byte in [1, 2, 3, 4, 9] {
            open.extend(is_open(fresh, &store, byte).await.then_some(byte));
        }
        open
    };
    let listed = store.sessions_of(ann.id, fresh.now()).await.unwrap();
    assert_eq!(listed.iter().rev().collect::<Vec<_>>(), of_ann.iter().collect::<Vec<_>>());
    let ended = store.end_session(of_ann[0].id, CLI, fresh.now()).await.unwrap();
    assert_eq!(ended.as_ref(), Some(&of_ann[0]));
    assert_eq!(store.end_session(of_ann[0].id, CLI, fresh.now()).await.unwrap(), None);
    assert_eq!(open().await, [2, 3, 4, 9]);
    let all = store.sessions(fresh.now()).await.unwrap();
    assert!(
        all.is_sorted_by(|one, next| one.id > next.id) && listed[..3].iter().all(|one| all.contains(one))
    );
    assert!(all.iter().any(|one| one.person != ann.id));
    let ended = store.end_sessions_of(ann.id, Some(of_ann[1].id), CLI, fresh.now()).await.unwrap();
    assert_eq!((ended, open().await), (2, vec![2, 9]));
    let ended = store.end_sessions_of(ann.id, None, CLI, fresh.now()).await.unwrap();
    assert_eq!((ended, open().await), (1, vec![9]));
    assert_eq!(store.end_sessions_of(ann.id, None, CLI, fresh.now()).await.unwrap(), 0);
    let log = store.audit(AuditFilter::default(), None, 99).await.unwrap();
    assert_eq!(log.iter().filter(|line| line.what == Deed::SignedOut).count(), 3);
    assert_eq!(store.end_session(SessionId(99), CLI, fresh.now()).await.unwrap(), None);
}

pub(crate) async fn a_new_password_ends_all_sessions_but_this(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Manager).await;
    begin(fresh, &store, &ann, 1).await;
    let own = begin(fresh, &store, &ann, 2).await;
    link(fresh, &store, LinkPurpose::Reset, Some(ann.id), 3).await.unwrap();
    store.set_password(ann.id, password("new"), Some(own.id), CLI, fresh.now()).await.unwrap();
    assert!(!is_open(fresh, &store, 1).await && is_open(fresh, &store, 2).await);
    assert_eq!(store.link(token(3), fresh.now()).await.unwrap(), None, "a link that lies about");
    sound(&store).await;
}

pub(crate) async fn a_link_is_used_once_and_in_time(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = add(fresh, &store, "ann", Role::Manager).await;
    for (byte, purpose) in (1..).zip([LinkPurpose::Invitation, LinkPurpose::Reset, LinkPurpose::Reset]) {
        let late = byte == 3;
        let expires_at = link(fresh, &store, purpose, Some(ann.id), byte).await.unwrap();
        assert_eq!(expires_at, fresh.now() + purpose.lasts());
        let found = store.link(token(byte), fresh.now()).await.unwrap().unwrap();
        assert_eq!((found.purpose, found.person.map(|person| person.id)), (purpose, Some(ann.id)));
        begin_if_any(fresh, &store, &ann, byte).await;
        fresh.pass(minutes(purpose.lasts()) - u32::from(!late));
        let taken = store.take_link(token(byte), password("ann"), fresh.now()).await;
        assert_eq!(taken.is_err(), late, "{purpose:?}");
        assert!(late || !is_open(fresh, &store, byte).await, "the sessions are ended");
        let again = store.take_link(token(byte), password("again"), fresh.now()).await;
        assert!(matches!(again, Err(Error::NotFound(_))), "{again:?}");
        assert_eq!(store.link(token(byte), fresh.now()).await.unwrap(), None);
    }
    let known = store.credentials(&ann.email).await.unwrap().unwrap().password;
    assert_eq!(known, Some(password("ann")));
    let invited = link(fresh, &store, LinkPurpose::Invitation, Some(ann.id), 4).await;
    assert!(matches!(invited, Err(Error::Exists(_))), "{invited:?}");
    sound(&store).await;
}

/// A session under the token of this number, where there is a password for one.
async fn begin_if_any(fresh: &Fresh, store: &Store, person: &Person, byte: u8) {
    if store.person(person.id).await.unwrap().has_password {
        begin(fresh, store, person, byte).await;
    }
}

pub(crate) async fn a_new_link_ends_those_before(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = add(fresh, &store, "ann", Role::Viewer).await;
    let bob = add(fresh, &store, "bob", Role::Viewer).await;
    let opens = async |byte| store.link(token(byte), fresh.now()).await.unwrap().is_some();
    for (byte, purpose, person) in [
        (1, LinkPurpose::SetUp, None),
        (2, LinkPurpose::Invitation, Some(ann.id)),
        (3, LinkPurpose::Reset, Some(bob.id)),
        (4, LinkPurpose::SetUp, None),
        (5, LinkPurpose::Reset, Some(ann.id)),
    ] {
        link(fresh, &store, purpose, person, byte).await.unwrap();
    }
    let open = [opens(1).await, opens(2).await, opens(3).await, opens(4).await, opens(5).await];
    assert_eq!(open, [false, false, true, true, true]);
    for (purpose, person) in [(LinkPurpose::SetUp, Some(ann.id)), (LinkPurpose::Reset, None)] {
        assert!(link(fresh, &store, purpose, person, 9).await.is_err(), "{purpose:?}");
    }
}

/// Whoever knew the old password may have had keys made with it.
pub(crate) async fn a_new_password_by_a_link_revokes_all_keys(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Manager).await;
    let bob = member(fresh, &store, "bob", Role::Manager).await;
    for (person, byte) in [(&ann, 1), (&ann, 2), (&bob, 3)] {
        let key = NewKey { id: KeyId(format!("k{byte}")), hash: KeyHash([byte; 32]) };
        store.add_person_key(person.id, key, CLI, fresh.now()).await.unwrap();
    }
    store.revoke_person_key(ann.id, &KeyId("k1".to_owned()), CLI, fresh.now()).await.unwrap();
    fresh.pass(1);
    link(fresh, &store, LinkPurpose::Reset, Some(ann.id), 1).await.unwrap();
    store.take_link(token(1), password("new"), fresh.now()).await.unwrap();
    let revoked = async |person: &Person| {
        let keys = store.person_keys(person.id).await.unwrap();
        keys.into_iter().map(|key| key.revoked_at).collect::<Vec<_>>()
    };
    assert_eq!(revoked(&ann).await, [Some(fresh.now() - Duration::from_mins(1)), Some(fresh.now())]);
    assert_eq!(revoked(&bob).await, [None]);
    let what = AuditFilter { what: Some(Deed::PersonKeyRevoked), ..AuditFilter::default() };
    let line = store.audit(what, None, 9).await.unwrap().remove(0);
    assert_eq!((line.about.as_str(), line.old.as_deref()), ("ann@library.example", Some("k2")));
    assert_eq!(line.who, Actor::Person { id: ann.id, name: ann.name.clone() });
}

/// Anybody can ask for one, at any time.
pub(crate) async fn a_link_that_a_stranger_may_have_asked_for_ends_no_other(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = add(fresh, &store, "ann", Role::Viewer).await;
    let opens = async |byte| store.link(token(byte), fresh.now()).await.unwrap().is_some();
    let purpose = LinkPurpose::Reset;
    link(fresh, &store, LinkPurpose::Invitation, Some(ann.id), 1).await.unwrap();
    for byte in [2, 3] {
        let new = NewLink { purpose, person: Some(ann.id), code: token(byte) };
        store.make_link(new, Actor::NotSignedIn, fresh.now()).await.unwrap();
    }
    assert_eq!([opens(1).await, opens(2).await, opens(3).await], [true; 3]);
    link(fresh, &store, purpose, Some(ann.id), 4).await.unwrap();
    assert_eq!([opens(1).await, opens(2).await, opens(3).await, opens(4).await], [false, false, false, true]);
    let new = NewLink { purpose, person: Some(ann.id), code: token(5) };
    store.make_link(new, Actor::NotSignedIn, fresh.now()).await.unwrap();
    store.take_link(token(4), password("ann"), fresh.now()).await.unwrap();
    assert!(!opens(5).await, "whoever has a new password needs none of them");
}

/// It may have gone to somebody else.
pub(crate) async fn a_link_to_a_wrong_address_ends_with_it(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = add(fresh, &store, "ann", Role::Administrator).await;
    link(fresh, &store, LinkPurpose::Invitation, Some(ann.id), 1).await.unwrap();
    for (email, opens) in [("Ann@library.example", true), ("anne@library.example", false)] {
        let change = move |person: &mut PersonSettings| person.email = email.parse().unwrap();
        store.change_person(ann.id, change, CLI, fresh.now()).await.unwrap();
        assert_eq!(store.link(token(1), fresh.now()).await.unwrap().is_some(), opens, "{email}");
    }
}

/// The first administrator comes by a link; nobody after them does.
pub(crate) async fn bookpost_is_set_up_once(fresh: &Fresh) {
    let store = fresh.open().await;
    let set_up = async |byte, name: &str| {
        store.set_up(token(byte), settings(name, Role::Viewer), password(name), fresh.now()).await
    };
    let invited = add(fresh, &store, "invited", Role::Administrator).await;
    let administrators = async || store.administrators().await.unwrap();
    assert_eq!(administrators().await, Administrators { all: 1, with_password: 0 });
    link(fresh, &store, LinkPurpose::SetUp, None, 1).await.unwrap();
    link(fresh, &store, LinkPurpose::Invitation, Some(invited.id), 2).await.unwrap();
    assert!(matches!(set_up(2, "eve").await, Err(Error::NotFound(_))), "an invitation sets nothing up");
    let taken = store.take_link(token(1), password("eve"), fresh.now()).await;
    assert!(matches!(taken, Err(Error::NotFound(_))), "{taken:?}");
    assert!(matches!(set_up(1, "invited").await, Err(Error::Exists(_))), "and the link is there still");
    let ann = set_up(1, "ann").await.unwrap();
    assert_eq!((ann.role, ann.has_password), (Role::Administrator, true));
    let line = store.audit(AuditFilter::default(), None, 1).await.unwrap().remove(0);
    assert_eq!((line.what, line.about.as_str()), (Deed::SetUp, "ann@library.example"));
    assert_eq!(line.who, Actor::Person { id: ann.id, name: ann.name.clone() });
    assert_eq!(administrators().await, Administrators { all: 2, with_password: 1 });
    let again = link(fresh, &store, LinkPurpose::SetUp, None, 3).await;
    assert!(matches!(again, Err(Error::Exists(_))), "{again:?}");
    sound(&store).await;

    // Made in time, and used too late: another administrator has come by their invitation.
    let other = fresh.another().await;
    let store = other.open().await;
    let invited = add(&other, &store, "invited", Role::Administrator).await;
    link(&other, &store, LinkPurpose::SetUp, None, 1).await.unwrap();
    store.set_password(invited.id, password("x"), None, CLI, other.now()).await.unwrap();
    assert_eq!(store.link(token(1), other.now()).await.unwrap(), None);
    let late = store.set_up(token(1), settings("eve", Role::Viewer), password("eve"), other.now()).await;
    assert!(matches!(late, Err(Error::NotFound(_))), "{late:?}");
}

pub(crate) async fn what_is_over_is_forgotten(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Manager).await;
    for byte in 1..=3 {
        begin(fresh, &store, &ann, byte).await;
    }
    link(fresh, &store, LinkPurpose::Reset, Some(ann.id), 9).await.unwrap();
    let before = store.stats();
    assert_eq!(store.forget_sessions(2, fresh.now()).await.unwrap(), 0);
    assert_eq!(store.stats(), before, "where nothing is over nothing is written");
    fresh.pass(minutes(SESSION_IDLE) - 1);
    assert!(is_open(fresh, &store, 3).await);
    fresh.pass(1);
    let mut forgotten = Vec::new();
    for _ in 0..3 {
        forgotten.push(store.forget_sessions(1, fresh.now()).await.unwrap());
    }
    assert_eq!(forgotten, [2, 1, 0], "two sessions and a link");
    assert!(is_open(fresh, &store, 3).await);
    sound(&store).await;
}

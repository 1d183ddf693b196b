//! People who sign in, and the log of what is changed.

use std::collections::BTreeSet;

use store::{
    Actor, Audit, AuditFilter, Deed, Error, NewAudit, PasswordHash, Person, PersonId, PersonSettings, Role,
    Store,
};

use crate::fresh::{Fresh, minute, sound};

/// Somebody at `NAME@library.example`, added by the command line.
pub(crate) async fn add(fresh: &Fresh, store: &Store, name: &str, role: Role) -> Person {
    store.add_person(settings(name, role), Actor::CommandLine, fresh.now()).await.unwrap()
}

/// Somebody who can sign in.
pub(crate) async fn member(fresh: &Fresh, store: &Store, name: &str, role: Role) -> Person {
    let person = add(fresh, store, name, role).await;
    store.set_password(person.id, password(name), None, Actor::CommandLine, fresh.now()).await.unwrap()
}

pub(crate) fn settings(name: &str, role: Role) -> PersonSettings {
    PersonSettings {
        email: format!("{name}@library.example").parse().unwrap(),
        name: name.parse().unwrap(),
        role,
        sites: BTreeSet::new(),
        language: None,
    }
}

/// No hash of anything; nothing here looks into it.
pub(crate) fn password(text: &str) -> PasswordHash {
    PasswordHash(format!("hash of {text}"))
}

fn by(person: &Person) -> Actor {
    Actor::Person { id: person.id, name: person.name.clone() }
}

async fn log(store: &Store) -> Vec<Audit> {
    store.audit(AuditFilter::default(), None, 99).await.unwrap()
}

/// `what` and `about`, the oldest first.
async fn deeds(store: &Store) -> Vec<(Deed, String)> {
    log(store).await.into_iter().rev().map(|line| (line.what, line.about)).collect()
}

pub(crate) async fn a_person_is_kept_as_they_were_added(fresh: &Fresh) {
    let store = fresh.open().await;
    let sites = BTreeSet::from(["MAIN".to_owned(), "EAST".to_owned()]);
    let language = Some("es".to_owned());
    let new = PersonSettings { sites, language, ..settings("Ann", Role::Manager) };
    fresh.at(1);
    let ann = store.add_person(new.clone(), Actor::CommandLine, fresh.now()).await.unwrap();
    assert_eq!(ann.settings(), new);
    let dates = (ann.added_at, ann.disabled_at, ann.last_sign_in_at, ann.has_password);
    assert_eq!(dates, (minute(1), None, None, false));
    let bob = add(fresh, &store, "bob", Role::Viewer).await;
    assert!(ann.id < bob.id);
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert_eq!(store.people().await.unwrap(), [ann.clone(), bob]);
    assert_eq!(store.person(ann.id).await.unwrap(), ann);
    assert!(matches!(store.person(PersonId(99)).await, Err(Error::NotFound(_))));
    sound(&store).await;
}

/// Whoever chooses a name says nothing by it that the log would say.
pub(crate) async fn nothing_that_is_typed_passes_for_another_part_of_the_log(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = add(fresh, &store, "ann", Role::Viewer).await;
    let forged = |settings: &mut PersonSettings| settings.name = "Ann; role: administrator".parse().unwrap();
    store.change_person(ann.id, forged, by(&ann), fresh.now()).await.unwrap();
    let other = PersonSettings { name: "B;role: x".parse().unwrap(), ..settings("bob", Role::Viewer) };
    store.add_person(other, by(&ann), fresh.now()).await.unwrap();
    let lines: Vec<_> = log(&store).await.into_iter().take(2).filter_map(|line| line.new).collect();
    assert_eq!(lines[1], "name: Ann, role: administrator");
    assert!(lines[0].contains("; name: B,role: x; role: viewer; "), "{lines:?}");
}

/// An address is one person's, however it is spelt.
pub(crate) async fn an_address_is_one_persons(fresh: &Fresh) {
    let store = fresh.open().await;
    let of =
        |email: &str| PersonSettings { email: email.parse().unwrap(), ..settings("somebody", Role::Viewer) };
    for (one, other, same) in [
        ("ann@library.example", "ANN@Library.example", true),
        ("zoë@library.example", "ZOË@library.example", true),
        ("bob@bücher.example", "bob@xn--bcher-kva.example", true),
        ("carl@library.example", "karl@library.example", false),
    ] {
        let first = store.add_person(of(one), Actor::CommandLine, fresh.now()).await.unwrap();
        let found = store.person_of(&other.parse().unwrap()).await;
        assert_eq!(found.is_ok_and(|found| found.id == first.id), same, "{other}");
        let second = store.add_person(of(other), Actor::CommandLine, fresh.now()).await;
        assert_eq!(matches!(second, Err(Error::Exists(_))), same, "{other}: {second:?}");
    }
    let dan = add(fresh, &store, "dan", Role::Viewer).await;
    let to =
        |email: &'static str| move |settings: &mut PersonSettings| settings.email = email.parse().unwrap();
    let taken = store.change_person(dan.id, to("Ann@library.example"), Actor::CommandLine, fresh.now()).await;
    assert!(matches!(taken, Err(Error::Exists(_))), "{taken:?}");
    assert_eq!(store.person(dan.id).await.unwrap(), dan);
    let own = store.change_person(dan.id, to("Dan@library.example"), Actor::CommandLine, fresh.now()).await;
    assert_eq!(own.unwrap().email.as_str(), "Dan@library.example");
    sound(&store).await;
}

/// Whatever is done to whom, somebody is left who can do everything.
pub(crate) async fn the_last_administrator_stays(fresh: &Fresh) {
    let store = fresh.open().await;
    let who = Actor::CommandLine;
    let ann = member(fresh, &store, "ann", Role::Administrator).await;
    // Invited, and not there yet.
    let bob = add(fresh, &store, "bob", Role::Administrator).await;
    member(fresh, &store, "carl", Role::Manager).await;
    let demoted = async |id| {
        store.change_person(id, |person| person.role = Role::Manager, who.clone(), fresh.now()).await
    };
    let disabled = async |id| store.disable_person(id, who.clone(), fresh.now()).await;
    let before = deeds(&store).await;
    for refused in [demoted(ann.id).await, disabled(ann.id).await] {
        assert!(matches!(refused, Err(Error::LastAdministrator)), "{refused:?}");
    }
    assert_eq!(store.person(ann.id).await.unwrap(), ann, "nothing of it was done");
    assert_eq!(deeds(&store).await, before, "nor noted");
    // Who is not there yet is not missed.
    disabled(bob.id).await.unwrap();
    store.enable_person(bob.id, who.clone(), fresh.now()).await.unwrap();
    store.set_password(bob.id, password("bob"), None, who.clone(), fresh.now()).await.unwrap();
    demoted(ann.id).await.unwrap();
    assert!(matches!(disabled(bob.id).await, Err(Error::LastAdministrator)));
    sound(&store).await;

    let alone = fresh.another().await;
    let store = alone.open().await;
    let ann = add(&alone, &store, "ann", Role::Administrator).await;
    let refused = store.disable_person(ann.id, who.clone(), alone.now()).await;
    assert!(matches!(refused, Err(Error::LastAdministrator)), "who will come is not sent away: {refused:?}");
}

pub(crate) async fn disabled_people_are_enabled_again(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Viewer).await;
    let before = deeds(&store).await.len();
    for at in [1, 2] {
        fresh.at(at);
        let disabled = store.disable_person(ann.id, Actor::CommandLine, fresh.now()).await.unwrap();
        assert_eq!(disabled.disabled_at, Some(minute(1)));
    }
    for _ in 0..2 {
        let enabled = store.enable_person(ann.id, Actor::CommandLine, fresh.now()).await.unwrap();
        assert_eq!((enabled.disabled_at, enabled.has_password), (None, true));
    }
    assert_eq!(deeds(&store).await.len(), before + 2, "what changed nothing is not noted");
    for absent in [
        store.disable_person(PersonId(99), Actor::CommandLine, fresh.now()).await,
        store.enable_person(PersonId(99), Actor::CommandLine, fresh.now()).await,
        store.change_person(PersonId(99), |_| (), Actor::CommandLine, fresh.now()).await,
    ] {
        assert!(matches!(absent, Err(Error::NotFound(_))), "{absent:?}");
    }
}

/// Who, what, to whom, as it was and as it is; and no secret.
pub(crate) async fn each_change_is_in_the_log(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = member(fresh, &store, "ann", Role::Administrator).await;
    let bob = add(fresh, &store, "bob", Role::Viewer).await;
    fresh.at(5);
    let change = |person: &mut PersonSettings| {
        person.role = Role::Manager;
        person.sites = BTreeSet::from(["MAIN".to_owned(), "EAST".to_owned()]);
    };
    store.change_person(bob.id, change, by(&ann), fresh.now()).await.unwrap();
    store.change_person(bob.id, |_| (), by(&ann), fresh.now()).await.unwrap();
    store.disable_person(bob.id, by(&ann), fresh.now()).await.unwrap();
    store.enable_person(bob.id, Actor::Configuration, fresh.now()).await.unwrap();
    let line = NewAudit {
        who: Actor::Configuration,
        what: Deed::PersonAdded,
        about: "something else".to_owned(),
        old: None,
        new: Some("new".to_owned()),
    };
    let asked = NewAudit { who: Actor::NotSignedIn, what: Deed::ResetLinkMade, ..line.clone() };
    let asked = store.note_audit(asked, fresh.now()).await.unwrap();
    let noted = store.note_audit(line, fresh.now()).await.unwrap();
    let all = log(&store).await;
    assert_eq!((all[0].id, all[1].id), (noted, asked));
    let email = |name: &str| format!("{name}@library.example");
    let told = deeds(&store).await;
    let expected = [
        (Deed::PersonAdded, email("ann")),
        (Deed::PasswordChanged, email("ann")),
        (Deed::PersonAdded, email("bob")),
        (Deed::PersonChanged, email("bob")),
        (Deed::PersonDisabled, email("bob")),
        (Deed::PersonEnabled, email("bob")),
        (Deed::ResetLinkMade, "something else".to_owned()),
        (Deed::PersonAdded, "something else".to_owned()),
    ];
    assert_eq!(told, expected);
    let changed = &all[4];
    assert_eq!((changed.happened_at, &changed.who), (minute(5), &by(&ann)));
    assert_eq!(changed.old.as_deref(), Some("role: viewer; sites: all"));
    assert_eq!(changed.new.as_deref(), Some("role: manager; sites: EAST, MAIN"));
    assert_eq!((&all[1].who, &all[2].who), (&Actor::NotSignedIn, &Actor::Configuration));
    assert!(!format!("{all:?}").contains("hash of"), "{all:?}");
}

pub(crate) async fn the_log_is_read_in_parts(fresh: &Fresh) {
    let store = fresh.open().await;
    let ann = add(fresh, &store, "ann", Role::Administrator).await;
    for name in ["bob", "carl", "dan"] {
        store.add_person(settings(name, Role::Viewer), by(&ann), fresh.now()).await.unwrap();
    }
    let all = log(&store).await;
    assert!(all.is_sorted_by(|one, next| one.id > next.id) && all.len() == 4, "{all:?}");
    let first = store.audit(AuditFilter::default(), None, 3).await.unwrap();
    let rest = store.audit(AuditFilter::default(), Some(first[2].id), 3).await.unwrap();
    assert_eq!([first, rest].concat(), all);
    let filtered = async |filter| store.audit(filter, None, 99).await.unwrap();
    assert_eq!(filtered(AuditFilter { who: Some(ann.id), ..AuditFilter::default() }).await, all[..3]);
    let about = Some("carl@library.example".to_owned());
    assert_eq!(filtered(AuditFilter { about: about.clone(), ..AuditFilter::default() }).await, all[1..2]);
    let who = Some(PersonId(99));
    assert_eq!(filtered(AuditFilter { who, about, ..AuditFilter::default() }).await, []);
    store.disable_person(ann.id, by(&ann), fresh.now()).await.unwrap_err();
    store.disable_person(PersonId(2), by(&ann), fresh.now()).await.unwrap();
    let disabled = AuditFilter { what: Some(Deed::PersonDisabled), ..AuditFilter::default() };
    assert_eq!(filtered(disabled.clone()).await, log(&store).await[..1]);
    assert_eq!(filtered(AuditFilter { who: Some(PersonId(2)), ..disabled }).await, []);
}

/// A visit is all that is looked at within half an hour of each other.
pub(crate) async fn when_somebody_looked_before_this_visit_is_known(fresh: &Fresh) {
    let store = fresh.open().await;
    let (ann, ben) =
        (add(fresh, &store, "ann", Role::Administrator).await, add(fresh, &store, "ben", Role::Viewer).await);
    for (minutes, before) in [
        (0, None),
        (0, None),
        (10, None),
        (39, None),
        (69, Some(39)),
        (90, Some(39)),
        (600, Some(90)),
        (601, Some(90)),
    ] {
        fresh.at(minutes);
        // Asking is no look.
        let expected = before.map(minute);
        assert_eq!(store.looked_before(ann.id, fresh.now()).await.unwrap(), expected, "minute {minutes}");
        assert_eq!(store.look(ann.id, fresh.now()).await.unwrap(), expected, "minute {minutes}");
    }
    assert_eq!(store.look(ben.id, fresh.now()).await.unwrap(), None);
    store.look(PersonId(999), fresh.now()).await.unwrap_err();
    sound(&store).await;
}

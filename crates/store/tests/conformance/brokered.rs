//! Installations that are served, and how often.

use std::time::Duration;

use store::{
    Actor, AuditFilter, Deed, Error, KeyHash, KeyId, NewInstallation, NewKey, NewService, Served, Service,
    ServiceCame, ServiceLimit, Store, Visit,
};

use crate::fresh::Fresh;

const CLI: Actor = Actor::CommandLine;
const HOUR: Duration = Duration::from_hours(1);

fn new(key: &str, name: &str) -> NewInstallation {
    NewInstallation {
        key: NewKey { id: KeyId(key.to_owned()), hash: KeyHash([7; 32]) },
        name: name.to_owned(),
        returns_to: format!("https://{key}.example"),
    }
}

fn service(key: &str, what: Service) -> NewService {
    let key = KeyId(key.to_owned());
    NewService { key, what, provider: "google".to_owned(), once: None, limits: Vec::new() }
}

async fn added(fresh: &Fresh) -> Store {
    let store = fresh.open().await;
    for (key, name) in [("one", "School"), ("two", "Library")] {
        store.add_installation(new(key, name), CLI, fresh.now()).await.unwrap();
    }
    store
}

pub(crate) async fn an_installation_is_served_until_it_is_revoked(fresh: &Fresh) {
    let store = added(fresh).await;
    let known = store.installation(&KeyId("one".to_owned())).await.unwrap().unwrap();
    assert_eq!((&*known.installation.name, known.hash), ("School", KeyHash([7; 32])));
    assert_eq!(store.installation(&KeyId("three".to_owned())).await.unwrap(), None);
    for (key, name) in [("one", "Another"), ("three", "School")] {
        let twice = store.add_installation(new(key, name), CLI, fresh.now()).await.unwrap_err();
        assert!(matches!(twice, Error::Exists(_)), "{twice}");
    }
    let yes = store.serve_installation(service("one", Service::Begun), fresh.now()).await.unwrap();
    assert!(matches!(yes, Served::Yes(_)), "{yes:?}");
    fresh.at(1);
    let key = KeyId("one".to_owned());
    let revoked = store.revoke_installation(&key, CLI, fresh.now()).await.unwrap();
    assert_eq!(revoked.revoked_at, Some(fresh.now()));
    fresh.at(2);
    assert_eq!(store.revoke_installation(&key, CLI, fresh.now()).await.unwrap(), revoked);
    let no = store.serve_installation(service("one", Service::Begun), fresh.now()).await.unwrap();
    assert_eq!(no, Served::Revoked);
    let absent = store.serve_installation(service("three", Service::Begun), fresh.now()).await.unwrap_err();
    assert!(matches!(absent, Error::NotFound(_)), "{absent}");
    let all = store.installations(fresh.now()).await.unwrap();
    let names: Vec<_> = all.into_iter().map(|one| one.installation.name).collect();
    assert_eq!(names, ["Library", "School"]);
    // Its name may be another's by now.
    store.add_installation(new("three", "School"), CLI, fresh.now()).await.unwrap();
    let filter = AuditFilter { about: Some("School".to_owned()), ..AuditFilter::default() };
    let log = store.audit(filter, None, 10).await.unwrap();
    let deeds: Vec<_> = log.iter().map(|line| line.what).collect();
    assert_eq!(deeds, [Deed::InstallationAdded, Deed::InstallationRevoked, Deed::InstallationAdded]);
}

pub(crate) async fn each_installation_has_limits_of_its_own(fresh: &Fresh) {
    let store = added(fresh).await;
    let limits = [(Duration::from_mins(1), 2), (HOUR, 3)];
    let limits = limits.map(|(within, most)| ServiceLimit { within, most, with_failures: true }).to_vec();
    let serve = async |key, what| {
        let new = NewService { limits: limits.clone(), ..service(key, what) };
        matches!(store.serve_installation(new, fresh.now()).await.unwrap(), Served::Yes(_))
    };
    assert!(serve("one", Service::Renewed).await && serve("one", Service::Renewed).await);
    assert!(!serve("one", Service::Renewed).await);
    assert!(serve("two", Service::Renewed).await && serve("one", Service::Begun).await);
    fresh.at(2);
    assert!(serve("one", Service::Renewed).await && !serve("one", Service::Renewed).await);
    fresh.at(61);
    assert!(serve("one", Service::Renewed).await);
}

/// That a provider is away costs an installation nothing of its day.
pub(crate) async fn what_nothing_came_of_counts_where_it_is_meant_to(fresh: &Fresh) {
    let store = added(fresh).await;
    let limits = |most, with_failures| vec![ServiceLimit { within: HOUR, most, with_failures }];
    let serve = async |limits| {
        let new = NewService { limits, ..service("one", Service::Renewed) };
        store.serve_installation(new, fresh.now()).await.unwrap()
    };
    for came in [ServiceCame::Away, ServiceCame::ClientRefused, ServiceCame::Away] {
        let Served::Yes(id) = serve(limits(1, false)).await else { panic!("{came:?}") };
        store.served(id, came).await.unwrap();
    }
    assert_eq!(serve(limits(3, true)).await, Served::TooOften);
    for came in [Some(ServiceCame::Given), Some(ServiceCame::Over), None] {
        let Served::Yes(id) = serve(limits(3, false)).await else { panic!("{came:?}") };
        if let Some(came) = came {
            store.served(id, came).await.unwrap();
        }
    }
    assert_eq!(serve(limits(3, false)).await, Served::TooOften, "with what is under way");
    let all = store.installations(fresh.now()).await.unwrap();
    let used: Vec<_> = all.iter().map(|one| (one.given_in_24_hours, one.served_at.is_some())).collect();
    assert_eq!(used, [(0, false), (1, true)]);
    fresh.at(25 * 60);
    assert_eq!(store.installations(fresh.now()).await.unwrap()[1].given_in_24_hours, 0);
}

/// By whoever began, from the first return on.
pub(crate) async fn what_was_begun_is_fetched_once(fresh: &Fresh) {
    let store = added(fresh).await;
    let serve = async |key, what, once| {
        let new = NewService { once: Some(once), ..service(key, what) };
        store.serve_installation(new, fresh.now()).await.unwrap()
    };
    let begin = async |key| serve(key, Service::Begun, Visit::Begins(b"a".to_vec())).await;
    let fetch = async |key| serve(key, Service::Fetched, Visit::Ends(b"a".to_vec())).await;
    assert_eq!(
        (fetch("one").await, store.led_back(b"a", fresh.now()).await.unwrap()),
        (Served::UsedBefore, None)
    );
    assert!(matches!(begin("one").await, Served::Yes(_)));
    assert_eq!(begin("two").await, Served::UsedBefore);
    let first = fresh.now();
    assert_eq!(store.led_back(b"a", fresh.now()).await.unwrap(), Some(first));
    fresh.at(1);
    assert_eq!(store.led_back(b"a", fresh.now()).await.unwrap(), Some(first));
    assert_eq!(fetch("two").await, Served::UsedBefore);
    assert!(matches!(fetch("one").await, Served::Yes(_)));
    assert_eq!(
        (fetch("one").await, store.led_back(b"a", fresh.now()).await.unwrap()),
        (Served::UsedBefore, None)
    );
}

pub(crate) async fn what_was_done_is_on_record_for_a_hundred_days(fresh: &Fresh) {
    let store = added(fresh).await;
    let begun = store.serve_installation(service("one", Service::Begun), fresh.now()).await.unwrap();
    let Served::Yes(id) = begun else { panic!("{begun:?}") };
    store.served(id, ServiceCame::Given).await.unwrap();
    fresh.at(1);
    store.serve_installation(service("two", Service::Renewed), fresh.now()).await.unwrap();
    let shown = async |key: Option<&str>| {
        let key = key.map(|key| KeyId(key.to_owned()));
        let lines = store.services(key.as_ref(), 10).await.unwrap();
        lines.into_iter().map(|line| (line.installation, line.what, line.came)).collect::<Vec<_>>()
    };
    let school = ("School".to_owned(), Service::Begun, Some(ServiceCame::Given));
    assert_eq!(shown(None).await, [("Library".to_owned(), Service::Renewed, None), school.clone()]);
    assert_eq!(shown(Some("one")).await, [school]);
    assert_eq!(store.services(None, 1).await.unwrap().len(), 1);
    fresh.at(101 * 24 * 60);
    store.serve_installation(service("two", Service::Renewed), fresh.now()).await.unwrap();
    assert_eq!(shown(None).await.len(), 1);
}

//! What people set while the program runs.

use std::collections::BTreeMap;

use store::{Actor, AuditFilter, Changed, Deed, Error, PersonId, Preferences};

use crate::fresh::{Fresh, minute, sound};

fn values<'a>(of: &[(&'a str, Option<&'a str>)]) -> BTreeMap<String, Option<String>> {
    of.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect()
}

fn ann() -> Actor {
    Actor::Person { id: PersonId(1), name: "Ann".parse().unwrap() }
}

fn changed(before: Option<&str>, after: Option<&str>) -> Changed {
    Changed { before: before.map(str::to_owned), after: after.map(str::to_owned) }
}

pub(crate) async fn what_is_set_is_kept_with_its_changes(fresh: &Fresh) {
    let store = fresh.open().await;
    assert_eq!(store.preferences().await.unwrap(), Preferences::default());
    let nothing = store.change_preferences(0, values(&[("gone", None)]), ann(), fresh.now()).await.unwrap();
    assert_eq!(nothing, None);
    fresh.at(1);
    let first = values(&[("server1.host", Some(r#""a.example""#)), ("server1.port", Some("25"))]);
    let first = store.change_preferences(0, first, ann(), fresh.now()).await.unwrap().unwrap();
    assert_eq!((first.version, first.changed_at, &first.changed_by), (1, minute(1), &ann()));
    fresh.at(2);
    let second = values(&[("server1.host", Some(r#""b.example""#)), ("server1.port", Some("25"))]);
    let second = store.change_preferences(1, second, Actor::CommandLine, fresh.now()).await.unwrap().unwrap();
    let host = changed(Some(r#""a.example""#), Some(r#""b.example""#));
    assert_eq!(second.values, BTreeMap::from([("server1.host".to_owned(), host)]), "the port stays");
    store.close().await.unwrap();
    let store = fresh.open().await;
    let changed_at = async |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        store.preference_changed_at(&names).await.unwrap()
    };
    assert_eq!(changed_at(&["server1.port", "gone"]).await, Some(minute(1)), "not with the host");
    assert_eq!(changed_at(&["server1.port", "server1.host"]).await, Some(minute(2)));
    assert_eq!(changed_at(&["gone"]).await, None);
    let undone =
        store.change_preferences(2, second.undone(), Actor::CommandLine, fresh.now()).await.unwrap().unwrap();
    let left = store.preferences().await.unwrap();
    assert_eq!((left.version, &*left.values["server1.host"], left.values.len()), (3, r#""a.example""#, 2));
    let cleared = store.change_preferences(3, first.undone(), ann(), fresh.now()).await.unwrap().unwrap();
    let left = store.preferences().await.unwrap();
    assert_eq!(left, Preferences { version: 4, values: BTreeMap::new() });
    assert_eq!(store.preference_changes(9).await.unwrap(), [cleared, undone.clone(), second, first]);
    assert_eq!(store.preference_changes(2).await.unwrap().pop(), Some(undone));
    sound(&store).await;
}

/// By whom, from what to what, and nothing of a secret.
pub(crate) async fn each_change_stands_in_the_log(fresh: &Fresh) {
    let store = fresh.open().await;
    let first = values(&[("server1.host", Some(r#""a""#)), ("server1.password", Some(r#"{"sealed":"x"}"#))]);
    store.change_preferences(0, first, ann(), fresh.now()).await.unwrap();
    let second = values(&[("server1.host", Some(r#""a""#)), ("server1.password", None)]);
    store.change_preferences(1, second, Actor::CommandLine, fresh.now()).await.unwrap();
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (&line.who, line.what, &*line.about, line.old.as_deref(), line.new.as_deref()))
        .collect();
    let (what, secret) = (Deed::PreferenceChanged, Some("(a secret)"));
    assert_eq!(
        lines,
        [
            (&Actor::CommandLine, what, "server1.password", secret, None),
            (&ann(), what, "server1.password", None, secret),
            (&ann(), what, "server1.host", None, Some("a")),
        ]
    );
}

/// Nothing of a change that is based on what is no more is stored.
pub(crate) async fn who_comes_second_is_told(fresh: &Fresh) {
    let store = fresh.open().await;
    let host = |name| values(&[("server1.host", Some(name)), ("library", Some(r#""L""#))]);
    store.change_preferences(0, host(r#""a""#), ann(), fresh.now()).await.unwrap();
    let late = store.change_preferences(0, host(r#""b""#), Actor::CommandLine, fresh.now()).await;
    assert!(matches!(late, Err(Error::Changed)), "{late:?}");
    let kept = store.preferences().await.unwrap();
    assert_eq!((kept.version, &*kept.values["server1.host"]), (1, r#""a""#));
}

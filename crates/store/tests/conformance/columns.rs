//! What people said of the columns of exports.

use store::{Actor, AuditFilter, COLUMNS_KEPT, ChosenColumns, Deed, KnownColumns, PersonId};

use crate::fresh::{Fresh, minute, sound};

fn ann() -> Actor {
    Actor::Person { id: PersonId(1), name: "Ann".parse().unwrap() }
}

fn chosen(of: &[(&str, &[&str])]) -> ChosenColumns {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    of.iter().map(|(what, columns)| ((*what).to_owned(), names(columns))).collect()
}

/// For everybody, over a restart, and until somebody says otherwise.
pub(crate) async fn what_was_said_of_columns_is_remembered_until_it_is_forgotten(fresh: &Fresh) {
    let store = fresh.open().await;
    assert_eq!(store.known_columns().await.unwrap(), []);
    let shape = || "mail\ntitel".to_owned();
    let first = chosen(&[("email", &["mail"]), ("title", &["titel"])]);
    fresh.at(1);
    store.remember_columns(shape(), first.clone(), ann(), fresh.now()).await.unwrap();
    fresh.at(2);
    store.remember_columns(shape(), first.clone(), Actor::CommandLine, fresh.now()).await.unwrap();
    let known = KnownColumns { shape: shape(), chosen: first, chosen_by: ann(), chosen_at: minute(1) };
    assert_eq!(store.known_columns().await.unwrap(), [known], "what is said again is no change");
    store.close().await.unwrap();
    let store = fresh.open().await;
    fresh.at(3);
    let second = chosen(&[("email", &["mail", "titel"])]);
    store.remember_columns(shape(), second.clone(), Actor::CommandLine, fresh.now()).await.unwrap();
    let known = store.known_columns().await.unwrap();
    assert_eq!((known.len(), &known[0].chosen, known[0].chosen_at), (1, &second, minute(3)));
    assert!(store.forget_columns(shape(), ann(), fresh.now()).await.unwrap());
    assert!(!store.forget_columns(shape(), ann(), fresh.now()).await.unwrap());
    assert_eq!(store.known_columns().await.unwrap(), []);
    let lines = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (line.what, &*line.about, line.old.as_deref(), line.new.as_deref()))
        .collect();
    let (old, new) = ("email: mail; title: titel", "email: mail, titel");
    assert_eq!(
        lines,
        [
            (Deed::ColumnsForgotten, "mail, titel", Some(new), None),
            (Deed::ColumnsChosen, "mail, titel", Some(old), Some(new)),
            (Deed::ColumnsChosen, "mail, titel", None, Some(old)),
        ]
    );
    sound(&store).await;
}

pub(crate) async fn the_columns_that_were_said_longest_ago_are_forgotten(fresh: &Fresh) {
    let store = fresh.open().await;
    for n in 0..=i64::try_from(COLUMNS_KEPT).unwrap() {
        fresh.at(n);
        let columns = chosen(&[("email", &["mail"])]);
        store.remember_columns(format!("{n:03}"), columns, ann(), fresh.now()).await.unwrap();
    }
    let known = store.known_columns().await.unwrap();
    assert_eq!((known.len(), &*known[0].shape), (COLUMNS_KEPT, "001"));
    sound(&store).await;
}

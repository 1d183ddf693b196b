//! The way in.

use store::{Error, MOST_RECIPIENTS};

use crate::fresh::{Fresh, accept, leased, now, sound, to_many, waiting};

pub(crate) async fn accept_is_all_or_nothing_in_order(fresh: &Fresh) {
    let store = fresh.open();
    let accepted = store.accept(vec![waiting(), to_many(waiting(), 3)], now()).await.unwrap();
    assert_eq!(accepted.iter().map(|one| one.recipients).collect::<Vec<_>>(), [1, 3]);
    assert!(accepted[0].id < accepted[1].id);
    let before = store.counts().await.unwrap();
    let refused = store.accept(vec![waiting(), to_many(waiting(), MOST_RECIPIENTS + 1)], now()).await;
    assert!(matches!(refused, Err(Error::TooManyRecipients { found: 65_537 })), "{refused:?}");
    assert_eq!(store.counts().await.unwrap(), before);
    sound(&store).await;
}

pub(crate) async fn concurrent_accepts_share_commits(fresh: &Fresh) {
    let store = fresh.open();
    let before = store.stats();
    let all: Vec<_> = (0..200)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.accept(vec![leased()], now()).await })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    let after = store.stats();
    assert_eq!(after.operations - before.operations, 200);
    assert!(after.commits - before.commits < 200, "{after:?}");
    sound(&store).await;
}

pub(crate) async fn ids_are_never_used_twice(fresh: &Fresh) {
    let store = fresh.open();
    let first = accept(&store, waiting()).await;
    store.close().await.unwrap();
    let store = fresh.open();
    assert!(accept(&store, waiting()).await.message() > first.message());
}

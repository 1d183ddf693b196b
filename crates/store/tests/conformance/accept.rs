//! The way in.

use store::{Accepted, Door, Error, InsteadOf, MOST_RECIPIENTS, NewMessage, Once, OnceKey, Verdict};

use crate::fresh::{Fresh, accept, accept_all, leased, minute, settlement, sound, to_many, waiting};

pub(crate) async fn accept_is_all_or_nothing_in_order(fresh: &Fresh) {
    let store = fresh.open().await;
    let accepted = accept_all(fresh, &store, vec![waiting(), to_many(waiting(), 3)]).await;
    assert_eq!(accepted.iter().map(|one| one.recipients).collect::<Vec<_>>(), [1, 3]);
    assert!(accepted[0].id < accepted[1].id);
    let before = store.counts().await.unwrap();
    let refused = store.accept(vec![waiting(), to_many(waiting(), MOST_RECIPIENTS + 1)], fresh.now()).await;
    assert!(matches!(refused, Err(Error::TooManyRecipients { found: 65_537 })), "{refused:?}");
    assert_eq!(store.counts().await.unwrap(), before);
    sound(&store).await;
}

pub(crate) async fn the_door_is_kept(fresh: &Fresh) {
    let store = fresh.open().await;
    let doors = [Door::Smtp, Door::Http, Door::Sendmail, Door::Notices, Door::Folder, Door::Bookpost];
    let messages = doors.map(|door| NewMessage { door, ..waiting() }).to_vec();
    for (accepted, door) in accept_all(fresh, &store, messages).await.iter().zip(doors) {
        let shown = store.show(accepted.id).await.unwrap();
        assert_eq!(shown[0].0.door, Some(door));
    }
}

pub(crate) async fn an_attempt_keeps_why_it_was_not_made_at_the_first_server(fresh: &Fresh) {
    let store = fresh.open().await;
    for instead_of in [None, Some(InsteadOf { since: minute(0), reason: mail::Reason::Unreachable })] {
        let recipient = accept(fresh, &store, leased()).await;
        let mut settlement = settlement(fresh, recipient, Verdict::Delivered);
        settlement.attempt.instead_of = instead_of;
        store.settle(vec![settlement.clone()], fresh.now()).await.unwrap();
        let shown = store.show(recipient.message()).await.unwrap();
        assert_eq!(shown[0].1, [settlement.attempt]);
    }
}

pub(crate) async fn concurrent_accepts_share_commits(fresh: &Fresh) {
    let store = fresh.open().await;
    let before = store.stats();
    let all: Vec<_> = (0..200)
        .map(|_| {
            let (store, now) = (store.clone(), fresh.now());
            tokio::spawn(async move { store.accept(vec![leased()], now).await })
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
    let store = fresh.open().await;
    let first = accept(fresh, &store, waiting()).await;
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert!(accept(fresh, &store, waiting()).await.message() > first.message());
}

/// What follows from being stored follows once, with what was stored, and not where nothing is.
pub(crate) async fn what_is_stored_is_told_before_the_answer(fresh: &Fresh) {
    let store = fresh.open().await;
    let (sender, told) = std::sync::mpsc::channel();
    let tell = || {
        let sender = sender.clone();
        move |accepted: &[Accepted]| sender.send(accepted.to_vec()).unwrap()
    };
    let accepted = store.accept_then(vec![waiting(); 2], tell(), fresh.now()).await.unwrap();
    assert_eq!(told.try_recv().unwrap(), accepted);
    let key = || OnceKey { application: "cron".to_owned(), key: "a".to_owned(), fingerprint: [1; 32] };
    let made = store.accept_once(key(), vec![waiting()], |_| Vec::new(), tell(), fresh.now()).await.unwrap();
    let Once::Stored { accepted, .. } = made else { panic!("not new") };
    assert_eq!(told.try_recv().unwrap(), accepted);
    store.accept_once(key(), vec![waiting()], |_| Vec::new(), tell(), fresh.now()).await.unwrap();
    let refused = to_many(waiting(), MOST_RECIPIENTS + 1);
    assert!(store.accept_then(vec![refused], tell(), fresh.now()).await.is_err());
    assert!(told.try_recv().is_err(), "nothing was stored");
}

/// Who did not hear the answer asks again, and hears the same.
pub(crate) async fn a_request_is_made_once(fresh: &Fresh) {
    let store = fresh.open().await;
    let key = |application: &str, key: &str, fingerprint| OnceKey {
        application: application.to_owned(),
        key: key.to_owned(),
        fingerprint: [fingerprint; 32],
    };
    let make = async |key| {
        let answer = |accepted: &[Accepted]| format!("{} accepted", accepted.len()).into_bytes();
        store.accept_once(key, vec![waiting(); 2], answer, |_| (), fresh.now()).await.unwrap()
    };
    let began_at = fresh.now();
    let Once::Stored { accepted, answer } = make(key("Library", "a", 1)).await else { panic!("not new") };
    assert_eq!((accepted.len(), answer.as_slice()), (2, &b"2 accepted"[..]));
    assert_eq!(make(key("Library", "a", 1)).await, Once::Before(answer));
    assert_eq!(make(key("Library", "a", 2)).await, Once::Another);
    assert_eq!(store.counts().await.unwrap().waiting, 2);
    assert!(
        matches!(make(key("cron", "a", 2)).await, Once::Stored { .. }),
        "names are each application's own"
    );
    let refused = to_many(waiting(), MOST_RECIPIENTS + 1);
    let known = store.made("Library", "a").await.unwrap().unwrap();
    assert_eq!((known.fingerprint, known.answer), ([1; 32], b"2 accepted".to_vec()));
    assert_eq!(store.made("Library", "z").await.unwrap(), None);
    let none =
        store.accept_once(key("Library", "b", 1), vec![refused], |_| Vec::new(), |_| (), fresh.now()).await;
    assert!(matches!(none, Err(Error::TooManyRecipients { .. })));
    assert!(matches!(make(key("Library", "b", 1)).await, Once::Stored { .. }), "what failed was not made");
    fresh.pass(7 * 24 * 60);
    assert_eq!(store.forget_requests(9, fresh.now()).await.unwrap(), 0);
    store.accept_once(key("Library", "kept", 1), Vec::new(), |_| Vec::new(), |_| (), began_at).await.unwrap();
    for name in ["kept", "never made"] {
        store.remember_request("Library", name, fresh.now()).await.unwrap();
    }
    fresh.pass(1);
    assert_eq!(store.forget_requests(2, fresh.now()).await.unwrap(), 2);
    assert_eq!(store.forget_requests(2, fresh.now()).await.unwrap(), 1);
    assert_eq!(store.forget_requests(2, fresh.now()).await.unwrap(), 0);
    assert!(store.made("Library", "kept").await.unwrap().is_some(), "it is still needed");
    assert_eq!(store.made("Library", "never made").await.unwrap(), None);
    assert!(matches!(make(key("Library", "a", 2)).await, Once::Stored { .. }));
    sound(&store).await;
}

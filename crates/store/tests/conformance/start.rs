//! Starting again after an abnormal end. Closing a store leaves rows in `Sending` as a kill does.

use mail::Reason;
use store::{Lease, Restarted, State, Verdict};

use crate::fresh::{Fresh, LEASE, accept, claim_of, leased, minute, now, row, settle, sound, state, waiting};

pub(crate) async fn restart_sorts_what_was_in_flight(fresh: &Fresh) {
    let store = fresh.open();
    let doubtful = accept(&store, leased()).await;
    let done = accept(&store, leased()).await;
    let flying = accept(&store, leased()).await;
    let claimed = accept(&store, waiting()).await;
    assert_eq!(store.claim(claim_of(1, now())).await.unwrap().len(), 1);
    settle(&store, done, Verdict::Delivered).await;
    store.close().await.unwrap();

    let store = fresh.open();
    // What else is written before, such as outcomes that the journal knew, hides nothing.
    store.raise(store::AlarmKind::Disk, "queue", "full", now()).await.unwrap();
    // What is said of another lease is about an earlier attempt, whose outcome is known.
    let said = vec![(doubtful, LEASE), (flying, Lease(LEASE.0 + 1)), (done, LEASE)];
    let restarted = store.restart(said, false, minute(11), minute(2)).await.unwrap();
    assert_eq!(restarted, Restarted { in_doubt: 1, alone: 2, struck_out: 0 });
    let doubtful = row(&store, doubtful).await;
    assert_eq!((doubtful.state, doubtful.due_at), (State::Waiting, Some(minute(11))));
    assert_eq!((doubtful.in_doubt_at, doubtful.reason), (Some(minute(2)), Some(Reason::AnswerUnknown)));
    assert_eq!(state(&store, done).await, State::Delivered);
    assert!(store.claim(claim_of(9, minute(20))).await.unwrap().is_empty(), "they go one by one");
    let mut alone = Vec::new();
    while let Some(one) = store.take_alone(LEASE, false, minute(2)).await.unwrap() {
        assert!(one.recipients[0].alone);
        alone.push(one.recipients[0].id);
    }
    alone.sort();
    assert_eq!(alone, [flying, claimed]);
    sound(&store).await;
}

pub(crate) async fn restart_leaves_this_epoch_alone(fresh: &Fresh) {
    let store = fresh.open();
    accept(&store, leased()).await;
    accept(&store, waiting()).await;
    store.claim(claim_of(1, now())).await.unwrap();
    assert_eq!(store.restart(Vec::new(), true, now(), now()).await.unwrap(), Restarted::default());
}

/// Invariant 9.
pub(crate) async fn three_deaths_alone_strike_out(fresh: &Fresh) {
    let mut store = fresh.open();
    let recipient = accept(&store, leased()).await;
    let mut struck_out = Vec::new();
    for _ in 0..4 {
        store.close().await.unwrap();
        store = fresh.open();
        struck_out.push(store.restart(Vec::new(), false, now(), now()).await.unwrap().struck_out);
        store.take_alone(LEASE, false, now()).await.unwrap();
    }
    assert_eq!(struck_out, [0, 0, 0, 1]);
    let row = row(&store, recipient).await;
    assert_eq!((row.state, row.reason, row.strikes), (State::Held, Some(Reason::Broke), 3));
    sound(&store).await;
}

pub(crate) async fn epoch_rises_and_store_id_stays(fresh: &Fresh) {
    let store = fresh.open();
    let (id, epoch) = (store.store_id(), store.epoch());
    store.close().await.unwrap();
    let store = fresh.open();
    assert_eq!((store.store_id(), store.epoch()), (id, epoch + 1));
}

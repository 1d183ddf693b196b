//! Starting again after an abnormal end. Closing a store leaves rows in `Sending` as a kill does.

use jiff::{SignedDuration, Timestamp};
use mail::Reason;
use store::{Doubt, Lease, RecipientId, Restart, Restarted, State, Verdict};

use crate::fresh::{
    Fresh, LEASE, MINUTE, accept, begin, claim_of, ids, leased, minute, notice, row, settle, sound, state,
    waiting,
};

fn doubt(recipient: RecipientId, lease: Lease, due_at: Option<Timestamp>) -> Doubt {
    Doubt { recipient, lease, due_at }
}

/// Invariant 9: nobody waits for those who cannot be at fault.
pub(crate) async fn restart_sorts_what_was_in_flight(fresh: &Fresh) {
    let store = fresh.open().await;
    let doubtful = accept(fresh, &store, leased()).await;
    let done = accept(fresh, &store, leased()).await;
    let flying = accept(fresh, &store, leased()).await;
    let later = accept(fresh, &store, leased()).await;
    let held = accept(fresh, &store, leased()).await;
    let in_line = accept(fresh, &store, leased()).await;
    let claimed = accept(fresh, &store, waiting()).await;
    assert_eq!(store.claim(claim_of(fresh, 1)).await.unwrap().len(), 1);
    settle(fresh, &store, done, Verdict::Delivered).await;
    store.close().await.unwrap();

    let store = fresh.open().await;
    // What else is written before, such as outcomes that the journal knew, hides nothing.
    store.raise(store::AlarmKind::Disk, "queue", "full", fresh.now()).await.unwrap();
    // What is said of another lease is about an earlier attempt, whose outcome is known.
    let stale = Lease(LEASE.0 + 1);
    let in_doubt = vec![
        doubt(doubtful, LEASE, Some(minute(11))),
        doubt(flying, stale, Some(minute(11))),
        doubt(done, LEASE, Some(minute(11))),
        doubt(later, LEASE, Some(minute(12))),
        doubt(held, LEASE, None),
    ];
    let begun = vec![(doubtful, LEASE), (done, LEASE), (flying, LEASE), (in_line, stale)];
    fresh.at(2);
    let restarted = store.restart(Restart { begun, in_doubt }, fresh.now()).await.unwrap();
    assert_eq!(restarted, Restarted { in_doubt: 3, waiting: 2, alone: 1, struck_out: 0 });
    let shown = row(&store, doubtful).await;
    assert_eq!((shown.state, shown.due_at), (State::Waiting, Some(minute(11))));
    assert_eq!((shown.in_doubt_at, shown.reason), (Some(minute(2)), Some(Reason::AnswerUnknown)));
    assert_eq!(state(&store, done).await, State::Delivered);
    assert_eq!(row(&store, later).await.due_at, Some(minute(12)), "each has its own time");
    assert_eq!((state(&store, held).await, state(&store, in_line).await), (State::InDoubt, State::Waiting));
    let together = ids(&store.claim(claim_of(fresh, 9)).await.unwrap());
    assert_eq!(together, [in_line.message(), claimed.message()], "at once, and not one by one");
    fresh.at(12);
    let mut alone = Vec::new();
    while let Some(one) = store.take_alone(LEASE, false, fresh.now()).await.unwrap() {
        assert!(one.recipients[0].alone);
        alone.push(one.recipients[0].id);
    }
    assert_eq!(alone, [flying, doubtful, later]);
    sound(&store).await;
}

/// A second lost answer waits for a person, and the timeline says how it was lost.
pub(crate) async fn a_second_lost_answer_waits_for_a_person(fresh: &Fresh) {
    let store = fresh.open().await;
    let recipient = accept(fresh, &store, leased()).await;
    settle(fresh, &store, recipient, Verdict::Deferred { due_at: minute(1), in_doubt: false }).await;
    let mut store = store;
    for (at, state) in [(1, State::Waiting), (9, State::InDoubt)] {
        fresh.at(at);
        store.claim(claim_of(fresh, 1)).await.unwrap();
        store.take_alone(LEASE, false, fresh.now()).await.unwrap();
        store.close().await.unwrap();
        store = fresh.open().await;
        let in_doubt = vec![doubt(recipient, LEASE, Some(minute(9)))];
        let known = Restart { in_doubt, ..Restart::default() };
        fresh.at(at + 1);
        assert_eq!(store.restart(known, fresh.now()).await.unwrap().in_doubt, 1);
        let shown = row(&store, recipient).await;
        assert_eq!((shown.state, shown.in_doubt_at), (state, Some(minute(2))));
        assert_eq!(shown.answer.as_deref(), Some("the program ended while the server was answering"));
    }
    let (row, attempts) = store.show(recipient.message()).await.unwrap().remove(0);
    let reasons: Vec<_> = attempts.iter().map(|attempt| attempt.reason).collect();
    let lost = Some(Reason::AnswerUnknown);
    assert_eq!((row.attempts, reasons), (3, vec![Some(Reason::TryLater), lost, lost]));
    assert_eq!(store.counts().await.unwrap().ever_in_doubt, 1);
    sound(&store).await;
}

pub(crate) async fn restart_leaves_this_epoch_alone(fresh: &Fresh) {
    let store = fresh.open().await;
    accept(fresh, &store, leased()).await;
    accept(fresh, &store, waiting()).await;
    store.claim(claim_of(fresh, 1)).await.unwrap();
    assert_eq!(store.restart(Restart::default(), fresh.now()).await.unwrap(), Restarted::default());
}

/// Whoever works goes on.
pub(crate) async fn nothing_is_taken_over_from_the_living(fresh: &Fresh) {
    let store = fresh.open().await;
    let recipient = accept(fresh, &store, leased()).await;
    assert_eq!(store.take_over(fresh.now()).await.unwrap(), Restarted::default());
    assert_eq!(settle(fresh, &store, recipient, Verdict::Delivered).await, store::Settled::Done);
    sound(&store).await;
}

/// Invariant 9.
pub(crate) async fn three_deaths_alone_strike_out(fresh: &Fresh) {
    let mut store = fresh.open().await;
    let recipient = accept(fresh, &store, leased()).await;
    let mut struck_out = Vec::new();
    // The first time on a connection among others; then alone, whether it came as far as the connection or not.
    for begun in [vec![(recipient, LEASE)], Vec::new(), vec![(recipient, LEASE)], Vec::new()] {
        store.close().await.unwrap();
        store = fresh.open().await;
        let known = Restart { begun, ..Restart::default() };
        struck_out.push(store.restart(known, fresh.now()).await.unwrap().struck_out);
        store.take_alone(LEASE, false, fresh.now()).await.unwrap();
    }
    assert_eq!(struck_out, [0, 0, 0, 1]);
    let row = row(&store, recipient).await;
    assert_eq!((row.state, row.reason, row.strikes), (State::Held, Some(Reason::Broke), 3));
    sound(&store).await;
}

/// Time that passes while the queue is closed is no clock that was set: what waits comes nearer, and nothing else changes.
pub(crate) async fn a_clock_that_nobody_set_moves_nothing(fresh: &Fresh) {
    const WEEK: u32 = 7 * 24 * 60;
    let store = fresh.open().await;
    let waits = accept(fresh, &store, waiting()).await;
    let run = begin(fresh, &store, false).await;
    let written = vec![notice(run, false, &["item"])];
    store.accept_notices(run, written.clone(), None, fresh.now()).await.unwrap();
    let before = store.show(waits.message()).await.unwrap();
    store.note_clock(SignedDuration::ZERO, fresh.now()).await.unwrap();
    store.close().await.unwrap();
    fresh.pass(WEEK);
    let store = fresh.open().await;
    assert_eq!(store.clock_set(), None);
    store.clock_set_heard().await.unwrap();
    assert_eq!(store.show(waits.message()).await.unwrap(), before);
    for (within, expected) in [(WEEK + 1, Some(minute(0))), (WEEK, None)] {
        let keys = &written[0].keys;
        let lately = store.written_lately("overdue-items", keys, Some(within * MINUTE), fresh.now()).await;
        assert_eq!(lately.unwrap(), [expected], "{within} minutes");
    }
    sound(&store).await;
}

pub(crate) async fn epoch_rises_and_store_id_stays(fresh: &Fresh) {
    let store = fresh.open().await;
    let (id, epoch) = (store.store_id(), store.epoch());
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert_eq!((store.store_id(), store.epoch()), (id, epoch + 1));
}

/// Where there is no other machine, all that is done once is done here.
pub(crate) async fn who_has_a_duty_keeps_it(fresh: &Fresh) {
    let store = fresh.open().await;
    for duty in ["reports", "alarms", "reports"] {
        assert!(store.take_duty(duty).await.unwrap(), "{duty}");
    }
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert!(store.take_duty("reports").await.unwrap(), "at the next start it goes on");
    accept(fresh, &store, leased()).await;
    accept(fresh, &store, waiting()).await;
    assert_eq!(store.sending_here().await.unwrap(), 1);
    sound(&store).await;
}

//! Starting again after an abnormal end. Closing a store leaves rows in `Sending` as a kill does.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mail::Reason;
use store::{Doubt, Lease, NewMessage, NoticeAccepted, RecipientId, Restart, Restarted, State, Verdict};

use crate::fresh::{
    Fresh, LEASE, accept, begin, claim_of, ids, leased, minute, notice, now, row, settle, sound, state,
    waiting,
};

const DAY: Duration = Duration::from_hours(24);

fn doubt(recipient: RecipientId, lease: Lease, due_at: Option<Timestamp>) -> Doubt {
    Doubt { recipient, lease, due_at }
}

/// Invariant 9: nobody waits for those who cannot be at fault.
pub(crate) async fn restart_sorts_what_was_in_flight(fresh: &Fresh) {
    let store = fresh.open();
    let doubtful = accept(&store, leased()).await;
    let done = accept(&store, leased()).await;
    let flying = accept(&store, leased()).await;
    let later = accept(&store, leased()).await;
    let held = accept(&store, leased()).await;
    let in_line = accept(&store, leased()).await;
    let claimed = accept(&store, waiting()).await;
    assert_eq!(store.claim(claim_of(1, now())).await.unwrap().len(), 1);
    settle(&store, done, Verdict::Delivered).await;
    store.close().await.unwrap();

    let store = fresh.open();
    // What else is written before, such as outcomes that the journal knew, hides nothing.
    store.raise(store::AlarmKind::Disk, "queue", "full", now()).await.unwrap();
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
    let restarted = store.restart(Restart { begun, in_doubt }, minute(2)).await.unwrap();
    assert_eq!(restarted, Restarted { in_doubt: 3, waiting: 2, alone: 1, struck_out: 0 });
    let shown = row(&store, doubtful).await;
    assert_eq!((shown.state, shown.due_at), (State::Waiting, Some(minute(11))));
    assert_eq!((shown.in_doubt_at, shown.reason), (Some(minute(2)), Some(Reason::AnswerUnknown)));
    assert_eq!(state(&store, done).await, State::Delivered);
    assert_eq!(row(&store, later).await.due_at, Some(minute(12)), "each has its own time");
    assert_eq!((state(&store, held).await, state(&store, in_line).await), (State::InDoubt, State::Waiting));
    let together = ids(&store.claim(claim_of(9, minute(2))).await.unwrap());
    assert_eq!(together, [in_line.message(), claimed.message()], "at once, and not one by one");
    let mut alone = Vec::new();
    while let Some(one) = store.take_alone(LEASE, false, minute(12)).await.unwrap() {
        assert!(one.recipients[0].alone);
        alone.push(one.recipients[0].id);
    }
    assert_eq!(alone, [flying, doubtful, later]);
    sound(&store).await;
}

/// A second lost answer waits for a person, and the timeline says how it was lost.
pub(crate) async fn a_second_lost_answer_waits_for_a_person(fresh: &Fresh) {
    let store = fresh.open();
    let recipient = accept(&store, leased()).await;
    settle(&store, recipient, Verdict::Deferred { due_at: minute(1), in_doubt: false }).await;
    let mut store = store;
    for (at, state) in [(1, State::Waiting), (9, State::InDoubt)] {
        store.claim(claim_of(1, fresh.at(at))).await.unwrap();
        store.take_alone(LEASE, false, fresh.at(at)).await.unwrap();
        store.close().await.unwrap();
        store = fresh.open();
        let in_doubt = vec![doubt(recipient, LEASE, Some(minute(9)))];
        let known = Restart { in_doubt, ..Restart::default() };
        assert_eq!(store.restart(known, fresh.at(at + 1)).await.unwrap().in_doubt, 1);
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
    let store = fresh.open();
    accept(&store, leased()).await;
    accept(&store, waiting()).await;
    store.claim(claim_of(1, now())).await.unwrap();
    assert_eq!(store.restart(Restart::default(), now()).await.unwrap(), Restarted::default());
}

/// Invariant 9.
pub(crate) async fn three_deaths_alone_strike_out(fresh: &Fresh) {
    let mut store = fresh.open();
    let recipient = accept(&store, leased()).await;
    let mut struck_out = Vec::new();
    // The first time on a connection among others; then alone, whether it came as far as the connection or not.
    for begun in [vec![(recipient, LEASE)], Vec::new(), vec![(recipient, LEASE)], Vec::new()] {
        store.close().await.unwrap();
        store = fresh.open();
        let known = Restart { begun, ..Restart::default() };
        struck_out.push(store.restart(known, now()).await.unwrap().struck_out);
        store.take_alone(LEASE, false, now()).await.unwrap();
    }
    assert_eq!(struck_out, [0, 0, 0, 1]);
    let row = row(&store, recipient).await;
    assert_eq!((row.state, row.reason, row.strikes), (State::Held, Some(Reason::Broke), 3));
    sound(&store).await;
}

/// However the machine's clock is set, what waits waits as long as before, and is as old as before.
pub(crate) async fn a_clock_that_was_set_changes_no_wait_and_no_age(fresh: &Fresh) {
    let hours = SignedDuration::from_hours;
    let mut store = fresh.open();
    // By how many hours it is set while the queue is open, and while it is closed.
    for (time, (open, closed)) in
        (1..).zip([(0, 0), (-168, 0), (168, 0), (-500_000, 0), (500_000, 0), (0, -24)])
    {
        let start = fresh.now();
        let message = NewMessage { first_due_at: start, expires_at: start + hours(100), ..waiting() };
        let waits = RecipientId::of(store.accept(vec![message], start).await.unwrap()[0].id, 0);
        let run = begin(&store, false).await;
        let written = vec![notice(run, false, &[&format!("item {time}")])];
        store.accept_notices(run, written.clone(), None, start).await.unwrap();
        store.note_clock(hours(open), start).await.unwrap();
        store.close().await.unwrap();
        fresh.pass(hours(open + closed));
        store = fresh.open();
        let told = format!("{open} hours while open, {closed} while closed");
        assert_eq!(store.clock_set().unwrap_or_default(), hours(open + closed), "{told}");
        let row = row(&store, waits).await;
        let now = fresh.now();
        assert_eq!((row.accepted_at, row.first_due_at, row.due_at), (now, now, Some(now)), "{told}");
        assert_eq!(row.expires_at, now + hours(100), "{told}");
        let again = store.accept_notices(run, written, Some(DAY), now + hours(23)).await.unwrap();
        assert_eq!(again, [NoticeAccepted::WrittenLately { last_at: now }], "{told}");
        store.close().await.unwrap();
        store = fresh.open();
        assert_eq!(store.clock_set(), None, "once only");
    }
    sound(&store).await;
}

pub(crate) async fn epoch_rises_and_store_id_stays(fresh: &Fresh) {
    let store = fresh.open();
    let (id, epoch) = (store.store_id(), store.epoch());
    store.close().await.unwrap();
    let store = fresh.open();
    assert_eq!((store.store_id(), store.epoch()), (id, epoch + 1));
}

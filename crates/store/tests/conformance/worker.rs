//! Claims, outcomes, age.

use std::time::Duration;

use mail::Reason;
use store::{Claim, Class, Lease, NewMessage, RecipientId, Recovery, Settled, State, Verdict};

use crate::fresh::{
    Fresh, LEASE, accept, accept_all, address, begin, claim_of, ids, leased, minute, row, settle, settlement,
    sound, state, to_many, waiting,
};

pub(crate) async fn claim_takes_urgent_first_and_starves_nobody(fresh: &Fresh) {
    let store = fresh.open().await;
    let mut all = Vec::new();
    for class in [Class::Bulk, Class::Normal, Class::Urgent] {
        for _ in 0..8 {
            all.push(accept(fresh, &store, NewMessage { class, ..waiting() }).await.message());
        }
    }
    let claimed = ids(&store.claim(claim_of(fresh, 8)).await.unwrap());
    assert_eq!(claimed[..6], all[16..22], "urgent first, in order");
    assert_eq!(claimed.len(), 8, "and two places for those below");
    let rest = store.claim(claim_of(fresh, 100)).await.unwrap();
    assert_eq!(rest.len(), 16);
    assert_eq!(store.next_due(false).await.unwrap(), None);
    sound(&store).await;
}

/// Who comes late waits behind nobody's whole mailing; of one source all goes in its order.
pub(crate) async fn claim_takes_turns_among_applications_and_runs(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = begin(fresh, &store, false).await;
    let of = |application: &str, run| NewMessage { application: application.to_owned(), run, ..waiting() };
    let sources = [of("Library", None), of("Library", Some(run)), of("Textbook Tracker", None)];
    let mut all = Vec::new();
    for message in &sources {
        all.push(accept_all(fresh, &store, vec![message.clone(); 60]).await);
    }
    let claimed = ids(&store.claim(claim_of(fresh, 60)).await.unwrap());
    for accepted in &all {
        let of_source: Vec<_> = accepted.iter().map(|one| one.id).collect();
        let taken: Vec<_> = claimed.iter().filter(|id| of_source.contains(id)).copied().collect();
        assert_eq!(taken, of_source[..20]);
    }
    let late = accept(fresh, &store, of("cron", None)).await;
    let not_due = NewMessage { first_due_at: minute(9), ..of("Calendar", None) };
    let not_due = accept(fresh, &store, not_due).await;
    let claimed = ids(&store.claim(claim_of(fresh, 4)).await.unwrap());
    assert!(claimed.contains(&late.message()), "{claimed:?}");
    assert_eq!(claimed.len(), 4);
    while store.next_due(false).await.unwrap() != Some((minute(9), not_due)) {
        assert!(!store.claim(claim_of(fresh, 40)).await.unwrap().is_empty());
    }
    sound(&store).await;
}

pub(crate) async fn claim_keeps_practice_apart(fresh: &Fresh) {
    let store = fresh.open().await;
    let rehearsal = accept(fresh, &store, NewMessage { practice: true, ..waiting() }).await;
    assert!(store.claim(claim_of(fresh, 9)).await.unwrap().is_empty());
    assert_eq!(store.next_due(false).await.unwrap(), None);
    assert_eq!(store.next_due(true).await.unwrap(), Some((minute(0), rehearsal)));
    let claimed = store.claim(Claim { practice: true, ..claim_of(fresh, 9) }).await.unwrap();
    assert!(claimed[0].practice);
}

pub(crate) async fn claim_never_cuts_a_message(fresh: &Fresh) {
    let store = fresh.open().await;
    accept(fresh, &store, to_many(waiting(), 5)).await;
    let claimed = store.claim(claim_of(fresh, 2)).await.unwrap();
    assert_eq!(claimed[0].recipients.len(), 5);
    assert_eq!(claimed[0].envelope, to_many(waiting(), 5).envelope);
    assert_eq!(claimed[0].bytes, waiting().bytes);
}

/// What is claimed is in memory, however large the messages are.
pub(crate) async fn claim_ends_at_so_many_bytes(fresh: &Fresh) {
    let store = fresh.open().await;
    let large = |class| NewMessage { class, bytes: vec![b'a'; 1_000].into(), ..waiting() };
    accept_all(fresh, &store, vec![large(Class::Normal); 9]).await;
    for (bytes, expected) in [(0, 1), (1, 1), (1_001, 2), (3_000, 3), (usize::MAX, 2)] {
        let claimed = store.claim(Claim { bytes, ..claim_of(fresh, 100) }).await.unwrap();
        assert_eq!(claimed.len(), expected, "{bytes} bytes");
    }
    accept_all(fresh, &store, vec![large(Class::Urgent); 9]).await;
    accept_all(fresh, &store, vec![large(Class::Bulk); 9]).await;
    let claimed = store.claim(Claim { bytes: 4_000, ..claim_of(fresh, 12) }).await.unwrap();
    let classes: Vec<_> = claimed.iter().map(|one| one.class).collect();
    assert_eq!(
        classes,
        [Class::Urgent, Class::Urgent, Class::Urgent, Class::Bulk],
        "the lower ones keep their share"
    );
    sound(&store).await;
}

pub(crate) async fn claim_spreads_after_a_recovery(fresh: &Fresh) {
    let store = fresh.open().await;
    accept_all(fresh, &store, vec![waiting(); 50]).await;
    let urgent = accept(fresh, &store, NewMessage { class: Class::Urgent, ..waiting() }).await;
    let later = accept(fresh, &store, NewMessage { first_due_at: minute(12), ..waiting() }).await;
    accept_all(fresh, &store, vec![waiting(); 50]).await;
    let recovery = Some(Recovery { recovered_at: minute(10), window: Duration::from_mins(10) });
    let mut sum = 0;
    for (minutes, least, most) in [(10, 1, 3), (12, 20, 24), (15, 48, 54), (19, 88, 94), (20, 102, 102)] {
        fresh.at(minutes);
        let claimed = store.claim(Claim { recovery, ..claim_of(fresh, 200) }).await.unwrap();
        sum += claimed.len();
        let rehearsal = Claim { practice: true, ..claim_of(fresh, 9) };
        assert!(store.claim(rehearsal).await.unwrap().is_empty(), "and does not disturb the others");
        assert!((least..=most).contains(&sum), "{sum} after {minutes} minutes");
        assert_eq!(ids(&claimed).contains(&urgent.message()), minutes == 10, "urgent mail at once");
        assert_eq!(ids(&claimed).contains(&later.message()), minutes == 12, "what fell due later as usual");
    }
    sound(&store).await;
}

/// How far apart their ids are does not matter: one old message does not press all the others into the end of the window.
pub(crate) async fn claim_spreads_by_number_not_by_id(fresh: &Fresh) {
    let store = fresh.open().await;
    accept(fresh, &store, waiting()).await;
    for delivered in accept_all(fresh, &store, vec![leased(); 300]).await {
        settle(fresh, &store, RecipientId::of(delivered.id, 0), Verdict::Delivered).await;
    }
    accept_all(fresh, &store, vec![waiting(); 99]).await;
    let recovery = Some(Recovery { recovered_at: minute(10), window: Duration::from_mins(10) });
    let claim = async |minutes, recovery| {
        fresh.at(minutes);
        let claimed = store.claim(Claim { recovery, ..claim_of(fresh, 200) }).await.unwrap();
        for one in claimed.iter().flat_map(|one| &one.recipients).take(5) {
            settle(fresh, &store, one.id, Verdict::GivenBack).await;
        }
        claimed.len()
    };
    assert_eq!(claim(12, recovery).await, 20);
    // Five were given back, and are among those that come next.
    assert_eq!(claim(15, recovery).await, 35);
    assert_eq!(claim(20, recovery).await, 55);
    sound(&store).await;
}

/// The mark is asked for by message, again for a smaller group of its recipients, and again at each attempt; it settles nothing.
pub(crate) async fn what_is_ours_may_leave(fresh: &Fresh) {
    let store = fresh.open().await;
    let one = accept(fresh, &store, to_many(leased(), 3)).await.message();
    let recipients = [0, 1, 2].map(|ordinal| RecipientId::of(one, ordinal));
    let keys = recipients.map(|recipient| (recipient, LEASE));
    for group in [&keys[..], &keys[1..]] {
        assert!(store.mark(group).await.unwrap());
    }
    assert_eq!(state(&store, recipients[0]).await, State::Sending);
    assert_eq!(settle(fresh, &store, recipients[0], Verdict::Delivered).await, Settled::Done);
    assert_eq!(settle(fresh, &store, recipients[1], Verdict::GivenBack).await, Settled::Done);
    assert_eq!(store.claim(claim_of(fresh, 1)).await.unwrap()[0].recipients[0].id, recipients[1]);
    assert!(store.mark(&keys[1..2]).await.unwrap());
    sound(&store).await;
}

/// Invariant 4.
pub(crate) async fn a_stale_lease_changes_nothing(fresh: &Fresh) {
    let store = fresh.open().await;
    let recipient = accept(fresh, &store, leased()).await;
    for verdict in [Verdict::Delivered, Verdict::Returned, Verdict::Held, Verdict::GivenBack] {
        let mut stale = settlement(fresh, recipient, verdict);
        stale.lease = Lease(1);
        let before = store.show(recipient.message()).await.unwrap();
        assert_eq!(store.settle(vec![stale], fresh.now()).await.unwrap(), [Settled::TooLate]);
        assert_eq!(store.show(recipient.message()).await.unwrap(), before);
    }
    assert_eq!(settle(fresh, &store, recipient, Verdict::Delivered).await, Settled::Done);
    assert_eq!(settle(fresh, &store, recipient, Verdict::Returned).await, Settled::TooLate);
    assert_eq!(state(&store, recipient).await, State::Delivered);
    sound(&store).await;
}

/// Invariant 3: who may have it already is known to be so at each further attempt.
pub(crate) async fn claim_says_who_was_in_doubt(fresh: &Fresh) {
    let store = fresh.open().await;
    for in_doubt in [true, false] {
        let recipient = accept(fresh, &store, leased()).await;
        let deferred = async |in_doubt| {
            settle(fresh, &store, recipient, Verdict::Deferred { due_at: fresh.later(5), in_doubt }).await;
            fresh.pass(5);
        };
        deferred(in_doubt).await;
        for attempts in 1..=2 {
            let claimed = store.claim(claim_of(fresh, 1)).await.unwrap();
            let one = claimed[0].recipients[0];
            assert_eq!((one.id, one.in_doubt_before, one.attempts), (recipient, in_doubt, attempts));
            deferred(false).await;
        }
        store.claim(claim_of(fresh, 1)).await.unwrap();
        settle(fresh, &store, recipient, Verdict::Delivered).await;
    }
    sound(&store).await;
}

/// Invariants 3 and 4: who may have it is not sent it again once we know.
pub(crate) async fn late_success_ends_doubt(fresh: &Fresh) {
    let store = fresh.open().await;
    fresh.at(1);
    for verdict in [Verdict::Deferred { due_at: minute(11), in_doubt: true }, Verdict::InDoubt] {
        let recipient = accept(fresh, &store, leased()).await;
        settle(fresh, &store, recipient, verdict).await;
        assert_eq!(settle(fresh, &store, recipient, Verdict::Delivered).await, Settled::TooLate);
        let row = row(&store, recipient).await;
        assert_eq!((row.state, row.in_doubt_at), (State::Delivered, Some(minute(1))));
    }
    let certain = accept(fresh, &store, leased()).await;
    settle(fresh, &store, certain, Verdict::Deferred { due_at: minute(5), in_doubt: false }).await;
    settle(fresh, &store, certain, Verdict::Delivered).await;
    assert_eq!(state(&store, certain).await, State::Waiting);
    assert_eq!(store.counts().await.unwrap().ever_in_doubt, 2);
    sound(&store).await;
}

pub(crate) async fn practice_never_becomes_real(fresh: &Fresh) {
    let store = fresh.open().await;
    for (practice, wrong, right) in
        [(true, Verdict::Delivered, Verdict::Practiced), (false, Verdict::Practiced, Verdict::Delivered)]
    {
        let recipient = accept(fresh, &store, NewMessage { practice, ..leased() }).await;
        assert_eq!(settle(fresh, &store, recipient, wrong).await, Settled::TooLate);
        assert_eq!(state(&store, recipient).await, State::Sending);
        assert_eq!(settle(fresh, &store, recipient, right).await, Settled::Done);
    }
    sound(&store).await;
}

pub(crate) async fn given_back_is_due_as_it_was(fresh: &Fresh) {
    let store = fresh.open().await;
    let recipient = accept(fresh, &store, leased()).await;
    assert_eq!(settle(fresh, &store, recipient, Verdict::GivenBack).await, Settled::Done);
    let (row, attempts) = store.show(recipient.message()).await.unwrap().remove(0);
    assert_eq!((row.state, row.due_at, row.attempts), (State::Waiting, Some(minute(0)), 0));
    assert!(attempts.is_empty());
    // The reason that is named stands until another does.
    assert_eq!(row.reason, settlement(fresh, recipient, Verdict::GivenBack).attempt.reason);
}

pub(crate) async fn every_verdict_leads_to_its_state(fresh: &Fresh) {
    let store = fresh.open().await;
    fresh.at(1);
    for (verdict, expected, due_at) in [
        (Verdict::Delivered, State::Delivered, None),
        (Verdict::Deferred { due_at: minute(5), in_doubt: false }, State::Waiting, Some(minute(5))),
        (Verdict::InDoubt, State::InDoubt, None),
        (Verdict::Returned, State::Returned, None),
        (Verdict::Held, State::Held, None),
        (Verdict::Struck { due_at: minute(5) }, State::Waiting, Some(minute(5))),
    ] {
        let recipient = accept(fresh, &store, leased()).await;
        let settlement = settlement(fresh, recipient, verdict);
        assert_eq!(store.settle(vec![settlement.clone()], fresh.now()).await.unwrap(), [Settled::Done]);
        let (row, attempts) = store.show(recipient.message()).await.unwrap().remove(0);
        assert_eq!((row.state, row.due_at, row.attempts), (expected, due_at, 1));
        assert_eq!(row.answer.as_deref(), Some("the server's answer"));
        assert_eq!(attempts, [settlement.attempt]);
    }
    sound(&store).await;
}

/// Invariant 9.
/// It was nobody's fault that it was not sent.
pub(crate) async fn what_waits_for_a_limit_or_an_allowance_makes_no_older(fresh: &Fresh) {
    let store = fresh.open().await;
    for (reason, minutes) in [
        (Some(Reason::LimitReached), 9),
        (Some(Reason::QuotaUsedUp), 9),
        (Some(Reason::TryLater), 0),
        (None, 0),
    ] {
        let recipient = accept(fresh, &store, leased()).await;
        let before = row(&store, recipient).await.expires_at;
        let waits = Verdict::Deferred { due_at: fresh.later(9), in_doubt: false };
        let mut settlement = settlement(fresh, recipient, waits);
        settlement.attempt.reason = reason;
        assert_eq!(store.settle(vec![settlement], fresh.now()).await.unwrap(), [Settled::Done]);
        let kept = row(&store, recipient).await.expires_at.duration_since(before);
        assert_eq!(kept.as_mins(), minutes, "{reason:?}");
    }
    sound(&store).await;
}

pub(crate) async fn three_strikes_hold(fresh: &Fresh) {
    let store = fresh.open().await;
    let recipient = accept(fresh, &store, leased()).await;
    for expected in [State::Waiting, State::Waiting, State::Held] {
        settle(fresh, &store, recipient, Verdict::Struck { due_at: fresh.now() }).await;
        assert_eq!(state(&store, recipient).await, expected);
        let alone = store.take_alone(LEASE, false, fresh.now()).await.unwrap();
        assert_eq!(alone.is_some(), expected == State::Waiting);
    }
    assert_eq!(row(&store, recipient).await.reason, Some(Reason::Broke));
    sound(&store).await;
}

pub(crate) async fn expire_returns_with_obligation(fresh: &Fresh) {
    let store = fresh.open().await;
    for minutes in [10, 20, 30] {
        accept(fresh, &store, NewMessage { expires_at: minute(minutes), ..waiting() }).await;
    }
    fresh.at(25);
    let expire = |limit| store.expire(minute(20), false, limit, Reason::Expired, "no answer", fresh.now());
    assert_eq!(expire(1).await.unwrap(), 1);
    assert_eq!(expire(9).await.unwrap(), 1);
    assert_eq!(expire(9).await.unwrap(), 0);
    let owed = store.obligations(&address("desk@library.example"), false, 9).await.unwrap();
    assert_eq!(owed.len(), 2);
    assert_eq!((owed[0].first_attempt_at, owed[0].last_attempt_at), (None, None), "never attempted");
    assert_eq!(
        (owed[0].row.reason, owed[0].row.answer.as_deref()),
        (Some(Reason::Expired), Some("no answer"))
    );
    sound(&store).await;
}

/// Who may have the message is never reported as not having it.
pub(crate) async fn expire_sets_aside_what_was_in_doubt(fresh: &Fresh) {
    let store = fresh.open().await;
    for in_doubt in [true, false] {
        let recipient = accept(fresh, &store, NewMessage { expires_at: minute(20), ..leased() }).await;
        settle(fresh, &store, recipient, Verdict::Deferred { due_at: minute(5), in_doubt }).await;
        fresh.at(25);
        let expired = store.expire(minute(20), false, 9, Reason::Expired, "no answer", fresh.now()).await;
        assert_eq!(expired.unwrap(), 1);
        let row = row(&store, recipient).await;
        let expected = if in_doubt {
            (State::InDoubt, Some(Reason::AnswerUnknown))
        } else {
            (State::Returned, Some(Reason::Expired))
        };
        assert_eq!(
            (row.state, row.reason, row.answer.as_deref()),
            (expected.0, expected.1, Some("no answer"))
        );
    }
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.in_doubt, counts.returned, counts.reports_owed, counts.ever_in_doubt), (1, 1, 1, 1));
    assert_eq!(store.expire(minute(20), false, 9, Reason::Expired, "", fresh.now()).await.unwrap(), 0);
    sound(&store).await;
}

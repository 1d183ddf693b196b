//! What people see and ask.

use std::time::Duration;

use mail::Reason;
use store::{Filter, ForLater, Kind, Move, Moved, NewMessage, RecipientId, RunId, Selection, State, Verdict};

use crate::fresh::{
    Fresh, LEASE, accept, accept_all, address, claim_of, leased, minute, row, settle, sound, state, to_many,
    waiting,
};

pub(crate) async fn moves_are_legal_ones_only(fresh: &Fresh) {
    let store = fresh.open().await;
    let all =
        [State::Waiting, State::Sending, State::InDoubt, State::Delivered, State::Returned, State::Held];
    for (wish, from, to) in [
        (Move::Retry, vec![State::Waiting, State::InDoubt, State::Held], State::Waiting),
        (Move::Hold, vec![State::Waiting], State::Held),
        (Move::Release, vec![State::Held], State::Waiting),
        (Move::Cancel, vec![State::Waiting, State::InDoubt, State::Held], State::Cancelled),
        (Move::Return, vec![State::Waiting, State::Held], State::Returned),
    ] {
        for start in all {
            let recipient = accept(fresh, &store, leased()).await;
            let verdict = match start {
                State::Waiting => Some(Verdict::GivenBack),
                State::InDoubt => Some(Verdict::InDoubt),
                State::Delivered => Some(Verdict::Delivered),
                State::Returned => Some(Verdict::Returned),
                State::Held => Some(Verdict::Held),
                _ => None,
            };
            if let Some(verdict) = verdict {
                settle(fresh, &store, recipient, verdict).await;
            }
            fresh.pass(1);
            let legal = from.contains(&start);
            let selection = Selection::Messages(vec![recipient.message()]);
            let moved = store.move_recipients(selection, wish, fresh.now()).await.unwrap();
            let unmoved_in = (!legal).then_some((start, 1)).into_iter().collect();
            let expected =
                Moved { moved: legal.into(), unmoved: (!legal).into(), unmoved_in, missing: Vec::new() };
            assert_eq!(moved, expected, "{wish:?} {start:?}");
            assert_eq!(state(&store, recipient).await, if legal { to } else { start }, "{wish:?} {start:?}");
        }
    }
    let moved = store.move_recipients(Selection::All, Move::Cancel, fresh.now()).await.unwrap();
    assert_eq!(moved.unmoved, 0);
    let selection = Selection::State(State::Delivered);
    assert_eq!(store.move_recipients(selection, Move::Retry, fresh.now()).await.unwrap().moved, 0);
    sound(&store).await;
}

/// Each recipient of it once, and none of the others, however many there are.
/// What is not to be sent before a time is not hurried by whoever tries again all that waits.
pub(crate) async fn what_is_for_later_is_not_tried_again(fresh: &Fresh) {
    let store = fresh.open().await;
    let later = accept(fresh, &store, NewMessage { first_due_at: minute(50), ..waiting() }).await;
    let put_off = accept(fresh, &store, NewMessage { first_due_at: minute(50), ..leased() }).await;
    settle(fresh, &store, put_off, Verdict::Deferred { due_at: minute(60), in_doubt: false }).await;
    let moved =
        store.move_recipients(Selection::State(State::Waiting), Move::Retry, fresh.now()).await.unwrap();
    assert_eq!((moved.moved, moved.unmoved), (1, 1));
    assert_eq!(row(&store, later).await.due_at, Some(minute(50)));
    assert_eq!(row(&store, put_off).await.due_at, Some(fresh.now()));
    fresh.at(51);
    let moved =
        store.move_recipients(Selection::State(State::Waiting), Move::Retry, fresh.now()).await.unwrap();
    assert_eq!(moved.moved, 2);
    sound(&store).await;
}

pub(crate) async fn large_selections_go_in_slices(fresh: &Fresh) {
    let store = fresh.open().await;
    let of = |run| NewMessage { run: Some(RunId(run)), ..to_many(waiting(), 3) };
    for _ in 0..150 {
        accept_all(fresh, &store, vec![of(1), of(2)]).await;
    }
    let done = NewMessage { run: Some(RunId(1)), ..leased() };
    let done = accept(fresh, &store, done).await;
    settle(fresh, &store, done, Verdict::Delivered).await;
    let before = store.stats();
    fresh.at(1);
    for (selection, wish, moved, unmoved, held) in [
        (Selection::Run(RunId(1)), Move::Hold, 450, 1, 450),
        (Selection::Run(RunId(1)), Move::Hold, 0, 451, 450),
        (Selection::State(State::Held), Move::Release, 450, 0, 0),
        (Selection::All, Move::Hold, 900, 0, 900),
        (Selection::Run(RunId(2)), Move::Release, 450, 0, 450),
    ] {
        let found = store.move_recipients(selection.clone(), wish, fresh.now()).await.unwrap();
        assert_eq!((found.moved, found.unmoved), (moved, unmoved), "{selection:?} {wish:?}");
        assert_eq!(found.unmoved_in.values().sum::<u64>(), unmoved, "of all slices");
        assert_eq!(store.counts().await.unwrap().held, held, "{selection:?} {wish:?}");
    }
    assert!(store.stats().operations - before.operations > 5, "others' work goes between");
    sound(&store).await;
}

pub(crate) async fn time_held_does_not_age(fresh: &Fresh) {
    let store = fresh.open().await;
    let recipient = accept(fresh, &store, NewMessage { run: Some(RunId(1)), ..waiting() }).await;
    let selection = Selection::Run(RunId(1));
    for (held_at, released_at, credit) in [(10, 40, 30), (50, 55, 35)] {
        for (minutes, wish) in [(held_at, Move::Hold), (released_at, Move::Release)] {
            fresh.at(minutes);
            store.move_recipients(selection.clone(), wish, fresh.now()).await.unwrap();
        }
        let row = row(&store, recipient).await;
        assert_eq!((row.due_at, row.expires_at), (Some(minute(released_at)), minute(6_000 + credit)));
    }
}

/// What is to be sent later stays so when it is held in between; a person who wants it at once asks for a retry.
pub(crate) async fn what_is_released_keeps_its_time(fresh: &Fresh) {
    let store = fresh.open().await;
    let later = |at| NewMessage { first_due_at: minute(at), expires_at: minute(at + 6_000), ..waiting() };
    let [soon, late] = [accept(fresh, &store, later(30)).await, accept(fresh, &store, later(90)).await];
    let retried = accept(fresh, &store, later(90)).await;
    let all = |wish, now| store.move_recipients(Selection::All, wish, now);
    for (minutes, wish) in [(10, Move::Hold), (50, Move::Release)] {
        fresh.at(minutes);
        all(wish, fresh.now()).await.unwrap();
    }
    let times = async |recipient| {
        let row = row(&store, recipient).await;
        (row.due_at, row.expires_at)
    };
    assert_eq!(times(soon).await, (Some(minute(50)), minute(6_050)), "20 minutes of it would have counted");
    assert_eq!(times(late).await, (Some(minute(90)), minute(6_090)));
    let one = Selection::Messages(vec![retried.message()]);
    store.move_recipients(one.clone(), Move::Retry, fresh.now()).await.unwrap();
    assert_eq!(times(retried).await, (Some(minute(50)), minute(6_090)));
    // Once it was attempted its time is over.
    store.claim(claim_of(fresh, 9)).await.unwrap();
    settle(fresh, &store, retried, Verdict::Held).await;
    store.move_recipients(one, Move::Release, fresh.now()).await.unwrap();
    assert_eq!(times(retried).await.0, Some(minute(50)));
    sound(&store).await;
}

pub(crate) async fn time_without_a_way_does_not_age(fresh: &Fresh) {
    let store = fresh.open().await;
    let before = accept(fresh, &store, waiting()).await;
    let rehearsal = accept(fresh, &store, NewMessage { practice: true, ..waiting() }).await;
    let done = accept(fresh, &store, leased()).await;
    settle(fresh, &store, done, Verdict::Delivered).await;
    for minutes in [10, 20] {
        fresh.at(minutes);
        store.stop_ageing(false, fresh.now()).await.unwrap();
    }
    let held = accept(fresh, &store, NewMessage { run: Some(RunId(3)), ..waiting() }).await;
    let run = Selection::Run(RunId(3));
    fresh.at(25);
    store.move_recipients(run.clone(), Move::Hold, fresh.now()).await.unwrap();
    let meanwhile = accept(fresh, &store, NewMessage { first_due_at: minute(30), ..waiting() }).await;
    let later = accept(fresh, &store, NewMessage { first_due_at: minute(50), ..waiting() }).await;
    // Many, so that it takes more than one slice.
    let many = accept_all(fresh, &store, vec![waiting(); 600]).await;
    store.close().await.unwrap();
    let store = fresh.open().await;
    fresh.at(40);
    for _ in 0..2 {
        store.resume_ageing(false, fresh.now()).await.unwrap();
    }
    // Set aside in the middle: the time before has the one reason, the time since the other.
    assert_eq!(row(&store, held).await.expires_at, minute(6_000 + 15));
    fresh.at(60);
    store.move_recipients(run, Move::Release, fresh.now()).await.unwrap();
    assert_eq!(row(&store, held).await.expires_at, minute(6_000 + 15 + 35));
    let last = RecipientId::of(many[599].id, 0);
    for (recipient, credit) in
        [(before, 30), (last, 30), (meanwhile, 10), (later, 0), (rehearsal, 0), (done, 0)]
    {
        assert_eq!(row(&store, recipient).await.expires_at, minute(6_000 + credit));
    }
    sound(&store).await;
}

/// Invariant 8: a person can be asked again.
pub(crate) async fn who_waits_for_a_person_is_counted(fresh: &Fresh) {
    let store = fresh.open().await;
    fresh.at(1);
    let held = accept(fresh, &store, leased()).await;
    settle(fresh, &store, held, Verdict::Held).await;
    let doubt = accept(fresh, &store, leased()).await;
    settle(fresh, &store, doubt, Verdict::InDoubt).await;
    let by_person = accept(fresh, &store, waiting()).await;
    let one = Selection::Messages(vec![by_person.message()]);
    fresh.at(5);
    store.move_recipients(one.clone(), Move::Hold, fresh.now()).await.unwrap();
    let done = accept(fresh, &store, leased()).await;
    settle(fresh, &store, done, Verdict::Delivered).await;
    let aside = async |minutes| {
        fresh.at(minutes);
        store.aside(Duration::from_mins(10), fresh.now()).await.unwrap()
    };
    for (minutes, expected) in [(5, 0), (11, 0), (12, 2), (15, 2), (16, 3)] {
        assert_eq!(aside(minutes).await, expected, "minute {minutes}");
    }
    let since = [(held, Some(1)), (doubt, Some(1)), (by_person, Some(5)), (done, None)];
    for (recipient, minutes) in since {
        assert_eq!(row(&store, recipient).await.aside_at, minutes.map(minute));
    }
    fresh.at(20);
    store.move_recipients(one, Move::Release, fresh.now()).await.unwrap();
    assert_eq!(aside(30).await, 2);
    assert_eq!(row(&store, by_person).await.aside_at, None);
    sound(&store).await;
}

pub(crate) async fn list_filters_and_pages(fresh: &Fresh) {
    let store = fresh.open().await;
    let held = accept(fresh, &store, NewMessage { run: Some(RunId(4)), ..leased() }).await;
    settle(fresh, &store, held, Verdict::Held).await;
    let doubt = accept(fresh, &store, NewMessage { site: None, ..leased() }).await;
    settle(fresh, &store, doubt, Verdict::InDoubt).await;
    let report = accept(fresh, &store, NewMessage { kind: Kind::Report, ..waiting() }).await;
    let none = Filter::default();
    for (filter, expected) in [
        (none.clone(), vec![report, doubt, held]),
        (Filter { state: Some(State::Held), ..none.clone() }, vec![held]),
        (Filter { state: Some(State::Waiting), ..none.clone() }, vec![report]),
        (Filter { state: Some(State::Returned), ..none.clone() }, vec![]),
        (Filter { run: Some(RunId(4)), state: Some(State::Held), ..none.clone() }, vec![held]),
        (Filter { site: Some("MAIN".to_owned()), ..none.clone() }, vec![report, held]),
        (Filter { sites: ["EAST", "MAIN"].map(str::to_owned).into(), ..none.clone() }, vec![report, held]),
        (Filter { sites: ["EAST".to_owned()].into(), ..none.clone() }, vec![]),
        (Filter { ever_in_doubt: true, ..none.clone() }, vec![doubt]),
        (Filter { ever_in_doubt: true, state: Some(State::InDoubt), ..none.clone() }, vec![doubt]),
        (Filter { kind: Some(Kind::Report), ..none.clone() }, vec![report]),
        (Filter { application: Some("Library".to_owned()), ..none.clone() }, vec![doubt]),
        (Filter { application: Some("cron".to_owned()), ..none.clone() }, vec![]),
        (Filter { address: Some(address("q@example.org")), ..none.clone() }, vec![]),
        (Filter { address: Some(address("P@Example.ORG")), ..none.clone() }, vec![report, doubt, held]),
    ] {
        let rows = store.list(filter.clone(), None, 10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.recipient).collect::<Vec<_>>(), expected, "{filter:?}");
    }
    let page = store.list(none, Some(report), 1).await.unwrap();
    assert_eq!(page[0].recipient, doubt);
}

pub(crate) async fn mail_is_found_from_an_instant_on(fresh: &Fresh) {
    let store = fresh.open().await;
    let since = |minutes| Filter { since: Some(minute(minutes)), ..Filter::default() };
    assert!(store.list(since(0), None, 9).await.unwrap().is_empty());
    let mut all = Vec::new();
    for minutes in [1, 2, 2, 5] {
        fresh.at(minutes);
        all.push(accept(fresh, &store, leased()).await);
    }
    settle(fresh, &store, all[3], Verdict::Delivered).await;
    for (minutes, first) in [(0, 0), (1, 0), (2, 1), (3, 3), (5, 3), (6, 4)] {
        let mut rows: Vec<_> =
            store.list(since(minutes), None, 9).await.unwrap().iter().map(|row| row.recipient).collect();
        rows.reverse();
        assert_eq!(rows, all[first..], "minute {minutes}");
    }
}

pub(crate) async fn mail_that_has_waited_is_found_by_when_and_why(fresh: &Fresh) {
    let store = fresh.open().await;
    let has_waited = async |due, expires, but: &[Reason]| {
        store.has_waited(minute(due), minute(expires), but).await.unwrap()
    };
    for (message, verdict) in [
        (NewMessage { practice: true, expires_at: minute(10), ..waiting() }, None),
        (NewMessage { expires_at: minute(20), ..leased() }, Some(Verdict::Held)),
        (
            NewMessage { expires_at: minute(30), ..leased() },
            Some(Verdict::Deferred { due_at: minute(5), in_doubt: false }),
        ),
        // What is given up soon may be young.
        (NewMessage { expires_at: minute(35), first_due_at: minute(20), ..waiting() }, None),
    ] {
        let recipient = accept(fresh, &store, message).await;
        if let Some(verdict) = verdict {
            settle(fresh, &store, recipient, verdict).await;
        }
        assert!(!has_waited(10, 60, &[Reason::TryLater]).await);
    }
    assert!(has_waited(10, 60, &[]).await);
    accept(fresh, &store, NewMessage { expires_at: minute(50), first_due_at: minute(8), ..waiting() }).await;
    for (due, expires, expected) in [(10, 60, true), (8, 60, false), (10, 50, false)] {
        assert_eq!(has_waited(due, expires, &[Reason::TryLater]).await, expected, "{due} {expires}");
    }
    sound(&store).await;
}

pub(crate) async fn mail_for_later_is_counted_until_its_time(fresh: &Fresh) {
    let store = fresh.open().await;
    let at = |due, site: &str| NewMessage {
        first_due_at: minute(due),
        expires_at: minute(due + 6_000),
        site: Some(site.to_owned()),
        ..waiting()
    };
    accept(fresh, &store, waiting()).await;
    accept(fresh, &store, at(30, "MAIN")).await;
    accept(fresh, &store, at(20, "EAST")).await;
    accept(fresh, &store, NewMessage { practice: true, ..at(40, "EAST") }).await;
    // Somebody wanted it now, and it has its own next try.
    let tried = accept(fresh, &store, NewMessage { lease: Some(LEASE), ..at(10, "EAST") }).await;
    settle(fresh, &store, tried, Verdict::Deferred { due_at: minute(9), in_doubt: false }).await;
    let held = accept(fresh, &store, NewMessage { lease: Some(LEASE), ..at(10, "EAST") }).await;
    settle(fresh, &store, held, Verdict::Held).await;
    for (now, sites, count, next) in [
        (0, &[][..], 3, Some(20)),
        (0, &["EAST"], 2, Some(20)),
        (0, &["MAIN"], 1, Some(30)),
        (0, &["WEST"], 0, None),
        (20, &[], 2, Some(30)),
        (39, &["EAST", "MAIN"], 1, Some(40)),
        (40, &[], 0, None),
    ] {
        let sites = sites.iter().map(|site| (*site).to_owned()).collect();
        fresh.at(now);
        let found = store.for_later(sites, fresh.now()).await.unwrap();
        assert_eq!(found, ForLater { count, next_at: next.map(minute), more: false }, "{now}");
    }
    sound(&store).await;
}

pub(crate) async fn counts_agree_with_rows(fresh: &Fresh) {
    let store = fresh.open().await;
    accept(fresh, &store, waiting()).await;
    accept(fresh, &store, leased()).await;
    let returned = accept(fresh, &store, leased()).await;
    settle(fresh, &store, returned, Verdict::Returned).await;
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.waiting, counts.sending, counts.returned, counts.reports_owed), (1, 1, 1, 1));
    assert_eq!((counts.oldest_waiting_at, counts.next_due_at), (Some(minute(0)), Some(minute(0))));
    assert_eq!(counts.expires_first_at, Some(waiting().expires_at));
    store.close().await.unwrap();
    assert_eq!(fresh.open().await.counts().await.unwrap(), counts);
}

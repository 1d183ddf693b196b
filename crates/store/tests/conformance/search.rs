//! Finding mail, and counting it by library and time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mail::{Envelope, ReversePath};
use store::{
    Counted, Filter, Move, Moved, NewMessage, QUARTERS_KEPT, RecipientId, RunId, SUBJECTS_SEARCHED,
    Selection, State, Store, Verdict,
};

use crate::fresh::{
    Fresh, accept, accept_all, address, begin, leased, minute, row, settle, sound, state, to_many, waiting,
};

fn to(recipient: &str, subject: &str) -> NewMessage {
    let envelope =
        Envelope::to_one(ReversePath::Address(address("desk@library.example")), address(recipient));
    NewMessage { envelope, subject: subject.to_owned(), ..waiting() }
}

async fn found(store: &Store, filter: &Filter) -> Vec<RecipientId> {
    let part = store.part(filter.clone(), None, 10).await.unwrap();
    assert_eq!((part.next, part.looked_back_to), (None, None), "{filter:?}");
    let rows = store.list(filter.clone(), None, 10).await.unwrap();
    assert_eq!(rows, part.rows, "{filter:?}");
    part.rows.iter().map(|row| row.recipient).collect()
}

pub(crate) async fn mail_is_found_by_whom_it_is_for_and_what_it_is_about(fresh: &Fresh) {
    let store = fresh.open().await;
    let ana = accept(fresh, &store, to("Ana.Ruiz@example.org", "Your overdue items")).await;
    let ann = accept(fresh, &store, to("ann@Example.org", "Your hold is ready, 100 % sure")).await;
    let bob = accept(fresh, &store, to("bob@lists.example.org", "Su préstamo vence")).await;
    let quoted = accept(fresh, &store, to("\"a@b\"@example.com", "ÉL_LIBRO")).await;
    let none = Filter::default();
    let beginning = |text: &str| Filter { beginning: Some(text.to_owned()), ..none.clone() };
    let domain = |text: &str| Filter { domain: Some(text.to_owned()), ..none.clone() };
    let subject = |text: &str| Filter { subject: Some(text.to_owned()), ..none.clone() };
    for (filter, expected) in [
        (beginning("an"), vec![ann, ana]),
        (beginning("ANA.r"), vec![ana]),
        (beginning("ann@example.org"), vec![ann]),
        (beginning("b%"), vec![]),
        (beginning("ana.ruiz@example.org."), vec![]),
        (domain("example.org"), vec![ann, ana]),
        (domain("LISTS.example.org"), vec![bob]),
        (domain("example.com"), vec![quoted]),
        (domain("b\"@example.com"), vec![]),
        (subject("your"), vec![ann, ana]),
        (subject("Items  OVERDUE"), vec![ana]),
        (subject("PRÉSTAMO"), vec![bob]),
        (subject("él_libro"), vec![quoted]),
        (subject("100 %"), vec![ann]),
        (subject("l%b"), vec![]),
        (subject("y_ur"), vec![]),
        (Filter { domain: Some("example.org".to_owned()), ..subject("hold") }, vec![ann]),
        (Filter { beginning: Some("an".to_owned()), ..subject("hold") }, vec![ann]),
        (Filter { up_to: Some(ann), ..none.clone() }, vec![ann, ana]),
        (Filter { up_to: Some(ana), ..beginning("an") }, vec![ana]),
    ] {
        assert_eq!(found(&store, &filter).await, expected, "{filter:?}");
        let moved =
            store.move_recipients(Selection::Matching(Box::new(filter.clone())), Move::Hold, fresh.now());
        let count = u64::try_from(expected.len()).unwrap();
        assert_eq!(moved.await.unwrap().moved, count, "{filter:?}");
        let counted = store.count(filter.clone()).await.unwrap();
        let states =
            if expected.is_empty() { BTreeMap::new() } else { BTreeMap::from([(State::Held, count)]) };
        assert_eq!(counted, Counted { states, more: false }, "{filter:?}");
        let all = Selection::State(State::Held);
        store.move_recipients(all, Move::Release, fresh.now()).await.unwrap();
    }
    sound(&store).await;
}

pub(crate) async fn words_are_looked_for_in_what_is_not_old(fresh: &Fresh) {
    let asked = Filter { subject: Some("overdue".to_owned()), ..Filter::default() };
    let week = fresh.now() - SUBJECTS_SEARCHED;
    assert_eq!(asked.clone().within_reach(fresh.now()).since, Some(week));
    let later = Some(fresh.now());
    assert_eq!(Filter { since: later, ..asked.clone() }.within_reach(fresh.now()).since, later);
    assert_eq!(Filter { since: Some(Timestamp::MIN), ..asked }.within_reach(fresh.now()).since, Some(week));
    assert_eq!(Filter::default().within_reach(fresh.now()), Filter::default());
}

pub(crate) async fn a_list_is_given_in_parts(fresh: &Fresh) {
    let store = fresh.open().await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(accept(fresh, &store, waiting()).await);
    }
    all.reverse();
    let filter = Filter { state: Some(State::Waiting), ..Filter::default() };
    let first = store.part(filter.clone(), None, 2).await.unwrap();
    assert_eq!((first.next, first.looked_back_to), (Some(all[1]), None));
    let second = store.part(filter.clone(), first.next, 3).await.unwrap();
    assert_eq!(second.next, None);
    let rows: Vec<_> = first.rows.iter().chain(&second.rows).map(|row| row.recipient).collect();
    assert_eq!(rows, all);
    assert_eq!(store.part(Filter { state: Some(State::Held), ..filter }, None, 2).await.unwrap().rows, []);
}

/// However much there is, a part looks through so much only, and goes on where it ended until all was found.
pub(crate) async fn a_part_looks_through_so_much_only(fresh: &Fresh) {
    let store = fresh.open().await;
    let first = accept(fresh, &store, NewMessage { tags: vec!["rare".to_owned()], ..waiting() }).await;
    fresh.pass(1);
    accept_all(fresh, &store, vec![to_many(waiting(), 11_000)]).await;
    let filter = Filter { tag: Some("rare".to_owned()), ..Filter::default() };
    let part = store.part(filter.clone(), None, 2).await.unwrap();
    assert_eq!((part.rows, part.looked_back_to), (Vec::new(), Some(fresh.now())));
    let counted = store.count(filter.clone()).await.unwrap();
    assert_eq!(counted, Counted { states: BTreeMap::new(), more: true });
    let part = store.part(filter, part.next, 2).await.unwrap();
    assert_eq!(part.rows.iter().map(|row| row.recipient).collect::<Vec<_>>(), [first]);
    assert_eq!((part.next, part.looked_back_to), (None, None));
    // As many are counted as costs little, whatever they are found by.
    let subject = Filter { subject: Some("overdue".to_owned()), ..Filter::default() };
    let counted = store.count(subject).await.unwrap();
    assert_eq!(counted, Counted { states: [(State::Waiting, 10_000)].into(), more: true });
    // What is asked for by state and library alone is counted already.
    let waits = Filter { state: Some(State::Waiting), site: Some("MAIN".to_owned()), ..Filter::default() };
    let counted = store.count(waits).await.unwrap();
    assert_eq!(counted, Counted { states: BTreeMap::from([(State::Waiting, 11_001)]), more: false });
}

pub(crate) async fn all_that_match_are_moved_and_no_others(fresh: &Fresh) {
    let store = fresh.open().await;
    let of_run = NewMessage { run: Some(RunId(4)), ..waiting() };
    let before = accept(fresh, &store, of_run.clone()).await;
    fresh.pass(10);
    let meant = accept(fresh, &store, of_run.clone()).await;
    let elsewhere =
        accept(fresh, &store, NewMessage { site: Some("EAST".to_owned()), ..of_run.clone() }).await;
    let other = accept(fresh, &store, waiting()).await;
    let later = accept(fresh, &store, of_run).await;
    let filter = Filter {
        run: Some(RunId(4)),
        since: Some(fresh.now()),
        sites: BTreeSet::from(["MAIN".to_owned()]),
        up_to: Some(other),
        ..Filter::default()
    };
    let moved =
        store.move_recipients(Selection::Matching(Box::new(filter)), Move::Hold, fresh.now()).await.unwrap();
    assert_eq!(moved, Moved { moved: 1, ..Moved::default() });
    for (recipient, expected) in [
        (before, State::Waiting),
        (meant, State::Held),
        (elsewhere, State::Waiting),
        (other, State::Waiting),
        (later, State::Waiting),
    ] {
        assert_eq!(state(&store, recipient).await, expected, "{recipient:?}");
    }
}

/// So that one decision can be taken back, and no other.
pub(crate) async fn what_one_decision_moved_is_found(fresh: &Fresh) {
    let store = fresh.open().await;
    let ids = accept_all(fresh, &store, vec![waiting(); 3]).await;
    let one = |at: usize| Selection::Messages(vec![ids[at].id]);
    let of = |state, minutes| Filter {
        state: Some(state),
        decided_at: Some(minute(minutes)),
        ..Filter::default()
    };
    fresh.at(1);
    store.move_recipients(one(0), Move::Hold, fresh.now()).await.unwrap();
    fresh.at(2);
    store.move_recipients(one(1), Move::Hold, fresh.now()).await.unwrap();
    assert_eq!(found(&store, &of(State::Held, 2)).await, [RecipientId::of(ids[1].id, 0)]);
    assert_eq!(store.count(of(State::Held, 2)).await.unwrap().states, BTreeMap::from([(State::Held, 1)]));
    let back = Selection::Matching(Box::new(of(State::Held, 2)));
    fresh.at(3);
    assert_eq!(store.move_recipients(back, Move::Release, fresh.now()).await.unwrap().moved, 1);
    assert_eq!(found(&store, &of(State::Held, 2)).await, []);
    assert_eq!(found(&store, &of(State::Waiting, 3)).await, [RecipientId::of(ids[1].id, 0)]);
    let again = Selection::Matching(Box::new(of(State::Waiting, 3)));
    assert_eq!(store.move_recipients(again, Move::Hold, fresh.now()).await.unwrap().moved, 1);
    assert_eq!(state(&store, RecipientId::of(ids[2].id, 0)).await, State::Waiting);
}

pub(crate) async fn messages_are_outlined(fresh: &Fresh) {
    let store = fresh.open().await;
    let two = accept(fresh, &store, to_many(leased(), 2)).await;
    settle(fresh, &store, two, Verdict::Held).await;
    let one = accept(fresh, &store, NewMessage { site: None, ..waiting() }).await;
    let ids = [one.message(), two.message(), one.message(), store::MessageId(999)];
    let outlines = store.outlines(&ids).await.unwrap();
    let known: Vec<_> = outlines.iter().map(|outline| (outline.message, outline.site.as_deref())).collect();
    assert_eq!(known, [(two.message(), Some("MAIN")), (one.message(), None)]);
    assert_eq!(outlines[0].states, BTreeMap::from([(State::Sending, 1), (State::Held, 1)]));
    assert_eq!(outlines[1].subject, "Overdue items");
}

pub(crate) async fn mail_is_counted_by_library_and_time(fresh: &Fresh) {
    let store = fresh.open().await;
    let states = |all: &[(State, u64)]| all.iter().copied().collect::<BTreeMap<_, _>>();
    assert_eq!(store.by_site(None).await.unwrap(), BTreeMap::new());
    let delivered = accept(fresh, &store, leased()).await;
    settle(fresh, &store, delivered, Verdict::Delivered).await;
    accept(fresh, &store, NewMessage { site: None, ..to_many(waiting(), 3) }).await;
    let quarter = fresh.now();
    fresh.pass(20);
    let returned = accept(fresh, &store, leased()).await;
    accept(fresh, &store, NewMessage { site: Some("EAST".to_owned()), ..waiting() }).await;
    settle(fresh, &store, returned, Verdict::Returned).await;
    let main = Some("MAIN".to_owned());
    let expected = BTreeMap::from([
        (None, states(&[(State::Waiting, 3)])),
        (Some("EAST".to_owned()), states(&[(State::Waiting, 1)])),
        (main.clone(), states(&[(State::Delivered, 1), (State::Returned, 1)])),
    ]);
    assert_eq!(store.by_site(None).await.unwrap(), expected);
    let since = store.by_site(Some(fresh.now())).await.unwrap();
    assert_eq!(since.get(&main), Some(&states(&[(State::Returned, 1)])));
    assert_eq!(since.get(&None), None);
    let quarters = store.by_quarter(quarter, BTreeSet::new()).await.unwrap();
    let expected = [
        (minute(0), states(&[(State::Waiting, 3), (State::Delivered, 1)])),
        (minute(15), states(&[(State::Waiting, 1), (State::Returned, 1)])),
    ];
    assert_eq!(quarters, BTreeMap::from(expected));
    let quarters = store.by_quarter(minute(15), main.clone().into_iter().collect()).await.unwrap();
    assert_eq!(quarters, BTreeMap::from([(minute(15), states(&[(State::Returned, 1)]))]));
    // What is purged is counted no more, and old quarters are counted together.
    assert_eq!(store.fold_quarters(fresh.now()).await.unwrap(), 0);
    fresh.pass(u32::try_from(QUARTERS_KEPT.as_secs() / 60 + 30).unwrap());
    assert!(store.fold_quarters(fresh.now()).await.unwrap() > 0);
    assert_eq!(store.fold_quarters(fresh.now()).await.unwrap(), 0);
    assert!(store.by_quarter(quarter, BTreeSet::new()).await.unwrap().is_empty());
    assert_eq!(
        store.by_site(None).await.unwrap()[&main],
        states(&[(State::Delivered, 1), (State::Returned, 1)])
    );
    store.close_obligations(&[returned], fresh.now()).await.unwrap();
    let purged = store.purge(crate::fresh::MINUTE, crate::fresh::MINUTE, 9, fresh.now()).await.unwrap();
    assert_eq!(purged, 4);
    assert_eq!(store.by_site(None).await.unwrap().get(&main), None);
    sound(&store).await;
}

/// A report is found by what it tells of.
pub(crate) async fn what_was_reported_says_where(fresh: &Fresh) {
    let store = fresh.open().await;
    let returned = accept(fresh, &store, leased()).await;
    settle(fresh, &store, returned, Verdict::Returned).await;
    assert_eq!(row(&store, returned).await.reported_in, None);
    let report = NewMessage { kind: store::Kind::Report, ..waiting() };
    let report = store.report(report, &[returned], fresh.now()).await.unwrap();
    assert_eq!(row(&store, returned).await.reported_in, Some(report.id));
}

fn states(all: &[(State, u64)]) -> BTreeMap<State, u64> {
    all.iter().copied().collect()
}

/// Each counts once: at the moment of the answer that holds, and not on the day on which it was handed in.
pub(crate) async fn answers_are_counted_when_they_come_and_each_once(fresh: &Fresh) {
    const DAY: i64 = 24 * 60;
    let store = fresh.open().await;
    let main = Some("MAIN".to_owned());
    let answered = async |since: i64| store.answered_by_site(minute(since)).await.unwrap().remove(&main);
    let all = accept_all(fresh, &store, vec![leased(), leased(), leased(), waiting()]).await;
    let [taken, lost, late, held] = [0, 1, 2, 3].map(|at| RecipientId::of(all[at].id, 0));
    let rehearsed = accept(fresh, &store, NewMessage { practice: true, site: None, ..leased() }).await;
    assert_eq!(answered(0).await, None, "what waits has no answer");
    settle(fresh, &store, taken, Verdict::Delivered).await;
    settle(fresh, &store, rehearsed, Verdict::Practiced).await;
    assert_eq!(store.answered_by_site(minute(0)).await.unwrap()[&None], states(&[(State::Practiced, 1)]));
    // The next day: handed in the day before.
    fresh.at(DAY);
    for one in [lost, late] {
        settle(fresh, &store, one, Verdict::InDoubt).await;
    }
    assert_eq!(answered(DAY).await, Some(states(&[(State::InDoubt, 2)])));
    assert_eq!(answered(0).await, Some(states(&[(State::Delivered, 1), (State::InDoubt, 2)])));
    assert_eq!(store.by_site(Some(fresh.now())).await.unwrap(), BTreeMap::new(), "nothing was handed in");
    // What is decided since moves the number, and so does what comes back: on the day on which it does.
    fresh.at(2 * DAY);
    store.move_recipients(Selection::Messages(vec![lost.message()]), Move::Retry, fresh.now()).await.unwrap();
    assert_eq!(answered(DAY).await, Some(states(&[(State::InDoubt, 1)])), "what waits again has no answer");
    let claimed = store.claim(crate::fresh::claim_of(fresh, 9)).await.unwrap();
    assert_eq!(claimed.len(), 2);
    settle(fresh, &store, lost, Verdict::Delivered).await;
    settle(fresh, &store, held, Verdict::Held).await;
    // The answer of the first attempt, after its lease was over: it is there after all.
    assert_eq!(settle(fresh, &store, late, Verdict::Delivered).await, store::Settled::TooLate);
    let bounce = store::Bounce {
        about: store::About::Message(taken.message()),
        addresses: vec![address("p@example.org")],
        happened: mail::bounce::Happened::Failed,
        reason: mail::Reason::AddressUnknown,
        by: None,
        words: "550".to_owned(),
    };
    for _ in 0..2 {
        store.came_back(bounce.clone(), fresh.now()).await.unwrap();
    }
    let expected = Some(states(&[(State::Delivered, 2), (State::Returned, 1)]));
    assert_eq!((answered(0).await, answered(2 * DAY).await), (expected.clone(), expected.clone()));
    let quarters = store.answered_by_quarter(minute(DAY), main.clone().into_iter().collect()).await.unwrap();
    assert_eq!(quarters, BTreeMap::from([(minute(2 * DAY), expected.clone().unwrap())]));
    // What they are is listed by the same day.
    let of = |state| Filter { state: Some(state), answered_since: Some(minute(DAY)), ..Filter::default() };
    assert_eq!(found(&store, &of(State::Delivered)).await, vec![late, lost]);
    assert_eq!(found(&store, &of(State::Returned)).await, vec![taken]);
    assert_eq!(found(&store, &of(State::Practiced)).await, vec![], "on the day before");
    assert_eq!(found(&store, &of(State::Held)).await, vec![], "to which nobody has answered");
    // Counted beside what is still there, and then without: that it is deleted changes nothing of what was.
    sound(&store).await;
    fresh.pass(10);
    store.close_obligations(&[taken], fresh.now()).await.unwrap();
    assert_eq!(store.purge(crate::fresh::MINUTE, crate::fresh::MINUTE, 9, fresh.now()).await.unwrap(), 8);
    assert_eq!(store.by_site(None).await.unwrap().get(&main), Some(&states(&[(State::Held, 1)])));
    assert_eq!(answered(0).await, expected);
    sound(&store).await;
    fresh.pass(u32::try_from(QUARTERS_KEPT.as_secs() / 60 + 30).unwrap());
    assert!(store.fold_quarters(fresh.now()).await.unwrap() > 0);
    assert_eq!(answered(0).await, None);
    sound(&store).await;
}

/// In doubt for so long that nobody counts when it came to that.
pub(crate) async fn what_was_answered_long_ago_corrects_no_count(fresh: &Fresh) {
    let store = fresh.open().await;
    let lost = accept(fresh, &store, leased()).await;
    settle(fresh, &store, lost, Verdict::InDoubt).await;
    fresh.pass(u32::try_from(QUARTERS_KEPT.as_secs() / 60 + 30).unwrap());
    store.fold_quarters(fresh.now()).await.unwrap();
    assert_eq!(settle(fresh, &store, lost, Verdict::Delivered).await, store::Settled::TooLate);
    let all = store.answered_by_site(minute(0)).await.unwrap();
    assert_eq!(all, BTreeMap::from([(Some("MAIN".to_owned()), states(&[(State::Delivered, 1)]))]));
    sound(&store).await;
}

/// And what is of no library is found by that.
pub(crate) async fn what_is_not_sent_is_counted_when_that_is_decided(fresh: &Fresh) {
    const DAY: i64 = 24 * 60;
    let store = fresh.open().await;
    let dropped = accept(fresh, &store, NewMessage { site: None, ..waiting() }).await;
    accept(fresh, &store, waiting()).await;
    fresh.at(DAY);
    let selection = Selection::Messages(vec![dropped.message()]);
    store.move_recipients(selection, Move::Cancel, fresh.now()).await.unwrap();
    let answered = store.answered_by_site(fresh.now()).await.unwrap();
    assert_eq!(answered, BTreeMap::from([(None, states(&[(State::Cancelled, 1)]))]));
    let of_none = Filter { site: Some(String::new()), ..Filter::default() };
    assert_eq!(found(&store, &of_none).await, vec![dropped]);
    let counted = store.count(of_none.clone()).await.unwrap();
    assert_eq!(counted.states, states(&[(State::Cancelled, 1)]));
    let today = Filter { answered_since: Some(fresh.now()), ..of_none };
    assert_eq!(found(&store, &today).await, vec![dropped]);
    sound(&store).await;
}

/// As long as it waits.
pub(crate) async fn what_waits_and_may_have_arrived_is_counted_with_its_run(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = begin(fresh, &store, false).await;
    let of_run = NewMessage { run: Some(run), ..leased() };
    let all = accept_all(fresh, &store, vec![of_run.clone(), of_run.clone(), of_run]).await;
    let [unsure, deferred, taken] = [0, 1, 2].map(|at| RecipientId::of(all[at].id, 0));
    for (one, in_doubt) in [(unsure, true), (deferred, false), (taken, true)] {
        settle(fresh, &store, one, Verdict::Deferred { due_at: fresh.later(5), in_doubt }).await;
    }
    let main = Some("MAIN".to_owned());
    let may_have = async || store.run_by_site(run).await.unwrap()[&main].waiting_in_doubt;
    assert_eq!(may_have().await, 2);
    let filter =
        Filter { run: Some(run), state: Some(State::Waiting), ever_in_doubt: true, ..Filter::default() };
    assert_eq!(found(&store, &filter).await, vec![taken, unsure]);
    fresh.pass(6);
    assert_eq!(store.claim(crate::fresh::claim_of(fresh, 9)).await.unwrap().len(), 3);
    assert_eq!(may_have().await, 0, "they are on their way");
    settle(fresh, &store, taken, Verdict::Delivered).await;
    settle(fresh, &store, unsure, Verdict::Deferred { due_at: fresh.later(5), in_doubt: false }).await;
    assert_eq!(may_have().await, 1, "whatever keeps it now");
    sound(&store).await;
}

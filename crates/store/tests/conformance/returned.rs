//! What a newer export says of notices that have not left.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mail::Reason;
use store::{
    AllReturned, Earlier, ExportPart, ExportTaken, LedgerKey, LeftOut, LeftOutDetail, LeftOutWhy, MessageId,
    Move, NewMessage, NewNotice, NoticeAccepted, OpenNotice, Outdated, Patron, RecipientId, Replaces,
    Restart, RunId, Selection, State, Store, Verdict,
};

use crate::fresh::{Fresh, begin, leased, minute, notice, row, settle, sound, state, to_many, waiting};

const WEEK: Option<Duration> = Some(Duration::from_hours(168));

fn key(text: &str) -> LedgerKey {
    LedgerKey(text.to_owned())
}

/// A notice about these that its acceptor attempts at once.
fn sent(run: RunId, keys: &[&str]) -> NewNotice {
    let notice = notice(run, false, keys);
    NewNotice { message: NewMessage { run: Some(run), ..leased() }, ..notice }
}

async fn accepted(fresh: &Fresh, store: &Store, run: RunId, notice: NewNotice) -> Option<MessageId> {
    let all = store.accept_notices(run, vec![notice], WEEK, fresh.now()).await.unwrap();
    match all[0] {
        NoticeAccepted::Stored(id) => Some(id),
        NoticeAccepted::WrittenLately(_) => None,
    }
}

/// Of a first run, whose export was made when it began.
async fn first(fresh: &Fresh, store: &Store) -> RunId {
    let run = begin(fresh, store, false).await;
    take(fresh, store, run, &["a", "b"]).await;
    run
}

async fn take(fresh: &Fresh, store: &Store, run: RunId, keys: &[&str]) {
    store.take_export(run, export(fresh, keys), fresh.now()).await.unwrap();
}

fn export(fresh: &Fresh, keys: &[&str]) -> ExportTaken {
    let sample: BTreeSet<_> = keys.iter().map(|text| key(text)).collect();
    let part = ExportPart { items: sample.len() as u64, sample };
    ExportTaken { of: fresh.now(), parts: [("MAIN".to_owned(), part)].into() }
}

fn back(message: MessageId, keys: &[&str]) -> AllReturned {
    let note = LeftOut {
        why: LeftOutWhy::ItemsReturned,
        line: None,
        who: "Ann".to_owned(),
        detail: LeftOutDetail::NotSent { run: 1 },
        site: Some("MAIN".to_owned()),
    };
    AllReturned { message, keys: keys.iter().map(|text| key(text)).collect(), note }
}

fn replaces(message: MessageId, returned: &[&str]) -> Vec<Replaces> {
    vec![Replaces { message, returned: returned.iter().map(|text| key(text)).collect() }]
}

fn one(message: MessageId) -> RecipientId {
    RecipientId::of(message, 0)
}

fn put_off(fresh: &Fresh, in_doubt: bool) -> Verdict {
    Verdict::Deferred { due_at: fresh.later(5), in_doubt }
}

pub(crate) async fn what_is_open_of_earlier_runs_is_known_with_what_it_names(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = first(fresh, &store).await;
    let ann = Patron { name: "Ann".to_owned(), number: Some("7".to_owned()) };
    let of_ann = notice(run, false, &["a", "b"]);
    let message = NewMessage { patron: Some(ann.clone()), ..of_ann.message };
    let elsewhere = [(key("b"), "EAST".to_owned())].into();
    let waits = accepted(fresh, &store, run, NewNotice { message, elsewhere, ..of_ann }).await.unwrap();
    let mut open =
        vec![(waits, vec![(key("a"), None), (key("b"), Some("EAST".to_owned()))], Some(ann), true)];
    for (text, verdict, unsent) in [
        ("delivered", Some(Verdict::Delivered), None),
        ("returned", Some(Verdict::Returned), None),
        ("may have arrived", Some(Verdict::InDoubt), None),
        ("put off", Some(put_off(fresh, false)), Some(true)),
        ("may have arrived and waits", Some(put_off(fresh, true)), Some(false)),
        ("set aside", Some(Verdict::Held), Some(true)),
        ("given back", Some(Verdict::GivenBack), Some(true)),
        ("being sent", None, Some(false)),
    ] {
        let id = accepted(fresh, &store, run, sent(run, &[text])).await.unwrap();
        if let Some(verdict) = verdict {
            settle(fresh, &store, one(id), verdict).await;
        }
        open.extend(unsent.map(|unsent| (id, vec![(key(text), None)], None, unsent)));
    }
    // Claimed from the store, and of no run.
    let other = NewMessage { run: None, class: store::Class::Urgent, ..waiting() };
    store.accept(vec![other], fresh.now()).await.unwrap();
    let practice = begin(fresh, &store, true).await;
    store.accept_notices(practice, vec![notice(practice, true, &["p"])], WEEK, fresh.now()).await.unwrap();
    fresh.at(10);
    store.claim(crate::fresh::claim_of(fresh, 1)).await.unwrap();
    let newer = begin(fresh, &store, false).await;
    take(fresh, &store, newer, &["c"]).await;
    accepted(fresh, &store, newer, notice(newer, false, &["c"])).await.unwrap();
    let known = store.earlier_notices("overdue-items", Some(newer)).await.unwrap();
    let site = Some("MAIN".to_owned());
    let opened = |(message, items, patron, unsent)| {
        let site = site.clone();
        OpenNotice { message, run, unsent, site, patron, items }
    };
    let mut notices: Vec<_> = open.into_iter().map(opened).collect();
    notices.sort_by_key(|notice| notice.message);
    let taken = ExportTaken { of: minute(0), ..export(fresh, &["a", "b"]) };
    let newest = BTreeMap::from([("MAIN".to_owned(), minute(0))]);
    assert_eq!(known, Earlier { notices, exports: [(run, taken)].into(), newest });
    // Of the first run there is nothing earlier, though a later one took an export.
    let known = store.earlier_notices("overdue-items", Some(run)).await.unwrap();
    assert_eq!((known.notices.len(), known.newest["MAIN"]), (0, minute(10)));
    let all = store.earlier_notices("overdue-items", None).await.unwrap();
    assert_eq!((all.notices.len(), all.exports.len()), (7, 2));
    assert_eq!(store.earlier_notices("fines", None).await.unwrap(), Earlier::default());
    sound(&store).await;
}

pub(crate) async fn what_came_back_is_cancelled_now_or_where_it_would_wait(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = first(fresh, &store).await;
    let cases = [
        ("waits", Some(Verdict::GivenBack), None, State::Cancelled, true),
        ("set aside", Some(Verdict::Held), None, State::Cancelled, true),
        ("was put off", Some(put_off(fresh, false)), None, State::Cancelled, true),
        ("may have arrived and waits", Some(put_off(fresh, true)), None, State::Cancelled, false),
        ("may have arrived", Some(Verdict::InDoubt), None, State::InDoubt, false),
        ("delivered", Some(Verdict::Delivered), None, State::Delivered, false),
        ("is put off", None, Some(put_off(fresh, false)), State::Cancelled, true),
        ("is given back", None, Some(Verdict::GivenBack), State::Cancelled, true),
        ("is set aside", None, Some(Verdict::Held), State::Cancelled, true),
        ("breaks", None, Some(Verdict::Struck { due_at: fresh.later(5) }), State::Cancelled, true),
        ("comes in doubt and waits", None, Some(put_off(fresh, true)), State::Cancelled, false),
        ("comes in doubt", None, Some(Verdict::InDoubt), State::InDoubt, false),
        ("is delivered", None, Some(Verdict::Delivered), State::Delivered, false),
        ("is returned", None, Some(Verdict::Returned), State::Returned, false),
    ];
    let mut ids = Vec::new();
    for (text, before, ..) in &cases {
        let id = accepted(fresh, &store, run, sent(run, &[text])).await.unwrap();
        if let Some(verdict) = before {
            settle(fresh, &store, one(id), verdict.clone()).await;
        }
        ids.push(id);
    }
    fresh.at(60);
    let newer = begin(fresh, &store, false).await;
    take(fresh, &store, newer, &["c"]).await;
    let all = cases.iter().zip(&ids).map(|((text, ..), id)| back(*id, &[text])).collect();
    let concerned = store.all_returned(newer, all, fresh.now()).await.unwrap();
    assert_eq!(concerned, 12, "all that is open");
    assert_eq!(store.run(newer).await.unwrap().left_out, [(LeftOutWhy::ItemsReturned, 12)].into());
    fresh.at(61);
    let again = begin(fresh, &store, false).await;
    for ((text, _, after, is, is_written_again), id) in cases.into_iter().zip(ids) {
        if let Some(verdict) = after {
            assert_eq!(state(&store, one(id)).await, State::Sending, "{text}: nobody is interrupted");
            settle(fresh, &store, one(id), verdict).await;
        }
        let now = row(&store, one(id)).await;
        assert_eq!(now.state, is, "{text}");
        let cancelled = is == State::Cancelled;
        assert_eq!(now.reason == Some(Reason::ItemsReturned), cancelled, "{text}");
        let by = Outdated { run: newer, of: Some(minute(60)) };
        assert_eq!(now.outdated, cancelled.then_some(by), "{text}");
        let written = accepted(fresh, &store, again, notice(again, false, &[text])).await;
        assert_eq!(written.is_some(), is_written_again, "{text}: nobody has it, or somebody may");
    }

    sound(&store).await;
}

/// What is kept back gives way to nothing, and what is to be sent after all is sent, though a mark said otherwise.
pub(crate) async fn what_a_person_decided_about_a_notice_stands(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = first(fresh, &store).await;
    let decide = async |id: MessageId, action| {
        store.move_recipients(Selection::Messages(vec![id]), action, fresh.now()).await.unwrap()
    };
    let kept = accepted(fresh, &store, run, notice(run, false, &["a", "b"])).await.unwrap();
    decide(kept, Move::Hold).await;
    let doubt = accepted(fresh, &store, run, sent(run, &["c"])).await.unwrap();
    let newer = begin(fresh, &store, false).await;
    let known = store.earlier_notices("overdue-items", Some(newer)).await.unwrap().notices;
    let unsent: Vec<_> =
        known.iter().filter(|notice| notice.message == kept).map(|notice| notice.unsent).collect();
    assert_eq!(unsent, [false]);
    assert_eq!(store.all_returned(newer, vec![back(doubt, &["c"])], fresh.now()).await.unwrap(), 1);
    settle(fresh, &store, one(doubt), Verdict::InDoubt).await;
    decide(doubt, Move::Retry).await;
    store.claim(crate::fresh::claim_of(fresh, 9)).await.unwrap();
    settle(fresh, &store, one(doubt), put_off(fresh, false)).await;
    let now = row(&store, one(doubt)).await;
    assert_eq!((now.state, now.outdated), (State::Waiting, None));
    sound(&store).await;
}

/// What a sudden end gives back would else be sent.
pub(crate) async fn what_was_being_sent_at_a_sudden_end_is_cancelled_at_the_start(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = first(fresh, &store).await;
    let gone = accepted(fresh, &store, run, sent(run, &["gone"])).await.unwrap();
    let stays = accepted(fresh, &store, run, sent(run, &["stays"])).await.unwrap();
    fresh.at(60);
    let newer = begin(fresh, &store, false).await;
    assert_eq!(store.all_returned(newer, vec![back(gone, &["gone"])], fresh.now()).await.unwrap(), 1);
    store.close().await.unwrap();
    fresh.at(61);
    let store = fresh.open().await;
    store.restart(Restart::default(), fresh.now()).await.unwrap();
    let states = [state(&store, one(gone)).await, state(&store, one(stays)).await];
    assert_eq!(states, [State::Cancelled, State::Waiting]);
    let newest = begin(fresh, &store, false).await;
    assert!(accepted(fresh, &store, newest, notice(newest, false, &["gone"])).await.is_some());
    sound(&store).await;
}

/// Whoever brought back a part gets one mail about the rest, and never none.
pub(crate) async fn a_notice_gives_way_to_one_about_what_is_left(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = first(fresh, &store).await;
    for (text, before, gives_way, is) in [
        ("waits", Verdict::GivenBack, true, State::Cancelled),
        ("set aside", Verdict::Held, true, State::Cancelled),
        ("delivered", Verdict::Delivered, false, State::Delivered),
        ("may have arrived", Verdict::InDoubt, false, State::InDoubt),
        ("may have arrived and waits", put_off(fresh, true), false, State::Waiting),
    ] {
        let (left, gone) = (&*format!("{text} a"), &*format!("{text} b"));
        let id = accepted(fresh, &store, run, sent(run, &[left, gone])).await.unwrap();
        settle(fresh, &store, one(id), before).await;
        fresh.pass(60);
        let newer = begin(fresh, &store, false).await;
        let about_the_rest = NewNotice { replaces: replaces(id, &[gone]), ..notice(newer, false, &[left]) };
        let stored = accepted(fresh, &store, newer, about_the_rest.clone()).await;
        assert_eq!((stored.is_some(), state(&store, one(id)).await), (gives_way, is), "{text}");
        if gives_way {
            let now = row(&store, one(id)).await;
            assert_eq!(now.reason, Some(Reason::Replaced));
            assert_eq!(now.outdated.unwrap().run, newer);
        }
        // Once.
        fresh.pass(1);
        assert_eq!(accepted(fresh, &store, newer, about_the_rest).await, None, "{text}");
        let of_what_came_back = notice(newer, false, &[gone]);
        let forgotten = accepted(fresh, &store, newer, of_what_came_back).await.is_some();
        assert_eq!(forgotten, gives_way, "{text}");
    }
    sound(&store).await;
}

/// One mail about all of it is enough.
pub(crate) async fn a_notice_gives_way_to_one_that_names_more(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = first(fresh, &store).await;
    for (text, before, after, is) in [
        ("waits", Some(Verdict::GivenBack), None, State::Cancelled),
        ("may have arrived and waits", Some(put_off(fresh, true)), None, State::Cancelled),
        ("is put off", None, Some(put_off(fresh, false)), State::Cancelled),
        ("is delivered", None, Some(Verdict::Delivered), State::Delivered),
    ] {
        let (known, new) = (&*format!("{text} a"), &*format!("{text} new"));
        let id = accepted(fresh, &store, run, sent(run, &[known])).await.unwrap();
        if let Some(verdict) = before {
            settle(fresh, &store, one(id), verdict).await;
        }
        fresh.pass(60);
        let newer = begin(fresh, &store, false).await;
        let the_same = NewNotice { replaces: replaces(id, &[]), ..notice(newer, false, &[known]) };
        assert_eq!(accepted(fresh, &store, newer, the_same).await, None, "{text}: nothing is new");
        let more = NewNotice { replaces: replaces(id, &[]), ..notice(newer, false, &[known, new]) };
        assert!(accepted(fresh, &store, newer, more).await.is_some(), "{text}");
        if let Some(verdict) = after {
            settle(fresh, &store, one(id), verdict).await;
        }
        assert_eq!(state(&store, one(id)).await, is, "{text}");
    }
    sound(&store).await;
}

/// A patron with two addresses, of which one has it: the rest was written about.
pub(crate) async fn who_has_it_at_one_address_has_been_written_to(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = first(fresh, &store).await;
    let two = |keys: &[&str]| {
        let notice = sent(run, keys);
        NewNotice { message: to_many(notice.message.clone(), 2), ..notice }
    };
    let id = accepted(fresh, &store, run, two(&["a", "b"])).await.unwrap();
    settle(fresh, &store, one(id), Verdict::Delivered).await;
    let other = RecipientId::of(id, 1);
    settle(fresh, &store, other, Verdict::GivenBack).await;
    let newer = begin(fresh, &store, false).await;
    let rest = NewNotice { replaces: replaces(id, &["b"]), ..notice(newer, false, &["a"]) };
    assert_eq!(accepted(fresh, &store, newer, rest).await, None);
    assert_eq!(state(&store, other).await, State::Waiting);
    // Where all came back, the other address gets none, and nothing is forgotten.
    store.all_returned(newer, vec![back(id, &["a", "b"])], fresh.now()).await.unwrap();
    assert_eq!(
        [state(&store, one(id)).await, state(&store, other).await],
        [State::Delivered, State::Cancelled]
    );
    assert_eq!(accepted(fresh, &store, newer, notice(newer, false, &["a"])).await, None);
    // It is final, whoever asks.
    let moved = store.move_recipients(Selection::Messages(vec![id]), Move::Retry, fresh.now()).await.unwrap();
    assert_eq!(moved.moved, 0);
    sound(&store).await;
}

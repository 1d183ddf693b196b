//! Runs and the ledger.

use std::{collections::BTreeMap, time::Duration};

use mail::Reason;
use store::{
    Actor, Alike, AuditFilter, Begun, Deed, Filter, LedgerKey, LeftOut, LeftOutDetail, LeftOutFilter,
    LeftOutWhy, MessageId, Move, NamedItems, NewMessage, NewNotice, NewRun, NoticeAccepted, RecipientId,
    RunId, RunPart, Selection, Stands, State, Store, TO_TEACHER, Verdict, WrittenBefore,
};

use crate::fresh::{Fresh, accept, begin, claim_of, leased, minute, notice, settle, sound, to_many};

async fn stored(fresh: &Fresh, store: &Store, keys: &[&str], repeat: Option<Duration>) -> bool {
    let run = begin(fresh, store, false).await;
    let all = store.accept_notices(run, vec![notice(run, false, keys)], repeat, fresh.now()).await.unwrap();
    matches!(all[0], NoticeAccepted::Stored(_))
}

fn id_of(accepted: NoticeAccepted) -> Option<MessageId> {
    match accepted {
        NoticeAccepted::Stored(id) => Some(id),
        NoticeAccepted::WrittenLately(_) => None,
    }
}

pub(crate) async fn ledger_repeats_after_the_period(fresh: &Fresh) {
    let store = fresh.open().await;
    let hour = Some(Duration::from_hours(1));
    for (minutes, repeat, expected) in [
        (0, hour, true),
        (59, hour, false),
        (60, hour, true),
        (90, None, false),
        (90_000, None, false),
        (90_000, hour, true),
    ] {
        fresh.at(minutes);
        assert_eq!(stored(fresh, &store, &["a"], repeat).await, expected, "{minutes} {repeat:?}");
    }
    fresh.at(90_010);
    let keys = [LedgerKey("a".to_owned()), LedgerKey("b".to_owned())];
    for (within, expected) in
        [(hour, Some(minute(90_000))), (None, Some(minute(90_000))), (Some(Duration::ZERO), None)]
    {
        let lately = store.written_lately("overdue-items", &keys, within, fresh.now()).await.unwrap();
        assert_eq!(lately, [expected, None], "{within:?}");
    }
    sound(&store).await;
}

pub(crate) async fn one_new_item_stores_all(fresh: &Fresh) {
    let store = fresh.open().await;
    let day = Some(Duration::from_hours(24));
    let stored = async |keys: &[&str]| {
        fresh.pass(1);
        stored(fresh, &store, keys, day).await
    };
    assert!(stored(&["a", "b"]).await);
    assert!(!stored(&["b"]).await);
    assert!(stored(&["b", "c"]).await);
    assert!(stored(&[]).await, "nothing to repeat");
    fresh.at(5);
    let run = begin(fresh, &store, false).await;
    let twice = vec![notice(run, false, &["x"]), notice(run, false, &["x"])];
    let all = store.accept_notices(run, twice, day, fresh.now()).await.unwrap();
    let waits = WrittenBefore { last_at: minute(5), message: id_of(all[0]), stands: Stands::Waits };
    assert_eq!(all[1], NoticeAccepted::WrittenLately(waits));
    fresh.at(6);
    let (one, other) = (begin(fresh, &store, false).await, begin(fresh, &store, false).await);
    let (first, second) = tokio::join!(
        store.accept_notices(one, vec![notice(one, false, &["y"])], day, fresh.now()),
        store.accept_notices(other, vec![notice(other, false, &["y"])], day, fresh.now()),
    );
    let stored = [first.unwrap()[0], second.unwrap()[0]];
    assert_eq!(stored.iter().filter(|one| matches!(one, NoticeAccepted::Stored(_))).count(), 1);
}

/// Nobody got it, so that the next run writes again; one that came back would only come back again.
pub(crate) async fn what_a_person_cancelled_counts_as_not_written(fresh: &Fresh) {
    let store = fresh.open().await;
    let day = Some(Duration::from_hours(24));
    let two = |keys: &[&str]| NewNotice { message: to_many(leased(), 2), ..notice(RunId(0), false, keys) };
    let mut accepted = Vec::new();
    for (key, verdicts) in [
        ("cancelled", [Verdict::GivenBack, Verdict::Held]),
        ("one was delivered", [Verdict::Delivered, Verdict::Held]),
        ("one came back", [Verdict::Returned, Verdict::Held]),
        ("may have arrived", [Verdict::InDoubt, Verdict::Held]),
        ("came back", [Verdict::Returned, Verdict::Returned]),
    ] {
        let run = begin(fresh, &store, false).await;
        let all = store.accept_notices(run, vec![two(&[key])], day, fresh.now()).await.unwrap();
        let id = id_of(all[0]).unwrap();
        for (ordinal, verdict) in (0..).zip(verdicts) {
            settle(fresh, &store, RecipientId::of(id, ordinal), verdict).await;
        }
        accepted.push(id);
    }
    let cancel = |messages| store.move_recipients(Selection::Messages(messages), Move::Cancel, fresh.now());
    fresh.at(1);
    cancel(accepted.clone()).await.unwrap();
    fresh.at(2);
    for (key, again) in [
        ("cancelled", true),
        ("one was delivered", false),
        ("one came back", false),
        ("may have arrived", false),
        ("came back", false),
    ] {
        // To the same addresses.
        let run = begin(fresh, &store, false).await;
        let all = store.accept_notices(run, vec![two(&[key])], day, fresh.now()).await.unwrap();
        assert_eq!(matches!(all[0], NoticeAccepted::Stored(_)), again, "{key}");
    }
    // It was written about anew meanwhile; what was cancelled before stays cancelled.
    fresh.at(3);
    cancel(accepted).await.unwrap();
    assert!(!stored(fresh, &store, &["cancelled"], day).await);
    sound(&store).await;
}

/// What came back was no mail to whoever has another address since; to the same address nothing goes unasked.
pub(crate) async fn what_came_back_counts_as_written_at_its_own_address_only(fresh: &Fresh) {
    let store = fresh.open().await;
    let day = Some(Duration::from_hours(24));
    let address = |to: &str| mail::Address::parse(to).unwrap();
    let mail = |key: &str, to: &str| {
        let one = notice(RunId(0), false, &[key]);
        let envelope = mail::Envelope::to_one(one.message.envelope.reverse_path.clone(), address(to));
        NewNotice { message: NewMessage { envelope, ..leased() }, ..one }
    };
    let accept = async |one: NewNotice| {
        let run = begin(fresh, &store, false).await;
        let all = store.accept_notices(run, vec![one], day, fresh.now()).await.unwrap();
        all[0]
    };
    for (key, verdict) in [
        ("arrived", Verdict::Delivered),
        ("came back", Verdict::Returned),
        ("in doubt", Verdict::InDoubt),
        ("cancelled in doubt", Verdict::InDoubt),
        ("set aside", Verdict::Held),
    ] {
        fresh.pass(1);
        let id = id_of(accept(mail(key, "hal@dead.example")).await).unwrap();
        settle(fresh, &store, RecipientId::of(id, 0), verdict).await;
        if key == "cancelled in doubt" {
            store.move_recipients(Selection::Messages(vec![id]), Move::Cancel, fresh.now()).await.unwrap();
        }
        let last_at = fresh.now();
        fresh.pass(1);
        let stands = match key {
            "arrived" => Stands::Written,
            "came back" => Stands::CameBack { at: last_at },
            "set aside" => Stands::Waits,
            _ => Stands::MayHaveArrived,
        };
        for to in ["Hal@DEAD.example", "hal@new.example"] {
            let expected = (key != "came back" || to != "hal@new.example").then_some(stands);
            let people = vec![NamedItems { keys: mail(key, to).keys, to: vec![address(to)] }];
            let before = store.written_before("overdue-items", people, day, fresh.now()).await.unwrap()[0];
            assert_eq!(before.map(|before| before.stands), expected, "{key} {to}");
            assert!(before.is_none_or(|before| before.last_at == last_at), "{key} {to}");
            let told = match accept(mail(key, to)).await {
                NoticeAccepted::Stored(_) => None,
                NoticeAccepted::WrittenLately(before) => Some(before),
            };
            assert_eq!(told, before, "{key} {to}");
        }
        // Once a mail is on its way to another address, that one counts.
        let last = accept(mail(key, "hal@third.example")).await;
        assert!(matches!(last, NoticeAccepted::WrittenLately(_)), "{key}");
    }
    sound(&store).await;
}

/// What was sent again in its place is the mail that somebody had.
pub(crate) async fn what_was_sent_again_counts_as_written(fresh: &Fresh) {
    let store = fresh.open().await;
    let day = Some(Duration::from_hours(24));
    for (verdict, stands) in [
        (Some(Verdict::Delivered), Some(Stands::Written)),
        (None, Some(Stands::Waits)),
        (Some(Verdict::Returned), None),
    ] {
        fresh.pass(1);
        let key = format!("{stands:?}");
        let run = begin(fresh, &store, false).await;
        let first = NewNotice { message: leased(), ..notice(run, false, &[&key]) };
        let all = store.accept_notices(run, vec![first], day, fresh.now()).await.unwrap();
        let recipient = RecipientId::of(id_of(all[0]).unwrap(), 0);
        settle(fresh, &store, recipient, Verdict::Returned).await;
        let tags = vec!["sent again".to_owned(), format!("sent again for {}", recipient.0)];
        let again = store.accept(vec![NewMessage { tags, ..leased() }], fresh.now()).await.unwrap();
        if let Some(verdict) = verdict {
            settle(fresh, &store, RecipientId::of(again[0].id, 0), verdict).await;
        }
        let to = vec![mail::Address::parse("hal@new.example").unwrap()];
        let people = vec![NamedItems { keys: vec![LedgerKey(key.clone())], to }];
        let before = store.written_before("overdue-items", people, day, fresh.now()).await.unwrap()[0];
        assert_eq!(before.map(|before| before.stands), stands, "{key}");
    }
    sound(&store).await;
}

/// By the last mail, however the run is asked about.
pub(crate) async fn whose_mail_came_back_again_is_counted_once(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = begin(fresh, &store, false).await;
    let again = |of: RecipientId| vec!["sent again".to_owned(), format!("sent again for {}", of.0)];
    let mail = |tags| NewMessage { run: Some(run), tags, ..leased() };
    let first = accept(fresh, &store, mail(Vec::new())).await;
    let other = accept(fresh, &store, mail(Vec::new())).await;
    let second = accept(fresh, &store, mail(again(first))).await;
    let third = accept(fresh, &store, mail(again(second))).await;
    let told = async |count: u64| {
        let listed = store.runs(9).await.unwrap().remove(0).states;
        let by_site = store.run_by_site(run).await.unwrap().remove(&Some("MAIN".to_owned())).unwrap().states;
        let one = store.run(run).await.unwrap().states;
        assert_eq!((listed.get(&State::Returned), &listed, &by_site), (Some(&count), &one, &one));
    };
    for (recipient, count) in [(first, 1), (second, 1), (other, 2), (third, 2)] {
        settle(fresh, &store, recipient, Verdict::Returned).await;
        told(count).await;
    }
    sound(&store).await;
}

/// The numbers of a run are of people; what teachers get of it stands beside them.
pub(crate) async fn copies_to_teachers_are_counted_apart(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = begin(fresh, &store, false).await;
    let other = begin(fresh, &store, false).await;
    let of = |run, key: &str, tags: &[&str]| {
        let NewNotice { message, .. } = notice(run, false, &[]);
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        NewNotice { message: NewMessage { tags, ..message }, ..notice(run, false, &[key]) }
    };
    let notices = vec![of(run, "a", &[]), of(run, "b", &["sent again"]), of(run, "c", &[TO_TEACHER])];
    store.accept_notices(run, notices, None, fresh.now()).await.unwrap();
    let copies = vec![of(other, "d", &[TO_TEACHER]), of(other, "e", &[TO_TEACHER])];
    let copies = store.accept_notices(other, copies, None, fresh.now()).await.unwrap();
    let first = Selection::Messages(id_of(copies[0]).into_iter().collect());
    store.move_recipients(first, Move::Cancel, fresh.now()).await.unwrap();
    let waiting = |count: u64| [(State::Waiting, count)].into();
    for (run, states, copies) in [
        (run, waiting(2), waiting(1)),
        (other, [].into(), [(State::Waiting, 1), (State::Cancelled, 1)].into()),
    ] {
        let found = store.run(run).await.unwrap();
        assert_eq!((&found.states, &found.copies), (&states, &copies));
        let part = store.run_by_site(run).await.unwrap().remove(&Some("MAIN".to_owned())).unwrap();
        assert_eq!((part.states, part.copies), (states, copies));
    }
    let found = async |copies| {
        let filter = Filter { run: Some(run), copies, ..Filter::default() };
        store.part(filter, None, 9).await.unwrap().rows.len()
    };
    assert_eq!((found(None).await, found(Some(true)).await, found(Some(false)).await), (3, 1, 2));
    sound(&store).await;
}

/// Only the message that wrote about an item last can be taken back.
pub(crate) async fn a_cancelled_message_takes_back_what_it_wrote_and_no_more(fresh: &Fresh) {
    let store = fresh.open().await;
    let day = Some(Duration::from_hours(24));
    let run = begin(fresh, &store, false).await;
    let mut accepted = Vec::new();
    for minutes in [0, 1] {
        fresh.at(minutes);
        let notices = vec![notice(run, false, &["a"])];
        let all = store.accept_notices(run, notices, Some(Duration::ZERO), fresh.now()).await.unwrap();
        accepted.push(id_of(all[0]).unwrap());
    }
    for (cancelled, again) in [(accepted[0], false), (accepted[1], true)] {
        let selection = Selection::Messages(vec![cancelled]);
        store.move_recipients(selection, Move::Cancel, fresh.now()).await.unwrap();
        assert_eq!(stored(fresh, &store, &["a"], day).await, again, "{cancelled:?}");
    }
    sound(&store).await;
}

/// Whichever slice the recipients of one message are in.
pub(crate) async fn a_whole_run_that_is_cancelled_is_written_again(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = begin(fresh, &store, false).await;
    let keys: Vec<String> = (0..150).map(|number| number.to_string()).collect();
    let notices = || {
        let notice = |key: &String| notice(run, false, &[key.as_str(), "of all"]);
        let three = |key| NewNotice { message: to_many(notice(key).message, 3), ..notice(key) };
        keys.iter().map(three).collect::<Vec<_>>()
    };
    for expected in [450, 450] {
        store.accept_notices(run, notices(), None, fresh.now()).await.unwrap();
        let moved = store.move_recipients(Selection::Run(run), Move::Cancel, fresh.now()).await.unwrap();
        assert_eq!(moved.moved, expected);
    }
    sound(&store).await;
}

pub(crate) async fn practice_runs_leave_no_ledger(fresh: &Fresh) {
    let store = fresh.open().await;
    for _ in 0..2 {
        let run = begin(fresh, &store, true).await;
        let all =
            store.accept_notices(run, vec![notice(run, true, &["a"])], None, fresh.now()).await.unwrap();
        assert!(matches!(all[0], NoticeAccepted::Stored(_)));
        store.accept_notices(run, vec![notice(run, false, &["a"])], None, fresh.now()).await.unwrap_err();
    }
    assert!(stored(fresh, &store, &["a"], None).await);
}

pub(crate) async fn runs_add_up(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = begin(fresh, &store, false).await;
    store.accept_notices(run, vec![notice(run, false, &["a"])], None, fresh.now()).await.unwrap();
    let left_out = LeftOut {
        why: LeftOutWhy::NoAddress,
        line: Some(7),
        who: "Ann".to_owned(),
        detail: LeftOutDetail::NotAnAddress { text: "nobody".into() },
        site: None,
    };
    store.left_out(run, vec![left_out.clone()]).await.unwrap();
    store.left_out(run, vec![left_out.clone()]).await.unwrap();
    for minutes in [1, 2] {
        fresh.at(minutes);
        store.finish_run(run, fresh.now()).await.unwrap();
    }
    let found = store.run(run).await.unwrap();
    assert_eq!(found.states, [(State::Waiting, 1)].into());
    assert_eq!(found.left_out.get(&LeftOutWhy::NoAddress), Some(&2));
    assert_eq!(found.finished_at, Some(minute(1)));
    assert_eq!(store.left_out_of(run).await.unwrap(), [left_out.clone(), left_out]);
    let later = begin(fresh, &store, true).await;
    let runs = store.runs(9).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [later, run]);
    assert_eq!(runs[0].states, [].into(), "nothing was accepted");
    let begun = store.runs_begun(1).await.unwrap();
    assert_eq!(begun, [runs[0].clone()]);
    let bare = store::Run { states: [].into(), left_out: [].into(), ..runs[1].clone() };
    assert_eq!(store.runs_begun(9).await.unwrap(), [runs[0].clone(), bare]);
}

/// Two clicks, or a page that is loaded again, make one run.
pub(crate) async fn a_run_that_is_asked_for_twice_is_one(fresh: &Fresh) {
    let store = fresh.open().await;
    let new = || NewRun {
        notice: "overdue-items".to_owned(),
        source: "a.csv".to_owned(),
        practice: false,
        started_at: fresh.now(),
    };
    let begin = |request: &str| store.begin_run_once(new(), Actor::CommandLine, request.to_owned());
    let (one, other) = tokio::join!(begin("a"), begin("a"));
    let (one, other) = (one.unwrap(), other.unwrap());
    let Some(run) = [one, other].into_iter().find_map(|begun| match begun {
        Begun::New(run) => Some(run),
        Begun::Before(_) => None,
    }) else {
        panic!("{one:?} {other:?}")
    };
    assert!([one, other].contains(&Begun::Before(run)), "{one:?} {other:?}");
    assert!(matches!(begin("b").await.unwrap(), Begun::New(another) if another != run));
    assert_eq!(store.run_of_request("a").await.unwrap(), Some(run));
    assert_eq!(store.run_of_request("c").await.unwrap(), None);
    assert_eq!(store.run(run).await.unwrap().begun_by, Some(Actor::CommandLine));
    let by_folder = store.begin_run_by(new(), Actor::DropFolder).await.unwrap();
    assert_eq!(store.run(by_folder).await.unwrap().begun_by, Some(Actor::DropFolder));
    let line = store.audit(AuditFilter::default(), None, 1).await.unwrap().pop().unwrap();
    assert_eq!((line.who, line.what), (Actor::DropFolder, Deed::RunBegun));
    assert_eq!((line.about, line.new), (format!("run {}", by_folder.0), Some("a.csv".to_owned())));
    sound(&store).await;
}

pub(crate) async fn a_run_is_counted_by_library_and_listed_in_parts(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = begin(fresh, &store, false).await;
    let of = |site: Option<&str>, key: &str| {
        let notice = notice(run, false, &[key]);
        let message = NewMessage { site: site.map(ToOwned::to_owned), ..notice.message };
        NewNotice { message, ..notice }
    };
    let notices = vec![of(Some("MAIN"), "a"), of(Some("MAIN"), "b"), of(Some("EAST"), "c"), of(None, "d")];
    store.accept_notices(run, notices, None, fresh.now()).await.unwrap();
    let left_out = |why, who: &str, site: Option<&str>| LeftOut {
        why,
        line: None,
        who: who.to_owned(),
        detail: String::new().into(),
        site: site.map(ToOwned::to_owned),
    };
    let all = vec![
        left_out(LeftOutWhy::NoAddress, "Ann", Some("MAIN")),
        left_out(LeftOutWhy::RefusedLine, "Ben", None),
        left_out(LeftOutWhy::NoAddress, "Cleo", Some("EAST")),
        left_out(LeftOutWhy::NoAddress, "Dan", Some("MAIN")),
        left_out(LeftOutWhy::NotMade, "Eve", Some("EAST")),
    ];
    store.left_out(run, all).await.unwrap();
    let part = |states: u64, left_out: &[(LeftOutWhy, u64)]| RunPart {
        states: [(State::Waiting, states)].into(),
        mails: states,
        left_out: left_out.iter().copied().collect(),
        ..RunPart::default()
    };
    let expected: BTreeMap<Option<String>, RunPart> = [
        (None, part(1, &[(LeftOutWhy::RefusedLine, 1)])),
        (Some("EAST".to_owned()), part(1, &[(LeftOutWhy::NoAddress, 1), (LeftOutWhy::NotMade, 1)])),
        (Some("MAIN".to_owned()), part(2, &[(LeftOutWhy::NoAddress, 2)])),
    ]
    .into();
    assert_eq!(store.run_by_site(run).await.unwrap(), expected);
    let claimed = store.claim(claim_of(fresh, 3)).await.unwrap();
    let later = Verdict::Deferred { due_at: fresh.later(5), in_doubt: false };
    for (job, verdict) in claimed.iter().zip([Verdict::Returned, later, Verdict::Delivered]) {
        settle(fresh, &store, job.recipients[0].id, verdict).await;
    }
    let mut why = BTreeMap::new();
    for part in store.run_by_site(run).await.unwrap().into_values() {
        why.extend(part.why);
    }
    let one = |job: &store::Claimed| Alike { count: 1, expires_first_at: job.recipients[0].expires_at };
    let expected = [
        ((State::Waiting, Reason::TryLater), one(&claimed[1])),
        ((State::Returned, Reason::AddressUnknown), one(&claimed[0])),
    ];
    assert_eq!(why, expected.into());
    let (main, no_address) = (&["MAIN"][..], &[LeftOutWhy::NoAddress][..]);
    let (any, some) = (&[][..], &[LeftOutWhy::RefusedLine, LeftOutWhy::NotMade][..]);
    for (why, sites, or_of_none, after, limit, expected) in [
        (any, &[][..], false, 0, 9, &["Ann", "Ben", "Cleo", "Dan", "Eve"][..]),
        // No library is called so.
        (any, &[""], true, 0, 9, &["Ben"]),
        (any, &[], false, 1, 2, &["Ben", "Cleo"]),
        (some, &[], false, 0, 2, &["Ben", "Eve"]),
        (some, &[], false, 2, 2, &["Eve"]),
        (no_address, &[], false, 0, 9, &["Ann", "Cleo", "Dan"]),
        (no_address, main, true, 1, 9, &["Dan"]),
        (any, main, false, 0, 9, &["Ann", "Dan"]),
        (any, main, true, 0, 9, &["Ann", "Ben", "Dan"]),
        (any, &["EAST"], false, 3, 9, &["Eve"]),
    ] {
        let sites = sites.iter().map(|site| (*site).to_owned()).collect();
        let filter = LeftOutFilter { why: why.iter().copied().collect(), sites, or_of_none };
        let found = store.left_out_part(run, filter, after, limit).await.unwrap();
        assert_eq!(found.iter().map(|(_, one)| one.who.as_str()).collect::<Vec<_>>(), expected);
    }
    sound(&store).await;
}

//! What somebody has to see to still of runs of the last days.

use std::collections::BTreeMap;

use mail::{Envelope, Reason};
use store::{
    Attempt, ExportPart, ExportTaken, LeftOut, LeftOutDetail, LeftOutWhy, MessageId, NewMessage, NewRun,
    Patron, RecipientId, RunId, Settlement, State, Store, Verdict,
};

use crate::fresh::{Fresh, accept, address, begin, leased, minute, settle, settlement, sound};

/// A mail of this run to this address that came to this end.
async fn ended(fresh: &Fresh, store: &Store, run: RunId, to: &str, verdict: Verdict) -> RecipientId {
    ended_of(fresh, store, mail(run, to, None), verdict).await
}

fn mail(run: RunId, to: &str, number: Option<&str>) -> NewMessage {
    let message = leased();
    let envelope = Envelope::to_one(message.envelope.reverse_path.clone(), address(to));
    let patron = Some(Patron { name: "Ann Lee".to_owned(), number: number.map(ToOwned::to_owned) });
    NewMessage { run: Some(run), envelope, patron, ..message }
}

async fn ended_of(fresh: &Fresh, store: &Store, message: NewMessage, verdict: Verdict) -> RecipientId {
    let recipient = accept(fresh, store, message).await;
    settle(fresh, store, recipient, verdict).await;
    recipient
}

/// By the run: how many came back, and how many of whom a further run would write to. The newest first.
async fn found(store: &Store, since: i64) -> Vec<(i64, u64, u64)> {
    let since = minute(since);
    let found = store.unsettled(since).await.unwrap();
    let numbers = |one: store::Unsettled| {
        let parts = || one.parts.values();
        let back = parts().flat_map(|part| &part.why).filter(|((state, _), _)| *state == State::Returned);
        let left_out = parts().flat_map(|part| part.left_out.values()).sum();
        (one.run.0, back.map(|(_, alike)| alike.count).sum(), left_out)
    };
    found.into_iter().map(numbers).collect()
}

pub(crate) async fn what_came_back_is_to_be_seen_to_until_somebody_wrote_again(fresh: &Fresh) {
    let store = fresh.open().await;
    let first = begin(fresh, &store, false).await;
    let rehearsal = begin(fresh, &store, true).await;
    let ann = ended(fresh, &store, first, "ann@example.org", Verdict::Returned).await;
    ended(fresh, &store, first, "ben@example.org", Verdict::Returned).await;
    ended(fresh, &store, first, "ben@example.org", Verdict::Delivered).await;
    ended(fresh, &store, first, "cleo@example.org", Verdict::Returned).await;
    ended_of(fresh, &store, mail(first, "dan@example.org", Some("7")), Verdict::Returned).await;
    ended(fresh, &store, first, "eve@example.org", Verdict::Delivered).await;
    let list = NewMessage { tags: vec![store::TO_TEACHER.to_owned()], ..mail(first, "t@example.org", None) };
    ended_of(fresh, &store, list, Verdict::Returned).await;
    let practised = NewMessage { practice: true, ..mail(rehearsal, "ann@example.org", None) };
    ended_of(fresh, &store, practised, Verdict::Returned).await;
    // Others' mail is no run's.
    ended_of(
        fresh,
        &store,
        NewMessage { run: None, ..mail(first, "x@example.org", None) },
        Verdict::Returned,
    )
    .await;
    assert_eq!(found(&store, 0).await, [(first.0, 4, 0)]);
    assert_eq!(found(&store, 1).await, []);
    // A further run that comes back from the same address is the one that counts; one that arrives settles it.
    fresh.pass(1);
    let second = begin(fresh, &store, false).await;
    ended(fresh, &store, second, "Cleo@example.org", Verdict::Returned).await;
    assert_eq!(found(&store, 0).await, [(second.0, 1, 0), (first.0, 3, 0)]);
    ended(fresh, &store, second, "ben@example.org", Verdict::Delivered).await;
    assert_eq!(found(&store, 0).await, [(second.0, 1, 0), (first.0, 2, 0)]);
    ended_of(fresh, &store, mail(second, "dan@new.example.org", Some("7")), Verdict::Delivered).await;
    assert_eq!(found(&store, 0).await, [(second.0, 1, 0), (first.0, 1, 0)]);
    let tags = vec!["sent again".to_owned(), format!("sent again for {}", ann.0)];
    ended_of(fresh, &store, NewMessage { tags, ..mail(first, "ann@new.example.org", None) }, Verdict::Held)
        .await;
    assert_eq!(found(&store, 0).await, [(second.0, 1, 0)]);
    // It came back long after its run.
    assert_eq!(found(&store, 1).await, [(second.0, 1, 0)]);
    // What waits for room in a mailbox is told of whatever run, and nothing else that waits.
    for (to, reason) in [("fay@example.org", Reason::MailboxFull), ("gus@example.org", Reason::TryLater)] {
        let recipient = accept(fresh, &store, mail(first, to, None)).await;
        let verdict = Verdict::Deferred { due_at: fresh.later(5), in_doubt: false };
        let settlement = settlement(fresh, recipient, verdict);
        let attempt = Attempt { reason: Some(reason), ..settlement.attempt.clone() };
        store.settle(vec![Settlement { attempt, ..settlement }], fresh.now()).await.unwrap();
    }
    let unsettled = store.unsettled(minute(9)).await.unwrap();
    let why: Vec<_> =
        unsettled.iter().flat_map(|one| one.parts.values().flat_map(|part| &part.why)).collect();
    assert_eq!((unsettled.len(), unsettled[0].run, why.len()), (1, first, 1));
    assert_eq!((*why[0].0, why[0].1.count), ((State::Waiting, Reason::MailboxFull), 1));
    sound(&store).await;
}

async fn run_of(fresh: &Fresh, store: &Store, notice: &str, source: &str, sites: &[&str]) -> RunId {
    fresh.pass(1);
    let (notice, source, started_at) = (notice.to_owned(), source.to_owned(), fresh.now());
    let run = store.begin_run(NewRun { notice, source, practice: false, started_at }).await.unwrap();
    let part = |site: &&str| ((*site).to_owned(), ExportPart { items: 1, ..ExportPart::default() });
    let parts: BTreeMap<_, _> = sites.iter().map(part).collect();
    store.take_export(run, ExportTaken { of: fresh.now(), parts }, fresh.now()).await.unwrap();
    run
}

fn left(why: LeftOutWhy, who: &str, site: Option<&str>) -> LeftOut {
    let detail = LeftOutDetail::Text(String::new());
    LeftOut { why, line: None, who: who.to_owned(), detail, site: site.map(ToOwned::to_owned) }
}

pub(crate) async fn who_got_no_mail_is_told_until_a_further_run_was_about_them(fresh: &Fresh) {
    let store = fresh.open().await;
    let first = run_of(fresh, &store, "overdue-items", "overdue-2026-11-23.csv", &["EAST", "MAIN"]).await;
    let all = vec![
        left(LeftOutWhy::UnknownBranch, "Ann", None),
        left(LeftOutWhy::RefusedLine, "Ben", None),
        left(LeftOutWhy::NotMade, "Cleo", Some("EAST")),
        left(LeftOutWhy::NoAddress, "Dan", Some("EAST")),
    ];
    store.left_out(first, all).await.unwrap();
    let nowhere = run_of(fresh, &store, "overdue-items", "west.csv", &[]).await;
    store.left_out(nowhere, vec![left(LeftOutWhy::UnknownBranch, "Eve", None)]).await.unwrap();
    let both = [(nowhere.0, 0, 1), (first.0, 0, 3)];
    assert_eq!(found(&store, 0).await, both);
    assert_eq!(found(&store, 2).await, both[..1]);
    // Of another notice, of another library, one that is no practice but not at its end, and a practice.
    let fines = run_of(fresh, &store, "fines", "overdue-2026-11-30.csv", &["EAST", "MAIN"]).await;
    store.finish_run(fines, fresh.now()).await.unwrap();
    let main = run_of(fresh, &store, "overdue-items", "main.csv", &["MAIN"]).await;
    store.finish_run(main, fresh.now()).await.unwrap();
    let rehearsal = begin(fresh, &store, true).await;
    store.finish_run(rehearsal, fresh.now()).await.unwrap();
    let whole = run_of(fresh, &store, "overdue-items", "overdue-2026-11-30.csv", &["EAST", "MAIN"]).await;
    assert_eq!(found(&store, 0).await, both);
    // Over another file, which says nothing of those whose library is not known.
    let other = run_of(fresh, &store, "overdue-items", "some-2026-11-30.csv", &["EAST", "MAIN"]).await;
    store.finish_run(other, fresh.now()).await.unwrap();
    assert_eq!(found(&store, 0).await, [(nowhere.0, 0, 1), (first.0, 0, 2)]);
    store.left_out(whole, vec![left(LeftOutWhy::RefusedLine, "Ben", None)]).await.unwrap();
    store.finish_run(whole, fresh.now()).await.unwrap();
    assert_eq!(found(&store, 0).await, [(whole.0, 0, 1), (nowhere.0, 0, 1)]);
    let again = run_of(fresh, &store, "overdue-items", "west.csv", &["WEST"]).await;
    store.finish_run(again, fresh.now()).await.unwrap();
    assert_eq!(found(&store, 0).await, [(whole.0, 0, 1)]);
    sound(&store).await;
}

pub(crate) async fn whether_a_newer_export_still_names_somebody_is_known(fresh: &Fresh) {
    let store = fresh.open().await;
    let first = run_of(fresh, &store, "overdue-items", "a.csv", &["MAIN"]).await;
    store.finish_run(first, fresh.now()).await.unwrap();
    let ann: MessageId =
        ended_of(fresh, &store, mail(first, "ann@example.org", Some("47")), Verdict::Returned)
            .await
            .message();
    let parts = store.export_of(first).await.unwrap().unwrap().parts;
    assert_eq!(parts.into_keys().collect::<Vec<_>>(), ["MAIN"]);
    let told = async || {
        let newer = store.newer_export(ann).await.unwrap();
        newer.map(|newer| (newer.run, newer.names, newer.wrote))
    };
    assert_eq!(told().await, None);
    // Of another library, of another notice, and one that is not made to its end.
    for (notice, site) in [("overdue-items", "EAST"), ("fines", "MAIN")] {
        let run = run_of(fresh, &store, notice, "a.csv", &[site]).await;
        store.finish_run(run, fresh.now()).await.unwrap();
    }
    let second = run_of(fresh, &store, "overdue-items", "b.csv", &["MAIN"]).await;
    assert_eq!(told().await, None);
    store.finish_run(second, fresh.now()).await.unwrap();
    assert_eq!(told().await, Some((second, false, false)));
    for (why, who, names) in [
        (LeftOutWhy::ItemsReturned, "Ann Lee (47)", false),
        (LeftOutWhy::NotDueYet, "Ann Lee (47)", false),
        (LeftOutWhy::WrittenLately, "Ben Lee (4)", false),
        (LeftOutWhy::RefusedLine, "4,Ben,Okafor,soon", false),
        (LeftOutWhy::RefusedLine, "47,,,soon", true),
        (LeftOutWhy::RefusedLine, "4,Ann,Lee,soon", true),
        (LeftOutWhy::RefusedLine, "", true),
        (LeftOutWhy::WrittenLately, "Ann Lee (47)", true),
        (LeftOutWhy::NoAddress, "Ann Lee", true),
    ] {
        let run = run_of(fresh, &store, "overdue-items", "c.csv", &["MAIN"]).await;
        store.left_out(run, vec![left(why, who, None)]).await.unwrap();
        store.finish_run(run, fresh.now()).await.unwrap();
        assert_eq!(told().await, Some((run, names, false)), "{why:?} {who}");
    }
    let last = run_of(fresh, &store, "overdue-items", "d.csv", &["MAIN"]).await;
    ended_of(fresh, &store, mail(last, "ann@new.example.org", Some("47")), Verdict::Delivered).await;
    store.finish_run(last, fresh.now()).await.unwrap();
    assert_eq!(told().await, Some((last, true, true)));
    let of_none = ended_of(fresh, &store, NewMessage { run: None, ..leased() }, Verdict::Delivered).await;
    assert_eq!(store.newer_export(of_none.message()).await.unwrap(), None);
    sound(&store).await;
}

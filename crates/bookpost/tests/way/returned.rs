//! A book that came back sends no notice: what waits of earlier runs is held against each newer export.

use std::{fmt::Write as _, time::Duration};

use bookpost::{
    cli::control::{Reply, RunRequest, RunSummary},
    notices::saved::standing,
};
use jiff::{SignedDuration, Timestamp};
use mail::{Reason, clock::Clock as _};
use store::{Actor, Filter, LeftOutWhy, NoticeRecipients, NoticeSettings, State};
use testkit::sink::{At, Does, Rule, Sink};
use tokio::sync::mpsc;

use crate::bench::{Bench, always, refuses, server, sink};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// An export of these: whose, and which title.
pub(crate) fn export(items: &[(&str, &str)]) -> String {
    let mut text = "name,card number,title,due,email,branch\n".to_owned();
    for (who, title) in items {
        writeln!(text, "{who},{who},{title},2026-11-12,{who}@example.org,RIV").unwrap();
    }
    text
}

pub(crate) async fn run(bench: &Bench, export: &str, exported_at: Option<Timestamp>) -> RunSummary {
    let request = RunRequest {
        source: "export.csv".into(),
        export: export.into(),
        exported_at,
        older_is_right: true,
        ..RunRequest::default()
    };
    match bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await {
        Reply::Run(run) => run,
        other => panic!("{other:?}"),
    }
}

async fn bench(sink: &Sink) -> Bench {
    Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.notices.repeat = Some(DAY * 6);
    })
    .await
}

/// Titles that went to somebody, mail by mail.
pub(crate) fn titles(sink: &Sink, who: &str, all: &[&str]) -> Vec<Vec<String>> {
    let to = format!("{who}@example.org");
    let taken = sink.taken().into_iter().filter(|one| one.to.contains(&to));
    taken
        .map(|one| {
            let text = String::from_utf8(one.bytes).unwrap().replace("=\r\n", "");
            all.iter().filter(|title| text.contains(**title)).map(|title| (*title).to_owned()).collect()
        })
        .collect()
}

const ALL: [(&str, &str); 4] = [("ann", "Dune"), ("ann", "Emma"), ("ben", "Beloved"), ("cleo", "Ulysses")];

/// While the server is down; and while it puts off each mail by itself, so that a retry would come days later.
#[tokio::test]
async fn what_came_back_while_mail_waited_is_not_sent_when_it_could_be() {
    for does in [
        Rule { at: At::Connect, address: None, does: Does::HangUp, times: None },
        always(At::Rcpt, "451 4.2.1 try again later"),
    ] {
        let sink = sink(vec![does]).await;
        let bench = bench(&sink).await;
        let first = run(&bench, &export(&ALL), None).await;
        bench.pass_in_steps(DAY * 2, HOUR).await;
        let second = run(&bench, &export(&[ALL[0], ALL[3]]), None).await;
        let row = bench.row("ben@example.org").await;
        assert_eq!((row.state, row.reason), (State::Cancelled, Some(Reason::ItemsReturned)));
        let outdated = row.outdated.unwrap();
        assert_eq!((outdated.run, outdated.of), (second.id, Some(bench.clock.now())));
        let said: Vec<_> = second.left_out.iter().map(|one| (one.why, one.who.as_str())).collect();
        assert!(said.contains(&(LeftOutWhy::ItemsReturned, "ben (ben)")), "{said:?}");
        let of_first = bench.app.store.run(first.id).await.unwrap().states;
        assert_eq!(of_first, [(State::Waiting, 1), (State::Cancelled, 2)].into());
        sink.set_rules(Vec::new());
        bench.pass_in_steps(HOUR * 6, HOUR).await;
        let all = ["Dune", "Emma", "Beloved", "Ulysses"];
        assert_eq!(titles(&sink, "ann", &all), [["Dune"]], "one mail, about what is left");
        assert_eq!(titles(&sink, "ben", &all), [] as [Vec<String>; 0]);
        assert_eq!(titles(&sink, "cleo", &all), [["Ulysses"]]);
        assert_eq!(bench.counts().await.waiting, 0);
        // It counts as not written: should it be overdue after all, the next run writes about it.
        assert_eq!(run(&bench, &export(&ALL), None).await.progress.delivered, 2);
        bench.app.stop().await.unwrap();
    }
}

/// One whose mailbox is full is tried again for days, while all others have theirs.
#[tokio::test]
async fn a_retry_days_later_is_held_against_the_newest_export() {
    let sink = sink(vec![refuses("ben@example.org", "452 4.2.2 mailbox full")]).await;
    let bench = bench(&sink).await;
    run(&bench, &export(&ALL), None).await;
    bench.pass_in_steps(DAY * 3, HOUR).await;
    assert_eq!(bench.row("ben@example.org").await.state, State::Waiting);
    let second = run(&bench, &export(&[ALL[0], ALL[1], ALL[3]]), None).await;
    assert_eq!(second.progress.lately, 2);
    sink.set_rules(Vec::new());
    bench.pass_in_steps(DAY * 2, HOUR).await;
    assert_eq!((sink.count(), bench.row("ben@example.org").await.state), (2, State::Cancelled));
    bench.app.stop().await.unwrap();
}

/// It is not interrupted; but when it is put off, nothing is left to be tried again.
#[tokio::test]
async fn what_is_being_sent_when_its_items_come_back_is_not_tried_again() {
    let at_dot = |does| Rule { at: At::Dot, address: Some("ben@example.org".into()), does, times: None };
    for (answer, is) in [
        (Some(Does::Reply("451 4.2.1 try again later".to_owned())), State::Cancelled),
        (Some(Does::HangUp), State::Cancelled),
        (None, State::Delivered),
    ] {
        // The dialogue stops before the text until the newer export was run.
        let waits = Rule { does: Does::Wait, times: Some(1), ..refuses("ben@example.org", "") };
        let sink = sink([waits].into_iter().chain(answer.map(at_dot)).collect()).await;
        let bench = bench(&sink).await;
        let (first, second) = (export(&ALL[2..]), export(&ALL[3..]));
        let drive = async {
            until(&bench, async |bench: &Bench| ben(bench).await == Some(State::Sending)).await;
            let answers = async {
                until(&bench, async |bench: &Bench| {
                    let runs = bench.app.store.runs(1).await.unwrap();
                    runs[0].left_out.contains_key(&LeftOutWhy::ItemsReturned)
                })
                .await;
                assert_eq!(ben(&bench).await, Some(State::Sending));
                until(&bench, async |bench: &Bench| {
                    sink.let_go();
                    ben(bench).await != Some(State::Sending)
                })
                .await;
            };
            tokio::join!(run(&bench, &second, None), answers)
        };
        tokio::join!(run(&bench, &first, None), drive);
        assert_eq!(ben(&bench).await, Some(is));
        let count = sink.count();
        sink.set_rules(Vec::new());
        bench.pass_in_steps(DAY * 2, HOUR).await;
        assert_eq!((ben(&bench).await, sink.count()), (Some(is), count));
        bench.app.stop().await.unwrap();
    }
}

async fn ben(bench: &Bench) -> Option<State> {
    let rows = bench.app.store.list(Filter::default(), None, 9).await.unwrap();
    let row = rows.into_iter().find(|row| row.to.address.as_str() == "ben@example.org");
    row.map(|row| row.state)
}

async fn until(bench: &Bench, mut holds: impl AsyncFnMut(&Bench) -> bool) {
    while !holds(bench).await {
        tokio::task::yield_now().await;
    }
}

/// The mail of everybody is not cancelled for somebody's broken job.
#[tokio::test]
async fn an_export_that_is_thin_or_empty_or_older_cancels_nothing_and_says_so() {
    let sink = sink(vec![always(At::Rcpt, "451 4.2.1 try again later")]).await;
    let bench = bench(&sink).await;
    let many: Vec<String> = (0..20).map(|n| format!("p{n}")).collect();
    let items: Vec<(&str, &str)> = many.iter().map(|who| (who.as_str(), "Dune")).collect();
    run(&bench, &export(&items), None).await;
    bench.pass_in_steps(DAY, HOUR).await;
    let before = bench.clock.now() - SignedDuration::from_hours(48);
    for (items, exported_at, says) in [
        (
            &items[..9],
            None,
            "Riverside Library: 9 items in this export, and only 45 % of the items of an earlier one are among them",
        ),
        (&items[..0], None, "Riverside Library: 0 items in this export"),
        (&items[..19], Some(before), "Riverside Library: a newer export, of"),
    ] {
        let run = run(&bench, &export(items), exported_at).await;
        let said = run.left_out.iter().find(|one| one.why == LeftOutWhy::NotTold).unwrap();
        assert!(said.detail.to_string().starts_with(says), "{said:?}");
        assert_eq!(bench.counts().await.waiting, 20, "{says}");
    }
    run(&bench, &export(&items[..19]), None).await;
    assert_eq!((bench.counts().await.waiting, bench.counts().await.cancelled), (19, 1));
    bench.app.stop().await.unwrap();
}

/// Whatever stands behind the line in which it broke off is not known.
#[tokio::test]
async fn an_export_that_broke_off_in_a_line_cancels_nothing_and_says_so() {
    let sink = sink(vec![always(At::Rcpt, "451 4.2.1 try again later")]).await;
    let bench = bench(&sink).await;
    run(&bench, &export(&ALL), None).await;
    bench.pass_in_steps(DAY, HOUR).await;
    let whole = export(&ALL);
    let broken_off = run(&bench, whole.split_at(whole.rfind("eloved").unwrap()).0, None).await;
    let said = broken_off.left_out.iter().find(|one| one.why == LeftOutWhy::NotTold).unwrap();
    assert_eq!(said.detail.to_string(), "the export ends in the middle of a line, so it has broken off");
    assert_eq!((bench.counts().await.waiting, bench.counts().await.cancelled), (3, 0));
    // One without the last end of a line, as some programs write it, is whole.
    run(&bench, export(&ALL[..3]).trim_end(), None).await;
    assert_eq!((bench.counts().await.waiting, bench.counts().await.cancelled), (2, 1));
    bench.app.stop().await.unwrap();
}

/// Somebody stops a run whose notices went in place of earlier ones: nobody has any, and the next run writes.
#[tokio::test]
async fn after_a_stop_the_next_run_writes_to_whom_nobody_wrote() {
    let sink = sink(vec![always(At::Rcpt, "451 4.2.1 try again later")]).await;
    let bench = bench(&sink).await;
    let first = run(&bench, &export(&ALL), None).await;
    bench.pass_in_steps(DAY, HOUR).await;
    let newer = export(&[ALL[0], ALL[2], ALL[3]]);
    let second = run(&bench, &newer, None).await;
    assert_eq!((second.progress.prepared, second.progress.lately), (1, 2), "one of Ann's came back");
    let (selection, action, withdrawn) =
        bench.app.notices.stop(second.id, [].into(), Actor::CommandLine).await.unwrap();
    bench.app.store.move_recipients(selection, action, bench.clock.now()).await.unwrap();
    drop(withdrawn);
    for (run, states) in [
        (first.id, [(State::Waiting, 2), (State::Cancelled, 1)].into()),
        (second.id, [(State::Cancelled, 1)].into()),
    ] {
        assert_eq!(bench.app.store.run(run).await.unwrap().states, states, "{run:?}");
    }
    let third = run(&bench, &newer, None).await;
    assert_eq!((third.progress.prepared, third.progress.lately), (1, 2));
    sink.set_rules(Vec::new());
    bench.pass_in_steps(DAY, HOUR).await;
    assert_eq!(titles(&sink, "ann", &["Dune", "Emma"]), [["Dune"]]);
    bench.app.stop().await.unwrap();
}

/// A rehearsal and a preview are no export that was taken.
#[tokio::test]
async fn practice_cancels_nothing() {
    let sink = sink(vec![always(At::Rcpt, "451 4.2.1 try again later")]).await;
    let bench = bench(&sink).await;
    run(&bench, &export(&ALL), None).await;
    for (practice, preview) in [(true, false), (false, true)] {
        let export = export(&ALL[..3]).into_bytes();
        let request = RunRequest { export, practice, preview, ..RunRequest::default() };
        bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await;
        assert_eq!(bench.row("cleo@example.org").await.state, State::Waiting);
        assert_eq!(bench.counts().await.cancelled, 0);
    }
    bench.app.stop().await.unwrap();
}

/// Between what is cancelled and what is written anew nobody is left without a mail: what gives way does so where the new one is stored.
#[tokio::test]
async fn a_sudden_end_between_cancelling_and_writing_loses_no_notice() {
    let sink = sink(vec![always(At::Rcpt, "451 4.2.1 try again later")]).await;
    let bench = bench(&sink).await;
    run(&bench, &export(&ALL), None).await;
    let newer = export(&[ALL[0], ALL[3]]);
    // Not one notice of the second run can be stored.
    let sql = rusqlite::Connection::open(bench.folder.path().join("queue.db")).unwrap();
    sql.execute_batch(
        "CREATE TRIGGER refuse BEFORE INSERT ON message BEGIN SELECT raise(ABORT, 'not now'); END",
    )
    .unwrap();
    let request = RunRequest { export: newer.clone().into(), ..RunRequest::default() };
    let reply = bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await;
    assert!(matches!(reply, Reply::Failed { .. }), "{reply:?}");
    assert_eq!(bench.row("ben@example.org").await.state, State::Cancelled, "of his nothing is overdue");
    assert_eq!(bench.row("ann@example.org").await.state, State::Waiting, "hers goes as it is");
    sql.execute_batch("DROP TRIGGER refuse").unwrap();
    drop(sql);
    // As after a power failure; and whether or not the export is run again.
    for again in [false, true] {
        let after = bench.after_a_crash(vec![server("server1", sink.address())]).await;
        after.quiet().await;
        if again {
            run(&after, &newer, None).await;
        }
        let rows = after.app.store.list(Filter::default(), None, 9).await.unwrap();
        let of_ann = rows.iter().filter(|row| row.to.address.as_str() == "ann@example.org");
        let mut states: Vec<_> = of_ann.map(|row| row.state).collect();
        states.sort();
        let expected = if again { vec![State::Waiting, State::Cancelled] } else { vec![State::Waiting] };
        assert_eq!(states, expected);
        after.app.stop().await.unwrap();
    }
    bench.app.stop().await.unwrap();
}

/// The gentle notice waits, and the firm one is run: nobody gets both for one item. Where the firm one says less, or goes to others, each is sent.
#[tokio::test]
async fn a_firmer_notice_goes_in_place_of_the_gentle_one_that_waits() {
    let wait = || vec![always(At::Rcpt, "451 4.2.1 try again later")];
    for (recipients, states) in [
        (NoticeRecipients::default(), [(State::Waiting, 1), (State::Cancelled, 2)]),
        (NoticeRecipients { teacher: true, ..NoticeRecipients::default() }, [(State::Waiting, 3); 2]),
    ] {
        let sink = sink(wait()).await;
        let bench = bench(&sink).await;
        let firm = standing(Vec::new()).into_iter().find(|one| one.slug == "overdue-items-firm").unwrap();
        let settings = NoticeSettings { on: true, recipients, ..firm.settings };
        bench
            .app
            .store
            .save_notice(&firm.slug, settings, 0, Actor::CommandLine, bench.clock.now())
            .await
            .unwrap();
        let gentle = run(&bench, &export(&ALL), None).await;
        let request = RunRequest {
            source: "firm.csv".into(),
            export: export(&[ALL[0], ALL[2], ALL[3]]).into(),
            notice: Some(firm.slug),
            ..RunRequest::default()
        };
        let reply = bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await;
        let Reply::Run(second) = reply else { panic!("{reply:?}") };
        assert_eq!((second.progress.prepared, second.progress.lately), (3, 0));
        // Of Ann's two items the firm one names one.
        let of_gentle = bench.app.store.run(gentle.id).await.unwrap().states;
        assert_eq!(of_gentle, states.into());
        let ben = bench
            .app
            .store
            .list(Filter { run: Some(gentle.id), ..Filter::default() }, None, 9)
            .await
            .unwrap();
        let replaced = ben.iter().filter(|row| row.reason == Some(Reason::Replaced)).count();
        assert_eq!(replaced, if recipients.teacher { 0 } else { 2 });
        sink.set_rules(Vec::new());
        bench.pass_in_steps(DAY, HOUR).await;
        let mails = |who| titles(&sink, who, &["Beloved", "Ulysses"]).len();
        let expected = if recipients.teacher { 2 } else { 1 };
        assert_eq!((mails("ben"), mails("cleo")), (expected, expected));
        assert_eq!(
            titles(&sink, "ann", &["Emma"]).len(),
            2,
            "what only the gentle one names is not kept from her"
        );
        bench.app.stop().await.unwrap();
    }
}

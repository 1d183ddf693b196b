//! Lists for teachers: one mail for each, told apart from the mail of patrons, never twice, and never about what came back.

use std::{fmt::Write as _, time::Duration};

use bookpost::{
    cli::{
        Exit,
        control::{Failure, Reply, RunRequest, RunSummary},
    },
    notices::saved::{USUAL, standing},
};
use jiff::SignedDuration;
use mail::clock::Clock as _;
use store::{Actor, Filter, NoticeRecipients, RunId, State, TO_TEACHER};
use testkit::sink::Sink;
use tokio::sync::mpsc;

use crate::bench::{Bench, always, server, sink};

const DAY: Duration = Duration::from_hours(24);

/// Whose, which title, and whose student that is.
const ALL: [(&str, &str, &str); 4] = [
    ("ann", "Dune", "reyes"),
    ("ann", "Emma", "reyes"),
    ("ben", "Beloved", "Reyes"),
    ("cleo", "Ulysses", "novak"),
];

fn export(items: &[(&str, &str, &str)]) -> String {
    let mut text = "name,card number,title,due,email,branch,homeroom teacher email\n".to_owned();
    for (who, title, teacher) in items {
        // Ben has no address.
        let email = if *who == "ben" { String::new() } else { format!("{who}@example.org") };
        writeln!(text, "{who},{who},{title},2026-11-12,{email},RIV,{teacher}@school.example").unwrap();
    }
    text
}

async fn bench(sink: &Sink, recipients: NoticeRecipients) -> Bench {
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.notices.repeat = Some(DAY * 6);
    })
    .await;
    let usual = standing(Vec::new()).into_iter().find(|one| one.slug == USUAL).unwrap().settings;
    let settings = store::NoticeSettings { recipients, ..usual };
    bench.app.store.save_notice(USUAL, settings, 0, Actor::CommandLine, bench.clock.now()).await.unwrap();
    bench
}

fn teachers() -> NoticeRecipients {
    NoticeRecipients { teacher: true, ..NoticeRecipients::default() }
}

async fn run(bench: &Bench, items: &[(&str, &str, &str)]) -> RunSummary {
    let export = export(items).into_bytes();
    let request = RunRequest { source: "export.csv".into(), export, ..RunRequest::default() };
    match bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await {
        Reply::Run(run) => run,
        other => panic!("{other:?}"),
    }
}

/// What went to a teacher, mail by mail.
fn lists(sink: &Sink, teacher: &str) -> Vec<String> {
    let to = format!("{teacher}@school.example");
    let taken = sink.taken().into_iter().filter(|one| one.to.iter().any(|one| one.eq_ignore_ascii_case(&to)));
    taken.map(|one| String::from_utf8(one.bytes).unwrap().replace("=\r\n", "")).collect()
}

#[tokio::test]
async fn a_teacher_gets_one_list_without_titles_and_only_of_what_is_new() {
    let sink = sink(Vec::new()).await;
    let bench = bench(&sink, teachers()).await;
    let first = run(&bench, &ALL).await;
    let found = bench.app.store.run(first.id).await.unwrap();
    assert_eq!(
        (found.states, found.copies),
        ([(State::Delivered, 2)].into(), [(State::Delivered, 2)].into())
    );
    assert_eq!((first.progress.prepared, first.progress.addresses, first.progress.lists), (2, 2, 2));
    let list = lists(&sink, "reyes");
    assert_eq!(list.len(), 1, "one mail, however many students and however the address is written");
    for said in ["ann: 2 items", "ben: 1 item", "We have no email address for them"] {
        assert!(list[0].contains(said), "{said}: {}", list[0]);
    }
    for (_, title, _) in ALL {
        assert!(!list[0].contains(title), "{title}: {}", list[0]);
    }
    let filter = |copies| Filter { run: Some(first.id), copies, ..Filter::default() };
    for (copies, count) in [(None, 4), (Some(true), 2), (Some(false), 2)] {
        let rows = bench.app.store.part(filter(copies), None, 9).await.unwrap().rows;
        assert_eq!(rows.len(), count, "{copies:?}");
        let tagged = rows.iter().filter(|row| row.tags == [TO_TEACHER] && row.patron.is_none()).count();
        assert_eq!(tagged, if copies == Some(false) { 0 } else { 2 }, "{copies:?}");
    }

    // The same again tells nobody anything; one more student is told of alone.
    let again = run(&bench, &ALL).await;
    assert_eq!((again.progress.lists, again.progress.lately), (0, 2));
    let more = [&ALL[..], &[("dan", "Walden", "reyes")]].concat();
    assert_eq!(run(&bench, &more).await.progress.lists, 1);
    let list = lists(&sink, "reyes");
    assert!(list.len() == 2 && list[1].contains("dan: 1 item") && !list[1].contains("ann"), "{list:?}");
    // After the repeat period all are told of again.
    bench.pass_in_steps(DAY * 7, DAY).await;
    assert_eq!(run(&bench, &more).await.progress.lists, 2);
    assert!(lists(&sink, "reyes")[2].contains("These 3 students"));
    bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn a_list_has_titles_only_where_the_notice_allows_them_and_there_is_none_unless_it_is_wanted() {
    for (recipients, lists_made, has_titles) in [
        (NoticeRecipients::default(), 0, false),
        (NoticeRecipients { teacher_titles: true, ..NoticeRecipients::default() }, 0, false),
        (NoticeRecipients { teacher_titles: true, ..teachers() }, 2, true),
    ] {
        let sink = sink(Vec::new()).await;
        let bench = bench(&sink, recipients).await;
        assert_eq!(run(&bench, &ALL).await.progress.lists, lists_made, "{recipients:?}");
        let list = lists(&sink, "reyes");
        assert_eq!(list.iter().any(|text| text.contains("Beloved")), has_titles, "{recipients:?}");
        bench.app.stop().await.unwrap();
    }
}

/// What waits is held against the newest export like every notice.
#[tokio::test]
async fn a_list_that_waits_gives_way_when_something_of_it_came_back() {
    let sink = sink(vec![always(testkit::sink::At::Rcpt, "451 4.2.1 try again later")]).await;
    let bench = bench(&sink, teachers()).await;
    let first = run(&bench, &ALL).await;
    bench.pass_in_steps(DAY, Duration::from_hours(1)).await;
    // Cleo's came back, and one of Ann's.
    let second = run(&bench, &ALL[1..3]).await;
    let copies = async |run: RunId| bench.app.store.run(run).await.unwrap().copies;
    assert_eq!(copies(first.id).await, [(State::Cancelled, 2)].into(), "one gave way, of one all came back");
    assert_eq!(copies(second.id).await, [(State::Waiting, 1)].into());
    sink.set_rules(Vec::new());
    bench.pass_in_steps(DAY, Duration::from_hours(1)).await;
    let list = lists(&sink, "reyes");
    assert!(list.len() == 1 && list[0].contains("ann: 1 item") && list[0].contains("ben"), "{list:?}");
    assert_eq!(lists(&sink, "novak"), [] as [String; 0]);
    bench.app.stop().await.unwrap();
}

/// A line that cannot be read may be about any student of a list.
#[tokio::test]
async fn a_line_that_cannot_be_used_keeps_the_lists_that_wait() {
    let sink = sink(vec![always(testkit::sink::At::Rcpt, "451 4.2.1 try again later")]).await;
    let bench = bench(&sink, teachers()).await;
    let first = run(&bench, &ALL).await;
    bench.pass_in_steps(DAY, Duration::from_hours(1)).await;
    let unusable = "cleo,cleo,Ulysses,some day,cleo@example.org,RIV,novak@school.example\n";
    let export = export(&ALL[..3]) + unusable;
    let request = RunRequest { export: export.into_bytes(), ..RunRequest::default() };
    let ran = bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await;
    assert!(matches!(ran, Reply::Run(_)), "{ran:?}");
    assert_eq!(bench.app.store.run(first.id).await.unwrap().copies, [(State::Waiting, 2)].into());
    bench.app.stop().await.unwrap();
}

/// An export without teachers says nothing of what they were told.
#[tokio::test]
async fn an_export_without_teachers_keeps_the_lists_that_wait() {
    let sink = sink(vec![always(testkit::sink::At::Rcpt, "451 4.2.1 try again later")]).await;
    let bench = bench(&sink, teachers()).await;
    let first = run(&bench, &ALL).await;
    bench.pass_in_steps(DAY, Duration::from_hours(1)).await;
    let mut export = "name,card number,title,due,email,branch\n".to_owned();
    for (who, title, _) in ALL {
        writeln!(export, "{who},{who},{title},2026-11-12,{who}@example.org,RIV").unwrap();
    }
    let request = RunRequest { export: export.into_bytes(), ..RunRequest::default() };
    let ran = bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await;
    assert!(matches!(ran, Reply::Run(_)), "{ran:?}");
    assert_eq!(bench.app.store.run(first.id).await.unwrap().copies, [(State::Waiting, 2)].into());
    bench.app.stop().await.unwrap();
}

/// Whoever stops a run stops its lists, and what was not told is told by the next run.
#[tokio::test]
async fn what_is_stopped_counts_as_not_told() {
    let sink = sink(vec![always(testkit::sink::At::Rcpt, "451 4.2.1 try again later")]).await;
    let bench = bench(&sink, teachers()).await;
    let first = run(&bench, &ALL).await;
    let (selection, action, withdrawn) =
        bench.app.notices.stop(first.id, [].into(), Actor::CommandLine).await.unwrap();
    bench.app.store.move_recipients(selection, action, bench.clock.now()).await.unwrap();
    drop(withdrawn);
    assert_eq!(bench.app.store.run(first.id).await.unwrap().copies, [(State::Cancelled, 2)].into());
    assert_eq!(run(&bench, &ALL).await.progress.lists, 2);
    bench.app.stop().await.unwrap();
}

/// A command over a file of yesterday asks; the drop folder has asked already.
#[tokio::test]
async fn a_file_that_is_older_than_a_day_is_not_run_before_a_person_says_so() {
    let sink = sink(Vec::new()).await;
    let bench = bench(&sink, NoticeRecipients::default()).await;
    for (hours, from_folder, older_is_right, practice, is_run) in [
        (25, false, false, false, false),
        (24, false, false, false, true),
        (25, false, true, false, true),
        (25, true, false, false, true),
        (25, false, false, true, true),
    ] {
        let exported_at = Some(bench.clock.now() - SignedDuration::from_hours(hours));
        let (source, export) = ("export.csv".to_owned(), export(&ALL).into_bytes());
        let request = RunRequest {
            source,
            export,
            exported_at,
            from_folder,
            older_is_right,
            practice,
            ..RunRequest::default()
        };
        match bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await {
            Reply::Run(_) if is_run => {}
            Reply::Failed { failure: Failure::Data, message } if !is_run => {
                assert!(message.contains("--older-export-is-right"), "{message}");
                assert_eq!(Exit::of(&Reply::Failed { failure: Failure::Data, message }), Exit::Data);
                assert_eq!(bench.app.store.runs(9).await.unwrap().len(), 0);
            }
            other => panic!("{hours} {from_folder} {older_is_right} {practice}: {other:?}"),
        }
    }
    bench.app.stop().await.unwrap();
}

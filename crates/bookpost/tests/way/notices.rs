//! Notice runs on a real queue: what goes, what is left out, and what the run says of it.

use std::{collections::BTreeSet, time::Duration};

use bookpost::{
    cli::{
        Exit,
        control::{Reply, RunRequest, RunSummary},
    },
    config::{Config, Server},
};
use mail::{ReversePath, clock::Clock as _};
use store::{Actor, Class, Door, Filter, LeftOutWhy, RunId, State};
use testkit::sink::{At, Does, Rule};
use tokio::sync::mpsc;

use crate::bench::{Bench, START, message, refuses, server, sink};

const EXPORT: &str = "name,card number,title,due,email,branch\n\
    Ngozi,1,Dune,2026-11-12,ngozi@example.org,RIV\n\
    Ming,2,Emma,2026-11-12,ming@example.org,RIV\n\
    Zoe,3,Beloved,2026-11-12,zoe@example.org,RIV\n";

async fn run(bench: &Bench, export: &str) -> RunSummary {
    run_with(bench, export, false).await
}

async fn run_with(bench: &Bench, export: &str, again: bool) -> RunSummary {
    let request =
        RunRequest { source: "export.csv".into(), export: export.into(), again, ..RunRequest::default() };
    match bench.app.notices.run(request, true, mpsc::unbounded_channel().0).await {
        Reply::Run(run) => run,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_notice_that_cannot_be_made_is_told_and_the_others_go() {
    let sink = sink(Vec::new()).await;
    let templates = tempfile::tempdir().unwrap();
    let own = templates.path().join("overdue");
    std::fs::create_dir(&own).unwrap();
    let text = "{% if patron_number == '2' %}{{ items[0].titel }}{% endif %}x";
    for file in ["body.txt", "body.html"] {
        std::fs::write(own.join(file), text).unwrap();
    }
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.notices.templates = Some(templates.path().into());
    })
    .await;
    let summary = run(&bench, EXPORT).await;
    assert_eq!((summary.progress.prepared, summary.progress.delivered), (2, 2));
    let left: Vec<_> = summary.left_out.iter().map(|one| (one.why, one.line, one.who.as_str())).collect();
    assert_eq!(left, [(LeftOutWhy::NotMade, Some(3), "Ming (2)")]);
    bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn a_list_of_all_loans_makes_notices_of_what_is_overdue_and_names_the_rest() {
    let sink = sink(Vec::new()).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let loans = EXPORT.replace("2026-11-12,zoe", "2027-02-12,zoe");
    let summary = run(&bench, &loans).await;
    assert_eq!((summary.lines, summary.progress.delivered), (3, 2));
    let rows = bench.app.store.list(Filter::default(), None, 9).await.unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.door == Some(Door::Notices)), "{rows:?}");
    let kept = bench.app.store.left_out_of(summary.id).await.unwrap();
    assert_eq!(kept, summary.left_out);
    let said: Vec<_> = kept.iter().map(|one| (one.why, one.line, one.detail.to_string())).collect();
    assert_eq!(said, [(LeftOutWhy::NotDueYet, Some(4), "\"Beloved\" is due on 2027-02-12".to_owned())]);
    // Read the wrong way round, all of it lies in the future, and the run is no success.
    let wrong = Reply::Run(run(&bench, &EXPORT.replace("2026-11-12", "2027-02-12")).await);
    assert_eq!(Exit::of(&wrong), Exit::Partly);
    assert_eq!(sink.count(), 2);
    bench.app.stop().await.unwrap();
}

/// A notice that came back and whose address is right by now need not wait for the repeat period.
#[tokio::test]
async fn who_was_written_to_lately_is_written_to_when_a_person_says_again() {
    let sink = sink(Vec::new()).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    for (again, delivered) in [(false, 3), (false, 0), (true, 3), (false, 0)] {
        let summary = run_with(&bench, EXPORT, again).await;
        assert_eq!(summary.progress.delivered, delivered, "{again}");
    }
    assert_eq!(sink.count(), 6);
    bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn an_export_in_which_nothing_is_overdue_is_a_run_of_no_notices() {
    let sink = sink(Vec::new()).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    for export in ["", "name,card number,title,due,email,branch\n"] {
        let summary = run(&bench, export).await;
        assert_eq!((summary.lines, summary.progress.total), (0, 0));
        assert_eq!(summary.left_out.iter().map(|one| one.why).collect::<Vec<_>>(), [LeftOutWhy::NoLines]);
    }
    bench.app.stop().await.unwrap();
}

/// Parents who live apart do not learn each other's address from a library.
#[tokio::test]
async fn who_has_several_addresses_gets_a_mail_at_each_in_which_no_other_stands() {
    let sink = sink(vec![refuses("mum@example.org", "550 5.1.1 no such user")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let addresses = ["eve@example.org", "dad@example.org", "mum@example.org"];
    let export = "name,card number,title,due,email,branch,guardian email 1,guardian email 2\n\
        Eve Smith,1,Dune,2026-11-12,eve@example.org,RIV,dad@example.org,mum@example.org\n";
    let summary = run(&bench, export).await;
    let told = summary.progress;
    assert_eq!((told.prepared, told.addresses, told.delivered, told.returned), (1, 3, 2, 1));
    let taken = sink.taken();
    let of_notices: Vec<_> = taken.iter().filter(|one| addresses.contains(&&*one.to.concat())).collect();
    assert_eq!(of_notices.len(), 2);
    for mail in of_notices {
        let (to, text) = (mail.to.concat(), String::from_utf8_lossy(&mail.bytes).into_owned());
        for address in addresses {
            assert_eq!(text.contains(address), to == address, "{text}");
        }
        let header = if to == "eve@example.org" { "To: \"Eve Smith\" <eve@" } else { "To: dad@" };
        assert!(text.contains(header), "{text}");
    }
    // All of them are one entry of the file.
    let again = run(&bench, export).await;
    assert_eq!((again.progress.prepared, again.left_out.len()), (0, 1));
    bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn a_large_run_goes_behind_all_other_mail() {
    for (bulk_over, class) in [(3, Class::Normal), (2, Class::Bulk)] {
        let sink = sink(Vec::new()).await;
        let change = |config: &mut Config| config.sending.bulk_over = bulk_over;
        let bench = Bench::start_with(vec![server("server1", sink.address())], change).await;
        run(&bench, EXPORT).await;
        assert_eq!(bench.row("ming@example.org").await.class, class);
        bench.app.stop().await.unwrap();
    }
}

/// Mail servers take the sender; people read where answers go. Of two libraries that send from one address too.
#[tokio::test]
async fn reports_about_notices_go_to_where_answers_go_and_those_of_programs_to_who_sent() {
    let gone = "550 5.1.1 no such user";
    let refused = ["ngozi@example.org", "ming@example.org", "zoe@example.org", "ann@example.org"];
    let sink = sink(refused.map(|address| refuses(address, gone)).into()).await;
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        let mut other = config.sites[0].clone();
        other.code = "BUS".into();
        config.sites[0].reply_to = "desk@riverside.example.org".parse().ok();
        other.reply_to = "driver@riverside.example.org".parse().ok();
        config.sites.push(other);
    })
    .await;
    run(&bench, &EXPORT.replace("zoe@example.org,RIV", "zoe@example.org,BUS")).await;
    let mut sent = message(&["ann@example.org"], START);
    sent.envelope.reverse_path = "library@riverside.example.org".parse().map(ReversePath::Address).unwrap();
    bench.app.receiver.accept(vec![sent]).await.unwrap();
    bench.pass(Duration::from_mins(2)).await;
    let reports =
        sink.taken().into_iter().map(|one| (one.to.concat(), String::from_utf8(one.bytes).unwrap()));
    let mut about: Vec<_> = reports
        .flat_map(|(to, text)| {
            let names = refused.into_iter().filter(move |address| text.contains(address));
            names.map(move |address| (address, to.clone()))
        })
        .collect();
    about.sort();
    let expected = [
        ("ann@example.org", "library@riverside.example.org"),
        ("ming@example.org", "desk@riverside.example.org"),
        ("ngozi@example.org", "desk@riverside.example.org"),
        ("zoe@example.org", "driver@riverside.example.org"),
    ];
    assert_eq!(about, expected.map(|(address, to)| (address, to.to_owned())));
    bench.app.stop().await.unwrap();
}

/// Behind a slow server, fresh mail stands in line in memory. What has not begun can be called back, and nothing else.
#[tokio::test]
async fn who_stops_a_run_calls_back_what_stands_in_line() {
    let slow = Rule { at: At::Rcpt, address: Some("p0@example.org".into()), does: Does::Wait, times: None };
    let sink = sink(vec![slow]).await;
    let one = Server { connections: 1, ..Server::plain("server1", sink.address()) };
    let bench = Bench::start(vec![one.into()]).await;
    let line = |n: u8| format!("P{n},{n},Dune,2026-11-12,p{n}@example.org,RIV\n");
    let export: String = std::iter::once("name,card number,title,due,email,branch\n".to_owned())
        .chain((0..8).map(line))
        .collect();
    let request =
        RunRequest { source: "export.csv".into(), export: export.into_bytes(), ..RunRequest::default() };
    let (notices, (progress, mut told)) = (bench.app.notices.clone(), mpsc::unbounded_channel());
    let run = tokio::spawn(async move { notices.run(request, true, progress).await });
    while told.recv().await.is_some_and(|told| told.prepared < 8) {}
    bench.accept(&["ann@example.org"]).await;
    while bench.row("p0@example.org").await.state != State::Sending
        || bench.app.notices.in_line(RunId(1), BTreeSet::new()) == 8
    {
        tokio::task::yield_now().await;
    }
    let (in_line, elsewhere) = (
        bench.app.notices.in_line(RunId(1), BTreeSet::new()),
        bench.app.notices.in_line(RunId(1), ["BUS".to_owned()].into()),
    );
    assert!((6..8).contains(&in_line) && elsewhere == 0, "{in_line}, {elsewhere}");
    let stopped = bench.app.notices.stop(RunId(1), BTreeSet::new(), Actor::CommandLine).await;
    let (selection, wish, withdrawn) = stopped.unwrap();
    assert_eq!(bench.counts().await.waiting, in_line, "nothing is claimed again meanwhile");
    let moved = bench.app.store.move_recipients(selection, wish, bench.clock.now()).await.unwrap();
    drop(withdrawn);
    assert_eq!(moved.moved, in_line);
    sink.let_go();
    let Ok(Reply::Run(summary)) = run.await else { panic!("no run") };
    assert_eq!(summary.progress.delivered, 8 - in_line);
    bench.quiet().await;
    assert_eq!(sink.count(), 8 - in_line + 1, "and who is of no run");
    bench.app.stop().await.unwrap();
}

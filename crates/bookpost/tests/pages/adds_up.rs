//! What a run is said to do, and what is told of it afterwards, adds up for whoever reads both.

use store::{NewMessage, NewRun, RecipientId, RunId, Verdict};

use crate::{
    bench::{Bench, notice, servers},
    notices::{HEAD, export, sent, to, upload, uploaded},
};
use testkit::sink::{Settings, Sink};

/// Somebody with two addresses gets a mail of their own at each, and both are counted.
#[tokio::test]
async fn several_addresses_of_one_person_are_said_before_and_after() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let lines = "1,Ana,Ruiz,ana@example.org;home@example.org,MAIN,Dune,m1,2026-11-12,2026-10-12\n\
                 2,Ben,Okafor,ben@example.org;ben@work.example,MAIN,Emma,m2,2026-11-12,2026-10-12\n";
    let check = uploaded(&bench, "administrator", &format!("{HEAD}{lines}")).await;
    let page = bench.get("administrator", &check).await.text;
    let said = "This sends 4 emails to 4 addresses of 2 people of 1 library through 127.0.0.1";
    assert!(page.contains(said), "{page}");
    let run = sent(&bench, "administrator", &check).await;
    let path = format!("/notices/runs/{}", run.0);
    let page = bench.get("administrator", &path).await.text;
    for said in [
        "4 addresses of 2 people: some people have several. Each gets a mail of its own, and counts.",
        "aria-label=\"4 accepted by 127.0.0.1\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let page = bench.get("administrator", "/").await.text;
    assert!(page.contains("2 notices to 4 addresses, 4 accepted by 127.0.0.1"), "{page}");
    // Beside each name stands the server that took it.
    let names = bench.get("administrator", &format!("{path}/names?what=delivered")).await.text;
    assert_eq!(names.matches(&format!("accepted by {}", sink.address())).count(), 4, "{names}");
    // Where each has one, nothing is said of it.
    let check = uploaded(&bench, "administrator", &export()).await;
    let page = bench.get("administrator", &check).await.text;
    assert!(page.contains("This sends 3 emails to 3 people of 2 libraries"), "{page}");
    let run = sent(&bench, "administrator", &check).await;
    let page = bench.get("administrator", &format!("/notices/runs/{}", run.0)).await.text;
    assert!(!page.contains("some people have several"), "{page}");
    bench.stop().await;
}

/// The links to names that a page of a run has, each with its number.
fn lists(page: &str) -> Vec<(String, Option<usize>)> {
    let links = page.split("<a href=\"/notices/runs/1/names").skip(1);
    let link = |rest: &str| {
        let (query, rest) = rest.split_once('"').unwrap_or_default();
        let number = rest.split(['>', '<']).nth(1).and_then(|text| text.parse().ok());
        (format!("/notices/runs/1/names{}", query.replace("&#38;", "&")), number)
    };
    links.map(link).collect()
}

/// Of no library, and all together, too.
#[tokio::test]
async fn every_number_of_a_run_opens_the_names_that_it_counts() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let lines = "1,Ana,Ruiz,ana@example.org,MAIN,Dune,m1,2026-11-12,2026-10-12\n\
                 2,Ben,Okafor,ben@example.org,EAST,Emma,m2,2026-11-12,2026-10-12\n\
                 3,Cleo,Lee,cleo@example.org,NOWHERE,Ulysses,m3,2026-11-12,2026-10-12\n\
                 4,Dan,Ng,,MAIN,Walden,m4,2026-11-12,2026-10-12\n";
    let check = uploaded(&bench, "administrator", &format!("{HEAD}{lines}")).await;
    let run = sent(&bench, "administrator", &check).await;
    let due_at = bench.now() + jiff::SignedDuration::from_hours(1);
    let unsure = NewMessage { run: Some(run), ..notice("eve@example.org", "Overdue") };
    bench.mail(unsure, Some(Verdict::Deferred { due_at, in_doubt: true })).await;
    let page = bench.get("administrator", "/notices/runs/1").await.text;
    let names = async |path: &str| {
        let names = bench.get("administrator", path).await.text;
        names
            .split_once("class=\"runs names\"")
            .map_or(0, |(_, list)| list.matches("<div class=\"what\">").count())
    };
    let lists = lists(&page);
    for (path, number) in &lists {
        assert_eq!(names(path).await, number.unwrap_or(1), "{path}");
    }
    let all: Vec<_> = lists.iter().map(|(path, _)| path.rsplit_once('?').unwrap().1).collect();
    for asked in
        ["what=all", "what=all&site=MAIN", "what=not_written&site=%28none%29", "what=waiting_in_doubt"]
    {
        assert!(all.contains(&asked), "{asked}: {all:?}");
    }
    // The sum, and a part of what waits that is told apart.
    assert_eq!(
        lists[..2],
        [
            ("/notices/runs/1/names?what=waiting_in_doubt".to_owned(), None),
            ("/notices/runs/1/names?what=all".to_owned(), Some(5))
        ]
    );
    // Whoever got a mail comes first, then whoever got none.
    let whole = bench.get("administrator", "/notices/runs/1/names?what=all").await.text;
    let at = |who: &str| whole.find(who).unwrap_or(usize::MAX);
    assert!(at("ana@example.org") < at("Dan Ng") && at("Dan Ng") < usize::MAX, "{whole}");
    bench.stop().await;
}

/// The table of a run has as many lines as the page counts.
#[tokio::test]
async fn whose_mail_came_back_twice_is_one_line_of_the_table() {
    let bench = Bench::staffed(servers()).await;
    let run = run(&bench).await;
    let mail = NewMessage { run: Some(run), ..notice("ben@example.org", "Overdue") };
    let first = bench.mail(mail.clone(), Some(Verdict::Returned)).await;
    let tags = vec!["sent again".to_owned(), format!("sent again for {}", RecipientId::of(first, 0).0)];
    let corrected = NewMessage { run: Some(run), tags, ..notice("ben@new.example.org", "Overdue") };
    bench.mail(corrected, Some(Verdict::Returned)).await;
    let table = bench.get("administrator", &format!("/notices/runs/{}/csv", run.0)).await.text;
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.contains("ben@new.example.org"), "{table}");
    let page = bench.get("administrator", &format!("/notices/runs/{}", run.0)).await.text;
    assert!(page.contains("aria-label=\"1 sent back to the library\""), "{page}");
    bench.stop().await;
}

async fn run(bench: &Bench) -> RunId {
    let new = NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice: false,
        started_at: bench.now(),
    };
    let run = bench.app.store.begin_run(new).await.unwrap();
    bench.app.store.finish_run(run, bench.now()).await.unwrap();
    run
}

/// Another run that began is no reason to forget what an earlier one still tries.
#[tokio::test]
async fn full_mailboxes_of_all_runs_are_told_with_each_of_them() {
    let bench = Bench::staffed(servers()).await;
    let full = async |run: RunId, to: &str, site: &str| {
        let due_at = bench.now() + jiff::SignedDuration::from_hours(1);
        let message = NewMessage { run: Some(run), site: Some(site.to_owned()), ..notice(to, "Overdue") };
        bench.mail(message, Some(Verdict::Deferred { due_at, in_doubt: false })).await;
    };
    let first = run(&bench).await;
    full(first, "a@example.org", "MAIN").await;
    let told = async |who: &str| bench.get(who, "/").await.text;
    let page = told("manager").await;
    assert!(page.contains("1 mailbox is full. Bookpost tries until "), "{page}");
    bench.pass(30);
    let last = run(&bench).await;
    bench
        .mail(NewMessage { run: Some(last), ..notice("b@example.org", "Overdue") }, Some(Verdict::Delivered))
        .await;
    let page = told("manager").await;
    assert!(page.contains("1 mailbox is full."), "it is still tried: {page}");
    assert!(page.contains(&format!("/notices/runs/{}/names?what=waiting\">Who it is", first.0)), "{page}");
    full(last, "c@example.org", "MAIN").await;
    full(last, "d@example.org", "EAST").await;
    let page = told("administrator").await;
    assert!(
        page.contains("3 mailboxes are full. Bookpost tries each for its time, the first until "),
        "{page}"
    );
    for run in [first, last] {
        assert!(page.contains(&format!("/notices/runs/{}/names?what=waiting\">", run.0)), "{page}");
    }
    assert!(told("manager").await.contains("2 mailboxes are full."), "of their own library");
    assert!(told("elsewhere").await.contains("1 mailbox is full."), "of their own library");
    bench.stop().await;
}

/// Nothing that somebody brought in goes without a word.
#[tokio::test]
async fn whoever_uploads_a_sixth_export_is_told_which_one_goes() {
    let bench = Bench::staffed(servers()).await;
    for n in 1..=5 {
        let answer = upload(&bench, "manager", &format!("export-{n}.csv"), export().as_bytes()).await;
        assert!(!answer.header("location").contains("done="), "{answer:?}");
        bench.pass(1);
        let page = bench.get("manager", "/notices").await.text;
        let warned = "With the next upload the oldest goes: export-1.csv.";
        assert_eq!(page.contains(warned), n == 5, "{n}: {page}");
    }
    let answer = upload(&bench, "manager", "export-6.csv", export().as_bytes()).await;
    let page = bench.get("manager", answer.header("location")).await.text;
    assert!(page.contains("Your oldest upload that was not sent was deleted"), "{page}");
    let page = bench.get("manager", "/notices").await.text;
    assert!(!page.contains("export-1.csv") && page.contains("goes: export-2.csv."), "{page}");
    bench.stop().await;
}

//! The first page says one thing: its sentence and what is to be done agree.

use std::sync::Arc;

use bookpost::config::{Server, Way};
use jiff::SignedDuration;
use mail::Reason;
use serde_json::json;
use store::{
    AlarmKind, Cause, ExportPart, ExportTaken, FolderFault, LeftOut, LeftOutDetail, LeftOutWhy, NewMessage,
    NewRun, RunId, Verdict,
};

use crate::bench::{Answer, Bench, notice, servers};

fn two() -> Way {
    let server = |n| Arc::new(Server::plain(&format!("server{n}"), "127.0.0.1:9".parse().unwrap()));
    Way::Servers(vec![server(1), server(2)])
}

/// What lies in the drop folder is of all libraries, and so is the word that it is right.
#[tokio::test]
async fn an_old_export_is_asked_about_where_whoever_may_say_so_can() {
    let bench = Bench::staffed(two()).await;
    let folder = bench.app.settings.now().notices.drop_folder.clone();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a&b.csv"), "x").unwrap();
    let subject = "old export: a&b.csv";
    bench
        .app
        .store
        .raise(AlarmKind::DropFolder, subject, Cause::new(FolderFault::ExportOld, "Old"), bench.now())
        .await
        .unwrap();
    let (asked, button) = ("Is a&#38;b.csv the right export?", "action=\"/notices/take\"");
    for (who, is_asked) in [("administrator", true), ("manager", false), ("viewer", false)] {
        let page = bench.get(who, "/").await.text;
        assert_eq!(page.contains(button), is_asked, "{who}: {page}");
        assert!(
            !is_asked || page.contains(asked) && page.contains("name=\"export\" value=\"a&#38;b.csv\""),
            "{page}"
        );
    }
    let answer = bench.post("administrator", "/notices/take", "export=a%26b.csv").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/?done=export_taken"), "{answer:?}");
    let log = bench.app.store.audit(store::AuditFilter::default(), None, 1).await.unwrap();
    assert_eq!((log[0].what, &*log[0].about), (store::Deed::OlderExportTaken, "a&b.csv"));
    bench.stop().await;
}

/// The page says what the alarm says that is told by mail, and when the server is asked next.
#[tokio::test]
async fn what_is_done_about_a_server_is_said_alike_everywhere() {
    for (cause, said) in [
        (
            Cause::new(Reason::Unreachable, "Your mail server (Server 1) (a): no."),
            "It is asked again every minute, and mail goes out by itself as soon as it answers. \
             Have your IT person check that the mail server runs, its port, and the firewall.",
        ),
        ("Down".into(), "If it lasts, tell your IT person."),
        // The connection broke, of which nobody has to ask the patron.
        (Cause::new(Reason::AnswerUnknown, "Down"), "If it lasts, tell your IT person."),
    ] {
        let bench = Bench::staffed(servers()).await;
        bench.app.store.raise(AlarmKind::ServerDown, "server1", cause, bench.now()).await.unwrap();
        let page = bench.get("administrator", "/").await.text;
        assert!(page.contains(said), "{page}");
        bench.stop().await;
    }
}

/// A server where nobody can sign in is none that refuses the password.
#[tokio::test]
async fn no_password_is_blamed_where_the_server_offers_no_sign_in() {
    let bench = Bench::staffed(servers()).await;
    let cause = Cause::new(Reason::SignInImpossible, "Noted.");
    bench.app.store.raise(AlarmKind::SignIn, "server1", cause, bench.now()).await.unwrap();
    let page = bench.get("administrator", "/").await.text;
    for said in [
        "Nothing has gone out since 14:05. The mail server offers no safe way to sign in.",
        "<h3>The mail server offers no safe way to sign in.",
        "Choose an encrypted connection, or remove the login if the server needs none.",
        "Look at its settings and test it",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("our password") && !page.contains("new password"), "{page}");
    bench.stop().await;
}

/// Before the backup has taken a mail it is not said to send, and nobody is told that mail waits for Server 1.
#[tokio::test]
async fn while_a_backup_stands_by_nothing_waits_for_server_1() {
    let bench = Bench::staffed(two()).await;
    bench.app.store.raise(AlarmKind::ServerDown, "server1", "Down", bench.now()).await.unwrap();
    let page = bench.get("administrator", "/").await.text;
    for said in [
        "Server 1 takes no mail. What comes next goes out through the backup server.",
        "Mail goes out through the backup server meanwhile. Have Server 1 repaired. Nothing has to be sent again.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(
        !page.contains("The backup server is sending") && !page.contains("as soon as it answers"),
        "{page}"
    );
    bench.stop().await;
}

const BACKUP: &str = "The backup server has been sending since 14:05";

/// What an earlier process found holds until the server answers.
#[tokio::test]
async fn after_a_start_the_open_alarm_is_believed() {
    let bench = Bench::staffed(two()).await;
    for kind in [AlarmKind::ServerDown, AlarmKind::BackupInUse] {
        bench.app.store.raise(kind, "server1", "Down", bench.now()).await.unwrap();
    }
    let page = bench.get("administrator", "/").await.text;
    assert!(page.contains(BACKUP) && !page.contains("All mail goes out through Server"), "{page}");
    bench.stop().await;
}

/// Nothing waits while Server 1 sends, and each server that fails is called by its name.
#[tokio::test]
async fn each_server_that_fails_is_named_and_a_backup_that_does_keeps_nothing_waiting() {
    let bench = Bench::staffed(two()).await;
    let put_off = Verdict::Deferred { due_at: bench.now() + SignedDuration::from_hours(2), in_doubt: false };
    bench.mail(notice("p@example.org", "Overdue"), Some(put_off)).await;
    bench.app.store.raise(AlarmKind::ServerDown, "server2", "Down", bench.now()).await.unwrap();
    let page = bench.get("administrator", "/").await.text;
    for said in [
        "All mail goes out through Server 1. The backup server cannot be used at the moment.",
        "Server 2, the backup, does not answer as it should",
        "All mail goes out through Server 1, and none waits for this.",
        "href=\"/preferences#server2\">Look at its settings and test it",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for wrong in [
        "the backup server stands by",
        "goes out by itself as soon as the server",
        "The mail server does not answer",
    ] {
        assert!(!page.contains(wrong), "{wrong}: {page}");
    }
    bench.app.store.raise(AlarmKind::ServerDown, "server1", "Down", bench.now()).await.unwrap();
    let page = bench.get("administrator", "/").await.text;
    for said in [
        "<h3>Server 1 does not answer as it should",
        "<h3>Server 2, the backup, does not answer as it should",
    ] {
        assert_eq!(page.matches(said).count(), 1, "{said}: {page}");
    }
    assert_eq!(page.matches("1 mail waits. It is not lost").count(), 1, "{page}");
    // Whichever failed last.
    bench.app.store.clear(AlarmKind::ServerDown, "server2", bench.now()).await.unwrap();
    bench.app.store.raise(AlarmKind::ServerDown, "server2", "Down", bench.now()).await.unwrap();
    let page = bench.get("administrator", "/").await.text;
    let at = |said: &str| page.find(said).unwrap_or_else(|| panic!("{said}: {page}"));
    let (waits, second) =
        (at("1 mail waits. It is not lost"), at("<h3>Server 2, the backup, does not answer"));
    assert!(at("<h3>Server 1 does not answer") < waits && waits < second, "{page}");
    assert!(page.contains("neither Server 1 nor the backup takes mail as it should"), "{page}");
    bench.stop().await;
}

/// An alarm about a server that is not used is not shown, and who chose that nothing is sent is.
#[tokio::test]
async fn who_chose_that_nothing_is_sent_is_said_and_no_server_is_at_fault() {
    let bench = Bench::staffed(two()).await;
    let never = Bench::preferring("").await;
    for kind in [AlarmKind::ServerDown, AlarmKind::BackupInUse] {
        bench.app.store.raise(kind, "server1", "Down", bench.now()).await.unwrap();
    }
    let body = json!({ "sending.way": "none" }).to_string();
    let key = crate::admin_api::key(&bench, "administrator").await;
    let change = bench.client.patch(format!("{}/api/v1/admin/preferences", bench.origin));
    let change = change.bearer_auth(&key).header("if-match", "*").header("content-type", "application/json");
    let changed = Answer::of(change.body(body)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    // As if its end had not been noted yet.
    bench.app.store.raise(AlarmKind::BackupInUse, "server1", "Down", bench.now()).await.unwrap();
    let page = bench.get("administrator", "/").await.text;
    for said in [
        "“Do not send” has been chosen since 14:05 (administrator). Mail is accepted and waits.",
        "Nothing is sent: “Do not send” has been chosen since 14:05 (administrator).",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("No way of sending is chosen") && !page.contains("backup server"), "{page}");
    let queue = bench.mail(notice("p@example.org", "Overdue"), None).await;
    let page = bench.get("administrator", &format!("/queue/{}", queue.0)).await.text;
    assert!(page.contains("waits, because “Do not send” is chosen"), "{page}");
    bench.stop().await;
    let mut never = never;
    never.person("administrator", store::Role::Administrator, None).await;
    let page = never.get("administrator", "/").await.text;
    assert!(page.contains("No way of sending is chosen.") && !page.contains("Do not send"), "{page}");
    never.stop().await;
}

/// A run that began so many hours ago.
async fn run(bench: &Bench, hours: i64, practice: bool) -> RunId {
    let new = NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice,
        started_at: bench.now() - SignedDuration::from_hours(hours),
    };
    let run = bench.app.store.begin_run(new).await.unwrap();
    bench.app.store.finish_run(run, bench.now()).await.unwrap();
    run
}

async fn mails(bench: &Bench, run: RunId, site: &str, count: usize, verdict: Option<Verdict>) {
    for n in 0..count {
        let message = notice(&format!("p{n}@example.org"), "Overdue");
        let practice = matches!(verdict, Some(Verdict::Practiced));
        let message = NewMessage { run: Some(run), site: Some(site.to_owned()), practice, ..message };
        bench.mail(message, verdict.clone()).await;
    }
}

fn sentence(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("<p class=\"last-run ")?.1.split_once("<a href=\"")?;
    rest.split("</a>").next()
}

/// With the numbers of its own page, and each is told of their own libraries.
#[tokio::test]
async fn it_opens_with_the_last_run_that_one_may_see() {
    let bench = Bench::staffed(servers()).await;
    let told = async |who: &str| sentence(&bench.get(who, "/").await.text).map(ToOwned::to_owned);
    assert_eq!(told("administrator").await, None);
    let first = run(&bench, 26, false).await;
    mails(&bench, first, "MAIN", 3, Some(Verdict::Delivered)).await;
    mails(&bench, first, "EAST", 1, Some(Verdict::Returned)).await;
    mails(&bench, first, "MAIN", 2, None).await;
    let left_out = |why| LeftOut {
        why,
        line: None,
        who: "Cleo".to_owned(),
        detail: LeftOutDetail::Text(String::new()),
        site: Some("MAIN".to_owned()),
    };
    let all = vec![
        left_out(LeftOutWhy::NoAddress),
        left_out(LeftOutWhy::NoAddress),
        left_out(LeftOutWhy::LeftAside),
    ];
    bench.app.store.left_out(first, all).await.unwrap();
    let (all, main) = (
        "/notices/runs/1\">Friday 12:05: 6 notices, 3 accepted by the mail server, 2 waiting, 1 sent back, 2 people without an email address",
        "/notices/runs/1\">Friday 12:05: 5 notices, 3 accepted by the mail server, 2 waiting, 2 people without an email address",
    );
    for (who, expected) in [
        ("administrator", all),
        ("viewer", all),
        ("manager", main),
        ("elsewhere", "/notices/runs/1\">Friday 12:05: 1 notice, 1 sent back"),
    ] {
        assert_eq!(told(who).await.as_deref(), Some(expected), "{who}");
    }
    let page = bench.get("administrator", "/notices/runs/1").await.text;
    for number in ["3", "2", "1"] {
        assert!(page.contains(&format!(">{number}<")), "{number}: {page}");
    }
    // A later one that is not theirs hides none that is.
    let second = run(&bench, 1, true).await;
    mails(&bench, second, "EAST", 1, Some(Verdict::Practiced)).await;
    assert_eq!(told("manager").await.as_deref(), Some(main));
    assert_eq!(
        told("elsewhere").await.as_deref(),
        Some(
            "/notices/runs/2\">Today 13:05, a practice: 1 notice, 1 in the practice mailbox. No patron received anything."
        )
    );
    let answer =
        Answer::of(bench.ask("elsewhere", reqwest::Method::GET, "/").header("accept-language", "es")).await;
    assert!(
        answer.text.contains("Hoy 13:05, una práctica: 1 aviso, 1 en el buzón de prácticas."),
        "{}",
        answer.text
    );
    bench.stop().await;
}

/// What its export was of.
async fn takes(bench: &Bench, run: RunId, sites: &[&str]) {
    let part = |site: &&str| ((*site).to_owned(), ExportPart { items: 9, ..ExportPart::default() });
    let export = ExportTaken { of: bench.now(), parts: sites.iter().map(part).collect() };
    bench.app.store.take_export(run, export, bench.now()).await.unwrap();
}

/// One entry for each kind, whatever else was run since.
#[tokio::test]
async fn what_nobody_has_seen_to_is_not_forgotten_when_another_run_begins() {
    let bench = Bench::staffed(servers()).await;
    let first = run(&bench, 26, false).await;
    takes(&bench, first, &["EAST"]).await;
    mails(&bench, first, "EAST", 2, Some(Verdict::Returned)).await;
    let left_out = LeftOut {
        why: LeftOutWhy::UnknownBranch,
        line: None,
        who: "Cleo".to_owned(),
        detail: LeftOutDetail::Text(String::new()),
        site: None,
    };
    bench.app.store.left_out(first, vec![left_out]).await.unwrap();
    let page = bench.get("administrator", "/").await.text;
    assert!(page.contains("2 mails of the last run were sent back"), "{page}");
    assert!(!page.contains("All others are done"), "one has no mail: {page}");
    let other = run(&bench, 1, false).await;
    takes(&bench, other, &["MAIN"]).await;
    run(&bench, 0, true).await;
    let (names, without) = ("/notices/runs/1/names?what=returned", "/notices/runs/1/names?what=can_still");
    for (who, returned, left_out) in
        [("administrator", true, true), ("elsewhere", true, false), ("manager", false, false)]
    {
        let page = bench.get(who, "/").await.text;
        let says = |text: &str| page.contains(text);
        assert_eq!(says("2 mails of the last "), returned, "{who}: {page}");
        assert_eq!(says(&format!("href=\"{names}\">Show these 2")), returned, "{who}: {page}");
        assert_eq!(says("1 entry of the last days got no mail, and can still get one"), left_out, "{who}");
        assert_eq!(says(&format!("href=\"{without}\">")), left_out, "{who}: {page}");
        assert_eq!(says("Nothing needs you."), !returned, "{who}: {page}");
    }
    // One more came back of the other, and each has its own names.
    let patron = Some(store::Patron { name: "Dan".to_owned(), number: None });
    let late = NewMessage { run: Some(other), patron, ..notice("dan@example.org", "Overdue") };
    bench.mail(late, Some(Verdict::Returned)).await;
    let page = bench.get("administrator", "/").await.text;
    for said in [
        "3 mails of the last days were sent back",
        "href=\"/notices/runs/2/names?what=returned\">Today 13:05: 1</a> · ",
        "href=\"/notices/runs/1/names?what=returned\">Friday 12:05: 2</a>",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // One is written to since, and the export has gone through.
    let last = run(&bench, 0, false).await;
    takes(&bench, last, &["EAST", "MAIN"]).await;
    mails(&bench, last, "EAST", 1, Some(Verdict::Delivered)).await;
    let page = bench.get("elsewhere", "/").await.text;
    assert!(page.contains("1 mail of the last days was sent back"), "{page}");
    assert!(!bench.get("administrator", "/").await.text.contains("got no mail"));
    bench.stop().await;
}

/// All numbers of a column are of what its head says.
#[tokio::test]
async fn practice_mail_of_one_library_stands_under_no_word_for_what_servers_took() {
    let bench = Bench::staffed(servers()).await;
    let rehearsal = run(&bench, 1, true).await;
    mails(&bench, rehearsal, "MAIN", 3, Some(Verdict::Practiced)).await;
    let page = bench.get("administrator", "/").await.text;
    assert!(page.contains("state=practiced"), "{page}");
    let real = run(&bench, 0, false).await;
    mails(&bench, real, "EAST", 1, Some(Verdict::Delivered)).await;
    let page = bench.get("administrator", "/").await.text;
    // Each number of a library stands under its own word.
    let of = |state: &str, site: &str| {
        let link = format!("state={state}&#38;answered=2026-11-28&#38;site={site}\">");
        let (_, rest) = page.split_once(&link).unwrap();
        rest.split('<').next().unwrap().parse::<u64>().unwrap()
    };
    for (state, site, count) in [
        ("practiced", "MAIN", 3),
        ("delivered", "MAIN", 0),
        ("practiced", "EAST", 0),
        ("delivered", "EAST", 1),
    ] {
        assert_eq!(of(state, site), count, "{state} {site}: {page}");
    }
    bench.stop().await;
}

/// By the name of the only server, where that took it.
#[tokio::test]
async fn who_accepted_it_is_said_by_name_where_it_can_be_no_other() {
    for (hosts, said) in [
        (&["smtp.library.example"][..], "2 accepted by smtp.library.example"),
        (&["smtp-relay.gmail.com"], "2 accepted by the mail server"),
        (&["smtp.library.example", "b.example"], "2 accepted by the mail server"),
    ] {
        let server = |(n, host): (usize, &&str)| {
            let plain = Server::plain(&format!("server{n}"), "127.0.0.1:9".parse().unwrap());
            Arc::new(Server { host: (*host).to_owned(), ..plain })
        };
        let bench = Bench::staffed(Way::Servers((1..).zip(hosts).map(server).collect())).await;
        let run = run(&bench, 1, false).await;
        mails(&bench, run, "MAIN", 2, Some(Verdict::Delivered)).await;
        let page = bench.get("manager", "/").await.text;
        assert!(page.contains(said), "{hosts:?}: {page}");
        bench.stop().await;
    }
}

/// The page of a run and its names say what the first page says.
#[tokio::test]
async fn what_waits_is_tried_again_by_itself_and_the_run_says_why_it_waits() {
    let bench = Bench::staffed(servers()).await;
    let run = run(&bench, 1, false).await;
    let due_at = bench.now() + SignedDuration::from_hours(1);
    for in_doubt in [false, true, true] {
        mails(&bench, run, "MAIN", 1, Some(Verdict::Deferred { due_at, in_doubt })).await;
    }
    let whole = async || bench.get("manager", &format!("/notices/runs/{}", run.0)).await.text;
    let page = whole().await;
    assert!(page.contains("2 of those that wait may have arrived"), "{page}");
    assert!(!page.contains("Nothing goes out"), "{page}");
    let names = bench.get("manager", &format!("/notices/runs/{}/names?what=waiting", run.0)).await.text;
    assert_eq!(names.matches("Nothing: it is tried again by itself until ").count(), 3, "{names}");
    assert!(!names.contains("Tell the patron") && !names.contains("Ask the patron"), "{names}");
    bench.app.store.raise(AlarmKind::ServerDown, "server1", "Down", bench.now()).await.unwrap();
    let page = whole().await;
    for said in [
        "Nothing has gone out since 14:05: the mail server does not answer as it should.",
        "href=\"/#to-do\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    bench.stop().await;
}

/// What stays away is to be seen to, by whoever looks.
#[tokio::test]
async fn that_nothing_was_sent_for_longer_than_usual_is_to_do() {
    let bench = Bench::staffed(servers()).await;
    for days in (4..10).rev() {
        run(&bench, days * 24, false).await;
    }
    bench.app.store.raise(AlarmKind::Silence, "notice runs", "None.", bench.now()).await.unwrap();
    for who in ["administrator", "manager", "viewer"] {
        let page = bench.get(who, "/").await.text;
        assert!(page.contains("<h3>Nothing sent since Tuesday 14:05; usually daily</h3>"), "{who}: {page}");
    }
    bench.stop().await;
}

/// Several runs are one more sentence, for whoever has not seen them.
#[tokio::test]
async fn it_sums_up_the_runs_since_somebody_looked_last() {
    let bench = Bench::staffed(servers()).await;
    let told = async |who: &str| bench.get(who, "/").await.text;
    assert!(!told("manager").await.contains("Since you last looked"));
    // One is told of already.
    bench.pass(40);
    let one = run(&bench, 0, false).await;
    mails(&bench, one, "MAIN", 2, Some(Verdict::Delivered)).await;
    assert!(!told("manager").await.contains("Since you last looked"));
    for _ in 0..2 {
        bench.pass(20);
        let run = run(&bench, 0, false).await;
        mails(&bench, run, "MAIN", 2, Some(Verdict::Delivered)).await;
    }
    bench.pass(10);
    let page = told("manager").await;
    let expected =
        "Since you last looked (today 14:45): 2 runs with 4 notices, 4 accepted by the mail server";
    assert!(page.contains(expected), "{page}");
    assert!(told("manager").await.contains(expected), "within the same visit");
    bench.pass(31);
    assert!(!told("manager").await.contains("Since you last looked"));
    bench.stop().await;
}

/// A tab that renews itself all day is nobody who looks; what it says is the same.
#[tokio::test]
async fn a_page_that_renews_itself_is_no_look() {
    let bench = Bench::staffed(servers()).await;
    bench.get("manager", "/").await;
    let renewed = async || {
        let request = bench.ask("manager", reqwest::Method::GET, "/").header("bookpost-renews", "yes");
        Answer::of(request).await.text
    };
    for _ in 0..3 {
        bench.pass(20);
        let run = run(&bench, 0, false).await;
        mails(&bench, run, "MAIN", 1, Some(Verdict::Delivered)).await;
        renewed().await;
    }
    let expected = "Since you last looked (today 14:05): 3 runs with 3 notices";
    assert!(renewed().await.contains(expected));
    assert!(bench.get("manager", "/").await.text.contains(expected));
    let script = bench.get("nobody", &script(&renewed().await)).await.text;
    assert!(script.contains("\"bookpost-renews\""), "{script}");
    bench.stop().await;
}

fn script(page: &str) -> String {
    let (_, at) = page.split_once("src=\"/").unwrap();
    format!("/{}", at.split('"').next().unwrap())
}

/// Whoever was away for long is not told a number that is not true.
#[tokio::test]
async fn many_runs_since_somebody_looked_are_more_than_nine() {
    let bench = Bench::staffed(servers()).await;
    bench.get("manager", "/").await;
    bench.get("elsewhere", "/").await;
    let east = run(&bench, 0, false).await;
    mails(&bench, east, "EAST", 1, Some(Verdict::Delivered)).await;
    bench.pass(40);
    for n in 1..=14 {
        let run = run(&bench, 0, false).await;
        mails(&bench, run, "MAIN", 1, Some(Verdict::Delivered)).await;
        let renewed = bench.ask("manager", reqwest::Method::GET, "/").header("bookpost-renews", "yes");
        let page = Answer::of(renewed).await.text;
        let (few, many) = (
            page.contains(&format!("Since you last looked (today 14:05): {n} runs with {n} notices")),
            page.contains("Since you last looked (today 14:05): more than 9 runs<"),
        );
        assert_eq!((few, many), ((2..10).contains(&n), n > 9), "{n}: {page}");
    }
    // Others' later runs hide none that is theirs.
    let page = bench.get("elsewhere", "/").await.text;
    assert!(page.contains(&format!("/notices/runs/{}\">", east.0)), "{page}");
    bench.stop().await;
}

/// Two weeks of runs, and then none for days: nobody raises the alarm but Bookpost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_runs_stay_away_is_said_in_a_browser() {
    let bench = Bench::staffed(servers()).await;
    for _ in 0..14 {
        run(&bench, 0, false).await;
        bench.pass(24 * 60);
    }
    let told = async || bench.app.store.alarms(true, 9).await.unwrap();
    // By the hour, as it is looked by the minute.
    while !told().await.iter().any(|alarm| alarm.kind == AlarmKind::Silence) {
        bench.pass(60);
        // The upkeep and the schedules.
        bench.clock.wait_for_sleepers_at(bench.now() + SignedDuration::from_mins(1), 2).await;
    }
    crate::browser::drive("silence.mjs", &bench, &[]).await;
    bench.stop().await;
}

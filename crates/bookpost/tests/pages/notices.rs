//! Overdue notices: from the export to who got a mail and who did not.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bookpost::{
    app::{
        exports::ExportId,
        notice_run::{Checked, Options},
    },
    config::{Server, Way},
};
use futures_util::FutureExt as _;
use jiff::tz::TimeZone;
use reqwest::Method;
use store::{
    Actor, AuditFilter, Begun, Deed, Filter, LeftOut, LeftOutWhy, MessageId, NewMessage, NewRun, RecipientId,
    Role, RunId, State, Verdict,
};
use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::{
    bench::{Answer, Bench, notice, servers},
    browser::drive,
};

pub(crate) const HEAD: &str =
    "borrowernumber,firstname,surname,email,branchcode,title,barcode,duedate,issuedate\n";

/// Three of MAIN, one of whom has no address; one of EAST; one of nowhere; a line that is too short.
pub(crate) fn export() -> String {
    format!(
        "{HEAD}1,Ana,Ruiz,ana@example.org,MAIN,Moby Dick,m1,2026-11-12,2026-10-12\n\
         1,Ana,Ruiz,ana@example.org,MAIN,Emma,m2,2026-11-13,2026-10-13\n\
         2,Ben,Okafor,ben@example.org,MAIN,Dune,m3,2026-11-12,2026-10-12\n\
         3,Cleo,Nguyen,,MAIN,Ulysses,m4,2026-11-12,2026-10-12\n\
         4,Dan,Smith,dan@example.org,EAST,Middlemarch,e1,2026-11-12,2026-10-12\n\
         5,Eve,Weber,eve@example.org,WEST,Persuasion,w1,2026-11-12,2026-10-12\n\
         6,short line\n"
    )
}

/// A form with a file as browsers send it (RFC 7578).
pub(crate) async fn upload(bench: &Bench, who: &str, name: &str, bytes: &[u8]) -> Answer {
    let token = bench.get(who, "/").await.form_token();
    send_file(bench, who, &token, name, bytes).await
}

pub(crate) async fn send_file(bench: &Bench, who: &str, token: &str, name: &str, bytes: &[u8]) -> Answer {
    let mut body = format!(
        "--b\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--b\r\n\
         Content-Disposition: form-data; name=\"export\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let request = bench.ask(who, Method::POST, "/notices/upload");
    Answer::of(request.header("content-type", "multipart/form-data; boundary=b").body(body)).await
}

/// Uploads an export, and gives the address of what is in it.
pub(crate) async fn uploaded(bench: &Bench, who: &str, export: &str) -> String {
    let answer = upload(bench, who, "overdues.csv", export.as_bytes()).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    // Behind it may stand that another one went for it.
    answer.header("location").split('?').next().unwrap().to_owned()
}

/// Sends it, and gives the run once its mails are made and tried.
pub(crate) async fn sent(bench: &Bench, who: &str, check: &str) -> RunId {
    let fields = form_of(bench, who, check).await;
    let answer = bench.post(who, &format!("{check}/send"), &fields).await;
    let run = answer.header("location").rsplit('/').next().unwrap().parse().map(RunId).unwrap();
    over(bench, run).await;
    run
}

/// What the form of this page sends, beside the token.
pub(crate) async fn form_of(bench: &Bench, who: &str, check: &str) -> String {
    let page = bench.get(who, check).await.text;
    let value = |name: &str| {
        let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        format!("{name}={}", rest.split('"').next().unwrap())
    };
    let fields = ["attempt", "people", "practice"].map(value).join("&");
    // The exports of these tests are of weeks ago.
    if page.contains("name=\"sure\"") { format!("{fields}&sure=yes") } else { fields }
}

pub(crate) async fn over(bench: &Bench, run: RunId) {
    while bench.app.notices.is_under_way(run) {
        tokio::task::yield_now().await;
    }
    bench.app.worker.quiet().await.unwrap();
}

/// An upload as its page shows it to somebody of all libraries.
pub(crate) async fn looked_through(bench: &Bench, check: &str) -> Arc<Checked> {
    let id = ExportId::named(check.rsplit('/').next().unwrap()).unwrap();
    let notices = &bench.app.notices;
    let facts = notices.exports.facts(&id).unwrap().unwrap();
    notices.check(&id, facts, &Options::default(), BTreeSet::new()).await.unwrap()
}

/// Waits for what comes by itself.
async fn comes(is_there: impl AsyncFn() -> bool) {
    let mut looks = 0;
    while !is_there().await {
        looks += 1;
        assert!(looks < 100_000, "it does not come");
        tokio::task::yield_now().await;
    }
}

/// Nothing can be written to the log any more.
const LOG_FAILS: &str =
    "CREATE TRIGGER log_fails BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no log'); END";

fn sql(bench: &Bench) -> rusqlite::Connection {
    rusqlite::Connection::open(bench.app.settings.now().data_dir.join("queue.db")).unwrap()
}

/// So many messages like this one, without recipients.
fn copy(sql: &rusqlite::Connection, message: MessageId, times: u32) {
    let mut columns =
        sql.prepare("SELECT name FROM pragma_table_info('message') WHERE name <> 'id'").unwrap();
    let columns: Vec<String> = columns.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let columns = columns.join(", ");
    let copies = format!(
        "WITH RECURSIVE copy (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM copy WHERE n < ?1)
         INSERT INTO message (id, {columns}) SELECT ?2 + n, {columns} FROM copy CROSS JOIN message WHERE id = ?2"
    );
    sql.execute(&copies, (times, message.0)).unwrap();
}

pub(crate) fn to(sink: &Sink) -> Way {
    Way::Servers(vec![Arc::new(Server::plain("server1", sink.address()))])
}

/// The server knows nobody at this address.
pub(crate) fn refuses(address: &str) -> Settings {
    let does = Does::Reply("550 5.1.1 no such user".to_owned());
    let rule = Rule { at: At::Rcpt, address: Some(address.to_owned()), does, times: None };
    Settings { rules: vec![rule], keep_bytes: true, ..Settings::default() }
}

#[tokio::test]
async fn from_the_export_to_whom_it_did_not_reach() {
    let sink = Sink::start(refuses("ben@example.org")).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "administrator";
    let check = uploaded(&bench, who, &export()).await;
    let page = bench.get(who, &check).await.text;
    for said in [
        "This sends 3 emails to 3 people of 2 libraries through 127.0.0.1.",
        "1 line we could not use",
        "1 person without an email address",
        "1 person of an unknown library",
        "it has fewer cells than the first line",
        "13 Nov 2026",
        "Unicode (UTF-8)",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let mail = bench.get(who, &format!("{check}/mail?n=1")).await.text;
    assert!(mail.contains("Mail 1 of 3") && mail.contains("Moby Dick") && mail.contains("ana@example.org"));
    let found = bench.get(who, &format!("{check}/mail?find=smith")).await.text;
    assert!(found.contains("Dan Smith (4)") && found.contains("/mail?n=3"), "{found}");
    let html = bench.get(who, &format!("{check}/html?n=1")).await;
    assert!(html.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    assert!(html.text.contains("Moby Dick"));

    let samples = bench.post(who, &format!("{check}/samples"), "").await;
    assert!(samples.header("location").ends_with("done=samples_sent&n=3"), "{samples:?}");
    bench.app.worker.quiet().await.unwrap();
    let to_me: Vec<_> =
        sink.taken().into_iter().filter(|one| one.to == ["administrator@library.example"]).collect();
    assert_eq!(to_me.len(), 3);
    assert!(to_me.iter().all(|one| String::from_utf8_lossy(&one.bytes).contains("Subject: [Sample] ")));

    // Two clicks make one run, and a page that is sent again later leads to it.
    let path = format!("{check}/send");
    let fields = form_of(&bench, who, &check).await;
    let (one, other) = tokio::join!(bench.post(who, &path, &fields), bench.post(who, &path, &fields));
    assert_eq!(one.header("location"), "/notices/runs/1");
    assert_eq!(other.header("location"), "/notices/runs/1");
    over(&bench, RunId(1)).await;
    assert_eq!(bench.post(who, &path, "attempt=0").await.header("location"), "/notices/runs/1");
    assert_eq!(bench.app.store.runs(9).await.unwrap().len(), 1);
    assert_eq!(bench.get(who, &check).await.header("location"), "/notices/runs/1");
    assert_eq!(bench.get(who, &format!("{check}/mail")).await.status, 404, "what was run is deleted");

    let run = bench.get(who, "/notices/runs/1").await.text;
    assert!(run.contains("2 of 3 were accepted."), "{run}");
    assert!(
        run.contains("3 entries of the file get no mail."),
        "who got none is no part of what was accepted: {run}"
    );
    for (what, number) in
        [("delivered", 2), ("returned", 1), ("no_address", 1), ("refused_line", 1), ("unknown_branch", 1)]
    {
        let link = format!("/notices/runs/1/names?what={what}\" aria-label=\"{number} ");
        assert!(run.contains(&link), "{what}: {run}");
    }
    let names = bench.get(who, "/notices/runs/1/names?what=returned").await.text;
    assert!(names.contains("Ben Okafor") && names.contains("What to do:"), "{names}");
    let lines = bench.get(who, "/notices/runs/1/names?what=refused_line").await.text;
    assert!(lines.contains("<strong><bdi>line 8</bdi></strong>"), "{lines}");
    let list = bench.get(who, "/notices").await.text;
    assert!(list.contains("2 accepted, 1 sent back, 3 not written to"), "{list}");
    let log = bench.app.store.audit(AuditFilter::default(), None, 9).await.unwrap();
    assert!(log.iter().any(|line| line.what == Deed::RunBegun && line.about == "run 1"));
    bench.stop().await;
}

/// Where the one of a run that came back is sent again.
pub(crate) async fn again(bench: &Bench, run: RunId) -> String {
    let filter = Filter { run: Some(run), state: Some(State::Returned), ..Filter::default() };
    let returned = bench.app.store.list(filter, None, 9).await.unwrap().remove(0);
    format!("/notices/runs/{}/again/{}", run.0, returned.recipient.0)
}

#[tokio::test]
async fn a_returned_notice_goes_again_to_a_corrected_address_and_to_nobody_else() {
    let sink = Sink::start(refuses("ben@example.org")).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "manager";
    let check = uploaded(&bench, who, &export()).await;
    let run = sent(&bench, who, &check).await;
    let path = again(&bench, run).await;
    let names = bench.get(who, "/notices/runs/1/names?what=returned").await.text;
    assert!(names.contains(&path), "{names}");
    let unreachable = async || bench.get(who, "/queue/unreachable").await.text;
    assert!(unreachable().await.contains("ben@example.org"));
    let form = bench.get(who, &path).await.text;
    let request = form.split("name=\"request\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let before = sink.count();
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.post(who, &path, &format!("request={request}&to=nobody")).await.status, 422);
    assert_eq!(bench.post(who, &path, "request=x&to=ben@new.example.org").await.status, 400);
    let fields = format!("request={request}&to=ben@new.example.org");
    let (one, other) = (bench.post(who, &path, &fields).await, bench.post(who, &path, &fields).await);
    assert_eq!(one.status, 303, "{}", one.text);
    assert_eq!(one.header("location"), other.header("location"));
    let fields = format!("request={request}&to=ben@other.example.org");
    assert_eq!(bench.post(who, &path, &fields).await.status, 400, "the form of another address");
    bench.app.worker.quiet().await.unwrap();
    let taken = sink.taken();
    assert_eq!(sink.count(), before + 1);
    assert_eq!(taken.last().unwrap().to, ["ben@new.example.org"]);
    let text = String::from_utf8_lossy(&taken.last().unwrap().bytes).into_owned();
    assert!(text.contains("To: ben@new.example.org") && text.contains("Dune"), "{text}");
    assert!(!text.contains("ben@example.org"), "{text}");
    let date = mail::message::date(bench.now(), TimeZone::system().to_offset(bench.now())).unwrap();
    assert!(text.contains(&format!("Date: {date}\r\n")) && text.matches("Date: ").count() == 1, "{text}");
    let names = bench.get(who, "/notices/runs/1/names?what=returned").await.text;
    assert!(names.contains("Sent again to ben@new.example.org: accepted"), "{names}");
    assert!(!unreachable().await.contains("ben@example.org"));
    assert!(bench.get(who, "/notices/runs/1").await.text.contains("1 was sent again, and counts as asked"));
    let log = bench.app.store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let again = log.iter().find(|line| line.what == Deed::SentAgain).unwrap();
    assert_eq!(again.new.as_deref(), Some("ben@new.example.org"));
    // What is still on its way, and what is another library's, does not go again.
    let waits = NewMessage { run: Some(run), ..notice("cleo@example.org", "Overdue") };
    let waits = RecipientId::of(bench.mail(waits, None).await, 0);
    let path_of_it = format!("/notices/runs/{}/again/{}", run.0, waits.0);
    assert_eq!(bench.get(who, &path_of_it).await.status, 404);
    assert_eq!(bench.get("elsewhere", &path).await.status, 404);
    assert_eq!(bench.get("viewer", &path).await.status, 403);
    bench.stop().await;
}

/// What was sent stays sent, whether or not the log can say so and somebody waits for the answer.
#[tokio::test]
async fn a_notice_that_went_again_is_not_said_to_have_failed() {
    let sink = Sink::start(refuses("ben@example.org")).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let check = uploaded(&bench, "manager", &export()).await;
    let run = sent(&bench, "manager", &check).await;
    let filter = Filter { run: Some(run), state: Some(State::Returned), ..Filter::default() };
    let ben = bench.app.store.list(filter, None, 9).await.unwrap().remove(0).recipient;
    let before = sink.count();
    let address = "ben@new.example.org".parse().unwrap();
    let notices = &bench.app.notices;
    let sending = notices.send_again(ben, &address, "one", Actor::CommandLine);
    assert!(sending.now_or_never().is_none(), "it takes a moment");
    comes(async || {
        let log = bench.app.store.audit(AuditFilter::default(), None, 9).await.unwrap();
        log.iter().any(|line| line.what == Deed::SentAgain)
    })
    .await;
    sql(&bench).execute_batch(LOG_FAILS).unwrap();
    notices.send_again(ben, &address, "two", Actor::CommandLine).await.unwrap();
    bench.app.worker.quiet().await.unwrap();
    assert_eq!(sink.count(), before + 2);
    bench.stop().await;
}

/// Others' patrons are neither shown nor written to, and their numbers stay theirs.
#[tokio::test]
async fn a_manager_of_one_library_runs_their_part() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let check = uploaded(&bench, "manager", &export()).await;
    let page = bench.get("manager", &check).await.text;
    assert!(page.contains("This sends 2 emails to 2 people of 1 library"), "{page}");
    assert!(page.contains("Only the part of your libraries"), "{page}");
    for others in ["Dan Smith", "Eve Weber", "short line"] {
        assert!(!page.contains(others), "{others}: {page}");
    }
    assert!(
        bench.get("manager", &format!("{check}/mail?find=dan")).await.text.contains("Nobody in this file")
    );
    // An upload is whose it is.
    for (who, status) in [("elsewhere", 404), ("viewer", 403), ("administrator", 200)] {
        for page in ["", "/mail?n=1", "/html?n=1"] {
            assert_eq!(bench.get(who, &format!("{check}{page}")).await.status, status, "{who} {page}");
        }
    }
    for (what, status) in [("send", 404), ("samples", 404), ("forget", 404)] {
        assert_eq!(bench.post("elsewhere", &format!("{check}/{what}"), "attempt=0").await.status, status);
    }
    let run = sent(&bench, "manager", &check).await;
    let taken: Vec<_> = sink.taken().into_iter().flat_map(|one| one.to).collect();
    assert_eq!(taken.len(), 2, "{taken:?}");
    assert!(!taken.contains(&"dan@example.org".to_owned()));
    assert_eq!(bench.get("elsewhere", &format!("/notices/runs/{}", run.0)).await.status, 404);
    let list = bench.get("elsewhere", "/notices").await.text;
    assert!(list.contains("Nothing was sent yet"), "{list}");

    // Of a run of all libraries each sees their part.
    let check = uploaded(&bench, "administrator", &export()).await;
    let page = bench.get("administrator", &check).await.text;
    assert!(page.contains("This sends 1 email to 1 person"), "{page}");
    assert!(page.contains("2 people written to lately"), "{page}");
    let run = sent(&bench, "administrator", &check).await;
    let of = async |who: &str| bench.get(who, &format!("/notices/runs/{}", run.0)).await.text;
    assert!(of("administrator").await.contains("1 of 1 were accepted."));
    assert!(of("elsewhere").await.contains("All 1 were accepted."));
    let manager = of("manager").await;
    assert!(
        manager.contains("0 of 3 were accepted.") && !manager.contains("line we could not use"),
        "{manager}"
    );
    for (who, sees) in [("elsewhere", true), ("manager", false)] {
        for page in ["names?what=delivered", "names?what=delivered&site=EAST", "csv"] {
            let text = bench.get(who, &format!("/notices/runs/{}/{page}", run.0)).await.text;
            assert_eq!(text.contains("dan@example.org"), sees, "{who} {page}");
        }
        let text =
            bench.get(who, &format!("/notices/runs/{}/names?what=refused_line&site=", run.0)).await.text;
        assert!(!text.contains("fewer cells"), "{who}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn who_sees_no_addresses_sees_numbers_and_no_names() {
    let sink = Sink::start(refuses("ben@example.org")).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let check = uploaded(&bench, "administrator", &export()).await;
    sent(&bench, "administrator", &check).await;
    for (page, said) in [("", "2 of 3 were accepted."), ("/names?what=returned", "b***@example.org")] {
        let text = bench.get("viewer", &format!("/notices/runs/1{page}")).await.text;
        assert!(text.contains(said), "{text}");
        assert!(
            !text.contains("Send again") && !text.contains("/stop") && !text.contains("Ben Okafor"),
            "{text}"
        );
    }
    let left = bench.get("viewer", "/notices/runs/1/names?what=no_address").await.text;
    assert!(left.contains("person without") && !left.contains("Cleo"), "{left}");
    assert_eq!(bench.get("viewer", "/notices/runs/1/csv").await.status, 403);
    let list = bench.get("viewer", "/notices").await.text;
    assert!(list.contains("2 accepted") && !list.contains("type=\"file\""), "{list}");
    bench.stop().await;
}

#[tokio::test]
async fn what_has_not_left_is_cancelled_and_written_to_by_the_next_run() {
    let bench = Bench::staffed(servers()).await;
    let check = uploaded(&bench, "administrator", &export()).await;
    let run = sent(&bench, "administrator", &check).await;
    let ask = bench.get("administrator", "/notices/runs/1/stop").await.text;
    assert!(ask.contains("Stop this run, and cancel 3 mails?") && ask.contains("No mail has left."), "{ask}");
    // A manager stops what is theirs.
    let stopped = bench.post("elsewhere", "/notices/runs/1/stop", "").await;
    assert_eq!(stopped.header("location"), "/notices/runs/1?done=run_stopped&n=1");
    let page = bench.get("administrator", "/notices/runs/1").await.text;
    assert!(page.contains("elsewhere stopped this run for "), "{page}");
    let stopped = bench.post("administrator", "/notices/runs/1/stop", "").await;
    assert_eq!(stopped.header("location"), "/notices/runs/1?done=run_stopped&n=2");
    assert_eq!(bench.app.store.run(run).await.unwrap().states, [(State::Cancelled, 3)].into());
    let page = bench.get("administrator", "/notices/runs/1").await.text;
    assert!(page.contains("what=cancelled") && !page.contains("/stop\""), "{page}");
    assert!(page.contains("administrator stopped this run ("), "{page}");
    let today = bench.get("viewer", "/").await.text;
    assert!(today.contains("a run that administrator stopped. Until then"), "{today}");
    let check = uploaded(&bench, "administrator", &export()).await;
    let page = bench.get("administrator", &check).await.text;
    assert!(page.contains("This sends 3 emails to 3 people"), "{page}");
    bench.stop().await;
}

/// A run is of what somebody agreed to, or there is none.
#[tokio::test]
async fn nothing_is_sent_where_it_is_not_what_the_page_said() {
    let bench = Bench::staffed(Way::Practice).await;
    let check = uploaded(&bench, "administrator", &export()).await;
    let fields = form_of(&bench, "administrator", &check).await;
    assert_eq!(fields, "attempt=0&people=3&practice=true");
    let again = format!("{check}?done=not_sent");
    let send = async |fields: &str| {
        let answer = bench.post("administrator", &format!("{check}/send"), fields).await;
        answer.header("location").to_owned()
    };
    for other in ["attempt=0", &fields.replace('3', "2"), &fields.replace("true", "false")] {
        assert_eq!(send(other).await, again, "{other}");
    }
    let mut config = (*bench.app.settings.now()).clone();
    config.sending.way = servers();
    bench.app.settings.replace(config);
    assert_eq!(send(&fields).await, again);
    let page = bench.get("administrator", &again).await.text;
    assert!(page.contains("Nothing was sent: what this file would do has changed"), "{page}");
    assert!(
        page.contains("through 127.0.0.1") && page.contains("name=\"practice\" value=\"false\""),
        "{page}"
    );
    assert_eq!(bench.app.store.runs(9).await.unwrap(), []);
    bench.stop().await;
}

/// Looking at it does not keep what the ledger said.
#[tokio::test]
async fn who_was_written_to_meanwhile_is_known_after_a_quarter_of_an_hour() {
    let bench = Bench::staffed(servers()).await;
    let who = "administrator";
    let (one, other) = (uploaded(&bench, who, &export()).await, uploaded(&bench, who, &export()).await);
    let says = async |said: &str| {
        let page = bench.get(who, &one).await.text;
        assert!(page.contains(said), "{said}: {page}");
    };
    says("This sends 3 emails to 3 people").await;
    sent(&bench, who, &other).await;
    bench.pass(10);
    says("This sends 3 emails to 3 people").await;
    bench.pass(6);
    says("Nobody would get a mail from this file.").await;
    bench.stop().await;
}

#[tokio::test]
async fn what_nobody_looks_at_any_more_takes_no_memory() {
    let bench = Bench::staffed(servers()).await;
    let check = uploaded(&bench, "administrator", &export()).await;
    let checked = Arc::downgrade(&looked_through(&bench, &check).await);
    bench.pass(14);
    assert!(checked.upgrade().is_some());
    bench.pass(2);
    comes(async || checked.upgrade().is_none()).await;
    bench.stop().await;
}

/// What a browser set going goes on without it, and stands in the log.
#[tokio::test]
async fn who_goes_away_has_begun_a_run_all_the_same() {
    let bench = Bench::staffed(servers()).await;
    let check = uploaded(&bench, "administrator", &export()).await;
    let checked = looked_through(&bench, &check).await;
    let beginning = bench.app.notices.begin(checked, 0, Actor::CommandLine);
    assert!(beginning.now_or_never().is_none(), "it takes a moment");
    comes(async || {
        let log = bench.app.store.audit(AuditFilter::default(), None, 9).await.unwrap();
        log.iter().any(|line| line.what == Deed::RunBegun)
    })
    .await;
    over(&bench, RunId(1)).await;
    let run = bench.app.store.run(RunId(1)).await.unwrap();
    assert!(run.finished_at.is_some() && run.states == [(State::Waiting, 3)].into(), "{run:?}");
    bench.stop().await;
}

/// However much stands before them.
#[tokio::test]
async fn nobody_is_overlooked_in_a_large_run() {
    let bench = Bench::staffed(servers()).await;
    let run = RunId(1);
    let new = NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice: false,
        started_at: bench.now(),
    };
    assert_eq!(bench.app.store.begin_run(new).await.unwrap(), run);
    let first = NewMessage { run: Some(run), ..notice("ben@example.org", "Overdue") };
    bench.mail(first, Some(Verdict::Returned)).await;
    let many = NewMessage { run: Some(run), ..notice("ana@example.org", "Overdue") };
    let last = bench.mail(many, None).await;
    copy(&sql(&bench), last, 40_000);
    let line = |n: u64, why, who: &str| LeftOut {
        why,
        line: Some(n),
        who: who.to_owned(),
        detail: String::new().into(),
        site: Some("MAIN".to_owned()),
    };
    let mut left_out: Vec<_> = (1..=60).map(|n| line(n, LeftOutWhy::NotDueYet, "Ana Ruiz")).collect();
    left_out.push(line(61, LeftOutWhy::NoAddress, "Cleo Nguyen"));
    bench.app.store.left_out(run, left_out).await.unwrap();
    for (what, who) in [("returned", "ben@example.org"), ("not_written", "Cleo Nguyen")] {
        let page = bench.get("administrator", &format!("/notices/runs/1/names?what={what}")).await.text;
        assert!(page.contains(who) && !page.contains("after="), "{what}: {page}");
    }
    bench.stop().await;
}

/// Bookpost ended in the middle of it: nobody learns of it by chance.
#[tokio::test]
async fn a_run_that_was_cut_short_says_so_and_goes_on() {
    let bench = Bench::staffed(Way::Practice).await;
    let check = uploaded(&bench, "administrator", &export()).await;
    let id = check.rsplit('/').next().unwrap().to_owned();
    let new = NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice: true,
        started_at: bench.now(),
    };
    let begun = bench.app.store.begin_run_once(new, Actor::CommandLine, id).await.unwrap();
    assert_eq!(begun, Begun::New(RunId(1)));
    let page = bench.get("administrator", "/notices/runs/1").await.text;
    assert!(page.contains("This run was cut short before any mail was made."), "{page}");
    assert!(bench.get("administrator", "/notices").await.text.contains("cut short"));
    let page = bench.get("administrator", &check).await.text;
    assert!(page.contains("name=\"attempt\" value=\"1\"") && page.contains("was cut short before"), "{page}");
    assert!(page.contains("into the practice mailbox. No patron receives anything."), "{page}");
    // The form of before makes no second run.
    let fields = form_of(&bench, "administrator", &check).await;
    let before = fields.replace("attempt=1", "attempt=0");
    let old = bench.post("administrator", &format!("{check}/send"), &before).await;
    assert_eq!(old.header("location"), "/notices/runs/1");
    let next = bench.post("administrator", &format!("{check}/send"), &fields).await;
    assert_eq!(next.header("location"), "/notices/runs/2");
    over(&bench, RunId(2)).await;
    let page = bench.get("administrator", "/notices/runs/2").await.text;
    assert!(page.contains("in the practice mailbox. No patron received anything."), "{page}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overdue_notices_work_in_a_browser() {
    let sink = Sink::start(refuses("ben@example.org")).await.unwrap();
    let mut bench = Bench::start(to(&sink)).await;
    for (name, role, site) in
        [("administrator", Role::Administrator, None), ("manager", Role::Manager, Some("MAIN"))]
    {
        bench.person(name, role, site).await;
    }
    drive("notices.mjs", &bench, &[]).await;
    bench.stop().await;
}

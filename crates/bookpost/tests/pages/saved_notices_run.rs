//! Saved notices that are run: who is written to, about what, and in whose words.

use store::{Actor, Filter, Wording, WordingKey};
use testkit::sink::{Settings, Sink};

use crate::{
    bench::{Answer, Bench, servers},
    notices::{sent, to, uploaded},
    saved_notices::{LIST, led_to, post, settings, value},
};

const SPEAKING: &str = "borrowernumber,name,email,branch,title,barcode,due,language,parent email\n\
     1,Ana,ana@example.org,MAIN,Moby Dick,m1,2026-11-12,spa,\n\
     2,Ben,ben@example.org,MAIN,Dune,m2,2026-11-12,English,parent@example.org\n\
     3,Cleo,cleo@example.org,EAST,Emma,m3,2026-11-12,,\n";

pub(crate) async fn subjects(bench: &Bench) -> Vec<(String, String)> {
    let rows = bench.app.store.list(Filter::default(), None, 20).await.unwrap();
    let mut all: Vec<_> = rows.into_iter().map(|row| (row.to.address.to_string(), row.subject)).collect();
    all.sort();
    all
}

/// By the patron's language, by the library's words, to the patron and to parents.
#[tokio::test]
async fn each_patron_reads_their_language_in_the_words_of_their_library() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let store = &bench.app.store;
    let key = WordingKey { notice: "overdue-items".into(), site: Some("EAST".into()), language: "en".into() };
    let own = Wording { subject: "East says".into(), text: "For {{ patron_name }}".into(), html: None };
    store.save_wording(key, Some(own), 0, Actor::CommandLine, bench.now()).await.unwrap();
    let check = uploaded(&bench, "administrator", SPEAKING).await;
    sent(&bench, "administrator", &check).await;
    let said = |to: &str, subject: &str| (to.to_owned(), subject.to_owned());
    assert_eq!(
        subjects(&bench).await,
        [
            said("ana@example.org", "Main Library: un préstamo está vencido"),
            said("ben@example.org", "Main Library: an item is overdue"),
            said("cleo@example.org", "East says"),
            said("parent@example.org", "Main Library: an item is overdue"),
        ]
    );
    bench.stop().await;
}

/// The notice that is chosen says who is written to about what, and the ledger knows each by its own name.
#[tokio::test]
async fn the_notice_that_is_chosen_is_the_one_that_is_run() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let check = uploaded(&bench, "administrator", SPEAKING).await;
    let off = bench.get("administrator", &format!("{check}?notice=overdue-items-firm")).await;
    for said in [
        "The notice “Overdue Items, firm” is switched off.",
        "href=\"/notices/saved/overdue-items-firm\">Open this notice to switch it on",
        "?notice=overdue-items\">Use “Overdue Items, gentle” instead",
    ] {
        assert!(off.status == 422 && off.text.contains(said), "{said}: {}", off.text);
    }
    assert!(!off.text.contains("bookpost notices on"), "what a command says is no help here: {}", off.text);
    for slug in ["overdue-items-firm", "coming-due"] {
        led_to(
            &post(&bench, "administrator", &format!("{slug}/switch"), "version=0&on=true").await,
            &format!("{LIST}?done=notice_on"),
        );
    }
    let coming = bench.get("administrator", &format!("{check}?notice=coming-due")).await.text;
    assert!(coming.contains("Nobody would get a mail") && coming.contains("is overdue already"), "{coming}");
    let page = bench.get("administrator", &format!("{check}?notice=overdue-items-firm")).await.text;
    assert!(page.contains("<option value=\"overdue-items-firm\" selected>Overdue Items, firm"), "{page}");
    let fields: Vec<_> = ["attempt", "people", "practice", "notice"]
        .map(|name| format!("{name}={}", value(&page, name)))
        .into();
    let answer = bench
        .post("administrator", &format!("{check}/send"), &format!("{}&sure=yes", fields.join("&")))
        .await;
    let run = store::RunId(answer.header("location").rsplit('/').next().unwrap().parse().unwrap());
    crate::notices::over(&bench, run).await;
    assert_eq!(bench.app.store.run(run).await.unwrap().notice, "overdue-items-firm");
    assert_eq!(subjects(&bench).await[1].1, "Main Library: an item is still overdue");
    // The gentle one has not been written.
    let check = uploaded(&bench, "administrator", SPEAKING).await;
    assert!(bench.get("administrator", &check).await.text.contains("4 emails"));
    let again = bench.get("administrator", &format!("{check}?notice=overdue-items-firm")).await.text;
    assert!(again.contains("Nobody would get a mail"), "{again}");
    bench.stop().await;
}

/// A notice of some libraries writes for these only, whoever runs it.
#[tokio::test]
async fn a_notice_of_one_library_writes_for_no_other() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let fields = "version=0&on=yes&to=patron&without_titles=yes&sites=EAST";
    assert_eq!(post(&bench, "administrator", "overdue-items", fields).await.status, 303);
    let check = uploaded(&bench, "administrator", SPEAKING).await;
    let mail = bench.get("administrator", &format!("{check}/mail")).await.text;
    assert!(mail.contains("Cleo") && !mail.contains("Emma"), "no title is named: {mail}");
    sent(&bench, "administrator", &check).await;
    let all = subjects(&bench).await;
    assert_eq!((all.len(), all[0].0.as_str()), (1, "cleo@example.org"));
    // MAIN is not of it.
    let check = uploaded(&bench, "manager", SPEAKING).await;
    let page = bench.get("manager", &check).await.text;
    assert!(page.contains("is of other libraries"), "{page}");
    bench.stop().await;
}

#[tokio::test]
async fn holds_need_no_dates() {
    let bench = Bench::staffed(servers()).await;
    led_to(
        &post(&bench, "administrator", "hold-ready/switch", "version=0&on=true").await,
        &format!("{LIST}?done=notice_on"),
    );
    let check =
        uploaded(&bench, "administrator", "name,email,branch,title\nAna,ana@example.org,MAIN,Emma\n").await;
    assert!(
        bench.get("administrator", &check).await.text.contains("What are the columns?"),
        "overdue items need a date"
    );
    let page = bench.get("administrator", &format!("{check}?notice=hold-ready")).await.text;
    assert!(page.contains("1 email"), "{page}");
    let mail = bench.get("administrator", &format!("{check}/mail?notice=hold-ready")).await.text;
    assert!(
        mail.contains("Main Library: your hold is ready") && mail.contains("Pick it up at: Main Library"),
        "{mail}"
    );
    bench.stop().await;
}

/// Which notice is said together with the file: those that are on, what people need most first.
#[tokio::test]
async fn the_notice_is_chosen_where_the_file_is() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let page = async || bench.get("administrator", "/notices").await.text;
    assert!(!page().await.contains("<select id=\"notice\""), "there is only one");
    post(&bench, "administrator", "overdue-items-firm", "version=0&on=yes&favourite=yes&to=patron").await;
    let both = page().await;
    let (firm, gentle) =
        (both.find("value=\"overdue-items-firm\""), both.find("value=\"overdue-items\" selected"));
    assert!(firm.is_some() && firm < gentle, "{both}");
    let token = bench.get("administrator", "/").await.form_token();
    let upload = format!(
        "--b\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{token}\r\n--b\r\n\
         Content-Disposition: form-data; name=\"notice\"\r\n\r\noverdue-items-firm\r\n--b\r\n\
         Content-Disposition: form-data; name=\"changed\"\r\n\r\n1795784700000\r\n--b\r\n\
         Content-Disposition: form-data; name=\"export\"; filename=\"a.csv\"\r\n\r\n{SPEAKING}\r\n--b--\r\n"
    );
    let request = bench.ask("administrator", reqwest::Method::POST, "/notices/upload");
    let answer =
        Answer::of(request.header("content-type", "multipart/form-data; boundary=b").body(upload)).await;
    assert!(answer.header("location").ends_with("?notice=overdue-items-firm"), "{answer:?}");
    let check = bench.get("administrator", answer.header("location")).await.text;
    assert!(check.contains("File last changed"), "the browser said when: {check}");
    // None is on: that is said where the file would go.
    for (slug, version) in [("overdue-items-firm", 1), ("overdue-items", 0)] {
        let off = format!("version={version}&on=false");
        led_to(
            &post(&bench, "administrator", &format!("{slug}/switch"), &off).await,
            &format!("{LIST}?done=notice_off"),
        );
    }
    let none = page().await;
    assert!(none.contains("No notice is switched on") && none.contains("Switch one on"), "{none}");
    bench.post("administrator", "/language", "language=es&next=/").await;
    let check = uploaded(&bench, "administrator", SPEAKING).await;
    let off = bench.get("administrator", &check).await.text;
    assert!(off.contains("está desactivado") && off.contains("Abrir este aviso para activarlo"), "{off}");
    bench.stop().await;
}

/// Teachers get lists beside the notices: said before, seen before, and counted apart after.
#[tokio::test]
async fn lists_for_teachers_are_told_of_and_counted_apart() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let fields = "version=0&on=yes&to=patron&to=teacher";
    assert_eq!(post(&bench, "administrator", "overdue-items", fields).await.status, 303);
    let recipients = settings(&bench, "overdue-items").await.recipients;
    assert!(recipients.teacher && !recipients.teacher_titles && !recipients.guardian, "{recipients:?}");
    let export = "borrowernumber,name,email,branch,title,barcode,due,teacher email\n\
         1,Ana,ana@example.org,MAIN,Moby Dick,m1,2026-11-12,reyes@school.example\n\
         2,Ben,ben@example.org,MAIN,Dune,m2,2026-11-12,reyes@school.example\n\
         3,Cleo,cleo@example.org,EAST,Emma,m3,2026-11-12,\n";
    let check = uploaded(&bench, "administrator", export).await;
    let page = bench.get("administrator", &check).await.text;
    for said in [
        "This sends 3 emails to 3 people of 2 libraries through 127.0.0.1. Beside that, 1 teacher gets a list of their students.",
        "1 of these people has no address of a teacher in the file",
        "/mail?list=yes&#38;n=1",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let list = bench.get("administrator", &format!("{check}/mail?list=yes&n=1")).await.text;
    assert!(
        list.contains("List 1 of 1") && list.contains("These 2 students") && !list.contains("Dune"),
        "{list}"
    );
    let html = bench.get("administrator", &format!("{check}/html?list=yes&n=1")).await.text;
    assert!(html.contains("<bdi>Ana</bdi>: 1 item") && !html.contains("Dune"), "{html}");
    assert_eq!(bench.get("administrator", &format!("{check}/mail?list=yes&n=2")).await.status, 404);
    let run = sent(&bench, "administrator", &check).await;
    let page = bench.get("administrator", &format!("/notices/runs/{}", run.0)).await.text;
    assert!(page.contains("3 of 3 were accepted") || page.contains("All 3"), "{page}");
    let (people, lists) = page.split_once("Lists for teachers").unwrap();
    assert!(people.contains("names?what=delivered\" aria-label=\"3 "), "{people}");
    assert!(lists.contains("names?what=delivered&#38;lists=yes\" aria-label=\"1 "), "{lists}");
    for (query, has, has_not) in [
        ("what=delivered", "ana@example.org", "reyes@school.example"),
        ("what=delivered&lists=yes", "reyes@school.example", "ana@example.org"),
    ] {
        let names = bench.get("administrator", &format!("/notices/runs/{}/names?{query}", run.0)).await.text;
        assert!(names.contains(has) && !names.contains(has_not), "{query}: {names}");
    }
    let table = bench.get("administrator", &format!("/notices/runs/{}/csv", run.0)).await.text;
    assert!(table.contains("\"(list for a teacher)\",\"\",\"reyes@school.example\""), "{table}");
    assert!(bench.get("administrator", "/notices").await.text.contains("3 accepted"));
    bench.stop().await;
}

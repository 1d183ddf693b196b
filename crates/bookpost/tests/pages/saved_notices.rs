//! Saved notices and their wordings: set up, worded, previewed and run on the pages.

use store::{Actor, AuditFilter, Deed, Filter, NoticeSettings, Wording, WordingKey};
use testkit::sink::{Settings, Sink};

use crate::{
    bench::{Answer, Bench, servers},
    browser::drive,
    notices::{sent, to, uploaded},
};

const LIST: &str = "/notices/saved";

async fn settings(bench: &Bench, slug: &str) -> NoticeSettings {
    let all = bench.app.store.saved_notices().await.unwrap();
    all.into_iter().find(|one| one.slug == slug).unwrap().settings
}

/// What stands in the field of this name.
fn value(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn post(bench: &Bench, who: &str, path: &str, fields: &str) -> Answer {
    bench.post(who, &format!("{LIST}/{path}"), fields).await
}

fn led_to(answer: &Answer, path: &str) {
    assert_eq!((answer.status, answer.header("location")), (303, path), "{}", answer.text);
}

#[tokio::test]
async fn a_notice_is_duplicated_set_up_removed_and_had_back() {
    let bench = Bench::staffed(servers()).await;
    let list = bench.get("administrator", LIST).await.text;
    for part in [
        "Overdue Items, gentle</a> <span class=\"tag\">On",
        "Fines</a> <span class=\"tag\">Off",
        "/notices?notice=overdue-items",
    ] {
        assert!(list.contains(part), "{part}: {list}");
    }
    assert!(!list.contains("/notices?notice=fines") && !list.contains("/remove\""), "{list}");
    let copy = post(&bench, "administrator", "fines/duplicate", "").await;
    led_to(&copy, &format!("{LIST}/copy-of-fines?done=notice_duplicated"));
    let page = bench.get("administrator", &format!("{LIST}/copy-of-fines")).await.text;
    assert_eq!((value(&page, "name"), value(&page, "version")), ("Copy of Fines".to_owned(), "1".to_owned()));
    let fields =
        "version=1&name=Fines+%3Cb%3E&on=yes&favourite=yes&to=patron&repeat_days=0&notes=For+June&sites=EAST";
    led_to(
        &post(&bench, "administrator", "copy-of-fines", fields).await,
        &format!("{LIST}?done=notice_saved"),
    );
    let found = settings(&bench, "copy-of-fines").await;
    assert_eq!((found.on, found.repeat_days, found.recipients.guardian), (true, Some(0), false));
    let list = bench.get("administrator", LIST).await.text;
    let first = list.find("Fines &#60;b&#62;</a>").unwrap();
    assert!(first < list.find("Overdue Items, gentle").unwrap(), "favourites stand first: {list}");
    for part in ["For June", "administrator", "East Branch"] {
        assert!(list.contains(part), "{part}: {list}");
    }
    // It is of EAST.
    assert!(!bench.get("manager", LIST).await.text.contains("Fines &#60;b&#62;"));
    assert!(bench.get("elsewhere", LIST).await.text.contains("Fines &#60;b&#62;"));
    led_to(
        &post(&bench, "elsewhere", "copy-of-fines/remove", "version=2").await,
        &format!("{LIST}?done=notice_removed"),
    );
    let list = bench.get("elsewhere", &format!("{LIST}?done=notice_removed")).await.text;
    assert!(list.contains("<details class=\"apart\" open>"), "{list}");
    assert_eq!(bench.get("administrator", &format!("{LIST}/copy-of-fines")).await.status, 404);
    led_to(
        &post(&bench, "elsewhere", "copy-of-fines/restore", "version=3").await,
        &format!("{LIST}?done=notice_restored"),
    );
    assert_eq!(bench.get("elsewhere", &format!("{LIST}/copy-of-fines")).await.status, 200);
    let log = bench.app.store.audit(AuditFilter::default(), None, 4).await.unwrap();
    let deeds: Vec<_> = log.iter().map(|line| line.what).collect();
    assert_eq!(deeds, [Deed::NoticeRestored, Deed::NoticeRemoved, Deed::NoticeChanged, Deed::NoticeAdded]);
    bench.stop().await;
}

#[tokio::test]
async fn who_comes_second_to_a_notice_is_told_and_can_save_again() {
    let bench = Bench::staffed(servers()).await;
    let fields =
        |version: u32, notes: &str| format!("version={version}&on=yes&to=patron&to=guardian&notes={notes}");
    assert_eq!(post(&bench, "administrator", "fines", &fields(0, "mine")).await.status, 303);
    let late = post(&bench, "administrator", "fines", &fields(0, "theirs")).await;
    assert_eq!(late.status, 422);
    for part in ["somebody else changed this notice", "Last changed by administrator", ">theirs</textarea>"] {
        assert!(late.text.contains(part), "{part}: {}", late.text);
    }
    assert_eq!(value(&late.text, "version"), "1");
    let switched = post(&bench, "administrator", "fines/switch", "version=0&on=false").await;
    led_to(&switched, &format!("{LIST}?done=notice_changed_meanwhile"));
    assert!(settings(&bench, "fines").await.on);
    assert_eq!(post(&bench, "administrator", "fines", &fields(1, "theirs")).await.status, 303);
    assert_eq!(settings(&bench, "fines").await.notes, "theirs");
    bench.stop().await;
}

fn typed(version: u32, subject: &str, text: &str, html: &str) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    format!(
        "do=save&version={version}&language=en&subject={}&text={}&html={}",
        encode(subject),
        encode(text),
        encode(html)
    )
}

#[tokio::test]
async fn a_wrong_wording_is_refused_with_its_place_and_nothing_typed_is_lost() {
    let bench = Bench::staffed(servers()).await;
    let (text, long) = ("Hello <b>\n  {{ patron_nam }}", "x".repeat(20_001));
    for (fields, said) in [
        (
            typed(0, "Overdue", text, ""),
            "Line 2, letter 6: “patron_nam” is nothing that can be put in. Did you mean patron_name?",
        ),
        (
            typed(0, "Overdue", "{{ title }}", ""),
            "It belongs to an item: write item.title between {% for item in items %}",
        ),
        (typed(0, "Overdue", "a\nb {% if x", ""), "Line 2, letter "),
        (typed(0, "{{ items[0].title }}", "x", ""), "A subject never names titles or authors"),
        (typed(0, "", "x", ""), "Nothing is left of this for some patrons"),
        (typed(0, "Overdue", "x", "<p>{{ branch }}</p>"), "“branch” is nothing"),
        (typed(0, "Overdue", &long, ""), "This is too long."),
    ] {
        let answer = post(&bench, "administrator", "fines/wording", &fields).await;
        assert_eq!(answer.status, 422, "{fields}");
        assert!(
            answer.text.contains(said) && answer.text.contains("Nothing was saved."),
            "{said}: {}",
            answer.text
        );
    }
    let answer = post(&bench, "administrator", "fines/wording", &typed(0, "My \"subject\"", text, "")).await;
    for kept in ["value=\"My &#34;subject&#34;\"", "\nHello &#60;b&#62;\n  {{ patron_nam }}</textarea>"] {
        assert!(answer.text.contains(kept), "{kept}: {}", answer.text);
    }
    assert_eq!(bench.app.store.wordings().await.unwrap(), []);
    bench.stop().await;
}

/// A click too much, or a colleague's: what stood there before is had back, and that can be taken back, too.
#[tokio::test]
async fn the_last_change_of_a_wording_can_be_taken_back() {
    let bench = Bench::staffed(servers()).await;
    let page = async || bench.get("administrator", &format!("{LIST}/fines/wording")).await.text;
    assert!(!page().await.contains("value=\"undo\""), "nothing was changed");
    let html = "<p>Pay, {{ patron_name }}</p>";
    for (version, subject, text, html) in [(0, "Ours", "First", html), (1, "Theirs", "Second", "")] {
        let saved =
            post(&bench, "administrator", "fines/wording", &typed(version, subject, text, html)).await;
        assert_eq!(saved.status, 303, "{}", saved.text);
    }
    let before = page().await;
    let shown = "Ours\n\nFirst\n\n&#60;p&#62;Pay, {{ patron_name }}&#60;/p&#62;</pre>";
    assert!(before.contains(shown) && before.contains("value=\"undo\""), "{before}");
    let says = async || bench.app.store.wordings().await.unwrap()[0].wording.clone();
    for (version, subject) in [(2, "Ours"), (3, "Theirs"), (4, "Ours")] {
        let undone = format!("do=undo&version={version}&language=en");
        assert_eq!(post(&bench, "administrator", "fines/wording", &undone).await.status, 303);
        assert_eq!(says().await.unwrap().subject, subject);
    }
    assert_eq!(says().await.unwrap().html.as_deref(), Some(html));
    // Where nothing was written before there is the built-in wording.
    post(&bench, "administrator", "hold-ready/wording", &typed(0, "Ours", "First", "")).await;
    let undone = post(&bench, "administrator", "hold-ready/wording", "do=undo&version=1&language=en").await;
    assert_eq!(undone.status, 303);
    let all = bench.app.store.wordings_of("hold-ready").await.unwrap();
    assert_eq!(all[0].wording, None);
    // Whoever has not seen the last change takes nothing back.
    let late = post(&bench, "administrator", "hold-ready/wording", "do=undo&version=1&language=en").await;
    assert_eq!(late.status, 422, "{}", late.text);
    bench.stop().await;
}

/// Whoever changes the words of the notice that is on from the start changes what mail programs show, too.
#[tokio::test]
async fn the_usual_notice_has_no_html_beside_its_text() {
    let bench = Bench::staffed(servers()).await;
    let page = format!("{LIST}/overdue-items/wording?language=en");
    let empty = |page: &str| {
        let (_, rest) = page.split_once("name=\"html\"").unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        rest.split("</textarea>").next().unwrap().trim().is_empty()
    };
    let before = bench.get("administrator", &page).await.text;
    assert!(empty(&before), "{before}");
    let saved = post(
        &bench,
        "administrator",
        "overdue-items/wording",
        &typed(0, "Overdue", "Bring it, {{ patron_name }}", ""),
    )
    .await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let check = uploaded(&bench, "administrator", &crate::notices::export()).await;
    let html = bench.get("administrator", &format!("{check}/html?n=1")).await.text;
    assert!(html.contains("<p>Bring it, <bdi>"), "{html}");
    bench.stop().await;
}

/// Whoever is of another library is told, with the reason, before and afterwards; nowhere is it said that all get a mail.
#[tokio::test]
async fn a_notice_for_one_library_says_whom_it_passes_over() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "administrator";
    let fields = "version=0&name=Overdue&on=yes&to=patron&sites=EAST";
    assert_eq!(post(&bench, who, "overdue-items", fields).await.status, 303);
    let whole = crate::notices::export();
    let of = |parts: &[&str]| {
        let lines = whole.lines().enumerate();
        let lines = lines.filter(|(n, line)| *n == 0 || parts.iter().any(|part| line.contains(part)));
        lines.flat_map(|(_, line)| [line, "\n"]).collect::<String>()
    };
    let main = uploaded(&bench, who, &of(&["MAIN"])).await;
    let page = bench.get(who, &main).await.text;
    for said in [
        "This notice is only for: East Branch.",
        "3 people of a library that this notice is not for",
        "Ana Ruiz (1)",
        "2 items of Main Library",
        "Nobody would get a mail from this file.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Everybody in the file"), "{page}");
    let none = bench.get("elsewhere", &uploaded(&bench, "elsewhere", &of(&["MAIN"])).await).await.text;
    assert!(!none.contains("Ana Ruiz") && !none.contains("Everybody in the file"), "another's: {none}");
    let check = uploaded(&bench, who, &of(&["MAIN", "EAST"])).await;
    let run = sent(&bench, who, &check).await;
    let page = bench.get(who, &format!("/notices/runs/{}", run.0)).await.text;
    assert!(page.contains("what=other_library") && !page.contains("There is nothing to do"), "{page}");
    assert!(page.contains("3 entries of the file get no mail."), "it adds up: {page}");
    let names = bench.get(who, &format!("/notices/runs/{}/names?what=other_library", run.0)).await.text;
    assert!(names.contains("Ben Okafor (2)") && names.contains("add their library to the notice"), "{names}");
    let table = bench.get(who, &format!("/notices/runs/{}/csv", run.0)).await.text;
    assert!(table.contains("person of a library that this notice is not for"), "{table}");
    bench.stop().await;
}

/// One that was for a library that was removed since is not for all of them when somebody saves it.
#[tokio::test]
async fn a_notice_of_a_removed_library_does_not_become_one_of_all() {
    let bench = Bench::staffed(servers()).await;
    let fields = "version=0&on=yes&to=patron&sites=EAST";
    assert_eq!(post(&bench, "administrator", "fines", fields).await.status, 303);
    let mut config = (*bench.app.settings.now()).clone();
    config.sites.retain(|site| site.code != "EAST");
    bench.app.settings.replace(config);
    let page = bench.get("administrator", &format!("{LIST}/fines")).await.text;
    let box_ = "name=\"sites\" value=\"EAST\" checked";
    assert!(page.contains(box_) && page.contains("EAST (a library that was removed)"), "{page}");
    let fields = "version=1&on=yes&to=patron&sites=EAST&notes=x";
    assert_eq!(post(&bench, "administrator", "fines", fields).await.status, 303);
    assert_eq!(settings(&bench, "fines").await.sites, ["EAST".to_owned()].into());
    bench.stop().await;
}

#[tokio::test]
async fn who_comes_second_to_a_wording_is_told_and_sees_what_the_other_wrote() {
    let bench = Bench::staffed(servers()).await;
    let first =
        post(&bench, "administrator", "fines/wording", &typed(0, "Ours", "First", "<p>1st</p>")).await;
    led_to(&first, &format!("{LIST}/fines/wording?language=en&done=wording_saved"));
    let late = post(&bench, "administrator", "fines/wording", &typed(0, "Mine", "Second", "")).await;
    assert_eq!(late.status, 422);
    for part in [
        "somebody else changed this wording",
        "Ours\n\nFirst\n\n&#60;p&#62;1st&#60;/p&#62;",
        "Second</textarea>",
        "value=\"Mine\"",
    ] {
        assert!(late.text.contains(part), "{part}: {}", late.text);
    }
    assert_eq!(value(&late.text, "version"), "1");
    assert_eq!(
        post(&bench, "administrator", "fines/wording", &typed(1, "Mine", "Second", "")).await.status,
        303
    );
    let back = post(&bench, "administrator", "fines/wording", "do=reset&version=2&language=en").await;
    led_to(&back, &format!("{LIST}/fines/wording?language=en&done=wording_reset"));
    let kept = bench.app.store.wordings().await.unwrap();
    assert_eq!((kept.len(), &kept[0].wording, kept[0].version), (1, &None, 3));
    let editor = bench.get("administrator", &format!("{LIST}/fines/wording")).await.text;
    assert!(editor.contains("charges on your library account"), "{editor}");
    bench.stop().await;
}

/// What is typed is looked at before it is saved, as HTML of our own making, and as text.
#[tokio::test]
async fn a_wording_is_previewed_as_it_is_typed() {
    let bench = Bench::staffed(servers()).await;
    let fields = typed(0, "For {{ patron_name }}", "**Hello** <b>\n\n* {{ items[0].title }}", "");
    let html = post(&bench, "administrator", "fines/html", &fields).await;
    for part in [
        "Subject: <strong><bdi>For Ngozi Okafor",
        "<strong>Hello</strong> &lt;b&gt;",
        "<li style=\"margin: .4rem 0\"><bdi>Dune</bdi></li>",
    ] {
        assert!(html.text.contains(part), "{part}: {}", html.text);
    }
    assert!(html.header("content-security-policy").starts_with("sandbox;"), "{:?}", html.headers);
    let text = post(&bench, "administrator", "fines/html", &format!("{fields}&as=text")).await.text;
    assert!(text.contains("Hello &#60;b&#62;\n\n* Dune"), "{text}");
    let wrong = post(&bench, "administrator", "fines/html", &typed(0, "x", "{{ branch }}", "")).await;
    assert!(
        wrong.status == 200 && wrong.text.contains("“branch” is nothing that can be put in"),
        "{}",
        wrong.text
    );
    assert_eq!(bench.app.store.wordings().await.unwrap(), [], "nothing is kept");
    let spanish =
        bench.get("manager", &format!("{LIST}/overdue-items/html?language=es&site=MAIN")).await.text;
    let others = bench.get("manager", &format!("{LIST}/overdue-items/html?language=es&site=EAST")).await;
    assert_eq!(others.status, 404, "{}", others.text);
    assert!(spanish.contains("lang=\"es\"") && spanish.contains("12 de noviembre de 2026"), "{spanish}");
    bench.stop().await;
}

const SPEAKING: &str = "borrowernumber,name,email,branch,title,barcode,due,language,parent email\n\
     1,Ana,ana@example.org,MAIN,Moby Dick,m1,2026-11-12,spa,\n\
     2,Ben,ben@example.org,MAIN,Dune,m2,2026-11-12,English,parent@example.org\n\
     3,Cleo,cleo@example.org,EAST,Emma,m3,2026-11-12,,\n";

async fn subjects(bench: &Bench) -> Vec<(String, String)> {
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

/// A sample of what is typed goes to whoever typed it, and nothing is kept.
#[tokio::test]
async fn a_sample_of_what_is_typed_goes_to_whoever_typed_it() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let fields = typed(0, "Try {{ item_count }}", "Body", "").replace("do=save", "do=sample");
    let answer = post(&bench, "administrator", "fines/wording", &fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(
        answer.text.contains("A sample is on its way to administrator@library.example"),
        "{}",
        answer.text
    );
    bench.app.worker.quiet().await.unwrap();
    assert_eq!(
        subjects(&bench).await,
        [("administrator@library.example".to_owned(), "[Sample] Try 2".to_owned())]
    );
    assert_eq!(bench.app.store.wordings().await.unwrap(), []);
    let mut config = (*bench.app.settings.now()).clone();
    config.sending.way = bookpost::config::Way::Practice;
    bench.app.settings.replace(config);
    let answer = post(&bench, "administrator", "fines/wording", &fields).await;
    assert!(
        answer.text.contains("The sample is in the practice mailbox. Nobody receives it"),
        "{}",
        answer.text
    );
    assert!(!answer.text.contains("on its way to"), "{}", answer.text);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn saved_notices_work_in_a_browser() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    drive("wording.mjs", &bench, &[]).await;
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

/// A script would keep the mail out of mailboxes; pictures of elsewhere are for the library to decide.
#[tokio::test]
async fn html_that_does_something_is_refused_with_its_place_and_remote_pictures_are_warned_of() {
    let bench = Bench::staffed(servers()).await;
    let who = "administrator";
    for (html, english, spanish) in [
        (
            "<p>a</p>\n<script>x</script>",
            "Line 2, letter 1: a mail must not have a script",
            "Línea 2, letra 1: un correo no puede tener un script",
        ),
        (
            "<p onclick=\"x\">a</p>",
            "Line 1, letter 4: a mail must not do anything",
            "Línea 1, letra 4: un correo no puede hacer nada",
        ),
        (
            "<a href=\"javascript:x\">a</a>",
            "Line 1, letter 4: a mail must not have a link",
            "Línea 1, letra 4: un correo no puede tener un enlace",
        ),
    ] {
        for (language, said) in [("es", spanish), ("en", english)] {
            bench.post(who, "/language", &format!("language={language}&next=/")).await;
            let refused = post(&bench, who, "fines/wording", &typed(0, "Fines", "Pay", html)).await;
            assert!(refused.status == 422 && refused.text.contains(said), "{said}: {}", refused.text);
        }
    }
    let html = "<p>a</p><img src=\"https://pictures.example/x.png\">";
    let saved = post(&bench, who, "fines/wording", &typed(0, "Fines", "Pay", html)).await;
    let page = bench.get(who, saved.header("location")).await.text;
    assert!(page.contains("It has pictures that are fetched from the web."), "{page}");
    bench.stop().await;
}

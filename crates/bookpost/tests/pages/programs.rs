//! Programs and their keys on their pages.

use std::net::IpAddr;

use reqwest::Method;
use store::{Actor, Application, ApplicationSettings, AuditFilter, Class, Deed, NewMessage, NewWebhook};

use crate::bench::{Answer, Bench, form, notice, servers};

const LIST: &str = "/preferences/programs";
const FORM: &str = "reach=all&class=normal&classes=bulk&largest=25&recipients=1000&waiting=100000";

async fn post(bench: &Bench, path: &str, fields: &str) -> Answer {
    bench.post("administrator", &format!("{LIST}{path}"), fields).await
}

async fn program(bench: &Bench, name: &str) -> Application {
    bench.app.store.application(name).await.unwrap()
}

/// The value of a hidden field, as a form sends it back.
fn hidden(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    let value = rest.split('"').next().unwrap().replace("&#34;", "\"").replace("&#38;", "&");
    percent_encoding::utf8_percent_encode(&value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What stands between these two.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

#[tokio::test]
async fn from_the_first_program_to_the_last_key() {
    let bench = Bench::staffed(servers()).await;
    assert!(bench.get("administrator", LIST).await.text.contains("No program sends through Bookpost yet."));
    let added = post(&bench, "/add", &format!("name=Tracker&from=desk@library.example&{FORM}")).await;
    assert_eq!(added.header("location"), format!("{LIST}/1?done=program_added"));
    let tracker = program(&bench, "Tracker").await;
    let from = vec!["desk@library.example".parse().unwrap()];
    assert_eq!(tracker.settings, ApplicationSettings { from, ..ApplicationSettings::default() });

    let shown = post(&bench, "/1/key", "").await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, "no-store"));
    let key = between(&shown.text, "HTTP</h3>\n<pre tabindex=\"0\">", "</pre>").to_owned();
    let (id, password) = key.strip_prefix("bp_").unwrap().split_once('_').unwrap();
    assert_eq!(shown.text.matches(password).count(), 2, "alone, and in the key; the door is closed");
    let peer: IpAddr = "192.0.2.1".parse().unwrap();
    let opens = || bench.app.applications.authenticate(peer, id, password, bench.now());
    assert!(opens().is_ok(), "it holds at once");
    for path in ["", "/1"] {
        let page = bench.get("administrator", &format!("{LIST}{path}")).await.text;
        assert!(!page.contains(password), "{path}");
    }

    let question = bench.get("administrator", &format!("{LIST}/1/revoke?key={id}")).await.text;
    assert!(question.contains(&format!("Revoke the key {id} of Tracker?")), "{question}");
    assert_eq!(post(&bench, "/1/revoke", &format!("key={id}")).await.status, 303);
    assert!(opens().is_err(), "it opens nothing any more");
    for (on, closed) in [(false, true), (true, false)] {
        assert_eq!(post(&bench, "/1/switch", &format!("on={on}")).await.status, 303);
        assert_eq!(bench.app.applications.local("Tracker").is_err(), closed);
        let page = bench.get("administrator", &format!("{LIST}/1")).await.text;
        assert_eq!(page.contains("Switched off since"), closed, "{page}");
    }
    let filter = AuditFilter { about: Some("Tracker".to_owned()), ..AuditFilter::default() };
    let log = bench.app.store.audit(filter, None, 10).await.unwrap();
    let said = format!("{log:?}");
    assert!(!said.contains(password), "{said}");
    assert!(log.iter().all(|line| matches!(line.who, Actor::Person { .. })), "{said}");
    let deeds: Vec<_> = log.iter().rev().map(|line| line.what).collect();
    assert_eq!(
        deeds,
        [
            Deed::ProgramAdded,
            Deed::ProgramKeyMade,
            Deed::ProgramKeyRevoked,
            Deed::ProgramDisabled,
            Deed::ProgramEnabled
        ]
    );
    bench.stop().await;
}

#[tokio::test]
async fn what_a_program_may_do_is_changed_by_one_person_at_a_time() {
    let bench = Bench::staffed(servers()).await;
    post(&bench, "/add", &format!("name=Tracker&{FORM}")).await;
    let form = bench.get("administrator", &format!("{LIST}/1/change")).await.text;
    let seen = hidden(&form, "seen");
    let other = "from=@school.example&reach=some&site=EAST&class=bulk&classes=urgent&return_address=back@school.example\
        &largest=2&recipients=3&waiting=4&per_minute=5";
    let changed = post(&bench, "/1/change", &format!("{other}&seen={seen}")).await;
    assert_eq!(changed.header("location"), format!("{LIST}/1?done=program_changed"), "{}", changed.text);
    let settings = program(&bench, "Tracker").await.settings;
    let expected = ApplicationSettings {
        from: vec!["@school.example".parse().unwrap()],
        sites: vec!["EAST".to_owned()],
        class: Class::Bulk,
        classes: [Class::Bulk, Class::Urgent].into(),
        return_address: Some("back@school.example".parse().unwrap()),
        largest_message: 2_000_000,
        recipients: 3,
        waiting: 4,
        per_minute: Some(5),
    };
    assert_eq!(settings, expected);
    let late = post(&bench, "/1/change", &format!("{FORM}&from=late@library.example&seen={seen}")).await;
    assert!(late.status == 422 && late.text.contains("somebody else changed this program"), "{}", late.text);
    assert!(late.text.contains("late@library.example"), "what was typed stays");
    assert_eq!(program(&bench, "Tracker").await.settings, expected);
    let again = hidden(&late.text, "seen");
    let again = post(&bench, "/1/change", &format!("{FORM}&from=late@library.example&seen={again}")).await;
    assert_eq!(again.status, 303);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_changes_that_come_at_once_one_is_made() {
    let bench = Bench::staffed(servers()).await;
    post(&bench, "/add", &format!("name=Tracker&{FORM}")).await;
    let seen = hidden(&bench.get("administrator", &format!("{LIST}/1/change")).await.text, "seen");
    let token = bench.get("administrator", "/").await.form_token();
    let change = async |number: u8| {
        let fields = format!("form_token={token}&{FORM}&from=p{number}@library.example&seen={seen}");
        let request = bench.ask("administrator", Method::POST, &format!("{LIST}/1/change"));
        Answer::of(form(request, fields)).await.status
    };
    let changes = (0..12).map(change);
    let mut statuses = futures_util::future::join_all(changes).await;
    statuses.sort_unstable();
    let (made, told) = statuses.split_at(1);
    assert!(made == [303] && told.iter().all(|status| *status == 422), "{statuses:?}");
    bench.stop().await;
}

#[tokio::test]
async fn what_cannot_be_is_said_at_its_field() {
    let bench = Bench::staffed(servers()).await;
    post(&bench, "/add", &format!("name=Tracker&{FORM}")).await;
    for (fields, said) in [
        (format!("name=tracker&{FORM}"), "Another program has this name already."),
        (format!("name=%20&{FORM}"), "Give the program a name."),
        (format!("name=New&from=library.example&{FORM}"), "One of these is no complete email address."),
        (format!("name=New&{}", FORM.replace("reach=all", "reach=some")), "Tick at least one library"),
        (
            format!("name=New&{}", FORM.replace("largest=25", "largest=0")),
            "Enter a whole number from 1 to 1000.",
        ),
    ] {
        let answer = post(&bench, "/add", &fields).await;
        assert!(answer.status == 422 && answer.text.contains(said), "{fields}: {}", answer.text);
    }
    let hostile = format!("name=%3Cscript%3Ealert(1)%3C/script%3E&{FORM}");
    assert_eq!(post(&bench, "/add", &hostile).await.status, 303);
    for path in ["", "/2", "/2/change", "/2/switch"] {
        let page = bench.get("administrator", &format!("{LIST}{path}")).await.text;
        assert!(
            page.contains("&#60;script&#62;alert(1)") && !page.contains("<script>alert"),
            "{path}: {page}"
        );
    }
    bench.stop().await;
}

#[tokio::test]
async fn what_came_today_and_who_is_told_is_shown() {
    let bench = Bench::staffed(servers()).await;
    post(&bench, "/add", &format!("name=Textbook+Tracker&{FORM}")).await;
    for _ in 0..3 {
        bench.mail(notice("p@example.org", "Overdue"), None).await;
    }
    bench.mail(NewMessage { application: "cron".to_owned(), ..notice("p@example.org", "Log") }, None).await;
    let url = "https://hook.example/a".to_owned();
    let webhook = NewWebhook { url, kinds: std::collections::BTreeSet::new(), secret: vec![7] };
    bench.app.store.add_webhook("Textbook Tracker", webhook, bench.now()).await.unwrap();
    let today = |page: &str| between(page, "<dt>Messages today</dt><dd>", "</dd>").to_owned();
    for path in ["", "/1"] {
        assert_eq!(today(&bench.get("administrator", &format!("{LIST}{path}")).await.text), "3", "{path}");
    }
    let page = bench.get("administrator", &format!("{LIST}/1")).await.text;
    for said in [
        "https://hook.example/a",
        "Nothing had to be told yet.",
        "Programs cannot hand in mail by SMTP on this computer yet.",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let door = between(&page, "<h2 id=\"enter\">", "</section>");
    let (plain, folded) = door.split_once("<details class=\"apart\">").unwrap();
    assert!(!plain.contains("[smtp]") && folded.contains("[smtp]"), "{door}");
    bench.pass(10 * 60);
    assert_eq!(today(&bench.get("administrator", LIST).await.text), "0");
    bench.stop().await;
}

/// What a browser sees of libraries and programs; the certificate is only named, as nothing listens here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libraries_and_programs_work_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["crt", "key"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let door = format!(
        "[smtp]\nlisten = \"0.0.0.0:587\"\ncertificate_file = \"{0}/crt\"\nkey_file = \"{0}/key\"\n",
        folder.path().display()
    );
    let bench = Bench::of_file(&door).await;
    for (code, name, more) in [
        (
            "MAIN",
            "Main Library",
            "&branches=BUS,+M2&time_zone=America/Chicago&phone=555-0100&return_address=back@library.example",
        ),
        ("HILL", "Hill Branch", ""),
    ] {
        let version = bench.app.store.preferences().await.unwrap().version;
        let fields = format!("code={code}&name={name}&email=desk@library.example&version={version}{more}");
        assert_eq!(bench.post("administrator", "/preferences/libraries/add", &fields).await.status, 303);
    }
    post(&bench, "/add", &format!("name=Textbook+Tracker&{FORM}")).await;
    for _ in 0..2 {
        post(&bench, "/1/key", "").await;
    }
    let key = program(&bench, "Textbook Tracker").await.keys[0].id.0.clone();
    post(&bench, "/1/revoke", &format!("key={key}")).await;
    bench.mail(notice("p@example.org", "Overdue"), None).await;
    let url = "https://library.example/what-became-of-it?of=a-program-with-a-long-address".to_owned();
    let webhook = NewWebhook { url, kinds: std::collections::BTreeSet::new(), secret: vec![7] };
    bench.app.store.add_webhook("Textbook Tracker", webhook, bench.now()).await.unwrap();
    crate::browser::drive("programs.mjs", &bench, &[]).await;
    bench.stop().await;
}

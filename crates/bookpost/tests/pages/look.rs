//! How pages read, as snapshots.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use store::{AlarmKind, Verdict};

use crate::{
    bench::{Bench, notice, servers},
    rights::MAY,
};

/// Without what changes from run to run.
fn plain(html: &str) -> String {
    let mut text = html.to_owned();
    for (before, after) in [
        ("name=\"form_token\" value=\"", "\""),
        ("/assets/style-", "."),
        ("/assets/pages-", "."),
        ("/assets/icon-", "."),
    ] {
        let parts: Vec<_> = text.split(before).map(ToOwned::to_owned).collect();
        let rest =
            parts.iter().skip(1).map(|part| format!("{before}...{}", &part[part.find(after).unwrap()..]));
        text = parts.iter().take(1).cloned().chain(rest).collect();
    }
    let body = text.split("<body>").nth(1).unwrap_or(&text);
    let lines = body.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

async fn with_mail() -> Bench {
    let bench = Bench::staffed(servers()).await;
    let due_at = bench.now() + SignedDuration::from_mins(7);
    for (to, subject, verdict) in [
        ("ana@example.org", "Your overdue items", Some(Verdict::Delivered)),
        ("ben@example.org", "Your overdue items", Some(Verdict::Deferred { due_at, in_doubt: false })),
        ("cleo@example.org", "Your hold is ready", Some(Verdict::Returned)),
        ("dan@example.org", "Your hold is ready", Some(Verdict::Held)),
        ("eve@example.org", "", Some(Verdict::InDoubt)),
        ("fay@example.org", "Library card expires", None),
    ] {
        bench.mail(notice(to, subject), verdict).await;
    }
    bench
}

#[tokio::test]
async fn pages_read_as_they_should() {
    let bench = with_mail().await;
    bench
        .app
        .store
        .raise(AlarmKind::SenderRefused, "desk@library.example", "Noted.", bench.now())
        .await
        .unwrap();
    for (name, who, path) in [
        ("today", "administrator", "/"),
        ("queue", "manager", "/queue?state=held"),
        ("queue_of_a_viewer", "viewer", "/queue"),
        ("message_that_waits", "manager", "/queue/2"),
        ("message_that_came_back", "viewer", "/queue/3"),
        ("decision", "manager", "/queue/decide?do=release&id=4&next=/queue/4"),
        ("sign_in", "nobody", "/sign-in"),
        ("pause", "administrator", "/sending"),
        ("not_allowed", "viewer", "/sending"),
    ] {
        insta::assert_snapshot!(name, plain(&bench.get(who, path).await.text));
    }
    bench.post("viewer", "/language", "language=es&next=/").await;
    insta::assert_snapshot!("today_in_spanish", plain(&bench.get("viewer", "/").await.text));
    bench.stop().await;
}

#[tokio::test]
async fn where_there_is_nothing_it_is_said() {
    let bench = Bench::staffed(servers()).await;
    for (path, said) in [
        ("/", "Nothing needs you."),
        ("/", "Nothing waits."),
        ("/", "All mail goes out through Server 1."),
        ("/queue", "No mail was handed in yet."),
        ("/queue?state=held", "Nothing in the queue is like this."),
    ] {
        let text = bench.get("viewer", path).await.text;
        assert!(text.contains(said), "{path}: {text}");
    }
    bench.stop().await;
}

/// What a browser loads for a page, uncompressed.
const HEAVIEST: usize = 100_000;

/// The files that a page names.
fn assets(html: &str) -> BTreeSet<&str> {
    html.split("=\"/assets/").skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Every page with its style, script and icon, for whoever has a slow line.
#[tokio::test]
async fn every_page_is_light() {
    let bench = with_mail().await;
    let (who, usual) = (store::Actor::CommandLine, store::ApplicationSettings::default());
    bench.app.store.add_application("cron".parse().unwrap(), usual, who, bench.now()).await.unwrap();
    for number in 0..60 {
        bench.mail(notice("a@example.org", &format!("Mail {number:03}")), None).await;
    }
    let (mut files, mut heaviest) = (BTreeMap::new(), (0, String::new()));
    for path in MAY.iter().filter(|(_, form, _)| form.is_none()).map(|(path, ..)| path.replace("{id}", "2")) {
        // It has no end.
        if path == "/live" {
            continue;
        }
        let page = bench.get("administrator", &path).await;
        if !page.header("content-type").starts_with("text/html") {
            continue;
        }
        let mut weight = page.text.len();
        for name in assets(&page.text) {
            if !files.contains_key(name) {
                let file = bench.get("nobody", &format!("/assets/{name}")).await;
                assert_eq!(file.status, 200, "{name}");
                files.insert(name.to_owned(), file.text.len());
            }
            weight += files[name];
        }
        assert!(weight < HEAVIEST, "{path}: {weight}");
        heaviest = heaviest.max((weight, path));
    }
    assert!(files.len() >= 3 && heaviest.0 > 30_000, "style and script count: {files:?} {heaviest:?}");
    bench.stop().await;
}

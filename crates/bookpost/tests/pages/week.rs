//! A week of mail of several libraries, in a browser.

use jiff::SignedDuration;
use store::{Kind, NewMessage, RecipientId, Role, Verdict};

use crate::{
    bench::{Bench, notice, servers},
    browser,
};

/// Mail of every second hour, more of it by day: to ana it waits, to ben it waits too, and one in some comes back or is set aside.
async fn week() -> Bench {
    let mut bench = Bench::start(servers()).await;
    for hour in 0..84_u64 {
        let by_day = if (4..=8).contains(&(hour % 12)) { 4 } else { 1 };
        for number in 0..by_day {
            let site = if (hour + number) % 3 == 0 { "EAST" } else { "MAIN" };
            let message = NewMessage {
                site: Some(site.to_owned()),
                ..notice("cleo@example.org", "Your overdue items")
            };
            let verdict = match (hour * 7 + number) % 23 {
                0 => Verdict::Returned,
                1 => Verdict::Held,
                2 => Verdict::InDoubt,
                _ => Verdict::Delivered,
            };
            bench.mail(message, Some(verdict)).await;
        }
        bench.pass(120);
    }
    for (to, count) in [("ana.ruiz@example.org", 3), ("ben@example.com", 2)] {
        for _ in 0..count {
            let message = notice(to, "Your hold is ready");
            let due_at = bench.now() + SignedDuration::from_hours(2);
            let expires_at = due_at + SignedDuration::from_hours(100);
            bench.mail(NewMessage { first_due_at: due_at, expires_at, ..message }, None).await;
        }
    }
    bench.person("administrator", Role::Administrator, None).await;
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_of_mail_in_a_browser() {
    let bench = week().await;
    let returned = bench.mail(notice("dan@example.org", "Your overdue items"), Some(Verdict::Returned)).await;
    let report = NewMessage {
        kind: Kind::Report,
        subject: "Sent back".to_owned(),
        ..notice("desk@library.example", "")
    };
    let recipient = RecipientId::of(returned, 0);
    bench.app.store.report(report, &[recipient], bench.now()).await.unwrap();
    let waits = bench.mail(notice("eve@example.net", "Your card expires"), None).await;
    let (waits, returned) = (waits.0.to_string(), returned.0.to_string());
    browser::drive("queue.mjs", &bench, &[("WAITS", &waits), ("REPORTED", &returned)]).await;
    bench.stop().await;
}

/// Who was told, and by which message.
#[tokio::test]
async fn a_message_that_came_back_says_where_it_was_reported() {
    let bench = Bench::staffed(servers()).await;
    let returned = bench.mail(notice("dan@example.org", "Overdue"), Some(Verdict::Returned)).await;
    let path = format!("/queue/{}", returned.0);
    assert!(!bench.get("manager", &path).await.text.contains("Return report"));
    let report = NewMessage { kind: Kind::Report, ..notice("desk@library.example", "Sent back") };
    let report = bench.app.store.report(report, &[RecipientId::of(returned, 0)], bench.now()).await.unwrap();
    let (link, text) =
        (format!("href=\"/queue/{}\"", report.id.0), format!("href=\"/queue/{}/text\"", report.id.0));
    for (who, may_open) in [("manager", true), ("viewer", false)] {
        let page = bench.get(who, &path).await.text;
        assert!(page.contains(&link), "{who}: {page}");
        assert_eq!(page.contains(&text), may_open, "{who}");
    }
    bench.stop().await;
}

//! What waits, and for what: the first page says it, and what is to be done is said of nothing else.

use bookpost::config::{Server, Way};
use jiff::SignedDuration;
use mail::Reason;
use reqwest::Method;
use store::{AlarmKind, Cause, NewMessage, Verdict};
use testkit::sink::{Settings, Sink};

use crate::bench::{Answer, Bench, notice, servers};

/// Since the server takes mail again what waited for it leaves a part at a time: whoever looks is told by when it has.
#[tokio::test]
async fn after_an_outage_it_is_said_by_when_what_waited_has_left() {
    let port = tokio::net::TcpSocket::new_v4().unwrap();
    port.set_reuseaddr(true).unwrap();
    port.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = port.local_addr().unwrap();
    let bench = Bench::staffed(Way::Servers(vec![Server::plain("server1", address).into()])).await;
    let pages = async || {
        [bench.get("administrator", "/").await.text, bench.get("administrator", "/preferences").await.text]
    };
    let said = "Mail has been going out again since 14:25. What waited for the server leaves by itself within the next";
    for n in 0..8 {
        let message =
            NewMessage { first_due_at: bench.now(), ..notice(&format!("p{n}@example.org"), "Overdue") };
        bench.mail(message, None).await;
    }
    bench.app.worker.wake();
    bench.app.worker.quiet().await.unwrap();
    for page in pages().await {
        assert!(
            page.contains("Nothing has gone out since 14:05") && !page.contains("going out again"),
            "{page}"
        );
    }
    bench.pass(20);
    let sink = Sink::start(Settings { port: address.port(), ..Settings::default() }).await.unwrap();
    bench.app.worker.probe();
    bench.app.worker.quiet().await.unwrap();
    bench.app.alarms.carried_out().await;
    assert!(sink.count() > 0 && bench.app.store.counts().await.unwrap().waiting > 0, "{}", sink.count());
    for page in pages().await {
        assert!(page.contains(&format!("{said} 9 minutes, a part at a time.")), "{page}");
        assert!(!page.contains("Nothing goes out"), "{page}");
    }
    bench.clock.advance(std::time::Duration::from_secs(5 * 60 + 1));
    bench.app.worker.quiet().await.unwrap();
    let waiting = bench.app.store.counts().await.unwrap().waiting;
    assert!((1..8).contains(&waiting), "{waiting}");
    for page in pages().await {
        assert!(page.contains(&format!("{said} 4 minutes,")), "{page}");
    }
    bench.pass(4);
    bench.app.worker.quiet().await.unwrap();
    assert_eq!(sink.count(), 8);
    for page in pages().await {
        assert!(!page.contains("going out again"), "{page}");
    }
    bench.stop().await;
}

/// A program said when: no server, and nobody, keeps it back before then.
#[tokio::test]
async fn what_was_given_a_time_waits_for_nothing_else() {
    let bench = Bench::staffed(servers()).await;
    let later = async |hours, site: &str| {
        let first_due_at = bench.now() + SignedDuration::from_hours(hours);
        let expires_at = first_due_at + SignedDuration::from_hours(100);
        let site = Some(site.to_owned());
        bench
            .mail(NewMessage { first_due_at, expires_at, site, ..notice("p@example.org", "Due soon") }, None)
            .await
    };
    let first = later(16, "MAIN").await;
    later(40, "EAST").await;
    let cause = Cause::new(Reason::Unreachable, "Down.");
    bench.app.store.raise(AlarmKind::ServerDown, "server1", cause, bench.now()).await.unwrap();
    let page = bench.get("administrator", "/").await.text;
    let told = "2 mails are timed for later. The next goes out at 29 Nov, 06:05.";
    assert!(page.contains(told), "{page}");
    assert!(
        page.contains("does not answer as it should")
            && !page.contains("as soon as the server takes mail again"),
        "{page}"
    );
    let page = bench.get("elsewhere", "/").await.text;
    let told = "1 mail is timed for later. The next goes out at 30 Nov, 06:05.";
    assert!(page.contains(told), "{page}");
    let spanish = bench.ask("administrator", Method::GET, "/").header("accept-language", "es");
    let page = Answer::of(spanish).await.text;
    assert!(page.contains("2 correos esperan la hora que se les dio."), "{page}");
    for path in ["/queue".to_owned(), format!("/queue/{}", first.0)] {
        let page = bench.get("administrator", &path).await.text;
        assert!(page.contains("waits until 29 Nov, 06:05") && !page.contains("stopped, because"), "{page}");
    }
    // What was tried waits for the server.
    let due_at = bench.now() + SignedDuration::from_mins(7);
    let put_off = Verdict::Deferred { due_at, in_doubt: false };
    bench
        .mail(NewMessage { first_due_at: bench.now(), ..notice("q@example.org", "Overdue") }, Some(put_off))
        .await;
    let page = bench.get("administrator", "/").await.text;
    assert!(
        page.contains(
            "1 mail waits. It is not lost, and goes out by itself as soon as the server takes mail again."
        ),
        "{page}"
    );
    bench.stop().await;
}

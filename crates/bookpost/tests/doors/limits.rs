//! How much a door bears.

use store::ApplicationSettings;

use crate::bench::{Bench, Client, Wanted, message, plain};

fn with(application: ApplicationSettings) -> Wanted {
    let mut wanted = Wanted::trusting();
    let from = wanted.application.from.clone();
    wanted.application = ApplicationSettings { from, ..application };
    wanted
}

#[tokio::test]
async fn an_application_keeps_to_its_limits() {
    let usual = ApplicationSettings::default;
    for (settings, first, recipients, size, answer) in [
        (ApplicationSettings { largest_message: 200, ..usual() }, false, 1, 500, "552 5.3.4 "),
        (ApplicationSettings { waiting: 2, ..usual() }, true, 2, 10, "452 4.3.1 "),
        (ApplicationSettings { waiting: 2, ..usual() }, false, 3, 10, "554 5.5.3 "),
        (ApplicationSettings { per_minute: Some(1), ..usual() }, true, 1, 10, "450 4.7.1 "),
    ] {
        let bench = Bench::start(with(settings)).await;
        let mut client = bench.client().await;
        client.go(&["EHLO desk"]).await;
        bench.app.worker.pause(true).await;
        if first {
            assert!(client.mail("p@example.org", &message("first")).await.starts_with("250 "));
        }
        client.go(&["MAIL FROM:<desk@library.example>"]).await;
        for n in 0..recipients {
            client.go(&[&format!("RCPT TO:<p{n}@example.org>")]).await;
        }
        client.go(&["DATA"]).await;
        client.send(message(&"a".repeat(size)).as_bytes()).await;
        let reply = client.say("\r\n.").await;
        assert!(reply.starts_with(answer), "{answer}: {reply}");
        let stored = bench.app.store.list(store::Filter::default(), None, 9).await.unwrap();
        assert_eq!(stored.len(), usize::from(first));
        bench.stop().await;
    }
}

/// Whoever has signed in asks again, and who need not sign in hears it at once.
#[tokio::test]
async fn an_application_hears_its_own_limits() {
    let application =
        ApplicationSettings { largest_message: 1_000_000, recipients: 7, ..ApplicationSettings::default() };
    let own = |offered: &str| offered.contains("250-SIZE 1000000\r\n") && offered.contains("RCPTMAX=7 ");
    let bench = Bench::start(with(application.clone())).await;
    let offered = bench.client().await.say("EHLO desk").await;
    assert!(own(&offered), "{offered}");
    bench.stop().await;
    let bench = Bench::start(Wanted { application, ..Wanted::default() }).await;
    let key = bench.key("Library").await;
    let mut client = bench.client().await;
    let offered = client.say("EHLO desk").await;
    assert!(offered.contains("250-SIZE 52428800\r\n") && offered.contains("RCPTMAX=1000 "), "{offered}");
    client.go(&[&plain(&key)]).await;
    let offered = client.say("EHLO desk").await;
    assert!(own(&offered), "{offered}");
    bench.stop().await;
}

/// Those within the limit get it, and the others with the next message.
#[tokio::test]
async fn recipients_beyond_the_limit_are_for_the_next_message() {
    let bench =
        Bench::start(with(ApplicationSettings { recipients: 2, ..ApplicationSettings::default() })).await;
    let mut client = bench.client().await;
    client.go(&["EHLO desk", "MAIL FROM:<desk@library.example>"]).await;
    client.go(&["RCPT TO:<a@example.org>", "RCPT TO:<b@example.org>"]).await;
    assert!(client.say("RCPT TO:<c@example.org>").await.starts_with("452 4.5.3 "));
    client.go(&["DATA"]).await;
    client.send(message("Hello").as_bytes()).await;
    assert!(client.say("\r\n.").await.starts_with("250 "));
    bench.quiet().await;
    assert_eq!(bench.sink.taken()[0].to.len(), 2);
    bench.stop().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_its_content_where_it_says_so() {
    let mut wanted = Wanted::trusting();
    wanted.largest_message = 2_000;
    let bench = Bench::start(wanted).await;
    let mut client = bench.client().await;
    client.go(&["EHLO desk"]).await;
    let reply = client.say("MAIL FROM:<desk@library.example> SIZE=2001").await;
    assert!(reply.starts_with("552 5.3.4 "), "{reply}");
    let reply = client.mail("p@example.org", &message(&"line\r\n".repeat(1_000))).await;
    assert!(reply.starts_with("552 5.3.4 "), "{reply}");
    assert!(client.mail("p@example.org", &message("small")).await.starts_with("250 "));
    bench.stop().await;
}

#[tokio::test]
async fn one_machine_leaves_connections_to_the_others() {
    let mut wanted = Wanted::trusting();
    wanted.smtp.connections = 5;
    let bench = Bench::start(wanted).await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(bench.client().await);
    }
    let turned_away = Client::refused(bench.addresses[0]).await;
    assert!(turned_away.starts_with("421 4.3.2 Too many connections"), "{turned_away}");
    let other = Client::from_address("127.0.0.2", bench.addresses[0]).await;
    drop(other);
    open.pop().unwrap().go(&["QUIT"]).await;
    bench.stop().await;
}

#[tokio::test]
async fn a_large_message_for_many_arrives_as_it_was() {
    let bench = Bench::start(Wanted::trusting()).await;
    let mut client = bench.client().await;
    client.go(&["EHLO desk", "MAIL FROM:<desk@library.example>"]).await;
    for n in 0..1_000 {
        client.go(&[&format!("RCPT TO:<p{n}@example.org>")]).await;
    }
    assert!(client.say("RCPT TO:<one-more@example.org>").await.starts_with("452 4.5.3 "));
    let text = message(&"0123456789abcdef\r\n".repeat(1_000_000));
    client.go(&["DATA"]).await;
    client.send(text.as_bytes()).await;
    let reply = client.say(".").await;
    assert!(reply.starts_with("250 "), "{reply}");
    bench.quiet().await;
    let taken = bench.sink.taken();
    assert_eq!(taken.iter().map(|one| one.to.len()).sum::<usize>(), 1_000);
    let body = text.split_once("\r\n\r\n").unwrap().1;
    for one in taken {
        assert!(one.bytes.ends_with(body.as_bytes()));
    }
    bench.stop().await;
}

//! SMTP submission.

use std::sync::Arc;

use store::Class;
use testkit::certs::Authority;

use crate::bench::{Bench, Client, FROM, Wanted, certificate, message, plain};

#[tokio::test]
async fn what_is_handed_in_arrives_with_all_that_a_submission_needs() {
    let bench = Bench::start(Wanted::default()).await;
    let key = bench.key("Library").await;
    let mut client = bench.client().await;
    let offered = client.say("EHLO desk.library.example").await;
    for word in
        ["PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "ENHANCEDSTATUSCODES"]
    {
        assert!(offered.contains(word), "{word} in {offered}");
    }
    assert!(offered.contains("AUTH PLAIN LOGIN") && offered.contains("LIMITS "), "{offered}");
    client.go(&[&plain(&key)]).await;
    let text = format!("Bcc: <secret@example.org>\r\n{}", message("..dots\r\n"));
    let accepted = client.mail("p@example.org", &text).await;
    assert!(accepted.starts_with("250 2.0.0 Accepted as "), "{accepted}");
    bench.quiet().await;
    let taken = bench.sink.taken().pop().unwrap();
    assert_eq!((taken.from.as_str(), taken.to.as_slice()), (FROM, &["p@example.org".to_owned()][..]));
    let arrived = String::from_utf8(taken.bytes).unwrap();
    let (header, body) = arrived.split_once("\r\n\r\n").unwrap();
    assert!(
        header.starts_with(
            "Received: from desk.library.example ([127.0.0.1])\r\n\tby books.library.example (Bookpost-"
        ),
        "{header}"
    );
    assert!(header.contains(" with ESMTPA id "), "{header}");
    for name in ["Message-ID: <", "Date: ", "Subject: Test"] {
        assert_eq!(header.matches(&format!("\r\n{name}")).count(), 1, "{name} in {header}");
    }
    assert!(!arrived.contains("secret"), "{arrived}");
    assert_eq!(body, ".dots\r\n\r\n");
    let row = bench.app.store.list(store::Filter::default(), None, 1).await.unwrap().pop().unwrap();
    assert_eq!(row.door, Some(store::Door::Smtp));
    assert_eq!((row.application.as_str(), row.site.as_deref()), ("Library", Some("MAIN")));
    bench.stop().await;
}

#[tokio::test]
async fn nobody_is_relayed_for_who_has_not_signed_in() {
    let bench = Bench::start(Wanted::default()).await;
    let key = bench.key("Library").await;
    let mut client = bench.client().await;
    client.go(&["EHLO desk"]).await;
    assert!(client.say("MAIL FROM:<desk@library.example>").await.starts_with("530 5.7.0 "));
    let wrong = (key.0.clone(), "guess".to_owned());
    assert!(client.say(&plain(&wrong)).await.starts_with("535 5.7.8 "));
    assert!(client.say("MAIL FROM:<desk@library.example>").await.starts_with("530 5.7.0 "));
    client.go(&[&plain(&key), "MAIL FROM:<desk@library.example>"]).await;
    bench.stop().await;
}

/// Each of its own: who it is from, where reports go, and that a key that was revoked opens nothing any more.
#[tokio::test]
async fn an_application_sends_as_itself_and_as_nobody_else() {
    let bench = Bench::start(Wanted::default()).await;
    let key = bench.key("cron").await;
    let mut client = bench.client().await;
    client.go(&["EHLO desk", &plain(&key)]).await;
    let refused = client.say("MAIL FROM:<boss@bank.example>").await;
    assert!(refused.starts_with("550 5.7.1 Not taken: cron may not send as boss@bank.example"), "{refused}");
    let forged = message("Hello").replace("<desk@library.example>", "<boss@bank.example>");
    let refused = client.mail("p@example.org", &forged).await;
    assert!(refused.starts_with("550 5.7.1 Not taken: cron may not send as boss@bank.example"), "{refused}");
    assert!(
        client.mail("p@example.org", &message("Hello")).await.starts_with("250 "),
        "the connection goes on"
    );
    for (field, answer) in [
        ("Sender: boss@bank.example", "550 5.7.1 Not taken: cron may not send as boss@bank.example"),
        (
            "Resent-From: Boss <boss@bank.example>",
            "550 5.7.1 Not taken: cron may not send as boss@bank.example",
        ),
        ("Sender: <desk@library.example", "554 5.6.0 "),
        ("Sender: Desk <desk@library.example>", "250 "),
    ] {
        let reply = client.mail("p@example.org", &format!("{field}\r\n{}", message("Hello"))).await;
        assert!(reply.starts_with(answer), "{field}: {reply}");
    }
    let two =
        message("Hello").replace("<desk@library.example>", "<desk@library.example> <boss@bank.example>");
    assert!(client.mail("p@example.org", &two).await.starts_with("554 5.6.0 "), "readers would differ");
    let id = store::KeyId(key.0.clone());
    bench.app.store.revoke_key("cron", &id, store::Actor::CommandLine, bench.app.clock.now()).await.unwrap();
    bench.app.applications.refresh(&bench.app.store).await.unwrap();
    assert!(client.say("MAIL FROM:<desk@library.example>").await.starts_with("421 4.7.0 "));
    bench.stop().await;
}

#[tokio::test]
async fn what_is_malformed_is_refused_and_the_others_go() {
    let bench = Bench::start(Wanted::trusting()).await;
    let mut client = bench.client().await;
    client.go(&["EHLO desk"]).await;
    for (content, answer) in [
        ("From: desk@library.example\r\n\r\na\nb", "550 5.6.0 "),
        ("From: desk@library.example\r\n\r\na\r.\r\nb", "550 5.6.0 "),
        ("Subject: nobody wrote this\r\n\r\nb", "550 5.6.0 "),
        ("From: desk@library.example, cron@library.example\r\n\r\nb", "550 5.6.0 "),
        ("From: desk@library.example\r\nnot a field\r\n\r\nb", "554 5.6.0 "),
        ("From: desk@library.example\r\nSubject: f\u{fc}r\r\n\r\nb", "550 5.6.9 "),
    ] {
        let reply = client.mail("p@example.org", content).await;
        assert!(reply.starts_with(answer), "{content:?}: {reply}");
    }
    assert!(client.mail("p@example.org", &message("Hello")).await.starts_with("250 "));
    bench.quiet().await;
    assert_eq!(bench.sink.count(), 1);
    bench.stop().await;
}

/// RFC 6531: what was handed in with SMTPUTF8 says so.
#[tokio::test]
async fn a_header_beyond_ascii_comes_with_smtputf8() {
    let bench = Bench::start(Wanted::trusting()).await;
    let key = bench.key("Library").await;
    let mut client = bench.client().await;
    let text = message("Hello").replace("Test", "Grüße");
    for (sign_in, word) in [(false, "UTF8SMTP"), (true, "UTF8SMTPA")] {
        client.go(&["EHLO desk"]).await;
        if sign_in {
            client.go(&[&plain(&key)]).await;
        }
        client.go(&["MAIL FROM:<desk@library.example> SMTPUTF8"]).await;
        client.go(&["RCPT TO:<p@example.org> ORCPT=utf-8;josé@example.org", "DATA"]).await;
        client.send(text.as_bytes()).await;
        assert!(client.say("\r\n.").await.starts_with("250 "));
        let row = bench.app.store.list(store::Filter::default(), None, 1).await.unwrap().pop().unwrap();
        assert_eq!(row.to.original.as_deref(), Some("utf-8;jos\\x{E9}@example.org"));
        let stored = bench.app.store.body(row.message).await.unwrap().unwrap();
        let stored = String::from_utf8(stored.to_vec()).unwrap();
        assert!(stored.contains(&format!(" with {word} id ")), "{stored}");
    }
    bench.stop().await;
}

/// A certificate that was renewed is used without a restart.
#[tokio::test]
async fn passwords_are_asked_for_under_tls() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let mut wanted = Wanted::default();
    wanted.smtp.listen_tls = vec!["127.0.0.1:0".parse().unwrap()];
    wanted.smtp.certificate = Some(certificate(&authority, folder.path()));
    let bench = Bench::start(wanted).await;
    let mut client = bench.client().await;
    let offered = client.say("EHLO desk").await;
    assert!(offered.contains("STARTTLS"), "{offered}");
    for (address, start_tls) in [(bench.addresses[0], true), (bench.addresses[1], false)] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        if start_tls {
            let mut client = Client::over(stream).await;
            client.go(&["EHLO desk", "STARTTLS"]).await;
            stream = client.into_inner();
        }
        let offered = crate::bench::ehlo_over_tls(stream, &authority, start_tls).await;
        assert!(offered.contains("AUTH PLAIN LOGIN") && !offered.contains("STARTTLS"), "{offered}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn connections_are_told_of_the_end_and_answers_that_are_owed_come_first() {
    let bench = Bench::start(Wanted::trusting()).await;
    let mut idle = bench.client().await;
    idle.go(&["EHLO desk"]).await;
    let app = Arc::clone(&bench.app);
    bench.stop().await;
    assert!(idle.rest().await.starts_with("421 4.3.2 "));
    drop(app);
}

/// Programs write such a header by themselves: it is a wish, and not what makes a message wrong.
#[tokio::test]
async fn a_class_that_an_application_may_not_have_is_the_usual_one() {
    let bench = Bench::start(Wanted::trusting()).await;
    let mut client = bench.client().await;
    client.go(&["EHLO desk"]).await;
    for (priority, class) in [("urgent", Class::Normal), ("non-urgent", Class::Bulk)] {
        let text = format!("Priority: {priority}\r\n{}", message("Hello"));
        assert!(client.mail("p@example.org", &text).await.starts_with("250 "));
        let row = bench.app.store.list(store::Filter::default(), None, 1).await.unwrap().pop().unwrap();
        assert_eq!(row.class, class);
    }
    bench.stop().await;
}

//! What comes back of mail that was sent, brought to the SMTP door by anybody.

use bookpost::config::{Config, ReadAddress, Undeliverable};
use mail::Reason;
use store::{Filter, MessageId, Row, State};

use crate::bench::{Bench, Client, Wanted, message, plain};

const READ: &str = "returns+*@library.example";

/// With a message that a server has accepted: the address that it went out with.
async fn with_a_message(wanted: Wanted) -> (Bench, String) {
    let bench = Bench::start(wanted).await;
    let undeliverable =
        Undeliverable { address: ReadAddress::parse(READ), by_smtp: true, ..Undeliverable::default() };
    let config = Config { undeliverable, ..(*bench.app.settings.now()).clone() };
    bench.app.settings.replace(config);
    let key = bench.key("Library").await;
    let mut client = bench.client().await;
    client.go(&["EHLO desk", &plain(&key)]).await;
    let accepted = client.mail("gone@example.org", &message("")).await;
    assert!(accepted.starts_with("250 "), "{accepted}");
    bench.quiet().await;
    let from = bench.sink.taken().pop().unwrap().from;
    (bench, from)
}

async fn row(bench: &Bench) -> Row {
    bench.app.store.list(Filter::default(), None, 1).await.unwrap().pop().unwrap()
}

fn report(action: &str, status: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.org\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; moved@elsewhere.example\r\n\
         Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n"
    )
}

/// Brings a mail from nobody; the answers to RCPT and to its end.
async fn bring(client: &mut Client, to: &str, text: &str) -> (String, String) {
    client.go(&["MAIL FROM:<>"]).await;
    let taken = client.say(&format!("RCPT TO:<{to}>")).await;
    if !taken.starts_with("250 ") {
        client.go(&["RSET"]).await;
        return (taken, String::new());
    }
    client.go(&["DATA"]).await;
    client.send(text.as_bytes()).await;
    (taken, client.say(".").await)
}

#[tokio::test]
async fn what_comes_back_to_the_address_of_a_message_returns_it_once() {
    let (bench, from) = with_a_message(Wanted::default()).await;
    assert!(from.starts_with("returns+r1-") && from.ends_with("@library.example"), "{from}");
    let mut client = bench.client().await;
    client.go(&["EHLO mx.example.org"]).await;
    let (_, later) = bring(&mut client, &from, &report("delayed", "4.4.1")).await;
    assert!(later.starts_with("250 "), "{later}");
    assert_eq!(row(&bench).await.state, State::Delivered);
    let (_, answer) = bring(&mut client, &from, &report("failed", "5.1.1")).await;
    assert!(answer.starts_with("250 "), "{answer}");
    let returned = row(&bench).await;
    assert_eq!((returned.state, returned.reason), (State::Returned, Some(Reason::AddressUnknown)));
    assert_eq!(bench.app.store.counts().await.unwrap().reports_owed, 1);
    let (_, again) = bring(&mut client, &from.to_uppercase(), &report("failed", "5.2.2")).await;
    assert!(again.starts_with("250 "), "{again}");
    assert_eq!(row(&bench).await, returned);
    bench.stop().await;
}

#[tokio::test]
async fn a_forged_one_changes_nothing() {
    let (bench, from) = with_a_message(Wanted::default()).await;
    let before = row(&bench).await;
    let mut client = bench.client().await;
    client.go(&["EHLO evil.example"]).await;
    let last = if from.contains("0@") { "1@" } else { "0@" };
    let other = format!("{}{last}library.example", &from[..from.find('@').unwrap() - 1]);
    for made_up in [
        other.as_str(),
        &from.replace("+r1-", "+r2-"),
        "returns+@library.example",
        "returns+r1@library.example",
    ] {
        let (answer, _) = bring(&mut client, made_up, &report("failed", "5.1.1")).await;
        assert!(answer.starts_with("550 "), "{made_up}: {answer}");
    }
    // Nor is anybody relayed for who has not signed in.
    for elsewhere in ["desk@library.example", "p@example.org"] {
        let (answer, _) = bring(&mut client, elsewhere, "Subject: spam\r\n\r\nspam\r\n").await;
        assert!(answer.starts_with("550 5.7.1 "), "{elsewhere}: {answer}");
    }
    assert!(client.say("MAIL FROM:<desk@library.example>").await.starts_with("530 5.7.0 "));
    // An answer of a program to the right address says nothing of it.
    let away = "From: gone@example.org\r\nAuto-Submitted: auto-replied\r\n\r\nI am away.\r\n";
    let (_, answer) = bring(&mut client, &from, away).await;
    assert!(answer.starts_with("250 "), "{answer}");
    // Together with another address it is not taken.
    client.go(&["MAIL FROM:<>", &format!("RCPT TO:<{from}>")]).await;
    assert!(client.say(&format!("RCPT TO:<{from}>")).await.starts_with("452 "));
    assert!(client.say("RCPT TO:<p@example.org>").await.starts_with("452 "));
    assert_eq!(row(&bench).await, before);
    assert_eq!(bench.app.incoming().counts.now(), [0, 0, 1]);
    assert_eq!(bench.sink.count(), 1);
    bench.stop().await;
}

/// Whoever may send without a sign-in can bring it as well: a mail server of the library.
#[tokio::test]
async fn a_trusted_server_brings_it_too_and_sends_from_nobody_as_before() {
    let (bench, from) = with_a_message(Wanted::trusting()).await;
    let mut client = bench.client().await;
    client.go(&["EHLO mail.library.example"]).await;
    let (_, answer) = bring(&mut client, &from, &report("failed", "5.1.1")).await;
    assert!(answer.starts_with("250 "), "{answer}");
    assert_eq!(bench.app.store.show(MessageId(1)).await.unwrap()[0].0.state, State::Returned);
    client.go(&["MAIL FROM:<>", "RCPT TO:<p@example.org>"]).await;
    assert!(client.say(&format!("RCPT TO:<{from}>")).await.starts_with("452 "));
    bench.stop().await;
}

/// Where nobody reads it, mail goes out as it came in, and nobody gets in.
#[tokio::test]
async fn without_the_setting_the_door_is_as_it_was() {
    let bench = Bench::start(Wanted::default()).await;
    let mut client = bench.client().await;
    client.go(&["EHLO mx.example.org"]).await;
    assert!(client.say("MAIL FROM:<>").await.starts_with("530 5.7.0 "));
    let key = bench.key("Library").await;
    client.go(&[&plain(&key)]).await;
    client.mail("p@example.org", &message("")).await;
    bench.quiet().await;
    assert_eq!(bench.sink.taken().pop().unwrap().from, crate::bench::FROM);
    bench.stop().await;
}

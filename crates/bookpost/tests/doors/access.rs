//! Who may send, and as whom.

use std::{net::SocketAddr, time::Duration};

use bookpost::identity::Key;
use jiff::Timestamp;
use rand::rngs::StdRng;
use serde_json::json;
use store::{ApplicationSettings, KeyId};
use testkit::clock::ManualClock;
use tokio::net::{TcpSocket, TcpStream};

use crate::{
    bench::{Bench, Client, FROM, Wanted, message, plain},
    http::Api,
};

const HERE: &str = "127.0.0.1:0";
/// Another machine, as far as the door can tell.
const ELSEWHERE: &str = "127.0.0.2:0";

async fn from(here: &str, address: SocketAddr) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(here.parse().unwrap()).unwrap();
    let stream: TcpStream = socket.connect(address).await.unwrap();
    Client::over(stream).await
}

/// Tried by whoever looks for a server to send through, from a machine that is not trusted, though others are.
#[tokio::test]
async fn it_is_no_open_relay() {
    let bench = Bench::start(Wanted::trusting()).await;
    for hello in ["EHLO desk", "HELO desk"] {
        for sender in [
            "desk@library.example",
            "",
            "postmaster",
            "desk@127.0.0.1",
            "desk@[127.0.0.1]",
            "desk@localhost",
            "boss@bank.example",
        ] {
            for recipient in [
                "p@example.org",
                "desk@library.example",
                "\"p@example.org\"",
                "p%example.org@library.example",
                "p%example.org@[127.0.0.1]",
                "example.org!p",
                "@library.example:p@example.org",
                "p@example.org@library.example",
            ] {
                let mut client = from(ELSEWHERE, bench.addresses[0]).await;
                client.go(&[hello]).await;
                for command in
                    [format!("MAIL FROM:<{sender}>"), format!("RCPT TO:<{recipient}>"), "DATA".to_owned()]
                {
                    let reply = client.say(&command).await;
                    assert!(reply.starts_with('5'), "{command}: {reply}");
                }
            }
        }
    }
    let counts = bench.app.store.counts().await.unwrap();
    assert_eq!(counts.waiting + counts.sending + counts.delivered, 0);
    // Who is trusted is heard.
    let mut client = bench.client().await;
    client.go(&["EHLO desk"]).await;
    assert!(client.mail("p@example.org", &message("Hello")).await.starts_with("250 "));
    bench.stop().await;
}

/// The fault is ours: nothing is taken, and nobody is told that it is for good.
#[tokio::test]
async fn an_application_that_cannot_be_read_is_to_try_again() {
    let bench = Bench::start(Wanted::trusting()).await;
    let api = Api::of(&bench, "Library").await;
    let key = bench.key("Library").await;
    let mut open = bench.client().await;
    open.go(&["EHLO desk"]).await;
    bench.damage("Library").await;
    let mut trusted = bench.client().await;
    trusted.go(&["EHLO desk"]).await;
    for client in [&mut open, &mut trusted] {
        let reply = client.say("MAIL FROM:<desk@library.example>").await;
        assert!(reply.starts_with("451 4.3.0 Not taken: what is stored of this application"), "{reply}");
    }
    let reply = trusted.say(&plain(&key)).await;
    assert!(reply.starts_with("454 4.7.0 Not signed in: what is stored of this application"), "{reply}");
    let answer =
        api.send(&json!({ "from": FROM, "to": ["p@example.org"], "subject": "x", "text": "x" })).await;
    answer.is_problem(503, "unavailable");
    let other = bench.key("cron").await;
    trusted.go(&[&plain(&other), "MAIL FROM:<desk@library.example>"]).await;
    bench.stop().await;
}

/// With a key of one application nobody writes as another.
#[tokio::test]
async fn a_key_is_its_applications_and_no_others() {
    let bench = Bench::start(Wanted::default()).await;
    let store = &bench.app.store;
    let cron = |settings: &mut ApplicationSettings| {
        settings.from = vec!["cron@books.example".parse().unwrap()];
        settings.return_address = Some("it@books.example".parse().unwrap());
        Ok(())
    };
    store.change_application("cron", cron, store::Actor::CommandLine, bench.app.clock.now()).await.unwrap();
    bench.app.applications.refresh(store).await.unwrap();
    let (library, cron) = (bench.key("Library").await, bench.key("cron").await);
    let denied = "550 5.7.1 ";
    for (key, sender, header, answer) in [
        (&library, "desk@library.example", "desk@library.example", "250 "),
        (&library, "other@library.example", "desk@library.example", "250 "),
        (&library, "", "desk@library.example", "250 "),
        (&library, "desk@library.example", "cron@books.example", denied),
        (&library, "cron@books.example", "desk@library.example", denied),
        (&library, "desk@sub.library.example", "desk@library.example", denied),
        (&library, "desk@library.example", "desk@library.example.org", denied),
        (
            &library,
            "desk@library.example",
            "desk@library.example, cron@books.example\r\nSender: desk@library.example",
            denied,
        ),
        (&cron, "cron@books.example", "cron@books.example", "250 "),
        // What cannot be delivered goes to the address that it has for that.
        (&cron, "desk@library.example", "cron@books.example", "250 "),
        (&cron, "cron@books.example", "desk@library.example", denied),
        (&cron, "cron@books.example", "it@books.example", denied),
    ] {
        let mut client = bench.client().await;
        client.go(&["EHLO desk", &plain(key)]).await;
        let mut reply = client.say(&format!("MAIL FROM:<{sender}>")).await;
        if reply.starts_with("250 ") {
            client.go(&["RCPT TO:<p@example.org>", "DATA"]).await;
            let text = format!("From: {header}\r\nSubject: Test\r\n\r\nHello");
            client.send(text.as_bytes()).await;
            reply = client.say("\r\n.").await;
        }
        assert!(reply.starts_with(answer), "{sender}, {header}: {reply}");
    }
    bench.quiet().await;
    let mut senders: Vec<_> = bench.sink.taken().into_iter().map(|one| one.from).collect();
    senders.sort();
    assert_eq!(
        senders,
        ["", "cron@books.example", "desk@library.example", "it@books.example", "other@library.example"]
    );
    bench.stop().await;
}

/// Each further guess costs twice as long as the one before; after a dozen the right password is heard a minute later.
#[tokio::test]
async fn who_guesses_passwords_waits_and_keeps_no_other_program_out() {
    let clock = ManualClock::at(Timestamp::constant(1_800_000_000, 0));
    let bench = Bench::start(Wanted { clock: Some(clock.clone()), ..Wanted::default() }).await;
    let (library, cron) = (bench.key("Library").await, bench.key("cron").await);
    for guess in 0..12 {
        let wrong = (library.0.clone(), format!("{guess}{}", library.1));
        assert!(sign_in(HERE, &bench, &wrong).await.starts_with("535 5.7.8 "), "{guess}");
        clock.advance(Duration::from_mins(1));
    }
    let wrong = (library.0.clone(), format!("x{}", library.1));
    let held_up = "454 4.7.0 Not signed in: too many wrong keys from here; try again after ";
    for (advance, here, key, answer) in [
        (0, HERE, &wrong, held_up),
        (3, HERE, &wrong, held_up),
        (0, HERE, &cron, "235 "),
        (0, HERE, &wrong, held_up),
        (1, HERE, &wrong, "535 5.7.8 "),
        (0, HERE, &wrong, held_up),
        (0, HERE, &library, "235 "),
    ] {
        clock.advance(Duration::from_secs(advance));
        let reply = sign_in(here, &bench, key).await;
        assert!(reply.starts_with(answer), "{here}: {reply}");
    }
    bench.stop().await;
}

async fn sign_in(here: &str, bench: &Bench, key: &(String, String)) -> String {
    let mut client = from(here, bench.addresses[0]).await;
    client.go(&["EHLO desk"]).await;
    let reply = client.say(&plain(key)).await;
    let heard = client.say("MAIL FROM:<desk@library.example>").await.starts_with("250 ");
    assert_eq!(heard, reply.starts_with("235 "), "{reply}");
    reply
}

/// Each form of a name and a password that is not a key; it is told in the words of the guide.
#[tokio::test]
async fn what_is_no_key_opens_nothing() {
    let bench = Bench::start(Wanted::default()).await;
    let (library, cron) = (bench.key("Library").await, bench.key("cron").await);
    let another = Key::draw(&mut rand::make_rng::<StdRng>());
    let another = (another.id().0.clone(), another.secret().to_owned());
    let revoked = bench.key("Library").await;
    let id = KeyId(revoked.0.clone());
    bench
        .app
        .store
        .revoke_key("Library", &id, store::Actor::CommandLine, bench.app.clock.now())
        .await
        .unwrap();
    bench.app.applications.refresh(&bench.app.store).await.unwrap();
    for (wrong, why) in [
        ((library.0.clone(), cron.1.clone()), "this password is not that of this user name"),
        (("Library".to_owned(), library.1.clone()), "this password is not that of this user name"),
        (another, "this key is not known"),
        (revoked, "this key was revoked"),
    ] {
        let reply = sign_in(HERE, &bench, &wrong).await;
        assert!(reply.starts_with(&format!("535 5.7.8 Not signed in: {why}")), "{reply}");
    }
    bench.stop().await;
}

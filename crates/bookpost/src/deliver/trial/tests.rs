use std::{net::SocketAddr, time::Duration};

use testkit::sink::{Settings, Sink};
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use super::*;

const SHORT: Duration = Duration::from_millis(500);
/// Nothing here takes so long; what does hangs.
const HANGS: Duration = Duration::from_mins(1);

async fn tried(address: SocketAddr, patience: Patience) -> (Vec<Event>, Box<Fault>) {
    let server = Server::plain("server1", address);
    let trial = Trial {
        ports: &[],
        patience,
        look: patience,
        ..Trial::new(&server, "a.example", None, Timestamp::UNIX_EPOCH)
    };
    let mut events = Vec::new();
    let tried = tokio::time::timeout(HANGS, run(trial, |event| events.push(event)));
    let fault = tried.await.expect("it ends").unwrap().unwrap_err();
    (events, fault)
}

/// Each octet of the endless reply is in time: all of it is not.
#[tokio::test]
async fn a_server_that_dawdles_ends_with_the_time_of_the_trial() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        while stream.write_all(b"2").await.is_ok() {
            pace.tick().await;
        }
    });
    let patience = Patience { connection: SHORT, reply: 10 * HANGS, whole: SHORT };
    let (events, fault) = tried(address, patience).await;
    assert_eq!(fault.reason, Reason::TimedOut);
    assert_eq!(events.last().unwrap(), &Event { step: Step::Greeting, state: State::Failed(fault) });
}

/// Nor is an answer that does not come waited for until then.
#[tokio::test]
async fn a_server_that_is_silent_ends_with_the_time_of_a_reply() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let patience = Patience { connection: SHORT, reply: SHORT, whole: 10 * HANGS };
    let (_, fault) = tried(listener.local_addr().unwrap(), patience).await;
    assert_eq!(fault.reason, Reason::TimedOut);
}

#[test]
fn all_of_it_takes_less_than_a_minute() {
    // A port is looked at twice, in either language.
    assert!(Patience::TRIAL.whole + 2 * Patience::LOOK.whole < Duration::from_mins(1));
}

#[tokio::test]
async fn ports_are_found_with_what_they_speak() {
    let authority = testkit::certs::Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, authority.pem()).unwrap();
    let (good, strange) = (authority.identity("127.0.0.1"), authority.identity("mail.example"));
    let login = || Some(("anna".to_owned(), "s3cret".to_owned()));
    let with = |tls, login| Settings { tls, login, ..Settings::default() };
    let mut sinks = Vec::new();
    let mut expected = Vec::new();
    for (settings, speaks, sign_in) in [
        (with(None, None), Speaks::Plain, Some(false)),
        (with(None, login()), Speaks::Plain, Some(true)),
        (with(Some((good.server_config(), false)), login()), Speaks::StartTls, Some(true)),
        (with(Some((good.server_config(), true)), None), Speaks::Tls, Some(false)),
        // What it speaks can be told without a good certificate; nothing is said to it.
        (with(Some((strange.server_config(), false)), login()), Speaks::StartTls, None),
        (with(Some((strange.server_config(), true)), login()), Speaks::Tls, None),
    ] {
        let sink = Sink::start(settings).await.unwrap();
        expected.push(Port { port: sink.address().port(), speaks, sign_in });
        sinks.push(sink);
    }
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = nobody.local_addr().unwrap().port();
    expected.push(Port { port, speaks: Speaks::Nothing, sign_in: None });
    let ports: Vec<u16> = expected.iter().map(|port| port.port).collect();
    let patience = Patience { reply: 4 * SHORT, ..Patience::LOOK };
    assert_eq!(detect("127.0.0.1", &ports, "a.example", Some(&ca_file), patience).await, expected);
    assert!(sinks.iter().all(|sink| sink.count() == 0));
}

#[test]
fn a_name_has_its_own_advice() {
    for (host, reason, answer, words) in [
        ("smtp.gmail.com", Reason::SignInRefused, "535 5.7.8 no", Some("app password")),
        ("smtp.office365.com", Reason::SignInRefused, "535 5.7.3 no", Some("SMTP AUTH")),
        ("smtp.library.example", Reason::PasswordsEnded, "550 5.7.30 no", Some("Authenticated SMTP")),
        ("smtp-relay.gmail.com", Reason::RelayDenied, "550 5.7.1 no", Some("Google Admin console")),
        ("smtp.library.example", Reason::RelayDenied, "550 5.7.1 no", None),
        ("smtp.library.example", Reason::TooFast, "421 4.7.0 no", Some("Test again")),
    ] {
        let server = Server { host: host.to_owned(), ..Server::plain("", ([127, 0, 0, 1], 25).into()) };
        let said = advice::advice(&Situation {
            server: &server,
            step: Step::SignIn,
            reason,
            answer: Some(answer),
            offered: &mail::smtp::capabilities::Capabilities::default(),
            encrypted: true,
            certificate: None,
            ports: &[],
            now: Timestamp::UNIX_EPOCH,
        });
        let right = words.map_or(said.is_none(), |words| {
            said.as_ref().is_some_and(|said| said.to_string().contains(words))
        });
        assert!(right, "{host} {answer}: {said:?}");
    }
}

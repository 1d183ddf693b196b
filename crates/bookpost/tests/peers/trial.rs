//! The trial of a mail server against real ones: each step is told as it was, and a step that fails brings the right advice.

use std::time::Duration;

use bookpost::{
    config::{Encryption, Server},
    deliver::trial::{self, Event, Fault, Found, Patience, Port, Speaks, State, Trial, detect},
};
use jiff::Timestamp;
use mail::Reason;
use testkit::{
    certs::Authority,
    sink::{Settings, Sink},
};

use crate::{
    bench::{Folder, LOGIN, RETURNS, Security, login, soon},
    peer::Peer,
};

/// What a trial told.
struct Told {
    found: Vec<Found>,
    fault: Option<Fault>,
}

impl Told {
    /// The reason and the advice of the fault.
    fn advice(&self) -> (Reason, &str) {
        let fault = self.fault.as_ref().expect("a fault");
        (fault.reason, &fault.what_to_do)
    }
}

async fn tried(server: &Server, ports: &[u16]) -> Told {
    let letter = mail::smtp::client::Transaction {
        token: 0,
        reverse_path: mail::ReversePath::Address(RETURNS.parse().unwrap()),
        ret: None,
        envelope_id: None,
        recipients: vec!["ann@example.org".parse::<mail::Address>().unwrap().into()],
        message: "Subject: a test\r\n\r\nHello\r\n".into(),
    };
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let patience = Patience { reply: Duration::from_secs(5), ..Patience::TRIAL };
    let trial = Trial { ports, patience, ..Trial::new(server, "books.library.example", Some(letter), now) };
    let mut found = Vec::new();
    let run = trial::run(trial, |Event { state, .. }| {
        if let State::Ok(what) = state {
            found.push(what);
        }
    });
    let fault = soon("the trial ends", run).await.unwrap().err().map(|fault| *fault);
    assert!(!format!("{fault:?}").contains(LOGIN.1), "{fault:?}");
    Told { found, fault }
}

/// A server with this identity, and with [`LOGIN`] if it is to want one.
fn start(
    kind: &str,
    folder: &Folder,
    sink: &Sink,
    security: Security,
    identity: &str,
    login: bool,
) -> Option<Peer> {
    let mut options = folder.tls(security, identity);
    if login {
        options.extend(["--login", LOGIN.0, "--password", LOGIN.1].map(str::to_owned));
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    Peer::start(kind, folder.path(), Some(sink.address()), &options)
}

#[tokio::test]
async fn every_step_is_told() {
    let folder = Folder::new();
    let sink = Sink::start(Settings::default()).await.unwrap();
    for (kind, with_login) in
        [("postfix", false), ("postfix", true), ("exim", true), ("dovecot-submission", true)]
    {
        for security in [Security::StartTls, Security::Tls] {
            let Some(peer) = start(kind, &folder, &sink, security, "good", with_login) else { return };
            let mut server = folder.server(peer.address, security);
            server.login = with_login.then(|| login(LOGIN.1));
            let told = tried(&server, &[]).await;
            assert_eq!(told.fault, None, "{kind} {security:?}");
            let encrypted = told.found.iter().find_map(|found| match found {
                Found::Encryption { encryption } => encryption.as_ref()?.certificate.as_ref(),
                _ => None,
            });
            assert_eq!(encrypted.unwrap().names, ["127.0.0.1"], "{kind} {security:?}");
            let method = told.found.iter().find_map(|found| match found {
                Found::SignIn { method, .. } => Some(method.is_some()),
                _ => None,
            });
            assert_eq!(
                (told.found.len(), method),
                (6, Some(with_login)),
                "{kind} {security:?}: {:?}",
                told.found
            );
        }
    }
}

#[tokio::test]
async fn a_wrong_password() {
    let folder = Folder::new();
    let sink = Sink::start(Settings::default()).await.unwrap();
    for kind in ["postfix", "exim", "dovecot-submission"] {
        let Some(peer) = start(kind, &folder, &sink, Security::StartTls, "good", true) else { return };
        let mut server = folder.server(peer.address, Security::StartTls);
        server.login = Some(login("a guess"));
        let told = tried(&server, &[]).await;
        assert!(
            matches!(told.advice(), (Reason::SignInRefused, advice) if advice.contains("app password")),
            "{kind}"
        );
        assert_eq!((told.found.len(), sink.count()), (4, 0), "{kind}: {:?}", told.found);
    }
}

#[tokio::test]
async fn certificates() {
    let folder = Folder::new();
    let sink = Sink::start(Settings::default()).await.unwrap();
    folder.write("other-name", &folder.authority().identity("mail.example.net"));
    folder.write("expired", &folder.authority().expired("127.0.0.1"));
    folder.write("stranger", &Authority::new().identity("127.0.0.1"));
    for security in [Security::StartTls, Security::Tls] {
        for (identity, reason, words) in [
            ("other-name", Reason::CertificateWrongName, "by that name: mail.example.net"),
            ("expired", Reason::CertificateExpired, "until 1 January 2020"),
            ("stranger", Reason::CertificateUnknownIssuer, "signed by \"Bookpost test authority\""),
        ] {
            let Some(peer) = start("postfix", &folder, &sink, security, identity, false) else { return };
            let told = tried(&folder.server(peer.address, security), &[]).await;
            let (said, advice) = told.advice();
            assert!(said == reason && advice.contains(words), "{security:?} {identity}: {advice}");
        }
    }
}

#[tokio::test]
async fn ports_and_encryption() {
    let folder = Folder::new();
    let sink = Sink::start(Settings::default()).await.unwrap();
    let kinds = [("postfix", Security::StartTls), ("exim", Security::Tls), ("opensmtpd", Security::Plain)];
    let mut peers = Vec::new();
    for (kind, security) in kinds {
        let Some(peer) = start(kind, &folder, &sink, security, "good", false) else { return };
        peers.push(peer);
    }
    let ports: Vec<u16> = peers.iter().map(|peer| peer.address.port()).collect();
    let port = |at: usize, speaks| Port { port: ports[at], speaks, sign_in: Some(false) };
    let found =
        detect("127.0.0.1", &ports, "a.example", Some(&folder.path().join("ca.pem")), Patience::LOOK).await;
    assert_eq!(found, [port(0, Speaks::StartTls), port(1, Speaks::Tls), port(2, Speaks::Plain)]);

    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = nobody.local_addr().unwrap();
    for (address, encryption, reason, words) in [
        (
            closed,
            Encryption::StartTls,
            Reason::Unreachable,
            format!("choose port {} and \"Encrypted (recommended)\" ", ports[0]),
        ),
        (
            peers[0].address,
            Encryption::Tls,
            Reason::TlsUnavailable,
            "choose \"Encrypted (recommended)\" ".to_owned(),
        ),
        (
            peers[2].address,
            Encryption::StartTls,
            Reason::TlsUnavailable,
            "offers no encryption on port".to_owned(),
        ),
        (
            peers[1].address,
            Encryption::StartTls,
            Reason::TlsUnavailable,
            "speaks encryption from the start".to_owned(),
        ),
    ] {
        let server = Server { encryption, ..folder.server(address, Security::StartTls) };
        let told = tried(&server, &ports).await;
        let (said, advice) = told.advice();
        assert!(said == reason && advice.contains(&words), "{encryption:?}: {advice}");
    }
}

//! A server that does not prove who it is gets no mail; a server that refuses our sign-in loses none.

use mail::Reason;
use store::{Alarm, AlarmKind, State};
use testkit::{
    certs::Authority,
    sink::{Settings, Sink},
};

use crate::{
    bench::{Bench, Folder, LOGIN, Security, login, message, soon},
    peer::Peer,
};

/// A server, and what Bookpost is told about it.
struct Case<'a> {
    kind: &'a str,
    security: Security,
    /// Its certificate, as [`Folder::write`] called it.
    identity: &'a str,
    /// None: no sign-in on either side.
    password: Option<&'a str>,
    password_on_plain: bool,
}

#[tokio::test]
async fn certificates_that_prove_nothing() {
    let folder = Folder::new();
    folder.write("other-name", &folder.authority().identity("mail.example.net"));
    folder.write("expired", &folder.authority().expired("127.0.0.1"));
    folder.write("stranger", &Authority::new().identity("127.0.0.1"));
    for security in [Security::StartTls, Security::Tls] {
        for (identity, reason) in [
            ("other-name", Reason::CertificateWrongName),
            ("expired", Reason::CertificateExpired),
            ("stranger", Reason::CertificateUnknownIssuer),
        ] {
            let case = Case { kind: "exim", security, identity, password: None, password_on_plain: false };
            let Some(alarm) = keeps(&folder, &case).await else { return };
            assert_eq!(alarm.kind, AlarmKind::ServerDown);
            assert!(alarm.text.contains(reason.plain_words()), "{security:?} {identity}: {}", alarm.text);
        }
    }
}

#[tokio::test]
async fn starttls_that_is_not_offered() {
    let folder = Folder::new();
    for kind in ["postfix", "opensmtpd", "smtp-sink"] {
        let options = Peer::start(kind, folder.path(), Some(([127, 0, 0, 1], 9).into()), &[]);
        let Some(peer) = options else { return };
        let server = folder.server(peer.address, Security::StartTls);
        let alarm = alarm_of(&folder, server).await;
        assert_eq!(alarm.kind, AlarmKind::ServerDown);
        assert!(alarm.text.contains(Reason::TlsUnavailable.plain_words()), "{kind}: {}", alarm.text);
    }
}

#[tokio::test]
async fn wrong_passwords() {
    let folder = Folder::new();
    for kind in ["postfix", "exim", "dovecot-submission", "aiosmtpd"] {
        for security in [Security::Plain, Security::StartTls, Security::Tls] {
            let password = Some("a guess");
            let case = Case { kind, security, identity: "good", password, password_on_plain: true };
            let Some(alarm) = keeps(&folder, &case).await else { return };
            assert_eq!(alarm.kind, AlarmKind::SignIn, "{kind} {security:?}: {}", alarm.text);
            assert!(alarm.text.contains(Reason::SignInRefused.plain_words()), "{kind}: {}", alarm.text);
        }
    }
}

/// The right password, and yet it is not said where all could hear it.
#[tokio::test]
async fn passwords_are_withheld_on_plain_connections() {
    let folder = Folder::new();
    for kind in ["postfix", "exim", "dovecot-submission", "aiosmtpd"] {
        let password = Some(LOGIN.1);
        let security = Security::Plain;
        let case = Case { kind, security, identity: "good", password, password_on_plain: false };
        let Some(alarm) = keeps(&folder, &case).await else { return };
        assert!(alarm.text.contains(Reason::SignInImpossible.plain_words()), "{kind}: {}", alarm.text);
    }
}

async fn keeps(folder: &Folder, case: &Case<'_>) -> Option<Alarm> {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let mut options = folder.tls(case.security, case.identity);
    if case.password.is_some() {
        options.extend(["--login", LOGIN.0, "--password", LOGIN.1].map(str::to_owned));
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let peer = Peer::start(case.kind, folder.path(), Some(sink.address()), &options)?;
    let mut server = folder.server(peer.address, case.security);
    server.login = case.password.map(login);
    server.password_on_plain = case.password_on_plain;
    let alarm = alarm_of(folder, server).await;
    assert_eq!(sink.count(), 0);
    Some(alarm)
}

/// Hands in a message, which waits without an attempt of its own, and gives the alarm.
async fn alarm_of(folder: &Folder, server: bookpost::config::Server) -> Alarm {
    let bench = Bench::start(folder, server).await;
    bench.accept(vec![message("1", &["ann@example.org"])]).await;
    bench.quiet().await;
    let rows = bench.rows().await;
    assert_eq!((rows[0].state, rows[0].attempts), (State::Waiting, 0));
    let raised = async {
        loop {
            // It is written by a task of its own.
            match bench.app.store.alarms(true, 10).await.unwrap().pop() {
                Some(alarm) => return alarm,
                None => tokio::task::yield_now().await,
            }
        }
    };
    let alarm = soon("an alarm", raised).await;
    bench.stop().await;
    std::fs::remove_dir_all(folder.path().join("bookpost")).unwrap();
    alarm
}

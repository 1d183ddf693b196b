use std::{net::SocketAddr, time::Duration};

use jiff::Timestamp;
use testkit::{
    certs::{Authority, Identity},
    sink::{At, Does, Rule, Settings, Sink},
};

use super::*;
use crate::{
    config::{Encryption, Login, Server, Site, Way},
    deliver::{hosting::MailServers, trial::Patience},
};

/// A folder with certificates, and what every server here is known by.
struct Library {
    folder: tempfile::TempDir,
    authority: Authority,
    config: Config,
}

impl Library {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        let mut config = Config::usual(folder.path(), Way::None);
        config.library = "Riverside Libraries".to_owned();
        config.sending.ehlo_name = "books.library.example".to_owned();
        config.sites.push(Site {
            code: "MAIN".to_owned(),
            name: "Main Library".to_owned(),
            email: "desk@library.example".parse().ok(),
            reply_to: None,
            return_address: None,
            phone: None,
            branches: Vec::new(),
            time_zone: None,
            language: None,
        });
        Self { folder, authority, config }
    }

    fn server(&self, address: SocketAddr, encryption: Encryption) -> Server {
        Server {
            encryption,
            allow_non_secure: encryption == Encryption::Plain,
            ca_file: Some(self.folder.path().join("ca.pem")),
            ..Server::plain("server1", address)
        }
    }

    /// The lines that are said, without what is another each time.
    async fn said(&self, server: &Server, to: Option<&str>, json: bool, elsewhere: &[&Sink]) -> String {
        let short = |seconds| Duration::from_secs(seconds);
        let to = to.map(|to| to.parse::<Address>().unwrap());
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let letter = to.as_ref().map(|to| trial::letter(&self.config, to, now, 7).unwrap());
        let ports: Vec<u16> = elsewhere.iter().map(|sink| sink.address().port()).collect();
        let trial = Trial {
            ports: &ports,
            patience: Patience { connection: short(10), reply: short(2), whole: short(20) },
            look: Patience { connection: short(5), reply: short(2), whole: short(5) },
            ..Trial::new(server, &self.config.sending.ehlo_name, letter, now)
        };
        let mut lines = Vec::new();
        let tested = told(trial, &Test { server: Which::Own(1), to, json }, |line| lines.push(line)).await;
        let (exit, _) = tested.unwrap_or_else(|Stop(_, error)| panic!("{error}"));
        let mut text = format!("{}\nexit code {}\n", lines.join("\n"), exit.code());
        for (port, name) in ports.iter().zip(["<another>", "<third>"]).chain([(&server.port, "<port>")]) {
            text = text.replace(&port.to_string(), name);
        }
        let invalid = "    invalid peer certificate: certificate expired: <when>";
        let lines = without_durations(&text);
        let lines =
            lines.lines().map(|line| if line.contains("certificate expired:") { invalid } else { line });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// What is said in several cases, one below the other.
#[derive(Default)]
struct Pages(String);

impl Pages {
    fn add(&mut self, case: &str, said: &str) {
        self.0 = format!("{}=== {}\n{said}\n\n", self.0, case.replace('_', " "));
    }
}

/// `after 3 ms` and `"milliseconds":3` without the figure.
fn without_durations(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) =
        [" after ", "\"milliseconds\":"].iter().filter_map(|mark| Some(rest.find(mark)? + mark.len())).min()
    {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        out.push_str(if digits > 0 { "N" } else { "" });
        rest = &after[digits..];
    }
    out + rest
}

fn login() -> Login {
    Login { user: "notices@library.example".to_owned(), password: "s3cret".to_owned().into() }
}

fn wants_login() -> Settings {
    let login = Some(("notices@library.example".to_owned(), "s3cret".to_owned()));
    Settings { login, ..Settings::default() }
}

fn with_tls(settings: Settings, identity: &Identity, from_the_start: bool) -> Settings {
    Settings { tls: Some((identity.server_config(), from_the_start)), ..settings }
}

fn answers(settings: Settings, at: At, reply: &str) -> Settings {
    let rules = vec![Rule { at, address: None, does: Does::Reply(reply.to_owned()), times: None }];
    Settings { rules, ..settings }
}

async fn sink(settings: Settings) -> Sink {
    Sink::start(settings).await.unwrap()
}

#[tokio::test]
async fn a_server_that_works() {
    let (library, mut all) = (Library::new(), Pages::default());
    let good = library.authority.identity("127.0.0.1");
    for (name, from_the_start, json) in
        [("starttls", false, false), ("tls", true, false), ("json", false, true)]
    {
        let settings = Settings { keep_bytes: true, ..with_tls(wants_login(), &good, from_the_start) };
        let sink = sink(settings).await;
        let encryption = if from_the_start { Encryption::Tls } else { Encryption::StartTls };
        let mut server = library.server(sink.address(), encryption);
        server.login = Some(login());
        let said = library.said(&server, Some("you@elsewhere.example"), json, &[]).await;
        all.add(name, &said);
        let taken = sink.taken().pop().unwrap();
        assert_eq!(
            (taken.to.join(","), taken.from),
            ("you@elsewhere.example".into(), "desk@library.example".into())
        );
        let letter = String::from_utf8(taken.bytes).unwrap();
        assert!(letter.contains("Subject: Test message of Riverside Libraries\r\n"), "{letter}");
        assert!(letter.contains("Message-ID: <") && letter.contains("This is a test message"), "{letter}");
    }
    let plain = sink(Settings::default()).await;
    let server = library.server(plain.address(), Encryption::Plain);
    all.add("plain", &library.said(&server, None, false, &[]).await);
    assert_eq!(plain.count(), 0, "without an address nothing is sent");
    insta::assert_snapshot!(all.0);
}

#[tokio::test]
async fn a_password_that_is_not_accepted() {
    let (library, mut all) = (Library::new(), Pages::default());
    let good = library.authority.identity("127.0.0.1");
    for (name, reply) in [
        ("somewhere", "535 5.7.8 Authentication failed"),
        (
            "google",
            "535-5.7.8 Username and Password not accepted. For more information, go to\r\n\
             535 5.7.8 https://support.google.com/mail/?p=BadCredentials a1-20020a5d - gsmtp",
        ),
        (
            "microsoft",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        ),
        // It repeats what it was told.
        ("parrot", "535 5.7.8 bad: s3cret AG5vdGljZXNAbGlicmFyeS5leGFtcGxlAHMzY3JldA=="),
    ] {
        let sink = sink(with_tls(answers(wants_login(), At::Auth, reply), &good, false)).await;
        let mut server = library.server(sink.address(), Encryption::StartTls);
        server.login = Some(login());
        let said = library.said(&server, Some("you@elsewhere.example"), false, &[]).await;
        assert!(!said.contains("s3cret") && !said.contains("AG5vd"), "{said}");
        all.add(name, &said);
    }
    let sink = sink(answers(wants_login(), At::Auth, "535 5.7.8 no")).await;
    let mut server = library.server(sink.address(), Encryption::Plain);
    (server.login, server.password_on_plain) = (Some(login()), true);
    all.add("json", &library.said(&server, None, true, &[]).await);
    insta::assert_snapshot!(all.0);
}

#[tokio::test]
async fn certificates_that_prove_nothing() {
    let (library, mut all) = (Library::new(), Pages::default());
    for (name, identity) in [
        ("expired", library.authority.expired("127.0.0.1")),
        ("wrong_name", library.authority.identity("mail.library.example")),
        ("unknown_issuer", Authority::new().identity("127.0.0.1")),
    ] {
        let sink = sink(with_tls(Settings::default(), &identity, false)).await;
        let server = library.server(sink.address(), Encryption::StartTls);
        let said = library.said(&server, None, false, &[]).await;
        all.add(name, &said);
    }
    insta::assert_snapshot!(all.0);
}

#[tokio::test]
async fn the_wrong_port_or_the_wrong_encryption_for_it() {
    let (library, mut all) = (Library::new(), Pages::default());
    let good = library.authority.identity("127.0.0.1");
    let starttls = sink(with_tls(wants_login(), &good, false)).await;
    let tls = sink(with_tls(Settings::default(), &good, true)).await;
    let plain = sink(Settings::default()).await;
    // Bound and never listening: nobody else is given the port.
    let nobody = tokio::net::TcpSocket::new_v4().unwrap();
    nobody.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let closed = nobody.local_addr().unwrap();
    let no_mail = sink(answers(Settings::default(), At::Connect, "HTTP/1.1 400 Bad Request")).await;
    for (name, address, encryption, elsewhere) in [
        ("closed", closed, Encryption::StartTls, &[][..]),
        ("closed_and_another_open", closed, Encryption::StartTls, &[&starttls]),
        ("tls_on_starttls", starttls.address(), Encryption::Tls, &[]),
        ("starttls_on_tls", tls.address(), Encryption::StartTls, &[]),
        ("no_encryption", plain.address(), Encryption::StartTls, &[]),
        ("no_encryption_but_elsewhere", plain.address(), Encryption::StartTls, &[&tls]),
        ("tls_on_plain", plain.address(), Encryption::Tls, &[]),
        ("no_mail_server", no_mail.address(), Encryption::StartTls, &[&starttls]),
    ] {
        let server = library.server(address, encryption);
        let said = library.said(&server, None, false, elsewhere).await;
        all.add(name, &said);
    }
    let mut server = library.server(starttls.address(), Encryption::Plain);
    server.login = Some(login());
    all.add("password withheld", &library.said(&server, None, false, &[]).await);
    server = library.server(tls.address(), Encryption::Tls);
    server.login = Some(login());
    all.add("without sign in", &library.said(&server, None, false, &[&starttls]).await);
    insta::assert_snapshot!(all.0);
}

#[tokio::test]
async fn a_message_that_is_not_taken() {
    let (library, mut all) = (Library::new(), Pages::default());
    for (name, at, reply) in [
        ("unknown", At::Rcpt, "550 5.1.1 unknown"),
        ("relay", At::Rcpt, "554 5.7.1 Relay access denied"),
        ("sign_in", At::Mail, "530 5.7.0 Authentication required"),
        ("later", At::Rcpt, "451 4.7.1 later"),
        ("closed", At::Connect, "554 5.3.2 closed"),
    ] {
        let sink = sink(answers(Settings::default(), at, reply)).await;
        let server = library.server(sink.address(), Encryption::Plain);
        let said = library.said(&server, Some("you@elsewhere.example"), false, &[]).await;
        all.add(name, &said);
    }
    let rules = vec![Rule { at: At::Dot, address: None, does: Does::HangUp, times: None }];
    let sink = sink(Settings { rules, ..Settings::default() }).await;
    let server = library.server(sink.address(), Encryption::Plain);
    let said = library.said(&server, Some("you@elsewhere.example"), false, &[]).await;
    all.add("unanswered", &said);
    insta::assert_snapshot!(all.0);
}

#[test]
fn what_is_suggested() {
    use crate::deliver::trial::{Port, Speaks};
    let port = |port, speaks, sign_in| Port { port, speaks, sign_in };
    let at = |servers: &[&str]| MailServers::At(servers.iter().map(|&server| server.to_owned()).collect());
    let looked_at = [
        (
            "smtp.library.example".to_owned(),
            vec![port(587, Speaks::StartTls, Some(true)), port(25, Speaks::Plain, None)],
        ),
        (
            "mail.library.example".to_owned(),
            vec![port(587, Speaks::Nothing, None), port(465, Speaks::Tls, None)],
        ),
        (
            "mx.library.example".to_owned(),
            vec![port(587, Speaks::Other, None), port(25, Speaks::Plain, Some(false))],
        ),
    ];
    let nothing = [("smtp.library.example".to_owned(), vec![port(25, Speaks::Nothing, None)])];
    let mut all = String::new();
    for (servers, looked_at) in [
        (at(&["aspmx.l.google.com"]), &[][..]),
        (at(&["library-example.mail.protection.outlook.com"]), &[]),
        (at(&["mx.library.example"]), &looked_at),
        (at(&["mx.library.example"]), &nothing),
        (at(&["eu-smtp-inbound-1.mimecast.com"]), &nothing),
        (at(&[]), &[]),
        (MailServers::None, &[]),
    ] {
        let answer = hosting::answer("library.example", &servers, looked_at);
        all = format!("{all}=== {servers:?}\n{}\n", show::servers::suggestions(&answer));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn machines_that_are_looked_at() {
    let at = |servers: &[&str]| MailServers::At(servers.iter().map(|&server| server.to_owned()).collect());
    for (servers, expected) in [
        (at(&["mx1.x.example", "mx2.x.example"]), &["smtp.x.example", "mail.x.example", "mx1.x.example"][..]),
        (at(&["mail.x.example"]), &["smtp.x.example", "mail.x.example"]),
        (at(&[]), &["smtp.x.example", "mail.x.example", "x.example"]),
        (MailServers::None, &[]),
    ] {
        assert_eq!(hosting::candidates("x.example", &servers), expected, "{servers:?}");
    }
}

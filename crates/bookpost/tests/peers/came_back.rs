//! Mail that Postfix, Exim and OpenSMTPD accept and return later ends at the right person of the right run, and what is forged nowhere.

use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

use bookpost::{
    config::{Config, ReadAddress, Undeliverable},
    returns::maildir,
};
use mail::{Reason, bounce};
use store::{Class, Kind, NewMessage, NewRun, Patron, RunId, State};
use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::{
    bench::{Bench, Folder, RETURNS, Security, envelope, soon},
    door::OpenDoor,
    peer::Peer,
};

/// To whom, what the server behind the relay says and when, and what is told. The last one is tried again and again.
const PATRONS: [(&str, At, &str, Reason); 5] = [
    ("gone@example.org", At::Rcpt, "550 5.1.1 No such user", Reason::AddressUnknown),
    ("full@example.org", At::Rcpt, "552 5.2.2 The mailbox is full", Reason::MailboxFull),
    ("nowhere@example.org", At::Rcpt, "550 5.1.2 Host unknown", Reason::DomainUnknown),
    ("large@example.org", At::Dot, "552 5.3.4 Message size exceeds fixed limit", Reason::TooLarge),
    ("later@example.org", At::Rcpt, "450 4.2.1 Come back later", Reason::TryLater),
];
const FINE: &str = "fine@example.org";

#[tokio::test]
async fn postfix() {
    comes_back("postfix", true).await;
}

#[tokio::test]
async fn exim() {
    comes_back("exim", true).await;
}

#[tokio::test]
async fn opensmtpd() {
    comes_back("opensmtpd", true).await;
}

/// By the Message-ID and the address, where the mailbox has only one address.
#[tokio::test]
async fn postfix_by_message_id() {
    comes_back("postfix", false).await;
}

#[tokio::test]
async fn exim_by_message_id() {
    comes_back("exim", false).await;
}

#[tokio::test]
async fn opensmtpd_by_message_id() {
    comes_back("opensmtpd", false).await;
}

fn id(number: usize) -> String {
    format!("<{number:032x}@bookpost.example.org>")
}

fn notice(bench: &Bench, run: RunId, number: usize, to: &str) -> NewMessage {
    let (now, id) = (bench.app.clock.now(), id(number));
    let text = format!(
        "From: {RETURNS}\r\nMessage-ID: {id}\r\nSubject: 2 items are overdue\r\n\r\nBring them back.\r\n"
    );
    NewMessage {
        kind: Kind::Mail,
        door: store::Door::Notices,
        class: Class::Normal,
        practice: false,
        application: "bookpost".into(),
        site: None,
        run: Some(run),
        envelope: envelope(&[to]),
        message_id: id,
        subject: "2 items are overdue".into(),
        tags: Vec::new(),
        patron: Some(Patron { name: to.to_owned(), number: None }),
        bytes: text.into_bytes().into(),
        first_due_at: now,
        expires_at: bench.app.settings.now().schedule.expires_at(now),
        lease: None,
    }
}

async fn begin(bench: &Bench) -> RunId {
    let (notice, source) = ("overdue-items".to_owned(), "overdues.csv".to_owned());
    bench
        .app
        .store
        .begin_run(NewRun { notice, source, practice: false, started_at: bench.app.clock.now() })
        .await
        .unwrap()
}

/// Two runs write to the same people; the mail of the second comes back.
async fn comes_back(kind: &str, named: bool) {
    let folder = Folder::new();
    let rules = PATRONS.map(|(address, at, reply, _)| Rule {
        at,
        address: Some(address.into()),
        does: Does::Reply(reply.into()),
        times: None,
    });
    let sink = Sink::start(Settings { keep_bytes: true, ..Settings::default() }).await.unwrap();
    let options = ["--retry-every=1", "--warn-after=1"];
    let Some(peer) = Peer::start(kind, folder.path(), Some(sink.address()), &options) else { return };
    let bench = Bench::start(&folder, folder.server(peer.address, Security::Plain)).await;
    let mailbox = folder.path().join("mailbox");
    for name in ["new", "cur", "tmp"] {
        fs::create_dir_all(mailbox.join(name)).unwrap();
    }
    read_in(&bench, named.then_some("returns+*@riverside.example.org"), Some(&mailbox));

    let everybody = || PATRONS.iter().map(|patron| patron.0).chain([FINE]);
    let (first, second) = (begin(&bench).await, begin(&bench).await);
    for (run, from) in [(first, 100), (second, 200)] {
        if run == second {
            sink.set_rules(rules.to_vec());
        }
        let mails = everybody().enumerate().map(|(number, to)| notice(&bench, run, from + number, to));
        bench.app.receiver.accept(mails.collect()).await.unwrap();
        bench.quiet().await;
        if run == first {
            soon("all of the first run", sink.wait_for(6)).await;
        }
    }
    // A delay may be told more than once.
    let complete = async {
        loop {
            let seen = sink.count();
            if reported(&sink).len() == PATRONS.len() {
                return;
            }
            sink.wait_for(seen + 1).await;
        }
    };
    soon("five reports", complete).await;

    deliver(&sink, &mailbox);
    let before = bench.rows().await;
    forge(&mailbox);
    let incoming = bench.app.incoming();
    assert_eq!(maildir::look(&incoming, &mailbox).await.unwrap(), PATRONS.len(), "{}", peer.log());
    // As a program that was killed before it moved them would read them again.
    deliver(&sink, &mailbox);
    assert_eq!(maildir::look(&incoming, &mailbox).await.unwrap(), 0);

    for (row, before) in bench.rows().await.into_iter().zip(before) {
        let patron = PATRONS.iter().find(|patron| patron.0 == row.to.address.as_str());
        let lines = bench.app.store.what_came_back(row.message).await.unwrap();
        let Some((address, _, _, reason)) = patron.filter(|_| row.run == Some(second)) else {
            assert_eq!((&row, lines.len()), (&before, 0), "{kind}: another's mail");
            continue;
        };
        let [line] = &lines[..] else { panic!("{kind} {address}: {lines:?}") };
        assert_eq!(line.reason, Some(*reason), "{kind} {address}: {line:?}");
        let failed = *reason != Reason::TryLater;
        let state = if failed { State::Returned } else { State::Delivered };
        assert_eq!((line.failed, row.state), (failed, state), "{kind} {address}");
        assert_eq!(row.patron.map(|patron| patron.name).as_deref(), Some(*address));
    }
    assert_eq!(bench.app.store.counts().await.unwrap().reports_owed, 4);
    assert_eq!(incoming.counts.now(), [5, 2, 0]);
    bench.stop().await;
}

fn read_in(bench: &Bench, address: Option<&str>, maildir: Option<&Path>) {
    let address = address.and_then(ReadAddress::parse);
    let by_smtp = maildir.is_none();
    let undeliverable = Undeliverable { address, maildir: maildir.map(Path::to_owned), mbox: None, by_smtp };
    let config = (*bench.app.settings.now()).clone();
    bench.app.settings.replace(Config { undeliverable, ..config });
}

/// Of whom the relay has reported something so far.
fn reported(sink: &Sink) -> BTreeSet<String> {
    let reports = sink.taken().into_iter().filter(|taken| taken.from.is_empty());
    let recipients = reports.filter_map(|taken| match bounce::read(&taken.bytes) {
        bounce::Incoming::Report(report) => Some(report.recipients),
        _ => None,
    });
    recipients.flatten().map(|one| one.addresses[0].as_str().to_owned()).collect()
}

/// The reports that the relay sent, as its mail server puts them into the folder.
fn deliver(sink: &Sink, mailbox: &Path) {
    for (number, report) in sink.taken().iter().filter(|taken| taken.from.is_empty()).enumerate() {
        let to = format!("Delivered-To: {}\r\n", report.to[0]);
        fs::write(mailbox.join(format!("new/{number}.report")), [to.as_bytes(), &report.bytes].concat())
            .unwrap();
    }
}

/// As whoever knows the patron and the numbers of messages, and has seen none of them, would write them.
fn forge(mailbox: &Path) {
    for (number, (to, id)) in [
        ("returns+r12-00000000000000000000@riverside.example.org", id(999)),
        (RETURNS, "<12@bookpost.example.org>".into()),
    ]
    .into_iter()
    .enumerate()
    {
        let forged = format!(
            "Return-Path: <>\r\nFrom: MAILER-DAEMON@evil.example\r\nTo: {to}\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\
             Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; evil.example\r\n\r\nFinal-Recipient: rfc822; {FINE}\r\nAction: failed\r\n\
             Status: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {id}\r\nTo: {FINE}\r\n\r\n--b--\r\n"
        );
        fs::write(mailbox.join(format!("new/9{number}.forged")), forged).unwrap();
    }
}

/// The relay brings what it cannot deliver to our own SMTP door, to which it has not signed in.
#[tokio::test]
async fn postfix_brings_it_to_the_door() {
    Box::pin(brings("postfix")).await;
}

#[tokio::test]
async fn exim_brings_it_to_the_door() {
    Box::pin(brings("exim")).await;
}

#[tokio::test]
async fn opensmtpd_brings_it_to_the_door() {
    Box::pin(brings("opensmtpd")).await;
}

async fn brings(kind: &str) {
    let folder = Folder::new();
    let door = OpenDoor::start(&folder, false).await;
    read_in(&door.bench, Some("*@returns.riverside.example.org"), None);
    let next = door.address(Security::Plain);
    let Some(peer) = Peer::start(kind, folder.path(), Some(next), &["--retry-every=1"]) else { return };
    // From here on mail goes by the relay, which asks our door for everything, and gets none of it through but what comes back.
    let server = Arc::new(folder.server(peer.address, Security::Plain));
    door.bench.go_by(server).await;
    let run = begin(&door.bench).await;
    door.bench.app.receiver.accept(vec![notice(&door.bench, run, 1, "gone@example.org")]).await.unwrap();
    let returned = async {
        loop {
            let row = door.bench.rows().await.remove(0);
            if row.state == State::Returned {
                return row;
            }
            tokio::task::yield_now().await;
        }
    };
    let row = soon(&format!("{kind} returns it: {}", peer.log()), returned).await;
    let lines = door.bench.app.store.what_came_back(row.message).await.unwrap();
    assert!(lines.len() == 1 && lines[0].failed && row.run == Some(run), "{lines:?}");
    door.stop().await;
}

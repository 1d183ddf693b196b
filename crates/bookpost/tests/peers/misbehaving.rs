//! Servers that refuse, put off, hang up or dawdle at each command: the state of each recipient afterwards.

use mail::{Phase, Reason};
use store::{Row, State};
use testkit::sink::{Settings, Sink};

use crate::{
    bench::{Bench, Folder, LOGIN, Security, login, message},
    peer::Peer,
};

const ADDRESSES: [&str; 2] = ["ann@example.org", "bob@example.net"];

/// State, whether the answer was once never read, attempts, and phase and reason of the last attempt.
type Outcome = (State, bool, u32, Option<(Phase, Option<Reason>)>);

const DELIVERED: Outcome = (State::Delivered, false, 1, Some((Phase::Dot, None)));
/// The breaker is open: the message itself was not attempted.
const UNTOUCHED: Outcome = (State::Waiting, false, 0, None);

const fn waits(phase: Phase, reason: Reason) -> Outcome {
    (State::Waiting, false, 1, Some((phase, Some(reason))))
}

const fn ends(state: State, phase: Phase, reason: Reason) -> Outcome {
    (state, false, 1, Some((phase, Some(reason))))
}

#[tokio::test]
async fn refusing() {
    let reply = |text| ["--hard-reply", text];
    for (command, text, expected) in [
        ("CONNECT", "554 5.3.2 no service", UNTOUCHED),
        ("EHLO", "502 5.5.1 not here", DELIVERED),
        ("HELO,EHLO", "502 5.5.1 not here", UNTOUCHED),
        ("MAIL", "550 5.7.1 not this sender", ends(State::Held, Phase::Mail, Reason::SenderRefused)),
        ("RCPT", "550 5.1.1 no such user", ends(State::Returned, Phase::Rcpt, Reason::AddressUnknown)),
        ("RCPT", "550 5.7.1 relaying denied", waits(Phase::Rcpt, Reason::RelayDenied)),
        ("DATA", "554 5.6.0 not this one", ends(State::Returned, Phase::Data, Reason::Refused)),
        (".", "554 5.6.0 not this one", ends(State::Returned, Phase::Dot, Reason::Refused)),
        (".", "552 5.3.4 too large", ends(State::Returned, Phase::Dot, Reason::TooLarge)),
    ] {
        let [flag, text] = reply(text);
        check(&["--reject", command, flag, text], expected).await;
    }
}

#[tokio::test]
async fn putting_off() {
    for (command, text, expected) in [
        ("CONNECT", "421 4.3.2 busy", UNTOUCHED),
        ("EHLO", "450 4.3.0 busy", UNTOUCHED),
        ("MAIL", "451 4.7.1 greylisted", waits(Phase::Mail, Reason::TryLater)),
        ("RCPT", "450 4.2.2 mailbox full", waits(Phase::Rcpt, Reason::MailboxFull)),
        ("RCPT", "451 4.7.1 greylisted", waits(Phase::Rcpt, Reason::TryLater)),
        ("DATA", "451 4.3.0 later", waits(Phase::Data, Reason::TryLater)),
        (".", "451 4.3.0 later", waits(Phase::Dot, Reason::TryLater)),
    ] {
        check(&["--defer", command, "--soft-reply", text], expected).await;
    }
}

#[tokio::test]
async fn hanging_up() {
    let lost = |phase| waits(phase, Reason::ConnectionLost);
    let in_doubt = (State::Waiting, true, 1, Some((Phase::Dot, Some(Reason::AnswerUnknown))));
    for (command, expected) in [
        ("CONNECT", UNTOUCHED),
        ("EHLO", UNTOUCHED),
        ("MAIL", lost(Phase::Mail)),
        ("RCPT", lost(Phase::Rcpt)),
        ("DATA", lost(Phase::Data)),
        (".", in_doubt),
    ] {
        check(&["--drop", command], expected).await;
    }
}

#[tokio::test]
async fn dawdling() {
    for command in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        // With pipelining it answers what follows before what it delays.
        check(&["--delay", &format!("{command}:1"), "--without", "pipelining"], DELIVERED).await;
    }
}

#[tokio::test]
async fn without_extensions() {
    for missing in ["esmtp", "pipelining", "8bitmime"] {
        check(&["--without", missing], DELIVERED).await;
    }
}

/// Two recipients, one server that behaves so: both are to end alike.
async fn check(options: &[&str], expected: Outcome) {
    let folder = Folder::new();
    let Some(peer) = Peer::start("smtp-sink", folder.path(), None, options) else { return };
    let bench = Bench::start(&folder, folder.server(peer.address, Security::Plain)).await;
    bench.accept(vec![message("one", &ADDRESSES)]).await;
    bench.quiet().await;
    for row in bench.rows().await {
        assert_eq!(outcome(&bench, &row).await, expected, "{options:?}: {:?}", row.answer);
    }
    bench.stop().await;
}

/// One recipient's answer is that recipient's.
#[tokio::test]
async fn each_recipient_on_its_own() {
    let refused = |reason| ends(State::Returned, Phase::Rcpt, reason);
    let cases = [
        ("ann@example.org", None, DELIVERED),
        ("gone@example.org", Some("550 5.1.1 no such user"), refused(Reason::AddressUnknown)),
        ("full@example.org", Some("452 4.2.2 mailbox full"), waits(Phase::Rcpt, Reason::MailboxFull)),
        ("closed@example.org", Some("550 5.2.1 closed"), refused(Reason::MailboxDisabled)),
        ("bob@example.org", None, DELIVERED),
        ("grey@example.org", Some("451 4.7.1 greylisted"), waits(Phase::Rcpt, Reason::TryLater)),
    ];
    let answers: Vec<String> = cases
        .iter()
        .filter_map(|(address, reply, _)| reply.map(|reply| format!("{address}={reply}")))
        .collect();
    let options: Vec<&str> = answers.iter().flat_map(|answer| ["--answer", answer]).collect();
    let folder = Folder::new();
    let Some(peer) = Peer::start("aiosmtpd", folder.path(), None, &options) else { return };
    let bench = Bench::start(&folder, folder.server(peer.address, Security::Plain)).await;
    bench.accept(vec![message("one", &cases.map(|(address, ..)| address))]).await;
    bench.quiet().await;
    for (row, (address, reply, expected)) in bench.rows().await.iter().zip(cases) {
        assert_eq!(row.to.address.as_str(), address);
        assert_eq!(outcome(&bench, row).await, expected, "{address}");
        let answer = row.answer.as_deref().unwrap();
        assert!(reply.is_none_or(|reply| answer.contains(reply)), "{answer}");
    }
    bench.stop().await;
}

/// A server that asks the next one while we wait passes its answers on.
#[tokio::test]
async fn through_a_server_that_hands_on_at_once() {
    for (options, expected) in [
        (
            ["--reject", "RCPT", "--hard-reply", "550 5.1.1 no such user"],
            ends(State::Returned, Phase::Rcpt, Reason::AddressUnknown),
        ),
        (
            ["--reject", ".", "--hard-reply", "554 5.6.0 not this one"],
            ends(State::Returned, Phase::Dot, Reason::Refused),
        ),
        (["--defer", "RCPT", "--soft-reply", "451 4.7.1 greylisted"], waits(Phase::Rcpt, Reason::TryLater)),
        (["--defer", ".", "--soft-reply", "451 4.3.0 later"], waits(Phase::Dot, Reason::TryLater)),
    ] {
        let folder = Folder::new();
        let Some(sink) = Peer::start("smtp-sink", folder.path(), None, &options) else { return };
        let words = ["--login", LOGIN.0, "--password", LOGIN.1];
        let kind = "dovecot-submission";
        let Some(peer) = Peer::start(kind, folder.path(), Some(sink.address), &words) else { return };
        let mut server = folder.server(peer.address, Security::Plain);
        server.login = Some(login(LOGIN.1));
        let bench = Bench::start(&folder, server).await;
        bench.accept(vec![message("one", &ADDRESSES)]).await;
        bench.quiet().await;
        for row in bench.rows().await {
            assert_eq!(outcome(&bench, &row).await, expected, "{options:?}: {:?}", row.answer);
        }
        bench.stop().await;
    }
}

/// After each refused message the connection is good for the next one.
#[tokio::test]
async fn the_next_message_goes_through_on_the_same_connection() {
    let folder = Folder::new();
    let sink = Sink::start(Settings::default()).await.unwrap();
    let options = [
        "--last-answer",
        "no@example.org=554 5.6.0 not this one",
        "--answer",
        "gone@example.org=550 5.1.1 no",
    ];
    let Some(peer) = Peer::start("aiosmtpd", folder.path(), Some(sink.address()), &options) else { return };
    let mut server = folder.server(peer.address, Security::Plain);
    server.connections = 1;
    let bench = Bench::start(&folder, server).await;
    let to = ["a@example.org", "gone@example.org", "b@example.org", "no@example.org", "c@example.org"];
    bench.accept(to.iter().map(|address| message(&address.replace('@', "."), &[address])).collect()).await;
    bench.quiet().await;
    let states: Vec<State> = bench.rows().await.iter().map(|row| row.state).collect();
    let expected = [true, false, true, false, true];
    assert_eq!(states, expected.map(|good| if good { State::Delivered } else { State::Returned }));
    bench.stop().await;
}

async fn outcome(bench: &Bench, row: &Row) -> Outcome {
    let shown = bench.app.store.show(row.message).await.unwrap();
    let (_, attempts) = shown.into_iter().find(|(one, _)| one.recipient == row.recipient).unwrap();
    let last = attempts.last().map(|attempt| (attempt.phase, attempt.reason));
    (row.state, row.in_doubt_at.is_some(), row.attempts, last)
}

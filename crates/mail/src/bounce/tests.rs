//! Real reports, the forms before RFC 3464, and what is no report.

use std::fmt::Write as _;

use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../dsn/fixtures/", $name, ".eml"))
    };
}

/// Recipient, what happened and why, of each entry.
fn told(incoming: &Incoming) -> Vec<(String, bool, Reason)> {
    let Incoming::Report(report) = incoming else { panic!("no report: {incoming:?}") };
    let one =
        |one: &Bounced| (one.addresses[0].as_str().to_owned(), one.happened == Happened::Failed, one.reason);
    report.recipients.iter().map(one).collect()
}

#[test]
fn real_reports_say_who_what_and_why() {
    let (nobody, full, later, spam) =
        ("nobody@patrons.example", "full@patrons.example", "later@patrons.example", "spam@patrons.example");
    for (name, bytes, expected) in [
        ("postfix unknown", &fixture!("postfix-unknown")[..], vec![(nobody, true, Reason::AddressUnknown)]),
        ("postfix full", fixture!("postfix-full"), vec![(full, true, Reason::MailboxFull)]),
        ("postfix delayed", fixture!("postfix-delayed"), vec![(later, false, Reason::TryLater)]),
        ("postfix expired", fixture!("postfix-expired"), vec![(later, true, Reason::Expired)]),
        ("postfix spam", fixture!("postfix-refused-after-data"), vec![(spam, true, Reason::Refused)]),
        ("exim unknown", fixture!("exim-unknown"), vec![(nobody, true, Reason::AddressUnknown)]),
        ("exim full", fixture!("exim-full"), vec![(full, true, Reason::MailboxFull)]),
        ("exim delayed", fixture!("exim-delayed"), vec![(later, false, Reason::TryLater)]),
        ("exim expired", fixture!("exim-expired"), vec![(later, true, Reason::Expired)]),
        ("opensmtpd unknown", fixture!("opensmtpd-unknown"), vec![(nobody, true, Reason::AddressUnknown)]),
        ("opensmtpd full", fixture!("opensmtpd-full"), vec![(full, true, Reason::MailboxFull)]),
        ("opensmtpd delayed", fixture!("opensmtpd-delayed"), vec![(later, false, Reason::TryLater)]),
        ("opensmtpd expired", fixture!("opensmtpd-expired"), vec![(later, true, Reason::Expired)]),
    ] {
        let read = read(bytes);
        let expected: Vec<_> = expected.into_iter().map(|(a, b, c)| (a.to_owned(), b, c)).collect();
        assert_eq!(told(&read), expected, "{name}");
        let Incoming::Report(report) = read else { unreachable!() };
        assert_eq!(report.message_id.as_deref(), Some("<20261123.1@library.example>"), "{name}");
        assert_eq!(sent_to(bytes)[0].as_str(), "returns@library.example", "{name}");
    }
    let two = told(&read(fixture!("postfix-two")));
    assert_eq!(two.len(), 2);
    // That something was delivered or handed on is no news.
    assert_eq!(read(fixture!("postfix-relayed")), Incoming::Automatic);
}

const QMAIL: &str = "Return-Path: <>\nFrom: MAILER-DAEMON@mail.example.org\nTo: returns@library.example\nSubject: failure notice\n\n\
    Hi. This is the qmail-send program at mail.example.org.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\
    This is a permanent error; I've given up. Sorry it didn't work out.\n\n<ana@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n\
    <bo@example.org>:\n10.0.0.1 does not like recipient.\nRemote host said: 552 5.2.2 mailbox is full\nGiving up on 10.0.0.1.\n\n\
    --- Below this line is a copy of the message.\n\nReturn-Path: <returns@library.example>\nMessage-ID: <7@library.example>\n\n\
    <cy@example.org>:\nis quoted\n";
const EXIM: &str = "From: Mail Delivery System <Mailer-Daemon@relay.example.org>\nAuto-Submitted: auto-replied\n\
    X-Failed-Recipients: ana@example.org\nTo: returns@library.example\nSubject: Mail delivery failed: returning message to sender\n\n\
    This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n\
    recipients. This is a permanent error. The following address(es) failed:\n\n  ana@example.org\n    Unrouteable address\n\n\
    ------ This is a copy of the message, including all the headers. ------\n\nMessage-Id: <7@library.example>\n\nHello\n";
const EXCHANGE: &str = "From: System Administrator <postmaster@school.example>\nTo: returns@library.example\nSubject: Undeliverable: 2 items\n\n\
    Your message\n\n  To:      ana@school.example\n  Subject: 2 items\n\ndid not reach the following recipient(s):\n\n\
    ana@school.example on Mon, 23 Nov 2026 08:00:00 +0000\n    The e-mail account does not exist at the organization this message was sent to.\n    \
    <mx.school.example #5.1.1>\n";

#[test]
fn the_forms_before_are_read_too() {
    for (name, text, id, expected) in [
        (
            "qmail",
            QMAIL,
            Some("<7@library.example>"),
            vec![("ana@example.org", Reason::AddressUnknown), ("bo@example.org", Reason::MailboxFull)],
        ),
        ("exim", EXIM, Some("<7@library.example>"), vec![("ana@example.org", Reason::AddressUnknown)]),
        ("exchange", EXCHANGE, None, vec![("ana@school.example", Reason::AddressUnknown)]),
    ] {
        let read = read(text.as_bytes());
        let expected: Vec<_> = expected.into_iter().map(|(who, why)| (who.to_owned(), true, why)).collect();
        assert_eq!(told(&read), expected, "{name}");
        let Incoming::Report(report) = read else { unreachable!() };
        assert_eq!(report.message_id.as_deref(), id, "{name}");
    }
    let later = EXIM.replace("could not be delivered", "has not yet been delivered");
    assert_eq!(told(&read(later.as_bytes())), [("ana@example.org".to_owned(), false, Reason::TryLater)]);
}

#[test]
fn what_programs_answer_and_people_write_is_no_report() {
    let automatic = [
        "From: ana@example.org\nAuto-Submitted: auto-replied\nSubject: Re: 2 items\n\nI am away until Monday.\n",
        "From: ana@example.org\nX-Autoreply: yes\n\n550 5.1.1 ana@example.org: I am away.\n",
        "From: ana@example.org\nSubject: Out of Office: 2 items\n\nBack soon.\n",
        "Return-Path: <>\nFrom: ana@example.org\nAuto-Submitted: auto-replied (vacation)\n\nAway.\n",
        "From: ana@example.org\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nRead.\n--b--\n",
    ];
    for text in automatic {
        assert_eq!(read(text.as_bytes()), Incoming::Automatic, "{text}");
    }
    let quoted = QMAIL.replace("Return-Path: <>\nFrom: MAILER-DAEMON@", "From: ana@");
    let forwarded = [
        b"From: ana@example.org\nContent-Type: multipart/mixed; boundary=f\n\n--f\n\nWhat is this?\n--f\nContent-Type: message/rfc822\n\n".as_slice(),
        fixture!("postfix-unknown"),
        b"\n--f--\n",
    ]
    .concat();
    for other in [quoted.as_bytes(), forwarded.as_slice(), b"Subject: Hello\n\nHello\n", b"", b"\0\xff"] {
        assert_eq!(read(other), Incoming::Other, "{}", String::from_utf8_lossy(other));
    }
}

/// Twenty thousand parts, or parts within parts: nothing is read of it, and nothing breaks.
#[test]
fn what_is_nested_or_cut_up_without_end_is_left_alone() {
    let status = "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n";
    let begin = "From: MAILER-DAEMON@x\nContent-Type: multipart/report; boundary=b\n\n";
    assert!(matches!(read(format!("{begin}--b\n{status}\n--b--\n").as_bytes()), Incoming::Report(_)));
    let many = format!("{begin}{}--b\n{status}\n--b--\n", "--b\n\nx\n".repeat(20_000));
    assert_eq!(read(many.as_bytes()), Incoming::Other);
    let mut deep = String::from("From: MAILER-DAEMON@x\n");
    for level in 0..20_000 {
        let _ = write!(deep, "Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n");
    }
    deep.push_str(status);
    assert_eq!(read(deep.as_bytes()), Incoming::Other);
    let words = format!("x{}", "é".repeat(MOST_READ));
    let long = format!("{begin}--b\n{status}Diagnostic-Code: smtp; 550 {words}\n");
    let Incoming::Report(report) = read(long.as_bytes()) else { panic!() };
    assert!(report.recipients[0].words.chars().count() <= MOST_WORDS);
    let named = "<a@b.example>:\n".repeat(1_900);
    let Incoming::Report(report) = read(QMAIL.replace("<bo@example.org>:\n", &named).as_bytes()) else {
        panic!()
    };
    assert!(report.recipients.iter().all(|one| one.words.len() < 20 * "<a@b.example>:\n".len()));
}

#[test]
fn a_reason_comes_from_code_and_words() {
    for (status, words, after_data, reason) in [
        ((5, 1, 1), "", false, Reason::AddressUnknown),
        (
            (5, 4, 4),
            "Host or domain name not found. Name service error for name=nowhere.example",
            false,
            Reason::DomainUnknown,
        ),
        ((5, 1, 2), "", false, Reason::DomainUnknown),
        ((5, 0, 0), "Unrouteable address", false, Reason::AddressUnknown),
        ((5, 3, 4), "message size 900 exceeds size limit 100 of server mx.example", false, Reason::TooLarge),
        ((5, 0, 0), "552 5.3.4 Message size exceeds fixed limit", false, Reason::TooLarge),
        ((5, 0, 0), "550 no such user", false, Reason::AddressUnknown),
        ((5, 0, 0), "550 not this one", true, Reason::Refused),
        ((5, 7, 26), "550 5.7.26 unauthenticated", true, Reason::Reputation),
        // What another server thinks of the one before it is not for the library to mend.
        ((5, 7, 1), "554 5.7.1 Relay access denied", false, Reason::Refused),
        ((4, 4, 1), "connect to mx.example[10.0.0.1]:25: Connection timed out", false, Reason::Expired),
        ((4, 2, 2), "452 4.2.2 mailbox is full", false, Reason::MailboxFull),
    ] {
        let status = crate::EnhancedStatusCode(status.0, status.1, status.2);
        assert_eq!(why::reason(Happened::Failed, status, words, after_data), reason, "{status} {words}");
    }
}

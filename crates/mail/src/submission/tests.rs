use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{
    Address,
    address::AddressError,
    message::{MOST_DEPTH, Mailbox, Unconvertible},
};

const OURS: &str = "Received: from [192.0.2.1] by m1 (Bookpost);\r\n\tMon, 23 Nov 2026 08:00:00 +0000";
const DATE: &str = "Mon, 23 Nov 2026 08:00:00 +0000";

fn smtp() -> Circumstances<'static> {
    Circumstances {
        received: OURS,
        message_id: "1@lib.example",
        date: DATE,
        instance: "m1",
        line_ends: LineEnds::Crlf,
        completion: None,
    }
}

fn cron() -> Mailbox {
    Mailbox { name: Some("Cron".into()), address: Address::parse("root@lib.example").unwrap() }
}

fn by_smtp(message: impl Into<Bytes>) -> Result<Prepared, Refused> {
    prepare(&message.into(), &smtp())
}

fn by_sendmail(message: impl Into<Bytes>) -> Result<Prepared, Refused> {
    let from = cron();
    let completion = Some(Completion { from: &from, domain: "lib.example" });
    prepare(&message.into(), &Circumstances { line_ends: LineEnds::Any, completion, ..smtp() })
}

/// What follows our Received field.
fn text(prepared: &Prepared) -> &str {
    let text = str::from_utf8(&prepared.bytes).unwrap();
    text.strip_prefix(OURS).unwrap().strip_prefix("\r\n").unwrap()
}

/// A whole header with `more` in it.
fn with(more: &str) -> String {
    format!("From: a@x.org\r\nDate: {DATE}\r\nMessage-ID: <2@x.org>\r\n{more}\r\nbody\r\n")
}

#[test]
fn what_is_whole_stays_to_the_octet() {
    for more in [
        "",
        "Subject: Hello\r\n world\r\n",
        "X-Odd:\u{1}\t \r\nx-odd:\r\n \r\n y\r\n",
        "To: root, Jane <j@y.org>;\r\nReceived: from a by b\r\nResent-To: a@b\r\nResent-To: c@d\r\n",
        "Subject: Grüße\r\n",
        "DKIM-Signature: v=1\r\n",
    ] {
        let message = with(more);
        let prepared = by_smtp(message.clone()).unwrap();
        assert_eq!(text(&prepared), message);
        assert_eq!(prepared.message_id, "<2@x.org>");
    }
}

#[test]
fn what_is_missing_is_added_and_what_is_private_removed() {
    let added = format!("Date: {DATE}\r\nMessage-ID: <1@lib.example>\r\n");
    for (message, expected) in [
        ("From: a@x.org\r\n\r\nx", format!("{added}From: a@x.org\r\n\r\nx")),
        ("From: a@x.org", format!("{added}From: a@x.org")),
        ("Date: \r\nFrom: a@x.org\r\nMessage-ID:\r\n\r\n", format!("{added}From: a@x.org\r\n\r\n")),
        ("From: a@x.org\r\nMessage-ID: <a b@x>\r\n\r\n", format!("{added}From: a@x.org\r\n\r\n")),
        (
            &format!("From: a@x.org\r\nMessage-ID: <{}>\r\n\r\n", "x".repeat(899)),
            format!("{added}From: a@x.org\r\n\r\n"),
        ),
        ("From: a@x.org\r\nMessage-ID: 1@x\r\n\r\n", format!("{added}From: a@x.org\r\n\r\n")),
        (
            "From: a@x.org\r\nBCC: b@x.org,\r\n\tc@x.org\r\nResent-Bcc: d@x.org\r\nReturn-Path: <a@x>\r\n\r\nBcc: e\r\n",
            format!("{added}From: a@x.org\r\n\r\nBcc: e\r\n"),
        ),
        (
            "From a@x.org Mon Nov 23 08:00:00 2026\r\nFrom: a@x.org\r\n\r\n",
            format!("{added}From: a@x.org\r\n\r\n"),
        ),
        ("From : a@x.org\r\n\r\n", format!("{added}From: a@x.org\r\n\r\n")),
    ] {
        let prepared = by_smtp(message.to_owned()).unwrap();
        assert_eq!(text(&prepared), expected);
        assert_eq!(prepared.message_id, "<1@lib.example>");
    }
}

#[test]
fn message_ids_that_are_kept() {
    for (written, id) in
        [("<a@b>", "<a@b>"), ("\r\n <a@b>", "<a@b>"), ("<a>", "<a>"), ("<a@b> (added by x)", "<a@b>")]
    {
        let message = format!("From: a@x.org\r\nDate: {DATE}\r\nMessage-ID: {written}\r\n\r\n");
        let prepared = by_smtp(message.clone()).unwrap();
        assert_eq!((text(&prepared), prepared.message_id.as_str()), (message.as_str(), id));
    }
}

#[test]
fn lists_that_stand_twice_are_joined() {
    for (more, joined) in [
        ("To: b@x.org\r\nSubject: s\r\nTo: c@x.org\r\n", "To: b@x.org,\r\n c@x.org\r\nSubject: s\r\n"),
        ("Cc: b@x.org\r\nCc:c@x.org,\r\nCC: d@x.org\r\n", "Cc: b@x.org,\r\n c@x.org,\r\n d@x.org\r\n"),
        ("To:\r\nTo: c@x.org\r\n", "To:\r\n c@x.org\r\n"),
        ("To: b@x.org\r\nTo:\r\n", "To: b@x.org\r\n"),
    ] {
        assert_eq!(text(&by_smtp(with(more)).unwrap()), with(joined));
    }
    let signed = "DKIM-Signature: v=1\r\nTo: b@x.org\r\nTo: c@x.org\r\n";
    assert_eq!(by_smtp(with(signed)), Err(Refused::Twice("To")));
}

#[test]
fn scripts_may_write_what_sendmail_completes() {
    let own = format!("Date: {DATE}\r\nMessage-ID: <1@lib.example>\r\n");
    let from = format!("From: \"Cron\" <root@lib.example>\r\n{own}");
    for (message, expected) in [
        ("disk full\n", format!("{from}\r\ndisk full\r\n")),
        ("\ndisk full\n", format!("{from}\r\ndisk full\r\n")),
        ("Subject: s\ndisk full\n\nB: x\n", format!("{from}Subject: s\r\n\r\ndisk full\r\n\r\nB: x\r\n")),
        ("Bcc: x@y.org\ndisk full", format!("{from}\r\ndisk full")),
        ("", from.clone()),
        ("From: root (Cron Daemon)\n\n", format!("{own}From: root@lib.example (Cron Daemon)\r\n\r\n")),
        (
            "From: a@x.org\nTo: root\nTo: Joe <joe>\nCc: , (\n\n",
            format!(
                "{own}From: a@x.org\r\nTo: root@lib.example,\r\n Joe <joe@lib.example>\r\nCc: , (\r\n\r\n"
            ),
        ),
        ("From: nobody:;\n\n", format!("{from}\r\n")),
    ] {
        assert_eq!(text(&by_sendmail(message).unwrap()), expected, "{message:?}");
    }
}

#[test]
fn what_is_refused() {
    let hops = |count: usize| with(&"Received: from a by b\r\n".repeat(count));
    let here = |count: usize| with(&"Received: from a\r\n by m1 (Bookpost)\r\n".repeat(count));
    let fields = |count: usize| with(&"A: b\r\n".repeat(count - 3));
    let begins = || "Hello".to_owned();
    for (message, expected) in [
        (with("X: a\0\r\n"), Some(Refused::Nul { line: 4 })),
        (with("") + "\0", Some(Refused::Nul { line: 6 })),
        (with("X: a\nY: b\r\n"), Some(Refused::BareLineEnd { line: 4 })),
        (with("X: a\rY: b\r\n"), Some(Refused::BareLineEnd { line: 4 })),
        (with("X: a\r\r\n"), Some(Refused::BareLineEnd { line: 4 })),
        (with("") + "x\r", Some(Refused::BareLineEnd { line: 6 })),
        (with("X: 1\r\n 2\r\nHello\r\n"), Some(Refused::NotAField { line: 6, begins: begins() })),
        ("Hello\r\n".into(), Some(Refused::NotAField { line: 1, begins: begins() })),
        ("From a@x.org\r\nHello\r\n".into(), Some(Refused::NotAField { line: 2, begins: begins() })),
        (
            " From: a@x.org\r\n\r\n".into(),
            Some(Refused::NotAField { line: 1, begins: " From: a@x.org".into() }),
        ),
        ("\r\nbody\r\n".into(), Some(Refused::FromMissing)),
        (String::new(), Some(Refused::FromMissing)),
        ("From: nobody:;\r\n\r\n".into(), Some(Refused::FromMissing)),
        ("From: jane\r\n\r\n".into(), Some(Refused::From(AddressError::NoAt("jane".into())))),
        ("From: a@x.org, b@x.org\r\n\r\n".into(), Some(Refused::SenderMissing(2))),
        ("From: both: a@x.org, b@x.org;\r\n\r\n".into(), Some(Refused::SenderMissing(2))),
        ("From: a@x.org, b@x.org\r\nSender: b@x.org\r\n\r\n".into(), None),
        (with("From: a@x.org\r\n"), Some(Refused::Twice("From"))),
        (with("Subject: 1\r\nsubject: 1\r\n"), Some(Refused::Twice("Subject"))),
        (with("Message-Id: <3@x>\r\n"), Some(Refused::Twice("Message-ID"))),
        (hops(30), None),
        (hops(31), Some(Refused::TooManyHops(31))),
        (here(3), None),
        (here(4), Some(Refused::Loop(4))),
        (fields(1000), None),
        (fields(1001), Some(Refused::TooManyFields)),
        (with(&format!("X: {}\r\n", "y".repeat(262_000))), None),
        (with(&format!("X: {}\r\n", "y".repeat(262_144))), Some(Refused::HeaderTooLarge)),
    ] {
        assert_eq!(by_smtp(message.clone()).err(), expected, "{}", &message[..message.len().min(200)]);
    }
    let latin1 = b"From: a@x.org\r\nSubject: Gr\xfc\xdfe\r\n\r\n";
    assert_eq!(by_smtp(&latin1[..]), Err(Refused::NotUtf8 { line: 2 }));
}

#[test]
fn each_field_that_stands_once_is_refused_twice_by_name() {
    for name in ["From", "Sender", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References"] {
        let once = format!("{name}: <a@x.org>\r\n");
        let from = if name == "From" { "" } else { "From: a@x.org\r\n" };
        assert!(by_smtp(format!("{from}{once}\r\n")).is_ok(), "{name}");
        assert_eq!(by_smtp(format!("{from}{once}{once}\r\n")), Err(Refused::Twice(name)));
    }
}

#[test]
fn answers() {
    for (refused, expected) in [
        (
            Refused::From(AddressError::Local("Jürgen a@x".into())),
            "554 5.6.0 The message is refused: the header field From cannot be read: the part before the @ in \"J?rgen a@x\" is not allowed in an address",
        ),
        (
            Refused::SenderMissing(2),
            "550 5.6.0 The message is refused: the header field From names 2 authors, and no Sender says which of them sends it",
        ),
        (Refused::FromMissing, "550 5.6.0 The message is refused: the header field From is missing"),
        (
            Refused::NotAField { line: 3, begins: "Hello \"x\"".into() },
            "554 5.6.0 The message is refused: line 3 of the message is no header field: it begins with \"Hello \\\"x\\\"\"; an empty line ends the header",
        ),
        (
            Refused::Twice("Subject"),
            "554 5.6.0 The message is refused: the header field Subject stands in it twice",
        ),
        (
            Refused::Loop(4),
            "554 5.4.6 The message is refused: it has been here 4 times before (Received fields): it goes round in a loop",
        ),
        (
            Unconvertible::Signed.into(),
            "554 5.6.3 The message is refused: a line of it is longer than 998 octets: it is signed, and a change would break the signature",
        ),
    ] {
        assert_eq!(refused.reply().to_string(), expected);
    }
}

#[test]
fn parts_inside_parts_have_a_limit_and_cost_no_stack() {
    let multipart = |n: usize| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n");
    let attached = |_| "Content-Type: message/rfc822\r\n\r\n".to_owned();
    let nested = |of: &dyn Fn(usize) -> String, depth| {
        by_smtp("From: a@x.org\r\n".to_owned() + &(0..depth).map(of).collect::<String>())
    };
    for of in [&multipart as &dyn Fn(usize) -> String, &attached] {
        assert!(nested(of, MOST_DEPTH).is_ok());
        for depth in [MOST_DEPTH + 1, 20_000] {
            assert!(matches!(nested(of, depth), Err(Refused::TooDeep(_))), "{depth}");
        }
    }
}

#[test]
fn what_is_told_of_a_message() {
    let of = |more: &str| by_smtp(with(more)).unwrap();
    let plain = of("Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n aus Ulm\r\n");
    assert_eq!(plain.subject, "Grüße aus Ulm");
    assert_eq!(plain.from, [Address::parse("a@x.org").unwrap()]);
    assert!(!plain.needs_eight_bit && !plain.needs_smtputf8 && !plain.has_long_lines);
    let utf8 = of("Subject: Grüße\r\n");
    assert!(utf8.needs_eight_bit && utf8.needs_smtputf8 && utf8.subject == "Grüße");
    let eight_bit = by_smtp(with("") + "ü\r\n").unwrap();
    assert!(eight_bit.needs_eight_bit && !eight_bit.needs_smtputf8);
    assert!(!of("Bcc: Jörg <j@x.org>\r\n").needs_eight_bit, "what is removed needs nothing");
    let long = by_smtp(with("") + &"x".repeat(999) + "\r\n").unwrap();
    assert!(long.has_long_lines);
    let short = long.with_short_lines().unwrap();
    assert!(!short.has_long_lines && !crate::message::octets::has_long_line(&short.bytes));
}

#[test]
fn recipients_in_the_header() {
    let of = |message: &str| {
        let found = recipients_of_headers(message.as_bytes(), Some("lib.example"))?;
        Ok(found.iter().map(Address::to_string).collect::<Vec<_>>().join(" "))
    };
    for (message, expected) in [
        (
            "To: a@x.org, Jane\n <b@x.org>\nCc: root\nBCC: a@x.org (again), c@x.org\n\nTo: z@x.org\n",
            "a@x.org b@x.org root@lib.example c@x.org",
        ),
        ("From x\nTo: a@x.org\nTo: b@x.org\nHello\nTo: c@x.org\n", "a@x.org b@x.org"),
        ("To: a@x.org\nResent-To: b@x.org\nResent-Bcc: c@x.org\nCc: d@x.org\n\n", "b@x.org c@x.org"),
        ("To: a@x.org\nResent-Bcc:\n\n", ""),
        ("To: Us: a@x.org, b@x.org;\n\n", "a@x.org b@x.org"),
        ("Subject: s\n\n", ""),
    ] {
        assert_eq!(of(message), Ok(expected.to_owned()), "{message}");
    }
    let error = AddressError::Domain("b@-y".into());
    assert_eq!(of("TO: a@x.org, b@-y\n\n"), Err(RecipientsError::Address { field: "TO".into(), error }));
    let latin1 = recipients_of_headers(b"Cc: J\xf6rg <j@x.org>\n\n", None);
    assert_eq!(latin1, Err(RecipientsError::NotUtf8("Cc".into())));
}

/// Lines of which messages are made, right and wrong.
fn lines() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "From: a@x.org",
        "From: root",
        "To: b@x.org",
        "To:",
        "Cc: c@x.org, joe",
        " d@x.org",
        "\t",
        "Bcc: e@x.org",
        "Subject: s",
        "Message-ID: <1@x>",
        "Message-ID: 1",
        "Date:",
        "Date: now",
        "Received: by m2",
        "Subject : t",
        "X: ü",
        "Hello",
        "",
        "Content-Type: multipart/mixed; boundary=b",
        "Content-Type: message/rfc822",
        "--b",
        "--b--",
        "From x",
    ]);
    (prop::collection::vec(line, 0..12), prop::sample::select(vec!["\r\n", "\n"]))
        .prop_map(|(lines, end)| lines.iter().flat_map(|line| [*line, end]).collect())
}

proptest! {
    #[test]
    fn what_is_prepared_is_not_changed_again(message in lines()) {
        for prepared in [by_smtp(message.clone()), by_sendmail(message)].into_iter().flatten() {
            let again = by_smtp(prepared.bytes.clone());
            let again = again.unwrap_or_else(|error| panic!("{error}: {:?}", prepared.bytes));
            prop_assert_eq!(text(&again).as_bytes(), &prepared.bytes[..]);
            prop_assert_eq!((again.message_id, again.from, again.subject), (prepared.message_id, prepared.from, prepared.subject));
            prop_assert_eq!(crate::message::header(&prepared.bytes, "Bcc"), None);
        }
    }

    #[test]
    fn any_octets_are_survived(octets in prop::collection::vec(prop::sample::select(b"\r\n :;,-<>()\"@a.\0\xc3\xbc\xff=?bF".to_vec()), 0..60)) {
        for octets in [octets.clone(), [&b"From: a@x.org\r\n"[..], &octets].concat(), [&b"From: a@x.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"[..], &octets].concat()] {
            let _ = by_smtp(octets.clone());
            let _ = recipients_of_headers(&octets, None);
            if let Ok(prepared) = by_sendmail(octets) {
                prop_assert!(!crate::message::octets::survey(&prepared.bytes).bare_line_end);
                prop_assert!(!prepared.from.is_empty() && prepared.message_id.starts_with('<'));
            }
        }
    }
}

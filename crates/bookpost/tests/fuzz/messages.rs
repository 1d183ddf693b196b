//! Messages: those that are handed in, and those that come back.

use bolero::check;
use bytes::Bytes;
use mail::{
    bounce::{self, Incoming},
    dsn,
    message::{self, Mailbox, Target, reencode},
    submission::{Circumstances, Completion, LineEnds, Prepared, Refused, prepare, recipients_of_headers},
};
use testkit::food::Food;

use crate::{input::assert_whole_lines, people::assert_sound};

const MESSAGES: Food = Food {
    samples: &[
        b"From: Desk <desk@library.example>\r\nTo: p@example.org, \"Q, R\" <q@r.org>\r\nSubject: =?utf-8?B?w7xi?=\r\n =?utf-8?Q?_er?=\r\n\
          Bcc: secret@example.org\r\nDate: Sat, 28 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@library.example>\r\n\r\nHello\r\n..\r\n",
        b"From: a@x.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b\r\n\
          Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n--b\r\n\
          Content-Type: multipart/alternative;\r\n boundary=c\r\n\r\n--c\r\n\r\n\xff\r\n--c--\r\n--b--\r\n",
        b"From: a@x.org\r\nReceived: from a by b (Bookpost-1)\r\nDKIM-Signature: v=1\r\nContent-Type: message/rfc822\r\n\r\n\
          From: b@y.org\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>\xc3\xa9</p>\r\n",
        include_bytes!("../../../mail/src/dsn/fixtures/exim-two.eml"),
    ],
    words: &[
        "\r\n", "\n", "\r", "\0", ": ", ":", " ", "\t", "From", "From: a@x.org\r\n", "To: b@y.org\r\n", "Cc: ", "Bcc: ", "Resent-To: ",
        "Sender: ", "Subject: ", "Date: ", "Message-ID: <1@x>\r\n", "Received: from a by b\r\n", "DKIM-Signature: ",
        "Content-Type: multipart/mixed; boundary=b\r\n", "Content-Type: text/plain; charset=utf-8\r\n",
        "Content-Transfer-Encoding: 8bit\r\n", "Content-Transfer-Encoding: base64\r\n", "MIME-Version: 1.0\r\n", "\r\n\r\n", "--b",
        "--b--", "=?utf-8?B?", "?=", "é", "=", "\"", "(", ")", "<", ">", ";", ",", "@", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ],
};

const BOUNCES: Food = Food {
    samples: &[
        include_bytes!("../../../mail/src/dsn/fixtures/postfix-two.eml"),
        include_bytes!("../../../mail/src/dsn/fixtures/exim-utf8.eml"),
        include_bytes!("../../../mail/src/dsn/fixtures/opensmtpd-expired.eml"),
        include_bytes!("../../../mail/src/dsn/fixtures/exim-delayed.eml"),
    ],
    words: &[
        "\r\n",
        "\n",
        "\0",
        ": ",
        "; ",
        "=",
        "--",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=",
        "Content-Type: message/delivery-status\r\n",
        "Content-Type: message/global-delivery-status\r\n",
        "Content-Type: message/rfc822\r\n\r\n",
        "Content-Type: text/rfc822-headers\r\n\r\n",
        "Message-ID: <1@library.example>\r\n",
        "From: MAILER-DAEMON@x.org\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "X-Failed-Recipients: a@x.org, b@y.org\r\n",
        "Hi. This is the qmail-send program\n\n<a@x.org>:\nno such user (#5.1.1)\n\n",
        "did not reach the following recipient(s):\na@x.org\n",
        "--- Below this line is a copy of the message.\n",
        "Final-Recipient: rfc822; ",
        "Original-Recipient: utf-8; ",
        "Action: failed\r\n",
        "Action: delayed\r\n",
        "Status: 5.1.1\r\n",
        "Status: 9.999.9999999\r\n",
        "Diagnostic-Code: smtp; 550 5.1.1 no\r\n",
        "Remote-MTA: dns; x\r\n",
        "\\x{e9}",
        "+E9",
        "é",
    ],
};

const OURS: &str = "Received: from desk by library.example (Bookpost-7); Sat, 28 Nov 2026 08:00:00 +0000";

#[test]
fn fuzz_submission() {
    check!(name = "fuzz_submission").with_iterations(20_000).with_max_len(512).for_each(|input: &[u8]| {
        let octets = Bytes::from(MESSAGES.octets(input));
        message::plain_text(&octets);
        message::header(&octets, "Subject");
        for (line_ends, complete) in [(LineEnds::Crlf, false), (LineEnds::Any, true)] {
            let Ok(prepared) = prepared(&octets, line_ends, complete) else { continue };
            assert_fit(&prepared);
            // What was taken once is taken again, and stays as it is.
            let again = self::prepared(&prepared.bytes, LineEnds::Crlf, false).unwrap();
            assert!(again.bytes.ends_with(&prepared.bytes) && again.message_id == prepared.message_id);
            if let Ok(short) = prepared.with_short_lines() {
                assert_fit(&short);
                assert_short(&short.bytes);
            }
        }
    });
}

fn prepared(octets: &Bytes, line_ends: LineEnds, complete: bool) -> Result<Prepared, Refused> {
    let from = Mailbox { name: None, address: "root@library.example".parse().unwrap() };
    let completion = Completion { from: &from, domain: "library.example" };
    let circumstances = Circumstances {
        received: OURS,
        message_id: "7@library.example",
        date: "Sat, 28 Nov 2026 08:00:00 +0000",
        instance: "Bookpost-7",
        line_ends,
        completion: complete.then_some(completion),
    };
    prepare(octets, &circumstances)
}

fn assert_fit(prepared: &Prepared) {
    assert!(prepared.bytes.starts_with(OURS.as_bytes()) && !prepared.from.is_empty());
    assert_whole_lines(&prepared.bytes);
    assert!(prepared.needs_eight_bit || prepared.bytes.is_ascii());
    prepared.from.iter().for_each(assert_sound);
}

fn assert_short(message: &[u8]) {
    assert!(message.split(|octet| *octet == b'\n').all(|line| line.len() <= 999));
}

#[test]
fn fuzz_reencode() {
    check!(name = "fuzz_reencode").with_iterations(20_000).with_max_len(512).for_each(|input: &[u8]| {
        let octets = Bytes::from(MESSAGES.octets(input));
        // As in the queue: what is handed in is prepared first.
        let Ok(prepared) = prepared(&octets, LineEnds::Any, true) else { return };
        for target in [Target::ShortLines, Target::SevenBit] {
            let Ok(made) = reencode(&prepared.bytes, target) else { continue };
            assert_whole_lines(&made);
            assert_short(&made);
            assert!(target == Target::ShortLines || made.is_ascii());
            assert_eq!(reencode(&made, target).unwrap(), made);
        }
    });
}

#[test]
fn fuzz_recipients() {
    check!(name = "fuzz_recipients").with_iterations(50_000).with_max_len(512).for_each(|input: &[u8]| {
        let octets = MESSAGES.octets(input);
        for domain in [None, Some("library.example")] {
            let Ok(recipients) = recipients_of_headers(&octets, domain) else { continue };
            recipients.iter().for_each(assert_sound);
        }
    });
}

#[test]
fn fuzz_dsn() {
    check!(name = "fuzz_dsn").with_iterations(10_000).with_max_len(512).for_each(|input: &[u8]| {
        let octets = BOUNCES.octets(input);
        let Ok(report) = dsn::read(&octets) else { return };
        for recipient in report.failed() {
            assert!(recipient.precise_status().0 < 10);
        }
    });
}

#[test]
fn fuzz_bounce() {
    check!(name = "fuzz_bounce").with_iterations(10_000).with_max_len(512).for_each(|input: &[u8]| {
        let octets = BOUNCES.octets(input);
        assert!(bounce::sent_to(&octets).iter().all(|address| address.as_str().contains('@')));
        let Incoming::Report(report) = bounce::read(&octets) else { return };
        assert!(!report.recipients.is_empty());
        for one in &report.recipients {
            assert!(!one.addresses.is_empty());
            assert!(!one.words.contains(['\r', '\n']));
        }
        assert!(report.message_id.is_none_or(|id| id.starts_with('<') && id.ends_with('>')));
    });
}

//! Real bounces read field by field, our own read back, and what they look like.

use jiff::{Timestamp, tz::TimeZone};
use mailparse::MailHeaderMap;
use proptest::prelude::*;

use super::*;
use crate::{Reason, Reply};

fn code(text: &str) -> EnhancedStatusCode {
    let parts: Vec<u16> = text.split('.').map(|part| part.parse().unwrap()).collect();
    EnhancedStatusCode(parts[0], parts[1], parts[2])
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

macro_rules! fixture {
    ($name:literal) => {
        ($name, include_bytes!(concat!("fixtures/", $name, ".eml")).as_slice())
    };
}

/// One recipient of a real bounce: address, action, status, precise status, given up, how the answer's words begin.
type Expected = (&'static str, Action, &'static str, &'static str, bool, Option<&'static str>);

const UNKNOWN: &str =
    "550 5.1.1 <nobody@patrons.example>: Recipient address rejected: User unknown in virtual mailbox table";
const FULL: &str = "552 5.2.2 <full@patrons.example>: the mailbox is full (quota exceeded)";
const SPAM: &str = "554 5.7.1 message refused by content";
const BUSY: &str = "450 4.2.1 <later@patrons.example>: the mailbox is busy, come back later";
const TIMED_OUT: &str =
    "450 4.2.1 <later@patrons.example>: the mailbox is busy, come back later: retry timeout exceeded";

/// The name of a fixture and its bytes.
type Fixture = (&'static str, &'static [u8]);

fn fixtures() -> Vec<(Fixture, Vec<Expected>)> {
    use Action::{Delayed, Failed, Relayed};
    let nobody = "nobody@patrons.example";
    let full = "full@patrons.example";
    let spam = "spam@patrons.example";
    let later = "later@patrons.example";
    let jose = "josé@patrons.example";
    let no_such = Some("550 5.1.1 no such mailbox");
    vec![
        (fixture!("postfix-unknown"), vec![(nobody, Failed, "5.1.1", "5.1.1", true, Some(UNKNOWN))]),
        (fixture!("postfix-full"), vec![(full, Failed, "5.2.2", "5.2.2", true, Some(FULL))]),
        (
            fixture!("postfix-two"),
            vec![
                (full, Failed, "5.2.2", "5.2.2", true, Some(FULL)),
                (nobody, Failed, "5.1.1", "5.1.1", true, Some(UNKNOWN)),
            ],
        ),
        (fixture!("postfix-refused-after-data"), vec![(spam, Failed, "5.7.1", "5.7.1", true, Some(SPAM))]),
        (fixture!("postfix-delayed"), vec![(later, Delayed, "4.2.1", "4.2.1", false, Some(BUSY))]),
        (fixture!("postfix-expired"), vec![(later, Failed, "4.2.1", "4.2.1", true, Some(BUSY))]),
        (
            fixture!("postfix-relayed"),
            vec![(
                "fine@patrons.example",
                Relayed,
                "2.0.0",
                "2.0.0",
                false,
                Some("250 2.0.0 kept as 000001"),
            )],
        ),
        (fixture!("postfix-utf8"), vec![(jose, Failed, "5.1.1", "5.1.1", true, no_such)]),
        (fixture!("exim-unknown"), vec![(nobody, Failed, "5.0.0", "5.1.1", true, Some(UNKNOWN))]),
        (fixture!("exim-full"), vec![(full, Failed, "5.0.0", "5.2.2", true, Some(FULL))]),
        (
            fixture!("exim-two"),
            vec![
                (nobody, Failed, "5.0.0", "5.1.1", true, Some(UNKNOWN)),
                (full, Failed, "5.0.0", "5.2.2", true, Some(FULL)),
            ],
        ),
        (fixture!("exim-refused-after-data"), vec![(spam, Failed, "5.0.0", "5.7.1", true, Some(SPAM))]),
        (fixture!("exim-delayed"), vec![(later, Delayed, "4.0.0", "4.2.1", false, Some(BUSY))]),
        (fixture!("exim-expired"), vec![(later, Failed, "5.0.0", "5.0.0", true, Some(TIMED_OUT))]),
        (fixture!("exim-utf8"), vec![(jose, Failed, "5.0.0", "5.1.1", true, no_such)]),
        // OpenSMTPD keeps the answer to the words for people.
        (fixture!("opensmtpd-unknown"), vec![(nobody, Failed, "5.0.0", "5.0.0", true, None)]),
        (fixture!("opensmtpd-full"), vec![(full, Failed, "5.0.0", "5.0.0", true, None)]),
        (fixture!("opensmtpd-refused-after-data"), vec![(spam, Failed, "5.0.0", "5.0.0", true, None)]),
        (fixture!("opensmtpd-delayed"), vec![(later, Delayed, "4.0.0", "4.0.0", false, None)]),
        (fixture!("opensmtpd-expired"), vec![(later, Delayed, "4.4.7", "4.4.7", true, None)]),
    ]
}

#[test]
fn reads_what_real_servers_write() {
    for ((name, bytes), expected) in fixtures() {
        let report = read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(report.reporting_mta.as_deref(), Some("relay.example.org"), "{name}");
        assert_eq!(report.envelope_id, None, "{name}");
        assert_eq!(report.arrival_date.is_some(), name.starts_with("postfix"), "{name}");
        assert_eq!(report.recipients.len(), expected.len(), "{name}");
        for (recipient, (text, action, status, precise, gave_up, diagnostic)) in
            report.recipients.iter().zip(expected)
        {
            assert_eq!(recipient.final_recipient.as_str(), text, "{name}");
            assert_eq!(recipient.action, action, "{name}");
            assert_eq!(recipient.status, code(status), "{name}");
            assert_eq!(recipient.precise_status(), code(precise), "{name}");
            assert_eq!(recipient.gave_up(), gave_up, "{name}");
            assert_eq!(recipient.diagnostic.as_deref(), diagnostic, "{name}");
            let remote = (!name.starts_with("opensmtpd")).then_some("127.0.0.1");
            assert_eq!(recipient.remote_mta.as_deref(), remote, "{name}");
            let original = match name {
                "postfix-relayed" => Some("Fine+old@patrons.example"),
                _ if name.starts_with("postfix") => Some(text),
                _ => None,
            };
            assert_eq!(recipient.original_recipient.as_ref().map(Address::as_str), original, "{name}");
            assert_eq!(recipient.will_retry_until.is_some(), name == "postfix-delayed", "{name}");
            assert_eq!(recipient.last_attempt, None, "{name}");
        }
    }
}

/// A bounce around the lines of a status part.
fn bounce(status: &str) -> Vec<u8> {
    format!(
        "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}\r\n--b--\r\n"
    )
    .into_bytes()
}

#[test]
fn is_tolerant() {
    let plain = (Action::Failed, "5.1.1", "a@x.example");
    for (lines, expected) in [
        ("Final-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.1", plain),
        ("Final-Recipient: RFC822; <a@x.example>\r\nAction: Failed (bad)\r\nStatus: 5.1.1 (unknown)", plain),
        ("final-recipient: a@x.example\naction: failure\nstatus: 5.1.1", plain),
        (
            "Reporting-MTA: dns; m\n\nFinal-Recipient: rfc822;\n\ta@x.example\nAction:\n failed\nStatus: 5.1.1",
            plain,
        ),
        ("Original-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.1", plain),
        ("Final-Recipient: rfc822;a@x.example\nStatus: 5.1.1", plain),
        ("Final-Recipient: rfc822;a@x.example\nAction: failed\nDiagnostic-Code: smtp;550-5.1.1 no", plain),
        ("Final-Recipient: rfc822;a@x.example\nAction: failed", (Action::Failed, "5.0.0", "a@x.example")),
        ("Final-Recipient: rfc822;a@x.example\nStatus: 4.4.1", (Action::Delayed, "4.4.1", "a@x.example")),
        ("Final-Recipient: rfc822;a@x.example\nStatus: 5.7.515", (Action::Failed, "5.7.515", "a@x.example")),
        (
            "Final-Recipient: utf-8; jos\\x{E9}@x.example\nAction: failed\nStatus: 5.1.1",
            (Action::Failed, "5.1.1", "josé@x.example"),
        ),
    ] {
        let report = read(&bounce(lines)).unwrap_or_else(|error| panic!("{lines}: {error}"));
        let [recipient] = report.recipients.as_slice() else {
            panic!("{lines}: {}", report.recipients.len())
        };
        let found = (recipient.action, recipient.status, recipient.final_recipient.as_str());
        assert_eq!(found, (expected.0, code(expected.1), expected.2), "{lines}");
    }
}

#[test]
fn original_recipients_in_xtext() {
    let lines = "Original-Recipient: rfc822;a+2Bb@x.example\nFinal-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.1";
    let report = read(&bounce(lines)).unwrap();
    assert_eq!(report.recipients[0].original_recipient, Some(address("a+b@x.example")));
    assert_eq!(original_from_parameter("rfc822;a+2Bb+3D@x.example"), Some(address("a+b=@x.example")));
    assert_eq!(
        original_from_parameter(r"UTF-8;jos\x{E9}\x{2B}b@x.example"),
        Some(address("josé+b@x.example"))
    );
    assert_eq!(original_from_parameter("x400;a@x.example"), None, "no mail address");
    assert_eq!(original_from_parameter("a@x.example"), None);
}

/// RFC 6533 section 3, utf-8-addr-xtext.
#[test]
fn an_address_beyond_ascii_is_written_in_its_own_type() {
    for (text, written) in [
        ("josé+b=c@bücher.example", r"utf-8; jos\x{E9}\x{2B}b\x{3D}c@b\x{FC}cher.example"),
        ("a+2Bb@x.example", "rfc822; a+2B2Bb@x.example"),
    ] {
        let mut report = read(&bounce("Final-Recipient: rfc822;a@x.example\nStatus: 5.1.1")).unwrap();
        report.recipients[0].original_recipient = Some(address(text));
        let out = report.write();
        assert!(out.contains(&format!("Original-Recipient: {written}\r\n")), "{out}");
        assert_eq!(read(&bounce(&out.replace("\r\n\r\n", "\r\n"))).unwrap().recipients, report.recipients);
    }
}

#[test]
fn a_delay_with_the_code_of_expiry_and_a_date_is_a_delay() {
    let lines = "Final-Recipient: rfc822;a@x.example\nAction: delayed\nStatus: 4.4.7";
    assert!(read(&bounce(lines)).unwrap().recipients[0].gave_up());
    let lines = format!("{lines}\nWill-Retry-Until: Fri, 27 Nov 2026 08:00:00 +0100");
    let report = read(&bounce(&lines)).unwrap();
    assert_eq!(report.failed().count(), 0);
    assert_eq!(report.recipients[0].will_retry_until, Some(at("2026-11-27T07:00:00Z")));
}

#[test]
fn refuses_what_is_no_report() {
    for (bytes, error) in [
        (b"Subject: Out of office\r\n\r\nI am away.".to_vec(), NotAReport::NoStatus),
        (Vec::new(), NotAReport::NoStatus),
        (bounce("Reporting-MTA: dns; m"), NotAReport::NoRecipient),
        (bounce(""), NotAReport::NoRecipient),
        (bounce("Final-Recipient: rfc822;a@x.example"), NotAReport::NoRecipient),
        (bounce("Final-Recipient: system; postmaster\nAction: failed"), NotAReport::NoRecipient),
    ] {
        assert_eq!(read(&bytes), Err(error), "{}", String::from_utf8_lossy(&bytes));
    }
}

fn words() -> impl Strategy<Value = String> {
    proptest::collection::vec("[!-~é中😀\\\\]{1,40}|\\\\x\\{[0-9A-F]{2}\\}|[a-z]{300}", 1..30)
        .prop_map(|words| words.join(" "))
}

fn some_address() -> impl Strategy<Value = Address> {
    "[a-zé]{1,8}([+][a-zB-D2-3]{1,4})?@[a-z]{1,9}\\.example".prop_map(|text| address(&text))
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (0i64..4_000_000_000).prop_map(|seconds| Timestamp::from_second(seconds).unwrap())
}

fn recipient() -> impl Strategy<Value = RecipientReport> {
    let actions = [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded];
    (
        (some_address(), proptest::option::of(some_address()), proptest::sample::select(actions.to_vec())),
        (proptest::sample::select(vec![2u16, 4, 5]), 0u16..1000, any::<u16>()),
        proptest::option::of("[a-z]{1,20}( \\([0-9.]{1,9}\\))?"),
        proptest::option::of(words()),
        (proptest::option::of(instant()), proptest::option::of(instant())),
    )
        .prop_map(|((last, original, action), status, remote_mta, diagnostic, (tried, until))| {
            RecipientReport {
                final_recipient: last,
                original_recipient: original,
                action,
                status: EnhancedStatusCode(status.0, status.1, status.2),
                remote_mta,
                diagnostic,
                last_attempt: tried,
                will_retry_until: until,
            }
        })
}

fn report() -> impl Strategy<Value = Report> {
    (
        "[a-z.]{1,30}",
        proptest::option::of(instant()),
        proptest::option::of("[!-~]{1,50}"),
        proptest::collection::vec(recipient(), 1..5),
    )
        .prop_map(|(mta, arrival_date, envelope_id, recipients)| Report {
            reporting_mta: Some(mta),
            arrival_date,
            envelope_id,
            recipients,
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read(report in report()) {
        let text = report.write();
        prop_assert!(text.is_ascii());
        prop_assert!(text.split("\r\n").all(|line| line.len() < 998 && !line.contains(['\r', '\n'])));
        prop_assert_eq!(read(&bounce(&text)), Ok(report));
    }

    #[test]
    fn nothing_makes_it_panic(bytes in any::<Vec<u8>>(), lines in "[ -~\n]{0,300}") {
        let _ = read(&bytes);
        let _ = read(&bounce(&lines));
    }
}

const HEADERS: &[u8] = b"From: Lincoln Library <library@library.example>\r\nTo: ana@patrons.example\r\nSubject: Lincoln Library: 3 items are overdue\r\nMessage-ID: <1@library.example>\r\n";

fn sample_message() -> ReturnedMessage {
    ReturnedMessage {
        message_id: "<1@library.example>".to_owned(),
        envelope_id: None,
        subject: "Lincoln Library: 3 items are overdue".to_owned(),
        site_name: "Lincoln Library".to_owned(),
        run_name: Some("Overdue notices of 23 November".to_owned()),
        accepted_at: at("2026-11-23T08:00:00Z"),
        original: Original::Headers(HEADERS.to_vec()),
    }
}

fn sample_returned() -> Returned {
    Returned {
        address: address("ana@patrons.example"),
        original_address: None,
        patron_name: Some("Ana Pérez".to_owned()),
        patron_number: Some("1234".to_owned()),
        reason: Reason::AddressUnknown,
        plain_reason: "The address does not exist.".to_owned(),
        what_to_do: "Ask the patron for the right address and correct it in the library system.".to_owned(),
        answer: Some(Reply {
            code: 550,
            enhanced: Some(EnhancedStatusCode(5, 1, 1)),
            text: "No such user here\nSee the list of addresses".to_owned(),
        }),
        failure: None,
        may_have_arrived: false,
        code: None,
        attempts: 1,
        first_attempt_at: Some(at("2026-11-23T08:00:05Z")),
        last_attempt_at: Some(at("2026-11-23T08:00:05Z")),
    }
}

fn sample_report() -> ReturnReport {
    ReturnReport {
        to: address("library@library.example"),
        from: Mailbox {
            name: "Bookpost at Lincoln Library".to_owned(),
            address: address("bookpost@library.example"),
        },
        reporting_mta: "post.library.example".to_owned(),
        message: sample_message(),
        recipients: vec![sample_returned()],
        date: at("2026-11-23T08:01:00Z"),
        message_id: "r1@library.example".to_owned(),
        time_zone: TimeZone::UTC,
    }
}

/// What every mail of ours keeps to: CRLF only, no line over 998, and every header readable.
fn check_lines(mail: &[u8]) {
    let text = String::from_utf8(mail.to_vec()).unwrap();
    assert!(text.is_ascii(), "{text}");
    for line in text.split("\r\n") {
        assert!(line.len() <= 998 && !line.contains(['\r', '\n']), "{line:?}");
    }
}

fn subject(mail: &[u8]) -> String {
    mailparse::parse_mail(mail).unwrap().headers.get_first_value("Subject").unwrap()
}

#[test]
fn the_return_report() {
    let mail = sample_report().write();
    check_lines(&mail);
    insta::assert_snapshot!("return_report", String::from_utf8(mail.clone()).unwrap().replace('\r', ""));
    let parsed = mailparse::parse_mail(&mail).unwrap();
    let kinds: Vec<_> = parsed.subparts.iter().map(|part| part.ctype.mimetype.as_str()).collect();
    assert_eq!(kinds, ["text/plain", "message/delivery-status", "text/rfc822-headers"]);
    insta::assert_snapshot!("return_report_words", parsed.subparts[0].get_body().unwrap().replace('\r', ""));
    assert_eq!(parsed.subparts[2].get_body_raw().unwrap(), HEADERS);

    let report = read(&mail).unwrap();
    assert_eq!(report.reporting_mta.as_deref(), Some("post.library.example"));
    assert_eq!(report.arrival_date, Some(at("2026-11-23T08:00:00Z")));
    let expected = RecipientReport {
        final_recipient: address("ana@patrons.example"),
        original_recipient: None,
        action: Action::Failed,
        status: EnhancedStatusCode(5, 1, 1),
        remote_mta: None,
        diagnostic: Some("550 5.1.1 No such user here See the list of addresses".to_owned()),
        last_attempt: Some(at("2026-11-23T08:00:05Z")),
        will_retry_until: None,
    };
    assert_eq!(report.recipients, [expected]);
}

#[test]
fn a_message_without_an_id_is_referred_to_by_none() {
    for (id, referred) in [("<1@library.example>", true), ("", false), ("<>", false), ("<a b>", false)] {
        let message = ReturnedMessage { message_id: id.to_owned(), ..sample_message() };
        let mail = ReturnReport { message, ..sample_report() }.write();
        assert_eq!(crate::message::header(&mail, "References").is_some(), referred, "{id:?}");
    }
}

#[test]
fn subjects_name_the_patron_as_far_as_known() {
    for (name, number, run, expected) in [
        (Some("Ana Pérez"), Some("1234"), true, "Not delivered: notice to Ana Pérez (patron 1234)"),
        (Some("王秀英"), None, true, "Not delivered: notice to 王秀英"),
        (None, Some("1234"), true, "Not delivered: notice to patron 1234"),
        (None, None, false, "Not delivered: message to ana@patrons.example"),
        (Some("Ana\r\nBcc: x@y.example"), None, true, "Not delivered: notice to Ana Bcc: x@y.example"),
    ] {
        let mut report = sample_report();
        report.recipients[0].patron_name = name.map(str::to_owned);
        report.recipients[0].patron_number = number.map(str::to_owned);
        report.message.run_name = run.then(|| "Overdue".to_owned());
        let mail = report.write();
        check_lines(&mail);
        assert_eq!(subject(&mail), expected);
        assert!(mailparse::parse_mail(&mail).unwrap().headers.get_first_header("Bcc").is_none());
    }
}

#[test]
fn any_script_and_any_length() {
    for text in [
        "أمينة المكتبة",
        "图书馆逾期通知",
        "Δημήτρης 📚",
        &"long ".repeat(800),
        &"x".repeat(4000),
        &"书".repeat(4000),
    ] {
        let mut report = sample_report();
        report.from.name = text.to_owned();
        report.message.subject = text.to_owned();
        let header = format!("Subject: {text}\r\n").into_bytes();
        report.message.original = Original::Headers(header.clone());
        report.recipients[0].patron_name = Some(text.to_owned());
        report.recipients[0].answer.as_mut().unwrap().text = text.to_owned();
        let mail = report.write();
        check_lines(&mail);
        assert_eq!(subject(&mail), format!("Not delivered: notice to {} (patron 1234)", text.trim()));
        let parsed = mailparse::parse_mail(&mail).unwrap();
        let words = parsed.subparts[0].get_body().unwrap();
        assert!(words.contains(text.trim()), "{words}");
        assert_eq!(parsed.subparts[2].get_body_raw().unwrap(), header);
        let said = read(&mail).unwrap().recipients[0].diagnostic.clone().unwrap();
        assert_eq!(said.replace(' ', ""), format!("5505.1.1{text}").replace(' ', ""));
    }
}

/// Otherwise a server without SMTPUTF8 could not be given the report.
#[test]
fn who_may_have_it_is_not_said_to_lack_it() {
    let doubtful = || Returned { may_have_arrived: true, ..sample_returned() };
    let words = |mail: &[u8]| {
        let parsed = mailparse::parse_mail(mail).unwrap();
        let part = if parsed.subparts[0].subparts.is_empty() { &parsed } else { &parsed.subparts[0] };
        part.subparts[0].get_body().unwrap().replace("\r\n", " ")
    };
    let mut report = sample_report();
    report.recipients = vec![doubtful()];
    let mut digest = sample_digest(2);
    digest.entries[1].returned = doubtful();
    for text in [words(&report.write()), words(&digest.write())] {
        assert!(text.contains("The address does not exist. An earlier copy may have arrived."), "{text}");
        assert!(!text.contains("not received"), "{text}");
    }
}

#[test]
fn what_the_sender_named_is_named_to_programs() {
    let mut report = sample_report();
    report.message.envelope_id = Some("QQ 314159".to_owned());
    report.recipients[0].original_address = Some(address("ana+old@patrons.example"));
    let read = read(&report.write()).unwrap();
    assert_eq!(read.envelope_id.as_deref(), Some("QQ 314159"));
    assert_eq!(read.recipients[0].original_recipient, Some(address("ana+old@patrons.example")));
}

#[test]
fn domains_in_any_script_leave_the_header_in_ascii() {
    let mut report = sample_report();
    report.from.address = address("post@bücherei.example");
    report.to = address("zurück@bücherei.example");
    report.message.message_id = "<1@bücherei.example>".to_owned();
    let mail = String::from_utf8(report.write()).unwrap();
    assert!(mail.contains("<post@xn--bcherei-n2a.example>"), "{mail}");
    assert!(
        mail.contains("<zurück@xn--bcherei-n2a.example>"),
        "only a local part has no other spelling: {mail}"
    );
    report.to = address("post@bücherei.example");
    check_lines(&report.write());
    let mut digest = sample_digest(2);
    (digest.from.address, digest.to) = (report.from.address, report.to);
    check_lines(&digest.write());
}

#[test]
fn several_attempts_and_none() {
    let mut report = sample_report();
    let mut tried = sample_returned();
    tried.attempts = 74;
    tried.last_attempt_at = Some(at("2026-11-27T12:00:00Z"));
    tried.reason = Reason::Expired;
    tried.plain_reason = "The patron's mail provider could not be reached for 100 hours.".to_owned();
    tried.answer = None;
    tried.failure = Some("192.0.2.1:25: Connection refused".to_owned());
    let untried = Returned { attempts: 0, first_attempt_at: None, last_attempt_at: None, ..tried.clone() };
    report.recipients = vec![tried, untried];
    let mail = report.write();
    assert_eq!(subject(&mail), "Not delivered: notice to 2 addresses");
    let parsed = mailparse::parse_mail(&mail).unwrap();
    insta::assert_snapshot!("two_recipients_words", parsed.subparts[0].get_body().unwrap().replace('\r', ""));
    assert_eq!(read(&mail).unwrap().recipients[0].status, EnhancedStatusCode(5, 4, 7));
}

fn sample_digest(count: usize) -> Digest {
    let report = sample_report();
    let entries = (0..count).map(|n| {
        let mut returned = sample_returned();
        returned.address = address(&format!("patron{n}@patrons.example"));
        returned.patron_number = Some(format!("{}", 1000 + n));
        if n % 3 == 0 {
            returned.patron_name = Some("=HYPERLINK(\"x\"), 王".to_owned());
            returned.reason = Reason::MailboxFull;
            returned.plain_reason = "The mailbox is full.".to_owned();
            returned.what_to_do = "Tell the patron by another way.".to_owned();
        }
        DigestEntry { message: sample_message(), returned }
    });
    Digest {
        to: report.to,
        from: report.from,
        reporting_mta: report.reporting_mta,
        entries: entries.collect(),
        date: report.date,
        message_id: "d1@library.example".to_owned(),
        time_zone: TimeZone::UTC,
    }
}

#[test]
fn the_digest() {
    let mail = sample_digest(5).write();
    check_lines(&mail);
    assert_eq!(subject(&mail), "Not delivered: 5 notices");
    insta::assert_snapshot!("digest", String::from_utf8(mail.clone()).unwrap().replace('\r', ""));
    let parsed = mailparse::parse_mail(&mail).unwrap();
    let kinds: Vec<_> = parsed.parts().map(|part| part.ctype.mimetype.clone()).collect();
    assert_eq!(
        kinds,
        ["multipart/report", "multipart/mixed", "text/plain", "text/csv", "message/delivery-status"]
    );
    let beside = &parsed.subparts[0].subparts;
    insta::assert_snapshot!("digest_words", beside[0].get_body().unwrap().replace('\r', ""));
    let file = beside[1].get_body_raw().unwrap();
    insta::assert_snapshot!(
        "digest_file",
        String::from_utf8(file).unwrap().replace('\u{feff}', "[BOM]").replace('\r', "[CR]")
    );
    assert_eq!(read(&mail).unwrap().recipients.len(), 5);
}

#[test]
fn a_large_digest_is_cut_in_the_words_but_not_in_the_file() {
    let mail = sample_digest(1000).write();
    check_lines(&mail);
    let parsed = mailparse::parse_mail(&mail).unwrap();
    let beside = &parsed.subparts[0].subparts;
    assert!(beside[0].get_body().unwrap().contains("... and 566 more in the attached file"));
    let file = beside[1].get_body_raw().unwrap();
    assert_eq!(::csv::Reader::from_reader(file.as_slice()).records().flatten().count(), 1000);
    assert_eq!(read(&mail).unwrap().failed().count(), 1000);
}

#[test]
fn who_wants_the_whole_message_back_gets_it_as_it_was() {
    for text in ["Bring them back.\r\n", "Gr\u{fc}\u{df}e.\r\n..\r\n"] {
        let whole = [HEADERS, b"\r\n", text.as_bytes()].concat();
        let mut report = sample_report();
        report.message.original = Original::Whole(whole.clone());
        let written = report.write();
        let parsed = mailparse::parse_mail(&written).unwrap();
        assert_eq!(parsed.subparts[2].ctype.mimetype, "message/rfc822");
        assert_eq!(parsed.subparts[2].get_body_raw().unwrap(), whole);
        assert!(parsed.subparts[0].get_body().unwrap().contains("It is attached."));
    }
}

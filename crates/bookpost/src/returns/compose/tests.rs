//! What the library reads, from the row to the words.

use mail::{Recipient, dsn};
use store::{MessageId, RecipientId, Row, RunId, State};

use super::*;
use crate::config::{Surroundings, check_text};

const CONFIG: &str = r#"
library = "Riverside"
[sending]
way = "practice"
ehlo_name = "books.library.example"
[[sites]]
code = "MAIN"
name = "Main Library"
email = "notices@library.example"
"#;
const ORIGINAL: &[u8] = b"From: Main Library <notices@library.example>\r\nTo: ana@example.org\r\nSubject: Main Library: 2 items are overdue\r\nMessage-ID: <1@books.library.example>\r\n\r\nBring them back.\r\n";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The first notice of a run to a patron with a number, refused at once.
fn refused() -> Obligation {
    let accepted_at = at("2026-11-23T07:00:00Z");
    let mut to = Recipient::from("ana@example.org".parse::<Address>().unwrap());
    to.original = Some("rfc822;ana+2Bold@example.org".into());
    let row = Row {
        recipient: RecipientId::of(MessageId(1), 0),
        message: MessageId(1),
        kind: Kind::Mail,
        door: None,
        class: Class::Bulk,
        practice: false,
        application: "Library".into(),
        site: Some("MAIN".into()),
        run: Some(RunId(5)),
        reverse_path: ReversePath::Address("returns@library.example".parse().unwrap()),
        to,
        subject: "Main Library: 2 items are overdue".into(),
        message_id: "<1@books.library.example>".into(),
        tags: Vec::new(),
        patron: Some(store::Patron { name: "Ana Pérez".into(), number: Some("1234".into()) }),
        size: 3000,
        state: State::Returned,
        accepted_at,
        first_due_at: accepted_at,
        due_at: None,
        expires_at: at("2026-11-27T11:00:00Z"),
        aside_at: None,
        settled_at: Some(at("2026-11-23T07:00:07Z")),
        in_doubt_at: None,
        attempts: 1,
        strikes: 0,
        reason: Some(Reason::AddressUnknown),
        reported_in: None,
        outdated: None,
        answer: Some("550 5.1.1 No such user".into()),
    };
    Obligation {
        owed_since: at("2026-11-23T07:00:07Z"),
        first_attempt_at: Some(at("2026-11-23T07:00:05Z")),
        last_attempt_at: Some(at("2026-11-23T07:00:06Z")),
        envelope_id: Some("QQ+20314159".into()),
        ret: None,
        run: Some(RunName {
            notice: "overdue-items".into(),
            source: "overdues.csv".into(),
            started_at: accepted_at,
        }),
        row,
    }
}

fn written(form: Form, first: Obligation) -> NewMessage {
    let around = Surroundings::given([], Some("books.library.example"));
    let config = check_text(CONFIG, None, &around).unwrap().config;
    let now = at("2026-11-23T07:01:15Z");
    let at = At { config: &config, now, random: 7, time_zone: TimeZone::UTC };
    let letter = Letter { form, first, others: Vec::new() };
    message(&"returns@library.example".parse().unwrap(), &letter, Some(ORIGINAL), &at)
}

/// The words for people, without the lines that are the same in all.
fn words(one: Obligation) -> String {
    let report = written(Form::Report, one);
    let parsed = mailparse::parse_mail(&report.bytes).unwrap();
    let words = parsed.subparts[0].get_body().unwrap().replace("\r\n", "\n");
    let (_, after) = words.split_once("overdue\n\n").unwrap();
    after.rsplit_once("\nNothing more").unwrap().0.to_owned()
}

#[test]
fn a_report_from_a_row() {
    let report = written(Form::Report, refused());
    assert_eq!((report.kind, report.envelope.reverse_path), (Kind::Report, ReversePath::Null));
    insta::assert_snapshot!("report", String::from_utf8(report.bytes.to_vec()).unwrap().replace('\r', ""));
    let status = dsn::read(&report.bytes).unwrap();
    assert_eq!(status.envelope_id.as_deref(), Some("QQ 314159"));
    assert_eq!(status.recipients[0].original_recipient.as_ref().unwrap().as_str(), "ana+old@example.org");
}

#[test]
fn a_digest_from_a_row() {
    let digest = written(Form::Digest, refused());
    insta::assert_snapshot!("digest", String::from_utf8(digest.bytes.to_vec()).unwrap().replace('\r', ""));
}

/// The last attempt at 100 hours was put off like those before it.
fn expired(reason: Reason, answer: &str) -> Obligation {
    let mut one = refused();
    one.row.attempts = 74;
    one.last_attempt_at = Some(at("2026-11-27T11:00:01Z"));
    (one.row.reason, one.row.answer) = (Some(reason), Some(answer.to_owned()));
    one
}

#[test]
fn after_100_hours() {
    let later = "451 4.7.1 come back later";
    insta::assert_snapshot!("put_off", words(expired(Reason::TryLater, later)));
    insta::assert_snapshot!("full", words(expired(Reason::MailboxFull, "452 4.2.2 mailbox full")));
    let lost = expired(Reason::ConnectionLost, "the connection broke");
    insta::assert_snapshot!("lost", words(lost.clone()));
    let report = written(Form::Report, lost);
    let status = dsn::read(&report.bytes).unwrap().recipients.remove(0);
    assert_eq!((status.status.to_string().as_str(), status.diagnostic), ("5.4.7", None), "no reply of SMTP");
}

/// That it is tried again by itself is never said of what comes back.
#[test]
fn nobody_is_told_to_wait_for_what_is_given_up() {
    for &reason in Reason::ALL {
        let text = words(expired(reason, ""));
        for untrue in ["it is tried again", "by itself", "goes out", "Nothing at first"] {
            assert!(!text.contains(untrue), "{reason:?}: {text}");
        }
        assert_eq!(text.contains("in the time allowed"), reason.is_wait() || reason == Reason::Expired);
    }
}

#[test]
fn what_was_never_tried() {
    let mut one = expired(Reason::Expired, "192.0.2.1:25: Connection refused");
    (one.row.attempts, one.first_attempt_at, one.last_attempt_at) = (0, None, None);
    insta::assert_snapshot!("never_tried", words(one));
}

#[test]
fn what_may_have_arrived() {
    let mut one = refused();
    one.row.in_doubt_at = Some(at("2026-11-23T07:00:01Z"));
    insta::assert_snapshot!("in_doubt", words(one));
}

#[test]
fn what_goes_back_is_what_the_sender_asked_for() {
    let whole = b"Subject: Overdue\r\n\r\nBring it back.\r\n";
    let large = [whole.as_slice(), "0123456789abcdef\r\n".repeat(60_000).as_bytes()].concat();
    for (ret, original, attached_whole) in [
        (None, whole.as_slice(), false),
        (Some(Ret::Headers), whole, false),
        (Some(Ret::Full), whole, true),
        (Some(Ret::Full), &large, false),
    ] {
        let attached = attached(&Obligation { ret, ..refused() }, Some(original));
        assert_eq!(matches!(attached, Original::Whole(_)), attached_whole, "{ret:?} {}", original.len());
    }
}

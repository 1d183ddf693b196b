//! Reads a bounce, as tolerant as the field demands: lines that end with LF only, fields that are missing, folded or without
//! their type, comments, addresses in angle brackets, texts that were never decoded.

use jiff::Timestamp;
use mailparse::ParsedMail;

use super::{
    Action, RecipientReport, Report,
    fields::{from_ascii, from_xtext, one_line},
};
use crate::{Address, EnhancedStatusCode};

/// Parts are looked for so deep; no mail system nests a report deeper.
const DEEPEST: usize = 5;

/// Why a mail is no report that a program can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAReport {
    /// It is no mail at all.
    #[error("this is not a mail message")]
    NotMail,
    /// There is no `message/delivery-status` part: an answer of a person, an out-of-office note, an old-fashioned bounce.
    #[error("the message has no delivery-status part")]
    NoStatus,
    /// There is one, but it names no recipient.
    #[error("the delivery-status part names no recipient")]
    NoRecipient,
}

/// Reads the report in the bytes of a whole mail.
pub fn read(message: &[u8]) -> Result<Report, NotAReport> {
    let mail = mailparse::parse_mail(message).map_err(|_| NotAReport::NotMail)?;
    let part = status_part(&mail, 0).ok_or(NotAReport::NoStatus)?;
    let body = part.get_body_raw().map_err(|_| NotAReport::NoStatus)?;
    read_status(&body)
}

/// Reads the body of a `message/delivery-status` part.
pub fn read_status(body: &[u8]) -> Result<Report, NotAReport> {
    let groups = groups(&String::from_utf8_lossy(body));

    // The first group should speak of the message and the others of recipients; a group is believed for what it holds.
    let about_message = |name| groups.iter().find_map(|group| group.get(name));
    let recipients: Vec<_> = groups.iter().filter_map(recipient).collect();
    if recipients.is_empty() {
        return Err(NotAReport::NoRecipient);
    }
    Ok(Report {
        reporting_mta: about_message("reporting-mta").map(after_type).filter(|text| !text.is_empty()),
        arrival_date: about_message("arrival-date").and_then(instant),
        envelope_id: about_message("original-envelope-id").map(from_ascii).filter(|text| !text.is_empty()),
        recipients,
    })
}

/// The address in an `ORCPT=` parameter (RFC 3461 section 4.2), such as `rfc822;ana+2Bbooks@example.org`; one of another type is
/// no mail address (X.400), and none of ours.
pub fn original_from_parameter(parameter: &str) -> Option<Address> {
    let (kind, xtext) = parameter.split_once(';')?;
    if !["rfc822", "utf-8"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return None;
    }
    Address::parse(&from_ascii(&from_xtext(xtext)?)).ok()
}

fn status_part<'a, 'b>(mail: &'a ParsedMail<'b>, depth: usize) -> Option<&'a ParsedMail<'b>> {
    match mail.ctype.mimetype.to_ascii_lowercase().as_str() {
        "message/delivery-status" | "message/global-delivery-status" => Some(mail),
        _ if depth == DEEPEST => None,
        _ => mail.subparts.iter().find_map(|part| status_part(part, depth + 1)),
    }
}

/// The fields between two empty lines: names in lower case, values on one line.
#[derive(Default)]
struct Group(Vec<(String, String)>);

impl Group {
    /// The first field of that name which is not empty.
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v.as_str())
    }
}

/// Fields are put on one line when all their lines are known: one by one, a field of many lines would cost their square.
fn groups(text: &str) -> Vec<Group> {
    let mut groups = vec![Group::default()];
    for line in text.lines() {
        let Some(group) = groups.last_mut() else { break };
        if line.trim().is_empty() {
            groups.push(Group::default());
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = group.0.last_mut() {
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            group.0.push((name.trim().to_ascii_lowercase(), value.to_owned()));
        }
    }
    for (_, value) in groups.iter_mut().flat_map(|group| &mut group.0) {
        *value = one_line(value);
    }
    groups
}

fn recipient(group: &Group) -> Option<RecipientReport> {
    let original = group.get("original-recipient").and_then(original_address);
    let last = group.get("final-recipient").and_then(address);
    let diagnostic = group.get("diagnostic-code").map(after_type).filter(|text| !text.is_empty());
    let said = group.get("status").and_then(code).or_else(|| diagnostic.as_deref().and_then(code_in_words));
    let action = group.get("action").and_then(action).or_else(|| said.map(action_of))?;
    Some(RecipientReport {
        final_recipient: last.or_else(|| original.clone())?,
        original_recipient: original,
        action,
        status: said.unwrap_or_else(|| code_of(action)),
        remote_mta: group.get("remote-mta").map(after_type).filter(|text| !text.is_empty()),
        diagnostic,
        last_attempt: group.get("last-attempt-date").and_then(instant),
        will_retry_until: group.get("will-retry-until").and_then(instant),
    })
}

/// `type; text`, or the text alone where the type was forgotten.
fn split_type(value: &str) -> (&str, &str) {
    match value.split_once(';') {
        Some((kind, text)) if !kind.trim().contains([' ', '@', ':']) => (kind.trim(), text.trim()),
        _ => ("", value.trim()),
    }
}

fn after_type(value: &str) -> String {
    from_ascii(split_type(value).1)
}

fn address(value: &str) -> Option<Address> {
    let text = after_type(value);
    let bare = text.trim_start_matches('<').trim_end_matches('>');
    Address::parse(bare).ok()
}

/// Some systems copy `ORCPT` without decoding it. Only what xtext must encode and an address may hold is taken back.
fn original_address(value: &str) -> Option<Address> {
    let (kind, text) = split_type(value);
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('+') {
        let (before, from_plus) = rest.split_at(at);
        decoded.push_str(before);
        let (c, tail) = match (from_plus.strip_prefix("+2B"), from_plus.strip_prefix("+3D")) {
            (Some(tail), _) => ('+', tail),
            (_, Some(tail)) => ('=', tail),
            _ => ('+', from_plus.get(1..).unwrap_or_default()),
        };
        decoded.push(c);
        rest = tail;
    }
    decoded.push_str(rest);
    address(&format!("{kind}; {decoded}"))
}

fn action(value: &str) -> Option<Action> {
    let word = value.split([' ', '(']).next()?.to_ascii_lowercase();
    [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded]
        .into_iter()
        .find(|action| action.as_str() == word || (word == "failure" && *action == Action::Failed))
}

fn action_of(status: EnhancedStatusCode) -> Action {
    match status.0 {
        2 => Action::Delivered,
        4 => Action::Delayed,
        _ => Action::Failed,
    }
}

fn code_of(action: Action) -> EnhancedStatusCode {
    match action {
        Action::Failed => EnhancedStatusCode(5, 0, 0),
        Action::Delayed => EnhancedStatusCode(4, 0, 0),
        Action::Delivered | Action::Relayed | Action::Expanded => EnhancedStatusCode(2, 0, 0),
    }
}

/// `5.1.1`, perhaps followed by a comment.
fn code(value: &str) -> Option<EnhancedStatusCode> {
    let word = value.split([' ', '(', ';']).next()?;
    let mut parts = word.split('.').map(|part| part.parse::<u16>().ok());
    let code = EnhancedStatusCode(parts.next()??, parts.next()??, parts.next()??);
    (parts.next().is_none() && matches!(code.0, 2 | 4 | 5)).then_some(code)
}

/// The code at the start of an answer's words: `550 5.1.1 no such user`, `550-5.1.1 no`.
pub(super) fn code_in_words(words: &str) -> Option<EnhancedStatusCode> {
    words.split([' ', '-', '#']).take(3).find_map(code)
}

/// Dates as mails have them; the reader of dates also takes forms that RFC 5322 does not know.
fn instant(value: &str) -> Option<Timestamp> {
    Timestamp::from_second(mailparse::dateparse(value).ok()?).ok()
}

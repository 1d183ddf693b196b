//! The mail that brings one message back to the library, in words for whoever opens it at the end of a long day.

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};

use super::{Action, RecipientReport, Report, fields::one_line, mime};
use crate::{Address, EnhancedStatusCode, Reason, Reply};

/// A name and an address, for From.
#[derive(Clone)]
pub struct Mailbox {
    /// The display name, in any script.
    pub name: String,
    /// The address.
    pub address: Address,
}

/// One message came back, wholly or for some of its recipients.
///
/// This value and those in it cannot be printed for debugging: they name patrons.
#[derive(Clone)]
pub struct ReturnReport {
    /// The message's return address.
    pub to: Address,
    /// The site or Bookpost itself.
    pub from: Mailbox,
    /// The name that this host gives itself.
    pub reporting_mta: String,
    /// What came back.
    pub message: ReturnedMessage,
    /// For whom; at least one.
    pub recipients: Vec<Returned>,
    /// When the report is written.
    pub date: Timestamp,
    /// The report's own Message-ID, with or without angle brackets.
    pub message_id: String,
    /// The site's time zone, for the times in the words.
    pub time_zone: TimeZone,
}

/// The message that came back.
#[derive(Clone)]
pub struct ReturnedMessage {
    /// Its Message-ID, with or without angle brackets.
    pub message_id: String,
    /// The envelope id that its sender gave (`ENVID`), decoded. A [`super::Digest`] does not use it.
    pub envelope_id: Option<String>,
    /// Its subject, decoded.
    pub subject: String,
    /// The library that it is from.
    pub site_name: String,
    /// The notice and its run, such as `Overdue notices of 23 November`; `None` for a message that is no notice.
    pub run_name: Option<String>,
    /// When Bookpost took it.
    pub accepted_at: Timestamp,
    /// What is attached of it. A [`super::Digest`] does not use it.
    pub original: Original,
}

/// What is attached of a message (RFC 3461 section 4.3: `RET=`).
#[derive(Clone, PartialEq, Eq)]
pub enum Original {
    /// Its header block as it was sent, without the empty line after it.
    Headers(Vec<u8>),
    /// All of it.
    Whole(Vec<u8>),
}

/// A recipient that the message did not reach.
#[derive(Clone)]
pub struct Returned {
    /// The address that was tried.
    pub address: Address,
    /// The address that the sender named as the original one (`ORCPT`).
    pub original_address: Option<Address>,
    /// Whose it is, where that is known.
    pub patron_name: Option<String>,
    /// The patron's number or barcode, where that is known.
    pub patron_number: Option<String>,
    /// Why, as a value.
    pub reason: Reason,
    /// Why, as one plain sentence.
    pub plain_reason: String,
    /// What the library can do about it, in plain sentences.
    pub what_to_do: String,
    /// The server's own answer, if one gave it.
    pub answer: Option<Reply>,
    /// What went wrong, for IT, where no server answered.
    pub failure: Option<String>,
    /// The answer to an earlier attempt was never read.
    pub may_have_arrived: bool,
    /// The code for programs; without it the answer's, or else one that fits the reason.
    pub code: Option<EnhancedStatusCode>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was first tried, if ever.
    pub first_attempt_at: Option<Timestamp>,
    /// When it was last tried, if ever.
    pub last_attempt_at: Option<Timestamp>,
}

impl ReturnReport {
    /// The whole mail, ready for a transaction with the null reverse-path.
    pub fn write(&self) -> Vec<u8> {
        let head = mime::Head {
            from: &self.from,
            to: &self.to,
            subject: self.subject(),
            date: self.date,
            message_id: &self.message_id,
            references: Some(&self.message.message_id),
        };
        let status = Report {
            reporting_mta: Some(self.reporting_mta.clone()),
            arrival_date: Some(self.message.accepted_at),
            envelope_id: self.message.envelope_id.clone(),
            recipients: self.recipients.iter().map(Returned::report).collect(),
        };
        mime::write(&head, mime::plain(&self.words()), &status, Some(&self.message.original))
    }

    /// `Not delivered: notice to Ana Pérez (patron 1234)`. Titles of items are never in it.
    fn subject(&self) -> String {
        let kind = self.message.kind();
        match self.recipients.as_slice() {
            [only] => format!("Not delivered: {kind} to {}", only.who()),
            several => format!("Not delivered: {kind} to {} addresses", several.len()),
        }
    }

    fn words(&self) -> String {
        let message = &self.message;
        let mut out = format!("This {} could not be delivered.", message.kind());
        out.push_str(match self.recipients.as_slice() {
            all if all.iter().any(|returned| returned.may_have_arrived) => "\n",
            [_] => " The person below has not received it.\n",
            _ => " The people below have not received it.\n",
        });
        for returned in &self.recipients {
            out.push('\n');
            line(&mut out, "Patron", returned.patron_name.as_deref());
            line(&mut out, "Patron number", returned.patron_number.as_deref());
            line(&mut out, "Address", Some(returned.address.as_str()));
            line(&mut out, "Library", Some(&message.site_name));
            line(&mut out, "Notice", message.run_name.as_deref());
            line(&mut out, "Subject", Some(&message.subject));
            let _ = write!(out, "\nWhy: {}\n", returned.why());
            let _ = write!(out, "What to do: {}\n\n", one_line(&returned.what_to_do));
            out.push_str(&self.history(returned));
            if let Some(said) = returned.said() {
                let title = if returned.answer.is_some() {
                    "the mail server's own answer"
                } else {
                    "what went wrong"
                };
                let _ = write!(out, "\nFor your IT person, {title}:\n  {said}\n");
            }
        }
        out.push_str("\nNothing more will be sent for it. ");
        out.push_str(match message.original {
            Original::Headers(_) => "Its text is not attached; its headers are.\n",
            Original::Whole(_) => "It is attached.\n",
        });
        out
    }

    /// When it was taken, first tried, how often, until when.
    fn history(&self, returned: &Returned) -> String {
        let at = |instant: Timestamp| moment(instant, &self.time_zone);
        let accepted = at(self.message.accepted_at);
        match (returned.attempts, returned.first_attempt_at, returned.last_attempt_at) {
            (0, _, _) | (_, None, _) => {
                let why = if returned.reason == Reason::Expired {
                    ", because mail could not be sent in all that time"
                } else {
                    ""
                };
                format!("Given to Bookpost on {accepted}. It was never tried{why}.\n")
            }
            (1, Some(first), _) => format!("Tried once, on {}.\n", at(first)),
            (times, Some(first), Some(last)) => {
                format!(
                    "First tried on {}.\nTried {times} times, the last time on {}.\n",
                    at(first),
                    at(last)
                )
            }
            (times, Some(first), None) => format!("First tried on {}. Tried {times} times.\n", at(first)),
        }
    }
}

impl ReturnedMessage {
    /// The word for it.
    fn kind(&self) -> &'static str {
        if self.run_name.is_some() { "notice" } else { "message" }
    }
}

impl Returned {
    /// The patron, or the address where nobody is known to be behind it.
    fn who(&self) -> String {
        match (&self.patron_name, &self.patron_number) {
            (Some(name), Some(number)) => format!("{name} (patron {number})"),
            (Some(name), None) => name.clone(),
            (None, Some(number)) => format!("patron {number}"),
            (None, None) => self.address.to_string(),
        }
    }

    /// Why, with all that is to be known before somebody sends it again.
    pub(super) fn why(&self) -> String {
        let copy = if self.may_have_arrived { " An earlier copy may have arrived." } else { "" };
        format!("{}{copy}", one_line(&self.plain_reason))
    }

    /// What the server said, or what went wrong without it, on one line.
    pub(super) fn said(&self) -> Option<String> {
        self.answer.as_ref().map(answer_text).or_else(|| self.failure.as_deref().map(one_line))
    }

    /// The same for programs.
    pub(super) fn report(&self) -> RecipientReport {
        let answered = self.answer.as_ref().and_then(|answer| answer.enhanced);
        RecipientReport {
            final_recipient: self.address.clone(),
            original_recipient: self.original_address.clone(),
            action: Action::Failed,
            status: self.code.or(answered).unwrap_or_else(|| usual_code(self.reason)),
            remote_mta: None,
            diagnostic: self.answer.as_ref().map(answer_text),
            last_attempt: self.last_attempt_at,
            will_retry_until: None,
        }
    }
}

/// The answer on one line.
pub(super) fn answer_text(answer: &Reply) -> String {
    one_line(&answer.to_string())
}

/// `Monday, 23 November 2026, 08:00 (UTC)`
pub(super) fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%A, %-d %B %Y, %H:%M (%Z)").to_string()
}

pub(super) fn line(out: &mut String, label: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = writeln!(out, "  {:<15}{}", format!("{label}:"), one_line(value));
    }
}

/// The code of RFC 3463 that fits a reason for which no server gave one.
fn usual_code(reason: Reason) -> EnhancedStatusCode {
    let (class, subject, detail) = match reason {
        Reason::AddressUnknown => (5, 1, 1),
        Reason::DomainUnknown => (5, 1, 2),
        Reason::MailboxFull => (5, 2, 2),
        Reason::ServerFull => (5, 3, 1),
        Reason::TooLarge => (5, 3, 4),
        Reason::Unreachable | Reason::TimedOut => (5, 4, 1),
        Reason::ConnectionLost => (5, 4, 2),
        Reason::HostNotFound => (5, 4, 4),
        Reason::Expired => (5, 4, 7),
        Reason::TooManyRecipients => (5, 5, 3),
        Reason::ConversionUnsupported => (5, 6, 3),
        Reason::Utf8Unsupported => (5, 6, 7),
        Reason::HeaderUtf8Unsupported => (5, 6, 9),
        Reason::Reputation | Reason::SenderRefused | Reason::RelayDenied => (5, 7, 1),
        _ => (5, 0, 0),
    };
    EnhancedStatusCode(class, subject, detail)
}

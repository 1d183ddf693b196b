//! Mail about mail that a server had accepted, and could not deliver after all.
//!
//! [`read()`] tells a report of a failure or a delay from what programs answer by themselves and from everything else. Reports of
//! RFC 3464 are read by [`crate::dsn`]; older forms, which are texts for people, in `texts`. What is read is bounded: so many octets,
//! so many parts, no recursion.
//!
//! This part believes what it reads. Which message a report is about, and whether whoever wrote it can know that, is the caller's.

mod parts;
mod texts;
mod why;

use jiff::Timestamp;

use self::parts::Parts;
use crate::{
    Address, Reason,
    dsn::{self, Action, RecipientReport},
};

/// Octets of a report that are read. What goes back of a message stands at the end.
pub const MOST_READ: usize = 1 << 20;
/// Recipients of one report.
const MOST_RECIPIENTS: usize = 1000;
/// Characters of a server's words that are kept.
const MOST_WORDS: usize = 500;

/// What a mail is that came to where undeliverable mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A mail server could not deliver, or not yet.
    Report(BounceReport),
    /// A program's own answer (RFC 3834), a receipt, the news that something was delivered: nothing to be done.
    Automatic,
    /// For a person to read.
    Other,
}

/// What a mail server reports of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BounceReport {
    /// Who reports, as it names itself.
    pub reporting_mta: Option<String>,
    /// The Message-ID of the message that it is about, with its angle brackets, as it stands in what came back of it.
    pub message_id: Option<String>,
    /// One entry for each recipient; at least one.
    pub recipients: Vec<Bounced>,
}

/// One recipient of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounced {
    /// By which it may be known: the address as the sender wrote it, and as it was in the end.
    pub addresses: Vec<Address>,
    /// What happened.
    pub happened: Happened,
    /// Why; of a delay, what the last attempt met with.
    pub reason: Reason,
    /// The server's own words, on one line.
    pub words: String,
}

/// Whether it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happened {
    /// It was given up.
    Failed,
    /// It is still being tried, until then where that is said. Whoever takes this for a failure writes off a good address.
    Delayed(Option<Timestamp>),
}

/// Reads a mail.
pub fn read(message: &[u8]) -> Incoming {
    let Some(parts) = Parts::of(message.get(..MOST_READ).unwrap_or(message)) else { return Incoming::Other };
    if let Some(report) = parts.status.as_deref().and_then(|status| dsn::read_status(status).ok()) {
        return of_report(&parts, &report);
    }
    let failed = parts.header("X-Failed-Recipients");
    if failed.is_none() && parts.is_automatic() {
        return Incoming::Automatic;
    }
    if failed.is_none() && !parts.is_from_a_mail_system() {
        return Incoming::Other;
    }
    let Some(found) = texts::read(&parts.text, failed.as_deref()) else { return Incoming::Other };
    let message_id = parts.original_id.clone().or(found.message_id);
    report(None, message_id, found.recipients)
}

/// The addresses that a mail was sent to, as those who handed it on wrote them down.
pub fn sent_to(message: &[u8]) -> Vec<Address> {
    ["Delivered-To", "X-Original-To", "Envelope-To", "To"]
        .into_iter()
        .filter_map(|name| crate::message::header(message, name))
        .flat_map(|value| texts::addresses(&value))
        .collect()
}

fn of_report(parts: &Parts<'_>, status: &dsn::Report) -> Incoming {
    let recipients: Vec<_> =
        status.recipients.iter().filter_map(|one| bounced(one, parts)).take(MOST_RECIPIENTS).collect();
    report(status.reporting_mta.clone(), parts.original_id.clone(), recipients)
}

fn report(reporting_mta: Option<String>, message_id: Option<String>, recipients: Vec<Bounced>) -> Incoming {
    if recipients.is_empty() {
        return Incoming::Automatic;
    }
    Incoming::Report(BounceReport { reporting_mta, message_id, recipients })
}

/// None of one that has it.
fn bounced(one: &RecipientReport, parts: &Parts<'_>) -> Option<Bounced> {
    let happened = match one.action {
        _ if one.gave_up() => Happened::Failed,
        Action::Delayed => Happened::Delayed(one.will_retry_until),
        _ => return None,
    };
    let addresses: Vec<_> = one.original_recipient.iter().chain([&one.final_recipient]).cloned().collect();
    // OpenSMTPD and others say why in the words to people alone.
    let words = one.diagnostic.clone().or_else(|| texts::said_of(&parts.text, &one.final_recipient));
    let words = shortened(&words.unwrap_or_default());
    let reason = why::reason(happened, one.precise_status(), &words, why::was_after_data(&parts.text));
    Some(Bounced { addresses, happened, reason, words })
}

fn shortened(words: &str) -> String {
    words.chars().take(MOST_WORDS).collect()
}

#[cfg(test)]
mod tests;

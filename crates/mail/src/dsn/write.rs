//! Writes the `message/delivery-status` part (RFC 3464 section 2.1).

use std::fmt::Write as _;

use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};

use super::{
    RecipientReport, Report,
    fields::{one_line, to_ascii, to_utf8_address},
};
use crate::Address;

/// Lines are folded here where a space allows it (RFC 5322 section 2.1.1).
const FOLD_AT: usize = 76;
/// And cut here where none does; with the fold's space this stays below the 998 of RFC 5322.
const CUT_AT: usize = 900;
/// `\x{10FFFF}`
const LONGEST_ESCAPE: usize = 10;

impl Report {
    /// The body of the part: ASCII, lines end with CRLF and are short. What [`super::read()`] makes of it is equal to `self` as
    /// far as texts are on one line, without a word of over 900 bytes, and instants are whole seconds.
    pub fn write(&self) -> String {
        let mut out = String::new();
        // Required: a report whose host is not known names nobody's.
        typed(&mut out, "Reporting-MTA", "dns", self.reporting_mta.as_deref().or(Some("unknown.invalid")));
        field(&mut out, "Original-Envelope-Id", self.envelope_id.as_deref());
        field(&mut out, "Arrival-Date", self.arrival_date.and_then(date).as_deref());
        for recipient in &self.recipients {
            out.push_str("\r\n");
            write_recipient(&mut out, recipient);
        }
        out
    }
}

fn write_recipient(out: &mut String, recipient: &RecipientReport) {
    if let Some(original) = &recipient.original_recipient {
        // A reader takes `+2B` for xtext that somebody forgot to decode, so a literal one is encoded.
        let text = original.as_str().replace("+2B", "+2B2B").replace("+3D", "+2B3D");
        address(out, "Original-Recipient", original, &text);
    }
    let last = &recipient.final_recipient;
    address(out, "Final-Recipient", last, last.as_str());
    field(out, "Action", Some(recipient.action.as_str()));
    field(out, "Status", Some(&recipient.status.to_string()));
    typed(out, "Remote-MTA", "dns", recipient.remote_mta.as_deref());
    typed(out, "Diagnostic-Code", "smtp", recipient.diagnostic.as_deref());
    field(out, "Last-Attempt-Date", recipient.last_attempt.and_then(date).as_deref());
    field(out, "Will-Retry-Until", recipient.will_retry_until.and_then(date).as_deref());
}

/// An address with its type; `text` is one of ASCII. In one of the type `utf-8` nothing stands that has a meaning in xtext
/// (RFC 6533 section 3).
fn address(out: &mut String, name: &str, address: &Address, text: &str) {
    if address.is_ascii() {
        typed(out, name, "rfc822", Some(text));
    } else {
        line(out, name, ["utf-8;".to_owned(), to_utf8_address(address.as_str())]);
    }
}

fn date(at: Timestamp) -> Option<String> {
    rfc2822::to_string(&at.to_zoned_datetime(TimeZone::UTC)).ok()
}

fn typed(out: &mut String, name: &str, kind: &str, value: Option<&str>) {
    field(out, name, value.map(|v| format!("{kind}; {v}")).as_deref());
}

fn field(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        line(out, name, one_line(value).split(' ').flat_map(pieces));
    }
}

/// Words in ASCII, none of which is too long.
fn line(out: &mut String, name: &str, words: impl IntoIterator<Item = String>) {
    let _ = write!(out, "{name}:");
    let mut column = name.len() + 1;
    for word in words {
        if column + 1 + word.len() > FOLD_AT && column > name.len() + 1 {
            out.push_str("\r\n");
            column = 0;
        }
        let _ = write!(out, " {word}");
        column += 1 + word.len();
    }
    out.push_str("\r\n");
}

/// The word in ASCII, cut where it is too long for a line; never inside an escape.
fn pieces(word: &str) -> Vec<String> {
    let whole = to_ascii(word);
    if whole.len() <= CUT_AT {
        return vec![whole];
    }
    let characters: Vec<char> = word.chars().collect();
    characters
        .chunks(CUT_AT / LONGEST_ESCAPE)
        .map(|piece| to_ascii(&piece.iter().collect::<String>()))
        .collect()
}

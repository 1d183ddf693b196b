//! The header of a message on its way in: what it says, and what is to be changed in it.

use std::{borrow::Cow, ops::Range};

use super::{Circumstances, Refused, loops::Passed, once::Once};
use crate::{
    Address,
    address::in_header,
    message::{
        field_of_mailbox,
        fields::{End, Field, Fields, line_end},
        octets::slice,
        text_of_field,
    },
};

/// Programs write some dozen; each costs work in every program that reads the mail.
pub(super) const MOST_FIELDS: usize = 1000;
/// Large receivers take less than that.
pub(super) const MOST_HEADER_OCTETS: usize = 256 * 1024;
/// How much of a wrong line is shown.
const SHOWN: usize = 40;
/// Message-IDs go into other fields, on one line.
const MOST_ID_OCTETS: usize = 900;

/// Octets of the message that are replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) text: Cow<'static, str>,
}

/// The header as read.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// Where the first field begins.
    pub(super) start: usize,
    pub(super) body_at: usize,
    /// The body begins with no empty line before it.
    pub(super) lacks_empty_line: bool,
    /// In the order of the message, none inside another.
    pub(super) edits: Vec<Edit>,
    /// Fields that were missing, with their line ends.
    pub(super) added: String,
    pub(super) message_id: String,
    pub(super) subject: String,
    pub(super) from: Vec<Address>,
    pub(super) is_utf8: bool,
    pub(super) is_dkim_signed: bool,
    pub(super) has_parts: bool,
}

/// Where the first field begins: behind the `From ` line of a mailbox file.
pub(super) fn start(message: &[u8]) -> usize {
    let line_of_mailbox = message.strip_prefix(b">").unwrap_or(message).strip_prefix(b"From ");
    let is_field = |rest: &[u8]| rest.trim_ascii_start().starts_with(b":");
    if line_of_mailbox.is_some_and(|rest| !is_field(rest)) { line_end(message, 0) } else { 0 }
}

impl Header {
    /// Reads and checks it.
    pub(super) fn read(message: &[u8], circumstances: &Circumstances<'_>) -> Result<Self, Refused> {
        let start = start(message);
        let reading = Reading {
            circumstances,
            skipped_lines: usize::from(start > 0),
            header: Self { start, ..Self::default() },
            seen: [None; Once::ALL.len()],
            joined: None,
            passed: Passed::default(),
        };
        reading.read(message)
    }

    fn edit(&mut self, range: Range<usize>, text: impl Into<Cow<'static, str>>) {
        self.edits.push(Edit { range, text: text.into() });
    }
}

struct Reading<'a> {
    circumstances: &'a Circumstances<'a>,
    skipped_lines: usize,
    header: Header,
    /// The first of each that was met.
    seen: [Option<First>; Once::ALL.len()],
    /// One that stands twice and was made one.
    joined: Option<Once>,
    passed: Passed,
}

/// Where another list can be joined to a field.
#[derive(Debug, Clone, Copy)]
struct First {
    end: usize,
    wants_comma: bool,
}

impl Reading<'_> {
    fn read(mut self, message: &[u8]) -> Result<Header, Refused> {
        let mut fields = Fields::new(message, self.header.start);
        for (number, field) in fields.by_ref().enumerate() {
            if field.range().end - self.header.start > MOST_HEADER_OCTETS {
                return Err(Refused::HeaderTooLarge);
            }
            if number >= MOST_FIELDS {
                return Err(Refused::TooManyFields);
            }
            self.field(&field)?;
        }
        let (body_at, end) = fields.end();
        self.header.body_at = body_at;
        if let End::NotAField(line) = end {
            self.header.lacks_empty_line = true;
            if self.circumstances.completion.is_none() {
                let begins = slice(message, body_at..line_end(message, body_at));
                let begins = String::from_utf8_lossy(begins).trim_end().chars().take(SHOWN).collect();
                return Err(Refused::NotAField { line: line + self.skipped_lines, begins });
            }
        }
        self.passed.check()?;
        self.complete()?;
        Ok(self.header)
    }

    fn field(&mut self, field: &Field<'_>) -> Result<(), Refused> {
        let is_utf8 = !field.raw.is_ascii();
        if is_utf8 && str::from_utf8(field.raw).is_err() {
            return Err(Refused::NotUtf8 { line: field.line + self.skipped_lines });
        }
        if ["Bcc", "Resent-Bcc", "Return-Path"].iter().any(|removed| field.is(removed)) {
            self.header.edit(field.range(), "");
            return Ok(());
        }
        self.header.is_utf8 |= is_utf8;
        if !field.blanks().is_empty() {
            self.header.edit(field.blanks(), "");
        }
        if let Some(once) = Once::called(field.name) {
            return self.once(once, field);
        }
        self.other(field);
        Ok(())
    }

    fn other(&mut self, field: &Field<'_>) {
        let begins_with = |word: &str| {
            let value = field.value().trim_ascii_start();
            value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        };
        if field.is("Received") {
            self.passed.read(field.value(), self.circumstances.instance);
        } else if field.is("Content-Type") {
            self.header.has_parts |= begins_with("multipart/") || begins_with("message/");
        } else if field.is("DKIM-Signature") {
            self.header.is_dkim_signed = true;
        }
    }

    fn once(&mut self, once: Once, field: &Field<'_>) -> Result<(), Refused> {
        let value = str::from_utf8(field.value()).unwrap_or_default();
        let without_domain = self.addresses(once, value)?;
        if let Some(first) = self.seen.get(once as usize).copied().flatten() {
            let value = completed(value, &without_domain, self.domain());
            return self.twice(once, field, first, value.trim());
        }
        let is_usable = match once {
            Once::From => !self.header.from.is_empty(),
            Once::Date => !value.trim().is_empty(),
            Once::MessageId => {
                usable_id(value).map(|id| id.clone_into(&mut self.header.message_id)).is_some()
            }
            Once::Subject => {
                self.header.subject = text_of_field(field.raw);
                true
            }
            _ => true,
        };
        if !is_usable {
            self.header.edit(field.range(), "");
            return Ok(());
        }
        for at in without_domain {
            let at = field.value_range().start + at;
            let domain = format!("@{}", self.domain());
            self.header.edit(at..at, domain);
        }
        let first = First { end: field.value_range().end, wants_comma: wants_comma(value) };
        if let Some(seen) = self.seen.get_mut(once as usize) {
            *seen = Some(first);
        }
        Ok(())
    }

    /// Reads the addresses of a field that has them, as far as they matter: the authors, and for `sendmail` the places where a
    /// domain is missing. What it cannot read in other fields than From stays as it is.
    fn addresses(&mut self, once: Once, value: &str) -> Result<Vec<usize>, Refused> {
        let domain = self.circumstances.completion.map(|completion| completion.domain);
        if !once.has_addresses() || (once != Once::From && domain.is_none()) {
            return Ok(Vec::new());
        }
        match in_header(value, domain) {
            Ok(listed) => {
                let without_domain = listed.iter().filter_map(|one| one.without_domain).collect();
                if once == Once::From {
                    self.header.from.extend(listed.into_iter().map(|one| one.address));
                }
                Ok(without_domain)
            }
            Err(error) if once == Once::From => Err(Refused::From(error)),
            Err(_) => Ok(Vec::new()),
        }
    }

    fn domain(&self) -> &str {
        self.circumstances.completion.map_or("", |completion| completion.domain)
    }

    /// Joins the second field to the first, where two are the same as one.
    fn twice(&mut self, once: Once, field: &Field<'_>, first: First, value: &str) -> Result<(), Refused> {
        if !once.is_joined() {
            return Err(Refused::Twice(once.name()));
        }
        self.joined = Some(once);
        self.header.edit(field.range(), "");
        if !value.is_empty() {
            let comma = if first.wants_comma { "," } else { "" };
            self.header.edit(first.end..first.end, format!("{comma}\r\n {value}"));
            if let Some(Some(first)) = self.seen.get_mut(once as usize) {
                first.wants_comma = wants_comma(value);
            }
        }
        Ok(())
    }

    /// Adds what is missing.
    fn complete(&mut self) -> Result<(), Refused> {
        if let Some(joined) = self.joined.filter(|_| self.header.is_dkim_signed) {
            return Err(Refused::Twice(joined.name())); // a signature can cover only one of them, and may cover that
        }
        if self.header.from.is_empty() {
            let from = self.circumstances.completion.ok_or(Refused::FromMissing)?.from;
            self.header.added.push_str(&field_of_mailbox("From", from));
            self.header.from.push(from.address.clone());
        }
        let has = |once: Once| self.seen.get(once as usize).is_some_and(Option::is_some);
        if self.header.from.len() > 1 && !has(Once::Sender) {
            return Err(Refused::SenderMissing(self.header.from.len()));
        }
        let (has_date, has_id) = (has(Once::Date), has(Once::MessageId));
        if !has_date {
            self.add("Date", self.circumstances.date);
        }
        if !has_id {
            let id = self.circumstances.message_id.trim_matches(['<', '>']);
            self.header.message_id = format!("<{id}>");
            self.add("Message-ID", &format!("<{id}>"));
        }
        self.header.is_utf8 |= !self.header.added.is_ascii();
        self.header.edits.sort_by_key(|edit| edit.range.start);
        Ok(())
    }

    fn add(&mut self, name: &str, value: &str) {
        let added = &mut self.header.added;
        for part in [name, ": ", value, "\r\n"] {
            added.push_str(part);
        }
    }
}

/// A list that ends in a comma, or is empty, is continued without one.
fn wants_comma(value: &str) -> bool {
    !value.trim_end().is_empty() && !value.trim_end().ends_with(',')
}

fn completed(value: &str, without_domain: &[usize], domain: &str) -> String {
    let mut completed = value.to_owned();
    for &at in without_domain.iter().rev() {
        completed.insert_str(at, &format!("@{domain}"));
    }
    completed
}

/// `<...>` without blanks, perhaps with a comment behind it; an `@` in it is not asked for, as some programs write none.
fn usable_id(value: &str) -> Option<&str> {
    let value = value.trim();
    let end = value.find('>')?;
    let (id, rest) = value.split_at_checked(end + 1)?;
    let inside = id.strip_prefix('<')?.strip_suffix('>')?;
    let is_one_word =
        !inside.is_empty() && !inside.chars().any(|c| c.is_whitespace() || c.is_control() || c == '<');
    let is_all = rest.is_empty() || rest.trim_start().starts_with('(');
    (is_one_word && is_all && id.len() <= MOST_ID_OCTETS).then_some(id)
}

//! From owed reports to the letter that a library reads.

use jiff::{Timestamp, tz::TimeZone};
use mail::{
    Address, Envelope, Reason, Reply, ReversePath,
    dsn::{
        Digest, DigestEntry, Mailbox, Original, RelayReport, Relayed, ReturnReport, Returned,
        ReturnedMessage, original_from_parameter,
    },
    envelope::{Ret, xtext_decode},
    reply::ReplyParser,
};
use store::{Class, Door, Kind, NewMessage, Obligation, RunName};

use super::plan::{Form, Letter};
use crate::config::{Config, Site};

/// Octets of a message that goes back whole.
const LARGEST_ATTACHED: usize = 1 << 20;

/// What a letter depends on beside what it tells.
pub(super) struct At<'a> {
    pub(super) config: &'a Config,
    pub(super) now: Timestamp,
    pub(super) random: u128,
    pub(super) time_zone: TimeZone,
}

/// The message that carries `letter`. `original` is the returned message, where its text is still kept.
///
/// It is from nobody; where that is refused, the attempt is made with an address.
pub(super) fn message(to: &Address, letter: &Letter, original: Option<&[u8]>, at: &At<'_>) -> NewMessage {
    let config = at.config;
    let first = &letter.first.row;
    let site = site(config, first.site.as_deref());
    let from = Mailbox { name: format!("Bookpost, {}", config.library), address: sender(config, site, to) };
    let id = mail::message::message_id(at.random, &config.sending.ehlo_name);
    let (bytes, subject) = match letter.form {
        Form::Report => (report(to, from, letter, original, &id, at), "return report"),
        Form::Digest => (digest(to, from, letter, &id, at), "summary of returns"),
        Form::Relayed => (relayed(to, from, letter, original, &id, at), "relayed"),
    };
    NewMessage {
        kind: Kind::Report,
        door: Door::Bookpost,
        class: Class::Normal,
        practice: first.practice,
        application: "bookpost".into(),
        site: site.map(|site| site.code.clone()),
        run: None,
        envelope: Envelope::to_one(ReversePath::Null, to.clone()),
        message_id: format!("<{id}>"),
        subject: subject.into(),
        tags: Vec::new(),
        patron: None,
        bytes: bytes.into(),
        first_due_at: at.now,
        expires_at: config.schedule.expires_at(at.now),
        lease: None,
    }
}

fn report(
    to: &Address,
    from: Mailbox,
    letter: &Letter,
    original: Option<&[u8]>,
    id: &str,
    at: &At<'_>,
) -> Vec<u8> {
    let report = ReturnReport {
        to: to.clone(),
        from,
        reporting_mta: at.config.sending.ehlo_name.clone(),
        message: returned_message(&letter.first, attached(&letter.first, original), at),
        recipients: letter.owed().map(returned).collect(),
        date: at.now,
        message_id: id.to_owned(),
        time_zone: at.time_zone.clone(),
    };
    report.write()
}

fn relayed(
    to: &Address,
    from: Mailbox,
    letter: &Letter,
    original: Option<&[u8]>,
    id: &str,
    at: &At<'_>,
) -> Vec<u8> {
    let recipient = |one: &Obligation| Relayed {
        address: one.row.to.address.clone(),
        original_address: one.row.to.original.as_deref().and_then(original_from_parameter),
        relayed_at: one.owed_since,
        answer: one.row.answer.as_deref().and_then(reply),
    };
    let report = RelayReport {
        to: to.clone(),
        from,
        reporting_mta: at.config.sending.ehlo_name.clone(),
        message: returned_message(&letter.first, headers(original), at),
        recipients: letter.owed().map(recipient).collect(),
        date: at.now,
        message_id: id.to_owned(),
        time_zone: at.time_zone.clone(),
    };
    report.write()
}

fn digest(to: &Address, from: Mailbox, letter: &Letter, id: &str, at: &At<'_>) -> Vec<u8> {
    let entry = |one: &Obligation| DigestEntry {
        message: returned_message(one, headers(None), at),
        returned: returned(one),
    };
    let digest = Digest {
        to: to.clone(),
        from,
        reporting_mta: at.config.sending.ehlo_name.clone(),
        entries: letter.owed().map(entry).collect(),
        date: at.now,
        message_id: id.to_owned(),
        time_zone: at.time_zone.clone(),
    };
    digest.write()
}

/// Reports come from the site's own address, which the server is known to take.
fn sender(config: &Config, site: Option<&Site>, to: &Address) -> Address {
    let own = site.and_then(|site| site.email.as_ref());
    own.or_else(|| Some(config.sender()?.1)).unwrap_or(to).clone()
}

fn site<'a>(config: &'a Config, code: Option<&str>) -> Option<&'a Site> {
    config.sites.iter().find(|site| Some(site.code.as_str()) == code)
}

/// What goes back of a message: its headers, as a rule; all of it, if its sender asked for that and it is not too much for a letter.
fn attached(one: &Obligation, original: Option<&[u8]>) -> Original {
    match (one.ret, original) {
        (Some(Ret::Full), Some(bytes)) if bytes.len() <= LARGEST_ATTACHED => Original::Whole(bytes.to_vec()),
        _ => headers(original),
    }
}

fn headers(original: Option<&[u8]>) -> Original {
    Original::Headers(original.map(|bytes| mail::message::header_block(bytes).to_vec()).unwrap_or_default())
}

fn returned_message(one: &Obligation, original: Original, at: &At<'_>) -> ReturnedMessage {
    let row = &one.row;
    let site_name = site(at.config, row.site.as_deref()).map_or(&at.config.library, |site| &site.name);
    ReturnedMessage {
        message_id: row.message_id.clone(),
        envelope_id: one.envelope_id.as_deref().and_then(xtext_decode),
        subject: row.subject.clone(),
        site_name: site_name.clone(),
        run_name: one.run.as_ref().map(|run| run_name(run, &at.time_zone)),
        accepted_at: row.accepted_at,
        original,
    }
}

/// `Overdue items of 23 November 2026 (overdues.csv)`
fn run_name(run: &RunName, zone: &TimeZone) -> String {
    let day = run.started_at.to_zoned_datetime(zone.clone()).strftime("%-d %B %Y");
    let words = run.notice.replace(['-', '_'], " ");
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let notice: String = first.chain(letters).collect();
    format!("{notice} of {day} ({})", run.source)
}

fn returned(one: &Obligation) -> Returned {
    let row = &one.row;
    let why = Why::of(row.reason.unwrap_or(Reason::Refused));
    let answer = row.answer.as_deref().and_then(reply);
    let failure = row.answer.clone().filter(|text| answer.is_none() && !text.is_empty());
    Returned {
        address: row.to.address.clone(),
        original_address: row.to.original.as_deref().and_then(original_from_parameter),
        patron_name: row.patron.as_ref().map(|patron| patron.name.clone()),
        patron_number: row.patron.as_ref().and_then(|patron| patron.number.clone()),
        reason: why.reason,
        plain_reason: why.words,
        what_to_do: why.what_to_do.to_owned(),
        code: answer.as_ref().and_then(|reply| reply.enhanced),
        answer,
        failure,
        may_have_arrived: row.in_doubt_at.is_some(),
        attempts: row.attempts,
        first_attempt_at: one.first_attempt_at,
        last_attempt_at: one.last_attempt_at,
    }
}

/// What the library is told of a reason.
struct Why {
    reason: Reason,
    words: String,
    what_to_do: &'static str,
}

impl Why {
    /// With the reason of a wait a row is returned only when its time is over; then that is the reason, and that it is tried
    /// again would be untrue. Who has a full mailbox can be told so all the same.
    fn of(stored: Reason) -> Self {
        if !stored.is_wait() {
            let words = stored.plain_words().to_owned();
            return Self { reason: stored, words, what_to_do: stored.what_to_do() };
        }
        let over = Reason::Expired;
        let mut last = stored.plain_words().chars();
        let first = last.next().into_iter().flat_map(char::to_lowercase);
        let words = format!(
            "{} At the last try: {}",
            over.plain_words(),
            first.chain(last.as_str().chars()).collect::<String>()
        );
        let about = if stored == Reason::MailboxFull { stored } else { over };
        Self { reason: over, words, what_to_do: about.what_to_do() }
    }
}

/// The stored answer as a reply again, if it was one and not the text of a failure.
fn reply(answer: &str) -> Option<Reply> {
    let line = format!("{answer}\r\n");
    ReplyParser::default().parse(&mut line.as_bytes()).ok().flatten()
}

#[cfg(test)]
mod tests;

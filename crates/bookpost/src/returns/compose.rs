//! From owed reports to the letter that a library reads.

use jiff::{Timestamp, tz::TimeZone};
use mail::{
    Address, Envelope, Reason, Reply, ReversePath,
    dsn::{Digest, DigestEntry, Mailbox, ReturnReport, Returned, ReturnedMessage},
    reply::ReplyParser,
};
use store::{Class, Kind, NewMessage, Obligation};

use super::plan::{Form, Letter};
use crate::config::{Config, Site};

/// The message that carries `letter`. `original` is the returned message, where its text is still kept.
pub(super) fn message(
    config: &Config,
    to: &Address,
    letter: &Letter,
    original: Option<&[u8]>,
    now: Timestamp,
    random: u128,
) -> NewMessage {
    let first = &letter.first;
    let practice = first.row.practice;
    let site = site(config, first.row.site.as_deref());
    let from = Mailbox { name: format!("Bookpost, {}", config.library), address: sender(config, site, to) };
    let message_id = mail::message::message_id(random, &config.sending.ehlo_name);
    let header = original.map(|bytes| mail::message::header_block(bytes).to_vec()).unwrap_or_default();
    let reporting_mta = config.sending.ehlo_name.clone();
    let time_zone = TimeZone::system();
    let (bytes, subject) = match letter.form {
        Form::Report => {
            let report = ReturnReport {
                to: to.clone(),
                from: from.clone(),
                reporting_mta,
                message: returned_message(config, first, header),
                recipients: letter.owed().map(returned).collect(),
                date: now,
                message_id: message_id.clone(),
                time_zone,
            };
            (report.write(), "return report")
        }
        Form::Digest => {
            let entry = |one: &Obligation| DigestEntry {
                message: returned_message(config, one, Vec::new()),
                returned: returned(one),
            };
            let digest = Digest {
                to: to.clone(),
                from: from.clone(),
                reporting_mta,
                entries: letter.owed().map(entry).collect(),
                date: now,
                message_id: message_id.clone(),
                time_zone,
            };
            (digest.write(), "summary of returns")
        }
    };
    let reverse_path =
        if config.sending.null_reverse_path { ReversePath::Null } else { ReversePath::Address(from.address) };
    NewMessage {
        kind: Kind::Report,
        class: Class::Normal,
        practice,
        application: "bookpost".into(),
        site: site.map(|site| site.code.clone()),
        run: None,
        envelope: Envelope::to_one(reverse_path, to.clone()),
        message_id,
        subject: subject.into(),
        patron: None,
        bytes: bytes.into(),
        first_due_at: now,
        expires_at: config.schedule.expires_at(now),
        lease: None,
    }
}

/// Reports come from the site's own address, which the server is known to take.
fn sender(config: &Config, site: Option<&Site>, to: &Address) -> Address {
    site.or(config.sites.first()).map_or_else(|| to.clone(), |site| site.email.clone())
}

fn site<'a>(config: &'a Config, code: Option<&str>) -> Option<&'a Site> {
    config.sites.iter().find(|site| Some(site.code.as_str()) == code)
}

fn returned_message(config: &Config, one: &Obligation, header_block: Vec<u8>) -> ReturnedMessage {
    let row = &one.row;
    let site_name = site(config, row.site.as_deref()).map_or(&config.library, |site| &site.name);
    ReturnedMessage {
        message_id: row.message_id.clone(),
        subject: row.subject.clone(),
        site_name: site_name.clone(),
        run_name: row.run.map(|run| format!("run {}", run.0)),
        accepted_at: row.accepted_at,
        header_block,
    }
}

fn returned(one: &Obligation) -> Returned {
    let row = &one.row;
    let reason = row.reason.unwrap_or(Reason::Refused);
    let answer = row.answer.as_deref().and_then(reply);
    Returned {
        address: row.to.address.clone(),
        patron_name: row.patron.as_ref().map(|patron| patron.name.clone()),
        patron_number: row.patron.as_ref().and_then(|patron| patron.number.clone()),
        reason,
        plain_reason: reason.plain_words().to_owned(),
        what_to_do: reason.what_to_do().to_owned(),
        code: answer.as_ref().and_then(|reply| reply.enhanced),
        answer,
        attempts: row.attempts,
        first_attempt_at: Some(row.first_due_at),
        last_attempt_at: row.settled_at,
    }
}

/// The stored answer as a reply again, if it was one and not the text of a failure.
fn reply(answer: &str) -> Option<Reply> {
    let line = format!("{answer}\r\n");
    ReplyParser::default().parse(&mut line.as_bytes()).ok().flatten()
}

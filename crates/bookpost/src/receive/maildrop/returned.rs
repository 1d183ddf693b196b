//! A message of the maildrop that is refused for good, on its way back to its sender.

use jiff::{Timestamp, tz::TimeZone};
use mail::{
    Address, Envelope, Reason, Recipient, Reply, ReversePath,
    dsn::{Mailbox, Original, ReturnReport, Returned, ReturnedMessage, original_from_parameter},
    envelope::{Notify, Ret, xtext_decode},
    message::{fields_within, header, message_id},
};
use store::{Class, Door, Kind, NewMessage};

use super::{Dropped, Refused};
use crate::config::{Config, Way};

/// Octets of a header that a report brings back.
const MOST_HEADER: usize = 64 * 1024;

/// The report to `to`, if it is wanted for any recipient (RFC 3461 section 4.1). `random` makes its Message-ID.
pub(super) fn report(
    to: &Address,
    dropped: &Dropped,
    refused: &Refused,
    config: &Config,
    now: Timestamp,
    random: u128,
) -> Option<NewMessage> {
    let recipients = returned(dropped, &refused.reply);
    if recipients.is_empty() {
        return None;
    }
    let id = message_id(random, &config.sending.ehlo_name);
    let address = config.sender().map_or_else(|| to.clone(), |(_, email)| email.clone());
    let content = &dropped.content;
    let report = ReturnReport {
        to: to.clone(),
        from: Mailbox { name: format!("Bookpost, {}", config.library), address },
        reporting_mta: config.sending.ehlo_name.clone(),
        message: ReturnedMessage {
            message_id: header(content, "Message-ID").unwrap_or_default(),
            envelope_id: dropped.envelope.envelope_id.as_deref().and_then(xtext_decode),
            subject: header(content, "Subject").unwrap_or_default(),
            site_name: config.library.clone(),
            run_name: None,
            accepted_at: now,
            original: match dropped.envelope.ret {
                Some(Ret::Full) if refused.may_be_whole => Original::Whole(content.to_vec()),
                _ => Original::Headers(fields_within(content, MOST_HEADER).to_vec()),
            },
        },
        recipients,
        date: now,
        message_id: id.clone(),
        time_zone: TimeZone::system(),
    };
    Some(NewMessage {
        kind: Kind::Report,
        door: Door::Bookpost,
        class: Class::Normal,
        practice: matches!(config.sending.way, Way::Practice),
        application: "bookpost".into(),
        site: None,
        run: None,
        envelope: Envelope::to_one(ReversePath::Null, to.clone()),
        message_id: format!("<{id}>"),
        subject: "return report".into(),
        tags: Vec::new(),
        patron: None,
        bytes: report.write().into(),
        first_due_at: now,
        expires_at: config.schedule.expires_at(now),
        lease: None,
    })
}

fn returned(dropped: &Dropped, reply: &Reply) -> Vec<Returned> {
    let wanted = |recipient: &&Recipient| {
        !matches!(recipient.notify, Some(Notify::Never | Notify::On { failure: false, .. }))
    };
    let recipients = dropped.envelope.recipients().iter().filter(wanted);
    let returned = recipients.map(|recipient| Returned {
        address: recipient.address.clone(),
        original_address: recipient.original.as_deref().and_then(original_from_parameter),
        patron_name: None,
        patron_number: None,
        reason: Reason::Refused,
        plain_reason: "The message could not be accepted as it is.".to_owned(),
        what_to_do: "Show this to your IT person: the program that wrote the message has to be put right."
            .to_owned(),
        code: reply.enhanced,
        answer: Some(reply.clone()),
        failure: None,
        may_have_arrived: false,
        attempts: 0,
        first_attempt_at: None,
        last_attempt_at: None,
    });
    returned.collect()
}

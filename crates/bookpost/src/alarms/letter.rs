//! An alarm as a mail.

use jiff::{Timestamp, tz::TimeZone};
use mail::{
    Envelope, ReversePath,
    message::{AutoSubmitted, Mailbox, NewMail},
};
use store::{Alarm, Class, Kind, NewMessage};

use super::{Telling, telling};
use crate::config::Config;

/// The mail that carries `alarm` to the address in the configuration; None without one.
pub fn message(config: &Config, alarm: &Alarm, telling: Telling, now: Timestamp) -> Option<NewMessage> {
    let to = config.alarms.email.clone()?;
    let from = config.sites.first().map_or_else(|| to.clone(), |site| site.email.clone());
    let (subject, text) = words(alarm, telling);
    let subject = format!("Bookpost: {subject}");
    // The letters about one alarm must not be taken for one.
    let unique = format!("alarm-{}-{}-{}", alarm.id, now.as_microsecond(), telling.name());
    let message_id = format!("<{unique}@{}>", config.sending.ehlo_name);
    let mail = NewMail {
        from: Mailbox { name: Some(format!("Bookpost, {}", config.library)), address: from },
        reply_to: None,
        to: vec![Mailbox { name: None, address: to.clone() }],
        cc: Vec::new(),
        subject: subject.clone(),
        text,
        html: None,
        attachments: Vec::new(),
        headers: Vec::new(),
        auto_submitted: Some(AutoSubmitted::Generated),
        list_id: None,
        message_id: message_id.clone(),
        date: now,
        offset: TimeZone::system().to_offset(now),
    };
    let bytes = mail.build().inspect_err(|error| tracing::error!(%error, "the alarm is no mail")).ok()?;
    Some(NewMessage {
        kind: Kind::Alarm,
        class: Class::Urgent,
        practice: matches!(config.sending.way, crate::config::Way::Practice),
        application: "bookpost".into(),
        site: None,
        run: None,
        envelope: Envelope::to_one(ReversePath::Null, to),
        message_id,
        subject,
        tags: Vec::new(),
        patron: None,
        bytes: bytes.into(),
        first_due_at: now,
        expires_at: config.schedule.expires_at(now),
        lease: None,
    })
}

/// Subject and text.
fn words(alarm: &Alarm, telling: Telling) -> (&'static str, String) {
    let (since, text) = (local(alarm.started_at), &alarm.text);
    match telling {
        Telling::Started if telling::is_repeated(alarm.kind) => (
            "a problem needs you",
            format!("{text}\n\nSince {since}. You will hear again if it lasts, and when it is over.\n"),
        ),
        Telling::Started => (
            "a problem needs you",
            format!("{text}\n\nSince {since}. You will hear once more when it is over.\n"),
        ),
        Telling::Still => {
            ("a problem still needs you", format!("This still lasts, since {since}:\n\n{text}\n"))
        }
        Telling::Over => {
            let end = alarm.ended_at.map(local).unwrap_or_default();
            ("a problem is over", format!("This is over since {end}:\n\n{text}\n\nIt began on {since}.\n"))
        }
    }
}

/// As the clock on the wall shows it.
fn local(at: Timestamp) -> String {
    TimeZone::system().to_datetime(at).strftime("%A, %-d %B %Y, %H:%M").to_string()
}

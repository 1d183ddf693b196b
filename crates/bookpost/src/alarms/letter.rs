//! An alarm as a mail.

use jiff::{Timestamp, tz::TimeZone};
use mail::{
    Envelope, ReversePath,
    message::{AutoSubmitted, Mailbox, NewMail},
};
use store::{Alarm, Class, Kind, NewMessage};

use crate::config::Config;

/// The mail that carries `alarm` to the address in the configuration; None without one.
pub fn message(config: &Config, alarm: &Alarm, now: Timestamp) -> Option<NewMessage> {
    let to = config.alarms.email.clone()?;
    let from = config.sites.first().map_or_else(|| to.clone(), |site| site.email.clone());
    let over = alarm.ended_at.is_some();
    let subject = format!("Bookpost: {}", if over { "a problem is over" } else { "a problem needs you" });
    let text = if over {
        format!("This is over since {now}:\n\n{}\n\nIt began at {}.\n", alarm.text, alarm.started_at)
    } else {
        format!("{}\n\nSince {}. You will hear once more when it is over.\n", alarm.text, alarm.started_at)
    };
    // Kind, subject and beginning name an alarm; its two letters must not be taken for one.
    let unique = format!("alarm-{}-{}-{}", alarm.id, alarm.started_at.as_microsecond(), u8::from(over));
    let message_id = format!("<{unique}@{}>", config.sending.ehlo_name);
    let mail = NewMail {
        from: Mailbox { name: Some(format!("Bookpost, {}", config.library)), address: from },
        reply_to: None,
        to: vec![Mailbox { name: None, address: to.clone() }],
        subject: subject.clone(),
        text,
        html: None,
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
        patron: None,
        bytes: bytes.into(),
        first_due_at: now,
        expires_at: config.schedule.expires_at(now),
        lease: None,
    })
}

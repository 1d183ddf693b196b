//! An alarm as a mail.

use jiff::{Timestamp, tz::TimeZone};
use mail::{
    Envelope, Reason, ReversePath,
    message::{AutoSubmitted, Mailbox, NewMail},
};
use store::{Alarm, AlarmKind, Class, Door, Kind, NewMessage};

use super::{Telling, telling, why_not_this_way};
use crate::config::Config;

/// What an alarm about the maildrop is about: nothing waits there for a decision.
const MAILDROP: &str = "sendmail";

/// The mail that carries `alarm` to the address in the configuration; None without one.
pub fn message(config: &Config, alarm: &Alarm, telling: Telling, now: Timestamp) -> Option<NewMessage> {
    let to = config.alarms.email.clone()?;
    let from = config.sender().map_or_else(|| to.clone(), |(_, email)| email.clone());
    let subject = format!(
        "Bookpost: {} ({})",
        subject(alarm, telling, config.sending.servers.len() > 1),
        config.library
    );
    // The letters about one alarm must not be taken for one.
    let unique = format!("alarm-{}-{}-{}", alarm.id, now.as_microsecond(), telling.name());
    let message_id = format!("<{unique}@{}>", config.sending.ehlo_name);
    let mail = NewMail {
        from: Mailbox { name: Some(format!("Bookpost, {}", config.library)), address: from },
        reply_to: None,
        to: vec![Mailbox { name: None, address: to.clone() }],
        cc: Vec::new(),
        subject: subject.clone(),
        text: text(alarm, telling),
        html: None,
        pictures: Vec::new(),
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
        door: Door::Bookpost,
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

fn subject(alarm: &Alarm, telling: Telling, two: bool) -> String {
    let server = match &*alarm.subject {
        "server1" if two => "Server 1",
        "server2" if two => "Server 2",
        "google" => "Google",
        "microsoft" => "Microsoft",
        _ => "the mail server",
    };
    let about = match alarm.kind {
        AlarmKind::Held if alarm.subject == MAILDROP => {
            "mail of the sendmail command needs a look".to_owned()
        }
        AlarmKind::SenderRefused if why_not_this_way(&alarm.subject).is_some() => {
            "a message cannot leave in the way that is set".to_owned()
        }
        AlarmKind::ServerDown => format!("{server} does not take mail"),
        AlarmKind::SignIn if alarm.reason == Some(Reason::PasswordLost.into()) => {
            format!("the password for {server} must be entered again")
        }
        AlarmKind::SignIn => format!("{server} does not let us in"),
        kind => about(kind).to_owned(),
    };
    match telling {
        Telling::Started => about,
        Telling::Still => format!("still: {about}"),
        Telling::Over => format!("it is over: {about}"),
    }
}

/// What it is about, in a few words.
fn about(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::BackupInUse => "the backup server is sending",
        AlarmKind::SenderRefused => "the mail server refuses a sender address",
        AlarmKind::ReportLost => "a return report could not be delivered",
        AlarmKind::Stuck => "mail is stuck",
        AlarmKind::ClockJump => "the computer's clock was set",
        AlarmKind::Disk => "the disk does not work or is full",
        AlarmKind::BrokenMessage => "a message broke the program",
        AlarmKind::Held => "mail waits for a person",
        AlarmKind::Quota => "the sending limit is used up",
        AlarmKind::DropFolder => "an export could not be used",
        AlarmKind::RunInterrupted => "a notice run broke off",
        AlarmKind::Webhook => "an application is not told of its mail",
        AlarmKind::SecretsLost => "the key that seals secrets is missing or another",
        AlarmKind::Restored => "a backup was restored, and sending is paused",
        AlarmKind::Certificate => "the certificate cannot be used",
        AlarmKind::CertificateEnds => "the certificate runs out",
        AlarmKind::Waiting => "mail waits for long",
        AlarmKind::InDoubt => "mail may have arrived and waits for a person",
        AlarmKind::Silence => "no notices have been sent for longer than usual",
        AlarmKind::Schedule => "scheduled notices were not sent",
        AlarmKind::SignInEnds => "somebody must sign in at a mail provider again soon",
        AlarmKind::SignInService => "a mail provider does not take this sign-in service",
        _ => "something needs a person",
    }
}

fn text(alarm: &Alarm, telling: Telling) -> String {
    let (since, text) = (local(alarm.started_at), telling.words(&alarm.text));
    let more = match telling {
        Telling::Started if telling::is_repeated(alarm.kind) => {
            format!("Since {since}. You will hear again if it lasts, and when it is over.")
        }
        Telling::Started => format!("Since {since}. You will hear once more when it is over."),
        Telling::Still => format!("It began on {since}."),
        Telling::Over => {
            let end = alarm.ended_at.map(local).unwrap_or_default();
            format!("It began on {since}, and ended on {end}.")
        }
    };
    format!("{text}\n\n{more}\n")
}

/// As the clock on the wall shows it.
fn local(at: Timestamp) -> String {
    TimeZone::system().to_datetime(at).strftime("%A, %-d %B %Y, %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_names_the_server_where_there_are_two_and_a_lost_password_for_what_it_is() {
        let of = |kind, subject: &str, reason: Option<Reason>| Alarm {
            id: 1,
            kind,
            subject: subject.to_owned(),
            reason: reason.map(Into::into),
            text: String::new(),
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
            told: 0,
        };
        for (alarm, two, expected) in [
            (of(AlarmKind::ServerDown, "server1", None), false, "the mail server does not take mail"),
            (of(AlarmKind::ServerDown, "server1", None), true, "Server 1 does not take mail"),
            (of(AlarmKind::SignIn, "server2", None), true, "Server 2 does not let us in"),
            (of(AlarmKind::SignIn, "google", None), false, "Google does not let us in"),
            (
                of(AlarmKind::SignIn, "server2", Some(Reason::PasswordLost)),
                true,
                "the password for Server 2 must be entered again",
            ),
        ] {
            assert_eq!(subject(&alarm, Telling::Started, two), expected);
        }
        let down = of(AlarmKind::ServerDown, "server1", None);
        assert_eq!(subject(&down, Telling::Over, false), "it is over: the mail server does not take mail");
    }
}

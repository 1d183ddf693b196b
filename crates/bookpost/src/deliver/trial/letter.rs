//! The test message.

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use mail::{
    Address, Envelope, Recipient, ReversePath,
    message::{AutoSubmitted, Mailbox, NewMail, message_id},
    smtp::client::Transaction,
};
use store::{Class, Door, Kind, NewMessage};

use crate::config::{Config, Site, Way};

/// A message to `to` that says what it is, from the first site.
pub fn letter(config: &Config, to: &Address, now: Timestamp, random: u64) -> Result<Transaction, String> {
    let mail = written(config, to, false, (now, random))?;
    Ok(Transaction {
        token: 0,
        reverse_path: ReversePath::Address(mail.from.address.clone()),
        ret: None,
        envelope_id: None,
        recipients: vec![Recipient::from(to.clone())],
        message: built(&mail)?,
    })
}

/// The same message for the queue, which sends it like mail to a patron.
pub fn queued(config: &Config, to: &Address, now: Timestamp, random: u64) -> Result<NewMessage, String> {
    let practice = matches!(config.sending.way, Way::Practice);
    let mail = written(config, to, practice, (now, random))?;
    Ok(NewMessage {
        kind: Kind::Mail,
        door: Door::Bookpost,
        class: Class::Urgent,
        practice,
        application: "bookpost".to_owned(),
        site: site(config).map(|site| site.code.clone()),
        run: None,
        envelope: Envelope::to_one(ReversePath::Address(mail.from.address.clone()), to.clone()),
        message_id: format!("<{}>", mail.message_id),
        subject: mail.subject.clone(),
        tags: Vec::new(),
        patron: None,
        bytes: built(&mail)?,
        first_due_at: now,
        expires_at: config.schedule.expires_at(now),
        lease: None,
    })
}

fn site(config: &Config) -> Option<&Site> {
    config.sites.first()
}

fn written(
    config: &Config,
    to: &Address,
    practice: bool,
    (now, random): (Timestamp, u64),
) -> Result<NewMail, String> {
    let (site, email) = config.sender().ok_or("a site with an email address is needed to send from")?;
    let shows = if practice {
        format!(
            "It is in the practice mailbox, and nobody received it. Whether mail of {} leaves is shown by a test message through a mail server.",
            site.name
        )
    } else {
        format!("If you can read it, mail of {} leaves as it should. Nothing is to be done.", site.name)
    };
    let text = format!("This is a test message of Bookpost for {}.\n\n{shows}\n", config.library);
    Ok(NewMail {
        from: Mailbox { name: Some(site.name.clone()), address: email.clone() },
        reply_to: None,
        to: vec![Mailbox { name: None, address: to.clone() }],
        cc: Vec::new(),
        subject: format!("Test message of {}", config.library),
        text,
        html: None,
        pictures: Vec::new(),
        attachments: Vec::new(),
        headers: Vec::new(),
        auto_submitted: Some(AutoSubmitted::Generated),
        list_id: None,
        message_id: message_id(u128::from(random), &config.sending.ehlo_name),
        date: now,
        offset: TimeZone::system().to_offset(now),
    })
}

fn built(mail: &NewMail) -> Result<Bytes, String> {
    Ok(mail.build().map_err(|error| error.to_string())?.into())
}

//! The test message.

use jiff::{Timestamp, tz::TimeZone};
use mail::{
    Address, Recipient, ReversePath,
    message::{AutoSubmitted, Mailbox, NewMail, message_id},
    smtp::client::Transaction,
};

use crate::config::Config;

/// A message to `to` that says what it is, from the first site.
pub fn letter(config: &Config, to: &Address, now: Timestamp, random: u64) -> Result<Transaction, String> {
    let site = config.sites.first().ok_or("a site with an email address is needed to send from")?;
    let text = format!(
        "This is a test message of Bookpost for {}.\n\nIf you can read it, mail of {} leaves as it should. Nothing is to be done.\n",
        config.library, site.name
    );
    let mail = NewMail {
        from: Mailbox { name: Some(site.name.clone()), address: site.email.clone() },
        reply_to: None,
        to: vec![Mailbox { name: None, address: to.clone() }],
        cc: Vec::new(),
        subject: format!("Test message of {}", config.library),
        text,
        html: None,
        attachments: Vec::new(),
        headers: Vec::new(),
        auto_submitted: Some(AutoSubmitted::Generated),
        list_id: None,
        message_id: message_id(u128::from(random), &config.sending.ehlo_name),
        date: now,
        offset: TimeZone::system().to_offset(now),
    };
    Ok(Transaction {
        token: 0,
        reverse_path: ReversePath::Address(site.email.clone()),
        ret: None,
        envelope_id: None,
        recipients: vec![Recipient::from(to.clone())],
        message: mail.build().map_err(|error| error.to_string())?.into(),
    })
}

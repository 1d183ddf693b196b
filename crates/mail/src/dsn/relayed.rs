//! The mail that tells a sender, who asked for it, that a message was relayed to a server that reports no success
//! (RFC 3461 section 5.2.2).

use std::fmt::Write as _;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Action, Mailbox, RecipientReport, Report, ReturnedMessage,
    letter::{answer_text, line, moment},
    mime,
};
use crate::{Address, EnhancedStatusCode, Reply};

/// One message was relayed, for some or all of its recipients. Like a [`super::ReturnReport`] it cannot be printed.
#[derive(Clone)]
pub struct RelayReport {
    /// The message's return address.
    pub to: Address,
    /// The site or Bookpost itself.
    pub from: Mailbox,
    /// The name that this host gives itself.
    pub reporting_mta: String,
    /// The message.
    pub message: ReturnedMessage,
    /// For whom; at least one.
    pub recipients: Vec<Relayed>,
    /// When the report is written.
    pub date: Timestamp,
    /// The report's own Message-ID, with or without angle brackets.
    pub message_id: String,
    /// The site's time zone, for the times in the words.
    pub time_zone: TimeZone,
}

/// A recipient for whom the next server took the message.
#[derive(Clone)]
pub struct Relayed {
    /// The address.
    pub address: Address,
    /// The address that the sender named as the original one (`ORCPT`).
    pub original_address: Option<Address>,
    /// When it was taken.
    pub relayed_at: Timestamp,
    /// The server's own answer.
    pub answer: Option<Reply>,
}

impl RelayReport {
    /// The whole mail, ready for a transaction with the null reverse-path.
    pub fn write(&self) -> Vec<u8> {
        let head = mime::Head {
            from: &self.from,
            to: &self.to,
            subject: format!("Passed on: {}", self.message.subject),
            date: self.date,
            message_id: &self.message_id,
            references: Some(&self.message.message_id),
        };
        let status = Report {
            reporting_mta: Some(self.reporting_mta.clone()),
            arrival_date: Some(self.message.accepted_at),
            envelope_id: self.message.envelope_id.clone(),
            recipients: self.recipients.iter().map(Relayed::report).collect(),
        };
        mime::write(&head, mime::plain(&self.words()), &status, Some(&self.message.original))
    }

    fn words(&self) -> String {
        let mut out = "You asked to hear when this message arrives. The next mail server has taken it for the people below, but it does \
             not tell when it delivers mail: this is the last that can be reported. If it cannot deliver the message, it \
             will send it back.\n"
            .to_owned();
        for relayed in &self.recipients {
            out.push('\n');
            line(&mut out, "Address", Some(relayed.address.as_str()));
            line(&mut out, "Subject", Some(&self.message.subject));
            let at = moment(relayed.relayed_at, &self.time_zone);
            line(&mut out, "Passed on", Some(&at));
            if let Some(answer) = &relayed.answer {
                let _ = write!(
                    out,
                    "\nFor your IT person, the mail server's own answer:\n  {}\n",
                    answer_text(answer)
                );
            }
        }
        out
    }
}

impl Relayed {
    fn report(&self) -> RecipientReport {
        RecipientReport {
            final_recipient: self.address.clone(),
            original_recipient: self.original_address.clone(),
            action: Action::Relayed,
            status: EnhancedStatusCode(2, 0, 0),
            remote_mta: None,
            diagnostic: self.answer.as_ref().map(answer_text),
            last_attempt: Some(self.relayed_at),
            will_retry_until: None,
        }
    }
}

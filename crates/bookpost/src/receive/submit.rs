//! What every door does with a message that an application hands in: may it, is it fit, then onto the disk.

use std::{
    fmt::Write as _,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};
use mail::{
    Address, Envelope, Recipient, ReversePath,
    address::list_of,
    clock::Clock,
    message::{self, Mailbox},
    submission::{Circumstances, Completion, LineEnds, Prepared, prepare},
};
use rand::{RngExt as _, rngs::StdRng};
use store::{Accepted, Class, Door, Kind, NewMessage, Once, OnceKey, Store};

use super::{NotNow, NotTaken, Receiver, apart, log};
use crate::{
    config::{Settings, Site, Way},
    identity::{Applications, Caller, Denied, Field},
};

/// The client waits 10 minutes for the answer to a message (RFC 5321 section 4.5.3.2.6): by then it must have been given.
const LONGEST: Duration = Duration::from_mins(5);

/// A message as a door has it.
#[derive(Debug, Clone)]
pub struct Submission {
    pub envelope: Envelope,
    /// RFC 5322.
    pub content: Bytes,
    /// The application knows that its header or an address needs SMTPUTF8.
    pub smtputf8: bool,
    /// None: as the message itself says, or what is usual for the application.
    pub class: Option<Class>,
    pub from: Origin,
    /// What may be missing of it, and what line ends it may have.
    pub leniency: Leniency,
    /// Not to be sent before; None: at once.
    pub send_at: Option<Timestamp>,
    /// Given up then, if that is earlier than usual.
    pub expires_at: Option<Timestamp>,
    /// The application's own words for it.
    pub tags: Vec<String>,
}

/// How a message came, for its `Received` field (RFC 5321 section 4.4) and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub door: Door,
    /// What the peer called itself.
    pub name: String,
    /// None: it is on this machine.
    pub peer: Option<IpAddr>,
    /// A registered word: ESMTPSA (RFC 3848), UTF8SMTPSA (RFC 6531 section 4.3), HTTP.
    pub protocol: &'static str,
}

/// What is completed.
#[derive(Debug, Clone, Default)]
pub struct Leniency {
    /// Line ends of any kind are made CRLF.
    pub any_line_ends: bool,
    /// For a message without `From`.
    pub from: Option<Mailbox>,
}

/// Takes what applications hand in. Cheap to clone.
#[derive(Clone)]
pub struct Submitter {
    receiver: Receiver,
    pub applications: Applications,
    pub settings: Settings,
    pub clock: Arc<dyn Clock>,
    dice: Arc<Mutex<StdRng>>,
    /// By it our own `Received` fields are known.
    instance: Arc<str>,
}

/// A message that may be stored.
pub struct Ready {
    message: NewMessage,
    came: log::Came,
}

impl Ready {
    /// The Message-ID with its angle brackets.
    pub fn message_id(&self) -> &str {
        &self.message.message_id
    }

    /// In the order in which they are stored.
    pub fn recipients(&self) -> &[Recipient] {
        self.message.envelope.recipients()
    }
}

impl Submitter {
    pub fn new(
        receiver: Receiver,
        applications: Applications,
        settings: Settings,
        clock: Arc<dyn Clock>,
        dice: Arc<Mutex<StdRng>>,
    ) -> Self {
        let instance = format!("Bookpost-{:016x}", receiver.store().store_id()).into();
        Self { receiver, applications, settings, clock, dice, instance }
    }

    /// The queue behind the door.
    pub fn store(&self) -> &Store {
        self.receiver.store()
    }

    /// Something waits that did not before.
    pub fn wake(&self) {
        self.receiver.wake();
    }

    /// A new Message-ID, with its angle brackets.
    pub fn draw_message_id(&self) -> String {
        let random: u128 = self.dice.lock().unwrap_or_else(PoisonError::into_inner).random();
        format!("<{}>", message::message_id(random, &self.settings.now().sending.ehlo_name))
    }

    /// Whether there is room for one more message, and whether this application may hand it in. Asked before its content is let in.
    pub fn may_begin(
        &self,
        caller: &Caller,
        reverse_path: &ReversePath,
        size: Option<usize>,
    ) -> Result<(), NotTaken> {
        self.receiver.has_room()?;
        caller.reverse_path(reverse_path)?;
        caller.takes(size.unwrap_or(0) as u64, 0)?;
        Ok(())
    }

    /// Checks one message and makes it fit to be stored; counts it towards the application's messages per minute.
    pub async fn check(&self, caller: &Caller, submission: Submission) -> Result<Ready, NotTaken> {
        let ready = self.judge(caller, submission).await?;
        let (now, recipients) = (self.clock.now(), ready.recipients().len());
        // Only what may be sent counts.
        self.applications.admit(caller, now)?;
        self.applications.room(self.receiver.store(), caller, recipients as u64, now).await??;
        Ok(ready)
    }

    /// Whether this application may send this message, and what is stored then.
    pub async fn judge(&self, caller: &Caller, submission: Submission) -> Result<Ready, NotTaken> {
        let now = self.clock.now();
        caller.takes(submission.content.len() as u64, submission.envelope.recipients().len())?;
        let reverse_path = caller.reverse_path(&submission.envelope.reverse_path);
        let (prepared, submission) = self.prepared(submission, now).await?;
        for from in &prepared.from {
            caller.may_send_from(from)?;
        }
        let site = self.site_of(caller, &prepared.from)?;
        self.check_senders(caller, &prepared.bytes)?;
        let class = match submission.class {
            None => class_named(&prepared.bytes).and_then(|named| caller.class(Some(named)).ok()),
            asked => asked,
        };
        let class = caller.class(class)?;
        let first_due_at = submission.send_at.map_or(now, |at| at.max(now));
        let usual = self.settings.now().schedule.expires_at(first_due_at);
        let mut envelope = submission.envelope;
        envelope.reverse_path = reverse_path?;
        let message = NewMessage {
            kind: Kind::Mail,
            door: submission.from.door,
            class,
            practice: matches!(self.settings.now().sending.way, Way::Practice),
            application: caller.name().to_owned(),
            site,
            run: None,
            envelope,
            message_id: prepared.message_id,
            subject: prepared.subject,
            tags: submission.tags,
            patron: None,
            bytes: prepared.bytes,
            first_due_at,
            expires_at: submission.expires_at.map_or(usual, |at| at.clamp(first_due_at, usual)),
            lease: None,
        };
        Ok(Ready { message, came: log::Came { caller: caller.clone(), origin: submission.from } })
    }

    /// Takes one message: when this returns `Ok`, it is on disk.
    pub async fn submit(&self, caller: &Caller, submission: Submission) -> Result<Accepted, NotTaken> {
        let ready = self.check(caller, submission).await?;
        let accepted = self.submit_all(vec![ready]).await?;
        accepted.into_iter().next().ok_or(NotTaken::Store(store::Error::Closed))
    }

    /// Takes a message of Bookpost itself, which may what it does.
    pub async fn submit_own(&self, message: NewMessage) -> Result<Accepted, NotTaken> {
        self.receiver.has_room()?;
        let accepted = in_time(self.receiver.accept(vec![message])).await?;
        accepted.into_iter().next().ok_or(NotTaken::Store(store::Error::Closed))
    }

    /// Takes all these messages or none: when this returns `Ok`, they are on disk.
    pub async fn submit_all(&self, messages: Vec<Ready>) -> Result<Vec<Accepted>, NotTaken> {
        self.receiver.has_room()?;
        let (messages, came): (_, Vec<_>) =
            messages.into_iter().map(|ready| (ready.message, ready.came)).unzip();
        let accepted = in_time(self.receiver.accept(messages)).await?;
        log::accepted(&accepted, &came);
        Ok(accepted)
    }

    /// Takes all these messages with the answer to the request that brought them, once.
    pub async fn submit_once(
        &self,
        key: OnceKey,
        messages: Vec<Ready>,
        answer: impl FnOnce(&[Accepted]) -> Vec<u8> + Send + 'static,
    ) -> Result<Once, NotTaken> {
        self.receiver.has_room()?;
        let (messages, came): (_, Vec<_>) =
            messages.into_iter().map(|ready| (ready.message, ready.came)).unzip();
        let once = in_time(self.receiver.accept_once(key, messages, answer)).await?;
        if let Once::Stored { accepted, .. } = &once {
            log::accepted(accepted, &came);
        }
        Ok(once)
    }

    async fn prepared(
        &self,
        submission: Submission,
        now: Timestamp,
    ) -> Result<(Prepared, Submission), NotTaken> {
        let (submitter, bytes) = (self.clone(), submission.content.len());
        let prepare = move || Ok((submitter.prepare(&submission, now)?, submission));
        apart(bytes, prepare).await?
    }

    fn prepare(&self, submission: &Submission, now: Timestamp) -> Result<Prepared, NotTaken> {
        let config = self.settings.now();
        let host = config.sending.ehlo_name.as_str();
        let (id, random): (u64, u128) = {
            let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
            (dice.random(), dice.random())
        };
        let date = date(now);
        let received = received(&submission.from, host, &self.instance, id, &date);
        let leniency = &submission.leniency;
        let completion = leniency.from.as_ref().map(|from| Completion { from, domain: host });
        let circumstances = Circumstances {
            received: &received,
            message_id: &message::message_id(random, host),
            date: &date,
            instance: &self.instance,
            line_ends: if leniency.any_line_ends { LineEnds::Any } else { LineEnds::Crlf },
            completion,
        };
        let prepared = prepare(&submission.content, &circumstances)?;
        if prepared.needs_smtputf8 && !submission.smtputf8 {
            return Err(NotTaken::NeedsSmtpUtf8);
        }
        Ok(prepared.with_short_lines().map_err(mail::submission::Refused::from)?)
    }

    /// Who else says to have sent it: what a reader is shown beside From (RFC 5322 sections 3.6.2 and 3.6.6).
    fn check_senders(&self, caller: &Caller, message: &[u8]) -> Result<(), NotTaken> {
        for name in ["Sender", "Resent-From", "Resent-Sender"] {
            let Some(value) = message::header(message, name) else { continue };
            let all = list_of(&value, &self.settings.now().sending.ehlo_name)
                .map_err(|error| mail::submission::Refused::Sender(name, error))?;
            for address in &all {
                caller.may_name(Field::Header(name), address)?;
            }
        }
        Ok(())
    }

    /// The site whose address the message is from; the application must be allowed to send for it. Sites may share an address.
    fn site_of(&self, caller: &Caller, from: &[Address]) -> Result<Option<String>, Denied> {
        let mut found = None;
        let config = self.settings.now();
        for address in from {
            let of_address = |site: &&Site| site.email.as_ref() == Some(address);
            let mut sites = config.sites.iter().filter(of_address).map(|site| &site.code);
            let Some(first) = sites.clone().next() else { continue };
            let own = sites.find(|code| caller.may_send_for(code).is_ok()).unwrap_or(first);
            caller.may_send_for(own)?;
            found.get_or_insert_with(|| own.clone());
        }
        Ok(found)
    }
}

/// Who has not been answered by then is told that it cannot be taken now, and nothing is.
async fn in_time<T>(accepting: impl Future<Output = Result<T, store::Error>>) -> Result<T, NotTaken> {
    let accepted = tokio::time::timeout(LONGEST, accepting).await;
    Ok(accepted.map_err(|_| NotTaken::NoRoom(NotNow::Lagging))??)
}

/// The class that a message names for itself: `Priority` (RFC 2156 section 5.3.6), or `Precedence` as mailing lists have it
/// (RFC 3834 section 3.1.8 knows it).
fn class_named(message: &[u8]) -> Option<Class> {
    let word = |name| message::header(message, name).map(|value| value.trim().to_ascii_lowercase());
    match word("Priority").as_deref() {
        Some("urgent") => return Some(Class::Urgent),
        Some("normal") => return Some(Class::Normal),
        Some("non-urgent") => return Some(Class::Bulk),
        _ => {}
    }
    word("Precedence").filter(|value| matches!(value.as_str(), "bulk" | "list" | "junk")).map(|_| Class::Bulk)
}

fn received(from: &Origin, host: &str, instance: &str, id: u64, date: &str) -> String {
    // What a peer calls itself is its own word: only what can stand in a field is kept of it.
    let name: String =
        from.name.chars().filter(|c| c.is_ascii_alphanumeric() || "-.:[]_".contains(*c)).take(255).collect();
    let mut field = String::with_capacity(256);
    let _ = write!(field, "Received: from {}", if name.is_empty() { "unknown" } else { &name });
    let _ = match from.peer {
        Some(IpAddr::V4(address)) => write!(field, " ([{address}])"),
        Some(IpAddr::V6(address)) => write!(field, " ([IPv6:{address}])"),
        None => Ok(()),
    };
    let protocol = from.protocol;
    let _ = write!(field, "\r\n\tby {host} ({instance}) with {protocol} id {id:016x};\r\n\t{date}");
    field
}

fn date(now: Timestamp) -> String {
    rfc2822::to_string(&now.to_zoned_datetime(TimeZone::UTC)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_its_class_in_the_words_of_the_standards() {
        for (header, class) in [
            ("Priority: urgent\r\n", Some(Class::Urgent)),
            ("priority:  Non-Urgent\r\n", Some(Class::Bulk)),
            ("Priority: normal\r\nPrecedence: bulk\r\n", Some(Class::Normal)),
            ("Precedence: list\r\n", Some(Class::Bulk)),
            ("Precedence: first-class\r\n", None),
            ("X-Priority: 1\r\n", None),
        ] {
            assert_eq!(class_named(format!("{header}\r\nText\r\n").as_bytes()), class, "{header}");
        }
    }

    #[test]
    fn what_a_peer_calls_itself_cannot_leave_its_field() {
        let origin = |name: &str, peer: Option<&str>| Origin {
            door: Door::Smtp,
            name: name.into(),
            peer: peer.map(|peer| peer.parse().unwrap()),
            protocol: "ESMTPSA",
        };
        let field = |origin| received(&origin, "books.library.example", "Bookpost-1", 0xab, "Sat, 28 Nov");
        assert_eq!(
            field(origin("desk\r\nBcc: (x)", Some("10.0.0.9"))),
            "Received: from deskBcc:x ([10.0.0.9])\r\n\tby books.library.example (Bookpost-1) with ESMTPSA id 00000000000000ab;\r\n\tSat, 28 Nov"
        );
        assert!(
            field(origin("", Some("2001:db8::1")))
                .starts_with("Received: from unknown ([IPv6:2001:db8::1])\r\n")
        );
        assert!(field(origin("uid1000", None)).starts_with("Received: from uid1000\r\n"));
    }
}

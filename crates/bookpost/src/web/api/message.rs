//! A message as an application writes it, made a submission.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp, tz::Offset};
use mail::{
    Address, Envelope, Recipient, ReversePath,
    message::{Attachment, BuildError, Mailbox, NewMail},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    limited,
    place::{Parts, Place, escaped},
    problem::{FieldError, Problem, shortened},
    status::ClassName,
};
use crate::{
    identity::Caller,
    receive::{Leniency, Origin, Submission},
};

/// Nothing is kept for longer before it is sent.
const FURTHEST: SignedDuration = SignedDuration::from_hours(366 * 24);
/// Of one kind: `to`, `cc` and so on.
const MOST_RECIPIENTS: usize = 1 << 16;
/// Attachments, or fields of the header.
pub(super) const MOST_PARTS: usize = 200;
pub(super) const MOST_TAGS: usize = 10;
/// In characters.
const LONGEST_TAG: usize = 64;

/// One message: either with `from`, `to`, `subject`, `text` and so on, or as a whole with `raw` and `envelope`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Message)]
pub(super) struct MessageRequest {
    /// Who writes: an address, or `Name <address>`. The application must be allowed to send from it.
    #[schema(example = "Main Library <desk@library.example>")]
    pub(super) from: Option<String>,
    /// Each an address, or `Name <address>`.
    #[schema(example = json!(["reader@example.org"]))]
    #[serde(default, deserialize_with = "limited::list::<_, _, MOST_RECIPIENTS>")]
    #[schema(max_items = 65536)]
    pub(super) to: Vec<String>,
    #[serde(default, deserialize_with = "limited::list::<_, _, MOST_RECIPIENTS>")]
    #[schema(max_items = 65536)]
    pub(super) cc: Vec<String>,
    /// They receive the message, and nobody else sees so.
    #[serde(default, deserialize_with = "limited::list::<_, _, MOST_RECIPIENTS>")]
    #[schema(max_items = 65536)]
    pub(super) bcc: Vec<String>,
    /// Where answers go, if not to `from`.
    pub(super) reply_to: Option<String>,
    #[schema(example = "Your book is here")]
    pub(super) subject: Option<String>,
    /// The text. There always is one, for those who do not see HTML.
    #[schema(example = "Please collect it within a week.\n")]
    pub(super) text: Option<String>,
    /// The same as HTML.
    pub(super) html: Option<String>,
    #[serde(default, deserialize_with = "limited::list::<_, _, MOST_PARTS>")]
    #[schema(max_items = 200)]
    pub(super) attachments: Vec<AttachmentRequest>,
    /// Further header fields by their names.
    #[serde(default, deserialize_with = "limited::texts::<_, MOST_PARTS>")]
    pub(super) headers: BTreeMap<String, String>,
    /// The whole message as RFC 5322 has it, or the same in base64, which is needed where it is not UTF-8. Beside it stands `envelope`, and
    /// none of the fields above.
    pub(super) raw: Option<String>,
    pub(super) envelope: Option<EnvelopeRequest>,
    /// Who goes first; what is usual for the application where it is missing.
    pub(super) class: Option<ClassName>,
    /// Not to be sent before; at most a year ahead.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) send_at: Option<Timestamp>,
    /// Sent back if it was not delivered by then; never later than is usual.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) expires_at: Option<Timestamp>,
    /// Where it is returned to if it cannot be delivered; the application's own return address where it is missing, or else `from`.
    pub(super) return_address: Option<String>,
    /// The application's own words for the message: it can be listed by them, and events have them.
    #[schema(max_items = 10, example = json!(["overdue", "term 2"]))]
    #[serde(default, deserialize_with = "limited::list::<_, _, MOST_TAGS>")]
    pub(super) tags: Vec<String>,
}

/// A file.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Attachment)]
pub(super) struct AttachmentRequest {
    #[schema(example = "invoice.pdf")]
    filename: String,
    #[schema(example = "application/pdf")]
    content_type: String,
    /// In base64.
    #[schema(content_encoding = "base64", example = "JVBERi0xLjQK")]
    content: String,
}

/// From whom and for whom a raw message is, whatever its header says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Envelope)]
pub(super) struct EnvelopeRequest {
    /// Where it is returned to; empty: nowhere.
    from: String,
    #[serde(deserialize_with = "limited::list::<_, _, MOST_RECIPIENTS>")]
    #[schema(min_items = 1, max_items = 65536)]
    to: Vec<String>,
}

/// What a message meets: all that the application did not write.
pub(super) struct Circumstances<'a> {
    pub(super) caller: &'a Caller,
    pub(super) origin: Origin,
    /// For a message that is not raw.
    pub(super) message_id: String,
    pub(super) now: Timestamp,
    pub(super) place: &'a Place,
}

/// Faults that are told; others are counted.
const MOST_TOLD: usize = 20;

/// What is wrong, as it is found.
pub(super) struct Faults<'a> {
    place: &'a Place,
    told: Vec<FieldError>,
    others: usize,
}

impl<'a> Faults<'a> {
    pub(super) fn new(place: &'a Place) -> Self {
        Self { place, told: Vec::new(), others: 0 }
    }

    pub(super) fn add(&mut self, path: &str, detail: impl AsRef<str>) {
        if self.told.len() < MOST_TOLD {
            let detail = shortened(detail.as_ref());
            self.told.push(FieldError { pointer: self.place.pointer(path), detail });
        } else {
            self.others += 1;
        }
    }

    /// The value, or nothing and a fault.
    pub(super) fn keep<T, E: ToString>(&mut self, path: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.add(path, error.to_string())).ok()
    }

    fn mailboxes(&mut self, field: &str, texts: &[String]) -> Vec<Mailbox> {
        let read = |(at, text): (usize, &String)| self.keep(&format!("/{field}/{at}"), text.parse());
        texts.iter().enumerate().filter_map(read).collect()
    }

    /// All that was found.
    pub(super) fn problem(self) -> Problem {
        Problem::invalid(self.told, self.others)
    }

    /// What was made, if nothing was found; `made` is there then.
    pub(super) fn none<T>(self, made: Option<T>) -> Result<T, Problem> {
        made.filter(|_| self.told.is_empty()).ok_or_else(|| self.problem())
    }
}

impl MessageRequest {
    /// The message as the door has it, or all that is wrong with it.
    pub(super) fn submission(&self, circumstances: Circumstances<'_>) -> Result<Submission, Problem> {
        let mut faults = Faults::new(circumstances.place);
        self.check_instants(&mut faults, circumstances.now);
        self.check_tags(&mut faults);
        let made = match &self.raw {
            Some(raw) => self.raw(raw, &mut faults),
            None => self.written(&circumstances, &mut faults),
        };
        let (envelope, content) = faults.none(made)?;
        Ok(Submission {
            envelope,
            content,
            // Over HTTP there is nothing to ask it with.
            smtputf8: true,
            class: self.class.map(Into::into),
            from: circumstances.origin,
            leniency: Leniency { any_line_ends: true, from: None },
            send_at: self.send_at,
            expires_at: self.expires_at,
            tags: self.tags.clone(),
        })
    }

    /// Where it has what it may be refused for.
    pub(super) fn parts(&self) -> Parts {
        if self.raw.is_some() {
            let (raw, headers) = ("/raw", Vec::new());
            let (recipients, reverse_path) = ("/envelope/to", "/envelope/from");
            return Parts { content: raw, from: raw, recipients, reverse_path, headers };
        }
        let lists = [(&self.to, "/to"), (&self.cc, "/cc"), (&self.bcc, "/bcc")];
        let longest = lists.into_iter().max_by_key(|(list, _)| list.len());
        Parts {
            content: "",
            from: "/from",
            recipients: longest.map_or("", |(_, path)| path),
            reverse_path: if self.return_address.is_some() { "/return_address" } else { "/from" },
            headers: self.headers.keys().cloned().collect(),
        }
    }

    fn check_instants(&self, faults: &mut Faults<'_>, now: Timestamp) {
        let furthest = now.saturating_add(FURTHEST).unwrap_or(Timestamp::MAX);
        if self.send_at.is_some_and(|send_at| send_at > furthest) {
            faults.add("/send_at", "this is more than a year ahead");
        }
        let begins = self.send_at.map_or(now, |at| at.max(now));
        if self.expires_at.is_some_and(|expires_at| expires_at <= begins) {
            faults.add("/expires_at", "it would be over before the message may be sent");
        }
    }

    fn check_tags(&self, faults: &mut Faults<'_>) {
        for (at, tag) in self.tags.iter().enumerate() {
            let length = tag.chars().count();
            if !(1..=LONGEST_TAG).contains(&length) || tag.chars().any(char::is_control) {
                let detail = format!("a tag has 1 to {LONGEST_TAG} characters, and no line ends or the like");
                faults.add(&format!("/tags/{at}"), detail);
            }
        }
    }

    fn raw(&self, raw: &str, faults: &mut Faults<'_>) -> Option<(Envelope, Bytes)> {
        for (there, path) in [
            (self.from.is_some(), "/from"),
            (!self.to.is_empty(), "/to"),
            (!self.cc.is_empty(), "/cc"),
            (!self.bcc.is_empty(), "/bcc"),
            (self.reply_to.is_some(), "/reply_to"),
            (self.subject.is_some(), "/subject"),
            (self.text.is_some(), "/text"),
            (self.html.is_some(), "/html"),
            (!self.attachments.is_empty(), "/attachments"),
            (!self.headers.is_empty(), "/headers"),
            (self.return_address.is_some(), "/return_address"),
        ] {
            if there {
                faults.add(path, "this is in the raw message or its envelope, and cannot stand beside them");
            }
        }
        // A message has a header, and a header has colons; base64 has none.
        let content = if raw.contains(':') {
            Some(Bytes::copy_from_slice(raw.as_bytes()))
        } else {
            let neither = "this is no message, which has fields such as From: in its header, and no base64";
            faults.keep("/raw", decoded(raw).map_err(|_| neither)).map(Bytes::from)
        };
        let Some(envelope) = &self.envelope else {
            faults.add("/envelope", "a raw message needs an envelope: from whom and for whom it is");
            return None;
        };
        let reverse_path = match envelope.from.trim() {
            "" | "<>" => Some(ReversePath::Null),
            from => faults.keep("/envelope/from", Address::parse(from)).map(ReversePath::Address),
        };
        let parse =
            |(at, to): (usize, &String)| faults.keep(&format!("/envelope/to/{at}"), Address::parse(to));
        let to: Vec<Address> = envelope.to.iter().enumerate().filter_map(parse).collect();
        if envelope.to.is_empty() {
            faults.add("/envelope/to", "a message needs at least one recipient");
        }
        Some((Envelope::new(reverse_path?, once_each(to)).ok()?, content?))
    }

    fn written(
        &self,
        circumstances: &Circumstances<'_>,
        faults: &mut Faults<'_>,
    ) -> Option<(Envelope, Bytes)> {
        if self.envelope.is_some() {
            faults.add("/envelope", "only a raw message has an envelope");
        }
        let from = needed(faults, "/from", self.from.as_deref())
            .and_then(|from| faults.keep("/from", from.parse::<Mailbox>()));
        let reply_to = self.reply_to.as_deref().and_then(|text| faults.keep("/reply_to", text.parse()));
        let returns = self
            .return_address
            .as_deref()
            .map(|text| faults.keep("/return_address", Address::parse(text)).map(ReversePath::Address));
        let [to, cc, bcc] = [("to", &self.to), ("cc", &self.cc), ("bcc", &self.bcc)]
            .map(|(field, texts)| faults.mailboxes(field, texts));
        if self.to.is_empty() && self.cc.is_empty() && self.bcc.is_empty() {
            faults.add("/to", "a message needs at least one recipient");
        }
        let subject = needed(faults, "/subject", self.subject.as_deref());
        let text = needed(faults, "/text", self.text.as_deref());
        let attachments = self.files(faults);
        let recipients = to.iter().chain(&cc).chain(&bcc).map(|one| one.address.clone()).collect();
        let mail = NewMail {
            from: from?,
            reply_to,
            to,
            cc,
            subject: subject?.to_owned(),
            text: text?.to_owned(),
            html: self.html.clone(),
            pictures: Vec::new(),
            attachments,
            headers: self.headers.iter().map(|(name, value)| (name.clone().into(), value.clone())).collect(),
            auto_submitted: None,
            list_id: None,
            message_id: circumstances.message_id.clone(),
            date: circumstances.now,
            offset: Offset::UTC,
        };
        let content = mail.build().map_err(|error| self.not_built(&error, faults)).ok()?;
        let usual = || circumstances.caller.settings().return_address.clone().unwrap_or(mail.from.address);
        let reverse_path = returns.unwrap_or_else(|| Some(ReversePath::Address(usual())))?;
        Some((Envelope::new(reverse_path, once_each(recipients)).ok()?, content.into()))
    }

    fn files(&self, faults: &mut Faults<'_>) -> Vec<Attachment> {
        let read = |(at, one): (usize, &AttachmentRequest)| {
            let content = faults.keep(&format!("/attachments/{at}/content"), decoded(&one.content))?;
            Some(Attachment { filename: one.filename.clone(), media_type: one.content_type.clone(), content })
        };
        self.attachments.iter().enumerate().filter_map(read).collect()
    }

    fn not_built(&self, error: &BuildError, faults: &mut Faults<'_>) {
        let path = match error {
            BuildError::HeaderName(name) => format!("/headers/{}", escaped(&shortened(name))),
            BuildError::MediaType(media_type) => {
                let at = self.attachments.iter().position(|one| one.content_type == *media_type);
                format!("/attachments/{}/content_type", at.unwrap_or_default())
            }
            _ => String::new(),
        };
        faults.add(&path, error.to_string());
    }
}

fn needed<'a>(faults: &mut Faults<'_>, path: &str, value: Option<&'a str>) -> Option<&'a str> {
    if value.is_none() {
        faults.add(path, "this is missing");
    }
    value
}

/// Base64 with or without line ends.
fn decoded(text: &str) -> Result<Vec<u8>, &'static str> {
    let has_blanks = text.bytes().any(|byte| byte.is_ascii_whitespace());
    let decoded = if has_blanks {
        let dense: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        STANDARD.decode(dense)
    } else {
        STANDARD.decode(text)
    };
    decoded.map_err(|_| "this is not base64")
}

/// Whoever is named twice receives one copy.
fn once_each(addresses: Vec<Address>) -> Vec<Recipient> {
    let mut seen = std::collections::HashSet::new();
    addresses.into_iter().filter(|address| seen.insert(address.clone())).map(Recipient::from).collect()
}

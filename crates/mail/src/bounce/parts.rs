//! Where the parts of a report stand, in one pass and without recursion.

use crate::message::{
    self,
    structure::{Element, Structure},
};

/// A report has three; nobody needs so many.
const MOST_PARTS: usize = 100;

/// What counts of a mail.
pub(super) struct Parts<'a> {
    message: &'a [u8],
    content_type: String,
    /// The first plain text, decoded.
    pub(super) text: String,
    /// The body of the first `message/delivery-status`, if it stands before what came back.
    pub(super) status: Option<Vec<u8>>,
    /// The Message-ID of what came back.
    pub(super) original_id: Option<String>,
}

impl<'a> Parts<'a> {
    /// None: it is nested too deep, or cut into too many pieces.
    pub(super) fn of(message: &'a [u8]) -> Option<Self> {
        let (content_type, text) = (String::new(), String::new());
        let mut parts = Self { message, content_type, text, status: None, original_id: None };
        let (mut first, mut in_original) = (true, false);
        for (count, element) in Structure::new(message).enumerate() {
            if count >= MOST_PARTS {
                return None;
            }
            let (head, content) = match element.ok()? {
                Element::Leaf { head, content } => (head, Some(content)),
                Element::Composite { head, .. } => (head, None),
                Element::Epilogue(_) => continue,
            };
            let kind = head.content_type.clone().unwrap_or_default();
            if std::mem::take(&mut first) {
                parts.content_type.clone_from(&kind);
            }
            if in_original {
                // The header of what came back: nothing behind it is of interest.
                parts.original_id = message.get(head.fields.clone()).and_then(message_id);
                break;
            }
            let Some(content) = content else {
                in_original = kind == "message/rfc822" || kind == "message/global";
                continue;
            };
            let part = message.get(head.fields.start..content.end).unwrap_or_default();
            parts.leaf(&kind, part);
            if parts.original_id.is_some() {
                break;
            }
        }
        Some(parts)
    }

    fn leaf(&mut self, kind: &str, part: &[u8]) {
        match kind {
            "message/delivery-status" | "message/global-delivery-status" if self.status.is_none() => {
                self.status = decoded(part);
            }
            "text/rfc822-headers"
            | "message/rfc822-headers"
            | "message/global-headers"
            | "message/rfc822"
            | "message/global" => {
                self.original_id = decoded(part).as_deref().and_then(message_id);
            }
            "text/plain" | "" if self.text.is_empty() => {
                let parsed = mailparse::parse_mail(part).ok();
                self.text = parsed.and_then(|part| part.get_body().ok()).unwrap_or_default();
            }
            _ => {}
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        message::header(self.message, name)
    }

    /// A program answered by itself (RFC 3834), or somebody's receipt.
    pub(super) fn is_automatic(&self) -> bool {
        let says = |name: &str, words: &[&str]| {
            self.header(name).is_some_and(|value| {
                let value = value.trim().to_ascii_lowercase();
                words.iter().any(|word| value.starts_with(word))
            })
        };
        let receipt =
            self.header("Content-Type").is_some_and(|value| value.contains("disposition-notification"));
        says("Auto-Submitted", &["auto-"])
            || says("Precedence", &["auto_reply"])
            || ["X-Autoreply", "X-Autorespond", "X-Vacation"].iter().any(|name| self.header(name).is_some())
            || says(
                "Subject",
                &["out of office", "out of the office", "automatic reply", "autoreply", "auto:"],
            )
            || receipt
    }

    /// It comes from nobody, or from a mail system by its usual names.
    pub(super) fn is_from_a_mail_system(&self) -> bool {
        let from_nobody = self.header("Return-Path").is_some_and(|path| path.trim() == "<>");
        let from = self.header("From").unwrap_or_default().to_ascii_lowercase();
        from_nobody
            || ["mailer-daemon@", "postmaster@", "mail delivery"].iter().any(|name| from.contains(name))
    }
}

fn decoded(part: &[u8]) -> Option<Vec<u8>> {
    mailparse::parse_mail(part).ok()?.get_body_raw().ok()
}

/// `<...>` of a header.
fn message_id(header: &[u8]) -> Option<String> {
    message::header(header, "Message-ID").as_deref().and_then(in_brackets)
}

/// What stands in angle brackets, with them.
pub(super) fn in_brackets(value: &str) -> Option<String> {
    let id = value.get(value.find('<')?..)?;
    id.get(..=id.find('>')?).map(str::to_owned)
}

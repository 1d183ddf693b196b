//! A file of the maildrop: one line of JSON with the envelope, then the message.
//!
//! Whoever may leave a file may write anything into it. So what is read is checked, and nothing in the file says who has left it:
//! that is its owner, whom the system knows.

use std::io::{self, Write};

use bytes::Bytes;
use mail::{
    Envelope, Recipient, ReversePath,
    envelope::{Ret, is_xtext},
};
use memchr::memchr;
use serde::{Deserialize, Serialize};

/// Octets of one message that is left; no setting of the service allows more.
pub const MOST_OCTETS: usize = 200 * 1024 * 1024;
/// Grows when an older service could not read a file.
const VERSION: u32 = 1;
/// RFC 3461 section 4.4.
const MOST_ENVELOPE_ID: usize = 100;
/// RFC 3461 section 4.2.
const MOST_ORIGINAL: usize = 500;
const FINISHED: &str = ".mail";
const UNFINISHED: &str = ".tmp";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    reverse_path: ReversePath,
    recipients: Vec<Recipient>,
    ret: Option<Ret>,
    envelope_id: Option<String>,
}

/// Why a file is none of a maildrop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotADrop {
    /// Somebody else's.
    #[error("it is not named like one that the sendmail command leaves")]
    Name,
    /// Not written by this program.
    #[error("its first line cannot be read: {0}")]
    Head(String),
    /// Written by a newer one.
    #[error("it is of version {0}, which this Bookpost does not know")]
    Version(u32),
    /// It is for nobody.
    #[error("it has no recipient")]
    NoRecipient,
    /// What stands in the envelope would not be one command.
    #[error("a parameter of its envelope is not allowed")]
    Parameter,
}

/// The name of a finished file. Nobody else draws the same.
pub fn name(random: u128) -> String {
    format!("{random:032x}{FINISHED}")
}

/// The name of a file while it is written.
pub fn unfinished_name(random: u128) -> String {
    format!("{random:032x}{UNFINISHED}")
}

/// Whether [`unfinished_name`] gives such a name.
pub(super) fn is_unfinished_name(name: &str) -> bool {
    name.strip_suffix(UNFINISHED).is_some_and(is_drawn)
}

/// Whether a file of this name is for the service to look at.
pub(super) fn is_finished(name: &str) -> bool {
    name.ends_with(FINISHED)
}

/// Whether [`name()`] gives such a name.
pub(super) fn is_name(name: &str) -> bool {
    name.strip_suffix(FINISHED).is_some_and(is_drawn)
}

fn is_drawn(random: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    random.len() == 32 && random.bytes().all(digit)
}

/// Writes the whole content of a file.
pub fn write(out: &mut impl Write, envelope: &Envelope, message: &[u8]) -> io::Result<()> {
    let head = Head {
        version: VERSION,
        reverse_path: envelope.reverse_path.clone(),
        recipients: envelope.recipients().to_vec(),
        ret: envelope.ret,
        envelope_id: envelope.envelope_id.clone(),
    };
    let mut line = serde_json::to_vec(&head)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.write_all(message)
}

/// Reads it back. The message is not looked at.
pub fn parse(mut content: Bytes) -> Result<(Envelope, Bytes), NotADrop> {
    let end = memchr(b'\n', &content).ok_or_else(|| NotADrop::Head("it has no end".to_owned()))?;
    let line = content.split_to(end + 1);
    let unread = |error: serde_json::Error| NotADrop::Head(error.to_string());
    let Version { version } = serde_json::from_slice(&line).map_err(unread)?;
    if version != VERSION {
        return Err(NotADrop::Version(version));
    }
    let head: Head = serde_json::from_slice(&line).map_err(unread)?;
    let originals = head.recipients.iter().filter_map(|recipient| recipient.original.as_deref());
    let is_envelope_id = |id: &str| id.len() <= MOST_ENVELOPE_ID && is_xtext(id);
    if !originals.into_iter().all(is_original) || !head.envelope_id.as_deref().is_none_or(is_envelope_id) {
        return Err(NotADrop::Parameter);
    }
    let mut envelope =
        Envelope::new(head.reverse_path, head.recipients).map_err(|_| NotADrop::NoRecipient)?;
    envelope.ret = head.ret;
    envelope.envelope_id = head.envelope_id;
    Ok((envelope, content))
}

/// Read first: a later version may have other fields.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

fn is_original(text: &str) -> bool {
    let is_type = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    text.len() <= MOST_ORIGINAL
        && text
            .split_once(';')
            .is_some_and(|(kind, address)| !kind.is_empty() && kind.bytes().all(is_type) && is_xtext(address))
}

#[cfg(test)]
mod tests {
    use mail::{Address, envelope::Notify};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let recipient = Recipient {
            notify: Some(Notify::Never),
            original: Some("rfc822;ann+2Bb@x.org".to_owned()),
            ..Recipient::from(Address::parse("ann@x.org").unwrap())
        };
        let sender = ReversePath::Address(Address::parse("desk@x.org").unwrap());
        for reverse_path in [ReversePath::Null, sender] {
            let mut envelope = Envelope::new(reverse_path, vec![recipient.clone(); 3]).unwrap();
            envelope.ret = Some(Ret::Full);
            envelope.envelope_id = Some("a+2Bb".to_owned());
            let mut content = Vec::new();
            write(&mut content, &envelope, b"Subject: a\r\n\r\n\nb").unwrap();
            let read = parse(content.into()).unwrap();
            assert_eq!(read, (envelope, Bytes::from("Subject: a\r\n\r\n\nb")));
        }
    }

    #[test]
    fn what_nobody_could_answer_for_is_refused() {
        let with = |fields: &str| {
            let to = r#""recipients":[{"address":"a@x.org","notify":null,"original":null}]"#;
            parse(format!("{{\"version\":1,\"reverse_path\":\"Null\",{to},\"ret\":null{fields}}}\nm").into())
        };
        assert!(with(r#","envelope_id":"ok""#).is_ok());
        let smuggled = r#","envelope_id":"x>\r\nRCPT TO:<b@x.org""#;
        assert_eq!(with(smuggled), Err(NotADrop::Parameter));
        assert!(matches!(with(r#","envelope_id":null,"uid":0"#), Err(NotADrop::Head(_))));
        let content = |text: &str| parse(text.to_owned().into());
        let one =
            r#"{"version":1,"reverse_path":"Null","recipients":[RECIPIENTS],"ret":null,"envelope_id":null}"#;
        let recipients = |text: &str| content(&(one.replace("RECIPIENTS", text) + "\nm"));
        assert_eq!(recipients(""), Err(NotADrop::NoRecipient));
        for bad in ["x>\\r\\nRCPT TO:<b@x.org", "rfc822;a b", ";a", ""] {
            let recipient = format!(r#"{{"address":"a@x.org","notify":null,"original":"{bad}"}}"#);
            assert_eq!(recipients(&recipient), Err(NotADrop::Parameter), "{bad}");
        }
        let address = r#"{"address":"a@x.org>\r\nDATA","notify":null,"original":null}"#;
        assert!(matches!(recipients(address), Err(NotADrop::Head(_))));
        assert_eq!(content("{\"version\":2}\n"), Err(NotADrop::Version(2)));
        for garbage in ["", "\n", "no JSON\n", "{\"version\":1}\n", "{\"version\":1"] {
            assert!(matches!(content(garbage), Err(NotADrop::Head(_))), "{garbage:?}");
        }
    }

    #[test]
    fn names_are_drawn() {
        for (name, finished, named) in [
            (name(7), true, true),
            (unfinished_name(7), false, false),
            ("x.mail".to_owned(), true, false),
            (name(7).to_uppercase(), false, false),
            (format!("{}g.mail", "0".repeat(31)), true, false),
        ] {
            assert_eq!((is_finished(&name), is_name(&name)), (finished, named), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_content_is_survived(content in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(content.into());
        }
    }
}

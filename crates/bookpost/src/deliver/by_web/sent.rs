//! Whether a service has a message of which no answer came: it is asked among what was sent, where whoever signed in allowed that.
//!
//! A yes is a yes only for a copy with our Message-ID and to the same people: one Message-ID may stand on several mails. What is not found may
//! have been taken all the same: the service may not have filed it yet, or have given it another Message-ID.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use mail::{Recipient, Reply, message::header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    answer,
    request::{compared, get, named},
};
use crate::{
    deliver::stream::{Sent, Stream},
    preferences::mail_accounts::Shown,
};

/// Copies that are looked at.
const COPIES: usize = 5;
/// Its clock may be behind ours.
const CLOCKS: SignedDuration = SignedDuration::from_mins(10);

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    messages: Vec<Kept>,
}

#[derive(Deserialize)]
struct Kept {
    id: String,
}

/// The lines of one that were asked for.
#[derive(Deserialize)]
struct Lines {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    headers: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    name: String,
    value: String,
}

/// What is looked for.
pub struct Letter<'a> {
    message_id: String,
    to: BTreeSet<String>,
    host: &'a str,
    shown: &'a Shown,
    since: Timestamp,
}

impl<'a> Letter<'a> {
    /// This message, sent since then. None: it cannot be told from others, as nothing in it says whom it is for.
    pub fn of(
        message: &[u8],
        recipients: &[Recipient],
        (host, shown): (&'a str, &'a Shown),
        since: Timestamp,
    ) -> Option<Self> {
        let message_id = message_id(message)?;
        let to: BTreeSet<_> = recipients.iter().map(|to| compared(&to.address)).collect();
        (named(message)? == to).then_some(Self { message_id, to, host, shown, since })
    }

    /// The answer that stands in the place of the one that was lost.
    pub async fn found(&self, mut stream: Stream) -> Option<Reply> {
        let since = self.since.saturating_sub(CLOCKS).unwrap_or(Timestamp::MIN);
        let query = format!("in:sent rfc822msgid:{} after:{}", self.message_id, since.as_second());
        let query = utf8_percent_encode(&query, NON_ALPHANUMERIC);
        let path = format!("/gmail/v1/users/me/messages?maxResults={COPIES}&q={query}");
        let of = (self.host, self.shown);
        let found: Found = ask(&mut stream, of, &path).await?;
        for copy in found.messages.iter().take(COPIES) {
            let lines: Lines = ask(&mut stream, of, &lines_of(&copy.id)).await?;
            if self.is(&lines) {
                let text = format!("found among what was sent; Gmail calls it {}", copy.id);
                return Some(Reply { code: 200, enhanced: None, text });
            }
        }
        None
    }

    fn is(&self, lines: &Lines) -> bool {
        let header = lines.header();
        let header = header.as_bytes();
        message_id(header).as_ref() == Some(&self.message_id) && named(header).as_ref() == Some(&self.to)
    }
}

impl Lines {
    /// As they stand in a message.
    fn header(&self) -> String {
        let one_line = |value: &str| value.replace(['\r', '\n'], " ");
        let mut header = String::new();
        for line in &self.payload.headers {
            header.extend([&*one_line(&line.name), ": ", &*one_line(&line.value), "\r\n"]);
        }
        header
    }
}

/// By what Gmail knows a message that it says it has taken.
pub fn called(answer: &str) -> Option<&str> {
    answer.rsplit_once("Gmail calls it ").map(|(_, id)| id.trim()).filter(|id| !id.is_empty())
}

/// Whether a message that Gmail has taken, and knows by `id`, has the Message-ID still that we gave it. None: Gmail does not say.
pub async fn keeps_id(mut stream: Stream, of: (&str, &Shown), id: &str, message: &[u8]) -> Option<bool> {
    let ours = message_id(message)?;
    let lines: Lines = ask(&mut stream, of, &lines_of(id)).await?;
    Some(message_id(lines.header().as_bytes()).is_some_and(|theirs| theirs == ours))
}

fn lines_of(id: &str) -> String {
    format!(
        "/gmail/v1/users/me/messages/{}?format=metadata&metadataHeaders=Message-ID&metadataHeaders=To&metadataHeaders=Cc",
        utf8_percent_encode(id, NON_ALPHANUMERIC)
    )
}

async fn ask<T: DeserializeOwned>(
    stream: &mut Stream,
    (host, shown): (&str, &Shown),
    path: &str,
) -> Option<T> {
    let mut pieces = vec![get(path, host, shown)];
    let (mut received, mut is_sent) = (Vec::new(), false);
    loop {
        let heard = if is_sent {
            stream.read().await.ok()?.to_vec()
        } else {
            match stream.write(&mut pieces).await.ok()? {
                Sent::Heard(heard) => heard.to_vec(),
                Sent::Some => continue,
                Sent::All => {
                    is_sent = true;
                    continue;
                }
            }
        };
        received.extend_from_slice(&heard);
        while let Some(answer) = answer::read(&received, heard.is_empty()).ok()? {
            if answer.status == 200 {
                return serde_json::from_slice(&answer.body).ok();
            }
            if answer.status >= 200 {
                return None;
            }
            received.drain(..answer.length);
        }
        if heard.is_empty() {
            return None;
        }
    }
}

/// Without its brackets, if it is one that can be asked for.
fn message_id(message: &[u8]) -> Option<String> {
    let id = header(message, "Message-ID")?;
    let id = id.trim().strip_prefix('<')?.strip_suffix('>')?;
    let is_plain = |one: char| one.is_ascii_graphic() && !"<>()\"{}".contains(one);
    (!id.is_empty() && id.chars().all(is_plain)).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use mail::Address;

    use super::*;

    fn to(addresses: &[&str]) -> Vec<Recipient> {
        addresses.iter().map(|address| address.parse::<Address>().unwrap().into()).collect()
    }

    fn shown() -> Shown {
        Shown {
            user: String::new(),
            token: String::new().into(),
            until: Timestamp::MAX,
            usable_until: Timestamp::MAX,
            may_look: true,
        }
    }

    #[test]
    fn only_a_copy_to_the_same_people_with_the_same_id_is_it() {
        let (shown, message) =
            (shown(), b"Message-ID: <1@x>\r\nTo: a@x.example\r\nCc: B@x.example\r\n\r\nhello\r\n");
        let letter =
            Letter::of(message, &to(&["b@x.example", "a@x.example"]), ("h", &shown), Timestamp::UNIX_EPOCH);
        let letter = letter.unwrap();
        for (id, to, cc, expected) in [
            ("<1@x>", "A <a@x.example>", "b@x.example", true),
            ("<1@x>", "b@x.example, a@x.example", "", true),
            ("<1@x>", "a@x.example", "", false),
            ("<1@x>", "a@x.example", "c@x.example", false),
            ("<2@x>", "a@x.example", "b@x.example", false),
            ("", "a@x.example", "b@x.example", false),
        ] {
            let line = |name: &str, value: &str| Line { name: name.to_owned(), value: value.to_owned() };
            let headers = vec![line("To", to), line("Cc", cc), line("Message-Id", id)];
            assert_eq!(letter.is(&Lines { payload: Payload { headers } }), expected, "{id} {to} {cc}");
        }
    }

    /// All hidden copies of one mail have its Message-ID, and none says whom it is for.
    #[test]
    fn what_names_nobody_or_has_no_id_is_not_looked_for() {
        let shown = shown();
        for (fields, recipients) in [
            ("Message-ID: <1@x>", &["a@x.example"][..]),
            ("Message-ID: <1@x>\r\nTo: list@x.example", &["a@x.example"]),
            ("Message-ID: <1@x>\r\nTo: a@x.example, b@x.example", &["a@x.example"]),
            ("To: a@x.example", &["a@x.example"]),
            ("Message-ID: <1@x is:unread>\r\nTo: a@x.example", &["a@x.example"]),
            ("Message-ID: <>\r\nTo: a@x.example", &["a@x.example"]),
        ] {
            let message = format!("{fields}\r\n\r\nhello\r\n");
            let of = ("h", &shown);
            let letter = Letter::of(message.as_bytes(), &to(recipients), of, Timestamp::UNIX_EPOCH);
            assert!(letter.is_none(), "{fields}");
        }
    }
}

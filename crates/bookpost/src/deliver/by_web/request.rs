//! What a service is asked to send.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use mail::{Address, Recipient, message::header, smtp::client::Failure, submission::recipients_of_headers};

use crate::{config::Service, preferences::mail_accounts::Shown};

/// At most so much of a message stays behind until it may leave as a whole: one write.
const LAST: usize = 1024;

/// Octets of a message that Gmail takes at most (`messages.send`, "Maximum file size").
const GMAIL_TAKES: usize = 36_700_160;
/// Octets of a request that Graph takes at most.
const GRAPH_TAKES: usize = 4 * 1024 * 1024;

/// Two parts of one request: without the second it is none.
pub(super) struct Request {
    pub(super) first: Vec<Bytes>,
    pub(super) last: Bytes,
}

impl Request {
    /// Sends `message` by the account of whoever has signed in.
    pub(super) fn new(
        service: Service,
        host: &str,
        shown: &Shown,
        message: &Bytes,
        hidden: Option<&Recipient>,
    ) -> Self {
        let hidden = hidden_field(hidden);
        let (path, kind, mut content) = match service {
            Service::Gmail => (
                "/upload/gmail/v1/users/me/messages/send?uploadType=media",
                "message/rfc822",
                Bytes::from([hidden.as_bytes(), message].concat()),
            ),
            Service::Graph => (
                "/v1.0/me/sendMail",
                "text/plain",
                Bytes::from(STANDARD.encode([hidden.as_bytes(), message].concat())),
            ),
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nUser-Agent: {}\r\nAccept: application/json\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            &*shown.token,
            concat!("Bookpost/", env!("CARGO_PKG_VERSION")),
            content.len()
        );
        let last = content.split_off(content.len().saturating_sub(LAST));
        Self {
            first: [Bytes::from(head), content].into_iter().filter(|part| !part.is_empty()).collect(),
            last,
        }
    }
}

/// Asks whose account it is, which sends nothing.
pub(super) fn whose(service: Service, host: &str, shown: &Shown) -> Bytes {
    let path = match service {
        Service::Gmail => "/gmail/v1/users/me/profile",
        Service::Graph => "/v1.0/me",
    };
    get(path, host, shown)
}

pub(super) fn get(path: &str, host: &str, shown: &Shown) -> Bytes {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nUser-Agent: {}\r\nAccept: application/json\r\nConnection: keep-alive\r\n\r\n",
        &*shown.token,
        concat!("Bookpost/", env!("CARGO_PKG_VERSION")),
    );
    request.into()
}

/// Why a service that knows no envelope cannot be handed this message, before any of it is sent.
pub fn carries(service: Service, message: &[u8], recipients: &[Recipient]) -> Result<(), Failure> {
    let hidden = match reaches(message, recipients) {
        Reaches::Named => None,
        Reaches::Hidden(to) => Some(to),
        Reaches::Others => return Err(Failure::NamesOthers),
    };
    let most = match service {
        Service::Gmail => GMAIL_TAKES,
        // In base64.
        Service::Graph => GRAPH_TAKES / 4 * 3,
    };
    if hidden_field(hidden).len() + message.len() > most {
        return Err(Failure::TooLarge { limit: most as u64 });
    }
    Ok(())
}

fn hidden_field(hidden: Option<&Recipient>) -> String {
    hidden.map(|to| format!("Bcc: <{}>\r\n", to.address)).unwrap_or_default()
}

/// Whom the header names, as they are compared; None: it cannot be told.
pub fn named(message: &[u8]) -> Option<BTreeSet<String>> {
    let resent = ["Resent-To", "Resent-Cc", "Resent-Bcc"];
    // Whom a service takes such a message to be for is said nowhere.
    if resent.into_iter().any(|name| header(message, name).is_some()) {
        return None;
    }
    Some(recipients_of_headers(message, None).ok()?.iter().map(compared).collect())
}

/// No provider keeps two mailboxes apart by large and small letters.
pub fn compared(address: &Address) -> String {
    address.to_string().to_lowercase()
}

/// Who gets a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reaches<'a> {
    /// Those that its header names.
    Named,
    /// It names nobody: this one alone, who is named in a field that the service takes out.
    Hidden(&'a Recipient),
    /// Others too, or not all of them: it must not go by a service that knows no envelope.
    Others,
}

/// A service writes to whoever the header names. One hidden copy among others is none of these: were the field not taken out, the others
/// would read it.
pub(super) fn reaches<'a>(message: &[u8], recipients: &'a [Recipient]) -> Reaches<'a> {
    let Some(named) = named(message) else { return Reaches::Others };
    match recipients {
        [one] if named.is_empty() => Reaches::Hidden(one),
        all if named == all.iter().map(|to| compared(&to.address)).collect() => Reaches::Named,
        _ => Reaches::Others,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(addresses: &[&str]) -> Vec<Recipient> {
        addresses.iter().map(|address| address.parse::<Address>().unwrap().into()).collect()
    }

    #[test]
    fn what_is_too_large_is_known_beforehand() {
        let one = to(&["a@x.example"]);
        for (service, most) in [(Service::Gmail, 36_700_160), (Service::Graph, 3_145_728)] {
            for fields in ["To: a@x.example\r\n", ""] {
                let message = |octets: usize| {
                    let head = format!("{fields}\r\n");
                    head.clone() + &"x".repeat(octets - head.len())
                };
                let hidden = if fields.is_empty() { "Bcc: <a@x.example>\r\n".len() } else { 0 };
                let fits = message(most - hidden);
                assert_eq!(carries(service, fits.as_bytes(), &one), Ok(()));
                let shown = Shown {
                    user: String::new(),
                    token: String::new().into(),
                    until: jiff::Timestamp::MAX,
                    usable_until: jiff::Timestamp::MAX,
                    may_look: false,
                };
                let hides = (hidden > 0).then_some(&one[0]);
                let request = Request::new(service, "h", &shown, &Bytes::from(fits), hides);
                let body = request.last.len() + request.first.last().unwrap().len();
                assert_eq!(body, if service == Service::Gmail { GMAIL_TAKES } else { GRAPH_TAKES });
                let large = carries(service, message(most - hidden + 1).as_bytes(), &one);
                assert_eq!(large, Err(Failure::TooLarge { limit: most as u64 }));
            }
        }
    }

    #[test]
    fn nobody_but_the_envelopes_recipients_gets_it() {
        let (a, b) = ("a@x.example", "b@x.example");
        for (fields, envelope, expected) in [
            ("To: a@x.example", &[a][..], Reaches::Named),
            ("To: \"A, B\" <A@X.example>", &[a], Reaches::Named),
            ("To: a@x.example\r\nCc: b@x.example", &[b, a], Reaches::Named),
            ("To: a@x.example", &[b], Reaches::Others),
            ("To: a@x.example, b@x.example", &[a], Reaches::Others),
            ("To: a@x.example\r\nCC: b@x.example", &[a], Reaches::Others),
            ("To: a@x.example\r\nBcc: b@x.example", &[a], Reaches::Others),
            ("To: a@x.example", &[a, b], Reaches::Others),
            ("To: a@x.example\r\nResent-To: b@x.example", &[b], Reaches::Others),
            ("To: a@x.example\r\nResent-To: b@x.example", &[a], Reaches::Others),
            ("To: all of you", &[a], Reaches::Others),
            ("To: undisclosed-recipients:;", &[a, b], Reaches::Others),
        ] {
            let message = format!("From: l@x.example\r\n{fields}\r\nSubject: s\r\n\r\nTo: c@x.example\r\n");
            assert_eq!(reaches(message.as_bytes(), &to(envelope)), expected, "{fields:?} {envelope:?}");
        }
        let one = to(&[a]);
        for fields in ["X: y", "To: undisclosed-recipients:;"] {
            let message = format!("From: l@x.example\r\n{fields}\r\n\r\nhello\r\n");
            assert_eq!(reaches(message.as_bytes(), &one), Reaches::Hidden(&one[0]), "{fields}");
        }
    }
}

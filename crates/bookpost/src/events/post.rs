//! One request to a web address.

use std::{fmt, str::FromStr, time::Duration};

use jiff::Timestamp;
use reqwest::{Client, Url};
use serde::Serialize;

use super::{EventBody, signature::SigningSecret};
use crate::{
    app::asking,
    config::{NotPrivate, private_url},
};

/// Who takes longer to answer has not been told.
const PATIENCE: Duration = Duration::from_secs(30);
/// Of what is answered, so much is shown to people.
const SHOWN: usize = 200;

/// Where events are posted: over HTTPS, or on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Why a text is no such address, in words that can be shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a URL.
    #[error("{0:?} is not a web address such as https://tracker.example/mail-events")]
    Malformed(String),
    /// Patrons' addresses could be read on the way.
    #[error("{0} is not encrypted, and patrons' addresses could be read on the way; use https://")]
    NotEncrypted(String),
    /// They would be shown to whoever lists the addresses.
    #[error(
        "a web address with a user name and a password in it is not taken: what is posted is signed instead"
    )]
    Credentials,
}

impl Address {
    /// Its host: what may be told to everybody.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        private_url(text.trim()).map(Self).map_err(|why| match why {
            NotPrivate::Malformed => AddressError::Malformed(text.to_owned()),
            NotPrivate::NotEncrypted => AddressError::NotEncrypted(text.to_owned()),
            NotPrivate::Credentials => AddressError::Credentials,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is posted.
#[derive(Serialize)]
struct Body<'a> {
    /// `events`, or `test` without any.
    #[serde(rename = "type")]
    kind: &'static str,
    application: &'a str,
    events: &'a [EventBody],
}

/// Makes requests. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Poster(Client);

impl Poster {
    pub(super) fn new() -> reqwest::Result<Self> {
        asking::client(PATIENCE).map(Self)
    }

    /// Posts these events; `Err` is what a person should hear. The same id always has the same events.
    pub(super) async fn post(
        &self,
        address: &Address,
        application: &str,
        secret: &SigningSecret,
        id: &str,
        events: &[EventBody],
        now: Timestamp,
    ) -> Result<(), String> {
        let kind = if events.is_empty() { "test" } else { "events" };
        let body =
            serde_json::to_vec(&Body { kind, application, events }).map_err(|error| error.to_string())?;
        let request = self
            .0
            .post(address.0.clone())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.as_second())
            .header("webhook-signature", secret.sign(id, now, &body));
        // Without the address, which may hold a secret.
        let answer = request.body(body).send().await.map_err(|error| in_words(&error.without_url()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        if status.is_redirection() {
            return Err(format!("{status}: it sends us to another address, which we do not follow"));
        }
        let text = beginning(answer).await;
        Err(if text.is_empty() { status.to_string() } else { format!("{status}: {text}") })
    }
}

/// An error with those behind it, which say more.
fn in_words(error: &reqwest::Error) -> String {
    let words = match error {
        error if error.is_timeout() => "no answer in 30 seconds".to_owned(),
        error if error.is_connect() => "no connection can be made".to_owned(),
        error => error.to_string(),
    };
    asking::with_causes(words, error)
}

/// The first line of an answer, as far as people need it.
async fn beginning(mut answer: reqwest::Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < SHOWN
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        bytes.extend_from_slice(&chunk);
    }
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().next().unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(SHOWN).collect::<String>().trim().to_owned()
}

/// Posts a test without events, so that a person sees whether an address works. `Err` is what to show.
pub async fn test(
    address: &Address,
    application: &str,
    secret: &SigningSecret,
    now: Timestamp,
) -> Result<(), String> {
    let poster = Poster::new().map_err(|error| in_words(&error))?;
    let id = format!("test-{}", now.as_microsecond());
    poster.post(address, application, secret, &id, &[], now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_go_over_https_or_stay_here() {
        for (text, right) in [
            ("https://tracker.example/events?key=1", true),
            (" https://10.1.2.3:8443/ ", true),
            ("http://localhost:3000/events", true),
            ("http://127.0.0.1:3000/", true),
            ("http://[::1]:3000/", true),
            ("http://tracker.example/", false),
            ("http://localhost.example/", false),
            ("ftp://tracker.example/", false),
            ("tracker.example", false),
            ("https://me:secret@tracker.example/", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Address>().is_ok(), right, "{text}");
        }
    }
}

//! Web addresses at which nothing is told that could be read on the way.

use reqwest::Url;

/// Why an address is none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotPrivate {
    /// No web address.
    Malformed,
    /// Over plain http, to another computer.
    NotEncrypted,
    /// There is a user name or a password in it.
    Credentials,
}

/// Reads an address without credentials, over https or on this computer.
pub fn private_url(text: &str) -> Result<Url, NotPrivate> {
    let url = Url::parse(text).map_err(|_| NotPrivate::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NotPrivate::Credentials);
    }
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        "http" => Err(NotPrivate::NotEncrypted),
        _ => Err(NotPrivate::Malformed),
    }
}

//! The kinds of values that a setting may have, and how each is read.

use std::{path::PathBuf, time::Duration};

use jiff::{SignedDuration, tz::TimeZone};
use mail::Address;
use toml::Value;

use super::{Audience, Backup, Encryption, InDoubtPolicy, Provider, SendBy};

/// A value that can stand in the configuration.
pub(super) trait Setting: Sized {
    /// Ends the sentence "must be ...".
    const EXPECTS: &'static str;
    /// Reads it. `Err` says what is wrong with this one, or nothing where [`Self::EXPECTS`] says it all.
    fn read(value: &Value) -> Result<Self, String>;
}

fn text(value: &Value) -> Result<&str, String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).ok_or_else(String::new)
}

impl Setting for String {
    const EXPECTS: &'static str = "a text in quotes, not empty";
    fn read(value: &Value) -> Result<Self, String> {
        text(value).map(str::to_owned)
    }
}

impl Setting for Vec<String> {
    const EXPECTS: &'static str = "a text in quotes, or a list of such texts";
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::Array(list) => list.iter().map(String::read).collect(),
            one => String::read(one).map(|one| vec![one]),
        }
    }
}

impl Setting for PathBuf {
    const EXPECTS: &'static str = "the full path of a file or folder, in quotes, beginning with /";
    fn read(value: &Value) -> Result<Self, String> {
        let path = Self::from(text(value)?);
        if path.is_absolute() { Ok(path) } else { Err(format!("{} does not begin with /", path.display())) }
    }
}

impl Setting for bool {
    const EXPECTS: &'static str = "true or false, without quotes";
    fn read(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(String::new)
    }
}

impl Setting for u64 {
    const EXPECTS: &'static str = "a whole number, without quotes";
    fn read(value: &Value) -> Result<Self, String> {
        value.as_integer().and_then(|n| Self::try_from(n).ok()).ok_or_else(String::new)
    }
}

impl Setting for u16 {
    const EXPECTS: &'static str = "a number from 1 to 65535, without quotes";
    fn read(value: &Value) -> Result<Self, String> {
        value.as_integer().and_then(|n| Self::try_from(n).ok()).filter(|n| *n > 0).ok_or_else(String::new)
    }
}

impl Setting for Duration {
    const EXPECTS: &'static str = "a length of time in quotes, such as \"60m\" or \"100h\"";
    fn read(value: &Value) -> Result<Self, String> {
        let text = text(value)?;
        let length: SignedDuration = text.parse().map_err(|_| format!("{text:?} is none"))?;
        Self::try_from(length).map_err(|_| format!("{text:?} is negative"))
    }
}

impl Setting for (Duration, Duration) {
    const EXPECTS: &'static str = "the shortest and the longest wait, such as [\"3m\", \"9m\"]";
    fn read(value: &Value) -> Result<Self, String> {
        let Some([least, most]) = value.as_array().map(Vec::as_slice) else { return Err(String::new()) };
        let (least, most) = (Duration::read(least)?, Duration::read(most)?);
        if least > most || least.is_zero() {
            return Err("the first must be longer than nothing and not longer than the second".to_owned());
        }
        Ok((least, most))
    }
}

impl Setting for Address {
    const EXPECTS: &'static str = "a mail address in quotes";
    fn read(value: &Value) -> Result<Self, String> {
        Self::parse(text(value)?).map_err(|error| error.to_string())
    }
}

impl Setting for TimeZone {
    const EXPECTS: &'static str = "a time zone in quotes, such as \"America/New_York\"";
    fn read(value: &Value) -> Result<Self, String> {
        let name = text(value)?;
        Self::get(name).map_err(|_| format!("{name:?} is not known"))
    }
}

/// The way of sending, before its servers are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WayName {
    None,
    Practice,
    Servers,
    /// By an account at this provider.
    By(Provider),
}

impl Setting for WayName {
    const EXPECTS: &'static str = "\"servers\", \"google\", \"microsoft\", \"practice\" or \"none\"";
    fn read(value: &Value) -> Result<Self, String> {
        match text(value)? {
            "none" => Ok(Self::None),
            "practice" => Ok(Self::Practice),
            "servers" => Ok(Self::Servers),
            "google" => Ok(Self::By(Provider::Google)),
            "microsoft" => Ok(Self::By(Provider::Microsoft)),
            other => Err(format!("{other:?} is none of them")),
        }
    }
}

impl Setting for Backup {
    const EXPECTS: &'static str = "\"servers\", \"google\", \"microsoft\" or \"none\"";
    fn read(value: &Value) -> Result<Self, String> {
        match text(value)? {
            "none" => Ok(Self::None),
            "servers" => Ok(Self::Servers),
            "google" => Ok(Self::By(Provider::Google)),
            "microsoft" => Ok(Self::By(Provider::Microsoft)),
            other => Err(format!("{other:?} is none of them")),
        }
    }
}

impl Setting for Audience {
    const EXPECTS: &'static str = "\"internal\", \"external\" or \"testing\"";
    fn read(value: &Value) -> Result<Self, String> {
        let name = text(value)?;
        Self::named(name).ok_or_else(|| format!("{name:?} is none of them"))
    }
}

impl Setting for SendBy {
    const EXPECTS: &'static str = "\"smtp\" or \"api\"";
    fn read(value: &Value) -> Result<Self, String> {
        let name = text(value)?;
        Self::named(name).ok_or_else(|| format!("{name:?} is none of them"))
    }
}

impl Setting for Encryption {
    const EXPECTS: &'static str = "\"starttls\" for Encrypted (recommended), \"tls\" for Encrypted from the start, or \"none\" for Not encrypted";
    fn read(value: &Value) -> Result<Self, String> {
        match text(value)? {
            "starttls" => Ok(Self::StartTls),
            "tls" => Ok(Self::Tls),
            "none" => Ok(Self::Plain),
            other => Err(format!("{other:?} is none of them")),
        }
    }
}

impl Setting for InDoubtPolicy {
    const EXPECTS: &'static str = "\"retry\" or \"hold\"";
    fn read(value: &Value) -> Result<Self, String> {
        match text(value)? {
            "retry" => Ok(Self::Retry),
            "hold" => Ok(Self::Hold),
            other => Err(format!("{other:?} is none of them")),
        }
    }
}

//! Mail addresses (RFC 5321 section 4.1.2, RFC 6531 section 3.3) and their domains (IDNA, UTS 46).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One mailbox, `local@domain`, checked.
///
/// The text is kept as given, except that the domain is in lower case. Compare addresses of people with `==` only
/// where the local part is known to be the same spelling: its case belongs to the receiving host (RFC 5321 section 2.4).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    text: String,
    at: usize,
}

/// Why a text is not an address, in words that can be shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing but white space.
    #[error("the address is empty")]
    Empty,
    /// No `@` between two parts.
    #[error("{0:?} has no @ between a name and a domain")]
    NoAt(String),
    /// The part before the `@` is not a local part.
    #[error("the part before the @ in {0:?} is not allowed in an address")]
    Local(String),
    /// The part after the `@` is not a domain or an address literal.
    #[error("{0:?} does not end in a domain that can exist")]
    Domain(String),
    /// Longer than RFC 5321 section 4.5.3.1 allows.
    #[error("{0:?} is longer than an address may be")]
    TooLong(String),
}

impl Address {
    /// Reads one address, without display name or angle brackets; white space around it is dropped.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let at = text.rfind('@').ok_or_else(|| AddressError::NoAt(text.to_owned()))?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        Ok(Self { text: format!("{local}@{}", domain.to_lowercase()), at })
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The part after the `@`, in lower case, as written (U-labels stay).
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The address for logs: the first character of the local part, and the domain.
    pub fn masked(&self) -> String {
        let first = self.local().chars().next().unwrap_or('?');
        format!("{first}***@{}", self.domain())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    /// Masked, so that a log line or a panic message never names a patron.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.text
    }
}

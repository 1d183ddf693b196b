//! Somebody who writes or is written to.

use std::str::FromStr;

use crate::{Address, address::AddressError};

/// A display name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// What people see; control characters become spaces, runs of spaces one.
    pub name: Option<String>,
    /// Where it goes.
    pub address: Address,
}

impl FromStr for Mailbox {
    type Err = AddressError;

    /// Reads `a@b`, or `Name <a@b>`. This is no header field: it is one mailbox, and whatever stands before the brackets is its name,
    /// with or without quotation marks around it.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let bracketed = text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<'));
        let (name, address) = bracketed.unwrap_or(("", text));
        let name = name.trim();
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
        Ok(Self {
            name: (!name.is_empty()).then(|| name.replace("\\\"", "\"")),
            address: Address::parse(address)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_as_programs_write_it() {
        for (text, read) in [
            ("desk@library.example", Some((None, "desk@library.example"))),
            (" <desk@library.example> ", Some((None, "desk@library.example"))),
            ("Main Desk <desk@library.example>", Some((Some("Main Desk"), "desk@library.example"))),
            ("\"Desk, \\\"Main\\\"\" <a@x.org>", Some((Some("Desk, \"Main\""), "a@x.org"))),
            ("a@x.org, b@x.org <c@x.org>", Some((Some("a@x.org, b@x.org"), "c@x.org"))),
            ("a@x.org, b@x.org", None),
            ("Desk <desk>", None),
            ("a@x.org\r\nBcc: b@x.org", None),
            ("", None),
        ] {
            let expected = read.map(|(name, address): (Option<&str>, _)| {
                (name.map(str::to_owned), Address::parse(address).unwrap())
            });
            let found = text.parse::<Mailbox>().ok().map(|one| (one.name, one.address));
            assert_eq!(found, expected, "{text:?}");
        }
    }
}

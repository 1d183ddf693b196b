//! The envelope of a message (RFC 5321 section 2.3.1) with its DSN parameters (RFC 3461).

use std::{fmt, fmt::Write as _};

use serde::{Deserialize, Serialize};

use crate::Address;

/// Where reports about a message go: an address, or nowhere (`<>`), which is a case of its own so that nobody forgets it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ReversePath {
    /// `<>`: the message is itself a report; a failure of it is reported to nobody.
    Null,
    /// Reports go here.
    Address(Address),
}

impl ReversePath {
    /// The address, if there is one.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Null => None,
            Self::Address(address) => Some(address),
        }
    }
}

/// When the sender wants to hear of a recipient (RFC 3461 section 4.1). No `Notify` at all means failure and delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Notify {
    /// `NOTIFY=NEVER`.
    Never,
    /// Any of SUCCESS, FAILURE, DELAY; at least one is set.
    On {
        /// `SUCCESS`
        success: bool,
        /// `FAILURE`
        failure: bool,
        /// `DELAY`
        delay: bool,
    },
}

/// How much of the message a report brings back (RFC 3461 section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ret {
    /// `RET=FULL`
    Full,
    /// `RET=HDRS`
    Headers,
}

/// One recipient with its DSN parameters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Recipient {
    /// Forward path.
    pub address: Address,
    /// `NOTIFY=`
    pub notify: Option<Notify>,
    /// `ORCPT=`, as xtext with its type (`rfc822;...`), as it was handed in; in ASCII (RFC 6533 section 3).
    pub original: Option<String>,
}

impl From<Address> for Recipient {
    fn from(address: Address) -> Self {
        Self { address, notify: None, original: None }
    }
}

/// Who a message is from and for. It has at least one recipient, by construction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Where reports go.
    pub reverse_path: ReversePath,
    recipients: Vec<Recipient>,
    /// `RET=`
    pub ret: Option<Ret>,
    /// `ENVID=`, as xtext.
    pub envelope_id: Option<String>,
}

/// An envelope needs a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message needs at least one recipient")]
pub struct NoRecipient;

impl Envelope {
    /// An envelope for `recipients`, of which there is at least one.
    pub fn new(reverse_path: ReversePath, recipients: Vec<Recipient>) -> Result<Self, NoRecipient> {
        if recipients.is_empty() {
            return Err(NoRecipient);
        }
        Ok(Self { reverse_path, recipients, ret: None, envelope_id: None })
    }

    /// An envelope for one address.
    pub fn to_one(reverse_path: ReversePath, address: Address) -> Self {
        Self { reverse_path, recipients: vec![address.into()], ret: None, envelope_id: None }
    }

    /// The recipients, at least one.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }
}

impl fmt::Display for Notify {
    /// The value of `NOTIFY=`. With nothing set nothing is wanted, which is NEVER: an empty list is not legal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::On { success, failure, delay } = *self else {
            return f.write_str("NEVER");
        };
        let wanted: Vec<&str> = [("SUCCESS", success), ("FAILURE", failure), ("DELAY", delay)]
            .into_iter()
            .filter_map(|(word, wanted)| wanted.then_some(word))
            .collect();
        if wanted.is_empty() { f.write_str("NEVER") } else { f.write_str(&wanted.join(",")) }
    }
}

impl Notify {
    /// Reads the value of `NOTIFY=`; NEVER stands alone.
    pub fn parse(value: &str) -> Option<Self> {
        if value.eq_ignore_ascii_case("NEVER") {
            return Some(Self::Never);
        }
        let (mut success, mut failure, mut delay) = (false, false, false);
        for word in value.split(',') {
            match word.to_ascii_uppercase().as_str() {
                "SUCCESS" => success = true,
                "FAILURE" => failure = true,
                "DELAY" => delay = true,
                _ => return None,
            }
        }
        Some(Self::On { success, failure, delay })
    }
}

impl fmt::Display for Ret {
    /// The value of `RET=`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "FULL",
            Self::Headers => "HDRS",
        })
    }
}

impl Ret {
    /// Reads the value of `RET=`.
    pub fn parse(value: &str) -> Option<Self> {
        [Self::Full, Self::Headers].into_iter().find(|ret| value.eq_ignore_ascii_case(&ret.to_string()))
    }
}

/// `text` as xtext (RFC 3461 section 4): what is not printable ASCII, and `+` and `=`, becomes `+HH`.
pub fn xtext_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_xchar(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "+{byte:02X}");
        }
    }
    encoded
}

/// What `xtext` stands for; `None` when it is not xtext, or not UTF-8 within.
pub fn xtext_decode(xtext: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(xtext.len());
    let mut bytes = xtext.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => hex(bytes.next()?)? * 16 + hex(bytes.next()?)?,
            _ if is_xchar(byte) => byte,
            _ => return None,
        });
    }
    String::from_utf8(decoded).ok()
}

/// An address of the type `utf-8` as any server takes it: what is not ASCII becomes `\x{HEX}` (RFC 6533 section 3).
pub fn utf8_address_encode(address: &str) -> String {
    let mut encoded = String::with_capacity(address.len());
    for c in address.chars() {
        if c.is_ascii() {
            encoded.push(c);
        } else {
            let _ = write!(encoded, "\\x{{{:X}}}", u32::from(c));
        }
    }
    encoded
}

/// Whether `text` may stand in a command as it is.
pub fn is_xtext(text: &str) -> bool {
    !text.is_empty() && xtext_decode(text).is_some()
}

fn is_xchar(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'+' && byte != b'='
}

/// Upper case only (RFC 3461 section 4).
fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn xtext_as_in_the_standard() {
        assert_eq!(xtext_encode("rfc822;a+b=c@x.org"), "rfc822;a+2Bb+3Dc@x.org");
        assert_eq!(xtext_encode("a b\r\né"), "a+20b+0D+0A+C3+A9");
        for broken in ["a b", "a=b", "a+", "a+4", "a+4g", "a+2b", "é", "a\r\n", "+FF"] {
            assert_eq!(xtext_decode(broken), None, "{broken}");
        }
    }

    #[test]
    fn notify_and_ret_read_what_they_write() {
        for bits in 1..8_u8 {
            let notify = Notify::On { success: bits & 1 != 0, failure: bits & 2 != 0, delay: bits & 4 != 0 };
            assert_eq!(Notify::parse(&notify.to_string()), Some(notify));
        }
        assert_eq!(Notify::parse("never"), Some(Notify::Never));
        assert_eq!(Notify::parse("NEVER,DELAY"), None);
        assert_eq!(Notify::parse(""), None);
        assert_eq!(
            [Ret::parse("hdrs"), Ret::parse("FULL"), Ret::parse("")],
            [Some(Ret::Headers), Some(Ret::Full), None]
        );
    }

    proptest! {
        #[test]
        fn xtext_comes_back(text in "\\PC{0,30}[\r\n\0]?") {
            let encoded = xtext_encode(&text);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(xtext_decode(&encoded), Some(text));
        }
    }
}

//! Return paths that name a message, and that nobody can make up (docs/adr/0013-mail-that-comes-back.md).
//!
//! `r7-0123456789abcdef0123`: the number of the message, and the beginning of an HMAC over it with the queue's own key.

use std::{fmt::Write as _, sync::Arc};

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use mail::Address;
use store::MessageId;

use crate::config::ReadAddress;

/// Of the HMAC. To guess one takes 2^79 mails on average.
const OCTETS: usize = 10;
/// What is signed is this and nothing else.
const PURPOSE: &[u8] = b"bookpost return path 1\0";

/// Makes and reads them. Cheap to clone.
#[derive(Clone)]
pub struct ReturnPaths(Arc<hmac::Key>);

impl ReturnPaths {
    pub fn new(key: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, key)))
    }

    /// The address to which mail about this message comes back.
    pub fn make(&self, read: &ReadAddress, message: MessageId) -> Option<Address> {
        read.with(&format!("r{}-{}", message.0, self.tag(message)))
    }

    /// The message that an address names; None of one that was not made here.
    pub fn read(&self, read: &ReadAddress, address: &Address) -> Option<MessageId> {
        let word = read.word_in(address)?;
        let (number, tag) = word.strip_prefix('r')?.split_once('-')?;
        // As it is written here, and not otherwise.
        let message = MessageId(number.parse().ok().filter(|id: &i64| *id > 0 && id.to_string() == number)?);
        let known = self.tag(message);
        verify_slices_are_equal(known.as_bytes(), tag.as_bytes()).ok().map(|()| message)
    }

    fn tag(&self, message: MessageId) -> String {
        let mut signed = hmac::Context::with_key(&self.0);
        signed.update(PURPOSE);
        signed.update(&message.0.to_be_bytes());
        let mut tag = String::with_capacity(OCTETS * 2);
        for octet in signed.sign().as_ref().iter().take(OCTETS) {
            let _ = write!(tag, "{octet:02x}");
        }
        tag
    }
}

/// Whether a word has the form of those that name messages, whoever wrote it.
pub fn looks_made(word: &str) -> bool {
    let parts = word.strip_prefix('r').and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(number, tag)| {
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && tag.len() == OCTETS * 2
            && tag.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

impl std::fmt::Debug for ReturnPaths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReturnPaths").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_here_names_a_message() {
        let paths = ReturnPaths::new(b"one key");
        let read = ReadAddress::parse("returns+*@library.example").unwrap();
        let made = paths.make(&read, MessageId(1234)).unwrap();
        assert_eq!(paths.read(&read, &made), Some(MessageId(1234)));
        // Mail systems may write it in other letters.
        assert_eq!(paths.read(&read, &made.as_str().to_uppercase().parse().unwrap()), Some(MessageId(1234)));
        assert_eq!(ReturnPaths::new(b"another").read(&read, &made), None);
        let text = made.as_str();
        for forged in [
            text.replace("r1234-", "r1235-"),
            text.replace("r1234-", "r01234-"),
            text.replace("r1234-", "r+1234-"),
            text.replacen('@', "0@", 1),
            text.replace("returns+r", "returns+"),
            "returns+r1234-@library.example".to_owned(),
            "returns@library.example".to_owned(),
        ] {
            assert_eq!(paths.read(&read, &forged.parse().unwrap()), None, "{forged}");
        }
        assert!(looks_made("r1234-0123456789abcdef0123"));
        for other in [
            "desk",
            "",
            "r-0123456789abcdef0123",
            "r1-",
            "r1-0123456789abcdef012x",
            "ruth-0123456789abcdef0123",
        ] {
            assert!(!looks_made(other), "{other}");
        }
        let longest = paths
            .make(&ReadAddress::parse("twenty-letters-long+*@x.org").unwrap(), MessageId(i64::MAX / 65_536));
        assert!(longest.unwrap().local().len() <= 64);
    }
}

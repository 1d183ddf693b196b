//! Letters that are sealed while they wait: the queue shows that there is one, and to whom, and nobody reads in it what is for that person
//! only.
//!
//! What waits is a mail like others, with the header of the letter; its body is the whole letter, sealed. It opens for the address to
//! which it was sealed, and is opened when it is handed to a server. Each attempt so sends the same bytes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use mail::{
    Address,
    message::{BuildError, NewMail, header_block},
};
use rand::CryptoRng;

use super::SealingKey;

/// What whoever opens it in the queue reads: one short line of ASCII, which no encoding changes.
const SEALED: &str = "This mail is sealed until it is sent: nobody else can use its link.";
/// What is sent where it cannot be opened: nothing of it is known any more, and the person can ask for another.
const LOST: &str = "Bookpost cannot read this mail any more, as the key that seals it has changed.\r\n\
    Ask for another link: \"Forgot it?\" where you sign in, or ask an administrator.\r\n";
/// Letters in a line, well within what a mail may have.
const LINE: usize = 64;

/// The letter as it waits.
pub fn seal(
    letter: NewMail,
    to: &Address,
    key: &SealingKey,
    dice: &mut impl CryptoRng,
) -> Result<Vec<u8>, BuildError> {
    let sealed = URL_SAFE_NO_PAD.encode(key.seal(&purpose(to), &letter.build()?, dice));
    let mut text = format!("{SEALED}\n\n");
    let mut rest = sealed.as_str();
    while let Some((line, after)) = rest.split_at_checked(LINE) {
        text.extend([line, "\n"]);
        rest = after;
    }
    text.push_str(rest);
    NewMail { text, html: None, attachments: Vec::new(), ..letter }.build()
}

/// The letter as it is sent to this address.
pub fn open(waiting: &[u8], to: &Address, key: Option<&SealingKey>) -> Vec<u8> {
    let opened = sealed(waiting).zip(key).and_then(|(sealed, key)| key.open(&purpose(to), &sealed).ok());
    opened.map_or_else(
        || [header_block(waiting), b"\r\n", LOST.as_bytes()].concat(),
        |letter| letter.as_slice().to_vec(),
    )
}

fn sealed(waiting: &[u8]) -> Option<Vec<u8>> {
    let body = std::str::from_utf8(waiting.strip_prefix(header_block(waiting))?).ok()?;
    let lines = body.split_once(SEALED)?.1.split_whitespace();
    URL_SAFE_NO_PAD.decode(lines.collect::<String>()).ok()
}

/// For this address only: a copy of it opens in no mail to another.
fn purpose(to: &Address) -> String {
    format!("letter to {to}")
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::Offset};
    use mail::message::Mailbox;
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    const OTHER: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn letter() -> NewMail {
        let mailbox = |text: &str| Mailbox { name: None, address: address(text) };
        NewMail {
            from: mailbox("desk@library.example"),
            reply_to: None,
            to: vec![mailbox("ann@library.example")],
            cc: Vec::new(),
            subject: "A new password".to_owned(),
            text: "¡Hola! https://bookpost.library.example/reset?code=elf-elf-elf\n".repeat(20),
            html: None,
            pictures: Vec::new(),
            attachments: Vec::new(),
            headers: Vec::new(),
            auto_submitted: None,
            list_id: None,
            message_id: "<1@library.example>".to_owned(),
            date: Timestamp::constant(1_800_000_000, 0),
            offset: Offset::UTC,
        }
    }

    fn waiting() -> Vec<u8> {
        let (key, mut dice) = (SealingKey::parse(KEY).unwrap(), StdRng::seed_from_u64(1));
        seal(letter(), &address("ann@library.example"), &key, &mut dice).unwrap()
    }

    #[test]
    fn what_is_sent_is_the_letter_and_what_waits_is_not() {
        let (waiting, key) = (waiting(), SealingKey::parse(KEY).unwrap());
        let text = String::from_utf8(waiting.clone()).unwrap();
        assert!(text.contains("Subject: A new password\r\n") && text.contains(SEALED), "{text}");
        assert!(!text.contains("code=") && !text.contains("elf"), "{text}");
        let sent = open(&waiting, &address("ann@library.example"), Some(&key));
        assert_eq!(sent, letter().build().unwrap());
    }

    /// With another key, without one, for another address, or damaged.
    #[test]
    fn what_does_not_open_says_so_and_gives_nothing_away() {
        let (key, other) = (SealingKey::parse(KEY).unwrap(), SealingKey::parse(OTHER).unwrap());
        let cut = waiting()[..waiting().len() - 40].to_vec();
        for (waiting, to, key) in [
            (waiting(), "ann@library.example", Some(&other)),
            (waiting(), "ann@library.example", None),
            (waiting(), "eve@library.example", Some(&key)),
            (cut, "ann@library.example", Some(&key)),
            (b"Subject: x\r\n\r\nHello\r\n".to_vec(), "ann@library.example", Some(&key)),
        ] {
            let sent = String::from_utf8(open(&waiting, &address(to), key)).unwrap();
            assert!(sent.starts_with(std::str::from_utf8(header_block(&waiting)).unwrap()), "{sent}");
            assert!(sent.ends_with(LOST) && !sent.contains(SEALED), "{sent}");
        }
    }
}

//! Header fields of programs that know no character set but their own.
//!
//! Octets above ASCII in a header are UTF-8 (RFC 6532) or have no meaning. Scripts of the nineties write them all the same, in the
//! character set of their machine: Latin-1, which Windows-1252 holds. Such fields become UTF-8, in encoded words (RFC 2047).

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use encoding_rs::WINDOWS_1252;

/// Octets in one encoded word, which is not longer than 75 characters (RFC 2047 section 2).
const OCTETS_PER_WORD: usize = 45;
/// What can stand behind a name in a list of addresses, or before one (RFC 5322 section 3.2.3).
const SPECIALS: [char; 8] = ['"', '(', ')', '<', '>', ',', ';', ':'];

/// The message with every field of its header in ASCII or UTF-8. Most have none that is not, and stay as they are.
pub(super) fn declared(message: Vec<u8>) -> Vec<u8> {
    let mut declared = Vec::new();
    // The octets before are in it already.
    let (mut copied, mut at) = (0, 0);
    while let Some(end) = field_end(&message, at) {
        let field = message.get(at..end).unwrap_or_default();
        if str::from_utf8(field).is_err() {
            declared.extend_from_slice(message.get(copied..at).unwrap_or_default());
            declared.extend_from_slice(in_encoded_words(field).as_bytes());
            copied = end;
        }
        at = end;
    }
    if copied == 0 {
        return message;
    }
    declared.extend_from_slice(message.get(copied..).unwrap_or_default());
    declared
}

/// Where the field that begins at `at` ends, with its folded lines; None at the end of the header.
fn field_end(message: &[u8], at: usize) -> Option<usize> {
    let line_end = |from: usize| {
        let rest = message.get(from..)?;
        Some(from + rest.iter().position(|octet| *octet == b'\n').map_or(rest.len(), |end| end + 1))
    };
    let mut end = line_end(at)?;
    // Also the first line of a mailbox file has one, in its time.
    if !message.get(at..end)?.contains(&b':') {
        return None;
    }
    while matches!(message.get(end), Some(b' ' | b'\t')) {
        end = line_end(end)?;
    }
    Some(end)
}

fn in_encoded_words(field: &[u8]) -> String {
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(field);
    let text = text.replace(['\r', '\n'], "");
    let (name, value) = text.split_once(':').unwrap_or((&text, ""));
    let mut out = format!("{name}:");
    if has_addresses(name) {
        list(&mut out, value);
    } else {
        words(&mut out, value);
    }
    out.push('\n');
    out
}

fn has_addresses(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    let name = name.strip_prefix("resent-").unwrap_or(&name);
    ["from", "sender", "reply-to", "to", "cc", "bcc"].contains(&name)
}

/// A list of addresses: what is said in names and comments is encoded, and addresses stay as they are.
fn list(out: &mut String, mut rest: &str) {
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => quoted_end(rest),
            '<' => rest.find('>').map_or(rest.len(), |at| at + 1),
            special if SPECIALS.contains(&special) => 1,
            _ => rest.find(SPECIALS).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(end);
        match first {
            '"' if !token.is_ascii() => encoded(out, &unquoted(token)),
            '<' if out.ends_with("?=") => {
                let _ = write!(out, " {token}");
            }
            _ if SPECIALS.contains(&first) || token.contains('@') => out.push_str(token),
            _ => words(out, token),
        }
        rest = after;
    }
}

/// Behind the quotation mark that closes the string which `text` begins with.
fn quoted_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at + 1,
            _ => escaped = letter == '\\' && !escaped,
        }
    }
    text.len()
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').unwrap_or(text);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut out = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        out.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    out
}

/// Text between the first word that is not ASCII and the last is encoded: blanks between encoded words are none.
fn words(out: &mut String, text: &str) {
    let is_blank = |letter: char| matches!(letter, ' ' | '\t');
    let foreign = |letter: char| !letter.is_ascii();
    let (Some(first), Some(last)) = (text.find(foreign), text.rfind(foreign)) else {
        return out.push_str(text);
    };
    let start = text.get(..first).and_then(|before| before.rfind(is_blank)).map_or(0, |at| at + 1);
    let end = text.get(last..).and_then(|behind| behind.find(is_blank)).map_or(text.len(), |at| last + at);
    out.push_str(text.get(..start).unwrap_or_default());
    encoded(out, text.get(start..end).unwrap_or_default());
    out.push_str(text.get(end..).unwrap_or_default());
}

fn encoded(out: &mut String, text: &str) {
    let mut rest = text;
    let follows = out.trim_end().ends_with("?=");
    let with_blank = format!(" {text}");
    if follows {
        rest = &with_blank;
    }
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(OCTETS_PER_WORD));
        let _ = write!(out, "=?utf-8?B?{}?=", STANDARD.encode(word));
        if !after.is_empty() {
            out.push_str("\n ");
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use mail::{address::list_of, message::header};
    use proptest::prelude::*;

    use super::*;

    fn latin(text: &str) -> Vec<u8> {
        WINDOWS_1252.encode(text).0.into_owned()
    }

    #[test]
    fn text_of_the_nineties_is_read_as_it_was_meant() {
        let long = "„Fällig“ und überfällig: ".repeat(9) + "€";
        for (field, name, text) in [
            ("Subject: 3 Bücher für Ärzte sind da", "Subject", "3 Bücher für Ärzte sind da"),
            ("Subject: Grüße\n aus Köln", "Subject", "Grüße aus Köln"),
            (&format!("Comments: {long}"), "Comments", &long),
            ("From: Jürgen Müller <j@x.org>", "From", "Jürgen Müller <j@x.org>"),
            ("To: \"Müller, \\\"J\\\"\"<j@x.org>, a@x.org", "To", "Müller, \"J\" <j@x.org>, a@x.org"),
            ("Cc: \"Müller\" Ärzte <j@x.org>", "Cc", "Müller Ärzte <j@x.org>"),
            ("Reply-To: j@x.org (Jürgen)", "Reply-To", "j@x.org (Jürgen)"),
        ] {
            let message = declared(latin(&format!("A: 1\n{field}\nB: 2\n\ndéjà\n")));
            assert!(message.ends_with(&latin("\nB: 2\n\ndéjà\n")), "{field}: only the header");
            let head = message.split(|octet| *octet == 0xe9).next().unwrap();
            assert!(
                head.is_ascii() && head.split(|octet| *octet == b'\n').all(|line| line.len() < 99),
                "{field}"
            );
            assert_eq!(header(&message, name).as_deref(), Some(text), "{field}");
        }
        let message = declared(latin("To: \"Müller, J\" <j@x.org>, Ärzte: a@x.org;\n\n"));
        let value = String::from_utf8(message).unwrap();
        let listed = list_of(value.trim().trim_start_matches("To: "), "x.org").unwrap();
        assert_eq!(listed.iter().map(mail::Address::as_str).collect::<Vec<_>>(), ["j@x.org", "a@x.org"]);
    }

    #[test]
    fn what_has_a_meaning_stays_as_it_is() {
        for message in [
            "Subject: Bücher\nFrom: Jürgen <j@x.org>\n\ndéjà\n".as_bytes().to_vec(),
            b"Subject: plain\n\n\xe9\n".to_vec(),
            b"no header at all \xe9\n".to_vec(),
            b"From x Mon Jan  1 00:00:00 1990\nSubject: a\n\nb\n".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(declared(message.clone()), message);
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_survived(message in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = declared(message.clone());
            let _ = declared([b"To: ", message.as_slice()].concat());
        }
    }
}

//! How the texts of `message/delivery-status` fields are escaped: 7-bit lines of bounded length, whatever the value holds.

use std::fmt::Write as _;

/// One line: white space and control characters become single spaces, none at the ends.
pub(super) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// ASCII: anything else is written `\x{HEX}` (RFC 6533 section 3), and so is a backslash that would be read as its beginning.
pub(super) fn to_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c.is_ascii() && !(c == '\\' && rest.as_str().starts_with("x{")) {
            out.push(c);
        } else {
            let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
        }
    }
    out
}

/// An address of the type `utf-8` in ASCII (utf-8-addr-xtext, RFC 6533 section 3).
pub(super) fn to_utf8_address(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for c in address.chars() {
        if c.is_ascii_graphic() && !matches!(c, '\\' | '+' | '=') {
            out.push(c);
        } else {
            let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
        }
    }
    out
}

/// Takes [`to_ascii`] and [`to_utf8_address`] back. What is no whole `\x{HEX}` of a character stays as it is.
pub(super) fn from_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x{") {
        out.push_str(before);
        let decoded = after.split_once('}').and_then(|(hex, tail)| Some((hex_character(hex)?, tail)));
        if let Some((c, tail)) = decoded {
            out.push(c);
            rest = tail;
        } else {
            out.push_str("\\x{");
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn hex_character(hex: &str) -> Option<char> {
    if hex.len() > 6 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    char::from_u32(u32::from_str_radix(hex, 16).ok()?)
}

/// Decodes xtext (RFC 3461 section 4): `+` and two upper-case hexadecimal digits stand for a byte. `None` if it is no UTF-8.
pub(super) fn from_xtext(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'+', [high, low, after @ ..]) if is_upper_hex(*high) && is_upper_hex(*low) => {
                bytes.push(digit(*high) * 16 + digit(*low));
                rest = after;
            }
            _ => bytes.push(first),
        }
    }
    String::from_utf8(bytes).ok()
}

fn is_upper_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'F')
}

fn digit(byte: u8) -> u8 {
    if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' + 10 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_only_what_needs_it() {
        for (text, escaped) in [
            ("plain", "plain"),
            ("José", r"Jos\x{E9}"),
            (r"C:\x", r"C:\x"),
            (r"\x{41}", r"\x{5C}x{41}"),
            ("😀", r"\x{1F600}"),
        ] {
            assert_eq!(to_ascii(text), escaped);
            assert_eq!(from_ascii(escaped), text);
        }
        for kept in [r"\x{}", r"\x{D800}", r"\x{zz}", r"\x{41", r"\x{0000041}"] {
            assert_eq!(from_ascii(kept), kept);
        }
    }

    #[test]
    fn reads_xtext() {
        assert_eq!(from_xtext("a+2Bb+3Dc@x.example").as_deref(), Some("a+b=c@x.example"));
        assert_eq!(from_xtext("a+2b+").as_deref(), Some("a+2b+"));
        assert_eq!(from_xtext("+C3+A9").as_deref(), Some("é"));
        assert_eq!(from_xtext("+FF"), None);
    }

    proptest! {
        #[test]
        fn escaping_loses_nothing(text in any::<String>()) {
            let escaped = to_ascii(&text);
            prop_assert!(escaped.is_ascii());
            prop_assert_eq!(from_ascii(&escaped), text);
        }
    }
}

//! Text made safe to stand in a header or a body.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail_builder::headers::{HeaderType, raw::Raw, text::Text};

/// Longer runs without a space are encoded: they could not be folded, and a line ends at 998 octets (RFC 5322 section 2.1.1).
const LONGEST_PLAIN_WORD: usize = 900;
/// From here mail-builder always writes encoded words.
const LONGEST_PLAIN_TEXT: usize = 77;
/// Octets in one encoded word: with a header name before it the line stays under 76 (RFC 2047 section 2).
const OCTETS_PER_WORD: usize = 30;

/// The value of an unstructured header. Control characters become spaces; what would not come back as it was is encoded.
pub(super) fn unstructured(value: &str) -> HeaderType<'_> {
    let value = without_controls(value);
    if is_plain(&value) {
        Raw::new(value).into()
    } else if !value.is_ascii() || value.len() > LONGEST_PLAIN_TEXT {
        Text::new(value).into()
    } else {
        Raw::new(encoded_words(&value)).into()
    }
}

/// A display name, `None` when nothing is left of it. A name is shown, not kept: white space at its ends and runs of it
/// go, and `=?` is broken up, because many readers decode it even between quotation marks.
pub(super) fn name(name: &str) -> Option<Cow<'_, str>> {
    let name = without_controls(name);
    let is_clean =
        !name.starts_with(' ') && !name.ends_with(' ') && !name.contains("  ") && !name.contains("=?");
    let name = if is_clean {
        name
    } else {
        let words: Vec<&str> = name.split(' ').filter(|word| !word.is_empty()).collect();
        Cow::Owned(words.join(" ").replace("=?", "= ?"))
    };
    (!name.is_empty()).then_some(name)
}

/// A body with CRLF line ends, a line end at its end, and no control characters but tabs (NUL is forbidden everywhere, a bare
/// CR or LF is how mail is smuggled).
pub(super) fn body(text: &str) -> Cow<'_, str> {
    let mut body = String::with_capacity(text.len() + text.len() / 16 + 2);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| (byte < b' ' && byte != b'\t') || byte == 0x7f) {
        let (before, after) = rest.split_at(at);
        body.push_str(before);
        let is_pair = after.starts_with("\r\n");
        if is_pair || after.starts_with(['\r', '\n']) {
            body.push_str("\r\n");
        }
        rest = after.get(if is_pair { 2 } else { 1 }..).unwrap_or_default();
    }
    body.push_str(rest);
    if !body.ends_with("\r\n") {
        body.push_str("\r\n");
    }
    Cow::Owned(body)
}

fn without_controls(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.replace(char::is_control, " "))
    } else {
        Cow::Borrowed(text)
    }
}

fn is_plain(text: &str) -> bool {
    text.is_ascii()
        && !text.contains("=?")
        && !text.contains("  ")
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && text.split(' ').all(|word| word.len() <= LONGEST_PLAIN_WORD)
}

/// ASCII as base64 words with a space between them, which readers drop.
fn encoded_words(text: &str) -> String {
    let words: Vec<String> = text
        .as_bytes()
        .chunks(OCTETS_PER_WORD)
        .map(|chunk| format!("=?us-ascii?B?{}?=", STANDARD.encode(chunk)))
        .collect();
    words.join(" ")
}

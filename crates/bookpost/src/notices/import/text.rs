//! From bytes to text: what kind of file it is, and in which encoding its letters stand.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, MACINTOSH, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{ImportError, error::OtherKind};

/// How far into the file its kind is looked for.
const HEAD: usize = 4096;

/// First bytes of files that are often chosen by mistake.
const OTHER_KINDS: &[(&[u8], OtherKind)] = &[
    (b"%PDF", OtherKind::Pdf),
    (b"\xd0\xcf\x11\xe0", OtherKind::OldOffice),
    (b"\x1f\x8b", OtherKind::Compressed),
    (b"\x89PNG", OtherKind::Picture),
    (b"\xff\xd8\xff", OtherKind::Picture),
    (b"{\\rtf", OtherKind::TextDocument),
];

/// What stands in the list of an old Office file that is in truth a newer one behind a password (MS-OFFCRYPTO 2.3.4), in UTF-16.
const LOCKED: &str = "EncryptedPackage";

/// Whether this is a workbook, or another archive of the kind that workbooks are.
pub(super) fn is_archive(bytes: &[u8]) -> bool {
    [&b"PK\x03\x04"[..], b"PK\x05\x06"].iter().any(|mark| bytes.starts_with(mark))
}

/// The text of a file and the encoding it was in.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    said: Option<&'static Encoding>,
) -> Result<(Cow<'a, str>, &'static Encoding), ImportError> {
    refuse_other_kinds(bytes)?;
    // A mark is in the file itself; what a person said may be about the file of last year.
    let (encoding, bytes) = match (Encoding::for_bom(bytes), said) {
        (Some((found, mark)), _) => (found, bytes.get(mark..).unwrap_or(bytes)),
        (None, Some(said)) => (said, bytes),
        (None, None) => (guess(bytes), bytes),
    };
    let wide = encoding == UTF_16LE || encoding == UTF_16BE;
    if !wide && memchr::memchr(0, bytes.get(..HEAD).unwrap_or(bytes)).is_some() {
        return Err(ImportError::NotAnExport(OtherKind::NotText));
    }
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    if text.trim().is_empty() { Err(ImportError::Empty) } else { Ok((one_line_end(text), encoding)) }
}

fn refuse_other_kinds(bytes: &[u8]) -> Result<(), ImportError> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    if let Some((_, kind)) = OTHER_KINDS.iter().find(|(mark, _)| head.starts_with(mark)) {
        return Err(ImportError::NotAnExport(match kind {
            OtherKind::OldOffice if is_locked(bytes) => OtherKind::Locked,
            kind => *kind,
        }));
    }
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let page = [&b"<!doctype"[..], b"<html", b"<?xml", b"<head", b"<body"];
    if page.iter().any(|tag| start.get(..tag.len()).is_some_and(|first| first.eq_ignore_ascii_case(tag))) {
        return Err(ImportError::NotAnExport(OtherKind::WebPage));
    }
    Ok(())
}

fn is_locked(bytes: &[u8]) -> bool {
    let name: Vec<u8> = LOCKED.encode_utf16().flat_map(u16::to_le_bytes).collect();
    memchr::memmem::find(bytes, &name).is_some()
}

/// The encoding of bytes without a mark. UTF-8 with a few damaged letters is still UTF-8.
fn guess(bytes: &[u8]) -> &'static Encoding {
    if std::str::from_utf8(bytes).is_ok() || mostly_utf8(bytes) {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    // The detector does not know MacRoman: what only reads well as MacRoman is MacRoman.
    let (mac, windows) = (odd_letters(bytes, MACINTOSH), odd_letters(bytes, WINDOWS_1252));
    let other = if guess == WINDOWS_1252 { windows } else { odd_letters(bytes, guess).min(windows) };
    if mac * 2 < other { MACINTOSH } else { guess }
}

fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good >= bad * 10
}

/// How many letters beyond ASCII look out of place in this encoding: a capital after a small letter, or a sign inside a word.
fn odd_letters(bytes: &[u8], encoding: &'static Encoding) -> usize {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let mut chars = text.chars().peekable();
    let (mut before, mut odd) = (' ', 0);
    while let Some(c) = chars.next() {
        if !c.is_ascii() {
            let after = chars.peek().copied().unwrap_or(' ');
            let in_word = before.is_alphabetic() && after.is_alphabetic() && !"’‘–—·".contains(c);
            let sign = !c.is_alphanumeric() && (in_word || c.is_control() || "¤¦¬∂∑∏π∫Ω◊".contains(c));
            let capital = c.is_uppercase() && before.is_lowercase();
            odd += usize::from(sign || capital);
        }
        before = c;
    }
    odd
}

/// Old Macintosh files end their lines in a bare CR, which would make the file one line.
fn one_line_end(text: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if memchr::memchr(b'\n', bytes).is_none() && memchr::memchr(b'\r', bytes).is_some() {
        return Cow::Owned(text.replace('\r', "\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        let names = "surname,firstname\nMüller,Zoë\nŒuvrard,François\nMuñoz,Ángela\nBjørk,Åsa\n";
        let latin = "surname,firstname\nMüller,Zoë\nGarcía,François\nMuñoz,Ángela\nBjørk,Åsa\n“Ö”,d’Été\n";
        let mac: Vec<u8> = latin
            .chars()
            .map(|c| (0..=255_u8).find(|&b| MACINTOSH.decode(&[b]).0.chars().eq([c])).unwrap())
            .collect();
        let mut wide = b"\xff\xfe".to_vec();
        wide.extend(names.encode_utf16().flat_map(u16::to_le_bytes));
        let mut marked = b"\xef\xbb\xbf".to_vec();
        marked.extend(names.as_bytes());
        for (bytes, encoding, text) in [
            (names.as_bytes().to_vec(), UTF_8, names),
            (marked, UTF_8, names),
            (wide, UTF_16LE, names),
            (WINDOWS_1252.encode(latin).0.into_owned(), WINDOWS_1252, latin),
            (mac, MACINTOSH, latin),
        ] {
            let (decoded, found) = decode(&bytes, None).unwrap();
            assert_eq!((decoded.as_ref(), found.name()), (text, encoding.name()));
        }
    }

    #[test]
    fn what_was_said_of_the_encoding_holds_unless_the_file_says_otherwise() {
        for (bytes, said, encoding, text) in [
            (&b"\xef\xbb\xbfZo\xc3\xab"[..], WINDOWS_1252, UTF_8, "Zoë"),
            (b"\xff\xfeZ\0o\0\xeb\0", UTF_8, UTF_16LE, "Zoë"),
            (b"Zo\xc3\xab", WINDOWS_1252, WINDOWS_1252, "ZoÃ«"),
            (b"Zo\x91", MACINTOSH, MACINTOSH, "Zoë"),
        ] {
            let (decoded, found) = decode(bytes, Some(said)).unwrap();
            assert_eq!((decoded.as_ref(), found.name()), (text, encoding.name()), "{}", said.name());
        }
    }

    #[test]
    fn a_damaged_letter_does_not_change_the_encoding_of_the_others() {
        let mut bytes = "title\n".to_owned().into_bytes();
        bytes.extend("Привет мир, это книга\n".as_bytes());
        bytes.push(0xff);
        let (text, encoding) = decode(&bytes, None).unwrap();
        assert_eq!(encoding, UTF_8);
        assert!(text.contains("книга"));
    }

    #[test]
    fn other_files_are_named() {
        for (bytes, words) in [
            (&b""[..], "is empty"),
            (b" \r\n\n", "is empty"),
            (b"\xef\xbb\xbf", "is empty"),
            (b"%PDF-1.7 ...", "a PDF document"),
            (b"\xd0\xcf\x11\xe0\xa1", "an old Excel"),
            (
                b"\xd0\xcf\x11\xe0E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0",
                "protected with a password",
            ),
            (b"\n<!DOCTYPE html><html>", "a web page"),
            (b"\xef\xbb\xbf<HTML>", "a web page"),
            (b"\x7fELF\0\0\0", "not a text file"),
        ] {
            let said = decode(bytes, None).unwrap_err().to_string();
            assert!(said.contains(words), "{said}");
        }
    }
}

//! Quoted-printable (RFC 2045 section 6.7). CRLF is a line end and stays one; a CR or LF alone is an octet like others.

use memchr::memmem;

use crate::message::octets::slice;

/// Without the `=` of a soft line break.
const LINE: usize = 75;
const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// Octets of any kind.
pub(super) fn encode(octets: &[u8], out: &mut Vec<u8>) {
    each_line(octets, out, encode_line);
}

/// What is quoted-printable already, in lines that are short enough and ASCII. What it stands for does not change.
pub(super) fn rewrap(encoded: &[u8], out: &mut Vec<u8>) {
    each_line(encoded, out, rewrap_line);
}

fn each_line(text: &[u8], out: &mut Vec<u8>, write: fn(&[u8], &mut Line<'_>)) {
    let mut start = 0;
    for end in memmem::find_iter(text, b"\r\n") {
        write(slice(text, start..end), &mut Line { out, length: 0 });
        out.extend_from_slice(b"\r\n");
        start = end + 2;
    }
    write(slice(text, start..text.len()), &mut Line { out, length: 0 });
}

fn encode_line(text: &[u8], line: &mut Line<'_>) {
    let ends_in_blank = matches!(text.last(), Some(b' ' | b'\t'));
    if text.len() <= LINE && !ends_in_blank && text.iter().all(|&octet| is_plain(octet)) {
        return line.out.extend_from_slice(text);
    }
    let last = text.len().saturating_sub(1);
    for (at, &octet) in text.iter().enumerate() {
        // A blank before a line end is lost on the way.
        if is_plain(octet) && !(ends_in_blank && at == last) {
            line.push(&[octet]);
        } else {
            line.push(&escaped(octet));
        }
    }
}

fn rewrap_line(text: &[u8], line: &mut Line<'_>) {
    let end = text.iter().rposition(|octet| !matches!(octet, b' ' | b'\t')).map_or(0, |last| last + 1);
    let mut rest = slice(text, 0..end);
    while let Some((&octet, after)) = rest.split_first() {
        match (octet, after) {
            (b'=', []) => line.out.push(b'='),
            (b'=', [high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                line.push(&[octet, *high, *low]);
                rest = slice(rest, 3..rest.len());
                continue;
            }
            _ if is_plain(octet) => line.push(&[octet]),
            _ => line.push(&escaped(octet)),
        }
        rest = after;
    }
}

fn is_plain(octet: u8) -> bool {
    octet == b'\t' || ((b' '..=b'~').contains(&octet) && octet != b'=')
}

fn escaped(octet: u8) -> [u8; 3] {
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
    [b'=', digit(octet >> 4), digit(octet & 15)]
}

struct Line<'a> {
    out: &'a mut Vec<u8>,
    length: usize,
}

impl Line<'_> {
    /// Adds what must not be torn apart.
    fn push(&mut self, token: &[u8]) {
        if self.length + token.len() > LINE {
            self.out.extend_from_slice(b"=\r\n");
            self.length = 0;
        }
        self.out.extend_from_slice(token);
        self.length += token.len();
    }
}

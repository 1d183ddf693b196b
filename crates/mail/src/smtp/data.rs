//! The content of a message on the wire (RFC 5321 section 4.5.2): dots stuffed, and no line end but CRLF.
//!
//! A bare CR or LF must never leave: some servers take it for a line end, and LF.CRLF or CRLF.LF inside a message would end
//! it there and smuggle in what follows.

use bytes::{BufMut, Bytes, BytesMut};
use memchr::{memchr_iter, memmem};

use crate::message::octets::canonical;

/// Lines with a leading dot up to which a message is sent in slices of itself; beyond, it is copied once.
const MAX_SLICED_DOTS: usize = 8;

/// Adds the message to `pieces` as it goes on the wire, up to but without its end; returns that end.
///
/// A message that needs nothing is one slice of itself. One with a few lines that begin with a dot is a few slices that
/// overlap by the dot. Others are copied into one piece.
pub fn write_content(message: &Bytes, pieces: &mut Vec<Bytes>) -> &'static [u8] {
    if message.is_empty() {
        return b".\r\n";
    }
    let message = if is_canonical(message) { message.clone() } else { canonical(message) };
    let end: &[u8] = if message.ends_with(b"\r\n") { b".\r\n" } else { b"\r\n.\r\n" };
    if leading_dots(&message).nth(MAX_SLICED_DOTS).is_some() {
        pieces.push(copied(&message));
        return end;
    }
    let mut start = 0;
    for dot in leading_dots(&message) {
        pieces.push(message.slice(start..=dot));
        start = dot;
    }
    pieces.push(message.slice(start..));
    end
}

/// Every LF follows a CR, and there are no more CRs than that.
fn is_canonical(message: &[u8]) -> bool {
    let mut line_ends = 0_usize;
    for lf in memchr_iter(b'\n', message) {
        if lf.checked_sub(1).and_then(|before| message.get(before)) != Some(&b'\r') {
            return false;
        }
        line_ends += 1;
    }
    memchr_iter(b'\r', message).count() == line_ends
}

/// Where the lines that begin with a dot have it.
fn leading_dots(message: &[u8]) -> impl Iterator<Item = usize> {
    let first = message.starts_with(b".").then_some(0);
    first.into_iter().chain(memmem::find_iter(message, b"\r\n.").map(|at| at + 2))
}

fn copied(message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(message.len() + message.len() / 16);
    let mut start = 0;
    for dot in leading_dots(message) {
        out.put_slice(message.get(start..=dot).unwrap_or_default());
        start = dot;
    }
    out.put_slice(message.get(start..).unwrap_or_default());
    out.freeze()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wire(message: &[u8]) -> Vec<u8> {
        let mut pieces = Vec::new();
        let end = write_content(&Bytes::copy_from_slice(message), &mut pieces);
        let mut wire = pieces.concat();
        wire.extend_from_slice(end);
        wire
    }

    /// What a strict server makes of it.
    fn unstuffed(wire: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = wire;
        while rest != b".\r\n" {
            let end = memmem::find(rest, b"\r\n").expect("a line end") + 2;
            let line = &rest[..end];
            out.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
            rest = &rest[end..];
        }
        out
    }

    #[test]
    fn content_as_it_goes_on_the_wire() {
        for (message, expected) in [
            ("", ".\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r\n..b.\r\n", "a\r\n...b.\r\n.\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r.\rb\r", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r\n.\nMAIL", "a\r\n..\r\nMAIL\r\n.\r\n"),
            ("a\n\r\n\r\r\n", "a\r\n\r\n\r\n\r\n.\r\n"),
        ] {
            assert_eq!(String::from_utf8(wire(message.as_bytes())).unwrap(), expected, "{message:?}");
        }
    }

    #[test]
    fn few_pieces() {
        let pieces = |message: &str| {
            let mut pieces = Vec::new();
            write_content(&Bytes::copy_from_slice(message.as_bytes()), &mut pieces);
            pieces.len()
        };
        assert_eq!(pieces(&"a line\r\n".repeat(1000)), 1);
        assert_eq!(pieces(&format!("{0}.{0}", "a line\r\n".repeat(1000))), 2);
        assert_eq!(pieces(&".\r\n".repeat(1000)), 1);
    }

    proptest! {
        #[test]
        fn a_server_reads_what_was_meant(lines in prop::collection::vec("[.a\\x80-\\xff]{0,4}", 0..30)) {
            let message = lines.iter().flat_map(|line| [line, "\r\n"]).collect::<String>();
            prop_assert_eq!(unstuffed(&wire(message.as_bytes())), message.as_bytes());
        }

        #[test]
        fn nothing_but_crlf_leaves(message in prop::collection::vec(prop::sample::select(b"\r\n.a".to_vec()), 0..40)) {
            let wire = wire(&message);
            prop_assert!(is_canonical(&wire));
            prop_assert!(wire.ends_with(b".\r\n"));
            let end = memmem::find(&wire, b"\r\n.\r\n").map_or(0, |at| at + 2);
            prop_assert_eq!(end, wire.len() - 3, "the first end is the last");
        }
    }
}

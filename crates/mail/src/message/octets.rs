//! What is true of octets, found at the speed of memory, and line ends made CRLF.

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::{memchr2_iter, memrchr};

/// RFC 5322 section 2.1.1, without the CRLF.
pub(crate) const MOST_LINE_OCTETS: usize = 998;

/// What stands somewhere in some octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Survey {
    pub(crate) eight_bit: bool,
    pub(crate) nul: bool,
    /// A CR without LF, or a LF without CR.
    pub(crate) bare_line_end: bool,
}

/// One pass over all of it, written so that the compiler makes vector instructions of it.
pub(crate) fn survey(octets: &[u8]) -> Survey {
    let (mut all, mut nul, mut bare) = (0_u8, 0_u8, 0_u8);
    for (&before, &octet) in octets.iter().zip(octets.iter().skip(1)) {
        all |= octet;
        nul |= u8::from(octet == 0);
        bare |= u8::from(before == b'\r') ^ u8::from(octet == b'\n');
    }
    let first = octets.first().copied();
    Survey {
        eight_bit: !(all | first.unwrap_or(0)).is_ascii(),
        nul: nul != 0 || first == Some(0),
        bare_line_end: bare != 0 || first == Some(b'\n') || octets.last() == Some(&b'\r'),
    }
}

/// Whether a line is longer than 998 octets. Looks only where a line may end at the latest, so nearly nothing is read.
pub(crate) fn has_long_line(octets: &[u8]) -> bool {
    let mut rest = octets;
    while rest.len() > MOST_LINE_OCTETS {
        let window = rest.get(..MOST_LINE_OCTETS + 2).unwrap_or(rest);
        match memrchr(b'\n', window) {
            Some(line_end) => rest = slice(rest, line_end + 1..rest.len()),
            None => return true,
        }
    }
    false
}

/// The octets with CRLF for each line end of any kind.
pub(crate) fn canonical(octets: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(octets.len() + octets.len() / 16);
    let mut start = 0;
    for at in memchr2_iter(b'\r', b'\n', octets) {
        if at < start {
            continue; // the LF of a CRLF that was written with its CR
        }
        out.put_slice(slice(octets, start..at));
        out.put_slice(b"\r\n");
        let is_crlf = octets.get(at..at + 2) == Some(b"\r\n");
        start = at + if is_crlf { 2 } else { 1 };
    }
    out.put_slice(slice(octets, start..octets.len()));
    out.freeze()
}

/// The octets in `range`, none if it is not inside.
pub(crate) fn slice(octets: &[u8], range: Range<usize>) -> &[u8] {
    octets.get(range).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_seen() {
        for (octets, eight_bit, nul, bare_line_end) in [
            (&b""[..], false, false, false),
            (b"a\r\nb\r\n", false, false, false),
            (b"\xe9", true, false, false),
            (b"a\xe9", true, false, false),
            (b"\0a", false, true, false),
            (b"a\0", false, true, false),
            (b"\n", false, false, true),
            (b"\r", false, false, true),
            (b"a\nb", false, false, true),
            (b"a\rb", false, false, true),
            (b"\r\r\n", false, false, true),
            (b"\r\n\n", false, false, true),
        ] {
            assert_eq!(survey(octets), Survey { eight_bit, nul, bare_line_end }, "{octets:?}");
        }
    }

    #[test]
    fn a_line_may_have_998_octets() {
        for (octets, long) in [(998, false), (999, true), (1000, true), (1001, true), (3000, true)] {
            let line = "x".repeat(octets);
            for message in [
                line.clone(),
                format!("{line}\r\n"),
                format!("a\r\n{line}\r\n"),
                format!("{line}\r\na\r\n"),
                format!("{}{line}", "a\r\n".repeat(700)),
            ] {
                assert_eq!(has_long_line(message.as_bytes()), long, "{octets} octets");
            }
        }
    }

    proptest! {
        #[test]
        fn line_by_line_it_is_the_same(lengths in prop::collection::vec(prop_oneof![0..100_usize, 990..1005_usize], 0..12)) {
            let message: String = lengths.iter().map(|&length| "x".repeat(length) + "\r\n").collect();
            prop_assert_eq!(has_long_line(message.as_bytes()), lengths.iter().any(|&length| length > MOST_LINE_OCTETS));
        }

        #[test]
        fn canonical_has_no_bare_line_ends(octets in prop::collection::vec(prop::sample::select(b"\r\na\xe9".to_vec()), 0..20)) {
            prop_assert!(!survey(&canonical(&octets)).bare_line_end);
            prop_assert!(survey(&octets).bare_line_end || canonical(&octets) == octets);
        }
    }
}

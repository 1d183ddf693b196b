//! The message as it comes on standard input.

use std::io::{self, BufRead, Read as _};

use super::stop::Stop;
use crate::receive::maildrop::drop_file::MOST_OCTETS;

/// Reads to the end of the input, or to a line with nothing but a dot where that is an end. Line ends stay as they are. The message is
/// in memory.
pub(super) fn read(input: impl BufRead, dot_is_text: bool) -> Result<Vec<u8>, Stop> {
    read_within(input, dot_is_text, MOST_OCTETS)
}

fn read_within(mut input: impl BufRead, dot_is_text: bool, most: usize) -> Result<Vec<u8>, Stop> {
    let mut message = Vec::new();
    loop {
        let before = message.len();
        let room = u64::try_from(most - before).unwrap_or(u64::MAX).saturating_add(1);
        let read =
            input.by_ref().take(room).read_until(b'\n', &mut message).map_err(|error| unread(&error))?;
        if message.len() > most {
            let mib = MOST_OCTETS / (1024 * 1024);
            return Err(Stop::data(&format!("the message is larger than {mib} MiB, the most that is taken")));
        }
        let line = message.get(before..).unwrap_or_default();
        if !dot_is_text && matches!(line, b"." | b".\n" | b".\r\n") {
            message.truncate(before);
            return Ok(message);
        }
        if read == 0 {
            return Ok(message);
        }
    }
}

fn unread(error: &io::Error) -> Stop {
    Stop::temporary(format!("the message cannot be read from standard input: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    #[test]
    fn a_dot_alone_ends_the_message_unless_it_is_text() {
        for (input, dot_is_text, message) in [
            ("a\n.\nb\n", false, "a\n"),
            ("a\r\n.\r\nb\r\n", false, "a\r\n"),
            ("a\n.", false, "a\n"),
            ("a\n.\nb\n", true, "a\n.\nb\n"),
            ("a\n..\n.b\n", false, "a\n..\n.b\n"),
            ("a\nno end", false, "a\nno end"),
            ("", false, ""),
        ] {
            let read = read(input.as_bytes(), dot_is_text).unwrap();
            assert_eq!(String::from_utf8(read).unwrap(), message, "{input:?}");
        }
    }

    #[test]
    fn one_that_is_too_large_is_refused_before_it_fills_the_memory() {
        assert_eq!(read_within(&b"12345\n789\n"[..], true, 10).map(|read| read.len()), Ok(10));
        for endless in [io::repeat(b'x'), io::repeat(b'\n')] {
            let refused = read_within(io::BufReader::new(endless), true, 10_000).unwrap_err();
            assert_eq!(refused.exit, Exit::Data);
        }
    }
}

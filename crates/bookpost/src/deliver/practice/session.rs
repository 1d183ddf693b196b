//! One connection of the practice mailbox, without its socket: bytes in, bytes and a wish out.

use mail::Address;
use memchr::{memchr, memmem};
use smtp_proto::Request;

use super::{At, Shared, Verdict};

/// Bytes of one message.
const LARGEST_MESSAGE: usize = 50 * 1024 * 1024;
/// Bytes of one command line (RFC 5321 section 4.5.3.1.4 asks for 512 and what the extensions add).
const LONGEST_LINE: usize = 4096;
/// RFC 5321 section 4.5.3.1.8 asks for at least 100.
const MOST_RECIPIENTS: usize = 1000;

/// What the session wants next, after its output is sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// More input.
    More,
    /// The end.
    Close,
}

/// The state of one connection.
pub(super) struct Session<'s> {
    shared: &'s Shared,
    /// Not yet used from `start` on.
    input: Vec<u8>,
    start: usize,
    /// The end of data does not begin before here.
    scanned: usize,
    out: Vec<u8>,
    greeted: bool,
    in_data: bool,
    /// The message under way is too large and is skipped.
    skipping: bool,
    from: Option<String>,
    to: Vec<Address>,
    hang_up: Option<At>,
}

impl<'s> Session<'s> {
    pub(super) fn new(shared: &'s Shared) -> Self {
        let out =
            b"220 practice.invalid ESMTP Bookpost practice mailbox: nobody receives this mail\r\n".to_vec();
        Self {
            shared,
            input: Vec::new(),
            start: 0,
            scanned: 0,
            out,
            greeted: false,
            in_data: false,
            skipping: false,
            from: None,
            to: Vec::new(),
            hang_up: None,
        }
    }

    /// What is to be sent.
    pub(super) fn take_out(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Where to read `wanted` more bytes to; what was used goes.
    pub(super) fn room(&mut self, wanted: usize) -> &mut Vec<u8> {
        self.input.drain(..self.start);
        self.scanned = self.scanned.saturating_sub(self.start);
        self.start = 0;
        self.input.reserve(wanted);
        &mut self.input
    }

    /// Uses the input as far as it goes.
    pub(super) fn step(&mut self) -> Wish {
        loop {
            let closing = if self.in_data {
                let Some(end) = self.end_of_data() else { return Wish::More };
                self.message(end)
            } else {
                let rest = self.input.get(self.start..).unwrap_or_default();
                let Some(length) = memchr(b'\n', rest) else {
                    if rest.len() > LONGEST_LINE {
                        self.say("500 5.5.2 Line too long");
                        return Wish::Close;
                    }
                    return Wish::More;
                };
                let line = rest.get(..=length).unwrap_or_default().to_vec();
                self.start += length + 1;
                self.command(&line)
            };
            if closing {
                return Wish::Close;
            }
        }
    }

    /// The place right after the data's last CRLF, when the end has come. Only CRLF.CRLF is an end.
    fn end_of_data(&mut self) -> Option<usize> {
        if self.input.get(self.start..).is_some_and(|rest| rest.starts_with(b".\r\n")) && !self.skipping {
            return Some(self.start);
        }
        let from = self.scanned.max(self.start);
        if let Some(found) = self.input.get(from..).and_then(|rest| memmem::find(rest, b"\r\n.\r\n")) {
            return Some(from + found + 2);
        }
        self.scanned = self.input.len().saturating_sub(4).max(self.start);
        if self.input.len() - self.start > LARGEST_MESSAGE {
            self.skipping = true;
        }
        if self.skipping {
            self.start = self.scanned;
        }
        None
    }

    fn message(&mut self, end: usize) -> bool {
        self.in_data = false;
        let data = self.input.get(self.start..end).unwrap_or_default();
        let to = std::mem::take(&mut self.to);
        let from = self.from.take().unwrap_or_default();
        let reply = if std::mem::take(&mut self.skipping) {
            "552 5.3.4 Message too large".to_owned()
        } else if self.hang_up == Some(At::Dot) {
            return true;
        } else if has_bare_line_end(data) {
            "550 5.6.0 Bare CR or LF in the message".to_owned()
        } else {
            let trace = format!("Return-Path: <{from}>\r\n");
            let plain = unstuffed(data);
            match self.shared.keep.keep(&[trace.as_bytes(), &plain]) {
                Ok(()) => format!("250 2.0.0 Kept for {}; nobody receives it", to.len()),
                Err(error) => format!("451 4.3.0 Not kept: {error}"),
            }
        };
        self.start = end + 3;
        self.scanned = self.start;
        self.say(&reply);
        false
    }

    fn command(&mut self, line: &[u8]) -> bool {
        if !line.ends_with(b"\r\n") || has_bare_line_end(line) {
            self.say("500 5.5.2 Lines end in CRLF");
            return false;
        }
        match Request::parse(&mut line.iter()) {
            Ok(Request::Ehlo { .. }) => {
                self.reset();
                self.greeted = true;
                self.say(&format!(
                    "250-practice.invalid\r\n250-PIPELINING\r\n250-SIZE {LARGEST_MESSAGE}\r\n250-8BITMIME\r\n\
                     250-SMTPUTF8\r\n250-DSN\r\n250 ENHANCEDSTATUSCODES"
                ));
            }
            Ok(Request::Helo { .. }) => {
                self.reset();
                self.greeted = true;
                self.say("250 practice.invalid");
            }
            Ok(Request::Mail { from }) => self.mail(&from.address, from.size),
            Ok(Request::Rcpt { to }) => return self.rcpt(&to.address),
            Ok(Request::Data) if self.to.is_empty() => self.say("503 5.5.1 No valid recipients"),
            Ok(Request::Data) if self.hang_up == Some(At::Data) => return true,
            Ok(Request::Data) => {
                self.in_data = true;
                self.scanned = self.start;
                self.say("354 Go ahead");
            }
            Ok(Request::Rset) => {
                self.reset();
                self.say("250 2.0.0 Ok");
            }
            Ok(Request::Noop { .. }) => self.say("250 2.0.0 Ok"),
            Ok(Request::Quit) => {
                self.say("221 2.0.0 Bye");
                return true;
            }
            Ok(_) => self.say("502 5.5.1 Not offered here"),
            Err(_) => self.say("501 5.5.2 Not understood"),
        }
        false
    }

    fn mail(&mut self, from: &str, size: usize) {
        if !self.greeted {
            self.say("503 5.5.1 EHLO first");
        } else if self.from.is_some() {
            self.say("503 5.5.1 Nested MAIL");
        } else if size > LARGEST_MESSAGE {
            self.say("552 5.3.4 Message too large");
        } else {
            self.from = Some(from.to_owned());
            self.say("250 2.1.0 Ok");
        }
    }

    fn rcpt(&mut self, to: &str) -> bool {
        let Ok(address) = Address::parse(to) else {
            self.say("553 5.1.3 Not an address");
            return false;
        };
        if self.from.is_none() {
            self.say("503 5.5.1 MAIL first");
            return false;
        }
        if self.to.len() >= MOST_RECIPIENTS {
            self.say("452 4.5.3 Too many recipients");
            return false;
        }
        match self.shared.at_rcpt(&address) {
            Verdict::Reply(reply) => self.say(&reply),
            Verdict::HangUp(At::Rcpt) => return true,
            Verdict::HangUp(later) => {
                self.hang_up = Some(later);
                self.take(address);
            }
            Verdict::Take => self.take(address),
        }
        false
    }

    fn take(&mut self, address: Address) {
        self.to.push(address);
        self.say("250 2.1.5 Ok");
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
        self.hang_up = None;
    }

    fn say(&mut self, reply: &str) {
        self.out.extend_from_slice(reply.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }
}

/// A CR or LF that is not half of a CRLF.
fn has_bare_line_end(bytes: &[u8]) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let text = match (lines.peek(), line.split_last()) {
            (Some(_), Some((b'\r', text))) => text,
            (Some(_), _) => return true,
            (None, _) => line,
        };
        if memchr(b'\r', text).is_some() {
            return true;
        }
    }
    false
}

fn unstuffed(data: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(data.len());
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        plain.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_line_ends_are_found() {
        for (text, bare) in [
            ("", false),
            ("a", false),
            ("a\r\n", false),
            ("a\r\nb\r\n", false),
            ("a\n", true),
            ("\n", true),
            ("a\rb\r\n", true),
            ("a\r\r\n", true),
            ("a\r\n\nb\r\n", true),
            ("a\r", true),
        ] {
            assert_eq!(has_bare_line_end(text.as_bytes()), bare, "{text:?}");
        }
    }
}

//! Replies of an SMTP server (RFC 5321 section 4.2) with enhanced status codes (RFC 2034, RFC 3463).

use std::{fmt, str::FromStr};

use memchr::memchr;

/// `class.subject.detail`. The parts go past 255 in the field (`5.7.509`), so each is a `u16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnhancedStatusCode(pub u16, pub u16, pub u16);

impl fmt::Display for EnhancedStatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// One whole reply.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reply {
    /// The three-digit code, 200 to 599.
    pub code: u16,
    /// The enhanced status code at the start of the first line that has one.
    pub enhanced: Option<EnhancedStatusCode>,
    /// The text of all lines without code and enhanced code, joined by `\n`. What is not UTF-8 is replaced.
    pub text: String,
}

impl Reply {
    /// 2yz.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }
    /// 4yz.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }
    /// 5yz.
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }
}

impl Reply {
    /// Puts the reply on the wire: every line with the code and, where there is one, the enhanced code.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let mut lines = self.text.split('\n').peekable();
        while let Some(line) = lines.next() {
            out.extend_from_slice(self.code.to_string().as_bytes());
            out.push(if lines.peek().is_some() { b'-' } else { b' ' });
            if let Some(enhanced) = self.enhanced {
                out.extend_from_slice(enhanced.to_string().as_bytes());
                if !line.is_empty() {
                    out.push(b' ');
                }
            }
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

impl FromStr for Reply {
    type Err = ReplyError;

    /// Reads one line, such as `550 5.1.1 No such mailbox`, without its end.
    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let mut parser = ReplyParser::default();
        parser.parse(&mut line.as_bytes())?;
        parser.parse(&mut b"\r\n".as_slice())?.ok_or(ReplyError::Malformed)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        write!(f, " {}", self.text.replace('\n', " "))
    }
}

/// What a server sent is not a reply. The connection is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ReplyError {
    /// The line does not begin with three digits and a blank, a hyphen or its end.
    #[error("a line is not a reply")]
    Malformed,
    /// The code is outside 200 to 599.
    #[error("the code {0} is not a reply code")]
    Code(u16),
    /// The lines of one reply have different codes.
    #[error("one reply has the codes {0} and {1}")]
    Mixed(u16, u16),
    /// The reply goes on for more than [`MAX_REPLY`] octets.
    #[error("a reply does not end")]
    Endless,
}

/// Octets of one line that are kept; RFC 5321 section 4.5.3.1.5 allows 512, the field sends more.
pub const MAX_LINE: usize = 2_000;
/// Lines of one reply that are kept; the longest EHLO answers have some 20.
pub const MAX_LINES: usize = 100;
/// Octets that one reply may have before it is taken for an attack.
pub const MAX_REPLY: usize = 256 * 1024;

/// Reads replies from chunks that end anywhere. However the bytes are cut, the replies are the same.
///
/// Lines that end in a bare LF are understood. What goes past [`MAX_LINE`] and [`MAX_LINES`] is dropped, so that a
/// talkative server costs a bounded amount of memory.
#[derive(Debug, Default)]
pub struct ReplyParser {
    /// The beginning of a line whose end has not been seen.
    partial: Vec<u8>,
    code: Option<u16>,
    enhanced: Option<EnhancedStatusCode>,
    text: Vec<u8>,
    lines: usize,
    octets: usize,
}

impl ReplyParser {
    /// Takes bytes off the front of `input` up to the end of one reply and returns it; `None` if `input` ends before it
    /// (then all of `input` was taken). After an error the parser is of no use.
    pub fn parse(&mut self, input: &mut &[u8]) -> Result<Option<Reply>, ReplyError> {
        while let Some(end) = memchr(b'\n', input) {
            let (line, rest) = input.split_at(end);
            *input = rest.get(1..).unwrap_or_default();
            self.count(line.len() + 1)?;
            if self.line(line)? {
                return Ok(Some(self.finish()));
            }
        }
        self.count(input.len())?;
        self.keep(input);
        *input = &[];
        Ok(None)
    }

    /// Whether the last byte taken was the last of a reply.
    pub fn is_between_replies(&self) -> bool {
        self.partial.is_empty() && self.code.is_none()
    }

    fn count(&mut self, octets: usize) -> Result<(), ReplyError> {
        self.octets = self.octets.saturating_add(octets);
        if self.octets > MAX_REPLY { Err(ReplyError::Endless) } else { Ok(()) }
    }

    /// One octet more than a line may have, so that a CR just behind the limit is still known as one.
    fn keep(&mut self, bytes: &[u8]) {
        let room = (MAX_LINE + 1).saturating_sub(self.partial.len());
        self.partial.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// Takes the end of a line, without its LF; true if it was the last line of the reply.
    fn line(&mut self, end: &[u8]) -> Result<bool, ReplyError> {
        if self.partial.is_empty() {
            return self.whole_line(end);
        }
        self.keep(end);
        let mut line = std::mem::take(&mut self.partial);
        let last = self.whole_line(&line);
        line.clear();
        self.partial = line;
        last
    }

    fn whole_line(&mut self, line: &[u8]) -> Result<bool, ReplyError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.get(..MAX_LINE).unwrap_or(line);
        let (code, last, text) = split_line(line)?;
        match self.code {
            Some(first) if first != code => return Err(ReplyError::Mixed(first, code)),
            _ => self.code = Some(code),
        }
        if self.lines < MAX_LINES {
            self.add_text(text);
        }
        self.lines += 1;
        Ok(last)
    }

    /// The enhanced code is taken off each line that repeats it; another one further down stays in the text.
    fn add_text(&mut self, text: &[u8]) {
        if self.lines > 0 {
            self.text.push(b'\n');
        }
        let text = match split_enhanced(text) {
            Some((enhanced, rest)) if *self.enhanced.get_or_insert(enhanced) == enhanced => rest,
            _ => text,
        };
        self.text.extend_from_slice(text);
    }

    fn finish(&mut self) -> Reply {
        let reply = Reply {
            code: self.code.take().unwrap_or_default(),
            enhanced: self.enhanced.take(),
            text: String::from_utf8_lossy(&self.text).into_owned(),
        };
        self.text.clear();
        self.lines = 0;
        self.octets = 0;
        reply
    }
}

/// Code, whether this is the last line, and the text.
fn split_line(line: &[u8]) -> Result<(u16, bool, &[u8]), ReplyError> {
    let (digits, rest) = line.split_at_checked(3).ok_or(ReplyError::Malformed)?;
    let code = number(digits).ok_or(ReplyError::Malformed)?;
    if !(200..=599).contains(&code) {
        return Err(ReplyError::Code(code));
    }
    match rest.split_first() {
        None => Ok((code, true, &[])),
        Some((b' ', text)) => Ok((code, true, text)),
        Some((b'-', text)) => Ok((code, false, text)),
        Some(_) => Err(ReplyError::Malformed),
    }
}

/// The enhanced code at the start of `text` and what follows it and one blank. In the field it is also seen as `#5.1.1` and as
/// `5.1.1:`.
fn split_enhanced(text: &[u8]) -> Option<(EnhancedStatusCode, &[u8])> {
    let text = text.strip_prefix(b"#").unwrap_or(text);
    if !matches!(text.first()?, b'2' | b'4' | b'5') || text.get(1) != Some(&b'.') {
        return None;
    }
    let end = memchr(b' ', text).unwrap_or(text.len());
    let (code, rest) = text.split_at_checked(end)?;
    let code = code.strip_suffix(b":").unwrap_or(code);
    let mut parts = code.split(|&octet| octet == b'.').map(number);
    let code = EnhancedStatusCode(parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() {
        return None;
    }
    Some((code, rest.strip_prefix(b" ").unwrap_or(rest)))
}

fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u16, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u16::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(mut wire: &[u8]) -> Result<Option<Reply>, ReplyError> {
        ReplyParser::default().parse(&mut wire)
    }

    #[test]
    fn what_the_field_sends() {
        let enhanced = |a, b, c| Some(EnhancedStatusCode(a, b, c));
        for (wire, code, code2, text) in [
            ("250 OK\r\n", 250, None, "OK"),
            ("250\r\n", 250, None, ""),
            ("250 \n", 250, None, ""),
            ("220-a\r\n220-b\n220 c\r\n", 220, None, "a\nb\nc"),
            ("550 5.7.509 no\r\n", 550, enhanced(5, 7, 509), "no"),
            ("550 5.7.99999 no\r\n", 550, None, "5.7.99999 no"),
            ("550 5.1.1\r\n", 550, enhanced(5, 1, 1), ""),
            ("550-5.1.1 a\r\n550 5.1.1 b\r\n", 550, enhanced(5, 1, 1), "a\nb"),
            ("550-5.1.1 a\r\n550 5.1.2 b\r\n", 550, enhanced(5, 1, 1), "a\n5.1.2 b"),
            ("550 #5.1.0 Address rejected.\r\n", 550, enhanced(5, 1, 0), "Address rejected."),
            ("550 5.1.1: User unknown\r\n", 550, enhanced(5, 1, 1), "User unknown"),
            ("550 5.1.1:\r\n", 550, enhanced(5, 1, 1), ""),
            (
                "550 sorry, no mailbox here by that name. (#5.1.1)\r\n",
                550,
                None,
                "sorry, no mailbox here by that name. (#5.1.1)",
            ),
            ("550 #1 of 5\r\n", 550, None, "#1 of 5"),
            ("220 2.2.2.2 ESMTP\r\n", 220, None, "2.2.2.2 ESMTP"),
            ("220 4.2 is a version\r\n", 220, None, "4.2 is a version"),
        ] {
            let reply = read(wire.as_bytes()).unwrap().unwrap();
            assert_eq!((reply.code, reply.enhanced, reply.text.as_str()), (code, code2, text), "{wire:?}");
        }
    }

    #[test]
    fn what_is_not_a_reply() {
        for (wire, error) in [
            ("\r\n", ReplyError::Malformed),
            ("25\r\n", ReplyError::Malformed),
            ("250_OK\r\n", ReplyError::Malformed),
            ("HTTP/1.1 400 Bad Request\r\n", ReplyError::Malformed),
            ("199 low\r\n", ReplyError::Code(199)),
            ("600 high\r\n", ReplyError::Code(600)),
            ("250-a\r\n251 b\r\n", ReplyError::Mixed(250, 251)),
        ] {
            assert_eq!(read(wire.as_bytes()), Err(error), "{wire:?}");
        }
    }

    #[test]
    fn a_talkative_server_costs_a_bounded_amount() {
        let line = format!("250-{}\r\n", "x".repeat(5_000));
        let reply = read(format!("{line}250 end\r\n").as_bytes()).unwrap().unwrap();
        assert_eq!(reply.text.len(), MAX_LINE - 4 + "\nend".len());
        let reply = read(format!("{}250 end\r\n", "250-x\r\n".repeat(5_000)).as_bytes()).unwrap().unwrap();
        assert_eq!(reply.text.lines().count(), MAX_LINES);
        assert_eq!(read(line.repeat(100).as_bytes()), Err(ReplyError::Endless));
        assert_eq!(read("x".repeat(MAX_REPLY + 1).as_bytes()), Err(ReplyError::Endless));
    }

    /// A line at the limit, so that the CR falls on either side of it, and the cut on either side of the CR.
    #[test]
    fn a_cut_at_the_limit_changes_nothing() {
        for length in MAX_LINE - 6..MAX_LINE + 3 {
            let wire = format!("250 {}\r\n", "x".repeat(length));
            let whole = read(wire.as_bytes()).unwrap().unwrap();
            for cut in length..wire.len() {
                let (mut first, mut second) = wire.as_bytes().split_at(cut);
                let mut parser = ReplyParser::default();
                assert_eq!(parser.parse(&mut first), Ok(None));
                assert_eq!(parser.parse(&mut second), Ok(Some(whole.clone())));
            }
        }
    }

    fn any_reply() -> impl Strategy<Value = Reply> {
        let line = "[ -~é漢]{0,40}"
            .prop_filter("would read as an enhanced code", |line| split_enhanced(line.as_bytes()).is_none());
        let enhanced =
            proptest::option::of((prop::sample::select(vec![2_u16, 4, 5]), any::<u16>(), any::<u16>()));
        (200_u16..600, enhanced, prop::collection::vec(line, 1..5)).prop_map(|(code, enhanced, lines)| {
            Reply {
                code,
                enhanced: enhanced.map(|(class, subject, detail)| EnhancedStatusCode(class, subject, detail)),
                text: lines.join("\n"),
            }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(replies in prop::collection::vec(any_reply(), 1..4), chunk in 1_usize..20) {
            let mut wire = Vec::new();
            for reply in &replies {
                reply.write_to(&mut wire);
            }
            let mut parser = ReplyParser::default();
            let mut read = Vec::new();
            for mut piece in wire.chunks(chunk) {
                while let Some(reply) = parser.parse(&mut piece).unwrap() {
                    read.push(reply);
                }
            }
            prop_assert!(parser.is_between_replies());
            prop_assert_eq!(read, replies);
        }

        #[test]
        fn random_bytes_never_panic(wire in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut input = wire.as_slice();
            let mut parser = ReplyParser::default();
            while let Ok(Some(_)) = parser.parse(&mut input) {}
        }
    }
}

//! One answer of a web server, read from bytes that are cut anywhere (RFC 9112).

use std::time::Duration;

use httparse::{EMPTY_HEADER, Response, Status};
use jiff::{Timestamp, fmt::rfc2822};

/// Octets of one answer; what a service says of one message is far shorter.
pub(super) const MOST: usize = 64 * 1024;
const MOST_FIELDS: usize = 100;

/// What was answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// The service's own name for what was asked, for whoever asks it about that.
    pub(super) request_id: Option<String>,
    /// What is to pass before it is asked again (RFC 9110 section 10.2.3).
    pub(super) retry_after: Option<RetryAfter>,
    /// Nothing more can be asked on this connection.
    pub(super) closes: bool,
    /// Octets that it took.
    pub(super) length: usize,
}

/// For how long, or until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RetryAfter {
    Seconds(u64),
    At(Timestamp),
}

impl RetryAfter {
    fn parse(value: &str) -> Option<Self> {
        let at = || rfc2822::parse(value).ok().map(|at| Self::At(at.timestamp()));
        value.parse().ok().map(Self::Seconds).or_else(at)
    }

    pub(super) fn counted_from(self, now: Timestamp) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::At(at) => at.duration_since(now).try_into().unwrap_or_default(),
        }
    }
}

/// It is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// How the end of the body is known (RFC 9112 section 6.3).
enum Body {
    Length(usize),
    Chunked,
    UntilEnd,
}

/// The answer at the beginning of `bytes`; None: it goes on. `ended`: nothing more will come.
pub(super) fn read(bytes: &[u8], ended: bool) -> Result<Option<Answer>, Malformed> {
    let mut fields = [EMPTY_HEADER; MOST_FIELDS];
    let mut head = Response::new(&mut fields);
    let start = match head.parse(bytes).map_err(|_| Malformed)? {
        Status::Complete(start) => start,
        Status::Partial => return too_long(bytes),
    };
    let (status, rest) = (head.code.ok_or(Malformed)?, bytes.get(start..).unwrap_or_default());
    let field = |name: &str| {
        let found = head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        found.and_then(|field| str::from_utf8(field.value).ok()).map(str::trim)
    };
    let body = if matches!(status, 100..=199 | 204 | 304) {
        Body::Length(0)
    } else if let Some(coding) = field("Transfer-Encoding") {
        // Any other coding is one that nobody was asked for.
        if !coding.eq_ignore_ascii_case("chunked") {
            return Err(Malformed);
        }
        Body::Chunked
    } else if let Some(length) = field("Content-Length") {
        Body::Length(length.parse().map_err(|_| Malformed)?)
    } else {
        Body::UntilEnd
    };
    let ends = matches!(body, Body::UntilEnd);
    let read = match body {
        Body::Length(length) if length > MOST => return Err(Malformed),
        Body::Length(length) => rest.get(..length).map(|body| (body.to_vec(), length)),
        Body::Chunked => chunks(rest)?,
        Body::UntilEnd => ended.then(|| (rest.to_vec(), rest.len())),
    };
    let Some((body, length)) = read else { return too_long(bytes) };
    let says_so = field("Connection")
        .is_some_and(|options| options.split(',').any(|option| option.trim().eq_ignore_ascii_case("close")));
    Ok(Some(Answer {
        status,
        body,
        request_id: field("request-id").map(ToOwned::to_owned),
        retry_after: field("Retry-After").and_then(RetryAfter::parse),
        closes: ends || says_so || head.version == Some(0),
        length: start + length,
    }))
}

fn too_long(bytes: &[u8]) -> Result<Option<Answer>, Malformed> {
    if bytes.len() > MOST { Err(Malformed) } else { Ok(None) }
}

/// A body in pieces, and the octets that they took (RFC 9112 section 7.1). Fields behind the last piece say nothing to us.
fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Ok(Status::Complete((start, size))) = httparse::parse_chunk_size(rest).map_err(|_| Malformed)
        else {
            return match httparse::parse_chunk_size(rest) {
                Err(_) => Err(Malformed),
                Ok(_) => Ok(None),
            };
        };
        let size = usize::try_from(size).ok().filter(|size| *size <= MOST).ok_or(Malformed)?;
        at += start;
        if size == 0 {
            return Ok(end_of_fields(bytes.get(at..).unwrap_or_default()).map(|end| (body, at + end)));
        }
        match bytes.get(at..at + size + 2).map(|piece| piece.split_at(size)) {
            Some((piece, b"\r\n")) => body.extend_from_slice(piece),
            Some(_) => return Err(Malformed),
            None => return Ok(None),
        }
        at += size + 2;
    }
}

/// Behind the empty line that ends them.
fn end_of_fields(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"\r\n") {
        return Some(2);
    }
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &str =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n";

    #[test]
    fn an_answer_is_read_however_it_is_cut() {
        for (text, ended, status, body, closes) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", false, 200, "ab", false),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nConnection: x, Close\r\n\r\nab",
                false,
                200,
                "ab",
                true,
            ),
            ("HTTP/1.0 202 Accepted\r\nContent-Length: 0\r\n\r\n", false, 202, "", true),
            ("HTTP/1.1 100 Continue\r\n\r\n", false, 100, "", false),
            ("HTTP/1.1 204 No\r\n\r\n", false, 204, "", false),
            (CHUNKED, false, 200, "abcde", false),
            ("HTTP/1.1 500 No\r\n\r\nabc", true, 500, "abc", true),
        ] {
            for cut in 0..text.len() {
                let early = read(&text.as_bytes()[..cut], false);
                assert_eq!(early, Ok(None), "{text:?} {cut}");
            }
            let answer = read(text.as_bytes(), ended).unwrap().unwrap();
            assert_eq!((answer.status, &*answer.body, answer.closes), (status, body.as_bytes(), closes));
            assert_eq!(answer.length, text.len(), "{text:?}");
        }
        let two = format!("{CHUNKED}HTTP/1.1 ");
        assert_eq!(read(two.as_bytes(), false).unwrap().unwrap().length, CHUNKED.len());
    }

    #[test]
    fn time_is_asked_for_in_seconds_or_by_a_date() {
        let now: Timestamp = "2026-11-30T08:00:00Z".parse().unwrap();
        for (value, expected) in [
            ("120", Some(120)),
            ("Mon, 30 Nov 2026 08:05:00 GMT", Some(300)),
            ("Mon, 30 Nov 2026 07:05:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let text = format!("HTTP/1.1 503 No\r\nContent-Length: 0\r\nretry-after: {value}\r\n\r\n");
            let after = read(text.as_bytes(), false).unwrap().unwrap().retry_after;
            let wait = after.map(|after| after.counted_from(now));
            assert_eq!(wait, expected.map(Duration::from_secs), "{value}");
        }
    }

    #[test]
    fn what_is_no_answer_or_too_long_is_refused() {
        let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(MOST));
        let field = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(MOST));
        for text in [
            "220 smtp.example ESMTP\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
            &long,
            &field,
        ] {
            assert_eq!(read(text.as_bytes(), false), Err(Malformed), "{text:.60}");
        }
    }
}

//! Reading headers back, from our own mails and from what others hand in.

/// Where a hostile header is cut before it is decoded.
const LONGEST_READ: usize = 32 * 1024;

/// The headers of `message`, each with its line end, without the empty line; the whole if there is no empty line. Line ends
/// may be CRLF or LF.
pub fn header_block(message: &[u8]) -> &[u8] {
    let mut end = 0;
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        if matches!(line, b"\n" | b"\r\n") {
            return message.get(..end).unwrap_or(message);
        }
        end += line.len();
    }
    message
}

/// The first header called `name` (in any case), unfolded and with its encoded words decoded.
pub fn header(message: &[u8], name: &str) -> Option<String> {
    let block = header_block(message);
    let mut start = 0;
    let mut lines = block.split_inclusive(|&byte| byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let mut end = start + line.len();
        while let Some(folded) = lines.next_if(|next| matches!(next.first(), Some(b' ' | b'\t'))) {
            end += folded.len();
        }
        if is_called(line, name) {
            return block.get(start..end).map(text_of_field);
        }
        start = end;
    }
    None
}

/// The value of one header field, unfolded and with its encoded words decoded.
pub(crate) fn text_of_field(raw: &[u8]) -> String {
    let raw = raw.get(..LONGEST_READ).unwrap_or(raw);
    let Ok((header, _)) = mailparse::parse_header(raw) else { return String::new() };
    header.get_value_utf8().unwrap_or_else(|_| header.get_value())
}

/// The first plain-text part, decoded.
pub fn plain_text(message: &[u8]) -> Option<String> {
    let parsed = mailparse::parse_mail(message).ok()?;
    let part = parsed.parts().find(|part| part.ctype.mimetype == "text/plain")?;
    part.get_body().ok()
}

fn is_called(line: &[u8], name: &str) -> bool {
    line.split_at_checked(name.len()).is_some_and(|(start, rest)| {
        start.eq_ignore_ascii_case(name.as_bytes()) && rest.trim_ascii_start().first() == Some(&b':')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_end_at_the_first_empty_line() {
        for (message, block) in [
            ("A: 1\r\nB: 2\r\n\r\nC: 3\r\n", "A: 1\r\nB: 2\r\n"),
            ("A: 1\nB: 2\n\nC: 3\n", "A: 1\nB: 2\n"),
            ("A: 1\r\n", "A: 1\r\n"),
            ("\r\nbody", ""),
            ("", ""),
        ] {
            assert_eq!(header_block(message.as_bytes()), block.as_bytes());
        }
    }

    #[test]
    fn a_header_is_found_unfolded_and_decoded() {
        let message = "Subject-Not: 0\r\nsubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?B?ISE=?=\r\nX: a\r\n\tb\r\n\r\nY: no\r\n";
        assert_eq!(header(message.as_bytes(), "Subject").as_deref(), Some("Grüße!!"));
        assert_eq!(header(message.as_bytes(), "x").as_deref(), Some("a b"));
        assert_eq!(header(message.as_bytes(), "Y"), None);
        assert_eq!(
            header("Subject: ünverschlüsselt\n\n".as_bytes(), "Subject").as_deref(),
            Some("ünverschlüsselt")
        );
    }
}

//! The fields of a header block where they stand (RFC 5322 section 2.2), for those who change single ones and keep the rest.

use std::ops::Range;

use memchr::memchr;

use super::octets::slice;

/// One header field with its folded lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// Where it begins in the message.
    pub(crate) at: usize,
    /// Its number among the lines that were read, from 1.
    pub(crate) line: usize,
    /// Its name as written.
    pub(crate) name: &'a [u8],
    /// All of it, with its line ends.
    pub(crate) raw: &'a [u8],
    colon: usize,
}

impl<'a> Field<'a> {
    /// Where it stands, with its line end.
    pub(crate) fn range(&self) -> Range<usize> {
        self.at..self.at + self.raw.len()
    }

    /// Case does not matter.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// The blanks between the name and the colon, which RFC 5322 section 4.5 forbids to write.
    pub(crate) fn blanks(&self) -> Range<usize> {
        self.at + self.name.len()..self.at + self.colon
    }

    /// What follows the colon, folded as it is, without the last line end.
    pub(crate) fn value(&self) -> &'a [u8] {
        let value = slice(self.raw, self.colon + 1..self.raw.len());
        let value = value.strip_suffix(b"\n").unwrap_or(value);
        value.strip_suffix(b"\r").unwrap_or(value)
    }

    /// Where the value stands.
    pub(crate) fn value_range(&self) -> Range<usize> {
        let start = self.at + self.colon + 1;
        start..start + self.value().len()
    }
}

/// What ended a header block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The empty line, or the message is over.
    Proper,
    /// A line that is no field, which is this one of those that were read, from 1.
    NotAField(usize),
}

/// The fields of a header block that begins at some place of a message; CRLF or LF.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    message: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8], at: usize) -> Self {
        Self { message, at, line: 1 }
    }

    /// Where the next line begins: once there are no more fields, the end of the header block.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Once there are no more fields: where the body begins, and what ended the header.
    pub(crate) fn end(&self) -> (usize, End) {
        let next = line_end(self.message, self.at);
        match slice(self.message, self.at..next) {
            b"" => (self.at, End::Proper),
            b"\r\n" | b"\n" => (next, End::Proper),
            _ => (self.at, End::NotAField(self.line)),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let (at, line) = (self.at, self.line);
        let mut end = line_end(self.message, at);
        let first = slice(self.message, at..end);
        let colon = memchr(b':', first)?;
        let name = slice(first, 0..colon).trim_ascii_end();
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        self.line += 1;
        while matches!(self.message.get(end), Some(b' ' | b'\t')) {
            end = line_end(self.message, end);
            self.line += 1;
        }
        self.at = end;
        Some(Field { at, line, name, raw: slice(self.message, at..end), colon })
    }
}

/// The fields with which `message` begins, whole ones, in at most `limit` octets. Unlike the header block it never holds what is no
/// field, whoever wrote the message.
pub fn fields_within(message: &[u8], limit: usize) -> &[u8] {
    let ends = Fields::new(message, 0).map(|field| field.range().end);
    slice(message, 0..ends.take_while(|end| *end <= limit).last().unwrap_or(0))
}

/// `message` with other values in these fields of its header: each takes the place of the first of its name, and stands once.
pub fn with_fields(message: &[u8], values: &[(&str, &str)]) -> Vec<u8> {
    let mut all = Vec::with_capacity(message.len());
    let (mut fields, mut is_set) = (Fields::new(message, 0), vec![false; values.len()]);
    for field in fields.by_ref() {
        match values.iter().zip(&mut is_set).find(|((name, _), _)| field.is(name)) {
            None => all.extend_from_slice(field.raw),
            Some((_, is_set)) if *is_set => {}
            Some(((name, value), is_set)) => {
                *is_set = true;
                all.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
    }
    all.extend_from_slice(slice(message, fields.position()..message.len()));
    all
}

/// Where the line that begins at `at` is over: behind its LF.
pub(crate) fn line_end(message: &[u8], at: usize) -> usize {
    memchr(b'\n', slice(message, at..message.len())).map_or(message.len(), |length| at + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_are_fields() {
        for (message, limit, fields) in [
            ("A: 1\r\nB: 2\r\n 3\r\n\r\nC: 4\r\n", 99, "A: 1\r\nB: 2\r\n 3\r\n"),
            ("A: 1\nDear Ann,\nB: 2\n", 99, "A: 1\n"),
            ("A: 1\r\nB: 2\r\n 3\r\n\r\n", 15, "A: 1\r\n"),
            ("A: 1\r\n", 6, "A: 1\r\n"),
            ("Dear Ann,\n", 99, ""),
        ] {
            assert_eq!(fields_within(message.as_bytes(), limit), fields.as_bytes(), "{message:?}");
        }
    }

    #[test]
    fn only_the_fields_that_are_named_are_others() {
        let message = b"From: Desk <d@e.org>\r\nTo: \"Ana Ruiz\"\r\n <ana@old.org>,\r\n\t<ana@older.org>\r\nSubject: To: nobody\r\n\
            message-id: <1@x>\r\nTo: twice@old.org\r\n\r\nTo: in the text\r\n";
        let again = with_fields(message, &[("To", "ana@new.org"), ("Message-ID", "<2@x>"), ("Date", "now")]);
        assert_eq!(
            String::from_utf8(again).unwrap(),
            "From: Desk <d@e.org>\r\nTo: ana@new.org\r\nSubject: To: nobody\r\nMessage-ID: <2@x>\r\n\r\nTo: in the text\r\n"
        );
    }

    #[test]
    fn fields_and_what_ends_them() {
        for (message, names, body, end) in [
            ("A: 1\r\nB: 2\r\n 3\r\n\r\nC: 4", &["A", "B"][..], "C: 4", End::Proper),
            ("A: 1\nB:2\n\n\nx", &["A", "B"], "\nx", End::Proper),
            ("A: 1", &["A"], "", End::Proper),
            ("", &[], "", End::Proper),
            ("\r\nA: 1", &[], "A: 1", End::Proper),
            ("A : 1\r\n\r\n", &["A"], "", End::Proper),
            (" A: 1\r\n", &[], " A: 1\r\n", End::NotAField(1)),
            (": 1\r\n", &[], ": 1\r\n", End::NotAField(1)),
            ("A: 1\r\n\t2\r\nHello\r\n", &["A"], "Hello\r\n", End::NotAField(3)),
            ("A: 1\r\nNot this: 2\r\n", &["A"], "Not this: 2\r\n", End::NotAField(2)),
            ("Ä: 1\r\n", &[], "Ä: 1\r\n", End::NotAField(1)),
        ] {
            let mut fields = Fields::new(message.as_bytes(), 0);
            let found: Vec<_> =
                fields.by_ref().map(|field| String::from_utf8_lossy(field.name).into_owned()).collect();
            let (body_at, how) = fields.end();
            assert_eq!(
                (found.iter().map(String::as_str).collect::<Vec<_>>(), &message[body_at..], how),
                (names.to_vec(), body, end),
                "{message:?}"
            );
        }
    }

    #[test]
    fn where_a_field_stands() {
        let message = "X: 0\r\nA \t: 1\r\n 2\r\n\r\n";
        let field = Fields::new(message.as_bytes(), 0).nth(1).unwrap();
        assert_eq!(&message[field.range()], "A \t: 1\r\n 2\r\n");
        assert_eq!(&message[field.blanks()], " \t");
        assert_eq!(&message[field.value_range()], " 1\r\n 2");
        assert_eq!((field.value(), field.line), (&b" 1\r\n 2"[..], 2));
    }
}

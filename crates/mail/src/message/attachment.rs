//! A file that comes with a mail (RFC 2183).

use mail_builder::mime::{BodyPart, MimePart};

use super::BuildError;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Under which name it is offered to be saved; any script.
    pub filename: String,
    /// `application/pdf`, `text/csv; charset=utf-8`. No composite type: a file is one part.
    pub media_type: String,
    /// Its octets.
    pub content: Vec<u8>,
}

impl Attachment {
    pub(super) fn part(&self) -> Result<MimePart<'_>, BuildError> {
        if !is_media_type(&self.media_type) {
            return Err(BuildError::MediaType(self.media_type.clone()));
        }
        let content = BodyPart::Binary(self.content.as_slice().into());
        Ok(MimePart::new(self.media_type.as_str(), content).attachment(self.filename.as_str()))
    }
}

/// `type/subtype`, and parameters without quotation marks.
pub(super) fn is_media_type(text: &str) -> bool {
    let mut pieces = text.split(';').map(str::trim);
    let kind = pieces.next().and_then(|kind| kind.split_once('/'));
    let discrete = kind.is_some_and(|(kind, subtype)| {
        let composite = ["multipart", "message"].iter().any(|one| kind.eq_ignore_ascii_case(one));
        !composite && is_token(kind) && is_token(subtype)
    });
    discrete
        && text.len() <= 200
        && pieces
            .all(|one| one.split_once('=').is_some_and(|(name, value)| is_token(name) && is_token(value)))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_files() {
        for (text, is) in [
            ("application/pdf", true),
            ("text/csv; charset=utf-8", true),
            ("application/vnd.ms-excel", true),
            ("image/svg+xml", true),
            ("multipart/mixed", false),
            ("Message/RFC822", false),
            ("pdf", false),
            ("text/plain\r\nBcc: b@x.org", false),
            ("text/plain; name=\"a\"", false),
            ("text/", false),
            ("", false),
        ] {
            assert_eq!(is_media_type(text), is, "{text:?}");
        }
    }
}

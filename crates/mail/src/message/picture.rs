//! A picture that the HTML of a mail shows (RFC 2392, RFC 2387).

use mail_builder::mime::{BodyPart, MimePart};

use super::{BuildError, attachment::is_media_type};

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What the HTML names after `cid:`: something that no other mail has, as `something@somewhere`.
    pub content_id: String,
    /// `image/png`.
    pub media_type: String,
    /// Its octets.
    pub content: Vec<u8>,
}

impl Picture {
    pub(super) fn part(&self) -> Result<MimePart<'_>, BuildError> {
        if !is_media_type(&self.media_type) || !self.media_type.starts_with("image/") {
            return Err(BuildError::MediaType(self.media_type.clone()));
        }
        let id = super::checked_message_id(&self.content_id)?;
        let content = BodyPart::Binary(self.content.as_slice().into());
        Ok(MimePart::new(self.media_type.as_str(), content).inline().cid(id))
    }
}

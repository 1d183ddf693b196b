//! A text that is rendered as far as it is not too long.

use std::io;

use minijinja::{Error, ErrorKind, Template, Value};

/// Bytes of one text. Mail programs cut off what is longer than half of that.
pub(super) const MOST_OCTETS: usize = 256 * 1024;

/// Bytes of one text of a notice: one of 2,000 items has some 1.5 million of HTML.
pub(super) const MOST_OF_NOTICE: usize = 4 << 20;

/// Renders no further than `most` bytes; what is longer ends with [`ErrorKind::WriteFailure`]. What stands in variables on the way is
/// bounded by the fuel, of which one step pays for 64 bytes, and by what a template may be made of ([`super::plain`]).
pub(super) fn render(template: &Template<'_, '_>, variables: &Value, most: usize) -> Result<String, Error> {
    let mut text = Bounded { text: Vec::new(), most };
    template.render_captured_to(variables.clone(), &mut text)?;
    String::from_utf8(text.text).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

struct Bounded {
    text: Vec<u8>,
    most: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

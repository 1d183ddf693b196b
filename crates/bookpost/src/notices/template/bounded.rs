//! A text that is rendered as far as it is not too long.

use std::io;

use minijinja::{Error, ErrorKind, Template, Value};

/// Bytes of one text. Mail programs cut off what is longer than half of that.
pub(super) const MOST_OCTETS: usize = 256 * 1024;

/// Renders no further than [`MOST_OCTETS`]; what is longer ends with [`ErrorKind::WriteFailure`]. What stands in variables on the way is
/// bounded by the fuel, of which one step pays for 64 bytes.
pub(super) fn render(template: &Template<'_, '_>, variables: &Value) -> Result<String, Error> {
    let mut text = Bounded(Vec::new());
    template.render_captured_to(variables.clone(), &mut text)?;
    String::from_utf8(text.0).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_OCTETS {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

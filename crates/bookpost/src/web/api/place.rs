//! Where in the body of a request a message stands, and where its parts do.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::identity::Field;

/// What a fragment may not have as it is (RFC 3986 section 3.5), and `%` itself.
const NOT_IN_A_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where a message stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    message: String,
    of_template: bool,
    parts: Parts,
}

/// Where a message has what it may be refused for.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// What is read as a whole.
    pub(super) content: &'static str,
    pub(super) from: &'static str,
    pub(super) recipients: &'static str,
    pub(super) reverse_path: &'static str,
    /// Of further fields of the header, as the request spells them.
    pub(super) headers: Vec<String>,
}

impl Place {
    /// A whole message.
    pub(super) fn of_message(pointer: impl Into<String>) -> Self {
        Self { message: pointer.into(), ..Self::default() }
    }

    /// One recipient of a template: what all of them have in common stands at the top, and the address in no list.
    pub(super) fn of_recipient(pointer: impl Into<String>) -> Self {
        Self { of_template: true, ..Self::of_message(pointer) }
    }

    pub(super) fn with(self, parts: Parts) -> Self {
        Self { parts, ..self }
    }

    /// A JSON pointer to a part of the message, as a fragment (RFC 6901 section 6).
    pub(super) fn pointer(&self, path: &str) -> String {
        match path {
            _ if !self.of_template => fragment(&[&self.message, path]),
            "/to/0" => fragment(&[&self.message, "/to"]),
            "" | "/to" | "/variables" => fragment(&[&self.message, path]),
            common => fragment(&[common]),
        }
    }

    /// To the message, or where it is all of one field, to that.
    pub(super) fn content(&self) -> String {
        self.pointer(self.parts.content)
    }

    pub(super) fn recipients(&self) -> String {
        self.pointer(self.parts.recipients)
    }

    /// To where this address comes from.
    pub(super) fn field(&self, field: Field) -> String {
        let Field::Header(name) = field else {
            let path = if field == Field::From { self.parts.from } else { self.parts.reverse_path };
            return self.pointer(path);
        };
        let own = self.parts.headers.iter().find(|own| own.eq_ignore_ascii_case(name));
        own.map_or_else(|| self.content(), |own| self.pointer(&format!("/headers/{}", escaped(own))))
    }
}

/// Parts of a pointer, as a fragment.
pub(super) fn fragment(parts: &[&str]) -> String {
    let mut fragment = "#".to_owned();
    for part in parts {
        fragment.extend(utf8_percent_encode(part, NOT_IN_A_FRAGMENT));
    }
    fragment
}

/// One name in a pointer (RFC 6901 section 3).
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_a_fragment_whatever_the_name() {
        for (name, pointer) in [
            ("X-Run", "#/headers/X-Run"),
            ("a/b~c:", "#/headers/a~1b~0c:"),
            ("X\r\nBcc: p", "#/headers/X%0D%0ABcc:%20p"),
            ("Grüße", "#/headers/Gr%C3%BC%C3%9Fe"),
            ("100%#\"", "#/headers/100%25%23%22"),
        ] {
            assert_eq!(Place::default().pointer(&format!("/headers/{}", escaped(name))), pointer);
        }
    }

    #[test]
    fn of_a_template_only_the_recipients_are_apart() {
        let place = Place::of_recipient("/recipients/7");
        for (path, pointer) in [
            ("/to/0", "#/recipients/7/to"),
            ("/variables", "#/recipients/7/variables"),
            ("", "#/recipients/7"),
            ("/headers/Bcc", "#/headers/Bcc"),
            ("/from", "#/from"),
        ] {
            assert_eq!(place.pointer(path), pointer);
        }
    }
}

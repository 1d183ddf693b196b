//! Attributes and text of XML.

use std::borrow::Cow;

use quick_xml::{
    XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};

use super::ImportError;

/// The value of an attribute, whatever its prefix is.
pub(super) fn attribute<'e>(
    element: &'e BytesStart<'_>,
    name: &str,
) -> Result<Option<Cow<'e, str>>, ImportError> {
    Ok(attributes(element, [name])?.into_iter().next().flatten())
}

/// The values of several.
pub(super) fn attributes<'e, const N: usize>(
    element: &'e BytesStart<'_>,
    names: [&str; N],
) -> Result<[Option<Cow<'e, str>>; N], ImportError> {
    let mut found = [const { None }; N];
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| ImportError::DamagedWorkbook)?;
        let name = attribute.key.local_name();
        for (slot, wanted) in found.iter_mut().zip(names) {
            if name.as_ref() == wanted {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                *slot = Some(value.map_err(|_| ImportError::DamagedWorkbook)?);
            }
        }
    }
    Ok(found)
}

/// Adds the text of a piece, if it is text. What stands for other text outside XML's own five signs is left out: nothing is looked up.
pub(super) fn add_text(piece: &Event<'_>, into: &mut String) {
    match piece {
        Event::Text(text) => into.push_str(&text.xml10_content()),
        Event::CData(text) => into.push_str(&text.xml10_content()),
        Event::GeneralRef(reference) => match reference.resolve_char_ref() {
            Ok(Some(letter)) => into.push(letter),
            _ => into.push_str(resolve_predefined_entity(reference).unwrap_or_default()),
        },
        _ => {}
    }
}

/// Puts the characters in their places that a workbook writes as `_x000A_` (ECMA-376 part 1, section 22.9.2.19).
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("_x") {
        out.push_str(before);
        let code = behind.get(..5).and_then(|code| code.strip_suffix('_'));
        let letter = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        if let Some(letter) = letter {
            out.push(letter);
            rest = behind.get(5..).unwrap_or_default();
        } else {
            out.push_str("_x");
            rest = behind;
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_xml_cannot_write() {
        for (text, expected) in [
            ("plain", "plain"),
            ("one_x000A_two", "one\ntwo"),
            ("_x005F_x000A_", "_x000A_"),
            ("_xZZZZ_ _x12", "_xZZZZ_ _x12"),
            ("_xD83D_", "_xD83D_"),
            ("a_xé000_", "a_xé000_"),
        ] {
            assert_eq!(unescape(text), expected);
        }
    }
}

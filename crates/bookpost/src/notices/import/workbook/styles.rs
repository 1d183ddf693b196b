//! How cells show their number (ECMA-376 part 1, section 18.8).

use std::collections::HashMap;

use quick_xml::events::Event;

use super::{
    ImportError,
    number::Shows,
    parts::Parts,
    xml::{attribute, attributes},
};

/// Bytes of the part; of each style two of them are kept.
const MOST_BYTES: u64 = 16 << 20;

/// Digits of a number with zeros before it: the longest card numbers and barcodes have fewer.
const MOST_DIGITS: usize = 40;

/// By the number of a cell's style.
#[derive(Debug, Default)]
pub(super) struct Styles(Vec<Shows>);

impl Styles {
    pub(super) fn read(parts: &mut Parts<'_>, part: Option<&str>) -> Result<Self, ImportError> {
        let mut styles = Self::default();
        let Some(part) = part else { return Ok(styles) };
        let Some(mut xml) = parts.xml(part, MOST_BYTES)? else { return Ok(styles) };
        let (mut formats, mut of_cells) = (HashMap::new(), false);
        loop {
            match xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "numFmt" => {
                        let [id, code] = attributes(&element, ["numFmtId", "formatCode"])?;
                        let id: Option<u32> = id.and_then(|id| id.parse().ok());
                        formats.extend(id.zip(code.map(|code| shown_as(&code))));
                    }
                    "cellXfs" => of_cells = true,
                    "xf" if of_cells => {
                        let id = attribute(&element, "numFmtId")?.and_then(|id| id.parse().ok());
                        let own = id.and_then(|id| formats.get(&id)).copied();
                        let built_in =
                            if id.is_some_and(is_built_in_date) { Shows::Date } else { Shows::Number };
                        styles.0.push(own.unwrap_or(built_in));
                    }
                    _ => {}
                },
                Event::End(element) if element.local_name().as_ref() == "cellXfs" => of_cells = false,
                Event::Eof => return Ok(styles),
                _ => {}
            }
        }
    }

    pub(super) fn shows(&self, style: usize) -> Shows {
        self.0.get(style).copied().unwrap_or_default()
    }
}

/// The formats that every workbook has without saying so (section 18.8.30), those of East Asia with them. The times of day among them are no
/// dates.
fn is_built_in_date(id: u32) -> bool {
    matches!(id, 14..=17 | 22 | 27..=31 | 34..=36 | 50..=54 | 57 | 58)
}

/// What a format of the workbook's own makes of a number.
fn shown_as(code: &str) -> Shows {
    let is_zeros = (2..=MOST_DIGITS).contains(&code.len()) && code.bytes().all(|byte| byte == b'0');
    match u8::try_from(code.len()) {
        Ok(digits) if is_zeros => Shows::Digits(digits),
        _ if shows_a_date(code) => Shows::Date,
        _ => Shows::Number,
    }
}

/// Whether a format has a day or a year outside of what it writes as it stands.
fn shows_a_date(code: &str) -> bool {
    let mut letters = code.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => _ = letters.find(|letter| *letter == '"'),
            '[' => _ = letters.find(|letter| *letter == ']'),
            '\\' | '_' | '*' => _ = letters.next(),
            'd' | 'D' | 'y' | 'Y' => return true,
            // What follows is for other numbers.
            ';' => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        for (code, expected) in [
            ("m/d/yyyy", Shows::Date),
            ("[$-409]d\\-mmm\\-yy;@", Shows::Date),
            ("DD.MM.YYYY hh:mm", Shows::Date),
            ("General", Shows::Number),
            ("0", Shows::Number),
            ("#,##0.00 [$€-407];[Red]-#,##0.00", Shows::Number),
            ("00000000", Shows::Digits(8)),
            ("00.00", Shows::Number),
            (&"0".repeat(MOST_DIGITS), Shows::Digits(40)),
            (&"0".repeat(MOST_DIGITS + 1), Shows::Number),
            ("0\" days\"", Shows::Number),
            ("0_d", Shows::Number),
            ("hh:mm:ss", Shows::Number),
            ("0;d", Shows::Number),
        ] {
            assert_eq!(shown_as(code), expected, "{code}");
        }
    }
}

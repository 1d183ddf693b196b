//! Which cells show their number as a date (ECMA-376 part 1, section 18.8).

use std::collections::HashSet;

use quick_xml::events::Event;

use super::{
    ImportError,
    parts::Parts,
    xml::{attribute, attributes},
};

/// Bytes of the part; of each style one bit of it is kept.
const MOST_BYTES: u64 = 16 << 20;

/// By the number of a cell's style, whether it shows a date.
#[derive(Debug, Default)]
pub(super) struct Styles(Vec<bool>);

impl Styles {
    pub(super) fn read(parts: &mut Parts<'_>, part: Option<&str>) -> Result<Self, ImportError> {
        let mut styles = Self::default();
        let Some(part) = part else { return Ok(styles) };
        let Some(mut xml) = parts.xml(part, MOST_BYTES)? else { return Ok(styles) };
        let (mut dates, mut of_cells) = (HashSet::new(), false);
        loop {
            match xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "numFmt" => {
                        let [id, code] = attributes(&element, ["numFmtId", "formatCode"])?;
                        let id: Option<u32> = id.and_then(|id| id.parse().ok());
                        dates.extend(id.filter(|_| code.is_some_and(|code| shows_a_date(&code))));
                    }
                    "cellXfs" => of_cells = true,
                    "xf" if of_cells => {
                        let id = attribute(&element, "numFmtId")?.and_then(|id| id.parse().ok());
                        styles.0.push(id.is_some_and(|id| dates.contains(&id) || is_built_in_date(id)));
                    }
                    _ => {}
                },
                Event::End(element) if element.local_name().as_ref() == "cellXfs" => of_cells = false,
                Event::Eof => return Ok(styles),
                _ => {}
            }
        }
    }

    pub(super) fn is_date(&self, style: usize) -> bool {
        self.0.get(style).copied().unwrap_or(false)
    }
}

/// The formats that every workbook has without saying so (section 18.8.30), those of East Asia with them. The times of day among them are no
/// dates.
fn is_built_in_date(id: u32) -> bool {
    matches!(id, 14..=17 | 22 | 27..=31 | 34..=36 | 50..=54 | 57 | 58)
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
            ("m/d/yyyy", true),
            ("[$-409]d\\-mmm\\-yy;@", true),
            ("DD.MM.YYYY hh:mm", true),
            ("General", false),
            ("0", false),
            ("#,##0.00 [$€-407];[Red]-#,##0.00", false),
            ("0\" days\"", false),
            ("0_d", false),
            ("hh:mm:ss", false),
            ("0;d", false),
        ] {
            assert_eq!(shows_a_date(code), expected, "{code}");
        }
    }
}

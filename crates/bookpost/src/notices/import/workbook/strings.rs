//! The texts that cells share (ECMA-376 part 1, section 18.4.9): a cell says only which one.

use quick_xml::events::Event;

use super::{
    ImportError, MOST_TEXT,
    parts::Parts,
    xml::{add_text, unescape},
};

/// All of them, end to end. However many a file announces, room is made for those that come.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    pub(super) fn read(parts: &mut Parts<'_>, part: Option<&str>) -> Result<Self, ImportError> {
        let mut strings = Self::default();
        let Some(part) = part else { return Ok(strings) };
        let Some(mut xml) = parts.xml(part, MOST_TEXT as u64)? else { return Ok(strings) };
        let (mut one, mut in_text, mut in_reading) = (String::new(), false, false);
        loop {
            match xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "si" => one.clear(),
                    "t" => in_text = !in_reading,
                    // How the letters of another script are read aloud.
                    "rPh" => in_reading = true,
                    _ => {}
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "si" => strings.add(&unescape(&one)),
                    "t" => in_text = false,
                    "rPh" => in_reading = false,
                    _ => {}
                },
                Event::Eof => return Ok(strings),
                piece if in_text => add_text(&piece, &mut one),
                _ => {}
            }
        }
    }

    fn add(&mut self, text: &str) {
        self.text.push_str(text);
        // What is unpacked is bounded long before.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// The `index`th, from 0.
    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start as usize..end as usize)
    }
}

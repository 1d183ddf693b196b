//! The cells of a sheet (ECMA-376 part 1, section 18.3.1) as rows of text.

use quick_xml::events::{BytesStart, Event};

use super::{
    BETWEEN_CELLS, ENDS_ROW, ImportError, MOST_CELLS, MOST_TEXT, MOST_UNPACKED, number,
    parts::{Parts, Xml},
    strings::Strings,
    styles::Styles,
    xml::{add_text, attributes, unescape},
};
use crate::notices::import::{MAX_CELL_BYTES, MAX_ROWS};

/// Columns that a sheet can have.
const MOST_COLUMNS: u32 = 16_384;

/// What cells refer to.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) strings: &'a Strings,
    pub(super) styles: &'a Styles,
    pub(super) from_1904: bool,
}

/// All rows that can be seen, and how many cannot.
pub(super) fn read(
    parts: &mut Parts<'_>,
    part: &str,
    context: &Context<'_>,
) -> Result<(String, u64), ImportError> {
    let rows = rows(parts, part, context, |_| false)?;
    Ok((rows.text, rows.hidden))
}

/// How many cells the first row has that has any; 0: no row has.
pub(super) fn width(parts: &mut Parts<'_>, part: &str, context: &Context<'_>) -> Result<u32, ImportError> {
    Ok(rows(parts, part, context, |rows| rows.width > 0)?.width)
}

fn rows(
    parts: &mut Parts<'_>,
    part: &str,
    context: &Context<'_>,
    is_enough: impl Fn(&Rows) -> bool,
) -> Result<Rows, ImportError> {
    let mut rows = Rows::default();
    let Some(mut xml) = parts.xml(part, MOST_UNPACKED)? else { return Err(ImportError::DamagedWorkbook) };
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "row" => {
                    let [row, hidden] = attributes(&element, ["r", "hidden"])?;
                    let is_hidden = hidden.is_some_and(|hidden| matches!(hidden.trim(), "1" | "true"));
                    rows.begin(row.and_then(|row| row.parse().ok()), is_hidden)?;
                }
                "c" => {
                    let cell = Cell::of(&element)?;
                    let column = cell.column;
                    rows.cell(column, &cell.text(&mut xml, context)?)?;
                }
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "row" => {
                    rows.end()?;
                    if is_enough(&rows) {
                        return Ok(rows);
                    }
                }
                "sheetData" => return Ok(rows),
                _ => {}
            },
            // A sheet that breaks off looks whole.
            Event::Eof => return Err(ImportError::DamagedWorkbook),
            _ => {}
        }
    }
}

/// What is said of a cell before its value.
struct Cell {
    column: Option<u32>,
    kind: Kind,
    style: usize,
}

/// What the value of a cell is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    /// Its place among the shared texts.
    Shared,
    /// A text or a date as it stands.
    AsItStands,
    YesOrNo,
    /// What a formula shows that went wrong.
    Fault,
}

impl Cell {
    fn of(element: &BytesStart<'_>) -> Result<Self, ImportError> {
        let [place, kind, style] = attributes(element, ["r", "t", "s"])?;
        let kind = match kind.as_deref() {
            None | Some("n") => Kind::Number,
            Some("s") => Kind::Shared,
            Some("b") => Kind::YesOrNo,
            Some("e") => Kind::Fault,
            Some(_) => Kind::AsItStands,
        };
        let column = place.map(|place| column(&place)).transpose()?;
        Ok(Self { column, kind, style: style.and_then(|style| style.parse().ok()).unwrap_or(0) })
    }

    /// Reads on to the cell's end.
    fn text(self, xml: &mut Xml<'_, '_>, context: &Context<'_>) -> Result<String, ImportError> {
        let (mut value, mut in_value, mut in_reading) = (String::new(), false, false);
        loop {
            match xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "v" => in_value = true,
                    // The text of a cell that shares none.
                    "t" => in_value = !in_reading,
                    "rPh" => in_reading = true,
                    _ => {}
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "c" => break,
                    "v" | "t" => in_value = false,
                    "rPh" => in_reading = false,
                    _ => {}
                },
                Event::Eof => return Err(ImportError::DamagedWorkbook),
                piece if in_value => add_text(&piece, &mut value),
                _ => {}
            }
            if value.len() > MOST_TEXT {
                return Err(ImportError::WorkbookTooLarge);
            }
        }
        Ok(match self.kind {
            Kind::Number => number::text(&value, context.styles.shows(self.style), context.from_1904),
            Kind::Shared => shared(&value, context.strings)?,
            Kind::AsItStands => unescape(&value).into_owned(),
            Kind::YesOrNo => if value.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(),
            Kind::Fault => String::new(),
        })
    }
}

fn shared(place: &str, strings: &Strings) -> Result<String, ImportError> {
    if place.trim().is_empty() {
        return Ok(String::new());
    }
    let text = place.trim().parse().ok().and_then(|place| strings.get(place));
    text.map(|text| start_of(text).to_owned()).ok_or(ImportError::DamagedWorkbook)
}

/// The column of a place such as `AB12`, from 0.
fn column(place: &str) -> Result<u32, ImportError> {
    let mut column = 0;
    for letter in place.bytes().take_while(u8::is_ascii_alphabetic) {
        column = column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1;
        if column > MOST_COLUMNS {
            return Err(ImportError::DamagedWorkbook);
        }
    }
    column.checked_sub(1).ok_or(ImportError::DamagedWorkbook)
}

/// As much of a cell as there may be, and a little more, so that its row is refused for it.
fn start_of(text: &str) -> &str {
    let mut end = text.len().min(MAX_CELL_BYTES + 4);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// The text as it is written.
#[derive(Default)]
struct Rows {
    text: String,
    /// Rows that are written.
    row: u64,
    /// Cells of the first row that has any; others are filled up to as many.
    width: u32,
    /// Cells of this row, and how many of them and of the text there are up to the last that is not empty.
    column: u32,
    used: (u32, usize),
    cells: u64,
    /// Whether nobody sees this row, and whether it has something.
    is_hidden: bool,
    hides: bool,
    /// Rows with something that nobody sees.
    hidden: u64,
}

impl Rows {
    /// Begins a row, of which its number is said or not.
    fn begin(&mut self, said: Option<u64>, is_hidden: bool) -> Result<(), ImportError> {
        let number = said.unwrap_or(self.row + 1);
        if number <= self.row {
            return Err(ImportError::DamagedWorkbook);
        }
        // The names stand above the rows.
        if number > MAX_ROWS + 1 {
            return Err(ImportError::TooManyRows);
        }
        while self.row + 1 < number {
            self.end()?;
        }
        self.is_hidden = is_hidden;
        Ok(())
    }

    fn cell(&mut self, column: Option<u32>, text: &str) -> Result<(), ImportError> {
        let column = column.unwrap_or(self.column);
        if column < self.column || column >= MOST_COLUMNS {
            return Err(ImportError::DamagedWorkbook);
        }
        if self.is_hidden {
            self.hides |= !text.trim().is_empty();
            self.cells += 1;
            return self.is_bounded();
        }
        self.fill(column);
        if self.column > 0 {
            self.text.push(char::from(BETWEEN_CELLS));
        }
        self.column += 1;
        self.cells += 1;
        let text = start_of(text.trim());
        if !text.is_empty() {
            if memchr::memchr2(BETWEEN_CELLS, ENDS_ROW, text.as_bytes()).is_none() {
                self.text.push_str(text);
            } else {
                let marks = [char::from(BETWEEN_CELLS), char::from(ENDS_ROW)];
                self.text.push_str(&text.replace(marks, " "));
            }
            self.used = (self.column, self.text.len());
        }
        self.is_bounded()
    }

    /// Cells without anything, up to this column.
    fn fill(&mut self, column: u32) {
        while self.column < column {
            if self.column > 0 {
                self.text.push(char::from(BETWEEN_CELLS));
            }
            self.column += 1;
        }
    }

    fn end(&mut self) -> Result<(), ImportError> {
        let start = self.text.rfind(char::from(ENDS_ROW)).map_or(0, |end| end + 1);
        let (used, end) = self.used;
        self.text.truncate(if used == 0 { start } else { end });
        self.column = used;
        if self.width == 0 {
            self.width = used;
        }
        if used > 0 {
            self.fill(self.width);
        }
        self.text.push(char::from(ENDS_ROW));
        (self.row, self.column, self.used) = (self.row + 1, 0, (0, 0));
        self.hidden += u64::from(self.hides);
        (self.is_hidden, self.hides) = (false, false);
        self.is_bounded()
    }

    fn is_bounded(&self) -> Result<(), ImportError> {
        if self.text.len() > MOST_TEXT || self.cells > MOST_CELLS {
            return Err(ImportError::WorkbookTooLarge);
        }
        Ok(())
    }
}

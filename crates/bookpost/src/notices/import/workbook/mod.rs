//! Workbooks (.xlsx, ECMA-376 part 1): one sheet of one becomes rows of text.
//!
//! ```text
//! bytes --parts--> XML, a piece at a time --book, strings, styles--> what cells refer to --sheet--> text with marks between the cells
//! ```
//!
//! Whatever the file says of its own sizes is not believed: what is unpacked, kept and written is counted as it comes, and beyond a bound
//! the file is refused. Formulas are not worked out, what their cells show is taken; macros and links to other files are never opened.

mod book;
mod number;
mod parts;
mod sheet;
mod strings;
mod styles;
mod xml;

use self::{book::Book, parts::Parts, strings::Strings, styles::Styles};
use super::{ImportError, error::OtherKind};

/// Largest workbook, as it is stored.
pub const MOST_BYTES: usize = 64 << 20;
/// Bytes of all that is unpacked of one workbook.
const MOST_UNPACKED: u64 = 1 << 30;
/// Bytes of a sheet's text.
const MOST_TEXT: usize = 128 << 20;
/// Cells of a sheet.
const MOST_CELLS: u64 = 20_000_000;

/// Stands between two cells of the text; no cell has it.
pub(super) const BETWEEN_CELLS: u8 = 0x1f;
/// Ends a row of the text; no cell has it. A row without cells is nothing but its end, so that rows keep their numbers.
pub(super) const ENDS_ROW: u8 = 0x1e;

/// Which sheets a workbook has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheets {
    /// The one that was read.
    pub read: String,
    /// All that can be seen in it, in its order.
    pub all: Vec<String>,
    /// Rows of the one that nobody sees, a filter's for one; they are left out.
    pub hidden_rows: u64,
}

/// A sheet of a workbook.
#[derive(Debug)]
pub(super) struct Workbook {
    pub(super) sheets: Sheets,
    /// Its rows from the first on that has a cell.
    pub(super) text: String,
}

/// Reads the sheet of this name; without one, the first that has column names.
pub(super) fn read(bytes: &[u8], said: Option<&str>) -> Result<Workbook, ImportError> {
    if bytes.len() > MOST_BYTES {
        return Err(ImportError::WorkbookTooLarge);
    }
    let mut parts = Parts::open(bytes)?;
    if let Some(kind) = other_kind(&parts) {
        return Err(ImportError::NotAnExport(kind));
    }
    let Some(book) = Book::read(&mut parts)? else {
        return Err(ImportError::NotAnExport(OtherKind::Compressed));
    };
    let strings = Strings::read(&mut parts, book.strings.as_deref())?;
    let styles = Styles::read(&mut parts, book.styles.as_deref())?;
    let all: Vec<String> = book.sheets.iter().map(|sheet| sheet.name.clone()).collect();
    let context = sheet::Context { strings: &strings, styles: &styles, from_1904: book.from_1904 };
    let chosen = match said {
        Some(name) => book.sheets.iter().find(|sheet| sheet.name == name),
        None => first_with_names(&mut parts, &book, &context)?,
    };
    let Some(chosen) = chosen else {
        return Err(match said {
            Some(said) => ImportError::NoSuchSheet { said: said.to_owned(), sheets: all },
            None => ImportError::NoNamesInWorkbook,
        });
    };
    let (text, hidden_rows) = sheet::read(&mut parts, &chosen.part, &context)?;
    Ok(Workbook { sheets: Sheets { read: chosen.name.clone(), all, hidden_rows }, text })
}

/// A title stands alone in its row; column names are several.
fn first_with_names<'b>(
    parts: &mut Parts<'_>,
    book: &'b Book,
    context: &sheet::Context<'_>,
) -> Result<Option<&'b book::Sheet>, ImportError> {
    for sheet in &book.sheets {
        if sheet::width(parts, &sheet.part, context)? > 1 {
            return Ok(Some(sheet));
        }
    }
    Ok(None)
}

/// Other documents that are archives, by parts that each of them has.
fn other_kind(parts: &Parts<'_>) -> Option<OtherKind> {
    let kinds = [
        ("xl/workbook.bin", OtherKind::BinaryWorkbook),
        ("content.xml", OtherKind::OpenDocument),
        ("word/document.xml", OtherKind::TextDocument),
    ];
    kinds.into_iter().find(|(part, _)| parts.has(part)).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests;

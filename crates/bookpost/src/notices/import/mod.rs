//! Reading the overdue export of a library system.
//!
//! ```text
//! bytes --text or workbook--> letters --layout--> form, delimiter, columns --dates--> order of the dates --gather--> patrons and items
//! ```
//!
//! Nothing is guessed that could make a wrong notice: an order of dates that no row settles, columns that are not known and
//! two columns of one name are errors that say what settles them. A row that cannot be used is listed with its line and the
//! reason while the others go. Passwords and government ids have no field to be kept in.
//!
//! This part knows nothing of sites, templates or files.

mod alexandria;
mod aliases;
mod clean;
mod columns;
mod dates;
mod error;
mod gather;
mod head;
mod layout;
mod packed;
mod patron;
mod quotes;
mod rows;
mod text;
mod workbook;

use std::{collections::BTreeMap, sync::Arc};

use store::{LeftOutDetail, NoticeKind};

pub use aliases::Aliases;
pub use columns::{Columns, ColumnsError, EMAIL, GUARDIAN, Needed, TEACHER};
pub use dates::DateOrder;
pub use encoding_rs::Encoding;
pub use error::{ImportError, OtherKind};
pub use head::{Column, Head, head};
pub use layout::{Delimiter, Shape};
pub use patron::{Item, ItemCells, PatronNotice};
pub use workbook::{MOST_BYTES as LARGEST_WORKBOOK, Sheets};

/// Largest file. A district of 100,000 pupils with three overdue items each makes some 80 MB.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;
/// Most rows, refused ones included.
pub const MAX_ROWS: u64 = 1_000_000;
/// Longest cell. Koha's cell of all items of a patron is the longest known: some 100 bytes per item.
pub const MAX_CELL_BYTES: usize = 64 * 1024;
/// Most items of one patron. Nobody carries more; a file that says so has its columns mixed up.
pub const MAX_ITEMS: usize = 2_000;

/// What a person settled beforehand. Everything left out is found out from the file.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    pub encoding: Option<&'static Encoding>,
    pub delimiter: Option<Delimiter>,
    pub dates: Option<DateOrder>,
    /// Which sheet of a workbook.
    pub sheet: Option<String>,
    pub aliases: Aliases,
    /// What its columns are.
    pub columns: Option<Columns>,
    /// What the notice is about: lines of others are left aside.
    pub kind: NoticeKind,
    /// What was said before of the columns of files, by their shape.
    pub known: Arc<BTreeMap<String, Columns>>,
}

/// An export that was read.
#[derive(Debug, Clone)]
pub struct Import {
    pub shape: Shape,
    pub encoding: &'static Encoding,
    pub delimiter: Delimiter,
    /// Of a workbook.
    pub sheets: Option<Sheets>,
    /// By what files with the same columns are known, where a person said or may say what they are.
    pub columns: Option<String>,
    /// The order of its dates, where that mattered.
    pub dates: Option<DateOrder>,
    /// In the order of the file.
    pub patrons: Vec<PatronNotice>,
    /// The branches as the file names them, in the order of the file; [`Item::branch`] points into it.
    pub branches: Vec<Box<str>>,
    /// Lines we could not use, and why.
    pub refused: Vec<Refused>,
    /// Lines that are in order but are not for this notice (holds, fines, the same item twice).
    pub left_aside: Vec<Refused>,
    /// It ends in the middle of a line: what would stand behind it is not known.
    pub broken_off: bool,
    /// Why there are no lines at all, if there are none.
    pub no_lines: Option<LeftOutDetail>,
}

/// A line of the file that makes no notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Line of the file, from 1, at which the row begins.
    pub line: u64,
    pub reason: LeftOutDetail,
    /// Whom or what the line is about, as far as it can be told.
    pub text: String,
    /// It is about the patron whom the text names; else it may be about anybody, or about several.
    pub names_one: bool,
}

/// Reads an export.
pub fn read(bytes: &[u8], options: &ImportOptions) -> Result<Import, ImportError> {
    if bytes.len() > MAX_BYTES {
        return Err(ImportError::TooLarge);
    }
    if text::is_archive(bytes) {
        let workbook = workbook::read(bytes, options.sheet.as_deref())?;
        let layout = layout::recognise(&workbook.text, true, options)?;
        let mut import = gather::gather(&workbook.text, &layout, options, encoding_rs::UTF_8)?;
        import.sheets = Some(workbook.sheets);
        return Ok(import);
    }
    let (text, encoding) = match text::decode(bytes, options.encoding) {
        Err(ImportError::Empty) => return Ok(Import::empty()),
        decoded => decoded?,
    };
    let layout = layout::recognise(&text, false, options)?;
    gather::gather(&text, &layout, options, encoding)
}

impl Import {
    /// What Evergreen writes when nothing is overdue: its form has no column names, so the file is empty.
    fn empty() -> Self {
        Self {
            shape: Shape::Evergreen,
            encoding: encoding_rs::UTF_8,
            delimiter: Delimiter::Comma,
            sheets: None,
            columns: None,
            dates: None,
            patrons: Vec::new(),
            branches: Vec::new(),
            refused: Vec::new(),
            left_aside: Vec::new(),
            broken_off: false,
            no_lines: Some(LeftOutDetail::Empty),
        }
    }
}

#[cfg(test)]
mod tests;

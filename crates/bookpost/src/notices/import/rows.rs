//! The rows of a file, each with the line of the file on which it begins.

use csv::ByteRecord;

use super::{
    ImportError, MAX_ROWS,
    layout::{Delimiter, reader},
    workbook::ENDS_ROW,
};

/// Reads row after row into one record.
pub(super) struct Rows<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    record: ByteRecord,
    read: u64,
    ends_row: EndsRow,
}

/// What ends a row of the text.
enum EndsRow {
    /// The end of a line, of which the reader keeps count.
    Line,
    /// The mark of a sheet; this row is the next.
    Mark(u64),
}

/// One row.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) line: u64,
    /// Its bytes in the file, for rows whose cells cannot be told apart.
    pub(super) raw: &'a str,
    record: &'a ByteRecord,
}

impl<'a> Rows<'a> {
    /// All rows below the header, if there is one.
    pub(super) fn new(text: &'a str, delimiter: Delimiter, has_header: bool) -> Self {
        let ends_row = if delimiter == Delimiter::Cell { EndsRow::Mark(1) } else { EndsRow::Line };
        let reader = reader(text, delimiter);
        let mut rows = Self { text, reader, record: ByteRecord::new(), read: 0, ends_row };
        if has_header {
            // A quotation mark among the names that is never closed leaves no rows.
            let _ = rows.next();
            rows.read = 0;
        }
        rows
    }

    /// The next row, or None after the last.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, ImportError> {
        let start = offset(&self.reader);
        let line = self.reader.position().line();
        if !self.reader.read_byte_record(&mut self.record).unwrap_or(false) {
            return Ok(None);
        }
        self.read += 1;
        if self.read > MAX_ROWS {
            return Err(ImportError::TooManyRows);
        }
        let end = offset(&self.reader);
        let read = self.text.get(start..end).unwrap_or("");
        if let EndsRow::Mark(next) = &mut self.ends_row {
            // Empty rows before it belong to the reader's record.
            let mark = char::from(ENDS_ROW);
            let raw = read.trim_start_matches(mark);
            let line = *next + (read.len() - raw.len()) as u64;
            *next = line + 1;
            return Ok(Some(Row { line, raw: raw.trim_end_matches(mark), record: &self.record }));
        }
        // Empty lines before the row do, too.
        let raw = read.trim_start_matches(['\n', '\r']);
        let before = read.get(..read.len() - raw.len()).unwrap_or("");
        let line = line + before.matches('\n').count() as u64;
        let raw = raw.trim_end();
        if end >= self.text.len() && raw.contains('\n') && raw.matches('"').count() % 2 == 1 {
            return Err(ImportError::UnclosedQuote { line });
        }
        Ok(Some(Row { line, raw, record: &self.record }))
    }
}

fn offset(reader: &csv::Reader<&[u8]>) -> usize {
    usize::try_from(reader.position().byte()).unwrap_or(usize::MAX)
}

impl<'a> Row<'a> {
    /// The text of a column; empty where there is none.
    pub(super) fn cell(&self, column: Option<usize>) -> &'a str {
        // The file was made valid UTF-8 and is cut at ASCII characters.
        column
            .and_then(|at| self.record.get(at))
            .and_then(|cell| std::str::from_utf8(cell).ok())
            .unwrap_or("")
    }

    pub(super) fn cells(&self) -> impl Iterator<Item = &'a str> {
        let record = self.record;
        record.iter().map(|cell| std::str::from_utf8(cell).unwrap_or(""))
    }

    pub(super) fn width(&self) -> usize {
        self.record.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.record.iter().all(|cell| cell.trim_ascii().is_empty())
    }

    /// Whether all cells from `column` on are empty.
    pub(super) fn is_empty_from(&self, column: usize) -> bool {
        self.record.iter().skip(column).all(|cell| cell.trim_ascii().is_empty())
    }

    /// Whether all cells before `column` are.
    pub(super) fn is_empty_up_to(&self, column: usize) -> bool {
        self.record.iter().take(column).all(|cell| cell.trim_ascii().is_empty())
    }

    pub(super) fn longest_cell(&self) -> usize {
        self.record.iter().map(<[u8]>::len).max().unwrap_or(0)
    }
}

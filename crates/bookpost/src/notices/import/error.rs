//! Why a whole file could not be used, in words for the person who chose it.

use super::{MAX_BYTES, MAX_ROWS, Needed};

/// The file is not used at all; nothing of it is planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// No bytes, or nothing but white space.
    #[error(
        "The file is empty. Make the export again, and check that the library system wrote something into it."
    )]
    Empty,
    /// Something else than text with columns.
    #[error("This is {}, not an export with columns. {}", .0.what(), .0.advice())]
    NotAnExport(OtherKind),
    /// Over [`MAX_BYTES`].
    #[error(
        "The file is larger than {} MiB, too large for an overdue export. Is it the right file?",
        MAX_BYTES / (1024 * 1024)
    )]
    TooLarge,
    /// Over [`MAX_ROWS`].
    #[error("The file has more than {MAX_ROWS} lines, too many for an overdue export. Is it the right file?")]
    TooManyRows,
    /// A workbook that is, or unpacks to, more than is taken.
    #[error(
        "This workbook is too large, or holds more than an overdue export does. Is it the right file? \
         If it is, open it, go to the sheet with the overdue items, choose Save As, and choose CSV (UTF-8)."
    )]
    WorkbookTooLarge,
    /// A workbook that breaks off or contradicts itself.
    #[error(
        "This workbook is damaged. Make the export again; or open it in Excel, and save it again as .xlsx or as CSV (UTF-8)."
    )]
    DamagedWorkbook,
    /// No sheet of a workbook has several cells in its first row.
    #[error(
        "No sheet of this workbook has column names in its first row. \
         Take out what stands above the names, or make the export again."
    )]
    NoNamesInWorkbook,
    /// A sheet that somebody asked for.
    #[error("No sheet of this workbook is called \"{said}\". Its sheets are: {}.", .sheets.join(", "))]
    NoSuchSheet { said: String, sheets: Vec<String> },
    /// A header, but none we know.
    #[error(
        "The columns of this file are not known. Missing: {}. The file's columns are: {seen}. \
         If these are what is missing, say so: upload the file on the page Overdue notices, which asks; or name them, as in \
         --columns \"email=E-Mail,title=Book\"; or add the names to your list of column names, the file that `notices.aliases` in \
         the configuration names. `bookpost config sample --columns` prints the list to begin with.",
        listed(missing)
    )]
    UnknownColumns { missing: Vec<Needed>, seen: String },
    /// A column that somebody named.
    #[error("The file has no column \"{name}\" that may be read. Its columns are: {seen}.")]
    NoSuchColumn { name: String, seen: String },
    /// The first line is one of a patron already.
    #[error(
        "The first line of this file is no line of column names: it has an address, a date or a number in it, or is mostly empty. \
         In the library system, have the names of the columns exported as well."
    )]
    NoNames,
    /// One column, or very many.
    #[error(
        "This file is no table of overdue items: its first line has one name, or more than a hundred. \
         Is it the right file? In the library system, choose CSV for the export."
    )]
    NoTable,
    /// Two columns of one name that may mean something, and no rule which is which.
    #[error(
        "Two columns are both called \"{name}\", and it is not known which is which. \
         Say so in your list of column names, the file that `notices.aliases` in the configuration names: \"{name}#1\" is the first \
         of them, \"{name}#2\" the second. `bookpost config sample --columns` prints the list to begin with."
    )]
    DuplicateColumn { name: String },
    /// No row settles whether day, month or year comes first.
    #[error(
        "The dates can be read in two ways: \"{text}\" on line {line}, for one, and no other line settles it. \
         Say which comes first: --dates d/m/y (day first), --dates m/d/y (month first) or --dates y/m/d (year first), \
         or set dates = \"d/m/y\" (or \"m/d/y\", \"y/m/d\") in the configuration."
    )]
    AmbiguousDates { line: u64, text: String },
    /// Rows that settle it in two ways.
    #[error(
        "The dates contradict each other: line {day_first} has the day first, line {month_first} the month. \
         Say which is right: --dates d/m/y or --dates m/d/y, or set dates in the configuration; \
         the lines that do not fit are then listed and left out."
    )]
    MixedDates { day_first: u64, month_first: u64 },
    /// A quotation mark swallows the rest of the file.
    #[error(
        "A quotation mark opened on line {line} is never closed, so everything below it looks like one cell. \
         Make the export again; if that does not help, correct that line."
    )]
    UnclosedQuote { line: u64 },
    /// The list of column names cannot be read.
    #[error("The list of column names cannot be used: {0}")]
    Aliases(String),
}

/// What is often chosen by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherKind {
    Pdf,
    /// .xlsb
    BinaryWorkbook,
    /// .ods
    OpenDocument,
    OldOffice,
    /// Behind a password.
    Locked,
    Compressed,
    Picture,
    TextDocument,
    WebPage,
    NotText,
}

impl OtherKind {
    fn what(self) -> &'static str {
        match self {
            Self::Pdf => "a PDF document",
            Self::BinaryWorkbook => "a binary Excel workbook (.xlsb)",
            Self::OpenDocument => "an OpenDocument spreadsheet (.ods)",
            Self::OldOffice => "an old Excel or Word file (.xls, .doc)",
            Self::Locked => "a file that is protected with a password",
            Self::Compressed => "a ZIP archive or another compressed file",
            Self::Picture => "a picture",
            Self::TextDocument => "a text document",
            Self::WebPage => "a web page",
            Self::NotText => "not a text file",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Pdf => "In the library system, choose CSV or \"comma separated\" for the export.",
            Self::BinaryWorkbook | Self::OpenDocument | Self::OldOffice => {
                "Open it, choose Save As, and choose Excel workbook (.xlsx) or CSV (UTF-8)."
            }
            Self::Locked => {
                "Open it, take the password away (in Excel: File, Info, Protect Workbook), and save it again as .xlsx or as CSV."
            }
            Self::Compressed => "Unpack it first.",
            Self::Picture => "Choose the export file instead.",
            Self::TextDocument => "In the library system, choose CSV for the export.",
            Self::WebPage => {
                "Perhaps the library system asked for a sign-in, or showed an error, instead of the export."
            }
            Self::NotText => "Choose the file that the library system exported as CSV.",
        }
    }
}

fn listed(missing: &[Needed]) -> String {
    missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

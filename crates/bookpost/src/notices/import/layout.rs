//! Which delimiter, which form of export, and which column is what.

use std::{collections::HashMap, fmt};

use csv::{ByteRecord, ReaderBuilder};

use super::{
    ImportError, ImportOptions,
    aliases::{Aliases, FIELDS, Field, NAMED, normal},
};

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    Comma,
    Semicolon,
    Tab,
}

impl Delimiter {
    pub(super) const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// The delimiter that `character` is, if it is one.
    pub fn of(character: char) -> Option<Self> {
        Self::ALL.into_iter().find(|delimiter| char::from(delimiter.byte()) == character)
    }

    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `overdues.csv` of Koha's Overdues page: one row per item.
    KohaOverdues,
    /// Koha's `overdue_notices -csv`: one row per patron, all items in one cell.
    KohaNotices,
    /// Evergreen's `notify-csv`: 17 columns without names.
    Evergreen,
    /// Known by the list of column names.
    Named,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KohaOverdues => "Koha, Overdues page (overdues.csv)",
            Self::KohaNotices => "Koha, overdue notices (-csv)",
            Self::Evergreen => "Evergreen, notify-csv",
            Self::Named => "known by its column names",
        })
    }
}

/// The columns of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) shape: Shape,
    pub(super) delimiter: Delimiter,
    pub(super) has_header: bool,
    pub(super) width: usize,
    /// Columns with addresses, in the file's order.
    pub(super) emails: Vec<usize>,
    /// Whether the file has a column that must not be kept.
    pub(super) has_secrets: bool,
    columns: [Option<usize>; FIELDS],
}

impl Layout {
    pub(super) fn column(&self, field: Field) -> Option<usize> {
        self.columns.get(field as usize).copied().flatten()
    }

    fn new(shape: Shape, delimiter: Delimiter, width: usize) -> Self {
        Self {
            shape,
            delimiter,
            has_header: shape != Shape::Evergreen,
            width,
            emails: Vec::new(),
            has_secrets: false,
            columns: [None; FIELDS],
        }
    }

    fn set(&mut self, field: Field, column: Option<usize>) {
        if let (Some(slot), Some(_)) = (self.columns.get_mut(field as usize), column) {
            *slot = column;
        }
    }
}

/// A reader over `text` that takes every row, whatever its number of cells.
pub(super) fn reader(text: &str, delimiter: Delimiter) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .delimiter(delimiter.byte())
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// Looks at the first row and finds out what the file is.
pub(super) fn recognise(text: &str, options: &ImportOptions) -> Result<Layout, ImportError> {
    let said = options.delimiter.map(|delimiter| [delimiter]);
    let candidates = said.as_ref().map_or(&Delimiter::ALL[..], |one| &one[..]);
    // Of several delimiters the one that makes the most cells is right, if its cells have a meaning.
    let mut rows: Vec<(Delimiter, Vec<String>)> =
        candidates.iter().map(|&delimiter| (delimiter, first_row(text, delimiter))).collect();
    rows.sort_by_key(|(_, cells)| std::cmp::Reverse(cells.len()));
    let mut problem = None;
    for (delimiter, cells) in &rows {
        match layout(*delimiter, cells, &options.aliases) {
            Ok(layout) => return Ok(layout),
            Err(error) => _ = problem.get_or_insert(error),
        }
    }
    Err(problem.unwrap_or(ImportError::Empty))
}

fn first_row(text: &str, delimiter: Delimiter) -> Vec<String> {
    let mut row = ByteRecord::new();
    // Reading from memory does not fail, and any number of cells is allowed.
    let _ = reader(text, delimiter).read_byte_record(&mut row);
    row.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
}

fn layout(delimiter: Delimiter, first: &[String], aliases: &Aliases) -> Result<Layout, ImportError> {
    if is_evergreen(first) {
        return Ok(evergreen(delimiter, first.len()));
    }
    let names: Vec<String> = first.iter().map(|cell| normal(cell)).collect();
    let has = |name: &str| names.iter().any(|seen| seen == name);
    if has("itemsinfo") && (has("name") || has("surname")) {
        Ok(by_names(Shape::KohaNotices, delimiter, &names, KOHA_NOTICES))
    } else if ["borrowernumber", "duedate", "branchcode", "barcode"].into_iter().all(has) {
        Ok(by_names(Shape::KohaOverdues, delimiter, &names, KOHA_OVERDUES))
    } else {
        named(delimiter, first, &names, aliases)
    }
}

/// Koha's Overdues page; `barcode` is the item's, `title` the item's, and `borrowertitle` a form of address.
const KOHA_OVERDUES: &[(&str, Field)] = &[
    ("borrowernumber", Field::PatronId),
    ("firstname", Field::FirstName),
    ("surname", Field::FamilyName),
    ("branchcode", Field::Branch),
    ("title", Field::Title),
    ("author", Field::Author),
    ("barcode", Field::ItemBarcode),
    ("itemnum", Field::ItemNumber),
    ("itemcallnumber", Field::CallNumber),
    ("duedate", Field::Due),
    ("issuedate", Field::CheckedOut),
    ("replacementprice", Field::Price),
];

/// Koha's `overdue_notices -csv`; `name` is the first name. Older versions have neither card number nor branch.
const KOHA_NOTICES: &[(&str, Field)] = &[
    ("cardnumber", Field::PatronNumber),
    ("name", Field::FirstName),
    ("surname", Field::FamilyName),
    ("branchname", Field::Branch),
    ("itemsinfo", Field::ItemsInfo),
];

fn by_names(shape: Shape, delimiter: Delimiter, names: &[String], known: &[(&str, Field)]) -> Layout {
    let mut layout = Layout::new(shape, delimiter, names.len());
    for (name, field) in known {
        layout.set(*field, names.iter().position(|seen| seen == name));
    }
    layout.emails = names.iter().enumerate().filter(|(_, name)| *name == "email").map(|(at, _)| at).collect();
    layout
}

/// Kinds of notice in Evergreen's third column.
const EVERGREEN_TYPES: [&str; 8] =
    ["OVERDUE", "PREOVERDUE", "RESERVE", "RESERVEEXPIRE", "RESERVECANCEL", "RECALL", "FINES", "SUSPEND"];

fn is_evergreen(first: &[String]) -> bool {
    first.len() == 17 && first.get(2).is_some_and(|kind| EVERGREEN_TYPES.contains(&kind.trim()))
}

fn evergreen(delimiter: Delimiter, width: usize) -> Layout {
    let mut layout = Layout::new(Shape::Evergreen, delimiter, width);
    for (field, column) in [
        (Field::Language, 1),
        (Field::NoticeType, 2),
        (Field::PatronNumber, 4),
        (Field::FirstName, 6),
        (Field::FamilyName, 7),
        (Field::Branch, 10),
        (Field::ItemBarcode, 13),
        (Field::Due, 14),
        (Field::Title, 15),
    ] {
        layout.set(field, Some(column));
    }
    layout.emails = vec![9];
    layout
}

fn named(
    delimiter: Delimiter,
    first: &[String],
    names: &[String],
    aliases: &Aliases,
) -> Result<Layout, ImportError> {
    let (by_name, duplicates) = positions(names);
    let mut layout = Layout::new(Shape::Named, delimiter, names.len());
    let is_secret = |name: &String| aliases.names("drop").contains(name);
    layout.has_secrets = names.iter().any(is_secret);
    for (meaning, field) in NAMED {
        let column = aliases
            .names(meaning)
            .iter()
            .filter(|name| !is_secret(name))
            .find_map(|name| by_name.get(name.as_str()).copied());
        layout.set(field, column);
    }
    let emails = aliases.names("email");
    layout.emails = (0..).zip(names).filter(|(_, name)| emails.contains(name)).map(|(at, _)| at).collect();
    // One of them may be what is not known otherwise: it is neither guessed nor dropped.
    let unset = NAMED.iter().filter(|(_, field)| layout.column(*field).is_none());
    let mut wanted = unset.flat_map(|(meaning, _)| aliases.names(meaning)).filter(|name| !is_secret(name));
    if let Some(name) = wanted.find(|name| duplicates.contains(name)) {
        return Err(ImportError::DuplicateColumn { name: name.clone() });
    }
    let missing = missing(&layout);
    if missing.is_empty() {
        return Ok(layout);
    }
    Err(ImportError::UnknownColumns { missing: missing.join(", "), seen: shown(first) })
}

/// Columns by name. A name that occurs several times stands as `name#1`, `name#2`, and is given back as well.
fn positions(names: &[String]) -> (HashMap<String, usize>, Vec<String>) {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut columns = HashMap::new();
    let mut duplicates = Vec::new();
    for (at, name) in names.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if counts.get(name.as_str()) == Some(&1) {
            columns.insert(name.clone(), at);
        } else {
            let nth = seen.entry(name).or_default();
            *nth += 1;
            columns.insert(format!("{name}#{nth}"), at);
            if *nth == 2 {
                duplicates.push(name.clone());
            }
        }
    }
    (columns, duplicates)
}

/// What a notice cannot do without.
fn missing(layout: &Layout) -> Vec<&'static str> {
    let any = |fields: &[Field]| fields.iter().any(|field| layout.column(*field).is_some());
    let mut missing = Vec::new();
    if layout.emails.is_empty() {
        missing.push("the patron's email address");
    }
    if !any(&[Field::PatronId, Field::PatronNumber, Field::PatronName, Field::FamilyName]) {
        missing.push("the patron's name or number");
    }
    if !any(&[Field::Title, Field::ItemBarcode]) {
        missing.push("the item's title or barcode");
    }
    if !any(&[Field::Due, Field::CheckedOut]) {
        missing.push("the due date (or the checkout date)");
    }
    missing
}

/// The file's own column names for an error, shortened.
fn shown(first: &[String]) -> String {
    const MOST: usize = 30;
    let mut names: Vec<String> = first
        .iter()
        .take(MOST)
        .map(|name| name.trim().chars().filter(|c| !c.is_control()).take(40).collect())
        .collect();
    if first.len() > MOST {
        names.push(format!("and {} more", first.len() - MOST));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guide_names_every_column() {
        let guide = include_str!("../../../../../docs/guide/exports.md");
        let known = [KOHA_OVERDUES, KOHA_NOTICES].concat();
        let names = known.into_iter().chain(NAMED).map(|(name, _)| name);
        for name in names.chain(["email", "drop"]) {
            assert!(guide.contains(&format!("`{name}`")), "{name}");
        }
    }
}

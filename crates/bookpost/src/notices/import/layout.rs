//! Which delimiter, which form of export, and which column is what.

use std::{collections::HashMap, fmt};

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::{
    ImportError, ImportOptions, alexandria,
    aliases::{FIELDS, Field, NAMED, normal},
    columns::{Columns, EMAIL, GUARDIAN, TEACHER, needed, shape},
    head::has_no_names,
    workbook,
};

/// What stands between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delimiter {
    Comma,
    Semicolon,
    Tab,
    /// Nothing that a person sees: a sheet of a workbook.
    Cell,
}

impl Delimiter {
    /// Those of text files.
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
            Self::Cell => workbook::BETWEEN_CELLS,
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
    /// Known by what a person said of its columns.
    ByHand,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KohaOverdues => "Koha, Overdues page (overdues.csv)",
            Self::KohaNotices => "Koha, overdue notices (-csv)",
            Self::Evergreen => "Evergreen, notify-csv",
            Self::Named => "known by its column names",
            Self::ByHand => "with columns chosen by hand",
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
    /// Columns with addresses of parents and guardians.
    pub(super) guardians: Vec<usize>,
    /// And of teachers.
    pub(super) teachers: Vec<usize>,
    /// By what files with the same columns are known, where a person may say what they are.
    pub(super) known_by: Option<String>,
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
            guardians: Vec::new(),
            teachers: Vec::new(),
            known_by: None,
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
    let mut builder = ReaderBuilder::new();
    builder.delimiter(delimiter.byte()).has_headers(false).flexible(true);
    if delimiter == Delimiter::Cell {
        // A quotation mark in a cell is one.
        builder.quoting(false).terminator(Terminator::Any(workbook::ENDS_ROW));
    }
    builder.from_reader(text.as_bytes())
}

/// Looks at the first row and finds out what the file is.
pub(super) fn recognise(text: &str, is_sheet: bool, options: &ImportOptions) -> Result<Layout, ImportError> {
    let said =
        if is_sheet { Some([Delimiter::Cell]) } else { options.delimiter.map(|delimiter| [delimiter]) };
    let candidates = said.as_ref().map_or(&Delimiter::ALL[..], |one| &one[..]);
    // Of several delimiters the one that makes the most cells is right, if its cells have a meaning.
    let mut rows: Vec<(Delimiter, Vec<String>)> =
        candidates.iter().map(|&delimiter| (delimiter, first_row(text, delimiter))).collect();
    rows.sort_by_key(|(_, cells)| std::cmp::Reverse(cells.len()));
    let mut problem = None;
    for (delimiter, cells) in &rows {
        match layout(*delimiter, cells, options) {
            Ok(layout) => return Ok(layout),
            Err(error) => _ = problem.get_or_insert(error),
        }
    }
    Err(problem.unwrap_or(ImportError::Empty))
}

/// What stands between the cells of a file of which nothing else is known.
pub(super) fn likely_delimiter(text: &str, said: Option<Delimiter>) -> Delimiter {
    let most = Delimiter::ALL.into_iter().rev().max_by_key(|delimiter| first_row(text, *delimiter).len());
    said.or(most).unwrap_or(Delimiter::Comma)
}

pub(super) fn first_row(text: &str, delimiter: Delimiter) -> Vec<String> {
    let mut row = ByteRecord::new();
    // Reading from memory does not fail, and any number of cells is allowed.
    let _ = reader(text, delimiter).read_byte_record(&mut row);
    let only = row.get(0).filter(|_| row.len() == 1 && delimiter == Delimiter::Tab);
    if let Some(names) = only.and_then(|line| alexandria::names(&String::from_utf8_lossy(line))) {
        return names;
    }
    row.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect()
}

fn layout(delimiter: Delimiter, first: &[String], options: &ImportOptions) -> Result<Layout, ImportError> {
    let names: Vec<String> = first.iter().map(|cell| normal(cell)).collect();
    if let Some(columns) = &options.columns {
        return by_hand(delimiter, first, &names, columns, options);
    }
    if is_evergreen(first) {
        return Ok(evergreen(delimiter, first.len()));
    }
    let has = |name: &str| names.iter().any(|seen| seen == name);
    if has("itemsinfo") && (has("name") || has("surname")) {
        Ok(by_names(Shape::KohaNotices, delimiter, &names, KOHA_NOTICES))
    } else if ["borrowernumber", "duedate", "branchcode", "barcode"].into_iter().all(has) {
        Ok(by_names(Shape::KohaOverdues, delimiter, &names, KOHA_OVERDUES))
    } else if let Some(columns) = shape(&names).and_then(|shape| options.known.get(&shape)) {
        by_hand(delimiter, first, &names, columns, options)
    } else {
        named(delimiter, first, &names, options)
    }
}

/// As a person said.
fn by_hand(
    delimiter: Delimiter,
    first: &[String],
    names: &[String],
    columns: &Columns,
    ImportOptions { aliases, kind, .. }: &ImportOptions,
) -> Result<Layout, ImportError> {
    let keys = keys(names);
    let position = |key: &String| {
        let found = keys.iter().position(|one| one.as_ref() == Some(key)).filter(|_| !aliases.is_secret(key));
        found.ok_or_else(|| ImportError::NoSuchColumn { name: key.clone(), seen: shown(first) })
    };
    let mut layout = Layout::new(Shape::ByHand, delimiter, names.len());
    layout.known_by = shape(names);
    for (meaning, field) in NAMED {
        let column = columns.names(meaning).first().map(position).transpose()?;
        layout.set(field, column);
    }
    let positions = |meaning| columns.names(meaning).iter().map(position).collect::<Result<Vec<_>, _>>();
    layout.emails = positions(EMAIL)?;
    layout.emails.sort_unstable();
    layout.guardians = positions(GUARDIAN)?;
    layout.guardians.sort_unstable();
    layout.teachers = positions(TEACHER)?;
    layout.teachers.sort_unstable();
    let missing = columns.missing(*kind);
    if missing.is_empty() {
        Ok(layout)
    } else {
        Err(ImportError::UnknownColumns { missing, seen: shown(first) })
    }
}

/// By what each column is named, where it has a name: several of one name are counted.
pub(super) fn keys<'n>(names: &'n [String]) -> Vec<Option<String>> {
    let (counts, mut seen) = (counts(names), HashMap::<&str, usize>::new());
    let key = |name: &'n String| {
        if name.is_empty() || counts.get(name.as_str()) == Some(&1) {
            return Some(name.clone()).filter(|name| !name.is_empty());
        }
        let nth = seen.entry(name).or_default();
        *nth += 1;
        Some(format!("{name}#{nth}"))
    };
    names.iter().map(key).collect()
}

fn counts(names: &[String]) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name.as_str()).or_default() += 1;
    }
    counts
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
    first.len() == 17
        && first
            .get(2)
            .is_some_and(|kind| EVERGREEN_TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind.trim())))
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
    ImportOptions { aliases, kind, .. }: &ImportOptions,
) -> Result<Layout, ImportError> {
    let (by_name, duplicates) = positions(names);
    let mut layout = Layout::new(Shape::Named, delimiter, names.len());
    let is_secret = |name: &String| aliases.is_secret(name);
    for (meaning, field) in NAMED {
        let column = aliases
            .names(meaning)
            .iter()
            .filter(|name| !is_secret(name))
            .find_map(|name| by_name.get(name.as_str()).copied());
        layout.set(field, column);
    }
    let several = |meaning: &str| {
        let known = aliases.names(meaning);
        let of_it = (0..).zip(names).filter(|(_, name)| known.contains(name) && !is_secret(name));
        of_it.map(|(at, _)| at).collect::<Vec<usize>>()
    };
    (layout.emails, layout.guardians, layout.teachers) =
        (several(EMAIL), several(GUARDIAN), several(TEACHER));
    // One of them may be what is not known otherwise: it is neither guessed nor dropped.
    let unset = NAMED.iter().filter(|(_, field)| layout.column(*field).is_none());
    let mut wanted = unset.flat_map(|(meaning, _)| aliases.names(meaning)).filter(|name| !is_secret(name));
    if let Some(name) = wanted.find(|name| duplicates.contains(name)) {
        return Err(ImportError::DuplicateColumn { name: name.clone() });
    }
    let has = |meaning: &str| match NAMED.iter().find(|(known, _)| *known == meaning) {
        Some((_, field)) => layout.column(*field).is_some(),
        None if meaning == GUARDIAN => !layout.guardians.is_empty(),
        None => !layout.emails.is_empty(),
    };
    let missing = needed(*kind, has);
    if !missing.is_empty() {
        return Err(ImportError::UnknownColumns { missing, seen: shown(first) });
    }
    layout.known_by = shape(names);
    Ok(layout)
}

/// Columns by name, and the names that occur several times.
fn positions(names: &[String]) -> (HashMap<String, usize>, Vec<String>) {
    let columns = keys(names).into_iter().zip(0..).filter_map(|(key, at)| Some((key?, at))).collect();
    let several = counts(names).into_iter().filter(|(name, count)| *count > 1 && !name.is_empty());
    (columns, several.map(|(name, _)| name.to_owned()).collect())
}

/// The file's own column names for an error, shortened. A line of values may hold a password, and errors are kept.
fn shown(first: &[String]) -> String {
    const MOST: usize = 30;
    if has_no_names(first) {
        return "not named, as its first line holds values and not the names of columns".to_owned();
    }
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
        for name in names.chain(["email", "guardian_email", "teacher_email", "drop"]) {
            assert!(guide.contains(&format!("`{name}`")), "{name}");
        }
    }
}

//! From rows to patrons with their items.

use std::collections::HashMap;

use encoding_rs::Encoding;
use jiff::civil::Date;
use mail::Address;
use store::{LeftOutDetail, NoticeKind};

use super::{
    DateOrder, Import, ImportError, ImportOptions, Item, ItemCells, MAX_CELL_BYTES, MAX_ITEMS, PatronNotice,
    Refused, Shape,
    aliases::Field,
    clean::{addresses, clean, reading_order},
    columns::has_dates,
    dates::{self, Evidence},
    layout::{Delimiter, Layout},
    packed::Packed,
    patron::PatronCells,
    quotes::taken_in,
    rows::{Row, Rows},
};

/// Longest piece of an unusable line that is shown.
const SHOWN_CHARS: usize = 120;

/// Reads all rows: once for the order of the dates, once for the patrons.
pub(super) fn gather(
    text: &str,
    layout: &Layout,
    options: &ImportOptions,
    encoding: &'static Encoding,
) -> Result<Import, ImportError> {
    let order = order_of_dates(text, layout, options.dates)?;
    let mut gatherer = Gatherer::new(layout, order, options.kind, encoding);
    let mut rows = Rows::new(text, layout.delimiter, layout.has_header);
    // A program that writes a file ends each line; what it is cut off in has no end, and seldom all its cells.
    let ends = layout.delimiter == Delimiter::Cell || text.ends_with(['\n', '\r']);
    let mut last_is_short = false;
    while let Some(row) = rows.next()? {
        last_is_short = !row.is_empty() && row.width() < layout.width;
        gatherer.row(&row);
    }
    let mut import = gatherer.import;
    import.broken_off = !ends && last_is_short;
    if import.patrons.is_empty() && import.refused.is_empty() && import.left_aside.is_empty() {
        import.no_lines = Some(LeftOutDetail::OnlyColumns);
    }
    Ok(import)
}

fn order_of_dates(
    text: &str,
    layout: &Layout,
    said: Option<DateOrder>,
) -> Result<Option<DateOrder>, ImportError> {
    let (mut needed, mut all) = (Evidence::default(), Evidence::default());
    let mut rows = Rows::new(text, layout.delimiter, layout.has_header);
    let infos = layout.column(Field::ItemsInfo);
    while let Some(row) = rows.next()? {
        if row.width() < layout.width || taken_in(&row, layout.delimiter, layout.width).is_some() {
            continue;
        }
        let [due, out] = [Field::Due, Field::CheckedOut].map(|field| row.cell(layout.column(field)));
        let infos = row.cell(infos).lines().map(|info| info.split('\t').next().unwrap_or(""));
        // Beside a due date the checkout date is only something to show.
        let main = if due.trim().is_empty() { out } else { due };
        for date in infos.chain([main]) {
            needed.consult(date, row.line);
            all.consult(date, row.line);
        }
        all.consult(out, row.line);
    }
    match layout.shape {
        // It writes dd/mm/yyyy, always.
        Shape::Evergreen => Ok(Some(DateOrder::DayFirst)),
        _ => all.settle(said).or_else(|error| if needed.needs_no_order() { Ok(None) } else { Err(error) }),
    }
}

struct Gatherer<'a> {
    layout: &'a Layout,
    import: Import,
    kind: NoticeKind,
    by_identity: HashMap<Box<str>, usize>,
    /// Re-used for every row.
    cleaned: Cleaned,
}

/// An item's texts, cleaned, in one buffer.
#[derive(Default)]
struct Cleaned {
    text: String,
    ends: Vec<usize>,
}

impl Cleaned {
    fn fill<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        self.text.clear();
        self.ends.clear();
        for cell in cells {
            clean(cell, &mut self.text);
            self.ends.push(self.text.len());
        }
    }

    fn get(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.text.get(start..end).unwrap_or("")
    }
}

impl<'a> Gatherer<'a> {
    fn new(
        layout: &'a Layout,
        dates: Option<DateOrder>,
        kind: NoticeKind,
        encoding: &'static Encoding,
    ) -> Self {
        let import = Import {
            shape: layout.shape,
            encoding,
            delimiter: layout.delimiter,
            sheets: None,
            columns: layout.known_by.clone(),
            dates,
            patrons: Vec::new(),
            branches: Vec::new(),
            refused: Vec::new(),
            left_aside: Vec::new(),
            broken_off: false,
            no_lines: None,
        };
        Self { layout, import, kind, by_identity: HashMap::new(), cleaned: Cleaned::default() }
    }

    fn row(&mut self, row: &Row<'_>) {
        if row.is_empty() || self.is_sheet() && row.is_empty_up_to(self.layout.width) {
            return;
        }
        if let Some(reason) = self.unusable_as_a_whole(row) {
            // Where a cell is missing or one too many, the next may be a password, whatever the column is called that it seems to be in.
            let is_certain = self.is_sheet() || matches!(reason, LeftOutDetail::LongCell { .. });
            let text = if is_certain { self.about(row) } else { String::new() };
            self.import.refused.push(Refused { line: row.line, reason, text, names_one: false });
            return;
        }
        let kind = self.cell(row, Field::NoticeType).trim();
        if self.layout.shape == Shape::Evergreen && !kind.eq_ignore_ascii_case(evergreen(self.kind)) {
            let reason = LeftOutDetail::OtherNotice { kind: kind.into() };
            self.import.left_aside.push(Refused {
                line: row.line,
                reason,
                text: self.about(row),
                names_one: self.names_one(row),
            });
            return;
        }
        if let Err(reason) = self.patron_and_items(row) {
            self.import.refused.push(Refused {
                line: row.line,
                reason,
                text: self.about(row),
                names_one: self.names_one(row),
            });
        }
    }

    fn is_sheet(&self) -> bool {
        self.layout.delimiter == Delimiter::Cell
    }

    fn unusable_as_a_whole(&self, row: &Row<'_>) -> Option<LeftOutDetail> {
        let (has, needs) = (row.width(), self.layout.width);
        if let Some(reason) = taken_in(row, self.layout.delimiter, needs) {
            return Some(reason);
        }
        // What stands in a sheet beside its columns is in none of them.
        if has < needs || !self.is_sheet() && !row.is_empty_from(needs) {
            return Some(LeftOutDetail::Cells { has, needs, as_first: self.layout.has_header });
        }
        (row.longest_cell() > MAX_CELL_BYTES)
            .then_some(LeftOutDetail::LongCell { kib: MAX_CELL_BYTES / 1024 })
    }

    fn patron_and_items(&mut self, row: &Row<'_>) -> Result<(), LeftOutDetail> {
        let identity = self.identity(row)?;
        let branch = self.branch(row)?;
        let infos = self.layout.column(Field::ItemsInfo);
        if infos.is_none() {
            let item = self.item(row, branch)?;
            return self.add(row, identity, item);
        }
        let mut any = false;
        for info in row.cell(infos).lines().filter(|line| !line.trim().is_empty()) {
            any = true;
            match self.item_of_info(info, branch, row.line) {
                Ok(item) => self.add(row, identity.clone(), item)?,
                Err(reason) => {
                    self.import.refused.push(Refused {
                        line: row.line,
                        reason,
                        text: self.about(row),
                        names_one: self.names_one(row),
                    });
                }
            }
        }
        if any { Ok(()) } else { Err(LeftOutDetail::NoItems) }
    }

    /// Whether it says whom a row is about.
    fn names_one(&self, row: &Row<'_>) -> bool {
        let numbers = [Field::PatronNumber, Field::PatronId];
        !self.name(row).is_empty() || numbers.iter().any(|field| !self.cell(row, *field).trim().is_empty())
    }

    fn cell<'r>(&self, row: &Row<'r>, field: Field) -> &'r str {
        row.cell(self.layout.column(field))
    }

    /// Who the row is about, for the ledger.
    fn identity(&self, row: &Row<'_>) -> Result<Box<str>, LeftOutDetail> {
        for (prefix, field) in [("id:", Field::PatronId), ("card:", Field::PatronNumber)] {
            let value = self.cell(row, field).trim();
            if !value.is_empty() {
                return Ok([prefix, value].concat().into_boxed_str());
            }
        }
        let columns = self.layout.emails.iter().chain(&self.layout.guardians);
        let cells = columns.map(|&at| (at, row.cell(Some(at)).trim())).filter(|(_, cell)| !cell.is_empty());
        // The first of the file, whosever it is: another one would be another patron.
        let address = cells.min_by_key(|(at, _)| *at).map(|(_, cell)| cell);
        let name = self.name(row);
        match (address, name.is_empty()) {
            (None, true) => Err(LeftOutDetail::NoPatron),
            (address, _) => {
                let address = address.unwrap_or("").to_lowercase();
                Ok(["address:", &address, "\u{1f}", &name].concat().into_boxed_str())
            }
        }
    }

    fn branch(&mut self, row: &Row<'_>) -> Result<u16, LeftOutDetail> {
        let code = self.cell(row, Field::Branch).trim();
        let branches = &mut self.import.branches;
        let at = branches.iter().position(|known| **known == *code).unwrap_or_else(|| {
            branches.push(code.into());
            branches.len() - 1
        });
        u16::try_from(at).map_err(|_| LeftOutDetail::ManyBranches)
    }

    fn item(&mut self, row: &Row<'_>, branch: u16) -> Result<Item, LeftOutDetail> {
        let layout = self.layout;
        let cell = |field| row.cell(layout.column(field));
        let due = self.date(cell(Field::Due), false)?;
        let checked_out = self.date(cell(Field::CheckedOut), true);
        // Beside a due date the checkout date is only something to show.
        let checked_out = if due.is_some() { checked_out.unwrap_or(None) } else { checked_out? };
        self.finish_item(
            [
                cell(Field::Title),
                cell(Field::Author),
                cell(Field::ItemBarcode),
                cell(Field::ItemNumber),
                cell(Field::CallNumber),
                cell(Field::Price),
                cell(Field::Charge),
            ],
            due,
            checked_out,
            branch,
            row.line,
        )
    }

    /// One line of Koha's cell of all items: checkout date, title, barcode, author, title number.
    fn item_of_info(&mut self, info: &str, branch: u16, line: u64) -> Result<Item, LeftOutDetail> {
        let mut parts = info.split('\t');
        let mut part = || parts.next().unwrap_or("");
        let (out, title, barcode, author) = (part(), part(), part(), part());
        let checked_out = self.date(out, true)?;
        self.finish_item([title, author, barcode, "", "", "", ""], None, checked_out, branch, line)
    }

    fn finish_item(
        &mut self,
        cells: [&str; 7],
        due: Option<Date>,
        checked_out: Option<Date>,
        branch: u16,
        line: u64,
    ) -> Result<Item, LeftOutDetail> {
        let cleaned = &mut self.cleaned;
        cleaned.fill(cells);
        let [title, author, barcode, number, call_number, price, charge] =
            std::array::from_fn(|index| cleaned.get(index));
        if title.is_empty() && barcode.is_empty() && number.is_empty() {
            return Err(LeftOutDetail::NoItem);
        }
        if due.is_none() && checked_out.is_none() && has_dates(self.kind) {
            return Err(LeftOutDetail::NoDate);
        }
        let cells = ItemCells { title, author, barcode, number, call_number, price, charge };
        Ok(Item::new(&cells, due, checked_out, branch, line))
    }

    /// `checkout`: it is the day of the loan.
    fn date(&self, text: &str, checkout: bool) -> Result<Option<Date>, LeftOutDetail> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        dates::parse(text, self.import.dates).map(Some).ok_or_else(|| {
            let order = self.import.dates.map(|order| order.to_string().into());
            LeftOutDetail::NotADate { checkout, text: shown(text).into(), order }
        })
    }

    fn add(&mut self, row: &Row<'_>, identity: Box<str>, item: Item) -> Result<(), LeftOutDetail> {
        let at = match self.by_identity.get(&identity) {
            Some(&at) => at,
            None => self.new_patron(row, identity),
        };
        let about = || shown(item.title());
        let Some(patron) = self.import.patrons.get_mut(at) else { return Ok(()) };
        if patron.items.iter().any(|known| is_same(known, &item)) {
            let reason = LeftOutDetail::Twice;
            self.import.left_aside.push(Refused { line: row.line, reason, text: about(), names_one: true });
            return Ok(());
        }
        if patron.items.len() >= MAX_ITEMS {
            return Err(LeftOutDetail::ManyItems { most: MAX_ITEMS });
        }
        add(&mut patron.items, item);
        let cells = |columns: &'a [usize]| {
            let cells = columns.iter().map(|&column| row.cell(Some(column)));
            cells.filter(|cell| !cell.trim().is_empty())
        };
        let mut unusable = None;
        for cell in cells(&self.layout.emails) {
            take_addresses(cell, &mut patron.addresses, &mut unusable);
        }
        for cell in cells(&self.layout.guardians) {
            take_addresses(cell, &mut patron.seldom.get_or_insert_default().guardians, &mut unusable);
        }
        // What is no address there keeps no patron from being written to.
        for cell in cells(&self.layout.teachers) {
            take_addresses(cell, &mut patron.seldom.get_or_insert_default().teachers, &mut None);
        }
        if unusable.is_some() {
            let known = &mut patron.seldom.get_or_insert_default().unusable;
            *known = known.take().or(unusable);
        }
        Ok(())
    }

    fn new_patron(&mut self, row: &Row<'_>, identity: Box<str>) -> usize {
        let number = match self.cell(row, Field::PatronNumber).trim() {
            "" => self.cell(row, Field::PatronId),
            card => card,
        };
        let (first, family) = (self.cell(row, Field::FirstName), self.cell(row, Field::FamilyName));
        let name = self.name(row);
        let language = self.cell(row, Field::Language);
        let cleaned = &mut self.cleaned;
        cleaned.fill([first, family, &name, number, language]);
        let [first, family, name, number, language] = std::array::from_fn(|index| cleaned.get(index));
        let cells = PatronCells(Packed::new([first, family, name, number, language, &identity]));
        let at = self.import.patrons.len();
        self.by_identity.insert(identity, at);
        self.import.patrons.push(PatronNotice {
            cells,
            addresses: Vec::new(),
            seldom: None,
            line: row.line,
            items: Vec::new(),
        });
        at
    }

    /// The patron's whole name in reading order, cleaned.
    fn name(&self, row: &Row<'_>) -> String {
        let whole = self.cell(row, Field::PatronName);
        let (first, family) = if whole.trim().is_empty() {
            (self.cell(row, Field::FirstName), self.cell(row, Field::FamilyName))
        } else {
            reading_order(whole).unwrap_or((whole, ""))
        };
        let mut name = String::with_capacity(first.len() + family.len() + 1);
        clean(first, &mut name);
        if !name.is_empty() && !family.trim().is_empty() {
            name.push(' ');
        }
        clean(family, &mut name);
        name
    }

    /// Whom or what a row is about, from columns that may be shown.
    fn about(&self, row: &Row<'_>) -> String {
        let number = [Field::PatronNumber, Field::PatronId].map(|field| self.cell(row, field).trim());
        let (name, title) = (self.name(row), self.cell(row, Field::Title));
        let pieces =
            [name.as_str(), number.into_iter().find(|number| !number.is_empty()).unwrap_or(""), title];
        let pieces: Vec<String> = pieces.into_iter().map(shown).filter(|piece| !piece.is_empty()).collect();
        pieces.join(", ")
    }
}

/// Most patrons have one item and one address: room for more is made when there are more.
fn add<T>(known: &mut Vec<T>, new: T) {
    if known.is_empty() {
        known.reserve_exact(1);
    }
    known.push(new);
}

/// Each once; what is no address is told of.
fn take_addresses(cell: &str, known: &mut Vec<Address>, unusable: &mut Option<Box<str>>) {
    if known.iter().any(|known| known.as_str() == cell) {
        return;
    }
    let (found, bad) = addresses(cell);
    for address in found {
        if !known.contains(&address) {
            add(known, address);
        }
    }
    *unusable = unusable.take().or(bad.map(|bad| shown(&bad).into_boxed_str()));
}

/// What Evergreen calls it.
fn evergreen(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Overdue => "OVERDUE",
        NoticeKind::ComingDue => "PREOVERDUE",
        NoticeKind::HoldReady => "RESERVE",
        NoticeKind::Fines => "FINES",
    }
}

/// The same item, due on the same day, in a row that was read already.
fn is_same(known: &Item, new: &Item) -> bool {
    (known.due, known.checked_out) == (new.due, new.checked_out)
        && if known.barcode().is_empty() && new.barcode().is_empty() {
            (known.number(), known.title(), known.author()) == (new.number(), new.title(), new.author())
        } else {
            known.barcode() == new.barcode()
        }
}

fn shown(text: &str) -> String {
    let mut out = String::new();
    clean(text, &mut out);
    match out.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}…", out.get(..at).unwrap_or("")),
        None => out,
    }
}

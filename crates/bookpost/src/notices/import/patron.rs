//! A patron and the items of one notice, kept small: a run may hold a hundred thousand of them.

use std::fmt;

use jiff::civil::Date;
use mail::Address;

use super::packed::Packed;

/// A patron with the items that the notice is about.
#[derive(Debug, Clone)]
pub struct PatronNotice {
    pub(super) cells: PatronCells,
    /// Distinct, in the order of the file: the first is the primary one.
    pub addresses: Vec<Address>,
    /// `None` for most.
    pub(super) seldom: Option<Box<Seldom>>,
    /// Line of the patron's first row.
    pub line: u64,
    /// In the order of the file, never empty.
    pub items: Vec<Item>,
}

/// The texts of a patron: first name, family name, full name, number, language, who it is for the ledger.
#[derive(Clone)]
pub(super) struct PatronCells(pub(super) Packed<6>);

/// What few exports have, and few patrons.
#[derive(Debug, Clone, Default)]
pub(super) struct Seldom {
    pub(super) guardians: Vec<Address>,
    pub(super) teachers: Vec<Address>,
    pub(super) unusable: Option<Box<str>>,
}

impl PatronNotice {
    /// Who it is, for the ledger: `id:` and the library system's number, else `card:` and the card number, else `address:` with
    /// address and name.
    pub fn identity(&self) -> &str {
        self.cells.0.get(5)
    }
    /// Addresses of parents and guardians, distinct, in the order of the file.
    pub fn guardians(&self) -> &[Address] {
        self.seldom.as_ref().map_or(&[], |seldom| &seldom.guardians)
    }
    /// Of teachers, distinct, in the order of the file.
    pub fn teachers(&self) -> &[Address] {
        self.seldom.as_ref().map_or(&[], |seldom| &seldom.teachers)
    }
    /// What stands in the address column but is no address.
    pub fn unusable(&self) -> Option<&str> {
        self.seldom.as_ref()?.unusable.as_deref()
    }
    /// First name, where the export has it apart.
    pub fn first_name(&self) -> &str {
        self.cells.0.get(0)
    }
    /// Family name, where the export has it apart.
    pub fn family_name(&self) -> &str {
        self.cells.0.get(1)
    }
    /// The whole name in reading order.
    pub fn name(&self) -> &str {
        self.cells.0.get(2)
    }
    /// Card number, else the library system's own number.
    pub fn number(&self) -> Option<&str> {
        Some(self.cells.0.get(3)).filter(|number| !number.is_empty())
    }
    /// Language as the export names it.
    pub fn language(&self) -> Option<&str> {
        Some(self.cells.0.get(4)).filter(|language| !language.is_empty())
    }
}

impl fmt::Debug for PatronCells {
    /// Names no patron.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatronCells(..)")
    }
}

/// An item in a patron's hands.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    cells: Packed<7>,
    pub due: Option<Date>,
    pub checked_out: Option<Date>,
    /// Place in [`super::Import::branches`].
    pub branch: u16,
    line: u32,
}

/// The texts of an [`Item`].
#[derive(Debug, Clone, Copy, Default)]
pub struct ItemCells<'a> {
    pub title: &'a str,
    pub author: &'a str,
    pub barcode: &'a str,
    pub number: &'a str,
    pub call_number: &'a str,
    pub price: &'a str,
    pub charge: &'a str,
}

impl Item {
    /// Copies the texts.
    pub fn new(
        cells: &ItemCells<'_>,
        due: Option<Date>,
        checked_out: Option<Date>,
        branch: u16,
        line: u64,
    ) -> Self {
        let ItemCells { title, author, barcode, number, call_number, price, charge } = *cells;
        let cells = Packed::new([title, author, barcode, number, call_number, price, charge]);
        // No file has as many lines as that.
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        Self { cells, due, checked_out, branch, line }
    }
    /// Line of the item's row, from 1.
    pub fn line(&self) -> u64 {
        self.line.into()
    }
    /// Whether it was due before `today`. An export without due dates has nothing but overdue items.
    pub fn is_overdue(&self, today: Date) -> bool {
        self.due.is_none_or(|due| due < today)
    }
    pub fn title(&self) -> &str {
        self.cells.get(0)
    }
    pub fn author(&self) -> &str {
        self.cells.get(1)
    }
    pub fn barcode(&self) -> &str {
        self.cells.get(2)
    }
    /// The library system's own number of the item.
    pub fn number(&self) -> &str {
        self.cells.get(3)
    }
    pub fn call_number(&self) -> &str {
        self.cells.get(4)
    }
    /// What replacing it costs, as the export writes it.
    pub fn price(&self) -> &str {
        self.cells.get(5)
    }
    /// What is owed so far, as the export writes it.
    pub fn charge(&self) -> &str {
        self.cells.get(6)
    }
}

impl fmt::Debug for Item {
    /// Names no title.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("due", &self.due)
            .field("checked_out", &self.checked_out)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An export of 100,000 lines is read within 150 MB (docs/benchmarks.md), of which these are the greater part.
    #[test]
    fn a_patron_and_an_item_stay_small() {
        assert!(size_of::<PatronNotice>() <= 80, "{}", size_of::<PatronNotice>());
        assert!(size_of::<Item>() <= 40, "{}", size_of::<Item>());
        assert!(size_of::<Address>() <= 24, "{}", size_of::<Address>());
    }
}

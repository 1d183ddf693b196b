//! What a template can say about a notice, under the names that people know.

use jiff::civil::Date;
use minijinja::{Value, context};
use serde::Deserialize;

/// Variables of the whole notice.
pub const VARIABLES: [&str; 13] = [
    "branch_name",
    "branch_code",
    "branch_email",
    "branch_phone",
    "patron_name",
    "first_name",
    "family_name",
    "patron_number",
    "language",
    "to_guardian",
    "item_count",
    "items",
    "earliest_due_date",
];

/// Variables of each of `items`.
pub const ITEM_VARIABLES: [&str; 9] = [
    "title",
    "author",
    "item_barcode",
    "call_number",
    "item_due_date",
    "item_checkout_date",
    "replacement_cost",
    "overdue_charge",
    "branch_name",
];

/// How dates are written out in notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateFormat {
    /// 12 November 2026
    #[default]
    Long,
    /// November 12, 2026
    LongUs,
    /// 12 de noviembre de 2026
    LongEs,
    /// 2026-11-12
    Iso,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const MESES: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

impl DateFormat {
    /// The language of the notice that has its dates so (BCP 47).
    pub(super) fn language(self) -> &'static str {
        if self == Self::LongEs { "es" } else { "en" }
    }

    /// The date as it stands in a notice.
    pub fn write(self, date: Date) -> String {
        let months = if self == Self::LongEs { &MESES } else { &MONTHS };
        let month = usize::try_from(date.month() - 1).ok().and_then(|at| months.get(at)).unwrap_or(&"");
        match self {
            Self::Long => format!("{} {month} {}", date.day(), date.year()),
            Self::LongUs => format!("{month} {}, {}", date.day(), date.year()),
            Self::LongEs => format!("{} de {month} de {}", date.day(), date.year()),
            Self::Iso => date.to_string(),
        }
    }
}

/// One notice before it is written.
pub(in crate::notices) struct Letter<'a> {
    pub(in crate::notices) branch_name: &'a str,
    pub(in crate::notices) branch_code: &'a str,
    pub(in crate::notices) branch_email: &'a str,
    pub(in crate::notices) branch_phone: &'a str,
    pub(in crate::notices) patron_name: &'a str,
    pub(in crate::notices) first_name: &'a str,
    pub(in crate::notices) family_name: &'a str,
    pub(in crate::notices) patron_number: &'a str,
    pub(in crate::notices) language: &'a str,
    /// "only" or "also": it goes to parents or guardians; empty: it does not.
    pub(in crate::notices) to_guardian: &'a str,
    pub(in crate::notices) items: Vec<LetterItem<'a>>,
}

/// One item of a [`Letter`].
pub(in crate::notices) struct LetterItem<'a> {
    pub(in crate::notices) title: &'a str,
    pub(in crate::notices) author: &'a str,
    pub(in crate::notices) barcode: &'a str,
    pub(in crate::notices) call_number: &'a str,
    pub(in crate::notices) due: Option<Date>,
    pub(in crate::notices) checked_out: Option<Date>,
    pub(in crate::notices) price: &'a str,
    pub(in crate::notices) charge: &'a str,
    pub(in crate::notices) branch_name: &'a str,
}

impl LetterItem<'_> {
    /// What tells which item it is, and what it is about; by its barcode the library knows it.
    pub(in crate::notices) fn hide_title(&mut self) {
        (self.title, self.author, self.call_number) = ("", "", "");
    }
}

/// The letter as the texts see it. What is not known is an empty text, so that `{% if author %}` works.
pub(super) fn value(letter: &Letter<'_>, dates: DateFormat) -> Value {
    let items = letter.items.iter().map(|item| {
        context! {
            title => item.title,
            author => item.author,
            item_barcode => item.barcode,
            call_number => item.call_number,
            item_due_date => written(item.due, dates),
            item_checkout_date => written(item.checked_out, dates),
            replacement_cost => item.price,
            overdue_charge => item.charge,
            branch_name => item.branch_name,
        }
    });
    whole(letter, dates, items.collect())
}

/// The letter as the subject sees it. A subject is read over a shoulder: its items have neither title nor author, so that every
/// use of one is an error. `with_items`: it speaks of single items at all, which few do.
pub(super) fn subject_value(letter: &Letter<'_>, dates: DateFormat, with_items: bool) -> Value {
    let items = letter.items.iter().filter(|_| with_items).map(|item| {
        context! {
            item_barcode => item.barcode,
            call_number => item.call_number,
            item_due_date => written(item.due, dates),
            item_checkout_date => written(item.checked_out, dates),
            replacement_cost => item.price,
            overdue_charge => item.charge,
            branch_name => item.branch_name,
        }
    });
    whole(letter, dates, items.collect())
}

fn whole(letter: &Letter<'_>, dates: DateFormat, items: Vec<Value>) -> Value {
    context! {
        branch_name => letter.branch_name,
        branch_code => letter.branch_code,
        branch_email => letter.branch_email,
        branch_phone => letter.branch_phone,
        patron_name => letter.patron_name,
        first_name => letter.first_name,
        family_name => letter.family_name,
        patron_number => letter.patron_number,
        language => letter.language,
        to_guardian => letter.to_guardian,
        item_count => letter.items.len(),
        earliest_due_date => written(letter.items.iter().filter_map(|item| item.due).min(), dates),
        items => items,
    }
}

fn written(date: Option<Date>, dates: DateFormat) -> String {
    date.map_or_else(String::new, |date| dates.write(date))
}

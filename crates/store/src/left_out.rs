//! What is known of why somebody was left out, beyond the kind of reason. It is kept as what it is, not as a sentence, so that everybody
//! reads it in their own language; as text it is in English.

use std::fmt;

use jiff::civil::Date;
use mail::counted;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::MessageId;

/// The particulars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutDetail {
    /// In English, as whatever could not be done said it.
    Text(String),
    /// The line is for another kind of notice.
    OtherNotice {
        /// As the export calls it.
        kind: Box<str>,
    },
    /// The same item of the same patron stands above.
    Twice,
    /// A quotation mark takes in lines below.
    QuotationMark {
        /// The last of them.
        last: u64,
    },
    /// The line has not as many cells as it should.
    Cells {
        /// So many.
        has: usize,
        /// It should have so many.
        needs: usize,
        /// As the first line has; else as the others have.
        as_first: bool,
    },
    /// A cell is longer than this.
    LongCell {
        /// In KiB.
        kib: usize,
    },
    /// The cell of all items is empty.
    NoItems,
    /// Neither title nor barcode.
    NoItem,
    /// Neither number nor name nor address.
    NoPatron,
    /// The file names more branches than can be told apart.
    ManyBranches,
    /// Neither of the dates.
    NoDate,
    /// A date that is none.
    NotADate {
        /// The day of the loan; else the day on which it is due.
        checkout: bool,
        /// As it is written.
        text: Box<str>,
        /// The order that the dates of this file have, as in the settings.
        order: Option<Box<str>>,
    },
    /// The patron has more items than anybody carries.
    ManyItems {
        /// So many are taken.
        most: usize,
    },
    /// Nothing is in the export.
    Empty,
    /// The export has the names of columns, and nothing below.
    OnlyColumns,
    /// The export does not say of which library these items are.
    NoBranch {
        /// How many.
        items: usize,
    },
    /// Of no library here.
    UnknownBranch {
        /// How many.
        items: usize,
        /// As the export has it.
        code: Box<str>,
    },
    /// Of a library that the notice is not for.
    OtherLibrary {
        /// How many.
        items: usize,
        /// The library's name.
        library: Box<str>,
    },
    /// Not overdue on the day of the run.
    NotDueYet {
        /// Title or barcode.
        item: Box<str>,
        /// The day.
        due: Option<Date>,
    },
    /// The item is nothing that this notice is about.
    OtherMatter {
        /// Title or barcode.
        item: Box<str>,
        /// What it is instead.
        why: OtherMatter,
    },
    /// Most is not due yet.
    DatesInDoubt {
        /// So many items.
        not_yet: usize,
        /// Of so many.
        all: usize,
        /// How the dates were read, as in the settings, if that may be wrong.
        order: Option<Box<str>>,
    },
    /// What the patron's record has is no address.
    NotAnAddress {
        /// What it has.
        text: Box<str>,
    },
    /// The patron's record has none.
    NoAddress,
    /// The library has no address to write from.
    NoSender {
        /// Its name.
        library: Box<str>,
    },
    /// One address of several is none.
    OneNotAnAddress {
        /// What it is.
        text: Box<str>,
        /// To where the notice goes.
        used: Box<str>,
    },
    /// The last notice about the same.
    WrittenOn {
        /// The day.
        day: Date,
    },
    /// The last notice about the same came back, and the address is the same.
    CameBack {
        /// The day.
        day: Date,
        /// The mail.
        message: i64,
    },
    /// The last notice about the same has not left yet.
    StillWaits {
        /// The mail.
        message: i64,
    },
    /// Nobody knows whether the last notice about the same arrived.
    MayHaveArrived {
        /// The mail.
        message: i64,
    },
    /// A person stopped the run.
    Stopped,
    /// The earlier notice is not sent.
    NotSent {
        /// The run that had made it.
        run: i64,
    },
    /// The export has next to nothing of what an earlier one had of a library.
    Thin {
        /// Its name.
        library: Box<str>,
        /// So many items now.
        items: u64,
        /// Of a sample of what the earlier one had, so many in a hundred are in this one.
        percent: u64,
    },
    /// The export is older than one of a library that was run before.
    Older {
        /// The library's name.
        library: Box<str>,
        /// The day of the newer one.
        day: Date,
    },
    /// The export ends in the middle of a line.
    BrokenOff,
    /// Lines that cannot be read do not say whom they are about.
    Nameless {
        /// How many.
        lines: usize,
    },
}

/// Why a notice is not about an item, on whatever day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherMatter {
    /// It is overdue already, and not coming due.
    Overdue,
    /// It is due at no time.
    NoDueDate,
    /// It is due at some time, so it is out, and does not wait for anybody.
    OnLoan,
    /// No amount is owed for it.
    NothingOwed,
}

impl LeftOutDetail {
    /// The mail that is spoken of.
    pub fn message(&self) -> Option<MessageId> {
        match self {
            Self::CameBack { message, .. }
            | Self::StillWaits { message }
            | Self::MayHaveArrived { message } => Some(MessageId(*message)),
            _ => None,
        }
    }

    /// As it is kept.
    pub(crate) fn stored(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// What was kept before there was more than text is text.
    pub(crate) fn of_stored(text: String) -> Self {
        serde_json::from_str(&text).unwrap_or(Self::Text(text))
    }
}

impl From<String> for LeftOutDetail {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl fmt::Display for LeftOutDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::NoBranch { .. }
            | Self::UnknownBranch { .. }
            | Self::OtherLibrary { .. }
            | Self::NotDueYet { .. }
            | Self::OtherMatter { .. }
            | Self::DatesInDoubt { .. } => self.of_items(f),
            Self::NotAnAddress { text } => write!(f, "\"{text}\" is not an email address"),
            Self::NoAddress => f.write_str("the patron has no email address in the library system"),
            Self::NoSender { library } => write!(
                f,
                "{library} has no email address for the notice to be from: enter one under Preferences > Libraries"
            ),
            Self::OneNotAnAddress { text, used } => {
                write!(f, "\"{text}\" is not an email address; the notice is for {used}")
            }
            Self::WrittenOn { .. }
            | Self::CameBack { .. }
            | Self::StillWaits { .. }
            | Self::MayHaveArrived { .. } => self.of_before(f),
            Self::Stopped => f.write_str("the run was stopped before this notice was made"),
            Self::NotSent { .. }
            | Self::Thin { .. }
            | Self::Older { .. }
            | Self::BrokenOff
            | Self::Nameless { .. } => self.of_earlier(f),
            _ => self.of_line(f),
        }
    }
}

impl LeftOutDetail {
    fn of_items(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherLibrary { items, library } => {
                write!(f, "{} of {library}", counted(*items, "item", "items"))
            }
            Self::NoBranch { items } => write!(
                f,
                "{}: the export does not say which library it is; with several libraries it must",
                counted(*items, "item", "items")
            ),
            Self::UnknownBranch { items, code } => {
                let items = counted(*items, "item", "items");
                write!(f, "{items}: no library here has the branch code \"{code}\"")
            }
            Self::NotDueYet { item, due: Some(due) } => write!(f, "\"{item}\" is due on {due}"),
            Self::NotDueYet { item, due: None } => write!(f, "\"{item}\""),
            Self::OtherMatter { item, why } => write!(
                f,
                "\"{item}\" {}",
                match why {
                    OtherMatter::Overdue => "is overdue already",
                    OtherMatter::NoDueDate => "has no due date",
                    OtherMatter::OnLoan => "has a due date, so it is no hold",
                    OtherMatter::NothingOwed => "has no amount that is owed",
                }
            ),
            Self::DatesInDoubt { not_yet, all, order } => {
                write!(f, "{not_yet} of {} not due yet; ", counted(*all, "item is", "items are"))?;
                match order {
                    Some(order) => write!(
                        f,
                        "the day and the month may be the wrong way round: the dates were read as {order}; --dates, or dates in the \
                         settings, says which comes first"
                    ),
                    None => f.write_str("is it an export of overdue items?"),
                }
            }
            _ => Ok(()),
        }
    }

    fn of_before(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrittenOn { day } => write!(f, "last written to on {day}"),
            Self::CameBack { day, message } => write!(
                f,
                "their last mail came back on {day}, and the address is still the same: correct it in the library system and run a new \
                 export; what happened: bookpost queue show {message}"
            ),
            Self::StillWaits { message } => {
                write!(f, "a mail about the same items still waits: bookpost queue show {message}")
            }
            Self::MayHaveArrived { message } => {
                write!(f, "a mail about the same items may have arrived: bookpost queue show {message}")
            }
            _ => Ok(()),
        }
    }

    fn of_earlier(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent { run } => write!(f, "the notice of run {run} had not left yet and is not sent"),
            Self::Thin { library, items, percent } => write!(
                f,
                "{library}: {} in this export, and only {percent} % of the items of an earlier one are among them. So many are not brought back at once: the export may have broken off, or be of a part only",
                counted(usize::try_from(*items).unwrap_or(usize::MAX), "item", "items")
            ),
            Self::Older { library, day } => {
                write!(f, "{library}: a newer export, of {day}, was run before this one")
            }
            Self::BrokenOff => f.write_str("the export ends in the middle of a line, so it has broken off"),
            Self::Nameless { lines } => {
                write!(f, "{} could not be read and may be about anybody", counted(*lines, "line", "lines"))
            }
            _ => Ok(()),
        }
    }

    fn of_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherNotice { kind } => write!(f, "it is for another notice: {kind}"),
            Self::QuotationMark { last } => write!(
                f,
                "a quotation mark takes in what follows, down to line {last}; none of these lines is used. \
                 Take the mark out of the export, or let the library system put marks around all cells"
            ),
            Self::Cells { has, needs, as_first } => {
                let wrong = if has < needs { "fewer" } else { "more" };
                let others = if *as_first { "the first line" } else { "the others" };
                write!(f, "it has {wrong} cells than {others}: {has} instead of {needs}")
            }
            Self::LongCell { kib } => write!(f, "a cell is longer than {kib} KiB"),
            Self::NotADate { checkout, text, order } => {
                let what = if *checkout { "checkout date" } else { "due date" };
                write!(f, "the {what} \"{text}\" is not a date")?;
                order.iter().try_for_each(|order| write!(f, " (the dates of this file are {order})"))
            }
            Self::ManyItems { most } => {
                write!(f, "the patron already has {most} items above, more than anybody carries")
            }
            Self::Twice => f.write_str("the same item of the same patron stands above already"),
            Self::NoItems => f.write_str("it names no item"),
            Self::NoItem => f.write_str("it names no item: title and barcode are empty"),
            Self::NoPatron => f.write_str("it names no patron: number, name and address are all empty"),
            Self::ManyBranches => f.write_str("the file names more than 65,536 branches"),
            Self::NoDate => f.write_str("it has neither a due date nor a checkout date"),
            Self::Empty => f.write_str("it is empty: nothing is overdue, or the export broke off"),
            Self::OnlyColumns => f.write_str(
                "it has column names but no lines below them: nothing is overdue, or the export broke off",
            ),
            _ => Ok(()),
        }
    }
}

/// For scripts it is the sentence.
pub(crate) fn serialize<S: Serializer>(detail: &LeftOutDetail, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(detail)
}

/// What comes from there is text.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<LeftOutDetail, D::Error> {
    String::deserialize(deserializer).map(LeftOutDetail::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_kept_as_what_it_is() {
        let day = Date::constant(2026, 11, 12);
        for detail in [
            LeftOutDetail::NotDueYet { item: "Dune".into(), due: Some(day) },
            LeftOutDetail::Stopped,
            LeftOutDetail::Text("{\"stopped\"".to_owned()),
        ] {
            assert_eq!(LeftOutDetail::of_stored(detail.stored().unwrap()), detail);
        }
        let before = "no such branch".to_owned();
        assert_eq!(LeftOutDetail::of_stored(before.clone()), LeftOutDetail::Text(before));
    }
}

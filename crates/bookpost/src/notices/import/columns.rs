//! What a person says of the columns of a file, and what holds for all files that have the same ones.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use store::NoticeKind;

use super::aliases::{NAMED, normal};

/// The meanings that several columns may have: addresses of patrons, of their parents and guardians, and of their teachers.
pub const EMAIL: &str = "email";
pub const GUARDIAN: &str = "guardian_email";
pub const TEACHER: &str = "teacher_email";
pub(super) const SEVERAL: [&str; 3] = [EMAIL, GUARDIAN, TEACHER];
/// Letters of all names of a file's columns together; what has more is nothing to remember.
const LONGEST_SHAPE: usize = 16 << 10;

/// Which column is what: by a meaning (`email`, or one of [`Columns::meanings`]), the names of columns in the form of `normal`, with `#2`
/// behind the second of one name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Columns(BTreeMap<String, Vec<String>>);

/// Why columns cannot be what somebody says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// No column is ever that.
    #[error("{meaning:?} is nothing that a column can be; it can be: {}", Columns::meanings().collect::<Vec<_>>().join(", "))]
    NoMeaning { meaning: String },
    /// Two columns cannot both be the title.
    #[error("two columns cannot both be \"{meaning}\": \"{first}\" and \"{second}\"")]
    Twice { meaning: String, first: String, second: String },
    /// It has no `=`.
    #[error("{part:?} says of no column what it is; write email=E-Mail,title=Book")]
    NoPair { part: String },
}

/// What a notice cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    Email,
    Patron,
    Item,
    Date,
    Charge,
}

impl Needed {
    /// All that a notice of this kind cannot do without.
    pub fn for_notice(kind: NoticeKind) -> Vec<Self> {
        needed(kind, |_| false)
    }
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "the patron's email address",
            Self::Patron => "the patron's name or number",
            Self::Item => "the item's title or barcode",
            Self::Date => "the due date (or the checkout date)",
            Self::Charge => "the amount that is owed",
        })
    }
}

impl Columns {
    /// Each meaning with the name of a column.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ColumnsError> {
        let mut columns = Self::default();
        for (meaning, name) in pairs {
            let meaning = meaning.trim();
            if !Self::meanings().any(|known| known == meaning) {
                return Err(ColumnsError::NoMeaning { meaning: meaning.to_owned() });
            }
            let names = columns.0.entry(meaning.to_owned()).or_default();
            let name = normal(name);
            match names.first() {
                Some(first) if !SEVERAL.contains(&meaning) && *first != name => {
                    let (meaning, first) = (meaning.to_owned(), first.clone());
                    return Err(ColumnsError::Twice { meaning, first, second: name });
                }
                _ if names.contains(&name) => {}
                _ => names.push(name),
            }
        }
        Ok(columns)
    }

    /// As it was remembered.
    pub fn remembered(chosen: BTreeMap<String, Vec<String>>) -> Self {
        Self(chosen)
    }

    /// To be remembered.
    pub fn chosen(&self) -> BTreeMap<String, Vec<String>> {
        self.0.clone()
    }

    /// All that a column can be.
    pub fn meanings() -> impl Iterator<Item = &'static str> {
        SEVERAL.into_iter().chain(NAMED.iter().map(|(meaning, _)| *meaning))
    }

    /// What is still missing for a notice of this kind.
    pub fn missing(&self, kind: NoticeKind) -> Vec<Needed> {
        needed(kind, |meaning| self.0.contains_key(meaning))
    }

    /// The columns that are this.
    pub(super) fn names(&self, meaning: &str) -> &[String] {
        self.0.get(meaning).map_or(&[], Vec::as_slice)
    }

    /// What a column is.
    pub(super) fn meaning(&self, name: &str) -> Option<&'static str> {
        Self::meanings().find(|meaning| self.names(meaning).iter().any(|one| one == name))
    }
}

/// `email=E-Mail,title=Book`. A comma belongs to the name of a column where nothing behind it is said of another one.
impl FromStr for Columns {
    type Err = ColumnsError;
    fn from_str(text: &str) -> Result<Self, ColumnsError> {
        let mut pairs: Vec<(&str, String)> = Vec::new();
        for part in text.split(',') {
            match (part.split_once('='), pairs.last_mut()) {
                (Some((meaning, name)), _) => pairs.push((meaning, name.to_owned())),
                (None, Some((_, name))) => {
                    name.push(',');
                    name.push_str(part);
                }
                (None, None) => return Err(ColumnsError::NoPair { part: part.to_owned() }),
            }
        }
        Self::new(pairs.iter().map(|(meaning, name)| (*meaning, name.as_str())))
    }
}

/// Whether lines of a notice of this kind have a date of one sort or another.
pub(super) fn has_dates(kind: NoticeKind) -> bool {
    matches!(kind, NoticeKind::Overdue | NoticeKind::ComingDue)
}

/// What is missing for a notice of this kind where only some meanings are there.
pub(super) fn needed(kind: NoticeKind, has: impl Fn(&str) -> bool) -> Vec<Needed> {
    let all: [(Needed, &[&str]); 5] = [
        (Needed::Email, &[EMAIL, GUARDIAN]),
        (Needed::Patron, &["patron_id", "patron_number", "patron_name", "family_name"]),
        (Needed::Item, &["title", "item_barcode"]),
        (Needed::Date, &["due", "checked_out"]),
        (Needed::Charge, &["charge"]),
    ];
    let is_for = |needed: Needed| match needed {
        Needed::Date => has_dates(kind),
        Needed::Charge => kind == NoticeKind::Fines,
        Needed::Email | Needed::Patron | Needed::Item => true,
    };
    let is_missing = |any: &[&str]| !any.iter().any(|meaning| has(meaning));
    let missing = all.into_iter().filter(|(needed, any)| is_for(*needed) && is_missing(any));
    missing.map(|(needed, _)| needed).collect()
}

/// By what files with the same columns are known, whatever their order: the names, one a line. `None`: there are too many.
pub(super) fn shape(names: &[String]) -> Option<String> {
    let mut sorted: Vec<&str> = names.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    sorted.sort_unstable();
    Some(sorted.join("\n")).filter(|shape| shape.len() <= LONGEST_SHAPE && !shape.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_columns() {
        let columns: Columns = "email=E-Mail,email=Mail 2,title=Titel, Band,due=Fällig".parse().unwrap();
        assert_eq!(columns.names("email"), ["e mail", "mail 2"]);
        assert_eq!(columns.names("title"), ["titel, band"]);
        assert_eq!((columns.meaning("fällig"), columns.meaning("band")), (Some("due"), None));
        assert_eq!(columns.missing(NoticeKind::Overdue), [Needed::Patron]);
        for (text, said) in [
            ("E-Mail", "says of no column"),
            ("mail=E-Mail", "\"mail\" is nothing that a column can be; it can be: email, "),
            ("drop=PIN", "\"drop\" is nothing"),
            ("title=A,title=B", "two columns cannot both be \"title\": \"a\" and \"b\""),
        ] {
            let error = text.parse::<Columns>().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_shape_is_the_names_in_whatever_order() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(shape(&names(&["b", "", "a"])).as_deref(), Some("a\nb"));
        assert_eq!(shape(&names(&["", ""])), None);
        assert_eq!(shape(&names(&[&"x".repeat(LONGEST_SHAPE + 1)])), None);
    }
}

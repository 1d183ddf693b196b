//! The editable list of column names.

use std::collections::BTreeMap;

use super::{
    ImportError,
    columns::{EMAIL, GUARDIAN, TEACHER},
};

const BUILT_IN: &str = include_str!("aliases.toml");
/// Letters of a name that means the same as a part of a word: a `Benutzerkennwort` is a `kennwort`, a `Shipping` is no `pin`.
const LONG: usize = 7;

/// What a column can mean to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    PatronId,
    PatronNumber,
    PatronName,
    FirstName,
    FamilyName,
    Language,
    Branch,
    Title,
    Author,
    ItemBarcode,
    ItemNumber,
    CallNumber,
    Due,
    CheckedOut,
    Price,
    Charge,
    /// Koha's cell of many items.
    ItemsInfo,
    /// Evergreen's kind of notice.
    NoticeType,
}

/// How many kinds of [`Field`] there are.
pub(super) const FIELDS: usize = Field::NoticeType as usize + 1;

/// The fields that a list of column names may speak of, by their names in it.
pub(super) const NAMED: [(&str, Field); 16] = [
    ("patron_id", Field::PatronId),
    ("patron_number", Field::PatronNumber),
    ("patron_name", Field::PatronName),
    ("first_name", Field::FirstName),
    ("family_name", Field::FamilyName),
    ("language", Field::Language),
    ("branch", Field::Branch),
    ("title", Field::Title),
    ("author", Field::Author),
    ("item_barcode", Field::ItemBarcode),
    ("item_number", Field::ItemNumber),
    ("call_number", Field::CallNumber),
    ("due", Field::Due),
    ("checked_out", Field::CheckedOut),
    ("price", Field::Price),
    ("charge", Field::Charge),
];

/// Further lists: columns of which there may be several, and those that are never read.
const OTHERS: [&str; 4] = [EMAIL, GUARDIAN, TEACHER, "drop"];

/// Column names by meaning; [`Aliases::default`] is the built-in list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aliases {
    lists: BTreeMap<String, Vec<String>>,
}

impl Default for Aliases {
    fn default() -> Self {
        // A test reads the built-in list.
        Self { lists: lists(BUILT_IN).unwrap_or_default() }
    }
}

impl Aliases {
    /// The built-in list, as a file to begin one's own with.
    pub const fn built_in() -> &'static str {
        BUILT_IN
    }

    /// The built-in list with the lists of `toml` in place of its own.
    pub fn with_overrides(toml: &str) -> Result<Self, ImportError> {
        let mut aliases = Self::default();
        aliases.lists.extend(lists(toml).map_err(ImportError::Aliases)?);
        Ok(aliases)
    }

    /// The names of one meaning, in the form of [`normal`].
    pub(super) fn names(&self, meaning: &str) -> &[String] {
        self.lists.get(meaning).map_or(&[], Vec::as_slice)
    }

    /// Whether a column of this name is never read and never kept.
    pub(super) fn is_secret(&self, name: &str) -> bool {
        has_secret(self.names("drop"), name)
    }
}

/// Whether a name says that what stands below it is never read, by one of these names among its words; a longer one may be part of a word.
fn has_secret(secrets: &[String], name: &str) -> bool {
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        format!(" {} ", words.collect::<Vec<_>>().join(" ").to_lowercase())
    };
    let name = words(name);
    secrets.iter().any(|secret| {
        let whole = words(secret);
        let secret = whole.trim();
        !secret.is_empty()
            && (name.contains(&whole) || secret.chars().count() >= LONG && name.contains(secret))
    })
}

fn lists(toml: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    let mut lists: BTreeMap<String, Vec<String>> =
        toml::from_str(toml).map_err(|error| error.to_string().trim_end().to_owned())?;
    for (meaning, names) in &mut lists {
        if !OTHERS.contains(&meaning.as_str()) && !NAMED.iter().any(|(name, _)| name == meaning) {
            let known: Vec<&str> = NAMED.iter().map(|(name, _)| *name).chain(OTHERS).collect();
            return Err(format!(
                "it has a list \"{meaning}\", but may have only these: {}",
                known.join(", ")
            ));
        }
        for name in names {
            *name = normal(name);
        }
    }
    Ok(lists)
}

/// A column name without what people write in different ways.
pub(super) fn normal(name: &str) -> String {
    let lower = name.trim_start_matches('\u{feff}').to_lowercase();
    let mut words =
        lower.split(|c: char| c.is_whitespace() || "_-.".contains(c)).filter(|word| !word.is_empty());
    let mut normal = words.next().unwrap_or_default().to_owned();
    for word in words {
        normal.push(' ');
        normal.push_str(word);
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_can_be_read_and_has_every_meaning() {
        let built_in = lists(BUILT_IN).unwrap();
        for meaning in NAMED.iter().map(|(name, _)| *name).chain(OTHERS) {
            assert!(!built_in[meaning].is_empty(), "{meaning}");
        }
    }

    #[test]
    fn secrets_are_known_by_the_words_of_their_names() {
        let aliases = Aliases::default();
        for name in [
            "PIN",
            "pin#2",
            "PIN:",
            "User-PIN",
            "patron_password",
            "Password (hash)",
            "NewPassword",
            "SSN",
            "National ID Number",
            "Passport Number",
            "Contraseña",
            "Clave de acceso",
            "DNI",
            "Número de DNI",
            "Fecha de nacimiento",
            "Kennwort",
            "Benutzerkennwort",
            "Passwort",
            "Geburtsdatum",
            "Personalausweisnummer",
            "Mot de passe",
            "Date de naissance",
            "No. de sécurité sociale",
            "Birth Date",
            "Student DOB",
        ] {
            assert!(aliases.is_secret(name), "{name}");
        }
        for name in [
            "Shipping",
            "Spine label",
            "Card Number",
            "Ausweisnummer",
            "Leser",
            "Library",
            "National library",
            "",
        ] {
            assert!(!aliases.is_secret(name), "{name}");
        }
        let known = NAMED.iter().map(|(name, _)| *name).chain(["email"]);
        for name in known.flat_map(|meaning| aliases.names(meaning)) {
            assert!(!aliases.is_secret(name), "{name}");
        }
        let own = Aliases::with_overrides("drop = [\"Farbe\", \"\"]").unwrap();
        assert!(own.is_secret("Farbe 2") && !own.is_secret("Farbenlehre") && !own.is_secret("PIN"));
    }

    #[test]
    fn spellings_of_a_column_name() {
        for name in ["Due Date", "due_date", " DUE-DATE ", "\u{feff}due.date", "due  date"] {
            assert_eq!(normal(name), "due date");
        }
    }

    #[test]
    fn own_lists_take_the_place_of_the_built_in_ones() {
        let own = Aliases::with_overrides("due = [\"Zurück bis\"]").unwrap();
        assert_eq!(own.names("due"), ["zurück bis"]);
        assert_eq!(own.names("title"), Aliases::default().names("title"));
        let wrong = Aliases::with_overrides("dew = [\"x\"]").unwrap_err().to_string();
        assert!(wrong.contains("a list \"dew\"") && wrong.contains("due"), "{wrong}");
        assert!(matches!(Aliases::with_overrides("due = 3"), Err(ImportError::Aliases(_))));
    }
}

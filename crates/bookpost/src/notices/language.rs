//! The languages that notices are written in.

use super::DateFormat;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Language {
    #[default]
    English,
    Spanish,
}

/// What exports call a language whose code alone does not say it.
const NAMES: [(Language, &[&str]); 2] = [
    (Language::English, &["en", "eng", "english", "inglés", "ingles"]),
    (Language::Spanish, &["es", "spa", "esp", "spanish", "español", "espanol", "castellano", "castilian"]),
];

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// Its code (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// By what an export, a setting or a page calls it; a region or more may stand behind its code (`es-MX`, `en_US`).
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.trim().to_lowercase();
        let first = lower.split(['-', '_', ' ', ';', ',', '(']).next().unwrap_or_default();
        let is_it = |(language, names): &(Self, &[&str])| names.contains(&first).then_some(*language);
        NAMES.iter().find_map(is_it)
    }

    /// How it writes dates out.
    pub fn dates(self) -> DateFormat {
        match self {
            Self::English => DateFormat::Long,
            Self::Spanish => DateFormat::LongEs,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_all_that_exports_call_it() {
        for (names, language) in [
            (&["en", "EN", "eng", "English", "en-US", "en_GB", " english "][..], Some(Language::English)),
            (&["es", "spa", "Spanish", "Español", "ESPAÑOL", "es-MX", "es_419"], Some(Language::Spanish)),
            (&["Español (México)", "spanish; castilian"], Some(Language::Spanish)),
            (&["", "de", "eswatini", "entish", "default", "fr-ES"], None),
        ] {
            for name in names {
                assert_eq!(Language::named(name), language, "{name:?}");
            }
        }
        for language in Language::ALL {
            assert_eq!(Language::named(language.tag()), Some(language));
        }
    }
}

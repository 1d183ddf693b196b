//! What a notice says to each: by the library that writes, and the language of the patron.

use std::collections::BTreeMap;

use super::{Language, Template};

/// The wordings of one notice.
pub struct Wordings {
    /// Of a library, or of all that have none of their own.
    all: BTreeMap<(Option<String>, Language), Template>,
    /// Where nothing else fits.
    otherwise: Template,
    /// Of libraries that have another than all have.
    languages: BTreeMap<String, Language>,
    usual: Language,
}

impl Wordings {
    /// One for everybody.
    pub fn one(template: Template) -> Self {
        Self {
            all: BTreeMap::new(),
            otherwise: template,
            languages: BTreeMap::new(),
            usual: Language::default(),
        }
    }

    /// The language of those patrons of whom the export says none that is known.
    #[must_use]
    pub fn speaking(self, usual: Language, languages: BTreeMap<String, Language>) -> Self {
        Self { languages, usual, ..self }
    }

    /// A wording for this library, or for all that have none of their own.
    pub fn add(&mut self, site: Option<String>, language: Language, template: Template) {
        self.all.insert((site, language), template);
    }

    /// What this library writes in where nobody says anything else.
    pub fn language_of(&self, site: &str) -> Language {
        self.languages.get(site).copied().unwrap_or(self.usual)
    }

    /// What is written to a patron of this library, whose language the export calls so.
    pub fn of(&self, site: &str, language: &str) -> &Template {
        let language = Language::named(language).unwrap_or_else(|| self.language_of(site));
        let own = self.all.get(&(Some(site.to_owned()), language));
        own.or_else(|| self.all.get(&(None, language))).unwrap_or(&self.otherwise)
    }
}

#[cfg(test)]
mod tests {
    use store::NoticeKind;

    use super::*;
    use crate::notices::Sources;

    fn template(text: &str) -> Template {
        let sources = Sources { subject: "x", text, html: None };
        Template::check(sources, Language::English.dates()).unwrap()
    }

    #[test]
    fn each_is_written_to_in_their_language_by_their_library() {
        let mut wordings = Wordings::one(template("otherwise"));
        for (site, language, text) in [
            (None, Language::English, "en"),
            (None, Language::Spanish, "es"),
            (Some("MAIN"), Language::English, "main en"),
        ] {
            wordings.add(site.map(ToOwned::to_owned), language, template(text));
        }
        let said = |wordings: &Wordings, site: &str, language: &str| {
            wordings.of(site, language).sample(NoticeKind::Overdue, None, false).unwrap().text
        };
        for (site, language, text) in [
            ("MAIN", "eng", "main en"),
            ("MAIN", "", "main en"),
            ("MAIN", "Klingon", "main en"),
            ("MAIN", "Español", "es"),
            ("EAST", "en-US", "en"),
            ("EAST", "spa", "es"),
        ] {
            assert_eq!(said(&wordings, site, language), text, "{site} {language}");
        }
        let wordings = wordings.speaking(Language::Spanish, [("MAIN".to_owned(), Language::English)].into());
        assert_eq!(
            (said(&wordings, "MAIN", ""), said(&wordings, "EAST", "")),
            ("main en".into(), "es".into())
        );
        assert_eq!(said(&wordings, "EAST", "English"), "en", "what the export says comes first");
        let one = Wordings::one(template("otherwise"));
        assert_eq!(said(&one, "MAIN", "es"), "otherwise");
    }
}

//! The wording of a notice: subject, plain text and HTML, as templates that a library may change.
//!
//! A template can read the variables of [`variables`] and nothing else: no files, no other templates, no functions, a short
//! list of filters, and so much work per text that an endless loop ends at once. It is compiled once and checked when it is
//! saved or loaded, with a full and with a bare sample, so that a misspelt variable is found by the person who wrote it.
//!
//! This part knows nothing of mail messages: it makes three texts.

mod check;
mod engine;
mod samples;
mod variables;

use std::{io, path::Path};

use minijinja::Environment;

pub use check::TemplateError;
pub use variables::DateFormat;
pub(super) use variables::{Letter, LetterItem};

/// Steps of the template engine for one text. A notice of 2,000 items takes some 300,000.
pub(super) const FUEL: u64 = 3_000_000;
/// Longest subject; longer ones are cut off by many mail programs and refused by some servers.
pub(super) const MAX_SUBJECT_CHARS: usize = 200;

/// The built-in wordings by name.
pub const BUILT_IN: [(&str, Sources<'static>); 2] = [
    (
        "overdue",
        Sources {
            subject: include_str!("wording/overdue.subject.txt"),
            text: include_str!("wording/overdue.body.txt"),
            html: include_str!("wording/overdue.body.html"),
        },
    ),
    (
        "overdue-without-titles",
        Sources {
            subject: include_str!("wording/overdue.subject.txt"),
            text: include_str!("wording/without-titles.body.txt"),
            html: include_str!("wording/without-titles.body.html"),
        },
    ),
];

/// The three texts of a template before they are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sources<'a> {
    pub subject: &'a str,
    pub text: &'a str,
    pub html: &'a str,
}

/// A compiled and checked wording.
pub struct Template {
    environment: Environment<'static>,
    dates: DateFormat,
    /// The subject speaks of single items.
    subject_has_items: bool,
}

/// The three texts of one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Template {
    /// A built-in wording; None if there is none of that name.
    pub fn built_in(name: &str, dates: DateFormat) -> Option<Result<Self, TemplateError>> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, sources)| Self::check(*sources, dates))
    }

    /// Compiles the texts and renders them with sample data.
    pub fn check(sources: Sources<'_>, dates: DateFormat) -> Result<Self, TemplateError> {
        let environment = engine::compile(sources)?;
        let subject_has_items = engine::names_used(&environment, engine::SUBJECT).contains("items");
        let template = Self { environment, dates, subject_has_items };
        check::check(&template)?;
        Ok(template)
    }

    /// The wording `base` with the files `subject.txt`, `body.txt` and `body.html` of `folder` in place of its own texts, as far
    /// as they are there.
    pub fn from_folder(folder: &Path, base: Sources<'_>, dates: DateFormat) -> Result<Self, TemplateError> {
        let own = |name: &str| match std::fs::read_to_string(folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TemplateError::Unreadable { file: folder.join(name), why: error.to_string() }),
        };
        let (subject, text, html) = (own("subject.txt")?, own("body.txt")?, own("body.html")?);
        let sources = Sources {
            subject: subject.as_deref().unwrap_or(base.subject),
            text: text.as_deref().unwrap_or(base.text),
            html: html.as_deref().unwrap_or(base.html),
        };
        Self::check(sources, dates)
    }

    /// The texts of one notice.
    pub(super) fn render(&self, letter: &Letter<'_>) -> Result<Rendered, TemplateError> {
        let value = variables::value(letter, self.dates);
        let part = |name| engine::render(&self.environment, name, &value);
        let in_subject = variables::subject_value(letter, self.dates, self.subject_has_items);
        let subject = engine::render(&self.environment, engine::SUBJECT, &in_subject)?;
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Rendered {
            subject: subject.chars().take(MAX_SUBJECT_CHARS).collect(),
            text: part(engine::TEXT)?,
            html: part(engine::HTML)?,
        })
    }
}

#[cfg(test)]
mod tests;

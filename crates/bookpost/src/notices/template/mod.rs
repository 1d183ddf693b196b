//! The wording of a notice: subject, plain text and HTML, as templates that a library may change.
//!
//! A template can read the variables of `variables` and nothing else: no files, no other templates, no functions, a short
//! list of filters, and so much work per text that an endless loop ends at once. It is compiled once and checked when it is
//! saved or loaded, with `samples` of every kind, so that a misspelt variable is found by the person who wrote it. The
//! subject is given no titles and no authors. A wording without HTML has it made of its text, by `marks`.
//!
//! This part knows nothing of mail messages: it makes three texts.

mod active;
mod bounded;
mod check;
mod engine;
mod free;
mod marks;
mod plain;
mod samples;
mod variables;

use std::{io, path::Path};

use minijinja::Environment;
use store::NoticeKind;

use super::Site;

pub use active::{Active, active, has_remote_pictures};
pub use check::{Near, TemplateError};
pub use free::{FreeError, FreeRendered, FreeTemplate, Part};
pub use variables::{DateFormat, ITEM_VARIABLES, VARIABLES};
pub(super) use variables::{Letter, LetterItem};

/// Steps of the template engine for one text. A notice of 2,000 items takes some 300,000.
pub(super) const FUEL: u64 = 3_000_000;
/// Steps for one text of a sample, of which none has more than five items: whoever tries a wording again and again keeps nobody waiting.
const TRIED_FUEL: u64 = 50_000;
/// Longest subject; longer ones are cut off by many mail programs and refused by some servers.
pub(super) const MAX_SUBJECT_CHARS: usize = 200;

const ALL_THREE: &str = "a wording of your own needs subject.txt, body.txt and body.html";
const ONE_MAIL: &str =
    "body.txt and body.html are the same mail for different mail programs: change both or neither";
const NOTHING: &str = "and neither body.txt nor body.html is there";

/// The wordings that the settings can choose, by name. All that are built in are in [`super::saved`].
pub const BUILT_IN: [(&str, Sources<'static>); 2] = [
    (
        "overdue",
        Sources {
            subject: include_str!("wording/overdue.subject.txt"),
            text: include_str!("wording/overdue.body.txt"),
            html: Some(include_str!("wording/overdue.body.html")),
        },
    ),
    (
        "overdue-without-titles",
        Sources {
            subject: include_str!("wording/overdue.subject.txt"),
            text: include_str!("wording/without-titles.body.txt"),
            html: Some(include_str!("wording/without-titles.body.html")),
        },
    ),
];

/// The three texts of a template before they are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sources<'a> {
    pub subject: &'a str,
    pub text: &'a str,
    /// `None`: it is made of the text.
    pub html: Option<&'a str>,
}

impl<'a> Sources<'a> {
    /// The texts with the names of their files.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        let html = self.html.map(|html| (engine::HTML, html));
        [(engine::SUBJECT, self.subject), (engine::TEXT, self.text)].into_iter().chain(html)
    }
}

/// A compiled and checked wording.
pub struct Template {
    environment: Environment<'static>,
    /// Where there is no HTML: the text once more, for what is made of it.
    marked: Option<Environment<'static>>,
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

/// A text as it stands in a mail, and the HTML that is made of it. What [`as_value`] gave stands in it as it is.
pub(super) fn of_marked(text: &str, dates: DateFormat, title: &str) -> (String, String) {
    (marks::plain(text), marks::page(text, dates.language(), title))
}

/// For [`of_marked`]: it makes no list, no link and no tag, whatever it is.
pub(super) fn as_value(text: &str) -> String {
    marks::value(text)
}

impl Template {
    /// A built-in wording; None if there is none of that name.
    pub fn built_in(name: &str, dates: DateFormat) -> Option<Result<Self, TemplateError>> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, sources)| Self::check(*sources, dates))
    }

    /// Compiles the texts and renders them with sample data.
    pub fn check(sources: Sources<'_>, dates: DateFormat) -> Result<Self, TemplateError> {
        let (environment, mut faults) = engine::compile(sources);
        let subject_has_items = engine::names_used(&environment, engine::SUBJECT).contains("items");
        let marked = sources.html.is_none().then(|| engine::marked(sources.text));
        let mut template = Self { environment, marked, dates, subject_has_items };
        faults.extend(check::faults(&template));
        template.environment.set_fuel(Some(FUEL));
        template.marked.iter_mut().for_each(|marked| marked.set_fuel(Some(FUEL)));
        TemplateError::all(faults).map_or(Ok(template), Err)
    }

    /// The wording of `folder`: its files `subject.txt`, `body.txt` and `body.html`. With a `base` the subject may be missing, or
    /// both bodies, and are then those of `base`.
    pub fn from_folder(
        folder: &Path,
        base: Option<Sources<'_>>,
        dates: DateFormat,
    ) -> Result<Self, TemplateError> {
        if !folder.is_dir() {
            return Err(TemplateError::NoFolder { folder: folder.to_owned() });
        }
        let own = |name: &str| match std::fs::read_to_string(folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TemplateError::Unreadable { file: folder.join(name), why: error.to_string() }),
        };
        let (subject, text, html) = (own(engine::SUBJECT)?, own(engine::TEXT)?, own(engine::HTML)?);
        let missing = |file: &str, why| TemplateError::NoFile { file: folder.join(file), why };
        // A text that is left to the built-in wording is seen by patrons all the same, and may name what the others leave out.
        let base = match (base, &subject, &text, &html) {
            (_, Some(_), Some(_), Some(_)) => None,
            (Some(_), _, Some(_), None) => return Err(missing(engine::HTML, ONE_MAIL)),
            (Some(_), _, None, Some(_)) => return Err(missing(engine::TEXT, ONE_MAIL)),
            (Some(_), None, None, None) => return Err(missing(engine::SUBJECT, NOTHING)),
            (Some(base), ..) => Some(base),
            (None, None, ..) => return Err(missing(engine::SUBJECT, ALL_THREE)),
            (None, _, None, _) => return Err(missing(engine::TEXT, ALL_THREE)),
            (None, ..) => return Err(missing(engine::HTML, ALL_THREE)),
        };
        let sources = Sources {
            subject: subject.as_deref().or(base.map(|base| base.subject)).unwrap_or(""),
            text: text.as_deref().or(base.map(|base| base.text)).unwrap_or(""),
            html: html.as_deref().or(base.and_then(|base| base.html)),
        };
        Self::check(sources, dates).map_err(|error| error.of_folder(folder))
    }

    /// One text of a notice.
    fn part(&self, file: &'static str, letter: &Letter<'_>) -> Result<String, TemplateError> {
        let value = match file {
            engine::SUBJECT => variables::subject_value(letter, self.dates, self.subject_has_items),
            _ => variables::value(letter, self.dates),
        };
        engine::render(&self.environment, file, &value)
    }

    /// A made-up notice of this kind and library, for whoever looks at the wording.
    pub fn sample(
        &self,
        kind: NoticeKind,
        site: Option<&Site>,
        without_titles: bool,
    ) -> Result<Rendered, TemplateError> {
        let mut letter = samples::shown(kind, site);
        if without_titles {
            letter.items.iter_mut().for_each(LetterItem::hide_title);
        }
        self.render(&letter)
    }

    /// The texts of one notice.
    pub(super) fn render(&self, letter: &Letter<'_>) -> Result<Rendered, TemplateError> {
        let value = variables::value(letter, self.dates);
        let part = |name| engine::render(&self.environment, name, &value);
        let made = |marked| {
            let text = engine::render(marked, engine::TEXT, &value)?;
            Ok((marks::plain(&text), marks::page(&text, self.dates.language(), letter.branch_name)))
        };
        let both = || Ok((part(engine::TEXT)?, part(engine::HTML)?));
        let (text, html) = self.marked.as_ref().map_or_else(both, made)?;
        let in_subject = variables::subject_value(letter, self.dates, self.subject_has_items);
        let subject = engine::render(&self.environment, engine::SUBJECT, &in_subject)?;
        let subject = subject.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Rendered { subject: subject.chars().take(MAX_SUBJECT_CHARS).collect(), text, html })
    }
}

#[cfg(test)]
mod tests;

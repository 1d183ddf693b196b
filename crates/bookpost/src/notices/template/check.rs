//! What can be wrong with a wording, told to the person who wrote it.

use std::{borrow::Cow, path::PathBuf};

use jiff::civil::date;
use minijinja::ErrorKind;

use super::{
    Template,
    engine::{HTML, SUBJECT, TEXT},
    variables::{ITEM_VARIABLES, Letter, LetterItem, VARIABLES},
};

/// A wording that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name that means nothing.
    #[error("{file}, line {line}: there is no \"{name}\"{}", near(.name))]
    UnknownVariable { file: &'static str, line: usize, name: String },
    /// The engine does not understand it.
    #[error("{file}, line {line}: {why}")]
    Wrong { file: &'static str, line: usize, why: String },
    /// A loop without an end, or near it.
    #[error("{file}, line {line}: the template does not come to an end; look at its loops")]
    Endless { file: &'static str, line: usize },
    /// Titles are seen on locked screens and in lists of mail.
    #[error("subject.txt: a subject must not name titles or authors; others can read it over a shoulder")]
    TitleInSubject,
    /// Nothing left.
    #[error("{file}: it comes out empty")]
    EmptyText { file: &'static str },
    /// A file of the folder cannot be read.
    #[error("{} cannot be read: {why}", file.display())]
    Unreadable { file: PathBuf, why: String },
}

impl TemplateError {
    /// The engine's error in our words.
    pub(super) fn of(file: &'static str, source: &str, error: &minijinja::Error) -> Self {
        let line = error.line().unwrap_or(1);
        let piece = error.range().and_then(|range| source.get(range)).unwrap_or("").trim();
        match error.kind() {
            ErrorKind::OutOfFuel => Self::Endless { file, line },
            ErrorKind::UndefinedError => {
                let name = last_name(piece);
                Self::UnknownVariable { file, line, name: name.to_owned() }
            }
            ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest => {
                let why = format!("{} is not available in notices", error.detail().unwrap_or(piece));
                Self::Wrong { file, line, why }
            }
            _ => Self::Wrong {
                file,
                line,
                why: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
            },
        }
    }
}

/// The name at the end of `item.titel`, or in `{{ titel }}`.
fn last_name(piece: &str) -> &str {
    let word = |c: char| !(c.is_alphanumeric() || c == '_');
    piece.trim_matches(word).rsplit(word).next().unwrap_or(piece)
}

/// " (did you mean ...?)" for a name that is nearly right.
fn near(name: &str) -> String {
    let known = VARIABLES.iter().chain(&ITEM_VARIABLES);
    let best = known
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .min()
        .filter(|(distance, _)| *distance <= 3.max(name.len() / 3));
    let meant: Cow<'_, str> =
        best.map_or(Cow::Borrowed(""), |(_, known)| format!(" (did you mean \"{known}\"?)").into());
    meant.into_owned()
}

const SAMPLE_TITLE: &str = "Zanzibar-Sampletitle";
const SAMPLE_AUTHOR: &str = "Quagga-Sampleauthor";

/// Renders a sample in which everything is known, and one in which little is.
pub(super) fn check(template: &Template) -> Result<(), TemplateError> {
    for file in [SUBJECT, TEXT, HTML] {
        unknown_names(template, file)?;
    }
    for full in [true, false] {
        let rendered = template.render(&sample(full))?;
        if [SAMPLE_TITLE, SAMPLE_AUTHOR].iter().any(|piece| rendered.subject.contains(piece)) {
            return Err(TemplateError::TitleInSubject);
        }
        for (file, text) in [(SUBJECT, &rendered.subject), (TEXT, &rendered.text), (HTML, &rendered.html)] {
            if text.trim().is_empty() {
                return Err(TemplateError::EmptyText { file });
            }
        }
    }
    Ok(())
}

/// Names in branches that no sample reaches.
fn unknown_names(template: &Template, file: &'static str) -> Result<(), TemplateError> {
    let Ok(compiled) = template.environment.get_template(file) else { return Ok(()) };
    let mut unknown: Vec<String> = compiled.undeclared_variables(false).into_iter().collect();
    unknown.retain(|name| !VARIABLES.contains(&name.as_str()));
    unknown.sort();
    let Some(name) = unknown.into_iter().next() else { return Ok(()) };
    let line = (1..)
        .zip(compiled.source().lines())
        .find(|(_, text)| text.contains(&name))
        .map_or(1, |(line, _)| line);
    Err(TemplateError::UnknownVariable { file, line, name })
}

fn sample(full: bool) -> Letter<'static> {
    let known = |text: &'static str| if full { text } else { "" };
    let item = LetterItem {
        title: SAMPLE_TITLE,
        author: known(SAMPLE_AUTHOR),
        barcode: known("39001000001"),
        call_number: known("FIC SAM"),
        due: full.then(|| date(2026, 11, 12)),
        checked_out: Some(date(2026, 10, 22)),
        price: known("18.50"),
        charge: known("0.40"),
        branch_name: known("Westside Library"),
    };
    Letter {
        branch_name: "Main Library",
        branch_code: "MAIN",
        branch_email: "desk@example.org",
        branch_phone: known("555-0100"),
        patron_name: known("Ngozi Okafor"),
        first_name: known("Ngozi"),
        family_name: known("Okafor"),
        patron_number: known("1042"),
        language: known("en"),
        items: vec![item],
    }
}

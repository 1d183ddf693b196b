//! What can be wrong with a wording, told to the person who wrote it.

use std::{
    collections::BTreeSet,
    ops::Range,
    path::{Path, PathBuf},
};

use minijinja::ErrorKind;

use super::{
    Active, Part, Template,
    engine::{HTML, SUBJECT, TEXT, names_used},
    samples,
    variables::{ITEM_VARIABLES, VARIABLES},
};

/// What an item has in the texts only.
const NOT_IN_SUBJECT: [&str; 2] = ["title", "author"];

/// A wording that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name that means nothing.
    #[error("{file}, line {line}: there is no \"{name}\"{}", near(.name))]
    UnknownVariable { file: &'static str, line: usize, column: usize, name: String },
    /// The engine does not understand it.
    #[error("{file}, line {line}: {why}")]
    Wrong { file: &'static str, line: usize, column: usize, why: String },
    /// A loop without an end, or near it.
    #[error("{file}, line {line}: the template does not come to an end; look at its loops")]
    Endless { file: &'static str, line: usize },
    /// Titles are seen on locked screens and in lists of mail.
    #[error("subject.txt: a subject must not name titles or authors; others can read it over a shoulder")]
    TitleInSubject,
    /// What no mail may have.
    #[error("{file}, line {line}: {}", active(*.what))]
    Active { file: &'static str, line: usize, column: usize, what: Active },
    /// More letters than a wording may have.
    #[error("{file}: it is too long")]
    TooLong { file: &'static str },
    /// Nothing left.
    #[error("{file}: it comes out empty")]
    EmptyText { file: &'static str },
    /// The folder that a wording must have when there is a folder of wordings.
    #[error(
        "there is no folder {}; with `notices.templates` set, each wording has its folder there, with subject.txt, body.txt and \
         body.html (`bookpost config sample --wording overdue` prints those that are built in)",
        folder.display()
    )]
    NoFolder { folder: PathBuf },
    /// A file that the folder must have.
    #[error("{} is missing: {why}", file.display())]
    NoFile { file: PathBuf, why: &'static str },
    /// What is wrong with a wording of a library's own.
    #[error("{}/{error}", folder.display())]
    Own { folder: PathBuf, error: Box<TemplateError> },
    /// A file of the folder cannot be read.
    #[error("{} cannot be read: {why}", file.display())]
    Unreadable { file: PathBuf, why: String },
    /// More than one thing, one a line.
    #[error("{}", lines(.0))]
    Several(Vec<TemplateError>),
}

fn active(what: Active) -> &'static str {
    match what {
        Active::Script => "a mail must not have a <script>",
        Active::Handler => "a mail must not have an attribute such as onclick=",
        Active::Link => "a mail must not have a link to javascript:",
    }
}

fn lines(faults: &[TemplateError]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl TemplateError {
    /// All that is wrong; None: nothing.
    pub(super) fn all(mut faults: Vec<Self>) -> Option<Self> {
        match faults.len() {
            0 | 1 => faults.pop(),
            _ => Some(Self::Several(faults)),
        }
    }

    /// Each by itself.
    pub fn each(&self) -> Vec<&Self> {
        match self {
            Self::Several(faults) => faults.iter().collect(),
            one => vec![one],
        }
    }

    /// Which of the texts it is about; those about no single one are told of the subject.
    pub fn part(&self) -> Part {
        match self {
            Self::UnknownVariable { file, .. }
            | Self::Wrong { file, .. }
            | Self::Endless { file, .. }
            | Self::Active { file, .. }
            | Self::TooLong { file }
            | Self::EmptyText { file } => Part::of_file(file),
            _ => Part::Subject,
        }
    }

    /// The same in a folder of a library's own.
    pub(super) fn of_folder(self, folder: &Path) -> Self {
        match self {
            Self::Several(faults) => {
                Self::Several(faults.into_iter().map(|fault| fault.of_folder(folder)).collect())
            }
            error => Self::Own { folder: folder.to_owned(), error: error.into() },
        }
    }

    /// Whether a person would mend both at once.
    fn is_about_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::UnknownVariable { name, .. }, Self::UnknownVariable { name: same, .. }) => name == same,
            _ => self == other,
        }
    }

    /// The engine's error in our words.
    pub(super) fn of(file: &'static str, source: &str, error: &minijinja::Error) -> Self {
        let line = error.line().unwrap_or(1);
        let column = error.range().map_or(1, |range| column(source, range.start));
        let piece = error.range().and_then(|range| source.get(range)).unwrap_or("").trim();
        match error.kind() {
            ErrorKind::OutOfFuel => Self::Endless { file, line },
            ErrorKind::UndefinedError => {
                let (expression, path) =
                    error.range().and_then(|range| around(source, &range)).unwrap_or((piece, piece));
                if file == SUBJECT && names(expression).any(|name| NOT_IN_SUBJECT.contains(&name)) {
                    return Self::TitleInSubject;
                }
                Self::UnknownVariable { file, line, column, name: last_name(path).to_owned() }
            }
            ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest => {
                let why = format!("{} is not available in notices", error.detail().unwrap_or(piece));
                Self::Wrong { file, line, column, why }
            }
            _ => Self::Wrong {
                file,
                line,
                column,
                why: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
            },
        }
    }
}

/// The expression or statement in which the engine found an undefined value at `range`, and the part of it that is undefined: what is
/// handed to a filter, where the range is the filter's name.
fn around<'a>(source: &'a str, range: &Range<usize>) -> Option<(&'a str, &'a str)> {
    let before = source.get(..range.start)?;
    let start = before.rfind("{{").max(before.rfind("{%")).map_or(0, |at| at + 2);
    let rest = source.get(start..)?;
    let end = ["}}", "%}"].into_iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(rest.len());
    let expression = rest.get(..end)?;
    let handed = source.get(start..range.start)?.trim_end().strip_suffix('|');
    Some((expression, handed.map_or_else(|| source.get(range.clone()), Some)?))
}

/// The names in an expression that are not those of filters.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    expression.split('|').enumerate().flat_map(|(nth, piece)| {
        let words = piece.split(|c: char| !is_of_name(c)).filter(|word| !word.is_empty());
        words.skip(usize::from(nth > 0))
    })
}

/// The name at the end of `item.titel`, or in `{{ titel }}`.
fn last_name(piece: &str) -> &str {
    let outside = |c: char| !is_of_name(c);
    piece.trim_matches(outside).rsplit(outside).next().unwrap_or(piece)
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What somebody may have meant by a name that means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Near {
    /// It is right inside the loop over the items.
    OfItem,
    /// This one.
    Name(&'static str),
    /// Nobody knows.
    Nothing,
}

impl Near {
    /// By how little it is wrong.
    pub fn to(name: &str) -> Self {
        if ITEM_VARIABLES.contains(&name) {
            return Self::OfItem;
        }
        let known = VARIABLES.into_iter().chain(ITEM_VARIABLES);
        let best = known
            .map(|known| (strsim::damerau_levenshtein(known, name), known))
            .min()
            .filter(|(distance, _)| *distance <= 3.max(name.len() / 3));
        best.map_or(Self::Nothing, |(_, known)| Self::Name(known))
    }
}

/// " (did you mean ...?)" for a name that is nearly right, or right in another place.
fn near(name: &str) -> String {
    match Near::to(name) {
        Near::OfItem => {
            format!(" here: it belongs to an item, as item.{name} inside {{% for item in items %}}")
        }
        Near::Name(known) => format!(" (did you mean \"{known}\"?)"),
        Near::Nothing => String::new(),
    }
}

/// Which letter of its line stands there, from 1.
fn column(source: &str, at: usize) -> usize {
    let before = source.get(..at).unwrap_or_default();
    before.rsplit('\n').next().unwrap_or_default().chars().count() + 1
}

/// What is wrong with the texts that the engine understands.
pub(super) fn faults(template: &Template) -> Vec<TemplateError> {
    [SUBJECT, TEXT, HTML].into_iter().flat_map(|file| faults_of(template, file)).collect()
}

/// Names that mean nothing, wherever they stand, and what comes of rendering every [`samples::all`].
fn faults_of(template: &Template, file: &'static str) -> Vec<TemplateError> {
    let Ok(compiled) = template.environment.get_template(file) else { return Vec::new() };
    let mut faults = unknown_names(template, file, compiled.source());
    for letter in samples::all() {
        let fault = match template.part(file, &letter) {
            Ok(text) if text.trim().is_empty() => TemplateError::EmptyText { file },
            Ok(_) => continue,
            Err(error) => error,
        };
        let endless = matches!(fault, TemplateError::Endless { .. });
        if !faults.iter().any(|known| known.is_about_the_same(&fault)) {
            faults.push(fault);
        }
        if endless {
            break;
        }
    }
    faults
}

/// Names in branches that no sample reaches, too.
fn unknown_names(template: &Template, file: &'static str, source: &str) -> Vec<TemplateError> {
    let unknown = names_used(&template.environment, file).into_iter();
    let unknown: BTreeSet<String> = unknown.filter(|name| !VARIABLES.contains(&name.as_str())).collect();
    let mut faults = Vec::new();
    for name in unknown {
        let at = source.find(&name).unwrap_or(0);
        let line = source.get(..at).unwrap_or_default().matches('\n').count() + 1;
        let fault = if file == SUBJECT && NOT_IN_SUBJECT.contains(&name.as_str()) {
            TemplateError::TitleInSubject
        } else {
            TemplateError::UnknownVariable { file, line, column: column(source, at), name }
        };
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    faults
}

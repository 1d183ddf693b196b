//! The settings as they are written: the preferences that people set, with the file laid over them and the environment over that, and the
//! place of each for messages.
//!
//! There is no list of known keys beside the code that reads them: what nobody asked for is unknown, and is refused with
//! the nearest name that somebody did ask for.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    path::PathBuf,
};

use serde::{Deserialize, Serialize};
use toml::{
    Spanned, Table, Value,
    de::{DeTable, DeValue},
};

use super::{Problem, Problems, Surroundings, Wrong, setting::Setting, surroundings::PREFIX};

/// The settings as written, the keys that were asked for, and what was found wrong so far.
pub(super) struct Raw {
    file: Option<PathBuf>,
    table: Value,
    /// Line of each key of the file, by path (`sites.0.email`).
    lines: BTreeMap<String, usize>,
    /// Variable or option and its text, by the path that it sets.
    from_environment: BTreeMap<String, (String, String)>,
    /// Preferences that neither file nor environment sets.
    from_preferences: BTreeSet<String>,
    asked: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Raw {
    /// Reads `text` as TOML and lays the environment's settings over it. `BOOKPOST_SENDING__WAY` sets `sending.way`. Below both lie
    /// the preferences.
    pub(super) fn parse(
        text: &str,
        file: Option<PathBuf>,
        around: &Surroundings,
        preferences: &BTreeMap<String, String>,
    ) -> Result<Self, Problems> {
        let syntax = |error: &toml::de::Error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            let name = file.as_deref().map_or_else(String::new, |file| file.display().to_string());
            Problem::new(
                format!("this is not TOML: {}", error.message()),
                format!("{name}, line {line}"),
                "compare with `bookpost config sample`",
            )
        };
        let table: Table = text.parse().map_err(|error| syntax(&error))?;
        let spanned = DeTable::parse(text).map_err(|error| syntax(&error))?;
        let mut lines = BTreeMap::new();
        note_lines(text, "", spanned.get_ref(), &mut lines);
        let mut raw = Self {
            file,
            table: Value::Table(table),
            lines,
            from_environment: BTreeMap::new(),
            from_preferences: BTreeSet::new(),
            asked: BTreeSet::new(),
            problems: Vec::new(),
        };
        let passwords = raw.password_variables();
        for (name, value) in around.settings().filter(|(name, _)| !passwords.contains(*name)) {
            let path = name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase().replace("__", ".");
            raw.lay_over(&path, format!("the environment, {name}"), value);
        }
        for (path, value) in around.options() {
            raw.lay_over(path, format!("the command line, --{path}"), value);
        }
        for (path, value) in preferences {
            raw.lay_under(path, value);
        }
        Ok(raw)
    }

    /// Whether nothing is set in the section at `path` but this one.
    pub(super) fn has_only(&self, path: &str, key: &str) -> bool {
        let section = self.value(path).and_then(Value::as_table);
        section.is_some_and(|section| section.len() == 1 && section.contains_key(key))
    }

    /// The setting at `path`; a wrong one is noted as a problem and counts as absent.
    pub(super) fn get<T: Setting>(&mut self, path: &str) -> Option<T> {
        self.asked.insert(path.to_owned());
        let value = self.value(path)?;
        // The environment has texts only: where a text is wanted, `1234` is one.
        let as_text = self.from_environment.get(path).map(|(_, text)| T::read(&Value::String(text.clone())));
        let read = match as_text {
            Some(Ok(read)) => Ok(read),
            _ => T::read(value),
        };
        read.map_err(|why| {
            let detail = if why.is_empty() { String::new() } else { format!(" ({why})") };
            self.wrong(
                Wrong::Unreadable,
                path,
                format!("`{path}` must be {}{detail}", T::EXPECTS),
                format!("write {}", T::EXPECTS),
            );
        })
        .ok()
    }

    /// The setting at `path`, without which nothing works.
    pub(super) fn need<T: Setting>(&mut self, path: &str, why: &str) -> Option<T> {
        let absent = self.value(path).is_none();
        let found = self.get(path);
        if absent {
            self.problem(path, format!("`{path}` is missing: {why}"), format!("set it to {}", T::EXPECTS));
        }
        found
    }

    /// The number at `path`, `usual` without one; one outside `range` is a problem.
    pub(super) fn get_within(&mut self, path: &str, usual: u64, range: RangeInclusive<u64>) -> u64 {
        let number = self.get(path).unwrap_or(usual);
        if range.contains(&number) {
            return number;
        }
        let (least, most) = range.into_inner();
        let todo = format!("choose a number from {least} to {most}");
        self.wrong(Wrong::OutOfRange { least, most }, path, format!("`{path}` is {number}"), todo);
        usual
    }

    /// The secret at `path` as it was sealed, if it is a preference.
    pub(super) fn sealed(&mut self, path: &str) -> Option<String> {
        let value = self.value(path).filter(|_| self.from_preferences.contains(path))?;
        let sealed = value.get(SEALED)?.as_str()?.to_owned();
        self.asked.insert(path.to_owned());
        Some(sealed)
    }

    /// Where the setting at `path` comes from; of a list or a section, where it was set last.
    pub(super) fn origin(&self, path: &str) -> Origin {
        let place = || self.place(path);
        match self.value(path) {
            None => Origin::Usual,
            Some(_) if self.from_preferences.contains(path) => Origin::Preferences,
            Some(_) if self.overlaid(path).is_some() => Origin::Environment(place()),
            Some(_) => Origin::File(place()),
        }
    }

    /// What stands at `path`, as JSON.
    pub(super) fn json(&self, path: &str) -> Option<serde_json::Value> {
        serde_json::to_value(self.value(path)?).ok()
    }

    /// Whether something stands at `path`, right or wrong.
    pub(super) fn has(&self, path: &str) -> bool {
        self.value(path).is_some()
    }

    /// How many entries the list at `path` has.
    pub(super) fn count(&mut self, path: &str) -> usize {
        match self.value(path) {
            None => 0,
            Some(Value::Array(list)) => list.len(),
            Some(_) => {
                self.asked.insert(path.to_owned());
                self.problem(path, format!("`{path}` must be a list"), format!("write each as [[{path}]]"));
                0
            }
        }
    }

    /// Notes a problem with the setting at `path`.
    pub(super) fn problem(&mut self, path: &str, what: impl Into<String>, todo: impl Into<String>) {
        self.wrong(Wrong::Other, path, what, todo);
    }

    pub(super) fn wrong(
        &mut self,
        wrong: Wrong,
        path: &str,
        what: impl Into<String>,
        todo: impl Into<String>,
    ) {
        let at = self.place(path);
        self.problems.push(Problem { setting: path.to_owned(), wrong, ..Problem::new(what, at, todo) });
    }

    /// Where `path` is set, or where it would be.
    fn place(&self, path: &str) -> String {
        if let Some((place, _)) = self.overlaid(path) {
            return place.clone();
        }
        if self.is_preference(path) {
            return on_page(path);
        }
        let file = self.file.as_ref().map(|file| file.display().to_string());
        let mut of = Some(path);
        while let Some(part) = of {
            if let (Some(file), Some(line)) = (&file, self.lines.get(part)) {
                return format!("{file}, line {line}");
            }
            of = part.rsplit_once('.').map(|(parent, _)| parent);
        }
        file.unwrap_or_else(|| PAGE.to_owned())
    }

    fn is_preference(&self, path: &str) -> bool {
        path.match_indices('.')
            .map(|(at, _)| path.get(..at).unwrap_or(path))
            .chain([path])
            .any(|part| self.from_preferences.contains(part))
    }

    fn overlaid(&self, path: &str) -> Option<&(String, String)> {
        let parents = path.match_indices('.').map(|(at, _)| path.get(..at).unwrap_or(path));
        std::iter::once(path).chain(parents).find_map(|part| self.from_environment.get(part))
    }

    /// Notes every key of file and environment that nobody asked for. Those of preferences come back: a later version of the program may
    /// have stored them, and mail does not wait because of that.
    pub(super) fn refuse_unknown(&mut self) -> Vec<Problem> {
        let mut unknown = Vec::new();
        find_unknown("", &self.table, &self.asked, &mut unknown);
        let (stored, written): (Vec<_>, Vec<_>) = unknown.into_iter().partition(|path| self.is_stored(path));
        for path in written {
            let near = nearest(&path, &self.asked);
            let todo = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "remove it; `bookpost config sample` shows every setting".to_owned(),
            };
            self.problem(&path, format!("there is no setting `{path}`"), todo);
        }
        stored.iter().map(|path| self.unknown_here(path)).collect()
    }

    fn unknown_here(&self, path: &str) -> Problem {
        let what = format!("this version of Bookpost does not know the stored setting `{path}`");
        let todo = "it does nothing here; use the version that stored it, or leave it";
        Problem { setting: path.to_owned(), ..Problem::new(what, self.place(path), todo) }
    }

    /// Whether preferences say it, and nobody else says anything of it.
    fn is_stored(&self, path: &str) -> bool {
        let is_beneath =
            |one: &String| one == path || one.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        let is_written = self.lines.keys().chain(self.from_environment.keys()).any(is_beneath);
        self.is_preference(path) || (!is_written && self.from_preferences.iter().any(is_beneath))
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// All keys that were asked for.
    pub(super) fn asked(&self) -> &BTreeSet<String> {
        &self.asked
    }

    fn value(&self, path: &str) -> Option<&Value> {
        path.split('.').try_fold(&self.table, |value, part| match value {
            Value::Array(list) => list.get(part.parse::<usize>().ok()?),
            other => other.get(part),
        })
    }

    /// Variables that are passwords by the file's own word are no settings.
    fn password_variables(&self) -> BTreeSet<String> {
        [
            "server1.password_env",
            "server2.password_env",
            "google.client_secret_env",
            "microsoft.client_secret_env",
            "sign_in_service.key_env",
        ]
        .into_iter()
        .filter_map(|path| self.value(path)?.as_str().map(str::to_owned))
        .collect()
    }

    /// `place` says to people where it stands.
    fn lay_over(&mut self, path: &str, place: String, text: &str) {
        let value = format!("v = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("v"));
        let value = value.unwrap_or_else(|| Value::String(text.to_owned()));
        let Some((table, key)) = self.place_for(path) else { return };
        table.insert(key, value);
        self.from_environment.insert(path.to_owned(), (place, text.to_owned()));
    }

    /// A preference counts where nothing else is said.
    fn lay_under(&mut self, path: &str, json: &str) {
        // A secret is named where it is, and then is not here.
        let elsewhere =
            ["_file", "_env", "_credential"].iter().any(|place| self.has(&format!("{path}{place}")));
        if self.value(path).is_some() || self.overlaid(path).is_some() || elsewhere {
            return;
        }
        let Ok(value) = serde_json::from_str::<Value>(json) else {
            tracing::error!(setting = path, "a stored preference cannot be read; the usual value holds");
            return;
        };
        let Some((table, key)) = self.place_for(path) else { return };
        table.insert(key, value);
        self.from_preferences.insert(path.to_owned());
    }

    /// The table in which `path` stands, made with all above it, and its key there. None: something else stands in the way.
    fn place_for(&mut self, path: &str) -> Option<(&mut Table, String)> {
        let (parents, key) =
            path.rsplit_once('.').map_or((None, path), |(parents, key)| (Some(parents), key));
        let mut at = &mut self.table;
        for part in parents.into_iter().flat_map(|parents| parents.split('.')) {
            let Value::Table(table) = at else { return None };
            at = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
        }
        if let Value::Table(table) = at { Some((table, key.to_owned())) } else { None }
    }
}

/// Where people set preferences.
const PAGE: &str = "Preferences > Setup > Email";
/// Where they change libraries, which are one preference.
const LIBRARIES: &str = "Preferences > Libraries";

/// The preference at `path` by its name, for whoever set it by a command, and its page.
fn on_page(path: &str) -> String {
    if path == "sites" || path.starts_with("sites.") {
        LIBRARIES.to_owned()
    } else {
        format!("{PAGE} (`{path}`)")
    }
}

/// The key under which a secret stands that was sealed.
pub(super) const SEALED: &str = "sealed";

/// Where a setting comes from, with the place for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It is not set.
    Usual,
    /// People set it while the program runs.
    Preferences,
    /// File and line.
    File(String),
    /// The variable.
    Environment(String),
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn below(parent: &str, key: &str) -> String {
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

fn note_lines(text: &str, parent: &str, table: &DeTable<'_>, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let path = below(parent, key.get_ref());
        lines.insert(path.clone(), line_of(text, key.span().start));
        note_value(text, &path, value, lines);
    }
}

fn note_value(text: &str, path: &str, value: &Spanned<DeValue<'_>>, lines: &mut BTreeMap<String, usize>) {
    match value.get_ref() {
        DeValue::Table(table) => note_lines(text, path, table, lines),
        DeValue::Array(list) => {
            for (at, entry) in list.iter().enumerate() {
                let path = below(path, &at.to_string());
                lines.insert(path.clone(), line_of(text, entry.span().start));
                note_value(text, &path, entry, lines);
            }
        }
        _ => {}
    }
}

fn find_unknown(path: &str, value: &Value, asked: &BTreeSet<String>, unknown: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(key, value)| (below(path, key), value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(at, v)| (below(path, &at.to_string()), v)).collect()
        }
        _ => Vec::new(),
    };
    for (path, value) in children.into_iter().filter(|(path, _)| !asked.contains(path)) {
        let prefix = format!("{path}.");
        if asked.iter().any(|known| known.starts_with(&prefix)) && (value.is_table() || value.is_array()) {
            find_unknown(&path, value, asked, unknown);
        } else {
            unknown.push(path);
        }
    }
}

/// The asked key that `path` was probably meant to be: the most alike, and alike enough.
fn nearest<'a>(path: &str, asked: &'a BTreeSet<String>) -> Option<&'a str> {
    let likeness = |known: &&str| strsim::jaro_winkler(path, known);
    let same_key = |known: &&str| known.rsplit('.').next() == path.rsplit('.').next();
    // A section is compared with sections, a key with keys.
    let depth = path.matches('.').count();
    let cut = |known: &'a str| {
        known.match_indices('.').nth(depth).map_or(known, |(at, _)| known.get(..at).unwrap_or(known))
    };
    let names = || asked.iter().map(|known| cut(known)).filter(|known| *known != path);
    let elsewhere = || asked.iter().map(String::as_str).find(same_key);
    let nearest = names().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    names().find(same_key).or_else(elsewhere).or(Some(nearest).filter(|near| likeness(near) > 0.85))
}

//! What the columns of a file are: asked where they are not known, remembered for everybody, and forgotten again. Whoever is limited to some
//! libraries says it for a file of theirs only.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Router,
    extract::{Path, RawQuery},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use store::{Error, KnownColumns};

use super::{
    check::{Asking, options},
    fields, path, theirs, unread,
};
use crate::{
    app::{
        exports::ExportId,
        notice_run::{CheckError, Options},
    },
    notices::import::{Column, Columns, ColumnsError, EMAIL, GUARDIAN, Head, Needed, TEACHER},
    web::pages::{
        Pages,
        field::Choice,
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page_as},
        not_here,
        visit::Visit,
        words::Words,
    },
};

/// What a column can be, in the order in which it is offered.
const MEANINGS: [(&str, &str); 19] = [
    (EMAIL, "meaning-email"),
    (GUARDIAN, "meaning-guardian-email"),
    (TEACHER, "meaning-teacher-email"),
    ("patron_name", "meaning-patron-name"),
    ("first_name", "meaning-first-name"),
    ("family_name", "meaning-family-name"),
    ("patron_number", "meaning-patron-number"),
    ("patron_id", "meaning-patron-id"),
    ("title", "meaning-title"),
    ("author", "meaning-author"),
    ("item_barcode", "meaning-item-barcode"),
    ("due", "meaning-due"),
    ("checked_out", "meaning-checked-out"),
    ("branch", "meaning-branch"),
    ("language", "meaning-language"),
    ("call_number", "meaning-call-number"),
    ("item_number", "meaning-item-number"),
    ("price", "meaning-price"),
    ("charge", "meaning-charge"),
];

/// What a form says, beside what was settled about the file before: `m0` is what the first column is.
type Pairs = Vec<(String, String)>;

#[derive(Template)]
#[template(path = "notices_columns.html")]
struct Asked {
    f: Frame,
    id: String,
    name: String,
    problem: Option<String>,
    needed: String,
    /// For whom it holds.
    holds: String,
    columns: Vec<Line>,
    options: Asking,
    kept: Vec<(&'static str, String)>,
}

/// A column.
struct Line {
    /// Its place among those that are asked about.
    n: usize,
    name: String,
    values: String,
    is_secret: bool,
    choices: Vec<Choice>,
    problem: Option<String>,
}

/// What was said of a file's columns, for its page.
pub(super) struct Said {
    pub(super) by: String,
    /// What, and the columns that are it.
    pub(super) columns: Vec<(String, String)>,
    pub(super) may_forget: bool,
}

/// What is wrong with what was chosen.
enum Wrong {
    Missing(Vec<Needed>),
    Twice(String),
}

/// What is answered here.
pub(in crate::web::pages) fn routes() -> Router<Pages> {
    Router::new()
        .route("/notices/check/{id}/columns", get(ask).post(choose))
        .route("/notices/check/{id}/columns/forget", post(forget))
}

/// The page on which it is asked.
async fn ask(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Response {
    let (id, uploaded) = match theirs(&visit, &id).await {
        Ok(theirs) => theirs,
        Err(response) => return response,
    };
    asked(&visit, &id, &uploaded.name, &Options::in_query(query.as_deref())).await
}

/// The page, for a file of which the columns are not known or are to be changed.
pub(super) async fn asked(visit: &Visit, id: &ExportId, name: &str, options: &Options) -> Response {
    match visit.pages.sources.notices.head(id, options).await {
        Ok(head) => page(visit, id, name, options, &head, None).await,
        Err(error) => failed(visit, id, name, options, error).await,
    }
}

/// Others' files may be among those with the same columns.
fn may_say_for_all(visit: &Visit) -> bool {
    visit.sites().is_empty()
}

/// They are used as they were said to be, and so are those of all files like it, if that may be said.
async fn choose(Path(id): Path<String>, Posted { visit, form }: Posted<Pairs>) -> Response {
    let (id, uploaded) = match theirs(&visit, &id).await {
        Ok(theirs) => theirs,
        Err(response) => return response,
    };
    let options = Options::of_pairs(&form);
    let mut head = match visit.pages.sources.notices.head(&id, &options).await {
        Ok(head) => head,
        Err(error) => return failed(&visit, &id, &uploaded.name, &options, error).await,
    };
    take(&mut head, &form);
    let columns = match chosen(&head) {
        Ok(columns) => columns,
        Err(wrong) => return page(&visit, &id, &uploaded.name, &options, &head, Some(wrong)).await,
    };
    if !may_say_for_all(&visit) {
        // All pages about the file carry it along.
        let own = Options { columns: serde_json::to_string(&columns).unwrap_or_default(), ..options };
        return Redirect::to(&path(id.text(), "", &own, "")).into_response();
    }
    let options = Options { columns: String::new(), ..options };
    let (store, now) = (&visit.pages.sources.store, visit.clockwork.now);
    let kept = store.remember_columns(head.shape, columns.chosen(), visit.actor(), now).await;
    led_on(&visit, &id, &options, Done::ColumnsKept, kept)
}

/// What was said of them holds no more.
async fn forget(Path(id): Path<String>, Posted { visit, form }: Posted<Pairs>) -> Response {
    let (id, uploaded) = match theirs(&visit, &id).await {
        Ok(theirs) => theirs,
        Err(response) => return response,
    };
    if !may_say_for_all(&visit) {
        return not_here::not_allowed(visit.words());
    }
    let options = Options { columns: String::new(), ..Options::of_pairs(&form) };
    let head = match visit.pages.sources.notices.head(&id, &options).await {
        Ok(head) => head,
        Err(error) => return failed(&visit, &id, &uploaded.name, &options, error).await,
    };
    let (store, now) = (&visit.pages.sources.store, visit.clockwork.now);
    let forgotten = store.forget_columns(head.shape, visit.actor(), now).await;
    led_on(&visit, &id, &options, Done::ColumnsForgotten, forgotten.map(|_| ()))
}

/// What was said of this file, or of all files with these columns.
pub(super) async fn said(visit: &Visit, shape: &str, settled: &Options) -> Result<Option<Said>, Error> {
    let words = visit.words();
    if let Some(own) = settled.own_columns() {
        let (by, columns) = (words.t("columns-own"), listed(words, &own.chosen()));
        return Ok(Some(Said { by, columns, may_forget: false }));
    }
    let known = visit.pages.sources.store.known_columns().await?;
    let said = |known: KnownColumns| Said {
        by: words.with(
            "columns-by",
            &[("who", &words.actor(&known.chosen_by)), ("when", &visit.clockwork.text(known.chosen_at))],
        ),
        columns: listed(words, &known.chosen),
        may_forget: may_say_for_all(visit),
    };
    Ok(known.into_iter().find(|known| known.shape == shape).map(said))
}

/// Each meaning in words, with the columns that are it.
fn listed(words: &Words, chosen: &BTreeMap<String, Vec<String>>) -> Vec<(String, String)> {
    let line = |(what, key): &(&str, &str)| Some((words.t(key), chosen.get(*what)?.join(", ")));
    MEANINGS.iter().filter_map(line).collect()
}

/// What a column can be, in words.
pub(in crate::web::pages) fn meaning(words: &Words, meaning: &str) -> String {
    let key = MEANINGS.iter().find(|(known, _)| *known == meaning);
    key.map_or_else(|| meaning.to_owned(), |(_, key)| words.t(key))
}

/// What is needed, in words.
pub(super) fn needed(words: &Words, needed: Needed) -> String {
    words.t(match needed {
        Needed::Email => "needed-email",
        Needed::Patron => "needed-patron",
        Needed::Item => "needed-item",
        Needed::Date => "needed-date",
        Needed::Charge => "needed-charge",
    })
}

async fn failed(visit: &Visit, id: &ExportId, name: &str, options: &Options, error: CheckError) -> Response {
    match error {
        CheckError::Gone => not_here::not_found(visit.words()),
        CheckError::Store(error) => not_here::of(&error, visit),
        CheckError::Unready(why) => unread::page(visit, id.text(), name, options, &why).await,
    }
}

fn led_on(
    visit: &Visit,
    id: &ExportId,
    options: &Options,
    done: Done,
    result: Result<(), Error>,
) -> Response {
    match result {
        Ok(()) => Redirect::to(&flash::told(&path(id.text(), "", options, ""), done, None)).into_response(),
        Err(error) => not_here::of(&error, visit),
    }
}

/// Puts what the form says in the place of what was guessed.
fn take(head: &mut Head, form: &Pairs) {
    let said: BTreeMap<&str, &str> =
        form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (n, column) in head.columns.iter_mut().enumerate() {
        let said = said.get(format!("m{n}").as_str());
        let known = MEANINGS.iter().find(|(meaning, _)| said == Some(meaning));
        column.meaning = known.map(|(meaning, _)| *meaning).filter(|_| !column.is_secret);
    }
}

fn chosen(head: &Head) -> Result<Columns, Wrong> {
    let pairs = head.columns.iter().filter_map(|one| Some((one.meaning?, one.key.as_str())));
    let columns = Columns::new(pairs).map_err(|error| match error {
        ColumnsError::Twice { meaning, .. } | ColumnsError::NoMeaning { meaning } => Wrong::Twice(meaning),
        ColumnsError::NoPair { part } => Wrong::Twice(part),
    })?;
    let missing = columns.missing(head.kind);
    if missing.is_empty() { Ok(columns) } else { Err(Wrong::Missing(missing)) }
}

async fn page(
    visit: &Visit,
    id: &ExportId,
    name: &str,
    settled: &Options,
    head: &Head,
    wrong: Option<Wrong>,
) -> Response {
    let f = match Frame::around(visit, Place::Notices).await {
        Ok(f) => f,
        Err(error) => return not_here::of(&error, visit),
    };
    let words = visit.words();
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (problem, twice) = match wrong {
        None => (None, None),
        Some(Wrong::Missing(missing)) => {
            let missing: Vec<String> = missing.into_iter().map(|one| needed(words, one)).collect();
            (Some(words.with("columns-missing", &[("missing", &missing.join("; "))])), None)
        }
        Some(Wrong::Twice(twice)) => {
            let text = words.with("columns-twice", &[("meaning", &meaning(words, &twice))]);
            (Some(text), Some(twice))
        }
    };
    let line = |(n, column): (usize, &Column)| Line {
        n,
        name: column.name.clone(),
        values: column.values.join(" · "),
        is_secret: column.is_secret,
        choices: choices(words, column),
        problem: problem.clone().filter(|_| twice.is_some() && twice.as_deref() == column.meaning),
    };
    let all = Needed::for_notice(head.kind).into_iter();
    let asked = Asked {
        f,
        id: id.text().to_owned(),
        name: name.to_owned(),
        holds: words.t(if may_say_for_all(visit) { "columns-kept" } else { "columns-kept-own" }),
        needed: all.map(|one| needed(words, one)).collect::<Vec<_>>().join("; "),
        columns: head.columns.iter().enumerate().map(line).collect(),
        options: options(visit, settled, head.sheets.as_ref().map(|sheets| &*sheets.all)),
        kept: fields(settled),
        problem,
    };
    page_as(status, &asked)
}

fn choices(words: &Words, column: &Column) -> Vec<Choice> {
    let choice =
        |value: &str, key: &str, chosen: bool| Choice { value: value.to_owned(), text: words.t(key), chosen };
    let none = choice("", "columns-not-used", column.meaning.is_none());
    let others = MEANINGS.map(|(meaning, key)| choice(meaning, key, column.meaning == Some(meaning)));
    std::iter::once(none).chain(others).collect()
}

impl Options {
    pub(super) fn of_pairs(pairs: &Pairs) -> Self {
        let said = |wanted: &str| {
            let found = pairs.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        Self {
            dates: said("dates"),
            encoding: said("encoding"),
            sheet: said("sheet"),
            site: said("site"),
            columns: said("columns"),
            notice: said("notice"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_column_can_be_is_offered() {
        let mut offered = MEANINGS.map(|(meaning, _)| meaning);
        let mut known: Vec<_> = Columns::meanings().collect();
        offered.sort_unstable();
        known.sort_unstable();
        assert_eq!(offered.as_slice(), known);
    }
}

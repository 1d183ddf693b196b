//! Why a file could not be read, in a librarian's words, and what settles it.

use askama::Template;
use axum::{http::StatusCode, response::Response};

use super::{
    check::{Asking, ORDERS, dated, options, runnable},
    columns::needed,
    path, saved,
};
use crate::{
    app::notice_run::{Options, Unready, notices},
    notices::{
        ImportError,
        import::{DateOrder, OtherKind},
    },
    web::pages::{
        frame::{Frame, Place, page_as},
        not_here,
        visit::Visit,
        words::Words,
    },
};

#[derive(Template)]
#[template(path = "notices_unread.html")]
struct Unread {
    f: Frame,
    id: String,
    name: String,
    what: String,
    todo: String,
    /// Where another notice is chosen, and where this one is switched on.
    notices: Vec<(String, String)>,
    /// A date, and how it reads in each order.
    readings: Vec<Reading>,
    /// In English, for whoever looks after Bookpost.
    details: String,
    options: Asking,
}

/// One way to read the dates of the file.
struct Reading {
    order: String,
    as_date: String,
    href: String,
}

impl Unread {
    /// For whoever does not see what a button stands under.
    fn choose(&self, one: &Reading) -> String {
        format!("{}: {} {}", self.f.words.t("unread-choose"), one.order, one.as_date)
    }
}

/// The page.
pub(super) async fn page(visit: &Visit, id: &str, name: &str, chosen: &Options, why: &Unready) -> Response {
    let f = match Frame::around(visit, Place::Notices).await {
        Ok(f) => f,
        Err(error) => return not_here::of(&error, visit),
    };
    let words = visit.words();
    let (what, todo, details) = match why {
        Unready::Import(error) => {
            let (what, todo) = said(words, error);
            (what, todo, error.to_string())
        }
        Unready::Off(slug) => {
            let name = named(visit, slug).await;
            (words.with("unread-off", &[("name", &name)]), words.t("unread-off-do"), String::new())
        }
        Unready::NotWhole => (words.t("unread-not-whole"), words.t("unread-not-whole-do"), String::new()),
        Unready::Other(_, message) => (words.t("unread-other"), words.t("unread-other-do"), message.clone()),
    };
    let readings = match why {
        Unready::Import(error) => readings(visit, id, chosen, error),
        Unready::NotWhole | Unready::Off(_) | Unready::Other(..) => Vec::new(),
    };
    // Of those that there are another one can be chosen.
    let sheets = match why {
        Unready::Import(ImportError::NoSuchSheet { sheets, .. }) => Some(sheets.as_slice()),
        _ => None,
    };
    let (id, name, options) = (id.to_owned(), name.to_owned(), options(visit, chosen, sheets));
    let notices = match why {
        Unready::Off(slug) => others(visit, &id, slug, chosen).await,
        _ => Vec::new(),
    };
    let unread = Unread { f, id, name, what, todo, notices, readings, details, options };
    page_as(StatusCode::UNPROCESSABLE_ENTITY, &unread)
}

/// What people call a notice.
async fn named(visit: &Visit, slug: &str) -> String {
    let all = notices(&visit.pages.sources.store).await.unwrap_or_default();
    let found = all.iter().find(|notice| notice.slug == slug);
    found.map_or_else(|| slug.to_owned(), |notice| saved::name(visit.words(), notice))
}

/// What leads on where a notice is switched off: its own page, and those that are on.
async fn others(visit: &Visit, id: &str, slug: &str, chosen: &Options) -> Vec<(String, String)> {
    let words = visit.words();
    let own = (format!("/notices/saved/{slug}"), words.t("unread-off-switch"));
    let on = runnable(visit, slug).await.unwrap_or_default().into_iter().map(|choice| {
        let options = Options { notice: choice.value, ..chosen.clone() };
        (path(id, "", &options, ""), words.with("unread-off-instead", &[("name", &choice.text)]))
    });
    std::iter::once(own).chain(on).collect()
}

/// What is wrong, and what is done about it.
fn said(words: &Words, error: &ImportError) -> (String, String) {
    let line = |n: u64| words.number(n);
    match error {
        ImportError::Empty => (words.t("unread-empty"), words.t("unread-empty-do")),
        ImportError::NotAnExport(kind) => {
            let what = other(words, *kind);
            let todo = words.t(match kind {
                OtherKind::BinaryWorkbook | OtherKind::OpenDocument | OtherKind::OldOffice => {
                    "unread-save-as-do"
                }
                OtherKind::Locked => "unread-locked-do",
                OtherKind::Compressed => "unread-compressed-do",
                _ => "unread-kind-do",
            });
            (words.with("unread-kind", &[("kind", &what)]), todo)
        }
        ImportError::TooLarge | ImportError::TooManyRows => {
            (words.t("unread-large"), words.t("unread-large-do"))
        }
        ImportError::WorkbookTooLarge => (words.t("unread-large"), words.t("unread-workbook-large-do")),
        ImportError::DamagedWorkbook => (words.t("unread-damaged"), words.t("unread-damaged-do")),
        ImportError::NoNamesInWorkbook => (words.t("unread-no-sheet"), words.t("unread-no-sheet-do")),
        ImportError::NoSuchSheet { said, sheets } => {
            let parts = [("said", &**said), ("sheets", &*sheets.join(", "))];
            (words.with("unread-sheet", &parts), words.t("unread-sheet-do"))
        }
        ImportError::NoNames => (words.t("unread-no-names"), words.t("unread-no-names-do")),
        ImportError::NoTable => (words.t("unread-no-table"), words.t("unread-large-do")),
        // These are asked about, not told.
        ImportError::UnknownColumns { missing, seen } => {
            let missing: Vec<String> = missing.iter().map(|one| needed(words, *one)).collect();
            let parts = [("missing", &*missing.join("; ")), ("seen", &**seen)];
            (words.with("unread-columns", &parts), words.t("unread-columns-do"))
        }
        ImportError::DuplicateColumn { name } | ImportError::NoSuchColumn { name, .. } => {
            (words.with("unread-column", &[("name", name)]), words.t("unread-columns-do"))
        }
        ImportError::AmbiguousDates { line: at, text } => {
            let parts = [("text", &**text), ("line", &*line(*at))];
            (words.with("unread-dates", &parts), words.t("unread-dates-do"))
        }
        ImportError::MixedDates { day_first, month_first } => {
            let parts = [("day", &*line(*day_first)), ("month", &*line(*month_first))];
            (words.with("unread-mixed", &parts), words.t("unread-dates-do"))
        }
        ImportError::UnclosedQuote { line: at } => {
            (words.with("unread-quote", &[("line", &line(*at))]), words.t("unread-quote-do"))
        }
        ImportError::Aliases(_) => (words.t("unread-other"), words.t("unread-other-do")),
    }
}

fn other(words: &Words, kind: OtherKind) -> String {
    words.t(match kind {
        OtherKind::Pdf => "kind-pdf",
        OtherKind::BinaryWorkbook => "kind-binary-workbook",
        OtherKind::OpenDocument => "kind-open-document",
        OtherKind::Locked => "kind-locked",
        OtherKind::OldOffice => "kind-old-office",
        OtherKind::Compressed => "kind-compressed",
        OtherKind::Picture => "kind-picture",
        OtherKind::TextDocument => "kind-text-document",
        OtherKind::WebPage => "kind-web-page",
        OtherKind::NotText => "kind-not-text",
    })
}

/// The ways in which the dates can be read, side by side.
fn readings(visit: &Visit, id: &str, chosen: &Options, error: &ImportError) -> Vec<Reading> {
    let text = match error {
        ImportError::AmbiguousDates { text, .. } => Some(text),
        ImportError::MixedDates { .. } => None,
        _ => return Vec::new(),
    };
    let reading = |(name, key): &(&str, &str)| {
        let order: DateOrder = name.parse().ok()?;
        let as_date = match text {
            Some(text) => dated(visit.words(), order.read(text)?),
            None => String::new(),
        };
        let options = Options { dates: (*name).to_owned(), ..chosen.clone() };
        let href = path(id, "", &options, "");
        // Lines contradict each other about the day and the month only.
        let is_meant = text.is_some() || order != DateOrder::YearFirst;
        is_meant.then(|| Reading { order: visit.words().t(key), as_date, href })
    };
    ORDERS.iter().filter_map(reading).collect()
}

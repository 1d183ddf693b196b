//! What an uploaded export would do: who gets a mail, who does not and why, and one sentence that says it all.

use std::{collections::BTreeMap, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, RawQuery},
    response::{IntoResponse, Redirect, Response},
};
use jiff::civil::Date;
use store::{Error, LeftOut, LeftOutDetail, LeftOutWhy};

use super::{
    columns::{self, Said},
    detail::{Detail, said, who},
    done,
    nameless::{self, Nameless},
    path, saved,
    sums::{left, left_do},
    theirs, unread,
};
use crate::{
    app::notice_run::{CheckError, Checked, Old, Options, Unready, notices},
    config::Way,
    identity::Permission,
    notices::{
        ImportError,
        import::{Delimiter, Shape, Sheets},
        saved::Notice,
    },
    web::pages::{
        field::{Choice, Field, Kind},
        frame::{Frame, Place, page},
        not_here,
        row::site_name,
        visit::Visit,
        words::Words,
    },
};

/// Of those who get no mail for one reason, so many are named.
const NAMED: usize = 50;

/// What files are usually in, beside what was found.
const ENCODINGS: [(&str, &str); 4] = [
    ("utf-8", "Unicode (UTF-8)"),
    ("windows-1252", "Windows (1252)"),
    ("macintosh", "Macintosh"),
    ("utf-16le", "Unicode (UTF-16)"),
];
pub(super) const ORDERS: [(&str, &str); 3] =
    [("d/m/y", "order-day"), ("m/d/y", "order-month"), ("y/m/d", "order-year")];

#[derive(Template)]
#[template(path = "notices_check.html")]
struct Check {
    f: Frame,
    id: String,
    name: String,
    facts: Vec<(String, String)>,
    /// Where it is asked what the columns are, and what was said of them.
    columns: Option<(String, Option<Said>)>,
    figures: Vec<(String, String)>,
    /// Whose lines name no library, where it has to be said.
    nameless: Option<Nameless>,
    libraries: Vec<(String, String)>,
    reasons: Vec<Reason>,
    /// Where nobody is left out: whether that is everybody.
    all_written: Option<String>,
    options: Asking,
    kept: Vec<(&'static str, String)>,
    /// Those that can be run over it.
    notices: Vec<Choice>,
    mails: String,
    /// Where the first list for a teacher is seen.
    lists: Option<String>,
    /// Why a person has to say that this is the right file.
    doubts: Vec<String>,
    /// What is to be known before anything is sent.
    says: String,
    warnings: Vec<String>,
    people: usize,
    /// Nobody gets a mail, but what waits is not sent for it: what the button says.
    takes_note: Option<String>,
    /// Who gets the samples.
    me: String,
    may_sample: bool,
    practice: bool,
    attempt: u32,
}

/// One of those who get no mail.
struct Named {
    /// In words.
    line: Option<String>,
    who: String,
    detail: Detail,
    /// The mail that is spoken of.
    mail: Option<i64>,
}

/// What can be settled by a person, and what else was, which stays.
pub(super) struct Asking {
    pub(super) fields: Vec<Field>,
    pub(super) kept: Vec<(&'static str, String)>,
}

/// Those who get no mail for one reason.
struct Reason {
    count: String,
    title: String,
    todo: String,
    /// There it can be added at once.
    to_libraries: bool,
    named: Vec<Named>,
    more: Option<String>,
}

/// The page.
pub(in crate::web::pages) async fn show(
    visit: Visit,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    match done::run_of(&visit, &id).await {
        Ok(Some(run)) => return Redirect::to(&format!("/notices/runs/{}", run.0)).into_response(),
        Ok(None) => {}
        Err(error) => return not_here::of(&error, &visit),
    }
    let options = Options::in_query(query.as_deref());
    match checked(&visit, &id, &options).await {
        Ok(checked) => match shown(&visit, &checked).await {
            Ok(shown) => page(&shown),
            Err(error) => not_here::of(&error, &visit),
        },
        Err(response) => response,
    }
}

impl Options {
    pub(super) fn in_query(query: Option<&str>) -> Self {
        serde_html_form::from_str(query.unwrap_or_default()).unwrap_or_default()
    }
}

/// An upload, looked through for this person; or the page that says why it is not.
pub(super) async fn checked(visit: &Visit, id: &str, options: &Options) -> Result<Arc<Checked>, Response> {
    let (id, uploaded) = theirs(visit, id).await?;
    let name = uploaded.name.clone();
    match visit.pages.sources.notices.check(&id, uploaded, options, visit.sites()).await {
        Ok(checked) => Ok(checked),
        Err(CheckError::Gone) => Err(not_here::not_found(visit.words())),
        Err(CheckError::Store(error)) => Err(not_here::of(&error, visit)),
        // What is not known is asked.
        Err(CheckError::Unready(Unready::Import(
            ImportError::UnknownColumns { .. }
            | ImportError::DuplicateColumn { .. }
            | ImportError::NoSuchColumn { .. },
        ))) => Err(columns::asked(visit, &id, &name, options).await),
        Err(CheckError::Unready(why)) => Err(unread::page(visit, id.text(), &name, options, &why).await),
    }
}

async fn shown(visit: &Visit, checked: &Checked) -> Result<Check, Error> {
    let before = visit.pages.sources.notices.runs_before(&checked.id).await?;
    let words = visit.words();
    let paused = visit.pages.sources.store.paused().await?.is_some();
    let reasons = reasons(words, &checked.left_out, visit.may(Permission::ChangePreferences));
    let not_written = checked.left_out.iter().filter(|one| !is_aside(one.why)).count();
    let whole = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let number = |n: usize| words.number(whole(n));
    let figures = [
        (number(checked.people()), words.count("check-people", whole(checked.people()))),
        (words.number(checked.items), words.count("check-items", checked.items)),
        (number(checked.libraries.len()), words.count("check-libraries", whole(checked.libraries.len()))),
        (number(not_written), words.count("check-not-written", whole(not_written))),
    ];
    let way = checked.way();
    let found = checked.facts();
    let columns = match &found.columns {
        Some(shape) => {
            let asked = path(checked.id.text(), "/columns", &checked.options, "");
            Some((asked, columns::said(visit, shape, &checked.options).await?))
        }
        None => None,
    };
    Ok(Check {
        f: Frame::around(visit, Place::Notices).await?,
        id: checked.id.text().to_owned(),
        name: checked.uploaded.name.clone(),
        facts: facts(visit, checked),
        columns,
        figures: figures.into(),
        nameless: nameless::read(visit, checked).await,
        libraries: libraries(visit, checked),
        all_written: all_written(words, checked),
        reasons,
        options: options(visit, &checked.options, found.sheets.as_ref().map(|sheets| &*sheets.all)),
        kept: super::fields(&checked.options),
        notices: runnable(visit, checked.chosen.slug()).await?,
        mails: path(checked.id.text(), "/mail", &checked.options, ""),
        lists: (checked.lists() > 0)
            .then(|| path(checked.id.text(), "/mail", &checked.options, "list=yes&n=1")),
        doubts: doubts(visit, checked),
        says: says(words, checked, way, visit.pages.sources.config().sending.is_off()),
        warnings: warnings(visit, checked, paused, before.cut_short.is_some()),
        people: checked.people(),
        takes_note: (checked.people() == 0 && checked.not_sent() > 0)
            .then(|| words.count("check-take-note", u64::try_from(checked.not_sent()).unwrap_or(u64::MAX))),
        me: visit.person().email.to_string(),
        may_sample: !matches!(way, Way::None),
        practice: checked.is_practice(),
        attempt: before.attempt,
    })
}

/// The saved notices that this person can run; the one with this slug is chosen.
pub(super) async fn runnable(visit: &Visit, chosen: &str) -> Result<Vec<Choice>, Error> {
    let all = notices(&visit.pages.sources.store).await?.into_iter();
    let runnable = all.filter(|notice| notice.settings.on && saved::is_theirs(visit, notice));
    let choice = |notice: Notice| Choice {
        text: saved::name(visit.words(), &notice),
        chosen: notice.slug == chosen,
        value: notice.slug,
    };
    Ok(runnable.map(choice).collect())
}

/// That nobody goes without a mail. Where only a part of the file is looked at, that is said of the part.
fn all_written(words: &Words, checked: &Checked) -> Option<String> {
    let key = match (checked.people(), checked.is_limited()) {
        (0, false) => return None,
        (0, true) => "check-none-of-them",
        (_, false) => "check-all-written",
        (_, true) => "check-all-of-them",
    };
    Some(words.t(key))
}

/// Nobody goes without a mail for it who would get one today.
pub(super) fn is_aside(why: LeftOutWhy) -> bool {
    why.is_note() || why == LeftOutWhy::NotDueYet
}

/// In the order of how much they are to be looked at.
/// `may_add`: they may add a branch code.
fn reasons(words: &Words, left_out: &[LeftOut], may_add: bool) -> Vec<Reason> {
    let mut by_reason: BTreeMap<(bool, LeftOutWhy), Vec<&LeftOut>> = BTreeMap::new();
    for one in left_out {
        by_reason.entry((is_aside(one.why), one.why)).or_default().push(one);
    }
    let named = |one: &LeftOut| Named {
        line: one.line.map(|line| words.with("left-line", &[("line", &words.number(line))])),
        who: who(words, one),
        detail: said(words, &one.detail),
        mail: one.detail.message().map(|message| message.0),
    };
    let reason = |((_, why), all): ((bool, LeftOutWhy), Vec<&LeftOut>)| Reason {
        count: words.number(all.len() as u64),
        title: left(words, why, all.len() as u64),
        todo: left_do(words, why),
        to_libraries: may_add && why == LeftOutWhy::UnknownBranch,
        named: all.iter().take(NAMED).map(|one| named(one)).collect(),
        more: (all.len() > NAMED).then(|| words.count("check-more", (all.len() - NAMED) as u64)),
    };
    by_reason.into_iter().map(reason).collect()
}

fn facts(visit: &Visit, checked: &Checked) -> Vec<(String, String)> {
    let (words, found) = (visit.words(), checked.facts());
    let order = found.dates.as_ref().and_then(|dates| ORDERS.iter().find(|(order, _)| order == dates));
    let newest = found.newest.map(|newest| dated(words, newest));
    let is_empty = checked.left_out.iter().any(|one| one.detail == LeftOutDetail::Empty);
    let shape = words.t(match found.shape {
        Shape::KohaOverdues => "shape-koha-page",
        Shape::KohaNotices => "shape-koha-notices",
        Shape::Evergreen => "shape-evergreen",
        Shape::Named => "shape-named",
        Shape::ByHand => "shape-by-hand",
    });
    let between = words.t(match found.delimiter {
        Delimiter::Comma => "between-comma",
        Delimiter::Semicolon => "between-semicolon",
        Delimiter::Tab => "between-tab",
        Delimiter::Cell => "between-cell",
    });
    let mut all = vec![
        (words.t("check-uploaded"), visit.clockwork.text(checked.uploaded.at)),
        (
            words.t("check-shape"),
            if is_empty { words.t("shape-empty") } else { format!("{shape}, {between}") },
        ),
    ];
    all.extend(checked.uploaded.made_at.map(|at| (words.t("check-changed"), visit.clockwork.text(at))));
    match &found.sheets {
        Some(sheets) => all.extend(of_sheets(words, sheets)),
        None => all.push((words.t("check-encoding"), encoding_name(found.encoding))),
    }
    all.extend(order.map(|(_, key)| (words.t("check-order"), words.t(key))));
    all.extend(newest.map(|newest| (words.t("check-newest"), newest)));
    all
}

/// The sheet that was read, and the others.
fn of_sheets(words: &Words, sheets: &Sheets) -> Vec<(String, String)> {
    let others: Vec<&str> =
        sheets.all.iter().map(String::as_str).filter(|name| *name != sheets.read).collect();
    let mut all = vec![(words.t("check-sheet"), sheets.read.clone())];
    if !others.is_empty() {
        all.push((words.t("check-other-sheets"), others.join(", ")));
    }
    if sheets.hidden_rows > 0 {
        all.push((words.t("check-hidden-rows"), words.number(sheets.hidden_rows)));
    }
    all
}

pub(super) fn encoding_name(name: &str) -> String {
    let known = ENCODINGS.iter().find(|(label, _)| label.eq_ignore_ascii_case(name));
    known.map_or_else(|| name.to_owned(), |(_, text)| (*text).to_owned())
}

/// A day in full.
pub(super) fn dated(words: &Words, day: Date) -> String {
    let month = words.t(&format!("month-{}", day.month()));
    words.with(
        "date-with-year",
        &[("day", &day.day().to_string()), ("month", &month), ("year", &day.year().to_string())],
    )
}

fn libraries(visit: &Visit, checked: &Checked) -> Vec<(String, String)> {
    let line =
        |(code, people): (&String, &u64)| (site_name(visit, code), visit.words().count("n-people", *people));
    checked.libraries.iter().map(line).collect()
}

/// What can be settled by a person where it was not found out right.
pub(super) fn options(visit: &Visit, chosen: &Options, sheets: Option<&[String]>) -> Asking {
    let words = visit.words();
    let choice = |value: &str, text: String, chosen: &str| Choice {
        value: value.to_owned(),
        text,
        chosen: value == chosen,
    };
    let found = |chosen: &str| choice("", words.t("option-found"), chosen);
    let encodings = ENCODINGS.map(|(label, text)| choice(label, text.to_owned(), &chosen.encoding));
    let orders = ORDERS.map(|(order, key)| choice(order, words.t(key), &chosen.dates));
    let config = visit.pages.sources.config();
    let sites = visit.libraries(&config);
    let sites = sites.map(|site| choice(&site.code, site.name.clone(), &chosen.site));
    let one_of =
        |first: Choice, others: Vec<Choice>| Kind::OneOf(std::iter::once(first).chain(others).collect());
    let first = match sheets.filter(|all| all.len() > 1 || !chosen.sheet.is_empty()) {
        Some(all) => {
            let all = all.iter().map(|name| choice(name, name.clone(), &chosen.sheet)).collect();
            let first = choice("", words.t("option-sheet-first"), &chosen.sheet);
            Some(Field::new("sheet", words.t("check-sheet")).kind(one_of(first, all)))
        }
        // A workbook says itself in which letters it is.
        None if sheets.is_some() => None,
        None => Some(
            Field::new("encoding", words.t("check-encoding"))
                .kind(one_of(found(&chosen.encoding), encodings.into()))
                .hint(words.t("option-encoding-hint")),
        ),
    };
    let others = [
        Field::new("dates", words.t("check-order")).kind(one_of(found(&chosen.dates), orders.into())),
        Field::new("site", words.t("option-site"))
            .kind(one_of(choice("", words.t("option-site-none"), &chosen.site), sites.collect()))
            .hint(words.t("option-site-hint")),
    ];
    let fields: Vec<Field> = first.into_iter().chain(others).collect();
    let kept =
        super::fields(chosen).into_iter().filter(|(name, _)| fields.iter().all(|field| field.name != *name));
    Asking { kept: kept.collect(), fields }
}

/// All of it in one sentence.
fn says(words: &Words, checked: &Checked, way: &Way, off: bool) -> String {
    let people = u64::try_from(checked.people()).unwrap_or(u64::MAX);
    if people == 0 {
        // Nothing leaves before somebody takes note of it, and then the lists do.
        return and_lists(words, checked, words.t("says-nobody"), checked.not_sent() > 0);
    }
    let libraries = u64::try_from(checked.libraries.len()).unwrap_or(u64::MAX);
    // Each address gets a mail of its own.
    let mails = people.max(checked.addresses);
    let (mails, libraries) = (words.count("n-mails", mails), words.count("n-libraries", libraries));
    // Whoever has several addresses gets it at each, and each is counted afterwards.
    let several = checked.addresses > people;
    let mut people = words.count("n-people", people);
    if several {
        let addresses = words.count("n-addresses", checked.addresses);
        people = words.with("n-addresses-of", &[("addresses", &addresses), ("people", &people)]);
    }
    let mut parts = vec![("mails", &*mails), ("people", &people), ("libraries", &libraries)];
    let said = match way {
        Way::Practice => words.with("says-practice", &parts),
        Way::None if off => words.with("says-off", &parts),
        Way::None => words.with("says-no-way", &parts),
        Way::Servers(servers) => {
            let way = servers.first().map(|server| server.host.clone()).unwrap_or_default();
            parts.push(("way", &way));
            words.with("says-servers", &parts)
        }
    };
    and_lists(words, checked, said, true)
}

fn and_lists(words: &Words, checked: &Checked, said: String, leave: bool) -> String {
    match checked.lists() {
        0 => said,
        _ if !leave => said,
        lists => format!("{said} {}", words.count("says-lists", u64::try_from(lists).unwrap_or(u64::MAX))),
    }
}

fn warnings(visit: &Visit, checked: &Checked, paused: bool, again: bool) -> Vec<String> {
    let words = visit.words();
    let doubtful = checked.left_out.iter().any(|one| one.why == LeftOutWhy::DatesInDoubt);
    [
        again.then(|| words.t("says-again")),
        (checked.without_teacher > 0).then(|| {
            let without = u64::try_from(checked.without_teacher).unwrap_or(u64::MAX);
            words.count("says-without-teacher", without)
        }),
        doubtful.then(|| words.t("says-dates")),
        paused.then(|| words.t("says-paused")),
        (!checked.only.is_empty()).then(|| words.t("says-limited")),
        of_some(visit, checked),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// For which libraries the notice is, where it is not for all.
fn of_some(visit: &Visit, checked: &Checked) -> Option<String> {
    let sites = &checked.chosen.settings().sites;
    let names: Vec<_> = sites.iter().map(|code| site_name(visit, code)).collect();
    let names = names.join(", ");
    (!sites.is_empty()).then(|| visit.words().with("says-notice-limited", &[("libraries", &names)]))
}

/// What keeps it from being sent before a person has looked once more.
fn doubts(visit: &Visit, checked: &Checked) -> Vec<String> {
    let words = visit.words();
    if !checked.is_doubtful() {
        return Vec::new();
    }
    let old = checked.old.map(|old| match old {
        Old::File(at) => words.with("doubt-file", &[("when", &visit.clockwork.text(at))]),
        Old::Dates(day) => words.with("doubt-dates", &[("day", &dated(words, day))]),
    });
    old.into_iter().chain(checked.is_broken_off().then(|| words.t("doubt-broken-off"))).collect()
}

impl Check {
    fn samples(&self) -> String {
        let key = if self.practice { "check-samples-hint-practice" } else { "check-samples-hint" };
        self.f.words.with(key, &[("email", &self.me)])
    }
}

//! The wording editor: what a notice says, for all libraries or for one, in one language.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use store::{Error, SavedWording, WordingKey};

use super::{
    HERE, libraries, may_word,
    preview::{Typed, made, owned},
    said::{OF_ITEMS, VARIABLES, fault, language, name},
    theirs,
};
use crate::{
    app::notice_run::{NoSamples, begun_with},
    config::Way,
    notices::{
        Language, Rendered,
        saved::Notice,
        template::{Part, TemplateError, has_remote_pictures},
    },
    web::pages::{
        field::Choice,
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page_as},
        not_done::NotDone,
        not_here,
        visit::Visit,
        wanted::RESERVED,
    },
};

/// Letters that each part may have; with other alphabets they still fit into a form.
pub(super) const MOST_OF_SUBJECT: usize = 300;
pub(super) const MOST_OF_TEXT: usize = 20_000;
pub(super) const MOST_OF_HTML: usize = 60_000;

/// Which wording a page is about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    /// Empty: for all libraries.
    pub(super) site: String,
    pub(super) language: String,
}

/// What is to be done with what was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    #[serde(flatten)]
    typed: Typed,
    version: String,
    r#do: String,
}

#[derive(Template)]
#[template(path = "notices_wording.html")]
struct Editor {
    f: Frame,
    name: String,
    slug: String,
    language: &'static str,
    site: String,
    query: String,
    /// Where it can be looked at and changed for others.
    sites: Vec<Choice>,
    languages: Vec<Choice>,
    typed: Typed,
    version: i64,
    problems: Vec<NotDone>,
    subject_faults: Vec<NotDone>,
    text_faults: Vec<NotDone>,
    html_faults: Vec<NotDone>,
    /// Its HTML has pictures that are fetched from elsewhere.
    remote_pictures: bool,
    last: Option<String>,
    /// There is something of their own to take back.
    own: bool,
    /// What it said before its last change.
    before: Option<String>,
    variables: Vec<(&'static str, String)>,
    of_items: Vec<(&'static str, String)>,
    me: String,
    /// A sample goes where nobody receives it.
    practice: bool,
}

impl Which {
    pub(super) fn site(&self) -> Option<&str> {
        Some(self.site.as_str()).filter(|site| !site.is_empty())
    }

    pub(super) fn language(&self) -> Language {
        Language::named(&self.language).unwrap_or_default()
    }

    fn key(&self, notice: &Notice) -> WordingKey {
        WordingKey {
            notice: notice.slug.clone(),
            site: self.site().map(ToOwned::to_owned),
            language: self.language().tag().to_owned(),
        }
    }
}

/// As it stands in the address of a page.
pub(super) fn query(site: Option<&str>, language: Language) -> String {
    let site = site.map(|site| format!("&site={}", utf8_percent_encode(site, RESERVED)));
    format!("?language={}{}", language.tag(), site.unwrap_or_default())
}

/// The notice and the wording, if they are there for this person to change.
pub(super) async fn theirs_to_word(
    visit: &Visit,
    slug: &str,
    which: &Which,
) -> Result<(Notice, Option<SavedWording>), Response> {
    let notice = theirs(visit, slug).await?;
    if which.site().is_some_and(|site| libraries(visit, &notice).iter().all(|(code, _)| code != site)) {
        return Err(not_here::not_found(visit.words()));
    }
    if !may_word(visit, &notice, which.site()) {
        return Err(not_here::not_allowed(visit.words()));
    }
    let saved = visit.pages.sources.store.wordings_of(slug).await;
    let saved = saved.map_err(|error| not_here::of(&error, visit))?;
    let key = which.key(&notice);
    Ok((notice, saved.into_iter().find(|one| one.key == key)))
}

/// The editor with what the notice says.
pub(super) async fn show(visit: Visit, Path(slug): Path<String>, Query(which): Query<Which>) -> Response {
    match theirs_to_word(&visit, &slug, &which).await {
        Ok((notice, saved)) => {
            let typed = match standing(&visit, &notice, saved.as_ref(), &which).await {
                Ok(typed) => typed,
                Err(error) => return not_here::of(&error, &visit),
            };
            let version = saved.as_ref().map_or(0, |saved| saved.version);
            shown(&visit, &notice, saved, (typed, version), (Vec::new(), Vec::new())).await
        }
        Err(response) => response,
    }
}

/// What is said to patrons now: what is written for this library, else for all, else what is built in.
pub(super) async fn standing(
    visit: &Visit,
    notice: &Notice,
    saved: Option<&SavedWording>,
    which: &Which,
) -> Result<Typed, Error> {
    let of = |wording: &store::Wording| Typed::of(wording, which.clone());
    if let Some(wording) = saved.and_then(|saved| saved.wording.as_ref()) {
        return Ok(of(wording));
    }
    let all = visit.pages.sources.store.wordings_of(&notice.slug).await?;
    let for_all = WordingKey { site: None, ..which.key(notice) };
    let for_all = all.iter().find(|one| one.key == for_all).and_then(|one| one.wording.as_ref());
    let built_in = owned(begun_with(&notice.settings, which.language()));
    Ok(for_all.map_or_else(|| of(&built_in), of))
}

/// It is saved, taken back, or sent to whoever asks.
pub(super) async fn save(Path(slug): Path<String>, Posted { visit, form }: Posted<Form>) -> Response {
    let (notice, saved) = match theirs_to_word(&visit, &slug, &form.typed.which).await {
        Ok(found) => found,
        Err(response) => return response,
    };
    let seen = form.version.parse().unwrap_or(0);
    let before = saved.as_ref().and_then(|saved| saved.before.clone());
    let (wording, is_typed) = match (form.r#do.as_str(), before) {
        ("reset", _) => (None, false),
        ("undo", Some(before)) => (before.wording, false),
        _ => (Some(form.typed.wording()), true),
    };
    if is_typed {
        let made = made(&visit, &notice, &form.typed).await;
        match made {
            Ok(Ok(made)) if form.r#do == "sample" => {
                return sample(&visit, &notice, saved, (form.typed, seen), made).await;
            }
            Ok(Ok(_)) => {}
            Ok(Err(faults)) => {
                let problems = vec![visit.words().t("not-saved").into()];
                return shown(&visit, &notice, saved, (form.typed, seen), (problems, faults)).await;
            }
            Err(error) => return not_here::of(&error, &visit),
        }
    }
    let done = if wording.is_some() { Done::WordingSaved } else { Done::WordingReset };
    let (store, now) = (&visit.pages.sources.store, visit.clockwork.now);
    let key = form.typed.which.key(&notice);
    match store.save_wording(key, wording, seen, visit.actor(), now).await {
        Ok(_) => {
            let which = &form.typed.which;
            let back = format!("{HERE}/{slug}/wording{}", query(which.site(), which.language()));
            Redirect::to(&flash::told(&back, done, None)).into_response()
        }
        // What was typed stays, and can be saved by whoever has seen that.
        Err(Error::Changed) => {
            let words = visit.words();
            let last = saved.as_ref().map(|saved| last(&visit, saved)).unwrap_or_default();
            let theirs = saved.as_ref().and_then(|saved| saved.wording.as_ref());
            let why = words.with("wording-meanwhile", &[("last", &last)]);
            let said = theirs.map(as_text);
            let version = saved.as_ref().map_or(0, |saved| saved.version);
            let problems = vec![NotDone { why, said }];
            shown(&visit, &notice, saved, (form.typed, version), (problems, Vec::new())).await
        }
        Err(error) => not_here::of(&error, &visit),
    }
}

/// As it was typed, saved or not.
async fn sample(
    visit: &Visit,
    notice: &Notice,
    saved: Option<SavedWording>,
    typed: (Typed, i64),
    made: Rendered,
) -> Response {
    let (words, sources, person) = (visit.words(), &visit.pages.sources, visit.person());
    let config = sources.config();
    let site = super::preview::site(visit, notice, &config, &typed.0.which);
    let sender = site.and_then(|site| Some((site, site.email.as_ref()?)));
    let told = match sender {
        None => words.t("wording-no-sender"),
        Some(sender) => {
            let (to, mark) = ((&person.email, person.name.as_str()), words.t("sample-mark"));
            match sources.notices.send_sample(sender, made, to, &mark).await {
                Ok(()) if matches!(config.sending.way, Way::Practice) => words.t("wording-sample-practised"),
                Ok(()) => words.with("wording-sample-sent", &[("email", person.email.as_str())]),
                Err(NoSamples::NotNow(_) | NoSamples::NotMade) => words.t("done-not-now"),
                Err(NoSamples::Store(error)) => return not_here::of(&error, visit),
            }
        }
    };
    said(visit, notice, saved, typed, (Vec::new(), Vec::new()), Some(told)).await
}

async fn shown(
    visit: &Visit,
    notice: &Notice,
    saved: Option<SavedWording>,
    typed: (Typed, i64),
    wrong: (Vec<NotDone>, Vec<TemplateError>),
) -> Response {
    said(visit, notice, saved, typed, wrong, None).await
}

async fn said(
    visit: &Visit,
    notice: &Notice,
    saved: Option<SavedWording>,
    (typed, version): (Typed, i64),
    (problems, faults): (Vec<NotDone>, Vec<TemplateError>),
    told: Option<String>,
) -> Response {
    let words = visit.words();
    let f = match Frame::around(visit, Place::SavedNotices).await {
        Ok(f) => Frame { flash: told.or(f.flash.clone()), ..f },
        Err(error) => return not_here::of(&error, visit),
    };
    let of = |part: Part| {
        let all = faults.iter().flat_map(TemplateError::each).filter(|fault| fault.part() == part);
        all.map(|error| fault(words, error)).collect::<Vec<_>>()
    };
    let in_words = |all: &[(&'static str, &str)]| {
        all.iter().map(|(name, key)| (*name, words.t(key))).collect::<Vec<_>>()
    };
    let which = typed.which.clone();
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let editor = Editor {
        name: name(words, notice),
        slug: notice.slug.clone(),
        language: which.language().tag(),
        query: query(which.site(), which.language()),
        sites: sites(visit, notice, &which),
        languages: languages(visit, &which),
        site: which.site.clone(),
        version,
        problems,
        subject_faults: of(Part::Subject),
        text_faults: of(Part::Text),
        html_faults: of(Part::Html),
        remote_pictures: has_remote_pictures(&typed.html),
        last: saved.as_ref().map(|saved| last(visit, saved)),
        own: saved.as_ref().is_some_and(|saved| saved.wording.is_some()),
        before: saved.and_then(|saved| saved.before).map(|before| match &before.wording {
            Some(wording) => as_text(wording),
            None => words.t("wording-before-built-in"),
        }),
        variables: in_words(&VARIABLES),
        of_items: in_words(&OF_ITEMS),
        me: visit.person().email.to_string(),
        practice: matches!(visit.pages.sources.config().sending.way, Way::Practice),
        typed,
        f,
    };
    page_as(status, &editor)
}

/// All that it says.
fn as_text(wording: &store::Wording) -> String {
    let html = wording.html.as_ref().map_or_else(String::new, |html| format!("\n\n{html}"));
    format!("{}\n\n{}{html}", wording.subject, wording.text)
}

fn last(visit: &Visit, saved: &SavedWording) -> String {
    let (words, when) = (visit.words(), visit.clockwork.text(saved.changed_at));
    words.with("notice-last", &[("who", &words.actor(&saved.changed_by)), ("when", &when)])
}

/// For whom they may say what it says.
fn sites(visit: &Visit, notice: &Notice, which: &Which) -> Vec<Choice> {
    let all = Choice {
        value: String::new(),
        text: visit.words().t("wording-for-all"),
        chosen: which.site().is_none(),
    };
    let own = libraries(visit, notice).into_iter().map(|(code, text)| Choice {
        chosen: which.site() == Some(&*code),
        value: code,
        text,
    });
    may_word(visit, notice, None).then_some(all).into_iter().chain(own).collect()
}

fn languages(visit: &Visit, which: &Which) -> Vec<Choice> {
    let of = |one: Language| Choice {
        value: one.tag().to_owned(),
        text: language(visit.words(), one),
        chosen: one == which.language(),
    };
    Language::ALL.map(of).into()
}

impl Editor {
    fn sample(&self) -> String {
        let key = if self.practice { "wording-sample-hint-practice" } else { "wording-sample-hint" };
        self.f.words.with(key, &[("email", &self.me)])
    }

    /// Letters that this part may have.
    #[expect(clippy::unused_self, reason = "a template calls methods")]
    fn longest(&self, part: &str) -> usize {
        match part {
            "subject" => MOST_OF_SUBJECT,
            "text" => MOST_OF_TEXT,
            _ => MOST_OF_HTML,
        }
    }

    fn most(&self, part: &str) -> String {
        self.f.words.count("wording-most", u64::try_from(self.longest(part)).unwrap_or(u64::MAX))
    }
}

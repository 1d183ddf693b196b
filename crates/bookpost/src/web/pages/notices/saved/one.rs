//! One notice: how it is set up, where its words are, and what it looks like.

use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use store::Error;

use super::{
    HERE, changeable,
    fields::{About, Faults, NoticeForm},
    libraries, may_change, may_word,
    said::{about, language, name},
    theirs,
};
use crate::{
    notices::{Language, saved::Notice},
    web::pages::{
        field::Field,
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page_as},
        not_here,
        visit::Visit,
    },
};

#[derive(Template)]
#[template(path = "notices_saved_one.html")]
struct One {
    f: Frame,
    name: String,
    slug: String,
    about: String,
    /// `None`: it is not theirs to change.
    fields: Option<Vec<Field>>,
    problem: Option<String>,
    version: i64,
    wordings: Vec<Wording>,
}

/// A wording that it has, or may have.
struct Wording {
    language: String,
    /// In the address of its page.
    query: String,
    /// Who changed it last; `None`: it is as it is built in.
    changed: Option<String>,
    /// Of one library.
    library: Option<String>,
    may_word: bool,
}

pub(super) async fn show(visit: Visit, Path(slug): Path<String>) -> Response {
    match theirs(&visit, &slug).await {
        Ok(notice) => {
            let form = NoticeForm::of(&notice.settings, notice.version);
            shown(&visit, notice, &form, Faults::default(), None).await
        }
        Err(response) => response,
    }
}

pub(super) async fn change(Path(slug): Path<String>, Posted { visit, form }: Posted<NoticeForm>) -> Response {
    let notice = match changeable(&visit, &slug).await {
        Ok(notice) => notice,
        Err(response) => return response,
    };
    let words = visit.words();
    let settings = match form.read(words, &of(&visit, &notice), notice.settings.clone()) {
        Ok(settings) => settings,
        Err(faults) => {
            let problem = words.t("not-saved");
            return shown(&visit, notice, &form, *faults, Some(problem)).await;
        }
    };
    let (store, now) = (&visit.pages.sources.store, visit.clockwork.now);
    match store.save_notice(&slug, settings, form.version, visit.actor(), now).await {
        Ok(_) => Redirect::to(&flash::told(HERE, Done::NoticeSaved, None)).into_response(),
        Err(Error::Changed) => {
            let last = notice.saved.as_ref().map(|saved| {
                let who = words.actor(&saved.changed_by);
                let when = visit.clockwork.text(saved.changed_at);
                words.with("notice-last", &[("who", &who), ("when", &when)])
            });
            let problem = words.with("notice-meanwhile", &[("last", &last.unwrap_or_default())]);
            let mut form = form;
            form.version = notice.version;
            shown(&visit, notice, &form, Faults::default(), Some(problem)).await
        }
        Err(error) => not_here::of(&error, &visit),
    }
}

fn of(visit: &Visit, notice: &Notice) -> About {
    let config = visit.pages.sources.config();
    let mut libraries: Vec<_> =
        visit.libraries(&config).map(|site| (site.code.clone(), site.name.clone())).collect();
    // A library that is there no more stays on the list: without it a notice of that library alone would be one of all.
    let is_gone = |code: &&String| config.sites.iter().all(|site| site.code != **code);
    let gone = notice.settings.sites.iter().filter(is_gone);
    libraries
        .extend(gone.map(|code| (code.clone(), visit.words().with("notice-site-gone", &[("code", code)]))));
    About {
        kind: notice.settings.kind,
        built_in: notice.is_built_in(),
        libraries,
        limited: !visit.sites().is_empty(),
        repeat_days: config.notices.repeat.map(|repeat| repeat.as_secs() / (24 * 60 * 60)),
    }
}

async fn shown(
    visit: &Visit,
    notice: Notice,
    form: &NoticeForm,
    faults: Faults,
    problem: Option<String>,
) -> Response {
    let found = async {
        let wordings = wordings(visit, &notice).await?;
        Ok::<_, Error>((Frame::around(visit, Place::SavedNotices).await?, wordings))
    };
    let (f, wordings) = match found.await {
        Ok(found) => found,
        Err(error) => return not_here::of(&error, visit),
    };
    let words = visit.words();
    let status = if problem.is_none() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let fields = may_change(visit, &notice).then(|| form.fields(words, &of(visit, &notice), faults));
    let one = One {
        f,
        name: name(words, &notice),
        about: about(words, notice.settings.kind),
        fields,
        problem,
        version: form.version,
        wordings,
        slug: notice.slug,
    };
    page_as(status, &one)
}

/// Those for all libraries, and those that libraries have of their own.
async fn wordings(visit: &Visit, notice: &Notice) -> Result<Vec<Wording>, Error> {
    let words = visit.words();
    let saved = visit.pages.sources.store.wordings_of(&notice.slug).await?;
    let libraries = libraries(visit, notice);
    let mut all = Vec::new();
    for (code, library) in
        std::iter::once((None, None)).chain(libraries.iter().map(|(code, name)| (Some(code), Some(name))))
    {
        for one in Language::ALL {
            let written = saved.iter().find(|saved| {
                saved.key.site.as_ref() == code && saved.key.language == one.tag() && saved.wording.is_some()
            });
            if code.is_some() && written.is_none() {
                continue;
            }
            let changed = written.map(|saved| {
                let who = words.actor(&saved.changed_by);
                words.with("notice-last", &[("who", &who), ("when", &visit.clockwork.text(saved.changed_at))])
            });
            all.push(Wording {
                language: language(words, one),
                query: super::wording::query(code.map(String::as_str), one),
                changed,
                library: library.cloned(),
                may_word: may_word(visit, notice, code.map(String::as_str)),
            });
        }
    }
    Ok(all)
}

impl One {
    fn preview(&self, wording: &Wording) -> String {
        self.f.words.with("notice-preview-of", &[("language", &wording.language)])
    }
}

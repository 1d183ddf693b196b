//! What a wording looks like: in a frame of its own, with made-up patrons and books.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use store::{Error, Wording};

use super::{
    libraries,
    said::fault,
    theirs,
    wording::{MOST_OF_HTML, MOST_OF_SUBJECT, MOST_OF_TEXT, Which, standing as as_it_stands},
};
use crate::{
    app::notice_run::{logo, sources},
    config::Config,
    notices::{
        Rendered, Site, Sources, Template as Wordings,
        saved::{Notice, is_of_nobody},
        template::{TemplateError, active},
    },
    web::pages::{
        form::Posted,
        not_done::NotDone,
        not_here,
        text::{STRANGER, data},
        visit::Visit,
        words::Words,
    },
};

/// What somebody typed, of one wording.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Typed {
    #[serde(flatten)]
    pub(super) which: Which,
    pub(super) subject: String,
    pub(super) text: String,
    /// Empty: it is made of the text.
    pub(super) html: String,
}

impl Typed {
    pub(super) fn of(wording: &Wording, which: Which) -> Self {
        let Wording { subject, text, html } = wording.clone();
        Self { which, subject, text, html: html.filter(|html| !is_of_nobody(html)).unwrap_or_default() }
    }

    /// Line ends as everywhere; browsers send others.
    pub(super) fn wording(&self) -> Wording {
        let lines = |text: &str| text.replace("\r\n", "\n");
        Wording {
            subject: self.subject.split_whitespace().collect::<Vec<_>>().join(" "),
            text: lines(&self.text),
            html: Some(lines(&self.html)).filter(|html| !html.trim().is_empty() && !is_of_nobody(html)),
        }
    }

    /// What has more letters than it may have.
    fn too_long(&self) -> Option<&'static str> {
        let parts = [
            (&self.subject, MOST_OF_SUBJECT, "subject.txt"),
            (&self.text, MOST_OF_TEXT, "body.txt"),
            (&self.html, MOST_OF_HTML, "body.html"),
        ];
        let long = parts.into_iter().find(|(text, most, _)| text.chars().count() > *most);
        long.map(|(_, _, file)| file)
    }
}

pub(super) fn owned(sources: Sources<'_>) -> Wording {
    Wording {
        subject: sources.subject.trim_end().to_owned(),
        text: sources.text.to_owned(),
        html: sources.html.map(ToOwned::to_owned),
    }
}

/// The library that writes in a preview: the one that is meant, else the first that runs this notice.
pub(super) fn site<'a>(
    visit: &Visit,
    notice: &Notice,
    config: &'a Config,
    which: &Which,
) -> Option<&'a Site> {
    let codes = libraries(visit, notice);
    let is_it = |site: &&Site| match which.site() {
        Some(code) => site.code == code,
        None => codes.iter().any(|(code, _)| *code == site.code),
    };
    config.sites.iter().find(is_it)
}

/// What comes of it, or all that is wrong with it. It may take a moment: others are answered meanwhile.
pub(super) async fn made(
    visit: &Visit,
    notice: &Notice,
    typed: &Typed,
) -> Result<Result<Rendered, Vec<TemplateError>>, Error> {
    if let Some(file) = typed.too_long() {
        return Ok(Err(vec![TemplateError::TooLong { file }]));
    }
    let (wording, language, config) = (typed.wording(), typed.which.language(), visit.pages.sources.config());
    let site = site(visit, notice, &config, &typed.which).cloned();
    let (kind, without_titles) = (notice.settings.kind, notice.settings.without_titles);
    let work = move || {
        let template = Wordings::check(sources(&wording), language.dates());
        let made = template.and_then(|template| template.sample(kind, site.as_ref(), without_titles));
        let mut faults = wording.html.as_deref().map(active).unwrap_or_default();
        match made {
            Ok(made) if faults.is_empty() => return Ok(made),
            Ok(_) => {}
            Err(error) => faults.insert(0, error),
        }
        Err(faults)
    };
    let made = tokio::task::spawn_blocking(work).await;
    made.map_err(|error| Error::Internal(error.to_string()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    #[serde(flatten)]
    which: Which,
    /// `text`, or HTML.
    r#as: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    #[serde(flatten)]
    typed: Typed,
    r#as: String,
}

/// As it is said to patrons now.
pub(super) async fn standing(visit: Visit, Path(slug): Path<String>, Query(asked): Query<Asked>) -> Response {
    let notice = match theirs(&visit, &slug).await {
        Ok(notice) => notice,
        Err(response) => return response,
    };
    // What another library says is not theirs to read.
    if asked.which.site().is_some_and(|site| libraries(&visit, &notice).iter().all(|(code, _)| code != site))
    {
        return not_here::not_found(visit.words());
    }
    let found = async {
        let saved = visit.pages.sources.store.wordings_of(&slug).await?;
        let (site, language) = (asked.which.site(), asked.which.language().tag());
        let saved =
            saved.into_iter().find(|one| one.key.site.as_deref() == site && one.key.language == language);
        as_it_stands(&visit, &notice, saved.as_ref(), &asked.which).await
    };
    match found.await {
        Ok(typed) => framed(&visit, &notice, &typed, asked.r#as == "text").await,
        Err(error) => not_here::of(&error, &visit),
    }
}

/// As it was typed. Nothing is kept.
pub(super) async fn typed(Path(slug): Path<String>, Posted { visit, form }: Posted<Form>) -> Response {
    match theirs(&visit, &slug).await {
        Ok(notice) => framed(&visit, &notice, &form.typed, form.r#as == "text").await,
        Err(response) => response,
    }
}

#[derive(Template)]
#[template(path = "notices_preview.html")]
struct Preview<'a> {
    words: &'a Words,
    faults: Vec<NotDone>,
    subject: String,
    text: String,
}

async fn framed(visit: &Visit, notice: &Notice, typed: &Typed, as_text: bool) -> Response {
    let words = visit.words();
    let html = match made(visit, notice, typed).await {
        Ok(Ok(Rendered { subject, html, .. })) if !as_text => {
            with_head(visit, notice, typed, &subject, &html).await
        }
        Ok(Ok(Rendered { subject, text, .. })) => {
            Ok(Preview { words, faults: Vec::new(), subject, text }.render().unwrap_or_default())
        }
        Ok(Err(faults)) => {
            let faults = faults.iter().flat_map(TemplateError::each).map(|error| fault(words, error));
            let preview =
                Preview { words, faults: faults.collect(), subject: String::new(), text: String::new() };
            Ok(preview.render().unwrap_or_default())
        }
        Err(error) => Err(error),
    };
    match html {
        Ok(html) => {
            let headers = [
                (header::CONTENT_SECURITY_POLICY, STRANGER),
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            ];
            (headers, html).into_response()
        }
        Err(error) => not_here::of(&error, visit),
    }
}

/// With the logo as in the mail, and the subject above it.
async fn with_head(
    visit: &Visit,
    notice: &Notice,
    typed: &Typed,
    subject: &str,
    html: &str,
) -> Result<String, Error> {
    let (sources, words) = (&visit.pages.sources, visit.words());
    let config = sources.config();
    let site = site(visit, notice, &config, &typed.which);
    let mut html = html.to_owned();
    if let Some(site) = site
        && let Some(found) = sources.store.logo(&site.code).await?
    {
        html = logo::shown(&html, &data(&found.media_type, &found.bytes), &site.name, &found);
    }
    let label = logo::escaped(&words.t("mail-subject"));
    let subject = logo::escaped(subject);
    let head = format!(
        "\n<p style=\"margin: 0 0 1rem; padding: 0 0 .6rem; border-bottom: 1px solid #888\">{label}: <strong><bdi>{subject}</bdi></strong></p>"
    );
    Ok(logo::put_first(&html, &head))
}

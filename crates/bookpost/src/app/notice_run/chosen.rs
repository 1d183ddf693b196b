//! The notice that is run: how it is set up, and what it says to each.

use std::{collections::BTreeSet, sync::Arc};

use store::{NoticeSettings, SavedWording, Store, Wording};

use super::{
    Refusal,
    prepare::{Unready, template},
};
use crate::{
    cli::control::{Failure, RunRequest},
    config::Config,
    notices::{
        Form, Language, Sources, Template, Wordings,
        saved::{self, BuiltIn, Notice, USUAL},
    },
};

/// The name of the built-in wording in the settings that names no titles.
const NO_TITLES: &str = "overdue-without-titles";

/// A notice with all that is written for it. Clones are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen(Arc<(Notice, Vec<SavedWording>)>);

/// All notices there are, as they stand on the list.
pub async fn notices(store: &Store) -> Result<Vec<Notice>, store::Error> {
    Ok(saved::standing(store.saved_notices().await?))
}

/// The notice of this name; without one, the one that is usual. It can be run.
pub(super) async fn chosen(store: &Store, slug: Option<&str>) -> Result<Chosen, Unready> {
    let usage = |message: String| Unready::Other(Failure::Usage, message);
    let slug = slug.unwrap_or(USUAL);
    let all = notices(store).await?;
    let found = all.iter().find(|one| one.slug == slug).cloned();
    let notice = found.ok_or_else(|| {
        let known = all.iter().map(|one| one.slug.as_str()).collect::<Vec<_>>().join(", ");
        usage(format!("no notice is called {slug:?}; there are: {known}"))
    })?;
    if !notice.settings.on {
        return Err(Unready::Off(slug.to_owned()));
    }
    let wordings = store.wordings_of(slug).await?;
    Ok(Chosen(Arc::new((notice, wordings))))
}

impl Chosen {
    pub fn slug(&self) -> &str {
        &self.0.0.slug
    }

    pub fn settings(&self) -> &NoticeSettings {
        &self.0.0.settings
    }

    /// The sites that a run of somebody who is limited to `limits` is for; none: all of them.
    pub(super) fn only(&self, limits: BTreeSet<String>) -> Result<BTreeSet<String>, Refusal> {
        let own = &self.settings().sites;
        let both: BTreeSet<_> = match (own.is_empty(), limits.is_empty()) {
            (true, _) => return Ok(limits),
            (false, true) => own.clone(),
            (false, false) => own.intersection(&limits).cloned().collect(),
        };
        if both.is_empty() {
            let message = format!("the notice {} is of other libraries", self.slug());
            return Err(Refusal(Failure::Usage, message));
        }
        Ok(both)
    }

    /// The sites that it is not for, of those that somebody who is limited to `limits` may run notices for.
    pub(super) fn beyond(&self, config: &Config, limits: &BTreeSet<String>) -> BTreeSet<String> {
        let own = &self.settings().sites;
        let is_beyond = |code: &&String| {
            !own.is_empty() && !own.contains(*code) && (limits.is_empty() || limits.contains(*code))
        };
        config.sites.iter().map(|site| &site.code).filter(is_beyond).cloned().collect()
    }

    /// It is filled in like this.
    pub(super) fn form(&self, config: &Config, request: &RunRequest) -> Result<Form, Refusal> {
        let settings = self.settings();
        let without_titles = settings.without_titles || self.settings_want_no_titles(config);
        let wordings = self.wordings(config, request, without_titles)?;
        let (kind, days_ahead, recipients) = (settings.kind, settings.days_ahead, settings.recipients);
        Ok(Form { kind, days_ahead, without_titles, recipients, wordings })
    }

    fn settings_want_no_titles(&self, config: &Config) -> bool {
        let notices = &config.notices;
        self.slug() == USUAL && notices.templates.is_none() && notices.wording == NO_TITLES
    }

    /// What is asked for by name is said to everybody; else what people wrote on the pages comes before files, and these before what is
    /// built in.
    fn wordings(
        &self,
        config: &Config,
        request: &RunRequest,
        without_titles: bool,
    ) -> Result<Wordings, Refusal> {
        if request.wording.is_some() {
            return Ok(Wordings::one(template(config, request)?));
        }
        let usual = Language::named(&config.notices.language).unwrap_or_default();
        let mut wordings = match self.of_folder(config)? {
            Some(template) => Wordings::one(template),
            None => built_in(self.model(without_titles), usual)?,
        };
        for saved in &self.0.1 {
            let (Some(wording), Some(language)) = (&saved.wording, Language::named(&saved.key.language))
            else {
                continue;
            };
            let template = Template::check(sources(wording), language.dates());
            let template = template.map_err(|error| {
                let whose = saved.key.site.as_deref().unwrap_or("all libraries");
                let (slug, language) = (self.slug(), &saved.key.language);
                Refusal(Failure::Config, format!("the wording of {slug} for {whose} ({language}): {error}"))
            })?;
            wordings.add(saved.key.site.clone(), language, template);
        }
        let languages = config
            .sites
            .iter()
            .filter_map(|site| Some((site.code.clone(), Language::named(site.language.as_deref()?)?)));
        Ok(wordings.speaking(usual, languages.collect()))
    }

    fn model(&self, without_titles: bool) -> BuiltIn {
        let settings = NoticeSettings { without_titles, ..self.settings().clone() };
        BuiltIn::of(&settings)
    }

    /// What the settings have files for: the usual notice by the name of its wording, another by its own.
    fn of_folder(&self, config: &Config) -> Result<Option<Template>, Refusal> {
        let Some(folder) = &config.notices.templates else { return Ok(None) };
        let request = if self.slug() == USUAL {
            RunRequest::default()
        } else if folder.join(self.slug()).is_dir() {
            RunRequest { wording: Some(self.slug().to_owned()), ..RunRequest::default() }
        } else {
            return Ok(None);
        };
        template(config, &request).map(Some)
    }
}

/// Its words in each language.
fn built_in(model: BuiltIn, usual: Language) -> Result<Wordings, Refusal> {
    let of = |language: Language| {
        let template = Template::check(model.sources(language), language.dates());
        template.map_err(|error| Refusal(Failure::Config, error.to_string()))
    };
    let mut wordings = Wordings::one(of(usual)?);
    for language in Language::ALL {
        wordings.add(None, language, of(language)?);
    }
    Ok(wordings)
}

/// As templates.
pub fn sources(wording: &Wording) -> Sources<'_> {
    let html = wording.html.as_deref().filter(|html| !saved::is_of_nobody(html));
    Sources { subject: &wording.subject, text: &wording.text, html }
}

/// What a notice says in this language where nothing is written for it.
pub fn begun_with(settings: &NoticeSettings, language: Language) -> Sources<'static> {
    BuiltIn::of(settings).sources(language)
}

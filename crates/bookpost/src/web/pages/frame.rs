//! What stands around every page.

use std::sync::Arc;

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{Error, PauseWhy};

use super::{
    assets::{ICON, SCRIPT, STYLE},
    flash::{self, Done, Undo},
    form::Posted,
    known::ALARMS,
    mail_account::{self, alarm as account},
    not_here, security, standing,
    visit::Visit,
    words::{Language, Words},
};
use crate::{
    config::{Server, Way},
    identity::Permission,
    preferences::DoNotSend,
};

/// Where a page stands in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Today,
    Notices,
    /// Overdue notices > Saved notices.
    SavedNotices,
    /// Notices > Scheduled.
    Schedules,
    Queue,
    /// Queue > Who cannot be reached.
    Unreachable,
    /// Preferences > Setup > Email.
    Email,
    Libraries,
    Programs,
    People,
    Log,
    /// What belongs to the person alone, and stands in no list.
    Account,
}

/// What stands under Preferences: where it is, what it is called, and who may look at it.
const SETUP: [(Place, &str, &str, Permission<'static>); 5] = [
    (Place::Email, "/preferences", "nav-email", Permission::ChangePreferences),
    (Place::Libraries, "/preferences/libraries", "nav-libraries", Permission::ChangePreferences),
    (Place::Programs, "/preferences/programs", "nav-programs", Permission::ManagePrograms),
    (Place::People, "/preferences/people", "nav-people", Permission::ManagePeople),
    (Place::Log, "/preferences/log", "nav-log", Permission::SeeAudit),
];

/// A line of the navigation.
pub(super) struct Link {
    pub(super) href: &'static str,
    pub(super) text: String,
    pub(super) here: bool,
}

/// What is said above every page, as long as it is so.
pub(super) struct Banner {
    pub(super) text: String,
    /// Where it is ended, and what the link says.
    pub(super) href: Option<(&'static str, String)>,
}

/// Who is signed in.
pub(super) struct SignedIn {
    pub(super) name: String,
    pub(super) form_token: String,
    /// The page, for whoever changes the language on it.
    pub(super) path: String,
}

/// What stands around a page.
pub(super) struct Frame {
    pub(super) words: &'static Words,
    pub(super) library: String,
    pub(super) signed_in: Option<SignedIn>,
    pub(super) navigation: Vec<Link>,
    /// Within Preferences, or the queue.
    pub(super) tabs: Vec<Link>,
    pub(super) tabs_label: String,
    pub(super) banner: Option<Banner>,
    pub(super) flash: Option<String>,
    /// What takes back what the flash tells of.
    pub(super) undo: Option<Undo>,
    pub(super) style: &'static str,
    pub(super) script: &'static str,
    pub(super) icon: &'static str,
}

/// A provider wants somebody to sign in. It is said on every page: nobody else can do anything about it.
async fn signed_out(visit: &Visit, servers: &[Arc<Server>]) -> Result<Option<Banner>, Error> {
    let Some(provider) = servers.iter().find_map(|server| server.sign_in) else { return Ok(None) };
    let alarms = visit.pages.sources.store.alarms(true, ALARMS).await?;
    if !alarms.iter().any(|alarm| account::wants_sign_in(alarm, provider)) {
        return Ok(None);
    }
    let (words, there) = (visit.words(), mail_account::address(provider));
    let name = [("name", provider.title())];
    let may = visit.may(Permission::ChangePreferences) && !visit.path().starts_with(there);
    let text = words.with("banner-sign-in", &name);
    Ok(Some(Banner { text, href: may.then(|| (there, words.with("account-begin", &name))) }))
}

impl Frame {
    /// Around a page for whoever has not signed in.
    pub(super) fn bare(words: &'static Words, library: &str) -> Self {
        Self {
            words,
            library: library.to_owned(),
            signed_in: None,
            navigation: Vec::new(),
            tabs: Vec::new(),
            tabs_label: String::new(),
            banner: None,
            flash: None,
            undo: None,
            style: &STYLE.path,
            script: &SCRIPT.path,
            icon: &ICON.path,
        }
    }

    /// Around a page for whoever has.
    pub(super) async fn around(visit: &Visit, place: Place) -> Result<Self, Error> {
        let sources = &visit.pages.sources;
        let (words, config) = (visit.words(), sources.config());
        let go_on = visit.may(Permission::PauseSending).then(|| ("/sending", words.t("banner-resume")));
        // The first steps are gone back to until mail goes out.
        let may_set_up = visit.may(Permission::ChangePreferences) && !visit.path().starts_with("/start");
        let set_up = may_set_up.then(|| ("/start", words.t("banner-set-up")));
        let banner = match (sources.store.paused().await?, &config.sending.way) {
            (Some(pause), way) => {
                let (since, text) = (visit.clockwork.text(pause.began_at), |at| visit.clockwork.text(at));
                let text = match pause.why {
                    PauseWhy::ByPerson => words.with("banner-paused", &[("since", &since)]),
                    PauseWhy::OldMail => words.with("banner-old-mail", &[("since", &since)]),
                    PauseWhy::Restored { of } => words.with("banner-restored", &[("of", &text(of))]),
                };
                let too = matches!(way, Way::None) && config.sending.way_is_chosen;
                let too = too.then(|| words.t("banner-do-not-send-too"));
                let text = std::iter::once(text).chain(too).collect::<Vec<_>>().join(" ");
                Some(Banner { text, href: go_on })
            }
            (None, Way::None) if config.sending.way_is_chosen => {
                let chosen = DoNotSend::chosen(&sources.store).await?;
                let by = chosen
                    .map(|chosen| standing::said_of(&chosen, "banner-do-not-send-by", &visit.clockwork));
                let text = by.unwrap_or_else(|| words.t("banner-do-not-send"));
                Some(Banner { text, href: None })
            }
            (None, Way::None) => Some(Banner { text: words.t("banner-no-way"), href: set_up }),
            (None, Way::Practice) => Some(Banner { text: words.t("banner-practice"), href: set_up }),
            (None, Way::Servers(servers)) => signed_out(visit, servers).await?,
        };
        let link = |href, text, at| Link { href, text, here: place == at };
        let allowed = SETUP.iter().filter(|(.., permission)| visit.may(*permission));
        let setup: Vec<_> = allowed.map(|(at, href, key, _)| link(href, words.t(key), *at)).collect();
        let within = setup.iter().any(|link| link.here);
        let of_queue = matches!(place, Place::Queue | Place::Unreachable);
        let of_notices = matches!(place, Place::Notices | Place::SavedNotices | Place::Schedules);
        let mut navigation = vec![
            link("/", words.t("nav-today"), Place::Today),
            Link { here: of_notices, ..link("/notices", words.t("nav-notices"), Place::Notices) },
            Link { here: of_queue, ..link("/queue", words.t("nav-queue"), Place::Queue) },
        ];
        let first = setup.first().map(|link| link.href);
        navigation.extend(first.map(|href| Link { href, text: words.t("nav-preferences"), here: within }));
        let tabs = if of_queue {
            let unreachable = link("/queue/unreachable", words.t("nav-unreachable"), Place::Unreachable);
            vec![link("/queue", words.t("nav-all-mail"), Place::Queue), unreachable]
        } else if of_notices {
            let saved = link("/notices/saved", words.t("nav-saved-notices"), Place::SavedNotices);
            let schedules = link("/notices/schedules", words.t("nav-schedules"), Place::Schedules);
            let saved = Some(saved).filter(|_| visit.may_run_theirs());
            let runs = link("/notices", words.t("nav-runs"), Place::Notices);
            std::iter::once(runs).chain(saved).chain([schedules]).collect()
        } else if within {
            setup
        } else {
            Vec::new()
        };
        let (told, path) = (visit.flash(), visit.path());
        let (flash, undo) = (told.text(words), told.undo(path, words).filter(|_| visit.may_decide_theirs()));
        Ok(Self {
            banner,
            navigation,
            tabs,
            tabs_label: words.t(match place {
                _ if of_queue => "nav-of-queue",
                _ if of_notices => "nav-of-notices",
                _ => "nav-setup",
            }),
            flash,
            undo,
            signed_in: Some(visit.signed_in()),
            ..Self::bare(words, &config.library)
        })
    }

    pub(super) fn t(&self, key: &str) -> String {
        self.words.t(key)
    }

    pub(super) fn lang(&self) -> &'static str {
        self.words.language.tag()
    }

    pub(super) fn version(&self) -> String {
        self.words.with("version", &[("version", env!("CARGO_PKG_VERSION"))])
    }

    pub(super) fn signed_in_as(&self, name: &str) -> String {
        self.words.with("signed-in-as", &[("name", name)])
    }

    pub(super) fn languages(&self) -> [(&'static str, &'static str, bool); 2] {
        Language::ALL.map(|language| (language.tag(), language.own_name(), language == self.words.language))
    }
}

/// A page as an answer.
pub(super) fn page(template: &impl Template) -> Response {
    page_as(StatusCode::OK, template)
}

pub(super) fn page_as(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Chosen {
    language: String,
    next: String,
}

/// Pages are in this language for this person from now on, on every computer.
pub(super) async fn choose_language(Posted { visit, form }: Posted<Chosen>) -> Response {
    let next = security::local(&form.next);
    let Some(language) = Language::named(&form.language) else { return Redirect::to(next).into_response() };
    let change =
        move |settings: &mut store::PersonSettings| settings.language = Some(language.tag().to_owned());
    let (store, now) = (&visit.pages.sources.store, visit.clockwork.now);
    match store.change_person(visit.person().id, change, visit.actor(), now).await {
        Ok(_) => Redirect::to(&flash::told(next, Done::Language, None)).into_response(),
        Err(error) => not_here::of(&error, &visit),
    }
}

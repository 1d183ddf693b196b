//! The pages for people: made whole on the server, complete without JavaScript, in each person's language.
//!
//! One [`security::guard`] stands in front of all of them. A page takes a [`visit::Visit`], so that nobody sees it who has not signed
//! in; what changes anything takes a [`form::Posted`], so that no page elsewhere can have it done. Templates escape whatever they are given,
//! and every text is said by [`words::Words`].
//!
//! This part knows nothing of SMTP and SQL.

mod account;
mod advice;
mod assets;
mod away;
mod chart;
mod decide;
mod field;
mod flash;
mod forgotten;
mod form;
mod frame;
mod hand_over;
mod installations;
mod known;
mod libraries;
mod limited;
mod links;
mod list;
mod live;
mod log;
mod lost_secrets;
mod mail_account;
mod marks;
mod meanwhile;
mod message;
mod not_done;
mod not_here;
mod notices;
#[cfg(feature = "oidc")]
mod oidc;
mod people;
mod person;
mod person_act;
mod person_form;
mod person_keys;
mod preferences;
mod programs;
mod recovered;
mod row;
mod schedules;
mod security;
mod senders;
mod sending;
mod sessions;
mod sign_in;
mod sign_in_service;
mod silence;
mod standing;
mod start;
mod steps;
mod text;
mod timeline;
mod today;
mod trial;
mod unreachable;
mod visit;
mod wanted;
mod when;
mod words;

pub(super) use self::{
    decide::{MOST_NAMED, about, concerned, english_consequence},
    wanted::Wanted,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post},
};

use super::Sources;

pub(super) use not_here::nothing_at;
pub(crate) use standing::in_use;
pub(super) use trial::tried_and_noted;

/// What the pages are made of. Cheap to clone.
#[derive(Clone)]
struct Pages {
    sources: Sources,
    live: live::Live,
    #[cfg(feature = "oidc")]
    openid: Option<std::sync::Arc<crate::identity::oidc::OpenId>>,
    trials: trial::Trials,
    typed: preferences::Typed,
    uploads: notices::Uploads,
    large: notices::Large,
}

impl Pages {
    fn new(sources: Sources) -> Self {
        Self {
            live: live::Live::start(sources.clone()),
            #[cfg(feature = "oidc")]
            openid: oidc::provider(&sources),
            trials: trial::Trials::default(),
            typed: preferences::Typed::default(),
            uploads: notices::Uploads::default(),
            large: notices::Large::default(),
            sources,
        }
    }

    /// The address by which people come from elsewhere.
    fn public(&self) -> Option<String> {
        self.sources.config().public_address.clone()
    }

    /// Who else signs people in.
    fn provider(&self) -> Option<String> {
        self.sources.config().oidc.as_ref().map(|provider| provider.name.clone())
    }
}

/// The addresses and what answers them.
pub(super) fn router(sources: Sources) -> Router {
    let pages = Pages::new(sources);
    let router = Router::new();
    #[cfg(feature = "oidc")]
    let router = router.merge(oidc::routes());
    router
        .merge(of_queue())
        .route("/", get(today::show))
        .route("/notices", get(notices::show))
        // What comes in is counted as it does.
        .route("/notices/upload", post(notices::upload).layer(DefaultBodyLimit::disable()))
        .route("/notices/take", post(today::take))
        .route("/notices/check/{id}", get(notices::check))
        .merge(notices::routes_of_columns())
        .merge(notices::routes_of_nameless())
        .merge(notices::routes_of_saved())
        .merge(schedules::routes())
        .merge(mail_account::routes())
        .merge(sign_in_service::routes())
        .merge(installations::routes())
        .route("/notices/check/{id}/mail", get(notices::mail))
        .route("/notices/check/{id}/html", get(notices::framed))
        .route("/notices/check/{id}/samples", post(notices::samples))
        .route("/notices/check/{id}/send", post(notices::send))
        .route("/notices/check/{id}/forget", post(notices::forget))
        .route("/notices/runs/{id}", get(notices::run))
        .route("/notices/runs/{id}/names", get(notices::names))
        .route("/notices/runs/{id}/csv", get(notices::download))
        .route("/notices/runs/{id}/stop", get(notices::ask_stop).post(notices::stop))
        .route("/notices/runs/{id}/again/{recipient}", get(notices::ask_again).post(notices::send_again))
        .route("/sending", get(sending::ask).post(sending::carry_out))
        .route("/sending/probe", post(sending::probe))
        .route("/preferences", get(preferences::ask).post(preferences::save))
        .route("/preferences/suggest", post(preferences::suggest))
        .route("/preferences/undo", post(preferences::undo))
        .route("/preferences/import", post(preferences::import))
        .route("/preferences/sample-report", get(preferences::sample_report))
        .route("/preferences/libraries", get(libraries::show))
        .route("/preferences/libraries/add", get(libraries::ask_add).post(libraries::add))
        .route("/preferences/libraries/change", get(libraries::ask_change).post(libraries::change))
        .route("/preferences/libraries/remove", get(libraries::ask_remove).post(libraries::remove))
        .route("/preferences/libraries/undo", post(libraries::undo))
        .route("/preferences/libraries/logo", libraries::logo())
        .route("/preferences/libraries/logo/picture", get(libraries::picture))
        .route("/preferences/libraries/logo/remove", post(libraries::remove_logo))
        .route("/preferences/programs", get(programs::show))
        .route("/preferences/programs/add", get(programs::ask_add).post(programs::add))
        .route("/preferences/programs/{id}", get(programs::show_one))
        .route("/preferences/programs/{id}/change", get(programs::ask_change).post(programs::change))
        .route("/preferences/programs/{id}/key", post(programs::make_key))
        .route("/preferences/programs/{id}/revoke", get(programs::ask_revoke).post(programs::revoke))
        .route("/preferences/programs/{id}/switch", get(programs::ask_switch).post(programs::switch))
        .route("/language", post(frame::choose_language))
        .route("/live", get(live::stream))
        .route("/start", get(start::ask).post(start::name))
        .route("/start/practice", post(start::practice))
        .route("/start/test", post(start::send))
        .route("/preferences/test", get(trial::ask).post(trial::start))
        .route("/preferences/test/port", post(trial::find))
        .route("/preferences/test/arrived", get(trial::advise).post(trial::answer))
        .route("/preferences/test/{id}", get(trial::show))
        .route("/preferences/test/{id}/steps", get(trial::told))
        .route("/sign-in", get(sign_in::ask).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/set-up", get(links::ask_set_up).post(links::set_up))
        .route("/invitation", get(links::ask_invitation).post(links::take))
        .route("/reset", get(links::ask_reset).post(links::take))
        .route("/forgotten", get(forgotten::ask).post(forgotten::send))
        .route("/account", get(account::show).post(account::change))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions", post(account::end_sessions))
        .route("/account/keys", post(person_keys::revoke_own))
        .route("/preferences/people", get(people::show).post(people::add))
        .route("/preferences/people/new", get(people::ask))
        .route("/preferences/people/{id}", get(person::show).post(person::change))
        .route("/preferences/people/{id}/act", get(person_act::ask).post(person_act::carry_out))
        .route("/preferences/people/{id}/keys", post(person_keys::revoke))
        .route("/preferences/log", get(log::show))
        .route("/assets/{name}", get(assets::serve))
        .layer(from_fn_with_state(pages.clone(), security::guard))
        .with_state(pages)
}

/// About mail.
fn of_queue() -> Router<Pages> {
    Router::new()
        .route("/queue", get(list::show))
        .route("/queue/unreachable", get(unreachable::show))
        .route("/queue/unreachable/csv", get(unreachable::download))
        .route("/queue/decide", get(decide::ask).post(decide::carry_out))
        .route("/queue/{id}", get(message::show))
        .route("/queue/{id}/text", get(text::show))
        .route("/queue/{id}/html", get(text::framed))
}

pub(crate) use self::words::LANGUAGES;

/// The words of this key, for whoever has not chosen a language.
pub(super) fn english(key: &str) -> String {
    words::Language::English.words().t(key)
}

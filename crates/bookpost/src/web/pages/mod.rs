//! The pages for people: made whole on the server, complete without JavaScript, in each person's language.
//!
//! One [`security::guard`] stands in front of all of them. A page takes a [`visit::Visit`], so that nobody sees it who has not signed
//! in; what changes anything takes a [`form::Posted`], so that no page elsewhere can have it done. Templates escape whatever they are given,
//! and every text is said by [`words::Words`].
//!
//! This part knows nothing of SMTP and SQL.

mod assets;
mod decide;
mod field;
mod flash;
mod form;
mod frame;
mod links;
mod list;
mod live;
mod marks;
mod message;
mod not_here;
#[cfg(feature = "oidc")]
mod oidc;
mod row;
mod security;
mod sending;
mod sign_in;
mod standing;
mod text;
mod timeline;
mod today;
mod visit;
mod wanted;
mod when;
mod words;

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post},
};

use super::Sources;

pub(super) use not_here::nothing_at;

/// What the pages are made of. Cheap to clone.
#[derive(Clone)]
struct Pages {
    sources: Sources,
    live: live::Live,
    #[cfg(feature = "oidc")]
    openid: Option<std::sync::Arc<crate::identity::oidc::OpenId>>,
}

impl Pages {
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
    let pages = Pages {
        live: live::Live::start(sources.clone()),
        #[cfg(feature = "oidc")]
        openid: oidc::provider(&sources),
        sources,
    };
    let router = Router::new();
    #[cfg(feature = "oidc")]
    let router = router.merge(oidc::routes());
    router
        .route("/", get(today::show))
        .route("/queue", get(list::show))
        .route("/queue/decide", get(decide::ask).post(decide::carry_out))
        .route("/queue/{id}", get(message::show))
        .route("/queue/{id}/text", get(text::show))
        .route("/queue/{id}/html", get(text::framed))
        .route("/sending", get(sending::ask).post(sending::carry_out))
        .route("/language", post(frame::choose_language))
        .route("/live", get(live::stream))
        .route("/sign-in", get(sign_in::ask).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/set-up", get(links::ask_set_up).post(links::set_up))
        .route("/invitation", get(links::ask_invitation).post(links::take))
        .route("/reset", get(links::ask_reset).post(links::take))
        .route("/assets/{name}", get(assets::serve))
        .layer(from_fn_with_state(pages.clone(), security::guard))
        .with_state(pages)
}

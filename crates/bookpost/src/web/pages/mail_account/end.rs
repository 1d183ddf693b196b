//! Before a sign-in is ended it is asked, with what becomes of mail.

use askama::Template;
use axum::{extract::Path, response::Response};
use store::Error;

use super::{Done, Nothing, Posted, Visit, address, allowed, done, meanwhile::Meanwhile, not_here, shown};
use crate::{
    config::{Provider, Way},
    web::pages::frame::{Frame, Place, page},
};

#[derive(Template)]
#[template(path = "mail_account_end.html")]
struct Asking {
    f: Frame,
    here: &'static str,
    title: String,
    /// What becomes of the sign-in, and of mail.
    what: Vec<String>,
    button: String,
}

/// The page that asks.
pub(super) async fn ask(visit: Visit, Path(name): Path<String>) -> Response {
    let provider = match allowed(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    match visit.pages.sources.accounts.account(provider).await {
        Ok(Some(_)) => {}
        Ok(None) => return not_here::not_found(visit.words()),
        Err(error) => return not_here::of(&error, &visit),
    }
    match asking(&visit, provider).await {
        Ok(asking) => page(&asking),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn asking(visit: &Visit, provider: Provider) -> Result<Asking, Error> {
    let (words, name) = (visit.words(), [("name", provider.title())]);
    Ok(Asking {
        f: Frame::around(visit, Place::Email).await?,
        here: address(provider),
        title: words.with("account-end-ask", &name),
        what: vec![words.with("account-end-is", &name), mail(visit, provider).await?],
        button: words.with("account-end", &name),
    })
}

/// What becomes of mail.
async fn mail(visit: &Visit, provider: Provider) -> Result<String, Error> {
    let (words, sources) = (visit.words(), &visit.pages.sources);
    let config = sources.config();
    let servers: &[_] = if let Way::Servers(servers) = &config.sending.way { servers } else { &[] };
    if servers.iter().all(|server| server.sign_in != Some(provider)) {
        return Ok(words.with("account-end-unused", &[("name", provider.title())]));
    }
    if let Some(server) = Meanwhile::without(visit, provider) {
        return Ok(words.with("account-end-behind", &[("server", &server)]));
    }
    let waiting = sources.store.counts().await?.waiting;
    Ok(words.count("account-end-waits", waiting))
}

/// Ends it.
pub(super) async fn end(Path(name): Path<String>, Posted { visit, .. }: Posted<Nothing>) -> Response {
    let provider = match allowed(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    match visit.pages.sources.accounts.disconnect(provider, visit.actor()).await {
        Ok(true) => done(provider, Done::AccountEnded),
        Ok(false) => done(provider, Done::AccountForgotten),
        Err(error) => shown(&visit.at(address(provider)), provider, Some(&error)).await,
    }
}

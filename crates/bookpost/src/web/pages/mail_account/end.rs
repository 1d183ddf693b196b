//! Before a sign-in is ended it is asked, with what becomes of mail.

use askama::Template;
use axum::{extract::Path, response::Response};
use store::Error;

use super::{Done, Nothing, Posted, Visit, address, allowed, done, not_here, shown};
use crate::{
    config::Provider,
    preferences::mail_accounts::{Revoked, Without},
    web::pages::{
        frame::{Frame, Place, page},
        standing::named,
    },
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
    Ok(match Without::of(provider, &sources.config(), &sources.store).await? {
        Without::Unused => words.with("account-end-unused", &[("name", provider.title())]),
        Without::GoesBy(server) => words.with("account-end-behind", &[("server", &named(&server, words))]),
        Without::Waits(waiting) => words.count("account-end-waits", waiting),
    })
}

/// Ends it.
pub(super) async fn end(Path(name): Path<String>, Posted { visit, .. }: Posted<Nothing>) -> Response {
    let provider = match allowed(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    match visit.pages.sources.accounts.disconnect(provider, visit.actor()).await {
        Ok(Revoked::Yes) => done(provider, Done::AccountEnded),
        Ok(Revoked::NotAsked | Revoked::Failed(_)) => done(provider, Done::AccountForgotten),
        Err(error) => shown(&visit.at(address(provider)), provider, Some(&error)).await,
    }
}

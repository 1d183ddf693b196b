//! Preferences > Setup > Email > Sign in with a mail provider: what to know before, there and back, and how it stands.

pub(super) mod alarm;
mod client;
mod end;
pub(super) mod ends;
mod handing;
mod meanwhile;
mod said;
mod service;
mod stands;
mod terminal;

use askama::Template;
use axum::{
    Router,
    extract::{Path, Query, RawQuery},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use store::{Error, MailAccount};

use super::{
    Pages,
    away::Away,
    flash::{self, Done},
    form::Posted,
    frame::{Frame, Place, page_as},
    not_here,
    senders::{self, Sender},
    visit::Visit,
};
use crate::{
    config::{Provider, SendBy, Way},
    identity::Permission,
    preferences::mail_accounts::{
        AccountError, Back, Boxes, Came, Former, LASTS, LedBack, Revoked, Used, redirect, renewed_at_latest,
    },
};

/// What the browser keeps until it comes back.
const AWAY: Away = Away::new("__Host-bookpost-account", "bookpost-account", LASTS);

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/preferences/sign-in/back", get(terminal::back))
        .route("/preferences/sign-in/{provider}", get(show))
        .route("/preferences/sign-in/{provider}/client", post(client::save))
        .route("/preferences/sign-in/{provider}/handing", post(handing::save))
        .route("/preferences/sign-in/{provider}/service", post(service::save))
        .route("/preferences/sign-in/{provider}/service/test", post(service::test))
        .route("/preferences/sign-in/{provider}/begin", get(begin))
        .route("/preferences/sign-in/{provider}/paste", post(paste))
        .route("/preferences/sign-in/{provider}/confirm", post(confirm))
        .route("/preferences/sign-in/{provider}/drop", post(drop_new))
        .route("/preferences/sign-in/{provider}/end", get(end::ask).post(end::end))
}

/// Where the page of this provider is.
pub(super) fn address(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "/preferences/sign-in/google",
        Provider::Microsoft => "/preferences/sign-in/microsoft",
    }
}

#[derive(Template)]
#[template(path = "mail_account.html")]
struct Page {
    f: Frame,
    here: &'static str,
    title: String,
    lead: String,
    /// What came of the last attempt: what is wrong, and what the provider said.
    refused: Option<said::Refused>,
    /// Whose account came, and whose was there before.
    another: Option<String>,
    facts: Vec<(String, String)>,
    /// What a button says that tests it, and what that does.
    test: Option<[String; 2]>,
    test_of: &'static str,
    test_to: String,
    /// What patrons see of each library's mail by it.
    senders: Vec<Sender>,
    /// What is wrong with it.
    fault: Option<String>,
    /// See [`stands::for_it`].
    scopes: String,
    /// It ends by itself soon.
    ends: Option<String>,
    /// What else is to be done, and where.
    unused: Option<String>,
    /// The address that is entered at the provider, if there is one that it takes.
    back: Option<String>,
    /// Why it is not the public one, and what follows from that.
    instead: Option<[String; 2]>,
    /// Why there is none.
    not_taken: Option<String>,
    /// Where to go first, and why: the provider leads back to there.
    elsewhere: Option<[String; 2]>,
    /// The provider knows Bookpost.
    is_set: bool,
    client: client::Client,
    client_title: String,
    handing: handing::Handing,
    service: service::Service,
    button: String,
    shared: String,
    /// What is to be allowed on the way.
    allows: String,
    /// What a link says that ends it.
    end: Option<String>,
    /// What follows from for whom the client is at the provider.
    audience: Option<String>,
    /// There are boxes to tick where one agrees.
    has_boxes: bool,
}

async fn show(visit: Visit, Path(name): Path<String>) -> Response {
    match administered(&visit, &name) {
        Ok(provider) => shown(&visit, provider, None).await,
        Err(response) => response,
    }
}

#[derive(Deserialize)]
struct Begin {
    /// They bring the address of the browser's bar here.
    pastes: Option<String>,
}

/// This page, under the name by which the browser comes back.
fn elsewhere(visit: &Visit, provider: Provider) -> Option<String> {
    let back = visit.pages.sources.accounts.back(provider).ok()?;
    redirect::begins_at(&back, &visit.origin).map(|origin| format!("{origin}{}", address(provider)))
}

/// Sends somebody to the provider, from where they come to [`back`].
async fn begin(visit: Visit, Path(name): Path<String>, Query(asked): Query<Begin>) -> Response {
    let provider = match allowed(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    if asked.pastes.is_none()
        && let Some(there) = elsewhere(&visit, provider)
    {
        return Redirect::to(&there).into_response();
    }
    match visit.pages.sources.accounts.begin(provider, visit.actor()).await {
        Ok(begun) => (AWAY.keep(&begun.kept, visit.secure), Redirect::to(&begun.to)).into_response(),
        Err(error) => shown(&visit, provider, Some(&error)).await,
    }
}

async fn back(visit: Visit, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    came(visit, &query.unwrap_or_default(), &headers, None).await
}

#[derive(Deserialize)]
struct Pasted {
    #[serde(default)]
    address: String,
}

/// Where the browser could not come back by itself, somebody brings what stood in its bar.
async fn paste(
    Path(name): Path<String>,
    headers: HeaderMap,
    Posted { visit, form }: Posted<Pasted>,
) -> Response {
    let provider = match allowed(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    let query = form.address.trim().split_once('?').map_or("", |(_, query)| query);
    came(visit, query.split('#').next().unwrap_or_default(), &headers, Some(provider)).await
}

async fn came(visit: Visit, query: &str, headers: &HeaderMap, asked: Option<Provider>) -> Response {
    let accounts = &visit.pages.sources.accounts;
    let [(set_cookie, forgotten)] = AWAY.forget(visit.secure);
    let kept = AWAY.found(visit.secure, headers);
    let Some(provider) = accounts.begun_at(&kept).or(asked) else {
        return not_here::form_too_old(visit.words());
    };
    let back: Back = serde_html_form::from_str(query).unwrap_or_default();
    let mut response = match accounts.end(&kept, &back, &visit.actor()).await {
        Ok(Came::Connected { .. }) => done(provider, Done::AccountConnected),
        Ok(Came::Another { .. }) => Redirect::to(address(provider)).into_response(),
        // Whoever changes the language on it comes to where they can begin again.
        Err(error) => shown(&visit.at(address(provider)), provider, Some(&error)).await,
    };
    if let Ok(forgotten) = forgotten.parse() {
        response.headers_mut().append(set_cookie, forgotten);
    }
    response
}

#[derive(Deserialize)]
struct Nothing {}

async fn confirm(Path(name): Path<String>, Posted { visit, .. }: Posted<Nothing>) -> Response {
    let provider = match allowed(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    match visit.pages.sources.accounts.confirm(provider, &visit.actor()).await {
        Ok(None) => done(provider, Done::AccountConnected),
        Ok(Some(Former { ended: Revoked::Yes, .. })) => done(provider, Done::AccountReplaced),
        Ok(Some(_)) => done(provider, Done::AccountReplacedUntold),
        Err(error) => shown(&visit, provider, Some(&error)).await,
    }
}

/// The other account was not meant: what was given for it is good for nothing, and all is as it was.
async fn drop_new(Path(name): Path<String>, Posted { visit, .. }: Posted<Nothing>) -> Response {
    let provider = match allowed(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    match visit.pages.sources.accounts.drop_new(provider, &visit.actor()).await {
        Some(true) => done(provider, Done::AccountDropped),
        Some(false) => done(provider, Done::AccountDroppedUntold),
        None => done(provider, Done::NothingChanged),
    }
}

fn done(provider: Provider, done: Done) -> Response {
    Redirect::to(&flash::told(address(provider), done, None)).into_response()
}

/// The provider, if this person may see to it.
#[expect(clippy::result_large_err, reason = "it is the answer")]
fn administered(visit: &Visit, name: &str) -> Result<Provider, Response> {
    if !visit.may(Permission::ChangePreferences) {
        return Err(not_here::not_allowed(visit.words()));
    }
    Provider::named(name).ok_or_else(|| not_here::not_found(visit.words()))
}

/// The same, if it is set up.
#[expect(clippy::result_large_err, reason = "it is the answer")]
fn allowed(visit: &Visit, name: &str) -> Result<Provider, Response> {
    let provider = administered(visit, name)?;
    let is_set = visit.pages.sources.accounts.provider(provider).is_some();
    is_set.then_some(provider).ok_or_else(|| not_here::not_found(visit.words()))
}

/// With what somebody has typed, which was not saved.
async fn shown_with(visit: &Visit, provider: Provider, typed: client::Client) -> Response {
    match made(visit, provider, None, (typed, service::Service::now(visit, provider).await)).await {
        Ok(page) => page_as(StatusCode::UNPROCESSABLE_ENTITY, &page),
        Err(error) => not_here::of(&error, visit),
    }
}

/// With a sign-in service that was tested, or typed and not saved.
async fn shown_testing(visit: &Visit, provider: Provider, service: service::Service) -> Response {
    let status = if service.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    match made(visit, provider, None, (client::Client::now(visit, provider).await, service)).await {
        Ok(page) => page_as(status, &page),
        Err(error) => not_here::of(&error, visit),
    }
}

async fn shown(visit: &Visit, provider: Provider, error: Option<&AccountError>) -> Response {
    if let Some(AccountError::Store(error)) = error {
        return not_here::of(error, visit);
    }
    if let Some(error) = error {
        tracing::warn!(provider = provider.name(), %error, "nobody was signed in at the mail provider");
    }
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let forms = (client::Client::now(visit, provider).await, service::Service::now(visit, provider).await);
    match made(visit, provider, error, forms).await {
        Ok(page) => page_as(status, &page),
        Err(error) => not_here::of(&error, visit),
    }
}

async fn made(
    visit: &Visit,
    provider: Provider,
    error: Option<&AccountError>,
    (client, service): (client::Client, service::Service),
) -> Result<Page, Error> {
    let (sources, words) = (&visit.pages.sources, visit.words());
    let account = sources.accounts.account(provider).await?;
    let name = [("name", provider.title())];
    let with = |key: &str| words.with(key, &name);
    let (back, instead, not_taken) = match sources.accounts.led_back(provider) {
        Ok(LedBack { to, instead: None }) => (Some(to), None, None),
        Ok(LedBack { to, instead: Some((public, why)) }) => {
            (Some(to), Some(said::instead(&public, why, provider, words)), None)
        }
        Err(AccountError::NotTaken { back, .. }) => {
            (None, None, Some(said::not_taken_by_service(&back, words)))
        }
        Err(_) => (None, None, None),
    };
    let another = sources.accounts.waits(provider, &visit.actor()).await.map(|(account, before)| {
        words.with(
            "account-another",
            &[("name", provider.title()), ("account", &account), ("before", &before)],
        )
    });
    let signed_out = account.as_ref().is_some_and(|account| account.signed_out_at.is_some());
    let button = if account.is_some() { "account-again" } else { "account-begin" };
    let set = sources.accounts.provider(provider);
    let handing = handing::Handing::now(visit, provider).await;
    let meanwhile = Box::pin(meanwhile::Meanwhile::now(visit, provider)).await?;
    let way = &sources.config().sending.way;
    let in_use = matches!(way, Way::Servers(all) if all.iter().any(|one| one.sign_in == Some(provider)));
    Ok(Page {
        f: Frame::around(visit, Place::Email).await?,
        here: address(provider),
        title: with("account-title"),
        lead: with("account-lead"),
        refused: error.map(|error| said::refused(error, provider, words)),
        another,
        facts: match &account {
            Some(account) => {
                let used = sources.accounts.used(provider).await?;
                [facts(account, visit), by_it(account, (provider, handing.now), used, visit)].concat()
            }
            None => Vec::new(),
        },
        test: (account.is_some() && !signed_out).then(|| [with("account-test"), words.t("account-test-is")]),
        test_of: provider.name(),
        test_to: visit.person().email.to_string(),
        senders: senders::by_account(visit, provider).await?.unwrap_or_default(),
        fault: match account.as_ref().and_then(|account| sources.accounts.of_another(account)) {
            _ if signed_out => Some(stands::signed_out(provider, &meanwhile, words)),
            of_another => of_another.map(|of_another| stands::of_another(&of_another, &meanwhile, words)),
        },
        ends: account.as_ref().and_then(|account| ends::said(visit, provider, account)),
        unused: (account.is_some() && !in_use).then(|| with("account-unused")),
        scopes: account.as_ref().map(stands::for_it).unwrap_or_default(),
        elsewhere: elsewhere(visit, provider).map(|there| {
            let names = [("name", provider.title()), ("address", &*there)];
            [words.with("account-elsewhere", &names), there]
        }),
        back,
        instead,
        is_set: set.is_some(),
        client,
        client_title: with("client-title"),
        service,
        not_taken,
        handing,
        button: with(button),
        shared: with("account-before-shared"),
        allows: with(if provider.has_boxes() { "account-before-boxes" } else { "account-before-agree" }),
        end: account.is_some().then(|| with("account-end")),
        audience: set.and_then(|set| set.audience).map(|audience| said::audience(audience, visit)),
        has_boxes: provider.has_boxes(),
    })
}

/// As whom, since when, by whom, and how it goes on.
fn facts(account: &MailAccount, visit: &Visit) -> Vec<(String, String)> {
    let (words, clockwork) = (visit.words(), &visit.clockwork);
    let mut facts = vec![
        (words.t("account-as"), account.account.clone()),
        (words.t("account-since"), clockwork.text(account.connected_at)),
        (words.t("account-by"), words.actor(&account.connected_by)),
    ];
    if account.signed_out_at.is_none() {
        let (from, latest) = (clockwork.text(account.refresh_at), clockwork.text(renewed_at_latest(account)));
        let names = [("from", &*from), ("latest", &*latest), ("zone", &clockwork.zone_name())];
        facts.push((words.t("account-next"), words.with("account-next-when", &names)));
    }
    if let Some(ending) = visit.pages.sources.accounts.ending(account) {
        facts.extend(ends::fact(&ending, clockwork));
    }
    if let Some(at) = account.refreshed_at {
        facts.push((words.t("account-renewed"), clockwork.text(at)));
    }
    if let Some(failed) = &account.failed {
        let text = stands::not_renewed(account, failed, words);
        facts.push((words.t("account-last-error"), format!("{}: {text}", clockwork.text(failed.at))));
    }
    facts
}

/// What was agreed to, how mail leaves by it, and how much has.
fn by_it(
    account: &MailAccount,
    (provider, by): (Provider, SendBy),
    used: Option<Used>,
    visit: &Visit,
) -> Vec<(String, String)> {
    let words = visit.words();
    let sent = used.map(|Used { count, limit }| {
        let text = match limit {
            Some(limit) => words.with(
                "account-used-of",
                &[("count", &words.number(count)), ("limit", &words.number(limit.into()))],
            ),
            None => words.number(count),
        };
        (words.t("account-used"), text)
    });
    let agreed = match Boxes::of(provider, by, &account.scopes) {
        Some(boxes) => said::ticked(boxes, words),
        None if visit.pages.sources.accounts.covers(account) => words.t("account-agreed-all"),
        None => words.t("account-agreed-other"),
    };
    let how = [
        (words.t("account-agreed"), agreed),
        (words.t("account-sends-by"), handing::title(provider, by, words)),
    ];
    how.into_iter().chain(sent).collect()
}

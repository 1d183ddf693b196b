//! Somebody who has signed in asks for a page.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Method, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::utf8_percent_encode;
use store::{Actor, Person};

use super::{
    Pages,
    flash::{self, Done, Flash},
    frame::SignedIn,
    not_here,
    security::{Visited, local},
    wanted::RESERVED,
    when::Clockwork,
    words::{Language, Words},
};
use crate::{
    config::Config,
    identity::{Permission, Visitor, people::People},
    notices::Site,
    preferences::mail_accounts::redirect::BACK,
};

/// A browser sends it back over https only, to this host only, and another program of the host cannot have set it (RFC 6265bis, `__Host-`).
const COOKIE: &str = "__Host-bookpost";
/// On this computer itself there is no https, and browsers know of no such promise there.
const PLAIN_COOKIE: &str = "bookpost";
/// What the script of a page sends when it renews it.
const RENEWS: &str = "bookpost-renews";

/// A request of somebody who has signed in.
pub(super) struct Visit {
    pub(super) pages: Pages,
    pub(super) visitor: Visitor,
    pub(super) clockwork: Clockwork,
    token: String,
    pub(super) secure: bool,
    /// By which name Bookpost was asked.
    pub(super) origin: String,
    /// With its query.
    path: String,
    renews: bool,
}

impl Visit {
    pub(super) fn words(&self) -> &'static Words {
        self.clockwork.words
    }

    pub(super) fn person(&self) -> &Person {
        self.visitor.person()
    }

    pub(super) fn may(&self, permission: Permission<'_>) -> bool {
        self.visitor.may(permission)
    }

    /// For the log.
    pub(super) fn actor(&self) -> Actor {
        self.visitor.actor()
    }

    /// With its query.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The same, on the page of this path.
    pub(super) fn at(self, path: &str) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    /// Whether an open page renews itself, as its script says, and nobody may be looking. It is no right and no proof.
    pub(super) fn renews(&self) -> bool {
        self.renews
    }

    pub(super) fn flash(&self) -> Flash {
        Flash::in_query(self.path.split_once('?').map(|(_, query)| query))
    }

    pub(super) fn signed_in(&self) -> SignedIn {
        let name = self.person().name.to_string();
        SignedIn { name, form_token: form_token(&self.token), path: self.path.clone() }
    }

    /// Whether a form came from a page of this session.
    pub(super) fn wrote(&self, form_token: &str) -> bool {
        let shown = URL_SAFE_NO_PAD.decode(form_token).unwrap_or_default();
        hmac::verify(&key(&self.token), FORM, &shown).is_ok()
    }

    /// Whether mail of this library, or of none, is theirs to see.
    pub(super) fn may_see(&self, site: Option<&str>) -> bool {
        self.may(Permission::SeeQueue(site))
    }

    pub(super) fn may_decide(&self, site: Option<&str>) -> bool {
        self.may(Permission::ActOnQueue(site))
    }

    /// Whether they decide about all mail that they see.
    pub(super) fn may_decide_theirs(&self) -> bool {
        let sites = self.sites();
        if sites.is_empty() {
            self.may_decide(None)
        } else {
            sites.iter().all(|site| self.may_decide(Some(site)))
        }
    }

    /// Whether they run notices of the libraries that are theirs.
    pub(super) fn may_run_theirs(&self) -> bool {
        let sites = self.sites();
        if sites.is_empty() {
            self.may(Permission::RunNotices(None))
        } else {
            sites.iter().all(|site| self.may(Permission::RunNotices(Some(site))))
        }
    }

    /// The libraries that they are limited to; none: to none.
    pub(super) fn sites(&self) -> BTreeSet<String> {
        if self.may(Permission::SeeQueue(None)) { BTreeSet::new() } else { self.person().sites.clone() }
    }

    /// Those libraries, as they are set up.
    pub(super) fn libraries<'a>(&self, config: &'a Config) -> impl Iterator<Item = &'a Site> + use<'a> {
        let limited = self.sites();
        config.sites.iter().filter(move |site| limited.is_empty() || limited.contains(&site.code))
    }
}

const FORM: &[u8] = b"form";

/// Whoever has it cannot make the session's token of it, and it is of use in this session only.
fn form_token(session_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac::sign(&key(session_token), FORM))
}

fn key(session_token: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, session_token.as_bytes())
}

impl FromRequestParts<Pages> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let asked = Language::asked(&parts.headers);
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        // What is in the query there signs somebody in, and stands on no page.
        let path = if parts.uri.path() == BACK { BACK } else { path }.to_owned();
        let renews = parts.headers.contains_key(RENEWS);
        let (now, secure) = (pages.sources.clock.now(), is_secure(parts));
        let Some(token) = token(&parts.headers, secure) else { return Err(to_sign_in(parts, &path)) };
        let visitor = match pages.sources.people.visitor(&token).await {
            Ok(Some(visitor)) => visitor,
            Ok(None) => return Err(to_sign_in(parts, &path)),
            Err(error) => return Err(not_here::unavailable(&error, asked.words())),
        };
        let chosen = visitor.person().language.as_deref().and_then(Language::named);
        let words = chosen.unwrap_or(asked).words();
        let clockwork = Clockwork { words, zone: pages.sources.zone.clone(), now };
        let visited = parts.extensions.get::<Visited>();
        let origin = visited.map(|visited| visited.origin.clone()).unwrap_or_default();
        Ok(Self { pages: pages.clone(), visitor, clockwork, token, secure, origin, path, renews })
    }
}

/// Where to come back to is said in the address. A form that was filled in is not kept, which is said too: it leads back to its page.
fn to_sign_in(parts: &Parts, path: &str) -> Response {
    let is_form = parts.method != Method::GET;
    let next = if is_form { sent_from(parts).unwrap_or("/") } else { path };
    let to = match next {
        "/" => "/sign-in".to_owned(),
        next => format!("/sign-in?next={}", utf8_percent_encode(next, RESERVED)),
    };
    // Who signs out a second time wanted nothing to be kept.
    let is_lost = is_form && path != "/sign-out";
    let to = if is_lost { flash::told(&to, Done::NothingSaved, None) } else { to };
    Redirect::to(&to).into_response()
}

/// The page of ours that a form stands on.
fn sent_from(parts: &Parts) -> Option<&str> {
    let origin = &parts.extensions.get::<Visited>()?.origin;
    let page = parts.headers.get(header::REFERER)?.to_str().ok()?;
    page.strip_prefix(origin.as_str()).map(local)
}

/// In which language somebody reads who asks for nothing that there is.
pub(in crate::web) async fn language(people: &People, headers: &HeaderMap) -> Language {
    let asked = Language::asked(headers);
    let Some(token) = token(headers, true).or_else(|| token(headers, false)) else { return asked };
    let visitor = people.visitor(&token).await.ok().flatten();
    let chosen = visitor.and_then(|visitor| visitor.person().language.as_deref().and_then(Language::named));
    chosen.unwrap_or(asked)
}

pub(super) fn is_secure(parts: &Parts) -> bool {
    parts.extensions.get::<Visited>().is_some_and(|visited| visited.secure)
}

fn token(headers: &HeaderMap, secure: bool) -> Option<String> {
    kept_under(cookie_name(secure), headers)
}

/// What a browser kept for us under this name.
pub(super) fn kept_under(name: &str, headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, kept)| kept.to_owned())
}

/// What a browser keeps until it ends, or forgets where there is no token.
pub(super) fn cookie(token: Option<&str>, secure: bool) -> String {
    let (name, token) = (cookie_name(secure), token.map_or("; Max-Age=0".to_owned(), ToOwned::to_owned));
    format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax{}", if secure { "; Secure" } else { "" })
}

fn cookie_name(secure: bool) -> &'static str {
    if secure { COOKIE } else { PLAIN_COOKIE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_of_one_session() {
        assert_ne!(form_token("one"), form_token("another"));
        let shown = URL_SAFE_NO_PAD.decode(form_token("one")).unwrap();
        assert!(hmac::verify(&key("one"), FORM, &shown).is_ok());
        assert!(hmac::verify(&key("another"), FORM, &shown).is_err());
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_and_from_plain_connections() {
        assert_eq!(cookie(Some("x"), true), "__Host-bookpost=x; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(cookie(Some("x"), false), "bookpost=x; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(cookie(None, false), "bookpost=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
    }

    /// One that came by http may have been set by anybody on the way.
    #[test]
    fn over_https_only_its_own_cookie_counts() {
        let headers: HeaderMap =
            [(header::COOKIE, "a=b; bookpost=plain; __Host-bookpost=own".parse().unwrap())]
                .into_iter()
                .collect();
        assert_eq!(token(&headers, true).as_deref(), Some("own"));
        assert_eq!(token(&headers, false).as_deref(), Some("plain"));
        assert_eq!(token(&HeaderMap::new(), true), None);
    }
}

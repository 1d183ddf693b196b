//! The first start: the library's name and address, how mail goes out, and a test message. Nothing of it must be done here and now.

use std::{collections::BTreeMap, time::Duration};

use askama::Template;
use axum::{
    extract::RawQuery,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use mail::Address;
use percent_encoding::utf8_percent_encode;
use rand::RngExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use store::Error;

use super::{
    field::{Field, Kind},
    flash::{self, Done},
    form::Posted,
    frame::{Frame, Place, page_as},
    not_done::{self, NotDone},
    not_here,
    sign_in::Nothing,
    visit::Visit,
    wanted::RESERVED,
    words::Words,
};
use crate::{
    app::secret_dice,
    config::{Origin, Way},
    deliver::{
        hosting::{self, Hosting, LookupError},
        trial,
    },
    identity::Permission,
    preferences::{Change, Refused, Wish},
    receive::NotTaken,
};

/// Whoever opens a page waits no longer for a name server.
const LOOKED_UP: Duration = Duration::from_secs(4);
/// A branch code is no longer.
const LONGEST_CODE: usize = 12;

#[derive(Template)]
#[template(path = "start.html")]
struct Start {
    f: Frame,
    /// What the library is to be called, where there is none yet.
    asked: Option<[Field; 3]>,
    /// The library that there is.
    library: String,
    /// Where it is changed.
    change: String,
    /// What was found out about its mail.
    host: Option<String>,
    way: String,
    may_practice: bool,
    test: String,
    may_test: bool,
    /// What is marked is to be looked at.
    marked: bool,
    /// Why something was not done.
    problems: Vec<NotDone>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Query {
    look: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    name: String,
    email: String,
    /// One is made of the name where there is none here.
    #[serde(default)]
    code: String,
}

/// The page.
pub(super) async fn ask(visit: Visit, RawQuery(query): RawQuery) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let query: Query = serde_html_form::from_str(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let host = match query.look.and(visit.pages.sources.config().sender()) {
        Some((_, email)) => Some(host(&visit, email.domain()).await),
        None => None,
    };
    answered(&visit, StatusCode::OK, |start| start.host = host).await
}

/// The library gets its name and address.
pub(super) async fn name(Posted { visit, form }: Posted<Named>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let (words, name) = (visit.words(), form.name.trim());
    if let Some((site, email)) = visit.pages.sources.config().sender() {
        let is_same = site.name == name && email.to_string() == form.email.trim();
        let told = if is_same { "/start".to_owned() } else { flash::told("/start", Done::NamedBefore, None) };
        return Redirect::to(&told).into_response();
    }
    let email = Address::parse(form.email.trim());
    if let (false, Ok(email)) = (name.is_empty(), &email) {
        let typed = form.code.trim();
        let code = if typed.is_empty() { code(name) } else { typed.to_owned() };
        let site = json!({ "code": code, "name": name, "email": email.to_string() });
        let mut values: BTreeMap<_, _> = [("sites".to_owned(), json!([site]))].into();
        if is_unset(&visit, "library").await {
            values.insert("library".to_owned(), Value::from(name));
        }
        return match changed(&visit, values).await {
            Ok(()) => Redirect::to(&flash::told("/start?look=1", Done::Started, None)).into_response(),
            Err(refused) => refused,
        };
    }
    let [name, address, code] = fields(words, name, form.email.trim(), form.code.trim());
    let no_name = form.name.trim().is_empty().then(|| words.t("start-no-name"));
    let no_email = email.is_err().then(|| words.t("start-no-email"));
    let asked = [name.problem(no_name), address.problem(no_email), code];
    answered(&visit, StatusCode::UNPROCESSABLE_ENTITY, |start| {
        (start.asked, start.marked) = (Some(asked), true);
    })
    .await
}

/// Mail goes to the practice mailbox.
pub(super) async fn practice(Posted { visit, form: Nothing {} }: Posted<Nothing>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    match changed(&visit, [("sending.way".to_owned(), json!("practice"))].into()).await {
        Ok(()) => Redirect::to(&flash::told("/start", Done::Practice, None)).into_response(),
        Err(refused) => refused,
    }
}

/// A test message goes the way of all mail, and whoever sent it is led to where it can be watched.
pub(super) async fn send(Posted { visit, form: Nothing {} }: Posted<Nothing>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let (sources, config) = (&visit.pages.sources, visit.pages.sources.config());
    let to = &visit.person().email;
    let message = trial::queued(&config, to, visit.clockwork.now, secret_dice().random());
    let message = message.ok().filter(|_| !matches!(config.sending.way, Way::None));
    let Some(message) = message else { return Redirect::to("/start").into_response() };
    match sources.submitter.submit_own(message).await {
        Ok(accepted) => Redirect::to(&format!("/queue/{}", accepted.id.0)).into_response(),
        Err(NotTaken::Store(error)) => not_here::of(&error, &visit),
        Err(why) => {
            let problem = NotDone::said(visit.words().t("start-not-taken"), &why);
            answered(&visit, StatusCode::SERVICE_UNAVAILABLE, |start| start.problems = vec![problem]).await
        }
    }
}

async fn changed(visit: &Visit, values: BTreeMap<String, Value>) -> Result<(), Response> {
    let wish = Wish { based_on: None, values, by: visit.actor() };
    match visit.pages.sources.preferences.change(Change::Set(wish)).await {
        Ok(_) => Ok(()),
        Err(Refused::Store(error)) => Err(not_here::of(&error, visit)),
        Err(why) => {
            let problems = not_done::refused(visit.words(), &why);
            Err(answered(visit, StatusCode::UNPROCESSABLE_ENTITY, |start| start.problems = problems).await)
        }
    }
}

async fn is_unset(visit: &Visit, name: &str) -> bool {
    let standing = visit.pages.sources.preferences.now().await;
    standing.is_ok_and(|standing| {
        let known = standing.loaded.preferences.iter().find(|known| known.name == name);
        known.is_some_and(|known| known.origin == Origin::Usual)
    })
}

/// A branch code for a library that has none in an export yet: the beginnings of its words, or its word.
fn code(name: &str) -> String {
    let words: Vec<_> = name.split_whitespace().collect();
    let letters = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|one| one.to_ascii_uppercase()).collect()
    };
    let code = match words.as_slice() {
        [] => String::new(),
        [one] => letters(one),
        many => many.iter().filter_map(|word| letters(word).chars().next()).collect(),
    };
    let code: String = code.chars().take(LONGEST_CODE).collect();
    if code.is_empty() { "MAIN".to_owned() } else { code }
}

/// Who hosts the mail of this domain, in a sentence.
async fn host(visit: &Visit, domain: &str) -> String {
    let words = visit.words();
    let said = |key| words.with(key, &[("domain", domain)]);
    let Ok(resolver) = visit.pages.sources.name_servers.resolver() else {
        return said("start-host-no-answer");
    };
    let looked = hosting::mail_servers(&resolver, domain);
    match tokio::time::timeout(LOOKED_UP, looked).await {
        Ok(Ok(servers)) => hosted(words, domain, Hosting::of(&servers)),
        Ok(Err(LookupError::NoSuchDomain(_))) => said("start-host-no-domain"),
        Ok(Err(LookupError::NoAnswer(..))) | Err(_) => said("start-host-no-answer"),
    }
}

fn hosted(words: &Words, domain: &str, hosting: Hosting) -> String {
    match hosting {
        Hosting::At(provider) => {
            words.with("start-host-known", &[("domain", domain), ("provider", provider.name())])
        }
        Hosting::Behind(filter) => {
            words.with("start-host-filter", &[("domain", domain), ("provider", filter)])
        }
        Hosting::Own => words.with("start-host-own", &[("domain", domain)]),
        Hosting::NoMail => words.with("start-host-none", &[("domain", domain)]),
    }
}

fn fields(words: &Words, name: &str, email: &str, code: &str) -> [Field; 3] {
    let named = Field::new("name", words.t("start-name")).value(name).hint(words.t("start-name-hint"));
    let address = Field::new("email", words.t("start-email")).kind(Kind::Line("email")).value(email);
    let code = Field::new("code", words.t("start-code")).value(code).hint(words.t("start-code-hint"));
    [
        named.required().autocomplete("organization"),
        address.hint(words.t("start-email-hint")).required(),
        code,
    ]
}

async fn answered(visit: &Visit, status: StatusCode, change: impl FnOnce(&mut Start)) -> Response {
    match start(visit).await {
        Ok(mut start) => {
            change(&mut start);
            page_as(status, &start)
        }
        Err(error) => not_here::of(&error, visit),
    }
}

async fn start(visit: &Visit) -> Result<Start, Error> {
    let (words, config) = (visit.words(), visit.pages.sources.config());
    let library = config.sender();
    let to = visit.person().email.to_string();
    let (way, test) = match &config.sending.way {
        Way::None => (words.t("start-way-none"), words.t("start-test-first")),
        Way::Practice => (words.t("start-way-practice"), words.t("start-test-practice")),
        Way::Servers(servers) => {
            let host = servers.first().map_or("", |server| server.host.as_str());
            (
                words.with("start-way-servers", &[("host", host)]),
                words.with("start-test-lead", &[("to", &to)]),
            )
        }
    };
    Ok(Start {
        f: Frame::around(visit, Place::Today).await?,
        asked: library.is_none().then(|| fields(words, "", "", "")),
        library: library.map_or_else(String::new, |(site, email)| {
            let parts = [("name", &*site.name), ("email", email.as_str()), ("code", &site.code)];
            words.with("start-library-is", &parts)
        }),
        change: library.map_or_else(String::new, |(site, _)| {
            format!("/preferences/libraries/change?code={}", utf8_percent_encode(&site.code, RESERVED))
        }),
        host: None,
        way,
        may_practice: matches!(config.sending.way, Way::None),
        test,
        may_test: library.is_some() && !matches!(config.sending.way, Way::None),
        marked: false,
        problems: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{deliver::hosting::Provider, web::pages::words::Language};

    #[test]
    fn a_code_is_short_and_plain() {
        for (name, expected) in [
            ("Riverside Public Library", "RPL"),
            ("Riverside", "RIVERSIDE"),
            ("  St. John's  Library ", "SJL"),
            ("Árbol Ñandú 3", "RA3"),
            ("図書館", "MAIN"),
            ("A-very-long-single-word-for-a-library", "AVERYLONGSIN"),
        ] {
            assert_eq!(code(name), expected, "{name}");
        }
    }

    #[test]
    fn who_hosts_the_mail_is_a_sentence() {
        for (hosting, said) in [
            (Hosting::At(Provider::Google), "a.example has its mail at Google."),
            (Hosting::Behind("Mimecast"), "goes through Mimecast"),
            (Hosting::Own, "on a server of its own"),
            (Hosting::NoMail, "takes no mail"),
        ] {
            let sentence = hosted(Language::English.words(), "a.example", hosting);
            assert!(sentence.contains(said), "{sentence}");
            assert!(hosted(Language::Spanish.words(), "a.example", hosting).contains("a.example"));
        }
    }
}

//! A sign-in service in the place of a client of our own: entered, tested, and who is trusted with what.

use std::collections::BTreeMap;

use axum::{extract::Path, response::Response};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Done, Nothing, Posted, Visit, address, administered, client::plain, done, handing::Handing, not_here,
    said, shown_testing,
};
use crate::{
    config::{Loaded, Provider, SendBy, SignInService},
    preferences::{
        Change, KEY_OF_SERVICE, Refused, Wish,
        mail_accounts::service::{self, Answers, ServiceError},
    },
    web::pages::{
        not_done::{self, NotDone},
        words::Words,
    },
};

/// What was typed.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default, rename = "service_address")]
    address: String,
    #[serde(default, rename = "service_key")]
    key: String,
    #[serde(default, rename = "service_name")]
    name: String,
}

/// What stands in the form and around it.
pub(super) struct Service {
    pub(super) address: String,
    pub(super) name: String,
    /// One is kept; it is shown to nobody.
    pub(super) has_key: bool,
    /// By which people sign in at this provider, and who is trusted with what.
    pub(super) in_use: Option<String>,
    pub(super) trust: Vec<String>,
    pub(super) lead: String,
    /// Where it is entered instead, in a sentence.
    pub(super) elsewhere: Option<String>,
    /// Why it was not saved.
    pub(super) problems: Vec<NotDone>,
    pub(super) tested: Option<Tested>,
}

/// What came of a test.
pub(super) struct Tested {
    pub(super) is_good: bool,
    pub(super) lines: Vec<String>,
    /// For IT.
    pub(super) said: Option<String>,
}

impl Service {
    /// As it stands.
    pub(super) async fn now(visit: &Visit, provider: Provider) -> Self {
        let (words, config) = (visit.words(), visit.pages.sources.config());
        let set = config.sign_in_service.as_ref();
        let who = set.map(|set| set.name.clone()).unwrap_or_default();
        let names = [("name", provider.title()), ("service", &*who)];
        let is_in_use =
            visit.pages.sources.accounts.provider(provider).is_some_and(|one| one.service.is_some());
        let trust = trust(provider, Handing::now(visit, provider).await.now);
        Self {
            address: set.map(|set| set.address.clone()).unwrap_or_default(),
            name: who.clone(),
            has_key: set.is_some_and(|set| !set.key.is_empty()),
            in_use: is_in_use.then(|| words.with("service-in-use", &names)),
            trust: trust.iter().filter(|_| set.is_some()).map(|key| words.with(key, &names)).collect(),
            lead: words.with("service-lead", &names),
            elsewhere: match visit.pages.sources.preferences.now().await {
                Ok(standing) => places(&standing.loaded, words)
                    .map(|places| words.with("client-elsewhere", &[("places", &places)])),
                Err(_) => Some(words.t("client-fixed")),
            },
            problems: Vec::new(),
            tested: None,
        }
    }
}

/// Who is trusted with what: what could be done with what passes goes by what is agreed to.
fn trust(provider: Provider, by: SendBy) -> [&'static str; 5] {
    let worst = match (provider, by) {
        (Provider::Google, SendBy::Smtp) => "service-trust-all-mail",
        _ => "service-trust-sending",
    };
    [worst, "service-trust-whom", "service-trust-sees", "service-trust-never", "service-trust-record"]
}

/// Where it stands, if that is not among the preferences: it is stronger there.
fn places(loaded: &Loaded, words: &Words) -> Option<String> {
    let ours = loaded.preferences.iter().filter(|one| one.name.starts_with("sign_in_service."));
    let places: Vec<_> = ours.filter_map(|one| words.place(&one.origin)).collect();
    (!places.is_empty()).then(|| places.join("; "))
}

/// Stores it. Without an address all of it is forgotten; without a key the one that is kept stays.
pub(super) async fn save(Path(name): Path<String>, Posted { visit, form }: Posted<Typed>) -> Response {
    let provider = match administered(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    // Whoever changes the language on what is answered comes to the page itself.
    let visit = visit.at(address(provider));
    let now = Service::now(&visit, provider).await;
    let is_set = !form.address.trim().is_empty();
    let must_have_key = !now.has_key && now.elsewhere.is_none();
    let again = |problems| {
        let (typed, name) = (plain(&form.address), plain(&form.name));
        Service { address: typed, name, problems, ..now }
    };
    if is_set && form.key.trim().is_empty() && must_have_key {
        let missing = visit.words().t("service-key-missing").into();
        return shown_testing(&visit, provider, again(vec![missing])).await;
    }
    let wish = Wish { based_on: None, values: values(&form), by: visit.actor() };
    match visit.pages.sources.preferences.change(Change::Set(wish)).await {
        Ok(_) if is_set => done(provider, Done::ServiceSaved),
        Ok(_) => done(provider, Done::ServiceForgotten),
        Err(Refused::Store(error)) => not_here::of(&error, &visit),
        Err(why) => shown_testing(&visit, provider, again(not_done::refused(visit.words(), &why))).await,
    }
}

fn values(form: &Typed) -> BTreeMap<String, Value> {
    let address = plain(&form.address);
    let text =
        |text: String| if text.is_empty() || address.is_empty() { Value::Null } else { Value::from(text) };
    let (key, name) = (plain(&form.key), plain(&form.name));
    let mut values = BTreeMap::from([
        ("sign_in_service.address".to_owned(), text(address.clone())),
        ("sign_in_service.name".to_owned(), text(name)),
    ]);
    if address.is_empty() || !key.is_empty() {
        values.insert(KEY_OF_SERVICE.to_owned(), text(key));
    }
    values
}

/// Asks the service whether it knows us, and says what a firewall has to let through.
pub(super) async fn test(Path(name): Path<String>, Posted { visit, .. }: Posted<Nothing>) -> Response {
    let provider = match administered(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    let visit = visit.at(address(provider));
    let config = visit.pages.sources.config();
    let Some(set) = config.sign_in_service.as_ref() else { return not_here::not_found(visit.words()) };
    let tested = tested(&visit, provider, set).await;
    let service = Service { tested: Some(tested), ..Service::now(&visit, provider).await };
    shown_testing(&visit, provider, service).await
}

async fn tested(visit: &Visit, provider: Provider, set: &SignInService) -> Tested {
    let (words, (host, port)) = (visit.words(), set.host_and_port());
    let port = port.to_string();
    let place = [("host", &*host), ("port", &*port)];
    match service::test(set, &visit.pages.sources.config()).await {
        Ok(Answers { about, ours }) => {
            let names = [("service", &*about.name), ("installation", &*about.installation)];
            let mut lines = vec![words.with("service-reached", &place), words.with("service-knows", &names)];
            let offered = about.providers.contains(&provider);
            if !offered {
                lines.push(words.with("service-not-offered", &[("name", provider.title())]));
            }
            if let Some(ours) = &ours {
                let both = [("known", &*about.returns_to), ("ours", &**ours)];
                lines.push(words.with("service-elsewhere", &both));
            }
            Tested { is_good: offered && ours.is_none(), lines, said: None }
        }
        Err(error) => {
            let why = words.with(said::service(&error), &[("name", provider.title())]);
            // What answers was let through.
            let lines = match error {
                ServiceError::Away { .. } => vec![why, words.with("service-firewall", &place)],
                _ => vec![words.with("service-reached", &place), why],
            };
            Tested { is_good: false, lines, said: Some(error.to_string()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_that_is_not_typed_is_kept_and_without_an_address_nothing_is() {
        let typed = |address: &str, key: &str, name: &str| Typed {
            address: address.to_owned(),
            key: key.to_owned(),
            name: name.to_owned(),
        };
        for (form, expected) in [
            (
                typed(" https://a.example\n", " bp_x", "District"),
                json!({ "sign_in_service.address": "https://a.example", "sign_in_service.key": "bp_x", "sign_in_service.name": "District" }),
            ),
            (
                typed("https://a.example", "", ""),
                json!({ "sign_in_service.address": "https://a.example", "sign_in_service.name": null }),
            ),
            (
                typed("", "left", "left"),
                json!({ "sign_in_service.address": null, "sign_in_service.key": null, "sign_in_service.name": null }),
            ),
        ] {
            assert_eq!(json!(values(&form)), expected);
        }
    }
}

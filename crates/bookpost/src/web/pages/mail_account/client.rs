//! What a provider knows Bookpost by: entered once, by whoever looks after the library's computers.

use std::collections::BTreeMap;

use axum::{extract::Path, response::Response};
use serde::Deserialize;
use serde_json::Value;

use super::{Done, Posted, Visit, administered, done, handing::Handing, not_here, shown_with};
use crate::{
    config::{Audience, Loaded, Provider, SendBy},
    preferences::{Change, Refused, Wish, secret_of},
    web::pages::{
        not_done::{self, NotDone},
        words::Words,
    },
};

/// Longer is no client id, no secret and no tenant.
const LONGEST: usize = 500;

/// What was typed.
#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    audience: String,
}

/// One of several.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) text: String,
    pub(super) chosen: bool,
}

/// What stands in the form.
pub(super) struct Client {
    pub(super) id: String,
    /// Microsoft's, where it is asked for.
    pub(super) tenant: Option<String>,
    /// For whom it is, at Google, where that is asked for.
    pub(super) audiences: Vec<Choice>,
    /// One is kept; it is shown to nobody.
    pub(super) has_secret: bool,
    /// Where it is entered instead, in a sentence.
    pub(super) elsewhere: Option<String>,
    /// Why it was not saved.
    pub(super) problems: Vec<NotDone>,
    /// What is done at the provider, up to where the address to come back to is entered there, and after it.
    pub(super) steps: [Vec<String>; 2],
}

impl Client {
    /// As it stands.
    pub(super) async fn now(visit: &Visit, provider: Provider) -> Self {
        let words = visit.words();
        let by = Handing::now(visit, provider).await.now;
        let steps = steps(provider, by).map(|keys| keys.iter().map(|key| words.t(key)).collect());
        let set = visit.pages.sources.accounts.provider(provider);
        let tenant = set.as_ref().map(|set| set.tenant.clone()).filter(|tenant| tenant != "common");
        Self {
            id: set.as_ref().map(|set| set.client_id.clone()).unwrap_or_default(),
            tenant: (provider == Provider::Microsoft).then(|| tenant.unwrap_or_default()),
            audiences: audiences(provider, set.as_ref().and_then(|set| set.audience), words),
            has_secret: set.is_some_and(|set| !set.client_secret.is_empty()),
            elsewhere: match visit.pages.sources.preferences.now().await {
                Ok(standing) => places(&standing.loaded, provider, words)
                    .map(|places| words.with("client-elsewhere", &[("places", &places)])),
                Err(_) => Some(words.t("client-fixed")),
            },
            problems: Vec::new(),
            steps,
        }
    }
}

/// What can be chosen, with what is; the first is that nothing is said.
fn audiences(provider: Provider, now: Option<Audience>, words: &Words) -> Vec<Choice> {
    if provider != Provider::Google {
        return Vec::new();
    }
    let all = [None].into_iter().chain(Audience::ALL.map(Some));
    let choice = |one: Option<Audience>| Choice {
        value: one.map_or("", Audience::name),
        text: words.t(match one {
            None => "audience-unsaid",
            Some(Audience::Internal) => "audience-internal",
            Some(Audience::External) => "audience-external",
            Some(Audience::Testing) => "audience-testing",
        }),
        chosen: one == now,
    };
    all.map(choice).collect()
}

/// What is done there; which box is to be ticked goes by how mail is handed over.
fn steps(provider: Provider, by: SendBy) -> [&'static [&'static str]; 2] {
    match (provider, by) {
        (Provider::Google, SendBy::Smtp) => [
            &["client-google-project", "client-google-audience", "client-google-scope"],
            &["client-google-enter"],
        ],
        (Provider::Google, SendBy::Api) => [
            &["client-google-project", "client-google-audience", "client-google-scope-api"],
            &["client-google-enter"],
        ],
        (Provider::Microsoft, SendBy::Smtp) => [
            &["client-microsoft-register"],
            &["client-microsoft-permission", "client-microsoft-mailbox", "client-microsoft-enter"],
        ],
        (Provider::Microsoft, SendBy::Api) => {
            [&["client-microsoft-register"], &["client-microsoft-permission-api", "client-microsoft-enter"]]
        }
    }
}

/// Where it stands, if that is not among the preferences: it is stronger there.
fn places(loaded: &Loaded, provider: Provider, words: &Words) -> Option<String> {
    let ours = |name: &str| {
        name.strip_prefix(provider.name())
            .is_some_and(|rest| [".client_id", ".client_secret"].contains(&rest))
    };
    let ours = loaded.preferences.iter().filter(|one| ours(&one.name));
    let places: Vec<_> = ours.filter_map(|one| words.place(&one.origin)).collect();
    (!places.is_empty()).then(|| places.join("; "))
}

/// Stores it. Without a client id all of it is forgotten; without a secret the one that is kept stays.
pub(super) async fn save(Path(name): Path<String>, Posted { visit, form }: Posted<Typed>) -> Response {
    let provider = match administered(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    let now = Client::now(&visit, provider).await;
    let is_set = !form.client_id.trim().is_empty();
    if is_set && form.client_secret.trim().is_empty() && !now.has_secret && now.elsewhere.is_none() {
        let missing = visit.words().t("client-secret-missing").into();
        return again(&visit, provider, &form, now, vec![missing]).await;
    }
    let wish = Wish { based_on: None, values: values(provider, &form), by: visit.actor() };
    match visit.pages.sources.preferences.change(Change::Set(wish)).await {
        Ok(_) if is_set => done(provider, Done::ClientSaved),
        Ok(_) => done(provider, Done::ClientForgotten),
        Err(Refused::Store(error)) => not_here::of(&error, &visit),
        Err(why) => again(&visit, provider, &form, now, not_done::refused(visit.words(), &why)).await,
    }
}

/// What was typed stands there once more, but for the secret.
async fn again(
    visit: &Visit,
    provider: Provider,
    form: &Typed,
    now: Client,
    problems: Vec<NotDone>,
) -> Response {
    let tenant = now.tenant.as_ref().map(|_| plain(&form.tenant));
    let audiences = audiences(provider, Audience::named(&form.audience), visit.words());
    let typed = Client { id: plain(&form.client_id), tenant, audiences, problems, ..now };
    shown_with(visit, provider, typed).await
}

fn values(provider: Provider, form: &Typed) -> BTreeMap<String, Value> {
    let named = |key: &str| format!("{}.{key}", provider.name());
    let (id, secret, tenant) = (plain(&form.client_id), plain(&form.client_secret), plain(&form.tenant));
    let text = |text: String| if text.is_empty() || id.is_empty() { Value::Null } else { Value::from(text) };
    let mut values = BTreeMap::from([(named("client_id"), text(id.clone()))]);
    if provider == Provider::Microsoft {
        values.insert(named("tenant"), text(tenant));
    } else {
        values.insert(named("audience"), text(plain(&form.audience)));
    }
    if id.is_empty() || !secret.is_empty() {
        values.insert(secret_of(provider), text(secret));
    }
    values
}

/// As people copy it from the provider's page: in one line, with nothing around it.
pub(super) fn plain(text: &str) -> String {
    text.trim().chars().filter(|one| !one.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_that_is_not_typed_is_kept_and_without_an_id_nothing_is() {
        let typed = |id: &str, secret: &str, beside: &str| Typed {
            client_id: id.to_owned(),
            client_secret: secret.to_owned(),
            tenant: beside.to_owned(),
            audience: beside.to_owned(),
        };
        for (provider, form, expected) in [
            (
                Provider::Google,
                typed(" id\n", "secret ", "testing"),
                json!({ "google.client_id": "id", "google.client_secret": "secret", "google.audience": "testing" }),
            ),
            (
                Provider::Google,
                typed("id", "", ""),
                json!({ "google.client_id": "id", "google.audience": null }),
            ),
            (
                Provider::Google,
                typed("", "left", "internal"),
                json!({ "google.client_id": null, "google.client_secret": null, "google.audience": null }),
            ),
            (
                Provider::Microsoft,
                typed("id", "", "school.example"),
                json!({ "microsoft.client_id": "id", "microsoft.tenant": "school.example" }),
            ),
            (
                Provider::Microsoft,
                typed("id", "s", ""),
                json!({ "microsoft.client_id": "id", "microsoft.client_secret": "s", "microsoft.tenant": null }),
            ),
        ] {
            assert_eq!(json!(values(provider, &form)), expected);
        }
    }
}

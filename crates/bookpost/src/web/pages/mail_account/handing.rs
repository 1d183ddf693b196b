//! How a provider is handed mail: by its mail server, or by its web service with a narrower box to tick.

use std::collections::BTreeMap;

use axum::{extract::Path, response::Response};
use serde::Deserialize;
use serde_json::Value;

use super::{Done, Posted, Visit, administered, done, not_here};
use crate::{
    config::{Provider, SendBy},
    preferences::{Change, Refused, Wish},
    web::pages::words::Words,
};

/// One of two.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) title: String,
    pub(super) sentence: String,
    pub(super) chosen: bool,
}

/// What can be chosen.
pub(super) struct Handing {
    /// As it stands.
    pub(super) now: SendBy,
    pub(super) choices: Vec<Choice>,
    /// Where it is set instead, in a sentence.
    pub(super) elsewhere: Option<String>,
}

impl Handing {
    /// As it stands, whether the provider is set up or not.
    pub(super) async fn now(visit: &Visit, provider: Provider) -> Self {
        let (words, name) = (visit.words(), setting(provider));
        let mut now = SendBy::Smtp;
        let elsewhere = if let Ok(standing) = visit.pages.sources.preferences.now().await {
            let set = standing.loaded.preferences.iter().find(|one| one.name == name);
            let value = set.and_then(|one| one.value.as_ref()?.as_str());
            now = value.and_then(SendBy::named).unwrap_or(now);
            let place = set.and_then(|one| words.place(&one.origin));
            place.map(|place| words.with("client-elsewhere", &[("places", &place)]))
        } else {
            let set = visit.pages.sources.accounts.provider(provider);
            now = set.map_or(now, |set| set.sends_by());
            Some(words.t("client-fixed"))
        };
        let choices = SendBy::ALL.map(|by| Choice {
            value: by.name(),
            title: title(provider, by, words),
            sentence: words.t(keys(provider, by).1),
            chosen: by == now,
        });
        Self { now, choices: choices.into(), elsewhere }
    }
}

/// What it is called.
pub(super) fn title(provider: Provider, by: SendBy, words: &Words) -> String {
    words.t(keys(provider, by).0)
}

fn keys(provider: Provider, by: SendBy) -> (&'static str, &'static str) {
    match (provider, by) {
        (Provider::Google, SendBy::Smtp) => ("send-by-smtp-google", "send-by-smtp-google-is"),
        (Provider::Google, SendBy::Api) => ("send-by-api-google", "send-by-api-google-is"),
        (Provider::Microsoft, SendBy::Smtp) => ("send-by-smtp-microsoft", "send-by-smtp-microsoft-is"),
        (Provider::Microsoft, SendBy::Api) => ("send-by-api-microsoft", "send-by-api-microsoft-is"),
    }
}

fn setting(provider: Provider) -> String {
    format!("{}.send_by", provider.name())
}

#[derive(Deserialize)]
pub(super) struct Typed {
    #[serde(default)]
    send_by: String,
}

/// Stores what was chosen.
pub(super) async fn save(Path(name): Path<String>, Posted { visit, form }: Posted<Typed>) -> Response {
    let provider = match administered(&visit, &name) {
        Ok(provider) => provider,
        Err(response) => return response,
    };
    let Some(by) = SendBy::named(&form.send_by) else {
        return not_here::not_found(visit.words());
    };
    let values = BTreeMap::from([(setting(provider), Value::from(by.name()))]);
    let wish = Wish { based_on: None, values, by: visit.actor() };
    match visit.pages.sources.preferences.change(Change::Set(wish)).await {
        Ok(_) => done(provider, Done::HandingChosen),
        Err(Refused::Store(error)) => not_here::of(&error, &visit),
        // It is set elsewhere meanwhile, which the page says.
        Err(_) => done(provider, Done::NothingChanged),
    }
}

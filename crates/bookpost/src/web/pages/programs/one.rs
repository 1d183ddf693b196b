//! The page of one program.

use askama::Template;
use axum::response::Response;
use store::{Application, Error, Webhook};

use super::{
    About, address,
    door::{Door, Way},
    form::class_in_words,
    today,
};
use crate::web::pages::{
    frame::{Frame, Place, page},
    not_here,
    visit::Visit,
    when::At,
    words::Words,
};

#[derive(Template)]
#[template(path = "program.html")]
struct Page {
    f: Frame,
    name: String,
    here: String,
    /// Since when nothing is taken from it.
    off: Option<String>,
    facts: Vec<(String, String)>,
    limits: Vec<(String, String)>,
    keys: Vec<Key>,
    door: Door,
    addresses: Vec<Told>,
}

/// A key as the page lists it.
struct Key {
    id: String,
    made: At,
    used: Option<At>,
    revoked: Option<At>,
}

/// A web address that is told what becomes of its mail.
struct Told {
    url: String,
    /// How it stands, in words.
    standing: String,
    well: bool,
    /// What it answered.
    answer: Option<String>,
}

impl Page {
    fn made(&self, at: &At) -> String {
        self.f.words.with("key-made-at", &[("when", &at.text)])
    }

    fn used(&self, at: &At) -> String {
        self.f.words.with("key-used", &[("when", &at.text)])
    }

    fn revoke(&self, key: &str) -> String {
        self.f.words.with("key-revoke-of", &[("key", key)])
    }
}

pub(in crate::web::pages) async fn show(About { visit, application }: About) -> Response {
    match one(&visit, application).await {
        Ok(one) => page(&one),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn one(visit: &Visit, application: Application) -> Result<Page, Error> {
    let (words, sources) = (visit.words(), &visit.pages.sources);
    let webhooks = sources.store.webhooks().await?;
    let webhooks = webhooks.iter().filter(|webhook| webhook.application == application.name);
    let at = |instant| visit.clockwork.at(instant);
    let keys = application.keys.iter().rev().map(|key| Key {
        id: key.id.0.clone(),
        made: at(key.made_at),
        used: key.used_at.map(at),
        revoked: key.revoked_at.map(at),
    });
    let newest = application.keys.iter().rev().find(|key| key.revoked_at.is_none());
    let way = newest.map_or(Way::NoKey, |key| Way::Kept(key.id.0.clone()));
    let off = application
        .disabled_at
        .map(|since| words.with("program-off-since", &[("since", &visit.clockwork.text(since))]));
    Ok(Page {
        f: Frame::around(visit, Place::Programs).await?,
        here: address(application.id),
        off,
        facts: facts(&application, today(visit, application.name.as_str()).await?, visit),
        limits: limits(&application, words),
        keys: keys.collect(),
        door: Door::of(&sources.config(), application.name.as_str(), &way, words),
        addresses: webhooks.map(|webhook| told(webhook, visit)).collect(),
        name: application.name.into(),
    })
}

fn facts(application: &Application, today: String, visit: &Visit) -> Vec<(String, String)> {
    let (words, settings) = (visit.words(), &application.settings);
    let sites = if settings.sites.is_empty() {
        words.t("queue-all-sites")
    } else {
        let config = visit.pages.sources.config();
        let name = |code: &String| {
            let known = config.sites.iter().find(|site| site.code == *code);
            known.map_or_else(|| code.clone(), |site| site.name.clone())
        };
        settings.sites.iter().map(name).collect::<Vec<_>>().join(", ")
    };
    let returns = settings.return_address.as_ref();
    let returns = returns.map_or_else(|| words.t("program-returns-none"), ToString::to_string);
    vec![
        (words.t("program-today"), today),
        (words.t("program-from"), from(application, words)),
        (words.t("program-sites"), sites),
        (words.t("program-returns"), returns),
        (words.t("program-added"), visit.clockwork.text(application.made_at)),
    ]
}

/// What may stand as the sender.
pub(super) fn from(application: &Application, words: &Words) -> String {
    let from: Vec<_> = application.settings.from.iter().map(ToString::to_string).collect();
    if from.is_empty() { words.t("program-from-sites") } else { from.join(", ") }
}

fn limits(application: &Application, words: &Words) -> Vec<(String, String)> {
    let settings = &application.settings;
    let mut classes = settings.classes.clone();
    classes.insert(settings.class);
    let classes: Vec<_> = classes.into_iter().map(|class| class_in_words(words, class)).collect();
    let unlimited = || words.t("program-unlimited");
    vec![
        (words.t("program-class"), class_in_words(words, settings.class)),
        (words.t("program-classes"), classes.join(", ")),
        (words.t("program-largest"), megabytes(settings.largest_message)),
        (words.t("program-recipients"), words.number(settings.recipients.into())),
        (words.t("program-waiting"), words.number(settings.waiting)),
        (
            words.t("program-per-minute"),
            settings.per_minute.map_or_else(unlimited, |n| words.number(n.into())),
        ),
    ]
}

/// Bytes, for people.
pub(in super::super) fn megabytes(bytes: u64) -> String {
    if bytes.is_multiple_of(1_000_000) {
        return format!("{} MB", bytes / 1_000_000);
    }
    format!("{} kB", bytes.div_ceil(1_000))
}

fn told(webhook: &Webhook, visit: &Visit) -> Told {
    let (words, text) = (visit.words(), |at| visit.clockwork.text(at));
    let mut standing = match (&webhook.trouble, webhook.told_at) {
        (Some(trouble), _) => words.with(
            "address-fails",
            &[("since", &text(trouble.failing_since)), ("next", &text(trouble.next_attempt_at))],
        ),
        (None, Some(at)) => words.with("address-told", &[("when", &text(at))]),
        (None, None) => words.t("address-new"),
    };
    if webhook.given_up > 0 {
        standing.push(' ');
        standing.push_str(&words.count("address-given-up", webhook.given_up));
    }
    Told {
        url: webhook.url.clone(),
        standing,
        well: webhook.trouble.is_none(),
        answer: webhook.trouble.as_ref().map(|trouble| trouble.answer.clone()),
    }
}

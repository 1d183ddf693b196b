//! What patrons see of each library's mail, where answers go and where it comes back to: on Preferences, and where an account is signed in.

use store::Error;

use super::{visit::Visit, words::Words};
use crate::{
    config::{Config, Provider},
    preferences::{
        AsSeen, Written,
        as_seen::{By, as_seen},
    },
};

/// One library.
pub(super) struct Sender {
    pub(super) name: String,
    pub(super) from: String,
    /// What of it is not as it was entered.
    pub(super) note: Option<String>,
    pub(super) reply_to: String,
    pub(super) returns: String,
}

/// All of them, by whatever sends at first.
pub(super) async fn by_the_way(visit: &Visit, config: &Config) -> Result<Vec<Sender>, Error> {
    let accounts = visit.pages.sources.store.mail_accounts().await?;
    Ok(senders(config, By::first(&config.sending.way, &accounts), visit.words()))
}

/// All of them, by the account at this provider, whether mail leaves by it already or not. None: nobody has signed in there.
pub(super) async fn by_account(visit: &Visit, provider: Provider) -> Result<Option<Vec<Sender>>, Error> {
    let sources = &visit.pages.sources;
    let (account, set) = (sources.accounts.account(provider).await?, sources.accounts.provider(provider));
    let by = account.as_ref().zip(set.as_ref()).map(|(account, set)| By::of(set, account));
    Ok(by.map(|by| senders(&sources.config(), Some(by), visit.words())))
}

fn senders(config: &Config, by: Option<By<'_>>, words: &Words) -> Vec<Sender> {
    let all = as_seen(config, by);
    all.iter()
        .zip(&config.sites)
        .map(|(seen, site)| {
            let set = site.email.as_ref().map(ToString::to_string).unwrap_or_default();
            sender(seen, by, &set, words)
        })
        .collect()
}

fn sender(seen: &AsSeen, by: Option<By<'_>>, set: &str, words: &Words) -> Sender {
    let other = |address: Option<&String>| match (address, &seen.from) {
        (None, None) => words.t("senders-none"),
        (Some(address), from) if from.as_ref() != Some(address) => address.clone(),
        _ => words.t("senders-same"),
    };
    let provider = by.map_or("", |by| by.provider.title());
    let account = by.map_or("", |by| by.account);
    let names = [("name", provider), ("account", account), ("address", set)];
    Sender {
        name: seen.name.clone(),
        from: seen
            .from
            .as_ref()
            .map_or_else(|| words.t("senders-none"), |from| format!("{} <{from}>", seen.name)),
        note: seen.written.map(|written| {
            let key = match written {
                Written::ByProvider => "senders-rewritten",
                Written::IfAllowed => "senders-if-allowed",
            };
            words.with(key, &names)
        }),
        reply_to: other(seen.reply_to.as_ref()),
        returns: other(seen.returns_to.as_ref()),
    }
}

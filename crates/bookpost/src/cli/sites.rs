//! The commands about sites: read from the command line, and carried out by the service, or by the command itself while it holds the lock.

use jiff::Timestamp;
use rand::CryptoRng;
use serde_json::{Map, Value};
use store::{Actor, Store};

use super::{
    args::{
        Output,
        sites::{More, Optional, Sites},
    },
    control::{Failure, Reply, ShownSites, SitesRequest},
    preferences::refused,
};
use crate::{
    app::{App, StandingPreferences},
    config::{Loaded, Source},
    preferences::{
        self, Change, Changed, Refused,
        sites::{self, SITES, SiteChange, SiteRefused},
    },
};

/// Carries `request` out where no service runs.
pub(super) async fn perform(
    store: &Store,
    source: &Source,
    request: SitesRequest,
    dice: &mut (impl CryptoRng + Send),
    now: Timestamp,
) -> Reply {
    let standing = async {
        let stored = store.preferences().await?;
        let loaded = source.check(&stored.values).map_err(Refused::Problems)?;
        Ok(StandingPreferences { stored, loaded })
    };
    let change = async |change| {
        let changed = preferences::change(store, source, change, dice, |_| Ok(()), now).await;
        changed.map(|(changed, ())| changed)
    };
    answer(store, standing.await, request, change).await
}

impl App {
    /// Carries `request` out; what is changed holds when it is answered.
    pub(super) async fn about_sites(&self, request: SitesRequest) -> Reply {
        let change = async |change| self.preferences.change(change).await;
        answer(&self.store, self.preferences.now().await, request, change).await
    }
}

async fn answer(
    store: &Store,
    standing: Result<StandingPreferences, Refused>,
    request: SitesRequest,
    change: impl AsyncFnOnce(Change) -> Result<Changed, Refused>,
) -> Reply {
    let done = async {
        let StandingPreferences { stored, loaded } = standing?;
        let SitesRequest::Change(wanted) = request else { return Ok(shown(&loaded)) };
        let wish = sites::wish(store, &loaded, wanted, stored.version, Actor::CommandLine).await?;
        Ok::<_, SiteRefused>(shown(&change(Change::Set(wish)).await?.loaded))
    };
    match done.await {
        Ok(sites) => Reply::Sites(sites),
        Err(SiteRefused::Preferences(why)) => refused(&why),
        Err(why) => Reply::Failed { failure: Failure::Usage, message: why.to_string() },
    }
}

fn shown(loaded: &Loaded) -> ShownSites {
    let preference = loaded.preferences.iter().find(|one| one.name == SITES);
    ShownSites {
        sites: loaded.config.sites.iter().map(sites::values).collect(),
        origin: preference.map(|one| one.origin.clone()),
    }
}

/// What was done, for what is answered with how all sites stand afterwards.
pub(super) fn done(request: &SitesRequest) -> Option<String> {
    let SitesRequest::Change(change) = request else { return None };
    Some(match change {
        SiteChange::Add { code, .. } => format!("The site {code} was added."),
        SiteChange::Change { code, .. } => format!("The site {code} was changed."),
        SiteChange::Remove { code } => format!(
            "The site {code} was removed. Its mail that was accepted is sent all the same; lines of exports with this code are left out from now on."
        ),
    })
}

/// What a command line means.
pub(super) fn request(command: Sites) -> (SitesRequest, Output) {
    let (change, output) = match command {
        Sites::List { output } => return (SitesRequest::List, output),
        Sites::Add { code, name, email, more, output } => {
            (SiteChange::Add { code, values: named(Some(name), email, more) }, output)
        }
        Sites::Change { code, name, email, more, reset, output } => {
            let mut values: Map<_, _> =
                reset.into_iter().map(|what| (field(what).to_owned(), Value::Null)).collect();
            values.extend(named(name, email, more));
            (SiteChange::Change { code, values }, output)
        }
        Sites::Remove { code, output } => (SiteChange::Remove { code }, output),
    };
    (SitesRequest::Change(change), output)
}

fn named(name: Option<String>, email: Option<String>, more: More) -> Map<String, Value> {
    let More { reply_to, return_address, phone, branch, time_zone } = more;
    let text = |value: Option<String>| value.map(Value::from);
    let all = [
        ("name", text(name)),
        ("email", text(email)),
        ("reply_to", text(reply_to)),
        ("return_address", text(return_address)),
        ("phone", text(phone)),
        ("branches", (!branch.is_empty()).then(|| Value::from(branch))),
        ("time_zone", text(time_zone)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn field(what: Optional) -> &'static str {
    match what {
        Optional::Email => "email",
        Optional::ReplyTo => "reply_to",
        Optional::ReturnAddress => "return_address",
        Optional::Phone => "phone",
        Optional::Branch => "branches",
        Optional::TimeZone => "time_zone",
    }
}

#[cfg(test)]
mod tests;

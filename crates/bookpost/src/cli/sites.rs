//! The commands about sites: read from the command line, and carried out by the service, or by the command itself while it holds the lock.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
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
        logos::MOST_BYTES,
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
    answer(store, standing.await, request, change, now).await
}

impl App {
    /// Carries `request` out; what is changed holds when it is answered.
    pub(super) async fn about_sites(&self, request: SitesRequest) -> Reply {
        let change = async |change| self.preferences.change(change).await;
        answer(&self.store, self.preferences.now().await, request, change, self.clock.now()).await
    }
}

async fn answer(
    store: &Store,
    standing: Result<StandingPreferences, Refused>,
    request: SitesRequest,
    change: impl AsyncFnOnce(Change) -> Result<Changed, Refused>,
    now: Timestamp,
) -> Reply {
    let done = async {
        let StandingPreferences { stored, loaded } = standing?;
        let wanted = match request {
            SitesRequest::List => return Ok(shown(&loaded)),
            SitesRequest::Logo { code, file } => {
                let file = file.map(|file| BASE64.decode(file).unwrap_or_default());
                sites::set_logo(store, &loaded, &code, file, Actor::CommandLine, now).await?;
                return Ok(shown(&loaded));
            }
            SitesRequest::Change(wanted) => wanted,
        };
        let wish = sites::wish(store, &loaded, wanted, stored.version, (Actor::CommandLine, now)).await?;
        Ok::<_, SiteRefused>(shown(&change(Change::Set(wish)).await?.loaded))
    };
    match done.await {
        Ok(sites) => Reply::Sites(sites),
        Err(SiteRefused::Preferences(why)) => refused(&why),
        Err(why @ SiteRefused::Logo(_)) => Reply::Failed { failure: Failure::Data, message: why.to_string() },
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
    let change = match request {
        SitesRequest::List => return None,
        SitesRequest::Logo { code, file: Some(_) } => {
            return Some(format!("Notices of the site {code} have this logo from now on."));
        }
        SitesRequest::Logo { code, file: None } => {
            return Some(format!("Notices of the site {code} have no logo from now on."));
        }
        SitesRequest::Change(change) => change,
    };
    Some(match change {
        SiteChange::Add { code, .. } => format!("The site {code} was added."),
        SiteChange::Change { code, .. } => format!("The site {code} was changed."),
        SiteChange::Remove { code } => format!(
            "The site {code} was removed. Its mail that was accepted is sent all the same; lines of exports with this code are left out from now on."
        ),
    })
}

/// What a command line means.
pub(super) fn request(command: Sites) -> anyhow::Result<(SitesRequest, Output)> {
    let (change, output) = match command {
        Sites::List { output } => return Ok((SitesRequest::List, output)),
        Sites::Logo { code, file, remove: _, output } => {
            let file = file.map(|file| read(&file)).transpose()?;
            return Ok((SitesRequest::Logo { code, file: file.map(|file| BASE64.encode(file)) }, output));
        }
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
    Ok((SitesRequest::Change(change), output))
}

/// A little more than a logo may have, so that it is known for what it is.
fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let read = if file == Path::new("-") {
        std::io::stdin().take(most).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|open| open.take(most).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("{} cannot be read", file.display()))?;
    Ok(bytes)
}

fn named(name: Option<String>, email: Option<String>, more: More) -> Map<String, Value> {
    let More { reply_to, return_address, phone, branch, time_zone, language } = more;
    let text = |value: Option<String>| value.map(Value::from);
    let all = [
        ("name", text(name)),
        ("email", text(email)),
        ("reply_to", text(reply_to)),
        ("return_address", text(return_address)),
        ("phone", text(phone)),
        ("branches", (!branch.is_empty()).then(|| Value::from(branch))),
        ("time_zone", text(time_zone)),
        ("language", text(language)),
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
        Optional::Language => "language",
    }
}

#[cfg(test)]
mod tests;

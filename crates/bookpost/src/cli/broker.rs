//! The commands about other installations, whose people sign in by this one.

use jiff::Timestamp;
use rand::CryptoRng;
use reqwest::Url;
use store::{Actor, Error, Installation, NewInstallation, Store};

use super::{
    args::{Output, broker::Broker},
    control::{
        BrokerReply, BrokerRequest, Failure, Reply, Secret, ShownInstallation, ShownInstallations,
        ShownService,
    },
    queue,
};
use crate::{
    config::{Config, private_url},
    identity::Key,
    preferences::mail_accounts::{
        redirect,
        service::{self, ServiceError, name::is_shown},
    },
};

/// Neither a provider nor a browser that an installation sends finds the way.
const NO_ADDRESS: &str = "this Bookpost has no public address, so no browser that an installation sends would find it, and no mail provider leads anybody back; set `public_address`, such as https://signin.district.example";

/// Carries `request` out. The dice must be good enough for secrets.
pub async fn perform(
    store: &Store,
    request: BrokerRequest,
    config: &Config,
    who: Actor,
    dice: &mut (impl CryptoRng + Send),
    now: Timestamp,
) -> Reply {
    let done = match request {
        BrokerRequest::Add { .. } if config.public_address.is_none() => {
            return Reply::Failed { failure: Failure::Config, message: NO_ADDRESS.to_owned() };
        }
        BrokerRequest::Add { name, address } => match new(&name, &address, dice) {
            Ok((new, key)) => {
                let address = redirect::of_service(config, "");
                let added = store.add_installation(new, who, now).await;
                added.map(|installation| {
                    let key = Secret(key.whole().to_string());
                    reply(BrokerReply::Added(ShownInstallation { installation, key, address }))
                })
            }
            Err(unfit) => return Reply::Failed { failure: Failure::Data, message: unfit.to_string() },
        },
        BrokerRequest::List => list(store, config, now).await,
        BrokerRequest::Revoke { name } => revoke(store, &name, who, now).await,
        BrokerRequest::Log { of, limit } => log(store, of.as_deref(), limit, now).await,
    };
    done.unwrap_or_else(|error| {
        let todo = match &error {
            Error::NotFound(_) => "; all are shown by: bookpost broker list",
            Error::Exists(_) => "; choose another name, or revoke that one first",
            _ => "",
        };
        Reply::Failed { failure: queue::failure(&error), message: format!("{error}{todo}") }
    })
}

fn reply(done: BrokerReply) -> Reply {
    Reply::Broker(Box::new(done))
}

/// What is wrong with what was typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("a name has up to 100 characters, in one line, none of which is unseen")]
    Name,
    #[error(
        "{0:?} is no address to lead browsers back to: write it like https://bookpost.school.example, with no path"
    )]
    Address(String),
}

/// What is typed, as it is stored.
pub(crate) fn new(
    name: &str,
    address: &str,
    dice: &mut impl CryptoRng,
) -> Result<(NewInstallation, Key), Unfit> {
    let name = name.trim().to_owned();
    if !is_shown(&name) {
        return Err(Unfit::Name);
    }
    let plain = |url: &Url| url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let url = private_url(address.trim())
        .ok()
        .filter(plain)
        .ok_or_else(|| Unfit::Address(address.trim().to_owned()))?;
    let returns_to = url.as_str().trim_end_matches('/').to_owned();
    let key = Key::draw(dice);
    Ok((NewInstallation { key: key.stored(), name, returns_to }, key))
}

async fn list(store: &Store, config: &Config, now: Timestamp) -> Result<Reply, Error> {
    let comes_back_to = redirect::of_service(config, redirect::SERVICE_BACK);
    let installations = store.installations(now).await?;
    Ok(reply(BrokerReply::Installations(ShownInstallations { installations, comes_back_to })))
}

async fn revoke(store: &Store, name: &str, who: Actor, now: Timestamp) -> Result<Reply, Error> {
    let found = named(store, name, now).await?;
    Ok(reply(BrokerReply::Revoked(store.revoke_installation(&found.key, who, now).await?)))
}

async fn log(store: &Store, of: Option<&str>, limit: usize, now: Timestamp) -> Result<Reply, Error> {
    let of = match of {
        Some(name) => Some(named(store, name, now).await?.key),
        None => None,
    };
    Ok(reply(BrokerReply::Log(store.services(of.as_ref(), limit).await?)))
}

/// By its name, where one that is served comes first, or by the id of its key.
async fn named(store: &Store, name: &str, now: Timestamp) -> Result<Installation, Error> {
    let mut all = store.installations(now).await?;
    all.sort_by_key(|one| one.installation.revoked_at.is_some());
    let found = all.into_iter().map(|one| one.installation).find(|one| one.name == name || one.key.0 == name);
    found.ok_or(Error::NotFound("installation"))
}

/// What a command line means.
pub(super) fn request(command: Broker) -> (BrokerRequest, Output) {
    match command {
        Broker::Add { name, address, output } => (BrokerRequest::Add { name, address }, output),
        Broker::List { output } => (BrokerRequest::List, output),
        Broker::Revoke { name, output } => (BrokerRequest::Revoke { name }, output),
        Broker::Log { of, limit, output } => (BrokerRequest::Log { of, limit }, output),
    }
}

/// Asks the sign-in service that is set whether it knows us.
pub(super) async fn test(config: &Config) -> Reply {
    let Some(set) = &config.sign_in_service else {
        let message = "no sign-in service is set; enter the one you were given: bookpost preferences sign-in-service --address ADDRESS".to_owned();
        return Reply::Failed { failure: Failure::Config, message };
    };
    let (host, port) = set.host_and_port();
    match service::test(set, config).await {
        Ok(service::Answers { about, ours }) => reply(BrokerReply::Tested(ShownService {
            host,
            port,
            name: about.name,
            installation: about.installation,
            providers: about.providers.into_iter().map(|one| one.name().to_owned()).collect(),
            returns_to: about.returns_to,
            ours,
        })),
        Err(error) => {
            let (failure, todo) = match &error {
                ServiceError::Key { .. } => (Failure::Config, "ask whoever runs it for a key".to_owned()),
                ServiceError::Away { .. } => (
                    Failure::Temporary,
                    format!("let this computer connect to {host}, TCP port {port}, in your firewall"),
                ),
                ServiceError::TooOften { .. } => (Failure::Temporary, "wait some minutes".to_owned()),
                _ => (
                    Failure::Temporary,
                    format!("{host}, TCP port {port}, was reached; ask whoever runs it if it lasts"),
                ),
            };
            Reply::Failed { failure, message: format!("{error}; {todo}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};

    use super::*;

    /// Browsers are led to there with what opens an account.
    #[test]
    fn browsers_are_led_to_addresses_that_nobody_reads_on_the_way() {
        let mut dice = StdRng::seed_from_u64(7);
        for (name, address, expected) in [
            ("School", "https://bookpost.school.example", Some("https://bookpost.school.example")),
            (
                " School ",
                "https://Bookpost.School.example:8443/",
                Some("https://bookpost.school.example:8443"),
            ),
            ("School", "http://localhost:8625", Some("http://localhost:8625")),
            ("School", "http://bookpost.school.example", None),
            ("School", "https://bookpost.school.example/preferences", None),
            ("School", "https://bookpost.school.example?to=x", None),
            ("School", "https://a@bookpost.school.example", None),
            ("School", "bookpost.school.example", None),
            ("", "https://bookpost.school.example", None),
            ("Two\nlines", "https://bookpost.school.example", None),
        ] {
            let made = new(name, address, &mut dice);
            match expected {
                Some(returns_to) => {
                    let (made, key) = made.unwrap();
                    assert_eq!((&*made.name, &*made.returns_to), ("School", returns_to));
                    assert_eq!(made.key, key.stored());
                }
                None => assert!(made.is_err(), "{name} {address}"),
            }
        }
    }
}

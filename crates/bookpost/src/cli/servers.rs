//! A mail server tried, and servers suggested. Both need neither the queue nor the service: the settings are tried as they stand now, before
//! mail is sent by them.

use mail::{Address, Reason};
use serde::Serialize;

use super::{
    Exit,
    control::{Found, PreferencesRequest},
    run::Stop,
    show,
};
use crate::{
    app::Start,
    config::{Config, Provider, Server},
    deliver::{
        hosting::{self, LookupError, NameServers},
        trial::{self, Asks, Fault, Found as Seen, Patience, Port, State, Trial},
    },
    preferences::{
        mail_accounts::{NoToken, Shown},
        tested::{ACCEPTED, CHANGES_IDS, KEEPS_IDS, WORKS, named, named_as},
    },
};

/// What `preferences test` was asked.
pub(super) struct Test {
    pub(super) server: Which,
    pub(super) to: Option<Address>,
    pub(super) json: bool,
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// 1 or 2.
    Own(u8),
    /// That of a provider.
    Of(Provider),
}

/// What a provider's server is shown, from the running service: it alone asks for that.
type Renewed = Result<Shown, NoToken>;

/// What was found in the mailbox that the test message went to, for whoever keeps the log.
pub(super) fn arrived(config: &Config, which: Which, found: Found) -> Result<PreferencesRequest, Stop> {
    let server = meant(config, which)?;
    Ok(PreferencesRequest::Arrived { server: server.name.clone(), named: named(server), found })
}

/// Looks at the ports of a server, or of another host. Gives what the log is to say of it, too.
pub(super) async fn ports(
    config: &Config,
    number: u8,
    host: Option<String>,
) -> Result<(PortsOf, PreferencesRequest), Stop> {
    let (host, port, ca_file, name, named) = if let Some(host) = host {
        (host.clone(), None, None, format!("server{number}"), host)
    } else {
        let server = described(config, number)?;
        let Server { host, port, ca_file, name, .. } = server;
        (host.clone(), Some(*port), ca_file.as_deref(), name.clone(), named(server))
    };
    let all = trial::usual_and(port);
    let found = trial::detect(&host, &all, &config.sending.ehlo_name, ca_file, Patience::LOOK).await;
    let result = trial::in_the_log(&found);
    Ok((PortsOf { host, ports: found }, PreferencesRequest::Tested { server: name, named, result }))
}

/// What a host speaks at its ports.
#[derive(Debug, Serialize)]
pub(super) struct PortsOf {
    pub(super) host: String,
    pub(super) ports: Vec<Port>,
}

fn meant(config: &Config, which: Which) -> Result<&Server, Stop> {
    match which {
        Which::Own(number) => described(config, number),
        Which::Of(provider) => of_provider(config, provider),
    }
}

/// Whatever the way of sending is: a server is tested before it is chosen.
fn described(config: &Config, number: u8) -> Result<&Server, Stop> {
    let server = config.sending.servers.get(usize::from(number).wrapping_sub(1));
    let none = || Stop(Exit::Config, format!("there is no Server {number} in the configuration"));
    server.map(AsRef::as_ref).ok_or_else(none)
}

/// Tries the server; `say` gets each line when it is known, and `renew` asks for what a provider's is shown. Gives what the log is to say
/// of it, too.
pub(super) async fn test<S, F>(
    config: &Config,
    asked: Test,
    renew: impl FnOnce(Provider) -> F,
    say: S,
) -> Result<(Exit, Vec<PreferencesRequest>), Stop>
where
    S: FnMut(String) + Send,
    F: Future<Output = Renewed> + Send,
{
    let server = meant(config, asked.server)?;
    let start = Start::of_this_machine()?;
    let now = start.clock.now();
    let letter = asked.to.as_ref().map(|to| trial::letter(config, to, now, start.seed)).transpose();
    let letter = letter.map_err(|error| Stop(Exit::Data, error))?;
    let trial = Trial::new(server, &config.sending.ehlo_name, letter, now);
    let trial = match asked.server {
        Which::Own(_) => trial,
        Which::Of(provider) => trial.by_account(Asks::by(renew(provider))),
    };
    told(trial, &asked, say).await
}

fn of_provider(config: &Config, provider: Provider) -> Result<&Server, Stop> {
    let set = config.providers.iter().find(|set| set.provider == provider);
    let none = || {
        let (name, title) = (provider.name(), provider.title());
        let todo =
            format!("{title} is not set up; enter it first: bookpost preferences client {name} --id ID");
        Stop(Exit::Config, todo)
    };
    set.map(|set| &*set.server).ok_or_else(none)
}

async fn told<S>(trial: Trial<'_>, asked: &Test, mut say: S) -> Result<(Exit, Vec<PreferencesRequest>), Stop>
where
    S: FnMut(String) + Send,
{
    let server = trial.server;
    if !asked.json {
        say(show::servers::title(asked.server, server));
    }
    let (mut account, mut kept) = (None, None);
    let tried = trial::run(trial, |event| {
        match &event.state {
            State::Ok(Seen::Renewal { account: renewed }) => account = Some(renewed.clone()),
            State::Ok(Seen::MessageId { message_id_kept }) => kept = *message_id_kept,
            _ => {}
        }
        let line =
            if asked.json { serde_json::to_string(&event).ok() } else { show::servers::step(&event, server) };
        line.into_iter().for_each(&mut say);
    });
    let tried = tried.await.map_err(|error| Stop(Exit::Config, format!("{error:#}")))?;
    if !asked.json {
        say(show::servers::end(tried.as_ref().err().map(AsRef::as_ref), asked.to.as_ref()));
    }
    let well = if asked.to.is_some() { ACCEPTED } else { WORKS };
    let result = tried.as_ref().map_or_else(|fault| fault.words, |()| well);
    let named = account.map_or_else(|| named(server), |account| named_as(server, &account));
    let of_ids = kept.map(|kept| if kept { KEEPS_IDS } else { CHANGES_IDS });
    let requests = of_ids.into_iter().chain([result]).map(|result| PreferencesRequest::Tested {
        server: server.name.clone(),
        named: named.clone(),
        result: result.to_owned(),
    });
    let requests = requests.collect();
    Ok((tried.map_or_else(|fault| exit(&fault), |()| Exit::Done), requests))
}

/// What the asker can do about it.
fn exit(fault: &Fault) -> Exit {
    if fault.answer.is_some() {
        return if fault.later { Exit::Temporary } else { Exit::Refused };
    }
    match fault.reason {
        Reason::HostNotFound
        | Reason::TlsUnavailable
        | Reason::CertificateRefused
        | Reason::CertificateExpired
        | Reason::CertificateWrongName
        | Reason::CertificateUnknownIssuer
        | Reason::SignInImpossible
        | Reason::PasswordLost
        | Reason::SignedOut
        | Reason::NotSignedIn
        | Reason::ClientRefused
        | Reason::ServiceRefused
        | Reason::ServiceAtFault
        | Reason::OtherClient
        | Reason::TokenRefused
        | Reason::SmtpAuthOff
        | Reason::ScopeMissing
        | Reason::ServiceOff
        | Reason::ForbiddenThere
        | Reason::NoMailbox
        | Reason::PasswordsEnded => Exit::Config,
        Reason::TooLarge
        | Reason::Utf8Unsupported
        | Reason::HeaderUtf8Unsupported
        | Reason::AddressUnknown
        | Reason::Refused => Exit::Refused,
        _ => Exit::Temporary,
    }
}

/// Looks up who hosts the mail of `address`, and what could be sent by.
pub(super) async fn suggest(address: &Address, ehlo_name: &str) -> Result<hosting::Answer, Stop> {
    let resolver = NameServers::OfThisComputer.resolver()?;
    let looked = hosting::look(&resolver, address.domain(), ehlo_name).await;
    let (_, answer) = looked.map_err(|error| {
        let exit = match error {
            LookupError::NoSuchDomain(_) => Exit::Data,
            LookupError::NoAnswer(..) => Exit::Temporary,
        };
        Stop(exit, error.to_string())
    })?;
    Ok(answer)
}

#[cfg(test)]
mod tests;

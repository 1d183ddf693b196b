//! The servers that receive a domain's mail (RFC 5321 section 5.1).

use std::{net::SocketAddr, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::{RData, RecordType},
};

/// One question to one name server.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of where a domain's mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailServers {
    /// The preferred first. None: the domain's own address takes its mail, if it has one.
    At(Vec<String>),
    /// The domain says that it takes no mail (RFC 7505).
    None,
}

/// Why nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// Look for a typing mistake in the address.
    #[error("there is no domain {0}: look for a typing mistake in the address")]
    NoSuchDomain(String),
    /// Try again later.
    #[error(
        "the mail servers of {0} could not be looked up; check the network and the name server (DNS) of this computer. For your IT person: {1}"
    )]
    NoAnswer(String, String),
}

/// Who is asked for names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NameServers {
    /// Those that this computer asks.
    #[default]
    OfThisComputer,
    /// This one alone.
    At(SocketAddr),
}

impl NameServers {
    /// The way to ask them. Of this computer they are read anew each time.
    pub fn resolver(self) -> anyhow::Result<TokioResolver> {
        let mut builder = match self {
            Self::OfThisComputer => TokioResolver::builder_tokio()?,
            Self::At(address) => {
                let mut connection = ConnectionConfig::udp();
                connection.port = address.port();
                let server = NameServerConfig::new(address.ip(), true, vec![connection]);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
        };
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (PATIENCE, 2);
        Ok(builder.build()?)
    }
}

/// Looks the mail servers of `domain` up.
pub async fn mail_servers(resolver: &TokioResolver, domain: &str) -> Result<MailServers, LookupError> {
    // With the dot at its end no other domain is tried.
    let answer = match resolver.lookup(format!("{domain}."), RecordType::MX).await {
        Ok(answer) => answer,
        Err(error) => return without(domain, &error),
    };
    let exchanges = answer.answers().iter().filter_map(|record| match &record.data {
        RData::MX(mx) => Some((mx.preference, mx.exchange.to_ascii())),
        _ => None,
    });
    let mut exchanges: Vec<_> = exchanges.collect();
    exchanges.sort();
    if matches!(exchanges.as_slice(), [(_, root)] if root == ".") {
        return Ok(MailServers::None);
    }
    let names = exchanges.into_iter().map(|(_, name)| name.trim_end_matches('.').to_owned());
    Ok(MailServers::At(names.collect()))
}

fn without(domain: &str, error: &NetError) -> Result<MailServers, LookupError> {
    if error.is_nx_domain() {
        return Err(LookupError::NoSuchDomain(domain.to_owned()));
    }
    if error.is_no_records_found() {
        return Ok(MailServers::At(Vec::new()));
    }
    Err(LookupError::NoAnswer(domain.to_owned(), error.to_string()))
}

#[cfg(test)]
mod tests {
    use testkit::names::{NameServer, Says};

    use super::*;

    #[tokio::test]
    async fn mail_servers_are_looked_up() {
        let names = NameServer::start(&[
            ("library.example", Says::Mail(&[(20, "mx2.library.example."), (10, "mx1.library.example.")])),
            ("nomail.example", Says::Mail(&[(0, ".")])),
            ("bare.example", Says::Mail(&[])),
            ("broken.example", Says::Broken),
        ]);
        let names = names.await.unwrap();
        let resolver = NameServers::At(names.address).resolver().unwrap();
        let at =
            |servers: &[&str]| Ok(MailServers::At(servers.iter().map(|&server| server.to_owned()).collect()));
        for (domain, expected) in [
            ("library.example", at(&["mx1.library.example", "mx2.library.example"])),
            ("nomail.example", Ok(MailServers::None)),
            ("bare.example", at(&[])),
            ("gone.example", Err(LookupError::NoSuchDomain("gone.example".to_owned()))),
        ] {
            assert_eq!(mail_servers(&resolver, domain).await, expected, "{domain}");
        }
        let broken = mail_servers(&resolver, "broken.example").await;
        assert!(matches!(broken, Err(LookupError::NoAnswer(..))), "{broken:?}");
    }
}

//! The servers that receive a domain's mail (RFC 5321 section 5.1).

use std::time::Duration;

use hickory_resolver::{
    TokioResolver,
    net::NetError,
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
    /// Look for a slip in the address.
    #[error("there is no domain {0}: look for a slip in the address")]
    NoSuchDomain(String),
    /// Try again later.
    #[error(
        "the mail servers of {0} could not be looked up; check the network and the name server (DNS) of this computer. For your IT person: {1}"
    )]
    NoAnswer(String, String),
}

/// Asks the name servers of this computer.
pub fn system_resolver() -> anyhow::Result<TokioResolver> {
    let mut builder = TokioResolver::builder_tokio()?;
    let options = builder.options_mut();
    (options.timeout, options.attempts) = (PATIENCE, 2);
    Ok(builder.build()?)
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
    use std::net::{Ipv4Addr, SocketAddr};

    use hickory_resolver::{
        config::{ConnectionConfig, NameServerConfig, ResolverConfig},
        net::runtime::TokioRuntimeProvider,
        proto::{
            op::{Message, ResponseCode},
            rr::{Name, Record, rdata::MX},
        },
    };
    use tokio::net::UdpSocket;

    use super::*;

    /// Answers for a zone of its own, until it is dropped with the runtime.
    async fn name_server() -> SocketAddr {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let question = Message::from_vec(&buffer[..length]).unwrap();
                let reply = reply(&question).to_vec().unwrap();
                socket.send_to(&reply, from).await.unwrap();
            }
        });
        address
    }

    fn reply(question: &Message) -> Message {
        let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
        let query = question.queries[0].clone();
        let name = query.name().clone();
        let mx = match name.to_ascii().to_ascii_lowercase().as_str() {
            "library.example." => &[(20, "mx2.library.example."), (10, "mx1.library.example.")][..],
            "nomail.example." => &[(0, ".")],
            "bare.example." => &[],
            "broken.example." => {
                reply.metadata.response_code = ResponseCode::ServFail;
                &[]
            }
            _ => {
                reply.metadata.response_code = ResponseCode::NXDomain;
                &[]
            }
        };
        for (preference, exchange) in mx {
            let data = RData::MX(MX::new(*preference, Name::from_ascii(exchange).unwrap()));
            reply.add_answer(Record::from_rdata(name.clone(), 60, data));
        }
        reply.queries.push(query);
        reply
    }

    async fn resolver() -> TokioResolver {
        let address = name_server().await;
        let mut connection = ConnectionConfig::udp();
        connection.port = address.port();
        let server = NameServerConfig::new(address.ip(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default()).build().unwrap()
    }

    #[tokio::test]
    async fn mail_servers_are_looked_up() {
        let resolver = resolver().await;
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

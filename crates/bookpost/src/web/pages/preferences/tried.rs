//! A server that is to be used from now on is tried before it is saved, without a letter.

use std::sync::Arc;

use crate::{
    config::{Config, Server, Way},
    deliver::trial::{self, Fault, Trial},
    web::pages::{advice::what_to_do, when::Clockwork, words::Words},
};

/// A server that did not pass.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) number: usize,
    pub(super) why: String,
    pub(super) what_to_do: String,
    /// For IT, in English or in the server's own words.
    pub(super) said: String,
}

/// The servers that are used in `after` and were not so in `before`, and those that are only described and were described otherwise: with
/// the practice mailbox, too, a slip is found while it is typed. Those of providers are known, and who has signed in there is another page's.
fn new(before: &Config, after: &Config) -> Vec<Arc<Server>> {
    let sending = |config: &Config| match &config.sending.way {
        Way::Servers(servers) => servers.clone(),
        _ => Vec::new(),
    };
    let same = |one: &Server, other: &Server| (key(one), &one.login) == (key(other), &other.login);
    let among = |servers: &[Arc<Server>], server: &Server| servers.iter().any(|known| same(known, server));
    let (now, before_it) = (sending(after), sending(before));
    let same_name = before.sending.ehlo_name == after.sending.ehlo_name;
    let in_use = now.iter().filter(|server| server.sign_in.is_none());
    let in_use = in_use.filter(|server| !same_name || !among(&before_it, server));
    let resting = after.sending.servers.iter().filter(|server| !among(&now, server));
    let resting = resting.filter(|server| !among(&before.sending.servers, server));
    in_use.chain(resting).cloned().collect()
}

/// What decides whether a server can be reached and takes mail of ours.
fn key(server: &Server) -> impl PartialEq + '_ {
    let Server { host, port, encryption, allow_non_secure, password_on_plain, ca_file, .. } = server;
    (host, port, encryption, allow_non_secure, password_on_plain, ca_file)
}

/// Tries them, all at once; none failed: they can be saved.
pub(super) async fn failed(before: &Config, after: &Config, clockwork: &Clockwork) -> Vec<Failed> {
    let tries = new(before, after).into_iter().map(|server| {
        let (own_name, clockwork) = (after.sending.ehlo_name.clone(), clockwork.clone());
        tokio::spawn(async move {
            let number = if server.name == "server2" { 2 } else { 1 };
            let tried = trial::run(Trial::new(&server, &own_name, None, clockwork.now), |_| {}).await;
            match tried {
                Ok(Ok(())) => None,
                Ok(Err(fault)) => Some(told(number, &fault, &clockwork)),
                Err(error) => Some(unmade(number, &error, clockwork.words)),
            }
        })
    });
    let tries: Vec<_> = tries.collect();
    let mut failed = Vec::new();
    for one in tries {
        failed.extend(one.await.ok().flatten());
    }
    failed
}

fn told(number: usize, fault: &Fault, clockwork: &Clockwork) -> Failed {
    let (words, what_to_do) = (clockwork.words, what_to_do(clockwork, fault));
    let said = fault.answer.as_ref().or(fault.detail.as_ref()).cloned();
    let said = [said.unwrap_or_default(), fault.transcript.join("\n")].join("\n");
    Failed { number, why: words.reason(fault.reason), what_to_do, said: said.trim().to_owned() }
}

/// The certificates that are trusted could not be read.
fn unmade(number: usize, error: &anyhow::Error, words: &Words) -> Failed {
    let why = words.t("tried-not-made");
    Failed { number, why, what_to_do: String::new(), said: format!("{error:#}") }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn with(ports: &[u16]) -> Config {
        let servers = ports.iter().zip(["server1", "server2"]);
        let servers =
            servers.map(|(port, name)| Arc::new(Server::plain(name, ([192, 0, 2, 1], *port).into())));
        Config::usual(Path::new("/"), Way::Servers(servers.collect()))
    }

    fn tried(before: &Config, after: &Config) -> Vec<u16> {
        new(before, after).iter().map(|server| server.port).collect()
    }

    #[test]
    fn only_what_is_new_and_in_use_is_tried() {
        let none = Config::usual(Path::new("/"), Way::None);
        assert_eq!(tried(&none, &with(&[25])), [25]);
        assert_eq!(tried(&with(&[25]), &with(&[25])), [0; 0]);
        assert_eq!(tried(&with(&[25]), &with(&[25, 587])), [587]);
        assert_eq!(tried(&with(&[25, 587]), &with(&[25])), [0; 0]);
        assert_eq!(tried(&with(&[25]), &none), [0; 0]);
        let mut renamed = with(&[25]);
        renamed.sending.ehlo_name = "books.library.example".to_owned();
        assert_eq!(tried(&with(&[25]), &renamed), [25]);
        let mut slower = with(&[25]);
        let server = Server { connections: 1, ..Server::plain("server1", ([192, 0, 2, 1], 25).into()) };
        slower.sending.way = Way::Servers(vec![Arc::new(server)]);
        assert_eq!(tried(&with(&[25]), &slower), [0; 0]);
    }

    /// The next choice of the way finds it as it was tried.
    #[test]
    fn what_is_described_is_tried_whatever_the_way_is() {
        for way in [Way::None, Way::Practice] {
            let described = |port: &[u16]| {
                let mut config = Config::usual(Path::new("/"), way.clone());
                if let Way::Servers(servers) = with(port).sending.way {
                    config.sending.servers = servers;
                }
                config
            };
            assert_eq!(tried(&described(&[]), &described(&[25])), [25]);
            assert_eq!(tried(&described(&[25]), &described(&[26])), [26]);
            assert_eq!(tried(&described(&[25]), &described(&[25])), [0; 0]);
            assert_eq!(tried(&described(&[25]), &with(&[25])), [25], "now it is used");
        }
    }
}

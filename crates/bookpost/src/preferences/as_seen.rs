//! What patrons see of a library's mail, where their answers go, and where it comes back to. Mail providers take a say in that: Google writes
//! the account into a sender that it may not send for, and Microsoft refuses such mail.

use mail::Address;
use serde::{Deserialize, Serialize};
use store::MailAccount;

use crate::config::{Config, MailProvider, Provider, SendBy, Server, Service, Site, Way};

/// The mail of one library, as it arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsSeen {
    /// Its code.
    pub site: String,
    pub name: String,
    /// The address that patrons see beside the name; None: none is entered, and nothing can be sent.
    pub from: Option<String>,
    /// None: to `from`.
    pub reply_to: Option<String>,
    /// Where a mail server sends it back to.
    pub returns_to: Option<String>,
    /// What the provider has to do with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
}

/// What a provider does with a sender that is not its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    /// It writes its account in the place of the address; the name stays.
    ByProvider,
    /// It refuses the mail, unless whoever administers it lets the account send as that address.
    IfAllowed,
}

/// By whose account mail leaves, and how.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    pub provider: Provider,
    pub send_by: SendBy,
    pub account: &'a str,
}

impl<'a> By<'a> {
    /// The account of a provider, as it is set.
    pub fn of(set: &MailProvider, account: &'a MailAccount) -> Self {
        Self { provider: set.provider, send_by: set.sends_by(), account: &account.account }
    }

    /// The account by which mail leaves first, if it leaves by one.
    pub fn first(way: &Way, accounts: &'a [MailAccount]) -> Option<Self> {
        let Way::Servers(servers) = way else { return None };
        let Server { sign_in, service, .. } = &**servers.first()?;
        let provider = (*sign_in)?;
        let account = &accounts.iter().find(|one| one.provider == provider.name())?.account;
        let send_by = match service {
            Some(Service::Gmail | Service::Graph) => SendBy::Api,
            None => SendBy::Smtp,
        };
        Some(Self { provider, send_by, account })
    }

    fn is(&self, address: &Address) -> bool {
        self.account.eq_ignore_ascii_case(&address.to_string())
    }

    /// What it does with mail from this address.
    fn written(&self, from: &Address) -> Option<Written> {
        (!self.is(from)).then_some(match self.provider {
            Provider::Google => Written::ByProvider,
            Provider::Microsoft => Written::IfAllowed,
        })
    }

    /// Only Microsoft's mail server keeps the sender of an envelope: Gmail's writes its account there, and web services know none.
    fn keeps_envelope(&self) -> bool {
        (self.provider, self.send_by) == (Provider::Microsoft, SendBy::Smtp)
    }
}

/// The mail of all libraries, by an account or by the library's own servers.
pub fn as_seen(config: &Config, by: Option<By<'_>>) -> Vec<AsSeen> {
    config.sites.iter().map(|site| of(site, by)).collect()
}

fn of(site: &Site, by: Option<By<'_>>) -> AsSeen {
    let text = |address: Option<&Address>| address.map(ToString::to_string);
    let written = site.email.as_ref().and_then(|from| by?.written(from));
    let rewritten = by.filter(|_| written == Some(Written::ByProvider)).map(|by| by.account.to_owned());
    let account = by.filter(|by| site.email.is_some() && !by.keeps_envelope());
    AsSeen {
        site: site.code.clone(),
        name: site.name.clone(),
        from: rewritten.or_else(|| text(site.email.as_ref())),
        reply_to: text(site.reply_to.as_ref()),
        returns_to: match (account, by) {
            (Some(by), _) => Some(by.account.to_owned()),
            (None, Some(_)) => text(site.returns_to()),
            (None, None) => text(site.reports_to()),
        },
        written,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Which of the three addresses is whose, for each way in which an account sends.
    #[test]
    fn a_provider_has_a_say_in_what_patrons_see() {
        let mut config = Config::usual(Path::new("/"), Way::None);
        let address = |text: &str| Address::parse(text).ok();
        let site = |code: &str, email: Option<&str>| Site {
            code: code.to_owned(),
            name: format!("{code} Library"),
            email: email.and_then(address),
            reply_to: None,
            return_address: None,
            phone: None,
            branches: Vec::new(),
            time_zone: None,
            language: None,
        };
        let answers = Site {
            reply_to: address("ask@hill.example"),
            return_address: address("back@hill.example"),
            ..site("Hill", Some("desk@hill.example"))
        };
        config.sites = vec![answers, site("Own", Some("Library@school.example")), site("Mute", None)];
        let account = "library@school.example";
        let (desk, ask, back) =
            (Some("desk@hill.example"), Some("ask@hill.example"), Some("back@hill.example"));
        for (by, hill) in [
            (None, (desk, back, None)),
            (
                Some((Provider::Google, SendBy::Smtp)),
                (Some(account), Some(account), Some(Written::ByProvider)),
            ),
            (
                Some((Provider::Google, SendBy::Api)),
                (Some(account), Some(account), Some(Written::ByProvider)),
            ),
            (Some((Provider::Microsoft, SendBy::Smtp)), (desk, back, Some(Written::IfAllowed))),
            (Some((Provider::Microsoft, SendBy::Api)), (desk, Some(account), Some(Written::IfAllowed))),
        ] {
            let all = as_seen(&config, by.map(|(provider, send_by)| By { provider, send_by, account }));
            let said = |one: usize| {
                let one = &all[one];
                (one.from.as_deref(), one.reply_to.as_deref(), one.returns_to.as_deref(), one.written)
            };
            assert_eq!(said(0), (hill.0, ask, hill.1, hill.2), "{by:?}");
            assert_eq!((said(1).3, said(1).1), (None, None), "it is the account: {by:?}");
            assert_eq!(said(2), (None, None, None, None), "{by:?}");
        }
    }
}

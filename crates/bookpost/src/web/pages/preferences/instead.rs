//! "Do you use Gmail for your SMTP?": whoever enters a password for a server of Google or Microsoft is asked before it is saved, as both have
//! ended those for most, and signing in there needs none.

use super::{draft::Draft, entries::SERVERS};
use crate::{
    config::Provider,
    web::pages::{mail_account, words::Words},
};

/// Servers that want a login, and at which one can sign in instead.
const HOSTS: [(&str, Provider); 5] = [
    ("smtp.gmail.com", Provider::Google),
    ("smtp.googlemail.com", Provider::Google),
    ("smtp.office365.com", Provider::Microsoft),
    ("outlook.office365.com", Provider::Microsoft),
    ("smtp-mail.outlook.com", Provider::Microsoft),
];

/// What is asked.
pub(super) struct Instead {
    pub(super) question: String,
    pub(super) why: String,
    pub(super) go: (&'static str, String),
    pub(super) go_on: String,
}

impl Instead {
    pub(super) fn of(provider: Provider, words: &Words) -> Self {
        let (question, why, go_on) = match provider {
            Provider::Google => ("instead-google", "instead-google-why", "instead-google-go-on"),
            Provider::Microsoft => ("instead-microsoft", "instead-microsoft-why", "instead-microsoft-go-on"),
        };
        let go = words.with("account-begin", &[("name", provider.title())]);
        Self {
            question: words.t(question),
            why: words.t(why),
            go: (mail_account::address(provider), go),
            go_on: words.t(go_on),
        }
    }
}

/// At which provider somebody can sign in instead of what was entered just now.
pub(super) fn asked(draft: &Draft) -> Option<Provider> {
    SERVERS.into_iter().find_map(|server| {
        let of = |key: &str| {
            let name = format!("{server}.{key}");
            let text = |entries: &super::entries::Entries| entries.get(&*name).cloned().unwrap_or_default();
            (text(&draft.entries), text(&draft.seen))
        };
        let ((host, host_before), (login, login_before)) = (of("host"), of("login"));
        let is_new = host != host_before
            || login != login_before
            || draft.passwords.contains_key(&format!("{server}.password"));
        provider(&host).filter(|_| is_new && !login.is_empty())
    })
}

fn provider(host: &str) -> Option<Provider> {
    let host = host.trim().trim_end_matches('.');
    HOSTS.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(host)).map(|(_, provider)| provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_servers_that_want_a_password_are_asked_about() {
        for (host, expected) in [
            ("smtp.gmail.com", Some(Provider::Google)),
            (" SMTP.Gmail.com. ", Some(Provider::Google)),
            ("smtp.office365.com", Some(Provider::Microsoft)),
            ("smtp-mail.outlook.com", Some(Provider::Microsoft)),
            ("smtp-relay.gmail.com", None),
            ("library-example.mail.protection.outlook.com", None),
            ("smtp.library.example", None),
        ] {
            assert_eq!(provider(host), expected, "{host}");
        }
    }
}

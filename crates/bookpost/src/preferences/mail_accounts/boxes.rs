//! The boxes that somebody ticks where they agree: which were asked for, and which of them were ticked.

use super::endpoints::sending_scopes;
use crate::config::{Provider, SendBy};

/// Google calls some of what it is asked for by another name once it was agreed to.
const SAME: [(&str, &str); 1] = [("email", "https://www.googleapis.com/auth/userinfo.email")];

/// How many of them were ticked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boxes {
    pub ticked: usize,
    pub asked: usize,
    /// The one for the account's address is among them.
    pub has_address: bool,
}

impl Boxes {
    /// As mail is handed over, of what was agreed to. None: the provider has all of it agreed to at once, or nothing.
    pub fn of(provider: Provider, by: SendBy, granted: &str) -> Option<Self> {
        if !provider.has_boxes() {
            return None;
        }
        let granted: Vec<_> = granted.split_whitespace().collect();
        let has = |scopes: &[&str]| {
            granted.iter().any(|one| scopes.iter().any(|scope| one.eq_ignore_ascii_case(scope)))
        };
        let named = |scope: &'static str| {
            let other = SAME.into_iter().find(|(asked, _)| *asked == scope);
            has(&[scope]) || other.is_some_and(|(_, other)| has(&[other]))
        };
        let has_address = named("email");
        let ticked = [named("openid"), has_address, has(sending_scopes(provider, by))];
        Some(Self {
            ticked: ticked.iter().filter(|ticked| **ticked).count(),
            asked: ticked.len(),
            has_address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_counted_by_whatever_name_they_come_back() {
        let (smtp, api) = (SendBy::Smtp, SendBy::Api);
        let (all, send) = ("https://mail.google.com/", "https://www.googleapis.com/auth/gmail.send");
        let email = "https://www.googleapis.com/auth/userinfo.email";
        for (by, granted, ticked, has_address) in [
            (smtp, format!("openid email {all}"), 3, true),
            (smtp, format!("{all} openid {email}"), 3, true),
            (smtp, "openid email".to_owned(), 2, true),
            (smtp, format!("openid {all}"), 2, false),
            (smtp, format!("openid email {send}"), 2, true),
            (api, format!("openid email {send}"), 3, true),
            (api, format!("openid email {all} {send} profile"), 3, true),
            (smtp, String::new(), 0, false),
        ] {
            let expected = Some(Boxes { ticked, asked: 3, has_address });
            assert_eq!(Boxes::of(Provider::Google, by, &granted), expected, "{granted}");
        }
        assert_eq!(Boxes::of(Provider::Microsoft, smtp, "openid email"), None, "it shows none");
    }
}

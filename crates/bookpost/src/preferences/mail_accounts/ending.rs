//! When a sign-in ends by itself, as far as that is known beforehand: a provider may say so when it gives a token for later (Google does for
//! a client that stands at "Testing", 7 days), and all of them end one that was not used for long. That one is used once a day while the
//! provider answers ([`super::IDLE`]), so it comes near its end only where something has been wrong for weeks.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::MailAccount;

use super::tokens::Tokens;
use crate::{config::Provider, secrets::KeySource};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// People are told so long before.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// And so long before where it lasts for no more than twice the time above.
const SOON_OF_SHORT: SignedDuration = SignedDuration::from_hours(2 * 24);

/// When it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    pub ends_at: Timestamp,
    pub why: EndsWhy,
    /// People are told from here on.
    pub told_from: Timestamp,
}

/// Why it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndsWhy {
    /// The provider has said so.
    Said,
    /// It could not be used for so long.
    Unused,
}

impl Ending {
    /// Of an account whose tokens are sealed with this key. None: it is over already.
    pub fn of_account(account: &MailAccount, key: &KeySource) -> Option<Self> {
        let provider = Provider::named(&account.provider)?;
        if account.signed_out_at.is_some() {
            return None;
        }
        let said = Tokens::open(provider, &account.tokens, key).and_then(|tokens| tokens.ends_at());
        let used_at = account.refreshed_at.unwrap_or(account.connected_at);
        Some(Self::of(provider, account.connected_at, used_at, said))
    }

    fn of(provider: Provider, connected_at: Timestamp, used_at: Timestamp, said: Option<Timestamp>) -> Self {
        let unused = used_at.saturating_add(unused_for(provider)).unwrap_or(Timestamp::MAX);
        let (ends_at, why) = match said {
            Some(said) if said <= unused => (said, EndsWhy::Said),
            _ => (unused, EndsWhy::Unused),
        };
        let lasts = ends_at.duration_since(connected_at);
        let before = if why == EndsWhy::Said && lasts <= SOON * 2 { SOON_OF_SHORT } else { SOON };
        Self { ends_at, why, told_from: ends_at.saturating_sub(before).unwrap_or(ends_at) }
    }

    /// It is time to say so.
    pub fn is_near(&self, now: Timestamp) -> bool {
        self.told_from <= now
    }
}

/// After that it is ended: Google says six months, Microsoft 90 days.
fn unused_for(provider: Provider) -> SignedDuration {
    match provider {
        Provider::Google => DAY * 180,
        Provider::Microsoft => DAY * 90,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_in_good_time() {
        let day = |n: i32| Timestamp::UNIX_EPOCH + DAY * n;
        for (provider, used, said, ends, why, told) in [
            (Provider::Google, 0, Some(7), 7, EndsWhy::Said, 5),
            (Provider::Google, 6, Some(7), 7, EndsWhy::Said, 5),
            (Provider::Google, 0, None, 180, EndsWhy::Unused, 166),
            (Provider::Google, 30, None, 210, EndsWhy::Unused, 196),
            (Provider::Google, 0, Some(365), 180, EndsWhy::Unused, 166),
            (Provider::Microsoft, 10, None, 100, EndsWhy::Unused, 86),
            (Provider::Microsoft, 0, Some(60), 60, EndsWhy::Said, 46),
        ] {
            let ending = Ending::of(provider, day(0), day(used), said.map(day));
            let expected = Ending { ends_at: day(ends), why, told_from: day(told) };
            assert_eq!(ending, expected, "{provider:?} {used} {said:?}");
            assert!(!ending.is_near(day(told - 1)) && ending.is_near(day(told)));
        }
    }
}

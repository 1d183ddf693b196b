//! When a sign-in ends by itself, as far as that is known beforehand: a provider may say so when it gives a token for later (Google does for
//! a client that stands at "Testing", 7 days; where it does not, that it stands there may be set), and all of them end one that was not used for long. That one is used once a day while the
//! provider answers ([`super::IDLE`]), so it comes near its end only where something has been wrong for weeks.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::MailAccount;

use super::tokens::Tokens;
use crate::{
    config::{MailProvider, Provider},
    secrets::KeySource,
};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// So long lasts what Google gives for a client that stands at "Testing".
const TESTING: SignedDuration = SignedDuration::from_hours(7 * 24);
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
    /// The client is set to stand at "Testing" there.
    Testing,
    /// It could not be used for so long.
    Unused,
}

impl Ending {
    /// Of an account whose tokens are sealed with this key, as its provider is set now. None: it is over already.
    pub fn of_account(account: &MailAccount, set: Option<&MailProvider>, key: &KeySource) -> Option<Self> {
        let provider = Provider::named(&account.provider)?;
        if account.signed_out_at.is_some() {
            return None;
        }
        let said = Tokens::open(provider, &account.tokens, key).and_then(|tokens| tokens.ends_at());
        let used_at = account.refreshed_at.unwrap_or(account.connected_at);
        let in_testing = set.is_some_and(MailProvider::is_in_testing);
        Some(Self::of(provider, (account.connected_at, used_at), said, in_testing))
    }

    fn of(
        provider: Provider,
        (connected_at, used_at): (Timestamp, Timestamp),
        said: Option<Timestamp>,
        in_testing: bool,
    ) -> Self {
        // What was renewed after that does not stand there.
        let testing = Some(Self::in_testing(connected_at)).filter(|at| in_testing && used_at <= *at);
        let unused = used_at.saturating_add(unused_for(provider)).unwrap_or(Timestamp::MAX);
        let (ends_at, why) = match (said, testing) {
            (Some(said), _) if said <= unused => (said, EndsWhy::Said),
            (None, Some(testing)) => (testing, EndsWhy::Testing),
            _ => (unused, EndsWhy::Unused),
        };
        let lasts = ends_at.duration_since(connected_at);
        let before = if why != EndsWhy::Unused && lasts <= SOON * 2 { SOON_OF_SHORT } else { SOON };
        Self { ends_at, why, told_from: ends_at.saturating_sub(before).unwrap_or(ends_at) }
    }

    /// When a sign-in ends that begins now, by a client that stands at "Testing".
    pub fn in_testing(now: Timestamp) -> Timestamp {
        now.saturating_add(TESTING).unwrap_or(Timestamp::MAX)
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
        for (provider, used, said, testing, ends, why, told) in [
            (Provider::Google, 0, Some(7), false, 7, EndsWhy::Said, 5),
            (Provider::Google, 6, Some(7), false, 7, EndsWhy::Said, 5),
            (Provider::Google, 0, None, false, 180, EndsWhy::Unused, 166),
            (Provider::Google, 30, None, false, 210, EndsWhy::Unused, 196),
            (Provider::Google, 0, Some(365), false, 180, EndsWhy::Unused, 166),
            (Provider::Google, 0, None, true, 7, EndsWhy::Testing, 5),
            (Provider::Google, 6, None, true, 7, EndsWhy::Testing, 5),
            (Provider::Google, 8, None, true, 188, EndsWhy::Unused, 174),
            (Provider::Google, 1, Some(6), true, 6, EndsWhy::Said, 4),
            (Provider::Microsoft, 10, None, false, 100, EndsWhy::Unused, 86),
            (Provider::Microsoft, 0, Some(60), false, 60, EndsWhy::Said, 46),
        ] {
            let ending = Ending::of(provider, (day(0), day(used)), said.map(day), testing);
            let expected = Ending { ends_at: day(ends), why, told_from: day(told) };
            assert_eq!(ending, expected, "{provider:?} {used} {said:?} {testing}");
            assert!(!ending.is_near(day(told - 1)) && ending.is_near(day(told)));
        }
    }
}

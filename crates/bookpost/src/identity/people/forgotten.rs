//! Whoever has forgotten their password asks for a link by their address, before anybody knows who asks.
//!
//! The answer never tells whether there is such a person: [`Forgotten::ask`] counts every address alike and looks nothing up. What follows
//! is done afterwards, and bounded for each person: a stranger who asks again and again must not fill a mailbox. Such a link ends no other,
//! so that nobody is kept from using theirs.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use store::{Actor, Audit, KeyHash};

use crate::identity::guessing::Guessing;

/// Links for one person in the time that one of them opens something.
const MOST: usize = 3;
const WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// The newest lines of the log, among which those are: an administrator makes no more for one person within the hour.
pub(super) const LOOKED_AT: usize = 100;

/// Who has asked lately. Of bounded size.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    asked: Mutex<Guessing<String>>,
    /// Held from the look at the log until the link is in it.
    pub(super) making: tokio::sync::Mutex<()>,
}

impl Forgotten {
    /// Counts it; else until when nobody from there, and nobody for this address, is heard. `once` is drawn: no two are the same.
    pub(super) fn ask(
        &self,
        peer: IpAddr,
        account: &String,
        once: KeyHash,
        now: Timestamp,
    ) -> Result<(), Timestamp> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(retry_at) = asked.held_up(peer, Some(account), now) {
            return Err(retry_at);
        }
        asked.failed(peer, Some(account), once, now);
        Ok(())
    }
}

/// Whether somebody may have one more link, of whom these are the newest lines about links in the log. What was made before a start of the
/// program, or by another machine, counts as well.
pub(super) fn may_have_one_more(lines: &[Audit], now: Timestamp) -> bool {
    let counts =
        |line: &&Audit| line.who == Actor::NotSignedIn && now.duration_since(line.happened_at) < WITHIN;
    lines.iter().filter(counts).count() < MOST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::constant(1_800_000_000, 0) + SignedDuration::from_mins(minute)
    }

    #[test]
    fn whoever_asks_again_and_again_waits() {
        let (forgotten, account) = (Forgotten::default(), "ann@library.example".to_owned());
        let here = IpAddr::from([192, 0, 2, 1]);
        let asked = (0..20).map(|n| forgotten.ask(here, &account, KeyHash([n; 32]), at(0)));
        assert_eq!(asked.flatten().count(), 6);
        let elsewhere = IpAddr::from([192, 0, 2, 2]);
        let (once, other) = (KeyHash([99; 32]), "bob@library.example".to_owned());
        assert!(forgotten.ask(elsewhere, &account, once, at(0)).is_err(), "for this address");
        assert!(forgotten.ask(here, &other, once, at(0)).is_err(), "from there");
        assert!(forgotten.ask(elsewhere, &other, once, at(0)).is_ok());
        assert!(forgotten.ask(here, &account, once, at(1)).is_ok());
    }
}

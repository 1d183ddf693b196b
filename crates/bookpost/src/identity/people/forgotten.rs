//! Whoever has forgotten their password asks for a link by their address, before anybody knows who asks.
//!
//! The answer never tells whether there is such a person: [`Forgotten::ask`] counts every address alike and looks nothing up. What follows
//! is done afterwards, and bounded for each person: a stranger who asks again and again must not fill a mailbox. Such a link ends no other,
//! so that nobody is kept from using theirs.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use store::{KeyHash, PersonId};

use crate::identity::guessing::Guessing;

/// Links for one person in the time that one of them opens something.
const MOST: usize = 3;
const WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Who has asked lately. Of bounded size.
#[derive(Debug, Default)]
pub(super) struct Forgotten {
    asked: Mutex<Guessing<String>>,
    /// When links were made, for people there are.
    made: Mutex<HashMap<PersonId, Vec<Timestamp>>>,
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

    /// Whether this person may have one more link; then it is counted.
    pub(super) fn one_more(&self, person: PersonId, now: Timestamp) -> bool {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let of_person = made.entry(person).or_default();
        of_person.retain(|at| now.duration_since(*at) < WITHIN);
        let may = of_person.len() < MOST;
        if may {
            of_person.push(now);
        }
        may
    }
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

    #[test]
    fn nobody_has_more_than_a_few_links_an_hour() {
        let forgotten = Forgotten::default();
        let made: Vec<_> =
            [0, 1, 2, 3, 59, 60, 61].map(|minute| forgotten.one_more(PersonId(1), at(minute))).into();
        assert_eq!(made, [true, true, true, false, false, true, true]);
        assert!(forgotten.one_more(PersonId(2), at(3)));
    }
}

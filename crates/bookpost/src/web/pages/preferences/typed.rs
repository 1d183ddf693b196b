//! Passwords that somebody typed into a form which was not saved yet: they are kept here for a while, as the form that comes back does
//! not have them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use store::PersonId;

use super::sent::Passwords;
use crate::{app::secret_dice, identity::people::Token};

/// They are kept for so long.
const KEPT: SignedDuration = SignedDuration::from_hours(1);
/// Of so many forms; the oldest is forgotten for another.
const MOST: usize = 64;

/// All of them, in memory only. All clones are the same.
#[derive(Clone, Default)]
pub(in super::super) struct Typed(Arc<Mutex<VecDeque<Kept>>>);

struct Kept {
    token: String,
    person: PersonId,
    until: Timestamp,
    passwords: Passwords,
}

impl Typed {
    /// Keeps them; the answer finds them again. None: there was nothing to keep.
    pub(in super::super) fn keep(
        &self,
        person: PersonId,
        passwords: Passwords,
        now: Timestamp,
    ) -> Option<String> {
        if passwords.is_empty() {
            return None;
        }
        let token = Token::draw(&mut secret_dice()).text().to_owned();
        let until = now.saturating_add(KEPT).unwrap_or(Timestamp::MAX);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|kept| kept.until > now);
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back(Kept { token: token.clone(), person, until, passwords });
        Some(token)
    }

    /// What this person typed before; they are not forgotten by that. None: they were kept long enough.
    pub(in super::super) fn find(&self, person: PersonId, token: &str, now: Timestamp) -> Option<Passwords> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|kept| kept.token == token && kept.person == person && kept.until > now);
        found.map(|kept| kept.passwords.clone())
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn passwords(text: &str) -> Passwords {
        [("server1.password".to_owned(), Zeroizing::new(text.to_owned()))].into()
    }

    #[test]
    fn they_are_found_by_who_typed_them_for_a_while() {
        let (typed, now, ann) = (Typed::default(), Timestamp::UNIX_EPOCH, PersonId(1));
        let token = typed.keep(ann, passwords("elf"), now).unwrap();
        assert_eq!(typed.find(ann, &token, now), Some(passwords("elf")));
        assert_eq!(typed.find(PersonId(2), &token, now), None, "another person");
        assert_eq!(typed.find(ann, "x", now), None, "another form");
        assert_eq!(typed.find(ann, &token, now + KEPT), None, "later");
        assert_eq!(typed.keep(ann, Passwords::new(), now), None);
    }

    #[test]
    fn there_are_never_many() {
        let (typed, now, ann) = (Typed::default(), Timestamp::UNIX_EPOCH, PersonId(1));
        let tokens: Vec<_> = (0..=MOST).map(|_| typed.keep(ann, passwords("elf"), now).unwrap()).collect();
        let found = tokens.iter().filter(|token| typed.find(ann, token, now).is_some()).count();
        assert_eq!(found, MOST);
    }
}

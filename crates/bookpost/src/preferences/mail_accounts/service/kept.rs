//! Answers that may not have arrived. A provider may take a token for later once only: whoever asks again with the same question, because the
//! connection broke, is given the same answer, and the provider is not asked twice.
//!
//! They are sealed to the one who asked, and are in memory for some minutes. A service that is ended answers first whoever has asked; one
//! that is killed in between loses them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest;
use jiff::Timestamp;
use tokio::sync::watch;

use super::wire::{Renew, Sealed};

/// So long somebody may ask again: an installation does so four times by then.
const KEPT: Duration = Duration::from_mins(10);
/// Answers that are kept at most; each has some kilobytes.
const MOST: usize = 4_096;

/// Names a question, with who asks and all that is in it.
type Name = [u8; digest::SHA256_OUTPUT_LEN];
type Answer = Option<Sealed>;

/// What was answered lately, and what is being asked.
#[derive(Default)]
pub(in super::super) struct Kept(Mutex<HashMap<Name, (Timestamp, watch::Receiver<Answer>)>>);

/// Whether a question was asked before.
pub(super) enum Asked {
    /// It was not: the answer goes here, if there is one.
    First(watch::Sender<Answer>),
    /// It was: the answer comes here, or nothing does.
    Before(watch::Receiver<Answer>),
}

impl Kept {
    pub(super) fn ask(&self, name: Name, now: Timestamp) -> Asked {
        let mut all = self.all();
        all.retain(|_, (at, answer)| now.duration_since(*at).unsigned_abs() <= KEPT && is_of_use(answer));
        if let Some((_, answer)) = all.get(&name) {
            return Asked::Before(answer.clone());
        }
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, (at, _))| *at).map(|(name, _)| *name);
            oldest.map(|oldest| all.remove(&oldest));
        }
        let (sender, answer) = watch::channel(None);
        all.insert(name, (now, answer));
        Asked::First(sender)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Name, (Timestamp, watch::Receiver<Answer>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// It is there, or may come.
fn is_of_use(answer: &watch::Receiver<Answer>) -> bool {
    answer.borrow().is_some() || answer.has_changed().is_ok()
}

/// Names a question, so that another one, or another's, has another name. `of`: the installation's address, which stays where it is given
/// another key.
pub(super) fn name(of: &str, renew: &Renew) -> Name {
    let mut text = digest::Context::new(&digest::SHA256);
    for part in [of, &renew.question, renew.provider.name(), &renew.seal_to, &renew.token] {
        text.update(&part.len().to_be_bytes());
        text.update(part.as_bytes());
    }
    let mut name = [0; digest::SHA256_OUTPUT_LEN];
    name.copy_from_slice(text.finish().as_ref());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minutes).unwrap()
    }

    #[tokio::test]
    async fn whoever_asks_again_is_given_the_same_for_a_while() {
        let kept = Kept::default();
        let Asked::First(sender) = kept.ask([1; 32], at(0)) else { panic!("nobody has asked") };
        let Asked::Before(mut waiting) = kept.ask([1; 32], at(1)) else { panic!("it is being asked") };
        assert!(matches!(kept.ask([2; 32], at(1)), Asked::First(_)), "another question");
        sender.send_replace(Some(Sealed { sealed: "x".to_owned() }));
        drop(sender);
        assert!(waiting.wait_for(Option::is_some).await.is_ok());
        let Asked::Before(again) = kept.ask([1; 32], at(10)) else { panic!("it is kept") };
        assert_eq!(again.borrow().as_ref().map(|one| &*one.sealed), Some("x"));
        assert!(matches!(kept.ask([1; 32], at(11)), Asked::First(_)), "no longer");
    }

    #[test]
    fn what_came_to_nothing_is_asked_anew() {
        let kept = Kept::default();
        drop(kept.ask([1; 32], at(0)));
        assert!(matches!(kept.ask([1; 32], at(0)), Asked::First(_)));
        let all: Vec<_> = (0..=MOST)
            .map(|number| {
                let mut name = [0; 32];
                name[..8].copy_from_slice(&number.to_be_bytes());
                kept.ask(name, at(i64::from(number > 0)))
            })
            .collect();
        assert!(all.iter().all(|one| matches!(one, Asked::First(_))));
        assert_eq!(kept.all().len(), MOST, "the oldest gives way");
    }
}

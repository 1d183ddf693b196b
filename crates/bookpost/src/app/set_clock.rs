//! The machine's clock, which somebody may set: told to people and to the store.

use jiff::{SignedDuration, Timestamp};
use mail::{clock::Clock, counted};
use store::{AlarmKind, Settlement, Store, Verdict};

use crate::alarms::Alarms;

/// A wall clock this far from the time since start is worth an alarm.
const CLOCK_JUMP: SignedDuration = SignedDuration::from_mins(1);
/// A departure that grows by less than this is the same one.
const SAME: SignedDuration = SignedDuration::from_secs(1);
/// What a start found is told for so long.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What the alarms are about: the clock as it is, and as it was found at the start.
const NOW: &str = "clock";
const AT_START: &str = "clock at the start";

/// Looks at the wall clock by the minute.
pub(super) struct Watch {
    started_at: Timestamp,
    /// The departure that the store knows of.
    noted: SignedDuration,
}

impl Watch {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { started_at: now, noted: SignedDuration::ZERO }
    }

    /// Ages are counted from the start and are right; a person is told that the wall clock is not. The store is told as well: the
    /// next start reads the wall clock.
    pub(super) async fn look(&mut self, store: &Store, clock: &dyn Clock, alarms: &Alarms) {
        let (now, departure) = (clock.now(), clock.wall_departure());
        let is_set = departure.abs() > CLOCK_JUMP;
        if is_set {
            let text = format!(
                "The computer's clock was set {}. Waiting times are not changed by that. Check the clock, then start Bookpost again.",
                direction(departure)
            );
            alarms.raise(AlarmKind::ClockJump, NOW, text);
        } else {
            alarms.clear(AlarmKind::ClockJump, NOW);
        }
        if now.duration_since(self.started_at) > TOLD_FOR {
            alarms.clear(AlarmKind::ClockJump, AT_START);
        }
        let departure = if is_set { departure } else { SignedDuration::ZERO };
        if (departure - self.noted).abs() >= SAME {
            match store.note_clock(departure, now).await {
                Ok(()) => self.noted = departure,
                Err(error) => tracing::error!(%error, "that the clock was set could not be stored"),
            }
        }
    }
}

/// At a clean end: so that the next start sees whether the clock was set meanwhile.
pub(super) async fn note(store: &Store, clock: &dyn Clock) {
    if let Err(error) = store.note_clock(clock.wall_departure(), clock.now()).await {
        tracing::error!(%error, "the time could not be stored");
    }
}

/// What the openings since the last start of a service made of a clock that had been set; what the journal knew was moved before.
/// The alarm is on record before the store forgets: who ends the program in between has people told twice, rather than never.
pub(super) async fn tell(store: &Store, alarms: &Alarms, now: Timestamp) -> Result<(), store::Error> {
    // What an earlier start found is over; what this one found is news.
    store.clear(AlarmKind::ClockJump, AT_START, now).await?;
    if let Some(by) = store.clock_set() {
        store.raise(AlarmKind::ClockJump, AT_START, words_at_start(by), now).await?;
        store.clock_set_heard().await?;
    }
    alarms.look();
    Ok(())
}

fn words_at_start(by: SignedDuration) -> String {
    format!(
        "The computer's clock had been set {} since the last start. All times in the queue were moved by as much: nothing is sent back too early, and nothing waits longer than before. Check that the clock is right now.",
        direction(by)
    )
}

/// Moves the instants of outcomes that the journal knew, as the store has moved those of the queue.
pub(super) fn move_outcomes(outcomes: &mut [Settlement], by: SignedDuration) {
    for outcome in outcomes {
        let Settlement { attempt, verdict, .. } = outcome;
        let due_at = match verdict {
            Verdict::Deferred { due_at, .. } | Verdict::Struck { due_at } => Some(due_at),
            _ => None,
        };
        let since = attempt.instead_of.as_mut().map(|instead| &mut instead.since);
        for at in [&mut attempt.started_at, &mut attempt.ended_at].into_iter().chain(due_at).chain(since) {
            *at = at.saturating_add(by).unwrap_or(*at);
        }
    }
}

/// In which direction it was set, and by about how much.
fn direction(departure: SignedDuration) -> String {
    let minutes = departure.abs().as_mins();
    let much = match minutes {
        0..120 => counted(minutes.unsigned_abs(), "minute", "minutes"),
        120..2_880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    };
    format!("{} by about {much}", if departure.is_negative() { "back" } else { "forward" })
}

#[cfg(test)]
mod tests {
    use mail::Phase;
    use store::{Attempt, Lease, RecipientId};

    use super::*;

    #[test]
    fn how_far_it_was_set_is_told_in_words() {
        for (minutes, words) in [
            (-2, "back by about 2 minutes"),
            (119, "forward by about 119 minutes"),
            (-24 * 60, "back by about 24 hours"),
            (7 * 24 * 60, "forward by about 7 days"),
        ] {
            assert_eq!(direction(SignedDuration::from_mins(minutes)), words);
        }
    }

    #[test]
    fn outcomes_of_the_journal_are_moved_too() {
        let at = |seconds| Timestamp::constant(seconds, 0);
        for (verdict, moved) in [
            (
                Verdict::Deferred { due_at: at(300), in_doubt: true },
                Verdict::Deferred { due_at: at(240), in_doubt: true },
            ),
            (Verdict::Struck { due_at: at(300) }, Verdict::Struck { due_at: at(240) }),
            (Verdict::Delivered, Verdict::Delivered),
        ] {
            let attempt = Attempt {
                instead_of: Some(store::InsteadOf { since: at(90), reason: mail::Reason::Unreachable }),
                started_at: at(100),
                ended_at: at(110),
                server: String::new(),
                phase: Phase::Dot,
                reason: None,
                answer: String::new(),
            };
            let mut outcomes = [Settlement { recipient: RecipientId(1), lease: Lease(1), attempt, verdict }];
            move_outcomes(&mut outcomes, SignedDuration::from_mins(-1));
            let [Settlement { attempt, verdict, .. }] = &outcomes;
            assert_eq!((attempt.started_at, attempt.ended_at, verdict), (at(40), at(50), &moved));
            assert_eq!(attempt.instead_of.map(|instead| instead.since), Some(at(30)));
        }
    }
}

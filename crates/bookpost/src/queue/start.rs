//! From the last end to this start: the journal is replayed, then what was in flight is sorted out.

use jiff::Timestamp;
use mail::retry::{Next, RetrySchedule};
use rand::Rng;
use store::{Restarted, Settled, Store};

use super::journal::{Journal, Replay};
use crate::config::InDoubtPolicy;

/// Outcomes per transaction.
const BATCH: usize = 500;

/// What the last end left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// Outcomes that the journal knew and the database did not.
    pub settled: usize,
    /// How the rest was sorted out.
    pub restarted: Restarted,
}

/// Settles what the journal knows, then sorts out what is still marked as sending: in doubt, or certainly not sent.
pub async fn recover(
    store: &Store,
    journal: &Journal,
    replay: Replay,
    policy: InDoubtPolicy,
    schedule: &RetrySchedule,
    now: Timestamp,
    dice: &mut impl Rng,
) -> anyhow::Result<Recovered> {
    let mut settled = 0;
    for batch in replay.outcomes.chunks(BATCH) {
        let results = store.settle(batch.to_vec(), now).await?;
        settled += results.iter().filter(|result| **result == Settled::Done).count();
    }
    let due_at = match schedule.next(now, now, schedule.expires_at(now), dice) {
        Next::At(at) => at,
        Next::GiveUp => now,
    };
    let restarted = store.restart(replay.in_doubt, policy == InDoubtPolicy::Hold, due_at, now).await?;
    // Only now: should the process die before this line, the next start must find all of it again.
    journal.replay_settled()?;
    if settled > 0 || restarted != Restarted::default() {
        tracing::warn!(
            settled,
            in_doubt = restarted.in_doubt,
            alone = restarted.alone,
            struck_out = restarted.struck_out,
            "the last end was not a clean one; nothing is lost"
        );
    }
    Ok(Recovered { settled, restarted })
}

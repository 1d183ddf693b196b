//! From the last end to this start: the journal is replayed, then what was in flight is sorted out.

use jiff::Timestamp;
use mail::retry::{Next, RetrySchedule};
use rand::Rng;
use store::{Doubt, Restart, Restarted, Settled, Store, Verdict};

use super::{
    journal::{Journal, Replay},
    settler::settle_each,
};
use crate::config::InDoubtPolicy;

/// Outcomes per transaction.
const BATCH: usize = 500;

/// What the last end left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    /// Outcomes that the journal knew and the database did not.
    pub settled: usize,
    /// Outcomes that the database refuses.
    pub refused: usize,
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
    let (mut settled, mut refused) = (0, Vec::new());
    for batch in replay.outcomes.chunks(BATCH) {
        for (outcome, result) in batch.iter().zip(settle_each(store, batch, now).await?) {
            settled += usize::from(result == Settled::Done);
            refused.extend((result == Settled::Refused).then_some(outcome));
        }
    }
    // Each draws its own time, so that they do not all come at once.
    let mut next = || match schedule.next(now, now, schedule.expires_at(now), dice) {
        Next::At(at) => at,
        Next::GiveUp => now,
    };
    let mut in_doubt = Vec::new();
    for (recipient, lease) in replay.in_doubt {
        let due_at = (policy == InDoubtPolicy::Retry).then(&mut next);
        in_doubt.push(Doubt { recipient, lease, due_at });
    }
    in_doubt.extend(
        refused.iter().filter(|outcome| may_have_arrived(&outcome.verdict)).map(|outcome| Doubt {
            recipient: outcome.recipient,
            lease: outcome.lease,
            due_at: None,
        }),
    );
    let restarted = store.restart(Restart { begun: replay.begun, in_doubt }, now).await?;
    // Only now: should the process die before this line, the next start must find all of it again.
    journal.replay_settled()?;
    if settled > 0 || !refused.is_empty() || restarted != Restarted::default() {
        tracing::warn!(
            settled,
            refused = refused.len(),
            in_doubt = restarted.in_doubt,
            waiting = restarted.waiting,
            alone = restarted.alone,
            struck_out = restarted.struck_out,
            "the last end was not a clean one; nothing is lost"
        );
    }
    Ok(Recovered { settled, refused: refused.len(), restarted })
}

/// What becomes of a recipient whose outcome cannot be stored: one that has the message, or may have it, waits for a person.
fn may_have_arrived(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Delivered
            | Verdict::Relayed
            | Verdict::Practiced
            | Verdict::InDoubt
            | Verdict::Deferred { in_doubt: true, .. }
    )
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use rand::{SeedableRng, rngs::StdRng};
    use store::{RecipientId, State};

    use super::{
        super::settler::tests::{LEASE, START, delivered, fresh, opened, refuse},
        *,
    };

    /// What an abnormal end leaves of eight messages: the first was delivered, the answers to the others but the last were never
    /// read, and the last stood in line.
    async fn recovered(
        folder: &Path,
        policy: InDoubtPolicy,
        refused: Option<&str>,
    ) -> (Recovered, Store, Vec<RecipientId>) {
        let store = Store::open(folder, START).unwrap();
        let accepted = store.accept(vec![fresh(); 8], START).await.unwrap();
        let ids: Vec<_> = accepted.iter().map(|one| RecipientId::of(one.id, 0)).collect();
        let (journal, _) = opened(folder, &store);
        let keys = ids[..7].iter().map(|id| (*id, LEASE)).collect();
        journal.mark(keys).await.unwrap().release().unwrap();
        journal.outcome(&[delivered(ids[0])]).unwrap();
        drop(journal);
        store.close().await.unwrap();
        let store = Store::open(folder, START).unwrap();
        if let Some(how) = refused {
            refuse(folder, ids[0], how);
        }
        let (journal, replay) = opened(folder, &store);
        let (schedule, mut dice) = (RetrySchedule::default(), StdRng::seed_from_u64(7));
        let recovered = recover(&store, &journal, replay, policy, &schedule, START, &mut dice).await.unwrap();
        (recovered, store, ids)
    }

    async fn states(store: &Store, ids: &[RecipientId]) -> Vec<State> {
        let mut states = Vec::new();
        for id in ids {
            states.push(store.show(id.message()).await.unwrap()[0].0.state);
        }
        states
    }

    #[tokio::test]
    async fn those_in_doubt_each_draw_their_own_time() {
        let folder = tempfile::tempdir().unwrap();
        let (recovered, store, ids) = recovered(folder.path(), InDoubtPolicy::Retry, None).await;
        let restarted = Restarted { in_doubt: 6, waiting: 1, ..Restarted::default() };
        assert_eq!(recovered, Recovered { settled: 1, refused: 0, restarted });
        let mut due = BTreeSet::new();
        for id in &ids[1..7] {
            due.insert(store.show(id.message()).await.unwrap()[0].0.due_at);
        }
        assert_eq!(due.len(), 6, "{due:?}");
    }

    /// It has the message: sending it again is for a person to decide, whatever the policy.
    #[tokio::test]
    async fn one_whose_delivery_cannot_be_stored_waits_for_a_person() {
        for how in ["ABORT", "ROLLBACK"] {
            for (policy, others) in
                [(InDoubtPolicy::Retry, State::Waiting), (InDoubtPolicy::Hold, State::InDoubt)]
            {
                let folder = tempfile::tempdir().unwrap();
                let (recovered, store, ids) = recovered(folder.path(), policy, Some(how)).await;
                assert_eq!((recovered.settled, recovered.refused), (0, 1));
                assert_eq!(states(&store, &ids[..2]).await, [State::InDoubt, others], "{how} {policy:?}");
                assert_eq!(states(&store, &ids[7..]).await, [State::Waiting]);
            }
        }
    }
}

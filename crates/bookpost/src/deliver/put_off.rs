//! Messages that are not attempted, and say why.

use jiff::Timestamp;
use mail::{Phase, Reason};
use store::{Attempt, Claimed, ClaimedRecipient, Settlement, Verdict};

/// What people read of it.
pub struct Why<'a> {
    pub server: &'a str,
    pub phase: Phase,
    pub reason: Reason,
    pub answer: String,
}

/// What becomes of each recipient, without an attempt.
pub fn put_off(
    job: &Claimed,
    now: Timestamp,
    why: &Why<'_>,
    verdict: impl Fn(&ClaimedRecipient) -> Verdict,
) -> Vec<Settlement> {
    let settle = |recipient: &ClaimedRecipient| Settlement {
        recipient: recipient.id,
        lease: recipient.lease,
        attempt: Attempt {
            started_at: now,
            ended_at: now,
            server: why.server.to_owned(),
            phase: why.phase,
            reason: Some(why.reason),
            answer: why.answer.clone(),
            instead_of: None,
        },
        verdict: verdict(recipient),
    };
    job.recipients.iter().map(settle).collect()
}

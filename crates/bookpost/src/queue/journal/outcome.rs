//! A [`Settlement`] as bytes: everything the database needs to settle the recipient after a restart.

use jiff::Timestamp;
use store::{Attempt, Lease, RecipientId, Settlement, Verdict};

/// Bytes of a server's answer that are kept; a longer one is cut between characters.
const LONGEST_ANSWER: usize = 512;

/// Appends `settlement` to `out`: recipient, lease, verdict, its instant (zero if it has none), then the attempt as JSON.
pub(super) fn write(settlement: &Settlement, out: &mut Vec<u8>) {
    let (tag, due_at) = tagged(&settlement.verdict);
    out.extend_from_slice(&settlement.recipient.0.to_le_bytes());
    out.extend_from_slice(&settlement.lease.0.to_le_bytes());
    out.push(tag);
    out.extend_from_slice(&due_at.as_nanosecond().to_le_bytes());
    let mut attempt = settlement.attempt.clone();
    attempt.answer.truncate(attempt.answer.floor_char_boundary(LONGEST_ANSWER));
    attempt.server.truncate(attempt.server.floor_char_boundary(LONGEST_ANSWER));
    if let Ok(json) = serde_json::to_vec(&attempt) {
        out.extend_from_slice(&json);
    }
}

/// Reads what [`write()`] wrote; `None` if it is something else.
pub(super) fn read(bytes: &[u8]) -> Option<Settlement> {
    let (recipient, rest) = bytes.split_first_chunk::<8>()?;
    let (lease, rest) = rest.split_first_chunk::<8>()?;
    let (tag, rest) = rest.split_first()?;
    let (due_at, json) = rest.split_first_chunk::<16>()?;
    let due_at = Timestamp::from_nanosecond(i128::from_le_bytes(*due_at)).ok()?;
    let attempt: Attempt = serde_json::from_slice(json).ok()?;
    Some(Settlement {
        recipient: RecipientId(i64::from_le_bytes(*recipient)),
        lease: Lease(i64::from_le_bytes(*lease)),
        attempt,
        verdict: untagged(*tag, due_at)?,
    })
}

fn tagged(verdict: &Verdict) -> (u8, Timestamp) {
    match *verdict {
        Verdict::Delivered => (1, Timestamp::UNIX_EPOCH),
        Verdict::Practiced => (2, Timestamp::UNIX_EPOCH),
        Verdict::Deferred { due_at, in_doubt: false } => (3, due_at),
        Verdict::Deferred { due_at, in_doubt: true } => (4, due_at),
        Verdict::InDoubt => (5, Timestamp::UNIX_EPOCH),
        Verdict::Returned => (6, Timestamp::UNIX_EPOCH),
        Verdict::Held => (7, Timestamp::UNIX_EPOCH),
        Verdict::GivenBack => (8, Timestamp::UNIX_EPOCH),
        Verdict::Struck { due_at } => (9, due_at),
        Verdict::Relayed => (10, Timestamp::UNIX_EPOCH),
    }
}

fn untagged(tag: u8, due_at: Timestamp) -> Option<Verdict> {
    Some(match tag {
        1 => Verdict::Delivered,
        2 => Verdict::Practiced,
        3 => Verdict::Deferred { due_at, in_doubt: false },
        4 => Verdict::Deferred { due_at, in_doubt: true },
        5 => Verdict::InDoubt,
        6 => Verdict::Returned,
        7 => Verdict::Held,
        8 => Verdict::GivenBack,
        9 => Verdict::Struck { due_at },
        10 => Verdict::Relayed,
        _ => return None,
    })
}

/// A settlement for tests.
#[cfg(test)]
pub(super) fn sample() -> Settlement {
    Settlement {
        recipient: RecipientId(65_536 * 9 + 2),
        lease: Lease(-5),
        attempt: Attempt {
            instead_of: None,
            started_at: Timestamp::from_nanosecond(1_764_000_000_123_456_789).unwrap(),
            ended_at: Timestamp::from_nanosecond(1_764_000_001_000_000_001).unwrap(),
            server: "mail.school.example:587".into(),
            phase: mail::Phase::Dot,
            reason: None,
            answer: "250 2.0.0 Ok: queued as 4cKx".into(),
        },
        verdict: Verdict::Delivered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(settlement: &Settlement) -> Option<Settlement> {
        let mut bytes = Vec::new();
        write(settlement, &mut bytes);
        read(&bytes)
    }

    #[test]
    fn every_verdict_comes_back() {
        let due_at = Timestamp::from_nanosecond(1_764_003_600_000_000_007).unwrap();
        for verdict in [
            Verdict::Delivered,
            Verdict::Relayed,
            Verdict::Practiced,
            Verdict::Deferred { due_at, in_doubt: false },
            Verdict::Deferred { due_at, in_doubt: true },
            Verdict::InDoubt,
            Verdict::Returned,
            Verdict::Held,
            Verdict::GivenBack,
            Verdict::Struck { due_at },
        ] {
            let mut settlement = Settlement { verdict, ..sample() };
            settlement.attempt.reason = Some(mail::Reason::TryLater);
            assert_eq!(through(&settlement), Some(settlement));
        }
    }

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        let mut settlement = sample();
        settlement.attempt.answer = "\u{e9}".repeat(3_000) + "x";
        let cut = through(&settlement).unwrap().attempt.answer;
        assert_eq!(cut, "\u{e9}".repeat(256));
    }

    #[test]
    fn other_bytes_are_not_a_settlement() {
        let mut bytes = Vec::new();
        write(&sample(), &mut bytes);
        bytes[16] = 200;
        assert_eq!(read(&bytes), None);
        assert_eq!(read(&bytes[..30]), None);
        assert_eq!(read(&[]), None);
    }
}

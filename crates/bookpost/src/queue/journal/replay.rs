//! What the journal of an earlier start means, as a pure function of its records.

use std::collections::BTreeMap;

use store::{Lease, RecipientId, Settlement};

use super::record::{Key, Record};

/// What was found at start. Settle `outcomes` first, then tell the store of `in_doubt`, then call
/// [`Journal::replay_settled`](super::Journal::replay_settled); if the program dies in between, all of it is found again.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Answers that were read, in the order in which they were. The database may have some of them already.
    pub outcomes: Vec<Settlement>,
    /// Begun, and what came of it is not known, in the order of their ids: what was on a connection at the end.
    pub begun: Vec<(RecipientId, Lease)>,
    /// Those of them that, as far as anyone can know, have perhaps arrived.
    pub in_doubt: Vec<(RecipientId, Lease)>,
}

/// One segment's records, in the order in which they were written.
#[derive(Debug)]
pub(super) struct Chapter {
    /// Written since the machine was last started: then what was handed to the system is there, synced or not.
    pub(super) same_boot: bool,
    pub(super) records: Vec<Record>,
}

/// Judges the chapters, oldest first.
///
/// A mark whose outcome is known is settled by it. Without one it is in doubt if it was released; and after a restart of the
/// machine also if it was not, as the unsynced "released" may have been lost with the machine's memory.
pub(super) fn replay(chapters: Vec<Chapter>) -> Replay {
    let mut outcomes = Vec::new();
    let mut perhaps_sent: BTreeMap<Key, bool> = BTreeMap::new();
    for Chapter { same_boot, records } in chapters {
        for record in records {
            match record {
                Record::Mark(keys) => {
                    for key in keys {
                        *perhaps_sent.entry(key).or_default() |= !same_boot;
                    }
                }
                Record::Released(keys) => perhaps_sent.extend(keys.into_iter().map(|key| (key, true))),
                Record::Withdrawn(keys) => {
                    for key in keys {
                        perhaps_sent.remove(&key);
                    }
                }
                Record::Outcome(settlement) => {
                    perhaps_sent.remove(&(settlement.recipient, settlement.lease));
                    outcomes.push(*settlement);
                }
            }
        }
    }
    let begun = perhaps_sent.keys().copied().collect();
    let in_doubt = perhaps_sent.into_iter().filter_map(|(key, perhaps)| perhaps.then_some(key)).collect();
    Replay { outcomes, begun, in_doubt }
}

#[cfg(test)]
mod tests {
    use super::{super::outcome::sample, *};

    const KEY: Key = (RecipientId(1), Lease(10));
    const OTHER: Key = (RecipientId(2), Lease(20));

    fn known() -> Settlement {
        Settlement { recipient: KEY.0, lease: KEY.1, ..sample() }
    }

    #[test]
    fn a_mark_means_what_is_known_after_it() {
        let mark = || Record::Mark(vec![KEY]);
        let released = || Record::Released(vec![KEY]);
        let withdrawn = || Record::Withdrawn(vec![KEY]);
        let outcome = || Record::Outcome(Box::new(known()));
        // records; begun; in doubt in the same boot; in doubt after a reboot; outcomes
        let cases = [
            (vec![], false, false, false, 0),
            (vec![mark()], true, false, true, 0),
            (vec![mark(), released()], true, true, true, 0),
            (vec![mark(), withdrawn()], false, false, false, 0),
            (vec![mark(), released(), withdrawn()], false, false, false, 0),
            (vec![mark(), withdrawn(), mark()], true, false, true, 0),
            (vec![mark(), withdrawn(), mark(), released()], true, true, true, 0),
            (vec![mark(), released(), withdrawn(), mark()], true, false, true, 0),
            (vec![mark(), released(), outcome()], false, false, false, 1),
            (vec![mark(), outcome()], false, false, false, 1),
            (vec![outcome()], false, false, false, 1),
        ];
        for (records, begun, in_same_boot, after_reboot, outcomes) in cases {
            for (same_boot, in_doubt) in [(true, in_same_boot), (false, after_reboot)] {
                let told = format!("{records:?}, same boot: {same_boot}");
                // In one segment, and with a new segment after every record.
                let apart = records.iter().map(|r| Chapter { same_boot, records: vec![r.clone()] }).collect();
                for chapters in [vec![Chapter { same_boot, records: records.clone() }], apart] {
                    let replay = replay(chapters);
                    assert_eq!(replay.begun, if begun { vec![KEY] } else { vec![] }, "{told}");
                    assert_eq!(replay.in_doubt, if in_doubt { vec![KEY] } else { vec![] }, "{told}");
                    assert_eq!(replay.outcomes, vec![known(); outcomes], "{told}");
                }
            }
        }
    }

    #[test]
    fn recipients_of_one_mark_are_judged_one_by_one() {
        let records = vec![
            Record::Mark(vec![KEY, OTHER]),
            Record::Released(vec![KEY, OTHER]),
            Record::Outcome(Box::new(known())),
        ];
        let replay = replay(vec![Chapter { same_boot: true, records }]);
        assert_eq!((replay.outcomes, replay.in_doubt), (vec![known()], vec![OTHER]));
    }

    #[test]
    fn another_claim_of_the_same_recipient_is_another_matter() {
        let records = vec![
            Record::Mark(vec![KEY]),
            Record::Released(vec![KEY]),
            Record::Outcome(Box::new(known())),
            Record::Mark(vec![(KEY.0, Lease(11))]),
            Record::Released(vec![(KEY.0, Lease(11))]),
        ];
        let replay = replay(vec![Chapter { same_boot: true, records }]);
        assert_eq!(replay.in_doubt, [(KEY.0, Lease(11))]);
    }
}

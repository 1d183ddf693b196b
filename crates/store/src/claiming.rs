//! What a claim takes, of whatever database: shares of the classes, turns of the sources, and the walk after a recovery.

use crate::{Claim, MessageId, RecipientId, Recovery, codes};

/// The walk through what waited for a route, in the order of ids, class by class. What lies behind it is never looked at twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk {
    pub(crate) recovered_at: i64,
    /// Of normal mail, of bulk mail; urgent mail does not walk.
    pub(crate) classes: [Stretch; 2],
}

/// What one class has of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stretch {
    /// How many waited when the route came back, and how many of them the walk has passed.
    all: i64,
    passed: i64,
    /// The walk stands behind this id, has been as far as that one, and ends at the last.
    pub(crate) stopped_at: i64,
    farthest: i64,
    pub(crate) highest: i64,
}

impl Stretch {
    /// So many, between these ids.
    pub(crate) fn new(all: i64, lowest: Option<i64>, highest: i64) -> Self {
        let before = lowest.unwrap_or(0) - 1;
        Self { all, passed: 0, stopped_at: before, farthest: before, highest }
    }

    /// How many more may be claimed so long after the recovery: rises evenly over the window.
    pub(crate) fn allowed(&self, since: i64, window: i64) -> i64 {
        let risen = i128::from(self.all) * i128::from(since.max(0)) / i128::from(window.max(1));
        i64::try_from(risen).unwrap_or(i64::MAX).saturating_sub(self.passed).max(0)
    }
}

impl Walk {
    /// The walk has come past a message of a class, counted from urgent, with so many recipients.
    pub(crate) fn passed(&mut self, class: usize, message: MessageId, recipients: usize) {
        if let Some(stretch) = class.checked_sub(1).and_then(|at| self.classes.get_mut(at)) {
            stretch.stopped_at = stretch.stopped_at.max(RecipientId::of(message, u16::MAX).0);
            stretch.farthest = stretch.farthest.max(stretch.stopped_at);
            stretch.passed += codes::whole(recipients);
        }
    }

    /// A row that the walk may have passed waits again: the walk goes back to it.
    pub(crate) fn given_back(&mut self, class: i64, id: i64, due_at: i64) {
        let stretch = usize::try_from(class - 1).ok().and_then(|at| self.classes.get_mut(at));
        let passed = |stretch: &&mut Stretch| id <= stretch.farthest && due_at < self.recovered_at;
        if let Some(stretch) = stretch.filter(passed) {
            stretch.stopped_at = stretch.stopped_at.min(id - 1);
            stretch.passed -= 1;
        }
    }
}

/// The recovery, while its window lasts.
pub(crate) fn running(claim: &Claim) -> Option<Recovery> {
    let recovery = claim.recovery?;
    let ends_at = recovery.recovered_at.checked_add(recovery.window).ok()?;
    (claim.now < ends_at).then_some(recovery)
}

/// How many recipients of each class a claim takes: urgent before normal before bulk, but a quarter is kept for those below
/// as long as they have mail that is due. With less than four places, each fourth claim (`turn`) is theirs.
pub(crate) fn places(limit: usize, found: [usize; 3], turn: u64) -> [usize; 3] {
    let turn = usize::try_from(turn % 4).unwrap_or(0);
    let [urgent, normal, bulk] = found;
    let below = normal.saturating_add(bulk).min((limit + turn) / 4);
    let for_urgent = urgent.min(limit - below);
    let left = limit - for_urgent;
    let below = bulk.min((left + turn) / 4);
    let for_normal = normal.min(left - below);
    [for_urgent, for_normal, bulk.min(left - for_normal)]
}

/// Up to how many bytes the claim may have grown after each class: as its places, so that large urgent mail leaves room too.
pub(crate) fn shares(bytes: usize, places: [usize; 3]) -> [usize; 3] {
    let all = places.iter().sum::<usize>().max(1);
    let mut so_far = 0;
    places.map(|places| {
        so_far += places;
        usize::try_from(bytes as u128 * so_far as u128 / all as u128).unwrap_or(bytes)
    })
}

/// One of each in turn, then the second of each, and so on, `limit` at most.
pub(crate) fn by_turns(of_each: Vec<Vec<i64>>, limit: usize) -> Vec<i64> {
    let mut queues: Vec<_> = of_each.into_iter().map(Vec::into_iter).collect();
    let mut taken = Vec::new();
    while !queues.is_empty() && taken.len() < limit {
        queues.retain_mut(|queue| {
            let next = queue.next().filter(|_| taken.len() < limit);
            taken.extend(next);
            next.is_some()
        });
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_classes_keep_a_quarter() {
        for (limit, found, turn, expected) in [
            (100, [100, 100, 100], 0, [75, 19, 6]),
            (100, [100, 0, 0], 0, [100, 0, 0]),
            (100, [0, 100, 3], 0, [0, 97, 3]),
            (100, [10, 10, 100], 0, [10, 10, 80]),
            (1, [1, 1, 1], 0, [1, 0, 0]),
            (1, [1, 1, 0], 3, [0, 1, 0]),
            (0, [9, 9, 9], 3, [0, 0, 0]),
        ] {
            assert_eq!(places(limit, found, turn), expected, "{limit} {found:?} {turn}");
        }
    }

    #[test]
    fn the_bytes_are_shared_as_the_places_are() {
        for (bytes, places, expected) in [
            (1_000, [75, 19, 6], [750, 940, 1_000]),
            (1_000, [0, 97, 3], [0, 970, 1_000]),
            (1_000, [0, 0, 0], [0, 0, 0]),
            (usize::MAX, [0, 1, 0], [0, usize::MAX, usize::MAX]),
        ] {
            assert_eq!(shares(bytes, places), expected, "{bytes} {places:?}");
        }
    }

    #[test]
    fn what_may_be_claimed_rises_evenly_over_the_window() {
        let stretch = Stretch { all: 1_000, passed: 200, ..Stretch::default() };
        for (since, expected) in [(-5, 0), (0, 0), (20, 0), (50, 300), (100, 800), (500, 4_800)] {
            assert_eq!(stretch.allowed(since, 100), expected);
        }
    }
    #[test]
    fn each_has_a_turn_until_it_has_no_more() {
        for (of_each, limit, expected) in [
            (vec![vec![1, 2, 3, 4], vec![10], vec![20, 21]], 9, vec![1, 10, 20, 2, 21, 3, 4]),
            (vec![vec![1, 2, 3, 4], vec![10], vec![20, 21]], 4, vec![1, 10, 20, 2]),
            (vec![vec![], vec![1]], 9, vec![1]),
            (vec![], 9, vec![]),
            (vec![vec![1]], 0, vec![]),
        ] {
            assert_eq!(by_turns(of_each, limit), expected);
        }
    }
}

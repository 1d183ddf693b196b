//! Accounts, how much each has, and on which cluster it stands.
//!
//! An account is whatever has limits of its own at a provider, and all of whose mail is in one database. So a cluster's load is
//! the sum of its accounts, and how even that is depends on how they are placed.

use rand::{RngExt as _, rngs::StdRng};

use super::draws;

/// Accounts by their share of all mail.
#[derive(Debug, Clone)]
pub(super) struct Accounts {
    /// Each with all before it; the last is 1.
    reaches: Vec<f64>,
    shares: Vec<f64>,
}

impl Accounts {
    /// So many that differ by this spread.
    pub(super) fn new(dice: &mut StdRng, count: u32, spread: f64) -> Self {
        let weights: Vec<f64> = (0..count.max(1)).map(|_| draws::lognormal(dice, 1.0, spread)).collect();
        let all: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.iter().map(|weight| weight / all).collect();
        let reach = |sum: &mut f64, share: &f64| {
            *sum += share;
            Some(*sum)
        };
        Self { reaches: shares.iter().scan(0.0, reach).collect(), shares }
    }

    pub(super) fn len(&self) -> usize {
        self.shares.len()
    }

    /// The account of one batch.
    pub(super) fn draw(&self, dice: &mut StdRng) -> usize {
        let at: f64 = dice.random();
        self.reaches.partition_point(|reach| *reach <= at).min(self.shares.len().saturating_sub(1))
    }

    /// By a list that is kept: the largest first, each to the cluster with least.
    pub(super) fn placed(&self, clusters: usize) -> Vec<usize> {
        let mut order: Vec<_> = self.shares.iter().enumerate().collect();
        order.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let (mut loads, mut places) = (vec![0.0_f64; clusters.max(1)], vec![0; self.shares.len()]);
        for (account, share) in order {
            let least = loads.iter_mut().enumerate().min_by(|(_, one), (_, other)| one.total_cmp(other));
            if let (Some((cluster, load)), Some(place)) = (least, places.get_mut(account)) {
                *load += share;
                *place = cluster;
            }
        }
        places
    }

    /// By a sum over its number, which is even only by chance.
    pub(super) fn hashed(&self, clusters: usize) -> Vec<usize> {
        let hash = |account: usize| account.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        (0..self.shares.len()).map(|account| hash(account) % clusters.max(1)).collect()
    }

    /// The load of the fullest cluster over the mean.
    pub(super) fn unevenness(&self, places: &[usize], clusters: usize) -> f64 {
        let mut loads = vec![0.0_f64; clusters.max(1)];
        for (cluster, share) in places.iter().zip(&self.shares) {
            if let Some(load) = loads.get_mut(*cluster) {
                *load += share;
            }
        }
        loads.iter().copied().fold(0.0, f64::max) * loads.iter().map(|_| 1.0).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_places_more_evenly_than_a_hash() {
        let accounts = Accounts::new(&mut testkit::dice::seeded(3), 500, 1.0);
        for clusters in [1, 2, 8] {
            let [listed, hashed] = [accounts.placed(clusters), accounts.hashed(clusters)]
                .map(|places| accounts.unevenness(&places, clusters));
            assert!(
                (1.0 - 1e-9..1.01).contains(&listed) && listed <= hashed,
                "{clusters}: {listed} {hashed}"
            );
        }
    }

    #[test]
    fn accounts_come_as_often_as_they_have_mail() {
        let mut dice = testkit::dice::seeded(4);
        let accounts = Accounts::new(&mut dice, 3, 1.0);
        let mut found = [0.0; 3];
        for _ in 0..100_000 {
            found[accounts.draw(&mut dice)] += 1e-5;
        }
        for (found, share) in found.iter().zip(&accounts.shares) {
            assert!((found - share).abs() < 0.01, "{found} {share}");
        }
    }
}

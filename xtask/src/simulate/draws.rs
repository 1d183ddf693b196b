//! What is drawn, from the dice that are passed in.

use rand::{RngExt as _, rngs::StdRng};

/// More than 0, at most 1.
pub(super) fn unit(dice: &mut StdRng) -> f64 {
    1.0 - dice.random::<f64>()
}

pub(super) fn exponential(dice: &mut StdRng, mean: f64) -> f64 {
    -unit(dice).ln() * mean
}

/// Half are below the median; `spread` is the deviation of the logarithm.
pub(super) fn lognormal(dice: &mut StdRng, median: f64, spread: f64) -> f64 {
    let radius = (-2.0 * unit(dice).ln()).sqrt();
    median * (spread * radius * (std::f64::consts::TAU * unit(dice)).cos()).exp()
}

/// At least 1, geometric with this mean.
pub(super) fn batch(dice: &mut StdRng, mean: f64) -> u32 {
    if mean <= 1.0 {
        return 1;
    }
    whole((unit(dice).ln() / (1.0 - 1.0 / mean).ln()).floor()).saturating_add(1)
}

/// Without its fraction; 0 below 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
pub(super) fn whole(value: f64) -> u32 {
    value as u32
}

/// Exact up to 2^52.
#[expect(clippy::cast_precision_loss, reason = "counts of a simulation are far below 2^52")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_as_asked() {
        let mut dice = testkit::dice::seeded(5);
        let mut mean = |draw: &mut dyn FnMut(&mut StdRng) -> f64| {
            (0..100_000).map(|_| draw(&mut dice)).sum::<f64>() / 100_000.0
        };
        for (found, expected) in [
            (mean(&mut |dice| exponential(dice, 3.0)), 3.0),
            (mean(&mut |dice| batch(dice, 40.0).into()), 40.0),
            (mean(&mut |dice| batch(dice, 1.0).into()), 1.0),
            // The mean of a lognormal distribution is exp(spread^2 / 2) medians.
            (mean(&mut |dice| lognormal(dice, 2.0, 0.5)), 2.0 * 0.125_f64.exp()),
        ] {
            assert!((found / expected - 1.0).abs() < 0.02, "{found} for {expected}");
        }
    }
}

//! Randomness that is the same in every run.

use rand::{SeedableRng, rngs::StdRng};

/// Dice that fall the same way for the same `seed`.
pub fn seeded(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

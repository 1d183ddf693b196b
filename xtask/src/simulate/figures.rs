//! What is counted while it runs: times by their logarithm, levels over time, and what was in use in each hour.

use super::{draws, stations::hour};

/// The shortest time that is told from 0, in seconds, and how many steps there are to its tenfold.
const SHORTEST: f64 = 1e-5;
const STEPS: f64 = 100.0;

/// Times in steps of about two hundredths of themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    counts: Vec<u64>,
    pub(super) count: u64,
    pub(super) sum: f64,
}

impl Times {
    pub(super) fn add(&mut self, seconds: f64, count: u32) {
        let at = draws::whole((seconds.max(SHORTEST) / SHORTEST).log10() * STEPS) as usize;
        if self.counts.len() <= at {
            self.counts.resize(at + 1, 0);
        }
        if let Some(found) = self.counts.get_mut(at) {
            *found += u64::from(count);
        }
        self.count += u64::from(count);
        self.sum += seconds * f64::from(count);
    }

    /// So large a part took no longer; 0 of none.
    pub(super) fn within(&self, part: f64) -> f64 {
        let wanted = part * draws::float(self.count);
        let mut seen = 0.0;
        for (at, count) in (0_u32..).zip(&self.counts) {
            seen += draws::float(*count);
            if *count > 0 && seen >= wanted {
                return SHORTEST * 10_f64.powf((f64::from(at) + 0.5) / STEPS);
            }
        }
        0.0
    }

    pub(super) fn mean(&self) -> f64 {
        self.sum / draws::float(self.count.max(1))
    }
}

/// How many there are at each moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Level {
    pub(super) now: u64,
    pub(super) peak: u64,
    since: f64,
    /// Sum over time, in seconds.
    pub(super) area: f64,
}

impl Level {
    pub(super) fn up(&mut self, at: f64, by: u32) {
        self.pass(at);
        self.now += u64::from(by);
        self.peak = self.peak.max(self.now);
    }

    pub(super) fn down(&mut self, at: f64, by: u32) {
        self.pass(at);
        self.now = self.now.saturating_sub(u64::from(by));
    }

    pub(super) fn pass(&mut self, at: f64) {
        self.area += (at - self.since) * draws::float(self.now);
        self.since = at;
    }
}

/// What was in use of something, by the hour in which that began.
#[derive(Debug, Clone, Default)]
pub(super) struct Use {
    hours: Vec<f64>,
}

impl Use {
    pub(super) fn add(&mut self, at: f64, amount: f64) {
        let hour = hour(at);
        if self.hours.len() <= hour {
            self.hours.resize(hour + 1, 0.0);
        }
        if let Some(found) = self.hours.get_mut(hour) {
            *found += amount;
        }
    }

    pub(super) fn in_hour(&self, hour: usize) -> f64 {
        self.hours.get(hour).copied().unwrap_or(0.0)
    }

    /// The hour with most.
    pub(super) fn busiest(&self) -> usize {
        let hours = self.hours.iter().enumerate();
        hours.max_by(|(_, one), (_, other)| one.total_cmp(other)).map_or(0, |(hour, _)| hour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_to_two_hundredths() {
        let mut times = Times::default();
        for millis in 1..=1_000_u32 {
            times.add(f64::from(millis) / 1_000.0, 3);
        }
        for part in [0.01, 0.5, 0.99] {
            let found = times.within(part);
            assert!((found / part - 1.0).abs() < 0.025, "{part}: {found}");
        }
        assert!((times.mean() - 0.5005).abs() < 1e-9);
        assert!(Times::default().within(0.5).abs() < 1e-9);
    }

    #[test]
    fn a_level_is_summed_over_time() {
        let mut level = Level::default();
        level.up(1.0, 2);
        level.up(3.0, 1);
        level.down(4.0, 3);
        level.pass(9.0);
        assert!((level.area - 7.0).abs() < 1e-9);
        assert_eq!((level.peak, level.now), (3, 0));
    }
}

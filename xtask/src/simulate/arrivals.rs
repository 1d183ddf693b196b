//! When mail is handed in: batches in a Poisson stream whose rate changes with the hour, each of one account.

use rand::rngs::StdRng;

use super::{costs::Day, draws};

pub(super) const HOUR: f64 = 3_600.0;
const FIRST_MINUTES: f64 = 300.0;

/// Stretches with one rate each, in batches a second, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Arrivals {
    stretches: Vec<(f64, f64)>,
    together: f64,
}

impl Arrivals {
    /// A day of so many messages.
    pub(super) fn day(day: &Day, messages: f64) -> Self {
        let together = day.together.value.max(1.0);
        let mut stretches = Vec::new();
        let mut ends_at = 0.0;
        for share in &day.hours {
            let (batches, first) = (messages * share / together, day.first_minutes.value);
            for (length, part) in [(FIRST_MINUTES, first), (HOUR - FIRST_MINUTES, 1.0 - first)] {
                ends_at += length;
                stretches.push((ends_at, batches * part / length));
            }
        }
        Self { stretches, together }
    }

    /// So many messages a second for so long.
    pub(super) fn steady(rate: f64, seconds: f64, together: f64) -> Self {
        let together = together.max(1.0);
        Self { stretches: vec![(seconds, rate / together)], together }
    }

    /// When the next batch comes after this moment, and how many messages it has; nothing comes after the last stretch.
    pub(super) fn next(&self, dice: &mut StdRng, after: f64) -> Option<(f64, u32)> {
        let mut from = after;
        for &(ends_at, rate) in self.stretches.iter().filter(|(ends_at, _)| *ends_at > after) {
            if rate > 0.0 {
                // What is drawn beyond the end is drawn anew from there: the stream has no memory.
                let at = from + draws::exponential(dice, 1.0 / rate);
                if at < ends_at {
                    return Some((at, draws::batch(dice, self.together)));
                }
            }
            from = ends_at;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::costs;

    #[test]
    fn the_hours_have_their_parts() {
        let day = costs::parse(costs::OURS).expect("ours").day;
        let (arrivals, mut dice) = (Arrivals::day(&day, 1e6), testkit::dice::seeded(1));
        let (mut hours, mut first, mut at) = (vec![0.0; 24], 0.0, 0.0);
        while let Some((next, count)) = arrivals.next(&mut dice, at) {
            at = next;
            hours[draws::whole(at / HOUR) as usize] += f64::from(count);
            if at % HOUR < FIRST_MINUTES {
                first += f64::from(count);
            }
        }
        let all: f64 = hours.iter().sum();
        assert!((all / 1e6 - 1.0).abs() < 0.1, "{all}");
        assert!((first / all - day.first_minutes.value).abs() < 0.05, "{first}");
        for (found, expected) in hours.iter().zip(&day.hours) {
            assert!((found / all - expected).abs() < 0.03, "{hours:?}");
        }
    }
}

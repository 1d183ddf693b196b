//! The breaker of one server: after a fault of the way to it, one probe speaks for all that waits.

use std::time::Duration;

use jiff::Timestamp;
use mail::{Reason, address::mask_addresses};

/// While the fault is younger than this, probes are [`FIRST_PROBES`] apart.
const FIRST_MINUTE: Duration = Duration::from_mins(1);
/// Distance of the first probes.
const FIRST_PROBES: Duration = Duration::from_secs(5);
/// Probes are never further apart than this.
const SLOWEST_PROBES: Duration = Duration::from_mins(1);
/// A server that was given up for another takes over again after so many good probes in a row.
const GOOD_PROBES_TO_RETURN: u32 = 3;

/// Why a breaker is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The kind of fault.
    pub reason: Reason,
    /// What the server or the network said, without anybody's address: it is told to many.
    pub answer: String,
    /// It showed only at a message, after the sign-in had gone well: only a message can show that it is over.
    pub at_message: bool,
}

impl Fault {
    /// A fault of the way to the server, or of the sign-in there.
    pub fn of_the_way(reason: Reason, answer: &str) -> Self {
        Self { reason, answer: mask_addresses(answer), at_message: false }
    }

    /// A fault that showed at a message.
    pub fn at_message(reason: Reason, answer: &str) -> Self {
        Self { reason, answer: mask_addresses(answer), at_message: true }
    }
}

/// Closed: mail flows. Open: nothing but probes.
#[derive(Debug, Clone, Default)]
pub struct Breaker {
    open: Option<Open>,
}

#[derive(Debug, Clone)]
struct Open {
    fault: Fault,
    since: Timestamp,
    next_probe_at: Timestamp,
    /// It asked not to be asked before.
    not_before: Timestamp,
    wait: Duration,
    probing: bool,
    good: u32,
}

impl Open {
    fn next_probe_at(&self) -> Timestamp {
        self.next_probe_at.max(self.not_before)
    }
}

/// A fault that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// How long it lasted.
    pub outage: Duration,
}

impl Breaker {
    /// Is mail kept back?
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Only a message can show that the fault is over.
    pub fn wants_message(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.fault.at_message)
    }

    /// Why and since when it is open.
    pub fn fault(&self) -> Option<(&Fault, Timestamp)> {
        self.open.as_ref().map(|open| (&open.fault, open.since))
    }

    /// Opens it. True when it was closed before. A connection from before that fails later says nothing new, and nothing of a
    /// probe.
    pub fn fail(&mut self, now: Timestamp, fault: Fault) -> bool {
        if let Some(open) = &mut self.open {
            open.good = 0;
            return false;
        }
        let next_probe_at = later(now, FIRST_PROBES);
        self.open = Some(Open {
            fault,
            since: now,
            next_probe_at,
            not_before: now,
            wait: FIRST_PROBES,
            probing: false,
            good: 0,
        });
        true
    }

    /// The server asked for this while it was at fault.
    pub fn leave_alone_until(&mut self, until: Timestamp) {
        if let Some(open) = &mut self.open {
            open.not_before = open.not_before.max(until);
        }
    }

    /// The probe that is under way failed. True when that is another fault than before.
    pub fn fail_probe(&mut self, now: Timestamp, fault: Fault) -> bool {
        let Some(open) = &mut self.open else { return false };
        let is_news = open.fault != fault;
        open.fault = fault;
        open.good = 0;
        if open.probing {
            open.probing = false;
            open.wait = next_wait(open.since, now, open.wait);
            open.next_probe_at = later(now, open.wait);
        }
        is_news
    }

    /// When the next probe is to start; None when closed or while one is under way.
    pub fn next_probe_at(&self) -> Option<Timestamp> {
        self.open.as_ref().filter(|open| !open.probing).map(Open::next_probe_at)
    }

    /// A probe starts now, if one is due.
    pub fn begin_probe(&mut self, now: Timestamp) -> bool {
        match &mut self.open {
            Some(open) if !open.probing && open.next_probe_at() <= now => {
                open.probing = true;
                true
            }
            _ => false,
        }
    }

    /// What the next probe lacked is there: it is due now.
    pub fn probe_now(&mut self, now: Timestamp) {
        if let Some(open) = &mut self.open {
            open.next_probe_at = open.next_probe_at.min(now);
            open.not_before = open.not_before.min(now);
        }
    }

    /// A probe that ended without saying anything about the server (it had no message to try, say): it is asked again as after one that failed.
    pub fn probe_inconclusive(&mut self, now: Timestamp) {
        if let Some(open) = &mut self.open {
            open.probing = false;
            open.wait = next_wait(open.since, now, open.wait);
            open.next_probe_at = later(now, open.wait);
        }
    }

    /// A probe without a message went well. The breaker closes at once when nothing else is sending (`sole`), otherwise
    /// after several good ones.
    pub fn good_probe(&mut self, now: Timestamp, sole: bool) -> Option<Recovered> {
        let open = self.open.as_mut()?;
        open.probing = false;
        open.good += 1;
        if sole || open.good >= GOOD_PROBES_TO_RETURN {
            return self.close(now);
        }
        open.next_probe_at = later(now, FIRST_PROBES);
        None
    }

    /// The server gave a final answer to a message.
    pub fn close(&mut self, now: Timestamp) -> Option<Recovered> {
        let open = self.open.take()?;
        Some(Recovered { outage: now.duration_since(open.since).unsigned_abs() })
    }
}

fn next_wait(since: Timestamp, now: Timestamp, wait: Duration) -> Duration {
    if now.duration_since(since).unsigned_abs() < FIRST_MINUTE {
        FIRST_PROBES
    } else {
        (wait * 2).min(SLOWEST_PROBES)
    }
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault() -> Fault {
        Fault::of_the_way(Reason::Unreachable, "refused")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    #[test]
    fn probes_every_five_seconds_for_a_minute_then_backs_off_to_sixty() {
        let mut breaker = Breaker::default();
        assert!(breaker.fail(at(0), fault()));
        let mut probes = Vec::new();
        while probes.len() < 18 {
            let due = breaker.next_probe_at().unwrap();
            assert!(
                !breaker
                    .begin_probe(later(due, Duration::ZERO).saturating_sub(Duration::from_secs(1)).unwrap())
            );
            assert!(breaker.begin_probe(due));
            assert_eq!(breaker.next_probe_at(), None, "one probe at a time");
            assert!(!breaker.fail_probe(due, fault()), "the same as before");
            probes.push(due.as_second() - 1_000_000);
        }
        assert_eq!(probes, [5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 70, 90, 130, 190, 250, 310]);
    }

    #[test]
    fn other_failures_while_open_do_not_delay_the_probe_nor_end_it() {
        let mut breaker = Breaker::default();
        breaker.fail(at(0), fault());
        assert!(!breaker.fail(at(4), fault()), "no new fault");
        assert_eq!(breaker.next_probe_at(), Some(at(5)));
        breaker.begin_probe(at(5));
        breaker.fail(at(6), fault());
        assert_eq!(breaker.next_probe_at(), None, "it is still under way");
    }

    #[test]
    fn closes_on_a_final_answer_and_tells_the_length_of_the_outage() {
        let mut breaker = Breaker::default();
        breaker.fail(at(0), fault());
        assert_eq!(breaker.close(at(40)), Some(Recovered { outage: Duration::from_secs(40) }));
        assert_eq!(breaker.close(at(41)), None);
    }

    #[test]
    fn beside_a_working_server_three_good_probes_are_needed() {
        let mut breaker = Breaker::default();
        breaker.fail(at(0), fault());
        for second in [5, 10] {
            assert!(breaker.begin_probe(at(second)));
            assert_eq!(breaker.good_probe(at(second), false), None);
        }
        assert!(breaker.begin_probe(at(15)));
        assert!(breaker.good_probe(at(15), false).is_some());
        assert!(!breaker.is_open());
    }

    #[test]
    fn one_that_asked_for_time_gets_it_unless_a_person_asks() {
        let mut breaker = Breaker::default();
        breaker.fail(at(0), fault());
        breaker.leave_alone_until(at(300));
        assert_eq!((breaker.next_probe_at(), breaker.begin_probe(at(299))), (Some(at(300)), false));
        breaker.probe_now(at(200));
        assert!(breaker.begin_probe(at(200)));
    }

    #[test]
    fn a_bad_probe_starts_the_count_of_good_ones_anew() {
        let mut breaker = Breaker::default();
        breaker.fail(at(0), fault());
        breaker.begin_probe(at(5));
        breaker.good_probe(at(5), false);
        breaker.begin_probe(at(10));
        assert!(breaker.fail_probe(at(10), Fault::of_the_way(Reason::SignInRefused, "535 no")));
        breaker.begin_probe(at(15));
        assert_eq!(breaker.good_probe(at(15), false), None);
    }
}

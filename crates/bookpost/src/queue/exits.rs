//! How many messages of a route may be past the point of no return at once.
//!
//! Whatever is past it when the process dies is in doubt, so there should be no more of it than the way to the server can use: to a
//! server that answers at once, one after the other loses no time, and to one far away all connections may wait for their
//! answers side by side. The measure is the shortest time that an answer has lately taken. Nobody waits long for his turn: a
//! server that suddenly takes its time with one message does not hold up the others.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

/// For so much of the shortest answer one message may be under way.
const PER_MESSAGE: Duration = Duration::from_micros(250);
/// The shortest answer is looked for among so many, and the same number before.
const WINDOW: u32 = 16;
/// Nobody waits longer for his turn.
const LONGEST_WAIT: Duration = Duration::from_millis(20);
/// More than a route ever has connections.
const WIDE: usize = 1000;

/// The turnstile of one route.
#[derive(Debug)]
pub struct Exits {
    turns: Arc<Semaphore>,
    measure: Mutex<Measure>,
}

/// Leave to pass, given back when the answer is on record.
#[derive(Debug)]
pub struct Pass {
    _turn: Option<OwnedSemaphorePermit>,
    began: Instant,
}

#[derive(Debug)]
struct Measure {
    open: usize,
    answers: u32,
    shortest: Duration,
    shortest_before: Duration,
}

impl Default for Exits {
    /// One at a time, until something is known of the server.
    fn default() -> Self {
        let measure =
            Measure { open: 1, answers: 0, shortest: Duration::MAX, shortest_before: Duration::MAX };
        Self { turns: Arc::new(Semaphore::new(1)), measure: Mutex::new(measure) }
    }
}

impl Exits {
    /// Passes if it is free.
    pub fn try_pass(&self) -> Option<Pass> {
        let turn = Arc::clone(&self.turns).try_acquire_owned().ok()?;
        Some(Pass { _turn: Some(turn), began: Instant::now() })
    }

    /// Passes when it is free, or after a short while all the same.
    pub fn pass(&self) -> impl Future<Output = Pass> + Send + use<> {
        let turns = Arc::clone(&self.turns);
        async move {
            let turn = tokio::time::timeout(LONGEST_WAIT, turns.acquire_owned()).await;
            Pass { _turn: turn.ok().and_then(Result::ok), began: Instant::now() }
        }
    }

    /// The answer to what passed is on record.
    pub fn answered(&self, pass: Pass) {
        let took = pass.began.elapsed();
        drop(pass);
        let mut measure = self.measure.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(wanted) = measure.take(took) else { return };
        if wanted > measure.open {
            self.turns.add_permits(wanted - measure.open);
            measure.open = wanted;
        } else {
            // Turns that are taken go when they come back: at the next look.
            measure.open -= self.turns.forget_permits(measure.open - wanted);
        }
    }
}

impl Measure {
    /// Counts one answer; at the end of a window, how many messages may be under way from here on.
    fn take(&mut self, took: Duration) -> Option<usize> {
        self.shortest = self.shortest.min(took);
        self.answers += 1;
        if self.answers < WINDOW {
            return None;
        }
        let shortest = self.shortest.min(self.shortest_before);
        (self.shortest_before, self.shortest, self.answers) = (self.shortest, Duration::MAX, 0);
        let wanted = shortest.as_micros().div_ceil(PER_MESSAGE.as_micros());
        Some(usize::try_from(wanted).unwrap_or(WIDE).clamp(1, WIDE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(answers: &[(u32, Duration)]) -> usize {
        let mut measure =
            Measure { open: 1, answers: 0, shortest: Duration::MAX, shortest_before: Duration::MAX };
        let mut wanted = 1;
        for (count, took) in answers {
            for _ in 0..*count {
                wanted = measure.take(*took).unwrap_or(wanted);
            }
        }
        wanted
    }

    #[test]
    fn as_many_are_under_way_as_the_shortest_answer_can_use() {
        let (near, far) = (Duration::from_micros(120), Duration::from_millis(5));
        assert_eq!(after(&[(WINDOW - 1, far)]), 1, "nothing is known yet");
        assert_eq!(after(&[(WINDOW, near)]), 1);
        assert_eq!(after(&[(WINDOW, far)]), 20);
        assert_eq!(after(&[(WINDOW - 1, far), (1, near)]), 1, "what our own crowd delays does not count");
        assert_eq!(after(&[(WINDOW, near), (WINDOW, far)]), 1);
        assert_eq!(after(&[(WINDOW, near), (2 * WINDOW, far)]), 20, "a server that became slow is noticed");
    }

    #[tokio::test]
    async fn turns_are_given_back_and_nobody_waits_for_ever() {
        let exits = Exits::default();
        for _ in 0..WINDOW {
            let pass = exits.try_pass().unwrap();
            exits.answered(pass);
        }
        let first = exits.try_pass().unwrap();
        assert!(exits.try_pass().is_none(), "one at a time towards a server that answers at once");
        let second = exits.pass().await;
        exits.answered(first);
        exits.answered(second);
        assert!(exits.try_pass().is_some());
    }
}

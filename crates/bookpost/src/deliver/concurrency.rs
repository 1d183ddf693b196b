//! How many connections a server gets: a few at first, twice as many after each round of good answers, half on a rate answer.

/// Connections to begin with.
const FIRST: usize = 5;

/// The allowance of one server.
#[derive(Debug, Clone)]
pub struct Concurrency {
    allowed: usize,
    most: usize,
    good: usize,
}

impl Concurrency {
    /// An allowance that never passes `most`.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { allowed: FIRST.min(most), most, good: 0 }
    }

    /// Connections that may be open now.
    pub fn allowed(&self) -> usize {
        self.allowed
    }

    /// So many good answers came.
    pub fn good(&mut self, answers: usize) {
        self.good += answers;
        while self.good >= self.allowed && self.allowed < self.most {
            self.good -= self.allowed;
            self.allowed = (self.allowed * 2).min(self.most);
        }
    }

    /// The server asked for less.
    pub fn slow_down(&mut self) {
        self.allowed = (self.allowed / 2).max(1);
        self.good = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_after_each_round_up_to_the_limit_and_halves_on_a_rate_answer() {
        let mut concurrency = Concurrency::new(20);
        assert_eq!(concurrency.allowed(), 5);
        concurrency.good(4);
        assert_eq!(concurrency.allowed(), 5);
        concurrency.good(1);
        assert_eq!(concurrency.allowed(), 10);
        concurrency.good(10);
        assert_eq!(concurrency.allowed(), 20);
        concurrency.good(1000);
        assert_eq!(concurrency.allowed(), 20);
        concurrency.slow_down();
        assert_eq!(concurrency.allowed(), 10);
        for _ in 0..9 {
            concurrency.slow_down();
        }
        assert_eq!(concurrency.allowed(), 1);
    }

    #[test]
    fn a_server_with_one_connection_gets_one() {
        assert_eq!(Concurrency::new(1).allowed(), 1);
    }
}

//! The time as an argument.

use std::{future::Future, pin::Pin};

use jiff::Timestamp;

/// A wait that ends by itself; dropping it ends it early.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Tells the time and waits for it.
///
/// `now` is the wall time read once at start plus the time since (the machine's sleep included), so that a wall clock set
/// back or forward while the program runs changes no age.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant.
    fn now(&self) -> Timestamp;
    /// Ends when `now` has reached `at`; at once when it already has.
    fn sleep_until(&self, at: Timestamp) -> Sleep;
    /// How far the machine's wall clock is from [`Self::now`]: someone has set it.
    fn wall_departure(&self) -> jiff::SignedDuration {
        jiff::SignedDuration::ZERO
    }
}

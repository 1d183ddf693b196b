//! The way of a message, end to end on a real queue and a real server, with the clock in the test's hands.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod bench;
mod faults;
mod life;
mod outage;
mod outcomes;
mod reports;
mod set_clock;

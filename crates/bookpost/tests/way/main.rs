//! The way of a message, end to end on a real queue and a real server, with the clock in the test's hands.

mod bench;
mod faults;
mod life;
mod outage;
mod outcomes;
mod reports;

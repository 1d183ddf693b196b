//! The worker: claims what is due, hands it to deliver, settles, wakes, expires, holds, releases.

pub mod journal;
pub mod ready;
pub mod settler;
pub mod start;
pub mod worker;

//! The worker: claims what is due, hands it to deliver, settles, wakes, expires, holds, releases.

pub mod exits;
pub mod journal;
pub mod lane;
pub mod limited;
mod log;
pub mod mark;
pub mod ready;
pub mod route;
pub mod settler;
pub mod stands;
pub mod start;
pub mod unsettled;
mod waits;
pub mod worker;

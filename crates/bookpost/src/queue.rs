//! The worker's side of the queue: what was begun, what came of it, and what is next.

pub mod journal;

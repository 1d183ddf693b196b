//! Bookpost sends a library's email, and does not let go of a message until it is delivered or returned to its sender.

pub mod config;
pub mod queue;

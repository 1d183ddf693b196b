//! Bookpost sends a library's email, and does not let go of a message until it is delivered or returned to its sender.

pub mod alarms;
pub mod app;
pub mod cli;
pub mod config;
pub mod deliver;
pub mod events;
pub mod identity;
pub mod notices;
pub mod preferences;
pub mod queue;
pub mod receive;
pub mod returns;
pub mod secrets;
pub mod web;

//! The program itself, as a person, a script or systemd runs it: its own process, its own folder, nothing of the environment.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail where it stands"
)]

mod api_restarts;
mod applications;
mod backup;
mod bench;
mod check;
mod commands;
mod demo;
mod door;
mod exits;
mod keys;
mod log;
mod mails;
mod on_postgres;
mod on_postgres_moved;
mod pages_door;
mod people;
mod preferences;
mod preferences_killed;
mod private;
mod promised;
mod schedules;
mod sendmail;
mod sendmail_restarts;
mod service;
mod sign_in;

//! The command line: reads it, carries it out by the running service or by itself, says what came of it.

mod accounts;
mod again;
pub mod applications;
mod args;
mod backup;
pub mod broker;
mod certificate;
mod check;
pub mod commands;
pub mod control;
mod demo;
mod exit;
pub(crate) mod failures;
pub mod install;
pub mod keys;
mod log;
mod manual;
mod migrate;
mod notices;
pub mod people;
mod preferences;
mod progress;
pub mod queue;
mod run;
pub(crate) mod saved_notices;
mod schedules;
pub mod sendmail;
mod servers;
pub(crate) mod show;
mod sites;
pub mod webhooks;
pub mod words;

use std::{ffi::OsString, process::ExitCode};

use clap::Parser as _;

pub use args::Arguments;
pub use exit::Exit;

/// The whole program, from the words of the command line to the exit code.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<_> = words.into_iter().collect();
    if let Some(words) = sendmail::words(&words) {
        return sendmail::main(words).into();
    }
    match Arguments::try_parse_from(words) {
        Ok(arguments) => run::run(arguments).into(),
        Err(error) => {
            let asked_for = !error.use_stderr();
            let _ = error.print();
            if asked_for { Exit::Done.into() } else { Exit::Usage.into() }
        }
    }
}

#[cfg(test)]
mod tests;

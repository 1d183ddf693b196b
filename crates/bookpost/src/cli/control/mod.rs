//! How a command speaks to the running service: a socket in the data folder that only its owner can use (mode 0600).
//!
//! One request per connection, as one line of JSON; the answer is a stream of lines. What was asked is carried out to its
//! end, even when the asker hangs up: a request is never cancelled half-way.

mod applications;
mod broker;
mod client;
mod keys;
mod mails;
mod messages;
mod notices;
mod numbers;
mod people;
mod preferences;
mod schedules;
mod server;
mod sites;
mod today;
mod webhooks;

use std::path::{Path, PathBuf};

use crate::notices::import::MAX_BYTES;

pub use applications::*;
pub use broker::*;
pub use client::{Client, connect};
pub use keys::*;
pub use mails::*;
pub use messages::*;
pub use notices::*;
pub use numbers::*;
pub use people::*;
pub use preferences::*;
pub use schedules::*;
pub use server::{Listener, bind, serve};
pub use sites::*;
pub use today::*;
pub use webhooks::*;

/// Longest line of either side. The largest export travels inside a request, in base64, with some words around it.
const LONGEST_LINE: u64 = MAX_BYTES.div_ceil(3) as u64 * 4 + 1024 * 1024;

pub(super) fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

#[cfg(test)]
mod tests;

//! What is left of a queue when the process, the machine or the disk fails in the middle.
//!
//! The program under test runs in a child process: this same test program, started anew with a task in its environment
//! ([`child`]). It says on a pipe what was accepted, and only after `accept` returned; that is what was promised. The server is
//! [`testkit::sink`], which writes its ledger before it answers. At the end promise, ledger and queue are laid side by side
//! ([`account`]).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail where it stands, and these tell figures"
)]

mod account;
mod child;
mod damage;
mod disk;
mod kill;
mod parent;
mod power;
mod program;

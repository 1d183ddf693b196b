//! Bookpost against the mail servers that libraries really have, and the programs that send mail there, over plain connections,
//! STARTTLS and TLS.
//!
//! `tests/peers/install` brings the servers and the programs; without them these tests fail and say so. A user who is not root cannot start
//! most of them: such a test then says that it was not run ([`peer::Peer::start`]).
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail where it stands"
)]

mod arrived;
mod away;
mod bench;
mod bounces;
mod callers;
mod came_back;
mod chain;
mod chain_guide;
mod chain_service;
mod chain_terminal;
mod clients;
mod distrust;
mod door;
mod http;
mod letter;
mod meant;
mod misbehaving;
mod overdue;
mod pages;
mod peer;
mod program;
mod relays;
mod situations;
mod syncs;
mod trial;
mod volume;
mod ways;
mod webhooks;

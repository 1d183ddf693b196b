//! How a message is handed to a server, over whatever protocol: bytes in, bytes and wishes out, and one point of no return.
//!
//! What each operation means is told where SMTP has it: [`mail::smtp::client::Client`].

use std::time::Duration;

use jiff::Timestamp;
use mail::smtp::client::{Client, Failure, Transaction, Wish};

/// One connection's side of it.
pub trait Dialogue {
    /// The next thing to do.
    fn poll(&mut self) -> Option<Wish>;
    /// What the server sent.
    fn received(&mut self, bytes: &[u8]);
    /// The handshake that was wished has succeeded.
    fn tls_established(&mut self);
    /// Whether a message may be begun.
    fn ready(&self) -> bool;
    /// Begins one.
    fn begin(&mut self, transaction: Transaction);
    /// The message whose last byte goes out next if it is released now.
    fn awaits_release(&self) -> Option<u64>;
    /// Its mark is durable.
    fn release(&mut self, token: u64);
    /// Gives up one that was not released.
    fn abandon(&mut self, token: u64);
    /// Ends the connection when nothing is under way.
    fn quit(&mut self);
    /// The connection is gone; so many octets at the end of the last write were certainly not sent.
    fn lost(&mut self, failure: Failure, unwritten: u64);
    /// How long to wait for what is waited for.
    fn timeout(&self) -> Duration;
    /// Whole answers so far.
    fn replies(&self) -> u64;
    /// Whether the connection is over.
    fn is_closed(&self) -> bool;
    /// How long from `now` on the server asked with its last answer to be left alone, if it did.
    fn asked_to_wait(&mut self, _now: Timestamp) -> Option<Duration> {
        None
    }
    /// It was asked how it is, is well, and ends the connection all the same.
    fn is_well(&self) -> bool {
        false
    }
}

impl Dialogue for Client {
    fn poll(&mut self) -> Option<Wish> {
        self.poll()
    }

    fn received(&mut self, bytes: &[u8]) {
        self.received(bytes);
    }

    fn tls_established(&mut self) {
        self.tls_established();
    }

    fn ready(&self) -> bool {
        self.ready()
    }

    fn begin(&mut self, transaction: Transaction) {
        self.begin(transaction);
    }

    fn awaits_release(&self) -> Option<u64> {
        self.awaits_release()
    }

    fn release(&mut self, token: u64) {
        self.release(token);
    }

    fn abandon(&mut self, token: u64) {
        self.abandon(token);
    }

    fn quit(&mut self) {
        self.quit();
    }

    fn lost(&mut self, failure: Failure, unwritten: u64) {
        self.lost(failure, unwritten);
    }

    fn timeout(&self) -> Duration {
        self.timeout()
    }

    fn replies(&self) -> u64 {
        self.replies()
    }

    fn is_closed(&self) -> bool {
        self.is_closed()
    }
}

//! Mail as values: addresses, envelopes, replies and what they mean, messages, return reports, the SMTP dialogue.
//!
//! This crate knows nothing of sockets, files, SQL or threads; time and randomness come in as arguments.

pub mod address;
pub mod bounce;
pub mod clock;
mod counted;
pub mod dsn;
pub mod envelope;
pub mod message;
pub mod outcome;
pub mod reply;
pub mod retry;
pub mod smtp;
pub mod submission;

pub use address::Address;
pub use counted::counted;
pub use envelope::{Envelope, Recipient, ReversePath};
pub use outcome::{Action, Judgement, Phase, Reason, Scope};
pub use reply::{EnhancedStatusCode, Reply};

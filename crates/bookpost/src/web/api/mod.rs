//! The API for applications, version 1: JSON over HTTP, described by the OpenAPI document that it serves itself.
//!
//! `POST /api/v1/messages` and its kin answer only once the queue has what they took. Whatever goes wrong is a [`problem`]. An application
//! sees its own messages and knows of no others.
//!
//! This part knows nothing of SMTP and SQL: it hands [`Submission`]s to the
//! [`Submitter`], which judges and stores them as it does those of every other door.

mod admin;
mod asked;
mod batch;
mod body;
mod caller;
mod document;
mod events;
#[cfg(test)]
mod fuzz;
mod limited;
mod lists;
mod message;
mod moves;
mod once;
mod place;
mod problem;
mod send;
mod status;
mod template;

use crate::{
    identity::Caller,
    receive::{Bodies, NotTaken, Ready, Submission, Submitter, not_taken},
};

pub(super) use document::router;
pub(super) use problem::{another_method, nothing_at};

/// What the answers come from. Cheap to clone.
#[derive(Clone)]
struct Api {
    submitter: Submitter,
    bodies: Bodies,
}

/// What a request with one message has beside it: the fields, escapes, and base64, which makes four of three.
const AROUND_A_MESSAGE: usize = 1 << 20;
/// A request with many messages.
const MOST_OF_A_BATCH: usize = 64 << 20;
/// What is made of one text for many, slice by slice, has at least so much room.
const LEAST_OF_A_TEMPLATE: usize = 32 << 20;
/// Requests of the largest size that are held in memory at once.
const LARGEST_AT_ONCE: usize = 2;

impl Api {
    /// Whether a message may be stored; what is not taken is in the log as at the other doors.
    async fn check(&self, caller: &Caller, submission: Submission) -> Result<Ready, NotTaken> {
        self.submitter.check(caller, submission).await.inspect_err(|why| not_taken(caller.name(), why))
    }

    fn new(submitter: Submitter) -> Self {
        let mut api = Self { submitter, bodies: Bodies::new(0) };
        api.bodies = Bodies::new(api.most_of_many().saturating_mul(LARGEST_AT_ONCE));
        api
    }

    /// Bytes of a request with one message.
    fn most_of_one(&self) -> usize {
        self.submitter.settings.now().doors.largest_message.saturating_mul(4) / 3 + AROUND_A_MESSAGE
    }

    /// Bytes of a request with many.
    fn most_of_many(&self) -> usize {
        self.most_of_one().max(MOST_OF_A_BATCH)
    }
}

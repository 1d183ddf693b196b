//! Requests that are made once, however often they are sent.

use std::time::Duration;

use crate::Accepted;

/// A request is known for so long.
pub const ONCE_KEPT: Duration = Duration::from_hours(7 * 24);

/// By what a request is known that is sent a second time because its answer was not heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceKey {
    /// Whose request it is.
    pub application: String,
    /// The name that the application gives it.
    pub key: String,
    /// Of all that it asks: another request under the same name is none of the same.
    pub fingerprint: [u8; 32],
}

/// A request that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Of all that it asked.
    pub fingerprint: [u8; 32],
    /// What it was answered.
    pub answer: Vec<u8>,
}

/// What became of such a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Once {
    /// It is new: its messages and its answer are stored.
    Stored {
        /// Its messages, in their order.
        accepted: Vec<Accepted>,
        /// The answer that it is to get each time.
        answer: Vec<u8>,
    },
    /// It was made before, and this was the answer. Nothing is stored.
    Before(Vec<u8>),
    /// Another request was made under this name. Nothing is stored.
    Another,
}

//! What is to be done once, whoever of several machines does it.

use crate::{Error, Store};

/// For machines that share a queue.
impl Store {
    /// Whether this machine is the one that does what has this name. Whoever asks first does, for as long as it works; once it has closed the
    /// queue, or has said nothing for half a minute, whoever asks next does. To be asked before each round: costs one look. Always yes where
    /// there is no other machine.
    pub async fn take_duty(&self, name: &str) -> Result<bool, Error> {
        ask!(self.db.take_duty(name.to_owned()).await)
    }

    /// How many recipients this machine is sending, as the queue has it; costs little.
    pub async fn sending_here(&self) -> Result<u64, Error> {
        ask!(self.db.sending_here().await)
    }
}

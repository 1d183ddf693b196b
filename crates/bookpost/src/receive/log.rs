//! What the log says of messages at the doors. No address stands in it.

use store::Accepted;

use super::{NotTaken, Origin};
use crate::identity::Caller;

/// How an accepted message came.
pub(super) struct Came {
    pub(super) caller: Caller,
    pub(super) origin: Origin,
}

/// A line for each message that is on disk now.
pub(super) fn accepted(messages: &[Accepted], came: &[Came]) {
    for (message, Came { caller, origin }) in messages.iter().zip(came) {
        tracing::debug!(
            message.id = message.id.0,
            application = caller.name(),
            door = ?origin.door,
            protocol = origin.protocol,
            peer = origin.peer.map(tracing::field::display),
            recipients = message.recipients,
            "a message was accepted"
        );
    }
}

/// A line for a message that a door does not take.
pub fn not_taken(application: &str, why: &NotTaken) {
    let error = mail::address::mask_addresses(&why.to_string());
    tracing::info!(application, error, "a message was not taken");
}

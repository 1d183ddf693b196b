//! What the log says of outcomes. No address stands in it.

use store::{Settled, Settlement, Verdict};

/// A line for an outcome that is on disk: what went well, or is tried again, for who looks closely.
pub(super) fn outcome(settlement: &Settlement, settled: Settled) {
    if settled != Settled::Done {
        return;
    }
    let (message, recipient) = (settlement.recipient.message().0, settlement.recipient.0);
    let server = settlement.attempt.server.as_str();
    let well = |what| tracing::debug!(message.id = message, recipient.id = recipient, server, "{what}");
    let badly = |what| {
        let answer = mail::address::mask_addresses(&settlement.attempt.answer);
        let reason = settlement.attempt.reason;
        tracing::info!(message.id = message, recipient.id = recipient, server, ?reason, answer, "{what}");
    };
    match settlement.verdict {
        Verdict::Delivered | Verdict::Relayed => well("delivered"),
        Verdict::Practiced => well("kept by the practice mailbox"),
        Verdict::Deferred { .. } => well("tried again later"),
        Verdict::Returned => badly("returned"),
        Verdict::Held => badly("set aside"),
        Verdict::InDoubt => badly("in doubt"),
        // Nothing was attempted; or the attempt broke, which is said where it is seen.
        Verdict::GivenBack | Verdict::Struck { .. } => {}
    }
}

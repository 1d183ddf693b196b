//! Mail that waited while nothing was to be sent: what is old news may be worse than no news, and somebody decides about it before it goes.

use jiff::{SignedDuration, Timestamp};
use mail::counted;
use store::{Actor, Deed, Error, NewAudit, PauseWhy, Store};

use crate::config::Way;

const OLD: SignedDuration = SignedDuration::from_hours(48);

/// What has waited since before then is asked about before it is sent.
pub fn is_old_since(now: Timestamp) -> Timestamp {
    now.saturating_sub(OLD).unwrap_or(Timestamp::MIN)
}

/// At a start: the settings' file or the environment may let mail go for which there was nobody until now. Where some of it has waited for
/// long, sending is paused as it is where a person changes that: how many.
pub async fn at_start(store: &Store, way: &Way, now: Timestamp) -> Result<u64, Error> {
    let nothing_goes = !way.sends();
    let is_freed = !nothing_goes && store.nothing_goes().await?;
    let old = if is_freed { keep_back(store, now).await? } else { 0 };
    // Afterwards: a start that breaks off between the two asks again.
    store.note_nothing_goes(nothing_goes).await?;
    if old > 0 {
        note(store, Actor::Configuration, now).await;
        tracing::warn!("{}", words(old));
    }
    Ok(old)
}

/// Where mail has waited for long, pauses sending, so that nothing of it goes out unasked: how many. Where sending is paused, whoever
/// resumes it is asked.
pub(super) async fn keep_back(store: &Store, now: Timestamp) -> Result<u64, Error> {
    let old = store.waiting_since_before(is_old_since(now)).await?;
    if old == 0 || store.paused().await?.is_some() {
        return Ok(0);
    }
    store.pause(PauseWhy::OldMail, now).await?;
    Ok(old)
}

/// The pause stands, whether or not the log can say so.
pub(super) async fn note(store: &Store, who: Actor, now: Timestamp) {
    let about = "sending".to_owned();
    let line = NewAudit { who, what: Deed::SendingPaused, about, old: None, new: None };
    if let Err(error) = store.note_audit(line, now).await {
        tracing::error!(%error, "that sending is paused could not be written to the log");
    }
}

pub(super) fn words(old: u64) -> String {
    format!(
        "Sending is paused, as {} waited for more than 48 hours. Decide what becomes of it, with: bookpost queue resume --older cancel (or send, or return)",
        counted(old, "mail has", "mails have")
    )
}

//! Secrets that the key does not open. Mail goes on without them; a person hears which they are.

use store::{AlarmKind, Store};

use super::secret_dice;
use crate::{
    alarms::Alarms,
    secrets::{self, KeySource, Lost},
};

/// What the alarm is about.
const SUBJECT: &str = "secrets";

/// At a start: a change of keys that broke off is ended. Where that cannot be, what is sealed stays so, and all else goes on.
pub(super) async fn begin(store: &Store, key: &KeySource, alarms: &Alarms) -> Result<(), store::Error> {
    if let Err(error) = secrets::finish(store, key, &mut secret_dice()).await {
        tracing::error!(%error, "a change of the key that seals secrets could not be ended");
    }
    look(store, key, alarms).await
}

/// Raises the alarm, or ends it.
pub(crate) async fn look(store: &Store, key: &KeySource, alarms: &Alarms) -> Result<(), store::Error> {
    let lost = secrets::lost(store, key).await?;
    if lost.is_empty() {
        alarms.clear(AlarmKind::SecretsLost, SUBJECT);
    } else {
        alarms.raise(AlarmKind::SecretsLost, SUBJECT, words(key, &lost));
    }
    Ok(())
}

fn words(key: &KeySource, lost: &[Lost]) -> String {
    let place = key.file().map_or("the settings".to_owned(), |file| file.display().to_string());
    let all: Vec<_> = lost.iter().map(Lost::words).collect();
    format!(
        "The key that seals secrets is missing or another. Mail goes on. Put the right key back ({place}) and start Bookpost again, or enter these anew: {}",
        all.join("; ")
    )
}

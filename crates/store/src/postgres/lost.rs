//! What was stored under a lease by a commit of which no answer came: nobody sends it, though it is claimed. Once the database is there again,
//! what of it did reach the disk waits, due as it was.

use std::sync::PoisonError;

use super::opened::Opened;
use crate::Error;

const GIVE_BACK: &str = "UPDATE live SET state = 0, lease = NULL, claimed_in = NULL, marked_at = NULL, alone = CASE alone WHEN 2 THEN 1 ELSE 0 END
    WHERE claimed_in = $1 AND state = 1 AND lease = ANY($2)";

impl Opened {
    /// No answer came to the commit that these leases were taken with.
    pub(super) fn lose(&self, leases: Vec<i64>) {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).extend(leases);
    }

    /// These are had after all.
    pub(super) fn have(&self, leases: &[i64]) {
        if !leases.is_empty() {
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).retain(|one| !leases.contains(one));
        }
    }
}

/// With the heartbeat. What cannot be given back now is given back later.
pub(super) async fn give_back(opened: &Opened) -> Result<(), Error> {
    let lost = std::mem::take(&mut *opened.lost.lock().unwrap_or_else(PoisonError::into_inner));
    if lost.is_empty() {
        return Ok(());
    }
    let given_back = async {
        let connection = opened.connection().await?;
        Ok::<u64, Error>(connection.execute(GIVE_BACK, &[&opened.epoch, &lost]).await?)
    };
    match given_back.await {
        Ok(recipients) => {
            if recipients > 0 {
                tracing::warn!(recipients, "what was stored while the database went away waits to be sent");
                opened.ring();
            }
            Ok(())
        }
        Err(error) => {
            opened.lose(lost);
            Err(error)
        }
    }
}

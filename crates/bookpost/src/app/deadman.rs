//! A web address that is called by the minute while all is well: whoever watches it knows when the calls stay away, whatever has
//! happened to this computer.

use std::{sync::Arc, time::Duration};

use store::Store;

use crate::web::{self, Moment};

/// An address that takes longer to answer was not reached. Shorter than a minute: one call at a time.
const PATIENCE: Duration = Duration::from_secs(30);
/// Most alarms that are looked through.
const ALARMS: usize = 50;

/// Calls the address.
pub(super) struct Deadman {
    pub(super) store: Store,
    pub(super) now: Arc<dyn Fn() -> Moment + Send + Sync>,
}

impl Deadman {
    /// By the minute. Is judged as for `/healthz`: what is not well there is silence here. Does not wait for the answer.
    pub(super) async fn look(&self, address: Option<&str>) {
        if let Some(address) = address
            && self.is_well().await
        {
            tokio::spawn(call(address.to_owned()));
        }
    }

    async fn is_well(&self) -> bool {
        let (counts, alarms) = (self.store.counts().await, self.store.alarms(true, ALARMS).await);
        web::judge(&(self.now)(), counts, alarms, None).ok
    }
}

async fn call(address: String) {
    match get(&address).await {
        Ok(status) if status.is_success() => {}
        Ok(status) => {
            tracing::warn!(%status, "the address that is called while all is well did not take the call");
        }
        // Without the address, which may hold a secret.
        Err(error) => {
            tracing::warn!(error = %error.without_url(), "the address that is called while all is well could not be reached");
        }
    }
}

async fn get(address: &str) -> reqwest::Result<reqwest::StatusCode> {
    let client =
        reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()?;
    Ok(client.get(address).send().await?.status())
}

//! Programs that send through Bookpost, and their keys, as people change them while it runs.

use std::sync::Arc;

use mail::clock::Clock;
use store::{Actor, Store};

use super::secret_dice;
use crate::{
    cli::{
        applications,
        control::{ApplicationsRequest, Failure, Reply},
        failures,
    },
    config::Settings,
    identity::Applications,
};

/// The way by which commands, pages and the API change programs. All clones are the same.
#[derive(Clone)]
pub struct Programs {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: Settings,
    pub(super) applications: Applications,
}

impl Programs {
    /// Carries it out; holds when it is answered: a revoked key opens nothing any more. Once begun it comes to its end, though whoever
    /// asked goes away.
    pub async fn carry_out(&self, request: ApplicationsRequest, who: Actor) -> Reply {
        let programs = self.clone();
        let carried_out = tokio::spawn(async move { programs.to_the_end(request, who).await });
        carried_out.await.unwrap_or_else(|error| Reply::Failed {
            failure: Failure::Temporary,
            message: format!("it broke off, and may be half done: {error}"),
        })
    }

    async fn to_the_end(&self, request: ApplicationsRequest, who: Actor) -> Reply {
        let (sites, now, mut dice) = (&self.settings.now().sites, self.clock.now(), secret_dice());
        let reply = applications::perform(&self.store, request, sites, who, &mut dice, now).await;
        match self.applications.refresh(&self.store).await {
            Ok(()) => reply,
            Err(error) => failures::reply(&anyhow::Error::from(error).context(
                "the change is stored, and the running service could not read it: restart Bookpost",
            )),
        }
    }
}

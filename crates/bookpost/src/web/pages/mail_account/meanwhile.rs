//! What becomes of mail while a sign-in is of no use.

use crate::{
    config::Provider,
    preferences::mail_accounts::other_than,
    web::pages::{
        standing::{Standing, named},
        visit::Visit,
    },
};
use store::Error;

/// By what it goes out.
pub(super) struct Meanwhile {
    /// The server, as it is called in a sentence; None: mail waits.
    pub(super) by: Option<String>,
}

impl Meanwhile {
    pub(super) async fn now(visit: &Visit, provider: Provider) -> Result<Self, Error> {
        let (sources, words) = (&visit.pages.sources, visit.words());
        let (standing, alarms) = Standing::read(sources).await?;
        let in_use = Box::pin(standing.in_use(sources, &alarms)).await.ok().flatten();
        let in_use = in_use.map(|in_use| in_use.server);
        let by = match in_use {
            // Nothing was to be sent since: the next mail goes by the other one.
            Some(server) if server == provider.name() => {
                return Ok(Self { by: Self::without(visit, provider) });
            }
            server => server,
        };
        Ok(Self { by: by.map(|server| named(&server, words)) })
    }

    /// By what it would go out if it could not by this provider.
    pub(super) fn without(visit: &Visit, provider: Provider) -> Option<String> {
        let config = visit.pages.sources.config();
        other_than(provider, &config).map(|server| named(server, visit.words()))
    }
}

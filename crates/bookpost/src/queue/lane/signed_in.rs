//! How a connection is opened. The server of a provider is shown a token, and is given mail as long as that is the one to be shown.

use std::sync::Arc;

use mail::{Reason, outcome::Judgement, smtp::client::Client};
use rustls::ClientConfig;

use super::Lane;
use crate::{
    config::{Encryption, Server},
    deliver::{
        settings::{check_password, settings, with_token},
        stream::{self, ConnectError, Stream},
    },
};

impl Lane {
    pub(super) async fn open(&mut self) -> Result<Stream, ConnectError> {
        if let Some(provider) = self.server.sign_in {
            let shown = self.delivery.accounts.shown(provider).await?;
            let settings = settings(&self.delivery.settings.now().sending.ehlo_name, &self.server);
            self.client = Client::new(with_token(settings, &shown));
            self.shown = Some(shown);
        }
        open(Arc::clone(&self.server), self.tls.clone()).await
    }

    /// The next message goes by another connection, which shows the token of then.
    pub(super) fn showed_an_old_token(&self) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.until <= self.delivery.clock.now())
    }

    /// What an answer means where no password was shown: the token may have ended before its time, which the provider knows.
    pub(super) async fn of_a_token(&mut self, judgement: Judgement) -> Judgement {
        let Some((provider, shown)) = self.server.sign_in.zip(self.shown.as_ref()) else { return judgement };
        if judgement.reason != Reason::SignInRefused {
            return judgement;
        }
        self.delivery.accounts.refused(provider, shown).await;
        Judgement { reason: Reason::SignedOut, ..judgement }
    }
}

/// A connection to `server`, under TLS where that comes first.
async fn open(server: Arc<Server>, tls: Option<Arc<ClientConfig>>) -> Result<Stream, ConnectError> {
    check_password(&server)?;
    let plain = Stream::plain(stream::connect(&server.host, server.port).await?);
    match (server.encryption, tls) {
        (Encryption::Tls, Some(tls)) => plain.secure(tls, &server.host).await,
        _ => Ok(plain),
    }
}

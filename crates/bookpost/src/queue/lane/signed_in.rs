//! How a connection is opened. The server of a provider is shown a token, and is given mail as long as that is the one to be shown.

use std::sync::Arc;

use mail::{Action, Reason, outcome::Judgement, smtp::client::Client};
use rustls::ClientConfig;

use super::{Errand, Gate, Lane};
use crate::{
    config::{Encryption, Server},
    deliver::{
        by_web,
        settings::{check_password, settings, with_token},
        stream::{self, ConnectError, Stream},
    },
    preferences::mail_accounts::{Shown, counted_as},
};

/// What a server of a provider is shown.
#[derive(Default)]
pub(super) struct SignedIn {
    /// On this connection.
    shown: Option<Shown>,
    /// It was not taken, and there is another, which goes by another connection.
    again: bool,
    /// That was done once.
    renewed: bool,
    /// It was asked how it is, and is well.
    is_well: bool,
}

impl SignedIn {
    /// What it is to be handed goes by the next connection.
    pub(super) fn is_well(&mut self) {
        (self.is_well, self.again) = (true, true);
    }
}

impl Lane {
    /// A connection, from its beginning to its end. True: another is to be tried.
    pub(super) async fn connection(&mut self) -> bool {
        // What was carried over the one before says nothing of this one.
        self.begun = 0;
        let mut gate = self.gate.clone();
        let opened = tokio::select! {
            opened = self.open() => Some(opened),
            _ = gate.wait_for(|gate| *gate == Gate::Abandon) => None,
        };
        match opened {
            Some(Ok(stream)) => self.converse(stream).await,
            Some(Err(error)) => self.fault(error.reason, &error.text, Action::OpenBreaker),
            None => {}
        }
        std::mem::take(&mut self.signed_in.again)
    }

    async fn open(&mut self) -> Result<Stream, ConnectError> {
        if let Some(provider) = self.server.sign_in {
            let shown = self.delivery.accounts.shown(provider).await?;
            let settings = settings(&self.delivery.settings.now().sending.ehlo_name, &self.server);
            self.client = match self.server.service {
                Some(service) => {
                    let client = by_web::Client::new(service, &self.server.host, shown.clone());
                    let is_asked = matches!(self.errand, Errand::Probe { .. }) && !self.signed_in.is_well;
                    Box::new(if is_asked { client.asks_first() } else { client })
                }
                None => Box::new(Client::new(with_token(settings, &shown))),
            };
            let account = counted_as(provider, &shown.user);
            self.delivery.store.count_as(&self.peer, &account);
            self.signed_in.shown = Some(shown);
        }
        open(Arc::clone(&self.server), self.tls.clone()).await
    }

    /// The next message goes by another connection, which shows the token of then.
    pub(super) fn showed_an_old_token(&self) -> bool {
        self.signed_in.shown.as_ref().is_some_and(|shown| shown.until <= self.delivery.clock.now())
    }

    /// What an answer means where no password was shown. None: the token may have ended before its time, and the next is shown first.
    pub(super) async fn of_a_token(&mut self, judgement: Judgement) -> Option<Judgement> {
        let Some((provider, shown)) = self.server.sign_in.zip(self.signed_in.shown.as_ref()) else {
            return Some(judgement);
        };
        let reason = match judgement.reason {
            Reason::SignInRefused | Reason::PasswordsEnded => Reason::TokenRefused,
            Reason::SmtpAuthOff => Reason::SmtpAuthOff,
            _ => return Some(judgement),
        };
        let may_help = self.delivery.accounts.refused(provider, shown).await;
        // A mail server says so before it takes mail, a service at any message.
        let is_asked = !self.ended.ready || self.server.service.is_some();
        if may_help && !self.signed_in.renewed && is_asked {
            (self.signed_in.renewed, self.signed_in.again) = (true, true);
            return None;
        }
        Some(Judgement { reason, ..judgement })
    }
}

/// A connection to `server`, under TLS where that comes first.
pub(super) async fn open(
    server: Arc<Server>,
    tls: Option<Arc<ClientConfig>>,
) -> Result<Stream, ConnectError> {
    check_password(&server)?;
    let plain = Stream::plain(stream::connect(&server.host, server.port).await?);
    match (server.encryption, tls) {
        (Encryption::Tls, Some(tls)) => plain.secure(tls, &server.host).await,
        _ => Ok(plain),
    }
}

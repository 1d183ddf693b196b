//! What a trial of a provider has that one of a mail server has not: the sign-in is renewed first, and a web service is spoken to in its own
//! way. Whether it leaves messages their Message-ID is seen by the test message, where the account may look at what it sent.

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use mail::{
    Phase,
    smtp::client::{Ending, RecipientResult, Transaction, Wish},
};
use zeroize::Zeroizing;

use super::{
    attempt::{Course, Unsent},
    step::{Event, Found, How, Step},
};
use crate::{
    config::Service,
    deliver::{
        by_web::{self, called, keeps_id},
        dialogue::Dialogue as _,
        stream::ConnectError,
    },
    preferences::mail_accounts::{NoToken, Shown},
};

/// Asks a provider to renew a sign-in. Nobody waits for the lock: it is there to be shared.
pub struct Asks<'a>(Mutex<Asking<'a>>);

type Asking<'a> = Pin<Box<dyn Future<Output = Result<Shown, NoToken>> + Send + 'a>>;

impl<'a> Asks<'a> {
    /// By this.
    pub fn by(asking: impl Future<Output = Result<Shown, NoToken>> + Send + 'a) -> Self {
        Self(Mutex::new(Box::pin(asking)))
    }
}

/// All in which it would be told again.
pub(super) fn secrets(shown: &Shown) -> [Zeroizing<String>; 3] {
    let (user, token) = (&shown.user, &*shown.token);
    let bearer = format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}");
    [token.clone(), STANDARD.encode(token), STANDARD.encode(bearer)].map(Zeroizing::new)
}

impl<T: FnMut(Event)> Course<'_, T> {
    /// What the server is shown; None: it is one with a password, or with none.
    pub(super) async fn renewed(&mut self) -> Result<Option<Shown>, Unsent> {
        let Some(renews) = self.attempt.renews.take() else { return Ok(None) };
        self.begin(Step::Renewal);
        let asking = renews.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        let renewed = async { asking.await.map_err(ConnectError::from) };
        let shown = self.in_time(Phase::Connect, self.attempt.patience.whole, renewed).await?;
        self.passed(Found::Renewal { account: shown.user.clone() });
        Ok(Some(shown))
    }

    /// As [`Course::run`], where a web service takes the message.
    pub(super) async fn by_service(
        &mut self,
        service: Service,
        shown: &Shown,
        letter: Option<Transaction>,
    ) -> Result<(), Unsent> {
        let message = letter.as_ref().map(|letter| letter.message.clone());
        let Some(said) = self.handed(service, shown, letter).await? else { return Ok(()) };
        if service == Service::Gmail
            && let Some(message) = message
        {
            self.begin(Step::MessageId);
            let message_id_kept = self.looked(shown, called(&said), &message).await;
            self.passed(Found::MessageId { message_id_kept });
        }
        Ok(())
    }

    /// What the service says once it has taken it; None: there was none.
    async fn handed(
        &mut self,
        service: Service,
        shown: &Shown,
        mut letter: Option<Transaction>,
    ) -> Result<Option<String>, Unsent> {
        let plain = self.connect().await?;
        self.begin(Step::Encryption);
        let mut stream = self.secure(plain, How::Tls).await?;
        self.begin(Step::SignIn);
        let host = &self.attempt.server.host;
        let mut client = by_web::Client::new(service, host, shown.clone()).asks_first();
        let mut answer = None;
        loop {
            if self.is_at(Step::SignIn) && client.is_well() {
                self.signed_in = true;
                self.passed(Found::SignIn { method: Some("Bearer".to_owned()), offered: true });
                if letter.is_some() {
                    self.begin(Step::Message);
                }
            }
            match letter.take_if(|_| client.ready()) {
                Some(letter) => client.begin(letter),
                None if client.ready() => client.quit(),
                None => {}
            }
            match client.poll() {
                None => self.read(&mut stream, &mut client).await,
                Some(Wish::Write(pieces)) => self.write(&mut stream, &mut client, pieces).await,
                Some(Wish::Mark(token)) => client.release(token),
                Some(Wish::Finished(finished)) => {
                    answer = finished.recipients.into_iter().next();
                    client.quit();
                }
                Some(Wish::StartTls) => {}
                Some(Wish::Closed(ending)) => {
                    let said = said(answer, ending, letter.is_some())?;
                    if let Some(said) = &said {
                        self.passed(Found::Message { answer: said.clone() });
                    }
                    return Ok(said);
                }
            }
        }
    }

    async fn looked(&mut self, shown: &Shown, id: Option<&str>, message: &Bytes) -> Option<bool> {
        let id = id.filter(|_| shown.may_look)?;
        let asked = async {
            let plain = self.again().await?;
            keeps_id(plain, (&self.attempt.server.host, shown), id, message).await
        };
        tokio::time::timeout_at(self.deadline, asked).await.ok().flatten()
    }
}

fn said(answer: Option<RecipientResult>, ending: Ending, waits: bool) -> Result<Option<String>, Unsent> {
    let refused = |phase, reply| {
        let reason = by_web::judge(phase, &reply).reason;
        Unsent::Refused { reason, reply }
    };
    match (answer, ending) {
        (Some(RecipientResult::Delivered(reply)), _) => Ok(Some(reply.to_string())),
        (Some(RecipientResult::Refused { phase, reply }), _)
        | (Some(RecipientResult::Failed { .. }) | None, Ending::Refused { phase, reply }) => {
            Err(refused(phase, reply))
        }
        (Some(RecipientResult::Unknown { failure }), _) => Err(Unsent::failed(Phase::Dot, failure)),
        (Some(RecipientResult::Failed { phase, failure }), _) | (None, Ending::Failed { phase, failure }) => {
            Err(Unsent::failed(phase, failure))
        }
        // It was well and hung up before it was handed anything.
        (None, Ending::Quit) if waits => {
            Err(Unsent::failed(Phase::Mail, mail::smtp::client::Failure::ConnectionLost))
        }
        (None, Ending::Quit) => Ok(None),
    }
}

//! The installation's end: it asks the service.

use std::time::Duration;

use oauth2::{HttpResponse, http};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    OF_SERVICE, Opener, Question, name, sealed,
    wire::{self, About, No, Why, path},
};
use crate::{
    app::asking,
    config::{Config, Provider, SendBy, SignInService},
    preferences::mail_accounts::{
        AccountError,
        http::Http,
        redirect,
        tokens::{Given, Refusal, kept_for, plain},
    },
};

/// Why the service does not sign anybody in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    #[error("the sign-in service run by {name} cannot be reached at {host}, port {port}: {why}")]
    Away { name: String, host: String, port: u16, why: String },
    /// It answers, and cannot do it for the moment.
    #[error("the sign-in service run by {name} cannot help at the moment: {why}")]
    Unable { name: String, why: String },
    #[error("the sign-in service run by {name} does not take the key of this installation")]
    Key { name: String },
    #[error("the sign-in service run by {name} was asked too often by this installation")]
    TooOften { name: String },
    #[error("the sign-in service run by {name} has a fault of its own, and its people must act: {why}")]
    AtFault { name: String, why: String },
    #[error("nobody can sign in at this provider by the sign-in service run by {name}")]
    NotOffered { name: String },
    #[error(
        "the sign-in service run by {name} leads browsers back to {known}, and this installation is at {ours}"
    )]
    AnotherAddress { name: String, known: String, ours: String },
}

/// What the service answers when it is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    pub about: About,
    /// This installation's address, if the service leads browsers to another one.
    pub ours: Option<String>,
}

/// A service, and who asks it.
pub(in super::super) struct Hosted<'a> {
    pub(in super::super) service: &'a SignInService,
    pub(in super::super) http: &'a Http,
}

/// What was given to whoever has signed in by it.
pub(in super::super) struct Fetched {
    pub(in super::super) given: Given,
    pub(in super::super) account: Option<String>,
}

impl Hosted<'_> {
    /// Whether it can be asked, and what it says of itself.
    pub(in super::super) async fn about(&self) -> Result<About, ServiceError> {
        let request = http::Request::get(self.at(path::ABOUT));
        match self.ask(request, Vec::new()).await? {
            Ok(about) => Ok(plainly(about)),
            Err(no) => Err(self.no(&no, "")),
        }
    }

    /// Where somebody goes who begins.
    pub(in super::super) async fn begin(
        &self,
        (provider, send_by): (Provider, SendBy),
        back: &str,
        [state, verifier]: [&str; 2],
        opener: &Opener,
    ) -> Result<String, ServiceError> {
        let asked = wire::Begin {
            provider,
            send_by,
            back: back.to_owned(),
            state: state.to_owned(),
            challenge: sealed::challenge(verifier),
            seal_to: opener.public().to_owned(),
        };
        let begun: Result<wire::Begun, No> = self.post(path::BEGIN, &asked).await?;
        let to = begun.map_err(|no| self.no(&no, back))?.to;
        // Nobody is sent anywhere else by it.
        if to.strip_prefix(&self.service.address).is_some_and(|rest| rest.starts_with('/')) {
            Ok(to)
        } else {
            Err(self.unable("it leads to another address than its own"))
        }
    }

    /// What was given to somebody who is back.
    pub(in super::super) async fn fetch(
        &self,
        provider: Provider,
        handoff: &str,
        verifier: &str,
        opener: &Opener,
    ) -> Result<Fetched, AccountError> {
        let fetch = wire::Fetch { handoff: handoff.to_owned(), verifier: verifier.to_owned() };
        let answer: Result<wire::Sealed, No> = self.post(path::FETCH, &fetch).await?;
        let sealed = answer.map_err(|no| match no.error {
            Why::Stale => AccountError::Stale,
            Why::Grant => AccountError::NoCode(plain(&no.said)),
            Why::Provider => AccountError::Provider(plain(&no.said)),
            Why::NoAddress => AccountError::NoAddress,
            _ => self.no(&no, "").into(),
        })?;
        let about = sealed_about("fetch", provider);
        let tokens = self.opened(opener, &about, &sealed)?;
        Ok(Fetched { given: given(&tokens), account: tokens.account.clone() })
    }

    /// The next token. Where the answer is lost the service is asked again, by the same question.
    pub(in super::super) async fn renew(
        &self,
        provider: Provider,
        token: &str,
        question: &Question,
    ) -> Result<Given, Refusal> {
        let Question { name, opener } = question;
        let (question, token, seal_to) = (name.clone(), token.to_owned(), opener.public().to_owned());
        let renew = wire::Renew { question, provider, token, seal_to };
        let mut asked = self.post(path::RENEW, &renew).await;
        if matches!(asked, Err(ServiceError::Away { .. })) {
            asked = self.post(path::RENEW, &renew).await;
        }
        let answer: Result<wire::Sealed, No> = asked.map_err(refusal)?;
        let sealed = answer.map_err(|no| match no.error {
            Why::Grant => Refusal::Grant(plain(&no.said)),
            // It was the provider that could not be asked.
            Why::Provider => Refusal::Away(plain(&no.said)),
            _ => refusal(self.no(&no, "")),
        })?;
        let tokens = self.opened(opener, &sealed_about("renew", provider), &sealed).map_err(refusal)?;
        Ok(given(&tokens))
    }

    /// Ends a sign-in at the provider; false: that is done there, by its owner.
    pub(in super::super) async fn end(&self, provider: Provider, token: &str) -> Result<bool, AccountError> {
        let answer: Result<wire::Ended, No> =
            self.post(path::END, &wire::End { provider, token: token.to_owned() }).await?;
        Ok(answer.map_err(|no| self.no(&no, ""))?.told)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.service.address)
    }

    async fn post<A: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Result<A, No>, ServiceError> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        let request = http::Request::post(self.at(path));
        self.ask(request.header(http::header::CONTENT_TYPE, "application/json"), body).await
    }

    async fn ask<A: DeserializeOwned>(
        &self,
        request: http::request::Builder,
        body: Vec<u8>,
    ) -> Result<Result<A, No>, ServiceError> {
        let key = format!("Bearer {}", *self.service.key);
        let request = request.header(http::header::AUTHORIZATION, key).body(body);
        let request = request.map_err(|error| self.away(&asking::Unread::from(error)))?;
        let answer = self.http.ask_any(request).await.map_err(|error| self.away(&error))?;
        self.read(&answer)
    }

    fn read<A: DeserializeOwned>(&self, answer: &HttpResponse) -> Result<Result<A, No>, ServiceError> {
        if answer.status().is_success() {
            let read = serde_json::from_slice(answer.body());
            return read.map(Ok).map_err(|_| self.unable("its answer was not understood"));
        }
        // What is no word of a service says nothing of the sign-in.
        let strange =
            |_| self.unable(&format!("it answered {}; is a sign-in service there?", answer.status()));
        serde_json::from_slice(answer.body()).map(Err).map_err(strange)
    }

    fn opened(
        &self,
        opener: &Opener,
        about: &str,
        sealed: &wire::Sealed,
    ) -> Result<wire::Tokens, ServiceError> {
        let text = opener.open(about, &sealed.sealed);
        let read = text.and_then(|text| serde_json::from_slice(&text).ok());
        read.ok_or_else(|| self.unable("what it sent was not sealed for us"))
    }

    fn away(&self, error: &dyn std::error::Error) -> ServiceError {
        let (host, port) = self.service.host_and_port();
        ServiceError::Away { name: self.name(), host, port, why: asking::words(error) }
    }

    fn unable(&self, why: &str) -> ServiceError {
        ServiceError::Unable { name: self.name(), why: why.to_owned() }
    }

    fn no(&self, no: &No, back: &str) -> ServiceError {
        let (name, said) = (self.name(), plain(&no.said));
        match no.error {
            Why::Key => ServiceError::Key { name },
            Why::TooOften => ServiceError::TooOften { name },
            Why::NotOffered => ServiceError::NotOffered { name },
            Why::Client => ServiceError::AtFault { name, why: said },
            Why::AnotherAddress => ServiceError::AnotherAddress { name, known: said, ours: back.to_owned() },
            _ => ServiceError::Unable { name, why: said },
        }
    }

    fn name(&self) -> String {
        self.service.name.clone()
    }
}

/// Asks a service whether it knows us.
pub async fn test(service: &SignInService, config: &Config) -> Result<Answers, ServiceError> {
    let http = Http::patient(OF_SERVICE);
    let about = Hosted { service, http: &http }.about().await?;
    let ours = redirect::of_service(config, "");
    let ours = (about.returns_to != ours).then_some(ours);
    Ok(Answers { about, ours })
}

/// As it is shown to people.
fn plainly(about: About) -> About {
    let About { name, installation, returns_to, providers } = about;
    let [name, installation, returns_to] = [name, installation, returns_to].map(|one| name::shown(&one));
    About { name, installation, returns_to, providers }
}

#[expect(clippy::needless_pass_by_value, reason = "it is called with the error of a result")]
fn refusal(error: ServiceError) -> Refusal {
    let said = error.to_string();
    match error {
        ServiceError::Away { .. } => Refusal::ServiceAway(said),
        ServiceError::Key { .. } => Refusal::Key(said),
        ServiceError::NotOffered { .. } | ServiceError::AtFault { .. } => Refusal::ServiceAtFault(said),
        ServiceError::Unable { .. } | ServiceError::TooOften { .. } | ServiceError::AnotherAddress { .. } => {
            Refusal::ServiceUnable(said)
        }
    }
}

/// What is sealed about one exchange opens in no other.
pub(super) fn sealed_about(exchange: &str, provider: Provider) -> String {
    format!("{exchange} {}", provider.name())
}

fn given(tokens: &wire::Tokens) -> Given {
    Given {
        later_lasts: None,
        access: tokens.access.clone().into(),
        refresh: tokens.refresh.clone().map(Into::into),
        lasts: kept_for(Some(Duration::from_secs(tokens.lasts))),
        scopes: tokens.scopes.clone(),
        id_token: None,
    }
}

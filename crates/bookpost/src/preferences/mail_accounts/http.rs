//! Asking a provider over HTTP.

use std::{pin::Pin, sync::OnceLock, time::Duration};

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Client, Request, StatusCode, header};
use serde::de::DeserializeOwned;

use super::AccountError;
use crate::app::asking;

/// An answer of the provider has come by then.
const PATIENCE: Duration = Duration::from_secs(15);
/// No answer of a provider is larger.
const MOST: usize = 1 << 20;

/// Asks providers. It is made when somebody asks: where nobody has a client id, nothing that it needs may be missing.
pub(super) struct Http {
    client: OnceLock<Client>,
    patience: Duration,
}

impl Default for Http {
    fn default() -> Self {
        Self::patient(PATIENCE)
    }
}

/// Why an answer was not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error(transparent)]
    Unread(#[from] asking::Unread),
    /// It serves nobody for the moment: that says nothing of what it was asked.
    #[error("it answered {0}")]
    Away(StatusCode),
    #[error("it answered {0}")]
    Refused(StatusCode),
    #[error("its answer was not understood")]
    Unknown(#[from] serde_json::Error),
}

impl Http {
    /// Whoever is asked has answered by then.
    pub(super) fn patient(patience: Duration) -> Self {
        Self { client: OnceLock::new(), patience }
    }

    fn client(&self) -> Result<&Client, Unread> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let client = asking::client(self.patience).map_err(asking::Unread::from)?;
        Ok(self.client.get_or_init(|| client))
    }

    pub(super) fn get(&self, address: &str, token: Option<&str>) -> Result<Request, AccountError> {
        let mut request = self.client().map_err(provider_said)?.get(address);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.build().map_err(|error| provider_said(asking::Unread::from(error).into()))
    }

    /// A form with this token, and with the client's name and secret if they are asked for there.
    pub(super) fn revocation(
        &self,
        address: &str,
        client: Option<(&str, &str)>,
        token: &str,
    ) -> Result<Request, AccountError> {
        let body = format!("token={}", utf8_percent_encode(token, NON_ALPHANUMERIC));
        let client_of_http = self.client().map_err(provider_said)?;
        let form = "application/x-www-form-urlencoded";
        let mut request = client_of_http.post(address).header(header::CONTENT_TYPE, form).body(body);
        if let Some((id, secret)) = client {
            request = request.basic_auth(id, Some(secret));
        }
        request.build().map_err(|error| provider_said(asking::Unread::from(error).into()))
    }

    /// What it answers, if that is good.
    pub(super) async fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, Unread> {
        let answer = self.ask(request).await?;
        if answer.status().is_success() {
            Ok(serde_json::from_slice(answer.body())?)
        } else {
            Err(Unread::Refused(answer.status()))
        }
    }

    /// What is answered, whatever its status.
    pub(super) async fn ask_any(&self, request: HttpRequest) -> Result<HttpResponse, Unread> {
        let request = request.try_into().map_err(asking::Unread::from)?;
        Ok(asking::ask(self.client()?, request, MOST).await?)
    }

    pub(super) async fn ask(&self, request: Request) -> Result<HttpResponse, Unread> {
        let answer = asking::ask(self.client()?, request, MOST).await?;
        let status = answer.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Err(Unread::Away(status));
        }
        Ok(answer)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Unread;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Unread>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { self.ask(request.try_into().map_err(asking::Unread::from)?).await })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is called with the error of a result")]
pub(super) fn provider_said(error: Unread) -> AccountError {
    AccountError::Provider(asking::words(&error))
}

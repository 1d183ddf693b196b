//! How to speak to a configured server.

use mail::{
    Reason,
    smtp::client::{Login, Proof, Security, Settings},
};

use super::stream::ConnectError;
use crate::{
    config::{Encryption, Password, Server},
    preferences::mail_accounts::{NoToken, Shown},
};

/// Before a connection: nobody is asked with a password that cannot be read.
pub fn check_password(server: &Server) -> Result<(), ConnectError> {
    match &server.login {
        Some(login) if login.password == Password::Lost => Err(ConnectError {
            reason: Reason::PasswordLost,
            text: "it was sealed with another key than Bookpost has now".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The dialogue's settings for `server`.
pub fn settings(ehlo_name: &str, server: &Server) -> Settings {
    Settings {
        ehlo_name: ehlo_name.to_owned(),
        security: match (server.encryption, server.allow_non_secure) {
            (Encryption::Tls, _) => Security::ImplicitTls,
            (Encryption::StartTls, false) => Security::StartTlsRequired,
            (Encryption::StartTls, true) => Security::StartTlsIfOffered,
            (Encryption::Plain, _) => Security::Plain,
        },
        login: server.login.as_ref().and_then(|login| match &login.password {
            Password::Known(password) => Some(Login { user: login.user.clone(), password: password.clone() }),
            Password::Lost => None,
        }),
        proof: Proof::Password,
        password_on_plain: server.password_on_plain,
    }
}

/// The same for a server of a provider, which is shown a token.
pub fn with_token(settings: Settings, shown: &Shown) -> Settings {
    let login = Login { user: shown.user.clone(), password: shown.token.clone() };
    Settings { login: Some(login), proof: Proof::Token, ..settings }
}

impl From<NoToken> for ConnectError {
    fn from(NoToken { reason, text }: NoToken) -> Self {
        Self { reason, text }
    }
}

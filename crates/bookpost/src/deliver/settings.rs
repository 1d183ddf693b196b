//! How to speak to a configured server.

use mail::{
    Reason,
    smtp::client::{Login, Security, Settings},
};

use super::stream::ConnectError;
use crate::config::{Encryption, Password, Server};

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
        password_on_plain: server.password_on_plain,
    }
}

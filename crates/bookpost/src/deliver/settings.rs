//! How to speak to a configured server.

use mail::smtp::client::{Login, Security, Settings};

use crate::config::{Encryption, Server};

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
        login: server
            .login
            .as_ref()
            .map(|login| Login { user: login.user.clone(), password: login.password.clone() }),
        password_on_plain: server.password_on_plain,
    }
}

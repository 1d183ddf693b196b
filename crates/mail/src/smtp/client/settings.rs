//! How to speak to one server.

use crate::smtp::sasl::{Login, Proof};

/// What is to be reached before mail may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// No TLS, even where it is offered.
    Plain,
    /// STARTTLS or nothing.
    StartTlsRequired,
    /// STARTTLS where it is offered and not refused.
    StartTlsIfOffered,
    /// TLS is up before the greeting (RFC 8314).
    ImplicitTls,
}

/// How to speak to one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name that we give ourselves.
    pub ehlo_name: String,
    /// TLS or not.
    pub security: Security,
    /// Sign in with this; if that is not possible, nothing is attempted.
    pub login: Option<Login>,
    /// What stands in the place of its password.
    pub proof: Proof,
    /// It may be sent over a connection without TLS.
    pub password_on_plain: bool,
}

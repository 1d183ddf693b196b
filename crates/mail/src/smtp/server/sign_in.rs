//! The server's side of AUTH PLAIN (RFC 4616) and AUTH LOGIN, which is no standard, but all that some clients have.

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use super::replies;
use crate::smtp::sasl::Login;

/// Some clients leave the padding away.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What the next line of the client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exchange {
    Plain,
    LoginUser,
    LoginPassword { user: String },
}

/// What follows a line of the client.
#[derive(Debug)]
pub(super) enum Turn {
    /// Say this and wait for the next line.
    Ask(Exchange, &'static str),
    /// All is there.
    Given(Login),
    /// Over, with this reply.
    Refused(&'static str),
}

/// The AUTH command: the mechanism, and the first answer where the client gives it at once.
pub(super) fn begin(mechanism: &str, initial: Option<&str>) -> Turn {
    let (exchange, challenge) = match mechanism.to_ascii_uppercase().as_str() {
        "PLAIN" => (Exchange::Plain, "334 "),
        "LOGIN" => (Exchange::LoginUser, "334 VXNlcm5hbWU6"), // Username:
        _ => return Turn::Refused(replies::UNKNOWN_MECHANISM),
    };
    match initial {
        None => Turn::Ask(exchange, challenge),
        // An answer that is empty (RFC 4954 section 4).
        Some("=") => exchange.answer(""),
        Some(initial) => exchange.answer(initial),
    }
}

impl Exchange {
    /// Takes an answer of the client.
    pub(super) fn answer(self, line: &str) -> Turn {
        if line == "*" {
            return Turn::Refused(replies::CANCELLED);
        }
        let Some(text) = decoded(line) else { return Turn::Refused(replies::SYNTAX_BASE64) };
        match self {
            Self::Plain => plain(&text),
            Self::LoginUser => {
                Turn::Ask(Self::LoginPassword { user: text.to_string() }, "334 UGFzc3dvcmQ6") // Password:
            }
            Self::LoginPassword { user } => given(&user, &text),
        }
    }
}

/// `[authorization identity] NUL name NUL password`. Nobody acts for somebody else here.
fn plain(text: &str) -> Turn {
    match text.split('\0').collect::<Vec<_>>().as_slice() {
        [identity, user, password] if identity.is_empty() || identity == user => given(user, password),
        [_, _, _] => Turn::Refused(replies::WRONG_PASSWORD),
        _ => Turn::Refused(replies::SYNTAX_BASE64),
    }
}

fn given(user: &str, password: &str) -> Turn {
    let is_said = |text: &str| !text.is_empty() && !text.contains('\0');
    if !is_said(user) || !is_said(password) {
        return Turn::Refused(replies::SYNTAX_BASE64);
    }
    Turn::Given(Login { user: user.to_owned(), password: Zeroizing::new(password.to_owned()) })
}

fn decoded(line: &str) -> Option<Zeroizing<String>> {
    let octets = Zeroizing::new(BASE64.decode(line).ok()?);
    std::str::from_utf8(&octets).ok().map(|text| Zeroizing::new(text.to_owned()))
}

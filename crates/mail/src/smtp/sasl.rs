//! Sign-in by AUTH (RFC 4954): what is said for each mechanism.
//!
//! A mechanism is a row of `MECHANISMS` and its answers in [`Exchange::answer`]. XOAUTH2 and OAUTHBEARER, which need a
//! token in place of the password, will be two more.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::capabilities::Capabilities;

/// Login and password for a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name to sign in with.
    pub user: String,
    /// The password, wiped when dropped, never printed.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// How to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616
    Plain,
    /// Never a standard, but all that some servers have.
    Login,
}

/// The mechanisms, the preferred first.
const MECHANISMS: [(&str, Mechanism); 2] = [("PLAIN", Mechanism::Plain), ("LOGIN", Mechanism::Login)];

/// One sign-in under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    mechanism: Mechanism,
    answers: u8,
}

impl Exchange {
    /// The best mechanism that the server offers, if there is one that we know.
    pub fn choose(offered: &Capabilities) -> Option<Self> {
        let (_, mechanism) = MECHANISMS.into_iter().find(|(name, _)| offered.offers_auth(name))?;
        Some(Self { mechanism, answers: 0 })
    }

    /// The AUTH command, without its line end.
    pub fn command(&self, login: &Login) -> Zeroizing<String> {
        match self.mechanism {
            Mechanism::Plain => {
                let secret = Zeroizing::new(format!("\0{}\0{}", login.user, *login.password));
                Zeroizing::new(format!("AUTH PLAIN {}", *encoded(&secret)))
            }
            Mechanism::Login => Zeroizing::new("AUTH LOGIN".to_owned()),
        }
    }

    /// The answer to a 334, without its line end; `None` if the server asks more than the mechanism has answers.
    pub fn answer(&mut self, login: &Login) -> Option<Zeroizing<String>> {
        let answer = match (self.mechanism, self.answers) {
            (Mechanism::Login, 0) => encoded(&login.user),
            (Mechanism::Login, 1) => encoded(&login.password),
            _ => return None,
        };
        self.answers += 1;
        Some(answer)
    }
}

fn encoded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        Login { user: "tim".to_owned(), password: Zeroizing::new("tanstaaftanstaaf".to_owned()) }
    }

    fn offered(auth: &[&str]) -> Capabilities {
        Capabilities { auth: auth.iter().map(|&name| name.to_owned()).collect(), ..Capabilities::default() }
    }

    #[test]
    fn plain_is_preferred() {
        let chosen = |auth: &[&str]| Exchange::choose(&offered(auth)).map(|exchange| exchange.mechanism);
        assert_eq!(chosen(&["LOGIN", "PLAIN"]), Some(Mechanism::Plain));
        assert_eq!(chosen(&["CRAM-MD5", "LOGIN"]), Some(Mechanism::Login));
        assert_eq!(chosen(&["GSSAPI"]), None);
    }

    /// The example of RFC 4616 section 4.
    #[test]
    fn plain_in_one_line() {
        let mut exchange = Exchange::choose(&offered(&["PLAIN"])).unwrap();
        assert_eq!(*exchange.command(&login()), "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        assert_eq!(exchange.answer(&login()), None);
    }

    #[test]
    fn login_in_three() {
        let mut exchange = Exchange::choose(&offered(&["LOGIN"])).unwrap();
        assert_eq!(*exchange.command(&login()), "AUTH LOGIN");
        assert_eq!(exchange.answer(&login()).unwrap().as_str(), "dGlt");
        assert_eq!(exchange.answer(&login()).unwrap().as_str(), "dGFuc3RhYWZ0YW5zdGFhZg==");
        assert_eq!(exchange.answer(&login()), None);
    }

    #[test]
    fn the_login_is_never_printed() {
        assert_eq!(format!("{:?}", login()), "Login { .. }");
    }
}

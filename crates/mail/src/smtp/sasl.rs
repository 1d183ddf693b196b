//! Sign-in by AUTH (RFC 4954): what is said for each mechanism.
//!
//! A mechanism is a row of `MECHANISMS` and its answers in [`Exchange::answer`]. OAUTHBEARER (RFC 7628) and XOAUTH2, which is Google's
//! and Microsoft's own, show a token in place of a password.

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

/// What stands in the place of the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proof {
    /// The password.
    #[default]
    Password,
    /// An access token (RFC 6749 section 1.4) of whoever has signed in at the provider. It is never shown where a password is asked for.
    Token,
}

/// How to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4616
    Plain,
    /// Never a standard, but all that some servers have.
    Login,
    /// RFC 7628
    OAuthBearer,
    /// As Google and Microsoft describe it.
    XOAuth2,
}

/// The mechanisms, the preferred first.
const MECHANISMS: [(&str, Mechanism, Proof); 4] = [
    ("PLAIN", Mechanism::Plain, Proof::Password),
    ("LOGIN", Mechanism::Login, Proof::Password),
    ("OAUTHBEARER", Mechanism::OAuthBearer, Proof::Token),
    ("XOAUTH2", Mechanism::XOAuth2, Proof::Token),
];

/// One sign-in under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    mechanism: Mechanism,
    answers: u8,
}

impl Exchange {
    /// The best mechanism for this proof that the server offers, if there is one that we know.
    pub fn choose(offered: &Capabilities, proof: Proof) -> Option<Self> {
        let mut fit = MECHANISMS.into_iter().filter(|(_, _, shown)| *shown == proof);
        let (_, mechanism, _) = fit.find(|(name, ..)| offered.offers_auth(name))?;
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
            Mechanism::OAuthBearer => {
                let (user, token) = (sasl_name(&login.user), &*login.password);
                let secret = Zeroizing::new(format!("n,a={user},\x01auth=Bearer {token}\x01\x01"));
                Zeroizing::new(format!("AUTH OAUTHBEARER {}", *encoded(&secret)))
            }
            Mechanism::XOAuth2 => {
                let (user, token) = (&login.user, &*login.password);
                let secret = Zeroizing::new(format!("user={user}\x01auth=Bearer {token}\x01\x01"));
                Zeroizing::new(format!("AUTH XOAUTH2 {}", *encoded(&secret)))
            }
        }
    }

    /// The answer to a 334, without its line end; `None` if the server asks more than the mechanism has answers.
    pub fn answer(&mut self, login: &Login) -> Option<Zeroizing<String>> {
        let answer = match (self.mechanism, self.answers) {
            (Mechanism::Login, 0) => encoded(&login.user),
            (Mechanism::Login, 1) => encoded(&login.password),
            // The server has said why it does not take the token, and says no only after this (RFC 7628 section 3.2.3).
            (Mechanism::OAuthBearer, 0) => encoded("\x01"),
            (Mechanism::XOAuth2, 0) => Zeroizing::default(),
            _ => return None,
        };
        self.answers += 1;
        Some(answer)
    }
}

/// A name within a list of names (RFC 5801 section 4).
fn sasl_name(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
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
        let chosen = |auth: &[&str]| {
            Exchange::choose(&offered(auth), Proof::Password).map(|exchange| exchange.mechanism)
        };
        assert_eq!(chosen(&["LOGIN", "PLAIN"]), Some(Mechanism::Plain));
        assert_eq!(chosen(&["CRAM-MD5", "LOGIN"]), Some(Mechanism::Login));
        assert_eq!(chosen(&["GSSAPI"]), None);
    }

    /// The example of RFC 4616 section 4.
    #[test]
    fn plain_in_one_line() {
        let mut exchange = Exchange::choose(&offered(&["PLAIN"]), Proof::Password).unwrap();
        assert_eq!(*exchange.command(&login()), "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        assert_eq!(exchange.answer(&login()), None);
    }

    #[test]
    fn login_in_three() {
        let mut exchange = Exchange::choose(&offered(&["LOGIN"]), Proof::Password).unwrap();
        assert_eq!(*exchange.command(&login()), "AUTH LOGIN");
        assert_eq!(exchange.answer(&login()).unwrap().as_str(), "dGlt");
        assert_eq!(exchange.answer(&login()).unwrap().as_str(), "dGFuc3RhYWZ0YW5zdGFhZg==");
        assert_eq!(exchange.answer(&login()), None);
    }

    #[test]
    fn a_token_is_shown_to_nobody_who_wants_a_password() {
        let chosen = |auth: &[&str], proof| Exchange::choose(&offered(auth), proof).map(|one| one.mechanism);
        let all = ["LOGIN", "PLAIN", "XOAUTH2", "OAUTHBEARER"];
        assert_eq!(chosen(&all, Proof::Token), Some(Mechanism::OAuthBearer));
        assert_eq!(chosen(&all, Proof::Password), Some(Mechanism::Plain));
        assert_eq!(chosen(&["LOGIN", "XOAUTH2"], Proof::Token), Some(Mechanism::XOAuth2));
        assert_eq!(chosen(&["LOGIN", "PLAIN"], Proof::Token), None);
        assert_eq!(chosen(&["XOAUTH2", "OAUTHBEARER"], Proof::Password), None);
    }

    /// The example of Google's description, and that of RFC 7628 section 4.1 without its host and port.
    #[test]
    fn a_token_in_one_line() {
        let login =
            |user: &str, token: &str| Login { user: user.to_owned(), password: token.to_owned().into() };
        let google = login("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
        let mut exchange = Exchange::choose(&offered(&["XOAUTH2"]), Proof::Token).unwrap();
        assert_eq!(
            *exchange.command(&google),
            "AUTH XOAUTH2 dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="
        );
        assert_eq!(exchange.answer(&google).unwrap().as_str(), "");
        assert_eq!(exchange.answer(&google), None);
        let mut exchange = Exchange::choose(&offered(&["OAUTHBEARER"]), Proof::Token).unwrap();
        let odd = login("a=b,c@example.com", "vF9dft4qmT");
        let said = exchange.command(&odd).replace("AUTH OAUTHBEARER ", "");
        let said = String::from_utf8(STANDARD.decode(said).unwrap()).unwrap();
        assert_eq!(said, "n,a=a=3Db=2Cc@example.com,\x01auth=Bearer vF9dft4qmT\x01\x01");
        assert_eq!(exchange.answer(&odd).unwrap().as_str(), "AQ==");
        assert_eq!(exchange.answer(&odd), None);
    }

    #[test]
    fn the_login_is_never_printed() {
        assert_eq!(format!("{:?}", login()), "Login { .. }");
    }
}

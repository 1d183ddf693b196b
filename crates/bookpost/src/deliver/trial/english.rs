//! Advice in English, for the command line.

use std::fmt::{self, Display};

use jiff::Timestamp;

use super::advice::{Advice, Place, listed};
use crate::config::Encryption;

impl Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match fixed(self) {
            Some(text) => f.write_str(text),
            None if is_of_certificate(self) => of_certificate(self, f),
            None => of_port(self, f),
        }
    }
}

/// What always reads the same.
fn fixed(advice: &Advice) -> Option<&'static str> {
    Some(match advice {
        Advice::CheckAddress => {
            "Look for a typing mistake in the address that the test was sent to, or try another one."
        }
        Advice::SeeWhetherItArrived => "See whether it arrived before you test again.",
        Advice::AgainLater => {
            "Test again in some minutes: many servers put off the first mail from somebody new. If it \
             stays so, tell your IT person."
        }
        Advice::AgainOrShowAnswer => {
            "Test again in some minutes. If it stays so, show the server's own words to your IT \
             person."
        }
        Advice::CheckServerName => {
            "Look for a typing mistake in the server's address, or ask whoever runs it for the right one."
        }
        Advice::AgainOrTell => "Test again in some minutes. If it stays so, tell your IT person.",
        Advice::GoogleAppPassword => {
            "Use an app password: Google takes no usual password here. Switch on 2-Step Verification \
             for this Google account, make an app password at myaccount.google.com/apppasswords, and \
             enter it in the place of the password."
        }
        Advice::MicrosoftSignInOff => {
            "Microsoft has switched off sign-in with a password (SMTP AUTH) for this mailbox. Ask the \
             administrator of Microsoft 365 whether \"Authenticated SMTP\" can still be switched on \
             for it; if not, send through another server."
        }
        Advice::MicrosoftLogin => {
            "Check login and password: the login is the whole mail address. Where the account asks \
             for a second proof, or has sign-in with a password (SMTP AUTH) switched off, Microsoft \
             refuses the right password too: ask the administrator of Microsoft 365."
        }
        Advice::CheckLogin => {
            "Check login and password. The login is often the whole mail address, and some providers \
             want a password of its own for programs (app password)."
        }
        Advice::AllowAtGoogle => {
            "Have this computer's public address allowed in the Google Admin console: Apps > Google \
             Workspace > Gmail > Routing > SMTP relay service."
        }
        Advice::SelfSigned => {
            "The server has signed its proof of identity (certificate) itself. If that is meant, save \
             the certificate in a file, name the file in the settings file of Bookpost as `ca_file` below \
             `[server1]` (or `[server2]`), and start Bookpost again."
        }
        _ => return None,
    })
}

fn is_of_certificate(advice: &Advice) -> bool {
    matches!(
        advice,
        Advice::NotYetGood { .. }
            | Advice::OutOfDate { .. }
            | Advice::WrongName { .. }
            | Advice::UnknownIssuer(_)
    )
}

fn of_certificate(advice: &Advice, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match advice {
        Advice::NotYetGood { from, today } => write!(
            f,
            "The proof of identity (certificate) is good only from {} on, and this computer takes \
             today for {}. Check the date on this computer.",
            day(*from),
            day(*today)
        ),
        Advice::OutOfDate { until, today } => write!(
            f,
            "The proof of identity (certificate) was good until {}. Have it renewed by whoever runs \
             the mail server. If that day is still to come, the date on this computer is wrong: it \
             takes today for {}.",
            day(*until),
            day(*today)
        ),
        Advice::WrongName { names, more, host } => {
            write!(f, "The proof of identity (certificate) is for {}", names.join(", "))?;
            if *more > 0 {
                write!(f, " and {more} more")?;
            }
            write!(f, ", and not for {host}. ")?;
            match advice.one_name() {
                Some(name) => write!(f, "Enter the server by that name: {name}."),
                None => f.write_str("Enter the server by one of these names."),
            }
        }
        Advice::UnknownIssuer(issuer) => write!(
            f,
            "The proof of identity (certificate) was signed by \"{issuer}\", whom this computer does \
             not know. If that is your own authority, save \
             its certificate in a file, name the file in the settings file of Bookpost as `ca_file` below \
             `[server1]` (or `[server2]`), and start Bookpost again."
        ),
        _ => Ok(()),
    }
}

fn of_port(advice: &Advice, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match advice {
        Advice::PasswordWithheld(place) => {
            let place = said(place.as_ref(), "Choose an encrypted connection, or remove the login.");
            write!(
                f,
                "The connection is not encrypted, and the password is never sent where others could \
                 read it. {place}"
            )
        }
        Advice::NoSignIn { port, elsewhere } => {
            let elsewhere = said(elsewhere.as_ref(), "Remove the login, if the server needs none.");
            write!(f, "The server has no sign-in on port {port}. {elsewhere}")
        }
        Advice::OtherSignIn(offered) => write!(
            f,
            "The server offers only ways to sign in that Bookpost does not have ({offered}). Have it \
             offer PLAIN or LOGIN."
        ),
        Advice::OtherEncryption(Place { port, encryption: Encryption::Tls, .. }) => {
            write!(
                f,
                "Port {port} speaks encryption from the start: choose {} for it.",
                words(Encryption::Tls)
            )
        }
        Advice::OtherEncryption(Place { port, encryption, .. }) => write!(
            f,
            "Port {port} begins without encryption and then changes to it: choose {} for it.",
            words(*encryption)
        ),
        Advice::NoEncryption { port, elsewhere } => {
            let elsewhere = said(
                elsewhere.as_ref(),
                "Have it switched on there. Allow Non-Secure Connections only where nobody can \
                 listen: patrons' names and titles could be read on the way.",
            );
            write!(f, "The server offers no encryption on port {port}. {elsewhere}")
        }
        Advice::NothingAnswers { port, elsewhere } => {
            write!(f, "Nothing answers on port {port}. {elsewhere}")
        }
        Advice::NothingAnywhere(ports) => write!(
            f,
            "Nothing answers on port {}. Look for a typing mistake in the server's name, and have your IT \
             person check that the server runs and that no firewall is in the way.",
            listed(ports, "or")
        ),
        Advice::NoMailServer { port, elsewhere } => {
            write!(f, "What answers on port {port} is not a mail server that takes our mail. {elsewhere}")
        }
        _ => Ok(()),
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, encryption, here } = *self;
        let encryption = words(encryption);
        if here {
            write!(f, "Choose {encryption} for port {port}.")
        } else {
            write!(f, "Port {port} answers: choose port {port} and {encryption}.")
        }
    }
}

fn said(place: Option<&Place>, otherwise: &str) -> String {
    place.map_or_else(|| otherwise.to_owned(), ToString::to_string)
}

/// As the page says it, and the setting.
fn words(encryption: Encryption) -> String {
    format!("\"{}\" (encryption = \"{}\")", encryption.plain_words(), encryption.name())
}

fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}

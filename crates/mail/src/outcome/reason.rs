//! Why something went as it did: one stable code for the database, one sentence for the librarian, one for what is done.

use serde::{Deserialize, Serialize};

/// Makes the enum and its three texts from one list, so that no reason can lack one of them.
macro_rules! reasons {
    ($($(#[$doc:meta])+ $name:ident $code:literal $words:literal $what:literal)+) => {
        /// Why, as a value that is stored and shown in plain words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])+ $name,)+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code under which it is stored; it never changes.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What happened, in a librarian's words: one sentence.
            pub fn plain_words(&self) -> &'static str {
                match self { $(Self::$name => $words,)+ }
            }

            /// What the library does about it: one sentence.
            pub fn what_to_do(&self) -> &'static str {
                match self { $(Self::$name => $what,)+ }
            }
        }
    };
}

impl Reason {
    /// The reason stored as `code`.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == code)
    }

    /// Whether it only puts mail off: what comes back with this reason comes back because its time was over.
    pub fn is_wait(self) -> bool {
        !matches!(
            self,
            Self::AddressUnknown
                | Self::DomainUnknown
                | Self::MailboxDisabled
                | Self::TooLarge
                | Self::SenderRefused
                | Self::NamesOthers
                | Self::OnlySome
                | Self::OneOfThem
                | Self::Reputation
                | Self::Utf8Unsupported
                | Self::HeaderUtf8Unsupported
                | Self::ConversionUnsupported
                | Self::Refused
                | Self::Expired
                | Self::Broke
                | Self::ByPerson
                | Self::FromBackup
                | Self::ItemsReturned
                | Self::Replaced
        )
    }
}

reasons! {
    /// The address does not exist.
    AddressUnknown "address_unknown" "The address does not exist."
        "Ask the patron for the right address and correct it on the patron's record."
    /// The recipient's domain does not exist or takes no mail.
    DomainUnknown "domain_unknown" "The part after the @ does not exist, or takes no mail."
        "Look for a typing mistake after the @ on the patron's record."
    /// The mailbox exists and was closed.
    MailboxDisabled "mailbox_disabled" "The mailbox has been closed."
        "Ask the patron for another address and correct it on the patron's record."
    /// The mailbox is full.
    MailboxFull "mailbox_full" "The mailbox is full."
        "Tell the patron that the mailbox takes no more mail, or ask for another address."
    /// Larger than the server takes.
    TooLarge "too_large" "The message is larger than the mail server takes."
        "Shorten the text, or have the limit of the mail server raised."
    /// Asked to come back later (greylisting and other 4xx).
    TryLater "try_later" "The mail server asked us to come back later."
        "Nothing: it is tried again by itself."
    /// Too many recipients at once.
    TooManyRecipients "too_many_recipients" "The mail server takes fewer recipients at a time."
        "Nothing: the others are sent in smaller groups."
    /// The server refuses this sender.
    SenderRefused "sender_refused" "The mail server does not let us send from this library's address."
        "Check the library's email address, and have the sign-in allowed to send from it."
    /// Refused as spam, or for SPF, DKIM, DMARC.
    Reputation "reputation" "The message was taken for unwanted mail."
        "Have your IT person check the sender's domain (SPF, DKIM, DMARC) and block lists."
    /// Asked to slow down.
    TooFast "too_fast" "The mail server asked us to send more slowly."
        "Nothing: sending goes on more slowly by itself."
    /// The account's allowance is used up.
    QuotaUsedUp "quota_used_up" "The daily limit of the mail account is used up."
        "Nothing: the rest goes out when the limit is free again."
    /// As many as the library allows for this server were sent.
    LimitReached "limit_reached" "As many mails were sent as the library allows for the mail server in this time."
        "Nothing: the rest goes out bit by bit; the limit stands under Preferences > Setup > Email."
    /// Login or password not accepted.
    SignInRefused "sign_in_refused" "The mail server did not accept our password."
        "Enter login and password again under Preferences > Setup > Email."
    /// The server wants a sign-in and none is set.
    SignInRequired "sign_in_required" "The mail server wants us to sign in first."
        "Enter a login and password under Preferences > Setup > Email."
    /// The server could not check the sign-in for the moment.
    SignInUnavailable "sign_in_unavailable" "The mail server cannot check sign-ins at the moment."
        "Nothing: it is tried again by itself; the password is not to blame."
    /// A login is set, but the server offers no sign-in that may be used here.
    SignInImpossible "sign_in_impossible" "The mail server offers no safe way to sign in."
        "Choose an encrypted connection, or remove the login if the server needs none."
    /// A password that was sealed with a key that is gone.
    PasswordLost "password_lost" "The password for the mail server cannot be read any more."
        "Enter it again under Preferences > Setup > Email."
    /// The sign-in at the mail provider is over: revoked, too old, or the server takes no token of it.
    SignedOut "signed_out" "The mail provider has signed us out."
        "Sign in again under Preferences > Setup > Email."
    /// Nobody has signed in at the mail provider.
    NotSignedIn "not_signed_in" "Nobody has signed in at the mail provider yet."
        "Sign in under Preferences > Setup > Email."
    /// The mail provider does not know us by our client id and secret.
    ClientRefused "client_refused" "The mail provider does not know Bookpost by the client id and secret that were entered."
        "Have your IT person check both at the provider, and that the secret has not run out."
    /// The sign-in service does not know this installation by its key, or not any more.
    ServiceRefused "service_refused" "The sign-in service does not take the key of this installation."
        "Have your IT person enter another key, which whoever runs the sign-in service gives out."
    /// The sign-in service could not be asked.
    ServiceAway "service_away" "The sign-in service does not answer at the moment."
        "Nothing at first: it is asked again by itself; if it lasts, have your IT person test the connection."
    /// The sign-in service answers, and cannot do it for the moment.
    ServiceUnable "service_unable" "The sign-in service answers that it cannot help at the moment."
        "Nothing at first: it is asked again by itself; if it lasts, ask whoever runs the sign-in service."
    /// The sign-in service is not known to the provider, or serves this provider no more.
    ServiceAtFault "service_at_fault" "The sign-in service has a fault of its own, and whoever runs it must act."
        "Tell whoever runs the sign-in service; nothing is wrong with the sign-in here."
    /// The sign-in was given to another client, or by another sign-in service.
    OtherClient "other_client" "The sign-in was given for another client id or sign-in service than the one that is set now."
        "Sign in again under Preferences > Setup > Email, or have your IT person set the former one again."
    /// The mail server does not take a token that the provider has given a moment before.
    TokenRefused "token_refused" "The mail server does not take the sign-in that the mail provider gave us."
        "Have whoever administers the accounts allow this one to send by programs (SMTP), or sign in with another one."
    /// SMTP AUTH is switched off for the mailbox or the organisation.
    SmtpAuthOff "smtp_auth_off" "The mail provider does not let this account send by programs."
        "Have whoever administers the accounts switch on Authenticated SMTP for the mailbox, and for the organisation."
    /// What was agreed to at the provider does not cover the way in which mail is to leave.
    ScopeMissing "scope_missing" "The sign-in at the mail provider does not cover the way in which mail is to leave."
        "Sign in again under Preferences > Setup > Email, and agree to all that is asked."
    /// The service that takes mail over the web is not switched on for our client.
    ServiceOff "service_off" "The mail provider has not switched on for Bookpost the service that takes mail."
        "Have whoever entered Bookpost at the provider switch on there what it sends by (such as the Gmail API)."
    /// Whoever administers the accounts allows it not.
    ForbiddenThere "forbidden_there" "The mail provider does not allow this account to send in this way."
        "Have whoever administers the accounts allow it, or sign in with another one."
    /// The account has no mailbox.
    NoMailbox "no_mailbox" "The account that has signed in has no mailbox to send from."
        "Have a mailbox switched on for it, or sign in with another account."
    /// There is no envelope, and the header names other people than those it is for.
    NamesOthers "names_others"
        "The message names other people than those it is for, and this way of sending would write to them."
        "Have Google or Microsoft send by their mail server (SMTP), then send it after all."
    /// There is no envelope, and some of those whom the header names are to get it now, the others not.
    OnlySome "only_some"
        "Only some of its people are to get it now, and this way of sending writes to all of them or to none."
        "Have Google or Microsoft send by their mail server (SMTP), then send it after all."
    /// There is no envelope, and one of several addresses is not taken.
    OneOfThem "one_of_them"
        "One of its addresses is not taken, and this way of sending does not say which; nobody has got it."
        "Have Google or Microsoft send by their mail server (SMTP), then send it after all; it says which is wrong."
    /// The provider has ended passwords for programs.
    PasswordsEnded "passwords_ended" "The mail provider takes no passwords from programs any more."
        "Choose Google or Microsoft under Preferences > Setup > Email, and sign in there."
    /// The server does not relay for us.
    RelayDenied "relay_denied" "The mail server does not pass on mail for us."
        "Check the sign-in, and have this computer allowed to send through the mail server."
    /// Name not found.
    HostNotFound "host_not_found" "There is no mail server by this name."
        "Check the name of the mail server under Preferences > Setup > Email."
    /// The name could not be looked up for the moment.
    NameLookupFailed "name_lookup_failed" "The name of the mail server could not be looked up."
        "Have your IT person check the network and its name server (DNS) on this computer."
    /// No connection.
    Unreachable "unreachable" "The mail server cannot be reached."
        "Have your IT person check that the mail server runs, its port, and the firewall."
    /// The server did not answer in time.
    TimedOut "timed_out" "The mail server did not answer in time."
        "Nothing at first: it is tried again by itself; if it lasts, tell your IT person."
    /// The connection broke.
    ConnectionLost "connection_lost" "The connection to the mail server broke."
        "Nothing at first: it is tried again by itself; if it lasts, tell your IT person."
    /// TLS is needed and could not be had.
    TlsUnavailable "tls_unavailable" "An encrypted connection to the mail server could not be made."
        "Have your IT person check the port and the encryption of the mail server."
    /// The server's certificate does not prove its identity.
    CertificateRefused "certificate_refused" "The mail server could not prove its identity."
        "Have your IT person look at the mail server's certificate."
    /// The server's certificate has run out.
    CertificateExpired "certificate_expired" "The mail server's proof of identity has run out."
        "Have the mail server's certificate renewed, and check the date on this computer."
    /// The server's certificate is for another name.
    CertificateWrongName "certificate_wrong_name" "The mail server's proof of identity is for another name."
        "Enter the mail server by the name that stands in its certificate."
    /// The server's certificate was signed by nobody whom this computer trusts.
    CertificateUnknownIssuer "certificate_unknown_issuer"
        "The mail server's proof of identity comes from nobody we know."
        "Have your IT person give Bookpost the certificate of the authority that signed it."
    /// The server as a whole refuses or cannot serve.
    ServerRefuses "server_refuses" "The mail server takes no mail at the moment."
        "Tell your IT person if it lasts; the mail is kept and goes out afterwards."
    /// The server is short of storage.
    ServerFull "server_full" "The mail server has no room at the moment."
        "Tell the people who run the mail server; the mail is kept and goes out afterwards."
    /// The server broke the rules of SMTP, or did not understand us.
    ProtocolViolation "protocol_violation" "The mail server answered in a way that we do not understand."
        "Have your IT person check that the address and port lead to a mail server."
    /// The address needs SMTPUTF8, which the server lacks.
    Utf8Unsupported "utf8_unsupported" "The mail server cannot send to an address with these letters."
        "Ask the patron for an address in plain letters, or have SMTPUTF8 switched on at the mail server."
    /// The header of the message needs SMTPUTF8, which the server lacks.
    HeaderUtf8Unsupported "header_utf8_unsupported"
        "The mail server cannot take the letters in the header of the message."
        "Have SMTPUTF8 switched on at the mail server, or the program that sends it encode its header."
    /// The server takes 7-bit mail only, and the message must stay as it is.
    ConversionUnsupported "conversion_unsupported"
        "The mail server cannot take the message as it is, and it must not be changed."
        "Have 8BITMIME switched on at the mail server, or the message sent without a signature."
    /// Refused, with no more known.
    Refused "refused" "The mail server refused the message."
        "Read the server's own answer, or show it to your IT person."
    /// The answer to the whole message was never read.
    AnswerUnknown "answer_unknown"
        "It may have arrived: the connection broke while the server was answering."
        "Ask the patron, or look at the mail server, before you send it again."
    /// 100 hours are over.
    Expired "expired" "It could not be delivered in the time allowed."
        "Read the last answer, then send again or reach the patron another way."
    /// Three strikes: attempting it broke the program.
    Broke "broke" "Something in this message keeps Bookpost from sending it."
        "Show it to your IT person; the other messages are not affected."
    /// Asked for by a person, or by the application that handed it in.
    ByPerson "by_person" "A person decided this, or the program that sent it."
        "If the patron should hear of it all the same, tell them in another way."
    /// It was not finished when the queue was copied, and the copy is in use now.
    FromBackup "from_backup" "It was unfinished in the backup, and may have been sent since."
        "Look whether it was sent, then send it after all or do not."
    /// A notice none of whose items is in a newer export.
    ItemsReturned "items_returned" "Its items are no longer in a newer export."
        "Nothing: if an item is overdue after all, the next run writes about it."
    /// A notice in whose place a later run wrote another one.
    Replaced "replaced" "A newer notice was written in its place, about the items that are still overdue."
        "Nothing: the newer notice is among the mail of the later run."
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_stable_and_read_back() {
        for &reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
            let code = format!("{reason:?}").chars().fold(String::new(), |mut code, c| {
                if c.is_uppercase() && !code.is_empty() {
                    code.push('_');
                }
                code.push(c.to_ascii_lowercase());
                code
            });
            assert_eq!(reason.as_str(), code);
        }
        assert_eq!(Reason::parse("no_such_reason"), None);
    }

    #[test]
    fn every_text_is_one_sentence_in_plain_words() {
        let mut said = HashSet::new();
        for reason in Reason::ALL {
            for text in [reason.plain_words(), reason.what_to_do()] {
                assert!(text.ends_with('.') && text.len() < 110, "{text}");
                assert!(text.starts_with(|c: char| c.is_ascii_uppercase()), "{text}");
            }
            assert!(said.insert(reason.plain_words()), "said twice: {}", reason.plain_words());
            for ours in ["bounce", "relay", "route", "SMTP ", "TLS", "host", "quota", "defer"] {
                assert!(!reason.plain_words().contains(ours), "{}", reason.plain_words());
            }
        }
    }
}

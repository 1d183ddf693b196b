//! What a negative reply means, as a table. Rows are tried from the top; an enhanced code beats the phase, and what is
//! known of a provider's wording beats both. To teach Bookpost a new answer, add a row and its text to the tests.

use super::{
    Action::{self, HoldSender, OpenBreaker, Pause, Retry, Return, SlowDown, Split},
    Judgement,
    Phase::{self, Auth, Connect, Data, Dot, Ehlo, Greeting, Mail, Rcpt, StartTls, Tls},
    Reason,
    Scope::{self, Account, Message, Quota, Rate, Recipient, Reputation, Route, Sender, Transaction},
};
use crate::{EnhancedStatusCode, Reply};

/// One row: when all four columns fit, the last one is the judgement. An empty column fits everything.
struct Row {
    /// Reply codes, first and last of a range.
    codes: (u16, u16),
    /// Enhanced codes; `*` stands for any part, `none` for a reply without one.
    enhanced: &'static [&'static str],
    /// Any of these stands in the text, in lower case; `*` stands for anything between two words. Addresses in the
    /// text are not looked at.
    words: &'static [&'static str],
    /// Where the reply was read.
    phases: &'static [Phase],
    /// The judgement.
    then: (Scope, Action, Reason),
}

const fn row(
    codes: (u16, u16),
    enhanced: &'static [&'static str],
    words: &'static [&'static str],
    phases: &'static [Phase],
    then: (Scope, Action, Reason),
) -> Row {
    Row { codes, enhanced, words, phases, then }
}

const TRANSIENT: (u16, u16) = (400, 499);
const PERMANENT: (u16, u16) = (500, 599);
const NEGATIVE: (u16, u16) = (400, 599);
const fn only(code: u16) -> (u16, u16) {
    (code, code)
}
const ANY: &[&str] = &[];
const NONE: &[&str] = &["none"];

const EVERYWHERE: &[Phase] = &[];
const BEFORE_MAIL: &[Phase] = &[Connect, Tls, Greeting, Ehlo, StartTls];
const OPENING: &[Phase] = &[Greeting, Ehlo, StartTls];
const PATHS: &[Phase] = &[Mail, Rcpt];
const FROM_RCPT: &[Phase] = &[Rcpt, Data, Dot];
const FROM_MAIL: &[Phase] = &[Mail, Rcpt, Data, Dot];

/// Signs of a block list or of SPF, DKIM, DMARC that are safe to trust without an enhanced code.
const UNWANTED: &[&str] = &[
    "spam",
    "block list",
    "blocklist",
    "black list",
    "blacklist",
    "dnsbl",
    "spf ",
    "dkim",
    "dmarc",
    "reputation",
    "unsolicited",
    "blocked using",
    "bulk mail",
    "banned sender",
    "unauthenticated email",
    "sender policy framework",
];
const STORAGE: &[&str] = &["storage", "no space", "disk", "space shortage", "not enough space"];
const FULL: &[&str] = &[
    "mailbox*full",
    "over quota",
    "quota exceeded",
    "exceeded*quota",
    "out of storage",
    "inbox*full",
    "mailbox size limit",
];

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Ours to put right: relaying, encryption and sign-in.
    row(NEGATIVE, ANY, &["must issue a starttls", "starttls first", "encryption required", "encryption needed", "requires tls"], EVERYWHERE,
        (Account, OpenBreaker, Reason::TlsUnavailable)),
    row(NEGATIVE, &["*.7.0", "*.7.1", "*.7.54", "*.7.64", "*.4.*", "none"],
        &["relay access denied", "relay denied", "relaying denied", "relay not permitted", "relay not allowed", "relaying not allowed", "relaying is not allowed",
          "unable to relay", "not permitted to relay", "not allowed to relay", "credentials for relay", "does not relay", "relaying*prohibited", "allowed rcpthosts"], EVERYWHERE,
        (Account, OpenBreaker, Reason::RelayDenied)),
    row(NEGATIVE, &["*.7.0", "*.7.1", "*.7.3", "*.7.57", "*.5.1", "*.5.4", "none"],
        &["authentication required", "authentication is required", "client not authenticated", "client was not authenticated", "you are not authenticated", "authenticate first", "auth first", "log in first", "sign in first"], EVERYWHERE,
        (Account, OpenBreaker, Reason::SignInRequired)),

    // Postfix says at RCPT what it thinks of our machine; no recipient may be returned for it.
    row(PERMANENT, ANY, &["client host rejected"], EVERYWHERE, (Account, OpenBreaker, Reason::RelayDenied)),
    row(PERMANENT, ANY, &["helo command rejected"], EVERYWHERE, (Route, OpenBreaker, Reason::ServerRefuses)),

    // Who the mail is from.
    row(PERMANENT, ANY, &["sendasdenied", "not allowed to send as", "permissions to send as", "not authorized to send on behalf"], FROM_MAIL,
        (Sender, HoldSender, Reason::SenderRefused)),
    // Postfix waits until RCPT with what it thinks of MAIL, and gives it the code of whatever it looked up.
    row(PERMANENT, ANY, &["sender address rejected"], PATHS, (Sender, HoldSender, Reason::SenderRefused)),
    row(PERMANENT, &["5.7.1", "none"], &["not owned by", "your envelope sender", "sender verify failed", "sender*not allowed", "sender*not authorized"], PATHS,
        (Sender, HoldSender, Reason::SenderRefused)),
    row(PERMANENT, &["5.1.7", "5.1.8"], ANY, PATHS, (Sender, HoldSender, Reason::SenderRefused)),

    // The sign-in itself.
    row(NEGATIVE, ANY, &["too many login attempts", "too many authentication"], EVERYWHERE, (Rate, SlowDown, Reason::TooFast)),
    row(only(454), ANY, ANY, &[StartTls], (Route, OpenBreaker, Reason::TlsUnavailable)),
    row(PERMANENT, ANY, &["smtpclientauthentication is disabled"], EVERYWHERE, (Account, OpenBreaker, Reason::SmtpAuthOff)),
    row(PERMANENT, &["5.7.30"], ANY, EVERYWHERE, (Account, OpenBreaker, Reason::PasswordsEnded)),
    row(only(535), ANY, ANY, EVERYWHERE, (Account, OpenBreaker, Reason::SignInRefused)),
    row(only(534), ANY, ANY, EVERYWHERE, (Account, OpenBreaker, Reason::SignInRefused)),
    row(only(530), ANY, ANY, EVERYWHERE, (Account, OpenBreaker, Reason::SignInRequired)),
    row(only(538), ANY, ANY, EVERYWHERE, (Account, OpenBreaker, Reason::TlsUnavailable)),
    row(PERMANENT, &["5.7.8", "5.7.9", "5.7.139"], ANY, EVERYWHERE, (Account, OpenBreaker, Reason::SignInRefused)),

    // The account's allowance, then the pace.
    row(NEGATIVE, ANY, &["maximum sending rate"], EVERYWHERE, (Rate, SlowDown, Reason::TooFast)),
    row(NEGATIVE, &["5.4.5"], ANY, EVERYWHERE, (Quota, Pause, Reason::QuotaUsedUp)),
    row(PERMANENT, ANY, &["daily*limit", "daily*quota", "sending limit", "sending quota", "submissionquotaexceeded", "relay limit", "limit exceeded for customer"], EVERYWHERE,
        (Quota, Pause, Reason::QuotaUsedUp)),
    row(only(454), ANY, &["throttl", "quota", "limit"], EVERYWHERE, (Quota, Pause, Reason::QuotaUsedUp)),
    row(only(552), ANY, &["quota"], &[Auth, Mail], (Quota, Pause, Reason::QuotaUsedUp)),
    row(TRANSIENT, ANY,
        &["rate limit", "rate-limit", "ratelimit", "too many messages", "too much mail", "too many connections", "too many concurrent", "concurrent connections", "connection limit",
          "sending rate", "rate*exceeded", "slow down", "throttl", "peak", "too many recipients from", "thread limit"], EVERYWHERE,
        (Rate, SlowDown, Reason::TooFast)),
    row(only(421), ANY, &["not available", "unavailable", "shutting down", "shut down", "maintenance"], BEFORE_MAIL, (Route, OpenBreaker, Reason::ServerRefuses)),
    row(only(421), ANY, ANY, EVERYWHERE, (Rate, SlowDown, Reason::TooFast)),
    row(TRANSIENT, &["4.3.2"], ANY, FROM_MAIL, (Rate, SlowDown, Reason::TooFast)),

    // This grouping, this message, this address, where the text or the enhanced code says so.
    row(NEGATIVE, &["*.5.3"], ANY, FROM_RCPT, (Transaction, Split, Reason::TooManyRecipients)),
    row(NEGATIVE, ANY, &["too many recipients"], FROM_RCPT, (Transaction, Split, Reason::TooManyRecipients)),
    row(PERMANENT, &["5.6.7"], ANY, EVERYWHERE, (Recipient, Return, Reason::Utf8Unsupported)),
    row(PERMANENT, &["5.6.9"], ANY, EVERYWHERE, (Recipient, Return, Reason::HeaderUtf8Unsupported)),
    row(only(556), ANY, ANY, FROM_RCPT, (Recipient, Return, Reason::DomainUnknown)),
    row(PERMANENT, ANY, &["null mx"], FROM_RCPT, (Recipient, Return, Reason::DomainUnknown)),
    row(PERMANENT, &["5.1.2", "5.4.4"], ANY, FROM_RCPT, (Recipient, Return, Reason::DomainUnknown)),
    row(PERMANENT, &["5.1.1", "5.1.3", "5.1.6", "5.1.10", "5.1.0"], ANY, FROM_RCPT, (Recipient, Return, Reason::AddressUnknown)),
    row(PERMANENT, &["5.4.1"], &["recipient address rejected"], FROM_RCPT, (Recipient, Return, Reason::AddressUnknown)),
    row(NEGATIVE, &["*.2.2"], ANY, FROM_RCPT, (Recipient, Retry, Reason::MailboxFull)),
    row(NEGATIVE, &["*.2.*", "none"], FULL, FROM_RCPT, (Recipient, Retry, Reason::MailboxFull)),
    row(PERMANENT, &["5.2.1"], ANY, FROM_RCPT, (Recipient, Return, Reason::MailboxDisabled)),
    row(PERMANENT, &["5.3.4", "5.2.3"], ANY, FROM_MAIL, (Message, Return, Reason::TooLarge)),
    row(PERMANENT, &["none"], &["size exceeds", "size limit", "too large", "too big"], FROM_MAIL, (Message, Return, Reason::TooLarge)),
    row(only(552), NONE, ANY, &[Mail, Data, Dot], (Message, Return, Reason::TooLarge)),
    row(only(552), NONE, ANY, &[Rcpt], (Recipient, Retry, Reason::MailboxFull)),

    // The server's own want of room. A bare 452 to RCPT is the old sign for too many recipients (RFC 5321 section 4.5.3.1.10).
    row(TRANSIENT, &["4.3.1"], ANY, EVERYWHERE, (Route, SlowDown, Reason::ServerFull)),
    row(TRANSIENT, ANY, STORAGE, FROM_MAIL, (Route, SlowDown, Reason::ServerFull)),
    row(only(452), NONE, ANY, &[Rcpt], (Transaction, Split, Reason::TooManyRecipients)),
    row(only(452), NONE, ANY, &[Mail, Data, Dot], (Route, SlowDown, Reason::ServerFull)),

    // The sender's reputation: the address is not to blame.
    row(PERMANENT, &["5.7.20", "5.7.21", "5.7.22", "5.7.23", "5.7.24", "5.7.25", "5.7.26", "5.7.27", "5.7.28", "5.7.29", "5.7.509", "5.7.511", "5.7.515", "5.7.606", "5.7.708", "5.7.750"],
        ANY, EVERYWHERE, (Reputation, Return, Reason::Reputation)),
    row(PERMANENT, &["5.7.*", "none"], UNWANTED, FROM_MAIL, (Reputation, Return, Reason::Reputation)),

    // Before any message, the way to the server or the sign-in is to blame.
    row(TRANSIENT, ANY, ANY, &[Auth], (Account, OpenBreaker, Reason::SignInUnavailable)),
    row(only(504), ANY, ANY, &[Auth], (Account, OpenBreaker, Reason::SignInImpossible)),
    row(PERMANENT, ANY, ANY, &[Auth], (Account, OpenBreaker, Reason::SignInRefused)),
    row(PERMANENT, ANY, UNWANTED, OPENING, (Reputation, OpenBreaker, Reason::ServerRefuses)),
    row(NEGATIVE, ANY, ANY, BEFORE_MAIL, (Route, OpenBreaker, Reason::ServerRefuses)),

    // "Syntax error in parameters": an address that this server cannot read.
    row(only(501), NONE, ANY, &[Rcpt], (Recipient, Return, Reason::AddressUnknown)),
    row(only(501), NONE, ANY, &[Mail], (Sender, HoldSender, Reason::SenderRefused)),

    // "Bad sequence", "not understood": something between us and the server, nobody's address.
    row((500, 503), ANY, ANY, &[Mail, Rcpt, Data], (Message, Retry, Reason::ProtocolViolation)),

    // Nothing more is known: by phase.
    row(TRANSIENT, ANY, ANY, &[Rcpt], (Recipient, Retry, Reason::TryLater)),
    row(TRANSIENT, ANY, ANY, FROM_MAIL, (Message, Retry, Reason::TryLater)),
    row(PERMANENT, ANY, ANY, &[Mail], (Sender, HoldSender, Reason::SenderRefused)),
    row((550, 553), NONE, ANY, &[Rcpt], (Recipient, Return, Reason::AddressUnknown)),
    row(PERMANENT, ANY, ANY, &[Rcpt], (Recipient, Return, Reason::Refused)),
    row(PERMANENT, ANY, ANY, &[Data, Dot], (Message, Return, Reason::Refused)),
];

/// Judges a negative reply (4yz or 5yz) that was read in `phase`.
///
/// [`Action::Split`] makes sense only where an earlier recipient of the same transaction was taken; to a first recipient
/// it means [`Action::Retry`]. A reply that is not negative has no place where this is asked: a breach of the protocol.
pub fn judge(phase: Phase, reply: &Reply) -> Judgement {
    let text = without_addresses(&reply.text);
    let (scope, action, reason) = TABLE
        .iter()
        .find(|row| row.fits(phase, reply, &text))
        .map_or((Route, OpenBreaker, Reason::ProtocolViolation), |row| row.then);
    Judgement { scope, action, reason }
}

impl Row {
    fn fits(&self, phase: Phase, reply: &Reply, text: &str) -> bool {
        (self.codes.0..=self.codes.1).contains(&reply.code)
            && (self.phases.is_empty() || self.phases.contains(&phase))
            && (self.enhanced.is_empty()
                || self.enhanced.iter().any(|pattern| code_fits(pattern, reply.enhanced)))
            && (self.words.is_empty() || self.words.iter().any(|words| words_fit(words, text)))
    }
}

fn code_fits(pattern: &str, code: Option<EnhancedStatusCode>) -> bool {
    let Some(EnhancedStatusCode(class, subject, detail)) = code else {
        return pattern == "none";
    };
    let mut parts = pattern.split('.');
    [class, subject, detail]
        .into_iter()
        .all(|part| parts.next().is_some_and(|wanted| wanted == "*" || wanted.parse() == Ok(part)))
}

fn words_fit(words: &str, text: &str) -> bool {
    let mut rest = text;
    words.split('*').all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// The text in lower case on one line, without what stands in angle brackets or has an `@`: a patron called Spamer is not
/// a spammer.
fn without_addresses(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let named = word.contains('@') || (word.starts_with('<') && word.contains('>'));
        if !named {
            kept.push_str(&word.to_lowercase());
            kept.push(' ');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report tells by the reason whether mail came back for an answer or for its age.
    #[test]
    fn a_reason_is_a_wait_where_the_table_waits() {
        for row in TABLE {
            let (_, action, reason) = row.then;
            let ends = matches!(action, Return | HoldSender);
            assert_eq!(reason.is_wait(), !ends, "{reason:?} {action:?}");
        }
    }
}

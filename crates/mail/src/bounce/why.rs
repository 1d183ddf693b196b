//! Why something came back, as a reason that people are told.

use super::Happened;
use crate::{EnhancedStatusCode, Phase, Reason, Reply, Scope, outcome::judge};

/// What mail systems say in words alone of an address, and of what stands behind its @.
const NO_ADDRESS: [&str; 7] = [
    "user unknown",
    "unknown user",
    "no such user",
    "unrouteable address",
    "does not exist",
    "no mailbox here",
    "invalid recipient",
];
const NO_DOMAIN: [&str; 4] =
    ["host or domain name not found", "domain not found", "no mail host", "couldn't find any host"];
const FULL: [&str; 3] = ["mailbox is full", "mailbox full", "over quota"];
const LARGE: [&str; 3] = ["message size", "too large", "message is larger"];

/// What `words` and code say, judged as the answer of a server is.
pub(super) fn reason(
    happened: Happened,
    status: EnhancedStatusCode,
    words: &str,
    after_data: bool,
) -> Reason {
    let lower = words.to_lowercase();
    let says = |any: &[&str]| any.iter().any(|words| lower.contains(words));
    let vague = matches!(status, EnhancedStatusCode(_, 0, 0));
    let judged = judged(status, words, after_data);
    if let Happened::Delayed(_) = happened {
        return judged.filter(|reason| reason.is_wait()).unwrap_or(Reason::TryLater);
    }
    // Four days of "later", and then no more.
    let late = status.0 == 4 || matches!(status, EnhancedStatusCode(_, 4, 7)) || judged.is_some_and(is_late);
    match judged {
        Some(reason) if reason != Reason::Refused && !is_late(reason) => reason,
        _ if says(&NO_DOMAIN) => Reason::DomainUnknown,
        _ if vague && says(&NO_ADDRESS) => Reason::AddressUnknown,
        _ if vague && says(&FULL) => Reason::MailboxFull,
        _ if vague && says(&LARGE) => Reason::TooLarge,
        _ if late => Reason::Expired,
        _ => Reason::Refused,
    }
}

/// That a server asked for patience is no reason why it was given up in the end. A full mailbox is.
fn is_late(reason: Reason) -> bool {
    reason.is_wait() && reason != Reason::MailboxFull
}

/// By the table for answers. None: it blames what is between two servers, not this mail.
fn judged(status: EnhancedStatusCode, words: &str, after_data: bool) -> Option<Reason> {
    let said = words.parse::<Reply>().ok().filter(|reply| reply.code >= 400);
    let class = if status.0 == 4 { 450 } else { 550 };
    let vague = matches!(status, EnhancedStatusCode(_, 0, 0));
    if said.is_none() && vague {
        return None;
    }
    let mut reply = said.unwrap_or_else(|| Reply { code: class, enhanced: None, text: words.to_owned() });
    reply.enhanced = Some(status).filter(|_| !vague).or(reply.enhanced);
    let phase = if after_data { Phase::Dot } else { Phase::Rcpt };
    let judgement = judge(phase, &reply);
    let ours = matches!(judgement.scope, Scope::Recipient | Scope::Message | Scope::Reputation);
    ours.then_some(judgement.reason)
}

/// The words to people say that the whole message was refused, and no recipient.
pub(super) fn was_after_data(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["end of data", "in reply to data"].iter().any(|words| lower.contains(words))
}

/// The first code that stands in some words: `#5.1.1`, `550 5.1.1`.
pub(super) fn code_within(words: &str) -> Option<EnhancedStatusCode> {
    words.split_whitespace().find_map(|word| {
        let word = word.trim_matches(|c: char| !c.is_ascii_digit());
        let mut parts = word.split('.').map(|part| part.parse::<u16>().ok());
        let code = EnhancedStatusCode(parts.next()??, parts.next()??, parts.next()??);
        (parts.next().is_none() && matches!(code.0, 4 | 5) && code.1 < 8).then_some(code)
    })
}

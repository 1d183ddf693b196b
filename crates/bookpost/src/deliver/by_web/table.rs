//! What Gmail's and Microsoft Graph's answers to a message mean, as a table. Rows are tried from the top; words that a service documents beat
//! the status. To teach Bookpost a new answer, add a row and its text to the tests.
//!
//! An answer after the whole message went out is a no only if it stands here, and only where the service itself says it ([`says_no`]):
//! what nobody has documented leaves open what became of the message.
//!
//! Sources: "Resolve errors" of the Gmail API and of the Microsoft Graph mail API, and what each says of `messages.send` and `sendMail`.

use mail::{
    Action::{self, HoldSender, OpenBreaker, Pause, Return, SlowDown},
    Judgement, Phase, Reason, Reply,
    Scope::{self, Account, Message, Quota, Rate, Recipient, Route, Sender},
};

/// When the status fits, and any of the words stands in the text in lower case, the last column is the judgement.
type Row = (u16, &'static [&'static str], (Scope, Action, Reason));

const ANY: &[&str] = &[];
/// Fits every 4xx.
const EVERY: u16 = 0;

#[rustfmt::skip]
const NO: &[Row] = &[
    // The token: another one is shown first.
    (401, ANY, (Account, OpenBreaker, Reason::SignInRefused)),

    // The allowance of a day, then the pace. Google calls both a rate.
    (EVERY, &["dailylimitexceeded", "daily limit", "mail sending", "sending limit", "submissionquotaexceeded", "errorexceededmessagelimit"],
        (Quota, Pause, Reason::QuotaUsedUp)),
    (403, &["ratelimitexceeded", "quotaexceeded"], (Rate, SlowDown, Reason::TooFast)),
    (429, ANY, (Rate, SlowDown, Reason::TooFast)),

    // What the account, or the client, may do.
    (EVERY, &["errorsendasdenied", "invalid from header"], (Sender, HoldSender, Reason::SenderRefused)),
    (403, &["accessnotconfigured", "service_disabled"], (Account, OpenBreaker, Reason::ServiceOff)),
    (403, &["insufficientpermissions", "access_token_scope_insufficient", "erroraccessdenied", "authorization_requestdenied"],
        (Account, OpenBreaker, Reason::ScopeMissing)),
    (EVERY, &["mail service not enabled", "mailboxnotenabledforrestapi", "errornonexistentmailbox", "resourcenotfound"],
        (Account, OpenBreaker, Reason::NoMailbox)),
    (EVERY, &["domainpolicy", "errormessagesubmissionblocked", "delegation denied"],
        (Account, OpenBreaker, Reason::ForbiddenThere)),
    // Of the account, or passing; never of the message.
    (400, &["failedprecondition"], (Account, OpenBreaker, Reason::ForbiddenThere)),
    (EVERY, &["errorquotaexceeded"], (Account, OpenBreaker, Reason::ServerFull)),
    (507, &["errorquotaexceeded"], (Account, OpenBreaker, Reason::ServerFull)),

    // This address, this message.
    (400, &["invalid to header", "invalid cc header", "invalid bcc header", "recipient address required", "errorinvalidrecipients"],
        (Recipient, Return, Reason::AddressUnknown)),
    (EVERY, &["errormessagesizeexceeded"], (Message, Return, Reason::TooLarge)),
    (413, &["uploadtoolarge", "maximum request length"], (Message, Return, Reason::TooLarge)),
    // The coding is ours, whatever the message is.
    (400, &["errormimecontentinvalidbase64string"], (Route, OpenBreaker, Reason::ProtocolViolation)),
    (400, &["errormimecontentinvalid"], (Message, Return, Reason::Refused)),
];

/// What an answer means of which no row tells, while no message was on its way.
const ELSE: &[Row] = &[
    (403, ANY, (Account, OpenBreaker, Reason::ForbiddenThere)),
    (503, ANY, (Route, OpenBreaker, Reason::ServerRefuses)),
];

/// Does this, said by the service itself, say that the message was not taken?
pub(super) fn says_no(reply: &Reply) -> bool {
    row(NO, reply).is_some()
}

/// Judges an answer that says that the message was not taken, or that the service takes none: its status stands for the code, and what the
/// service says of it is the text.
pub fn judge(_: Phase, reply: &Reply) -> Judgement {
    let found = row(NO, reply).or_else(|| row(ELSE, reply));
    // What is led elsewhere, or not found: something else stands there.
    let (scope, action, reason) = found.unwrap_or((Route, OpenBreaker, Reason::ProtocolViolation));
    Judgement { scope, action, reason }
}

fn row(table: &[Row], reply: &Reply) -> Option<(Scope, Action, Reason)> {
    let text = reply.text.to_lowercase();
    let fits = |(status, words, _): &&Row| {
        (*status == reply.code || (*status == EVERY && matches!(reply.code, 400..=499)))
            && (words.is_empty() || words.iter().any(|word| text.contains(word)))
    };
    table.iter().find(fits).map(|row| row.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Status, text, and what follows.
    type Case = (u16, &'static str, (Scope, Action, Reason));

    #[rustfmt::skip]
    const CASES: &[Case] = &[
        (401, "authError Invalid Credentials", (Account, OpenBreaker, Reason::SignInRefused)),
        (401, "InvalidAuthenticationToken Lifetime validation failed", (Account, OpenBreaker, Reason::SignInRefused)),
        (403, "dailyLimitExceeded Daily Limit Exceeded", (Quota, Pause, Reason::QuotaUsedUp)),
        (429, "rateLimitExceeded User-rate limit exceeded. Retry after 2026-11-30T05:00:00Z (Mail sending)", (Quota, Pause, Reason::QuotaUsedUp)),
        (429, "ErrorExceededMessageLimit", (Quota, Pause, Reason::QuotaUsedUp)),
        (403, "userRateLimitExceeded User Rate Limit Exceeded", (Rate, SlowDown, Reason::TooFast)),
        (403, "rateLimitExceeded Rate Limit Exceeded", (Rate, SlowDown, Reason::TooFast)),
        (403, "quotaExceeded", (Rate, SlowDown, Reason::TooFast)),
        (429, "rateLimitExceeded Too many concurrent requests for user", (Rate, SlowDown, Reason::TooFast)),
        (429, "ApplicationThrottled Application is over its MailboxConcurrency limit.", (Rate, SlowDown, Reason::TooFast)),
        (403, "domainPolicy The domain administrators have disabled Gmail apps.", (Account, OpenBreaker, Reason::ForbiddenThere)),
        (403, "insufficientPermissions Request had insufficient authentication scopes. ACCESS_TOKEN_SCOPE_INSUFFICIENT", (Account, OpenBreaker, Reason::ScopeMissing)),
        (403, "accessNotConfigured Gmail API has not been used in project 12 before or it is disabled. SERVICE_DISABLED", (Account, OpenBreaker, Reason::ServiceOff)),
        (403, "forbidden Delegation denied", (Account, OpenBreaker, Reason::ForbiddenThere)),
        (403, "ErrorAccessDenied Access is denied.", (Account, OpenBreaker, Reason::ScopeMissing)),
        (403, "ErrorSendAsDenied The user account does not have the right to send mail on behalf", (Sender, HoldSender, Reason::SenderRefused)),
        (403, "ErrorMessageSubmissionBlocked Cannot send mail.", (Account, OpenBreaker, Reason::ForbiddenThere)),
        (507, "ErrorQuotaExceeded The mailbox quota is exceeded", (Account, OpenBreaker, Reason::ServerFull)),
        (404, "MailboxNotEnabledForRESTAPI", (Account, OpenBreaker, Reason::NoMailbox)),
        (400, "failedPrecondition Mail service not enabled", (Account, OpenBreaker, Reason::NoMailbox)),
        (400, "invalidArgument Invalid To header", (Recipient, Return, Reason::AddressUnknown)),
        (400, "invalidArgument Recipient address required", (Recipient, Return, Reason::AddressUnknown)),
        (400, "ErrorInvalidRecipients At least one recipient is not valid", (Recipient, Return, Reason::AddressUnknown)),
        (400, "invalidArgument Invalid From header", (Sender, HoldSender, Reason::SenderRefused)),
        (400, "failedPrecondition Precondition check failed.", (Account, OpenBreaker, Reason::ForbiddenThere)),
        (400, "ErrorMimeContentInvalidBase64String", (Route, OpenBreaker, Reason::ProtocolViolation)),
        (400, "ErrorMimeContentInvalid", (Message, Return, Reason::Refused)),
        (413, "RequestEntityTooLarge The maximum request length supported is 4MB.", (Message, Return, Reason::TooLarge)),
        (413, "uploadTooLarge", (Message, Return, Reason::TooLarge)),
        (400, "ErrorMessageSizeExceeded", (Message, Return, Reason::TooLarge)),
    ];

    /// What says nothing of a message that went out: nobody has documented it, or it is no refusal.
    #[rustfmt::skip]
    const NO_NO: &[Case] = &[
        (503, "backendError Service Unavailable", (Route, OpenBreaker, Reason::ServerRefuses)),
        (403, "forbidden", (Account, OpenBreaker, Reason::ForbiddenThere)),
        (400, "badRequest Bad Request", (Route, OpenBreaker, Reason::ProtocolViolation)),
        (413, "", (Route, OpenBreaker, Reason::ProtocolViolation)),
        (404, "Not Found", (Route, OpenBreaker, Reason::ProtocolViolation)),
        (408, "timeout", (Route, OpenBreaker, Reason::ProtocolViolation)),
        (500, "dailyLimitExceeded ErrorQuotaExceeded", (Route, OpenBreaker, Reason::ProtocolViolation)),
        (507, "insufficient storage", (Route, OpenBreaker, Reason::ProtocolViolation)),
        (302, "Found", (Route, OpenBreaker, Reason::ProtocolViolation)),
    ];

    #[test]
    fn each_documented_answer_has_its_consequence() {
        for (cases, is_no) in [(CASES, true), (NO_NO, false)] {
            for &(code, text, (scope, action, reason)) in cases {
                let reply = Reply { code, enhanced: None, text: text.to_owned() };
                let judged = judge(Phase::Dot, &reply);
                assert_eq!(judged, Judgement { scope, action, reason }, "{code} {text}");
                assert_eq!(says_no(&reply), is_no, "{code} {text}");
            }
        }
    }

    #[test]
    fn a_reason_is_a_wait_where_the_table_waits() {
        for (_, _, (_, action, reason)) in NO {
            assert_eq!(reason.is_wait(), !matches!(action, Return | HoldSender), "{reason:?} {action:?}");
        }
    }
}

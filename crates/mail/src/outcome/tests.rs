//! Answers as providers really write them, row by row.

use super::*;
use crate::{EnhancedStatusCode, Reply};

/// `454 4.7.1 text` as a reply.
fn reply(line: &str) -> Reply {
    let (code, text) = line.split_once(' ').unwrap_or((line, ""));
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let parts: Vec<u16> = first.split('.').filter_map(|part| part.parse().ok()).collect();
    let enhanced = (parts.len() == 3).then(|| EnhancedStatusCode(parts[0], parts[1], parts[2]));
    let text = if enhanced.is_some() { rest } else { text };
    Reply { code: code.parse().unwrap(), enhanced, text: text.to_owned() }
}

fn check(cases: &[(Phase, &str, Scope, Action, Reason)]) {
    for &(phase, line, scope, action, reason) in cases {
        assert_eq!(judge(phase, &reply(line)), Judgement { scope, action, reason }, "{phase:?}: {line}");
    }
}

#[test]
fn relaying_is_an_account_fault_at_any_phase() {
    use Phase::{Dot, Mail, Rcpt};
    for (phase, line) in [
        (Rcpt, "554 5.7.1 <a@example.org>: Relay access denied"),
        (Rcpt, "454 4.7.1 <a@example.org>: Relay access denied"),
        (Rcpt, "550 relay not permitted"),
        (Rcpt, "550 5.7.1 <a@example.org>... Relaying denied"),
        (Rcpt, "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain"),
        (
            Mail,
            "550 5.7.1 Invalid credentials for relay [192.0.2.1]. The IP address you've registered does not match",
        ),
        (Rcpt, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
        (Dot, "550 5.7.64 TenantAttribution; Relay Access Denied"),
        (Rcpt, "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied"),
    ] {
        check(&[(phase, line, Scope::Account, Action::OpenBreaker, Reason::RelayDenied)]);
    }
    check(&[
        (
            Rcpt,
            "550 5.7.1 Authentication required",
            Scope::Account,
            Action::OpenBreaker,
            Reason::SignInRequired,
        ),
        (Mail, "503 AUTH first", Scope::Account, Action::OpenBreaker, Reason::SignInRequired),
    ]);
}

#[test]
fn a_refused_sender_is_held() {
    use Phase::{Dot, Mail, Rcpt};
    for (phase, line) in [
        (Rcpt, "553 5.7.1 <lib@example.org>: Sender address rejected: not owned by user lib2"),
        (Mail, "550 5.1.7 Invalid sender"),
        (Rcpt, "550 5.1.8 <lib@example.invalid>: Sender address rejected: Domain not found"),
        (Rcpt, "550 5.1.0 <lib@example.org>: Sender address rejected: User unknown in local recipient table"),
        (Rcpt, "504 5.5.2 <lib@example>: Sender address rejected: need fully-qualified address"),
        (
            Rcpt,
            "550 5.7.27 <lib@example.org>: Sender address rejected: Domain example.org does not accept mail (nullMX)",
        ),
        (Rcpt, "550 Sender verify failed"),
        (Dot, "554 5.2.252 SendAsDenied; lib@example.org not allowed to send as other@example.org"),
        (Mail, "550 5.7.60 SMTP; Client does not have permissions to send as this sender"),
        (Mail, "550 administrative prohibition"),
        (Rcpt, "553 sorry, your envelope sender is in my badmailfrom list (#5.7.1)"),
        (Mail, "501 Syntax error in parameters or arguments"),
    ] {
        check(&[(phase, line, Scope::Sender, Action::HoldSender, Reason::SenderRefused)]);
    }
}

#[test]
fn sign_in() {
    use Phase::{Auth, Mail};
    let (scope, action) = (Scope::Account, Action::OpenBreaker);
    check(&[
        (
            Auth,
            "535 5.7.8 Username and Password not accepted. Learn more",
            scope,
            action,
            Reason::SignInRefused,
        ),
        (
            Auth,
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            scope,
            action,
            Reason::SignInRefused,
        ),
        (Auth, "534 5.7.9 Application-specific password required.", scope, action, Reason::SignInRefused),
        (Auth, "535 Incorrect authentication data", scope, action, Reason::SignInRefused),
        (
            Mail,
            "550 5.7.30 Basic authentication is not supported for Client Submission.",
            scope,
            action,
            Reason::PasswordsEnded,
        ),
        (
            Auth,
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            scope,
            action,
            Reason::SmtpAuthOff,
        ),
        (Auth, "535 5.7.3 Authentication unsuccessful", scope, action, Reason::SignInRefused),
        (Auth, "432 4.3.2 STOREDRV.ClientSubmit; busy", scope, action, Reason::SignInUnavailable),
        (Mail, "530 5.7.0 Authentication Required. Learn more", scope, action, Reason::SignInRequired),
        (Mail, "530 5.7.57 Client not authenticated to send mail.", scope, action, Reason::SignInRequired),
        (Mail, "530 5.7.0 Must issue a STARTTLS command first.", scope, action, Reason::TlsUnavailable),
        (
            Auth,
            "538 5.7.11 Encryption required for requested authentication mechanism",
            scope,
            action,
            Reason::TlsUnavailable,
        ),
        (Auth, "504 5.5.4 Unrecognized authentication type", scope, action, Reason::SignInImpossible),
        (
            Auth,
            "454 4.7.0 Temporary authentication failure: Connection lost",
            scope,
            action,
            Reason::SignInUnavailable,
        ),
        (
            Auth,
            "454 4.7.0 Too many login attempts, please try again later.",
            Scope::Rate,
            Action::SlowDown,
            Reason::TooFast,
        ),
    ]);
}

#[test]
fn a_used_up_allowance_pauses_and_returns_nobody() {
    use Phase::{Auth, Dot, Mail, Rcpt};
    for (phase, line) in [
        (Dot, "550 5.4.5 Daily user sending limit exceeded. For more information"),
        (Rcpt, "550 5.4.5 Daily SMTP relay sending limit exceeded"),
        (Mail, "550 5.7.1 Daily SMTP relay limit exceeded for customer."),
        (Dot, "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed"),
        (Mail, "552 5.2.2 This message exceeds your quota"),
        (Dot, "454 Throttling failure: Daily message quota exceeded."),
        (Auth, "550 5.4.5 Daily user sending limit exceeded."),
    ] {
        check(&[(phase, line, Scope::Quota, Action::Pause, Reason::QuotaUsedUp)]);
    }
}

#[test]
fn asked_to_slow_down() {
    use Phase::{Dot, Greeting, Mail, Rcpt};
    for (phase, line) in [
        (Dot, "421 4.7.0 Try again later, closing connection."),
        (Mail, "421 4.3.0 Temporary System Problem. Try again later"),
        (Greeting, "421 4.7.0 mx.example.org Error: too many connections from 192.0.2.1"),
        (Dot, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"),
        (Rcpt, "450 4.2.1 Peak SMTP relay limit exceeded for customer."),
        (Rcpt, "451 Temporarily rejected: rate limit"),
        (Mail, "450 4.7.1 Error: too much mail from 192.0.2.1"),
        (Dot, "454 Throttling failure: Maximum sending rate exceeded."),
    ] {
        check(&[(phase, line, Scope::Rate, Action::SlowDown, Reason::TooFast)]);
    }
}

#[test]
fn too_many_recipients_are_split() {
    for line in [
        "452 4.5.3 Error: too many recipients",
        "452 4.5.3 Your message has too many recipients. For more information",
        "452 too many recipients",
        "550 5.5.3 Too many recipients",
        "452",
    ] {
        check(&[(Phase::Rcpt, line, Scope::Transaction, Action::Split, Reason::TooManyRecipients)]);
    }
}

#[test]
fn recipients_are_returned() {
    use Phase::{Dot, Rcpt};
    let (scope, action) = (Scope::Recipient, Action::Return);
    check(&[
        (
            Rcpt,
            "550 5.1.1 The email account that you tried to reach does not exist. Please try",
            scope,
            action,
            Reason::AddressUnknown,
        ),
        (
            Rcpt,
            "550 5.1.1 <a@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
            scope,
            action,
            Reason::AddressUnknown,
        ),
        (
            Rcpt,
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            scope,
            action,
            Reason::AddressUnknown,
        ),
        (Rcpt, "550 5.4.1 Recipient address rejected: Access denied.", scope, action, Reason::AddressUnknown),
        (Rcpt, "550 Unrouteable address", scope, action, Reason::AddressUnknown),
        (Rcpt, "550 <spamela@spam.example>: unknown user", scope, action, Reason::AddressUnknown),
        (Rcpt, "551", scope, action, Reason::AddressUnknown),
        (
            Rcpt,
            "553 5.1.3 The recipient address is not a valid RFC 5321 address.",
            scope,
            action,
            Reason::AddressUnknown,
        ),
        (Rcpt, "550 5.1.6 mailbox has moved", scope, action, Reason::AddressUnknown),
        (Dot, "550 5.1.1 User unknown", scope, action, Reason::AddressUnknown),
        (
            Rcpt,
            "550 5.1.2 <a@example.invalid>: Recipient address rejected: Domain not found",
            scope,
            action,
            Reason::DomainUnknown,
        ),
        (Rcpt, "556 5.1.10 Recipient address has null MX", scope, action, Reason::DomainUnknown),
        (
            Rcpt,
            "550 5.2.1 The email account that you tried to reach is inactive.",
            scope,
            action,
            Reason::MailboxDisabled,
        ),
        (
            Rcpt,
            "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication failed",
            scope,
            action,
            Reason::Refused,
        ),
        (Rcpt, "553 5.6.7 Address includes non-ASCII characters", scope, action, Reason::Utf8Unsupported),
        (Rcpt, "501 Syntax error in parameters or arguments", scope, action, Reason::AddressUnknown),
        (Rcpt, "599 what is this", scope, action, Reason::Refused),
    ]);
}

#[test]
fn full_mailboxes_wait() {
    for (phase, line) in [
        (Phase::Rcpt, "452 4.2.2 The recipient's inbox is out of storage space."),
        (Phase::Rcpt, "552 5.2.2 <a@example.org>: Mailbox is full / Blocks limit exceeded"),
        (Phase::Dot, "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException"),
        (Phase::Rcpt, "452 Mailbox full"),
        (Phase::Rcpt, "550 user over quota"),
        (Phase::Rcpt, "552"),
    ] {
        check(&[(phase, line, Scope::Recipient, Action::Retry, Reason::MailboxFull)]);
    }
}

#[test]
fn messages_that_are_too_large_and_servers_that_are_full() {
    use Phase::{Dot, Mail, Rcpt};
    for (phase, line) in [
        (Mail, "552 5.3.4 Message size exceeds fixed limit"),
        (Dot, "552 5.3.4 Error: message file too big"),
        (Dot, "554 5.3.4 Your message exceeded the size limits"),
        (Mail, "552 Message size exceeds maximum permitted"),
        (Dot, "550 5.2.3 RESOLVER.RST.RecipSizeLimit; message too large for this recipient"),
        (Dot, "552"),
    ] {
        check(&[(phase, line, Scope::Message, Action::Return, Reason::TooLarge)]);
    }
    for (phase, line) in [
        (Mail, "452 4.3.1 Insufficient system storage"),
        (Mail, "452 space shortage, please try later"),
        (Rcpt, "451 4.3.0 queue file write error: no space left on device"),
        (Dot, "452"),
    ] {
        check(&[(phase, line, Scope::Route, Action::SlowDown, Reason::ServerFull)]);
    }
}

#[test]
fn what_passes_goes_by_the_schedule() {
    use Phase::{Data, Dot, Mail, Rcpt};
    check(&[
        (
            Rcpt,
            "450 4.7.1 <a@example.org>: Recipient address rejected: Greylisted, see",
            Scope::Recipient,
            Action::Retry,
            Reason::TryLater,
        ),
        (
            Rcpt,
            "451 4.7.1 Greylisting in action, please come back later",
            Scope::Recipient,
            Action::Retry,
            Reason::TryLater,
        ),
        (
            Rcpt,
            "451 Temporary local problem - please try later",
            Scope::Recipient,
            Action::Retry,
            Reason::TryLater,
        ),
        (
            Rcpt,
            "450 4.1.2 <a@example.org>: Recipient address rejected: Domain not found",
            Scope::Recipient,
            Action::Retry,
            Reason::TryLater,
        ),
        (Rcpt, "400", Scope::Recipient, Action::Retry, Reason::TryLater),
        (Mail, "451 4.3.0 Temporary lookup failure", Scope::Message, Action::Retry, Reason::TryLater),
        (Data, "451 4.3.0 Error: queue file write error", Scope::Message, Action::Retry, Reason::TryLater),
        (Dot, "451 4.7.1 Please try again later", Scope::Message, Action::Retry, Reason::TryLater),
        (
            Rcpt,
            "503 5.5.1 Error: need MAIL command",
            Scope::Message,
            Action::Retry,
            Reason::ProtocolViolation,
        ),
        (
            Rcpt,
            "501 5.5.4 Unsupported option: NOTIFY",
            Scope::Message,
            Action::Retry,
            Reason::ProtocolViolation,
        ),
    ]);
}

#[test]
fn reputation_never_blames_the_address() {
    use Phase::{Dot, Rcpt};
    for (phase, line) in [
        (
            Dot,
            "550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.",
        ),
        (
            Dot,
            "550 5.7.515 Access denied, sending domain example.org doesn't meet the required authentication level.",
        ),
        (Dot, "550 5.7.509 Access denied, sending domain does not pass DMARC verification"),
        (Rcpt, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"),
        (Dot, "550 5.7.1 Our system has detected that this message is likely unsolicited mail."),
        (Rcpt, "550 rejected because 192.0.2.1 is in a black list at zen.spamhaus.org"),
        (Rcpt, "550 5.7.23 The message was rejected because of Sender Policy Framework violation"),
    ] {
        check(&[(phase, line, Scope::Reputation, Action::Return, Reason::Reputation)]);
    }
}

#[test]
fn before_any_message_the_route_is_to_blame() {
    for (phase, line) in [
        (Phase::Greeting, "554 5.3.2 No SMTP service here"),
        (Phase::Ehlo, "550 5.7.1 Helo command rejected"),
        (Phase::Ehlo, "504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname"),
        (Phase::Rcpt, "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname"),
        (Phase::Greeting, "421 4.3.2 Service shutting down"),
        (Phase::Greeting, "451 4.3.0 wait"),
        (Phase::StartTls, "502 5.5.1 Not implemented"),
    ] {
        check(&[(phase, line, Scope::Route, Action::OpenBreaker, Reason::ServerRefuses)]);
    }
    check(&[(
        Phase::StartTls,
        "454 4.7.0 TLS not available",
        Scope::Route,
        Action::OpenBreaker,
        Reason::TlsUnavailable,
    )]);
}

#[test]
fn an_unknown_code_is_judged_by_its_phase() {
    check(&[
        (Phase::Greeting, "577 mystery", Scope::Route, Action::OpenBreaker, Reason::ServerRefuses),
        (Phase::Auth, "577 mystery", Scope::Account, Action::OpenBreaker, Reason::SignInRefused),
        (Phase::Mail, "577 mystery", Scope::Sender, Action::HoldSender, Reason::SenderRefused),
        (Phase::Rcpt, "577 mystery", Scope::Recipient, Action::Return, Reason::Refused),
        (Phase::Data, "577 mystery", Scope::Message, Action::Return, Reason::Refused),
        (Phase::Dot, "577 5.9.999 mystery", Scope::Message, Action::Return, Reason::Refused),
    ]);
}

#[test]
fn every_negative_reply_has_a_judgement_and_no_transient_one_returns() {
    for &phase in Phase::ALL {
        for code in 400..600 {
            let judgement = judge(phase, &Reply { code, enhanced: None, text: String::new() });
            let unfit = judgement.reason == Reason::ProtocolViolation && !(500..=503).contains(&code);
            assert!(!unfit, "no row for {phase:?} {code}");
            assert!(code >= 500 || judgement.action != Action::Return, "{phase:?} {code}");
        }
    }
}

#[test]
fn codes_read_back() {
    for &phase in Phase::ALL {
        assert_eq!(Phase::parse(phase.as_str()), Some(phase));
    }
    for &scope in Scope::ALL {
        assert_eq!(Scope::parse(scope.as_str()), Some(scope));
    }
    assert_eq!((Phase::parse("tea"), Scope::parse("")), (None, None));
}

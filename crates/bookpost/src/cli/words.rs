//! The words that people read, for what the code calls otherwise.

use jiff::Timestamp;
use mail::{Reason, counted};
use store::{Actor, Class, Deed, Door, LeftOut, LeftOutWhy, Pause, PauseWhy, Role, Row, State, backup_of};

use crate::{deliver::trial::Step, preferences::DoNotSend};

/// When mail is sent while nothing sends it.
pub const NO_WAY: &str = "waits until a way of sending is chosen";
/// The same, as somebody wants it.
pub const DO_NOT_SEND: &str = "waits until another way of sending is chosen than \"Do not send\"";

/// Nothing is sent, as somebody wants it; `at` tells an instant. Who that was is known where it was not the settings' file.
pub fn not_to_be_sent(chosen: Option<&DoNotSend>, at: impl Fn(Timestamp) -> String) -> String {
    let by = chosen.map(|chosen| format!(" ({}, since {})", decider(&chosen.who), at(chosen.since)));
    format!("\"Do not send\" is chosen{}", by.unwrap_or_default())
}

/// Who did something.
pub fn actor(who: &Actor) -> &str {
    match who {
        Actor::Person { name, .. } => name.as_str(),
        Actor::CommandLine => "command line",
        Actor::Configuration => "settings",
        Actor::NotSignedIn => "not signed in",
        Actor::Schedule => "schedule",
        Actor::DropFolder => "drop folder",
        Actor::Bookpost => "Bookpost itself",
    }
}

/// Who decided about mail.
pub fn decider(who: &Actor) -> &str {
    match who {
        Actor::CommandLine => "somebody at the command line",
        who => actor(who),
    }
}

/// Nothing is sent; `at` tells an instant.
pub fn paused(pause: &Pause, at: impl Fn(Timestamp) -> String) -> String {
    let since = at(pause.began_at);
    match pause.why {
        PauseWhy::ByPerson => {
            format!(
                "Sending has been paused since {since}: mail is accepted and waits, and this time makes it no older."
            )
        }
        PauseWhy::OldMail => format!(
            "Sending has been paused since {since}, as mail has waited for more than 48 hours while nothing was to be sent: mail is accepted and waits, and this time makes it no older. Say what becomes of it with: bookpost queue resume --older cancel (or send, or return)"
        ),
        PauseWhy::Restored { of } => format!(
            "{} Mail is accepted and waits, and this time makes it no older. What was unfinished then is set aside, as it may have been sent since. Look at it first: bookpost queue list --state held",
            restored(&at(of))
        ),
    }
}

/// Nothing is sent, because what the queue holds may have been sent since it was copied.
pub fn restored(of: &str) -> String {
    format!("Restored from the backup of {of}: sending is paused.")
}

/// A state.
pub fn state(state: State) -> &'static str {
    match state {
        State::Waiting => "waiting",
        State::Sending => "being sent",
        State::InDoubt => "may have arrived",
        State::Delivered => "accepted by the server",
        State::Practiced => "practice: nobody received it",
        State::Returned => "sent back to the library",
        State::Held => "set aside",
        State::Cancelled => "not sent, as decided",
    }
}

/// A step of the trial of a mail server.
pub fn step(step: Step) -> &'static str {
    match step {
        Step::Renewal => "renewal",
        Step::Name => "name",
        Step::Connection => "connection",
        Step::Greeting => "greeting",
        Step::Encryption => "encryption",
        Step::SignIn => "sign-in",
        Step::Message => "message",
        Step::MessageId => "message-id",
    }
}

/// Where a message came in.
pub fn door(door: Door) -> &'static str {
    match door {
        Door::Smtp => "SMTP",
        Door::Http => "the HTTP API",
        Door::Sendmail => "the sendmail command",
        Door::Notices => "a notice run",
        Door::Folder => "the drop folder",
        Door::Bookpost => "Bookpost itself",
    }
}

/// Who goes first.
pub fn class(class: Class) -> &'static str {
    match class {
        Class::Urgent => "urgent",
        Class::Normal => "normal",
        Class::Bulk => "bulk",
    }
}

/// What a person may do.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::Administrator => "administrator",
        Role::Manager => "manager",
        Role::Viewer => "viewer",
    }
}

/// What was done, in a line of the log.
pub fn deed(deed: Deed) -> &'static str {
    match deed {
        Deed::SetUp => "set Bookpost up",
        Deed::PersonAdded => "added a person",
        Deed::PersonChanged => "changed a person",
        Deed::PersonDisabled => "disabled a person",
        Deed::PersonEnabled => "enabled a person",
        Deed::PasswordChanged => "chose a password",
        Deed::SetUpLinkMade => "made a link for setting up",
        Deed::InvitationMade => "invited a person",
        Deed::ResetLinkMade => "made a link for a new password",
        Deed::SignedOut => "signed a person out",
        Deed::TextOpened => "read the text of a message",
        Deed::MailDecided => "decided about mail",
        Deed::SendingPaused => "paused all sending",
        Deed::SendingResumed => "let sending go on",
        Deed::PreferenceChanged => "changed a preference",
        Deed::ProgramAdded => "added a program",
        Deed::ProgramChanged => "changed a program",
        Deed::ProgramDisabled => "switched a program off",
        Deed::ProgramEnabled => "switched a program on",
        Deed::ProgramKeyMade => "made a key for a program",
        Deed::ProgramKeyRevoked => "revoked a key of a program",
        Deed::PersonKeyMade => "made a key of a person's own",
        Deed::PersonKeyRevoked => "revoked a key of a person's own",
        Deed::ServerTested => "tested a mail server",
        Deed::RunBegun => "began a notice run",
        Deed::SentAgain => "sent a notice again",
        Deed::LogoChanged => "changed the logo of a library",
        Deed::ColumnsChosen => "said what the columns of an export are",
        Deed::ColumnsForgotten => "had the columns of an export forgotten",
        Deed::OlderExportTaken => "said that an old export is the right one",
        Deed::NoticeAdded => "added a notice",
        Deed::NoticeChanged => "changed a notice",
        Deed::NoticeRemoved => "removed a notice",
        Deed::NoticeRestored => "had a removed notice back",
        Deed::WordingChanged => "changed the wording of a notice",
        Deed::ScheduleAdded => "scheduled notices",
        Deed::ScheduleChanged => "changed a schedule",
        Deed::ScheduleRemoved => "removed a schedule",
        Deed::SchedulePaused => "paused a schedule",
        Deed::ScheduleResumed => "let a schedule go on",
        Deed::ScheduleSkips => "had the next time of a schedule skipped",
        Deed::ScheduleSkipsNot => "had the next time of a schedule not skipped",
        Deed::MailAccountConnected => "signed in at a mail provider",
        Deed::MailAccountDisconnected => "ended a sign-in at a mail provider",
        Deed::InstallationAdded => "gave out a key for the sign-in service",
        Deed::InstallationRevoked => "took back a key for the sign-in service",
        Deed::Unknown => "did what this version does not know",
    }
}

/// A reason, as the end of "because".
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::AddressUnknown => "the address does not exist",
        Reason::DomainUnknown => "the part after the @ does not exist or takes no mail",
        Reason::MailboxFull => "the mailbox is full",
        Reason::TooLarge => "the message is too large for the server",
        Reason::TryLater => "the server asked to come back later",
        Reason::TooManyRecipients => "too many recipients at once",
        Reason::SenderRefused => "the server does not accept our sender address",
        Reason::Reputation => "the server takes it for unwanted mail",
        Reason::TooFast => "the server asked to go slower",
        Reason::QuotaUsedUp => "the account's daily limit is used up",
        Reason::LimitReached => "the limit that was set for the mail server is reached",
        Reason::SignInRefused => "the mail server did not accept our password",
        Reason::PasswordLost => "the password for the mail server must be entered again",
        Reason::SignedOut => "the mail provider has signed us out",
        Reason::NotSignedIn => "nobody has signed in at the mail provider",
        Reason::ClientRefused => "the mail provider does not know the client id and secret",
        Reason::ServiceRefused => "the sign-in service does not take our key",
        Reason::ServiceAway => "the sign-in service does not answer",
        Reason::ServiceUnable => "the sign-in service answers that it cannot help at the moment",
        Reason::ServiceAtFault => "the sign-in service has a fault of its own",
        Reason::OtherClient => "the sign-in was given for another client or sign-in service than is set now",
        Reason::TokenRefused => "the mail server does not take the sign-in of the mail provider",
        Reason::SmtpAuthOff => "the mail provider does not let this account send by programs",
        Reason::ScopeMissing => "the sign-in does not cover the way in which mail is to leave",
        Reason::ServiceOff => "the mail provider has not switched on its service for our client",
        Reason::ForbiddenThere => "the mail provider does not allow this account to send in this way",
        Reason::NoMailbox => "the account has no mailbox",
        Reason::NamesOthers => "the message names other people than those it is for",
        Reason::OnlySome => "only some of the people of the message are to get it now",
        Reason::OneOfThem => "one of the addresses of the message is not taken",
        Reason::PasswordsEnded => "the mail provider takes no passwords any more",
        Reason::SignInImpossible => "the mail server offers no sign-in that is safe here",
        Reason::RelayDenied => "the mail server does not send mail for us",
        Reason::HostNotFound => "the mail server's name was not found",
        Reason::Unreachable => "the mail server does not answer",
        Reason::TimedOut => "the mail server did not answer in time",
        Reason::ConnectionLost => "the connection broke",
        Reason::TlsUnavailable => "no encrypted connection could be made",
        Reason::CertificateRefused => "the server's proof of identity is not valid",
        Reason::ServerRefuses => "the mail server serves nobody at the moment",
        Reason::ServerFull => "the mail server is short of space",
        Reason::Utf8Unsupported => "the mail server cannot take this address",
        Reason::HeaderUtf8Unsupported => "the mail server cannot take the letters in the header",
        Reason::ConversionUnsupported => "the mail server cannot take the message as it is",
        Reason::AnswerUnknown => "the connection broke while the server was answering",
        Reason::Expired => "it could not be sent for too long",
        Reason::Broke => "the message broke the program three times",
        Reason::ByPerson => "a person or the sending program decided so",
        Reason::FromBackup => "it was unfinished in the backup, and may have been sent since",
        Reason::ItemsReturned => "its items are no longer in a newer export",
        Reason::Replaced => "a newer notice was written in its place",
        _ => "the server refused it",
    }
}

/// Why mail is where it is; of what is out of date, by which export.
pub fn because(row: &Row, at: impl Fn(Timestamp) -> String) -> String {
    let reason = row.reason.map_or("", reason);
    if let Some(made) = backup_of(row) {
        return format!("it was unfinished in the backup of {}, and may have been sent since", at(made));
    }
    match row.outdated.and_then(|outdated| Some((outdated.run, outdated.of?))) {
        Some((run, of)) if row.reason == Some(Reason::ItemsReturned) => {
            format!("its items are no longer in the export of {} (run {})", at(of), run.0)
        }
        Some((run, of)) => format!("{reason} after the export of {} (run {})", at(of), run.0),
        None => reason.to_owned(),
    }
}

/// Somebody who was left out of a run, or a line of which no more is kept, and why.
pub fn who_was_left_out(one: &LeftOut) -> String {
    let line = one.line.map(|line| format!("line {line}"));
    let who = Some(one.who.clone()).filter(|who| !who.is_empty());
    let named: Vec<_> = line.into_iter().chain(who).collect();
    let detail = Some(one.detail.to_string()).filter(|detail| !detail.is_empty());
    Some(named.join(", ")).into_iter().chain(detail).collect::<Vec<_>>().join(": ")
}

/// So many were left out of a run for one reason.
pub fn left_out(why: LeftOutWhy, count: usize) -> String {
    let (one, many) = match why {
        LeftOutWhy::DatesInDoubt => {
            ("export whose dates may have been misread", "exports whose dates may have been misread")
        }
        LeftOutWhy::RefusedLine => ("line we could not use", "lines we could not use"),
        LeftOutWhy::NoAddress => ("patron without an address", "patrons without an address"),
        LeftOutWhy::WrittenLately => ("patron written to lately", "patrons written to lately"),
        LeftOutWhy::CameBack => ("patron whose last mail came back", "patrons whose last mail came back"),
        LeftOutWhy::UnknownBranch => ("patron of an unknown branch", "patrons of an unknown branch"),
        LeftOutWhy::OtherLibrary => (
            "patron of a library that this notice is not for",
            "patrons of a library that this notice is not for",
        ),
        LeftOutWhy::NotDueYet => ("item not due for this notice yet", "items not due for this notice yet"),
        LeftOutWhy::NotMade => {
            ("patron whose notice could not be made", "patrons whose notice could not be made")
        }
        LeftOutWhy::Stopped => {
            ("patron whose notice was stopped by a person", "patrons whose notices were stopped by a person")
        }
        LeftOutWhy::LeftAside => ("line that is not for this notice", "lines that are not for this notice"),
        LeftOutWhy::UnusableAddress => (
            "address we could not use, of a patron who has another",
            "addresses we could not use, of patrons who have another",
        ),
        LeftOutWhy::NoLines => (
            "export that is empty or has only column names",
            "exports that are empty or have only column names",
        ),
        LeftOutWhy::ItemsReturned => (
            "earlier notice that is not sent, as its items came back",
            "earlier notices that are not sent, as their items came back",
        ),
        LeftOutWhy::NotTold => (
            "library where Bookpost cannot tell from this export what came back, so that earlier mails that still wait are sent all the same",
            "libraries where Bookpost cannot tell from this export what came back, so that earlier mails that still wait are sent all the same",
        ),
    };
    counted(count, one, many)
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::LeftOutDetail;

    #[test]
    fn whoever_was_left_out_is_named_as_far_as_is_known() {
        let said = |line, who: &str| {
            let detail = LeftOutDetail::Cells { has: 6, needs: 24, as_first: true };
            let why = LeftOutWhy::RefusedLine;
            who_was_left_out(&LeftOut { why, line, who: who.to_owned(), detail, site: None })
        };
        let reason = "it has fewer cells than the first line: 6 instead of 24";
        assert_eq!(said(Some(299), "Noah"), format!("line 299, Noah: {reason}"));
        assert_eq!(said(Some(299), ""), format!("line 299: {reason}"));
        assert_eq!(said(None, "Noah"), format!("Noah: {reason}"));
    }
}

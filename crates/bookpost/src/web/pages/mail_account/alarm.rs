//! What is to be done where mail leaves by somebody's account and its provider, or the mail server there, says no.

use mail::Reason;
use store::{Alarm, AlarmKind, AlarmReason};

use crate::{config::Provider, preferences::mail_accounts::of_client, web::pages::words::Words};

/// Of which server an alarm is.
pub(in crate::web::pages) fn server(alarm: &Alarm) -> &str {
    match provider(alarm) {
        Some(provider) => provider.name(),
        None => &alarm.subject,
    }
}

/// The provider that an alarm is about.
pub(in crate::web::pages) fn provider(alarm: &Alarm) -> Option<Provider> {
    let is_about = |one: &Provider| alarm.subject == one.name() || is_of_client(alarm, *one);
    Provider::ALL.into_iter().find(is_about).filter(|_| alarm.kind.stops_a_server())
}

/// Mail leaves still.
fn is_of_client(alarm: &Alarm, provider: Provider) -> bool {
    alarm.subject == of_client(provider)
}

/// It leaves no more, which is said.
pub(in crate::web::pages) fn is_told(alarm: &Alarm, all: &[&Alarm]) -> bool {
    provider(alarm).is_some_and(|one| {
        let told = |other: &Alarm| {
            other.subject == one.name()
                && matches!(
                    reason(other),
                    Some(
                        Reason::ClientRefused
                            | Reason::ServiceRefused
                            | Reason::ServiceAtFault
                            | Reason::OtherClient
                    )
                )
        };
        is_of_client(alarm, one) && all.iter().any(|other| told(other))
    })
}

/// What is said of a provider and of no other server. None: it is that of any server.
fn reason(alarm: &Alarm) -> Option<Reason> {
    let told = [
        Reason::NotSignedIn,
        Reason::ClientRefused,
        Reason::ServiceRefused,
        Reason::ServiceAway,
        Reason::ServiceUnable,
        Reason::ServiceAtFault,
        Reason::OtherClient,
        Reason::TokenRefused,
        Reason::SmtpAuthOff,
        Reason::ScopeMissing,
        Reason::ServiceOff,
        Reason::ForbiddenThere,
        Reason::NoMailbox,
        Reason::SignInUnavailable,
    ];
    let of_mail = alarm.reason.and_then(AlarmReason::of_mail);
    let found = of_mail.filter(|reason| told.contains(reason));
    found.or_else(|| (alarm.kind == AlarmKind::SignIn).then_some(Reason::SignedOut))
}

/// Somebody has to sign in there.
pub(in crate::web::pages) fn wants_sign_in(alarm: &Alarm, provider: Provider) -> bool {
    let reason =
        reason(alarm).filter(|_| alarm.kind == AlarmKind::SignIn && alarm.subject == provider.name());
    matches!(reason, Some(Reason::SignedOut | Reason::NotSignedIn | Reason::ScopeMissing))
}

/// What is wrong, and what is to be done; `goes_on`: another server sends meanwhile. None: what is said of any server.
pub(in crate::web::pages) fn said(
    provider: Provider,
    alarm: &Alarm,
    goes_on: bool,
    words: &Words,
) -> Option<(String, String)> {
    let name = [("name", provider.title())];
    let goes_on = goes_on && !is_of_client(alarm, provider);
    Some(match reason(alarm)? {
        Reason::SignedOut if goes_on => {
            (words.with("alarm-account", &name), words.with("alarm-account-behind-do", &name))
        }
        Reason::SignedOut => (words.with("alarm-account", &name), words.with("alarm-account-do", &name)),
        Reason::SignInUnavailable => {
            (words.with("alarm-account-away", &name), words.t("alarm-account-away-do"))
        }
        reason => {
            let title = format!("{}: {}", provider.title(), words.reason(reason));
            let key = match () {
                () if reason == Reason::OtherClient && !goes_on => "alarm-account-waits",
                () if is_of_client(alarm, provider) => "alarm-account-leaves",
                () if goes_on => "alarm-account-behind",
                () => "alarm-account-waits",
            };
            let to_do = match reason {
                Reason::ScopeMissing if provider.has_boxes() => words.t("alarm-account-boxes"),
                _ => words.what_to_do(reason),
            };
            (title, format!("{} {to_do}", words.t(key)))
        }
    })
}

/// Where to do it.
pub(in crate::web::pages) fn link(provider: Provider, alarm: &Alarm, words: &Words) -> (String, String) {
    let key = match reason(alarm) {
        Some(Reason::SignedOut | Reason::ScopeMissing | Reason::OtherClient) => "account-again",
        Some(Reason::NotSignedIn) => "account-begin",
        _ => "alarm-account-look",
    };
    (super::address(provider).to_owned(), words.with(key, &[("name", provider.title())]))
}

//! Why nobody was signed in at a provider, in a librarian's words, and what to do about it.

use crate::{
    config::{Audience, Provider},
    preferences::mail_accounts::{AccountError, Boxes, Ending, redirect::NotTaken, service::ServiceError},
    web::pages::{visit::Visit, words::Words},
};

/// What is wrong, and the provider's own words.
pub(super) struct Refused {
    pub(super) why: String,
    pub(super) said: Option<String>,
}

pub(super) fn refused(error: &AccountError, provider: Provider, words: &Words) -> Refused {
    let key = match error {
        AccountError::NotTaken { back, .. } => {
            return Refused { why: not_taken_by_service(back, words), said: None };
        }
        AccountError::NotSet => "account-not-set",
        // Codes for other devices are begun on the command line.
        AccountError::Stale | AccountError::CodeEnded | AccountError::NoCodes => "account-stale",
        AccountError::Denied(said) => denied(said),
        AccountError::NoCode(_) => "account-no-code",
        AccountError::Client(_) => "account-client",
        AccountError::BoxUnticked { boxes: Some(boxes), .. } => {
            return unticked(*boxes, "account-box", Some(error.to_string()), words);
        }
        AccountError::BoxUnticked { boxes: None, .. } => "account-not-all",
        AccountError::AddressUnticked(boxes) => {
            return unticked(*boxes, "account-box-address", None, words);
        }
        AccountError::NoTokenForLater => "account-no-later",
        AccountError::NoAddress if provider.has_boxes() => "account-no-address",
        AccountError::NoAddress => "account-no-address-agreed",
        AccountError::Service(error) => service(error),
        AccountError::Provider(_) | AccountError::Key(_) | AccountError::Store(_) => "account-provider",
    };
    let said = match error {
        AccountError::Stale | AccountError::NotSet | AccountError::NoAddress => None,
        error => Some(error.to_string()),
    };
    Refused { why: words.with(key, &[("name", provider.title())]), said }
}

/// Which box was left unticked, after how many were not.
fn unticked(boxes: Boxes, which: &str, said: Option<String>, words: &Words) -> Refused {
    Refused { why: format!("{}. {}", ticked(boxes, words), words.t(which)), said }
}

/// What follows from for whom the client is at Google.
pub(super) fn audience(audience: Audience, visit: &Visit) -> String {
    let (words, clockwork) = (visit.words(), &visit.clockwork);
    match audience {
        Audience::Internal => words.t("account-before-internal"),
        Audience::External => words.t("account-before-external"),
        Audience::Testing => {
            let at = clockwork.in_full(Ending::in_testing(clockwork.now));
            words.with("account-before-testing", &[("at", &at)])
        }
    }
}

/// How many boxes were ticked.
pub(super) fn ticked(Boxes { ticked, asked, .. }: Boxes, words: &Words) -> String {
    words.with("account-ticked", &[("ticked", &ticked.to_string()), ("asked", &asked.to_string())])
}

pub(super) fn service(error: &ServiceError) -> &'static str {
    match error {
        ServiceError::Away { .. } => "service-away",
        ServiceError::Unable { .. } => "service-unable",
        ServiceError::Key { .. } => "service-key-refused",
        ServiceError::TooOften { .. } => "service-too-often",
        ServiceError::NotOffered { .. } => "service-not-offered",
        ServiceError::AtFault { .. } => "service-at-fault",
        ServiceError::AnotherAddress { .. } => "service-another-address",
    }
}

/// The words that Google and Microsoft bring people back with, as far as somebody can do something about them.
fn denied(said: &str) -> &'static str {
    let has = |word: &str| said.contains(word);
    if has("admin_policy_enforced") || has("org_internal") || has("AADSTS65001") || has("AADSTS90094") {
        "account-policy"
    } else if has("access_denied") {
        "account-denied"
    } else {
        "account-provider"
    }
}

/// Why people are led back to their own computer and not to the public address, and what they do then.
pub(super) fn instead(public: &str, why: NotTaken, provider: Provider, words: &Words) -> [String; 2] {
    let key = match why {
        NotTaken::NotEncrypted => "account-back-http",
        NotTaken::Number => "account-back-number",
        NotTaken::Local => "account-back-local",
    };
    let names = [("name", provider.title()), ("address", public)];
    [words.with(key, &names), words.with("account-back-instead", &names)]
}

/// A sign-in service leads people to encrypted addresses only.
pub(super) fn not_taken_by_service(back: &str, words: &Words) -> String {
    words.with("account-back-service", &[("address", back)])
}

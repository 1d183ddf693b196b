//! How it stands with an account, in words.

use mail::Reason;
use store::{FailedRefresh, MailAccount};

use super::meanwhile::Meanwhile;
use crate::{
    config::Provider,
    preferences::mail_accounts::{GivenBy, OfAnother},
    web::pages::words::Words,
};

/// Why the provider gave nothing, the last time that it was asked.
pub(super) fn not_renewed(account: &MailAccount, failed: &FailedRefresh, words: &Words) -> String {
    let title = Provider::named(&account.provider).map_or("", Provider::title);
    let key = match failed.reason {
        Reason::SignedOut => "account-error-ended",
        Reason::ClientRefused => "account-error-client",
        Reason::SignInUnavailable => "account-error-away",
        Reason::ServiceAway => "service-error-away",
        Reason::ServiceUnable => "service-error-unable",
        other => return words.reason(other),
    };
    words.with(key, &[("name", title)])
}

/// What only IT reads: the boxes that were ticked, by the provider's names, and its words when it gave nothing.
pub(super) fn for_it(account: &MailAccount) -> String {
    let boxes = account.scopes.split_whitespace().map(ToOwned::to_owned);
    boxes.chain(account.failed.as_ref().map(|failed| failed.said.clone())).collect::<Vec<_>>().join("\n")
}

/// The provider ended it; what becomes of mail.
pub(super) fn signed_out(provider: Provider, meanwhile: &Meanwhile, words: &Words) -> String {
    let name = ("name", provider.title());
    match &meanwhile.by {
        Some(server) => words.with("account-signed-out-behind", &[name, ("server", server)]),
        None => words.with("account-signed-out", &[name]),
    }
}

/// For what it was given, and what is set now.
pub(super) fn of_another(of_another: &OfAnother, meanwhile: &Meanwhile, words: &Words) -> String {
    let before =
        of_another.given_by.as_ref().map_or_else(|| words.t("given-by-before"), |by| by_name(by, words));
    let mail = meanwhile.by.as_ref().map_or_else(
        || words.t("account-of-another-waits"),
        |server| words.with("account-of-another-behind", &[("server", server)]),
    );
    let now = by_name(&of_another.now, words);
    words.with("account-of-another", &[("mail", &mail), ("before", &before), ("now", &now)])
}

fn by_name(by: &GivenBy, words: &Words) -> String {
    match by {
        GivenBy::Client { id, .. } => words.with("given-by-client", &[("client", id)]),
        GivenBy::Service { address } => words.with("given-by-service", &[("address", address)]),
    }
}

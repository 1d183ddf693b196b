//! How it stands with an account, in words.

use store::MailAccount;

use crate::{config::Provider, preferences::mail_accounts::NotRenewed, web::pages::words::Words};

/// Why the provider gave nothing, the last time that it was asked.
pub(super) fn not_renewed(account: &MailAccount, said: &str, words: &Words) -> String {
    let title = Provider::named(&account.provider).map_or("", Provider::title);
    let key = match NotRenewed::of(account.signed_out_at.is_some(), said) {
        NotRenewed::Ended => "account-error-ended",
        NotRenewed::Client => "account-error-client",
        NotRenewed::Away => "account-error-away",
    };
    words.with(key, &[("name", title)])
}

/// What only IT reads: the boxes that were ticked, by the provider's names, and its words when it gave nothing.
pub(super) fn for_it(account: &MailAccount) -> String {
    let boxes = account.scopes.split_whitespace().map(ToOwned::to_owned);
    boxes.chain(account.failed.as_ref().map(|(_, why)| why.clone())).collect::<Vec<_>>().join("\n")
}

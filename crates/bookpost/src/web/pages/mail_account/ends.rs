//! A sign-in ends by itself, and somebody has to sign in again before.

use store::{Alarm, Error, MailAccount};

use crate::{
    config::Provider,
    preferences::mail_accounts::{Ending, EndsWhy},
    web::pages::{visit::Visit, when::Clockwork},
};

/// When it ends, where the provider has said so or its client stands at "Testing"; that it would if it were not used goes without saying.
pub(super) fn fact(ending: &Ending, clockwork: &Clockwork) -> Option<(String, String)> {
    let is_said = ending.why != EndsWhy::Unused || ending.is_near(clockwork.now);
    is_said.then(|| (clockwork.words.t("account-ends-at"), clockwork.in_full(ending.ends_at)))
}

/// That it ends soon, why, and what to do.
pub(in crate::web::pages) fn said(
    visit: &Visit,
    provider: Provider,
    account: &MailAccount,
) -> Option<String> {
    let (words, clockwork) = (visit.words(), &visit.clockwork);
    let ending = visit.pages.sources.accounts.ending(account)?;
    if !ending.is_near(clockwork.now) {
        return None;
    }
    let key = match (provider, ending.why) {
        (Provider::Google, EndsWhy::Said) | (_, EndsWhy::Testing) => "account-ends-google",
        (Provider::Microsoft, EndsWhy::Said) => "account-ends-said",
        (_, EndsWhy::Unused) => "account-ends-unused",
    };
    let at = clockwork.in_full(ending.ends_at);
    Some(words.with(key, &[("name", provider.title()), ("at", &at)]))
}

/// What is to be done, of which the alarm tells: the title, what, and where.
pub(in crate::web::pages) async fn to_do(
    visit: &Visit,
    alarm: &Alarm,
) -> Result<Option<(String, String, (String, String))>, Error> {
    let Some(provider) = Provider::named(&alarm.subject) else { return Ok(None) };
    let account = visit.pages.sources.accounts.account(provider).await?;
    let said = account.and_then(|account| said(visit, provider, &account));
    let name = [("name", provider.title())];
    let words = visit.words();
    Ok(said.map(|said| {
        let link = (super::address(provider).to_owned(), words.with("account-again", &name));
        (words.with("alarm-sign-in-ends-by", &name), said, link)
    }))
}

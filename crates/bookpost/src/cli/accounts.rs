//! Signing in at a mail provider from the command line: an address to open in any browser, and the address with which that comes back.

use std::io::BufRead as _;

use store::{Actor, MailAccount, Store};

use super::control::{AccountRequest, Failure, Reply, ShownAccount};
use crate::{
    app::App,
    config::Provider,
    preferences::mail_accounts::{AccountError, Back, Came, redirect::NotTaken},
};

const WHO: Actor = Actor::CommandLine;

/// Where there is no service there is nobody to keep a sign-in.
pub(super) fn without_service() -> Reply {
    let message = "sign in while the service runs: bookpost serve".to_owned();
    Reply::Failed { failure: Failure::Usage, message }
}

/// Signs somebody in, with `ask` to ask the service and `say` for whoever sits at the terminal. `another`: another account than before is
/// meant.
pub(super) fn connect(
    provider: Provider,
    another: bool,
    ask: impl Fn(AccountRequest) -> anyhow::Result<Reply>,
    say: impl Fn(&str),
) -> anyhow::Result<Reply> {
    let (to, kept) = match ask(AccountRequest::Begin { provider })? {
        Reply::SignInBegun { to, kept } => (to, kept),
        other => return Ok(other),
    };
    let name = provider.title();
    say(&format!(
        "Open this address in a browser on any computer, sign in with an account that the library shares, and tick every box:\n\n{to}\n\nAfterwards the browser may say that it cannot reach the page. Copy the whole address from its bar, and paste it here within 15 minutes ({name} lets it be used once):"
    ));
    let mut address = String::new();
    std::io::stdin().lock().read_line(&mut address)?;
    match ask(AccountRequest::End { provider, kept, address: address.trim().to_owned() })? {
        Reply::AnotherAccount { .. } if another => ask(AccountRequest::Confirm { provider }),
        other => Ok(other),
    }
}

impl App {
    /// Carries out what a command asks for about an account.
    pub(super) async fn about_account(&self, request: AccountRequest) -> Reply {
        let accounts = &self.accounts;
        let (provider, came) = match request {
            AccountRequest::Begin { provider } => {
                return match accounts.begin(provider, WHO).await {
                    Ok(begun) => Reply::SignInBegun { to: begun.to, kept: begun.kept },
                    Err(error) => refused(provider, &error),
                };
            }
            AccountRequest::Disconnect { provider } => {
                return match accounts.disconnect(provider, WHO).await {
                    Ok(told) => Reply::Disconnected { provider: provider.name().to_owned(), told },
                    Err(error) => refused(provider, &error),
                };
            }
            AccountRequest::End { provider, kept, address } => {
                let query = address.split_once('?').map_or("", |(_, query)| query);
                let query = query.split('#').next().unwrap_or_default();
                let back: Back = serde_html_form::from_str(query).unwrap_or_default();
                (provider, accounts.end(&kept, &back, &WHO).await)
            }
            AccountRequest::Confirm { provider } => (provider, accounts.confirm(provider, &WHO).await),
        };
        match came {
            Ok(Came::Connected { .. }) => match shown(&self.store).await {
                Ok(all) => all.into_iter().find(|one| one.provider == provider.name()).map_or_else(
                    || refused(provider, &AccountError::Stale),
                    |one| Reply::Connected(Box::new(one)),
                ),
                Err(error) => refused(provider, &error.into()),
            },
            Ok(Came::Another { account, before, .. }) => Reply::AnotherAccount { account, before },
            Err(error) => refused(provider, &error),
        }
    }
}

/// The accounts, with nothing secret.
pub(super) async fn shown(store: &Store) -> Result<Vec<ShownAccount>, store::Error> {
    Ok(store.mail_accounts().await?.into_iter().map(without_secrets).collect())
}

fn without_secrets(account: MailAccount) -> ShownAccount {
    ShownAccount {
        provider: account.provider,
        account: account.account,
        scopes: account.scopes.split_whitespace().map(ToOwned::to_owned).collect(),
        connected_at: account.connected_at,
        connected_by: account.connected_by,
        renewed_at: account.refreshed_at,
        renews_at: account.signed_out_at.is_none().then_some(account.refresh_at),
        signed_out_at: account.signed_out_at,
        last_error: account.failed.map(|(_, why)| why),
    }
}

fn refused(provider: Provider, error: &AccountError) -> Reply {
    let (name, title) = (provider.name(), provider.title());
    let (failure, todo) = match error {
        AccountError::NotSet => {
            (Failure::Config, format!("set {name}.client_id and its secret, as the guide says"))
        }
        AccountError::NotTaken { why, .. } => (Failure::Config, taken_when(*why).to_owned()),
        AccountError::Client(_) => (Failure::Config, "check both at the provider".to_owned()),
        AccountError::Stale | AccountError::NoCode(_) => {
            (Failure::Usage, format!("begin again: bookpost preferences connect {name}"))
        }
        AccountError::BoxUnticked { .. } | AccountError::Denied(_) | AccountError::NoAddress => (
            Failure::Data,
            format!(
                "nothing was saved; sign in again and tick every box: bookpost preferences connect {name}"
            ),
        ),
        AccountError::NoTokenForLater => (
            Failure::Data,
            format!("take Bookpost's access away in the account at {title}, then sign in again"),
        ),
        AccountError::Provider(_) => (Failure::Temporary, "try again in a while".to_owned()),
        AccountError::Key(_) => (Failure::Config, "put the key back".to_owned()),
        AccountError::Store(error) => (super::queue::failure(error), "try again in a while".to_owned()),
    };
    Reply::Failed { failure, message: format!("{title}: {error}; {todo}") }
}

fn taken_when(why: NotTaken) -> &'static str {
    match why {
        NotTaken::NotEncrypted => "it must be https, or localhost: set public_address",
        NotTaken::Number => "it must be a name and not a number: set public_address",
        NotTaken::Local => "its name must be known outside your own network: set public_address",
    }
}

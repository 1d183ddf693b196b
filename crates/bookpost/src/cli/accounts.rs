//! Signing in at a mail provider from the command line: an address to open in any browser, and the address with which that comes back.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::Context as _;
use jiff::{Timestamp, tz::TimeZone};
use mail::Reason;
use store::{Actor, MailAccount, Store};

use super::{
    Exit,
    control::{AccountRequest, Failure, RenewedSignIn, Reply, ShownAccount},
    run::Stop,
    show,
};
use crate::{
    app::App,
    config::{Config, MailProvider, Provider, SendBy},
    preferences::mail_accounts::{
        AccountError, Asked, Back, Came, Ending, NoToken, OfAnother, Revoked, Shown, Used, WithCode, Without,
        renewed_at_latest, service::ServiceError, used,
    },
};

const WHO: Actor = Actor::CommandLine;

type Ask<'a> = &'a dyn Fn(AccountRequest) -> anyhow::Result<Reply>;
type Say<'a> = &'a dyn Fn(&str);

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
    ask: Ask<'_>,
    say: Say<'_>,
) -> anyhow::Result<Reply> {
    let (to, kept) = match ask(AccountRequest::Begin { provider })? {
        Reply::SignInBegun { to, kept } => (to, kept),
        other => return Ok(other),
    };
    let (name, agree) = (provider.title(), agrees(provider));
    let tunnel = tunnel(&to).map_or_else(String::new, |line| {
        format!("If that is another computer, the browser finds its way back while this runs there in a window of its own, with your login and the name of this computer; without it, it shows no page at the end:\n\n    {line}\n\n")
    });
    say(&format!(
        "Open this address in a browser on any computer, sign in with an account that the library shares, and {agree}:\n\n{to}\n\n{tunnel}Afterwards the browser shows an address, or says that it cannot reach the page. Copy the whole address, from the page or else from the browser's bar, and paste it here within 15 minutes ({name} lets it be used once):"
    ));
    let mut address = String::new();
    std::io::stdin().lock().read_line(&mut address)?;
    match ask(AccountRequest::End { provider, kept, address: address.trim().to_owned() })? {
        another_one @ Reply::AnotherAccount { .. } => decided(provider, another, another_one, ask),
        other => Ok(other),
    }
}

/// Another account than before has come; where that is not meant, nothing is left of it.
fn decided(provider: Provider, another: bool, came: Reply, ask: Ask<'_>) -> anyhow::Result<Reply> {
    if another {
        return ask(AccountRequest::Confirm { provider });
    }
    ask(AccountRequest::DropNew { provider })?;
    Ok(came)
}

/// What whoever signs in does so that mail can be sent.
fn agrees(provider: Provider) -> &'static str {
    if provider.has_boxes() { "tick every box" } else { "agree to all that is asked" }
}

/// What brings a browser on another computer to this one, where people are led back to "this computer".
fn tunnel(to: &str) -> Option<String> {
    let to = reqwest::Url::parse(to).ok()?;
    let (_, back) = to.query_pairs().find(|(name, _)| name == "redirect_uri")?;
    let back = reqwest::Url::parse(&back).ok()?;
    let port = back.port_or_known_default()?;
    let is_here = matches!(back.host_str()?, "localhost" | "127.0.0.1" | "[::1]");
    is_here.then(|| format!("ssh -L {port}:127.0.0.1:{port} LOGIN@COMPUTER"))
}

/// The same without a browser that comes back: a code is typed on another device.
pub(super) fn connect_with_code(
    provider: Provider,
    another: bool,
    ask: Ask<'_>,
    say: Say<'_>,
) -> anyhow::Result<Reply> {
    let mut kept = match ask(AccountRequest::BeginWithCode { provider })? {
        Reply::SignInByCode { address, code, until, kept } => {
            let until = TimeZone::system().to_datetime(until).strftime("%H:%M");
            say(&format!(
                "Open this address on any computer or telephone, type the code, sign in with an account that the library shares, and agree:\n\n{address}\n{code}\n\nThis waits for it until {until}; Ctrl-C gives up."
            ));
            kept
        }
        other => return Ok(other),
    };
    loop {
        match ask(AccountRequest::AskWithCode { provider, kept })? {
            Reply::NotTypedYet { kept: next } => kept = next,
            another_one @ Reply::AnotherAccount { .. } => {
                return decided(provider, another, another_one, ask);
            }
            other => return Ok(other),
        }
    }
}

/// Ends a sign-in, once whoever sits at the terminal has heard what follows and agrees, or has said so beforehand.
pub(super) fn disconnect(provider: Provider, yes: bool, ask: Ask<'_>, say: Say<'_>) -> Result<Reply, Stop> {
    match ask(AccountRequest::Disconnecting { provider })? {
        Reply::Disconnecting { provider, account, mail } => {
            say(show::preferences::disconnecting(&provider, &account, &mail).trim_end());
        }
        other => return Ok(other),
    }
    if !yes {
        let mut stdin = std::io::stdin().lock();
        if !stdin.is_terminal() {
            return Err(Stop(Exit::Usage, "nothing was changed: say --yes if that is meant".to_owned()));
        }
        say("Go on? Type y or n:");
        let mut answer = String::new();
        stdin.read_line(&mut answer).context("no answer")?;
        if !["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
            return Err(Stop(Exit::Usage, "nothing was changed".to_owned()));
        }
    }
    Ok(ask(AccountRequest::Disconnect { provider })?)
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
            AccountRequest::BeginWithCode { provider } => {
                return match accounts.begin_with_code(provider, WHO).await {
                    Ok(WithCode { address, code, kept, until }) => {
                        Reply::SignInByCode { address, code, until, kept }
                    }
                    Err(error) => refused(provider, &error),
                };
            }
            AccountRequest::AskWithCode { provider, kept } => {
                match accounts.ask_with_code(&kept, &WHO).await {
                    Ok(Asked::NotYet(kept)) => return Reply::NotTypedYet { kept },
                    Ok(Asked::Came(came)) => (provider, Ok(came)),
                    Err(error) => (provider, Err(error)),
                }
            }
            AccountRequest::Renew { provider } => {
                return match accounts.renewed(provider).await {
                    Ok(Shown { user, token, usable_until, may_look, .. }) => Reply::Renewed(RenewedSignIn {
                        user,
                        token: (*token).clone(),
                        usable_until,
                        may_look,
                    }),
                    Err(NoToken { reason, text }) => Reply::NotRenewed { reason, text },
                };
            }
            AccountRequest::DropNew { provider } => {
                accounts.drop_new(provider, &WHO).await;
                return Reply::TestNoted;
            }
            AccountRequest::Disconnecting { provider } => return self.disconnecting(provider).await,
            AccountRequest::Disconnect { provider } => return self.disconnect(provider).await,
            AccountRequest::End { provider, kept, address } => {
                let query = address.split_once('?').map_or("", |(_, query)| query);
                let query = query.split('#').next().unwrap_or_default();
                let back: Back = serde_html_form::from_str(query).unwrap_or_default();
                (provider, accounts.end(&kept, &back, &WHO).await)
            }
            AccountRequest::Confirm { provider } => return self.confirm(provider).await,
        };
        match came {
            Ok(Came::Connected { .. }) => match self.connected(provider).await {
                Ok(account) => Reply::Connected(account),
                Err(error) => refused(provider, &error),
            },
            Ok(Came::Another { account, before, .. }) => Reply::AnotherAccount { account, before },
            Err(error) => refused(provider, &error),
        }
    }
}

impl App {
    async fn connected(&self, provider: Provider) -> Result<Box<ShownAccount>, AccountError> {
        let all = shown(&self.store, &self.settings.now(), self.clock.now()).await?;
        let found = all.into_iter().find(|one| one.provider == provider.name());
        found.map(Box::new).ok_or(AccountError::Stale)
    }

    async fn confirm(&self, provider: Provider) -> Reply {
        let came = async {
            let former = self.accounts.confirm(provider, &WHO).await?;
            Ok::<_, AccountError>((former, self.connected(provider).await?))
        };
        match came.await {
            Ok((None, account)) => Reply::Connected(account),
            Ok((Some(former), account)) => {
                let (told, why_not_told) = told(former.ended);
                Reply::ConnectedInstead { account, before: former.account, told, why_not_told }
            }
            Err(error) => refused(provider, &error),
        }
    }

    async fn disconnecting(&self, provider: Provider) -> Reply {
        let account = match self.accounts.account(provider).await {
            Ok(Some(account)) => account.account,
            Ok(None) => return nobody(provider),
            Err(error) => return refused(provider, &error.into()),
        };
        match Without::of(provider, &self.settings.now(), &self.store).await {
            Ok(mail) => Reply::Disconnecting { provider: provider.name().to_owned(), account, mail },
            Err(error) => refused(provider, &error.into()),
        }
    }

    async fn disconnect(&self, provider: Provider) -> Reply {
        match self.accounts.account(provider).await {
            Ok(Some(_)) => {}
            Ok(None) => return nobody(provider),
            Err(error) => return refused(provider, &error.into()),
        }
        let ended = match self.accounts.disconnect(provider, WHO).await {
            Ok(ended) => ended,
            Err(error) => return refused(provider, &error),
        };
        let (told, why_not_told) = told(ended);
        Reply::Disconnected { provider: provider.name().to_owned(), told, why_not_told }
    }
}

/// Whether the provider was told, and why not where it could not be.
fn told(ended: Revoked) -> (bool, Option<String>) {
    match ended {
        Revoked::Yes => (true, None),
        Revoked::NotAsked => (false, None),
        Revoked::Failed(why) => (false, Some(why)),
    }
}

/// What the service says that was asked to have a sign-in renewed.
pub(super) fn renewed(reply: anyhow::Result<Reply>) -> Result<Shown, NoToken> {
    let later = |text| Err(NoToken { reason: Reason::SignInUnavailable, text });
    match reply {
        Ok(Reply::Renewed(RenewedSignIn { user, token, usable_until, may_look })) => {
            Ok(Shown { user, token: token.into(), until: usable_until, usable_until, may_look })
        }
        Ok(Reply::NotRenewed { reason, text }) => Err(NoToken { reason, text }),
        Ok(Reply::Failed { message, .. }) => later(message),
        Ok(_) => later("the service has said something else".to_owned()),
        Err(error) => later(format!("{error:#}")),
    }
}

/// The accounts, with nothing secret.
pub(super) async fn shown(
    store: &Store,
    config: &Config,
    now: Timestamp,
) -> Result<Vec<ShownAccount>, store::Error> {
    let mut all = Vec::new();
    for account in store.mail_accounts().await? {
        let set = config.providers.iter().find(|set| set.provider.name() == account.provider);
        let of_today = match set {
            Some(set) => Some(used(store, set, now).await?),
            None => None,
        };
        let of_another = set.and_then(|set| OfAnother::of_account(&account, set, &config.sealing_key));
        let of_another = of_another.map(|of_another| of_another.to_string());
        let ends = Ending::of_account(&account, set, &config.sealing_key);
        all.push(ShownAccount {
            given_for_another: of_another,
            ends,
            ..without_secrets(account, set.map(MailProvider::sends_by), of_today)
        });
    }
    Ok(all)
}

fn without_secrets(account: MailAccount, send_by: Option<SendBy>, sent: Option<Used>) -> ShownAccount {
    let latest = account.signed_out_at.is_none().then(|| renewed_at_latest(&account));
    ShownAccount {
        send_by,
        sent_in_24_hours: sent,
        provider: account.provider,
        account: account.account,
        scopes: account.scopes.split_whitespace().map(ToOwned::to_owned).collect(),
        connected_at: account.connected_at,
        connected_by: account.connected_by,
        renewed_at: account.refreshed_at,
        renews_at_latest: latest,
        renews_at: account.signed_out_at.is_none().then_some(account.refresh_at),
        signed_out_at: account.signed_out_at,
        last_reason: account.failed.as_ref().map(|failed| failed.reason),
        last_error: account.failed.map(|failed| failed.said),
        given_for_another: None,
        ends: None,
    }
}

/// As where any other thing is named that is not there.
pub(super) fn nobody(provider: Provider) -> Reply {
    let (name, title) = (provider.name(), provider.title());
    let message = format!("nobody has signed in at {title}; to sign in: bookpost preferences connect {name}");
    Reply::Failed { failure: Failure::Usage, message }
}

fn refused(provider: Provider, error: &AccountError) -> Reply {
    let (name, title) = (provider.name(), provider.title());
    let (failure, todo) = match error {
        AccountError::NotSet => {
            (Failure::Config, format!("enter it first: bookpost preferences client {name} --id ID"))
        }
        AccountError::NotTaken { .. } => {
            (Failure::Config, "it must be https, or localhost: set public_address".to_owned())
        }
        AccountError::Client(_) => (Failure::Config, "check both at the provider".to_owned()),
        AccountError::Stale | AccountError::NoCode(_) => {
            (Failure::Usage, format!("begin again: bookpost preferences connect {name}"))
        }
        AccountError::CodeEnded => (
            Failure::Usage,
            format!("nothing was saved; begin again: bookpost preferences connect {name} --device-code"),
        ),
        AccountError::NoCodes => {
            (Failure::Usage, format!("sign in with a browser: bookpost preferences connect {name}"))
        }
        AccountError::Denied(_) => (
            Failure::Data,
            format!("nothing was saved; sign in again and agree: bookpost preferences connect {name}"),
        ),
        AccountError::BoxUnticked { .. } | AccountError::AddressUnticked(_) | AccountError::NoAddress => {
            let agree = agrees(provider);
            let todo =
                format!("nothing was saved; sign in again and {agree}: bookpost preferences connect {name}");
            (Failure::Data, todo)
        }
        AccountError::NoTokenForLater => (
            Failure::Data,
            format!("take Bookpost's access away in the account at {title}, then sign in again"),
        ),
        AccountError::Service(error) => {
            let todo = match error {
                ServiceError::Key { .. } => {
                    "enter the key that you were given, or ask for another: bookpost preferences sign-in-service"
                }
                ServiceError::NotOffered { .. } | ServiceError::AtFault { .. } => {
                    "ask whoever runs it, or use a client id of your own"
                }
                ServiceError::AnotherAddress { .. } => {
                    "have whoever runs it give you a key for your address, or set public_address"
                }
                ServiceError::Away { .. } | ServiceError::Unable { .. } | ServiceError::TooOften { .. } => {
                    "try again in a while; what can be reached is shown by: bookpost preferences test-sign-in-service"
                }
            };
            let lasts = matches!(
                error,
                ServiceError::Key { .. }
                    | ServiceError::NotOffered { .. }
                    | ServiceError::AtFault { .. }
                    | ServiceError::AnotherAddress { .. }
            );
            (if lasts { Failure::Config } else { Failure::Temporary }, todo.to_owned())
        }
        AccountError::Provider(_) => (Failure::Temporary, "try again in a while".to_owned()),
        AccountError::Key(_) => (Failure::Config, "put the key back".to_owned()),
        AccountError::Store(error) => (super::queue::failure(error), "try again in a while".to_owned()),
    };
    Reply::Failed { failure, message: format!("{title}: {error}; {todo}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preferences::mail_accounts::Boxes;

    /// As docs/guide/exit-codes.md has it.
    #[test]
    fn each_refusal_has_the_code_that_the_same_has_elsewhere() {
        let said = || "x".to_owned();
        for (error, code) in [
            (AccountError::NotSet, 78),
            (AccountError::Client(said()), 78),
            (AccountError::Stale, 64),
            (AccountError::NoCode(said()), 64),
            (AccountError::CodeEnded, 64),
            (AccountError::NoCodes, 64),
            (AccountError::Denied(said()), 65),
            (AccountError::BoxUnticked { granted: said(), boxes: None }, 65),
            (AccountError::AddressUnticked(Boxes { ticked: 2, asked: 3, has_address: false }), 65),
            (AccountError::NoAddress, 65),
            (AccountError::NoTokenForLater, 65),
            (AccountError::Provider(said()), 75),
        ] {
            assert_eq!(Exit::of(&refused(Provider::Google, &error)).code(), code, "{error}");
        }
        assert_eq!(Exit::of(&nobody(Provider::Google)).code(), 64);
        let another = Reply::AnotherAccount { account: said(), before: said() };
        assert_eq!(Exit::of(&another).code(), 65, "nothing was connected");
    }
}

//! Accounts at mail providers: somebody signs in there, and mail leaves by their account, with a token in the place of a password.
//!
//! A token is asked for a while before the one of now ends, by one at a time: whoever else needs one waits for the answer. The next one is
//! stored before anybody is shown it. What a provider could not answer says nothing of the sign-in; only its word that the sign-in is over
//! ends it, and then nobody asks again until somebody has signed in anew.
//!
//! This part knows nothing of pages, commands and mail.

mod boxes;
mod claims;
mod device;
mod ending;
mod endpoints;
mod flow;
mod given_by;
mod http;
mod pending;
pub mod redirect;
mod renewing;
pub mod service;
mod tokens;
mod unused;
mod used;
mod without;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use mail::{Reason, clock::Clock};
use store::{AlarmKind, Cause, MailAccount, Store};
use tokio::sync::{Mutex, RwLock, watch};
use zeroize::Zeroizing;

use self::{
    endpoints::may_send,
    http::Http,
    redirect::NotTaken,
    service::{Kept, ServiceError},
};
use crate::{
    alarms::Alarms,
    app::lost_secrets::Sealing,
    config::{MailProvider, Provider, Settings},
    secrets::KeyError,
};

pub use boxes::Boxes;
pub use device::{Asked, WithCode};
pub use ending::{Ending, EndsWhy};
pub use flow::{Back, Begun, Came, LASTS, LedBack, Revoked};
pub use given_by::{GivenBy, OfAnother};
pub use renewing::of_client;
pub use unused::Former;
pub use used::{Used, counted_as, sent, used};
pub use without::{Without, other_than};

/// A mail server that does not take a token is not believed again sooner.
const BELIEVED_AGAIN: Duration = Duration::from_mins(10);
/// While nothing is sent, a token is asked for this long after the last one ended: what is not used for months is ended by the provider.
const IDLE: Duration = Duration::from_hours(24);

/// What a mail server is shown.
#[derive(Clone)]
pub struct Shown {
    /// The account.
    pub user: String,
    pub token: Zeroizing<String>,
    /// When another one is had: a connection that was opened with this one ends then.
    pub until: Timestamp,
    /// Names it without telling it.
    pub usable_until: Timestamp,
    /// By it the provider may be asked what was sent.
    pub may_look: bool,
}

/// Why there is no token, and what was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoToken {
    pub reason: Reason,
    pub text: String,
}

/// Why somebody is not connected.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("no client id is set for this provider")]
    NotSet,
    #[error("the provider would not take the address {back}")]
    NotTaken { back: String, why: NotTaken },
    /// It was not begun here or by them, or too long ago, or what came back belongs to something else.
    #[error("the sign-in was not begun here, or too long ago")]
    Stale,
    /// What was to be typed on another device was not, in time.
    #[error("the code was not typed in time")]
    CodeEnded,
    #[error("the provider has no codes to be typed on another device")]
    NoCodes,
    /// The person did not agree, or whoever administers the provider did not.
    #[error("the provider says: {0}")]
    Denied(String),
    #[error("the provider cannot be used: {0}")]
    Provider(String),
    #[error("the provider does not take the code: {0}")]
    NoCode(String),
    #[error("the provider does not know the client id and secret: {0}")]
    Client(String),
    /// That for sending was left unticked, or where there are no boxes, not agreed to.
    #[error("mail cannot be sent with what was agreed to: {granted}")]
    BoxUnticked { granted: String, boxes: Option<Boxes> },
    #[error("the box for the email address was left unticked: it is not known who has signed in")]
    AddressUnticked(Boxes),
    #[error("the provider gave no token for later")]
    NoTokenForLater,
    #[error("the provider does not say who has signed in")]
    NoAddress,
    /// By somebody else's client.
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The accounts. All clones are the same.
#[derive(Clone)]
pub struct MailAccounts(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    settings: Settings,
    sealing: Sealing,
    alarms: Alarms,
    http: Http,
    /// Asks a sign-in service.
    http_of_service: Http,
    /// Asks providers for other installations.
    http_for_others: Http,
    /// What was answered to other installations lately.
    kept: Kept,
    /// Held by what is done for other installations while it is.
    under_way: Arc<RwLock<()>>,
    /// Held by whoever asks this provider for tokens.
    asking: BTreeMap<Provider, Mutex<()>>,
    /// Told when there are other tokens, or none any more.
    done: watch::Sender<()>,
    /// What was given to somebody who has signed in with another account than before, until they say that it is meant.
    pending: Mutex<Option<pending::Pending>>,
    /// When a mail server was believed last that it takes a token no more, and which.
    believed: Mutex<BTreeMap<Provider, (Timestamp, Zeroizing<String>)>>,
}

impl MailAccounts {
    pub(crate) fn new(
        store: &Store,
        clock: &Arc<dyn Clock>,
        settings: &Settings,
        sealing: &Sealing,
        alarms: &Alarms,
    ) -> Self {
        Self(Arc::new(Inner {
            store: store.clone(),
            clock: Arc::clone(clock),
            settings: settings.clone(),
            sealing: sealing.clone(),
            alarms: alarms.clone(),
            http: Http::default(),
            http_of_service: Http::patient(service::OF_SERVICE),
            http_for_others: Http::patient(service::OF_PROVIDER),
            kept: Kept::default(),
            under_way: Arc::default(),
            asking: Provider::ALL.map(|provider| (provider, Mutex::default())).into(),
            done: watch::Sender::default(),
            pending: Mutex::default(),
            believed: Mutex::default(),
        }))
    }

    /// The provider, as it is set now.
    pub fn provider(&self, provider: Provider) -> Option<MailProvider> {
        self.0.settings.now().providers.iter().find(|one| one.provider == provider).cloned()
    }

    /// The account at a provider, if somebody has signed in.
    pub async fn account(&self, provider: Provider) -> Result<Option<MailAccount>, store::Error> {
        self.0.store.mail_account(provider.name()).await
    }

    /// How much was sent by it in the last 24 hours. None: it is not set up.
    pub async fn used(&self, provider: Provider) -> Result<Option<Used>, store::Error> {
        let Some(set) = self.provider(provider) else { return Ok(None) };
        used(&self.0.store, &set, self.0.clock.now()).await.map(Some)
    }

    /// What a mail server of this provider is shown now. Whoever asks and goes away takes nothing with them: what is asked for is stored.
    pub async fn shown(&self, provider: Provider) -> Result<Shown, NoToken> {
        let inner = Arc::clone(&self.0);
        let asked = tokio::spawn(async move { inner.shown(provider).await }).await;
        asked.unwrap_or_else(|error| Err(NoToken::later(error.to_string())))
    }

    /// The same, once the provider has renewed the sign-in, whether that was due or not: so is seen that it still does. The token of before
    /// is good as long as it was, where it does not.
    pub async fn renewed(&self, provider: Provider) -> Result<Shown, NoToken> {
        let inner = Arc::clone(&self.0);
        let asked = tokio::spawn(async move { inner.renewed(provider).await }).await;
        asked.unwrap_or_else(|error| Err(NoToken::later(error.to_string())))
    }

    /// A mail server did not take this one: the next is asked for. False: that would be no use, as the one before was not taken either, a
    /// moment ago.
    pub async fn refused(&self, provider: Provider, shown: &Shown) -> bool {
        let (store, now) = (&self.0.store, self.0.clock.now());
        let mut believed = self.0.believed.lock().await;
        if let Some((at, token)) = believed.get(&provider)
            && now.duration_since(*at).unsigned_abs() < BELIEVED_AGAIN
        {
            // Another connection has said so of the same one.
            return *token == shown.token;
        }
        believed.insert(provider, (now, shown.token.clone()));
        // Held until that is noted: another connection would be shown the same token once more.
        if let Err(error) = store.spend_token(provider.name(), shown.usable_until, now).await {
            tracing::error!(%error, "that a mail server takes a token no more could not be noted");
        }
        drop(believed);
        true
    }

    /// The account at a provider is of no use, as it was given for something else than is set now.
    pub fn of_another(&self, account: &MailAccount) -> Option<OfAnother> {
        let provider = Provider::named(&account.provider)?;
        self.0.of_another(provider, account)
    }

    /// What was agreed to is enough for the way in which mail is to leave now.
    pub fn covers(&self, account: &MailAccount) -> bool {
        let set = Provider::named(&account.provider).and_then(|provider| self.provider(provider));
        set.is_some_and(|set| may_send(&set, &account.scopes))
    }

    /// When the account's sign-in ends by itself.
    pub fn ending(&self, account: &MailAccount) -> Option<Ending> {
        let set = Provider::named(&account.provider).and_then(|provider| self.provider(provider));
        Ending::of_account(account, set.as_ref(), &self.0.settings.now().sealing_key)
    }

    /// Says in good time that a sign-in ends by itself, or that it does not any more.
    fn tell_of_its_end(&self, account: &MailAccount) {
        let Some(provider) = Provider::named(&account.provider) else { return };
        let (alarms, now) = (&self.0.alarms, self.0.clock.now());
        match self.ending(account).filter(|ending| ending.is_near(now)) {
            Some(ending) => {
                let text = ends_soon(provider, &account.account, ending);
                alarms.raise(AlarmKind::SignInEnds, provider.name(), text);
            }
            None => alarms.clear(AlarmKind::SignInEnds, provider.name()),
        }
    }

    /// Asks for the next token where nobody has needed one for long, so that the sign-in stays alive. Says where it is none for what is set
    /// now.
    pub(crate) async fn keep_alive(&self) -> Result<(), store::Error> {
        self.drop_what_is_over().await;
        let now = self.0.clock.now();
        for account in self.0.store.mail_accounts().await? {
            let idle_since = renewed_at_latest(&account);
            let Some(provider) = Provider::named(&account.provider) else { continue };
            if let Some(of_another) = self.of_another(&account).filter(|_| account.signed_out_at.is_none()) {
                let (title, reason) = (provider.title(), Reason::OtherClient);
                let text =
                    format!("{title}: {} {} ({of_another})", reason.plain_words(), reason.what_to_do());
                self.0.alarms.raise(AlarmKind::SignIn, &of_client(provider), text);
                continue;
            }
            if account.failed.is_none() {
                self.0.alarms.clear(AlarmKind::SignIn, &of_client(provider));
            }
            if account.signed_out_at.is_some() || now < idle_since || self.provider(provider).is_none() {
                continue;
            }
            let Err(error) = self.shown(provider).await else { continue };
            let subject = match error.reason {
                Reason::SignedOut => provider.name().to_owned(),
                // Which is over with the next token, whether mail leaves or not.
                Reason::ClientRefused | Reason::ServiceRefused | Reason::ServiceAtFault => {
                    of_client(provider)
                }
                _ => continue,
            };
            let text = format!("{}: {}", provider.title(), error.reason.plain_words());
            self.0.alarms.raise(AlarmKind::SignIn, &subject, Cause::new(error.reason, text));
        }
        for account in self.0.store.mail_accounts().await? {
            self.tell_of_its_end(&account);
        }
        Ok(())
    }

    /// Waits for whoever asks a provider: what it gives is stored, or handed on. Nobody is asked any more whether another account is meant.
    pub(crate) async fn ended(&self) {
        for asking in self.0.asking.values() {
            let _nobody = asking.lock().await;
        }
        for provider in Provider::ALL {
            self.drop_all_of(provider).await;
        }
        let _nothing = self.0.under_way.write().await;
    }
}

/// By when its sign-in is renewed though no mail leaves.
pub fn renewed_at_latest(account: &MailAccount) -> Timestamp {
    account.usable_until.saturating_add(IDLE).unwrap_or(Timestamp::MAX)
}

fn ends_soon(provider: Provider, account: &str, ending: Ending) -> String {
    let (title, name) = (provider.title(), provider.name());
    let at = TimeZone::system().to_datetime(ending.ends_at).strftime("%A, %-d %B %Y, %H:%M");
    let why = match ending.why {
        EndsWhy::Said => format!("{title} said so when somebody signed in"),
        EndsWhy::Testing => "the client stands at \"Testing\" there".to_owned(),
        EndsWhy::Unused => format!("{title} could not be asked to renew it for a long time"),
    };
    format!(
        "{title}: the sign-in of {account} ends on {at}, as {why}. Sign in again before, on the page or with: bookpost preferences connect {name}. After that mail does not leave by {title}."
    )
}

impl NoToken {
    fn new(reason: Reason, text: impl Into<String>) -> Self {
        Self { reason, text: text.into() }
    }

    fn later(text: impl Into<String>) -> Self {
        Self::new(Reason::SignInUnavailable, text)
    }
}

impl From<store::Error> for NoToken {
    fn from(error: store::Error) -> Self {
        Self::later(error.to_string())
    }
}

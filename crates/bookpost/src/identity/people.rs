//! The staff who use the pages: signing in, being known again, and the links by which they come.
//!
//! A page asks in this order: who is it ([`People::visitor`], by the token that the browser shows), and may they
//! ([`Visitor::may`]). Nothing here knows of HTTP: cookies, forms and where they come from are the pages' own.

mod device;
mod forgotten;
mod hashing;
mod password;
mod permission;
mod token;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use mail::{Address, clock::Clock};
use rand::{CryptoRng, RngExt as _, rngs::StdRng};
use store::{
    Actor, Administrators, AuditFilter, Deed, Error, KeyHash, Link, LinkPurpose, NewLink, NewSession,
    PasswordHash, Person, PersonId, PersonName, PersonSettings, Role, Session, Store,
};

use self::{
    forgotten::Forgotten,
    hashing::{Busy, Hashing, Place},
};
use super::{
    guessing::{Guessing, guess},
    locked,
};
use crate::config::Oidc;

pub use device::{Browser, Device};
pub use password::{LONGEST, SHORTEST, Unfit, check};
pub use permission::{Permission, Site, allows};
pub use token::Token;

/// Bytes of an address (RFC 5321, 4.5.3.1.3). What is longer is nobody's: it costs nothing, and is not remembered.
const MOST_TYPED: usize = 254;
const BUSY: &str = "too many people sign in at this moment; try again in a minute";

/// Why somebody is not signed in, in words that can be shown to them.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// There is no such person, they have chosen no password yet, or it is another. Which of these is not told.
    #[error("this address and this password do not belong together")]
    Unknown,
    /// The password is right, and the person was disabled.
    #[error("this account is disabled; ask whoever administers Bookpost")]
    Disabled,
    /// Nothing was looked at.
    #[error("too many wrong passwords; try again after {retry_at:.0}")]
    HeldUp {
        /// Not before.
        retry_at: Timestamp,
    },
    /// Nothing was looked at.
    #[error("{BUSY}")]
    Busy,
    /// The queue cannot be read or written.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The one that is to be changed was not given.
    #[error("this is not your present password")]
    Wrong,
    /// The new one cannot be taken.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It could not be looked at, or not be stored.
    #[error(transparent)]
    SignIn(SignInError),
}

/// Why a link did not do what it is for.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It opens nothing, or no more.
    #[error("this link was used already, or has run out; ask for a new one")]
    Gone,
    /// The password cannot be taken; the link is still good.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Another person has this address; the link is still good.
    #[error("somebody signs in with this address already")]
    Taken,
    /// The link is still good.
    #[error("{BUSY}")]
    Busy,
    /// The queue cannot be read or written.
    #[error(transparent)]
    Store(Error),
}

/// All who may sign in. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct People(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    dice: Mutex<StdRng>,
    hashing: Hashing,
    /// By address, whether or not somebody has it: what is counted for some only would tell who has an account.
    guessing: Mutex<Guessing<String>>,
    forgotten: Forgotten,
    /// Somebody else signs people in, too: they need no password.
    has_provider: bool,
}

/// Somebody who has signed in, as they stand at this moment.
#[derive(Debug, Clone)]
pub struct Visitor {
    person: Person,
    session: Session,
}

/// A link that was just made. Its code is here and nowhere else.
#[derive(Debug, Clone)]
pub struct MadeLink {
    /// Opens it.
    pub code: Token,
    /// It opens nothing from then on.
    pub expires_at: Timestamp,
}

impl Visitor {
    /// Who they are.
    pub fn person(&self) -> &Person {
        &self.person
    }

    /// By which session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Whether they may.
    pub fn may(&self, permission: Permission<'_>) -> bool {
        allows(self.person.role, &self.person.sites, permission)
    }

    /// Who they are to the log.
    pub fn actor(&self) -> Actor {
        Actor::Person { id: self.person.id, name: self.person.name.clone() }
    }
}

impl People {
    /// The dice must have been seeded with as many bits as a token has. Whom the `provider` lets in needs no password.
    pub fn new(store: Store, clock: Arc<dyn Clock>, dice: StdRng, provider: Option<&Oidc>) -> Self {
        Self::with(store, clock, dice, Hashing::usual(), provider.is_some())
    }

    fn with(store: Store, clock: Arc<dyn Clock>, dice: StdRng, hashing: Hashing, has_provider: bool) -> Self {
        let (dice, guessing, forgotten) = (Mutex::new(dice), Mutex::default(), Forgotten::default());
        Self(Arc::new(Inner { store, clock, dice, hashing, guessing, forgotten, has_provider }))
    }

    /// Begins a session for whoever knows the password; gives its token. Whether there is such a person can be told neither by the answer nor by
    /// how long it takes.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        device: impl Into<Device>,
    ) -> Result<(Token, Person), SignInError> {
        let device = device.into();
        let (done, peer) = (self.let_in(email, password, device).await, device.peer);
        match &done {
            Ok((_, person)) => tracing::info!(%peer, person.id = person.id.0, "a person signed in"),
            Err(refusal) => {
                tracing::info!(%peer, email = named(email), %refusal, "a person was not signed in");
            }
        }
        done
    }

    /// Begins a session for whoever was proven elsewhere to have this address, if they are a person of Bookpost.
    #[cfg(feature = "oidc")]
    pub async fn sign_in_proven(
        &self,
        email: &Address,
        device: Device,
    ) -> Result<(Token, Person), SignInError> {
        let known = self.0.store.credentials(email).await?.ok_or(SignInError::Unknown)?;
        if known.person.disabled_at.is_some() {
            return Err(SignInError::Disabled);
        }
        let begun = self.begin(known.person.id, None, device).await?;
        tracing::info!(peer = %device.peer, person.id = begun.1.id.0, "a person signed in by the OpenID Connect provider");
        Ok(begun)
    }

    /// Whoever shows this token; `None`: nobody, or no more.
    pub async fn visitor(&self, token: &str) -> Result<Option<Visitor>, Error> {
        let found = self.0.store.session(token::hash(token), self.0.clock.now()).await?;
        Ok(found.map(|(session, person)| Visitor { person, session }))
    }

    /// Ends the visitor's session.
    pub async fn sign_out(&self, visitor: &Visitor) -> Result<(), Error> {
        let (session, now) = (visitor.session.id, self.0.clock.now());
        self.0.store.end_session(session, visitor.actor(), now).await.map(drop)
    }

    /// A new password for the visitor, who gives the present one again. All their other sessions are ended.
    pub async fn change_password(
        &self,
        visitor: &Visitor,
        present: &str,
        new: &str,
        peer: IpAddr,
    ) -> Result<(), PasswordError> {
        let person = &visitor.person;
        check(new, &person.email)?;
        let known = self.0.store.credentials(&person.email).await.map_err(SignInError::from)?;
        let stored = known.filter(|known| known.person.id == person.id).and_then(|known| known.password);
        if !self.is_right(peer, &account(&person.email), present, stored.as_ref()).await? {
            return Err(PasswordError::Wrong);
        }
        let hash = self.hash(new).await.map_err(SignInError::from)?;
        let (keep, now) = (Some(visitor.session.id), self.0.clock.now());
        let changed = self.0.store.set_password(person.id, hash, keep, visitor.actor(), now).await;
        changed.map_err(SignInError::from)?;
        Ok(())
    }

    async fn let_in(
        &self,
        email: &str,
        password: &str,
        device: Device,
    ) -> Result<(Token, Person), SignInError> {
        let email = email.trim();
        if email.len() > MOST_TYPED {
            return Err(SignInError::Unknown);
        }
        let address = Address::parse(email).ok();
        let account = address.as_ref().map_or_else(|| email.to_lowercase(), account);
        self.not_held_up(device.peer, &account)?;
        let known = match &address {
            Some(address) => self.0.store.credentials(address).await?,
            None => None,
        };
        let stored = known.as_ref().and_then(|known| known.password.clone());
        let right = self.is_right(device.peer, &account, password, stored.as_ref()).await?;
        let (Some(known), Some(stored), true) = (known, stored, right) else {
            return Err(SignInError::Unknown);
        };
        if known.person.disabled_at.is_some() {
            return Err(SignInError::Disabled);
        }
        let (token, person) =
            self.begin(known.person.id, Some(stored.clone()), device).await.map_err(|error| match error {
                // Disabled, or with another password, a moment ago.
                Error::NotFound(_) => SignInError::Unknown,
                error => SignInError::Store(error),
            })?;
        if self.0.hashing.is_outdated(&stored) {
            self.rehash(person.id, stored, password).await;
        }
        Ok((token, person))
    }

    /// Whether the password is right. Those who come at once are counted as if they came one after another: whoever holds a place
    /// keeps it until the failure is counted.
    async fn is_right(
        &self,
        peer: IpAddr,
        account: &String,
        password: &str,
        stored: Option<&PasswordHash>,
    ) -> Result<bool, SignInError> {
        let place = self.0.hashing.place().await?;
        self.not_held_up(peer, account)?;
        let (right, _place) = self.0.hashing.verify(place, password, stored).await?;
        let (mut guessing, now) = (locked(&self.0.guessing), self.0.clock.now());
        if right {
            guessing.succeeded(peer, account, now);
        } else {
            guessing.failed(peer, Some(account), guess([account, password]), now);
        }
        Ok(right)
    }

    fn not_held_up(&self, peer: IpAddr, account: &String) -> Result<(), SignInError> {
        let held_up = locked(&self.0.guessing).held_up(peer, Some(account), self.0.clock.now());
        held_up.map_or(Ok(()), |retry_at| Err(SignInError::HeldUp { retry_at }))
    }

    async fn begin(
        &self,
        id: PersonId,
        password: Option<PasswordHash>,
        device: Device,
    ) -> Result<(Token, Person), Error> {
        let (store, token) = (&self.0.store, Token::draw(&mut *locked(&self.0.dice)));
        let Device { peer, browser } = device;
        let browser = browser.map(|browser| browser.to_string());
        let new = NewSession { person: id, password, token: token.hash(), peer, browser };
        store.begin_session(new, self.0.clock.now()).await?;
        Ok((token, store.person(id).await?))
    }

    /// The password is right and stays; where it cannot be hashed now, the next sign-in does.
    async fn rehash(&self, id: PersonId, known: PasswordHash, password: &str) {
        let Ok(anew) = self.hash(password).await else { return };
        if let Err(error) = self.0.store.rehash_password(id, known, anew).await {
            tracing::warn!(%error, "a password could not be hashed anew");
        }
    }

    async fn hash(&self, password: &str) -> Result<PasswordHash, Busy> {
        let place: Place = self.0.hashing.place().await?;
        let salt = locked(&self.0.dice).random();
        Ok(self.0.hashing.hash(place, password, salt).await?.0)
    }
}

/// Links.
impl People {
    /// How many can sign in and administer Bookpost.
    pub async fn administrators(&self) -> Result<u64, Error> {
        let Administrators { all, with_password } = self.0.store.administrators().await?;
        Ok(if self.0.has_provider { all } else { with_password })
    }

    /// Whether nobody can administer Bookpost yet.
    pub async fn needs_set_up(&self) -> Result<bool, Error> {
        Ok(self.administrators().await? == 0)
    }

    /// What a code opens; `None`: nothing. Changes nothing.
    pub async fn link(&self, code: &str) -> Result<Option<Link>, Error> {
        self.0.store.link(token::hash(code), self.0.clock.now()).await
    }

    /// A link for a person; those that were made for them before open nothing any more, unless it was asked for where nobody had signed in.
    pub async fn make_link(
        &self,
        purpose: LinkPurpose,
        person: Option<PersonId>,
        who: Actor,
    ) -> Result<MadeLink, Error> {
        let code = Token::draw(&mut *locked(&self.0.dice));
        store_link(&self.0.store, code, purpose, person, who, self.0.clock.now()).await
    }

    /// Whether whoever asks from there, for this address, is heard now; else from when on. The same for every address, whether or not somebody
    /// signs in with it.
    pub fn may_ask_for_link(&self, email: &Address, peer: IpAddr) -> Result<(), Timestamp> {
        let once = KeyHash(locked(&self.0.dice).random());
        self.0.forgotten.ask(peer, &account(email), once, self.0.clock.now())
    }

    /// A link for whoever signs in with this address and asks for one without having signed in; `None`: there is nobody, they are disabled,
    /// or they had several lately. Whoever asks must not hear which.
    pub async fn forgotten(&self, email: &Address) -> Result<Option<(Person, MadeLink)>, Error> {
        let person = match self.0.store.person_of(email).await {
            Ok(person) if person.disabled_at.is_none() => person,
            Ok(_) | Err(Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let now = self.0.clock.now();
        let _one_at_a_time = self.0.forgotten.making.lock().await;
        let about = AuditFilter {
            about: Some(person.email.to_string()),
            what: Some(Deed::ResetLinkMade),
            ..AuditFilter::default()
        };
        if !forgotten::may_have_one_more(&self.0.store.audit(about, None, forgotten::LOOKED_AT).await?, now) {
            tracing::warn!(
                person.id = person.id.0,
                "several links for a new password were asked for; no more for now"
            );
            return Ok(None);
        }
        let made = self.make_link(LinkPurpose::Reset, Some(person.id), Actor::NotSignedIn).await?;
        Ok(Some((person, made)))
    }

    /// Uses an invitation or a link for a new password, and signs in.
    pub async fn take_link(
        &self,
        code: &str,
        password: &str,
        device: impl Into<Device>,
    ) -> Result<(Token, Person), LinkError> {
        // Before anything costs: a code that opens nothing is not worth a hash.
        let link = self.link(code).await.map_err(LinkError::of)?.ok_or(LinkError::Gone)?;
        check(password, &link.person.ok_or(LinkError::Gone)?.email)?;
        let hash = self.hash(password).await.map_err(|Busy| LinkError::Busy)?;
        let (code, now) = (token::hash(code), self.0.clock.now());
        let person = self.0.store.take_link(code, hash.clone(), now).await.map_err(LinkError::of)?;
        let device = device.into();
        tracing::info!(peer = %device.peer, person.id = person.id.0, "a person chose a password by a link");
        // Or strangers who guess could keep them out of a place that is new to them.
        locked(&self.0.guessing).proven_otherwise(device.peer, &account(&person.email), now);
        self.begin(person.id, Some(hash), device).await.map_err(LinkError::of)
    }

    /// Uses the link for setting up: the first administrator, who is signed in.
    pub async fn set_up(
        &self,
        code: &str,
        email: Address,
        name: PersonName,
        password: &str,
        device: impl Into<Device>,
    ) -> Result<(Token, Person), LinkError> {
        let link = self.link(code).await.map_err(LinkError::of)?;
        link.filter(|link| link.purpose == LinkPurpose::SetUp).ok_or(LinkError::Gone)?;
        check(password, &email)?;
        let hash = self.hash(password).await.map_err(|Busy| LinkError::Busy)?;
        let settings = PersonSettings {
            email,
            name,
            role: Role::Administrator,
            sites: std::collections::BTreeSet::new(),
            language: None,
        };
        let (code, now) = (token::hash(code), self.0.clock.now());
        let person = self.0.store.set_up(code, settings, hash.clone(), now).await.map_err(LinkError::of)?;
        let device = device.into();
        tracing::info!(peer = %device.peer, person.id = person.id.0, "Bookpost was set up");
        self.begin(person.id, Some(hash), device).await.map_err(LinkError::of)
    }
}

/// Makes a link with no service about: for the command line.
pub async fn make_link(
    store: &Store,
    purpose: LinkPurpose,
    person: Option<PersonId>,
    who: Actor,
    dice: &mut impl CryptoRng,
    now: Timestamp,
) -> Result<MadeLink, Error> {
    store_link(store, Token::draw(dice), purpose, person, who, now).await
}

async fn store_link(
    store: &Store,
    code: Token,
    purpose: LinkPurpose,
    person: Option<PersonId>,
    who: Actor,
    now: Timestamp,
) -> Result<MadeLink, Error> {
    let new = NewLink { purpose, person, code: code.hash() };
    let expires_at = store.make_link(new, who, now).await?;
    Ok(MadeLink { code, expires_at })
}

/// Who the log says it was. A password is sometimes typed where the address belongs, and must not stand there.
fn named(typed: &str) -> String {
    Address::parse(typed).map_or_else(|_| "no address".to_owned(), |address| address.masked())
}

/// An address as guesses at it are counted.
fn account(email: &Address) -> String {
    store::sign_in_name(email)
}

impl From<Busy> for SignInError {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl From<SignInError> for PasswordError {
    fn from(error: SignInError) -> Self {
        Self::SignIn(error)
    }
}

impl LinkError {
    fn of(error: Error) -> Self {
        match error {
            Error::NotFound(_) => Self::Gone,
            Error::Exists(_) => Self::Taken,
            error => Self::Store(error),
        }
    }
}

impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

//! All applications in memory, so that whoever signs in costs the queue nothing.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use store::{
    AllowedFrom, ApplicationId, ApplicationSettings, KeyHash, KeyId, Store, StoredApplications,
    UnreadableApplication,
};

use super::{
    allowance::{Allowance, Rate},
    caller::{Caller, Known},
    guessing::{Guessing, guess},
    key::{self, Key, Mistyped},
    locked,
    room::{Full, Room},
};
use crate::config::Site;

/// The id of no application that was ever added.
const NOT_ADDED: ApplicationId = ApplicationId(0);
/// Stands for a name that cannot be read. It is none that an application can have.
const NAMELESS: &str = "";

/// Why nobody is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A slip.
    #[error(transparent)]
    Mistyped(#[from] Mistyped),
    /// There is no such key, or this is not its secret.
    #[error("this key is not known")]
    Unknown,
    /// The secret is right, and the key was revoked.
    #[error("this key was revoked; ask whoever runs Bookpost for a new one")]
    Revoked,
    /// The secret is right, and the application was disabled.
    #[error("this application is disabled; ask whoever runs Bookpost")]
    Disabled,
    /// What it may do is not known, which is no fault of it.
    #[error(
        "what is stored of this application cannot be read, so that nothing is taken from it; whoever runs Bookpost finds more in its log"
    )]
    Unreadable,
    /// Nothing was looked at.
    #[error("too many wrong keys from here; try again after {retry_at:.0}")]
    HeldUp {
        /// Not before.
        retry_at: Timestamp,
    },
}

impl Refusal {
    /// Whether the same may be let in later, with nothing changed at its end.
    pub fn is_for_now(&self) -> bool {
        matches!(self, Self::Unreadable | Self::HeldUp { .. })
    }
}

/// All applications and their keys. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub struct Applications(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The addresses of the sites by their codes.
    sites: Mutex<Vec<(String, AllowedFrom)>>,
    known: Mutex<Arc<Snapshot>>,
    /// An older reading must not take the place of a newer one.
    refreshing: tokio::sync::Mutex<()>,
    guessing: Mutex<Guessing<KeyId>>,
    allowances: Mutex<HashMap<ApplicationId, Allowance>>,
    rooms: Mutex<HashMap<ApplicationId, Room>>,
    /// When keys were used, as far as it was not asked for yet.
    uses: Mutex<BTreeMap<KeyId, Timestamp>>,
}

#[derive(Debug, Default)]
struct Snapshot {
    applications: HashMap<ApplicationId, Arc<Known>>,
    keys: HashMap<KeyId, KnownKey>,
}

#[derive(Debug)]
struct KnownKey {
    application: Arc<Known>,
    hash: KeyHash,
    revoked: bool,
}

impl Applications {
    /// Reads them all.
    pub async fn load(store: &Store, sites: &[Site]) -> Result<Self, store::Error> {
        let all = Self(Arc::new(Inner {
            sites: Mutex::new(addresses(sites)),
            known: Mutex::default(),
            refreshing: tokio::sync::Mutex::default(),
            guessing: Mutex::default(),
            allowances: Mutex::default(),
            rooms: Mutex::default(),
            uses: Mutex::default(),
        }));
        all.refresh(store).await?;
        Ok(all)
    }

    /// Reads them again: to be called after each change. When it returns, what was revoked opens nothing any more.
    pub async fn refresh(&self, store: &Store) -> Result<(), store::Error> {
        let _alone = self.0.refreshing.lock().await;
        let (stored, hashes) = (store.applications().await?, store.key_hashes().await?);
        *locked(&self.0.known) = Arc::new(Snapshot::of(stored, &hashes, &locked(&self.0.sites)));
        Ok(())
    }

    /// There are these sites from here on.
    pub async fn set_sites(&self, sites: &[Site], store: &Store) -> Result<(), store::Error> {
        *locked(&self.0.sites) = addresses(sites);
        self.refresh(store).await
    }

    /// Who signs in with a user name and a password (SMTP).
    pub fn authenticate(
        &self,
        peer: IpAddr,
        user: &str,
        password: &str,
        now: Timestamp,
    ) -> Result<Caller, Refusal> {
        self.let_in(peer, Key::of_login(user, password), || guess([user, password]), now)
    }

    /// Who shows a whole key (HTTP).
    pub fn bearer(&self, peer: IpAddr, key: &str, now: Timestamp) -> Result<Caller, Refusal> {
        self.let_in(peer, Key::parse(key), || guess(["", key]), now)
    }

    /// What the log says of somebody who was not let in, by the user name that was given.
    pub fn log_refused(&self, peer: IpAddr, user: &str, refusal: &Refusal) {
        let key = KeyId(key::named(user));
        let snapshot = self.snapshot();
        let application = snapshot.keys.get(&key).map(|known| known.application.name.as_str());
        tracing::info!(%peer, key = key.0, application, %refusal, "a sign-in was refused");
    }

    /// The application that a door names which only this computer can use; that door answers for who comes through it.
    pub fn local(&self, name: &str) -> Result<Caller, Refusal> {
        let snapshot = self.snapshot();
        let find =
            |name: &str| snapshot.applications.values().find(|one| one.name.eq_ignore_ascii_case(name));
        // One whose name cannot be read may be the one that is asked for.
        let application = find(name).or_else(|| find(NAMELESS)).ok_or(Refusal::Unknown)?;
        enabled(application, None)
    }

    /// The application of this computer's own programs. Where nobody has added it, they may send from any address: that they may
    /// send at all was decided by who may use the door.
    pub fn of_this_computer(&self, name: &str) -> Result<Caller, Refusal> {
        match self.local(name) {
            Err(Refusal::Unknown) => {
                let unnamed = Known {
                    id: NOT_ADDED,
                    name: name.to_owned(),
                    settings: ApplicationSettings::default(),
                    from: None,
                    closed: None,
                };
                Ok(Caller { application: Arc::new(unnamed), key: None })
            }
            known => known,
        }
    }

    /// The caller as it stands now. To be asked at each message of a connection that lasts: a key that was revoked meanwhile opens
    /// nothing any more, and what was changed meanwhile holds.
    pub fn again(&self, caller: &Caller, now: Timestamp) -> Result<Caller, Refusal> {
        let snapshot = self.snapshot();
        if caller.id() == NOT_ADDED {
            return self.of_this_computer(caller.name());
        }
        let Some(id) = caller.key() else {
            let application = snapshot.applications.get(&caller.id()).ok_or(Refusal::Unknown)?;
            return enabled(application, None);
        };
        let key = snapshot.keys.get(id).ok_or(Refusal::Unknown)?;
        self.admitted(id, key, now)
    }

    /// Counts one message. `Err`: not now.
    pub fn admit(&self, caller: &Caller, now: Timestamp) -> Result<(), Rate> {
        let Some(per_minute) = caller.settings().per_minute else { return Ok(()) };
        locked(&self.0.allowances).entry(caller.id()).or_default().take(per_minute, now).map(drop)
    }

    /// How an application stands with its messages per minute. `None`: there is no limit.
    pub fn rate(&self, caller: &Caller, now: Timestamp) -> Option<Rate> {
        let per_minute = caller.settings().per_minute?;
        let allowances = locked(&self.0.allowances);
        Some(allowances.get(&caller.id()).copied().unwrap_or_default().rate(per_minute, now))
    }

    /// Makes room for so many more waiting recipients, before they are accepted. The outer error is the queue's.
    pub async fn room(
        &self,
        store: &Store,
        caller: &Caller,
        recipients: u64,
        now: Timestamp,
    ) -> Result<Result<(), Full>, store::Error> {
        let (id, limit) = (caller.id(), caller.settings().waiting);
        let must_count = locked(&self.0.rooms).entry(id).or_default().must_count(recipients, limit, now);
        if must_count {
            let waiting = store.waiting_of(caller.name(), limit).await?;
            locked(&self.0.rooms).entry(id).or_default().counted(waiting);
        }
        Ok(locked(&self.0.rooms).entry(id).or_default().take(recipients, limit))
    }

    /// The keys that were used since this was asked last, for [`Store::keys_used`].
    pub fn take_uses(&self) -> Vec<(KeyId, Timestamp)> {
        std::mem::take(&mut *locked(&self.0.uses)).into_iter().collect()
    }

    /// The guesses are locked all the while: those who come at once are counted as if they came one after another.
    fn let_in(
        &self,
        peer: IpAddr,
        shown: Result<Key, Mistyped>,
        guess: impl FnOnce() -> KeyHash,
        now: Timestamp,
    ) -> Result<Caller, Refusal> {
        let snapshot = self.snapshot();
        let known = shown.as_ref().ok().and_then(|key| Some((key, snapshot.keys.get(key.id())?)));
        let named = known.map(|(key, _)| key.id());
        let opened = known.filter(|(key, known)| key.opens(&known.hash));
        let mut guessing = locked(&self.0.guessing);
        // All programs of this computer are one place: those with the right key do not wait for one that guesses.
        let may_wait = opened.is_none() || !peer.to_canonical().is_loopback();
        if let Some(retry_at) = guessing.held_up(peer, named, now).filter(|_| may_wait) {
            return Err(Refusal::HeldUp { retry_at });
        }
        let Some((shown, known)) = opened else {
            guessing.failed(peer, named, guess(), now);
            return Err(shown.err().map_or(Refusal::Unknown, Refusal::Mistyped));
        };
        guessing.succeeded(peer, shown.id(), now);
        drop(guessing);
        self.admitted(shown.id(), known, now)
    }

    fn admitted(&self, id: &KeyId, key: &KnownKey, now: Timestamp) -> Result<Caller, Refusal> {
        if key.revoked {
            return Err(Refusal::Revoked);
        }
        let caller = enabled(&key.application, Some(id))?;
        locked(&self.0.uses).insert(id.clone(), now);
        Ok(caller)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&locked(&self.0.known))
    }
}

impl Snapshot {
    fn of(
        stored: StoredApplications,
        hashes: &BTreeMap<KeyId, KeyHash>,
        sites: &[(String, AllowedFrom)],
    ) -> Self {
        let mut snapshot = Self::default();
        for application in stored.readable {
            let known = Known {
                id: application.id,
                name: application.name.into(),
                from: Some(from(&application.settings, sites)),
                settings: application.settings,
                closed: application.disabled_at.map(|_| Refusal::Disabled),
            };
            let keys = application.keys.into_iter().map(|key| (key.id, key.revoked_at.is_some()));
            snapshot.add(known, keys, hashes);
        }
        for UnreadableApplication { id, name, keys } in stored.unreadable {
            let known = Known {
                id,
                name: name.map_or_else(|| NAMELESS.to_owned(), String::from),
                from: Some(Vec::new()),
                settings: ApplicationSettings::default(),
                closed: Some(Refusal::Unreadable),
            };
            snapshot.add(known, keys.into_iter().map(|key| (key, false)), hashes);
        }
        snapshot
    }

    /// `keys`: each with whether it was revoked.
    fn add(
        &mut self,
        known: Known,
        keys: impl Iterator<Item = (KeyId, bool)>,
        hashes: &BTreeMap<KeyId, KeyHash>,
    ) {
        let known = Arc::new(known);
        for (id, revoked) in keys {
            // A key that was added between the two readings comes with the next.
            let Some(hash) = hashes.get(&id).copied() else { continue };
            self.keys.insert(id, KnownKey { application: Arc::clone(&known), hash, revoked });
        }
        self.applications.insert(known.id, known);
    }
}

fn addresses(sites: &[Site]) -> Vec<(String, AllowedFrom)> {
    let address = |site: &Site| Some((site.code.clone(), AllowedFrom::Address(site.email.clone()?)));
    sites.iter().filter_map(address).collect()
}

/// What may stand in From: as the settings say, or else the addresses of the application's sites.
fn from(settings: &ApplicationSettings, sites: &[(String, AllowedFrom)]) -> Vec<AllowedFrom> {
    if !settings.from.is_empty() {
        return settings.from.clone();
    }
    let own = |code: &String| settings.sites.is_empty() || settings.sites.contains(code);
    sites.iter().filter(|(code, _)| own(code)).map(|(_, address)| address.clone()).collect()
}

fn enabled(application: &Arc<Known>, key: Option<&KeyId>) -> Result<Caller, Refusal> {
    match application.closed {
        Some(refusal) => Err(refusal),
        None => Ok(Caller { application: Arc::clone(application), key: key.cloned() }),
    }
}

#[cfg(test)]
mod tests;

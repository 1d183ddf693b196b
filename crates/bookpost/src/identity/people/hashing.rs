//! Passwords are hashed with Argon2id, a few at a time: each takes memory on purpose, and whoever guesses must not use it up. The memory
//! is that of the places, and is used again: an allocator keeps what large blocks leave behind, for each thread that had one.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{self, Output, ParamsString, Salt},
};
use store::PasswordHash;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// 19 MiB, two passes, one lane: OWASP's Password Storage Cheat Sheet (2025).
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const ALGORITHM: Algorithm = Algorithm::Argon2id;
const VERSION: Version = Version::V0x13;
/// So many are hashed at once: 38 MiB, which are kept once they were needed, and no more than two processors.
const AT_ONCE: usize = 2;
/// So many more wait for their turn, a second or two. Whoever comes then is asked to try again.
const WAITING: usize = 32;

/// Bytes of a salt.
pub(super) const SALT: usize = 16;

/// It cannot be done now: too many wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy;

/// Whoever holds it may hash.
#[derive(Debug)]
pub(super) struct Place {
    room: Vec<Block>,
    rooms: Rooms,
    _waits: OwnedSemaphorePermit,
    _hashes: OwnedSemaphorePermit,
}

/// The memory of free places, as far as it was needed before.
#[derive(Debug, Clone, Default)]
struct Rooms(Arc<Mutex<Vec<Vec<Block>>>>);

impl Rooms {
    fn free(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.room.is_empty() {
            self.rooms.free().push(mem::take(&mut self.room));
        }
    }
}

/// How passwords are hashed.
#[derive(Debug)]
pub(super) struct Hashing {
    params: Params,
    rooms: Rooms,
    all: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
    /// Of passwords that were hashed or verified: what takes as long, by its cause.
    #[cfg(test)]
    runs: std::sync::atomic::AtomicUsize,
}

impl Hashing {
    /// As passwords are hashed now.
    pub(super) fn usual() -> Self {
        // The constants are in range.
        Self::with(Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default())
    }

    /// At another cost.
    pub(super) fn with(params: Params) -> Self {
        let (all, at_once) = (Semaphore::new(AT_ONCE + WAITING), Semaphore::new(AT_ONCE));
        Self {
            params,
            rooms: Rooms::default(),
            all: Arc::new(all),
            at_once: Arc::new(at_once),
            #[cfg(test)]
            runs: std::sync::atomic::AtomicUsize::default(),
        }
    }

    /// Waits for one's turn.
    pub(super) async fn place(&self) -> Result<Place, Busy> {
        let waits = Arc::clone(&self.all).try_acquire_owned().map_err(|_| Busy)?;
        let hashes = Arc::clone(&self.at_once).acquire_owned().await.map_err(|_| Busy)?;
        let (room, rooms) = (self.rooms.free().pop().unwrap_or_default(), self.rooms.clone());
        Ok(Place { room, rooms, _waits: waits, _hashes: hashes })
    }

    /// A password as it is stored.
    pub(super) async fn hash(
        &self,
        place: Place,
        password: &str,
        salt: [u8; SALT],
    ) -> Result<(PasswordHash, Place), Busy> {
        let (hasher, password) = (self.hasher(None), Zeroizing::new(password.to_owned()));
        let done = apart(place, move |room| hashed(&hasher, password.as_bytes(), &salt, room)).await?;
        match done {
            (Ok(hash), place) => Ok((PasswordHash(hash.to_string()), place)),
            (Err(error), _) => {
                tracing::error!(%error, "a password could not be hashed");
                Err(Busy)
            }
        }
    }

    /// Whether this is the password of `stored`. Where there is none it takes as long to say no: what takes less would tell who has
    /// an account.
    pub(super) async fn verify(
        &self,
        place: Place,
        password: &str,
        stored: Option<&PasswordHash>,
    ) -> Result<(bool, Place), Busy> {
        let stored = stored.and_then(|stored| phc::PasswordHash::new(&stored.0).ok());
        let known = stored
            .as_ref()
            .and_then(|stored| Some((Params::try_from(stored).ok()?, stored.salt?, stored.hash?)));
        let Some((params, salt, hash)) = known.filter(|_| stored.is_some_and(|stored| is_ours(&stored)))
        else {
            let (_, place) = self.hash(place, password, [0; SALT]).await?;
            return Ok((false, place));
        };
        let (hasher, password) = (self.hasher(Some(params)), Zeroizing::new(password.to_owned()));
        apart(place, move |room| {
            output(&hasher, password.as_bytes(), &salt, room).is_ok_and(|made| made == hash)
        })
        .await
    }

    /// Whether passwords are hashed otherwise now.
    pub(super) fn is_outdated(&self, stored: &PasswordHash) -> bool {
        let Ok(stored) = phc::PasswordHash::new(&stored.0) else { return true };
        let same_cost = Params::try_from(&stored).is_ok_and(|params| {
            let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
            cost(&params) == cost(&self.params)
        });
        stored.algorithm != ARGON2ID_IDENT || !same_cost
    }

    /// At this cost, or as it is now.
    fn hasher(&self, params: Option<Params>) -> Argon2<'static> {
        #[cfg(test)]
        self.runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Argon2::new(ALGORITHM, VERSION, params.unwrap_or_else(|| self.params.clone()))
    }
}

/// As [`Hashing::hash`] makes them; at whatever cost.
fn is_ours(stored: &phc::PasswordHash) -> bool {
    stored.algorithm == ARGON2ID_IDENT && stored.version == Some(VERSION.into())
}

/// A password as it is stored, in the PHC string format.
fn hashed(
    hasher: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    room: &mut Vec<Block>,
) -> Result<phc::PasswordHash, argon2::password_hash::Error> {
    let salt = Salt::new(salt)?;
    Ok(phc::PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(VERSION.into()),
        params: ParamsString::try_from(hasher.params())?,
        salt: Some(salt),
        hash: Some(output(hasher, password, &salt, room)?),
    })
}

/// What comes of a password. Two of them are compared in the same time, whatever they are.
fn output(
    hasher: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    room: &mut Vec<Block>,
) -> Result<Output, argon2::password_hash::Error> {
    let blocks = hasher.params().block_count();
    if room.len() < blocks {
        room.resize(blocks, Block::new());
    }
    let mut bytes =
        Zeroizing::new(vec![0; hasher.params().output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN)]);
    hasher.hash_password_into_with_memory(password, salt, &mut bytes, room)?;
    Ok(Output::new(&bytes)?)
}

/// On a thread that may take long. The place is held to its end, whether or not anybody waits for it any more.
async fn apart<T: Send + 'static>(
    mut place: Place,
    work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
) -> Result<(T, Place), Busy> {
    let work = move || {
        let made = work(&mut place.room);
        // What was made of a password stays in no memory.
        place.room.fill(Block::new());
        (made, place)
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| {
        tracing::error!(%error, "a password could not be hashed");
        Busy
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::{future::ready, sync::mpsc};

    use super::*;

    impl Hashing {
        pub(in crate::identity) fn runs(&self) -> usize {
            self.runs.load(std::sync::atomic::Ordering::Relaxed)
        }
    }

    /// Next to no cost, for tests of what stands around it.
    pub(in crate::identity) fn cheap() -> Hashing {
        Hashing::with(Params::new(Params::MIN_M_COST, 1, 1, None).unwrap())
    }

    #[tokio::test]
    async fn only_the_password_itself_is_right() {
        let hashing = Hashing::usual();
        let place = hashing.place().await.unwrap();
        let (hash, place) = hashing.hash(place, "correct horse battery", [7; SALT]).await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        let (right, place) = hashing.verify(place, "correct horse battery", Some(&hash)).await.unwrap();
        let (wrong, place) = hashing.verify(place, "correct horse batterY", Some(&hash)).await.unwrap();
        let (nobody, place) = hashing.verify(place, "correct horse battery", None).await.unwrap();
        let damaged = PasswordHash("$argon2id$".to_owned());
        let (damaged, _) = hashing.verify(place, "correct horse battery", Some(&damaged)).await.unwrap();
        assert_eq!((right, wrong, nobody, damaged), (true, false, false, false));
        assert!(!hashing.is_outdated(&hash) && cheap().is_outdated(&hash));
    }

    #[tokio::test]
    async fn a_few_at_once_some_wait_and_the_rest_is_refused() {
        let hashing = cheap();
        let mut places = Vec::new();
        for _ in 0..AT_ONCE {
            places.push(hashing.place().await.unwrap());
        }
        let waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(hashing.place())).collect();
        let mut waiting = waiting.into_iter();
        let mut first = waiting.next().unwrap();
        tokio::select! { biased; _ = &mut first => panic!("too many at once"), () = ready(()) => {} }
        let mut held = Vec::new();
        for mut other in waiting {
            tokio::select! { biased; _ = &mut other => panic!("too many at once"), () = ready(()) => {} }
            held.push(other);
        }
        assert_eq!(hashing.place().await.unwrap_err(), Busy);
        places.pop();
        first.await.unwrap();
    }

    /// Argon2 itself says the same of what it is given.
    #[tokio::test]
    async fn what_others_hashed_is_known() {
        use argon2::PasswordHasher as _;
        let elsewhere = Argon2::new(ALGORITHM, VERSION, Params::new(64, 3, 2, Some(24)).unwrap());
        let hash = elsewhere.hash_password_with_salt(b"correct horse battery", b"salt of others").unwrap();
        let older = Argon2::new(ALGORITHM, Version::V0x10, Params::new(64, 3, 2, None).unwrap());
        let old = older.hash_password_with_salt(b"correct horse battery", b"salt of others").unwrap();
        let hashing = cheap();
        let mut place = hashing.place().await.unwrap();
        for (stored, typed, expected) in [
            (&hash, "correct horse battery", true),
            (&hash, "correct horse batterY", false),
            (&old, "correct horse battery", false),
        ] {
            let stored = PasswordHash(stored.to_string());
            let right;
            (right, place) = hashing.verify(place, typed, Some(&stored)).await.unwrap();
            assert_eq!(right, expected, "{stored:?}");
        }
    }

    #[tokio::test]
    async fn the_memory_of_a_place_is_empty_and_used_again() {
        let hashing = cheap();
        for _ in 0..5 {
            let place = hashing.place().await.unwrap();
            hashing.hash(place, "correct horse battery", [7; SALT]).await.unwrap();
            let free = hashing.rooms.free();
            assert_eq!((free.len(), free[0].len()), (1, 8));
            assert!(free[0].iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        }
    }

    /// Whoever hangs up does not make room for one more: the memory is in use still.
    #[tokio::test]
    async fn a_place_is_held_to_the_end_of_the_work() {
        let hashing = cheap();
        let (end, ends) = mpsc::channel::<()>();
        let mut work = Box::pin(apart(hashing.place().await.unwrap(), move |_| ends.recv()));
        tokio::select! { biased; _ = &mut work => panic!("it cannot have ended"), () = ready(()) => {} }
        drop(work);
        assert_eq!(hashing.at_once.available_permits(), AT_ONCE - 1);
        drop(end);
        let all = hashing.at_once.acquire_many(u32::try_from(AT_ONCE).unwrap()).await;
        assert!(all.is_ok());
    }
}

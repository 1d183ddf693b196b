//! Slows down who guesses at keys of applications and at passwords of people. What is guessed at is called a key here.
//!
//! Failures are counted for where they come from and for the key that they name. After a few of them, whoever comes from there, or
//! names that key, waits, and longer after each further one. Four things keep a library from being locked out by others:
//! a program with an old password says the same again and again, which is one guess and counts once; a place that has opened a
//! key lately is held up for that key by nothing but what was guessed at it from there; on this computer itself only wrong keys of
//! applications are held up, because all its programs are one place; and the longest wait is short.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
};

use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};
use store::KeyHash;

use super::Refusal;

/// Failures that cost nothing: people mistype.
const FREE: u32 = 5;
/// The first wait; each further one is twice as long, up to the longest.
const FIRST: SignedDuration = SignedDuration::from_secs(1);
const LONGEST: SignedDuration = SignedDuration::from_mins(5);
/// Failures are forgotten so long after the last.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(1);
/// So long a place is known to have a key.
const PROVEN: SignedDuration = SignedDuration::from_hours(24);
/// Places, keys and pairs of them that are remembered at most: some megabytes, as no key is longer than an address.
const MOST: usize = 10_000;
/// Guesses of one place that are known again.
const REPEATS: usize = 8;

/// Whoever has failed. Of bounded size.
#[derive(Debug)]
pub(super) struct Guessing<K> {
    places: HashMap<IpAddr, Failures>,
    keys: HashMap<K, Failures>,
    proven: HashMap<(K, IpAddr), Proven>,
}

/// A place that has opened a key.
#[derive(Debug, Default)]
struct Proven {
    opened_at: Timestamp,
    /// At this key, from this place.
    failures: Failures,
}

#[derive(Debug, Default)]
struct Failures {
    count: u32,
    last_at: Timestamp,
    /// The last guesses, as hashes.
    guesses: VecDeque<KeyHash>,
}

impl<K> Default for Guessing<K> {
    fn default() -> Self {
        Self { places: HashMap::new(), keys: HashMap::new(), proven: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash> Guessing<K> {
    /// Whether whoever shows this is let in; `opened`: it opens the key that it names. Those who come at once are counted as if they came
    /// one after another. See [`super::Applications`].
    pub(super) fn let_in(
        &mut self,
        peer: IpAddr,
        named: Option<&K>,
        opened: bool,
        shown: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let may_wait = !opened || !peer.to_canonical().is_loopback();
        if let Some(retry_at) = self.held_up(peer, named, now).filter(|_| may_wait) {
            return Err(Refusal::HeldUp { retry_at });
        }
        let Some(key) = named.filter(|_| opened) else {
            self.failed(peer, named, guess(["", shown]), now);
            return Err(Refusal::Unknown);
        };
        self.succeeded(peer, key, now);
        Ok(())
    }

    /// Until when nobody from `peer` is heard who names `key` (None: no key that there is).
    pub(super) fn held_up(&self, peer: IpAddr, key: Option<&K>, now: Timestamp) -> Option<Timestamp> {
        let place = place(peer);
        let proven = key.and_then(|key| self.proven.get(&(key.clone(), place)));
        let counts = match proven.filter(|proven| proven.holds(now)) {
            Some(proven) => [Some(&proven.failures), None],
            None => [self.places.get(&place), key.and_then(|key| self.keys.get(key))],
        };
        counts.into_iter().flatten().map(Failures::over_at).max().filter(|over_at| *over_at > now)
    }

    /// This was wrong.
    pub(super) fn failed(&mut self, peer: IpAddr, key: Option<&K>, guess: KeyHash, now: Timestamp) {
        make_room(&mut self.places, now, FORGOTTEN, |failures| failures.last_at);
        let of_place = self.places.entry(place(peer)).or_default();
        if of_place.guesses.contains(&guess) {
            return;
        }
        of_place.guesses.push_back(guess);
        if of_place.guesses.len() > REPEATS {
            of_place.guesses.pop_front();
        }
        of_place.one_more(now);
        if let Some(key) = key {
            make_room(&mut self.keys, now, FORGOTTEN, |failures| failures.last_at);
            self.keys.entry(key.clone()).or_default().one_more(now);
            if let Some(proven) = self.proven.get_mut(&(key.clone(), place(peer))) {
                proven.failures.one_more(now);
            }
        }
    }

    /// This was right. It clears nothing: who has one key could else guess at others for ever.
    pub(super) fn succeeded(&mut self, peer: IpAddr, key: &K, now: Timestamp) {
        make_room(&mut self.proven, now, PROVEN, |proven| proven.opened_at);
        self.proven.entry((key.clone(), place(peer))).or_default().opened_at = now;
    }

    /// It was proven otherwise that whoever comes from there has this key: they wait for nothing that was guessed at it before. All else
    /// still counts, for other keys and from other places.
    pub(super) fn proven_otherwise(&mut self, peer: IpAddr, key: &K, now: Timestamp) {
        self.proven.remove(&(key.clone(), place(peer)));
        self.succeeded(peer, key, now);
    }
}

impl Proven {
    fn holds(&self, now: Timestamp) -> bool {
        now.duration_since(self.opened_at) < PROVEN
    }
}

impl Failures {
    fn one_more(&mut self, now: Timestamp) {
        let forgotten = now.duration_since(self.last_at) >= FORGOTTEN;
        self.count = if forgotten { 1 } else { self.count.saturating_add(1) };
        self.last_at = now;
    }

    fn over_at(&self) -> Timestamp {
        let Some(beyond) = self.count.checked_sub(FREE + 1) else { return Timestamp::MIN };
        let wait = 2_i32.checked_pow(beyond).map_or(LONGEST, |times| (FIRST * times).min(LONGEST));
        self.last_at.saturating_add(wait).unwrap_or(Timestamp::MAX)
    }
}

/// What was tried, to be known again and not to be read.
pub(super) fn guess(parts: [&str; 2]) -> KeyHash {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part.as_bytes());
        context.update(&[0]);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    KeyHash(hash)
}

/// One address, or the network of an IPv6 address, of which one customer has all (RFC 6177).
pub(crate) fn place(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            Ipv6Addr::from(network).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Where `map` is full, what is over goes; else the older half.
fn make_room<K: Eq + Hash, V>(
    map: &mut HashMap<K, V>,
    now: Timestamp,
    lasts: SignedDuration,
    last_at: impl Fn(&V) -> Timestamp,
) {
    if map.len() < MOST {
        return;
    }
    map.retain(|_, value| now.duration_since(last_at(value)) < lasts);
    if map.len() >= MOST {
        let mut instants: Vec<_> = map.values().map(&last_at).collect();
        let (_, middle, _) = instants.select_nth_unstable(MOST / 2);
        let middle = *middle;
        map.retain(|_, value| last_at(value) > middle);
    }
}

#[cfg(test)]
mod tests {
    use store::KeyId;

    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn guess(number: u32) -> KeyHash {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&number.to_be_bytes());
        KeyHash(hash)
    }

    fn key() -> KeyId {
        KeyId("k".to_owned())
    }

    fn after(failures: u32, peer: IpAddr, key: Option<&KeyId>) -> Guessing<KeyId> {
        let mut guessing = Guessing::default();
        for number in 0..failures {
            guessing.failed(peer, key, guess(number), at(0));
        }
        guessing
    }

    #[test]
    fn each_further_failure_costs_twice_as_long() {
        for (failures, seconds) in
            [(0, 0), (5, 0), (6, 1), (7, 2), (8, 4), (14, 256), (15, 300), (40, 300), (4_000, 300)]
        {
            let guessing = after(failures, A, None);
            let until = (seconds > 0).then(|| at(seconds));
            assert_eq!(guessing.held_up(A, None, at(0)), until, "{failures}");
            assert_eq!(guessing.held_up(A, None, at(seconds)), None, "{failures}");
            assert_eq!(guessing.held_up(B, None, at(0)), None);
        }
    }

    /// Behind a proxy, or a school's one address, all are one place: who has a key there opens no way to guess at it.
    #[test]
    fn a_place_that_has_the_key_cannot_guess_at_it_for_ever() {
        let mut guessing = after(20, A, None);
        guessing.succeeded(A, &key(), at(0));
        for number in 100..115 {
            assert_eq!(guessing.held_up(A, Some(&key()), at(0)).is_some(), number > 105, "{number}");
            guessing.failed(A, Some(&key()), guess(number), at(0));
        }
        guessing.succeeded(A, &key(), at(0));
        assert_eq!(guessing.held_up(A, Some(&key()), at(0)), Some(at(300)), "it clears nothing");
    }

    #[test]
    fn from_many_places_one_key_is_protected_and_no_other() {
        let mut guessing = Guessing::default();
        for number in 0..10 {
            let peer = IpAddr::from([198, 51, 100, u8::try_from(number).unwrap()]);
            guessing.failed(peer, Some(&key()), guess(number), at(0));
        }
        assert_eq!(guessing.held_up(A, Some(&key()), at(0)), Some(at(16)));
        assert_eq!(guessing.held_up(A, Some(&KeyId("other".to_owned())), at(0)), None);
    }

    #[test]
    fn who_has_the_key_is_not_locked_out_by_others() {
        let mut guessing = after(20, B, Some(&key()));
        guessing.succeeded(A, &key(), at(0));
        assert_eq!(guessing.held_up(A, Some(&key()), at(1)), None);
        assert!(guessing.held_up(B, Some(&key()), at(1)).is_some());
        for number in 100..120 {
            guessing.failed(A, None, guess(number), at(1));
        }
        assert_eq!(guessing.held_up(A, Some(&key()), at(2)), None, "another program on the same computer");
        let other = KeyId("other".to_owned());
        assert!(guessing.held_up(A, Some(&other), at(2)).is_some(), "with one key others cannot be guessed");
        let day = 24 * 3_600;
        for number in 200..220 {
            guessing.failed(B, Some(&key()), guess(number), at(day));
        }
        assert_eq!(guessing.held_up(A, Some(&key()), at(day - 1)), None);
        assert!(guessing.held_up(A, Some(&key()), at(day)).is_some(), "a day later it is unknown");
    }

    #[test]
    fn the_same_old_password_is_one_guess() {
        let mut guessing = Guessing::default();
        for _ in 0..1_000 {
            for program in 0..3 {
                guessing.failed(A, Some(&key()), guess(program), at(0));
            }
        }
        assert_eq!(guessing.held_up(A, Some(&key()), at(0)), None);
    }

    #[test]
    fn failures_are_forgotten_after_an_hour() {
        let mut guessing = after(20, A, None);
        guessing.failed(A, None, guess(21), at(3_599));
        assert!(guessing.held_up(A, None, at(3_599)).is_some());
        guessing.failed(A, None, guess(22), at(3_599 + 3_600));
        assert_eq!(guessing.held_up(A, None, at(3_599 + 3_600)), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_place() {
        let [first, same, other] =
            ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"].map(|text| text.parse().unwrap());
        let guessing = after(9, first, None);
        assert!(guessing.held_up(same, None, at(0)).is_some());
        assert_eq!(guessing.held_up(other, None, at(0)), None);
        let mapped = "::ffff:192.0.2.1".parse().unwrap();
        assert!(after(9, A, None).held_up(mapped, None, at(0)).is_some());
    }

    #[test]
    fn memory_is_bounded_and_the_latest_are_kept() {
        let mut guessing = Guessing::default();
        for number in 0..50_000_u32 {
            let seconds = i64::from(number) / 100;
            let peer = IpAddr::from(number.to_be_bytes());
            let key = KeyId(number.to_string());
            guessing.failed(peer, Some(&key), guess(number), at(seconds));
            guessing.succeeded(peer, &key, at(seconds));
            let sizes = [guessing.places.len(), guessing.keys.len(), guessing.proven.len()];
            assert!(sizes.iter().all(|size| *size <= MOST), "{sizes:?}");
        }
        assert!(guessing.places.contains_key(&IpAddr::from(49_999_u32.to_be_bytes())));
        assert!(guessing.places.len() > MOST / 3);
    }
}

//! What the store's operations cost: `cargo run --release -p store --example cost`.
//!
//! Prints microseconds for each message accepted and settled by size of the batch, for a claim at 10,000 and at 1,000,000 waiting
//! recipients, which fall due in no order of their ids, and the time to open a queue of 1,000,000 and make its first claim. Claims are
//! measured on the disk, and once more in memory, where a sync costs nothing.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use mail::{Address, Envelope, Phase, ReversePath};
use store::{Attempt, Claim, Class, Kind, Lease, NewMessage, RecipientId, Settlement, Store, Verdict};
use tokio::time::Instant;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const LEASE: Lease = Lease(1);
const CLAIMS: usize = 200;
/// A file system in memory.
const MEMORY: &str = "/dev/shm";
/// What waits fell due within so many microseconds before now.
const SPREAD: u64 = 3_600_000_000;

#[tokio::main]
async fn main() -> Outcome<()> {
    let now = Timestamp::from_second(1_800_000_000)?;
    for batch in [1, 10, 100, 500] {
        hot_path(batch, now).await?;
    }
    for (place, told) in [(std::env::temp_dir(), "with the sync"), (MEMORY.into(), "without the sync")] {
        let few = waiting(10_000, &place, told, now).await?;
        let many = waiting(1_000_000, &place, told, now).await?;
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        println!("claim at 1,000,000 / claim at 10,000, {told}: {ratio:.2}");
    }
    Ok(())
}

/// Fresh messages: accepted under a lease, settled as delivered.
async fn hot_path(batch: usize, now: Timestamp) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path(), now)?;
    let rounds = (5_000 / batch).clamp(10, 1_000);
    let (mut accepting, mut settling) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..rounds {
        let messages = (0..batch).map(|_| message(Some(LEASE), 3_000, now)).collect::<Outcome<Vec<_>>>()?;
        let began = Instant::now();
        let accepted = store.accept(messages, now).await?;
        accepting += began.elapsed();
        let settlements = accepted.iter().map(|one| delivered(RecipientId::of(one.id, 0), now)).collect();
        let began = Instant::now();
        store.settle(settlements, now).await?;
        settling += began.elapsed();
    }
    let messages = f64::from(u32::try_from(rounds * batch)?);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / messages;
    println!(
        "batch {batch:>3}: accept {:>7.1} us, settle {:>7.1} us a message",
        each(accepting),
        each(settling)
    );
    Ok(())
}

/// What a claim of ten costs among `count` waiting: the median, which a busy disk moves least.
async fn waiting(count: usize, place: &Path, told: &str, now: Timestamp) -> Outcome<Duration> {
    let folder = tempfile::tempdir_in(place)?;
    let store = Store::open(folder.path(), now)?;
    for first in (0..count).step_by(500) {
        let messages = (first..first + 500)
            .map(|number| Ok(NewMessage { first_due_at: drawn(number, now)?, ..message(None, 100, now)? }))
            .collect::<Outcome<Vec<_>>>()?;
        store.accept(messages, now).await?;
    }
    store.close().await?;
    let began = Instant::now();
    let store = Store::open(folder.path(), now)?;
    store.restart(store::Restart::default(), now).await?;
    let first = claim(&store, now).await?;
    println!(
        "{count:>9} waiting: open, restart and first claim {:.1} ms",
        began.elapsed().as_secs_f64() * 1e3
    );
    settle_all(&store, first, now).await?;
    let mut claiming = Vec::new();
    for _ in 0..CLAIMS {
        let began = Instant::now();
        let claimed = claim(&store, now).await?;
        claiming.push(began.elapsed());
        settle_all(&store, claimed, now).await?;
    }
    let began = Instant::now();
    store.counts().await?;
    let counting = began.elapsed();
    claiming.sort();
    let each = claiming.get(CLAIMS / 2).copied().unwrap_or_default();
    println!(
        "{count:>9} waiting: claim of 10 {told} {each:.1?}, counts {counting:.1?}, memory {}",
        memory(Path::new("/proc/self/status"))?
    );
    Ok(each)
}

/// When the message with this number fell due: scattered, and the same at every run.
fn drawn(number: usize, now: Timestamp) -> Outcome<Timestamp> {
    let scattered = u64::try_from(number)?.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
    Ok(now - Duration::from_micros(scattered % SPREAD))
}

async fn claim(store: &Store, now: Timestamp) -> Outcome<Vec<store::Claimed>> {
    let claim = Claim { lease: LEASE, now, limit: 10, bytes: usize::MAX, practice: false, recovery: None };
    Ok(store.claim(claim).await?)
}

async fn settle_all(store: &Store, claimed: Vec<store::Claimed>, now: Timestamp) -> Outcome<()> {
    let all = claimed.iter().flat_map(|one| &one.recipients).map(|one| delivered(one.id, now)).collect();
    store.settle(all, now).await?;
    Ok(())
}

fn message(lease: Option<Lease>, size: usize, now: Timestamp) -> Outcome<NewMessage> {
    let envelope = Envelope::to_one(
        ReversePath::Address(Address::parse("desk@library.example")?),
        Address::parse("patron@example.org")?,
    );
    Ok(NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class: Class::Normal,
        practice: false,
        application: "Library".to_owned(),
        site: Some("MAIN".to_owned()),
        run: None,
        envelope,
        message_id: "<0123456789@library.example>".to_owned(),
        subject: "Overdue items".to_owned(),
        tags: Vec::new(),
        patron: None,
        bytes: Bytes::from(vec![b'x'; size]),
        first_due_at: now,
        expires_at: now + SignedDuration::from_hours(100),
        lease,
    })
}

fn delivered(recipient: RecipientId, now: Timestamp) -> Settlement {
    let attempt = Attempt {
        instead_of: None,
        started_at: now,
        ended_at: now,
        server: "127.0.0.1:25".to_owned(),
        phase: Phase::Dot,
        reason: None,
        answer: "250 2.0.0 Ok: queued as 4FZk1".to_owned(),
    };
    Settlement { recipient, lease: LEASE, attempt, verdict: Verdict::Delivered }
}

/// The process's resident memory, as the kernel words it.
fn memory(status: &Path) -> Outcome<String> {
    let text = std::fs::read_to_string(status)?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.map_or("unknown", str::trim).to_owned())
}

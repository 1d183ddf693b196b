//! What finding mail costs: `cargo run --release -p store --example search [MESSAGES]`.
//!
//! Fills a queue (1,000,000 messages, unless another number is given) with mail to scattered addresses, of 14 libraries, in all states, and
//! prints what it cost to accept the last of them and how long each kind of list takes: the median and the 95th percentile, in
//! milliseconds.

use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use mail::{Address, Envelope, Phase, Reason, ReversePath};
use store::{
    Attempt, Class, Filter, Kind, Lease, NewMessage, RecipientId, Settlement, State, Store, Verdict,
};
use tokio::time::Instant;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const LEASE: Lease = Lease(1);
const BATCH: usize = 500;
const ROUNDS: usize = 40;
/// Lines of a page.
const PAGE: usize = 50;
const SUBJECTS: [&str; 5] =
    ["Your overdue items", "Your hold is ready", "Receipt", "Your card expires", "Reminder"];

#[tokio::main]
async fn main() -> Outcome<()> {
    let count = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let now = Timestamp::from_second(1_800_000_000)?;
    let store = Store::open(folder.path(), now)?;
    fill(&store, count, now).await?;
    for (name, filter) in filters(now)? {
        let (mut parts, mut counts) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let began = Instant::now();
            store.part(filter.clone(), None, PAGE).await?;
            parts.push(began.elapsed());
            let began = Instant::now();
            store.count(filter.clone()).await?;
            counts.push(began.elapsed());
        }
        println!("{name:<34} part {}, count {}", percentiles(parts), percentiles(counts));
    }
    let (mut sites, mut quarters) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        store.by_site(None).await?;
        sites.push(began.elapsed());
        let began = Instant::now();
        store.by_quarter(now - SignedDuration::from_hours(7 * 24), Filter::default().sites).await?;
        quarters.push(began.elapsed());
    }
    println!("counts by library {}; by quarter of an hour {}", percentiles(sites), percentiles(quarters));
    Ok(())
}

fn percentiles(mut all: Vec<Duration>) -> String {
    all.sort();
    let at = |share: usize| all.get(all.len() * share / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    format!("{:.1} / {:.1}", at(50), at(95))
}

/// Over seven days, ending now.
async fn fill(store: &Store, count: usize, now: Timestamp) -> Outcome<()> {
    let mut last = Vec::new();
    for first in (0..count).step_by(BATCH) {
        let age = Duration::from_hours(7 * 24) * u32::try_from(count - first)? / u32::try_from(count)?;
        let at = now - age;
        let messages =
            (first..first + BATCH).map(|number| message(number, at)).collect::<Outcome<Vec<_>>>()?;
        let leased: Vec<_> = messages.iter().map(|message| message.lease.is_some()).collect();
        let began = Instant::now();
        let accepted = store.accept(messages, at).await?;
        if first + 50 * BATCH >= count {
            last.push(began.elapsed());
        }
        let ids = accepted.iter().zip(leased).filter(|(_, leased)| *leased).map(|(one, _)| one.id);
        let settlements = ids.map(|id| settled(RecipientId::of(id, 0), at)).collect();
        store.settle(settlements, at).await?;
    }
    last.sort();
    let median = last.get(last.len() / 2).copied().unwrap_or_default();
    println!("accept, at {count}: {:.1} us a message", median.as_secs_f64() * 1e6 / 500.0);
    Ok(())
}

/// Half of all mail waits; the rest came to its end, some of it set aside.
fn message(number: usize, at: Timestamp) -> Outcome<NewMessage> {
    let scattered = u64::try_from(number)?.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
    let domain =
        ["example.org", "example.com", "mail.example.net"].get(number % 3).copied().unwrap_or_default();
    let local = format!("patron{}", scattered % 500_000);
    let subject = SUBJECTS.get(number / 7 % 5).copied().unwrap_or_default();
    let envelope = Envelope::to_one(
        ReversePath::Address(Address::parse("desk@library.example")?),
        Address::parse(&format!("{local}@{domain}"))?,
    );
    Ok(NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class: Class::Normal,
        practice: false,
        application: if number.is_multiple_of(10) { "Textbook Tracker" } else { "Library" }.to_owned(),
        site: Some(format!("SITE{}", number % 14)),
        run: None,
        envelope,
        message_id: "<0123456789@library.example>".to_owned(),
        subject: format!("{subject} {number}"),
        tags: Vec::new(),
        patron: None,
        bytes: Bytes::from(vec![b'x'; 300]),
        first_due_at: at,
        expires_at: at + SignedDuration::from_hours(100),
        lease: (number % 2 == 1).then_some(LEASE),
    })
}

fn settled(recipient: RecipientId, at: Timestamp) -> Settlement {
    let (verdict, reason) = match recipient.message().0 / 2 % 100 {
        0 | 50 => (Verdict::Returned, Some(Reason::AddressUnknown)),
        25 => (Verdict::Held, Some(Reason::SenderRefused)),
        75 => (Verdict::InDoubt, Some(Reason::AnswerUnknown)),
        _ => (Verdict::Delivered, None),
    };
    let attempt = Attempt {
        instead_of: None,
        started_at: at,
        ended_at: at,
        server: "127.0.0.1:25".to_owned(),
        phase: Phase::Dot,
        reason,
        answer: "250 2.0.0 Ok: queued as 4FZk1".to_owned(),
    };
    Settlement { recipient, lease: LEASE, attempt, verdict }
}

fn filters(now: Timestamp) -> Outcome<Vec<(&'static str, Filter)>> {
    let none = Filter::default();
    let state = |state| Filter { state: Some(state), ..none.clone() };
    let beginning = |text: &str| Filter { beginning: Some(text.to_owned()), ..none.clone() };
    let domain = |text: &str| Filter { domain: Some(text.to_owned()), ..none.clone() };
    let subject = |text: &str| Filter { subject: Some(text.to_owned()), ..none.clone() }.within_reach(now);
    Ok(vec![
        ("everything", none.clone()),
        ("waiting", state(State::Waiting)),
        ("delivered", state(State::Delivered)),
        ("returned", state(State::Returned)),
        ("held", state(State::Held)),
        ("cancelled (there are none)", state(State::Cancelled)),
        ("returned, of one library", Filter { site: Some("SITE1".to_owned()), ..state(State::Returned) }),
        ("a library without mail", Filter { site: Some("NONE".to_owned()), ..none.clone() }),
        ("a tag that nothing has", Filter { tag: Some("none".to_owned()), ..none.clone() }),
        ("a program", Filter { application: Some("Textbook Tracker".to_owned()), ..none.clone() }),
        ("an address", Filter { address: Some(Address::parse("patron77@example.org")?), ..none.clone() }),
        ("beginning: few", beginning("patron4711")),
        ("beginning: some thousands", beginning("patron47")),
        ("beginning: all", beginning("patron")),
        ("beginning: all, held", Filter { state: Some(State::Held), ..beginning("patron") }),
        ("a domain", domain("example.org")),
        ("a domain, returned", Filter { state: Some(State::Returned), ..domain("example.org") }),
        ("a domain without mail", domain("nobody.example")),
        ("subject: often", subject("overdue")),
        ("subject: nowhere", subject("nowhere to be found")),
        ("subject: nowhere, held", Filter { state: Some(State::Held), ..subject("nowhere") }),
    ])
}

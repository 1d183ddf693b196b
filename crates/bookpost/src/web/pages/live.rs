//! What open pages are told as it changes: a few numbers, by server-sent events.
//!
//! One task looks for all pages, and only while there is one. A page more costs a connection, and a stream that holds nothing.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

use axum::{
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use serde::Serialize;
use store::{Counts, Error, State};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};

use super::{standing::Standing, visit::Visit, when::Clockwork, words::Language};
use crate::web::Sources;

/// It is looked no more often.
const LEAST: Duration = Duration::from_secs(1);
/// Looking takes no more than this share of the time: where there is much mail, it is looked less often.
const SHARE: u32 = 20;
/// Open pages; what is over keeps working, and is not told. The rest of the connections is for whoever asks.
const MOST: usize = 100;
/// Then a page asks again, and whoever may not any more is told nothing more.
const LASTS: Duration = Duration::from_mins(10);

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(super) struct Now {
    /// Of what was accepted today.
    pub(super) delivered: u64,
    pub(super) practiced: u64,
    pub(super) returned: u64,
    /// Now.
    pub(super) waiting: u64,
    pub(super) in_doubt: u64,
    pub(super) held: u64,
    /// See [`Standing::tone`].
    tone: &'static str,
    alarms: usize,
}

impl Now {
    pub(super) fn of(
        counts: &Counts,
        today: &BTreeMap<State, u64>,
        standing: &Standing,
        alarms: usize,
    ) -> Self {
        let today = |state| today.get(&state).copied().unwrap_or(0);
        Self {
            delivered: today(State::Delivered),
            practiced: today(State::Practiced),
            returned: today(State::Returned),
            waiting: counts.waiting + counts.sending,
            in_doubt: counts.in_doubt,
            held: counts.held,
            tone: standing.tone(),
            alarms,
        }
    }

    /// What a page says in words is out of date when this is another.
    pub(super) fn version(&self) -> String {
        let Self { in_doubt, held, tone, alarms, .. } = self;
        format!("{tone}-{alarms}-{}-{}", u8::from(*in_doubt > 0), u8::from(*held > 0))
    }
}

/// The one who looks. All clones are the same; with the last of them the looking ends.
#[derive(Clone)]
pub(super) struct Live(Arc<Inner>);

struct Inner {
    told: watch::Sender<Option<Arc<str>>>,
    wanted: Arc<Notify>,
    places: Arc<Semaphore>,
}

impl Live {
    /// Looks only while somebody listens.
    pub(super) fn start(sources: Sources) -> Self {
        let (wanted, places) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(MOST)));
        let live = Arc::new(Inner { told: watch::Sender::new(None), wanted: Arc::clone(&wanted), places });
        tokio::spawn(look(sources, Arc::downgrade(&live), wanted));
        Self(live)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.wanted.notify_one();
    }
}

async fn look(sources: Sources, live: Weak<Inner>, wanted: Arc<Notify>) {
    while let Some(live) = live.upgrade() {
        if live.told.receiver_count() == 0 {
            drop(live);
            wanted.notified().await;
            continue;
        }
        let began_at = Instant::now();
        match now(&sources).await {
            Ok(now) => {
                let json: Arc<str> = serde_json::to_string(&now).unwrap_or_default().into();
                live.told.send_if_modified(|last| last.replace(Arc::clone(&json)).as_ref() != Some(&json));
            }
            Err(error) => tracing::debug!(%error, "open pages are told nothing for the moment"),
        }
        drop(live);
        tokio::time::sleep(rest_after(began_at.elapsed())).await;
    }
}

/// How long it is not looked after a look that took so long.
fn rest_after(took: Duration) -> Duration {
    LEAST.max(took * SHARE)
}

async fn now(sources: &Sources) -> Result<Now, Error> {
    let (words, now) = (Language::English.words(), sources.clock.now());
    let midnight = Clockwork { words, zone: sources.zone.clone(), now }.day_began_at();
    let (store, way) = (&sources.store, &sources.config().sending.way);
    let (counts, today) = (store.counts().await?, store.accepted_since(midnight).await?);
    let alarms = store.alarms(true, super::today::ALARMS).await?;
    let standing = Standing::of(&(sources.now)(), way, store.paused().await?, &alarms);
    Ok(Now::of(&counts, &today, &standing, alarms.len()))
}

/// For one page.
pub(super) async fn stream(visit: Visit) -> Response {
    let live = &visit.pages.live.0;
    let Ok(place) = Arc::clone(&live.places).try_acquire_owned() else {
        return StatusCode::NO_CONTENT.into_response();
    };
    let mut receiver = live.told.subscribe();
    receiver.mark_changed();
    live.wanted.notify_one();
    let end = Instant::now() + LASTS;
    let events = stream::unfold((receiver, place), move |(receiver, place)| next(receiver, place, end));
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

type Told = Result<Event, Infallible>;
type Rest = (watch::Receiver<Option<Arc<str>>>, OwnedSemaphorePermit);

/// What is told next; `None`: nothing more.
async fn next(
    mut receiver: watch::Receiver<Option<Arc<str>>>,
    place: OwnedSemaphorePermit,
    end: Instant,
) -> Option<(Told, Rest)> {
    loop {
        tokio::time::timeout_at(end, receiver.changed()).await.ok()?.ok()?;
        let told = receiver.borrow_and_update().clone();
        if let Some(json) = told {
            return Some((Ok(Event::default().data(&*json)), (receiver, place)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_takes_little_of_the_time() {
        for (took, rest) in [(0, 1_000), (50, 1_000), (51, 1_020), (2_000, 40_000)] {
            assert_eq!(rest_after(Duration::from_millis(took)), Duration::from_millis(rest), "{took}");
        }
    }

    /// Whoever is signed out meanwhile is told nothing more after that.
    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_after_a_while() {
        let (told, places) = (watch::Sender::new(None), Arc::new(Semaphore::new(1)));
        let (receiver, place) = (told.subscribe(), Arc::clone(&places).try_acquire_owned().unwrap());
        told.send_replace(Some("{}".into()));
        let end = Instant::now() + LASTS;
        let (_, (receiver, place)) = next(receiver, place, end).await.unwrap();
        assert!(next(receiver, place, end).await.is_none());
        assert_eq!((end.elapsed(), places.available_permits()), (Duration::ZERO, 1));
    }
}

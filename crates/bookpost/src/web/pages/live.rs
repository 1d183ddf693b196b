//! What open pages are told as it changes: a few numbers, by server-sent events.
//!
//! One task looks for all pages, and only while there is one. A page more costs a connection, and a stream that holds nothing.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{Arc, Weak},
    time::Duration,
};

use axum::{
    http::{StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use store::Error;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    time::Instant,
};

use super::{known::Known, visit::Visit, when::Clockwork, words::Language};
use crate::web::Sources;

/// It is looked no more often.
const LEAST: Duration = Duration::from_secs(1);
/// Looking takes no more than this share of the time: where there is much mail, it is looked less often.
const SHARE: u32 = 20;
/// Open pages; what is over keeps working, and is not told. The rest of the connections is for whoever asks.
const MOST: usize = 100;
/// Then a page asks again, and whoever may not any more is told nothing more.
const LASTS: Duration = Duration::from_mins(10);

/// The one who looks. All clones are the same; with the last of them the looking ends.
#[derive(Clone)]
pub(super) struct Live(Arc<Inner>);

struct Inner {
    told: watch::Sender<Option<Arc<Known>>>,
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
        match look_once(&sources).await {
            Ok(known) => {
                let known = Arc::new(known);
                live.told.send_if_modified(|last| last.replace(Arc::clone(&known)).as_ref() != Some(&known));
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

async fn look_once(sources: &Sources) -> Result<Known, Error> {
    let (words, now) = (Language::English.words(), sources.clock.now());
    let midnight = Clockwork { words, zone: sources.zone.clone(), now }.day_began_at();
    Known::read(sources, midnight).await
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
    let listener = Listener { receiver, sites: visit.sites(), last: String::new(), _place: place };
    let events = stream::unfold(listener, move |listener| listener.next(end));
    let stream = Sse::new(events).keep_alive(KeepAlive::default());
    // As every page, and not only for as long as a browser cares to ask again.
    ([(header::CACHE_CONTROL, "no-store")], stream).into_response()
}

/// An open page.
struct Listener {
    receiver: watch::Receiver<Option<Arc<Known>>>,
    /// The libraries that whoever looks at it is limited to.
    sites: BTreeSet<String>,
    /// What it was told last.
    last: String,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    /// What is told next; `None`: nothing more.
    async fn next(mut self, end: Instant) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            tokio::time::timeout_at(end, self.receiver.changed()).await.ok()?.ok()?;
            let now = self.receiver.borrow_and_update().as_ref().map(|known| known.now(&self.sites));
            let Some(now) = now else { continue };
            let json = serde_json::to_string(&now).unwrap_or_default();
            if json != self.last {
                self.last.clone_from(&json);
                return Some((Ok(Event::default().data(json)), self));
            }
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
        let place = Arc::clone(&places).try_acquire_owned().unwrap();
        let listener = Listener {
            receiver: told.subscribe(),
            sites: BTreeSet::new(),
            last: String::new(),
            _place: place,
        };
        told.send_replace(Some(Arc::new(Known::nothing())));
        let end = Instant::now() + LASTS;
        let (_, listener) = listener.next(end).await.unwrap();
        assert!(listener.next(end).await.is_none());
        assert_eq!((end.elapsed(), places.available_permits()), (Duration::ZERO, 1));
    }

    /// What concerns others only is not told.
    #[tokio::test(start_paused = true)]
    async fn a_page_hears_nothing_where_nothing_changes_for_it() {
        let (told, places) = (watch::Sender::new(None), Arc::new(Semaphore::new(1)));
        let (receiver, sites) = (told.subscribe(), BTreeSet::from(["EAST".to_owned()]));
        let place = Arc::clone(&places).try_acquire_owned().unwrap();
        let listener = Listener { receiver, sites, last: String::new(), _place: place };
        let end = Instant::now() + LASTS;
        told.send_replace(Some(Arc::new(Known::nothing())));
        let (_, listener) = listener.next(end).await.unwrap();
        told.send_replace(Some(Arc::new(Known::waiting("MAIN", 3))));
        assert!(listener.next(end).await.is_none());
    }
}

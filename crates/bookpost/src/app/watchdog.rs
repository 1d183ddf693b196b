//! Nothing waits in silence: mail that could leave and does not is noticed.

use std::sync::{Arc, atomic::Ordering};

use jiff::{SignedDuration, Timestamp};
use store::{AlarmKind, RecipientId, Store};

use crate::{alarms::Alarms, queue::route::Line};

/// Longer than a server may take for one message, and than the window over which mail comes due after an outage.
const STUCK: SignedDuration = SignedDuration::from_mins(15);

/// Watches all lines, and that what is being sent is on one of them.
pub(super) struct Watchdogs {
    lines: Vec<Watchdog>,
    /// Since when the queue says that mail is being sent, and no line has any.
    astray_since: Option<Timestamp>,
}

/// Watches one line.
struct Watchdog {
    line: Arc<Line>,
    seen: Option<Seen>,
}

/// What a line that has something to do looked like, and since when nothing moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    view: View,
    since: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct View {
    /// What waits in the store for longest, if it is due, and since when.
    head: Option<(Timestamp, RecipientId)>,
    /// Messages stand in line in memory, so that the head may have to wait for them.
    line: bool,
    /// Transactions that came to an end.
    finished: usize,
}

impl Seen {
    /// Something moved when another message is at the head, or when those in line before it are being finished.
    fn next(before: Option<Self>, view: View, now: Timestamp) -> Self {
        let moved = |before: &Self| {
            before.view.head != view.head
                || (before.view.finished != view.finished && (view.line || view.head.is_none()))
        };
        let since = before.filter(|before| !moved(before)).map_or(now, |before| before.since);
        Self { view, since }
    }
}

impl Watchdog {
    /// Looks at the line; true when nothing has moved on it for too long, although mail may leave.
    async fn look(&mut self, store: &Store, now: Timestamp) -> bool {
        let ready = &self.line.ready;
        let next = store.next_due(self.line.practice).await.ok().flatten();
        let view = View {
            head: next.filter(|(due_at, _)| *due_at <= now),
            line: !ready.is_empty(),
            finished: self.line.finished.load(Ordering::Relaxed),
        };
        let to_do = view.head.is_some() || view.line || self.line.in_flight.load(Ordering::Relaxed) > 0;
        self.seen = (to_do && !ready.is_stopped()).then(|| Seen::next(self.seen, view, now));
        self.seen.is_some_and(|seen| now.duration_since(seen.since) > STUCK)
    }
}

impl Watchdogs {
    pub(super) fn new(lines: impl IntoIterator<Item = Arc<Line>>) -> Self {
        let lines = lines.into_iter().map(|line| Watchdog { line, seen: None }).collect();
        Self { lines, astray_since: None }
    }

    /// Looks at all lines, and tells a person.
    pub(super) async fn look(&mut self, store: &Store, alarms: &Alarms, now: Timestamp) {
        let mut stuck = self.astray(store, now).await;
        for dog in &mut self.lines {
            stuck |= dog.look(store, now).await;
        }
        if stuck {
            let text = "Mail that is due has not been tried for 15 minutes, although the mail server works. Start Bookpost again; if that does not help, show this to your IT person, with what `bookpost queue status` says.";
            alarms.raise(AlarmKind::Stuck, "queue", text);
        } else {
            alarms.clear(AlarmKind::Stuck, "queue");
        }
    }

    /// What only the queue believes to be on its way waits for ever; the next start sorts it out.
    async fn astray(&mut self, store: &Store, now: Timestamp) -> bool {
        let idle =
            |dog: &Watchdog| dog.line.ready.is_empty() && dog.line.in_flight.load(Ordering::Relaxed) == 0;
        let astray =
            self.lines.iter().all(idle) && store.sending_here().await.is_ok_and(|sending| sending > 0);
        self.astray_since = astray.then(|| self.astray_since.unwrap_or(now));
        self.astray_since.is_some_and(|since| now.duration_since(since) > STUCK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuck_is_what_stays_at_the_head_while_nothing_before_it_is_finished() {
        let at = |seconds| Timestamp::constant(seconds, 0);
        let view = |head: Option<i64>, line, finished| View {
            head: head.map(|id| (at(1), RecipientId(id))),
            line,
            finished,
        };
        let (head, in_line) = (view(Some(5), false, 7), view(Some(5), true, 7));
        for (before, now, since) in [
            (None, head, 160),
            (Some(head), head, 100),
            (Some(head), view(Some(6), false, 7), 160),
            // The same head: others pass it, or stand in line before it.
            (Some(head), view(Some(5), false, 8), 100),
            (Some(in_line), in_line, 100),
            (Some(in_line), view(Some(5), true, 8), 160),
            // Nothing in the store: what is on the connections must come to an end.
            (Some(view(None, false, 7)), view(None, false, 7), 100),
            (Some(view(None, false, 7)), view(None, false, 8), 160),
        ] {
            let before = before.map(|view| Seen { view, since: at(100) });
            assert_eq!(
                Seen::next(before, now, at(160)),
                Seen { view: now, since: at(since) },
                "{before:?} {now:?}"
            );
        }
    }
}

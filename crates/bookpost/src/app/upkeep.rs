//! What is done by the minute: the watchdog, the clock's watchdog, asking a person again, purging.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mail::clock::Clock;
use store::{AlarmKind, Store};

use super::set_clock;
use crate::{alarms::Alarms, config::Config, queue::route::Line};

const MINUTE: Duration = Duration::from_mins(1);
/// A due message that has seen no attempt for so long on a route that moves is stuck. Longer than the window over which
/// mail comes due after an outage.
const STUCK: SignedDuration = SignedDuration::from_mins(15);
/// A person who has not decided about mail for so long is asked again.
const ASK_AGAIN: Duration = Duration::from_hours(100);
/// Rows purged per transaction.
const PURGE_SLICE: usize = 200;

/// What the alarm is about when a person is asked again.
const FOR_LONG: &str = "for long";

/// What upkeep works with.
pub(super) struct Upkeep {
    pub(super) config: Arc<Config>,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) alarms: Alarms,
    pub(super) lines: Vec<Arc<Line>>,
}

/// What is due for longest on a line that moves, and since when that is so: while others before it are sent, nothing is
/// stuck, however long the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    due_at: Timestamp,
    since: Timestamp,
}

fn watched(before: Option<Head>, due: Option<Timestamp>, now: Timestamp) -> Option<Head> {
    let due_at = due.filter(|due| *due <= now)?;
    Some(before.filter(|head| head.due_at == due_at).unwrap_or(Head { due_at, since: now }))
}

fn words_for_long(count: u64) -> String {
    let mails = if count == 1 { "1 mail has".to_owned() } else { format!("{count} mails have") };
    format!(
        "{mails} waited for your decision for more than 100 hours, because it is set aside or may have arrived. To see which, run: bookpost queue list --state held, and: bookpost queue list --state in-doubt. Then send it after all (bookpost queue retry) or do not (bookpost queue cancel)."
    )
}

/// Works for as long as the program runs.
pub(super) async fn run(upkeep: Upkeep) {
    let mut heads = vec![None; upkeep.lines.len()];
    let mut clock = set_clock::Watch::new(upkeep.clock.now());
    loop {
        let now = upkeep.clock.now();
        clock.look(&upkeep.store, &*upkeep.clock, &upkeep.alarms).await;
        upkeep.watch_queue(&mut heads, now).await;
        upkeep.ask_again(now).await;
        if let Err(error) = upkeep.purge(now).await {
            tracing::error!(%error, "old texts could not be deleted; they are tried again in a minute");
        }
        upkeep.clock.sleep_until(now.saturating_add(MINUTE).unwrap_or(Timestamp::MAX)).await;
    }
}

impl Upkeep {
    /// Nothing waits in silence.
    async fn watch_queue(&self, heads: &mut [Option<Head>], now: Timestamp) {
        for (line, head) in self.lines.iter().zip(heads.iter_mut()) {
            let moves = !line.ready.is_stopped();
            let due =
                if moves { self.store.next_due(line.rules.practice).await.ok().flatten() } else { None };
            *head = watched(*head, due, now);
        }
        if heads.iter().flatten().any(|head| now.duration_since(head.since) > STUCK) {
            let text = "Mail that is due has not been tried for 15 minutes, although the mail server works. Start Bookpost again; if that does not help, run: bookpost doctor";
            self.alarms.raise(AlarmKind::Stuck, "queue", text);
        } else {
            self.alarms.clear(AlarmKind::Stuck, "queue");
        }
    }

    /// Nothing waits for a person in silence either.
    async fn ask_again(&self, now: Timestamp) {
        match self.store.aside(ASK_AGAIN, now).await {
            Ok(0) => self.alarms.clear(AlarmKind::Held, FOR_LONG),
            Ok(count) => self.alarms.raise(AlarmKind::Held, FOR_LONG, words_for_long(count)),
            Err(error) => tracing::error!(%error, "what waits for a person could not be counted"),
        }
    }

    async fn purge(&self, now: Timestamp) -> Result<(), store::Error> {
        let keep = self.config.keep;
        while self.store.purge(keep.bodies, keep.records, PURGE_SLICE, now).await? > 0 {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuck_is_what_stays_at_the_head() {
        let at = |seconds| Timestamp::constant(seconds, 0);
        let head = |due, since| Some(Head { due_at: at(due), since: at(since) });
        for (before, due, now, expected) in [
            (None, None, 100, None),
            (None, Some(101), 100, None),
            (None, Some(5), 100, head(5, 100)),
            (head(5, 100), Some(5), 160, head(5, 100)),
            (head(5, 100), Some(6), 160, head(6, 160)),
            (head(5, 100), None, 160, None),
        ] {
            assert_eq!(watched(before, due.map(at), at(now)), expected);
        }
    }
}

//! The other machines that share the queue, where a server has it: what a dead one was sending is taken over, and what people change at one
//! holds at all.

use std::{sync::Arc, time::Duration};

use mail::clock::Clock;
use store::{Elsewhere, Error, Restarted, Store};
use tokio::time::Instant;

use super::{Preferences, Schedules};
use crate::{alarms::Alarms, identity::Applications, queue::worker::Handle};

/// The others are looked at this often. A machine counts as dead half a minute after its last word, so within a minute its mail goes on.
const LOOK: Duration = Duration::from_secs(10);
/// What could not be read is read again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// What is told of what happens at other machines.
pub(super) struct Machines {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) worker: Handle,
    pub(super) preferences: Preferences,
    pub(super) applications: Applications,
    pub(super) schedules: Schedules,
    pub(super) alarms: Alarms,
}

/// Works for as long as the program runs.
pub(super) async fn watch(machines: Machines) {
    let mut elsewhere = machines.store.elsewhere();
    // What was changed between the reading of it and now is not known: all of it is read once.
    let mut heard: Option<Elsewhere> = None;
    let mut look_at = Instant::now() + LOOK;
    loop {
        let now = *elsewhere.borrow_and_update();
        match machines.hear(heard.as_ref(), &now).await {
            Ok(()) => heard = Some(now),
            Err(error) => {
                tracing::error!(%error, "what was changed at another machine cannot be read; it is again in a moment");
                tokio::time::sleep(AGAIN).await;
            }
        }
        tokio::select! {
            changed = elsewhere.changed() => if changed.is_err() { return },
            () = tokio::time::sleep_until(look_at) => {
                if let Err(Error::Closed) = machines.take_over().await {
                    return;
                }
                // No ring may have come.
                machines.worker.wake();
                look_at = Instant::now() + LOOK;
            }
            () = tokio::time::sleep(AGAIN), if heard != Some(now) => {}
        }
    }
}

impl Machines {
    /// Has what is another than before hold here too. What has changed here is read again, and is as it was.
    async fn hear(&self, before: Option<&Elsewhere>, now: &Elsewhere) -> Result<(), Error> {
        let is_new = |part: fn(&Elsewhere) -> i64| before.is_none_or(|before| part(before) != part(now));
        // First: preferences that free old mail come with a pause, and nothing of it is to go before that is known.
        if is_new(|one| one.pause) || is_new(|one| one.preferences) {
            self.pause_or_go().await?;
        }
        if is_new(|one| one.preferences) {
            self.preferences.read_again().await?;
        }
        if is_new(|one| one.applications) {
            self.applications.refresh(&self.store).await?;
        }
        if is_new(|one| one.schedules) {
            self.schedules.changed();
        }
        if is_new(|one| one.alarms) {
            self.alarms.look();
        }
        if before.is_some_and(|before| before.rings != now.rings) {
            self.worker.wake();
        }
        Ok(())
    }

    async fn pause_or_go(&self) -> Result<(), Error> {
        let _pausing = self.worker.pausing.lock().await;
        let paused = self.store.paused().await?.is_some();
        self.worker.pause(paused).await;
        Ok(())
    }

    /// What a dead one was sending. It is asked for again in a moment where it cannot be looked.
    async fn take_over(&self) -> Result<(), Error> {
        let taken = self.store.take_over(self.clock.now()).await.inspect_err(|error| {
            tracing::error!(%error, "the other machines cannot be looked at; they are again in a moment");
        })?;
        if taken != Restarted::default() {
            tracing::warn!(
                waiting = taken.waiting,
                in_doubt = taken.in_doubt,
                "another machine has said nothing for half a minute; what it was sending goes on here"
            );
        }
        Ok(())
    }
}

//! What is done by the minute: the watchdogs, asking a person again, saying that all is well, noting which keys were used, forgetting what
//! was looked through, purging.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use mail::{clock::Clock, counted};
use store::{AlarmKind, Store};

use super::{
    NoticeRuns, attention, certificates, duties::Duty, exports, retention, set_clock, silence, waits::Waits,
    watchdog::Watchdogs,
};
use crate::{
    alarms::Alarms, config::Settings, identity::Applications, preferences::mail_accounts::MailAccounts,
    queue::route::Line,
};

const MINUTE: Duration = Duration::from_mins(1);
/// Files whose time is over, and certificates, are looked at this often.
const FILES_EVERY: Duration = Duration::from_hours(1);
/// A person who has not decided about mail for so long is asked again.
const ASK_AGAIN: Duration = Duration::from_hours(100);
/// Rows purged per transaction.
const PURGE_SLICE: usize = 200;

/// What the alarm is about when a person is asked again: about mail, or about the pause.
const FOR_LONG: &str = "for long";
const PAUSED: &str = "pause";
const WORDS_PAUSED: &str = "Sending has been paused for more than 100 hours: mail is accepted and waits. To send again, run: bookpost queue resume";

/// What upkeep works with.
pub(super) struct Upkeep {
    pub(super) settings: Settings,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) alarms: Alarms,
    pub(super) applications: Applications,
    pub(super) notices: NoticeRuns,
    pub(super) accounts: MailAccounts,
    pub(super) lines: Vec<Arc<Line>>,
}

fn words_for_long(count: u64) -> String {
    let mails = counted(count, "mail has", "mails have");
    format!(
        "{mails} waited for your decision for more than 100 hours, because it is set aside or may have arrived. To see which, run: bookpost queue list --state held, and: bookpost queue list --state in-doubt. Then send it after all (bookpost queue retry) or do not (bookpost queue cancel)."
    )
}

/// Works for as long as the program runs.
pub(super) async fn run(upkeep: Upkeep) {
    let mut dogs = Watchdogs::new(upkeep.lines.iter().cloned());
    let mut clock = set_clock::Watch::new(upkeep.clock.now());
    let mut waits = Waits::default();
    let mut files_at = Timestamp::MIN;
    loop {
        let now = upkeep.clock.now();
        clock.look(&upkeep.store, &*upkeep.clock, &upkeep.alarms).await;
        dogs.look(&upkeep.store, &upkeep.alarms, now).await;
        if Duty::Upkeep.is_ours(&upkeep.store).await {
            upkeep.of_all(&mut waits, now).await;
        }
        upkeep.alarms.look();
        note_uses(&upkeep.store, &upkeep.applications).await;
        upkeep.notices.forget_checks(now);
        if now >= files_at {
            files_at = now.saturating_add(FILES_EVERY).unwrap_or(Timestamp::MAX);
            upkeep.delete_files(now).await;
            certificates::look(&upkeep.settings.now(), &upkeep.alarms, upkeep.wall_clock(now));
        }
        upkeep.clock.sleep_until(now.saturating_add(MINUTE).unwrap_or(Timestamp::MAX)).await;
    }
}

/// Puts on record when keys were used: one write a minute for all of them.
pub(super) async fn note_uses(store: &Store, applications: &Applications) {
    if let Err(error) = store.keys_used(applications.take_uses()).await {
        tracing::warn!(%error, "when keys were used last could not be put on record");
    }
}

impl Upkeep {
    /// What machines that share a queue have in common.
    async fn of_all(&self, waits: &mut Waits, now: Timestamp) {
        if let Err(error) = attention::look(&self.store, &self.alarms, now).await {
            tracing::error!(%error, "the alarms could not be looked through; they are again in a minute");
        }
        self.look(waits, now).await;
        self.ask_again(now).await;
        if let Err(error) = self.accounts.keep_alive().await {
            tracing::error!(%error, "sign-ins at mail providers could not be read; they are again in a minute");
        }
        if let Err(error) = self.purge(now).await {
            tracing::error!(%error, "old texts could not be deleted; they are tried again in a minute");
        }
    }

    /// What waits for too long, or stays away.
    async fn look(&self, waits: &mut Waits, now: Timestamp) {
        let (store, alarms) = (&self.store, &self.alarms);
        let waits = waits.look(store, alarms, &self.settings.now(), now).await;
        if let Err(error) = waits.and(silence::look(store, alarms, now).await) {
            tracing::error!(%error, "what waits and what stays away could not be read; it is again in a minute");
        }
    }

    fn wall_clock(&self, now: Timestamp) -> Timestamp {
        now.saturating_add(self.clock.wall_departure()).unwrap_or(now)
    }

    /// Files are stamped by the wall clock.
    async fn delete_files(&self, now: Timestamp) {
        let wall_clock = self.wall_clock(now);
        let older_than = |age| wall_clock.saturating_sub(age).unwrap_or(Timestamp::MIN);
        let (texts, uploads) = (older_than(self.settings.now().keep.bodies), older_than(exports::KEPT));
        let folders = retention::folders(&self.settings.now());
        let uploaded = [exports::folder(&self.settings.now().data_dir)];
        let delete = move || retention::delete(&folders, texts).and(retention::delete(&uploaded, uploads));
        let deleted = tokio::task::spawn_blocking(delete).await;
        if let Err(error) = deleted.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            tracing::error!(%error, "old files could not be deleted; they are tried again in an hour");
        }
    }

    /// Nothing waits for a person in silence either.
    async fn ask_again(&self, now: Timestamp) {
        match self.store.aside(ASK_AGAIN, now).await {
            Ok(0) => self.alarms.clear(AlarmKind::Held, FOR_LONG),
            Ok(count) => self.alarms.raise(AlarmKind::Held, FOR_LONG, words_for_long(count)),
            Err(error) => tracing::error!(%error, "what waits for a person could not be counted"),
        }
        match self.store.paused().await {
            Ok(Some(pause)) if now.duration_since(pause.began_at).unsigned_abs() > ASK_AGAIN => {
                self.alarms.raise(AlarmKind::Held, PAUSED, WORDS_PAUSED);
            }
            Ok(Some(_)) => {}
            Ok(None) => self.alarms.clear(AlarmKind::Held, PAUSED),
            Err(error) => tracing::error!(%error, "whether sending is paused could not be read"),
        }
    }

    async fn purge(&self, now: Timestamp) -> Result<(), store::Error> {
        let keep = self.settings.now().keep;
        while self.store.purge(keep.bodies, keep.records, PURGE_SLICE, now).await? > 0 {}
        while self.store.forget_requests(PURGE_SLICE, now).await? > 0 {}
        while self.store.forget_events(PURGE_SLICE, now).await? > 0 {}
        while self.store.forget_sessions(PURGE_SLICE, now).await? > 0 {}
        self.store.fold_quarters(now).await?;
        Ok(())
    }
}

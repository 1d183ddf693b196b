//! What waits for too long, or for a person, is told, though nothing is broken.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mail::{Reason, counted};
use store::{Alarm, AlarmKind, Error, Store};

use crate::{
    alarms::Alarms,
    config::{Config, Way},
};

/// What the alarms are about.
const MAIL: &str = "mail";
/// Mail waits for days because of the patron's own mailbox, which nobody here can mend; the patron's library hears when it is given up.
const OF_PATRONS: [Reason; 1] = [Reason::MailboxFull];
/// People who were told of one of these know why mail waits.
const SAY_WHY: [AlarmKind; 4] =
    [AlarmKind::ServerDown, AlarmKind::SignIn, AlarmKind::Quota, AlarmKind::Stuck];
/// What is being sent does not wait just then; no attempt takes longer.
const ATTEMPT: SignedDuration = SignedDuration::from_mins(15);
/// The latest alarms, that are looked through.
const ALARMS: usize = 500;

/// Watches what waits.
#[derive(Default)]
pub(super) struct Waits {
    /// Since when nothing has waited for too long.
    calm_since: Option<Timestamp>,
}

impl Waits {
    /// By the minute.
    pub(super) async fn look(
        &mut self,
        store: &Store,
        alarms: &Alarms,
        config: &Config,
        now: Timestamp,
    ) -> Result<(), Error> {
        match store.counts().await?.in_doubt {
            0 => alarms.clear(AlarmKind::InDoubt, MAIL),
            count => alarms.raise(AlarmKind::InDoubt, MAIL, words_in_doubt(count)),
        }
        let limit = config.alarms.waiting;
        if !sends(config) || store.paused().await?.is_some() {
            self.calm_since = None;
            alarms.clear(AlarmKind::Waiting, MAIL);
        } else if has_waited(store, config, now).await? {
            self.calm_since = None;
            if !is_said(store, limit, now).await? {
                alarms.raise(AlarmKind::Waiting, MAIL, words_waiting(limit));
            }
        } else if now.duration_since(*self.calm_since.get_or_insert(now)) > ATTEMPT {
            alarms.clear(AlarmKind::Waiting, MAIL);
        }
        Ok(())
    }
}

/// Whether mail waits for longer than it may. Its age is counted from when it was to be sent. Time in which it grew no older does not
/// count, which is known by how much more of its time is left than would be.
async fn has_waited(store: &Store, config: &Config, now: Timestamp) -> Result<bool, Error> {
    let now = store.ageing_stopped_at(false).await?.map_or(now, |stopped_at| stopped_at.min(now));
    let limit = signed(config.alarms.waiting);
    let due_before = now.saturating_sub(limit).unwrap_or(Timestamp::MIN);
    let expires_before = due_before.saturating_add(config.schedule.give_up_after).unwrap_or(Timestamp::MAX);
    store.has_waited(due_before, expires_before, &OF_PATRONS).await
}

fn signed(length: Duration) -> SignedDuration {
    SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX)
}

/// Somebody wants mail to go out, and not to the practice mailbox.
fn sends(config: &Config) -> bool {
    matches!(config.sending.way, Way::Servers(_))
}

/// A fault that says why is open, or was within that time. That of a server for which the backup has sent all that time says nothing.
async fn is_said(store: &Store, limit: Duration, now: Timestamp) -> Result<bool, Error> {
    let since = now.saturating_sub(limit).unwrap_or(Timestamp::MIN);
    let alarms = store.alarms(false, ALARMS).await?;
    let backup_sends = |subject: &str| {
        alarms.iter().any(|other| {
            other.kind == AlarmKind::BackupInUse
                && other.subject == subject
                && other.ended_at.is_none()
                && other.started_at <= since
        })
    };
    let says = |alarm: &Alarm| {
        SAY_WHY.contains(&alarm.kind)
            && alarm.ended_at.is_none_or(|ended_at| ended_at > since)
            && !backup_sends(&alarm.subject)
    };
    Ok(alarms.iter().any(says))
}

fn words_in_doubt(count: u64) -> String {
    let mails = counted(count, "mail", "mails");
    format!(
        "{mails} may have arrived: the connection broke while the mail server was answering. A person must decide. To see which, run: bookpost queue list --state in-doubt. Then send it again (bookpost queue retry) or do not (bookpost queue cancel)."
    )
}

fn words_waiting(limit: Duration) -> String {
    let hours = counted(limit.as_secs().div_ceil(3600), "hour", "hours");
    format!(
        "Mail has waited for more than {hours}, although sending is not paused and no server was at fault in this time, as far as is known. To see which and why, run: bookpost queue list --state waiting."
    )
}

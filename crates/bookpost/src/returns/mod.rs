//! Return reports out: what could not be delivered comes back to the library, one report per message, or one summary for
//! many. And in: what comes back of mail that a server had accepted (`incoming`, read in a folder by `maildir`, in a file by `mbox`).
//!
//! That a report is owed was stored together with the outcome; it is written here later, in one transaction that also
//! closes what it covers. This part knows nothing of connections: a report is a message and re-enters the queue.

mod compose;
pub mod incoming;
pub mod maildir;
pub mod mbox;
mod plan;
mod sample;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use jiff::{Timestamp, tz::TimeZone};
use mail::{Address, clock::Clock};
use rand::{RngExt, rngs::StdRng};
use store::{AlarmKind, MessageId, Owing, Store};

use self::plan::{Form, When};
pub use self::{plan::reports_to, sample::sample};
use crate::{alarms::Alarms, app::duties::Duty, config::Settings, receive::Receiver};

/// Returns in one letter, which is made in memory.
const MOST: usize = 10_000;
/// The store is asked at least this often.
const SELDOM: Duration = Duration::from_mins(1);

/// What the task works with.
pub struct Returns {
    pub settings: Settings,
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub fresh: Receiver,
    pub alarms: Alarms,
    pub dice: Arc<Mutex<StdRng>>,
}

/// Writes reports as they become due, for as long as the program runs.
pub async fn run(returns: Returns) {
    let pause = (returns.settings.now().sending.report_delay / 4).clamp(Duration::from_millis(50), SELDOM);
    loop {
        if Duty::Reports.is_ours(&returns.store).await
            && let Err(error) = returns.round().await
        {
            tracing::error!(%error, "return reports could not be written; they stay owed");
        }
        let next = returns.clock.now().saturating_add(pause).unwrap_or(Timestamp::MAX);
        returns.clock.sleep_until(next).await;
    }
}

impl Returns {
    /// Writes all reports that are due now; tells how many. One that cannot be written stays owed and stops no other.
    pub async fn round(&self) -> Result<usize, store::Error> {
        let now = self.clock.now();
        let mut written = 0;
        for owing in self.store.owing(self.settings.now().sending.report_delay, now).await? {
            match self.write_to(&owing, now).await {
                Ok(letters) => written += letters,
                Err(error) => {
                    let domain = owing.return_address.domain();
                    tracing::error!(%error, domain, "return reports could not be written; they stay owed");
                }
            }
        }
        Ok(written)
    }

    /// Writes what is due to one address.
    async fn write_to(&self, owing: &Owing, now: Timestamp) -> Result<usize, store::Error> {
        let config = self.settings.now();
        let sending = &config.sending;
        let when = When {
            delay: sending.report_delay,
            digest_from: sending.digest_from,
            window: sending.digest_window,
        };
        let (to, practice) = (&owing.return_address, owing.practice);
        let recent = self.store.returned_lately(to, practice, when.window, now).await?;
        let Some(form) = plan::form(owing, recent, &when, now) else { return Ok(0) };
        let mut written = 0;
        loop {
            let owed = self.store.obligations(to, practice, MOST).await?;
            let (is_all, before_page) = (owed.len() < MOST, written);
            for (to, letter) in plan::addressed(form, owed, before(now, when.delay), &config.sites) {
                match self.write(&to, &letter, now).await {
                    Ok(()) => written += 1,
                    Err(error) if letter.form == Form::Digest => return Err(error),
                    Err(error) => {
                        let first = letter.first.row.recipient.0;
                        tracing::error!(%error, recipient.id = first, "a return report could not be written; it stays owed");
                    }
                }
            }
            if is_all || form == Form::Report || written == before_page {
                return Ok(written);
            }
        }
    }

    async fn write(&self, to: &Address, letter: &plan::Letter, now: Timestamp) -> Result<(), store::Error> {
        let closes: Vec<_> = letter.owed().map(|one| one.row.recipient).collect();
        let original = match letter.form {
            Form::Report | Form::Relayed => self.original(letter.first.row.message).await?,
            Form::Digest => None,
        };
        let random = {
            let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
            dice.random::<u128>()
        };
        let config = self.settings.now();
        let at = compose::At { config: &config, now, random, time_zone: TimeZone::system() };
        let report = compose::message(to, letter, original.as_deref(), &at);
        match self.fresh.report(report, &closes).await {
            // Somebody closed one of them meanwhile: the next round sees what is left.
            Err(store::Error::NotFound(_)) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The returned message. Where it cannot be read any more the report goes without it, rather than not at all.
    async fn original(&self, message: MessageId) -> Result<Option<Bytes>, store::Error> {
        match self.store.body(message).await {
            Err(error @ (store::Error::Corrupt(_) | store::Error::Internal(_))) => {
                tracing::error!(%error, message.id = message.0, "a returned message cannot be read; it is reported without its header");
                Ok(None)
            }
            read => read,
        }
    }
}

/// A report that could not be delivered is reported to nobody; a person is told.
pub fn report_lost(alarms: &Alarms, to: &Address) {
    alarms.raise(
        AlarmKind::ReportLost,
        to.domain(),
        "A return report could not be delivered. What it told of stays on the Returned list. Check the library's return address.",
    );
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    now.saturating_sub(age).unwrap_or(Timestamp::MIN)
}

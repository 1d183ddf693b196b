//! The queue on disk.
//!
//! [`Store`] offers whole operations: each is one transaction, and is committed when it returns. There is no `begin` and no
//! `commit` to call, so no transaction can stay open during network work. Every operation says what it guarantees; the
//! conformance suite in `tests/` holds every database to it.
//!
//! Instants are arguments; in the database they are `i64` microseconds since 1970 (UTC). Where an age counts, `now` is an argument
//! beside it: a database with a clock of its own takes the difference.
//!
//! This crate knows nothing of SMTP, HTTP or templates.

#![warn(missing_docs)]

mod alarms;
mod applications;
mod error;
mod events;
mod notices;
mod once;
mod pause;
mod queue;
mod reports;
mod sqlite;

pub use alarms::{Alarm, AlarmKind};
pub use applications::*;
pub use error::{Error, OpenError};
pub use events::*;
pub use notices::*;
pub use once::*;
pub use pause::*;
pub use queue::*;
pub use reports::*;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use mail::{Address, Reason};

/// One queue. Cheap to clone; all clones are the same queue.
#[derive(Clone, Debug)]
pub struct Store {
    db: Arc<sqlite::Sqlite>,
}

/// The whole queue.
impl Store {
    /// Opens the queue in `folder`, which is made if it is not there, and holds the folder's lock until the last clone is
    /// dropped. Brings an older queue up to this version. Looks through no rows, unless the machine's clock was set since the last
    /// opening ([`Store::clock_set`]).
    pub fn open(folder: &Path, now: Timestamp) -> Result<Self, OpenError> {
        Ok(Self { db: Arc::new(sqlite::Sqlite::open(folder, now)?) })
    }

    /// Fails where a process has the queue in `folder` open; changes nothing.
    pub fn check_free(folder: &Path) -> Result<(), OpenError> {
        sqlite::open::check_free(folder)
    }

    /// Finishes what waits to be written and carries the log into the database file. Whatever is asked afterwards is
    /// answered with [`Error::Closed`].
    pub async fn close(self) -> Result<(), Error> {
        self.db.close().await
    }

    /// The queue's own number, drawn when it was made and kept for ever.
    pub fn store_id(&self) -> u64 {
        self.db.store_id()
    }

    /// Which opening of this queue this is; rises by one at each.
    pub fn epoch(&self) -> i64 {
        self.db.epoch()
    }

    /// By how much the machine's clock had been set when the queue was opened, now and at the openings before of which nobody has
    /// [heard](Store::clock_set_heard). All instants in it were moved by as much then, so that no age and no wait is another than
    /// before. `None`: it was not, or the database has a clock of its own.
    pub fn clock_set(&self) -> Option<SignedDuration> {
        self.db.clock_set()
    }

    /// Whoever must know of it does: people were told, and what is kept elsewhere was moved as well. Later openings say it no more.
    pub async fn clock_set_heard(&self) -> Result<(), Error> {
        self.db.clock_set_heard().await
    }

    /// Puts on record how far the machine's clock has departed from the one that tells `now`, and how late it is. To be called when
    /// the departure has changed, and before the queue is closed.
    pub async fn note_clock(&self, departure: SignedDuration, now: Timestamp) -> Result<(), Error> {
        self.db.note_clock(departure, now).await
    }

    /// What the writer has done since the queue was opened.
    pub fn stats(&self) -> Stats {
        self.db.stats()
    }
}

/// The way in.
impl Store {
    /// Stores all of `messages` or none; they are on disk when this returns. Concurrent calls share a sync. Where the future is
    /// dropped before its turn comes, nothing is stored; where it is dropped later, they are, and nobody here knows.
    pub async fn accept(&self, messages: Vec<NewMessage>, now: Timestamp) -> Result<Vec<Accepted>, Error> {
        self.db.accept(messages, |_| (), now).await
    }

    /// The same, for whoever must know all the same, as it attempts what was stored under a lease: `stored` is called once they are on
    /// disk, and before this returns if it still may. It must not wait.
    pub async fn accept_then(
        &self,
        messages: Vec<NewMessage>,
        stored: impl FnOnce(&[Accepted]) + Send + 'static,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, Error> {
        self.db.accept(messages, stored, now).await
    }

    /// Stores all of `messages` with the answer to the request that brought them, unless it was made before: then it gives that answer,
    /// and stores nothing. A request is known for [`ONCE_KEPT`]. `stored` is called as by [`Store::accept_then`].
    pub async fn accept_once(
        &self,
        key: OnceKey,
        messages: Vec<NewMessage>,
        answer: impl FnOnce(&[Accepted]) -> Vec<u8> + Send + 'static,
        stored: impl FnOnce(&[Accepted]) + Send + 'static,
        now: Timestamp,
    ) -> Result<Once, Error> {
        self.db.accept_once(key, messages, answer, stored, now).await
    }

    /// The request that this application made under this name, while it is known. Changes nothing.
    pub async fn made(&self, application: &str, key: &str) -> Result<Option<Made>, Error> {
        self.db.made(application.to_owned(), key.to_owned()).await
    }

    /// The request that this application made under this name is known for [`ONCE_KEPT`] from now on. One that is not known stays so.
    pub async fn remember_request(&self, application: &str, key: &str, now: Timestamp) -> Result<(), Error> {
        self.db.remember_request(application.to_owned(), key.to_owned(), now).await
    }

    /// Stores the notices of a run that are not repeats, message and ledger rows together, all in one transaction.
    ///
    /// A notice is a repeat when every one of its items was written about, by this kind of notice, later than `repeat` before
    /// `now` (`None`: ever). A notice with one new item is stored whole. A practice run neither reads nor writes the ledger.
    pub async fn accept_notices(
        &self,
        run: RunId,
        notices: Vec<NewNotice>,
        repeat: Option<Duration>,
        now: Timestamp,
    ) -> Result<Vec<NoticeAccepted>, Error> {
        self.db.accept_notices(run, notices, repeat, now).await
    }
}

/// For the worker.
impl Store {
    /// Waiting recipients that are due go to `Sending` under the claim's lease, urgent first, then normal, then bulk. In each class the
    /// [`Source`]s take turns, each with its mail by due time and id; a quarter is kept for the lower classes as long as they have mail that is due. What cannot be decoded is held
    /// with `Reason::Broke`, and the others go. What waits to be attempted alone is left to [`Store::take_alone`].
    pub async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, Error> {
        self.db.claim(claim).await
    }

    /// The next due message, practice mail or real mail, that must be attempted alone, marked on disk as being attempted so: if the program dies before it
    /// is settled, that is a strike.
    pub async fn take_alone(
        &self,
        lease: Lease,
        practice: bool,
        now: Timestamp,
    ) -> Result<Option<Claimed>, Error> {
        self.db.take_alone(lease, practice, now).await
    }

    /// "Transmission begun": whether all of these are still ours to send, so that the last byte of their message may leave. After a
    /// yes it is on record wherever somebody could take them over, and whoever does knows that they may have arrived. After a no
    /// nothing is. It holds until they are settled; asked again, as for some of them alone, it is answered again.
    ///
    /// A queue in a folder has one process: what that claimed is its own for as long as it holds the folder's lock, which is until
    /// the store is closed. Nothing needs to be written there, and yes is said at once, without a transaction or another thread.
    pub async fn mark(&self, recipients: &[(RecipientId, Lease)]) -> Result<bool, Error> {
        self.db.mark(recipients).await
    }

    /// Stores outcomes, each together with the obligation to report it, and only under the lease it was claimed with. One that
    /// is refused changes nothing and stops none of the others; it is answered with [`Settled::Refused`].
    pub async fn settle(&self, settlements: Vec<Settlement>, now: Timestamp) -> Result<Vec<Settled>, Error> {
        self.db.settle(settlements, now).await
    }

    /// To be called once at start, after known outcomes were settled: what an earlier process left in `Sending` waits again, due
    /// now. Those that had `begun` are attempted alone, as one of them may be what ended it. Those `in_doubt` are marked so for ever, with
    /// an attempt on record, and wait as they say, to be attempted alone too; for a person where they were in doubt before. Those that were being attempted alone get a strike; at the third they are held.
    pub async fn restart(&self, known: Restart, now: Timestamp) -> Result<Restarted, Error> {
        self.db.restart(known, now).await
    }

    /// From here on no waiting recipient of practice mail, or of real mail, grows older: an allowance is used up, or there is
    /// nobody to send to. Remembered over restarts. Nothing changes when that was so already.
    pub async fn stop_ageing(&self, practice: bool, now: Timestamp) -> Result<(), Error> {
        self.db.stop_ageing(practice, now).await
    }

    /// They grow older again, and all of them have the time since [`Store::stop_ageing`] to their credit, as far as they were there.
    /// In slices between others' work; costs next to nothing where ageing was not stopped. Nothing happens in a [pause](Store::pause).
    pub async fn resume_ageing(&self, practice: bool, now: Timestamp) -> Result<(), Error> {
        self.db.resume_ageing(practice, now).await
    }

    /// When the next waiting recipient falls due, and which it is.
    pub async fn next_due(&self, practice: bool) -> Result<Option<(Timestamp, RecipientId)>, Error> {
        self.db.next_due(practice).await
    }

    /// Returns up to `limit` waiting recipients that expire at `cutoff` or before, each with its obligation; those that were in
    /// doubt are set aside for a person instead. Gives how many; 0 when none is left.
    pub async fn expire(
        &self,
        cutoff: Timestamp,
        practice: bool,
        limit: usize,
        reason: Reason,
        answer: &str,
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.db.expire(cutoff, practice, limit, reason, answer.to_owned(), now).await
    }
}

/// The pause of all sending.
impl Store {
    /// From here on nothing is to be sent, and what waits grows no older; remembered over restarts. A pause that was begun already goes
    /// on as it was.
    pub async fn pause(&self, why: PauseWhy, now: Timestamp) -> Result<Pause, Error> {
        self.db.pause(why, now).await
    }

    /// Sending goes on; `None`: it did all the while. Whoever sends has mail grow older again.
    pub async fn end_pause(&self) -> Result<Option<Pause>, Error> {
        self.db.end_pause().await
    }

    /// The pause, while there is one.
    pub async fn paused(&self) -> Result<Option<Pause>, Error> {
        self.db.paused().await
    }

    /// How many recipients wait whose message might have been sent before this instant. Looks through all that waits.
    pub async fn waiting_since_before(&self, instant: Timestamp) -> Result<u64, Error> {
        self.db.waiting_since_before(instant).await
    }
}

/// For people.
impl Store {
    /// Does what a person asks to all recipients of the selection from whose state it is legal. Large selections go in slices
    /// between others' work: each slice is one transaction. A notice that is cancelled for everyone, and that cannot have arrived,
    /// counts as never written.
    pub async fn move_recipients(
        &self,
        selection: Selection,
        wish: Move,
        now: Timestamp,
    ) -> Result<Moved, Error> {
        self.db.move_recipients(selection, wish, now).await
    }

    /// What is in the queue; costs the same however much that is.
    pub async fn counts(&self) -> Result<Counts, Error> {
        self.db.counts().await
    }

    /// How many recipients have waited for a person, set aside or in doubt, for longer than this.
    pub async fn aside(&self, for_longer_than: Duration, now: Timestamp) -> Result<u64, Error> {
        self.db.aside(before(now, for_longer_than)).await
    }

    /// The newest recipients below `after`, newest first. What cannot be decoded is shown with `Reason::Broke`.
    pub async fn list(
        &self,
        filter: Filter,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        self.db.list(filter, after, limit).await
    }

    /// All recipients of a message, each with its timeline.
    pub async fn show(&self, message: MessageId) -> Result<Vec<(Row, Vec<Attempt>)>, Error> {
        self.db.show(message).await
    }

    /// The bytes of a message; `None` once they are purged.
    pub async fn body(&self, message: MessageId) -> Result<Option<Bytes>, Error> {
        self.db.body(message).await
    }
}

/// Return reports.
impl Store {
    /// The return addresses to which a report has been owed for longer than this, the oldest first.
    pub async fn owing(&self, for_longer_than: Duration, now: Timestamp) -> Result<Vec<Owing>, Error> {
        self.db.owing(before(now, for_longer_than)).await
    }

    /// All that is owed to this address on practice mail, or on real mail, the oldest first, up to `limit`.
    pub async fn obligations(
        &self,
        return_address: &Address,
        practice: bool,
        limit: usize,
    ) -> Result<Vec<Obligation>, Error> {
        self.db.obligations(return_address, practice, limit).await
    }

    /// How many recipients of practice mail, or of real mail, were returned to this address within that time before `now`, reported
    /// or not.
    pub async fn returned_lately(
        &self,
        return_address: &Address,
        practice: bool,
        within: Duration,
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.db.returned_since(return_address, practice, before(now, within)).await
    }

    /// Accepts a report and closes the obligations it covers, in one transaction. If one of them is closed already, nothing is
    /// stored ([`Error::NotFound`]).
    pub async fn report(
        &self,
        report: NewMessage,
        closes: &[RecipientId],
        now: Timestamp,
    ) -> Result<Accepted, Error> {
        self.db.report(report, closes.to_vec(), now).await
    }

    /// Closes obligations that may not be reported. Those that are closed already stay so.
    pub async fn close_obligations(&self, recipients: &[RecipientId], _now: Timestamp) -> Result<(), Error> {
        self.db.close_obligations(recipients.to_vec()).await
    }
}

/// Notice runs.
impl Store {
    /// Begins a run.
    pub async fn begin_run(&self, run: NewRun) -> Result<RunId, Error> {
        self.db.begin_run(run).await
    }

    /// Adds to those whom the run left out.
    pub async fn left_out(&self, run: RunId, left_out: Vec<LeftOut>) -> Result<(), Error> {
        self.db.left_out(run, left_out).await
    }

    /// All its notices are accepted. A second time changes nothing.
    pub async fn finish_run(&self, run: RunId, now: Timestamp) -> Result<(), Error> {
        self.db.finish_run(run, now).await
    }

    /// A run as it stands.
    pub async fn run(&self, run: RunId) -> Result<Run, Error> {
        self.db.run(run).await
    }

    /// The last runs, newest first.
    pub async fn runs(&self, limit: usize) -> Result<Vec<Run>, Error> {
        self.db.runs(limit).await
    }

    /// Whom a run left out, in the order of being found.
    pub async fn left_out_of(&self, run: RunId) -> Result<Vec<LeftOut>, Error> {
        self.db.left_out_of(run).await
    }

    /// For each key, when this notice was last written about it, if that was later than `within` before `now` (`None`: ever). For
    /// previews: changes nothing.
    pub async fn written_lately(
        &self,
        notice: &str,
        keys: &[LedgerKey],
        within: Option<Duration>,
        now: Timestamp,
    ) -> Result<Vec<Option<Timestamp>>, Error> {
        let since = within.map_or(Timestamp::MIN, |within| before(now, within));
        self.db.written_lately(notice.to_owned(), keys.to_vec(), since).await
    }
}

/// Applications. They are never deleted, as messages are known by their names.
impl Store {
    /// Adds an application without keys. [`Error::Exists`] where another has its name, or one that differs in the case of letters only.
    pub async fn add_application(
        &self,
        name: ApplicationName,
        settings: ApplicationSettings,
        now: Timestamp,
    ) -> Result<Application, Error> {
        self.db.add_application(name, settings, now).await
    }

    /// Changes what an application may do: `change` is given the settings as they are in the same transaction.
    pub async fn change_application(
        &self,
        name: &str,
        change: impl FnOnce(&mut ApplicationSettings) + Send + 'static,
    ) -> Result<Application, Error> {
        self.db.change_application(name.to_owned(), change).await
    }

    /// From here on nothing is to be accepted from it. What was accepted is sent. A second time changes nothing.
    pub async fn disable_application(&self, name: &str, now: Timestamp) -> Result<Application, Error> {
        self.db.switch_application(name.to_owned(), Some(now)).await
    }

    /// It is heard again.
    pub async fn enable_application(&self, name: &str) -> Result<Application, Error> {
        self.db.switch_application(name.to_owned(), None).await
    }

    /// All applications with their keys, in the order in which they were added. Those that cannot be decoded stand apart, and are logged.
    pub async fn applications(&self) -> Result<StoredApplications, Error> {
        self.db.applications().await
    }

    /// The application of this name, however its letters are cased.
    pub async fn application(&self, name: &str) -> Result<Application, Error> {
        self.db.application(name.to_owned()).await
    }

    /// One more key for an application. [`Error::Exists`] where a key has this id already.
    pub async fn add_key(
        &self,
        application: &str,
        key: NewKey,
        now: Timestamp,
    ) -> Result<Application, Error> {
        self.db.add_key(application.to_owned(), key, now).await
    }

    /// From here on this key opens nothing. A second time changes nothing.
    pub async fn revoke_key(
        &self,
        application: &str,
        key: &KeyId,
        now: Timestamp,
    ) -> Result<Application, Error> {
        self.db.revoke_key(application.to_owned(), key.clone(), now).await
    }

    /// What is kept of the secrets of all keys, the revoked ones too; apart from [`Store::applications`], so that nobody prints it.
    pub async fn key_hashes(&self) -> Result<BTreeMap<KeyId, KeyHash>, Error> {
        self.db.key_hashes().await
    }

    /// When keys were used last. For a batch once in a while, not for each message; an earlier instant than is on record changes
    /// nothing.
    pub async fn keys_used(&self, used: Vec<(KeyId, Timestamp)>) -> Result<(), Error> {
        self.db.keys_used(used).await
    }

    /// How many recipients of an application wait, up to `at_most`. Walks so many entries of an index that holds nothing but what
    /// waits: 100,000 took 4 ms, on a connection that only reads. For now and then, not for each message.
    pub async fn waiting_of(&self, application: &str, at_most: u64) -> Result<u64, Error> {
        self.db.waiting_of(application, at_most).await
    }
}

/// Events, and the web addresses that are told of them.
impl Store {
    /// The first `limit` events that the filter names. Looks through a part only where few are found: go on at
    /// [`read_to`](Events::read_to) as long as there are [`more`](Events::more).
    pub async fn events(&self, filter: EventFilter, limit: usize) -> Result<Events, Error> {
        self.db.events(filter, limit).await
    }

    /// The last event that is on disk, as it rises: an alarm clock for whoever tells of events.
    pub fn events_noted(&self) -> tokio::sync::watch::Receiver<EventId> {
        self.db.events_noted()
    }

    /// Forgets events of longer ago than [`EVENTS_KEPT`], up to `limit`. Gives how many; 0 when none is left.
    pub async fn forget_events(&self, limit: usize, now: Timestamp) -> Result<u64, Error> {
        self.db.forget_events(before(now, EVENTS_KEPT), limit).await
    }

    /// Adds a web address to an application: it is told of what happens from now on.
    pub async fn add_webhook(
        &self,
        application: &str,
        webhook: NewWebhook,
        now: Timestamp,
    ) -> Result<Webhook, Error> {
        self.db.add_webhook(application.to_owned(), webhook, now).await
    }

    /// It is told of nothing any more.
    pub async fn remove_webhook(&self, webhook: WebhookId) -> Result<Webhook, Error> {
        self.db.remove_webhook(webhook).await
    }

    /// All web addresses, in the order in which they were added. One that cannot be decoded is left out and logged.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        self.db.webhooks().await
    }

    /// The sealed secret of a web address; apart from [`Store::webhooks`], so that nobody prints it.
    pub async fn webhook_secret(&self, webhook: WebhookId) -> Result<Vec<u8>, Error> {
        self.db.webhook_secret(webhook).await
    }

    /// What a web address could not be told is due now; nothing happens where it could.
    pub async fn retry_webhook(&self, webhook: WebhookId, now: Timestamp) -> Result<(), Error> {
        self.db.retry_webhook(webhook, now).await
    }

    /// Puts on record what came of telling a web address. Nothing happens where it was removed meanwhile.
    pub async fn webhook_told(
        &self,
        webhook: WebhookId,
        outcome: WebhookOutcome,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.db.webhook_told(webhook, outcome, now).await
    }
}

/// Alarms.
impl Store {
    /// Opens an alarm; `None` if it is open already.
    pub async fn raise(
        &self,
        kind: AlarmKind,
        subject: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        self.db.raise(kind, subject.to_owned(), text.to_owned(), now).await
    }

    /// Ends an alarm; `None` if it was not open.
    pub async fn clear(
        &self,
        kind: AlarmKind,
        subject: &str,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        self.db.clear(kind, subject.to_owned(), now).await
    }

    /// People were told of this alarm so many times by now; [`Alarm::TOLD_OVER`] once they heard that it is over.
    pub async fn alarm_told(&self, alarm: i64, told: u32) -> Result<(), Error> {
        self.db.alarm_told(alarm, told).await
    }

    /// All alarms of which something may be left to tell: those that are open, and those that ended unheard; oldest first.
    pub async fn alarms_to_tell(&self) -> Result<Vec<Alarm>, Error> {
        self.db.alarms_to_tell().await
    }

    /// Alarms, newest first.
    pub async fn alarms(&self, open_only: bool, limit: usize) -> Result<Vec<Alarm>, Error> {
        self.db.alarms(open_only, limit).await
    }
}

/// Upkeep.
impl Store {
    /// Erases bodies of messages that have been final for all recipients for longer than `keep_bodies`, and all rows of those final
    /// for longer than `keep_rows`, up to `limit` of each; never a message with an owed report. Gives how many; 0 when none is left. Once
    /// a slice is not full, the erased bytes are in no file any more; if somebody reads the queue just then, after a later call.
    /// Writes nothing where there is nothing to be done.
    pub async fn purge(
        &self,
        keep_bodies: Duration,
        keep_rows: Duration,
        limit: usize,
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.db.purge(before(now, keep_bodies), before(now, keep_rows), limit).await
    }

    /// Forgets requests that were made longer ago than [`ONCE_KEPT`], up to `limit`. Gives how many; 0 when none is left.
    pub async fn forget_requests(&self, limit: usize, now: Timestamp) -> Result<u64, Error> {
        self.db.forget_requests(before(now, ONCE_KEPT), limit).await
    }

    /// What is wrong with the file and its rows; empty when nothing is.
    pub async fn check(&self) -> Result<Vec<String>, Error> {
        self.db.check().await
    }
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    now.saturating_sub(age).unwrap_or(Timestamp::MIN)
}

//! The queue on disk.
//!
//! [`Store`] offers whole operations: each is one transaction, and is committed when it returns. There is no `begin` and no
//! `commit` to call, so no transaction can stay open during network work. Every operation says what it guarantees; the
//! conformance suite in `tests/` holds every database to it. The operations on mail stand here, those on the rest beside their types.
//!
//! Instants are arguments; in the database they are `i64` microseconds since 1970 (UTC). Where an age counts, `now` is an argument
//! beside it. Of machines that share a database each has the present instant from its own clock, which is held against the database's at opening.
//!
//! This crate knows nothing of SMTP, HTTP or templates.

#![warn(missing_docs)]

/// Asks the database that the store stands on. Both have the same operations, so that nothing but this knows that there are two.
macro_rules! ask {
    ($self:ident.db.$operation:ident($($argument:expr),* $(,)?).await) => {
        match &$self.db {
            crate::Db::Sqlite(db) => db.$operation($($argument),*).await,
            crate::Db::Postgres(db) => db.$operation($($argument),*).await,
        }
    };
    ($self:ident.db.$operation:ident($($argument:expr),* $(,)?)) => {
        match &$self.db {
            crate::Db::Sqlite(db) => db.$operation($($argument),*),
            crate::Db::Postgres(db) => db.$operation($($argument),*),
        }
    };
}

mod alarms;
mod applications;
mod audit;
mod backup;
mod brokered;
mod came_back;
mod claiming;
mod codes;
mod columns;
mod duties;
mod elsewhere;
mod error;
mod events;
mod for_later;
mod in_flight;
mod left_out;
mod links;
mod logos;
mod looks;
mod mail_accounts;
mod moves;
mod moving;
mod notices;
mod once;
mod pause;
mod people;
mod person_keys;
mod postgres;
mod preferences;
mod queue;
mod reports;
mod returned;
mod rows;
mod runs;
mod saved_notices;
mod schedule_rows;
mod schedule_turns;
mod schedules;
mod sealed;
mod search;
mod sent;
mod sessions;
mod sqlite;
mod tallies;
mod unreachable;
mod unsettled;
mod webhooks;
mod written;

pub use alarms::{Alarm, AlarmKind, AlarmReason, Cause, FolderFault};
pub use applications::*;
pub use audit::*;
pub use backup::*;
pub use brokered::*;
pub use came_back::*;
pub use columns::*;
pub use elsewhere::Elsewhere;
pub use error::{Error, OpenError};
pub use events::*;
pub use for_later::*;
pub use left_out::{LeftOutDetail, OtherMatter};
pub use links::*;
pub use logos::*;
pub use looks::*;
pub use mail_accounts::*;
pub use moving::{Home, MoveError, Moving, QueueMoved, Sum};
pub use notices::*;
pub use once::*;
pub use pause::*;
pub use people::*;
pub use person_keys::*;
pub use postgres::{Server, ServerAddress, ServerEncryption};
pub use preferences::*;
pub use queue::*;
pub use reports::*;
pub use returned::*;
pub use saved_notices::*;
pub use schedules::*;
pub use sealed::*;
pub use search::*;
pub use sent::*;
pub use sessions::*;
pub use tallies::*;
pub use unreachable::*;
pub use unsettled::*;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use mail::Reason;

/// One queue. Cheap to clone; all clones are the same queue.
#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

/// What a queue stands on: a file of this machine, or a server that several machines share.
#[derive(Clone, Debug)]
enum Db {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(Arc<postgres::Postgres>),
}

/// The whole queue.
impl Store {
    /// Opens the queue in `folder`, which is made if it is not there, and holds the folder's lock until the last clone is
    /// dropped. Brings an older queue up to this version. Looks through no rows, unless the machine's clock was set since the last
    /// opening ([`Store::clock_set`]).
    pub fn open(folder: &Path, now: Timestamp) -> Result<Self, OpenError> {
        Ok(Self { db: Db::Sqlite(Arc::new(sqlite::Sqlite::open(folder, now)?)) })
    }

    /// Opens the queue that a server has, and that other machines work on too. This machine is its data folder, which is made if it is not
    /// there, and whose lock is held until the last clone is dropped. Makes the tables in an empty schema, and brings an older queue up to this
    /// version.
    pub async fn connect(server: &Server, now: Timestamp) -> Result<Self, OpenError> {
        Ok(Self { db: Db::Postgres(Arc::new(postgres::Postgres::connect(server, now).await?)) })
    }

    /// Fails where a process has the queue in `folder` open; changes nothing.
    pub fn check_free(folder: &Path) -> Result<(), OpenError> {
        sqlite::open::check_free(folder)
    }

    /// Finishes what waits to be written and carries the log into the database file. Whatever is asked afterwards is
    /// answered with [`Error::Closed`].
    pub async fn close(self) -> Result<(), Error> {
        ask!(self.db.close().await)
    }

    /// The queue's own number, drawn when it was made and kept for ever.
    pub fn store_id(&self) -> u64 {
        ask!(self.db.store_id())
    }

    /// Which opening of this queue this is; rises by one at each.
    pub fn epoch(&self) -> i64 {
        ask!(self.db.epoch())
    }

    /// By how much the machine's clock had been set when the queue was opened, now and at the openings before of which nobody has
    /// [heard](Store::clock_set_heard). All instants in it were moved by as much then, so that no age and no wait is another than
    /// before. `None`: it was not, or the database has a clock of its own.
    pub fn clock_set(&self) -> Option<SignedDuration> {
        ask!(self.db.clock_set())
    }

    /// Whoever must know of it does: people were told, and what is kept elsewhere was moved as well. Later openings say it no more.
    pub async fn clock_set_heard(&self) -> Result<(), Error> {
        ask!(self.db.clock_set_heard().await)
    }

    /// Puts on record how far the machine's clock has departed from the one that tells `now`, and how late it is. To be called when
    /// the departure has changed, and before the queue is closed.
    pub async fn note_clock(&self, departure: SignedDuration, now: Timestamp) -> Result<(), Error> {
        ask!(self.db.note_clock(departure, now).await)
    }

    /// What the writer has done since the queue was opened.
    pub fn stats(&self) -> Stats {
        ask!(self.db.stats())
    }
}

/// The way in.
impl Store {
    /// Stores all of `messages` or none; they are on disk when this returns. Concurrent calls share a sync. Where the future is
    /// dropped before its turn comes, nothing is stored; where it is dropped later, they are, and nobody here knows.
    pub async fn accept(&self, messages: Vec<NewMessage>, now: Timestamp) -> Result<Vec<Accepted>, Error> {
        ask!(self.db.accept(messages, |_| (), now).await)
    }

    /// The same, for whoever must know all the same, as it attempts what was stored under a lease: `stored` is called once they are on
    /// disk, and before this returns if it still may. It must not wait.
    pub async fn accept_then(
        &self,
        messages: Vec<NewMessage>,
        stored: impl FnOnce(&[Accepted]) + Send + 'static,
        now: Timestamp,
    ) -> Result<Vec<Accepted>, Error> {
        ask!(self.db.accept(messages, stored, now).await)
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
        ask!(self.db.accept_once(key, messages, answer, stored, now).await)
    }

    /// The request that this application made under this name, while it is known. Changes nothing.
    pub async fn made(&self, application: &str, key: &str) -> Result<Option<Made>, Error> {
        ask!(self.db.made(application.to_owned(), key.to_owned()).await)
    }

    /// The request that this application made under this name is known for [`ONCE_KEPT`] from now on. One that is not known stays so.
    pub async fn remember_request(&self, application: &str, key: &str, now: Timestamp) -> Result<(), Error> {
        ask!(self.db.remember_request(application.to_owned(), key.to_owned(), now).await)
    }

    /// Stores the notices of a run that are not repeats, message and ledger rows together, all in one transaction.
    ///
    /// A notice is a repeat when every one of its items was written about, by this kind of notice, later than `repeat` before
    /// `now` (`None`: ever). A notice with one new item is stored whole. A practice run neither reads nor writes the ledger.
    ///
    /// A notice that is stored puts those out of date that it [`Replaces`]: they are cancelled, or marked while they are being sent, with
    /// [`mail::Reason::Replaced`], in the same transaction. What an unsent one of them wrote about counts as not written where some of its
    /// items came back; so there is never neither of the two.
    pub async fn accept_notices(
        &self,
        run: RunId,
        notices: Vec<NewNotice>,
        repeat: Option<Duration>,
        now: Timestamp,
    ) -> Result<Vec<NoticeAccepted>, Error> {
        ask!(self.db.accept_notices(run, notices, repeat, now).await)
    }
}

/// For the worker.
impl Store {
    /// Waiting recipients that are due go to `Sending` under the claim's lease, urgent first, then normal, then bulk. In each class the
    /// [`Source`]s take turns, each with its mail by due time and id; a quarter is kept for the lower classes as long as they have mail that is due. What cannot be decoded is held
    /// with `Reason::Broke`, and the others go. What waits to be attempted alone is left to [`Store::take_alone`].
    pub async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, Error> {
        ask!(self.db.claim(claim).await)
    }

    /// The next due message, practice mail or real mail, that must be attempted alone, marked on disk as being attempted so: if the program dies before it
    /// is settled, that is a strike.
    pub async fn take_alone(
        &self,
        lease: Lease,
        practice: bool,
        now: Timestamp,
    ) -> Result<Option<Claimed>, Error> {
        ask!(self.db.take_alone(lease, practice, now).await)
    }

    /// "Transmission begun": whether all of these are still ours to send, so that the last byte of their message may leave. After a
    /// yes it is on record wherever somebody could take them over, and whoever does knows that they may have arrived. After a no
    /// nothing is. It holds until they are settled; asked again, as for some of them alone, it is answered again.
    ///
    /// A queue in a folder has one process: what that claimed is its own for as long as it holds the folder's lock, which is until
    /// the store is closed. Nothing needs to be written there, and yes is said at once, without a transaction or another thread.
    pub async fn mark(&self, recipients: &[(RecipientId, Lease)]) -> Result<bool, Error> {
        ask!(self.db.mark(recipients).await)
    }

    /// Stores outcomes, each together with the obligation to report it, and only under the lease it was claimed with. One that
    /// is refused changes nothing and stops none of the others; it is answered with [`Settled::Refused`].
    pub async fn settle(&self, settlements: Vec<Settlement>, now: Timestamp) -> Result<Vec<Settled>, Error> {
        ask!(self.db.settle(settlements, now).await)
    }

    /// To be called once at start, after known outcomes were settled: what an earlier process left in `Sending` waits again, due
    /// now. Those that had `begun` are attempted alone, as one of them may be what ended it. Those `in_doubt` are marked so for ever, with
    /// an attempt on record, and wait as they say, to be attempted alone too; for a person where they were in doubt before. Those that were being attempted alone get a strike; at the third they are held.
    pub async fn restart(&self, known: Restart, now: Timestamp) -> Result<Restarted, Error> {
        ask!(self.db.restart(known, now).await)
    }

    /// To be called now and then where several machines share the queue: what another one left in `Sending`, and has said nothing since, waits
    /// again as after a [restart](Store::restart). What it had [marked](Store::mark) may have arrived, and is attempted no sooner than 11 minutes
    /// after the mark. Nothing happens where there is no other machine.
    pub async fn take_over(&self, now: Timestamp) -> Result<Restarted, Error> {
        ask!(self.db.take_over(now).await)
    }

    /// From here on no waiting recipient of practice mail, or of real mail, grows older: an allowance is used up, or there is
    /// nobody to send to. Remembered over restarts. Nothing changes when that was so already.
    pub async fn stop_ageing(&self, practice: bool, now: Timestamp) -> Result<(), Error> {
        ask!(self.db.stop_ageing(practice, now).await)
    }

    /// Since when they grow no older, while that is so.
    pub async fn ageing_stopped_at(&self, practice: bool) -> Result<Option<Timestamp>, Error> {
        ask!(self.db.ageing_stopped_at(practice).await)
    }

    /// They grow older again, and all of them have the time since [`Store::stop_ageing`] to their credit, as far as they were there.
    /// In slices between others' work; costs next to nothing where ageing was not stopped. Nothing happens in a [pause](Store::pause).
    pub async fn resume_ageing(&self, practice: bool, now: Timestamp) -> Result<(), Error> {
        ask!(self.db.resume_ageing(practice, now).await)
    }

    /// When the next waiting recipient falls due, and which it is.
    pub async fn next_due(&self, practice: bool) -> Result<Option<(Timestamp, RecipientId)>, Error> {
        ask!(self.db.next_due(practice).await)
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
        ask!(self.db.expire(cutoff, practice, limit, reason, answer.to_owned(), now).await)
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
        ask!(self.db.move_recipients(selection, wish, now).await)
    }

    /// What is in the queue; costs the same however much that is.
    pub async fn counts(&self) -> Result<Counts, Error> {
        ask!(self.db.counts().await)
    }

    /// Whether real mail waits that was to be sent before `due_before` and is given up before `expires_before`, leaving out what waits for
    /// one of these reasons. Looks through what is given up before then.
    pub async fn has_waited(
        &self,
        due_before: Timestamp,
        expires_before: Timestamp,
        but: &[Reason],
    ) -> Result<bool, Error> {
        ask!(self.db.has_waited(due_before, expires_before, but).await)
    }

    /// How many recipients have waited for a person, set aside or in doubt, for longer than this.
    pub async fn aside(&self, for_longer_than: Duration, now: Timestamp) -> Result<u64, Error> {
        ask!(self.db.aside(before(now, for_longer_than)).await)
    }

    /// The newest recipients below `after`, newest first. What cannot be decoded is shown with `Reason::Broke`.
    pub async fn list(
        &self,
        filter: Filter,
        after: Option<RecipientId>,
        limit: usize,
    ) -> Result<Vec<Row>, Error> {
        ask!(self.db.list(filter, after, limit).await)
    }

    /// All recipients of a message, each with its timeline.
    pub async fn show(&self, message: MessageId) -> Result<Vec<(Row, Vec<Attempt>)>, Error> {
        ask!(self.db.show(message).await)
    }

    /// `host:port` of the server that took the mail of each of these recipients; none where no server did.
    pub async fn accepted_by(
        &self,
        recipients: Vec<RecipientId>,
    ) -> Result<BTreeMap<RecipientId, String>, Error> {
        ask!(self.db.accepted_by(recipients).await)
    }

    /// The bytes of a message; `None` once they are purged.
    pub async fn body(&self, message: MessageId) -> Result<Option<Bytes>, Error> {
        ask!(self.db.body(message).await)
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
        ask!(self.db.purge(before(now, keep_bodies), before(now, keep_rows), limit).await)
    }

    /// Forgets requests that were made longer ago than [`ONCE_KEPT`], up to `limit`. Gives how many; 0 when none is left.
    pub async fn forget_requests(&self, limit: usize, now: Timestamp) -> Result<u64, Error> {
        ask!(self.db.forget_requests(before(now, ONCE_KEPT), limit).await)
    }

    /// What is wrong with the file and its rows; empty when nothing is.
    pub async fn check(&self) -> Result<Vec<String>, Error> {
        ask!(self.db.check().await)
    }
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    now.saturating_sub(age).unwrap_or(Timestamp::MIN)
}

//! The one thread that writes.
//!
//! It takes whatever operations wait into one IMMEDIATE transaction, each in a savepoint of its own, commits, and only then
//! answers those who wait: one sync for all of them. An idle store adds no delay: the first operation starts at once, and
//! what arrives while it is synced shares the next commit.

use std::{
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use rusqlite::Connection;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::{
    draft::{Draft, Fresh, FreshChanges},
    sweep,
};
use crate::{Error, EventId, OpenError, Stats};

/// A transaction ends at the first of these, so that nobody waits long for those who came before.
const MOST_ROWS: u64 = 500;
const MOST_BYTES: usize = 4 * 1024 * 1024;
const MOST_TIME: Duration = Duration::from_millis(20);
/// Operations that may wait; beyond it callers wait for a place.
const QUEUE: usize = 1_024;

/// What an operation sees of the transaction.
pub(super) struct Tx<'a> {
    pub(super) sql: &'a Connection,
    pub(super) draft: Draft,
    pub(super) fresh: FreshChanges,
    /// Of bodies written.
    pub(super) bytes: usize,
    /// Something was deleted that must leave the log as well.
    pub(super) erased: bool,
    /// The events' own pages are damaged: none is noted until the next start.
    pub(super) events_damaged: &'a AtomicBool,
}

/// One waiting operation.
trait Operation: Send {
    /// Does it; gives the error that its own caller will hear of.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Error>;
    /// Answers: with what `run` came to, or with the error that the transaction came to.
    fn answer(self: Box<Self>, failed: Option<&Error>);
}

struct Waiting<F, D, T> {
    /// Where nobody waits for the answer any more, nothing is done.
    only_if_heard: bool,
    work: Option<F>,
    /// What follows from its being on disk, whoever hears of it.
    done: D,
    result: Option<Result<T, Error>>,
    answer: oneshot::Sender<Result<T, Error>>,
}

impl<F, D, T> Operation for Waiting<F, D, T>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send,
    D: FnOnce(&T) + Send,
    T: Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let Some(work) = self.work.take() else { return Err(Error::Closed) };
        if self.only_if_heard && self.answer.is_closed() {
            return Err(Error::Closed);
        }
        // A defect in one operation must not end the thread that all others need.
        let result = catch_unwind(AssertUnwindSafe(|| work(tx)))
            .unwrap_or_else(|_| Err(Error::Internal("an operation of the queue panicked".to_owned())));
        let ran = result.as_ref().map(drop).map_err(Clone::clone);
        self.result = Some(result);
        ran
    }

    fn answer(self: Box<Self>, failed: Option<&Error>) {
        let Self { done, result, answer, .. } = *self;
        let result = match (result, failed) {
            (Some(Err(own)), _) => Err(own),
            (_, Some(failed)) => Err(failed.clone()),
            (Some(result), None) => result,
            (None, None) => Err(Error::Closed),
        };
        if let Ok(value) = &result
            && catch_unwind(AssertUnwindSafe(|| done(value))).is_err()
        {
            tracing::error!("what follows from an operation of the queue panicked");
        }
        // Who waited may have gone; the operation stands all the same.
        drop(answer.send(result));
    }
}

enum Job {
    Do(Box<dyn Operation>),
    /// Carry the log into the database and cut it, so that what was erased is in neither.
    Sweep(oneshot::Sender<Result<(), Error>>),
    Close(oneshot::Sender<Result<(), Error>>),
}

#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    operations: AtomicU64,
    unreadable: AtomicU64,
    /// The log may hold what was erased, perhaps by an earlier process.
    unswept: AtomicBool,
    events_damaged: AtomicBool,
}

/// The way to the thread. Dropping it waits for the thread's end, and so for the folder's lock to be free.
#[derive(Debug)]
pub(super) struct Writer {
    // In this order: the thread ends when nobody can send to it any more.
    jobs: mpsc::Sender<Job>,
    _ended: Ended,
    counters: Arc<Counters>,
    events: watch::Receiver<EventId>,
}

#[derive(Debug)]
struct Ended(Option<JoinHandle<()>>);

impl Drop for Ended {
    fn drop(&mut self) {
        if self.0.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the queue panicked");
        }
    }
}

impl Writer {
    /// The thread holds the folder's lock for as long as it may write.
    pub(super) fn start(connection: Connection, lock: File) -> Result<Self, OpenError> {
        let (draft, fresh) = (Draft::load(&connection)?, Fresh::load(&connection)?);
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let (noted, events) = watch::channel(draft.last_event());
        let counters = Arc::new(Counters { unswept: AtomicBool::new(true), ..Counters::default() });
        let thread = Thread { connection, _lock: lock, draft, fresh, counters: Arc::clone(&counters), noted };
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || thread.serve(waiting))
            .map_err(|error| Error::Internal(error.to_string()))?;
        Ok(Self { jobs, _ended: Ended(Some(thread)), counters, events })
    }

    /// Does `work` in the next transaction; when this returns Ok, it is on disk.
    pub(super) async fn write<F, T>(&self, work: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.ask(work, |_| (), false).await
    }

    /// The same for what a door takes: whoever has gone by the time that it is begun was not answered, and will hand it in again. Once it
    /// is on disk `done` is called, by this thread and before the answer is given: whoever waits for that may have gone by then.
    pub(super) async fn write_if_heard<F, D, T>(&self, work: F, done: D) -> Result<T, Error>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
        D: FnOnce(&T) + Send + 'static,
        T: Send + 'static,
    {
        self.ask(work, done, true).await
    }

    async fn ask<F, D, T>(&self, work: F, done: D, only_if_heard: bool) -> Result<T, Error>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
        D: FnOnce(&T) + Send + 'static,
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { only_if_heard, work: Some(work), done, result: None, answer };
        self.jobs.send(Job::Do(Box::new(waiting))).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Takes what was erased out of the log, unless nothing was, or somebody still reads it: then a later call does.
    pub(super) async fn sweep(&self) -> Result<(), Error> {
        if !self.counters.unswept.load(Ordering::Acquire) {
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Sweep(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    pub(super) async fn close(&self) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::Close(answer)).await.map_err(|_| Error::Closed)?;
        answered.await.map_err(|_| Error::Closed)?
    }

    /// Whether the thread still holds the folder's lock: it hears of jobs for as long as it does.
    pub(super) fn holds_lock(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// The last event that is on disk.
    pub(super) fn events_noted(&self) -> watch::Receiver<EventId> {
        self.events.clone()
    }

    pub(super) fn stats(&self) -> Stats {
        Stats {
            commits: self.counters.commits.load(Ordering::Relaxed),
            operations: self.counters.operations.load(Ordering::Relaxed),
            unreadable: self.counters.unreadable.load(Ordering::Relaxed),
        }
    }
}

struct Thread {
    connection: Connection,
    /// After the connection: nobody else opens the queue while it is open here.
    _lock: File,
    draft: Draft,
    fresh: Fresh,
    counters: Arc<Counters>,
    noted: watch::Sender<EventId>,
}

impl Thread {
    fn serve(mut self, mut waiting: mpsc::Receiver<Job>) {
        let mut next = waiting.blocking_recv();
        while let Some(job) = next.take() {
            match job {
                Job::Do(first) => next = self.transaction(first, &mut waiting),
                Job::Sweep(answer) => drop(answer.send(self.sweep())),
                Job::Close(answer) => {
                    let done = self.sweep();
                    // Before the lock is given up: see `holds_lock`.
                    drop(waiting);
                    drop(self);
                    drop(answer.send(done));
                    return;
                }
            }
            next = next.or_else(|| waiting.blocking_recv());
        }
    }

    /// One transaction with `first` and what waits behind it; gives back a job that is no operation.
    fn transaction(&mut self, first: Box<dyn Operation>, waiting: &mut mpsc::Receiver<Job>) -> Option<Job> {
        let mut taken = Vec::new();
        let mut next = None;
        let done = self.fill(first, waiting, &mut taken, &mut next);
        if done.is_err() && !self.connection.is_autocommit() {
            // What cannot be rolled back now is rolled back by SQLite when the next BEGIN fails or the file is opened.
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        let failed = done.err();
        if let Some(error) = &failed {
            tracing::error!(%error, operations = taken.len(), "the queue could not be written");
            // Where somebody else holds the file, nothing was begun.
            if !matches!(error, Error::Away(_)) {
                self.lay_over();
            }
        } else {
            self.counters.commits.fetch_add(1, Ordering::Relaxed);
            self.counters.operations.fetch_add(taken.len() as u64, Ordering::Relaxed);
            self.counters.unreadable.store(self.draft.unreadable, Ordering::Relaxed);
        }
        for operation in taken {
            operation.answer(failed.as_ref());
        }
        next
    }

    /// A commit whose sync failed stands in the log, and the next start would take it for a good one: those who are about to
    /// hear no would be told a lie. Another small commit in its place makes it unreadable. When that cannot be had either,
    /// nothing can be done.
    fn lay_over(&self) {
        // Another value each time: SQLite writes no page that stays as it was.
        let sql = "INSERT INTO meta VALUES ('failed_commits', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1";
        if let Err(error) = self.connection.execute(sql, []) {
            tracing::error!(%error, "what could not be written may yet be there after a restart");
        }
    }

    fn fill(
        &mut self,
        first: Box<dyn Operation>,
        waiting: &mut mpsc::Receiver<Job>,
        taken: &mut Vec<Box<dyn Operation>>,
        next: &mut Option<Job>,
    ) -> Result<(), Error> {
        let started_at = Instant::now();
        let mut operation = Some(first);
        let begin =
            self.connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut statement| statement.execute([]));
        if let Err(error) = begin {
            taken.extend(operation);
            return Err(error.into());
        }
        let rows = self.connection.total_changes();
        let mut tx = Tx {
            sql: &self.connection,
            draft: self.draft,
            fresh: FreshChanges::default(),
            bytes: 0,
            erased: false,
            events_damaged: &self.counters.events_damaged,
        };
        while let Some(mut one) = operation.take() {
            let ran = in_savepoint(&mut tx, one.as_mut());
            taken.push(one);
            ran?;
            let full = tx.sql.total_changes() - rows >= MOST_ROWS
                || tx.bytes >= MOST_BYTES
                || started_at.elapsed() >= MOST_TIME;
            if full {
                break;
            }
            match waiting.try_recv() {
                Ok(Job::Do(another)) => operation = Some(another),
                Ok(other) => *next = Some(other),
                Err(_) => {}
            }
        }
        tx.draft.save(&self.draft, tx.sql)?;
        let floor = self.fresh.save_floor(&tx.fresh, &tx.draft, tx.sql)?;
        if tx.erased {
            // Before the commit: should it fail half way, the log may hold it all the same.
            self.counters.unswept.store(true, Ordering::Release);
        }
        tx.sql.prepare_cached("COMMIT")?.execute([])?;
        self.draft = tx.draft;
        let last_event = self.draft.last_event();
        self.noted.send_if_modified(|noted| std::mem::replace(noted, last_event) != last_event);
        self.fresh.committed(tx.fresh, floor);
        Ok(())
    }

    fn sweep(&self) -> Result<(), Error> {
        if sweep::empty_log(&self.connection)? {
            self.counters.unswept.store(false, Ordering::Release);
        }
        Ok(())
    }
}

/// Runs one operation; when it fails only its own changes go. An error is one of the whole transaction.
fn in_savepoint(tx: &mut Tx<'_>, operation: &mut dyn Operation) -> Result<(), Error> {
    let sql = tx.sql;
    sql.prepare_cached("SAVEPOINT operation")?.execute([])?;
    let (draft, entered, left) = (tx.draft, tx.fresh.entered.len(), tx.fresh.left.len());
    if let Err(error) = operation.run(tx) {
        tx.draft = draft;
        tx.fresh.entered.truncate(entered);
        tx.fresh.left.truncate(left);
        if sql.is_autocommit() {
            // A full disk or an I/O error ends the whole transaction inside SQLite.
            return Err(error);
        }
        sql.prepare_cached("ROLLBACK TO operation")?.execute([])?;
    }
    sql.prepare_cached("RELEASE operation")?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{open, readers::Readers};

    fn insert(id: i64, bytes: i64) -> impl FnOnce(&mut Tx<'_>) -> Result<(), Error> + Send + 'static {
        move |tx| {
            tx.sql.execute("INSERT INTO body (message, bytes) VALUES (?1, zeroblob(?2))", (id, bytes))?;
            Ok(())
        }
    }

    /// A writer on a disk that holds so many pages, and what is on it.
    fn writer(pages: Option<i64>) -> (tempfile::TempDir, Writer, Readers) {
        let folder = tempfile::tempdir().unwrap();
        let opened = open::open(folder.path()).unwrap();
        if let Some(pages) = pages {
            opened.writer.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
        }
        let readers = Readers::new(folder.path().join(open::DATABASE));
        (folder, Writer::start(opened.writer, opened.lock).unwrap(), readers)
    }

    async fn bodies(readers: &Readers) -> i64 {
        let count = |sql: &Connection| Ok(sql.query_row("SELECT count(*) FROM body", [], |row| row.get(0))?);
        readers.read(count).await.unwrap()
    }

    #[tokio::test]
    async fn a_full_disk_is_said_and_the_next_that_fits_goes() {
        let (_folder, writer, readers) = writer(Some(60));
        writer.write(insert(1, 1_000)).await.unwrap();
        let full = writer.write(insert(2, 400_000)).await;
        assert!(matches!(full, Err(Error::DiskFull(_))), "{full:?}");
        writer.write(insert(3, 1_000)).await.unwrap();
        assert_eq!(bodies(&readers).await, 2);
    }

    /// Who lets go of the queue may not have waited for what it asked last.
    #[tokio::test]
    async fn the_lock_is_held_until_the_last_write_is_done() {
        let (folder, writer, readers) = writer(None);
        let (begun, waits) = oneshot::channel();
        let (go_on, told) = std::sync::mpsc::channel();
        let path = folder.path().to_owned();
        let mut asked = Box::pin(writer.write(move |tx| {
            begun.send(()).unwrap();
            told.recv().unwrap();
            insert(1, 10)(tx)
        }));
        tokio::select! {
            biased;
            _ = &mut asked => panic!("answered before it was done"),
            _ = waits => {}
        }
        drop(asked);
        let dropped = thread::spawn(move || drop(writer));
        assert!(matches!(open::open(&path), Err(OpenError::InUse { .. })));
        go_on.send(()).unwrap();
        dropped.join().unwrap();
        open::open(&path).unwrap();
        assert_eq!(bodies(&readers).await, 1);
    }

    /// Whoever finds the lock free may claim what was ours: by then nobody is told that it is ours.
    #[test]
    fn the_lock_is_known_to_be_held_no_longer_than_it_is() {
        for _ in 0..20 {
            let (folder, writer, _) = writer(None);
            let lock = File::open(folder.path().join("bookpost.lock")).unwrap();
            assert!(writer.holds_lock());
            writer.jobs.blocking_send(Job::Close(oneshot::channel().0)).unwrap();
            while lock.try_lock().is_err() {}
            assert!(!writer.holds_lock());
        }
    }

    /// A writer that stood still for long does not store what nobody waits for any more.
    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_taken() {
        let (_folder, writer, readers) = writer(None);
        let (go_on, told) = std::sync::mpsc::channel();
        let stands_still = writer.write(move |_| {
            told.recv().unwrap();
            Ok(())
        });
        let gone = writer.write_if_heard(insert(1, 10), |()| ());
        let (mut stands_still, mut gone) = (Box::pin(stands_still), Box::pin(gone));
        for _ in 0..2 {
            tokio::select! {
                biased;
                _ = &mut stands_still => panic!("it was not told to go on"),
                _ = &mut gone => panic!("it is behind the other"),
                () = tokio::task::yield_now() => {}
            }
        }
        drop(gone);
        go_on.send(()).unwrap();
        stands_still.await.unwrap();
        writer.write_if_heard(insert(2, 10), |()| ()).await.unwrap();
        assert_eq!(bodies(&readers).await, 1);
    }

    /// What was begun for somebody who then went is on disk, and what follows from that follows.
    #[tokio::test]
    async fn what_follows_from_being_on_disk_needs_nobody_who_waits() {
        let (_folder, writer, readers) = writer(None);
        let (begun, waits) = oneshot::channel();
        let (go_on, told) = std::sync::mpsc::channel();
        let (follows, followed) = oneshot::channel();
        let work = move |tx: &mut Tx<'_>| {
            begun.send(()).unwrap();
            told.recv().unwrap();
            insert(1, 10)(tx)
        };
        let mut asked = Box::pin(writer.write_if_heard(work, |()| follows.send(()).unwrap()));
        tokio::select! {
            biased;
            _ = &mut asked => panic!("answered before it was done"),
            _ = waits => {}
        }
        drop(asked);
        go_on.send(()).unwrap();
        followed.await.unwrap();
        assert_eq!(bodies(&readers).await, 1);
    }

    #[tokio::test]
    async fn a_failure_or_panic_takes_nothing_from_the_others() {
        let (_folder, writer, readers) = writer(None);
        let twice = |tx: &mut Tx<'_>| {
            insert(5, 10)(tx)?;
            tx.draft.take_id();
            insert(5, 10)(tx)
        };
        let broken = |tx: &mut Tx<'_>| -> Result<(), Error> {
            insert(6, 10)(tx)?;
            panic!("a defect")
        };
        let (first, failed, panicked, last) = tokio::join!(
            writer.write(insert(1, 10)),
            writer.write(twice),
            writer.write(broken),
            writer.write(|tx| Ok(tx.draft.take_id())),
        );
        first.unwrap();
        assert!(matches!(failed, Err(Error::Internal(_))), "{failed:?}");
        assert!(matches!(panicked, Err(Error::Internal(_))), "{panicked:?}");
        assert_eq!(last.unwrap(), 1, "what the failed one took is given back");
        assert_eq!(bodies(&readers).await, 1);
    }
}

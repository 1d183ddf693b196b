//! The journal as a whole, on real files.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{disk::Disk, outcome::sample, *};

const STORE: u64 = 77;
const BOOT: &str = "boot-1";

fn key(n: i64) -> Key {
    (RecipientId(n), Lease(n + 1_000))
}

fn known(n: i64) -> Settlement {
    Settlement { recipient: key(n).0, lease: key(n).1, ..sample() }
}

fn open(folder: &Path) -> (Journal, Replay) {
    Journal::open(folder, STORE, 1, BOOT).unwrap()
}

fn replayed(folder: &Path, boot_id: &str) -> Replay {
    Journal::open(folder, STORE, 1, boot_id).unwrap().1
}

fn files(folder: &Path) -> Vec<PathBuf> {
    segment::list(folder).unwrap().into_iter().map(|(_, path)| path).collect()
}

/// Fails or waits when told to.
#[derive(Default)]
struct TestDisk {
    fail_writes: AtomicBool,
    fail_syncs: AtomicBool,
    gate: Mutex<Gate>,
    changed: Condvar,
}

#[derive(Default)]
struct Gate {
    closed: bool,
    syncs_waiting: usize,
}

impl TestDisk {
    fn close_gate(&self) {
        self.gate.lock().unwrap().closed = true;
    }

    fn open_gate(&self) {
        self.gate.lock().unwrap().closed = false;
        self.changed.notify_all();
    }

    fn wait_for_a_sync(&self) {
        let gate = self.gate.lock().unwrap();
        drop(self.changed.wait_while(gate, |gate| gate.syncs_waiting == 0).unwrap());
    }
}

impl Disk for TestDisk {
    fn write(&self, file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
        if self.fail_writes.load(Ordering::Relaxed) {
            file.write_all_at(&bytes[..bytes.len() / 2], at)?;
            return Err(io::Error::other("no more"));
        }
        file.write_all_at(bytes, at)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let mut gate = self.gate.lock().unwrap();
        gate.syncs_waiting += 1;
        self.changed.notify_all();
        let mut gate = self.changed.wait_while(gate, |gate| gate.closed).unwrap();
        gate.syncs_waiting -= 1;
        drop(gate);
        if self.fail_syncs.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk is gone"));
        }
        file.sync_data()
    }
}

#[tokio::test]
async fn a_restart_knows_what_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, replay) = open(folder.path());
    assert_eq!(replay, Replay::default());
    let answered = journal.mark(vec![key(1), key(2)]).await.unwrap();
    answered.release().unwrap();
    journal.outcome(&[known(1), known(2)]).unwrap();
    let released = journal.mark(vec![key(3)]).await.unwrap();
    released.release().unwrap();
    drop(journal.mark(vec![key(4)]).await.unwrap());
    // As if the process died here: this one's drop is never run.
    std::mem::forget(journal.mark(vec![key(5)]).await.unwrap());
    drop(journal);

    let after_kill = replayed(folder.path(), BOOT);
    assert_eq!(
        after_kill,
        Replay { outcomes: vec![known(1), known(2)], begun: vec![key(3), key(5)], in_doubt: vec![key(3)] }
    );
    let after_power_cut = replayed(folder.path(), "boot-2");
    assert_eq!(after_power_cut.in_doubt, [key(3), key(5)]);
}

#[tokio::test]
async fn a_replay_is_repeated_until_it_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    journal.mark(vec![key(1)]).await.unwrap().release().unwrap();
    drop(journal);
    for _ in 0..3 {
        let (journal, replay) = open(folder.path());
        assert_eq!(replay.in_doubt, [key(1)]);
        // Using it meanwhile changes nothing.
        drop(journal.mark(vec![key(2)]).await.unwrap());
    }
    let (journal, _) = open(folder.path());
    drop(journal.mark(vec![key(3)]).await.unwrap());
    journal.replay_settled().unwrap();
    drop(journal);
    assert_eq!(replayed(folder.path(), BOOT), Replay::default());
}

#[tokio::test]
async fn cut_at_any_byte_it_knows_all_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    for n in 1..=3 {
        journal.mark(vec![key(n)]).await.unwrap().release().unwrap();
        journal.outcome(&[known(n)]).unwrap();
    }
    drop(journal);
    let path = files(folder.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let (mut fewest, mut told) = (0, 0);
    for cut in segment::FIRST_RECORD..=end {
        fs::write(&path, &whole[..cut]).unwrap();
        let (_, Found::Used(header, records)) = Segment::open(path.clone(), STORE).unwrap() else { panic!() };
        let found = replay::replay(vec![Chapter { same_boot: header.boot_id == BOOT, records }]);
        assert!(found.outcomes.len() >= fewest, "cut at {cut}");
        assert!(found.in_doubt.len() <= 1, "cut at {cut}");
        assert_eq!(found.outcomes, (1..).take(found.outcomes.len()).map(known).collect::<Vec<_>>());
        fewest = found.outcomes.len();
        told += found.in_doubt.len();
    }
    assert_eq!(fewest, 3);
    assert!(told > 0);
}

#[tokio::test]
async fn segments_are_used_again_only_when_nothing_in_them_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    let many: Vec<Key> = (10..1_010).map(key).collect();
    let kept = journal.mark(vec![key(1)]).await.unwrap();
    kept.release().unwrap();
    let fill = async || {
        for _ in 0..100 {
            let marked = journal.mark(many.clone()).await.unwrap();
            marked.release().unwrap();
            journal.committed(many.iter().copied()).unwrap();
        }
    };
    fill().await;
    let (live, _) = journal.shared.tail().segments();
    assert!(live > 2, "the first mark keeps all that follow it: {live}");
    journal.outcome(&[known(1)]).unwrap();
    fill().await;
    assert_eq!(replayed(folder.path(), BOOT).outcomes, [known(1)], "not committed, so not forgotten");

    journal.committed([key(1)]).unwrap();
    // A spare that is just being made is there when the group after it is.
    journal.synced().await.unwrap();
    journal.synced().await.unwrap();
    let before = files(folder.path()).len();
    assert_eq!(journal.shared.tail().segments().0, 1);
    fill().await;
    assert_eq!(files(folder.path()).len(), before, "used again");
    drop(journal);
    assert_eq!(replayed(folder.path(), BOOT), Replay::default());
}

#[tokio::test]
async fn a_failed_sync_or_write_ends_its_use() {
    for by_sync in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(TestDisk::default());
        let (journal, _) = Journal::open_on(disk.clone(), folder.path(), STORE, 1, BOOT).unwrap();
        let earlier = journal.mark(vec![key(1)]).await.unwrap();
        let switch = if by_sync { &disk.fail_syncs } else { &disk.fail_writes };
        switch.store(true, Ordering::Relaxed);
        let poisoned = |result: Result<(), JournalError>| matches!(result, Err(JournalError::Poisoned(_)));
        assert!(poisoned(journal.mark(vec![key(2)]).await.map(drop)));
        switch.store(false, Ordering::Relaxed);
        let before = fs::read(&files(folder.path())[0]).unwrap();
        assert!(poisoned(earlier.release()), "the dot of an earlier mark");
        assert!(poisoned(journal.mark(vec![key(3)]).await.map(drop)));
        assert!(poisoned(journal.outcome(&[known(1)])));
        assert!(poisoned(journal.committed([key(1)])));
        assert!(poisoned(journal.usable()));
        assert!(fs::read(&files(folder.path())[0]).unwrap() == before, "nothing was written");
    }
}

#[tokio::test]
async fn all_who_wait_share_one_sync() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(TestDisk::default());
    let (journal, _) = Journal::open_on(disk.clone(), folder.path(), STORE, 1, BOOT).unwrap();
    disk.close_gate();
    let mut waiting = vec![journal.shared.enqueue(vec![key(0)])];
    disk.wait_for_a_sync();
    waiting.extend((1..100).map(|n| journal.shared.enqueue(vec![key(n)])));
    disk.open_gate();
    for receiver in waiting {
        receiver.await.unwrap().unwrap().release().unwrap();
    }
    assert_eq!(journal.stats(), Stats { syncs: 2, records: 200 });
}

#[tokio::test]
async fn a_mark_that_nobody_waits_for_is_withdrawn() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    drop(journal.shared.enqueue(vec![key(1)]));
    journal.synced().await.unwrap();
    drop(journal);
    assert_eq!(replayed(folder.path(), "boot-2"), Replay::default());
}

/// Split off to be tried again: RCPT refused it, and the others of its message were answered.
#[tokio::test]
async fn one_that_the_server_refused_is_not_in_doubt_until_it_is_released_again() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    journal.mark(vec![key(1), key(2)]).await.unwrap().release().unwrap();
    journal.outcome(&[known(1)]).unwrap();
    journal.withdrawn([key(2)]).unwrap();
    let again = journal.mark(vec![key(2)]).await.unwrap();
    assert_eq!(
        replayed(folder.path(), BOOT),
        Replay { outcomes: vec![known(1)], begun: vec![key(2)], in_doubt: vec![] }
    );
    again.release().unwrap();
    assert_eq!(replayed(folder.path(), BOOT).in_doubt, [key(2)]);
    journal.withdrawn([key(2)]).unwrap();
    assert_eq!(replayed(folder.path(), BOOT), Replay { outcomes: vec![known(1)], ..Replay::default() });
}

#[tokio::test]
async fn another_queues_or_a_later_journal_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = open(folder.path());
    std::mem::forget(journal.mark(vec![key(1)]).await.unwrap());
    drop(journal);
    let other = Journal::open(folder.path(), STORE + 1, 1, BOOT).unwrap_err();
    assert!(matches!(other, JournalError::OtherStore { found: STORE, ours: 78, .. }), "{other}");
    let later = Journal::open(folder.path(), STORE, 0, BOOT).unwrap_err();
    assert!(matches!(later, JournalError::Later { found: 1, ours: 0, .. }), "{later}");
    assert_eq!(replayed(folder.path(), "boot-2").in_doubt, [key(1)], "it is still there");
}

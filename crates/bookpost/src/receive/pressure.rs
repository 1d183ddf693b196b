//! Whether there is room for more mail: asked before the content of a message is let in.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Below so many free bytes nothing is accepted, so that what was accepted can still be finished.
pub const DISK_FLOOR: u64 = 100 << 20;
/// When the disk has taken nothing for so long, though mail waits to be stored, no more is let in.
const LONGEST_LAG: Duration = Duration::from_secs(10);

/// What was seen of the disk holds for so long: messages come by the thousand in a second.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Why mail cannot be taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// The disk is nearly full.
    #[error("the disk is nearly full")]
    DiskLow,
    /// What was let in before is not stored yet.
    #[error("the disk is too slow")]
    Lagging,
}

/// What is known of the room.
#[derive(Debug)]
pub(super) struct Pressure {
    folder: PathBuf,
    floor: u64,
    storing: Mutex<Storing>,
    /// When the disk was looked at last, and whether it was nearly full.
    seen: Mutex<Option<(Instant, bool)>>,
}

/// Mail that is being stored.
#[derive(Debug, Default)]
struct Storing {
    messages: usize,
    /// When the last of it was stored, or the first began to be.
    progress_at: Option<Instant>,
}

/// While it lives, something is being stored.
pub(super) struct Stored<'a>(&'a Pressure);

impl Pressure {
    pub(super) fn new(folder: PathBuf, floor: u64) -> Self {
        Self { folder, floor, storing: Mutex::default(), seen: Mutex::default() }
    }

    /// Whether more mail can be let in.
    pub(super) fn check(&self) -> Result<(), NotNow> {
        if self.disk_is_low() {
            return Err(NotNow::DiskLow);
        }
        let storing = self.storing();
        let lags = storing.progress_at.is_some_and(|at| at.elapsed() >= LONGEST_LAG);
        if storing.messages > 0 && lags { Err(NotNow::Lagging) } else { Ok(()) }
    }

    /// Something begins to be stored.
    pub(super) fn storing_one(&self) -> Stored<'_> {
        let mut storing = self.storing();
        if storing.messages == 0 {
            storing.progress_at = Some(Instant::now());
        }
        storing.messages += 1;
        Stored(self)
    }

    fn disk_is_low(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, is_low)) = *seen
            && at.elapsed() < LOOK_AGAIN
        {
            return is_low;
        }
        let is_low = free(&self.folder).is_some_and(|free| free < self.floor);
        *seen = Some((Instant::now(), is_low));
        is_low
    }

    fn storing(&self) -> MutexGuard<'_, Storing> {
        self.storing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stored<'_> {
    fn drop(&mut self) {
        let mut storing = self.0.storing();
        storing.messages = storing.messages.saturating_sub(1);
        storing.progress_at = Some(Instant::now());
    }
}

/// Free bytes where this folder is.
pub fn free(folder: &std::path::Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(folder).ok()?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_let_in_while_the_disk_is_full_or_stands_still() {
        let folder = tempfile::tempdir().unwrap();
        let full = Pressure::new(folder.path().into(), u64::MAX);
        assert_eq!(full.check(), Err(NotNow::DiskLow));
        let mut pressure = Pressure::new(folder.path().into(), 0);
        assert_eq!(pressure.check(), Ok(()));
        pressure.floor = u64::MAX;
        assert_eq!(pressure.check(), Ok(()), "that was seen a moment ago");
        tokio::time::advance(LOOK_AGAIN).await;
        assert_eq!(pressure.check(), Err(NotNow::DiskLow));
        pressure.floor = 0;
        tokio::time::advance(Duration::from_hours(1)).await;
        assert_eq!(pressure.check(), Ok(()), "idle");
        let (first, second) = (pressure.storing_one(), pressure.storing_one());
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(pressure.check(), Ok(()));
        drop(first);
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(pressure.check(), Ok(()), "it gets on");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(pressure.check(), Err(NotNow::Lagging));
        drop(second);
        assert_eq!(pressure.check(), Ok(()));
    }
}

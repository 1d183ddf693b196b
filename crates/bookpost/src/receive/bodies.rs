//! The memory that what comes in at a door may fill, all connections together.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A permit is for so many bytes.
const UNIT: usize = 64 * 1024;

/// All of it.
#[derive(Debug, Clone)]
pub struct Bodies {
    free: Arc<Semaphore>,
}

/// What one connection has of it; given back when dropped.
#[derive(Debug)]
#[must_use = "the room is free again when this is dropped"]
pub struct Reservation {
    bodies: Bodies,
    units: usize,
    permit: OwnedSemaphorePermit,
}

impl Bodies {
    /// Room for so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(bytes.div_ceil(UNIT))) }
    }

    /// Room to begin with; None when there is none now.
    pub fn reserve(&self) -> Option<Reservation> {
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        Some(Reservation { bodies: self.clone(), units: 1, permit })
    }

    /// Room for so many bytes, whose number is known; None when there is none for so long.
    pub async fn reserve_all(&self, bytes: usize, patience: Duration) -> Option<Reservation> {
        let permit = acquire(&self.free, bytes.div_ceil(UNIT), patience).await?;
        Some(Reservation { bodies: self.clone(), units: bytes.div_ceil(UNIT), permit })
    }
}

impl Reservation {
    /// Makes it large enough for so many bytes; false when there is no room for so long.
    pub async fn covers(&mut self, bytes: usize, patience: Duration) -> bool {
        let more = bytes.div_ceil(UNIT).saturating_sub(self.units);
        if more == 0 {
            return true;
        }
        let Some(permit) = acquire(&self.bodies.free, more, patience).await else { return false };
        self.permit.merge(permit);
        self.units += more;
        true
    }
}

async fn acquire(free: &Arc<Semaphore>, units: usize, patience: Duration) -> Option<OwnedSemaphorePermit> {
    let units = u32::try_from(units).unwrap_or(u32::MAX);
    tokio::time::timeout(patience, Arc::clone(free).acquire_many_owned(units)).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_has_more_than_there_is() {
        let bodies = Bodies::new(3 * UNIT);
        let mut first = bodies.reserve().unwrap();
        let mut second = bodies.reserve().unwrap();
        assert!(first.covers(2 * UNIT, Duration::ZERO).await);
        assert!(bodies.reserve().is_none());
        assert!(!second.covers(2 * UNIT, Duration::from_secs(30)).await);
        drop(first);
        assert!(second.covers(3 * UNIT, Duration::ZERO).await);
        drop(second);
        assert!(bodies.reserve().is_some());
    }
}

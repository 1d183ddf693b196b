//! Outcomes between a connection and the database.

use std::sync::atomic::{AtomicU64, Ordering};

/// Recipients whose outcome is on its way to the database, and how often some have come there.
#[derive(Debug, Default)]
pub struct Unsettled {
    recipients: AtomicU64,
    arrivals: AtomicU64,
}

impl Unsettled {
    /// These are on their way.
    pub fn leave(&self, recipients: usize) {
        self.recipients.fetch_add(recipients as u64, Ordering::AcqRel);
    }

    /// These have come there. An arrival is counted first: who sees none since it looked at the database, and nothing on its way, has missed
    /// nothing.
    pub fn arrive(&self, recipients: usize) {
        self.arrivals.fetch_add(1, Ordering::AcqRel);
        self.recipients.fetch_sub(recipients as u64, Ordering::AcqRel);
    }

    /// Is any on its way?
    pub fn any(&self) -> bool {
        self.recipients.load(Ordering::Acquire) > 0
    }

    /// How often some have come.
    pub fn arrivals(&self) -> u64 {
        self.arrivals.load(Ordering::Acquire)
    }
}

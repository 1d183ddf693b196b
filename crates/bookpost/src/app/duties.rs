//! What is to be done once is done by one machine at a time, of those that share a queue. Each loop that does such a thing asks here before each
//! round; where a queue has one machine, the answer is always yes.
//!
//! What belongs to the computer itself (its files, its clock, its connections, its certificates) is no such thing.

use store::Store;

/// What one machine at a time does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Writes return reports.
    Reports,
    /// Tells people of alarms.
    Alarms,
    /// Tells web addresses of events.
    Events,
    /// Begins what is scheduled, and sees it to its end.
    Schedules,
    /// Looks by the minute at what all of them share, and says outside that all is well.
    Upkeep,
}

impl Duty {
    fn name(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::Alarms => "alarms",
            Self::Events => "events",
            Self::Schedules => "schedules",
            Self::Upkeep => "upkeep",
        }
    }

    /// Whether it is this machine's now. While the queue cannot be asked it is nobody's.
    pub(crate) async fn is_ours(self, store: &Store) -> bool {
        is_ours(store, self.name()).await
    }
}

/// The same for a folder that several machines may have, by a name that stands in it, and so is the same wherever the folder is seen.
pub(crate) async fn looks_into(store: &Store, what: &str, name: &str) -> bool {
    is_ours(store, &format!("{what} {name}")).await
}

async fn is_ours(store: &Store, name: &str) -> bool {
    store.take_duty(name).await.unwrap_or_else(|error| {
        tracing::warn!(%error, duty = name, "whose turn it is could not be asked; it is asked again");
        false
    })
}

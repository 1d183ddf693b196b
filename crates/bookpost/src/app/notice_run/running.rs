//! The runs whose notices are being made at this moment, and whether somebody has stopped them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use store::RunId;

/// All of them. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Running(Arc<Mutex<BTreeMap<RunId, Stop>>>);

/// How far a run is stopped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Stop {
    /// It goes on.
    #[default]
    No,
    /// For these libraries.
    Sites(BTreeSet<String>),
    /// For all.
    All,
}

/// A run is under way for as long as its place is there.
pub(super) struct Place {
    running: Running,
    run: RunId,
}

impl Running {
    pub(super) fn begin(&self, run: RunId) -> Place {
        self.all().insert(run, Stop::No);
        Place { running: self.clone(), run }
    }

    pub(super) fn is_under_way(&self, run: RunId) -> bool {
        self.all().contains_key(&run)
    }

    /// From now on no notice of these libraries is made any more; of none, if there are none.
    pub(super) fn stop(&self, run: RunId, sites: &BTreeSet<String>) {
        if let Some(stop) = self.all().get_mut(&run) {
            stop.widen(sites);
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<RunId, Stop>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) fn stop(&self) -> Stop {
        self.running.all().get(&self.run).cloned().unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.running.all().remove(&self.run);
    }
}

impl Stop {
    /// Whether notices of this library are not made any more.
    pub(super) fn is_for(&self, site: Option<&str>) -> bool {
        match self {
            Self::No => false,
            Self::Sites(sites) => site.is_some_and(|site| sites.contains(site)),
            Self::All => true,
        }
    }

    /// The libraries that it is stopped for, as a filter has them: no library means all. `None`: it goes on.
    pub(super) fn sites(&self) -> Option<BTreeSet<String>> {
        match self {
            Self::No => None,
            Self::Sites(sites) => Some(sites.clone()),
            Self::All => Some(BTreeSet::new()),
        }
    }

    fn widen(&mut self, more: &BTreeSet<String>) {
        *self = match std::mem::take(self) {
            Self::Sites(sites) if !more.is_empty() => Self::Sites(&sites | more),
            Self::No if !more.is_empty() => Self::Sites(more.clone()),
            _ => Self::All,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites(codes: &[&str]) -> BTreeSet<String> {
        codes.iter().map(|code| (*code).to_owned()).collect()
    }

    #[test]
    fn a_run_is_stopped_for_whom_it_was_asked_and_no_further() {
        let running = Running::default();
        let place = running.begin(RunId(1));
        let stopped = || {
            (place.stop().is_for(Some("MAIN")), place.stop().is_for(Some("EAST")), place.stop().is_for(None))
        };
        assert_eq!(stopped(), (false, false, false));
        running.stop(RunId(2), &sites(&[]));
        running.stop(RunId(1), &sites(&["MAIN"]));
        assert_eq!(stopped(), (true, false, false));
        running.stop(RunId(1), &sites(&["EAST"]));
        assert_eq!(stopped(), (true, true, false));
        running.stop(RunId(1), &sites(&[]));
        running.stop(RunId(1), &sites(&["EAST"]));
        assert_eq!(stopped(), (true, true, true));
        drop(place);
        assert!(!running.is_under_way(RunId(1)));
    }
}

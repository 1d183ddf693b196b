//! Opening a queue: what the last end left is sorted out before anything begins.

use jiff::Timestamp;
use rand::{SeedableRng as _, rngs::StdRng};
use store::Store;

use super::{Start, open_queue, set_clock};
use crate::{
    config::{Config, Source},
    queue::{
        journal::Journal,
        start::{self, Recovered},
    },
};

/// The queue and its journal, with the last end sorted out, and the configuration as people prefer it.
pub(super) struct Opened {
    pub(super) config: Config,
    /// That of the preferences in it.
    pub(super) version: i64,
    pub(super) store: Store,
    pub(super) journal: Journal,
    pub(super) recovered: Recovered,
}

pub(super) async fn open(
    config: Config,
    source: Option<&Source>,
    now: Timestamp,
    boot_id: &str,
    dice: &mut StdRng,
) -> anyhow::Result<Opened> {
    let store = open_queue(&config, now).await?;
    sorted_out(store, config, source, now, boot_id, dice).await
}

/// For whoever only takes an open queue elsewhere: what the last end left is sorted out as at a start. Gives the configuration as people prefer it.
pub(crate) async fn sort_out(
    store: &Store,
    config: Config,
    source: &Source,
    now: Timestamp,
) -> anyhow::Result<Config> {
    let Start { boot_id, seed, .. } = Start::of_this_machine()?;
    let mut dice = StdRng::seed_from_u64(seed);
    let opened = sorted_out(store.clone(), config, Some(source), now, &boot_id, &mut dice).await?;
    // Of machines that share it, what one left that is dead.
    store.take_over(now).await?;
    Ok(opened.config)
}

async fn sorted_out(
    store: Store,
    config: Config,
    source: Option<&Source>,
    now: Timestamp,
    boot_id: &str,
    dice: &mut StdRng,
) -> anyhow::Result<Opened> {
    let preferences = store.preferences().await?;
    let config = match source {
        // Somebody may have changed preferences since it was loaded.
        Some(source) => source.check(&preferences.values)?.config,
        None => config,
    };
    let folder = config.data_dir.join("journal");
    let (journal, mut replay) = Journal::open(&folder, store.store_id(), store.epoch(), boot_id)?;
    if let Some(by) = store.clock_set() {
        set_clock::move_outcomes(&mut replay.outcomes, by);
    }
    let policy = config.sending.in_doubt;
    let recovered = start::recover(&store, &journal, replay, policy, &config.schedule, now, dice).await?;
    Ok(Opened { config, version: preferences.version, store, journal, recovered })
}

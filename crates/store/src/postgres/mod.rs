//! The PostgreSQL back end: several machines on one queue.
//!
//! What is in flight is a claim under a lease, and no machine need know of another: see `worker.rs` for who works here, `claim.rs` and `mark.rs` for
//! what is whose, and docs/adr/0021-two-databases.md for why the tables are as they are.

mod accept;
mod ageing;
mod alarms;
mod alone;
mod applications;
mod audit;
mod brokered;
mod came_back;
mod claim;
mod clock;
mod columns;
mod counts;
mod duties;
mod elsewhere;
mod ends;
mod errors;
mod event_log;
mod events;
mod expire;
mod gather;
mod links;
mod list;
mod logos;
mod looks;
mod lost;
mod mail_accounts;
mod mark;
mod migrations;
mod moves;
pub(crate) mod moving;
mod notices;
mod obligations;
mod once;
mod open;
mod opened;
mod pause;
mod peek;
mod people;
mod person_keys;
mod preferences;
mod restart;
mod returned;
mod rings;
mod rows;
mod runs;
mod saved_notices;
mod schedule_turns;
mod schedules;
mod sealed;
mod sent;
mod sessions;
mod settle;
mod tally;
mod tls;
mod turns;
mod tx;
mod unreachable;
mod unsettled;
mod upkeep;
mod webhooks;
mod worker;
mod written;

pub(crate) use open::OLDEST;
pub use open::{Server, ServerAddress, ServerEncryption};
pub(crate) use peek::peek_preferences;

use std::{
    future::Future,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;

use self::{
    accept::Accept,
    gather::Gather,
    mark::Mark,
    open::Way,
    opened::Opened,
    rings::Listener,
    settle::Settle,
    worker::{Begun, Heartbeat},
};
use crate::{Error, OpenError, Stats, codes::count};

/// An open queue on a server.
#[derive(Debug)]
pub(crate) struct Postgres {
    opened: Arc<Opened>,
    accepts: Gather<Accept>,
    settles: Gather<Settle>,
    marks: Gather<Mark>,
    _heartbeat: Heartbeat,
    listener: Listener,
    store_id: u64,
    /// Where the server is, in words, and this machine's folder.
    place: String,
    folder: PathBuf,
}

impl Postgres {
    pub(crate) async fn connect(server: &Server, now: Timestamp) -> Result<Self, OpenError> {
        let way = Way::to(server)?;
        let pool = open::pool(&way)?;
        open::check(&pool).await?;
        let machine = open::machine(&server.folder, &pool).await?;
        let mut opened = Opened::new(pool);
        let Begun { store_id, epoch } = {
            let mut connection = opened.connection().await?;
            let tx = opened.write(&mut connection).await?;
            tx.run(worker::OPENING, &[]).await?;
            migrations::run(&tx).await?;
            moving::refuse(&tx, server).await?;
            let begun = worker::enter(&tx, &machine, &server.machine, now).await?;
            tx.commit().await?;
            begun
        };
        opened.epoch = epoch;
        opened.machine = (server.machine.clone(), machine.id);
        opened.lock = Mutex::new(Some(machine.lock));
        let opened = Arc::new(opened);
        worker::beat(&opened).await?;
        elsewhere::look(&opened).await?;
        let heartbeat = Heartbeat::start(Arc::clone(&opened));
        let listener = Listener::start(Arc::clone(&opened), way);
        Ok(Self {
            accepts: Gather::start(Arc::clone(&opened)),
            settles: Gather::start(Arc::clone(&opened)),
            marks: Gather::start(Arc::clone(&opened)),
            opened,
            _heartbeat: heartbeat,
            listener,
            store_id: count(store_id),
            place: server.words(),
            folder: server.folder.clone(),
        })
    }

    pub(crate) fn store_id(&self) -> u64 {
        self.store_id
    }

    pub(crate) fn epoch(&self) -> i64 {
        self.opened.epoch
    }

    pub(crate) fn stats(&self) -> Stats {
        self.opened.counters.stats()
    }

    pub(crate) async fn close(&self) -> Result<(), Error> {
        self.accepts.close().await;
        self.settles.close().await;
        self.marks.close().await;
        self.listener.stop();
        if let Err(error) = duties::leave(&self.opened).await {
            tracing::debug!(%error, "what this machine alone did another takes over when its lease is over");
        }
        self.opened.pool.close();
        self.opened.unlock();
        Ok(())
    }
}

/// Done to its end, whoever still waits for it.
async fn spawned<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.map_err(|error| Error::Internal(error.to_string()))?
}

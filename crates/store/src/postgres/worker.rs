//! Machines that work on the queue: each opening has a row with a lease, which a heartbeat renews. What it claimed is its own for as long as
//! that lasts, by the database's clock.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{task::JoinHandle, time};

use super::{elsewhere, lost, open::Machine, opened::Opened, tally, tx::Tx};
use crate::{Error, OpenError, codes::micros, rows::Columns as _};

/// A machine that says nothing for so long has lost what it claimed.
pub(super) const LEASE: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Nothing is marked with less left of the lease: the last byte must leave before somebody else may take over.
pub(super) const LEAST_LEFT: Duration = Duration::from_secs(5);

/// Held while the queue is opened, so that two machines do not make its tables, or take one name, at the same time.
pub(super) const OPENING: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('bookpost ' || current_schema(), 0))";
/// By how much a machine's clock is ahead of the database's. `bookpost.clock` stands for the database's clock where a test has its own.
const AHEAD: &str =
    "SELECT $1 - coalesce(nullif(current_setting('bookpost.clock', true), '')::BIGINT, clock_micros())";
/// What is due, or has an age, is told by the machines' clocks, which may differ by so much. Leases and marks are the database's alone.
const TOLERANCE: i64 = 60 * 1_000_000;
const NAMED: &str = "SELECT EXISTS (SELECT 1 FROM worker WHERE machine = $1 AND folder <> $2 AND lease_until > clock_micros())";
/// Of earlier openings that have left nothing behind.
const FORGET: &str = "DELETE FROM worker w WHERE lease_until < clock_micros() AND NOT EXISTS
    (SELECT 1 FROM live l WHERE l.claimed_in = w.epoch AND l.state = 1)";
const NOBODYS: &str = "DELETE FROM duty d WHERE NOT EXISTS (SELECT FROM worker w WHERE w.epoch = d.epoch)";
const ENTER: &str = "INSERT INTO worker (epoch, machine, folder, begun_at, lease_until)
    VALUES ($1, $2, $3, clock_micros(), clock_micros() + $4)";
const BEAT: &str = "UPDATE worker SET lease_until = clock_micros() + $2 WHERE epoch = $1";
/// The folder's lock says that they are dead, however long their leases last.
const END_EARLIER: &str = "UPDATE worker SET lease_until = 0 WHERE folder = $1 AND epoch <> $2";
const FIRST_VALUES: [&str; 2] = [
    "INSERT INTO meta VALUES ('store_id', ('x' || substr(replace(gen_random_uuid()::TEXT, '-', ''), 1, 15))::BIT(60)::BIGINT) ON CONFLICT DO NOTHING",
    "INSERT INTO return_path_key SELECT decode(replace(gen_random_uuid()::TEXT || gen_random_uuid()::TEXT, '-', ''), 'hex')
        WHERE NOT EXISTS (SELECT 1 FROM return_path_key)",
];
const CREATED: &str = "INSERT INTO meta VALUES ('created_at', $1) ON CONFLICT DO NOTHING";
const STORE_ID: &str = "SELECT value FROM meta WHERE name = 'store_id'";
const EPOCH: &str = "INSERT INTO meta VALUES ('epoch', 1) ON CONFLICT (name) DO UPDATE SET value = meta.value + 1 RETURNING value";

/// One opening.
pub(super) struct Begun {
    pub(super) store_id: i64,
    pub(super) epoch: i64,
}

/// Enters this opening among those who work on the queue.
pub(super) async fn enter(
    tx: &Tx<'_>,
    machine: &Machine,
    name: &str,
    now: Timestamp,
) -> Result<Begun, OpenError> {
    let ahead = tx.one(AHEAD, &[&micros(now)]).await?.id(0)?;
    if ahead.abs() > TOLERANCE {
        return Err(OpenError::Clock { by: SignedDuration::from_micros(ahead) });
    }
    if tx.one(NAMED, &[&name, &machine.id]).await?.is(0)? {
        return Err(OpenError::NameTaken { name: name.to_owned() });
    }
    for text in FIRST_VALUES {
        tx.run(text, &[]).await?;
    }
    tx.run(CREATED, &[&micros(now)]).await?;
    let store_id = tx.one(STORE_ID, &[]).await?.id(0)?;
    let epoch = tx.one(EPOCH, &[]).await?.id(0)?;
    tx.run(FORGET, &[]).await?;
    tx.run(NOBODYS, &[]).await?;
    tx.run(ENTER, &[&epoch, &name, &machine.id, &micros_of(LEASE)]).await?;
    tx.run(END_EARLIER, &[&machine.id, &epoch]).await?;
    Ok(Begun { store_id, epoch })
}

pub(super) fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Renews the lease until it is dropped, looks what others have changed, and puts counts together.
#[derive(Debug)]
pub(super) struct Heartbeat(JoinHandle<()>);

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Heartbeat {
    pub(super) fn start(opened: Arc<Opened>) -> Self {
        Self(tokio::spawn(async move {
            let mut beats = time::interval(HEARTBEAT);
            beats.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
            beats.tick().await;
            let mut gathered = 0;
            loop {
                beats.tick().await;
                let commits = opened.counters.commits();
                let mut done = beat(&opened).await;
                if done.is_ok() {
                    done = elsewhere::look(&opened).await;
                }
                if done.is_ok() {
                    done = lost::give_back(&opened).await;
                }
                if done.is_ok() && commits != gathered {
                    gathered = commits + 1;
                    done = gather(&opened).await;
                }
                match done {
                    Ok(()) => {}
                    Err(Error::Closed) => return,
                    Err(error) => {
                        tracing::warn!(%error, "the database does not hear that this machine works");
                    }
                }
            }
        }))
    }
}

/// Renews the lease once. It goes on where it had ended, too: what was ours and was taken over is under another lease by now. Who was away for so
/// long that others have forgotten it enters again.
pub(super) async fn beat(opened: &Opened) -> Result<(), Error> {
    let connection = opened.connection().await?;
    let statement = connection.prepare_cached(BEAT).await?;
    if connection.execute(&statement, &[&opened.epoch, &micros_of(LEASE)]).await? == 0 {
        let (name, folder) = &opened.machine;
        connection.execute(ENTER, &[&opened.epoch, name, folder, &micros_of(LEASE)]).await?;
    }
    Ok(())
}

/// Puts the lines of each count together.
async fn gather(opened: &Opened) -> Result<(), Error> {
    let mut connection = opened.connection().await?;
    let tx = opened.write(&mut connection).await?;
    tally::gather(&tx).await?;
    tx.commit().await
}

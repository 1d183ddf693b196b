//! Time that does not count: a used-up allowance, or nobody to send to, makes no message older.

use jiff::Timestamp;

use super::{Postgres, pause, tx::Tx};
use crate::{
    Error,
    codes::{instant, micros, whole},
    pause::ageing_stopped as since,
    rows::Columns as _,
};

/// Recipients that one slice moves.
const SLICE: usize = 500;
/// $3: since when; $4: until when. What came later has only the rest to its credit; the time that something is set aside has its own.
const POSTPONE: &str = "WITH slice AS (SELECT id FROM live WHERE id > $1 AND practice = $2 ORDER BY id LIMIT $5 FOR UPDATE),
    moved AS (UPDATE live l SET expires_at = l.expires_at + greatest(0, least($4, coalesce(l.aside_at, $4)) - greatest($3, m.first_due_at))
        FROM slice s, message m WHERE l.id = s.id AND m.id = l.id / 65536)
    SELECT max(id) FROM slice";
const READ: &str = "SELECT value FROM meta WHERE name = $1";
const STOP: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const FORGET: &str = "DELETE FROM meta WHERE name = $1";

impl Postgres {
    pub(crate) async fn stop_ageing(&self, practice: bool, now: Timestamp) -> Result<(), Error> {
        if self.ageing_stopped_at(practice).await?.is_some() {
            return Ok(());
        }
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        stop(&tx, practice, now).await?;
        tx.commit().await
    }

    pub(crate) async fn ageing_stopped_at(&self, practice: bool) -> Result<Option<Timestamp>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        Ok(stopped(&tx, practice).await?.and_then(instant))
    }

    pub(crate) async fn resume_ageing(&self, practice: bool, now: Timestamp) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let stopped_at = {
            let tx = self.read(&mut connection).await?;
            if pause::paused(&tx).await?.is_some() { None } else { stopped(&tx, practice).await? }
        };
        let Some(stopped_at) = stopped_at else { return Ok(()) };
        let mut after = Some(0);
        while let Some(last) = after {
            let tx = self.write(&mut connection).await?;
            let row = tx.one(POSTPONE, &[&last, &practice, &stopped_at, &micros(now), &whole(SLICE)]).await?;
            tx.commit().await?;
            after = row.number(0)?;
        }
        // Last: should this end half-way, some recipients get more time than they should, and none less.
        let tx = self.write(&mut connection).await?;
        pause::deciding(&tx).await?;
        if pause::paused(&tx).await?.is_none() {
            tx.run(FORGET, &[&since(practice)]).await?;
        }
        tx.commit().await
    }
}

async fn stopped(tx: &Tx<'_>, practice: bool) -> Result<Option<i64>, Error> {
    tx.first(READ, &[&since(practice)]).await?.map(|row| row.id(0)).transpose()
}

/// Nothing changes where it stands still already.
pub(super) async fn stop(tx: &Tx<'_>, practice: bool, now: Timestamp) -> Result<(), Error> {
    tx.run(STOP, &[&since(practice), &micros(now)]).await.map(drop)
}

//! The pause of all sending, and what has waited long by the time it ends.

use jiff::Timestamp;

use super::{Postgres, ageing, alone::alone, tx::Tx};
use crate::{
    Error, Pause, PauseWhy,
    codes::{as_json, count, micros},
    pause::{NOTHING_GOES, decode},
    rows::Columns as _,
};

const BEGIN: &str = "INSERT INTO pause (one, began_at, why) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";
const NOTHING_GOES_NOW: &str = "INSERT INTO meta (name, value) VALUES ($1, 1) ON CONFLICT DO NOTHING";
const OLD: &str = "SELECT count(*) FROM live l JOIN message m ON m.id = l.id / 65536
    WHERE l.state = 0 AND m.first_due_at < $1";

impl Postgres {
    pub(crate) async fn pause(&self, why: PauseWhy, now: Timestamp) -> Result<Pause, Error> {
        let text = as_json(&why)?;
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        deciding(&tx).await?;
        tx.run(BEGIN, &[&micros(now), &text]).await?;
        for practice in [false, true] {
            ageing::stop(&tx, practice, now).await?;
        }
        let paused = paused(&tx).await?;
        tx.commit().await?;
        paused.ok_or_else(|| Error::Internal("a pause that was not begun".to_owned()))
    }

    pub(crate) async fn end_pause(&self) -> Result<Option<Pause>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let ended = tx.first("DELETE FROM pause RETURNING began_at, why", &[]).await?;
        tx.commit().await?;
        ended.as_ref().map(decode).transpose()
    }

    pub(crate) async fn paused(&self) -> Result<Option<Pause>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        paused(&tx).await
    }

    pub(crate) async fn nothing_goes(&self) -> Result<bool, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        Ok(tx.first("SELECT value FROM meta WHERE name = $1", &[&NOTHING_GOES]).await?.is_some())
    }

    pub(crate) async fn note_nothing_goes(&self, nothing_goes: bool) -> Result<(), Error> {
        if self.nothing_goes().await? == nothing_goes {
            return Ok(());
        }
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let text = if nothing_goes { NOTHING_GOES_NOW } else { "DELETE FROM meta WHERE name = $1" };
        tx.run(text, &[&NOTHING_GOES]).await?;
        tx.commit().await
    }

    pub(crate) async fn waiting_since_before(&self, instant: Timestamp) -> Result<u64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        Ok(count(tx.one(OLD, &[&micros(instant)]).await?.id(0)?))
    }
}

/// Nobody else begins a pause, or has mail age again, until the transaction ends: there is no pause in which mail ages.
pub(super) async fn deciding(tx: &Tx<'_>) -> Result<(), Error> {
    alone(tx, "pause").await
}

/// While there is one.
pub(super) async fn paused(tx: &Tx<'_>) -> Result<Option<Pause>, Error> {
    tx.first("SELECT began_at, why FROM pause", &[]).await?.as_ref().map(decode).transpose()
}

//! The pause of all sending, and what has waited long by the time it ends.

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Sqlite, ageing,
    codes::{as_json, count, micros},
    draft::{read_meta, write_meta},
};
use crate::{
    Error, Pause, PauseWhy,
    pause::{NOTHING_GOES, decode},
};

const BEGIN: &str = "INSERT INTO pause (one, began_at, why) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING";
const OLD: &str = "SELECT count(*) FROM recipient r CROSS JOIN message m ON m.id = r.id / 65536
    WHERE r.state = 0 AND m.first_due_at < ?1";

impl Sqlite {
    pub(crate) async fn pause(&self, why: PauseWhy, now: Timestamp) -> Result<Pause, Error> {
        let text = as_json(&why)?;
        self.writer
            .write(move |tx| {
                tx.sql.prepare_cached(BEGIN)?.execute((micros(now), text))?;
                for practice in [false, true] {
                    ageing::stop(tx, practice, now)?;
                }
                paused(tx.sql)?.ok_or_else(|| Error::Internal("a pause that was not begun".to_owned()))
            })
            .await
    }

    pub(crate) async fn end_pause(&self) -> Result<Option<Pause>, Error> {
        self.writer
            .write(|tx| {
                let pause = paused(tx.sql)?;
                tx.sql.prepare_cached("DELETE FROM pause")?.execute([])?;
                Ok(pause)
            })
            .await
    }

    pub(crate) async fn paused(&self) -> Result<Option<Pause>, Error> {
        self.readers.read(paused).await
    }

    pub(crate) async fn nothing_goes(&self) -> Result<bool, Error> {
        Ok(self.readers.read(|sql| read_meta(sql, NOTHING_GOES)).await?.is_some())
    }

    pub(crate) async fn note_nothing_goes(&self, nothing_goes: bool) -> Result<(), Error> {
        if self.nothing_goes().await? == nothing_goes {
            return Ok(());
        }
        self.writer
            .write(move |tx| {
                if nothing_goes {
                    write_meta(tx.sql, NOTHING_GOES, 1)?;
                } else {
                    tx.sql.prepare_cached("DELETE FROM meta WHERE name = ?1")?.execute([NOTHING_GOES])?;
                }
                Ok(())
            })
            .await
    }

    pub(crate) async fn waiting_since_before(&self, instant: Timestamp) -> Result<u64, Error> {
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(OLD)?;
                Ok(count(statement.query_row([micros(instant)], |row| row.get(0))?))
            })
            .await
    }
}

pub(super) fn paused(sql: &Connection) -> Result<Option<Pause>, Error> {
    let mut statement = sql.prepare_cached("SELECT began_at, why FROM pause")?;
    let mut found = statement.query([])?;
    found.next()?.map(decode).transpose()
}

//! Alarms: open once, closed once.

use jiff::Timestamp;
use rusqlite::Row as SqlRow;

use super::{
    Sqlite,
    codes::{micros, name, named, whole},
    rows::{at, text},
};
use crate::{Alarm, AlarmKind, Error};

const RAISE: &str =
    "INSERT INTO alarm (kind, subject, text, started_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING
    RETURNING id, kind, subject, text, started_at, ended_at";
const CLEAR: &str = "UPDATE alarm SET ended_at = ?3 WHERE kind = ?1 AND subject = ?2 AND ended_at IS NULL
    RETURNING id, kind, subject, text, started_at, ended_at";
const LIST: &str = "SELECT id, kind, subject, text, started_at, ended_at FROM alarm
    WHERE ended_at IS NULL OR NOT ?1 ORDER BY id DESC LIMIT ?2";

impl Sqlite {
    pub(crate) async fn raise(
        &self,
        kind: AlarmKind,
        subject: String,
        words: String,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        let kind = name(&kind)?;
        self.writer
            .write(move |tx| {
                let mut statement = tx.sql.prepare_cached(RAISE)?;
                let mut found = statement.query((kind, subject, words, micros(now)))?;
                let alarm = found.next()?.map(decode).transpose()?.flatten();
                // Stepping to the end finishes the statement.
                while found.next()?.is_some() {}
                Ok(alarm)
            })
            .await
    }

    pub(crate) async fn clear(
        &self,
        kind: AlarmKind,
        subject: String,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        let kind = name(&kind)?;
        self.writer
            .write(move |tx| {
                let mut statement = tx.sql.prepare_cached(CLEAR)?;
                let mut found = statement.query((kind, subject, micros(now)))?;
                let alarm = found.next()?.map(decode).transpose()?.flatten();
                while found.next()?.is_some() {}
                Ok(alarm)
            })
            .await
    }

    pub(crate) async fn alarms(&self, open_only: bool, limit: usize) -> Result<Vec<Alarm>, Error> {
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(LIST)?;
                let mut found = statement.query((open_only, whole(limit)))?;
                let mut alarms = Vec::new();
                while let Some(row) = found.next()? {
                    alarms.extend(decode(row)?);
                }
                Ok(alarms)
            })
            .await
    }
}

/// None for a kind that this version does not know.
fn decode(row: &SqlRow<'_>) -> Result<Option<Alarm>, Error> {
    let (Some(kind), Some(started_at)) = (text(row, 1)?.and_then(named), at(row, 4)?) else {
        return Ok(None);
    };
    Ok(Some(Alarm {
        id: row.get(0)?,
        kind,
        subject: text(row, 2)?.unwrap_or_default(),
        text: text(row, 3)?.unwrap_or_default(),
        started_at,
        ended_at: at(row, 5)?,
    }))
}

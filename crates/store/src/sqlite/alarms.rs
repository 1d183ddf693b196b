//! Alarms: open once, closed once.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params};

use super::{
    Sqlite,
    codes::{instant, micros, name, whole},
    writer::Tx,
};
use crate::{
    Alarm, AlarmKind, Cause, Error,
    alarms::{Replaced, decode, word},
};

const RAISE: &str =
    "INSERT INTO alarm (kind, subject, text, reason, started_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING
    RETURNING id, kind, subject, text, started_at, ended_at, told, reason";
const CLEAR: &str = "UPDATE alarm SET ended_at = ?3 WHERE kind = ?1 AND subject = ?2 AND ended_at IS NULL
    RETURNING id, kind, subject, text, started_at, ended_at, told, reason";
const REWORD: &str =
    "UPDATE alarm SET text = ?3, reason = ?4 WHERE kind = ?1 AND subject = ?2 AND ended_at IS NULL";
const TOLD: &str = "UPDATE alarm SET told = ?2 WHERE id = ?1";
const TOLD_OF: &str = "UPDATE alarm SET told_of = ltrim(coalesce(told_of, '') || ' ' || reason) WHERE id = ?1 AND reason IS NOT NULL
    AND instr(' ' || coalesce(told_of, '') || ' ', ' ' || reason || ' ') = 0";
/// Those in whose place another comes.
const REPLACED: &str = "SELECT id, kind, started_at, told, told_of FROM alarm INDEXED BY alarm_open
    WHERE ended_at IS NULL AND subject = ?1 AND kind <> ?2 AND kind IN (SELECT value FROM json_each(?3)) ORDER BY id";
const IS_OPEN: &str =
    "SELECT 1 FROM alarm INDEXED BY alarm_open WHERE ended_at IS NULL AND kind = ?1 AND subject = ?2";
const GIVES_WAY: &str = "UPDATE alarm SET ended_at = ?2, told = ?3 WHERE id = ?1";
const GOES_ON: &str =
    "UPDATE alarm SET kind = ?2, text = ?3, reason = ?4, started_at = ?5, told = ?6, told_of = ?7 WHERE id = ?1
    RETURNING id, kind, subject, text, started_at, ended_at, told, reason";
const LIST: &str =
    "SELECT id, kind, subject, text, started_at, ended_at, told, reason FROM alarm ORDER BY id DESC LIMIT ?1";
/// Few are open, however many there were.
const OPEN: &str =
    "SELECT id, kind, subject, text, started_at, ended_at, told, reason FROM alarm INDEXED BY alarm_open
    WHERE ended_at IS NULL ORDER BY id DESC LIMIT ?1";
const ENDED: &str = "SELECT ended_at FROM alarm INDEXED BY alarm_ended
    WHERE subject = ?1 AND ended_at IS NOT NULL AND kind IN (SELECT value FROM json_each(?2))
    ORDER BY ended_at DESC LIMIT 1";
const TO_TELL: &str = "SELECT id, kind, subject, text, started_at, ended_at, told, reason FROM alarm
    WHERE ended_at IS NULL OR told < ?1 ORDER BY id";

impl Sqlite {
    pub(crate) async fn raise(
        &self,
        kind: AlarmKind,
        subject: String,
        cause: Cause,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        let (kind, reason) = (name(&kind)?, word(&cause)?);
        self.writer.write(move |tx| one(tx, RAISE, (kind, subject, cause.text, reason, micros(now)))).await
    }

    pub(crate) async fn clear(
        &self,
        kind: AlarmKind,
        subject: String,
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        let kind = name(&kind)?;
        self.writer.write(move |tx| one(tx, CLEAR, (kind, subject, micros(now)))).await
    }

    pub(crate) async fn reword_alarm(
        &self,
        kind: AlarmKind,
        subject: String,
        cause: Cause,
    ) -> Result<(), Error> {
        let (kind, reason) = (name(&kind)?, word(&cause)?);
        let reword = move |tx: &mut Tx<'_>| {
            tx.sql.prepare_cached(REWORD)?.execute((kind, subject, cause.text, reason))?;
            Ok(())
        };
        self.writer.write(reword).await
    }

    pub(crate) async fn raise_instead(
        &self,
        kind: AlarmKind,
        subject: String,
        cause: Cause,
        instead_of: &[AlarmKind],
        now: Timestamp,
    ) -> Result<Option<Alarm>, Error> {
        let (called, reason) = (name(&kind)?, word(&cause)?);
        let instead_of = serde_json::json!(instead_of).to_string();
        let raise = move |tx: &mut Tx<'_>| {
            let mut replaced = replaced(tx, (&subject, &called, &instead_of))?;
            let is_open = tx.sql.prepare_cached(IS_OPEN)?.exists((&called, &subject))?;
            // One of them goes on as this one; the others are over with it.
            let first = if is_open || replaced.ids.is_empty() { None } else { Some(replaced.ids.remove(0)) };
            for alarm in &replaced.ids {
                tx.sql.prepare_cached(GIVES_WAY)?.execute((alarm, micros(now), Alarm::TOLD_OVER))?;
            }
            if is_open {
                tx.sql.prepare_cached(REWORD)?.execute((&called, &subject, &cause.text, &reason))?;
                return Ok(None);
            }
            let Some(first) = first else {
                return one(tx, RAISE, (&called, &subject, &cause.text, &reason, micros(now)));
            };
            let (began_at, told) = (replaced.began_at(kind, now), replaced.told(reason.as_deref()));
            one(tx, GOES_ON, (first, &called, &cause.text, &reason, began_at, told, replaced.told_of()))
        };
        self.writer.write(raise).await
    }

    pub(crate) async fn alarm_told(&self, alarm: i64, told: u32) -> Result<(), Error> {
        let note = move |tx: &mut Tx<'_>| {
            tx.sql.prepare_cached(TOLD)?.execute((alarm, told))?;
            tx.sql.prepare_cached(TOLD_OF)?.execute([alarm])?;
            Ok(())
        };
        self.writer.write(note).await
    }

    pub(crate) async fn alarms(&self, open_only: bool, limit: usize) -> Result<Vec<Alarm>, Error> {
        let question = if open_only { OPEN } else { LIST };
        self.readers.read(move |sql| all(sql, question, [whole(limit)])).await
    }

    pub(crate) async fn alarm_ended_at(
        &self,
        subject: String,
        kinds: &[AlarmKind],
    ) -> Result<Option<Timestamp>, Error> {
        let kinds = serde_json::json!(kinds).to_string();
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(ENDED)?;
                let ended_at = statement.query_row((subject, kinds), |row| row.get(0)).optional()?;
                Ok(ended_at.and_then(instant))
            })
            .await
    }

    pub(crate) async fn alarms_to_tell(&self) -> Result<Vec<Alarm>, Error> {
        self.readers.read(|sql| all(sql, TO_TELL, [Alarm::TOLD_OVER])).await
    }
}

fn replaced(tx: &mut Tx<'_>, (subject, kind, instead_of): (&str, &str, &str)) -> Result<Replaced, Error> {
    let mut statement = tx.sql.prepare_cached(REPLACED)?;
    let mut found = statement.query((subject, kind, instead_of))?;
    let mut replaced = Replaced::default();
    while let Some(row) = found.next()? {
        replaced.add(row)?;
    }
    Ok(replaced)
}

/// The alarm that this statement gives, if it gives one.
fn one(tx: &mut Tx<'_>, statement: &str, values: impl Params) -> Result<Option<Alarm>, Error> {
    let mut statement = tx.sql.prepare_cached(statement)?;
    let mut found = statement.query(values)?;
    let alarm = found.next()?.map(decode).transpose()?.flatten();
    // Stepping to the end finishes the statement.
    while found.next()?.is_some() {}
    Ok(alarm)
}

fn all(sql: &Connection, question: &str, values: impl Params) -> Result<Vec<Alarm>, Error> {
    let mut statement = sql.prepare_cached(question)?;
    let mut found = statement.query(values)?;
    let mut alarms = Vec::new();
    while let Some(row) = found.next()? {
        alarms.extend(decode(row)?);
    }
    Ok(alarms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    #[test]
    fn open_alarms_and_the_last_end_of_one_are_found_among_many() {
        let plan = open::tests::plan(OPEN);
        assert!(plan.contains("USING INDEX alarm_open"), "{plan}");
        let plan = open::tests::plan(ENDED);
        assert!(
            plan.contains("alarm_ended (subject=? AND ended_at>?)") && !plan.contains("TEMP B-TREE"),
            "{plan}"
        );
    }
}

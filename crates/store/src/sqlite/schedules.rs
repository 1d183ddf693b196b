//! Schedules, and their moments that were taken.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Sqlite, audit,
    codes::micros,
    rows::{at, text},
    schedule_turns,
};
use crate::{Actor, Deed, Error, ExportSource, NewAudit, Rhythm, Schedule, ScheduleId, SchedulePlan, Turn};

const COLUMNS: &str =
    "SELECT id, plan, version, next_due, skips_next, paused_at, made_by, made_at FROM schedule";
const ADD: &str = "INSERT INTO schedule (name, plan, next_due, made_by, made_at) VALUES (?1, ?2, ?3, ?4, ?5)";
const CHANGE: &str =
    "UPDATE schedule SET name = ?2, plan = ?3, next_due = ?4, skips_next = 0, version = version + 1
    WHERE id = ?1";
const SKIP: &str = "UPDATE schedule SET skips_next = ?2 WHERE id = ?1";
const PAUSE: &str = "UPDATE schedule SET paused_at = ?2 WHERE id = ?1";
const RESUME: &str = "UPDATE schedule SET paused_at = NULL, next_due = ?2, skips_next = 0 WHERE id = ?1";
const GO_ON: &str = "UPDATE schedule SET next_due = ?2, skips_next = 0 WHERE id = ?1";
const MOVE: &str = "UPDATE schedule SET next_due = ?3 WHERE id = ?1 AND next_due = ?2";
const IS_NAMED: &str = "SELECT EXISTS (SELECT 1 FROM schedule WHERE name = ?1 AND id <> ?2)";
const NO_SCHEDULE: Error = Error::NotFound("schedule");

impl Sqlite {
    pub(crate) async fn schedules(&self) -> Result<Vec<Schedule>, Error> {
        self.readers
            .read(|sql| {
                let mut statement = sql.prepare_cached(&format!("{COLUMNS} ORDER BY name"))?;
                let mut found = statement.query([])?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.push(decode(row)?);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn schedule(&self, id: ScheduleId) -> Result<Schedule, Error> {
        self.readers.read(move |sql| one(sql, id)).await
    }

    pub(crate) async fn add_schedule(
        &self,
        plan: SchedulePlan,
        next_due: Option<Timestamp>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        self.writer
            .write(move |tx| {
                not_named(tx.sql, &plan.name, ScheduleId(0))?;
                let row = (&plan.name, as_json(&plan)?, next_due.map(micros), as_json(&who)?, micros(now));
                tx.sql.prepare_cached(ADD)?.execute(row)?;
                let added = one(tx.sql, ScheduleId(tx.sql.last_insert_rowid()))?;
                note(tx.sql, who, Deed::ScheduleAdded, (&plan.name, None, Some(in_words(&plan))), now)?;
                Ok(added)
            })
            .await
    }

    pub(crate) async fn change_schedule(
        &self,
        id: ScheduleId,
        version: i64,
        (plan, next_due): (SchedulePlan, Option<Timestamp>),
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        self.writer
            .write(move |tx| {
                let before = one(tx.sql, id)?;
                if before.version != version {
                    return Err(Error::Changed);
                }
                if before.plan == plan {
                    return Ok(before);
                }
                not_named(tx.sql, &plan.name, id)?;
                let row = (id.0, &plan.name, as_json(&plan)?, next_due.map(micros));
                tx.sql.prepare_cached(CHANGE)?.execute(row)?;
                let (old, new) = (in_words(&before.plan), in_words(&plan));
                note(tx.sql, who, Deed::ScheduleChanged, (&plan.name, Some(old), Some(new)), now)?;
                one(tx.sql, id)
            })
            .await
    }

    pub(crate) async fn remove_schedule(
        &self,
        id: ScheduleId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        self.writer
            .write(move |tx| {
                let removed = one(tx.sql, id)?;
                tx.sql.execute("DELETE FROM schedule WHERE id = ?1", [id.0])?;
                tx.sql.execute("DELETE FROM schedule_turn WHERE schedule = ?1", [id.0])?;
                let (name, old) = (&removed.plan.name, in_words(&removed.plan));
                note(tx.sql, who, Deed::ScheduleRemoved, (name, Some(old), None), now)?;
                Ok(removed)
            })
            .await
    }

    pub(crate) async fn skip_next(
        &self,
        id: ScheduleId,
        skips: bool,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        self.writer
            .write(move |tx| {
                let before = one(tx.sql, id)?;
                if before.skips_next != skips {
                    tx.sql.prepare_cached(SKIP)?.execute((id.0, skips))?;
                    let deed = if skips { Deed::ScheduleSkips } else { Deed::ScheduleSkipsNot };
                    note(tx.sql, who, deed, (&before.plan.name, None, None), now)?;
                }
                one(tx.sql, id)
            })
            .await
    }

    pub(crate) async fn pause_schedule(
        &self,
        id: ScheduleId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        self.writer
            .write(move |tx| {
                let before = one(tx.sql, id)?;
                if before.paused_at.is_none() {
                    tx.sql.prepare_cached(PAUSE)?.execute((id.0, micros(now)))?;
                    note(tx.sql, who, Deed::SchedulePaused, (&before.plan.name, None, None), now)?;
                }
                one(tx.sql, id)
            })
            .await
    }

    pub(crate) async fn resume_schedule(
        &self,
        id: ScheduleId,
        next_due: Option<Timestamp>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        self.writer
            .write(move |tx| {
                let before = one(tx.sql, id)?;
                if before.paused_at.is_some() {
                    tx.sql.prepare_cached(RESUME)?.execute((id.0, next_due.map(micros)))?;
                    note(tx.sql, who, Deed::ScheduleResumed, (&before.plan.name, None, None), now)?;
                }
                one(tx.sql, id)
            })
            .await
    }

    pub(crate) async fn take_turn(
        &self,
        id: ScheduleId,
        (due, next_due): (Timestamp, Option<Timestamp>),
        missed: u64,
        now: Timestamp,
    ) -> Result<Option<Turn>, Error> {
        self.writer
            .write(move |tx| {
                let found = one(tx.sql, id)?;
                if found.next_due != Some(due) || found.paused_at.is_some() {
                    return Ok(None);
                }
                tx.sql.prepare_cached(GO_ON)?.execute((id.0, next_due.map(micros)))?;
                schedule_turns::take(tx.sql, (id, due), None, (missed, found.skips_next), now)
            })
            .await
    }

    pub(crate) async fn ask_turn(
        &self,
        id: ScheduleId,
        moment: Timestamp,
        who: Actor,
        now: Timestamp,
    ) -> Result<Option<Turn>, Error> {
        self.writer
            .write(move |tx| {
                one(tx.sql, id)?;
                schedule_turns::take(tx.sql, (id, moment), Some(&who), (0, false), now)
            })
            .await
    }

    pub(crate) async fn move_schedule(
        &self,
        id: ScheduleId,
        due: Timestamp,
        next_due: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let row = (id.0, micros(due), next_due.map(micros));
        self.writer.write(move |tx| Ok(tx.sql.prepare_cached(MOVE)?.execute(row)? > 0)).await
    }

    pub(crate) async fn last_turns(&self) -> Result<BTreeMap<ScheduleId, Turn>, Error> {
        self.readers
            .read(|sql| {
                let mut all = BTreeMap::new();
                let mut statement = sql.prepare_cached("SELECT id FROM schedule")?;
                let ids = statement.query_map([], |row| row.get(0).map(ScheduleId))?;
                for id in ids.collect::<Result<Vec<_>, _>>()? {
                    all.extend(schedule_turns::last(sql, id, 1)?.pop().map(|turn| (id, turn)));
                }
                Ok(all)
            })
            .await
    }
}

fn one(sql: &Connection, id: ScheduleId) -> Result<Schedule, Error> {
    let mut statement = sql.prepare_cached(&format!("{COLUMNS} WHERE id = ?1"))?;
    let mut found = statement.query([id.0])?;
    decode(found.next()?.ok_or(NO_SCHEDULE)?)
}

fn not_named(sql: &Connection, name: &str, id: ScheduleId) -> Result<(), Error> {
    let taken: bool =
        sql.prepare_cached(IS_NAMED)?.query_row((name, id.0), |row| row.get(0)).optional()?.unwrap_or(false);
    if taken { Err(Error::Exists("a schedule with this name")) } else { Ok(()) }
}

fn decode(row: &SqlRow<'_>) -> Result<Schedule, Error> {
    let unreadable = || Error::Corrupt("a schedule cannot be read".to_owned());
    Ok(Schedule {
        id: ScheduleId(row.get(0)?),
        plan: of_json(text(row, 1)?).ok_or_else(unreadable)?,
        version: row.get(2)?,
        next_due: at(row, 3)?,
        skips_next: row.get(4)?,
        paused_at: at(row, 5)?,
        made_by: of_json(text(row, 6)?).unwrap_or(Actor::CommandLine),
        made_at: at(row, 7)?.unwrap_or(Timestamp::UNIX_EPOCH),
    })
}

pub(super) fn as_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Internal(error.to_string()))
}

pub(super) fn of_json<T: DeserializeOwned>(text: Option<String>) -> Option<T> {
    text.and_then(|text| serde_json::from_str(&text).ok())
}

fn note(
    sql: &Connection,
    who: Actor,
    what: Deed,
    (about, old, new): (&str, Option<String>, Option<String>),
    now: Timestamp,
) -> Result<(), Error> {
    let line = NewAudit { who, what, about: about.to_owned(), old, new };
    audit::write(sql, &line, now).map(drop)
}

/// For the log.
fn in_words(plan: &SchedulePlan) -> String {
    let listed = |all: &std::collections::BTreeSet<i8>| {
        all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let source = match &plan.source {
        ExportSource::File(path) | ExportSource::Folder(path) => path.display().to_string(),
        // Its words may be a password.
        ExportSource::Command(_) | ExportSource::Shell(_) => "a command".to_owned(),
    };
    let days = match &plan.rhythm {
        Rhythm::Once(day) => format!("once {day}"),
        Rhythm::Daily => "daily".to_owned(),
        Rhythm::Weekly(days) => format!("weekly {}", listed(days)),
        Rhythm::Monthly(day) => format!("monthly {day}"),
        Rhythm::Yearly(month, day) => format!("yearly {month}-{day}"),
    };
    let dates: Vec<_> = plan.closed.dates.iter().map(ToString::to_string).collect();
    let reading = &plan.reading;
    let parts = [
        ("name", plan.name.clone()),
        ("export", source),
        ("days", days),
        ("time", plan.time.strftime("%H:%M").to_string()),
        ("zone", plan.zone.clone()),
        ("closed weekdays", listed(&plan.closed.weekdays)),
        ("closed days", dates.join(", ")),
        ("sites", plan.sites.iter().cloned().collect::<Vec<_>>().join(", ")),
        ("dates", reading.dates.clone()),
        ("encoding", reading.encoding.clone()),
        ("sheet", reading.sheet.clone()),
        ("site", reading.site.clone()),
        ("practice", if plan.practice { "yes" } else { "no" }.to_owned()),
    ];
    audit::parts(parts)
}

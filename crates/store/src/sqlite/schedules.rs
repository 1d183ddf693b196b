//! Schedules, and their moments that were taken.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::{Sqlite, audit, codes::micros, schedule_turns};
pub(super) use crate::codes::as_json;
use crate::{
    Actor, Deed, Error, NewAudit, Schedule, ScheduleId, SchedulePlan, Turn,
    schedule_rows::{COLUMNS, Decided, decode, in_its_zone, in_words},
};

const ADD: &str = "INSERT INTO schedule (name, plan, next_due, made_by, made_at) VALUES (?1, ?2, ?3, ?4, ?5)";
const CHANGE: &str = "UPDATE schedule SET name = ?2, plan = ?3, version = version + 1 WHERE id = ?1";
/// Where it stands; a moment that has been left out is forgotten.
const STAND: &str = "UPDATE schedule SET next_due = ?2, paused_at = ?4,
    skips = CASE WHEN ?3 >= ?2 THEN ?3 END, skips_next = coalesce(?3 >= ?2, 0) WHERE id = ?1";
const MOVE: &str = "UPDATE schedule SET next_due = ?3 WHERE id = ?1 AND next_due IS ?2";
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
        (plan, next_due, skips): (SchedulePlan, Option<Timestamp>, Option<Timestamp>),
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
                tx.sql.prepare_cached(CHANGE)?.execute((id.0, &plan.name, as_json(&plan)?))?;
                let (old, new) = (in_words(&before.plan), in_words(&plan));
                note(tx.sql, who.clone(), Deed::ScheduleChanged, (&plan.name, Some(old), Some(new)), now)?;
                if let Some(skipped) = before.skips.filter(|_| skips.is_none()) {
                    let moment = in_its_zone(&before.plan, skipped);
                    note(tx.sql, who, Deed::ScheduleSkipsNot, (&plan.name, None, Some(moment)), now)?;
                }
                stand(tx.sql, &Schedule { plan, next_due, skips, ..before })
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

    pub(crate) async fn skip_moment(
        &self,
        id: ScheduleId,
        moment: Option<Timestamp>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        self.decide(id, move |schedule| schedule.skip(moment), who, now).await
    }

    pub(crate) async fn pause_schedule(
        &self,
        id: ScheduleId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        self.decide(id, move |schedule| Ok(schedule.pause(now)), who, now).await
    }

    pub(crate) async fn resume_schedule(
        &self,
        id: ScheduleId,
        next_due: Option<Timestamp>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        self.decide(id, move |schedule| Ok(schedule.resume(next_due)), who, now).await
    }

    /// What somebody decides about one: how it stands then, and what the log says of it. `None`: it stands so already.
    async fn decide(
        &self,
        id: ScheduleId,
        decide: impl FnOnce(&mut Schedule) -> Result<Decided, Error> + Send + 'static,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        self.writer
            .write(move |tx| {
                let mut schedule = one(tx.sql, id)?;
                let Some((deed, said)) = decide(&mut schedule)? else { return Ok(schedule) };
                note(tx.sql, who, deed, (&schedule.plan.name, None, said), now)?;
                stand(tx.sql, &schedule)
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
                if !found.is_at(due) {
                    return Ok(None);
                }
                let is_skipped = found.skips == Some(due);
                stand(tx.sql, &Schedule { next_due, ..found })?;
                schedule_turns::take(tx.sql, (id, due), None, (missed, is_skipped), now)
            })
            .await
    }

    pub(crate) async fn join_turn(
        &self,
        (id, taken): (ScheduleId, Timestamp),
        (due, next_due): (Timestamp, Option<Timestamp>),
        missed: u64,
    ) -> Result<bool, Error> {
        self.writer
            .write(move |tx| {
                let found = one(tx.sql, id)?;
                if !found.is_at(due) || !schedule_turns::join(tx.sql, (id, taken), missed.saturating_add(1))?
                {
                    return Ok(false);
                }
                stand(tx.sql, &Schedule { next_due, ..found })?;
                Ok(true)
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
        due: Option<Timestamp>,
        next_due: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let row = (id.0, due.map(micros), next_due.map(micros));
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

/// Puts it on record as it stands now.
fn stand(sql: &Connection, schedule: &Schedule) -> Result<Schedule, Error> {
    let Schedule { next_due, skips, paused_at, .. } = schedule;
    let row = (schedule.id.0, next_due.map(micros), skips.map(micros), paused_at.map(micros));
    sql.prepare_cached(STAND)?.execute(row)?;
    one(sql, schedule.id)
}

fn not_named(sql: &Connection, name: &str, id: ScheduleId) -> Result<(), Error> {
    let taken: bool =
        sql.prepare_cached(IS_NAMED)?.query_row((name, id.0), |row| row.get(0)).optional()?.unwrap_or(false);
    if taken { Err(Error::Exists("a schedule with this name")) } else { Ok(()) }
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

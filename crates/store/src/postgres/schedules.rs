//! Schedules, and their moments that were taken.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Postgres, alone::alone, audit, schedule_turns, tx::Tx};
use crate::{
    Actor, Deed, Error, NewAudit, Schedule, ScheduleId, SchedulePlan, Turn,
    codes::{as_json, micros},
    rows::Columns as _,
    schedule_rows::{COLUMNS, Decided, decode, in_its_zone, in_words},
};

const ADD: &str =
    "INSERT INTO schedule (name, plan, next_due, made_by, made_at) VALUES ($1, $2, $3, $4, $5) RETURNING id";
const CHANGE: &str = "UPDATE schedule SET name = $2, plan = $3, version = version + 1 WHERE id = $1";
/// Where it stands; a moment that has been left out is forgotten.
const STAND: &str = "UPDATE schedule SET next_due = $2, paused_at = $4,
    skips = CASE WHEN $3::BIGINT >= $2::BIGINT THEN $3 END WHERE id = $1";
const MOVE: &str = "UPDATE schedule SET next_due = $3 WHERE id = $1 AND next_due IS NOT DISTINCT FROM $2";
const IS_NAMED: &str = "SELECT EXISTS (SELECT 1 FROM schedule WHERE name = $1 AND id <> $2)";
const LAST_OF_EACH: &str = "WHERE (schedule, due) IN (SELECT t.schedule, max(t.due) FROM schedule_turn t
    JOIN schedule s ON s.id = t.schedule GROUP BY t.schedule)";
const NO_SCHEDULE: Error = Error::NotFound("schedule");

impl Postgres {
    pub(crate) async fn schedules(&self) -> Result<Vec<Schedule>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        tx.all(&format!("{COLUMNS} ORDER BY name"), &[]).await?.iter().map(decode).collect()
    }

    pub(crate) async fn schedule(&self, id: ScheduleId) -> Result<Schedule, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        one(&tx, id).await
    }

    pub(crate) async fn add_schedule(
        &self,
        plan: SchedulePlan,
        next_due: Option<Timestamp>,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        alone(&tx, "schedule").await?;
        not_named(&tx, &plan.name, ScheduleId(0)).await?;
        let (next_due, made_by) = (next_due.map(micros), as_json(&who)?);
        let row = tx.one(ADD, &[&plan.name, &as_json(&plan)?, &next_due, &made_by, &micros(now)]).await?;
        let added = one(&tx, ScheduleId(row.id(0)?)).await?;
        note(&tx, who, Deed::ScheduleAdded, (&plan.name, None, Some(in_words(&plan))), now).await?;
        tx.commit().await?;
        Ok(added)
    }

    pub(crate) async fn change_schedule(
        &self,
        id: ScheduleId,
        version: i64,
        (plan, next_due, skips): (SchedulePlan, Option<Timestamp>, Option<Timestamp>),
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        alone(&tx, "schedule").await?;
        let before = kept(&tx, id).await?;
        if before.version != version {
            return Err(Error::Changed);
        }
        if before.plan == plan {
            return Ok(before);
        }
        not_named(&tx, &plan.name, id).await?;
        tx.run(CHANGE, &[&id.0, &plan.name, &as_json(&plan)?]).await?;
        let (old, new) = (in_words(&before.plan), in_words(&plan));
        let changed = (&*plan.name, Some(old), Some(new));
        note(&tx, who.clone(), Deed::ScheduleChanged, changed, now).await?;
        if let Some(skipped) = before.skips.filter(|_| skips.is_none()) {
            let moment = in_its_zone(&before.plan, skipped);
            note(&tx, who, Deed::ScheduleSkipsNot, (&plan.name, None, Some(moment)), now).await?;
        }
        let stands = stand(&tx, &Schedule { plan, next_due, skips, ..before }).await?;
        tx.commit().await?;
        Ok(stands)
    }

    pub(crate) async fn remove_schedule(
        &self,
        id: ScheduleId,
        who: Actor,
        now: Timestamp,
    ) -> Result<Schedule, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let removed = kept(&tx, id).await?;
        tx.run("DELETE FROM schedule WHERE id = $1", &[&id.0]).await?;
        tx.run("DELETE FROM schedule_turn WHERE schedule = $1", &[&id.0]).await?;
        let (name, old) = (&removed.plan.name, in_words(&removed.plan));
        note(&tx, who, Deed::ScheduleRemoved, (name, Some(old), None), now).await?;
        tx.commit().await?;
        Ok(removed)
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
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let mut schedule = kept(&tx, id).await?;
        let Some((deed, said)) = decide(&mut schedule)? else { return Ok(schedule) };
        note(&tx, who, deed, (&schedule.plan.name, None, said), now).await?;
        let stands = stand(&tx, &schedule).await?;
        tx.commit().await?;
        Ok(stands)
    }

    pub(crate) async fn take_turn(
        &self,
        id: ScheduleId,
        (due, next_due): (Timestamp, Option<Timestamp>),
        missed: u64,
        now: Timestamp,
    ) -> Result<Option<Turn>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let found = kept(&tx, id).await?;
        if !found.is_at(due) {
            return Ok(None);
        }
        let is_skipped = found.skips == Some(due);
        stand(&tx, &Schedule { next_due, ..found }).await?;
        let taken = schedule_turns::take(&tx, (id, due), None, (missed, is_skipped), now).await?;
        tx.commit().await?;
        Ok(taken)
    }

    pub(crate) async fn join_turn(
        &self,
        (id, taken): (ScheduleId, Timestamp),
        (due, next_due): (Timestamp, Option<Timestamp>),
        missed: u64,
    ) -> Result<bool, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let found = kept(&tx, id).await?;
        if !found.is_at(due) || !schedule_turns::join(&tx, (id, taken), missed.saturating_add(1)).await? {
            return Ok(false);
        }
        stand(&tx, &Schedule { next_due, ..found }).await?;
        tx.commit().await?;
        Ok(true)
    }

    pub(crate) async fn ask_turn(
        &self,
        id: ScheduleId,
        moment: Timestamp,
        who: Actor,
        now: Timestamp,
    ) -> Result<Option<Turn>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        kept(&tx, id).await?;
        let taken = schedule_turns::take(&tx, (id, moment), Some(&who), (0, false), now).await?;
        tx.commit().await?;
        Ok(taken)
    }

    pub(crate) async fn move_schedule(
        &self,
        id: ScheduleId,
        due: Option<Timestamp>,
        next_due: Option<Timestamp>,
    ) -> Result<bool, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let moved = tx.run(MOVE, &[&id.0, &due.map(micros), &next_due.map(micros)]).await? > 0;
        tx.commit().await?;
        Ok(moved)
    }

    pub(crate) async fn last_turns(&self) -> Result<BTreeMap<ScheduleId, Turn>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let turns = schedule_turns::listed(&tx, LAST_OF_EACH, &[]).await?;
        Ok(turns.into_iter().map(|turn| (turn.schedule, turn)).collect())
    }
}

async fn one(tx: &Tx<'_>, id: ScheduleId) -> Result<Schedule, Error> {
    decode(&tx.first(&format!("{COLUMNS} WHERE id = $1"), &[&id.0]).await?.ok_or(NO_SCHEDULE)?)
}

/// Nobody else changes it, or takes a moment of it, until the transaction ends.
async fn kept(tx: &Tx<'_>, id: ScheduleId) -> Result<Schedule, Error> {
    decode(&tx.first(&format!("{COLUMNS} WHERE id = $1 FOR UPDATE"), &[&id.0]).await?.ok_or(NO_SCHEDULE)?)
}

/// Puts it on record as it stands now.
async fn stand(tx: &Tx<'_>, schedule: &Schedule) -> Result<Schedule, Error> {
    let Schedule { next_due, skips, paused_at, .. } = schedule;
    let [next_due, skips, paused_at] = [next_due, skips, paused_at].map(|at| at.map(micros));
    tx.run(STAND, &[&schedule.id.0, &next_due, &skips, &paused_at]).await?;
    one(tx, schedule.id).await
}

async fn not_named(tx: &Tx<'_>, name: &str, id: ScheduleId) -> Result<(), Error> {
    let taken = tx.one(IS_NAMED, &[&name, &id.0]).await?.is(0)?;
    if taken { Err(Error::Exists("a schedule with this name")) } else { Ok(()) }
}

async fn note(
    tx: &Tx<'_>,
    who: Actor,
    what: Deed,
    (about, old, new): (&str, Option<String>, Option<String>),
    now: Timestamp,
) -> Result<(), Error> {
    audit::write(tx, &NewAudit { who, what, about: about.to_owned(), old, new }, now).await.map(drop)
}

//! Runs as they stand in rows, of whatever database.

use std::collections::{BTreeMap, HashSet};

use mail::Reason;

use crate::{
    Actor, Alike, Error, LeftOut, LeftOutDetail, RecipientId, Run, RunId, RunPart, RunStopped, State, States,
    codes::{count, instant, named, of_json, state, unreadable},
    rows::{Columns, at},
};

/// From `id, notice, source, practice, started_at, finished_at, begun_by, stopped_at, stopped_by, stopped_sites`.
pub(crate) fn decode(row: &impl Columns) -> Result<Run, Error> {
    Ok(Run {
        id: RunId(row.id(0)?),
        notice: row.text(1)?.unwrap_or_default(),
        source: row.text(2)?.unwrap_or_default(),
        practice: row.is(3)?,
        started_at: at(row, 4)?.ok_or_else(|| unreadable("run.started_at"))?,
        finished_at: at(row, 5)?,
        begun_by: of_json(row.text(6)?),
        stopped: stopped(row, 7)?,
        states: BTreeMap::new(),
        copies: BTreeMap::new(),
        left_out: BTreeMap::new(),
    })
}

/// From this column on. Who did it may be of a later version.
pub(crate) fn stopped(row: &impl Columns, from: usize) -> Result<Option<RunStopped>, Error> {
    let Some(at) = at(row, from)? else { return Ok(None) };
    let by = of_json(row.text(from + 1)?).unwrap_or(Actor::CommandLine);
    let sites = of_json(row.text(from + 2)?).unwrap_or_default();
    Ok(Some(RunStopped { by, at, sites }))
}

impl Run {
    /// So many in a state were copies to teachers, and are told apart from the others: from `state, count`.
    pub(crate) fn tell_copies_apart(&mut self, row: &impl Columns) -> Result<(), Error> {
        let of = state(row.id(0)?).ok_or_else(|| unreadable("recipient.state"))?;
        let copies = count(row.id(1)?);
        self.copies.insert(of, copies);
        take(&mut self.states, of, copies);
        Ok(())
    }

    /// So many are counted elsewhere, as their mail came back once more after it was sent again.
    pub(crate) fn take_returned(&mut self, twice: u64) {
        take(&mut self.states, State::Returned, twice);
    }

    /// So many were left out for one reason: from `why, count`.
    pub(crate) fn count_left_out(&mut self, row: &impl Columns) -> Result<(), Error> {
        if let Some(why) = row.text(0)?.and_then(named) {
            self.left_out.insert(why, count(row.id(1)?));
        }
        Ok(())
    }
}

/// So many less are in this state.
fn take(states: &mut States, of: State, less: u64) {
    let all = states.get(&of).copied().unwrap_or(0);
    match all.saturating_sub(less) {
        0 => states.remove(&of),
        people => states.insert(of, people),
    };
}

/// Somebody who was left out: from `n, why, line, who, detail, site`.
pub(crate) fn left_out(row: &impl Columns) -> Result<LeftOut, Error> {
    Ok(LeftOut {
        why: row.text(1)?.and_then(named).ok_or_else(|| unreadable("left_out.why"))?,
        line: row.number(2)?.map(count),
        who: row.text(3)?.unwrap_or_default(),
        detail: LeftOutDetail::of_stored(row.text(4)?.unwrap_or_default()),
        site: row.text(5)?,
    })
}

/// What became of a run, library by library, as its recipients are seen one by one.
#[derive(Default)]
pub(crate) struct Parts {
    by_site: BTreeMap<Option<String>, RunPart>,
    returned: Vec<(i64, Option<String>, Reason, Alike)>,
    /// For whom it was sent again.
    again: HashSet<i64>,
    /// Of these, for whom that came back as well.
    twice: HashSet<i64>,
    last: Option<crate::MessageId>,
}

impl Parts {
    /// One recipient: from `site, state, reason, expires_at, id`, the tag that says for whom it was sent again, whether it is a copy to a
    /// teacher, and whether it was ever in doubt. Those of one mail come one after the other.
    pub(crate) fn see(&mut self, row: &impl Columns) -> Result<(), Error> {
        let state = state(row.id(1)?).ok_or_else(|| unreadable("recipient.state"))?;
        let part = self.by_site.entry(row.text(0)?).or_default();
        if row.is(6)? {
            *part.copies.entry(state).or_default() += 1;
            return Ok(());
        }
        *part.states.entry(state).or_default() += 1;
        let mail = Some(RecipientId(row.id(4)?).message());
        part.mails += u64::from(mail != self.last);
        self.last = mail;
        self.see_why(row, state)
    }

    /// Counts why, of what waits at once.
    fn see_why(&mut self, row: &impl Columns, state: State) -> Result<(), Error> {
        if let Some(tag) = row.text(5)? {
            let recipient = tag.rsplit(' ').next().and_then(|id| id.parse::<i64>().ok());
            self.twice.extend(recipient.filter(|_| state == State::Returned));
            self.again.extend(recipient);
        }
        let doubted = row.is(7)?;
        let part = self.by_site.entry(row.text(0)?).or_default();
        part.waiting_in_doubt += u64::from(state == State::Waiting && doubted);
        let Some(reason) = row.text(2)?.and_then(named) else { return Ok(()) };
        let expires_first_at =
            row.number(3)?.and_then(instant).ok_or_else(|| unreadable("recipient.expires_at"))?;
        let one = Alike { count: 1, expires_first_at };
        match state {
            State::Waiting | State::Cancelled => {
                let is_doubtful = state == State::Cancelled && reason == Reason::ByPerson && doubted;
                part.doubtful += u64::from(is_doubtful);
                add(part, state, reason, one);
            }
            State::Returned => self.returned.push((row.id(4)?, row.text(0)?, reason, one)),
            _ => {}
        }
        Ok(())
    }

    /// So many of a library were left out for one reason: from `site, why, count`.
    pub(crate) fn left_out(&mut self, row: &impl Columns) -> Result<(), Error> {
        if let Some(why) = row.text(1)?.and_then(named) {
            self.by_site.entry(row.text(0)?).or_default().left_out.insert(why, count(row.id(2)?));
        }
        Ok(())
    }

    /// Once all were seen.
    pub(crate) fn finish(self) -> BTreeMap<Option<String>, RunPart> {
        let Self { by_site: mut parts, returned, again, twice, .. } = self;
        for (_, site, ..) in returned.iter().filter(|(id, ..)| twice.contains(id)) {
            let part = parts.entry(site.clone()).or_default();
            part.mails = part.mails.saturating_sub(1);
            let returned = part.states.entry(State::Returned).or_default();
            *returned = returned.saturating_sub(1);
        }
        for (_, site, reason, one) in returned.into_iter().filter(|(id, ..)| !again.contains(id)) {
            add(parts.entry(site).or_default(), State::Returned, reason, one);
        }
        parts
    }
}

fn add(part: &mut RunPart, state: State, reason: Reason, one: Alike) {
    part.why.entry((state, reason)).and_modify(|all| all.add(one)).or_insert(one);
}

//! What became of a run: by library, and name by name.

use std::collections::{BTreeMap, HashSet};

use mail::Reason;

use super::{
    Sqlite,
    codes::{count, instant, name, named, state, whole},
    notices::{run_of, unreadable},
    rows::text,
};
use crate::{Alike, Error, LeftOut, LeftOutDetail, LeftOutFilter, RecipientId, RunId, RunPart, State};

/// Without a sorter: they are counted as they come.
const STATES: &str = "SELECT m.site, r.state, r.reason, r.expires_at, r.id,
        CASE WHEN m.tags IS NOT NULL AND json_extract(m.tags, '$[0]') = 'sent again' THEN json_extract(m.tags, '$[1]') END,
        m.tags IS NOT NULL AND json_extract(m.tags, '$[0]') = 'copy to a teacher', r.in_doubt_at IS NOT NULL FROM message m INDEXED BY message_run
    CROSS JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535 WHERE m.run = ?1";
const LEFT_OUT: &str = "SELECT site, why, count(*) FROM left_out WHERE run = ?1 GROUP BY site, why";
const OF_REASONS: &str = "SELECT n, why, line, who, detail, site FROM left_out
    WHERE run = ?1 AND n > ?2 AND (?5 IS NULL OR why IN (SELECT value FROM json_each(?5)))";
const OF_ONE_REASON: &str = "SELECT n, why, line, who, detail, site FROM left_out INDEXED BY left_out_why
    WHERE run = ?1 AND n > ?2 AND why = ?5";
const OF_SITES: &str = "AND (?3 IS NULL OR site IN (SELECT value FROM json_each(?3)) OR (site IS NULL AND ?4)) ORDER BY n LIMIT ?6";

impl Sqlite {
    pub(crate) async fn run_by_site(&self, run: RunId) -> Result<BTreeMap<Option<String>, RunPart>, Error> {
        self.readers
            .read(move |sql| {
                let sql = &*sql.unchecked_transaction()?;
                run_of(sql, run)?.ok_or(Error::NotFound("run"))?;
                let mut parts = Parts::new();
                let (mut returned, mut last) = (Returned::default(), None);
                let mut statement = sql.prepare_cached(STATES)?;
                let mut found = statement.query([run.0])?;
                while let Some(row) = found.next()? {
                    let state = state(row.get(1)?).ok_or_else(|| unreadable("recipient.state"))?;
                    let part = parts.entry(text(row, 0)?).or_default();
                    if row.get::<_, Option<bool>>(6)?.unwrap_or(false) {
                        *part.copies.entry(state).or_default() += 1;
                        continue;
                    }
                    *part.states.entry(state).or_default() += 1;
                    // Those of one mail come one after the other.
                    let mail = Some(RecipientId(row.get(4)?).message());
                    part.mails += u64::from(mail != last);
                    last = mail;
                    returned.see(row, state, &mut parts)?;
                }
                returned.count(&mut parts);
                let mut statement = sql.prepare_cached(LEFT_OUT)?;
                let mut found = statement.query([run.0])?;
                while let Some(row) = found.next()? {
                    if let Some(why) = text(row, 1)?.and_then(named) {
                        parts.entry(text(row, 0)?).or_default().left_out.insert(why, count(row.get(2)?));
                    }
                }
                Ok(parts)
            })
            .await
    }

    pub(crate) async fn left_out_part(
        &self,
        run: RunId,
        filter: LeftOutFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, LeftOut)>, Error> {
        self.readers
            .read(move |sql| {
                let LeftOutFilter { why, sites, or_of_none } = filter;
                let sites = (!sites.is_empty()).then(|| serde_json::json!(sites).to_string());
                let names = why.iter().map(name).collect::<Result<Vec<_>, _>>()?;
                let (question, why) = match names.as_slice() {
                    [] => (OF_REASONS, None),
                    [one] => (OF_ONE_REASON, Some(one.clone())),
                    some => (OF_REASONS, Some(serde_json::json!(some).to_string())),
                };
                let mut statement = sql.prepare_cached(&format!("{question} {OF_SITES}"))?;
                let mut found =
                    statement.query((run.0, whole(after), sites, or_of_none, why, whole(limit)))?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.push((count(row.get(0)?), decode(row)?));
                }
                Ok(all)
            })
            .await
    }
}

type Parts = BTreeMap<Option<String>, RunPart>;

/// What of a run was returned, and what was sent again, which may stand behind it.
#[derive(Default)]
struct Returned {
    all: Vec<(i64, Option<String>, Reason, Alike)>,
    /// For whom it was sent again.
    again: HashSet<i64>,
    /// Of these, for whom that came back as well.
    twice: HashSet<i64>,
}

impl Returned {
    /// Counts why, of what waits at once.
    fn see(&mut self, row: &rusqlite::Row<'_>, state: State, parts: &mut Parts) -> Result<(), Error> {
        if let Some(tag) = text(row, 5)? {
            let recipient = tag.rsplit(' ').next().and_then(|id| id.parse::<i64>().ok());
            self.twice.extend(recipient.filter(|_| state == State::Returned));
            self.again.extend(recipient);
        }
        if state == State::Waiting && row.get(7)? {
            parts.entry(text(row, 0)?).or_default().waiting_in_doubt += 1;
        }
        let Some(reason) = text(row, 2)?.and_then(named) else { return Ok(()) };
        let expires_first_at = instant(row.get(3)?).ok_or_else(|| unreadable("recipient.expires_at"))?;
        let one = Alike { count: 1, expires_first_at };
        match state {
            State::Waiting | State::Cancelled => {
                let is_doubtful = state == State::Cancelled && reason == Reason::ByPerson && row.get(7)?;
                parts.entry(text(row, 0)?).or_default().doubtful += u64::from(is_doubtful);
                add(parts.entry(text(row, 0)?).or_default(), state, reason, one);
            }
            State::Returned => self.all.push((row.get(4)?, text(row, 0)?, reason, one)),
            _ => {}
        }
        Ok(())
    }

    fn count(self, parts: &mut Parts) {
        let Self { all, again, twice } = self;
        for (_, site, ..) in all.iter().filter(|(id, ..)| twice.contains(id)) {
            let part = parts.entry(site.clone()).or_default();
            part.mails = part.mails.saturating_sub(1);
            let returned = part.states.entry(State::Returned).or_default();
            *returned = returned.saturating_sub(1);
        }
        for (_, site, reason, one) in all.into_iter().filter(|(id, ..)| !again.contains(id)) {
            add(parts.entry(site).or_default(), State::Returned, reason, one);
        }
    }
}

fn add(part: &mut RunPart, state: State, reason: Reason, one: Alike) {
    part.why.entry((state, reason)).and_modify(|all| all.add(one)).or_insert(one);
}

fn decode(row: &rusqlite::Row<'_>) -> Result<LeftOut, Error> {
    Ok(LeftOut {
        why: text(row, 1)?.and_then(named).ok_or_else(|| unreadable("left_out.why"))?,
        line: row.get::<_, Option<i64>>(2)?.map(count),
        who: text(row, 3)?.unwrap_or_default(),
        detail: LeftOutDetail::of_stored(text(row, 4)?.unwrap_or_default()),
        site: text(row, 5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    #[test]
    fn a_part_is_entered_where_the_last_one_ended() {
        for question in [OF_REASONS, OF_ONE_REASON] {
            let plan = open::tests::plan(&format!("{question} {OF_SITES}"));
            assert!(plan.contains("n>?") && !plan.contains("TEMP B-TREE"), "{plan}");
        }
        assert!(!open::tests::plan(STATES).contains("TEMP B-TREE"));
    }
}

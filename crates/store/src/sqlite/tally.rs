//! Counts by quarter of an hour, site and state: of what was accepted then, and of what came to its end then. The database keeps them itself, by its triggers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::Connection;

use super::{Sqlite, codes::instant, rows::text};
use crate::{
    Error, States,
    tallies::{QUARTER, add, quarter_of},
};

/// Of what was accepted, and of what came to its end.
const BY_SITE: [&str; 2] = [
    "SELECT site, state, sum(recipients) FROM tally WHERE quarter >= ?1 GROUP BY site, state",
    "SELECT site, state, sum(recipients) FROM answered WHERE quarter >= ?1 GROUP BY site, state",
];
const BY_QUARTER: [&str; 2] = [
    "SELECT quarter, state, sum(recipients) FROM tally
    WHERE quarter >= ?1 AND (?2 = '[]' OR site IN (SELECT value FROM json_each(?2))) GROUP BY quarter, state",
    "SELECT quarter, state, sum(recipients) FROM answered
    WHERE quarter >= ?1 AND (?2 = '[]' OR site IN (SELECT value FROM json_each(?2))) GROUP BY quarter, state",
];
const OLD: &str = "SELECT EXISTS (SELECT 1 FROM tally WHERE quarter > 0 AND quarter < ?1)
    OR EXISTS (SELECT 1 FROM answered WHERE quarter < ?1)";
const FOLD: &str = "INSERT INTO tally
    SELECT 0, site, state, sum(recipients) FROM tally WHERE quarter > 0 AND quarter < ?1 GROUP BY site, state
    ON CONFLICT DO UPDATE SET recipients = recipients + excluded.recipients";
const FOLDED: &str = "DELETE FROM tally WHERE quarter > 0 AND quarter < ?1";
const FORGOTTEN: &str = "DELETE FROM answered WHERE quarter < ?1";
/// As the migrations made them. What was purged came to its end so long ago that nobody asks for it.
const RECOUNT: &str = "DELETE FROM tally; INSERT INTO tally
    SELECT m.accepted_at / 900000000, coalesce(m.site, ''), r.state, count(*)
    FROM recipient r JOIN message m ON m.id = r.id / 65536 GROUP BY 1, 2, 3;
    DELETE FROM answered; INSERT INTO answered
    SELECT coalesce(r.settled_at, r.aside_at) / 900000000, coalesce(m.site, ''), r.state, count(*)
    FROM recipient r JOIN message m ON m.id = r.id / 65536 WHERE r.state IN (2, 3, 4, 5, 7) GROUP BY 1, 2, 3";
const BY_STATE: &str = "SELECT site, state, sum(recipients) FROM tally
    WHERE (?1 IS NULL OR site = ?1) AND (?2 = '[]' OR site IN (SELECT value FROM json_each(?2))) GROUP BY state";

impl Sqlite {
    pub(crate) async fn by_site(
        &self,
        since: Option<Timestamp>,
    ) -> Result<BTreeMap<Option<String>, States>, Error> {
        let [accepted, _] = BY_SITE;
        self.of_sites(accepted, since).await
    }

    pub(crate) async fn answered_by_site(
        &self,
        since: Timestamp,
    ) -> Result<BTreeMap<Option<String>, States>, Error> {
        let [_, answered] = BY_SITE;
        self.of_sites(answered, Some(since)).await
    }

    pub(crate) async fn by_quarter(
        &self,
        since: Timestamp,
        sites: BTreeSet<String>,
    ) -> Result<BTreeMap<Timestamp, States>, Error> {
        let [accepted, _] = BY_QUARTER;
        self.of_quarters(accepted, since, sites).await
    }

    pub(crate) async fn answered_by_quarter(
        &self,
        since: Timestamp,
        sites: BTreeSet<String>,
    ) -> Result<BTreeMap<Timestamp, States>, Error> {
        let [_, answered] = BY_QUARTER;
        self.of_quarters(answered, since, sites).await
    }

    async fn of_sites(
        &self,
        question: &'static str,
        since: Option<Timestamp>,
    ) -> Result<BTreeMap<Option<String>, States>, Error> {
        let first = since.map_or(i64::MIN, quarter_of);
        self.readers
            .read(move |sql| {
                let mut all = BTreeMap::new();
                let mut statement = sql.prepare_cached(question)?;
                let mut found = statement.query([first])?;
                while let Some(row) = found.next()? {
                    let site = text(row, 0)?.filter(|site| !site.is_empty());
                    add(all.entry(site).or_default(), row)?;
                }
                all.retain(|_, states: &mut States| !states.is_empty());
                Ok(all)
            })
            .await
    }

    async fn of_quarters(
        &self,
        question: &'static str,
        since: Timestamp,
        sites: BTreeSet<String>,
    ) -> Result<BTreeMap<Timestamp, States>, Error> {
        let first = quarter_of(since);
        self.readers
            .read(move |sql| {
                let mut all = BTreeMap::new();
                let mut statement = sql.prepare_cached(question)?;
                let mut found = statement.query((first, serde_json::json!(sites).to_string()))?;
                while let Some(row) = found.next()? {
                    if let Some(began_at) = instant(row.get::<_, i64>(0)?.saturating_mul(QUARTER)) {
                        add(all.entry(began_at).or_default(), row)?;
                    }
                }
                all.retain(|_, states: &mut States| !states.is_empty());
                Ok(all)
            })
            .await
    }

    pub(crate) async fn fold_quarters(&self, before: Timestamp) -> Result<u64, Error> {
        let before = quarter_of(before);
        let is_old: bool =
            self.readers.read(move |sql| Ok(sql.query_row(OLD, [before], |row| row.get(0))?)).await?;
        if !is_old {
            return Ok(0);
        }
        self.writer
            .write(move |tx| {
                tx.sql.prepare_cached(FOLD)?.execute([before])?;
                let folded = tx.sql.prepare_cached(FOLDED)?.execute([before])?;
                Ok((folded + tx.sql.prepare_cached(FORGOTTEN)?.execute([before])?) as u64)
            })
            .await
    }
}

/// How many recipients are in which state, of this site, and of one of these sites where there are any.
pub(super) fn by_state(
    sql: &Connection,
    site: Option<&str>,
    sites: &BTreeSet<String>,
) -> Result<States, Error> {
    let mut states = States::new();
    let mut statement = sql.prepare_cached(BY_STATE)?;
    let mut found = statement.query((site, serde_json::json!(sites).to_string()))?;
    while let Some(row) = found.next()? {
        add(&mut states, row)?;
    }
    Ok(states)
}

/// Counts all mail anew: the instants of its acceptance and of its end were moved.
pub(super) fn recount(sql: &Connection) -> Result<(), Error> {
    sql.execute_batch(RECOUNT)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    /// From the quarter on; what is older is not looked at.
    #[test]
    fn counts_since_a_quarter_are_found_by_it() {
        for (question, table) in BY_SITE.iter().chain(&BY_QUARTER).zip(["tally", "answered"].iter().cycle()) {
            let plan = open::tests::plan(question);
            assert!(plan.contains(&format!("SEARCH {table} USING PRIMARY KEY (quarter>?)")), "{plan}");
        }
        let plan = open::tests::plan(OLD);
        assert!(!plan.contains("SCAN tally") && !plan.contains("SCAN answered"), "{plan}");
    }
}

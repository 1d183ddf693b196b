//! Counts by quarter of an hour, site and state. The database keeps them itself, by its triggers: each change adds lines, and a number is the sum of
//! its lines.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Postgres, tx::Tx};
use crate::{
    Error, States,
    codes::instant,
    rows::Columns as _,
    tallies::{QUARTER, add, quarter_of},
};

/// Of what was accepted, and of what came to its end.
const BY_SITE: [&str; 2] = [
    "SELECT site, state, sum(recipients)::BIGINT FROM tally WHERE quarter >= $1 GROUP BY site, state",
    "SELECT site, state, sum(recipients)::BIGINT FROM answered WHERE quarter >= $1 GROUP BY site, state",
];
const BY_QUARTER: [&str; 2] = [
    "SELECT quarter, state, sum(recipients)::BIGINT FROM tally
    WHERE quarter >= $1 AND (cardinality($2::TEXT[]) = 0 OR site = ANY($2)) GROUP BY quarter, state",
    "SELECT quarter, state, sum(recipients)::BIGINT FROM answered
    WHERE quarter >= $1 AND (cardinality($2::TEXT[]) = 0 OR site = ANY($2)) GROUP BY quarter, state",
];
const BY_STATE: &str = "SELECT NULL::TEXT, state, sum(recipients)::BIGINT FROM tally
    WHERE ($1::TEXT IS NULL OR site = $1) AND (cardinality($2::TEXT[]) = 0 OR site = ANY($2)) GROUP BY state";
/// Old quarters are counted together as number 0, and what came to its end then is forgotten.
const FOLD: &str =
    "WITH gone AS (DELETE FROM tally WHERE quarter > 0 AND quarter < $1 RETURNING site, state, recipients),
    folded AS (INSERT INTO tally (quarter, site, state, recipients)
        SELECT 0, site, state, sum(recipients) FROM gone GROUP BY site, state HAVING sum(recipients) <> 0)
    SELECT count(*) FROM gone";
const FORGET: &str = "DELETE FROM answered WHERE quarter < $1";
/// Lines of one number are put together. Who is doing so with some of them is not waited for.
const GATHER: [&str; 3] = [
    "WITH gone AS (DELETE FROM counted WHERE ctid = ANY(ARRAY(SELECT ctid FROM counted FOR UPDATE SKIP LOCKED)) RETURNING *)
    INSERT INTO counted (state, recipients) SELECT state, sum(recipients) FROM gone GROUP BY state HAVING sum(recipients) <> 0",
    "WITH gone AS (DELETE FROM tally WHERE ctid = ANY(ARRAY(SELECT ctid FROM tally FOR UPDATE SKIP LOCKED)) RETURNING *)
    INSERT INTO tally (quarter, site, state, recipients)
    SELECT quarter, site, state, sum(recipients) FROM gone GROUP BY quarter, site, state HAVING sum(recipients) <> 0",
    "WITH gone AS (DELETE FROM answered WHERE ctid = ANY(ARRAY(SELECT ctid FROM answered FOR UPDATE SKIP LOCKED)) RETURNING *)
    INSERT INTO answered (quarter, site, state, recipients)
    SELECT quarter, site, state, sum(recipients) FROM gone GROUP BY quarter, site, state HAVING sum(recipients) <> 0",
];

impl Postgres {
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
        question: &str,
        since: Option<Timestamp>,
    ) -> Result<BTreeMap<Option<String>, States>, Error> {
        let first = since.map_or(i64::MIN, quarter_of);
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = BTreeMap::new();
        for row in tx.all(question, &[&first]).await? {
            let site = row.text(0)?.filter(|site| !site.is_empty());
            add(all.entry(site).or_default(), &row)?;
        }
        all.retain(|_, states: &mut States| !states.is_empty());
        Ok(all)
    }

    async fn of_quarters(
        &self,
        question: &str,
        since: Timestamp,
        sites: BTreeSet<String>,
    ) -> Result<BTreeMap<Timestamp, States>, Error> {
        let sites: Vec<_> = sites.into_iter().collect();
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = BTreeMap::new();
        for row in tx.all(question, &[&quarter_of(since), &sites]).await? {
            if let Some(began_at) = instant(row.id(0)?.saturating_mul(QUARTER)) {
                add(all.entry(began_at).or_default(), &row)?;
            }
        }
        all.retain(|_, states: &mut States| !states.is_empty());
        Ok(all)
    }

    pub(crate) async fn fold_quarters(&self, before: Timestamp) -> Result<u64, Error> {
        let before = quarter_of(before);
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let folded = tx.one(FOLD, &[&before]).await?.id(0)?;
        let forgotten = tx.run(FORGET, &[&before]).await?;
        gather(&tx).await?;
        tx.commit().await?;
        Ok(crate::codes::count(folded) + forgotten)
    }
}

/// Puts the lines of each number together.
pub(super) async fn gather(tx: &Tx<'_>) -> Result<(), Error> {
    for text in GATHER {
        tx.run(text, &[]).await?;
    }
    Ok(())
}

/// How many recipients are in which state, of this site, and of one of these sites where there are any.
pub(super) async fn by_state(
    tx: &Tx<'_>,
    site: Option<&str>,
    sites: &BTreeSet<String>,
) -> Result<States, Error> {
    let sites: Vec<_> = sites.iter().collect();
    let mut states = States::new();
    for row in tx.all(BY_STATE, &[&site, &sites]).await? {
        add(&mut states, &row)?;
    }
    Ok(states)
}

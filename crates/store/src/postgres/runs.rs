//! What became of a run: by library, and name by name.

use std::collections::BTreeMap;

use super::{Postgres, notices::run_of};
use crate::{
    Error, LeftOut, LeftOutFilter, RunId, RunPart,
    codes::{count, name, whole},
    rows::Columns as _,
    runs::{Parts, left_out},
};

const STATES: &str = "SELECT m.site, r.state, r.reason, r.expires_at, r.id,
        CASE WHEN m.tags[1] = 'sent again' THEN m.tags[2] END, coalesce(m.tags[1] = 'copy to a teacher', false), r.in_doubt_at IS NOT NULL
    FROM message m JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535 WHERE m.run = $1 ORDER BY m.id, r.id";
const LEFT_OUT: &str = "SELECT site, why, count(*) FROM left_out WHERE run = $1 GROUP BY site, why";
const PART: &str = "SELECT n, why, line, who, detail, site FROM left_out
    WHERE run = $1 AND n > $2 AND (cardinality($5::TEXT[]) = 0 OR why = ANY($5))
        AND (cardinality($3::TEXT[]) = 0 OR site = ANY($3) OR (site IS NULL AND $4)) ORDER BY n LIMIT $6";

impl Postgres {
    pub(crate) async fn run_by_site(&self, run: RunId) -> Result<BTreeMap<Option<String>, RunPart>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        run_of(&tx, run).await?.ok_or(Error::NotFound("run"))?;
        let mut parts = Parts::default();
        for row in tx.all(STATES, &[&run.0]).await? {
            parts.see(&row)?;
        }
        for row in tx.all(LEFT_OUT, &[&run.0]).await? {
            parts.left_out(&row)?;
        }
        Ok(parts.finish())
    }

    pub(crate) async fn left_out_part(
        &self,
        run: RunId,
        filter: LeftOutFilter,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, LeftOut)>, Error> {
        let LeftOutFilter { why, sites, or_of_none } = filter;
        let sites: Vec<_> = sites.into_iter().collect();
        let why = why.iter().map(name).collect::<Result<Vec<_>, _>>()?;
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let rows = tx.all(PART, &[&run.0, &whole(after), &sites, &or_of_none, &why, &whole(limit)]).await?;
        rows.iter().map(|row| Ok((count(row.id(0)?), left_out(row)?))).collect()
    }
}

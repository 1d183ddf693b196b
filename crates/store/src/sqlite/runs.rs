//! What became of a run: by library, and name by name.

use std::collections::BTreeMap;

use super::{
    Sqlite,
    codes::{count, name, whole},
    notices::run_of,
};
use crate::{
    Error, LeftOut, LeftOutFilter, RunId, RunPart,
    runs::{Parts, left_out},
};

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
                let mut parts = Parts::default();
                let mut statement = sql.prepare_cached(STATES)?;
                let mut found = statement.query([run.0])?;
                while let Some(row) = found.next()? {
                    parts.see(row)?;
                }
                let mut statement = sql.prepare_cached(LEFT_OUT)?;
                let mut found = statement.query([run.0])?;
                while let Some(row) = found.next()? {
                    parts.left_out(row)?;
                }
                Ok(parts.finish())
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
                    all.push((count(row.get(0)?), left_out(row)?));
                }
                Ok(all)
            })
            .await
    }
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

//! Retention, and the check of all rows.

use jiff::Timestamp;

use super::{Postgres, counts, tx::Tx};
use crate::{
    Error,
    codes::{micros, whole},
    rows::Columns as _,
};

/// Messages that are final for every recipient since before $1, and of which no report is owed, in the order of acceptance.
macro_rules! purgeable {
    ($from:literal) => {
        concat!(
            "SELECT m.id FROM ",
            $from,
            " WHERE m.accepted_at < $1
                AND NOT EXISTS (SELECT FROM live r WHERE r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535)
                AND NOT EXISTS (SELECT FROM done r WHERE r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535 AND r.settled_at >= $1)
                AND NOT EXISTS (SELECT FROM obligation o WHERE o.recipient BETWEEN m.id * 65536 AND m.id * 65536 + 65535)
            ORDER BY m.id LIMIT $2"
        )
    };
}
const BODIES: &str = concat!(
    "DELETE FROM body WHERE message IN (",
    purgeable!("body b JOIN message m ON m.id = b.message"),
    ")"
);
const MESSAGES: &str = purgeable!("message m");
/// All of a message, its recipients before it: what counts them looks it up.
const ROWS: [&str; 6] = [
    "DELETE FROM attempt t USING unnest($1::BIGINT[]) AS k (id) WHERE t.recipient BETWEEN k.id * 65536 AND k.id * 65536 + 65535",
    "DELETE FROM came_back c USING unnest($1::BIGINT[]) AS k (id) WHERE c.recipient BETWEEN k.id * 65536 AND k.id * 65536 + 65535",
    "DELETE FROM done r USING unnest($1::BIGINT[]) AS k (id) WHERE r.id BETWEEN k.id * 65536 AND k.id * 65536 + 65535",
    "DELETE FROM addressee a USING unnest($1::BIGINT[]) AS k (id) WHERE a.id BETWEEN k.id * 65536 AND k.id * 65536 + 65535",
    "DELETE FROM body WHERE message = ANY($1)",
    "DELETE FROM message WHERE id = ANY($1)",
];
/// What names patrons beside messages, and alarms that are over. The ledger stays: it holds digests, and "once only" asks it.
const LISTS: [&str; 2] = [
    "DELETE FROM left_out WHERE (run, n) IN (SELECT l.run, l.n FROM run JOIN left_out l ON l.run = run.id
        WHERE run.started_at < $1 ORDER BY l.run, l.n LIMIT $2)",
    "DELETE FROM alarm WHERE id IN (SELECT id FROM alarm WHERE ended_at < $1 ORDER BY id LIMIT $2)",
];

/// Row invariants that must find nothing.
const INVARIANTS: [(&str, &str); 8] = [
    (
        "recipients without their message",
        "SELECT count(*) FROM recipient r LEFT JOIN message m ON m.id = r.id / 65536 WHERE m.id IS NULL",
    ),
    (
        "recipients without an address, or addresses without a recipient",
        "SELECT count(*) FROM recipient r FULL JOIN addressee a ON a.id = r.id WHERE a.id IS NULL OR r.id IS NULL",
    ),
    ("recipients that are done with and are not", "SELECT count(*) FROM live JOIN done USING (id)"),
    (
        "unfinished recipients without a body",
        "SELECT count(*) FROM live r LEFT JOIN body b ON b.message = r.id / 65536 WHERE b.message IS NULL",
    ),
    (
        "owed reports on recipients that are neither returned nor relayed",
        "SELECT count(*) FROM obligation o LEFT JOIN recipient r ON r.id = o.recipient
         WHERE coalesce(r.state NOT IN (3, 5), true)",
    ),
    (
        "bodies without their message",
        "SELECT count(*) FROM body b LEFT JOIN message m ON m.id = b.message WHERE m.id IS NULL",
    ),
    // Sites and states of which another number was counted than there are rows.
    (
        "states of libraries whose recipients were counted wrongly",
        "SELECT count(*) FROM (SELECT FROM (
                SELECT site, state, sum(recipients) AS n FROM tally GROUP BY site, state
                UNION ALL SELECT coalesce(m.site, ''), r.state, -count(*)
                FROM recipient r JOIN message m ON m.id = r.id / 65536 GROUP BY 1, 2) both_ways
            GROUP BY site, state HAVING sum(n) <> 0) wrong",
    ),
    // In which more came to their end than were counted, as far back as it is counted; fewer are there once old mail is purged.
    (
        "quarters of an hour whose answers were counted wrongly",
        "SELECT count(*) FROM (
                SELECT coalesce(r.settled_at, r.aside_at) / 900000000 AS quarter, coalesce(m.site, '') AS site, r.state, count(*) AS n
                FROM recipient r JOIN message m ON m.id = r.id / 65536 WHERE r.state IN (2, 3, 4, 5, 7) GROUP BY 1, 2, 3) found
            FULL JOIN (SELECT quarter, site, state, sum(recipients) AS n FROM answered GROUP BY quarter, site, state) a
                USING (quarter, site, state)
            WHERE quarter >= (SELECT min(quarter) FROM answered) AND found.n > coalesce(a.n, 0) OR a.n < 0",
    ),
];
const ROWS_BY_STATE: &str = "SELECT state, count(*) FROM recipient GROUP BY state
    UNION ALL SELECT 8, count(*) FROM recipient WHERE in_doubt_at IS NOT NULL";

impl Postgres {
    pub(crate) async fn purge(
        &self,
        bodies_before: Timestamp,
        rows_before: Timestamp,
        limit: usize,
    ) -> Result<u64, Error> {
        let (bodies_before, rows_before, limit) = (micros(bodies_before), micros(rows_before), whole(limit));
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let mut purged = 0;
        for text in LISTS {
            purged += tx.run(text, &[&rows_before, &limit]).await?;
        }
        purged += tx.run(BODIES, &[&bodies_before, &limit]).await?;
        let rows = tx.all(MESSAGES, &[&rows_before, &limit]).await?;
        let ids = rows.iter().map(|row| row.id(0)).collect::<Result<Vec<_>, _>>()?;
        if !ids.is_empty() {
            for text in ROWS {
                tx.run(text, &[&ids]).await?;
            }
        }
        tx.commit().await?;
        Ok(purged + ids.len() as u64)
    }

    pub(crate) async fn check(&self) -> Result<Vec<String>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut found = Vec::new();
        for (what, question) in INVARIANTS {
            let count = tx.one(question, &[]).await?.id(0)?;
            if count != 0 {
                found.push(format!("{count} {what}"));
            }
        }
        found.extend(wrong_counts(&tx).await?);
        Ok(found)
    }
}

/// The counts by state against the rows; the last is of those that were ever in doubt.
async fn wrong_counts(tx: &Tx<'_>) -> Result<Vec<String>, Error> {
    let counted = counts::by_code(tx).await?;
    let mut rows = [0; 9];
    for row in tx.all(ROWS_BY_STATE, &[]).await? {
        if let Some(of) = usize::try_from(row.id(0)?).ok().and_then(|code| rows.get_mut(code)) {
            *of = crate::codes::count(row.id(1)?);
        }
    }
    let both = rows.into_iter().zip(counted).enumerate();
    let wrong = both.filter(|(_, (rows, counted))| rows != counted);
    Ok(wrong
        .map(|(code, (rows, counted))| {
            format!("{rows} recipients in state {code}, but {counted} were counted")
        })
        .collect())
}

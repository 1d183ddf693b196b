//! Of runs of the last days, what somebody has to see to still.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tokio_postgres::Row;

use super::{Postgres, tx::Tx};
use crate::{
    Error, RunId, State, Unsettled,
    codes::{micros, whole},
    rows::Columns as _,
    unsettled::{All, LOOKED, Later, RunSeen},
};

/// Behind it there is none of another run to the same address, no mail that was taken, and nothing that was sent again for it; few mails are
/// looked at for each: those of one address or of one patron.
const RETURNED: &str = "SELECT m.run, m.site, r.reason, r.expires_at, n.started_at, n.begun_by
    FROM (SELECT id, reason, expires_at, practice, settled_at FROM done WHERE state = 5 AND settled_at >= $1 ORDER BY settled_at DESC LIMIT $2) r
    JOIN message m ON m.id = r.id / 65536 JOIN run n ON n.id = m.run JOIN addressee a ON a.id = r.id
    WHERE NOT r.practice AND NOT n.practice AND r.reason IS NOT NULL AND m.tags[1] IS DISTINCT FROM 'copy to a teacher'
        AND NOT EXISTS (SELECT FROM message s WHERE s.tags[1] = 'sent again' AND s.tags[2] = 'sent again for ' || r.id)
        AND NOT EXISTS (SELECT FROM addressee b JOIN done l ON l.id = b.id JOIN message o ON o.id = l.id / 65536
            WHERE lower(b.address) = lower(a.address) AND b.id > r.id AND NOT l.practice
                AND (l.state = 3 AND o.run IS DISTINCT FROM m.run OR l.state = 5 AND o.run > m.run AND o.site IS NOT DISTINCT FROM m.site))
        AND NOT EXISTS (SELECT FROM message o JOIN done l ON l.id BETWEEN o.id * 65536 AND o.id * 65536 + 65535
            WHERE o.patron_number = m.patron_number AND o.site IS NOT DISTINCT FROM m.site AND o.id > m.id AND l.state = 3)
    ORDER BY r.settled_at DESC";
/// What waits for room in a mailbox has an index of its own, as much else may wait.
const FULL: &str = "SELECT m.run, m.site, r.reason, r.expires_at, n.started_at, n.begun_by
    FROM live r JOIN message m ON m.id = r.id / 65536 JOIN run n ON n.id = m.run
    WHERE r.state = 0 AND r.reason = 'mailbox_full' AND NOT r.practice AND m.tags[1] IS DISTINCT FROM 'copy to a teacher' LIMIT $1";
/// Runs are few.
const RUNS: &str = "SELECT id, notice, source, started_at, finished_at IS NOT NULL, begun_by FROM run
    WHERE started_at >= $1 AND NOT practice ORDER BY id DESC";
const LEFT_OUT: &str = "SELECT site, why, count(*) FROM left_out
    WHERE run = $1 AND why IN ('refused_line', 'unknown_branch', 'not_made') GROUP BY site, why";
const SITES: &str = "SELECT site FROM export_part WHERE run = $1";

impl Postgres {
    pub(crate) async fn unsettled(&self, since: Timestamp) -> Result<Vec<Unsettled>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = All::default();
        for row in tx.all(RETURNED, &[&micros(since), &whole(LOOKED)]).await? {
            all.count_why(&row, State::Returned)?;
        }
        for row in tx.all(FULL, &[&whole(LOOKED)]).await? {
            all.count_why(&row, State::Waiting)?;
        }
        let mut later = Later::default();
        for row in tx.all(RUNS, &[&micros(since)]).await? {
            let run = RunSeen::read(&row, sites(&tx, &row).await?)?;
            for one in tx.all(LEFT_OUT, &[&run.id.0]).await? {
                all.count_left_out(&one, &run, &later)?;
            }
            later.add(run);
        }
        Ok(all.newest_first())
    }
}

async fn sites(tx: &Tx<'_>, run: &Row) -> Result<BTreeSet<String>, Error> {
    let run = RunId(run.id(0)?);
    let mut all = BTreeSet::new();
    for row in tx.all(SITES, &[&run.0]).await? {
        all.extend(row.text(0)?);
    }
    Ok(all)
}

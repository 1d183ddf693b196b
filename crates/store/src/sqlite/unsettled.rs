//! Of runs of the last days, what somebody has to see to still.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    Sqlite,
    codes::{micros, whole},
};
use crate::{
    Error, RunId, State, Unsettled,
    unsettled::{All, LOOKED, Later, RunSeen},
};

/// Behind it there is none of another run to the same address, no mail that was taken, and nothing that was sent again for it; few mails are
/// looked at for each: those of one address or of one patron.
const RETURNED: &str = "SELECT m.run, m.site, r.reason, r.expires_at, n.started_at, n.begun_by
    FROM (SELECT id, reason, expires_at, address, practice FROM recipient INDEXED BY recipient_returned
        WHERE state = 5 AND settled_at >= ?1 ORDER BY settled_at DESC LIMIT ?2) r
    CROSS JOIN message m ON m.id = r.id / 65536 CROSS JOIN run n ON n.id = m.run
    WHERE r.practice = 0 AND n.practice = 0 AND r.reason IS NOT NULL
        AND NOT (m.tags IS NOT NULL AND json_extract(m.tags, '$[0]') = 'copy to a teacher')
        AND NOT EXISTS (SELECT 1 FROM message a INDEXED BY message_sent_again
            WHERE json_extract(a.tags, '$[0]') = 'sent again' AND json_extract(a.tags, '$[1]') = 'sent again for ' || r.id)
        AND NOT EXISTS (SELECT 1 FROM recipient l INDEXED BY recipient_address CROSS JOIN message o ON o.id = l.id / 65536
            WHERE l.address = r.address COLLATE NOCASE AND l.id > r.id AND l.practice = 0
                AND (l.state = 3 AND o.run IS NOT m.run OR l.state = 5 AND o.run > m.run AND o.site IS m.site))
        AND NOT EXISTS (SELECT 1 FROM message o INDEXED BY message_patron
            CROSS JOIN recipient l ON l.id BETWEEN o.id * 65536 AND o.id * 65536 + 65535
            WHERE o.patron_number = m.patron_number AND o.site IS m.site AND o.id > m.id AND l.state = 3)";
/// What waits for room in a mailbox has an index of its own, as much else may wait.
const FULL: &str = "SELECT m.run, m.site, r.reason, r.expires_at, n.started_at, n.begun_by
    FROM recipient r INDEXED BY recipient_mailbox_full CROSS JOIN message m ON m.id = r.id / 65536 CROSS JOIN run n ON n.id = m.run
    WHERE r.state = 0 AND r.reason = 'mailbox_full' AND r.practice = 0
        AND NOT (m.tags IS NOT NULL AND json_extract(m.tags, '$[0]') = 'copy to a teacher') LIMIT ?1";
/// Runs are few.
const RUNS: &str = "SELECT id, notice, source, started_at, finished_at IS NOT NULL, begun_by FROM run
    WHERE started_at >= ?1 AND practice = 0 ORDER BY id DESC";
const LEFT_OUT: &str = "SELECT site, why, count(*) FROM left_out INDEXED BY left_out_why
    WHERE run = ?1 AND why IN ('refused_line', 'unknown_branch', 'not_made') GROUP BY site, why";
const SITES: &str = "SELECT site FROM export_part WHERE run = ?1";

impl Sqlite {
    pub(crate) async fn unsettled(&self, since: Timestamp) -> Result<Vec<Unsettled>, Error> {
        self.readers
            .read(move |sql| {
                let sql = &*sql.unchecked_transaction()?;
                let mut all = All::default();
                let mut of_returned = sql.prepare_cached(RETURNED)?;
                count_why(of_returned.query((micros(since), whole(LOOKED)))?, State::Returned, &mut all)?;
                count_why(sql.prepare_cached(FULL)?.query([whole(LOOKED)])?, State::Waiting, &mut all)?;
                left_out(sql, since, &mut all)?;
                Ok(all.newest_first())
            })
            .await
    }
}

fn count_why(mut found: rusqlite::Rows<'_>, state: State, all: &mut All) -> Result<(), Error> {
    while let Some(row) = found.next()? {
        all.count_why(row, state)?;
    }
    Ok(())
}

fn left_out(sql: &Connection, since: Timestamp, all: &mut All) -> Result<(), Error> {
    let mut later = Later::default();
    let mut statement = sql.prepare_cached(RUNS)?;
    let mut found = statement.query([micros(since)])?;
    while let Some(row) = found.next()? {
        let run = RunSeen::read(row, sites(sql, RunId(row.get(0)?))?)?;
        let mut of_run = sql.prepare_cached(LEFT_OUT)?;
        let mut these = of_run.query([run.id.0])?;
        while let Some(one) = these.next()? {
            all.count_left_out(one, &run, &later)?;
        }
        later.add(run);
    }
    Ok(())
}

fn sites(sql: &Connection, run: RunId) -> Result<BTreeSet<String>, Error> {
    let mut statement = sql.prepare_cached(SITES)?;
    let found = statement.query_map([run.0], |row| row.get(0))?;
    Ok(found.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    #[test]
    fn each_return_is_looked_up_by_what_is_known_of_it() {
        let plan = open::tests::plan(RETURNED);
        for entered in
            ["recipient_returned (settled_at>?", "recipient_address", "message_patron", "message_sent_again"]
        {
            assert!(plan.contains(entered), "{entered}: {plan}");
        }
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN recipient"), "{plan}");
        let plan = open::tests::plan(FULL);
        assert!(plan.contains("SCAN r USING INDEX recipient_mailbox_full"), "{plan}");
        let plan = open::tests::plan(LEFT_OUT);
        assert!(plan.contains("left_out_why (run=? AND why=?"), "{plan}");
    }
}

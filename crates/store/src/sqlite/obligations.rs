//! Owed reports: written with the outcome, closed with the report.

use jiff::Timestamp;
use mail::Address;

use super::{
    Sqlite, accept,
    codes::{count, micros, whole},
    rows,
    writer::Tx,
};
use crate::{
    Accepted, Error, NewMessage, Obligation, Owing, RecipientId,
    reports::{FAILURE, SUCCESS, obligation, owing},
};

/// Owed for mail with a reverse-path, if the sender wants to hear of what ?3 stands for (RFC 3461 section 4.1: NOTIFY, where bit 1 is
/// SUCCESS and bit 2 FAILURE); who said nothing wants to hear of ?4. A report or an alarm never causes a report.
const OWE: &str = "INSERT INTO obligation (recipient, return_address, owed_since)
    SELECT r.id, m.reverse_path, ?2 FROM recipient r JOIN message m ON m.id = r.id / 65536
    WHERE r.id = ?1 AND m.kind = 0 AND m.reverse_path IS NOT NULL AND coalesce(r.notify, ?4) & ?3
    ON CONFLICT DO NOTHING";
const RETURNED_SINCE: &str =
    "SELECT count(*) FROM recipient r INDEXED BY recipient_returned JOIN message m ON m.id = r.id / 65536
    WHERE r.state = 5 AND r.settled_at >= ?1 AND m.reverse_path = ?2 AND m.kind = 0 AND r.practice = ?3";

/// Which report told of it.
const REPORTED: &str = "UPDATE recipient SET reported_in = ?2 WHERE id = ?1";

const OWING: &str = "SELECT o.return_address, r.practice, count(*), min(o.owed_since)
    FROM obligation o JOIN recipient r ON r.id = o.recipient
    GROUP BY o.return_address, r.practice HAVING min(o.owed_since) < ?1 ORDER BY min(o.owed_since)";
/// What [`obligation`] reads beside what is shown.
const BESIDE: &str = "o.owed_since, m.envelope_id,
    (SELECT a.started_at FROM attempt a WHERE a.recipient = r.id ORDER BY a.n LIMIT 1),
    (SELECT a.ended_at FROM attempt a WHERE a.recipient = r.id ORDER BY a.n DESC LIMIT 1),
    run.notice, run.source, run.started_at, m.ret";

/// Puts on record that a report on this returned recipient is owed, if it is.
pub(super) fn owe(tx: &Tx<'_>, id: RecipientId, now: Timestamp) -> Result<(), Error> {
    tx.sql.prepare_cached(OWE)?.execute((id.0, micros(now), FAILURE, FAILURE))?;
    Ok(())
}

/// The same for a recipient whose message was relayed to a server that reports no success.
pub(super) fn owe_relayed(tx: &Tx<'_>, id: RecipientId, now: Timestamp) -> Result<(), Error> {
    tx.sql.prepare_cached(OWE)?.execute((id.0, micros(now), SUCCESS, FAILURE))?;
    Ok(())
}

fn close(tx: &Tx<'_>, id: RecipientId) -> Result<bool, Error> {
    Ok(tx.sql.prepare_cached("DELETE FROM obligation WHERE recipient = ?1")?.execute([id.0])? > 0)
}

impl Sqlite {
    pub(crate) async fn owing(&self, owed_before: Timestamp) -> Result<Vec<Owing>, Error> {
        self.readers
            .read(move |reader| {
                let mut statement = reader.prepare_cached(OWING)?;
                let mut found = statement.query([micros(owed_before)])?;
                let mut all = Vec::new();
                while let Some(row) = found.next()? {
                    all.extend(owing(row)?);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn obligations(
        &self,
        return_address: &Address,
        practice: bool,
        limit: usize,
    ) -> Result<Vec<Obligation>, Error> {
        let address = return_address.as_str().to_owned();
        let sql = format!(
            "SELECT {}, {BESIDE} FROM obligation o INDEXED BY obligation_since
             JOIN recipient r ON r.id = o.recipient JOIN message m ON m.id = o.recipient / 65536
             LEFT JOIN run ON run.id = m.run
             WHERE o.return_address = ?1 AND r.practice = ?2 ORDER BY o.owed_since, o.recipient LIMIT ?3",
            rows::SHOWN
        );
        self.readers
            .read(move |reader| {
                let mut statement = reader.prepare_cached(&sql)?;
                let mut found = statement.query((address, practice, whole(limit)))?;
                let mut owed = Vec::new();
                while let Some(row) = found.next()? {
                    owed.extend(obligation(row)?);
                }
                Ok(owed)
            })
            .await
    }

    pub(crate) async fn returned_since(
        &self,
        return_address: &Address,
        practice: bool,
        since: Timestamp,
    ) -> Result<u64, Error> {
        let address = return_address.as_str().to_owned();
        self.readers
            .read(move |sql| {
                let mut statement = sql.prepare_cached(RETURNED_SINCE)?;
                Ok(count(statement.query_row((micros(since), address, practice), |row| row.get(0))?))
            })
            .await
    }

    pub(crate) async fn report(
        &self,
        report: NewMessage,
        closes: Vec<RecipientId>,
        now: Timestamp,
    ) -> Result<Accepted, Error> {
        self.writer
            .write(move |tx| {
                let accepted = accept::store(tx, &report, now)?;
                for id in closes {
                    if !close(tx, id)? {
                        return Err(Error::NotFound("owed report"));
                    }
                    tx.sql.prepare_cached(REPORTED)?.execute((id.0, accepted.id.0))?;
                }
                Ok(accepted)
            })
            .await
    }

    pub(crate) async fn close_obligations(&self, ids: Vec<RecipientId>) -> Result<(), Error> {
        self.writer.write(move |tx| ids.into_iter().try_for_each(|id| close(tx, id).map(drop))).await
    }
}

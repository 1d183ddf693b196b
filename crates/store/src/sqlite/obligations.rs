//! Owed reports: written with the outcome, closed with the report.

use jiff::Timestamp;
use mail::Address;

use super::{
    Sqlite, accept,
    codes::{count, micros, whole},
    rows,
    writer::Tx,
};
use crate::{Accepted, Error, NewMessage, Obligation, RecipientId};

/// Owed for mail with a reverse-path, unless the sender asked not to hear of failures (RFC 3461 section 4.1: NOTIFY, where bit
/// 2 stands for FAILURE). A report or an alarm never causes a report.
const OWE: &str = "INSERT INTO obligation (recipient, return_address, owed_since)
    SELECT r.id, m.reverse_path, ?2 FROM recipient r JOIN message m ON m.id = r.id / 65536
    WHERE r.id = ?1 AND m.kind = 0 AND m.reverse_path IS NOT NULL AND (r.notify IS NULL OR r.notify & 2)
    ON CONFLICT DO NOTHING";
const RETURNED_SINCE: &str =
    "SELECT count(*) FROM recipient r INDEXED BY recipient_returned JOIN message m ON m.id = r.id / 65536
    WHERE r.state = 5 AND r.settled_at >= ?1 AND m.reverse_path = ?2 AND m.kind = 0 AND r.practice = ?3";

/// Puts on record that a report on this returned recipient is owed, if it is.
pub(super) fn owe(tx: &Tx<'_>, id: RecipientId, now: Timestamp) -> Result<(), Error> {
    tx.sql.prepare_cached(OWE)?.execute((id.0, micros(now)))?;
    Ok(())
}

fn close(tx: &Tx<'_>, id: RecipientId) -> Result<bool, Error> {
    Ok(tx.sql.prepare_cached("DELETE FROM obligation WHERE recipient = ?1")?.execute([id.0])? > 0)
}

impl Sqlite {
    pub(crate) async fn obligations(
        &self,
        owed_before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Obligation>, Error> {
        let sql = format!(
            "SELECT {}, o.return_address, o.owed_since FROM obligation o INDEXED BY obligation_since
             JOIN recipient r ON r.id = o.recipient JOIN message m ON m.id = o.recipient / 65536
             WHERE o.owed_since < ?1 ORDER BY o.owed_since, o.recipient LIMIT ?2",
            rows::SHOWN
        );
        self.readers
            .read(move |reader| {
                let mut statement = reader.prepare_cached(&sql)?;
                let mut found = statement.query((micros(owed_before), whole(limit)))?;
                let mut owed = Vec::new();
                while let Some(row) = found.next()? {
                    let address = rows::text(row, 27)?.and_then(|text| Address::parse(&text).ok());
                    let (Some(return_address), Some(owed_since)) = (address, rows::at(row, 28)?) else {
                        continue;
                    };
                    owed.push(Obligation { return_address, owed_since, row: rows::shown(row)? });
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
                for id in closes {
                    if !close(tx, id)? {
                        return Err(Error::NotFound("owed report"));
                    }
                }
                accept::store(tx, &report, now)
            })
            .await
    }

    pub(crate) async fn close_obligations(&self, ids: Vec<RecipientId>) -> Result<(), Error> {
        self.writer.write(move |tx| ids.into_iter().try_for_each(|id| close(tx, id).map(drop))).await
    }
}

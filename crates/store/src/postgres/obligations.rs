//! Owed reports: written with the outcome, closed with the report.

use jiff::Timestamp;
use mail::Address;

use super::{Postgres, accept::store_all, rows, tx::Tx};
use crate::{
    Accepted, Error, NewMessage, Obligation, Owing, RecipientId,
    codes::{count, micros, small, whole},
    reports::{FAILURE, SUCCESS, obligation, owing},
    rows::Columns as _,
};

/// Owed for mail with a reverse-path, if the sender wants to hear of what $3 stands for; who said nothing wants to hear of $4. A report or an alarm
/// never causes a report.
const OWE: &str = "INSERT INTO obligation (recipient, return_address, owed_since)
    SELECT k.id, m.reverse_path, k.owed_since FROM unnest($1::BIGINT[], $2::BIGINT[]) AS k (id, owed_since)
    JOIN message m ON m.id = k.id / 65536 JOIN addressee a ON a.id = k.id
    WHERE m.kind = 0 AND m.reverse_path IS NOT NULL AND coalesce(a.notify, $4) & $3 <> 0
    ON CONFLICT DO NOTHING";
const RETURNED_SINCE: &str = "SELECT count(*) FROM done r JOIN message m ON m.id = r.id / 65536
    WHERE r.state = 5 AND r.settled_at >= $1 AND m.reverse_path = $2 AND m.kind = 0 AND r.practice = $3";
const REPORTED: &str = "UPDATE done SET reported_in = $2 WHERE id = ANY($1)";
const CLOSE: &str = "DELETE FROM obligation WHERE recipient = ANY($1)";
const OWING: &str = "SELECT o.return_address, r.practice, count(*), min(o.owed_since) FROM obligation o JOIN recipient r ON r.id = o.recipient
    GROUP BY o.return_address, r.practice HAVING min(o.owed_since) < $1 ORDER BY min(o.owed_since)";
/// What [`obligation`] reads beside what is shown.
const BESIDE: &str = "o.owed_since, m.envelope_id,
    (SELECT t.started_at FROM attempt t WHERE t.recipient = r.id ORDER BY t.n LIMIT 1),
    (SELECT t.ended_at FROM attempt t WHERE t.recipient = r.id ORDER BY t.n DESC LIMIT 1),
    run.notice, run.source, run.started_at, m.ret";

/// Puts on record that reports on these returned recipients are owed, if they are.
pub(super) async fn owe(tx: &Tx<'_>, returned: &[(RecipientId, Timestamp)]) -> Result<(), Error> {
    owe_for(tx, returned, FAILURE).await
}

/// The same for recipients whose message was relayed to a server that reports no success.
pub(super) async fn owe_relayed(tx: &Tx<'_>, relayed: &[(RecipientId, Timestamp)]) -> Result<(), Error> {
    owe_for(tx, relayed, SUCCESS).await
}

async fn owe_for(tx: &Tx<'_>, all: &[(RecipientId, Timestamp)], wanted: i64) -> Result<(), Error> {
    if all.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = all.iter().map(|(id, _)| id.0).collect();
    let since: Vec<_> = all.iter().map(|(_, now)| micros(*now)).collect();
    tx.run(OWE, &[&ids, &since, &small(wanted), &small(FAILURE)]).await.map(drop)
}

impl Postgres {
    pub(crate) async fn owing(&self, owed_before: Timestamp) -> Result<Vec<Owing>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut all = Vec::new();
        for row in tx.all(OWING, &[&micros(owed_before)]).await? {
            all.extend(owing(&row)?);
        }
        Ok(all)
    }

    pub(crate) async fn obligations(
        &self,
        return_address: &Address,
        practice: bool,
        limit: usize,
    ) -> Result<Vec<Obligation>, Error> {
        let question = format!(
            "SELECT {}, {BESIDE} FROM obligation o JOIN recipient r ON r.id = o.recipient JOIN message m ON m.id = o.recipient / 65536
             JOIN addressee a ON a.id = r.id LEFT JOIN run ON run.id = m.run
             WHERE o.return_address = $1 AND r.practice = $2 ORDER BY o.owed_since, o.recipient LIMIT $3",
            rows::SHOWN
        );
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut owed = Vec::new();
        for row in tx.all(&question, &[&return_address.as_str(), &practice, &whole(limit)]).await? {
            owed.extend(obligation(&row)?);
        }
        Ok(owed)
    }

    pub(crate) async fn returned_since(
        &self,
        return_address: &Address,
        practice: bool,
        since: Timestamp,
    ) -> Result<u64, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let row = tx.one(RETURNED_SINCE, &[&micros(since), &return_address.as_str(), &practice]).await?;
        Ok(count(row.id(0)?))
    }

    pub(crate) async fn report(
        &self,
        report: NewMessage,
        closes: Vec<RecipientId>,
        now: Timestamp,
    ) -> Result<Accepted, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let accepted = store_all(&self.opened, &tx, &[(&report, now)]).await?.pop();
        let accepted = accepted.ok_or_else(|| Error::Internal("a report that was not stored".to_owned()))?;
        let ids: Vec<_> = closes.iter().map(|id| id.0).collect();
        if tx.run(CLOSE, &[&ids]).await? != ids.len() as u64 {
            return Err(Error::NotFound("owed report"));
        }
        tx.run(REPORTED, &[&ids, &accepted.id.0]).await?;
        tx.commit().await?;
        Ok(accepted)
    }

    pub(crate) async fn close_obligations(&self, ids: Vec<RecipientId>) -> Result<(), Error> {
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        tx.run(CLOSE, &[&ids]).await?;
        tx.commit().await
    }
}

//! "Transmission begun", for all connections that wait at the same time: one statement.

use std::{collections::BTreeSet, sync::Arc};

use tokio::sync::oneshot;

use super::{
    Postgres,
    gather::Job,
    opened::Opened,
    worker::{LEAST_LEFT, micros_of},
};
use crate::{Error, Lease, RecipientId, codes::whole, rows::Columns as _};

/// Rows are marked together or not at all with those that were asked for together, only while the claim is ours, and only while our lease lasts
/// for a while yet. A row that is marked already stays as it is. Whoever takes over waits for the row, and reads the mark.
const MARK: &str = "WITH asked AS (SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[]) AS k (id, lease, place)),
    lasting AS (SELECT FROM worker WHERE epoch = $4 AND lease_until >= clock_micros() + $5),
    held AS (SELECT l.id, l.lease FROM live l
        WHERE l.id = ANY($1) AND (l.id, l.lease) IN (SELECT id, lease FROM asked) AND l.state = 1 AND l.claimed_in = $4
        ORDER BY l.id FOR UPDATE),
    ours AS (SELECT a.place FROM asked a LEFT JOIN held h ON h.id = a.id AND h.lease = a.lease
        GROUP BY a.place HAVING bool_and(h.id IS NOT NULL) AND EXISTS (SELECT FROM lasting)),
    marked AS (UPDATE live SET marked_at = clock_micros() WHERE marked_at IS NULL AND state = 1
        AND (id, lease) IN (SELECT a.id, a.lease FROM asked a JOIN ours USING (place)))
    SELECT place FROM ours";

/// What one connection is about to send.
pub(super) struct Mark {
    keys: Vec<(RecipientId, Lease)>,
    answer: oneshot::Sender<Result<bool, Error>>,
}

impl Postgres {
    pub(crate) async fn mark(&self, recipients: &[(RecipientId, Lease)]) -> Result<bool, Error> {
        if recipients.is_empty() {
            return if self.marks.is_closed() { Err(Error::Closed) } else { Ok(true) };
        }
        let (answer, answered) = oneshot::channel();
        self.marks.send(Mark { keys: recipients.to_vec(), answer }).await?;
        answered.await.map_err(|_| Error::Closed)?
    }
}

impl Job for Mark {
    fn weight(&self) -> (usize, usize) {
        (self.keys.len(), 0)
    }

    async fn work(opened: &Arc<Opened>, jobs: Vec<Self>) {
        match mark_all(opened, &jobs).await {
            Ok(ours) => {
                for (place, job) in (0..).zip(jobs) {
                    drop(job.answer.send(Ok(ours.contains(&place))));
                }
            }
            Err(error) => jobs.into_iter().for_each(|job| drop(job.answer.send(Err(error.clone())))),
        }
    }
}

async fn mark_all(opened: &Opened, jobs: &[Mark]) -> Result<BTreeSet<i64>, Error> {
    let (mut ids, mut leases, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for (place, job) in jobs.iter().enumerate() {
        for (id, lease) in &job.keys {
            ids.push(id.0);
            leases.push(lease.0);
            places.push(whole(place));
        }
    }
    let mut connection = opened.connection().await?;
    let tx = opened.write(&mut connection).await?;
    let rows = tx.all(MARK, &[&ids, &leases, &places, &opened.epoch, &micros_of(LEAST_LEFT)]).await?;
    let ours = rows.iter().map(|row| row.id(0)).collect::<Result<_, _>>()?;
    tx.commit().await?;
    Ok(ours)
}

//! Age: what waited until it expired behind a way of sending that was shut.

use jiff::Timestamp;
use mail::Reason;

use super::{
    Postgres,
    ends::{End, Marks},
    event_log, obligations,
};
use crate::{
    Error, EventKind, RecipientId, Source, State,
    codes::{micros, name, plain, whole},
    events::Happening,
    rows::Columns as _,
};

const EXPIRED: &str = "SELECT id, source, in_doubt_at IS NOT NULL FROM live
    WHERE state = 0 AND practice = $1 AND expires_at <= $2 ORDER BY expires_at, id LIMIT $3 FOR UPDATE SKIP LOCKED";
/// Nobody is told that it was not received: a person decides.
const SET_ASIDE: &str = "UPDATE live SET state = 2, due_at = NULL, alone = 0, aside_at = $2, reason = $3, note = $4 WHERE id = ANY($1)";

impl Postgres {
    pub(crate) async fn expire(
        &self,
        cutoff: Timestamp,
        practice: bool,
        limit: usize,
        reason: Reason,
        answer: String,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let (reason, in_doubt) = (name(&reason)?, name(&Reason::AnswerUnknown)?);
        let answer = plain(&answer);
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let rows = tx.all(EXPIRED, &[&practice, &micros(cutoff), &whole(limit)]).await?;
        let (mut ended, mut aside) = (Vec::new(), Vec::new());
        for row in &rows {
            let id = row.id(0)?;
            if row.is(2)? { aside.push(id) } else { ended.push(id) }
        }
        let end = End { to: State::Returned, reason: &reason, note: Some(&answer), marks: Marks::Stay };
        end.of(&tx, &ended, now).await?;
        tx.run(SET_ASIDE, &[&aside, &micros(now), &in_doubt, &answer]).await?;
        for row in &rows {
            let id = row.id(0)?;
            let (kind, reason) =
                if row.is(2)? { (EventKind::InDoubt, &in_doubt) } else { (EventKind::Returned, &reason) };
            let happening = Happening { reason: Some(reason), ..Happening::new(kind, RecipientId(id)) };
            event_log::note(&tx, Source(row.id(1)?), happening, now);
        }
        let owed: Vec<_> = ended.iter().map(|id| (RecipientId(*id), now)).collect();
        obligations::owe(&tx, &owed).await?;
        tx.commit().await?;
        Ok(rows.len() as u64)
    }
}

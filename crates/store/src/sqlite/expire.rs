//! Age: what waited until it expired behind a way of sending that was shut.

use jiff::Timestamp;
use mail::Reason;

use super::{
    Sqlite,
    codes::{micros, name, whole},
    events::{self, Noted},
    obligations,
};
use crate::{Error, EventKind, RecipientId, Source, State};

const EXPIRED: &str = "SELECT id, source FROM recipient INDEXED BY recipient_expiring
    WHERE state = 0 AND practice = ?1 AND expires_at <= ?2 ORDER BY expires_at, id LIMIT ?3";
/// Nobody is told that it was not received: a person decides.
const SET_ASIDE: &str =
    "UPDATE recipient SET state = 2, due_at = NULL, alone = 0, aside_at = ?2, reason = ?3, note = ?4
    WHERE id = ?1 AND state = 0 AND in_doubt_at IS NOT NULL";
const RETURN: &str =
    "UPDATE recipient SET state = 5, due_at = NULL, alone = 0, settled_at = ?2, reason = ?3, note = ?4
    WHERE id = ?1 AND state = 0";

impl Sqlite {
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
        self.writer
            .write(move |tx| {
                let mut statement = tx.sql.prepare_cached(EXPIRED)?;
                let expired = statement.query_map((practice, micros(cutoff), whole(limit)), |row| {
                    Ok((row.get(0)?, Source(row.get(1)?)))
                })?;
                let expired: Vec<(i64, Source)> = expired.collect::<Result<_, _>>()?;
                for (id, source) in &expired {
                    let noted =
                        |kind, reason| Noted { reason: Some(reason), ..Noted::new(kind, RecipientId(*id)) };
                    let aside = (id, micros(now), &in_doubt, &answer);
                    if tx.sql.prepare_cached(SET_ASIDE)?.execute(aside)? > 0 {
                        tx.draft.moved(State::Waiting, State::InDoubt);
                        events::note(tx, *source, noted(EventKind::InDoubt, &in_doubt), now)?;
                        continue;
                    }
                    tx.sql.prepare_cached(RETURN)?.execute((id, micros(now), &reason, &answer))?;
                    tx.draft.moved(State::Waiting, State::Returned);
                    events::note(tx, *source, noted(EventKind::Returned, &reason), now)?;
                    obligations::owe(tx, RecipientId(*id), now)?;
                }
                Ok(expired.len() as u64)
            })
            .await
    }
}

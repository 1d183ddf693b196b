//! Ends without an attempt: what waits, or is set aside, goes from `live` to `done`.

use jiff::Timestamp;

use super::tx::Tx;
use crate::{
    Error, RecipientId, Source, State,
    codes::{micros, small, state_code},
    rows::Columns as _,
};

/// Whatever is not being sent, of these.
macro_rules! end {
    ($outdated_by:literal, $outdated_why:literal) => {
        concat!(
            "WITH gone AS (DELETE FROM live WHERE id = ANY($1) AND state <> 1 RETURNING *)
            INSERT INTO done (id, source, expires_at, settled_at, in_doubt_at, outdated_by, attempts, strikes, state, class, practice,
                reason, note, outdated_why)
            SELECT id, source, expires_at, $2, in_doubt_at, ",
            $outdated_by,
            ", attempts, strikes, $3, class, practice, $4, coalesce($5, note), ",
            $outdated_why,
            " FROM gone RETURNING id, source"
        )
    };
}

const END: &str = end!("outdated_by", "outdated_why");
/// What a newer export had marked, and a person decided about since.
const END_DECIDED: &str = end!("NULL", "NULL");
const END_OUTDATED: &str = end!("$6", "$4");

/// How mail ends without an attempt.
pub(super) struct End<'a> {
    pub(super) to: State,
    pub(super) reason: &'a str,
    /// What stands for an answer.
    pub(super) note: Option<&'a str>,
    pub(super) marks: Marks,
}

/// What becomes of the mark of a newer export.
pub(super) enum Marks {
    Stay,
    Go,
    /// The export of this run ended it.
    By(i64),
}

impl End<'_> {
    /// Ends these; gives those that were there, and whose they are.
    pub(super) async fn of(
        &self,
        tx: &Tx<'_>,
        ids: &[i64],
        now: Timestamp,
    ) -> Result<Vec<(RecipientId, Source)>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (now, to) = (micros(now), small(state_code(self.to)));
        let rows = match &self.marks {
            Marks::Stay => tx.all(END, &[&ids, &now, &to, &self.reason, &self.note]).await?,
            Marks::Go => tx.all(END_DECIDED, &[&ids, &now, &to, &self.reason, &self.note]).await?,
            Marks::By(run) => tx.all(END_OUTDATED, &[&ids, &now, &to, &self.reason, &self.note, run]).await?,
        };
        rows.iter().map(|row| Ok((RecipientId(row.id(0)?), Source(row.id(1)?)))).collect()
    }
}

//! What people ask: retry, hold, release, cancel, return. Large selections go in slices between others' work.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    Postgres,
    ends::{End, Marks},
    event_log,
    list::{self, Value},
    notices, obligations,
    tx::Tx,
};
use crate::{
    Error, Move, Moved, RecipientId, Selection, Source, State,
    codes::{micros, state, state_code, whole},
    events::Happening,
    rows::Columns as _,
};

/// Recipients that one slice moves.
const SLICE: usize = 250;

/// From held and in doubt: the time aside does not count towards the age, which begins with `first_due_at`. What of it lies in a time
/// in which no mail ages is credited when that ends. What broke the program before is attempted alone. $3: what was not to be sent before a
/// time, and was not, is not sent before it.
const WAIT: &str = "UPDATE live l SET state = 0,
        due_at = CASE WHEN $3 AND l.attempts = 0 THEN greatest($2, m.first_due_at) ELSE $2 END,
        expires_at = l.expires_at + CASE WHEN l.aside_at IS NULL THEN 0 ELSE greatest(least($2, coalesce((SELECT value FROM meta
                WHERE name = CASE WHEN l.practice THEN 'ageing_stopped_practice' ELSE 'ageing_stopped' END), $2))
            - greatest(l.aside_at, m.first_due_at), 0) END,
        aside_at = NULL, alone = greatest(l.alone, (l.strikes > 0)::INTEGER::SMALLINT), strikes = 0, outdated_by = NULL, outdated_why = NULL
    FROM message m WHERE m.id = l.id / 65536 AND l.id = ANY($1)";
const HOLD: &str = "UPDATE live SET state = 6, due_at = NULL, alone = 0, aside_at = $2, reason = 'by_person' WHERE id = ANY($1)";
/// Where they stand, and whether each waits for the time before which it is not to be sent.
const CURRENT: &str = "SELECT l.id, l.state, l.source, l.state = 0 AND l.attempts = 0 AND m.first_due_at > $2
    FROM live l JOIN message m ON m.id = l.id / 65536 WHERE l.id = ANY($1) ORDER BY l.id FOR UPDATE OF l";
const ENDED: &str = "SELECT id, state FROM done WHERE id = ANY($1)";

impl Postgres {
    pub(crate) async fn move_recipients(
        &self,
        selection: Selection,
        wish: Move,
        now: Timestamp,
    ) -> Result<Moved, Error> {
        // Who names a message wants it now; who tries again all that waits does not mean what is for later.
        let keeps_times = wish == Move::Retry && !matches!(selection, Selection::Messages(_));
        let mut total = Moved::default();
        let start = match &selection {
            Selection::Matching(filter) => {
                let mut connection = self.connection().await?;
                list::first(&self.read(&mut connection).await?, filter).await?
            }
            _ => None,
        };
        for (question, values) in questions(&selection, wish) {
            let mut after = start.map_or(0, |first| first - 1);
            while let Some(last) =
                self.move_slice(&question, &values, after, (wish, keeps_times), now, &mut total).await?
            {
                after = last;
            }
        }
        Ok(total)
    }

    /// Moves the next ones; gives the last of them.
    async fn move_slice(
        &self,
        question: &str,
        values: &[Value],
        after: i64,
        (wish, keeps_times): (Move, bool),
        now: Timestamp,
        total: &mut Moved,
    ) -> Result<Option<i64>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let bounds = [Value::from(after), Value::from(whole(SLICE))];
        let all: Vec<_> = bounds.iter().chain(values).map(Value::as_sql).collect();
        let rows = tx.all(question, &all).await?;
        let ids = rows.iter().map(|row| row.id(0)).collect::<Result<Vec<_>, _>>()?;
        if ids.is_empty() {
            return Ok(None);
        }
        let moved = move_all(&tx, &ids, wish, keeps_times, now).await?;
        tx.commit().await?;
        total.moved += moved.moved;
        total.unmoved += moved.unmoved;
        for (state, count) in moved.unmoved_in {
            *total.unmoved_in.entry(state).or_default() += count;
        }
        Ok(ids.last().copied())
    }
}

/// The selection as questions for the next $2 recipients behind $1, in the order of ids.
fn questions(selection: &Selection, wish: Move) -> Vec<(String, Vec<Value>)> {
    let among = |condition: &str| {
        format!("SELECT r.id FROM recipient r WHERE r.id > $1 AND {condition} ORDER BY r.id LIMIT $2")
    };
    let codes = |states: &[State]| {
        let codes: Vec<_> = states.iter().map(|state| state_code(*state).to_string()).collect();
        among(&format!("r.state IN ({})", codes.join(", ")))
    };
    match selection {
        Selection::Messages(ids) => ids
            .iter()
            .map(|id| {
                let (first, last) = (RecipientId::of(*id, 0).0, RecipientId::of(*id, u16::MAX).0);
                (among("r.id BETWEEN $3 AND $4"), vec![first.into(), last.into()])
            })
            .collect(),
        Selection::Run(run) => {
            let of_run = "SELECT r.id FROM message m JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
                WHERE m.run = $3 AND m.id >= $1::BIGINT / 65536 AND r.id > $1 ORDER BY m.id, r.id LIMIT $2";
            vec![(of_run.to_owned(), vec![run.0.into()])]
        }
        Selection::Matching(filter) => vec![list::upwards(filter)],
        Selection::State(state) => vec![(codes(&[*state]), Vec::new())],
        Selection::WaitingSinceBefore(instant) => {
            let due_before =
                "r.state = 0 AND (SELECT m.first_due_at FROM message m WHERE m.id = r.id / 65536) < $3";
            vec![(among(due_before), vec![micros(*instant).into()])]
        }
        Selection::All => vec![(codes(wish.legal_from()), Vec::new())],
    }
}

async fn move_all(
    tx: &Tx<'_>,
    ids: &[i64],
    wish: Move,
    keeps_times: bool,
    now: Timestamp,
) -> Result<Moved, Error> {
    let mut moved = Moved::default();
    let mut stays = |state: Option<State>| {
        moved.unmoved += 1;
        if let Some(state) = state {
            *moved.unmoved_in.entry(state).or_default() += 1;
        }
    };
    let (mut meant, mut seen) = (BTreeMap::new(), 0);
    for row in tx.all(CURRENT, &[&ids, &micros(now)]).await? {
        seen += 1;
        let from = state(row.id(1)?);
        let legal = from.is_some_and(|from| wish.legal_from().contains(&from));
        if legal && !(keeps_times && row.is(3)?) {
            meant.insert(row.id(0)?, Source(row.id(2)?));
        } else {
            stays(from);
        }
    }
    for row in tx.all(ENDED, &[&ids]).await? {
        seen += 1;
        stays(state(row.id(1)?));
    }
    // What was there a moment ago.
    (seen..ids.len()).for_each(|_| stays(None));
    let ids: Vec<i64> = meant.keys().copied().collect();
    moved.moved = ids.len() as u64;
    let messages: BTreeSet<i64> = ids.iter().map(|id| RecipientId(*id).message().0).collect();
    match wish {
        Move::Retry | Move::Release => {
            tx.run(WAIT, &[&ids, &micros(now), &(wish == Move::Release)]).await?;
            tx.ring();
        }
        Move::Hold => drop(tx.run(HOLD, &[&ids, &micros(now)]).await?),
        Move::Cancel | Move::Return => {
            let marks = if wish == Move::Cancel { Marks::Go } else { Marks::Stay };
            let end = End { to: wish.leads_to(), reason: "by_person", note: None, marks };
            end.of(tx, &ids, now).await?;
        }
    }
    for (id, source) in &meant {
        let happening =
            Happening { reason: Some("by_person"), ..Happening::new(wish.happened(), RecipientId(*id)) };
        event_log::note(tx, *source, happening, now);
    }
    if wish == Move::Return {
        let owed: Vec<_> = ids.iter().map(|id| (RecipientId(*id), now)).collect();
        obligations::owe(tx, &owed).await?;
    }
    if wish == Move::Cancel {
        notices::forget_all_of(tx, &messages).await?;
    }
    Ok(moved)
}

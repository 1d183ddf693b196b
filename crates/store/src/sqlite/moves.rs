//! What people ask: retry, hold, release, cancel, return. Large selections go in slices between others' work.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params_from_iter, types::Value};

use super::{
    Sqlite,
    codes::{micros, state, state_code, whole},
    events::{self, Noted},
    list,
    notices::{self, Written},
    obligations,
    writer::Tx,
};
use crate::{Error, Move, Moved, RecipientId, Selection, Source, State};

/// Recipients that one slice moves.
const SLICE: usize = 250;

/// From held and in doubt: the time aside does not count towards the age, which begins with `first_due_at`. What of it lies in a time
/// in which no mail ages is credited when that ends. What broke the program before is attempted alone.
macro_rules! wait_until {
    ($due_at:literal) => {
        concat!(
            "UPDATE recipient SET state = 0, due_at = ",
            $due_at,
            ", expires_at = expires_at + max(coalesce(min(?2, m.ageing_until) - max(aside_at, m.first_due_at), 0), 0),
                aside_at = NULL, alone = max(alone, strikes > 0), strikes = 0, outdated_by = NULL, outdated_why = NULL
            FROM (SELECT first_due_at, coalesce((SELECT value FROM meta
                    WHERE name = CASE practice WHEN 0 THEN 'ageing_stopped' ELSE 'ageing_stopped_practice' END), ?2) AS ageing_until
                FROM message WHERE id = ?1 / 65536) m
            WHERE recipient.id = ?1 AND state = ?3"
        )
    };
}
const RETRY: &str = wait_until!("?2");
/// What was not to be sent before a time, and was not, is not sent before it.
const RELEASE: &str = wait_until!("CASE attempts WHEN 0 THEN max(?2, m.first_due_at) ELSE ?2 END");
const HOLD: &str =
    "UPDATE recipient SET state = 6, due_at = NULL, alone = 0, aside_at = ?2, reason = 'by_person'
    WHERE id = ?1 AND state = ?3";
const CANCEL: &str = "UPDATE recipient SET state = 7, due_at = NULL, alone = 0, aside_at = NULL, settled_at = ?2, reason = 'by_person',
        outdated_by = NULL, outdated_why = NULL
    WHERE id = ?1 AND state = ?3";
const RETURN: &str = "UPDATE recipient SET state = 5, due_at = NULL, alone = 0, aside_at = NULL, settled_at = ?2, reason = 'by_person'
    WHERE id = ?1 AND state = ?3";

/// And whether it waits for the time before which it is not to be sent.
const CURRENT: &str = "SELECT state, source, state = 0 AND attempts = 0
        AND (SELECT m.first_due_at > ?2 FROM message m WHERE m.id = recipient.id / 65536)
    FROM recipient WHERE id = ?1";

const OF_RUN: &str = "SELECT r.id FROM message m INDEXED BY message_run CROSS JOIN recipient r
        ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
    WHERE m.run = ?3 AND m.id >= ?1 / 65536 AND r.id > ?1 ORDER BY m.id, r.id LIMIT ?2";

impl Sqlite {
    pub(crate) async fn move_recipients(
        &self,
        selection: Selection,
        wish: Move,
        now: Timestamp,
    ) -> Result<Moved, Error> {
        // Who names a message wants it now; who tries again all that waits does not mean what is for later.
        let keeps_times = wish == Move::Retry && !matches!(selection, Selection::Messages(_));
        let mut total = Moved::default();
        let start = match selection.clone() {
            Selection::Matching(filter) => self.readers.read(move |sql| list::first(sql, &filter)).await?,
            _ => None,
        };
        for (question, values) in questions(&selection, wish) {
            let mut after = start.map_or(0, |first| first - 1);
            loop {
                let (question, values) = (question.clone(), values.clone());
                let found = self.readers.read(move |sql| slice(sql, &question, values, after, wish)).await?;
                let Some(last) = found.ids.last() else { break };
                after = *last;
                let moved = self.writer.write(move |tx| move_all(tx, &found, wish, keeps_times, now)).await?;
                total.moved += moved.moved;
                total.unmoved += moved.unmoved;
                for (state, count) in moved.unmoved_in {
                    *total.unmoved_in.entry(state).or_default() += count;
                }
            }
        }
        Ok(total)
    }
}

/// The selection as questions for the next ?2 recipients behind ?1, in the order of ids. Each slice is found without passing again
/// what lies before it.
fn questions(selection: &Selection, wish: Move) -> Vec<(String, Vec<Value>)> {
    let among = |condition: &str| {
        format!("SELECT id FROM recipient NOT INDEXED WHERE id > ?1 AND {condition} ORDER BY id LIMIT ?2")
    };
    match selection {
        Selection::Messages(ids) => ids
            .iter()
            .map(|id| {
                let (first, last) = (RecipientId::of(*id, 0).0, RecipientId::of(*id, u16::MAX).0);
                (among("id BETWEEN ?3 AND ?4"), vec![first.into(), last.into()])
            })
            .collect(),
        Selection::Run(run) => vec![(OF_RUN.to_owned(), vec![run.0.into()])],
        Selection::Matching(filter) => vec![list::upwards(filter)],
        Selection::State(state) => vec![(among("state = ?3"), vec![state_code(*state).into()])],
        Selection::WaitingSinceBefore(instant) => {
            let due_before =
                "state = 0 AND (SELECT m.first_due_at FROM message m WHERE m.id = recipient.id / 65536) < ?3";
            vec![(among(due_before), vec![micros(*instant).into()])]
        }
        Selection::All => {
            let codes: Vec<String> =
                wish.legal_from().iter().map(|state| state_code(*state).to_string()).collect();
            vec![(among(&format!("state IN ({})", codes.join(", "))), Vec::new())]
        }
    }
}

/// Recipients to move, and what is to be forgotten when they are cancelled.
struct Slice {
    ids: Vec<i64>,
    written: Vec<Written>,
}

fn slice(
    sql: &Connection,
    question: &str,
    values: Vec<Value>,
    after: i64,
    wish: Move,
) -> Result<Slice, Error> {
    let mut statement = sql.prepare_cached(question)?;
    let all = [Value::from(after), Value::from(whole(SLICE))].into_iter().chain(values);
    let ids = statement.query_map(params_from_iter(all), |row| row.get(0))?;
    let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
    let messages: BTreeSet<i64> = ids.iter().map(|id| RecipientId(*id).message().0).collect();
    let written = if wish == Move::Cancel { notices::written_by(sql, &messages)? } else { Vec::new() };
    Ok(Slice { ids, written })
}

fn move_all(
    tx: &mut Tx<'_>,
    slice: &Slice,
    wish: Move,
    keeps_times: bool,
    now: Timestamp,
) -> Result<Moved, Error> {
    let mut moved = Moved::default();
    for id in &slice.ids {
        match move_one(tx, *id, wish, keeps_times, now)? {
            One::Moved => moved.moved += 1,
            One::Gone => moved.unmoved += 1,
            One::Stays(state) => {
                moved.unmoved += 1;
                *moved.unmoved_in.entry(state).or_default() += 1;
            }
        }
    }
    notices::forget(tx, &slice.written)?;
    Ok(moved)
}

/// What became of a recipient that was to move.
enum One {
    Moved,
    /// The move is not legal from here, or it is for later.
    Stays(State),
    /// It was there a moment ago; or its state cannot be read.
    Gone,
}

fn move_one(tx: &mut Tx<'_>, id: i64, wish: Move, keeps_times: bool, now: Timestamp) -> Result<One, Error> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Source(row.get(1)?), row.get(2)?));
    let current = tx.sql.prepare_cached(CURRENT)?.query_row((id, micros(now)), read).optional()?;
    let Some((from, source, is_for_later)) = current else { return Ok(One::Gone) };
    let Some(from) = state(from) else { return Ok(One::Gone) };
    if !wish.legal_from().contains(&from) || keeps_times && is_for_later {
        return Ok(One::Stays(from));
    }
    let sql = match wish {
        Move::Retry => RETRY,
        Move::Release => RELEASE,
        Move::Hold => HOLD,
        Move::Cancel => CANCEL,
        Move::Return => RETURN,
    };
    tx.sql.prepare_cached(sql)?.execute((id, micros(now), state_code(from)))?;
    tx.draft.moved(from, wish.leads_to());
    let noted = Noted { reason: Some("by_person"), ..Noted::new(wish.happened(), RecipientId(id)) };
    events::note(tx, source, noted, now)?;
    if wish == Move::Return {
        obligations::owe(tx, RecipientId(id), now)?;
    }
    Ok(One::Moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RunId, sqlite::open};

    #[test]
    fn a_slice_is_entered_where_the_last_one_ended() {
        for (selection, way) in [
            (Selection::Run(RunId(1)), "message_run (run=? AND rowid>?)"),
            (Selection::State(State::Waiting), "PRIMARY KEY (rowid>?)"),
            (Selection::WaitingSinceBefore(Timestamp::UNIX_EPOCH), "PRIMARY KEY (rowid>?)"),
            (Selection::All, "PRIMARY KEY (rowid>?)"),
        ] {
            for (question, _) in questions(&selection, Move::Hold) {
                let plan = open::tests::plan(&question);
                assert!(plan.contains(way), "{selection:?}: {plan}");
                assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{selection:?}: {plan}");
            }
        }
    }
}

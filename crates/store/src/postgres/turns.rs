//! Turns: mail of one class is claimed by its sources one after the other. The index `live_turn` has what waits by source, then by time; sources are
//! found by leaping from one to the next.

use jiff::Timestamp;

use super::tx::Tx;
use crate::{
    Error, RecipientId,
    claiming::by_turns,
    codes::{count, instant, whole},
    rows::Columns as _,
};

/// The sources of each class that have something waiting.
macro_rules! sources {
    () => {
        "(VALUES (0::SMALLINT), (1::SMALLINT), (2::SMALLINT)) AS c (class) CROSS JOIN LATERAL (
            WITH RECURSIVE leap AS (
                (SELECT l.source FROM live l WHERE l.state = 0 AND l.alone = 0 AND l.practice = $1 AND l.class = c.class
                    ORDER BY l.source LIMIT 1)
                UNION ALL
                SELECT (SELECT l.source FROM live l WHERE l.state = 0 AND l.alone = 0 AND l.practice = $1 AND l.class = c.class
                    AND l.source > leap.source ORDER BY l.source LIMIT 1)
                FROM leap WHERE leap.source IS NOT NULL)
            SELECT source FROM leap WHERE source IS NOT NULL) s"
    };
}

const SOURCES: &str = concat!(
    "SELECT c.class, s.source FROM ",
    sources!(),
    " WHERE EXISTS (SELECT FROM live l WHERE l.state = 0 AND l.alone = 0 AND l.practice = $1 AND l.class = c.class AND l.source = s.source
        AND l.due_at >= ($2::BIGINT[])[c.class + 1] AND l.due_at <= $3)
    ORDER BY c.class, s.source"
);
const DUE: &str = "SELECT k.place, d.id FROM unnest($2::SMALLINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[]) WITH ORDINALITY
        AS k (class, source, since, most, place)
    CROSS JOIN LATERAL (SELECT l.id, l.due_at FROM live l WHERE l.state = 0 AND l.alone = 0 AND l.practice = $1
        AND l.class = k.class AND l.source = k.source AND l.due_at >= k.since AND l.due_at <= $6
        ORDER BY l.due_at, l.id LIMIT k.most) d
    ORDER BY k.place, d.due_at, d.id";
const NEXT: &str = concat!(
    "SELECT due_at, id FROM (SELECT f.due_at, f.id FROM ",
    sources!(),
    " CROSS JOIN LATERAL (SELECT l.due_at, l.id FROM live l WHERE l.state = 0 AND l.alone = 0 AND l.practice = $1 AND l.class = c.class
            AND l.source = s.source ORDER BY l.due_at, l.id LIMIT 1) f
        UNION ALL (SELECT due_at, id FROM live WHERE state = 0 AND alone = 1 AND practice = $1 ORDER BY due_at, id LIMIT 1)) n
    ORDER BY due_at, id LIMIT 1"
);

/// What is due of each class, from these instants on: its sources take turns, each in the order in which its mail falls due.
pub(super) async fn due(
    tx: &Tx<'_>,
    practice: bool,
    from: [i64; 3],
    to: i64,
    limits: [i64; 3],
    turn: u64,
) -> Result<[Vec<i64>; 3], Error> {
    let mut sources = [const { Vec::new() }; 3];
    for row in tx.all(SOURCES, &[&practice, &&from[..], &to]).await? {
        if let Some(of_class) = usize::try_from(row.id(0)?).ok().and_then(|class| sources.get_mut(class)) {
            of_class.push(row.id(1)?);
        }
    }
    let (mut classes, mut all, mut since, mut most) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (((class, of_class), from), limit) in (0_i16..).zip(&mut sources).zip(from).zip(limits) {
        if of_class.is_empty() || limit <= 0 {
            of_class.clear();
            continue;
        }
        // Whose turn is first changes from claim to claim: the last are cut off where the bytes are many.
        let first = usize::try_from(turn).unwrap_or(0) % of_class.len();
        of_class.rotate_left(first);
        let of_each = whole(count(limit).div_ceil(of_class.len() as u64));
        for source in of_class.iter() {
            classes.push(class);
            all.push(*source);
            since.push(from);
            most.push(of_each);
        }
    }
    if all.is_empty() {
        return Ok(Default::default());
    }
    let mut queues = vec![Vec::new(); all.len()];
    for row in tx.all(DUE, &[&practice, &classes, &all, &since, &most, &to]).await? {
        if let Some(queue) = usize::try_from(row.id(0)? - 1).ok().and_then(|place| queues.get_mut(place)) {
            queue.push(row.id(1)?);
        }
    }
    let mut queues = queues.into_iter();
    let mut limits = limits.into_iter();
    Ok(sources.map(|of_class| {
        let limit = limits.next().unwrap_or(0);
        by_turns(queues.by_ref().take(of_class.len()).collect(), usize::try_from(limit).unwrap_or(0))
    }))
}

/// When something falls due next, and what.
pub(super) async fn next_due(tx: &Tx<'_>, practice: bool) -> Result<Option<(Timestamp, RecipientId)>, Error> {
    let Some(row) = tx.first(NEXT, &[&practice]).await? else { return Ok(None) };
    Ok(instant(row.id(0)?).zip(Some(RecipientId(row.id(1)?))))
}

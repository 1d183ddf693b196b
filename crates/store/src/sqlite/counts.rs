//! What is in the queue, without looking through it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mail::Reason;
use rusqlite::{Connection, OptionalExtension};

use super::{
    Sqlite,
    codes::{STATES, count, instant, micros, whole},
    draft::read_meta,
    turns,
};
use crate::{Counts, Error, ForLater, MessageId, RecipientId};

const NEXT_ALONE: &str = "SELECT due_at, id FROM recipient INDEXED BY recipient_alone
    WHERE state = 0 AND alone = 1 AND practice = ?1 ORDER BY due_at, id LIMIT 1";
/// Waiting mail expires in the order in which it came, so the first to expire waits for longest.
const OLDEST: &str = "SELECT m.accepted_at, r.expires_at FROM (SELECT id, expires_at FROM recipient INDEXED BY recipient_expiring
        WHERE state = 0 AND practice = ?1 ORDER BY expires_at, id LIMIT 1) r
    CROSS JOIN message m ON m.id = r.id / 65536";
/// Of what is given up before ?2, whether anything was to be sent before ?1 and waits for none of these reasons.
const HAS_WAITED: &str = "SELECT EXISTS (SELECT 1 FROM recipient r INDEXED BY recipient_expiring CROSS JOIN message m ON m.id = r.id / 65536
    WHERE r.state = 0 AND r.practice = 0 AND r.expires_at < ?2 AND m.first_due_at < ?1
        AND (r.reason IS NULL OR r.reason NOT IN (SELECT value FROM json_each(?3))))";
/// The last to expire are those that are to be sent last: among ?3 of them, what is not to be sent before a time after ?2.
const FOR_LATER: &str = "SELECT count(*), min(m.first_due_at) FROM (SELECT id, attempts, reason FROM recipient INDEXED BY recipient_expiring
        WHERE state = 0 AND practice = ?1 ORDER BY expires_at DESC LIMIT ?3) r
    CROSS JOIN message m ON m.id = r.id / 65536
    WHERE r.attempts = 0 AND r.reason IS NULL AND m.first_due_at > ?2
        AND (?4 = '[]' OR m.site IN (SELECT value FROM json_each(?4)))";
/// Each of them from its end: asked for together they would be looked for among all.
const ENDS: &str = "SELECT (SELECT min(id) FROM message), (SELECT max(id) FROM message)";

const ASIDE: &str =
    "SELECT count(*) FROM recipient INDEXED BY recipient_aside WHERE state IN (2, 6) AND aside_at < ?1";

impl Sqlite {
    pub(crate) async fn aside(&self, since_before: Timestamp) -> Result<u64, Error> {
        let before = micros(since_before);
        self.readers
            .read(move |sql| Ok(count(sql.prepare_cached(ASIDE)?.query_row([before], |row| row.get(0))?)))
            .await
    }

    pub(crate) async fn has_waited(
        &self,
        due_before: Timestamp,
        expires_before: Timestamp,
        but: &[Reason],
    ) -> Result<bool, Error> {
        let codes: Vec<_> = but.iter().map(|reason| reason.as_str()).collect();
        let codes = serde_json::json!(codes).to_string();
        self.readers
            .read(move |sql| {
                let instants = (micros(due_before), micros(expires_before), codes);
                Ok(sql.prepare_cached(HAS_WAITED)?.query_row(instants, |row| row.get(0))?)
            })
            .await
    }

    pub(crate) async fn for_later(&self, sites: BTreeSet<String>, now: Timestamp) -> Result<ForLater, Error> {
        let sites = serde_json::json!(sites).to_string();
        self.readers
            .read(move |sql| {
                let mut all = ForLater::default();
                for practice in [false, true] {
                    let values = (practice, micros(now), whole(ForLater::LOOKED), &sites);
                    let read =
                        |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?));
                    let (found, next_at) = sql.prepare_cached(FOR_LATER)?.query_row(values, read)?;
                    all.add(found, next_at);
                }
                Ok(all)
            })
            .await
    }

    pub(crate) async fn counts(&self) -> Result<Counts, Error> {
        self.readers.read(|sql| read(&*sql.unchecked_transaction()?)).await
    }
}

pub(super) fn read(sql: &Connection) -> Result<Counts, Error> {
    let mut tallies = [0; STATES.len() + 1];
    for (at, tally) in tallies.iter_mut().enumerate() {
        *tally = count(read_meta(sql, &format!("count_{at}"))?.unwrap_or(0));
    }
    let [waiting, sending, in_doubt, delivered, practiced, returned, held, cancelled, ever_in_doubt] =
        tallies;
    let owed: i64 = sql.prepare_cached("SELECT count(*) FROM obligation")?.query_row([], |row| row.get(0))?;
    let next = [next_due(sql, false)?, next_due(sql, true)?].map(|next| next.map(|(due_at, _)| due_at));
    let oldest = [oldest(sql, false)?, oldest(sql, true)?];
    Ok(Counts {
        waiting,
        sending,
        in_doubt,
        delivered,
        practiced,
        returned,
        held,
        cancelled,
        ever_in_doubt,
        oldest_waiting_at: oldest.into_iter().flatten().map(|(accepted_at, _)| accepted_at).min(),
        expires_first_at: oldest.into_iter().flatten().map(|(_, expires_at)| expires_at).min(),
        next_due_at: next.into_iter().flatten().min(),
        reports_owed: count(owed),
    })
}

/// When something falls due next, and what.
pub(super) fn next_due(sql: &Connection, practice: bool) -> Result<Option<(Timestamp, RecipientId)>, Error> {
    let both = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let mut next = sql.prepare_cached(NEXT_ALONE)?.query_row([practice], both).optional()?;
    for class in 0..3 {
        next = [next, turns::next_due(sql, practice, class)?].into_iter().flatten().min();
    }
    Ok(next.and_then(|(due_at, id)| Some((instant(due_at)?, RecipientId(id)))))
}

/// When it was accepted, and when it is given up.
fn oldest(sql: &Connection, practice: bool) -> Result<Option<(Timestamp, Timestamp)>, Error> {
    let both = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let found = sql.prepare_cached(OLDEST)?.query_row([practice], both).optional()?;
    Ok(found.and_then(|(accepted_at, expires_at)| Some((instant(accepted_at)?, instant(expires_at)?))))
}

/// The first recipient accepted from this instant on would have at least this id: ids rise with acceptance.
pub(super) fn first_since(sql: &Connection, since: Timestamp) -> Result<i64, Error> {
    let ends = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
    let mut statement = sql.prepare_cached(ENDS)?;
    let (Some(mut low), Some(last)) = statement.query_row([], ends)? else { return Ok(0) };
    let mut high = last + 1;
    let mut next =
        sql.prepare_cached("SELECT id, accepted_at FROM message WHERE id >= ?1 ORDER BY id LIMIT 1")?;
    while low < high {
        let middle = low + (high - low) / 2;
        let (id, at): (i64, i64) = next.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if at < micros(since) {
            low = id + 1;
        } else {
            high = middle;
        }
    }
    Ok(RecipientId::of(MessageId(low), 0).0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::open;

    #[test]
    fn what_has_waited_is_found_from_what_is_given_up_first_on() {
        let plan = open::tests::plan(HAS_WAITED);
        assert!(
            plan.contains("recipient_expiring (practice=? AND expires_at<?)")
                && !plan.contains("TEMP B-TREE"),
            "{plan}"
        );
    }

    #[test]
    fn what_is_for_later_is_found_from_what_is_given_up_last_on() {
        let plan = open::tests::plan(FOR_LATER);
        assert!(plan.contains("recipient_expiring (practice=?)") && !plan.contains("TEMP B-TREE"), "{plan}");
    }

    #[test]
    fn the_ends_are_found_without_looking_through_all() {
        let plan = open::tests::plan(ENDS);
        assert_eq!(plan.matches("SEARCH message").count(), 2, "{plan}");
    }
}

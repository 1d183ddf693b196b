//! Items that came back: mail that a newer export puts out of date.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mail::Reason;

use super::{
    Postgres,
    ends::{End, Marks},
    notices::{self, lock},
    tx::Tx,
};
use crate::{
    AllReturned, Earlier, Error, ExportTaken, LedgerKey, MessageId, NewerExport, OpenNotice, RecipientId,
    Replaces, Run, RunId, State, before,
    codes::{instant, micros, name, state, unreadable, whole},
    returned::{PARTS_KEPT, SLICE, last_name, open_notice, part},
    rows::Columns as _,
};

const TAKE: &str = "UPDATE run SET exported_at = $2 WHERE id = $1";
const PART: &str = "INSERT INTO export_part (run, site, items, sample) VALUES ($1, $2, $3, $4)
    ON CONFLICT (run, site) DO UPDATE SET items = excluded.items, sample = excluded.sample";
const FORGET_PARTS: &str = "DELETE FROM export_part WHERE run IN (SELECT id FROM run WHERE started_at < $1)";
/// Marked mail that is settled by now: what becomes of its rows in the ledger is decided.
const FORGET_MARKS: &str = "DELETE FROM outdated o WHERE NOT EXISTS (SELECT FROM live r
    WHERE r.id BETWEEN o.message * 65536 AND o.message * 65536 + 65535 AND r.state = 1)";
/// Real mail of runs that is open; mail of programs is passed over by its source.
const OPEN: &str = "SELECT DISTINCT ON (m.id) m.id, m.run, m.site, m.patron_name, m.patron_number
    FROM live r JOIN message m ON m.id = r.id / 65536 JOIN run n ON n.id = m.run
    WHERE r.state IN (0, 1, 6) AND NOT r.practice AND r.source >= 4294967296 AND n.notice = $1 AND NOT n.practice AND n.id < $2
    ORDER BY m.id";
const NAMED: &str =
    "SELECT item, message, site FROM ledger WHERE notice = $1 AND message = ANY($2) ORDER BY item";
const EXPORT: &str = "SELECT exported_at FROM run WHERE id = $1";
const PARTS: &str = "SELECT site, items, sample FROM export_part WHERE run = $1";
const NEWEST: &str = "SELECT p.site, max(n.exported_at) FROM run n JOIN export_part p ON p.run = n.id
    WHERE n.notice = $1 AND NOT n.practice AND n.id <> $2 GROUP BY p.site";
/// Of the mail $1.
const NEWER: &str = "SELECT n.id, n.exported_at, m.patron_name, m.patron_number
    FROM message m JOIN run o ON o.id = m.run JOIN run n ON n.notice = o.notice
    WHERE m.id = $1 AND n.id <> o.id AND NOT n.practice AND n.finished_at IS NOT NULL
        AND (n.exported_at > o.exported_at OR n.exported_at = o.exported_at AND n.id > o.id)
        AND EXISTS (SELECT FROM export_part p WHERE p.run = n.id AND p.site = m.site)
    ORDER BY n.exported_at DESC, n.id DESC LIMIT 1";
const WROTE: &str = "SELECT EXISTS (SELECT FROM message
    WHERE run = $1 AND CASE WHEN $3::TEXT IS NULL THEN patron_name = $2 ELSE patron_number = $3 END)";
/// Those whom the run had something to say to. A line that could not be used may be about anybody whose number or last name stands in it, and one
/// of which nothing is kept about anybody.
const SAYS: &str = "SELECT EXISTS (SELECT FROM left_out WHERE run = $1 AND (
        why IN ('no_address', 'written_lately', 'came_back', 'unknown_branch', 'not_made', 'stopped') AND strpos(who, $2) > 0
        OR why = 'refused_line' AND (who = '' OR strpos(who, coalesce($3::TEXT, $2)) > 0 OR strpos(who, $4) > 0)))";
const OF_MESSAGE: &str = "SELECT id, state FROM live WHERE id BETWEEN $1::BIGINT * 65536 AND $1::BIGINT * 65536 + 65535 ORDER BY id FOR UPDATE";
const MARK: &str = "UPDATE live SET outdated_by = $2, outdated_why = $3 WHERE id = ANY($1) AND state = 1";
const KEEP: &str =
    "INSERT INTO outdated (message, notice, item) SELECT $1, $2, unnest($3::TEXT[]) ON CONFLICT DO NOTHING";
const MARKED: &str =
    "SELECT state, outdated_by, outdated_why FROM live WHERE id = $1 AND outdated_by IS NOT NULL";
const KEPT: &str = "SELECT notice, item, message FROM outdated WHERE message = $1";
/// Nobody has it, or will have it unless it is sent from here. What a person keeps back is theirs to decide.
const UNSENT: &str = "SELECT message FROM unnest($1::BIGINT[]) AS k (message) WHERE (
        SELECT bool_and(state IN (0, 6, 7) AND in_doubt_at IS NULL AND coalesce(reason, '') <> 'from_backup'
                AND NOT (state = 6 AND coalesce(reason, '') = 'by_person'))
            AND bool_or(state IN (0, 6))
        FROM recipient WHERE id BETWEEN k.message * 65536 AND k.message * 65536 + 65535)";

impl Postgres {
    pub(crate) async fn take_export(
        &self,
        run: RunId,
        export: ExportTaken,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        if tx.run(TAKE, &[&run.0, &micros(export.of)]).await? == 0 {
            return Err(Error::NotFound("run"));
        }
        for (site, part) in &export.parts {
            let sample = serde_json::json!(part.sample).to_string();
            tx.run(PART, &[&run.0, site, &whole(part.items), &sample]).await?;
        }
        tx.run(FORGET_PARTS, &[&micros(before(now, PARTS_KEPT))]).await?;
        tx.run(FORGET_MARKS, &[]).await?;
        tx.commit().await
    }

    pub(crate) async fn earlier_notices(
        &self,
        notice: String,
        before: Option<RunId>,
    ) -> Result<Earlier, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let before = before.map_or(i64::MAX, |run| run.0);
        let mut open: BTreeMap<i64, OpenNotice> = BTreeMap::new();
        for row in tx.all(OPEN, &[&notice, &before]).await? {
            open.insert(row.id(0)?, open_notice(&row)?);
        }
        let ids: Vec<i64> = open.keys().copied().collect();
        for row in tx.all(NAMED, &[&notice, &ids]).await? {
            if let Some(notice) = open.get_mut(&row.id(1)?) {
                notice.items.push((LedgerKey(row.text(0)?.unwrap_or_default()), row.text(2)?));
            }
        }
        let mut notices: Vec<_> = open.into_values().filter(|notice| !notice.items.is_empty()).collect();
        let unsent = unsent_of(&tx, notices.iter().map(|notice| notice.message.0).collect()).await?;
        for notice in &mut notices {
            notice.unsent = unsent.contains(&notice.message.0);
        }
        let mut exports = BTreeMap::new();
        for id in notices.iter().map(|notice| notice.run).collect::<BTreeSet<_>>() {
            exports.extend(export(&tx, id).await?.map(|export| (id, export)));
        }
        let mut newest = BTreeMap::new();
        for row in tx.all(NEWEST, &[&notice, &before]).await? {
            newest.extend(row.text(0)?.zip(row.number(1)?.and_then(instant)));
        }
        Ok(Earlier { notices, exports, newest })
    }

    pub(crate) async fn export_of(&self, run: RunId) -> Result<Option<ExportTaken>, Error> {
        let mut connection = self.connection().await?;
        export(&self.read(&mut connection).await?, run).await
    }

    pub(crate) async fn newer_export(&self, message: MessageId) -> Result<Option<NewerExport>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let Some(row) = tx.first(NEWER, &[&message.0]).await? else { return Ok(None) };
        let (run, of) = (RunId(row.id(0)?), row.number(1)?.and_then(instant));
        let of = of.ok_or_else(|| unreadable("run.exported_at"))?;
        // Of a list for a teacher nothing is known.
        let Some(name) = row.text(2)? else { return Ok(None) };
        let (number, last) = (row.text(3)?, last_name(&name));
        let wrote = tx.one(WROTE, &[&run.0, &name, &number]).await?.is(0)?;
        let says = tx.one(SAYS, &[&run.0, &name, &number, &last]).await?.is(0)?;
        Ok(Some(NewerExport { run, of, names: wrote || says, wrote }))
    }

    pub(crate) async fn all_returned(
        &self,
        run: RunId,
        notices: Vec<AllReturned>,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let mut all = 0;
        let mut notices = notices.into_iter();
        loop {
            let slice: Vec<_> = notices.by_ref().take(SLICE).collect();
            if slice.is_empty() {
                return Ok(all);
            }
            let mut connection = self.connection().await?;
            let tx = self.write(&mut connection).await?;
            all += return_slice(&tx, run, slice, now).await?;
            tx.commit().await?;
        }
    }
}

async fn export(tx: &Tx<'_>, run: RunId) -> Result<Option<ExportTaken>, Error> {
    let of = tx.one(EXPORT, &[&run.0]).await?.number(0)?.and_then(instant);
    let Some(of) = of else { return Ok(None) };
    let parts = tx.all(PARTS, &[&run.0]).await?.iter().map(part).collect::<Result<_, _>>()?;
    Ok(Some(ExportTaken { of, parts }))
}

async fn return_slice(
    tx: &Tx<'_>,
    run: RunId,
    slice: Vec<AllReturned>,
    now: Timestamp,
) -> Result<u64, Error> {
    let run = lock(tx, run).await?;
    let (mut concerned, mut notes) = (0, Vec::new());
    for one in slice {
        if outdate(tx, &run, one.message, Reason::ItemsReturned, &one.keys, now).await? {
            concerned += 1;
            notes.push(one.note);
        }
    }
    notices::leave_out(tx, run.id, notes).await?;
    Ok(concerned)
}

/// Whether some of these are to be written about anew, since what names them is replaced: all that nobody has got.
pub(super) async fn unsent(tx: &Tx<'_>, replaces: &[Replaces]) -> Result<BTreeSet<i64>, Error> {
    let some = replaces.iter().filter(|one| !one.returned.is_empty());
    unsent_of(tx, some.map(|one| one.message.0).collect()).await
}

async fn unsent_of(tx: &Tx<'_>, messages: Vec<i64>) -> Result<BTreeSet<i64>, Error> {
    if messages.is_empty() {
        return Ok(BTreeSet::new());
    }
    tx.all(UNSENT, &[&messages]).await?.iter().map(|row| row.id(0)).collect()
}

/// In the transaction that stores what goes in its place.
pub(super) async fn replace(tx: &Tx<'_>, run: &Run, one: &Replaces, now: Timestamp) -> Result<(), Error> {
    outdate(tx, run, one.message, Reason::Replaced, &one.returned, now).await.map(drop)
}

/// Cancels or marks what is open of a mail; whether there was something. `keys`: what counts as not written once nobody gets it.
async fn outdate(
    tx: &Tx<'_>,
    run: &Run,
    message: MessageId,
    why: Reason,
    keys: &[LedgerKey],
    now: Timestamp,
) -> Result<bool, Error> {
    let why = name(&why)?;
    let (mut cancelled, mut marked) = (Vec::new(), Vec::new());
    for row in tx.all(OF_MESSAGE, &[&message.0]).await? {
        match state(row.id(1)?) {
            Some(State::Waiting | State::Held) => cancelled.push(row.id(0)?),
            Some(State::Sending) => marked.push(row.id(0)?),
            _ => {}
        }
    }
    cancel(tx, &cancelled, run.id.0, &why, now).await?;
    tx.run(MARK, &[&marked, &run.id.0, &why]).await?;
    let items: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
    if !marked.is_empty() {
        tx.run(KEEP, &[&message.0, &run.notice, &items]).await?;
    }
    let written: Vec<_> = items.into_iter().map(|item| (run.notice.clone(), item, message.0)).collect();
    notices::forget(tx, &written).await?;
    Ok(!cancelled.is_empty() || !marked.is_empty())
}

/// No event tells of it: what becomes of the mail of a run is told by the run.
async fn cancel(tx: &Tx<'_>, ids: &[i64], by: i64, why: &str, now: Timestamp) -> Result<(), Error> {
    let end = End { to: State::Cancelled, reason: why, note: None, marks: Marks::By(by) };
    end.of(tx, ids, now).await.map(drop)
}

/// Mail that bears the mark is not being sent any more: where it would wait, or be set aside, it is cancelled. One that may have arrived and
/// waits for a person is left to them.
pub(super) async fn no_longer_sending(tx: &Tx<'_>, id: RecipientId, now: Timestamp) -> Result<(), Error> {
    let Some(row) = tx.first(MARKED, &[&id.0]).await? else { return Ok(()) };
    if !matches!(state(row.id(0)?), Some(State::Waiting | State::Held)) {
        return Ok(());
    }
    cancel(tx, &[id.0], row.id(1)?, &row.text(2)?.unwrap_or_default(), now).await?;
    let mut kept = Vec::new();
    for row in tx.all(KEPT, &[&id.message().0]).await? {
        kept.push((row.text(0)?.unwrap_or_default(), row.text(1)?.unwrap_or_default(), row.id(2)?));
    }
    notices::forget(tx, &kept).await
}

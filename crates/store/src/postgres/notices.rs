//! Notice runs, and the ledger of what was written to whom.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;

use super::{
    Postgres,
    accept::{fits, store_all},
    audit, returned,
    tx::Tx,
    written::{before, written},
};
use crate::{
    Actor, Begun, Deed, Error, LedgerKey, LeftOut, LeftOutFilter, NewAudit, NewNotice, NewRun,
    NoticeAccepted, Run, RunId, RunStopped,
    codes::{STATES, as_json, count, instant, micros, name, plain, whole},
    rows::Columns as _,
    runs::decode,
};

const RUN: &str = "SELECT id, notice, source, practice, started_at, finished_at, begun_by, stopped_at, stopped_by, stopped_sites FROM run";
/// One sum for each state, in the order of their codes.
const TALLIES: &str = "SELECT sum((r.state = 0)::INTEGER), sum((r.state = 1)::INTEGER), sum((r.state = 2)::INTEGER), sum((r.state = 3)::INTEGER),
        sum((r.state = 4)::INTEGER), sum((r.state = 5)::INTEGER), sum((r.state = 6)::INTEGER), sum((r.state = 7)::INTEGER)
    FROM message m JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535 WHERE m.run = $1";
/// What of these is copies.
const COPIES: &str = "SELECT r.state, count(*) FROM message m JOIN recipient r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
    WHERE m.run = $1 AND m.tags[1] = 'copy to a teacher' GROUP BY r.state";
/// Recipients whose mail came back, and came back once more after it was sent again.
const TWICE: &str = "SELECT count(DISTINCT o.id) FROM message m
    JOIN done r ON r.id BETWEEN m.id * 65536 AND m.id * 65536 + 65535
    JOIN done o ON o.id = substring(m.tags[2] FROM '^sent again for ([0-9]{1,18})')::BIGINT
    WHERE m.tags[1] = 'sent again' AND m.run = $1 AND r.state = 5 AND o.state = 5";
const WRITE: &str = "INSERT INTO ledger (notice, item, written_at, message, site)
    SELECT $1, k.item, $2, $3, k.site FROM unnest($4::TEXT[], $5::TEXT[]) AS k (item, site)
    ON CONFLICT (notice, item) DO UPDATE SET written_at = greatest(ledger.written_at, excluded.written_at), message = excluded.message,
        site = excluded.site";
const WRITTEN_BY: &str = "SELECT notice, item, message FROM ledger WHERE message = ANY($1)";
/// Unless another message has written about it since, or this one goes to somebody or may have arrived.
const FORGET: &str =
    "DELETE FROM ledger l USING unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[]) AS k (notice, item, message)
    WHERE l.notice = k.notice AND l.item = k.item AND l.message = k.message
    AND NOT EXISTS (SELECT FROM recipient r WHERE r.id BETWEEN k.message * 65536 AND k.message * 65536 + 65535
        AND (r.state <> 7 OR r.in_doubt_at IS NOT NULL))";
const STOP: &str = "UPDATE run SET stopped_at = $2, stopped_by = $3, stopped_sites = $4 WHERE id = $1";
const FINISH: &str = "UPDATE run SET finished_at = coalesce(finished_at, $2) WHERE id = $1";
/// Whoever adds to those whom a run left out does so alone, as they are numbered; whoever stops it too.
const LOCK: &str = "SELECT id FROM run WHERE id = $1 FOR UPDATE";
const LEAVE_OUT: &str = "INSERT INTO left_out (run, n, why, line, who, detail, site)
    SELECT $1, coalesce((SELECT max(n) FROM left_out WHERE run = $1), 0) + k.place, k.why, k.line, k.who, k.detail, k.site
    FROM unnest($2::TEXT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[], $6::TEXT[]) WITH ORDINALITY AS k (why, line, who, detail, site, place)";
const LEFT_OUT: &str = "SELECT why, count(*) FROM left_out WHERE run = $1 GROUP BY why";
const BEGIN: &str = "INSERT INTO run (notice, source, practice, started_at, begun_by, request) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (request) WHERE request IS NOT NULL DO NOTHING RETURNING id";
const REQUESTED: &str = "SELECT id FROM run WHERE request = $1";

impl Postgres {
    pub(crate) async fn accept_notices(
        &self,
        run: RunId,
        notices: Vec<NewNotice>,
        repeat: Option<Duration>,
        now: Timestamp,
    ) -> Result<Vec<NoticeAccepted>, Error> {
        // Once only: a row of any age counts.
        let since = match repeat {
            Some(repeat) => now.checked_sub(repeat).map_or(i64::MIN, micros),
            None => i64::MIN,
        };
        fits(notices.iter().map(|notice| &notice.message))?;
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        // Two runs of one notice at the same time would both find nothing written.
        let run = lock(&tx, run).await?;
        tx.run(
            "SELECT pg_advisory_xact_lock(('ledger'::regclass)::oid::integer, hashtext($1))",
            &[&run.notice],
        )
        .await?;
        let mut all = Vec::with_capacity(notices.len());
        for notice in &notices {
            all.push(self.accept_one(&tx, &run, notice, since, now).await?);
        }
        tx.commit().await?;
        Ok(all)
    }

    /// Message and ledger rows together, or nothing when all its items were written about since then and that did not come back from elsewhere.
    async fn accept_one(
        &self,
        tx: &Tx<'_>,
        run: &Run,
        notice: &NewNotice,
        since: i64,
        now: Timestamp,
    ) -> Result<NoticeAccepted, Error> {
        if notice.message.practice != run.practice {
            return Err(Error::Internal(
                "practice mail in a real run, or real mail in a practice run".to_owned(),
            ));
        }
        if !run.practice {
            let unsent = returned::unsent(tx, &notice.replaces).await?;
            if let Some(before) = before(tx, &run.notice, &notice.person(), since, &unsent).await? {
                return Ok(NoticeAccepted::WrittenLately(before));
            }
        }
        let accepted = store_all(&self.opened, tx, &[(&notice.message, now)]).await?.pop();
        let accepted = accepted.ok_or_else(|| Error::Internal("a notice that was not stored".to_owned()))?;
        if run.practice {
            return Ok(NoticeAccepted::Stored(accepted.id));
        }
        for one in &notice.replaces {
            returned::replace(tx, run, one, now).await?;
        }
        let keys: BTreeSet<_> = notice.keys.iter().collect();
        let items: Vec<_> = keys.iter().map(|key| key.0.as_str()).collect();
        let sites: Vec<_> = keys.iter().map(|key| notice.elsewhere.get(*key).map(String::as_str)).collect();
        tx.run(WRITE, &[&run.notice, &micros(now), &accepted.id.0, &items, &sites]).await?;
        Ok(NoticeAccepted::Stored(accepted.id))
    }

    pub(crate) async fn begin_run(&self, run: NewRun) -> Result<RunId, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let id = begin(&tx, &run, (None, None)).await?;
        tx.commit().await?;
        begun(id)
    }

    pub(crate) async fn begin_run_by(&self, run: NewRun, who: Actor) -> Result<RunId, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let id = begun(begin(&tx, &run, (Some(as_json(&who)?), None)).await?)?;
        let (started_at, new) = (run.started_at, Some(run.source));
        let line = NewAudit { who, what: Deed::RunBegun, about: format!("run {}", id.0), old: None, new };
        audit::write(&tx, &line, started_at).await?;
        tx.commit().await?;
        Ok(id)
    }

    pub(crate) async fn begin_run_once(
        &self,
        run: NewRun,
        who: Actor,
        request: String,
    ) -> Result<Begun, Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let id = begin(&tx, &run, (Some(as_json(&who)?), Some(request.clone()))).await?;
        let begun = match id {
            Some(id) => Begun::New(id),
            None => Begun::Before(begun(requested(&tx, &request).await?)?),
        };
        tx.commit().await?;
        Ok(begun)
    }

    pub(crate) async fn run_of_request(&self, request: String) -> Result<Option<RunId>, Error> {
        let mut connection = self.connection().await?;
        requested(&self.read(&mut connection).await?, &request).await
    }

    pub(crate) async fn left_out(&self, run: RunId, left_out: Vec<LeftOut>) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        lock(&tx, run).await?;
        leave_out(&tx, run, left_out).await?;
        tx.commit().await
    }

    pub(crate) async fn finish_run(&self, run: RunId, now: Timestamp) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        if tx.run(FINISH, &[&run.0, &micros(now)]).await? == 0 {
            return Err(Error::NotFound("run"));
        }
        tx.commit().await
    }

    pub(crate) async fn stop_run(&self, run: RunId, stopped: RunStopped) -> Result<(), Error> {
        let mut connection = self.connection().await?;
        let tx = self.write(&mut connection).await?;
        let before = lock(&tx, run).await?.stopped;
        let RunStopped { by, at, sites } = stopped.with(before.as_ref());
        tx.run(STOP, &[&run.0, &micros(at), &as_json(&by)?, &as_json(&sites)?]).await?;
        tx.commit().await
    }

    pub(crate) async fn run(&self, id: RunId) -> Result<Run, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let run = run_of(&tx, id).await?.ok_or(Error::NotFound("run"))?;
        tallied(&tx, run).await
    }

    pub(crate) async fn runs(&self, limit: usize) -> Result<Vec<Run>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let mut runs = Vec::new();
        for run in last(&tx, limit).await? {
            runs.push(tallied(&tx, run).await?);
        }
        Ok(runs)
    }

    pub(crate) async fn runs_begun(&self, limit: usize) -> Result<Vec<Run>, Error> {
        let mut connection = self.connection().await?;
        last(&self.read(&mut connection).await?, limit).await
    }

    pub(crate) async fn left_out_of(&self, run: RunId) -> Result<Vec<LeftOut>, Error> {
        let all = self.left_out_part(run, LeftOutFilter::default(), 0, usize::MAX).await?;
        Ok(all.into_iter().map(|(_, one)| one).collect())
    }

    pub(crate) async fn written_lately(
        &self,
        notice: String,
        keys: Vec<LedgerKey>,
        since: Timestamp,
    ) -> Result<Vec<Option<Timestamp>>, Error> {
        let mut connection = self.connection().await?;
        let tx = self.read(&mut connection).await?;
        let known = written(&tx, &notice, &keys, micros(since), &BTreeSet::new()).await?;
        Ok(keys.iter().map(|key| known.get(key).and_then(|(at, _)| instant(*at))).collect())
    }
}

async fn last(tx: &Tx<'_>, limit: usize) -> Result<Vec<Run>, Error> {
    let question = format!("{RUN} ORDER BY id DESC LIMIT $1");
    tx.all(&question, &[&whole(limit)]).await?.iter().map(decode).collect()
}

/// Adds to those whom a run left out, which is locked.
pub(super) async fn leave_out(tx: &Tx<'_>, run: RunId, left_out: Vec<LeftOut>) -> Result<(), Error> {
    let (mut why, mut lines, mut who, mut details, mut sites) = (vec![], vec![], vec![], vec![], vec![]);
    for one in left_out {
        why.push(name(&one.why)?);
        lines.push(one.line.map(whole));
        who.push(plain(&one.who));
        details.push(one.detail.stored().map_err(|error| Error::Internal(error.to_string()))?);
        sites.push(one.site);
    }
    tx.run(LEAVE_OUT, &[&run.0, &why, &lines, &who, &details, &sites]).await.map(drop)
}

/// A row of the ledger by its key, and the message that wrote it.
pub(super) type Written = (String, String, i64);

/// What these messages wrote about is written about again, where nobody got them.
pub(super) async fn forget_all_of(tx: &Tx<'_>, messages: &BTreeSet<i64>) -> Result<(), Error> {
    let messages: Vec<_> = messages.iter().collect();
    let mut rows = Vec::new();
    for row in tx.all(WRITTEN_BY, &[&messages]).await? {
        rows.push((row.text(0)?.unwrap_or_default(), row.text(1)?.unwrap_or_default(), row.id(2)?));
    }
    forget(tx, &rows).await
}

/// What was written about by a message that nobody got, because a person cancelled it, is written about again.
pub(super) async fn forget(tx: &Tx<'_>, rows: &[Written]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let notices: Vec<_> = rows.iter().map(|(notice, ..)| notice).collect();
    let items: Vec<_> = rows.iter().map(|(_, item, _)| item).collect();
    let messages: Vec<_> = rows.iter().map(|(.., message)| message).collect();
    tx.run(FORGET, &[&notices, &items, &messages]).await.map(drop)
}

/// By whom, as JSON, and by which request. None: that request began one before.
async fn begin(
    tx: &Tx<'_>,
    run: &NewRun,
    (who, request): (Option<String>, Option<String>),
) -> Result<Option<RunId>, Error> {
    let values: super::tx::Values<'_> =
        &[&run.notice, &run.source, &run.practice, &micros(run.started_at), &who, &request];
    tx.first(BEGIN, values).await?.map(|row| row.id(0).map(RunId)).transpose()
}

fn begun(id: Option<RunId>) -> Result<RunId, Error> {
    id.ok_or_else(|| Error::Internal("a run that was not begun".to_owned()))
}

async fn requested(tx: &Tx<'_>, request: &str) -> Result<Option<RunId>, Error> {
    tx.first(REQUESTED, &[&request]).await?.map(|row| row.id(0).map(RunId)).transpose()
}

/// The run, which nobody else changes before the end of this transaction.
pub(super) async fn lock(tx: &Tx<'_>, id: RunId) -> Result<Run, Error> {
    tx.first(LOCK, &[&id.0]).await?;
    run_of(tx, id).await?.ok_or(Error::NotFound("run"))
}

pub(super) async fn run_of(tx: &Tx<'_>, id: RunId) -> Result<Option<Run>, Error> {
    let row = tx.first(&format!("{RUN} WHERE id = $1"), &[&id.0]).await?;
    row.as_ref().map(decode).transpose()
}

async fn tallied(tx: &Tx<'_>, mut run: Run) -> Result<Run, Error> {
    let row = tx.one(TALLIES, &[&run.id.0]).await?;
    for (at, state) in STATES.into_iter().enumerate() {
        if let Some(recipients) = row.number(at)?.filter(|recipients| *recipients > 0) {
            run.states.insert(state, count(recipients));
        }
    }
    for row in tx.all(COPIES, &[&run.id.0]).await? {
        run.tell_copies_apart(&row)?;
    }
    run.take_returned(count(tx.one(TWICE, &[&run.id.0]).await?.id(0)?));
    for row in tx.all(LEFT_OUT, &[&run.id.0]).await? {
        run.count_left_out(&row)?;
    }
    Ok(run)
}

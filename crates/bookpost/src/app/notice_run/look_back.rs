//! What a run's export says of notices of earlier runs that have not left: seen to before its own are made.

use std::{collections::HashSet, sync::Arc};

use jiff::Timestamp;
use store::{AllReturned, Error, LedgerKey, LeftOut, LeftOutDetail, LeftOutWhy, OpenNotice, RunId, Store};

use super::{NoticeRuns, Refusal, chosen::notices, day, left_out, make::Making, prepare::Prepared};
use crate::notices::{
    A_TEACHER, EXPORT,
    returned::{Judged, Newest, NotTold, Replaceable, judge},
};

/// Keys that are looked up in the ledger at once.
const LOOKED_UP: usize = 2_000;

impl NoticeRuns {
    /// Puts the export on record, and cancels what names nothing any more that is in it. Gives what may give way to new notices: should all
    /// end here, that goes as it is.
    pub(super) async fn look_back(&self, making: &Making) -> Result<Replaceable, Refusal> {
        let (run, now) = (making.run, self.clock.now());
        let newest = newest(&making.prepared, making.export_of, now).await?;
        self.store.take_export(run, newest.taken.clone(), now).await?;
        let judged = judged(&self.store, &making.prepared, Some(run), async || Ok(newest)).await?;
        let notes = not_told(&making.prepared, &judged);
        if !notes.is_empty() {
            self.store.left_out(run, notes).await?;
        }
        let returned = judged.returned.iter().map(|notice| AllReturned {
            message: notice.message,
            keys: notice.items.iter().map(|(key, _)| key.clone()).collect(),
            note: not_sent(notice),
        });
        let cancelled = self.store.all_returned(run, returned.collect(), now).await?;
        if cancelled > 0 {
            tracing::info!(
                run = run.0,
                cancelled,
                "notices of earlier runs are not sent: their items came back"
            );
        }
        Ok(judged.replaceable)
    }
}

impl NoticeRuns {
    /// Of what teachers were told lately, by the ledger; a rehearsal does not look at it.
    pub(super) async fn told_lately(
        &self,
        prepared: &Arc<Prepared>,
        practice: bool,
    ) -> Result<HashSet<LedgerKey>, Error> {
        told_lately(&self.store, prepared, practice, self.clock.now()).await
    }
}

/// See [`NoticeRuns::told_lately`].
pub(super) async fn told_lately(
    store: &Store,
    prepared: &Arc<Prepared>,
    practice: bool,
    now: Timestamp,
) -> Result<HashSet<LedgerKey>, Error> {
    let mut lately = HashSet::new();
    if practice || !prepared.is_for_teachers() {
        return Ok(lately);
    }
    let read = Arc::clone(prepared);
    let keys = in_a_thread(move || read.teacher_keys()).await?;
    for some in keys.chunks(LOOKED_UP) {
        let written = store.written_lately(&prepared.slug, some, prepared.repeat, now).await?;
        let written = some.iter().zip(written).filter(|(_, at)| at.is_some());
        lately.extend(written.map(|(key, _)| key.clone()));
    }
    Ok(lately)
}

/// What a run over an export that was made at `of` would find, and what it would say of it. Changes nothing.
pub(super) async fn foreseen(
    store: &Store,
    prepared: &Arc<Prepared>,
    of: Timestamp,
    now: Timestamp,
) -> Result<(Replaceable, Vec<LeftOut>), Error> {
    let judged = judged(store, prepared, None, async || newest(prepared, of, now).await).await?;
    let mut notes = not_told(prepared, &judged);
    notes.extend(judged.returned.iter().map(not_sent));
    Ok((judged.replaceable, notes))
}

/// What the newest export says of this notice's runs `before` this one. The export is asked for only if there is something to be said of.
/// Of notices like this one it says nothing, as theirs may be other exports: they give way to what says as much.
async fn judged(
    store: &Store,
    prepared: &Prepared,
    before: Option<RunId>,
    newest: impl AsyncFnOnce() -> Result<Newest, Error>,
) -> Result<Judged, Error> {
    let earlier = store.earlier_notices(&prepared.slug, before).await?;
    let mut judged = if earlier.notices.is_empty() {
        Judged::default()
    } else {
        let newest = newest().await?;
        in_a_thread(move || judge(earlier, &newest)).await?
    };
    let alike = notices(store).await?.into_iter().filter(|other| prepared.is_alike(other));
    for other in alike {
        judged.replaceable.with_others(store.earlier_notices(&other.slug, before).await?.notices);
    }
    Ok(judged)
}

async fn newest(prepared: &Arc<Prepared>, of: Timestamp, now: Timestamp) -> Result<Newest, Error> {
    let prepared = Arc::clone(prepared);
    in_a_thread(move || prepared.newest(of, day(now))).await
}

/// An export may have very many lines.
async fn in_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))
}

fn not_sent(notice: &OpenNotice) -> LeftOut {
    let detail = LeftOutDetail::NotSent { run: notice.run.0 };
    let nobody = store::Patron { name: A_TEACHER.to_owned(), number: None };
    let patron = notice.patron.as_ref().unwrap_or(&nobody);
    left_out(LeftOutWhy::ItemsReturned, patron, notice.site.as_deref(), detail)
}

fn not_told(prepared: &Prepared, judged: &Judged) -> Vec<LeftOut> {
    let note = |(site, why): (&String, &NotTold)| {
        let library = || prepared.site_name(site).into();
        let detail = match *why {
            NotTold::BrokenOff => LeftOutDetail::BrokenOff,
            NotTold::Nameless { lines } => LeftOutDetail::Nameless { lines },
            NotTold::Older { newer } => LeftOutDetail::Older { library: library(), day: day(newer) },
            NotTold::Thin { items, percent } => LeftOutDetail::Thin { library: library(), items, percent },
        };
        let (why, who, site) = (LeftOutWhy::NotTold, EXPORT.to_owned(), Some(site.clone()));
        LeftOut { why, line: None, who, detail, site }
    };
    judged.not_told.iter().map(note).collect()
}

//! What a run would do. Only the ledger is read: nothing is sent, neither of this export nor of what is due anyway.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use store::{LeftOut, Store};

use super::{
    Prepared, Refusal, day, lately,
    look_back::{foreseen, told_lately},
    practices, prepare, prepared,
};
use crate::{
    cli::control::{Preview, Reply, RunRequest},
    config::Config,
    notices::{PlannedNotice, returned::Replaceable},
};

/// Plans the run of `request`, and says whom it would write to.
pub async fn preview(config: &Arc<Config>, store: &Store, now: Timestamp, request: RunRequest) -> Reply {
    let practice = practices(config, &request);
    let planned = match prepared(config, store, request).await {
        Ok((prepared, request)) => {
            let of = request.exported_at.unwrap_or(now).min(now);
            plan(&Arc::new(prepared), store, (of, now), practice).await
        }
        Err(refusal) => Err(refusal),
    };
    planned.map_or_else(Reply::from, Reply::Preview)
}

async fn plan(
    prepared: &Arc<Prepared>,
    store: &Store,
    (of, now): (Timestamp, Timestamp),
    practice: bool,
) -> Result<Preview, Refusal> {
    let plan = prepared.plan(day(now));
    let mut left_out = plan.left_out.clone();
    let mut replaceable = Replaceable::default();
    if !practice {
        let notes;
        (replaceable, notes) = foreseen(store, prepared, of, now).await?;
        left_out.extend(notes);
    }
    let (mut notices, mut first) = (0, None);
    for notice in plan.notices() {
        let notice = match notice {
            Ok(notice) => notice,
            Err(one) => {
                left_out.push(one);
                continue;
            }
        };
        // A rehearsal does not look at the ledger.
        if !practice
            && !replaceable.is_written_anew(&notice.keys)
            && let Some(lately) = written_lately(store, &prepared.slug, &notice, prepared.repeat, now).await?
        {
            left_out.push(lately);
            continue;
        }
        notices += 1;
        first.get_or_insert_with(|| prepare::as_text(&notice));
    }
    let lately = told_lately(store, prepared, practice, now).await?;
    let lists = u64::try_from(prepared.lists(day(now), &lately, &replaceable).len()).unwrap_or(u64::MAX);
    Ok(Preview { notices, lists, left_out, first })
}

/// The patron as left out, if all items were written about within the repeat period.
async fn written_lately(
    store: &Store,
    slug: &str,
    notice: &PlannedNotice<'_>,
    repeat: Option<Duration>,
    now: Timestamp,
) -> Result<Option<LeftOut>, Refusal> {
    let written = store.written_lately(slug, &notice.keys, repeat, now).await?;
    let last_at = written.iter().copied().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
    Ok(last_at.map(|last_at| lately(&notice.patron, &notice.site.code, last_at)))
}

//! What a run would do. Only the ledger is read: nothing is sent, neither of this export nor of what is due anyway.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use store::{LeftOut, NamedItems, Store};

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
    let Written { people, first, left_out, replaceable } =
        written(prepared, store, (of, now), practice).await?;
    let lately = told_lately(store, prepared, practice, now).await?;
    let count = |all: usize| u64::try_from(all).unwrap_or(u64::MAX);
    let lists = count(prepared.lists(day(now), &lately, &replaceable).len());
    Ok(Preview { notices: count(people.len()), lists, left_out, first })
}

/// Who would be written to.
pub(super) struct Written {
    /// Their places in the import.
    pub(super) people: Vec<usize>,
    /// The mail of the first of them.
    first: Option<String>,
    left_out: Vec<LeftOut>,
    replaceable: Replaceable,
}

/// Looks it up.
pub(super) async fn written(
    prepared: &Arc<Prepared>,
    store: &Store,
    (of, now): (Timestamp, Timestamp),
    practice: bool,
) -> Result<Written, Refusal> {
    let plan = prepared.plan(day(now));
    let mut left_out = plan.left_out.clone();
    let mut replaceable = Replaceable::default();
    if !practice {
        let notes;
        (replaceable, notes) = foreseen(store, prepared, of, now).await?;
        left_out.extend(notes);
    }
    let (mut people, mut first) = (Vec::new(), None);
    for &at in &plan.chosen {
        let notice = match plan.notice(at) {
            Some(Ok(notice)) => notice,
            Some(Err(one)) => {
                left_out.push(one);
                continue;
            }
            None => continue,
        };
        // A rehearsal does not look at the ledger.
        if !practice
            && !replaceable.is_written_anew(&notice.keys)
            && let Some(lately) = written_lately(store, &prepared.slug, &notice, prepared.repeat, now).await?
        {
            left_out.push(lately);
            continue;
        }
        people.push(at);
        first.get_or_insert_with(|| prepare::as_text(&notice));
    }
    Ok(Written { people, first, left_out, replaceable })
}

/// The patron as left out, if all items were written about within the repeat period.
async fn written_lately(
    store: &Store,
    slug: &str,
    notice: &PlannedNotice<'_>,
    repeat: Option<Duration>,
    now: Timestamp,
) -> Result<Option<LeftOut>, Refusal> {
    let one = NamedItems { keys: notice.keys.clone(), to: notice.to.to_vec() };
    let before = store.written_before(slug, vec![one], repeat, now).await?.pop().flatten();
    Ok(before.map(|before| lately(&notice.patron, &notice.site.code, &before)))
}

//! What the day that it is has brought, library by library.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Time, tz::TimeZone};
use store::{Error, States, Store};

use crate::{
    cli::control::{Reply, Today},
    config::Site,
};

/// For whom it is the day that began at `since`; where a library has a time zone of its own, its day is counted.
pub(crate) async fn read(
    store: &Store,
    sites: &[Site],
    since: Timestamp,
    now: Timestamp,
) -> Result<Today, Error> {
    let began_at: BTreeMap<_, _> = sites
        .iter()
        .filter_map(|site| Some((Some(site.code.clone()), day_began_at(site.time_zone.as_ref()?, now)?)))
        .collect();
    let (mut handed_in, mut answered) = (BTreeMap::new(), BTreeMap::new());
    // Few zones are used, however many libraries there are.
    for day in began_at.values().copied().chain([since]).collect::<BTreeSet<_>>() {
        let is_its = |site: &Option<String>, _: &mut States| *began_at.get(site).unwrap_or(&since) == day;
        let (mut accepted, mut ended) = (store.by_site(Some(day)).await?, store.answered_by_site(day).await?);
        accepted.retain(is_its);
        ended.retain(is_its);
        handed_in.append(&mut accepted);
        answered.append(&mut ended);
    }
    let all = store.by_site(None).await?;
    Ok(Today::of(since, &began_at, &handed_in, &answered, &all))
}

/// When the day began that it is there.
pub(crate) fn day_began_at(zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    zone.to_timestamp(zone.to_datetime(now).date().to_datetime(Time::midnight())).ok()
}

/// For a command.
pub(crate) async fn answer(store: &Store, sites: &[Site], since: Timestamp, now: Timestamp) -> Reply {
    match read(store, sites, since, now).await {
        Ok(today) => Reply::Today(today),
        Err(error) => Reply::Failed { failure: super::failure(&error), message: error.to_string() },
    }
}

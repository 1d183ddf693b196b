//! After an outage: that mail goes out again, and by when all that waited for the server has left.

use jiff::Timestamp;
use store::Recovery;

use super::{standing::Standing, when::Clockwork};
use crate::web::Sources;

/// While something may still wait for its turn. `None`: mail does not go out, or nothing waits any more for that reason.
pub(super) fn leaves(standing: &Standing, sources: &Sources, clockwork: &Clockwork) -> Option<String> {
    let goes_out = matches!(standing, Standing::Well { .. } | Standing::Backup { .. });
    let recovery = (sources.now)().recovery.filter(|_| goes_out)?;
    let minutes = minutes_left(recovery, sources.config().schedule.short_wait.1, clockwork.now);
    let (words, since) = (clockwork.words, clockwork.text(recovery.recovered_at));
    let minutes = words.count("so-many-minutes", Some(minutes).filter(|minutes| *minutes > 0)?);
    Some(words.with("recovered", &[("since", &since), ("minutes", &minutes)]))
}

/// What was not tried meanwhile leaves bit by bit within the window; what failed together with the server has drawn its next try, and
/// `longest_wait` is the longest.
fn minutes_left(recovery: Recovery, longest_wait: std::time::Duration, now: Timestamp) -> u64 {
    let lasts = recovery.window.max(longest_wait);
    let until = recovery.recovered_at.saturating_add(lasts).unwrap_or(Timestamp::MAX);
    u64::try_from(until.duration_since(now).as_secs()).map_or(0, |seconds| seconds.div_ceil(60))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_longer_of_window_and_draw_counts_down_in_whole_minutes() {
        let recovered_at = Timestamp::constant(1_800_000_000, 0);
        for (window, longest, passed, left) in [
            (540, 540, 0, 9),
            (10, 540, 0, 9),
            (540, 60, 0, 9),
            (10, 1_200, 0, 20),
            (540, 540, 1, 9),
            (540, 540, 61, 8),
            (540, 540, 539, 1),
            (540, 540, 540, 0),
            (540, 540, 9_999, 0),
        ] {
            let recovery = Recovery { recovered_at, window: Duration::from_secs(window) };
            let now = recovered_at + Duration::from_secs(passed);
            let told = minutes_left(recovery, Duration::from_secs(longest), now);
            assert_eq!(told, left, "{window} {longest} {passed}");
        }
    }
}

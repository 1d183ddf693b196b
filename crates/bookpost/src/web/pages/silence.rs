//! That no notices are sent any more, in the words of whoever reads it.

use store::{Alarm, AlarmKind, Error};

use super::visit::Visit;
use crate::app::silence::{Pace, Silence};

/// What is wrong and what is done about it, where the alarm is about notices that stay away.
pub(super) async fn words(visit: &Visit, alarm: &Alarm) -> Result<Option<(String, String)>, Error> {
    if alarm.kind != AlarmKind::Silence {
        return Ok(None);
    }
    let (clockwork, words) = (&visit.clockwork, visit.words());
    let store = &visit.pages.sources.store;
    let Some(silence) = Silence::read(store, clockwork.now, &clockwork.zone).await? else { return Ok(None) };
    let text = clockwork.lately_within(silence.since);
    let since = ("since", text.as_str());
    let what = match silence.pace {
        Pace::Daily => words.with("silence-daily", &[since]),
        Pace::Weekdays => words.with("silence-weekdays", &[since]),
        Pace::Weekly => words.with("silence-weekly", &[since]),
        Pace::Days(days) => words.with("silence-days", &[since, ("days", &words.number(days))]),
    };
    Ok(Some((what, words.t("alarm-silence-do"))))
}

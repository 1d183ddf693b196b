//! When people are told of an alarm: a pure rule.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use store::{Alarm, AlarmKind};

/// A fault that keeps all mail back is told again at these ages.
const REMINDERS: [Duration; 3] = [Duration::from_mins(15), Duration::from_hours(4), Duration::from_hours(24)];

/// What people are told of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    /// It began.
    Started,
    /// It lasts.
    Still,
    /// It is over.
    Over,
}

impl Telling {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Still => "still",
            Self::Over => "over",
        }
    }

    /// The text of an alarm, so that what is over does not read like the fault, and asks nobody to do anything.
    pub(super) fn words(self, text: &str) -> String {
        match self {
            Self::Started => text.to_owned(),
            Self::Still => format!("This still lasts: {text}"),
            Self::Over => {
                let what = text.split_once(" What to do:").map_or(text, |(what, _)| what);
                format!("It is over, and nothing is to be done. When it began this was told: {what}")
            }
        }
    }
}

/// Is it told again while it lasts?
pub(super) fn is_repeated(kind: AlarmKind) -> bool {
    matches!(kind, AlarmKind::ServerDown | AlarmKind::SignIn)
}

/// What is to be told of `alarm` now, if anything, and what [`Alarm::told`] is afterwards.
pub(super) fn due(alarm: &Alarm, now: Timestamp) -> Option<(Telling, u32)> {
    if alarm.ended_at.is_some() {
        return (alarm.told != Alarm::TOLD_OVER).then_some((Telling::Over, Alarm::TOLD_OVER));
    }
    let age = Duration::try_from(now.duration_since(alarm.started_at)).unwrap_or_default();
    let reminders = REMINDERS.iter().filter(|at| is_repeated(alarm.kind) && age >= **at).count();
    let due = 1 + u32::try_from(reminders).unwrap_or(0);
    let telling = if alarm.told == 0 { Telling::Started } else { Telling::Still };
    (alarm.told < due).then_some((telling, due))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_at_the_beginning_at_three_ages_and_once_at_the_end() {
        let began = Timestamp::constant(1_800_000_000, 0);
        let alarm = |kind, told, ended_at| Alarm {
            id: 1,
            kind,
            subject: "server1".into(),
            reason: None,
            text: "No answer.".into(),
            started_at: began,
            ended_at,
            told,
        };
        let over = Alarm::TOLD_OVER;
        let down = AlarmKind::ServerDown;
        for (kind, told, ended, minutes, expected) in [
            (down, 0, false, 0, Some((Telling::Started, 1))),
            (down, 1, false, 14, None),
            (down, 1, false, 15, Some((Telling::Still, 2))),
            (down, 2, false, 239, None),
            (down, 2, false, 240, Some((Telling::Still, 3))),
            (down, 3, false, 1_440, Some((Telling::Still, 4))),
            (down, 4, false, 100_000, None),
            (down, 1, false, 1_440, Some((Telling::Still, 4))),
            // Nobody was told in time: once now, not three times in a row.
            (down, 0, false, 1_440, Some((Telling::Started, 4))),
            (down, 0, false, -5, Some((Telling::Started, 1))),
            (AlarmKind::SignIn, 1, false, 15, Some((Telling::Still, 2))),
            (AlarmKind::Quota, 1, false, 1_440, None),
            (down, 2, true, 1, Some((Telling::Over, over))),
            (down, 0, true, 1, Some((Telling::Over, over))),
            (down, over, true, 1_440, None),
        ] {
            let now = began + jiff::SignedDuration::from_mins(minutes);
            let alarm = alarm(kind, told, ended.then_some(began));
            assert_eq!(due(&alarm, now), expected, "{kind:?} {told} {ended} {minutes}");
        }
    }
}

//! No export stays away in silence: where notice runs came at a regular pace and none comes any more, a person is told.
//!
//! The rule, for all libraries together. Only runs that write to patrons count, and those that begin within six hours of the first of
//! them are one occasion. Of the 35 days up to the last occasion at least four are needed, the first and the last of them almost three
//! days apart. The pace is the gap that three of four gaps do not exceed; where the gap in the middle is less than a third of it, there
//! is no pace. A longer gap that was there twice is usual too, as where a library is closed on Sunday and Monday. It is silent once
//! more than the longest usual gap, half the pace and 14 hours have passed since the last run, so that one closed day more is borne.
//! Where all occasions were from Monday to Friday, and one of these days apart, weekends do not count. After 35 days in which no run
//! has begun, what was usual is forgotten.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Time, Weekday},
    tz::TimeZone,
};
use store::{AlarmKind, Error, Run, Store};

use crate::alarms::Alarms;

/// Runs that are looked through.
const RUNS: usize = 1_000;
/// How far back what was is usual still.
const WITHIN: SignedDuration = SignedDuration::from_hours(35 * 24);
const ONE_OCCASION: SignedDuration = SignedDuration::from_hours(6);
const FEWEST: usize = 4;
const SPAN: SignedDuration = SignedDuration::from_hours(3 * 24 - 6);
/// A pace up to here is daily.
const DAILY: SignedDuration = SignedDuration::from_hours(36);
const GRACE: SignedDuration = SignedDuration::from_hours(14);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What the alarm is about.
const RUNS_STAY_AWAY: &str = "notice runs";

/// How often runs usually begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Daily,
    /// From Monday to Friday.
    Weekdays,
    Weekly,
    /// At least once in so many days.
    Days(u64),
}

/// No run has begun since then, and usually they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silence {
    pub(crate) since: Timestamp,
    pub(crate) pace: Pace,
}

impl Silence {
    /// As it stands.
    pub(crate) async fn read(store: &Store, now: Timestamp, zone: &TimeZone) -> Result<Option<Self>, Error> {
        Ok(Self::of(&store.runs_begun(RUNS).await?, now, zone))
    }

    /// Of these runs, newest first.
    fn of(runs: &[Run], now: Timestamp, zone: &TimeZone) -> Option<Self> {
        let occasions = occasions(runs);
        let (first, last) = (occasions.first()?, occasions.last()?);
        let (span, since) = (last.began_at.duration_since(first.began_at), last.last_run_at);
        if occasions.len() < FEWEST || span < SPAN || now.duration_since(since) > WITHIN {
            return None;
        }
        let on_weekdays = occasions.iter().all(|one| !is_weekend(zone.to_datetime(one.began_at).weekday()));
        let daily = |count: &Counting<'_>| Usual::of(&occasions, count).filter(|usual| usual.gap <= DAILY);
        let weekdays = Counting { zone, weekends: false };
        let (count, usual) = if let Some(usual) = daily(&weekdays).filter(|_| on_weekdays) {
            (weekdays, usual)
        } else {
            let all = Counting { zone, weekends: true };
            let usual = Usual::of(&occasions, &all)?;
            (all, usual)
        };
        let is_silent = count.between(since, now) > usual.longest + usual.gap / 2 + GRACE;
        is_silent.then(|| Self { since, pace: Pace::of(usual.gap, count.weekends) })
    }
}

impl Pace {
    fn of(gap: SignedDuration, weekends: bool) -> Self {
        let days = ((gap + DAY / 2).as_secs() / DAY.as_secs()).unsigned_abs();
        match days {
            _ if !weekends => Self::Weekdays,
            _ if gap <= DAILY => Self::Daily,
            7 => Self::Weekly,
            days => Self::Days(days),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Daily => "daily".to_owned(),
            Self::Weekdays => "from Monday to Friday".to_owned(),
            Self::Weekly => "weekly".to_owned(),
            Self::Days(days) => format!("at least every {days} days"),
        }
    }
}

/// By the minute.
pub(super) async fn look(store: &Store, alarms: &Alarms, now: Timestamp) -> Result<(), Error> {
    let zone = TimeZone::system();
    match Silence::read(store, now, &zone).await? {
        Some(silence) => alarms.raise(AlarmKind::Silence, RUNS_STAY_AWAY, words(silence, &zone)),
        None => alarms.clear(AlarmKind::Silence, RUNS_STAY_AWAY),
    }
    Ok(())
}

fn words(silence: Silence, zone: &TimeZone) -> String {
    let since = zone.to_datetime(silence.since).strftime("%A, %-d %B, %H:%M");
    format!(
        "No notices have been sent since {since}; usually they are, {}. Look whether the library system still makes the export, and whether it comes here.",
        silence.pace.words()
    )
}

/// Runs close to each other.
#[derive(Debug, Clone, Copy)]
struct Occasion {
    began_at: Timestamp,
    last_run_at: Timestamp,
}

/// Those of runs that write to patrons, oldest first.
fn occasions(runs: &[Run]) -> Vec<Occasion> {
    let mut begun: Vec<_> = runs.iter().filter(|run| !run.practice).map(|run| run.started_at).collect();
    begun.sort();
    let mut all: Vec<Occasion> = Vec::new();
    for at in begun {
        match all.last_mut().filter(|last| at.duration_since(last.began_at) <= ONE_OCCASION) {
            Some(last) => last.last_run_at = at,
            None => all.push(Occasion { began_at: at, last_run_at: at }),
        }
    }
    let last = all.last().map(|last| last.began_at);
    all.retain(|one| last.is_some_and(|last| last.duration_since(one.began_at) <= WITHIN));
    all
}

/// How far occasions usually are apart.
struct Usual {
    /// Three of four gaps do not exceed it.
    gap: SignedDuration,
    /// The longest that was there twice, and no less than the other.
    longest: SignedDuration,
}

impl Usual {
    /// None where the gaps are too unlike each other.
    fn of(occasions: &[Occasion], count: &Counting<'_>) -> Option<Self> {
        let mut gaps: Vec<_> = occasions
            .iter()
            .zip(occasions.iter().skip(1))
            .map(|(before, after)| count.between(before.began_at, after.began_at))
            .collect();
        gaps.sort();
        let (middle, gap) = (*gaps.get(gaps.len() / 2)?, *gaps.get(gaps.len() * 3 / 4)?);
        let longest = gaps.iter().rev().nth(1).copied().unwrap_or(gap).max(gap);
        (middle * 3 >= gap).then_some(Self { gap, longest })
    }
}

/// What counts of the time that passes.
struct Counting<'a> {
    zone: &'a TimeZone,
    weekends: bool,
}

impl Counting<'_> {
    fn between(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        let mut passed = to.duration_since(from);
        let mut day = self.zone.to_datetime(from).date();
        if self.weekends {
            return passed;
        }
        loop {
            let begins =
                |day: jiff::civil::Date| self.zone.to_timestamp(day.to_datetime(Time::midnight())).ok();
            let (Some(begin), Ok(next)) = (begins(day), day.tomorrow()) else { break };
            let (begin, end) = (begin.max(from), begins(next).unwrap_or(to).min(to));
            if begin >= to {
                break;
            }
            if is_weekend(day.weekday()) {
                passed -= end.duration_since(begin);
            }
            day = next;
        }
        passed
    }
}

fn is_weekend(day: Weekday) -> bool {
    matches!(day, Weekday::Saturday | Weekday::Sunday)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use store::RunId;

    use super::*;

    /// Local times in the autumn of 2026, in which 2 November is a Monday; `-` stands before what was for practice.
    fn runs(times: &str, zone: &TimeZone) -> Vec<Run> {
        let run = |(id, text): (i64, &str)| Run {
            id: RunId(id),
            notice: "overdue-items".to_owned(),
            source: "overdues.csv".to_owned(),
            practice: text.starts_with('-'),
            begun_by: None,
            started_at: at(text.trim_start_matches('-'), zone),
            finished_at: None,
            stopped: None,
            states: BTreeMap::new(),
            copies: BTreeMap::new(),
            left_out: BTreeMap::new(),
        };
        let mut all: Vec<_> = (1..).zip(times.split_whitespace()).map(run).collect();
        all.reverse();
        all
    }

    fn at(text: &str, zone: &TimeZone) -> Timestamp {
        let (day, time) = text.split_once('T').unwrap_or((text, "06:00"));
        let local: jiff::civil::DateTime = format!("2026-{day}T{time}").parse().unwrap();
        zone.to_timestamp(local).unwrap()
    }

    #[test]
    fn it_is_silent_when_what_was_usual_stays_away() {
        let zone = TimeZone::get("America/Chicago").unwrap();
        let daily = "11-03 11-04 11-05 11-06 11-07 11-08";
        let weekdays = "11-02 11-03 11-04 11-05 11-06";
        let weekly = "10-12 10-19 10-26 11-02";
        for (times, silent_after, not_before, pace) in [
            (daily, "11-10T08:01", "11-10T08:00", Some(Pace::Daily)),
            // The weekend is not held against it, and one closed day is borne.
            (weekdays, "11-10T08:01", "11-10T08:00", Some(Pace::Weekdays)),
            // The week with the end of summer time has an hour more.
            (weekly, "11-13T09:31", "11-13T09:30", Some(Pace::Weekly)),
            // Over the end of summer time, when a day has an hour more.
            ("10-29 10-30 10-31 11-01T06:00 11-02", "11-04T09:31", "11-04T08:00", Some(Pace::Daily)),
            ("11-03 11-05 11-10 11-12 11-17 11-19", "11-27T22:00", "11-24T06:00", Some(Pace::Days(5))),
            // Closed on Sunday and Monday, and on Friday and Saturday: both are usual, and one closed day more is borne.
            (
                "11-03 11-04 11-05 11-06 11-07 11-10 11-11 11-12 11-13 11-14 11-17 11-18 11-19 11-20 11-21",
                "11-25T08:01",
                "11-25T08:00",
                Some(Pace::Daily),
            ),
            (
                "11-01 11-02 11-03 11-04 11-05 11-08 11-09 11-10 11-11 11-12 11-15 11-16 11-17 11-18 11-19",
                "11-23T08:01",
                "11-23T08:00",
                Some(Pace::Daily),
            ),
            // A gap that was there once is not usual.
            ("11-02 11-03 11-04 11-07 11-08 11-09 11-10", "11-12T08:01", "11-12T08:00", Some(Pace::Daily)),
            // Two runs a day are counted from the later one; within six hours too, of which it is one occasion.
            (
                "11-03 11-03T16:40 11-04 11-04T16:40 11-05 11-05T16:40 11-06 11-06T16:40 11-07 11-07T16:40",
                "11-09T02:41",
                "11-09T01:00",
                Some(Pace::Daily),
            ),
            (
                "11-05 11-05T10:00 11-06 11-06T10:00 11-07 11-07T10:00 11-08 11-08T10:00",
                "11-10T12:01",
                "11-10T12:00",
                Some(Pace::Daily),
            ),
            // Around the clock.
            (
                "11-05 11-05T12:00 11-05T18:00 11-06T00:00 11-06 11-06T12:00 11-06T18:00 11-07T00:00 11-07 11-07T12:00 11-07T18:00 11-08T00:00 11-08 11-08T12:00 11-08T18:00",
                "11-10T02:01",
                "11-10T02:00",
                Some(Pace::Daily),
            ),
            // What was usual is forgotten after 35 days, and so the alarm ends.
            (daily, "12-13T06:00", "12-13T06:01", Some(Pace::Daily)),
            // Fourteen libraries one after the other are one occasion, and practice is none.
            ("11-02 11-02T06:10 11-02T11:00 11-03", "12-30", "12-01", None),
            ("11-02 -11-03 -11-04 11-05", "12-30", "12-01", None),
            ("11-02 11-03 11-04", "12-30", "12-01", None),
            ("11-02 11-02T14:00 11-02T22:00 11-12T06:00", "12-30", "12-01", None),
            // Four tries on one day and the next are no habit.
            ("11-02 11-02T14:00 11-02T22:00 11-03T06:00", "12-30", "12-01", None),
            // What was long ago is.
            ("01-05 02-05 03-05 11-05", "12-30", "12-01", None),
            ("", "12-30", "12-01", None),
        ] {
            let runs = runs(times, &zone);
            let found = Silence::of(&runs, at(silent_after, &zone), &zone);
            assert_eq!(found.map(|silence| silence.pace), pace, "{times}");
            assert_eq!(Silence::of(&runs, at(not_before, &zone), &zone), None, "{times}");
            if let Some(silence) = found {
                assert_eq!(Some(silence.since), runs.first().map(|run| run.started_at), "{times}");
            }
        }
    }

    #[test]
    fn what_is_told_says_since_when_and_how_often_it_is_usual() {
        let zone = TimeZone::get("America/Chicago").unwrap();
        let silence = Silence { since: at("11-10", &zone), pace: Pace::Daily };
        assert!(words(silence, &zone).starts_with(
            "No notices have been sent since Tuesday, 10 November, 06:00; usually they are, daily."
        ));
    }
}

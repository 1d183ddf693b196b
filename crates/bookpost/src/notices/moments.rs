//! When a schedule is due: a pure function of what people said and of an instant.
//!
//! A moment is a day and a time of day in a time zone. One that falls on a closed day waits for the next day that is open, and two that
//! meet there are one. Where the clocks are put forward over the time, the moment is the first instant after the gap; where they are put
//! back over it, the first of the two. So there is at most one on each day, however the clocks are set.

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use store::{ClosedDays, Rhythm, SchedulePlan};

/// Days that are looked through for the next moment: a yearly one on 29 February that waits over closed days is among them.
const LOOKED_THROUGH: usize = 366 * 3;
/// A moment waits for an open day for no longer.
const WAITS: usize = 366;

/// Days that are looked back at for the moment before.
const LOOKED_BACK: usize = 12;
/// An export may be so much older than the moment before the last one.
const AGE_BESIDE: SignedDuration = SignedDuration::from_hours(12);
/// It may be so old at most,
const AGE_MOST: SignedDuration = SignedDuration::from_hours(8 * 24);
/// and so old where there is one moment only.
const AGE_ONCE: SignedDuration = SignedDuration::from_hours(36);

/// Why a plan has no moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoMoments {
    /// The name of its time zone.
    #[error("there is no such time zone; it is named as in America/Chicago")]
    Zone,
    /// A weekday, day or month.
    #[error("weekdays are 1 to 7, days of a month 1 to 31, months 1 to 12; and there must be one")]
    Day,
    /// There is no day on which it could be sent.
    #[error("it would never be sent: that day has passed, or all days are closed")]
    Never,
}

/// What a plan means, with its time zone looked up.
#[derive(Debug, Clone)]
pub struct Moments<'a> {
    plan: &'a SchedulePlan,
    zone: TimeZone,
}

impl<'a> Moments<'a> {
    /// Of a plan that can be.
    pub fn of(plan: &'a SchedulePlan) -> Result<Self, NoMoments> {
        let zone = TimeZone::get(&plan.zone).map_err(|_| NoMoments::Zone)?;
        let is_weekday = |day: &i8| (1..=7).contains(day);
        let can_be = match &plan.rhythm {
            Rhythm::Once(_) | Rhythm::Daily => true,
            Rhythm::Weekly(days) => !days.is_empty() && days.iter().all(is_weekday),
            Rhythm::Monthly(day) => (1..=31).contains(day),
            Rhythm::Yearly(month, day) => (1..=12).contains(month) && (1..=31).contains(day),
        };
        if can_be && plan.closed.weekdays.iter().all(is_weekday) {
            Ok(Self { plan, zone })
        } else {
            Err(NoMoments::Day)
        }
    }

    /// The first one later than this instant; `None`: there is none any more.
    pub fn after(&self, instant: Timestamp) -> Option<Timestamp> {
        // A gap may carry the moment of a day over its midnight.
        let first = self.zone.to_datetime(instant).date().yesterday().ok()?;
        let first = match self.plan.rhythm {
            Rhythm::Once(day) => first.max(day),
            _ => first,
        };
        let days = first.series(1.day()).take(LOOKED_THROUGH);
        days.filter_map(|day| self.on(day)).find(|moment| *moment > instant)
    }

    /// The next ones, so many at most.
    pub fn following(&self, instant: Timestamp, most: usize) -> Vec<Timestamp> {
        std::iter::successors(self.after(instant), |last| self.after(*last)).take(most).collect()
    }

    /// How many there are after `from`, up to `to`.
    pub fn passed(&self, from: Timestamp, to: Timestamp) -> u64 {
        let later = std::iter::successors(self.after(from), |last| self.after(*last));
        u64::try_from(later.take_while(|moment| *moment <= to).count()).unwrap_or(u64::MAX)
    }

    /// The day that it is at this instant where the schedule is for.
    pub fn day_of(&self, instant: Timestamp) -> Date {
        self.zone.to_datetime(instant).date()
    }

    /// How old an export may be now, where nobody says otherwise: one that was made in time for the moment before the last one was missed
    /// since. So it is the time since that moment, and half a day; a week and a day at most, as by then people have long brought back what it
    /// names.
    pub fn usual_age(&self, now: Timestamp) -> SignedDuration {
        let before = |instant| {
            let days = self.day_of(instant).series(-1_i32.days()).take(LOOKED_BACK);
            days.filter_map(|day| self.on(day)).find(|moment| *moment < instant)
        };
        let last = before(now.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(now));
        match (&self.plan.rhythm, last.and_then(before)) {
            (Rhythm::Once(_), _) => AGE_ONCE,
            (_, Some(before)) => now.duration_since(before).saturating_add(AGE_BESIDE).min(AGE_MOST),
            (_, None) => AGE_MOST,
        }
    }

    /// The moment of this day.
    pub fn on(&self, day: Date) -> Option<Timestamp> {
        if !self.falls_on(day) {
            return None;
        }
        let moment = self.instant(day.to_datetime(self.plan.time))?;
        let is_carried_over = self.zone.to_datetime(moment).date() != day;
        let has_its_own = is_carried_over && day.tomorrow().is_ok_and(|next| self.falls_on(next));
        (!has_its_own).then_some(moment)
    }

    /// Whether it is sent on this day: one of its own, or the first open one after such.
    fn falls_on(&self, day: Date) -> bool {
        let closed = &self.plan.closed;
        if is_closed(closed, day) {
            return false;
        }
        let mut earlier = day.series(-1_i32.days());
        let mut is_own = |own: Date| is_own(&self.plan.rhythm, own);
        earlier.next().is_some_and(&mut is_own)
            || earlier.take(WAITS).take_while(|day| is_closed(closed, *day)).any(is_own)
    }

    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        match ambiguous.offset() {
            AmbiguousOffset::Gap { .. } => {
                let before = ambiguous.earlier().ok()?;
                self.zone.following(before).next().map(|set| set.timestamp())
            }
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
        }
    }
}

fn is_closed(closed: &ClosedDays, day: Date) -> bool {
    closed.weekdays.contains(&day.weekday().to_monday_one_offset()) || closed.dates.contains(&day)
}

/// Whether people named this day.
fn is_own(rhythm: &Rhythm, day: Date) -> bool {
    let is_day_of_month = |wanted: i8| day.day() == wanted.min(day.days_in_month());
    match rhythm {
        Rhythm::Once(wanted) => day == *wanted,
        Rhythm::Daily => true,
        Rhythm::Weekly(weekdays) => weekdays.contains(&day.weekday().to_monday_one_offset()),
        Rhythm::Monthly(wanted) => is_day_of_month(*wanted),
        Rhythm::Yearly(month, wanted) => day.month() == *month && is_day_of_month(*wanted),
    }
}

#[cfg(test)]
mod tests;

//! Instants and durations, as people read them.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use super::words::Words;

const WEEKDAYS: [&str; 7] =
    ["weekday-1", "weekday-2", "weekday-3", "weekday-4", "weekday-5", "weekday-6", "weekday-7"];

/// Today, and the days of a week.
const DAYS: [&str; 8] = ["day-today", "day-1", "day-2", "day-3", "day-4", "day-5", "day-6", "day-7"];
const DAYS_WITHIN: [&str; 8] = [
    "within-today",
    "within-day-1",
    "within-day-2",
    "within-day-3",
    "within-day-4",
    "within-day-5",
    "within-day-6",
    "within-day-7",
];

/// Where and when a page is read.
#[derive(Clone)]
pub(super) struct Clockwork {
    pub(super) words: &'static Words,
    pub(super) zone: TimeZone,
    pub(super) now: Timestamp,
}

/// An instant for `<time>`: for machines and for people.
pub(super) struct At {
    pub(super) iso: String,
    pub(super) text: String,
}

impl Clockwork {
    /// For `<time>`.
    pub(super) fn at(&self, instant: Timestamp) -> At {
        At { iso: format!("{instant:.0}"), text: self.text(instant) }
    }

    /// The time of day; with the day where that is not today, and with the year where that is another.
    pub(super) fn text(&self, instant: Timestamp) -> String {
        let (then, now) = (self.local(instant), self.local(self.now));
        let time = then.strftime("%H:%M").to_string();
        if then.date() == now.date() {
            return time;
        }
        let (day, year) = (then.day().to_string(), then.year().to_string());
        let month = self.words.t(&format!("month-{}", then.month()));
        let day = if then.year() == now.year() {
            self.words.with("date", &[("day", &day), ("month", &month)])
        } else {
            self.words.with("date-with-year", &[("day", &day), ("month", &month), ("year", &year)])
        };
        self.words.with("day-and-time", &[("day", &day), ("time", &time)])
    }

    /// The day of the last week by its name, with the time of day, as a sentence begins with it; what is older as in [`Self::text`].
    pub(super) fn lately(&self, instant: Timestamp) -> String {
        let time = self.local(instant).strftime("%H:%M");
        self.day_lately(instant, &DAYS)
            .map_or_else(|| self.text(instant), |key| format!("{} {time}", self.words.t(key)))
    }

    /// The same within a sentence.
    pub(super) fn lately_within(&self, instant: Timestamp) -> String {
        let time = self.local(instant).strftime("%H:%M").to_string();
        self.day_lately(instant, &DAYS_WITHIN)
            .map_or_else(|| self.text(instant), |key| self.words.with(key, &[("time", &time)]))
    }

    /// Today, or the day of the last week.
    fn day_lately(&self, instant: Timestamp, keys: &[&'static str; 8]) -> Option<&'static str> {
        let then = self.local(instant);
        let days = self.local(self.now).date().since(then.date()).ok()?.get_days();
        let weekday = usize::from(then.weekday().to_monday_one_offset().unsigned_abs());
        keys.get(if days == 0 { 0 } else { weekday }).copied().filter(|_| (0..7).contains(&days))
    }

    /// The day with its year, and the time of day: for what is read somewhere else, or later.
    pub(super) fn in_full(&self, instant: Timestamp) -> String {
        let time = self.local(instant).strftime("%H:%M").to_string();
        self.words.with("day-and-time", &[("day", &self.day(instant)), ("time", &time)])
    }

    /// In which time it is told.
    pub(super) fn zone_name(&self) -> String {
        let name = self.zone.iana_name().map(|name| name.replace('_', " "));
        name.unwrap_or_else(|| self.zone.to_offset(self.now).to_string())
    }

    /// The day alone, with its year.
    pub(super) fn day(&self, instant: Timestamp) -> String {
        let then = self.local(instant);
        let (day, year) = (then.day().to_string(), then.year().to_string());
        let month = self.words.t(&format!("month-{}", then.month()));
        self.words.with("date-with-year", &[("day", &day), ("month", &month), ("year", &year)])
    }

    /// A day of the last weeks, in full and as short as it can be.
    pub(super) fn weekday(&self, day: DateTime) -> (String, String) {
        let weekday = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
        let weekday = self.words.t(WEEKDAYS.get(weekday).copied().unwrap_or_default());
        let month = self.words.t(&format!("month-{}", day.month()));
        let date = self.words.with("date", &[("day", &day.day().to_string()), ("month", &month)]);
        (format!("{weekday} {date}"), format!("{weekday} {}", day.day()))
    }

    /// How long it took.
    pub(super) fn took(&self, from: Timestamp, to: Timestamp) -> String {
        let took = to.duration_since(from).max(SignedDuration::ZERO);
        let (seconds, rest) = (took.as_secs().unsigned_abs(), took.subsec_millis().unsigned_abs());
        if seconds == 0 {
            self.words.count("milliseconds", rest.into())
        } else {
            self.words.count("seconds", seconds)
        }
    }

    /// Today's midnight.
    pub(super) fn day_began_at(&self) -> Timestamp {
        midnight(self.local(self.now).date(), &self.zone).unwrap_or(self.now)
    }

    pub(super) fn local(&self, instant: Timestamp) -> DateTime {
        self.zone.to_datetime(instant)
    }
}

/// When this day begins.
pub(super) fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(day.to_datetime(Time::midnight())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    #[test]
    fn an_instant_says_no_more_than_is_needed() {
        let zone = TimeZone::get("America/Chicago").unwrap();
        for (language, instant, text) in [
            (Language::English, "2026-11-28T20:05:00Z", "14:05"),
            (Language::English, "2026-11-28T03:05:00Z", "27 Nov, 21:05"),
            (Language::English, "2025-11-28T20:05:00Z", "28 Nov 2025, 14:05"),
            (Language::Spanish, "2026-01-28T20:05:00Z", "28 de enero, 14:05"),
        ] {
            let now = "2026-11-28T23:00:00Z".parse().unwrap();
            let clockwork = Clockwork { words: language.words(), zone: zone.clone(), now };
            let at = clockwork.at(instant.parse().unwrap());
            assert_eq!((at.text.as_str(), at.iso.as_str()), (text, instant));
            assert_eq!(clockwork.day_began_at().to_string(), "2026-11-28T06:00:00Z");
        }
    }

    #[test]
    fn a_day_of_the_last_week_has_its_name_as_the_sentence_wants_it() {
        let now = "2026-11-28T23:00:00Z".parse().unwrap();
        for (language, instant, alone, within) in [
            (Language::English, "2026-11-28T06:00:00Z", "Today 06:00", "today 06:00"),
            (Language::English, "2026-11-23T06:00:00Z", "Monday 06:00", "Monday 06:00"),
            (Language::Spanish, "2026-11-28T06:00:00Z", "Hoy 06:00", "hoy a las 06:00"),
            (Language::Spanish, "2026-11-23T06:00:00Z", "Lunes 06:00", "el lunes a las 06:00"),
            (Language::Spanish, "2026-11-21T06:00:00Z", "21 de noviembre, 06:00", "21 de noviembre, 06:00"),
            (Language::English, "2026-11-29T06:00:00Z", "29 Nov, 06:00", "29 Nov, 06:00"),
        ] {
            let clockwork = Clockwork { words: language.words(), zone: TimeZone::UTC, now };
            let instant = instant.parse().unwrap();
            assert_eq!((&*clockwork.lately(instant), &*clockwork.lately_within(instant)), (alone, within));
        }
    }

    #[test]
    fn a_duration_is_in_seconds_unless_it_is_shorter() {
        let now = Timestamp::UNIX_EPOCH;
        let clockwork = Clockwork { words: Language::English.words(), zone: TimeZone::UTC, now };
        for (millis, text) in [(0, "0 ms"), (999, "999 ms"), (1_000, "1 s"), (61_500, "61 s"), (-5, "0 ms")] {
            assert_eq!(clockwork.took(now, now + SignedDuration::from_millis(millis)), text);
        }
    }
}

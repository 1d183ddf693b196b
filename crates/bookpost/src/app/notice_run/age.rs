//! How old an export is: one that is older than a day is not run before a person has said that it is the right one.
//!
//! The time of the file says so wherever it is known. Dates say it only where it is not: a report of what is overdue for a month has none
//! that is newer, however fresh it is.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};

use crate::notices::Import;

/// An export that is made each day is never older.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// How it is known that an export is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// The file was last changed then.
    File(Timestamp),
    /// Nothing in it is of a later day.
    Dates(Date),
}

/// Whether an export is old that was last changed at `made_at`, or, where that is not known, of whose dates `newest` is the last.
pub(super) fn old(made_at: Option<Timestamp>, newest: Option<Date>, now: Timestamp) -> Option<Old> {
    if let Some(at) = made_at {
        return (now.duration_since(at) > A_DAY).then_some(Old::File(at));
    }
    let yesterday = day(now).yesterday().unwrap_or(Date::MIN);
    newest.filter(|newest| *newest < yesterday).map(Old::Dates)
}

/// When an export counts as made that came in at `at`: when its file was last changed; where nobody says so, not later than a day after its dates.
pub(super) fn made_at(at: Timestamp, made_at: Option<Timestamp>, old: Option<Old>) -> Timestamp {
    let by_dates = || match old {
        Some(Old::Dates(newest)) => end_of(newest.checked_add(1.days()).unwrap_or(Date::MAX)),
        Some(Old::File(_)) | None => at,
    };
    at.min(made_at.unwrap_or_else(by_dates))
}

/// The last day on which something in it is known to have happened by `today`. An export that names what is due later names what was lent
/// lately, too.
pub(super) fn newest(import: &Import, today: Date) -> Option<Date> {
    let items = || import.patrons.iter().flat_map(|patron| &patron.items);
    let lent = items().filter_map(|item| item.checked_out).filter(|day| *day <= today).max();
    if items().filter_map(|item| item.due).any(|due| due > today) {
        return lent;
    }
    lent.max(items().filter_map(|item| item.due).max())
}

fn day(instant: Timestamp) -> Date {
    TimeZone::system().to_datetime(instant).date()
}

fn end_of(day: Date) -> Timestamp {
    TimeZone::system().to_timestamp(day.at(23, 59, 59, 0)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::notices::{ImportOptions, read};

    fn at(hours: i64) -> Timestamp {
        "2026-11-23T12:00:00Z".parse::<Timestamp>().unwrap() - SignedDuration::from_hours(hours)
    }

    #[test]
    fn an_export_is_old_after_a_day_by_its_own_time_or_by_its_dates() {
        let nov = |day| Some(date(2026, 11, day));
        for (made, newest, expected) in [
            (Some(24), nov(22), None),
            (Some(25), nov(22), Some(Old::File(at(25)))),
            (Some(-5), nov(22), None),
            // What is overdue for 30 days, and was written an hour ago.
            (Some(1), Some(date(2026, 10, 24)), None),
            (None, nov(22), None),
            (None, nov(21), Some(Old::Dates(date(2026, 11, 21)))),
            (None, None, None),
            (Some(1), None, None),
        ] {
            assert_eq!(old(made.map(at), newest, at(0)), expected, "{made:?} {newest:?}");
        }
    }

    #[test]
    fn an_old_file_that_is_brought_in_today_counts_as_old() {
        let two_days = date(2026, 11, 21);
        for (file, old, counts_as) in [
            (None, None, at(0)),
            (Some(at(3)), None, at(3)),
            (Some(at(-3)), None, at(0)),
            (Some(at(48)), Some(Old::File(at(48))), at(48)),
            (None, Some(Old::Dates(date(2026, 11, 19))), end_of(date(2026, 11, 20))),
            (None, Some(Old::Dates(two_days)), end_of(date(2026, 11, 22))),
        ] {
            assert_eq!(made_at(at(0), file, old), counts_as, "{file:?} {old:?}");
        }
    }

    #[test]
    fn the_newest_date_is_one_that_has_come() {
        let import = |rows: &str| {
            let text = format!("name,email,title,due,checked out\n{rows}");
            read(text.as_bytes(), &ImportOptions::default()).unwrap()
        };
        let newest = |rows: &str| newest(&import(rows), date(2026, 11, 23));
        let overdue = "a,a@example.org,x,2026-11-12,2026-10-22\n";
        for (rows, day) in [
            (overdue.to_owned(), Some(date(2026, 11, 12))),
            (format!("{overdue}b,b@example.org,y,2026-12-12,2026-11-14\n"), Some(date(2026, 11, 14))),
            ("b,b@example.org,y,2026-12-12,\n".to_owned(), None),
        ] {
            assert_eq!(newest(&rows), day, "{rows}");
        }
    }
}

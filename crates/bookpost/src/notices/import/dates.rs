//! Dates as library systems write them, and the question whether the day, the month or the year comes first.
//!
//! The order is never guessed. [`Evidence`] looks at the dates of every row; a date such as 25/3/2026 settles it for the file.
//! 25/3/26 does not: it may be a day of the year 2025.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::Deserialize;

use super::ImportError;

/// What a year of two digits is counted from.
const CENTURY: i16 = 2000;

/// Which comes first where both could be meant, as in 3/4/2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum DateOrder {
    /// 25/12/2026
    #[serde(rename = "d/m/y")]
    DayFirst,
    /// 12/25/2026
    #[serde(rename = "m/d/y")]
    MonthFirst,
    /// 2026/12/25, or 26/12/25
    #[serde(rename = "y/m/d")]
    YearFirst,
}

impl DateOrder {
    /// How a date reads in this order; None: it is no date so.
    pub fn read(self, text: &str) -> Option<Date> {
        parse(text, Some(self))
    }
}

impl fmt::Display for DateOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DayFirst => "d/m/y",
            Self::MonthFirst => "m/d/y",
            Self::YearFirst => "y/m/d",
        })
    }
}

impl FromStr for DateOrder {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_lowercase().as_str() {
            "d/m/y" | "d.m.y" | "d-m-y" => Ok(Self::DayFirst),
            "m/d/y" | "m-d-y" => Ok(Self::MonthFirst),
            "y/m/d" | "y.m.d" | "y-m-d" => Ok(Self::YearFirst),
            other => Err(format!(
                "{other:?} is no order of dates: say d/m/y (day first), m/d/y (month first) or y/m/d (year first)"
            )),
        }
    }
}

/// Three numbers of a date in the order of the text, and what their spelling tells of that order.
struct Written {
    first: i16,
    second: i16,
    last: i16,
    year: Year,
    /// Wherever dots are used, the day comes before the month.
    dotted: bool,
}

/// Where the year stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Year {
    First,
    Last,
    /// Two digits at either end.
    Either,
}

/// What the dates seen so far say about their order.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    day_first: Option<u64>,
    month_first: Option<u64>,
    /// May have the day or the month first.
    open: Option<(u64, String)>,
    /// May have the day or the year first. That other dates have the day first does not settle it.
    perhaps_year: Option<(u64, String)>,
}

impl Evidence {
    /// Looks at one date of the row on `line`.
    pub(super) fn consult(&mut self, text: &str, line: u64) {
        let Some(Written { first, second, last, year, dotted }) = written(text) else { return };
        if year == Year::First || dotted {
            return;
        }
        let shown = || (line, text.trim().to_owned());
        match (first > 12, second > 12) {
            (true, false) if year == Year::Either && (1..=31).contains(&last) => {
                self.perhaps_year.get_or_insert_with(shown);
            }
            (true, false) => _ = self.day_first.get_or_insert(line),
            (false, true) => _ = self.month_first.get_or_insert(line),
            (false, false) if first != second => _ = self.open.get_or_insert_with(shown),
            _ => {}
        }
    }

    /// Whether every date seen can be read in one way only, whatever the order of others is.
    pub(super) fn needs_no_order(&self) -> bool {
        let Self { day_first, month_first, open, perhaps_year } = self;
        day_first.or(*month_first).is_none() && open.is_none() && perhaps_year.is_none()
    }

    /// The order of the file; what a person said goes before what the rows say.
    pub(super) fn settle(self, said: Option<DateOrder>) -> Result<Option<DateOrder>, ImportError> {
        if said.is_some() {
            return Ok(said);
        }
        match (self.day_first, self.month_first, self.perhaps_year, self.open) {
            (Some(day_first), Some(month_first), ..) => {
                Err(ImportError::MixedDates { day_first, month_first })
            }
            (None, Some(_), ..) => Ok(Some(DateOrder::MonthFirst)),
            (_, None, Some((line, text)), _) | (None, None, None, Some((line, text))) => {
                Err(ImportError::AmbiguousDates { line, text })
            }
            (Some(_), None, None, _) => Ok(Some(DateOrder::DayFirst)),
            (None, None, None, None) => Ok(None),
        }
    }
}

/// Reads one date, with or without a time of day after it. None: it is no date, or none in this order.
pub(super) fn parse(text: &str, order: Option<DateOrder>) -> Option<Date> {
    let Written { first, second, last, year, dotted } = written(text)?;
    let last_year = if year == Year::Either { CENTURY + last } else { last };
    let (year, month, day) = match (year, order) {
        (Year::First, _) => (first, second, last),
        (Year::Either, Some(DateOrder::YearFirst)) => (CENTURY + first, second, last),
        _ if dotted => (last_year, second, first),
        (_, Some(DateOrder::DayFirst)) => (last_year, second, first),
        (_, Some(DateOrder::MonthFirst)) => (last_year, first, second),
        // Only reached where both readings are the same day.
        (_, None) if first == second => (last_year, first, second),
        (_, Some(DateOrder::YearFirst) | None) => return None,
    };
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// Whether it is a date in one order or another.
pub(super) fn is_one(text: &str) -> bool {
    [DateOrder::DayFirst, DateOrder::MonthFirst, DateOrder::YearFirst]
        .into_iter()
        .any(|order| parse(text, Some(order)).is_some())
}

/// Takes a date apart.
fn written(text: &str) -> Option<Written> {
    let text = text.trim();
    let end = text.find(|c: char| c == 'T' || c == ',' || c.is_whitespace()).unwrap_or(text.len());
    let (date, time) = text.split_at(end);
    if !time.chars().all(|c| c.is_ascii_digit() || ":.,-+ TZAPMapm".contains(c)) {
        return None;
    }
    let separator = date.chars().find(|c| !c.is_ascii_digit()).filter(|c| "-/.".contains(*c))?;
    let mut parts = date.split(separator);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || ![a, b, c].iter().all(|part| is_number(part)) {
        return None;
    }
    let (first, second, last) = (a.parse().ok()?, b.parse().ok()?, c.parse().ok()?);
    let (year, last) = match (a.len(), c.len()) {
        (4, 1 | 2) => (Year::First, last),
        (2, 2) => (Year::Either, last),
        (1 | 2, 4) => (Year::Last, last),
        (1, 2) => (Year::Last, CENTURY + last),
        _ => return None,
    };
    Some(Written { first, second, last, year, dotted: separator == '.' })
}

fn is_number(part: &str) -> bool {
    matches!(part.len(), 1 | 2 | 4) && part.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn spellings() {
        use DateOrder::{DayFirst, MonthFirst, YearFirst};
        let expected = Some(date(2026, 11, 12));
        for (text, order, found) in [
            ("2026-11-12", None, expected),
            ("2026-11-12 23:59:00", None, expected),
            ("2026-11-12T23:59:00Z", None, expected),
            ("2026/11/12", None, expected),
            ("12.11.2026", None, expected),
            ("12.11.26", Some(MonthFirst), expected),
            ("12/11/2026", Some(DayFirst), expected),
            ("11/12/2026", Some(MonthFirst), expected),
            ("11-12-2026", Some(MonthFirst), expected),
            (" 11/12/2026 11:59 PM ", Some(MonthFirst), expected),
            ("11/12/26", Some(MonthFirst), expected),
            ("5/5/2026", None, Some(date(2026, 5, 5))),
            ("26-11-12", Some(YearFirst), expected),
            ("26.11.12", Some(YearFirst), expected),
            ("2026-11-12", Some(YearFirst), expected),
            ("12.11.2026", Some(YearFirst), expected),
            ("12/11/2026", Some(YearFirst), None),
            ("6/11/12", Some(YearFirst), None),
            ("26-11-12", None, None),
            ("12/11/2026", None, None),
            ("31/02/2026", Some(DayFirst), None),
            ("13/13/2026", Some(DayFirst), None),
            ("25/12/2026", Some(MonthFirst), None),
            ("12/11", Some(DayFirst), None),
            ("1/2/3/2026", Some(DayFirst), None),
            ("12/11/2026 by noon", Some(DayFirst), None),
            ("6/11/26", Some(DayFirst), Some(date(2026, 11, 6))),
            ("0001-01-01", None, Some(date(1, 1, 1))),
            ("20261112", None, None),
            ("", None, None),
            ("١٢/١١/٢٠٢٦", Some(DayFirst), None),
        ] {
            assert_eq!(parse(text, order), found, "{text:?} {order:?}");
        }
    }

    #[test]
    fn an_order_reads_back() {
        for order in [DateOrder::DayFirst, DateOrder::MonthFirst, DateOrder::YearFirst] {
            assert_eq!(order.to_string().parse(), Ok(order));
        }
        assert!("year first".parse::<DateOrder>().unwrap_err().contains("y/m/d"));
    }

    #[test]
    fn the_order_is_settled_by_any_row_or_by_a_person_but_never_guessed() {
        let open = ImportError::AmbiguousDates { line: 2, text: "3/4/2026".into() };
        let perhaps_year = ImportError::AmbiguousDates { line: 2, text: "26-11-12".into() };
        for (dates, said, settled) in [
            (&["3/4/2026", "5/6/2026"][..], None, Err(open)),
            (&["3/4/2026", "5/6/2026"], Some(DateOrder::MonthFirst), Ok(Some(DateOrder::MonthFirst))),
            (&["3/4/2026", "25/6/2026"], None, Ok(Some(DateOrder::DayFirst))),
            (&["3/4/2026", "5/26/2026"], None, Ok(Some(DateOrder::MonthFirst))),
            (
                &["3/14/2026", "25/6/2026"],
                None,
                Err(ImportError::MixedDates { day_first: 3, month_first: 2 }),
            ),
            (&["3.4.2026", "2026-04-03", "5/5/2026", "", "soon"], None, Ok(None)),
            // 26 November 2012, or 12 November 2026.
            (&["26-11-12"], None, Err(perhaps_year.clone())),
            (&["26-11-12", "25/6/2026"], None, Err(perhaps_year)),
            (&["26-11-12"], Some(DateOrder::YearFirst), Ok(Some(DateOrder::YearFirst))),
            (&["26-11-12", "11/26/12"], None, Ok(Some(DateOrder::MonthFirst))),
            (&["26-11-99"], None, Ok(Some(DateOrder::DayFirst))),
        ] {
            let mut evidence = Evidence::default();
            for (line, date) in (2..).zip(dates) {
                evidence.consult(date, line);
            }
            assert_eq!(evidence.settle(said), settled, "{dates:?}");
        }
    }
}

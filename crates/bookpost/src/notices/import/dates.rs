//! Dates as library systems write them, and the question whether the day or the month comes first.
//!
//! The order is never guessed. [`Evidence`] looks at the dates of every row; a date such as 25/3 settles it for the file.

use std::{fmt, str::FromStr};

use jiff::civil::Date;
use serde::Deserialize;

use super::ImportError;

/// Which comes first where both could be meant, as in 3/4/2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum DateOrder {
    /// 25/12/2026
    #[serde(rename = "d/m/y")]
    DayFirst,
    /// 12/25/2026
    #[serde(rename = "m/d/y")]
    MonthFirst,
}

impl fmt::Display for DateOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DayFirst => "d/m/y",
            Self::MonthFirst => "m/d/y",
        })
    }
}

impl FromStr for DateOrder {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_lowercase().as_str() {
            "d/m/y" | "d.m.y" | "d-m-y" => Ok(Self::DayFirst),
            "m/d/y" | "m-d-y" => Ok(Self::MonthFirst),
            other => {
                Err(format!("{other:?} is no order of dates: say d/m/y (day first) or m/d/y (month first)"))
            }
        }
    }
}

/// Three numbers of a date, as far as its spelling tells.
enum Written {
    /// Year first, or dots: there is only one reading.
    Plain { year: i16, month: i8, day: i8 },
    /// Two numbers and a year.
    Either { first: i8, second: i8, year: i16 },
}

/// What the dates seen so far say about their order.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    day_first: Option<u64>,
    month_first: Option<u64>,
    open: Option<(u64, String)>,
}

impl Evidence {
    /// Looks at one date of the row on `line`.
    pub(super) fn consult(&mut self, text: &str, line: u64) {
        let Some(Written::Either { first, second, .. }) = written(text) else { return };
        match (first > 12, second > 12) {
            (true, false) => _ = self.day_first.get_or_insert(line),
            (false, true) => _ = self.month_first.get_or_insert(line),
            (false, false) if first != second && self.open.is_none() => {
                self.open = Some((line, text.trim().to_owned()));
            }
            _ => {}
        }
    }

    /// The order of the file; what a person said goes before what the rows say.
    pub(super) fn settle(self, said: Option<DateOrder>) -> Result<Option<DateOrder>, ImportError> {
        match (said, self.day_first, self.month_first, self.open) {
            (Some(order), ..) => Ok(Some(order)),
            (None, Some(day_first), Some(month_first), _) => {
                Err(ImportError::MixedDates { day_first, month_first })
            }
            (None, Some(_), None, _) => Ok(Some(DateOrder::DayFirst)),
            (None, None, Some(_), _) => Ok(Some(DateOrder::MonthFirst)),
            (None, None, None, Some((line, text))) => Err(ImportError::AmbiguousDates { line, text }),
            (None, None, None, None) => Ok(None),
        }
    }
}

/// Reads one date, with or without a time of day after it. None: it is no date, or none in this order.
pub(super) fn parse(text: &str, order: Option<DateOrder>) -> Option<Date> {
    let (year, month, day) = match written(text)? {
        Written::Plain { year, month, day } => (year, month, day),
        Written::Either { first, second, year } => match order {
            Some(DateOrder::DayFirst) => (year, second, first),
            Some(DateOrder::MonthFirst) => (year, first, second),
            // Only reached where both readings are the same day.
            None if first == second => (year, first, second),
            None => return None,
        },
    };
    Date::new(year, month, day).ok()
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
    if a.len() == 4 {
        return Some(Written::Plain { year: a.parse().ok()?, month: b.parse().ok()?, day: c.parse().ok()? });
    }
    let year = match c.len() {
        2 => 2000 + c.parse::<i16>().ok()?,
        4 => c.parse().ok()?,
        _ => return None,
    };
    let (first, second) = (a.parse().ok()?, b.parse().ok()?);
    // Wherever dots are used, the day comes first.
    Some(if separator == '.' {
        Written::Plain { year, month: second, day: first }
    } else {
        Written::Either { first, second, year }
    })
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
        use DateOrder::{DayFirst, MonthFirst};
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
            ("12/11/2026", None, None),
            ("31/02/2026", Some(DayFirst), None),
            ("13/13/2026", Some(DayFirst), None),
            ("25/12/2026", Some(MonthFirst), None),
            ("12/11", Some(DayFirst), None),
            ("1/2/3/2026", Some(DayFirst), None),
            ("12/11/2026 by noon", Some(DayFirst), None),
            ("20261112", None, None),
            ("", None, None),
            ("١٢/١١/٢٠٢٦", Some(DayFirst), None),
        ] {
            assert_eq!(parse(text, order), found, "{text:?} {order:?}");
        }
    }

    #[test]
    fn the_order_is_settled_by_any_row_or_by_a_person_but_never_guessed() {
        let open = ImportError::AmbiguousDates { line: 2, text: "3/4/2026".into() };
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
        ] {
            let mut evidence = Evidence::default();
            for (line, date) in (2..).zip(dates) {
                evidence.consult(date, line);
            }
            assert_eq!(evidence.settle(said), settled, "{dates:?}");
        }
    }
}

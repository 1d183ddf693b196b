//! Numbers of cells as text: dates as dates, everything else as a person wrote it.

use jiff::{
    ToSpan as _,
    civil::{Date, date},
};

/// Digits that a spreadsheet keeps of a number; what a file has beyond them comes of counting in twos.
const DIGITS: usize = 15;

/// The number that stands in a cell, which shows it as a date or not.
pub(super) fn text(written: &str, is_date: bool, from_1904: bool) -> String {
    let written = written.trim();
    let number: Option<f64> = written.parse().ok().filter(|number: &f64| number.is_finite());
    match number {
        Some(number) if is_date => match day(number, from_1904) {
            Some(day) => day.to_string(),
            None => plain(written, number),
        },
        Some(number) => plain(written, number),
        None => written.to_owned(),
    }
}

/// The day of a date's number. The time of day in it is left out.
fn day(number: f64, from_1904: bool) -> Option<Date> {
    /// The last day of the year 9999, counted from 1900 on.
    const LAST: f64 = 2_958_466.0;
    if !(1.0..LAST).contains(&number) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is small, and its day is the whole part")]
    let days = number as i64;
    let (first, days) = match (from_1904, days) {
        (true, days) => (date(1904, 1, 1), days),
        // The year 1900 had a 29 February for the first spreadsheets, and has it for all that came after (section 18.17.4.1).
        (false, 1..60) => (date(1899, 12, 31), days),
        (false, days) => (date(1899, 12, 30), days),
    };
    first.checked_add(days.days()).ok()
}

/// Without an exponent: a barcode is no power of ten.
fn plain(written: &str, number: f64) -> String {
    if written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        || (written.len() <= DIGITS && !written.contains(['e', 'E']))
    {
        return written.to_owned();
    }
    let rounded: f64 = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (written, is_date, expected) in [
            ("39001000001234", false, "39001000001234"),
            ("2.3529001042E+13", false, "23529001042000"),
            ("1.2E13", false, "12000000000000"),
            ("12345678901234567", false, "12345678901234567"),
            ("18.5", false, "18.5"),
            ("18.50", false, "18.50"),
            ("18.989999999999998", false, "18.99"),
            ("0.30000000000000004", false, "0.3"),
            ("-0.4", false, "-0.4"),
            ("1E400", false, "1E400"),
            ("soon", true, "soon"),
            ("46338", true, "2026-11-12"),
            ("46338.999988425923", true, "2026-11-12"),
            ("61", true, "1900-03-01"),
            ("59", true, "1900-02-28"),
            ("0.5", true, "0.5"),
            ("2958465", true, "9999-12-31"),
            ("2958466", true, "2958466"),
            ("-1", true, "-1"),
        ] {
            assert_eq!(text(written, is_date, false), expected, "{written}");
        }
        assert_eq!(text("44876", true, true), "2026-11-12");
    }
}

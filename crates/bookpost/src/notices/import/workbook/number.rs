//! Numbers of cells as text: dates as dates, everything else as a person wrote it.

use jiff::{
    ToSpan as _,
    civil::{Date, date},
};

/// Digits that a spreadsheet keeps of a number; what a file has beyond them comes of counting in twos.
const DIGITS: usize = 15;

/// How a cell shows its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Shows {
    #[default]
    Number,
    Date,
    /// With zeros before it, up to as many digits.
    Digits(u8),
}

/// The number that stands in a cell.
pub(super) fn text(written: &str, shows: Shows, from_1904: bool) -> String {
    let written = written.trim();
    let Some(number) = written.parse().ok().filter(|number: &f64| number.is_finite()) else {
        return written.to_owned();
    };
    match shows {
        Shows::Date => day(number, from_1904).map_or_else(|| plain(written, number), |day| day.to_string()),
        Shows::Number => plain(written, number),
        Shows::Digits(digits) => padded(plain(written, number), digits.into()),
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

/// A whole number with zeros before it.
fn padded(plain: String, digits: usize) -> String {
    if plain.bytes().all(|byte| byte.is_ascii_digit()) { format!("{plain:0>digits$}") } else { plain }
}

/// Without an exponent: a barcode is no power of ten, and has nothing behind a point.
fn plain(written: &str, number: f64) -> String {
    let written = whole(written).unwrap_or(written);
    if written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        || (written.len() <= DIGITS && !written.contains(['e', 'E']))
    {
        return written.to_owned();
    }
    let rounded: f64 = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    rounded.to_string()
}

/// What stands before a point with nothing but zeros behind it.
fn whole(written: &str) -> Option<&str> {
    let (whole, behind) = written.split_once('.')?;
    (!whole.is_empty() && !behind.is_empty() && behind.bytes().all(|byte| byte == b'0')).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        use Shows::{Date, Digits, Number};
        for (written, shows, expected) in [
            ("39001000001234", Number, "39001000001234"),
            ("2.3529001042E+13", Number, "23529001042000"),
            ("1.2E13", Number, "12000000000000"),
            ("12345678901234567", Number, "12345678901234567"),
            ("4711.0", Number, "4711"),
            ("123456789012.0", Number, "123456789012"),
            ("1234567890123456.00", Number, "1234567890123456"),
            ("-3.0", Number, "-3"),
            (".0", Number, ".0"),
            ("7.", Number, "7."),
            ("4711", Digits(8), "00004711"),
            ("4711.0", Digits(8), "00004711"),
            ("123456789", Digits(8), "123456789"),
            ("47.5", Digits(8), "47.5"),
            ("-1", Digits(8), "-1"),
            ("soon", Digits(8), "soon"),
            ("18.5", Number, "18.5"),
            ("18.50", Number, "18.50"),
            ("18.989999999999998", Number, "18.99"),
            ("0.30000000000000004", Number, "0.3"),
            ("-0.4", Number, "-0.4"),
            ("1E400", Number, "1E400"),
            ("soon", Date, "soon"),
            ("46338", Date, "2026-11-12"),
            ("46338.999988425923", Date, "2026-11-12"),
            ("61", Date, "1900-03-01"),
            ("59", Date, "1900-02-28"),
            ("0.5", Date, "0.5"),
            ("2958465", Date, "9999-12-31"),
            ("2958466", Date, "2958466"),
            ("-1", Date, "-1"),
        ] {
            assert_eq!(text(written, shows, false), expected, "{written}");
        }
        assert_eq!(text("44876", Date, true), "2026-11-12");
    }
}

//! The digest's file (RFC 4180), which a librarian opens as a spreadsheet.

use jiff::{Timestamp, tz::TimeZone};

use super::{DigestEntry, fields::one_line};

const COLUMNS: [&str; 9] = [
    "Patron",
    "Patron number",
    "Address",
    "Library",
    "Notice",
    "Why",
    "What to do",
    "Server's answer",
    "Last tried",
];
/// Without it, the usual spreadsheet program takes UTF-8 for something else and spoils names.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// All entries, under a line of column names, in UTF-8.
pub(super) fn write(entries: &[DigestEntry], zone: &TimeZone) -> Vec<u8> {
    let mut writer =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(BYTE_ORDER_MARK.to_vec());
    // Writing into memory fails only where memory does.
    let _ = writer.write_record(COLUMNS);
    for entry in entries {
        let _ = writer.write_record(row(entry, zone).map(|text| neutral(&text)));
    }
    writer.into_inner().unwrap_or_default()
}

fn row(entry: &DigestEntry, zone: &TimeZone) -> [String; 9] {
    let (message, returned) = (&entry.message, &entry.returned);
    let tried = |at: Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    [
        returned.patron_name.clone().unwrap_or_default(),
        returned.patron_number.clone().unwrap_or_default(),
        returned.address.to_string(),
        message.site_name.clone(),
        message.run_name.clone().unwrap_or_else(|| message.subject.clone()),
        returned.why(),
        returned.what_to_do.clone(),
        returned.said().unwrap_or_default(),
        returned.last_attempt_at.map_or_else(|| "never".to_owned(), tried),
    ]
}

/// A cell that a spreadsheet would run as a formula is given an apostrophe in front, which it does not show.
fn neutral(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let line = one_line(text);
    if formula || line.starts_with(['=', '+', '-', '@']) { format!("'{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralised() {
        for (text, cell) in [
            ("Ana", "Ana"),
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-2", "'-2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'=1"),
            ("\rx", "'x"),
            (" =1", "'=1"),
            ("a\r\nb", "a b"),
            ("", ""),
        ] {
            assert_eq!(neutral(text), cell, "{text:?}");
        }
    }
}

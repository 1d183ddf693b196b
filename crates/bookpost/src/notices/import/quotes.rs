//! A quotation mark that takes in the lines below it.
//!
//! Where an export puts no marks around its cells, a title that begins with one opens a quoted cell for whoever reads CSV by the
//! rules (RFC 4180). It ends at the next mark, perhaps many lines below, and other patrons' lines would stand in the title.

use store::LeftOutDetail;

use super::{layout::Delimiter, rows::Row};

/// Why a row cannot be used that has taken in lines of others; None for all that is in order, cells of several lines too.
pub(super) fn taken_in(row: &Row<'_>, delimiter: Delimiter, width: usize) -> Option<LeftOutDetail> {
    let lines = row.raw.matches('\n').count();
    if lines == 0
        || delimiter == Delimiter::Cell
        || !(ends_within_text(row.raw, delimiter) || row.cells().any(|cell| is_rows(cell, delimiter, width)))
    {
        return None;
    }
    let last = row.line + u64::try_from(lines).unwrap_or(u64::MAX);
    Some(LeftOutDetail::QuotationMark { last })
}

/// Whether a cell holds a whole row on one of its lines; or, for the tab that no text has, the end of a row and the start of
/// the next. Koha's cell of all items has five cells on each line, in a table of at least ten.
fn is_rows(cell: &str, delimiter: Delimiter, width: usize) -> bool {
    let between = width.saturating_sub(1);
    let mut before = 0;
    between > 0
        && cell.contains('\n')
        && cell.lines().any(|line| {
            let here = line.matches(char::from(delimiter.byte())).count();
            let joined = if delimiter == Delimiter::Tab { before + here } else { here };
            before = here;
            joined >= between
        })
}

/// Whether a quoted cell of several lines ends at a mark with text behind it: the mark belongs to another cell then.
fn ends_within_text(raw: &str, delimiter: Delimiter) -> bool {
    let delimiter = char::from(delimiter.byte());
    let mut rest = raw;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (cell, behind) = quoted_cell(quoted);
            let behind = behind.trim_start_matches(' ');
            if cell.contains('\n') && !behind.is_empty() && !behind.starts_with([delimiter, '\n', '\r']) {
                return true;
            }
            rest = behind;
        }
        match rest.split_once(delimiter) {
            Some((_, next)) => rest = next,
            None => return false,
        }
    }
}

/// The text up to the closing mark, and what stands behind it. Two marks are one that belongs to the text.
fn quoted_cell(text: &str) -> (&str, &str) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find('"')).map(|at| from + at) {
        let behind = text.get(at + 1..).unwrap_or("");
        if !behind.starts_with('"') {
            return (text.get(..at).unwrap_or(text), behind);
        }
        from = at + 2;
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use crate::notices::{ImportOptions, read};

    #[test]
    fn lines_of_others_never_stand_in_a_title() {
        let tabs = "name\temail\ttitle\tdue\n\
            Ann\tann@example.org\t\"Surely you're joking\t2026-11-12\n\
            Ming\tming@example.org\tEmma\t2026-11-12\n\
            Zoe\tzoe@example.org\t\"What is life\t2026-11-12\n";
        let adjacent = tabs.replace("Ming\tming@example.org\tEmma\t2026-11-12\n", "");
        let inches = tabs.replace("\"What is life", "Records of 12\"");
        for (text, used, refused) in [
            (tabs, 0, Some((2, "down to line 4"))),
            (&tabs.replace('\t', ","), 0, Some((2, "down to line 4"))),
            (&adjacent, 0, Some((2, "down to line 3"))),
            (&adjacent.replace('\t', ","), 0, Some((2, "down to line 3"))),
            (&inches, 0, Some((2, "down to line 4"))),
            (&inches.replace('\t', ";"), 0, Some((2, "down to line 4"))),
            (
                &inches.replace("Ming\tming@example.org\tEmma\t2026-11-12\n", ""),
                0,
                Some((2, "down to line 3")),
            ),
            // Marks around whole cells, and marks inside a cell.
            (
                "name,email,title,due\nAnn,a@example.org,\"One, two,\nthree: \"\"four\"\",\nfive\",2026-11-12\n",
                1,
                None,
            ),
            ("name,email,title,due\nAnn,a@example.org,\"One\ntwo\" ,2026-11-12\n", 1, None),
            ("name,email,title,due\nAnn,a@example.org,Records of 12\",2026-11-12\n", 1, None),
        ] {
            let import = read(text.as_bytes(), &ImportOptions::default()).unwrap();
            assert_eq!(import.patrons.len(), used, "{text}");
            let found = import.refused.first().map(|line| (line.line, line.reason.to_string()));
            match (found, refused) {
                (Some((line, reason)), Some((at, words))) => {
                    assert!(line == at && reason.contains(words), "{reason}");
                }
                (found, refused) => assert!(found.is_none() && refused.is_none(), "{text}: {found:?}"),
            }
        }
    }
}

//! A queue that is at another place now, in words.

use mail::counted;
use store::QueueMoved;

use super::Table;

const NEXT: &str = "What is sealed in it (passwords, sign-ins) needs the same key as before, the one that [secrets] names.
The queue that is left where it was is not used any more, and says so; nothing was taken out of it.
On the server: leave [database] in the settings, then start Bookpost. In the file: take [database] out, leave [secrets] in, then start Bookpost.
";

/// It was moved.
pub(super) fn moved(moved: &QueueMoved) -> String {
    let mut table = Table::default();
    table.row(["from", &moved.from]);
    table.row(["to", &moved.to]);
    let rows = |name: &str| moved.tables.get(name).map_or(0, |sum| sum.rows);
    table.row(["mails", &rows("message").to_string()]);
    table.row(["to so many addresses", &rows("recipient").to_string()]);
    let lines = counted(moved.tables.values().map(|sum| sum.rows).sum::<u64>(), "line", "lines");
    let tables = counted(moved.tables.len() as u64, "table", "tables");
    format!("{table}All of it ({lines} in {tables}) was read again there, and is the same.\n{NEXT}")
}

/// It was there already.
pub(super) fn arrived(from: &str, to: &str, at: &str) -> String {
    format!("The queue of {from} had arrived at {to}: it was moved at {at}, and that is noted now.\n{NEXT}")
}

pub(super) fn taken_back(place: &str) -> String {
    format!(
        "The queue in {place} is used again. Start Bookpost on it, and on no other place it was moved to\n"
    )
}

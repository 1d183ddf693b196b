//! An overdue export of a library that does not exist, of any size, on standard output:
//! `cargo run --release -p bookpost --example koha -- 10000 25000 > overdues.csv` (patrons, items); with a third word `xlsx` as a workbook.

use std::{error::Error, io::Write as _};

use bookpost::notices::sample;
use jiff::civil::date;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let [patrons, items, form @ ..] = &words[..] else { return Err("koha PATRONS ITEMS [xlsx]".into()) };
    let csv = sample::koha(patrons.parse()?, items.parse()?, date(2026, 11, 23));
    let export = match form {
        [] => csv,
        [form] if form == "xlsx" => sample::workbook(&[("Overdues", &sample::rows(&csv))], "")?,
        _ => return Err("koha PATRONS ITEMS [xlsx]".into()),
    };
    std::io::stdout().lock().write_all(&export)?;
    Ok(())
}

//! An overdue export of a library that does not exist, of any size, on standard output:
//! `cargo run --release -p bookpost --example koha -- 10000 25000 > overdues.csv` (patrons, items).

use std::{error::Error, io::Write as _};

use bookpost::notices::sample;
use jiff::civil::date;

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse());
    let (Some(patrons), Some(items)) = (numbers.next().transpose()?, numbers.next().transpose()?) else {
        return Err("koha PATRONS ITEMS".into());
    };
    std::io::stdout().lock().write_all(&sample::koha(patrons, items, date(2026, 11, 23)))?;
    Ok(())
}

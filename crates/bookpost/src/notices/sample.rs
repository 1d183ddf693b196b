//! Exports of libraries that do not exist: the demo's, and one of any size for measurements.
//!
//! All addresses are under `example.org` (RFC 2606), all people and barcodes are made up; the same seed makes the same bytes.

mod workbook;

pub use workbook::{archive, rows, workbook};

use std::fmt::Write as _;

use jiff::{ToSpan as _, civil::Date};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// The demo's patron whose address does not exist.
pub const DEAD_ADDRESS: &str = "gone.away@example.org";
/// The demo's patron whose mailbox is full at first and takes mail later.
pub const FULL_MAILBOX: &str = "full.for.now@example.org";
/// Branch codes and names of the sample library.
pub const BRANCHES: [(&str, &str); 3] =
    [("MAIN", "Main Library"), ("WEST", "Westside Library"), ("HARB", "Harbour Library")];
/// Patrons of [`library`] that stand on a line of their own making: dead, full, without address.
const SPECIAL: usize = 3;

const HEADER: &str = "duedate,title,author,borrowertitle,firstname,surname,phone,barcode,email,address,address2,zipcode,\
    city,country,branchcode,itemcallnumber,biblionumber,borrowernumber,itemnum,issuedate,replacementprice,\
    itemnotes_nonpublic,streetnumber,streettype\n";

/// First name, family name.
const NAMES: [(&str, &str); 24] = [
    ("Ngozi", "Okafor"),
    ("Łukasz", "Żółkiewski"),
    ("Zoë", "Müller"),
    ("José", "Muñoz García"),
    ("Bjørn", "Ångström"),
    ("Siobhán", "O’Brien"),
    ("Trần", "Thị Hương"),
    ("Ümit", "Çağlar"),
    ("ليلى", "حداد"),
    ("محمد", "الأنصاري"),
    ("明", "李"),
    ("秀英", "王"),
    ("Дмитрий", "Иванов"),
    ("Ольга", "Шевченко"),
    ("आरव", "शर्मा"),
    ("प्रिया", "पटेल"),
    ("נועה", "כהן"),
    ("דוד", "לוי"),
    ("Amelia", "Brown"),
    ("Kofi", "Mensah"),
    ("Aiko", "Tanaka"),
    ("さくら", "田中"),
    ("Maria", "Rossi"),
    ("Tane", "Whāriki"),
];

/// Title, author, call number, price.
const BOOKS: [(&str, &str, &str, &str); 16] = [
    ("The Lighthouse at Low Tide", "Marlow, Ada", "FIC MAR", "18.50"),
    ("A Field Guide to Garden Birds", "Finch, Robin", "598 FIN", "24.00"),
    ("Le château dans les étoiles", "Lefèvre, Éloïse", "FR LEF", "21.90"),
    ("Die Brücke über den Fluss", "Größmann, Jörg", "DE GRO", "19.95"),
    ("قصص من المدينة القديمة", "سالم, هدى", "AR SAL", "15.00"),
    ("城市与河流", "陈, 光", "ZH CHE", "16.80"),
    ("Дом у моря", "Лебедева, Анна", "RU LEB", "14.20"),
    ("नदी की कहानी", "वर्मा, कविता", "HI VAR", "12.00"),
    ("הגן הסודי של סבתא", "ברק, תמר", "HE BAR", "17.40"),
    ("🚀 To the Moon and Back 🌙", "Star, Stella", "E STA", "9.99"),
    ("\"Why?\" and Other Small Questions", "Ask, N.", "J ASK", "8.75"),
    ("Chemistry, Plain and Simple", "Beaker, Rosa", "540 BEA", "32.00"),
    ("El jardín de las mareas", "Núñez, Inés", "ES NUN", "13.60"),
    ("Bread, Butter & Cheese", "Baker, Tom", "641 BAK", "27.30"),
    ("Night Trains <of Europe>", "Rails, Ivan", "914 RAI", "22.15"),
    ("Mathematics for the Curious", "Prime, Emmy", "510 PRI", "29.90"),
];

/// The demo's export, as Koha's Overdues page makes it: 320 patrons, three branches, some patrons with several items; one dead address, one
/// full mailbox, one patron without an address, one line that cannot be used. `today` is the day of the export.
pub fn library(seed: u64, today: Date) -> Vec<u8> {
    const PATRONS: usize = 320;
    let mut export = Export::new(seed, today);
    for (address, name) in
        [(DEAD_ADDRESS, ("Gwen", "Away")), (FULL_MAILBOX, ("Felix", "Fuller")), ("", ("Noah", "Nowhere"))]
    {
        export.patron(name, address, 1);
    }
    for patron in SPECIAL..PATRONS {
        let items = match export.dice.random_range(0..10_u8) {
            0..6 => 1,
            6..8 => 2,
            8 => 3,
            _ => 5,
        };
        let name = NAMES.get(patron % NAMES.len()).copied().unwrap_or(("Ngozi", "Okafor"));
        export.patron(name, &format!("patron{patron}@example.org"), items);
        if patron == PATRONS / 2 {
            export.text.push_str("when it comes back,The Line That Broke Off,,,Bad,Row\n");
        }
    }
    export.text.into_bytes()
}

/// A Koha export of `patrons` patrons with `items` items shared out evenly, for measurements.
pub fn koha(patrons: usize, items: usize, today: Date) -> Vec<u8> {
    let mut export = Export::new(1, today);
    for patron in 0..patrons {
        let share = items * (patron + 1) / patrons - items * patron / patrons;
        let name = NAMES.get(patron % NAMES.len()).copied().unwrap_or(("Ngozi", "Okafor"));
        export.patron(name, &format!("patron{patron}@example.org"), share);
    }
    export.text.into_bytes()
}

struct Export {
    dice: StdRng,
    today: Date,
    text: String,
    patrons: usize,
    items: usize,
}

impl Export {
    fn new(seed: u64, today: Date) -> Self {
        Self { dice: StdRng::seed_from_u64(seed), today, text: HEADER.to_owned(), patrons: 0, items: 0 }
    }

    fn patron(&mut self, (first, family): (&str, &str), address: &str, items: usize) {
        self.patrons += 1;
        let branch = BRANCHES.get(self.patrons % BRANCHES.len()).map_or("MAIN", |(code, _)| code);
        for _ in 0..items {
            self.items += 1;
            let book = self.dice.random_range(0..BOOKS.len());
            let (title, author, call_number, price) = BOOKS.get(book).copied().unwrap_or_default();
            let late = self.dice.random_range(1..60_i64);
            let due = self.today.saturating_sub(late.days());
            let out = due.saturating_sub(21.days());
            // Writing to a String cannot fail.
            let _ = writeln!(
                self.text,
                "\"{due} 23:59:00\",{},{},,{},{},555-0100,{},{address},Elm Street,,12345,Springfield,,{branch},{},{},{},{},\
                 {out},{price},,{},",
                quoted(title),
                quoted(author),
                quoted(first),
                quoted(family),
                39_001_000_000_000_usize + self.items,
                quoted(call_number),
                500 + book,
                1000 + self.patrons,
                7000 + self.items,
                1 + self.patrons % 99,
            );
        }
    }
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::civil::date;

    use super::*;
    use crate::notices::{ImportOptions, import::Shape, read};

    #[test]
    fn the_sample_library_has_what_the_demo_shows() {
        let bytes = library(7, date(2026, 11, 23));
        assert_eq!(bytes, library(7, date(2026, 11, 23)));
        assert_ne!(bytes, library(8, date(2026, 11, 23)));
        let import = read(&bytes, &ImportOptions::default()).unwrap();
        assert_eq!(
            (import.shape, import.patrons.len(), import.branches.len()),
            (Shape::KohaOverdues, 320, 3)
        );
        assert_eq!((import.refused.len(), import.left_aside.len()), (1, 0));
        assert_eq!(import.patrons.iter().filter(|patron| patron.addresses.is_empty()).count(), 1);
        assert!(import.patrons.iter().any(|patron| patron.items.len() > 1));
        let addresses: HashSet<&str> =
            import.patrons.iter().flat_map(|patron| &patron.addresses).map(mail::Address::as_str).collect();
        assert_eq!(addresses.len(), 319);
        assert!(addresses.contains(DEAD_ADDRESS) && addresses.contains(FULL_MAILBOX));
        assert!(addresses.iter().all(|address| address.ends_with("@example.org")));
        let titles: HashSet<&str> =
            import.patrons.iter().flat_map(|patron| &patron.items).map(crate::notices::Item::title).collect();
        assert_eq!(titles, BOOKS.iter().map(|book| book.0).collect());
    }

    #[test]
    fn the_measured_export_has_the_patrons_and_items_asked_for() {
        let import = read(&koha(1_000, 2_500, date(2026, 11, 23)), &ImportOptions::default()).unwrap();
        let items: usize = import.patrons.iter().map(|patron| patron.items.len()).sum();
        assert_eq!((import.patrons.len(), items, import.refused.len()), (1_000, 2_500, 0));
    }
}

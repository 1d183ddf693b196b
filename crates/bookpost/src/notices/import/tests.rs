//! Every form of export, read from a fixture.

use jiff::civil::date;

use super::*;

fn read_text(text: &str) -> Result<Import, ImportError> {
    read(text.as_bytes(), &ImportOptions::default())
}

#[test]
fn koha_overdues() {
    let import = read(include_bytes!("../fixtures/koha-overdues.csv"), &ImportOptions::default()).unwrap();
    assert_eq!((import.shape, import.delimiter), (Shape::KohaOverdues, Delimiter::Comma));
    let ngozi = &import.patrons[0];
    assert_eq!((ngozi.name(), ngozi.number(), &*ngozi.identity), ("Ngozi Okafor", Some("1042"), "id:1042"));
    assert_eq!(ngozi.items.len(), 2);
    let dune = &ngozi.items[0];
    assert_eq!((dune.title(), dune.author(), dune.barcode()), ("Dune", "Herbert, Frank", "39001000001"));
    assert_eq!((dune.call_number(), dune.price(), dune.number()), ("FIC HER", "18.50", "7001"));
    assert_eq!((dune.due, dune.checked_out), (Some(date(2026, 11, 12)), Some(date(2026, 10, 22))));
}

//! Workbooks, those of spreadsheets and those that nobody means well with.

use jiff::civil::date;

use store::LeftOutDetail;

use super::*;
use crate::notices::{
    Import, ImportOptions,
    import::{MAX_CELL_BYTES, MAX_ROWS, Shape},
    read as read_export,
    sample::{archive, rows, workbook},
};

const NAMES: &str = "name,email,title,barcode,due\n";

fn one(rows: &str) -> Vec<u8> {
    workbook(&[("Overdues", rows)], "").unwrap()
}

fn import(bytes: &[u8]) -> Result<Import, ImportError> {
    read_export(bytes, &ImportOptions::default())
}

/// The cells of the first sheet with names, a row a line.
fn cells(bytes: &[u8]) -> Result<String, ImportError> {
    let text = read(bytes, None)?.text;
    Ok(text.replace(char::from(BETWEEN_CELLS), "|").replace(char::from(ENDS_ROW), "\n"))
}

/// As openpyxl writes it; `destiny.py` beside it made it.
#[test]
fn a_destiny_workbook_is_taken_as_it_is() {
    let import = import(include_bytes!("../../fixtures/destiny.xlsx")).unwrap();
    assert_eq!(import.shape, Shape::Named);
    let sheets = import.sheets.unwrap();
    assert_eq!(sheets.read, "Overdues");
    assert_eq!(sheets.all, ["About", "Overdues", "Notes"], "nobody sees the hidden one");
    let [ngozi, ming] = import.patrons.as_slice() else { panic!("{:?}", import.patrons) };
    assert_eq!((ngozi.name(), ngozi.number(), ngozi.guardians().len()), ("Ngozi Okafor", Some("P 1042"), 2));
    let dune = &ngozi.items[0];
    assert_eq!((dune.title(), dune.barcode(), dune.price()), ("Dune", "39001000001234", "18.5"));
    assert_eq!((dune.due, dune.checked_out), (Some(date(2026, 11, 12)), Some(date(2026, 10, 22))));
    let emma = &ngozi.items[1];
    // A formula is not worked out; openpyxl keeps nothing of what it shows.
    assert_eq!((emma.title(), emma.barcode(), emma.due), ("", "000390020", Some(date(2026, 11, 13))));
    assert_eq!((ming.items[0].title(), ming.items[0].line()), ("Whales, or: \"The Deep\" A story", 5));
    assert!(import.refused.is_empty() && import.left_aside.is_empty());
}

#[test]
fn cells_are_text_as_a_person_sees_it() {
    let rows = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>b</t></is></c></row>
        <row r="3"><c r="A3"><v>39001000001234</v></c><c r="B3" s="1"><v>46338</v></c></row>
        <row r="4"><c r="B4" t="str"><f>1+1</f><v>00123 &amp; &#x41;_x000A_&unknown;</v></c><c r="D4"/></row>
        <row r="5"><c r="A5" t="b"><v>1</v></c><c r="B5" t="e"><v>#N/A</v></c></row>
        <row r="6"><c r="A6" t="s"><v>1</v></c><c r="B6" t="d"><v>2026-11-12T00:00:00</v></c></row>
        <row r="7"><c/><c t="s"><v>2</v></c></row><row/>"#;
    let strings = "<si><t>a</t></si><si><r><t>rich </t></r><r><t>text</t></r><rPh><t>read</t></rPh></si>\
        <si><t>\u{1f}\u{1e}x</t></si>";
    let bytes = workbook(&[("S", rows)], strings).unwrap();
    assert_eq!(
        cells(&bytes).unwrap(),
        "a|b\n\n39001000001234|2026-11-12\n|00123 & A\nTRUE|\nrich text|2026-11-12T00:00:00\n|  x\n\n"
    );
}

#[test]
fn the_first_sheet_with_names_is_read_or_the_one_that_is_asked_for() {
    let overdues = rows(format!("{NAMES}Ann,a@example.org,Dune,1,2026-11-12\n").as_bytes());
    let other = overdues.replace("Dune", "Emma");
    let sheets =
        [("Cover", "<row/><row><c t=\"str\"><v>Title</v></c></row>"), ("One", &overdues), ("Two", &other)];
    let bytes = workbook(&sheets, "").unwrap();
    let said = |said: &str| ImportOptions { sheet: Some(said.to_owned()), ..ImportOptions::default() };
    assert_eq!(import(&bytes).unwrap().patrons[0].items[0].title(), "Dune");
    let two = read_export(&bytes, &said("Two")).unwrap();
    assert_eq!(two.patrons[0].items[0].title(), "Emma");
    let three = read_export(&bytes, &said("Three")).unwrap_err().to_string();
    assert!(three.ends_with("\"Three\". Its sheets are: Cover, One, Two."), "{three}");
    let bytes = workbook(&[sheets[0]], "").unwrap();
    assert_eq!(import(&bytes).unwrap_err(), ImportError::NoNamesInWorkbook);
}

#[test]
fn archives_that_are_no_workbook_are_named() {
    let docx: &[(&str, &[u8])] = &[("word/document.xml", b"")];
    let ods: &[(&str, &[u8])] = &[("META-INF/manifest.xml", b""), ("content.xml", b"")];
    for (parts, kind) in [
        (docx, OtherKind::TextDocument),
        (ods, OtherKind::OpenDocument),
        (&[("xl/workbook.bin", b"")], OtherKind::BinaryWorkbook),
        (&[("overdues.csv", b"a,b")], OtherKind::Compressed),
        (&[], OtherKind::Compressed),
    ] {
        let bytes = archive(parts).unwrap();
        assert_eq!(import(&bytes).unwrap_err(), ImportError::NotAnExport(kind));
    }
}

#[test]
fn what_is_damaged_is_refused() {
    let whole = one(&rows(format!("{NAMES}Ann,a@example.org,Dune,1,2026-11-12\n").as_bytes()));
    assert!(import(&whole).is_ok());
    for end in (4..whole.len()).step_by(7) {
        assert!(import(&whole[..end]).is_err(), "{end}");
    }
    for broken in [
        "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>7</v></c></row>",
        "<row r=\"1\"><c r=\"B1\"/><c r=\"A1\"/></row>",
        "<row r=\"1\"><c r=\"XFE1\"/></row>",
        "<row r=\"1\"><c r=\"1\"/></row>",
        "<row r=\"2\"/><row r=\"2\"/>",
        "<row r=\"0\"/>",
        "<row><c",
    ] {
        assert_eq!(import(&one(broken)).unwrap_err(), ImportError::DamagedWorkbook, "{broken}");
    }
}

/// What comes out is counted, whatever the file says of it.
#[test]
fn a_workbook_that_unpacks_to_very_much_is_refused() {
    let head = rows(NAMES.as_bytes());
    let bomb = one(&format!("{head}{}", "<x/>".repeat(2 << 20)));
    assert!(bomb.len() < 100_000);
    assert_eq!(import(&bomb).unwrap_err(), ImportError::WorkbookTooLarge);
    // What packs badly is read, but not at one go.
    let letters: Vec<String> = (0..300_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect();
    let pieces = format!("{head}<x>{}</x>", letters.join("<y/>"));
    assert!(import(&one(&pieces)).is_ok());
    let piece = format!("{head}<x>{}</x>", letters.concat());
    assert_eq!(import(&one(&piece)).unwrap_err(), ImportError::WorkbookTooLarge);
    let shared = workbook(&[("S", &head)], &"<si><t>very much the same</t></si>".repeat(1 << 20)).unwrap();
    assert_eq!(import(&shared).unwrap_err(), ImportError::WorkbookTooLarge);
    let parts: Vec<String> = (0..10_001).map(|n| n.to_string()).collect();
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(import(&archive(&parts).unwrap()).unwrap_err(), ImportError::WorkbookTooLarge);
    assert_eq!(
        import(&[b"PK\x03\x04", &vec![0; MOST_BYTES][..]].concat()).unwrap_err(),
        ImportError::WorkbookTooLarge
    );
}

/// What is open is kept until it is closed.
#[test]
fn elements_inside_of_each_other_are_bounded() {
    let whole = rows(format!("{NAMES}Ann,a@example.org,Dune,1,2026-11-12\n").as_bytes());
    let inside = |n: usize| one(&format!("{}{}{whole}", "<a>".repeat(n), "</a>".repeat(n)));
    // Two are around them.
    assert!(import(&inside(62)).is_ok());
    assert_eq!(import(&inside(63)).unwrap_err(), ImportError::DamagedWorkbook);
    let unclosed = one(&format!("{whole}{}", "<a>".repeat(300_000)));
    assert_eq!(import(&unclosed).unwrap_err(), ImportError::DamagedWorkbook);
}

/// A short cell that says which long text it has.
#[test]
fn a_long_text_that_many_cells_share_is_refused() {
    let letters: Vec<String> = (0..12_000).map(|n: u32| n.to_string()).collect();
    let long = format!("<si><t>{}</t></si>", letters.join(" "));
    let cells = r#"<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>"#.repeat(4_000);
    assert_eq!(
        import(&workbook(&[("S", &cells)], &long).unwrap()).unwrap_err(),
        ImportError::WorkbookTooLarge
    );
}

#[test]
fn bounds_of_rows_and_cells() {
    let head = rows(NAMES.as_bytes());
    let far = |row: u64| one(&format!("{head}<row r=\"{row}\"><c><v>1</v></c></row>"));
    assert!(import(&far(MAX_ROWS + 1)).is_ok());
    assert_eq!(import(&far(MAX_ROWS + 2)).unwrap_err(), ImportError::TooManyRows);
    let long = "x".repeat(1_000_000);
    let csv = format!("{NAMES}Ann,a@example.org,{long},1,2026-11-12\nMing,b@example.org,Emma,2,2026-11-12\n");
    let import = import(&one(&rows(csv.as_bytes()))).unwrap();
    assert_eq!((import.patrons.len(), import.refused[0].line), (1, 2));
    assert_eq!(import.refused[0].reason, LeftOutDetail::LongCell { kib: 64 });
    assert!(import.refused[0].text.len() < MAX_CELL_BYTES);
}

/// A file cannot make room for what does not come, nor name what lies outside of it.
#[test]
fn what_a_file_announces_is_not_believed() {
    let csv = format!("{NAMES}Ann,a@example.org,Dune,1,2026-11-12\n");
    let sheet = format!(
        "<worksheet><dimension ref=\"A1:XFD1048576\"/><sheetData>{}</sheetData></worksheet>",
        rows(csv.as_bytes())
    );
    let related = "<Relationships><Relationship Id=\"a\" Type=\"x/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
    let of_book = "<Relationships>\
        <Relationship Id=\"e\" Type=\"x/worksheet\" Target=\"file:///etc/passwd\" TargetMode=\"External\"/>\
        <Relationship Id=\"s\" Type=\"x/sharedStrings\" Target=\"../xl/./strings.xml\"/>\
        <Relationship Id=\"b\" Type=\"x/worksheet\" Target=\"/other/sheet.xml\"/></Relationships>";
    let book = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><workbook><sheets>\
        <sheet name=\"Outside\" r:id=\"e\"/><sheet name=\"&lt;S&gt;\" r:id=\"b\"/></sheets></workbook>";
    let strings = "<sst count=\"1000000000000\" uniqueCount=\"1000000000000\"><si><t>a</t></si></sst>";
    let bytes = archive(&[
        ("_rels/.rels", related.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", of_book.as_bytes()),
        ("xl/strings.xml", strings.as_bytes()),
        ("other/sheet.xml", sheet.as_bytes()),
        ("xl/vbaProject.bin", b"macro"),
    ]);
    let import = import(&bytes.unwrap()).unwrap();
    assert_eq!(import.sheets.unwrap().all, ["<S>"]);
    assert_eq!(import.patrons[0].items[0].title(), "Dune");
}

/// What a person filtered away in a spreadsheet is not meant.
#[test]
fn hidden_rows_are_left_out_and_counted() {
    let cell = |text: &str| format!("<c t=\"str\"><v>{text}</v></c>");
    let line = |hidden: &str, who: &str| {
        let cells = [who, "a@example.org", "Dune", who, "2026-11-12"].map(cell).concat();
        format!("<row{hidden}>{cells}</row>")
    };
    let note = format!("<row hidden=\"1\">{}<c/></row>", cell("note").repeat(2));
    let head = rows(NAMES.as_bytes());
    let all = [line("", "Ann"), line(" hidden=\"1\"", "Ben"), "<row hidden=\"true\"><c/></row>".to_owned()]
        .concat();
    let last = [line(" hidden=\"true\"", "Cy"), line(" hidden=\"0\"", "Dee")].concat();
    let import = import(&one(&format!("{note}{head}{all}{last}"))).unwrap();
    let seen: Vec<_> = import.patrons.iter().map(|patron| (patron.name(), patron.line)).collect();
    assert_eq!(seen, [("Ann", 3), ("Dee", 7)]);
    assert_eq!(import.sheets.unwrap().hidden_rows, 3);
    assert!(import.refused.is_empty(), "{:?}", import.refused);
}

#[test]
fn notes_beside_the_named_columns_are_not_read() {
    let csv = format!("{NAMES}Ann,a@example.org,Dune,1,2026-11-12,,called\n,,,,,,to do\n");
    let import = import(&one(&rows(csv.as_bytes()))).unwrap();
    assert_eq!((import.patrons.len(), import.refused), (1, Vec::new()));
    let text = read_export(csv.as_bytes(), &ImportOptions::default()).unwrap();
    assert_eq!(text.refused.len(), 2, "in a text one delimiter too many may stand anywhere");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn any_rows_are_answered(rows in "[<>/rowcvtis\"= 0-9A-C&;]{0,120}") {
        let _ = import(&one(&rows));
    }

    #[test]
    fn any_damage_is_answered(at in 4_usize..1500, byte: u8) {
        let mut bytes = one(&rows(NAMES.as_bytes()));
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        let _ = import(&bytes);
    }
}

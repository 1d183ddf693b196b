//! What people and library systems write.

use bolero::check;
use bookpost::notices::{
    import::{self, ImportOptions},
    sample::workbook,
};
use mail::{
    Address,
    address::{all_in, mask_addresses},
};

use testkit::food::Food;

const ADDRESSES: Food = Food {
    samples: &[
        b"jane@example.org; \"Doe, Jane\" <jane.doe@b\xc3\xbccherei.example>, mailto:x@y.org",
        b"\"a b\"@x.org 'q@z.org'\n<p+tag@xn--bcher-kva.example>",
        b"\xe7\x94\xa8\xe6\x88\xb7@\xe4\xbe\x8b\xe5\xad\x90.example, a@[192.0.2.1]",
    ],
    words: &[
        "a",
        "@",
        ".",
        ",",
        ";",
        " ",
        "\n",
        "\"",
        "\\",
        "<",
        ">",
        "'",
        "(",
        ")",
        "[",
        "]",
        "mailto:",
        "jane",
        "example.org",
        "bücherei",
        "例子",
        "xn--",
        "-",
        "--",
        "%",
        "+",
        "\u{200b}",
        "\u{301}",
        "\0",
    ],
};

const EXPORTS: Food = Food {
    samples: &[
        include_bytes!("../../src/notices/fixtures/koha-overdues.csv"),
        include_bytes!("../../src/notices/fixtures/koha-notices.csv"),
        include_bytes!("../../src/notices/fixtures/evergreen.csv"),
        include_bytes!("../../src/notices/fixtures/destiny-like.csv"),
        include_bytes!("../../src/notices/fixtures/sierra-like.tsv"),
    ],
    words: &[
        ",",
        ";",
        "\t",
        "|",
        "\"",
        "\"\"",
        "\n",
        "\r\n",
        "\r",
        "\0",
        "\u{feff}",
        "email",
        "Email Address",
        "due date",
        "title",
        "patron",
        "2026-11-02",
        "11/02/2026",
        "02.11.26",
        "a@x.org",
        "é",
        "<br>",
        "&amp;",
        "0",
        "-1",
        "99999999999",
    ],
};

#[test]
fn fuzz_address() {
    check!(name = "fuzz_address").with_iterations(100_000).with_max_len(256).for_each(|input: &[u8]| {
        let octets = ADDRESSES.octets(input);
        let text = String::from_utf8_lossy(&octets);
        if let Ok(address) = Address::parse(&text) {
            assert_sound(&address);
        }
        for address in all_in(&text).0 {
            assert_sound(&address);
        }
        mask_addresses(&text);
    });
}

/// Rows of a sheet.
const SHEETS: Food = Food {
    samples: &[
        b"<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c t=\"str\"><v>due</v></c></row><row r=\"3\"><c s=\"1\"><v>46338.5</v></c></row>",
        b"<row><c t=\"inlineStr\"><is><r><t>na</t></r><rPh><t>x</t></rPh><t>me_x000A_</t></is></c><c t=\"e\"><f>1</f><v>#N/A</v></c></row>",
    ],
    words: &[
        "<row>", "</row>", "<row r=\"7\">", "<c>", "</c>", "<c t=\"s\">", "<c r=\"XFD9\"/>", "<v>", "</v>", "<is>", "<t>", "&amp;",
        "&#10;", "<![CDATA[", "]]>", "<!--", "-->", "1E400", "-1", "2958466", "</sheetData>",
    ],
};

/// It is an address however often it is read, and says nothing beyond its own line.
pub(crate) fn assert_sound(address: &Address) {
    assert_eq!(Address::parse(address.as_str()).as_ref(), Ok(address));
    assert!(!address.as_str().contains(['\r', '\n', '\0']));
    assert!(address.domain_ascii().is_ascii());
}

#[test]
fn fuzz_import() {
    check!(name = "fuzz_import").with_iterations(10_000).with_max_len(1_024).for_each(|input: &[u8]| {
        let octets = EXPORTS.octets(input);
        let Ok(import) = import::read(&octets, &ImportOptions::default()) else { return };
        for patron in &import.patrons {
            assert!(!patron.items.is_empty() && patron.items.len() <= import::MAX_ITEMS);
        }
        for refused in import.refused.iter().chain(&import.left_aside) {
            assert!(refused.line > 0 && !refused.reason.to_string().is_empty());
        }
    });
}

#[test]
fn fuzz_workbook() {
    check!(name = "fuzz_workbook").with_iterations(5_000).with_max_len(512).for_each(|input: &[u8]| {
        let rows = String::from_utf8_lossy(&SHEETS.octets(input)).into_owned();
        let bytes = workbook(&[("Sheet", &rows)], "<si><t>email</t></si>").unwrap();
        let options = ImportOptions::default();
        let _ = import::head(&bytes, &options);
        if let Ok(import) = import::read(&bytes, &options) {
            assert!(import.sheets.is_some());
        }
    });
}

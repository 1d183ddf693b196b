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
    assert_eq!((ngozi.name(), ngozi.number(), ngozi.identity()), ("Ngozi Okafor", Some("1042"), "id:1042"));
    assert_eq!(ngozi.items.len(), 2);
    let dune = &ngozi.items[0];
    assert_eq!((dune.title(), dune.author(), dune.barcode()), ("Dune", "Herbert, Frank", "39001000001"));
    assert_eq!((dune.call_number(), dune.price(), dune.number()), ("FIC HER", "18.50", "7001"));
    assert_eq!((dune.due, dune.checked_out), (Some(date(2026, 11, 12)), Some(date(2026, 10, 22))));
}

#[test]
fn refused_rows_have_the_line_of_the_file_and_a_reason() {
    let import = read(include_bytes!("../fixtures/koha-overdues.csv"), &ImportOptions::default()).unwrap();
    let refused: Vec<_> =
        import.refused.iter().map(|refused| (refused.line, refused.reason.to_string())).collect();
    assert_eq!(
        refused,
        [
            (7, "the due date \"soon\" is not a date (the dates of this file are m/d/y)"),
            (9, "it has fewer cells than the first line: 6 instead of 24"),
        ]
        .map(|(line, reason)| (line, reason.to_owned()))
    );
}

#[test]
fn koha_notices_with_all_items_in_a_cell() {
    let import = read(include_bytes!("../fixtures/koha-notices.csv"), &ImportOptions::default()).unwrap();
    assert_eq!((import.shape, import.delimiter), (Shape::KohaNotices, Delimiter::Semicolon));
    assert_eq!(import.dates, Some(DateOrder::DayFirst));
    let ngozi = &import.patrons[0];
    assert_eq!((ngozi.name(), ngozi.identity()), ("Ngozi Okafor", "card:23529001042"));
    let items: Vec<_> = ngozi.items.iter().map(|item| (item.title(), item.due, item.checked_out)).collect();
    assert_eq!(
        items,
        [("Dune", None, Some(date(2026, 10, 22))), ("Things Fall Apart", None, Some(date(2026, 10, 25)))]
    );
    assert_eq!(
        import.branches.iter().map(|name| &**name).collect::<Vec<_>>(),
        ["Main Library", "Westside Library"]
    );
    // The row begins after the three lines of the row above and an empty one.
    assert_eq!(import.refused[0].line, 6);
}

/// The Koha fixture with another delimiter and only some of its columns.
fn koha_notices_as(delimiter: Delimiter, columns: &[&str]) -> Vec<u8> {
    let text = include_str!("../fixtures/koha-notices.csv");
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
    let names = reader.headers().unwrap().clone();
    let places: Vec<usize> =
        columns.iter().map(|column| names.iter().position(|name| name == *column).unwrap()).collect();
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter.byte()).from_writer(Vec::new());
    writer.write_record(columns).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        writer.write_record(places.iter().map(|at| &record[*at])).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn koha_notices_with_every_delimiter_and_with_the_columns_of_old_versions() {
    let old = "name surname address1 address2 zipcode city country email itemcount itemsinfo";
    let new = "name surname address1 address2 zipcode city country email phone cardnumber itemcount itemsinfo \
        branchname letternumber";
    for (delimiter, columns, identity) in [
        (Delimiter::Comma, new, "card:23529001042"),
        (Delimiter::Tab, new, "card:23529001042"),
        (Delimiter::Semicolon, new, "card:23529001042"),
        (Delimiter::Comma, old, "address:ngozi@example.org\u{1f}Ngozi Okafor"),
        (Delimiter::Tab, old, "address:ngozi@example.org\u{1f}Ngozi Okafor"),
        (Delimiter::Semicolon, old, "address:ngozi@example.org\u{1f}Ngozi Okafor"),
    ] {
        let columns: Vec<&str> = columns.split(' ').filter(|name| !name.is_empty()).collect();
        let bytes = koha_notices_as(delimiter, &columns);
        let import = read(&bytes, &ImportOptions::default()).unwrap();
        assert_eq!((import.shape, import.delimiter), (Shape::KohaNotices, delimiter));
        let ngozi = &import.patrons[0];
        assert_eq!((ngozi.name(), ngozi.identity(), import.patrons.len()), ("Ngozi Okafor", identity, 2));
        let items: Vec<_> =
            ngozi.items.iter().map(|item| (item.title(), item.author(), item.barcode())).collect();
        assert_eq!(
            items,
            [("Dune", "Herbert, Frank", "39001000001"), ("Things Fall Apart", "Achebe", "39001000003")]
        );
        let refused: Vec<_> = import.refused.iter().map(|line| line.reason.to_string()).collect();
        assert_eq!(refused, ["the checkout date \"never\" is not a date (the dates of this file are d/m/y)"]);
    }
}

#[test]
fn evergreen_without_a_header_and_with_other_notices() {
    let import = read(include_bytes!("../fixtures/evergreen.csv"), &ImportOptions::default()).unwrap();
    assert_eq!((import.shape, import.patrons.len()), (Shape::Evergreen, 2));
    assert_eq!(import.patrons[0].items.len(), 2);
    assert_eq!(import.patrons[0].items[0].due, Some(date(2026, 11, 12)));
    assert_eq!(import.patrons[1].language(), Some("fr"));
    let aside = &import.left_aside[0];
    assert_eq!((aside.line, aside.reason.to_string()), (2, "it is for another notice: RESERVE".to_owned()));
}

#[test]
fn evergreens_kinds_of_notice_are_known_in_small_letters_too() {
    let file = String::from_utf8(include_bytes!("../fixtures/evergreen.csv").to_vec()).unwrap();
    let small = file.replace("OVERDUE", "overdue").replace("RESERVE", "reserve");
    let import = read(small.as_bytes(), &ImportOptions::default()).unwrap();
    assert_eq!((import.shape, import.patrons.len(), import.left_aside.len()), (Shape::Evergreen, 2, 1));
}

#[test]
fn two_columns_of_one_name_and_secrets() {
    let import = read(include_bytes!("../fixtures/sierra-like.tsv"), &ImportOptions::default()).unwrap();
    assert_eq!((import.shape, import.delimiter), (Shape::Named, Delimiter::Tab));
    let ngozi = &import.patrons[0];
    assert_eq!((ngozi.name(), ngozi.number()), ("Ngozi Okafor", Some("2352900")));
    let items: Vec<_> = ngozi.items.iter().map(|item| (item.barcode(), item.due)).collect();
    assert_eq!(items, [("39001", Some(date(2026, 11, 25))), ("39002", Some(date(2026, 11, 5)))]);
    assert_eq!(
        import.refused,
        [Refused {
            line: 4,
            reason: LeftOutDetail::Cells { has: 5, needs: 8, as_first: true },
            text: String::new(),
            names_one: false,
        }]
    );
}

#[test]
fn two_columns_of_one_name_that_mean_nothing_are_no_error() {
    // A note that nobody asks for, a password that is never read, and a name whose meaning another column has.
    let header = "title,due,email,name,note,note,password,password,site,branch,branch,email";
    let own = Aliases::with_overrides("branch = [\"site\", \"branch\"]").unwrap();
    let options = ImportOptions { aliases: own, ..ImportOptions::default() };
    let text = format!("{header}\nDune,2026-11-12,a@example.org,Ngozi,1,2,3,4,MAIN,6,7,b@example.org\n");
    let import = read(text.as_bytes(), &options).unwrap();
    assert_eq!((&*import.branches[0], import.patrons[0].addresses.len()), ("MAIN", 2));
}

#[test]
fn the_order_of_the_dates_is_asked_for_where_no_row_settles_it() {
    let bytes = include_bytes!("../fixtures/destiny-like.csv");
    // The checkout dates have a 22nd day: they settle the due dates as well.
    let import = read(bytes, &ImportOptions::default()).unwrap();
    assert_eq!(import.dates, Some(DateOrder::MonthFirst));
    assert_eq!(import.patrons[0].guardians().len(), 2);
    assert_eq!((import.patrons[0].items.len(), import.left_aside[0].line), (2, 4));

    let open = String::from_utf8_lossy(bytes).replace("10/22/2026", "10/11/2026");
    let error = read_text(&open).unwrap_err();
    assert!(matches!(error, ImportError::AmbiguousDates { line: 2, .. }), "{error}");
    assert!(error.to_string().contains("--dates d/m/y"), "{error}");
    let options = ImportOptions { dates: Some(DateOrder::DayFirst), ..ImportOptions::default() };
    let import = read(open.as_bytes(), &options).unwrap();
    assert_eq!(import.patrons[0].items[0].due, Some(date(2026, 12, 11)));
}

#[test]
fn checkout_dates_that_are_only_shown_are_left_out_where_their_order_is_open() {
    let koha = |due: &str, out: &str| {
        format!(
            "borrowernumber,firstname,email,title,barcode,branchcode,duedate,issuedate\n\
             1042,Ngozi,a@example.org,Dune,39001,MAIN,{due},{out}\n\
             1043,Ming,b@example.org,Emma,39002,MAIN,2026-11-12 23:59:00,10/11/2026\n"
        )
    };
    let iso = "2026-11-12 23:59:00";
    for (due, out, shown) in [
        (iso, "10/12/2026", Some([None, None])),
        (iso, "10/22/2026", Some([Some(date(2026, 10, 22)), Some(date(2026, 10, 11))])),
        (iso, "2026-10-22", Some([Some(date(2026, 10, 22)), None])),
        // Without a due date the checkout date stands in the ledger.
        ("", "10/12/2026", None),
        ("11/12/2026", "2026-10-22", None),
    ] {
        let import = read_text(&koha(due, out));
        let found = import.map(|import| [0, 1].map(|at| import.patrons[at].items[0].checked_out));
        assert_eq!(found.ok(), shown, "{due:?} {out:?}");
    }
}

/// What is said now goes before what was said before, and that before the list of names.
#[test]
fn columns_are_what_a_person_says() {
    let text = "Name,Email,Title,Band,Due,PIN\nAnn,a@example.org,Dune,Emma,2026-11-12,4711\n";
    let shape = "band\ndue\nemail\nname\npin\ntitle";
    let said = |text: &str| text.parse::<Columns>().unwrap();
    let title = |columns: Option<&str>, known: Option<&str>| {
        let known = known.map(|known| (shape.to_owned(), said(known))).into_iter().collect();
        let options =
            ImportOptions { columns: columns.map(said), known: Arc::new(known), ..ImportOptions::default() };
        let import = read(text.as_bytes(), &options)?;
        assert_eq!(import.columns.as_deref(), Some(shape));
        Ok::<_, ImportError>((import.shape, import.patrons[0].items[0].title().to_owned()))
    };
    let (band, email) =
        ("email=Email,patron_name=Name,title=Band,due=Due", "email=Email,patron_name=Name,due=Due");
    assert_eq!(title(None, None), Ok((Shape::Named, "Dune".to_owned())));
    assert_eq!(title(None, Some(band)), Ok((Shape::ByHand, "Emma".to_owned())));
    let now = band.replace("Band", "Name").replace("patron_name=Name", "patron_id=Name");
    assert_eq!(title(Some(&now), Some(band)), Ok((Shape::ByHand, "Ann".to_owned())));
    for (columns, said) in [
        (email.to_owned(), "Missing: the item's title or barcode. The file's columns are: Name, Email,"),
        (format!("{band},author=Who"), "The file has no column \"who\""),
        (format!("{band},patron_number=PIN"), "The file has no column \"pin\" that may be read"),
    ] {
        let error = title(Some(&columns), None).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// Nobody said what the others hold.
#[test]
fn of_lines_that_are_refused_only_the_columns_that_somebody_named_are_kept() {
    let long = "x".repeat(MAX_CELL_BYTES + 1);
    let text = format!(
        "Leser,Mail,Band,Abgabe,Merkmal\nAnn,a@example.org,Dune,2026-11-12,geheim\nMing,b@example.org,Emma,soon,geheim\n\
         Zoe,c@example.org,Jazz,2026-11-12,geheim{long}\nLee,geheim\nBo,d@example.org,Dune,2026-11-12,x,geheim\n"
    );
    let columns = "email=Mail,patron_name=Leser,title=Band,due=Abgabe".parse().unwrap();
    let options = ImportOptions { columns: Some(columns), ..ImportOptions::default() };
    let import = read(text.as_bytes(), &options).unwrap();
    let kept: Vec<_> = import.refused.iter().map(|one| (one.line, one.text.as_str())).collect();
    assert_eq!(kept, [(3, "Ming, Emma"), (4, "Zoe, Jazz"), (5, ""), (6, "")]);
}

#[test]
fn files_that_cannot_be_used() {
    for (text, said) in [
        (
            "name,colour\nNgozi,red\n",
            "The columns of this file are not known. Missing: the patron's email address",
        ),
        (
            "title,due,email,name\nDune,2026-11-12,a@example.org,\"Ngozi\nEmma,2026-11-12,,",
            "opened on line 2 is never closed",
        ),
        ("due,due,email,name,title\n1,2,3,4,5\n", "Two columns are both called \"due\""),
        (
            "due,due,email,name,title\n1,2,3,4,5\n",
            "the file that `notices.aliases` in the configuration names",
        ),
        ("due,Site,email,name,title,Site\n1,2,3,4,5,6\n", "Two columns are both called \"site\""),
        (
            "due,email,name,title,barcode#2,author,author\n1,2,3,4,5,6,7\n",
            "Two columns are both called \"author\"",
        ),
        ("name,colour\nNgozi,red\n", "the file that `notices.aliases` in the configuration names"),
    ] {
        let error = read_text(text).unwrap_err().to_string();
        assert!(error.contains(said), "{text:?}: {error}");
    }
}

#[test]
fn an_export_in_which_nothing_is_overdue_is_no_error() {
    let header = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().next().unwrap().to_owned();
    for (text, said) in [
        (header(include_bytes!("../fixtures/koha-overdues.csv")), "no lines below them"),
        (header(include_bytes!("../fixtures/koha-notices.csv")), "no lines below them"),
        ("title,due,email,name\r\n\r\n,,,\r\n".into(), "no lines below them"),
        (String::new(), "it is empty"),
        ("\u{feff}\r\n".into(), "it is empty"),
    ] {
        let import = read_text(&text).unwrap();
        assert!(import.patrons.is_empty() && import.no_lines.unwrap().to_string().contains(said), "{text}");
    }
    assert_eq!(
        read(include_bytes!("../fixtures/evergreen.csv"), &ImportOptions::default()).unwrap().no_lines,
        None
    );
}

#[test]
fn bounds() {
    let row = |title: &str| format!("title,due,email,name\n{title},2026-11-12,a@example.org,Ngozi\n");
    assert_eq!(read_text(&row(&"x".repeat(MAX_CELL_BYTES))).unwrap().patrons.len(), 1);
    let import = read_text(&row(&"x".repeat(MAX_CELL_BYTES + 1))).unwrap();
    assert_eq!(import.refused[0].reason.to_string(), "a cell is longer than 64 KiB");
    assert_eq!(
        read(&vec![b' '; MAX_BYTES + 1], &ImportOptions::default()).unwrap_err(),
        ImportError::TooLarge
    );
    let rows = usize::try_from(MAX_ROWS).unwrap();
    let many = |rows: usize| format!("title,due,email,name\n{}", ",,,\n".repeat(rows));
    assert!(read_text(&many(rows)).unwrap().no_lines.is_some());
    assert_eq!(read_text(&many(rows + 1)).unwrap_err(), ImportError::TooManyRows);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        let _ = read(&bytes, &ImportOptions::default());
    }

    #[test]
    fn any_cells_below_a_known_header_are_answered(cells in "[\\PC\"\n,;/0-9]{0,200}") {
        let _ = read_text(&format!("title,due,email,name\n{cells}"));
    }
}

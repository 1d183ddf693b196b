//! What is never kept of an export.

use std::{fs, path::Path, time::Duration};

use bookpost::notices::sample::{rows, workbook};

use crate::bench::Place;

const PASSWORD: &str = "hunter2hunter2";
const GOVERNMENT_ID: &str = "123-45-6789";

/// Every file beneath a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.is_file() {
            all.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    all
}

fn is_private(bytes: &[u8]) -> bool {
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    has(PASSWORD) || has(GOVERNMENT_ID)
}

/// Exports of a known form with a column that nobody asked for, and lines with too few cells, too many, and a mark that takes in the next.
fn forms() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let of = |head: &str, first: &str, last: &str| {
        let secrets = format!("{PASSWORD},{GOVERNMENT_ID}");
        format!(
            "{head}\n9101,{secrets},{first},{last}\n9102,{secrets},{first}\n9103,{secrets},{first},{last},extra,cells\n\
             9104,{secrets},\"{first},{last}\n9105,{secrets},\"{first},{last}\n"
        )
    };
    let koha = of(
        "borrowernumber,password,government_id,firstname,surname,email,branchcode,title,barcode,duedate",
        "Ann,Lee,koha@example.org,MAIN",
        "Dune,1,2020-11-12",
    );
    let notices = of(
        "cardnumber,password,government_id,name,surname,email,branchname,itemsinfo,itemscount",
        "Ann,Lee,notices@example.org,MAIN",
        "2020-11-12\tDune\t1\tFrank Herbert\t9,1",
    );
    let sierra = of(
        "P BARCODE,PIN,UNIQUE ID,PATRON NAME,EMAIL ADDRESS,LOCATION,TITLE,BARCODE,DUE DATE",
        "Lee Ann,sierra@example.org,MAIN",
        "Dune,1,2020-11-12",
    );
    let destiny = of(
        "Patron Barcode,Password,Government ID,Patron Name,Patron Email,Site,Title,Copy Barcode,Due Date",
        "Ann Lee,destiny@example.org,MAIN",
        "Dune,1,2020-11-12",
    );
    // Named by their number, without names of columns: what stands in the cells that are free is the library's affair.
    let evergreen = |last: &str| {
        format!(
            "{PASSWORD},en-US,OVERDUE,1,9101,{GOVERNMENT_ID},Ann,Lee,,evergreen{last}@example.org,MAIN,,,1,12/11/2020,Dune,{PASSWORD}"
        )
    };
    let evergreen = format!(
        "{}\n{}\n{},extra,{PASSWORD}\n",
        evergreen("1"),
        evergreen("2").replace(",Dune", ""),
        evergreen("3")
    );
    let alexandria = of(
        "###*PT01/1000/1003/1002/1006/1019/2001/2000/3010/",
        "Lee,alexandria@example.org,MAIN",
        "Dune,2020-11-12",
    );
    let by_hand =
        &["--columns", "email=Email,patron_name=Last name,branch=field 2001,title=field 2000,due=field 3010"];
    vec![
        ("koha.csv", koha.into_bytes(), &[]),
        ("koha-notices.csv", notices.into_bytes(), &[]),
        ("sierra.txt", sierra.replace(',', "\t").into_bytes(), &[]),
        ("destiny.csv", destiny.into_bytes(), &[]),
        ("evergreen.csv", evergreen.into_bytes(), &[]),
        ("alexandria.txt", alexandria.replace(',', "\t").into_bytes(), by_hand),
    ]
}

/// Whether its columns are known or said by hand, whether its lines can be used or not, as a text or a workbook.
#[tokio::test]
async fn passwords_and_government_ids_of_an_export_are_nowhere_afterwards() {
    let place = Place::new("practice", None);
    let service = place.serve().await;
    let named = |name: &str, id: &str| {
        format!(
            "{name},Email,{id},Title,Barcode,Due,Password,Branch\n\
             Ann,{name}1@example.org,{GOVERNMENT_ID},Dune,1,2020-11-12,{PASSWORD},MAIN\n\
             Ming,{name}2@example.org,{GOVERNMENT_ID},Emma,2,soon,{PASSWORD},MAIN\n\
             Zoe,nobody,{GOVERNMENT_ID},Emma,3,2020-11-12,{PASSWORD},NOWHERE\n\
             Lee,{name}3@example.org,{GOVERNMENT_ID},{PASSWORD}\n"
        )
    };
    let known = named("Name", "Government ID");
    // A cell of a sheet is in its column, whatever is missing beside it.
    let (whole, _) = known.rsplit_once("Lee").unwrap();
    let whole = whole.replace("Ann", "Cy");
    let by_hand = ["--columns", "email=Email,patron_name=Leser,title=Title,due=Due,branch=Branch"];
    let exports: [(&str, Vec<u8>, &[&str]); 4] = [
        ("known.csv", known.clone().into_bytes(), &[]),
        ("hand.csv", named("Leser", "SSN").into_bytes(), &by_hand),
        ("again.csv", named("Leser", "SSN").replace("Ann", "Bo").into_bytes(), &[]),
        ("book.xlsx", workbook(&[("S", &rows(whole.as_bytes()))], "").unwrap(), &[]),
    ];
    let exports: Vec<_> = exports.into_iter().chain(forms()).collect();
    for (name, bytes, words) in &exports {
        let export = place.path(name);
        fs::write(&export, bytes).unwrap();
        assert!(is_private(bytes) || name.ends_with("xlsx"), "{name}");
        for what in ["preview", "run"] {
            let said = place.notices(&[&[what], *words].concat(), &export).await;
            assert!(said.code == Some(0) || said.code == Some(1), "{name}: {said:?}");
            assert!(
                said.out.contains("refused_line") && !is_private(said.out.as_bytes()),
                "{name}: {said:?}"
            );
            assert!(!is_private(said.err.as_bytes()), "{name}: {said:?}");
        }
        fs::remove_file(&export).unwrap();
    }
    let folder = place.data().join("notices.d");
    for (name, text) in [
        ("left.csv", known.replace("Ann", "Dee")),
        ("none.csv", format!("Eve,eve@example.org,{PASSWORD},{GOVERNMENT_ID}\n")),
    ] {
        let export = folder.join(name);
        fs::write(&export, text).unwrap();
        // It stands still, and is not so old that somebody is asked about it.
        let written = fs::metadata(&export).unwrap().modified().unwrap() - Duration::from_hours(1);
        fs::File::options().write(true).open(export).unwrap().set_modified(written).unwrap();
    }
    while folder.join("left.csv").exists() || folder.join("none.csv").exists() {}
    // For a day somebody may look at it and mend it; then the reason stays alone.
    let (refused, others): (Vec<_>, _) =
        files(&folder.join("refused")).into_iter().partition(|(name, _)| name.ends_with("none.csv"));
    assert!(refused.len() == 1 && others.len() == 1, "{others:?}");
    fs::remove_file(&refused[0].0).unwrap();
    assert!(!is_private(&others[0].1), "the reason quotes no line: {others:?}");
    let runs = place.run(&["notices", "runs", "--json"]).await;
    assert_eq!(runs.out.matches("\"source\"").count(), exports.len() + 1, "{runs:?}");
    let copy = place.path("copy");
    assert_eq!(place.run(&["backup", copy.to_str().unwrap()]).await.code, Some(0));
    let log = service.log().await;
    assert!(!is_private(log.as_bytes()), "{log}");
    let all = files(&place.path(""));
    assert!(all.iter().any(|(name, bytes)| name.ends_with("copy") && !bytes.is_empty()));
    for (name, bytes) in all {
        assert!(!is_private(&bytes), "{name}");
    }
}

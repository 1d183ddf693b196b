//! Workbooks, and files of which the columns are not known: asked about, remembered for everybody, and forgotten.

use std::fs;

use bookpost::{
    config::Way,
    notices::sample::{rows, workbook},
};
use store::{AuditFilter, Deed, Role};

use crate::{
    bench::{Answer, Bench, servers},
    notices::{export, sent, upload},
};

/// Nothing in it is called as in other exports.
const UNKNOWN: &str = "Leser;Kontakt;PIN;Band;Abgabe;Farbe\n\
    Okafor, Ngozi;a@example.org;geheim4711;<b>Dune</b>;2026-11-12;rot\n\
    Li, Ming;b@example.org;geheim4712;=Emma;2026-11-12;rot\n";
/// What its form says: the third is never asked about.
const RIGHT: &str = "m0=patron_name&m1=email&m3=title&m4=due&m5=";

async fn checked(bench: &Bench, who: &str, name: &str, bytes: &[u8]) -> (String, Answer) {
    let answer = upload(bench, who, name, bytes).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let check = answer.header("location").to_owned();
    let page = bench.get(who, &check).await;
    (check, page)
}

async fn log(bench: &Bench) -> Vec<(Deed, String, String)> {
    let lines = bench.app.store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let text = |text: Option<String>| text.unwrap_or_default();
    lines.into_iter().map(|line| (line.what, text(line.old), text(line.new))).collect()
}

#[tokio::test]
async fn a_workbook_is_looked_through_sheet_by_sheet() {
    let bench = Bench::staffed(servers()).await;
    let first = rows(export().replace(",EAST,", ",MAIN,").as_bytes());
    let second = rows(export().as_bytes());
    let bytes = workbook(&[("Cover", ""), ("May", &first), ("June & July", &second)], "").unwrap();
    let (check, page) = checked(&bench, "administrator", "overdues.xlsx", &bytes).await;
    for said in [
        "This sends 3 emails to 3 people of 1 library",
        "an Excel workbook",
        "<dt>Sheet</dt><dd>May</dd>",
        "<dt>Other sheets, not read</dt><dd>Cover, June &#38; July</dd>",
        "it names no item",
    ] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    let page = bench.get("administrator", &format!("{check}?sheet=June+%26+July")).await.text;
    assert!(page.contains("This sends 3 emails to 3 people of 2 libraries"), "{page}");
    assert!(page.contains("name=\"sheet\" value=\"June &#38; July\""), "it is run as it was looked through");
    let page = bench.get("administrator", &format!("{check}?sheet=August")).await;
    assert_eq!(
        (page.status, page.text.contains("No sheet is called “August”")),
        (422, true),
        "{}",
        page.text
    );
    assert!(page.text.contains("<option value=\"June &#38; July\">"), "another one is chosen: {}", page.text);
    assert!(!page.text.contains("value=\"August\""), "{}", page.text);
    // Another fault: the sheet stays chosen.
    let page = bench.get("administrator", &format!("{check}?sheet=Cover")).await.text;
    assert!(page.contains("<input type=\"hidden\" name=\"sheet\" value=\"Cover\">"), "{page}");
    bench.stop().await;
}

#[tokio::test]
async fn columns_that_are_not_known_are_asked_and_remembered_for_everybody() {
    let mut bench = Bench::staffed(servers()).await;
    bench.person("head", Role::Manager, None).await;
    let who = "head";
    let (check, page) = checked(&bench, who, "ausleihe.csv", UNKNOWN.as_bytes()).await;
    assert_eq!(page.status, 200);
    for said in [
        "What are the columns?",
        "<bdi>Leser</bdi>",
        "Okafor, Ngozi · Li, Ming",
        "Never read and never kept.",
    ] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    // What is guessed is chosen already; what is never read is not shown.
    assert!(page.text.contains("<option value=\"email\" selected>"), "{}", page.text);
    assert!(!page.text.contains("geheim") && !page.text.contains("<b>Dune"), "{}", page.text);

    let path = format!("{check}/columns");
    for (form, status, said) in [
        (
            "m1=email&m3=title",
            422,
            "Not said yet: the patron’s name or number; the due date, or the checkout date.",
        ),
        ("m0=title&m1=email&m3=title&m4=due", 422, "Two columns cannot both be “Title”"),
        (
            "m0=password&m2=patron_number",
            422,
            "Not said yet: the patron’s email address; the patron’s name or number",
        ),
    ] {
        let answer = bench.post(who, &path, form).await;
        assert_eq!((answer.status, answer.text.contains(said)), (status, true), "{form}: {}", answer.text);
    }
    assert_eq!(bench.app.store.known_columns().await.unwrap(), []);

    let answer = bench.post(who, &path, RIGHT).await;
    assert!(answer.header("location").ends_with("done=columns_kept"), "{answer:?}");
    let page = bench.get(who, &check).await.text;
    assert!(page.contains("columns as they were chosen by hand, with semicolons"), "{page}");
    assert!(page.contains("were described by head"), "{page}");
    assert!(page.contains("<dt>Title</dt><dd><bdi>band</bdi></dd>"), "{page}");
    // Everybody's, whatever the order of the columns.
    let turned: String = UNKNOWN
        .lines()
        .map(|line| {
            let mut cells: Vec<&str> = line.split(';').collect();
            cells.reverse();
            cells.join("\t") + "\n"
        })
        .collect();
    let (other, page) = checked(&bench, "administrator", "again.csv", turned.as_bytes()).await;
    assert!(page.text.contains("2 people of an unknown library"), "{}", page.text);
    let page = bench.get("administrator", &format!("{other}?site=MAIN")).await.text;
    assert!(page.contains("This sends 2 emails to 2 people of 1 library"), "{page}");

    // It is changed, and what was looked through before is looked through anew.
    let changed = RIGHT.replace("m5=", "m5=branch");
    bench.post(who, &path, &changed).await;
    let page = bench.get("administrator", &format!("{other}?site=MAIN")).await.text;
    assert!(page.contains("2 people of an unknown library"), "{page}");
    let answer = bench.post("administrator", &format!("{other}/columns/forget"), "").await;
    assert!(answer.header("location").ends_with("done=columns_forgotten"), "{answer:?}");
    assert!(bench.get(who, &check).await.text.contains("What are the columns?"));
    let first = "due: abgabe; email: kontakt; patron_name: leser; title: band";
    let second = "branch: farbe; due: abgabe; email: kontakt; patron_name: leser; title: band";
    let line = |what, old: &str, new: &str| (what, old.to_owned(), new.to_owned());
    assert_eq!(
        log(&bench).await[..3],
        [
            line(Deed::ColumnsForgotten, second, ""),
            line(Deed::ColumnsChosen, first, second),
            line(Deed::ColumnsChosen, "", first),
        ]
    );
    let page = bench.get("administrator", "/preferences/log").await.text;
    assert!(page.contains("said what the columns of an export are") && page.contains("Due date"), "{page}");
    bench.stop().await;
}

/// A file that another person uploaded is none of theirs, and one whose columns are known can be told otherwise.
#[tokio::test]
async fn who_may_say_what_the_columns_of_a_file_are() {
    let bench = Bench::staffed(servers()).await;
    let known = "Name,Email,Title,Other title,Due\nAnn,a@example.org,Dune,Emma,2026-11-12\n";
    let (check, page) = checked(&bench, "manager", "known.csv", known.as_bytes()).await;
    assert!(page.text.contains(&format!("{check}/columns")), "{}", page.text);
    let path = format!("{check}/columns");
    for (who, status) in [("elsewhere", 404), ("viewer", 403)] {
        assert_eq!(bench.get(who, &path).await.status, status, "{who}");
        assert_eq!(bench.post(who, &path, RIGHT).await.status, status, "{who}");
        assert_eq!(bench.post(who, &format!("{path}/forget"), "").await.status, status, "{who}");
    }
    let page = bench.get("manager", &path).await.text;
    let (_, title) = page.split_once("id=\"m2\"").unwrap();
    assert!(title.split("</select>").next().unwrap().contains("value=\"title\" selected"), "{page}");
    let answer = bench.post("manager", &path, "m0=patron_name&m1=email&m3=title&m4=due").await;
    let (_, own) = answer.header("location").split_once('?').unwrap();
    let mail = bench.get("manager", &format!("{check}/mail?{own}&n=1&site=MAIN")).await.text;
    assert!(mail.contains("Emma") && !mail.contains("Dune"), "{mail}");
    // What Koha writes needs no telling.
    let (check, page) = checked(&bench, "manager", "koha.csv", export().as_bytes()).await;
    assert!(!page.text.contains(&format!("{check}/columns\"")), "{}", page.text);
    bench.stop().await;
}

/// A person of one library decides about their own file, not about others'.
#[tokio::test]
async fn what_somebody_of_one_library_says_holds_for_their_upload_only() {
    let bench = Bench::staffed(servers()).await;
    let file = UNKNOWN.replace("rot", "MAIN");
    let (check, page) = checked(&bench, "manager", "ausleihe.csv", file.as_bytes()).await;
    assert!(page.text.contains("What you say holds for this upload only."), "{}", page.text);
    let right = format!("{RIGHT}branch");
    let answer = bench.post("manager", &format!("{check}/columns"), &right).await;
    let own = answer.header("location").to_owned();
    assert!(own.starts_with(&format!("{check}?columns=")), "{answer:?}");
    assert_eq!(bench.app.store.known_columns().await.unwrap(), []);
    let page = bench.get("manager", &own).await.text;
    for said in [
        "This sends 2 emails to 2 people of 1 library",
        "were described for this upload only",
        "<dt>Title</dt><dd><bdi>band</bdi></dd>",
        "name=\"columns\" value=\"{",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("/columns/forget"), "{page}");
    // Another file with the same columns is asked about.
    let (other, page) = checked(&bench, "administrator", "again.csv", file.as_bytes()).await;
    assert!(page.text.contains("What are the columns?"), "{}", page.text);

    // What holds for everybody they see, and leave as it is.
    let answer = bench.post("administrator", &format!("{other}/columns"), &right).await;
    assert!(answer.header("location").ends_with("done=columns_kept"), "{answer:?}");
    let page = bench.get("manager", &check).await.text;
    assert!(page.contains("were described by administrator") && !page.contains("/columns/forget"), "{page}");
    assert_eq!(bench.post("manager", &format!("{check}/columns/forget"), "").await.status, 403);
    bench
        .post("manager", &format!("{check}/columns"), &right.replace("m0=patron_name", "m0=patron_number"))
        .await;
    let known = bench.app.store.known_columns().await.unwrap();
    assert!(known.len() == 1 && known[0].chosen.contains_key("patron_name"), "{known:?}");

    // It is run as it was looked through.
    bench.post("administrator", &format!("{other}/columns/forget"), "").await;
    let (_, query) = own.split_once('?').unwrap();
    let form = format!("{query}&attempt=0&people=2&practice=false&sure=yes");
    let answer = bench.post("manager", &format!("{check}/send"), &form).await;
    assert!(answer.header("location").starts_with("/notices/runs/"), "{answer:?}");
    bench.stop().await;
}

/// What is uploaded lies in a file until it is run; then nothing has it.
#[tokio::test]
async fn what_is_never_read_of_an_upload_is_nowhere_after_its_run() {
    let bench = Bench::staffed(Way::Practice).await;
    let (check, _) =
        checked(&bench, "administrator", "ausleihe.csv", UNKNOWN.replace("rot", "MAIN").as_bytes()).await;
    bench.post("administrator", &format!("{check}/columns"), &format!("{RIGHT}branch")).await;
    sent(&bench, "administrator", &check).await;
    let mut folders = vec![bench.app.settings.now().data_dir.clone()];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let bytes = fs::read(&path).unwrap();
                assert!(!bytes.windows(6).any(|some| some == b"geheim"), "{}", path.display());
                looked_at += usize::from(bytes.windows(4).any(|some| some == b"Dune"));
            }
        }
    }
    assert!(looked_at > 0, "what is kept is found");
    bench.stop().await;
}

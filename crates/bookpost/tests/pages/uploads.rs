//! Files that are brought in: what is no export, what is hostile, and what is too much.

use bookpost::notices::sample::{archive, workbook};
use reqwest::Method;
use testkit::sink::Sink;

use crate::{
    bench::{Answer, Bench, servers},
    notices::{HEAD, export, refuses, send_file, sent, to, upload, uploaded},
};

#[tokio::test]
async fn what_is_no_export_is_said_in_plain_words() {
    let bench = Bench::staffed(servers()).await;
    let long = format!("{HEAD}1,{},Ruiz,a@b.example,MAIN,x,m1,2026-11-12,2026-10-12\n", "x".repeat(1 << 20));
    let mut wide = b"\xff\xfe".to_vec();
    wide.extend(export().encode_utf16().flat_map(u16::to_le_bytes));
    let dates = export().replace("2026-11-12", "11/12/2026").replace("2026-11-13", "11/10/2026");
    let dates = dates.replace("2026-10-12", "10/12/2026").replace("2026-10-13", "10/11/2026");
    let bomb = workbook(&[("Bomb", &"<x/>".repeat(2 << 20))], "").unwrap();
    let old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    let locked = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let random = (0..1024_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    for (bytes, status, said) in [
        (b"PK\x03\x04xl/worksheets".to_vec(), 422, "This workbook is damaged"),
        (archive(&[("a.csv", b"a,b")]).unwrap(), 422, "This is a ZIP archive"),
        (archive(&[("content.xml", b"")]).unwrap(), 422, "an OpenDocument spreadsheet (.ods)"),
        (bomb, 422, "The file is too large for an overdue export"),
        (old.clone(), 422, "This is an old Excel or Word file"),
        ([old, locked].concat(), 422, "This is a file that is protected with a password"),
        (b"%PDF-1.7".to_vec(), 422, "This is a PDF document"),
        (b"<!doctype html><html>".to_vec(), 422, "This is a web page"),
        (b"a,b\0,c\n".to_vec(), 422, "This is a file without readable text"),
        (random, 422, "This is a file without readable text"),
        (b"name;colour\nAna;red\n".to_vec(), 200, "What are the columns?"),
        (b"Ana;a@example.org;Dune\n".to_vec(), 422, "The first line of this file has no names"),
        (b"one\ntwo\n".to_vec(), 422, "This file is no table of overdue items"),
        (
            format!("{HEAD}1,\"Ana,Ruiz\n2,Ben,Okafor\n").into_bytes(),
            422,
            "opens in line 2 and is never closed",
        ),
        (dates.into_bytes(), 422, "The dates can be read in more than one way"),
        (long.into_bytes(), 200, "a cell is longer than 64 KiB"),
        (wide, 200, "This sends 3 emails to 3 people"),
        (HEAD.as_bytes().to_vec(), 200, "Nobody would get a mail from this file."),
        (b" \n".to_vec(), 200, "none: the file is empty"),
        (b" \n".to_vec(), 200, "Nobody would get a mail from this file."),
    ] {
        let answer = upload(&bench, "administrator", "overdues.csv", &bytes).await;
        assert_eq!(answer.status, 303, "{said}: {}", answer.text);
        let page = bench.get("administrator", answer.header("location")).await;
        assert_eq!((page.status, page.text.contains(said)), (status, true), "{said}: {}", page.text);
    }
    bench.stop().await;
}

#[tokio::test]
async fn an_unclear_order_of_dates_is_asked_with_the_readings_side_by_side() {
    let bench = Bench::staffed(servers()).await;
    let export = export().replace("2026-11-12", "11/12/2026").replace("2026-11-13", "11/10/2026");
    let export = export.replace("2026-10-12", "10/12/2026").replace("2026-10-13", "10/11/2026");
    let check = uploaded(&bench, "administrator", &export).await;
    let page = bench.get("administrator", &check).await.text;
    for reading in ["11 Dec 2026", "12 Nov 2026", "?dates=d%2Fm%2Fy", "?dates=m%2Fd%2Fy"] {
        assert!(page.contains(reading), "{reading}: {page}");
    }
    assert!(!page.contains("?dates=y%2Fm%2Fd"), "the year cannot come first");
    let read = bench.get("administrator", &format!("{check}?dates=m%2Fd%2Fy")).await.text;
    assert!(read.contains("Month first") && read.contains("name=\"dates\" value=\"m/d/y\""), "{read}");
    bench.stop().await;
}

#[tokio::test]
async fn only_a_form_of_this_session_brings_a_file_in() {
    let bench = Bench::staffed(servers()).await;
    let others = bench.get("administrator", "/").await.form_token();
    for token in ["", "AAAA", others.as_str(), &"x".repeat(10_000)] {
        assert_eq!(send_file(&bench, "manager", token, "a.csv", b"a").await.status, 400, "{token}");
    }
    // The file before the token is not looked at.
    let body =
        "--b\r\nContent-Disposition: form-data; name=\"export\"; filename=\"a.csv\"\r\n\r\na\r\n--b--\r\n";
    let request = bench.ask("manager", Method::POST, "/notices/upload").body(body);
    let answer = Answer::of(request.header("content-type", "multipart/form-data; boundary=b")).await;
    assert_eq!(answer.status, 400);
    let folder = bench.app.settings.now().data_dir.join("exports");
    assert!(!folder.exists() || std::fs::read_dir(&folder).unwrap().next().is_none());
    let cut = format!(
        "--b\r\nContent-Disposition: form-data; name=\"form_token\"\r\n\r\n{}\r\n--b\r\n\
        Content-Disposition: form-data; name=\"export\"; filename=\"a.csv\"\r\n\r\nhalf of",
        bench.get("manager", "/").await.form_token()
    );
    let request = bench.ask("manager", Method::POST, "/notices/upload").body(cut);
    let answer = Answer::of(request.header("content-type", "multipart/form-data; boundary=b")).await;
    assert!(answer.status == 400 && answer.text.contains("did not come through"), "{}", answer.text);
    assert!(std::fs::read_dir(&folder).unwrap().next().is_none(), "what broke off leaves nothing");
    let none = upload(&bench, "manager", "", b"").await;
    assert!(none.status == 422 && none.text.contains("Choose the file"), "{}", none.text);
    let empty = upload(&bench, "manager", "overdues.csv", b"").await;
    assert!(empty.status == 422 && empty.text.contains("The file is empty."), "{}", empty.text);
    assert!(std::fs::read_dir(&folder).unwrap().next().is_none(), "nor does what is empty");
    bench.stop().await;
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_and_leaves_nothing() {
    let bench = Bench::staffed(servers()).await;
    let bytes = vec![b'a'; (128 << 20) + 1];
    let answer = upload(&bench, "administrator", "overdues.csv", &bytes).await;
    assert_eq!(answer.status, 413);
    assert!(answer.text.contains("larger than 128 MB"), "{}", answer.text);
    let folder = bench.app.settings.now().data_dir.join("exports");
    assert!(std::fs::read_dir(folder).unwrap().next().is_none());
    bench.stop().await;
}

/// Names and titles of an export are text, on every page and in the table.
#[tokio::test]
async fn what_an_export_says_is_never_markup_and_never_a_formula() {
    const EVIL: &str = "<script>alert(1)</script><img src=x>{{ 7919*7907 }}";
    let sink = Sink::start(refuses("a@example.org")).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let export = format!(
        "{HEAD}1,{EVIL},=1+1,a@example.org,MAIN,{EVIL},m1,2026-11-12,2026-10-12\n\
         2,=cmd()|' /C calc'!A0,,,MAIN,{EVIL},m2,2026-11-12,2026-10-12\n\
         3,{EVIL},x,{EVIL},MAIN,{EVIL},m3,2026-11-12,2026-10-12\n\
         4,{EVIL},x,b@example.org,{EVIL},{EVIL},m4,2026-11-12,2026-10-12\n4,{EVIL}\n"
    );
    let answer =
        upload(&bench, "administrator", &format!("{EVIL}.csv").replace('/', ""), export.as_bytes()).await;
    let check = answer.header("location").to_owned();
    let look = async |path: &str| {
        let answer = bench.get("administrator", path).await;
        assert!(answer.status < 500, "{path}");
        for markup in ["<script>", "<img", "62615533"] {
            assert!(!answer.text.contains(markup), "{path}: {markup}: {}", answer.text);
        }
        answer.text
    };
    for page in ["", "/mail?n=1", "/html?n=1", "/mail?find=%3Cscript%3E", "?dates=%3Cscript%3E&site=%3Cimg"] {
        look(&format!("{check}{page}")).await;
    }
    look("/notices").await;
    let run = sent(&bench, "administrator", &check).await;
    for page in [
        "",
        "/names?what=returned",
        "/names?what=no_address",
        "/names?what=refused_line",
        "/names?what=unknown_branch",
        "/names?what=returned&site=%3Cscript%3E&after=%3Cscript%3E",
        "/names?what=%3Cscript%3E",
        "/stop",
    ] {
        look(&format!("/notices/runs/{}{page}", run.0)).await;
    }
    let table = bench.get("administrator", &format!("/notices/runs/{}/csv", run.0)).await;
    assert!(table.header("content-disposition").starts_with("attachment;"), "{table:?}");
    assert!(table.text.contains("\"'=cmd()|"), "{}", table.text);
    for line in table.text.lines().skip(1) {
        for cell in line.split("\",\"") {
            let first = cell.trim_start_matches('"').trim_start().chars().next().unwrap_or(' ');
            assert!(!"=+-@".contains(first), "{line}");
        }
    }
    bench.stop().await;
}

/// What is older than a day, or breaks off in a line, is not sent before somebody has said that it is the right file.
#[tokio::test]
async fn a_doubtful_file_is_asked_about_and_not_sent_before() {
    let sink = Sink::start(refuses("nobody@example.org")).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "administrator";
    let fresh = export().replace("2026-11-13", "2026-11-27");
    let broken_off = fresh.trim_end().to_owned();
    for (text, says) in [
        (fresh, None),
        (export(), Some("The last date in the file is 13 Nov 2026.")),
        (broken_off, Some("The file ends in the middle of its last line.")),
    ] {
        let check = uploaded(&bench, who, &text).await;
        let page = bench.get(who, &check).await.text;
        assert_eq!(page.contains("name=\"sure\" value=\"yes\" required"), says.is_some(), "{says:?}: {page}");
        assert!(page.contains(says.unwrap_or("<h1>")), "{says:?}: {page}");
        let Some(_) = says else { continue };
        let sure = crate::notices::form_of(&bench, who, &check).await;
        let unsure = sure.replace("&sure=yes", "");
        assert_ne!(sure, unsure);
        let answer = bench.post(who, &format!("{check}/send"), &unsure).await;
        assert_eq!(answer.header("location"), format!("{check}?done=not_sure"));
        let told = bench.get(who, answer.header("location")).await.text;
        assert!(told.contains("say first, above the button, that this is the right file"), "{told}");
    }
    assert_eq!(bench.app.store.runs(9).await.unwrap().len(), 0);
    let check = uploaded(&bench, who, &export()).await;
    let run = sent(&bench, who, &check).await;
    assert_eq!(bench.app.store.run(run).await.unwrap().states.values().sum::<u64>(), 3);
    bench.stop().await;
}

/// An old file that is uploaded today does not say what came back since the newer one.
#[tokio::test]
async fn an_old_file_cancels_nothing_that_a_newer_one_asked_for() {
    let bench = Bench::staffed(servers()).await;
    let who = "administrator";
    let newer = export().replace("2026-11-12,2026-10-12\n2", "2026-11-27,2026-10-12\n2");
    let newer = newer.replace("Dune,m3,2026-11-12", "Dune,m3,2026-11-27");
    let check = uploaded(&bench, who, &newer).await;
    let first = sent(&bench, who, &check).await;
    // Of two weeks ago: Ben's book was not overdue then.
    let older: String = export()
        .lines()
        .filter(|line| !line.contains("Dune") && !line.contains("short"))
        .fold(String::new(), |all, line| all + line + "\n");
    let older = older + "9,Fay,Adams,fay@example.org,MAIN,Walden,m9,2026-11-11,2026-10-11\n";
    let check = uploaded(&bench, who, &older).await;
    let page = bench.get(who, &check).await.text;
    assert!(page.contains("a newer export, of"), "{page}");
    sent(&bench, who, &check).await;
    let states = bench.app.store.run(first).await.unwrap().states;
    assert_eq!(states, [(store::State::Waiting, 3)].into());
    bench.stop().await;
}

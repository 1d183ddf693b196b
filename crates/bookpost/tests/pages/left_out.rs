//! Who got no mail of a run, and why, in the words of whoever reads it.

use store::{Actor, ExportPart, ExportTaken, LeftOut, LeftOutWhy, NewRun, State};
use testkit::sink::{Settings, Sink};

use crate::{
    bench::{Bench, servers},
    notices::{export, looked_through, over, refuses, sent, to, uploaded},
};

/// Both are cancelled; whoever reads the names is told which was why, and by which export.
#[tokio::test]
async fn what_came_back_is_told_apart_from_what_a_person_stopped() {
    let bench = Bench::staffed(servers()).await;
    let who = "administrator";
    let check = uploaded(&bench, who, &export()).await;
    sent(&bench, who, &check).await;
    bench.post("elsewhere", "/notices/runs/1/stop", "").await;
    // Ben's came back, and one of Ana's two.
    let is_out = |line: &&str| ["Dune", "Emma", "short"].iter().all(|gone| !line.contains(gone));
    let newer: Vec<String> = export().lines().filter(is_out).map(|line| format!("{line}\n")).collect();
    // Something was lent as late as the last date of the other one: it is not older.
    let newer = newer.concat().replace("m4,2026-11-12,2026-10-12", "m4,2026-11-12,2026-11-13");
    let check = uploaded(&bench, who, &newer).await;
    let page = bench.get(who, &check).await.text;
    assert!(page.contains("This sends 2 emails to 2 people"), "Dan's, and Ana's anew: {page}");
    assert!(page.contains("earlier notice that is not sent, as its items came back"), "{page}");
    let run = sent(&bench, who, &check).await;
    assert_eq!(bench.app.store.run(run).await.unwrap().states, [(State::Waiting, 2)].into());
    let names = bench.get(who, "/notices/runs/1/names?what=cancelled").await.text;
    for said in [
        "A person decided this, or the program that sent it.",
        "Its items are no longer in the export of ",
        "A newer notice was written in its place after the export of ",
        "if an item is overdue after all, the next run writes about it",
    ] {
        assert_eq!(names.matches(said).count(), 1, "{said}: {names}");
    }
    for page in [&names, &bench.get(who, "/notices/runs/1/csv").await.text] {
        assert!(page.contains("To write after all, upload the newest export and send it."), "{page}");
        assert!(!page.contains("tell them in another way"), "{page}");
    }
    let stopped = bench.get(who, "/notices/runs/1").await.text;
    assert!(stopped.contains("Unless a later run has written to them, nobody was written to"), "{stopped}");
    let table = bench.get(who, "/notices/runs/1/csv").await.text;
    assert!(table.contains("Its items are no longer in the export of "), "{table}");
    let mut shown = bench.get(who, "/queue?state=cancelled").await.text;
    assert!(shown.contains("Its items are no longer in the export of "), "{shown}");
    bench.post(who, "/language", "language=es&next=/").await;
    shown = bench.get(who, "/notices/runs/2/names?what=items_returned").await.text;
    assert!(
        shown.contains("Ben Okafor (2)") && shown.contains("el aviso del envío 1 aún no había salido"),
        "{shown}"
    );
    bench.stop().await;
}

/// An export of which nobody gets a mail may still say that something came back.
#[tokio::test]
async fn an_export_that_writes_to_nobody_can_be_taken_note_of() {
    let bench = Bench::staffed(servers()).await;
    let who = "administrator";
    let whole: String = export()
        .lines()
        .filter(|line| !line.contains("short"))
        .fold(String::new(), |all, line| all + line + "\n");
    let check = uploaded(&bench, who, &whole).await;
    let first = sent(&bench, who, &check).await;
    let check = uploaded(&bench, who, &whole).await;
    let page = bench.get(who, &check).await.text;
    assert!(page.contains("Nobody would get a mail") && !page.contains("/send\""), "nothing is new: {page}");
    let newer = whole
        .lines()
        .filter(|line| !line.contains("Dune"))
        .fold(String::new(), |all, line| all + line + "\n");
    let check = uploaded(&bench, who, &newer).await;
    let page = bench.get(who, &check).await.text;
    for said in ["Nobody would get a mail", "Take note of this export: 1 waiting notice is not sent</button>"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let second = sent(&bench, who, &check).await;
    let states = async |run| bench.app.store.run(run).await.unwrap().states;
    assert_eq!(states(first).await, [(State::Waiting, 2), (State::Cancelled, 1)].into());
    assert_eq!(states(second).await, [].into());
    let page = bench.get(who, &format!("/notices/runs/{}", second.0)).await.text;
    assert!(page.contains("0 of 4 were accepted.") && page.contains("what=items_returned"), "{page}");
    let names = bench.get(who, "/notices/runs/1/names?what=not_written").await.text;
    for todo in ["Enter the address in the library system.", "adds the branch code under Preferences"] {
        assert!(names.contains(todo), "each its own: {names}");
    }
    bench.stop().await;
}

/// Who is left out and why, before the run and after it, and in the table.
#[tokio::test]
async fn whoever_reads_spanish_is_told_in_spanish_who_was_left_out() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "administrator";
    bench.post(who, "/language", "language=es&next=/").await;
    let export = format!(
        "{}7,Fay,Adams,nobody,MAIN,Walden,m7,2027-01-12,2026-10-12\n8,,,no,MAIN,Eva,m8,2026-11-12,2026-10-12\n",
        export()
    );
    let check = uploaded(&bench, who, &export).await;
    let said = [
        "el usuario no tiene dirección de correo en el sistema de biblioteca",
        "1 ejemplar: ninguna biblioteca de aquí tiene el código «WEST»",
        "tiene menos celdas que la primera línea: 2 en lugar de 9",
        "«Walden» vence el 12 de enero de 2027",
        "«no» no es una dirección de correo",
    ];
    let before = bench.get(who, &check).await.text;
    let run = sent(&bench, who, &check).await;
    let mut after = String::new();
    for what in ["no_address", "unknown_branch", "refused_line", "not_due_yet"] {
        after += &bench.get(who, &format!("/notices/runs/{}/names?what={what}", run.0)).await.text;
    }
    for page in [&before, &after] {
        for said in said {
            assert!(page.contains(said), "{said}: {page}");
        }
        assert!(!page.contains("class=\"hint\" lang=\"en\""), "{page}");
    }
    let table = bench.get(who, &format!("/notices/runs/{}/csv", run.0)).await.text;
    assert!(table.contains(&format!(": {}\"", said[0])), "{table}");
    bench.stop().await;
}

/// Whoever asks the mail server's administrator about a mail knows which one to ask.
#[tokio::test]
async fn the_table_names_the_server_that_took_each_mail() {
    let sink = Sink::start(refuses("ben@example.org")).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let who = "administrator";
    let check = uploaded(&bench, who, &export()).await;
    let run = sent(&bench, who, &check).await;
    let table = async || bench.get(who, &format!("/notices/runs/{}/csv", run.0)).await.text;
    let english = table().await;
    let mut lines = english.lines().map(|line| line.split("\",\"").collect::<Vec<_>>());
    let head = lines.next().unwrap();
    assert_eq!((head.len(), head[6]), (9, "Mail server that accepted it"));
    let (server, mut taken) = (sink.address().to_string(), 0);
    for cells in lines {
        let is_taken = !["", "ben@example.org"].contains(&cells[2]);
        assert_eq!((cells.len(), cells[6]), (9, if is_taken { &*server } else { "" }), "{cells:?}");
        taken += u32::from(is_taken);
    }
    assert_eq!(taken, 2, "{english}");
    bench.post(who, "/language", "language=es&next=/").await;
    assert!(table().await.lines().next().unwrap().contains("\"Servidor de correo que lo aceptó\""));
    bench.stop().await;
}

/// What was not even made is on the page of its library.
#[tokio::test]
async fn whoever_is_not_written_to_because_a_run_was_stopped_is_named() {
    let bench = Bench::staffed(servers()).await;
    let check = uploaded(&bench, "administrator", &export()).await;
    let checked = looked_through(&bench, &check).await;
    let run = bench.app.notices.begin(checked, 0, Actor::CommandLine).await.unwrap();
    over(&bench, run).await;
    let line = LeftOut {
        why: LeftOutWhy::Stopped,
        line: None,
        who: "Fay Wong".to_owned(),
        detail: String::new().into(),
        site: Some("EAST".to_owned()),
    };
    bench.app.store.left_out(run, vec![line]).await.unwrap();
    let page = bench.get("elsewhere", &format!("/notices/runs/{}/names?what=stopped", run.0)).await.text;
    assert!(page.contains("Fay Wong") && page.contains("run the export again"), "{page}");
    bench.stop().await;
}

/// The number on the first page and the list behind it are of the same people, whatever other reasons there are and whatever was run since.
#[tokio::test]
async fn who_can_still_get_a_mail_is_counted_and_named_alike() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::staffed(to(&sink)).await;
    let (who, path) = ("administrator", "/notices/runs/1/names?what=can_still");
    let check = uploaded(&bench, who, &export()).await;
    let run = sent(&bench, who, &check).await;
    let line = |site: &str, name: &str| LeftOut {
        why: LeftOutWhy::NotMade,
        line: None,
        who: name.to_owned(),
        detail: String::new().into(),
        site: Some(site.to_owned()),
    };
    let all = vec![line("MAIN", "Fay Adams"), line("EAST", "Guy Brown")];
    bench.app.store.left_out(run, all).await.unwrap();
    let says = async |number: &str, names: &[&str]| {
        let today = bench.get(who, "/").await.text;
        assert!(today.contains(&format!("{number} of the last ")), "{today}");
        assert!(today.contains(&format!("href=\"{path}\"")), "{today}");
        let list = bench.get(who, path).await.text;
        assert!(
            list.contains(&format!("<h1 class=\"sentence\">{number} got no mail, and can still")),
            "{list}"
        );
        assert_eq!(list.matches("<div class=\"what\">").count(), names.len(), "{list}");
        assert!(names.iter().all(|name| list.contains(name)), "{list}");
    };
    says("4 entries", &["Eve Weber", "Fay Adams", "Guy Brown", "line 8"]).await;
    // A later run of the same notice over the one library says what is left of that.
    let new = NewRun {
        notice: "overdue-items".to_owned(),
        source: "other.csv".to_owned(),
        practice: false,
        started_at: bench.now(),
    };
    let later = bench.app.store.begin_run(new).await.unwrap();
    let part = ExportPart { items: 9, ..ExportPart::default() };
    let export = ExportTaken { of: bench.now(), parts: [("MAIN".to_owned(), part)].into() };
    bench.app.store.take_export(later, export, bench.now()).await.unwrap();
    bench.app.store.finish_run(later, bench.now()).await.unwrap();
    says("3 entries", &["Eve Weber", "Guy Brown", "line 8"]).await;
    bench.stop().await;
}

//! Who cannot be reached: a list to work through, for each with what is theirs.

use bookpost::config::Way;
use store::{NewMessage, NewRun, Patron, Verdict};

use crate::bench::{Bench, notice, servers};

fn to(address: &str, name: &str, site: &str) -> NewMessage {
    let patron = Some(Patron { name: name.to_owned(), number: Some("4711".to_owned()) });
    NewMessage { site: Some(site.to_owned()), patron, ..notice(address, "Overdue") }
}

#[tokio::test]
async fn each_sees_whom_their_libraries_do_not_reach() {
    let bench = Bench::staffed(servers()).await;
    let page = bench.get("manager", "/queue/unreachable").await.text;
    assert!(page.contains("Everybody can be reached"), "{page}");
    bench.mail(to("ana@example.org", "Ana Ruiz", "MAIN"), Some(Verdict::Returned)).await;
    bench.mail(to("ben@example.org", "Ben <b>Okafor</b>", "EAST"), Some(Verdict::Returned)).await;
    for verdict in [Verdict::Returned, Verdict::Delivered] {
        let patron = Some(Patron { name: "Cleo".to_owned(), number: Some("4712".to_owned()) });
        bench.mail(NewMessage { patron, ..to("cleo@example.org", "Cleo", "MAIN") }, Some(verdict)).await;
    }
    for (who, ana, ben) in [
        ("administrator", true, true),
        ("manager", true, false),
        ("elsewhere", false, true),
        ("viewer", true, true),
    ] {
        let page = bench.get(who, "/queue/unreachable").await.text;
        let (seen, whole) = (|text: &str| page.contains(text), who != "viewer");
        assert_eq!(seen("ana@example.org"), ana && whole, "{who}");
        assert_eq!(seen("a***@example.org"), !whole, "{who}");
        assert_eq!(seen("Ana Ruiz"), ana && whole, "{who}");
        assert_eq!(seen("Ben &#60;b&#62;Okafor&#60;/b&#62;"), ben && whole, "{who}: {page}");
        assert!(!seen("Cleo") && !seen("<b>Okafor"), "{who}");
        assert!(seen("The address does not exist.") && seen("since 14:05"), "{who}: {page}");
        assert_eq!(seen("/queue/unreachable/csv"), whole, "{who}");
    }
    let page = bench.get("administrator", "/queue/unreachable?site=EAST").await.text;
    assert!(page.contains("ben@") && !page.contains("ana@"), "{page}");
    assert!(page.contains("href=\"/queue/unreachable/csv?site=EAST\""), "{page}");
    let page = bench.get("elsewhere", "/queue/unreachable?site=MAIN").await.text;
    assert!(page.contains("Everybody can be reached"), "{page}");
    bench.stop().await;
}

/// Whose address it is only the family can say: wherever it stands what is to be done.
#[tokio::test]
async fn about_a_guardians_address_the_family_is_asked() {
    let bench = Bench::staffed(servers()).await;
    let tags = vec!["to guardians".to_owned()];
    let new = NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice: false,
        started_at: bench.now(),
    };
    let run = bench.app.store.begin_run(new).await.unwrap();
    let of_run = |tags, mail: NewMessage| NewMessage { tags, run: Some(run), ..mail };
    let family = of_run(tags, to("mum@example.org", "Eve Smith", "MAIN"));
    let family = bench.mail(family, Some(Verdict::Returned)).await;
    let names = format!("/notices/runs/{}/names?what=returned", run.0);
    let places = [format!("/queue/{}", family.0), "/queue/unreachable".to_owned(), names.clone()];
    for path in places.iter().map(String::as_str).chain(["/queue/unreachable/csv"]) {
        let page = bench.get("administrator", path).await.text;
        assert!(page.contains("Ask the family for the right address"), "{path}: {page}");
        assert!(!page.contains("Ask the patron"), "{path}: {page}");
    }
    let ana = of_run(Vec::new(), to("ana@example.org", "Ana Ruiz", "MAIN"));
    let ana = bench.mail(ana, Some(Verdict::Returned)).await;
    for path in [format!("/queue/{}", ana.0), "/queue/unreachable".to_owned(), names] {
        let page = bench.get("administrator", &path).await.text;
        assert!(page.contains("Ask the patron for the right address"), "{path}: {page}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn the_list_goes_on_and_the_table_has_all_of_it_and_no_formula() {
    let bench = Bench::staffed(Way::Practice).await;
    for n in 0..60 {
        let name = if n == 0 { "=HYPERLINK(1)".to_owned() } else { format!("Patron {n}") };
        bench.mail(to(&format!("p{n}@example.org"), &name, "MAIN"), Some(Verdict::Returned)).await;
    }
    let first = bench.get("manager", "/queue/unreachable").await.text;
    let (_, next) = first.split_once("<a href=\"/queue/unreachable?after=").unwrap();
    let next = bench
        .get("manager", &format!("/queue/unreachable?after={}", next.split('"').next().unwrap()))
        .await
        .text;
    assert_eq!([&first, &next].map(|page| page.matches("<li class=\"look\">").count()), [50, 10]);
    assert!(next.contains("p0@example.org") && !next.contains("rel=\"next\""), "{next}");
    let table = bench.get("manager", "/queue/unreachable/csv").await;
    assert!(table.header("content-type").starts_with("text/csv"), "{:?}", table.headers);
    let lines: Vec<_> = table.text.lines().collect();
    assert_eq!(lines.len(), 61);
    let head = "\"Name\",\"Number\",\"Email address\",\"Library\",\"Why\",\"Not reached since\",\"Last mail that came back\",\"What to do\"";
    assert_eq!(lines[0].trim_start_matches('\u{feff}'), head);
    assert!(lines[60].starts_with("\"'=HYPERLINK(1)\",\"4711\",\"p0@example.org\",\"Main Library\",\"The address does not exist.\",\"2026-11-28T14:05:00Z\""), "{}", lines[60]);
    bench.stop().await;
}

/// One request looks through no more than it takes a moment for.
#[tokio::test]
async fn behind_many_returns_that_are_not_theirs_it_is_looked_further_when_they_ask() {
    let bench = Bench::staffed(Way::Practice).await;
    bench.mail(to("ana@example.org", "Ana Ruiz", "MAIN"), Some(Verdict::Returned)).await;
    for _ in 0..21 {
        bench.returned_to_many(to("ben@example.org", "Ben", "EAST"), 1_000).await;
    }
    let first = bench.get("manager", "/queue/unreachable").await.text;
    assert!(!first.contains("Everybody can be reached") && !first.contains("Ana Ruiz"), "{first}");
    let (_, next) = first.split_once("<a href=\"/queue/unreachable?after=").unwrap();
    let (after, text) = next.split_once("\" rel=\"next\">").unwrap();
    assert!(text.starts_with("Look further"), "{text}");
    let next = bench.get("manager", &format!("/queue/unreachable?after={after}")).await.text;
    assert!(next.contains("Ana Ruiz"), "{next}");
    let table = bench.get("manager", "/queue/unreachable/csv").await.text;
    assert_eq!(table.lines().count(), 2, "the table is made of all parts");
    bench.stop().await;
}

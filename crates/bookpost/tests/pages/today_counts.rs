//! Numbers of a day: of the day of the answer, in each library's own day.

use bookpost::cli::control::{Reply, Request};
use store::{Lease, NewMessage, RecipientId, Verdict};

use crate::bench::{Answer, Bench, notice, servers};

/// The numbers of a row, or of the whole.
async fn numbers(bench: &Bench, library: &str) -> Vec<u64> {
    let page = bench.get("administrator", "/").await.text;
    let (_, row) = page.split_once(&format!("<th scope=\"row\">{library}</th>")).unwrap();
    let (row, _) = row.split_once("</tr>").unwrap();
    let cells = row.split("<td class=\"count\"").skip(1);
    cells.map(|cell| cell.split(['>', '<']).find_map(|text| text.parse().ok()).unwrap()).collect()
}

/// How much the list behind a number shows.
async fn listed(bench: &Bench, path: &str) -> usize {
    let page = bench.get("administrator", path).await.text;
    page.matches("data-id=").count()
}

/// Handed in, accepted, sent back, may have arrived, waiting, set aside: of mail that came the day before.
#[tokio::test]
async fn what_is_answered_today_counts_today_in_the_day_that_the_library_has() {
    let bench = Bench::staffed(servers()).await;
    let version = bench.app.store.preferences().await.unwrap().version;
    let east = "code=EAST&name=East+Branch&email=desk@library.example&time_zone=Pacific/Honolulu";
    let fields = format!("{east}&version={version}");
    let changed = bench.post("administrator", "/preferences/libraries/change", &fields).await;
    assert_eq!(changed.status, 303, "{}", changed.text);
    let mut ids = Vec::new();
    for site in ["MAIN", "EAST"] {
        for n in 0..3 {
            let message = notice(&format!("{n}@example.org"), "Overdue");
            let message = NewMessage { lease: Some(Lease(7)), site: Some(site.to_owned()), ..message };
            let accepted = bench.app.store.accept(vec![message], bench.now()).await.unwrap();
            ids.push(RecipientId::of(accepted[0].id, 0));
        }
    }
    // 09:05 of the next day; in Honolulu it is 23:05 of the same one.
    for _ in 0..19 {
        bench.pass(60);
        bench.get("administrator", "/").await;
    }
    for (id, verdict) in
        ids.iter().zip([Verdict::Delivered, Verdict::Returned, Verdict::InDoubt].into_iter().cycle())
    {
        bench.settle(*id, verdict, None).await;
    }
    assert_eq!(numbers(&bench, "Main Library").await, [0, 1, 1, 1, 0, 0]);
    assert_eq!(numbers(&bench, "East Branch").await, [3, 1, 1, 1, 0, 0]);
    let page = bench.get("administrator", "/").await.text;
    for said in [
        "data-count=\"delivered\">2</span>",
        "accepted by the server today",
        "href=\"/queue?state=delivered&#38;answered=2026-11-29\"",
        "href=\"/queue?state=returned&#38;answered=2026-11-28&#38;site=EAST\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(listed(&bench, "/queue?state=delivered&answered=2026-11-29&site=MAIN").await, 1);
    assert_eq!(listed(&bench, "/queue?state=delivered&since=2026-11-29&site=MAIN").await, 0);
    assert_eq!(listed(&bench, "/queue?state=returned&answered=2026-11-28&site=EAST").await, 1);
    // By command as on the page.
    let since = "2026-11-29T00:00:00Z".parse().unwrap();
    let (progress, _told) = tokio::sync::mpsc::unbounded_channel();
    let Reply::Today(today) = bench.app.answer(Request::Today { since }, progress).await else {
        panic!("no numbers")
    };
    let told: Vec<_> = today
        .libraries
        .iter()
        .map(|one| (one.since.to_string(), one.figures.accepted, one.figures.delivered))
        .collect();
    let expected = [("2026-11-28T10:00:00Z".to_owned(), 3, 1), ("2026-11-29T00:00:00Z".to_owned(), 0, 1)];
    assert_eq!(told, expected);
    // 11:05: the next day has begun in Honolulu, too, where it begins at 10:00.
    bench.pass(2 * 60);
    assert_eq!(numbers(&bench, "East Branch").await[1..4], [0, 0, 0], "beside its return report");
    assert_eq!(listed(&bench, "/queue?state=returned&answered=2026-11-29&site=EAST").await, 0);
    // It is decided about, and counts for what it is now.
    let sure = format!("do=cancel&id={}", ids[2].message().0);
    let decided: Answer = bench.post("administrator", "/queue/decide", &sure).await;
    assert_eq!(decided.status, 303, "{}", decided.text);
    assert_eq!(numbers(&bench, "Main Library").await[1..5], [1, 1, 0, 1], "beside its return report");
    let not_sent = "/queue?state=cancelled&answered=2026-11-29&site=MAIN";
    assert_eq!(listed(&bench, not_sent).await, 1);
    // What is practised counts beside it; and what is of no library is a list too.
    let rehearsed = NewMessage {
        lease: Some(Lease(7)),
        practice: true,
        site: None,
        ..notice("r@example.org", "Overdue")
    };
    let accepted = bench.app.store.accept(vec![rehearsed], bench.now()).await.unwrap();
    bench.settle(RecipientId::of(accepted[0].id, 0), Verdict::Practiced, None).await;
    assert_eq!(numbers(&bench, "Main Library").await[1..6], [1, 0, 1, 0, 1]);
    let of_none = numbers(&bench, "of no library").await;
    assert_eq!(of_none[2], 1, "{of_none:?}");
    let practised = "/queue?state=practiced&answered=2026-11-29&site=%28none%29";
    let page = bench.get("administrator", "/").await.text;
    assert!(page.contains(&practised.replace('&', "&#38;")), "{page}");
    assert_eq!(listed(&bench, practised).await, 1);
    bench.stop().await;
}

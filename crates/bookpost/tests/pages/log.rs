//! The log of what people changed.

use store::{Actor, Deed, NewAudit};

use crate::bench::{Bench, PASSWORD, servers};

#[tokio::test]
async fn the_log_is_read_in_pages_and_by_who_and_what() {
    let bench = Bench::staffed(servers()).await;
    for at in 0..60 {
        let line = NewAudit {
            who: Actor::CommandLine,
            what: Deed::PreferenceChanged,
            about: format!("server{at}.host"),
            old: None,
            new: Some("smtp.library.example".to_owned()),
        };
        bench.app.store.note_audit(line, bench.now()).await.unwrap();
    }
    bench.post("administrator", "/sending", "what=pause").await;
    let lines = |page: &str| page.matches("<li>\n<time").count();
    let first = bench.get("administrator", "/preferences/log").await.text;
    assert_eq!(lines(&first), 50, "{first}");
    let at = |what: &str| first.find(what).unwrap();
    assert!(
        at("paused all sending</span></p>") < at("server59.host")
            && at("server59.host") < at("server58.host")
    );
    let (_, older) = first.split_once("href=\"/preferences/log?after=").unwrap();
    let older = format!("/preferences/log?after={}", older.split('"').next().unwrap());
    let second = bench.get("administrator", &older).await.text;
    assert!(second.contains("server5.host") && !second.contains("server59.host"), "{second}");
    assert!(second.contains("href=\"/preferences/log\">Newest</a>"), "{second}");
    for (query, expected) in
        [("who=1", 2), ("what=sending_paused", 1), ("who=1&what=preference_changed", 0), ("who=2", 1)]
    {
        let page = bench.get("administrator", &format!("/preferences/log?{query}")).await.text;
        assert_eq!(lines(&page), expected, "{query}: {page}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn no_secret_stands_in_it() {
    let bench = Bench::staffed(servers()).await;
    let present = PASSWORD.replace(' ', "+").replace('ö', "%C3%B6");
    bench
        .post("administrator", "/account/password", &format!("present={present}&new=nine+lives+of+a+cat"))
        .await;
    let shown = bench.post("administrator", "/preferences/people/2/act", "do=reset").await.text;
    let (_, code) = shown.split_once("/reset?code=").unwrap();
    let code = code.split('<').next().unwrap();
    let page = bench.get("administrator", "/preferences/log").await.text;
    assert!(page.contains("made a link for a new password") && page.contains("chose a password"), "{page}");
    for secret in [PASSWORD, "nine lives of a cat", code] {
        assert!(!page.contains(secret), "{secret}");
    }
    bench.stop().await;
}

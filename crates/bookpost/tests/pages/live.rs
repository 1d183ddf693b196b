//! What open pages are told.

use reqwest::{Method, Response};

use crate::bench::{Bench, notice, servers};

/// The next numbers.
pub(crate) async fn told(stream: &mut Response) -> serde_json::Value {
    let mut text = String::new();
    loop {
        text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
        if let Some((event, _)) = text.split_once("\n\n") {
            return serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
        }
    }
}

#[tokio::test]
async fn an_open_page_hears_of_what_changes_and_ends_with_the_service() {
    let bench = Bench::staffed(servers()).await;
    let mut first = bench.ask("viewer", Method::GET, "/live").send().await.unwrap();
    assert_eq!(first.headers()["content-type"], "text/event-stream");
    assert_eq!(told(&mut first).await["waiting"], 0);
    bench.mail(notice("p@example.org", "Overdue"), None).await;
    assert_eq!(told(&mut first).await["waiting"], 1);
    // Who comes later hears at once how it stands.
    let mut second = bench.ask("manager", Method::GET, "/live").send().await.unwrap();
    assert_eq!(told(&mut second).await["waiting"], 1);
    bench.stop().await;
    assert_eq!(first.chunk().await.unwrap_or_default(), None);
}

/// A page says the same of how it stands as what it is told, or it would ask for itself again and again.
#[tokio::test]
async fn a_page_and_what_it_is_told_agree() {
    let bench = Bench::staffed(servers()).await;
    bench.mail(notice("p@example.org", "Overdue"), Some(store::Verdict::Held)).await;
    let page = bench.get("viewer", "/").await.text;
    let version = page.split("data-live=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut stream = bench.ask("viewer", Method::GET, "/live").send().await.unwrap();
    let now = told(&mut stream).await;
    let is = |name: &str| u8::from(now[name].as_u64().unwrap() > 0).to_string();
    let some = ["in_doubt", "held", "delivered", "practiced", "cancelled"].map(is).join("-");
    let told = format!("{}-{}-{some}", now["tone"].as_str().unwrap(), now["alarms"]);
    assert_eq!(version, told);
    drop(stream);
    bench.stop().await;
}

/// Whoever opens one page after the other takes no connection from those who ask.
#[tokio::test]
async fn so_many_pages_are_told_and_the_rest_works_without() {
    let bench = Bench::staffed(servers()).await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        let stream = bench.ask("viewer", Method::GET, "/live").send().await.unwrap();
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    let more = async || bench.ask("viewer", Method::GET, "/live").send().await.unwrap().status();
    assert_eq!(more().await, 204);
    assert_eq!(bench.get("viewer", "/").await.status, 200);
    drop(streams);
    while more().await != 200 {
        tokio::task::yield_now().await;
    }
    bench.stop().await;
}

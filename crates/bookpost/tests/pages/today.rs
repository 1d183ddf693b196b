//! The first page says one thing: its sentence and what is to be done agree.

use std::sync::Arc;

use bookpost::config::{Server, Way};
use serde_json::json;
use store::AlarmKind;

use crate::bench::{Answer, Bench};

fn two() -> Way {
    let server = |n| Arc::new(Server::plain(&format!("server{n}"), "127.0.0.1:9".parse().unwrap()));
    Way::Servers(vec![server(1), server(2)])
}

const BACKUP: &str = "The backup server is sending since 14:05";

/// What an earlier process found holds until the server answers.
#[tokio::test]
async fn after_a_start_the_open_alarm_is_believed() {
    let bench = Bench::staffed(two()).await;
    for kind in [AlarmKind::ServerDown, AlarmKind::BackupInUse] {
        bench.app.store.raise(kind, "server1", "Down", bench.now()).await.unwrap();
    }
    let page = bench.get("administrator", "/").await.text;
    assert!(page.contains(BACKUP) && !page.contains("All mail goes out"), "{page}");
    bench.stop().await;
}

/// An alarm about a server that is not used is not shown, and who chose that nothing is sent is.
#[tokio::test]
async fn who_chose_that_nothing_is_sent_is_said_and_no_server_is_at_fault() {
    let bench = Bench::staffed(two()).await;
    let never = Bench::preferring("").await;
    for kind in [AlarmKind::ServerDown, AlarmKind::BackupInUse] {
        bench.app.store.raise(kind, "server1", "Down", bench.now()).await.unwrap();
    }
    let body = json!({ "sending.way": "none" }).to_string();
    let key = crate::admin_api::key(&bench, "administrator").await;
    let change = bench.client.patch(format!("{}/api/v1/admin/preferences", bench.origin));
    let change = change.bearer_auth(&key).header("if-match", "*").header("content-type", "application/json");
    let changed = Answer::of(change.body(body)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    // As if its end had not been noted yet.
    bench.app.store.raise(AlarmKind::BackupInUse, "server1", "Down", bench.now()).await.unwrap();
    let page = bench.get("administrator", "/").await.text;
    for said in [
        "“Do not send” is chosen since 14:05 (administrator). Mail is accepted and waits.",
        "Nothing is sent: “Do not send” is chosen since 14:05 (administrator).",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("No way of sending is chosen") && !page.contains("backup server"), "{page}");
    let queue = bench.mail(crate::bench::notice("p@example.org", "Overdue"), None).await;
    let page = bench.get("administrator", &format!("/queue/{}", queue.0)).await.text;
    assert!(page.contains("waits, because “Do not send” is chosen"), "{page}");
    bench.stop().await;
    let mut never = never;
    never.person("administrator", store::Role::Administrator, None).await;
    let page = never.get("administrator", "/").await.text;
    assert!(page.contains("No way of sending is chosen.") && !page.contains("Do not send"), "{page}");
    never.stop().await;
}

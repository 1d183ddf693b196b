//! The key that seals secrets.

use std::fs;

use serde_json::Value;

use crate::bench::Place;

/// What no key opens, as the status says it.
async fn told_as_lost(place: &Place) -> bool {
    let status = place.run(&["queue", "status", "--json"]).await.json();
    let alarms = status.pointer("/status/alarms").and_then(Value::as_array).unwrap();
    alarms.iter().any(|alarm| alarm.get("kind") == Some(&"secrets_lost".into()))
}

#[tokio::test]
async fn a_key_is_changed_while_the_service_runs_and_one_that_is_lost_is_told() {
    let place = Place::new("practice", None);
    let file = place.data().join("secret.key");
    assert_eq!(place.run(&["keys", "rotate"]).await.code, Some(64), "there is none yet");
    assert_eq!(place.run(&["applications", "add", "cron"]).await.code, Some(0));
    assert_eq!(place.run(&["webhooks", "add", "cron", "https://x.invalid/"]).await.code, Some(0));
    let service = place.serve().await;
    let before = fs::read(&file).unwrap();
    let said = place.run(&["keys", "rotate", "--json"]).await;
    assert_eq!((said.code, said.json()["rotated"]["resealed"].as_u64()), (Some(0), Some(1)), "{said:?}");
    let text = fs::read_to_string(&file).unwrap();
    assert_ne!(text.as_bytes(), before);
    let shown = place.run(&["keys", "show"]).await;
    assert!(
        shown.out.contains("Copy it somewhere safe") && shown.out.contains("1 secret is sealed"),
        "{shown:?}"
    );
    assert!(!shown.out.contains(text.trim()) && !shown.out.contains("cannot be opened"), "{shown:?}");
    service.terminate();
    assert_eq!(service.code().await, Some(0));

    // The key of before is another one.
    fs::write(&file, before).unwrap();
    let service = place.serve().await;
    while !told_as_lost(&place).await {}
    let shown = place.run(&["keys", "show"]).await;
    assert!(shown.out.contains("https://x.invalid/ (number 1): bookpost webhooks remove 1"), "{shown:?}");
    assert_eq!(place.run(&["webhooks", "remove", "1"]).await.code, Some(0));
    while told_as_lost(&place).await {}
    drop(service);
}

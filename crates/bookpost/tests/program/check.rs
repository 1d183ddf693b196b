//! `check`, as a monitoring system runs it.

use std::fs;

use store::{AlarmKind, Cause, FolderFault};

use crate::bench::Place;

#[tokio::test]
async fn one_line_and_the_codes_of_a_plug_in() {
    let place = Place::new("practice", None);
    let check = async || place.run(&["check"]).await;
    let said = check().await;
    assert_eq!((said.code, said.err.as_str()), (Some(2), ""), "{said:?}");
    assert!(said.out.starts_with("BOOKPOST CRITICAL - no service works in "), "{said:?}");
    let service = place.serve().await;
    let said = check().await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let numbers = "waiting=0 oldest=0s sending=0 in_doubt=0 held=0 reports_owed=0";
    assert_eq!(said.out, format!("BOOKPOST OK - all is well | {numbers}\n"));
    let said = place.run(&["queue", "pause"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = check().await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out.starts_with("BOOKPOST WARNING - sending has been paused since ")
            && said.out.lines().count() == 1
    );
    let json = place.run(&["check", "--json"]).await.json();
    assert_eq!(
        (&json["check"]["grade"], &json["check"]["counts"]["waiting"]),
        (&"warning".into(), &0.into())
    );
    service.terminate();
    assert_eq!(service.code().await, Some(0));
    let (store, began_at) = (place.store(), "2026-11-28T14:05:00Z".parse().unwrap());
    // One that nothing ends by itself.
    store.raise(AlarmKind::Disk, "test", "The disk is full.", began_at).await.unwrap();
    let cause = Cause::new(FolderFault::ExportRefused, "It could not be used.");
    store.raise(AlarmKind::DropFolder, "undeliverable mail", cause, began_at).await.unwrap();
    store.close().await.unwrap();
    let service = place.serve().await;
    let said = check().await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.out.contains("CRITICAL - The disk is full. (test); sending has been paused since "),
        "{said:?}"
    );
    let json = place.run(&["check", "--json"]).await.json();
    let told = |of: &serde_json::Value| (of["kind"].clone(), of["reason"].clone());
    let all = json["check"]["alarms"].as_array().unwrap();
    assert_eq!(
        all.iter().map(told).collect::<Vec<_>>(),
        [("drop_folder".into(), "export_refused".into()), ("disk".into(), serde_json::Value::Null)]
    );
    service.terminate();
    service.code().await;
    fs::write(place.path("config"), "nonsense").unwrap();
    let said = check().await;
    assert_eq!((said.code, said.out.starts_with("BOOKPOST UNKNOWN - ")), (Some(3), true), "{said:?}");
}

//! Backups by the program itself, while it works, and what a restored one sends.

use std::{collections::BTreeSet, fs, process::Stdio};

use store::{Filter, State};
use testkit::sink::{Settings, Sink, Taken};
use tokio::task::JoinSet;

use crate::bench::{Place, Said, bookpost, sendmail};

/// A place whose programs may send, and the server that their mail goes to.
async fn place(ledger: bool) -> (Place, Sink) {
    let place = Place::new("servers", None);
    let ledger = ledger.then(|| place.path("ledger"));
    let sink = Sink::start(Settings { ledger, ..Settings::default() }).await.unwrap();
    place.configure("servers", Some(&sink));
    place.open_sendmail();
    place.add("[schedule]\nshort_wait = [\"100ms\", \"200ms\"]\n");
    (place, sink)
}

async fn send(place: &Place, to: &str) {
    let message = format!("From: desk@x.org\nSubject: a\n\n{}\n", "b".repeat(5_000));
    let said = Said::given(sendmail(&place.path(""), &[to]), &message).await;
    assert_eq!(said.code, Some(0), "{said:?}");
}

/// Whether there is the alarm that a backup was restored.
async fn is_told(place: &Place) -> bool {
    let status = place.run(&["queue", "status", "--json"]).await.json();
    let alarms = status.pointer("/status/alarms").unwrap().as_array().unwrap();
    alarms.iter().any(|alarm| alarm.get("kind") == Some(&"restored".into()))
}

/// How often the server took a message for each recipient.
fn came(place: &Place) -> Vec<String> {
    let ledger = fs::read_to_string(place.path("ledger")).unwrap();
    ledger.lines().flat_map(|line| serde_json::from_str::<Taken>(line).unwrap().to).collect()
}

#[tokio::test]
async fn a_backup_is_made_with_a_service_and_without_and_says_what_it_holds() {
    let (place, sink) = place(false).await;
    let file = place.path("copy");
    let file = file.to_str().unwrap();
    assert_eq!(place.run(&["backup", file]).await.code, Some(78), "there is no queue yet");
    let service = place.serve().await;
    send(&place, "ann@x.org").await;
    sink.wait_for(1).await;
    let said = place.run(&["backup", file]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("It is whole.") && said.out.contains("Not in it: the settings"), "{said:?}");
    assert_eq!(place.run(&["backup", file]).await.code, Some(64), "it is there already");
    let said = place.run(&["backup", file, "--force", "--json"]).await;
    assert_eq!(
        (said.code, said.json()["backed_up"]["backup"]["wrong"].as_array().unwrap().len()),
        (Some(0), 0)
    );
    service.terminate();
    assert_eq!(service.code().await, Some(0));
    let said = place.run(&["backup", file, "--force"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let checked = place.run(&["backup", "--check", file, "--json"]).await.json();
    assert_eq!(checked["backup"]["counts"]["delivered"].as_u64(), Some(1), "{checked}");
    fs::write(place.path("other"), "no backup").unwrap();
    let other = place.path("other");
    assert_eq!(place.run(&["backup", "--check", other.to_str().unwrap()]).await.code, Some(65));
}

/// What was in flight, waiting or in doubt in the copy may have been sent since: mail goes on while it is made, the service is killed in
/// the middle of it, and another one starts. All of it comes to the same server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_backup_holds_that_was_made_under_load_is_not_sent_twice() {
    let (place, _sink) = place(true).await;
    let service = place.serve().await;
    for round in 0..40 {
        send(&place, &format!("before-{round}@x.org")).await;
    }
    let file = place.path("copy");
    let mut backup = bookpost(&place.path(""));
    backup.arg("--config").arg(place.path("config")).arg("backup").arg(&file);
    let backup = backup.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut senders = JoinSet::new();
    for round in 0..40 {
        let (folder, to) = (place.path(""), format!("during-{round}@x.org"));
        senders.spawn(async move {
            Said::given(sendmail(&folder, &[&to]), "From: desk@x.org\nSubject: a\n\nb\n").await.code
        });
    }
    for _ in 0..20 {
        assert_eq!(senders.join_next().await.unwrap().unwrap(), Some(0));
    }
    service.kill().await;
    let said = Said::from(backup.wait_with_output().await.unwrap());
    assert_eq!(said.code, Some(0), "{said:?}");
    let service = place.serve().await;
    senders.join_all().await;
    let waits = async || {
        let status = place.run(&["queue", "status", "--json"]).await.json();
        let count = |state: &str| status["status"]["counts"][state].as_u64().unwrap();
        count("waiting") + count("sending")
    };
    while waits().await > 0 {}
    service.terminate();
    assert_eq!(service.code().await, Some(0));
    let first = came(&place);

    // On another computer: another folder, the same settings.
    let data = place.path("data");
    let used = place.run(&["restore", file.to_str().unwrap()]).await;
    assert_eq!(used.code, Some(64), "{used:?}");
    fs::rename(&data, place.path("lost")).unwrap();
    let said = place.run(&["restore", file.to_str().unwrap()]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("Restored from the backup of"), "{said:?}");
    // The journal of before belongs to another queue.
    fs::rename(place.path("lost").join("journal"), data.join("journal")).unwrap();
    let foreign = place.run(&["serve"]).await;
    assert!(foreign.code != Some(0) && foreign.err.contains("journal"), "{foreign:?}");
    fs::remove_dir_all(data.join("journal")).unwrap();
    let service = place.serve().await;
    let status = place.run(&["queue", "status"]).await;
    assert!(status.out.contains("Restored from the backup of"), "{status:?}");
    while !is_told(&place).await {}
    assert_eq!(came(&place), first, "nothing is sent while it is paused");
    assert_eq!(place.run(&["queue", "resume"]).await.code, Some(0));
    while is_told(&place).await {}
    send(&place, "after@x.org").await;
    while !came(&place).contains(&"after@x.org".to_owned()) {}
    service.terminate();
    assert_eq!(service.code().await, Some(0));

    let mut again = came(&place);
    assert_eq!(again.len(), first.len() + 1, "nothing else was sent");
    again.sort();
    let store = place.store();
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    let mut known = BTreeSet::new();
    for row in store.list(Filter::default(), None, 1_000).await.unwrap() {
        assert!(matches!(row.state, State::Held | State::Delivered), "{row:?}");
        assert!(known.insert(row.to.address.to_string()), "{row:?}");
    }
    assert!((0..40).all(|round| known.contains(&format!("before-{round}@x.org"))), "{known:?}");
    store.close().await.unwrap();
}

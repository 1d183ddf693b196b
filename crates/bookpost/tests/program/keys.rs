//! The key that seals secrets.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Stdio};

use serde_json::Value;
use testkit::sink::{Settings, Sink};

use crate::bench::{Place, Said, bookpost};

/// The secrets that no key opens, as the status says it.
async fn lost(place: &Place) -> Vec<String> {
    let status = place.run(&["queue", "status", "--json"]).await.json();
    let alarms = status.pointer("/status/alarms").and_then(Value::as_array).unwrap();
    let lost = alarms.iter().filter(|alarm| alarm.get("kind") == Some(&"secrets_lost".into()));
    let mut lost: Vec<_> = lost.map(|alarm| alarm["subject"].as_str().unwrap().to_owned()).collect();
    lost.sort();
    lost
}

async fn until_lost(place: &Place, expected: &[&str]) {
    while lost(place).await != expected {}
}

async fn password(place: &Place, words: &[&str]) -> Said {
    let mut command = bookpost(&place.path(""));
    command.arg("--config").arg(place.path("config")).args(["preferences", "password"]).args(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Said::given(command, "open sesame\n").await
}

/// A server with a password, set by preferences, and a web address: three secrets are sealed, one of them on record only.
async fn with_secrets(sink: &Sink) -> Place {
    let place = Place::new("none", None);
    let text = format!("data_dir = \"{}\"\nlisten = \"off\"\n", place.data().display());
    fs::write(place.path("config"), text).unwrap();
    let port = format!("server1.port={}", sink.address().port());
    let set = [
        "preferences",
        "set",
        "sending.way=servers",
        "server1.host=127.0.0.1",
        &port,
        "server1.encryption=none",
        "server1.allow_non_secure=true",
        "server1.send_password_unencrypted=true",
        "sending.ehlo_name=books.library.example",
        "sites=[{code=\"MAIN\",name=\"Main Library\",email=\"desk@library.example\"}]",
    ];
    for words in
        [&set[..], &["applications", "add", "cron"], &["webhooks", "add", "cron", "https://x.invalid/"]]
    {
        let said = place.run(words).await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let said = password(&place, &["--login", "l"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    place
}

async fn sink() -> Sink {
    let login = Some(("l".to_owned(), "open sesame".to_owned()));
    Sink::start(Settings { login, ..Settings::default() }).await.unwrap()
}

async fn sends(place: &Place) -> bool {
    place.run(&["preferences", "test", "--to", "ann@example.org"]).await.code == Some(0)
}

#[tokio::test]
async fn a_key_is_changed_while_the_service_runs() {
    let sink = sink().await;
    let empty = Place::new("practice", None);
    assert_eq!(empty.run(&["keys", "rotate"]).await.code, Some(64), "there is none yet");
    let place = with_secrets(&sink).await;
    let file = place.data().join("secret.key");
    let service = place.serve().await;
    let before = fs::read_to_string(&file).unwrap();
    let said = place.run(&["keys", "rotate", "--json"]).await;
    assert_eq!((said.code, said.json()["rotated"]["resealed"].as_u64()), (Some(0), Some(2)), "{said:?}");
    let text = fs::read_to_string(&file).unwrap();
    assert_ne!(text, before);
    let shown = place.run(&["keys", "show"]).await;
    assert!(
        shown.out.contains(&file.display().to_string()) && shown.out.contains("Copy this somewhere safe"),
        "{shown:?}"
    );
    assert!(
        shown.out.contains("2 secrets are sealed") && !shown.out.contains("cannot be opened"),
        "{shown:?}"
    );
    assert!(!shown.out.contains(text.trim()));
    // What a change is undone to was sealed anew too; and the service has heard of the new key.
    for words in [&["preferences", "set", "server1.login=other"][..], &["preferences", "undo"]] {
        assert_eq!(place.run(words).await.code, Some(0));
    }
    assert_eq!(password(&place, &["--server", "1"]).await.code, Some(0));
    service.terminate();
    assert_eq!(service.code().await, Some(0));
    assert!(sends(&place).await && lost(&place).await.is_empty());
    for words in [["preferences", "undo"], ["preferences", "undo"]] {
        assert_eq!(place.run(&words).await.code, Some(0));
        assert!(sends(&place).await);
    }
}

/// So that it can be copied to a safe place with the rest; for its own user only, and once.
#[tokio::test]
async fn the_first_start_makes_the_key() {
    let place = Place::new("practice", None);
    let file = place.data().join("secret.key");
    let mut seen = Vec::new();
    for _ in 0..2 {
        let service = place.serve().await;
        seen.push((fs::read(&file).unwrap(), fs::metadata(&file).unwrap().permissions().mode() & 0o777));
        service.terminate();
        assert_eq!(service.code().await, Some(0));
    }
    assert_eq!((&seen[0], seen[0].1), (&seen[1], 0o600));
}

/// With the key file gone, and with another in its place: the service starts, says what must be entered again, and hears when it was.
#[tokio::test]
async fn a_lost_key_is_told_and_all_else_goes_on() {
    for is_gone in [true, false] {
        let sink = sink().await;
        let place = with_secrets(&sink).await;
        let file = place.data().join("secret.key");
        let (before, other) = (fs::read(&file).unwrap(), format!("{}=\n", "A".repeat(43)));
        if is_gone {
            fs::remove_file(&file).unwrap();
        } else {
            fs::write(&file, other).unwrap();
        }
        let service = place.serve().await;
        until_lost(&place, &["server1.password", "webhook 1"]).await;
        let status = place.run(&["queue", "status"]).await;
        for said in ["the password for Server 1", "cron for https://x.invalid/ (number 1)"] {
            assert!(status.out.contains(said), "{status:?}");
        }
        let shown = place.run(&["keys", "show"]).await;
        assert!(shown.out.contains("bookpost webhooks remove 1"), "{shown:?}");
        assert_eq!(
            place.run(&["preferences", "set", "library=Riverside"]).await.code,
            Some(0),
            "all else goes on"
        );
        assert!(!sends(&place).await);
        assert_eq!(password(&place, &[]).await.code, Some(0));
        until_lost(&place, &["webhook 1"]).await;
        assert!(sends(&place).await);
        assert_eq!(place.run(&["webhooks", "remove", "1"]).await.code, Some(0));
        until_lost(&place, &[]).await;
        service.terminate();
        assert_eq!(service.code().await, Some(0));
        assert_ne!(fs::read(&file).unwrap(), before);
    }
}

/// The right key is put back instead: nothing need be entered.
#[tokio::test]
async fn a_key_that_is_put_back_opens_everything() {
    let sink = sink().await;
    let place = with_secrets(&sink).await;
    let (file, kept) = (place.data().join("secret.key"), place.path("kept"));
    fs::rename(&file, &kept).unwrap();
    let service = place.serve().await;
    until_lost(&place, &["server1.password", "webhook 1"]).await;
    service.terminate();
    assert_eq!(service.code().await, Some(0));
    fs::rename(&kept, &file).unwrap();
    let _service = place.serve().await;
    until_lost(&place, &[]).await;
    assert!(sends(&place).await);
}

//! People, with a service and without.

use serde_json::Value;

use crate::{bench::Place, promised::Port};

fn text(json: &Value, pointer: &str) -> String {
    json.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
}

#[tokio::test]
async fn people_are_kept_with_a_service_and_without() {
    let place = Place::new("practice", None);
    for running in [false, true] {
        let service = if running { Some(place.serve().await) } else { None };
        let email = if running { "bob@library.example" } else { "ann@library.example" };
        let json = async |words: &[&str]| {
            let said = place.run(&[words, &["--json"]].concat()).await;
            assert_eq!(said.code, Some(0), "{said:?}");
            said.json()
        };
        let added = json(&["people", "add", email, "--name", "X", "--role", "manager"]).await;
        let code = text(&added, "/link/link");
        assert!(code.starts_with("/invitation?code="), "nobody listens for pages: {code}");
        let changed = json(&["people", "change", email, "--role", "viewer"]).await;
        assert_eq!(text(&changed, "/person/role"), "viewer");
        assert_eq!(changed.pointer("/person/language"), Some(&Value::Null));
        let spanish = json(&["people", "change", email, "--language", "es"]).await;
        assert_eq!(text(&spanish, "/person/language"), "es");
        let none = place.run(&["people", "change", email, "--language", "tlh"]).await;
        assert_eq!(none.code, Some(64), "{none:?}");
        let disabled = json(&["people", "disable", email]).await;
        assert!(disabled.pointer("/person/disabled_at").unwrap().is_string());
        json(&["people", "enable", email]).await;
        assert_eq!(json(&["people", "sessions", email]).await["sessions"]["sessions"], Value::Array(vec![]));
        let log = json(&["log", "--about", email]).await;
        let deeds: Vec<_> = log["log"].as_array().unwrap().iter().map(|line| text(line, "/what")).collect();
        let expected = [
            "person_enabled",
            "person_disabled",
            "person_changed",
            "person_changed",
            "invitation_made",
            "person_added",
        ];
        assert_eq!(deeds, expected);
        let code = code.split_once('=').unwrap().1;
        let all = json(&["people", "list"]).await;
        assert!(!all.to_string().contains(code) && !log.to_string().contains(code));
        drop(service);
    }
    let all = place.run(&["people", "list", "--json"]).await.json();
    assert_eq!(all["people"].as_array().unwrap().len(), 2);
    let said = place.run(&["people", "change", "ann@library.example"]).await;
    assert_eq!(said.code, Some(64), "nothing is named: {said:?}");
}

/// One line, once for each start, with the address that is listened at.
#[tokio::test]
async fn the_log_of_a_start_says_how_to_set_up() {
    let (place, port) = (Place::new("practice", None), Port::new());
    let listened = format!("\"{}\"", port.address());
    place.change("\"off\"", &listened);
    let mut codes = Vec::new();
    for _ in 0..2 {
        let log = place.serve().await.log().await;
        let before = format!("http://{}/set-up?code=", port.address());
        let lines: Vec<_> = log.lines().filter(|line| line.contains(&before)).collect();
        assert_eq!(lines.len(), 1, "{log}");
        codes.push(lines[0].split_once(&before).unwrap().1.to_owned());
    }
    assert!(codes[0].len() >= 43 && codes[0] != codes[1], "{codes:?}");
    let changes = place.run(&["log"]).await.out;
    let made = |line: &&str| line.contains("Bookpost itself") && line.contains("made a link for setting up");
    assert_eq!(changes.lines().filter(made).count(), 2, "{changes}");
    place.change(&listened, "\"off\"");
    let log = place.serve().await.log().await;
    assert!(!log.contains("set-up"), "nobody listens: {log}");
}

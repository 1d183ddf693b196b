//! Applications and their keys, with a service and without.

use serde_json::Value;

use crate::bench::Place;

fn keys(shown: &Value) -> Vec<(String, bool)> {
    let keys = shown.pointer("/application/keys").and_then(Value::as_array).unwrap();
    keys.iter().map(|key| (text(key, "/id"), key.pointer("/revoked_at").unwrap().is_null())).collect()
}

fn text(json: &Value, pointer: &str) -> String {
    json.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
}

#[tokio::test]
async fn applications_are_kept_with_a_service_and_without() {
    let place = Place::new("practice", None);
    for running in [false, true] {
        let service = if running { Some(place.serve().await) } else { None };
        let name = if running { "cron" } else { "Textbook Tracker" };
        let json = async |words: &[&str]| {
            let words: Vec<_> = ["applications"].iter().chain(words).chain(&["--json"]).copied().collect();
            let said = place.run(&words).await;
            assert_eq!(said.code, Some(0), "{said:?}");
            said.json()
        };
        json(&["add", name, "--recipients", "3"]).await;
        let (first, second) = (json(&["key", "add", name]).await, json(&["key", "add", name]).await);
        let id = |key: &Value| text(key, "/new_key/id");
        assert_ne!(id(&first), id(&second));
        json(&["key", "revoke", name, &id(&first)]).await;
        let shown = json(&["show", name]).await;
        let mut found = keys(&shown);
        found.sort();
        let mut expected = vec![(id(&first), false), (id(&second), true)];
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!(shown["application"]["settings"]["recipients"], 3);
        let secret = text(&second, "/new_key/password");
        assert!(!shown.to_string().contains(&secret) && !shown.to_string().contains("hash"), "{shown}");
        assert_eq!(place.run(&["applications", "add", name]).await.code, Some(64));
        drop(service);
    }
    let all = place.run(&["applications", "list", "--json"]).await.json();
    assert_eq!(all["applications"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_answer_begins_with_what_was_done() {
    let place = Place::new("practice", None);
    for (words, begins) in [
        (&["add", "cron"][..], "cron was added."),
        (&["change", "cron", "--recipients", "3"], "cron was changed"),
        (&["disable", "cron"], "cron is disabled"),
        (&["enable", "cron"], "cron is enabled"),
    ] {
        let said = place.run(&[&["applications"], words].concat()).await;
        assert!(said.out.starts_with(begins), "{said:?}");
    }
    let key = place.run(&["applications", "key", "add", "cron", "--json"]).await.json();
    let said = place.run(&["applications", "key", "revoke", "cron", &text(&key, "/new_key/id")]).await;
    assert!(said.out.starts_with("The key ") && said.out.contains("is revoked"), "{said:?}");
}

#[tokio::test]
async fn a_new_key_is_in_plain_words_and_nowhere_else() {
    let place = Place::new("practice", None);
    place.run(&["applications", "add", "cron"]).await;
    let said = place.run(&["applications", "key", "add", "cron"]).await;
    assert!(said.out.contains("shown only now"), "{said:?}");
    let key = said.out.split_whitespace().find(|word| word.starts_with("bp_")).unwrap();
    let secret = key.rsplit('_').next().unwrap();
    for file in std::fs::read_dir(place.data()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{path:?}");
        }
    }
}

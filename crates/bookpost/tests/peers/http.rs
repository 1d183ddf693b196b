//! The HTTP API and its own document, held against each other by schemathesis: whatever it makes up by the document, no answer is our
//! fault, and none is one that the document does not know.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use bookpost::{
    app::{App, Start},
    config::{Source, Surroundings},
    identity::Key,
    web,
};
use rand::rngs::StdRng;
use store::{ApplicationSettings, PersonSettings, Role};
use tokio::process::Command;

use crate::bench::{Bench, Folder, Security};

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method";

#[tokio::test]
async fn the_document_says_what_is_answered() {
    let folder = Folder::new();
    // Nobody answers there: what is accepted waits.
    let bench = Bench::start(&folder, folder.server("127.0.0.1:1".parse().unwrap(), Security::Plain)).await;
    let app = Arc::new(bench.app);
    let settings = ApplicationSettings {
        from: vec!["@library.example".parse().unwrap()],
        ..ApplicationSettings::default()
    };
    app.store
        .add_application("Library".parse().unwrap(), settings, store::Actor::CommandLine, app.clock.now())
        .await
        .unwrap();
    let key = Key::draw(&mut rand::make_rng::<StdRng>());
    app.store.add_key("Library", key.stored(), store::Actor::CommandLine, app.clock.now()).await.unwrap();
    app.applications.refresh(&app.store).await.unwrap();
    let listener = web::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let document = format!("http://{}/api/openapi.json", listener.local_addr().unwrap());
    tokio::spawn(web::serve(listener, app.sources(), std::future::pending()));
    // There is such a message, as long as no call cancels it.
    std::fs::write(folder.path().join("schemathesis.toml"), "[parameters]\n\"path.id\" = \"1\"\n").unwrap();
    let body = r#"{"from": "desk@library.example", "to": ["p@example.org"], "subject": "x", "text": "x", "send_at": "LATER"}"#;
    let later = app.clock.now().saturating_add(Duration::from_hours(1)).unwrap().to_string();
    let sent = reqwest::Client::new()
        .post(document.replace("openapi.json", "v1/messages"))
        .bearer_auth(&*key.whole())
        .header("content-type", "application/json")
        .body(body.replace("LATER", &later));
    let answer = sent.send().await.unwrap().text().await.unwrap();
    assert!(answer.starts_with("{\"id\":\"1\","), "{answer}");
    // The others need a key of a person's own.
    let told = schemathesis(folder.path(), &document, &key, &["--exclude-path-regex", ADMIN]).await;
    assert!(told.contains("10 selected / 49 total"), "{told}");
    app.stop().await.unwrap();
}

/// The owner of the key is an administrator of whom no call can make another thing, and what asks the name servers is left out.
#[tokio::test]
async fn the_document_says_what_administrators_are_answered() {
    let folder = Folder::new();
    let text = format!("data_dir = \"{}\"\n", folder.path().join("queue").display());
    let around = Surroundings::given([], Some("books.library.example"));
    let source = Source::given(&text, None, &around);
    let config = source.check(&BTreeMap::new()).unwrap().config;
    let app = App::start(config, Start { source: Some(source), ..Start::of_this_machine().unwrap() }).await;
    let app = Arc::new(app.unwrap());
    let settings = PersonSettings {
        email: "owner@library.example".parse().unwrap(),
        name: "Owner".parse().unwrap(),
        role: Role::Administrator,
        sites: BTreeSet::new(),
        language: None,
    };
    let (cli, key) = (store::Actor::CommandLine, Key::draw(&mut rand::make_rng::<StdRng>()));
    let owner = app.store.add_person(settings, cli.clone(), app.clock.now()).await.unwrap();
    app.store.add_person_key(owner.id, key.stored(), cli, app.clock.now()).await.unwrap();
    let listener = web::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let document = format!("http://{}/api/openapi.json", listener.local_addr().unwrap());
    tokio::spawn(web::serve(listener, app.sources(), std::future::pending()));
    let parameters = "[parameters]\n\"path.email\" = \"nobody@library.example\"\n";
    std::fs::write(folder.path().join("schemathesis.toml"), parameters).unwrap();
    let these = ["--include-path-regex", ADMIN, "--exclude-operation-id", "suggest_servers"];
    let told = schemathesis(folder.path(), &document, &key, &these).await;
    assert!(told.contains("38 selected / 49 total"), "{told}");
    app.stop().await.unwrap();
}

const ADMIN: &str = "^/api/v1/admin/";

/// All that it says, once it has found nothing.
async fn schemathesis(folder: &Path, document: &str, key: &Key, these: &[&str]) -> String {
    let run = Command::new("schemathesis")
        .args(["run", document, "--checks", CHECKS, "--max-examples", "15", "--seed", "1"])
        .args(["--phases", "examples,coverage,fuzzing", "--no-color", "--generation-database", "none"])
        .args(["--header", &format!("Authorization: Bearer {}", &*key.whole())])
        .args(these)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("schemathesis is installed by tests/peers/install");
    let told = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(run.status.success(), "{told}\n{}", String::from_utf8_lossy(&run.stderr));
    told
}

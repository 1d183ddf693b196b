//! The HTTP API and its own document, held against each other by schemathesis: whatever it makes up by the document, no answer is our
//! fault, and none is one that the document does not know.

use std::{process::Stdio, sync::Arc, time::Duration};

use bookpost::{identity::Key, web};
use rand::rngs::StdRng;
use store::ApplicationSettings;
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
    let run = Command::new("schemathesis")
        .args(["run", &document, "--checks", CHECKS, "--max-examples", "15", "--seed", "1"])
        // Those need a key of a person's own.
        .args(["--exclude-path-regex", "^/api/v1/admin/"])
        .args(["--phases", "examples,coverage,fuzzing", "--no-color", "--generation-database", "none"])
        .args(["--header", &format!("Authorization: Bearer {}", &*key.whole())])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .await
        .expect("schemathesis is installed by tests/peers/install");
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{told}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(told.contains("10 selected / 34 total"), "{told}");
    app.stop().await.unwrap();
}

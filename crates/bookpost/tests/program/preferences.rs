//! Preferences by command, with a service and without one.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Stdio};

use serde_json::{Value, json};
use testkit::sink::Sink;

use crate::bench::{Place, Said, bookpost};

/// Nothing is set but what the computer is.
fn unset() -> Place {
    let place = Place::new("none", None);
    let text = format!("data_dir = \"{}\"\nlisten = \"off\"\n", place.data().display());
    fs::write(place.path("config"), text).unwrap();
    place
}

async fn set(place: &Place, values: &[&str]) -> Said {
    place.run(&[&["preferences", "set"], values].concat()).await
}

async fn password(place: &Place, words: &[&str], password: &str) -> Said {
    given(place, &[&["preferences", "password"], words].concat(), password).await
}

async fn given(place: &Place, words: &[&str], input: &str) -> Said {
    let mut command = bookpost(&place.path(""));
    command.arg("--config").arg(place.path("config")).args(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Said::given(command, input).await
}

/// The value of a preference and where it is set.
async fn shown(place: &Place, name: &str) -> (Value, Value) {
    let said = place.run(&["preferences", "show", "--json"]).await;
    let all = said.json().pointer("/preferences/preferences").unwrap().clone();
    let one =
        all.as_array().unwrap().iter().find(|one| one.get("name") == Some(&json!(name))).unwrap().clone();
    let part = |of: &str| one.get(of).cloned().unwrap();
    (part("value"), part("origin"))
}

#[tokio::test]
async fn a_library_is_set_up_by_commands_while_the_service_runs() {
    let (place, sink) = (unset(), Sink::start(testkit::sink::Settings::default()).await.unwrap());
    let service = place.serve().await;
    let port = format!("server1.port={}", sink.address().port());
    let server = ["sending.way=servers", "server1.host=127.0.0.1", &port, "server1.encryption=none"];
    let refused = set(&place, &server).await;
    assert_eq!((refused.code, shown(&place, "server1.host").await.0), (Some(65), Value::Null));
    assert!(
        refused.err.contains("nothing was changed") && refused.err.contains("allow_non_secure"),
        "{refused:?}"
    );
    let more = [
        "server1.allow_non_secure=true",
        "sending.ehlo_name=books.library.example",
        "library=Riverside",
        "sites=[{code=\"MAIN\",name=\"Main Library\",email=\"desk@library.example\"}]",
        "notices.default_site=MAIN",
    ];
    let done = set(&place, &[&server[..], &more].concat()).await;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.out.contains("This holds from now on"), "{done:?}");
    assert_eq!(shown(&place, "server1.host").await, (json!("127.0.0.1"), json!("preferences")));
    let sent = place.run(&["preferences", "test", "--to", "ann@example.org"]).await;
    assert_eq!((sent.code, sink.count()), (Some(0), 1), "{sent:?}");
    let undone = place.run(&["preferences", "undo"]).await;
    let usual = (json!("none"), json!("usual"));
    assert_eq!((undone.code, shown(&place, "sending.way").await), (Some(0), usual), "{undone:?}");
    service.kill().await;
    let redone = place.run(&["preferences", "undo"]).await;
    assert_eq!(
        (redone.code, shown(&place, "sending.way").await.0),
        (Some(0), json!("servers")),
        "{redone:?}"
    );
    let history = place.run(&["preferences", "history"]).await;
    assert_eq!(history.out.matches(", command line:").count(), 3, "{history:?}");
}

/// What a provider knows Bookpost by needs no file, and its secret stands on no command line and in no answer.
#[tokio::test]
async fn a_client_secret_is_set_without_being_seen() {
    let place = unset();
    let refused = set(&place, &["google.client_secret=GOCSPX-open-sesame"]).await;
    assert_eq!(refused.code, Some(64));
    assert!(refused.err.contains("preferences client google"), "{refused:?}");
    let client = ["preferences", "client", "google"];
    let alone = given(&place, &client, "GOCSPX-open-sesame\n").await;
    assert_eq!(alone.code, Some(65), "{alone:?}");
    let done = given(&place, &[&client[..], &["--id", "1234.apps"]].concat(), "GOCSPX-open-sesame\n").await;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(shown(&place, "google.client_secret").await, (json!("(set)"), json!("preferences")));
    assert_eq!(shown(&place, "google.client_id").await.0, json!("1234.apps"));
    let by = given(&place, &[&client[..], &["--send-by", "api"]].concat(), "GOCSPX-open-sesame\n").await;
    assert_eq!(by.code, Some(0), "{by:?}");
    assert_eq!(shown(&place, "google.send_by").await.0, json!("api"));
    assert_eq!(set(&place, &["google.send_by=pigeon"]).await.code, Some(65));
    let whom =
        given(&place, &[&client[..], &["--audience", "testing"]].concat(), "GOCSPX-open-sesame\n").await;
    assert_eq!(whom.code, Some(0), "{whom:?}");
    assert_eq!(shown(&place, "google.audience").await.0, json!("testing"));
    assert_eq!(set(&place, &["google.audience=everybody"]).await.code, Some(65));
    let microsoft = ["preferences", "client", "microsoft", "--id", "1", "--audience", "testing"];
    assert_eq!(given(&place, &microsoft, "GOCSPX-open-sesame\n").await.code, Some(64));
    let chosen = set(&place, &["sending.way=google", "sending.ehlo_name=books.library.example"]).await;
    assert_eq!(chosen.code, Some(0), "{chosen:?}");
    let gone = place
        .run(&["preferences", "unset", "google.client_id", "google.client_secret", "google.audience"])
        .await;
    assert_eq!(gone.code, Some(65), "mail leaves by it: {gone:?}");
    let mut told = refused.err + &alone.err + &done.out + &done.err + &gone.err;
    for words in
        [&["preferences", "history", "--json"][..], &["preferences", "show", "--json"], &["log", "--json"]]
    {
        told.push_str(&place.run(words).await.out);
    }
    assert!(!told.contains("open-sesame") && !told.contains("sealed"), "{told}");
}

/// A password is sealed, and nobody is shown it.
#[tokio::test]
async fn a_password_is_set_without_being_seen() {
    let place = unset();
    set(&place, &["server1.host=smtp.example", "sending.ehlo_name=books.library.example"]).await;
    let refused = set(&place, &["server1.password=open sesame"]).await;
    assert_eq!(refused.code, Some(64));
    assert!(refused.err.contains("preferences password --server 1"), "{refused:?}");
    let done = password(&place, &["--login", "library"], "open sesame\n").await;
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(shown(&place, "server1.password").await, (json!("(set)"), json!("preferences")));
    let elsewhere = set(&place, &["server1.host=evil.example"]).await;
    assert_eq!(elsewhere.code, Some(65), "{elsewhere:?}");
    assert!(elsewhere.err.contains("preferences password --server 1 NAME=VALUE"), "{elsewhere:?}");
    let together = password(&place, &["server1.host=new.example"], "open sesame\n").await;
    assert_eq!((together.code, shown(&place, "server1.host").await.0), (Some(0), json!("new.example")));
    let mut told = done.out + &done.err;
    for words in [
        &["preferences", "history"][..],
        &["preferences", "history", "--json"],
        &["preferences", "show", "--json"],
    ] {
        told.push_str(&place.run(words).await.out);
    }
    assert!(!told.contains("open sesame") && !told.contains("sealed"), "{told}");
    for file in
        fs::read_dir(place.data()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
    {
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(11).any(|window| window == b"open sesame"), "{}", file.display());
    }
    let empty = password(&place, &[], "\n").await;
    assert_eq!(empty.code, Some(64), "{empty:?}");
}

fn with_login() -> testkit::sink::Settings {
    let login = ("l".to_owned(), "open sesame".to_owned());
    testkit::sink::Settings { login: Some(login), ..testkit::sink::Settings::default() }
}

/// What the file says is stronger, until it is imported and taken out there.
#[tokio::test]
async fn what_the_file_says_is_imported() {
    let sink = Sink::start(with_login()).await.unwrap();
    let place = Place::new("servers", Some(&sink));
    fs::write(place.path("password"), "open sesame\n").unwrap();
    fs::set_permissions(place.path("password"), fs::Permissions::from_mode(0o600)).unwrap();
    let login = format!(
        "login = \"l\"\npassword_file = {:?}\nsend_password_unencrypted = true\n",
        place.path("password").display().to_string()
    );
    place.change("[[sites]]\ncode = \"MAIN\"", &format!("{login}[[sites]]\ncode = \"MAIN\""));
    let refused = set(&place, &["server1.port=25"]).await;
    assert_eq!(refused.code, Some(64));
    assert!(refused.err.contains("config, line"), "{refused:?}");
    let imported = place.run(&["preferences", "import"]).await;
    assert_eq!(imported.code, Some(0), "{imported:?}");
    assert!(
        imported.out.contains("take them out there") && imported.out.contains("server1.port: "),
        "{imported:?}"
    );
    fs::write(place.path("config"), format!("data_dir = \"{}\"\nlisten = \"off\"\n", place.data().display()))
        .unwrap();
    assert_eq!(shown(&place, "server1.port").await, (json!(sink.address().port()), json!("preferences")));
    let sent = place.run(&["preferences", "test", "--to", "ann@example.org"]).await;
    assert_eq!((sent.code, sink.count()), (Some(0), 1), "{sent:?}");
    assert_eq!(shown(&place, "server1.password").await, (json!("(set)"), json!("preferences")));
    // What the file names is stronger again, and no mistake.
    let secret = format!("[server1]\npassword_file = {:?}\n", place.path("password").display().to_string());
    place.add(&secret);
    let (_, origin) = shown(&place, "server1.password").await;
    assert!(origin.to_string().contains("config, line"), "{origin}");
}

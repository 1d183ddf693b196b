//! "Who runs your library's email?": what is found out, taken over and saved.

use std::collections::BTreeMap;

use bookpost::config::Way;
use serde_json::json;

use crate::{
    bench::Bench,
    preferences::{fields, filled},
};

#[tokio::test]
async fn a_suggestion_stands_in_the_form_and_is_not_saved() {
    let bench = Bench::staffed(Way::None).await;
    let page = bench.get("administrator", "/preferences").await;
    let form = filled(&page, &[("use", "smtp-relay.gmail.com 587 starttls"), ("keep.texts_days", "9")]);
    let answer = bench.post("administrator", "/preferences/suggest", &form).await;
    let stands: BTreeMap<_, _> = fields(&answer.text).into_iter().collect();
    for (name, text) in [
        ("server1.host", "smtp-relay.gmail.com"),
        ("server1.port", "587"),
        ("server1.encryption", "starttls"),
        ("sending.way", "servers"),
        ("keep.texts_days", "9"),
    ] {
        assert_eq!(stands[name], text, "{name}");
    }
    assert!(answer.text.contains("Server 1 is filled in below, and is not saved yet."), "{}", answer.text);
    assert!(!bench.stored().await.contains_key("server1.host"));
    let wrong = bench.post("administrator", "/preferences/suggest", "version=1&library_email=desk").await;
    assert!(wrong.text.contains("library_email-problem\">This is not an email address."), "{}", wrong.text);
    bench.stop().await;
}

/// The first question is no other form: what is entered there is saved with all else, or it is said that it is not.
#[tokio::test]
async fn the_address_of_the_only_library_is_saved_with_the_rest() {
    let bench = Bench::staffed(Way::None).await;
    let only = json!([{ "code": "A", "name": "Harbour", "email": "desk@library.example" }]);
    bench.set(json!({ "sites": only })).await;
    let saved = bench.saved("administrator", &[("library_email", "new@library.example")]).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let email = |bench: &Bench| bench.app.settings.now().sites[0].email.as_ref().map(ToString::to_string);
    assert_eq!(email(&bench).as_deref(), Some("new@library.example"));
    let page = bench.get("administrator", "/preferences").await;
    assert!(page.text.contains("Once saved, it is what patrons of Harbour see"), "{}", page.text);
    let wrong = bench.saved("administrator", &[("library_email", "desk")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("library_email-problem\">This is not an email address."), "{}", wrong.text);

    let theirs = json!([
        { "code": "A", "name": "A", "email": "a@library.example" },
        { "code": "B", "name": "B", "email": "b@library.example" },
    ]);
    let stale = bench.get("administrator", "/preferences").await;
    bench.set(json!({ "sites": theirs })).await;
    let form = filled(&stale, &[("library_email", "mine@library.example")]);
    let told = bench.post("administrator", "/preferences", &form).await;
    assert_eq!(told.status, 409, "another was faster: {}", told.text);
    let several = bench.saved("administrator", &[("library_email", "mine@library.example")]).await;
    assert_eq!(several.status, 303, "{}", several.text);
    let told = bench.get("administrator", several.header("location")).await.text;
    assert!(told.contains("Nothing was changed. The email address at the top is only looked up"), "{told}");
    assert_eq!(email(&bench).as_deref(), Some("a@library.example"), "nobody knows whose it would be");
    let page = bench.get("administrator", "/preferences").await;
    assert!(page.text.contains("The addresses of your libraries are changed at Libraries."), "{}", page.text);
    bench.stop().await;
}

/// Whoever enters a password for a server of Google or Microsoft is asked before anything is saved; it works without JavaScript.
#[tokio::test]
async fn who_enters_a_password_for_gmail_is_asked_first() {
    let bench = Bench::staffed(Way::None).await;
    for (server, host, question, page_of, go_on) in [
        (
            "server1",
            "smtp.gmail.com",
            "Do you use Gmail for your SMTP?",
            "google",
            "Go on with an app password",
        ),
        (
            "server1",
            "smtp.office365.com",
            "Do you use Microsoft 365 for your SMTP?",
            "microsoft",
            "Go on with this password",
        ),
    ] {
        let entered = [
            (format!("{server}.host"), host),
            (format!("{server}.login"), "library@school.example"),
            (format!("{server}.password"), "s3cret words"),
        ];
        let entered: Vec<_> = entered.iter().map(|(name, text)| (&**name, *text)).collect();
        let asked = bench.saved("administrator", &entered).await;
        assert_eq!(asked.status, 422, "{host}");
        for said in [
            question,
            go_on,
            &format!("href=\"/preferences/sign-in/{page_of}\""),
            "name=\"password_is_meant\"",
        ] {
            assert!(asked.text.contains(said), "{said}: {}", asked.text);
        }
        assert!(!asked.text.contains("s3cret words"), "{}", asked.text);
        assert!(!bench.stored().await.contains_key("server1.password"), "{host}");
    }
    // The relay knows this computer, and a library's own server is nobody's else.
    for host in ["smtp-relay.gmail.com", "smtp.library.example"] {
        let entered =
            [("server1.host", host), ("server1.login", "l"), ("server1.password", "p"), ("anyway", "yes")];
        assert_eq!(bench.saved("administrator", &entered).await.status, 303, "{host}");
    }
    let entered = [
        ("server1.host", "smtp.gmail.com"),
        ("server1.login", "library@school.example"),
        ("server1.password", "s3cret words"),
    ];
    let asked = bench.saved("administrator", &entered).await;
    assert!(asked.text.contains("Do you use Gmail"), "{}", asked.text);
    let form = filled(&asked, &[("password_is_meant", "yes"), ("anyway", "yes")]);
    let saved = bench.post("administrator", "/preferences", &form).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    assert!(bench.stored().await.contains_key("server1.password"), "as it was typed");
    bench.stop().await;
}

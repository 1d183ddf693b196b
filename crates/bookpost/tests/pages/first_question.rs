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
    assert!(page.text.contains("Saved, it is what patrons of Harbour see"), "{}", page.text);
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

//! The log of what people changed.

use store::{Actor, Deed, NewAudit};

use crate::bench::{Bench, PASSWORD, servers};

#[tokio::test]
async fn the_log_is_read_in_pages_and_by_who_and_what() {
    let bench = Bench::staffed(servers()).await;
    for at in 0..60 {
        let line = NewAudit {
            who: Actor::CommandLine,
            what: Deed::PreferenceChanged,
            about: format!("later{at}.host"),
            old: None,
            new: Some("smtp.library.example".to_owned()),
        };
        bench.app.store.note_audit(line, bench.now()).await.unwrap();
    }
    bench.post("administrator", "/sending", "what=pause").await;
    let lines = |page: &str| page.matches("<li>\n<time").count();
    let first = bench.get("administrator", "/preferences/log").await.text;
    assert_eq!(lines(&first), 50, "{first}");
    let at = |what: &str| first.find(what).unwrap();
    assert!(
        at("paused all sending</span></p>") < at("later59.host") && at("later59.host") < at("later58.host")
    );
    let (_, older) = first.split_once("href=\"/preferences/log?after=").unwrap();
    let older = format!("/preferences/log?after={}", older.split('"').next().unwrap());
    let second = bench.get("administrator", &older).await.text;
    assert!(second.contains("later5.host") && !second.contains("later59.host"), "{second}");
    assert!(second.contains("href=\"/preferences/log\">Newest</a>"), "{second}");
    for (query, expected) in
        [("who=1", 2), ("what=sending_paused", 1), ("who=1&what=preference_changed", 0), ("who=2", 1)]
    {
        let page = bench.get("administrator", &format!("/preferences/log?{query}")).await.text;
        assert_eq!(lines(&page), expected, "{query}: {page}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn no_secret_stands_in_it() {
    let bench = Bench::staffed(servers()).await;
    let present = PASSWORD.replace(' ', "+").replace('ö', "%C3%B6");
    bench
        .post("administrator", "/account/password", &format!("present={present}&new=nine+lives+of+a+cat"))
        .await;
    let shown = bench.post("administrator", "/preferences/people/2/act", "do=reset").await.text;
    let (_, code) = shown.split_once("/reset?code=").unwrap();
    let code = code.split('<').next().unwrap();
    let page = bench.get("administrator", "/preferences/log").await.text;
    assert!(page.contains("made a link for a new password") && page.contains("chose a password"), "{page}");
    for secret in [PASSWORD, "nine lives of a cat", code] {
        assert!(!page.contains(secret), "{secret}");
    }
    bench.stop().await;
}

/// A setting as the page of preferences calls it, in the reader's language.
#[tokio::test]
async fn what_was_changed_is_told_as_the_pages_call_it() {
    let bench = Bench::staffed(servers()).await;
    for (what, about, old, new) in [
        (Deed::PreferenceChanged, "server2.send_password_unencrypted", None, Some("true")),
        (Deed::PreferenceChanged, "library", None, Some("Riverside")),
        (
            Deed::PreferenceChanged,
            "sites",
            Some(r#"[{"code":"N","name":"North","email":"n@library.example"}]"#),
            Some(r#"[{"code":"N","name":"North","email":"n@town.example"}]"#),
        ),
        (Deed::ProgramAdded, "Tracker", None, Some("per_minute: 60")),
    ] {
        let (old, new) = (old.map(ToOwned::to_owned), new.map(ToOwned::to_owned));
        let line = NewAudit { who: Actor::CommandLine, what, about: about.to_owned(), old, new };
        bench.app.store.note_audit(line, bench.now()).await.unwrap();
    }
    let english = bench.get("administrator", "/preferences/log").await.text;
    for said in [
        "<dt>Server 2, Send the password without encryption</dt>",
        "<dt>Name of the library</dt><dd><del>(empty)</del>",
        "<dt>North, What patrons see as the sender</dt><dd><del>n@library.example</del>",
        "added a program</span> <span class=\"about\">Tracker</span>",
        "<dt>Messages a minute at most</dt>",
    ] {
        assert!(english.contains(said), "{said}: {english}");
    }
    bench.post("administrator", "/account", "name=Ann&speaks=es").await;
    let spanish = bench.get("administrator", "/preferences/log").await.text;
    for said in ["Servidor 2, Enviar la contraseña sin cifrar", "Nombre de la biblioteca", "(vacío)"] {
        assert!(spanish.contains(said), "{said}: {spanish}");
    }
    for page in [english, spanish] {
        for code in ["send_password_unencrypted", "{&#34;code", "per_minute: 60"] {
            assert!(!page.contains(code), "{code}: {page}");
        }
    }
    bench.stop().await;
}

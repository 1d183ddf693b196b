//! What a person has to enter again where the key that seals passwords is gone.

use mail::Reason;
use store::{Actor, AlarmKind, ApplicationSettings, Cause, NewWebhook};

use crate::bench::{Bench, servers};

#[tokio::test]
async fn today_says_which_passwords_must_be_entered_again() {
    let bench = Bench::staffed(servers()).await;
    let (store, now) = (&bench.app.store, bench.now());
    store
        .add_application("Library".parse().unwrap(), ApplicationSettings::default(), Actor::CommandLine, now)
        .await
        .unwrap();
    let url = "https://hooks.example.org/of/a<b>?token=zq7zq7".to_owned();
    let webhook = NewWebhook { url, kinds: [].into(), secret: vec![1] };
    store.add_webhook("Library", webhook, now).await.unwrap();
    for subject in ["server1.password", "server2.password", "webhook 1", "webhook 7"] {
        store.raise(AlarmKind::SecretsLost, subject, "Noted.", now).await.unwrap();
    }
    for who in ["administrator", "viewer"] {
        let page = bench.get(who, "/").await;
        assert_eq!(page.status, 200);
        for said in [
            "password for your mail server (Server 1) must be entered again",
            "password for your backup mail server (Server 2) must be entered again",
            "Library cannot be told what becomes of its mail at hooks.example.org:",
            "A password cannot be read any more",
        ] {
            assert!(page.text.contains(said), "{who}: {said}");
        }
        assert!(!page.text.contains("zq7zq7") && !page.text.contains("a<b>"), "{who}");
    }
}

/// That nobody can sign in without the key is neither the password's fault nor the server's.
#[tokio::test]
async fn what_follows_from_the_missing_key_is_not_told_as_a_wrong_password() {
    let bench = Bench::staffed(servers()).await;
    let (store, now) = (&bench.app.store, bench.now());
    store.raise(AlarmKind::SecretsLost, "server1.password", "Noted.", now).await.unwrap();
    store.raise(AlarmKind::SignIn, "server1", Cause::new(Reason::PasswordLost, "Noted."), now).await.unwrap();
    let page = bench.get("administrator", "/").await.text;
    assert!(page.contains("the passwords cannot be opened, as their key is missing"), "{page}");
    assert!(page.contains("password for your mail server (Server 1) must be entered again"), "{page}");
    assert!(!page.contains("does not accept our password") && !page.contains("#server1"), "{page}");
}

//! Secrets, wherever they stand.

use std::collections::{BTreeMap, BTreeSet};

use store::{
    Actor, ApplicationSettings, GivenTokens, NewMailAccount, NewWebhook, SealedKind, SealedSecret, Store,
};

use crate::fresh::{Fresh, sound};

/// Two web addresses, and a password that was set and changed.
async fn with_secrets(fresh: &Fresh) -> Store {
    let store = fresh.open().await;
    let library = "Library".parse().unwrap();
    store
        .add_application(library, ApplicationSettings::default(), Actor::CommandLine, fresh.now())
        .await
        .unwrap();
    for (url, secret) in [("https://a.example/", b"a"), ("https://b.example/", b"b")] {
        let webhook = NewWebhook { url: url.to_owned(), kinds: BTreeSet::new(), secret: secret.to_vec() };
        store.add_webhook("Library", webhook, fresh.now()).await.unwrap();
    }
    for (version, sealed) in [(0, r#"{"sealed":"one"}"#), (1, r#"{"sealed":"two"}"#)] {
        let password = ("server1.password".to_owned(), Some(sealed.to_owned()));
        let host = ("server1.host".to_owned(), Some(format!("\"h{version}.example\"")));
        let values = BTreeMap::from([password, host]);
        store.change_preferences(version, values, Actor::CommandLine, fresh.now()).await.unwrap();
    }
    let given = GivenTokens { tokens: b"t".to_vec(), usable_until: fresh.now(), refresh_at: fresh.now() };
    let [provider, account, scopes] = ["google", "library@a.example", "mail"].map(str::to_owned);
    let new = NewMailAccount { provider, account, scopes, given };
    store.connect_mail_account(new, Actor::CommandLine, fresh.now()).await.unwrap();
    store
}

async fn sealed(store: &Store) -> Vec<(SealedKind, i64, String)> {
    let all = store.sealed().await.unwrap().into_iter();
    all.map(|one| (one.kind, one.id, String::from_utf8(one.sealed).unwrap())).collect()
}

fn each(texts: [&str; 7]) -> Vec<(SealedKind, i64, String)> {
    use SealedKind::{FormerPreference as Former, MailAccount, Preference, Webhook};
    let former = [(Former, 1), (Former, 2), (Former, 2)];
    let kinds =
        [(Webhook, 1), (Webhook, 2), (Preference, 0)].into_iter().chain(former).chain([(MailAccount, 0)]);
    kinds.zip(texts).map(|((kind, id), text)| (kind, id, text.to_owned())).collect()
}

pub(crate) async fn what_is_sealed_is_sealed_anew_together(fresh: &Fresh) {
    let store = with_secrets(fresh).await;
    let before = each(["a", "b", "two", "one", "one", "two", "t"]);
    assert_eq!(sealed(&store).await, before);
    let first = store.sealed().await.unwrap().remove(0);
    assert_eq!((&*first.about, first.application.as_deref()), ("https://a.example/", Some("Library")));
    assert_eq!(store.sealed().await.unwrap()[2].about, "server1.password");
    // One that breaks, the last of all, takes all others back.
    let mut left = before.len();
    let breaking = move |_: &SealedSecret| {
        left -= 1;
        assert!(left > 0, "it breaks");
        Some(b"x".to_vec())
    };
    store.reseal(breaking).await.unwrap_err();
    assert_eq!(sealed(&store).await, before);
    let anew =
        |secret: &SealedSecret| (secret.sealed != b"b").then(|| [&secret.sealed[..], b" anew"].concat());
    assert_eq!(store.reseal(anew).await.unwrap(), 6);
    let after = ["a anew", "b", "two anew", "one anew", "one anew", "two anew", "t anew"];
    assert_eq!(sealed(&store).await, each(after));
    // Undoing a change goes to what it was, under the new key.
    let last = store.preference_changes(1).await.unwrap().pop().unwrap();
    store.change_preferences(2, last.undone(), Actor::CommandLine, fresh.now()).await.unwrap();
    let values = store.preferences().await.unwrap().values;
    assert_eq!(values["server1.password"], r#"{"sealed":"one anew"}"#);
    assert_eq!(values["server1.host"], r#""h0.example""#);
    sound(&store).await;
}

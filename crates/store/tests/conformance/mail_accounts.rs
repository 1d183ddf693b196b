//! Accounts at mail providers.

use std::time::Duration;

use jiff::Timestamp;
use mail::Reason;
use store::{
    Actor, AuditFilter, Deed, FailedRefresh, GivenTokens, MailAccount, NewMailAccount, RefreshLease,
    Refreshing, Store,
};

use crate::fresh::{Fresh, minute, sound};

const ANNA: RefreshLease = RefreshLease(1);
const BEN: RefreshLease = RefreshLease(2);
const LASTS: Duration = Duration::from_mins(2);
const AWAY: (Reason, &str) = (Reason::SignInUnavailable, "503");
const OVER: (Reason, &str) = (Reason::SignedOut, "invalid_grant");

fn failure(at: Timestamp, (reason, said): (Reason, &str)) -> FailedRefresh {
    FailedRefresh { at, reason, said: said.to_owned() }
}

/// Usable until the tenth minute after `from`.
fn given(tokens: &str, from: i64) -> GivenTokens {
    let (usable_until, refresh_at) = (minute(from + 10), minute(from + 8));
    GivenTokens { tokens: tokens.as_bytes().to_vec(), usable_until, refresh_at }
}

fn account(name: &str, tokens: &str) -> NewMailAccount {
    NewMailAccount {
        provider: "google".to_owned(),
        account: format!("{name}@school.example"),
        scopes: "openid mail".to_owned(),
        given: given(tokens, 0),
    }
}

async fn connected(fresh: &Fresh) -> Store {
    let store = fresh.open().await;
    store.connect_mail_account(account("library", "one"), Actor::CommandLine, fresh.now()).await.unwrap();
    store
}

async fn now(store: &Store) -> MailAccount {
    store.mail_account("google").await.unwrap().unwrap()
}

async fn begin(store: &Store, who: RefreshLease, now: Timestamp) -> Refreshing {
    store.begin_refresh("google", who, LASTS, None, now).await.unwrap()
}

/// Somebody else asks, for so long at most.
fn is_others(fresh: &Fresh, refreshing: &Refreshing) -> bool {
    let now = fresh.now();
    matches!(refreshing, Refreshing::Others(until) if *until > now && *until <= now + LASTS)
}

pub(crate) async fn an_account_is_there_until_it_is_disconnected(fresh: &Fresh) {
    let store = fresh.open().await;
    assert_eq!(store.mail_account("google").await.unwrap(), None);
    let nothing = store.disconnect_mail_account("google", Actor::CommandLine, fresh.now()).await.unwrap();
    assert_eq!(nothing, None);
    let store = {
        store.close().await.unwrap();
        connected(fresh).await
    };
    let expected = MailAccount {
        provider: "google".to_owned(),
        account: "library@school.example".to_owned(),
        scopes: "openid mail".to_owned(),
        tokens: b"one".to_vec(),
        connected_by: Actor::CommandLine,
        connected_at: fresh.now(),
        usable_until: minute(10),
        refresh_at: minute(8),
        refreshed_at: None,
        failed: None,
        asked: None,
        signed_out_at: None,
    };
    assert!(store.mail_accounts().await.unwrap() == [expected]);
    assert_eq!(store.mail_account("microsoft").await.unwrap(), None);
    fresh.at(1);
    store.connect_mail_account(account("other", "two"), Actor::CommandLine, fresh.now()).await.unwrap();
    assert_eq!((now(&store).await.connected_at, now(&store).await.tokens), (minute(1), b"two".to_vec()));
    let last = store.disconnect_mail_account("google", Actor::CommandLine, fresh.now()).await.unwrap();
    assert_eq!(last.unwrap().account, "other@school.example");
    assert_eq!(store.mail_accounts().await.unwrap(), []);

    let log = store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let lines: Vec<_> = log.into_iter().map(|line| (line.what, line.about, line.old, line.new)).collect();
    let (library, other) =
        (|| Some("library@school.example".to_owned()), || Some("other@school.example".to_owned()));
    let google = || "google".to_owned();
    assert_eq!(
        lines,
        [
            (Deed::MailAccountDisconnected, google(), other(), None),
            (Deed::MailAccountConnected, google(), library(), other()),
            (Deed::MailAccountConnected, google(), None, library()),
        ]
    );
    sound(&store).await;
}

pub(crate) async fn one_at_a_time_asks_for_other_tokens(fresh: &Fresh) {
    let store = connected(fresh).await;
    assert_eq!(
        store.begin_refresh("microsoft", ANNA, LASTS, None, fresh.now()).await.unwrap(),
        Refreshing::Nobody
    );
    let Refreshing::Ours(ours) = begin(&store, ANNA, fresh.now()).await else { panic!("not Anna's") };
    assert_eq!(ours.tokens, b"one");
    assert!(is_others(fresh, &begin(&store, BEN, fresh.now()).await));
    // It goes on where it was: the lease is in the queue.
    store.close().await.unwrap();
    let store = fresh.open().await;
    fresh.at(1);
    assert!(is_others(fresh, &begin(&store, BEN, fresh.now()).await));
    assert!(store.end_refresh("google", ANNA, given("two", 1), fresh.now()).await.unwrap());
    let two = now(&store).await;
    assert_eq!((&*two.tokens, two.usable_until, two.refresh_at), (&b"two"[..], minute(11), minute(9)));
    assert_eq!(two.refreshed_at, Some(minute(1)));
    // It is free as soon as it is given back.
    let late = store.begin_refresh("google", BEN, LASTS, Some(b"one"), fresh.now()).await.unwrap();
    assert_eq!(late, Refreshing::Nobody, "other tokens are there by now");
    let ours = store.begin_refresh("google", BEN, LASTS, Some(b"two"), fresh.now()).await.unwrap();
    assert!(matches!(ours, Refreshing::Ours(_)));
    assert!(store.fail_refresh("google", BEN, AWAY, Some(minute(3)), fresh.now()).await.unwrap());
    let failed = now(&store).await;
    assert_eq!((failed.tokens, failed.refresh_at), (b"two".to_vec(), minute(3)), "as good as before");
    assert_eq!((failed.failed, failed.signed_out_at), (Some(failure(minute(1), AWAY)), None));
    // What was asked stays until there is another token: the answer may have been lost.
    assert!(!store.note_asked("google", BEN, b"late".to_vec()).await.unwrap());
    assert!(matches!(begin(&store, ANNA, fresh.now()).await, Refreshing::Ours(_)));
    assert!(store.note_asked("google", ANNA, b"asked".to_vec()).await.unwrap());
    assert!(store.fail_refresh("google", ANNA, AWAY, Some(minute(3)), fresh.now()).await.unwrap());
    let Refreshing::Ours(ours) = begin(&store, ANNA, fresh.now()).await else { panic!("not Anna's") };
    assert_eq!(ours.asked, Some(b"asked".to_vec()));
    assert!(store.end_refresh("google", ANNA, given("three", 1), fresh.now()).await.unwrap());
    assert_eq!((now(&store).await.failed, now(&store).await.asked), (None, None));

    store.spend_token("google", minute(7), fresh.now()).await.unwrap();
    assert_eq!(now(&store).await.usable_until, minute(11), "that was another one");
    store.spend_token("google", minute(11), fresh.now()).await.unwrap();
    assert_eq!(now(&store).await.usable_until, minute(1));
    sound(&store).await;
}

pub(crate) async fn who_comes_late_stores_nothing(fresh: &Fresh) {
    let store = connected(fresh).await;
    // Whoever has the clock that counts: it is over at once.
    store.begin_refresh("google", ANNA, Duration::ZERO, None, fresh.now()).await.unwrap();
    fresh.at(3);
    let Refreshing::Ours(_) = begin(&store, BEN, fresh.now()).await else { panic!("Anna's time is over") };
    assert!(!store.end_refresh("google", ANNA, given("late", 3), fresh.now()).await.unwrap());
    assert!(!store.fail_refresh("google", ANNA, AWAY, None, fresh.now()).await.unwrap());
    assert_eq!((now(&store).await.tokens, now(&store).await.failed), (b"one".to_vec(), None));
    // Somebody signs in meanwhile: what was asked for the account before is not theirs.
    store.connect_mail_account(account("other", "new"), Actor::CommandLine, fresh.now()).await.unwrap();
    assert!(!store.end_refresh("google", BEN, given("late", 3), fresh.now()).await.unwrap());
    assert_eq!(now(&store).await.tokens, b"new");
    sound(&store).await;
}

pub(crate) async fn what_is_signed_out_is_asked_for_no_more(fresh: &Fresh) {
    let store = connected(fresh).await;
    begin(&store, ANNA, fresh.now()).await;
    fresh.at(1);
    assert!(store.fail_refresh("google", ANNA, OVER, None, fresh.now()).await.unwrap());
    let out = now(&store).await;
    assert_eq!(out.signed_out_at, Some(minute(1)));
    assert_eq!(out.failed, Some(failure(minute(1), OVER)));
    assert_eq!(begin(&store, BEN, fresh.now()).await, Refreshing::Nobody);
    store.connect_mail_account(account("library", "again"), Actor::CommandLine, fresh.now()).await.unwrap();
    assert_eq!((now(&store).await.signed_out_at, now(&store).await.failed), (None, None));
    assert!(matches!(begin(&store, BEN, fresh.now()).await, Refreshing::Ours(_)));
    sound(&store).await;
}

//! Somebody signs in at a provider by a code that they type on another device (RFC 8628).

use std::time::Duration;

use bookpost::preferences::mail_accounts::{AccountError, Asked, Came, WithCode};
use mail::clock::Clock as _;
use serde_json::{Value, json};
use store::{Actor, PersonId};
use testkit::provider::Person;

use crate::{
    bench::SLEEPERS,
    mail_accounts::{GOOGLE, LIBRARY, ME, MINUTE, Place, place},
};

const SECOND: Duration = Duration::from_secs(1);

async fn begun(place: &Place) -> WithCode {
    place.bench.app.accounts.begin_with_code(GOOGLE, ME).await.unwrap()
}

/// Asks what has come of it: it waits for so long and no longer, and then asks the provider.
async fn asked_after(place: &Place, kept: &str, wait: Duration) -> Result<Asked, AccountError> {
    let (accounts, kept) = (place.bench.app.accounts.clone(), kept.to_owned());
    let asking = tokio::spawn(async move { accounts.ask_with_code(&kept, &ME).await });
    let clock = &place.bench.clock;
    clock.wait_for_sleepers(SLEEPERS + 1).await;
    clock.advance(wait.checked_sub(SECOND).unwrap());
    clock.wait_for_sleepers(SLEEPERS + 1).await;
    assert!(!asking.is_finished());
    clock.advance(SECOND);
    asking.await.unwrap()
}

async fn not_yet(place: &Place, kept: &str, wait: Duration) -> String {
    match asked_after(place, kept, wait).await.unwrap() {
        Asked::NotYet(kept) => kept,
        Asked::Came(came) => panic!("{came:?}"),
    }
}

#[tokio::test]
async fn whoever_types_the_code_elsewhere_is_connected() {
    let place = place(true).await;
    let WithCode { address, code, kept, until } = begun(&place).await;
    assert_eq!(address, format!("{}/typed", place.fake.issuer()));
    assert_eq!(until, place.bench.clock.now() + 10 * MINUTE);
    let kept = not_yet(&place, &kept, 5 * SECOND).await;
    assert!(place.fake.types(&code, &Person::new(LIBRARY)));
    let Asked::Came(came) = asked_after(&place, &kept, 5 * SECOND).await.unwrap() else { panic!("not yet") };
    assert_eq!(came, Came::Connected { provider: GOOGLE, account: LIBRARY.to_owned() });
    place.bench.accept_many(2).await;
    place.bench.pass(MINUTE).await;
    place.each_once(2);
}

/// As long as the provider says, and longer each time that it is asked too often or does not answer (section 3.5).
#[tokio::test]
async fn the_provider_is_asked_as_often_as_it_wants() {
    let place = place(false).await;
    let WithCode { mut kept, code, .. } = begun(&place).await;
    let mut wait = 5 * SECOND;
    for (status, body) in [
        (400, json!({ "error": "slow_down" })),
        (503, json!({})),
        (429, json!({})),
        (400, json!({ "error": "temporarily_unavailable" })),
    ] {
        kept = not_yet(&place, &kept, wait).await;
        place.fake.answers(status, body);
        kept = not_yet(&place, &kept, wait).await;
        wait += 5 * SECOND;
    }
    place.fake.types(&code, &Person::new(LIBRARY));
    assert!(matches!(asked_after(&place, &kept, wait).await, Ok(Asked::Came(Came::Connected { .. }))));
}

#[tokio::test]
async fn what_the_provider_says_ends_it_and_nothing_is_kept() {
    type Is = fn(&AccountError) -> bool;
    let denied: Is = |error| matches!(error, AccountError::Denied(_));
    let ended: Is = |error| matches!(error, AccountError::CodeEnded);
    let client: Is = |error| matches!(error, AccountError::Client(_));
    let no_code: Is = |error| matches!(error, AccountError::NoCode(_));
    let nonsense: Is = |error| matches!(error, AccountError::Provider(_));
    let place = place(false).await;
    for (said, is) in [
        ("access_denied", denied),
        ("authorization_declined", denied),
        ("expired_token", ended),
        ("invalid_grant", no_code),
        ("bad_verification_code", no_code),
        ("invalid_client", client),
        ("unauthorized_client", client),
        ("something_else", nonsense),
    ] {
        let kept = begun(&place).await.kept;
        place.fake.answers(400, json!({ "error": said }));
        let error = asked_after(&place, &kept, 5 * SECOND).await.err().unwrap();
        assert!(is(&error), "{said}: {error}");
    }
    for body in [Value::Null, json!({ "token_type": "Bearer" })] {
        let kept = begun(&place).await.kept;
        place.fake.answers(200, body);
        assert!(nonsense(&asked_after(&place, &kept, 5 * SECOND).await.err().unwrap()));
    }
    let WithCode { code, kept, .. } = begun(&place).await;
    let unticks = Some("https://mail.google.com/".to_owned());
    place.fake.types(&code, &Person { unticks, ..Person::new(LIBRARY) });
    let error = asked_after(&place, &kept, 5 * SECOND).await.err().unwrap();
    assert!(matches!(error, AccountError::BoxUnticked { .. }), "{error}");
    assert!(place.bench.app.accounts.account(GOOGLE).await.unwrap().is_none());
}

/// The provider need not be asked for that.
#[tokio::test]
async fn a_code_that_is_too_old_is_not_asked_about() {
    let place = place(false).await;
    let WithCode { kept, code, .. } = begun(&place).await;
    place.fake.types(&code, &Person::new(LIBRARY));
    place.bench.clock.advance(597 * SECOND);
    let error = asked_after(&place, &kept, 3 * SECOND).await.err().unwrap();
    assert!(matches!(error, AccountError::CodeEnded), "{error}");
}

#[tokio::test]
async fn what_others_keep_of_a_code_is_of_no_use() {
    let place = place(false).await;
    let WithCode { kept, .. } = begun(&place).await;
    let accounts = &place.bench.app.accounts;
    let somebody = Actor::Person { id: PersonId(7), name: "Eve".parse().unwrap() };
    // What is kept of the other way to sign in is something else.
    let other = accounts.begin(GOOGLE, ME).await.unwrap().kept;
    for (kept, who) in [(kept.as_str(), &somebody), (&kept[1..], &ME), ("", &ME), (&other, &ME)] {
        assert!(matches!(accounts.ask_with_code(kept, who).await, Err(AccountError::Stale)));
    }
}

#[tokio::test]
async fn another_account_by_a_code_is_asked_about_too() {
    let place = place(false).await;
    place.connect().await;
    let WithCode { kept, code, .. } = begun(&place).await;
    let (account, before) = ("anna@school.example".to_owned(), LIBRARY.to_owned());
    place.fake.types(&code, &Person::new(&account));
    let Asked::Came(came) = asked_after(&place, &kept, 5 * SECOND).await.unwrap() else { panic!("not yet") };
    assert_eq!(came, Came::Another { provider: GOOGLE, account: account.clone(), before });
    place.bench.app.accounts.confirm(GOOGLE, &ME).await.unwrap();
    assert_eq!(place.bench.app.accounts.account(GOOGLE).await.unwrap().unwrap().account, account);
}

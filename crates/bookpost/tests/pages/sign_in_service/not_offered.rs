//! A provider at which the district has no client, or has none any more.

use mail::Reason;
use serde_json::json;
use store::{AlarmKind, Service};
use testkit::provider::Person;

use super::{GOOGLE, LIBRARY, PAGE, VERIFIER, WHO, alarmed, places};

/// Each question about it is answered so, and nobody at a provider is asked.
#[tokio::test]
async fn nobody_signs_in_where_the_district_has_no_client() {
    let places = places().await;
    let mut begin = places.beginning();
    begin["provider"] = json!("microsoft");
    let mut renew = begin.clone();
    renew["question"] = json!("one");
    renew["token"] = json!("later-0001");
    let end = json!({ "provider": "microsoft", "token": "later-0001" });
    for (what, body) in [("begin", begin), ("renew", renew), ("end", end)] {
        let (status, said) = places.ask(&places.key, what, body).await;
        assert_eq!((status, &said["error"]), (422, &json!("not_offered")), "{what}: {said}");
    }
    assert_eq!(places.district.app.store.services(None, 1).await.unwrap(), [], "nothing was done for it");
    let refused = places.school.get(WHO, "/preferences/sign-in/microsoft/begin").await;
    assert_eq!(refused.status, 422);
    for said in ["Nobody can sign in with Microsoft by this sign-in service.", "Ask whoever runs it"] {
        assert!(refused.text.contains(said), "{}", refused.text);
    }
    assert!(places.provider.revoked().is_empty());
    places.stop().await;
}

/// Mail waits, the sign-in is kept, and whoever is at fault is named; offered again, it works as before.
#[tokio::test]
async fn a_provider_that_is_offered_no_more_ends_no_sign_in() {
    let places = places().await;
    places.connected().await;
    let handoff = places.handoff().await;
    let (_, to) = places.begun().await;
    let (of_district, there) = places.passed(&to).await;
    let accounts = &places.school.app.accounts;
    let first = accounts.shown(GOOGLE).await.unwrap();
    let settings = &places.district.app.settings;
    let before = (*settings.now()).clone();
    let mut without = before.clone();
    without.providers.clear();
    settings.replace(without);

    // Nor does anybody come through who is on the way.
    assert_eq!(places.fetch(&places.key, &handoff, VERIFIER).await, (422, "not_offered".to_owned()));
    let (code, state) = places.provider.agree(&there, &Person::new("eve@school.example")).unwrap();
    let back = places.at_district(&places.back(&format!("code={code}&state={state}")), &of_district).await;
    assert_eq!((back.status, back.header("location")), (503, ""), "{}", back.text);

    // The token of now is used on, and then mail waits.
    places.pass(46);
    assert_eq!(*accounts.shown(GOOGLE).await.unwrap().token, *first.token);
    let told = alarmed(&places.school, AlarmKind::SignIn).await.unwrap();
    assert!(told.contains(Reason::ServiceAtFault.plain_words()), "{told}");
    places.pass(30);
    let none = accounts.shown(GOOGLE).await.err().unwrap();
    assert_eq!(none.reason, Reason::ServiceAtFault);
    assert!(none.text.contains("nobody can sign in at this provider"), "{}", none.text);
    assert_eq!(accounts.account(GOOGLE).await.unwrap().unwrap().signed_out_at, None);
    assert_eq!(places.provider.refreshes(), 0);
    let page = places.school.get(WHO, PAGE).await.text;
    assert!(page.contains(LIBRARY), "the account stands there: {page}");

    settings.replace(before);
    places.pass(10);
    assert_ne!(*accounts.shown(GOOGLE).await.unwrap().token, *first.token);
    let done = places.district.app.store.services(None, 1).await.unwrap().remove(0);
    assert_eq!(done.what, Service::Renewed);
    places.stop().await;
}

//! Whoever runs a sign-in service sees on a page who signs in by it, gives out keys and ends them.

use store::Role;

use super::{GOOGLE, WHO, places};
use crate::bench::Answer;

const HERE: &str = "/preferences/installations";

#[tokio::test]
async fn whoever_runs_a_service_sees_to_it_on_a_page() {
    let mut places = places().await;
    places.district.person(WHO, Role::Administrator, None).await;
    let page = async || places.district.get(WHO, HERE).await.text;
    let before = page().await;
    for said in [
        "Hill School",
        &places.school.origin,
        "never",
        &format!("{}/sign-in-service/back", places.district.origin),
    ] {
        assert!(before.contains(said), "{said}: {before}");
    }
    places.connected().await;
    places.pass(46);
    places.school.app.accounts.shown(GOOGLE).await.unwrap();
    let used = page().await;
    assert!(!used.contains("never") && used.contains("<dd>2</dd>"), "a sign-in and a renewal: {used}");

    // What cannot be is said beside what was typed.
    let add = async |name: &str, address: &str| {
        places.district.post(WHO, HERE, &format!("name={name}&address={address}")).await
    };
    for (name, address, said) in [
        ("Hill+School", "https://a.example", "There is one of this name"),
        ("Hi%E2%80%8Bll", "https://a.example", "up to 100 characters"),
        ("Valley", "http://a.example", "https address"),
        ("Valley", "https://a.example/x", "https address"),
    ] {
        let refused = add(name, address).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains(said) && refused.text.contains("aria-invalid"), "{}", refused.text);
        assert!(refused.text.contains(&format!("value=\"{address}\"")), "{}", refused.text);
    }
    // The key is shown once, and opens.
    let made = add("Valley+School", "https://valley.example").await;
    assert_eq!((made.status, made.header("cache-control")), (200, "no-store"));
    let key = made.text.split("<pre tabindex=\"0\">").nth(2).unwrap().split('<').next().unwrap().to_owned();
    let about = async || {
        let address = format!("{}/api/sign-in-service/about", places.district.origin);
        Answer::of(places.district.client.get(address).bearer_auth(&key)).await
    };
    assert!(about().await.text.contains("Valley School"));
    let listed = page().await;
    assert!(listed.contains("Valley School") && !listed.contains(&key), "{listed}");

    // Ended, it opens nothing, and stands among those that were.
    let id = places.district.app.store.installations(places.district.now()).await.unwrap().remove(1);
    let end = format!("{HERE}/{}/end", id.installation.key.0);
    assert!(places.district.get(WHO, &end).await.text.contains("End sign-ins here for Valley School?"));
    assert_eq!(about().await.status, 200, "it was only asked");
    let ended = places.district.post(WHO, &end, "").await;
    assert_eq!(ended.header("location"), format!("{HERE}?done=installation_ended"), "{}", ended.text);
    assert_eq!(about().await.status, 401);
    assert!(page().await.split("<details>").nth(1).unwrap().contains("Valley School"));
    assert_eq!(places.district.get(WHO, &end).await.header("location"), HERE);
    let log = places.district.get(WHO, "/preferences/log").await.text;
    assert!(log.contains("Valley School") && !log.contains(&key), "{log}");
    places.stop().await;
}

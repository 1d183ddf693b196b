//! A school signs in at a mail provider by the client of its district: two Bookposts and a provider, over HTTP.

mod district;
mod given_by;
mod installations;
mod lost;
mod misused;
mod not_offered;

use bookpost::{
    cli::control::{BrokerRequest, Reply},
    config::Provider as Which,
};
use mail::Reason;
use reqwest::Method;
use serde_json::json;
use store::{AlarmKind, Role, Service, ServiceCame};
use testkit::provider::{CLIENT, Person};
use tokio::net::TcpListener;

use self::{
    district::{
        Places, added, alarmed, command, gone, has, kept, on, on_disk, places, places_at, something_else,
    },
    misused::turned,
};
use crate::bench::{Answer, Bench, listener, servers};

const WHO: &str = "administrator";
const PAGE: &str = "/preferences/sign-in/google";
const BACK: &str = "/preferences/sign-in/back";
const LIBRARY: &str = "library@school.example";
const GOOGLE: Which = Which::Google;
/// Long enough for a verifier, and what is said of it before.
const VERIFIER: &str = "a-verifier-that-nobody-but-the-installation-knows";

/// A service that is entered on the page, where it is tested and says who is trusted with what.
#[tokio::test]
async fn a_service_is_entered_and_tested_on_the_page() {
    let places = places().await;
    let at = listener().await;
    let here = format!("http://{}", at.local_addr().unwrap());
    let mut school = Bench::at(at, servers(), &format!("public_address = \"{here}\"\n")).await;
    school.person(WHO, Role::Administrator, None).await;
    let key = added(&places.district, "Valley School", &here).await;
    let district = &places.district.origin;
    let save = async |fields: &str| school.post(WHO, &format!("{PAGE}/service"), fields).await;
    let test = async || school.post(WHO, &format!("{PAGE}/service/test"), "").await;
    assert!(!school.get(WHO, PAGE).await.text.contains("/begin\""), "nobody can sign in yet");
    assert_eq!(test().await.status, 404);
    assert_eq!(save(&format!("service_address={district}")).await.status, 422, "without a key");
    let saved =
        save(&format!("service_address={district}&service_key={key}&service_name=Our+District")).await;
    assert_eq!(saved.header("location"), format!("{PAGE}?done=service_saved"), "{}", saved.text);
    let page = school.get(WHO, PAGE).await.text;
    for said in [
        "by the sign-in service run by Our District",
        "could read, send and delete all mail of that account",
        "/begin\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains(&key));
    // What is narrower is said, and then holds.
    assert!(page.contains("you agree to sending only"));
    school.post(WHO, &format!("{PAGE}/handing"), "send_by=api").await;
    let narrow = school.get(WHO, PAGE).await.text;
    assert!(narrow.contains("does not let them read any") && !narrow.contains("delete all mail"), "{narrow}");
    let (host, port) = district.trim_start_matches("http://").split_once(':').unwrap();
    let tested = test().await;
    let reached = format!("Connected to {host}, TCP port {port}");
    for said in [&*reached, "knows this installation as Valley School"] {
        assert_eq!(tested.status, 200);
        assert!(tested.text.contains(said), "{said}: {}", tested.text);
    }
    // The key goes to the service that it was entered for.
    let elsewhere = save("service_address=http://127.0.0.1:9").await;
    assert_eq!(elsewhere.status, 422);
    assert!(elsewhere.text.contains("Enter the key again"), "{}", elsewhere.text);
    save(&format!("service_address=http://127.0.0.1:9&service_key={key}")).await;
    let away = test().await.text;
    assert!(away.contains("let this computer connect to 127.0.0.1, TCP port 9"), "{away}");
    save(&format!("service_address={district}&service_key=bp_x")).await;
    assert!(test().await.text.contains("does not take the key"));
    // Of another installation.
    save(&format!("service_address={district}&service_key={}", places.key)).await;
    let moved = test().await.text;
    assert!(moved.contains(&format!("but this installation is at {here}")), "{moved}");
    let log = school.get(WHO, "/preferences/log").await.text;
    assert!(log.contains("Sign-in service, Key") && !log.contains(&key), "{log}");
    assert_eq!(save("").await.header("location"), format!("{PAGE}?done=service_forgotten"));
    school.stop().await;
    places.stop().await;
}

#[tokio::test]
async fn a_school_signs_in_by_its_district_and_stays_signed_in() {
    let places = places().await;
    let before = places.school.get(WHO, PAGE).await.text;
    assert!(before.contains("Riverside District"), "{before}");
    places.connected().await;
    let accounts = &places.school.app.accounts;
    let first = accounts.shown(GOOGLE).await.unwrap();
    assert_eq!(first.user, LIBRARY);
    // The provider gives another token for later each time, and ends a sign-in of which one comes twice.
    for round in 1..=3 {
        places.pass(61);
        let next = accounts.shown(GOOGLE).await.unwrap();
        assert_ne!(*next.token, *first.token);
        assert_eq!(places.provider.refreshes(), round);
    }
    let lines = places.district.app.store.services(None, 10).await.unwrap();
    let done: Vec<_> = lines.iter().rev().map(|line| (line.what, line.came)).collect();
    let given = Some(ServiceCame::Given);
    let renewed = (Service::Renewed, given);
    assert_eq!(done, [(Service::Begun, given), (Service::Fetched, given), renewed, renewed, renewed]);
    assert!(lines.iter().all(|line| line.installation == "Hill School" && line.provider == "google"));
    let ended = places.school.post(WHO, &format!("{PAGE}/end"), "").await;
    assert_eq!(ended.header("location"), "/preferences/sign-in/google?done=account_ended");
    assert_eq!(places.provider.revoked().len(), 1);
    places.stop().await;
}

/// What a provider gives is the school's, and the client's secret is the district's.
#[tokio::test]
async fn the_district_keeps_no_token_and_the_school_no_secret() {
    let places = places().await;
    places.connected().await;
    places.pass(61);
    let shown = places.school.app.accounts.shown(GOOGLE).await.unwrap();
    let ends = places.school.post(WHO, &format!("{PAGE}/end"), "").await;
    assert_eq!(ends.status, 303);
    let later = places.provider.revoked().concat();
    assert!(later.starts_with("later-"), "{later}");
    let log = command(&places.district, BrokerRequest::Log { of: None, limit: 50 }).await;
    let said = serde_json::to_string(&log).unwrap();
    let folders = [&places.district, &places.school].map(|bench| bench.app.settings.now().data_dir.clone());
    for bench in [&places.district, &places.school] {
        bench.app.store.clone().close().await.unwrap();
    }
    let [district, school] = folders.map(|folder| on_disk(&folder));
    // In the clear they are in neither, and the names of what was done are in both.
    assert!(has(&district, "Hill School") && has(&school, LIBRARY));
    assert!(!has(&district, LIBRARY), "nor does the district keep who has signed in");
    for token in ["token-00", "later-00", "code-00", &**shown.token, CLIENT.1, VERIFIER] {
        assert!(!has(&district, token) && !has(&school, token) && !said.contains(token), "{token}");
    }
    let secret = places.key.rsplit('_').next().unwrap();
    assert!(!has(&district, secret) && !said.contains(secret), "nor the key");
}

#[tokio::test]
async fn what_a_browser_brings_is_used_once() {
    let places = places().await;
    let handoff = places.handoff().await;
    assert_eq!(places.fetch(&places.key, &handoff, VERIFIER).await, (200, String::new()));
    assert_eq!(places.fetch(&places.key, &handoff, VERIFIER).await, (422, "stale".to_owned()));
    places.stop().await;
}

/// Whoever has read it on the way has neither the key nor what the school has kept back.
#[tokio::test]
async fn what_a_browser_brings_is_of_use_to_whoever_began_only() {
    let places = places().await;
    let other = added(&places.district, "Another", "https://bookpost.another.example").await;
    let handoff = places.handoff().await;
    let stale = (422, "stale".to_owned());
    assert_eq!(places.fetch(&other, &handoff, VERIFIER).await, stale, "another installation");
    assert_eq!(places.fetch(&places.key, &handoff, "another verifier").await, stale, "another visit");
    let unkeyed = places.fetch("bp_x", &handoff, VERIFIER).await;
    assert_eq!(unkeyed, (401, "key".to_owned()));
    let changed = turned(&handoff);
    assert_eq!(places.fetch(&places.key, &changed, VERIFIER).await.0, 422, "changed on the way");
    places.pass(6);
    assert_eq!(places.fetch(&places.key, &handoff, VERIFIER).await, stale, "too late");
    // It was good for whoever it is for, in time.
    let handoff = places.handoff().await;
    places.pass(4);
    assert_eq!(places.fetch(&places.key, &handoff, VERIFIER).await.0, 200);
    places.stop().await;
}

/// Nobody is led past the page that says for whom it is, and nobody comes back in another browser.
#[tokio::test]
async fn a_browser_that_has_not_begun_goes_nowhere() {
    let places = places().await;
    let (_, to) = places.begun().await;
    let page = places.at_district(&to, "").await;
    assert!(page.header("set-cookie").contains("HttpOnly; SameSite=Lax"), "{}", page.header("set-cookie"));
    let (on, cookie) = (format!("{}{}", places.district.origin, on(&page.text)), kept(&page));
    let gone = async |address: &str, cookie: &str| {
        let answer = places.at_district(address, cookie).await;
        assert_eq!((answer.status, answer.header("location")), (410, ""), "{address}");
        assert!(answer.text.contains("Begin again"), "{}", answer.text);
    };
    gone(&on, "").await;
    gone(&format!("{}/sign-in-service/on", places.district.origin), &cookie).await;
    gone(&format!("{}/sign-in-service/on?seen=another", places.district.origin), &cookie).await;
    // Of a second visit.
    let second = kept(&places.at_district(&to, "").await);
    gone(&on, &second).await;
    let there = places.at_district(&on, &cookie).await.header("location").to_owned();
    let (code, state) = places.provider.agree(&there, &Person::new("eve@school.example")).unwrap();
    gone(&places.back(&format!("code={code}&state={state}")), "").await;
    gone(&places.back(&format!("code={code}&state={state}")), &second).await;
    gone(&places.back(&format!("code={code}&state=forged")), &cookie).await;
    gone(&places.back(&format!("code={code}&state=")), &cookie).await;
    places.pass(16);
    gone(&places.back(&format!("code={code}&state={state}")), &cookie).await;
    places.stop().await;
}

/// A return that somebody else began connects nothing at the school.
#[tokio::test]
async fn what_comes_back_to_another_browser_of_the_school_connects_nothing() {
    let places = places().await;
    let (cookie, to) = places.begun().await;
    let (of_district, there) = places.passed(&to).await;
    let home = places.returned(&of_district, &there, &Person::new("eve@school.example")).await;
    assert_eq!(places.home(&home, "").await.status, 400, "a browser that has begun nothing");
    let (another, _) = places.begun().await;
    assert_eq!(places.home(&home, &another).await.status, 422, "that has begun something else");
    let (path, query) = home.split_once('?').unwrap();
    let forged = query.replace("state=", "state=x");
    assert_eq!(places.home(&format!("{path}?{forged}"), &cookie).await.status, 422);
    assert_eq!(places.school.app.accounts.account(GOOGLE).await.unwrap(), None);
    assert_eq!(places.home(&home, &cookie).await.status, 303);
    places.stop().await;
}

/// Browsers are led to the address that was given with the key, whatever is asked for.
#[tokio::test]
async fn nobody_is_led_anywhere_else() {
    let places = places().await;
    for back in ["https://evil.example/preferences/sign-in/back", "https://evil.example", ""] {
        let mut asked = places.beginning();
        asked["back"] = json!(back);
        let (status, said) = places.ask(&places.key, "begin", asked).await;
        assert_eq!((status, &said["error"]), (422, &json!("another_address")), "{back}");
    }
    let (_, to) = places.begun().await;
    let (path, ticket) = to.split_once("?ticket=").unwrap();
    let changed = turned(ticket);
    let evil = "https%3A%2F%2Fevil.example";
    for address in [
        format!("{path}?ticket={changed}"),
        path.to_owned(),
        format!("{path}?ticket={evil}"),
        format!("{path}?to={evil}&back={evil}&returns_to={evil}"),
    ] {
        let answer = places.at_district(&address, "").await;
        assert_eq!((answer.status, answer.header("location")), (410, ""), "{address}");
        assert!(!answer.text.contains("evil.example"), "{}", answer.text);
    }
    let (cookie, there) = places.passed(&to).await;
    let (_, state) = places.provider.agree(&there, &Person::new(LIBRARY)).unwrap();
    let denied = places.back(&format!("error=access_denied&state={state}&to={evil}&back={evil}"));
    let home = places.at_district(&denied, &cookie).await;
    let (path, query) = home.header("location").split_once('?').unwrap();
    assert_eq!(path, format!("{}{BACK}", places.school.origin));
    assert!(query.contains("error=access_denied") && !query.contains("evil"), "{query}");
    places.pass(11);
    assert_eq!(places.at_district(&to, "").await.status, 410, "too late");
    places.stop().await;
}

#[tokio::test]
async fn a_key_that_is_taken_back_opens_nothing_at_once() {
    let places = places().await;
    places.connected().await;
    let handoff = places.handoff().await;
    let (_, to) = places.begun().await;
    let (cookie, there) = places.passed(&to).await;
    let (code, state) = places.provider.agree(&there, &Person::new(LIBRARY)).unwrap();
    let revoked = command(&places.district, BrokerRequest::Revoke { name: "Hill School".to_owned() }).await;
    assert!(matches!(revoked, Reply::Broker(_)), "{revoked:?}");
    let refused = (401, "key".to_owned());
    assert_eq!(places.fetch(&places.key, &handoff, VERIFIER).await, refused);
    let about = places.district.client.get(format!("{}/api/sign-in-service/about", places.district.origin));
    assert_eq!(Answer::of(about.bearer_auth(&places.key)).await.status, 401);
    let renew = json!({ "question": "one", "provider": "google", "token": "later-0001", "seal_to": "x" });
    assert_eq!(places.ask(&places.key, "renew", renew).await.0, 401);
    assert_eq!(places.ask(&places.key, "begin", places.beginning()).await.0, 401);
    // Nor does a browser that is on its way come through.
    assert_eq!(places.at_district(&to, "").await.status, 410);
    assert_eq!(
        places.at_district(&places.back(&format!("code={code}&state={state}")), &cookie).await.status,
        410
    );
    // What was given last is used on, and nothing of it is lost.
    places.school.pass(46);
    let accounts = &places.school.app.accounts;
    assert_eq!(accounts.shown(GOOGLE).await.unwrap().user, LIBRARY);
    places.school.app.alarms.carried_out().await;
    let alarms = places.school.app.store.alarms(true, 10).await.unwrap();
    let told = |text: &str| alarms.iter().any(|alarm| alarm.text.contains(text));
    assert!(told("The sign-in service does not take the key"), "{alarms:?}");
    places.school.pass(30);
    assert_eq!(accounts.shown(GOOGLE).await.err().unwrap().reason, Reason::ServiceRefused);
    assert_eq!(accounts.account(GOOGLE).await.unwrap().unwrap().signed_out_at, None);
    let page = places.school.get(WHO, PAGE).await.text;
    assert!(page.contains("does not take the key of this installation"), "{page}");
    places.stop().await;
}

/// What the provider says reaches the school as what it is.
#[tokio::test]
async fn only_the_provider_ends_a_sign_in() {
    let places = places().await;
    places.connected().await;
    let accounts = &places.school.app.accounts;
    for (status, error, reason) in [
        (503, "away", Reason::SignInUnavailable),
        (429, "invalid_grant", Reason::SignInUnavailable),
        (401, "invalid_client", Reason::ServiceAtFault),
    ] {
        places.pass(120);
        places.provider.answers(status, json!({ "error": error }));
        assert_eq!(accounts.shown(GOOGLE).await.err().unwrap().reason, reason, "{error}");
        assert_eq!(accounts.account(GOOGLE).await.unwrap().unwrap().signed_out_at, None, "{error}");
        // Whose fault it is, they hear: nobody else can act.
        let told = alarmed(&places.district, AlarmKind::SignInService).await;
        assert_eq!(told.is_some(), reason == Reason::ServiceAtFault, "{error}: {told:?}");
        places.pass(10);
        assert!(accounts.shown(GOOGLE).await.is_ok(), "{error}");
        assert_eq!(alarmed(&places.district, AlarmKind::SignInService).await, None, "{error}");
    }
    places.pass(120);
    places.provider.revoke();
    assert_eq!(accounts.shown(GOOGLE).await.err().unwrap().reason, Reason::SignedOut);
    assert!(accounts.account(GOOGLE).await.unwrap().unwrap().signed_out_at.is_some());
    let came = places.district.app.store.services(None, 1).await.unwrap()[0].came;
    assert_eq!(came, Some(ServiceCame::Over));
    places.stop().await;
}

#[tokio::test]
async fn a_district_that_does_not_answer_ends_no_sign_in() {
    let places = places().await;
    places.connected().await;
    let Places { district, school, provider, .. } = places;
    let address = district.origin.trim_start_matches("http://").to_owned();
    district.stop().await;
    let accounts = &school.app.accounts;
    // Past the time at which the next is asked for, before the end of this one.
    school.pass(46);
    assert_eq!(accounts.shown(GOOGLE).await.unwrap().user, LIBRARY);
    school.pass(20);
    let none = accounts.shown(GOOGLE).await.err().unwrap();
    assert_eq!((none.reason, provider.refreshes()), (Reason::ServiceAway, 0));
    let (host, port) = address.split_once(':').unwrap();
    assert!(none.text.contains(&format!("at {host}, port {port}")), "{}", none.text);
    assert_eq!(accounts.account(GOOGLE).await.unwrap().unwrap().signed_out_at, None);
    // Nor does something else that answers there.
    let listener = TcpListener::bind(&address).await.unwrap();
    let other = something_else(listener, 401, r#"{"error":"invalid_grant","error_description":"x"}"#);
    school.pass(10);
    assert_eq!(accounts.shown(GOOGLE).await.err().unwrap().reason, Reason::ServiceUnable);
    gone(other).await;
    // Or answers with no word of a service.
    let listener = TcpListener::bind(&address).await.unwrap();
    let other = something_else(listener, 502, "<html>Bad Gateway");
    school.pass(20);
    assert_eq!(accounts.shown(GOOGLE).await.err().unwrap().reason, Reason::ServiceUnable);
    gone(other).await;
    assert_eq!(school.get(WHO, &format!("{PAGE}/begin")).await.status, 422);
    // Nor is anybody led elsewhere by it.
    let listener = TcpListener::bind(&address).await.unwrap();
    let other = something_else(listener, 200, r#"{"to":"https://evil.example/sign-in-service"}"#);
    let led = school.get(WHO, &format!("{PAGE}/begin")).await;
    assert_eq!((led.status, led.header("location")), (422, ""));
    assert!(led.text.contains("The sign-in service cannot help at the moment"), "{}", led.text);
    other.abort();
    school.stop().await;
}

#[tokio::test]
async fn each_school_has_limits_of_its_own() {
    let places = places().await;
    let other = added(&places.district, "Another", &places.school.origin).await;
    let begin = async |key: &str| places.ask(key, "begin", places.beginning()).await.0;
    for _ in 0..6 {
        assert_eq!(begin(&places.key).await, 200);
    }
    assert_eq!((begin(&places.key).await, begin(&other).await), (429, 200));
    places.pass(2);
    assert_eq!(begin(&places.key).await, 200);
    let renew = json!({ "question": "one", "provider": "google", "token": "guessed", "seal_to": places.beginning()["seal_to"] });
    let renew = async || places.ask(&places.key, "renew", renew.clone()).await;
    for _ in 0..12 {
        let (status, said) = renew().await;
        assert_eq!((status, &said["error"]), (422, &json!("grant")));
    }
    assert_eq!(renew().await.0, 429);
    // A day's worth of sign-ins.
    for _ in 0..8 {
        places.pass(2);
        for _ in 0..6 {
            begin(&places.key).await;
        }
    }
    places.pass(2);
    assert_eq!(begin(&places.key).await, 200);
    for _ in 0..4 {
        begin(&places.key).await;
    }
    places.pass(2);
    assert_eq!(begin(&places.key).await, 429);
    places.pass(25 * 60);
    assert_eq!(begin(&places.key).await, 200);
    places.stop().await;
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_not_told_again() {
    let places = places().await;
    for body in ["", "{}", r#"{"provider":"google","token":"later-0001"}"#, "[\"later-0001\"]"] {
        for what in ["begin", "fetch", "renew", "end"] {
            let request = places.district.ask("", Method::POST, &format!("/api/sign-in-service/{what}"));
            let request = request.bearer_auth(&places.key).header("content-type", "application/json");
            let answer = Answer::of(request.body(body)).await;
            assert!(!answer.text.contains("later-0001"), "{}", answer.text);
            let ends = what == "end" && body.starts_with("{\"provider");
            assert_eq!(answer.status == 200, ends, "{what} {body}: {}", answer.text);
        }
    }
    places.stop().await;
}

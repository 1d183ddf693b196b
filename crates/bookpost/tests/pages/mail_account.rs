//! Signing in at a mail provider on the pages: there, back, and how it stands.

use std::{
    fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::PathBuf, time::Duration,
};

use bookpost::preferences::{Change, Wish};
use store::Role;
use tempfile::TempDir;
use testkit::provider::{CLIENT, Person, Provider};

use crate::{
    bench::{Answer, Bench, form, listener, servers},
    browser::drive,
};

const PAGE: &str = "/preferences/sign-in/google";
const BACK: &str = "/preferences/sign-in/back";
const LIBRARY: &str = "library@school.example";
const WHO: &str = "administrator";

/// The folder holds the secret that Bookpost shares with the provider.
async fn place() -> (Bench, Provider, TempDir) {
    place_of("google").await
}

/// The same of another provider.
async fn place_of(name: &str) -> (Bench, Provider, TempDir) {
    let (provider, listener) = (Provider::start(false, 3600).await.unwrap(), listener().await);
    let (folder, secret) = secret_file();
    let file = format!(
        "public_address = \"http://{}\"\n[{name}]\nclient_id = \"{}\"\nclient_secret_file = \"{}\"\nissuer = \"{}\"\n",
        listener.local_addr().unwrap(),
        CLIENT.0,
        secret.display(),
        provider.issuer()
    );
    let mut bench = Bench::at(listener, servers(), &file).await;
    bench.person(WHO, Role::Administrator, None).await;
    bench.person("second", Role::Administrator, None).await;
    (bench, provider, folder)
}

pub(crate) fn secret_file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&secret).unwrap();
    file.write_all(CLIENT.1.as_bytes()).unwrap();
    (folder, secret)
}

/// What the browser keeps, and where it was sent.
async fn begun(bench: &Bench) -> (String, String) {
    let answer = bench.get(WHO, &format!("{PAGE}/begin")).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
    (cookie.split(';').next().unwrap().to_owned(), answer.header("location").to_owned())
}

/// Somebody comes back from another site, with what their browser keeps.
async fn back(bench: &Bench, who: &str, cookie: &str, query: &str) -> Answer {
    let request = bench.client.get(format!("{}{BACK}?{query}", bench.origin));
    let session = &bench.tokens[who];
    let request = request.header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "navigate");
    let request = request.header("sec-fetch-dest", "document");
    Answer::of(request.header("cookie", format!("bookpost={session}; {cookie}"))).await
}

async fn signed_in(bench: &Bench, provider: &Provider, person: &Person) -> Answer {
    let (cookie, to) = begun(bench).await;
    let (code, state) = provider.agree(&to, person).unwrap();
    back(bench, WHO, &cookie, &format!("code={code}&state={state}")).await
}

fn account(name: &str) -> Person {
    Person::new(&format!("{name}@school.example"))
}

#[tokio::test]
async fn somebody_signs_in_and_sees_how_it_stands() {
    let (bench, provider, _secret) = place().await;
    let preferences = bench.get(WHO, "/preferences").await.text;
    assert!(preferences.contains("value=\"google\"") && preferences.contains(PAGE));
    assert!(!preferences.contains("value=\"microsoft\""), "that is not set up");
    let before = bench.get(WHO, PAGE).await.text;
    assert!(before.contains(&format!("{}{BACK}", bench.origin)), "{before}");
    assert!(before.contains("library@") && before.contains("Tick every box"), "{before}");
    assert!(before.contains("<svg class=\"consent\"") && before.contains("a tick in each"), "{before}");
    let came = signed_in(&bench, &provider, &account("library")).await;
    assert_eq!(
        (came.status, came.header("location")),
        (303, "/preferences/sign-in/google?done=account_connected")
    );
    assert!(came.header("set-cookie").contains("Max-Age=0"), "{}", came.header("set-cookie"));
    let page = bench.get(WHO, came.header("location")).await.text;
    for said in [
        LIBRARY,
        "Connected. Bookpost may do all that it needs there.",
        "<dt>Agreed to</dt><dd>3 of 3 boxes ticked</dd>",
        "Renewed next",
        "with the first mail after 14:50, at the latest 29 Nov, 15:05 (UTC)",
        "https://mail.google.com/",
        "Mail does not leave by Google yet",
        "Sent in the last 24 hours",
        "0 of 2000",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let log = bench.get(WHO, "/preferences/log").await.text;
    assert!(log.contains("signed in at a mail provider"), "{log}");
    for text in [&page, &log] {
        assert!(!text.contains("token-00") && !text.contains("later-00") && !text.contains(CLIENT.1));
    }
    let asked = bench.get(WHO, &format!("{PAGE}/end")).await.text;
    for said in [
        "Disconnect from Google?",
        "Mail does not leave by Google at the moment",
        "Bookpost forgets the sign-in",
    ] {
        assert!(asked.contains(said), "{said}: {asked}");
    }
    assert!(
        page.contains(&format!("href=\"{PAGE}/end\"")) && !page.contains(&format!("action=\"{PAGE}/end\""))
    );
    let ended = bench.post(WHO, &format!("{PAGE}/end"), "").await;
    assert_eq!(ended.header("location"), "/preferences/sign-in/google?done=account_ended");
    assert_eq!(provider.revoked().len(), 1);
    bench.stop().await;
}

/// Though Google does not say so with what it gives.
#[tokio::test]
async fn of_a_client_in_testing_it_is_said_when_a_sign_in_ends() {
    let (mut bench, provider, _secret) = place().await;
    assert!(!bench.get(WHO, PAGE).await.text.contains("7 days, on"), "nothing is said of the audience");
    set(&bench, "google.audience", "testing").await;
    let before = bench.get(WHO, PAGE).await.text;
    assert!(before.contains("Google ends this sign-in after 7 days, on "), "{before}");
    signed_in(&bench, &provider, &account("library")).await;
    let page = bench.get(WHO, PAGE).await.text;
    let (_, ends) = page.split_once("<dt>Ends by itself</dt><dd>").unwrap();
    assert!(before.contains(&format!("after 7 days, on {} if", ends.split('<').next().unwrap())), "{page}");
    // Sessions on the pages end meanwhile.
    bench.clock.advance(Duration::from_hours(4 * 24));
    bench.person("third", Role::Administrator, None).await;
    assert!(!bench.get("third", PAGE).await.text.contains("Google ends this sign-in on"));
    bench.clock.advance(Duration::from_hours(25));
    bench.person("fourth", Role::Administrator, None).await;
    let page = bench.get("fourth", PAGE).await.text;
    assert!(page.contains("Google ends this sign-in on ") && page.contains("publish the client"), "{page}");
    set(&bench, "google.audience", "internal").await;
    let page = bench.get("fourth", PAGE).await.text;
    assert!(page.contains("Choose an account of your own organisation"), "{page}");
    assert!(!page.contains("Google ends this sign-in"), "{page}");
    bench.stop().await;
}

async fn set(bench: &Bench, name: &str, value: &str) {
    let values = [(name.to_owned(), serde_json::json!(value))].into();
    let wish = Wish { based_on: None, values, by: store::Actor::CommandLine };
    bench.app.change_preferences(Change::Set(wish)).await.unwrap();
}

/// Microsoft has all of it agreed to, or nothing.
#[tokio::test]
async fn of_boxes_nothing_is_said_where_there_are_none() {
    const PAGE: &str = "/preferences/sign-in/microsoft";
    let (bench, provider, _secret) = place_of("microsoft").await;
    provider.as_microsoft();
    let comes = async |person: &Person| {
        let begun = bench.get(WHO, &format!("{PAGE}/begin")).await;
        let cookie = begun.header("set-cookie").split(';').next().unwrap().to_owned();
        let (code, state) = provider.agree(begun.header("location"), person).unwrap();
        back(&bench, WHO, &cookie, &format!("code={code}&state={state}")).await
    };
    let unticks = Some("https://outlook.office.com/SMTP.Send".to_owned());
    let refused = comes(&Person { unticks, ..account("library") }).await;
    assert!(refused.text.contains("does not let Bookpost do all that it needs"), "{}", refused.text);
    assert_eq!(comes(&account("library")).await.status, 303);
    let page = bench.get(WHO, PAGE).await.text;
    assert!(page.contains("<dt>Agreed to</dt><dd>all that Bookpost asks for</dd>"), "{page}");
    bench.post(WHO, &format!("{PAGE}/handing"), "send_by=api").await;
    let other = bench.get(WHO, PAGE).await.text;
    assert!(other.contains("<dt>Agreed to</dt><dd>not what Bookpost asks for now</dd>"), "{other}");
    for text in [&refused.text, &page, &other] {
        assert!(!text.contains(" box") && !text.contains("ticked"), "{text}");
    }
    bench.stop().await;
}

/// What patrons see is the account, with each library's name, and it is said which address it stands for.
#[tokio::test]
async fn what_patrons_see_is_said_of_each_library() {
    let (bench, provider, _secret) = place().await;
    let seen = |account: &str| {
        ["Main Library", "East Branch"].map(|name| {
            format!(
                "<th scope=\"row\">{name}</th><td data-label=\"What patrons see\">{name} &#60;{account}&#62;"
            )
        })
    };
    let says = |page: &str, account: &str| seen(account).iter().all(|row| page.contains(row));
    assert!(!bench.get(WHO, PAGE).await.text.contains("What patrons see"), "nobody has signed in");
    signed_in(&bench, &provider, &account("library")).await;
    let page = bench.get(WHO, PAGE).await.text;
    assert!(says(&page, LIBRARY), "{page}");
    assert!(
        page.contains("Google writes library@school.example in the place of desk@library.example"),
        "{page}"
    );
    assert!(
        page.contains("<td data-label=\"Where undeliverable mail goes\">the same address</td>"),
        "{page}"
    );
    let preferences = bench.get(WHO, "/preferences").await.text;
    assert!(
        says(&preferences, "desk@library.example") && !preferences.contains("Google writes"),
        "{preferences}"
    );
    set(&bench, "sending.way", "google").await;
    let preferences = bench.get(WHO, "/preferences").await.text;
    assert!(says(&preferences, LIBRARY) && preferences.contains("Google writes"), "{preferences}");
    bench.stop().await;
}

/// Which box is asked for goes by it, and what is to be done at the provider.
#[tokio::test]
async fn somebody_chooses_how_mail_is_handed_over() {
    let (bench, provider, _secret) = place().await;
    let before = bench.get(WHO, PAGE).await.text;
    assert!(
        before.contains("value=\"smtp\" checked")
            && before.contains("add the scope https://mail.google.com/")
    );
    let chosen = bench.post(WHO, &format!("{PAGE}/handing"), "send_by=api").await;
    assert_eq!(chosen.header("location"), format!("{PAGE}?done=handing_chosen"));
    let page = bench.get(WHO, chosen.header("location")).await.text;
    for said in ["value=\"api\" checked", "auth/gmail.send", "switch on the Gmail API", "signs in again"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let (_, to) = begun(&bench).await;
    assert!(to.contains("gmail.send") && !to.contains("mail.google.com"), "{to}");
    let came = signed_in(&bench, &provider, &account("library")).await;
    let page = bench.get(WHO, came.header("location")).await.text;
    assert!(page.contains("By the Gmail API") && page.contains("https://www.googleapis.com/auth/gmail.send"));
    let set = bench.app.accounts.provider(bookpost::config::Provider::Google).unwrap();
    assert_eq!((&*set.server.host, set.server.port), ("gmail.googleapis.com", 443));
    assert_eq!(set.server.limits.per_minute, Some(150));
    assert_eq!(bench.post(WHO, &format!("{PAGE}/handing"), "send_by=pigeon").await.status, 404);
    let log = bench.get(WHO, "/preferences/log").await.text;
    assert!(log.contains("how mail is handed over"), "{log}");
    bench.stop().await;
}

#[tokio::test]
async fn what_went_wrong_is_said_with_what_to_do() {
    let (bench, provider, _secret) = place().await;
    let unticks = Some("https://mail.google.com/".to_owned());
    let box_left = signed_in(&bench, &provider, &Person { unticks, ..account("library") }).await;
    assert_eq!(box_left.status, 422);
    let said = "2 of 3 boxes ticked. The box for sending email was left unticked, so nothing is connected and nothing was saved.";
    assert!(box_left.text.contains(said), "{}", box_left.text);
    assert!(!box_left.text.contains("code-00") && !box_left.text.contains("state="), "{}", box_left.text);
    provider.introduces("userinfo_endpoint", serde_json::Value::Null);
    let unticks = Some("email".to_owned());
    let nobody = signed_in(&bench, &provider, &Person { unticks, ..account("library") }).await;
    let said = "2 of 3 boxes ticked. The box for the email address was left unticked";
    assert!(nobody.text.contains(said) && nobody.text.contains("nothing was saved"), "{}", nobody.text);
    for (error, said) in [
        ("access_denied", "said no, so nothing is connected"),
        ("admin_policy_enforced", "Whoever administers Google"),
        ("org_internal", "Whoever administers Google"),
        ("server_error", "cannot be asked at the moment"),
    ] {
        let (cookie, to) = begun(&bench).await;
        let (_, state) = provider.agree(&to, &account("library")).unwrap();
        let answer = back(&bench, WHO, &cookie, &format!("error={error}&state={state}")).await;
        assert!(answer.text.contains(said), "{error}: {}", answer.text);
        assert!(!answer.text.contains(&state), "{error}: {}", answer.text);
    }
    for (status, body, said) in [
        (401, serde_json::json!({ "error": "invalid_client" }), "does not know Bookpost by the client id"),
        (400, serde_json::json!({ "error": "invalid_grant" }), "can be used once only"),
        (503, serde_json::json!({}), "cannot be asked at the moment"),
        (200, serde_json::json!({ "access_token": "a", "token_type": "Bearer" }), "let us in for now only"),
    ] {
        provider.answers(status, body);
        let answer = signed_in(&bench, &provider, &account("library")).await;
        assert_eq!(answer.status, 422, "{said}");
        assert!(answer.text.contains(said), "{said}: {}", answer.text);
    }
    assert!(!bench.get(WHO, PAGE).await.text.contains("Connected as"));
    bench.stop().await;
}

#[tokio::test]
async fn what_was_not_begun_by_this_person_in_this_browser_connects_nothing() {
    let (bench, provider, _secret) = place().await;
    let (cookie, to) = begun(&bench).await;
    let (code, state) = provider.agree(&to, &account("eve")).unwrap();
    let query = format!("code={code}&state={state}");
    assert_eq!(back(&bench, WHO, "", &query).await.status, 400, "in another browser");
    assert_eq!(back(&bench, WHO, "bookpost-account=AAAA", &query).await.status, 400);
    let second = back(&bench, "second", &cookie, &query).await;
    assert!(second.text.contains("not begun in this browser by you"), "{}", second.text);
    let nobody = bench.client.get(format!("{}{BACK}?{query}", bench.origin)).header("cookie", &cookie);
    let nobody = Answer::of(nobody).await;
    let next = "/sign-in?next=%2Fpreferences%2Fsign-in%2Fback";
    assert_eq!((nobody.status, nobody.header("location")), (303, next), "signed in first, without the code");
    let mixed = back(&bench, WHO, &cookie, &format!("code={code}&state=x")).await;
    assert!(mixed.text.contains("not begun in this browser by you"), "{}", mixed.text);
    assert!(!bench.get(WHO, PAGE).await.text.contains("Connected as"));
    // Wherever it says that somebody is to go, they come to a page of ours.
    let open = back(&bench, WHO, &cookie, &format!("{query}&next=https://evil.example/")).await;
    assert_eq!(open.header("location"), "/preferences/sign-in/google?done=account_connected");
    bench.stop().await;
}

#[tokio::test]
async fn another_account_is_asked_about_and_an_address_can_be_pasted() {
    let (bench, provider, _secret) = place().await;
    signed_in(&bench, &provider, &account("library")).await;
    let (cookie, to) = begun(&bench).await;
    let (code, state) = provider.agree(&to, &account("anna")).unwrap();
    let token = bench.get(WHO, "/").await.form_token();
    let pasted = format!("http://localhost:1{BACK}?code={code}&state={state}#");
    let fields = format!("form_token={token}&address={}", pasted.replace('&', "%26").replace('#', "%23"));
    let request = bench.ask(WHO, reqwest::Method::POST, &format!("{PAGE}/paste"));
    let session = format!("bookpost={}; {cookie}", bench.tokens[WHO]);
    let request = form(request, fields).header("cookie", session);
    let answer = Answer::of(request).await;
    assert_eq!((answer.status, answer.header("location")), (303, PAGE));
    let page = bench.get(WHO, PAGE).await.text;
    assert!(
        page.contains("You signed in with anna@school.example, and before it was library@school.example"),
        "{page}"
    );
    assert!(
        !bench.get("second", PAGE).await.text.contains("anna@school.example"),
        "it is not for them to say"
    );
    let second = bench.post("second", &format!("{PAGE}/confirm"), "").await;
    assert_eq!(second.status, 422);
    assert!(page.contains(&format!("formaction=\"{PAGE}/drop\"")), "{page}");
    let replaced = bench.post(WHO, &format!("{PAGE}/confirm"), "").await;
    let page = bench.get(WHO, replaced.header("location")).await.text;
    assert!(page.contains("anna@school.example") && !page.contains("You signed in with"), "{page}");
    assert!(page.contains("was told that the sign-in of the account before is over"), "{page}");
    assert_eq!(provider.grants(), ["anna@school.example"]);
    // Where it does not answer, its owner has to end it.
    provider.introduces("revocation_endpoint", serde_json::json!("http://127.0.0.1:1/revoke"));
    signed_in(&bench, &provider, &account("library")).await;
    let untold = bench.post(WHO, &format!("{PAGE}/confirm"), "").await;
    let page = bench.get(WHO, untold.header("location")).await.text;
    assert!(page.contains("access away in that account there"), "{page}");
    bench.stop().await;
}

/// Whoever goes back is asked no more, and what the provider gave is good for nothing.
#[tokio::test]
async fn another_account_that_was_not_meant_is_dropped() {
    let (bench, provider, _secret) = place().await;
    signed_in(&bench, &provider, &account("library")).await;
    let asked = signed_in(&bench, &provider, &account("anna")).await;
    assert_eq!(asked.header("location"), PAGE);
    let others = bench.post("second", &format!("{PAGE}/drop"), "").await;
    assert_eq!(
        others.header("location"),
        format!("{PAGE}?done=nothing_changed"),
        "it is not for them to say"
    );
    let dropped = bench.post(WHO, &format!("{PAGE}/drop"), "").await;
    assert_eq!(dropped.header("location"), format!("{PAGE}?done=account_dropped"));
    assert_eq!(provider.revoked().len(), 1);
    let page = bench.get(WHO, dropped.header("location")).await.text;
    assert!(page.contains("Nothing was changed. The new sign-in is dropped"), "{page}");
    assert!(page.contains(LIBRARY) && !page.contains("anna@school.example"), "{page}");
    assert_eq!(bench.post(WHO, &format!("{PAGE}/confirm"), "").await.status, 422, "there is nothing to take");
    bench.stop().await;
}

#[tokio::test]
async fn who_has_an_address_that_google_refuses_is_led_back_to_their_own_computer() {
    for (public, why) in [
        ("http://bookpost.local", "encrypted addresses (https) only"),
        ("https://192.0.2.7", "an address of numbers such as https://192.0.2.7"),
        ("https://desk", "a name that exists in your own network only, such as https://desk"),
    ] {
        for by in ["smtp", "api"] {
            let (_folder, secret) = secret_file();
            let listener = listener().await;
            let port = listener.local_addr().unwrap().port();
            let text = format!(
                "public_address = \"{public}\"\nlisten = \"127.0.0.1:{port}\"\n[google]\nclient_id = \"us\"\nclient_secret_file = \"{}\"\nsend_by = \"{by}\"\n",
                secret.display()
            );
            let mut bench = Bench::at(listener, servers(), &text).await;
            bench.person(WHO, Role::Administrator, None).await;
            let back = format!("http://localhost:{port}{BACK}");
            let page = bench.get(WHO, PAGE).await.text;
            for said in [why, &back, "paste it below", &format!("href=\"{PAGE}/begin?pastes=1\"")] {
                assert!(page.contains(said), "{public} {said}: {page}");
            }
            assert!(
                !page.contains(&format!("<pre tabindex=\"0\">{public}")),
                "what is refused is not copied: {page}"
            );
            let begun = bench.get(WHO, &format!("{PAGE}/begin?pastes=1")).await;
            assert_eq!(begun.status, 303, "{}", begun.text);
            let there = begun.header("location");
            assert!(there.starts_with("https://accounts.google.com/"), "{there}");
            assert!(there.contains(&format!("redirect_uri=http%3A%2F%2Flocalhost%3A{port}%2F")), "{there}");
            bench.stop().await;
        }
    }
}

/// Nor is an address that a sign-in service would not lead to; what is to be done instead is said.
#[tokio::test]
async fn an_address_that_a_sign_in_service_refuses_is_not_to_be_copied() {
    let mut bench =
        Bench::at(listener().await, servers(), "public_address = \"http://bookpost.local\"\n").await;
    bench.person(WHO, Role::Administrator, None).await;
    let fields =
        "service_address=https%3A%2F%2Fsignin.district.example&service_key=abc&service_name=District";
    let saved = bench.post(WHO, &format!("{PAGE}/service"), fields).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let page = bench.get(WHO, PAGE).await.text;
    assert!(page.contains("The sign-in service sends people back to encrypted addresses"), "{page}");
    assert!(!page.contains("<pre tabindex=\"0\">http://bookpost.local"), "{page}");
    assert!(!page.contains(&format!("href=\"{PAGE}/begin\"")), "{page}");
    bench.stop().await;
}

/// No file is needed: the page says what is to be done at the provider, and takes what that gave.
#[tokio::test]
async fn what_a_provider_knows_us_by_is_entered_on_the_page() {
    let mut bench = Bench::start(servers()).await;
    bench.person(WHO, Role::Administrator, None).await;
    let preferences = bench.get(WHO, "/preferences").await.text;
    assert!(preferences.contains("Set up signing in with Google"), "{preferences}");
    assert!(preferences.contains(PAGE) && !preferences.contains("value=\"google\""));
    let page = bench.get(WHO, PAGE).await.text;
    for said in ["not known there yet", "console.cloud.google.com", BACK, "name=\"client_secret\""] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains(&format!("{PAGE}/begin")), "{page}");
    let alone = bench.post(WHO, &format!("{PAGE}/client"), "client_id=1234.apps").await;
    assert_eq!(alone.status, 422);
    assert!(
        alone.text.contains("value=\"1234.apps\"") && alone.text.contains("aria-invalid"),
        "{}",
        alone.text
    );
    assert!(page.contains("<option value=\"testing\">External, in testing (7 days)</option>"), "{page}");
    let fields = "client_id=+1234.apps+&client_secret=GOCSPX-hidden%0A&audience=testing";
    let saved = bench.post(WHO, &format!("{PAGE}/client"), fields).await;
    assert_eq!(saved.header("location"), format!("{PAGE}?done=client_saved"));
    let set = bench.app.accounts.provider(bookpost::config::Provider::Google).unwrap();
    assert_eq!(set.audience, Some(bookpost::config::Audience::Testing));
    let (page, log) = (bench.get(WHO, PAGE).await.text, bench.get(WHO, "/preferences/log").await.text);
    assert!(page.contains("value=\"1234.apps\"") && page.contains("One is kept"), "{page}");
    assert!(page.contains("<option value=\"testing\" selected>"), "{page}");
    let preferences = bench.get(WHO, "/preferences").await.text;
    assert!(preferences.contains("value=\"google\""), "it can be chosen at once");
    assert!(log.contains("Google, Client secret"), "{log}");
    for text in [&page, &log, &preferences] {
        assert!(!text.contains("GOCSPX-hidden"));
    }
    // Nothing is typed again: the secret is the one of before.
    bench.post(WHO, &format!("{PAGE}/client"), "client_id=5678.apps&client_secret=").await;
    let set = bench.app.accounts.provider(bookpost::config::Provider::Google).unwrap();
    assert_eq!((&*set.client_id, set.client_secret.as_str()), ("5678.apps", "GOCSPX-hidden"));
    let gone = bench.post(WHO, &format!("{PAGE}/client"), "client_id=&client_secret=").await;
    assert_eq!(gone.header("location"), format!("{PAGE}?done=client_forgotten"));
    assert!(bench.app.accounts.provider(bookpost::config::Provider::Google).is_none());
    let stored = bench.app.store.preferences().await.unwrap();
    assert!(stored.values.keys().all(|name| !name.starts_with("google.")), "{:?}", stored.values.keys());
    bench.stop().await;
}

#[tokio::test]
async fn what_stands_in_the_file_is_shown_and_is_changed_there() {
    let (bench, _provider, _secret) = place().await;
    let page = bench.get(WHO, PAGE).await.text;
    assert!(page.contains("which is stronger. It is changed there."), "{page}");
    assert!(page.contains("line 5; ") && page.contains(&format!("<dd>{}</dd>", CLIENT.0)), "{page}");
    assert!(!page.contains("name=\"client_id\"") && !page.contains(CLIENT.1), "{page}");
    let tried = bench.post(WHO, &format!("{PAGE}/client"), "client_id=other&client_secret=other").await;
    assert_eq!(tried.status, 422);
    assert_eq!(bench.app.accounts.provider(bookpost::config::Provider::Google).unwrap().client_id, CLIENT.0);
    bench.stop().await;
}

/// A browser keeps a session for one name only: nobody is sent to come back under another.
#[tokio::test]
async fn who_has_come_by_another_name_goes_to_the_one_that_the_provider_leads_back_to() {
    let (listener, provider) = (listener().await, Provider::start(false, 3600).await.unwrap());
    let (port, (_folder, secret)) = (listener.local_addr().unwrap().port(), secret_file());
    let file = format!(
        "listen = \"127.0.0.1:{port}\"\n[google]\nclient_id = \"us\"\nissuer = \"{}\"\nclient_secret_file = \"{}\"\n",
        provider.issuer(),
        secret.display()
    );
    let mut bench = Bench::at(listener, servers(), &file).await;
    bench.person(WHO, Role::Administrator, None).await;
    let there = format!("http://localhost:{port}{PAGE}");
    let page = bench.get(WHO, PAGE).await.text;
    assert!(page.contains(&format!("class=\"button\" href=\"{there}\"")), "{page}");
    assert!(!page.contains(&format!("class=\"button\" href=\"{PAGE}/begin\"")), "{page}");
    let begun = bench.get(WHO, &format!("{PAGE}/begin")).await;
    assert_eq!((begun.status, begun.header("location")), (303, &*there));
    assert_eq!(begun.header("set-cookie"), "", "nothing goes along");
    // Where that name leads to another computer the address is brought here.
    let pastes = bench.get(WHO, &format!("{PAGE}/begin?pastes=1")).await;
    assert!(pastes.header("location").starts_with(&provider.issuer()), "{}", pastes.header("location"));
    let request = bench.ask(WHO, reqwest::Method::GET, PAGE).header("host", format!("localhost:{port}"));
    let there = Answer::of(request).await.text;
    assert!(there.contains(&format!("class=\"button\" href=\"{PAGE}/begin\"")), "{there}");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_knows_us_by_is_entered_in_a_browser() {
    let bench = Bench::staffed(servers()).await;
    drive("account.mjs", &bench, &[]).await;
    bench.stop().await;
}

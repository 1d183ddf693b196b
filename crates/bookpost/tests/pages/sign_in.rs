//! Signing in and out, and the links by which people come.

use reqwest::Method;
use store::{Actor, LinkPurpose, Role};

use crate::bench::{Answer, Bench, PASSWORD, email, form, servers};

fn fields(name: &str, password: &str, next: &str) -> String {
    format!(
        "email={}&password={}&next={next}",
        email(name),
        password.replace(' ', "+").replace('ö', "%C3%B6")
    )
}

async fn sign_in(bench: &Bench, who: &str, body: String) -> Answer {
    Answer::of(form(bench.ask(who, Method::POST, "/sign-in"), body)).await
}

#[tokio::test]
async fn who_signs_in_goes_on_where_they_were() {
    let mut bench = Bench::start(servers()).await;
    bench.person("ann", Role::Manager, None).await;
    let asked = bench.get("nobody", "/queue?state=held&tag=a%26b").await;
    assert_eq!(
        (asked.status, asked.header("location")),
        (303, "/sign-in?next=%2Fqueue%3Fstate%3Dheld%26tag%3Da%2526b")
    );
    let page = bench.get("nobody", asked.header("location")).await.text;
    assert!(page.contains("name=\"next\" value=\"/queue?state=held&#38;tag=a%26b\""), "{page}");
    for (next, location) in [
        ("/queue?state=held", "/queue?state=held"),
        ("https://attacker.example", "/"),
        ("//attacker.example", "/"),
        ("/%5Cattacker.example", "/"),
    ] {
        let answer = sign_in(&bench, "nobody", fields("ann", PASSWORD, &next.replace('&', "%26"))).await;
        assert_eq!((answer.status, answer.header("location")), (303, location), "{next}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_session_has_a_new_token_that_scripts_cannot_read() {
    let mut bench = Bench::start(servers()).await;
    bench.person("ann", Role::Manager, None).await;
    let known = bench.tokens["ann"].clone();
    // With the token of a session, or one that somebody else made up, in the browser already.
    for shown in [known.clone(), "made-up".to_owned()] {
        bench.tokens.insert("shown", shown.clone());
        let answer = sign_in(&bench, "shown", fields("ann", PASSWORD, "/")).await;
        let cookie = answer.header("set-cookie");
        let (token, flags) = cookie.strip_prefix("bookpost=").unwrap().split_once("; ").unwrap();
        assert_eq!(flags, "Path=/; HttpOnly; SameSite=Lax");
        assert!(token.len() == 43 && token != shown, "{token}");
    }
    let wrong = sign_in(&bench, "nobody", fields("ann", "wrong", "/")).await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (403, ""));
    assert!(
        wrong.text.contains("do not go together") && wrong.text.contains(&email("ann")),
        "{}",
        wrong.text
    );
    assert!(!wrong.text.contains("wrong\""), "a password is not sent back");
    bench.stop().await;
}

/// By https, at the address that the settings name, whoever it is that passes requests on.
#[tokio::test]
async fn by_https_the_cookie_goes_over_https_only() {
    let public = "https://mail.library.example";
    let mut bench = Bench::with(servers(), &format!("public_address = {public:?}")).await;
    bench.person("ann", Role::Manager, None).await;
    let request = |method: Method, path: &str| {
        let request = bench.client.request(method, format!("{}{path}", bench.origin));
        request.header("host", "mail.library.example").header("origin", public)
    };
    let answer = Answer::of(form(request(Method::POST, "/sign-in"), fields("ann", PASSWORD, "/"))).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-bookpost="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    for (cookie, status) in [(pair.to_owned(), 200), (pair.replace("__Host-", ""), 303)] {
        let answer = Answer::of(request(Method::GET, "/").header("cookie", &cookie)).await;
        assert_eq!(answer.status, status, "{cookie}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn who_signs_out_is_out() {
    let mut bench = Bench::start(servers()).await;
    bench.person("ann", Role::Manager, None).await;
    let out = bench.post("ann", "/sign-out", "").await;
    assert_eq!((out.status, out.header("location")), (303, "/sign-in?done=signed_out"));
    assert_eq!(out.header("set-cookie"), "bookpost=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(bench.get("ann", "/").await.status, 303);
    bench.stop().await;
}

#[tokio::test]
async fn who_guesses_is_told_to_wait() {
    let mut bench = Bench::start(servers()).await;
    bench.person("ann", Role::Manager, None).await;
    let mut last = 0;
    for guess in 0..12 {
        let answer = sign_in(&bench, "nobody", fields("ann", &format!("wrong{guess}"), "/")).await;
        last = answer.status;
        if last == 429 {
            assert!(answer.text.contains("bookpost people reset-link"), "{}", answer.text);
            break;
        }
    }
    assert_eq!(last, 429);
    bench.stop().await;
}

#[tokio::test]
async fn links_lead_in_once() {
    let mut bench = Bench::start(servers()).await;
    let (people, cli) = (bench.app.people.clone(), Actor::CommandLine);
    let code = people.make_link(LinkPurpose::SetUp, None, cli.clone()).await.unwrap().code.text().to_owned();
    let page = bench.get("nobody", &format!("/set-up?code={code}")).await;
    assert!(page.status == 200 && page.text.contains(&code), "{}", page.text);
    assert_eq!(bench.get("nobody", &format!("/reset?code={code}")).await.status, 410);
    let set_up = |email: &str, password: &str| {
        let body = format!("code={code}&email={email}&name=Ann+Lee&password={password}");
        Answer::of(form(bench.ask("nobody", Method::POST, "/set-up"), body))
    };
    for (email, password, status, said) in [
        ("ann", "elf+zwolf+zehn", 422, "is not complete"),
        ("ann@library.example", "short", 422, "at least 12 characters"),
        ("ann@library.example", "password1234", 422, "guessed first"),
        ("ann@library.example", "elf+zwolf+zehn", 303, ""),
        ("eve@library.example", "elf+zwolf+zehn", 410, "Bookpost is set up already."),
    ] {
        let answer = set_up(email, password).await;
        assert_eq!(answer.status, status, "{email} {password}");
        assert!(answer.text.contains(said), "{}", answer.text);
        assert_eq!(answer.header("set-cookie").is_empty(), status != 303);
    }
    bench.person("bob", Role::Viewer, None).await;
    let bob = bench.app.store.people().await.unwrap()[1].id;
    let code = people.make_link(LinkPurpose::Reset, Some(bob), cli).await.unwrap().code.text().to_owned();
    let page = bench.get("nobody", &format!("/reset?code={code}")).await;
    assert!(page.text.contains("value=\"bob@library.example\""), "{}", page.text);
    let body = format!("code={code}&password=drei+vier+sechs");
    let taken = Answer::of(form(bench.ask("nobody", Method::POST, "/reset"), body.clone())).await;
    assert_eq!((taken.status, taken.header("location")), (303, "/"));
    // What he had before is over, and so is the link.
    assert_eq!(bench.get("bob", "/").await.status, 303);
    assert_eq!(Answer::of(form(bench.ask("nobody", Method::POST, "/reset"), body)).await.status, 410);
    bench.stop().await;
}

#[tokio::test]
async fn a_page_is_in_the_language_of_whoever_reads_it() {
    let mut bench = Bench::start(servers()).await;
    bench.person("ann", Role::Manager, None).await;
    let request = bench.ask("nobody", Method::GET, "/sign-in").header("accept-language", "es-MX,es;q=0.9");
    let page = Answer::of(request).await.text;
    assert!(page.contains("<html lang=\"es\">") && page.contains("Contraseña"), "{page}");
    let changed = bench.post("ann", "/language", "language=es&next=/queue").await;
    assert_eq!(changed.header("location"), "/queue?done=language");
    assert!(bench.get("ann", "/queue").await.text.contains("<html lang=\"es\">"));
    for (fields, location) in
        [("language=xx&next=/queue", "/queue"), ("language=en&next=//e.example", "/?done=language")]
    {
        assert_eq!(bench.post("ann", "/language", fields).await.header("location"), location);
    }
    bench.stop().await;
}

#[tokio::test]
async fn before_there_is_an_administrator_the_page_says_how_one_is_made() {
    let mut bench = Bench::start(servers()).await;
    bench.person("ann", Role::Manager, None).await;
    let wrong = fields("ann", "wrong", "/");
    for page in [bench.get("nobody", "/sign-in").await, sign_in(&bench, "nobody", wrong).await] {
        assert!(page.text.contains("Nobody can sign in as administrator yet."), "{}", page.text);
        assert!(page.text.contains("<code>bookpost people setup-link</code>"), "{}", page.text);
    }
    bench.person("administrator", Role::Administrator, None).await;
    let page = bench.get("nobody", "/sign-in").await.text;
    assert!(!page.contains("as administrator") && !page.contains("setup-link"), "{page}");
    bench.stop().await;
}

/// In words of ours: nothing of what the browser says stands on the page or in the store.
#[tokio::test]
async fn places_where_somebody_is_signed_in_are_told_apart_by_their_browsers() {
    let mut bench = Bench::start(servers()).await;
    bench.person("ann", Role::Manager, None).await;
    for browser in ["Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0", "<i>curl/8</i>"] {
        let shown = bench.ask("nobody", Method::POST, "/sign-in").header("user-agent", browser);
        assert_eq!(Answer::of(form(shown, fields("ann", PASSWORD, "/"))).await.status, 303);
    }
    let page = bench.get("ann", "/account").await.text;
    assert_eq!(
        page.matches("<div>Firefox on Windows, the computer where Bookpost works").count(),
        1,
        "{page}"
    );
    assert!(page.contains("<div>the computer where Bookpost works"), "{page}");
    let kept = bench.app.store.sessions(bench.now()).await.unwrap();
    let kept: Vec<_> = kept.into_iter().filter_map(|session| session.browser).collect();
    assert_eq!(kept, ["Firefox on Windows"]);
    bench.stop().await;
}

//! What a page elsewhere, a program in between or a message itself cannot do.

use reqwest::header::HeaderMap;
use store::{State, Verdict};

use crate::bench::{Answer, Bench, form, notice, servers};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What a message that is shown as it was written may do.
const STRANGER: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";
/// What programs ask for: no page.
const FOR_PROGRAMS: [&str; 2] = ["/healthz", "/metrics"];

/// What every answer, to whomever and by whichever method, tells a browser. The table of rights asks this of each of its cells.
pub(crate) fn heads_are_right(path: &str, heads: &HeaderMap) {
    let said = |name: &str| heads.get(name).map_or("", |value| value.to_str().unwrap());
    if FOR_PROGRAMS.contains(&path) {
        assert_eq!(said("content-security-policy"), "", "{path}");
        return;
    }
    let stranger =
        path.ends_with("/html") && heads.get("content-security-policy").is_some_and(|own| own != POLICY);
    for (name, value) in [
        ("content-security-policy", if stranger { STRANGER } else { POLICY }),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ] {
        assert_eq!(said(name), value, "{path}: {name}");
    }
    for cookie in heads.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        let flags: Vec<_> = cookie.split("; ").skip(1).filter(|flag| !flag.starts_with("Max-Age=")).collect();
        assert_eq!(flags, ["Path=/", "HttpOnly", "SameSite=Lax"], "{path}: {cookie}");
    }
    if let Some(place) = heads.get("location") {
        let place = place.to_str().unwrap();
        assert!(place.starts_with('/') && !place.starts_with("//"), "{path} leads to {place}");
    }
}

/// No style and no script of its own, only files of ours.
#[tokio::test]
async fn no_page_has_a_script_or_a_style_in_it() {
    let bench = Bench::staffed(servers()).await;
    let id = bench.mail(notice("p@example.org", "Overdue"), None).await.0;
    let mut style = None;
    for path in crate::rights::pages(id).chain(["/nothing-here".to_owned()]) {
        let text = bench.get("administrator", &path).await.text;
        for inline in ["<style", " style=\"", " onclick", "javascript:"] {
            assert!(!text.contains(inline), "{path}: {inline}");
        }
        let scripts = text.matches("<script").count();
        let ours = text.matches("<script type=\"module\" src=\"/assets/pages-").count();
        assert!(scripts == ours, "{path}");
        style = style.or_else(|| {
            text.split("href=\"")
                .find_map(|rest| rest.split('"').next().filter(|path| path.contains("style")))
                .map(str::to_owned)
        });
    }
    let style = bench.get("nobody", &style.unwrap()).await;
    assert_eq!(style.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(style.header("x-content-type-options"), "nosniff");
    bench.stop().await;
}

/// Files are known by their names, of which none is a path.
#[tokio::test]
async fn no_path_leads_out_of_the_assets() {
    let bench = Bench::staffed(servers()).await;
    for name in [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2fstyle.css",
        "..%5c..%5cx",
        "%2fetc%2fpasswd",
        "%00",
        "style.css%00",
        "%ff",
    ] {
        let answer = bench.get("administrator", &format!("/assets/{name}")).await;
        assert!(matches!(answer.status, 400 | 404), "{name}: {}", answer.status);
        assert!(!answer.text.contains("root:"), "{name}");
    }
    bench.stop().await;
}

/// Neither by a form elsewhere, nor with a form of another session, nor without one.
#[tokio::test]
async fn a_page_elsewhere_has_nothing_done() {
    let bench = Bench::staffed(servers()).await;
    let id = bench.mail(notice("p@example.org", "Overdue"), None).await;
    let (own, others) =
        (bench.get("manager", "/").await.form_token(), bench.get("administrator", "/").await.form_token());
    let send = |origin: Option<&str>, site: Option<&str>, token: &str| {
        let mut request = bench.client.post(format!("{}/queue/decide", bench.origin));
        request = request.header("cookie", format!("bookpost={}", bench.tokens["manager"]));
        for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
            request = value.into_iter().fold(request, |request, value| request.header(name, value));
        }
        Answer::of(form(request, format!("form_token={token}&do=hold&id={}", id.0)))
    };
    let here = bench.origin.as_str();
    for (origin, site, token, status) in [
        (Some("https://attacker.example"), Some("cross-site"), &*own, 403),
        (Some("https://attacker.example"), None, &own, 403),
        (Some("null"), Some("cross-site"), &own, 403),
        (None, None, &own, 403),
        (Some(here), Some("same-site"), &own, 403),
        (Some(here), Some("same-origin"), "", 400),
        (Some(here), Some("same-origin"), &others, 400),
        (Some(here), Some("same-origin"), "AAAA", 400),
    ] {
        let answer = send(origin, site, token).await;
        assert_eq!(answer.status, status, "{origin:?} {site:?} {token}");
        let state = bench.app.store.show(id).await.unwrap()[0].0.state;
        assert_eq!(state, State::Waiting, "{origin:?} {site:?} {token}");
    }
    // More than any form of ours has.
    let long = format!("{own}&next={}", "x".repeat(256 << 10));
    assert_eq!(send(Some(here), Some("same-origin"), &long).await.status, 400);
    assert_eq!(send(Some(here), Some("same-origin"), &own).await.status, 303);
    assert_eq!(bench.app.store.show(id).await.unwrap()[0].0.state, State::Held);
    bench.stop().await;
}

/// A page elsewhere that had its own name lead here reads nothing: its name is not known.
#[tokio::test]
async fn it_is_asked_by_its_own_name_only() {
    let bench = Bench::staffed(servers()).await;
    for (host, status) in [
        ("localhost:8625", 200),
        ("127.0.0.1:8625", 200),
        ("[::1]:8625", 200),
        ("attacker.example", 421),
        ("localhost.attacker.example:8625", 421),
    ] {
        for path in ["/", "/queue", "/sign-in"] {
            let request = bench.client.get(format!("{}{path}", bench.origin)).header("host", host);
            let request = request.header("cookie", format!("bookpost={}", bench.tokens["administrator"]));
            assert_eq!(Answer::of(request).await.status, status, "{host} {path}");
        }
    }
    bench.stop().await;
}

/// Whatever others write is text: a subject, a tag, a name, an address, a server's answer.
#[tokio::test]
async fn what_others_write_is_never_markup() {
    const QUERY: &str = "%3C%2Ftitle%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%3E";
    const EVIL: &str = "</title><script>alert(1)</script><img src=x onerror='alert(2)'>\"{{ 7*7 }}";
    let bench = Bench::staffed(servers()).await;
    let mut message = notice("\"<script>alert(3)</script>\"@example.org", EVIL);
    message.application = EVIL.to_owned();
    message.tags = vec![EVIL.to_owned()];
    message.message_id = EVIL.to_owned();
    message.patron = Some(store::Patron { name: EVIL.to_owned(), number: None });
    let id = bench.answered(message, Some(Verdict::Returned), Some(EVIL)).await;
    let version = bench.app.store.preferences().await.unwrap().version;
    let form = format!("code=EVIL&name={QUERY}&email=desk@library.example&version={version}");
    let added = bench.post("administrator", "/preferences/libraries/add", &form).await;
    assert_eq!(added.status, 303, "{}", added.text);
    let kind = store::AlarmKind::Held;
    bench.app.store.raise(kind, EVIL, EVIL, bench.now()).await.unwrap();
    let settings = store::PersonSettings {
        email: "\"<script>alert(4)</script>\"@library.example".parse().unwrap(),
        name: EVIL.parse().unwrap(),
        role: store::Role::Manager,
        sites: [EVIL.to_owned()].into(),
        language: None,
    };
    let person = bench.app.store.add_person(settings, store::Actor::CommandLine, bench.now()).await.unwrap();
    let who = store::Actor::Person { id: person.id, name: person.name.clone() };
    let evil = || Some(EVIL.to_owned());
    let what = store::Deed::PersonChanged;
    let line = store::NewAudit { who, what, about: EVIL.to_owned(), old: evil(), new: evil() };
    bench.app.store.note_audit(line, bench.now()).await.unwrap();
    let query = QUERY;
    let asked = [
        format!("/queue/{}/text?as=source", id.0),
        format!("/queue/decide?do=retry&id={}&next={query}", id.0),
        format!("/queue?to={query}&tag={query}&run={query}&since={query}&site={query}&program={query}"),
        format!("/?done={query}&n={query}"),
        format!("/preferences/people/{}", person.id.0),
        format!("/preferences/people/{}/act?do=invite", person.id.0),
        format!("/preferences/people/{query}"),
        format!("/preferences/log?who={query}&what={query}&after={query}"),
        format!("/sign-in?next={query}"),
        format!("/reset?code={query}"),
        "/preferences/libraries/change?code=EVIL".to_owned(),
        format!("/preferences/libraries/remove?code={query}"),
        "/preferences/libraries/logo?code=EVIL".to_owned(),
        format!("/preferences/programs/1/revoke?key={query}"),
        format!("/preferences/test/arrived?test=1&is={query}"),
    ];
    for path in crate::rights::pages(id.0).chain(asked) {
        let answer = bench.get("administrator", &path).await;
        assert!(answer.status < 500, "{path}: {}", answer.status);
        for markup in ["<script>", "<img", "</title><"] {
            assert!(!answer.text.contains(markup), "{path}: {markup}");
        }
        assert!(answer.text.matches("</title>").count() <= 1, "{path}");
    }
    bench.stop().await;
}

/// A message is shown in a frame that runs nothing, and whoever opened it is in the log.
#[tokio::test]
async fn a_message_is_read_by_whoever_may_and_on_record() {
    let bench = Bench::staffed(servers()).await;
    let id = bench.mail(notice("p@example.org", "Overdue"), Some(Verdict::Delivered)).await.0;
    let plain = bench.get("manager", &format!("/queue/{id}/text")).await.text;
    assert!(plain.contains("Please bring back &#60;Moby Dick&#62;."), "{plain}");
    let html = bench.get("manager", &format!("/queue/{id}/text?as=html")).await.text;
    assert!(html.contains(&format!("<iframe sandbox src=\"/queue/{id}/html\"")), "{html}");
    assert!(!html.contains("<i>Moby"), "{html}");
    let framed = bench.get("manager", &format!("/queue/{id}/html")).await;
    assert!(framed.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    assert!(framed.text.contains("<i>Moby Dick</i>"));
    let source = bench.get("manager", &format!("/queue/{id}/text?as=source")).await.text;
    assert!(source.contains("boundary=b"), "{source}");
    bench.get("viewer", &format!("/queue/{id}/text")).await;
    bench.get("elsewhere", &format!("/queue/{id}/html")).await;
    let log = bench.app.store.audit(store::AuditFilter::default(), None, 50).await.unwrap();
    let opened: Vec<_> = log.iter().filter(|line| line.what == store::Deed::TextOpened).collect();
    assert_eq!(opened.len(), 3, "{opened:?}");
    for line in opened {
        assert!(
            matches!(&line.who, store::Actor::Person { name, .. } if name.as_str() == "manager"),
            "{line:?}"
        );
        assert_eq!(line.about, format!("message {id}"));
    }
    bench.stop().await;
}

//! Links that go to people by mail, and those that are shown because they cannot.

use std::{path::Path, sync::Arc};

use bookpost::config::{Server, Way};
use reqwest::Method;
use store::{AuditFilter, Class, Deed, Filter, Kind, LinkPurpose, Role, Row};
use testkit::sink::{Settings, Sink};

use crate::bench::{Answer, Bench, PASSWORD, email, form, notice, servers};

const PUBLIC: &str = "https://books.library.example";

async fn sink() -> (Sink, Way) {
    let sink = Sink::start(Settings { keep_bytes: true, ..Settings::default() }).await.unwrap();
    let way = Way::Servers(vec![Arc::new(Server::plain("server1", sink.address()))]);
    (sink, way)
}

async fn bench(way: Way) -> Bench {
    let mut bench = Bench::with(way, &format!("public_address = {PUBLIC:?}")).await;
    bench.person("ann", Role::Administrator, None).await;
    bench.person("max", Role::Manager, None).await;
    bench
}

/// The text of the mail that the server took as this one in order.
fn text(sink: &Sink, at: usize) -> String {
    let taken = sink.taken();
    mailparse::parse_mail(&taken[at].bytes).unwrap().get_body().unwrap()
}

fn code(text: &str, page: &str) -> String {
    let (_, rest) = text.split_once(&format!("{PUBLIC}/{page}?code=")).unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

async fn letters(bench: &Bench) -> Vec<Row> {
    let filter = Filter { kind: Some(Kind::Staff), ..Filter::default() };
    bench.app.store.list(filter, None, 99).await.unwrap()
}

fn holds(folder: &Path, needle: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        // The journal's may have gone meanwhile.
        std::fs::read(path)
            .unwrap_or_default()
            .windows(needle.len())
            .any(|window| window == needle.as_bytes())
    })
}

async fn ask(bench: &Bench, address: &str) -> Answer {
    Answer::of(form(bench.ask("nobody", Method::POST, "/forgotten"), format!("email={address}"))).await
}

#[tokio::test]
async fn an_invitation_goes_by_mail_and_nobody_else_can_use_it() {
    let (sink, way) = sink().await;
    let bench = bench(way).await;
    let added =
        bench.post("ann", "/preferences/people", "name=Cleo&email=cleo@library.example&role=viewer").await;
    assert_eq!(added.header("location"), "/preferences/people?done=person_added", "{}", added.text);
    sink.wait_for(1).await;
    let (letter, text) = (sink.taken().remove(0), text(&sink, 0));
    assert_eq!((letter.from.as_str(), letter.to), ("", vec![email("cleo")]));
    assert!(text.contains("Hello Cleo,") && text.contains("It works once, within 7 days."), "{text}");
    let code = code(&text, "invitation");
    let row = letters(&bench).await.remove(0);
    assert_eq!((row.class, row.practice), (Class::Urgent, false));
    // Who may open every text, an administrator and the files themselves.
    for who in ["max", "ann"] {
        for ending in ["text", "text?as=source", "text?as=html", "html"] {
            let shown = bench.get(who, &format!("/queue/{}/{ending}", row.message.0)).await.text;
            assert!(!shown.contains(&code), "{who} {ending}: {shown}");
        }
        let shown = bench.get(who, &format!("/queue/{}/text", row.message.0)).await.text;
        assert!(shown.contains("sealed until it is sent"), "{shown}");
    }
    let folder = bench.app.settings.now().data_dir.clone();
    assert!(holds(&folder, "cleo@library.example") && !holds(&folder, &code));
    let taken = form(
        bench.ask("nobody", Method::POST, "/invitation"),
        format!("code={code}&password=elf+zwolf+zehn"),
    );
    assert_eq!(Answer::of(taken).await.status, 303);
    bench.stop().await;
}

/// Whoever reads the sealed text may hand it in again: then it is a text like any other, even to the same person.
#[tokio::test]
async fn a_copy_of_a_sealed_letter_stays_sealed() {
    let (sink, way) = sink().await;
    let bench = bench(way).await;
    bench.post("ann", "/preferences/people/2/act", "do=reset").await;
    sink.wait_for(1).await;
    let sealed = bench.app.store.body(letters(&bench).await[0].message).await.unwrap().unwrap();
    for to in ["max", "ann"] {
        let due = store::NewMessage {
            bytes: sealed.clone(),
            first_due_at: bench.now(),
            ..notice(&email(to), "Copy")
        };
        bench.app.receiver.accept(vec![due]).await.unwrap();
    }
    sink.wait_for(3).await;
    for copy in &sink.taken()[1..] {
        assert!(String::from_utf8_lossy(&copy.bytes).contains("sealed until it is sent"), "{:?}", copy.to);
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_person_is_written_to_in_their_language_and_for_no_longer_than_the_link_lasts() {
    let bench = bench(servers()).await;
    bench.post("max", "/account", "name=Max&speaks=es").await;
    let answer = bench.post("ann", "/preferences/people/2/act", "do=reset").await;
    assert_eq!(answer.header("location"), "/preferences/people/2?done=reset_sent", "{}", answer.text);
    let row = letters(&bench).await.remove(0);
    assert!(row.subject.starts_with("Una contraseña nueva"), "{}", row.subject);
    assert_eq!(row.expires_at - bench.now(), jiff::SignedDuration::from_hours(1));
    bench.stop().await;
}

/// Where nobody has chosen yet, that is why.
#[tokio::test]
async fn no_link_is_mailed_before_a_way_of_sending_is_chosen() {
    let bench = Bench::of_file("").await;
    let ask = bench.get("administrator", "/preferences/people/new").await.text;
    assert!(ask.contains("Bookpost cannot mail the link: no way of sending is chosen."), "{ask}");
    bench.stop().await;
}

/// And says why. The link that is shown works.
#[tokio::test]
async fn where_nothing_can_be_mailed_the_link_is_shown_once() {
    for (way, public, paused, why) in [
        (Way::None, true, false, "“Do not send” is chosen"),
        (Way::Practice, true, false, "Practice mailbox"),
        (servers(), true, true, "all sending is paused"),
        (servers(), false, false, "name no public address"),
    ] {
        let mut bench =
            Bench::with(way, &if public { format!("public_address = {PUBLIC:?}") } else { String::new() })
                .await;
        bench.person("ann", Role::Administrator, None).await;
        if paused {
            bench.post("ann", "/sending", "what=pause").await;
        }
        let ask = bench.get("ann", "/preferences/people/new").await.text;
        assert!(ask.contains(why) && ask.contains("You will see the link once"), "{ask}");
        let form_of = "name=Cleo&email=cleo@library.example&role=viewer";
        let shown = bench.post("ann", "/preferences/people", form_of).await;
        assert!(shown.status == 200 && shown.text.contains(why), "{}", shown.text);
        let origin = if public { PUBLIC } else { &bench.origin };
        let (_, rest) = shown.text.split_once(&format!("{origin}/invitation?code=")).unwrap();
        let path = format!("/invitation?code={}", rest.split('<').next().unwrap());
        assert_eq!(bench.get("nobody", &path).await.status, 200);
        assert!(letters(&bench).await.is_empty());
        // Nor can whoever asks for one at the sign-in page have it.
        let forgotten = bench.get("nobody", "/forgotten").await.text;
        assert!(forgotten.contains(why) && !forgotten.contains("<form"), "{forgotten}");
        assert_eq!(crate::letters::ask(&bench, &email("ann")).await.status, 503);
        bench.stop().await;
    }
}

/// Whoever has forgotten the password gets a link that works once; whether an address is known is told to nobody.
#[tokio::test]
async fn who_has_forgotten_the_password_gets_a_link_and_nobody_learns_who_has_an_account() {
    let (sink, way) = sink().await;
    let bench = bench(way).await;
    bench.post("ann", "/preferences/people/2/act", "do=off").await;
    let mut answers = Vec::new();
    for address in ["nobody@library.example", &email("max"), "ANN@Library.example"] {
        let answer = ask(&bench, address).await;
        let mut headers: Vec<_> = answer.headers.iter().filter(|(name, _)| *name != "date").collect();
        headers.sort_by_key(|(name, _)| name.as_str());
        answers.push(format!("{} {headers:?} {}", answer.status, answer.text));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].contains("/sign-in?done=link_asked"), "{answers:?}");
    sink.wait_for(1).await;
    assert_eq!(sink.taken()[0].to, [email("ann")]);
    let code = code(&text(&sink, 0), "reset");
    assert!(!holds(&bench.app.settings.now().data_dir, &code));
    let take = async |password: &str| {
        let body = format!("code={code}&password={password}");
        Answer::of(form(bench.ask("nobody", Method::POST, "/reset"), body)).await.status
    };
    assert_eq!(take("ten+nine+eight").await, 303);
    assert_eq!(take("one+two+three+four").await, 410, "it is used once");
    assert_eq!(bench.get("ann", "/").await.status, 303, "all other sessions are ended");
    let made = AuditFilter { what: Some(Deed::ResetLinkMade), ..AuditFilter::default() };
    let made = bench.app.store.audit(made, None, 9).await.unwrap();
    assert_eq!(made.len(), 1);
    assert_eq!((&made[0].who, &made[0].about), (&store::Actor::NotSignedIn, &email("ann")));
    bench.stop().await;
}

#[tokio::test]
async fn a_link_by_mail_opens_for_an_hour() {
    let (sink, way) = sink().await;
    let bench = bench(way).await;
    ask(&bench, &email("ann")).await;
    sink.wait_for(1).await;
    let path = format!("/reset?code={}", code(&text(&sink, 0), "reset"));
    bench.pass(59);
    assert_eq!(bench.get("nobody", &path).await.status, 200);
    bench.pass(1);
    assert_eq!(bench.get("nobody", &path).await.status, 410);
    bench.stop().await;
}

#[tokio::test]
async fn who_asks_for_links_again_and_again_waits_and_no_mailbox_is_filled() {
    let (sink, way) = sink().await;
    let bench = bench(way).await;
    let mut last = 0;
    for asked in 0..12 {
        let answer = ask(&bench, &email("ann")).await;
        last = answer.status;
        if last == 429 {
            assert!(answer.text.contains("Links were asked for too often"), "{}", answer.text);
            assert_eq!(asked, 6);
            break;
        }
    }
    assert_eq!(last, 429);
    sink.wait_for(3).await;
    bench.pass(10);
    // Another is served as ever; and what is sent to Max comes after whatever was to come for Ann.
    assert_eq!(ask(&bench, &email("ann")).await.status, 303);
    bench.pass(10);
    assert_eq!(ask(&bench, &email("max")).await.status, 303);
    sink.wait_for(4).await;
    let to: Vec<_> = sink.taken().into_iter().flat_map(|letter| letter.to).collect();
    assert_eq!(to, [email("ann"), email("ann"), email("ann"), email("max")]);
    bench.stop().await;
}

#[tokio::test]
async fn what_is_no_address_is_said() {
    let bench = bench(servers()).await;
    let answer = ask(&bench, "ann").await;
    assert!(answer.status == 422 && answer.text.contains("is not complete"), "{}", answer.text);
    bench.stop().await;
}

/// Behind a proxy that is named, each of those who ask by it is a place of their own.
#[tokio::test]
async fn behind_a_proxy_nobody_waits_for_what_another_guesses() {
    let mut bench = Bench::with(servers(), "behind_proxy = \"127.0.0.1/32\"").await;
    bench.person("ann", Role::Administrator, None).await;
    let guess = async |from: &str, who: &str, password: &str| {
        let request = bench.client.post(format!("{}/sign-in", bench.origin));
        let request = request.header("sec-fetch-site", "same-origin").header("x-forwarded-for", from);
        let request = request.header("x-forwarded-proto", "https");
        let body = format!("email={}&password={password}", email(who));
        Answer::of(form(request, body)).await.status
    };
    for at in 0..9 {
        guess("192.0.2.1", "eve", &format!("wrong{at}")).await;
    }
    assert_eq!(guess("192.0.2.1", "bob", "wrong").await, 429);
    assert_eq!(guess("192.0.2.2", "bob", "wrong").await, 403);
    let sessions = bench.app.store.sessions(bench.now()).await.unwrap();
    assert_eq!(sessions.len(), 1);
    bench.stop().await;
}

/// Nobody knows how what it passes on came to it, whatever it says: no page is shown, no form taken.
#[tokio::test]
async fn what_a_web_server_passes_on_that_is_not_named_is_turned_away() {
    for settings in ["", "behind_proxy = \"10.1.2.3\""] {
        let mut bench = Bench::with(servers(), settings).await;
        bench.person("ann", Role::Administrator, None).await;
        for (name, value) in
            [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "https"), ("forwarded", "for=192.0.2.1")]
        {
            let path = format!("{}/sign-in", bench.origin);
            let shown = Answer::of(bench.client.get(&path).header(name, value)).await;
            assert!(shown.status == 403 && shown.text.contains("named in behind_proxy"), "{}", shown.text);
            let request = bench.client.post(path).header("sec-fetch-site", "same-origin").header(name, value);
            let body = format!("email={}&password={PASSWORD}", email("ann"));
            let taken = Answer::of(form(request, body)).await;
            assert!(taken.status == 403 && taken.text == shown.text, "{}", taken.text);
        }
        assert_eq!(bench.get("nobody", "/sign-in").await.status, 200);
        bench.stop().await;
    }
}

/// Neither a form nor a cookie is taken that others could read on its way to the proxy.
#[tokio::test]
async fn what_came_to_a_proxy_in_plain_is_turned_away() {
    let mut bench = Bench::with(servers(), "behind_proxy = \"127.0.0.1/32\"").await;
    bench.person("ann", Role::Administrator, None).await;
    for (scheme, status) in [(None, 403), (Some("http"), 403), (Some("https"), 200)] {
        let request = bench.client.get(format!("{}/sign-in", bench.origin));
        let request = request.header("x-forwarded-for", "192.0.2.1");
        let request =
            scheme.iter().fold(request, |request, scheme| request.header("x-forwarded-proto", *scheme));
        let answer = Answer::of(request).await;
        assert_eq!(answer.status, status, "{scheme:?}");
        assert_eq!(answer.text.contains("ask by https"), status == 403, "{}", answer.text);
    }
    bench.stop().await;
}

/// The page that shows a link, and the address that opens it, are the same for the command line.
#[tokio::test]
async fn a_link_of_another_kind_opens_no_other_page() {
    let bench = bench(servers()).await;
    let person = bench.app.store.person_of(&email("max").parse().unwrap()).await.unwrap();
    let who = store::Actor::CommandLine;
    let made = bench.app.people.make_link(LinkPurpose::Reset, Some(person.id), who).await.unwrap();
    for (page, status) in [("reset", 200), ("invitation", 410), ("set-up", 410)] {
        let answer = bench.get("nobody", &format!("/{page}?code={}", made.code.text())).await;
        assert_eq!(answer.status, status, "{page}");
    }
    bench.stop().await;
}

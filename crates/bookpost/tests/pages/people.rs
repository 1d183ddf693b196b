//! People: who they are, what they may do, and what an administrator does about it.

use store::{AuditFilter, Deed, Person, Role};

use crate::bench::{Bench, email, servers};

async fn person(bench: &Bench, name: &str) -> Person {
    bench.app.store.person_of(&email(name).parse().unwrap()).await.unwrap()
}

async fn path(bench: &Bench, name: &str) -> String {
    format!("/preferences/people/{}", person(bench, name).await.id.0)
}

/// What the form says that a page has.
fn seen(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"seen\" value=\"").unwrap();
    let seen = rest.split('"').next().unwrap().replace("&#34;", "\"");
    seen.replace('%', "%25").replace('&', "%26").replace('+', "%2B")
}

#[tokio::test]
async fn the_list_says_how_everybody_stands() {
    let mut bench = Bench::start(servers()).await;
    bench.person("ann", Role::Administrator, None).await;
    let alone = bench.get("ann", "/preferences/people").await.text;
    assert!(
        alone.contains("Only you can sign in.") && alone.contains("<span class=\"tag\">you</span>"),
        "{alone}"
    );
    bench.person("bob", Role::Manager, Some("EAST")).await;
    bench.pass(90);
    bench.get("bob", "/").await;
    bench.post("ann", "/preferences/people", "name=Cleo&email=cleo@library.example&role=viewer").await;
    bench.person("dan", Role::Viewer, None).await;
    bench.post("ann", &format!("{}/act", path(&bench, "dan").await), "do=off").await;
    let page = bench.get("ann", "/preferences/people").await.text;
    assert!(!page.contains("Only you can sign in."), "{page}");
    let line = |name: &str| {
        let at = page.rfind(&format!("\">{name}</a>")).unwrap();
        page[at..].split("</li>").next().unwrap().to_owned()
    };
    for (name, expected) in [
        ("ann", &["Administrator", "All libraries"][..]),
        ("bob", &["Manager", "East Branch", "last seen <time datetime=\"2026-11-28T15:35:00Z\">15:35"]),
        ("Cleo", &["Viewer", "cleo@library.example", "invited, not in yet"]),
        ("dan", &["switched off since 15:35"]),
    ] {
        let line = line(name);
        assert!(expected.iter().all(|part| line.contains(part)), "{name}: {line}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_form_is_said_where_it_is() {
    let bench = Bench::staffed(servers()).await;
    for (form, said) in [
        ("name=&email=cleo@library.example&role=viewer", "Enter a name"),
        ("name=Cleo&email=cleo&role=viewer", "email address is not complete"),
        ("name=Cleo&email=cleo@library.example&role=owner", "Choose a role"),
        ("name=Cleo&email=cleo@library.example&role=manager&reach=some", "Tick at least one library"),
        ("name=Cleo&email=cleo@library.example&role=manager&reach=some&site=X", "Tick at least one library"),
        ("name=Bob&email=VIEWER@library.example&role=viewer", "Somebody signs in with this email address"),
    ] {
        let before = bench.app.store.people().await.unwrap();
        for path in ["/preferences/people", "/preferences/people/2"] {
            let seen = seen(&bench.get("administrator", "/preferences/people/2").await.text);
            let answer = bench.post("administrator", path, &format!("{form}&seen={seen}")).await;
            assert_eq!(answer.status, 422, "{path} {form}");
            assert!(answer.text.contains("class=\"fault\"") && answer.text.contains(said), "{path} {form}");
        }
        assert_eq!(bench.app.store.people().await.unwrap(), before, "{form}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn a_change_holds_at_the_next_step_and_stands_in_the_log() {
    let bench = Bench::staffed(servers()).await;
    let path = path(&bench, "viewer").await;
    let page = bench.get("administrator", &path).await.text;
    let form = format!(
        "name=Vera&email=vera@library.example&role=manager&reach=some&site=EAST&seen={}",
        seen(&page)
    );
    let answer = bench.post("administrator", &path, &form).await;
    assert_eq!((answer.status, answer.header("location")), (303, &*format!("{path}?done=person_changed")));
    let vera = person(&bench, "vera").await;
    assert_eq!((vera.role, vera.sites), (Role::Manager, ["EAST".to_owned()].into()));
    assert!(bench.get("viewer", "/").await.text.contains("Vera"));
    let line = bench.app.store.audit(AuditFilter::default(), None, 1).await.unwrap().remove(0);
    assert_eq!((line.what, line.about), (Deed::PersonChanged, email("viewer")));
    let old = "address: viewer@library.example; name: viewer; role: viewer; sites: all";
    assert_eq!(line.old.as_deref(), Some(old));
    let log = bench.get("administrator", "/preferences/log").await.text;
    assert!(log.contains("<dt>Role</dt><dd><del>Viewer</del>"), "{log}");
    bench.stop().await;
}

/// The second of two is told, and what both did stands in the form that is saved next.
#[tokio::test]
async fn two_who_change_a_person_at_once_lose_nothing() {
    let bench = Bench::staffed(servers()).await;
    let path = path(&bench, "viewer").await;
    let seen = seen(&bench.get("administrator", &path).await.text);
    let form =
        |name: &str| format!("name={name}&email={}&role=viewer&reach=all&seen={seen}", email("viewer"));
    assert_eq!(bench.post("administrator", &path, &form("Vera")).await.status, 303);
    let second =
        bench.post("administrator", &path, &form("Violet").replace("viewer&reach", "manager&reach")).await;
    assert_eq!(second.status, 409);
    for part in [
        "Somebody else changed this meanwhile",
        "value=\"Violet\"",
        "Somebody else made this Vera meanwhile.",
        "<option value=\"manager\" selected>",
    ] {
        assert!(second.text.contains(part), "{part}: {}", second.text);
    }
    assert!(!second.text.contains("made this Viewer"), "{}", second.text);
    let vera = person(&bench, "viewer").await;
    assert_eq!((vera.name.as_str(), vera.role), ("Vera", Role::Viewer));
    // Who did not touch the name leaves it as the other made it.
    let third = form("viewer").replace("viewer&reach", "manager&reach");
    let third = bench.post("administrator", &path, &third).await;
    assert!(third.status == 409 && third.text.contains("value=\"Vera\""), "{}", third.text);
    assert!(!third.text.contains("Somebody else made this"), "{}", third.text);
    bench.stop().await;
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let mut bench = Bench::staffed(servers()).await;
    let path = path(&bench, "administrator").await;
    let page = bench.get("administrator", &path).await.text;
    assert!(page.contains("only administrator who can sign in") && !page.contains("value=\"off\""), "{page}");
    let ask = bench.get("administrator", &format!("{path}/act?do=off")).await;
    assert!(ask.text.contains("Nobody else could administer"), "{}", ask.text);
    assert!(!ask.text.contains("class=\"final\""), "{}", ask.text);
    let off = bench.post("administrator", &format!("{path}/act"), "do=off").await;
    assert!(off.status == 409 && off.text.contains("Nobody else could administer"), "{}", off.text);
    let demote =
        format!("name=A&email={}&role=viewer&reach=all&seen={}", email("administrator"), seen(&page));
    let demoted = bench.post("administrator", &path, &demote).await;
    assert!(demoted.status == 422 && demoted.text.contains("Nobody else could administer"));
    assert_eq!(bench.get("administrator", "/preferences/people").await.status, 200);
    bench.person("second", Role::Administrator, None).await;
    assert_eq!(bench.post("administrator", &path, &demote).await.status, 303);
    assert_eq!(bench.get("administrator", "/preferences/people").await.status, 403);
    bench.stop().await;
}

/// Each act says first what follows.
#[tokio::test]
async fn accounts_are_switched_off_and_on_and_signed_out() {
    let bench = Bench::staffed(servers()).await;
    let path = path(&bench, "viewer").await;
    for (act, question, done, may_look) in [
        ("sign_out", "Sign viewer out everywhere?", "person_signed_out", 303),
        ("off", "Switch off viewer?", "person_off", 303),
        ("on", "Switch on viewer?", "person_on", 303),
    ] {
        let ask = bench.get("administrator", &format!("{path}/act?do={act}")).await.text;
        assert!(ask.contains(question), "{act}: {ask}");
        let answer = bench.post("administrator", &format!("{path}/act"), &format!("do={act}")).await;
        assert_eq!(answer.header("location"), format!("{path}?done={done}"), "{act}");
        assert_eq!(bench.get("viewer", "/").await.status, may_look, "{act}");
        assert_eq!(person(&bench, "viewer").await.disabled_at.is_some(), act == "off", "{act}");
    }
    let filter =
        AuditFilter { who: Some(person(&bench, "administrator").await.id), ..AuditFilter::default() };
    let log = bench.app.store.audit(filter, None, 3).await.unwrap();
    let deeds: Vec<_> = log.iter().rev().map(|line| line.what).collect();
    assert_eq!(deeds, [Deed::SignedOut, Deed::PersonDisabled, Deed::PersonEnabled]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_accounts_and_the_log_work_in_a_browser() {
    let mut bench = Bench::staffed(bookpost::config::Way::None).await;
    let long = "name=Cleopatra+Fernandez+de+la+Vega+y+Montoya&email=cleopatra.fernandez.de.la.vega@a.library.with.a.long.name.example&role=manager&reach=some&site=EAST";
    bench.post("administrator", "/preferences/people", long).await;
    bench.person("former", Role::Viewer, None).await;
    bench.post("administrator", &format!("{}/act", path(&bench, "former").await), "do=off").await;
    let viewer = path(&bench, "viewer").await;
    let seen = seen(&bench.get("administrator", &viewer).await.text);
    let form = format!("name=Vera&email={}&role=manager&reach=some&site=MAIN&seen={seen}", email("viewer"));
    bench.post("administrator", &viewer, &form).await;
    let line = store::NewAudit {
        who: store::Actor::CommandLine,
        what: Deed::PreferenceChanged,
        about: "server1.host".to_owned(),
        old: Some("smtp.library.example".to_owned()),
        new: Some("a.mail.server.with.a.very.long.name.library.example".to_owned()),
    };
    bench.app.store.note_audit(line, bench.now()).await.unwrap();
    crate::browser::drive("people.mjs", &bench, &[]).await;
    bench.stop().await;
}

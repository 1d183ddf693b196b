//! Who may do what: every address, by every method, for everybody.

use std::collections::BTreeSet;

use reqwest::Method;
use store::NewMessage;

use crate::{
    bench::{Answer, Bench, form, notice, servers},
    protections::heads_are_right,
};

const WHO: [&str; 5] = ["nobody", "viewer", "elsewhere", "manager", "administrator"];

/// Address, form where something is sent, and what each is answered. The message waits, and is of MAIN; `elsewhere` manages EAST.
pub(crate) const MAY: [(&str, Option<&str>, [u16; 5]); 161] = [
    ("/", None, [303, 200, 200, 200, 200]),
    // The run is of MAIN, and was begun by a command; nobody has uploaded anything.
    ("/notices", None, [303, 200, 200, 200, 200]),
    ("/notices/upload", Some(""), [303, 403, 400, 400, 400]),
    // The drop folder is of all libraries.
    ("/notices/take", Some("export=absent.csv"), [303, 403, 403, 403, 404]),
    // The first schedule is of MAIN.
    ("/notices/schedules", None, [303, 200, 200, 200, 200]),
    ("/notices/schedules/add", None, [303, 403, 403, 403, 200]),
    ("/notices/schedules/add", Some("name="), [303, 403, 403, 403, 422]),
    ("/notices/schedules/1/change", None, [303, 403, 403, 403, 200]),
    ("/notices/schedules/1/change", Some("name="), [303, 403, 403, 403, 422]),
    ("/notices/schedules/1/act", Some("do=skip"), [303, 403, 404, 303, 303]),
    ("/notices/schedules/1/act", Some("do=pause"), [303, 403, 404, 403, 303]),
    ("/notices/schedules/1/act", Some("do=run"), [303, 403, 404, 303, 303]),
    ("/notices/schedules/1/run", None, [303, 403, 404, 200, 200]),
    ("/notices/schedules/999/act", Some("do=skip"), [303, 404, 404, 404, 404]),
    ("/notices/schedules/1/remove", None, [303, 403, 403, 403, 200]),
    ("/notices/schedules/2/remove", Some(""), [303, 403, 403, 403, 303]),
    ("/notices/check/x", None, [303, 403, 404, 404, 404]),
    ("/notices/check/x/columns", None, [303, 403, 404, 404, 404]),
    ("/notices/check/x/columns", Some(""), [303, 403, 404, 404, 404]),
    ("/notices/check/x/columns/forget", Some(""), [303, 403, 404, 404, 404]),
    ("/notices/check/x/library", Some(""), [303, 403, 404, 404, 404]),
    ("/notices/check/x/mail", None, [303, 403, 404, 404, 404]),
    ("/notices/check/x/html", None, [303, 403, 404, 404, 404]),
    ("/notices/check/x/samples", Some(""), [303, 403, 404, 404, 404]),
    ("/notices/check/x/send", Some(""), [303, 403, 404, 404, 404]),
    ("/notices/check/x/forget", Some(""), [303, 403, 404, 404, 404]),
    // Managers are limited to one library each; what holds for all is not theirs to change.
    ("/notices/saved", None, [303, 403, 200, 200, 200]),
    ("/notices/saved/overdue-items", None, [303, 403, 200, 200, 200]),
    ("/notices/saved/overdue-items", Some("days_ahead=3"), [303, 403, 403, 403, 422]),
    ("/notices/saved/absent", None, [303, 403, 404, 404, 404]),
    ("/notices/saved/overdue-items/switch", Some("version=9&on=true"), [303, 403, 403, 403, 303]),
    ("/notices/saved/overdue-items/duplicate", Some(""), [303, 403, 303, 303, 303]),
    ("/notices/saved/overdue-items/remove", Some(""), [303, 403, 403, 403, 404]),
    ("/notices/saved/overdue-items/restore", Some(""), [303, 403, 404, 404, 404]),
    ("/notices/saved/overdue-items/wording", None, [303, 403, 403, 403, 200]),
    ("/notices/saved/overdue-items/wording?site=MAIN&language=es", None, [303, 403, 404, 200, 200]),
    ("/notices/saved/overdue-items/wording", Some("subject=x"), [303, 403, 403, 403, 422]),
    ("/notices/saved/overdue-items/wording", Some("site=MAIN&subject=x"), [303, 403, 404, 422, 422]),
    ("/notices/saved/overdue-items/html", None, [303, 403, 200, 200, 200]),
    ("/notices/saved/overdue-items/html", Some("text=x"), [303, 403, 200, 200, 200]),
    ("/notices/runs/1", None, [303, 200, 404, 200, 200]),
    ("/notices/runs/999", None, [303, 404, 404, 404, 404]),
    ("/notices/runs/1/names?what=waiting", None, [303, 200, 404, 200, 200]),
    ("/notices/runs/1/csv", None, [303, 403, 404, 200, 200]),
    ("/notices/runs/1/stop", None, [303, 403, 404, 200, 200]),
    ("/notices/runs/1/stop", Some(""), [303, 403, 404, 303, 303]),
    // It was stopped, and never went.
    ("/notices/runs/1/again/{of_run}", None, [303, 403, 404, 404, 404]),
    ("/notices/runs/1/again/{of_run}", Some("to=a@b.example"), [303, 403, 404, 404, 404]),
    ("/notices/runs/x", None, [303, 404, 404, 404, 404]),
    ("/queue", None, [303, 200, 200, 200, 200]),
    ("/queue/unreachable", None, [303, 200, 200, 200, 200]),
    ("/queue/unreachable/csv", None, [303, 403, 200, 200, 200]),
    ("/queue/{id}", None, [303, 200, 404, 200, 200]),
    ("/queue/{id}/text", None, [303, 403, 404, 200, 200]),
    ("/queue/{id}/html", None, [303, 403, 404, 200, 200]),
    ("/queue/999", None, [303, 404, 404, 404, 404]),
    ("/queue/decide?do=hold&id={id}", None, [303, 403, 404, 200, 200]),
    ("/queue/decide?do=hold&state=waiting", None, [303, 403, 200, 200, 200]),
    ("/queue/decide", Some("do=hold&id={id}&next=/queue"), [303, 403, 404, 303, 303]),
    ("/queue/decide", Some("do=cancel&id={other}&id={id}"), [303, 403, 404, 404, 303]),
    ("/queue/decide", Some("do=release&state=held"), [303, 403, 303, 303, 303]),
    ("/queue/decide", Some("do=cancel&run=77"), [303, 403, 404, 404, 404]),
    ("/queue/decide", Some("do=cancel"), [303, 400, 400, 400, 400]),
    ("/sending", None, [303, 403, 403, 403, 200]),
    ("/sending", Some("what=pause"), [303, 403, 403, 403, 303]),
    ("/sending", Some("what=resume"), [303, 403, 403, 403, 303]),
    ("/sending/probe", Some(""), [303, 403, 303, 303, 303]),
    ("/preferences", None, [303, 403, 403, 403, 200]),
    (
        "/preferences",
        Some("version=1&server1.allow_non_secure=yes&sending.null_reverse_path=yes"),
        [303, 403, 403, 403, 303],
    ),
    ("/preferences/suggest", Some("version=1&library_email=x"), [303, 403, 403, 403, 200]),
    ("/preferences/import", Some(""), [303, 403, 403, 403, 303]),
    ("/preferences/sample-report", None, [303, 403, 403, 403, 200]),
    ("/preferences/undo", Some("version=9"), [303, 403, 403, 403, 409]),
    ("/preferences/libraries", None, [303, 403, 403, 403, 200]),
    ("/preferences/libraries/add", None, [303, 403, 403, 403, 200]),
    ("/preferences/libraries/add", Some("code=X"), [303, 403, 403, 403, 422]),
    ("/preferences/libraries/change?code=MAIN", None, [303, 403, 403, 403, 200]),
    ("/preferences/libraries/change", Some("code=MAIN"), [303, 403, 403, 403, 422]),
    ("/preferences/libraries/remove?code=MAIN", None, [303, 403, 403, 403, 200]),
    ("/preferences/libraries/remove", Some("code=MAIN&version=0"), [303, 403, 403, 403, 409]),
    ("/preferences/libraries/undo", Some("version=0"), [303, 403, 403, 403, 303]),
    ("/preferences/libraries/logo?code=MAIN", None, [303, 403, 403, 403, 200]),
    ("/preferences/libraries/logo?code=MAIN", Some(""), [303, 403, 403, 403, 400]),
    ("/preferences/libraries/logo/picture?code=MAIN", None, [303, 403, 403, 403, 404]),
    ("/preferences/libraries/logo/remove", Some("code=MAIN"), [303, 403, 403, 403, 303]),
    // No provider is set up.
    ("/preferences/sign-in/back", None, [303, 403, 403, 403, 400]),
    ("/preferences/sign-in/google", None, [303, 403, 403, 403, 200]),
    ("/preferences/sign-in/google/client", Some("client_id=us"), [303, 403, 403, 403, 422]),
    ("/preferences/sign-in/google/handing", Some("send_by=pigeon"), [303, 403, 403, 403, 404]),
    (
        "/preferences/sign-in/google/service",
        Some("service_address=https://a.example"),
        [303, 403, 403, 403, 422],
    ),
    ("/preferences/sign-in/google/service/test", Some(""), [303, 403, 403, 403, 404]),
    ("/preferences/sign-in/google/begin", None, [303, 403, 403, 403, 404]),
    ("/preferences/sign-in/google/paste", Some("address=x"), [303, 403, 403, 403, 404]),
    ("/preferences/sign-in/google/confirm", Some(""), [303, 403, 403, 403, 404]),
    ("/preferences/sign-in/google/drop", Some(""), [303, 403, 403, 403, 404]),
    ("/preferences/sign-in/google/end", None, [303, 403, 403, 403, 404]),
    ("/preferences/sign-in/google/end", Some(""), [303, 403, 403, 403, 404]),
    // Nothing is given out without a public address.
    ("/preferences/installations", None, [303, 403, 403, 403, 200]),
    ("/preferences/installations", Some("name=x"), [303, 403, 403, 403, 422]),
    ("/preferences/installations/x/end", None, [303, 403, 403, 403, 404]),
    ("/preferences/installations/x/end", Some(""), [303, 403, 403, 403, 404]),
    // For people of other installations; nobody has begun there.
    ("/sign-in-service?ticket=x", None, [410, 410, 410, 410, 410]),
    ("/sign-in-service/on?seen=x", None, [410, 410, 410, 410, 410]),
    ("/sign-in-service/back?code=x&state=y", None, [410, 410, 410, 410, 410]),
    ("/preferences/programs", None, [303, 403, 403, 403, 200]),
    ("/preferences/programs/add", None, [303, 403, 403, 403, 200]),
    ("/preferences/programs/add", Some("name="), [303, 403, 403, 403, 422]),
    ("/preferences/programs/1", None, [303, 403, 403, 403, 200]),
    ("/preferences/programs/1/change", None, [303, 403, 403, 403, 200]),
    ("/preferences/programs/1/change", Some("seen=x"), [303, 403, 403, 403, 422]),
    ("/preferences/programs/1/key", Some(""), [303, 403, 403, 403, 200]),
    ("/preferences/programs/1/revoke?key=x", None, [303, 403, 403, 403, 404]),
    ("/preferences/programs/1/revoke", Some("key=x"), [303, 403, 403, 403, 404]),
    ("/preferences/programs/1/switch", None, [303, 403, 403, 403, 200]),
    ("/preferences/programs/1/switch", Some("on=false"), [303, 403, 403, 403, 303]),
    ("/preferences/programs/999", None, [303, 403, 403, 403, 404]),
    ("/start", None, [303, 403, 403, 403, 200]),
    ("/start", Some("name=Riverside&email=desk@library.example"), [303, 403, 403, 403, 303]),
    ("/start/practice", Some(""), [303, 403, 403, 403, 303]),
    ("/start/test", Some(""), [303, 403, 403, 403, 303]),
    ("/preferences/test", None, [303, 403, 403, 403, 200]),
    // What cannot be changed cannot be tried with other values either.
    // Before a test, which goes on after its answer: nobody makes two things at one time.
    ("/preferences/test/port", Some("server=1"), [303, 403, 403, 403, 200]),
    ("/preferences/test", Some("server=1"), [303, 403, 403, 403, 303]),
    ("/preferences/test/arrived?test=1&is=not_yet", None, [303, 403, 403, 403, 200]),
    ("/preferences/test/arrived", Some("test=1&is=in_spam"), [303, 403, 403, 403, 303]),
    ("/preferences/test/arrived", Some("test=1&is=yes"), [303, 403, 403, 403, 404]),
    ("/preferences/test/{id}", None, [303, 403, 403, 403, 404]),
    ("/preferences/test/{id}/steps", None, [303, 403, 403, 403, 204]),
    ("/language", Some("language=en&next=/queue"), [303, 303, 303, 303, 303]),
    ("/live", None, [303, 200, 200, 200, 200]),
    ("/sign-in", None, [200, 200, 200, 200, 200]),
    ("/sign-in", Some("email=eve@library.example&password=wrong"), [403, 403, 403, 403, 403]),
    ("/set-up?code=x", None, [410, 410, 410, 410, 410]),
    (
        "/set-up",
        Some("code=x&email=e@e.example&name=Eve&password=elf+elf+elf+elf"),
        [410, 410, 410, 410, 410],
    ),
    ("/invitation?code=x", None, [410, 410, 410, 410, 410]),
    ("/invitation", Some("code=x&password=elf+elf+elf+elf"), [410, 410, 410, 410, 410]),
    ("/reset?code=x", None, [410, 410, 410, 410, 410]),
    ("/reset", Some("code=x&password=elf+elf+elf+elf"), [410, 410, 410, 410, 410]),
    ("/forgotten", None, [200, 200, 200, 200, 200]),
    // It has no address by which it could be answered.
    ("/forgotten", Some("email=eve@library.example"), [503, 503, 503, 503, 503]),
    ("/account", None, [303, 200, 200, 200, 200]),
    ("/account", Some("name=Ann&speaks=en"), [303, 303, 303, 303, 303]),
    ("/account/password", Some("present=x&new=short"), [303, 422, 422, 422, 422]),
    ("/account/sessions", Some("id=999"), [303, 404, 404, 404, 404]),
    ("/account/keys", Some("key=absent"), [303, 404, 404, 404, 404]),
    // The person is the administrator.
    ("/preferences/people", None, [303, 403, 403, 403, 200]),
    ("/preferences/people", Some("name=&email="), [303, 403, 403, 403, 422]),
    ("/preferences/people/new", None, [303, 403, 403, 403, 200]),
    ("/preferences/people/{id}", None, [303, 403, 403, 403, 200]),
    ("/preferences/people/{id}", Some("name=&email="), [303, 403, 403, 403, 422]),
    ("/preferences/people/{id}/act?do=off", None, [303, 403, 403, 403, 200]),
    ("/preferences/people/{id}/act?do=other", None, [303, 403, 403, 403, 404]),
    ("/preferences/people/{id}/act", Some("do=invite"), [303, 403, 403, 403, 409]),
    ("/preferences/people/{id}/act", Some("do=off"), [303, 403, 403, 403, 409]),
    ("/preferences/people/{id}/keys", Some("key=absent"), [303, 403, 403, 403, 404]),
    ("/preferences/log", None, [303, 403, 403, 403, 200]),
    ("/assets/x", None, [404, 404, 404, 404, 404]),
    ("/nothing", None, [404, 404, 404, 404, 404]),
    ("/healthz", None, [200, 200, 200, 200, 200]),
    ("/metrics", None, [200, 200, 200, 200, 200]),
    // The last one: it ends the sessions.
    ("/sign-out", Some(""), [303, 303, 303, 303, 303]),
];

/// Every page that an administrator can look at; `id` is a message's.
pub(crate) fn pages(id: i64) -> impl Iterator<Item = String> {
    let looked_at = MAY.into_iter().filter(|(path, fields, may)| {
        fields.is_none()
            && may[4] == 200
            && !["/live", "/healthz", "/metrics"].contains(path)
            && !path.ends_with("/html")
            && !path.ends_with("/csv")
    });
    looked_at.map(move |(path, ..)| path.replace("{id}", &id.to_string()))
}

/// As it stands in the router.
fn route(path: &str) -> String {
    let path = path.split('?').next().unwrap();
    match path {
        "/assets/x" => "/assets/{name}".to_owned(),
        "/queue/999" => "/queue/{id}".to_owned(),
        "/preferences/programs/999" => "/preferences/programs/{id}".to_owned(),
        "/notices/runs/999" | "/notices/runs/x" => "/notices/runs/{id}".to_owned(),
        path => path
            .replace("/programs/1", "/programs/{id}")
            .replace("/runs/1", "/runs/{id}")
            .replace("/schedules/1", "/schedules/{id}")
            .replace("/schedules/2", "/schedules/{id}")
            .replace("/schedules/999", "/schedules/{id}")
            .replace("/check/x", "/check/{id}")
            .replace("/saved/overdue-items", "/saved/{slug}")
            .replace("/saved/absent", "/saved/{slug}")
            .replace("/sign-in/google", "/sign-in/{provider}")
            .replace("/installations/x", "/installations/{key}")
            .replace("{of_run}", "{recipient}"),
    }
}

#[tokio::test]
async fn everybody_may_what_is_theirs_at_every_address() {
    let bench = Bench::staffed(servers()).await;
    let id = bench.mail(notice("p@example.org", "Overdue"), None).await;
    let elsewhere = NewMessage { site: Some("EAST".to_owned()), ..notice("q@example.org", "Overdue") };
    let other = bench.mail(elsewhere, None).await;
    let (who, usual) = (store::Actor::CommandLine, store::ApplicationSettings::default());
    bench.app.store.add_application("cron".parse().unwrap(), usual, who, bench.now()).await.unwrap();
    let run = store::NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice: false,
        started_at: bench.now(),
    };
    let run = bench.app.store.begin_run(run).await.unwrap();
    for name in ["Overdues", "Another"] {
        crate::schedules::scheduled(&bench, name).await;
    }
    let of_run = NewMessage { run: Some(run), ..notice("r@example.org", "Overdue") };
    let of_run = store::RecipientId::of(bench.mail(of_run, None).await, 0);
    let fill = |text: &str| {
        text.replace("{id}", &id.0.to_string())
            .replace("{other}", &other.0.to_string())
            .replace("{of_run}", &of_run.0.to_string())
    };
    for (path, fields, expected) in MAY {
        for (who, status) in WHO.into_iter().zip(expected) {
            let path = fill(path);
            let (found, heads) = match fields {
                None => {
                    // Of a stream only its head.
                    let asked = bench.ask(who, Method::GET, &path).header("accept", "text/html");
                    let answer = asked.send().await.unwrap();
                    (answer.status().as_u16(), answer.headers().clone())
                }
                Some(fields) => {
                    let answer = bench.post(who, &path, &fill(fields)).await;
                    (answer.status, answer.headers)
                }
            };
            assert_eq!(found, status, "{who}: {path} {fields:?}");
            heads_are_right(&path, &heads);
        }
    }
    bench.stop().await;
}

/// What no row above names as sent or asked for is not there to be sent or asked for.
#[tokio::test]
async fn no_address_answers_to_another_method() {
    let bench = Bench::staffed(servers()).await;
    let pages = [
        include_str!("../../src/web/pages/mod.rs"),
        include_str!("../../src/web/pages/notices/columns.rs"),
        include_str!("../../src/web/pages/notices/saved/mod.rs"),
        include_str!("../../src/web/pages/schedules/mod.rs"),
        include_str!("../../src/web/pages/mail_account.rs"),
        include_str!("../../src/web/pages/sign_in_service.rs"),
    ]
    .concat();
    let known: BTreeSet<_> =
        pages.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let named: BTreeSet<_> = MAY.iter().map(|(path, ..)| route(path)).collect();
    for path in &known {
        assert!(named.contains(*path), "no row for {path}");
    }
    for (path, ..) in MAY.iter().filter(|(path, ..)| known.contains(&*route(path))) {
        let has = |sent: bool| {
            MAY.iter().any(|(other, form, _)| route(other) == route(path) && form.is_some() == sent)
        };
        let path = path.replace("{id}", "1").replace("{of_run}", "1");
        for (method, there) in [
            (Method::GET, has(false)),
            (Method::POST, has(true)),
            (Method::PUT, false),
            (Method::DELETE, false),
            (Method::PATCH, false),
        ] {
            if there {
                continue;
            }
            for who in WHO {
                let answer = Answer::of(form(bench.ask(who, method.clone(), &path), String::new())).await;
                assert_eq!(answer.status, 405, "{who}: {method} {path}");
            }
        }
    }
    bench.stop().await;
}

/// Lists show a manager the mail of their libraries, and nobody more of an address than they may see.
#[tokio::test]
async fn a_list_holds_what_each_may_see() {
    let bench = Bench::staffed(servers()).await;
    let main = bench.mail(notice("ana@example.org", "Of MAIN"), None).await;
    let of = |site: Option<&str>| NewMessage {
        site: site.map(ToOwned::to_owned),
        ..notice("eve@example.org", "Of another")
    };
    bench.mail(of(Some("EAST")), None).await;
    bench.mail(of(None), None).await;
    for (who, main_shown, others, whole) in [
        ("administrator", 1, 2, true),
        ("manager", 1, 0, true),
        ("elsewhere", 0, 1, true),
        ("viewer", 1, 2, false),
    ] {
        for path in ["/queue", "/queue?state=waiting", "/queue?site=MAIN&site=EAST"] {
            let text = bench.get(who, path).await.text;
            let count = |what: &str| text.matches(&format!("\">{what}</a>")).count();
            if path != "/queue?site=MAIN&site=EAST" {
                assert_eq!((count("Of MAIN"), count("Of another")), (main_shown, others), "{who} {path}");
            }
            assert!(whole || !text.contains("ana@example.org"), "{who} {path}");
        }
        let path = format!("/queue/{}", main.0);
        let answer = bench.get(who, &path).await;
        assert_eq!(answer.status, if main_shown == 1 { 200 } else { 404 }, "{who}");
        assert_eq!(answer.text.contains("Ana Ruiz"), main_shown == 1 && whole, "{who}");
        assert!(
            main_shown == 0
                || answer.text.contains(if whole { "ana@example.org" } else { "a***@example.org" })
        );
    }
    bench.stop().await;
}

/// Wherever an address stands.
#[tokio::test]
async fn who_sees_no_addresses_sees_none_in_the_words_of_others() {
    let bench = Bench::staffed(servers()).await;
    let message = notice("ana@example.org", "Receipt for ana@example.org");
    let message_id = "<ana@example.org>".to_owned();
    let id = bench
        .mail(NewMessage { tags: vec!["ana@example.org".to_owned()], message_id, ..message }, None)
        .await;
    for path in ["/queue".to_owned(), format!("/queue/{}", id.0)] {
        assert!(bench.get("manager", &path).await.text.contains("Receipt for ana@example.org"), "{path}");
        assert!(!bench.get("viewer", &path).await.text.contains("ana@example.org"), "{path}");
    }
    for (who, found) in [("manager", true), ("viewer", false)] {
        let text = bench.get(who, "/queue?tag=ana@example.org").await.text;
        assert_eq!(text.contains("Receipt for"), found, "{who}");
    }
    bench.stop().await;
}

/// A search for an address that is masked would tell whether it is there.
#[tokio::test]
async fn who_sees_no_addresses_looks_for_none() {
    let bench = Bench::staffed(servers()).await;
    bench.mail(notice("ana@example.org", "Overdue"), None).await;
    bench.mail(notice("eve@example.org", "Receipt for eve@example.org"), None).await;
    for (query, manager, viewer) in [
        ("to=ana@example.org", true, false),
        ("to=ana", true, false),
        ("to=@example.org", true, true),
        ("subject=overdue", true, true),
        ("subject=receipt", true, true),
        ("subject=eve@", true, false),
        ("subject=eve", true, false),
    ] {
        for (who, found) in [("manager", manager), ("viewer", viewer)] {
            let text = bench.get(who, &format!("/queue?{query}")).await.text;
            let is_there = text.contains("class=\"what\"");
            assert_eq!(is_there, found, "{who}: {query}");
            assert_eq!(
                text.contains("class=\"counts\""),
                found && (who == "manager" || query.starts_with("to")),
                "{who}: {query}"
            );
        }
    }
    bench.stop().await;
}

/// Numbers, alarms and what open pages are told: each only of their own libraries.
#[tokio::test]
async fn who_is_limited_is_told_of_their_libraries_only() {
    let bench = Bench::staffed(servers()).await;
    for number in 0..3 {
        let verdict = (number == 0).then_some(store::Verdict::Held);
        bench.mail(notice("p@example.org", "Overdue"), verdict).await;
    }
    let elsewhere = NewMessage { site: Some("EAST".to_owned()), ..notice("q@example.org", "Overdue") };
    bench.mail(elsewhere, None).await;
    for (subject, told) in
        [("desk@library.example", "ours"), ("other@library.example", "not ours"), ("server1", "all")]
    {
        let raised = bench.app.store.raise(store::AlarmKind::SenderRefused, subject, told, bench.now()).await;
        assert!(raised.unwrap().is_some());
    }
    for (who, waiting, held, alarms, libraries) in [
        ("administrator", 3, 1, 3, true),
        ("viewer", 3, 1, 3, true),
        ("manager", 2, 1, 1, false),
        ("elsewhere", 1, 0, 1, false),
    ] {
        let text = bench.get(who, "/").await.text;
        let count = |name: &str| {
            let rest = text.split(&format!("data-count=\"{name}\">")).nth(1).unwrap();
            rest.split('<').next().unwrap().parse::<u64>().unwrap()
        };
        assert_eq!(
            (count("waiting"), count("held"), count("accepted")),
            (waiting, held, waiting + held),
            "{who}"
        );
        assert_eq!(text.matches("does not let us send from an address").count(), alarms, "{who}");
        assert_eq!(text.contains("id=\"libraries\""), libraries, "{who}");
        // When others' mail goes out is not theirs to know.
        assert_eq!(text.contains("Waits since"), libraries, "{who}");
        let mut stream = bench.ask(who, Method::GET, "/live").send().await.unwrap();
        let told = crate::live::told(&mut stream).await;
        assert_eq!(
            (&told["waiting"], &told["held"], &told["alarms"]),
            (&waiting.into(), &held.into(), &alarms.into()),
            "{who}"
        );
    }
    bench.stop().await;
}

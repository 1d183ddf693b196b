//! Notice runs and previews, with a service and without.

use std::{fs, os::unix::fs::PermissionsExt as _};

use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::bench::{Place, Said, sendmail};

async fn sink(rules: Vec<Rule>) -> Sink {
    Sink::start(Settings { rules, ..Settings::default() }).await.unwrap()
}

fn reply(at: At, reply: &str, times: Option<u32>) -> Rule {
    Rule { at, address: None, does: Does::Reply(reply.to_owned()), times }
}

#[tokio::test]
async fn what_sendmail_left_is_told_to_whoever_asks_what_waits() {
    let place = Place::new("practice", None);
    place.open_sendmail();
    for words in [&["queue", "status"][..], &["queue", "list", "--state", "waiting"]] {
        assert!(!place.run(words).await.out.contains("sendmail left"));
    }
    let message = "From: desk@x.org\nSubject: a\n\nb\n";
    Said::given(sendmail(&place.path(""), &["ann@x.org"]), message).await;
    for words in [&["queue", "status"][..], &["queue", "list", "--state", "waiting"]] {
        let said = place.run(words).await;
        assert!(said.out.contains("1 message that sendmail left"), "{said:?}");
    }
    assert!(!place.run(&["queue", "list"]).await.out.contains("sendmail left"));
}

#[tokio::test]
async fn a_preview_sends_nothing_of_the_export_and_nothing_that_waits() {
    let sink = sink(Vec::new()).await;
    let place = Place::new("none", Some(&sink));
    let (first, second) = (place.export(5), place.export(7));
    assert_eq!(place.notices(&["run"], &first).await.code, Some(1), "five wait");
    place.configure("servers", Some(&sink));
    let said = place.notices(&["preview"], &second).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let preview = said.json();
    let left_out = preview["preview"]["left_out"].as_array().unwrap().len() as u64;
    assert_eq!(preview["preview"]["notices"].as_u64().unwrap() + left_out, 7, "{preview}");
    let status = place.run(&["queue", "status", "--json"]).await.json();
    assert_eq!((status["status"]["counts"]["waiting"].as_u64(), sink.connections()), (Some(5), 0));
}

#[tokio::test]
async fn a_preview_and_a_run_through_the_service() {
    let sink = sink(Vec::new()).await;
    let place = Place::new("servers", Some(&sink));
    let service = place.serve().await;
    let export = place.export(20);
    let preview = place.notices(&["preview"], &export).await.json();
    assert_eq!((preview["preview"]["notices"].as_u64(), sink.connections()), (Some(20), 0));
    let said = place.notices(&["run"], &export).await;
    let run = said.json();
    assert_eq!((said.code, run["run"]["service"].as_bool()), (Some(0), Some(true)), "{said:?}");
    assert_eq!(run["run"]["progress"]["delivered"].as_u64(), Some(20));
    let again = place.notices(&["run"], &export).await.json();
    assert_eq!(again["run"]["progress"]["prepared"].as_u64(), Some(0));
    assert_eq!(again["run"]["progress"]["total"].as_u64(), Some(0), "there is nothing left to do");
    assert_eq!((again["run"]["progress"]["lately"].as_u64(), sink.count()), (Some(20), 20));
    // The plain list of the second run is cut; by its number all are shown.
    let shown = place.run(&["notices", "show", "2"]).await;
    assert_eq!(shown.out.matches("last written to on").count(), 20, "{}", shown.out);
    let shown = place.run(&["notices", "show", "2", "--json"]).await.json();
    assert_eq!(shown["shown_run"]["left_out"].as_array().unwrap().len(), 20);
    assert_eq!(place.run(&["notices", "show", "3"]).await.code, Some(64));
    let log = place.run(&["log"]).await.out;
    let says =
        |line: &&str| ["command line", "began a notice run", "run 2"].iter().all(|part| line.contains(part));
    assert_eq!(log.lines().filter(says).count(), 1, "{log}");
    drop(service);
}

/// From the command to the server: a book that came back in between sends no notice, and what people read of it says why.
#[tokio::test]
async fn what_is_not_in_a_newer_export_is_not_sent_and_it_is_said_why() {
    let sink = sink(vec![reply(At::Rcpt, "451 4.2.1 try again later", None)]).await;
    let place = Place::new("servers", Some(&sink));
    place.add("[schedule]\nshort_wait = [\"200ms\", \"400ms\"]\n");
    let first = place.export(5);
    assert_eq!(place.notices(&["run"], &first).await.json()["run"]["progress"]["waiting"].as_u64(), Some(5));
    let text = fs::read_to_string(&first).unwrap();
    let (rest, _) = text.trim_end().rsplit_once('\n').unwrap();
    let newer = place.path("newer.csv");
    fs::write(&newer, format!("{rest}\n")).unwrap();
    sink.set_rules(Vec::new());
    let said = place.notices(&["run", "--wait"], &newer).await;
    let left_out = &said.json()["run"]["left_out"];
    let noted = left_out.as_array().unwrap().iter().filter(|one| one["why"] == "items_returned").count();
    assert_eq!(noted, 1, "{said:?}");
    let listed = place.run(&["queue", "list", "--state", "cancelled"]).await;
    assert!(listed.out.contains("its items are no longer in the export of 20"), "{}", listed.out);
    let row = &place.run(&["queue", "list", "--state", "cancelled", "--json"]).await.json()["rows"][0];
    assert_eq!((&row["reason"], &row["outdated"]["run"]), (&"items_returned".into(), &2.into()), "{row}");
    let shown = place.run(&["queue", "show", &row["message"].to_string()]).await;
    assert!(shown.out.contains("not sent, as decided: its items are no longer"), "{}", shown.out);
    let shown = place.run(&["notices", "show", "2"]).await;
    assert!(shown.out.contains("1 earlier notice that is not sent, as its items came back"), "{}", shown.out);
    let left = place.run(&["queue", "status", "--json"]).await.json();
    assert_eq!(left["status"]["counts"]["cancelled"].as_u64(), Some(1), "{left}");
}

#[tokio::test]
async fn what_comes_back_or_is_set_aside_is_exit_code_1() {
    for (at, refusal, what, count) in [
        (At::Rcpt, "550 5.1.1 no such user", "returned", 1),
        (At::Mail, "550 5.7.1 this sender is not allowed", "aside", 3),
    ] {
        let times = (at == At::Rcpt).then_some(1);
        let sink = sink(vec![reply(at, refusal, times)]).await;
        let place = Place::new("servers", Some(&sink));
        let said = place.notices(&["run"], &place.export(3)).await;
        let figure = said.json()["run"]["progress"][what].as_u64();
        assert_eq!((said.code, figure), (Some(1), Some(count)), "{said:?}");
    }
}

#[tokio::test]
async fn what_waits_is_exit_code_1_without_a_service_and_0_with_one() {
    for (service, code) in [(false, 1), (true, 0)] {
        let sink = sink(vec![reply(At::Rcpt, "451 4.2.1 try again later", None)]).await;
        let place = Place::new("servers", Some(&sink));
        let running = if service { Some(place.serve().await) } else { None };
        let said = place.notices(&["run"], &place.export(3)).await;
        assert_eq!((said.code, said.json()["run"]["progress"]["waiting"].as_u64()), (Some(code), Some(3)));
        drop(running);
    }
}

#[tokio::test]
async fn with_wait_a_run_ends_with_the_last_outcome() {
    let sink = sink(vec![reply(At::Rcpt, "451 4.2.1 try again later", Some(1))]).await;
    let place = Place::new("servers", Some(&sink));
    place.add("[schedule]\nshort_wait = [\"200ms\", \"400ms\"]\n");
    let said = place.notices(&["run", "--wait"], &place.export(3)).await;
    assert_eq!(
        (said.code, said.json()["run"]["progress"]["delivered"].as_u64()),
        (Some(0), Some(3)),
        "{said:?}"
    );
}

#[tokio::test]
async fn with_wait_a_run_that_nothing_will_send_ends_and_says_so() {
    for (place, why) in [
        (Place::new("none", None), "\"Do not send\" is chosen, so all of it waits"),
        (Place::without_a_way(), "No way of sending is chosen (sending.way), so all of it waits"),
    ] {
        let export = place.export(3);
        let said = place.run(&["notices", "run", "--wait", export.to_str().unwrap()]).await;
        assert_eq!(said.code, Some(1));
        assert!(said.out.contains(why), "{said:?}");
    }
}

#[tokio::test]
async fn a_server_can_be_tested_before_it_is_chosen() {
    let sink = sink(Vec::new()).await;
    let place = Place::new("practice", Some(&sink));
    let said = place.run(&["preferences", "test", "--to", "ann@example.org"]).await;
    assert_eq!((said.code, sink.count()), (Some(0), 1), "{said:?}");
    // The settings as they stand in the file, which a service that runs has not read yet.
    let service = place.serve().await;
    let newer = self::sink(Vec::new()).await;
    place.configure("practice", Some(&newer));
    let said = place.run(&["preferences", "test", "--to", "ann@example.org", "--json"]).await;
    assert_eq!((said.code, sink.count(), newer.count()), (Some(0), 1, 1), "{said:?}");
    let last: serde_json::Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    assert_eq!((last["step"].as_str(), last["state"].as_str()), (Some("message"), Some("ok")));
    for (found, what) in [("not-yet", "Wait ten minutes"), ("yes", "It is noted")] {
        let said = place.run(&["preferences", "arrived", found]).await;
        assert!(said.code == Some(0) && said.out.contains(what), "{said:?}");
    }
    let log = place.run(&["log"]).await;
    assert!(log.out.contains(&format!("127.0.0.1:{} none: arrived", newer.address().port())), "{log:?}");
    drop(service);
    let said = place.run(&["preferences", "test", "--to", "ann@example.org", "--server", "2"]).await;
    assert_eq!(said.code, Some(78), "{said:?}");
}

/// Each with its code, and the server named once.
#[tokio::test]
async fn a_test_that_fails_says_why_in_plain_words() {
    for (at, answer, code, words) in [
        (At::Auth, "535 5.7.8 no", 69, "The mail server did not accept our password."),
        (At::Rcpt, "550 5.1.1 unknown", 69, "The address does not exist."),
        (At::Rcpt, "451 4.7.1 later", 75, "The mail server asked us to come back later."),
        (At::Connect, "554 5.3.2 closed", 69, "The mail server takes no mail at the moment."),
    ] {
        let login = Some(("notices".to_owned(), "secret".to_owned()));
        let rules = vec![reply(at, answer, None)];
        let sink = Sink::start(Settings { rules, login, ..Settings::default() }).await.unwrap();
        let place = Place::new("practice", Some(&sink));
        fs::write(place.path("password"), "secret").unwrap();
        fs::set_permissions(place.path("password"), fs::Permissions::from_mode(0o600)).unwrap();
        let file = place.path("password").display().to_string();
        let login =
            format!("login = \"notices\"\npassword_file = \"{file}\"\nsend_password_unencrypted = true\n");
        place.change("encryption = \"none\"\n", &format!("encryption = \"none\"\n{login}"));
        let said = place.run(&["preferences", "test", "--to", "ann@example.org"]).await;
        assert_eq!(said.code, Some(code), "{answer}: {said:?}");
        assert!(said.out.contains(&format!("  {words}\n")), "{said:?}");
        assert!(said.out.contains(&format!("The server said: {answer}\n")), "{said:?}");
    }
    let gone = sink(Vec::new()).await;
    let place = Place::new("practice", Some(&gone));
    drop(gone);
    let said = place.run(&["preferences", "test", "--to", "ann@example.org"]).await;
    assert_eq!(said.code, Some(75), "{said:?}");
    assert!(said.out.contains("  The mail server cannot be reached.\n"), "{said:?}");
    assert!(said.out.contains("Connection refused"), "{said:?}");
    place.change("encryption = \"none\"\nallow_non_secure = true", "encryption = \"starttls\"");
    let plain = sink(Vec::new()).await;
    place.change("port = ", &format!("port = {} #", plain.address().port()));
    let said = place.run(&["preferences", "test", "--to", "ann@example.org"]).await;
    assert_eq!(said.code, Some(78), "{said:?}");
    assert!(said.out.contains("An encrypted connection to the mail server could not be made."), "{said:?}");
}

/// All that comes by standard input is compared as one export, unless it is given a name: that is said.
#[tokio::test]
async fn what_comes_by_standard_input_has_the_name_that_it_is_given() {
    let sink = sink(Vec::new()).await;
    let place = Place::new("servers", Some(&sink));
    let export = fs::read_to_string(place.export(2)).unwrap();
    let run = ["notices", "run", "-", "--again", "--wait"];
    let nameless = place.given(&run, &export).await;
    let told = "remembered under that name";
    assert!(nameless.code == Some(0) && nameless.out.contains(told), "{nameless:?}");
    let named = place.given(&[&run[..], &["--name", "Monday.csv"]].concat(), &export).await;
    assert!(named.code == Some(0) && !named.out.contains(told), "{named:?}");
    let refused = place.given(&[&run[..], &["--name", " "]].concat(), &export).await;
    assert!(refused.code != Some(0) && refused.err.contains("a name of 1 to 200 letters"), "{refused:?}");
    let runs = place.run(&["notices", "runs", "--json"]).await.json();
    let sources: Vec<_> = runs["runs"].as_array().unwrap().iter().map(|run| run["source"].clone()).collect();
    assert_eq!(sources, ["Monday.csv", "standard input"]);
}

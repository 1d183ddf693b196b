//! A provider is tested as one's own servers are: step by step, with the sign-in renewed first.

use std::time::Duration;

use bookpost::{
    config::{Provider, SendBy},
    preferences::{Change, Wish},
};
use serde_json::json;
use store::{Actor, AuditFilter, Deed};
use testkit::{
    mail_service::Says,
    sink::{At, Does, Rule, Settings, Sink},
};

use crate::{
    bench::{LETTER, notice},
    provider_faults::{Place, signs_in},
};

const WHO: &str = "administrator";
const TO: &str = "me@elsewhere.example";
const ALL_MAIL: [&str; 2] = ["www.googleapis.com%2Fauth%2Fgmail.send", "mail.google.com%2F"];

impl Place {
    /// The page of a test that has ended.
    async fn tested(&self, provider: Provider) -> String {
        let fields = format!("server={}&to={TO}", provider.name());
        let begun = self.bench.post(WHO, "/preferences/test", &fields).await;
        assert_eq!(begun.status, 303, "{}", begun.text);
        let path = begun.header("location").to_owned();
        let told = self.bench.get(WHO, &format!("{path}/steps")).await.text;
        assert!(told.contains("event: end"), "{told}");
        self.bench.get(WHO, &path).await.text
    }

    /// What the log has of tests, the newest first.
    async fn log(&self) -> Vec<String> {
        let log = self.bench.app.store.audit(AuditFilter::default(), None, 100).await.unwrap();
        log.into_iter().filter(|line| line.what == Deed::ServerTested).filter_map(|line| line.new).collect()
    }
}

#[tokio::test]
async fn each_way_of_a_provider_is_tested_step_by_step() {
    for (provider, by, steps) in [
        (Provider::Google, SendBy::Smtp, 6),
        (Provider::Microsoft, SendBy::Smtp, 6),
        (Provider::Google, SendBy::Api, 7),
        (Provider::Microsoft, SendBy::Api, 6),
    ] {
        let place = Box::pin(Place::at(provider, by)).await;
        let before = place.bench.get(WHO, &format!("/preferences/sign-in/{}", provider.name())).await.text;
        assert!(before.contains(&format!("Test {}", provider.title())), "{before}");
        let page = place.tested(provider).await;
        for said in [
            &*format!("Test of {}", provider.title()),
            "The sign-in of library@school.example was renewed.",
            "The sign-in was accepted.",
            "The server accepted the test message for me@elsewhere.example.",
            "Did it arrive?",
        ] {
            assert!(page.contains(said), "{provider:?} {by:?} {said}: {page}");
        }
        assert_eq!(page.matches("<li class=\"well\">").count(), steps, "{provider:?} {by:?}: {page}");
        assert_eq!(place.fake.refreshes(), 1, "though that was not due");
        assert!(!page.contains("token-00") && !page.contains("later-00"), "{page}");
        let taken = (place.sink.count(), place.service.taken().len());
        assert_eq!(taken, if by == SendBy::Smtp { (1, 0) } else { (0, 1) });
        assert!(place.log().await[0].ends_with(" as library@school.example: accepted"));
        let known = place.bench.get(WHO, "/preferences/test").await.text;
        assert!(known.contains("A test message was accepted (14:05, administrator)."), "{known}");
        place.bench.stop().await;
    }
}

/// Where that can be seen at all; and what becomes of a lost answer goes by it.
#[tokio::test]
async fn whether_gmail_leaves_our_message_id_is_seen_kept_and_used() {
    for (ticks, forgets, said, asked) in [
        (None, false, "It could not be seen", 0),
        (Some(ALL_MAIL), false, "Mail keeps our Message-ID", 1),
        (Some(ALL_MAIL), true, "Mail gets another Message-ID", 0),
    ] {
        let place = Box::pin(Place::at(Provider::Google, SendBy::Api)).await;
        signs_in(&place.bench, &place.fake, Provider::Google, ticks).await;
        if forgets {
            place.service.forgets_ids();
        }
        let page = place.tested(Provider::Google).await;
        assert!(page.contains(said), "{said}: {page}");
        assert_eq!(place.log().await.len(), if ticks.is_some() { 2 } else { 1 });
        let known = place.bench.get(WHO, "/preferences/test").await.text;
        assert_eq!(known.contains(said), ticks.is_some(), "{known}");
        place.service.says(Says::TakenAndCut);
        let with_id = [&b"Message-ID: <1@library.example>\r\n"[..], LETTER].concat();
        let due = store::NewMessage {
            first_due_at: place.bench.now(),
            bytes: with_id.into(),
            ..notice("p@example.org", "Overdue")
        };
        place.bench.app.receiver.accept(vec![due]).await.unwrap();
        place.quiet().await;
        assert_eq!(place.service.looked().len(), asked, "{said}");
        let counts = place.bench.app.store.counts().await.unwrap();
        assert_eq!(counts.delivered, u64::try_from(asked).unwrap(), "{said}");
        place.bench.stop().await;
    }
}

/// In the words that are said of it anywhere else, with the provider's own below.
#[tokio::test]
async fn a_step_that_fails_is_told_with_what_to_do() {
    let place = Box::pin(Place::at(Provider::Google, SendBy::Smtp)).await;
    let reply = "535 5.7.8 Username and Password not accepted token-00".to_owned();
    place.sink.set_rules(vec![Rule { at: At::Auth, address: None, does: Does::Reply(reply), times: None }]);
    let page = place.tested(Provider::Google).await;
    assert!(page.contains("The test ended here. No mail was sent.") && page.contains("535 5.7.8"), "{page}");
    assert!(!page.contains("app password"), "no password was shown: {page}");
    place.fake.answers(503, json!({}));
    let page = place.tested(Provider::Google).await;
    assert_eq!(page.matches("<li class=\"stop\">").count(), 1, "{page}");
    assert_eq!(page.matches("<li class=\"well\">").count(), 0, "it is not connected to: {page}");
    place.sink.set_rules(Vec::new());
    let due = store::NewMessage { first_due_at: place.bench.now(), ..notice("p@example.org", "Overdue") };
    place.bench.app.receiver.accept(vec![due]).await.unwrap();
    place.quiet().await;
    assert_eq!(place.sink.count(), 1, "what was given last is good still");
    place
        .fake
        .answers(400, json!({ "error": "invalid_grant", "error_description": "Token has been revoked." }));
    let page = place.tested(Provider::Google).await;
    assert!(page.contains("Token has been revoked."), "{page}");
    let gone = place.bench.get(WHO, "/preferences/sign-in/google").await.text;
    assert!(gone.contains("Google signed us out") && !gone.contains("Test Google"), "{gone}");
    place.bench.stop().await;
}

/// A line where it is looked for, and a To do.
#[tokio::test]
async fn a_sign_in_that_ends_soon_is_said_before() {
    let place = Box::pin(Place::at(Provider::Google, SendBy::Smtp)).await;
    // So short that nobody has to sign in to the pages again meanwhile.
    place.fake.ends_after(49 * 3600);
    signs_in(&place.bench, &place.fake, Provider::Google, None).await;
    let said = "Google ends this sign-in on";
    let pages = async || {
        let mut told = Vec::new();
        for path in ["/preferences/sign-in/google", "/preferences", "/"] {
            told.push(place.bench.get(WHO, path).await.text.contains(said));
        }
        told
    };
    assert_eq!(pages().await, [false; 3]);
    assert!(place.bench.get(WHO, "/preferences/sign-in/google").await.text.contains("Ends by itself"));
    for _ in 0..2 {
        place.bench.clock.advance(Duration::from_mins(40));
        let next = place.bench.now() + Duration::from_mins(1);
        place.bench.clock.wait_for_sleepers_at(next, 1).await;
        place.quiet().await;
    }
    assert_eq!(pages().await, [true; 3]);
    let today = place.bench.get(WHO, "/").await.text;
    assert!(today.contains("The sign-in with Google ends soon"), "{today}");
    assert!(today.contains("href=\"/preferences/sign-in/google\""), "{today}");
    place.bench.stop().await;
}

/// Nobody is told that mail waits which leaves.
#[tokio::test]
async fn while_the_backup_sends_it_is_not_said_that_mail_waits() {
    let own = Sink::start(Settings::default()).await.unwrap();
    for backup in ["none", "servers"] {
        let place = Box::pin(Place::at(Provider::Google, SendBy::Smtp)).await;
        let values = [("sending.backup", json!(backup)), ("server1.port", json!(own.address().port()))];
        let values = values.map(|(name, value)| (name.to_owned(), value)).into();
        let wish = Wish { based_on: None, values, by: Actor::CommandLine };
        place.bench.app.change_preferences(Change::Set(wish)).await.unwrap();
        place.fake.answers(400, json!({ "error": "invalid_grant", "error_description": "revoked" }));
        place.bench.clock.advance(Duration::from_hours(2));
        let due = store::NewMessage { first_due_at: place.bench.now(), ..notice("p@example.org", "Overdue") };
        place.bench.app.receiver.accept(vec![due]).await.unwrap();
        place.quiet().await;
        let page = place.bench.get(WHO, "/preferences/sign-in/google").await.text;
        let waits = page.contains("Google signed us out. Mail is kept and waits.");
        let goes = page.contains("Google signed us out. All mail goes out by Server 1 meanwhile");
        assert_eq!((waits, goes), (backup == "none", backup != "none"), "{page}");
        assert_eq!(own.count(), u64::from(backup != "none"));
        place.bench.stop().await;
    }
}

/// Before it is ended people read what becomes of mail.
#[tokio::test]
async fn before_a_sign_in_is_ended_it_is_said_what_becomes_of_mail() {
    for (backup, waits, said) in [
        ("none", 0, "No mail waits at the moment."),
        ("none", 2, "2 mails wait at the moment. They are kept and wait"),
        ("servers", 0, "All mail goes out by Server 1 from then on."),
    ] {
        let place = Box::pin(Place::at(Provider::Google, SendBy::Smtp)).await;
        let values = [("sending.backup".to_owned(), json!(backup))].into();
        let wish = Wish { based_on: None, values, by: Actor::CommandLine };
        place.bench.app.change_preferences(Change::Set(wish)).await.unwrap();
        place.sink.set_rules(vec![Rule {
            at: At::Mail,
            address: None,
            does: Does::Reply("451 4.3.0 later".to_owned()),
            times: None,
        }]);
        for _ in 0..waits {
            let due =
                store::NewMessage { first_due_at: place.bench.now(), ..notice("p@example.org", "Overdue") };
            place.bench.app.receiver.accept(vec![due]).await.unwrap();
        }
        place.quiet().await;
        let page = place.bench.get(WHO, "/preferences/sign-in/google/end").await.text;
        assert!(page.contains(said), "{said}: {page}");
        assert_eq!(place.fake.revoked().len(), 0, "it was only asked");
        place.bench.stop().await;
    }
}

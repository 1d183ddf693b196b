use clap::Parser as _;
use jiff::{SignedDuration, tz::TimeZone};
use rand::{SeedableRng as _, rngs::StdRng};
use store::{ApplicationSettings, EventId, WebhookOutcome, WebhookTrouble};

use super::*;
use crate::cli::{Arguments, Exit, args::Command, show};

fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_764_324_000).unwrap() + SignedDuration::from_mins(minutes)
}

/// What the command line asks for, and what is said.
async fn say(store: &Store, key: &KeySource, words: &[&str]) -> (Exit, String) {
    let all = ["bookpost", "webhooks"].iter().chain(words);
    let Command::Webhooks(command) = Arguments::try_parse_from(all).unwrap().command else {
        panic!("another command")
    };
    let (request, _) = request(command);
    let reply = perform(store, request, key, &mut StdRng::seed_from_u64(3), minute(0)).await;
    let line = serde_json::to_string(&reply).unwrap();
    assert_eq!(serde_json::from_str::<Reply>(&line).unwrap(), reply, "it survives the socket");
    let text = show::text(
        &reply,
        &show::View { zone: &TimeZone::UTC, sends: show::Sends::NoWay, now: Timestamp::UNIX_EPOCH },
    );
    (Exit::of(&reply), text)
}

#[tokio::test]
async fn from_the_first_web_address_to_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), minute(0)).unwrap();
    let key = KeySource::File(folder.path().join("secret.key"));
    store
        .add_application(
            "cron".parse().unwrap(),
            ApplicationSettings::default(),
            store::Actor::CommandLine,
            minute(0),
        )
        .await
        .unwrap();
    let url = "https://tracker.invalid/events";
    let mut seen = String::new();
    for (title, words, exit) in [
        ("list nothing", &["list"][..], Exit::Done),
        ("add", &["add", "cron", url], Exit::Done),
        (
            "add for some events",
            &["add", "CRON", "http://localhost:1/", "--event", "returned", "--event", "in-doubt"],
            Exit::Done,
        ),
        ("add what is not encrypted", &["add", "cron", "http://tracker.invalid/"], Exit::Data),
        ("add what is none", &["add", "cron", "tracker"], Exit::Data),
        ("add for nobody", &["add", "nobody", url], Exit::Usage),
        ("remove what is not there", &["remove", "7"], Exit::Usage),
        ("test what is not there", &["test", "7"], Exit::Usage),
        ("list one that fails", &["list"], Exit::Done),
        ("remove", &["remove", "1"], Exit::Done),
        ("list", &["list"], Exit::Done),
    ] {
        if title == "list one that fails" {
            let trouble = WebhookTrouble {
                failing_since: minute(-9_000),
                retried_until: None,
                next_attempt_at: minute(70),
                answer: "503 Service Unavailable: \u{1b}[31mout of order".to_owned(),
            };
            let outcome = WebhookOutcome::GivenUp { until: EventId(0), events: 12, trouble };
            store.webhook_told(WebhookId(1), outcome, minute(0)).await.unwrap();
        }
        let (code, text) = say(&store, &key, words).await;
        assert_eq!(code, exit, "{title}: {text}");
        seen = format!("{seen}== {title}\n{text}\n");
    }
    let (code, text) = say(&store, &key, &["test", "2"]).await;
    assert_eq!(code, Exit::Refused);
    assert!(text.starts_with("http://localhost:1/ does not take it: "), "{text}");
    insta::assert_snapshot!(seen.replace(&folder.path().display().to_string(), "FOLDER"));
}

use jiff::tz::TimeZone;
use rand::{SeedableRng as _, rngs::StdRng};

use super::*;
use crate::{
    cli::{Arguments, Exit, args::Command, show},
    identity::{self, Refusal},
};
use clap::Parser as _;

fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_764_324_000 + 60 * minutes).unwrap()
}

fn sites() -> Vec<Site> {
    let site = |code: &str| Site {
        code: code.to_owned(),
        name: code.to_owned(),
        email: "desk@library.example".parse().ok(),
        reply_to: None,
        return_address: None,
        phone: None,
        branches: Vec::new(),
        time_zone: None,
        language: None,
    };
    ["MAIN", "EAST"].map(site).to_vec()
}

/// What the command line asks for.
fn read(words: &[&str]) -> Result<ApplicationsRequest, (Failure, String)> {
    let words = ["bookpost", "applications"].iter().chain(words);
    let Command::Applications(command) = Arguments::try_parse_from(words).unwrap().command else {
        panic!("another command")
    };
    request(command).map(|(request, _)| request)
}

/// Carries each out a minute after the one before; the dice are always the same.
async fn perform_all(store: &Store, commands: &[(&str, &[&str], Exit)]) -> String {
    let (mut seen, mut dice) = (String::new(), StdRng::seed_from_u64(3));
    for (at, (title, words, exit)) in (0..).zip(commands) {
        let reply = match read(words) {
            Ok(request) => perform(store, request, &sites(), Actor::CommandLine, &mut dice, minute(at)).await,
            Err((failure, message)) => Reply::Failed { failure, message },
        };
        let line = serde_json::to_string(&reply).unwrap();
        assert_eq!(serde_json::from_str::<Reply>(&line).unwrap(), reply, "it survives the socket");
        let text = show::text(
            &reply,
            &show::View { zone: &TimeZone::UTC, sends: show::Sends::NoWay, now: Timestamp::UNIX_EPOCH },
        );
        assert_eq!(Exit::of(&reply), *exit, "{title}: {text}");
        seen = format!("{seen}== {title}\n{text}\n");
    }
    seen
}

#[tokio::test]
async fn from_the_first_application_to_the_last_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), minute(0)).unwrap();
    let id = Key::draw(&mut StdRng::seed_from_u64(3)).id().0.clone();
    let all = [
        "add",
        "Textbook Tracker",
        "--from",
        "books@library.example",
        "--from",
        "@school.example",
        "--site",
        "MAIN",
        "--class",
        "bulk",
        "--class",
        "normal",
        "--return-address",
        "it@library.example",
        "--largest-message",
        "500kB",
        "--recipients",
        "50",
        "--waiting",
        "2000",
        "--per-minute",
        "60",
    ];
    let commands: &[(&str, &[&str], Exit)] = &[
        ("list nothing", &["list"], Exit::Done),
        ("add with nothing said", &["add", "cron"], Exit::Done),
        ("add with everything said", &all, Exit::Done),
        ("add a second time", &["add", "CRON"], Exit::Usage),
        ("add without a name", &["add", " "], Exit::Usage),
        ("add for a site that is not there", &["add", "x", "--site", "WEST"], Exit::Usage),
        ("add with no address", &["add", "x", "--from", "library.example"], Exit::Data),
        ("add a return address that is none", &["add", "x", "--return-address", "@y"], Exit::Data),
        ("make a key", &["key", "add", "cron"], Exit::Done),
        ("make a second", &["key", "add", "cron"], Exit::Done),
        ("make one for nobody", &["key", "add", "nobody"], Exit::Usage),
        ("revoke the first", &["key", "revoke", "cron", &id], Exit::Done),
        ("revoke another's", &["key", "revoke", "Textbook Tracker", &id], Exit::Usage),
        ("change nothing", &["change", "cron"], Exit::Usage),
        ("change one thing", &["change", "cron", "--per-minute", "10"], Exit::Done),
        ("set it back", &["change", "cron", "--reset", "per-minute"], Exit::Done),
        ("disable", &["disable", "textbook tracker"], Exit::Done),
        ("list", &["list"], Exit::Done),
        ("enable", &["enable", "Textbook Tracker"], Exit::Done),
        ("show", &["show", "cron"], Exit::Done),
        ("show nobody", &["show", "nobody"], Exit::Usage),
    ];
    insta::assert_snapshot!(perform_all(&store, commands).await);
    store.close().await.unwrap();
}

/// The key that is shown is the key that opens.
#[tokio::test]
async fn what_is_shown_is_what_signs_in() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), minute(0)).unwrap();
    let mut dice = StdRng::seed_from_u64(3);
    let mut ask = async |words: &[&str]| {
        perform(&store, read(words).unwrap(), &sites(), Actor::CommandLine, &mut dice, minute(0)).await
    };
    ask(&["add", "cron"]).await;
    let Reply::NewKey(key) = ask(&["key", "add", "cron"]).await else { panic!("a key") };
    ask(&["key", "revoke", "cron", &key.id.0]).await;
    let Reply::NewKey(second) = ask(&["key", "add", "cron"]).await else { panic!("a key") };
    let all = identity::Applications::load(&store, &sites()).await.unwrap();
    let peer = std::net::Ipv4Addr::LOCALHOST.into();
    let by_login = |key: &ShownKey| all.authenticate(peer, &key.id.0, &key.password.0, minute(1));
    assert_eq!(by_login(&key).unwrap_err(), Refusal::Revoked);
    assert_eq!(by_login(&second).unwrap().name(), "cron");
    assert_eq!(all.bearer(peer, &second.key.0, minute(1)).unwrap().name(), "cron");
}

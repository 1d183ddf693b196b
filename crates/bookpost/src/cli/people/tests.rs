use std::net::Ipv4Addr;

use clap::Parser as _;
use jiff::tz::TimeZone;
use rand::{SeedableRng as _, rngs::StdRng};
use store::{Role, Session};

use super::*;
use crate::cli::{Arguments, Exit, args, show};

const PEER: std::net::IpAddr = std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

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
fn read(words: &[&str]) -> Result<PeopleRequest, (Failure, String)> {
    let all = ["bookpost"].iter().chain(words);
    let read = match Arguments::try_parse_from(all).unwrap().command {
        args::Command::People(command) => request(command),
        args::Command::Log(wanted) => log_request(wanted),
        other => panic!("{other:?}"),
    };
    read.map(|(request, _)| request)
}

async fn ask(store: &Store, words: &[&str], pages: &[&str], at: i64) -> Reply {
    let sites = sites();
    let pages: Vec<_> = pages.iter().map(|&page| page.to_owned()).collect();
    let place = Place { sites: &sites, pages: &pages };
    let mut dice = StdRng::seed_from_u64(at.unsigned_abs());
    match read(words) {
        Ok(request) => perform(store, request, place, Actor::CommandLine, &mut dice, minute(at)).await,
        Err((failure, message)) => Reply::Failed { failure, message },
    }
}

/// The same code each time would make a snapshot that looks like a secret.
fn without_code(text: &str) -> String {
    let Some((before, code)) = text.split_once("?code=") else { return text.to_owned() };
    let (code, after) = code.split_at(43);
    assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{code}");
    format!("{before}?code=CODE{after}")
}

#[tokio::test]
async fn from_the_first_link_to_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), minute(0)).unwrap();
    let (ann, bob) = ("ann@library.example", "bob@library.example");
    let mut seen = String::new();
    for (at, (title, words, exit)) in (0..).zip([
        ("list nobody", "people list", Exit::Done),
        ("a link for setting up", "people setup-link", Exit::Done),
        (
            "add an administrator",
            "people add ann@library.example --name Ann --role administrator",
            Exit::Done,
        ),
        ("a password for them", "", Exit::Done),
        ("no second link for setting up", "people setup-link", Exit::Usage),
        (
            "add",
            "people add bob@library.example --name Bob --role manager --site MAIN --site EAST",
            Exit::Done,
        ),
        ("add a second time", "people add BOB@library.example --name Bob --role viewer", Exit::Usage),
        ("add without a name", "people add x@library.example --name= --role viewer", Exit::Usage),
        ("add no address", "people add nobody --name Bob --role viewer", Exit::Data),
        (
            "add for a site that is not there",
            "people add x@y.example --name X --role viewer --site W",
            Exit::Usage,
        ),
        ("change", "people change bob@library.example --role viewer --site EAST --name Robert", Exit::Done),
        ("change for a site that is not there", "people change bob@library.example --site W", Exit::Usage),
        ("change an address", "people change bob@library.example --email rob@library.example", Exit::Done),
        (
            "change it back, for all sites",
            "people change rob@library.example --email bob@library.example --all-sites",
            Exit::Done,
        ),
        ("another invitation", "people invite-link bob@library.example", Exit::Done),
        ("no invitation for who is there", "people invite-link ann@library.example", Exit::Usage),
        ("a new password", "people reset-link ann@library.example", Exit::Done),
        ("signed in nowhere", "people sessions bob@library.example", Exit::Done),
        ("signed in", "people sessions ann@library.example", Exit::Done),
        ("another's session is not ended", "people end-session bob@library.example 1", Exit::Usage),
        ("one session ended", "people end-session ann@library.example 1", Exit::Done),
        ("signed out", "people sign-out ann@library.example", Exit::Done),
        ("the last administrator", "people disable ann@library.example", Exit::Usage),
        ("nor loses the role", "people change ann@library.example --role viewer", Exit::Usage),
        ("disable", "people disable bob@library.example", Exit::Done),
        ("list", "people list", Exit::Done),
        ("enable", "people enable bob@library.example", Exit::Done),
        ("nobody", "people enable eve@library.example", Exit::Usage),
        ("the log", "log", Exit::Done),
        ("the log about one, in parts", "log --about bob@library.example --before 9 --limit 2", Exit::Done),
        ("the log of one", "log --by bob@library.example", Exit::Done),
        ("no key yet", "people keys ann@library.example", Exit::Done),
        ("a key of her own", "people key ann@library.example", Exit::Done),
        ("her keys", "people keys ann@library.example", Exit::Done),
        ("a key that is not hers", "people revoke-key ann@library.example 00000000", Exit::Usage),
        ("a key for nobody", "people key eve@library.example", Exit::Usage),
    ]) {
        if words.is_empty() {
            sign_in(&store, ann, at).await;
            continue;
        }
        let words: Vec<_> = words.split(' ').collect();
        let reply = ask(&store, &words, &["http://127.0.0.1:8025"], at).await;
        let line = serde_json::to_string(&reply).unwrap();
        assert_eq!(serde_json::from_str::<Reply>(&line).unwrap(), reply, "it survives the socket");
        let text = show::text(
            &reply,
            &show::View { zone: &TimeZone::UTC, sends: show::Sends::NoWay, now: Timestamp::UNIX_EPOCH },
        );
        assert_eq!(Exit::of(&reply), exit, "{title}: {text}");
        seen = format!("{seen}== {title}\n{}\n", without_code(&text));
    }
    assert!(store.person_of(&bob.parse().unwrap()).await.unwrap().disabled_at.is_none());
    insta::assert_snapshot!(seen);
}

/// A password, and a session by it.
async fn sign_in(store: &Store, email: &str, at: i64) -> Session {
    let person = store.person_of(&email.parse().unwrap()).await.unwrap();
    let password = store::PasswordHash("hash".to_owned());
    store.set_password(person.id, password.clone(), None, Actor::CommandLine, minute(at)).await.unwrap();
    let new = store::NewSession {
        person: person.id,
        password: Some(password),
        token: store::TokenHash([0; 32]),
        peer: PEER,
        browser: Some("Firefox on Windows".to_owned()),
    };
    store.begin_session(new, minute(at)).await.unwrap()
}

/// What is printed is what opens, at the page for it.
#[tokio::test]
async fn the_link_that_is_shown_is_the_link_that_opens() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), minute(0)).unwrap();
    let clock = std::sync::Arc::new(testkit::clock::ManualClock::at(minute(9)));
    let people = People::new(store.clone(), clock, StdRng::seed_from_u64(1), None);
    let pages = ["https://books.example:8025", "https://192.0.2.7:8025"];
    for (at, words, before, purpose) in [
        (1, "people setup-link", "https://books.example:8025/set-up?code=", LinkPurpose::SetUp),
        (
            2,
            "people add ann@library.example --name Ann --role manager",
            "https://books.example:8025/invitation?code=",
            LinkPurpose::Invitation,
        ),
        (
            3,
            "people reset-link ann@library.example",
            "https://books.example:8025/reset?code=",
            LinkPurpose::Reset,
        ),
    ] {
        let Reply::Link(shown) = ask(&store, &words.split(' ').collect::<Vec<_>>(), &pages, at).await else {
            panic!("a link")
        };
        let code = shown.link.0.strip_prefix(before).unwrap();
        assert_eq!(people.link(code).await.unwrap().unwrap().purpose, purpose);
        let also = before.replace("books.example", "192.0.2.7");
        assert_eq!(shown.also, [Secret(format!("{also}{code}"))]);
        assert!(!format!("{shown:?}").contains(code), "{shown:?}");
    }
    let Reply::Link(shown) = ask(&store, &["people", "setup-link"], &[], 4).await else { panic!("a link") };
    assert!(shown.link.0.starts_with("/set-up?code="));
    let view = show::View { zone: &TimeZone::UTC, sends: show::Sends::NoWay, now: Timestamp::UNIX_EPOCH };
    assert!(show::text(&Reply::Link(shown), &view).contains("`listen`"));
}

#[tokio::test]
async fn a_start_says_how_to_set_up_until_somebody_can() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), minute(0)).unwrap();
    let clock = std::sync::Arc::new(testkit::clock::ManualClock::at(minute(0)));
    let people = People::new(store.clone(), clock, StdRng::seed_from_u64(1), None);
    let pages = ["http://127.0.0.1:8025".to_owned()];
    let line = async || set_up_line(&people, &pages).await.unwrap();
    let (first, second) = (line().await.unwrap(), line().await.unwrap());
    let code = |line: &str| line.split_once("http://127.0.0.1:8025/set-up?code=").unwrap().1.to_owned();
    let found = async |line: &str| people.link(&code(line)).await.unwrap().is_some();
    assert_eq!((found(&first).await, found(&second).await), (false, true), "a new code each time");
    let (email, name) = ("ann@library.example".parse().unwrap(), "Ann".parse().unwrap());
    let (_, ann) = people.set_up(&code(&second), email, name, "elf zwölf zehn", PEER).await.unwrap();
    assert_eq!((line().await, ann.role), (None, Role::Administrator));
}

/// Whoever asks by other ways than the command line is told, too.
#[tokio::test]
async fn the_language_of_the_pages_is_one_that_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), minute(0)).unwrap();
    let add =
        ["people", "add", "ann@library.example", "--name", "Ann", "--role", "viewer", "--language", "es"];
    ask(&store, &add, &[], 1).await;
    let language = async || {
        let email = "ann@library.example".parse().unwrap();
        store.person_of(&email).await.unwrap().language
    };
    assert_eq!(language().await.as_deref(), Some("es"));
    let change = async |language: &str| {
        let change = PersonChange { language: Some(language.to_owned()), ..PersonChange::default() };
        let request = PeopleRequest::Change { email: "ann@library.example".parse().unwrap(), change };
        let (sites, mut dice) = (sites(), StdRng::seed_from_u64(1));
        let place = Place { sites: &sites, pages: &[] };
        perform(&store, request, place, Actor::CommandLine, &mut dice, minute(2)).await
    };
    let Reply::Failed { failure, message } = change("tlh").await else { panic!("a language") };
    assert_eq!((failure, &*message), (Failure::Usage, "the pages are not in \"tlh\"; they are in: en, es"));
    assert_eq!(language().await.as_deref(), Some("es"));
    ask(&store, &["people", "change", "ann@library.example", "--language", "browser"], &[], 3).await;
    assert_eq!(language().await, None);
    store.close().await.unwrap();
}

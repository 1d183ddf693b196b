use clap::Parser as _;
use jiff::tz::TimeZone;
use rand::{SeedableRng as _, rngs::StdRng};
use store::{ApplicationSettings, PersonSettings, Role};

use super::*;
use crate::{
    cli::{Arguments, Exit, args::Command, show},
    config::Surroundings,
};

fn now() -> Timestamp {
    Timestamp::constant(1_800_000_000, 0)
}

/// What the command line asks for.
fn read(words: &[&str]) -> SitesRequest {
    let words = ["bookpost", "sites"].iter().chain(words);
    let Command::Sites(command) = Arguments::try_parse_from(words).unwrap().command else {
        panic!("another command")
    };
    request(command).unwrap().0
}

/// Carries each out; gives what is said.
async fn perform_all(store: &Store, source: &Source, commands: &[(&[&str], Exit)]) -> String {
    let mut seen = String::new();
    for (words, exit) in commands {
        let request = read(words);
        let said = done(&request);
        let reply = perform(store, source, request, &mut StdRng::seed_from_u64(7), now()).await;
        let line = serde_json::to_string(&reply).unwrap();
        assert_eq!(serde_json::from_str::<Reply>(&line).unwrap(), reply, "it survives the socket");
        let text = show::text(
            &reply,
            &show::View { zone: &TimeZone::UTC, sends: show::Sends::NoWay, now: Timestamp::UNIX_EPOCH },
        );
        assert_eq!(Exit::of(&reply), *exit, "{words:?}: {text}");
        let said = said.filter(|_| *exit == Exit::Done).map_or(String::new(), |said| format!("{said}\n\n"));
        seen = format!("{seen}== {}\n{said}{text}\n", words.join(" "));
    }
    seen
}

fn source(folder: &Path, more: &str) -> Source {
    let file = format!("data_dir = {folder:?}\n[sending]\nehlo_name = \"books.library.example\"\n{more}");
    Source::given(&file, Some("bookpost.toml".into()), &Surroundings::given([], None))
}

#[tokio::test]
async fn from_the_first_site_to_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let source = source(folder.path(), "");
    let main = ["add", "MAIN", "--name", "Main Library", "--email", "desk@library.example"];
    let east = ["add", "EAST", "--name", "East Branch", "--email", "east@library.example"];
    let all = [
        "change",
        "EAST",
        "--reply-to",
        "info@library.example",
        "--return-address",
        "back@library.example",
        "--branch",
        "E2",
        "--branch",
        "BUS",
        "--time-zone",
        "America/Chicago",
        "--phone",
        "555-0100",
    ];
    let seen = perform_all(
        &store,
        &source,
        &[
            (&["list"], Exit::Done),
            (&main, Exit::Done),
            (&main, Exit::Usage),
            (&east, Exit::Done),
            (&all, Exit::Done),
            (&["change", "EAST", "--time-zone", "Mars/Olympus"], Exit::Data),
            (&["change", "EAST", "--branch", "MAIN"], Exit::Data),
            (&["change", "EAST", "--email", "nobody"], Exit::Data),
            (&["change", "EAST", "--reset", "reply-to", "--reset", "branch", "--name", "East"], Exit::Done),
            (&["change", "WEST", "--name", "West"], Exit::Usage),
            (&["remove", "MAIN"], Exit::Done),
            (&["remove", "MAIN"], Exit::Usage),
            (&["remove", "EAST"], Exit::Done),
        ],
    )
    .await;
    insta::assert_snapshot!(seen);
}

#[tokio::test]
async fn a_site_gets_a_logo_and_loses_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let source = source(folder.path(), "");
    let files = ["png", "svg", "much"].map(|name| folder.path().join(name).display().to_string());
    let [png, svg, much] = &files;
    let end = b"\0\0\0\0IEND\xaeB`\x82";
    let head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x78\x00\x00\x00\x28";
    for (file, bytes) in [
        (png, [&head[..], end].concat()),
        (svg, b"<svg/>".to_vec()),
        (much, [&head[..], &vec![0; MOST_BYTES]].concat()),
    ] {
        std::fs::write(file, bytes).unwrap();
    }
    let add = ["add", "MAIN", "--name", "Main Library", "--email", "desk@library.example"];
    let said = perform_all(
        &store,
        &source,
        &[
            (&add, Exit::Done),
            (&["logo", "WEST", png], Exit::Usage),
            (&["logo", "MAIN", svg], Exit::Data),
            (&["logo", "MAIN", much], Exit::Data),
            (&["logo", "MAIN", png], Exit::Done),
        ],
    )
    .await;
    for words in
        ["no site has the code WEST", "neither a PNG nor a JPEG", "more than 20 kB", "have this logo"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(store.logo("MAIN").await.unwrap().unwrap().bytes, [&head[..], end].concat());
    let said = perform_all(&store, &source, &[(&["logo", "MAIN", "--remove"], Exit::Done)]).await;
    assert!(said.contains("have no logo") && store.logos().await.unwrap().is_empty(), "{said}");
    // Another library with the code of one that was removed begins without its logo.
    let again = [(&["logo", "MAIN", png][..], Exit::Done), (&["remove", "MAIN"], Exit::Done)];
    perform_all(&store, &source, &again).await;
    assert_eq!(store.logos().await.unwrap().len(), 1, "removing may be undone");
    perform_all(&store, &source, &[(&add, Exit::Done)]).await;
    assert!(store.logos().await.unwrap().is_empty());
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_site_stays_while_something_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let source = source(folder.path(), "[notices]\n");
    let add = ["add", "MAIN", "--name", "Main Library", "--email", "desk@library.example"];
    perform_all(&store, &source, &[(&add, Exit::Done)]).await;
    let settings = ApplicationSettings { sites: vec!["MAIN".to_owned()], ..ApplicationSettings::default() };
    store.add_application("Tracker".parse().unwrap(), settings, Actor::CommandLine, now()).await.unwrap();
    let person = PersonSettings {
        email: "ann@library.example".parse().unwrap(),
        name: "Ann".parse().unwrap(),
        role: Role::Manager,
        sites: ["MAIN".to_owned()].into(),
        language: None,
    };
    let person = store.add_person(person, Actor::CommandLine, now()).await.unwrap();
    let remove: &[(&[&str], Exit)] = &[(&["remove", "MAIN"], Exit::Usage)];
    let said = perform_all(&store, &source, remove).await;
    assert!(
        said.contains("the program Tracker sends for it; ann@library.example is limited to it"),
        "{said}"
    );
    store.disable_person(person.id, Actor::CommandLine, now()).await.unwrap();
    let of_all = |settings: &mut ApplicationSettings| {
        settings.sites.clear();
        Ok(())
    };
    store.change_application("Tracker", of_all, Actor::CommandLine, now()).await.unwrap();
    let file = self::source(folder.path(), "[notices]\ndefault_site = \"MAIN\"\n");
    let said = perform_all(&store, &file, remove).await;
    assert!(said.contains("lines of exports without a branch code are of it"), "{said}");
    perform_all(&store, &source, &[(&["remove", "MAIN"], Exit::Done)]).await;
}

#[tokio::test]
async fn sites_of_the_file_are_changed_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let site = "[[sites]]\ncode = \"MAIN\"\nname = \"Main\"\nemail = \"desk@library.example\"\n";
    let source = source(folder.path(), site);
    let seen = perform_all(
        &store,
        &source,
        &[(&["list"], Exit::Done), (&["change", "MAIN", "--name", "Hill"], Exit::Usage)],
    )
    .await;
    assert!(seen.contains("They are set in bookpost.toml, line 4: change them there"), "{seen}");
    assert!(seen.contains("`sites` is set elsewhere (bookpost.toml, line 4)"), "{seen}");
}

//! The demo, from nothing.

use std::{path::Path, process::Stdio};

use reqwest::Client;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::Command,
};

use crate::bench::{Place, Said, bookpost};

#[tokio::test]
async fn the_demo_shows_a_run_that_adds_up() {
    let folder = tempfile::tempdir().unwrap();
    let said: Said = bookpost(folder.path()).args(["demo", "--no-serve"]).output().await.unwrap().into();
    assert_eq!(said.code, Some(0), "{said:?}");
    let figure = |what: &str| -> u64 {
        let line = said.out.lines().find(|line| line.trim_start().starts_with(what)).expect(what);
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(figure("patrons in the export") >= 300, "{}", said.out);
    assert_eq!(figure("patrons in the export"), figure("notices") + figure("without an address"));
    assert_eq!(
        figure("notices"),
        figure("practice: nobody received it") + figure("sent back to the library")
    );
    assert_eq!(
        (figure("without an address"), figure("sent back to the library"), figure("still waiting")),
        (1, 1, 0)
    );
    assert_eq!(figure("lines we could not use"), 1);
    assert!(said.out.contains("It adds up."), "{}", said.out);
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["bookpost-demo"], "nothing but its own folder");
    try_what_it_says(folder.path(), &said).await;
}

/// What it tells to try next works as it is written, with this program in the place of `cargo run --release --`.
async fn try_what_it_says(folder: &Path, said: &Said) {
    let lines = said.out.lines().map(str::trim_start);
    let commands: Vec<&str> = lines.filter_map(|line| line.strip_prefix("cargo run --release -- ")).collect();
    assert!(commands.len() > 2, "{}", said.out);
    for command in commands {
        let said: Said = bookpost(folder).args(command.split_whitespace()).output().await.unwrap().into();
        assert_eq!(said.code, Some(0), "{command}: {said:?}");
    }
}

/// Without `--no-serve` too: nobody is there to open a page.
#[tokio::test]
async fn without_a_terminal_it_ends_after_the_summary() {
    let folder = tempfile::tempdir().unwrap();
    let said: Said = bookpost(folder.path()).arg("demo").output().await.unwrap().into();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("It adds up.") && !said.out.contains("http://"), "{said:?}");
    assert!(said.out.contains("Its pages were not opened"), "why there is no link: {said:?}");
}

/// Under a terminal that `script` (util-linux) makes.
#[tokio::test]
async fn at_a_terminal_it_serves_the_pages_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("script");
    let demo = format!("exec {} demo", env!("CARGO_BIN_EXE_bookpost"));
    command.args(["-qefc", &demo, "/dev/null"]).current_dir(folder.path()).kill_on_drop(true);
    // A setting of another Bookpost is none of the demo's.
    command.env("BOOKPOST_DATA_DIR", "/nowhere").env("SHELL", "/bin/sh");
    let Ok(mut child) = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        return Place::not_run("at_a_terminal_it_serves_the_pages_until_it_is_told_to_stop: script");
    };
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut said, mut addresses) = (String::new(), Vec::new());
    while addresses.len() < 2 {
        let line = lines.next_line().await.unwrap().expect("it ended before it served");
        let address = line.split_whitespace().find(|word| word.starts_with("http://"));
        addresses.extend(address.map(ToOwned::to_owned));
        said = said + &line + "\n";
    }
    assert!(said.contains("It adds up.") && addresses[0].starts_with("http://127.0.0.1:"), "{said}");
    let client = Client::new();
    let link = client.get(&addresses[1]).send().await.unwrap();
    assert!(link.status().is_success(), "{link:?}");
    // Commands speak to what serves the pages, and the library can be changed there.
    let config = ["--config", "bookpost-demo/bookpost.toml"];
    let run = async |words: &[&str]| -> Said {
        bookpost(folder.path()).args(config).args(words).output().await.unwrap().into()
    };
    let shown = run(&["preferences", "show"]).await;
    assert!(shown.out.contains("Riverside Libraries"), "{shown:?}");
    assert_eq!(run(&["preferences", "set", "library=Lakeside"]).await.code, Some(0));
    assert_eq!(run(&["queue", "list", "--state", "returned"]).await.code, Some(0));
    // Whoever signs in at a provider comes back to where the pages are.
    let port = addresses[0].trim_end_matches('/').rsplit(':').next().unwrap();
    let mut client = bookpost(folder.path());
    client.args(config).args(["preferences", "client", "google", "--id", "bookpost"]).stdin(Stdio::piped());
    let mut client = client.stdout(Stdio::null()).spawn().unwrap();
    client.stdin.take().unwrap().write_all(b"a secret of two\n").await.unwrap();
    assert!(client.wait().await.unwrap().success());
    let connect = run(&["preferences", "connect", "google"]).await;
    assert!(connect.err.contains(&format!("redirect_uri=http%3A%2F%2Flocalhost%3A{port}%2F")), "{connect:?}");
    // Its folder is not taken from under it.
    let second: Said = bookpost(folder.path()).args(["demo", "--no-serve"]).output().await.unwrap().into();
    assert!(second.code == Some(75) && second.err.contains("still at work"), "{second:?}");
    assert_eq!(run(&["queue", "list", "--state", "returned"]).await.code, Some(0));
    // Ctrl-C.
    child.stdin.as_mut().unwrap().write_all(b"\x03").await.unwrap();
    while lines.next_line().await.unwrap().is_some() {}
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

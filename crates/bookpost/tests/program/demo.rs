//! The demo, from nothing.

use std::path::Path;

use crate::bench::{Said, bookpost};

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

//! The client against dialogues written as text (`dialogues/*.txt`, the language is in `dialogues/README.md`).
//!
//! Each is played as written; then with the server's bytes split at every byte, which must change nothing; then cut at every
//! byte in both directions, where each recipient must be in exactly the state that the cut allows.

mod dialogue;

use std::{fs, path::Path};

use dialogue::{Cut, Script};

fn scripts() -> Vec<Script> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    assert!(paths.len() >= 60, "only {} dialogues", paths.len());
    let read = |path: &Path| {
        Script::parse(&path.file_stem().unwrap().to_string_lossy(), &fs::read_to_string(path).unwrap())
    };
    paths.iter().map(|path| read(path)).collect()
}

#[test]
fn as_written() {
    for script in scripts() {
        let whole = script.play(Cut::None);
        println!("{}\n{}", script.name, whole.rendered());
        assert_eq!(whole.rendered(), script.expected, "{}", script.name);
    }
}

#[test]
fn split_at_every_byte() {
    for script in scripts() {
        let whole = script.play(Cut::None);
        for at in 0..whole.from_server.len() {
            let split = script.play(Cut::Split(at));
            assert_eq!(split.rendered(), script.expected, "{}: split at {at}", script.name);
            assert_eq!(split.from_client, whole.from_client, "{}: split at {at}", script.name);
        }
    }
}

#[test]
fn cut_at_every_byte_from_the_server() {
    for script in scripts() {
        let whole = script.play(Cut::None);
        for at in 0..whole.from_server.len() {
            whole.check_cut(&script.play(Cut::FromServer(at)), &format!("{}: cut at {at}", script.name));
        }
    }
}

#[test]
fn cut_at_every_byte_from_the_client() {
    for script in scripts() {
        let whole = script.play(Cut::None);
        for at in 0..whole.from_client.len() {
            whole.check_cut(&script.play(Cut::FromClient(at)), &format!("{}: cut at {at}", script.name));
        }
    }
}

//! The client against dialogues written as text (`dialogues/*.txt`, the language is in `dialogues/README.md`).
//!
//! Each is played as written; then with the server's bytes split at every byte, which must change nothing; then cut at every
//! byte in both directions, where each recipient must be in exactly the state that the cut allows.

mod dialogue;

use std::{fs, path::Path};

use dialogue::{Cut, Script};

#[test]
fn every_dialogue_split_and_cut_at_every_byte() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|name| name.extension().is_some_and(|extension| extension == "txt"));
    names.sort();
    assert!(names.len() >= 30, "only {} dialogues", names.len());
    for path in names {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let script = Script::parse(&name, &fs::read_to_string(&path).unwrap());
        let whole = script.play(Cut::None);
        assert_eq!(whole.rendered(), script.expected, "{name}: results");
        for at in 0..whole.from_server.len() {
            let split = script.play(Cut::Split(at));
            assert_eq!(split.rendered(), script.expected, "{name}: server's bytes split at {at}");
            assert_eq!(split.from_client, whole.from_client, "{name}: server's bytes split at {at}");
            whole.check_cut(&script.play(Cut::FromServer(at)), &format!("{name}: server cut at {at}"));
        }
        for at in 0..whole.from_client.len() {
            whole.check_cut(&script.play(Cut::FromClient(at)), &format!("{name}: client cut at {at}"));
        }
    }
}

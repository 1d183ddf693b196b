//! The client against dialogues written as text (`dialogues/*.txt`, the language is in `dialogues/README.md`).
//!
//! Each is played as written; then with the server's bytes split at every byte, which must change nothing; then cut at every
//! byte in both directions, where each recipient must be in exactly the state that the cut allows. In the middle of large
//! content, where one byte is like the next, only some of them are cut at.

#[cfg(test)] // what tests may do, this may
mod dialogue;

use dialogue::{Cut, Script};

/// So many bytes at either end are all cut at.
const ENDS: usize = 1_000;
/// Between the ends, cuts are so far apart.
const STEP: usize = 1_009;

fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..length).filter(move |at| *at < ENDS || length - at <= ENDS || at % STEP == 0)
}

#[test]
fn as_written() {
    for script in Script::all() {
        let whole = script.play(Cut::None);
        assert_eq!(whole.rendered(), script.expected, "{}", script.name);
    }
}

#[test]
fn split_at_every_byte() {
    for script in Script::all() {
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
    for script in Script::all() {
        let whole = script.play(Cut::None);
        for at in 0..whole.from_server.len() {
            whole.check_cut(&script.play(Cut::FromServer(at)), &format!("{}: cut at {at}", script.name));
        }
    }
}

#[test]
fn cut_at_every_byte_from_the_client() {
    for script in Script::all() {
        let whole = script.play(Cut::None);
        for at in places(whole.from_client.len()) {
            whole.check_cut(&script.play(Cut::FromClient(at)), &format!("{}: cut at {at}", script.name));
        }
    }
}

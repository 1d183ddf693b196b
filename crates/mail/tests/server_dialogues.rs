//! The server against dialogues written as text (`dialogues/server/*.txt`, the language is in `dialogues/README.md`).
//!
//! Each is played as written; then with the client's bytes split at every byte, one place at a time and all at once, which must
//! change nothing; then cut at every byte, where no message may be handed out whose end has not come.

#[cfg(test)] // what tests may do, this may
mod server_dialogue;

use server_dialogue::{Script, Splits};

/// So many bytes at either end are all split and cut at; in between, where one byte of a long line is like the next, some.
const ENDS: usize = 700;
const STEP: usize = 499;

fn places(length: usize) -> impl Iterator<Item = usize> {
    (0..length).filter(move |at| *at < ENDS || length - at <= ENDS || at % STEP == 0)
}

#[test]
fn as_written() {
    for script in Script::all() {
        let played = script.play(Splits::None, usize::MAX);
        assert!(
            played.transcript == script.expected,
            "{} goes otherwise than is written:\n{}",
            script.name,
            played.transcript
        );
    }
}

#[test]
fn split_at_every_byte() {
    for script in Script::all() {
        let whole = script.play(Splits::None, usize::MAX);
        let one_by_one = places(script.client_bytes().len()).map(Splits::At);
        for splits in one_by_one.chain([Splits::Everywhere]) {
            let split = script.play(splits, usize::MAX);
            assert_eq!(
                String::from_utf8_lossy(&split.from_server),
                String::from_utf8_lossy(&whole.from_server),
                "{}: {splits:?}",
                script.name
            );
            assert_eq!(split.events, whole.events, "{}: {splits:?}", script.name);
        }
    }
}

#[test]
fn cut_at_every_byte() {
    for script in Script::all() {
        let bytes = script.client_bytes();
        let whole = script.play(Splits::Everywhere, usize::MAX);
        let is_chunked = script.name.starts_with("bdat");
        for end in &whole.messages_at {
            assert!(is_chunked || bytes[..*end].ends_with(b"\r\n.\r\n"), "{}: ends at {end}", script.name);
        }
        for at in places(bytes.len()) {
            let cut = script.play(Splits::None, at);
            let ended = whole.messages_at.iter().filter(|end| **end <= at).count();
            assert_eq!(cut.messages_at.len(), ended, "{}: cut at {at}", script.name);
        }
    }
}

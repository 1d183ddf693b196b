//! Mail that goes round in circles, known by its `Received` fields (RFC 5321 section 6.3).

use memchr::memmem;

use super::Refused;

/// RFC 5321 asks for at least 100 where this is the only sign; here mail is at its beginning, and has hardly any.
pub(super) const MOST_HOPS: usize = 30;
/// So often a message may have been here before: a program may hand one in again, and a report of a report of it.
const MOST_PASSES: usize = 3;

/// What the `Received` fields say.
#[derive(Debug, Default)]
pub(super) struct Passed {
    hops: usize,
    here: usize,
}

impl Passed {
    /// Takes in one `Received` field. `instance` is the name that ours bear.
    pub(super) fn read(&mut self, value: &[u8], instance: &str) {
        self.hops += 1;
        self.here += usize::from(names(value, instance.as_bytes()));
    }

    pub(super) fn check(&self) -> Result<(), Refused> {
        if self.here > MOST_PASSES {
            Err(Refused::Loop(self.here))
        } else if self.hops > MOST_HOPS {
            Err(Refused::TooManyHops(self.hops))
        } else {
            Ok(())
        }
    }
}

/// Whether `word` stands in `text` as a word of its own.
fn names(text: &[u8], word: &[u8]) -> bool {
    let is_inside = |octet: Option<&u8>| {
        octet.is_some_and(|octet| octet.is_ascii_alphanumeric() || b"-._".contains(octet))
    };
    !word.is_empty()
        && memmem::find_iter(text, word).any(|at| {
            let before = at.checked_sub(1).and_then(|before| text.get(before));
            !is_inside(before) && !is_inside(text.get(at + word.len()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_whole_word() {
        for (text, expected) in [
            ("by m1 (Bookpost)", true),
            ("by (m1)", true),
            ("by m1", true),
            ("by m12", false),
            ("by am1", false),
            ("by m1.example", false),
            ("by m12 m1;", true),
            ("", false),
        ] {
            assert_eq!(names(text.as_bytes(), b"m1"), expected, "{text}");
        }
        assert!(!names(b"by m1", b""));
    }
}

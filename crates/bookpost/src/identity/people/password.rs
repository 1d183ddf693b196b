//! Which passwords may be chosen. What counts is length and that nobody would guess it (NIST SP 800-63B section 3.1.1.2): no signs or
//! capitals are asked for, and nobody must change theirs by the calendar.

use mail::Address;

/// Shortest password, in characters.
pub const SHORTEST: usize = 12;
/// Longest password, in bytes.
pub const LONGEST: usize = 256;

/// What people begin a password with that a guesser tries first, one a line.
const COMMON: &str = include_str!("common.txt");

/// Why a password is not taken, in words that can be shown to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is short.
    #[error("a password has at least {SHORTEST} characters; a few words in a row make a good one")]
    TooShort,
    /// It is longer than anybody types.
    #[error("a password has at most {LONGEST} bytes")]
    TooLong,
    /// It is among the first that are tried.
    #[error(
        "this password is one of those that are guessed first; take a few words that do not belong together"
    )]
    Common,
    /// The address that stands in the other field.
    #[error("this password is made from the address that belongs to it, which others know")]
    OwnAddress,
}

/// Whether the person of this address may choose it.
pub fn check(password: &str, email: &Address) -> Result<(), Unfit> {
    if password.chars().count() < SHORTEST {
        return Err(Unfit::TooShort);
    }
    if password.len() > LONGEST {
        return Err(Unfit::TooLong);
    }
    let lower = password.to_lowercase();
    let core = core(&lower);
    let (whole, local) = (email.as_str().to_lowercase(), email.local().to_lowercase());
    if lower.contains(&whole) || core == local || core == email.domain() {
        return Err(Unfit::OwnAddress);
    }
    let piece = piece(core);
    if core.is_empty() || is_row(&lower) || is_row(piece) || COMMON.lines().any(|common| common == piece) {
        return Err(Unfit::Common);
    }
    Ok(())
}

/// Without the figures and signs that people put around a word.
fn core(lower: &str) -> &str {
    lower.trim_matches(|c: char| !c.is_alphabetic())
}

/// What `text` is made of, over and over; else itself.
fn piece(text: &str) -> &str {
    let repeats = |length: usize| {
        text.get(..length)
            .filter(|piece| text.len().is_multiple_of(length) && piece.repeat(text.len() / length) == text)
    };
    (1..=text.len() / 2).find_map(repeats).unwrap_or(text)
}

/// `abcdef`, `987654`, `aaaaaa`: each character follows the one before at the same small step.
fn is_row(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let steps: Vec<i64> = codes.iter().zip(codes.iter().skip(1)).map(|(one, next)| next - one).collect();
    steps.first().is_none_or(|first| first.abs() <= 1 && steps.iter().all(|step| step == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_and_what_is_guessed_first_is_refused() {
        let email = Address::parse("Ann.Lee@library.example").unwrap();
        for (password, expected) in [
            ("correct horse battery", Ok(())),
            ("elf zwölf zehn", Ok(())),
            ("twelve chars", Ok(())),
            ("eleven char", Err(Unfit::TooShort)),
            ("ööööö", Err(Unfit::TooShort)),
            ("Tr0ub4dor&3", Err(Unfit::TooShort)),
            ("password1234", Err(Unfit::Common)),
            ("PasswordPassword", Err(Unfit::Common)),
            ("Password!2026!", Err(Unfit::Common)),
            ("2026-library-2026", Err(Unfit::Common)),
            ("qwertyuiop[]", Err(Unfit::Common)),
            ("aaaaaaaaaaaaaaa", Err(Unfit::Common)),
            ("123456789012", Err(Unfit::Common)),
            ("20262026202620", Err(Unfit::Common)),
            ("abcdefghijklmno", Err(Unfit::Common)),
            ("abcabcabcabcabc", Err(Unfit::Common)),
            ("ann.lee@library.example", Err(Unfit::OwnAddress)),
            ("my ANN.LEE@library.example", Err(Unfit::OwnAddress)),
            ("ann.lee123456", Err(Unfit::OwnAddress)),
            ("library.example1", Err(Unfit::OwnAddress)),
        ] {
            assert_eq!(check(password, &email), expected, "{password}");
        }
        assert_eq!(check(&"long words ".repeat(24), &email), Err(Unfit::TooLong));
        assert_eq!(
            check(&"word by word ".repeat(19), &email).is_ok(),
            "word by word ".repeat(19).len() <= LONGEST
        );
    }

    #[test]
    fn the_list_can_be_compared_with() {
        let all: Vec<_> = COMMON.lines().collect();
        assert!(all.len() >= 100, "{}", all.len());
        for common in &all {
            assert_eq!((core(common), piece(common), *common), (*common, *common, &*common.to_lowercase()));
        }
        assert!(all.is_sorted_by(|one, next| one < next), "in order, and each once");
    }

    #[test]
    fn every_refusal_is_one_plain_sentence() {
        for unfit in [Unfit::TooShort, Unfit::TooLong, Unfit::Common, Unfit::OwnAddress] {
            let words = unfit.to_string();
            assert!(!words.ends_with('.') && words.len() < 120, "{words}");
        }
    }
}

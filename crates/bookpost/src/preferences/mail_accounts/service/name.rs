//! What the two ends call each other, as it is shown to people.

/// Characters that are shown.
const LONGEST: usize = 100;

/// In one line, not too long, and in the direction in which it is written.
pub fn shown(name: &str) -> String {
    name.trim().chars().filter(|one| is_plain(*one)).take(LONGEST).collect()
}

/// Whether it is shown as it is.
pub fn is_shown(name: &str) -> bool {
    !name.is_empty() && shown(name) == name
}

/// Characters that show nothing can make a name look like another one (Unicode Standard Annex 9, Technical Report 36).
fn is_plain(one: char) -> bool {
    let unseen = matches!(one, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !one.is_control() && !unseen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_it_seems_to() {
        for (name, expected) in [
            (" Hill School ", "Hill School"),
            ("Escuela Ñandú", "Escuela Ñandú"),
            ("Two\nlines", "Twolines"),
            ("\u{202e}loohcS\u{202c} Hill", "loohcS Hill"),
            ("Hi\u{200b}ll\u{feff}", "Hill"),
        ] {
            assert_eq!(shown(name), expected, "{name:?}");
            assert_eq!(is_shown(name), name == expected, "{name:?}");
        }
        assert_eq!(shown(&"é".repeat(1_000)).chars().count(), 100);
        assert!(!is_shown(""));
    }
}

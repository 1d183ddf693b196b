//! Several addresses in one cell, the way people and library systems write them.

use super::{Address, AddressError, shown};

/// Every address in `cell`, and every part that was meant as one and is none.
///
/// Addresses are separated by commas, semicolons, white space or line breaks. Display names, with or without quotes, angle
/// brackets, `mailto:` and apostrophes around an address are tolerated. An address that stands twice is given once.
pub fn all_in(cell: &str) -> (Vec<Address>, Vec<AddressError>) {
    let mut found = Found::default();
    // The first half of "Doe, Jane <jane@example.org>" is no address; whether it is a fault is known one piece later.
    let mut undecided: Option<&str> = None;
    for piece in split_outside_quotes(cell, |c| matches!(c, ',' | ';' | '\r' | '\n')) {
        let piece = piece.trim();
        if piece.is_empty() {
            continue;
        }
        let has_brackets = piece.contains('<');
        if let Some(name) = undecided.take().filter(|_| !has_brackets) {
            found.errors.push(AddressError::NoAt(shown(name)));
        }
        if piece.contains('@') {
            found.take_piece(piece);
        } else {
            undecided = Some(piece);
        }
    }
    found.errors.extend(undecided.map(|name| AddressError::NoAt(shown(name))));
    (found.addresses, found.errors)
}

#[derive(Default)]
struct Found {
    addresses: Vec<Address>,
    errors: Vec<AddressError>,
}

impl Found {
    /// One piece with an `@` in it: what stands in angle brackets, else every word that has an `@`.
    fn take_piece(&mut self, piece: &str) {
        let bracketed: Vec<&str> = piece
            .split('<')
            .skip(1)
            .filter_map(|part| part.split_once('>').map(|(inside, _)| inside))
            .collect();
        if bracketed.iter().any(|inside| inside.contains('@')) {
            for inside in bracketed {
                self.take(inside);
            }
        } else {
            for word in split_outside_quotes(piece, char::is_whitespace) {
                if word.contains('@') {
                    self.take(word);
                }
            }
        }
    }

    fn take(&mut self, word: &str) {
        match Address::parse(undressed(word)) {
            Ok(address) => {
                // One family, one notice: hosts that tell `Jane@` from `jane@` are not met in patrons' records.
                let known =
                    self.addresses.iter().any(|other| other.as_str().eq_ignore_ascii_case(address.as_str()));
                if !known {
                    self.addresses.push(address);
                }
            }
            Err(error) => self.errors.push(error),
        }
    }
}

/// The word without `mailto:`, one angle bracket left over, apostrophes around it, and marks that no eye sees.
fn undressed(word: &str) -> &str {
    let word = word.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'));
    let word = match word.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto:") => rest,
        _ => word,
    };
    let word = word.trim_start_matches('<').trim_end_matches('>');
    word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')).unwrap_or(word)
}

/// `text` split at separators that do not stand between two quotation marks. A mark without a second one is a letter.
fn split_outside_quotes(text: &str, is_separator: impl Fn(char) -> bool) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut length = 0;
    while let Some(c) = rest.get(length..).and_then(|after| after.chars().next()) {
        let next = length + c.len_utf8();
        if is_separator(c) {
            let (piece, after) = (rest.get(..length), rest.get(next..));
            pieces.extend(piece);
            rest = after.unwrap_or_default();
            length = 0;
        } else if c == '"' {
            length = rest.get(next..).and_then(closing_quote).map_or(next, |quote| next + quote + 1);
        } else {
            length = next;
        }
    }
    pieces.push(rest);
    pieces
}

/// Where the next `"` stands that no backslash takes away.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_as_they_occur() {
        for (cell, addresses, errors) in [
            ("", &[][..], 0),
            (" ; , \n", &[], 0),
            ("a@x.org", &["a@x.org"], 0),
            ("a@x.org,b@y.org;c@z.org", &["a@x.org", "b@y.org", "c@z.org"], 0),
            ("a@x.org b@y.org\r\nc@z.org\td@z.org", &["a@x.org", "b@y.org", "c@z.org", "d@z.org"], 0),
            ("Jane Doe <a@x.org>", &["a@x.org"], 0),
            ("\"Doe, Jane; Mrs\" <a@x.org>, b@y.org", &["a@x.org", "b@y.org"], 0),
            ("Doe, Jane <a@x.org>; Doe, Joe <b@x.org>", &["a@x.org", "b@x.org"], 0),
            ("<a@x.org><b@x.org>", &["a@x.org", "b@x.org"], 0),
            ("a@x.org <a@x.org>", &["a@x.org"], 0),
            ("a@x.org, A@X.org", &["a@x.org"], 0),
            ("mailto:a@x.org", &["a@x.org"], 0),
            ("'a@x.org'", &["a@x.org"], 0),
            ("\u{feff}a@x.org\u{200b}", &["a@x.org"], 0),
            ("\"jane doe\"@x.org b@y.org", &["\"jane doe\"@x.org", "b@y.org"], 0),
            ("Jane Doe a@x.org (home)", &["a@x.org"], 0),
            ("5\" tall, a@x.org", &["a@x.org"], 1),
            ("none", &[], 1),
            ("none, a@x.org", &["a@x.org"], 1),
            ("a@x.org, none", &["a@x.org"], 1),
            ("a@x.org, b@, c@z.org", &["a@x.org", "c@z.org"], 1),
            ("a@x.org/b@y.org", &[], 1),
            ("jane @x.org", &[], 1),
            ("<a@x.org", &["a@x.org"], 0),
        ] {
            let (found, refused) = all_in(cell);
            let found: Vec<&str> = found.iter().map(Address::as_str).collect();
            assert_eq!((found.as_slice(), refused.len()), (addresses, errors), "{cell:?}: {refused:?}");
        }
    }

    proptest! {
        #[test]
        fn any_cell_is_survived(cell in "[\"\\\\<>@,; \r\na-cé'.]{0,40}") {
            let (addresses, errors) = all_in(&cell);
            prop_assert!(!cell.contains('@') || !addresses.is_empty() || !errors.is_empty() || cell.contains('"') || cell.contains('<'));
        }

        #[test]
        fn every_separator_separates(count in 1_usize..6, separator in "(, |,|; |;|\r\n|\n|\t| )") {
            let written: Vec<String> = (0..count).map(|n| format!("p{n}@example.org")).collect();
            let (addresses, errors) = all_in(&written.join(&separator));
            prop_assert_eq!(addresses.iter().map(|address| address.as_str().to_owned()).collect::<Vec<_>>(), written);
            prop_assert!(errors.is_empty());
        }
    }
}

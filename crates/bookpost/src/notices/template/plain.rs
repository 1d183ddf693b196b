//! What a template may be made of: it shows values, asks, and goes through lists. What could make much of little is not taken, as the
//! engine makes such lists without work and pays with memory where they are written out.

use super::marks;

/// The words with which a tag may begin.
const TAGS: [&str; 8] = ["if", "elif", "else", "endif", "for", "endfor", "raw", "endraw"];

/// Something in a template that is not taken: where, from 1, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotTaken {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) why: String,
}

/// The first that is not taken.
pub(super) fn not_taken(source: &str) -> Option<NotTaken> {
    let at = |place: usize, why: String| {
        let before = source.get(..place).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some(NotTaken { line, column, why })
    };
    if let Some(place) = source.find(marks::MARKS) {
        return at(place, "this letter is for Bookpost's own use".to_owned());
    }
    let mut rest = 0;
    while let Some((begin, end)) = next_tag(source, rest) {
        let tag = source.get(begin..end).unwrap_or_default();
        if let Some(words) = tag.strip_prefix("{%") {
            let word = words.trim_start_matches(['-', '+']).trim_start();
            let word =
                word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            if !TAGS.contains(&word) {
                return at(begin, format!("{{% {word} %}} cannot be used here; there are if and for"));
            }
        }
        if let Some((place, sign)) = outside_of_quotes(tag).find(|(_, sign)| ['*', '~'].contains(sign)) {
            return at(begin + place, format!("the sign {sign} cannot be used here"));
        }
        rest = end;
    }
    None
}

/// From its first brace to behind its last; comments are passed over.
fn next_tag(source: &str, from: usize) -> Option<(usize, usize)> {
    let mut from = from;
    loop {
        let begin = from
            + source
                .get(from..)?
                .find("{{")
                .into_iter()
                .chain(source.get(from..)?.find("{%"))
                .chain(source.get(from..)?.find("{#"))
                .min()?;
        let tag = source.get(begin..)?;
        if tag.starts_with("{#") {
            from = begin + tag.find("#}")? + 2;
            continue;
        }
        let close = if tag.starts_with("{{") { "}}" } else { "%}" };
        let end = outside_of_quotes(tag)
            .map(|(place, _)| place)
            .find(|place| tag.get(*place..).is_some_and(|rest| rest.starts_with(close)));
        return Some((begin, end.map_or(source.len(), |end| begin + end + close.len())));
    }
}

/// The letters of a tag that stand in no string.
fn outside_of_quotes(tag: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quote, mut escaped) = (None, false);
    tag.char_indices().filter(move |(_, letter)| {
        let is_inside = quote.is_some();
        match (quote, *letter) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), letter) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(*letter),
            _ => {}
        }
        !is_inside
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_much_of_little_is_not_taken() {
        for (source, expected) in [
            ("{{ name }}, {% if a and b == \"2 * 2 ~ %}\" %}x * y ~ z{% elif 1 + 1 %}{%- endif -%}", None),
            ("{% for item in items %}* {{ item.title|upper }}\n{% endfor %}", None),
            ("{# a * b #}{{ 'it\\'s * fine' }}", None),
            ("a\n {{ [1] * 90000000 }}", Some((2, 9))),
            ("{{ items ~ 'x' }}", Some((1, 10))),
            ("{{ 'a' }}{%- set x = items + items %}", Some((1, 10))),
            ("{% macro m(x) %}{{ m(x + x) }}{% endmacro %}", Some((1, 1))),
            ("{% autoescape false %}{{ name }}", Some((1, 1))),
            ("{{ a * ", Some((1, 6))),
            ("{% if \"\u{e0f0}\" %}", Some((1, 8))),
        ] {
            let found = not_taken(source).map(|found| (found.line, found.column));
            assert_eq!(found, expected, "{source}");
        }
    }
}

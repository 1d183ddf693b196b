//! Rust source as lines, as far as the rules need it: which are code, which are comments, which are tests.

/// One line that is code, without the comment that may follow it.
pub(super) fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !is_comment(line)).map(|(at, line)| {
        let code = line.find(" // ").and_then(|end| line.get(..end)).unwrap_or(line);
        (at + 1, code)
    })
}

/// Is the whole line a comment (`//`, `///`, `//!`)?
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// The text up to the tests that stand beneath it.
pub(super) fn without_tests(text: &str) -> &str {
    text.get(..start_of_tests(text)).unwrap_or(text)
}

/// The number of lines above the tests.
pub(super) fn lines_without_tests(text: &str) -> usize {
    without_tests(text).lines().count()
}

/// Is this file nothing but tests or what tests use?
pub(super) fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "benches" || part == "testkit")
        || path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs")
}

/// The byte at which `#[cfg(test)]` followed by a module with a body begins.
fn start_of_tests(text: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find("#[cfg(test)]")) {
        let start = from + at;
        let after = text.get(start..).unwrap_or_default().lines().nth(1).unwrap_or_default();
        let line_begins = text.get(..start).is_some_and(|before| before.is_empty() || before.ends_with('\n'));
        if line_begins && after.starts_with("mod ") && after.ends_with('{') {
            return start;
        }
        from = start + 1;
    }
    text.len()
}

/// The names in `text` that follow `keyword` and are a word: `names_after(text, "fn ")`.
pub(super) fn names_after<'a>(text: &'a str, keyword: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(keyword).filter_map(move |(at, _)| {
        let whole = text.get(..at)?.chars().next_back().is_none_or(|before| !is_word(before));
        let name = word(text.get(at + keyword.len()..)?);
        (whole && !name.is_empty()).then_some(name)
    })
}

/// Does `code` say `spelling`, not merely as the beginning of a longer word?
pub(super) fn says(code: &str, spelling: &str) -> bool {
    let ends = |at: usize| code.get(at + spelling.len()..).is_none_or(|rest| !rest.starts_with(is_word));
    code.match_indices(spelling).any(|(at, _)| ends(at))
}

/// The word at the start of `text`.
pub(super) fn word(text: &str) -> &str {
    text.find(|c| !is_word(c)).and_then(|end| text.get(..end)).unwrap_or(text)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_begin_at_their_module() {
        for (text, expected) in [
            ("a\nb\n", 2),
            ("a\n#[cfg(test)]\nmod tests {\nb\n}\n", 1),
            ("#[cfg(test)]\nfn only_in_tests() {}\na\n", 3),
            ("#[cfg(test)]\nmod tests;\na\n", 3),
            ("    #[cfg(test)]\nmod tests {\n", 2),
        ] {
            assert_eq!(lines_without_tests(text), expected, "{text:?}");
        }
    }

    #[test]
    fn comments_are_no_code() {
        let text = "//! a\ncode(); // why\n    /// b\n\"http://x\"";
        let lines: Vec<_> = code_lines(text).collect();
        assert_eq!(lines, [(2, "code();"), (4, "\"http://x\"")]);
    }

    #[test]
    fn names_are_whole_words() {
        let text = "pub fn one() {} often fn two_2<T>() xfn three";
        assert_eq!(names_after(text, "fn ").collect::<Vec<_>>(), ["one", "two_2"]);
    }
}

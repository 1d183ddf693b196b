//! A test waits for what it waits for; it never sleeps.

use super::{Finding, rust, tree::Tree};

/// The calls, with the bracket, so that a sentence about them is no finding.
const CALLS: &[&str] = &["thread::sleep(", "time::sleep(", "thread::park_timeout("];

/// The rule.
pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.rust() {
        let first = if rust::is_test_file(&file.path) { 0 } else { rust::lines_without_tests(&file.text) };
        let asleep = rust::code_lines(&file.text)
            .filter(|(line, code)| *line > first && CALLS.iter().any(|call| code.contains(call)));
        found.extend(asleep.map(|(line, _)| Finding::new(&file.path, line, "a test that sleeps")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_are_looked_at() {
        let call = ["time::", "sleep", "(x).await;\n"].concat();
        let below = format!("code\n#[cfg(test)]\nmod tests {{\n{call}}}\n");
        for (path, text, expected) in [
            ("crates/a/tests/b.rs", call.as_str(), 1),
            ("crates/a/src/b.rs", call.as_str(), 0),
            ("crates/a/src/b.rs", below.as_str(), 1),
            ("crates/testkit/src/b.rs", call.as_str(), 1),
        ] {
            assert_eq!(findings(&Tree::of(&[(path, text)])).len(), expected, "{path}: {text}");
        }
    }
}

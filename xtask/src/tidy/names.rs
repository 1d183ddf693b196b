//! Module names that say nothing.

use super::{Finding, tree::Tree};

const EMPTY_NAMES: &[&str] =
    &["common", "core", "util", "utils", "helper", "helpers", "types", "models", "misc", "shared", "base"];

/// The rule.
pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let empty = |path: &str| {
        path.trim_end_matches(".rs").split('/').find(|part| EMPTY_NAMES.contains(part)).is_some()
    };
    tree.rust()
        .filter(|file| empty(&file.path))
        .map(|file| Finding::new(&file.path, 0, "a module's name says what it is about"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_at_part_by_part() {
        for (path, expected) in [
            ("crates/bookpost/src/common/x.rs", 1),
            ("crates/mail/src/types.rs", 1),
            ("crates/mail/src/helpers/mod.rs", 1),
            ("crates/mail/src/core_of_it.rs", 0),
            ("docs/common.md", 0),
        ] {
            assert_eq!(findings(&Tree::of(&[(path, "")])).len(), expected, "{path}");
        }
    }
}

//! What must have a test has one that is named.

use std::collections::BTreeSet;

use super::{Finding, rust, tree::Tree};

const STORE: &str = "crates/store/src/";
const CONFORMANCE: &str = "crates/store/tests/conformance";
const ARCHITECTURE: &str = "ARCHITECTURE.md";
const INVARIANTS: usize = 12;

/// The rule: every operation of the store is called by its conformance suite.
pub(super) fn conformance(tree: &Tree) -> Vec<Finding> {
    let cases: String = tree
        .rust()
        .filter(|file| file.path.starts_with(CONFORMANCE))
        .map(|file| file.text.as_str())
        .collect();
    let called = |operation: &str| {
        cases.contains(&format!(".{operation}(")) || cases.contains(&format!("Store::{operation}("))
    };
    let mut found = Vec::new();
    for file in tree.rust().filter(|file| file.path.starts_with(STORE)) {
        for operation in operations(&file.text).filter(|operation| !called(operation)) {
            found.push(Finding::new(
                &file.path,
                0,
                format!("no conformance case calls `Store::{operation}`"),
            ));
        }
    }
    found
}

/// The `pub async fn`s inside `impl Store { ... }`.
fn operations(text: &str) -> impl Iterator<Item = &str> {
    let bodies = text.split("\nimpl Store {").skip(1).filter_map(|rest| rest.split("\n}").next());
    bodies.flat_map(|body| rust::names_after(body, "pub async fn "))
}

/// The rule: each row `| 1 | ... | `name_of_test` |` names tests that exist, and no invariant is left out.
pub(super) fn invariants(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(ARCHITECTURE) else {
        return vec![Finding::new(ARCHITECTURE, 0, "is missing")];
    };
    let tests: BTreeSet<&str> =
        tree.rust().flat_map(|file| test_names(&file.text).chain(case_names(&file.text))).collect();
    let mut found = Vec::new();
    for number in 1..=INVARIANTS {
        let start = format!("| {number} |");
        let row = text.lines().enumerate().find(|(_, line)| line.starts_with(&start));
        let Some((at, row)) = row else {
            found.push(Finding::new(ARCHITECTURE, 0, format!("invariant {number} has no row")));
            continue;
        };
        let named: Vec<&str> = last_cell(row).split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            found.push(Finding::new(ARCHITECTURE, at + 1, format!("invariant {number} names no test")));
        }
        let gone = named.into_iter().filter(|name| !tests.contains(name));
        found.extend(
            gone.map(|name| Finding::new(ARCHITECTURE, at + 1, format!("there is no test `{name}`"))),
        );
    }
    found
}

fn last_cell(row: &str) -> &str {
    row.trim_end().trim_end_matches('|').rsplit('|').next().unwrap_or_default()
}

/// Functions that follow a line `#[test]`, `#[tokio::test...]`, or stand in a `proptest!` block with its own `#[test]`.
fn test_names(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("test]").skip(1).chain(text.split("test(").skip(1));
    after.filter_map(|rest| {
        let head = rest.lines().take(4).find(|line| line.contains("fn "))?;
        rust::names_after(head, "fn ").next()
    })
}

/// The cases of a conformance suite: `cases! { module::name, ... }`.
fn case_names(text: &str) -> impl Iterator<Item = &str> {
    let lists = text.split("\ncases! {").skip(1).filter_map(|rest| rest.split("\n}").next());
    lists
        .flat_map(|list| list.split(','))
        .filter_map(|case| case.trim().rsplit_once("::"))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_case() {
        let store = "\nimpl Store {\n    pub async fn accept(&self) {\n    }\n    async fn hidden(&self) {}\n}\nimpl Other {\n    pub async fn x() {}\n}";
        for (cases, expected) in [("store.accept(m).await", 0), ("// accept", 1)] {
            let files = [("crates/store/src/lib.rs", store), ("crates/store/tests/conformance/a.rs", cases)];
            assert_eq!(conformance(&Tree::of(&files)).len(), expected, "{cases}");
        }
    }

    #[test]
    fn every_invariant_names_its_test() {
        let rows = |last: &str| {
            let others: Vec<_> =
                (1..INVARIANTS).map(|number| format!("| {number} | words | `t` |")).collect();
            format!("{}\n{last}", others.join("\n"))
        };
        let source = "#[test]\nfn t() {}\n#[tokio::test(start_paused = true)]\nasync fn u() {}\nfn no_test() {}\ncases! {\n    a::one,\n    b::two,\n}";
        for (last, expected) in [
            ("| 12 | words | `t`, `u` |", 0),
            ("| 12 | words | `one`, `two` |", 0),
            ("| 12 | words | `gone` |", 1),
            ("| 12 | words | `no_test` |", 1),
            ("| 12 | words | |", 1),
            ("", 1),
        ] {
            let tree = Tree::of(&[("ARCHITECTURE.md", &rows(last)), ("a.rs", source)]);
            assert_eq!(invariants(&tree).len(), expected, "{last}");
        }
    }
}

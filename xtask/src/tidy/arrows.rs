//! Which module of the program may use which.
//!
//! The check is textual: `crate::x`, `crate::{x, y::z}` and `bookpost::x` outside the tests. A module that is in no row of
//! [`ARROWS`] is a finding, so a new one is a decision and not an accident.

use super::{
    Finding, rust,
    tree::{File, Tree},
};

/// A module, and those it may use. `*` is all of them.
const ARROWS: &[(&str, &[&str])] = &[
    ("cli", &["*"]),
    ("web", &["*"]),
    ("app", &["*"]),
    ("config", &[]),
    ("notices", &["receive", "preferences"]),
    ("returns", &["receive", "preferences"]),
    ("receive", &["identity", "preferences"]),
    ("queue", &["deliver", "returns", "preferences"]),
    ("deliver", &["preferences"]),
    ("alarms", &[]),
    ("events", &[]),
    ("secrets", &[]),
    ("preferences", &[]),
    ("identity", &[]),
];

/// What every module may use.
const OPEN: &[&str] = &["app", "config", "alarms", "secrets"];

const PROGRAM: &str = "crates/bookpost/src/";

/// The rule.
pub(super) fn between_modules(tree: &Tree) -> Vec<Finding> {
    tree.rust().filter(|file| file.path.starts_with(PROGRAM)).flat_map(of_file).collect()
}

fn of_file(file: &File) -> Vec<Finding> {
    let Some(module) = module_of(&file.path) else { return Vec::new() };
    let Some((_, may_use)) = ARROWS.iter().find(|(name, _)| *name == module) else {
        return vec![Finding::new(
            &file.path,
            0,
            format!("module `{module}` has no row in the table of arrows"),
        )];
    };
    if rust::is_test_file(&file.path) || may_use.contains(&"*") {
        return Vec::new();
    }
    let allowed = |used: &str| {
        used == module
            || OPEN.contains(&used)
            || may_use.contains(&used)
            || !ARROWS.iter().any(|(name, _)| *name == used)
    };
    uses(rust::without_tests(&file.text))
        .into_iter()
        .filter(|(_, used)| !allowed(used))
        .map(|(line, used)| Finding::new(&file.path, line, format!("`{module}` may not use `{used}`")))
        .collect()
}

/// `queue` for both `queue/worker.rs` and `queue.rs`; nothing for the roots, which only name the modules.
fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix(PROGRAM)?;
    if inside == "main.rs" || inside == "lib.rs" || inside.starts_with("bin/") {
        return None;
    }
    inside.split('/').next().map(|first| first.trim_end_matches(".rs"))
}

/// The top modules that the code names, with the line of each.
fn uses(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (start, root) in ["crate::", "bookpost::"].iter().flat_map(|root| text.match_indices(root)) {
        let before = text.get(..start).unwrap_or_default();
        let in_comment = before.rsplit('\n').next().is_some_and(rust::is_comment);
        if in_comment || before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let line = before.matches('\n').count() + 1;
        let rest = text.get(start + root.len()..).unwrap_or_default();
        match rest.strip_prefix('{') {
            Some(group) => found.extend(firsts_of_group(group).into_iter().map(|name| (line, name))),
            None => found.push((line, rust::word(rest))),
        }
    }
    found
}

/// The first word of each member of `{a::b, c::{d, e}, f}`, the opening brace taken off.
fn firsts_of_group(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut firsts) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match (c, depth) {
            ('{', _) => depth += 1,
            (',' | '}', 0) => {
                firsts.push(rust::word(group.get(start..at).unwrap_or_default().trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            ('}', _) => depth -= 1,
            _ => {}
        }
    }
    firsts.retain(|first| !first.is_empty());
    firsts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_in_every_spelling() {
        for (text, expected) in [
            ("use crate::queue::Worker;", vec!["queue"]),
            ("use crate::{\n    queue::{a, b},\n    web,\n    Top,\n};", vec!["queue", "web", "Top"]),
            ("let x = crate::returns::due(1);", vec!["returns"]),
            ("use bookpost::cli;", vec!["cli"]),
            ("// crate::queue in words", vec![]),
            ("$crate::queue", vec![]),
            ("use mycrate::queue;", vec![]),
        ] {
            let found: Vec<_> = uses(text).into_iter().map(|(_, name)| name).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn arrows_point_one_way() {
        for (path, text, findings) in [
            ("deliver/route.rs", "use crate::preferences::Servers;", 0),
            ("deliver/route.rs", "use crate::queue::Worker;", 1),
            ("deliver.rs", "use crate::queue::Worker;", 1),
            ("queue/worker.rs", "use crate::{deliver::Attempt, returns};", 0),
            ("queue/worker.rs", "use crate::receive::accept;", 1),
            ("cli/run.rs", "use crate::{web, queue};", 0),
            ("notices/run.rs", "use crate::app::Dice;", 0),
            ("notices/run.rs", "a\n#[cfg(test)]\nmod tests {\nuse crate::queue;\n}", 0),
            ("misc/mod.rs", "", 1),
            ("main.rs", "use bookpost::misc;", 0),
        ] {
            let tree = Tree::of(&[(&format!("{PROGRAM}{path}"), text)]);
            assert_eq!(between_modules(&tree).len(), findings, "{path}: {text}");
        }
    }
}

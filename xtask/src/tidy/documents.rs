//! What the documents name is there.

use super::{
    Finding,
    tree::{File, Tree},
};

/// The documents whose paths are checked.
const MAPS: &[&str] = &["ARCHITECTURE.md", "CONTRIBUTING.md"];

/// The rule: every path between back quotes in the two maps exists.
pub(super) fn paths(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for map in MAPS {
        let Some(text) = tree.text(map) else {
            found.push(Finding::new(map, 0, "is missing"));
            continue;
        };
        for (line, path) in quoted(text).filter(|(_, path)| is_path(path)) {
            if !tree.has(path) {
                found.push(Finding::new(map, line, format!("`{path}` does not exist")));
            }
        }
    }
    found
}

/// The rule: every link inside the project leads somewhere, to its heading too.
pub(super) fn links(tree: &Tree) -> Vec<Finding> {
    let of = |file: &File| -> Vec<Finding> {
        targets(&file.text)
            .filter(|(_, target)| !leads_outside(target))
            .filter(|(_, target)| !resolves(tree, file, target))
            .map(|(line, target)| {
                Finding::new(&file.path, line, format!("the link `{target}` leads nowhere"))
            })
            .collect()
    };
    tree.with_ending(".md").flat_map(of).collect()
}

/// The rule: a document that is spoken of by its name in capitals is one of the project's.
pub(super) fn named(tree: &Tree) -> Vec<Finding> {
    let known = |name: &str| tree.files.iter().any(|file| file.path.rsplit('/').next() == Some(name));
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| file.path != "Cargo.lock") {
        for (at, line) in file.text.lines().enumerate() {
            let names = line.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
            for name in names.filter(|name| is_capital_document(name) && !known(name)) {
                found.push(Finding::new(&file.path, at + 1, format!("there is no {name}")));
            }
        }
    }
    found
}

fn is_capital_document(name: &str) -> bool {
    name.strip_suffix(".md").is_some_and(|stem| {
        stem.len() > 2 && stem.chars().all(|c| c.is_ascii_uppercase() || c == '-' || c == '_')
    })
}

/// Text between single back quotes outside fenced blocks.
fn quoted(text: &str) -> impl Iterator<Item = (usize, &str)> {
    unfenced(text)
        .flat_map(|(line, text)| text.split('`').skip(1).step_by(2).map(move |inside| (line, inside)))
}

/// The lines outside fenced blocks.
fn unfenced(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(at, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((at + 1, line))
    })
}

/// Only what begins with one of the project's own folders is meant as a path here.
fn is_path(text: &str) -> bool {
    let ours = ["crates/", "docs/", "xtask/", "tests/", "deploy/", ".ci/", "./"];
    ours.iter().any(|start| text.starts_with(start)) && !text.contains([' ', '*', '<', '{'])
}

/// The `target` of each `](target)`.
fn targets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    unfenced(text).flat_map(|(line, text)| {
        text.split("](")
            .skip(1)
            .filter_map(move |rest| rest.split_once(')').map(|(target, _)| (line, target)))
    })
}

fn leads_outside(target: &str) -> bool {
    target.contains("://") || target.starts_with("mailto:")
}

fn resolves(tree: &Tree, from: &File, target: &str) -> bool {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let folder = from.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = if path.is_empty() { from.path.clone() } else { joined(folder, path) };
    let has_heading = |text: &str| unfenced(text).any(|(_, line)| anchor(line).as_deref() == Some(heading));
    tree.has(&path) && (heading.is_empty() || tree.text(&path).is_some_and(has_heading))
}

/// `docs/guide` and `../x.md` make `docs/x.md`.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a heading is called in a link.
fn anchor(line: &str) -> Option<String> {
    let heading = line.starts_with('#').then(|| line.trim_start_matches('#').trim())?;
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    Some(kept.collect::<String>().to_lowercase().replace(' ', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_maps_exist() {
        for (text, expected) in [
            ("see `crates/mail/src/retry.rs` and `crates/mail/`", 0),
            ("see `crates/mail/src/gone.rs`", 1),
            ("`queue/` is a module, `a crates/x` no path, `crates/*/src` a pattern", 0),
            ("```\n`crates/gone`\n```", 0),
            ("`./test`", 0),
        ] {
            let files = [
                ("ARCHITECTURE.md", text),
                ("CONTRIBUTING.md", ""),
                ("crates/mail/src/retry.rs", ""),
                ("test", ""),
            ];
            assert_eq!(paths(&Tree::of(&files)).len(), expected, "{text}");
        }
        assert_eq!(paths(&Tree::of(&[])).len(), 2, "both maps are needed");
    }

    #[test]
    fn links_lead_somewhere() {
        for (text, expected) in [
            ("[a](b.md)", 0),
            ("[a](./b.md#how-it-works)", 0),
            ("[a](b.md#gone)", 1),
            ("[a](../docs/b.md)", 0),
            ("[a](gone.md)", 1),
            ("[a](https://example.org/x)", 0),
            ("# Here\n[a](#here)", 0),
        ] {
            let tree = Tree::of(&[("docs/a.md", text), ("docs/b.md", "## How it works")]);
            assert_eq!(links(&tree).len(), expected, "{text}");
        }
    }

    #[test]
    fn documents_that_are_named_are_ours() {
        let plan = ["PL", "AN.md"].concat();
        for (text, expected) in [("see README.md.", 0), (plan.as_str(), 1), ("retry-a.md", 0)] {
            let tree = Tree::of(&[("README.md", ""), ("a.rs", text)]);
            assert_eq!(named(&tree).len(), expected, "{text}");
        }
    }
}

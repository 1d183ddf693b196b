//! The project speaks of itself alone: no folders of somebody's machine, no hosts of package registries, no marks of
//! unfinished work.
//!
//! The words are put together here from halves, so that this file is no finding of its own.

use super::{Finding, tree::Tree};

/// Hosts that packages come from; where they come from is set by the machine that builds.
const REGISTRIES: &[[&str; 2]] = &[
    ["crates", ".io"],
    ["registry.npmjs", ".org"],
    ["registry.yarnpkg", ".com"],
    ["pypi", ".org"],
    ["files.pythonhosted", ".org"],
    ["proxy.golang", ".org"],
    ["deb.debian", ".org"],
];

/// Marks that work was left for later.
const UNFINISHED: &[[&str; 2]] = &[
    ["FIX", "ME"],
    ["TO", "DO"],
    ["todo", "!("],
    ["unimplemented", "!("],
    ["#[ign", "ore]"], // with a reason it says who runs it
    ["not impl", "emented"],
];

/// Homes on other people's machines.
const HOMES: &[[&str; 2]] = &[["/ho", "me/"], ["/Use", "rs/"], ["/ro", "ot/"]];

/// Lock files name the registry by design.
const LOCKS: &[&str] = &["Cargo.lock", "package-lock.json"];

/// The rule.
pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let words = words(tree);
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| !LOCKS.iter().any(|lock| file.path.ends_with(lock))) {
        for (at, line) in file.text.lines().enumerate() {
            let hits = words.iter().filter(|(word, _)| line.contains(word.as_str()));
            found.extend(hits.map(|(_, why)| Finding::new(&file.path, at + 1, *why)));
        }
    }
    found
}

fn words(tree: &Tree) -> Vec<(String, &'static str)> {
    let of = |list: &[[&str; 2]], why| list.iter().map(|halves| (halves.concat(), why)).collect::<Vec<_>>();
    let mut words = of(REGISTRIES, "the host of a package registry");
    words.extend(of(UNFINISHED, "a mark of unfinished work"));
    words.extend(of(HOMES, "somebody's home folder"));
    words.extend(tree.private.iter().map(|folder| (folder.clone(), "a folder of this machine")));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_one_machine_and_nothing_unfinished() {
        for (path, text, expected) in [
            ("a.md", "a quiet line", 0),
            ("a.md", &["/ho", "me/anna/x"].concat(), 1),
            ("a.rs", &["// TO", "DO: later"].concat(), 1),
            ("a.rs", &["https://crates", ".io/x"].concat(), 1),
            ("Cargo.lock", &["https://crates", ".io/x"].concat(), 0),
            ("a.sh", "cd /checkout/here/x", 1),
        ] {
            let mut tree = Tree::of(&[(path, text)]);
            tree.private.push("/checkout/here/".to_owned());
            assert_eq!(findings(&tree).len(), expected, "{path}: {text}");
        }
    }
}

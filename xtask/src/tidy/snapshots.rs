//! A snapshot that no test reads is a lie that nobody corrects.

use super::{Finding, rust, tree::Tree};

/// The rule: the source that a snapshot names has a test or a literal of the snapshot's name.
pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let unread = tree.with_ending(".snap").filter(|snapshot| {
        let name = name_of(&snapshot.path);
        let source = header(&snapshot.text, "source").and_then(|path| tree.text(path));
        !source.is_some_and(|text| reads(text, name))
    });
    let pending = tree.with_ending(".snap.new");
    unread
        .map(|file| Finding::new(&file.path, 0, "no test reads this snapshot"))
        .chain(pending.map(|file| Finding::new(&file.path, 0, "a snapshot that was not looked at yet")))
        .collect()
}

/// `crate__module__name-2.snap` is the second snapshot of the test `name`.
fn name_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".snap");
    file.rsplit("__").next().unwrap_or(file)
}

fn header<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = text.lines().skip(1).take_while(|line| *line != "---");
    lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).map(|value| value.trim_matches('"'))
}

fn reads(source: &str, name: &str) -> bool {
    let unnumbered = name.rsplit_once('-').filter(|(_, number)| number.parse::<u32>().is_ok());
    [Some(name), unnumbered.map(|(name, _)| name)].into_iter().flatten().any(|name| {
        let named =
            rust::names_after(source, "fn ").any(|f| f == name || f.strip_prefix("test_") == Some(name));
        named || source.contains(&format!("\"{name}\""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_a_reader() {
        let snap = "---\nsource: crates/a/src/b.rs\nexpression: x\n---\ntext\n";
        for (name, source, expected) in [
            ("a__b__shows", "fn shows() {}", 0),
            ("a__b__shows-2", "fn shows() {}", 0),
            ("a__b__shows", "fn test_shows() {}", 0),
            ("a__b__plain", "assert_snapshot!(\"plain\", x)", 0),
            ("a__b__gone", "fn shows() {}", 1),
        ] {
            let path = format!("crates/a/src/snapshots/{name}.snap");
            let tree = Tree::of(&[(&path, snap), ("crates/a/src/b.rs", source)]);
            assert_eq!(findings(&tree).len(), expected, "{name}: {source}");
        }
    }

    #[test]
    fn its_source_must_be_there() {
        let tree = Tree::of(&[("s/a__b__c.snap", "---\nsource: gone.rs\n---\n"), ("s/x.snap.new", "")]);
        assert_eq!(findings(&tree).len(), 2);
    }
}

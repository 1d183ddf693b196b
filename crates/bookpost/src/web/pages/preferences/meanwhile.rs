//! The preferences as somebody saw them, who saves after another did.

use std::collections::BTreeMap;

use store::{PreferenceChange, Preferences};

/// Further back than this nobody looks: a form that is older is compared with what stands now.
pub(super) const CHANGES: usize = 100;

/// The values as they were at `version`. None: that is too long ago.
pub(super) fn at_version(
    version: i64,
    now: &Preferences,
    changes: &[PreferenceChange],
) -> Option<BTreeMap<String, String>> {
    let since: Vec<_> = changes.iter().filter(|change| change.version > version).collect();
    let known = usize::try_from(now.version.saturating_sub(version)).is_ok_and(|count| count == since.len());
    if !known {
        return None;
    }
    let mut values = now.values.clone();
    for (name, before) in since.into_iter().flat_map(PreferenceChange::undone) {
        match before {
            Some(before) => values.insert(name, before),
            None => values.remove(&name),
        };
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use store::{Actor, Changed};

    use super::*;

    #[test]
    fn what_stood_at_a_version_is_known_while_all_changes_since_are() {
        let change = |version: i64, name: &str, before: Option<&str>| PreferenceChange {
            version,
            changed_at: jiff::Timestamp::UNIX_EPOCH,
            changed_by: Actor::CommandLine,
            values: [(name.to_owned(), Changed { before: before.map(ToOwned::to_owned), after: None })]
                .into(),
        };
        let now = Preferences { version: 3, values: [("x".to_owned(), "3".to_owned())].into() };
        let changes = [change(3, "x", Some("2")), change(2, "x", None), change(1, "y", None)];
        let x = |text: &str| BTreeMap::from([("x".to_owned(), text.to_owned())]);
        assert_eq!(at_version(3, &now, &changes), Some(x("3")));
        assert_eq!(at_version(2, &now, &changes), Some(x("2")));
        assert_eq!(at_version(1, &now, &changes), Some(BTreeMap::new()));
        assert_eq!(at_version(0, &now, &changes[..2]), None);
        assert_eq!(at_version(9, &now, &changes), None);
    }
}

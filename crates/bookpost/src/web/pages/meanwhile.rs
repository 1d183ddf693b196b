//! Two people at one form: who saves second is told what the other changed, and loses nothing of what they typed.

use std::collections::BTreeMap;

use super::{
    field::{Field, Kind},
    words::Words,
};

/// Texts by the names of a form's fields.
pub(super) type Entries = BTreeMap<&'static str, String>;

/// The fields of `one` that are not as they are in `other`.
pub(super) fn differing(one: &Entries, other: &Entries) -> Vec<&'static str> {
    one.iter().filter(|(name, text)| other.get(*name) != Some(text)).map(|(name, _)| *name).collect()
}

/// What a form is that was made from `seen` and filled in as `mine`, where `theirs` stands now; and the fields that both changed, to
/// different ends. There what was typed stands in the form.
pub(super) fn merged(seen: &Entries, mine: &Entries, theirs: &Entries) -> (Entries, Vec<&'static str>) {
    let changed = differing(mine, seen);
    let mut merged = theirs.clone();
    merged.extend(
        mine.iter().filter(|(name, _)| changed.contains(name)).map(|(name, text)| (*name, text.clone())),
    );
    let both = |name: &&'static str| theirs.get(name) != seen.get(name) && theirs.get(name) != mine.get(name);
    (merged, changed.into_iter().filter(both).collect())
}

/// What is said at a field that both changed, where `stands` is what the other made of it.
pub(super) fn both_changed(words: &Words, stands: Option<&str>) -> String {
    match stands.filter(|text| !text.is_empty()) {
        Some(text) => words.with("both-changed", &[("text", text)]),
        None => words.t("both-changed-empty"),
    }
}

/// Says it at each of these fields, in the words of its choices where there are some.
pub(super) fn told(fields: Vec<Field>, both: &[&str], theirs: &Entries, words: &Words) -> Vec<Field> {
    let tell = |field: Field| {
        if field.problem.is_some() || !both.contains(&field.name) {
            return field;
        }
        let stands = theirs.get(field.name).map(String::as_str).unwrap_or_default();
        let stands = match &field.kind {
            Kind::OneOf(choices) | Kind::AnyOf(choices) => {
                let chosen = choices.iter().filter(|one| stands.lines().any(|value| value == one.value));
                chosen.map(|one| one.text.as_str()).collect::<Vec<_>>().join(", ")
            }
            _ => stands.lines().collect::<Vec<_>>().join(", "),
        };
        let problem = both_changed(words, Some(&*stands));
        field.problem(Some(problem))
    };
    fields.into_iter().map(tell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(fields: &[(&'static str, &str)]) -> Entries {
        fields.iter().map(|(name, text)| (*name, (*text).to_owned())).collect()
    }

    #[test]
    fn nothing_that_somebody_typed_is_lost() {
        let seen = entries(&[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1"), ("e", "1")]);
        let mine = entries(&[("a", "1"), ("b", "2"), ("c", "1"), ("d", "2"), ("e", "3")]);
        let theirs = entries(&[("a", "1"), ("b", "1"), ("c", "3"), ("d", "3"), ("e", "3")]);
        let (form, both) = merged(&seen, &mine, &theirs);
        assert_eq!(form, entries(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "2"), ("e", "3")]));
        assert_eq!(both, ["d"]);
    }
}

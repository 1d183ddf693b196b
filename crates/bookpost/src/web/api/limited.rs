//! Lists that are read no further than they may go: what is too much takes no memory.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A list of at most so many.
pub(super) fn list<'de, D, T, const MOST: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(List::<T, MOST>(PhantomData))
}

/// Texts by names, at most so many.
pub(super) fn texts<'de, D, const MOST: usize>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(Texts::<MOST>)
}

struct List<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for List<T, MOST> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while all.len() < MOST {
            match items.next_element()? {
                Some(one) => all.push(one),
                None => return Ok(all),
            }
        }
        match items.next_element::<IgnoredAny>()? {
            Some(_) => Err(too_many(MOST)),
            None => Ok(all),
        }
    }
}

struct Texts<const MOST: usize>;

impl<'de, const MOST: usize> Visitor<'de> for Texts<MOST> {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut all = BTreeMap::new();
        while let Some((name, text)) = entries.next_entry()? {
            all.insert(name, text);
            if all.len() > MOST {
                return Err(too_many(MOST));
            }
        }
        Ok(all)
    }
}

fn too_many<E: Error>(most: usize) -> E {
    E::custom(format_args!("there are more than {most} here, and so many may be"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Lists {
        #[serde(default, deserialize_with = "list::<_, _, 3>")]
        to: Vec<String>,
        #[serde(default, deserialize_with = "texts::<_, 2>")]
        headers: BTreeMap<String, String>,
    }

    /// What comes after it is not even read.
    #[test]
    fn nothing_is_read_beyond_the_limit() {
        let read = |text: &str| serde_json::from_str::<Lists>(text);
        let all = read(r#"{"to": ["a", "b", "c"], "headers": {"a": "", "b": ""}}"#).unwrap();
        assert_eq!((all.to.len(), all.headers.len()), (3, 2));
        for text in [r#"{"to": ["a", "b", "c", 4, what"#, r#"{"headers": {"a": "", "b": "", "c": "", what"#] {
            let error = read(text).unwrap_err();
            assert!(error.is_data() && error.to_string().starts_with("there are more than"), "{error}");
        }
    }
}

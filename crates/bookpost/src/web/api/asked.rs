//! What a request that reads asks for, in its query.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::problem::{Kind, Problem};

/// The query, of which every name is known.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::<T>::try_from_uri(&parts.uri)
            .map_err(|error| Problem::new(Kind::Malformed, error.body_text()))?;
        Ok(Self(asked))
    }
}

/// How much stands on a page: what is asked for, if it is not more than `most`.
pub(super) fn page(asked: Option<usize>, usual: usize, most: usize) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::new(Kind::Malformed, format!("limit must be between 1 and {most}")))
    }
}

/// Where the page before ended, as its `next` said.
pub(super) fn after(asked: Option<&str>) -> Result<Option<i64>, Problem> {
    let read = |text: &str| {
        let cursor = text.parse().ok().filter(|cursor| *cursor >= 0);
        cursor.ok_or_else(|| Problem::new(Kind::Malformed, "after must be the `next` of another page"))
    };
    asked.map(read).transpose()
}

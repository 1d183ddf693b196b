//! The body of a request: JSON of a bounded size, with the place of whatever is wrong in it.

use std::{fmt::Write as _, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::problem::{FieldError, Kind, Problem};

/// A body that is not there by then is given up.
const PATIENCE: Duration = Duration::from_mins(5);

const LONGEST_DETAIL: usize = 300;

/// Reads all of a body of at most `most` bytes.
pub(super) async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Problem> {
    if !is_json(headers) {
        return Err(Problem::new(
            Kind::NotJson,
            "send the body as JSON, with \"Content-Type: application/json\"",
        ));
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let too_large = || Problem::new(Kind::TooLarge, format!("the body may have {most} bytes"));
    if announced.is_some_and(|announced: usize| announced > most) {
        return Err(too_large());
    }
    match tokio::time::timeout(PATIENCE, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if is_limit(&error) => Err(too_large()),
        Ok(Err(error)) => Err(Problem::new(Kind::Malformed, format!("the body broke off: {error}"))),
        Err(_) => Err(Problem::new(Kind::TooSlow, "the body did not come to its end within 5 minutes")),
    }
}

/// Reads JSON of which every field is known.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        if error.is_data() {
            // It names the value, which may be all of the body.
            let detail = error.to_string().chars().take(LONGEST_DETAIL).collect();
            Problem::invalid(vec![FieldError { pointer, detail }])
        } else {
            Problem::new(Kind::Malformed, format!("the body is not JSON: {error}"))
        }
    })?;
    reader.end().map_err(|error| Problem::new(Kind::Malformed, format!("the body is not JSON: {error}")))?;
    Ok(value)
}

fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = named.unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn is_limit(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|source| source.to_string().contains("length limit exceeded"))
}

/// RFC 6901 section 6.
fn pointer(path: &Path) -> String {
    let mut pointer = "#".to_owned();
    for segment in path {
        let _ = match segment {
            Segment::Seq { index } => write!(pointer, "/{index}"),
            Segment::Map { key } => write!(pointer, "/{}", escaped(key)),
            Segment::Enum { variant } => write!(pointer, "/{}", escaped(variant)),
            Segment::Unknown => Ok(()),
        };
    }
    pointer
}

/// One name in a pointer.
pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

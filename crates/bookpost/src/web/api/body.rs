//! The body of a request: JSON of a bounded size, with the place of whatever is wrong in it.

use std::{fmt::Write as _, ops::RangeInclusive, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::{
    Api, LEAST_OF_A_TEMPLATE,
    problem::{FieldError, Kind, Problem},
};
use crate::receive::{Bodies, Reservation, apart};

/// A body that is not there by then is given up.
const PATIENCE: Duration = Duration::from_mins(5);

/// One that finds no room in memory waits for it so long.
const ROOM: Duration = Duration::from_secs(30);
/// A body that says to be no larger needs no more room than its connection.
const SMALL: usize = 64 * 1024;

const LONGEST_DETAIL: usize = 300;

impl Api {
    /// Reads all of the body of a request with one message. Its room in memory is its own until that is dropped.
    pub(super) async fn read_one(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, Option<Reservation>), Problem> {
        read(headers, body, 0..=self.most_of_one(), &self.bodies).await
    }

    /// The same of a request with many.
    pub(super) async fn read_many(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, Option<Reservation>), Problem> {
        read(headers, body, 0..=self.most_of_many(), &self.bodies).await
    }

    /// The same of a request with one text for many, of which much is made even where the request is small.
    pub(super) async fn read_template(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, Option<Reservation>), Problem> {
        read(headers, body, LEAST_OF_A_TEMPLATE..=self.most_of_many(), &self.bodies).await
    }
}

/// At most as many bytes as the end of `room`; its beginning is reserved in any case.
async fn read(
    headers: &HeaderMap,
    body: Body,
    room: RangeInclusive<usize>,
    bodies: &Bodies,
) -> Result<(Bytes, Option<Reservation>), Problem> {
    let (least, most) = room.into_inner();
    if !is_json(headers) {
        return Err(Problem::new(
            Kind::NotJson,
            "send the body as JSON, with \"Content-Type: application/json\"",
        ));
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let too_large = || Problem::new(Kind::TooLarge, format!("the body may have {most} bytes"));
    // Whoever does not say how much it is may send as much as anybody.
    let expected = announced.unwrap_or(most);
    if expected > most {
        return Err(too_large());
    }
    let needed = expected.max(least);
    let room = if needed > SMALL { Some(reserved(bodies, needed).await?) } else { None };
    match tokio::time::timeout(PATIENCE, to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok((bytes, room)),
        Ok(Err(error)) if is_limit(&error) => Err(too_large()),
        Ok(Err(error)) => Err(Problem::new(Kind::Malformed, format!("the body broke off: {error}"))),
        Err(_) => Err(Problem::new(Kind::TooSlow, "the body did not come to its end within 5 minutes")),
    }
}

async fn reserved(bodies: &Bodies, bytes: usize) -> Result<Reservation, Problem> {
    bodies.reserve_all(bytes, ROOM).await.ok_or_else(|| {
        Problem::unavailable("too many large requests are being read; try again later".to_owned())
    })
}

/// Reads JSON of which every field is known.
pub(super) async fn parse<T: DeserializeOwned + Send + 'static>(bytes: Bytes) -> Result<T, Problem> {
    let parsed = apart(bytes.len(), move || parsed(&bytes)).await;
    parsed.map_err(|error| Problem::unavailable(error.to_string()))?
}

fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
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

#[cfg(test)]
mod tests {
    use axum::{http::StatusCode, response::IntoResponse as _};

    use super::*;

    /// Of a body of so many bytes, of which nothing is said where `announced` is false.
    async fn read_of(bytes: usize, announced: bool, bodies: &Bodies) -> Result<Option<Reservation>, Problem> {
        read_with(0, bytes, announced, bodies).await
    }

    /// The same with so much room at least.
    async fn read_with(
        least: usize,
        bytes: usize,
        announced: bool,
        bodies: &Bodies,
    ) -> Result<Option<Reservation>, Problem> {
        let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, "application/json".parse().unwrap())]);
        if announced {
            headers.insert(header::CONTENT_LENGTH, bytes.into());
        }
        let (read, room) = read(&headers, Body::from(vec![b' '; bytes]), least..=8 * SMALL, bodies).await?;
        assert_eq!(read.len(), bytes);
        Ok(room)
    }

    /// All that are read at once, and what is made of them, find room; whoever does not is asked to come back.
    #[tokio::test(start_paused = true)]
    async fn large_bodies_wait_for_room_in_memory() {
        let bodies = Bodies::new(8 * SMALL);
        let large = read_of(7 * SMALL, true, &bodies).await.unwrap();
        for (bytes, announced) in [(2 * SMALL, true), (10, false)] {
            let answer = read_of(bytes, announced, &bodies).await.unwrap_err().into_response();
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(answer.headers().contains_key(header::RETRY_AFTER));
        }
        let fits = read_of(SMALL + 1, true, &bodies).await;
        assert!(fits.is_err(), "that is two units");
        assert!(read_of(SMALL, true, &bodies).await.unwrap().is_none(), "small ones need none");
        assert!(read_with(2 * SMALL, 10, true, &bodies).await.is_err(), "nor does what makes much of little");
        drop(large);
        assert!(read_of(10, false, &bodies).await.unwrap().is_some());
    }
}

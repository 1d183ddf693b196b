//! The body of a request: JSON of a bounded size, with the place of whatever is wrong in it.

use std::{error::Error as _, ops::RangeInclusive, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, header},
};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_path_to_error::{Path, Segment};

use super::{
    Api, LEAST_OF_A_TEMPLATE,
    place::{escaped, fragment},
    problem::{FieldError, Kind, Problem, shortened},
};
use crate::receive::{Bodies, Reservation, apart};

/// A body that is not there by then is given up.
const PATIENCE: Duration = Duration::from_mins(5);

/// One that finds no room in memory waits for it so long.
const ROOM: Duration = Duration::from_secs(30);
/// A body that says to be no larger needs no more room than its connection.
const SMALL: usize = 64 * 1024;

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
        Err(_) => Err(Problem::too_slow("the body did not come to its end within 5 minutes")),
    }
}

async fn reserved(bodies: &Bodies, bytes: usize) -> Result<Reservation, Problem> {
    bodies.reserve_all(bytes, ROOM).await.ok_or_else(|| {
        Problem::unavailable("too many large requests are being read; try again later".to_owned())
    })
}

/// Reads a small body of JSON, of which every field is known.
pub(super) async fn read_small<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    let (bytes, _) = read(headers, body, 0..=SMALL, &Bodies::new(0)).await?;
    parsed(&bytes, "")
}

/// Reads JSON of which every field is known.
pub(super) async fn parse<T: DeserializeOwned + Send + 'static>(bytes: Bytes) -> Result<T, Problem> {
    let parsed = apart(bytes.len(), move || parsed(&bytes, "")).await;
    parsed.map_err(|error| Problem::unavailable(error.to_string()))?
}

/// The same of a body with a list, of which every item is looked at and then left as it is written: all of them at once would take
/// many times the memory.
pub(super) async fn parse_many<T, One>(
    bytes: Bytes,
    list: fn(&T) -> &[Box<RawValue>],
    place: &'static str,
) -> Result<T, Problem>
where
    T: DeserializeOwned + Send + 'static,
    One: DeserializeOwned,
{
    let parsed = apart(bytes.len(), move || {
        let value = parsed(&bytes, "")?;
        drop(bytes);
        for (at, item) in list(&value).iter().enumerate() {
            parsed_item::<One>(item, &format!("{place}/{at}"))?;
        }
        Ok(value)
    });
    parsed.await.map_err(|error| Problem::unavailable(error.to_string()))?
}

/// One item of such a list, which stands at `place`.
pub(super) fn parsed_item<T: DeserializeOwned>(item: &RawValue, place: &str) -> Result<T, Problem> {
    parsed(item.get().as_bytes(), place)
}

fn parsed<T: DeserializeOwned>(bytes: &[u8], place: &str) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let pointer = pointer(place, error.path());
        let error = error.into_inner();
        if error.is_data() {
            Problem::invalid(vec![FieldError { pointer, detail: in_words(&error.to_string()) }], 0)
        } else {
            Problem::new(Kind::Malformed, format!("the body is not JSON: {error}"))
        }
    })?;
    reader.end().map_err(|error| Problem::new(Kind::Malformed, format!("the body is not JSON: {error}")))?;
    Ok(value)
}

/// What the reader of JSON says of a value, for people who do not know its words: what it must be, without the value itself, which may be
/// all of the body.
fn in_words(error: &str) -> String {
    let error = error.split(" at line ").next().unwrap_or(error);
    let wrong = ["invalid type: ", "invalid value: "].iter().any(|begins| error.starts_with(begins));
    let Some((_, expected)) = error.rsplit_once(", expected ").filter(|_| wrong) else {
        return shortened(error);
    };
    let kind = match expected {
        "a sequence" => "a list, in [ ]",
        "a string" | "a borrowed string" => "a text, in quotation marks",
        "a map" => "an object, in { }",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "an object, in { }",
        other if other.starts_with('u') || other.starts_with('i') => "a whole number",
        other => return shortened(&format!("this must be {other}")),
    };
    format!("this must be {kind}")
}

fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = named.unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

fn is_limit(error: &axum::Error) -> bool {
    error.source().is_some_and(<dyn std::error::Error>::is::<LengthLimitError>)
}

/// From `place` on.
fn pointer(place: &str, path: &Path) -> String {
    let mut pointer = place.to_owned();
    for segment in path {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key: name } | Segment::Enum { variant: name } => escaped(&shortened(name)),
            Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&name);
    }
    fragment(&[&pointer])
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

    /// A body that does not come.
    struct Never;

    impl hyper::body::Body for Never {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up_and_may_come_later() {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, "application/json".parse().unwrap())]);
        let answer = read(&headers, Body::new(Never), 0..=SMALL, &Bodies::new(SMALL)).await.unwrap_err();
        let answer = answer.into_response();
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
    }

    #[test]
    fn what_json_must_be_is_said_in_words() {
        for (error, words) in [
            (
                "invalid type: string \"a\", expected a sequence at line 1 column 9",
                "this must be a list, in [ ]",
            ),
            (
                "invalid type: map, expected a string at line 1 column 1",
                "this must be a text, in quotation marks",
            ),
            (
                "invalid type: sequence, expected struct MessageRequest with 17 elements",
                "this must be an object, in { }",
            ),
            ("invalid type: string \"x, expected a\", expected u64", "this must be a whole number"),
            (
                "unknown field `labels`, expected one of `from`, `to`",
                "unknown field `labels`, expected one of `from`, `to`",
            ),
        ] {
            assert_eq!(in_words(error), words);
        }
    }

    /// Whatever an item has, it is looked at before any is made.
    #[tokio::test]
    async fn items_are_looked_at_and_left_as_they_are() {
        type All = std::collections::BTreeMap<String, Vec<Box<RawValue>>>;
        let read = |text: &'static str| {
            parse_many::<All, [u8; 2]>(Bytes::from_static(text.as_bytes()), |all| &all["list"], "/list")
        };
        let all = read(r#"{"list": [[1, 2], [3,4] ]}"#).await.unwrap();
        let written: Vec<_> = all["list"].iter().map(|item| item.get()).collect();
        assert_eq!(written, ["[1, 2]", "[3,4]"]);
        let problem = read(r#"{"list": [[1, 2], [3, "x"]]}"#).await.unwrap_err();
        let body = serde_json::to_value(problem.body()).unwrap();
        assert_eq!(body["errors"][0]["pointer"], "#/list/1/1");
    }
}

//! Who cannot be reached, as a table for a spreadsheet.

use axum::{
    body::Body,
    extract::RawQuery,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use store::{Error, RecipientId};

use super::{Asked, Line, asked, part};
use crate::{
    identity::Permission,
    web::pages::{
        not_here,
        notices::{MARK, line},
        visit::Visit,
    },
};

/// Lines that are read at once.
const SLICE: usize = 500;

/// Where it goes on.
enum Place {
    Head,
    After(RecipientId),
    End,
}

/// The table.
pub(in crate::web::pages) async fn download(visit: Visit, RawQuery(query): RawQuery) -> Response {
    if !visit.may(Permission::SeeAddresses) {
        return not_here::not_allowed(visit.words());
    }
    let course = (visit, asked(query.as_deref()), Place::Head);
    let rows = stream::unfold(course, |(visit, asked, place)| async move {
        let (lines, place) = match next(&visit, &asked, place).await {
            Ok(Some((lines, place))) => (Ok(lines), place),
            Ok(None) => return None,
            // The table is broken off, which a browser says.
            Err(error) => (Err(error), Place::End),
        };
        Some((lines, (visit, asked, place)))
    });
    let file = "attachment; filename=\"unreachable.csv\"";
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, file)];
    (headers, Body::from_stream(rows.boxed())).into_response()
}

async fn next(visit: &Visit, asked: &Asked, place: Place) -> Result<Option<(Bytes, Place)>, Error> {
    let (after, head) = match place {
        Place::Head => (None, head(visit)),
        Place::After(after) => (Some(after), String::new()),
        Place::End => return Ok(None),
    };
    let part = part(visit, asked, after, SLICE).await?;
    let lines: String = part.all.iter().map(|one| cells(Line::of(visit, one))).collect();
    let place = part.next.map_or(Place::End, Place::After);
    Ok(Some((Bytes::from(format!("{head}{lines}")), place)))
}

fn head(visit: &Visit) -> String {
    let keys = [
        "csv-name",
        "csv-number",
        "csv-address",
        "csv-library",
        "csv-why",
        "csv-since",
        "csv-last",
        "csv-todo",
    ];
    format!("{MARK}{}", line(&keys.map(|key| visit.words().t(key))))
}

fn cells(one: Line) -> String {
    let (number, site) = (one.number.unwrap_or_default(), one.site.unwrap_or_default());
    line(&[one.who, number, one.address, site, one.why, one.since.iso, one.last.iso, one.what_to_do])
}

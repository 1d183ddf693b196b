//! An export comes in: bounded, a piece at a time, into a file of its own.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{
        Multipart,
        multipart::{Field, MultipartRejection},
    },
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::{answered, asked_for, may_run, on_disk, path};
use crate::{
    app::{
        exports::{ExportId, Incoming, MOST_BYTES, UploadError},
        notice_run::Options,
    },
    notices::saved::USUAL,
    web::{
        Disk,
        pages::{
            flash::{self, Done},
            not_here,
            visit::Visit,
        },
    },
};

/// At the same time, of everybody together.
const MOST_AT_ONCE: usize = 4;
/// A file that takes longer does not come.
const PATIENCE: Duration = Duration::from_mins(10);
/// Bytes of one that is too large that are still heard out, so that the browser shows the answer.
const HEARD_OUT: u64 = 4 * MOST_BYTES;
/// Letters of a file's name.
const LONGEST_NAME: usize = 120;
/// A form token is no longer.
const LONGEST_TOKEN: usize = 256;

/// Places for those that are coming in. Clones are the same.
#[derive(Clone)]
pub(in crate::web::pages) struct Uploads(Arc<Semaphore>);

impl Default for Uploads {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_AT_ONCE)))
    }
}

/// Why it was not taken.
enum NotTaken {
    /// It is no form of this session.
    NotOurs,
    /// Its key in the words, and the status.
    Because(&'static str, StatusCode),
    Store(store::Error),
}

impl From<store::Error> for NotTaken {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

/// Takes it, and leads on to what is in it.
pub(in crate::web::pages) async fn take(
    visit: Visit,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    if !may_run(&visit) {
        return not_here::not_allowed(visit.words());
    }
    let Ok(form) = form else { return not_here::form_too_old(visit.words()) };
    let slow = NotTaken::Because("upload-broke-off", StatusCode::REQUEST_TIMEOUT);
    let taken = tokio::time::timeout(PATIENCE, taken(&visit, form)).await;
    match taken.unwrap_or(Err(slow)) {
        Ok((id, gone, notice)) => {
            let notice = notice.or_else(|| asked_for(&visit)).unwrap_or_default();
            let options = Options { notice, ..Options::default() };
            let check = path(id.text(), "", &options, "");
            let told = (gone > 0).then(|| flash::told(&check, Done::OldestForgotten, None));
            Redirect::to(&told.unwrap_or(check)).into_response()
        }
        Err(NotTaken::NotOurs) => not_here::form_too_old(visit.words()),
        Err(NotTaken::Because(why, status)) => {
            let problem = visit.words().count(why, MOST_BYTES >> 20);
            answered(&visit, status, Some(problem)).await
        }
        Err(NotTaken::Store(error)) => not_here::of(&error, &visit),
    }
}

/// What stands in a form before its file.
#[derive(Default)]
struct Said {
    /// The notice that is to be run over it.
    notice: Option<String>,
    /// When the file was last changed, in milliseconds since 1970: scripts put it in.
    changed: Option<Timestamp>,
}

impl Said {
    fn hear(&mut self, name: &str, value: &str) {
        if name == "notice" {
            self.notice = Some(value.to_owned()).filter(|slug| !slug.is_empty() && slug != USUAL);
        } else {
            let millisecond = value.parse().ok().filter(|at: &i64| *at > 0);
            self.changed = millisecond.and_then(|at| Timestamp::from_millisecond(at).ok());
        }
    }
}

async fn taken(visit: &Visit, mut form: Multipart) -> Result<(ExportId, usize, Option<String>), NotTaken> {
    let broke_off = || NotTaken::Because("upload-broke-off", StatusCode::BAD_REQUEST);
    // Nothing of a form is kept before it is known to be of this session.
    let mut token = form.next_field().await.ok().flatten().ok_or(NotTaken::NotOurs)?;
    let said = text(&mut token).await;
    if token.name() != Some("form_token") || !said.is_some_and(|token| visit.wrote(&token)) {
        return Err(NotTaken::NotOurs);
    }
    drop(token);
    let mut said = Said::default();
    let mut file = loop {
        let mut field = form.next_field().await.map_err(|_| broke_off())?.ok_or_else(broke_off)?;
        let name = field.name().unwrap_or_default().to_owned();
        if !["notice", "changed"].contains(&&*name) {
            break field;
        }
        said.hear(&name, &text(&mut field).await.ok_or_else(broke_off)?);
    };
    let name = name(file.file_name().unwrap_or_default());
    let Ok(_place) = Arc::clone(&visit.pages.uploads.0).try_acquire_owned() else {
        return Err(NotTaken::Because("upload-busy", StatusCode::SERVICE_UNAVAILABLE));
    };
    let sources = &visit.pages.sources;
    if !has_room((sources.now)().disk) {
        return Err(NotTaken::Because("upload-disk", StatusCode::INSUFFICIENT_STORAGE));
    }
    let exports = sources.notices.exports.clone();
    let begin = exports.clone();
    let mut incoming = on_disk(move || begin.begin()).await?;
    while let Some(bytes) = file.chunk().await.map_err(|_| broke_off())? {
        let written = on_disk(move || Ok((incoming.write(&bytes), incoming))).await?;
        match written {
            (Ok(()), going_on) => incoming = going_on,
            (Err(UploadError::TooLarge), _) => {
                hear_out(&mut file, HEARD_OUT).await;
                return Err(NotTaken::Because("upload-too-large", StatusCode::PAYLOAD_TOO_LARGE));
            }
            (Err(UploadError::Io(error)), _) => {
                return Err(store::Error::Internal(error.to_string()).into());
            }
        }
    }
    drop(file);
    let (id, gone) = finish(visit, incoming, (name, said.changed)).await?;
    Ok((id, gone, said.notice))
}

/// For as many as may come in at the same time. What is not known about the disk stops nobody.
fn has_room(disk: Option<Disk>) -> bool {
    disk.is_none_or(|disk| disk.free > disk.floor + MOST_AT_ONCE as u64 * MOST_BYTES)
}

async fn finish(
    visit: &Visit,
    incoming: Incoming,
    (name, changed): (String, Option<Timestamp>),
) -> Result<(ExportId, usize), NotTaken> {
    if incoming.is_empty() && name.is_empty() {
        return Err(NotTaken::Because("upload-none", StatusCode::UNPROCESSABLE_ENTITY));
    }
    if incoming.is_empty() {
        return Err(NotTaken::Because("upload-empty", StatusCode::UNPROCESSABLE_ENTITY));
    }
    let name = if name.is_empty() { visit.words().t("upload-unnamed") } else { name };
    let (exports, person) = (visit.pages.sources.notices.exports.clone(), visit.person().id);
    let now = visit.clockwork.now;
    Ok(on_disk(move || exports.finish(incoming, (name, changed), person, now)).await?)
}

/// A browser that is still sending does not listen.
pub(in crate::web::pages) async fn hear_out(file: &mut Field<'_>, most: u64) {
    let mut heard = 0;
    while let Ok(Some(bytes)) = file.chunk().await {
        heard += bytes.len() as u64;
        if heard > most {
            return;
        }
    }
}

/// What a field says, if it is short.
pub(in crate::web::pages) async fn text(field: &mut Field<'_>) -> Option<String> {
    let mut all = Vec::new();
    while let Some(bytes) = field.chunk().await.ok()? {
        all.extend_from_slice(&bytes);
        if all.len() > LONGEST_TOKEN {
            return None;
        }
    }
    String::from_utf8(all).ok()
}

/// The name alone, of whatever a browser says.
fn name(said: &str) -> String {
    let last = said.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_NAME)
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_may_come_in_at_once_fits_above_the_floor() {
        let all = 4 * MOST_BYTES;
        for (disk, expected) in [
            (None, true),
            (Some(Disk { free: 7 + all, floor: 7 }), false),
            (Some(Disk { free: 8 + all, floor: 7 }), true),
        ] {
            assert_eq!(has_room(disk), expected, "{disk:?}");
        }
    }

    #[test]
    fn of_a_name_the_last_part_is_kept() {
        for (said, kept) in [
            ("overdues.csv", "overdues.csv"),
            ("C:\\fakepath\\overdues.csv", "overdues.csv"),
            ("../../etc/passwd", "passwd"),
            ("a\r\nb\0.csv", "ab.csv"),
            ("", ""),
        ] {
            assert_eq!(name(said), kept, "{said:?}");
        }
        assert_eq!(name(&"ü".repeat(500)).chars().count(), LONGEST_NAME);
    }
}

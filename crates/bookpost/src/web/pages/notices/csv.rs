//! A run as a table for a spreadsheet: who was asked for, and what became of it.

use std::collections::{BTreeSet, VecDeque};

use axum::{
    body::Body,
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;
use store::{Error, LeftOut, RecipientId, Row, Run, State, TO_TEACHER};

use super::{
    detail::{said, who},
    names::{What, accepted_by, left_part, mail_filter, next_step, went_again},
    run::known,
    sums::{left, left_do},
};
use crate::{
    identity::Permission,
    web::pages::{
        not_here,
        row::{self, site_name},
        visit::Visit,
    },
};

/// Rows that are read at once.
const SLICE: usize = 500;
/// The encoding is said to spreadsheets that would guess it.
pub(in crate::web::pages) const MARK: &str = "\u{feff}";

/// Where it goes on.
enum Place {
    Mails(Option<RecipientId>),
    LeftOut(u64),
    End,
}

struct Course {
    visit: Visit,
    run: Run,
    /// Whose mail came back twice: they stand there once, by the last address.
    twice: BTreeSet<RecipientId>,
    place: Place,
    ready: VecDeque<Vec<String>>,
}

/// The table.
pub(in crate::web::pages) async fn download(visit: Visit, Path(id): Path<String>) -> Response {
    if !visit.may(Permission::SeeAddresses) {
        return not_here::not_allowed(visit.words());
    }
    let run = match known(&visit, &id).await {
        Ok((run, _)) => run,
        Err(error) => return not_here::of(&error, &visit),
    };
    let words = visit.words();
    let head = [
        "csv-name",
        "csv-number",
        "csv-address",
        "csv-library",
        "csv-line",
        "csv-state",
        "csv-accepted-by",
        "csv-why",
        "csv-todo",
    ]
    .map(|key| words.t(key));
    let file = format!("attachment; filename=\"run-{}.csv\"", run.id.0);
    let ready = VecDeque::from([head.to_vec()]);
    let twice = match came_back_twice(&visit, &run).await {
        Ok(twice) => twice,
        Err(error) => return not_here::of(&error, &visit),
    };
    let course = Course { visit, run, twice, place: Place::Mails(None), ready };
    let rows = stream::unfold(Some(course), |course| async move { course?.next().await });
    let lines = futures_util::StreamExt::boxed(rows);
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, file)];
    (headers, Body::from_stream(lines)).into_response()
}

async fn came_back_twice(visit: &Visit, run: &Run) -> Result<BTreeSet<RecipientId>, Error> {
    let went = went_again(visit, run).await?.into_iter();
    let twice = went.filter(|(_, again)| again.iter().any(|one| one.state == State::Returned));
    Ok(twice.map(|(recipient, _)| recipient).collect())
}

impl Course {
    /// The next lines; with an error the table is broken off, which a browser says.
    async fn next(mut self) -> Option<(Result<Bytes, Error>, Option<Self>)> {
        let is_first = matches!(self.place, Place::Mails(None)) && self.ready.len() == 1;
        if self.ready.is_empty() && matches!(self.place, Place::End) {
            return None;
        }
        if let Err(error) = self.read().await {
            return Some((Err(error), None));
        }
        let lines: String = self.ready.drain(..).map(|cells| line(&cells)).collect();
        let text = if is_first { format!("{MARK}{lines}") } else { lines };
        Some((Ok(Bytes::from(text)), Some(self)))
    }

    async fn read(&mut self) -> Result<(), Error> {
        let (visit, run) = (&self.visit, &self.run);
        match self.place {
            Place::Mails(after) => {
                let filter = mail_filter(visit, run, None, "");
                let part = visit.pages.sources.store.part(filter, after, SLICE).await?;
                let mut servers = accepted_by(visit, &part.rows).await?;
                let is_once =
                    |row: &&Row| row.state != State::Returned || !self.twice.contains(&row.recipient);
                let rows = part.rows.iter().filter(is_once);
                self.ready.extend(rows.map(|row| mail(visit, row, servers.remove(&row.recipient))));
                self.place = part.next.map_or(Place::LeftOut(0), |next| Place::Mails(Some(next)));
            }
            Place::LeftOut(after) => {
                let (some, next) = left_part(visit, run, What::NotWritten, "", after, SLICE).await?;
                self.ready.extend(some.iter().map(|one| without(visit, one)));
                self.place = next.map_or(Place::End, Place::LeftOut);
            }
            Place::End => {}
        }
        Ok(())
    }
}

/// `server`: the one that accepted it.
fn mail(visit: &Visit, row: &Row, server: Option<String>) -> Vec<String> {
    let words = visit.words();
    let (name, number) = match &row.patron {
        Some(patron) => (patron.name.clone(), patron.number.clone().unwrap_or_default()),
        None if row.tags.first().is_some_and(|tag| tag == TO_TEACHER) => (words.t("csv-list"), String::new()),
        None => (String::new(), String::new()),
    };
    let site = row.site.as_deref().map(|code| site_name(visit, code)).unwrap_or_default();
    let why = row::why(visit, row).unwrap_or_default();
    let todo = next_step(visit, row).unwrap_or_default();
    let (address, state, server) =
        (row.to.address.to_string(), words.state(row.state), server.unwrap_or_default());
    vec![name, number, address, site, String::new(), state, server, why, todo]
}

fn without(visit: &Visit, one: &LeftOut) -> Vec<String> {
    let words = visit.words();
    let site = one.site.as_deref().map(|code| site_name(visit, code)).unwrap_or_default();
    let line = one.line.map(|line| line.to_string()).unwrap_or_default();
    let why = format!("{}: {}", left(words, one.why, 1), said(words, &one.detail).text);
    let none = String::new;
    vec![
        who(words, one),
        none(),
        none(),
        site,
        line,
        words.t("run-not-written"),
        none(),
        why,
        left_do(words, one.why),
    ]
}

/// RFC 4180, with every cell in quotation marks.
pub(in crate::web::pages) fn line(cells: &[String]) -> String {
    let cells: Vec<_> =
        cells.iter().map(|cell| format!("\"{}\"", harmless(cell).replace('"', "\"\""))).collect();
    format!("{}\r\n", cells.join(","))
}

/// A spreadsheet takes what begins so for a formula, which may do anything on the computer of whoever opens it.
fn harmless(cell: &str) -> String {
    let begins = cell.trim_start_matches(' ').chars().next();
    let is_formula = begins.is_some_and(|first| "=+-@\t\r\n".contains(first) || "＝＋－＠".contains(first));
    if is_formula { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, written) in [
            ("Ana Ruiz", "\"Ana Ruiz\""),
            ("", "\"\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("  =1", "\"'  =1\""),
            ("＝1", "\"'＝1\""),
            ("O\"Brien, \"\"", "\"O\"\"Brien, \"\"\"\"\""),
        ] {
            assert_eq!(line(&[cell.to_owned()]), format!("{written}\r\n"));
        }
    }
}

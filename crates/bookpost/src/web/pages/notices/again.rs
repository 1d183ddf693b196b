//! One person's notice goes out once more, to an address that somebody names. Nobody else gets anything.

use ::mail::Address;
use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use rand::RngExt as _;
use serde::Deserialize;
use store::{Error, RecipientId, Row};

use super::{may_run, run::known};
use crate::{
    app::{
        notice_run::{Doubt, Goes, NotAgain, Same, may_go_again},
        secret_dice,
    },
    identity::Permission,
    web::pages::{
        field::{Field, Kind},
        flash::{self, Done},
        form::Posted,
        frame::{Frame, Place, page_as},
        not_here, row,
        visit::Visit,
    },
};

#[derive(Template)]
#[template(path = "notices_again.html")]
struct Again {
    f: Frame,
    run: i64,
    recipient: i64,
    who: String,
    why: Option<String>,
    field: Field,
    /// The same form sends once, however often it is sent.
    request: String,
    /// What a newer export says against it, for which a person has to say that it is right all the same.
    doubt: Option<String>,
    /// That mail came back from this very address, or may have arrived there, of which a person has to say that it is meant.
    same: Option<String>,
    /// Where it goes while no patron would get it.
    not_now: Option<String>,
}

/// To whom.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web::pages) struct Wish {
    to: String,
    request: String,
    /// It goes, whatever a newer export says.
    sure: String,
    /// It goes, though that is an address from which mail came back.
    same: String,
}

/// Asks for the address.
pub(in crate::web::pages) async fn ask(
    visit: Visit,
    Path((run, recipient)): Path<(String, String)>,
) -> Response {
    match theirs(&visit, &run, &recipient).await {
        Ok(row) => {
            let (to, request) =
                (row.to.address.to_string(), format!("{:032x}", secret_dice().random::<u128>()));
            answered(&visit, &row, StatusCode::OK, Wish { to, request, ..Wish::default() }, (None, None))
                .await
        }
        Err(response) => response,
    }
}

/// Sends it.
pub(in crate::web::pages) async fn send(
    Path((run, recipient)): Path<(String, String)>,
    Posted { visit, form }: Posted<Wish>,
) -> Response {
    let row = match theirs(&visit, &run, &recipient).await {
        Ok(row) => row,
        Err(response) => return response,
    };
    let words = visit.words();
    let is_ours = form.request.len() == 32 && form.request.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_ours {
        return not_here::form_too_old(words);
    }
    let Ok(to) = Address::parse(form.to.trim()) else {
        let problem = (Some(words.t("again-no-address")), None);
        return answered(&visit, &row, StatusCode::UNPROCESSABLE_ENTITY, form, problem).await;
    };
    match doubt(&visit, &row).await {
        Ok(Some(_)) if form.sure.is_empty() => {
            return answered(&visit, &row, StatusCode::CONFLICT, form, (None, None)).await;
        }
        Ok(_) => {}
        Err(error) => return not_here::of(&error, &visit),
    }
    match same(&visit, &row, &to).await {
        Ok(Some(same)) if form.same.is_empty() => {
            return answered(&visit, &row, StatusCode::CONFLICT, form, (None, Some(same))).await;
        }
        Ok(_) => {}
        Err(error) => return not_here::of(&error, &visit),
    }
    let notices = &visit.pages.sources.notices;
    match notices.send_again(row.recipient, &to, &form.request, visit.actor()).await {
        Ok(message) => {
            let path = format!("/queue/{}", message.0);
            Redirect::to(&flash::told(&path, done(&visit, &row), None)).into_response()
        }
        Err(NotAgain::Store(error)) => not_here::of(&error, &visit),
        Err(NotAgain::AnotherRequest) => not_here::form_too_old(words),
        Err(why) => {
            let problem = words.t(match why {
                NotAgain::Gone => "again-gone",
                NotAgain::NotNow(_) => "again-not-now",
                NotAgain::NotFinished | NotAgain::AnotherRequest | NotAgain::Store(_) => "again-not-finished",
            });
            answered(&visit, &row, StatusCode::CONFLICT, form, (Some(problem), None)).await
        }
    }
}

/// A recipient of this run whose notice this person may send.
async fn theirs(visit: &Visit, run: &str, recipient: &str) -> Result<Row, Response> {
    if !may_run(visit) {
        return Err(not_here::not_allowed(visit.words()));
    }
    let found = async {
        let (run, _) = known(visit, run).await?;
        let recipient = recipient.parse().map(RecipientId).map_err(|_| Error::NotFound("message"))?;
        let shown = visit.pages.sources.store.show(recipient.message()).await?;
        let row = shown.into_iter().map(|(row, _)| row).find(|row| row.recipient == recipient);
        let is_theirs = |row: &Row| {
            row.run == Some(run.id)
                && visit.may_see(row.site.as_deref())
                && visit.may(Permission::RunNotices(row.site.as_deref()))
                && may_go_again(row.state, row.in_doubt_at.is_some())
        };
        row.filter(is_theirs).ok_or(Error::NotFound("message"))
    };
    found.await.map_err(|error| not_here::of(&error, visit))
}

/// What a newer export says against it, in words.
async fn doubt(visit: &Visit, row: &Row) -> Result<Option<String>, Error> {
    let doubt = visit.pages.sources.notices.doubt(row).await?;
    Ok(doubt.map(|Doubt { of, run, wrote }| {
        let key = if wrote { "again-wrote" } else { "again-not-there" };
        visit.words().with(key, &[("day", &visit.clockwork.text(of)), ("run", &run.0.to_string())])
    }))
}

async fn same(visit: &Visit, row: &Row, to: &Address) -> Result<Option<String>, Error> {
    let same = visit.pages.sources.notices.same(row, to).await?;
    let key = same.map(|same| match same {
        Same::CameBack => "again-same",
        Same::MayHaveArrived => "again-may-have-arrived",
    });
    Ok(key.map(|key| visit.words().with(key, &[("address", &row::address(visit, to))])))
}

/// What becomes of it as mail is sent now.
fn done(visit: &Visit, row: &Row) -> Done {
    match visit.pages.sources.notices.goes(row) {
        Goes::ToPractice => Done::SentAgainPractice,
        Goes::Out => Done::SentAgain,
        Goes::Waits => Done::SentAgainWaits,
    }
}

async fn answered(
    visit: &Visit,
    row: &Row,
    status: StatusCode,
    to: Wish,
    (problem, same): (Option<String>, Option<String>),
) -> Response {
    let f = match Frame::around(visit, Place::Notices).await {
        Ok(f) => f,
        Err(error) => return not_here::of(&error, visit),
    };
    let doubt = match doubt(visit, row).await {
        Ok(doubt) => doubt,
        Err(error) => return not_here::of(&error, visit),
    };
    let words = visit.words();
    let old = row::address(visit, &row.to.address);
    let field = Field::new("to", words.t("again-to"))
        .kind(Kind::Line("email"))
        .value(to.to)
        .hint(words.with("again-to-hint", &[("address", &old)]))
        .problem(problem)
        .required();
    let again = Again {
        f,
        run: row.run.map_or(0, |run| run.0),
        recipient: row.recipient.0,
        who: row.patron.as_ref().map_or(old, |patron| patron.name.clone()),
        why: row.reason.map(|reason| words.reason(reason)),
        field,
        request: to.request,
        doubt,
        same,
        not_now: match done(visit, row) {
            Done::SentAgainPractice => Some(words.t("again-practice")),
            Done::SentAgainWaits => Some(words.t("again-waits")),
            _ => None,
        },
    };
    page_as(status, &again)
}

impl Again {
    fn title(&self) -> String {
        self.f.words.with("again-title", &[("who", &self.who)])
    }
}

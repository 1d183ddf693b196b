//! A sample of the return report that a library gets, made by what makes the real ones.

use askama::Template;
use axum::response::Response;
use store::Error;

use crate::{
    identity::Permission,
    returns,
    web::pages::{
        frame::{Frame, Place, page},
        not_here,
        text::part,
        visit::Visit,
    },
};

#[derive(Template)]
#[template(path = "sample_report.html")]
struct Sample {
    f: Frame,
    subject: String,
    text: String,
}

/// The page.
pub(in super::super) async fn show(visit: Visit) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    match sample(&visit).await {
        Ok(sample) => page(&sample),
        Err(error) => not_here::of(&error, &visit),
    }
}

async fn sample(visit: &Visit) -> Result<Sample, Error> {
    let config = visit.pages.sources.config();
    let letter = returns::sample(&config, visit.clockwork.now, &visit.clockwork.zone);
    let subject = mailparse::parse_headers(&letter)
        .ok()
        .and_then(|(headers, _)| mailparse::MailHeaderMap::get_first_value(&headers[..], "Subject"));
    let text = part(&letter, "text/plain").unwrap_or_default();
    Ok(Sample { f: Frame::around(visit, Place::Email).await?, subject: subject.unwrap_or_default(), text })
}

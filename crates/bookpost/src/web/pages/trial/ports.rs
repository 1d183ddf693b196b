//! "Find the right port": what a mail server's machine speaks at the ports where mail is usually taken.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;

use super::{Course, busy, unusable, wanted::Form};
use crate::{
    config::Encryption,
    deliver::trial::{Patience, Port, Speaks, advice::listed, detect, in_the_log, usual_and},
    identity::Permission,
    preferences::tested::{named, note},
    web::pages::{
        advice::encryption,
        form::Posted,
        frame::{Frame, Place, page},
        not_here,
        words::Words,
    },
};

#[derive(Template)]
#[template(path = "trial_ports.html")]
struct Found {
    f: Frame,
    title: String,
    /// None of them can be used.
    none: Option<String>,
    ports: Vec<Line>,
    /// What is tested with one of them: `server1`, its number, and what else stands in the form; its password is kept here.
    server: String,
    number: u8,
    rest: Vec<(String, String)>,
    /// The form of the preferences as it was sent.
    back: Vec<(String, String)>,
}

/// A port and what is spoken there.
struct Line {
    title: String,
    text: String,
    /// The port and the encryption as the form has them, where it can be used, and the words for it.
    usable: Option<Usable>,
}

struct Usable {
    port: u16,
    encryption: &'static str,
    takes: String,
    tests: String,
}

/// Looks, and says what it found.
pub(in crate::web::pages) async fn find(Posted { visit, form }: Posted<Vec<(String, String)>>) -> Response {
    if !visit.may(Permission::ChangePreferences) {
        return not_here::not_allowed(visit.words());
    }
    let (form, own) = (Form::new(form, &visit), visit.person().email.to_string());
    let (number, back) = (form.number(), form.back(&visit).unwrap_or_default());
    let rest = form.rest(&format!("server{number}"), &back);
    let wanted = match form.without_login().wanted(&visit.pages.sources.preferences).await {
        Ok(wanted) => wanted,
        Err(why) => return unusable(&visit, &own, why, to_form(back)).await,
    };
    let (server, now) = (&wanted.server, visit.clockwork.now);
    let course = Course { server: Arc::clone(server), to: None, back: None, told: Vec::new(), end: None };
    let place = match visit.pages.trials.begin(&visit.visitor, course, now) {
        Ok((_, place)) => place,
        Err(why) => return busy(&visit, &own, why, to_form(back)).await,
    };
    let ports = usual_and(Some(server.port));
    let (name, ca_file) = (&wanted.config.sending.ehlo_name, server.ca_file.as_deref());
    let found = detect(&server.host, &ports, name, ca_file, Patience::LOOK).await;
    drop(place);
    let store = &visit.pages.sources.store;
    let (ports_found, at) = (in_the_log(&found), visit.pages.sources.clock.now());
    let noted = note(store, visit.actor(), &server.name, &named(server), &ports_found, at).await;
    let f = match (noted, Frame::around(&visit, Place::Email).await) {
        (Ok(_), Ok(f)) => f,
        (Err(error), _) | (_, Err(error)) => return not_here::of(&error, &visit),
    };
    let words = visit.words();
    let usable = found.iter().any(|port| port.speaks.encryption().is_some());
    let none = (!usable)
        .then(|| words.with("trial-ports-none", &[("ports", &listed(&ports, &words.t("trial-or")))]));
    page(&Found {
        f,
        title: words.with("trial-ports-title", &[("host", &server.host)]),
        none,
        ports: found.iter().map(|port| line(words, port)).collect(),
        server: server.name.clone(),
        number,
        rest,
        back,
    })
}

/// None, where it was no form that can be gone back to.
fn to_form(back: Vec<(String, String)>) -> Option<Vec<(String, String)>> {
    Some(back).filter(|back| !back.is_empty())
}

fn line(words: &Words, found: &Port) -> Line {
    let port = found.port.to_string();
    let title = words.with("trial-port", &[("port", &port)]);
    let Some(spoken) = found.speaks.encryption() else {
        let nothing = found.speaks == Speaks::Nothing;
        let text = words.t(if nothing { "trial-port-nothing" } else { "trial-port-other" });
        return Line { title, text, usable: None };
    };
    let sign_in = found
        .sign_in
        .map(|offered| words.t(if offered { "trial-port-sign-in" } else { "trial-port-no-sign-in" }));
    let mut text =
        [Some(encryption(words, spoken)), sign_in].into_iter().flatten().collect::<Vec<_>>().join(", ");
    if spoken == Encryption::Plain {
        text = format!("{text}. {}", words.t("trial-port-plain"));
    }
    let [takes, tests] =
        ["trial-port-take", "trial-port-test"].map(|key| words.with(key, &[("port", &port)]));
    let usable = Usable { port: found.port, encryption: spoken.name(), takes, tests };
    Line { title, text, usable: Some(usable) }
}

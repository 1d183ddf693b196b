//! What happened to a recipient, in order and in plain words.

use jiff::{SignedDuration, Timestamp};
use mail::{Phase, Reason};
use store::{Attempt, CameBack, Door, Row, State, backup_of};

use super::{
    row::{self, Flow},
    standing::named,
    visit::Visit,
    when::At,
    words::Words,
};
use crate::queue::stands::WaitsFor;

/// One thing that happened, or will.
pub(super) struct Step {
    pub(super) at: At,
    pub(super) text: String,
    /// Why it was so.
    pub(super) note: Option<String>,
    /// It has not happened yet.
    pub(super) ahead: bool,
    pub(super) tone: &'static str,
    pub(super) details: Option<Details>,
}

/// For whoever looks after the mail server.
pub(super) struct Details {
    pub(super) server: String,
    pub(super) took: String,
    pub(super) phase: String,
    pub(super) code: Option<&'static str>,
    pub(super) answer: String,
}

/// Why mail does not go out, and time stands still for it.
#[derive(Clone, Copy)]
pub(super) struct Still {
    pub(super) since: Timestamp,
    /// The words for why.
    pub(super) why: &'static str,
}

/// Everything in order; what is to come stands last. `who` decided that it is where it is.
pub(super) fn timeline(
    visit: &Visit,
    row: &Row,
    (attempts, came_back): (&[Attempt], &[CameBack]),
    (still, flow, waits): (Option<Still>, Flow, &[WaitsFor]),
    who: Option<&str>,
) -> Vec<Step> {
    let words = visit.words();
    let step = |at: Timestamp, text: String, ahead: bool| Step {
        at: visit.clockwork.at(at),
        text,
        note: None,
        ahead,
        tone: "calm",
        details: None,
    };
    let mut steps = vec![step(row.accepted_at, accepted(words, row), false)];
    steps.extend(attempts.iter().map(|attempt| attempted(visit, row, attempt)));
    steps.extend(came_back.iter().map(|one| came_back_step(visit, one)));
    let since = row.settled_at.or(row.aside_at);
    let said_already = matches!(row.state, State::Delivered | State::Practiced) && !attempts.is_empty();
    if let Some(since) = since.filter(|_| !said_already) {
        let of_backup = backup_of(row).filter(|_| row.state == State::Held);
        let state = match of_backup.map(|made| visit.clockwork.text(made)) {
            Some(day) => words.with("event-from-backup", &[("day", &day)]),
            None => stands(words, row, who),
        };
        steps.push(Step { tone: super::marks::tone(row.state), ..step(since, state, false) });
    }
    if row.state != State::Waiting {
        return steps;
    }
    if let Some(still) = still {
        let since = still.since.max(row.first_due_at);
        let schedule = &visit.pages.sources.config().schedule;
        let whole = schedule.expires_at(row.first_due_at).duration_since(row.first_due_at);
        let left = row.expires_at.duration_since(since);
        let parts = [("left", &*hours(words, left)), ("whole", &*hours(words, whole))];
        steps.push(Step {
            tone: "look",
            ..step(still.since.max(row.accepted_at), words.with(still.why, &parts), false)
        });
    } else {
        let until = waits.iter().find_map(|one| one.until);
        let of_server = flow.waits_for_server(row, visit.clockwork.now);
        let key = if !of_server && (waits.is_empty() || until.is_some()) {
            "event-next"
        } else if row.practice {
            "event-next-practice"
        } else {
            "event-next-server"
        };
        // A try whose time has come and that waits for a server is at hand whenever that answers.
        let next = row.due_at.map(|due_at| due_at.max(until.unwrap_or(visit.clockwork.now)));
        let why: Vec<_> = waits.iter().map(|one| waits_for(visit, row, one)).collect();
        let note = Some(why.join(" ")).filter(|note| !note.is_empty());
        steps.extend(
            next.map(|next| Step { note, ..step(next.max(visit.clockwork.now), words.t(key), true) }),
        );
        steps.push(step(row.expires_at, words.t("event-expires"), true));
    }
    steps
}

/// The server that it waits for, and why that is given nothing.
fn waits_for(visit: &Visit, row: &Row, one: &WaitsFor) -> String {
    let words = visit.words();
    let why = one.reason.map_or_else(|| words.t("waits-for-no-reason"), |reason| words.reason(reason));
    let server = if row.practice {
        words.t("named-practice")
    } else {
        format!("{} ({})", named(&one.server, words), one.address)
    };
    match one.since {
        Some(since) => words.with(
            "waits-for-since",
            &[("server", &server), ("since", &visit.clockwork.text(since)), ("why", &why)],
        ),
        None => words.with("waits-for", &[("server", &server), ("why", &why)]),
    }
}

/// How it stands since then; `who` decided so.
fn stands(words: &Words, row: &Row, who: Option<&str>) -> String {
    let state = row.state;
    let decided = match state {
        State::Held => Some("event-kept-back-by"),
        State::Cancelled if row.in_doubt_at.is_some() => Some("event-cancelled-in-doubt-by"),
        State::Cancelled => Some("event-cancelled-by"),
        State::Returned => Some("event-returned-by"),
        _ => None,
    };
    match decided.zip(who) {
        Some((key, who)) => words.with(key, &[("who", who)]),
        None => words.with("event-state", &[("state", &words.state(state))]),
    }
}

/// Whole hours, rounded up; below two of them minutes.
fn hours(words: &Words, length: SignedDuration) -> String {
    let minutes = u64::try_from(length.as_mins()).unwrap_or(0);
    if minutes < 120 {
        return words.count("so-many-minutes", minutes);
    }
    words.count("so-many-hours", minutes.div_ceil(60))
}

/// By which door it came in.
fn accepted(words: &Words, row: &Row) -> String {
    let from = |key| words.with(key, &[("program", &row.application)]);
    match row.door {
        None => from("event-accepted"),
        Some(Door::Smtp) => from("event-accepted-smtp"),
        Some(Door::Http) => from("event-accepted-http"),
        Some(Door::Sendmail) => from("event-accepted-sendmail"),
        Some(Door::Notices) => words.t("event-accepted-notices"),
        Some(Door::Folder) => words.t("event-accepted-folder"),
        Some(Door::Bookpost) => words.t("event-accepted-bookpost"),
    }
}

fn attempted(visit: &Visit, row: &Row, attempt: &Attempt) -> Step {
    let words = visit.words();
    let (tone, text) = match attempt.reason {
        Some(reason) => ("look", words.reason(reason)),
        None if row.practice => ("calm", words.t("event-attempt-practiced")),
        None => ("well", words.with("event-attempt-accepted", &[("server", &attempt.server)])),
    };
    let answer = row::others_words(visit, attempt.answer.trim_end());
    let server = Some(attempt.server.clone()).filter(|server| !server.is_empty());
    let details = Details {
        server: server.unwrap_or_else(|| words.t("attempt-no-server")),
        took: visit.clockwork.took(attempt.started_at, attempt.ended_at),
        phase: phase(words, attempt.phase),
        code: attempt.reason.map(Reason::as_str),
        answer,
    };
    let at = visit.clockwork.at(attempt.ended_at);
    let note = attempt.instead_of.map(|instead| {
        let since = visit.clockwork.text(instead.since);
        words.with("event-attempt-instead", &[("since", &since), ("reason", &words.reason(instead.reason))])
    });
    Step { at, text, note, ahead: false, tone, details: Some(details) }
}

/// What a mail server said of it after it had accepted it.
fn came_back_step(visit: &Visit, one: &CameBack) -> Step {
    let words = visit.words();
    let reason = words.reason(one.reason.unwrap_or(Reason::Refused));
    let text = match one.until.map(|until| visit.clockwork.text(until)) {
        _ if one.failed => words.with("event-came-back", &[("reason", &small(&reason))]),
        Some(until) => words.with("event-still-tried-until", &[("until", &until)]),
        None => words.t("event-still-tried"),
    };
    let by = one.by.as_deref().map(|by| row::others_words(visit, by));
    let details = Details {
        server: by.clone().unwrap_or_else(|| words.t("came-back-by-nobody")),
        took: words.t("came-back-took"),
        phase: words.t("came-back-phase"),
        code: one.reason.map(Reason::as_str),
        answer: row::others_words(visit, &one.words),
    };
    Step {
        at: visit.clockwork.at(one.noted_at),
        text,
        note: by.map(|by| words.with("event-came-back-by", &[("server", &by)])),
        ahead: false,
        tone: "look",
        details: Some(details),
    }
}

/// As it goes on behind a colon.
fn small(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

fn phase(words: &Words, phase: Phase) -> String {
    words.t(match phase {
        Phase::Connect => "phase-connect",
        Phase::Tls => "phase-tls",
        Phase::Greeting => "phase-greeting",
        Phase::Ehlo => "phase-ehlo",
        Phase::StartTls => "phase-start-tls",
        Phase::Auth => "phase-auth",
        Phase::Mail => "phase-mail",
        Phase::Rcpt => "phase-rcpt",
        Phase::Data => "phase-data",
        Phase::Dot => "phase-dot",
    })
}

//! The queue commands: carried out on the store, by the service for whoever asks over the control socket, or by the command
//! itself while it holds the lock.

pub(super) mod asked;
pub(crate) mod today;

use std::collections::BTreeSet;

use jiff::Timestamp;
use mail::counted;
use store::{
    Actor, Deed, Error, Filter, MessageId, Move, Moved, NewAudit, PauseWhy, RunId, Selection, State, Store,
    Unreachable,
};

use super::{
    args::Chosen,
    control::{Failure, Older, QueueRequest, Reply, Shown, ShownRun, ShownText, Status, StoppedRun, numbers},
    saved_notices,
};
use crate::{
    app::{
        deciders::{Deciders, decided_at},
        text::{self, As, Body, Part},
    },
    preferences::{DoNotSend, is_old_since},
    queue::stands::{Stands, waits_for},
};

/// Most alarms that a status shows.
pub(super) const ALARMS: usize = 50;
/// Most rows of one list.
const ROWS: usize = 10_000;
const NO_SERVICE: &str =
    "Bookpost does not run as a service here, so no server is asked by itself. Start it with: bookpost serve";

/// Carries `request` out. `service`: a running service does it.
pub async fn perform(store: &Store, request: QueueRequest, service: bool, now: Timestamp) -> Reply {
    match answer(store, request, service, now).await {
        Ok(reply) => reply,
        Err(error) => Reply::Failed { failure: failure(&error), message: error.to_string() },
    }
}

/// The same, asked for by a command that holds the queue's lock: what it changes stands in the log.
pub(super) async fn perform_noted(store: &Store, request: QueueRequest, now: Timestamp) -> Reply {
    let line = line(&request, Actor::CommandLine);
    let reply = perform(store, request, false, now).await;
    if let Some(line) = line(&reply)
        && let Err(error) = store.note_audit(line, now).await
    {
        tracing::error!(%error, "what a person did could not be written to the log");
    }
    reply
}

/// What the log says of a request that was answered so; `None`: nothing was changed.
pub(crate) fn line(
    request: &QueueRequest,
    who: Actor,
) -> impl FnOnce(&Reply) -> Option<NewAudit> + Send + use<> {
    let (mail, older) = match request {
        QueueRequest::Move { selection, action } => (Some((*action, about(selection))), None),
        QueueRequest::Resume { older } => (None, older.map(Older::name)),
        _ => (None, None),
    };
    move |reply| {
        let (what, new) = match (reply, mail) {
            (_, Some((action, about))) => return decided(reply, action, about, who),
            (Reply::Paused(_), None) => (Deed::SendingPaused, None),
            (Reply::Resumed { .. }, None) => {
                (Deed::SendingResumed, older.map(|older| format!("what had waited for long: {older}")))
            }
            _ => return None,
        };
        Some(NewAudit { who, what, about: "sending".to_owned(), old: None, new })
    }
}

/// What the log says of a decision about mail, if one was carried out.
pub(crate) fn decided(reply: &Reply, action: Move, about: String, who: Actor) -> Option<NewAudit> {
    let Reply::Moved(moved) = reply else { return None };
    let new = Some(format!("{}: {}", action.name(), moved.moved));
    Some(NewAudit { who, what: Deed::MailDecided, about, old: None, new })
}

/// Which mail was meant, as the pages have it in the log.
fn about(selection: &Selection) -> String {
    match selection {
        Selection::Messages(ids) => {
            let ids: Vec<_> = ids.iter().map(|id| id.0.to_string()).collect();
            format!("message {}", ids.join(", "))
        }
        Selection::Run(run) => format!("run {}", run.0),
        Selection::State(state) => {
            let name = serde_json::to_value(state).ok();
            format!("all mail: state={}", name.as_ref().and_then(|name| name.as_str()).unwrap_or_default())
        }
        Selection::Matching(_) | Selection::WaitingSinceBefore(_) | Selection::All => "all mail: ".to_owned(),
    }
}

async fn answer(store: &Store, request: QueueRequest, service: bool, now: Timestamp) -> Result<Reply, Error> {
    Ok(match request {
        QueueRequest::Status => {
            let (counts, alarms) = (store.counts().await?, store.alarms(true, ALARMS).await?);
            let (pause, do_not_send) = (store.paused().await?, DoNotSend::chosen(store).await?);
            Reply::Status(Status { at: now, service, pause, do_not_send, counts, alarms })
        }
        QueueRequest::List { filter, after, limit } => {
            known(store, filter.run).await?;
            Reply::Rows(store.list(filter.within_reach(now), after, limit.min(ROWS)).await?)
        }
        QueueRequest::Unreachable { site, limit } => {
            Reply::Unreachable(unreachable(store, site, limit.min(ROWS)).await?)
        }
        QueueRequest::Show(message) => {
            let shown = shown(store, message).await?;
            if shown.is_empty() {
                return Err(Error::NotFound("message"));
            }
            Reply::Message(shown)
        }
        QueueRequest::Text { message, shown } => text(store, message, shown, now).await?,
        QueueRequest::Move { selection, action } => {
            match &selection {
                Selection::Run(run) => known(store, Some(*run)).await?,
                Selection::Matching(filter) => known(store, filter.run).await?,
                _ => {}
            }
            let named = matches!(selection, Selection::Messages(_));
            let missing = missing(store, &selection).await?;
            let moved = store.move_recipients(selection, action, now).await?;
            if named && moved.moved + moved.unmoved == 0 {
                return Err(Error::NotFound("message"));
            }
            Reply::Moved(Moved { missing, ..moved })
        }
        QueueRequest::Pause => Reply::Paused(store.pause(PauseWhy::ByPerson, now).await?),
        QueueRequest::Resume { older } => resume(store, older, now).await?,
        QueueRequest::Probe if service => Reply::Probing,
        QueueRequest::Probe => Reply::Failed { failure: Failure::Temporary, message: NO_SERVICE.to_owned() },
        QueueRequest::Run(id) => {
            let (run, left_out) = (store.run(id).await?, store.left_out_of(id).await?);
            let (numbers, libraries) = numbers(&store.run_by_site(id).await?);
            Reply::ShownRun(ShownRun { run, numbers, libraries, left_out, kept_back: None })
        }
        QueueRequest::Notices(request) => saved_notices::answer(store, request, now).await?,
        QueueRequest::Runs { limit } => Reply::Runs(store.runs(limit.min(ROWS)).await?),
    })
}

/// What is old news may be worse than no news: somebody decides about it before it goes.
async fn resume(store: &Store, older: Option<Older>, now: Timestamp) -> Result<Reply, Error> {
    let Some(pause) = store.paused().await? else {
        let message = "sending is not paused".to_owned();
        return Ok(Reply::Failed { failure: Failure::Usage, message });
    };
    let before = is_old_since(now);
    let waiting = store.waiting_since_before(before).await?;
    let action = match older {
        None if waiting > 0 => {
            let mails = counted(waiting, "mail has", "mails have");
            let them = if waiting == 1 { "it" } else { "them" };
            let message = format!(
                "{mails} waited for more than 48 hours. Say what is to become of {them}: --older cancel (do not send {them}), --older send, or --older return (give up and tell the library)"
            );
            return Ok(Reply::Failed { failure: Failure::Usage, message });
        }
        None | Some(Older::Send) => None,
        Some(Older::Cancel) => Some(Move::Cancel),
        Some(Older::Return) => Some(Move::Return),
    };
    let older = match action {
        Some(action) => store.move_recipients(Selection::WaitingSinceBefore(before), action, now).await?,
        None => Moved::default(),
    };
    store.end_pause().await?;
    Ok(Reply::Resumed { pause, older })
}

/// The recipients of a message; none, where there is none.
pub(crate) async fn shown(store: &Store, message: MessageId) -> Result<Vec<Shown>, Error> {
    let (rows, mut all) = (store.show(message).await?, Vec::new());
    let wanted = rows.iter().filter_map(|(row, _)| decided_at(row)).collect();
    let (deciders, pause) = (Deciders::of(store, wanted).await?, store.paused().await?);
    for (row, attempts) in rows {
        let ageing_stopped_at = store.ageing_stopped_at(row.practice).await?;
        let decided_by = deciders.of_row(&row).cloned();
        let paused = pause.filter(|_| row.state == State::Waiting);
        all.push(Shown { row, attempts, ageing_stopped_at, decided_by, paused, waits_for: Vec::new() });
    }
    Ok(all)
}

/// The same, with the servers that they wait for, while a service knows how these stand.
pub(crate) async fn tell_servers(
    store: &Store,
    shown: &mut [Shown],
    servers: &[Stands],
    now: Timestamp,
) -> Result<(), Error> {
    let alarms = store.alarms(true, ALARMS).await?;
    for one in shown.iter_mut().filter(|one| one.paused.is_none()) {
        one.waits_for = waits_for(&one.row, servers, &alarms, now);
    }
    Ok(())
}

/// What a message says, for whoever has the command line.
async fn text(store: &Store, message: MessageId, shown: As, now: Timestamp) -> Result<Reply, Error> {
    store.show(message).await?;
    let usage = |message: String| Ok(Reply::Failed { failure: Failure::Usage, message });
    let Some(bytes) = text::opened(store, message, Actor::CommandLine, now).await? else {
        return usage(format!(
            "the text of message {} is deleted: texts are kept for a time only; what happened to the message is shown by: bookpost queue show {0}",
            message.0
        ));
    };
    let body = text::apart(move || Body::of(&bytes, shown)).await?;
    let part = if shown == As::Html { body.html } else { body.text };
    match part {
        Some(Part { text, cut }) => Ok(Reply::Text(ShownText { message, shown, text, cut })),
        None => usage(format!(
            "message {} has no such part; all of it is shown by: bookpost queue text {0} --as source",
            message.0
        )),
    }
}

/// With no service: has a run end, and cancels what has not left. It is on record as the page has it.
pub(super) async fn stop_run(store: &Store, run: RunId, now: Timestamp) -> Reply {
    let (everywhere, who) = (BTreeSet::new(), Actor::CommandLine);
    let stopped = async {
        store.run(run).await?;
        store.stop_run(run, everywhere, who.clone(), now).await
    };
    if let Err(error) = stopped.await {
        return Reply::Failed { failure: failure(&error), message: error.to_string() };
    }
    let of_run = Filter { run: Some(run), ..Filter::default() };
    let selection = Selection::Matching(Box::new(of_run));
    let reply = perform(store, QueueRequest::Move { selection, action: Move::Cancel }, false, now).await;
    if let Some(line) = decided(&reply, Move::Cancel, format!("run {}", run.0), who)
        && let Err(error) = store.note_audit(line, now).await
    {
        tracing::error!(%error, "what a person did could not be written to the log");
    }
    stopped_run(run, reply)
}

/// What is answered of a run whose mail was decided about so.
pub(super) fn stopped_run(run: RunId, reply: Reply) -> Reply {
    match reply {
        Reply::Moved(mail) => Reply::RunStopped(StoppedRun { run, mail }),
        other => other,
    }
}

/// Which of the messages that are named are not there.
async fn missing(store: &Store, selection: &Selection) -> Result<Vec<MessageId>, Error> {
    let Selection::Messages(ids) = selection else { return Ok(Vec::new()) };
    let known: BTreeSet<_> = store.outlines(ids).await?.into_iter().map(|known| known.message).collect();
    Ok(ids.iter().copied().filter(|id| !known.contains(id)).collect())
}

/// So many of them, as far as the list goes.
async fn unreachable(store: &Store, site: Option<String>, limit: usize) -> Result<Vec<Unreachable>, Error> {
    let sites: BTreeSet<_> = site.into_iter().collect();
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let part = store.unreachable(sites.clone(), after, limit.saturating_sub(all.len())).await?;
        all.extend(part.all);
        after = part.next;
        if after.is_none() || all.len() >= limit {
            return Ok(all);
        }
    }
}

/// A run that was never begun is a slip, and not a run without mail.
async fn known(store: &Store, run: Option<RunId>) -> Result<(), Error> {
    match run {
        Some(run) => store.run(run).await.map(|_| ()),
        None => Ok(()),
    }
}

/// What the asker can do about it.
pub fn failure(error: &Error) -> Failure {
    match error {
        Error::NotFound(_) | Error::Exists(_) | Error::LastAdministrator => Failure::Usage,
        Error::Changed => Failure::Changed,
        _ => Failure::Temporary,
    }
}

/// What the options of a command mean.
pub(super) fn selection(chosen: &Chosen) -> Selection {
    match (chosen.run, chosen.state) {
        (Some(run), _) => Selection::Run(RunId(run)),
        (None, Some(state)) => Selection::State(state.into()),
        (None, None) if chosen.all => Selection::All,
        (None, None) => Selection::Messages(chosen.ids.iter().copied().map(MessageId).collect()),
    }
}

#[cfg(test)]
mod tests;

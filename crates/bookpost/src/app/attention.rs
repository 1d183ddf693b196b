//! Alarms about mail that waits for a person end when the person has seen to it: then the next one is told again.

use jiff::{SignedDuration, Timestamp};
use mail::{Address, Reason, ReversePath};
use store::{Alarm, AlarmKind, Filter, Kind, MessageId, PauseWhy, Row, Run, RunId, State, Store};

use super::schedules;
use crate::{
    alarms::{Alarms, why_not_this_way},
    queue::worker::UNREADABLE,
};

/// What the alarm is about when a start set something aside at its third strike.
pub(super) const AT_START: &str = "start";

/// Rows that are looked at in one go.
const PAGE: usize = 500;
/// The latest runs, among which an interrupted one and its repetition are looked for.
pub(super) const RUNS: usize = 100;
/// A lost report is told again after this at the latest, when another is lost.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Ends the alarms that have become pointless.
pub(super) async fn look(store: &Store, alarms: &Alarms, now: Timestamp) -> Result<(), store::Error> {
    for alarm in store.alarms(true, PAGE).await? {
        if is_over(store, &alarm, now).await? {
            alarms.clear(alarm.kind, &alarm.subject);
        }
    }
    Ok(())
}

async fn is_over(store: &Store, alarm: &Alarm, now: Timestamp) -> Result<bool, store::Error> {
    let numbered =
        |word: &str| alarm.subject.strip_prefix(word).and_then(|number| number.parse::<i64>().ok());
    let held = Filter { state: Some(State::Held), ..Filter::default() };
    Ok(match alarm.kind {
        AlarmKind::SenderRefused => {
            let (domain, reason) =
                why_not_this_way(&alarm.subject).unwrap_or((&alarm.subject, Reason::SenderRefused));
            let of_sender = |row: &Row| {
                let sender = row.reverse_path.address().map_or("<>", Address::domain);
                // What is from nobody was tried with an address too, if it is our own.
                let own = row.kind != Kind::Mail && row.reverse_path == ReversePath::Null;
                row.reason == Some(reason) && (own || sender == domain)
            };
            !any(store, held, of_sender).await?
        }
        AlarmKind::Held => match numbered("run ") {
            Some(run) => !any(store, Filter { run: Some(RunId(run)), ..held }, |_| true).await?,
            None => false,
        },
        AlarmKind::BrokenMessage => match numbered("message ") {
            Some(message) => {
                let shown = store.show(MessageId(message)).await.unwrap_or_default();
                !shown.iter().any(|(row, _)| row.state == State::Held)
            }
            // Those of a start stand for several messages; what the database refused is only known at the next start.
            None if [AT_START, UNREADABLE].contains(&alarm.subject.as_str()) => {
                !any(store, held, |row| row.reason == Some(Reason::Broke)).await?
            }
            None => false,
        },
        AlarmKind::RunInterrupted => {
            let runs = store.runs(RUNS).await?;
            let run = numbered("run ").and_then(|number| runs.iter().find(|run| run.id == RunId(number)));
            run.is_none_or(|run| was_stopped(run) || was_repeated(run, &runs))
        }
        AlarmKind::SecretsLost => match numbered("webhook ") {
            Some(webhook) => store.webhooks().await?.iter().all(|one| one.id.0 != webhook),
            None => false,
        },
        AlarmKind::Schedule => match schedules::of_subject(&alarm.subject) {
            Some(id) => match store.schedule(id).await {
                Err(store::Error::NotFound(_)) => true,
                Ok(found) if alarm.subject == schedules::no_time(id) => {
                    schedules::has_no_time(&found, now).is_none()
                }
                found => found?.paused_at.is_some(),
            },
            None => false,
        },
        AlarmKind::Restored => restored(store).await?.is_none(),
        AlarmKind::ReportLost => now.duration_since(alarm.started_at) > WEEK,
        _ => false,
    })
}

/// The backup that the queue is, while nobody has said that mail may be sent.
pub(super) async fn restored(store: &Store) -> Result<Option<Timestamp>, store::Error> {
    Ok(store.paused().await?.and_then(|pause| match pause.why {
        PauseWhy::Restored { of } => Some(of),
        PauseWhy::ByPerson | PauseWhy::OldMail => None,
    }))
}

/// Did a person have it end? Nothing of it is missed then.
pub(super) fn was_stopped(run: &Run) -> bool {
    run.stopped.as_ref().is_some_and(|stopped| stopped.sites.is_empty())
}

/// Was the same export run again, to the end?
pub(super) fn was_repeated(run: &Run, runs: &[Run]) -> bool {
    let again = |later: &&Run| later.id > run.id && later.source == run.source;
    runs.iter().filter(again).any(|later| later.finished_at.is_some())
}

/// Is there such a row?
async fn any(store: &Store, filter: Filter, fits: impl Fn(&Row) -> bool) -> Result<bool, store::Error> {
    let mut after = None;
    loop {
        let rows = store.list(filter.clone(), after, PAGE).await?;
        if rows.iter().any(&fits) {
            return Ok(true);
        }
        after = match rows.last() {
            Some(last) if rows.len() == PAGE => Some(last.recipient),
            _ => return Ok(false),
        };
    }
}

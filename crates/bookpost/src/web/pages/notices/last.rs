//! The last run that somebody may see, in one sentence for the first page. Its numbers are those of the run's own page.

use jiff::Timestamp;
use store::{Error, Filter, Run, State};

use super::{
    check::is_aside,
    sums::{ORDER, REASONS, Sums, left, state_key},
};
use crate::{config::Way, deliver::hosting::Provider, web::pages::visit::Visit};

/// Runs that are looked through, for the last that is theirs.
const RUNS: usize = 50;
/// More than so many since somebody looked are not summed up.
const SUMMED: u64 = 9;

/// The last run, and those since somebody looked last, where they are more.
pub(in crate::web::pages) struct Lately {
    pub(in crate::web::pages) last: Option<LastRun>,
    pub(in crate::web::pages) since: Option<String>,
}

/// A run, told.
pub(in crate::web::pages) struct LastRun {
    pub(in crate::web::pages) id: i64,
    pub(in crate::web::pages) text: String,
    pub(in crate::web::pages) tone: &'static str,
    pub(in crate::web::pages) practice: bool,
    sums: Sums,
}

impl Lately {
    /// `before`: when they looked last before this visit.
    pub(in crate::web::pages) async fn read(visit: &Visit, before: Option<Timestamp>) -> Result<Self, Error> {
        let (mut last, mut count, mut all) = (None, 0, Sums::default());
        let is_since = |run: &Run| before.is_some_and(|before| run.started_at > before);
        for run in visit.pages.sources.store.runs_begun(RUNS).await? {
            if last.is_some() && (!is_since(&run) || count > SUMMED) {
                break;
            }
            let sums = Sums::of(visit, &run).await?;
            if !sums.is_theirs(visit, &run) {
                continue;
            }
            if last.is_none() {
                last = Some(LastRun::of(visit, &run, &sums).await?);
            }
            if is_since(&run) && !run.practice {
                count += 1;
                all.add(&sums);
            }
        }
        let since = before.filter(|_| count > 1).map(|before| {
            let (words, when) = (visit.words(), visit.clockwork.lately_within(before));
            if count > SUMMED {
                return words
                    .with("last-run-since-many", &[("when", &when), ("runs", &words.number(SUMMED))]);
            }
            let (runs, what) = (words.number(count), what(visit, &all, None));
            words.with("last-run-since", &[("when", &when), ("runs", &runs), ("what", &what)])
        });
        Ok(Self { last, since })
    }
}

impl LastRun {
    async fn of(visit: &Visit, run: &Run, sums: &Sums) -> Result<Self, Error> {
        let (words, notices) = (visit.words(), &visit.pages.sources.notices);
        let server = if sums.state(State::Delivered) > 0 { server(visit, run).await? } else { None };
        let what = what(visit, sums, server.as_deref());
        let stopped = run.stopped.as_ref().filter(|stopped| stopped.is_for_all_of(&visit.sites()));
        let (key, tone) = if stopped.is_some() {
            ("last-run-stopped", "look")
        } else if notices.is_cut_short(run) {
            ("last-run-cut-short", "look")
        } else if notices.is_under_way(run.id) {
            ("last-run-under-way", "calm")
        } else if run.practice {
            ("last-run-practice", "calm")
        } else {
            ("last-run", if sums.wants_a_look() { "look" } else { "calm" })
        };
        let when = visit.clockwork.lately(run.started_at);
        let who = stopped.map(|stopped| words.actor(&stopped.by)).unwrap_or_default();
        let text = words.with(key, &[("when", &when), ("what", &what), ("who", &who)]);
        Ok(Self { id: run.id.0, text, tone, practice: run.practice, sums: sums.clone() })
    }

    pub(in crate::web::pages) fn state(&self, state: State) -> u64 {
        self.sums.state(state)
    }

    /// Nobody of it is left, whether to be written to or without a mail, but whose mail came back.
    pub(in crate::web::pages) fn others_are_done(&self) -> bool {
        self.sums.others_are_done() && self.sums.not_written() == 0
    }
}

/// "412 notices, 405 accepted by Google, 4 waiting, 3 sent back, 9 people without an email address".
fn what(visit: &Visit, sums: &Sums, server: Option<&str>) -> String {
    let words = visit.words();
    let made = sums.states.values().sum();
    let states = ORDER.iter().map(|state| (*state, sums.state(*state))).filter(|(_, count)| *count > 0);
    let state = |(state, count)| match state {
        State::Delivered => {
            let server = server.map_or_else(|| words.t("last-run-server"), ToOwned::to_owned);
            words.with(
                "last-run-accepted",
                &[("accepted", &words.count(state_key(state), count)), ("server", &server)],
            )
        }
        state => words.count(state_key(state), count),
    };
    let reason = |(_, why): &(&str, _)| {
        let count = sums.left_out.get(why).copied().filter(|count| *count > 0 && !is_aside(*why))?;
        Some(format!("{} {}", words.number(count), left(words, *why, count)))
    };
    let several = sums.of_several(words).map(|(_, addresses)| {
        let notices = words.count("last-run-notices", sums.mails);
        words.with("last-run-notices-to", &[("notices", &notices), ("addresses", &addresses)])
    });
    let made = several.unwrap_or_else(|| words.count("last-run-notices", made));
    let all: Vec<_> =
        std::iter::once(made).chain(states.map(state)).chain(REASONS.iter().filter_map(reason)).collect();
    all.join(", ")
}

/// By whose name the server is known that took the newest of it; none where it may have been another one for others.
pub(super) async fn server(visit: &Visit, run: &Run) -> Result<Option<String>, Error> {
    let sources = &visit.pages.sources;
    let config = sources.config();
    let Way::Servers(servers) = &config.sending.way else { return Ok(None) };
    let [only] = servers.as_slice() else { return Ok(None) };
    let taken = Filter { run: Some(run.id), state: Some(State::Delivered), ..Filter::default() };
    let Some(newest) = sources.store.part(taken, None, 1).await?.rows.pop() else { return Ok(None) };
    let shown = sources.store.show(newest.message).await?;
    let attempt = shown.into_iter().find(|(row, _)| row.recipient == newest.recipient);
    let at = attempt.and_then(|(_, mut attempts)| attempts.pop()).map(|attempt| attempt.server);
    let is_only =
        at.as_deref().is_some_and(|at| at.rsplit_once(':').is_some_and(|(host, _)| host == only.host));
    let name = Provider::of_server(&only.host).map_or_else(|| only.host.clone(), |of| of.name().to_owned());
    Ok(is_only.then_some(name))
}

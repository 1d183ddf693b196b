//! Notice runs as plain text.

use std::{collections::BTreeMap, fmt::Write as _};

use mail::counted;
use store::{LeftOut, LeftOutDetail, Run, State};

use super::{Table, View};
use crate::cli::{
    control::{Preview, Progress, RunNumbers, RunSummary, ShownRun, leaves_out},
    words,
};
use crate::queue::limited::{KeptBack, KeptBy};

/// Left-out patrons that are named one by one at the end of a run; the rest is counted.
const NAMED: usize = 20;

/// What is done where lines name no library.
const NAMELESS: &str = "Lines that name no library belong to: --site CODE says which, for this run; notices.default_site among the preferences, for all";

const AGAIN: &str = "will try again";

/// How many of those who were left out are named.
enum Named<'a> {
    All,
    /// Some, and how the others are seen.
    Some(&'a str),
}

/// The latest runs. The figures of a line add up: each address is in one column.
pub(super) fn list(runs: &[Run], view: &View<'_>) -> String {
    if runs.is_empty() {
        return "none\n".to_owned();
    }
    let mut table = Table::default();
    table.row([
        "run",
        "started",
        "export",
        "addresses",
        "accepted",
        "practice",
        "waiting",
        "came back",
        "may have arrived",
        "set aside",
        "not sent",
        "left out",
    ]);
    for run in runs {
        let progress = Progress::of(&run.states);
        table.row([
            &run.id.0.to_string(),
            &view.at(run.started_at),
            &match (&run.stopped, run.finished_at) {
                (Some(_), _) => format!("{} (stopped)", run.source),
                (None, Some(_)) => run.source.clone(),
                (None, None) => format!("{} (not finished)", run.source),
            },
            &progress.addresses.to_string(),
            &progress.delivered.to_string(),
            &progress.practiced.to_string(),
            &progress.waiting.to_string(),
            &progress.returned.to_string(),
            &progress.in_doubt.to_string(),
            &progress.aside.to_string(),
            &progress.cancelled.to_string(),
            &left_out_of(run).to_string(),
        ]);
    }
    table.to_string()
}

/// Those who go without a notice, as the pages count them: what is only noted leaves nobody out, nor does what is not overdue yet.
fn left_out_of(run: &Run) -> u64 {
    run.left_out.iter().filter(|(why, _)| leaves_out(**why)).map(|(_, count)| count).sum()
}

/// One run, complete.
pub(super) fn show(shown: &ShownRun, view: &View<'_>) -> String {
    let ShownRun { run, left_out, .. } = shown;
    let finished = run.finished_at.map_or("not finished".to_owned(), |finished| view.at(finished));
    let mut table = Table::default();
    table.row(["run", &run.id.0.to_string()]);
    table.row(["notice", &run.notice]);
    table.row(["export", &run.source]);
    table.row(["started", &view.at(run.started_at)]);
    table.row(["finished", &finished]);
    if let Some(stopped) = &run.stopped {
        let of = stopped.sites.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let of = if of.is_empty() { of } else { format!(", for {of}") };
        table.row(["stopped", &format!("{} by {}{of}", view.at(stopped.at), words::actor(&stopped.by))]);
    }
    let progress = Progress::of(&run.states).with_lists(&run.copies);
    format!(
        "{table}\n{}{}{}{}",
        figures(&progress, run.practice, view.stays(run.practice).unwrap_or(AGAIN)),
        shown.kept_back.as_ref().map(|kept_back| limit(kept_back, view)).unwrap_or_default(),
        by_library(shown),
        named(left_out, &Named::All)
    )
}

/// As the page says it.
fn limit(kept_back: &KeptBack, view: &View<'_>) -> String {
    let KeptBack { server, by, limit, until, through_at } = kept_back;
    let (server, until) = (plain_name(server), view.at(*until));
    let (n, set) = (limit.unwrap_or_default(), "that is the limit under Preferences > Setup > Email");
    let said = match by {
        KeptBy::Minute => {
            let go = counted(n, "mail a minute goes", "mails a minute go");
            format!("No more than {go} to {server}: {set}. The rest waits its turn and goes by itself.")
        }
        KeptBy::Day => {
            let (mails, have) = (counted(n, "mail", "mails"), if n == 1 { "has" } else { "have" });
            format!(
                "The {mails} that {server} is given in 24 hours {have} gone: {set}. The rest is not lost, and goes on by itself at {until}, bit by bit."
            )
        }
        KeptBy::Server => format!(
            "{} takes no more mail for now: our allowance there is used up. What waits is not lost and comes back to nobody. It is tried again at {until}, and then every hour until it is taken.",
            server.replacen('y', "Y", usize::from(server.starts_with("your")))
        ),
    };
    let through = through_at
        .map(|at| format!(" All that waits now will have gone by about {}.", view.at(at)))
        .unwrap_or_default();
    format!("\n! {said}{through}\n")
}

/// As it stands within a sentence.
fn plain_name(server: &str) -> &str {
    match server {
        "server1" => "your mail server (Server 1)",
        "server2" => "your backup mail server (Server 2)",
        "google" => "Google",
        "microsoft" => "Microsoft",
        other => other,
    }
}

/// As the page has it: each line adds up, and all of them to the last.
fn by_library(ShownRun { run, numbers, libraries, .. }: &ShownRun) -> String {
    if numbers.asked == 0 {
        return String::new();
    }
    let taken = if run.practice { "practice" } else { "accepted" };
    let mut table = Table::default();
    table.row([
        "library",
        "asked",
        taken,
        "waiting",
        "sent back",
        "may have arrived",
        "set aside",
        "not sent",
        "not written to",
    ]);
    let mut line = |name: &str, numbers: &RunNumbers| {
        let [accepted, practice, others @ ..] = numbers.parts();
        // One of them is none.
        let [waiting, returned, doubt, aside, cancelled, without] = others.map(|count| count.to_string());
        let (asked, taken) = (numbers.asked.to_string(), (accepted + practice).to_string());
        table.row([name, &asked, &taken, &waiting, &returned, &doubt, &aside, &cancelled, &without]);
    };
    for one in libraries {
        line(one.site.as_deref().unwrap_or("of no library"), &one.numbers);
    }
    line("all", numbers);
    let may_have = match numbers.waiting_in_doubt {
        0 => String::new(),
        n => format!(
            "\nOf those that wait, {} have arrived: the connection broke while the server was answering. They are sent again by themselves.\n",
            counted(n, "mail may", "mails may")
        ),
    };
    format!("\n{table}{may_have}")
}

/// What came of a run, for the console.
pub(super) fn summary(run: &RunSummary) -> String {
    summarise(run, &Named::Some(&format!("bookpost notices show {}", run.id.0)))
}

/// The same, with everyone named.
pub(super) fn report(run: &RunSummary) -> String {
    summarise(run, &Named::All)
}

fn summarise(run: &RunSummary, how_many: &Named<'_>) -> String {
    let Progress { prepared, addresses, waiting, .. } = run.progress;
    let several = if addresses > prepared { format!(" to {addresses} addresses") } else { String::new() };
    let mut out = format!(
        "run {}: {}, {}, {}{several}\n\n",
        run.id.0,
        counted(run.lines, "line", "lines"),
        counted(run.patrons, "patron", "patrons"),
        counted(prepared, "notice", "notices")
    );
    // Why it only waits is among the problems.
    let later = if run.way { AGAIN } else { words::state(State::Waiting) };
    out.push_str(&figures(&run.progress, run.practice, later));
    for problem in &run.problems {
        let _ = writeln!(out, "\n! {problem}");
    }
    out.push_str(&named(&run.left_out, how_many));
    if waiting > 0 && !run.service && run.way {
        let wait = counted(waiting, "waits for its", "wait for their");
        let _ = writeln!(out, "\n{wait} next try; the service must run for it: bookpost serve");
    }
    out
}

/// What became of the addresses; the lines add up to them.
/// `later` is said of what waits.
fn figures(progress: &Progress, practice: bool, later: &str) -> String {
    let Progress { delivered, practiced, waiting, returned, in_doubt, aside, cancelled, .. } = *progress;
    let Progress { lists, lists_waiting, .. } = *progress;
    let mut table = Table::default();
    let taken = if practice {
        (words::state(State::Practiced), practiced)
    } else {
        (words::state(State::Delivered), delivered)
    };
    for (what, count) in [taken, (later, waiting), ("sent back to the library", returned)] {
        table.row([what, &count.to_string()]);
    }
    if in_doubt > 0 {
        table.row([words::state(State::InDoubt), &in_doubt.to_string()]);
    }
    if aside > 0 {
        table.row(["set aside; needs a person", &aside.to_string()]);
    }
    if cancelled > 0 {
        table.row([words::state(State::Cancelled), &cancelled.to_string()]);
    }
    if lists > 0 {
        let waiting =
            if lists_waiting > 0 { format!(", {lists_waiting} of them waiting") } else { String::new() };
        table.row(["lists to teachers, counted apart", &format!("{lists}{waiting}")]);
    }
    table.to_string()
}

/// What a run would do.
pub(super) fn preview(preview: &Preview) -> String {
    let mut out = format!("{} would be sent\n", counted(preview.notices, "notice", "notices"));
    if preview.lists > 0 {
        let lists = counted(preview.lists, "teacher", "teachers");
        let _ = writeln!(out, "{lists} would get a list of their students");
    }
    out.push_str(&named(&preview.left_out, &Named::Some("the same command with --json")));
    if let Some(first) = &preview.first {
        let _ = write!(out, "\nThe first of them:\n\n{first}");
        if !first.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

fn named(left_out: &[LeftOut], how_many: &Named<'_>) -> String {
    let mut kinds: BTreeMap<_, Vec<&LeftOut>> = BTreeMap::new();
    for one in left_out {
        kinds.entry(one.why).or_default().push(one);
    }
    let mut out = String::new();
    for (why, ones) in kinds {
        let _ = writeln!(out, "\n{}:", words::left_out(why, ones.len()));
        let most = if matches!(how_many, Named::All) { ones.len() } else { NAMED };
        for one in ones.iter().take(most) {
            let _ = writeln!(out, "  {}", words::who_was_left_out(one));
        }
        if ones.iter().any(|one| matches!(one.detail, LeftOutDetail::NoBranch { .. })) {
            let _ = writeln!(out, "  {NAMELESS}");
        }
        if let Named::Some(rest) = how_many
            && ones.len() > NAMED
        {
            let _ = writeln!(out, "  and {} more; all of them: {rest}", ones.len() - NAMED);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use store::{LeftOutWhy, RunId, RunPart};

    use super::super::Sends;
    use super::*;
    use crate::cli::control::numbers;

    const VIEW: View<'_> = View { zone: &TimeZone::UTC, sends: Sends::All, now: jiff::Timestamp::UNIX_EPOCH };

    fn left_out(count: u64) -> Vec<LeftOut> {
        let one = |line| LeftOut {
            why: LeftOutWhy::NoAddress,
            line: Some(line),
            who: format!("Patron {line}"),
            detail: "no address".to_owned().into(),
            site: None,
        };
        (1..=count).map(one).collect()
    }

    fn run() -> Run {
        Run {
            id: RunId(7),
            notice: "overdue-items".to_owned(),
            source: "overdues.csv".to_owned(),
            practice: false,
            begun_by: None,
            started_at: "2026-11-23T10:00:00Z".parse().unwrap(),
            finished_at: None,
            stopped: None,
            states: BTreeMap::from([
                (State::Delivered, 7),
                (State::Waiting, 1),
                (State::Sending, 1),
                (State::Returned, 1),
                (State::Held, 1),
                (State::InDoubt, 1),
                (State::Cancelled, 1),
            ]),
            copies: BTreeMap::new(),
            left_out: BTreeMap::from([(LeftOutWhy::NoAddress, 21)]),
        }
    }

    #[test]
    fn the_console_names_some_and_says_how_to_see_all() {
        let summary = RunSummary {
            id: RunId(7),
            practice: false,
            lines: 900,
            patrons: 321,
            progress: Progress { prepared: 300, addresses: 600, delivered: 600, ..Progress::default() },
            left_out: left_out(21),
            problems: vec!["something is wrong".to_owned()],
            service: true,
            way: true,
        };
        let console = super::summary(&summary);
        assert!(console.ends_with("  and 1 more; all of them: bookpost notices show 7\n"), "{console}");
        assert!(console.starts_with("run 7: 900 lines, 321 patrons, 300 notices to 600 addresses\n"));
        let complete = report(&summary);
        assert!(complete.contains("line 21, Patron 21: no address") && !complete.contains("more"));
        let Run { states, left_out: by_why, .. } = run();
        let part = RunPart { states, left_out: by_why, ..RunPart::default() };
        let (numbers, libraries) = numbers(&[(Some("MAIN".to_owned()), part)].into());
        let kept_back = None;
        let shown = ShownRun { run: run(), numbers, libraries, left_out: left_out(21), kept_back };
        let shown = show(&shown, &VIEW);
        for name in ["MAIN", "all"] {
            let line = shown.lines().find(|line| line.starts_with(name)).unwrap();
            let line: Vec<_> = line.split_whitespace().skip(1).collect();
            assert_eq!(line, ["34", "7", "2", "1", "1", "1", "1", "21"], "{shown}");
        }
        // One word for one state, above and in the table.
        for line in ["may have arrived           1", "set aside; needs a person  1"] {
            assert!(shown.lines().any(|shown| shown.trim_end() == line), "{line}: {shown}");
        }
        assert!(shown.contains("line 21, Patron 21: no address"), "{shown}");
        assert!(shown.contains("not finished"), "{shown}");
    }

    #[test]
    fn one_is_one() {
        let progress = Progress { prepared: 1, addresses: 1, waiting: 1, ..Progress::default() };
        let one = RunSummary {
            id: RunId(7),
            practice: false,
            lines: 1,
            patrons: 1,
            progress,
            left_out: left_out(1),
            problems: Vec::new(),
            service: false,
            way: true,
        };
        let said = summary(&one);
        assert!(said.starts_with("run 7: 1 line, 1 patron, 1 notice\n"), "{said}");
        assert!(said.contains("\n1 patron without an address:\n"), "{said}");
        assert!(said.contains("\n1 waits for its next try;"), "{said}");
        let said = preview(&Preview { notices: 1, lists: 0, left_out: Vec::new(), first: None });
        assert_eq!(said, "1 notice would be sent\n");
    }

    #[test]
    fn it_is_said_how_lines_without_a_library_are_given_one() {
        let without = LeftOut {
            why: LeftOutWhy::UnknownBranch,
            detail: LeftOutDetail::NoBranch { items: 1 },
            ..left_out(1).remove(0)
        };
        let of = |left_out| preview(&Preview { notices: 0, lists: 0, left_out, first: None });
        let said = of(vec![without]);
        assert!(said.contains("Lines that name no library belong to: --site CODE says which"), "{said}");
        assert!(!of(left_out(1)).contains("--site"));
    }

    #[test]
    fn a_limit_is_said_as_on_the_page() {
        let kept_back = |by, limit| KeptBack {
            server: "server1".to_owned(),
            by,
            limit,
            until: VIEW.now,
            through_at: limit.map(|_| VIEW.now),
        };
        for (kept_back, said) in [
            (
                kept_back(KeptBy::Minute, Some(30)),
                "No more than 30 mails a minute go to your mail server (Server 1): that is the limit under Preferences > Setup > Email. The rest waits its turn and goes by itself. All that waits now will have gone by about 1970-01-01 00:00.",
            ),
            (
                kept_back(KeptBy::Day, Some(1)),
                "The 1 mail that your mail server (Server 1) is given in 24 hours has gone: that is the limit under Preferences > Setup > Email. The rest is not lost, and goes on by itself at 1970-01-01 00:00, bit by bit. All that waits now will have gone by about 1970-01-01 00:00.",
            ),
            (
                kept_back(KeptBy::Server, None),
                "Your mail server (Server 1) takes no more mail for now: our allowance there is used up. What waits is not lost and comes back to nobody. It is tried again at 1970-01-01 00:00, and then every hour until it is taken.",
            ),
        ] {
            assert_eq!(limit(&kept_back, &VIEW), format!("\n! {said}\n"));
        }
    }

    #[test]
    fn the_figures_of_a_run_add_up_and_keep_practice_apart() {
        let finished = || Run { finished_at: Some(run().started_at), ..run() };
        let practice = Run { states: BTreeMap::from([(State::Practiced, 5)]), ..finished() };
        let shown = list(&[finished(), practice], &VIEW);
        let figures: Vec<Vec<&str>> =
            shown.lines().skip(1).map(|line| line.split_whitespace().skip(4).collect()).collect();
        assert_eq!(figures[0], ["13", "7", "0", "2", "1", "1", "1", "1", "21"], "{shown}");
        assert_eq!(figures[1], ["5", "0", "5", "0", "0", "0", "0", "0", "21"], "{shown}");
        assert!(!shown.contains("not finished"), "{shown}");
        assert!(list(&[run()], &VIEW).contains("overdues.csv (not finished)"));
    }
}

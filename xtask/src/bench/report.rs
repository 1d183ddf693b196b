//! The figures, and the table that people read.

use std::{fmt::Write as _, time::Duration};

use serde::Serialize;

/// One bench.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) messages: usize,
    pub(super) mean_bytes: f64,
    pub(super) rounds: Vec<Round>,
    /// System calls that wait for the disk, for each message; under strace.
    pub(super) syncs: f64,
    pub(super) waiting: Waiting,
}

/// One round: all sides, one after the other.
#[derive(Debug, Serialize)]
pub(super) struct Round {
    /// Messages a second.
    pub(super) bookpost: f64,
    pub(super) smtplib: f64,
    pub(super) postfix: Option<f64>,
    /// Bookpost's command from start to exit.
    pub(super) command_seconds: f64,
    pub(super) cpu_seconds: f64,
    /// PSS in bytes, the most of all samples.
    pub(super) memory: u64,
    /// Flush requests to the machine's disks for each message.
    pub(super) flushes: f64,
}

/// What the service needs. Zero: not measured.
#[derive(Debug, Default, Serialize)]
pub(super) struct Waiting {
    /// PSS in bytes.
    pub(super) idle_memory: u64,
    pub(super) queued_memory: u64,
    /// Seconds from the start of the process to the first message at the sink, with 1,000,000 waiting.
    pub(super) start: f64,
    /// Time of one claim at 1,000,000 waiting over that at 10,000.
    pub(super) claim_cost: f64,
}

impl Round {
    pub(super) fn in_words(&self) -> String {
        let postfix = self.postfix.map_or("-".to_owned(), |rate| format!("{rate:.0}"));
        format!(
            "Bookpost {:.0}/s, smtplib {:.0}/s, Postfix {postfix}/s; {:.2} s of processor time, {:.1} MB",
            self.bookpost,
            self.smtplib,
            self.cpu_seconds,
            megabytes(self.memory)
        )
    }
}

impl Figures {
    /// The median of one figure over the rounds.
    fn of(&self, figure: impl Fn(&Round) -> Option<f64>) -> f64 {
        median(&self.rounds.iter().filter_map(figure).collect::<Vec<_>>())
    }
}

/// The table as Markdown. A ratio is the median of the ratios of the rounds.
pub(super) fn table(figures: &Figures) -> String {
    let per_thousand = ratio(1_000, figures.messages);
    let waiting = &figures.waiting;
    let lines: [(&str, f64, usize); 14] = [
        ("Bookpost, messages a second", figures.of(|round| Some(round.bookpost)), 0),
        ("(a) smtplib loop, messages a second", figures.of(|round| Some(round.smtplib)), 0),
        ("(b) Postfix, messages a second", figures.of(|round| round.postfix), 0),
        ("Bookpost over (a)", figures.of(|round| Some(round.bookpost / round.smtplib)), 2),
        ("Bookpost over (b)", figures.of(|round| Some(round.bookpost / round.postfix?)), 1),
        ("the whole command, seconds", figures.of(|round| Some(round.command_seconds)), 2),
        (
            "processor seconds for 1,000 notices",
            figures.of(|round| Some(round.cpu_seconds * per_thousand)),
            2,
        ),
        ("syncs for each message (strace)", figures.syncs, 3),
        ("flushes of the disks for each message", figures.of(|round| Some(round.flushes)), 3),
        ("memory (PSS), service idle, MB", megabytes(waiting.idle_memory), 1),
        ("memory (PSS), during the run, MB", figures.of(|round| Some(megabytes(round.memory))), 1),
        ("memory (PSS), 100,000 waiting, MB", megabytes(waiting.queued_memory), 1),
        ("start with 1,000,000 waiting, seconds to the first message", waiting.start, 2),
        ("a claim at 1,000,000 waiting over one at 10,000", waiting.claim_cost, 2),
    ];
    let mut text = format!(
        "{} messages of {:.0} bytes on average, medians of {} rounds\n\n| figure | measured |\n|---|---|\n",
        figures.messages,
        figures.mean_bytes,
        figures.rounds.len()
    );
    for (name, value, places) in lines {
        // Writing to a String cannot fail.
        let _ = if value > 0.0 {
            writeln!(text, "| {name} | {value:.places$} |")
        } else {
            writeln!(text, "| {name} | not measured |")
        };
    }
    text
}

/// Half, 99 of 100 and all of these took no longer; shortest first.
pub(super) fn latencies(what: &str, took: &[Duration]) -> String {
    let at = |percent: usize| {
        let index = (took.len() * percent).div_ceil(100).saturating_sub(1);
        took.get(index).map_or(0.0, Duration::as_secs_f64) * 1_000.0
    };
    format!(
        "{what}: half within {:.0} ms, 99 of 100 within {:.0} ms, all within {:.0} ms",
        at(50),
        at(99),
        at(100)
    )
}

/// The middle one, or the mean of the two in the middle; 0 of none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle), sorted.len().is_multiple_of(2)) {
        (Some(upper), true) => {
            f64::midpoint(sorted.get(middle.saturating_sub(1)).copied().unwrap_or(*upper), *upper)
        }
        (Some(value), false) => *value,
        (None, _) => 0.0,
    }
}

/// One number over another, as far as a fraction is exact enough for a figure.
#[expect(clippy::cast_precision_loss, reason = "counts of a measurement are far below 2^52")]
pub(super) fn ratio(count: u64, of: usize) -> f64 {
    count as f64 / of as f64
}

fn megabytes(bytes: u64) -> f64 {
    ratio(bytes, 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        for (values, expected) in
            [(&[][..], 0.0), (&[4.0], 4.0), (&[9.0, 1.0, 5.0], 5.0), (&[4.0, 1.0, 2.0, 9.0], 3.0)]
        {
            assert!((median(values) - expected).abs() < 1e-9, "{values:?}");
        }
    }

    #[test]
    fn what_was_not_measured_is_said() {
        let figures = Figures {
            messages: 1_000,
            mean_bytes: 3_000.0,
            rounds: Vec::new(),
            syncs: 0.25,
            waiting: Waiting::default(),
        };
        let table = table(&figures);
        assert!(table.contains("| syncs for each message (strace) | 0.250 |"), "{table}");
        assert!(table.contains("| (b) Postfix, messages a second | not measured |"), "{table}");
    }
}

//! What a message costs, by the file `costs.toml`, in which each figure says where it comes from.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// A number, and who answers for it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figure {
    pub(super) value: f64,
    measured: Option<String>,
    assumed: Option<String>,
}

/// All figures. Times end in `_us` or `_ms`, and are processor time where it does not say otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Costs {
    pub(super) day: Day,
    pub(super) provider: Provider,
    pub(super) machine: Machine,
    pub(super) postgres: Database,
    pub(super) sqlite: Database,
    pub(super) size: Size,
}

/// When mail is handed in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Day {
    /// What part of a day's mail comes in each hour; 24 figures.
    pub(super) hours: Vec<f64>,
    /// What part of an hour's mail comes in its first five minutes, as schedules begin at the full hour.
    pub(super) first_minutes: Figure,
    /// Messages that are handed in at once, on average.
    pub(super) together: Figure,
    /// What an account has on an average day.
    pub(super) of_account: Figure,
    /// How much accounts differ: the deviation of the logarithm.
    pub(super) account_spread: Figure,
    /// Why the hours are as they are.
    pub(super) assumed: String,
}

/// Who takes the mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    /// Half of the answers come sooner.
    pub(super) answer_ms: Figure,
    /// How much they differ: the deviation of the logarithm. 0: all the same; below 0: exponential with `answer_ms` as mean.
    pub(super) answer_spread: Figure,
    /// What part of the attempts is put off, and what part refused for good.
    pub(super) deferred: Figure,
    pub(super) refused: Figure,
}

/// One machine with Bookpost.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Machine {
    pub(super) cores: Figure,
    /// To take one message in, and to send it.
    pub(super) accept_us: Figure,
    pub(super) send_us: Figure,
    /// Connections to the mail server.
    pub(super) connections: Figure,
    /// Messages that are kept in memory for their first attempt.
    pub(super) ready: Figure,
    /// A claim takes at most so many, when fewer than `low` are in memory.
    pub(super) claim: Figure,
    pub(super) low: Figure,
    /// A transaction takes nothing further after so many rows.
    pub(super) rows: Figure,
    /// Outcomes are gathered for so long.
    pub(super) gather_ms: Figure,
    /// A sync of the journal in which it marks what it sends, where the queue is a file.
    pub(super) journal_us: Figure,
}

/// A database server, or the file of one machine.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Database {
    pub(super) cores: Figure,
    /// For each transaction, whatever is in it; and for each row of an accept, a claim, a mark and an outcome.
    pub(super) transaction_us: Figure,
    pub(super) accept_us: Figure,
    pub(super) claim_us: Figure,
    pub(super) mark_us: Figure,
    pub(super) settle_us: Figure,
    /// For each claim besides, as it looks up whose turn it is.
    pub(super) turn_us: Figure,
    /// Waiting for the disk, once for all that wait; not processor time.
    pub(super) sync_us: Figure,
    /// What goes to its log for each message.
    pub(super) accept_bytes: Figure,
    pub(super) claim_bytes: Figure,
    pub(super) mark_bytes: Figure,
    pub(super) settle_bytes: Figure,
    /// What disk, archive and replica take in a second.
    pub(super) log_mb_a_second: Figure,
    /// Connections that each machine has to it.
    pub(super) connections: Figure,
}

/// How much of a resource is to be in use in the busiest hour, by which machines and servers are counted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Size {
    pub(super) machine: Figure,
    pub(super) database: Figure,
}

/// The file that the project has.
pub(super) const OURS: &str = include_str!("costs.toml");

/// The figures of this file, or of the project's own.
pub(super) fn read(file: Option<&Path>) -> anyhow::Result<Costs> {
    let Some(file) = file else { return parse(OURS) };
    let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    parse(&text).with_context(|| file.display().to_string())
}

pub(super) fn parse(text: &str) -> anyhow::Result<Costs> {
    let costs: Costs = toml::from_str(text)?;
    for (section, entries) in toml::from_str::<toml::Table>(text)? {
        for (name, entry) in entries.as_table().into_iter().flatten().filter(|(_, entry)| entry.is_table()) {
            check(&entry.clone().try_into()?).with_context(|| format!("{section}.{name}"))?;
        }
    }
    ensure!(costs.day.hours.len() == 24, "day.hours has {} hours", costs.day.hours.len());
    ensure!(!costs.day.assumed.is_empty(), "day.assumed does not say why the hours are so");
    let sum: f64 = costs.day.hours.iter().sum();
    ensure!((sum - 1.0).abs() < 1e-6, "the parts of day.hours make {sum}, and not 1");
    Ok(costs)
}

fn check(figure: &Figure) -> anyhow::Result<()> {
    ensure!(figure.value.is_finite(), "is no number");
    match (figure.measured.as_deref(), figure.assumed.as_deref()) {
        (Some(why), None) | (None, Some(why)) if !why.is_empty() => Ok(()),
        _ => anyhow::bail!("says neither where it was measured nor why it is assumed, or both"),
    }
}

impl Figure {
    /// A figure in millionths, or thousandths, of a second, in seconds.
    pub(super) fn micros(&self) -> f64 {
        self.value / 1e6
    }

    pub(super) fn millis(&self) -> f64 {
        self.value / 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_says_where_it_comes_from() {
        parse(OURS).expect("the project's own");
        let figure = OURS.lines().find(|line| line.starts_with("deferred = ")).expect("a figure");
        for (instead, expected) in [
            ("deferred = { value = 0.1, assumed = \"a guess\" }", true),
            ("deferred = { value = 0.1, measured = \"here\" }", true),
            ("deferred = { value = 0.1 }", false),
            ("deferred = { value = 0.1, assumed = \"\" }", false),
            ("deferred = { value = 0.1, assumed = \"a\", measured = \"b\" }", false),
            ("deferred = { value = nan, assumed = \"a\" }", false),
            ("deferred = 0.1", false),
            ("put_off = { value = 0.1, assumed = \"a\" }", false),
        ] {
            assert_eq!(parse(&OURS.replace(figure, instead)).is_ok(), expected, "{instead}");
        }
    }
}

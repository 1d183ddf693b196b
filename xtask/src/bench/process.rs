//! A process that is watched until it ends: its processor time and its memory.

use std::{fs, process::Child, time::Duration};

use anyhow::{Context as _, ensure};
use tokio::time::Instant;

/// The process is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Memory is read at every so many looks: the kernel walks all pages for it.
const LOOKS_PER_SAMPLE: u32 = 5;
/// Ticks of `/proc/PID/stat` in a second, on every Linux that people use (`getconf CLK_TCK`).
const TICKS: u64 = 100;

/// What a process used from its start to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    pub(super) wall: Duration,
    /// User and system time, with that of children it waited for.
    pub(super) cpu: Duration,
    /// The most memory (PSS, bytes) of all samples.
    pub(super) memory: u64,
}

/// Watches `child` until it ends; an error if it failed.
pub(super) async fn watch(mut child: Child, started_at: Instant) -> anyhow::Result<Used> {
    let id = child.id();
    let mut memory = 0;
    for look in 0_u32.. {
        // A process that has ended keeps its figures until somebody waits for it.
        let stat = Stat::of(id)?;
        if stat.ended {
            let wall = started_at.elapsed();
            let status = child.wait()?;
            ensure!(status.success(), "it ended with {status}");
            return Ok(Used { wall, cpu: stat.cpu, memory });
        }
        if look.is_multiple_of(LOOKS_PER_SAMPLE) {
            memory = memory.max(pss(id).unwrap_or(0));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(anyhow::anyhow!("it did not end"))
}

/// Proportional set size of a process, in bytes; `None` while it has no memory (yet or any more).
pub(super) fn pss(id: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

struct Stat {
    ended: bool,
    cpu: Duration,
}

impl Stat {
    fn of(id: u32) -> anyhow::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{id}/stat"))?;
        Self::parse(&text).with_context(|| format!("/proc/{id}/stat reads {text:?}"))
    }

    /// proc_pid_stat(5): the state is field 3, the times are fields 14 to 17.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split(' ').collect();
        let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().ok()).sum::<Option<u64>>()?;
        Some(Self { ended: fields.first() == Some(&"Z"), cpu: Duration::from_millis(ticks * 1_000 / TICKS) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_found_behind_any_name() {
        let line = "7 (a) b) Z 1 1 1 0 -1 4 5 0 0 0 120 30 7 3 20 0 1 0 9";
        let stat = Stat::parse(line).unwrap();
        assert!(stat.ended);
        assert_eq!(stat.cpu, Duration::from_millis(1_600));
        assert!(Stat::parse("nonsense").is_none());
    }
}

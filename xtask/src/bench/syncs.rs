//! How often the disk is made to keep something: by system calls, and by what the disks are asked for.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, ensure};

/// System calls that wait for the disk.
const CALLS: &str = "fsync,fdatasync,sync,syncfs,sync_file_range,msync";

/// Runs `command` under strace and counts these calls.
pub(super) fn count(command: &Command, file: &Path) -> anyhow::Result<u64> {
    let status = Command::new("strace")
        .args(["-f", "-qq", "-c", "-U", "name,calls", "-e"])
        .arg(format!("trace={CALLS}"))
        .arg("-o")
        .arg(file)
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .status()
        .context("strace does not start; it is a package of most systems")?;
    ensure!(status.success(), "under strace it ended with {status}");
    Ok(total(&fs::read_to_string(file)?))
}

/// The table of `strace -c -U name,calls`: a name and a number on each line, other lines are headings and totals.
fn total(table: &str) -> u64 {
    let calls = table.lines().filter_map(|line| {
        let (name, count) = line.trim().split_once(char::is_whitespace)?;
        CALLS.split(',').any(|call| call == name).then(|| count.trim().parse::<u64>().ok())?
    });
    calls.sum()
}

/// Flush requests to all disks of the machine since it started (field 19 of each line; diskstats in the kernel's documents).
pub(super) fn flushes() -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/diskstats")?;
    let of_disks = text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let name = fields.get(2).filter(|name| !name.starts_with("loop") && !name.starts_with("ram"))?;
        Path::new("/sys/block").join(name).exists().then(|| fields.get(18)?.parse::<u64>().ok())?
    });
    Ok(of_disks.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_of_calls_count() {
        let table = "syscall              calls\n---------------- ---------\nfdatasync             1200\nfsync                   34\n\
                     ---------------- ---------\ntotal                 1234\n";
        assert_eq!(total(table), 1_234);
    }
}

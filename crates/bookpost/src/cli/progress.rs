//! The bar that a run, a backup or a move of the queue shows on a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use store::Moving;

use super::control::Progress;

/// A bar on standard error; nothing where that is no terminal.
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(super) fn new(wanted: bool) -> Self {
        use std::io::IsTerminal as _;
        if !wanted || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len}  {msg}");
        let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(Some(bar))
    }

    /// For a copy of so many octets.
    pub(super) fn of_copy(wanted: bool) -> Self {
        let bar = Self::new(wanted);
        if let Some(bar) = &bar.0
            && let Ok(style) = ProgressStyle::with_template("[{bar:30}] {bytes} of about {total_bytes}")
        {
            bar.set_style(style);
        }
        bar
    }

    /// So much of about so much is done.
    pub(super) fn at(&self, done: u64, of: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(of.max(done));
            bar.set_position(done);
        }
    }

    /// So far is a queue that is moved.
    pub(super) fn moving(&self, moving: Moving) {
        self.at(moving.done, moving.of);
        if let Some(bar) = &self.0 {
            bar.set_message(moving.table);
        }
    }

    pub(super) fn show(&self, progress: Progress) {
        let Some(bar) = &self.0 else { return };
        let (done, of, message) = figures(&progress);
        bar.set_length(of);
        bar.set_position(done);
        bar.set_message(message);
    }
}

/// How many of how many mails are finished, and what stands beside the bar. A notice that is not stored yet counts as one mail.
fn figures(progress: &Progress) -> (u64, u64, String) {
    let Progress { total, prepared, lately, addresses, .. } = *progress;
    let Progress { delivered, practiced, waiting, returned, in_doubt, aside, cancelled, .. } = *progress;
    let done = delivered + practiced + returned + in_doubt + aside + cancelled;
    let of = addresses + total.saturating_sub(prepared);
    let mut message = format!("{prepared} prepared, {delivered} accepted by the server, {waiting} waiting");
    for (count, what) in [
        (returned, "sent back to the library"),
        (practiced, "practice: nobody received it"),
        (in_doubt, "may have arrived"),
        (aside, "set aside"),
        (cancelled, "not sent, as decided"),
        (lately, "written to lately"),
    ] {
        if count > 0 {
            message = format!("{message}, {count} {what}");
        }
    }
    (done, of, message)
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_ends_at_its_end() {
        let two_each = Progress { total: 300, prepared: 300, addresses: 600, ..Progress::default() };
        for (progress, done, of) in [
            (Progress { total: 300, prepared: 100, addresses: 200, ..Progress::default() }, 0, 400),
            (two_each, 0, 600),
            (Progress { delivered: 596, returned: 2, aside: 1, cancelled: 1, ..two_each }, 600, 600),
            (Progress { delivered: 599, in_doubt: 1, ..two_each }, 600, 600),
            (Progress { lately: 300, ..Progress::default() }, 0, 0),
        ] {
            let (is_done, is_of, _) = figures(&progress);
            assert_eq!((is_done, is_of), (done, of), "{progress:?}");
        }
    }

    #[test]
    fn practice_is_not_delivery() {
        let (_, _, message) = figures(&Progress { practiced: 5, ..Progress::default() });
        assert!(message.contains("0 accepted by the server"), "{message}");
        assert!(message.contains("5 practice: nobody received it"), "{message}");
    }
}

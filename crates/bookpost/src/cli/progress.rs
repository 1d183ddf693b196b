//! The bar that a run shows on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

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

    pub(super) fn show(&self, progress: Progress) {
        let Some(bar) = &self.0 else { return };
        let Progress { total, prepared, delivered, practiced, waiting, returned, aside } = progress;
        bar.set_length(total.max(prepared));
        bar.set_position(delivered + practiced + returned + aside);
        bar.set_message(format!(
            "{prepared} prepared, {} delivered, {waiting} waiting, {returned} returned",
            delivered + practiced
        ));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

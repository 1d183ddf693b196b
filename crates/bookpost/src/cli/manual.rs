//! Manual pages and shell completions, made from the command line's own definition.

use std::{io, path::Path};

use clap::{Command, CommandFactory as _, ValueEnum as _};
use clap_complete::Shell;

use super::args::Arguments;

/// Writes a page per command (`bookpost-queue-list.1`) and a completion file per shell into `folder`.
pub(super) fn write(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Arguments::command(), folder)?;
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut Arguments::command(), "bookpost", folder)?;
    }
    Ok(())
}

/// The completions of one shell.
pub(super) fn completions(shell: Shell) -> Vec<u8> {
    let mut out = Vec::new();
    let mut command: Command = Arguments::command();
    clap_complete::generate(shell, &mut command, "bookpost", &mut out);
    out
}

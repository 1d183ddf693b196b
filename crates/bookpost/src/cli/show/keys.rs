//! The key that seals secrets, in words.

use std::fmt::Write as _;

use mail::counted;

use crate::{
    cli::control::{Rotated, ShownKeys},
    secrets::Lost,
};

/// Where it is.
pub(super) fn show(keys: &ShownKeys) -> String {
    let mut out = match &keys.file {
        None => "the key that seals secrets is given by the settings ([secrets])\n".to_owned(),
        Some(file) if keys.is_there => format!(
            "the key that seals secrets is {}\nCopy this somewhere safe, apart from the backups: without it what is sealed must be entered anew.\n",
            file.display()
        ),
        Some(file) if keys.sealed == 0 => {
            format!("there is no key yet; Bookpost makes it when it first needs it: {}\n", file.display())
        }
        Some(file) => format!("the key that seals secrets is missing; it belongs here: {}\n", file.display()),
    };
    let _ = writeln!(out, "{}", counted(keys.sealed, "secret is sealed", "secrets are sealed"));
    out + &lost(&keys.lost)
}

/// There is a new one.
pub(super) fn rotated(rotated: &Rotated) -> String {
    let secrets = counted(rotated.resealed, "secret is", "secrets are");
    format!(
        "{secrets} sealed with the new key. Copy this somewhere safe: bookpost keys show says where it is. Keep a copy of the old one as long as the backups made before.\n{}",
        lost(&rotated.lost)
    )
}

fn lost(all: &[Lost]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let lines: Vec<_> = all.iter().map(|one| format!("  {}: {}\n", one.what(), one.help())).collect();
    format!(
        "\nThese cannot be opened, and must be entered anew unless the right key is put back:\n{}",
        lines.concat()
    )
}

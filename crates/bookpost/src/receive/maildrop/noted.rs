//! What stays in the maildrop, for one line of the log.

use std::{ffi::OsStr, fs, os::unix::fs::MetadataExt as _, path::Path};

/// So many are named in a line.
const NAMED: usize = 10;

/// What was seen in one look.
#[derive(Debug, Default)]
pub(super) struct Noted {
    count: usize,
    named: Vec<String>,
}

impl Noted {
    /// One more file, and why it stays.
    pub(super) fn note(&mut self, folder: &Path, name: &OsStr, why: &str) {
        self.count += 1;
        if self.named.len() < NAMED {
            let uid = fs::symlink_metadata(folder.join(name))
                .map_or_else(|_| "unknown".to_owned(), |facts| facts.uid().to_string());
            // Whoever left it has made its name: it is quoted.
            self.named.push(format!("{:?} of uid {uid}: {why}", name.to_string_lossy()));
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// All in one line, however many they are; None where there is nothing.
    pub(super) fn line(&self) -> Option<String> {
        let more = self.count.saturating_sub(self.named.len());
        let named = self.named.join("; ");
        match (self.count, more) {
            (0, _) => None,
            (_, 0) => Some(named),
            _ => Some(format!("{named}; and {more} more")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_files_and_their_owners_and_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.mail"), "").unwrap();
        let uid = rustix::process::getuid().as_raw();
        let mut noted = Noted::default();
        assert_eq!(noted.line(), None);
        noted.note(folder.path(), OsStr::new("a.mail"), "it is odd");
        assert_eq!(noted.line().unwrap(), format!("\"a.mail\" of uid {uid}: it is odd"));
        for _ in 0..30_000 {
            noted.note(folder.path(), OsStr::new("gone\n.mail"), "it is odd");
        }
        let line = noted.line().unwrap();
        assert!(line.ends_with("\"gone\\n.mail\" of uid unknown: it is odd; and 29991 more"), "{line}");
        assert_eq!((line.lines().count(), line.len() < 1000), (1, true), "{line}");
    }
}

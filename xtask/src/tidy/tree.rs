//! The files of the project as a value.

use std::{path::Path, process::Command};

use anyhow::{Context as _, ensure};

/// One file that belongs to the project, with its text (empty for what is not UTF-8).
#[derive(Debug, Clone)]
pub(super) struct File {
    /// From the root, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

/// All files that git knows or would take.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) files: Vec<File>,
    /// Folders whose names may not stand in any file: where this copy lies, and the home of who runs this.
    pub(super) private: Vec<String>,
}

impl Tree {
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let listing = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("git, which lists the project's files, does not start")?;
        ensure!(
            listing.status.success(),
            "git ls-files: {}",
            String::from_utf8_lossy(&listing.stderr).trim()
        );
        let names = String::from_utf8(listing.stdout).context("a file name is not UTF-8")?;
        let files = names
            .split('\0')
            .filter(|name| !name.is_empty())
            .filter_map(|name| Some(File { path: name.to_owned(), text: text_of(&root.join(name))? }))
            .collect();
        Ok(Self { files, private: private_folders(root) })
    }

    /// The Rust files.
    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.with_ending(".rs")
    }

    /// The files whose names end so.
    pub(super) fn with_ending<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| file.path.ends_with(ending))
    }

    /// The text of one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// Is there such a file, or a folder with something in it?
    pub(super) fn has(&self, path: &str) -> bool {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        path.is_empty()
            || self.files.iter().any(|file| {
                file.path == path || file.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
            })
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |&(path, text): &(&str, &str)| File { path: path.to_owned(), text: text.to_owned() };
        Self { files: files.iter().map(file).collect(), private: Vec::new() }
    }
}

/// `None` for a file that is deleted but not yet committed as deleted.
fn text_of(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    Some(String::from_utf8(bytes).unwrap_or_default())
}

/// Folders that many machines have say nothing about one machine.
const ANYWHERE: &[&str] = &["/", "/tmp", "/var/tmp", "/opt", "/srv", "/usr/src", "/home", "/mnt", "/src"];

#[expect(clippy::disallowed_methods, reason = "the home folder is known from the environment alone")]
fn private_folders(root: &Path) -> Vec<String> {
    let home = std::env::var("HOME").ok();
    let around = root.parent().map(|parent| parent.to_string_lossy().into_owned());
    let here = Some(root.to_string_lossy().into_owned());
    [home, around, here]
        .into_iter()
        .flatten()
        .filter(|folder| folder.starts_with('/') && !ANYWHERE.contains(&folder.as_str()))
        .map(|folder| format!("{}/", folder.trim_end_matches('/')))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_there_when_a_file_is_in_it() {
        let tree = Tree::of(&[("crates/mail/src/lib.rs", ""), ("test", "")]);
        for (path, expected) in [
            ("crates/mail", true),
            ("crates/mail/src/", true),
            ("crates/mail/src/lib.rs", true),
            ("./test", true),
            ("crates/ma", false),
            ("docs/", false),
        ] {
            assert_eq!(tree.has(path), expected, "{path}");
        }
    }
}

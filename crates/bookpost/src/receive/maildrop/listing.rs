//! What lies in the maildrop, whatever and however much it is: a look through it holds no more in memory than was asked for.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs::{self, DirEntry},
    io,
    path::Path,
};

use jiff::{SignedDuration, Timestamp};

use super::{drop_file, noted::Noted};
use crate::app::drop_folder::changed_at;

/// Whoever writes a file has finished, or failed, long before.
const ABANDONED: SignedDuration = SignedDuration::from_hours(1);

/// What is asked of a look.
pub(super) struct Question<'a> {
    /// It goes on behind this name.
    pub(super) behind: Option<&'a OsStr>,
    /// So many names at most.
    pub(super) most: usize,
    pub(super) wall_clock: Timestamp,
}

/// What a look found.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// Finished files whose turn it is.
    pub(super) next: Vec<OsString>,
    /// Those of the names that are known which are there.
    pub(super) known: BTreeSet<OsString>,
    /// What is called like a message and is no file. It takes nobody's turn.
    pub(super) others: Noted,
}

/// What is known of a name: whether it rests; None: nothing.
type Rests<'a> = &'a dyn Fn(&OsStr) -> Option<bool>;

/// Looks through `folder`. Files take turns by their names, so that each has its own, however many lie before it. Unfinished ones
/// that nobody writes any more are deleted; what is not ours to delete stays.
pub(super) fn look(folder: &Path, question: &Question<'_>, rests: Rests<'_>) -> io::Result<Listing> {
    let mut listing = Listing::default();
    let mut next = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if drop_file::is_unfinished_name(&text) {
            // Another look tries again.
            let _ = delete_abandoned(&entry, question.wall_clock);
        }
        if !drop_file::is_finished(&text) {
            continue;
        }
        let kind = entry.file_type()?;
        if !kind.is_file() {
            listing.others.note(folder, &name, "it is no plain file");
            continue;
        }
        let known = rests(&name);
        if known.is_some() {
            listing.known.insert(name.clone());
        }
        if known != Some(true) {
            let had_its_turn = question.behind.is_some_and(|behind| name <= behind);
            next.insert((had_its_turn, name));
            if next.len() > question.most {
                next.pop_last();
            }
        }
    }
    listing.next = next.into_iter().map(|(_, name)| name).collect();
    Ok(listing)
}

fn delete_abandoned(entry: &DirEntry, wall_clock: Timestamp) -> io::Result<()> {
    let facts = entry.metadata()?;
    let abandoned = wall_clock.saturating_sub(ABANDONED).unwrap_or(Timestamp::MIN);
    if facts.is_file() && changed_at(&facts)? < abandoned {
        fs::remove_file(entry.path())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::unix::fs::symlink, time::Duration};

    use super::*;

    fn question(behind: Option<&OsStr>, most: usize) -> Question<'_> {
        Question { behind, most, wall_clock: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn every_file_has_its_turn_whatever_lies_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..10 {
            fs::write(folder.path().join(format!("{number}.mail")), "").unwrap();
            symlink("nowhere", folder.path().join(format!("junk-{number}.mail"))).unwrap();
        }
        let rests = |name: &OsStr| match name.to_str() {
            Some("2.mail") => Some(true),
            Some("3.mail" | "gone.mail") => Some(false),
            _ => None,
        };
        let mut behind: Option<OsString> = None;
        let mut turns = Vec::new();
        for _ in 0..4 {
            let listing = look(folder.path(), &question(behind.as_deref(), 4), &rests).unwrap();
            let named = listing.next.iter().map(|name| name.to_string_lossy().replace(".mail", ""));
            turns.push(named.collect::<String>());
            assert_eq!(listing.known, ["2.mail", "3.mail"].map(OsString::from).into());
            assert_eq!(listing.others.count(), 10);
            behind = listing.next.last().cloned();
        }
        assert_eq!(turns, ["0134", "5678", "9013", "4567"]);
    }

    #[test]
    fn only_our_own_unfinished_files_are_deleted_when_nobody_writes_them_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let ours = |number| drop_file::unfinished_name(number);
        let names = [ours(1), ours(2), "notes.tmp".to_owned(), "notes".to_owned(), "a.mail".to_owned()];
        for name in &names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let new = fs::metadata(folder.path().join(ours(2))).unwrap();
        for name in names.iter().filter(|name| **name != ours(2)) {
            let file = File::options().write(true).open(folder.path().join(name)).unwrap();
            file.set_modified(new.modified().unwrap() - Duration::from_hours(2)).unwrap();
        }
        let question = Question { wall_clock: changed_at(&new).unwrap(), ..question(None, 10) };
        look(folder.path(), &question, &|_| None).unwrap();
        let left = |name: &String| folder.path().join(name).exists();
        assert_eq!(names.iter().map(left).collect::<Vec<_>>(), [false, true, true, true, true]);
    }
}

//! The export of a schedule: a file, the newest file of a folder, or what a command writes.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Component, Path, PathBuf},
    thread,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use mail::clock::Clock;
use rustix::fs::OFlags;
use store::{CameTo, ExportSource, SchedulePlan};
use tokio::sync::oneshot;

use super::{NotScheduled, later};
use crate::{
    app::drop_folder::{changed_at, is_export},
    config::Config,
    notices::{
        ImportError,
        import::{DateOrder, MAX_BYTES},
    },
};

/// A file that was written to later than so long ago may not be whole.
const STANDS_STILL: SignedDuration = SignedDuration::from_mins(1);

/// An export, as it was taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Export {
    pub(super) bytes: Vec<u8>,
    /// What people know it by.
    pub(super) name: String,
    /// When it was last written to, where it is a file.
    pub(super) written: Option<Timestamp>,
    /// What whoever looks after the computer should know though it is sent.
    pub(super) remark: Option<String>,
}

/// How a file stood when it was looked at. One that stands so a while later is not being written, whatever its stamp says: the computer that
/// stamps it may be ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    path: PathBuf,
    bytes: u64,
    written: Timestamp,
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoExport {
    /// Somebody writes it at this moment.
    Changing(Standing),
    /// Nothing that waiting would help against, with what the system says.
    For(CameTo, Option<String>),
}

impl NoExport {
    fn of(error: &io::Error, path: &Path) -> Self {
        let came_to = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => CameTo::Missing,
            _ => CameTo::Unreadable,
        };
        Self::For(came_to, Some(format!("{}: {error}", path.display())))
    }

    fn unreadable(path: &Path, why: &str) -> Self {
        Self::For(CameTo::Unreadable, Some(format!("{}: {why}", path.display())))
    }
}

/// What lies there as an export: the file at `path`, or the newest of that folder. `wall_clock`: the time by which files are stamped.
pub(super) fn take(
    path: &Path,
    is_folder: bool,
    places: &Places,
    wall_clock: Timestamp,
    before: Option<&Standing>,
) -> Result<Export, NoExport> {
    if is_folder {
        // What lies elsewhere is not even listed.
        if places.hold(&real(path)) {
            return Err(NoExport::unreadable(path, NOT_HERE));
        }
        file(&newest(path)?, places, wall_clock, before)
    } else {
        file(path, places, wall_clock, before)
    }
}

fn file(
    path: &Path,
    places: &Places,
    wall_clock: Timestamp,
    before: Option<&Standing>,
) -> Result<Export, NoExport> {
    let failed = |error: &io::Error| NoExport::of(error, path);
    // Whoever may write into the folder could have it lead to a file that they may not read.
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_symlink() => {
            return Err(NoExport::unreadable(path, "it is a link, and links are not followed"));
        }
        Ok(facts) if !facts.is_file() => return Err(NoExport::unreadable(path, "it is no file")),
        Ok(_) => {}
        Err(error) => return Err(failed(&error)),
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened =
        OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| failed(&error))?;
    if !places.are_for(&opened, path).map_err(|error| failed(&error))? {
        return Err(NoExport::unreadable(path, NOT_HERE));
    }
    let stand = |file: &File| {
        let facts = file.metadata()?;
        Ok::<_, io::Error>(Standing {
            path: path.to_owned(),
            bytes: facts.len(),
            written: changed_at(&facts)?,
        })
    };
    let standing = stand(&opened).map_err(|error| failed(&error))?;
    let is_recent = wall_clock.duration_since(standing.written) < STANDS_STILL;
    if is_recent && before != Some(&standing) {
        return Err(NoExport::Changing(standing));
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    (&opened).take(most).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    let after = stand(&opened).map_err(|error| failed(&error))?;
    if after != standing {
        return Err(NoExport::Changing(after));
    }
    if bytes.len() > MAX_BYTES {
        return Err(NoExport::For(CameTo::NotUsable, Some(ImportError::TooLarge.to_string())));
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let remark = (standing.written > wall_clock).then(|| {
        let at = standing.written.strftime("%Y-%m-%d %H:%M UTC");
        format!(
            "{}: it is stamped {at}, which is yet to come: the clock of whoever writes it is ahead",
            path.display()
        )
    });
    Ok(Export { bytes, name, written: Some(standing.written), remark })
}

/// The newest file of `folder`; of two of one instant the later in the alphabet.
fn newest(folder: &Path) -> Result<PathBuf, NoExport> {
    let failed = |error: &io::Error| NoExport::of(error, folder);
    let mut newest: Option<(Timestamp, PathBuf)> = None;
    for entry in fs::read_dir(folder).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        let facts = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            facts => facts.map_err(|error| failed(&error))?,
        };
        if facts.is_file() && is_export(&entry.file_name()) {
            let found = (changed_at(&facts).map_err(|error| failed(&error))?, entry.path());
            newest = newest.max(Some(found));
        }
    }
    let none = || NoExport::For(CameTo::Missing, Some(format!("{}: no export lies there", folder.display())));
    newest.map(|(_, path)| path).ok_or_else(none)
}

const NOT_HERE: &str = "it is in a folder of Bookpost's own or of the system; exports lie elsewhere";
/// Where no exports lie: what is there is not for everybody who administers the pages.
const SYSTEM: [&str; 7] = ["/boot", "/dev", "/etc", "/proc", "/root", "/run", "/sys"];

/// Whether what a plan says of its export can be.
pub(super) fn check(plan: &SchedulePlan, config: &Config) -> Result<(), NotScheduled> {
    if plan.name.trim().is_empty() {
        return Err(NotScheduled::Nameless);
    }
    let named = plan.sites.iter().chain(Some(&plan.reading.site).filter(|code| !code.is_empty()));
    for code in named {
        if config.sites.iter().all(|site| site.code != *code) {
            return Err(NotScheduled::Site(code.clone()));
        }
    }
    let reading = &plan.reading;
    if !reading.dates.is_empty() && reading.dates.parse::<DateOrder>().is_err() {
        return Err(NotScheduled::Reading(reading.dates.clone()));
    }
    if !reading.encoding.is_empty() && encoding_rs::Encoding::for_label(reading.encoding.as_bytes()).is_none()
    {
        return Err(NotScheduled::Reading(reading.encoding.clone()));
    }
    match &plan.source {
        ExportSource::File(path) | ExportSource::Folder(path) => is_whole(path),
        ExportSource::Command(words) => {
            let is_whole = words.first().is_some_and(|program| Path::new(program).is_absolute());
            if is_whole { Ok(()) } else { Err(NotScheduled::NotWhole) }
        }
        ExportSource::Shell(line) if line.trim().is_empty() => Err(NotScheduled::NotWhole),
        ExportSource::Shell(_) => Ok(()),
    }
}

fn is_whole(path: &Path) -> Result<(), NotScheduled> {
    let goes_up = path.components().any(|part| part == Component::ParentDir);
    if path.is_absolute() && !goes_up { Ok(()) } else { Err(NotScheduled::NotWhole) }
}

/// Where no exports lie. It is looked at when a plan is saved and whenever its export is taken, as a link may be laid in between.
#[derive(Debug, Clone)]
pub(super) struct Places {
    data: PathBuf,
    drop_folder: PathBuf,
}

impl Places {
    pub(super) fn of(config: &Config) -> Self {
        Self { data: config.data_dir.clone(), drop_folder: config.notices.drop_folder.clone() }
    }

    /// Whether exports may lie at this place.
    pub(super) fn check(&self, path: &Path) -> Result<(), NotScheduled> {
        let found = real(path);
        if self.are_own(&found) {
            return Err(NotScheduled::NotThere(path.to_owned()));
        }
        if found.starts_with(real(&self.drop_folder)) { Err(NotScheduled::DropFolder) } else { Ok(()) }
    }

    fn hold(&self, found: &Path) -> bool {
        self.are_own(found) || found.starts_with(real(&self.drop_folder))
    }

    fn are_own(&self, found: &Path) -> bool {
        let own = std::iter::once(real(&self.data)).chain(SYSTEM.map(PathBuf::from));
        own.into_iter().any(|folder| found.starts_with(folder))
    }

    /// Whether what was opened is what lies at the end of this way, and lies where exports may.
    fn are_for(&self, opened: &File, path: &Path) -> io::Result<bool> {
        let found = fs::canonicalize(path)?;
        let (is, lies) = (opened.metadata()?, fs::symlink_metadata(&found)?);
        Ok((is.dev(), is.ino()) == (lies.dev(), lies.ino()) && !self.hold(&found))
    }
}

/// As far as it is there.
fn real(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|part| Some((fs::canonicalize(part).ok()?, part)));
    there.map_or_else(
        || path.to_owned(),
        |(found, part)| path.strip_prefix(part).map_or_else(|_| found.clone(), |rest| found.join(rest)),
    )
}

/// What `work` finds, in a thread of its own. `None`: it has not ended within `limit`, as where a folder of another computer hangs; then that
/// thread is left to itself, and nobody waits for it, not at the end of the program either.
pub(super) async fn within<T: Send + 'static>(
    clock: &dyn Clock,
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (sender, found) = oneshot::channel();
    let run = move || drop(sender.send(work()));
    thread::Builder::new().name("export".to_owned()).spawn(run)?;
    let until = later(clock.now(), limit);
    tokio::select! {
        found = found => found.map(Some).map_err(io::Error::other),
        () = clock.sleep_until(until) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::symlink, sync::mpsc, time::SystemTime};

    use testkit::clock::ManualClock;

    use super::*;
    use crate::config::Way;

    struct Place {
        folder: tempfile::TempDir,
        places: Places,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| {
                fs::create_dir(folder.path().join(name)).unwrap();
                folder.path().join(name)
            };
            let mut config = Config::usual(&at("data"), Way::None);
            config.notices.drop_folder = at("drop");
            at("exports");
            let places = Places::of(&config);
            Self { folder, places }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        /// A file that is stamped so.
        fn put(&self, name: &str, text: &str, written: Timestamp) -> PathBuf {
            let path = self.path(name);
            fs::write(&path, text).unwrap();
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(written.as_second().cast_unsigned());
            File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
            path
        }
    }

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// A file server's clock may be ahead of ours for years.
    #[test]
    fn a_file_that_is_stamped_ahead_is_taken_once_it_stands_still() {
        let place = Place::new();
        let path = place.put("exports/a.csv", "one", second(7_200));
        let take = |now, before: Option<&Standing>| take(&path, false, &place.places, now, before);
        let changing = |taken| match taken {
            Err(NoExport::Changing(standing)) => standing,
            other => panic!("{other:?}"),
        };
        let first = changing(take(second(0), None));
        place.put("exports/a.csv", "one and two", second(7_200));
        let second_look = changing(take(second(60), Some(&first)));
        let taken = take(second(120), Some(&second_look)).unwrap();
        assert_eq!((&*taken.bytes, taken.written), (&b"one and two"[..], Some(second(7_200))));
        assert!(taken.remark.unwrap().contains("the clock of whoever writes it is ahead"));
        // One that is of this minute is looked at twice too, and nothing is remarked of one that is not ahead.
        place.put("exports/a.csv", "one", second(200));
        let first = changing(take(second(210), None));
        assert_eq!(take(second(215), Some(&first)).unwrap().remark, None);
    }

    /// What was looked at when the schedule was saved may lead elsewhere by now.
    #[test]
    fn no_way_leads_to_where_no_exports_lie() {
        let place = Place::new();
        let secret = place.put("data/a.csv", "secret", second(0));
        place.put("drop/a.csv", "dropped", second(0));
        place.put("exports/a.csv", "export", second(0));
        symlink(place.path("data"), place.path("way")).unwrap();
        symlink(place.path("drop"), place.path("way-to-drop")).unwrap();
        symlink(place.path("exports"), place.path("way-to-exports")).unwrap();
        let taken = |path: &Path, is_folder| take(path, is_folder, &place.places, second(3_600), None);
        for path in
            [&secret, &place.path("way/a.csv"), &place.path("drop/a.csv"), &place.path("way-to-drop/a.csv")]
        {
            for (path, is_folder) in [(path.as_path(), false), (path.parent().unwrap(), true)] {
                let refused = taken(path, is_folder);
                let Err(NoExport::For(CameTo::Unreadable, Some(why))) = refused else {
                    panic!("{refused:?}")
                };
                assert!(why.contains(NOT_HERE), "{why}");
            }
            assert!(place.places.check(path).is_err() && place.places.check(path.parent().unwrap()).is_err());
        }
        assert!(matches!(place.places.check(&place.path("drop/a.csv")), Err(NotScheduled::DropFolder)));
        // A link to where exports may lie is somebody's own arrangement.
        assert_eq!(taken(&place.path("way-to-exports/a.csv"), false).unwrap().bytes, b"export");
        assert_eq!(taken(&place.path("way-to-exports"), true).unwrap().bytes, b"export");
    }

    #[tokio::test]
    async fn who_waits_for_a_place_that_hangs_waits_no_longer_than_said() {
        let clock = ManualClock::at(second(0));
        let (end, ended) = mpsc::channel::<()>();
        let hangs = within(&clock, Duration::from_mins(1), move || ended.recv().is_ok());
        let passes = async {
            clock.wait_for_sleepers(1).await;
            clock.advance(Duration::from_mins(1));
        };
        let (found, ()) = tokio::join!(hangs, passes);
        assert_eq!(found.unwrap(), None);
        drop(end);
        assert_eq!(within(&clock, Duration::from_mins(1), || 7).await.unwrap(), Some(7));
    }
}

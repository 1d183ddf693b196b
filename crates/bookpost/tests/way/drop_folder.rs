//! Exports in the drop folder: taken when they are whole, once; what is wrong reaches a person.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use bookpost::{
    app::drop_folder::DropFolder,
    cli::control::{Failure, Reply, Request},
    config::{Config, Way},
};
use mail::clock::Clock as _;
use store::{Actor, AlarmKind, AuditFilter, Deed, Door, Filter};

use crate::bench::Bench;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

const HEADER: &str = "Name,Barcode,Email,Title,Due date,Branch\n";

/// An export of one patron for each name.
fn export(patrons: &[&str]) -> String {
    let rows = patrons.iter().enumerate().map(|(at, name)| {
        format!("{name},{at},{}@example.org,Moby Dick,2026-11-02,RIV\n", name.to_lowercase())
    });
    HEADER.to_owned() + &rows.collect::<String>()
}

struct Drop {
    bench: Bench,
    watched: DropFolder,
    folder: PathBuf,
}

impl Drop {
    async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let bench = Bench::start_with(Vec::new(), |config| {
            config.sending.way = Way::Practice;
            change(config);
        })
        .await;
        let folder = bench.app.settings.now().notices.drop_folder.clone();
        // Upkeep has looked for old files, and does not do so again before an hour is over.
        bench.quiet().await;
        let mut drop = Self { bench, watched: DropFolder::new(&folder), folder };
        drop.look().await;
        drop
    }

    async fn look(&mut self) {
        self.watched.look(&self.bench.app).await;
    }

    /// Looks as often as it is looked in that time.
    async fn pass(&mut self, length: Duration) {
        for _ in 0..length.as_secs() / 5 {
            self.bench.clock.advance(Duration::from_secs(5));
            self.look().await;
        }
    }

    /// Writes a file that was last changed so long ago, by the present time of the test.
    fn put(&self, name: &str, text: &str, age: Duration) {
        self.put_at(&self.folder.join(name), text, age);
    }

    fn put_at(&self, path: &Path, text: &str, age: Duration) {
        fs::write(path, text).unwrap();
        let at = self.bench.clock_time() - age;
        File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    }

    async fn runs(&self) -> usize {
        self.bench.app.store.runs(100).await.unwrap().len()
    }

    async fn told(&self) -> Vec<(String, String)> {
        let alarms = self.bench.open_alarms().await;
        let ours = alarms.into_iter().filter(|(kind, ..)| *kind == AlarmKind::DropFolder);
        ours.map(|(_, subject, text)| (subject, text)).collect()
    }

    fn names(&self, sub: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join(sub)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn text(&self, sub: &str, end: &str) -> String {
        let name = self.names(sub).into_iter().find(|name| name.ends_with(end)).unwrap();
        fs::read_to_string(self.folder.join(sub).join(name)).unwrap()
    }
}

impl Bench {
    fn clock_time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(self.clock.now().as_second().cast_unsigned())
    }
}

#[tokio::test]
async fn an_export_is_run_once_and_its_report_lies_beside_it() {
    let mut drop = Drop::start(|_| {}).await;
    let patrons: Vec<String> = (0..25).map(|n| format!("Ann{n}")).collect();
    let patrons: Vec<&str> = patrons.iter().map(String::as_str).collect();
    let nobody: Vec<String> = (0..25).map(|n| format!("Cy{n},c{n},,Emma,2026-11-02,RIV\n")).collect();
    drop.put("overdues.csv", &(export(&patrons) + &nobody.concat()), MINUTE);
    drop.pass(MINUTE).await;
    assert_eq!(drop.runs().await, 1);
    let rows = drop.bench.app.store.list(Filter::default(), None, 50).await.unwrap();
    assert!(rows.len() == 25 && rows.iter().all(|row| row.door == Some(Door::Folder)), "{rows:?}");
    assert_eq!(drop.names("done").len(), 1, "nothing of the export itself: {:?}", drop.names("done"));
    let report = drop.text("done", "-overdues.csv.report.txt");
    assert!(report.starts_with("run 1: 50 lines, 50 patrons, 25 notices\n"), "{report}");
    assert!(report.contains("Cy24: "), "everyone who was left out: {report}");
    let log = drop.bench.app.store.audit(AuditFilter::default(), None, 1).await.unwrap();
    assert_eq!((&log[0].who, log[0].what, &*log[0].about), (&Actor::DropFolder, Deed::RunBegun, "run 1"));
    assert_eq!(drop.told().await, []);
}

#[tokio::test]
async fn only_a_file_that_stands_still_is_an_export() {
    let mut drop = Drop::start(|_| {}).await;
    for name in ["a.csv.part", "a.tmp", "a.filepart", ".a.csv", "A.PART", "a.reason.txt"] {
        drop.put(name, &export(&["Ann"]), MINUTE * 5);
    }
    std::os::unix::fs::symlink(drop.folder.join("a.tmp"), drop.folder.join("link.csv")).unwrap();
    drop.pass(MINUTE * 2).await;
    assert_eq!(drop.runs().await, 0, "none of these is an export");

    drop.put("b.csv", &export(&["Ann"]), Duration::ZERO);
    drop.pass(Duration::from_secs(50)).await;
    drop.put("b.csv", &export(&["Ann", "Bob"]), Duration::ZERO);
    drop.pass(Duration::from_secs(55)).await;
    assert_eq!(drop.runs().await, 0, "it is still being written");
    drop.pass(Duration::from_secs(10)).await;
    assert_eq!((drop.runs().await, drop.bench.counts().await.practiced), (1, 2));
}

/// The files are stamped by the wall clock, and the program's own time does not follow that when it is set.
#[tokio::test]
async fn the_age_of_a_file_is_told_by_the_wall_clock() {
    let mut drop = Drop::start(|_| {}).await;
    drop.bench.clock.set_wall(jiff::SignedDuration::from_hours(1));
    drop.put("a.csv", &export(&["Ann"]), Duration::ZERO);
    drop.pass(Duration::from_secs(10)).await;
    assert_eq!(drop.runs().await, 1, "by the wall clock it was written an hour ago");
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_and_a_person_hears_without_hearing_of_patrons() {
    let mut drop = Drop::start(|_| {}).await;
    let headless = "Ann Lee,ann@example.org,Moby Dick\nBob Ray,bob@example.org,Emma\n";
    drop.put("overdues.csv", headless, MINUTE);
    drop.pass(MINUTE).await;
    assert_eq!(drop.names("refused").len(), 2);
    assert!(
        !drop.text("refused", ".reason.txt").contains("Ann Lee"),
        "the reason lies there for longer than the export, of which any cell may be private"
    );
    let told = drop.told().await;
    assert_eq!((told.len(), told[0].0.as_str()), (1, "refused export: overdues.csv"));
    assert!(!told[0].1.contains("Ann Lee") && told[0].1.contains("refused"), "{told:?}");

    // The next start does not say it again, and a better export ends it.
    drop.watched = DropFolder::new(&drop.folder);
    drop.pass(MINUTE).await;
    assert_eq!(drop.bench.alarms(false).await.len(), 1);
    drop.put("overdues.csv", &export(&["Ann"]), MINUTE);
    drop.pass(MINUTE).await;
    assert_eq!((drop.runs().await, drop.told().await), (1, vec![]));
}

/// An export may hold passwords: of one that cannot be used the reason is kept, and a person is told until it is made good.
#[tokio::test]
async fn a_refused_export_lies_there_for_a_day_and_its_reason_for_longer() {
    // The notes are stamped by the real clock.
    let mut drop = Drop::start(|config| config.keep.bodies = DAY * 10_000).await;
    drop.put("overdues.csv", "Colour,Shape\nred,round\n", MINUTE);
    drop.pass(MINUTE).await;
    let told = drop.told().await;
    let is_there = |drop: &Drop| drop.names("refused").iter().any(|name| name.ends_with("-overdues.csv"));
    assert!(is_there(&drop) && told[0].1.contains("-overdues.csv.reason.txt"), "{told:?}");
    drop.bench.clock.advance(Duration::from_hours(23));
    drop.look().await;
    assert!(is_there(&drop));
    drop.bench.clock.advance(Duration::from_hours(1));
    drop.look().await;
    assert!(!is_there(&drop) && drop.names("refused").len() == 1, "{:?}", drop.names("refused"));
    drop.watched = DropFolder::new(&drop.folder);
    drop.look().await;
    assert_eq!((drop.told().await, drop.bench.alarms(false).await.len()), (told, 1));
    drop.put("overdues.csv", &export(&["Ann"]), MINUTE);
    drop.pass(MINUTE).await;
    assert_eq!((drop.runs().await, drop.told().await), (1, vec![]));
}

/// What an earlier version left there whole goes too; what is no export of Bookpost's own naming is left alone.
#[tokio::test]
async fn what_lies_in_done_is_deleted_whoever_left_it_there() {
    let mut drop = Drop::start(|_| {}).await;
    for name in ["20260102-030405-a.csv", "20260102-030405-a.csv.report.txt", "theirs.csv", "2026-01-02.csv"]
    {
        drop.put_at(&drop.folder.join("done").join(name), "x", MINUTE);
    }
    fs::create_dir_all(drop.folder.join("done/20260102-030406-b.csv/full")).unwrap();
    drop.look().await;
    let left = ["2026-01-02.csv", "20260102-030405-a.csv.report.txt", "20260102-030406-b.csv", "theirs.csv"];
    assert_eq!(drop.names("done"), left);
    let told = drop.told().await;
    assert!(told.len() == 1 && told[0].1.contains("20260102-030406-b.csv"), "{told:?}");
}

/// What was brought back since an old export was made is still in it. By the same rule as on the page a person is asked, once.
#[tokio::test]
async fn an_old_export_waits_until_somebody_says_that_it_is_the_right_one() {
    let mut drop = Drop::start(|config| config.sending.way = Way::None).await;
    let take = async |drop: &Drop, name: &str| {
        let request = Request::TakeExport { name: name.to_owned() };
        drop.bench.app.answer(request, tokio::sync::mpsc::unbounded_channel().0).await
    };
    drop.put("it's old.csv", &export(&["Ann"]), DAY + MINUTE);
    drop.put("young.csv", &export(&["Bob"]), Duration::from_hours(23));
    drop.pass(MINUTE).await;
    assert_eq!(drop.runs().await, 1, "the young one");
    let told = drop.told().await;
    assert_eq!((told.len(), &*told[0].0), (1, "old export: it's old.csv"));
    assert!(told[0].1.ends_with(r"bookpost notices take 'it'\''s old.csv'"), "{told:?}");
    // After a new start it still waits, and a person hears of it once.
    drop.watched = DropFolder::new(&drop.folder);
    drop.pass(MINUTE).await;
    assert_eq!((drop.runs().await, drop.bench.alarms(false).await.len()), (1, 1));

    for name in ["absent.csv", "../way.csv", "done", "it's old.csv.part", ".it's old.csv"] {
        let reply = take(&drop, name).await;
        assert!(matches!(reply, Reply::Failed { failure: Failure::Usage, .. }), "{name}: {reply:?}");
    }
    // What is said holds for the file as it is, not for what comes in its place.
    assert_eq!(take(&drop, "it's old.csv").await, Reply::ExportTaken("it's old.csv".to_owned()));
    drop.put("it's old.csv", &export(&["Ann", "Cy"]), DAY * 2);
    drop.pass(MINUTE).await;
    assert_eq!((drop.runs().await, drop.told().await.len()), (1, 1));
    take(&drop, "it's old.csv").await;
    drop.watched = DropFolder::new(&drop.folder);
    drop.pass(MINUTE).await;
    assert_eq!((drop.runs().await, drop.told().await), (2, vec![]));
    let log = drop.bench.app.store.audit(AuditFilter::default(), None, 9).await.unwrap();
    let said = log.iter().filter(|line| line.what == Deed::OlderExportTaken);
    assert_eq!(
        said.map(|line| (&line.who, &*line.about)).collect::<Vec<_>>(),
        [(&Actor::CommandLine, "it's old.csv"); 2]
    );
    drop.put("it's old.csv", &export(&["Dee"]), MINUTE * 5);
    drop.pass(MINUTE).await;
    assert_eq!((drop.runs().await, drop.told().await), (3, vec![]));
    let hidden = drop.names("").into_iter().filter(|name| name.contains(".right")).count();
    assert_eq!(hidden, 1, "of the file that was replaced; the other one was run");
}

#[tokio::test]
async fn a_refused_export_that_was_deleted_is_spoken_of_no_more() {
    let mut drop = Drop::start(|_| {}).await;
    drop.put("overdues.csv", "Colour,Shape\nred,round\n", MINUTE);
    drop.pass(MINUTE).await;
    assert_eq!(drop.told().await.len(), 1);
    fs::remove_dir_all(drop.folder.join("refused")).unwrap();
    drop.look().await;
    assert_eq!(drop.told().await, []);
}

#[tokio::test]
async fn an_export_waits_while_the_settings_are_wrong() {
    let places = tempfile::tempdir().unwrap();
    let wordings = places.path().to_owned();
    let wording = wordings.join("overdue");
    fs::create_dir(&wording).unwrap();
    fs::write(wording.join("subject.txt"), "{{ nothing.of.the.kind( }}").unwrap();
    let mut drop = Drop::start(|config| config.notices.templates = Some(wordings)).await;
    drop.put("overdues.csv", &export(&["Ann"]), MINUTE);
    drop.pass(MINUTE).await;
    assert!(drop.folder.join("overdues.csv").exists());
    assert!(drop.text("", "overdues.csv.reason.txt").contains("subject"));
    let subjects: Vec<_> = drop.told().await.into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(subjects, ["wordings and columns", "overdues.csv"]);
    assert_eq!((drop.runs().await, drop.names("refused").len()), (0, 0));

    fs::write(wording.join("subject.txt"), "Overdue").unwrap();
    drop.pass(MINUTE * 10).await;
    assert_eq!((drop.runs().await, drop.told().await), (1, vec![]));
    assert_eq!(drop.names("").len(), 2, "nothing is left but done and refused: {:?}", drop.names(""));
}

#[tokio::test]
async fn one_that_cannot_be_moved_away_is_not_run_again() {
    let mut drop = Drop::start(|_| {}).await;
    drop.put("overdues.csv", &export(&["Ann"]), MINUTE);
    // It is seen at the first look and run at the second; a folder of its new name is in its way then.
    let at = drop.bench.clock.now() + Duration::from_secs(10);
    let in_the_way = drop.folder.join("done").join(format!("{}-overdues.csv", at.strftime("%Y%m%d-%H%M%S")));
    fs::create_dir_all(in_the_way.join("full")).unwrap();
    drop.pass(MINUTE * 2).await;
    let told = drop.told().await;
    assert_eq!((drop.runs().await, told.len(), told[1].0.as_str()), (1, 2, "overdues.csv"), "{told:?}");
    assert!(told[0].1.contains("cannot be deleted"), "nor can what is in its way: {told:?}");
    fs::remove_dir_all(&in_the_way).unwrap();
    drop.look().await;
    assert!(!in_the_way.exists() && !drop.folder.join("overdues.csv").exists());
    assert_eq!((drop.runs().await, drop.told().await), (1, vec![]));
}

#[tokio::test]
async fn done_may_be_taken_away_at_any_time() {
    let mut drop = Drop::start(|_| {}).await;
    fs::remove_dir_all(&drop.folder).unwrap();
    drop.look().await;
    drop.put("overdues.csv", &export(&["Ann"]), MINUTE);
    drop.pass(Duration::from_secs(5)).await;
    fs::remove_dir_all(drop.folder.join("done")).unwrap();
    drop.pass(MINUTE).await;
    assert_eq!((drop.runs().await, drop.names("done").len(), drop.told().await), (1, 1, vec![]));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_tried_again() {
    let place = tempfile::tempdir().unwrap();
    let above = place.path().join("share");
    fs::write(&above, "not mounted").unwrap();
    let folder = above.join("notices.d");
    let mut drop = Drop::start(|config| config.notices.drop_folder.clone_from(&folder)).await;
    assert_eq!(drop.told().await[0].0, "drop folder");
    fs::remove_file(&above).unwrap();
    drop.look().await;
    assert_eq!(drop.told().await, []);
    let mode = fs::metadata(folder.join("done")).unwrap().permissions().mode();
    assert_eq!(mode & 0o007, 0, "{mode:o}");
}

#[tokio::test]
async fn finished_exports_uploads_and_practice_mail_are_deleted_when_their_time_is_over() {
    let drop = Drop::start(|config| config.keep.bodies = DAY * 3).await;
    let kept = drop.bench.app.practice.folder();
    let uploads = drop.bench.app.settings.now().data_dir.join("exports");
    fs::create_dir(&uploads).unwrap();
    drop.put_at(&uploads.join("old"), "", DAY * 2);
    drop.put_at(&uploads.join("young"), "", DAY / 2);
    let folders = [drop.folder.join("done"), drop.folder.join("refused"), kept, uploads];
    for folder in &folders[..3] {
        drop.put_at(&folder.join("old"), "", DAY * 4);
        drop.put_at(&folder.join("young"), "", DAY * 2);
    }
    drop.put("waiting.csv.part", "", DAY * 4);
    for (length, left) in [(Duration::from_hours(1), 1), (DAY, 0)] {
        drop.bench.pass_in_steps(length, Duration::from_mins(30)).await;
        for folder in &folders {
            assert_eq!(fs::read_dir(folder).unwrap().count(), left, "{}", folder.display());
        }
    }
    assert!(drop.folder.join("waiting.csv.part").exists());
}

#[tokio::test]
async fn a_wording_that_cannot_be_used_is_told_at_the_start_and_until_it_is_mended() {
    let templates = tempfile::tempdir().unwrap();
    let body = templates.path().join("overdue/body.txt");
    fs::create_dir(templates.path().join("overdue")).unwrap();
    fs::write(&body, "{{ greeting }}").unwrap();
    fs::write(body.with_extension("html"), "Dear reader").unwrap();
    let mut drop = Drop::start(|config| config.notices.templates = Some(templates.path().into())).await;
    let told = drop.told().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("overdue/body.txt"), "{told:?}");
    fs::write(&body, "Dear reader").unwrap();
    drop.pass(10 * MINUTE).await;
    assert_eq!(drop.told().await, []);
}

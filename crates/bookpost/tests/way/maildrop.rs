//! What the `sendmail` command left while there was no service: taken once, returned, or set aside for a person.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use bookpost::{
    config::Way,
    receive::maildrop::{Dropped, Maildrop, Parts, Refusal, accept, drop_file},
};
use mail::{
    Address, Envelope, Recipient, ReversePath,
    clock::Clock as _,
    envelope::{Notify, Ret},
};
use rand::{SeedableRng as _, rngs::StdRng};
use store::{AlarmKind, ApplicationSettings, Filter, Kind, Row};

use crate::bench::Bench;

const MESSAGE: &str =
    "From: desk@x.org\r\nTo: ann@x.org\r\nSubject: hello\r\nMessage-ID: <one@x.org>\r\n\r\nhello\r\n";

struct Place {
    bench: Bench,
    folder: PathBuf,
    watched: Maildrop,
}

impl Place {
    async fn start() -> Self {
        let bench = Bench::start_with(Vec::new(), |config| {
            config.sending.way = Way::None;
            config.doors.largest_message = 10_000;
            "sendmail".clone_into(&mut config.doors.sendmail.application);
        })
        .await;
        let folder = bench.folder.path().join("maildrop");
        fs::create_dir(&folder).unwrap();
        let watched = watched(&bench, &folder);
        Self { bench, folder, watched }
    }

    fn leave(&self, random: u128, reverse_path: &ReversePath, message: &str) {
        self.leave_for(random, reverse_path, message, None);
    }

    fn leave_for(&self, random: u128, reverse_path: &ReversePath, message: &str, notify: Option<Notify>) {
        let to = Recipient { notify, ..Recipient::from(Address::parse("ann@x.org").unwrap()) };
        let mut content = Vec::new();
        let mut envelope = Envelope::new(reverse_path.clone(), vec![to]).unwrap();
        envelope.ret = Some(Ret::Full);
        drop_file::write(&mut content, &envelope, message.as_bytes()).unwrap();
        fs::write(self.folder.join(drop_file::name(random)), content).unwrap();
    }

    /// With the submission that the service uses.
    async fn look(&mut self) {
        let submitter = self.bench.app.submitter();
        self.watched.look(&|dropped| accept(dropped, &submitter)).await;
    }

    async fn look_as(&mut self, submit: impl Fn(Dropped) -> Result<(), Refusal>) {
        self.watched.look(&|dropped| std::future::ready(submit(dropped))).await;
    }

    fn left(&self) -> Vec<String> {
        names(&self.folder)
    }

    /// Its programs may send from desk@x.org, and no more in a minute than this.
    async fn add_application(&self, per_minute: Option<u32>) {
        let from = vec!["desk@x.org".parse().unwrap()];
        let settings = ApplicationSettings { from, per_minute, ..ApplicationSettings::default() };
        let (app, now) = (&self.bench.app, self.bench.clock.now());
        app.store
            .add_application("sendmail".parse().unwrap(), settings, store::Actor::CommandLine, now)
            .await
            .unwrap();
        app.applications.refresh(&app.store).await.unwrap();
    }

    async fn disable_application(&self) {
        let app = &self.bench.app;
        app.store
            .disable_application("sendmail", store::Actor::CommandLine, self.bench.clock.now())
            .await
            .unwrap();
        app.applications.refresh(&app.store).await.unwrap();
    }

    async fn rows(&self) -> Vec<Row> {
        self.bench.app.store.list(Filter::default(), None, 10).await.unwrap()
    }

    /// The text of the only mail in the queue, which is a report.
    async fn report(&self) -> String {
        let rows = self.rows().await;
        assert_eq!((rows.len(), rows[0].kind), (1, Kind::Report));
        let body = self.bench.app.store.body(rows[0].message).await.unwrap().unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    fn aside(&self) -> usize {
        let folder = self.bench.app.settings.now().data_dir.join("maildrop-refused");
        fs::read_dir(folder).map_or(0, Iterator::count)
    }

    async fn told(&self) -> Vec<String> {
        let alarms = self.bench.open_alarms().await;
        alarms.into_iter().filter(|(kind, ..)| *kind == AlarmKind::Held).map(|(.., text)| text).collect()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn watched(bench: &Bench, folder: &Path) -> Maildrop {
    let app = &bench.app;
    Maildrop::new(Parts {
        folder: folder.to_owned(),
        settings: app.settings.clone(),
        clock: Arc::clone(&app.clock),
        receiver: app.receiver.clone(),
        alarms: app.alarms.clone(),
        dice: Arc::new(Mutex::new(StdRng::seed_from_u64(7))),
    })
}

fn desk() -> ReversePath {
    ReversePath::Address(Address::parse("desk@x.org").unwrap())
}

#[tokio::test]
async fn what_is_left_is_taken_and_deleted_and_what_is_being_written_is_not() {
    let mut place = Place::start().await;
    place.leave(1, &desk(), MESSAGE);
    let unfinished = fs::File::create(place.folder.join(drop_file::unfinished_name(2))).unwrap();
    // By the time of the test, in which somebody may still write it.
    let now = place.bench.clock.now().as_second().cast_unsigned();
    unfinished.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(now)).unwrap();
    place.look().await;
    assert_eq!(place.left(), [drop_file::unfinished_name(2)]);
    let rows = place.bench.app.store.list(Filter::default(), None, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].door, Some(store::Door::Sendmail));
    assert_eq!((rows[0].subject.as_str(), rows[0].message_id.as_str()), ("hello", "<one@x.org>"));
    assert_eq!((rows[0].application.as_str(), &rows[0].reverse_path), ("sendmail", &desk()));
    assert_eq!(place.told().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_is_taken_and_not_deleted_makes_one_message() {
    let mut place = Place::start().await;
    place.leave(1, &desk(), MESSAGE);
    let path = place.folder.join(drop_file::name(1));
    let content = fs::read(&path).unwrap();
    place.look().await;
    // The program ended between the commit and the deletion.
    fs::write(&path, content).unwrap();
    place.watched = watched(&place.bench, &place.folder);
    place.look().await;
    let rows = place.bench.app.store.list(Filter::default(), None, 10).await.unwrap();
    assert_eq!((rows.len(), place.left().len()), (1, 0));
    // Another message under that name is none of the same, and comes back.
    place.leave(1, &desk(), "From: desk@x.org\r\n\r\nanother\r\n");
    place.look().await;
    let rows = place.bench.app.store.list(Filter::default(), None, 10).await.unwrap();
    assert_eq!(rows.iter().filter(|row| row.kind == Kind::Report).count(), 1);
}

#[tokio::test]
async fn what_cannot_be_taken_now_stays_and_stops_no_other() {
    let mut place = Place::start().await;
    for random in 1..=3 {
        place.leave(random, &desk(), MESSAGE);
    }
    let asked = Mutex::new(Vec::new());
    let submit = |dropped: Dropped| {
        let refused = dropped.name == drop_file::name(2);
        asked.lock().unwrap().push(dropped.name);
        if refused { Err(Refusal::Later("no room".to_owned())) } else { Ok(()) }
    };
    place.look_as(submit).await;
    place.look_as(submit).await;
    assert_eq!((place.left(), asked.lock().unwrap().len()), (vec![drop_file::name(2)], 3), "it rests");
    place.bench.clock.advance(Duration::from_mins(1));
    place.look_as(submit).await;
    assert_eq!(asked.lock().unwrap().len(), 4);
    assert_eq!(place.told().await, Vec::<String>::new());
    for _ in 0..60 {
        place.bench.clock.advance(Duration::from_mins(1));
        place.look_as(submit).await;
    }
    assert!(place.told().await[0].contains("for an hour"));
    place.look_as(|_| Ok(())).await;
    place.bench.clock.advance(Duration::from_mins(1));
    place.look_as(|_| Ok(())).await;
    assert_eq!((place.left().len(), place.told().await.len()), (0, 0));
}

#[tokio::test]
async fn what_is_refused_comes_back_once_and_without_a_sender_a_person_is_told() {
    let mut place = Place::start().await;
    place.leave(1, &desk(), "Subject: no From\r\nMessage-ID: <one@x.org>\r\n\r\n");
    let path = place.folder.join(drop_file::name(1));
    let content = fs::read(&path).unwrap();
    place.look().await;
    fs::write(&path, content).unwrap();
    place.look().await;
    let rows = place.bench.app.store.list(Filter::default(), None, 10).await.unwrap();
    assert_eq!((rows.len(), place.left().len(), place.aside()), (1, 0, 0));
    assert_eq!((rows[0].kind, &rows[0].reverse_path), (Kind::Report, &ReversePath::Null));
    assert_eq!(rows[0].to.address.as_str(), "desk@x.org");
    let report = place.bench.app.store.body(rows[0].message).await.unwrap().unwrap();
    let report = mail::dsn::read(&report).unwrap();
    assert_eq!(report.recipients[0].final_recipient.as_str(), "ann@x.org");
    assert_eq!(report.recipients[0].status, mail::EnhancedStatusCode(5, 6, 0));

    place.leave(2, &ReversePath::Null, "Subject: no From\r\n\r\n");
    place.look().await;
    assert_eq!((place.left().len(), place.aside()), (0, 1));
    assert!(place.told().await[0].contains("maildrop-refused"));
    // The next start finds it as it is: it was not over in between.
    place.watched = watched(&place.bench, &place.folder);
    place.look().await;
    assert_eq!(place.told().await.len(), 1);
    assert_eq!(place.bench.app.store.alarms(false, 10).await.unwrap().len(), 1);
    let aside = place.bench.app.settings.now().data_dir.join("maildrop-refused");
    fs::remove_dir_all(aside).unwrap();
    place.look().await;
    assert_eq!(place.told().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_no_message_is_put_aside_or_left_and_a_person_is_told() {
    for (name, content) in [("garbage.mail".to_owned(), "x"), (drop_file::name(1), "not JSON\nx")] {
        let mut place = Place::start().await;
        fs::write(place.folder.join(name), content).unwrap();
        place.leave(2, &desk(), MESSAGE);
        place.look().await;
        assert_eq!((place.left().len(), place.aside()), (0, 1), "{content}");
        assert_eq!(place.told().await.len(), 1, "{content}");
        assert_eq!(place.bench.app.store.counts().await.unwrap().waiting, 1, "{content}");
    }
    let mut place = Place::start().await;
    fs::create_dir(place.folder.join(drop_file::name(1))).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", place.folder.join(drop_file::name(2))).unwrap();
    place.look().await;
    place.look().await;
    assert_eq!((place.left().len(), place.aside()), (2, 0));
    assert!(place.told().await[0].contains("cannot read or delete"));
    place.bench.clock.advance(Duration::from_mins(1));
    for name in place.left() {
        let path = place.folder.join(name);
        fs::remove_dir(&path).or_else(|_| fs::remove_file(&path)).unwrap();
    }
    place.look().await;
    assert_eq!(place.told().await, Vec::<String>::new());
}

/// By damage of the file nobody's mail comes back, and nobody may send what the application may not.
#[tokio::test]
async fn what_an_application_left_that_cannot_be_read_stays() {
    let mut place = Place::start().await;
    let app = &place.bench.app;
    let settings = ApplicationSettings::default();
    app.store
        .add_application("sendmail".parse().unwrap(), settings, store::Actor::CommandLine, app.clock.now())
        .await
        .unwrap();
    let sql = rusqlite::Connection::open(place.bench.folder.path().join("queue.db")).unwrap();
    sql.execute("UPDATE application SET settings = '{'", []).unwrap();
    app.applications.refresh(&app.store).await.unwrap();
    place.leave(1, &desk(), MESSAGE);
    place.look().await;
    let rows = place.bench.app.store.list(Filter::default(), None, 10).await.unwrap();
    assert_eq!((place.left().len(), place.aside(), rows.len()), (1, 0, 0));
    sql.execute(r#"UPDATE application SET settings = '{"from":["@x.org"]}'"#, []).unwrap();
    place.bench.app.applications.refresh(&place.bench.app.store).await.unwrap();
    place.bench.clock.advance(Duration::from_mins(1));
    place.look().await;
    let rows = place.bench.app.store.list(Filter::default(), None, 10).await.unwrap();
    assert_eq!((place.left().len(), rows.len(), rows[0].kind), (0, 1, Kind::Mail));
}

#[tokio::test]
async fn what_was_accepted_is_not_returned_whatever_the_application_may_do_now() {
    let mut place = Place::start().await;
    place.add_application(None).await;
    place.leave(1, &desk(), MESSAGE);
    let path = place.folder.join(drop_file::name(1));
    let content = fs::read(&path).unwrap();
    place.look().await;
    // The program ended between the commit and the deletion, and somebody disabled the application.
    fs::write(&path, content).unwrap();
    place.disable_application().await;
    place.look().await;
    assert_eq!((place.left().len(), place.aside()), (0, 0));
    assert!(place.rows().await.iter().all(|row| row.kind == Kind::Mail));
}

#[tokio::test]
async fn a_refused_message_goes_to_nobody_to_whom_the_application_may_not_send_it() {
    let foreign = ReversePath::Address(Address::parse("victim@bank.example").unwrap());
    for (reverse_path, disabled) in [(foreign, false), (desk(), true)] {
        let mut place = Place::start().await;
        place.add_application(None).await;
        if disabled {
            place.disable_application().await;
        }
        place.leave(1, &reverse_path, MESSAGE);
        place.look().await;
        assert_eq!((place.rows().await.len(), place.left().len(), place.aside()), (0, 0, 1), "{disabled}");
        assert!(place.told().await[0].contains("maildrop-refused"));
    }
}

#[tokio::test]
async fn a_report_brings_back_no_more_than_the_header_of_what_the_application_may_not_send() {
    let mut place = Place::start().await;
    place.add_application(None).await;
    place.leave(1, &desk(), "From: ceo@x.org\r\nX: in the header\r\n\r\nall of it\r\n");
    place.look().await;
    let report = place.report().await;
    assert!(report.contains("in the header") && !report.contains("all of it"), "{report}");
    // What breaks no rule comes back whole, as its sender asked.
    let mut place = Place::start().await;
    place.add_application(None).await;
    place.leave(1, &desk(), "Subject: no From\r\n\r\nall of it\r\n");
    place.look().await;
    assert!(place.report().await.contains("all of it"));
}

#[tokio::test]
async fn reports_count_as_the_applications_messages() {
    let mut place = Place::start().await;
    place.add_application(Some(1)).await;
    for random in 1..=2 {
        place.leave(random, &desk(), "Subject: no From\r\n\r\n");
    }
    place.look().await;
    assert_eq!((place.rows().await.len(), place.left().len()), (1, 1));
    place.bench.clock.advance(Duration::from_mins(1));
    place.look().await;
    assert_eq!((place.rows().await.len(), place.left().len()), (2, 0));
}

#[tokio::test]
async fn a_folder_in_which_others_can_delete_mail_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut place = Place::start().await;
    place.leave(1, &desk(), MESSAGE);
    fs::set_permissions(&place.folder, fs::Permissions::from_mode(0o777)).unwrap();
    place.look().await;
    assert_eq!(place.left().len(), 1);
    assert!(place.told().await[0].contains("chmod +t"));
    fs::set_permissions(&place.folder, fs::Permissions::from_mode(0o1777)).unwrap();
    place.look().await;
    assert_eq!((place.left().len(), place.told().await.len()), (0, 0));
}

#[tokio::test]
async fn a_folder_full_of_rubbish_stops_no_mail() {
    let mut place = Place::start().await;
    for number in 0..3000 {
        std::os::unix::fs::symlink("nowhere", place.folder.join(format!("{number}.mail"))).unwrap();
    }
    for random in 1..=6 {
        place.leave(random, &desk(), MESSAGE);
    }
    place.look().await;
    assert_eq!(place.bench.app.store.counts().await.unwrap().waiting, 6);
    assert!(place.told().await[0].contains("cannot read or delete"));
}

/// What is known of files has an end; the others have their turn all the same, only more often.
#[tokio::test]
async fn no_more_is_remembered_than_fits() {
    let mut place = Place::start().await;
    for random in 0..10_005 {
        place.leave(random, &desk(), MESSAGE);
    }
    let asked = Mutex::new(0);
    for _ in 0..12 {
        let submit = |_| {
            *asked.lock().unwrap() += 1;
            Err(Refusal::Later("no room".to_owned()))
        };
        place.look_as(submit).await;
    }
    assert_eq!(*asked.lock().unwrap(), 10_005 + 5);
}

#[tokio::test]
async fn what_cannot_be_deleted_is_told_until_somebody_has_deleted_it() {
    let mut place = Place::start().await;
    place.leave(1, &desk(), MESSAGE);
    let (folder, away) = (place.folder.clone(), place.bench.folder.path().join("away"));
    let swap = |_| {
        fs::rename(&folder, &away).unwrap();
        fs::write(&folder, "").map_err(|error| Refusal::Later(error.to_string()))
    };
    place.look_as(swap).await;
    fs::remove_file(&folder).unwrap();
    fs::rename(&away, &folder).unwrap();
    place.look().await;
    assert_eq!((place.left().len(), place.told().await.len()), (1, 1), "it rests");
    fs::remove_file(folder.join(drop_file::name(1))).unwrap();
    place.look().await;
    assert_eq!(place.told().await, Vec::<String>::new());
}

/// However long that takes.
#[tokio::test]
async fn what_cannot_be_deleted_is_taken_once() {
    let mut place = Place::start().await;
    place.leave(1, &desk(), MESSAGE);
    let (folder, away) = (place.folder.clone(), place.bench.folder.path().join("away"));
    let submitter = place.bench.app.submitter();
    let submit = async |dropped| {
        let taken = accept(dropped, &submitter).await;
        fs::rename(&folder, &away).unwrap();
        fs::write(&folder, "").unwrap();
        taken
    };
    for _ in 0..3 {
        place.watched.look(&submit).await;
        fs::remove_file(&folder).unwrap();
        fs::rename(&away, &folder).unwrap();
        place.bench.clock.advance(Duration::from_hours(4 * 24));
        place.bench.app.store.forget_requests(100, place.bench.clock.now()).await.unwrap();
        // The service is started again.
        place.watched = watched(&place.bench, &place.folder);
    }
    let mails = place.rows().await.iter().filter(|row| row.kind == Kind::Mail).count();
    assert_eq!((mails, place.left().len()), (1, 1));
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_told() {
    let mut place = Place::start().await;
    fs::remove_dir(&place.folder).unwrap();
    place.look().await;
    assert!(place.told().await[0].contains("bookpost install"));
    fs::create_dir(&place.folder).unwrap();
    place.look().await;
    assert_eq!(place.told().await, Vec::<String>::new());
}

#[tokio::test]
async fn who_wants_no_report_gets_none() {
    let mut place = Place::start().await;
    let success = Notify::On { success: true, failure: false, delay: false };
    for (random, notify) in [(1, Notify::Never), (2, success)] {
        place.leave_for(random, &desk(), "Subject: no From\r\n\r\n", Some(notify));
    }
    place.look().await;
    let rows = place.bench.app.store.list(Filter::default(), None, 10).await.unwrap();
    assert_eq!((rows.len(), place.left().len(), place.aside()), (0, 0, 0));
}

#[tokio::test]
async fn a_larger_one_than_the_service_takes_comes_back_and_is_set_aside_whole() {
    for octets in [10_000, 6_000_000] {
        let mut place = Place::start().await;
        place.leave(1, &desk(), &format!("{MESSAGE}{}\r\n", "x".repeat(octets)));
        place.look().await;
        let report = place.report().await;
        assert!(report.contains("552 5.3.4") && report.contains("Subject: hello"), "{octets}");
        assert!(report.len() < 10_000, "{octets}");
        assert_eq!((place.left().len(), place.aside()), (0, 1), "{octets}");
        let aside = place.bench.app.settings.now().data_dir.join("maildrop-refused");
        let file = fs::read_dir(aside).unwrap().next().unwrap().unwrap();
        assert!(file.metadata().unwrap().len() > octets as u64, "{octets}");
        assert!(place.told().await[0].contains("too large"), "{octets}");
    }
}

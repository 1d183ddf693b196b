//! Making the notices of a run: a thread renders, some batches ahead of the store.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use rand::{SeedableRng, rngs::StdRng};
use store::{Class, Door, LedgerKey, LeftOut, LeftOutDetail, LeftOutWhy, NewNotice, NoticeAccepted, RunId};
use tokio::sync::mpsc;

use super::{
    NoticeRuns, Refusal, day, lately, left_out,
    prepare::{Mailer, Prepared},
    running::{Place, Stop},
};
use crate::{
    cli::control::{Failure, Progress},
    notices::returned::Replaceable,
};

/// Notices per transaction.
const BATCH: usize = 200;
/// Left-out items and patrons per transaction: an export of all loans has very many.
const LISTED: usize = 1_000;
/// Batches made ahead of the store.
const AHEAD: usize = 2;
/// A batch waits so long for those before it to leave. Where mail leaves quickly nothing is then read from the disk again; a slow
/// server delays the promise that all is stored by this little for each batch.
const STEP_ASIDE: Duration = Duration::from_millis(200);
/// Why a run broke off whose notices were not made to the end.
const NOT_WHOLE: &str =
    "making its notices ended before all of them were made, which is a fault of Bookpost's";

/// A run whose notices are to be made.
pub(super) struct Making {
    pub(super) run: RunId,
    pub(super) practice: bool,
    pub(super) door: Door,
    pub(super) prepared: Arc<Prepared>,
    /// When its export was made.
    pub(super) export_of: Timestamp,
    /// It is under way for as long as this is there.
    pub(super) place: Place,
}

/// What passes from the thread that renders to the task that stores.
enum Made {
    Planned {
        notices: u64,
        left_out: Vec<LeftOut>,
    },
    /// Notices, or lists for teachers.
    Batch(Vec<NewNotice>),
    LeftOut(Vec<LeftOut>),
    /// These were all. What ends without saying so broke off.
    Whole,
}

/// Where what is made is stored.
struct Storing<'a> {
    run: RunId,
    practice: bool,
    repeat: Option<Duration>,
    place: &'a Place,
}

/// Nobody wants any more of it, after an error of their own.
struct Gone;

/// What a thread makes of an export, and for whom.
struct Rendering {
    prepared: Arc<Prepared>,
    mailer: Mailer,
    replaceable: Replaceable,
    lately: HashSet<LedgerKey>,
    /// More notices than these go behind other mail.
    bulk_over: u64,
    sender: mpsc::Sender<Made>,
}

impl NoticeRuns {
    /// Makes and stores all of them, then puts on record that the run is finished.
    pub(super) async fn make(
        &self,
        making: Making,
        progress: &mpsc::UnboundedSender<Progress>,
    ) -> Result<Progress, Refusal> {
        let (run, practice, repeat) = (making.run, making.practice, making.prepared.repeat);
        let (digest, only) = (making.prepared.digest.clone(), making.prepared.only.clone());
        self.store.note_run_export(run, digest, only).await?;
        // One after the other, so that what a newer export says holds for all that an earlier run makes.
        let _alone = if practice { None } else { Some(self.making.lock().await) };
        let replaceable = if practice { Replaceable::default() } else { self.look_back(&making).await? };
        let lately = self.told_lately(&making.prepared, practice).await?;
        let mailer = Mailer { run: Some(run), practice, door: making.door, ..self.mailer().await? };
        let made = self.render(Arc::clone(&making.prepared), mailer, (replaceable, lately));
        let told =
            self.store_all(Storing { run, practice, repeat, place: &making.place }, made, progress).await?;
        self.store.finish_run(run, self.clock.now()).await?;
        Ok(told)
    }

    /// Stores what is made, until that is said to be all. Where it is not, whoever makes it has failed, and the run is not whole.
    async fn store_all(
        &self,
        storing: Storing<'_>,
        mut made: mpsc::Receiver<Made>,
        progress: &mpsc::UnboundedSender<Progress>,
    ) -> Result<Progress, Refusal> {
        let Storing { run, practice, repeat, place } = storing;
        let mut told = Progress::default();
        while let Some(next) = made.recv().await {
            match next {
                Made::Planned { notices, left_out } => {
                    told.total = notices;
                    for slice in left_out.chunks(LISTED) {
                        self.store.left_out(run, slice.to_vec()).await?;
                    }
                }
                Made::Batch(batch) => {
                    self.receiver.not_crowded(practice, STEP_ASIDE).await;
                    self.take(run, batch, place, (repeat, &mut told)).await?;
                }
                Made::LeftOut(left_out) => self.store.left_out(run, left_out).await?,
                Made::Whole => return Ok(told),
            }
            let _ = progress.send(told);
        }
        Err(Refusal(Failure::Temporary, NOT_WHOLE.to_owned()))
    }

    /// Stores what is still wanted of a batch. Whoever stops the run meanwhile may look before it is stored: then it is cancelled here.
    async fn take(
        &self,
        run: RunId,
        batch: Vec<NewNotice>,
        place: &Place,
        (repeat, told): (Option<Duration>, &mut Progress),
    ) -> Result<(), Refusal> {
        let before = place.stop();
        let batch = self.without_stopped(run, batch, &before, told).await?;
        self.accept_batch(run, batch, repeat, told).await?;
        let stop = place.stop();
        if let Some(sites) = stop.sites().filter(|_| stop != before) {
            let (selection, wish, withdrawn) = self.not_left(run, sites).await;
            self.store.move_recipients(selection, wish, self.clock.now()).await?;
            drop(withdrawn);
        }
        Ok(())
    }

    /// Those that are still wanted; the others are put on record as left out.
    async fn without_stopped(
        &self,
        run: RunId,
        batch: Vec<NewNotice>,
        stop: &Stop,
        told: &mut Progress,
    ) -> Result<Vec<NewNotice>, Refusal> {
        let (stopped, wanted): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|notice| stop.is_for(notice.message.site.as_deref()));
        if !stopped.is_empty() {
            let people = stopped.iter().filter(|notice| notice.message.patron.is_some()).count();
            told.total = told.total.saturating_sub(u64::try_from(people).unwrap_or(u64::MAX));
            let of = |notice: &NewNotice| {
                let (patron, site) = (notice.message.patron.as_ref()?, notice.message.site.as_deref());
                Some(left_out(LeftOutWhy::Stopped, patron, site, LeftOutDetail::Stopped))
            };
            self.store.left_out(run, stopped.iter().filter_map(of).collect()).await?;
        }
        Ok(wanted)
    }

    /// A thread that renders, some batches ahead of the store.
    fn render(
        &self,
        prepared: Arc<Prepared>,
        mailer: Mailer,
        (replaceable, lately): (Replaceable, HashSet<LedgerKey>),
    ) -> mpsc::Receiver<Made> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let bulk_over = self.settings.now().sending.bulk_over;
        let rendering = Rendering { prepared, mailer, replaceable, lately, bulk_over, sender };
        tokio::task::spawn_blocking(move || rendering.render());
        receiver
    }

    /// Makes messages of no run.
    pub(super) async fn mailer(&self) -> Result<Mailer, store::Error> {
        let (now, settings) = (self.clock.now(), self.settings.now());
        Ok(Mailer {
            run: None,
            door: Door::Notices,
            practice: false,
            class: Class::Normal,
            host: settings.sending.ehlo_name.clone(),
            now,
            offset: TimeZone::system().to_offset(now),
            expires_at: settings.schedule.expires_at(now),
            logos: self.store.logos().await?,
            dice: StdRng::seed_from_u64(self.draw()),
        })
    }

    /// Accepts one batch, and counts its notices.
    async fn accept_batch(
        &self,
        run: RunId,
        batch: Vec<NewNotice>,
        repeat: Option<Duration>,
        told: &mut Progress,
    ) -> Result<(), Refusal> {
        let facts: Vec<_> = batch
            .iter()
            .map(|notice| {
                let message = &notice.message;
                (message.patron.clone(), message.site.clone(), message.envelope.recipients().len())
            })
            .collect();
        let accepted = self.receiver.accept_notices(run, batch, repeat).await?;
        let mut left_out = Vec::new();
        for (one, (patron, site, addresses)) in accepted.iter().zip(facts) {
            match one {
                NoticeAccepted::Stored(_) if patron.is_none() => told.lists += 1,
                NoticeAccepted::WrittenLately(_) if patron.is_none() => {}
                NoticeAccepted::Stored(_) => {
                    told.prepared += 1;
                    told.addresses += u64::try_from(addresses).unwrap_or(u64::MAX);
                }
                NoticeAccepted::WrittenLately(before) => {
                    told.lately += 1;
                    told.total = told.total.saturating_sub(1);
                    let site = site.unwrap_or_default();
                    left_out.extend(patron.map(|patron| lately(&patron, &site, before)));
                }
            }
        }
        if !left_out.is_empty() {
            self.store.left_out(run, left_out).await?;
        }
        Ok(())
    }
}

impl Rendering {
    fn render(mut self) {
        // Whoever receives may have gone, after an error of its own.
        let _ = self.all();
    }

    fn all(&mut self) -> Result<(), Gone> {
        self.notices()?;
        self.lists()?;
        self.send(Made::Whole)
    }

    fn notices(&mut self) -> Result<(), Gone> {
        let prepared = Arc::clone(&self.prepared);
        let plan = prepared.plan(day(self.mailer.now));
        let notices = u64::try_from(plan.len()).unwrap_or(u64::MAX);
        if notices > self.bulk_over {
            self.mailer.class = Class::Bulk;
        }
        self.send(Made::Planned { notices, left_out: plan.left_out.clone() })?;
        let (mut batch, mut not_made) = (Vec::with_capacity(BATCH), Vec::new());
        for notice in plan.notices() {
            // One that cannot be made does not keep the others from going.
            match notice.and_then(|notice| self.mailer.message(&notice)) {
                Ok(notice) => batch.push(self.replacing(notice)),
                Err(left_out) => not_made.push(left_out),
            }
            if batch.len() == BATCH || not_made.len() == BATCH {
                self.send_made(&mut batch, &mut not_made)?;
            }
        }
        self.send_made(&mut batch, &mut not_made)
    }

    /// The lists for teachers, some at a time.
    fn lists(&mut self) -> Result<(), Gone> {
        let (prepared, today) = (Arc::clone(&self.prepared), day(self.mailer.now));
        let lists = prepared.lists(today, &self.lately, &self.replaceable);
        for some in lists.chunks(BATCH) {
            let (mut batch, mut not_made) = (Vec::with_capacity(some.len()), Vec::new());
            for list in some {
                let Some(notice) = prepared.listed(list, today) else { continue };
                match self.mailer.message(&notice) {
                    Ok(notice) => batch.push(self.replacing(notice)),
                    // Of a list nobody but its teacher is named.
                    Err(why) => not_made.push(LeftOut { who: list.to.to_string(), ..why }),
                }
            }
            self.send_made(&mut batch, &mut not_made)?;
        }
        Ok(())
    }

    fn replacing(&self, notice: NewNotice) -> NewNotice {
        NewNotice { replaces: self.replaceable.by(&notice.keys), ..notice }
    }

    /// What could not be made is told with what was made beside it, and not once all are.
    fn send_made(&self, batch: &mut Vec<NewNotice>, not_made: &mut Vec<LeftOut>) -> Result<(), Gone> {
        let (batch, not_made) = (std::mem::take(batch), std::mem::take(not_made));
        if !batch.is_empty() {
            self.send(Made::Batch(batch))?;
        }
        if not_made.is_empty() { Ok(()) } else { self.send(Made::LeftOut(not_made)) }
    }

    fn send(&self, made: Made) -> Result<(), Gone> {
        self.sender.blocking_send(made).map_err(|_| Gone)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures_util::future::poll_immediate;
    use mail::Address;
    use store::{Actor, LedgerKey, Logo, NewRun, NoticeRecipients, NoticeSettings, Patron, State};

    use super::*;
    use crate::{
        app::{App, Start},
        cli::control::RunRequest,
        config::{Source, Surroundings},
        notices::{
            Guardians, PlannedNotice, Site,
            saved::{USUAL, standing},
        },
    };

    fn notice(mailer: &mut Mailer, code: &str) -> NewNotice {
        let address = || Address::parse("desk@example.org").unwrap();
        let site = Site {
            code: code.to_owned(),
            name: code.to_owned(),
            email: Some(address()),
            reply_to: None,
            return_address: None,
            phone: None,
            branches: Vec::new(),
            time_zone: None,
            language: None,
        };
        let patron = Patron { name: "Ana Ruiz".to_owned(), number: None };
        let text = || "Overdue".to_owned();
        let (from, to, keys) = (address(), [address()], vec![LedgerKey(code.to_owned())]);
        let (subject, html) = (text(), text());
        let (site, from, to, elsewhere) = (&site, &from, (&to[..]).into(), BTreeMap::new());
        let text = text();
        let (is_list, guardians) = (false, Guardians::None);
        let planned = PlannedNotice {
            site,
            from,
            to,
            patron,
            subject,
            text,
            html,
            keys,
            elsewhere,
            is_list,
            guardians,
        };
        mailer.message(&planned).unwrap()
    }

    async fn app(folder: &std::path::Path) -> App {
        let around = Surroundings::given([], Some("books.library.example"));
        let site = |code: &str| {
            format!("[[sites]]\ncode = \"{code}\"\nname = \"{code}\"\nemail = \"desk@example.org\"\n")
        };
        let text = format!("data_dir = \"{}\"\n{}{}", folder.display(), site("MAIN"), site("EAST"));
        let config = Source::given(&text, None, &around).check(&BTreeMap::new()).unwrap().config;
        App::start(config, Start::of_this_machine().unwrap()).await.unwrap()
    }

    /// A run, and a notice of each of two libraries.
    async fn begun(app: &App) -> (RunId, Place, Vec<NewNotice>) {
        let (runs, started_at) = (&app.notices, app.clock.now());
        let new = NewRun { notice: "n".to_owned(), source: "a.csv".to_owned(), practice: false, started_at };
        let run = app.store.begin_run(new).await.unwrap();
        let mut mailer = Mailer { run: Some(run), ..runs.mailer().await.unwrap() };
        let batch = ["MAIN", "EAST"].map(|code| notice(&mut mailer, code)).into();
        (run, runs.running.begin(run), batch)
    }

    /// The others stand in mails of their own; a name that may be the patron's only with an address that is theirs.
    #[tokio::test]
    async fn one_address_stands_in_the_header_of_a_notice() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let mut mailer = app.notices.mailer().await.unwrap();
        let head = "name,card number,title,due,email,branch,guardian email\n";
        let export = format!(
            "{head}Eve,1,Dune,2020-11-12,eve@example.org,MAIN,dad@example.org\nBen,2,Emma,2020-11-12,,MAIN,mum@example.org\n"
        );
        let request = RunRequest { export: export.into_bytes(), ..RunRequest::default() };
        let (prepared, _) = super::super::prepared(&app.settings.now(), &app.store, request).await.unwrap();
        for (at, to, first, greeting) in [
            (0, 2, "To: \"Eve\" <eve@example.org>\r\n", "To Eve and to their parents or guardians,"),
            (1, 1, "To: <mum@example.org>\r\n", "To the parents or guardians of Ben,"),
        ] {
            let notice = prepared.notice(at, day(app.clock.now())).unwrap().unwrap();
            assert!(notice.text.starts_with(greeting), "{}", notice.text);
            let message = mailer.message(&notice).unwrap().message;
            assert_eq!(message.envelope.recipients().len(), to);
            let text = String::from_utf8_lossy(&message.bytes).into_owned();
            assert!(text.contains(first) && !text.contains("dad@example.org"), "{text}");
        }
        app.stop().await.unwrap();
    }

    /// As after a panic: what was stored by then goes, and the run is not taken for whole.
    #[tokio::test]
    async fn what_is_not_said_to_be_all_is_a_run_that_broke_off() {
        for is_whole in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let app = app(folder.path()).await;
            let (run, place, batch) = begun(&app).await;
            let (sender, made) = mpsc::channel(3);
            sender.try_send(Made::Batch(batch)).ok().unwrap();
            if is_whole {
                sender.try_send(Made::Whole).ok().unwrap();
            }
            drop(sender);
            let storing = Storing { run, practice: false, repeat: None, place: &place };
            let stored = app.notices.store_all(storing, made, &mpsc::unbounded_channel().0).await;
            assert_eq!(stored.is_ok(), is_whole);
            assert_eq!(app.store.run(run).await.unwrap().states, [(State::Waiting, 2)].into());
            drop(place);
            app.stop().await.unwrap();
        }
    }

    /// Each notice, and each list for a teacher, is told where it cannot be made; and however many there are, some at a time are in memory.
    #[tokio::test]
    async fn what_cannot_be_made_is_told_and_the_others_come_some_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let usual = standing(Vec::new()).into_iter().find(|one| one.slug == USUAL).unwrap().settings;
        let recipients = NoticeRecipients { teacher: true, ..NoticeRecipients::default() };
        let settings = NoticeSettings { recipients, ..usual };
        let (who, now) = (Actor::CommandLine, app.clock.now());
        app.store.save_notice(USUAL, settings, 0, who, now).await.unwrap();
        let line = |n: usize| {
            let branch = if n == 0 { "MAIN" } else { "EAST" };
            format!("P{n},{n},Dune,2020-11-12,p{n}@example.org,{branch},t{n}@school.example\n")
        };
        let head = "name,card number,title,due,email,branch,homeroom teacher email\n".to_owned();
        let export: String = std::iter::once(head).chain((0..=BATCH * 2).map(line)).collect();
        let request = RunRequest { export: export.into_bytes(), ..RunRequest::default() };
        let (prepared, _) = super::super::prepared(&app.settings.now(), &app.store, request).await.unwrap();
        let mut mailer = Mailer { run: Some(RunId(1)), ..app.notices.mailer().await.unwrap() };
        // A picture of no kind that a mail can have.
        let logo = Logo { media_type: "no kind".to_owned(), bytes: vec![1] };
        mailer.logos.insert("MAIN".to_owned(), logo);
        let mut made =
            app.notices.render(Arc::new(prepared), mailer, (Replaceable::default(), HashSet::new()));
        let mut told = Vec::new();
        while let Some(next) = made.recv().await {
            told.push(match next {
                Made::Planned { notices, .. } => format!("{notices} in all"),
                Made::Batch(batch) => format!("{} made", batch.len()),
                Made::LeftOut(all) => {
                    assert!(all.iter().all(|one| one.why == LeftOutWhy::NotMade), "{all:?}");
                    all.iter().map(|one| one.who.as_str()).collect::<Vec<_>>().join(", ")
                }
                Made::Whole => "that is all".to_owned(),
            });
        }
        let expected = [
            "401 in all",
            "200 made",
            "P0 (0)",
            "200 made",
            "199 made",
            "t0@school.example",
            "200 made",
            "1 made",
            "that is all",
        ];
        assert_eq!(told, expected);
        app.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_run_that_is_stopped_makes_no_more_for_those_libraries() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let ((run, place, batch), mut told) = (begun(&app).await, Progress::default());
        app.notices.running.stop(run, &["EAST".to_owned()].into());
        app.notices.take(run, batch, &place, (None, &mut told)).await.unwrap();
        let found = app.store.run(run).await.unwrap();
        assert_eq!(found.states, [(State::Waiting, 1)].into());
        assert_eq!(found.left_out, [(LeftOutWhy::Stopped, 1)].into());
        drop(place);
        app.stop().await.unwrap();
    }

    /// Whoever stops it cancels what is stored by then; what is stored a moment later is seen to here.
    #[tokio::test]
    async fn what_is_being_stored_while_a_run_is_stopped_does_not_leave() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let (runs, mut told) = (&app.notices, Progress::default());
        let (run, place, batch) = begun(&app).await;
        let mut taking = Box::pin(runs.take(run, batch, &place, (None, &mut told)));
        assert!(poll_immediate(&mut taking).await.is_none(), "it is being stored");
        runs.running.stop(run, &["EAST".to_owned()].into());
        taking.await.unwrap();
        let states = app.store.run(run).await.unwrap().states;
        assert_eq!(states, [(State::Waiting, 1), (State::Cancelled, 1)].into());
        app.stop().await.unwrap();
    }

    /// A rehearsal would take an old export out of the drop folder, and nobody would be asked about it any more.
    #[tokio::test]
    async fn in_practice_it_is_asked_about_an_old_export_too() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let mut config = (*app.settings.now()).clone();
        config.sending.way = crate::config::Way::Practice;
        app.settings.replace(config);
        let old = app.clock.now() - Duration::from_hours(25);
        assert!(app.notices.is_asked_about(old) && !app.notices.is_asked_about(app.clock.now()));
        app.stop().await.unwrap();
    }
}

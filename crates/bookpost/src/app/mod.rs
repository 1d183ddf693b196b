//! The program put together: opens everything in the right order, makes the channels between the parts, ends them again.

pub mod asking;
mod attention;
mod certificates;
pub mod clock;
mod deadman;
pub(crate) mod deciders;
mod decisions;
mod doors;
pub mod drop_folder;
pub(crate) mod duties;
pub mod exports;
pub(crate) mod lost_secrets;
mod machines;
pub mod notice_run;
mod opening;
mod preferences;
mod programs;
mod retention;
pub mod schedules;
mod set_clock;
pub(crate) mod silence;
pub mod socket;
pub mod steps;
pub mod text;
mod upkeep;
mod waits;
mod watchdog;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use jiff::{Timestamp, tz::TimeZone};
use mail::{clock::Clock, counted};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use store::{AlarmKind, OpenError, Store};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
};

pub(crate) use self::opening::sort_out;
pub use self::{
    decisions::Decisions,
    exports::Exports,
    notice_run::NoticeRuns,
    preferences::{Preferences, Standing as StandingPreferences},
    programs::Programs,
    schedules::Schedules,
};
use self::{
    doors::Lines,
    lost_secrets::Sealing,
    opening::{Opened, open},
    steps::Steps,
};
use crate::{
    alarms::Alarms,
    cli::words,
    config::{Config, Encryption, Provider, Server, Settings, Source, Way},
    deliver::{
        hosting::NameServers,
        practice::{self, Practice},
        tls,
    },
    events,
    identity::{Applications, People},
    preferences::mail_accounts::MailAccounts,
    queue::{
        journal::Journal,
        route::{Delivery, Line, Route, Upstream},
        settler,
        start::Recovered,
        unsettled::Unsettled,
        worker::{self, Activity, Handle, Leases, Parts, Worker},
    },
    receive::{self, Receiver, Submitter},
    returns::{self, incoming::Incoming},
    secrets::return_path::ReturnPaths,
    web,
};

/// What the alarm is about that a backup was restored.
pub(crate) const RESTORED: &str = "backup";
/// At the end, alarms on their way to people are waited for this long.
const ALARM_PATIENCE: Duration = Duration::from_secs(5);
/// And what a mail provider answers this long.
const ACCOUNT_PATIENCE: Duration = Duration::from_secs(20);

/// Bookpost, running.
pub struct App {
    /// The settings.
    pub settings: Settings,
    /// The way to change those that are preferences.
    pub preferences: Preferences,
    /// The queue on disk.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The way in.
    pub receiver: Receiver,
    /// Who may use it.
    pub applications: Applications,
    /// Who may use the pages.
    pub people: People,
    /// The dispatcher.
    pub worker: Handle,
    /// What people decide about the queue.
    pub decisions: Decisions,
    /// The notice runs.
    pub notices: NoticeRuns,
    /// Those that begin by themselves.
    pub schedules: Schedules,
    /// What is counted for /metrics.
    pub metrics: web::Metrics,
    /// The practice mailbox. Practice mail goes there whatever the way of sending is.
    pub practice: Practice,
    pub(crate) dice: Arc<Mutex<StdRng>>,
    journal: Journal,
    /// What a person must hear about.
    pub alarms: Alarms,
    tasks: tokio::sync::Mutex<JoinSet<()>>,
    /// Where secrets are sealed.
    pub(crate) sealing: Sealing,
    /// Accounts at mail providers.
    pub accounts: MailAccounts,
    incoming: Incoming,
    /// A part of the program panicked.
    broken: AtomicBool,
}

/// What a start depends on beside the configuration.
pub struct Start {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where randomness comes from.
    pub seed: u64,
    /// Names the machine's present boot.
    pub boot_id: String,
    /// Refusals that the practice mailbox plays.
    pub practice_rules: Vec<practice::Rule>,
    /// What the configuration was made of.
    pub source: Option<Source>,
    /// The attempts that come to this step first break there; for tests.
    pub break_at: Option<(steps::Step, u32)>,
}

impl Start {
    /// The machine's own clock and randomness.
    pub fn of_this_machine() -> anyhow::Result<Self> {
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .context("the system does not tell which boot this is")?;
        let mut dice = rand::make_rng::<StdRng>();
        Ok(Self {
            clock: Arc::new(clock::SystemClock::start()),
            seed: dice.random(),
            boot_id: boot_id.trim().to_owned(),
            practice_rules: Vec::new(),
            source: None,
            break_at: None,
        })
    }
}

/// Dice for secrets, seeded by the system with as many bits as they have. The other dice are seeded with 64 bits, which is enough to
/// spread mail and not to hide anything.
pub fn secret_dice() -> StdRng {
    rand::make_rng()
}

impl App {
    /// Opens the queue, sorts out the last end, starts all parts.
    pub async fn start(config: Config, start: Start) -> anyhow::Result<Self> {
        // What is needed for that is large, and would be part of whatever waits for it.
        Box::pin(Self::started(config, start)).await
    }

    async fn started(config: Config, start: Start) -> anyhow::Result<Self> {
        let (clock, mut dice) = (start.clock, StdRng::seed_from_u64(start.seed));
        let steps = Steps::new(config.abort_at).breaking(start.break_at);
        let Opened { config, version, store, journal, recovered } =
            open(config, start.source.as_ref(), clock.now(), &start.boot_id, &mut dice).await?;
        let applications = Applications::load(&store, &config.sites).await?;
        let practice = Practice::start(&practice::of(&config.data_dir), start.practice_rules).await?;

        let (mut tasks, way_in, metrics) = (JoinSet::new(), Arc::default(), web::Metrics::default());
        let (leases, settings) = (Arc::new(Leases::new(store.epoch())), Settings::new(config.clone()));
        let (alarms, telling) = doors::alarms(&settings, &store, &clock, &way_in);
        Box::pin(begin(&store, &config, start.source.as_ref(), &alarms, &recovered, clock.now())).await?;
        let ((handle, inbox), unsettled) = (worker::inbox(), Arc::<Unsettled>::default());
        let settled = doors::settled(Arc::clone(&unsettled), handle.clone(), alarms.clone(), metrics.clone());
        let (settler, work) =
            settler::settler(store.clone(), journal.clone(), Arc::clone(&clock), steps.clone(), settled);
        tasks.spawn(work);
        let (effects, told) = mpsc::unbounded_channel();
        let (sealing, accounts) = sealing(&store, &clock, &settings, start.source, &alarms);
        let delivery = Arc::new(Delivery {
            store: store.clone(),
            journal: journal.clone(),
            settler,
            clock: Arc::clone(&clock),
            dice: Mutex::new(StdRng::from_rng(&mut dice)),
            settings: settings.clone(),
            accounts: accounts.clone(),
            effects,
            unsettled,
            steps: steps.clone(),
        });
        let incoming = Incoming::open(&settings, &store, &clock, &alarms).await?;
        let (routes, lines, low) = routes(&settings, &practice, &incoming.paths)?;
        let fresh =
            Lines::new(&routes, &leases, &delivery, (handle.clone(), metrics.clone(), alarms.clone()));
        let folder = config.data_dir.clone();
        let receiver = Receiver::new(store.clone(), folder, Arc::clone(&clock), Arc::new(fresh), steps);
        let _ = way_in.set(receiver.clone());
        // Not before: what is told while there is no way in goes to nobody by mail.
        tasks.spawn(telling);
        let worker = Worker::new(Parts {
            store: store.clone(),
            delivery,
            alarms: alarms.clone(),
            routes,
            told,
            low,
            leases,
            inbox,
            paused: store.paused().await?.is_some(),
        });
        tasks.spawn(worker.run());
        let notices =
            NoticeRuns::new(&settings, &store, &clock, &receiver, (&handle, &lines), &alarms, &mut dice);
        let tells = (&handle, &applications);
        let preferences = Preferences::new(&store, &clock, &sealing, &settings, tells, version);
        let app = Self {
            decisions: Decisions::new(store.clone(), Arc::clone(&clock), handle.clone(), alarms.clone()),
            people: People::new(store.clone(), Arc::clone(&clock), secret_dice(), config.oidc.as_ref()),
            preferences,
            schedules: Schedules::new(&settings, &store, &clock, &notices, &alarms),
            notices,
            settings,
            store,
            clock,
            receiver,
            applications,
            worker: handle,
            practice,
            metrics,
            dice: Arc::new(Mutex::new(dice)),
            journal,
            alarms,
            tasks: tokio::sync::Mutex::new(tasks),
            sealing,
            accounts,
            incoming,
            broken: AtomicBool::new(false),
        };
        Ok(app.with_clerks(lines).await)
    }

    /// Those who come by now and then: return reports, events, upkeep.
    async fn with_clerks(self, lines: Vec<Arc<Line>>) -> Self {
        let mut tasks = self.tasks.lock().await;
        tasks.spawn(returns::run(returns::Returns {
            settings: self.settings.clone(),
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            fresh: self.receiver.clone(),
            alarms: self.alarms.clone(),
            dice: Arc::clone(&self.dice),
        }));
        if let Some(folder) = self.settings.now().undeliverable.maildir.clone() {
            tasks.spawn(returns::maildir::watch(self.incoming(), folder));
        }
        if let Some(file) = self.settings.now().undeliverable.mbox.clone() {
            tasks.spawn(returns::mbox::watch(self.incoming(), file));
        }
        tasks.spawn(events::run(events::Teller {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            alarms: self.alarms.clone(),
            settings: self.settings.clone(),
            dice: secret_dice(),
            unstored: HashMap::default(),
        }));
        tasks.spawn(upkeep::run(upkeep::Upkeep {
            settings: self.settings.clone(),
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            alarms: self.alarms.clone(),
            applications: self.applications.clone(),
            notices: self.notices.clone(),
            accounts: self.accounts.clone(),
            lines,
        }));
        if self.settings.now().database.is_some() {
            tasks.spawn(machines::watch(machines::Machines {
                store: self.store.clone(),
                clock: Arc::clone(&self.clock),
                worker: self.worker.clone(),
                preferences: self.preferences.clone(),
                applications: self.applications.clone(),
                schedules: self.schedules.clone(),
                alarms: self.alarms.clone(),
            }));
        }
        drop(tasks);
        self
    }

    /// Calls the web address of the settings by the minute from now on, while all is well. Only the service does: a command works now and
    /// then while none does, and whoever watches is to notice that.
    pub async fn call_while_all_is_well(&self) {
        let deadman = deadman::Deadman {
            settings: self.settings.clone(),
            clock: Arc::clone(&self.clock),
            store: self.store.clone(),
            now: self.sources().now,
        };
        self.tasks.lock().await.spawn(deadman.run());
    }

    /// Where mail goes that comes back.
    pub fn incoming(&self) -> Incoming {
        self.incoming.clone()
    }

    /// The way in for applications.
    pub fn submitter(&self) -> Submitter {
        Submitter::new(
            self.receiver.clone(),
            self.applications.clone(),
            self.settings.clone(),
            Arc::clone(&self.clock),
            Arc::clone(&self.dice),
        )
    }

    /// The way to change what programs may do.
    pub fn programs(&self) -> Programs {
        Programs {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            settings: self.settings.clone(),
            applications: self.applications.clone(),
        }
    }

    /// What the program says of itself over HTTP.
    pub fn sources(&self) -> web::Sources {
        let activity = self.worker.activity.clone();
        let (servers, journal) = (self.worker.servers.clone(), self.journal.clone());
        let (recovery, limited) = (self.worker.recovery.clone(), self.worker.limited.clone());
        let stands = self.worker.stands.clone();
        let folder = self.settings.now().data_dir.clone();
        web::Sources {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            metrics: self.metrics.clone(),
            submitter: self.submitter(),
            people: self.people.clone(),
            decisions: self.decisions.clone(),
            preferences: self.preferences.clone(),
            programs: self.programs(),
            notices: self.notices.clone(),
            accounts: self.accounts.clone(),
            schedules: self.schedules.clone(),
            came_back: self.incoming.counts.clone(),
            zone: TimeZone::system(),
            name_servers: NameServers::default(),
            now: Arc::new(move || web::Moment {
                worker_alive: !matches!(*activity.borrow(), Activity::Ended { .. }),
                disk: receive::free(&folder).map(|free| web::Disk { free, floor: receive::DISK_FLOOR }),
                breakers: servers.borrow().clone(),
                stands: stands.borrow().clone(),
                recovery: *recovery.borrow(),
                limited: limited.borrow().clone(),
                journal_syncs: journal.stats().syncs,
            }),
        }
    }

    /// Waits until one of the parts has ended by itself, which none does while all is well.
    pub async fn broken(&self) {
        let ended = self.tasks.lock().await.join_next().await;
        if let Some(Err(error)) = ended {
            tracing::error!(%error, "a part of the program broke");
            self.broken.store(true, Ordering::Release);
        }
    }

    /// Gives back what has not passed the point of no return, waits for the rest (bounded), closes the queue.
    pub async fn stop(&self) -> anyhow::Result<()> {
        self.worker.drain();
        let mut activity = self.worker.activity.clone();
        let ended = activity.wait_for(|activity| matches!(activity, Activity::Ended { .. })).await;
        anyhow::ensure!(
            ended.is_ok() && !self.broken.load(Ordering::Acquire),
            "a part of the program broke; nothing is lost, and the next start goes on"
        );
        let journal_failed = matches!(ended.as_deref(), Ok(Activity::Ended { journal_failed: true }));
        // An alarm that cannot be told in time is raised again at the next start, if it still holds.
        let _ = tokio::time::timeout(ALARM_PATIENCE, self.alarms.carried_out()).await;
        self.tasks.lock().await.shutdown().await;
        // Whoever asks a provider has its answer by then, or somebody signs in again.
        let _ = tokio::time::timeout(ACCOUNT_PATIENCE, self.accounts.ended()).await;
        upkeep::note_uses(&self.store, &self.applications).await;
        set_clock::note(&self.store, &*self.clock).await;
        self.store.clone().close().await?;
        anyhow::ensure!(
            !journal_failed,
            "the journal could not be written; nothing was lost, but sending stopped"
        );
        Ok(())
    }
}

/// The queue: a file in the data folder, or on a server.
pub async fn open_queue(config: &Config, now: Timestamp) -> Result<Store, OpenError> {
    match &config.database {
        Some(database) => Store::connect(&database.server(&config.data_dir), now).await,
        None => Store::open(&config.data_dir, now),
    }
}

/// Routes, their lines, and what rings when a line is nearly empty.
type Routes = (Vec<Route>, Vec<Arc<Line>>, Arc<Notify>);

/// The route of real mail, and that of practice mail, which is a way of its own. Their lines ring the bell when they are nearly empty.
fn routes(settings: &Settings, practice: &Practice, paths: &ReturnPaths) -> anyhow::Result<Routes> {
    let low = Arc::new(Notify::new());
    let route = |practice, upstreams| {
        Route::new(practice, settings.clone(), upstreams, Arc::clone(&low), paths.clone())
    };
    let mailbox = upstream(&Arc::new(practice_server(practice)))?;
    let routes = vec![route(false, upstreams(&settings.now())?), route(true, vec![mailbox])];
    let lines = routes.iter().map(|route| Arc::clone(&route.line)).collect();
    Ok((routes, lines, low))
}

/// Where secrets are sealed, and the accounts at mail providers, whose tokens are such.
fn sealing(
    store: &Store,
    clock: &Arc<dyn Clock>,
    settings: &Settings,
    source: Option<Source>,
    alarms: &Alarms,
) -> (Sealing, MailAccounts) {
    let sealing = Sealing::new(store, settings, source.map(Arc::new).as_ref(), alarms);
    let accounts = MailAccounts::new(store, clock, settings, &sealing, alarms);
    (sealing, accounts)
}

/// The servers to which real mail goes; none where it waits.
pub(crate) fn upstreams(config: &Config) -> anyhow::Result<Vec<Upstream>> {
    match &config.sending.way {
        Way::Servers(servers) => servers.iter().map(upstream).collect(),
        Way::None | Way::Practice => Ok(Vec::new()),
    }
}

fn upstream(server: &Arc<Server>) -> anyhow::Result<Upstream> {
    let tls = match server.encryption {
        Encryption::Plain => None,
        _ => Some(tls::client_config(server.ca_file.as_deref()).with_context(|| {
            format!("{}: the certificates that are trusted could not be read", server.name)
        })?),
    };
    Ok(Upstream::new(Arc::clone(server), tls))
}

/// The practice mailbox as a server: on loopback, without encryption or login.
fn practice_server(mailbox: &Practice) -> Server {
    let (connections, messages_per_connection) = (10, 1000);
    Server { connections, messages_per_connection, ..Server::plain("practice", mailbox.address()) }
}

/// What follows from the last end and from the way of sending, before anything is sent.
async fn begin(
    store: &Store,
    config: &Config,
    source: Option<&Source>,
    alarms: &Alarms,
    recovered: &Recovered,
    now: Timestamp,
) -> anyhow::Result<()> {
    if !config.sending.way.sends() {
        // Real mail waits for a way of sending, and is not given up meanwhile.
        store.stop_ageing(false, now).await?;
    }
    crate::preferences::at_start(store, &config.sending.way, now).await?;
    set_clock::tell(store, alarms, now).await?;
    end_alarms_of_no_server(store, config, alarms).await?;
    lost_secrets::begin(store, &config.sealing_key, source, alarms).await?;
    if let Some(of) = attention::restored(store).await? {
        alarms.raise(AlarmKind::Restored, RESTORED, words_of_restored(of));
    }
    tell_of_interrupted_runs(store, alarms).await?;
    if recovered.refused == 0 {
        alarms.clear(AlarmKind::BrokenMessage, doors::REFUSED_OUTCOMES);
    }
    // A person is told of what was set aside at its third strike.
    if recovered.restarted.struck_out > 0 {
        let text = "A message was being sent each of the three times that the program ended abnormally, and was set aside. The other mail is not affected. Show it to your IT person.";
        alarms.raise(AlarmKind::BrokenMessage, attention::AT_START, text);
    }
    Ok(())
}

/// A server that mail does not go to any more is not at fault.
async fn end_alarms_of_no_server(
    store: &Store,
    config: &Config,
    alarms: &Alarms,
) -> Result<(), store::Error> {
    let servers: &[Arc<Server>] = match &config.sending.way {
        Way::Servers(servers) => servers,
        Way::None | Way::Practice => &[],
    };
    for alarm in store.alarms_to_tell().await? {
        let of_a_server = alarm.subject.starts_with("server") || Provider::named(&alarm.subject).is_some();
        if of_a_server && servers.iter().all(|server| server.name != alarm.subject) {
            alarms.server_works(&alarm.subject);
        }
    }
    Ok(())
}

fn words_of_restored(of: Timestamp) -> String {
    let at = TimeZone::system().to_datetime(of).strftime("%a %-d %b %H:%M").to_string();
    format!(
        "{} What was unfinished then is set aside, as it may have been sent since. Look through it, then go on sending with: bookpost queue resume",
        words::restored(&at)
    )
}

/// The queue belongs to one process: a run that is not finished at its start never will be.
async fn tell_of_interrupted_runs(store: &Store, alarms: &Alarms) -> Result<(), store::Error> {
    let runs = store.runs(attention::RUNS).await?;
    let is_missed = |run: &&store::Run| !attention::was_repeated(run, &runs) && !attention::was_stopped(run);
    for run in runs.iter().filter(|run| run.finished_at.is_none()).filter(is_missed) {
        let made: u64 = run.states.values().sum();
        let text = format!(
            "The notice run {} over {} broke off when Bookpost ended: {} made, and the rest were not. Run the export again: who was written to is left out.",
            run.id.0,
            run.source,
            counted(made, "notice was", "notices were")
        );
        alarms.raise(AlarmKind::RunInterrupted, &format!("run {}", run.id.0), text);
    }
    Ok(())
}

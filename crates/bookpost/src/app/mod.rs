//! The program put together: opens everything in the right order, makes the channels between the parts, ends them again.

pub mod clock;
pub mod commands;
mod doors;
mod notice_run;
mod upkeep;

use std::sync::{Arc, Mutex, OnceLock, atomic::AtomicI64};

use anyhow::Context;
use mail::clock::Clock;
use rand::{SeedableRng, rngs::StdRng};
use store::Store;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
};

use crate::{
    alarms::{self, Alarms},
    config::{Config, Encryption, Server, Way},
    deliver::{
        conclude::Rules,
        practice::Practice,
        route::{Delivery, Route, Upstream},
        tls,
    },
    queue::{
        journal::Journal,
        settler, start,
        worker::{self, Activity, Handle, Leases, Parts, Worker},
    },
    receive::Receiver,
    returns,
};

/// Bookpost, running.
pub struct App {
    /// What it was started with.
    pub config: Arc<Config>,
    /// The queue on disk.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The way in.
    pub receiver: Receiver,
    /// The dispatcher.
    pub worker: Handle,
    /// The practice mailbox. Practice mail goes there whatever the way of sending is.
    pub practice: Practice,
    pub(crate) dice: Arc<Mutex<StdRng>>,
    alarms: Alarms,
    tasks: JoinSet<()>,
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
    pub practice_rules: Vec<crate::deliver::practice::Rule>,
    /// Called at the named steps of a message; for crash tests.
    pub at_step: Option<fn(&'static str)>,
}

impl App {
    /// Opens the queue, sorts out the last end, starts all parts.
    pub async fn start(config: Config, start: Start) -> anyhow::Result<Self> {
        let config = Arc::new(config);
        let clock = start.clock;
        let mut dice = StdRng::seed_from_u64(start.seed);
        let store = Store::open(&config.data_dir, clock.now())?;
        let (journal, replay) =
            Journal::open(&config.data_dir.join("journal"), store.store_id(), store.epoch(), &start.boot_id)?;
        let policy = config.sending.in_doubt;
        let recovered =
            start::recover(&store, &journal, replay, policy, &config.schedule, clock.now(), &mut dice)
                .await?;
        let practice = Practice::start(&config.data_dir.join("practice"), start.practice_rules).await?;

        let mut tasks = JoinSet::new();
        let way_in = Arc::new(OnceLock::new());
        let by_mail = doors::alarm_by_mail(Arc::clone(&config), Arc::clone(&way_in), Arc::clone(&clock));
        let (alarms, work) =
            alarms::alarms(store.clone(), Arc::clone(&clock), config.alarms.clone(), by_mail);
        tasks.spawn(work);
        let (handle, inbox) = worker::inbox();
        let unsettled = Arc::new(AtomicI64::new(0));
        let (settler, work) = settler::settler(
            store.clone(),
            journal.clone(),
            Arc::clone(&clock),
            doors::settled(Arc::clone(&unsettled), handle.clone(), alarms.clone()),
        );
        tasks.spawn(work);
        let (effects, told) = mpsc::unbounded_channel();
        let delivery = Arc::new(Delivery {
            journal,
            settler,
            clock: Arc::clone(&clock),
            dice: Mutex::new(StdRng::from_rng(&mut dice)),
            ehlo_name: config.sending.ehlo_name.clone(),
            effects,
            unsettled,
            at_step: start.at_step,
        });
        let low = Arc::new(Notify::new());
        let routes = routes(&config, &practice, &low)?;
        let lines = routes.iter().map(|route| Arc::clone(&route.line)).collect();
        let leases = Arc::new(Leases::new(store.epoch()));
        let fresh = doors::Lines::new(&routes, Arc::clone(&leases), handle.clone(), Arc::clone(&delivery));
        let receiver = Receiver::new(store.clone(), Arc::clone(&clock), Arc::new(fresh));
        let _ = way_in.set(receiver.clone());
        let worker = Worker::new(Parts {
            store: store.clone(),
            delivery,
            alarms: alarms.clone(),
            routes,
            told,
            low,
            leases,
            alone: recovered.restarted.alone > 0,
            inbox,
        });
        tasks.spawn(worker.run());
        let dice = Arc::new(Mutex::new(dice));
        tasks.spawn(returns::run(returns::Returns {
            config: Arc::clone(&config),
            store: store.clone(),
            clock: Arc::clone(&clock),
            fresh: receiver.clone(),
            alarms: alarms.clone(),
            dice: Arc::clone(&dice),
        }));
        tasks.spawn(upkeep::run(upkeep::Upkeep {
            config: Arc::clone(&config),
            store: store.clone(),
            clock: Arc::clone(&clock),
            alarms: alarms.clone(),
            lines,
        }));
        Ok(Self { config, store, clock, receiver, worker: handle, practice, alarms, dice, tasks })
    }

    /// Gives back what has not passed the point of no return, waits for the rest (bounded), closes the queue.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.worker.drain();
        let mut activity = self.worker.activity.clone();
        let ended = activity.wait_for(|activity| matches!(activity, Activity::Ended { .. })).await;
        let journal_failed = matches!(ended.as_deref(), Ok(Activity::Ended { journal_failed: true }));
        self.tasks.shutdown().await;
        self.store.close().await?;
        anyhow::ensure!(
            !journal_failed,
            "the journal could not be written; nothing was lost, but sending stopped"
        );
        Ok(())
    }
}

/// The route of the configured way of sending, if there is one, and that of practice mail, which is a way of its own.
fn routes(config: &Config, practice: &Practice, low: &Arc<Notify>) -> anyhow::Result<Vec<Route>> {
    let rehearsal = route(config, true, &[Arc::new(practice_server(practice))], low)?;
    match &config.sending.way {
        Way::Servers(servers) => Ok(vec![route(config, false, servers, low)?, rehearsal]),
        Way::Practice | Way::None => Ok(vec![rehearsal]),
    }
}

fn route(
    config: &Config,
    practice: bool,
    servers: &[Arc<Server>],
    low: &Arc<Notify>,
) -> anyhow::Result<Route> {
    let upstream = |server: &Arc<Server>| {
        let tls = match server.encryption {
            Encryption::Plain => None,
            _ => Some(tls::client_config(server.ca_file.as_deref()).with_context(|| {
                format!("{}: the certificates that are trusted could not be read", server.name)
            })?),
        };
        anyhow::Ok(Upstream::new(Arc::clone(server), tls))
    };
    let upstreams = servers.iter().map(upstream).collect::<Result<_, _>>()?;
    let rules = Rules { schedule: config.schedule, in_doubt: config.sending.in_doubt, practice };
    Ok(Route::new(rules, upstreams, Arc::clone(low)))
}

/// The practice mailbox as a server: on loopback, without encryption or login.
fn practice_server(mailbox: &Practice) -> Server {
    Server {
        name: "practice".into(),
        host: mailbox.address().ip().to_string(),
        port: mailbox.address().port(),
        encryption: Encryption::Plain,
        allow_non_secure: true,
        password_on_plain: false,
        login: None,
        ca_file: None,
        connections: 10,
        messages_per_connection: 1000,
    }
}

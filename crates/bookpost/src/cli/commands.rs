//! What the commands ask of the whole program.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use store::{Actor, AlarmKind, Store};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc::UnboundedSender, watch},
    task::JoinHandle,
};

use super::{
    broker,
    control::{self, Checked, Progress, Reply, Request, RunRequest, SchedulesRequest, WebhooksRequest},
    failures, keys, people, queue, webhooks,
};
use crate::{
    app::{App, Start, drop_folder, secret_dice},
    config::{Config, Loaded},
    events,
    identity::Refusal,
    receive::{local, maildrop, smtp},
    web,
};

/// At the end, answers that are owed to applications are waited for this long.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// The service, until it is told to stop.
pub async fn serve(loaded: Loaded) -> anyhow::Result<()> {
    serve_and_say(loaded, async |app, pages| say_how_to_set_up(app, pages).await).await
}

/// The same; once it works, `say` tells where the pages are.
pub(super) async fn serve_and_say(
    loaded: Loaded,
    say: impl AsyncFnOnce(&App, Option<SocketAddr>),
) -> anyhow::Result<()> {
    let Loaded { config, source, .. } = loaded;
    // Asked for first, so that a signal during the start is not lost.
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // Before the addresses are asked for, which another one here has too.
    Store::check_free(&config.data_dir)?;
    // Before anything is sent: what would end the program again at each start must not leave mail in doubt each time.
    let listener =
        match config.listen {
            None => None,
            Some(address) => {
                let bound = web::Listening::bind(address).await;
                Some(bound.with_context(|| {
                    format!("cannot listen on {address}, as `listen` in the settings says")
                })?)
            }
        };
    let pages = listener.as_ref().and_then(web::Listening::address);
    let doors = smtp::Listening::bind(&config.doors.smtp).await?;
    check_maildrop(config.doors.sendmail.maildrop.as_deref())?;
    let app =
        Arc::new(App::start(config, Start { source: Some(source), ..Start::of_this_machine()? }).await?);
    app.make_key().await;
    let (end, ends) = watch::channel(false);
    let mut opened = open_doors(&app, listener, doors, ends);
    if opened.is_ok() {
        app.call_while_all_is_well().await;
        tracing::info!(folder = %app.settings.now().data_dir.display(), "Bookpost works");
        say(&app, pages).await;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = app.broken() => {}
        }
        tracing::info!("finishing what is under way");
    }
    end.send_replace(true);
    if let Ok(doors) = &mut opened {
        // Who has been accepted hears so before the queue is closed.
        let _ = tokio::time::timeout(LAST_ANSWERS, doors).await;
    }
    let stopped = app.stop().await;
    opened.map(drop).and(stopped)
}

/// Lets in commands, whoever asks over HTTP, applications, and exports. The task that it gives ends with the last connection of an
/// application.
///
/// The control socket needs the lock of the queue, which `app` holds.
fn open_doors(
    app: &Arc<App>,
    listening: Option<web::Listening>,
    doors: smtp::Listening,
    ends: watch::Receiver<bool>,
) -> anyhow::Result<JoinHandle<()>> {
    let files = app.settings.now().web.certificate.clone();
    let listening = listening.map(|listening| listening.with(files, app.alarms.clone())).transpose()?;
    let smtp = Arc::new(smtp::Door::new(app.submitter(), app.alarms.clone(), Arc::new(app.incoming()))?);
    let doors = doors.and_locally(local::bind(&app.settings.now().doors.sendmail)?);
    let socket = control::bind(&app.settings.now().data_dir).context("the control socket cannot be made")?;
    let asked = Arc::clone(app);
    tokio::spawn(control::serve(socket, move |request, progress| {
        let app = Arc::clone(&asked);
        async move { app.answer(request, progress).await }
    }));
    let (sources, mut end) = (app.sources(), ends.clone());
    let web = async move {
        let Some(listening) = listening else { return };
        let end = async move { drop(end.wait_for(|ends| *ends).await) };
        if let Err(error) = web::serve(listening, sources, end).await {
            tracing::error!(%error, "nobody can ask over HTTP any more");
        }
    };
    let serving = tokio::spawn(async move {
        tokio::join!(smtp.serve(doors, ends), web);
    });
    tokio::spawn(drop_folder::watch(Arc::clone(app)));
    tokio::spawn(app.schedules.clone().watch());
    let sendmail = &app.settings.now().doors.sendmail;
    if sendmail.socket.is_some() || sendmail.maildrop.is_some() {
        let known = app.applications.local(&sendmail.application);
        tracing::info!(application = sendmail.application, "{}", who_may_send(known.err()));
    } else {
        tracing::info!(
            "the sendmail command is not let in: neither `sendmail.socket` nor `sendmail.maildrop` is set"
        );
    }
    if let Some(folder) = sendmail.maildrop.clone() {
        tokio::spawn(watch_maildrop(Arc::clone(app), folder));
    }
    Ok(serving)
}

/// Where the pages are. While nobody can sign in, whoever reads the log can become the administrator.
async fn say_how_to_set_up(app: &App, pages: Option<SocketAddr>) {
    let Some(bound) = pages else { return };
    let config = app.settings.now();
    tracing::info!("the pages are at {}", web::reached(&config, bound).join(", "));
    match people::set_up_line(&app.people, &web::for_links(&config, pages)).await {
        // Whoever wants few words needs these all the same.
        Ok(line) => line.iter().for_each(|line| tracing::warn!("{line}")),
        Err(error) => tracing::warn!(%error, "no link for setting up could be made"),
    }
}

/// What the programs of this machine may, in words: without an application they send as they like, and with one only what it may.
fn who_may_send(refusal: Option<Refusal>) -> String {
    match refusal {
        Some(Refusal::Unknown) => {
            "the sendmail command may send from any address: no application of this name was added".to_owned()
        }
        Some(why) => format!("the sendmail command may send nothing: {why}"),
        None => "the sendmail command may send from the addresses that this application may use, and from no other".to_owned(),
    }
}

/// A folder in which others can do away with mail is refused. One that is not there yet is told by an alarm.
fn check_maildrop(folder: Option<&Path>) -> anyhow::Result<()> {
    let Some(folder) = folder.filter(|folder| folder.exists()) else { return Ok(()) };
    maildrop::check(folder).with_context(|| {
        format!("the folder {} cannot be used, as `sendmail.maildrop` in the settings says", folder.display())
    })
}

/// Takes what the `sendmail` command left while there was no service.
async fn watch_maildrop(app: Arc<App>, folder: PathBuf) {
    let parts = maildrop::Parts {
        folder,
        settings: app.settings.clone(),
        clock: Arc::clone(&app.clock),
        receiver: app.receiver.clone(),
        alarms: app.alarms.clone(),
        dice: Arc::clone(&app.dice),
    };
    let submitter = app.submitter();
    maildrop::watch(parts, |dropped| maildrop::accept(dropped, &submitter)).await;
}

impl App {
    /// Carries out what a command asks for over the control socket.
    pub async fn answer(&self, request: Request, progress: UnboundedSender<Progress>) -> Reply {
        match request {
            Request::Queue(request) => self.decisions.of_command(request).await,
            Request::Applications(request) => self.programs().carry_out(request, Actor::CommandLine).await,
            Request::Keys(request) => {
                let _alone = self.sealing.alone().await;
                let key = &self.settings.now().sealing_key;
                let source = self.sealing.source();
                let reply = keys::perform(&self.store, request, key, source, &mut secret_dice()).await;
                self.sealing.look().await;
                reply
            }
            Request::Broker(request) => {
                let (config, who) = (self.settings.now(), Actor::CommandLine);
                let (mut dice, now) = (secret_dice(), self.clock.now());
                broker::perform(&self.store, request, &config, who, &mut dice, now).await
            }
            Request::Webhooks(request) => self.about_webhooks(request).await,
            Request::Preferences(request) => self.about_preferences(request).await,
            Request::Sites(request) => self.about_sites(request).await,
            Request::People(request) => {
                let config = self.settings.now();
                let pages = web::for_links(&config, config.listen);
                let place = people::Place { sites: &config.sites, pages: &pages };
                people::perform(
                    &self.store,
                    request,
                    place,
                    Actor::CommandLine,
                    &mut secret_dice(),
                    self.clock.now(),
                )
                .await
            }
            Request::Run(request) => self.notices.run(request, true, progress).await,
            Request::Schedules(request) => self.about_schedules(request, true).await,
            Request::TakeExport { name } => {
                let (folder, now) = (&self.settings.now().notices.drop_folder, self.clock.now());
                drop_folder::take(&self.store, folder, &name, Actor::CommandLine, now).await
            }
            Request::SendAgain(asked) => self.send_again(asked).await,
            Request::Samples { export, to } => self.samples(export, to).await,
            Request::StopRun { run } => self.stop_run(run).await,
            Request::Check => Reply::Check(self.check().await),
            Request::Today { since } => {
                let (sites, now) = (&self.settings.now().sites, self.clock.now());
                queue::today::answer(&self.store, sites, since, now).await
            }
        }
    }
}

impl App {
    /// As for `/healthz`, with the numbers.
    async fn check(&self) -> Checked {
        let sources = self.sources();
        let health = web::health(&sources).await;
        let counts = self.store.counts().await;
        let oldest_at = counts.as_ref().ok().and_then(|counts| counts.oldest_waiting_at);
        let oldest = oldest_at.map_or(0, |at| self.clock.now().duration_since(at).as_secs());
        // That they cannot be read is among what makes it unwell.
        let alarms = self.store.alarms(true, queue::ALARMS).await.unwrap_or_default();
        Checked::of(health, counts, alarms, u64::try_from(oldest).unwrap_or(0))
    }

    async fn about_webhooks(&self, request: WebhooksRequest) -> Reply {
        let seals = matches!(request, WebhooksRequest::Add { .. });
        let _sealing = if seals { Some(self.sealing.with_key().await) } else { None };
        let (key, mut dice) = (&self.settings.now().sealing_key, secret_dice());
        let reply = webhooks::perform(&self.store, request, key, &mut dice, self.clock.now()).await;
        if let Reply::WebhookRemoved(webhook) = &reply {
            self.alarms.clear(AlarmKind::Webhook, &events::alarm_subject(webhook.id));
            self.sealing.look().await;
        }
        reply
    }
}

/// One notice run with no service running: makes every first attempt itself.
pub async fn run_notices(config: Config, request: RunRequest, progress: UnboundedSender<Progress>) -> Reply {
    let run = async |app: &App| app.notices.run(request, false, progress).await;
    with_app(config, run).await.unwrap_or_else(|error| failures::reply(&error))
}

/// What is scheduled and due, or asked for by name, with no service running.
pub async fn run_schedules(config: Config, request: SchedulesRequest) -> Reply {
    let run = async |app: &App| app.about_schedules(request, false).await;
    with_app(config, run).await.unwrap_or_else(|error| failures::reply(&error))
}

/// What needs the whole program, with no service running: mail that it makes has its first attempt.
pub async fn send_now(config: Config, request: Request) -> Reply {
    let (progress, _told) = tokio::sync::mpsc::unbounded_channel();
    let send = async |app: &App| {
        let reply = app.answer(request, progress).await;
        app.worker.quiet().await;
        reply
    };
    with_app(config, send).await.unwrap_or_else(|error| failures::reply(&error))
}

async fn with_app(config: Config, run: impl AsyncFnOnce(&App) -> Reply) -> anyhow::Result<Reply> {
    let app = App::start(config, Start::of_this_machine()?).await?;
    let reply = run(&app).await;
    app.stop().await?;
    Ok(reply)
}

/// A sample library in `folder`, from an export to the practice mailbox; where `serves`, with its pages, until it is told to stop.
pub async fn demo(folder: PathBuf, serves: bool) -> anyhow::Result<()> {
    super::demo::run(&folder).await?;
    if serves { super::demo::serve(&folder).await } else { super::demo::without_pages() }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn a_maildrop_in_which_others_can_delete_mail_is_refused_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        check_maildrop(None).unwrap();
        check_maildrop(Some(&folder.path().join("not there yet"))).unwrap();
        check_maildrop(Some(folder.path())).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o733)).unwrap();
        let said = format!("{:#}", check_maildrop(Some(folder.path())).unwrap_err());
        assert!(said.contains("`sendmail.maildrop`") && said.contains("chmod +t"), "{said}");
    }

    #[test]
    fn it_is_said_what_programs_of_this_machine_may() {
        for (refusal, words) in [
            (Some(Refusal::Unknown), "from any address"),
            (Some(Refusal::Disabled), "may send nothing: this application is disabled"),
            (None, "from no other"),
        ] {
            assert!(who_may_send(refusal).contains(words), "{refusal:?}");
        }
    }
}

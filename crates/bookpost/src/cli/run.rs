//! From the command to its end.

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use jiff::tz::TimeZone;
use mail::{Address, clock::Clock};
use serde::Serialize;
use store::{Actor, Filter, OpenError, State, Store};
use tokio::sync::{mpsc, oneshot};

use super::{
    Exit, accounts, applications,
    args::{
        Arguments, Certificate, Command, ConfigCommand, Install, LogForm, Migrate, Output, QueuePlace,
        Sample, preferences::Preferences,
    },
    backup, broker, certificate as own_certificate, check, commands,
    control::{
        self, AccountRequest, Checked, Failure, Grade, PreferencesRequest, QueueRequest, Reply, Request,
    },
    failures, install, keys, log, manual, migrate, notices, people, preferences,
    progress::Bar,
    queue, schedules, sendmail, servers,
    show::{self, Sends},
    sites, webhooks,
};
use crate::{
    app::{clock::SystemClock, drop_folder, notice_run, open_queue, schedules::Desk, secret_dice},
    config::{self, Config, Loaded, Surroundings},
    notices::{BUILT_IN, import::Aliases},
    receive::{
        certificate::{self, For},
        maildrop,
    },
    secrets, web,
};

/// A command without a service asks for the queue so often, and so long after each time.
const ASKS: u32 = 100;
const ASKS_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Carries the command out and says on standard output what came of it, on standard error what went wrong.
pub(super) fn run(arguments: Arguments) -> Exit {
    match carry_out(arguments) {
        Ok(exit) => exit,
        Err(Stop(exit, message)) => {
            complain(&message);
            exit
        }
    }
}

/// Why a command ends before it has a reply.
pub(super) struct Stop(pub(super) Exit, pub(super) String);

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self(Exit::after(failures::of(&error)), failures::told(&error))
    }
}

impl From<(Failure, String)> for Stop {
    fn from((failure, message): (Failure, String)) -> Self {
        Self(Exit::after(failure), message)
    }
}

fn carry_out(arguments: Arguments) -> Result<Exit, Stop> {
    let Arguments { config: file, log: form, command } = arguments;
    let load = || load(file.as_deref(), form);
    match command {
        Command::Config(ConfigCommand::Sample(wanted)) => print(sample(&wanted).as_bytes()),
        Command::Config(ConfigCommand::Check) => check_configuration(&load()?),
        Command::Check { output } => watched(load(), output),
        Command::Sendmail { words } => Ok(sendmail::main(words)),
        Command::Install(wanted) => set_up(wanted),
        Command::Completions { shell } => print(&manual::completions(shell)),
        Command::Manual { to } => write_manual(&to),
        Command::Demo { dir, no_serve } => {
            log::start(form, "warn");
            runtime()?.block_on(commands::demo(dir, at_a_terminal() && !no_serve))?;
            Ok(Exit::Done)
        }
        Command::Serve { listen } => {
            let around = Surroundings::of_this_process().with_option("listen", listen);
            let loaded = load_in(file.as_deref(), form, &around)?;
            loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            runtime()?.block_on(commands::serve(loaded))?;
            Ok(Exit::Done)
        }
        Command::Queue(command) => {
            let (request, output) = queue::asked::request(command)?;
            ask(load()?, request, output)
        }
        Command::Applications(command) => {
            let (request, output) = applications::request(command)?;
            ask(load()?, Request::Applications(request), output)
        }
        Command::Webhooks(command) => {
            let (request, output) = webhooks::request(command);
            ask(load()?, Request::Webhooks(request), output)
        }
        Command::Preferences(command) => about_preferences(command, form, load),
        Command::Sites(command) => {
            let (request, output) =
                sites::request(command).map_err(|error| Stop(Exit::Data, format!("{error:#}")))?;
            ask(load()?, Request::Sites(request), output)
        }
        Command::People(command) => {
            let (request, output) = people::request(command)?;
            ask(load()?, Request::People(request), output)
        }
        Command::Log(wanted) => {
            let (request, output) = people::log_request(wanted)?;
            ask(load()?, Request::People(request), output)
        }
        Command::Certificate(Certificate::SelfSigned { name, to, output }) => {
            tell(&own_certificate::self_signed(&name, &to, SystemClock::start().now()), output)
        }
        Command::Keys(command) => {
            let (request, output) = keys::request(command);
            ask(load()?, Request::Keys(request), output)
        }
        Command::Broker(command) => {
            let (request, output) = broker::request(command);
            ask(load()?, Request::Broker(request), output)
        }
        Command::Notices(command) => {
            let (request, output) = notices::request(command)?;
            ask(load()?, request, output)
        }
        Command::Backup { file, check: true, output, .. } => tell(&backup::look_into(&file), output),
        Command::Backup { file, force, output, .. } => back_up(&load()?.config, file, force, output),
        Command::Migrate(wanted) => move_queue(&wanted, file.as_deref(), form),
        Command::Restore { file, data_dir: Some(to), output } => {
            restore(&file, backup::Place::of(to), output)
        }
        Command::Restore { file, data_dir: None, output } => {
            restore(&file, backup::Place::from(load()?.config), output)
        }
    }
}

fn about_preferences(
    command: Preferences,
    form: LogForm,
    load: impl FnOnce() -> Result<Loaded, Stop>,
) -> Result<Exit, Stop> {
    match command {
        Preferences::Settings(command) => {
            let (request, output) =
                preferences::request(command).map_err(|message| Stop(Exit::Usage, message))?;
            ask(load()?, Request::Preferences(request), output)
        }
        Preferences::Connect { provider, another, send_by, device_code, output } => {
            let loaded = load()?;
            if let Some(by) = send_by {
                let reply = asked(&loaded, Request::Preferences(preferences::hand_over_by(provider, by)))?;
                if !matches!(reply, Reply::PreferencesChanged(_)) {
                    return tell(&reply, output);
                }
            }
            let ask = |request| asked(&loaded, Request::Preferences(PreferencesRequest::Account(request)));
            let connect = if device_code { accounts::connect_with_code } else { accounts::connect };
            tell(&connect(provider, another, &ask, &complain)?, output)
        }
        Preferences::Disconnect { provider, yes, output } => {
            let loaded = load()?;
            let ask = |request| asked(&loaded, Request::Preferences(PreferencesRequest::Account(request)));
            tell(&accounts::disconnect(provider, yes, &ask, &complain)?, output)
        }
        Preferences::Test { provider, server, to, json } => {
            let to = to.as_deref().map(address).transpose()?;
            let server = provider.map_or(servers::Which::Own(server), servers::Which::Of);
            try_server(&load()?, servers::Test { server, to, json })
        }
        Preferences::TestSignInService { output } => {
            let loaded = load()?;
            tell(&runtime()?.block_on(broker::test(&loaded.config)), output)
        }
        Preferences::Ports { server, host, output } => look_at_ports(&load()?, server, host, output),
        Preferences::Arrived { found, provider, server, output } => {
            let loaded = load()?;
            let which = provider.map_or(servers::Which::Own(server), servers::Which::Of);
            let request = servers::arrived(&loaded.config, which, found)?;
            ask(loaded, Request::Preferences(request), output)
        }
        Preferences::Suggest { address, output } => suggest_servers(&address, form, output),
    }
}

fn write_manual(to: &Path) -> Result<Exit, Stop> {
    manual::write(to).with_context(|| format!("cannot write into {}", to.display()))?;
    Ok(Exit::Done)
}

/// Is somebody there who reads, and can stop what goes on?
fn at_a_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

fn back_up(config: &Config, file: PathBuf, force: bool, output: Output) -> Result<Exit, Stop> {
    let bar = Bar::of_copy(!output.json);
    let reply = runtime()?.block_on(backup::make(config, file, force, &bar));
    drop(bar);
    tell(&reply, output)
}

fn move_queue(wanted: &Migrate, file: Option<&Path>, form: LogForm) -> Result<Exit, Stop> {
    let around = Surroundings::of_this_process();
    let loaded = match wanted.from {
        QueuePlace::Sqlite => config::load_in_folder(file, &around),
        QueuePlace::Postgres => config::load(file, &around),
    };
    let loaded = loaded.map_err(|problems| Stop(Exit::Config, problems.to_string()))?;
    log::start(form, &loaded.config.log);
    let bar = Bar::new(!wanted.output.json);
    let reply = runtime()?.block_on(migrate::perform(loaded, wanted, &bar));
    drop(bar);
    tell(&reply, wanted.output)
}

fn restore(file: &Path, to: backup::Place, output: Output) -> Result<Exit, Stop> {
    tell(&backup::restore(file, to, SystemClock::start().now()), output)
}

fn try_server(loaded: &Loaded, asked: servers::Test) -> Result<Exit, Stop> {
    let say = |line: String| drop(print(format!("{line}\n").as_bytes()));
    let (wants, wanted) = oneshot::channel();
    let (answers, told) = oneshot::channel();
    let renew = |provider| async move {
        let _ = wants.send(provider);
        told.await.unwrap_or_else(|_| accounts::renewed(Err(anyhow::anyhow!("nobody was asked"))))
    };
    // Only the service asks for it, and only where it is wanted.
    let asks = async {
        if let Ok(provider) = wanted.await {
            let request = PreferencesRequest::Account(AccountRequest::Renew { provider });
            let bar = Bar::new(false);
            let said = Box::pin(answer(loaded.clone(), Request::Preferences(request), &bar)).await;
            let _ = answers.send(accounts::renewed(said));
        }
    };
    let both = async { tokio::join!(servers::test(&loaded.config, asked, renew, say), asks) };
    let (tested, ()) = runtime()?.block_on(both);
    let (exit, tested) = tested?;
    for one in tested {
        note_test(loaded, one);
    }
    Ok(exit)
}

fn look_at_ports(loaded: &Loaded, server: u8, host: Option<String>, output: Output) -> Result<Exit, Stop> {
    let (found, tested) = runtime()?.block_on(servers::ports(&loaded.config, server, host))?;
    note_test(loaded, tested);
    if output.json { print_json(&found) } else { print(show::servers::ports(&found).as_bytes()) }
}

/// Puts into the log that a server was tested.
fn note_test(loaded: &Loaded, tested: PreferencesRequest) {
    // Without a queue there is no log; that it cannot be written takes nothing from the test.
    if loaded.config.data_dir.exists() {
        let why = match asked(loaded, Request::Preferences(tested)) {
            Ok(Reply::Failed { message, .. }) => Some(message),
            Ok(_) => None,
            Err(error) => Some(failures::told(&error)),
        };
        if let Some(why) = why {
            complain(&format!("note: the test does not stand in the log: {why}"));
        }
    }
}

fn suggest_servers(wanted: &str, form: LogForm, output: Output) -> Result<Exit, Stop> {
    let wanted = address(wanted)?;
    log::start(form, "warn");
    let ehlo_name = Surroundings::of_this_process().host_name.unwrap_or("localhost".to_owned());
    let answer = runtime()?.block_on(servers::suggest(&wanted, &ehlo_name))?;
    if output.json {
        return print_json(&answer);
    }
    print(show::servers::suggestions(&answer).as_bytes())
}

/// On standard output in any case: that is what a monitoring system shows.
fn watched(loaded: Result<Loaded, Stop>, output: Output) -> Result<Exit, Stop> {
    let checked = match loaded.and_then(|loaded| Ok(runtime()?.block_on(check::ask(&loaded.config)))) {
        Ok(checked) => checked,
        Err(Stop(_, why)) => Checked::without_numbers(Grade::Unknown, why),
    };
    tell(&Reply::Check(checked), output)
}

/// Says everything about the configuration, and what of it cannot be used.
fn check_configuration(loaded: &Loaded) -> Result<Exit, Stop> {
    print(loaded.describe().as_bytes())?;
    loaded.warnings.iter().for_each(|warning| complain(&format!("note: {warning}")));
    notice_run::check(&loaded.config).map_err(|message| Stop(Exit::Config, message))?;
    let smtp = loaded.config.doors.smtp.certificate.as_ref().map(|files| (files, For::Smtp));
    let web = loaded.config.web.certificate.as_ref().map(|files| (files, For::Web));
    for (files, of) in smtp.into_iter().chain(web) {
        certificate::check(files, of).map_err(|error| Stop(Exit::Config, error.to_string()))?;
    }
    Ok(Exit::Done)
}

/// What is built in, to begin one's own with.
fn sample(wanted: &Sample) -> String {
    let Some(name) = &wanted.wording else {
        return if wanted.columns { Aliases::built_in() } else { config::SAMPLE }.to_owned();
    };
    let files = BUILT_IN.iter().filter(|(known, _)| known == name).flat_map(|(_, sources)| sources.files());
    match &wanted.file {
        Some(file) => files.filter(|(known, _)| known == file).map(|(_, text)| text).collect(),
        None => {
            files.map(|(file, text)| format!("=== {name}/{file} ===\n{text}\n")).collect::<Vec<_>>().concat()
        }
    }
}

fn set_up(wanted: Install) -> Result<Exit, Stop> {
    let Install { dry_run, remove, purge, root } = wanted;
    if !install::may(rustix::process::geteuid().is_root(), &root, dry_run) {
        let message = "this makes a user, folders and a service: run it with sudo";
        return Err(Stop(Exit::Config, message.to_owned()));
    }
    let binary = std::env::current_exe().context("this program cannot be found on the disk")?;
    let request = install::Request { root, binary, settings: config::SAMPLE, remove, purge, dry_run };
    install::run(&request, &mut std::io::stdout().lock()).context("the installation stopped")?;
    Ok(Exit::Done)
}

fn load(file: Option<&Path>, form: LogForm) -> Result<Loaded, Stop> {
    load_in(file, form, &Surroundings::of_this_process())
}

fn load_in(file: Option<&Path>, form: LogForm, around: &Surroundings) -> Result<Loaded, Stop> {
    let loaded = config::load(file, around).map_err(|problems| Stop(Exit::Config, problems.to_string()))?;
    log::start(form, &loaded.config.log);
    Ok(loaded)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the program cannot start its threads")
}

/// Has the request answered, by the service if one runs, and prints the answer. No command but `serve` makes a queue where there is
/// nothing.
fn ask(loaded: Loaded, request: Request, output: Output) -> Result<Exit, Stop> {
    loaded.source.installed().map_err(|problems| Stop(Exit::Config, problems.to_string()))?;
    let config = &loaded.config;
    let bar = Bar::new(matches!(request, Request::Run(_)) && !output.json);
    let (sends, off) = (Sends::of(&config.sending), config.sending.is_off());
    let (done, left) = (done(&request), left_in_maildrop(config, &request));
    let answered = runtime()?.block_on(answer(loaded, request, &bar));
    let mut reply = answered.unwrap_or_else(|error| failures::reply(&error));
    if let Reply::Status(status) = &mut reply {
        // The configuration file may have another way by now.
        status.do_not_send.take_if(|_| !off);
    }
    drop(bar);
    let done = done.map_or(String::new(), |done| format!("{done}\n\n"));
    tell_between(&reply, output, sends, &done, &show::left_in_maildrop(left))
}

/// What the service says to it.
fn asked(loaded: &Loaded, request: Request) -> anyhow::Result<Reply> {
    runtime()?.block_on(answer(loaded.clone(), request, &Bar::new(false)))
}

/// Prints a reply about what is sent by nobody.
fn tell(reply: &Reply, output: Output) -> Result<Exit, Stop> {
    tell_between(reply, output, Sends::NoWay, "", "")
}

/// Prints a reply, for people with what is to stand before and after it.
fn tell_between(
    reply: &Reply,
    output: Output,
    sends: Sends,
    before: &str,
    after: &str,
) -> Result<Exit, Stop> {
    let view = show::View { zone: &TimeZone::system(), sends, now: SystemClock::start().now() };
    if output.json {
        print_json(reply)?;
    } else if matches!(reply, Reply::Failed { .. }) {
        complain(show::text(reply, &view).trim_end());
    } else {
        print(format!("{before}{}{after}", show::text(reply, &view)).as_bytes())?;
    }
    Ok(Exit::of(reply))
}

fn done(request: &Request) -> Option<String> {
    match request {
        Request::Applications(request) => applications::done(request),
        Request::Sites(request) => sites::done(request),
        Request::People(request) => people::done(request),
        _ => None,
    }
}

/// What the sendmail command left and nobody has taken yet: to whoever asks how much waits it is not in the queue, and waits all the same.
fn left_in_maildrop(config: &Config, request: &Request) -> usize {
    let asks_what_waits = match request {
        Request::Queue(QueueRequest::Status) => true,
        Request::Queue(QueueRequest::List { filter, .. }) => {
            **filter == Filter { state: Some(State::Waiting), ..Filter::default() }
        }
        _ => false,
    };
    let folder = config.doors.sendmail.maildrop.as_deref().filter(|_| asks_what_waits);
    folder.map_or(0, maildrop::left)
}

async fn answer(loaded: Loaded, request: Request, bar: &Bar) -> anyhow::Result<Reply> {
    if let Some(reply) = from_service(&loaded.config, &request, bar).await {
        return reply;
    }
    match request {
        Request::Run(request) if !request.preview => {
            let (progress, mut told) = mpsc::unbounded_channel();
            let work = commands::run_notices(loaded.config, request, progress);
            let show = async {
                while let Some(progress) = told.recv().await {
                    bar.show(progress);
                }
            };
            Ok(tokio::join!(work, show).0)
        }
        Request::Schedules(request) if schedules::runs(&request) => {
            Ok(Box::pin(commands::run_schedules(loaded.config, request)).await)
        }
        request @ (Request::SendAgain(_) | Request::Samples { .. }) => {
            Ok(Box::pin(commands::send_now(loaded.config, request)).await)
        }
        request => Box::pin(without_service(loaded, request, bar)).await,
    }
}

/// Opens the queue itself. Where another has it, that may be a service that is just starting, or a command that is just ending:
/// a while is waited for either.
async fn without_service(loaded: Loaded, request: Request, bar: &Bar) -> anyhow::Result<Reply> {
    let clock = SystemClock::start();
    let mut opened = open_queue(&loaded.config, clock.now()).await;
    for _ in 0..ASKS {
        if !matches!(opened, Err(OpenError::InUse { .. })) {
            break;
        }
        tokio::time::sleep(ASKS_AGAIN_AFTER).await;
        if let Some(reply) = from_service(&loaded.config, &request, bar).await {
            return reply;
        }
        opened = open_queue(&loaded.config, clock.now()).await;
    }
    let store = opened?;
    let reply = Box::pin(answer_from(&store, loaded, request, &clock)).await?;
    store.close().await?;
    Ok(reply)
}

/// None: no service answers.
async fn from_service(config: &Config, request: &Request, bar: &Bar) -> Option<anyhow::Result<Reply>> {
    match control::connect(&config.data_dir).await {
        Ok(Some(client)) => {
            let reply = client.ask(request, |progress| bar.show(progress)).await;
            Some(reply.map_err(Into::into))
        }
        Ok(None) => None,
        Err(error) => Some(Ok(failures::of_socket(&config.data_dir, &error))),
    }
}

/// What needs nothing but the queue.
async fn answer_from(
    store: &Store,
    loaded: Loaded,
    request: Request,
    clock: &dyn Clock,
) -> anyhow::Result<Reply> {
    let (Loaded { config, source, .. }, now) = (loaded, clock.now());
    let (sites, key, who, mut dice) = (&config.sites, &config.sealing_key, Actor::CommandLine, secret_dice());
    Ok(match request {
        Request::Queue(request) => queue::perform_noted(store, request, now).await,
        Request::Applications(request) => {
            applications::perform(store, request, sites, who, &mut dice, now).await
        }
        Request::Webhooks(request) => {
            secrets::finish(store, key, &mut dice).await?;
            webhooks::perform(store, request, key, &mut dice, now).await
        }
        Request::Preferences(request) => {
            secrets::finish(store, key, &mut dice).await?;
            preferences::perform(store, &source, request, &mut dice, now).await
        }
        Request::Sites(request) => sites::perform(store, &source, request, &mut dice, now).await,
        Request::People(request) => {
            let pages = web::for_links(&config, config.listen);
            let place = people::Place { sites, pages: &pages };
            people::perform(store, request, place, who, &mut dice, now).await
        }
        Request::Keys(request) => keys::perform(store, request, key, Some(&source), &mut dice).await,
        Request::Broker(request) => broker::perform(store, request, &config, who, &mut dice, now).await,
        // Whoever asks that asks the service.
        Request::Check => {
            Reply::Check(Checked::without_numbers(Grade::Critical, "no service works in this folder"))
        }
        Request::Schedules(request) => {
            let desk = Desk { store, config: &config, clock };
            schedules::perform(&desk, request).await
        }
        Request::TakeExport { name } => {
            drop_folder::take(store, &config.notices.drop_folder, &name, who, now).await
        }
        Request::StopRun { run } => queue::stop_run(store, run, now).await,
        Request::SendAgain(_) | Request::Samples { .. } => anyhow::bail!("this takes the whole program"),
        Request::Today { since } => queue::today::answer(store, sites, since, now).await,
        Request::Run(request) => notice_run::preview(&Arc::new(config), store, now, request).await,
    })
}

pub(super) fn address(text: &str) -> Result<Address, Stop> {
    Address::parse(text)
        .map_err(|error| Stop(Exit::Data, format!("{text:?} is no address to write to: {error}")))
}

fn print_json(answer: &impl Serialize) -> Result<Exit, Stop> {
    let mut text = serde_json::to_string_pretty(answer).context("the answer cannot be written as JSON")?;
    text.push('\n');
    print(text.as_bytes())
}

/// To standard output; a reader that went away (`| head`) is no failure.
fn print(bytes: &[u8]) -> Result<Exit, Stop> {
    match std::io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Stop(Exit::Temporary, format!("the answer cannot be printed: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}

pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_can_be_printed_to_begin_with() {
        let sample = |columns, wording: Option<&str>, file: Option<&str>| {
            sample(&Sample { columns, wording: wording.map(Into::into), file: file.map(Into::into) })
        };
        assert_eq!(sample(false, None, None), config::SAMPLE);
        Aliases::with_overrides(&sample(true, None, None)).unwrap();
        for (name, sources) in BUILT_IN {
            let all = sample(false, Some(name), None);
            for (file, text) in sources.files() {
                assert_eq!(sample(false, Some(name), Some(file)), text);
                assert!(all.contains(&format!("=== {name}/{file} ===\n{text}")), "{all}");
            }
        }
    }

    #[tokio::test]
    async fn a_command_waits_for_whoever_is_just_leaving_the_queue() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            format!("library = \"L\"\ndata_dir = {:?}\n[sending]\nway = \"practice\"\n", folder.path());
        let asked = || async {
            let loaded =
                config::check_text(&text, None, &Surroundings::given([], Some("b.example"))).unwrap();
            Box::pin(answer(loaded, Request::Queue(QueueRequest::Status), &Bar::new(false))).await
        };
        let store = Store::open(folder.path(), SystemClock::start().now()).unwrap();
        let (reply, ()) = tokio::join!(asked(), async { store.close().await.unwrap() });
        assert!(!matches!(reply.unwrap(), Reply::Failed { .. }));
        let store = Store::open(folder.path(), SystemClock::start().now()).unwrap();
        // Who stays is not waited for without end.
        tokio::time::pause();
        let refused = asked().await.unwrap_err();
        assert!(refused.to_string().contains("already works in"), "{refused}");
        store.close().await.unwrap();
    }
}

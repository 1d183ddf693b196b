//! From the command to its end.

use std::{
    io::{IsTerminal as _, Read as _, Write as _},
    path::Path,
};

use anyhow::Context as _;
use jiff::tz::TimeZone;
use mail::clock::Clock as _;
use store::{Filter, MessageId, Move, OpenError, RunId, Store};
use tokio::sync::mpsc;

use super::{
    Exit,
    args::{Arguments, Chosen, Command, ConfigCommand, Export, Install, Notices, Output, Queue},
    commands,
    control::{self, Failure, QueueRequest, Reply, Request, RunRequest, TestRequest},
    install, log, manual,
    progress::Bar,
    queue, show,
};
use crate::{
    app::{clock::SystemClock, notice_run},
    config::{self, Config, Loaded, Surroundings},
};

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
struct Stop(Exit, String);

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self(Exit::Temporary, format!("{error:#}"))
    }
}

fn carry_out(arguments: Arguments) -> Result<Exit, Stop> {
    let Arguments { config: file, log: form, command } = arguments;
    let load = || load(file.as_deref(), form);
    match command {
        Command::Config(ConfigCommand::Sample) => print(config::SAMPLE.as_bytes()),
        Command::Config(ConfigCommand::Check) => {
            let loaded = load()?;
            print(loaded.describe().as_bytes())?;
            loaded.warnings.iter().for_each(|warning| complain(&format!("note: {warning}")));
            notice_run::check(&loaded.config).map_err(|message| Stop(Exit::Config, message))?;
            Ok(Exit::Done)
        }
        Command::Install(wanted) => set_up(wanted),
        Command::Completions { shell } => print(&manual::completions(shell)),
        Command::Manual { to } => {
            manual::write(&to).with_context(|| format!("cannot write into {}", to.display()))?;
            Ok(Exit::Done)
        }
        Command::Demo { dir, no_serve: _ } => {
            log::start(form, "warn");
            runtime()?.block_on(commands::demo(dir))?;
            Ok(Exit::Done)
        }
        Command::Serve => {
            let loaded = load()?;
            loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            runtime()?.block_on(commands::serve(loaded.config))?;
            Ok(Exit::Done)
        }
        Command::Queue(command) => {
            let (request, output) = queue_request(command)?;
            ask(load()?.config, Request::Queue(request), output)
        }
        Command::Notices(command) => {
            let (request, output) = notices_request(command)?;
            ask(load()?.config, request, output)
        }
        Command::SendTest { to, server, output } => {
            ask(load()?.config, Request::Test(TestRequest { to, server }), output)
        }
    }
}

fn set_up(wanted: Install) -> Result<Exit, Stop> {
    let Install { dry_run, remove, purge, root } = wanted;
    let binary = std::env::current_exe().context("this program cannot be found on the disk")?;
    let request = install::Request { root, binary, settings: config::SAMPLE, remove, purge, dry_run };
    install::run(&request, &mut std::io::stdout().lock()).context("the installation stopped")?;
    Ok(Exit::Done)
}

fn load(file: Option<&Path>, form: super::args::LogForm) -> Result<Loaded, Stop> {
    let loaded = config::load(file, &Surroundings::of_this_process())
        .map_err(|problems| Stop(Exit::Config, problems.to_string()))?;
    log::start(form, &loaded.config.log);
    Ok(loaded)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the program cannot start its threads")
}

/// Has the request answered, by the service if one runs, and prints the answer.
fn ask(config: Config, request: Request, output: Output) -> Result<Exit, Stop> {
    let bar = Bar::new(matches!(request, Request::Run(_)) && !output.json);
    let reply = runtime()?.block_on(answer(config, request, &bar))?;
    drop(bar);
    let exit = Exit::of(&reply);
    if output.json {
        let mut text =
            serde_json::to_string_pretty(&reply).context("the answer cannot be written as JSON")?;
        text.push('\n');
        print(text.as_bytes())?;
    } else if matches!(reply, Reply::Failed { .. }) {
        complain(show::text(&reply, &TimeZone::UTC).trim_end());
    } else {
        print(show::text(&reply, &TimeZone::system()).as_bytes())?;
    }
    Ok(exit)
}

async fn answer(config: Config, request: Request, bar: &Bar) -> anyhow::Result<Reply> {
    let client = control::connect(&config.data_dir).await;
    let client =
        client.with_context(|| format!("the service in {} cannot be asked", config.data_dir.display()))?;
    if let Some(client) = client {
        return Ok(client.ask(&request, |progress| bar.show(progress)).await?);
    }
    match request {
        Request::Queue(request) => {
            let clock = SystemClock::start();
            let store = match Store::open(&config.data_dir, clock.now()) {
                Ok(store) => store,
                Err(error) => return Ok(not_opened(&error)),
            };
            let reply = queue::perform(&store, request, false, clock.now()).await;
            store.close().await?;
            Ok(reply)
        }
        Request::Run(request) => {
            let (progress, mut told) = mpsc::unbounded_channel();
            let work = commands::run_notices(config, request, progress);
            let show = async {
                while let Some(progress) = told.recv().await {
                    bar.show(progress);
                }
            };
            Ok(tokio::join!(work, show).0)
        }
        Request::Test(request) => Ok(commands::send_test(config, request).await),
    }
}

fn not_opened(error: &OpenError) -> Reply {
    let failure = match error {
        OpenError::InUse { .. } | OpenError::Store(_) => Failure::Temporary,
        _ => Failure::Config,
    };
    Reply::Failed { failure, message: error.to_string() }
}

fn queue_request(command: Queue) -> Result<(QueueRequest, Output), Stop> {
    let (chosen, action) = match command {
        Queue::Status { output } => return Ok((QueueRequest::Status, output)),
        Queue::Show { id, output } => return Ok((QueueRequest::Show(MessageId(id)), output)),
        Queue::List { state, run, site, to, in_doubt, limit, output } => {
            let filter = Filter {
                state: state.map(Into::into),
                run: run.map(RunId),
                site,
                address: to,
                ever_in_doubt: in_doubt,
                kind: None,
            };
            return Ok((QueueRequest::List { filter, after: None, limit }, output));
        }
        Queue::Retry(chosen) => (chosen, Move::Retry),
        Queue::Hold(chosen) => (chosen, Move::Hold),
        Queue::Release(chosen) => (chosen, Move::Release),
        Queue::Cancel(chosen) => (chosen, Move::Cancel),
        Queue::Return(chosen) => (chosen, Move::Return),
    };
    confirm(&chosen)?;
    Ok((QueueRequest::Move { selection: queue::selection(&chosen), action }, chosen.output))
}

/// Asks before something is done to more than was named one by one.
fn confirm(chosen: &Chosen) -> Result<(), Stop> {
    if chosen.yes || !chosen.ids.is_empty() {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Stop(Exit::Usage, "this concerns many messages: say --yes if that is meant".to_owned()));
    }
    complain("This concerns many messages. Go on? Type yes:");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).context("no answer")?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    Err(Stop(Exit::Usage, "nothing was changed".to_owned()))
}

fn notices_request(command: Notices) -> Result<(Request, Output), Stop> {
    let (export, preview, practice, wait, output) = match command {
        Notices::Runs { limit, output } => return Ok((Request::Queue(QueueRequest::Runs { limit }), output)),
        Notices::Show { run, output } => return Ok((Request::Queue(QueueRequest::Run(RunId(run))), output)),
        Notices::Preview { export, output } => (export, true, false, false, output),
        Notices::Run { export, wait, practice, output } => (export, false, practice, wait, output),
    };
    let Export { file, site, dates, delimiter, encoding, wording, repeat_days } = export;
    let content = read_export(&file)
        .map_err(|error| Stop(Exit::Data, format!("{} cannot be read: {error}", file.display())))?;
    let source =
        file.file_name().map_or_else(|| "export".to_owned(), |name| name.to_string_lossy().into_owned());
    let request = RunRequest {
        source,
        export: content,
        preview,
        practice,
        wait,
        site,
        dates,
        delimiter,
        encoding,
        wording,
        repeat_days,
    };
    Ok((Request::Run(request), output))
}

fn read_export(file: &Path) -> std::io::Result<Vec<u8>> {
    if file != Path::new("-") {
        return std::fs::read(file);
    }
    let mut content = Vec::new();
    std::io::stdin().lock().read_to_end(&mut content)?;
    Ok(content)
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

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

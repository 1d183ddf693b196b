//! The demo: a sample library, from its overdue export to the practice mailbox, in one go; and its pages.

use std::{
    fmt::Write as _,
    fs,
    io::{IsTerminal as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use jiff::tz::TimeZone;
use mail::{Address, message::header, retry::RetrySchedule};
use store::{Actor, LeftOutWhy, OpenError, State, Store};
use tokio::sync::mpsc;

use super::{
    commands,
    control::{Progress, Reply, RunRequest, RunSummary},
    people,
    progress::Bar,
    words,
};
use crate::{
    app::{App, Start, secret_dice},
    config::{self, Config, NoticesConfig, Sending, Site, Source, Surroundings, Way},
    deliver::practice::{Does, Rule},
    notices::sample,
    preferences::{self, Change},
};

/// Says that a folder is the demo's own, so that it may be emptied.
const MARK: &str = "this-is-the-bookpost-demo";
/// Its settings, in its folder.
const SETTINGS: &str = "bookpost.toml";
/// The sample is the same each time.
const SEED: u64 = 20_261_123;

/// Makes the sample library in `folder`, sends its notices to the practice mailbox, and tells what became of each.
pub(super) async fn run(folder: &Path) -> anyhow::Result<()> {
    empty(folder)?;
    let mut start = Start::of_this_machine()?;
    let today = TimeZone::system().to_datetime(start.clock.now()).date();
    let export = sample::library(SEED, today);
    let export_file = folder.join("overdues.csv");
    fs::write(&export_file, &export)?;
    start.practice_rules = rules()?;
    say(&format!(
        "Riverside Libraries: three branches, an overdue export of {} kB.\n\
         It is at {}.\n\n\
         Sending one notice to each patron, through a mail server on this machine that keeps\n\
         everything and passes nothing on (the practice mailbox). Tries are seconds apart here,\n\
         not minutes, so that you need not wait.\n",
        export.len() / 1024,
        export_file.display()
    ))?;
    let config = config(folder)?;
    let settings = settings(&config);
    let app = App::start(config, start).await?;
    let summary = run_it(&app, export).await?;
    let report = report(&app).await?;
    show(&app, &summary, report.as_deref()).await?;
    prefer(&app, &folder.join(SETTINGS), &settings, &folder.canonicalize()?).await?;
    app.stop().await?;
    say(&try_next(folder, &app.practice.folder()))?;
    anyhow::ensure!(adds_up(&summary), "the demo's figures do not add up");
    Ok(())
}

/// The pages of the sample library in `folder`, at an address of this machine that is free, until it is told to stop.
pub(super) async fn serve(folder: &Path) -> anyhow::Result<()> {
    // What the environment sets is of another Bookpost. The port is one by which the pages call themselves, too.
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let listen = free.context("no port is free for the pages")?.to_string();
    let around = Surroundings::given([], None).with_option("listen", Some(listen));
    let loaded = config::load(Some(&folder.join(SETTINGS)), &around)?;
    commands::serve_and_say(loaded, async |app, pages| {
        let Some(pages) = pages else { return };
        let links = people::set_up_links(&app.people, &[format!("http://{pages}")]).await.ok().flatten();
        let link = links.map_or_else(String::new, |links| {
            let link = links.concat();
            format!("\nOpen this within the hour, and make yourself the administrator:\n  {link}\n")
        });
        // Who has closed the terminal hears nothing.
        let _ =
            say(&format!("The pages of this library are at http://{pages}/ until you press Ctrl-C.\n{link}"));
    })
    .await
}

/// Says why no link stands here.
pub(super) fn without_pages() -> anyhow::Result<()> {
    say("Its pages were not opened: that is done in a terminal, and without --no-serve.")
}

/// What the sample library is goes among the preferences, so that it can be changed on the pages. The file keeps what is the computer's.
async fn prefer(app: &App, file: &Path, settings: &str, data_dir: &Path) -> anyhow::Result<()> {
    let place = toml::Value::String(data_dir.to_string_lossy().into_owned());
    let of_the_computer = format!("data_dir = {place}\nlisten = \"off\"\n");
    let all = format!("{of_the_computer}{settings}");
    let source = Source::given(&all, Some(file.to_owned()), &Surroundings::given([], None));
    let import = Change::Import { by: Actor::CommandLine };
    let now = app.clock.now();
    preferences::change(&app.store, &source, import, &mut secret_dice(), |_| Ok(()), now).await?;
    Ok(fs::write(file, of_the_computer)?)
}

/// The folder, empty. One that holds something else is left alone.
fn empty(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        let ours = folder.join(MARK).exists();
        let empty = fs::read_dir(folder)?.next().is_none();
        anyhow::ensure!(
            ours || empty,
            "{} holds something that is not the demo's. Name another folder with --dir",
            folder.display()
        );
        // Its pages are still served, or another demo is under way: that one would write on in a folder that is gone.
        if let Err(OpenError::InUse { .. }) = Store::check_free(folder) {
            anyhow::bail!(
                "a demo in {} is still at work: end it with Ctrl-C where it was started, or name another folder with --dir",
                folder.display()
            );
        }
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    fs::write(folder.join(MARK), "")?;
    Ok(())
}

/// One address is dead, one mailbox is full for two tries.
fn rules() -> anyhow::Result<Vec<Rule>> {
    let dead = Does::Refuse { reply: "550 5.1.1 <gone.away@example.org>: no such user here".parse()? };
    let full =
        Does::Defer { times: Some(2), reply: "452 4.2.2 the mailbox is full, try again later".parse()? };
    Ok(vec![
        Rule { address: Address::parse(sample::DEAD_ADDRESS)?, does: dead },
        Rule { address: Address::parse(sample::FULL_MAILBOX)?, does: full },
    ])
}

fn config(folder: &Path) -> anyhow::Result<Config> {
    let site = |(code, name): (&str, &str)| {
        anyhow::Ok(Site {
            code: code.to_owned(),
            name: name.to_owned(),
            email: Some(Address::parse(&format!("{}@library.example.org", code.to_lowercase()))?),
            reply_to: None,
            return_address: None,
            phone: Some("555-0100".to_owned()),
            branches: Vec::new(),
            time_zone: None,
            language: None,
        })
    };
    let seconds = Duration::from_secs;
    let usual = Config::usual(folder, Way::Practice);
    Ok(Config {
        library: "Riverside Libraries".to_owned(),
        sending: Sending {
            ehlo_name: "bookpost.example.org".to_owned(),
            digest_window: seconds(10),
            report_delay: Duration::from_millis(500),
            ..usual.sending
        },
        schedule: RetrySchedule {
            short_range: seconds(60),
            short_wait: (seconds(1), seconds(2)),
            long_wait: (seconds(2), seconds(3)),
            give_up_after: seconds(600),
        },
        sites: sample::BRANCHES.into_iter().map(site).collect::<Result<_, _>>()?,
        notices: NoticesConfig { repeat: None, ..usual.notices },
        log: "error".to_owned(),
        ..usual
    })
}

async fn run_it(app: &App, export: Vec<u8>) -> anyhow::Result<RunSummary> {
    let request =
        RunRequest { source: "overdues.csv".to_owned(), export, wait: true, ..RunRequest::default() };
    let (progress, mut told) = mpsc::unbounded_channel();
    let bar = Bar::new(true);
    let show = async {
        let mut waited = false;
        while let Some(now) = told.recv().await {
            bar.show(now);
            waited = tell_waiting(waited, &now);
        }
    };
    let (reply, ()) = tokio::join!(app.notices.run(request, true, progress), show);
    match reply {
        Reply::Run(summary) => Ok(summary),
        Reply::Failed { message, .. } => anyhow::bail!(message),
        other => anyhow::bail!("unexpected: {other:?}"),
    }
}

/// Without a terminal there is no bar: one line says that something waits.
fn tell_waiting(waited: bool, now: &Progress) -> bool {
    let waits = now.total > 0 && now.prepared == now.total && now.waiting > 0 && now.waiting < 5;
    if waits && !waited && !std::io::stderr().is_terminal() {
        let _ = writeln!(std::io::stderr(), "One mailbox is full; its notice waits and is tried again ...");
    }
    waited || waits
}

/// The return report, as the practice mailbox kept it; it is written a moment after the return.
async fn report(app: &App) -> anyhow::Result<Option<PathBuf>> {
    loop {
        let counts = app.store.counts().await?;
        if counts.reports_owed == 0 && counts.waiting == 0 && counts.sending == 0 {
            break;
        }
        let next = app.clock.now().saturating_add(Duration::from_millis(200))?;
        app.clock.sleep_until(next).await;
    }
    Ok(kept(app)?.into_iter().find(|file| is_report(file)))
}

fn kept(app: &App) -> anyhow::Result<Vec<PathBuf>> {
    let mut files: Vec<_> = fs::read_dir(app.practice.folder())?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    Ok(files)
}

fn is_report(file: &Path) -> bool {
    let kind = fs::read(file).ok().and_then(|bytes| header(&bytes, "Content-Type"));
    kind.is_some_and(|kind| kind.starts_with("multipart/report"))
}

async fn show(app: &App, summary: &RunSummary, report: Option<&Path>) -> anyhow::Result<()> {
    let states = app.store.run(summary.id).await?.states;
    let count = |state| states.get(&state).copied().unwrap_or(0);
    let left_out = |why| summary.left_out.iter().filter(|one| one.why == why).count();
    let (kept, returned) = (count(State::Practiced), count(State::Returned));
    let mut text = format!(
        "\n  patrons in the export     {:>5}\n  without an address        {:>5}\n  notices                   {:>5}\n    practice: nobody received it  {kept:>5}\n    sent back to the library      {returned:>5}\n    still waiting                 {:>5}\n  lines we could not use    {:>5}\n",
        summary.patrons,
        left_out(LeftOutWhy::NoAddress),
        summary.progress.prepared,
        count(State::Waiting) + count(State::Sending),
        left_out(LeftOutWhy::RefusedLine),
    );
    text.push_str("  who got no notice, and why:\n");
    for one in &summary.left_out {
        let _ = writeln!(text, "      {}", words::who_was_left_out(one));
    }
    text.push_str(if adds_up(summary) {
        "  It adds up.\n"
    } else {
        "  It does not add up: this is a defect.\n"
    });
    let files = self::kept(app)?;
    if let Some(notice) = files.iter().find(|file| !is_report(file)) {
        let _ = write!(text, "\nOne of the notices ({}):\n\n{}", notice.display(), readable(notice)?);
    }
    if let Some(report) = report {
        let _ = write!(
            text,
            "\nThe return report that the library got ({}):\n\n{}",
            report.display(),
            readable(report)?
        );
    }
    say(&text)
}

/// Every patron was written to or is named with the reason, and every notice has come to its end.
fn adds_up(summary: &RunSummary) -> bool {
    let Progress { prepared, addresses, practiced, returned, .. } = summary.progress;
    let left_out = summary.left_out.iter().filter(|one| one.why != LeftOutWhy::RefusedLine).count();
    let left_out = u64::try_from(left_out).unwrap_or(u64::MAX);
    summary.patrons == prepared + left_out && addresses == practiced + returned && prepared <= addresses
}

/// The demo's library as it would be set, with the usual schedule, so that all can be tried on what the demo left.
fn settings(config: &Config) -> String {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let mut text = format!("library = {}\n\n[sending]\nway = \"practice\"\n", quoted(&config.library));
    for site in &config.sites {
        let _ = write!(text, "\n[[sites]]\ncode = {}\nname = {}\n", quoted(&site.code), quoted(&site.name));
        if let Some(email) = &site.email {
            let _ = writeln!(text, "email = {}", quoted(email.as_str()));
        }
    }
    text
}

/// Commands as they can be typed from where the demo was started.
fn try_next(folder: &Path, kept: &Path) -> String {
    let installed = std::env::current_exe()
        .is_ok_and(|program| program.components().all(|part| part.as_os_str() != "target"));
    let program = if installed { "bookpost" } else { "cargo run --release --" };
    let own = format!("{program} --config {}", folder.join(SETTINGS).display());
    let export = folder.join("overdues.csv");
    format!(
        "What to try next:\n\
         \n  All that was \"sent\" is in {}; a mail program opens the files.\n\
         \n  How the queue stands:\n  {own} queue status\n\
         \n  What came back, and why:\n  {own} queue list --state returned\n\
         \n  The run with everyone who was left out:\n  {own} notices show 1\n\
         \n  What an export would send (take your own); nothing leaves:\n  {own} notices preview {}\n\
         \n  A configuration to begin with:\n  {program} config sample\n\
         \nTo be rid of the demo, delete {}.\n",
        kept.display(),
        export.display(),
        folder.display()
    )
}

/// From, To, Subject and the plain-text part, indented.
fn readable(file: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(file)?;
    let mut text = String::new();
    for name in ["From", "To", "Subject"] {
        let _ = writeln!(text, "  {name}: {}", header(&bytes, name).unwrap_or_default());
    }
    let body = mail::message::plain_text(&bytes).unwrap_or_default();
    text.push('\n');
    for line in body.lines() {
        let _ = writeln!(text, "  {line}");
    }
    Ok(text)
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

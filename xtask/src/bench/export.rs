//! `cargo xtask bench export`: what a librarian waits for with an export of 100,000 lines: the check, a look at a mail, the first mail after
//! the click. And what making the notices costs.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use tokio::time::Instant;

use super::{
    Bench,
    bookpost::Bookpost,
    output,
    person::{Person, field},
    process,
    relay::{Running, free_port, listens},
    report::{median, ratio},
    sink::{Moment, Sink},
};

/// Lines of the exports.
const LINES: usize = 100_000;
/// Patrons of each: as many as lines, and as libraries have.
const PATRONS: [usize; 2] = [LINES, 40_000];
/// Mails that are looked at.
const LOOKED_AT: usize = 60;
const SAMPLE_EVERY: Duration = Duration::from_millis(20);

/// A Bookpost that has written to nobody yet.
struct Library {
    service: Running,
    person: Person,
    sink: Sink,
}

/// What was seen of one form of the export.
#[derive(Default)]
struct Seen {
    check: Vec<f64>,
    memory: u64,
    looks: Vec<Duration>,
    first: Vec<f64>,
    all: Vec<f64>,
}

/// The table as Markdown.
pub(super) async fn measure(bench: &Bench) -> anyhow::Result<String> {
    let mut table =
        "| export | kB | checked after, s | memory (PSS) meanwhile, MB | a mail looked at, 95 of 100 within, ms | first mail after the click, s | messages a second |\n\
         |---|---|---|---|---|---|---|\n"
            .to_owned();
    for (form, patrons) in ["csv", "xlsx"].into_iter().flat_map(|form| PATRONS.map(|patrons| (form, patrons)))
    {
        let export = made(bench, form, patrons)?;
        let mut seen = Seen::default();
        for round in 1..=bench.options.rounds {
            Library::open(bench).await?.used(&export, patrons, &mut seen).await?;
            crate::say(&format!("bench: {form} of {patrons} patrons, round {round}"));
        }
        seen.looks.sort();
        let looks = seen.looks.get(seen.looks.len() * 95 / 100).map_or(0.0, Duration::as_secs_f64) * 1e3;
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "| {form}, {patrons} patrons | {:.0} | {:.2} | {:.0} | {looks:.1} | {:.2} | {:.0} |",
            ratio(fs::metadata(&export)?.len(), 1_000),
            median(&seen.check),
            ratio(seen.memory, 1_000_000),
            median(&seen.first),
            median(&seen.all)
        );
    }
    let rate = rendered(bench).await?;
    let _ = writeln!(
        table,
        "\n{rate:.0} notices are made in a second of one processor, reading the export included."
    );
    Ok(table)
}

/// The export as a file.
fn made(bench: &Bench, form: &str, patrons: usize) -> anyhow::Result<PathBuf> {
    let path = bench.path(&format!("overdues-{patrons}.{form}"));
    let mut koha = bench.program("examples/koha");
    koha.args([patrons.to_string(), LINES.to_string()]).args((form != "csv").then_some(form));
    koha.stdout(fs::File::create(&path)?);
    output(koha)?;
    Ok(path)
}

/// Notices with text and HTML in a second of a processor: the whole time of a command that makes all and keeps none.
async fn rendered(bench: &Bench) -> anyhow::Result<f64> {
    let sink = Sink::start(bench, "preview")?;
    let bookpost = Bookpost::new(bench, "preview", sink.address)?.practising()?;
    let mut rates = Vec::new();
    for _ in 0..bench.options.rounds {
        let mut preview = bookpost.command(bench);
        preview.args(["notices", "preview", "--json"]).arg(bench.path(&format!("overdues-{LINES}.csv")));
        let used =
            process::watch(preview.spawn().context("bookpost does not start")?, Instant::now()).await?;
        rates.push(ratio(LINES as u64, 1) / used.cpu.as_secs_f64());
    }
    Ok(median(&rates))
}

impl Library {
    async fn open(bench: &Bench) -> anyhow::Result<Self> {
        let (sink, port) = (Sink::start(bench, "export")?, free_port()?);
        let bookpost = Bookpost::new(bench, "export", sink.address)?;
        let command = |words: &[&str]| {
            let mut command = bookpost.command(bench);
            command.args(words).env("BOOKPOST_LISTEN", format!("127.0.0.1:{port}"));
            command
        };
        let service = Running(command(&["serve"]).spawn().context("bookpost does not start")?);
        listens(port).await?;
        let mut link = command(&["people", "setup-link"]);
        link.stdout(Stdio::piped());
        let person = Person::first(port, &output(link)?)?;
        Ok(Self { service, person, sink })
    }

    /// From the upload to the last mail.
    async fn used(self, export: &Path, patrons: usize, seen: &mut Seen) -> anyhow::Result<()> {
        let (took, check) = self.checked(export, &mut seen.memory)?;
        seen.check.push(took.as_secs_f64());
        for look in 1..=LOOKED_AT {
            let began_at = Instant::now();
            self.person.page(&format!("{check}/mail?n={}", look * (patrons / LOOKED_AT)))?;
            seen.looks.push(began_at.elapsed());
        }
        let page = self.person.page(&check)?;
        let fields = ["form_token", "attempt", "people", "practice"]
            .iter()
            .map(|name| Ok(format!("{name}={}", field(&page, name)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let began_at = Moment::now();
        let run = self.person.post(&format!("{check}/send"), &format!("{}&sure=yes", fields.join("&")))?;
        ensure!(run.contains("/runs/"), "it was not sent: {run}");
        seen.first.push(self.sink.first_taken(began_at).await?.as_secs_f64());
        let all = self.sink.last_taken_at(patrons).await?.since(began_at);
        seen.all.push(ratio(patrons as u64, 1) / all.as_secs_f64());
        Ok(())
    }

    /// Uploads the export and waits for the page that says what is in it; how long that took, and where it is.
    fn checked(&self, export: &Path, memory: &mut u64) -> anyhow::Result<(Duration, String)> {
        let (name, file) = (export.file_name().unwrap_or_default().to_string_lossy(), fs::read(export)?);
        let page = self.person.page("/notices")?;
        let (id, (done, over)) = (self.service.0.id(), mpsc::channel::<()>());
        thread::scope(|scope| {
            let watch = scope.spawn(move || {
                let mut most = 0;
                while over.recv_timeout(SAMPLE_EVERY) == Err(RecvTimeoutError::Timeout) {
                    most = most.max(process::pss(id).unwrap_or(0));
                }
                most
            });
            let began_at = Instant::now();
            let check = field(&page, "form_token")
                .and_then(|token| self.person.upload("/notices/upload", token, &name, &file))
                .and_then(|check| self.person.page(&check).map(|_| check));
            let took = began_at.elapsed();
            drop(done);
            *memory = (*memory).max(watch.join().unwrap_or(0));
            Ok((took, check?))
        })
    }
}

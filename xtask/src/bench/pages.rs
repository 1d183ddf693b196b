//! `cargo xtask bench pages`: how long the pages take the server while a million messages are in the queue and leave as fast as they can,
//! what they weigh, and what 100 of them that stand open cost the flow and the memory.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use tokio::time::Instant;

use super::{
    Bench, output,
    person::Person,
    process,
    relay::{FROM, Running, free_port, listens},
    report::{median, ratio},
    sink::Sink,
};

/// Bytes of a message, so that a million of them fit on any disk.
const BYTES: usize = 300;
/// How often each page is asked for.
const ASKED: usize = 60;
/// Pages that stand open, of which each looks at the queue again once in so long, as its script does.
const OPEN: u32 = 100;
const LOOKS_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// The flow is watched for so long, with and without.
const WINDOW: Duration = Duration::from_secs(10);

/// Pages of each kind.
const PAGES: [&str; 21] = [
    "/",
    "/queue",
    "/queue?state=waiting",
    "/queue?state=delivered",
    "/queue?site=MAIN",
    "/queue?to=patron4711",
    "/queue?to=patron",
    "/queue?to=%40example.org",
    "/queue?subject=overdue",
    "/queue?subject=nowhere",
    "/queue?tag=none",
    "/queue/1",
    "/queue/1/text",
    "/queue/decide?do=hold&state=waiting",
    "/queue/decide?do=hold&to=%40example.org",
    "/preferences",
    "/preferences/libraries",
    "/preferences/programs",
    "/preferences/people",
    "/preferences/log",
    "/account",
];

/// A Bookpost with much mail, an administrator, and a server that takes all of it.
struct Library {
    service: Running,
    person: Person,
    flow: BufReader<File>,
    _sink: Sink,
}

/// The table as Markdown.
pub(super) async fn measure(bench: &Bench) -> anyhow::Result<String> {
    let mut library = Library::open(bench).await?;
    let mut table =
        "| page | half within, ms | 95 of 100 within, ms | kB with style and script |\n|---|---|---|---|\n"
            .to_owned();
    let weight = library.assets()?;
    for path in PAGES {
        let (took, bytes) = library.page(path)?;
        let at =
            |percent: usize| took.get(took.len() * percent / 100).map_or(0.0, Duration::as_secs_f64) * 1e3;
        let kilobytes = ratio((bytes + weight) as u64, 1_000);
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{path}` | {:.1} | {:.1} | {kilobytes:.0} |", at(50), at(95));
    }
    let (mut alone, mut beside, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let (mut without, mut with) = (0, 0);
    for round in 1..=bench.options.rounds {
        let first = library.rate(&[]).await?;
        without = without.max(library.memory()?);
        let open = library.stand_open()?;
        let second = library.rate(&open).await?;
        with = with.max(library.memory()?);
        crate::say(&format!(
            "bench: round {round}: {first:.0}/s alone, {second:.0}/s beside {OPEN} open pages"
        ));
        alone.push(first);
        beside.push(second);
        ratios.push(second / first);
    }
    let _ = writeln!(
        table,
        "\n{:.0} messages a second leave with no page open, {:.0} with {OPEN}: {:.1} % less (the median of the rounds). Memory (PSS): {:.1} MB, {:.1} MB.",
        median(&alone),
        median(&beside),
        (1.0 - median(&ratios)) * 100.0,
        ratio(without, 1_000_000),
        ratio(with, 1_000_000)
    );
    Ok(table)
}

impl Library {
    async fn open(bench: &Bench) -> anyhow::Result<Self> {
        let (sink, port) = (Sink::start(bench, "pages")?, free_port()?);
        let (data, config) = (bench.path("pages"), bench.path("pages.toml"));
        fs::write(&config, settings(&data, port, sink.address))?;
        crate::say(&format!("bench: {} messages", bench.options.messages));
        let mut fill = bench.program("examples/waiting");
        fill.arg(&data).args([bench.options.messages.to_string(), BYTES.to_string(), "bulk".to_owned()]);
        output(fill)?;
        let command = |words: &[&str]| {
            let mut command = bench.program("bookpost");
            command.arg("--config").arg(&config).args(words);
            command
        };
        let service = Running(command(&["serve"]).spawn().context("bookpost does not start")?);
        listens(port).await?;
        // After the start, which makes a link of its own: only the newest opens.
        let person = Person::first(port, &output(command(&["people", "setup-link"]))?)?;
        let flow = BufReader::new(File::open(sink.ledger())?);
        Ok(Self { service, person, flow, _sink: sink })
    }

    /// How long each request for it took, the shortest first, and its bytes.
    fn page(&self, path: &str) -> anyhow::Result<(Vec<Duration>, usize)> {
        let (mut all, mut bytes) = (Vec::new(), 0);
        for _ in 0..ASKED {
            let began_at = Instant::now();
            let answer = self.person.page(path)?;
            all.push(began_at.elapsed());
            bytes = answer.len();
        }
        all.sort();
        Ok((all, bytes))
    }

    /// Bytes of what every page loads once.
    fn assets(&self) -> anyhow::Result<usize> {
        let page = self.person.page("/")?;
        let paths = page.split('"').filter(|text| text.starts_with("/assets/"));
        paths.map(|path| Ok(self.person.page(path)?.len())).sum()
    }

    fn stand_open(&self) -> anyhow::Result<Vec<TcpStream>> {
        (0..OPEN).map(|_| self.person.send("GET", "/live", ("", b""))).collect()
    }

    /// Messages that leave in a second, while these pages stand open and look at the queue again now and then.
    async fn rate(&mut self, open: &[TcpStream]) -> anyhow::Result<f64> {
        self.left()?;
        let began_at = Instant::now();
        let pause = LOOKS_AGAIN_AFTER / OPEN;
        while began_at.elapsed() < WINDOW {
            if open.is_empty() {
                tokio::time::sleep(WINDOW.saturating_sub(began_at.elapsed())).await;
            } else {
                self.person.page("/queue")?;
                tokio::time::sleep(pause).await;
            }
        }
        let (left, took) = (self.left()?, began_at.elapsed());
        ensure!(left > 0, "nothing left: the queue is empty, or the server does not answer");
        Ok(ratio(left, 1) / took.as_secs_f64())
    }

    /// Messages that have left since this was asked last.
    fn left(&mut self) -> anyhow::Result<u64> {
        let (mut left, mut line) = (0, Vec::new());
        while self.flow.read_until(b'\n', &mut line)? > 0 {
            left += 1;
            line.clear();
        }
        Ok(left)
    }

    fn memory(&self) -> anyhow::Result<u64> {
        process::pss(self.service.0.id()).context("the service has ended")
    }
}

fn settings(data: &std::path::Path, port: u16, sink: SocketAddr) -> String {
    format!(
        "library = \"Riverside Public Library\"\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:{port}\"\nlog = \"error\"\n\
         [sending]\nway = \"servers\"\nehlo_name = \"bookpost.example.org\"\n\
         [server1]\nhost = \"{}\"\nport = {}\nencryption = \"none\"\nallow_non_secure = true\n\
         [[sites]]\ncode = \"MAIN\"\nname = \"Main Library\"\nemail = \"{FROM}\"\n",
        data.display(),
        sink.ip(),
        sink.port()
    )
}

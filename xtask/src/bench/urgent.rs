//! How long urgent mail takes to the sink while 100,000 bulk messages wait and leave as fast as they can.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use tokio::time::Instant;

use super::{
    Bench, output,
    relay::{FROM, Queue, Service, free_port, listens},
    sink::Sink,
};

const BULK: usize = 100_000;
const URGENT: usize = 200;
const BYTES: usize = 3_000;
/// An urgent message that takes longer is as good as stuck.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// From the first command of each urgent message to its line in the sink's ledger, shortest first.
pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Vec<Duration>> {
    let door = free_port()?;
    let sink = Sink::start(bench, "urgent")?;
    let fill = |data: &std::path::Path| {
        let mut command = bench.program("examples/waiting");
        command.arg(data).args([BULK.to_string(), BYTES.to_string(), "bulk".to_owned()]);
        output(command).map(drop)
    };
    let _service = Service::start(bench, "urgent", door, sink.address.port(), &Queue::Own, fill)?;
    listens(door).await?;
    let mut ledger = BufReader::new(File::open(sink.ledger())?);
    let (mut bulk, mut took) = (0, Vec::new());
    // Only once bulk mail flows.
    while bulk < 100 {
        bulk += lines(&mut ledger, "")?.0;
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let mut client = Client::connect(door)?;
    for number in 0..URGENT {
        let began_at = Instant::now();
        let to = format!("urgent{number}@example.org");
        client.send(&to)?;
        loop {
            let (read, found) = lines(&mut ledger, &to)?;
            bulk += read;
            if found {
                break;
            }
            ensure!(began_at.elapsed() < PATIENCE, "an urgent message has not arrived within {PATIENCE:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        took.push(began_at.elapsed());
    }
    ensure!(bulk < BULK, "all bulk mail was gone before the last urgent message");
    took.sort();
    Ok(took)
}

/// The lines that the ledger has grown by, and whether one of them is to this address.
fn lines(ledger: &mut BufReader<File>, to: &str) -> anyhow::Result<(usize, bool)> {
    let (mut read, mut found, mut line) = (0, false, String::new());
    while ledger.read_line(&mut line)? > 0 {
        read += 1;
        found |= !to.is_empty() && line.contains(to);
        line.clear();
    }
    Ok((read, found))
}

struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(door: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], door)))?;
        stream.set_nodelay(true)?;
        let mut client = Self { stream: BufReader::new(stream) };
        client.reply()?;
        client.say("HELO bench")?;
        Ok(client)
    }

    fn send(&mut self, to: &str) -> anyhow::Result<()> {
        self.say(&format!("MAIL FROM:<{FROM}>"))?;
        self.say(&format!("RCPT TO:<{to}>"))?;
        self.say("DATA")?;
        self.say(&format!("From: {FROM}\r\nTo: {to}\r\nPriority: urgent\r\nSubject: Fire\r\n\r\nNow.\r\n."))
    }

    fn say(&mut self, line: &str) -> anyhow::Result<()> {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    fn reply(&mut self) -> anyhow::Result<()> {
        let mut line = String::new();
        self.stream.read_line(&mut line).context("the door is closed")?;
        ensure!(line.starts_with(['2', '3']), "the door says {line:?}");
        Ok(())
    }
}

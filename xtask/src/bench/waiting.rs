//! The service with nothing to do, with 100,000 messages that wait, and started over 1,000,000.

use std::{
    net::SocketAddr,
    process::{Child, Command},
    time::Duration,
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::{
    Bench,
    bookpost::Bookpost,
    output, process,
    report::Waiting,
    sink::{Moment, Sink},
};

/// The service is watched for so long; the most memory counts.
const WATCH: Duration = Duration::from_secs(10);
const SAMPLE_EVERY: Duration = Duration::from_millis(100);
/// Bytes of a message in the queue of 100,000, as in the run.
const USUAL_BYTES: usize = 3_000;
/// Bytes of a message in the queue of 1,000,000, so that it fits on any disk: a start reads no bodies but the first few.
const FEW_BYTES: usize = 200;
/// Nobody listens there: what waits, waits behind a server that is down.
const NOBODY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9);

/// All figures that need a service.
pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Waiting> {
    let idle_memory = memory(bench, "idle", 0).await?;
    if bench.options.no_waiting {
        return Ok(Waiting { idle_memory, ..Waiting::default() });
    }
    crate::say("bench: 100,000 messages waiting");
    let queued_memory = memory(bench, "waiting", 100_000).await?;
    crate::say("bench: a start with 1,000,000 messages waiting");
    let start = start(bench, 1_000_000).await?;
    crate::say("bench: what a claim costs");
    let costs = output(bench.program("examples/cost"))?;
    let claim = costs
        .lines()
        .find_map(|line| line.strip_prefix("claim at 1,000,000 / claim at 10,000, with the sync: "));
    let claim_cost = claim.context("the store's measurement says nothing of claims")?.trim().parse()?;
    Ok(Waiting { idle_memory, queued_memory, start: start.as_secs_f64(), claim_cost })
}

/// The most memory of a service over so many messages that wait for a server that is down.
async fn memory(bench: &Bench, name: &str, messages: usize) -> anyhow::Result<u64> {
    let bookpost = Bookpost::new(bench, name, NOBODY)?;
    fill(bench, &bookpost, messages, USUAL_BYTES)?;
    let service = Service::start(bookpost.command(bench))?;
    let until = Instant::now() + WATCH;
    let mut most = 0;
    while Instant::now() < until {
        most = most.max(process::pss(service.0.id()).unwrap_or(0));
        tokio::time::sleep(SAMPLE_EVERY).await;
    }
    Ok(most)
}

/// From the start of the service to the first message at the sink.
async fn start(bench: &Bench, messages: usize) -> anyhow::Result<Duration> {
    let sink = Sink::start(bench, "start")?;
    let bookpost = Bookpost::new(bench, "start", sink.address)?;
    fill(bench, &bookpost, messages, FEW_BYTES)?;
    let began_at = Moment::now();
    let _service = Service::start(bookpost.command(bench))?;
    sink.first_taken(began_at).await
}

fn fill(bench: &Bench, bookpost: &Bookpost, messages: usize, bytes: usize) -> anyhow::Result<()> {
    if messages > 0 {
        let mut command = bench.program("examples/waiting");
        command.arg(bookpost.data()).args([messages.to_string(), bytes.to_string()]);
        output(command)?;
    }
    Ok(())
}

/// `bookpost serve`, ended as a service manager ends it.
struct Service(Child);

impl Service {
    fn start(mut command: Command) -> anyhow::Result<Self> {
        Ok(Self(command.arg("serve").spawn().context("bookpost does not start")?))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(id) = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(id, Signal::TERM);
        }
        let _ = self.0.wait();
    }
}

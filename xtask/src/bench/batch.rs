//! Requests of 10,000 messages from one template over HTTP while nothing leaves, until 100,000 wait: how fast each is answered, which is
//! when all of it is on disk, and how much memory the service has at the end.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Bench, output, process,
    relay::{FROM, Running, free_port, listens},
    report::{median, ratio},
};

const RECIPIENTS: usize = 10_000;
const REQUESTS: usize = 10;

/// What came of it.
pub(super) struct Batches {
    /// Messages accepted in a second: the median of all requests, and the slowest.
    pub(super) rate: f64,
    pub(super) slowest: f64,
    /// PSS in megabytes while 100,000 wait.
    pub(super) memory: f64,
}

pub(super) async fn measure(bench: &Bench) -> anyhow::Result<Batches> {
    let (port, config) = (free_port()?, bench.path("batch.toml"));
    fs::write(&config, settings(bench, port))?;
    let command = |words: &[&str]| {
        let mut command = bench.program("bookpost");
        command.arg("--config").arg(&config).args(words);
        command
    };
    output(command(&["applications", "add", "batch", "--waiting", "10000000", "--from", FROM]))?;
    let key: Value =
        serde_json::from_str(&output(command(&["applications", "key", "add", "batch", "--json"]))?)?;
    let key = key.pointer("/new_key/key").and_then(Value::as_str).context("no key was made")?.to_owned();
    let service = Running(command(&["serve"]).spawn().context("bookpost does not start")?);
    listens(port).await?;
    let body = template();
    let mut rates = Vec::new();
    for _ in 0..REQUESTS {
        let began_at = Instant::now();
        let answer = post(port, &key, &body)?;
        let took: Duration = began_at.elapsed();
        let accepted = answer.matches("\"status\":\"accepted\"").count();
        ensure!(accepted == RECIPIENTS, "{accepted} were accepted: {}", answer.get(..500).unwrap_or(&answer));
        rates.push(ratio(RECIPIENTS as u64, 1) / took.as_secs_f64());
    }
    let memory = process::pss(service.0.id()).context("the service has ended")?;
    let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(Batches { rate: median(&rates), slowest, memory: ratio(memory, 1_000_000) })
}

fn template() -> String {
    let recipients: Vec<Value> = (0..RECIPIENTS)
        .map(|n| json!({"to": format!("p{n}@example.org"), "variables": {"name": format!("Reader {n}"), "title": "Moby Dick"}}))
        .collect();
    let text = "Dear {{ name }},\n\n{{ title }} was due some time ago. Please bring it back, or renew it on the library's page.\n";
    json!({
        "from": FROM, "subject": "Overdue: {{ title }}", "text": text,
        "html": "<p>Dear {{ name }},</p><p><b>{{ title }}</b> was due some time ago.</p>", "recipients": recipients,
    })
    .to_string()
}

/// The answer to one request.
fn post(port: u16, key: &str, body: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port)))?;
    let head = format!(
        "POST /api/v1/messages/template HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 202 "), "{}", answer.get(..500).unwrap_or(&answer));
    Ok(answer)
}

fn settings(bench: &Bench, port: u16) -> String {
    format!(
        "library = \"Batch\"\ndata_dir = \"{}\"\nlisten = \"127.0.0.1:{port}\"\nlog = \"error\"\n\
         [sending]\nway = \"none\"\n\
         [[sites]]\ncode = \"MAIN\"\nname = \"Main Library\"\nemail = \"{FROM}\"\n",
        bench.path("batch").display()
    )
}

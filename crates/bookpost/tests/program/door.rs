//! The SMTP door of the program itself: killed while it takes mail in, and with many connections that say nothing.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use testkit::sink::{Settings, Sink, Taken};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

use crate::bench::{Place, Service};

/// Deaths of one queue, and connections that send without pause until each.
const DEATHS: usize = 4;
const SENDERS: usize = 8;
/// Messages that are accepted before each death.
const ACCEPTED: usize = 100;
/// Connections that are open and idle.
const IDLE: usize = 500;
/// What they may cost the program together. A debug build keeps some 10 KiB for one.
const IDLE_KIB: u64 = 32 * 1024;

/// A port that nobody else is given, though nobody listens there while the service is away.
struct Port(TcpSocket);

impl Port {
    fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self(socket)
    }

    fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

/// A place with a door that is open for the programs of this computer.
async fn with_door(sink: &Sink, port: &Port) -> Place {
    let place = Place::new("servers", Some(sink));
    place.add(&format!(
        "[schedule]\nshort_wait = [\"100ms\", \"200ms\"]\n[smtp]\nlisten = [\"{}\"]\nconnections = 700\n\
         [[smtp.trusted]]\nnetwork = \"127.0.0.1\"\napplication = \"Library\"\n",
        port.address()
    ));
    assert_eq!(place.run(&["applications", "add", "Library"]).await.code, Some(0));
    place
}

/// By us, and by its own hand between the commit and the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_takes_mail_in_it_loses_nothing_that_it_answered_for() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let sink = Sink::start(Settings { ledger: Some(ledger.clone()), ..Settings::default() }).await.unwrap();
    let port = Port::new();
    let place = with_door(&sink, &port).await;
    let promised = Arc::new(Mutex::new(BTreeSet::new()));
    for death in 0..DEATHS {
        let abort_at = (death % 2 == 1).then_some("accepted:30");
        let service = place.serve_until(abort_at).await;
        send_until_death(&port, service, abort_at.is_some(), &promised, death).await;
    }
    let promised = promised.lock().unwrap().clone();
    assert!(promised.len() > ACCEPTED, "{} accepted", promised.len());

    let service = place.serve().await;
    while unfinished(&place).await > 0 {}
    let arrived = arrived(&ledger);
    let lost: Vec<_> = promised.difference(&arrived).collect();
    assert!(lost.is_empty(), "{lost:?}");
    drop(service);
}

/// Until the service is gone; what it answered 250 for is promised.
async fn send_until_death(
    port: &Port,
    service: Service,
    by_its_own_hand: bool,
    promised: &Arc<Mutex<BTreeSet<String>>>,
    death: usize,
) {
    let mut senders = JoinSet::new();
    let before = promised.lock().unwrap().len();
    for sender in 0..SENDERS {
        senders.spawn(send(port.address(), format!("{death}-{sender}"), Arc::clone(promised)));
    }
    if by_its_own_hand {
        service.code().await;
    } else {
        while promised.lock().unwrap().len() < before + ACCEPTED {
            tokio::task::yield_now().await;
        }
        service.kill().await;
    }
    senders.join_all().await;
}

/// Sends without pause until the connection breaks.
async fn send(address: SocketAddr, name: String, promised: Arc<Mutex<BTreeSet<String>>>) -> Option<()> {
    let mut stream = BufReader::new(TcpStream::connect(address).await.ok()?);
    let mut said = String::new();
    stream.read_line(&mut said).await.ok()?;
    stream.write_all(b"HELO desk\r\n").await.ok()?;
    stream.read_line(&mut said).await.ok()?;
    for number in 0.. {
        let id = format!("<{name}-{number}@library.example>");
        let message = format!(
            "MAIL FROM:<desk@library.example>\r\nRCPT TO:<p@example.org>\r\nDATA\r\nFrom: desk@library.example\r\n\
             Message-ID: {id}\r\n\r\n{}.\r\n",
            "Hello\r\n".repeat(200)
        );
        stream.write_all(message.as_bytes()).await.ok()?;
        for answer in ["250 ", "250 ", "354 ", "250 "] {
            said.clear();
            if stream.read_line(&mut said).await.ok()? == 0 {
                return None;
            }
            assert!(said.starts_with(answer), "{said}");
        }
        promised.lock().unwrap().insert(id);
    }
    None
}

/// Recipients whose mail is still to leave.
async fn unfinished(place: &Place) -> u64 {
    let status = place.run(&["queue", "status", "--json"]).await.json();
    let count = |state| status.pointer(&format!("/status/counts/{state}")).and_then(Value::as_u64).unwrap();
    count("waiting") + count("sending")
}

fn arrived(ledger: &std::path::Path) -> BTreeSet<String> {
    let lines = fs::read_to_string(ledger).unwrap();
    lines.lines().map(|line| serde_json::from_str::<Taken>(line).unwrap().id).collect()
}

/// 500 connections that have said EHLO and nothing else: less than 32 MiB together.
#[tokio::test]
async fn five_hundred_idle_connections_cost_less_than_32_mib() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let port = Port::new();
    let place = with_door(&sink, &port).await;
    let service = place.serve().await;
    let mut open = vec![greeted(port.address()).await];
    let before = service.memory_kib();
    while open.len() < IDLE {
        open.push(greeted(port.address()).await);
    }
    let cost = service.memory_kib().saturating_sub(before);
    assert!(cost < IDLE_KIB, "{IDLE} idle connections cost {cost} KiB");
    for stream in &mut open {
        stream.write_all(b"NOOP\r\n").await.unwrap();
        let mut said = String::new();
        stream.read_line(&mut said).await.unwrap();
        assert!(said.starts_with("250 "), "{said}");
    }
}

async fn greeted(address: SocketAddr) -> BufReader<TcpStream> {
    let mut stream = BufReader::new(TcpStream::connect(address).await.unwrap());
    for answer in ["220 ", "250 "] {
        let mut said = String::new();
        stream.read_line(&mut said).await.unwrap();
        assert!(said.starts_with(answer), "{said}");
        if answer == "220 " {
            stream.write_all(b"HELO desk\r\n").await.unwrap();
        }
    }
    stream
}

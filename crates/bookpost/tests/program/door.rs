//! The SMTP door of the program itself: killed while it takes mail in, and with many connections that say nothing.

use std::net::SocketAddr;

use testkit::sink::{Settings, Sink};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    bench::{Place, Service},
    promised::{Account, Port, Promises},
};

/// Deaths of one queue, and connections that send without pause until each.
const DEATHS: usize = 4;
const SENDERS: usize = 8;
/// Messages that are accepted before each death.
const ACCEPTED: usize = 100;
/// Connections that are open and idle.
const IDLE: usize = 500;
/// What they may cost the program together. A debug build keeps some 10 KiB for one.
const IDLE_KIB: u64 = 32 * 1024;

/// Opens the door to the programs of this computer.
fn open_door(place: &Place, port: &Port) {
    place.add(&format!(
        "[smtp]\nlisten = [\"{}\"]\nconnections = 700\n\
         [[smtp.trusted]]\nnetwork = \"127.0.0.1\"\napplication = \"Library\"\n",
        port.address()
    ));
}

/// By us, and by its own hand between the commit and the answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_takes_mail_in_it_loses_nothing_that_it_answered_for() {
    let account = Account::open().await;
    let port = Port::new();
    open_door(&account.place, &port);
    for death in 0..DEATHS {
        let abort_at = (death % 2 == 1).then_some("accepted:30");
        let service = account.place.serve_until(abort_at).await;
        send_until_death(&port, service, abort_at.is_some(), &account.promises, death).await;
    }
    assert!(account.promises.count() > ACCEPTED, "{} accepted", account.promises.count());
    let service = account.place.serve().await;
    account.settle(service).await;
}

/// Until the service is gone; what it answered 250 for is promised.
async fn send_until_death(
    port: &Port,
    service: Service,
    by_its_own_hand: bool,
    promises: &Promises,
    death: usize,
) {
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        senders.spawn(send(port.address(), format!("{death}-{sender}"), promises.clone()));
    }
    if by_its_own_hand {
        service.code().await;
    } else {
        promises.more(ACCEPTED).await;
        service.kill().await;
    }
    senders.join_all().await;
}

/// Sends without pause until the connection breaks.
async fn send(address: SocketAddr, name: String, promises: Promises) -> Option<()> {
    let mut stream = BufReader::new(TcpStream::connect(address).await.ok()?);
    let mut said = String::new();
    stream.read_line(&mut said).await.ok()?;
    stream.write_all(b"HELO desk\r\n").await.ok()?;
    stream.read_line(&mut said).await.ok()?;
    for number in 0.. {
        let to = format!("{name}-{number}@example.org");
        let message = format!(
            "MAIL FROM:<desk@library.example>\r\nRCPT TO:<{to}>\r\nDATA\r\nFrom: desk@library.example\r\n\
             \r\n{}.\r\n",
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
        promises.add([to]);
    }
    None
}

/// 500 connections that have said EHLO and nothing else: less than 32 MiB together.
#[tokio::test]
async fn five_hundred_idle_connections_cost_less_than_32_mib() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let port = Port::new();
    let place = Place::new("servers", Some(&sink));
    assert_eq!(place.run(&["applications", "add", "Library"]).await.code, Some(0));
    open_door(&place, &port);
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

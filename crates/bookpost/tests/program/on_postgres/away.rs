//! The database goes away and comes back while mail flows: nothing is lost, and nothing doubled.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
};

use testkit::sink::{At, Does, Rule, Settings, Sink};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use super::{Database, all_left, arrivals, count};
use crate::{
    bench::{Place, Said, sendmail},
    promised::{Port, Promises},
};

/// The way to the database, which is cut and mended.
struct Relay {
    address: SocketAddr,
    open: watch::Sender<bool>,
}

impl Relay {
    async fn to(database: &Database) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (host, port) = &database.server;
        let (server, open) = (format!("{host}:{port}"), watch::Sender::new(true));
        let opens = open.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (server, mut cut) = (server.clone(), opens.subscribe());
                tokio::spawn(async move {
                    if !*cut.borrow() {
                        return;
                    }
                    let Ok(mut server) = TcpStream::connect(server).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = cut.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { address, open }
    }

    fn cut(&self) {
        self.open.send_replace(false);
    }

    fn mend(&self) {
        self.open.send_replace(true);
    }
}

/// A machine behind a relay, with all doors open.
async fn machine(database: Database, sink: &Sink, port: &Port) -> (Place, Relay) {
    let relay = Relay::to(&database).await;
    let place = database.behind(relay.address).machine("one", "servers", sink);
    assert_eq!(place.run(&["applications", "add", "Library"]).await.code, Some(0));
    place.open_sendmail();
    place.add(&format!(
        "[schedule]\nshort_wait = [\"100ms\", \"200ms\"]\n[smtp]\nlisten = [\"{}\"]\n\
         [[smtp.trusted]]\nnetwork = \"127.0.0.1\"\napplication = \"Library\"\n",
        port.address()
    ));
    (place, relay)
}

/// A program that hands mail in over SMTP.
struct Program(BufReader<TcpStream>);

impl Program {
    async fn at(port: &Port) -> Self {
        let mut program = Self(BufReader::new(TcpStream::connect(port.address()).await.unwrap()));
        assert!(program.said().await.starts_with("220 "));
        assert!(program.ask("HELO desk").await.starts_with("250 "));
        program
    }

    async fn said(&mut self) -> String {
        let mut said = String::new();
        self.0.read_line(&mut said).await.unwrap();
        said
    }

    async fn ask(&mut self, command: &str) -> String {
        self.0.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        self.said().await
    }

    /// What is answered to the message, wherever in it.
    async fn send(&mut self, to: &str) -> String {
        for command in ["MAIL FROM:<desk@library.example>", &format!("RCPT TO:<{to}>"), "DATA"] {
            let said = self.ask(command).await;
            if !said.starts_with(['2', '3']) {
                assert!(self.ask("RSET").await.starts_with("250 "));
                return said;
            }
        }
        self.ask("From: desk@library.example\r\n\r\nHello\r\n.").await
    }
}

async fn by_sendmail(place: &Place, to: &str) -> Said {
    let command = sendmail(&place.path(""), &["-i", "-f", "desk@library.example", to]);
    Said::given(command, "Subject: x\n\nHello\n").await
}

/// What stands in it.
fn journal(place: &Place) -> Vec<Vec<u8>> {
    let files = fs::read_dir(place.data().join("journal")).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// What had begun to leave comes to its end, nothing else leaves, and each door says so; then all goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_away_nothing_is_taken_and_nothing_begins() {
    let Some(database) = Database::named("away").await else { return };
    let sink = Sink::start(Settings::default()).await.unwrap();
    let (port, web) = (Port::new(), Port::new());
    let (place, relay) = machine(database, &sink, &port).await;
    let said = place.run(&["applications", "key", "add", "Library"]).await;
    let key = said.out.split_whitespace().find(|word| word.starts_with("bp_")).unwrap().to_owned();
    place.change("\"off\"", &format!("\"{}\"", web.address()));
    sink.set_rules(vec![Rule { at: At::Dot, address: None, does: Does::Wait, times: Some(1) }]);
    let service = place.serve().await;
    let mut program = Program::at(&port).await;
    assert!(program.send("begun@example.org").await.starts_with("250 "));
    // It was taken, and its answer is not there yet.
    while sink.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    relay.cut();
    let said = program.send("by-smtp@example.org").await;
    assert!(said.starts_with("451 "), "{said}");
    let by_http = reqwest::Client::new()
        .post(format!("http://{}/api/v1/messages", web.address()))
        .bearer_auth(key)
        .header("content-type", "application/json")
        .body(
            r#"{"from": "desk@library.example", "to": ["by-http@example.org"], "subject": "x", "text": "x"}"#,
        );
    assert_eq!(by_http.send().await.unwrap().status(), 503);
    assert_eq!(by_sendmail(&place, "by-sendmail@example.org").await.code, Some(0));
    assert_eq!(fs::read_dir(place.path("maildrop")).unwrap().count(), 1, "it lies in the maildrop");
    let before = journal(&place);
    sink.let_go();
    // What came of it is in the journal only when this process ends, and is known at the next start.
    while journal(&place) == before {
        tokio::task::yield_now().await;
    }
    assert_eq!(sink.taken().len(), 1);
    service.kill().await;
    relay.mend();
    let service = place.serve().await;
    assert!(Program::at(&port).await.send("again@example.org").await.starts_with("250 "));
    while count(&place, "delivered").await != Some(3) {}
    assert_eq!(count(&place, "ever_in_doubt").await, Some(0));
    let expected: BTreeSet<_> =
        ["begun", "by-sendmail", "again"].map(|name| format!("{name}@example.org")).into();
    let arrivals = arrivals(&sink);
    assert_eq!(arrivals.keys().flatten().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(arrivals.values().max(), Some(&1));
    service.terminate();
    assert_eq!(service.code().await, Some(0));
}

/// Sends without pause until it is told to end; each mail has another address, and what was answered 250 for is promised.
async fn sends(mut program: Program, name: usize, promises: Promises, end: watch::Receiver<bool>) -> usize {
    let mut refused = 0;
    for number in 0.. {
        if *end.borrow() {
            break;
        }
        let to = format!("p-{name}-{number}@example.org");
        let said = program.send(&to).await;
        match said.get(..4) {
            Some("250 ") => promises.add([to]),
            Some("451 ") => refused += 1,
            _ => panic!("{said}"),
        }
    }
    refused
}

/// Cut at any moment, also between a commit and its answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_comes_and_goes_nothing_is_lost_and_nothing_doubled() {
    let Some(database) = Database::named("comes_and_goes").await else { return };
    let sink = Sink::start(Settings::default()).await.unwrap();
    let port = Port::new();
    let (place, relay) = machine(database, &sink, &port).await;
    let service = place.serve().await;
    let (promises, end) = (Promises::default(), watch::Sender::new(false));
    let mut programs = JoinSet::new();
    for name in 0..4 {
        let program = Program::at(&port).await;
        programs.spawn(sends(program, name, promises.clone(), end.subscribe()));
    }
    for taken in [50, 100, 150, 30, 70] {
        promises.more(taken).await;
        relay.cut();
        // While it is away nothing is answered yes; as soon as it is back, some are.
        assert!(Program::at(&port).await.send("away@example.org").await.starts_with("451 "));
        relay.mend();
    }
    promises.more(50).await;
    end.send_replace(true);
    let refused: usize = programs.join_all().await.into_iter().sum();
    assert!(refused > 0);
    all_left(&place).await;
    let arrivals = arrivals(&sink);
    let came: BTreeSet<_> = arrivals.keys().flatten().cloned().collect();
    let lost: Vec<_> = promises.all().difference(&came).cloned().collect();
    assert!(lost.is_empty(), "{lost:?}");
    let doubled: Vec<_> = arrivals.iter().filter(|(_, times)| **times > 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
    assert_eq!(count(&place, "ever_in_doubt").await, Some(0));
    service.terminate();
    assert_eq!(service.code().await, Some(0));
}

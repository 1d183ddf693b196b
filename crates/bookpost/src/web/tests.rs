use jiff::Timestamp;
use mail::{Reason, clock::Sleep};
use store::{Alarm, AlarmKind, Counts};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;

#[derive(Debug)]
struct Fixed(Timestamp);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        self.0
    }
    fn sleep_until(&self, _: Timestamp) -> Sleep {
        Box::pin(std::future::pending())
    }
}

fn at() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn well() -> Moment {
    Moment {
        worker_alive: true,
        disk: Some(Disk { free: 5_000_000_000, floor: 100_000_000 }),
        breakers: vec![("server1".to_owned(), true), ("server2".to_owned(), false)],
        journal_syncs: 7,
    }
}

fn alarm(kind: AlarmKind, text: &str) -> Alarm {
    Alarm {
        id: 1,
        kind,
        subject: "server1".to_owned(),
        text: text.to_owned(),
        started_at: at(),
        ended_at: None,
        told: 1,
    }
}

#[test]
fn unwell_is_what_this_machine_can_mend() {
    let sick = Moment { worker_alive: false, disk: Some(Disk { free: 1, floor: 2 }), ..well() };
    let closed = || Err(store::Error::Closed);
    for (now, counts, alarms, reasons, notes) in [
        (well(), Ok(Counts::default()), Ok(vec![]), 0, 0),
        (well(), Ok(Counts::default()), Ok(vec![alarm(AlarmKind::ServerDown, "does not answer")]), 0, 1),
        (well(), Ok(Counts::default()), Ok(vec![alarm(AlarmKind::SignIn, "password refused")]), 1, 0),
        (well(), Ok(Counts::default()), Ok(vec![alarm(AlarmKind::DropFolder, "cannot be read")]), 1, 0),
        (sick, Err(store::Error::Closed), closed(), 4, 0),
    ] {
        let health = judge(&now, counts, alarms);
        assert_eq!((health.reasons.len(), health.notes.len()), (reasons, notes), "{health:?}");
        assert_eq!(health.ok, reasons == 0);
    }
}

#[test]
fn the_figures_are_named_by_the_conventions() {
    let metrics = Metrics::default();
    metrics.accepted(3);
    metrics.attempt(Outcome::Delivered, None);
    metrics.attempt(Outcome::Returned, Some(Reason::AddressUnknown));
    let oldest = Some(at() - jiff::SignedDuration::from_mins(2));
    let counts = Counts { waiting: 2, oldest_waiting_at: oldest, ..Counts::default() };
    let text =
        metrics.encode(&well(), &counts, store::Stats { commits: 4, operations: 9, unreadable: 0 }, at());
    let mut samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    samples.sort_unstable();
    insta::assert_snapshot!(samples.join("\n"));
}

#[tokio::test]
async fn it_answers_over_http_on_loopback_only() {
    bind("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources {
        store: Store::open(folder.path(), at()).unwrap(),
        clock: Arc::new(Fixed(at())),
        metrics: Metrics::default(),
        now: Arc::new(well),
    };
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let store = sources.store.clone();
    tokio::spawn(serve(listener, sources, std::future::pending()));
    assert!(get_text(address, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(get_text(address, "/metrics").await.contains("bookpost_breaker_open{server=\"server1\"} 1"));
    assert!(get_text(address, "/").await.starts_with("HTTP/1.1 404"));
    store.close().await.unwrap();
    let answer = get_text(address, "/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("the queue cannot be read"), "{answer}");
}

async fn get_text(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

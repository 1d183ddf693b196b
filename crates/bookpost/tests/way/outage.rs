//! Servers that are down for a while, or for too long.

use std::{net::SocketAddr, time::Duration};

use testkit::sink::{Settings, Sink};

use crate::bench::{Bench, server};

const HOUR: Duration = Duration::from_secs(3600);

/// An address where nobody listens, and its port.
fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_server_that_is_down_for_almost_100_hours_gets_everything_once() {
    let address = nobody();
    let bench = Bench::start(vec![server("server1", address)]).await;
    let addresses: Vec<String> = (0..50).map(|n| format!("patron{n}@example.org")).collect();
    bench.accept(&addresses.iter().map(String::as_str).collect::<Vec<_>>()).await;
    bench.pass(HOUR * 100 - Duration::from_secs(600)).await;
    assert_eq!(bench.app.store.counts().await.unwrap().waiting, 50);
    let sink = Sink::start(Settings { port: address.port(), ..Settings::default() }).await.unwrap();
    bench.pass(Duration::from_secs(900)).await;
    let counts = bench.app.store.counts().await.unwrap();
    assert_eq!((counts.delivered, counts.returned, sink.count()), (50, 0, 50));
}

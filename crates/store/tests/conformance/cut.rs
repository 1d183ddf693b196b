//! Connections that break between a commit and its answer: nobody knows what was stored, and nothing of it may be forgotten. Where no server is
//! named these are not run.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use store::{Claim, Error, Filter, Lease, State, Store};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    fresh::{leased, sound},
    machines::now,
    server::{Schema, Server},
};

/// Passes on what is said to the server, and of a commit its answer only while it does not cut.
struct Relay {
    address: SocketAddr,
    cuts: Arc<AtomicBool>,
}

impl Relay {
    async fn to(schema: &Schema) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, cuts) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let ((host, port), cutting) = (schema.at(), Arc::clone(&cuts));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(format!("{host}:{port}")).await.unwrap();
                tokio::spawn(pass_on(client, server, Arc::clone(&cutting)));
            }
        });
        Self { address, cuts }
    }

    fn cuts(&self, cuts: bool) {
        self.cuts.store(cuts, Ordering::Relaxed);
    }
}

/// Until either end closes, or the server has answered a commit that is cut.
async fn pass_on(mut client: TcpStream, mut server: TcpStream, cuts: Arc<AtomicBool>) {
    let (mut said, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut is_cut = false;
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let Ok(length @ 1..) = read else { return };
                is_cut |= cuts.load(Ordering::Relaxed) && said[..length].windows(6).any(|word| word == b"COMMIT");
                if server.write_all(&said[..length]).await.is_err() { return }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if is_cut || client.write_all(&answered[..length]).await.is_err() { return }
            }
        }
    }
}

/// Looks as long as it must.
async fn until(store: &Store, state: State) {
    let looks = async {
        while store.list(Filter::default(), None, 9).await.unwrap()[0].state != state {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), looks).await.unwrap();
}

/// Nothing else would, while this machine works: it counts as being sent.
#[tokio::test]
async fn what_nobody_knows_to_be_stored_waits_again() {
    let Some(server) = Server::named() else { return };
    let schema = server.schema().await;
    let relay = Relay::to(&schema).await;
    let [first, second] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let behind = schema.behind(relay.address);
    let store = behind.open(first.path(), "north", now()).await.unwrap();
    let other = schema.open(second.path(), "south", now()).await.unwrap();
    relay.cuts(true);
    let accepted = store.accept(vec![leased()], now()).await;
    relay.cuts(false);
    assert!(matches!(accepted, Err(Error::Away(_))), "{accepted:?}");
    assert_eq!(other.list(Filter::default(), None, 9).await.unwrap().len(), 1, "it was stored");
    until(&other, State::Waiting).await;
    let claim = |lease| Claim {
        lease: Lease(lease),
        now: now(),
        limit: 9,
        bytes: usize::MAX,
        practice: false,
        recovery: None,
    };
    relay.cuts(true);
    let claimed = store.claim(claim(2)).await;
    relay.cuts(false);
    assert!(matches!(claimed, Err(Error::Away(_))), "{claimed:?}");
    until(&other, State::Waiting).await;
    assert_eq!(store.claim(claim(3)).await.unwrap().len(), 1);
    sound(&other).await;
    store.close().await.unwrap();
    other.close().await.unwrap();
    schema.drop().await;
}

//! What a service that ends again and again has answered yes for, and the account that it owes of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use mail::Reason;
use serde_json::Value;
use store::{Filter, Row, State, Store};
use testkit::sink::{Settings, Sink, Taken};
use tokio::{net::TcpSocket, sync::watch};

use crate::bench::{Place, Service};

/// More recipients than any of these tests has.
const ALL: usize = 100_000;

/// A place, the server that its mail goes to, and what was promised. Each message has a recipient of its own, and is known by it.
pub(crate) struct Account {
    pub(crate) place: Place,
    pub(crate) promises: Promises,
    _sink: Sink,
    ledger: PathBuf,
}

/// The recipients of what was answered yes for. All clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Promises(watch::Sender<BTreeSet<String>>);

/// A port that nobody else is given, though nobody listens there while the service is away.
pub(crate) struct Port(TcpSocket);

impl Account {
    /// With the application Library.
    pub(crate) async fn open() -> Self {
        let place = Place::new("servers", None);
        let ledger = place.path("ledger");
        let sink =
            Sink::start(Settings { ledger: Some(ledger.clone()), ..Settings::default() }).await.unwrap();
        place.configure("servers", Some(&sink));
        place.add("[schedule]\nshort_wait = [\"100ms\", \"200ms\"]\n");
        assert_eq!(place.run(&["applications", "add", "Library"]).await.code, Some(0));
        Self { place, promises: Promises::default(), _sink: sink, ledger }
    }

    /// When nothing is left to do: what was promised is there, and each message that came at all is in the queue once and came once, or
    /// is on record as in doubt.
    pub(crate) async fn settle(self, service: Service) {
        while unfinished(&self.place).await > 0 {}
        service.terminate();
        assert_eq!(service.code().await, Some(0));
        let mut came = self.came();
        let store = self.place.store();
        let mut stored = BTreeSet::new();
        for row in store.list(Filter::default(), None, ALL).await.unwrap() {
            let to = row.to.address.to_string();
            let times = came.remove(&to).unwrap_or(0);
            // Each of these may have come or not; what is tried again after the first comes once more at most.
            let unknown = unknown(&store, &row).await;
            let told = format!("{to}: {:?}, {times} times, {unknown} of them not known", row.state);
            match row.state {
                State::Delivered => assert!((1..=1 + unknown).contains(&times), "{told}"),
                // It is not known which, and is not tried again unless a person says so.
                State::InDoubt => assert!(unknown > 0 && times <= unknown, "{told}"),
                _ => panic!("{told}"),
            }
            assert!(stored.insert(to), "{told}; and there is another");
        }
        assert!(came.is_empty(), "of these nothing is known: {came:?}");
        let promised = self.promises.all();
        let lost: Vec<_> = promised.difference(&stored).collect();
        assert!(lost.is_empty(), "{lost:?}");
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        store.close().await.unwrap();
    }

    /// How often the server took a message for each recipient.
    fn came(&self) -> BTreeMap<String, usize> {
        let mut came = BTreeMap::new();
        for line in fs::read_to_string(&self.ledger).unwrap().lines() {
            for to in serde_json::from_str::<Taken>(line).unwrap().to {
                *came.entry(to).or_default() += 1;
            }
        }
        came
    }
}

/// How many attempts of it ended without an answer.
async fn unknown(store: &Store, row: &Row) -> usize {
    let shown = store.show(row.message).await.unwrap();
    let own = shown.into_iter().filter(|(shown, _)| shown.recipient == row.recipient);
    let attempts = own.flat_map(|(_, attempts)| attempts);
    attempts.filter(|attempt| attempt.reason == Some(Reason::AnswerUnknown)).count()
}

impl Promises {
    pub(crate) fn add(&self, recipients: impl IntoIterator<Item = String>) {
        self.0.send_modify(|all| all.extend(recipients));
    }

    pub(crate) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    pub(crate) fn all(&self) -> BTreeSet<String> {
        self.0.borrow().clone()
    }

    /// Waits until there are so many more.
    pub(crate) async fn more(&self, count: usize) {
        let enough = self.count() + count;
        self.0.subscribe().wait_for(|all| all.len() >= enough).await.unwrap();
    }
}

impl Port {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

/// Recipients whose mail is still to leave.
async fn unfinished(place: &Place) -> u64 {
    let status = place.run(&["queue", "status", "--json"]).await.json();
    let count = |state| status.pointer(&format!("/status/counts/{state}")).and_then(Value::as_u64).unwrap();
    count("waiting") + count("sending")
}

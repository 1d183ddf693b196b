//! A PostgreSQL server for tests, as libpq's variables name it, and a schema of its own for each case.

use std::{
    cell::Cell,
    net::SocketAddr,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use jiff::Timestamp;
use store::{OpenError, Store};
use tokio_postgres::{Client, NoTls};

/// The server that tests are told to use.
#[derive(Clone)]
pub(crate) struct Server {
    /// Its host and port.
    at: (String, String),
    url: String,
}

/// An empty schema, and then a queue.
pub(crate) struct Schema {
    server: Server,
    name: String,
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment what there is")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Server {
    /// The one that `PGHOST` and its like name, if `BOOKPOST_TEST_POSTGRES` is set.
    pub(crate) fn named() -> Option<Self> {
        variable("BOOKPOST_TEST_POSTGRES")?;
        let of = |name, usual: &str| variable(name).unwrap_or_else(|| usual.to_owned());
        let words = [
            ("user", "PGUSER", "postgres"),
            ("password", "PGPASSWORD", ""),
            ("dbname", "PGDATABASE", "postgres"),
        ]
        .map(|(word, name, usual)| (word, of(name, usual)))
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(word, value)| format!("{word}='{value}'"));
        let at = (of("PGHOST", "localhost"), of("PGPORT", "5432"));
        Some(Self::reached(at, &words.collect::<Vec<_>>().join(" ")))
    }

    fn reached(at: (String, String), words: &str) -> Self {
        let url = format!("{words} host='{}' port='{}'", at.0, at.1);
        Self { at, url }
    }

    /// Makes a schema.
    pub(crate) async fn schema(self) -> Schema {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("case_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        self.run(&format!("CREATE SCHEMA {name}")).await;
        Schema { server: self, name }
    }

    async fn run(&self, text: &str) {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(text).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
    }
}

impl Schema {
    /// A machine's store, by its folder and name; its clock is that of the server.
    pub(crate) async fn open(
        &self,
        folder: &Path,
        machine: &str,
        now: Timestamp,
    ) -> Result<Store, OpenError> {
        self.open_at(folder, machine, now, now).await
    }

    /// The same with another clock of the server.
    pub(crate) async fn open_at(
        &self,
        folder: &Path,
        machine: &str,
        now: Timestamp,
        clock: Timestamp,
    ) -> Result<Store, OpenError> {
        Store::connect(&self.machine(folder, machine, clock), now).await
    }

    /// The same behind another address.
    pub(crate) fn behind(&self, address: SocketAddr) -> Self {
        let words = self.server.url.split(" host=").next().unwrap_or_default();
        let at = (address.ip().to_string(), address.port().to_string());
        Self { server: Server::reached(at, words), name: self.name.clone() }
    }

    /// Where its server listens.
    pub(crate) fn at(&self) -> (String, String) {
        self.server.at.clone()
    }

    /// As a machine is told of it.
    pub(crate) fn machine(&self, folder: &Path, machine: &str, clock: Timestamp) -> store::Server {
        let (url, name, clock) = (&self.server.url, &self.name, clock.as_microsecond());
        store::Server {
            password: None,
            encryption: store::ServerEncryption::None,
            url: format!("{url} options='-c search_path={name} -c bookpost.clock={clock}'"),
            folder: folder.to_owned(),
            machine: machine.to_owned(),
        }
    }

    /// Something that no store does.
    pub(crate) async fn run(&self, text: &str) {
        self.server.run(&format!("SET search_path TO {}; {text}", self.name)).await;
    }

    /// Has `first` begin while somebody else holds something, and `second` once `first` waits or is done. What is held is let go once both
    /// do: so what the one decides stands beside what the other does, at the same place each time.
    pub(crate) async fn while_held<A, B>(
        &self,
        hold: &str,
        (first, second): (impl Future<Output = A>, impl Future<Output = B>),
    ) -> (A, B) {
        let (client, connection) = tokio_postgres::connect(&self.server.url, NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(&format!("SET search_path TO {}; BEGIN; {hold}", self.name)).await.unwrap();
        let done = Cell::new(0);
        let first = async {
            let came = first.await;
            done.set(done.get() + 1);
            came
        };
        let second = async {
            waiting_or(&client, &done, 1).await;
            let came = second.await;
            done.set(done.get() + 1);
            came
        };
        let let_go = async {
            waiting_or(&client, &done, 2).await;
            client.batch_execute("ROLLBACK").await.unwrap();
        };
        let (first, second, ()) = tokio::join!(first, second, let_go);
        drop(client);
        connection.await.unwrap().unwrap();
        (first, second)
    }

    /// An empty one beside it, which goes with it.
    pub(crate) async fn another(&self) -> Self {
        let name = format!("{}_other", self.name);
        self.server.run(&format!("CREATE SCHEMA {name}")).await;
        Self { server: self.server.clone(), name }
    }

    pub(crate) async fn drop(self) {
        let name = self.name;
        self.server
            .run(&format!("DROP SCHEMA {name} CASCADE; DROP SCHEMA IF EXISTS {name}_other CASCADE"))
            .await;
    }
}

/// Until so many are done or wait for what this client holds, or for somebody who does.
async fn waiting_or(client: &Client, done: &Cell<i64>, number: i64) {
    let waiting = "WITH RECURSIVE waiting AS (
            SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))
            UNION SELECT l.pid FROM pg_locks l JOIN waiting w ON w.pid = ANY(pg_blocking_pids(l.pid)) WHERE NOT l.granted)
        SELECT count(*) FROM waiting";
    while done.get() + client.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) < number {}
}

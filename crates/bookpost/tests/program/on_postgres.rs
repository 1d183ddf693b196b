//! The program where a PostgreSQL server has the queue: the one that libpq's variables name, if `BOOKPOST_TEST_POSTGRES` is set.

mod away;
mod together;

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, time::Duration};

use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::bench::{Place, Said};

/// A schema of its own on the server.
pub(crate) struct Database {
    /// Where the server listens.
    server: (String, String),
    /// All but that.
    words: String,
    schema: String,
    password: String,
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment what there is")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Database {
    /// None: no server is named, and the step that has one runs this.
    pub(crate) async fn named(schema: &str) -> Option<Self> {
        variable("BOOKPOST_TEST_POSTGRES")?;
        let of = |name, usual: &str| variable(name).unwrap_or_else(|| usual.to_owned());
        let server = (of("PGHOST", "localhost"), of("PGPORT", "5432"));
        let words = format!("user={} dbname={}", of("PGUSER", "postgres"), of("PGDATABASE", "postgres"));
        let password = variable("PGPASSWORD").unwrap_or_default();
        let database = Self { server, words, schema: schema.to_owned(), password };
        database.run(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")).await;
        Some(database)
    }

    /// As whoever is no machine reaches it.
    pub(crate) fn url(&self) -> String {
        let Self { server: (host, port), words, schema, password } = self;
        format!("host={host} port={port} {words} password='{password}' options='-c search_path={schema}'")
    }

    /// Something that no machine does.
    async fn run(&self, text: &str) {
        let (client, connection) = tokio_postgres::connect(&self.url(), tokio_postgres::NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(text).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
    }

    /// The same database behind another address.
    fn behind(mut self, address: std::net::SocketAddr) -> Self {
        self.server = (address.ip().to_string(), address.port().to_string());
        self
    }

    /// A machine with this name that works on it.
    pub(crate) fn machine(&self, name: &str, way: &str, sink: &Sink) -> Place {
        let place = Place::new(way, Some(sink));
        for (file, secret) in
            [("password", self.password.as_str()), ("key", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")]
        {
            fs::write(place.path(file), secret).unwrap();
            fs::set_permissions(place.path(file), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let Self { server: (host, port), words, schema, .. } = self;
        place.add(&format!(
            "[database]\nurl = \"host={host} port={port} {words} options='-c search_path={schema}'\"\npassword_file = \"{}\"\nmachine = \"{name}\"\n[secrets]\nkey_file = \"{}\"\n",
            place.path("password").display(),
            place.path("key").display(),
        ));
        place
    }
}

/// How many recipients are in a state.
pub(crate) async fn count(place: &Place, state: &str) -> Option<u64> {
    let status = place.run(&["queue", "status", "--json"]).await.json();
    status.pointer(&format!("/status/counts/{state}"))?.as_u64()
}

/// How often each patron's mail arrived.
pub(crate) fn arrivals(sink: &Sink) -> BTreeMap<Vec<String>, usize> {
    let mut arrivals = BTreeMap::new();
    for taken in sink.taken() {
        *arrivals.entry(taken.to).or_default() += 1;
    }
    arrivals
}

/// Waits until nothing waits and nothing is being sent.
pub(crate) async fn all_left(place: &Place) {
    while (count(place, "waiting").await, count(place, "sending").await) != (Some(0), Some(0)) {}
}

#[tokio::test]
async fn two_machines_send_the_mail_of_one_queue_once() {
    let Some(database) = Database::named("two_machines").await else { return };
    let sink = Sink::start(Settings::default()).await.unwrap();
    let first = database.machine("one", "none", &sink);
    assert_eq!(first.notices(&["run"], &first.export(200)).await.code, Some(1));
    assert_eq!(count(&first, "waiting").await, Some(200));
    first.change("way = \"none\"", "way = \"servers\"");
    let second = database.machine("two", "servers", &sink);
    let (one, two) = (first.serve().await, second.serve().await);
    all_left(&second).await;
    let arrivals = arrivals(&sink);
    assert_eq!((arrivals.len(), arrivals.values().max()), (200, Some(&1)));
    assert_eq!(count(&first, "delivered").await, Some(200));
    for service in [one, two] {
        service.terminate();
        assert_eq!(service.code().await, Some(0));
    }
}

/// What it had in hand without the mark goes on elsewhere; what was marked may have arrived, and waits.
#[tokio::test]
async fn the_mail_of_a_machine_that_dies_goes_on_at_another() {
    let Some(database) = Database::named("dying_machine").await else { return };
    let sink = Sink::start(Settings { extensions: Vec::new(), ..Settings::default() }).await.unwrap();
    let first = database.machine("one", "none", &sink);
    assert_eq!(first.notices(&["run"], &first.export(20)).await.code, Some(1));
    first.change("way = \"none\"", "way = \"servers\"");
    first.change("[server1]\n", "[server1]\nconnections = 1\n");
    sink.set_rules(vec![Rule { at: At::Rcpt, address: None, does: Does::Wait, times: Some(1) }]);
    let service = first.serve().await;
    while count(&first, "sending").await == Some(0) {}
    service.kill().await;
    sink.let_go();
    let second = database.machine("two", "servers", &sink);
    let service = second.serve().await;
    // The one whose transmission had begun waits for 11 minutes.
    let others = async { while count(&second, "delivered").await != Some(19) {} };
    let patience = tokio::time::timeout(Duration::from_mins(2), others).await;
    assert!(patience.is_ok(), "{:?} wait", count(&second, "waiting").await);
    let left = (count(&second, "waiting").await, count(&second, "sending").await);
    assert_eq!((left, count(&second, "ever_in_doubt").await), ((Some(1), Some(0)), Some(1)));
    let arrivals = arrivals(&sink);
    assert_eq!((arrivals.len(), arrivals.values().max()), (19, Some(&1)));
    service.terminate();
    assert_eq!(service.code().await, Some(0));
}

#[tokio::test]
async fn a_second_machine_of_the_same_name_is_refused() {
    let Some(database) = Database::named("same_name").await else { return };
    let sink = Sink::start(Settings::default()).await.unwrap();
    let (first, second) = (database.machine("one", "none", &sink), database.machine("one", "none", &sink));
    let service = first.serve().await;
    let said: Said = second.run(&["serve"]).await;
    assert_eq!(said.code, Some(78), "{said:?}");
    assert!(said.err.contains("another machine named one works on this queue"), "{said:?}");
    let said = first.run(&["backup", "queue.backup"]).await;
    assert!(said.err.contains("pg_dump") && said.code == Some(78), "{said:?}");
    service.terminate();
    assert_eq!(service.code().await, Some(0));
}

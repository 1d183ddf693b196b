//! The queue goes from its file to a PostgreSQL server, and back, with mail in it.

use std::{fs, process::Stdio};

use bookpost::app::steps::{AbortAt, Step};
use serde_json::Value;
use testkit::sink::{At, Does, Rule, Settings, Sink};
use tokio_postgres::{Client, NoTls};

use crate::{
    bench::{Place, Said, bookpost},
    on_postgres::{Database, all_left, arrivals, count},
};

const UP: [&str; 5] = ["migrate", "--from", "sqlite", "--to", "postgres"];
const DOWN: [&str; 5] = ["migrate", "--from", "postgres", "--to", "sqlite"];

/// A machine whose settings name the server, or do not.
struct Machine {
    place: Place,
    on_server: String,
}

impl Machine {
    fn new(database: &Database, way: &str, sink: &Sink) -> Self {
        let place = database.machine("one", way, sink);
        place.change("[sending]\n", "[sending]\nin_doubt = \"hold\"\n");
        let text = fs::read_to_string(place.path("config")).unwrap();
        let (before, rest) = text.split_once("[database]").unwrap();
        let (server, after) = rest.split_once("[secrets]").unwrap();
        fs::write(place.path("config"), format!("{before}[secrets]{after}")).unwrap();
        Self { place, on_server: format!("[database]{server}") }
    }

    fn name_server(&self) {
        self.place.change("[secrets]\n", &format!("{}[secrets]\n", self.on_server));
    }

    fn forget_server(&self) {
        self.place.change(&self.on_server, "");
    }

    /// Of what was tried before and waits: its number, its next attempt, and how often it was tried.
    async fn deferred(&self) -> Vec<[Value; 3]> {
        let listed =
            self.place.run(&["queue", "list", "--state", "waiting", "--limit", "1000", "--json"]).await;
        let listed = listed.json();
        let rows = listed.pointer("/rows").and_then(Value::as_array).unwrap();
        let of =
            |row: &Value| ["recipient", "due_at", "attempts"].map(|name| row.get(name).cloned().unwrap());
        rows.iter().map(of).filter(|[.., attempts]| attempts.as_u64() != Some(0)).collect()
    }
}

async fn client(database: &Database, schema: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("SET search_path TO {schema}")).await.unwrap();
    client
}

/// The service dies while it sends: some are tried again later, some may have arrived, of some only the journal knows.
#[tokio::test]
async fn a_queue_is_moved_up_and_each_mail_goes_out_once() {
    let Some(database) = Database::named("moved_up").await else { return };
    let sink = Sink::start(Settings { extensions: Vec::new(), ..Settings::default() }).await.unwrap();
    let machine = Machine::new(&database, "none", &sink);
    let place = &machine.place;
    assert_eq!(place.notices(&["run"], &place.export(500)).await.code, Some(1));
    place.change("way = \"none\"", "way = \"servers\"");
    let later = Does::Reply("450 4.2.1 later".to_owned());
    sink.set_rules(vec![
        Rule { at: At::Rcpt, address: None, does: later, times: Some(20) },
        Rule { at: At::Dot, address: None, does: Does::HangUp, times: Some(1) },
    ]);
    place.serve_to_death(AbortAt { step: Step::Answered, time: 150 }).await;
    let deferred = machine.deferred().await;
    assert!(!deferred.is_empty());

    machine.name_server();
    let said = place.run(&[&UP[..], &["--json"]].concat()).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.json()["queue_moved"]["tables"]["recipient"]["rows"].as_u64(), Some(500), "{said:?}");
    let waits = machine.deferred().await;
    assert!(deferred.iter().all(|one| waits.contains(one)), "{deferred:?} {waits:?}");
    let doubt = count(place, "in_doubt").await.unwrap();
    assert!(doubt > 0);
    // Whoever goes on without the server is told where the queue is.
    machine.forget_server();
    let said: Said = place.run(&["serve"]).await;
    assert!(said.code == Some(78) && said.err.contains("was moved to the database"), "{said:?}");
    machine.name_server();

    assert_eq!(place.run(&["queue", "retry", "--state", "waiting", "--yes"]).await.code, Some(0));
    let service = place.serve().await;
    all_left(place).await;
    let (delivered, ever) = (count(place, "delivered").await, count(place, "in_doubt").await);
    assert_eq!((delivered, ever), (Some(500 - doubt), Some(doubt)));
    let arrivals = arrivals(&sink);
    assert_eq!(arrivals.values().max(), Some(&1), "twice: {arrivals:?}");
    assert!(arrivals.len() as u64 >= 500 - doubt);
    let said = place.run(&DOWN).await;
    assert_eq!(said.code, Some(75), "a service works: {said:?}");
    service.terminate();
    assert_eq!(service.code().await, Some(0));

    let said = place.run(&DOWN).await;
    assert!(said.code == Some(64) && said.err.contains("is the queue that was moved to"), "{said:?}");
    fs::rename(place.data().join("queue.db"), place.path("queue.before")).unwrap();
    let said = place.run(&DOWN).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = place.run(&["serve"]).await;
    assert!(said.code == Some(78) && said.err.contains("was moved to"), "{said:?}");
    machine.forget_server();
    assert_eq!(count(place, "delivered").await, Some(500 - doubt));
    let service = place.serve().await;
    service.terminate();
    assert_eq!(service.code().await, Some(0));
}

/// Killed in the middle of copying: both are as they were.
#[tokio::test]
async fn a_move_that_is_killed_has_not_begun() {
    let Some(database) = Database::named("moved_killed").await else { return };
    let sink = Sink::start(Settings::default()).await.unwrap();
    let machine = Machine::new(&database, "none", &sink);
    let place = &machine.place;
    assert_eq!(place.run(&UP).await.code, Some(78), "no server is named");
    assert_eq!(place.notices(&["run"], &place.export(50)).await.code, Some(1));
    machine.name_server();
    // The tables are there, and nothing is in them.
    assert_eq!(count(place, "waiting").await, Some(0));
    let mut holder = client(&database, "moved_killed").await;
    let looker = client(&database, "moved_killed").await;
    let held = holder.transaction().await.unwrap();
    held.batch_execute("LOCK TABLE event IN EXCLUSIVE MODE").await.unwrap();
    let mut command = bookpost(&place.path(""));
    command.arg("--config").arg(place.path("config")).args(UP);
    let mut moving = command.stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    let waits = "SELECT count(*) FROM pg_locks WHERE relation = 'event'::regclass AND NOT granted";
    while looker.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) == 0 {}
    moving.kill().await.unwrap();
    held.rollback().await.unwrap();
    while looker.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) > 0 {}
    machine.forget_server();
    assert_eq!(count(place, "waiting").await, Some(50));
    let service = place.serve().await;
    machine.name_server();
    let said = place.run(&UP).await;
    assert!(said.code == Some(75) && said.err.contains("already works in"), "{said:?}");
    service.terminate();
    assert_eq!(service.code().await, Some(0));
    assert_eq!(count(place, "waiting").await, Some(0));
    let said = place.run(&UP).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(count(place, "waiting").await, Some(50));
    let said = place.run(&["migrate", "--from", "sqlite", "--source-may-send-again"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    machine.forget_server();
    assert_eq!(count(place, "waiting").await, Some(50));
}

//! The start and the end of the service.

use std::{fs, net::TcpListener};

use store::Counts;
use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::{bench::Place, promised::Port};

async fn counts(place: &Place) -> Counts {
    let store = place.store();
    let counts = store.counts().await.unwrap();
    store.close().await.unwrap();
    counts
}

/// A place where so many messages wait, and the server that they will go to.
async fn with_waiting(patrons: usize) -> (Place, Sink) {
    // Without PIPELINING nothing of a message is under way before the one in front of it has its answer.
    let sink = Sink::start(Settings { extensions: Vec::new(), ..Settings::default() }).await.unwrap();
    let place = Place::new("none", Some(&sink));
    assert_eq!(place.notices(&["run"], &place.export(patrons)).await.code, Some(1));
    place.configure("servers", Some(&sink));
    (place, sink)
}

#[tokio::test]
async fn told_to_end_it_gives_back_what_was_not_sent() {
    let (place, sink) = with_waiting(3).await;
    place.change("[server1]\n", "[server1]\nconnections = 1\n");
    sink.set_rules(vec![Rule { at: At::Dot, address: None, does: Does::Wait, times: Some(1) }]);
    let service = place.serve().await;
    sink.wait_for(1).await;
    service.terminate();
    // Commands are answered until the last moment.
    let waiting = async || {
        let status = place.run(&["queue", "status", "--json"]).await.json();
        status["status"]["counts"]["waiting"].as_u64()
    };
    while waiting().await == Some(0) {}
    sink.let_go();
    assert_eq!(service.code().await, Some(0));
    let counts = counts(&place).await;
    assert_eq!((counts.delivered, counts.waiting, counts.ever_in_doubt, sink.count()), (1, 2, 0, 1));
}

/// Nobody is asked over HTTPS where nobody signs in anywhere.
#[tokio::test]
async fn without_certificates_of_authorities_it_works_as_long_as_it_needs_none() {
    let place = Place::new("none", None);
    place.serve_without_authorities().await.log().await;
}

#[tokio::test]
async fn a_port_that_is_taken_ends_the_start_before_anything_is_sent() {
    let (place, sink) = with_waiting(3).await;
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    place.change("\"off\"", &format!("\"{}\"", other.local_addr().unwrap()));
    let said = place.run(&["serve"]).await;
    assert_eq!((said.code, sink.connections()), (Some(75), 0), "{said:?}");
    assert!(said.err.contains("cannot listen on 127.0.0.1:"), "{said:?}");
    assert_eq!(counts(&place).await.waiting, 3);
}

#[tokio::test]
async fn a_second_service_on_the_same_folder_says_that_one_runs() {
    let (place, port) = (Place::new("practice", None), Port::new());
    place.change("\"off\"", &format!("\"{}\"", port.address()));
    let service = place.serve().await;
    let said = place.run(&["serve"]).await;
    assert_eq!(said.code, Some(75), "{said:?}");
    assert!(said.err.contains("already works in") && said.err.contains("(process "), "{said:?}");
    service.terminate();
    assert_eq!(service.code().await, Some(0));
}

#[tokio::test]
async fn a_start_that_fails_late_leaves_nothing_in_doubt() {
    let (place, sink) = with_waiting(50).await;
    fs::create_dir(place.data().join("control.new")).unwrap();
    let said = place.run(&["serve"]).await;
    assert_eq!(said.code, Some(75), "{said:?}");
    let counts = counts(&place).await;
    assert_eq!((counts.delivered, counts.waiting), (sink.count(), 50 - sink.count()), "{counts:?}");
}

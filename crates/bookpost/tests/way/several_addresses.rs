//! A notice for several addresses where one mail at a time may go: one of its mails does, and the others wait and leave later, once each.

use std::time::Duration;

use bookpost::config::Config;
use store::{Actor, NewMessage, NewRun, State, Store};
use testkit::sink::{At, Does, Rule, Sink};

use crate::{
    bench::{Bench, START, message, nobody, server, sink, sink_at},
    by_web_others::struck,
};

const MINUTE: Duration = Duration::from_mins(1);
/// Nobody waits so long for what does not hang.
const HANGS: Duration = Duration::from_mins(1);
const FAMILY: [&str; 3] = ["dad@example.org", "eve@example.org", "mum@example.org"];

/// The notice of a run that a patron and both parents get.
async fn accept_notice(bench: &Bench) {
    let new = NewRun {
        notice: "overdue-items".into(),
        source: "overdues.csv".into(),
        practice: false,
        started_at: START,
    };
    let run = Some(bench.app.store.begin_run_by(new, Actor::CommandLine).await.unwrap());
    let notice = NewMessage { run, application: "notices".into(), ..message(&FAMILY, START) };
    bench.app.receiver.accept(vec![notice]).await.unwrap();
}

fn keeps_its_answers() -> Vec<Rule> {
    vec![Rule { at: At::Dot, address: None, does: Does::Wait, times: None }]
}

async fn states(bench: &Bench) -> Vec<State> {
    let mut states = Vec::new();
    for address in FAMILY {
        states.push(bench.row(address).await.state);
    }
    states.sort();
    states
}

/// While the server keeps back its answer to the first, nothing else is on its way, and nothing is lost.
async fn goes_alone(bench: &Bench, sink: &Sink) {
    let alone = async {
        sink.wait_for(1).await;
        while states(bench).await != [State::Waiting, State::Waiting, State::Sending] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HANGS, alone).await.expect("the others wait");
    assert_eq!((sink.connections(), sink.count()), (1, 1));
    assert_eq!(sink.taken()[0].to.len(), 1, "{:?}", sink.taken()[0].to);
}

/// Each got one, in which no other stands.
async fn all_got_one(bench: &Bench, sink: &Sink) {
    sink.set_rules(Vec::new());
    sink.let_go();
    bench.pass(MINUTE * 20).await;
    let mut taken: Vec<_> = sink.taken().iter().map(|one| one.to.concat()).collect();
    taken.sort();
    assert_eq!(taken, FAMILY);
    let counts = bench.counts().await;
    assert_eq!((counts.delivered, counts.ever_in_doubt), (3, 0));
}

/// It is not known whether the server is there: one mail finds that out.
#[tokio::test]
async fn a_probe_is_made_with_one_of_the_mails_of_a_notice() {
    let address = nobody();
    let bench = Bench::start(vec![server("server1", address)]).await;
    accept_notice(&bench).await;
    bench.pass(MINUTE * 10).await;
    assert_eq!(bench.counts().await.waiting, 3);
    let sink = sink_at(address).await;
    sink.set_rules(keeps_its_answers());
    bench.app.worker.probe();
    goes_alone(&bench, &sink).await;
    all_got_one(&bench, &sink).await;
}

/// All three were in flight when the program ended suddenly, and one of them may have been why.
#[tokio::test]
async fn what_was_in_flight_goes_one_mail_at_a_time() {
    let sink = sink(keeps_its_answers()).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.app.worker.pause(true).await;
    accept_notice(&bench).await;
    let other = async |config: &Config| struck(Store::open(&config.data_dir, START).unwrap(), START).await;
    let bench = Box::pin(bench.restart_after(other)).await;
    goes_alone(&bench, &sink).await;
    all_got_one(&bench, &sink).await;
}

//! What one server of a way asks for, or refuses, holds for that server alone.

use std::{sync::Arc, time::Duration};

use bookpost::config::{Limits, Server};
use mail::Reason;
use store::{AlarmKind, State};
use testkit::sink::{At, Does, Rule, Sink};

use crate::{
    bench::{self, Bench, always, message, nobody, patron, server, sink, sink_at},
    by_web::Web,
    by_web_route::{accept, names, state, taken},
    mail_accounts::{GOOGLE, MINUTE},
};

const HOUR: Duration = Duration::from_hours(1);
const MEMBER: &str = "member@example.org";

fn both(first: &Sink, second: &Sink) -> Vec<Arc<Server>> {
    vec![server("server1", first.address()), server("server2", second.address())]
}

fn relay_denied() -> Rule {
    always(At::Rcpt, "554 5.7.1 <x@example.org>: Relay access denied")
}

/// The first shows at a message that it takes none, and the second sends.
async fn second_sends() -> (Bench, Sink, Sink) {
    let (first, second) = (sink(vec![relay_denied()]).await, sink(Vec::new()).await);
    let bench = Bench::start(both(&first, &second)).await;
    bench.accept(&["first@example.org"]).await;
    bench.pass(MINUTE * 10).await;
    assert_eq!((bench.counts().await.delivered, second.count()), (1, 1));
    (bench, first, second)
}

/// The backup has had what it may have in a day; then the first server is there again.
#[tokio::test]
async fn a_limit_of_the_backup_keeps_nothing_from_the_first_server() {
    let (address, second) = (nobody(), sink(Vec::new()).await);
    let limits = Limits { per_day: Some(10), ..Limits::default() };
    let backup = Server { limits, ..Server::clone(&server("server2", second.address())) };
    let bench = Bench::start(vec![server("server1", address), Arc::new(backup)]).await;
    bench.accept_many(20).await;
    bench.pass(MINUTE * 10).await;
    assert_eq!((second.count(), bench.counts().await.waiting), (10, 10));
    let first = sink_at(address).await;
    bench.pass(MINUTE * 10).await;
    assert_eq!((first.count(), bench.counts().await.delivered), (10, 20));
}

/// The mail server gets what the service cannot be handed, and says that its allowance is used up.
#[tokio::test]
async fn an_allowance_of_one_that_stands_behind_is_used_up_for_that_one_only() {
    let own = sink(vec![always(At::Rcpt, "550 5.4.5 Daily user sending limit exceeded")]).await;
    let web = Web::start_beside(GOOGLE, 36_000, Some(server("server1", own.address()))).await;
    accept(&web, vec![names("list@example.org", &[MEMBER])]).await;
    assert_eq!(state(&web, MEMBER).await, (State::Waiting, Some(Reason::QuotaUsedUp)));
    web.send(0..3).await;
    web.each_once(3);
    let asked = own.connections();
    accept(&web, vec![names("list@example.org", &["next@example.org"])]).await;
    web.bench.pass(MINUTE * 55).await;
    assert_eq!(own.connections(), asked, "it has its hour");
    assert_eq!(state(&web, "next@example.org").await, (State::Waiting, Some(Reason::QuotaUsedUp)));
    assert_eq!(web.bench.open_alarms().await, []);
    own.set_rules(Vec::new());
    web.bench.pass(HOUR * 4).await;
    assert_eq!(taken(&own), [MEMBER, "next@example.org"]);
    assert_eq!(web.bench.open_alarms().await, []);
}

/// It is asked by a message whether it takes mail again, and asks for less: the others do not wait for that, and it is not asked on and on.
#[tokio::test]
async fn a_server_that_answers_a_probe_with_slow_down_stops_nobody() {
    let (bench, first, _second) = second_sends().await;
    first.set_rules(vec![always(At::Mail, "450 4.7.0 too many messages, slow down")]);
    for round in 1..4 {
        bench.accept_many(10).await;
        bench.quiet().await;
        assert_eq!(bench.counts().await.waiting, 0, "{round}");
        bench.pass(MINUTE).await;
    }
    let asked = first.connections();
    for n in 0..20 {
        bench.accept(&[&patron(100 + n)]).await;
        bench.pass(MINUTE).await;
    }
    assert!(first.connections() - asked <= 50, "{}", first.connections() - asked);
    first.set_rules(Vec::new());
    bench.accept_many(3).await;
    bench.pass(MINUTE * 10).await;
    assert_eq!(bench.alarm_kinds().await, []);
}

/// What a server that is only tried says against a message keeps it from no other.
#[tokio::test]
async fn what_is_refused_while_a_server_is_tried_goes_by_the_one_that_sends() {
    for reply in ["553 5.7.1 Sender address rejected: not owned by user", "550 5.4.5 daily limit exceeded"] {
        let (bench, first, second) = second_sends().await;
        first.set_rules(vec![always(At::Mail, reply)]);
        bench.accept_many(3).await;
        bench.pass(MINUTE * 2).await;
        let counts = bench.counts().await;
        assert_eq!((counts.delivered, counts.held, second.count()), (4, 0, 4), "{reply}");
        let kinds = bench.alarm_kinds().await;
        assert!(!kinds.contains(&AlarmKind::SenderRefused), "{reply} {kinds:?}");
    }
}

/// The one that stands behind breaks a connection now and then, and takes mail in between.
#[tokio::test]
async fn good_answers_of_one_that_stands_behind_count_for_it() {
    let own = sink(Vec::new()).await;
    let web = Web::start_beside(GOOGLE, 36_000, Some(server("server1", own.address()))).await;
    for n in 0..3 {
        own.set_rules(vec![Rule { at: At::Data, address: None, does: Does::HangUp, times: Some(1) }]);
        accept(&web, vec![names("list@example.org", &[&patron(n)])]).await;
        web.bench.pass(MINUTE * 15).await;
        assert_eq!(own.count(), n as u64 + 1);
    }
    assert_eq!(web.bench.alarms(false).await, []);
}

/// In the middle of its mail it is replaced, or the program ends: a person hears what it says of that mail.
#[tokio::test]
async fn what_is_said_of_mail_is_told_though_its_server_is_no_more() {
    let refuses = || {
        let sender = "553 5.7.1 Sender address rejected: not owned by user";
        let waits = Rule { at: At::Dot, address: None, does: Does::Wait, times: None };
        vec![bench::refuses("ann@example.org", sender), waits]
    };
    for ends in [false, true] {
        let (first, second) = (sink(refuses()).await, sink(Vec::new()).await);
        let bench = Bench::start(vec![server("server1", first.address())]).await;
        let pair = message(&["ann@example.org", "bob@example.org"], bench::START);
        bench.app.receiver.accept(vec![pair]).await.unwrap();
        first.wait_for(1).await;
        let other = server("server2", second.address());
        let bench = if ends {
            let let_go = async {
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                first.let_go();
            };
            tokio::join!(Box::pin(bench.restart(vec![other], Duration::ZERO)), let_go).0
        } else {
            bench.app.worker.reroute(vec![bookpost::queue::route::Upstream::new(other, None)]).await;
            first.let_go();
            bench
        };
        bench.quiet().await;
        assert_eq!(bench.row("ann@example.org").await.state, State::Held, "{ends}");
        assert_eq!(bench.alarm_kinds().await, [AlarmKind::SenderRefused], "{ends}");
    }
}

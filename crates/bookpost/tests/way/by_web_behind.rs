//! A web service stands behind the library's own mail server, which sends as long as it can.

use std::net::SocketAddr;

use bookpost::config::Provider;
use mail::{Reason, clock::Clock as _};
use store::{AlarmKind, State};
use testkit::{
    mail_service::Says,
    sink::{At, Does, Rule, Sink, Taken},
};

use crate::{
    bench::{self, message, patron},
    by_web::{Web, google},
    mail_accounts::{GOOGLE, MINUTE},
};

pub(crate) async fn behind(provider: Provider, own: SocketAddr) -> Web {
    Web::start_among(provider, 36_000, |service| vec![bench::server("server1", own), service]).await
}

fn to(taken: &[Taken]) -> Vec<String> {
    let mut all: Vec<_> = taken.iter().flat_map(|one| one.to.clone()).collect();
    all.sort();
    all
}

fn by_service(web: &Web) -> Vec<String> {
    let mut all: Vec<_> = web.service.taken().into_iter().flat_map(|one| one.to).collect();
    all.sort();
    all
}

/// And no longer than that.
#[tokio::test]
async fn the_service_sends_while_the_own_server_is_away() {
    for provider in [GOOGLE, Provider::Microsoft] {
        let own = bench::sink(Vec::new()).await;
        let (at, web) = (own.address(), behind(provider, own.address()).await);
        web.send(0..3).await;
        let before = own.taken();
        assert_eq!((before.len(), by_service(&web).len()), (3, 0));
        own.stop().await;
        web.send(3..6).await;
        web.bench.pass(2 * MINUTE).await;
        assert_eq!(by_service(&web), [patron(3), patron(4), patron(5)]);
        let instead_of = web.bench.attempts(&patron(5)).await.pop().unwrap().instead_of;
        assert_eq!(instead_of.map(|one| one.reason), Some(Reason::Unreachable));
        let kinds = web.bench.alarm_kinds().await;
        assert!(
            kinds.contains(&AlarmKind::BackupInUse) && kinds.contains(&AlarmKind::ServerDown),
            "{kinds:?}"
        );
        let own = bench::sink_at(at).await;
        web.bench.pass(10 * MINUTE).await;
        web.send(6..9).await;
        assert_eq!(web.bench.alarm_kinds().await, []);
        assert_eq!(to(&own.taken()), [patron(6), patron(7), patron(8)]);
        let mut all = [to(&before), by_service(&web), to(&own.taken())].concat();
        all.sort();
        assert_eq!(all, (0..9).map(patron).collect::<Vec<_>>());
    }
}

/// Past the point of no return the other is not tried, whichever of them lost the answer.
#[tokio::test]
async fn an_answer_that_is_lost_is_asked_of_neither() {
    let lost = Rule { at: At::Dot, address: None, does: Does::HangUp, times: Some(1) };
    let own = bench::sink(vec![lost]).await;
    let (at, web) = (own.address(), behind(GOOGLE, own.address()).await);
    let in_doubt = async |patron: &str| {
        let row = web.bench.row(patron).await;
        assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::AnswerUnknown)));
        assert!(row.in_doubt_at.is_some());
    };
    web.send(0..1).await;
    assert_eq!((own.count(), by_service(&web).len()), (1, 0));
    in_doubt(&patron(0)).await;
    own.stop().await;
    web.service.says(Says::TakenAndCut);
    web.send(1..2).await;
    let own = bench::sink_at(at).await;
    web.bench.quiet().await;
    assert_eq!((to(&own.taken()), by_service(&web)), (vec![], vec![patron(1)]));
    in_doubt(&patron(1)).await;
    // By the schedule, and not before.
    web.bench.pass(20 * MINUTE).await;
    let all = [to(&own.taken()), by_service(&web)].concat();
    assert_eq!(all.iter().filter(|one| **one == patron(1)).count(), 2, "{all:?}");
    assert_eq!(web.bench.row(&patron(1)).await.state, State::Delivered);
}

/// Its header names others. It says why it waits, and the others leave meanwhile.
#[tokio::test]
async fn what_the_service_cannot_carry_waits_for_the_own_server() {
    let own = bench::sink(Vec::new()).await;
    let (at, web) = (own.address(), behind(GOOGLE, own.address()).await);
    own.stop().await;
    let mut member = message(&["member@example.org"], bench::START);
    let text = String::from_utf8(member.bytes.to_vec()).unwrap();
    member.bytes = text.replace("To: member@example.org\r\n", "To: list@example.org\r\n").into();
    web.bench.app.receiver.accept(vec![member]).await.unwrap();
    web.send(0..2).await;
    web.bench.pass(60 * MINUTE).await;
    assert_eq!(by_service(&web), [patron(0), patron(1)]);
    let row = web.bench.row("member@example.org").await;
    assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::Unreachable)));
    assert!(row.due_at.is_some_and(|due| due > web.bench.clock.now()), "it is not tried without end");
    let own: Sink = bench::sink_at(at).await;
    web.bench.pass(120 * MINUTE).await;
    assert_eq!(to(&own.taken()), ["member@example.org"]);
    assert_eq!(web.bench.row("member@example.org").await.state, State::Delivered);
    assert_eq!(web.bench.alarm_kinds().await, []);
}

/// Whichever of them is well first sends.
#[tokio::test]
async fn where_neither_takes_mail_all_of_it_waits() {
    let own = bench::sink(Vec::new()).await;
    let web = behind(GOOGLE, own.address()).await;
    own.stop().await;
    web.service.always_says(Some(google(403, "domainPolicy", "Gmail is off")));
    web.send(0..4).await;
    web.bench.pass(30 * MINUTE).await;
    assert_eq!(by_service(&web), [""; 0]);
    assert_eq!(web.bench.counts().await.ever_in_doubt, 0);
    web.service.always_says(None);
    web.bench.pass(90 * MINUTE).await;
    web.each_once(4);
    let kinds = web.bench.alarm_kinds().await;
    assert!(!kinds.contains(&AlarmKind::SignIn) && kinds.contains(&AlarmKind::ServerDown), "{kinds:?}");
}

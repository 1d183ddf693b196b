//! Who goes first, and that nobody waits for the whole of another's mail.

use std::{sync::Arc, time::Duration};

use bookpost::config::Server;
use mail::clock::Clock as _;
use store::{Class, NewMessage, State};
use testkit::sink::{At, Does, Rule};

use crate::bench::{Bench, SLEEPERS, START, message, patron, server, sink};

fn mail(class: Class, application: &str, to: &str, bench: &Bench) -> NewMessage {
    NewMessage { class, application: application.into(), ..message(&[to], bench.app.clock.now()) }
}

/// Urgent mail has a connection of its own where all others are busy.
#[tokio::test]
async fn urgent_mail_does_not_wait_for_connections_that_are_busy() {
    let holds = Rule { at: At::Dot, address: None, does: Does::Wait, times: Some(2) };
    let sink = sink(vec![holds]).await;
    let mut busy = Arc::unwrap_or_clone(server("server1", sink.address()));
    busy.connections = 2;
    let bench = Bench::start(vec![Arc::new(busy)]).await;
    let bulk = (0..4).map(|n| mail(Class::Bulk, "Library", &patron(n), &bench)).collect();
    bench.app.receiver.accept(bulk).await.unwrap();
    sink.wait_for(2).await;
    bench.app.receiver.accept(vec![mail(Class::Urgent, "cron", "head@example.org", &bench)]).await.unwrap();
    sink.wait_for(3).await;
    assert_eq!(sink.taken()[2].to, ["head@example.org"]);
    sink.let_go();
    bench.quiet().await;
    assert_eq!(bench.counts().await.delivered, 5);
}

/// One connection, and two applications of which one came first with everything.
#[tokio::test]
async fn an_application_does_not_wait_for_all_the_mail_of_another() {
    let sink = sink(vec![Rule { at: At::Dot, address: None, does: Does::Wait, times: Some(1) }]).await;
    let mut slow = Arc::unwrap_or_clone(server("server1", sink.address()));
    slow.connections = 1;
    let bench = Bench::start(vec![Arc::new(slow)]).await;
    let of = |application| (0..30).map(|n| mail(Class::Normal, application, &patron(n), &bench)).collect();
    bench.app.receiver.accept(of("Library")).await.unwrap();
    sink.wait_for(1).await;
    bench.app.receiver.accept(of("Textbook Tracker")).await.unwrap();
    let late = mail(Class::Normal, "cron", "head@example.org", &bench);
    bench.app.receiver.accept(vec![late]).await.unwrap();
    sink.let_go();
    bench.quiet().await;
    let taken = sink.taken();
    let at = taken.iter().position(|one| one.to == ["head@example.org"]).unwrap();
    assert!(at < 6, "{at}");
}

/// What goes first when there is more of all than can go: the order in which one connection takes it.
async fn order(waiting: Vec<(Class, &str, usize)>) -> Vec<String> {
    let sink = sink(vec![Rule { at: At::Dot, address: None, does: Does::Wait, times: Some(1) }]).await;
    let mut slow = Arc::unwrap_or_clone(server("server1", sink.address()));
    (slow.connections, slow.connections_for_urgent) = (1, 0);
    let bench = Bench::start(vec![Arc::new(slow)]).await;
    bench.accept(&["first@example.org"]).await;
    sink.wait_for(1).await;
    for (class, application, count) in waiting {
        let to = format!("{}@example.org", application.replace(' ', "-"));
        let messages: Vec<_> = (0..count).map(|_| mail(class, application, &to, &bench)).collect();
        for slice in messages.chunks(500) {
            bench.app.receiver.accept(slice.to_vec()).await.unwrap();
        }
    }
    sink.let_go();
    bench.quiet().await;
    sink.taken().into_iter().skip(1).map(|one| one.to.concat()).collect()
}

fn share(order: &[String], to: &str) -> f64 {
    let count = order.iter().filter(|one| one.starts_with(to)).count();
    f64::from(u32::try_from(count).unwrap()) / f64::from(u32::try_from(order.len()).unwrap())
}

#[tokio::test]
async fn two_applications_with_much_mail_share_the_way_evenly() {
    let all = [(Class::Normal, "Library", 2_000), (Class::Normal, "cron", 2_000)];
    let order = order(all.to_vec()).await;
    assert_eq!(order.len(), 4_000);
    let of_cron = share(&order[..2_000], "cron");
    assert!((0.4..=0.6).contains(&of_cron), "{of_cron}");
}

#[tokio::test]
async fn bulk_mail_gets_on_while_urgent_mail_never_ends() {
    let all = [(Class::Bulk, "Library", 1_000), (Class::Urgent, "cron", 3_000)];
    let order = order(all.to_vec()).await;
    let of_bulk = share(&order[..2_000], "Library");
    assert!((0.1..=0.3).contains(&of_bulk), "{of_bulk}");
}

/// Fresh mail that never ends keeps nothing else from its turn.
#[tokio::test]
async fn what_falls_due_in_the_store_is_claimed_while_the_line_is_long() {
    let sink = sink(vec![Rule { at: At::Dot, address: None, does: Does::Wait, times: None }]).await;
    let mut slow = Arc::unwrap_or_clone(server("server1", sink.address()));
    slow.connections = 1;
    let bench = Bench::start(vec![Arc::new(slow)]).await;
    bench.accept_many(200).await;
    sink.wait_for(1).await;
    let later = bench.app.clock.now() + Duration::from_mins(5);
    let due = NewMessage { first_due_at: later, ..mail(Class::Normal, "cron", "head@example.org", &bench) };
    bench.app.receiver.accept(vec![due]).await.unwrap();
    assert_eq!(bench.row("head@example.org").await.state, State::Waiting, "it is not due yet");
    bench.clock.advance(Duration::from_mins(6));
    while bench.row("head@example.org").await.state != State::Sending {
        tokio::task::yield_now().await;
    }
}

/// Messages so large that no more have room in line: what waits behind them is looked at by the second, and not without end.
#[tokio::test]
async fn a_full_line_keeps_nobody_awake() {
    let waits = Rule { at: At::Dot, address: None, does: Does::Wait, times: None };
    let sink = sink(vec![waits]).await;
    let one = Server { connections: 1, ..Server::clone(&server("server1", sink.address())) };
    let bench = Bench::start(vec![Arc::new(one)]).await;
    let large = |n: usize| {
        let mut one = message(&[&patron(n)], START);
        one.bytes = [&one.bytes[..], "x\r\n".repeat(3_500_000).as_bytes()].concat().into();
        one
    };
    bench.app.store.accept((0..5).map(large).collect(), START).await.unwrap();
    bench.app.worker.wake();
    sink.wait_for(1).await;
    for _ in 0..5 {
        bench.clock.wait_for_sleepers(SLEEPERS).await;
        bench.clock.advance(Duration::from_secs(2));
    }
    bench.clock.wait_for_sleepers(SLEEPERS).await;
    let next = bench.clock.next_sleeper().unwrap().duration_since(bench.clock.now());
    assert!(next.as_millis() > 500, "{next:?}");
}

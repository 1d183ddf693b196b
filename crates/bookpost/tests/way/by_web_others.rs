//! What only a mail server can be handed keeps nothing else from leaving, and is not given up unasked.

use std::{sync::Arc, time::Duration};

use bookpost::{
    app::steps::Step,
    config::{Config, Limits, Server},
    queue::route::Upstream,
};
use jiff::Timestamp;
use mail::{Reason, clock::Clock as _};
use store::{Attempt, Claim, Filter, Lease, NewMessage, Settlement, State, Store, Verdict};
use testkit::sink::{At, Does, Rule, Settings, Sink};
use tokio::time::timeout;

use crate::{
    bench::{self, message, patron},
    by_web::{Web, google},
    by_web_route::{DORA, EMIL, accept, longer, names, service, state, taken},
    mail_accounts::{GOOGLE, MINUTE},
};

/// Nobody waits so long for what does not hang.
const HANGS: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const MEMBER: &str = "member@example.org";

fn member() -> NewMessage {
    names("list@example.org", &[MEMBER])
}

fn one_connection(sink: &Sink) -> Arc<Server> {
    Arc::new(Server { connections: 1, ..Server::clone(&bench::server("server1", sink.address())) })
}

fn waits() -> Vec<Rule> {
    vec![Rule { at: At::Dot, address: None, does: Does::Wait, times: None }]
}

async fn quiet(web: &Web) {
    timeout(HANGS, web.bench.quiet()).await.expect("it does not go round without end");
}

/// Each of these was in flight when the program ended suddenly, and is attempted alone at the next start.
async fn after_a_sudden_end(web: Web, messages: Vec<NewMessage>) -> Web {
    web.bench.app.worker.pause(true).await;
    web.bench.app.receiver.accept(messages).await.unwrap();
    let now = web.bench.clock.now();
    let other = async |config: &Config| struck(Store::open(&config.data_dir, now).unwrap(), now).await;
    Box::pin(web.after(other)).await
}

pub(crate) async fn struck(store: Store, now: Timestamp) {
    let claim = Claim { lease: Lease(7), now, limit: 100, bytes: 1 << 20, practice: false, recovery: None };
    let settle = |recipient, lease| Settlement {
        recipient,
        lease,
        attempt: Attempt {
            instead_of: None,
            started_at: now,
            ended_at: now,
            server: String::new(),
            phase: mail::Phase::Data,
            reason: Some(Reason::Broke),
            answer: String::new(),
        },
        verdict: Verdict::Struck { due_at: now },
    };
    let claimed = store.claim(claim).await.unwrap();
    let all = claimed.iter().flat_map(|one| &one.recipients).map(|one| settle(one.id, one.lease)).collect();
    store.settle(all, now).await.unwrap();
    store.close().await.unwrap();
}

/// The service is the one that sends.
#[tokio::test]
async fn what_was_in_flight_goes_alone_by_the_mail_server_where_only_that_can_be_handed_it() {
    let own = bench::sink(Vec::new()).await;
    let web = Web::start_beside(GOOGLE, 36_000, Some(bench::server("server1", own.address()))).await;
    let web = after_a_sudden_end(web, vec![member(), message(&[&patron(0)], bench::START)]).await;
    quiet(&web).await;
    web.each_once(1);
    assert_eq!(taken(&own), [MEMBER]);
    assert_eq!(web.bench.open_alarms().await, []);
}

/// And waits for it where it takes no mail, while the others leave.
#[tokio::test]
async fn what_was_in_flight_waits_for_its_mail_server_and_keeps_nobody() {
    let address = bench::nobody();
    let web = Web::start_beside(GOOGLE, 36_000, Some(bench::server("server1", address))).await;
    let web = after_a_sudden_end(web, vec![member(), message(&[&patron(0)], bench::START)]).await;
    quiet(&web).await;
    assert_eq!(state(&web, MEMBER).await, (State::Waiting, Some(Reason::Unreachable)));
    web.send(1..3).await;
    web.each_once(3);
    let own = bench::sink_at(address).await;
    web.bench.pass(60 * MINUTE).await;
    assert_eq!(taken(&own), [MEMBER]);
    assert_eq!(web.bench.open_alarms().await, []);
}

/// The service says of the one that goes alone that one of its addresses is wrong: it is not asked again and again.
#[tokio::test]
async fn one_that_goes_alone_and_has_a_bad_address_goes_by_the_mail_server_later() {
    let own = bench::sink(Vec::new()).await;
    let web = Web::start_beside(GOOGLE, 36_000, Some(bench::server("server1", own.address()))).await;
    web.service.always_says(Some(google(400, "invalidArgument", "Invalid To header")));
    let web = after_a_sudden_end(web, vec![message(&[DORA, EMIL], bench::START)]).await;
    quiet(&web).await;
    assert_eq!(state(&web, DORA).await, (State::Waiting, Some(Reason::TryLater)));
    web.bench.pass(20 * MINUTE).await;
    assert_eq!(taken(&own), [DORA, EMIL]);
}

/// No server takes mail, and only a message can show that the service does again: not the one that it cannot be handed.
#[tokio::test]
async fn a_probe_takes_a_message_that_can_show_something() {
    let address = bench::nobody();
    let web = Web::start_beside(GOOGLE, 36_000, Some(bench::server("server1", address))).await;
    web.service.always_says(Some(google(403, "domainPolicy", "Gmail is off")));
    web.send(0..1).await;
    accept(&web, vec![member(), message(&[&patron(1)], bench::START)]).await;
    web.bench.pass(5 * MINUTE).await;
    assert_eq!(web.service.taken(), []);
    web.service.always_says(None);
    web.bench.pass(20 * MINUTE).await;
    web.each_once(2);
    assert_eq!(state(&web, MEMBER).await, (State::Waiting, Some(Reason::Unreachable)));
    let own = bench::sink_at(address).await;
    web.bench.pass(90 * MINUTE).await;
    assert_eq!(taken(&own), [MEMBER]);
}

/// It finishes what it has, and takes no more.
#[tokio::test]
async fn a_mail_server_that_was_replaced_is_handed_no_more() {
    // Without PIPELINING, so that nothing is begun behind the first.
    let extensions = vec!["8BITMIME".into(), "SIZE 52428800".into()];
    let settings = Settings { rules: waits(), extensions, keep_bytes: true, ..Settings::default() };
    let (before, after) = (Sink::start(settings).await.unwrap(), bench::sink(Vec::new()).await);
    let web = Web::start_beside(GOOGLE, 36_000, Some(one_connection(&before))).await;
    let all = ["a@example.org", "b@example.org", "c@example.org"];
    let messages = all.map(|to| names("list@example.org", &[to]));
    web.bench.app.receiver.accept(messages.into()).await.unwrap();
    before.wait_for(1).await;
    let other = Upstream::new(bench::server("server2", after.address()), None);
    web.bench.app.worker.reroute(vec![service(&web), other]).await;
    before.set_rules(Vec::new());
    before.let_go();
    quiet(&web).await;
    assert_eq!((before.count(), after.count()), (1, 2));
    assert_eq!(web.bench.counts().await.delivered, 3);
}

/// What it cannot take soon is neither kept in memory nor lost.
#[tokio::test]
async fn a_slow_mail_server_does_not_fill_the_memory() {
    let own = bench::sink(waits()).await;
    let web = Web::start_beside(GOOGLE, 36_000, Some(one_connection(&own))).await;
    let messages = (0..300).map(|n| names("list@example.org", &[&patron(n)])).collect();
    web.bench.app.receiver.accept(messages).await.unwrap();
    let is_bounded = async {
        while web.bench.counts().await.sending > 80 {
            tokio::task::yield_now().await;
        }
    };
    timeout(HANGS, is_bounded).await.expect("what is claimed is bounded");
    own.set_rules(Vec::new());
    own.let_go();
    web.bench.pass(90 * MINUTE).await;
    let mut all: Vec<_> = (0..300).map(patron).collect();
    all.sort();
    assert_eq!(taken(&own), all);
    assert_eq!(web.service.taken(), []);
}

/// Its mail server is well again at the hour at which it becomes too old, and nobody has asked it since.
#[tokio::test]
async fn what_became_too_old_is_not_given_up_before_its_mail_server_was_asked() {
    let address = bench::nobody();
    let web = Web::start_beside(GOOGLE, 36_000, Some(bench::server("server1", address))).await;
    accept(&web, vec![member()]).await;
    let expires_at = web.bench.row(MEMBER).await.expires_at;
    web.bench.pass_in_steps(MINUTE / 2 * 11_999, MINUTE * 30).await;
    let own = bench::sink_at(address).await;
    web.bench.clock.set(expires_at);
    quiet(&web).await;
    web.bench.pass(10 * MINUTE).await;
    assert_eq!((state(&web, MEMBER).await.0, taken(&own)), (State::Delivered, vec![MEMBER.to_owned()]));
}

/// The library allows one a day, and the last has its turn on the sixth.
#[tokio::test]
async fn the_time_for_which_a_limit_keeps_it_makes_nothing_older() {
    let own = bench::sink(Vec::new()).await;
    let limits = Limits { per_day: Some(1), ..Limits::default() };
    let behind = Server { limits, ..Server::clone(&bench::server("server1", own.address())) };
    let web = Web::start_beside(GOOGLE, 36_000, Some(Arc::new(behind))).await;
    accept(&web, (0..6).map(|n| names("list@example.org", &[&patron(n)])).collect()).await;
    while own.count() < 5 {
        web.bench.pass_in_steps(HOUR, MINUTE * 30).await;
    }
    assert!(web.bench.clock.now() > bench::START + 90 * HOUR);
    own.set_rules(vec![bench::always(At::Rcpt, "451 4.7.1 greylisted")]);
    web.bench.pass_in_steps(27 * HOUR, MINUTE * 30).await;
    let (mut waiting, mut returned) = (0, 0);
    for n in 0..6 {
        let (state, reason) = state(&web, &patron(n)).await;
        waiting += usize::from((state, reason) == (State::Waiting, Some(Reason::TryLater)));
        returned += usize::from(state == State::Returned);
    }
    assert_eq!((waiting, returned), (1, 0));
    own.set_rules(Vec::new());
    web.bench.pass_in_steps(3 * HOUR, MINUTE * 30).await;
    assert_eq!(web.bench.counts().await.delivered, 6);
}

/// The last waits for its turn under a limit of the library when no server takes mail any more, and long after its 100 hours.
#[tokio::test]
async fn what_a_limit_kept_is_not_given_up_where_no_server_takes_mail() {
    let own = bench::sink(Vec::new()).await;
    let limits = Limits { per_day: Some(1), ..Limits::default() };
    let behind = Server { limits, ..Server::clone(&bench::server("server1", own.address())) };
    let web = Web::start_beside(GOOGLE, 36_000, Some(Arc::new(behind))).await;
    accept(&web, (0..6).map(|n| names("list@example.org", &[&patron(n)])).collect()).await;
    web.bench.pass_in_steps(105 * HOUR, MINUTE * 30).await;
    assert_eq!((own.count(), web.bench.counts().await.waiting), (5, 1));
    let at = own.address();
    own.stop().await;
    web.service.always_says(Some(google(403, "domainPolicy", "Gmail is off")));
    web.send(10..11).await;
    web.bench.pass_in_steps(10 * HOUR, MINUTE * 10).await;
    assert_eq!((web.bench.counts().await.returned, web.bench.counts().await.waiting), (0, 2));
    let own = bench::sink_at(at).await;
    web.bench.pass_in_steps(60 * HOUR, MINUTE * 30).await;
    assert_eq!(own.count(), 2);
}

/// None of them can show that the service is well, and looking for one that can keeps nobody waiting.
#[tokio::test]
async fn a_probe_looks_at_a_few_messages_at_a_time() {
    let web = Web::start_beside(GOOGLE, 36_000, Some(bench::server("server1", bench::nobody()))).await;
    web.service.always_says(Some(google(403, "domainPolicy", "Gmail is off")));
    web.send(0..1).await;
    web.bench.pass(5 * MINUTE).await;
    let many = (1..101).map(|n| names("list@example.org", &[&patron(n)])).collect();
    web.bench.app.receiver.accept(many).await.unwrap();
    let put_off = async || {
        let rows = web.bench.app.store.list(Filter::default(), None, 200).await.unwrap();
        rows.iter().filter(|row| row.attempts > 0).count()
    };
    web.bench.quiet().await;
    let before = put_off().await;
    web.bench.pass(MINUTE).await;
    let looked_at = put_off().await - before;
    assert!(looked_at > 0 && looked_at <= 40, "{looked_at}");
    web.bench.pass(20 * MINUTE).await;
    assert!(put_off().await >= 100);
}

/// A large one that waits for a slow mail server takes none of the room of what leaves by the service.
#[tokio::test]
async fn a_large_message_for_the_mail_server_keeps_nothing_from_the_service() {
    let own = bench::sink(waits()).await;
    let web = Web::start_beside(GOOGLE, 36_000, Some(one_connection(&own))).await;
    for n in 0..3 {
        let large = longer(names("list@example.org", &[&patron(100 + n)]), 20_000_000);
        web.bench.app.receiver.accept(vec![large]).await.unwrap();
        if n == 0 {
            own.wait_for(1).await;
        }
    }
    let last = async {
        while state(&web, &patron(102)).await.0 != State::Sending {
            // While there is fresh mail, what is due in the store has its turn once a second.
            web.bench.clock.advance(Duration::from_millis(100));
            tokio::task::yield_now().await;
        }
    };
    timeout(HANGS, last).await.expect("it stands in line");
    let all = (0..3).map(|n| message(&[&patron(n)], bench::START)).collect();
    web.bench.app.receiver.accept(all).await.unwrap();
    timeout(HANGS, web.service.has_taken(3)).await.expect("the others leave");
    web.each_once(3);
}

/// A defect of ours where nothing of it was begun.
#[tokio::test]
async fn a_message_that_breaks_whoever_looks_at_it_is_set_aside_and_not_lost() {
    let breaks = Some((Step::InHand, 3));
    let web = Web::start_broken(GOOGLE, 36_000, |service| vec![service], breaks).await;
    web.bench.accept(&["bad@example.org"]).await;
    quiet(&web).await;
    let bad = web.bench.row("bad@example.org").await;
    assert_eq!((bad.state, bad.strikes, bad.reason), (State::Held, 3, Some(Reason::Broke)));
    web.send(0..2).await;
    web.each_once(2);
}

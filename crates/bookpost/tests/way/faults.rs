//! Faults of ours and of the server: mail waits, nobody is returned, a person is told.

use std::{path::Path, sync::Arc, time::Duration};

use bookpost::config::{Encryption, Login, Server};
use jiff::SignedDuration;
use mail::{Reason, clock::Clock};
use store::{AlarmKind, Class, Move, NewMessage, NewRun, Selection, State};
use testkit::{
    certs::{Authority, Identity},
    sink::{At, Does, Rule, Settings, Sink},
};

use crate::bench::{Bench, START, always, message, refuses, server, sink};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

type Alarm = (AlarmKind, String, String);

/// The usual server with something else about it.
fn other(usual: &Arc<Server>, change: impl FnOnce(&mut Server)) -> Arc<Server> {
    let mut server = Server::clone(usual);
    change(&mut server);
    Arc::new(server)
}

fn login(server: &mut Server, password: &str) {
    server.login = Some(Login { user: "library".into(), password: password.to_owned().into() });
    server.password_on_plain = true;
}

/// Two messages through `server` for ten minutes: none may leave or come back, and there is one alarm.
async fn kept(server: Arc<Server>) -> (Bench, Alarm) {
    let bench = Bench::start(vec![server]).await;
    bench.accept(&["ann@example.org", "bob@example.org"]).await;
    bench.pass(MINUTE * 10).await;
    let counts = bench.counts().await;
    assert_eq!((counts.waiting, counts.delivered, counts.returned), (2, 0, 0));
    let mut alarms = bench.alarms(false).await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    (bench, alarms.remove(0))
}

#[tokio::test]
async fn a_wrong_password_returns_nobody_and_is_told_once() {
    let settings = Settings { login: Some(("library".into(), "right".into())), ..Settings::default() };
    let sink = Sink::start(settings).await.unwrap();
    let usual = server("server1", sink.address());
    let (bench, alarm) = kept(other(&usual, |server| login(server, "wrong"))).await;
    assert_eq!((alarm.0, alarm.1.as_str()), (AlarmKind::SignIn, "server1"));
    assert!(alarm.2.contains(Reason::SignInRefused.plain_words()), "{}", alarm.2);
    assert!(alarm.2.contains("535 5.7.8"), "{}", alarm.2);
    assert!(alarm.2.contains("What to do: Enter login and password again under Preferences"), "{}", alarm.2);
    let bench = bench.restart(vec![other(&usual, |server| login(server, "right"))], SECOND).await;
    bench.pass(MINUTE).await;
    assert_eq!((bench.counts().await.delivered, sink.count()), (2, 2));
    assert_eq!((bench.alarm_kinds().await, bench.alarms(false).await.len()), (vec![], 1));
}

#[tokio::test]
async fn a_password_that_works_again_after_two_hours_sends_everything() {
    let refused = always(At::Auth, "535 5.7.8 Credentials not accepted");
    let login_there = Some(("library".into(), "right".into()));
    let settings = Settings { login: login_there, rules: vec![refused], ..Settings::default() };
    let sink = Sink::start(settings).await.unwrap();
    let (bench, _) = kept(other(&server("server1", sink.address()), |server| login(server, "right"))).await;
    bench.pass(HOUR).await;
    sink.set_rules(Vec::new());
    bench.pass(MINUTE * 15).await;
    assert_eq!((bench.counts().await.delivered, bench.alarm_kinds().await), (2, vec![]));
}

#[tokio::test]
async fn a_server_that_does_not_relay_for_us_gives_mail_back_after_100_hours_only() {
    let sink = sink(vec![always(At::Rcpt, "554 5.7.1 <x@example.org>: Relay access denied")]).await;
    let (bench, alarm) = kept(server("server1", sink.address())).await;
    assert_eq!(alarm.0, AlarmKind::SignIn);
    assert!(alarm.2.contains(Reason::RelayDenied.plain_words()), "{}", alarm.2);
    bench.pass_in_steps(HOUR * 99 + MINUTE * 49, MINUTE * 10).await;
    assert_eq!(bench.counts().await.returned, 0);
    bench.pass(MINUTE * 3).await;
    for address in ["ann@example.org", "bob@example.org"] {
        assert_eq!(bench.row(address).await.state, State::Returned);
    }
}

#[tokio::test]
async fn an_unknown_host_is_named() {
    let usual = server("server1", crate::bench::nobody());
    let (_bench, alarm) = kept(other(&usual, |server| server.host = "mail.library.invalid".into())).await;
    assert_eq!(alarm.0, AlarmKind::ServerDown);
    assert!(alarm.2.contains("mail.library.invalid"), "{}", alarm.2);
    let words = [Reason::HostNotFound, Reason::NameLookupFailed].map(|reason| reason.plain_words());
    assert!(words.iter().any(|words| alarm.2.contains(words)), "{}", alarm.2);
}

/// A sink that proves itself by `identity`, and a server that trusts `authority` only.
async fn secure(
    identity: &Identity,
    authority: &Authority,
    encryption: Encryption,
    folder: &Path,
) -> (Sink, Arc<Server>) {
    let tls = Some((identity.server_config(), encryption == Encryption::Tls));
    let sink = Sink::start(Settings { tls, ..Settings::default() }).await.unwrap();
    let ca_file = folder.join("ca.pem");
    std::fs::write(&ca_file, authority.pem()).unwrap();
    let server = other(&server("server1", sink.address()), |server| {
        server.encryption = encryption;
        server.allow_non_secure = true;
        server.ca_file = Some(ca_file);
    });
    (sink, server)
}

#[tokio::test]
async fn a_certificate_that_fails_keeps_mail_and_never_goes_on_in_plain() {
    let folder = tempfile::tempdir().unwrap();
    // The impostor bears the same name as the authority that is trusted.
    let (authority, impostor) = (Authority::new(), Authority::new());
    for encryption in [Encryption::StartTls, Encryption::Tls] {
        for (identity, reason) in [
            (authority.identity("mail.example.org"), Reason::CertificateWrongName),
            (authority.expired("127.0.0.1"), Reason::CertificateExpired),
            (impostor.identity("127.0.0.1"), Reason::CertificateUnknownIssuer),
        ] {
            let (sink, server) = secure(&identity, &authority, encryption, folder.path()).await;
            let (_bench, alarm) = kept(server).await;
            assert_eq!((alarm.0, sink.count()), (AlarmKind::ServerDown, 0));
            assert!(alarm.2.contains(reason.plain_words()), "{encryption:?} {reason:?}: {}", alarm.2);
        }
        let good = authority.identity("127.0.0.1");
        let (sink, server) = secure(&good, &authority, encryption, folder.path()).await;
        let bench = Bench::start(vec![server]).await;
        bench.accept(&["ann@example.org"]).await;
        bench.quiet().await;
        assert_eq!((sink.count(), bench.alarms(false).await), (1, vec![]), "{encryption:?}");
    }
}

#[tokio::test]
async fn without_leave_mail_never_goes_unencrypted() {
    let folder = tempfile::tempdir().unwrap();
    let sink = sink(Vec::new()).await;
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, Authority::new().pem()).unwrap();
    let usual = other(&server("server1", sink.address()), |server| {
        server.encryption = Encryption::StartTls;
        server.ca_file = Some(ca_file);
    });
    let (_bench, alarm) = kept(other(&usual, |server| server.allow_non_secure = false)).await;
    assert!(alarm.2.contains(Reason::TlsUnavailable.plain_words()), "{}", alarm.2);
    assert_eq!(sink.count(), 0);
    let bench = Bench::start(vec![usual]).await;
    bench.accept(&["ann@example.org"]).await;
    bench.quiet().await;
    assert_eq!(sink.count(), 1, "with leave it does");
}

#[tokio::test]
async fn a_password_is_withheld_from_a_plain_connection() {
    let settings = Settings { login: Some(("library".into(), "right".into())), ..Settings::default() };
    let sink = Sink::start(settings).await.unwrap();
    let usual = other(&server("server1", sink.address()), |server| login(server, "right"));
    let (_bench, alarm) = kept(other(&usual, |server| server.password_on_plain = false)).await;
    assert_eq!(alarm.0, AlarmKind::SignIn);
    assert!(alarm.2.contains(Reason::SignInImpossible.plain_words()), "{}", alarm.2);
}

#[tokio::test]
async fn a_used_up_allowance_pauses_the_server_and_returns_nobody() {
    let used_up = always(At::Rcpt, "550 5.4.5 Daily user sending limit exceeded");
    let first = sink(vec![used_up]).await;
    let second = sink(Vec::new()).await;
    let servers = vec![server("server1", first.address()), server("server2", second.address())];
    let bench = Bench::start(servers).await;
    bench.accept_many(30).await;
    bench.quiet().await;
    let asked = first.connections();
    bench.pass(MINUTE * 59).await;
    assert_eq!(first.connections(), asked, "it is left alone for an hour");
    bench.pass_in_steps(HOUR * 120, MINUTE * 10).await;
    let counts = bench.counts().await;
    assert_eq!((counts.waiting, counts.returned, second.connections()), (30, 0, 0));
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::Quota]);
    assert_eq!(bench.row("patron3@example.org").await.reason, Some(Reason::QuotaUsedUp));
    first.set_rules(Vec::new());
    bench.pass(HOUR * 2).await;
    assert_eq!((bench.counts().await.delivered, bench.alarm_kinds().await), (30, vec![]));
    assert_eq!(bench.alarms(false).await.len(), 1);
}

/// What an allowance kept waiting for days is not given up when the server then is away for a moment.
#[tokio::test]
async fn time_without_an_allowance_makes_no_mail_older() {
    let sink = sink(vec![always(At::Mail, "550 5.4.5 Daily user sending limit exceeded")]).await;
    let address = sink.address();
    let bench = Bench::start(vec![server("server1", address)]).await;
    bench.accept_many(10).await;
    bench.pass_in_steps(HOUR * 120, MINUTE * 10).await;
    drop(sink);
    let bench = bench.restart(vec![server("server1", address)], HOUR).await;
    bench.pass(HOUR * 2).await;
    let counts = bench.counts().await;
    assert_eq!((counts.waiting, counts.returned), (10, 0));
    let sink = crate::bench::sink_at(address).await;
    bench.pass(MINUTE * 15).await;
    assert_eq!((bench.counts().await.delivered, sink.count()), (10, 10));
}

/// The same server, another fault: another person may have to act, and what was said before is over.
#[tokio::test]
async fn a_fault_that_becomes_another_is_told_too() {
    let address = crate::bench::nobody();
    let usual = server("server1", address);
    let bench = Bench::start(vec![other(&usual, |server| login(server, "wrong"))]).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(MINUTE).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown]);
    let login_there = Some(("library".into(), "right".into()));
    let settings = Settings { port: address.port(), login: login_there, ..Settings::default() };
    let refusing = Sink::start(settings).await.unwrap();
    bench.pass(MINUTE * 5).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::SignIn]);
    drop(refusing);
    bench.pass(MINUTE * 5).await;
    assert_eq!(
        (bench.alarm_kinds().await, bench.alarms(false).await.len()),
        (vec![AlarmKind::ServerDown], 1),
        "it is one trouble"
    );
    let _sink = crate::bench::sink_at(address).await;
    bench.pass(MINUTE * 5).await;
    assert_eq!((bench.counts().await.delivered, bench.alarm_kinds().await), (0, vec![AlarmKind::SignIn]));
}

#[tokio::test]
async fn a_server_that_asks_for_less_gets_a_pause_and_then_everything() {
    let slow_down = Rule { times: Some(3), ..always(At::Mail, "421 4.7.0 too many messages, slow down") };
    let sink = sink(vec![slow_down]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept_many(30).await;
    bench.quiet().await;
    let counts = bench.counts().await;
    assert!(counts.waiting > 0, "{counts:?}");
    bench.pass(MINUTE * 5).await;
    assert_eq!((bench.counts().await.delivered, sink.count()), (30, 30));
    assert_eq!(bench.alarms(false).await, []);
}

#[tokio::test]
async fn a_server_that_is_too_slow_for_100_hours_gives_mail_back() {
    let sink = sink(vec![always(At::Rcpt, "451 4.7.0 rate limit, slow down")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass_in_steps(HOUR * 99 + SECOND * 3599, MINUTE * 10).await;
    assert_eq!(bench.counts().await.returned, 0);
    bench.pass(MINUTE).await;
    assert_eq!(bench.row("ann@example.org").await.state, State::Returned);
}

/// A run of two hundred notices, each refused with `answer`, is set aside after some.
async fn set_aside(answer: &str, address: impl Fn(usize) -> String) {
    let sink = sink(vec![always(At::Dot, answer)]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let new = NewRun {
        notice: "overdue".into(),
        source: "overdues.csv".into(),
        practice: false,
        started_at: START,
    };
    let run = bench.app.store.begin_run(new).await.unwrap();
    let messages = (0..200).map(|n| {
        let mut one = message(&[&address(n)], START);
        (one.run, one.class) = (Some(run), Class::Bulk);
        one
    });
    bench.app.receiver.accept(messages.collect()).await.unwrap();
    bench.quiet().await;
    let counts = bench.counts().await;
    assert_eq!((counts.waiting, counts.held + counts.returned), (0, 200));
    assert!((5..=60).contains(&counts.returned), "{counts:?}");
    let alarms = bench.open_alarms().await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    let (kind, subject, text) = &alarms[0];
    assert_eq!((kind, subject), (&AlarmKind::Held, &format!("run {}", run.0)));
    assert!(text.contains(answer.split(' ').nth(1).unwrap()), "{text}");
}

#[tokio::test]
async fn the_same_refusal_for_patrons_of_many_domains_sets_the_run_aside() {
    set_aside("554 5.6.0 this cannot be sent", |n| format!("reader@domain{n}.example")).await;
}

#[tokio::test]
async fn refusals_for_reputation_set_the_run_aside_where_all_patrons_share_a_domain() {
    let answer = "550 5.7.26 This mail has been blocked because the sender is unauthenticated";
    set_aside(answer, |n| format!("reader{n}@example.org")).await;
}

#[tokio::test]
async fn mail_from_a_refused_sender_is_set_aside() {
    let sink = sink(vec![always(At::Mail, "553 5.7.1 Sender address rejected: not owned by user")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["ann@example.org", "bob@example.org"]).await;
    bench.pass(HOUR).await;
    let counts = bench.counts().await;
    assert_eq!((counts.held, counts.returned, counts.waiting), (2, 0, 0));
    let [(AlarmKind::SenderRefused, subject, _)] = &bench.open_alarms().await[..] else { panic!() };
    assert_eq!(subject, "riverside.example.org");
    assert_eq!(bench.row("ann@example.org").await.reason, Some(Reason::SenderRefused));
    // Somebody sees to it: the alarm ends, and the next refusal is told again.
    let all = Selection::State(State::Held);
    bench.app.store.move_recipients(all, Move::Cancel, bench.clock.now()).await.unwrap();
    bench.pass(MINUTE * 2).await;
    assert_eq!(bench.alarm_kinds().await, []);
    bench.accept(&["cy@example.org"]).await;
    bench.pass(MINUTE).await;
    assert_eq!(bench.alarms(false).await.len(), 2);
}

#[tokio::test]
async fn a_person_is_asked_again_after_100_hours() {
    let sink = sink(vec![always(At::Mail, "553 5.7.1 Sender address rejected: not owned by user")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass_in_steps(HOUR * 99, HOUR).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::SenderRefused]);
    bench.pass_in_steps(HOUR * 2, HOUR).await;
    let open = bench.open_alarms().await;
    let [_, (AlarmKind::Held, _, text)] = &open[..] else { panic!("{open:?}") };
    assert!(text.starts_with("1 mail has waited") && text.contains("queue list --state held"), "{text}");
    let now = bench.clock.now();
    bench.app.store.move_recipients(Selection::All, Move::Cancel, now).await.unwrap();
    bench.pass(MINUTE * 2).await;
    // Both are over: somebody has seen to it.
    assert_eq!(bench.alarm_kinds().await, []);
}

#[tokio::test]
async fn a_clock_that_was_set_changes_no_age_and_is_told() {
    let sink = sink(vec![refuses("slow@example.org", "451 4.7.1 later")]).await;
    for (departure, direction) in
        [(SignedDuration::from_hours(-24), "back"), (SignedDuration::from_hours(24 * 7), "forward")]
    {
        let bench = Bench::start(vec![server("server1", sink.address())]).await;
        bench.accept(&["slow@example.org"]).await;
        bench.quiet().await;
        let before = bench.row("slow@example.org").await;
        bench.clock.set_wall(departure);
        bench.pass(MINUTE * 2).await;
        let after = bench.row("slow@example.org").await;
        assert_eq!(
            (before.due_at, before.expires_at, after.state),
            (after.due_at, after.expires_at, State::Waiting)
        );
        let [(AlarmKind::ClockJump, _, text)] = &bench.open_alarms().await[..] else { panic!("{direction}") };
        assert!(text.contains(direction), "{text}");
        bench.clock.set_wall(SignedDuration::ZERO);
        bench.pass(MINUTE * 2).await;
        assert_eq!(bench.alarm_kinds().await, []);
    }
}

#[tokio::test]
async fn mail_that_is_due_and_is_not_tried_raises_an_alarm() {
    let sink = sink(vec![Rule { at: At::Connect, address: None, does: Does::Wait, times: None }]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let messages = (0..1000).map(|n| message(&[&crate::bench::patron(n)], START)).collect();
    bench.app.store.accept(messages, START).await.unwrap();
    bench.app.worker.wake();
    for _ in 0..30 {
        // All connections hang: there is no quiet to wait for, only the watchdog's minutes.
        bench.clock.wait_for_sleepers(crate::bench::SLEEPERS).await;
        bench.clock.advance(MINUTE);
    }
    bench.clock.wait_for_sleepers(crate::bench::SLEEPERS).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::Stuck]);
    assert_eq!(bench.clock.now(), START + MINUTE * 30);
}

/// Only the queue believes that it is on its way.
#[tokio::test]
async fn mail_that_is_being_sent_by_nobody_raises_an_alarm() {
    let sink = sink(Vec::new()).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let astray = NewMessage { lease: Some(store::Lease(1)), ..message(&["p@example.org"], START) };
    bench.app.store.accept(vec![astray], START).await.unwrap();
    bench.accept(&["q@example.org"]).await;
    bench.pass(MINUTE * 10).await;
    assert_eq!(bench.alarm_kinds().await, []);
    bench.pass(MINUTE * 10).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::Stuck]);
    assert_eq!(bench.row("q@example.org").await.state, State::Delivered);
}

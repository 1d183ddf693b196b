//! What is told though no server is at fault: what stays away, waits for too long or for a person, or runs out; and that all is well.

use std::{fs, time::Duration};

use bookpost::{
    cli::control::Older,
    config::{CertificateFiles, InDoubtPolicy},
};
use jiff::tz::TimeZone;
use mail::clock::Clock as _;
use store::{Actor, AlarmKind, NewMessage, NewRun};
use testkit::{
    certs::Authority,
    sink::{At, Does, Rule},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

use crate::bench::{Bench, always, message, nobody, server, sink};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// All alarms of this kind that there ever were, with whether each is open.
async fn told(bench: &Bench, kind: AlarmKind) -> Vec<(String, bool)> {
    bench.app.alarms.carried_out().await;
    let mut all = bench.app.store.alarms(false, 1000).await.unwrap();
    all.reverse();
    all.retain(|alarm| alarm.kind == kind);
    all.into_iter().map(|alarm| (alarm.text, alarm.ended_at.is_none())).collect()
}

async fn run(bench: &Bench, practice: bool) {
    let new = NewRun {
        notice: "overdue-items".to_owned(),
        source: "overdues.csv".to_owned(),
        practice,
        started_at: bench.clock.now(),
    };
    let run = bench.app.store.begin_run(new).await.unwrap();
    bench.app.store.finish_run(run, bench.clock.now()).await.unwrap();
}

/// Four weeks of nightly runs, a night without one, and then none: told once, and once more when they come again.
#[tokio::test]
async fn when_runs_stay_away_a_person_is_told_once_and_when_they_come_again() {
    let sink = sink(Vec::new()).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    for day in 0..28 {
        if day != 20 {
            run(&bench, false).await;
        }
        bench.pass_in_steps(DAY, HOUR).await;
    }
    assert_eq!(told(&bench, AlarmKind::Silence).await, []);
    let last = bench.clock.now() - DAY;
    // Practice does not end it.
    run(&bench, true).await;
    bench.pass_in_steps(HOUR * 25, HOUR).await;
    assert_eq!(told(&bench, AlarmKind::Silence).await, [], "two days after the last run, and two hours");
    bench.pass_in_steps(HOUR * 2, HOUR).await;
    let since = TimeZone::system().to_datetime(last).strftime("%A, %-d %B, %H:%M").to_string();
    let [(text, true)] = &told(&bench, AlarmKind::Silence).await[..] else { panic!() };
    assert!(text.contains(&format!("since {since}; usually they are, daily.")), "{text}");
    bench.pass_in_steps(DAY * 3, HOUR).await;
    assert_eq!(told(&bench, AlarmKind::Silence).await.len(), 1);
    run(&bench, false).await;
    bench.pass_in_steps(HOUR, MINUTE).await;
    assert!(matches!(&told(&bench, AlarmKind::Silence).await[..], [(_, false)]));
}

/// The fault is nobody's that is known; a full mailbox is the patron's.
#[tokio::test]
async fn mail_that_waits_for_long_is_told_once_where_nothing_else_says_why() {
    let refuses =
        |address: &str, reply: &str| Rule { address: Some(address.into()), ..always(At::Rcpt, reply) };
    let full = refuses("full@example.org", "452 4.2.2 mailbox full");
    let odd = refuses("odd@example.org", "450 4.7.1 greylisted");
    let sink = sink(vec![full, odd]).await;
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.alarms.waiting = HOUR * 6;
    })
    .await;
    bench.accept(&["full@example.org"]).await;
    bench.pass_in_steps(HOUR * 8, MINUTE).await;
    assert_eq!(told(&bench, AlarmKind::Waiting).await, [], "a full mailbox");
    bench.accept(&["odd@example.org"]).await;
    bench.pass_in_steps(HOUR * 5, MINUTE).await;
    bench.app.decisions.pause(Actor::CommandLine).await;
    bench.pass_in_steps(HOUR * 40, HOUR).await;
    assert_eq!(told(&bench, AlarmKind::Waiting).await, [], "a pause makes no mail older");
    bench.app.decisions.resume(Some(Older::Send), Actor::CommandLine).await;
    bench.pass_in_steps(HOUR * 2, MINUTE).await;
    let [(text, true)] = &told(&bench, AlarmKind::Waiting).await[..] else { panic!() };
    assert!(text.contains("more than 6 hours"), "{text}");
    // Though it is being sent now and then.
    bench.pass_in_steps(HOUR * 10, MINUTE).await;
    assert_eq!(told(&bench, AlarmKind::Waiting).await.len(), 1);
    // Whoever pauses knows why mail waits.
    bench.app.decisions.pause(Actor::CommandLine).await;
    bench.pass(MINUTE * 2).await;
    assert!(matches!(&told(&bench, AlarmKind::Waiting).await[..], [(_, false)]));
    bench.app.decisions.resume(Some(Older::Send), Actor::CommandLine).await;
    bench.pass_in_steps(HOUR, MINUTE).await;
    assert!(matches!(&told(&bench, AlarmKind::Waiting).await[..], [(_, false), (_, true)]));
    bench
        .app
        .store
        .move_recipients(store::Selection::All, store::Move::Cancel, bench.clock.now())
        .await
        .unwrap();
    bench.pass(MINUTE * 17).await;
    assert!(matches!(&told(&bench, AlarmKind::Waiting).await[..], [(_, false), (_, false)]));
}

/// What is given up soon has not waited for long for that, nor has any mail where it is kept for longer than it was before.
#[tokio::test]
async fn how_long_mail_waits_is_counted_from_when_it_was_to_be_sent() {
    let sink = sink(vec![always(At::Rcpt, "450 4.7.1 greylisted")]).await;
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.alarms.waiting = HOUR * 6;
    })
    .await;
    let now = bench.clock.now();
    let short = NewMessage { expires_at: now + HOUR * 10, ..message(&["ann@example.org"], now) };
    bench.app.receiver.accept(vec![short]).await.unwrap();
    bench.pass_in_steps(HOUR * 5, MINUTE).await;
    assert_eq!(told(&bench, AlarmKind::Waiting).await, []);
    bench.pass_in_steps(HOUR * 2, MINUTE).await;
    assert!(matches!(&told(&bench, AlarmKind::Waiting).await[..], [(_, true)]));
}

/// Whoever knows that the server is down knows why mail waits.
#[tokio::test]
async fn mail_that_waits_for_a_known_fault_is_not_told_again() {
    let bench = Bench::start_with(vec![server("server1", nobody())], |config| {
        config.alarms.waiting = HOUR;
    })
    .await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass_in_steps(HOUR * 5, MINUTE).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown]);
}

#[tokio::test]
async fn mail_in_doubt_that_waits_for_a_person_is_told_until_it_is_decided() {
    let cut = Rule { at: At::Dot, address: None, does: Does::HangUp, times: None };
    let sink = sink(vec![cut]).await;
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.sending.in_doubt = InDoubtPolicy::Hold;
    })
    .await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(MINUTE * 2).await;
    let [(text, true)] = &told(&bench, AlarmKind::InDoubt).await[..] else { panic!() };
    assert!(text.starts_with("1 mail may have arrived"), "{text}");
    let all = store::Selection::All;
    bench.app.store.move_recipients(all, store::Move::Cancel, bench.clock.now()).await.unwrap();
    bench.pass(MINUTE * 2).await;
    assert!(matches!(&told(&bench, AlarmKind::InDoubt).await[..], [(_, false)]));
}

/// By the days that are left at that time: soon, run out, renewed.
#[tokio::test]
async fn a_certificate_that_runs_out_is_told_two_weeks_before_and_when_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let files = CertificateFiles { certificate: path("c.pem"), key: path("k.pem") };
    let authority = Authority::new();
    let write = |day| {
        let identity = authority.until("books.library.example", day);
        fs::write(&files.certificate, identity.certificate).unwrap();
        fs::write(&files.key, identity.key).unwrap();
    };
    // The tests begin on 15 January 2027.
    write((2027, 1, 31));
    let bench = Bench::start_with(Vec::new(), |config| config.web.certificate = Some(files.clone())).await;
    let open = async || {
        let all = bench.open_alarms().await.into_iter();
        all.filter(|(kind, ..)| *kind == AlarmKind::CertificateEnds)
            .map(|(_, about, _)| about)
            .collect::<Vec<_>>()
    };
    for (days, expected) in [(1, &[][..]), (2, &["web"]), (14, &["web, run out"])] {
        bench.pass_in_steps(DAY * days, HOUR).await;
        assert_eq!(open().await, expected, "{days}");
    }
    write((2028, 1, 31));
    bench.pass_in_steps(HOUR * 2, HOUR).await;
    assert_eq!(open().await, [""; 0]);
    assert_eq!(told(&bench, AlarmKind::CertificateEnds).await.len(), 2);
}

/// What is not well at `/healthz`, and what keeps all mail from leaving.
#[tokio::test]
async fn an_address_is_called_by_the_minute_while_all_is_well_and_never_otherwise() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/ping/secret", listener.local_addr().unwrap());
    let (called, mut calls) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            }
            // Sent on, it would go to where nobody said.
            let answer = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            called.send(String::from_utf8(request).unwrap()).unwrap();
        }
    });
    let sink = sink(Vec::new()).await;
    let servers = vec![server("server1", sink.address())];
    let bench = Bench::start_with(servers, |config| config.alarms.deadman = Some(address)).await;
    // A command that works while no service does is no sign that all is well.
    bench.pass(MINUTE * 3).await;
    assert!(calls.try_recv().is_err(), "only the service calls");
    bench.app.call_while_all_is_well().await;
    for _ in 0..3 {
        let call = calls.recv().await.unwrap();
        assert!(call.starts_with("GET /ping/secret HTTP/1.1\r\n"), "{call}");
        bench.pass(MINUTE).await;
    }
    calls.recv().await.unwrap();
    bench.app.alarms.raise(AlarmKind::Disk, "test", "Full.");
    bench.app.alarms.carried_out().await;
    bench.pass(MINUTE * 10).await;
    bench.app.alarms.clear(AlarmKind::Disk, "test");
    bench.app.alarms.carried_out().await;
    bench.pass(MINUTE).await;
    calls.recv().await.unwrap();
    assert!(calls.try_recv().is_err(), "nobody was called meanwhile");
    sink.stop().await;
    bench.accept(&["ann@example.org"]).await;
    bench.quiet().await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown]);
    bench.pass(MINUTE * 10).await;
    assert!(calls.try_recv().is_err(), "nobody is called while no mail can leave");
}

/// That Server 1 is dead for weeks says nothing of mail that the backup sends and that waits all the same.
#[tokio::test]
async fn a_dead_server_whose_backup_sends_says_of_no_mail_why_it_waits() {
    let odd = Rule { address: Some("odd@example.org".into()), ..always(At::Rcpt, "450 4.7.1 greylisted") };
    let sink = sink(vec![odd]).await;
    let bench =
        Bench::start_with(vec![server("server1", nobody()), server("server2", sink.address())], |config| {
            config.alarms.waiting = HOUR * 6;
        })
        .await;
    bench.accept(&["ann@example.org", "odd@example.org"]).await;
    bench.pass_in_steps(HOUR * 5, MINUTE).await;
    assert!(matches!(&told(&bench, AlarmKind::BackupInUse).await[..], [(_, true)]));
    assert_eq!(told(&bench, AlarmKind::Waiting).await, []);
    bench.pass_in_steps(HOUR * 2, MINUTE).await;
    assert!(matches!(&told(&bench, AlarmKind::Waiting).await[..], [(_, true)]));
}

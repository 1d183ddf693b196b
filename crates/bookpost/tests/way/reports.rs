//! What comes back to the library, and what must never cause a report.

use std::time::Duration;

use mail::{Envelope, Phase, Reason, ReversePath, dsn::Action, envelope::Notify};
use store::{AlarmKind, Attempt, Filter, Kind, Lease, MessageId, RecipientId, Settlement, State, Verdict};
use testkit::sink::{At, Does, Rule, Settings, Sink};

use crate::bench::{Bench, START, always, message, refuses, server, sink};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const RETURNS: &str = "returns@riverside.example.org";

async fn reports(bench: &Bench) -> usize {
    let filter = Filter { kind: Some(Kind::Report), ..Filter::default() };
    bench.app.store.list(filter, None, 1000).await.unwrap().len()
}

#[tokio::test]
async fn a_report_that_is_refused_causes_no_report_but_an_alarm() {
    let sink = sink(vec![
        refuses("gone@example.org", "550 5.1.1 no such user"),
        refuses(RETURNS, "550 5.1.1 no such user"),
    ])
    .await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["gone@example.org"]).await;
    bench.pass(HOUR).await;
    assert_eq!((reports(&bench).await, bench.counts().await.reports_owed), (1, 0));
    assert_eq!((bench.counts().await.returned, sink.count()), (2, 0));
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ReportLost]);
}

#[tokio::test]
async fn a_report_that_is_put_off_for_100_hours_raises_an_alarm() {
    let sink = sink(vec![
        refuses("gone@example.org", "550 5.1.1 no such user"),
        refuses(RETURNS, "452 4.2.2 mailbox full"),
    ])
    .await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["gone@example.org"]).await;
    bench.pass_in_steps(HOUR * 99, MINUTE * 10).await;
    assert_eq!(bench.alarms(false).await, []);
    bench.pass_in_steps(HOUR * 2, MINUTE * 10).await;
    assert_eq!((reports(&bench).await, bench.alarm_kinds().await), (1, vec![AlarmKind::ReportLost]));
}

#[tokio::test]
async fn a_report_that_waits_behind_a_dead_server_for_too_long_raises_an_alarm() {
    let first = sink(vec![
        refuses("gone@example.org", "550 5.1.1 no such user"),
        refuses(RETURNS, "451 4.3.0 not now"),
    ])
    .await;
    let address = first.address();
    let bench = Bench::start(vec![server("server1", address)]).await;
    // As on a real clock, which knows shorter times than the store keeps.
    bench.clock.advance(Duration::from_nanos(789));
    bench.accept(&["gone@example.org"]).await;
    bench.pass(MINUTE * 2).await;
    drop(first);
    bench.pass_in_steps(HOUR * 101, MINUTE * 10).await;
    assert_eq!((reports(&bench).await, bench.counts().await.returned), (1, 2));
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown, AlarmKind::ReportLost]);
}

#[tokio::test]
async fn mail_without_a_sender_is_never_reported() {
    let sink = sink(vec![always(At::Rcpt, "550 5.1.1 no such user")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let mut one = message(&["gone@example.org"], START);
    one.envelope.reverse_path = ReversePath::Null;
    bench.app.receiver.accept(vec![one]).await.unwrap();
    bench.pass(HOUR).await;
    let counts = bench.counts().await;
    assert_eq!((counts.returned, counts.reports_owed, reports(&bench).await), (1, 0, 0));
}

#[tokio::test]
async fn the_returns_of_one_message_are_one_report() {
    let sink = sink(vec![
        refuses("gone@example.org", "550 5.1.1 no such user"),
        refuses("away@example.org", "550 5.1.1 no such user"),
    ])
    .await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let to = ["gone@example.org", "ann@example.org", "away@example.org"];
    bench.app.receiver.accept(vec![message(&to, START)]).await.unwrap();
    bench.pass(MINUTE * 2).await;
    assert_eq!(reports(&bench).await, 1);
    let report = String::from_utf8(sink.taken().pop().unwrap().bytes).unwrap();
    assert!(report.contains("gone@example.org") && report.contains("away@example.org"), "{report}");
}

#[tokio::test]
async fn the_returns_of_one_message_are_one_report_half_a_minute_apart_too() {
    let sink = sink(vec![
        refuses("gone@example.org", "550 5.1.1 no such user"),
        Rule { times: Some(1), ..always(At::Dot, "452 4.3.1 no space") },
    ])
    .await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let to = ["gone@example.org", "away@example.org"];
    bench.app.receiver.accept(vec![message(&to, START)]).await.unwrap();
    bench.quiet().await;
    sink.set_rules(vec![refuses("away@example.org", "550 5.1.1 no such user")]);
    bench.pass(MINUTE * 5).await;
    let settled = |row: store::Row| row.settled_at.unwrap();
    let apart = settled(bench.row(to[1]).await).duration_since(settled(bench.row(to[0]).await));
    assert!((25..50).contains(&apart.as_secs()), "{apart:#}");
    assert_eq!(reports(&bench).await, 1);
    let report = String::from_utf8(sink.taken().pop().unwrap().bytes).unwrap();
    assert!(to.iter().all(|address| report.contains(address)), "{report}");
}

#[tokio::test]
async fn thousands_of_returns_are_one_summary_and_hold_up_no_other_address() {
    let sink = sink(vec![refuses("gone@example.org", "550 5.1.1 no such user")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    returned(&bench, 1_021, false).await;
    let mut one = message(&["gone@example.org"], START);
    one.envelope.reverse_path = ReversePath::Address("other@riverside.example.org".parse().unwrap());
    bench.app.receiver.accept(vec![one]).await.unwrap();
    bench.pass(MINUTE * 2).await;
    let to: Vec<_> = sink.taken().into_iter().flat_map(|taken| taken.to).collect();
    assert_eq!(to, ["other@riverside.example.org"]);
    bench.pass(MINUTE * 30).await;
    assert_eq!((reports(&bench).await, bench.counts().await.reports_owed), (2, 0));
    let summary = String::from_utf8(sink.taken().pop().unwrap().bytes).unwrap();
    assert_eq!(summary.matches("Final-Recipient:").count(), 1_021);
}

#[tokio::test]
async fn many_returns_within_ten_minutes_are_one_summary() {
    for (returns, expected) in [(20, 20), (21, 1)] {
        let refusal = Rule {
            at: At::Rcpt,
            address: None,
            does: Does::Reply("550 5.1.1 no such user".into()),
            times: Some(returns),
        };
        let sink = sink(vec![refusal]).await;
        let bench = Bench::start(vec![server("server1", sink.address())]).await;
        bench.accept_many(returns as usize).await;
        bench.pass(MINUTE * 30).await;
        let counts = bench.counts().await;
        assert_eq!((counts.returned, counts.reports_owed), (u64::from(returns), 0));
        assert_eq!((reports(&bench).await, sink.count()), (expected, expected as u64));
        let last = String::from_utf8(sink.taken().pop().unwrap().bytes).unwrap();
        assert_eq!(last.contains("text/csv"), expected == 1, "{last}");
    }
}

/// What the server took besides notices: from whom.
fn ours(sink: &Sink) -> Vec<String> {
    sink.taken().into_iter().filter(|taken| taken.to == [RETURNS]).map(|taken| taken.from).collect()
}

const SITE: &str = "library@riverside.example.org";

fn no_null_sender() -> Rule {
    Rule { address: Some(String::new()), ..always(At::Mail, "550 5.1.7 we take no mail from nobody") }
}

#[tokio::test]
async fn where_the_null_sender_is_refused_reports_go_with_the_sites_address() {
    let refused_late = "550 5.1.0 <>: Sender address rejected: we take no mail from nobody";
    for refusal in [no_null_sender(), Rule { times: Some(1), ..refuses(RETURNS, refused_late) }] {
        let sink = sink(vec![refuses("gone@example.org", "550 5.1.1 no such user"), refusal]).await;
        let bench = Bench::start(vec![server("server1", sink.address())]).await;
        for (report, attempts) in [(1, 2), (2, 1)] {
            bench.accept(&["gone@example.org"]).await;
            bench.pass(MINUTE * 2).await;
            assert_eq!((ours(&sink), reports(&bench).await), (vec![SITE.to_owned(); report], report));
            assert_eq!(bench.row(RETURNS).await.attempts, attempts, "it is remembered");
        }
        let report = String::from_utf8(sink.taken().pop().unwrap().bytes).unwrap();
        assert!(report.contains("Auto-Submitted: auto-replied"), "{report}");
        assert_eq!(bench.alarms(false).await, []);
    }
}

#[tokio::test]
async fn a_report_with_an_address_causes_no_report_either() {
    let sink = sink(vec![
        refuses("gone@example.org", "550 5.1.1 no such user"),
        refuses(RETURNS, "550 5.1.1 no such user"),
        no_null_sender(),
    ])
    .await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["gone@example.org"]).await;
    bench.pass(HOUR).await;
    assert_eq!((reports(&bench).await, bench.counts().await.reports_owed, sink.count()), (1, 0, 0));
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ReportLost]);
}

#[tokio::test]
async fn where_the_site_may_not_send_either_the_report_is_set_aside_and_told() {
    let nobody_at_all = always(At::Mail, "550 5.1.7 not for you");
    let sink = sink(vec![refuses("gone@example.org", "550 5.1.1 no such user")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["gone@example.org"]).await;
    bench.quiet().await;
    sink.set_rules(vec![nobody_at_all]);
    bench.pass(HOUR).await;
    let row = bench.row(RETURNS).await;
    assert_eq!((row.state, row.attempts), (State::Held, 2));
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::SenderRefused]);
}

#[tokio::test]
async fn reports_and_alarms_are_from_the_site_where_the_setting_says_so() {
    let sink = sink(vec![refuses("gone@example.org", "550 5.1.1 no such user")]).await;
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.sending.null_reverse_path = false;
        config.alarms.email = Some(RETURNS.parse().unwrap());
    })
    .await;
    bench.app.alarms.raise(AlarmKind::ReportLost, "elsewhere.example", "A report is lost.");
    bench.accept(&["gone@example.org"]).await;
    bench.pass(MINUTE * 2).await;
    assert_eq!(ours(&sink), [SITE, SITE]);
}

#[tokio::test]
async fn an_alarm_too_goes_with_an_address_where_the_null_sender_is_refused() {
    let sink = sink(vec![no_null_sender()]).await;
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.alarms.email = Some(RETURNS.parse().unwrap());
    })
    .await;
    bench.app.alarms.raise(AlarmKind::ReportLost, "elsewhere.example", "A report is lost.");
    bench.pass(MINUTE).await;
    assert_eq!(ours(&sink), [SITE]);
}

/// Puts so many returned messages into the store.
async fn returned(bench: &Bench, count: usize, practice: bool) -> Vec<MessageId> {
    let lease = Lease(i64::from(practice));
    let messages = (0..count).map(|n| {
        let mut one = message(&[&format!("gone{n}@example.org")], START);
        (one.practice, one.lease) = (practice, Some(lease));
        one
    });
    let accepted = bench.app.store.accept(messages.collect(), START).await.unwrap();
    let attempt = Attempt {
        instead_of: None,
        started_at: START,
        ended_at: START,
        server: "server1:25".into(),
        phase: Phase::Rcpt,
        reason: Some(Reason::AddressUnknown),
        answer: "550 5.1.1 no such user".into(),
    };
    let outcomes = accepted.iter().map(|one| Settlement {
        recipient: RecipientId::of(one.id, 0),
        lease,
        attempt: attempt.clone(),
        verdict: Verdict::Returned,
    });
    bench.app.store.settle(outcomes.collect(), START).await.unwrap();
    accepted.iter().map(|one| one.id).collect()
}

#[tokio::test]
async fn returns_of_practice_and_of_real_mail_are_never_in_one_letter() {
    for (each, letters) in [(11, 11), (21, 1)] {
        let sink = sink(Vec::new()).await;
        let bench = Bench::start(vec![server("server1", sink.address())]).await;
        returned(&bench, each, true).await;
        returned(&bench, each, false).await;
        bench.pass(MINUTE * 30).await;
        let counts = bench.counts().await;
        assert_eq!(
            (counts.delivered, counts.practiced, counts.reports_owed),
            (letters, letters, 0),
            "{each}"
        );
        assert_eq!(sink.count(), letters, "practice leaves nothing with the server");
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_reported_all_the_same_and_stops_no_other_report() {
    let sink = sink(Vec::new()).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let messages = returned(&bench, 3, false).await;
    let sql = || rusqlite::Connection::open(bench.folder.path().join("queue.db")).unwrap();
    // The file was changed by something else: what should be bytes is none.
    sql()
        .execute_batch(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'body'",
        )
        .unwrap();
    sql().execute("UPDATE body SET bytes = 'text' WHERE message = ?1", [messages[0].0]).unwrap();
    bench.pass(MINUTE * 2).await;
    assert_eq!((reports(&bench).await, sink.count(), bench.counts().await.reports_owed), (3, 3, 0));
}

/// RFC 3461 section 5.2.2: a server without DSN will not say that it delivers; so the sender who asked hears that it has the message.
#[tokio::test]
async fn who_asks_to_hear_of_a_success_hears_that_it_was_relayed_where_no_more_will_be_said() {
    for (extensions, told) in [(vec!["PIPELINING".to_owned()], true), (vec!["DSN".to_owned()], false)] {
        let settings = Settings { extensions, keep_bytes: true, ..Settings::default() };
        let sink = Sink::start(settings).await.unwrap();
        let bench = Bench::start(vec![server("server1", sink.address())]).await;
        let mut message = message(&["ann@example.org", "bob@example.org"], START);
        let mut recipients = message.envelope.recipients().to_vec();
        recipients[0].notify = Notify::parse("SUCCESS,FAILURE");
        recipients[0].original = Some("rfc822;ann@old.example.org".into());
        message.envelope = Envelope::new(message.envelope.reverse_path, recipients).unwrap();
        bench.app.receiver.accept(vec![message]).await.unwrap();
        bench.pass(HOUR).await;
        let letters: Vec<_> = sink.taken().into_iter().filter(|one| one.to == [RETURNS]).collect();
        assert_eq!(letters.len(), usize::from(told));
        for letter in letters {
            assert_eq!(letter.from, "");
            let report = mail::dsn::read(&letter.bytes).unwrap();
            let [one] = report.recipients.as_slice() else { panic!("{:?}", report.recipients) };
            assert_eq!((one.action, one.status.to_string().as_str()), (Action::Relayed, "2.0.0"));
            assert_eq!(
                one.original_recipient.as_ref().map(mail::Address::as_str),
                Some("ann@old.example.org")
            );
            let text = mail::message::plain_text(&letter.bytes).unwrap();
            assert!(
                text.contains("does not tell when it delivers mail") && text.contains("ann@example.org"),
                "{text}"
            );
        }
        assert_eq!(bench.counts().await.reports_owed, 0);
    }
}

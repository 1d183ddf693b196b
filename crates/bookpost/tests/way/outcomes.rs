//! One attempt and what it comes to, for one recipient and for the others.

use std::{sync::Arc, time::Duration};

use bookpost::config::Server;
use jiff::SignedDuration;
use mail::{Phase, Reason, clock::Clock};
use store::{AlarmKind, State};
use testkit::sink::{At, Does, Rule, Settings, Sink};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::bench::{Bench, START, always, message, refuses, server, sink};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn everything_arrives_once() {
    let sink = Sink::start(Settings::default()).await.unwrap();
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept_many(500).await;
    bench.quiet().await;
    let counts = bench.counts().await;
    assert_eq!((counts.delivered, counts.waiting, counts.sending), (500, 0, 0));
    assert_eq!(sink.count(), 500);
    assert!(sink.connections() <= 20, "{} connections", sink.connections());
    bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn one_refusal_is_that_recipients_and_is_reported() {
    let sink = sink(vec![refuses("gone@example.org", "550 5.1.1 no such user")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["ann@example.org", "gone@example.org", "bob@example.org"]).await;
    bench.pass(MINUTE * 2).await;
    let counts = bench.counts().await;
    assert_eq!((counts.delivered, counts.returned, counts.reports_owed), (3, 1, 0));
    let report = sink.taken().pop().unwrap();
    assert_eq!((report.from.as_str(), report.to), ("", vec!["returns@riverside.example.org".to_owned()]));
}

#[tokio::test]
async fn within_one_message_too_the_others_are_delivered() {
    let sink = sink(vec![
        refuses("gone@example.org", "550 5.1.1 no such user"),
        refuses("full@example.org", "452 4.2.2 mailbox full"),
    ])
    .await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let to = ["ann@example.org", "gone@example.org", "bob@example.org", "full@example.org"];
    bench.app.receiver.accept(vec![message(&to, START)]).await.unwrap();
    bench.quiet().await;
    let mut states = Vec::new();
    for address in to {
        let row = bench.row(address).await;
        states.push((row.state, row.reason));
    }
    let delivered = (State::Delivered, None);
    let gone = (State::Returned, Some(Reason::AddressUnknown));
    assert_eq!(states, [delivered, gone, delivered, (State::Waiting, Some(Reason::MailboxFull))]);
    assert_eq!(sink.taken()[0].to, ["ann@example.org", "bob@example.org"]);
}

#[tokio::test]
async fn a_message_that_is_put_off_goes_by_the_schedule_until_it_is_returned_at_100_hours() {
    let later = "451 4.7.1 greylisted, come back later";
    let sink = sink(vec![refuses("slow@example.org", later)]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["slow@example.org", "ann@example.org"]).await;
    bench.pass(MINUTE * 2).await;
    let row = bench.row("slow@example.org").await;
    assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::TryLater)), "it says why it waits");
    assert!(row.answer.unwrap().contains("greylisted"));
    bench.pass_in_steps(HOUR * 99 + MINUTE * 57, MINUTE).await;
    bench.pass(MINUTE * 2).await;
    let attempts = bench.attempts("slow@example.org").await;
    for (one, next) in attempts.iter().zip(attempts.iter().skip(1)) {
        let age = one.started_at.duration_since(START);
        let wait = next.started_at.duration_since(one.started_at);
        let (least, most) = if age < SignedDuration::from_hours(1) { (3, 9) } else { (60, 90) };
        let at_the_end = next.started_at == START + HOUR * 100;
        assert!(wait <= SignedDuration::from_mins(most + 1), "{age:#} {wait:#}");
        assert!(wait >= SignedDuration::from_mins(least) || at_the_end, "{age:#} {wait:#}");
        assert_eq!((one.reason, one.phase), (Some(Reason::TryLater), Phase::Rcpt));
    }
    assert_eq!(attempts.last().unwrap().started_at, START + HOUR * 100);
    let row = bench.row("slow@example.org").await;
    assert_eq!((row.state, row.settled_at), (State::Returned, Some(START + HOUR * 100)));
    assert_eq!(bench.row("ann@example.org").await.settled_at, Some(START));
    let told: Vec<_> = bench.alarms(false).await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(told, [AlarmKind::Waiting], "once, that a mail waits for more than a day");
    bench.pass(MINUTE * 2).await;
    let report = String::from_utf8(sink.taken().pop().unwrap().bytes).unwrap();
    assert!(report.contains("Why: It could not be delivered in the time allowed."), "{report}");
    assert!(!report.contains("tried again"), "{report}");
}

#[tokio::test]
async fn one_messages_4xx_never_changes_the_server() {
    for at in [At::Rcpt, At::Dot] {
        let rule = Rule { at, ..refuses("slow@example.org", "451 4.3.0 not now") };
        let first = sink(vec![rule]).await;
        let second = sink(Vec::new()).await;
        let servers = vec![server("server1", first.address()), server("server2", second.address())];
        let bench = Bench::start(servers).await;
        bench.accept(&["slow@example.org", "ann@example.org"]).await;
        bench.pass(HOUR * 3).await;
        assert_eq!((first.count(), second.connections()), (1, 0), "{at:?}");
        assert_eq!(bench.alarms(false).await, []);
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_in_doubt_and_the_other_server_is_not_asked() {
    let hang_up = Rule { at: At::Dot, address: None, does: Does::HangUp, times: Some(1) };
    let first = sink(vec![hang_up]).await;
    let second = sink(Vec::new()).await;
    let servers = vec![server("server1", first.address()), server("server2", second.address())];
    let bench = Bench::start(servers).await;
    bench.accept(&["ann@example.org"]).await;
    bench.quiet().await;
    assert_eq!((first.count(), second.count()), (1, 0));
    let row = bench.row("ann@example.org").await;
    assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::AnswerUnknown)));
    assert_eq!((row.in_doubt_at, bench.counts().await.ever_in_doubt), (Some(START), 1));
    assert!((START + MINUTE * 3..=START + MINUTE * 9).contains(&row.due_at.unwrap()));
    bench.pass(MINUTE * 10).await;
    let row = bench.row("ann@example.org").await;
    assert_eq!((row.state, row.in_doubt_at), (State::Delivered, Some(START)), "that it was in doubt stays");
    let [once, again] = &first.taken()[..] else { panic!("{:?}", first.taken()) };
    assert_eq!((&once.id, &once.bytes), (&again.id, &again.bytes), "the same bytes");
    assert_eq!((second.count(), bench.counts().await.ever_in_doubt), (0, 1));
}

#[tokio::test]
async fn an_answer_that_is_lost_twice_waits_for_a_person() {
    let hang_up = Rule { at: At::Dot, address: None, does: Does::HangUp, times: None };
    let sink = sink(vec![hang_up]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(HOUR * 3).await;
    let row = bench.row("ann@example.org").await;
    assert_eq!((row.state, row.reason), (State::InDoubt, Some(Reason::AnswerUnknown)));
    assert_eq!((sink.count(), row.in_doubt_at), (2, Some(START)), "two copies at most");
}

#[tokio::test]
async fn an_answer_that_is_lost_waits_for_a_person_where_that_is_the_policy() {
    let hang_up = Rule { at: At::Dot, address: None, does: Does::HangUp, times: None };
    let sink = sink(vec![hang_up]).await;
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.sending.in_doubt = bookpost::config::InDoubtPolicy::Hold;
    })
    .await;
    bench.accept(&["ann@example.org"]).await;
    bench.pass(HOUR * 3).await;
    assert_eq!(bench.row("ann@example.org").await.state, State::InDoubt);
    assert_eq!((sink.count(), bench.counts().await.in_doubt), (1, 1));
}

#[tokio::test]
async fn too_many_recipients_are_sent_at_once_in_smaller_groups() {
    let to: Vec<String> = (0..12).map(|n| format!("reader{n}@example.org")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let full = |n: usize| Rule { times: Some(1), ..refuses(to[n], "452 4.5.3 too many recipients") };
    let sink = sink((5..12).chain(10..12).map(full).collect()).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.app.receiver.accept(vec![message(&to, START)]).await.unwrap();
    bench.quiet().await;
    let groups: Vec<usize> = sink.taken().iter().map(|taken| taken.to.len()).collect();
    assert_eq!((groups, bench.counts().await.delivered), (vec![5, 5, 2], 12));
    assert_eq!(bench.clock.now(), START, "at once");
}

#[tokio::test]
async fn where_even_the_first_recipient_is_too_many_all_wait_by_the_schedule() {
    let sink = sink(vec![always(At::Rcpt, "452 4.5.3 too many recipients")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let to = ["ann@example.org", "bob@example.org", "cy@example.org"];
    bench.app.receiver.accept(vec![message(&to, START)]).await.unwrap();
    bench.quiet().await;
    for address in to {
        let row = bench.row(address).await;
        assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::TooManyRecipients)));
        assert!(row.due_at.unwrap() >= START + MINUTE * 3);
    }
}

#[tokio::test]
async fn a_refusal_of_all_recipients_after_the_message_is_tried_with_half_of_them() {
    let refusal = always(At::Dot, "452 4.5.3 too many recipients");
    let sink = sink(vec![Rule { times: Some(1), ..refusal }]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let to = ["ann@example.org", "bob@example.org", "cy@example.org"];
    bench.app.receiver.accept(vec![message(&to, START)]).await.unwrap();
    bench.quiet().await;
    let groups: Vec<usize> = sink.taken().iter().map(|taken| taken.to.len()).collect();
    assert_eq!((groups, bench.counts().await.delivered), (vec![2, 1], 3));
}

#[tokio::test]
async fn what_broke_without_the_servers_fault_raises_no_alarm() {
    let sink = sink(vec![refuses("gone@example.org", "550 5.1.1 no such user")]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    bench.accept(&["gone@example.org", "ann@example.org"]).await;
    bench.pass(HOUR).await;
    assert_eq!(bench.alarms(false).await, Vec::<(AlarmKind, String, String)>::new());
}

/// A server that refuses each message after the first bytes of it, and hangs up with the rest unread.
async fn refuses_early(refusal: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            stream.write_all(b"220 mx\r\n").await.unwrap();
            let mut line = String::new();
            while stream.read_line(&mut line).await.is_ok_and(|octets| octets > 0) {
                let is_data = line.starts_with("DATA");
                let reply = if is_data { "354 go\r\n" } else { "250 ok\r\n" };
                stream.write_all(reply.as_bytes()).await.unwrap();
                line.clear();
                if is_data {
                    stream.read_exact(&mut [0; 1000]).await.unwrap();
                    stream.write_all(format!("{refusal}\r\n").as_bytes()).await.unwrap();
                    break;
                }
            }
        }
    });
    address
}

#[tokio::test]
async fn a_refusal_in_the_middle_of_a_large_message_is_heard() {
    let address = refuses_early("552 5.3.4 larger than we take").await;
    let bench = Bench::start(vec![server("server1", address)]).await;
    let mut large = message(&["ann@example.org"], START);
    large.bytes = [&large.bytes[..], "many words\r\n".repeat(700_000).as_bytes()].concat().into();
    bench.app.receiver.accept(vec![large]).await.unwrap();
    bench.quiet().await;
    let row = bench.row("ann@example.org").await;
    assert_eq!((row.state, row.reason), (State::Returned, Some(Reason::TooLarge)), "{:?}", row.answer);
    assert_eq!(bench.alarms(false).await, [], "it is nobody's fault but the message's");
}

/// What is said on one connection of a server that takes everything.
async fn heard(stream: TcpStream) -> String {
    let (mut stream, mut heard) = (BufReader::new(stream), String::new());
    stream.write_all(b"220 mx\r\n").await.unwrap();
    loop {
        let before = heard.len();
        if stream.read_line(&mut heard).await.is_ok_and(|octets| octets == 0) {
            return heard;
        }
        let reply = if heard[before..].starts_with("DATA") { "354 go\r\n" } else { "250 ok\r\n" };
        stream.write_all(reply.as_bytes()).await.unwrap();
    }
}

/// The queue is closed while a message is on its way to the server, as where a database cannot be reached.
#[tokio::test]
async fn what_is_not_known_to_be_ours_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut slow = Server::clone(&server("server1", listener.local_addr().unwrap()));
    slow.connections = 1;
    let bench = Bench::start(vec![Arc::new(slow)]).await;
    bench.accept(&["ann@example.org", "bob@example.org"]).await;
    let (first, _) = listener.accept().await.unwrap();
    bench.app.store.clone().close().await.unwrap();
    let said = heard(first).await;
    assert!(said.starts_with("EHLO") && !said.contains("\r\n.\r\n"), "{said}");
    // The journal is as good as before: the other message is tried too.
    let second = tokio::select! {
        connected = listener.accept() => connected.unwrap().0,
        _ = bench.app.worker.quiet() => panic!("nothing more is sent, as if the journal had failed"),
    };
    let said = heard(second).await;
    assert!(said.starts_with("EHLO") && !said.contains("\r\n.\r\n"), "{said}");

    let sink = sink(Vec::new()).await;
    let bench = bench.after_a_crash(vec![server("server1", sink.address())]).await;
    bench.quiet().await;
    let counts = bench.counts().await;
    assert_eq!((sink.count(), counts.delivered, counts.ever_in_doubt), (2, 2, 0));
}

/// A server that offers next to nothing, and keeps what it takes.
async fn seven_bit_sink(rules: Vec<Rule>) -> Sink {
    let extensions = vec!["SIZE 52428800".into()];
    Sink::start(Settings { rules, extensions, keep_bytes: true, ..Settings::default() }).await.unwrap()
}

#[tokio::test]
async fn a_server_without_8bitmime_gets_the_message_re_encoded_the_same_each_time() {
    let later = Rule { times: Some(1), ..refuses("bob@example.org", "451 4.7.1 greylisted") };
    let sink = seven_bit_sink(vec![later]).await;
    let bench = Bench::start(vec![server("server1", sink.address())]).await;
    let mut eight_bit = message(&["ann@example.org", "bob@example.org"], START);
    eight_bit.bytes = [&eight_bit.bytes[..], "Grüße\r\n".as_bytes()].concat().into();
    bench.app.receiver.accept(vec![eight_bit.clone()]).await.unwrap();
    bench.pass(MINUTE * 20).await;
    let taken = sink.taken();
    let to: Vec<_> = taken.iter().map(|taken| taken.to.join(" ")).collect();
    assert_eq!(to, ["ann@example.org", "bob@example.org"]);
    assert!(taken[0].bytes.is_ascii(), "{}", String::from_utf8_lossy(&taken[0].bytes));
    assert_eq!(taken[0].bytes, taken[1].bytes);
    assert_eq!(taken[0].id, eight_bit.message_id);
    assert_eq!(mail::message::plain_text(&taken[0].bytes).unwrap(), "Hello\r\nGrüße\r\n");
}

#[tokio::test]
async fn what_may_not_be_changed_for_a_server_without_8bitmime_is_returned() {
    for (line, reason, code) in [
        ("DKIM-Signature: v=1\r\n", Reason::ConversionUnsupported, "5.6.3"),
        ("X-Name: Jörg\r\n", Reason::HeaderUtf8Unsupported, "5.6.9"),
    ] {
        let sink = seven_bit_sink(Vec::new()).await;
        let bench = Bench::start(vec![server("server1", sink.address())]).await;
        let mut signed = message(&["ann@example.org"], START);
        signed.bytes = [line.as_bytes(), &signed.bytes, "Grüße\r\n".as_bytes()].concat().into();
        bench.app.receiver.accept(vec![signed]).await.unwrap();
        bench.pass(MINUTE * 2).await;
        let row = bench.row("ann@example.org").await;
        assert_eq!((row.state, row.reason), (State::Returned, Some(reason)));
        let report = sink.taken().pop().unwrap();
        assert!(
            String::from_utf8_lossy(&report.bytes).contains(&format!("Status: {code}\r\n")),
            "{report:?}"
        );
    }
}

//! Somebody sets the machine's clock, and Bookpost is started again.

use std::time::Duration;

use jiff::SignedDuration;
use mail::clock::Clock;
use store::{AlarmKind, State};

use crate::bench::{Bench, START, always, refuses, server, sink};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// What waits waits as long as before and is as old as before; a person is told what was done.
#[tokio::test]
async fn a_clock_that_was_set_changes_nothing_at_the_next_start() {
    let hours = SignedDuration::from_hours;
    let (none, week, day) = (SignedDuration::ZERO, hours(7 * 24), hours(24));
    let to_1970 = hours(-500_000);
    for (told, before, while_running, while_off) in [
        ("started a week ahead, corrected while it ran", week, -week, none),
        ("started in 1970, corrected while it ran", to_1970, -to_1970, none),
        ("set forward a week while it ran", none, week, none),
        ("set back a day while it ran", none, -day, none),
        ("set back a day while it was off", none, none, -day),
    ] {
        let sink = sink(vec![always(testkit::sink::At::Rcpt, "451 4.7.1 later")]).await;
        let bench = Bench::start(vec![server("server1", sink.address())]).await;
        let bench = bench.restart_by_the_wall(Duration::ZERO, before).await;
        bench.accept(&["slow@example.org"]).await;
        bench.pass(HOUR).await;
        bench.clock.set_wall(while_running);
        bench.pass(MINUTE * 2).await;
        let (then, waited) = (bench.clock.now(), bench.row("slow@example.org").await);
        assert_eq!(waited.state, State::Waiting, "{told}");

        let bench = bench.restart_by_the_wall(Duration::ZERO, while_running + while_off).await;
        let (now, waits) = (bench.clock.now(), bench.row("slow@example.org").await);
        assert_eq!(now - then, while_running + while_off, "{told}");
        assert_eq!(waits.state, State::Waiting, "{told}");
        let spans = |row: &store::Row, now| {
            [row.due_at.unwrap(), row.expires_at, row.first_due_at].map(|at| at.duration_since(now))
        };
        assert_eq!(spans(&waits, now), spans(&waited, then), "{told}");
        bench.quiet().await;
        let open = bench.open_alarms().await;
        let [(AlarmKind::ClockJump, _, text)] = &open[..] else { panic!("{told}: {open:?}") };
        let direction = if (while_running + while_off).is_negative() { "back by" } else { "forward by" };
        assert!(text.contains(direction) && text.contains("were moved by as much"), "{text}");

        bench.pass_in_steps(HOUR * 98, HOUR / 2).await;
        assert_eq!(bench.counts().await.waiting, 1, "{told}: not before its time");
        bench.pass_in_steps(HOUR * 2, HOUR / 2).await;
        assert_eq!(bench.counts().await.returned, 1, "{told}: and not after it");
        assert!(!bench.alarm_kinds().await.contains(&AlarmKind::ClockJump), "{told}: told for a day");
    }
}

/// An outcome that only the journal knows has the time of the last start, however often a command opened the queue since.
#[tokio::test]
async fn a_command_that_opens_the_queue_first_keeps_no_news_from_the_next_start() {
    let sink = sink(vec![refuses("slow@example.org", "451 4.7.1 later")]).await;
    let bench = Bench::start_with(vec![server("server1", sink.address())], |config| {
        config.alarms.email = Some("it@riverside.example.org".parse().unwrap());
    })
    .await;
    let sql = rusqlite::Connection::open(bench.folder.path().join("queue.db")).unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE UPDATE ON recipient WHEN NEW.state = 0
         BEGIN SELECT raise(ABORT, 'not this one'); END";
    sql.execute_batch(refuse).unwrap();
    bench.accept(&["slow@example.org"]).await;
    bench.quiet().await;
    assert_eq!(bench.row("slow@example.org").await.state, State::Sending);
    sql.execute_batch("DROP TRIGGER refuse").unwrap();
    drop(sql);

    let (half, day) = (SignedDuration::from_hours(-12), SignedDuration::from_hours(-24));
    let bench = bench.restart_after_commands(&[half, half]).await;
    bench.quiet().await;
    let (row, attempts) = (bench.row("slow@example.org").await, bench.attempts("slow@example.org").await);
    assert_eq!((row.state, attempts.len(), attempts[0].ended_at), (State::Waiting, 1, START + day));
    let waits = row.due_at.unwrap().duration_since(START + day);
    assert!((3..=9).contains(&waits.as_mins()), "{waits:#}");
    let told = async |bench: &Bench| {
        let open = bench.open_alarms().await;
        open.into_iter().filter(|(kind, ..)| *kind == AlarmKind::ClockJump).map(|alarm| alarm.2).collect()
    };
    let texts: Vec<String> = told(&bench).await;
    let [text] = &texts[..] else { panic!("{texts:?}") };
    assert!(text.contains("back by about 24 hours"), "{text}");
    // The letter about it is mail of its own.
    bench.app.alarms.carried_out().await;
    bench.quiet().await;
    let letters = sink.taken().into_iter().map(|taken| String::from_utf8(taken.bytes).unwrap());
    let letters = letters.filter(|letter| letter.contains("clock had been set")).count();
    assert_eq!(letters, 1, "by mail too");

    let bench = bench.restart_after_commands(&[SignedDuration::ZERO]).await;
    bench.quiet().await;
    assert_eq!(told(&bench).await, Vec::<String>::new(), "once heard it is no news");
}

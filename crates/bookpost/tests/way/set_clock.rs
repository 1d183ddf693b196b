//! Somebody sets the machine's clock, and Bookpost is started again.

use std::time::Duration;

use jiff::SignedDuration;
use mail::clock::Clock;
use store::{AlarmKind, State};

use crate::bench::{Bench, always, server, sink};

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

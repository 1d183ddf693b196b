//! A service that asks for time gets it, and nobody else waits for that.

use std::time::Duration;

use mail::{Reason, clock::Clock as _};
use store::{AlarmKind, State};
use testkit::mail_service::Says;

use crate::{
    bench::{self, patron},
    by_web::{Web, google},
    by_web_behind::behind,
    by_web_route::taken,
    mail_accounts::{GOOGLE, MINUTE},
};

fn asks_for_an_hour(no: Says) -> Says {
    let Says::No(status, body) = no else { panic!("{no:?}") };
    Says::NotNow(status, body, "3600".to_owned())
}

/// An alarm about it is left of before a start, and it is asked how it is.
#[tokio::test]
async fn what_a_backup_asks_for_keeps_no_mail_from_the_first_server() {
    for no in [google(503, "backendError", ""), google(429, "rateLimitExceeded", "")] {
        let own = bench::sink(Vec::new()).await;
        let (at, web) = (own.address(), behind(GOOGLE, own.address()).await);
        own.stop().await;
        web.service.always_says(Some(google(503, "backendError", "")));
        web.send(0..1).await;
        let own = bench::sink_at(at).await;
        web.bench.pass(20 * MINUTE).await;
        let kinds = web.bench.alarm_kinds().await;
        assert!(kinds.contains(&AlarmKind::ServerDown), "{kinds:?}");
        web.service.always_says(Some(asks_for_an_hour(no)));
        let (asked, web) = (web.service.asked_how_it_is(), web.after(async |_| {}).await);
        web.bench.quiet().await;
        assert!(web.service.asked_how_it_is() > asked);
        let before = own.count();
        web.send(1..4).await;
        assert_eq!(own.count() - before, 3, "{:?}", taken(&own));
        // And the one that asked has its hour.
        let asked = web.service.asked_how_it_is();
        web.bench.pass(55 * MINUTE).await;
        assert_eq!(web.service.asked_how_it_is(), asked);
    }
}

/// An alarm about it is left of before a start. It is asked how it is, and answers that it has much to do: that is no fault, and keeps no mail.
#[tokio::test]
async fn one_that_is_asked_how_it_is_and_asks_for_less_is_not_at_fault() {
    let web = Web::start(GOOGLE, 36_000, None).await;
    web.service.always_says(Some(google(503, "backendError", "")));
    web.send(0..1).await;
    assert_eq!(web.bench.alarm_kinds().await, [AlarmKind::ServerDown]);
    web.service.always_says(Some(asks_for_an_hour(google(429, "rateLimitExceeded", ""))));
    let (asked, web) = (web.service.asked_how_it_is(), web.after(async |_| {}).await);
    web.bench.quiet().await;
    assert_eq!(web.service.asked_how_it_is() - asked, 1);
    web.service.always_says(None);
    web.send(1..2).await;
    assert_eq!(web.bench.row(&patron(1)).await.state, State::Delivered);
    assert_eq!((web.bench.open_alarms().await, web.bench.alarms(false).await.len()), (vec![], 1));
}

/// The one that sends asks for an hour: a person is told, what waits says why, and makes no older.
#[tokio::test]
async fn a_long_wait_is_told_and_makes_nothing_older() {
    let web = Web::start(GOOGLE, 36_000, None).await;
    web.send(0..1).await;
    web.service.always_says(Some(asks_for_an_hour(google(429, "rateLimitExceeded", ""))));
    web.send(1..60).await;
    let row = web.bench.row(&patron(59)).await;
    for n in 1..60 {
        let row = web.bench.row(&patron(n)).await;
        assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::TooFast)), "{n}");
    }
    assert_eq!(web.bench.alarm_kinds().await, [AlarmKind::Quota]);
    web.service.always_says(None);
    web.bench.pass(59 * MINUTE).await;
    web.each_once(1);
    web.bench.clock.advance(Duration::from_mins(2));
    web.bench.quiet().await;
    let kept = web.bench.row(&patron(59)).await.expires_at.duration_since(row.expires_at);
    assert!(kept.as_mins() >= 59, "{kept}");
    web.bench.pass(20 * MINUTE).await;
    web.each_once(60);
    assert_eq!(web.bench.open_alarms().await, []);
    assert!(web.bench.clock.now() < bench::START + 2 * 60 * MINUTE);
}

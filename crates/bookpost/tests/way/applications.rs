//! What the running service knows of applications.

use std::{net::IpAddr, time::Duration};

use bookpost::{
    cli::control::{ApplicationsRequest, Reply, Request, SettingsChange, ShownKey},
    identity::Refusal,
};
use mail::clock::Clock;
use tokio::sync::mpsc;

use crate::bench::{Bench, START};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

async fn ask(bench: &Bench, request: ApplicationsRequest) -> Reply {
    let (progress, _told) = mpsc::unbounded_channel();
    bench.app.answer(Request::Applications(request), progress).await
}

/// The application "cron" with a key.
async fn cron(bench: &Bench) -> ShownKey {
    let name = || "cron".to_owned();
    let add = ApplicationsRequest::Add { name: name().parse().unwrap(), change: SettingsChange::default() };
    assert!(matches!(ask(bench, add).await, Reply::Application(_)));
    let Reply::NewKey(key) = ask(bench, ApplicationsRequest::AddKey { name: name() }).await else {
        panic!("a key")
    };
    key
}

#[tokio::test]
async fn what_is_asked_over_the_control_socket_holds_when_it_is_answered() {
    let bench = Bench::start(Vec::new()).await;
    let key = cron(&bench).await;
    let sign_in = || bench.app.applications.bearer(HERE, &key.key.0, bench.clock.now());
    let caller = sign_in().unwrap();
    caller.may_send_from(&"library@riverside.example.org".parse().unwrap()).unwrap();
    let name = || "cron".to_owned();
    for (request, expected) in [
        (ApplicationsRequest::Disable { name: name() }, Some(Refusal::Disabled)),
        (ApplicationsRequest::Enable { name: name() }, None),
        (ApplicationsRequest::RevokeKey { name: name(), key: key.id.clone() }, Some(Refusal::Revoked)),
    ] {
        ask(&bench, request).await;
        assert_eq!(sign_in().err(), expected);
    }
    bench.app.stop().await.unwrap();
}

#[tokio::test]
async fn when_a_key_was_used_is_put_on_record_by_the_minute_and_at_the_end() {
    let bench = Bench::start(Vec::new()).await;
    let key = cron(&bench).await;
    let minute = Duration::from_mins(1);
    let used_at = async |bench: &Bench| bench.app.store.application("cron").await.unwrap().keys[0].used_at;
    bench.quiet().await;
    bench.app.applications.bearer(HERE, &key.key.0, bench.clock.now()).unwrap();
    assert_eq!(used_at(&bench).await, None, "not for each");
    bench.pass(minute).await;
    assert_eq!(used_at(&bench).await, Some(START));
    bench.app.applications.bearer(HERE, &key.key.0, bench.clock.now()).unwrap();
    let bench = bench.restart(Vec::new(), minute).await;
    assert_eq!(used_at(&bench).await, Some(START + minute));
    bench.app.applications.bearer(HERE, &key.key.0, bench.clock.now()).unwrap();
    bench.app.stop().await.unwrap();
}

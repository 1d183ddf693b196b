//! What is wrong with a server changes while it lasts: the newest says what a person has to do, and nothing older beside it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bookpost::config::{Login, Server};
use mail::{Reason, clock::Clock as _};
use store::AlarmKind;
use testkit::sink::{At, Settings, Sink};

use crate::{
    alarms::{body, scribe, web_address},
    bench::{Bench, always, nobody, patron, server, sink, sink_at},
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

fn with_login(address: SocketAddr) -> Arc<Server> {
    let mut server = Server::clone(&server("server1", address));
    server.login = Some(Login { user: "library".into(), password: "right".to_owned().into() });
    server.password_on_plain = true;
    Arc::new(server)
}

/// A server that lets in who knows this password.
async fn lets_in(address: SocketAddr, password: &str) -> Sink {
    let login = Some(("library".into(), password.into()));
    Sink::start(Settings { port: address.port(), login, ..Settings::default() }).await.unwrap()
}

/// What is open, and that all of it was told with this reason.
async fn is_only(bench: &Bench, kind: AlarmKind, reason: Reason) {
    let open = bench.open_alarms().await;
    let [(only, subject, text)] = open.as_slice() else { panic!("{open:?}") };
    assert_eq!((*only, &**subject), (kind, "server1"));
    assert!(text.contains(reason.plain_words()), "{text}");
}

#[tokio::test]
async fn a_dead_server_that_then_refuses_the_password_is_one_that_refuses_the_password_and_the_reverse() {
    let address = nobody();
    let bench = Bench::start(vec![with_login(address)]).await;
    bench.accept_many(3).await;
    bench.pass(MINUTE).await;
    is_only(&bench, AlarmKind::ServerDown, Reason::Unreachable).await;
    let other = lets_in(address, "another").await;
    bench.app.worker.probe();
    bench.quiet().await;
    is_only(&bench, AlarmKind::SignIn, Reason::SignInRefused).await;
    other.stop().await;
    bench.app.worker.probe();
    bench.quiet().await;
    is_only(&bench, AlarmKind::ServerDown, Reason::Unreachable).await;
    let sink = lets_in(address, "right").await;
    bench.pass(MINUTE * 15).await;
    assert_eq!((sink.count(), bench.alarm_kinds().await), (3, vec![]));
    assert_eq!(bench.alarms(false).await.len(), 1, "it was one trouble");
}

/// Since when is since the server took no mail; whoever keeps alarms by their id finds the end of each beginning.
#[tokio::test]
async fn faults_that_take_turns_began_with_the_first_and_end_under_its_id() {
    let (address, at) = (nobody(), |bench: &Bench| bench.clock.now().to_string());
    let (webhook, mut posts) = web_address().await;
    let bench = Bench::start_with(vec![with_login(address)], |config| {
        config.alarms.webhook = Some(webhook);
    })
    .await;
    bench.accept_many(1).await;
    bench.quiet().await;
    let began_at = at(&bench);
    bench.pass(MINUTE * 5).await;
    let other = lets_in(address, "another").await;
    bench.pass(MINUTE * 5).await;
    is_only(&bench, AlarmKind::SignIn, Reason::SignInRefused).await;
    other.stop().await;
    bench.pass(MINUTE * 2).await;
    is_only(&bench, AlarmKind::ServerDown, Reason::Unreachable).await;
    let open = bench.app.store.alarms(true, 9).await.unwrap();
    assert_eq!(open[0].started_at.to_string(), began_at);
    let sink = lets_in(address, "right").await;
    bench.pass(MINUTE * 15).await;
    assert_eq!((sink.count(), bench.alarm_kinds().await), (1, vec![]));
    // And once more from the beginning.
    sink.stop().await;
    bench.accept_many(1).await;
    bench.quiet().await;
    let anew_at = at(&bench);
    bench.pass(MINUTE).await;
    let mut told = Vec::new();
    while let Ok(request) = posts.try_recv() {
        let body = body(&request);
        let [state, kind, started_at] =
            ["state", "kind", "started_at"].map(|name| body[name].as_str().unwrap().to_owned());
        told.push((state, kind, started_at, body["id"].as_i64().unwrap()));
    }
    let [first, .., last] = told.as_slice() else { panic!("{told:?}") };
    assert_ne!(first.3, last.3, "another trouble is another alarm");
    let expected = [
        ("started", "server_down", &began_at, first.3),
        ("started", "sign_in", &began_at, first.3),
        ("over", "server_down", &began_at, first.3),
        ("started", "server_down", &anew_at, last.3),
    ];
    let expected = expected.map(|(state, kind, at, id)| (state.to_owned(), kind.to_owned(), at.clone(), id));
    assert_eq!(told, expected);
}

/// The page follows the newest; people hear of each fault once, are reminded while the trouble lasts, and hear of the end once.
#[tokio::test]
async fn faults_that_take_turns_are_told_once_each_until_the_server_works() {
    let (folder, address) = (tempfile::tempdir().unwrap(), nobody());
    let bench = Bench::start_with(vec![with_login(address)], |config| {
        let prints = "echo \"$BOOKPOST_ALARM_STATE $BOOKPOST_ALARM_REASON\"; cat > /dev/null";
        config.alarms.command = Some(scribe(folder.path(), prints));
    })
    .await;
    let lasts = async || bench.pass_in_steps(MINUTE * 20, MINUTE).await;
    bench.accept_many(1).await;
    for _ in 0..4 {
        lasts().await;
        is_only(&bench, AlarmKind::ServerDown, Reason::Unreachable).await;
        let other = lets_in(address, "another").await;
        lasts().await;
        is_only(&bench, AlarmKind::SignIn, Reason::SignInRefused).await;
        other.stop().await;
    }
    let sink = lets_in(address, "right").await;
    lasts().await;
    assert_eq!((sink.count(), bench.alarm_kinds().await), (1, vec![]));
    // It is told anew what begins anew.
    sink.stop().await;
    bench.accept_many(1).await;
    bench.pass(MINUTE).await;
    let book = std::fs::read_to_string(folder.path().join("book")).unwrap();
    let told: Vec<_> = book.lines().collect();
    assert_eq!(
        told,
        [
            "started unreachable",
            "still unreachable",
            "started sign_in_refused",
            "over sign_in_refused",
            "started unreachable",
        ]
    );
}

/// It is one alarm all along, and says the newest.
#[tokio::test]
async fn a_dead_server_that_then_cannot_take_mail_says_why() {
    let address = nobody();
    let bench = Bench::start(vec![server("server1", address)]).await;
    bench.accept_many(1).await;
    bench.pass(MINUTE).await;
    is_only(&bench, AlarmKind::ServerDown, Reason::Unreachable).await;
    let gone = always(At::Connect, "554 5.3.2 No mail here");
    let _other = Sink::start(Settings { port: address.port(), rules: vec![gone], ..Settings::default() })
        .await
        .unwrap();
    bench.app.worker.probe();
    bench.quiet().await;
    let open = bench.open_alarms().await;
    let [(AlarmKind::ServerDown, _, text)] = open.as_slice() else { panic!("{open:?}") };
    assert!(!text.contains(Reason::Unreachable.plain_words()) && text.contains("No mail here"), "{text}");
    assert_eq!(bench.alarms(false).await.len(), 1);
}

#[tokio::test]
async fn a_server_whose_allowance_was_used_up_and_that_then_is_away_is_away_and_the_reverse() {
    let used_up = || vec![always(At::Rcpt, "550 5.4.5 Daily user sending limit exceeded")];
    let first = sink(used_up()).await;
    let address = first.address();
    let bench = Bench::start(vec![server("server1", address)]).await;
    bench.accept_many(1).await;
    bench.quiet().await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::Quota]);
    first.stop().await;
    bench.pass(HOUR + MINUTE).await;
    is_only(&bench, AlarmKind::ServerDown, Reason::Unreachable).await;
    let first = sink_at(address).await;
    first.set_rules(used_up());
    bench.pass(MINUTE * 2).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::Quota]);
    first.set_rules(Vec::new());
    bench.pass(HOUR * 2).await;
    assert_eq!((first.count(), bench.alarm_kinds().await), (1, vec![]));
}

/// That the backup sends is said once it has taken a mail, and not beside that it is away itself.
#[tokio::test]
async fn a_backup_that_took_nothing_is_not_said_to_send() {
    let (first, second) = (nobody(), nobody());
    let bench = Bench::start(vec![server("server1", first), server("server2", second)]).await;
    bench.accept_many(2).await;
    bench.pass(MINUTE).await;
    let all: Vec<_> = bench.alarms(false).await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(all, [AlarmKind::ServerDown, AlarmKind::ServerDown]);
    let backup = sink_at(second).await;
    bench.pass(MINUTE * 15).await;
    assert_eq!(
        (backup.count(), bench.alarm_kinds().await),
        (2, vec![AlarmKind::ServerDown, AlarmKind::BackupInUse])
    );
    backup.stop().await;
    bench.accept(&[&patron(7)]).await;
    bench.pass(SECOND).await;
    assert_eq!(bench.alarm_kinds().await, [AlarmKind::ServerDown, AlarmKind::ServerDown]);
}

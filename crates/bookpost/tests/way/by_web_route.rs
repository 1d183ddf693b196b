//! What a web service cannot be handed goes by a mail server of the same route; a message for several people goes to all of them or to none.

use std::sync::Arc;

use bookpost::{
    config::{Provider, Server},
    deliver::tls,
    queue::route::Upstream,
};
use mail::{Address, Envelope, Reason, Recipient};
use store::{AlarmKind, NewMessage, State};
use testkit::sink::{At, Sink};

use crate::{
    bench::{self, message, patron},
    by_web::{Web, google, graph},
    mail_accounts::{GOOGLE, MINUTE},
};

pub(crate) const DORA: &str = "dora@example.org";
pub(crate) const EMIL: &str = "emil@example.org";

fn to(address: &str) -> Recipient {
    address.parse::<Address>().unwrap().into()
}

/// A message that names these, for the others.
pub(crate) fn names(named: &str, recipients: &[&str]) -> NewMessage {
    let mut one = message(recipients, bench::START);
    let text = String::from_utf8(one.bytes.to_vec()).unwrap();
    one.bytes =
        text.replace(&format!("To: {}\r\n", recipients.join(", ")), &format!("To: {named}\r\n")).into();
    one
}

pub(crate) fn longer(mut one: NewMessage, octets: usize) -> NewMessage {
    let lines = format!("{}\r\n", "x".repeat(70)).repeat(octets / 72);
    one.bytes = [&one.bytes[..], lines.as_bytes()].concat().into();
    one
}

pub(crate) async fn accept(web: &Web, messages: Vec<NewMessage>) {
    web.bench.app.receiver.accept(messages).await.unwrap();
    web.bench.quiet().await;
}

pub(crate) async fn state(web: &Web, address: &str) -> (State, Option<Reason>) {
    let row = web.bench.row(address).await;
    (row.state, row.reason)
}

pub(crate) fn service(web: &Web) -> Upstream {
    let tls = tls::client_config(web.server.ca_file.as_deref()).unwrap();
    Upstream::new(Arc::clone(&web.server), Some(tls))
}

pub(crate) fn taken(sink: &Sink) -> Vec<String> {
    let mut all: Vec<_> = sink.taken().into_iter().flat_map(|one| one.to).collect();
    all.sort();
    all
}

/// Where the service is first, and where it stands behind a mail server that is down at first.
#[tokio::test]
async fn what_the_service_cannot_carry_goes_by_the_mail_server() {
    let own = bench::sink(Vec::new()).await;
    let web =
        Web::start_beside(Provider::Microsoft, 600, Some(bench::server("server1", own.address()))).await;
    let messages = vec![
        names("list@example.org", &["member@example.org"]),
        message(&[&patron(0)], bench::START),
        longer(message(&["long@example.org"], bench::START), 4_000_000),
        names("list@example.org", &["other@example.org"]),
        message(&[&patron(1)], bench::START),
    ];
    accept(&web, messages).await;
    web.each_once(2);
    assert_eq!(taken(&own), ["long@example.org", "member@example.org", "other@example.org"]);
    for address in ["member@example.org", "long@example.org"] {
        assert_eq!(state(&web, address).await.0, State::Delivered);
        assert_eq!(web.bench.attempts(address).await.len(), 1);
    }
    assert_eq!(web.bench.open_alarms().await, []);
}

/// It waits by the schedule, and the others leave by the service.
#[tokio::test]
async fn what_only_a_mail_server_takes_waits_for_it_and_says_why() {
    let address = bench::nobody();
    let web = Web::start_beside(GOOGLE, 36_000, Some(bench::server("server1", address))).await;
    accept(&web, vec![names("list@example.org", &["member@example.org"])]).await;
    web.send(0..2).await;
    web.each_once(2);
    assert_eq!(state(&web, "member@example.org").await, (State::Waiting, Some(Reason::Unreachable)));
    let kinds = web.bench.alarm_kinds().await;
    assert!(kinds.contains(&AlarmKind::ServerDown), "{kinds:?}");
    web.bench.pass(30 * MINUTE).await;
    assert_eq!(state(&web, "member@example.org").await, (State::Waiting, Some(Reason::Unreachable)));
    let own = bench::sink_at(address).await;
    web.bench.pass(60 * MINUTE).await;
    assert_eq!(taken(&own), ["member@example.org"]);
    assert_eq!(web.bench.open_alarms().await, []);
    web.each_once(2);
}

/// Too old behind a mail server that never came, it goes back to its sender.
#[tokio::test]
async fn what_only_a_mail_server_takes_does_not_wait_for_ever() {
    let web = Web::start_beside(GOOGLE, 36_000, Some(bench::server("server1", bench::nobody()))).await;
    accept(&web, vec![names("list@example.org", &["member@example.org"])]).await;
    web.bench.pass_in_steps(MINUTE * 60 * 110, MINUTE * 30).await;
    assert_eq!(state(&web, "member@example.org").await, (State::Returned, Some(Reason::Unreachable)));
}

/// Before any of it is sent.
#[tokio::test]
async fn what_is_too_large_for_the_service_comes_back_where_nothing_else_sends() {
    for (provider, octets) in [(GOOGLE, 36_800_000), (Provider::Microsoft, 3_200_000)] {
        let web = Web::start(provider, 600, None).await;
        accept(&web, vec![longer(message(&["long@example.org"], bench::START), octets)]).await;
        assert_eq!(state(&web, "long@example.org").await, (State::Returned, Some(Reason::TooLarge)));
        let attempts = web.bench.attempts("long@example.org").await;
        assert!(attempts[0].answer.starts_with("the server takes messages up to 3"), "{attempts:?}");
        assert!(web.service.taken().iter().all(|one| one.to != ["long@example.org"]));
    }
}

/// The service says no to all; a mail server says to which. Where there is none, a person decides, and nobody's address is at fault.
#[tokio::test]
async fn one_bad_address_among_several_is_that_one_only() {
    for (provider, no) in [
        (GOOGLE, google(400, "invalidArgument", "Invalid To header")),
        (Provider::Microsoft, graph(400, "ErrorInvalidRecipients")),
    ] {
        let own = bench::sink(vec![bench::refuses(EMIL, "550 5.1.1 no such user")]).await;
        let behind = bench::server("server1", own.address());
        for behind in [Some(behind), None] {
            let alone = behind.is_none();
            let web = Web::start_beside(provider, 600, behind).await;
            web.service.says(no.clone());
            accept(&web, vec![message(&[DORA, EMIL], bench::START)]).await;
            let [dora, emil] = [state(&web, DORA).await, state(&web, EMIL).await];
            if alone {
                let held = (State::Held, Some(Reason::OneOfThem));
                assert_eq!([dora, emil], [held, held]);
                let alarms = web.bench.open_alarms().await;
                assert!(alarms[0].2.contains(Reason::OneOfThem.plain_words()), "{alarms:?}");
            } else {
                assert_eq!(dora.0, State::Delivered);
                assert_eq!(emil, (State::Returned, Some(Reason::AddressUnknown)));
            }
            assert!(web.service.taken().iter().all(|one| one.to != [DORA, EMIL]));
        }
        assert_eq!(taken(&own), [DORA]);
    }
}

/// They are put off to one time.
#[tokio::test]
async fn a_message_for_several_that_is_put_off_stays_one_message() {
    let web = Web::start(GOOGLE, 36_000, None).await;
    web.service.always_says(Some(google(429, "rateLimitExceeded", "")));
    accept(&web, vec![message(&[DORA, EMIL, "fay@example.org"], bench::START)]).await;
    web.bench.pass(40 * MINUTE).await;
    let attempts = web.bench.attempts(DORA).await.len();
    assert!(attempts > 4, "it goes by the schedule: {attempts}");
    let due = [web.bench.row(DORA).await.due_at, web.bench.row(EMIL).await.due_at];
    assert!(due[0].is_some() && due[0] == due[1], "{due:?}");
    web.service.always_says(None);
    web.bench.pass(180 * MINUTE).await;
    let taken = web.service.taken();
    assert_eq!(taken.iter().map(|one| one.to.len()).collect::<Vec<_>>(), [3]);
}

/// Put off one by one by a mail server that sent before, they are waited for and go together.
#[tokio::test]
async fn those_who_are_due_at_different_times_go_together() {
    let own = bench::sink(vec![bench::always(At::Rcpt, "451 4.7.1 greylisted")]).await;
    let web = Web::start(GOOGLE, 36_000, None).await;
    let server = bench::server("server1", own.address());
    web.bench.app.worker.reroute(vec![Upstream::new(server, None)]).await;
    accept(&web, vec![message(&[DORA, EMIL], bench::START)]).await;
    let [dora, emil] = [web.bench.row(DORA).await.due_at, web.bench.row(EMIL).await.due_at];
    assert_ne!(dora, emil);
    web.bench.app.worker.reroute(vec![service(&web)]).await;
    web.bench.pass(MINUTE * 60).await;
    let all = web.service.taken();
    assert_eq!(all.iter().map(|one| one.to.clone()).collect::<Vec<_>>(), [[DORA, EMIL]]);
    let first = if dora < emil { DORA } else { EMIL };
    let attempts = web.bench.attempts(first).await;
    assert_eq!(attempts.len(), 3, "{attempts:?}");
    assert_eq!(attempts[1].reason, Some(Reason::OnlySome));
}

/// Some have it already: the service would write to them again.
#[tokio::test]
async fn where_some_have_it_the_others_go_by_a_mail_server_or_a_person_decides() {
    for alone in [true, false] {
        let own = bench::sink(vec![bench::refuses(EMIL, "451 4.7.1 greylisted")]).await;
        let web = Web::start(GOOGLE, 36_000, None).await;
        let behind = || Upstream::new(bench::server("server1", own.address()), None);
        web.bench.app.worker.reroute(vec![behind()]).await;
        accept(&web, vec![message(&[DORA, EMIL], bench::START)]).await;
        assert_eq!(taken(&own), [DORA]);
        own.set_rules(Vec::new());
        let route = if alone { vec![service(&web)] } else { vec![service(&web), behind()] };
        web.bench.app.worker.reroute(route).await;
        web.bench.pass(MINUTE * 60).await;
        assert_eq!(web.service.taken(), []);
        if alone {
            assert_eq!(state(&web, EMIL).await, (State::Held, Some(Reason::OnlySome)));
            let alarms = web.bench.open_alarms().await;
            assert!(alarms[0].2.contains(Reason::OnlySome.plain_words()), "{alarms:?}");
        } else {
            assert_eq!(taken(&own), [DORA, EMIL]);
        }
        assert_eq!(state(&web, DORA).await.0, State::Delivered);
    }
}

/// One who gets a hidden copy beside others is named by nobody: it is not for the service.
#[tokio::test]
async fn a_hidden_copy_beside_others_goes_by_the_mail_server() {
    let own = bench::sink(Vec::new()).await;
    let web = Web::start_beside(GOOGLE, 600, Some(bench::server("server1", own.address()))).await;
    let mut one = message(&[DORA], bench::START);
    one.envelope = Envelope::new(one.envelope.reverse_path.clone(), vec![to(DORA), to(EMIL)]).unwrap();
    accept(&web, vec![one]).await;
    assert_eq!((web.service.taken(), taken(&own)), (vec![], vec![DORA.to_owned(), EMIL.to_owned()]));
}

/// The same account by its mail server: what went by the service counts.
#[tokio::test]
async fn what_is_allowed_a_day_is_counted_by_account() {
    let web = Web::start(GOOGLE, 36_000, None).await;
    web.send(0..3).await;
    let before = (*web.bench.app.settings.now()).clone();
    let mut config = before.clone();
    let smtp = Server { service: None, port: 465, host: "smtp.example".to_owned(), ..(*web.server).clone() };
    config.providers[0].server = Arc::new(smtp);
    web.bench.app.settings.replace(config);
    let used = web.bench.app.accounts.used(GOOGLE).await.unwrap().unwrap();
    assert_eq!(used.count, 3);
    web.bench.app.settings.replace(before);
    // Within the process as well as after a start.
    let limits = bookpost::config::Limits { per_day: Some(4), ..web.server.limits };
    let other = Server { connections: 7, limits, ..(*web.server).clone() };
    let tls = tls::client_config(web.server.ca_file.as_deref()).unwrap();
    web.bench.app.worker.reroute(vec![Upstream::new(Arc::new(other), Some(tls))]).await;
    web.send(3..6).await;
    web.each_once(4);
}

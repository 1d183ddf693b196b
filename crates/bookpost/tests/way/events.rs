//! Web addresses are told of events, whatever they answer.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::hmac;
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bookpost::{
    alarms::{self, Alarms},
    cli::{
        control::{Reply, WebhooksRequest},
        webhooks,
    },
    config::{Config, Settings, Way},
    events::{self, Teller},
    secrets::KeySource,
};
use jiff::{SignedDuration, Timestamp};
use mail::clock::Clock as _;
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::Value;
use store::{
    AlarmKind, ApplicationSettings, EventKind, Move, NewMessage, Selection, State as MailState, Store,
    Webhook, WebhookId,
};
use testkit::clock::ManualClock;
use tokio::{
    net::TcpListener,
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinHandle,
};

use crate::bench::{START, message};

/// What a web address was sent.
struct Posted {
    headers: HeaderMap,
    body: Bytes,
}

impl Posted {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The ids of its events.
    fn ids(&self) -> Vec<u64> {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        let events = body["events"].as_array().unwrap();
        events.iter().map(|event| event["id"].as_str().unwrap().parse().unwrap()).collect()
    }

    /// Signed with this secret, as Standard Webhooks has it.
    fn is_signed(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let (id, at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let signed = [id.as_bytes(), b".", at.as_bytes(), b".", &self.body].concat();
        let tag = STANDARD.decode(self.header("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed, &tag).is_ok()
    }
}

/// What it answers: these one after the other, and 200 from then on; `None`: nothing, ever.
type Answers = Arc<Mutex<VecDeque<Option<StatusCode>>>>;

/// A web address of our own.
struct Address {
    url: String,
    posted: UnboundedReceiver<Posted>,
    answers: Answers,
}

impl Address {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events?key=hidden", listener.local_addr().unwrap());
        let (sender, posted) = mpsc::unbounded_channel();
        let answers = Answers::default();
        let router = Router::new().route("/events", post(answer)).with_state((sender, Arc::clone(&answers)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, posted, answers }
    }

    fn will_answer(&self, answers: impl IntoIterator<Item = Option<StatusCode>>) {
        self.answers.lock().unwrap().extend(answers);
    }
}

async fn answer(
    State((sender, answers)): State<(UnboundedSender<Posted>, Answers)>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let answer = answers.lock().unwrap().pop_front().unwrap_or(Some(StatusCode::OK));
    let _ = sender.send(Posted { headers, body });
    match answer {
        Some(status) => (status, "out of order\nTraceback"),
        None => std::future::pending().await,
    }
}

/// A queue, and the task that tells.
struct Bench {
    store: Store,
    clock: ManualClock,
    alarms: Alarms,
    key: KeySource,
    telling: JoinHandle<()>,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(START);
        let store = Store::open(folder.path(), START).unwrap();
        for name in ["test", "cron"] {
            let settings = ApplicationSettings::default();
            store
                .add_application(name.parse().unwrap(), settings, store::Actor::CommandLine, START)
                .await
                .unwrap();
        }
        let settings = Settings::new(Config::usual(folder.path(), Way::None));
        let (alarms, work) =
            alarms::alarms(store.clone(), Arc::new(clock.clone()), settings.clone(), |_, _| async {});
        tokio::spawn(work);
        let key = settings.now().sealing_key.clone();
        let telling = tell(&store, &clock, &alarms, settings);
        Self { store, clock, alarms, key, telling, folder }
    }

    /// Adds a web address of `test`, and gives its secret.
    async fn add(&self, address: &Address, kinds: &[EventKind]) -> String {
        let kinds: BTreeSet<_> = kinds.iter().copied().collect();
        let request = WebhooksRequest::Add { application: "test".into(), url: address.url.clone(), kinds };
        match self.command(request).await {
            Reply::NewWebhook(new) => new.secret.0,
            other => panic!("{other:?}"),
        }
    }

    async fn command(&self, request: WebhooksRequest) -> Reply {
        let mut dice = StdRng::seed_from_u64(9);
        webhooks::perform(&self.store, request, &self.key, &mut dice, self.clock.now()).await
    }

    /// So many messages, each an event.
    async fn accept(&self, count: usize) {
        let now = self.clock.now();
        self.store.accept((0..count).map(|_| message(&["p@example.org"], now)).collect(), now).await.unwrap();
    }

    /// Lets the others work until this holds. Time passes only for what is being gathered.
    async fn until(&self, holds: impl AsyncFn() -> bool) {
        while !holds().await {
            let soon = self.clock.now() + SignedDuration::from_secs(1);
            if let Some(gathered_at) = self.clock.next_sleeper().filter(|at| *at <= soon) {
                self.clock.set(gathered_at);
            }
            tokio::task::yield_now().await;
        }
    }

    /// What the address is sent next.
    async fn sent(&self, address: &mut Address) -> Posted {
        self.until(async || !address.posted.is_empty()).await;
        address.posted.try_recv().unwrap()
    }

    async fn webhook(&self) -> Webhook {
        self.store.webhooks().await.unwrap().remove(0)
    }

    /// The web address once this holds of it.
    async fn when(&self, holds: impl Fn(&Webhook) -> bool) -> Webhook {
        self.until(async || holds(&self.webhook().await)).await;
        self.webhook().await
    }

    async fn open_alarms(&self) -> Vec<(AlarmKind, String)> {
        self.alarms.carried_out().await;
        let open = self.store.alarms(true, 9).await.unwrap();
        open.into_iter().map(|alarm| (alarm.kind, alarm.text)).collect()
    }
}

fn tell(store: &Store, clock: &ManualClock, alarms: &Alarms, settings: Settings) -> JoinHandle<()> {
    tokio::spawn(events::run(Teller {
        store: store.clone(),
        clock: Arc::new(clock.clone()),
        alarms: alarms.clone(),
        settings,
        dice: StdRng::seed_from_u64(5),
        unstored: HashMap::default(),
    }))
}

#[tokio::test]
async fn events_are_told_signed_in_order_and_once() {
    let (bench, mut address) = (Bench::start().await, Address::start().await);
    bench.accept(1).await;
    let secret = bench.add(&address, &[]).await;
    bench.accept(250).await;
    let (mut seen, mut requests) = (Vec::new(), BTreeSet::new());
    for expected in [100, 100, 50] {
        let posted = bench.sent(&mut address).await;
        assert!(posted.is_signed(&secret) && !posted.is_signed("whsec_AAAA"));
        assert_eq!(posted.header("content-type"), "application/json");
        assert!(requests.insert(posted.header("webhook-id").to_owned()), "each has an id of its own");
        assert_eq!(posted.ids().len(), expected);
        seen.extend(posted.ids());
    }
    assert_eq!(seen, (2..=251).collect::<Vec<_>>(), "what was before it was added is not told");
    let webhook = bench.when(|webhook| webhook.told.0 == 251).await;
    assert_eq!((webhook.told_at, webhook.trouble), (Some(bench.clock.now()), None));
    // After a new start nothing is told again.
    bench.telling.abort();
    let settings = Settings::new(Config::usual(bench.folder.path(), Way::None));
    let telling = tell(&bench.store, &bench.clock, &bench.alarms, settings);
    bench.accept(1).await;
    assert_eq!(bench.sent(&mut address).await.ids(), [252]);
    telling.abort();
}

#[tokio::test]
async fn only_what_is_asked_for_is_told() {
    let (bench, mut address) = (Bench::start().await, Address::start().await);
    bench.add(&address, &[EventKind::Cancelled]).await;
    bench.accept(2).await;
    let theirs = NewMessage { application: "cron".into(), ..message(&["p@example.org"], START) };
    let theirs = bench.store.accept(vec![theirs], START).await.unwrap()[0].id;
    for id in [theirs, store::MessageId(1)] {
        let selection = Selection::Messages(vec![id]);
        bench.store.move_recipients(selection, Move::Cancel, START).await.unwrap();
    }
    let posted = bench.sent(&mut address).await;
    let body: Value = serde_json::from_slice(&posted.body).unwrap();
    assert_eq!((&body["type"], &body["application"]), (&"events".into(), &"test".into()));
    let event = &body["events"][0];
    assert_eq!((&event["type"], &event["message"]), (&"cancelled".into(), &"1".into()));
    assert_eq!((&event["address"], &event["reason"]), (&"p@example.org".into(), &"by_person".into()));
    assert_eq!(posted.ids().len(), 1);
}

/// The same request under the same name, though more has happened meanwhile.
#[tokio::test]
async fn a_request_that_fails_is_made_again_as_it_was() {
    let (bench, mut address) = (Bench::start().await, Address::start().await);
    bench.add(&address, &[]).await;
    address.will_answer([Some(StatusCode::SERVICE_UNAVAILABLE)]);
    bench.accept(2).await;
    let first = bench.sent(&mut address).await;
    let trouble = bench.when(|webhook| webhook.trouble.is_some()).await.trouble.unwrap();
    assert_eq!(trouble.answer, "503 Service Unavailable: out of order");
    bench.accept(3).await;
    bench.clock.set(trouble.next_attempt_at);
    let again = bench.sent(&mut address).await;
    assert_eq!(again.header("webhook-id"), first.header("webhook-id"));
    assert_eq!(again.body, first.body);
    let rest = bench.sent(&mut address).await;
    assert_eq!((first.ids(), rest.ids()), (vec![1, 2], vec![3, 4, 5]));
    bench.when(|webhook| webhook.told.0 == 5 && webhook.trouble.is_none()).await;
    assert_eq!(bench.open_alarms().await, []);
}

/// The same kind of schedule as for mail; and what is never told changes nothing about mail.
#[tokio::test]
async fn an_address_that_fails_is_tried_by_the_schedule_and_given_up_at_100_hours() {
    let (bench, mut address) = (Bench::start().await, Address::start().await);
    bench.add(&address, &[]).await;
    address.will_answer(std::iter::repeat_n(Some(StatusCode::INTERNAL_SERVER_ERROR), 1_000));
    bench.accept(150).await;
    let mut last = bench.sent(&mut address).await;
    let (mut webhook, mut waits) = (bench.when(|webhook| webhook.trouble.is_some()).await, Vec::new());
    let began_at = webhook.trouble.as_ref().unwrap().failing_since;
    while webhook.given_up == 0 {
        let trouble = webhook.trouble.clone().unwrap();
        assert_eq!(trouble.failing_since, began_at);
        waits.push((
            bench.clock.now().duration_since(began_at),
            trouble.next_attempt_at.duration_since(bench.clock.now()),
        ));
        if waits.len() == 50 {
            bench.accept(1).await;
        }
        bench.clock.set(trouble.next_attempt_at);
        let posted = bench.sent(&mut address).await;
        assert_eq!(posted.header("webhook-id"), last.header("webhook-id"));
        last = posted;
        let before = webhook.clone();
        webhook = bench.when(|webhook| *webhook != before).await;
    }
    // Gathering takes a second of a wait.
    let minutes = |from: i64, to| SignedDuration::from_secs(60 * from - 1)..=SignedDuration::from_mins(to);
    let end = waits.len() - 1;
    for (at, (age, wait)) in waits.iter().enumerate() {
        let bounds = match age {
            _ if at == end => minutes(0, 90),
            age if *age < SignedDuration::from_hours(1) => minutes(3, 9),
            _ => minutes(60, 90),
        };
        assert!(bounds.contains(wait), "after {age:#}: {wait:#}");
    }
    let gave_up_at = bench.clock.now();
    assert!(gave_up_at.duration_since(began_at) >= SignedDuration::from_hours(100));
    assert_eq!((webhook.given_up, webhook.told.0), (150, 150), "and no younger one");
    let [(AlarmKind::Webhook, text)] = &bench.open_alarms().await[..] else { panic!() };
    assert!(text.contains("127.0.0.1") && text.contains("500") && !text.contains("hidden"), "{text}");
    // It works again.
    address.answers.lock().unwrap().clear();
    bench.clock.set(webhook.trouble.unwrap().next_attempt_at);
    assert_eq!(bench.sent(&mut address).await.ids(), [151]);
    bench.when(|webhook| webhook.trouble.is_none()).await;
    assert_eq!(bench.open_alarms().await, []);
    let waiting = bench.store.counts().await.unwrap().waiting;
    assert_eq!(waiting, 151, "nothing happened to mail");
    let rows = bench.store.list(store::Filter::default(), None, 200).await.unwrap();
    assert!(rows.iter().all(|row| row.state == MailState::Waiting && row.attempts == 0));
}

#[tokio::test]
async fn an_address_that_does_not_answer_holds_up_no_other() {
    let bench = Bench::start().await;
    let (mut silent, mut other) = (Address::start().await, Address::start().await);
    bench.add(&silent, &[]).await;
    bench.add(&other, &[]).await;
    silent.will_answer([None]);
    bench.accept(1).await;
    assert_eq!(bench.sent(&mut silent).await.ids(), [1]);
    assert_eq!(bench.sent(&mut other).await.ids(), [1]);
    bench.accept(1).await;
    assert_eq!(bench.sent(&mut other).await.ids(), [2]);
}

/// A full disk makes no second request, and no third: what was told is put on record first.
#[tokio::test]
async fn what_cannot_be_put_on_record_is_not_told_again_and_again() {
    let (bench, mut address) = (Bench::start().await, Address::start().await);
    bench.add(&address, &[]).await;
    let raw = rusqlite::Connection::open(bench.folder.path().join("queue.db")).unwrap();
    raw.execute_batch(
        "CREATE TRIGGER refuse BEFORE UPDATE ON webhook BEGIN SELECT raise(ABORT, 'full'); END",
    )
    .unwrap();
    bench.accept(1).await;
    assert_eq!(bench.sent(&mut address).await.ids(), [1]);
    for _ in 0..5 {
        bench.accept(1).await;
        let at = bench.clock.now() + SignedDuration::from_secs(61);
        bench
            .until(async || {
                bench
                    .clock
                    .next_sleeper()
                    .is_some_and(|next| next > bench.clock.now() + SignedDuration::from_secs(1))
            })
            .await;
        bench.clock.set(at);
    }
    assert!(address.posted.is_empty(), "it was told already");
    raw.execute_batch("DROP TRIGGER refuse").unwrap();
    bench.clock.advance(Duration::from_secs(61));
    assert_eq!(bench.sent(&mut address).await.ids(), [2, 3, 4, 5, 6]);
}

/// Nobody has said that patrons' addresses may go there.
#[tokio::test]
async fn nobody_is_followed_to_another_address() {
    let (bench, mut address) = (Bench::start().await, Address::start().await);
    bench.add(&address, &[]).await;
    address.will_answer([Some(StatusCode::TEMPORARY_REDIRECT)]);
    bench.accept(1).await;
    bench.sent(&mut address).await;
    let trouble = bench.when(|webhook| webhook.trouble.is_some()).await.trouble.unwrap();
    assert!(trouble.answer.contains("do not follow"), "{}", trouble.answer);
}

/// A person who has put an address right need not wait for the schedule.
#[tokio::test]
async fn what_waits_is_told_soon_after_a_test_that_works() {
    let (bench, mut address) = (Bench::start().await, Address::start().await);
    bench.add(&address, &[]).await;
    address.will_answer([Some(StatusCode::BAD_GATEWAY), Some(StatusCode::BAD_GATEWAY)]);
    bench.accept(1).await;
    bench.sent(&mut address).await;
    bench.when(|webhook| webhook.trouble.is_some()).await;
    let failed = bench.command(WebhooksRequest::Test(WebhookId(1))).await;
    assert!(
        matches!(&failed, Reply::Failed { message, .. } if message.contains("502 Bad Gateway")),
        "{failed:?}"
    );
    assert_eq!(bench.sent(&mut address).await.ids().len(), 0);
    let works = bench.command(WebhooksRequest::Test(WebhookId(1))).await;
    assert!(matches!(works, Reply::WebhookWorks(_)), "{works:?}");
    assert_eq!(bench.sent(&mut address).await.ids().len(), 0);
    bench.clock.advance(Duration::from_mins(1));
    assert_eq!(bench.sent(&mut address).await.ids(), [1]);
}

/// Without the key that sealed its secret nothing unsigned is posted; a person hears what to do.
#[tokio::test]
async fn without_its_secret_nothing_is_posted() {
    let (bench, mut address) = (Bench::start().await, Address::start().await);
    bench.add(&address, &[]).await;
    let KeySource::File(file) = &bench.key else { panic!() };
    std::fs::remove_file(file).unwrap();
    bench.accept(1).await;
    let trouble = bench.when(|webhook| webhook.trouble.is_some()).await.trouble.unwrap();
    assert!(trouble.answer.contains("put it back"), "{}", trouble.answer);
    assert!(address.posted.try_recv().is_err());
    let gone: Timestamp = trouble.next_attempt_at;
    assert!(gone > bench.clock.now());
}

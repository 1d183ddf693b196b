//! Events, in the order in which things happened, and the web addresses that are told of them.

use std::{collections::BTreeSet, time::Duration};

use mail::Reason;
use store::{
    ApplicationSettings, Claim, Doubt, Error, Event, EventFilter, EventId, EventKind, Events, Filter, Kind,
    Lease, MessageId, Move, NewMessage, NewWebhook, RecipientId, Restart, RunId, Selection, Store, Verdict,
    Webhook, WebhookId, WebhookOutcome, WebhookTrouble,
};

use crate::fresh::{Fresh, LEASE, accept, leased, minute, settle, sound, to_many, waiting};

fn of(application: &str, after: EventId) -> EventFilter {
    EventFilter { application: application.to_owned(), after, until: None, kinds: BTreeSet::new() }
}

async fn all(store: &Store, filter: EventFilter) -> Vec<Event> {
    let found = store.events(filter, 1_000).await.unwrap();
    assert!(!found.more);
    found.events
}

/// What happened since `after`, which moves on.
async fn since(store: &Store, after: &mut EventId) -> Vec<(EventKind, Option<RecipientId>)> {
    let found = store.events(of("Library", *after), 1_000).await.unwrap();
    *after = found.read_to;
    found.events.into_iter().map(|event| (event.kind, event.recipient.map(|(id, _)| id))).collect()
}

/// Each change of mail of an application is told with what is known of it; those of runs, reports and alarms are not.
pub(crate) async fn every_change_is_an_event(fresh: &Fresh) {
    let store = fresh.open().await;
    let mut after = EventId(0);
    fresh.at(1);
    for (verdict, kind, next_attempt_at) in [
        (Verdict::Delivered, EventKind::Delivered, None),
        (Verdict::Relayed, EventKind::Delivered, None),
        (Verdict::Deferred { due_at: minute(5), in_doubt: false }, EventKind::Deferred, Some(minute(5))),
        (Verdict::Deferred { due_at: minute(6), in_doubt: true }, EventKind::InDoubt, Some(minute(6))),
        (Verdict::InDoubt, EventKind::InDoubt, None),
        (Verdict::Returned, EventKind::Returned, None),
        (Verdict::Held, EventKind::Held, None),
        (Verdict::Struck { due_at: minute(5) }, EventKind::Deferred, Some(minute(5))),
    ] {
        let message = NewMessage { tags: vec!["loan".to_owned(), "42".to_owned()], ..to_many(leased(), 2) };
        let first = accept(fresh, &store, message).await;
        let second = RecipientId(first.0 + 1);
        settle(fresh, &store, second, verdict.clone()).await;
        let events = all(&store, of("Library", after)).await;
        let [accepted, settled] = &events[..] else { panic!("{events:?}") };
        assert_eq!((accepted.kind, accepted.message), (EventKind::Accepted, first.message()));
        assert_eq!((&accepted.recipient, accepted.happened_at), (&None, minute(1)));
        assert_eq!((settled.kind, settled.next_attempt_at), (kind, next_attempt_at), "{verdict:?}");
        let (recipient, address) = settled.recipient.as_ref().unwrap();
        assert_eq!((*recipient, address.as_str()), (second, "p1@example.org"));
        assert_eq!(settled.answer.as_deref(), Some("the server's answer"));
        assert_eq!(settled.server.as_deref(), Some("mail.example:587"));
        assert_eq!(settled.reason.is_none(), kind == EventKind::Delivered && verdict != Verdict::Relayed);
        assert_eq!(
            (&settled.tags[..], &*settled.message_id),
            (&["loan".into(), "42".into()][..], "<1@library.example>")
        );
        assert!(accepted.id < settled.id);
        after = settled.id;
    }
    accept(fresh, &store, NewMessage { run: Some(RunId(1)), ..waiting() }).await;
    accept(fresh, &store, NewMessage { application: "cron".to_owned(), ..waiting() }).await;
    let report = accept(fresh, &store, NewMessage { kind: Kind::Report, ..leased() }).await;
    settle(fresh, &store, report, Verdict::Returned).await;
    assert_eq!(since(&store, &mut after).await, []);
    sound(&store).await;
}

/// What happens without an attempt is told as well.
pub(crate) async fn what_people_and_age_do_is_an_event(fresh: &Fresh) {
    let store = fresh.open().await;
    let mut after = EventId(0);
    let recipient = accept(fresh, &store, NewMessage { expires_at: minute(20), ..waiting() }).await;
    let decide = async |wish| {
        let selection = Selection::Messages(vec![recipient.message()]);
        assert_eq!(store.move_recipients(selection, wish, fresh.now()).await.unwrap().moved, 1);
    };
    for wish in [Move::Hold, Move::Release, Move::Retry] {
        decide(wish).await;
    }
    let someone = Some(recipient);
    assert_eq!(
        since(&store, &mut after).await,
        [
            (EventKind::Accepted, None),
            (EventKind::Held, someone),
            (EventKind::Released, someone),
            (EventKind::Released, someone)
        ]
    );
    fresh.at(21);
    store.expire(fresh.now(), false, 9, Reason::Unreachable, "nobody answers", fresh.now()).await.unwrap();
    let events = all(&store, of("Library", after)).await;
    let [returned] = &events[..] else { panic!("{events:?}") };
    assert_eq!((returned.kind, returned.reason), (EventKind::Returned, Some(Reason::Unreachable)));
    assert_eq!(returned.answer.as_deref(), Some("nobody answers"));
    after = returned.id;

    let doubtful = accept(fresh, &store, NewMessage { expires_at: minute(30), ..leased() }).await;
    let cancelled = accept(fresh, &store, waiting()).await;
    let selection = Selection::Messages(vec![cancelled.message()]);
    store.move_recipients(selection, Move::Cancel, fresh.now()).await.unwrap();
    settle(fresh, &store, doubtful, Verdict::Deferred { due_at: minute(25), in_doubt: true }).await;
    fresh.at(31);
    store.expire(fresh.now(), false, 9, Reason::Unreachable, "nobody answers", fresh.now()).await.unwrap();
    settle(fresh, &store, doubtful, Verdict::Delivered).await;
    let in_flight = accept(fresh, &store, leased()).await;
    store.close().await.unwrap();
    let store = fresh.open().await;
    let in_doubt = vec![Doubt { recipient: in_flight, lease: LEASE, due_at: Some(minute(40)) }];
    store.restart(Restart { begun: vec![], in_doubt }, fresh.now()).await.unwrap();
    assert_eq!(
        since(&store, &mut after).await,
        [
            (EventKind::Accepted, None),
            (EventKind::Accepted, None),
            (EventKind::Cancelled, Some(cancelled)),
            (EventKind::InDoubt, Some(doubtful)),
            (EventKind::InDoubt, Some(doubtful)),
            (EventKind::Delivered, Some(doubtful)),
            (EventKind::Accepted, None),
            (EventKind::InDoubt, Some(in_flight)),
        ]
    );
    fresh.at(41);
    for _ in 0..3 {
        let alone = store.take_alone(Lease(8), false, fresh.now()).await.unwrap();
        assert_eq!(alone.unwrap().recipients[0].id, in_flight);
        let attempt = crate::fresh::settlement(fresh, in_flight, Verdict::Struck { due_at: fresh.now() });
        store.settle(vec![store::Settlement { lease: Lease(8), ..attempt }], fresh.now()).await.unwrap();
    }
    let kinds: Vec<_> = since(&store, &mut after).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [EventKind::Deferred, EventKind::Deferred, EventKind::Held]);
    sound(&store).await;
}

/// What happens later changes nothing of what an event says, and an event says nothing of what was before it.
pub(crate) async fn an_event_reads_the_same_each_time(fresh: &Fresh) {
    let store = fresh.open().await;
    let doubtful = accept(fresh, &store, NewMessage { expires_at: minute(30), ..leased() }).await;
    settle(fresh, &store, doubtful, Verdict::Deferred { due_at: minute(25), in_doubt: true }).await;
    fresh.at(31);
    store.expire(fresh.now(), false, 9, Reason::Unreachable, "nobody answers", fresh.now()).await.unwrap();
    let before = all(&store, of("Library", EventId(0))).await;
    let decide = async |wish| {
        let selection = Selection::Messages(vec![doubtful.message()]);
        store.move_recipients(selection, wish, fresh.now()).await.unwrap();
    };
    decide(Move::Retry).await;
    let claim =
        Claim { lease: LEASE, now: fresh.now(), limit: 9, bytes: 9_999, practice: false, recovery: None };
    assert_eq!(store.claim(claim).await.unwrap().len(), 1);
    settle(fresh, &store, doubtful, Verdict::Delivered).await;
    let after = all(&store, of("Library", EventId(0))).await;
    assert_eq!(after[..before.len()], before);
    let [released, delivered] = &after[before.len()..] else { panic!("{after:?}") };
    assert_eq!((released.kind, released.answer.as_deref()), (EventKind::Released, None));
    assert_eq!(
        (delivered.kind, delivered.answer.as_deref()),
        (EventKind::Delivered, Some("the server's answer"))
    );
}

pub(crate) async fn events_are_read_in_parts(fresh: &Fresh) {
    let store = fresh.open().await;
    let noted = store.events_noted();
    for at in 0..30 {
        let application = if at % 3 == 0 { "cron" } else { "Library" }.to_owned();
        let recipient = accept(fresh, &store, NewMessage { application, ..leased() }).await;
        settle(fresh, &store, recipient, Verdict::Delivered).await;
    }
    assert_eq!(*noted.borrow(), EventId(60));
    let (mut after, mut kinds, mut parts) = (EventId(0), Vec::new(), 0);
    loop {
        let Events { events, read_to, more } = store.events(of("cron", after), 7).await.unwrap();
        kinds.extend(events.into_iter().map(|event| event.kind));
        (after, parts) = (read_to, parts + 1);
        if !more {
            break;
        }
    }
    assert_eq!((kinds.len(), parts, after), (20, 3, EventId(60)));
    assert_eq!(kinds[..2], [EventKind::Accepted, EventKind::Delivered]);
    let delivered = BTreeSet::from([EventKind::Delivered]);
    let few = EventFilter { kinds: delivered, until: Some(EventId(30)), ..of("Library", EventId(0)) };
    assert_eq!(all(&store, few).await.len(), 10);
    let beyond = store.events(of("cron", EventId(1_000)), 7).await.unwrap();
    assert_eq!((beyond.events.len(), beyond.more), (0, false));
    assert!(beyond.read_to <= EventId(60), "what comes later is not passed over");
}

pub(crate) async fn old_events_are_forgotten(fresh: &Fresh) {
    let store = fresh.open().await;
    let old = accept(fresh, &store, leased()).await;
    accept(fresh, &store, NewMessage { application: "cron".to_owned(), ..waiting() }).await;
    fresh.pass(7 * 24 * 60);
    let young = accept(fresh, &store, leased()).await;
    assert_eq!(store.forget_events(10, fresh.now()).await.unwrap(), 0);
    fresh.pass(1);
    settle(fresh, &store, old, Verdict::Delivered).await;
    assert_eq!(store.forget_events(1, fresh.now()).await.unwrap(), 1, "of all applications together");
    assert_eq!(store.forget_events(10, fresh.now()).await.unwrap(), 1);
    assert_eq!(store.forget_events(10, fresh.now()).await.unwrap(), 0);
    let left: Vec<_> = all(&store, of("Library", EventId(0))).await;
    let left: Vec<_> = left.into_iter().map(|event| (event.message, event.kind)).collect();
    assert_eq!(left, [(young.message(), EventKind::Accepted), (old.message(), EventKind::Delivered)]);
    assert_eq!(all(&store, of("cron", EventId(0))).await, []);
}

/// Tags find their messages again.
pub(crate) async fn tags_are_kept_and_listed(fresh: &Fresh) {
    let store = fresh.open().await;
    let tagged =
        |tags: &[&str]| NewMessage { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..waiting() };
    let both = accept(fresh, &store, tagged(&["loan", "term 2"])).await;
    let one = accept(fresh, &store, tagged(&["loan"])).await;
    accept(fresh, &store, tagged(&["loans"])).await;
    accept(fresh, &store, waiting()).await;
    let listed = async |tag: &str, application: Option<&str>| {
        let filter = Filter {
            tag: Some(tag.to_owned()),
            application: application.map(str::to_owned),
            ..Filter::default()
        };
        let rows = store.list(filter, None, 9).await.unwrap();
        rows.into_iter().map(|row| row.message).collect::<Vec<MessageId>>()
    };
    assert_eq!(listed("loan", None).await, [one.message(), both.message()]);
    assert_eq!(listed("term 2", Some("Library")).await, [both.message()]);
    assert_eq!(listed("loan", Some("cron")).await, []);
    assert_eq!(crate::fresh::row(&store, both).await.tags, ["loan", "term 2"]);
}

async fn add(fresh: &Fresh, store: &Store, application: &str, kinds: &[EventKind]) -> Result<Webhook, Error> {
    let webhook = NewWebhook {
        url: "https://tracker.example/events".to_owned(),
        kinds: kinds.iter().copied().collect(),
        secret: b"sealed".to_vec(),
    };
    store.add_webhook(application, webhook, fresh.now()).await
}

pub(crate) async fn a_web_address_is_told_and_tried_again(fresh: &Fresh) {
    let store = fresh.open().await;
    for name in ["Library", "cron"] {
        let name = name.parse().unwrap();
        store
            .add_application(name, ApplicationSettings::default(), store::Actor::CommandLine, fresh.now())
            .await
            .unwrap();
    }
    accept(fresh, &store, waiting()).await;
    let absent = add(fresh, &store, "absent", &[]).await;
    assert!(matches!(absent, Err(Error::NotFound(_))), "{absent:?}");
    let first = add(fresh, &store, "library", &[EventKind::Returned]).await.unwrap();
    let second = add(fresh, &store, "cron", &[]).await.unwrap();
    assert_eq!((first.told, first.told_at, &first.trouble), (EventId(1), None, &None), "not what was before");
    assert_eq!(first.kinds, BTreeSet::from([EventKind::Returned]));
    assert_eq!(store.webhook_secret(first.id).await.unwrap(), b"sealed");

    fresh.at(2);
    let trouble = WebhookTrouble {
        failing_since: minute(2),
        retried_until: Some(EventId(1)),
        next_attempt_at: minute(7),
        answer: "500 Internal Server Error".to_owned(),
    };
    store.webhook_told(first.id, WebhookOutcome::Failed(trouble.clone()), fresh.now()).await.unwrap();
    let told = async |at: usize| store.webhooks().await.unwrap().remove(at);
    assert_eq!(told(0).await, Webhook { trouble: Some(trouble.clone()), ..first.clone() });
    let given_up = WebhookOutcome::GivenUp { until: EventId(5), events: 4, trouble };
    store.webhook_told(first.id, given_up, fresh.now()).await.unwrap();
    assert_eq!((told(0).await.told, told(0).await.given_up), (EventId(5), 4));
    store.retry_webhook(first.id, fresh.now()).await.unwrap();
    assert_eq!(told(0).await.trouble.map(|trouble| trouble.next_attempt_at), Some(fresh.now()));
    store.retry_webhook(second.id, fresh.now()).await.unwrap();
    assert_eq!(told(1).await, second, "it has no trouble");
    store.webhook_told(second.id, WebhookOutcome::Passed(EventId(7)), fresh.now()).await.unwrap();
    let second = Webhook { told: EventId(7), ..second };
    assert_eq!(told(1).await, second, "it was told nothing");
    fresh.at(3);
    store.webhook_told(first.id, WebhookOutcome::Told(EventId(9)), fresh.now()).await.unwrap();
    let Webhook { told: until, told_at, trouble, .. } = told(0).await;
    assert_eq!((until, told_at, trouble), (EventId(9), Some(minute(3)), None));

    store.remove_webhook(first.id).await.unwrap();
    let again = store.remove_webhook(first.id).await;
    assert!(matches!(again, Err(Error::NotFound(_))), "{again:?}");
    store.webhook_told(first.id, WebhookOutcome::Told(EventId(9)), fresh.now()).await.unwrap();
    assert_eq!(store.webhooks().await.unwrap(), [second]);
    assert!(store.webhook_secret(first.id).await.is_err());
    assert_eq!(store.webhook_secret(WebhookId(99)).await.ok(), None);
    assert!(store::EVENTS_KEPT > Duration::from_hours(100));
    sound(&store).await;
}

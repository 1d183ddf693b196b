//! What people and programs decide at two machines at once: one of them decides first, and the other one knows. Where no server is named
//! these are not run.

use std::{collections::BTreeMap, path::Path, sync::Mutex, time::Duration};

use jiff::Timestamp;
use store::{
    Actor, AlarmKind, ApplicationSettings, AuditFilter, Deed, Error, EventFilter, EventId, GivenTokens,
    KeyHash, KeyId, LinkPurpose, Logo, NewInstallation, NewKey, NewLink, NewMailAccount, NewService,
    NewSession, NewWebhook, NoticeSettings, PauseWhy, PersonSettings, Preferences, RefreshLease, Refreshing,
    Role, Served, Service, ServiceLimit, Store, TokenHash, Visit, WebhookOutcome, Wording, WordingKey,
};

use crate::{
    fresh::{Fresh, minute, waiting},
    machines::{Shared, now},
    schedules::plan,
    staff::{member, password, settings},
};

const CLI: Actor = Actor::CommandLine;
/// Whoever has decided waits here, and is not committed.
const LOG: &str = "LOCK TABLE audit IN SHARE MODE";
const CODE: TokenHash = TokenHash([9; 32]);

async fn link(store: &Store, purpose: LinkPurpose, person: Option<store::PersonId>) {
    store.make_link(NewLink { purpose, person, code: CODE }, CLI, now()).await.unwrap();
}

fn key(id: &str) -> NewKey {
    NewKey { id: KeyId(id.to_owned()), hash: KeyHash([7; 32]) }
}

async fn library(store: &Store) {
    let name = "Library".parse().unwrap();
    store.add_application(name, ApplicationSettings::default(), CLI, now()).await.unwrap();
}

#[tokio::test]
async fn an_administrator_is_left_whoever_goes() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let ann = member(&Fresh::new(), &north, "ann", Role::Administrator).await;
    let bob = member(&Fresh::new(), &north, "bob", Role::Administrator).await;
    let disable = (north.disable_person(ann.id, CLI, now()), south.disable_person(bob.id, CLI, now()));
    let sessions = "LOCK TABLE session IN SHARE MODE";
    let (first, second) = Box::pin(shared.schema.while_held(sessions, disable)).await;
    first.unwrap();
    assert!(matches!(second, Err(Error::LastAdministrator)), "{second:?}");
    let rename = |settings: &mut PersonSettings| settings.email = "desk@library.example".parse().unwrap();
    let change =
        (north.change_person(ann.id, rename, CLI, now()), south.change_person(bob.id, rename, CLI, now()));
    let (first, second) = Box::pin(shared.schema.while_held(LOG, change)).await;
    first.unwrap();
    assert!(matches!(second, Err(Error::Exists(_))), "{second:?}");
    shared.forget([north, south]).await;
}

/// A machine reads its settings before it enters among those who work on the queue, and makes nothing.
#[tokio::test]
async fn preferences_are_known_before_the_queue_is_opened() {
    let Some(shared) = Shared::new().await else { return };
    let nowhere = Path::new("/nowhere");
    let empty = shared.schema.another().await.machine(nowhere, "third", now());
    assert_eq!(Store::peek_server_preferences(&empty).await.unwrap(), Preferences::default());
    let [north, south] = shared.both().await;
    let library = BTreeMap::from([("library".to_owned(), Some("\"Riverside\"".to_owned()))]);
    north.change_preferences(0, library, CLI, now()).await.unwrap();
    let found = Store::peek_server_preferences(&shared.schema.machine(nowhere, "third", now())).await;
    let kept = south.preferences().await.unwrap();
    assert_eq!((found.unwrap(), kept.values.len()), (kept, 1));
    shared.forget([north, south]).await;
}

#[tokio::test]
async fn a_link_is_used_once_at_either_machine() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    link(&north, LinkPurpose::SetUp, None).await;
    let [ann, bob] = ["ann", "bob"].map(|name| settings(name, Role::Administrator));
    let set_up =
        (north.set_up(CODE, ann, password("a"), now()), south.set_up(CODE, bob, password("b"), now()));
    let (first, second) = Box::pin(shared.schema.while_held(LOG, set_up)).await;
    let ann = first.unwrap();
    assert!(matches!(second, Err(Error::NotFound(_))), "{second:?}");
    assert_eq!(north.administrators().await.unwrap().all, 1);
    link(&north, LinkPurpose::Reset, Some(ann.id)).await;
    let take = (north.take_link(CODE, password("c"), now()), south.take_link(CODE, password("d"), now()));
    let (first, second) = Box::pin(shared.schema.while_held(LOG, take)).await;
    first.unwrap();
    assert!(matches!(second, Err(Error::NotFound(_))), "{second:?}");
    let kept = south.credentials(&ann.email).await.unwrap().unwrap().password;
    assert_eq!(kept, Some(password("c")));
    shared.forget([north, south]).await;
}

#[tokio::test]
async fn no_session_begins_with_a_password_that_is_just_changed() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let ann = member(&Fresh::new(), &north, "ann", Role::Manager).await;
    let peer = std::net::Ipv4Addr::LOCALHOST.into();
    let new =
        NewSession { person: ann.id, password: Some(password("ann")), token: CODE, peer, browser: None };
    let change = north.set_password(ann.id, password("new"), None, CLI, now());
    let (changed, begun) =
        Box::pin(shared.schema.while_held(LOG, (change, south.begin_session(new, now())))).await;
    changed.unwrap();
    assert!(matches!(begun, Err(Error::NotFound(_))), "{begun:?}");
    assert!(south.session(CODE, now()).await.unwrap().is_none());
    shared.forget([north, south]).await;
}

/// Who comes second is told so, whatever it is.
#[tokio::test]
async fn what_is_changed_by_its_version_is_changed_once() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let value = |name: &str| BTreeMap::from([(name.to_owned(), Some("1".to_owned()))]);
    let change = (
        north.change_preferences(0, value("a"), CLI, now()),
        south.change_preferences(0, value("b"), CLI, now()),
    );
    let (first, second) = Box::pin(shared.schema.while_held(LOG, change)).await;
    assert_eq!(first.unwrap().unwrap().version, 1);
    assert!(matches!(second, Err(Error::Changed)), "{second:?}");
    let notice = |name: &str| NoticeSettings { name: name.to_owned(), ..NoticeSettings::default() };
    let save = (
        north.save_notice("fines", notice("Fines"), 0, CLI, now()),
        south.save_notice("fines", notice("Money"), 0, CLI, now()),
    );
    let (first, second) = Box::pin(shared.schema.while_held(LOG, save)).await;
    assert_eq!(first.unwrap(), 1);
    assert!(matches!(second, Err(Error::Changed)), "{second:?}");
    let key = || WordingKey { notice: "fines".to_owned(), site: None, language: "en".to_owned() };
    let words = |text: &str| Some(Wording { subject: text.to_owned(), text: text.to_owned(), html: None });
    let write = (
        north.save_wording(key(), words("one"), 0, CLI, now()),
        south.save_wording(key(), words("two"), 0, CLI, now()),
    );
    let (first, second) = Box::pin(shared.schema.while_held(LOG, write)).await;
    assert_eq!(first.unwrap(), 1);
    assert!(matches!(second, Err(Error::Changed)), "{second:?}");
    shared.forget([north, south]).await;
}

/// What it was before is what the one before made it.
#[tokio::test]
async fn the_log_tells_of_changes_one_after_the_other() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let logo = |bytes: &[u8]| Some(Logo { media_type: "image/png".to_owned(), bytes: bytes.to_vec() });
    let set =
        (north.set_logo("MAIN", logo(b"1"), CLI, now()), south.set_logo("MAIN", logo(b"22"), CLI, now()));
    let (first, second) = Box::pin(shared.schema.while_held(LOG, set)).await;
    first.unwrap();
    second.unwrap();
    let of_logos = AuditFilter { what: Some(Deed::LogoChanged), ..AuditFilter::default() };
    let lines = north.audit(of_logos, None, 9).await.unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].old, lines[1].new);
    library(&north).await;
    let change = (
        north.change_application(
            "Library",
            |set| {
                set.recipients = 7;
                Ok(())
            },
            CLI,
            now(),
        ),
        south.change_application(
            "library",
            |set| {
                set.waiting = 9;
                Ok(())
            },
            CLI,
            now(),
        ),
    );
    let (first, second) = Box::pin(shared.schema.while_held(LOG, change)).await;
    first.unwrap();
    second.unwrap();
    let kept = north.application("Library").await.unwrap().settings;
    assert_eq!((kept.recipients, kept.waiting), (7, 9), "neither takes back what the other said");
    shared.forget([north, south]).await;
}

#[tokio::test]
async fn a_name_is_given_once() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let new = |id: &str| NewInstallation {
        key: key(id),
        name: "School".to_owned(),
        returns_to: "https://school.example".to_owned(),
    };
    let add =
        (north.add_installation(new("one"), CLI, now()), south.add_installation(new("two"), CLI, now()));
    let (first, second) = Box::pin(shared.schema.while_held(LOG, add)).await;
    first.unwrap();
    assert!(matches!(second, Err(Error::Exists(_))), "{second:?}");
    let add = (
        north.add_schedule(plan("Overdues"), None, CLI, now()),
        south.add_schedule(plan("Overdues"), None, CLI, now()),
    );
    let (first, second) = Box::pin(shared.schema.while_held(LOG, add)).await;
    first.unwrap();
    assert!(matches!(second, Err(Error::Exists(_))), "{second:?}");
    shared.forget([north, south]).await;
}

/// Providers take no refresh token twice.
#[tokio::test]
async fn one_machine_asks_for_tokens_and_none_are_lost() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let given = |tokens: &[u8]| GivenTokens {
        tokens: tokens.to_vec(),
        usable_until: minute(10),
        refresh_at: minute(8),
    };
    let [provider, account, scopes] = ["google", "library@a.example", "mail"].map(str::to_owned);
    let new = NewMailAccount { provider, account, scopes, given: given(b"old") };
    north.connect_mail_account(new, CLI, now()).await.unwrap();
    let (lease, lasts) = (RefreshLease(1), Duration::from_mins(2));
    let ask = (
        north.begin_refresh("google", lease, lasts, None, now()),
        south.begin_refresh("google", RefreshLease(2), lasts, None, now()),
    );
    let row = "SELECT FROM mail_account FOR UPDATE";
    let (first, second) = Box::pin(shared.schema.while_held(row, ask)).await;
    assert!(matches!(first, Ok(Refreshing::Ours(_))), "{first:?}");
    assert!(
        matches!(second, Ok(Refreshing::Others(until)) if until > now() && until <= minute(2)),
        "{second:?}"
    );
    // The key is changed as they come.
    let anew = |secret: &store::SealedSecret| Some([&secret.sealed[..], b" anew"].concat());
    let end = north.end_refresh("google", lease, given(b"new"), now());
    let (ended, resealed) = Box::pin(shared.schema.while_held(row, (end, south.reseal(anew)))).await;
    assert_eq!((ended.unwrap(), resealed.unwrap()), (true, 1));
    let kept = north.mail_account("google").await.unwrap().unwrap();
    assert_eq!(kept.tokens, b"new anew");
    shared.forget([north, south]).await;
}

/// A provider that gives another refresh token each time, and ends the sign-in of whoever shows an old one.
#[derive(Default)]
struct Rotating {
    last: Mutex<u64>,
}

impl Rotating {
    fn renew(&self, shown: &[u8]) -> Vec<u8> {
        let mut last = self.last.lock().unwrap();
        assert_eq!(shown, last.to_string().as_bytes(), "it was used before: the sign-in is over");
        *last += 1;
        last.to_string().into_bytes()
    }
}

/// As whoever needs a token does: sees that it is over, asks alone or waits for whoever asks, and has another one.
async fn renewed(store: &Store, provider: &Rotating, seen: &[u8], who: i64, now: Timestamp) -> Vec<u8> {
    let (lease, lasts) = (RefreshLease(who), Duration::from_secs(30));
    loop {
        let account = store.mail_account("google").await.unwrap().unwrap();
        if account.tokens != seen {
            return account.tokens;
        }
        match store.begin_refresh("google", lease, lasts, Some(seen), now).await.unwrap() {
            Refreshing::Ours(ours) => {
                let tokens = provider.renew(&ours.tokens);
                let given = GivenTokens { tokens, usable_until: minute(10), refresh_at: minute(8) };
                assert!(store.end_refresh("google", lease, given, now).await.unwrap());
            }
            Refreshing::Others(_) | Refreshing::Nobody => tokio::task::yield_now().await,
        }
    }
}

/// Of two machines whose clocks are not the same, each with several connections that need a token.
#[tokio::test]
async fn of_all_who_need_a_token_at_once_one_asks() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let [provider, account, scopes] = ["google", "library@a.example", "mail"].map(str::to_owned);
    let given = GivenTokens { tokens: b"0".to_vec(), usable_until: minute(10), refresh_at: minute(8) };
    let new = NewMailAccount { provider, account, scopes, given };
    north.connect_mail_account(new, CLI, now()).await.unwrap();
    let provider = Rotating::default();
    let ahead = now() + Duration::from_secs(50);
    for refresh in 0..60_u64 {
        let seen = refresh.to_string().into_bytes();
        let all = (
            renewed(&north, &provider, &seen, 1, now()),
            renewed(&south, &provider, &seen, 2, ahead),
            renewed(&north, &provider, &seen, 3, now()),
            renewed(&south, &provider, &seen, 4, ahead),
        );
        let (one, two, three, four) = Box::pin(async { tokio::join!(all.0, all.1, all.2, all.3) }).await;
        let next = (refresh + 1).to_string().into_bytes();
        assert_eq!([one, two, three, four], [(); 4].map(|()| next.clone()), "asked once");
    }
    shared.forget([north, south]).await;
}

#[tokio::test]
async fn an_installations_limit_holds_for_all_machines() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    for id in ["one", "two"] {
        let (name, returns_to) = (id.to_owned(), "https://school.example".to_owned());
        north.add_installation(NewInstallation { key: key(id), name, returns_to }, CLI, now()).await.unwrap();
    }
    let begun = |id: &str, once: u8, most| NewService {
        key: KeyId(id.to_owned()),
        what: Service::Begun,
        provider: "google".to_owned(),
        once: Some(Visit::Begins(vec![once])),
        limits: vec![ServiceLimit { within: Duration::from_hours(1), most, with_failures: true }],
    };
    // Somebody who is about to begin the same, and then does not.
    let about_to = "INSERT INTO brokered (happened_at, installation, what, provider, once)
        VALUES (0, '-', '-', '-', '\\x01'), (0, '-', '-', '-', '\\x02'), (0, '-', '-', '-', '\\x03')";
    let serve = (
        north.serve_installation(begun("one", 1, 1), now()),
        south.serve_installation(begun("one", 2, 1), now()),
    );
    let (first, second) = Box::pin(shared.schema.while_held(about_to, serve)).await;
    assert!(matches!(first, Ok(Served::Yes(_))), "{first:?}");
    assert!(matches!(second, Ok(Served::TooOften)), "{second:?}");
    let serve = (
        north.serve_installation(begun("one", 3, 9), now()),
        south.serve_installation(begun("two", 3, 9), now()),
    );
    let about_to = "INSERT INTO brokered (happened_at, installation, what, provider, once) VALUES (0, '-', '-', '-', '\\x03')";
    let (first, second) = Box::pin(shared.schema.while_held(about_to, serve)).await;
    let mut served = [first.unwrap(), second.unwrap()];
    served.sort_by_key(|served| matches!(served, Served::UsedBefore));
    assert!(matches!(served, [Served::Yes(_), Served::UsedBefore]), "{served:?}");
    shared.forget([north, south]).await;
}

#[tokio::test]
async fn that_keys_are_used_is_noted_in_one_order() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    library(&north).await;
    for id in ["a", "b", "c"] {
        north.add_key("Library", key(id), CLI, now()).await.unwrap();
    }
    let used = |ids: [&str; 3]| ids.map(|id| (KeyId(id.to_owned()), minute(1))).to_vec();
    let note = (north.keys_used(used(["a", "c", "b"])), south.keys_used(used(["b", "c", "a"])));
    let row = "SELECT FROM application_key WHERE id = 'c' FOR UPDATE";
    let (first, second) = Box::pin(shared.schema.while_held(row, note)).await;
    first.unwrap();
    second.unwrap();
    shared.forget([north, south]).await;
}

/// What somebody decides about a schedule stands beside the moment that is taken, and does not take it back.
#[tokio::test]
async fn a_moment_that_is_taken_stays_taken() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let (due, next) = (minute(10), Some(minute(20)));
    let id = north.add_schedule(plan("Overdues"), Some(due), CLI, now()).await.unwrap().id;
    let turns = "LOCK TABLE schedule_turn IN SHARE MODE";
    let take = north.take_turn(id, due, next, 0, now());
    let (taken, paused) =
        Box::pin(shared.schema.while_held(turns, (take, south.pause_schedule(id, CLI, now())))).await;
    assert_eq!(taken.unwrap().unwrap().due, due);
    let paused = paused.unwrap();
    assert_eq!((paused.next_due, paused.paused_at), (next, Some(now())));
    shared.forget([north, south]).await;
}

#[tokio::test]
async fn an_alarm_is_raised_by_one_of_them() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let (down, refused) = (AlarmKind::ServerDown, AlarmKind::SignIn);
    let raise = (north.raise(down, "server1", "down", now()), south.raise(down, "server1", "down", now()));
    let all = "LOCK TABLE alarm IN SHARE MODE";
    let (first, second) = Box::pin(shared.schema.while_held(all, raise)).await;
    assert!(first.unwrap().is_some() != second.unwrap().is_some(), "people are told once");
    // The one takes the place of the other, and the other of the one.
    let (downs, refusals) = ([down], [refused]);
    let instead = (
        north.raise_instead(refused, "server1", "refused", &downs, now()),
        south.raise_instead(down, "server1", "down", &refusals, now()),
    );
    let about_to = "INSERT INTO alarm (kind, subject, text, started_at) VALUES ('sign_in', 'server1', '', 0)";
    let (first, second) = Box::pin(shared.schema.while_held(about_to, instead)).await;
    first.unwrap();
    second.unwrap();
    let open = north.alarms(true, 9).await.unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    shared.forget([north, south]).await;
}

#[tokio::test]
async fn mail_does_not_age_in_a_pause_that_begins_as_it_was_to_age_again() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    north.stop_ageing(false, now()).await.unwrap();
    let row = "SELECT FROM meta WHERE name = 'ageing_stopped' FOR UPDATE";
    let pause = south.pause(PauseWhy::ByPerson, now());
    let (resumed, paused) =
        Box::pin(shared.schema.while_held(row, (north.resume_ageing(false, now()), pause))).await;
    resumed.unwrap();
    paused.unwrap();
    assert!(south.ageing_stopped_at(false).await.unwrap().is_some());
    shared.forget([north, south]).await;
}

/// Whoever reads up to an event has read all before it.
#[tokio::test]
async fn no_event_comes_behind_one_that_was_read() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    let filter = |after| EventFilter {
        application: "Library".to_owned(),
        after: EventId(after),
        until: None,
        kinds: [].into(),
    };
    north.accept(vec![waiting()], now()).await.unwrap();
    let next = |id: i64| {
        format!("INSERT INTO event SELECT source, {id}, 0, 0, NULL, NULL, 0, NULL FROM event WHERE id = 1")
    };
    let read = south.events(filter(1), 9);
    let (accepted, read) =
        shared.schema.while_held(&next(2), (north.accept(vec![waiting()], now()), read)).await;
    accepted.unwrap();
    assert_eq!(read.unwrap().events.len(), 1, "what is being written is waited for");
    let both = async {
        south.accept(vec![waiting()], now()).await.unwrap();
        south.events(filter(2), 9).await.unwrap()
    };
    let (accepted, read) =
        shared.schema.while_held(&next(3), (north.accept(vec![waiting()], now()), both)).await;
    accepted.unwrap();
    let ids: Vec<_> = read.events.iter().map(|event| event.id.0).collect();
    assert_eq!(ids, [3, 4]);
    shared.forget([north, south]).await;
}

#[tokio::test]
async fn what_a_web_address_knows_is_not_taken_back() {
    let Some(shared) = Shared::new().await else { return };
    let [north, south] = shared.both().await;
    library(&north).await;
    let new = NewWebhook { url: "https://a.example/".to_owned(), kinds: [].into(), secret: b"s".to_vec() };
    let webhook = north.add_webhook("library", new, now()).await.unwrap().id;
    north.webhook_told(webhook, WebhookOutcome::Told(EventId(5)), now()).await.unwrap();
    for late in [WebhookOutcome::Told(EventId(3)), WebhookOutcome::Passed(EventId(4))] {
        south.webhook_told(webhook, late, now()).await.unwrap();
        assert_eq!(south.webhooks().await.unwrap()[0].told, EventId(5));
    }
    shared.forget([north, south]).await;
}

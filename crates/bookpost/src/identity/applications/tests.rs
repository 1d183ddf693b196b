use bytes::Bytes;
use mail::{Address, Envelope, ReversePath};
use rand::{SeedableRng as _, rngs::StdRng};
use store::{ApplicationSettings, Class, Kind, NewMessage};

use super::*;
use crate::identity::{Denied, Field};

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 9));

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn site(code: &str, email: &str) -> Site {
    Site {
        code: code.to_owned(),
        name: code.to_owned(),
        email: Some(address(email)),
        reply_to: None,
        return_address: None,
        phone: None,
        branches: Vec::new(),
        time_zone: None,
        language: None,
    }
}

/// A queue with the application "cron", which has one key.
struct Place {
    folder: tempfile::TempDir,
    store: Store,
    key: Key,
    all: Applications,
}

impl Place {
    async fn new(settings: ApplicationSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), at(0)).unwrap();
        store
            .add_application("cron".parse().unwrap(), settings, store::Actor::CommandLine, at(0))
            .await
            .unwrap();
        let key = Key::draw(&mut StdRng::seed_from_u64(1));
        store.add_key("cron", key.stored(), store::Actor::CommandLine, at(0)).await.unwrap();
        let sites = [site("MAIN", "desk@library.example"), site("EAST", "east@library.example")];
        let all = Applications::load(&store, &sites).await.unwrap();
        Self { folder, store, key, all }
    }

    fn sign_in(&self, peer: IpAddr, key: &Key, seconds: i64) -> Result<Caller, Refusal> {
        let by_login = self.all.authenticate(peer, &key.id().0, key.secret(), at(seconds));
        let by_key = self.all.bearer(peer, &key.whole(), at(seconds));
        assert_eq!(by_login.as_ref().err(), by_key.as_ref().err());
        by_login
    }

    /// The right name with a secret that is well formed and wrong.
    fn wrong(&self, number: u64) -> Key {
        let other = Key::draw(&mut StdRng::seed_from_u64(number + 2));
        other.named(self.key.id())
    }
}

#[tokio::test]
async fn a_key_lets_in_and_says_who_it_is() {
    let place = Place::new(ApplicationSettings::default()).await;
    let caller = place.sign_in(HERE, &place.key, 1).unwrap();
    assert_eq!((caller.name(), caller.key()), ("cron", Some(place.key.id())));
    let stranger = Key::draw(&mut StdRng::seed_from_u64(99));
    assert_eq!(place.sign_in(HERE, &stranger, 2).unwrap_err(), Refusal::Unknown);
    assert_eq!(place.sign_in(HERE, &place.wrong(0), 2).unwrap_err(), Refusal::Unknown);
    let slip = place.all.authenticate(HERE, "admin", "hunter2", at(2)).unwrap_err();
    assert_eq!(slip, Refusal::Mistyped(Mistyped { of_login: true }));
    assert_eq!(place.all.local("Cron").unwrap().key(), None);
    assert_eq!(place.all.local("absent").unwrap_err(), Refusal::Unknown);
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_and_the_others_do() {
    let place = Place::new(ApplicationSettings::default()).await;
    let second = Key::draw(&mut StdRng::seed_from_u64(5));
    place.store.add_key("cron", second.stored(), store::Actor::CommandLine, at(1)).await.unwrap();
    place.all.refresh(&place.store).await.unwrap();
    let open = place.sign_in(HERE, &place.key, 1).unwrap();
    place.store.revoke_key("cron", place.key.id(), store::Actor::CommandLine, at(2)).await.unwrap();
    place.all.refresh(&place.store).await.unwrap();
    assert_eq!(place.sign_in(HERE, &place.key, 3).unwrap_err(), Refusal::Revoked);
    assert_eq!(place.all.again(&open, at(3)).unwrap_err(), Refusal::Revoked, "on an open connection");
    assert_eq!(
        place.sign_in(HERE, &place.wrong(0), 3).unwrap_err(),
        Refusal::Unknown,
        "tells a guesser nothing"
    );
    place.sign_in(HERE, &second, 3).unwrap();
}

#[tokio::test]
async fn a_disabled_application_is_not_heard_until_it_is_enabled() {
    let place = Place::new(ApplicationSettings::default()).await;
    let open = [place.sign_in(HERE, &place.key, 1).unwrap(), place.all.local("cron").unwrap()];
    place.store.disable_application("cron", store::Actor::CommandLine, at(2)).await.unwrap();
    place.all.refresh(&place.store).await.unwrap();
    assert_eq!(place.sign_in(HERE, &place.key, 3).unwrap_err(), Refusal::Disabled);
    assert_eq!(place.all.local("cron").unwrap_err(), Refusal::Disabled);
    for caller in &open {
        assert_eq!(place.all.again(caller, at(3)).unwrap_err(), Refusal::Disabled, "on an open connection");
    }
    place.store.enable_application("cron", store::Actor::CommandLine, at(2)).await.unwrap();
    place.all.refresh(&place.store).await.unwrap();
    place.sign_in(HERE, &place.key, 4).unwrap();
    place.all.again(&open[0], at(4)).unwrap();
}

/// What it may do is not known, and nobody becomes somebody else by a damaged file.
#[tokio::test]
async fn one_that_cannot_be_read_is_not_nobody() {
    for damage in ["settings = '{'", "name = ''"] {
        let place = Place::new(ApplicationSettings::default()).await;
        let open = place.all.local("cron").unwrap();
        assert_eq!(place.all.of_this_computer("sendmail").unwrap().name(), "sendmail");
        let sql = rusqlite::Connection::open(place.folder.path().join("queue.db")).unwrap();
        sql.execute(&format!("UPDATE application SET {damage}"), []).unwrap();
        place.all.refresh(&place.store).await.unwrap();
        assert_eq!(place.all.of_this_computer("Cron").unwrap_err(), Refusal::Unreadable, "{damage}");
        assert_eq!(place.all.again(&open, at(1)).unwrap_err(), Refusal::Unreadable, "{damage}");
        assert_eq!(place.sign_in(HERE, &place.key, 1).unwrap_err(), Refusal::Unreadable, "{damage}");
        assert_eq!(place.sign_in(HERE, &place.wrong(0), 1).unwrap_err(), Refusal::Unknown, "{damage}");
        // Whose name is damaged may be any.
        let other = place.all.of_this_computer("sendmail").map(|caller| caller.name().to_owned());
        let expected =
            if damage.starts_with("name") { Err(Refusal::Unreadable) } else { Ok("sendmail".to_owned()) };
        assert_eq!(other, expected, "{damage}");
    }
}

#[tokio::test]
async fn what_is_changed_holds_at_once() {
    let place = Place::new(ApplicationSettings::default()).await;
    let caller = place.sign_in(HERE, &place.key, 1).unwrap();
    place
        .store
        .change_application(
            "cron",
            |settings| {
                settings.recipients = 1;
                Ok(())
            },
            store::Actor::CommandLine,
            at(2),
        )
        .await
        .unwrap();
    place.all.refresh(&place.store).await.unwrap();
    assert!(caller.takes(0, 2).is_ok(), "as it was");
    assert!(place.all.again(&caller, at(2)).unwrap().takes(0, 2).is_err());
}

#[tokio::test]
async fn guessing_is_slowed() {
    let place = Place::new(ApplicationSettings::default()).await;
    let mut looked_at = 0;
    for number in 0..1_000_u64 {
        let seconds = i64::try_from(number / 10).unwrap();
        match place.all.bearer(THERE, &place.wrong(number).whole(), at(seconds)) {
            Err(Refusal::Unknown) => looked_at += 1,
            Err(Refusal::HeldUp { retry_at }) => assert!(retry_at > at(seconds)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(looked_at, 12, "of 1000 in 100 seconds");
    let right = place.all.bearer(THERE, &place.key.whole(), at(100));
    assert!(matches!(right, Err(Refusal::HeldUp { .. })), "not even the right one");
    place.sign_in(THERE, &place.key, 700).unwrap();
}

#[tokio::test]
async fn nobody_is_locked_out_by_others() {
    let place = Place::new(ApplicationSettings::default()).await;
    place.sign_in(HERE, &place.key, 0).unwrap();
    for number in 0..100 {
        let _ = place.all.bearer(THERE, &place.wrong(number).whole(), at(1));
        // Another program on this computer that has a password of old.
        let _ = place.all.authenticate(HERE, "library", "old password", at(1));
    }
    place.sign_in(HERE, &place.key, 1).unwrap();
}

/// After a program that guesses: the right key, and a wrong one.
#[tokio::test]
async fn a_program_of_this_computer_locks_out_no_other() {
    for (peer, right, wrong) in [
        ("127.0.0.1", true, false),
        ("::1", true, false),
        ("::ffff:127.0.0.1", true, false),
        ("192.0.2.9", false, false),
    ] {
        let place = Place::new(ApplicationSettings::default()).await;
        let peer = peer.parse().unwrap();
        for number in 0..20 {
            let _ = place.all.bearer(peer, &place.wrong(number).whole(), at(0));
        }
        for (key, let_in) in [(&place.wrong(99), wrong), (&place.key, right)] {
            let answer = place.all.bearer(peer, &key.whole(), at(0));
            assert_eq!(answer.is_ok(), let_in, "{peer}: {answer:?}");
            assert!(let_in || matches!(answer, Err(Refusal::HeldUp { .. })), "{peer}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn without_a_list_it_sends_as_its_sites() {
    for (from, sites, address_of, may) in [
        (vec![], vec![], "desk@library.example", true),
        (vec![], vec![], "east@library.example", true),
        (vec![], vec![], "other@library.example", false),
        (vec![], vec!["EAST"], "east@library.example", true),
        (vec![], vec!["EAST"], "desk@library.example", false),
        (vec![], vec!["GONE"], "desk@library.example", false),
        (vec!["@school.example"], vec![], "anyone@school.example", true),
        (vec!["@school.example"], vec![], "desk@library.example", false),
    ] {
        let settings = ApplicationSettings {
            from: from.iter().map(|text: &&str| text.parse().unwrap()).collect(),
            sites: sites.iter().map(|text: &&str| (*text).to_owned()).collect(),
            ..ApplicationSettings::default()
        };
        let place = Place::new(settings).await;
        let caller = place.sign_in(HERE, &place.key, 1).unwrap();
        let asked = address(address_of);
        let expected = if may {
            Ok(())
        } else {
            Err(Denied::From { application: "cron".to_owned(), from: asked.clone(), field: Field::From })
        };
        assert_eq!(caller.may_send_from(&asked), expected, "{from:?} {sites:?} {asked}");
    }
}

#[tokio::test]
async fn so_many_messages_a_minute_and_no_more() {
    let place = Place::new(ApplicationSettings { per_minute: Some(2), ..Default::default() }).await;
    let caller = place.sign_in(HERE, &place.key, 0).unwrap();
    let remaining = |seconds| place.all.rate(&caller, at(seconds)).unwrap().remaining;
    let left = |seconds| place.all.admit(&caller, at(seconds)).map(|()| remaining(seconds));
    assert_eq!((remaining(0), left(0), left(0)), (2, Ok(1), Ok(0)));
    let refused = left(0).unwrap_err();
    assert_eq!((refused.next_at, refused.resets_at), (at(30), at(60)));
    assert_eq!((remaining(30), left(30)), (1, Ok(0)));
    let unlimited = Place::new(ApplicationSettings::default()).await;
    let caller = unlimited.sign_in(HERE, &unlimited.key, 0).unwrap();
    assert_eq!((unlimited.all.admit(&caller, at(0)), unlimited.all.rate(&caller, at(0))), (Ok(()), None));
}

#[tokio::test]
async fn so_many_recipients_wait_and_no_more() {
    let place = Place::new(ApplicationSettings { waiting: 3, ..Default::default() }).await;
    let caller = place.sign_in(HERE, &place.key, 0).unwrap();
    let room = async |recipients, seconds| {
        place.all.room(&place.store, &caller, recipients, at(seconds)).await.unwrap()
    };
    for (recipients, seconds, expected) in
        [(2, 0, Ok(())), (2, 0, Err(Full { limit: 3, waiting: 2 })), (1, 0, Ok(()))]
    {
        assert_eq!(room(recipients, seconds).await, expected);
    }
    // None of them was stored: they are not counted for longer than until the next look.
    assert_eq!(room(2, 1).await, Ok(()));
    place.store.accept(vec![message("cron"); 3], at(1)).await.unwrap();
    place.store.accept(vec![message("another"); 9], at(1)).await.unwrap();
    assert_eq!(room(1, 20).await, Err(Full { limit: 3, waiting: 3 }));
}

#[tokio::test]
async fn uses_are_told_once() {
    let place = Place::new(ApplicationSettings::default()).await;
    let caller = place.sign_in(HERE, &place.key, 1).unwrap();
    place.all.again(&caller, at(7)).unwrap();
    let _ = place.sign_in(HERE, &place.wrong(0), 9);
    assert_eq!(place.all.take_uses(), [(place.key.id().clone(), at(7))]);
    assert_eq!(place.all.take_uses(), []);
}

/// Whoever reads the queue's files cannot send.
#[tokio::test]
async fn no_secret_is_in_the_files_of_the_queue() {
    let place = Place::new(ApplicationSettings::default()).await;
    place.sign_in(HERE, &place.key, 1).unwrap();
    place.store.keys_used(place.all.take_uses()).await.unwrap();
    let holds = |needle: &[u8]| {
        std::fs::read_dir(place.folder.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle)
        })
    };
    assert!(holds(place.key.id().0.as_bytes()), "the public part is");
    for part in place.key.secret().as_bytes().windows(16) {
        assert!(!holds(part));
    }
}

fn message(application: &str) -> NewMessage {
    let from = ReversePath::Address(address("desk@library.example"));
    NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class: Class::Normal,
        practice: false,
        application: application.to_owned(),
        site: None,
        run: None,
        envelope: Envelope::to_one(from, address("p@example.org")),
        message_id: "<1@library.example>".to_owned(),
        subject: String::new(),
        tags: Vec::new(),
        patron: None,
        bytes: Bytes::from_static(b"\r\n"),
        first_due_at: at(0),
        expires_at: at(360_000),
        lease: None,
    }
}

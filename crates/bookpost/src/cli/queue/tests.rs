use bytes::Bytes;
use jiff::{SignedDuration, tz::TimeZone};
use mail::{Address, Envelope, ReversePath};
use store::{Class, Filter, Kind, Move, NewMessage, NewRun, Patron, State};

use super::*;
use crate::cli::{
    Exit,
    show::{self, Sends},
    words,
};

fn now() -> Timestamp {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

fn message(to: &str) -> NewMessage {
    let address = |text: &str| Address::parse(text).unwrap();
    NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class: Class::Normal,
        practice: false,
        application: "Library".to_owned(),
        site: Some("MAIN".to_owned()),
        run: None,
        envelope: Envelope::to_one(ReversePath::Address(address("returns@library.example")), address(to)),
        message_id: format!("<{to}>"),
        subject: "Overdue items".to_owned(),
        tags: Vec::new(),
        patron: None,
        bytes: Bytes::from_static(b"Subject: Overdue items\r\n\r\nbody\r\n"),
        first_due_at: now(),
        expires_at: "2026-11-27T14:00:00Z".parse().unwrap(),
        lease: None,
    }
}

async fn ask(store: &Store, request: QueueRequest) -> (Exit, String) {
    ask_by(store, request, Sends::All).await
}

async fn ask_by(store: &Store, request: QueueRequest, sends: Sends) -> (Exit, String) {
    let reply = perform(store, request, false, now()).await;
    (
        Exit::of(&reply),
        show::text(&reply, &show::View { zone: &TimeZone::UTC, sends, now: Timestamp::UNIX_EPOCH }),
    )
}

fn act(selection: Selection, action: Move) -> QueueRequest {
    QueueRequest::Move { selection, action }
}

#[tokio::test]
async fn a_person_looks_and_decides() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let patron = Some(Patron { name: "Béa Okafor".to_owned(), number: None });
    let of_patron = NewMessage { patron, ..message("béa@b.example") };
    let of_program = NewMessage {
        application: "Textbook Tracker".to_owned(),
        subject: "A subject with far more letters than a column of a list has room for".to_owned(),
        tags: vec!["spring".to_owned(), "reminder".to_owned()],
        ..message("ana@a.example")
    };
    let accepted = store.accept(vec![of_program, of_patron], now()).await.unwrap();
    let first = accepted[0].id;
    let mut seen = String::new();
    for (title, request, exit) in [
        ("status", QueueRequest::Status, Exit::Done),
        ("hold one", act(Selection::Messages(vec![first]), Move::Hold), Exit::Done),
        ("list", QueueRequest::List { filter: Box::default(), after: None, limit: 10 }, Exit::Done),
        ("show", QueueRequest::Show(first), Exit::Done),
        ("hold it again", act(Selection::Messages(vec![first]), Move::Hold), Exit::Partly),
        ("release held", act(Selection::State(State::Held), Move::Release), Exit::Done),
        ("cancel all", act(Selection::All, Move::Cancel), Exit::Done),
        ("status", QueueRequest::Status, Exit::Done),
        ("show what is not there", QueueRequest::Show(MessageId(999_999)), Exit::Usage),
        (
            "retry what is not there",
            act(Selection::Messages(vec![MessageId(999_999)]), Move::Retry),
            Exit::Usage,
        ),
        ("cancel a run that is not there", act(Selection::Run(RunId(77)), Move::Cancel), Exit::Usage),
        (
            "list a run that is not there",
            QueueRequest::List {
                filter: Box::new(Filter { run: Some(RunId(77)), ..Filter::default() }),
                after: None,
                limit: 10,
            },
            Exit::Usage,
        ),
        ("runs", QueueRequest::Runs { limit: 5 }, Exit::Done),
    ] {
        let (ended, text) = ask(&store, request).await;
        assert_eq!(ended, exit, "{title}: {text}");
        seen = format!("{seen}== {title}\n{text}\n");
    }
    insta::assert_snapshot!(seen);
    store.close().await.unwrap();
}

/// The same numbers as on the first page: each library by itself, and all together.
#[tokio::test]
async fn todays_numbers_are_told_by_library() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let yesterday = now() - SignedDuration::from_hours(24);
    store.accept(vec![message("old@a.example")], yesterday).await.unwrap();
    let of_none = NewMessage { site: None, ..message("ana@a.example") };
    let ids = store.accept(vec![message("bea@a.example"), of_none], now()).await.unwrap();
    ask(&store, act(Selection::Messages(vec![ids[0].id]), Move::Hold)).await;
    let since: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    let reply = today::answer(&store, &[], since, now()).await;
    let view = show::View { zone: &TimeZone::UTC, sends: Sends::All, now: now() };
    insta::assert_snapshot!(show::text(&reply, &view));
    let json = serde_json::to_string(&reply).unwrap();
    assert_eq!(serde_json::from_str::<Reply>(&json).unwrap(), reply, "it survives the socket");
    assert!(
        json.contains(r#"{"site":"MAIN","since":"2026-11-23T00:00:00Z","accepted":1,"delivered":0"#),
        "{json}"
    );
    store.close().await.unwrap();
}

/// A number that is a slip is no reason to leave the others as they are, and none to end as if all was done.
#[tokio::test]
async fn what_is_not_there_is_named_and_the_others_are_decided_about() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let id = store.accept(vec![message("ana@a.example")], now()).await.unwrap()[0].id;
    let hold = |ids: &[MessageId]| QueueRequest::Move {
        selection: Selection::Messages(ids.to_vec()),
        action: Move::Hold,
    };
    let (ended, text) = ask(&store, hold(&[id, MessageId(9999)])).await;
    assert_eq!((ended, &*text), (Exit::Usage, "done for 1; there is no message 9999\n"));
    assert_eq!(store.show(id).await.unwrap()[0].0.state, State::Held);
    assert_eq!(ask(&store, hold(&[MessageId(9999)])).await.0, Exit::Usage);
    store.close().await.unwrap();
}

#[tokio::test]
async fn mail_whose_time_stands_still_is_given_up_on_no_day() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let id = store.accept(vec![message("ana@a.example")], now()).await.unwrap()[0].id;
    let shown = async || ask(&store, QueueRequest::Show(id)).await.1;
    assert!(shown().await.contains("gives up    2026-"), "{}", shown().await);
    store.stop_ageing(false, now()).await.unwrap();
    let still = "gives up    not yet: its time stands still since 2026-";
    assert!(shown().await.contains(still), "{}", shown().await);
    ask(&store, QueueRequest::Move { selection: Selection::All, action: Move::Hold }).await;
    assert!(!shown().await.contains("gives up"), "it waits for a person: {}", shown().await);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_person_pauses_and_lets_it_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let old = NewMessage {
        first_due_at: is_old_since(now()) - SignedDuration::from_secs(1),
        ..message("ana@a.example")
    };
    store.accept(vec![old, message("ben@b.example")], now()).await.unwrap();
    let resume = |older| QueueRequest::Resume { older };
    let mut seen = String::new();
    for (title, request, exit) in [
        ("resume what is not paused", resume(None), Exit::Usage),
        ("pause", QueueRequest::Pause, Exit::Done),
        ("pause again", QueueRequest::Pause, Exit::Done),
        ("status", QueueRequest::Status, Exit::Done),
        ("resume without a word about what is old", resume(None), Exit::Usage),
        ("resume without what is old", resume(Some(Older::Cancel)), Exit::Done),
        ("status when it goes on", QueueRequest::Status, Exit::Done),
    ] {
        let (ended, text) = ask(&store, request).await;
        assert_eq!(ended, exit, "{title}: {text}");
        seen = format!("{seen}== {title}\n{text}\n");
    }
    insta::assert_snapshot!(seen);
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_nothing_sends_is_not_said_to_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let new =
        NewRun { notice: "overdue-items".into(), source: "a.csv".into(), practice: false, started_at: now() };
    let run = store.begin_run(new).await.unwrap();
    let waiting = NewMessage { run: Some(run), ..message("ana@a.example") };
    let rehearsal = NewMessage { practice: true, ..message("béa@b.example") };
    let accepted = store.accept(vec![waiting, rehearsal], now()).await.unwrap();
    let list = QueueRequest::List { filter: Box::default(), after: None, limit: 9 };
    let no_way = Some(words::NO_WAY);
    for (request, sends, waits) in [
        (QueueRequest::Status, Sends::NoWay, no_way),
        (QueueRequest::Status, Sends::Nothing, Some("\"Do not send\" is chosen: mail waits until another")),
        (QueueRequest::Show(accepted[0].id), Sends::NoWay, no_way),
        (QueueRequest::Show(accepted[0].id), Sends::Nothing, Some(words::DO_NOT_SEND)),
        (QueueRequest::Run(run), Sends::NoWay, no_way),
        (QueueRequest::Run(run), Sends::Nothing, Some(words::DO_NOT_SEND)),
        (list.clone(), Sends::NoWay, no_way),
        (list.clone(), Sends::Practice, no_way),
        (list.clone(), Sends::Nothing, Some(words::DO_NOT_SEND)),
        (list, Sends::All, None),
        (QueueRequest::Run(run), Sends::All, None),
        (QueueRequest::Show(accepted[1].id), Sends::NoWay, None),
    ] {
        let (_, said) = ask_by(&store, request.clone(), sends).await;
        let waits_for = [words::NO_WAY, "Do not send"];
        let count: usize = waits_for.iter().map(|words| said.matches(words).count()).sum();
        assert_eq!(count, usize::from(waits.is_some()), "{request:?} {sends:?}: {said}");
        assert!(waits.is_none_or(|waits| said.contains(waits)), "{request:?} {sends:?}: {said}");
        let tried = ["again", "next try"].iter().any(|words| said.contains(words));
        assert!(waits.is_none() || !tried, "{request:?} {sends:?}: {said}");
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn who_wants_nothing_to_be_sent_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    store.accept(vec![message("ana@a.example")], now()).await.unwrap();
    let name = "Béa Okafor".parse().unwrap();
    let by = Actor::Person { id: store::PersonId(1), name };
    let chosen = |way: &str| [("sending.way".to_owned(), Some(format!("{way:?}")))].into_iter().collect();
    store.change_preferences(0, chosen("none"), by.clone(), now()).await.unwrap();
    let (_, said) = ask_by(&store, QueueRequest::Status, Sends::Nothing).await;
    let sentence = "\"Do not send\" is chosen (Béa Okafor, since 2026-11-23 10:00): mail waits until another way of sending is";
    assert!(said.contains(sentence), "{said}");
    store.change_preferences(1, chosen("practice"), by, now()).await.unwrap();
    let Reply::Status(status) = perform(&store, QueueRequest::Status, false, now()).await else { panic!() };
    assert_eq!(status.do_not_send, None);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_reply_survives_the_socket() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let envelope = Envelope::to_one(ReversePath::Null, Address::parse("desk@library.example").unwrap());
    let report = NewMessage { envelope, ..message("desk@library.example") };
    let accepted = store.accept(vec![message("ana@a.example"), report], now()).await.unwrap();
    for (request, path) in [
        (QueueRequest::Status, ""),
        (QueueRequest::Show(accepted[0].id), r#""reverse_path":"returns@library.example""#),
        (QueueRequest::Show(accepted[1].id), r#""reverse_path":null"#),
    ] {
        let reply = perform(&store, request, true, now()).await;
        let line = serde_json::to_string(&reply).unwrap();
        assert!(line.contains(path), "{line}");
        assert_eq!(serde_json::from_str::<Reply>(&line).unwrap(), reply);
    }
    store.close().await.unwrap();
}

#[tokio::test]
async fn who_cannot_be_reached_is_listed_with_why_and_since_when() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), now()).unwrap();
    let list = |site: Option<&str>| QueueRequest::Unreachable { site: site.map(ToOwned::to_owned), limit: 9 };
    assert_eq!(ask(&store, list(None)).await, (Exit::Done, "none\n".to_owned()));
    let lease = store::Lease(1);
    let patron = Some(Patron { name: "Béa Okafor".to_owned(), number: Some("4711".to_owned()) });
    let returned = NewMessage { patron, lease: Some(lease), ..message("bea@b.example") };
    let accepted = store.accept(vec![returned], now()).await.unwrap();
    let attempt = store::Attempt {
        instead_of: None,
        started_at: now(),
        ended_at: now(),
        server: "mail.example:587".to_owned(),
        phase: mail::Phase::Rcpt,
        reason: Some(mail::Reason::AddressUnknown),
        answer: "550 5.1.1 no such user".to_owned(),
    };
    let recipient = store::RecipientId::of(accepted[0].id, 0);
    let settlement = store::Settlement { recipient, lease, attempt, verdict: store::Verdict::Returned };
    store.settle(vec![settlement], now()).await.unwrap();
    let (exit, said) = ask(&store, list(Some("MAIN"))).await;
    let line: Vec<_> =
        said.lines().nth(1).unwrap().split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect();
    assert_eq!(exit, Exit::Done);
    assert_eq!(
        line,
        [
            "2026-11-23 10:00",
            "2026-11-23 10:00",
            "MAIN",
            "bea@b.example",
            "Béa Okafor",
            "4711",
            "1",
            words::reason(mail::Reason::AddressUnknown)
        ]
    );
    assert_eq!(ask(&store, list(Some("EAST"))).await.1, "none\n");
    store.close().await.unwrap();
}

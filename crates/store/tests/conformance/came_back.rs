//! Mail that was delivered and comes back later.

use mail::{Reason, bounce::Happened};
use store::{
    About, Bounce, Kind, MessageId, Move, NewMessage, Noted, RecipientId, Selection, Settled, State, Store,
    Verdict,
};

use crate::fresh::{
    Fresh, MINUTE, accept, accept_all, address, begin, leased, minute, row, settle, sound, state, to_many,
    waiting,
};

fn bounce(about: About, addresses: &[&str], happened: Happened) -> Bounce {
    Bounce {
        about,
        addresses: addresses.iter().map(|text| address(text)).collect(),
        happened,
        reason: Reason::AddressUnknown,
        by: Some("mx.example.org".to_owned()),
        words: "550 5.1.1 no such user".to_owned(),
    }
}

fn by_id(to: &str) -> Bounce {
    bounce(About::MessageId("<1@library.example>".to_owned()), &[to], Happened::Failed)
}

fn of(recipient: RecipientId) -> Bounce {
    bounce(About::Message(recipient.message()), &["p@example.org"], Happened::Failed)
}

async fn told(fresh: &Fresh, store: &Store, bounce: Bounce) -> Noted {
    store.came_back(bounce, fresh.now()).await.unwrap()
}

/// As often as it is told, also after the report was written and after a restart.
pub(crate) async fn what_comes_back_is_returned_and_reported_once(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = begin(fresh, &store, false).await;
    let recipient = accept(fresh, &store, NewMessage { run: Some(run), ..leased() }).await;
    settle(fresh, &store, recipient, Verdict::Delivered).await;
    fresh.at(5);
    // It was forwarded to where it does not exist: the message has one recipient, and that one is meant.
    let forwarded =
        bounce(About::Message(recipient.message()), &["moved@elsewhere.example"], Happened::Failed);
    let new = Noted::New { recipient, kind: Kind::Mail, run: Some(run) };
    assert_eq!(told(fresh, &store, forwarded.clone()).await, new);
    let now = row(&store, recipient).await;
    assert_eq!((now.state, now.reason, now.attempts), (State::Returned, Some(Reason::AddressUnknown), 1));
    assert_eq!((now.settled_at, now.answer.as_deref()), (Some(minute(5)), Some("550 5.1.1 no such user")));
    let owed = store.obligations(&address("desk@library.example"), false, 9).await.unwrap();
    assert_eq!((owed.len(), owed[0].row.recipient, owed[0].owed_since), (1, recipient, minute(5)));
    let states = store.by_site(None).await.unwrap();
    assert_eq!(states[&Some("MAIN".to_owned())], [(State::Returned, 1)].into());

    fresh.at(9);
    assert_eq!(told(fresh, &store, forwarded.clone()).await, Noted::Known(recipient));
    let message_id = "<report@library.example>".to_owned();
    let report = NewMessage { kind: Kind::Report, message_id, ..waiting() };
    store.report(report, &[recipient], fresh.now()).await.unwrap();
    assert_eq!(told(fresh, &store, by_id("p@example.org")).await, Noted::Known(recipient));
    let key = store.return_path_key().await.unwrap();
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert_eq!((store.return_path_key().await.unwrap(), key.len()), (key.clone(), 32));
    assert_eq!(told(fresh, &store, forwarded).await, Noted::Known(recipient));
    assert_eq!(store.counts().await.unwrap().reports_owed, 0);
    let lines = store.what_came_back(recipient.message()).await.unwrap();
    assert_eq!((lines.len(), lines[0].failed, lines[0].noted_at), (1, true, minute(5)));
    assert_eq!(
        (lines[0].by.as_deref(), lines[0].reason),
        (Some("mx.example.org"), Some(Reason::AddressUnknown))
    );
    sound(&store).await;
}

pub(crate) async fn a_delay_returns_nobody(fresh: &Fresh) {
    let store = fresh.open().await;
    let recipient = accept(fresh, &store, leased()).await;
    settle(fresh, &store, recipient, Verdict::Delivered).await;
    let later =
        Bounce { happened: Happened::Delayed(Some(minute(600))), reason: Reason::TryLater, ..of(recipient) };
    assert!(matches!(told(fresh, &store, later.clone()).await, Noted::New { .. }));
    assert_eq!(told(fresh, &store, later).await, Noted::Known(recipient));
    assert_eq!(state(&store, recipient).await, State::Delivered);
    assert_eq!(store.counts().await.unwrap().reports_owed, 0);
    // In the end it is given up.
    fresh.at(700);
    assert!(matches!(told(fresh, &store, of(recipient)).await, Noted::New { .. }));
    assert_eq!(state(&store, recipient).await, State::Returned);
    let lines = store.what_came_back(recipient.message()).await.unwrap();
    assert_eq!(
        lines.iter().map(|line| (line.failed, line.until)).collect::<Vec<_>>(),
        [(false, Some(minute(600))), (true, None)]
    );
    sound(&store).await;
}

/// An address alone names nobody, nor does a Message-ID; what may be one of several is nobody.
pub(crate) async fn what_is_tied_to_nobody_changes_nothing(fresh: &Fresh) {
    let store = fresh.open().await;
    let many = NewMessage { message_id: "<2@library.example>".to_owned(), ..to_many(leased(), 3) };
    let twice = NewMessage { message_id: "<3@library.example>".to_owned(), ..leased() };
    let practice = NewMessage { practice: true, message_id: "<4@library.example>".to_owned(), ..leased() };
    let accepted = accept_all(fresh, &store, vec![many, twice.clone(), twice, practice]).await;
    for one in &accepted {
        for ordinal in 0..one.recipients {
            let verdict = if one.id == accepted[3].id { Verdict::Practiced } else { Verdict::Delivered };
            settle(fresh, &store, RecipientId::of(one.id, u16::try_from(ordinal).unwrap()), verdict).await;
        }
    }
    let before = store.counts().await.unwrap();
    let id = |id: &str, to: &str| bounce(About::MessageId(id.to_owned()), &[to], Happened::Failed);
    let message = |id: MessageId, to: &str| bounce(About::Message(id), &[to], Happened::Failed);
    for unknown in [
        id("<9@library.example>", "p1@example.org"),
        id("<2@library.example>", "p9@example.org"),
        id("<3@library.example>", "p@example.org"),
        id("<4@library.example>", "p@example.org"),
        message(accepted[0].id, "p9@example.org"),
        message(accepted[3].id, "p@example.org"),
        message(MessageId(999), "p1@example.org"),
    ] {
        assert_eq!(told(fresh, &store, unknown.clone()).await, Noted::Unknown, "{unknown:?}");
    }
    assert_eq!(store.counts().await.unwrap(), before);
    let second = RecipientId::of(accepted[0].id, 1);
    assert!(
        matches!(told(fresh, &store, id("<2@library.example>", "P1@Example.org")).await, Noted::New { recipient, .. } if recipient == second)
    );
    let third = RecipientId::of(accepted[0].id, 2);
    assert!(
        matches!(told(fresh, &store, message(accepted[0].id, "p2@example.org")).await, Noted::New { recipient, .. } if recipient == third)
    );
    let first = RecipientId::of(accepted[0].id, 0);
    assert_eq!(state(&store, first).await, State::Delivered);
    sound(&store).await;
}

/// A server may be quicker to return a message than we are to note that it took it.
pub(crate) async fn what_is_not_settled_yet_comes_back_later(fresh: &Fresh) {
    let store = fresh.open().await;
    let recipient = accept(fresh, &store, leased()).await;
    assert_eq!(told(fresh, &store, of(recipient)).await, Noted::NotYet(recipient));
    settle(fresh, &store, recipient, Verdict::Deferred { due_at: minute(9), in_doubt: false }).await;
    assert_eq!(told(fresh, &store, of(recipient)).await, Noted::NotYet(recipient));
    assert_eq!(store.what_came_back(recipient.message()).await.unwrap(), []);
    // That it came back proves that it had been taken.
    let doubted = accept(fresh, &store, leased()).await;
    settle(fresh, &store, doubted, Verdict::InDoubt).await;
    assert!(matches!(told(fresh, &store, of(doubted)).await, Noted::New { .. }));
    assert_eq!(state(&store, doubted).await, State::Returned);
    let cancelled = accept(fresh, &store, waiting()).await;
    let one = Selection::Messages(vec![cancelled.message()]);
    store.move_recipients(one, Move::Cancel, fresh.now()).await.unwrap();
    assert_eq!(told(fresh, &store, of(cancelled)).await, Noted::Known(cancelled));
    assert_eq!(state(&store, cancelled).await, State::Cancelled);
    sound(&store).await;
}

/// Invariant 7.
pub(crate) async fn a_report_that_comes_back_causes_no_report(fresh: &Fresh) {
    let store = fresh.open().await;
    let recipient = accept(fresh, &store, NewMessage { kind: Kind::Report, ..leased() }).await;
    assert_eq!(settle(fresh, &store, recipient, Verdict::Delivered).await, Settled::Done);
    assert_eq!(
        told(fresh, &store, of(recipient)).await,
        Noted::New { recipient, kind: Kind::Report, run: None }
    );
    assert_eq!(store.counts().await.unwrap().reports_owed, 0);
    // What is over is forgotten with it.
    fresh.at(100);
    let keep = MINUTE;
    while store.purge(keep, keep, 10, fresh.now()).await.unwrap() > 0 {}
    assert_eq!(store.what_came_back(recipient.message()).await.unwrap(), []);
    sound(&store).await;
}

//! Return reports.

use mail::{
    Address, Envelope, ReversePath,
    envelope::{Notify, Ret},
};
use store::{Error, Kind, NewMessage, Owing, RecipientId, RunName, Settled, State, Verdict};

use crate::fresh::{
    Fresh, MINUTE, accept, accept_all, address, begin, leased, minute, settle, sound, state, to_many, waiting,
};

/// Invariant 4.
pub(crate) async fn outcome_and_obligation_are_one(fresh: &Fresh) {
    let store = fresh.open().await;
    let recipient = accept(fresh, &store, leased()).await;
    fresh.at(1);
    settle(fresh, &store, recipient, Verdict::Returned).await;
    let desk = "desk@library.example";
    let owed = store.obligations(&address(desk), false, 9).await.unwrap();
    assert_eq!((owed.len(), owed[0].row.recipient, owed[0].owed_since), (1, recipient, minute(1)));
    assert_eq!((owed[0].first_attempt_at, owed[0].last_attempt_at), (Some(minute(0)), Some(minute(1))));
    fresh.at(10);
    for (to, practice, within, expected) in
        [(desk, false, 9, 1), (desk, true, 9, 0), (desk, false, 8, 0), ("other@library.example", false, 9, 0)]
    {
        let returned = store.returned_lately(&address(to), practice, within * MINUTE, fresh.now()).await;
        assert_eq!(returned.unwrap(), expected, "{to} {practice} {within}");
    }
}

/// What is owed to one address is seen together, however young some of it is, and hides nothing of what others are owed.
pub(crate) async fn what_is_owed_is_looked_up_by_address(fresh: &Fresh) {
    let store = fresh.open().await;
    let run = begin(fresh, &store, false).await;
    let (desk, other) = (address("desk@library.example"), address("other@library.example"));
    let to = |address: &Address, practice| {
        let mut message = NewMessage { practice, run: Some(run), ..to_many(leased(), 2) };
        message.envelope.reverse_path = ReversePath::Address(address.clone());
        message.envelope.envelope_id = Some("QQ1".to_owned());
        message.envelope.ret = Some(Ret::Full);
        message
    };
    // What came in last is returned first.
    let messages = vec![to(&other, false), to(&desk, true), to(&desk, false)];
    let accepted = accept_all(fresh, &store, messages).await;
    for (message, minutes) in accepted.iter().rev().zip([1, 3, 7]) {
        for (ordinal, minutes) in [(1, minutes), (0, minutes + 1)] {
            fresh.at(minutes);
            let recipient = RecipientId::of(message.id, ordinal);
            assert_eq!(settle(fresh, &store, recipient, Verdict::Returned).await, Settled::Done);
        }
    }
    let owing = |return_address: &Address, practice, minutes| Owing {
        return_address: return_address.clone(),
        practice,
        count: 2,
        owed_since: minute(minutes),
    };
    let all = [owing(&desk, false, 1), owing(&desk, true, 3), owing(&other, false, 7)];
    fresh.at(9);
    for (before, found) in [(1, 0), (2, 1), (4, 2), (7, 2), (9, 3)] {
        let owing = store.owing((9 - before) * MINUTE, fresh.now()).await.unwrap();
        assert_eq!(owing, all[..found], "before minute {before}");
    }
    let owed = store.obligations(&desk, false, 9).await.unwrap();
    assert_eq!(owed.iter().map(|one| one.owed_since).collect::<Vec<_>>(), [minute(1), minute(2)]);
    assert_eq!(store.obligations(&desk, false, 1).await.unwrap(), owed[..1]);
    assert_eq!((owed[0].envelope_id.as_deref(), owed[0].ret), (Some("QQ1"), Some(Ret::Full)));
    let named =
        RunName { notice: "overdue-items".into(), source: "overdues.csv".into(), started_at: minute(0) };
    assert_eq!(owed[0].run, Some(named));
    sound(&store).await;
}

/// Invariant 7; and who asked not to hear of it does not.
pub(crate) async fn a_report_causes_no_report(fresh: &Fresh) {
    let store = fresh.open().await;
    let mut never = leased();
    let mut recipient = never.envelope.recipients()[0].clone();
    recipient.notify = Some(Notify::Never);
    never.envelope = Envelope::new(never.envelope.reverse_path, vec![recipient]).unwrap();
    let nobody = Envelope::to_one(ReversePath::Null, address("p@example.org"));
    for message in [
        NewMessage { kind: Kind::Report, ..leased() },
        NewMessage { kind: Kind::Alarm, ..leased() },
        NewMessage { envelope: nobody, ..leased() },
        never,
    ] {
        let recipient = accept(fresh, &store, message).await;
        settle(fresh, &store, recipient, Verdict::Returned).await;
    }
    assert_eq!(store.counts().await.unwrap().reports_owed, 0);
    sound(&store).await;
}

/// Who asked to hear of a success is told that it was relayed; nobody else is.
pub(crate) async fn a_relay_is_reported_to_who_asked(fresh: &Fresh) {
    let store = fresh.open().await;
    let on = |success, failure| Some(Notify::On { success, failure, delay: false });
    let mut expected = Vec::new();
    for (notify, owed) in
        [(on(true, false), true), (on(true, true), true), (on(false, true), false), (None, false)]
    {
        let mut message = leased();
        let mut recipient = message.envelope.recipients()[0].clone();
        recipient.notify = notify;
        message.envelope = Envelope::new(message.envelope.reverse_path, vec![recipient]).unwrap();
        let recipient = accept(fresh, &store, message).await;
        settle(fresh, &store, recipient, Verdict::Relayed).await;
        assert_eq!(state(&store, recipient).await, State::Delivered);
        expected.extend(owed.then_some(recipient));
    }
    let owed = store.obligations(&address("desk@library.example"), false, 9).await.unwrap();
    assert_eq!(owed.iter().map(|one| one.row.recipient).collect::<Vec<_>>(), expected);
    sound(&store).await;
}

pub(crate) async fn report_closes_once(fresh: &Fresh) {
    let store = fresh.open().await;
    let mut returned = Vec::new();
    for _ in 0..3 {
        let recipient = accept(fresh, &store, leased()).await;
        settle(fresh, &store, recipient, Verdict::Returned).await;
        returned.push(recipient);
    }
    fresh.at(2);
    let report = || NewMessage { kind: Kind::Report, ..waiting() };
    store.report(report(), &returned[..1], fresh.now()).await.unwrap();
    let before = store.counts().await.unwrap();
    let again = store.report(report(), &returned[..2], fresh.now()).await;
    assert!(matches!(again, Err(Error::NotFound(_))));
    assert_eq!(store.counts().await.unwrap(), before, "nothing of it is stored");
    store.close_obligations(&returned, fresh.now()).await.unwrap();
    assert_eq!(store.counts().await.unwrap().reports_owed, 0);
    sound(&store).await;
}

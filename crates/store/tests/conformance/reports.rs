//! Return reports.

use mail::{Envelope, ReversePath, envelope::Notify};
use store::{Error, Kind, NewMessage, Verdict};

use crate::fresh::{Fresh, accept, address, leased, minute, now, settle, sound, waiting};

/// Invariant 4.
pub(crate) async fn outcome_and_obligation_are_one(fresh: &Fresh) {
    let store = fresh.open();
    let recipient = accept(&store, leased()).await;
    settle(&store, recipient, Verdict::Returned).await;
    let owed = store.obligations(minute(2), 9).await.unwrap();
    assert_eq!((owed.len(), owed[0].row.recipient, owed[0].owed_since), (1, recipient, minute(1)));
    assert_eq!(owed[0].return_address, address("desk@library.example"));
    assert!(store.obligations(minute(1), 9).await.unwrap().is_empty());
    let desk = "desk@library.example";
    for (to, practice, since, expected) in [
        (desk, false, now(), 1),
        (desk, true, now(), 0),
        (desk, false, minute(2), 0),
        ("other@library.example", false, now(), 0),
    ] {
        let returned = store.returned_since(&address(to), practice, since).await.unwrap();
        assert_eq!(returned, expected, "{to} {practice} {since}");
    }
}

/// Invariant 7; and who asked not to hear of it does not.
pub(crate) async fn a_report_causes_no_report(fresh: &Fresh) {
    let store = fresh.open();
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
        let recipient = accept(&store, message).await;
        settle(&store, recipient, Verdict::Returned).await;
    }
    assert_eq!(store.counts().await.unwrap().reports_owed, 0);
    sound(&store).await;
}

pub(crate) async fn report_closes_once(fresh: &Fresh) {
    let store = fresh.open();
    let mut returned = Vec::new();
    for _ in 0..3 {
        let recipient = accept(&store, leased()).await;
        settle(&store, recipient, Verdict::Returned).await;
        returned.push(recipient);
    }
    let report = || NewMessage { kind: Kind::Report, ..waiting() };
    store.report(report(), &returned[..1], minute(2)).await.unwrap();
    let before = store.counts().await.unwrap();
    let again = store.report(report(), &returned[..2], minute(2)).await;
    assert!(matches!(again, Err(Error::NotFound(_))));
    assert_eq!(store.counts().await.unwrap(), before, "nothing of it is stored");
    store.close_obligations(&returned, minute(2)).await.unwrap();
    assert_eq!(store.counts().await.unwrap().reports_owed, 0);
    sound(&store).await;
}

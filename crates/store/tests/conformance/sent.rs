//! What each mail server took lately.

use store::{Sent, Verdict};

use crate::fresh::{Fresh, accept, leased, minute, settle, sound};

pub(crate) async fn which_server_took_a_mail_is_known(fresh: &Fresh) {
    let store = fresh.open().await;
    let due_at = fresh.later(60);
    let mut all = Vec::new();
    for verdict in [
        Verdict::Delivered,
        Verdict::Delivered,
        Verdict::Returned,
        Verdict::Deferred { due_at, in_doubt: false },
        Verdict::InDoubt,
    ] {
        let recipient = accept(fresh, &store, leased()).await;
        settle(fresh, &store, recipient, verdict).await;
        all.push(recipient);
    }
    let waits = accept(fresh, &store, leased()).await;
    let server = || "mail.example:587".to_owned();
    let asked = all.iter().copied().chain([waits]).collect();
    assert_eq!(store.accepted_by(asked).await.unwrap(), [(all[0], server()), (all[1], server())].into());
    assert_eq!(store.accepted_by(vec![all[1]]).await.unwrap(), [(all[1], server())].into());
    assert!(store.accepted_by(Vec::new()).await.unwrap().is_empty());
    sound(&store).await;
}

pub(crate) async fn what_a_server_took_is_counted_for_a_day(fresh: &Fresh) {
    let store = fresh.open().await;
    let server = "mail.example:587";
    let verdicts = |due_at| {
        [
            Verdict::Delivered,
            Verdict::Relayed,
            Verdict::InDoubt,
            Verdict::Deferred { due_at, in_doubt: true },
            Verdict::Deferred { due_at, in_doubt: false },
            Verdict::Returned,
            Verdict::GivenBack,
        ]
    };
    for at in [0, 3, 7] {
        fresh.at(at);
        for verdict in verdicts(fresh.later(60)) {
            let recipient = accept(fresh, &store, leased()).await;
            settle(fresh, &store, recipient, verdict).await;
        }
    }
    let sent = |at, count| Sent { began_at: minute(at), count };
    assert_eq!(store.sent(server, fresh.now()).await.unwrap(), [sent(0, 8), sent(7, 4)]);
    assert_eq!(store.sent("other.example:25", fresh.now()).await.unwrap(), []);
    // A provider counts what all of its servers take of one account.
    fresh.at(8);
    store.count_as(server, "google library@school.example");
    let recipient = accept(fresh, &store, leased()).await;
    settle(fresh, &store, recipient, Verdict::Delivered).await;
    let of_account = store.sent("google library@school.example", fresh.now()).await.unwrap();
    assert_eq!(of_account, [sent(8, 1)]);
    assert_eq!(store.sent(server, fresh.now()).await.unwrap(), [sent(0, 8), sent(7, 4)]);
    // A stretch is forgotten with its last.
    fresh.at(24 * 60 + 4);
    assert_eq!(store.sent(server, fresh.now()).await.unwrap().len(), 2);
    fresh.at(24 * 60 + 5);
    assert_eq!(store.sent(server, fresh.now()).await.unwrap(), [sent(7, 4)]);
    sound(&store).await;
}

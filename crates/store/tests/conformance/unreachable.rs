//! Who cannot be reached.

use std::collections::BTreeSet;

use mail::{Envelope, Reason};
use store::{Attempt, Kind, NewMessage, Patron, Settlement, Store, Verdict};

use crate::fresh::{Fresh, accept, address, leased, minute, settlement, sound};

/// A mail of this library to this address that came to this end.
async fn ended(fresh: &Fresh, store: &Store, site: &str, to: &str, verdict: Verdict, reason: Option<Reason>) {
    let message = leased();
    let envelope = Envelope::to_one(message.envelope.reverse_path.clone(), address(to));
    let message = NewMessage { site: Some(site.to_owned()), envelope, ..message };
    ended_of(fresh, store, message, verdict, reason).await;
}

async fn ended_of(
    fresh: &Fresh,
    store: &Store,
    message: NewMessage,
    verdict: Verdict,
    reason: Option<Reason>,
) {
    let recipient = accept(fresh, store, message).await;
    let settlement = settlement(fresh, recipient, verdict);
    let attempt = Attempt { reason, ..settlement.attempt.clone() };
    store.settle(vec![Settlement { attempt, ..settlement }], fresh.now()).await.unwrap();
}

/// Library, address and since when, those who came last first.
async fn found(store: &Store, sites: &[&str]) -> Vec<(String, String, i64)> {
    let sites: BTreeSet<_> = sites.iter().map(|site| (*site).to_owned()).collect();
    let found = store.unreachable(sites, None, 9).await.unwrap();
    assert_eq!(found.next, None);
    let since = |at: jiff::Timestamp| at.duration_since(minute(0)).as_mins();
    let one =
        |one: store::Unreachable| (one.row.site.unwrap(), one.row.to.address.to_string(), since(one.since));
    found.all.into_iter().map(one).collect()
}

pub(crate) async fn who_cannot_be_reached_is_whose_last_mail_came_back(fresh: &Fresh) {
    let store = fresh.open().await;
    let unknown = Some(Reason::AddressUnknown);
    let ann = |site: &str, minutes| (site.to_owned(), "ann@example.org".to_owned(), minutes);
    let shown = |to: &str, site: &str, minutes| (site.to_owned(), to.to_owned(), minutes);
    for (minutes, site, to, verdict, reason, expected) in [
        (1, "MAIN", "ann@example.org", Verdict::Delivered, None, vec![]),
        (2, "MAIN", "ann@example.org", Verdict::Returned, unknown, vec![ann("MAIN", 2)]),
        // Once for each library, with the first of several.
        (3, "EAST", "ann@example.org", Verdict::Returned, unknown, vec![ann("EAST", 3), ann("MAIN", 2)]),
        (4, "MAIN", "ann@example.org", Verdict::Returned, unknown, vec![ann("MAIN", 2), ann("EAST", 3)]),
        // What came back for the library's own fault, or has not come to its end, says nothing.
        (
            5,
            "MAIN",
            "ann@example.org",
            Verdict::Returned,
            Some(Reason::SenderRefused),
            vec![ann("MAIN", 2), ann("EAST", 3)],
        ),
        (
            6,
            "MAIN",
            "ann@example.org",
            Verdict::Deferred { due_at: minute(99), in_doubt: false },
            Some(Reason::MailboxFull),
            vec![ann("MAIN", 2), ann("EAST", 3)],
        ),
        // Whoever took one is reached, in whatever letters it is written, and by all.
        (7, "WEST", "Ann@Example.org", Verdict::Delivered, None, vec![]),
        (8, "MAIN", "ann@example.org", Verdict::Returned, Some(Reason::MailboxFull), vec![ann("MAIN", 8)]),
        (9, "MAIN", "ben@example.org", Verdict::Returned, Some(Reason::SenderRefused), vec![ann("MAIN", 8)]),
        // Perhaps for its content or its size.
        (9, "MAIN", "cleo@example.org", Verdict::Returned, Some(Reason::Refused), vec![ann("MAIN", 8)]),
        (
            10,
            "MAIN",
            "Ann@example.org",
            Verdict::Returned,
            unknown,
            vec![shown("Ann@example.org", "MAIN", 8)],
        ),
    ] {
        fresh.at(minutes);
        ended(fresh, &store, site, to, verdict, reason).await;
        assert_eq!(found(&store, &[]).await, expected, "minute {minutes}");
    }
    // A report or an alarm that comes back is about nobody.
    let message = NewMessage { kind: Kind::Alarm, ..leased() };
    ended_of(fresh, &store, message, Verdict::Returned, unknown).await;
    assert_eq!(found(&store, &[]).await.len(), 1);
    sound(&store).await;
}

pub(crate) async fn who_was_reached_at_a_corrected_address_is_reached(fresh: &Fresh) {
    let store = fresh.open().await;
    let mail = |site: &str, to: &str, number: Option<&str>| {
        let message = leased();
        let envelope = Envelope::to_one(message.envelope.reverse_path.clone(), address(to));
        let patron = Some(Patron { name: "Ann".to_owned(), number: number.map(ToOwned::to_owned) });
        NewMessage { site: Some(site.to_owned()), envelope, patron, ..message }
    };
    let of_ann = mail("MAIN", "ann@exmaple.org", Some("7"));
    let nameless = mail("MAIN", "ben@exmaple.org", None);
    let unknown = Some(Reason::AddressUnknown);
    ended_of(fresh, &store, mail("MAIN", "ann@example.org", Some("7")), Verdict::Delivered, None).await;
    ended_of(fresh, &store, of_ann, Verdict::Returned, unknown).await;
    let ben = accept(fresh, &store, nameless).await;
    let settlement = settlement(fresh, ben, Verdict::Returned);
    let attempt = Attempt { reason: unknown, ..settlement.attempt.clone() };
    store.settle(vec![Settlement { attempt, ..settlement }], fresh.now()).await.unwrap();
    // Another patron, another library's patron of that number, one of no number, and what came back again.
    for (message, verdict) in [
        (mail("MAIN", "ann@example.org", Some("8")), Verdict::Delivered),
        (mail("EAST", "ann@example.org", Some("7")), Verdict::Delivered),
        (mail("MAIN", "ann@example.org", None), Verdict::Delivered),
        (mail("MAIN", "ann@example.org", Some("7")), Verdict::Held),
    ] {
        ended_of(fresh, &store, message, verdict, None).await;
        assert_eq!(found(&store, &[]).await.len(), 2);
    }
    ended_of(fresh, &store, mail("MAIN", "ann@example.org", Some("7")), Verdict::Delivered, None).await;
    assert_eq!(found(&store, &[]).await, [("MAIN".to_owned(), "ben@exmaple.org".to_owned(), 0)]);
    let again = |n: i64| {
        let tags = vec!["sent again".to_owned(), format!("sent again for {n}")];
        NewMessage { tags, ..mail("MAIN", "ben@example.org", None) }
    };
    for (n, expected) in [(ben.0 + 1, 1), (ben.0, 0)] {
        ended_of(fresh, &store, again(n), Verdict::Delivered, None).await;
        assert_eq!(found(&store, &[]).await.len(), expected, "{n}");
    }
    sound(&store).await;
}

pub(crate) async fn the_list_is_given_in_parts_and_by_library(fresh: &Fresh) {
    let store = fresh.open().await;
    let unknown = Some(Reason::AddressUnknown);
    for (n, site) in ["MAIN", "EAST", "MAIN", "WEST", "MAIN"].into_iter().enumerate() {
        ended(fresh, &store, site, &format!("p{n}@example.org"), Verdict::Returned, unknown).await;
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let part = store.unreachable(BTreeSet::new(), after, 2).await.unwrap();
        assert!(part.all.len() <= 2);
        seen.extend(part.all.into_iter().map(|one| one.row.to.address.to_string()));
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(
        seen,
        ["p4@example.org", "p3@example.org", "p2@example.org", "p1@example.org", "p0@example.org"]
    );
    assert_eq!(found(&store, &["EAST", "WEST"]).await.len(), 2);
    assert_eq!(found(&store, &["NONE"]).await, []);
    sound(&store).await;
}

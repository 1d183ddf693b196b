//! Alarms, retention, closing.

use std::time::Duration;

use store::{Alarm, AlarmKind, Error, Verdict};

use crate::fresh::{Fresh, MINUTE, accept, leased, minute, settle, sound, waiting};

const DAY: Duration = Duration::from_hours(24);

pub(crate) async fn purge_leaves_owed_reports(fresh: &Fresh) {
    let store = fresh.open();
    fresh.at(1);
    let done = accept(fresh, &store, leased()).await;
    settle(fresh, &store, done, Verdict::Delivered).await;
    let owed = accept(fresh, &store, leased()).await;
    settle(fresh, &store, owed, Verdict::Returned).await;
    let waits = accept(fresh, &store, waiting()).await;
    fresh.at(11);
    let purge = async |bodies, rows| store.purge(bodies, rows, 9, fresh.now()).await.unwrap();
    assert_eq!(purge(10 * MINUTE, DAY).await, 0, "not final for longer");
    assert_eq!(purge(9 * MINUTE, DAY).await, 1);
    assert_eq!(store.body(done.message()).await.unwrap(), None);
    assert!(store.body(owed.message()).await.unwrap().is_some());
    assert_eq!(purge(9 * MINUTE, 9 * MINUTE).await, 1);
    assert!(matches!(store.show(done.message()).await, Err(Error::NotFound(_))));
    store.close_obligations(&[owed], fresh.now()).await.unwrap();
    assert_eq!(purge(9 * MINUTE, 9 * MINUTE).await, 2, "its body and its rows");
    assert!(store.body(waits.message()).await.unwrap().is_some());
    sound(&store).await;
}

pub(crate) async fn alarms_open_once_and_end_once(fresh: &Fresh) {
    let store = fresh.open();
    let raise = || store.raise(AlarmKind::ServerDown, "server1", "No answer.", fresh.now());
    let first = raise().await.unwrap().unwrap();
    assert_eq!(raise().await.unwrap(), None);
    assert!(
        store.raise(AlarmKind::ServerDown, "server2", "No answer.", fresh.now()).await.unwrap().is_some()
    );
    fresh.at(1);
    store.reword_alarm(AlarmKind::ServerDown, "server1", "Another certificate.").await.unwrap();
    let texts = async || {
        let alarms = store.alarms(false, 9).await.unwrap();
        alarms.into_iter().map(|alarm| (alarm.started_at, alarm.text)).collect::<Vec<_>>()
    };
    let said = |text: &str| (minute(0), text.to_owned());
    assert_eq!(
        texts().await,
        [said("No answer."), said("Another certificate.")],
        "of this one, and it goes on"
    );
    let ended = store.clear(AlarmKind::ServerDown, "server1", fresh.now()).await.unwrap().unwrap();
    store.reword_alarm(AlarmKind::ServerDown, "server1", "Once more.").await.unwrap();
    assert_eq!(texts().await[1], said("Another certificate."), "what is over stays as it was");
    assert_eq!((ended.id, ended.ended_at), (first.id, Some(minute(1))));
    assert_eq!(store.clear(AlarmKind::ServerDown, "server1", fresh.now()).await.unwrap(), None);
    assert_eq!(store.alarms(true, 9).await.unwrap().len(), 1);
    assert_eq!(store.alarms(false, 9).await.unwrap().len(), 2);
    // The last end is known, of the kinds that are asked for.
    let (down, both) = ([AlarmKind::ServerDown], [AlarmKind::ServerDown, AlarmKind::SignIn]);
    fresh.at(2);
    store.raise(AlarmKind::SignIn, "server1", "No.", fresh.now()).await.unwrap();
    fresh.at(3);
    store.clear(AlarmKind::SignIn, "server1", fresh.now()).await.unwrap();
    for (subject, kinds, ended) in [
        ("server1", &both[..], Some(3)),
        ("server1", &down, Some(1)),
        ("server2", &both, None),
        ("server1", &[], None),
    ] {
        let ended_at = store.alarm_ended_at(subject, kinds).await.unwrap();
        assert_eq!(ended_at, ended.map(minute), "{subject} {kinds:?}");
    }
}

pub(crate) async fn alarms_are_told_until_people_heard(fresh: &Fresh) {
    let store = fresh.open();
    let raise = async |subject: &'static str| {
        store.raise(AlarmKind::ServerDown, subject, "No answer.", fresh.now()).await.unwrap().unwrap()
    };
    let told = async || {
        let alarms = store.alarms_to_tell().await.unwrap();
        alarms.into_iter().map(|alarm| (alarm.subject, alarm.told)).collect::<Vec<_>>()
    };
    let (first, second) = (raise("server1").await, raise("server2").await);
    store.alarm_told(first.id, 2).await.unwrap();
    store.clear(AlarmKind::ServerDown, "server1", fresh.now()).await.unwrap();
    assert_eq!(told().await, [("server1".to_owned(), 2), ("server2".to_owned(), 0)]);
    store.alarm_told(first.id, Alarm::TOLD_OVER).await.unwrap();
    assert_eq!(told().await, [("server2".to_owned(), 0)]);
    store.alarm_told(second.id, 1).await.unwrap();
    assert_eq!(told().await, [("server2".to_owned(), 1)], "open ones stay, they may be told again");
}

pub(crate) async fn closed_answers_closed(fresh: &Fresh) {
    let store = fresh.open();
    let other = store.clone();
    store.close().await.unwrap();
    assert!(matches!(other.accept(vec![waiting()], fresh.now()).await, Err(Error::Closed)));
    assert!(matches!(other.counts().await, Err(Error::Closed)));
    assert!(matches!(other.mark(&[]).await, Err(Error::Closed)), "nobody knows whose it is by now");
}

//! Alarms, retention, closing.

use std::time::Duration;

use mail::Reason;
use store::{Alarm, AlarmKind, CameTo, Cause, Error, FolderFault, Verdict};

use crate::fresh::{Fresh, MINUTE, accept, leased, minute, settle, sound, waiting};

const DAY: Duration = Duration::from_hours(24);

pub(crate) async fn purge_leaves_owed_reports(fresh: &Fresh) {
    let store = fresh.open().await;
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
    let store = fresh.open().await;
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

pub(crate) async fn an_alarm_has_the_reason_of_its_text(fresh: &Fresh) {
    let store = fresh.open().await;
    let (kind, subject) = (AlarmKind::ServerDown, "server1");
    let raised =
        |reason: Reason| store.raise(kind, subject, Cause::new(reason, reason.plain_words()), fresh.now());
    let unreachable = raised(Reason::Unreachable).await.unwrap().unwrap();
    assert_eq!(unreachable.reason, Some(Reason::Unreachable.into()));
    assert_eq!(raised(Reason::TimedOut).await.unwrap(), None, "it is open");
    let read = async || {
        let open = store.alarms(true, 9).await.unwrap().pop().unwrap();
        let to_tell = store.alarms_to_tell().await.unwrap().pop().unwrap();
        assert_eq!(open, to_tell);
        (open.reason, open.text)
    };
    let of = |reason: Reason| (Some(reason.into()), reason.plain_words().to_owned());
    assert_eq!(read().await, of(Reason::Unreachable), "the first counts");
    let full = Cause::new(Reason::ServerFull, Reason::ServerFull.plain_words());
    store.reword_alarm(kind, subject, full).await.unwrap();
    assert_eq!(read().await, of(Reason::ServerFull), "both are of the newest");
    store.reword_alarm(kind, subject, "Something else.").await.unwrap();
    assert_eq!(read().await, (None, "Something else.".to_owned()), "no reason of another text stays");
    store.reword_alarm(kind, subject, Cause::new(Reason::TimedOut, "No answer.")).await.unwrap();
    let ended = store.clear(kind, subject, fresh.now()).await.unwrap().unwrap();
    assert_eq!(ended.reason, Some(Reason::TimedOut.into()));
    // Of other things than mail, and none where there is nothing to say.
    for (kind, cause) in [
        (AlarmKind::Schedule, Cause::new(CameTo::TooOld, "Too old.")),
        (AlarmKind::DropFolder, Cause::new(FolderFault::ExportOld, "Old.")),
        (AlarmKind::Disk, Cause::from("Full.")),
    ] {
        let reason = cause.reason;
        assert_eq!(store.raise(kind, "it", cause, fresh.now()).await.unwrap().unwrap().reason, reason);
        assert_eq!(store.alarms(true, 1).await.unwrap()[0].reason, reason, "{kind:?}");
    }
}

pub(crate) async fn what_comes_in_the_place_of_another_is_told_once(fresh: &Fresh) {
    let store = fresh.open().await;
    let (down, sign_in) = (AlarmKind::ServerDown, AlarmKind::SignIn);
    let raise = async |kind, reason: Reason| {
        let others: Vec<_> =
            [down, sign_in, AlarmKind::Quota].into_iter().filter(|other| *other != kind).collect();
        let cause = Cause::new(reason, reason.plain_words());
        store.raise_instead(kind, "server1", cause, &others, fresh.now()).await.unwrap()
    };
    let open = async || {
        let open = store.alarms(true, 9).await.unwrap().into_iter();
        open.filter(|alarm| alarm.subject == "server1")
            .map(|alarm| (alarm.kind, alarm.reason))
            .collect::<Vec<_>>()
    };
    store.raise(down, "server2", "Of another.", fresh.now()).await.unwrap();
    store.raise(AlarmKind::BackupInUse, "server1", "Of another kind.", fresh.now()).await.unwrap();
    let first = raise(down, Reason::Unreachable).await.unwrap();
    assert_eq!((first.told, first.reason), (0, Some(Reason::Unreachable.into())));
    store.alarm_told(first.id, 1).await.unwrap();
    fresh.at(1);
    let second = raise(sign_in, Reason::SignInRefused).await.unwrap();
    assert_eq!(second.told, 0, "people know of another fault");
    assert_eq!((second.id, second.started_at), (first.id, first.started_at), "it is one trouble");
    let backup = (AlarmKind::BackupInUse, None);
    assert_eq!(open().await, [(sign_in, Some(Reason::SignInRefused.into())), backup]);
    store.alarm_told(second.id, 2).await.unwrap();
    assert_eq!(store.alarms(false, 9).await.unwrap().len(), 3, "none of them ended");
    fresh.at(2);
    for (kind, reason, told) in [
        (down, Reason::Unreachable, Some(2)),
        (sign_in, Reason::SignInRefused, Some(2)),
        (down, Reason::TimedOut, Some(0)),
        // It is open, and what it says is another.
        (down, Reason::ServerFull, None),
        // With what was news the reminders begin anew.
        (sign_in, Reason::SignInRefused, Some(1)),
    ] {
        let raised = raise(kind, reason).await;
        assert_eq!(raised.as_ref().map(|alarm| alarm.told), told, "{kind:?} {reason:?}");
        let goes_on = raised.is_none_or(|alarm| (alarm.id, alarm.started_at) == (first.id, minute(0)));
        assert!(goes_on, "{kind:?} {reason:?}");
        assert_eq!(open().await, [(kind, Some(reason.into())), backup]);
    }
    let over = store.clear(sign_in, "server1", fresh.now()).await.unwrap().unwrap();
    assert_eq!((over.id, over.started_at, over.ended_at), (first.id, minute(0), Some(minute(2))));
    let to_tell = store.alarms_to_tell().await.unwrap();
    let subjects: Vec<_> = to_tell.iter().map(|alarm| (alarm.kind, &*alarm.subject)).collect();
    assert_eq!(subjects, [(down, "server2"), (AlarmKind::BackupInUse, "server1"), (sign_in, "server1")]);
    let anew = raise(down, Reason::Unreachable).await.unwrap();
    assert_eq!((anew.told, anew.started_at), (0, minute(2)), "it was over in between");
    assert_ne!(anew.id, first.id);
    // A server that says that its limit is used up works: what comes before it or after it is another trouble of the same alarm.
    store.clear(down, "server1", fresh.now()).await.unwrap();
    let mut last = store.raise(AlarmKind::Quota, "server1", "No more.", fresh.now()).await.unwrap().unwrap();
    for (at, kind, began) in [(3, down, 3), (4, sign_in, 3), (5, AlarmKind::Quota, 5), (6, down, 6)] {
        fresh.at(at);
        let raised = raise(kind, Reason::QuotaUsedUp).await.unwrap();
        assert_eq!((raised.id, raised.started_at), (last.id, minute(began)), "{kind:?}");
        last = raised;
    }
}

pub(crate) async fn alarms_are_told_until_people_heard(fresh: &Fresh) {
    let store = fresh.open().await;
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
    let store = fresh.open().await;
    let other = store.clone();
    store.close().await.unwrap();
    assert!(matches!(other.accept(vec![waiting()], fresh.now()).await, Err(Error::Closed)));
    assert!(matches!(other.counts().await, Err(Error::Closed)));
    assert!(matches!(other.mark(&[]).await, Err(Error::Closed)), "nobody knows whose it is by now");
}

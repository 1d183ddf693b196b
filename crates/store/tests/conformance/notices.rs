//! Runs and the ledger.

use std::time::Duration;

use store::{LedgerKey, LeftOut, LeftOutWhy, NoticeAccepted, State, Store};

use crate::fresh::{Fresh, begin, minute, notice, sound};

async fn stored(fresh: &Fresh, store: &Store, keys: &[&str], repeat: Option<Duration>) -> bool {
    let run = begin(fresh, store, false).await;
    let all = store.accept_notices(run, vec![notice(run, false, keys)], repeat, fresh.now()).await.unwrap();
    matches!(all[0], NoticeAccepted::Stored(_))
}

pub(crate) async fn ledger_repeats_after_the_period(fresh: &Fresh) {
    let store = fresh.open();
    let hour = Some(Duration::from_hours(1));
    for (minutes, repeat, expected) in [
        (0, hour, true),
        (59, hour, false),
        (60, hour, true),
        (90, None, false),
        (90_000, None, false),
        (90_000, hour, true),
    ] {
        fresh.at(minutes);
        assert_eq!(stored(fresh, &store, &["a"], repeat).await, expected, "{minutes} {repeat:?}");
    }
    fresh.at(90_010);
    let keys = [LedgerKey("a".to_owned()), LedgerKey("b".to_owned())];
    for (within, expected) in
        [(hour, Some(minute(90_000))), (None, Some(minute(90_000))), (Some(Duration::ZERO), None)]
    {
        let lately = store.written_lately("overdue-items", &keys, within, fresh.now()).await.unwrap();
        assert_eq!(lately, [expected, None], "{within:?}");
    }
    sound(&store).await;
}

pub(crate) async fn one_new_item_stores_all(fresh: &Fresh) {
    let store = fresh.open();
    let day = Some(Duration::from_hours(24));
    let stored = async |keys: &[&str]| {
        fresh.pass(1);
        stored(fresh, &store, keys, day).await
    };
    assert!(stored(&["a", "b"]).await);
    assert!(!stored(&["b"]).await);
    assert!(stored(&["b", "c"]).await);
    assert!(stored(&[]).await, "nothing to repeat");
    fresh.at(5);
    let run = begin(fresh, &store, false).await;
    let twice = vec![notice(run, false, &["x"]), notice(run, false, &["x"])];
    let all = store.accept_notices(run, twice, day, fresh.now()).await.unwrap();
    assert_eq!(all[1], NoticeAccepted::WrittenLately { last_at: minute(5) });
    fresh.at(6);
    let (one, other) = (begin(fresh, &store, false).await, begin(fresh, &store, false).await);
    let (first, second) = tokio::join!(
        store.accept_notices(one, vec![notice(one, false, &["y"])], day, fresh.now()),
        store.accept_notices(other, vec![notice(other, false, &["y"])], day, fresh.now()),
    );
    let stored = [first.unwrap()[0], second.unwrap()[0]];
    assert_eq!(stored.iter().filter(|one| matches!(one, NoticeAccepted::Stored(_))).count(), 1);
}

pub(crate) async fn practice_runs_leave_no_ledger(fresh: &Fresh) {
    let store = fresh.open();
    for _ in 0..2 {
        let run = begin(fresh, &store, true).await;
        let all =
            store.accept_notices(run, vec![notice(run, true, &["a"])], None, fresh.now()).await.unwrap();
        assert!(matches!(all[0], NoticeAccepted::Stored(_)));
        store.accept_notices(run, vec![notice(run, false, &["a"])], None, fresh.now()).await.unwrap_err();
    }
    assert!(stored(fresh, &store, &["a"], None).await);
}

pub(crate) async fn runs_add_up(fresh: &Fresh) {
    let store = fresh.open();
    let run = begin(fresh, &store, false).await;
    store.accept_notices(run, vec![notice(run, false, &["a"])], None, fresh.now()).await.unwrap();
    let left_out = LeftOut {
        why: LeftOutWhy::NoAddress,
        line: Some(7),
        who: "Ann".to_owned(),
        detail: "no address".to_owned(),
    };
    store.left_out(run, vec![left_out.clone()]).await.unwrap();
    store.left_out(run, vec![left_out.clone()]).await.unwrap();
    for minutes in [1, 2] {
        fresh.at(minutes);
        store.finish_run(run, fresh.now()).await.unwrap();
    }
    let found = store.run(run).await.unwrap();
    assert_eq!(found.states, [(State::Waiting, 1)].into());
    assert_eq!(found.left_out.get(&LeftOutWhy::NoAddress), Some(&2));
    assert_eq!(found.finished_at, Some(minute(1)));
    assert_eq!(store.left_out_of(run).await.unwrap(), [left_out.clone(), left_out]);
    let later = begin(fresh, &store, true).await;
    let runs = store.runs(9).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [later, run]);
    assert_eq!(runs[0].states, [].into(), "nothing was accepted");
}

//! The pause of all sending.

use store::{Move, NewMessage, PauseWhy, RecipientId, Selection, State};

use crate::fresh::{Fresh, accept, minute, row, sound, state, waiting};

pub(crate) async fn a_pause_lasts_until_it_is_ended(fresh: &Fresh) {
    let store = fresh.open().await;
    assert_eq!(store.paused().await.unwrap(), None);
    assert_eq!(store.end_pause().await.unwrap(), None);
    fresh.at(1);
    let pause = store.pause(PauseWhy::ByPerson, fresh.now()).await.unwrap();
    assert_eq!((pause.began_at, pause.why), (minute(1), PauseWhy::ByPerson));
    fresh.at(2);
    assert_eq!(store.pause(PauseWhy::ByPerson, fresh.now()).await.unwrap(), pause, "it goes on as it was");
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert_eq!(store.paused().await.unwrap(), Some(pause));
    assert_eq!(store.end_pause().await.unwrap(), Some(pause));
    assert_eq!(store.paused().await.unwrap(), None);
    let why = PauseWhy::Restored { of: minute(0) };
    assert_eq!(store.pause(why, fresh.now()).await.unwrap().why, why);
    sound(&store).await;
}

pub(crate) async fn that_nothing_goes_is_known_at_the_next_start(fresh: &Fresh) {
    let store = fresh.open().await;
    assert!(!store.nothing_goes().await.unwrap());
    store.note_nothing_goes(true).await.unwrap();
    store.note_nothing_goes(true).await.unwrap();
    store.close().await.unwrap();
    let store = fresh.open().await;
    assert!(store.nothing_goes().await.unwrap());
    store.note_nothing_goes(false).await.unwrap();
    assert!(!store.nothing_goes().await.unwrap());
    assert_eq!(store.pause(PauseWhy::OldMail, fresh.now()).await.unwrap().why, PauseWhy::OldMail);
    assert_eq!(store.paused().await.unwrap().map(|pause| pause.why), Some(PauseWhy::OldMail));
    sound(&store).await;
}

pub(crate) async fn time_in_a_pause_does_not_age(fresh: &Fresh) {
    let store = fresh.open().await;
    let before = accept(fresh, &store, NewMessage { expires_at: minute(100), ..waiting() }).await;
    fresh.at(10);
    store.pause(PauseWhy::ByPerson, fresh.now()).await.unwrap();
    fresh.at(40);
    let during = NewMessage { first_due_at: minute(40), expires_at: minute(140), ..waiting() };
    let (during, rehearsal) = (
        accept(fresh, &store, during.clone()).await,
        accept(fresh, &store, NewMessage { practice: true, ..during }).await,
    );
    for practice in [false, true] {
        store.resume_ageing(practice, fresh.now()).await.unwrap();
    }
    assert_eq!(row(&store, before).await.expires_at, minute(100), "not while it lasts");
    for practice in [false, true] {
        assert_eq!(store.ageing_stopped_at(practice).await.unwrap(), Some(minute(10)));
    }
    fresh.at(60);
    store.end_pause().await.unwrap();
    for practice in [false, true] {
        store.resume_ageing(practice, fresh.now()).await.unwrap();
    }
    assert_eq!(store.ageing_stopped_at(false).await.unwrap(), None);
    for (recipient, expires_at) in [(before, 150), (during, 160), (rehearsal, 160)] {
        assert_eq!(row(&store, recipient).await.expires_at, minute(expires_at));
    }
    sound(&store).await;
}

/// Time that was both set aside and in a pause is credited once.
pub(crate) async fn time_set_aside_in_a_pause_counts_once(fresh: &Fresh) {
    let store = fresh.open().await;
    let [before, within, over] = [
        accept(fresh, &store, NewMessage { expires_at: minute(100), ..waiting() }).await,
        accept(fresh, &store, NewMessage { expires_at: minute(100), ..waiting() }).await,
        accept(fresh, &store, NewMessage { expires_at: minute(100), ..waiting() }).await,
    ];
    let decide = async |recipient: RecipientId, wish| {
        let selection = Selection::Messages(vec![recipient.message()]);
        assert_eq!(store.move_recipients(selection, wish, fresh.now()).await.unwrap().moved, 1);
    };
    decide(before, Move::Hold).await;
    fresh.at(10);
    store.pause(PauseWhy::ByPerson, fresh.now()).await.unwrap();
    fresh.at(20);
    decide(before, Move::Release).await;
    decide(within, Move::Hold).await;
    decide(over, Move::Hold).await;
    fresh.at(30);
    decide(within, Move::Retry).await;
    fresh.at(40);
    store.end_pause().await.unwrap();
    store.resume_ageing(false, fresh.now()).await.unwrap();
    fresh.at(60);
    decide(over, Move::Release).await;
    for (recipient, expires_at) in [(before, 140), (within, 130), (over, 150)] {
        assert_eq!(row(&store, recipient).await.expires_at, minute(expires_at));
    }
    sound(&store).await;
}

pub(crate) async fn what_has_waited_long_is_found(fresh: &Fresh) {
    let store = fresh.open().await;
    let old = accept(fresh, &store, waiting()).await;
    let held = accept(fresh, &store, waiting()).await;
    store.move_recipients(Selection::Messages(vec![held.message()]), Move::Hold, fresh.now()).await.unwrap();
    fresh.at(5);
    let young = accept(fresh, &store, NewMessage { first_due_at: minute(5), ..waiting() }).await;
    let later = accept(fresh, &store, NewMessage { first_due_at: minute(50), ..waiting() }).await;
    assert_eq!(store.waiting_since_before(minute(5)).await.unwrap(), 1);
    assert_eq!(store.waiting_since_before(minute(6)).await.unwrap(), 2);
    let selection = Selection::WaitingSinceBefore(minute(5));
    let moved = store.move_recipients(selection, Move::Cancel, fresh.now()).await.unwrap();
    assert_eq!((moved.moved, moved.unmoved), (1, 0));
    for (recipient, expected) in
        [(old, State::Cancelled), (held, State::Held), (young, State::Waiting), (later, State::Waiting)]
    {
        assert_eq!(state(&store, recipient).await, expected);
    }
    sound(&store).await;
}

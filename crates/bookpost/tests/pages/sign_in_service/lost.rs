//! Answers that do not arrive, and what is under way when something ends.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use store::Store;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use bookpost::cli::control::BrokerRequest;
use mail::Reason;
use serde_json::{Value, json};
use store::{Service, ServiceCame};
use tokio::net::TcpListener;

use super::{GOOGLE, Places, VERIFIER, added, command, places, places_at};
use crate::bench::listener;

/// The way to the district, on which answers are lost as often as is said.
struct Way {
    address: String,
    loses: Arc<AtomicU32>,
}

impl Way {
    async fn to(place: &TcpListener) -> Self {
        let (listener, there) = (listener().await, place.local_addr().unwrap());
        let way =
            Self { address: format!("http://{}", listener.local_addr().unwrap()), loses: Arc::default() };
        let loses = Arc::clone(&way.loses);
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let loses = Arc::clone(&loses);
                tokio::spawn(async move {
                    let there = TcpStream::connect(there).await.unwrap();
                    let _ = carried(here, there, &loses).await;
                });
            }
        });
        way
    }
}

/// Until an answer is lost.
async fn carried(mut here: TcpStream, mut there: TcpStream, loses: &AtomicU32) -> std::io::Result<()> {
    let (mut asked, mut answered) = ([0; 2048], [0; 2048]);
    loop {
        tokio::select! {
            read = here.read(&mut asked) => match read? {
                0 => return Ok(()),
                count => there.write_all(&asked[..count]).await?,
            },
            read = there.read(&mut answered) => match read? {
                0 => return Ok(()),
                _ if loses.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() => return Ok(()),
                count => here.write_all(&answered[..count]).await?,
            },
        }
    }
}

/// Of a provider that takes each token once, and ends a sign-in of which one comes twice.
#[tokio::test]
async fn an_answer_that_is_lost_is_given_again() {
    let at_district = listener().await;
    let way = Way::to(&at_district).await;
    let places = places_at(at_district, &way.address).await;
    places.connected().await;
    let accounts = &places.school.app.accounts;
    let first = accounts.shown(GOOGLE).await.unwrap();
    // It is asked again at once.
    places.pass(61);
    way.loses.store(1, Ordering::SeqCst);
    let second = accounts.shown(GOOGLE).await.unwrap();
    assert_ne!(*second.token, *first.token);
    assert_eq!((way.loses.load(Ordering::SeqCst), places.provider.refreshes()), (0, 1));
    // It is lost again and again: some minutes later the same one comes, and mail leaves meanwhile.
    places.pass(46);
    way.loses.store(4, Ordering::SeqCst);
    for minutes in [0, 1] {
        places.pass(minutes);
        assert_eq!(*accounts.shown(GOOGLE).await.unwrap().token, *second.token);
        let failed = accounts.account(GOOGLE).await.unwrap().unwrap().failed.unwrap();
        assert_eq!(failed.reason, Reason::ServiceAway);
    }
    places.pass(2);
    let third = accounts.shown(GOOGLE).await.unwrap();
    assert_ne!(*third.token, *second.token);
    assert_eq!((way.loses.load(Ordering::SeqCst), places.provider.refreshes()), (0, 2));
    let lines = places.district.app.store.services(None, 10).await.unwrap();
    assert_eq!(lines.iter().filter(|line| line.what == Service::Renewed).count(), 2, "done once each");
    places.pass(61);
    assert_ne!(*accounts.shown(GOOGLE).await.unwrap().token, *third.token, "the sign-in lives");
    places.stop().await;
}

impl Places {
    fn renewal(&self, question: &str, token: &str) -> Value {
        let seal_to = self.beginning()["seal_to"].clone();
        json!({ "question": question, "provider": "google", "token": token, "seal_to": seal_to })
    }
}

/// The same question of another, or for another key, is another question.
#[tokio::test]
async fn an_answer_is_given_again_to_who_asked_only() {
    let places = places().await;
    let other = added(&places.district, "Another", "https://bookpost.another.example").await;
    assert_eq!(places.fetch(&places.key, &places.handoff().await, VERIFIER).await.0, 200);
    let asked = places.renewal("one", "later-0002");
    let (status, first) = places.ask(&places.key, "renew", asked.clone()).await;
    assert_eq!((status, places.provider.refreshes()), (200, 1), "{first}");
    assert_eq!(places.ask(&places.key, "renew", asked.clone()).await, (200, first));
    assert_eq!(places.provider.refreshes(), 1);
    let (status, _) = places.ask(&other, "renew", asked).await;
    assert_eq!((status, places.provider.refreshes()), (422, 2), "the provider says no to whoever else asks");
    places.stop().await;
}

/// Revoked while the provider is asked, an installation is given nothing.
#[tokio::test]
async fn what_is_under_way_for_a_key_that_is_taken_back_comes_to_nothing() {
    let places = places().await;
    let revoke = async || {
        command(&places.district, BrokerRequest::Revoke { name: "Hill School".to_owned() }).await;
        places.provider.hold(false);
    };
    let handoff = places.handoff().await;
    places.provider.hold(true);
    let fetched = async { places.fetch(&places.key, &handoff, VERIFIER).await };
    let (fetched, ()) = tokio::join!(fetched, async {
        places.provider.asked(1).await;
        revoke().await;
    });
    assert_eq!(fetched, (401, "key".to_owned()));
    assert_eq!(places.provider.revoked().len(), 1, "nor does it stay good at the provider");
    places.stop().await;
}

#[tokio::test]
async fn a_renewal_that_is_under_way_for_such_a_key_comes_to_nothing_either() {
    let places = places().await;
    assert_eq!(places.fetch(&places.key, &places.handoff().await, VERIFIER).await.0, 200);
    places.provider.hold(true);
    let asked = places.renewal("one", "later-0002");
    let (renewed, ()) = tokio::join!(places.ask(&places.key, "renew", asked.clone()), async {
        places.provider.asked(2).await;
        command(&places.district, BrokerRequest::Revoke { name: "Hill School".to_owned() }).await;
        places.provider.hold(false);
    });
    assert_eq!((renewed.0, &renewed.1["error"]), (401, &json!("key")));
    // The provider takes each token once: with its next key the school is given what came of it.
    let next = added(&places.district, "Hill School", &places.school.origin).await;
    assert_eq!(places.ask(&next, "renew", asked).await.0, 200);
    assert_eq!((places.provider.refreshes(), places.provider.revoked().len()), (1, 0));
    places.stop().await;
}

/// Whoever has hung up meanwhile is given it the next time; so the district waits for it before it ends.
#[tokio::test]
async fn a_district_that_ends_waits_for_what_is_under_way() {
    let places = places().await;
    assert_eq!(places.fetch(&places.key, &places.handoff().await, VERIFIER).await.0, 200);
    places.provider.hold(true);
    tokio::select! {
        _ = places.ask(&places.key, "renew", places.renewal("one", "later-0002")) => panic!("it is held"),
        () = places.provider.asked(2) => {}
    }
    let folder = places.district.app.settings.now().data_dir.clone();
    let (stopped, ()) = tokio::join!(places.district.app.stop(), async {
        tokio::task::yield_now().await;
        places.provider.hold(false);
    });
    stopped.unwrap();
    let store = Store::open(&folder, places.district.now()).unwrap();
    let line = store.services(None, 1).await.unwrap().remove(0);
    assert_eq!((line.what, line.came), (Service::Renewed, Some(ServiceCame::Given)));
    store.close().await.unwrap();
    places.school.stop().await;
}

//! What was given by one is shown to nobody else, and is as good as before once that one is set again.

use bookpost::preferences::mail_accounts::Revoked;
use mail::Reason;
use store::{AlarmKind, Role};
use testkit::provider::Person;
use tokio::net::TcpListener;

use super::{GOOGLE, LIBRARY, PAGE, Places, WHO, added, alarmed, kept, on, places};
use crate::bench::{Bench, listener, servers};

/// A school where all is entered on the page.
struct Entered {
    places: Places,
    district: String,
}

impl Entered {
    async fn new() -> Self {
        let mut places = places().await;
        let at = listener().await;
        let here = format!("http://{}", at.local_addr().unwrap());
        let mut school = Bench::at(at, servers(), &format!("public_address = \"{here}\"\n")).await;
        school.person(WHO, Role::Administrator, None).await;
        places.key = added(&places.district, "Valley School", &here).await;
        std::mem::replace(&mut places.school, school).stop().await;
        let district = places.district.origin.clone();
        let entered = Self { places, district };
        entered.service(&entered.district).await;
        entered
    }

    async fn service(&self, address: &str) {
        let fields = format!("service_address={address}&service_key={}", self.places.key);
        let saved = self.places.school.post(WHO, &format!("{PAGE}/service"), &fields).await;
        assert_eq!(saved.status, 303, "{}", saved.text);
    }

    async fn client(&self, id: &str) {
        let fields = format!("client_id={id}&client_secret=x");
        let saved = self.places.school.post(WHO, &format!("{PAGE}/client"), &fields).await;
        assert_eq!(saved.status, 303, "{}", saved.text);
    }

    /// Nobody is asked, and it is said.
    async fn waits(&self, said: &[&str]) {
        let none = self.places.school.app.accounts.shown(GOOGLE).await.err().unwrap();
        assert_eq!(none.reason, Reason::OtherClient, "{}", none.text);
        let account = self.places.school.app.accounts.account(GOOGLE).await.unwrap().unwrap();
        assert_eq!((account.signed_out_at, account.failed), (None, None));
        let page = self.places.school.get(WHO, PAGE).await.text;
        for part in said
            .iter()
            .chain(&["nothing of that sign-in is sent", &format!("the sign-in service at {}", self.district)])
        {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}

#[tokio::test]
async fn tokens_are_shown_to_nobody_but_who_gave_them() {
    let entered = Box::pin(Entered::new()).await;
    let came = {
        let (cookie, to) = entered.places.begun().await;
        let page = entered.places.at_district(&to, "").await;
        let on = format!("{}{}", entered.district, on(&page.text));
        let there = entered.places.at_district(&on, &kept(&page)).await.header("location").to_owned();
        let home = entered.places.returned(&kept(&page), &there, &Person::new(LIBRARY)).await;
        entered.places.home(&home, &cookie).await
    };
    assert!(came.header("location").ends_with("done=account_connected"), "{}", came.text);
    let accounts = entered.places.school.app.accounts.clone();
    let first = accounts.shown(GOOGLE).await.unwrap();

    // Another service: nobody even knocks there.
    let another = listener().await;
    let address = format!("http://{}", another.local_addr().unwrap());
    entered.service(&address).await;
    entered.waits(&[&address]).await;
    entered.places.school.pass(120);
    entered.waits(&[&address]).await;
    let told = async || alarmed(&entered.places.school, AlarmKind::SignIn).await;
    // Whoever looks after what is idle says so; it is woken by the clock.
    while told().await.is_none() {
        entered.places.school.pass(60);
        tokio::task::yield_now().await;
    }
    let text = told().await.unwrap();
    assert!(text.contains("Sign in again") && text.contains(&address), "{text}");

    // A client of our own, of which the provider would say that the token is none.
    entered.client("another").await;
    entered.waits(&["by the client id another"]).await;
    entered.client("").await;
    assert_eq!(entered.places.provider.refreshes(), 0);
    assert!(nobody_knocks(&another).await, "nothing was sent there");

    // Set back, it works as before.
    entered.service(&entered.district).await;
    let next = accounts.shown(GOOGLE).await.unwrap();
    assert_ne!(*next.token, *first.token, "that one has ended meanwhile");
    assert_eq!(entered.places.provider.refreshes(), 1);
    assert!(!entered.places.school.get(WHO, PAGE).await.text.contains("nothing of that sign-in is sent"));

    // Who disconnects meanwhile tells nobody else either.
    entered.service(&address).await;
    let ended = accounts.disconnect(GOOGLE, store::Actor::CommandLine).await.unwrap();
    assert_eq!(ended, Revoked::NotAsked);
    assert!(nobody_knocks(&another).await && entered.places.provider.revoked().is_empty());
    entered.places.stop().await;
}

/// Whether nobody has knocked.
async fn nobody_knocks(listener: &TcpListener) -> bool {
    tokio::select! {
        biased;
        _ = listener.accept() => false,
        () = tokio::task::yield_now() => true,
    }
}

/// What was begun with one service is not fetched at another.
#[tokio::test]
async fn what_is_begun_ends_where_it_was_begun() {
    let entered = Box::pin(Entered::new()).await;
    let (cookie, to) = entered.places.begun().await;
    let page = entered.places.at_district(&to, "").await;
    let on = format!("{}{}", entered.district, on(&page.text));
    let there = entered.places.at_district(&on, &kept(&page)).await.header("location").to_owned();
    let home = entered.places.returned(&kept(&page), &there, &Person::new(LIBRARY)).await;
    entered.client("another").await;
    assert_eq!(entered.places.home(&home, &cookie).await.status, 422);
    entered.places.stop().await;
}

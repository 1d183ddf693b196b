//! What a provider or its mail server says against a token: what mail does then, and what people are told.

use std::time::Duration;

use bookpost::{
    config::Provider,
    preferences::mail_accounts::{AccountError, Back, Came},
};
use mail::{Reason, clock::Clock as _};
use serde_json::json;
use store::AlarmKind;
use testkit::{provider::Person, sink::At};

use crate::{
    bench::{SLEEPERS, always},
    mail_accounts::{GOOGLE, LIBRARY, ME, MINUTE, Place, place},
};

impl Place {
    /// What is told while mail leaves still.
    async fn early_alarm(&self) -> Option<String> {
        let alarms = self.bench.open_alarms().await.into_iter();
        let mut early =
            alarms.filter(|(kind, subject, _)| (*kind, &**subject) == (AlarmKind::SignIn, "google.client"));
        early.next().map(|one| one.2)
    }
}

/// A secret that has run out: mail leaves as long as it can, and a person has that time.
#[tokio::test]
async fn while_the_client_is_refused_mail_leaves_as_long_as_the_token_does() {
    for error in ["invalid_client", "unauthorized_client"] {
        let place = place(true).await;
        place.connect().await;
        place.fake.answers(401, json!({ "error": error }));
        place.bench.pass(Duration::from_secs(46)).await;
        place.bench.accept(&["now@example.org"]).await;
        place.bench.quiet().await;
        assert_eq!((place.delivered().await, place.fake.refreshes()), (1, 1), "{error}");
        let told = place.early_alarm().await.unwrap();
        assert!(told.contains("client id and secret") && told.contains("Mail still leaves"), "{told}");
        assert_eq!(place.alarm().await, None, "{error}");
        // Past its end: mail waits, for that reason.
        place.bench.pass(MINUTE).await;
        place.bench.accept(&["later@example.org"]).await;
        place.bench.quiet().await;
        assert_eq!((place.delivered().await, place.fake.refreshes()), (1, 1), "{error}");
        assert!(place.alarm().await.unwrap().contains(Reason::ClientRefused.plain_words()), "{error}");
        place.bench.pass(10 * MINUTE).await;
        assert_eq!((place.delivered().await, place.early_alarm().await), (2, None), "{error}");
        assert_eq!(place.alarm().await, None, "{error}");
    }
}

/// It is told before mail is to be sent, and is over when the provider knows us again, though nothing was sent.
#[tokio::test]
async fn a_client_that_is_refused_while_nothing_is_sent_is_told_until_it_is_not() {
    let place = place(true).await;
    place.connect().await;
    for _ in 0..20 {
        place.fake.answers(401, json!({ "error": "invalid_client" }));
    }
    place.bench.pass_in_steps(Duration::from_hours(26), Duration::from_mins(30)).await;
    assert!(place.early_alarm().await.unwrap().contains("client id and secret"));
    place.bench.pass_in_steps(Duration::from_hours(48), Duration::from_mins(30)).await;
    assert_eq!((place.early_alarm().await, place.alarm().await), (None, None));
}

/// It may have ended before its time, which the provider knows: nobody is told where there is another.
#[tokio::test]
async fn a_token_that_the_server_does_not_take_is_replaced_and_nobody_hears_of_it() {
    let place = place(false).await;
    place.connect().await;
    place.fake.spend();
    place.bench.accept_many(20).await;
    place.bench.quiet().await;
    place.each_once(20);
    let all = place.bench.alarms(false).await;
    assert!(all.iter().all(|(kind, ..)| *kind != AlarmKind::SignIn), "{all:?}");
    assert_eq!(place.fake.refreshes(), 1);
}

/// Each is an answer to a token that the provider has given a moment before, and what is told of it.
#[tokio::test]
async fn of_a_server_that_takes_no_token_it_is_told_why() {
    for (reply, reason, refreshes) in [
        ("535 5.7.8 Username and Password not accepted", Reason::TokenRefused, 1),
        ("535 5.7.3 Authentication unsuccessful", Reason::TokenRefused, 1),
        ("550 5.7.30 Basic authentication is not supported for Client Submission", Reason::TokenRefused, 1),
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
            Reason::SmtpAuthOff,
            1,
        ),
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox",
            Reason::SmtpAuthOff,
            1,
        ),
        ("535 5.7.139 Authentication unsuccessful, the user is locked", Reason::TokenRefused, 1),
        ("432 4.3.2 STOREDRV.ClientSubmit; busy", Reason::SignInUnavailable, 0),
        ("454 4.7.0 Temporary authentication failure", Reason::SignInUnavailable, 0),
    ] {
        let place = place(false).await;
        place.connect().await;
        place.sink.set_rules(vec![always(At::Auth, reply)]);
        place.bench.accept_many(1).await;
        place.bench.pass(Duration::from_secs(30)).await;
        assert_eq!(place.fake.refreshes(), refreshes, "{reply}");
        let alarms = place.bench.open_alarms().await;
        let told =
            |(_, of, text): &(_, String, String)| of == "google" && text.contains(reason.plain_words());
        assert!(alarms.iter().any(told), "{reply}: {alarms:?}");
        let account = place.bench.app.accounts.account(GOOGLE).await.unwrap().unwrap();
        assert_eq!(account.signed_out_at, None, "{reply}");
        place.sink.set_rules(Vec::new());
        place.bench.pass(2 * MINUTE).await;
        place.each_once(1);
    }
}

/// Of a server that takes none at all the provider is not asked each time.
#[tokio::test]
async fn a_server_that_takes_no_token_is_not_believed_each_time() {
    let place = place(false).await;
    place.connect().await;
    place.sink.set_rules(vec![always(At::Auth, "535 5.7.8 no")]);
    place.bench.accept_many(1).await;
    place.bench.pass_in_steps(Duration::from_secs(44), Duration::from_secs(1)).await;
    assert_eq!(place.fake.refreshes(), 1);
    // One that has passed three quarters of its time is replaced whatever servers say.
    place.bench.pass_in_steps(9 * MINUTE, Duration::from_secs(10)).await;
    let by_time = place.fake.refreshes();
    assert!(by_time <= 13, "{by_time}");
    place.sink.set_rules(Vec::new());
    place.bench.pass(10 * MINUTE).await;
    place.each_once(1);
    assert_eq!(place.alarm().await, None);
}

/// A sign-in and the next token of the one before are asked for one after the other.
#[tokio::test]
async fn nobody_asks_beside_a_sign_in() {
    let place = place(true).await;
    place.connect().await;
    place.bench.clock.advance(2 * MINUTE);
    let accounts = place.bench.app.accounts.clone();
    let begun = accounts.begin(GOOGLE, ME).await.unwrap();
    let (code, state) = place.fake.agree(&begun.to, &Person::new(LIBRARY)).unwrap();
    place.fake.hold(true);
    let back = Back { code, state, ..Back::default() };
    let coming = {
        let accounts = accounts.clone();
        tokio::spawn(async move { accounts.end(&begun.kept, &back, &ME).await.map(|_| ()) })
    };
    place.fake.asked(2).await;
    let sending = tokio::spawn(async move { accounts.shown(GOOGLE).await.map(|shown| shown.token) });
    tokio::select! {
        () = place.fake.asked(3) => panic!("two ask at once"),
        () = idle() => {}
    }
    place.fake.hold(false);
    coming.await.unwrap().unwrap();
    let shown = sending.await.unwrap().unwrap();
    assert!(place.fake.live().iter().any(|(_, token)| *token == *shown));
    assert_eq!(place.fake.refreshes(), 0);
}

/// Whatever can be done without time passing is done.
async fn idle() {
    for _ in 0..20_000 {
        tokio::task::yield_now().await;
    }
}

/// Who waits for one that died while it asked goes on as soon as somebody has signed in, and keeps nobody from it.
#[tokio::test]
async fn who_waits_for_another_to_ask_is_woken_when_there_is_a_token() {
    let place = place(false).await;
    place.connect().await;
    let (dying, after) = place.dying().await;
    let waits = after.app.accounts.clone();
    let waiting = tokio::spawn(async move { waits.shown(GOOGLE).await.map(|_| ()) });
    after.clock.wait_for_sleepers(SLEEPERS + 1).await;
    place.fake.hold(false);
    assert!(dying.await.unwrap());
    let began_at = after.clock.now();
    let begun = after.app.accounts.begin(GOOGLE, ME).await.unwrap();
    let (code, state) = place.fake.agree(&begun.to, &Person::new(LIBRARY)).unwrap();
    let back = Back { code, state, ..Back::default() };
    after.app.accounts.end(&begun.kept, &back, &ME).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert_eq!((after.clock.now(), place.fake.refreshes()), (began_at, 1));
}

#[tokio::test]
async fn a_provider_that_says_it_is_another_is_not_gone_to() {
    for (name, value, said) in [
        ("issuer", "https://login.else.example", "another provider"),
        ("token_endpoint", "http://login.else.example/token", "not encrypted"),
        ("authorization_endpoint", "http://login.else.example/authorize", "not encrypted"),
        ("userinfo_endpoint", "http://login.else.example/userinfo", "not encrypted"),
        ("revocation_endpoint", "ftp://login.else.example/revoke", "not encrypted"),
        ("device_authorization_endpoint", "http://login.else.example/device", "not encrypted"),
    ] {
        let place = place(false).await;
        place.fake.introduces(name, json!(value));
        let refused = place.bench.app.accounts.begin(GOOGLE, ME).await.err().unwrap();
        assert!(
            matches!(&refused, AccountError::Provider(why) if why.contains(said) && why.contains(value)),
            "{name}: {refused}"
        );
    }
}

/// It names the account by another claim than others do, to those only who ask for it.
#[tokio::test]
async fn an_account_at_microsoft_is_known_by_its_user_name() {
    let microsoft = Provider::Microsoft;
    let place = place(true).await;
    place.fake.as_microsoft();
    let mut config = (*place.bench.app.settings.now()).clone();
    config.providers[0].provider = microsoft;
    place.bench.app.settings.replace(config);
    let accounts = &place.bench.app.accounts;
    let begun = accounts.begin(microsoft, ME).await.unwrap();
    let (code, state) = place.fake.agree(&begun.to, &Person::new(LIBRARY)).unwrap();
    let came = accounts.end(&begun.kept, &Back { code, state, ..Back::default() }, &ME).await.unwrap();
    assert_eq!(came, Came::Connected { provider: microsoft, account: LIBRARY.to_owned() });
    assert_eq!(accounts.shown(microsoft).await.unwrap().user, LIBRARY);
}

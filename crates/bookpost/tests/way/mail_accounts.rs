//! Mail leaves by the account of whoever has signed in at the provider, for as long as the provider says so.

use std::{sync::Arc, time::Duration};

use bookpost::{
    config::{Audience, Config, MailProvider, Provider, Server},
    preferences::mail_accounts::{AccountError, Back, Came, LASTS, Revoked},
};
use mail::{Reason, clock::Clock as _};
use serde_json::json;
use store::{Actor, AlarmKind, PersonId};
use testkit::{
    provider::{CLIENT, Person, Provider as Fake},
    sink::{Settings, Sink},
};

use tokio::task::JoinHandle;

use crate::bench::{Bench, patron};

pub(crate) const GOOGLE: Provider = Provider::Google;
pub(crate) const LIBRARY: &str = "library@school.example";
pub(crate) const MAIL: &str = "https://mail.google.com/";
pub(crate) const ME: Actor = Actor::CommandLine;

pub(crate) struct Place {
    pub(crate) bench: Bench,
    pub(crate) fake: Fake,
    pub(crate) sink: Sink,
}

/// Tokens last for a minute.
pub(crate) async fn place(rotates: bool) -> Place {
    place_of(rotates, None).await
}

async fn place_of(rotates: bool, audience: Option<Audience>) -> Place {
    let fake = Fake::start(rotates, 60).await.unwrap();
    let settings = Settings { provider: Some(fake.clone()), keep_bytes: true, ..Settings::default() };
    let sink = Sink::start(settings).await.unwrap();
    let server = server(&sink);
    let bench = Bench::start_with(vec![Arc::clone(&server)], |config| {
        set_up(config, fake.issuer(), server);
        config.providers.iter_mut().for_each(|one| one.audience = audience);
    })
    .await;
    Place { bench, fake, sink }
}

pub(crate) fn server(sink: &Sink) -> Arc<Server> {
    let plain = Server::plain("google", sink.address());
    Arc::new(Server { sign_in: Some(GOOGLE), password_on_plain: true, ..plain })
}

pub(crate) fn set_up(config: &mut Config, issuer: String, server: Arc<Server>) {
    config.providers = vec![MailProvider {
        service: None,
        provider: GOOGLE,
        client_id: CLIENT.0.to_owned(),
        client_secret: CLIENT.1.to_owned().into(),
        tenant: "common".to_owned(),
        audience: None,
        issuer: Some(issuer),
        server,
    }];
}

impl Place {
    pub(crate) async fn sign_in(&self, person: &Person) -> Result<Came, AccountError> {
        let begun = self.bench.app.accounts.begin(GOOGLE, ME).await?;
        let (code, state) = self.fake.agree(&begun.to, person).unwrap();
        let back = Back { code, state, ..Back::default() };
        self.bench.app.accounts.end(&begun.kept, &back, &ME).await
    }

    pub(crate) async fn connect(&self) {
        let account = LIBRARY.to_owned();
        let came = self.sign_in(&Person::new(LIBRARY)).await.unwrap();
        assert_eq!(came, Came::Connected { provider: GOOGLE, account });
    }

    /// Somebody asks for the next token, and their process dies before there is an answer: whoever asked, and what is started after it.
    pub(crate) async fn dying(&self) -> (JoinHandle<bool>, Bench) {
        self.bench.clock.advance(2 * MINUTE);
        self.fake.hold(true);
        let accounts = self.bench.app.accounts.clone();
        let dying = tokio::spawn(async move { accounts.shown(GOOGLE).await.is_ok() });
        self.fake.asked(2).await;
        (dying, self.bench.after_a_crash(vec![server(&self.sink)]).await)
    }

    pub(crate) async fn delivered(&self) -> u64 {
        self.bench.counts().await.delivered
    }

    pub(crate) async fn alarm(&self) -> Option<String> {
        let alarms = self.bench.open_alarms().await;
        alarms
            .into_iter()
            .find(|(kind, subject, _)| (*kind, &**subject) == (AlarmKind::SignIn, "google"))
            .map(|one| one.2)
    }

    /// Each patron got one mail.
    pub(crate) fn each_once(&self, patrons: usize) {
        let mut taken: Vec<_> = self.sink.taken().into_iter().flat_map(|one| one.to).collect();
        taken.sort();
        let mut all: Vec<_> = (0..patrons).map(patron).collect();
        all.sort();
        assert_eq!(taken, all);
    }
}

pub(crate) const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn mail_waits_for_somebody_to_sign_in_and_leaves_by_their_account() {
    let place = place(false).await;
    place.bench.accept_many(3).await;
    place.bench.quiet().await;
    assert_eq!(place.delivered().await, 0);
    assert!(place.alarm().await.unwrap().contains("Nobody has signed in"));
    place.connect().await;
    place.bench.pass(MINUTE).await;
    place.each_once(3);
    assert_eq!((place.alarm().await, place.delivered().await), (None, 3));
    let account = place.bench.app.accounts.account(GOOGLE).await.unwrap().unwrap();
    assert_eq!((&*account.account, &account.connected_by), (LIBRARY, &ME));
}

/// A token ends while mail is sent: the next is asked for once, ahead of that, and connections that showed the first take no more mail.
#[tokio::test]
async fn a_token_that_ends_while_mail_is_sent_loses_and_doubles_nothing() {
    let place = place(true).await;
    place.connect().await;
    let mut sent = 0;
    for round in 0..5 {
        let messages =
            (sent..sent + 20).map(|n| crate::bench::message(&[&patron(n)], place.bench.clock.now()));
        place.bench.app.receiver.accept(messages.collect()).await.unwrap();
        sent += 20;
        place.bench.quiet().await;
        assert_eq!(place.fake.refreshes(), round, "once for each minute in which mail is sent");
        place.bench.pass(MINUTE).await;
    }
    place.each_once(100);
    assert_eq!(place.alarm().await, None);
}

#[tokio::test]
async fn a_connection_that_showed_the_token_of_before_takes_no_more_mail() {
    let place = place(false).await;
    place.connect().await;
    place.bench.accept_many(1).await;
    place.bench.quiet().await;
    // The connection is open still; the token that it showed is to be replaced by now.
    place.bench.clock.advance(Duration::from_secs(46));
    place.bench.accept(&["late@example.org"]).await;
    place.bench.quiet().await;
    let connections: Vec<_> = place.sink.taken().iter().map(|one| one.connection).collect();
    assert_eq!((connections.len(), place.fake.refreshes()), (2, 1));
    assert_ne!(connections[0], connections[1]);
}

/// Nobody is returned, the provider is not asked again and again, and all leaves once somebody has signed in anew.
#[tokio::test]
async fn when_the_provider_ends_the_sign_in_mail_waits_for_another() {
    let place = place(true).await;
    place.connect().await;
    place.fake.revoke();
    place.bench.pass(MINUTE).await;
    place.bench.accept_many(5).await;
    place.bench.pass(60 * MINUTE).await;
    assert_eq!((place.delivered().await, place.bench.counts().await.waiting), (0, 5));
    assert!(place.alarm().await.unwrap().contains("has signed us out"));
    assert_eq!(place.fake.refreshes(), 1);
    place.connect().await;
    place.bench.pass(2 * MINUTE).await;
    place.bench.pass(10 * MINUTE).await;
    place.each_once(5);
    assert_eq!(place.alarm().await, None);
}

/// A provider that cannot be asked has said nothing of the sign-in.
#[tokio::test]
async fn a_provider_that_serves_nobody_ends_no_sign_in() {
    let temporarily = json!({ "error": "temporarily_unavailable" });
    let place = place(true).await;
    for (status, body) in [(503, json!({})), (429, json!({})), (500, json!({})), (400, temporarily)] {
        place.connect().await;
        place.fake.answers(status, body);
        // Past the time at which the next is asked for, before the end of this one: mail leaves.
        place.bench.pass(Duration::from_secs(46)).await;
        let (before, asked) = (place.delivered().await, place.fake.refreshes());
        place.bench.accept(&["now@example.org"]).await;
        place.bench.quiet().await;
        assert_eq!((place.delivered().await, place.fake.refreshes()), (before + 1, asked + 1), "{status}");
        place.bench.pass(2 * MINUTE).await;
        place.fake.answers(status, json!({}));
        // Past its end: mail waits until there is one.
        place.bench.accept(&["later@example.org"]).await;
        place.bench.quiet().await;
        let account = place.bench.app.accounts.account(GOOGLE).await.unwrap().unwrap();
        assert_eq!(account.signed_out_at, None, "{status}");
        place.bench.pass(10 * MINUTE).await;
        assert_eq!(place.delivered().await, before + 2, "{status}");
    }
}

/// Each is a word of the provider, what follows, and what people are told.
#[tokio::test]
async fn what_the_provider_says_has_its_consequence() {
    for (status, error, reason) in [
        (400, "invalid_grant", Reason::SignedOut),
        (400, "interaction_required", Reason::SignedOut),
        (401, "invalid_client", Reason::ClientRefused),
        (400, "unauthorized_client", Reason::ClientRefused),
        (400, "invalid_scope", Reason::ClientRefused),
        (400, "temporarily_unavailable", Reason::SignInUnavailable),
        (403, "rateLimitExceeded", Reason::SignInUnavailable),
        (403, "userRateLimitExceeded", Reason::SignInUnavailable),
        (403, "dailyLimitExceeded", Reason::SignInUnavailable),
        (400, "slow_down", Reason::SignInUnavailable),
        (429, "rate_limit", Reason::SignInUnavailable),
        (429, "invalid_grant", Reason::SignInUnavailable),
        (500, "invalid_client", Reason::SignInUnavailable),
        (503, "backendError", Reason::SignInUnavailable),
    ] {
        let place = place(false).await;
        place.connect().await;
        place.bench.clock.advance(2 * MINUTE);
        place.fake.answers(status, json!({ "error": error }));
        let refused = place.bench.app.accounts.shown(GOOGLE).await.err().unwrap();
        assert_eq!(refused.reason, reason, "{error}");
        let ended = place.bench.app.accounts.account(GOOGLE).await.unwrap().unwrap().signed_out_at;
        assert_eq!(ended.is_some(), reason == Reason::SignedOut, "{error}");
    }
}

/// What another provider says, or leads back, connects nothing: its code would be shown to this one (RFC 9207), and its word believed.
#[tokio::test]
async fn only_the_provider_that_was_asked_is_heard() {
    let place = place(false).await;
    let comes = async |iss: &str| {
        let begun = place.bench.app.accounts.begin(GOOGLE, ME).await.unwrap();
        let (code, state) = place.fake.agree(&begun.to, &Person::new(LIBRARY)).unwrap();
        let back = Back { code, state, iss: iss.to_owned(), ..Back::default() };
        place.bench.app.accounts.end(&begun.kept, &back, &ME).await
    };
    let (itself, evil) = (place.fake.issuer(), "https://evil.example");
    assert!(
        matches!(comes(evil).await, Err(AccountError::Provider(_))),
        "though it does not say that it would"
    );
    place.fake.introduces("authorization_response_iss_parameter_supported", json!(true));
    for iss in ["", evil] {
        assert!(matches!(comes(iss).await, Err(AccountError::Provider(_))), "{iss}");
    }
    place.fake.signs_as(evil);
    assert!(matches!(comes(&itself).await, Err(AccountError::Provider(_))));
    assert_eq!(place.bench.app.accounts.account(GOOGLE).await.unwrap(), None);
    place.fake.signs_as(&itself);
    assert!(matches!(comes(&itself).await, Ok(Came::Connected { .. })));
}

/// Of a provider that ends a sign-in of which an old token comes again.
#[tokio::test]
async fn sixty_at_once_are_one_refresh() {
    let place = place(true).await;
    place.connect().await;
    for round in 1..=3 {
        place.bench.clock.advance(2 * MINUTE);
        let ask = || {
            let accounts = place.bench.app.accounts.clone();
            tokio::spawn(async move {
                let mut all = Vec::new();
                for _ in 0..3 {
                    all.push(accounts.shown(GOOGLE).await.unwrap().token.to_string());
                }
                all
            })
        };
        let asking: Vec<_> = (0..20).map(|_| ask()).collect();
        let mut tokens = Vec::new();
        for one in asking {
            tokens.extend(one.await.unwrap());
        }
        tokens.sort();
        tokens.dedup();
        assert_eq!((tokens.len(), place.fake.refreshes()), (1, round));
    }
}

/// Whoever asks and goes away, as a connection that is given up, takes the next token with them to nobody.
#[tokio::test]
async fn what_is_asked_for_is_stored_whoever_has_gone() {
    let place = place(true).await;
    place.connect().await;
    place.bench.clock.advance(2 * MINUTE);
    place.fake.hold(true);
    let accounts = place.bench.app.accounts.clone();
    let gone = tokio::spawn(async move { accounts.shown(GOOGLE).await.is_ok() });
    place.fake.asked(2).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    place.fake.hold(false);
    let shown = place.bench.app.accounts.shown(GOOGLE).await.unwrap();
    assert!(place.fake.live().iter().any(|(_, token)| *token == *shown.token));
    assert_eq!(place.fake.refreshes(), 1);
}

/// Who was asking when the process died may have been heard: nobody asks beside them, and then one does.
#[tokio::test]
async fn after_a_sudden_end_one_asks_when_the_time_of_the_one_before_is_over() {
    let place = place(false).await;
    place.connect().await;
    let (dying, after) = place.dying().await;
    let accounts = after.app.accounts.clone();
    let waiting = tokio::spawn(async move { accounts.shown(GOOGLE).await.map(|_| ()) });
    after.clock.wait_for_sleepers(crate::bench::SLEEPERS + 1).await;
    after.clock.advance(Duration::from_secs(29));
    after.clock.wait_for_sleepers(crate::bench::SLEEPERS + 1).await;
    after.clock.advance(Duration::from_secs(1));
    place.fake.asked(3).await;
    place.fake.hold(false);
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert!(dying.await.unwrap());
    assert_eq!(place.fake.refreshes(), 2, "one by each");
}

#[tokio::test]
async fn without_the_box_for_mail_nobody_is_connected() {
    let place = place(false).await;
    let unticks = Some(MAIL.to_owned());
    let refused = place.sign_in(&Person { unticks, ..Person::new(LIBRARY) }).await.unwrap_err();
    assert!(matches!(refused, AccountError::BoxUnticked { .. }), "{refused}");
    assert!(place.bench.app.accounts.account(GOOGLE).await.unwrap().is_none());
    place.connect().await;
}

#[tokio::test]
async fn another_account_than_before_is_asked_about_first() {
    let place = place(false).await;
    place.connect().await;
    let other = "anna@school.example".to_owned();
    let came = place.sign_in(&Person::new(&other)).await.unwrap();
    let before = LIBRARY.to_owned();
    assert_eq!(came, Came::Another { provider: GOOGLE, account: other.clone(), before });
    let accounts = &place.bench.app.accounts;
    assert_eq!(accounts.account(GOOGLE).await.unwrap().unwrap().account, LIBRARY);
    let somebody = Actor::Person { id: PersonId(7), name: "Eve".parse().unwrap() };
    assert!(matches!(accounts.confirm(GOOGLE, &somebody).await, Err(AccountError::Stale)));
    assert!(matches!(accounts.confirm(Provider::Microsoft, &ME).await, Err(AccountError::Stale)));
    accounts.confirm(GOOGLE, &ME).await.unwrap();
    assert_eq!(accounts.account(GOOGLE).await.unwrap().unwrap().account, other);
    assert!(matches!(accounts.confirm(GOOGLE, &ME).await, Err(AccountError::Stale)), "once");
    // Nor is a yes of much later one to this.
    place.sign_in(&Person::new(LIBRARY)).await.unwrap();
    place.bench.clock.advance(LASTS + Duration::from_secs(1));
    assert!(matches!(accounts.confirm(GOOGLE, &ME).await, Err(AccountError::Stale)), "too late");
    assert_eq!(accounts.account(GOOGLE).await.unwrap().unwrap().account, other);
}

/// What comes back belongs to whoever began it, in the browser where they did, and is of use once.
#[tokio::test]
async fn what_others_bring_back_connects_nothing() {
    let place = place(false).await;
    let accounts = &place.bench.app.accounts;
    let begin = async || {
        let begun = accounts.begin(GOOGLE, ME).await.unwrap();
        let (code, state) = place.fake.agree(&begun.to, &Person::new("eve@else.example")).unwrap();
        (begun.kept, Back { code, state, ..Back::default() })
    };
    let stale = async |kept: &str, back: &Back, who: &Actor| {
        matches!(accounts.end(kept, back, who).await, Err(AccountError::Stale))
    };
    let ((kept, back), (other_kept, other_back)) = (begin().await, begin().await);
    let somebody = Actor::Person { id: PersonId(7), name: "Eve".parse().unwrap() };
    assert!(stale("", &back, &ME).await, "in another browser");
    assert!(stale(&kept[1..], &back, &ME).await);
    assert!(stale(&other_kept, &back, &ME).await, "by another sign-in");
    assert!(stale(&kept, &other_back, &ME).await);
    assert!(stale(&kept, &Back { state: String::new(), ..back.clone() }, &ME).await);
    assert!(stale(&kept, &back, &somebody).await, "by somebody else");
    // A code that somebody else was given, brought in with the right state: their verifier is not ours.
    let injected = Back { code: other_back.code, ..back.clone() };
    let refused = accounts.end(&kept, &injected, &ME).await.unwrap_err();
    assert!(matches!(&refused, AccountError::NoCode(said) if said.contains("verifier")), "{refused}");
    let denied = Back { error: "access_denied".to_owned(), state: back.state.clone(), ..Back::default() };
    assert!(matches!(accounts.end(&kept, &denied, &ME).await, Err(AccountError::Denied(_))));
    assert!(stale(&kept, &Back { state: "x".to_owned(), ..denied }, &ME).await);
    assert!(accounts.account(GOOGLE).await.unwrap().is_none());
    accounts.end(&kept, &back, &ME).await.unwrap();
    let again = accounts.end(&kept, &back, &ME).await;
    assert!(matches!(again, Err(AccountError::NoCode(_))), "a code is good once");
    let (kept, back) = begin().await;
    place.bench.clock.advance(16 * MINUTE);
    assert!(stale(&kept, &back, &ME).await, "too late");
}

/// Whoever does not say that another account is meant, begins again or has somebody disconnect leaves nothing that is good at the provider.
#[tokio::test]
async fn a_sign_in_that_comes_to_no_end_is_over_at_the_provider() {
    let place = place(false).await;
    let (anna, bob) = (Person::new("anna@school.example"), Person::new("bob@school.example"));
    let accounts = &place.bench.app.accounts;
    place.connect().await;
    let good = || {
        let mut good = place.fake.grants();
        good.sort();
        good
    };
    place.sign_in(&anna).await.unwrap();
    assert_eq!(good(), [&*anna.account, LIBRARY]);
    place.sign_in(&anna).await.unwrap();
    assert_eq!(good(), [&*anna.account, LIBRARY], "once more, by the same account");
    place.sign_in(&bob).await.unwrap();
    assert_eq!(good(), [&*bob.account, LIBRARY], "by another one");
    place.bench.pass_in_steps(LASTS + MINUTE, MINUTE).await;
    assert_eq!(good(), [LIBRARY], "too late");
    place.sign_in(&anna).await.unwrap();
    place.fake.forget(LIBRARY);
    place.connect().await;
    assert_eq!(good(), [LIBRARY], "by the account of before");
    place.sign_in(&anna).await.unwrap();
    accounts.disconnect(GOOGLE, ME).await.unwrap();
    assert_eq!(good(), [""; 0], "nobody is connected any more");
    place.connect().await;
    place.sign_in(&anna).await.unwrap();
    place.bench.app.stop().await.unwrap();
    assert_eq!(place.fake.grants(), [LIBRARY], "the service has ended");
}

/// What comes back too late, or is never asked about, is shown to nobody: the provider gives nothing for it.
#[tokio::test]
async fn what_comes_too_late_is_never_redeemed() {
    let place = place(false).await;
    let accounts = &place.bench.app.accounts;
    let begun = accounts.begin(GOOGLE, ME).await.unwrap();
    let (code, state) = place.fake.agree(&begun.to, &Person::new(LIBRARY)).unwrap();
    let typed = accounts.begin_with_code(GOOGLE, ME).await.unwrap();
    assert!(place.fake.types(&typed.code, &Person::new(LIBRARY)));
    place.bench.pass_in_steps(LASTS + MINUTE, MINUTE).await;
    let back = Back { code, state, ..Back::default() };
    assert!(matches!(accounts.end(&begun.kept, &back, &ME).await, Err(AccountError::Stale)));
    let asked = accounts.ask_with_code(&typed.kept, &ME).await;
    assert!(matches!(asked, Err(AccountError::CodeEnded)));
    assert!(place.fake.grants().is_empty() && place.fake.live().is_empty());
}

#[tokio::test]
async fn who_disconnects_ends_the_sign_in_at_the_provider() {
    let place = place(false).await;
    place.connect().await;
    assert_eq!(place.bench.app.accounts.disconnect(GOOGLE, ME).await.unwrap(), Revoked::Yes);
    assert_eq!(place.fake.revoked().len(), 1);
    assert!(place.bench.app.accounts.account(GOOGLE).await.unwrap().is_none());
    let none = place.bench.app.accounts.disconnect(GOOGLE, ME).await.unwrap();
    assert_eq!(none, Revoked::NotAsked, "there is none");
    let refused = place.bench.app.accounts.shown(GOOGLE).await.err().unwrap();
    assert_eq!(refused.reason, Reason::NotSignedIn);
}

/// Though nothing is sent: a sign-in that is not used for months is ended by the provider.
#[tokio::test]
async fn a_sign_in_is_kept_alive_while_nothing_is_sent() {
    let place = place(true).await;
    place.connect().await;
    place.bench.pass_in_steps(Duration::from_hours(24 * 7), Duration::from_mins(30)).await;
    assert_eq!(place.fake.refreshes(), 6, "about once a day");
    place.fake.revoke();
    place.bench.pass_in_steps(Duration::from_hours(25), Duration::from_mins(30)).await;
    assert!(place.alarm().await.unwrap().contains("has signed us out"), "before mail is to be sent");
    place.connect().await;
    assert_eq!(place.alarm().await, None);
}

/// As for a client that stands at "Testing", and as where the provider was not reached for months: in good time, and once.
#[tokio::test]
async fn before_a_sign_in_ends_by_itself_a_person_is_told() {
    let (day, half_hour) = (Duration::from_hours(24), Duration::from_mins(30));
    let place = place(false).await;
    let told = async || {
        let alarms = place.bench.open_alarms().await;
        let mut of_it = alarms.into_iter().filter(|(kind, ..)| *kind == AlarmKind::SignInEnds);
        of_it.next().map(|(_, subject, text)| format!("{subject}: {text}"))
    };
    place.fake.ends_after(7 * 24 * 3600);
    place.connect().await;
    place.bench.pass_in_steps(half_hour * 238, half_hour).await;
    assert_eq!(told().await, None, "though it was renewed meanwhile");
    place.bench.pass_in_steps(4 * half_hour, half_hour).await;
    let text = told().await.unwrap();
    assert!(text.starts_with("google: Google: the sign-in of library@school.example ends on"), "{text}");
    assert!(text.contains("as Google said so when somebody signed in"), "{text}");
    place.fake.ends_after(180 * 24 * 3600);
    place.connect().await;
    assert_eq!(told().await, None, "somebody has signed in again");
    for _ in 0..50 {
        place.fake.answers(503, serde_json::json!({}));
    }
    place.bench.clock.advance(165 * day);
    place.bench.pass_in_steps(4 * half_hour, half_hour).await;
    assert_eq!(told().await, None);
    place.bench.clock.advance(day);
    place.bench.pass_in_steps(4 * half_hour, half_hour).await;
    let text = told().await.unwrap();
    assert!(
        text.contains("could not be asked to renew it for a long time") || text.contains("said so"),
        "{text}"
    );
}

/// Google need not say so with what it gives: it is set that the client stands at "Testing".
#[tokio::test]
async fn before_a_sign_in_of_a_client_in_testing_ends_a_person_is_told() {
    let half_hour = Duration::from_mins(30);
    let place = place_of(false, Some(Audience::Testing)).await;
    place.connect().await;
    let told = async || {
        let alarms = place.bench.open_alarms().await;
        alarms.into_iter().find(|(kind, ..)| *kind == AlarmKind::SignInEnds).map(|(_, _, text)| text)
    };
    place.bench.pass_in_steps(half_hour * 238, half_hour).await;
    assert_eq!(told().await, None);
    place.bench.pass_in_steps(4 * half_hour, half_hour).await;
    let text = told().await.unwrap();
    assert!(text.contains("as the client stands at \"Testing\" there"), "{text}");
}

/// Sealed with the installation's key; and nothing of them is printed.
#[tokio::test]
async fn no_token_of_an_account_is_in_the_files_of_the_queue() {
    let place = place(true).await;
    place.connect().await;
    place.bench.clock.advance(2 * MINUTE);
    place.bench.accept_many(1).await;
    place.bench.pass(MINUTE).await;
    let (live, account) = (place.fake.live(), place.bench.app.accounts.account(GOOGLE).await.unwrap());
    assert!(live.len() >= 2);
    let printed = format!("{account:?} {:?}", place.bench.app.settings.now());
    let mut files = vec![printed.into_bytes()];
    let mut folders = vec![place.bench.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                files.push(std::fs::read(path).unwrap());
            }
        }
    }
    let secrets = ["token-00", "later-00", CLIENT.1];
    for (secret, file) in secrets.iter().flat_map(|secret| files.iter().map(move |file| (secret, file))) {
        assert!(!file.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
}

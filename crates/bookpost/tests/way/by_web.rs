//! Mail leaves by a web service of the provider, which knows no envelope, under the rules that hold for mail servers.

use std::{io::Write as _, sync::Arc, time::Duration};

use bookpost::{
    app::steps::Step,
    config::{Config, Encryption, Limits, MailProvider, Provider, Server, Service},
    preferences::mail_accounts::{Back, Used},
};
use jiff::{SignedDuration, tz::TimeZone};
use mail::{Address, Envelope, Reason, Recipient};
use serde_json::json;
use store::{AlarmKind, State};
use tempfile::NamedTempFile;
use testkit::{
    certs::Authority,
    mail_service::{MailService, Says, Taken},
    provider::{CLIENT, Person, Provider as Fake},
    sink::Sink,
};

use crate::{
    bench::{self, Bench, message, patron},
    mail_accounts::{GOOGLE, LIBRARY, ME, MINUTE},
};

pub(crate) const ALL_MAIL: &str = "https%3A%2F%2Fmail.google.com%2F";
const SEND_ONLY: &str = "https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fgmail.send";

pub(crate) struct Web {
    pub(crate) bench: Bench,
    pub(crate) fake: Fake,
    pub(crate) service: MailService,
    provider: Provider,
    own: Option<Sink>,
    pub(crate) server: Arc<Server>,
    trusted: NamedTempFile,
}

impl Web {
    /// Somebody has signed in; their tokens last for so many seconds.
    pub(crate) async fn start(provider: Provider, lasts: u64, own: Option<Sink>) -> Self {
        let beside = own.as_ref().map(|own| bench::server("server1", own.address()));
        Self { own, ..Self::start_beside(provider, lasts, beside).await }
    }

    /// With this server behind it.
    pub(crate) async fn start_beside(provider: Provider, lasts: u64, beside: Option<Arc<Server>>) -> Self {
        Self::start_among(provider, lasts, |service| [service].into_iter().chain(beside).collect()).await
    }

    /// Among these servers, in their order.
    pub(crate) async fn start_among(
        provider: Provider,
        lasts: u64,
        all: impl FnOnce(Arc<Server>) -> Vec<Arc<Server>>,
    ) -> Self {
        Self::start_broken(provider, lasts, all, None).await
    }

    /// Where the attempts that come to a step first break there.
    pub(crate) async fn start_broken(
        provider: Provider,
        lasts: u64,
        all: impl FnOnce(Arc<Server>) -> Vec<Arc<Server>>,
        break_at: Option<(Step, u32)>,
    ) -> Self {
        let fake = Fake::start(true, lasts).await.unwrap();
        if provider == Provider::Microsoft {
            fake.as_microsoft();
        }
        let authority = Authority::new();
        let mut trusted = NamedTempFile::new().unwrap();
        trusted.write_all(authority.pem().as_bytes()).unwrap();
        let identity = authority.identity("127.0.0.1");
        let service = MailService::start(&fake, identity.server_config()).await.unwrap();
        let server = Arc::new(Server {
            encryption: Encryption::Tls,
            sign_in: Some(provider),
            service: Some(if provider == GOOGLE { Service::Gmail } else { Service::Graph }),
            ca_file: Some(trusted.path().to_owned()),
            limits: Limits { per_day: Some(2000), ..Limits::default() },
            ..Server::plain(provider.name(), service.address())
        });
        let issuer = Some(fake.issuer());
        let change = |config: &mut Config| {
            config.providers = vec![MailProvider {
                provider,
                client_id: CLIENT.0.to_owned(),
                client_secret: CLIENT.1.to_owned().into(),
                tenant: "common".to_owned(),
                audience: None,
                issuer,
                service: None,
                server: Arc::clone(&server),
            }];
        };
        let bench = Bench::start_broken(all(Arc::clone(&server)), change, break_at).await;
        let web = Self { bench, fake, service, provider, own: None, server, trusted };
        web.sign_in(SEND_ONLY).await;
        web
    }

    /// Ended cleanly, and started again when `other` has been at its folder.
    pub(crate) async fn after(self, other: impl AsyncFnOnce(&Config)) -> Self {
        let Self { bench, fake, service, provider, own, server, trusted } = self;
        Self { bench: bench.restart_after(other).await, fake, service, provider, own, server, trusted }
    }

    pub(crate) async fn gmail() -> Self {
        Self::start(GOOGLE, 600, None).await
    }

    /// With this in the place of the box that is asked for.
    pub(crate) async fn sign_in(&self, scope: &str) {
        let begun = self.bench.app.accounts.begin(self.provider, ME).await.unwrap();
        let address = begun.to.replace(SEND_ONLY, scope);
        let (code, state) = self.fake.agree(&address, &Person::new(LIBRARY)).unwrap();
        let back = Back { code, state, ..Back::default() };
        self.bench.app.accounts.end(&begun.kept, &back, &ME).await.unwrap();
    }

    pub(crate) fn each_once(&self, patrons: usize) {
        let mut to: Vec<_> = self.service.taken().into_iter().flat_map(|one| one.to).collect();
        to.sort();
        let mut all: Vec<_> = (0..patrons).map(patron).collect();
        all.sort();
        assert_eq!(to, all);
    }

    pub(crate) async fn send(&self, patrons: std::ops::Range<usize>) {
        let all: Vec<_> = patrons.map(patron).collect();
        self.bench.accept(&all.iter().map(String::as_str).collect::<Vec<_>>()).await;
        self.bench.quiet().await;
    }

    pub(crate) fn backup(&self) -> u64 {
        self.own.as_ref().unwrap().count()
    }
}

#[tokio::test]
async fn mail_leaves_with_the_narrow_box_and_the_services_name_for_it_is_kept() {
    for (provider, scope, name) in [
        (GOOGLE, "https://www.googleapis.com/auth/gmail.send", "200 taken; Gmail calls it 18c1"),
        (
            Provider::Microsoft,
            "https://graph.microsoft.com/Mail.Send",
            "202 taken; Microsoft calls the request 7f-1",
        ),
    ] {
        let web = Web::start(provider, 600, None).await;
        web.send(0..3).await;
        web.each_once(3);
        let account = web.bench.app.accounts.account(provider).await.unwrap().unwrap();
        let sending: Vec<_> = account.scopes.split(' ').filter(|one| one.starts_with("https")).collect();
        assert_eq!(sending, [scope]);
        let attempts = web.bench.attempts(&patron(0)).await;
        assert_eq!((attempts.len(), &*attempts[0].answer), (1, name));
        assert_eq!(web.service.taken()[0].account, LIBRARY);
    }
}

/// What was sent, and may have been, counts for a day; what was refused does not.
#[tokio::test]
async fn how_much_was_sent_today_is_known() {
    let web = Web::start(GOOGLE, 36_000, None).await;
    let used = async || web.bench.app.accounts.used(GOOGLE).await.unwrap().unwrap();
    assert_eq!(used().await, Used { count: 0, limit: Some(2000) });
    web.send(0..3).await;
    web.service.says(google(413, "uploadTooLarge", ""));
    web.send(3..4).await;
    web.service.says(Says::TakenAndCut);
    web.send(4..5).await;
    // With the report about the one that came back.
    let reports = web.service.taken().len() as u64 - 4;
    assert_eq!(used().await, Used { count: 4 + reports, limit: Some(2000) });
    web.bench.pass(MINUTE * 60 * 25).await;
    web.send(5..6).await;
    let left = used().await.count;
    assert_eq!((left, used().await.limit), (1, Some(2000)));
    assert_eq!(web.bench.app.accounts.used(Provider::Microsoft).await.unwrap(), None);
}

/// Tokens end while mail is sent, by time and before their time: each is replaced, and none of the mail is lost or comes twice.
#[tokio::test]
async fn five_hundred_leave_while_their_tokens_end() {
    let web = Web::start(GOOGLE, 30, None).await;
    for round in 0..10 {
        web.send(round * 50..(round + 1) * 50).await;
        if round == 4 {
            web.fake.spend();
        }
        web.bench.pass(Duration::from_secs(10)).await;
    }
    web.bench.pass(10 * MINUTE).await;
    web.each_once(500);
    assert_eq!(web.fake.refreshes(), 3, "two by time, one before its time");
    let all = web.bench.alarms(false).await;
    assert!(all.iter().all(|(kind, ..)| *kind != AlarmKind::SignIn), "{all:?}");
    assert_eq!(web.bench.counts().await.delivered, 500);
}

/// It is not sent again in silence, nor by the other server.
#[tokio::test]
async fn an_answer_that_is_lost_is_in_doubt_and_nobody_else_is_asked() {
    let of = |says: Says| match says {
        Says::No(status, body) => Says::Taken(status, body),
        other => other,
    };
    let lost = [
        Says::TakenAndCut,
        Says::Taken(200, json!({})),
        Says::Taken(302, json!({})),
        Says::Taken(400, json!("dailyLimitExceeded")),
        of(google(400, "badRequest", "who knows")),
        of(google(403, "nobodyKnows", "")),
        Says::Taken(413, json!({})),
        Says::Taken(429, json!({})),
        of(google(500, "backendError", "")),
        Says::Taken(502, json!({})),
        Says::Taken(504, json!({})),
    ];
    let microsofts = [Says::TakenAndCut, Says::Taken(502, json!({})), of(graph(400, "ErrorNobodyKnows"))];
    let lost = lost.map(|says| (says, GOOGLE)).into_iter();
    for (says, provider) in lost.chain(microsofts.map(|says| (says, Provider::Microsoft))) {
        let web = Web::start(provider, 600, Some(bench::sink(Vec::new()).await)).await;
        web.service.says(says.clone());
        web.send(0..1).await;
        assert_eq!((web.service.taken().len(), web.backup()), (1, 0), "{says:?}");
        let row = web.bench.row(&patron(0)).await;
        assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::AnswerUnknown)), "{says:?}");
        assert!(row.in_doubt_at.is_some());
        assert_eq!(web.service.looked(), [""; 0], "nobody has allowed that");
        // By the schedule, with the same bytes.
        web.bench.pass(10 * MINUTE).await;
        let taken = web.service.taken();
        assert_eq!((taken.len(), &taken[0].bytes), (2, &taken[1].bytes), "{says:?}");
    }
}

/// It says that it serves nobody, and not what became of the message: the message is in doubt, and the others go by the backup.
#[tokio::test]
async fn a_service_that_serves_nobody_may_have_taken_the_message() {
    for (provider, says) in
        [(GOOGLE, google(503, "backendError", "")), (Provider::Microsoft, graph(503, "serviceNotAvailable"))]
    {
        let Says::No(status, body) = says else { panic!() };
        let web = Web::start(provider, 600, Some(bench::sink(Vec::new()).await)).await;
        web.service.says(Says::Taken(status, body));
        web.send(0..1).await;
        assert_eq!((web.service.taken().len(), web.backup()), (1, 0));
        let row = web.bench.row(&patron(0)).await;
        assert_eq!((row.state, row.reason), (State::Waiting, Some(Reason::AnswerUnknown)));
        assert!(row.in_doubt_at.is_some());
        web.send(1..3).await;
        assert_eq!((web.service.taken().len(), web.backup()), (1, 2));
        assert_eq!(web.bench.open_alarms().await.len(), 2, "it serves nobody, and the backup sends");
    }
}

/// Whether one that was at fault is well again it is asked by what sends nothing.
#[tokio::test]
async fn no_mail_is_risked_at_a_service_that_serves_nobody() {
    let web = Web::gmail().await;
    web.service.always_says(Some(google(503, "backendError", "")));
    web.send(0..40).await;
    let in_doubt = async || web.bench.counts().await.ever_in_doubt;
    let before = in_doubt().await;
    assert!(before < 20, "{before}");
    web.bench.pass(10 * MINUTE).await;
    assert_eq!(in_doubt().await, before, "what waits was not tried meanwhile");
    assert!(web.service.asked_how_it_is() > 10);
    web.service.always_says(None);
    web.bench.pass(30 * MINUTE).await;
    web.each_once(40);
    assert_eq!(web.bench.open_alarms().await, []);
}

/// A connection that the service has closed meanwhile costs nothing.
#[tokio::test]
async fn the_next_message_goes_by_another_connection_where_the_service_closed_one() {
    let web = Web::gmail().await;
    for patron in 0..5 {
        web.service.says(Says::TakenAndClosed);
        web.send(patron..patron + 1).await;
    }
    web.each_once(5);
    let connections: Vec<_> = web.service.taken().iter().map(|one| one.connection).collect();
    assert_eq!(connections, [1, 2, 3, 4, 5]);
    assert_eq!((web.bench.counts().await.ever_in_doubt, web.bench.open_alarms().await), (0, vec![]));
}

/// Before the whole message is there nothing can have been taken: it goes at once by the other server, or by the schedule.
#[tokio::test]
async fn a_connection_that_breaks_before_the_end_leaves_nothing_in_doubt() {
    let web = Web::gmail().await;
    web.service.says(Says::Cut);
    // Longer than what lies between us and the service can hold.
    let long = format!("{}\r\n", "x".repeat(70)).repeat(330_000);
    let mut one = message(&[&patron(0)], bench::START);
    one.bytes = [&one.bytes[..], long.as_bytes()].concat().into();
    web.bench.app.receiver.accept(vec![one]).await.unwrap();
    web.bench.quiet().await;
    assert!(web.bench.row(&patron(0)).await.in_doubt_at.is_none());
    web.bench.pass(10 * MINUTE).await;
    web.each_once(1);
}

pub(crate) fn google(status: u16, reason: &str, message: &str) -> Says {
    let errors = json!([{ "domain": "global", "reason": reason, "message": message }]);
    Says::No(status, json!({ "error": { "code": status, "message": message, "errors": errors } }))
}

pub(crate) fn graph(status: u16, code: &str) -> Says {
    Says::No(status, json!({ "error": { "code": code, "message": "" } }))
}

/// Whose answer, what becomes of the message and why, and what a person is told.
type Case = (Provider, Says, State, Reason, Option<AlarmKind>);

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    use AlarmKind as Told;
    use State::{Held, Returned, Waiting};
    let microsoft = Provider::Microsoft;
    vec![
        (GOOGLE, google(403, "rateLimitExceeded", "Rate Limit Exceeded"), Waiting, Reason::TooFast, None),
        (GOOGLE, google(403, "userRateLimitExceeded", ""), Waiting, Reason::TooFast, None),
        (GOOGLE, google(429, "rateLimitExceeded", "Too many concurrent requests"), Waiting, Reason::TooFast, None),
        (GOOGLE, google(403, "dailyLimitExceeded", ""), Waiting, Reason::QuotaUsedUp, Some(Told::Quota)),
        (GOOGLE, google(403, "domainPolicy", "Gmail is off"), Waiting, Reason::ForbiddenThere, Some(Told::SignIn)),
        (GOOGLE, google(403, "insufficientPermissions", ""), Waiting, Reason::ScopeMissing, Some(Told::SignIn)),
        (GOOGLE, google(403, "accessNotConfigured", ""), Waiting, Reason::ServiceOff, Some(Told::SignIn)),
        (GOOGLE, google(400, "failedPrecondition", "Mail service not enabled"), Waiting, Reason::NoMailbox, Some(Told::SignIn)),
        (GOOGLE, google(400, "invalidArgument", "Invalid To header"), Returned, Reason::AddressUnknown, None),
        (GOOGLE, google(400, "failedPrecondition", "Precondition check failed."), Waiting, Reason::ForbiddenThere, Some(Told::SignIn)),
        (GOOGLE, google(400, "badRequest", "no"), Waiting, Reason::AnswerUnknown, None),
        (GOOGLE, Says::No(400, json!({})), Waiting, Reason::AnswerUnknown, None),
        (GOOGLE, Says::No(413, json!({})), Waiting, Reason::AnswerUnknown, None),
        (GOOGLE, google(403, "forbidden", ""), Waiting, Reason::AnswerUnknown, None),
        (GOOGLE, google(413, "uploadTooLarge", ""), Returned, Reason::TooLarge, None),
        (GOOGLE, google(503, "backendError", ""), Waiting, Reason::AnswerUnknown, Some(Told::ServerDown)),
        (GOOGLE, google(500, "backendError", ""), Waiting, Reason::AnswerUnknown, None),
        (GOOGLE, google(302, "", ""), Waiting, Reason::AnswerUnknown, None),
        (microsoft, graph(403, "ErrorSendAsDenied"), Held, Reason::SenderRefused, Some(Told::SenderRefused)),
        (microsoft, graph(403, "ErrorMessageSubmissionBlocked"), Waiting, Reason::ForbiddenThere, Some(Told::SignIn)),
        (microsoft, graph(403, "ErrorAccessDenied"), Waiting, Reason::ScopeMissing, Some(Told::SignIn)),
        (microsoft, graph(507, "ErrorQuotaExceeded"), Waiting, Reason::ServerFull, Some(Told::ServerDown)),
        (microsoft, graph(429, "ApplicationThrottled"), Waiting, Reason::TooFast, None),
        (microsoft, graph(503, "serviceNotAvailable"), Waiting, Reason::AnswerUnknown, Some(Told::ServerDown)),
        (microsoft, graph(400, "ErrorMimeContentInvalid"), Returned, Reason::Refused, None),
        // The coding is ours.
        (microsoft, graph(400, "ErrorMimeContentInvalidBase64String"), Waiting, Reason::ProtocolViolation, Some(Told::ServerDown)),
        (microsoft, graph(507, "insufficientStorage"), Waiting, Reason::AnswerUnknown, None),
        (microsoft, graph(504, "timeout"), Waiting, Reason::AnswerUnknown, None),
    ]
}

#[tokio::test]
async fn each_answer_has_its_consequence() {
    for (provider, says, state, reason, told) in cases() {
        let web = Web::start(provider, 600, None).await;
        web.service.always_says(Some(says.clone()));
        web.send(0..1).await;
        let alarms = web.bench.open_alarms().await;
        let attempts = web.bench.attempts(&patron(0)).await;
        let now = (web.bench.row(&patron(0)).await.state, attempts[0].reason);
        assert_eq!(now, (state, Some(reason)), "{says:?}: {alarms:?}");
        assert_eq!(alarms.first().map(|one| one.0), told, "{says:?}: {alarms:?}");
        if matches!(told, Some(AlarmKind::SignIn | AlarmKind::ServerDown)) {
            let reason = if reason == Reason::AnswerUnknown { Reason::ServerRefuses } else { reason };
            assert!(alarms[0].2.contains(reason.plain_words()), "{says:?}: {alarms:?}");
        }
        assert_eq!(web.service.taken(), [], "{says:?}");
        // And once it takes mail again, what waits leaves.
        web.service.always_says(None);
        web.bench.pass(70 * MINUTE).await;
        // Not the report about one that came back.
        let left = web.service.taken().iter().filter(|one| one.to == [patron(0)]).count();
        assert_eq!(left, usize::from(state == State::Waiting), "{says:?}");
    }
}

/// It says nothing of the message, of which nothing is noted; the next token is asked for once, and then a person is told.
#[tokio::test]
async fn a_token_that_is_not_taken_is_replaced_once_and_then_told() {
    let web = Web::gmail().await;
    web.service.always_says(Some(google(401, "authError", "Invalid Credentials")));
    web.send(0..3).await;
    assert_eq!((web.fake.refreshes(), web.bench.attempts(&patron(0)).await), (1, vec![]));
    let alarms = web.bench.open_alarms().await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(alarms[0].2.contains(Reason::TokenRefused.plain_words()), "{alarms:?}");
    web.service.always_says(None);
    web.bench.pass(10 * MINUTE).await;
    web.each_once(3);
    assert_eq!(web.bench.open_alarms().await, []);
}

/// It is left alone for as long as it asks, an hour at most, whether it says so in seconds or by a date.
#[tokio::test]
async fn a_service_that_asks_for_time_gets_it() {
    let at = |seconds: i64| {
        let at = TimeZone::UTC.to_datetime(bench::START + SignedDuration::from_secs(seconds));
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let microsoft = Provider::Microsoft;
    for (provider, status, body, asks, seconds) in [
        (microsoft, 429, graph(429, "ApplicationThrottled"), "300".to_owned(), 299),
        (microsoft, 429, graph(429, "ApplicationThrottled"), "1000000".to_owned(), 3_599),
        (GOOGLE, 429, google(429, "rateLimitExceeded", ""), at(300), 295),
        (GOOGLE, 503, google(503, "backendError", ""), "300".to_owned(), 299),
        (GOOGLE, 503, google(503, "backendError", ""), at(300), 295),
        (GOOGLE, 503, google(503, "backendError", ""), "1000000".to_owned(), 3_599),
    ] {
        let web = Web::start(provider, 36_000, None).await;
        let Says::No(_, body) = body else { panic!() };
        web.service.says(Says::NotNow(status, body, asks.clone()));
        web.send(0..1).await;
        web.send(1..2).await;
        web.bench.pass(Duration::from_secs(seconds)).await;
        assert_eq!((web.service.taken(), web.service.asked_how_it_is()), (vec![], 0), "{status} {asks}");
        web.bench.pass(20 * MINUTE).await;
        web.each_once(2);
    }
}

/// The backup sends meanwhile, and the service again once it takes mail.
#[tokio::test]
async fn own_servers_send_while_the_service_takes_no_mail() {
    let web = Web::start(GOOGLE, 600, Some(bench::sink(Vec::new()).await)).await;
    web.service.always_says(Some(google(503, "backendError", "")));
    web.send(0..3).await;
    web.bench.pass(10 * MINUTE).await;
    assert_eq!((web.service.taken().len(), web.backup()), (0, 3));
    assert!(web.bench.alarm_kinds().await.contains(&AlarmKind::BackupInUse));
    web.service.always_says(None);
    web.bench.pass(10 * MINUTE).await;
    web.send(3..6).await;
    web.bench.pass(30 * MINUTE).await;
    web.send(6..9).await;
    let [service, backup] = [web.service.taken().len() as u64, web.backup()];
    assert!(service >= 3 && service + backup == 9, "{service} {backup}");
    assert_eq!(web.bench.alarm_kinds().await, []);
}

/// A service writes to whoever the header names: what names others is set aside, and told, and the rest goes.
#[tokio::test]
async fn nobody_but_the_envelopes_recipients_gets_it() {
    let web = Web::gmail().await;
    let for_one = |fields: &str, to: &str| {
        let mut one = message(&[to], bench::START);
        let text = String::from_utf8(one.bytes.to_vec()).unwrap();
        one.bytes = text.replace(&format!("To: {to}\r\n"), fields).into();
        one
    };
    let (list, list_name) = ("Cc: eve@example.org\r\n", "carol@example.org");
    let mut two = message(&["anna@example.org", "bert@example.org"], bench::START);
    two.envelope = Envelope::new(
        two.envelope.reverse_path.clone(),
        vec![Recipient::from("anna@example.org".parse::<Address>().unwrap())],
    )
    .unwrap();
    let messages = vec![
        for_one(&format!("To: {list_name}\r\n{list}"), list_name),
        for_one("", "hidden@example.org"),
        for_one("To: list@example.org\r\n", "member@example.org"),
        two,
        message(&["dora@example.org", "emil@example.org"], bench::START),
    ];
    web.bench.app.receiver.accept(messages).await.unwrap();
    web.bench.quiet().await;
    let taken = web.service.taken();
    let mut to: Vec<_> = taken.iter().map(|one| one.to.join(" ")).collect();
    to.sort();
    assert_eq!(to, ["dora@example.org emil@example.org", "hidden@example.org"]);
    let names_it = |one: &Taken| String::from_utf8_lossy(&one.bytes).contains("Bcc:");
    assert!(!taken.iter().any(names_it));
    for held in [list_name, "member@example.org", "anna@example.org"] {
        let row = web.bench.row(held).await;
        assert_eq!((row.state, row.reason), (State::Held, Some(Reason::NamesOthers)), "{held}");
    }
    let alarms = web.bench.open_alarms().await;
    let told = alarms.iter().find(|(kind, ..)| *kind == AlarmKind::SenderRefused);
    assert!(told.is_some_and(|one| one.2.contains(Reason::NamesOthers.plain_words())), "{alarms:?}");
}

/// What was agreed to for another way of sending is told, and mail waits.
#[tokio::test]
async fn a_sign_in_for_another_way_of_sending_sends_nothing() {
    let web = Web::gmail().await;
    let mut config = (*web.bench.app.settings.now()).clone();
    let smtp = Server { service: None, ..(*config.providers[0].server).clone() };
    config.providers[0].server = Arc::new(smtp);
    web.bench.app.settings.replace(config);
    let refused = web.bench.app.accounts.shown(GOOGLE).await.err().unwrap();
    assert_eq!(refused.reason, Reason::ScopeMissing);
}

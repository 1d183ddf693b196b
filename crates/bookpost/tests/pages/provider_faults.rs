//! Each error that Google and Microsoft document at their token endpoints, at their mail servers and at their web services that take mail: what becomes of the mail, and what
//! people read.

use std::{fmt::Write as _, time::Duration};

use bookpost::{
    config::{Provider, SendBy},
    preferences::{Change, Wish, mail_accounts::Back},
};
use serde_json::{Value, json};
use store::{Actor, NewMessage, Role};
use tempfile::TempDir;
use testkit::{
    certs::Authority,
    mail_service::{self as service, MailService},
    provider::{CLIENT, Person, Provider as Fake},
    sink::{At, Does, Rule, Settings, Sink},
};

use crate::{
    bench::{Bench, notice, servers},
    mail_account::secret_file,
};

const ME: Actor = Actor::CommandLine;
const WHO: &str = "administrator";
const HOUR: Duration = Duration::from_hours(1);

/// Where it says no.
enum Says {
    /// Where the next token is asked for, after the end of the one before.
    Token(u16, Value),
    /// The same, while the one before is good.
    Early(u16, Value),
    /// The mail server, to a token.
    Auth(&'static str),
    /// The mail server, to a sender.
    Mail(&'static str),
    /// The web service, to a message.
    Message(u16, Value),
}

fn error(word: &str, description: &str) -> Value {
    json!({ "error": word, "error_description": description })
}

/// As Google's services say it, beside OAuth.
fn of_service(reason: &str) -> Value {
    json!({ "error": { "code": 403, "errors": [{ "domain": "usageLimits", "reason": reason }] } })
}

fn google() -> Vec<Says> {
    vec![
        Says::Token(400, error("invalid_grant", "Token has been expired or revoked.")),
        Says::Token(401, error("invalid_client", "The OAuth client was not found.")),
        Says::Early(401, error("invalid_client", "The provided client secret is invalid.")),
        Says::Token(400, error("unauthorized_client", "Unauthorized")),
        Says::Token(403, of_service("rateLimitExceeded")),
        Says::Token(403, of_service("userRateLimitExceeded")),
        Says::Token(403, of_service("dailyLimitExceeded")),
        Says::Token(403, error("rateLimitExceeded", "")),
        Says::Token(429, json!({})),
        Says::Token(500, error("internal_failure", "")),
        Says::Token(503, json!({})),
        Says::Early(503, json!({})),
        Says::Auth("535 5.7.8 Username and Password not accepted. For more information, go to gsmtp"),
        Says::Auth("454 4.7.0 Cannot authenticate due to temporary system problem. Try again later. gsmtp"),
        Says::Auth("454 4.7.0 Too many login attempts, please try again later. gsmtp"),
        Says::Mail("550 5.4.5 Daily user sending limit exceeded. gsmtp"),
    ]
}

fn microsoft() -> Vec<Says> {
    vec![
        Says::Token(
            400,
            error("invalid_grant", "AADSTS700082: The refresh token has expired due to inactivity."),
        ),
        Says::Token(
            400,
            error("invalid_grant", "AADSTS50173: The provided grant has expired due to it being revoked."),
        ),
        Says::Token(
            400,
            error(
                "interaction_required",
                "AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication.",
            ),
        ),
        Says::Token(
            401,
            error("invalid_client", "AADSTS7000222: The provided client secret keys are expired."),
        ),
        Says::Early(
            401,
            error("invalid_client", "AADSTS7000222: The provided client secret keys are expired."),
        ),
        Says::Token(
            400,
            error("unauthorized_client", "AADSTS700016: Application was not found in the directory."),
        ),
        Says::Token(400, error("temporarily_unavailable", "AADSTS90033: A transient error has occurred.")),
        Says::Token(429, json!({})),
        Says::Auth("535 5.7.3 Authentication unsuccessful"),
        Says::Auth(
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
        ),
        Says::Auth(
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
        ),
        Says::Auth(
            "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
        ),
        Says::Auth("550 5.7.30 Basic authentication is not supported for Client Submission."),
        Says::Auth("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"),
        Says::Auth("454 4.7.0 Temporary authentication failure"),
        Says::Mail("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"),
    ]
}

fn gmail() -> Vec<Says> {
    let says = |status: u16, reason: &str, message: &str| {
        let errors = json!([{ "domain": "global", "reason": reason, "message": message }]);
        Says::Message(status, json!({ "error": { "code": status, "message": message, "errors": errors } }))
    };
    vec![
        says(403, "rateLimitExceeded", "Rate Limit Exceeded"),
        says(403, "userRateLimitExceeded", "User Rate Limit Exceeded"),
        says(
            429,
            "rateLimitExceeded",
            "User-rate limit exceeded. Retry after 2027-01-16T08:00:00Z (Mail sending)",
        ),
        says(403, "dailyLimitExceeded", "Daily Limit Exceeded"),
        says(403, "domainPolicy", "The domain administrators have disabled Gmail apps."),
        says(403, "insufficientPermissions", "Request had insufficient authentication scopes."),
        says(
            403,
            "accessNotConfigured",
            "Gmail API has not been used in project 12 before or it is disabled.",
        ),
        says(401, "authError", "Invalid Credentials"),
        says(400, "failedPrecondition", "Mail service not enabled"),
        says(400, "invalidArgument", "Invalid To header"),
        says(400, "badRequest", "Bad Request"),
        says(413, "uploadTooLarge", "Request is too large."),
        says(500, "backendError", "Backend Error"),
        says(503, "backendError", "Service Unavailable"),
    ]
}

fn graph() -> Vec<Says> {
    let says = |status: u16, code: &str, message: &str| {
        Says::Message(status, json!({ "error": { "code": code, "message": message } }))
    };
    vec![
        says(401, "InvalidAuthenticationToken", "Access token is empty."),
        says(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."),
        says(
            403,
            "ErrorSendAsDenied",
            "The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.",
        ),
        says(
            403,
            "ErrorMessageSubmissionBlocked",
            "Cannot send mail. Follow the instructions in your Inbox to verify your account.",
        ),
        says(
            404,
            "MailboxNotEnabledForRESTAPI",
            "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
        ),
        says(400, "ErrorInvalidRecipients", "At least one recipient is not valid."),
        says(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content."),
        says(413, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size."),
        says(507, "ErrorQuotaExceeded", "The mailbox is full."),
        says(429, "ErrorExceededMessageLimit", "The message limit was exceeded."),
        says(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
        says(503, "serviceNotAvailable", "The service is not available."),
        says(504, "timeout", "The request timed out."),
    ]
}

/// With another box ticked than the one that is asked for, if it is to be.
pub(crate) async fn signs_in(bench: &Bench, fake: &Fake, provider: Provider, ticks: Option<[&str; 2]>) {
    let accounts = &bench.app.accounts;
    let begun = accounts.begin(provider, ME).await.unwrap();
    let to = ticks.map_or_else(|| begun.to.clone(), |[asked, ticked]| begun.to.replace(asked, ticked));
    let (code, state) = fake.agree(&to, &Person::new("library@school.example")).unwrap();
    accounts.end(&begun.kept, &Back { code, state, ..Back::default() }, &ME).await.unwrap();
}

/// Somebody has signed in, and mail leaves by their account.
pub(crate) struct Place {
    pub(crate) bench: Bench,
    pub(crate) fake: Fake,
    pub(crate) sink: Sink,
    pub(crate) service: MailService,
    folder: TempDir,
}

impl Place {
    pub(crate) async fn at(provider: Provider, by: SendBy) -> Self {
        let fake = Fake::start(false, 3600).await.unwrap();
        if provider == Provider::Microsoft {
            fake.as_microsoft();
        }
        let settings = Settings { provider: Some(fake.clone()), ..Settings::default() };
        let (sink, (folder, secret)) = (Sink::start(settings).await.unwrap(), secret_file());
        let authority = Authority::new();
        let tls = authority.identity("127.0.0.1").server_config();
        let service = MailService::start(&fake, tls).await.unwrap();
        let trusted = folder.path().join("trusted.pem");
        std::fs::write(&trusted, authority.pem()).unwrap();
        let (port, by) = match by {
            SendBy::Smtp => (
                sink.address().port(),
                "encryption = \"none\"\nallow_non_secure = true\nsend_password_unencrypted = true".to_owned(),
            ),
            SendBy::Api => {
                (service.address().port(), format!("send_by = \"api\"\nca_file = \"{}\"", trusted.display()))
            }
        };
        let lines = [
            "public_address = \"https://books.library.example\"".to_owned(),
            format!("[{}]", provider.name()),
            format!("client_id = \"{}\"\nclient_secret_file = \"{}\"", CLIENT.0, secret.display()),
            format!("issuer = \"{}\"", fake.issuer()),
            format!("host = \"127.0.0.1\"\nport = {port}\n{by}"),
        ];
        let mut bench = Bench::with(servers(), &lines.join("\n")).await;
        bench.person(WHO, Role::Administrator, None).await;
        signs_in(&bench, &fake, provider, None).await;
        let values = [("sending.way".to_owned(), json!(provider.name()))].into();
        let wish = Wish { based_on: None, values, by: ME };
        bench.app.change_preferences(Change::Set(wish)).await.unwrap();
        Self { bench, fake, sink, service, folder }
    }

    /// Whatever is due is attempted, and alarms are on record.
    pub(crate) async fn quiet(&self) {
        for _ in 0..2 {
            self.bench.app.worker.quiet().await.unwrap();
            self.bench.app.alarms.carried_out().await;
        }
    }

    async fn send(&self, says: &Says) {
        let later = match says {
            Says::Token(..) => 2 * HOUR,
            Says::Early(..) => 46 * HOUR / 60,
            Says::Auth(_) | Says::Mail(_) | Says::Message(..) => Duration::ZERO,
        };
        self.bench.clock.advance(later);
        let rule =
            |at, reply: &str| Rule { at, address: None, does: Does::Reply(reply.to_owned()), times: None };
        match says {
            Says::Token(status, body) | Says::Early(status, body) => self.fake.answers(*status, body.clone()),
            Says::Auth(reply) => self.sink.set_rules(vec![rule(At::Auth, reply)]),
            Says::Message(status, body) => {
                self.service.always_says(Some(service::Says::No(*status, body.clone())));
            }
            Says::Mail(reply) => self.sink.set_rules(vec![rule(At::Mail, reply)]),
        }
        let due = NewMessage { first_due_at: self.bench.now(), ..notice("p@example.org", "Overdue") };
        self.bench.app.receiver.accept(vec![due]).await.unwrap();
        self.quiet().await;
    }

    /// What becomes of the mail and of the sign-in.
    async fn state(&self, provider: Provider) -> String {
        let counts = self.bench.app.store.counts().await.unwrap();
        let account = self.bench.app.accounts.account(provider).await.unwrap().unwrap();
        let mail = match (counts.delivered, counts.waiting, counts.held, counts.returned) {
            (1, 0, 0, 0) => "mail leaves",
            (0, 1, 0, 0) => "mail waits",
            (0, 0, 1, 0) => "mail is set aside",
            // The report about it waits, or has left.
            (.., 1) => "mail comes back",
            _ => "neither",
        };
        let over = if account.signed_out_at.is_some() { "is over" } else { "stays" };
        format!("{mail}, the sign-in {over}")
    }

    /// What is to be done, as the first page says it.
    async fn told(&self) -> String {
        let page = self.bench.get(WHO, "/").await.text;
        let list = page.split_once("<ul class=\"to-do\">").map_or("", |(_, rest)| rest);
        let list = list.split("</ul>").next().unwrap_or_default();
        let mut told = String::new();
        for line in list.lines().filter(|line| line.starts_with("<h3>") || line.starts_with("<p>")) {
            let line = line.split("<span").next().unwrap_or_default();
            writeln!(told, "    {}", without_tags(line)).unwrap();
        }
        told
    }
}

fn without_tags(line: &str) -> String {
    let mut parts = line.split('<');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('>').map_or("", |(_, rest)| rest))
}

async fn table(provider: Provider, by: SendBy, all: Vec<Says>) -> String {
    let mut table = String::new();
    for says in all {
        let place = Box::pin(Place::at(provider, by)).await;
        place.send(&says).await;
        let case = match &says {
            Says::Token(status, body) => format!("token: {status} {body}"),
            Says::Early(status, body) => format!("token, ahead of its end: {status} {body}"),
            Says::Auth(reply) => format!("sign-in: {reply}"),
            Says::Mail(reply) => format!("sender: {reply}"),
            Says::Message(status, body) => format!("message: {status} {body}"),
        };
        writeln!(table, "{case}\n  {}\n{}", place.state(provider).await, place.told().await).unwrap();
        place.bench.stop().await;
        drop(place.folder);
    }
    table
}

#[tokio::test]
async fn what_google_says_has_its_consequence_and_its_words() {
    insta::assert_snapshot!("google", table(Provider::Google, SendBy::Smtp, google()).await);
}

#[tokio::test]
async fn what_microsoft_says_has_its_consequence_and_its_words() {
    insta::assert_snapshot!("microsoft", table(Provider::Microsoft, SendBy::Smtp, microsoft()).await);
}

#[tokio::test]
async fn what_gmail_says_to_a_message_has_its_consequence_and_its_words() {
    insta::assert_snapshot!("gmail", table(Provider::Google, SendBy::Api, gmail()).await);
}

#[tokio::test]
async fn what_graph_says_to_a_message_has_its_consequence_and_its_words() {
    insta::assert_snapshot!("graph", table(Provider::Microsoft, SendBy::Api, graph()).await);
}

//! Each error that Google and Microsoft document at their token endpoints and at their mail servers: what becomes of the mail, and what
//! people read.

use std::{fmt::Write as _, time::Duration};

use bookpost::{
    config::Provider,
    preferences::{Change, Wish, mail_accounts::Back},
};
use serde_json::{Value, json};
use store::{Actor, NewMessage, Role};
use tempfile::TempDir;
use testkit::{
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

/// Somebody has signed in, and mail leaves by their account.
struct Place {
    bench: Bench,
    fake: Fake,
    sink: Sink,
    _secret: TempDir,
}

impl Place {
    async fn at(provider: Provider) -> Self {
        let fake = Fake::start(false, 3600).await.unwrap();
        if provider == Provider::Microsoft {
            fake.as_microsoft();
        }
        let settings = Settings { provider: Some(fake.clone()), ..Settings::default() };
        let (sink, (folder, secret)) = (Sink::start(settings).await.unwrap(), secret_file());
        let lines = [
            "public_address = \"https://books.library.example\"".to_owned(),
            format!("[{}]", provider.name()),
            format!("client_id = \"{}\"\nclient_secret_file = \"{}\"", CLIENT.0, secret.display()),
            format!("issuer = \"{}\"", fake.issuer()),
            format!("host = \"127.0.0.1\"\nport = {}", sink.address().port()),
            "encryption = \"none\"\nallow_non_secure = true\nsend_password_unencrypted = true".to_owned(),
        ];
        let mut bench = Bench::with(servers(), &lines.join("\n")).await;
        bench.person(WHO, Role::Administrator, None).await;
        let accounts = &bench.app.accounts;
        let begun = accounts.begin(provider, ME).await.unwrap();
        let (code, state) = fake.agree(&begun.to, &Person::new("library@school.example")).unwrap();
        accounts.end(&begun.kept, &Back { code, state, ..Back::default() }, &ME).await.unwrap();
        let values = [("sending.way".to_owned(), json!(provider.name()))].into();
        let wish = Wish { based_on: None, values, by: ME };
        bench.app.change_preferences(Change::Set(wish)).await.unwrap();
        Self { bench, fake, sink, _secret: folder }
    }

    /// Whatever is due is attempted, and alarms are on record.
    async fn quiet(&self) {
        for _ in 0..2 {
            self.bench.app.worker.quiet().await.unwrap();
            self.bench.app.alarms.carried_out().await;
        }
    }

    async fn send(&self, says: &Says) {
        let later = match says {
            Says::Token(..) => 2 * HOUR,
            Says::Early(..) => 46 * HOUR / 60,
            Says::Auth(_) | Says::Mail(_) => Duration::ZERO,
        };
        self.bench.clock.advance(later);
        let rule =
            |at, reply: &str| Rule { at, address: None, does: Does::Reply(reply.to_owned()), times: None };
        match says {
            Says::Token(status, body) | Says::Early(status, body) => self.fake.answers(*status, body.clone()),
            Says::Auth(reply) => self.sink.set_rules(vec![rule(At::Auth, reply)]),
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
        let mail = match (counts.delivered, counts.waiting) {
            (1, 0) => "mail leaves",
            (0, 1) => "mail waits",
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

async fn table(provider: Provider, all: Vec<Says>) -> String {
    let mut table = String::new();
    for says in all {
        let place = Place::at(provider).await;
        place.send(&says).await;
        let case = match &says {
            Says::Token(status, body) => format!("token: {status} {body}"),
            Says::Early(status, body) => format!("token, ahead of its end: {status} {body}"),
            Says::Auth(reply) => format!("sign-in: {reply}"),
            Says::Mail(reply) => format!("sender: {reply}"),
        };
        writeln!(table, "{case}\n  {}\n{}", place.state(provider).await, place.told().await).unwrap();
        place.bench.stop().await;
    }
    table
}

#[tokio::test]
async fn what_google_says_has_its_consequence_and_its_words() {
    insta::assert_snapshot!("google", table(Provider::Google, google()).await);
}

#[tokio::test]
async fn what_microsoft_says_has_its_consequence_and_its_words() {
    insta::assert_snapshot!("microsoft", table(Provider::Microsoft, microsoft()).await);
}

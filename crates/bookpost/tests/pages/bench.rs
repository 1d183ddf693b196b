//! A Bookpost with mail in every state, with staff of every kind, and a browser that does what it is told to.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use bookpost::{
    app::{App, Start},
    config::{Config, Server, Source, Surroundings, Way},
    deliver::hosting::NameServers,
    web,
};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mail::{Address, Envelope, Phase, Reason, ReversePath};
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::json;
use store::{
    Actor, Attempt, Class, Kind, Lease, LinkPurpose, MessageId, NewMessage, Patron, PersonId, PersonSettings,
    RecipientId, Role, Settlement, Store, Verdict,
};
use testkit::{
    clock::ManualClock,
    names::{NameServer, Says},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

pub(crate) const PASSWORD: &str = "elf zwölf zehn";
const LEASE: Lease = Lease(7);
const CLI: Actor = Actor::CommandLine;
/// Where the mail of some domains is.
const DOMAINS: &[(&str, Says)] = &[
    ("district.example", Says::Mail(&[(1, "aspmx.l.google.com."), (5, "alt1.aspmx.l.google.com.")])),
    ("nomail.example", Says::Mail(&[(0, ".")])),
];

pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) clock: ManualClock,
    pub(crate) client: Client,
    /// As a browser writes it.
    pub(crate) origin: String,
    /// The token of each who has signed in.
    pub(crate) tokens: BTreeMap<&'static str, String>,
    serving: JoinHandle<()>,
    _names: NameServer,
    end: oneshot::Sender<()>,
    _folder: tempfile::TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The hidden field that the forms of a page have.
    pub(crate) fn form_token(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"form_token\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

pub(crate) fn now() -> Timestamp {
    "2026-11-28T14:05:00Z".parse().unwrap()
}

pub(crate) fn servers() -> Way {
    Way::Servers(vec![Arc::new(Server::plain("server1", "127.0.0.1:9".parse().unwrap()))])
}

/// An address of this computer.
pub(crate) async fn listener() -> TcpListener {
    web::bind("127.0.0.1:0".parse().unwrap()).await.unwrap()
}

impl Bench {
    pub(crate) async fn start(way: Way) -> Self {
        Self::with(way, "").await
    }

    /// Its file says this beside what it must; everything else is a preference.
    pub(crate) async fn with(way: Way, file: &str) -> Self {
        Self::at(listener().await, way, file).await
    }

    /// At an address that is known before.
    pub(crate) async fn at(listener: TcpListener, way: Way, file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = source(folder.path(), file);
        let store = Store::open(folder.path(), now()).unwrap();
        store.change_preferences(0, preferences(&way), Actor::Configuration, now()).await.unwrap();
        let config = source.check(&store.preferences().await.unwrap().values).unwrap().config;
        store.close().await.unwrap();
        Self::on(listener, folder, config, source).await
    }

    /// With nothing set but this in its file, and without anybody: see [`Self::of_file`].
    pub(crate) async fn preferring(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = source(folder.path(), text);
        let config = source.check(&BTreeMap::new()).unwrap().config;
        Self::on(listener().await, folder, config, source).await
    }

    /// With nothing set but this in its file; everybody of the staff is signed in.
    pub(crate) async fn of_file(text: &str) -> Self {
        let mut bench = Self::preferring(text).await;
        bench.staff().await;
        bench
    }

    async fn on(listener: TcpListener, folder: tempfile::TempDir, config: Config, source: Source) -> Self {
        let (clock, source) = (ManualClock::at(now()), Some(source));
        let start = Start { clock: Arc::new(clock.clone()), source, ..Start::of_this_machine().unwrap() };
        let app = App::start(config, start).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (end, ends) = oneshot::channel();
        let names = NameServer::start(DOMAINS).await.unwrap();
        let name_servers = NameServers::At(names.address);
        let sources = web::Sources { zone: TimeZone::UTC, name_servers, ..app.sources() };
        let serving = async move { web::serve(listener, sources, async { drop(ends.await) }).await.unwrap() };
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        let (serving, tokens) = (tokio::spawn(serving), BTreeMap::new());
        Self { app, clock, client, origin, tokens, serving, _names: names, end, _folder: folder }
    }

    /// Somebody of each kind, signed in.
    pub(crate) async fn staffed(way: Way) -> Self {
        let mut bench = Self::start(way).await;
        bench.staff().await;
        bench
    }

    async fn staff(&mut self) {
        for (name, role, site) in [
            ("administrator", Role::Administrator, None),
            ("manager", Role::Manager, Some("MAIN")),
            ("elsewhere", Role::Manager, Some("EAST")),
            ("viewer", Role::Viewer, None),
        ] {
            self.person(name, role, site).await;
        }
    }

    pub(crate) async fn person(&mut self, name: &'static str, role: Role, site: Option<&str>) -> PersonId {
        let settings = PersonSettings {
            email: email(name).parse().unwrap(),
            name: name.parse().unwrap(),
            role,
            sites: site.into_iter().map(ToOwned::to_owned).collect(),
            language: None,
        };
        let (people, peer) = (&self.app.people, std::net::IpAddr::from([127, 0, 0, 1]));
        let person = self.app.store.add_person(settings, CLI, now()).await.unwrap();
        let link = people.make_link(LinkPurpose::Invitation, Some(person.id), CLI).await.unwrap();
        let (token, _) = people.take_link(link.code.text(), PASSWORD, peer).await.unwrap();
        self.tokens.insert(name, token.text().to_owned());
        person.id
    }

    /// Asks as this person, from a page of Bookpost; as nobody where there is none of this name.
    pub(crate) fn ask(&self, who: &str, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.origin));
        let request = request.header("origin", &self.origin).header("sec-fetch-site", "same-origin");
        match self.tokens.get(who) {
            Some(token) => request.header("cookie", format!("bookpost={token}")),
            None => request,
        }
    }

    pub(crate) async fn get(&self, who: &str, path: &str) -> Answer {
        Answer::of(self.ask(who, Method::GET, path)).await
    }

    /// Sends a form from a page of this person's session.
    pub(crate) async fn post(&self, who: &str, path: &str, fields: &str) -> Answer {
        let token =
            if self.tokens.contains_key(who) { self.get(who, "/").await.form_token() } else { String::new() };
        let body = format!("form_token={token}&{fields}");
        Answer::of(form(self.ask(who, Method::POST, path), body)).await
    }

    /// A message in this state.
    pub(crate) async fn mail(&self, message: NewMessage, verdict: Option<Verdict>) -> MessageId {
        self.answered(message, verdict, None).await
    }

    /// A message that a server answered so; None: as servers do.
    pub(crate) async fn answered(
        &self,
        message: NewMessage,
        verdict: Option<Verdict>,
        answer: Option<&str>,
    ) -> MessageId {
        let lease = verdict.as_ref().map(|_| LEASE);
        let accepted =
            self.app.store.accept(vec![NewMessage { lease, ..message }], self.now()).await.unwrap();
        let id = accepted[0].id;
        if let Some(verdict) = verdict {
            self.settle(RecipientId::of(id, 0), verdict, answer).await;
        }
        id
    }

    /// A message that came back from each of so many.
    pub(crate) async fn returned_to_many(&self, message: NewMessage, count: u16) {
        let to = |n| format!("p{n}@example.org").parse::<Address>().unwrap().into();
        let envelope = Envelope::new(message.envelope.reverse_path.clone(), (0..count).map(to).collect());
        let message = NewMessage { envelope: envelope.unwrap(), lease: Some(LEASE), ..message };
        let accepted = self.app.store.accept(vec![message], self.now()).await.unwrap();
        let attempt = Attempt {
            instead_of: None,
            started_at: self.now(),
            ended_at: self.now(),
            server: "smtp.library.example:587".to_owned(),
            phase: Phase::Rcpt,
            reason: Some(Reason::AddressUnknown),
            answer: "550 5.1.1 no such user here".to_owned(),
        };
        let settlement = |n| Settlement {
            recipient: RecipientId::of(accepted[0].id, n),
            lease: LEASE,
            attempt: attempt.clone(),
            verdict: Verdict::Returned,
        };
        self.app.store.settle((0..count).map(settlement).collect(), self.now()).await.unwrap();
    }

    pub(crate) async fn settle(&self, recipient: RecipientId, verdict: Verdict, answer: Option<&str>) {
        let (reason, usual) = match verdict {
            Verdict::Delivered | Verdict::Practiced => (None, "250 2.0.0 Ok: queued as 4XyZ"),
            Verdict::Deferred { in_doubt: true, .. } | Verdict::InDoubt => (Some(Reason::AnswerUnknown), ""),
            Verdict::Deferred { .. } => {
                (Some(Reason::MailboxFull), "452 4.2.2 <p@example.org>: mailbox full")
            }
            Verdict::Held => (Some(Reason::SenderRefused), "553 5.7.1 <desk@library.example>: not yours"),
            _ => (Some(Reason::AddressUnknown), "550 5.1.1 <p@example.org>: no such user here"),
        };
        let attempt = Attempt {
            instead_of: None,
            started_at: self.now() - SignedDuration::from_millis(1_500),
            ended_at: self.now(),
            server: "smtp.library.example:587".to_owned(),
            phase: Phase::Rcpt,
            reason,
            answer: answer.unwrap_or(usual).to_owned(),
        };
        let settlement = Settlement { recipient, lease: LEASE, attempt, verdict };
        let settled = self.app.store.settle(vec![settlement], self.now()).await.unwrap();
        assert_eq!(settled, [store::Settled::Done]);
    }

    pub(crate) fn now(&self) -> Timestamp {
        mail::clock::Clock::now(&self.clock)
    }

    pub(crate) fn pass(&self, minutes: u64) {
        self.clock.advance(Duration::from_mins(minutes));
    }

    pub(crate) async fn stop(self) {
        self.end.send(()).unwrap();
        self.serving.await.unwrap();
        self.app.stop().await.unwrap();
    }
}

/// A form as a browser sends it.
pub(crate) fn form(request: RequestBuilder, body: String) -> RequestBuilder {
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

pub(crate) fn email(name: &str) -> String {
    format!("{name}@library.example")
}

/// A notice of MAIN that is for later.
pub(crate) fn notice(to: &str, subject: &str) -> NewMessage {
    let sender = ReversePath::Address(Address::parse("returns@library.example").unwrap());
    let due_at = now() + SignedDuration::from_hours(2);
    NewMessage {
        kind: Kind::Mail,
        door: store::Door::Smtp,
        class: Class::Normal,
        practice: false,
        application: "Textbook Tracker".to_owned(),
        site: Some("MAIN".to_owned()),
        run: None,
        envelope: Envelope::to_one(sender, Address::parse(to).unwrap()),
        message_id: "<1@library.example>".to_owned(),
        subject: subject.to_owned(),
        tags: vec!["autumn".to_owned()],
        patron: Some(Patron { name: "Ana Ruiz".to_owned(), number: None }),
        bytes: Bytes::from_static(LETTER),
        first_due_at: due_at,
        expires_at: due_at + SignedDuration::from_hours(100),
        lease: None,
    }
}

pub(crate) const LETTER: &[u8] = b"From: Desk <desk@library.example>\r\nTo: p@example.org\r\nSubject: Overdue\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\
    Please bring back <Moby Dick>.\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Please bring back <i>Moby Dick</i>.</p>\
    <script>alert(1)</script>\r\n--b--\r\n";

fn source(folder: &Path, file: &str) -> Source {
    let text = format!("data_dir = \"{}\"\nlog = \"warn\"\n{file}", folder.display());
    let around = Surroundings::given([], Some("books.library.example"));
    Source::given(&text, Some("bookpost.toml".into()), &around)
}

/// What people have set.
fn preferences(way: &Way) -> BTreeMap<String, Option<String>> {
    let site =
        |code: &str, name: &str| json!({ "code": code, "name": name, "email": "desk@library.example" });
    let mut all = json!({
        "library": "Riverside Public Library",
        "sites": [site("MAIN", "Main Library"), site("EAST", "East Branch")],
        "sending.way": match way { Way::None => "none", Way::Practice => "practice", Way::Servers(_) => "servers" },
    });
    if let Way::Servers(servers) = way {
        for server in servers {
            for (key, value) in [
                ("host", json!(server.host)),
                ("port", json!(server.port)),
                ("encryption", json!("none")),
                ("allow_non_secure", json!(true)),
            ] {
                all[format!("{}.{key}", server.name)] = value;
            }
            for (key, limit) in [("per_minute", server.limits.per_minute), ("per_day", server.limits.per_day)]
            {
                if let Some(limit) = limit {
                    all[format!("{}.{key}", server.name)] = json!(limit);
                }
            }
        }
    }
    let all = all.as_object().cloned().unwrap();
    all.into_iter().map(|(name, value)| (name, Some(value.to_string()))).collect()
}

//! A web service that takes mail, as the Gmail API and Microsoft Graph do: over TLS, with a token, and with no envelope. It writes to whoever
//! the header names, and takes Bcc out.

use std::{
    collections::VecDeque,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mail::submission::recipients_of_headers;
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::{
    io::{
        AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufStream,
    },
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

use crate::provider::Provider;

/// Where Gmail takes a message.
const GMAIL: &str = "/upload/gmail/v1/users/me/messages/send?uploadType=media";
/// And says which it has.
const SENT: &str = "/gmail/v1/users/me/messages?maxResults=5&q=";
/// And shows some lines of one.
const ONE: &str = "/gmail/v1/users/me/messages/18found";
/// Or of one that it says it has taken, by the number of the connection.
const TAKEN: &str = "/gmail/v1/users/me/messages/18c";
/// Whose account it is, each asks so; whoever may only send may not know.
const WHOSE: [&str; 2] = ["/gmail/v1/users/me/profile", "/v1.0/me"];
/// Where Microsoft Graph takes one.
const GRAPH: &str = "/v1.0/me/sendMail";

/// One message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Whoever its header names.
    pub to: Vec<String>,
    /// Whose token was shown.
    pub account: String,
    /// Counts connections.
    pub connection: u64,
    /// As whoever gets it reads it.
    pub bytes: Vec<u8>,
}

/// Something out of the ordinary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Says {
    /// Nothing is taken, and this is answered.
    No(u16, Value),
    /// Nothing is taken, and this is answered, with that as "Retry-After".
    NotNow(u16, Value, String),
    /// The same before the message has come.
    Early(u16, Value),
    /// It is taken and answered, and the connection ends.
    TakenAndClosed,
    /// The message is taken, and this is answered.
    Taken(u16, Value),
    /// The message is taken, and the connection ends without an answer.
    TakenAndCut,
    /// The message is taken, and nothing is ever answered.
    TakenAndHeld,
    /// The connection ends early in the message. Of a short one all may be on its way by then.
    Cut,
}

/// It listens as long as it, or a clone of it, lives.
#[derive(Clone)]
pub struct MailService {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// Something came.
    came: Arc<Notify>,
    provider: Provider,
}

#[derive(Default)]
struct State {
    says: VecDeque<Says>,
    always: Option<Says>,
    taken: Vec<Taken>,
    connections: u64,
    looked: Vec<String>,
    asked_how_it_is: u32,
    forgets_ids: bool,
    silent: bool,
}

impl MailService {
    /// On any free port of 127.0.0.1, with this certificate; it takes tokens of that provider.
    pub async fn start(provider: &Provider, tls: Arc<ServerConfig>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let service = Self {
            address: listener.local_addr()?,
            state: Arc::default(),
            came: Arc::default(),
            provider: provider.clone(),
        };
        let (serving, acceptor) = (service.clone(), TlsAcceptor::from(tls));
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (service, acceptor) = (serving.clone(), acceptor.clone());
                tokio::spawn(async move { service.serve(connection, acceptor).await });
            }
        });
        Ok(service)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// To the next message, after what is said to those before it.
    pub fn says(&self, says: Says) {
        self.state().says.push_back(says);
    }

    /// To every message; None: as usual.
    pub fn always_says(&self, says: Option<Says>) {
        self.state().always = says;
    }

    /// It gives each message a Message-ID of its own.
    pub fn forgets_ids(&self) {
        self.state().forgets_ids = true;
    }

    /// What was taken so far.
    pub fn taken(&self) -> Vec<Taken> {
        self.state().taken.clone()
    }

    /// How often it was asked for what it has.
    pub fn looked(&self) -> Vec<String> {
        self.state().looked.clone()
    }

    /// Waits until so much was taken.
    pub async fn has_taken(&self, count: usize) {
        self.until(|state| state.taken.len() >= count).await;
    }

    /// Waits until it was asked so often what it has.
    pub async fn was_looked_at(&self, times: usize) {
        self.until(|state| state.looked.len() >= times).await;
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            // Made before it is looked at, so that nothing in between is missed.
            let came = self.came.notified();
            if is_so(&self.state()) {
                return;
            }
            came.await;
        }
    }

    /// How often it was asked how it is.
    pub fn asked_how_it_is(&self) -> u32 {
        self.state().asked_how_it_is
    }

    /// It does not say any more which it has.
    pub fn is_silent(&self) {
        self.state().silent = true;
    }

    /// It took this some time, from whomever.
    pub fn has(&self, message: &[u8]) {
        self.take(message, String::new(), 0);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self, connection: TcpStream, acceptor: TlsAcceptor) {
        let Ok(stream) = acceptor.accept(connection).await else { return };
        let mut stream = BufStream::new(stream);
        let number = {
            let mut state = self.state();
            state.connections += 1;
            state.connections
        };
        while let Some(head) = Head::read(&mut stream).await {
            let answered = self.answer(&mut stream, &head, number).await;
            let Some((status, body)) = answered else { break };
            let closes = body.get("closes").is_some();
            if say(&mut stream, status, &body).await.is_err() || closes {
                break;
            }
        }
        let _ = stream.shutdown().await;
    }

    /// None: the connection ends.
    async fn answer<S>(&self, stream: &mut BufStream<S>, head: &Head, number: u64) -> Option<(u16, Value)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let account = self.provider.live().into_iter().find(|(_, token)| *token == head.token);
        let Some((account, _)) = account else {
            let mut body = vec![0; head.length];
            stream.read_exact(&mut body).await.ok()?;
            let code =
                if self.provider.is_microsoft() { json!("InvalidAuthenticationToken") } else { json!(401) };
            return Some((401, json!({ "error": { "code": code, "message": "Invalid Credentials" } })));
        };
        if let Some(query) = head.path.strip_prefix(SENT) {
            let found = self.look(query);
            self.came.notify_waiters();
            if self.state().silent {
                std::future::pending::<()>().await;
            }
            return Some(found);
        }
        if let Some(lines) = head.path.strip_prefix(ONE) {
            return self.lines(lines);
        }
        if let Some(id) = head.path.strip_prefix(TAKEN) {
            return self.lines_of_taken(id);
        }
        if WHOSE.contains(&&*head.path) {
            return Some(self.whose());
        }
        let says = {
            let mut state = self.state();
            state.says.pop_front().or_else(|| state.always.clone())
        };
        if let Some(Says::Early(status, body)) = says {
            say(stream, status, &body).await.ok()?;
            return None;
        }
        let cut = says == Some(Says::Cut);
        let mut body = vec![0; if cut { head.length / 8 } else { head.length }];
        stream.read_exact(&mut body).await.ok()?;
        if cut {
            return None;
        }
        let (message, yes) = match (&*head.path, &*head.kind) {
            (GMAIL, "message/rfc822") => {
                (body, (200, json!({ "id": format!("18c{number}"), "labelIds": ["SENT"] })))
            }
            (GRAPH, "text/plain") => (STANDARD.decode(body).ok()?, (202, Value::Null)),
            _ => return Some((404, json!({ "error": { "code": 404, "message": "Not Found" } }))),
        };
        let holds = says == Some(Says::TakenAndHeld);
        let answer = match says {
            Some(Says::No(status, body)) => return Some((status, body)),
            Some(Says::NotNow(status, body, after)) => {
                return Some((status, with(body, "retry_after", json!(after))));
            }
            Some(Says::Taken(status, body)) => Some((status, body)),
            Some(Says::TakenAndCut | Says::TakenAndHeld) => None,
            Some(Says::TakenAndClosed) => {
                let (status, body) = yes;
                Some((status, with(body, "closes", json!(true))))
            }
            _ => Some(yes),
        };
        self.take(&message, account, number);
        if holds {
            std::future::pending::<()>().await;
        }
        answer
    }

    fn take(&self, message: &[u8], account: String, connection: u64) {
        let to = recipients_of_headers(message, None).unwrap_or_else(|error| panic!("{error}"));
        let to = to.iter().map(ToString::to_string).collect();
        let bytes = without_bcc(message);
        self.state().taken.push(Taken { to, account, connection, bytes });
        self.came.notify_waiters();
    }

    /// Who may only send may not ask that, unless it serves nobody.
    fn whose(&self) -> (u16, Value) {
        let mut state = self.state();
        state.asked_how_it_is += 1;
        match &state.always {
            Some(Says::No(status, body)) if *status >= 500 || *status == 401 || *status < 400 => {
                (*status, body.clone())
            }
            Some(Says::NotNow(status, body, after)) => {
                (*status, with(body.clone(), "retry_after", json!(after)))
            }
            _ if self.provider.is_microsoft() => (403, json!({ "error": { "code": "ErrorAccessDenied" } })),
            _ => {
                let errors = json!([{ "reason": "insufficientPermissions" }]);
                (403, json!({ "error": { "code": 403, "errors": errors } }))
            }
        }
    }

    fn look(&self, query: &str) -> (u16, Value) {
        let mut state = self.state();
        let query = percent_encoding::percent_decode_str(query).decode_utf8_lossy().into_owned();
        state.looked.push(query.clone());
        let id = query.split(' ').find_map(|word| word.strip_prefix("rfc822msgid:")).unwrap_or_default();
        let copies: Vec<_> = (0..state.taken.len())
            .filter(|at| !state.forgets_ids && of_copy(&state.taken, *at, "Message-ID") == format!("<{id}>"))
            .map(|at| json!({ "id": format!("18found{at}"), "threadId": "18f" }))
            .collect();
        let count = copies.len();
        (200, json!({ "messages": copies, "resultSizeEstimate": count }))
    }

    /// Of the last that came over a connection.
    fn lines_of_taken(&self, asked: &str) -> Option<(u16, Value)> {
        let (number, _) = asked.split_once('?')?;
        let number: u64 = number.parse().ok()?;
        let (at, forgets) = {
            let state = self.state();
            (state.taken.iter().rposition(|one| one.connection == number)?, state.forgets_ids)
        };
        let (status, mut lines) = self.lines(&format!("{at}?"))?;
        if forgets && let Some(id) = lines.pointer_mut("/payload/headers/0/value") {
            *id = json!("<18c@mail.gmail.example>");
        }
        Some((status, lines))
    }

    fn lines(&self, asked: &str) -> Option<(u16, Value)> {
        let (at, _) = asked.split_once('?')?;
        let (at, state) = (at.parse().ok()?, self.state());
        let headers: Vec<_> = ["Message-ID", "To", "Cc"]
            .iter()
            .map(|name| json!({ "name": name, "value": of_copy(&state.taken, at, name) }))
            .collect();
        Some((200, json!({ "id": format!("18found{at}"), "payload": { "headers": headers } })))
    }
}

fn of_copy(taken: &[Taken], at: usize, name: &str) -> String {
    taken.get(at).and_then(|one| mail::message::header(&one.bytes, name)).unwrap_or_default()
}

/// As it leaves: nobody reads who else has got it.
fn without_bcc(message: &[u8]) -> Vec<u8> {
    let (mut kept, mut hides, mut is_header) = (Vec::new(), false, true);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if is_header && !line.starts_with(b" ") && !line.starts_with(b"\t") {
            hides = line.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"bcc:"));
            is_header = !line.trim_ascii().is_empty();
        }
        if !(is_header && hides) {
            kept.extend_from_slice(line);
        }
    }
    kept
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    body
}

async fn say<S>(stream: &mut BufStream<S>, status: u16, body: &Value) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let wait = body.get("retry_after").and_then(Value::as_str);
    let wait = wait.map_or_else(String::new, |wait| format!("Retry-After: {wait}\r\n"));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = "Content-Type: application/json\r\nrequest-id: 7f-1\r\nTransfer-Encoding: chunked";
    let chunk = if body.is_empty() { String::new() } else { format!("{:x}\r\n{body}\r\n", body.len()) };
    stream
        .write_all(format!("HTTP/1.1 {status} Said\r\n{wait}{head}\r\n\r\n{chunk}0\r\n\r\n").as_bytes())
        .await?;
    stream.flush().await
}

/// What is asked.
struct Head {
    path: String,
    token: String,
    kind: String,
    length: usize,
}

impl Head {
    async fn read(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<Self> {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let mut head = Self {
            path: line.split(' ').nth(1)?.to_owned(),
            token: String::new(),
            kind: String::new(),
            length: 0,
        };
        loop {
            line.clear();
            stream.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { return Some(head) };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => value.trim_start_matches("Bearer ").clone_into(&mut head.token),
                "content-type" => value.clone_into(&mut head.kind),
                "content-length" => head.length = value.parse().ok()?,
                _ => {}
            }
        }
    }
}

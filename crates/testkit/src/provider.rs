//! A mail provider that people sign in at: gives codes and tokens as RFC 6749, RFC 7636 and OpenID Connect say, and says no when it is told
//! to.

mod device;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What it knows Bookpost by.
pub const CLIENT: (&str, &str) = ("bookpost", "a secret of two");

/// It listens as long as it, or a clone of it, lives.
#[derive(Clone)]
pub struct Provider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// While it is closed, answers for tokens wait.
    gate: Arc<watch::Sender<bool>>,
    asked: Arc<watch::Sender<u32>>,
    /// How many of those who waited have hung up.
    gone: Arc<watch::Sender<u32>>,
}

#[derive(Default)]
struct State {
    codes: BTreeMap<String, Code>,
    /// The account of each token for later that is good.
    refresh: BTreeMap<String, String>,
    /// The account of each token for servers that is good.
    access: BTreeMap<String, String>,
    /// What was asked for with each code that is typed on another device, and who has typed it, if somebody has.
    typed: BTreeMap<String, (String, Option<Person>)>,
    /// Tokens for later that were used up.
    used: Vec<String>,
    /// It gives another token for later each time, and ends a sign-in of which one comes twice.
    rotates: bool,
    lasts: u64,
    /// So long lasts what it gives for later, where it says so.
    later_lasts: Option<u64>,
    /// Seconds between two questions about a code that is typed elsewhere, where it is told.
    asked_every: Option<u64>,
    /// By one word it ends all that an account has agreed to, as Google does.
    ends_all: bool,
    /// It does as Microsoft does.
    microsoft: bool,
    /// As it names itself.
    issuer: String,
    /// What it says of itself otherwise than it is.
    introduction: BTreeMap<String, Value>,
    /// What it answers next where tokens are asked for, instead of tokens.
    answers: VecDeque<(u16, Value)>,
    refreshes: u32,
    revoked: Vec<String>,
    drawn: u32,
}

struct Code {
    account: String,
    scopes: String,
    challenge: String,
    nonce: String,
    back: String,
}

/// What somebody does on its pages.
#[derive(Clone)]
pub struct Person {
    /// With which account they sign in.
    pub account: String,
    /// The box that they leave unticked.
    pub unticks: Option<String>,
}

impl Person {
    /// Somebody who ticks all boxes.
    pub fn new(account: &str) -> Self {
        Self { account: account.to_owned(), unticks: None }
    }
}

impl Provider {
    /// On any free port of 127.0.0.1; its tokens for servers last so many seconds.
    pub async fn start(rotates: bool, lasts: u64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = State { rotates, lasts, issuer: format!("http://{address}"), ..State::default() };
        let provider = Self {
            address,
            state: Arc::new(Mutex::new(state)),
            gate: Arc::new(watch::Sender::new(true)),
            asked: Arc::default(),
            gone: Arc::default(),
        };
        let serving = provider.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let provider = serving.clone();
                tokio::spawn(async move { provider.serve(connection).await });
            }
        });
        Ok(provider)
    }

    /// It does as Microsoft does from now on: it says who somebody is by `preferred_username`, and to those only who ask for `profile`; gives
    /// a token for later to those only who ask for `offline_access`; and names of what was agreed to only what its own servers are for.
    pub fn as_microsoft(&self) {
        self.state().microsoft = true;
    }

    /// By one word it ends all that an account has agreed to from now on, as Google does.
    pub fn ends_all(&self) {
        self.state().ends_all = true;
    }

    /// Whether it does as Microsoft does.
    pub fn is_microsoft(&self) -> bool {
        self.state().microsoft
    }

    /// It says this of itself from now on.
    pub fn introduces(&self, name: &str, value: Value) {
        self.state().introduction.insert(name.to_owned(), value);
    }

    /// It names itself so in ID tokens from now on, and as it is called everywhere else.
    pub fn signs_as(&self, name: &str) {
        name.clone_into(&mut self.state().issuer);
    }

    /// As it names itself.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Somebody opens the address and agrees: gives the code and the state with which they are led back. `Err`: what is wrong with the
    /// address.
    pub fn agree(&self, address: &str, person: &Person) -> Result<(String, String), String> {
        let query = address.split_once("/authorize?").ok_or("another address")?.1;
        let said = form(query);
        let of = |name: &str| said.get(name).cloned().unwrap_or_default();
        for (name, expected) in
            [("response_type", "code"), ("client_id", CLIENT.0), ("code_challenge_method", "S256")]
        {
            if of(name) != expected {
                return Err(format!("{name} is {:?}", of(name)));
            }
        }
        let ticked = |scope: &&str| person.unticks.as_deref() != Some(*scope);
        let scopes: Vec<_> = of("scope").split(' ').filter(ticked).map(ToOwned::to_owned).collect();
        let (mut state, code) = (
            self.state(),
            Code {
                account: person.account.clone(),
                scopes: scopes.join(" "),
                challenge: of("code_challenge"),
                nonce: of("nonce"),
                back: of("redirect_uri"),
            },
        );
        let name = state.draw("code");
        state.codes.insert(name.clone(), code);
        Ok((name, of("state")))
    }

    /// The tokens for servers that are good, each with its account.
    pub fn live(&self) -> Vec<(String, String)> {
        self.state().access.iter().map(|(token, user)| (user.clone(), token.clone())).collect()
    }

    /// The accounts of which a token for later is good, one for each.
    pub fn grants(&self) -> Vec<String> {
        self.state().refresh.values().cloned().collect()
    }

    /// Whoever owns this account ends what it has agreed to.
    pub fn forget(&self, account: &str) {
        self.state().refresh.retain(|_, of| of != account);
    }

    /// It wants to be asked so many seconds apart about a code that is typed on another device.
    pub fn asked_every(&self, seconds: u64) {
        self.state().asked_every = Some(seconds);
    }

    /// Servers take none of the tokens that were given so far.
    pub fn spend(&self) {
        self.state().access.clear();
    }

    /// Whoever administers it ends all sign-ins.
    pub fn revoke(&self) {
        let mut state = self.state();
        state.access.clear();
        state.refresh.clear();
    }

    /// It answers this the next time that tokens are asked for.
    pub fn answers(&self, status: u16, body: Value) {
        self.state().answers.push_back((status, body));
    }

    /// What it gives for later ends after so many seconds, as for a client that stands at "Testing".
    pub fn ends_after(&self, seconds: u64) {
        self.state().later_lasts = Some(seconds);
    }

    /// How often other tokens were asked for.
    pub fn refreshes(&self) -> u32 {
        self.state().refreshes
    }

    /// What was revoked on request.
    pub fn revoked(&self) -> Vec<String> {
        self.state().revoked.clone()
    }

    /// Whoever asks for tokens waits from now on for the answer, or no more. Who hangs up meanwhile has not asked.
    pub fn hold(&self, holds: bool) {
        self.gate.send_replace(!holds);
    }

    /// Until tokens were asked for so often.
    pub async fn asked(&self, times: u32) {
        let _ = self.asked.subscribe().wait_for(|asked| *asked >= times).await;
    }

    /// Until so many of those who waited have hung up.
    pub async fn gone(&self, times: u32) {
        let _ = self.gone.subscribe().wait_for(|gone| *gone >= times).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, mut connection: TcpStream) {
        let Some(request) = Request::read(&mut connection).await else { return };
        if request.path == "/token" {
            self.asked.send_modify(|asked| *asked += 1);
            let mut gate = self.gate.subscribe();
            tokio::select! {
                biased;
                _ = gate.wait_for(|open| *open) => {}
                _ = connection.read_u8() => return self.gone.send_modify(|gone| *gone += 1),
            }
        }
        let (status, body) = self.answer(&request);
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = connection.write_all(format!("{head}{body}").as_bytes()).await;
    }

    fn answer(&self, request: &Request) -> (u16, Value) {
        match request.path.as_str() {
            "/.well-known/openid-configuration" => {
                let at = |path: &str| format!("{}{path}", self.issuer());
                let mut said = json!({
                    "issuer": self.issuer(),
                    "authorization_endpoint": at("/authorize"),
                    "token_endpoint": at("/token"),
                    "userinfo_endpoint": at("/userinfo"),
                    "revocation_endpoint": at("/revoke"),
                    "device_authorization_endpoint": at("/device"),
                });
                let state = self.state();
                if state.microsoft {
                    let scopes = json!(["openid", "profile", "email", "offline_access"]);
                    put(&mut said, "scopes_supported", scopes);
                    put(&mut said, "userinfo_endpoint", Value::Null);
                }
                for (name, value) in &state.introduction {
                    put(&mut said, name, value.clone());
                }
                (200, said)
            }
            "/token" => self.state().give(request),
            "/userinfo" => {
                let token = request.authorization.strip_prefix("Bearer ").unwrap_or_default();
                match self.state().access.get(token) {
                    Some(account) => (200, json!({ "sub": account, "email": account })),
                    None => (401, json!({ "error": "invalid_token" })),
                }
            }
            "/revoke" => {
                let mut state = self.state();
                let token = request.form.get("token").cloned().unwrap_or_default();
                let of = state.refresh.remove(&token).or_else(|| state.access.get(&token).cloned());
                if state.ends_all {
                    state.refresh.retain(|_, account| Some(&*account) != of.as_ref());
                }
                state.access.clear();
                state.revoked.push(token);
                (200, json!({}))
            }
            "/device" => self.state().code_to_type(request, &self.issuer()),
            _ => (404, json!({})),
        }
    }
}

impl State {
    fn draw(&mut self, what: &str) -> String {
        self.drawn += 1;
        format!("{what}-{:04}", self.drawn)
    }

    fn give(&mut self, request: &Request) -> (u16, Value) {
        let refreshes = request.form.get("grant_type").is_some_and(|kind| kind == "refresh_token");
        self.refreshes += u32::from(refreshes);
        if let Some(answer) = self.answers.pop_front() {
            return answer;
        }
        if request.authorization != client() {
            return (401, json!({ "error": "invalid_client" }));
        }
        if let Some(answer) = self.typed(&request.form) {
            return answer;
        }
        if refreshes { self.refresh(&request.form) } else { self.exchange(&request.form) }
    }

    fn exchange(&mut self, form: &BTreeMap<String, String>) -> (u16, Value) {
        let of = |name: &str| form.get(name).map_or("", String::as_str);
        // Once, whatever comes of it.
        let Some(code) = self.codes.remove(of("code")) else { return no_grant("no such code") };
        let shown = digest::digest(&digest::SHA256, of("code_verifier").as_bytes());
        if URL_SAFE_NO_PAD.encode(shown) != code.challenge {
            return no_grant("the verifier is another");
        }
        if of("redirect_uri") != code.back {
            return no_grant("the address is another");
        }
        let later = self.draw("later");
        self.refresh.insert(later.clone(), code.account.clone());
        let mut claims = json!({ "iss": self.issuer, "aud": CLIENT.0, "exp": i64::MAX, "nonce": code.nonce, "email": code.account });
        let asked = |scope: &str| code.scopes.split(' ').any(|one| one == scope);
        if self.microsoft {
            put(&mut claims, "email", Value::Null);
            put(&mut claims, "preferred_username", asked("profile").then_some(&*code.account).into());
        }
        if !asked("email") {
            put(&mut claims, "email", Value::Null);
        }
        let id_token = format!("e30.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let of_servers = |scope: &&str| !self.microsoft || scope.starts_with("https://");
        let scopes: Vec<_> = code.scopes.split(' ').filter(of_servers).collect();
        let beside = [("scope", scopes.join(" ")), ("id_token", id_token)];
        let mut given = self.given(&code.account, beside);
        if let Some(lasts) = self.later_lasts {
            put(&mut given, "refresh_token_expires_in", json!(lasts));
        }
        if !self.microsoft || asked("offline_access") {
            put(&mut given, "refresh_token", json!(later));
        }
        (200, given)
    }

    fn refresh(&mut self, form: &BTreeMap<String, String>) -> (u16, Value) {
        let shown = form.get("refresh_token").cloned().unwrap_or_default();
        if self.used.contains(&shown) {
            self.refresh.clear();
            self.access.clear();
            return no_grant("it was used before; the sign-in is over");
        }
        let Some(account) = self.refresh.get(&shown).cloned() else { return no_grant("revoked") };
        if !self.rotates {
            return (200, self.given(&account, []));
        }
        self.refresh.remove(&shown);
        self.used.push(shown);
        let later = self.draw("later");
        self.refresh.insert(later.clone(), account.clone());
        (200, self.given(&account, [("refresh_token", later)]))
    }

    fn given<const N: usize>(&mut self, account: &str, beside: [(&str, String); N]) -> Value {
        let token = self.draw("token");
        self.access.insert(token.clone(), account.to_owned());
        let mut given = serde_json::Map::new();
        given.insert("access_token".to_owned(), json!(token));
        given.insert("token_type".to_owned(), json!("Bearer"));
        given.insert("expires_in".to_owned(), json!(self.lasts));
        given.extend(beside.map(|(name, value)| (name.to_owned(), json!(value))));
        Value::Object(given)
    }
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

fn no_grant(why: &str) -> (u16, Value) {
    (400, json!({ "error": "invalid_grant", "error_description": why }))
}

fn client() -> String {
    let encoded = |text: &str| text.replace(' ', "+");
    format!("Basic {}", STANDARD.encode(format!("{}:{}", CLIENT.0, encoded(CLIENT.1))))
}

/// What was asked.
struct Request {
    path: String,
    authorization: String,
    form: BTreeMap<String, String>,
}

impl Request {
    async fn read(connection: &mut TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(connection);
        let mut line = String::new();
        reader.read_line(&mut line).await.ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let (mut authorization, mut length) = (String::new(), 0);
        loop {
            line.clear();
            reader.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "authorization" => value.clone_into(&mut authorization),
                "content-length" => length = value.parse().ok()?,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await.ok()?;
        Some(Self { path, authorization, form: form(&String::from_utf8(body).ok()?) })
    }
}

fn form(text: &str) -> BTreeMap<String, String> {
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(a, b)| (decoded(a), decoded(b))).collect()
}

//! A district and a school, which signs in by it, and what the tests do there.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use bookpost::cli::control::{BrokerReply, BrokerRequest, Reply, Request};
use serde_json::{Value, json};
use store::{AlarmKind, Role};
use tempfile::TempDir;
use testkit::provider::{CLIENT, Person, Provider};
use tokio::{net::TcpListener, sync::mpsc};

use super::{BACK, LIBRARY, PAGE, VERIFIER, WHO};
use crate::{
    bench::{Answer, Bench, listener, servers},
    mail_account::secret_file,
};

pub(crate) struct Places {
    pub(crate) district: Bench,
    pub(crate) school: Bench,
    pub(crate) provider: Provider,
    /// What the school was given.
    pub(super) key: String,
    pub(super) _folders: [TempDir; 2],
}

/// Carries out what a command of the district asks for.
pub(super) async fn command(district: &Bench, request: BrokerRequest) -> Reply {
    district.app.answer(Request::Broker(request), mpsc::unbounded_channel().0).await
}

/// A key for an installation at this address.
pub(super) async fn added(district: &Bench, name: &str, address: &str) -> String {
    let request = BrokerRequest::Add { name: name.to_owned(), address: address.to_owned() };
    let Reply::Broker(reply) = command(district, request).await else { return String::new() };
    match *reply {
        BrokerReply::Added(shown) => shown.key.0,
        _ => String::new(),
    }
}

/// Tokens last for an hour.
pub(crate) async fn places() -> Places {
    let at_district = listener().await;
    let district = format!("http://{}", at_district.local_addr().unwrap());
    places_at(at_district, &district).await
}

/// The same, where the district is known by this address.
pub(super) async fn places_at(at_district: TcpListener, district_address: &str) -> Places {
    let provider = Provider::start(true, 3600).await.unwrap();
    let at_school = listener().await;
    let (secret_folder, secret) = secret_file();
    let file = format!(
        "public_address = \"{district_address}\"\n[google]\nclient_id = \"{}\"\nclient_secret_file = \"{}\"\nissuer = \"{}\"\n",
        CLIENT.0,
        secret.display(),
        provider.issuer()
    );
    let district = Bench::at(at_district, servers(), &file).await;
    let here = format!("http://{}", at_school.local_addr().unwrap());
    let key = added(&district, "Hill School", &here).await;
    let (folder, file) = key_file(&key);
    let file = format!(
        "public_address = \"{here}\"\n[sign_in_service]\naddress = \"{district_address}\"\nkey_file = \"{}\"\nname = \"Riverside District\"\n",
        file.display()
    );
    let mut school = Bench::at(at_school, servers(), &file).await;
    school.person(WHO, Role::Administrator, None).await;
    Places { district, school, provider, key, _folders: [folder, secret_folder] }
}

pub(super) fn key_file(key: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
    file.write_all(key.as_bytes()).unwrap();
    (folder, path)
}

/// What a browser was given to keep.
pub(super) fn kept(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

impl Places {
    /// Somebody of the school begins: what their browser keeps for the school, and where it is sent.
    pub(super) async fn begun(&self) -> (String, String) {
        let answer = self.school.get(WHO, &format!("{PAGE}/begin")).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        (kept(&answer), answer.header("location").to_owned())
    }

    /// With what the browser keeps for the district.
    pub(super) async fn at_district(&self, address: &str, cookie: &str) -> Answer {
        let request = self.district.client.get(address).header("cookie", cookie);
        Answer::of(request.header("accept", "text/html")).await
    }

    /// Their browser passes the page of the district: what it keeps there, and where it goes on.
    pub(super) async fn passed(&self, to: &str) -> (String, String) {
        let page = self.at_district(to, "").await;
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(
            page.text.contains("Hill School") && page.text.contains(&self.school.origin),
            "{}",
            page.text
        );
        assert!(page.text.contains("covers reading and deleting all mail"), "{}", page.text);
        let on = on(&page.text);
        let there = self.at_district(&format!("{}{on}", self.district.origin), &kept(&page)).await;
        assert_eq!(there.status, 303, "{}", there.text);
        (kept(&page), there.header("location").to_owned())
    }

    /// They agree at the provider, and pass the district once more: where they go on, at the school.
    pub(super) async fn returned(&self, cookie: &str, there: &str, person: &Person) -> String {
        let (code, state) = self.provider.agree(there, person).unwrap();
        let back = self.at_district(&self.back(&format!("code={code}&state={state}")), cookie).await;
        assert_eq!(back.status, 303, "{}", back.text);
        back.header("location").to_owned()
    }

    pub(super) fn back(&self, query: &str) -> String {
        format!("{}/sign-in-service/back?{query}", self.district.origin)
    }

    /// They are at the school again.
    pub(super) async fn home(&self, address: &str, cookie: &str) -> Answer {
        let session = &self.school.tokens[WHO];
        let request = self.school.client.get(address).header("sec-fetch-site", "cross-site");
        Answer::of(request.header("cookie", format!("bookpost={session}; {cookie}"))).await
    }

    pub(super) async fn signs_in(&self, person: &Person) -> Answer {
        let (cookie, to) = self.begun().await;
        let (of_district, there) = self.passed(&to).await;
        let home = self.returned(&of_district, &there, person).await;
        self.home(&home, &cookie).await
    }

    pub(super) async fn connected(&self) {
        let came = self.signs_in(&Person::new(LIBRARY)).await;
        assert_eq!(
            came.header("location"),
            "/preferences/sign-in/google?done=account_connected",
            "{}",
            came.text
        );
    }

    /// As an installation asks, with this key.
    pub(super) async fn ask(&self, key: &str, what: &str, body: Value) -> (u16, Value) {
        let address = format!("{}/api/sign-in-service/{what}", self.district.origin);
        let request = self.district.client.post(address).bearer_auth(key);
        let answer = request.header("content-type", "application/json").body(body.to_string());
        let answer = Answer::of(answer).await;
        (answer.status, serde_json::from_str(&answer.text).unwrap_or(Value::Null))
    }

    /// Somebody has signed in for the school, which would fetch with [`VERIFIER`]: what their browser brings.
    pub(super) async fn handoff(&self) -> String {
        let (status, begun) = self.ask(&self.key, "begin", self.beginning()).await;
        assert_eq!(status, 200, "{begun}");
        let (cookie, there) = self.passed(begun["to"].as_str().unwrap()).await;
        let home = self.returned(&cookie, &there, &Person::new(LIBRARY)).await;
        let (to, query) = home.split_once('?').unwrap();
        assert_eq!(to, format!("{}{BACK}", self.school.origin));
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == "code").unwrap().1.to_owned()
    }

    pub(super) fn beginning(&self) -> Value {
        use aws_lc_rs::digest::{SHA256, digest};
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        // The base point: a public key like any other.
        let mut point = [0; 32];
        point[0] = 9;
        json!({
            "provider": "google",
            "back": format!("{}{BACK}", self.school.origin),
            "state": "a state",
            "challenge": URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes())),
            "seal_to": URL_SAFE_NO_PAD.encode(point),
        })
    }

    pub(super) async fn fetch(&self, key: &str, handoff: &str, verifier: &str) -> (u16, String) {
        let (status, said) =
            self.ask(key, "fetch", json!({ "handoff": handoff, "verifier": verifier })).await;
        (status, said["error"].as_str().unwrap_or_default().to_owned())
    }

    pub(super) fn pass(&self, minutes: u64) {
        self.district.pass(minutes);
        self.school.pass(minutes);
    }

    pub(super) async fn stop(self) {
        self.district.stop().await;
        self.school.stop().await;
    }
}

/// The link of the page that names the installation.
pub(super) fn on(page: &str) -> String {
    let (_, rest) = page.split_once("href=\"/sign-in-service/on").unwrap();
    format!("/sign-in-service/on{}", rest.split('"').next().unwrap())
}

/// Everything that a Bookpost has on disk.
pub(super) fn on_disk(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            all.extend(on_disk(&entry.path()));
        } else if kind.is_file() {
            all.extend(fs::read(entry.path()).unwrap());
        }
    }
    all
}

pub(super) fn has(all: &[u8], what: &str) -> bool {
    all.windows(what.len()).any(|part| part == what.as_bytes())
}

/// What somebody is told.
pub(super) async fn alarmed(bench: &Bench, kind: AlarmKind) -> Option<String> {
    bench.app.alarms.carried_out().await;
    let alarms = bench.app.store.alarms(true, 10).await.unwrap();
    alarms.into_iter().find(|alarm| alarm.kind == kind).map(|alarm| alarm.text)
}

/// Its address is free again.
pub(super) async fn gone(other: tokio::task::JoinHandle<()>) {
    other.abort();
    let _ = other.await;
}

/// Something that answers all the same.
pub(super) fn something_else(
    listener: TcpListener,
    status: u16,
    body: impl Into<String>,
) -> tokio::task::JoinHandle<()> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let body = body.into();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = connection.read(&mut request).await;
            let answer = format!(
                "HTTP/1.1 {status} No\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    })
}

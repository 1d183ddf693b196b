//! A fast SMTP server that keeps nothing but a record of what it took.
//!
//! Before it answers 250 it has written a line to its ledger (if it has one) with one `O_APPEND` write, so that the ledger
//! survives whoever is killed next.

mod session;

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rustls::ServerConfig;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

use session::{Session, Wish};

use crate::provider::Provider;

/// One message that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Taken {
    /// Counts messages in the order in which they came.
    pub order: u64,
    /// Counts connections.
    pub connection: u64,
    /// The Message-ID field's value.
    pub id: String,
    /// The reverse-path.
    pub from: String,
    /// The recipients that were accepted.
    pub to: Vec<String>,
    /// Bytes without dot-stuffing.
    pub length: usize,
    /// CRC-32 of these bytes.
    pub checksum: u32,
    /// The last line, without its CRLF.
    pub last_line: String,
    /// Everything, if asked for.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// What the sink is like.
#[derive(Clone)]
pub struct Settings {
    /// 0: any free port of 127.0.0.1.
    pub port: u16,
    /// EHLO keywords; AUTH and STARTTLS are added where they apply.
    pub extensions: Vec<String>,
    /// What it does out of the ordinary; the first that fits.
    pub rules: Vec<Rule>,
    /// TLS, and whether it begins with it instead of STARTTLS.
    pub tls: Option<(Arc<ServerConfig>, bool)>,
    /// A login and its password; with them nothing is taken without AUTH PLAIN or LOGIN.
    pub login: Option<(String, String)>,
    /// With it nothing is taken without a token of this provider (XOAUTH2 or OAUTHBEARER).
    pub provider: Option<Provider>,
    /// Keep whole messages in memory.
    pub keep_bytes: bool,
    /// One JSON object per line.
    pub ledger: Option<PathBuf>,
    /// A record of a disk's faults, in which is noted (`taken`, Message-ID) what was taken, before it is answered.
    pub notes: Option<PathBuf>,
}

/// Something out of the ordinary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// When.
    pub at: At,
    /// Only for this address: the sender's at MAIL, the recipient's at RCPT, any recipient's later. None: for all.
    pub address: Option<String>,
    /// What.
    pub does: Does,
    /// So many times, then no more. None: always.
    pub times: Option<u32>,
}

/// Where in the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Instead of the greeting.
    Connect,
    /// EHLO or HELO.
    Ehlo,
    /// The answer to the credentials.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The answer to the whole message.
    Dot,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// This reply (without CRLF). Not a 2yz: the message, recipient or sender is not taken.
    Reply(String),
    /// The connection is closed without a reply. At [`At::Dot`] the message was taken before.
    HangUp,
    /// The usual, but the answer waits for [`Sink::let_go`].
    Wait,
}

/// The running sink. Dropping it closes it.
pub struct Sink {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

pub(crate) struct Shared {
    settings: Settings,
    rules: Mutex<Vec<Rule>>,
    taken: Mutex<Vec<Taken>>,
    count: watch::Sender<u64>,
    connections: AtomicU64,
    ledger: Option<File>,
    gate: watch::Sender<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        let extensions =
            ["PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES", "SIZE 52428800"];
        Self {
            port: 0,
            extensions: extensions.map(str::to_owned).to_vec(),
            rules: Vec::new(),
            tls: None,
            login: None,
            provider: None,
            keep_bytes: false,
            ledger: None,
            notes: None,
        }
    }
}

impl Sink {
    /// Starts listening.
    pub async fn start(settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let address = listener.local_addr()?;
        let ledger = match &settings.ledger {
            Some(path) => Some(OpenOptions::new().create(true).append(true).open(path)?),
            None => None,
        };
        let shared = Arc::new(Shared {
            rules: Mutex::new(settings.rules.clone()),
            settings,
            taken: Mutex::default(),
            count: watch::Sender::new(0),
            connections: AtomicU64::new(0),
            ledger,
            gate: watch::Sender::new(0),
        });
        let listening = tokio::spawn(listen(listener, shared.clone()));
        Ok(Self { address, shared, listening })
    }

    /// Ends it: when this returns, nobody listens.
    pub async fn stop(mut self) {
        self.listening.abort();
        let _ = (&mut self.listening).await;
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was taken so far.
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.shared.taken).clone()
    }

    /// How many messages were taken.
    pub fn count(&self) -> u64 {
        *self.shared.count.borrow()
    }

    /// Waits until `wanted` messages were taken.
    pub async fn wait_for(&self, wanted: u64) {
        let _ = self.shared.count.subscribe().wait_for(|count| *count >= wanted).await;
    }

    /// Connections so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Other rules from here on.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        *lock(&self.shared.rules) = rules;
    }

    /// Lets every answer go that waits now.
    pub fn let_go(&self) {
        self.shared.gate.send_modify(|opened| *opened += 1);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Shared {
    /// The first rule that fits, counted down.
    fn rule(&self, at: At, addresses: &[String]) -> Option<Does> {
        let mut rules = lock(&self.rules);
        let rule = rules.iter_mut().find(|rule| {
            rule.at == at
                && rule.times != Some(0)
                && rule
                    .address
                    .as_ref()
                    .is_none_or(|wanted| addresses.iter().any(|one| one.eq_ignore_ascii_case(wanted)))
        })?;
        rule.times = rule.times.map(|left| left - 1);
        Some(rule.does.clone())
    }

    /// Records a message; on return it is in the ledger.
    fn take(&self, mut message: Taken) -> io::Result<()> {
        let mut taken = lock(&self.taken);
        message.order = *self.count.borrow();
        if let Some(mut ledger) = self.ledger.as_ref() {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            ledger.write_all(&line)?;
        }
        if let Some(notes) = &self.settings.notes {
            crate::faults::note(notes, &format!("taken {}", message.id))?;
        }
        if self.ledger.is_none() || self.settings.keep_bytes {
            taken.push(message);
        }
        drop(taken);
        self.count.send_modify(|count| *count += 1);
        Ok(())
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    // The connections end with the sink.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let number = shared.connections.fetch_add(1, Ordering::Relaxed);
        let shared = shared.clone();
        // A broken connection is the client's affair.
        connections.spawn(async move { drop(serve(stream, shared, number).await) });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>, number: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut session = Session::new(shared.clone(), number);
    let tls = shared.settings.tls.clone();
    if let Some((config, true)) = tls {
        session.secured();
        let stream = tokio_rustls::TlsAcceptor::from(config).accept(stream).await?;
        return talk(stream, &mut session).await.map(drop);
    }
    if let (Some(stream), Some((config, _))) = (talk(stream, &mut session).await?, tls) {
        session.secured();
        let stream = tokio_rustls::TlsAcceptor::from(config).accept(stream).await?;
        talk(stream, &mut session).await?;
    }
    Ok(())
}

/// Talks until the end, or gives the stream back for STARTTLS.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    session: &mut Session,
) -> io::Result<Option<S>> {
    let mut gate = session.shared.gate.subscribe();
    let mut wish = session.greet();
    loop {
        match wish {
            Wish::More => {
                stream.write_all(&session.out).await?;
                stream.flush().await?;
                session.out.clear();
                session.make_room();
                if stream.read_buf(&mut session.input).await? == 0 {
                    return Ok(None);
                }
            }
            Wish::Wait => drop(gate.changed().await),
            Wish::StartTls => {
                stream.write_all(&session.out).await?;
                session.out.clear();
                return Ok(Some(stream));
            }
            Wish::HangUp => {
                stream.write_all(&session.out).await?;
                stream.shutdown().await?;
                return Ok(None);
            }
        }
        gate.mark_unchanged();
        wish = session.step();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "Message-ID: <1@x>\r\nSubject: s\r\n\r\n..two dots\r\nlast\r\n.\r\n";

    /// Says all of `said` at once, cut into writes of `piece` bytes, and returns all that came back.
    async fn talk_to(sink: &Sink, said: &str, piece: usize) -> String {
        let mut stream = TcpStream::connect(sink.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        for bytes in said.as_bytes().chunks(piece) {
            if stream.write_all(bytes).await.is_err() {
                break;
            }
        }
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard).await;
        String::from_utf8(heard).unwrap()
    }

    fn codes(heard: &str) -> Vec<&str> {
        heard.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect()
    }

    fn one_message() -> String {
        format!("EHLO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n{MESSAGE}QUIT\r\n")
    }

    #[tokio::test]
    async fn it_records_what_it_took_however_it_came() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger");
        let settings = Settings { ledger: Some(ledger.clone()), keep_bytes: true, ..Settings::default() };
        let sink = Sink::start(settings).await.unwrap();
        for (order, piece) in [1, 2, 3, 7, 1000].into_iter().enumerate() {
            let heard = talk_to(&sink, &one_message(), piece).await;
            assert_eq!(codes(&heard), ["220", "250", "250", "250", "250", "354", "250", "221"]);
            let taken = sink.taken().pop().unwrap();
            let bytes = b"Message-ID: <1@x>\r\nSubject: s\r\n\r\n.two dots\r\nlast\r\n";
            assert_eq!(taken.bytes, bytes);
            assert_eq!((taken.length, taken.checksum), (bytes.len(), crc32fast::hash(bytes)));
            assert_eq!((&*taken.id, &*taken.last_line, &*taken.from), ("<1@x>", "last", "a@x"));
            assert_eq!((taken.to, taken.order), (vec!["b@x".to_owned(), "c@x".to_owned()], order as u64));
        }
        let lines = std::fs::read_to_string(ledger).unwrap();
        let read: Vec<Taken> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((read.len(), sink.count(), sink.connections()), (5, 5, 5));
        assert_eq!(read[4].id, "<1@x>");
    }

    #[tokio::test]
    async fn rules_refuse_hang_up_and_run_out() {
        let rule = |at, does, times| Rule { at, address: Some("B@x".into()), does, times };
        let once = Some(1);
        let sink = Sink::start(Settings::default()).await.unwrap();
        let reply = || Does::Reply("450 4.2.1 later".into());
        for (does, expected, taken) in [
            (rule(At::Rcpt, reply(), once), "220 250 250 450 250 354 250 221", 1),
            (rule(At::Dot, reply(), once), "220 250 250 250 250 354 450 221", 1),
            (rule(At::Dot, Does::HangUp, once), "220 250 250 250 250 354", 2),
            (rule(At::Rcpt, Does::HangUp, once), "220 250 250", 2),
            (rule(At::Rcpt, reply(), Some(0)), "220 250 250 250 250 354 250 221", 3),
        ] {
            sink.set_rules(vec![does.clone()]);
            assert_eq!(codes(&talk_to(&sink, &one_message(), 1000).await).join(" "), expected, "{does:?}");
            assert_eq!(sink.count(), taken, "{does:?}");
        }
    }

    #[tokio::test]
    async fn it_takes_nothing_without_the_right_password() {
        let settings = Settings { login: Some(("anna".into(), "s3cret!".into())), ..Settings::default() };
        let sink = Sink::start(settings).await.unwrap();
        for (sign_in, mail) in [
            ("AUTH PLAIN AGFubmEAczNjcmV0IQ==\r\n", "235 250"),
            ("AUTH LOGIN\r\nYW5uYQ==\r\nczNjcmV0IQ==\r\n", "334 334 235 250"),
            ("AUTH PLAIN AGFubmEAd3Jvbmc=\r\n", "535 530"),
            ("", "530"),
        ] {
            let heard = talk_to(&sink, &format!("{sign_in}MAIL FROM:<>\r\nQUIT\r\n"), 1000).await;
            assert_eq!(codes(&heard).join(" "), format!("220 {mail} 221"), "{sign_in}");
        }
    }

    #[tokio::test]
    async fn an_answer_waits_until_it_is_let_go() {
        let rules = vec![Rule { at: At::Dot, address: None, does: Does::Wait, times: None }];
        let sink = Sink::start(Settings { rules, ..Settings::default() }).await.unwrap();
        let said = one_message();
        let talk = talk_to(&sink, &said, 1000);
        let release = async {
            sink.wait_for(1).await;
            while sink.shared.gate.receiver_count() == 0 {
                tokio::task::yield_now().await;
            }
            sink.let_go();
        };
        let (heard, ()) = tokio::join!(talk, release);
        assert!(heard.ends_with("221 2.0.0 Bye\r\n"), "{heard}");
    }
}

//! The practice mailbox: an SMTP server on loopback that keeps mail as files, for trying Bookpost out. Nobody receives it.
//!
//! It is a real server, so that a rehearsal goes the way of the performance: through connections, replies, refusals and
//! deferrals. Kept mail stands in `new/` as one `.eml` file each, which any mail program opens; the names are a time-ordered
//! number and say nothing of patrons.
//!
//! This part knows nothing of the queue.

mod keep;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use mail::{
    Address, Reply,
    reply::EnhancedStatusCode,
    smtp::server::{Limits, Server, Settings, SignIn, Tls, Transaction, Wish},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};

use self::keep::Keep;

/// Connections at one time; more wait to be accepted.
const CONNECTIONS: usize = 64;

/// What it does about one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The recipient.
    pub address: Address,
    /// What happens to it.
    pub does: Does,
}

/// A way to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Does {
    /// The recipient is refused with this reply, such as `550 5.1.1 No such mailbox`, each time.
    Refuse {
        /// Negative.
        reply: Reply,
    },
    /// The recipient is put off with this reply, such as `452 4.2.2 Mailbox full`.
    Defer {
        /// So many times, then it is accepted; without end if `None`.
        times: Option<u32>,
        /// Negative.
        reply: Reply,
    },
    /// The connection is closed.
    HangUp {
        /// When.
        at: At,
    },
}

/// When it hangs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Instead of the answer to RCPT.
    Rcpt,
    /// Instead of the answer to DATA.
    Data,
    /// Instead of the answer to the whole message, which is not kept.
    Dot,
}

/// Where the practice mailbox of this data folder keeps mail.
pub fn kept_in(data_dir: &Path) -> PathBuf {
    keep::folder_in(&of(data_dir))
}

/// The practice mailbox's own folder.
pub fn of(data_dir: &Path) -> PathBuf {
    data_dir.join("practice")
}

/// A running practice mailbox. Dropping it closes it; what it kept stays.
#[derive(Debug)]
pub struct Practice {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    settings: Arc<Settings>,
    keep: Keep,
    rules: Mutex<Vec<Rule>>,
}

impl Practice {
    /// Opens the mailbox in `folder`, which is made if it is not there, and listens on a free port of 127.0.0.1.
    pub async fn start(folder: &Path, rules: Vec<Rule>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            settings: Arc::new(settings()),
            keep: Keep::open(folder)?,
            rules: Mutex::new(rules),
        });
        let listening = tokio::spawn(listen(listener, shared.clone()));
        Ok(Self { address, shared, listening })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Messages kept since the start.
    pub fn kept(&self) -> u64 {
        self.shared.keep.kept()
    }

    /// The folder with the kept mail.
    pub fn folder(&self) -> PathBuf {
        self.shared.keep.folder().to_owned()
    }

    /// Other rules from here on.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        *self.shared.rules.lock().unwrap_or_else(PoisonError::into_inner) = rules;
    }
}

impl Drop for Practice {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Shared {
    /// What a rule says to a recipient at RCPT: `Ok(None)` for nothing, a reply, or to hang up.
    fn at_rcpt(&self, address: &Address) -> Verdict {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in rules.iter_mut().filter(|rule| rule.address == *address) {
            match &mut rule.does {
                Does::Refuse { reply } | Does::Defer { times: None, reply } => {
                    return Verdict::Reply(reply.clone());
                }
                Does::Defer { times: Some(0), .. } => {}
                Does::Defer { times: Some(left), reply } => {
                    *left -= 1;
                    return Verdict::Reply(reply.clone());
                }
                Does::HangUp { at } => return Verdict::HangUp(*at),
            }
        }
        Verdict::Take
    }

    fn keep(&self, Transaction { mail, recipients, content }: &Transaction) -> Reply {
        let from = mail.reverse_path.address().map_or("", Address::as_str);
        let trace = format!("Return-Path: <{from}>\r\n");
        let (code, enhanced, text) = match self.keep.keep(&[trace.as_bytes(), content]) {
            Ok(()) => (
                250,
                EnhancedStatusCode(2, 0, 0),
                format!("Kept for {}; nobody receives it", recipients.len()),
            ),
            Err(error) => (451, EnhancedStatusCode(4, 3, 0), format!("Not kept: {error}")),
        };
        Reply { code, enhanced: Some(enhanced), text }
    }
}

fn settings() -> Settings {
    Settings {
        host_name: "practice.invalid".to_owned(),
        greeting: "ESMTP Bookpost practice mailbox: nobody receives this mail".to_owned(),
        tls: Tls::None,
        sign_in: SignIn::None,
        password_on_plain: false,
        smtputf8: true,
        dsn: true,
        chunking: true,
        limits: Limits { transactions: None, ..Limits::default() },
    }
}

/// What becomes of a recipient.
enum Verdict {
    Take,
    Reply(Reply),
    HangUp(At),
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // The connections end with the mailbox.
    let mut connections = JoinSet::new();
    while let Ok(place) = places.clone().acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely: one is free when a connection ends.
            if connections.join_next().await.is_none() {
                return;
            }
            continue;
        };
        let shared = shared.clone();
        connections.spawn(async move {
            if let Err(error) = serve(stream, &shared).await {
                tracing::debug!(error = %error, "a connection to the practice mailbox broke");
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut server = Server::new(shared.settings.clone());
    let mut hang_up = None;
    loop {
        match server.poll() {
            Some(Wish::Write(bytes)) => stream.write_all(&bytes).await?,
            Some(Wish::Mail(_)) => {
                hang_up = None;
                server.accept();
            }
            Some(Wish::Recipient(recipient)) => match shared.at_rcpt(&recipient.address) {
                Verdict::Reply(reply) => server.answer(reply),
                Verdict::HangUp(At::Rcpt) => server.close(None),
                Verdict::HangUp(later) => {
                    hang_up = Some(later);
                    server.accept();
                }
                Verdict::Take => server.accept(),
            },
            Some(Wish::Content) if hang_up == Some(At::Data) => server.close(None),
            Some(Wish::Message(_)) if hang_up == Some(At::Dot) => server.close(None),
            Some(Wish::Message(transaction)) => server.answer(shared.keep(&transaction)),
            // Neither TLS nor a sign-in is offered.
            Some(Wish::Content | Wish::SignIn(_) | Wish::StartTls) => server.accept(),
            Some(Wish::Close) => return stream.shutdown().await,
            None if stream.read_buf(server.room()).await? == 0 => return Ok(()),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;

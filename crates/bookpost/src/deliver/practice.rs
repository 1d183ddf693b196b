//! The practice mailbox: an SMTP server on loopback that keeps mail as files, for trying Bookpost out. Nobody receives it.
//!
//! It is a real server, so that a rehearsal goes the way of the performance: through connections, replies, refusals and
//! deferrals. Kept mail stands in `new/` as one `.eml` file each, which any mail program opens; the names are a time-ordered
//! number and say nothing of patrons.
//!
//! This part knows nothing of the queue.

mod keep;
mod session;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use mail::Address;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};

use self::{
    keep::Keep,
    session::{Session, Wish},
};

/// Connections at one time; more wait to be accepted.
const CONNECTIONS: usize = 64;
const READ_AT_ONCE: usize = 64 * 1024;

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
        /// One line without CRLF.
        reply: String,
    },
    /// The recipient is put off with this reply, such as `452 4.2.2 Mailbox full`.
    Defer {
        /// So many times, then it is accepted; without end if `None`.
        times: Option<u32>,
        /// One line without CRLF.
        reply: String,
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
    keep: Keep,
    rules: Mutex<Vec<Rule>>,
}

impl Practice {
    /// Opens the mailbox in `folder`, which is made if it is not there, and listens on a free port of 127.0.0.1.
    pub async fn start(folder: &Path, rules: Vec<Rule>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { keep: Keep::open(folder)?, rules: Mutex::new(rules) });
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
}

/// What becomes of a recipient.
enum Verdict {
    Take,
    Reply(String),
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
    let mut session = Session::new(shared);
    loop {
        let wish = session.step();
        stream.write_all(&session.take_out()).await?;
        match wish {
            Wish::More => {
                if stream.read_buf(session.room(READ_AT_ONCE)).await? == 0 {
                    return Ok(());
                }
            }
            Wish::Close => return stream.shutdown().await,
        }
    }
}

#[cfg(test)]
mod tests;

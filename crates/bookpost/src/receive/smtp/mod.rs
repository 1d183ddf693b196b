//! SMTP submission (RFC 6409, RFC 8314): applications hand in mail as they would to any mail server.
//!
//! Nobody is relayed for without having signed in, except from networks that the settings name, and processes of this machine over the
//! local socket. What comes back of our own mail may be brought by anybody, to an address that nobody can make up. This part drives connections; the dialogue itself is [`mail::smtp::server`], and what is done with a message is
//! [`super::Submitter`].

mod connection;
mod stream;

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use mail::smtp::server::{Limits, Server, Settings, SignIn, Tls};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::watch,
    task::JoinSet,
};

use self::{
    connection::{Connection, Peer, reply, unnamed},
    stream::Stream,
};
use super::{
    Bodies, ComesBack, Submitter,
    certificate::{Certificate, For},
};
use crate::{
    alarms::Alarms,
    config::SmtpDoor,
    identity::{self, Caller, Refusal},
};

/// Of all connections, one machine may have so many: so that it does not shut out the others.
const SHARE_OF_ONE: (usize, usize) = (4, 5);
/// Messages of the largest size that are let in at once.
const LARGEST_AT_ONCE: usize = 4;

/// What all connections share.
pub struct Door {
    pub(super) submitter: Submitter,
    pub(super) certificate: Option<Certificate>,
    bodies: Bodies,
    /// For what comes back.
    pub(super) comes_back: Arc<dyn ComesBack>,
    open: Mutex<HashMap<Option<IpAddr>, usize>>,
}

/// Bound addresses.
pub struct Listening(Vec<Listener>);

enum Listener {
    Tcp { socket: TcpListener, tls: bool },
    Local(UnixListener),
}

/// Somebody who wants to come in.
enum Knock {
    Network { stream: TcpStream, peer: IpAddr, tls: bool },
    Local(UnixStream),
}

impl Listening {
    /// Binds what the settings say.
    pub async fn bind(config: &SmtpDoor) -> anyhow::Result<Self> {
        let mut all = Vec::new();
        for (addresses, tls) in [(&config.listen, false), (&config.listen_tls, true)] {
            for address in addresses {
                let setting = if tls { "smtp.listen_tls" } else { "smtp.listen" };
                let socket = TcpListener::bind(address).await;
                let socket = socket.map_err(|error| {
                    let what = format!("cannot listen on {address}, as `{setting}` in the settings says");
                    let denied = error.kind() == io::ErrorKind::PermissionDenied && address.port() < 1024;
                    let todo = if denied { " (ports below 1024 are for services that may have them, as the one of `bookpost install` may; else choose a higher one)" } else { "" };
                    anyhow::Error::from(error).context(format!("{what}{todo}"))
                })?;
                all.push(Listener::Tcp { socket, tls });
            }
        }
        Ok(Self(all))
    }

    /// The same with a socket for programs of this computer.
    #[must_use]
    pub fn and_locally(mut self, local: Option<UnixListener>) -> Self {
        self.0.extend(local.map(Listener::Local));
        self
    }

    /// Where it can be reached over the network.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let address = |listener: &Listener| match listener {
            Listener::Tcp { socket, .. } => socket.local_addr().ok(),
            Listener::Local(_) => None,
        };
        self.0.iter().filter_map(address).collect()
    }
}

impl Listener {
    async fn accept(&self) -> io::Result<Knock> {
        match self {
            Self::Tcp { socket, tls } => {
                let (stream, peer) = socket.accept().await?;
                Ok(Knock::Network { stream, peer: peer.ip().to_canonical(), tls: *tls })
            }
            Self::Local(socket) => Ok(Knock::Local(socket.accept().await?.0)),
        }
    }
}

impl Door {
    pub fn new(submitter: Submitter, alarms: Alarms, comes_back: Arc<dyn ComesBack>) -> anyhow::Result<Self> {
        let doors = &submitter.settings.now().doors;
        let load = |files| Certificate::load(files, For::Smtp, For::Smtp.telling(alarms));
        let certificate = doors.smtp.certificate.clone().map(load).transpose()?;
        let bodies = Bodies::new(doors.largest_message.saturating_mul(LARGEST_AT_ONCE));
        Ok(Self { submitter, certificate, bodies, comes_back, open: Mutex::default() })
    }

    /// Answers until `ends` says so; then connections finish the answer that they owe.
    pub async fn serve(self: Arc<Self>, listening: Listening, ends: watch::Receiver<bool>) {
        let mut listeners = JoinSet::new();
        for listener in listening.0 {
            listeners.spawn(Arc::clone(&self).listen(listener, ends.clone()));
        }
        while listeners.join_next().await.is_some() {}
    }

    async fn listen(self: Arc<Self>, listener: Listener, ends: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        let mut end = ends.clone();
        loop {
            tokio::select! {
                knock = listener.accept() => match knock {
                    Ok(knock) => {
                        let (door, ends) = (Arc::clone(&self), ends.clone());
                        connections.spawn(async move {
                            match knock {
                                Knock::Network { stream, peer, tls } => door.network(stream, peer, tls, ends).await,
                                Knock::Local(stream) => door.local(stream, ends).await,
                            }
                        });
                    }
                    Err(error) => wait_a_moment(&error).await,
                },
                Some(_) = connections.join_next() => {}
                () = ended(&mut end) => break,
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    }

    async fn network(
        self: Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
        tls: bool,
        ends: watch::Receiver<bool>,
    ) {
        // Replies are small, and go out one by one.
        let _ = stream.set_nodelay(true);
        let mut stream = Stream::Tcp(stream);
        let Some(_place) = self.place(Some(identity::place(peer))) else {
            return turn_away(stream, tls).await;
        };
        if tls {
            let Some(certificate) = &self.certificate else { return };
            match stream.secure(certificate.config()).await {
                Ok(secured) => stream = secured,
                Err(error) => return tracing::info!(%peer, %error, "a TLS handshake failed"),
            }
        }
        let config = self.submitter.settings.now();
        let application = config.doors.smtp.trusts(peer);
        // Who is trusted is not asked for a password that it does not have, whatever is wrong with its application.
        let trusted = application.is_some();
        let caller = application.map_or(Err(Refusal::Unknown), |application| {
            let caller = self.submitter.applications.local(application);
            caller.inspect_err(|refusal| {
                tracing::warn!(%peer, application, why = unnamed(refusal), "a trusted network's application may not send");
            })
        });
        let settings = self.settings(peer, tls, trusted);
        self.converse(Peer::Network(peer), settings, stream, caller, ends).await;
    }

    async fn local(self: Arc<Self>, stream: UnixStream, ends: watch::Receiver<bool>) {
        let Ok(uid) = stream.peer_cred().map(|peer| peer.uid()) else { return };
        let stream = Stream::Local(stream);
        let Some(_place) = self.place(None) else {
            return turn_away(stream, false).await;
        };
        let caller = self
            .submitter
            .applications
            .of_this_computer(&self.submitter.settings.now().doors.sendmail.application);
        let settings = self.settings(Ipv4Addr::LOCALHOST.into(), false, true);
        let settings = Settings { sign_in: SignIn::None, tls: Tls::None, ..settings };
        self.converse(Peer::Local { uid }, settings, stream, caller, ends).await;
    }

    async fn converse(
        self: &Arc<Self>,
        peer: Peer,
        settings: Settings,
        stream: Stream,
        caller: Result<Caller, Refusal>,
        ends: watch::Receiver<bool>,
    ) {
        let shown = format!("{peer:?}");
        let connection = Connection::new(Arc::clone(self), peer, Server::new(settings), stream, caller, ends);
        if let Err(error) = connection.run().await {
            tracing::debug!(peer = shown, %error, "a connection broke");
        }
    }

    fn settings(&self, peer: IpAddr, tls: bool, trusted: bool) -> Settings {
        let config = self.submitter.settings.now();
        let start_tls = if self.certificate.is_some() { Tls::StartTls } else { Tls::None };
        let (sign_in, password_on_plain) = sign_in(peer, trusted, self.comes_back.is_open());
        Settings {
            host_name: config.sending.ehlo_name.clone(),
            greeting: "ESMTP Bookpost".to_owned(),
            tls: if tls { Tls::Established } else { start_tls },
            sign_in,
            password_on_plain,
            smtputf8: true,
            dsn: true,
            chunking: true,
            limits: Limits { message: config.doors.largest_message, ..Limits::default() },
        }
    }

    /// A place for one more connection, while there is one.
    fn place(&self, peer: Option<IpAddr>) -> Option<Place<'_>> {
        let most = self.submitter.settings.now().doors.smtp.connections.max(1);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = open.get(&peer).copied().unwrap_or(0);
        let most_of_one = (most * SHARE_OF_ONE.0).div_ceil(SHARE_OF_ONE.1);
        // This computer's own programs have places of their own: nobody can take them from outside.
        let others = open.iter().filter(|(other, _)| other.is_some() == peer.is_some());
        if others.map(|(_, count)| count).sum::<usize>() >= most || of_peer >= most_of_one {
            return None;
        }
        open.insert(peer, of_peer + 1);
        Some(Place { door: self, peer })
    }
}

/// One connection of a peer; free again when dropped.
struct Place<'a> {
    door: &'a Door,
    peer: Option<IpAddr>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut open = self.door.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.peer);
            }
        }
    }
}

/// Whether `peer` must sign in, and whether its password is taken without TLS: where nobody can listen on the way.
fn sign_in(peer: IpAddr, trusted: bool, may_come_back: bool) -> (SignIn, bool) {
    let sign_in = match (trusted, may_come_back) {
        (true, _) => SignIn::Offered,
        (false, true) => SignIn::RequiredOfSenders,
        (false, false) => SignIn::Required,
    };
    (sign_in, peer.is_loopback())
}

/// Says why to whoever is one too many; where TLS comes first, there is no way to say it.
async fn turn_away(mut stream: Stream, tls: bool) {
    if !tls {
        let mut line = Vec::new();
        reply(421, 3, 2, "Too many connections; try again in a minute").write_to(&mut line);
        let _ = stream.write(&line).await;
    }
    stream.end().await;
}

/// Out of file descriptors, say: whoever knocks waits.
async fn wait_a_moment(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be taken");
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}

/// Waits for the end of the service.
async fn ended(ends: &mut watch::Receiver<bool>) {
    // Where nobody can say so any more, it has come.
    let _ = ends.wait_for(|ends| *ends).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_others_could_read_on_the_way_is_not_taken() {
        for (peer, on_plain) in [
            ("127.0.0.1", true),
            ("127.8.9.10", true),
            ("::1", true),
            ("10.0.0.1", false),
            ("192.168.1.20", false),
            ("169.254.1.1", false),
            ("0.0.0.0", false),
            ("fe80::1", false),
            ("2001:db8::1", false),
        ] {
            let peer = peer.parse().unwrap();
            assert_eq!(sign_in(peer, false, false), (SignIn::Required, on_plain), "{peer}");
            assert_eq!(sign_in(peer, false, true), (SignIn::RequiredOfSenders, on_plain), "{peer}");
            assert_eq!(sign_in(peer, true, true), (SignIn::Offered, on_plain), "{peer}");
        }
    }
}

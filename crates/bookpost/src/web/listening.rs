//! Where others knock: on this machine in plain, on others with TLS or by a proxy.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    alarms::Alarms,
    config::CertificateFiles,
    receive::certificate::{Certificate, For, Unusable},
};

/// A peer has said by then how it speaks, and shaken hands.
const OPENING: Duration = Duration::from_secs(30);
/// What a TLS connection begins with (RFC 8446 section 5.1), and no request over HTTP.
const TLS_HANDSHAKE: u8 = 22;

/// Bound addresses.
pub struct Listening {
    listeners: Vec<TcpListener>,
    certificate: Option<Certificate>,
}

/// A connection over which requests come.
pub(super) enum Opened {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl From<TcpListener> for Listening {
    fn from(listener: TcpListener) -> Self {
        Self { listeners: vec![listener], certificate: None }
    }
}

impl Listening {
    /// Binds `address`, and this machine's own beside it, so that what is for this machine is answered there.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let first = TcpListener::bind(address).await?;
        let port = first.local_addr()?.port();
        let mut listeners = vec![first];
        if let Some(own) = beside(address.ip()) {
            listeners.push(TcpListener::bind((own, port)).await?);
        }
        Ok(Self { listeners, certificate: None })
    }

    /// With this certificate, where there is one; it is read again when its files change.
    pub fn with(mut self, files: Option<CertificateFiles>, alarms: Alarms) -> Result<Self, Unusable> {
        self.certificate =
            files.map(|files| Certificate::load(files, For::Web, For::Web.telling(alarms))).transpose()?;
        Ok(self)
    }

    /// The first of the addresses.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listeners.first().and_then(|listener| listener.local_addr().ok())
    }

    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        std::future::poll_fn(|context| {
            let mut all = self.listeners.iter().map(|listener| listener.poll_accept(context));
            all.find(Poll::is_ready).unwrap_or(Poll::Pending)
        })
        .await
    }

    /// The certificate to show this peer; None: it may come in plain.
    pub(super) fn for_next(&self) -> Option<Arc<ServerConfig>> {
        self.certificate.as_ref().map(Certificate::config)
    }
}

/// Opens a connection. Where there is a certificate, this machine may speak as it likes, and all others speak TLS.
pub(super) async fn open(
    stream: TcpStream,
    peer: IpAddr,
    tls: Option<Arc<ServerConfig>>,
) -> io::Result<Opened> {
    let opening = async {
        let Some(tls) = tls else { return Ok(Opened::Plain(stream)) };
        let may_be_plain = peer.to_canonical().is_loopback();
        if may_be_plain && !begins_tls(&stream).await? {
            return Ok(Opened::Plain(stream));
        }
        Ok(Opened::Encrypted(Box::new(TlsAcceptor::from(tls).accept(stream).await?)))
    };
    tokio::time::timeout(OPENING, opening).await.map_err(io::Error::other)?
}

async fn begins_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first == [TLS_HANDSHAKE])
}

/// This machine's own address, unless `address` is or contains it.
fn beside(address: IpAddr) -> Option<IpAddr> {
    let is_there = address.is_loopback() || address.is_unspecified();
    (!is_there).then(|| match address {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_can_always_ask() {
        for (address, own) in [
            ("127.0.0.1", None),
            ("0.0.0.0", None),
            ("::", None),
            ("192.0.2.7", Some("127.0.0.1")),
            ("2001:db8::7", Some("::1")),
        ] {
            assert_eq!(beside(address.parse().unwrap()), own.map(|own| own.parse().unwrap()), "{address}");
        }
    }
}

//! The bytes between us and a mail server: name, connection, TLS, reading and writing.

use std::{
    future::poll_fn,
    io,
    io::IoSlice,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use mail::{
    Phase, Reason,
    outcome::{CertificateFault, Failure, judge_failure},
};
use rustls::{ClientConfig, ProtocolVersion, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// One address gets so long to answer a connection attempt before the next is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// A TLS handshake gets so long.
const TLS_TIMEOUT: Duration = Duration::from_mins(1);
/// Room for one read; a reply is far smaller.
const READ_SIZE: usize = 4096;

trait Io: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Io for T {}

/// A connection, plain or under TLS.
pub struct Stream {
    io: Pin<Box<dyn Io>>,
    buffer: Box<[u8]>,
    tls: Option<ProtocolVersion>,
}

/// Why there is no connection, and what was said.
#[derive(Debug)]
pub struct ConnectError {
    pub reason: Reason,
    pub text: String,
}

fn fail(phase: Phase, failure: Failure, text: String) -> ConnectError {
    ConnectError { reason: judge_failure(phase, failure).reason, text }
}

/// Connects to the first address of `host` that answers. Whoever tells what went wrong names the host: the text does not.
pub async fn connect(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    connect_to(host, &addresses(host, port).await?, CONNECT_TIMEOUT).await
}

/// What the name of the host stands for.
pub async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    let looked_up = tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((bare(host), port))).await;
    match looked_up.map_err(io::Error::from).flatten() {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => Err(fail(Phase::Connect, lookup_failure(&error), error.to_string())),
    }
}

/// Connects to the first of these addresses of `host` that answers; each gets `patience`.
pub async fn connect_to(
    host: &str,
    addresses: &[SocketAddr],
    patience: Duration,
) -> Result<TcpStream, ConnectError> {
    let fail = |failure, text| fail(Phase::Connect, failure, text);
    let mut last = fail(Failure::NameNotFound, "the name has no address".to_owned());
    for &address in addresses {
        let named =
            if address.ip().to_string() == bare(host) { String::new() } else { format!("{address}: ") };
        match tokio::time::timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = fail(connect_failure(&error), format!("{named}{error}")),
            Err(_) => {
                let seconds = patience.as_secs();
                last = fail(Failure::TimedOut, format!("{named}no answer within {seconds} seconds"));
            }
        }
    }
    Err(last)
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

fn lookup_failure(error: &io::Error) -> Failure {
    // getaddrinfo tells "no such name" from "no answer" only in its text.
    let text = error.to_string();
    if text.contains("not known") || text.contains("No address") {
        Failure::NameNotFound
    } else {
        Failure::NameLookupFailed
    }
}

fn connect_failure(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::TimedOut => Failure::TimedOut,
        _ => Failure::Refused,
    }
}

impl Stream {
    /// A plain connection.
    pub fn plain(tcp: TcpStream) -> Self {
        Self { io: Box::pin(tcp), buffer: [0; READ_SIZE].into(), tls: None }
    }

    /// The version of TLS, if there is TLS.
    pub fn tls(&self) -> Option<ProtocolVersion> {
        self.tls
    }

    /// The same connection under TLS, with `host`'s certificate verified.
    pub async fn secure(self, config: Arc<ClientConfig>, host: &str) -> Result<Self, ConnectError> {
        let fail = |failure, text| fail(Phase::Tls, failure, text);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            fail(
                Failure::CertificateRefused(CertificateFault::WrongName),
                format!("{host} can have no certificate"),
            )
        })?;
        let connector = tokio_rustls::TlsConnector::from(config);
        match tokio::time::timeout(TLS_TIMEOUT, connector.connect(name, self.io)).await {
            Ok(Ok(stream)) => {
                let tls = stream.get_ref().1.protocol_version();
                Ok(Self { io: Box::pin(stream), buffer: self.buffer, tls })
            }
            Ok(Err(error)) => Err(fail(super::tls::failure(&error), error.to_string())),
            Err(_) => Err(fail(Failure::TimedOut, "the TLS handshake took over a minute".into())),
        }
    }

    /// What the server sent, at least one byte; an empty slice is the end.
    pub async fn read(&mut self) -> io::Result<&[u8]> {
        let (io, buffer) = (&mut self.io, &mut self.buffer);
        let heard = poll_fn(|cx| poll_read(io.as_mut(), buffer, cx)).await?;
        Ok(self.heard(heard))
    }

    /// Sends of the pieces what the system takes at once, in one call; what is sent is taken off them. What the server says while
    /// the system takes nothing is heard: it may not go on before it is.
    pub async fn write(&mut self, pieces: &mut Vec<Bytes>) -> io::Result<Sent<'_>> {
        let (io, buffer) = (&mut self.io, &mut self.buffer);
        let step = poll_fn(|cx| match poll_write(io.as_mut(), pieces, cx) {
            Poll::Pending => poll_read(io.as_mut(), buffer, cx).map_ok(Step::Heard),
            ready @ Poll::Ready(_) => ready,
        });
        Ok(match step.await? {
            Step::All => Sent::All,
            Step::Some(octets) => {
                take_off(pieces, octets);
                Sent::Some
            }
            Step::Heard(heard) => Sent::Heard(self.heard(heard)),
        })
    }

    fn heard(&self, octets: usize) -> &[u8] {
        self.buffer.get(..octets).unwrap_or_default()
    }

    /// How many octets of what a failed [`Self::write`] left were certainly never handed to the operating system.
    pub fn unwritten(&self, left: &[Bytes]) -> u64 {
        // Under TLS what was taken may still wait in the TLS buffer, but it may as well have gone.
        if self.tls.is_none() { left.iter().map(|piece| piece.len() as u64).sum() } else { 0 }
    }
}

/// What came of an attempt to send.
#[derive(Debug, PartialEq, Eq)]
pub enum Sent<'a> {
    /// All is sent.
    All,
    /// Some is.
    Some,
    /// Nothing is; the server said this meanwhile. Empty: it has ended the connection.
    Heard(&'a [u8]),
}

enum Step {
    All,
    Some(usize),
    Heard(usize),
}

fn poll_read(io: Pin<&mut dyn Io>, buffer: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let mut read = ReadBuf::new(buffer);
    io.poll_read(cx, &mut read).map_ok(|()| read.filled().len())
}

/// Writes; with nothing left to write, flushes.
fn poll_write(io: Pin<&mut dyn Io>, pieces: &[Bytes], cx: &mut Context<'_>) -> Poll<io::Result<Step>> {
    let slices: Vec<IoSlice<'_>> =
        pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| IoSlice::new(piece)).collect();
    if slices.is_empty() {
        return io.poll_flush(cx).map_ok(|()| Step::All);
    }
    io.poll_write_vectored(cx, &slices).map(|written| match written? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        octets => Ok(Step::Some(octets)),
    })
}

fn take_off(pieces: &mut Vec<Bytes>, mut octets: usize) {
    pieces.retain_mut(|piece| {
        let step = octets.min(piece.len());
        piece.advance(step);
        octets -= step;
        !piece.is_empty()
    });
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A connection whose other end is in the test's hands.
    pub(in crate::deliver) fn stream(io: tokio::io::DuplexStream) -> Stream {
        Stream { io: Box::pin(io), buffer: [0; READ_SIZE].into(), tls: None }
    }

    #[test]
    fn what_is_sent_is_taken_off() {
        for (octets, left) in
            [(0, vec!["ab", "cde"]), (1, vec!["b", "cde"]), (2, vec!["cde"]), (4, vec!["e"]), (5, vec![])]
        {
            let mut pieces = vec![Bytes::from("ab"), Bytes::new(), Bytes::from("cde")];
            take_off(&mut pieces, octets);
            assert_eq!(pieces, left, "{octets}");
        }
    }
}

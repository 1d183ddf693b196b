//! The bytes between us and a mail server: name, connection, TLS, reading and writing.

use std::{io, io::IoSlice, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use mail::{
    Phase, Reason,
    outcome::{CertificateFault, Failure, judge_failure},
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
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
    buffer: BytesMut,
    plain: bool,
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

/// Connects to the first address of `host` that answers.
pub async fn connect(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let fail = |failure, text| fail(Phase::Connect, failure, text);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let looked_up = tokio::time::timeout(CONNECT_TIMEOUT, tokio::net::lookup_host((host, port))).await;
    let addresses: Vec<SocketAddr> = match looked_up.map_err(io::Error::from).flatten() {
        Ok(addresses) => addresses.collect(),
        Err(error) => return Err(fail(lookup_failure(&error), format!("{host}: {error}"))),
    };
    let mut last = fail(Failure::NameNotFound, format!("{host} has no address"));
    for address in addresses {
        match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => last = fail(connect_failure(&error), format!("{address}: {error}")),
            Err(_) => last = fail(Failure::TimedOut, format!("{address} did not answer within 30 seconds")),
        }
    }
    Err(last)
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
        Self { io: Box::pin(tcp), buffer: BytesMut::with_capacity(READ_SIZE), plain: true }
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
                Ok(Self { io: Box::pin(stream), buffer: BytesMut::with_capacity(READ_SIZE), plain: false })
            }
            Ok(Err(error)) => Err(fail(super::tls::failure(&error), error.to_string())),
            Err(_) => Err(fail(Failure::TimedOut, "the TLS handshake took over a minute".into())),
        }
    }

    /// What the server sent, at least one byte; an empty slice is the end.
    pub async fn read(&mut self) -> io::Result<&[u8]> {
        self.buffer.clear();
        self.buffer.reserve(READ_SIZE);
        self.io.read_buf(&mut self.buffer).await?;
        Ok(&self.buffer)
    }

    /// Sends all pieces, in as few system calls as the kernel allows; what is sent is taken off the pieces.
    /// Each piece that the system takes at once may take as long as `patience` (RFC 5321 section 4.5.3.2.5).
    pub async fn write(&mut self, pieces: &mut [Bytes], patience: Duration) -> io::Result<()> {
        let mut first = 0;
        while let Some(left) = pieces.get_mut(first..).filter(|left| !left.is_empty()) {
            let slices: Vec<IoSlice<'_>> = left.iter().map(|piece| IoSlice::new(piece)).collect();
            let mut written = tokio::time::timeout(patience, self.io.write_vectored(&slices)).await??;
            if written == 0 && left.iter().any(|piece| !piece.is_empty()) {
                return Err(io::ErrorKind::WriteZero.into());
            }
            for piece in left {
                let step = written.min(piece.len());
                piece.advance(step);
                written -= step;
                if !piece.is_empty() {
                    break;
                }
                first += 1;
            }
        }
        tokio::time::timeout(patience, self.io.flush()).await?
    }

    /// How many octets of what a failed [`Self::write`] left were certainly never handed to the operating system.
    pub fn unwritten(&self, left: &[Bytes]) -> u64 {
        // Under TLS what was taken may still wait in the TLS buffer, but it may as well have gone.
        if self.plain { left.iter().map(|piece| piece.len() as u64).sum() } else { 0 }
    }
}

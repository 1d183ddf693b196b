//! The connection under the dialogue: TCP, TLS over it, or a local socket.

use std::{io, sync::Arc, time::Duration};

use bytes::BytesMut;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A handshake takes no longer than this.
const HANDSHAKE: Duration = Duration::from_mins(1);
/// A peer that reads nothing for so long is gone.
const WRITE: Duration = Duration::from_mins(5);

/// Nobody waits longer for a peer that does not hear the end.
const GOODBYE: Duration = Duration::from_secs(10);

/// One connection.
pub(super) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Local(UnixStream),
}

impl Stream {
    /// The same connection, encrypted from here on.
    pub(super) async fn secure(self, config: Arc<ServerConfig>) -> io::Result<Self> {
        let Self::Tcp(plain) = self else {
            return Err(io::Error::other("only a plain TCP connection can begin TLS"));
        };
        let handshake = TlsAcceptor::from(config).accept(plain);
        let secured = tokio::time::timeout(HANDSHAKE, handshake).await.map_err(io::Error::other)??;
        Ok(Self::Tls(Box::new(secured)))
    }

    /// What comes next; 0: the end.
    pub(super) async fn read(&mut self, room: &mut BytesMut) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read_buf(room).await,
            Self::Tls(stream) => stream.read_buf(room).await,
            Self::Local(stream) => stream.read_buf(room).await,
        }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = async {
            match self {
                Self::Tcp(stream) => stream.write_all(bytes).await,
                Self::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
                Self::Local(stream) => stream.write_all(bytes).await,
            }
        };
        tokio::time::timeout(WRITE, written).await.map_err(io::Error::other)?
    }

    /// Says that nothing more comes. The peer may have gone already.
    pub(super) async fn end(&mut self) {
        let ended = async {
            match self {
                Self::Tcp(stream) => stream.shutdown().await,
                Self::Tls(stream) => stream.shutdown().await,
                Self::Local(stream) => stream.shutdown().await,
            }
        };
        let _ = tokio::time::timeout(GOODBYE, ended).await;
    }
}

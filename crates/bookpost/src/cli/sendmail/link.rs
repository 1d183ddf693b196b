//! A connection to the service that waits for nothing longer than until an agreed moment.

use std::{
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use mail::clock::Clock;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with,
    sockopt::{Timeout, set_socket_timeout},
};

use crate::app::clock::SystemClock;

const READ_SIZE: usize = 4096;

/// The connection.
pub(super) struct Link {
    stream: UnixStream,
    clock: SystemClock,
    until: Timestamp,
    buffer: Vec<u8>,
}

impl Link {
    /// Connects; also that, of which a service that accepts nobody makes a wait, is over in time.
    pub(super) fn open(socket: &Path, patience: Duration) -> io::Result<Self> {
        let clock = SystemClock::start();
        let until = clock.now().saturating_add(patience).unwrap_or(Timestamp::MAX);
        let fresh = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        set_socket_timeout(&fresh, Timeout::Send, Some(patience))?;
        connect(&fresh, &SocketAddrUnix::new(socket)?)?;
        Ok(Self { stream: fresh.into(), clock, until, buffer: vec![0; READ_SIZE] })
    }

    /// What the service says; nothing when it has hung up.
    pub(super) fn read(&mut self) -> io::Result<&[u8]> {
        loop {
            self.stream.set_read_timeout(Some(self.left()?))?;
            match self.stream.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return Ok(self.buffer.get(..read?).unwrap_or_default()),
            }
        }
    }

    /// Writes all pieces; else why not, and how many octets the system has certainly not taken.
    pub(super) fn write(&mut self, pieces: &[Bytes]) -> Result<(), (io::Error, u64)> {
        let mut unwritten: usize = pieces.iter().map(Bytes::len).sum();
        for piece in pieces {
            let mut rest: &[u8] = piece;
            while !rest.is_empty() {
                match self.write_some(rest) {
                    Ok(octets) => {
                        rest = rest.get(octets..).unwrap_or_default();
                        unwritten -= octets;
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err((error, u64::try_from(unwritten).unwrap_or(u64::MAX))),
                }
            }
        }
        Ok(())
    }

    fn write_some(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        match self.stream.write(octets)? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            written => Ok(written),
        }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = Duration::try_from(self.until.duration_since(self.clock.now())).unwrap_or_default();
        // The system takes nothing under a microsecond for a wait without an end.
        if left < Duration::from_millis(1) { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

/// Whether the time was over.
pub(super) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

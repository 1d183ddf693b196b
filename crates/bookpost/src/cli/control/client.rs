//! The command's side.

use std::{io, path::Path};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
};

use super::{LONGEST_LINE, Progress, Reply, Request, socket};

/// A connection to the running service.
#[derive(Debug)]
pub struct Client(UnixStream);

/// The service that works in `data_dir`, or None when none does: no socket, or one that a dead service left behind (which
/// stays, as only the holder of the lock may remove it).
pub async fn connect(data_dir: &Path) -> io::Result<Option<Client>> {
    match UnixStream::connect(socket(data_dir)).await {
        Ok(stream) => Ok(Some(Client(stream))),
        Err(error) if nobody_is_there(error.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}

fn nobody_is_there(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionRefused, NotADirectory, NotFound};
    matches!(kind, NotFound | NotADirectory | ConnectionRefused)
}

impl Client {
    /// Asks, and waits for the last reply; `progress` sees what comes before it.
    pub async fn ask(self, request: &Request, mut progress: impl FnMut(Progress)) -> io::Result<Reply> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        let (read, mut write) = self.0.into_split();
        write.write_all(&line).await?;
        let mut read = BufReader::new(read);
        loop {
            line.clear();
            (&mut read).take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
            if line.pop() != Some(b'\n') {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "the service ended before it answered",
                ));
            }
            match serde_json::from_slice(&line)? {
                Reply::Progress(told) => progress(told),
                reply => return Ok(reply),
            }
        }
    }
}

//! The service's side.

use std::{future::Future, io, path::Path};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream, unix::OwnedWriteHalf},
    sync::mpsc::{self, UnboundedSender},
};

use super::{Failure, LONGEST_LINE, Progress, Reply, Request, socket};
use crate::app::socket::bind_socket;

/// A bound control socket.
#[derive(Debug)]
pub struct Listener(UnixListener);

/// Binds the socket in `data_dir`, in the place of one that a dead service left behind.
///
/// Call it only while holding the lock of the queue in that folder: it is the lock that says that nobody is behind the old
/// socket.
pub fn bind(data_dir: &Path) -> io::Result<Listener> {
    bind_socket(&socket(data_dir), 0o600, None).map(Listener)
}

/// Answers until dropped. `handler` makes the last reply, and may tell its progress before.
pub async fn serve<H, F>(listener: Listener, handler: H)
where
    H: Fn(Request, UnboundedSender<Progress>) -> F + Clone + Send + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    loop {
        match listener.0.accept().await {
            Ok((stream, _)) => {
                let handler = handler.clone();
                tokio::spawn(async move {
                    if let Err(error) = answer(stream, handler).await {
                        tracing::debug!(%error, "a command hung up");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket could not take a command");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer<H, F>(stream: UnixStream, handler: H) -> io::Result<()>
where
    H: Fn(Request, UnboundedSender<Progress>) -> F,
    F: Future<Output = Reply> + Send + 'static,
{
    let (read, mut write) = stream.into_split();
    let mut line = Vec::new();
    BufReader::new(read).take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
    // A line that was cut is no request: its sender hung up, or it is too long.
    if line.pop() != Some(b'\n') {
        return say(&mut write, &refusal("the request is too long or was cut")).await;
    }
    let request = match serde_json::from_slice(&line) {
        Ok(request) => request,
        Err(error) => {
            return say(&mut write, &refusal(&format!("the request is not understood: {error}"))).await;
        }
    };
    drop(line);
    let (progress, mut told) = mpsc::unbounded_channel();
    // A task of its own: it goes on when this connection ends.
    let work = tokio::spawn(handler(request, progress));
    while let Some(progress) = told.recv().await {
        say(&mut write, &Reply::Progress(progress)).await?;
    }
    let reply = work.await.unwrap_or_else(|_| Reply::Failed {
        failure: Failure::Temporary,
        message: "the service could not carry this out; its log says why".to_owned(),
    });
    say(&mut write, &reply).await
}

fn refusal(message: &str) -> Reply {
    Reply::Failed { failure: Failure::Usage, message: message.to_owned() }
}

async fn say(write: &mut OwnedWriteHalf, reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    write.write_all(&line).await
}

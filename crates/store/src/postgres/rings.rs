//! The alarm clock: who stores mail that others may send, or changes what others go by, rings with the commit (NOTIFY), and one connection of each
//! machine listens. A ring that is lost costs a few seconds: what it tells of is looked at now and then as well.

use std::{pin::pin, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinHandle,
    time,
};
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls};

use super::{elsewhere, open::Way, opened::Opened, tx::Tx};
use crate::{Error, EventId, rows::Columns as _};

/// Nobody listens for so long after a connection was lost.
const AGAIN: Duration = Duration::from_secs(2);
/// What the connection that listens is called on the server.
const NAME: &str = "bookpost listens";
const LISTEN: &str = "SELECT 'LISTEN ' || quote_ident(bell())";
/// Mail waits. Who rings hears it too, and knows it.
const MAIL: &str = "SELECT ring('mail ' || $1::BIGINT)";

/// What is rung for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ring {
    /// A machine has mail wait that may be due.
    Mail { epoch: i64 },
    /// Up to this one.
    Event(EventId),
    /// Something else that people or machines change.
    Change,
}

impl Ring {
    /// Of a later version: something changed.
    fn read(payload: &str) -> Self {
        match payload.split_once(' ').map(|(what, number)| (what, number.parse())) {
            Some(("mail", Ok(epoch))) => Self::Mail { epoch },
            Some(("event", Ok(id))) => Self::Event(EventId(id)),
            _ => Self::Change,
        }
    }
}

/// Rings with the commit of this transaction.
pub(super) async fn for_mail(tx: &Tx<'_>, epoch: i64) -> Result<(), Error> {
    tx.run(MAIL, &[&epoch]).await.map(drop)
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(super) struct Listener(JoinHandle<()>);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Listener {
    pub(super) fn start(opened: Arc<Opened>, way: Way) -> Self {
        let way = way.named(NAME);
        Self(tokio::spawn(async move {
            while !opened.pool.is_closed() {
                if let Err(error) = listen(&opened, &way).await {
                    tracing::debug!(%error, "nobody hears other machines ring; they are heard again in a moment");
                }
                time::sleep(AGAIN).await;
            }
        }))
    }

    /// The connection is closed.
    pub(super) fn stop(&self) {
        self.0.abort();
    }
}

/// Until the connection is lost.
async fn listen(opened: &Opened, way: &Way) -> Result<(), Error> {
    if let Some(tls) = &way.tls {
        let (client, connection) = way.config.connect(tls.clone()).await?;
        hear(opened, client, connection).await
    } else {
        let (client, connection) = way.config.connect(NoTls).await?;
        hear(opened, client, connection).await
    }
}

async fn hear<S, T>(opened: &Opened, client: Client, mut connection: Connection<S, T>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut heard = stream::poll_fn(move |context| connection.poll_message(context));
    let mut listening = pin!(async {
        let command = client.query_one(LISTEN, &[]).await?.text(0)?.unwrap_or_default();
        Ok::<(), Error>(client.batch_execute(&command).await?)
    });
    let mut listens = false;
    loop {
        tokio::select! {
            done = &mut listening, if !listens => {
                done?;
                listens = true;
                // Who has rung in the meantime was not heard.
                opened.ring();
                elsewhere::look(opened).await?;
            }
            message = heard.next() => match message {
                Some(Ok(AsyncMessage::Notification(notification))) => {
                    match Ring::read(notification.payload()) {
                        Ring::Mail { epoch } if epoch == opened.epoch => {}
                        Ring::Mail { .. } => opened.ring(),
                        Ring::Event(id) => opened.tell(id),
                        Ring::Change => elsewhere::look(opened).await?,
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err(Error::Away("the server has closed the connection".to_owned())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_a_change() {
        for (payload, expected) in [
            ("mail 7", Ring::Mail { epoch: 7 }),
            ("event 12", Ring::Event(EventId(12))),
            ("change", Ring::Change),
            ("mail", Ring::Change),
            ("mail seven", Ring::Change),
            ("", Ring::Change),
        ] {
            assert_eq!(Ring::read(payload), expected, "{payload:?}");
        }
    }
}

//! One message straight to one server, outside the queue: the test message.

use std::sync::Arc;

use mail::{
    Phase, Reason, Reply,
    outcome::judge,
    smtp::client::{Client, Ending, Failure, RecipientResult, Transaction, Wish},
};
use rustls::ClientConfig;

use super::{
    conclude::judge_client,
    send,
    settings::{check_password, settings},
    stream::{self, ConnectError, Stream},
};
use crate::config::{Encryption, Server};

/// Why a message did not go.
#[derive(Debug)]
pub enum Unsent {
    /// The server said no.
    Refused { reason: Reason, reply: Reply },
    /// There is no answer of the server to it.
    Failed { reason: Reason, text: String },
}

impl Unsent {
    fn refused(phase: Phase, reply: Reply) -> Self {
        Self::Refused { reason: judge(phase, &reply).reason, reply }
    }

    fn failed(phase: Phase, failure: Failure) -> Self {
        let reason =
            judge_client(phase, failure).map_or(Reason::ConnectionLost, |judgement| judgement.reason);
        Self::Failed { reason, text: failure.to_string() }
    }
}

impl From<ConnectError> for Unsent {
    fn from(ConnectError { reason, text }: ConnectError) -> Self {
        Self::Failed { reason, text }
    }
}

/// Sends `transaction`, which has one recipient, and gives the server's answer.
pub async fn send(
    server: &Server,
    tls: Option<Arc<ClientConfig>>,
    ehlo_name: &str,
    transaction: Transaction,
) -> Result<String, Unsent> {
    check_password(server)?;
    let tcp = stream::connect(&server.host, server.port).await?;
    let mut stream = Stream::plain(tcp);
    let secure = |stream: Stream| async {
        match &tls {
            Some(tls) => stream.secure(Arc::clone(tls), &server.host).await,
            None => Ok(stream),
        }
    };
    if server.encryption == Encryption::Tls {
        stream = secure(stream).await?;
    }
    let mut client = Client::new(settings(ehlo_name, server));
    let mut transaction = Some(transaction);
    let mut result = None;
    loop {
        if let Some(next) = transaction.take_if(|_| client.ready()) {
            client.begin(next);
        }
        while let Some(wish) = client.poll() {
            match wish {
                Wish::Write(pieces) => send::send(&mut stream, &mut client, pieces).await,
                Wish::StartTls => {
                    stream = secure(stream).await?;
                    client.tls_established();
                }
                Wish::Mark(token) => client.release(token),
                Wish::Finished(finished) => {
                    result = finished.recipients.into_iter().next();
                    client.quit();
                }
                Wish::Closed(ending) => return said(result, ending),
            }
        }
        match tokio::time::timeout(client.timeout(), stream.read()).await {
            Ok(Ok(bytes)) if !bytes.is_empty() => client.received(bytes),
            Ok(_) => client.lost(Failure::ConnectionLost, 0),
            Err(_) => client.lost(Failure::TimedOut, 0),
        }
    }
}

fn said(result: Option<RecipientResult>, ending: Ending) -> Result<String, Unsent> {
    match (result, ending) {
        (Some(RecipientResult::Delivered(reply)), _) => Ok(reply.to_string()),
        (Some(RecipientResult::Refused { phase, reply }), _) | (None, Ending::Refused { phase, reply }) => {
            Err(Unsent::refused(phase, reply))
        }
        (Some(RecipientResult::Unknown { failure }), _) => Err(Unsent::failed(Phase::Dot, failure)),
        (Some(RecipientResult::Failed { phase, failure }), _) | (None, Ending::Failed { phase, failure }) => {
            Err(Unsent::failed(phase, failure))
        }
        (None, Ending::Quit) => Err(Unsent::failed(Phase::Mail, Failure::ConnectionLost)),
    }
}

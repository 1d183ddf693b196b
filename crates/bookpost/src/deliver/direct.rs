//! One message straight to one server, outside the queue: the test message.

use std::sync::Arc;

use mail::smtp::client::{Client, Ending, Failure, RecipientResult, Transaction, Wish};
use rustls::ClientConfig;

use super::{
    send,
    settings::settings,
    stream::{self, Stream},
};
use crate::config::{Encryption, Server};

/// Sends `transaction`, which has one recipient; the server's answer, or what went wrong in the words of the server or network.
pub async fn send(
    server: &Server,
    tls: Option<Arc<ClientConfig>>,
    ehlo_name: &str,
    transaction: Transaction,
) -> Result<String, String> {
    let tcp = stream::connect(&server.host, server.port).await.map_err(|error| error.text)?;
    let mut stream = Stream::plain(tcp);
    let secure = |stream: Stream| async {
        match &tls {
            Some(tls) => stream.secure(Arc::clone(tls), &server.host).await.map_err(|error| error.text),
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

fn said(result: Option<RecipientResult>, ending: Ending) -> Result<String, String> {
    match (result, ending) {
        (Some(RecipientResult::Delivered(reply)), _) => Ok(reply.to_string()),
        (Some(RecipientResult::Refused { reply, .. }), _) | (None, Ending::Refused { reply, .. }) => {
            Err(reply.to_string())
        }
        (Some(RecipientResult::Failed { failure, .. } | RecipientResult::Unknown { failure }), _)
        | (None, Ending::Failed { failure, .. }) => Err(failure.to_string()),
        (None, Ending::Quit) => Err("the server ended the conversation".to_owned()),
    }
}

//! Sending what a client wishes to write, and listening meanwhile.

use std::{io, time::Duration};

use bytes::Bytes;
use mail::smtp::client::Failure;
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    dialogue::Dialogue,
    stream::{Sent, Stream},
};

/// After a connection could not be written any more, what the server said last is waited for so long.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Sends `pieces`. The client hears what the server says meanwhile: with a long group the server may wait for us to take its
/// answers before it takes more commands (RFC 2920 section 3.1), and one that refuses a large message in the middle of it says so once
/// and hangs up. A failure is told to the client.
///
/// Each piece that the system takes at once may take as long as the client is patient (RFC 5321 section 4.5.3.2.5).
pub async fn send(stream: &mut Stream, client: &mut (impl Dialogue + ?Sized), mut pieces: Vec<Bytes>) {
    let patience = client.timeout();
    let mut deadline = Instant::now() + patience;
    loop {
        let replies = client.replies();
        let failure = match timeout_at(deadline, stream.write(&mut pieces)).await {
            Ok(Ok(Sent::All)) => return,
            Ok(Ok(Sent::Some)) => {
                deadline = Instant::now() + patience;
                continue;
            }
            Ok(Ok(Sent::Heard([]))) => Failure::ConnectionLost,
            Ok(Ok(Sent::Heard(said))) => {
                client.received(said);
                if client.is_closed() {
                    return;
                }
                // Single bytes renew nothing.
                if client.replies() != replies {
                    deadline = Instant::now() + patience;
                }
                continue;
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => Failure::TimedOut,
            Ok(Err(_)) => {
                hear_last_words(stream, client).await;
                Failure::ConnectionLost
            }
            Err(_) => Failure::TimedOut,
        };
        return client.lost(failure, stream.unwritten(&pieces));
    }
}

/// What had arrived before the connection broke.
async fn hear_last_words(stream: &mut Stream, client: &mut (impl Dialogue + ?Sized)) {
    while !client.is_closed()
        && let Ok(Ok(said)) = timeout(LAST_WORDS, stream.read()).await
        && !said.is_empty()
    {
        client.received(said);
    }
}

#[cfg(test)]
mod tests {
    use mail::{
        Address, ReversePath,
        smtp::client::{
            Client, Proof, RecipientResult, Security, Settings, Transaction, TransactionResult, Wish,
        },
    };
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};

    use super::{super::stream::tests::stream, *};

    /// Neither side can have more than this on the way.
    const ROOM: usize = 256;
    const RECIPIENTS: usize = 100;

    /// One message for many through a narrow connection.
    async fn carry(io: DuplexStream, octets: usize) -> TransactionResult {
        let mut stream = stream(io);
        let mut client = Client::new(Settings {
            ehlo_name: "client.example".into(),
            security: Security::Plain,
            login: None,
            proof: Proof::default(),
            password_on_plain: false,
        });
        let recipient = |n| format!("reader{n}@example.org").parse::<Address>().unwrap().into();
        let mut transaction = Some(Transaction {
            token: 1,
            reverse_path: ReversePath::Null,
            ret: None,
            envelope_id: None,
            recipients: (0..RECIPIENTS).map(recipient).collect(),
            message: Bytes::from("x".repeat(octets) + "\r\n"),
        });
        loop {
            if let Some(next) = transaction.take_if(|_| client.ready()) {
                client.begin(next);
            }
            while let Some(wish) = client.poll() {
                match wish {
                    Wish::Write(pieces) => send(&mut stream, &mut client, pieces).await,
                    Wish::Mark(token) => client.release(token),
                    Wish::Finished(result) => return result,
                    Wish::StartTls | Wish::Closed(_) => panic!("{wish:?}"),
                }
            }
            let said = stream.read().await.unwrap();
            assert!(!said.is_empty());
            client.received(said);
        }
    }

    /// Answers each line, as wordy as may be, before it reads the next; hangs up after so many octets of content.
    async fn serve(io: DuplexStream, octets: usize, last_words: &str) {
        let mut io = BufReader::new(io);
        io.write_all(b"220 mx\r\n").await.unwrap();
        let mut line = String::new();
        while io.read_line(&mut line).await.unwrap() > 0 {
            match line.get(..4).unwrap_or_default() {
                "EHLO" => io.write_all(b"250-mx\r\n250 PIPELINING\r\n").await.unwrap(),
                "DATA" => break,
                _ => io.write_all(format!("250 {}\r\n", "ok ".repeat(100)).as_bytes()).await.unwrap(),
            }
            line.clear();
        }
        io.write_all(b"354 go\r\n").await.unwrap();
        io.read_exact(&mut vec![0; octets]).await.unwrap();
        io.write_all(last_words.as_bytes()).await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_waits_for_us_to_hear_it_is_heard() {
        let (ours, theirs) = duplex(ROOM);
        let (result, ()) = tokio::join!(carry(ours, 10), serve(theirs, 10 + 5, "250 taken\r\n"));
        let delivered = |result: &RecipientResult| matches!(result, RecipientResult::Delivered(_));
        assert_eq!(result.recipients.iter().filter(|result| delivered(result)).count(), RECIPIENTS);
    }

    #[tokio::test]
    async fn what_is_said_in_the_middle_of_a_message_is_heard() {
        for octets in [10_000, 100_000] {
            let (ours, theirs) = duplex(ROOM);
            let (result, ()) =
                tokio::join!(carry(ours, octets), serve(theirs, ROOM, "552 5.3.4 too large\r\n"));
            let RecipientResult::Refused { reply, .. } = &result.recipients[0] else {
                panic!("{:?}", result.recipients[0])
            };
            assert_eq!(reply.code, 552, "{octets}");
        }
    }
}

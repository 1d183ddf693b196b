//! The message to the running service, by SMTP over its local socket: for all its recipients, or for none.
//!
//! The end of the message is not sent before the service has taken every recipient. Until then a failure means "certainly not
//! taken", and the message may go another way; behind it, without an answer, it may have been taken, and goes no other way.

use std::{io, path::Path, time::Duration};

use mail::{
    EnhancedStatusCode, Envelope, Phase, Reply,
    smtp::client::{
        Client, Ending, Failure, Proof, RecipientResult, Security, Settings, Transaction, TransactionResult,
        Wish,
    },
};

use super::{
    letter::Letter,
    link::{Link, is_late},
    stop::Stop,
};
use crate::cli::Exit;

/// The only transaction of the connection.
const TOKEN: u64 = 0;

/// Recipients that are named when they are refused.
const NAMED: usize = 5;

/// What became of it, if it was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// The service answers for it.
    Taken,
    /// The service is not there, or cannot now; why. It certainly has not taken the message.
    NotNow(String),
    /// The answer to the whole message was not heard; why.
    MayBeTaken(String),
}

/// Hands `letter` over within `patience`.
pub(super) fn hand_over(
    socket: &Path,
    host: &str,
    letter: &Letter,
    patience: Duration,
) -> Result<Answer, Stop> {
    let link = match Link::open(socket, patience) {
        Ok(link) => link,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let message = format!("you may not send mail from this machine ({}: {error})", socket.display());
            return Err(Stop::new(Exit::NoPermission, message));
        }
        Err(error) => return Ok(Answer::NotNow(format!("{}: {error}", socket.display()))),
    };
    let settings = Settings {
        ehlo_name: host.to_owned(),
        security: Security::Plain,
        login: None,
        proof: Proof::default(),
        password_on_plain: false,
    };
    let envelope = &letter.envelope;
    let transaction = Transaction {
        token: TOKEN,
        reverse_path: envelope.reverse_path.clone(),
        ret: envelope.ret,
        envelope_id: envelope.envelope_id.clone(),
        recipients: envelope.recipients().to_vec(),
        message: letter.message.clone(),
    };
    let (result, ending) = talk(link, Client::new(settings), transaction);
    judged(envelope, result, ending)
}

/// The whole dialogue.
fn talk(mut link: Link, mut client: Client, transaction: Transaction) -> (Option<TransactionResult>, Ending) {
    let mut transaction = Some(transaction);
    let mut result = None;
    loop {
        if let Some(next) = transaction.take_if(|_| client.ready()) {
            client.begin(next);
        }
        while let Some(wish) = next(&mut client) {
            match wish {
                Wish::Write(pieces) => {
                    if let Err((error, unwritten)) = link.write(&pieces) {
                        // It may have said why, and hung up.
                        while let Ok(said) = link.read()
                            && !said.is_empty()
                            && !client.is_closed()
                        {
                            client.received(said);
                        }
                        client.lost(failure(&error), unwritten);
                    }
                }
                // Nothing has to be recorded; and TLS is not asked for.
                Wish::Mark(_) | Wish::StartTls => {}
                Wish::Finished(finished) => {
                    result = Some(finished);
                    client.quit();
                }
                Wish::Closed(ending) => return (result, ending),
            }
        }
        match link.read() {
            Ok([]) => client.lost(Failure::ConnectionLost, 0),
            Ok(said) => client.received(said),
            Err(error) => client.lost(failure(&error), 0),
        }
    }
}

/// The next wish. The end of the message goes only for all.
fn next(client: &mut Client) -> Option<Wish> {
    if client.awaits_release() == Some(TOKEN) {
        if client.is_partial(TOKEN) {
            client.abandon(TOKEN);
        } else {
            client.release(TOKEN);
        }
    }
    client.poll()
}

fn failure(error: &io::Error) -> Failure {
    if is_late(error) { Failure::TimedOut } else { Failure::ConnectionLost }
}

/// What follows from how it ended.
fn judged(envelope: &Envelope, result: Option<TransactionResult>, ending: Ending) -> Result<Answer, Stop> {
    let Some(TransactionResult { recipients: results, .. }) = result else { return of_connection(ending) };
    if results.iter().all(|one| matches!(one, RecipientResult::Delivered(_))) {
        return Ok(Answer::Taken);
    }
    let unknown = results.iter().find_map(|one| match one {
        RecipientResult::Unknown { failure } => Some(failure.to_string()),
        RecipientResult::Delivered(_) => {
            Some("the service has taken it for some of the recipients".to_owned())
        }
        _ => None,
    });
    if let Some(why) = unknown {
        return Ok(Answer::MayBeTaken(why));
    }
    let refused: Vec<_> = envelope
        .recipients()
        .iter()
        .zip(&results)
        .filter_map(|(recipient, one)| Some((recipient.address.as_str(), refusal(one)?)))
        .collect();
    if let Some((_, (exit, _))) = refused.first() {
        return Err(Stop::new(*exit, told(&refused, &results)));
    }
    let why = results.iter().map(|one| match one {
        RecipientResult::Refused { reply, .. } => reply.to_string(),
        RecipientResult::Failed { failure, .. } => failure.to_string(),
        RecipientResult::Unknown { .. } | RecipientResult::Delivered(_) => String::new(),
    });
    // Those who would have been taken say nothing of why it was given up.
    let why = why.max_by_key(|why| *why != Failure::Abandoned.to_string());
    Ok(Answer::NotNow(why.unwrap_or_default()))
}

/// It did not come to the message.
fn of_connection(ending: Ending) -> Result<Answer, Stop> {
    match ending {
        Ending::Refused { reply, .. } if reply.code >= 500 => {
            Err(Stop::new(Exit::Refused, format!("the service refuses: {reply}")))
        }
        Ending::Refused { reply, .. } => Ok(Answer::NotNow(reply.to_string())),
        Ending::Failed { failure, .. } => Ok(Answer::NotNow(failure.to_string())),
        Ending::Quit => Ok(Answer::NotNow("the service ended the conversation".to_owned())),
    }
}

/// Why a recipient, or the message, was refused for good; None where it was not.
fn refusal(result: &RecipientResult) -> Option<(Exit, String)> {
    match result {
        RecipientResult::Refused { phase, reply } if reply.code >= 500 => {
            Some((exit(*phase, reply), reply.to_string()))
        }
        // One recipient too many (RFC 5321 section 4.5.3.1.10): all at once they are never taken.
        RecipientResult::Refused { phase: Phase::Rcpt, reply } if is_too_many(reply) => {
            Some((Exit::Refused, reply.to_string()))
        }
        RecipientResult::Failed { failure, .. } => {
            let is_final = matches!(
                failure,
                Failure::TooLarge { .. }
                    | Failure::Utf8Unsupported
                    | Failure::HeaderUtf8Unsupported
                    | Failure::EightBitUnsupported(_)
                    | Failure::AddressUnsendable
            );
            is_final.then(|| (Exit::Data, failure.to_string()))
        }
        _ => None,
    }
}

fn is_too_many(reply: &Reply) -> bool {
    reply.code == 452 && matches!(reply.enhanced, Some(EnhancedStatusCode(4, 5, 3)))
}

/// The code of sysexits(3) for a reply: of what is the refusal?
fn exit(phase: Phase, reply: &Reply) -> Exit {
    let Some(EnhancedStatusCode(_, subject, detail)) = reply.enhanced else {
        return match reply.code {
            550 | 551 if phase == Phase::Rcpt => Exit::NoUser,
            501 | 552 | 553 => Exit::Data,
            _ => Exit::Refused,
        };
    };
    match (subject, detail) {
        (1, 1 | 2 | 6 | 10) if phase == Phase::Rcpt => Exit::NoUser,
        (1 | 6, _) | (3, 4) => Exit::Data,
        _ => Exit::Refused,
    }
}

/// One line, with so many of the recipients that were refused as somebody reads.
fn told(refused: &[(&str, (Exit, String))], results: &[RecipientResult]) -> String {
    let is_message = results.iter().all(|one| match one {
        RecipientResult::Refused { phase, .. } | RecipientResult::Failed { phase, .. } => {
            *phase != Phase::Rcpt
        }
        RecipientResult::Delivered(_) | RecipientResult::Unknown { .. } => false,
    });
    match refused.first() {
        Some((_, (_, why))) if is_message => format!("the message is refused: {why}"),
        _ => {
            let named = refused.iter().take(NAMED);
            let mut told: Vec<String> =
                named.map(|(address, (_, why))| format!("{address} is refused: {why}")).collect();
            let more = refused.len().saturating_sub(NAMED);
            if more > 0 {
                told.push(format!("{more} more are refused"));
            }
            told.push("nothing was sent to anybody".to_owned());
            told.join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        os::unix::net::{UnixListener, UnixStream},
        thread,
    };

    use bytes::Bytes;
    use mail::{Address, Recipient, ReversePath};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn letter(octets: usize) -> Letter {
        let recipient = |text: &str| Recipient::from(Address::parse(text).unwrap());
        let recipients = ["ann@x.org", "bob@x.org"].map(recipient).to_vec();
        let envelope = Envelope::new(ReversePath::Null, recipients).unwrap();
        Letter { envelope, message: Bytes::from("x".repeat(octets) + "\r\n") }
    }

    /// A service that answers each line whose beginning stands in `script` with the words beside it, `""` by hanging up, `"-"` not at
    /// all; and what became of the message, with whether its end was seen.
    fn against(
        octets: usize,
        script: &'static [(&str, &str)],
        patience: Duration,
    ) -> (Result<Answer, Stop>, bool) {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("submit.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let service = thread::spawn(move || serve(&listener.accept().unwrap().0, script));
        let answer = hand_over(&socket, "desk.example.org", &letter(octets), patience);
        (answer, service.join().unwrap())
    }

    fn serve(mut stream: &UnixStream, script: &[(&str, &str)]) -> bool {
        let usual = [
            ("EHLO", "250-x\r\n250 PIPELINING"),
            ("MAIL", "250 ok"),
            ("RCPT", "250 ok"),
            ("DATA", "354 go"),
            (".", "250 2.0.0 taken"),
            ("RSET", "250 ok"),
            ("QUIT", "221 bye"),
        ];
        let reply = |line: &str| {
            script.iter().chain(&usual).find(|(begins, _)| line.starts_with(begins)).map(|(_, reply)| *reply)
        };
        let mut ended = false;
        let mut lines = BufReader::new(stream).lines();
        let mut line = "hello".to_owned();
        loop {
            let said = match line.as_str() {
                "hello" => reply("hello").unwrap_or("220 x"),
                line if line.starts_with('x') => "-",
                line => reply(line).unwrap_or("500 what"),
            };
            ended |= line == ".";
            if said.is_empty() {
                return ended;
            }
            if said != "-" && write!(stream, "{said}\r\n").is_err() {
                return ended;
            }
            match lines.next() {
                Some(Ok(next)) => line = next,
                _ => return ended,
            }
        }
    }

    #[test]
    fn it_is_taken_when_the_service_says_so_after_the_end() {
        for octets in [10, 1_000_000] {
            assert_eq!(against(octets, &[], PATIENCE), (Ok(Answer::Taken), true), "{octets}");
        }
    }

    #[test]
    fn for_all_or_for_nobody() {
        for octets in [10, 1_000_000] {
            for (script, exit) in [
                (&[("RCPT TO:<bob", "550 5.1.1 no such user")][..], Some(Exit::NoUser)),
                (&[("RCPT TO:<bob", "553 5.1.3 no address")], Some(Exit::Data)),
                (&[("RCPT TO:<bob", "550 5.7.1 not for you")], Some(Exit::Refused)),
                (&[("RCPT TO:<bob", "452 4.5.3 too many")], Some(Exit::Refused)),
                (&[("RCPT TO:<bob", "452 4.3.1 no room")], None),
            ] {
                let (answer, ended) = against(octets, script, PATIENCE);
                assert!(!ended, "{octets} {script:?}: its end was sent");
                match (answer, exit) {
                    (Err(stop), Some(exit)) => {
                        assert_eq!(stop.exit, exit, "{stop:?}");
                        assert!(
                            stop.message.contains(&format!("bob@x.org is refused: {}", script[0].1)),
                            "{stop:?}"
                        );
                        assert!(!stop.message.contains("ann@x.org"), "{stop:?}");
                    }
                    (Ok(Answer::NotNow(why)), None) => assert_eq!(why, "452 4.3.1 no room"),
                    (answer, _) => panic!("{script:?}: {answer:?}"),
                }
            }
        }
    }

    #[test]
    fn however_many_are_refused_it_is_one_line() {
        let refused: Vec<_> = (0..7).map(|_| ("a@x.org", (Exit::NoUser, "550 no".to_owned()))).collect();
        let said = told(&refused, &[RecipientResult::Unknown { failure: Failure::TimedOut }]);
        assert_eq!(said.matches("a@x.org is refused: 550 no; ").count(), 5, "{said}");
        assert!(said.ends_with("; 2 more are refused; nothing was sent to anybody"), "{said}");
    }

    #[test]
    fn a_refused_message_is_refused_in_one_line() {
        for (script, exit) in [
            (&[("MAIL", "550 5.7.1 you may not")][..], Exit::Refused),
            (&[("MAIL", "501 5.1.7 that sender")], Exit::Data),
            (&[(".", "554 5.6.0 no message")], Exit::Data),
            (&[(".", "552 5.3.4 too large")], Exit::Data),
            (&[("hello", "554 5.7.1 go away")], Exit::Refused),
        ] {
            let stop = against(10, script, PATIENCE).0.unwrap_err();
            assert_eq!((stop.exit, stop.message.lines().count()), (exit, 1), "{stop:?}");
        }
    }

    #[test]
    fn before_the_end_it_is_certainly_not_taken_and_behind_it_it_may_be() {
        let doubt = |answer: &Answer| matches!(answer, Answer::MayBeTaken(_));
        for (script, may_be_taken) in [
            (&[("hello", "")][..], false),
            (&[("hello", "421 4.3.2 closing")], false),
            (&[("EHLO", "")], false),
            (&[("MAIL", "451 4.3.0 the disk")], false),
            (&[("RCPT", "421 4.3.2 closing")], false),
            (&[("DATA", "")], false),
            (&[("DATA", "452 4.3.1 no room")], false),
            (&[(".", "452 4.3.1 no room")], false),
            (&[(".", "421 4.3.2 closing")], false),
            (&[(".", "")], true),
        ] {
            let answer = against(10, script, PATIENCE).0.unwrap();
            assert!(answer != Answer::Taken && doubt(&answer) == may_be_taken, "{script:?}: {answer:?}");
        }
    }

    #[test]
    fn a_service_that_does_not_answer_is_not_waited_for() {
        for script in [&[("hello", "-")][..], &[("RCPT", "-")]] {
            let answer = against(10, script, Duration::from_millis(50)).0.unwrap();
            assert!(matches!(answer, Answer::NotNow(_)), "{script:?}: {answer:?}");
        }
    }

    #[test]
    fn a_service_that_is_not_there_is_not_now() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("submit.sock");
        let hand = || hand_over(&socket, "desk.example.org", &letter(1), PATIENCE).unwrap();
        assert!(matches!(hand(), Answer::NotNow(_)), "no socket");
        drop(UnixListener::bind(&socket).unwrap());
        assert!(matches!(hand(), Answer::NotNow(_)), "nobody behind it");
    }
}

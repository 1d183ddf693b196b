//! The client's side of an SMTP connection, without the connection.
//!
//! Whoever drives it connects, then does what [`Client::poll`] wishes until there is no wish, tells what was
//! [received](Client::received), and begins transactions while the client is [ready](Client::ready):
//!
//! * [`Wish::Mark`] comes when MAIL goes out, so that the mark becomes durable while the server answers. The last byte of
//!   a message is not handed out before [`Client::release`].
//! * Begin the next transaction as soon as the client is ready, before writing: it then shares a group with the end of
//!   the one under way, and a message costs one write and one read.
//! * A failure before the last byte of the message was written means "certainly not sent" for its recipients, from then on
//!   "in doubt". What has been handed out counts as written unless [`Client::lost`] is told otherwise.
//!
//! The client knows nothing of sockets, and it does not measure time: it tells how long to wait for what.

mod care;
mod opening;
mod output;
mod settings;
mod timeout;
mod transcript;
mod transfer;
mod transfers;
mod wish;

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use self::{
    opening::{Opening, Step},
    output::Output,
    transfers::Transfers,
};
pub use self::{
    settings::{Security, Settings},
    transfer::Transaction,
    wish::{Ending, Failure, RecipientResult, TransactionResult, Violation, Wish},
};
pub use super::sasl::{Login, Proof};
use super::{capabilities::Capabilities, command};
use crate::{Phase, Reply, reply::ReplyParser};

/// One connection, from the greeting to its end.
pub struct Client {
    settings: Arc<Settings>,
    parser: ReplyParser,
    offered: Capabilities,
    stage: Stage,
    transfers: Transfers,
    /// A transaction may be sent behind the end of the one before, if PIPELINING is offered.
    next_ahead: bool,
    out: Output,
    wishes: VecDeque<Wish>,
    quit_wanted: bool,
    replies: u64,
    /// Given out last of all.
    ending: Option<Ending>,
}

enum Stage {
    Opening(Opening),
    /// Mail may pass.
    Open,
    /// QUIT is written.
    Quitting,
    Closed,
}

impl Client {
    /// A connection that has just been made (with TLS, where that is implicit): the greeting is waited for.
    pub fn new(settings: impl Into<Arc<Settings>>) -> Self {
        let settings = settings.into();
        Self {
            stage: Stage::Opening(Opening::new(&settings)),
            settings,
            parser: ReplyParser::default(),
            offered: Capabilities::default(),
            transfers: Transfers::default(),
            next_ahead: true,
            out: Output::default(),
            wishes: VecDeque::new(),
            quit_wanted: false,
            replies: 0,
            ending: None,
        }
    }

    /// The same, and what is said is [kept](Self::transcript).
    #[must_use]
    pub fn with_transcript(mut self) -> Self {
        self.out.keep_transcript();
        self
    }

    /// The next thing to do, until there is nothing.
    pub fn poll(&mut self) -> Option<Wish> {
        if self.wishes.is_empty() && matches!(self.stage, Stage::Open) {
            self.transfers.write(&self.offered, &mut self.out, &mut self.wishes);
            if self.quit_wanted && self.transfers.is_idle() {
                self.out.command(|out| command::plain("QUIT", out));
                self.stage = Stage::Quitting;
            }
        }
        if let Some(wish) = self.wishes.pop_front() {
            return Some(wish);
        }
        self.out.take().map(Wish::Write).or_else(|| self.ending.take().map(Wish::Closed))
    }

    /// Takes what the server sent, cut anywhere.
    pub fn received(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_closed() {
            if matches!(&self.stage, Stage::Opening(opening) if opening.is_handshake()) {
                return self.violated(Violation::Injected);
            }
            match self.parser.parse(&mut bytes) {
                Ok(Some(reply)) => {
                    self.replies += 1;
                    self.reply(reply);
                }
                Ok(None) => return,
                Err(error) => return self.violated(Violation::Reply(error)),
            }
        }
    }

    /// The handshake that [`Wish::StartTls`] asked for has succeeded.
    pub fn tls_established(&mut self) {
        if let Stage::Opening(opening) = &mut self.stage {
            opening.tls_established(&self.settings, &mut self.offered, &mut self.out);
        }
    }

    /// Whether a transaction may be begun.
    pub fn ready(&self) -> bool {
        matches!(self.stage, Stage::Open)
            && !self.quit_wanted
            && self.transfers.has_room(self.next_ahead && self.offered.pipelining)
    }

    /// Begins a transaction. Its result always comes by [`Wish::Finished`]; begun when the client is not
    /// [ready](Self::ready), it has failed with [`Failure::NotReady`].
    pub fn begin(&mut self, transaction: Transaction) {
        if self.ready() {
            return self.transfers.push(transaction, &self.offered);
        }
        let failed = |_| RecipientResult::Failed { phase: Phase::Mail, failure: Failure::NotReady };
        let recipients = transaction.recipients.iter().map(failed).collect();
        self.wishes.push_back(Wish::Finished(TransactionResult {
            token: transaction.token,
            dsn: self.offered.dsn,
            recipients,
        }));
    }

    /// The transaction whose last byte goes out with the next wish to write if it is released now. Whoever records the
    /// point of no return does it here, and not when the mark becomes durable: the server may take long until then.
    pub fn awaits_release(&self) -> Option<u64> {
        self.transfers.awaits_release()
    }

    /// Whether it is known of some recipient of this transaction that it will not get the message. Whoever wants all or nothing
    /// [abandons](Self::abandon) it then, in the place of its release.
    pub fn is_partial(&self, token: u64) -> bool {
        self.transfers.is_partial(token)
    }

    /// The mark of this transaction is durable: its last byte may go.
    pub fn release(&mut self, token: u64) {
        self.transfers.release(token);
    }

    /// Gives a transaction up that has not been released: its recipients have [failed](RecipientResult::Failed) with
    /// [`Failure::Abandoned`], unless their fate was known. A message cannot be stopped once DATA is answered, so this may
    /// close the connection. After the release it does nothing: the answer is to be waited for.
    pub fn abandon(&mut self, token: u64) {
        if let Err(ending) = self.transfers.abandon(token) {
            self.close(ending, self.out.handed_out());
        }
    }

    /// The connection is gone, or the server took longer than [`Self::timeout`], or TLS failed.
    ///
    /// `unwritten` is how many octets at the end of the last [`Wish::Write`] were certainly not handed to the operating
    /// system. If in doubt it is 0, which leaves recipients in doubt rather than doubling their mail.
    pub fn lost(&mut self, failure: Failure, unwritten: u64) {
        let ending = match &self.stage {
            Stage::Closed => return,
            Stage::Quitting => Ending::Quit,
            Stage::Opening(_) | Stage::Open => Ending::Failed { phase: self.phase(), failure },
        };
        self.close(ending, self.out.handed_out().saturating_sub(unwritten));
    }

    /// Ends the connection when the transactions under way are over.
    pub fn quit(&mut self) {
        self.quit_wanted = true;
        if matches!(self.stage, Stage::Opening(_)) {
            self.close(Ending::Quit, 0);
        }
    }

    /// How long what is waited for may take, from the moment that the last bytes were written or received
    /// (RFC 5321 section 4.5.3.2).
    pub fn timeout(&self) -> Duration {
        match &self.stage {
            Stage::Opening(opening) => opening.timeout(),
            Stage::Open => self.transfers.timeout(),
            Stage::Quitting | Stage::Closed => timeout::QUIT,
        }
    }

    /// What the dialogue is at.
    pub fn phase(&self) -> Phase {
        match &self.stage {
            Stage::Opening(opening) => opening.phase(),
            Stage::Open | Stage::Quitting | Stage::Closed => self.transfers.phase(),
        }
    }

    /// Whether no transaction is under way: nothing is lost by closing the connection.
    pub fn is_idle(&self) -> bool {
        self.transfers.is_idle()
    }

    /// Whether the connection is over, or will be once the wishes are done.
    pub fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    /// Whole replies that were read so far. Whoever waits can tell by it whether the server gets on, or only drips bytes.
    pub fn replies(&self) -> u64 {
        self.replies
    }

    /// The lines of both sides, `C: ` and `S: ` before them, if they are [kept](Self::with_transcript). No secret is in what we said; a
    /// server may repeat one.
    pub fn transcript(&self) -> &[String] {
        self.out.transcript()
    }

    /// What the server offers, as told by the last EHLO.
    pub fn capabilities(&self) -> &Capabilities {
        &self.offered
    }

    fn reply(&mut self, reply: Reply) {
        self.out.heard(&reply);
        match &mut self.stage {
            Stage::Opening(opening) => {
                if opening.phase() == Phase::Greeting {
                    self.next_ahead = care::takes_next_ahead(&reply);
                }
                match opening.reply(reply, &self.settings, &mut self.offered, &mut self.out) {
                    Step::Going => {}
                    Step::Handshake => self.wishes.push_back(Wish::StartTls),
                    Step::Done => self.stage = Stage::Open,
                    Step::Refused(phase, reply) => self.leave(Ending::Refused { phase, reply }),
                    Step::Failed(phase, failure) => self.leave(Ending::Failed { phase, failure }),
                }
            }
            Stage::Open => {
                if let Err(ending) = self.transfers.reply(reply, &mut self.wishes) {
                    self.close(ending, self.out.handed_out());
                }
            }
            Stage::Quitting => self.close(Ending::Quit, self.out.handed_out()),
            Stage::Closed => {}
        }
    }

    /// Ends an opening that leads nowhere, with a QUIT where the server still listens.
    fn leave(&mut self, ending: Ending) {
        let listens = !matches!(
            &ending,
            Ending::Refused { reply: Reply { code: 421, .. }, .. }
                | Ending::Failed { failure: Failure::Protocol(_), .. }
        );
        self.close(ending, self.out.handed_out());
        if listens {
            self.out.command(|out| command::plain("QUIT", out));
        }
    }

    fn violated(&mut self, violation: Violation) {
        let ending = Ending::Failed { phase: self.phase(), failure: Failure::Protocol(violation) };
        self.close(ending, self.out.handed_out());
    }

    fn close(&mut self, ending: Ending, written: u64) {
        self.out.discard();
        self.transfers.end(&ending, written, &mut self.wishes);
        self.stage = Stage::Closed;
        self.ending = Some(ending);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("phase", &self.phase()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{Address, ReversePath};

    const OPENED: &[u8] = b"220 mx\r\n250-mx\r\n250 PIPELINING\r\n";

    fn client() -> Client {
        let settings = Settings {
            ehlo_name: "client.example".to_owned(),
            security: Security::Plain,
            login: None,
            proof: Proof::default(),
            password_on_plain: false,
        };
        Client::new(settings)
    }

    fn transaction(token: u64, octets: usize) -> Transaction {
        Transaction {
            token,
            reverse_path: ReversePath::Null,
            ret: None,
            envelope_id: None,
            recipients: vec![Address::parse("bob@example.org").unwrap().into()],
            message: Bytes::from("x".repeat(octets) + "\r\n"),
        }
    }

    fn polled(client: &mut Client) -> Vec<Wish> {
        std::iter::from_fn(|| client.poll()).collect()
    }

    fn written(wishes: &[Wish]) -> usize {
        let octets = |wish: &Wish| if let Wish::Write(pieces) = wish { pieces.concat().len() } else { 0 };
        wishes.iter().map(octets).sum()
    }

    #[test]
    fn all_or_nothing_is_decided_before_the_end() {
        for (rcpt, partial) in [("250 ok\r\n", false), ("550 5.1.1 who\r\n", true)] {
            let mut client = client();
            client.received(OPENED);
            polled(&mut client);
            let mut two = transaction(7, 10);
            two.recipients.push(Address::parse("eve@example.org").unwrap().into());
            client.begin(two);
            polled(&mut client);
            client.received(format!("250 from\r\n250 bob\r\n{rcpt}354 go\r\n").as_bytes());
            assert_eq!((client.awaits_release(), client.is_partial(7)), (Some(7), partial), "{rcpt}");
        }
    }

    #[test]
    fn the_mark_is_wished_before_mail_is_written() {
        let mut client = client();
        client.received(OPENED);
        polled(&mut client);
        client.begin(transaction(7, 10));
        let wishes = polled(&mut client);
        assert!(matches!(wishes.as_slice(), [Wish::Mark(7), Wish::Write(_)]), "{wishes:?}");
    }

    /// Small content waits for the mark, large content only with its last bytes.
    #[test]
    fn content_before_the_release() {
        for (octets, early) in [(100, 0), (100_000, 100_002)] {
            let mut client = client();
            client.received(OPENED);
            polled(&mut client);
            client.begin(transaction(1, octets));
            polled(&mut client);
            client.received(b"250\r\n250\r\n354\r\n");
            assert_eq!(written(&polled(&mut client)), early);
            client.release(1);
            assert_eq!(written(&polled(&mut client)), octets + 2 + 3 - early);
        }
    }

    #[test]
    fn one_transaction_ahead_where_pipelining_is_offered() {
        for (offered, ahead) in [("250 PIPELINING", true), ("250 DSN", false)] {
            let mut client = client();
            assert!(!client.ready());
            client.received(format!("220 mx\r\n250-mx\r\n{offered}\r\n").as_bytes());
            assert!(client.ready());
            client.begin(transaction(1, 10));
            assert!(!client.ready(), "nothing of the first is written");
            polled(&mut client);
            assert_eq!(client.ready(), ahead);
            client.quit();
            assert!(!client.ready());
        }
    }

    #[test]
    fn a_transcript_has_no_secret_and_no_message() {
        let login = Login { user: "anna".to_owned(), password: "s3cret!".to_owned().into() };
        for (mechanism, ours) in [
            ("PLAIN", &["C: AUTH PLAIN ***"][..]),
            ("XOAUTH2", &["C: AUTH XOAUTH2 ***"]),
            ("OAUTHBEARER", &["C: AUTH OAUTHBEARER ***"]),
            ("LOGIN", &["C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: ***", "S: 334 UGFzc3dvcmQ6", "C: ***"]),
        ] {
            let mut client = Client::new(Settings {
                ehlo_name: "client.example".to_owned(),
                security: Security::Plain,
                login: Some(login.clone()),
                proof: if mechanism.contains("OAUTH") { Proof::Token } else { Proof::Password },
                password_on_plain: true,
            })
            .with_transcript();
            client.received(format!("220 mx\r\n250-mx\r\n250 AUTH {mechanism}\r\n").as_bytes());
            if mechanism == "LOGIN" {
                client.received(b"334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n");
            }
            client.received(b"235 2.7.0 in\r\n");
            client.begin(transaction(1, 10));
            client.release(1);
            polled(&mut client);
            for reply in ["250 from\r\n", "250 to\r\n", "354 go\r\n", "250 queued\r\n"] {
                client.received(reply.as_bytes());
                polled(&mut client);
            }
            let offered = format!("S: 250 AUTH {mechanism}");
            let opening = ["S: 220 mx", "C: EHLO client.example", "S: 250-mx", &offered];
            let message = [
                "S: 235 2.7.0 in",
                "C: MAIL FROM:<>",
                "S: 250 from",
                "C: RCPT TO:<bob@example.org>",
                "S: 250 to",
                "C: DATA",
                "S: 354 go",
                "C: (the message, 12 octets)",
                "C: .",
                "S: 250 queued",
            ];
            assert_eq!(client.transcript(), [&opening, ours, &message].concat());
        }
    }

    #[test]
    fn a_released_transaction_is_not_abandoned() {
        let mut client = client();
        client.received(OPENED);
        polled(&mut client);
        client.begin(transaction(1, 10));
        polled(&mut client);
        client.release(1);
        client.abandon(1);
        client.received(b"250\r\n250\r\n354\r\n");
        polled(&mut client);
        client.received(b"250 queued\r\n");
        let wishes = polled(&mut client);
        let [Wish::Finished(result)] = wishes.as_slice() else { panic!("{wishes:?}") };
        assert!(matches!(result.recipients.as_slice(), [RecipientResult::Delivered(_)]), "{result:?}");
    }

    #[test]
    fn how_long_to_wait() {
        let mut client = client();
        let mut waits = vec![(client.phase(), client.timeout())];
        let mut after = |client: &mut Client, received: &[u8]| {
            client.received(received);
            polled(client);
            waits.push((client.phase(), client.timeout()));
        };
        after(&mut client, b"220 mx\r\n");
        after(&mut client, b"250-mx\r\n250 PIPELINING\r\n");
        client.begin(transaction(1, 10));
        client.release(1);
        for received in [&b""[..], b"250\r\n", b"250\r\n", b"354\r\n", b"250\r\n"] {
            after(&mut client, received);
        }
        let expected = [
            (Phase::Greeting, 5),
            (Phase::Ehlo, 5),
            (Phase::Mail, 3),
            (Phase::Mail, 5),
            (Phase::Rcpt, 5),
            (Phase::Data, 2),
            (Phase::Dot, 10),
            (Phase::Mail, 3),
        ];
        assert_eq!(waits, expected.map(|(phase, minutes)| (phase, Duration::from_mins(minutes))));
    }

    #[test]
    fn nothing_private_is_printed() {
        let wish = Wish::Write(vec![Bytes::from_static(b"AUTH PLAIN c2VjcmV0\r\n")]);
        assert_eq!(format!("{wish:?}"), "Write(21 octets)");
        assert_eq!(
            format!("{:?}", transaction(1, 8)),
            "Transaction { token: 1, recipients: 1, octets: 10, .. }"
        );
    }
}

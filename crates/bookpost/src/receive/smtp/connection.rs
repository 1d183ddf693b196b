//! One connection: drives the dialogue of [`mail::smtp::server`], and answers its questions.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use mail::{
    Address, EnhancedStatusCode, Envelope, Recipient, Reply, ReversePath,
    smtp::{
        sasl::Login,
        server::{Mail, Server, Transaction, Wish},
    },
};
use tokio::{sync::watch, time::Instant};

use super::{Door, ended, stream::Stream};
use crate::{
    config::Way,
    identity::{Caller, Refusal},
    receive::{Expected, Leniency, NotTaken, Origin, Reservation, Submission, not_taken},
};

/// Who says nothing new for so long is gone (RFC 5321 section 4.5.3.2.7).
const PATIENCE: Duration = Duration::from_mins(5);
/// A message takes no longer to come, however it drips.
const LONGEST_CONTENT: Duration = Duration::from_mins(30);
/// A body that finds no room in memory waits for it so long.
const ROOM: Duration = Duration::from_secs(30);

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Peer {
    /// Over the network.
    Network(IpAddr),
    /// A process of this user on this machine.
    Local { uid: u32 },
}

pub(super) struct Connection {
    door: Arc<Door>,
    peer: Peer,
    server: Server,
    stream: Option<Stream>,
    /// Who it is without having signed in.
    trusted: Result<Caller, Refusal>,
    /// Who it is, or why it is nobody.
    caller: Result<Caller, Refusal>,
    signed_in: bool,
    /// Recipients of the transaction that is under way.
    recipients: usize,
    /// It is from nobody.
    from_nobody: bool,
    /// It brings back what we sent, to this address.
    coming_back: Option<Address>,
    body: Option<Reservation>,
    ends: watch::Receiver<bool>,
}

impl Connection {
    pub(super) fn new(
        door: Arc<Door>,
        peer: Peer,
        server: Server,
        stream: Stream,
        caller: Result<Caller, Refusal>,
        ends: watch::Receiver<bool>,
    ) -> Self {
        let mut connection = Self {
            door,
            peer,
            server,
            stream: Some(stream),
            trusted: caller.clone(),
            caller,
            signed_in: false,
            recipients: 0,
            from_nobody: false,
            coming_back: None,
            body: None,
            ends,
        };
        connection.announce();
        connection
    }

    /// Until its end.
    pub(super) async fn run(mut self) -> io::Result<()> {
        let opened_at = Instant::now();
        let mut deadline = opened_at + PATIENCE;
        let mut heard = 0;
        loop {
            match self.server.poll() {
                Some(Wish::Write(bytes)) => self.stream()?.write(&bytes).await?,
                Some(Wish::StartTls) => self.start_tls().await?,
                Some(Wish::SignIn(login)) => self.sign_in(&login),
                Some(Wish::Mail(mail)) => self.mail(&mail),
                Some(Wish::Recipient(recipient)) => self.recipient(&recipient),
                Some(Wish::Content) => {
                    deadline = Instant::now() + LONGEST_CONTENT;
                    self.content();
                }
                Some(Wish::Message(transaction)) => {
                    self.message(transaction).await;
                    deadline = Instant::now() + PATIENCE;
                }
                Some(Wish::Close) => {
                    self.stream()?.end().await;
                    return Ok(());
                }
                None => {
                    if !self.server.takes_content() {
                        self.body = None;
                    }
                    if self.server.commands() != heard && self.body.is_none() {
                        heard = self.server.commands();
                        // Who is nobody yet does not keep its place by small talk.
                        let from = if self.caller.is_ok() { Instant::now() } else { opened_at };
                        deadline = from + PATIENCE;
                    }
                    if !self.listen(deadline).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Takes in what comes; false when the peer is gone.
    async fn listen(&mut self, deadline: Instant) -> io::Result<bool> {
        let Self { stream, server, ends, body, .. } = self;
        let stream = stream.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let patience = deadline.min(Instant::now() + PATIENCE);
        tokio::select! {
            read = stream.read(server.room()) => {
                let read = read?;
                if let Some(body) = body
                    && !body.covers(server.held(), ROOM).await
                {
                    server.close(Some(&reply(421, 3, 1, "There is no room for a message of this size now")));
                }
                Ok(read > 0)
            }
            () = tokio::time::sleep_until(patience) => {
                server.close(Some(&reply(421, 4, 2, "Nothing was heard for too long")));
                Ok(true)
            }
            () = ended(ends) => {
                server.close(Some(&reply(421, 3, 2, "The service is being stopped; try again in a minute")));
                Ok(true)
            }
        }
    }

    async fn start_tls(&mut self) -> io::Result<()> {
        let plain = self.stream.take().ok_or(io::ErrorKind::NotConnected)?;
        let certificate = self.door.certificate.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        self.stream = Some(plain.secure(certificate.config()).await?);
        self.server.tls_established();
        // Whatever was said before the handshake counts for nothing (RFC 3207 section 4.2).
        self.caller.clone_from(&self.trusted);
        self.signed_in = false;
        self.announce();
        Ok(())
    }

    fn sign_in(&mut self, login: &Login) {
        let Peer::Network(peer) = self.peer else { return self.server.refuse() };
        let applications = &self.door.submitter.applications;
        match applications.authenticate(peer, &login.user, &login.password, self.door.submitter.clock.now()) {
            Ok(caller) => {
                self.caller = Ok(caller);
                self.signed_in = true;
                self.announce();
                self.server.accept();
            }
            Err(refusal) => {
                applications.log_refused(peer, &login.user, &refusal);
                self.server.answer(not_signed_in(&refusal));
            }
        }
    }

    /// The next EHLO tells the limits of the application.
    fn announce(&mut self) {
        let Ok(settings) = self.caller.as_ref().map(Caller::settings) else { return };
        let most = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        self.server.announce(most(settings.largest_message), most(settings.recipients.into()));
    }

    fn mail(&mut self, mail: &Mail) {
        (self.recipients, self.coming_back) = (0, None);
        self.from_nobody = mail.reverse_path == ReversePath::Null;
        let caller = match self.caller_now() {
            Ok(caller) => caller,
            // Whether it brings something back is seen by whom it is for.
            Err(_) if self.may_come_back() => return self.server.accept(),
            Err(refusal) => return self.turn_away(&refusal),
        };
        match self.door.submitter.may_begin(&caller, &mail.reverse_path, mail.size) {
            Ok(()) => self.server.accept(),
            Err(error) => self.refuse(&error),
        }
    }

    /// Who is at the other end as it stands now: a key may have been revoked since.
    fn caller_now(&mut self) -> Result<Caller, Refusal> {
        let submitter = &self.door.submitter;
        let now = submitter.clock.now();
        let known = self.caller.as_ref().map_err(|refusal| *refusal);
        self.caller = known.and_then(|caller| submitter.applications.again(caller, now));
        self.caller.clone()
    }

    /// Nothing is taken from them. What is no fault of theirs they may try again.
    fn turn_away(&mut self, refusal: &Refusal) {
        let peer = &self.peer;
        tracing::warn!(?peer, %refusal, "an application may not send");
        let text = format!("Not taken: {}", unnamed(refusal));
        self.server.answer(match peer {
            _ if refusal.is_for_now() => reply(451, 3, 0, &text),
            Peer::Network(_) if self.signed_in => reply(421, 7, 0, "This application may not send any more"),
            // It will not come again and sign in, to hear why.
            Peer::Local { .. } | Peer::Network(_) => reply(550, 7, 1, &text),
        });
    }

    /// Mail from nobody, over the network.
    fn may_come_back(&self) -> bool {
        self.from_nobody && matches!(self.peer, Peer::Network(_)) && self.door.comes_back.is_open()
    }

    /// What comes back goes to its one address and nowhere else; and who has not signed in sends nothing but that.
    fn recipient(&mut self, recipient: &Recipient) {
        let expected = if self.may_come_back() {
            self.door.comes_back.expects(&recipient.address)
        } else {
            Expected::NotHere
        };
        match (expected, &self.caller) {
            (Expected::NotHere, Ok(_)) if self.coming_back.is_none() => self.another(),
            (Expected::NotHere, Err(_)) if self.coming_back.is_none() => {
                self.server.answer(reply(
                    550,
                    7,
                    1,
                    "Not taken: this is no address here, and sign in to send mail elsewhere",
                ));
            }
            (Expected::MadeUp, _) => {
                tracing::info!(peer = ?self.peer, "mail to a return path that was never given to anybody was refused");
                self.server.answer(reply(550, 1, 1, "No mail was ever sent from this address"));
            }
            (Expected::Yes, _) if self.recipients == 0 && self.coming_back.is_none() => {
                self.coming_back = Some(recipient.address.clone());
                self.server.accept();
            }
            _ => self.server.answer(reply(452, 5, 3, "One address at a time for what comes back")),
        }
    }

    /// Those that are one too many come with the next message (RFC 5321 section 4.5.3.1.10).
    fn another(&mut self) {
        let most = self.caller.as_ref().map_or(0, |caller| caller.settings().recipients);
        if usize::try_from(most).is_ok_and(|most| self.recipients >= most) {
            let text = format!("This application may write to {most} recipients at a time");
            return self.server.answer(reply(452, 5, 3, &text));
        }
        self.recipients += 1;
        self.server.accept();
    }

    /// Room for the content is found before it is let in.
    fn content(&mut self) {
        self.body = self.door.bodies.reserve();
        if self.body.is_some() { self.server.accept() } else { self.server.refuse() }
    }

    async fn message(&mut self, transaction: Transaction) {
        if let Some(to) = self.coming_back.take() {
            return self.come_back(to, transaction.content).await;
        }
        let caller = match self.caller_now() {
            Ok(caller) => caller,
            Err(refusal) => return self.turn_away(&refusal),
        };
        let Ok(submission) = self.submission(transaction) else {
            return self.server.answer(reply(503, 5, 1, "There is no recipient"));
        };
        let accepted = self.door.submitter.submit(&caller, submission).await;
        self.body = None;
        match accepted {
            Ok(accepted) => {
                let what = match self.door.submitter.settings.now().sending.way {
                    Way::Practice => "for the practice mailbox, nobody will receive it",
                    _ => "it will be delivered or returned",
                };
                let text = format!("Accepted as {}: {what}", accepted.id.0);
                self.server.answer(reply(250, 0, 0, &text));
            }
            Err(error) => self.refuse(&error),
        }
    }

    /// It is on record before that is said.
    async fn come_back(&mut self, to: Address, content: Bytes) {
        let taken = self.door.comes_back.take(to, content).await;
        self.body = None;
        self.server.answer(match taken {
            Ok(true) => reply(250, 0, 0, "Taken"),
            Ok(false) => reply(451, 3, 0, "That message is not settled yet; try again later"),
            Err(error) => {
                tracing::error!(%error, "what came back could not be put on record; it will be brought again");
                reply(451, 3, 0, "It cannot be put on record now; try again later")
            }
        });
    }

    fn submission(&self, transaction: Transaction) -> Result<Submission, mail::envelope::NoRecipient> {
        let Transaction { mail, recipients, content } = transaction;
        let mut envelope = Envelope::new(mail.reverse_path, recipients)?;
        envelope.ret = mail.ret;
        envelope.envelope_id = mail.envelope_id;
        Ok(Submission {
            envelope,
            content,
            smtputf8: mail.smtputf8,
            class: None,
            from: self.origin(mail.smtputf8),
            leniency: Leniency::default(),
            send_at: None,
            expires_at: None,
            tags: Vec::new(),
        })
    }

    fn origin(&self, smtputf8: bool) -> Origin {
        let hello = self.server.hello();
        let (name, extended) = hello.map_or(("", false), |hello| (hello.name.as_str(), hello.extended));
        let words = match (extended, smtputf8) {
            (_, true) => ["UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA"],
            (true, false) => ["ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA"],
            (false, false) => ["SMTP"; 4],
        };
        let [plain, signed_in, encrypted, both] = words;
        let protocol = match (self.server.is_encrypted(), self.signed_in) {
            (false, false) => plain,
            (false, true) => signed_in,
            (true, false) => encrypted,
            (true, true) => both,
        };
        match &self.peer {
            Peer::Network(peer) => {
                Origin { door: store::Door::Smtp, name: name.to_owned(), peer: Some(*peer), protocol }
            }
            Peer::Local { uid } => {
                Origin { door: store::Door::Sendmail, name: format!("uid{uid}"), peer: None, protocol }
            }
        }
    }

    fn refuse(&mut self, error: &NotTaken) {
        let application = self.caller.as_ref().map_or("", |caller| caller.name());
        not_taken(application, error);
        self.server.answer(error.reply());
    }

    fn stream(&mut self) -> io::Result<&mut Stream> {
        self.stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

/// Why an application may not send that no key named.
pub(super) fn unnamed(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Unknown => "the settings name an application here that does not exist".to_owned(),
        refusal => refusal.to_string(),
    }
}

/// Who is held up, or stored unreadably, may have the right password, and is to try it again later.
fn not_signed_in(refusal: &Refusal) -> Reply {
    let text = format!("Not signed in: {refusal}");
    if refusal.is_for_now() { reply(454, 7, 0, &text) } else { reply(535, 7, 8, &text) }
}

/// One of our own replies; its class is that of the code.
pub(super) fn reply(code: u16, subject: u16, detail: u16, text: &str) -> Reply {
    let enhanced = EnhancedStatusCode(code / 100, subject, detail);
    Reply { code, enhanced: Some(enhanced), text: text.to_owned() }
}

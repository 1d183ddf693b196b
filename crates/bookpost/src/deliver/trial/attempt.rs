//! One connection to a server, step by step, by the same dialogue, streams and settings that carry real mail.

use std::sync::Arc;

use mail::{
    Phase, Reason, Reply,
    outcome::{judge, judge_failure},
    smtp::{
        capabilities::Capabilities,
        client::{Client, Ending, Failure, RecipientResult, Transaction, Wish},
    },
};
use rustls::client::{Resumption, danger::ServerCertVerifier};
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::{
    Patience,
    by_account::{Asks, secrets},
    certificate::{Certificate, Noting},
    step::{Encrypted, Event, Found, How, State, Step},
};
use crate::{
    config::{Encryption, Server},
    deliver::{
        conclude::judge_client,
        dialogue::Dialogue,
        send,
        settings::{check_password, settings, with_token},
        stream::{self, ConnectError, Stream},
        tls,
    },
};

/// What it takes.
pub(super) struct Attempt<'a> {
    pub(super) server: &'a Server,
    pub(super) ehlo_name: &'a str,
    pub(super) verifier: Arc<dyn ServerCertVerifier>,
    pub(super) patience: Patience,
    pub(super) renews: Option<Asks<'a>>,
}

/// What came of it.
pub(super) struct Outcome {
    /// The last step that was begun.
    pub(super) step: Step,
    pub(super) result: Result<(), Unsent>,
    pub(super) encrypted: bool,
    pub(super) offered: Capabilities,
    pub(super) certificate: Option<Certificate>,
    pub(super) transcript: Vec<String>,
    /// What a server was shown in the place of a password, in each form in which it might repeat it.
    pub(super) shown: Vec<Zeroizing<String>>,
}

/// Why it went no further.
#[derive(Debug)]
pub(super) enum Unsent {
    /// The server said no.
    Refused { reason: Reason, reply: Reply },
    /// There is no answer of the server to it.
    Failed { reason: Reason, text: String },
}

impl Unsent {
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::Refused { reason, .. } | Self::Failed { reason, .. } => *reason,
        }
    }

    fn refused(phase: Phase, reply: Reply) -> Self {
        Self::Refused { reason: judge(phase, &reply).reason, reply }
    }

    /// It is no password that was shown.
    fn of_a_token(self) -> Self {
        let told = |reason| match reason {
            Reason::SignInRefused | Reason::PasswordsEnded => Reason::TokenRefused,
            other => other,
        };
        match self {
            Self::Refused { reason, reply } => Self::Refused { reason: told(reason), reply },
            Self::Failed { reason, text } => Self::Failed { reason: told(reason), text },
        }
    }

    pub(super) fn failed(phase: Phase, failure: Failure) -> Self {
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

impl Attempt<'_> {
    /// Goes as far as it can, with `letter` to its end, without it until mail could pass.
    pub(super) async fn make<T>(self, letter: Option<Transaction>, tell: T) -> anyhow::Result<Outcome>
    where
        T: FnMut(Event),
    {
        let noting = Arc::new(Noting::new(Arc::clone(&self.verifier)));
        let mut config = tls::verified_by(Arc::clone(&noting) as _)?;
        // A session that goes on shows no certificate.
        config.resumption = Resumption::disabled();
        let own = settings(self.ehlo_name, self.server);
        let mut course = Course {
            deadline: Instant::now() + self.patience.whole,
            attempt: self,
            config: Arc::new(config),
            noting,
            tell,
            step: Step::Name,
            encrypted: false,
            signed_in: false,
        };
        let (shown, renewed) = match course.renewed().await {
            Ok(shown) => (shown, Ok(())),
            Err(unsent) => (None, Err(unsent)),
        };
        let settings = shown.iter().fold(own, with_token);
        let mut client = Client::new(settings).with_transcript();
        let result = match (renewed, &shown, course.attempt.server.service) {
            (Err(unsent), ..) => Err(unsent),
            (Ok(()), Some(shown), Some(service)) => course.by_service(service, shown, letter).await,
            _ => course.run(&mut client, letter).await,
        };
        Ok(Outcome {
            step: course.step,
            result,
            encrypted: course.encrypted,
            offered: client.capabilities().clone(),
            certificate: course.noting.noted(),
            transcript: client.transcript().to_vec(),
            shown: shown.iter().flat_map(secrets).collect(),
        })
    }
}

/// An attempt under way.
pub(super) struct Course<'a, T> {
    pub(super) attempt: Attempt<'a>,
    config: Arc<rustls::ClientConfig>,
    noting: Arc<Noting>,
    tell: T,
    step: Step,
    encrypted: bool,
    pub(super) signed_in: bool,
    pub(super) deadline: Instant,
}

impl<T: FnMut(Event)> Course<'_, T> {
    async fn run(&mut self, client: &mut Client, letter: Option<Transaction>) -> Result<(), Unsent> {
        let mut stream = self.connect().await?;
        if self.attempt.server.encryption == Encryption::Tls {
            self.begin(Step::Encryption);
            stream = self.secure(stream, How::Tls).await?;
        }
        self.begin(Step::Greeting);
        self.converse(client, stream, letter).await
    }

    pub(super) async fn connect(&mut self) -> Result<Stream, Unsent> {
        let Server { host, port, .. } = self.attempt.server;
        self.begin(Step::Name);
        check_password(self.attempt.server)?;
        let looked_up = stream::addresses(host, *port);
        let addresses = self.in_time(Phase::Connect, self.attempt.patience.reply, looked_up).await?;
        self.passed(Found::Name { addresses: addresses.iter().map(std::net::SocketAddr::ip).collect() });
        self.begin(Step::Connection);
        let began = Instant::now();
        let connecting = stream::connect_to(host, &addresses, self.attempt.patience.connection);
        let tcp = self.in_time(Phase::Connect, self.attempt.patience.whole, connecting).await?;
        if let Ok(address) = tcp.peer_addr() {
            let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.passed(Found::Connection { address, milliseconds });
        }
        Ok(Stream::plain(tcp))
    }

    pub(super) async fn secure(&mut self, plain: Stream, how: How) -> Result<Stream, Unsent> {
        let handshake = plain.secure(Arc::clone(&self.config), &self.attempt.server.host);
        let stream = self.in_time(Phase::Tls, self.attempt.patience.reply, handshake).await?;
        self.encrypted = true;
        let version = stream.tls().and_then(|version| version.as_str()).unwrap_or("TLS");
        let version = version.replace("TLSv", "TLS ").replace('_', ".");
        let certificate = self.noting.noted();
        self.passed(Found::Encryption { encryption: Some(Encrypted { how, version, certificate }) });
        Ok(stream)
    }

    async fn converse(
        &mut self,
        client: &mut Client,
        mut stream: Stream,
        mut letter: Option<Transaction>,
    ) -> Result<(), Unsent> {
        let mut answer = None;
        loop {
            if !client.is_closed() {
                self.leave_behind(client.phase(), client, letter.is_some());
            }
            match letter.take_if(|_| client.ready()) {
                Some(letter) => client.begin(letter),
                None if client.ready() && client.is_idle() => client.quit(),
                None => {}
            }
            match client.poll() {
                None => self.read(&mut stream, client).await,
                Some(Wish::Write(pieces)) => self.write(&mut stream, client, pieces).await,
                Some(Wish::StartTls) => {
                    stream = self.secure(stream, How::StartTls).await?;
                    client.tls_established();
                    self.begin(Step::SignIn);
                }
                Some(Wish::Mark(token)) => client.release(token),
                Some(Wish::Finished(finished)) => {
                    answer = finished.recipients.into_iter().next();
                    if let Some(RecipientResult::Delivered(reply)) = &answer {
                        self.passed(Found::Message { answer: reply.to_string() });
                    }
                    client.quit();
                }
                Some(Wish::Closed(ending)) => {
                    if let Ending::Refused { phase, .. } | Ending::Failed { phase, .. } = &ending {
                        self.leave_behind(*phase, client, false);
                    }
                    let is_shown_a_token = self.attempt.server.sign_in.is_some();
                    let said = said(answer, ending);
                    return if is_shown_a_token { said.map_err(Unsent::of_a_token) } else { said };
                }
            }
        }
    }

    pub(super) async fn write<C>(&self, stream: &mut Stream, client: &mut C, pieces: Vec<bytes::Bytes>)
    where
        C: Dialogue,
    {
        let sent = timeout_at(self.deadline, send::send(stream, client, pieces)).await;
        if sent.is_err() {
            client.lost(Failure::TimedOut, 0);
        }
    }

    pub(super) async fn read(&self, stream: &mut Stream, client: &mut impl Dialogue) {
        let patience = client.timeout().min(self.attempt.patience.reply);
        match timeout_at(self.deadline.min(Instant::now() + patience), stream.read()).await {
            Ok(Ok(bytes)) if !bytes.is_empty() => client.received(bytes),
            Ok(_) => client.lost(Failure::ConnectionLost, 0),
            Err(_) => client.lost(Failure::TimedOut, 0),
        }
    }

    /// Tells of the steps that are over when the dialogue is at `phase`. After STARTTLS it is at EHLO again, and the sign-in has begun.
    fn leave_behind(&mut self, phase: Phase, client: &Client, letter: bool) {
        if self.step == Step::Greeting && phase > Phase::Ehlo {
            self.passed(Found::Greeting { answer: greeting(client.transcript()) });
            self.begin(if self.encrypted { Step::SignIn } else { Step::Encryption });
        }
        if self.step == Step::Encryption && phase >= Phase::Auth {
            self.passed(Found::Encryption { encryption: None });
            self.begin(Step::SignIn);
        }
        if self.step == Step::SignIn && phase >= Phase::Mail && !self.signed_in {
            self.signed_in = true;
            let Server { login, sign_in, .. } = self.attempt.server;
            let has_login = login.is_some() || sign_in.is_some();
            let method = mechanism(client.transcript()).filter(|_| has_login);
            self.passed(Found::SignIn { method, offered: !client.capabilities().auth.is_empty() });
            if letter {
                self.begin(Step::Message);
            }
        }
    }

    /// The same once more, of which nothing is told.
    pub(super) async fn again(&self) -> Option<Stream> {
        let Server { host, port, .. } = self.attempt.server;
        let plain = Stream::plain(stream::connect(host, *port).await.ok()?);
        plain.secure(Arc::clone(&self.config), host).await.ok()
    }

    pub(super) fn is_at(&self, step: Step) -> bool {
        self.step == step && !self.signed_in
    }

    pub(super) fn begin(&mut self, step: Step) {
        self.step = step;
        (self.tell)(Event { step, state: State::Started });
    }

    pub(super) fn passed(&mut self, found: Found) {
        (self.tell)(Event { step: self.step, state: State::Ok(found) });
    }

    pub(super) async fn in_time<R>(
        &self,
        phase: Phase,
        patience: std::time::Duration,
        work: impl Future<Output = Result<R, ConnectError>>,
    ) -> Result<R, Unsent> {
        let until = self.deadline.min(Instant::now() + patience);
        let Ok(done) = timeout_at(until, work).await else {
            let reason = judge_failure(phase, mail::outcome::Failure::TimedOut).reason;
            return Err(Unsent::Failed { reason, text: "no answer in the time that a test has".to_owned() });
        };
        Ok(done?)
    }
}

/// The server's first words.
fn greeting(transcript: &[String]) -> String {
    let lines = transcript.iter().map_while(|line| line.strip_prefix("S: "));
    lines.collect::<Vec<_>>().join(" ")
}

/// The mechanism of the sign-in.
fn mechanism(transcript: &[String]) -> Option<String> {
    let mut signed_in = transcript.iter().filter_map(|line| line.strip_prefix("C: AUTH "));
    signed_in.next()?.split(' ').next().map(str::to_owned)
}

fn said(answer: Option<RecipientResult>, ending: Ending) -> Result<(), Unsent> {
    match (answer, ending) {
        (Some(RecipientResult::Delivered(_)), _) | (None, Ending::Quit) => Ok(()),
        (Some(RecipientResult::Refused { phase, reply }), _) | (None, Ending::Refused { phase, reply }) => {
            Err(Unsent::refused(phase, reply))
        }
        (Some(RecipientResult::Unknown { failure }), _) => Err(Unsent::failed(Phase::Dot, failure)),
        (Some(RecipientResult::Failed { phase, failure }), _) | (None, Ending::Failed { phase, failure }) => {
            Err(Unsent::failed(phase, failure))
        }
    }
}

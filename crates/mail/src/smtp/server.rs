//! The server's side of an SMTP connection (RFC 5321, RFC 6409), without the connection.
//!
//! Whoever drives it reads into [`Server::room`] and does what [`Server::poll`] wishes until there is no wish:
//!
//! ```ignore
//! let mut server = Server::new(settings);
//! loop {
//!     match server.poll() {
//!         Some(Wish::Write(bytes)) => stream.write_all(&bytes).await?,
//!         Some(Wish::StartTls) => {
//!             stream = accept_tls(stream).await?;
//!             server.tls_established();
//!         }
//!         Some(Wish::SignIn(login)) if !is_right(&login).await => server.refuse(),
//!         Some(Wish::Message(transaction)) => server.answer(store(transaction).await),
//!         Some(Wish::SignIn(_) | Wish::Mail(_) | Wish::Recipient(_) | Wish::Content) => server.accept(),
//!         Some(Wish::Close) => return stream.shutdown().await,
//!         None if stream.read_buf(server.room()).await? == 0 => return Ok(()),
//!         None => {}
//!     }
//! }
//! ```
//!
//! * A wish that is a question is answered by [`accept`](Server::accept), [`refuse`](Server::refuse) or
//!   [`answer`](Server::answer) before anything else. Until then no more of the input is used.
//! * Everything that can be known without the driver is answered here: what is out of order, malformed, too large or too much.
//! * A connection that ends leaves nothing behind: a message is handed out whole or not at all.
//! * Replies to commands that came together go out together.
//!
//! The server knows nothing of sockets, and it does not measure time: who waits too long says so with
//! [`close`](Server::close) and `421 4.4.2`, after 5 minutes without a new [command](Server::commands) or content
//! (RFC 5321 section 4.5.3.2.7).

mod answers;
mod chunk;
mod command;
mod commands;
mod content;
mod line;
mod parameters;
mod replies;
mod settings;
mod sign_in;
mod state;
mod wish;

use std::{fmt, sync::Arc};

use bytes::{Bytes, BytesMut};

use self::{
    chunk::{Chunk, Fate},
    command::Command,
    content::Content,
    line::{Line, Lines},
    sign_in::Turn,
    state::{Announced, Open, Patience, Progress, Question, Stage},
};
pub use self::{
    settings::{Limits, Settings, SignIn, Tls},
    state::Hello,
    wish::{Mail, Transaction, Wish},
};
use crate::Reply;

/// Octets of replies that are gathered before they must be written.
const GATHERED: usize = 16 * 1024;
/// Octets that are read at once, while commands come and while content comes.
const READ_AT_ONCE: (usize, usize) = (8 * 1024, 64 * 1024);
/// Octets of a line with an answer of a sign-in (RFC 4954 section 4).
const LONGEST_SIGN_IN: usize = 12_288;

/// One connection, from the greeting to its end.
pub struct Server {
    settings: Arc<Settings>,
    input: BytesMut,
    lines: Lines,
    out: Vec<u8>,
    stage: Stage,
    question: Option<Question>,
    /// Wished when all that was gathered is written.
    finally: Option<Wish>,
    hello: Option<Hello>,
    encrypted: bool,
    signed_in: bool,
    announced: Announced,
    progress: Progress,
    patience: Patience,
    transactions: usize,
    commands: u64,
}

enum Step {
    Wish(Wish),
    Done,
    /// There is not enough input.
    Starved,
}

impl Server {
    /// A connection that has just been accepted (with TLS, where that is [established](Tls::Established)).
    pub fn new(settings: impl Into<Arc<Settings>>) -> Self {
        let settings = settings.into();
        let mut server = Self {
            encrypted: settings.tls == Tls::Established,
            announced: Announced::of(&settings.limits),
            input: BytesMut::new(),
            lines: Lines::default(),
            out: Vec::new(),
            stage: Stage::Commands,
            question: None,
            finally: None,
            hello: None,
            signed_in: false,
            progress: Progress::None,
            patience: Patience::default(),
            transactions: 0,
            commands: 0,
            settings,
        };
        let greeting = format!("220 {} {}", server.settings.host_name, server.settings.greeting);
        server.say(&greeting);
        server
    }

    /// Where to read what the client sends. Read only when there is no wish: so it holds no more than one message.
    pub fn room(&mut self) -> &mut BytesMut {
        let wanted = match self.stage {
            Stage::Content(_) | Stage::Chunk(_) => READ_AT_ONCE.1,
            _ => READ_AT_ONCE.0,
        };
        if self.input.capacity() - self.input.len() < wanted / 2 {
            self.input.reserve(wanted);
        }
        &mut self.input
    }

    /// Takes what the client sent, cut anywhere, where it was not read into [`Self::room`].
    pub fn received(&mut self, bytes: &[u8]) {
        self.room().extend_from_slice(bytes);
    }

    /// The next thing to do; `None` when more input is needed, or a question is not answered.
    pub fn poll(&mut self) -> Option<Wish> {
        while self.question.is_none() && self.out.len() < GATHERED {
            match self.step() {
                Step::Wish(wish) => return Some(wish),
                Step::Done => {}
                Step::Starved => break,
            }
        }
        if self.question.is_some() {
            return None;
        }
        if self.out.is_empty() {
            return self.finally.take();
        }
        Some(Wish::Write(Bytes::from(std::mem::take(&mut self.out))))
    }

    /// Says yes to the question, in the usual words.
    pub fn accept(&mut self) {
        self.answered(None);
    }

    /// Says no to the question, in the usual words: a password is wrong, everything else cannot be taken now.
    pub fn refuse(&mut self) {
        let words = match self.question {
            Some(Question::SignIn) => replies::WRONG_PASSWORD,
            _ => replies::NOT_NOW,
        };
        self.answered(words.parse().ok());
    }

    /// Answers the question with this reply: yes if it is positive. A 421 ends the connection.
    pub fn answer(&mut self, reply: Reply) {
        self.answered(Some(reply));
    }

    /// The handshake that [`Wish::StartTls`] asked for has succeeded. The client begins anew; what came before the handshake
    /// is not from it (RFC 3207 section 4.2).
    pub fn tls_established(&mut self) {
        if matches!(self.stage, Stage::Handshake) {
            self.input.clear();
            self.encrypted = true;
            self.hello = None;
            self.signed_in = false;
            self.announced = Announced::of(&self.settings.limits);
            self.progress = Progress::None;
            self.stage = Stage::Commands;
        }
    }

    /// From now on EHLO announces no more than this, until TLS begins or it is said anew: the client has limits of its own. Whoever
    /// drives the server refuses what is beyond them.
    pub fn announce(&mut self, message: usize, recipients: usize) {
        let Limits { message: most, recipients: many, .. } = self.settings.limits;
        self.announced = Announced { message: message.min(most), recipients: recipients.min(many) };
    }

    /// Ends the connection: what was gathered is written, and then `last`.
    pub fn close(&mut self, last: Option<&Reply>) {
        if matches!(self.stage, Stage::Closed) {
            return;
        }
        if let Some(reply) = last {
            self.say_reply(reply);
        }
        self.question = None;
        self.stage = Stage::Closed;
        self.finally = Some(Wish::Close);
    }

    /// Whether the content of a message is under way, or a part of it has come.
    pub fn takes_content(&self) -> bool {
        let begun = matches!(&self.progress, Progress::Open(open) if open.chunks.is_some());
        begun || matches!(self.stage, Stage::Content(_) | Stage::Chunk(_))
    }

    /// Octets that are held of what has come.
    pub fn held(&self) -> usize {
        let chunks = match &self.progress {
            Progress::Open(open) => open.chunks.as_ref().map_or(0, BytesMut::len),
            _ => 0,
        };
        self.input.len() + chunks
    }

    /// How the client has greeted, once it has.
    pub fn hello(&self) -> Option<&Hello> {
        self.hello.as_ref()
    }

    /// Whether the connection is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// Lines of the client that were read so far. Whoever waits can tell by it whether the client gets on, or only drips bytes.
    pub fn commands(&self) -> u64 {
        self.commands
    }

    fn step(&mut self) -> Step {
        match &mut self.stage {
            Stage::Commands | Stage::SignIn(_) => self.line(),
            Stage::Content(content) => match content.take(&mut self.input) {
                Some(content) => self.message(content.map_err(content::Fault::reply)),
                None => Step::Starved,
            },
            Stage::Chunk(chunk) => match chunk.take(&mut self.input) {
                Some(octets) => self.chunk(octets),
                None => Step::Starved,
            },
            Stage::Handshake => Step::Starved,
            Stage::Closed => {
                self.input.clear();
                Step::Starved
            }
        }
    }

    fn line(&mut self) -> Step {
        let in_sign_in = matches!(self.stage, Stage::SignIn(_));
        let is_auth = self.input.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
        let limit = if in_sign_in || is_auth { LONGEST_SIGN_IN } else { self.settings.limits.line };
        let line = match self.lines.take(&mut self.input, limit) {
            Line::Unfinished => return Step::Starved,
            Line::TooLong => return self.not_a_line(replies::LINE_TOO_LONG),
            Line::Whole(line) => line,
        };
        match line.strip_suffix(b"\r\n") {
            Some(text) => self.text(text),
            None => self.not_a_line(replies::NOT_A_LINE),
        }
    }

    /// Ends a sign-in too, where one is under way.
    fn not_a_line(&mut self, reply: &str) -> Step {
        self.commands += 1;
        self.stage = Stage::Commands;
        self.fault(reply)
    }

    fn text(&mut self, text: &[u8]) -> Step {
        self.commands += 1;
        if let Stage::SignIn(exchange) = std::mem::replace(&mut self.stage, Stage::Commands) {
            let turn = std::str::from_utf8(text)
                .map_or(Turn::Refused(replies::SYNTAX_BASE64), |line| exchange.answer(line));
            return self.turn(turn);
        }
        match Command::parse(text) {
            Ok(command) => self.command(command),
            Err(reply) => self.fault(reply),
        }
    }

    /// A whole message, or why it is none.
    fn message(&mut self, content: Result<BytesMut, &'static str>) -> Step {
        self.stage = Stage::Commands;
        let Progress::Open(Open { mail, recipients, .. }) = self.take_progress() else { return Step::Done };
        match content {
            Ok(content) => {
                let transaction = Transaction { mail, recipients, content: content.freeze() };
                self.ask(Question::Message, Wish::Message(transaction))
            }
            Err(reply) => self.told(reply),
        }
    }

    /// A whole chunk.
    fn chunk(&mut self, octets: BytesMut) -> Step {
        let Stage::Chunk(Chunk { fate, .. }) = std::mem::replace(&mut self.stage, Stage::Commands) else {
            return Step::Done;
        };
        let last = match fate {
            Fate::Kept { last } => last,
            Fate::Refused(reply) => {
                self.out.extend_from_slice(&reply);
                return Step::Done;
            }
        };
        let Progress::Open(open) = &mut self.progress else { return Step::Done };
        let length = octets.len();
        let chunks = match open.chunks.take() {
            Some(mut chunks) if !chunks.is_empty() => {
                chunks.extend_from_slice(&octets);
                chunks
            }
            _ => octets,
        };
        if last {
            return self.message(content::fault_in(&chunks).map_or(Ok(chunks), |fault| Err(fault.reply())));
        }
        open.chunks = Some(chunks);
        self.say(&format!("250 2.0.0 {length} octets taken"));
        Step::Done
    }

    /// An error of the client; true if it was one too many, which ends the connection.
    fn is_out_of_patience(&mut self) -> bool {
        self.patience.errors += 1;
        let is_out = self.patience.errors > self.settings.limits.errors;
        if is_out {
            self.say(replies::TOO_MANY_ERRORS);
            self.close(None);
        }
        is_out
    }

    /// An error of the client.
    fn fault(&mut self, reply: &str) -> Step {
        if self.is_out_of_patience() { Step::Done } else { self.told(reply) }
    }

    fn told(&mut self, reply: &str) -> Step {
        self.say(reply);
        Step::Done
    }

    fn ask(&mut self, question: Question, wish: Wish) -> Step {
        self.question = Some(question);
        Step::Wish(wish)
    }

    fn take_progress(&mut self) -> Progress {
        std::mem::replace(&mut self.progress, Progress::None)
    }

    fn say(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    fn say_reply(&mut self, reply: &Reply) {
        self.out.extend_from_slice(&wire(reply));
    }
}

/// The reply as it goes out. What could break its lines is a blank.
fn wire(reply: &Reply) -> Vec<u8> {
    let text = reply.text.replace(|c: char| c.is_control() && c != '\n', " ");
    let mut wire = Vec::new();
    Reply { text, ..*reply }.write_to(&mut wire);
    wire
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("stage", &self.stage).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

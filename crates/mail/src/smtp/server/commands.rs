//! What is said to each command, by the state of the dialogue.

use bytes::BytesMut;

use super::{
    Announced, Chunk, Command, Fate, Hello, Mail, Progress, Question, Server, SignIn, Stage, Step, Tls, Turn,
    Wish, command::Path, replies, sign_in,
};
use crate::{Recipient, ReversePath};

impl Server {
    pub(super) fn command(&mut self, command: Command<'_>) -> Step {
        let open = matches!(self.progress, Progress::Open(_));
        let of_message = open && matches!(command, Command::Rcpt(_) | Command::Bdat { .. });
        if !of_message && !matches!(command, Command::Quit) {
            self.patience.idle_commands += 1;
            if self.patience.idle_commands > self.settings.limits.idle_commands {
                return self.last_word(replies::TOO_MANY_COMMANDS);
            }
        }
        match command {
            Command::Ehlo(name) => self.ehlo(name),
            Command::Helo(name) => self.helo(name),
            Command::StartTls => self.start_tls(),
            Command::Auth { mechanism, initial } => self.auth(mechanism, initial),
            Command::Mail(path) => self.mail(path),
            Command::Rcpt(path) => self.rcpt(path),
            Command::Data => self.data(),
            Command::Bdat { octets, last } => self.bdat(octets, last),
            Command::LostChunk => self.last_word(replies::CHUNK_SIZE),
            Command::Rset => {
                self.progress = Progress::None;
                self.told(replies::DONE)
            }
            Command::Noop => self.told(replies::DONE),
            Command::Help => self.told(replies::HELP),
            Command::Vrfy => self.told(replies::NOT_VERIFIED),
            Command::Expn => self.told(replies::NOT_OFFERED),
            Command::Quit => self.last_word(replies::GOODBYE),
            Command::Http => self.last_word(replies::NOT_MAIL),
        }
    }

    pub(super) fn turn(&mut self, turn: Turn) -> Step {
        match turn {
            Turn::Ask(exchange, challenge) => {
                self.stage = Stage::SignIn(exchange);
                self.told(challenge)
            }
            Turn::Given(login) => self.ask(Question::SignIn, Wish::SignIn(login)),
            Turn::Refused(reply) => self.fault(reply),
        }
    }

    fn helo(&mut self, name: &str) -> Step {
        self.greeted(name, false);
        let answer = format!("250 {}", self.settings.host_name);
        self.told(&answer)
    }

    fn ehlo(&mut self, name: &str) -> Step {
        self.greeted(name, true);
        let settings = self.settings.clone();
        let Announced { message, recipients } = self.announced;
        let mail_max =
            settings.limits.transactions.map(|most| format!(" MAILMAX={most}")).unwrap_or_default();
        let mut lines = vec![
            settings.host_name.clone(),
            "PIPELINING".to_owned(),
            format!("SIZE {message}"),
            "8BITMIME".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
            format!("LIMITS RCPTMAX={recipients}{mail_max}"),
        ];
        let may_start_tls = settings.tls == Tls::StartTls && !self.encrypted;
        for (offered, line) in [
            (settings.smtputf8, "SMTPUTF8"),
            (settings.dsn, "DSN"),
            (settings.chunking, "CHUNKING"),
            (may_start_tls, "STARTTLS"),
            (settings.sign_in != SignIn::None && self.takes_passwords(), "AUTH PLAIN LOGIN"),
        ] {
            lines.extend(offered.then(|| line.to_owned()));
        }
        let last = lines.pop().unwrap_or_default();
        for line in lines {
            self.say(&format!("250-{line}"));
        }
        self.told(&format!("250 {last}"))
    }

    fn greeted(&mut self, name: &str, extended: bool) {
        self.progress = Progress::None;
        self.hello = Some(Hello { name: name.to_owned(), extended });
    }

    fn takes_passwords(&self) -> bool {
        self.encrypted || self.settings.password_on_plain
    }

    fn start_tls(&mut self) -> Step {
        match self.settings.tls {
            _ if self.encrypted => self.fault(replies::TLS_IS_UP),
            Tls::None | Tls::Established => self.fault(replies::NOT_OFFERED),
            Tls::StartTls if self.hello.is_none() => self.fault(replies::EHLO_FIRST),
            Tls::StartTls => {
                self.stage = Stage::Handshake;
                self.finally = Some(Wish::StartTls);
                self.told(replies::START_TLS)
            }
        }
    }

    fn auth(&mut self, mechanism: &str, initial: Option<&str>) -> Step {
        if self.settings.sign_in == SignIn::None {
            return self.fault(replies::NOT_OFFERED);
        }
        if !self.hello.as_ref().is_some_and(|hello| hello.extended) {
            return self.fault(replies::EHLO_FIRST);
        }
        if self.signed_in {
            return self.fault(replies::SIGNED_IN_ALREADY);
        }
        if matches!(self.progress, Progress::Open(_)) {
            return self.fault(replies::NOT_IN_MAIL);
        }
        if !self.takes_passwords() {
            return self.fault(replies::ENCRYPT_FIRST);
        }
        let turn = sign_in::begin(mechanism, initial);
        self.turn(turn)
    }

    fn mail(&mut self, path: Path<'_>) -> Step {
        if self.hello.is_none() {
            return self.fault(replies::EHLO_FIRST);
        }
        if self.settings.sign_in == SignIn::Required && !self.signed_in {
            self.progress = Progress::Refused;
            return self.fault(replies::SIGN_IN_FIRST);
        }
        if matches!(self.progress, Progress::Open(_)) {
            return self.fault(replies::MAIL_TWICE);
        }
        if self.settings.limits.transactions.is_some_and(|most| self.transactions >= most) {
            return self.last_word(replies::TOO_MANY_TRANSACTIONS);
        }
        match Mail::read(path, &self.settings) {
            Ok(mail) if !self.signed_in && self.wants_sign_in(&mail) => {
                self.progress = Progress::Refused;
                self.fault(replies::SIGN_IN_FIRST)
            }
            Ok(mail) if mail.size.is_some_and(|size| size > self.settings.limits.message) => {
                self.not_begun(replies::TOO_LARGE)
            }
            Ok(mail) => self.ask(Question::Mail(mail.clone()), Wish::Mail(mail)),
            Err(reply) => self.not_begun(reply),
        }
    }

    fn wants_sign_in(&self, mail: &Mail) -> bool {
        self.settings.sign_in == SignIn::RequiredOfSenders && mail.reverse_path != ReversePath::Null
    }

    fn rcpt(&mut self, path: Path<'_>) -> Step {
        let Progress::Open(open) = &self.progress else { return self.out_of_order() };
        if open.chunks.is_some() {
            return self.fault(replies::CHUNKS_BEGUN);
        }
        if open.recipients.len() >= self.settings.limits.recipients {
            return self.told(replies::TOO_MANY_RECIPIENTS);
        }
        match Recipient::read(path, open.mail.smtputf8, &self.settings) {
            Ok(recipient) => self.ask(Question::Recipient(recipient.clone()), Wish::Recipient(recipient)),
            Err(reply) => self.told(reply),
        }
    }

    fn data(&mut self) -> Step {
        match &self.progress {
            Progress::Open(open) if open.chunks.is_some() => self.fault(replies::CHUNKS_BEGUN),
            Progress::Open(open) if open.recipients.is_empty() => self.told(replies::NO_RECIPIENT),
            Progress::Open(_) => self.ask(Question::Content, Wish::Content),
            Progress::None | Progress::Refused => self.out_of_order(),
        }
    }

    /// The octets of the chunk follow in any case.
    fn bdat(&mut self, octets: u64, last: bool) -> Step {
        if !self.settings.chunking {
            return self.skip(octets, replies::NOT_OFFERED, true);
        }
        let open = match &self.progress {
            Progress::None => return self.skip(octets, replies::MAIL_FIRST, true),
            Progress::Refused => return self.skip(octets, replies::MAIL_FIRST, false),
            Progress::Open(open) if open.recipients.is_empty() => {
                return self.skip(octets, replies::NO_RECIPIENT, false);
            }
            Progress::Open(open) => open,
        };
        let room = self.settings.limits.message - open.chunks.as_ref().map_or(0, BytesMut::len);
        if usize::try_from(octets).map_or(true, |octets| octets > room) {
            return self.skip(octets, replies::TOO_LARGE, false);
        }
        if open.chunks.is_none() {
            return self.ask(Question::Chunk { octets, last }, Wish::Content);
        }
        self.stage = Stage::Chunk(Chunk::new(octets, Fate::Kept { last }));
        Step::Done
    }

    /// Refuses a chunk, and with it the message: the client goes on with MAIL (RFC 3030 section 2).
    fn skip(&mut self, octets: u64, reply: &str, is_error: bool) -> Step {
        if is_error && self.is_out_of_patience() {
            return Step::Done;
        }
        if matches!(self.progress, Progress::Open(_)) {
            self.progress = Progress::Refused;
        }
        self.stage = Stage::Chunk(Chunk::new(octets, Fate::Refused(format!("{reply}\r\n").into_bytes())));
        Step::Done
    }

    /// RCPT or DATA without a transaction.
    fn out_of_order(&mut self) -> Step {
        match self.progress {
            Progress::Refused => self.told(replies::MAIL_FIRST),
            _ => self.fault(replies::MAIL_FIRST),
        }
    }

    /// MAIL is refused for what it says: no error in the dialogue, and what is pipelined behind it is none either.
    fn not_begun(&mut self, reply: &str) -> Step {
        self.progress = Progress::Refused;
        self.told(reply)
    }

    fn last_word(&mut self, reply: &str) -> Step {
        self.say(reply);
        self.close(None);
        Step::Done
    }
}

//! One connection of the sink, without its socket.

use std::sync::Arc;

use memchr::{memchr, memmem};

use super::{At, Does, Shared, Taken};
use crate::provider::Provider;

const READ_AT_ONCE: usize = 64 * 1024;

/// What the session wants next.
pub(super) enum Wish {
    /// Send `out`, then read more into `input`.
    More,
    /// Go on when the gate has been opened.
    Wait,
    /// Send `out`, then TLS.
    StartTls,
    /// Send `out`, then close.
    HangUp,
}

/// The state of one connection.
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    /// Read and not yet used from `start` on.
    pub(super) input: Vec<u8>,
    pub(super) out: Vec<u8>,
    start: usize,
    /// The end of data was not found before here.
    scanned: usize,
    expects: Expects,
    number: u64,
    secure: bool,
    signed_in: bool,
    greeted: bool,
    from: Option<String>,
    to: Vec<String>,
}

enum Expects {
    Command,
    Data,
    Plain,
    Login,
    /// It was said why a token is not taken.
    Refused,
    Password(String),
}

impl Session {
    pub(super) fn new(shared: Arc<Shared>, number: u64) -> Self {
        let signed_in = shared.settings.login.is_none() && shared.settings.provider.is_none();
        Self {
            shared,
            input: Vec::new(),
            out: Vec::new(),
            start: 0,
            scanned: 0,
            expects: Expects::Command,
            number,
            secure: false,
            signed_in,
            greeted: false,
            from: None,
            to: Vec::new(),
        }
    }

    /// TLS is up: what was said before counts for nothing.
    pub(super) fn secured(&mut self) {
        self.secure = true;
        self.input.clear();
        self.start = 0;
    }

    /// The first words; none after STARTTLS.
    pub(super) fn greet(&mut self) -> Wish {
        if std::mem::replace(&mut self.greeted, true) {
            return Wish::More;
        }
        self.answer(At::Connect, &[], "220 sink.example ESMTP").unwrap_or(Wish::More)
    }

    /// Makes room for the next read: used input goes, a message that is under way stays.
    pub(super) fn make_room(&mut self) {
        self.input.drain(..self.start);
        self.scanned = self.scanned.saturating_sub(self.start);
        self.start = 0;
        self.input.reserve(READ_AT_ONCE);
    }

    /// Uses the input as far as it goes.
    pub(super) fn step(&mut self) -> Wish {
        loop {
            let wish = if matches!(self.expects, Expects::Data) {
                let Some(message) = self.message() else { return Wish::More };
                self.take(message)
            } else {
                let Some(line) = self.line() else { return Wish::More };
                self.understand(&line)
            };
            if let Some(wish) = wish {
                return wish;
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let rest = self.input.get(self.start..)?;
        let end = memchr(b'\n', rest)?;
        let line = String::from_utf8_lossy(rest.get(..end)?).trim_end_matches('\r').to_owned();
        self.start += end + 1;
        Some(line)
    }

    /// The next message, still dot-stuffed, as a record without its envelope.
    fn message(&mut self) -> Option<Taken> {
        // The CRLF of the DATA line itself may begin the end of an empty message.
        let from = self.start.saturating_sub(2);
        let looked = self.scanned.max(from);
        let rest = self.input.get(looked..)?;
        let Some(found) = memmem::find(rest, b"\r\n.\r\n") else {
            self.scanned = self.input.len().saturating_sub(4).max(from);
            return None;
        };
        let end = (looked + found + 2).max(self.start);
        let body = self.input.get(self.start..end)?;
        let taken = if body.starts_with(b".") || memmem::find(body, b"\r\n.").is_some() {
            record(&unstuffed(body), self.shared.settings.keep_bytes)
        } else {
            record(body, self.shared.settings.keep_bytes)
        };
        self.start = looked + found + 5;
        self.scanned = self.start;
        Some(taken)
    }

    fn take(&mut self, message: Taken) -> Option<Wish> {
        self.expects = Expects::Command;
        let to = std::mem::take(&mut self.to);
        let from = self.from.take().unwrap_or_default();
        let does = self.shared.rule(At::Dot, &to);
        if let Some(Does::Reply(reply)) = &does
            && !reply.starts_with('2')
        {
            self.say(reply);
            return None;
        }
        if let Err(error) = self.shared.take(Taken { connection: self.number, from, to, ..message }) {
            self.say(&format!("451 4.3.0 {error}"));
            return None;
        }
        self.act(does, "250 2.0.0 Ok")
    }

    fn understand(&mut self, line: &str) -> Option<Wish> {
        match std::mem::replace(&mut self.expects, Expects::Command) {
            Expects::Plain => return self.sign_in_plain(line),
            Expects::Refused => return self.sign_in(false),
            Expects::Login => {
                self.expects = Expects::Password(line.to_owned());
                self.say("334 UGFzc3dvcmQ6");
                return None;
            }
            Expects::Password(login) => {
                let wanted = self.shared.settings.login.as_ref();
                let right = wanted
                    .is_some_and(|(l, p)| login == base64(l.as_bytes()) && line == base64(p.as_bytes()));
                return self.sign_in(right);
            }
            Expects::Command | Expects::Data => {}
        }
        let verb = line.get(..4).unwrap_or(line).to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                let reply = self.capabilities();
                self.answer(At::Ehlo, &[], &reply)
            }
            "HELO" => self.answer(At::Ehlo, &[], "250 sink.example"),
            "STAR" if self.shared.settings.tls.is_some() && !self.secure => {
                self.say("220 2.0.0 Go ahead");
                Some(Wish::StartTls)
            }
            "AUTH" => self.auth(line),
            "MAIL" if !self.signed_in => self.refuse("530 5.7.0 Authentication required"),
            "MAIL" => self.mail(line),
            "RCPT" => self.rcpt(line),
            "DATA" if self.to.is_empty() => self.refuse("503 5.5.1 No valid recipients"),
            "DATA" => self.data(),
            "RSET" => {
                self.from = None;
                self.to.clear();
                self.refuse("250 2.0.0 Ok")
            }
            "NOOP" => self.refuse("250 2.0.0 Ok"),
            "QUIT" => {
                self.say("221 2.0.0 Bye");
                Some(Wish::HangUp)
            }
            _ => self.refuse("500 5.5.2 Not understood"),
        }
    }

    fn mail(&mut self, line: &str) -> Option<Wish> {
        if self.from.is_some() {
            return self.refuse("503 5.5.1 Nested MAIL");
        }
        let address = path(line);
        let before = self.out.len();
        let wish = self.answer(At::Mail, std::slice::from_ref(&address), "250 2.1.0 Ok");
        self.from = self.was_taken(before).then_some(address);
        wish
    }

    fn rcpt(&mut self, line: &str) -> Option<Wish> {
        if self.from.is_none() {
            return self.refuse("503 5.5.1 MAIL first");
        }
        let address = path(line);
        let before = self.out.len();
        let wish = self.answer(At::Rcpt, std::slice::from_ref(&address), "250 2.1.5 Ok");
        if self.was_taken(before) {
            self.to.push(address);
        }
        wish
    }

    fn data(&mut self) -> Option<Wish> {
        let to = self.to.clone();
        let before = self.out.len();
        let wish = self.answer(At::Data, &to, "354 Go ahead");
        if self.out.get(before) == Some(&b'3') {
            self.expects = Expects::Data;
            self.scanned = self.start.saturating_sub(2);
        }
        wish
    }

    fn auth(&mut self, line: &str) -> Option<Wish> {
        let mut words = line.split(' ').skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        match (mechanism.as_str(), words.next()) {
            ("XOAUTH2" | "OAUTHBEARER", Some(response)) if self.shared.settings.provider.is_some() => {
                self.sign_in_by_token(&mechanism, response)
            }
            _ if self.shared.settings.login.is_none() => self.refuse("503 5.5.1 No sign-in here"),
            ("PLAIN", Some(response)) => self.sign_in_plain(response),
            ("PLAIN", None) => {
                self.expects = Expects::Plain;
                self.refuse("334 ")
            }
            ("LOGIN", first) => {
                self.expects = first.map_or(Expects::Login, |login| Expects::Password(login.to_owned()));
                self.refuse(if first.is_some() { "334 UGFzc3dvcmQ6" } else { "334 VXNlcm5hbWU6" })
            }
            _ => self.refuse("504 5.5.4 Mechanism not known"),
        }
    }

    fn sign_in_plain(&mut self, response: &str) -> Option<Wish> {
        let wanted = self.shared.settings.login.as_ref();
        let right = wanted.is_some_and(|(l, p)| response == base64(format!("\0{l}\0{p}").as_bytes()));
        self.sign_in(right)
    }

    fn sign_in_by_token(&mut self, mechanism: &str, response: &str) -> Option<Wish> {
        let live = self.shared.settings.provider.as_ref().map(Provider::live).unwrap_or_default();
        let right = live.iter().any(|(user, token)| {
            let proof = format!("auth=Bearer {token}\x01\x01");
            let said = match mechanism {
                "XOAUTH2" => format!("user={user}\x01{proof}"),
                _ => format!("n,a={user},\x01{proof}"),
            };
            response == base64(said.as_bytes())
        });
        if right {
            return self.sign_in(true);
        }
        self.expects = Expects::Refused;
        self.refuse("334 eyJzdGF0dXMiOiI0MDEifQ==")
    }

    fn sign_in(&mut self, right: bool) -> Option<Wish> {
        if !right {
            return self.refuse("535 5.7.8 Credentials not accepted");
        }
        let before = self.out.len();
        let wish = self.answer(At::Auth, &[], "235 2.7.0 Ok");
        self.signed_in = self.was_taken(before);
        wish
    }

    fn capabilities(&self) -> String {
        let settings = &self.shared.settings;
        let mut lines = vec!["sink.example".to_owned()];
        lines.extend(settings.extensions.iter().cloned());
        if settings.tls.is_some() && !self.secure {
            lines.push("STARTTLS".into());
        }
        if settings.provider.is_some() {
            lines.push("AUTH XOAUTH2 OAUTHBEARER".into());
        }
        if settings.login.is_some() {
            lines.push("AUTH PLAIN LOGIN".into());
        }
        let last = lines.len() - 1;
        let marked = lines
            .iter()
            .enumerate()
            .map(|(at, line)| [if at == last { "250 " } else { "250-" }, line].concat());
        marked.collect::<Vec<_>>().join("\r\n")
    }

    /// The usual reply, unless a rule says otherwise.
    fn answer(&mut self, at: At, addresses: &[String], usual: &str) -> Option<Wish> {
        let does = self.shared.rule(at, addresses);
        self.act(does, usual)
    }

    fn act(&mut self, does: Option<Does>, usual: &str) -> Option<Wish> {
        match does {
            None => self.say(usual),
            Some(Does::Reply(reply)) => self.say(&reply),
            Some(Does::HangUp) => return Some(Wish::HangUp),
            Some(Does::Wait) => {
                self.say(usual);
                return Some(Wish::Wait);
            }
        }
        None
    }

    fn refuse(&mut self, reply: &str) -> Option<Wish> {
        self.say(reply);
        None
    }

    fn say(&mut self, reply: &str) {
        self.out.extend_from_slice(reply.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    fn was_taken(&self, before: usize) -> bool {
        self.out.get(before) == Some(&b'2')
    }
}

/// What stands between the angle brackets.
fn path(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}

fn record(bytes: &[u8], keep: bool) -> Taken {
    let text = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
    let last_line = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    Taken {
        id: message_id(bytes),
        length: bytes.len(),
        checksum: crc32fast::hash(bytes),
        last_line: String::from_utf8_lossy(last_line).into_owned(),
        bytes: if keep { bytes.to_vec() } else { Vec::new() },
        ..Taken::default()
    }
}

fn message_id(bytes: &[u8]) -> String {
    const FIELD: &[u8] = b"message-id:";
    let header = memmem::find(bytes, b"\r\n\r\n").and_then(|end| bytes.get(..end)).unwrap_or(bytes);
    let line = header
        .split(|byte| *byte == b'\n')
        .find(|line| line.get(..FIELD.len()).is_some_and(|name| name.eq_ignore_ascii_case(FIELD)));
    let value = line.and_then(|line| line.get(FIELD.len()..)).unwrap_or_default();
    String::from_utf8_lossy(value).trim().to_owned()
}

fn unstuffed(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        plain.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
    }
    plain
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

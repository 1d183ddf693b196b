//! Reads a dialogue and plays it with the server.

use std::{collections::HashMap, fmt::Write as _, fs, path::Path};

use mail::{
    Recipient,
    envelope::Ret,
    smtp::server::{Limits, Mail, Server, Settings, SignIn, Tls, Transaction, Wish},
};

/// What a test's server is, before a script changes it.
pub(crate) fn settings() -> Settings {
    Settings {
        host_name: "mx.example".to_owned(),
        greeting: "ESMTP".to_owned(),
        tls: Tls::None,
        sign_in: SignIn::None,
        password_on_plain: false,
        smtputf8: true,
        dsn: true,
        chunking: true,
        limits: Limits {
            recipients: 3,
            message: 200,
            line: 200,
            transactions: Some(4),
            idle_commands: 20,
            errors: 4,
        },
    }
}

/// Where reads end besides where the script says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Splits {
    None,
    At(usize),
    Everywhere,
}

enum Line {
    /// Bytes of the client, and the line of the script they stand in.
    Client(Vec<u8>, String),
    /// What is heard of the server: a read of its own follows.
    Server,
    Tls,
}

pub(crate) struct Script {
    pub(crate) name: String,
    settings: Settings,
    /// How the questions of each kind are answered, one after the other; those without an answer are accepted.
    answers: HashMap<String, Vec<String>>,
    lines: Vec<Line>,
    /// The whole file but its comments and settings, which is what playing it must give.
    pub(crate) expected: String,
}

impl Script {
    /// All dialogues, by name.
    pub(crate) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues/server");
        let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        assert!(paths.len() >= 50, "only {} dialogues", paths.len());
        let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        paths.iter().map(|path| Self::parse(&name(path), &fs::read_to_string(path).unwrap())).collect()
    }

    fn parse(name: &str, text: &str) -> Self {
        let mut script = Self {
            name: name.to_owned(),
            settings: settings(),
            answers: HashMap::new(),
            lines: Vec::new(),
            expected: String::new(),
        };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            script.line(line);
        }
        script
    }

    fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "set" => return self.set(rest),
            "answer" => {
                let (kind, reply) = rest.split_once(' ').unwrap();
                return self.answers.entry(kind.to_owned()).or_default().push(reply.to_owned());
            }
            "C:" => self.lines.push(Line::Client([&unescaped(rest), &b"\r\n"[..]].concat(), line.to_owned())),
            "C-raw:" => self.lines.push(Line::Client(unescaped(rest), line.to_owned())),
            "tls" => self.lines.push(Line::Tls),
            "S:" | "S|" | "=" => self.lines.push(Line::Server),
            _ => panic!("{}: {line}", self.name),
        }
        writeln!(self.expected, "{line}").unwrap();
    }

    fn set(&mut self, what: &str) {
        let settings = &mut self.settings;
        let number = |text: &str| text.parse().unwrap();
        match what.split(' ').collect::<Vec<_>>().as_slice() {
            ["tls", "offered"] => settings.tls = Tls::StartTls,
            ["tls", "established"] => settings.tls = Tls::Established,
            ["sign-in", "offered"] => settings.sign_in = SignIn::Offered,
            ["sign-in", "required"] => settings.sign_in = SignIn::Required,
            ["sign-in", "required-of-senders"] => settings.sign_in = SignIn::RequiredOfSenders,
            ["password-on-plain"] => settings.password_on_plain = true,
            ["no", "smtputf8"] => settings.smtputf8 = false,
            ["no", "dsn"] => settings.dsn = false,
            ["no", "chunking"] => settings.chunking = false,
            ["most", "recipients", most] => settings.limits.recipients = number(most),
            ["most", "octets", most] => settings.limits.message = number(most),
            ["most", "transactions", most] => settings.limits.transactions = Some(number(most)),
            ["transactions", "uncounted"] => settings.limits.transactions = None,
            ["most", "line", most] => settings.limits.line = number(most),
            ["most", "idle-commands", most] => settings.limits.idle_commands = number(most),
            ["most", "errors", most] => settings.limits.errors = number(most),
            _ => panic!("{}: set {what}", self.name),
        }
    }

    /// All that the client says.
    pub(crate) fn client_bytes(&self) -> Vec<u8> {
        let bytes = |line: &Line| if let Line::Client(bytes, _) = line { bytes.clone() } else { Vec::new() };
        self.lines.iter().flat_map(bytes).collect()
    }

    /// Plays it; what the client says is split into reads, and ends at `end`.
    pub(crate) fn play(&self, splits: Splits, end: usize) -> Played {
        let mut run = Run {
            server: Server::new(self.settings.clone()),
            answers: self.answers.clone(),
            at: 0,
            tls_wished: false,
            played: Played::default(),
        };
        run.poll();
        let mut lines = self.lines.iter().peekable();
        while let Some(line) = lines.next() {
            let Line::Client(first, written) = line else {
                if matches!(line, Line::Tls) && run.at < end {
                    assert!(std::mem::take(&mut run.tls_wished), "{}: no wish for TLS", self.name);
                    run.server.tls_established();
                    run.note("tls");
                    run.poll();
                }
                continue;
            };
            // Lines that follow each other come in one read.
            let mut bytes = first.clone();
            run.note(written);
            while let Some(Line::Client(more, written)) =
                lines.next_if(|line| matches!(line, Line::Client(..)))
            {
                bytes.extend_from_slice(more);
                run.note(written);
            }
            let rest = end.saturating_sub(run.at).min(bytes.len());
            run.read(&bytes[..rest], splits);
        }
        run.played
    }
}

struct Run {
    server: Server,
    answers: HashMap<String, Vec<String>>,
    /// Octets of the client that were read.
    at: usize,
    tls_wished: bool,
    played: Played,
}

/// How a dialogue went.
#[derive(Default)]
pub(crate) struct Played {
    /// In the language of the scripts.
    pub(crate) transcript: String,
    pub(crate) from_server: Vec<u8>,
    pub(crate) events: Vec<String>,
    /// How much of the client's bytes had been read when each message was handed out.
    pub(crate) messages_at: Vec<usize>,
}

impl Run {
    fn note(&mut self, line: &str) {
        writeln!(self.played.transcript, "{line}").unwrap();
    }

    fn event(&mut self, event: String) {
        self.note(&format!("= {event}"));
        self.played.events.push(event);
    }

    fn read(&mut self, bytes: &[u8], splits: Splits) {
        let pieces: Vec<&[u8]> = match splits {
            Splits::Everywhere => bytes.chunks(1).collect(),
            Splits::At(at) if (self.at..self.at + bytes.len()).contains(&at) => {
                let (first, second) = bytes.split_at(at - self.at);
                vec![first, second]
            }
            Splits::None | Splits::At(_) => vec![bytes],
        };
        for piece in pieces {
            self.server.received(piece);
            self.at += piece.len();
            self.poll();
        }
    }

    fn poll(&mut self) {
        while let Some(wish) = self.server.poll() {
            match wish {
                Wish::Write(bytes) => {
                    assert!(bytes.ends_with(b"\r\n"));
                    for (index, line) in std::str::from_utf8(&bytes).unwrap().lines().enumerate() {
                        self.note(&format!("{} {line}", if index == 0 { "S:" } else { "S|" }));
                    }
                    self.played.from_server.extend_from_slice(&bytes);
                }
                Wish::StartTls => self.tls_wished = true,
                Wish::SignIn(login) => {
                    self.event(format!("sign-in {} {}", login.user, *login.password));
                    if *login.password == "secret" { self.answer("sign-in") } else { self.server.refuse() }
                }
                Wish::Mail(_) => self.answer("mail"),
                Wish::Recipient(_) => self.answer("recipient"),
                Wish::Content => self.answer("content"),
                Wish::Message(transaction) => {
                    self.played.messages_at.push(self.at);
                    self.event(format!("message {}", shown(&transaction)));
                    self.answer("message");
                }
                Wish::Close => self.event("closed".to_owned()),
            }
        }
    }

    fn answer(&mut self, kind: &str) {
        assert!(self.server.poll().is_none(), "a question is open");
        let answers = self.answers.entry(kind.to_owned()).or_default();
        match (!answers.is_empty()).then(|| answers.remove(0)).as_deref() {
            None | Some("accept") => self.server.accept(),
            Some("refuse") => self.server.refuse(),
            Some("close") => self.server.close(None),
            Some(reply) => self.server.answer(reply.parse().unwrap()),
        }
    }
}

fn shown(transaction: &Transaction) -> String {
    let Transaction { mail, recipients, content } = transaction;
    let recipients: Vec<_> = recipients.iter().map(recipient).collect();
    let content = content.escape_ascii();
    format!("{} -> {} | {content}", sender(mail), recipients.join(", "))
}

fn sender(mail: &Mail) -> String {
    let mut shown = mail.reverse_path.address().map_or("<>", |address| address.as_str()).to_owned();
    for (is_said, word) in [
        (mail.eight_bit, " 8bit".to_owned()),
        (mail.smtputf8, " utf8".to_owned()),
        (mail.size.is_some(), format!(" size={}", mail.size.unwrap_or_default())),
        (mail.ret == Some(Ret::Full), " ret=full".to_owned()),
        (mail.ret == Some(Ret::Headers), " ret=headers".to_owned()),
        (mail.envelope_id.is_some(), format!(" envid={}", mail.envelope_id.as_deref().unwrap_or_default())),
    ] {
        if is_said {
            shown.push_str(&word);
        }
    }
    shown
}

fn recipient(recipient: &Recipient) -> String {
    let mut shown = recipient.address.to_string();
    if let Some(notify) = recipient.notify {
        write!(shown, " notify={notify}").unwrap();
    }
    if let Some(original) = &recipient.original {
        write!(shown, " orcpt={original}").unwrap();
    }
    shown
}

/// `\r`, `\n`, `\0`, `\t`, `\\`, `\xHH` and `\{N x}` (x, N times).
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let (escape, after) = rest.split_first().unwrap();
        rest = after;
        match escape {
            b'r' => bytes.push(b'\r'),
            b'n' => bytes.push(b'\n'),
            b'0' => bytes.push(0),
            b't' => bytes.push(b'\t'),
            b'\\' => bytes.push(b'\\'),
            b'x' => {
                let (digits, after) = rest.split_at(2);
                bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
                rest = after;
            }
            b'{' => {
                let end = rest.iter().position(|octet| *octet == b'}').unwrap();
                let inside = std::str::from_utf8(&rest[..end]).unwrap();
                let (times, what) = inside.split_once(' ').unwrap();
                bytes.extend(what.repeat(times.parse().unwrap()).bytes());
                rest = &rest[end + 1..];
            }
            _ => panic!("{text}"),
        }
    }
    bytes
}

//! Reads a dialogue and plays it with the client.

use std::{collections::BTreeSet, fs, path::Path};

use bytes::Bytes;
use mail::{
    Address, Recipient, Reply, ReversePath,
    envelope::{Notify, Ret},
    message::{Target, reencode},
    reply::ReplyParser,
    smtp::client::{
        Client, Ending, Failure, Login, Proof, RecipientResult, Security, Settings, Transaction,
        TransactionResult, Wish,
    },
};

/// What happens to the connection besides what the script says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    None,
    /// The server's bytes come in two reads at this place.
    Split(usize),
    /// The connection breaks when so many of the server's bytes were read.
    FromServer(usize),
    /// The connection breaks when so many of the client's bytes were written.
    FromClient(usize),
}

enum Line {
    /// A line of the client; the flag says that it begins a write of its own.
    Client(Vec<u8>, bool),
    /// The content of this transaction, in a write of its own.
    Content(u64),
    Server(Vec<u8>),
    Begin(Transaction),
    Hold,
    Release(u64),
    Abandon(u64),
    Tls,
    Quit,
    Lost(Failure),
}

pub(crate) struct Script {
    pub(crate) name: String,
    settings: Settings,
    lines: Vec<Line>,
    pub(crate) expected: String,
}

impl Script {
    /// All dialogues, by name.
    pub(crate) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialogues");
        let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        paths.sort();
        assert!(paths.len() >= 60, "only {} dialogues", paths.len());
        let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        paths.iter().map(|path| Self::parse(&name(path), &fs::read_to_string(path).unwrap())).collect()
    }

    fn parse(name: &str, text: &str) -> Self {
        let settings = Settings {
            ehlo_name: "client.example".into(),
            security: Security::Plain,
            login: None,
            proof: Proof::Password,
            password_on_plain: false,
        };
        let mut script = Self { name: name.to_owned(), settings, lines: Vec::new(), expected: String::new() };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            script.line(line);
        }
        script
    }

    fn line(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let token = || rest.parse().unwrap_or_else(|_| panic!("{}: {line}", self.name));
        let line = match word {
            "set" => return self.set(rest),
            "=" => return self.expect(rest),
            "C:" => Line::Client(crlf(rest), true),
            "C|" => Line::Client(crlf(rest), false),
            "S:" => Line::Server(crlf(rest)),
            "S-raw:" => Line::Server(unescaped(rest)),
            "C-content" => Line::Content(token()),
            "S-cut" => Line::Lost(Failure::ConnectionLost),
            "S-timeout" => Line::Lost(Failure::TimedOut),
            "tls" => Line::Tls,
            "quit" => Line::Quit,
            "hold" => Line::Hold,
            "release" => Line::Release(token()),
            "abandon" => Line::Abandon(token()),
            "begin" => Line::Begin(transaction(rest)),
            _ => panic!("{}: {line}", self.name),
        };
        self.lines.push(line);
    }

    fn expect(&mut self, result: &str) {
        if !self.expected.is_empty() {
            self.expected.push('\n');
        }
        self.expected.push_str(result);
    }

    fn set(&mut self, what: &str) {
        match what.split(' ').collect::<Vec<_>>().as_slice() {
            ["security", "starttls"] => self.settings.security = Security::StartTlsRequired,
            ["security", "starttls-if-offered"] => self.settings.security = Security::StartTlsIfOffered,
            ["security", "implicit"] => self.settings.security = Security::ImplicitTls,
            ["token", user, token] => {
                self.settings.proof = Proof::Token;
                self.settings.login =
                    Some(Login { user: (*user).to_owned(), password: (*token).to_owned().into() });
            }
            ["login", user, password] => {
                self.settings.login =
                    Some(Login { user: (*user).to_owned(), password: (*password).to_owned().into() });
            }
            ["password-on-plain"] => self.settings.password_on_plain = true,
            _ => panic!("{}: set {what}", self.name),
        }
    }

    pub(crate) fn play(&self, cut: Cut) -> Played {
        let mut run = Run {
            client: Client::new(self.settings.clone()),
            cut,
            strict: cut == Cut::None,
            name: &self.name,
            hold: false,
            broken: false,
            writes: BTreeSet::new(),
            compared: 0,
            done: Played::default(),
        };
        let mut lines = self.lines.iter().peekable();
        while let Some(line) = lines.next() {
            if run.broken {
                break;
            }
            if let Line::Server(bytes) = line {
                let mut bytes = bytes.clone();
                while let Some(Line::Server(more)) = lines.next_if(|line| matches!(line, Line::Server(_))) {
                    bytes.extend_from_slice(more);
                }
                run.receive(&bytes);
            } else {
                run.step(line);
            }
        }
        run.poll();
        if !run.broken {
            let left = &run.done.from_client[run.compared..];
            assert!(
                left.is_empty(),
                "{}: more from the client: {:?}",
                self.name,
                String::from_utf8_lossy(left)
            );
        }
        run.done
    }
}

struct Run<'a> {
    client: Client,
    cut: Cut,
    strict: bool,
    name: &'a str,
    hold: bool,
    broken: bool,
    /// Where in the client's bytes a write began.
    writes: BTreeSet<usize>,
    /// How much of the client's bytes has been compared with the script.
    compared: usize,
    done: Played,
}

impl Run<'_> {
    fn step(&mut self, line: &Line) {
        match line {
            Line::Client(expected, begins) => self.expect(expected, *begins),
            Line::Content(token) => {
                let content = self.done.begun(*token).message.clone();
                self.expect(&content, true);
            }
            Line::Server(bytes) => self.receive(bytes),
            Line::Begin(transaction) => {
                // What the script says next may be part of the same write, so nothing is polled here.
                self.done.begun.push(transaction.clone());
                self.client.begin(transaction.clone());
            }
            Line::Hold => self.hold = true,
            Line::Release(token) => self.client.release(*token),
            Line::Abandon(token) => self.client.abandon(*token),
            Line::Tls => {
                self.poll();
                assert!(std::mem::take(&mut self.done.tls_wanted), "{}: no wish for TLS", self.name);
                self.client.tls_established();
            }
            Line::Quit => self.client.quit(),
            Line::Lost(failure) => {
                self.poll();
                if !self.broken {
                    self.client.lost(*failure, 0);
                }
            }
        }
    }

    fn expect(&mut self, expected: &[u8], begins: bool) {
        self.poll();
        if self.broken {
            return;
        }
        let at = self.compared;
        let got = self.done.from_client.get(at..).unwrap_or_default();
        let got = got.get(..expected.len()).unwrap_or(got);
        let (name, text) = (self.name, String::from_utf8_lossy(expected));
        assert_eq!(String::from_utf8_lossy(got), text, "{name}: the client's bytes at {at}");
        if self.strict {
            assert_eq!(self.writes.contains(&at), begins, "{name}: does {text:?} begin a write?");
        }
        self.compared += expected.len();
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.poll();
        if self.broken {
            return;
        }
        let before = self.done.from_server.len();
        let inside = |at: usize| at.checked_sub(before).filter(|&at| at < bytes.len());
        match self.cut {
            Cut::Split(at) if inside(at).is_some() => {
                let (first, second) = bytes.split_at(at - before);
                self.client.received(first);
                self.poll();
                self.client.received(second);
            }
            Cut::FromServer(at) if inside(at).is_some() => {
                let bytes = &bytes[..at - before];
                self.client.received(bytes);
                self.done.from_server.extend_from_slice(bytes);
                self.poll();
                return self.break_off(0);
            }
            _ => self.client.received(bytes),
        }
        self.done.from_server.extend_from_slice(bytes);
    }

    fn break_off(&mut self, unwritten: usize) {
        self.broken = true;
        self.client.lost(Failure::ConnectionLost, unwritten.try_into().unwrap());
        self.poll();
    }

    fn poll(&mut self) {
        while let Some(wish) = self.client.poll() {
            match wish {
                Wish::Write(pieces) => self.write(&pieces.concat()),
                Wish::StartTls => self.done.tls_wanted = true,
                Wish::Mark(token) if !self.hold => self.client.release(token),
                Wish::Mark(_) => {}
                Wish::Finished(result) => self.done.results.push(result),
                Wish::Closed(ending) => {
                    assert!(self.done.ending.is_none(), "{}: closed twice", self.name);
                    self.done.ending = Some(ending);
                }
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.broken {
            return; // a QUIT that nobody will read
        }
        let before = self.done.from_client.len();
        self.writes.insert(before);
        match self.cut {
            Cut::FromClient(at) if (before..before + bytes.len()).contains(&at) => {
                let written = at - before;
                self.done.from_client.extend_from_slice(&bytes[..written]);
                self.break_off(bytes.len() - written);
            }
            _ => self.done.from_client.extend_from_slice(bytes),
        }
    }
}

/// How a dialogue went.
#[derive(Default)]
pub(crate) struct Played {
    pub(crate) from_client: Vec<u8>,
    pub(crate) from_server: Vec<u8>,
    begun: Vec<Transaction>,
    results: Vec<TransactionResult>,
    ending: Option<Ending>,
    tls_wanted: bool,
}

impl Played {
    pub(crate) fn rendered(&self) -> String {
        let mut lines = Vec::new();
        for result in &self.results {
            let begun = self.begun(result.token);
            assert_eq!(begun.recipients.len(), result.recipients.len(), "one result for each recipient");
            for (recipient, result) in begun.recipients.iter().zip(&result.recipients) {
                lines.push(format!("{} {} {}", begun.token, recipient.address, render(result)));
            }
        }
        lines.extend(self.ending.as_ref().map(|ending| match ending {
            Ending::Quit => "closed".to_owned(),
            Ending::Refused { phase, reply } => format!("closed refused {phase:?} {reply}"),
            Ending::Failed { phase, failure } => format!("closed failed {phase:?} {failure:?}"),
        }));
        lines.join("\n")
    }

    fn begun(&self, token: u64) -> &Transaction {
        self.begun.iter().find(|begun| begun.token == token).expect("a transaction that was begun")
    }

    /// `self` is the whole dialogue. A recipient whose deciding reply was read before the cut has that result; of the
    /// others, those whose message had been written to its last byte are in doubt, and the rest was certainly not sent.
    pub(crate) fn check_cut(&self, cut: &Self, at: &str) {
        assert_eq!(cut.begun.len(), cut.results.len(), "{at}: every transaction has one result");
        assert!(cut.ending.is_some(), "{at}: not closed");
        for result in &cut.results {
            let whole =
                self.results.iter().find(|whole| whole.token == result.token).expect("the same transaction");
            let written = self.end_of(result.token).is_some_and(|end| end <= cut.from_client.len());
            for (whole, got) in whole.recipients.iter().zip(&result.recipients) {
                let decided = match whole {
                    RecipientResult::Delivered(reply) | RecipientResult::Refused { reply, .. } => {
                        cut.from_server.len() >= self.end_of_reply(reply)
                    }
                    RecipientResult::Failed { .. } | RecipientResult::Unknown { .. } => false,
                };
                match (decided, whole, got) {
                    (true, ..) => assert_eq!(got, whole, "{at}"),
                    (false, RecipientResult::Failed { .. }, RecipientResult::Failed { .. }) => {}
                    (false, RecipientResult::Failed { .. }, _) => panic!("{at}: {got:?}"),
                    (false, _, RecipientResult::Unknown { .. }) => {
                        assert!(written, "{at}: in doubt, but not written");
                    }
                    (false, _, RecipientResult::Failed { .. }) => {
                        assert!(!written, "{at}: written, but not in doubt");
                    }
                    (false, ..) => panic!("{at}: {got:?} out of nothing"),
                }
            }
        }
    }

    /// Where in the client's bytes this message has ended, as it is or re-encoded, found without the client's help.
    fn end_of(&self, token: u64) -> Option<usize> {
        let message = &self.begun(token).message;
        let re_encoded = reencode(message, Target::SevenBit).ok();
        [Some(message.clone()), re_encoded].into_iter().flatten().find_map(|message| {
            let message = String::from_utf8_lossy(&message);
            let stuffed = format!("\r\n{message}").replace("\r\n.", "\r\n..");
            let wire = format!("{stuffed}.\r\n").into_bytes();
            let at = self.from_client.windows(wire.len()).position(|window| window == wire);
            at.map(|at| at + wire.len())
        })
    }

    fn end_of_reply(&self, reply: &Reply) -> usize {
        let (mut parser, mut rest) = (ReplyParser::default(), self.from_server.as_slice());
        let mut ends = Vec::new();
        while let Ok(Some(read)) = parser.parse(&mut rest) {
            if read == *reply {
                ends.push(self.from_server.len() - rest.len());
            }
        }
        assert_eq!(ends.len(), 1, "a deciding reply has a text of its own: {reply}");
        ends[0]
    }
}

fn render(result: &RecipientResult) -> String {
    match result {
        RecipientResult::Delivered(reply) => format!("delivered {reply}"),
        RecipientResult::Refused { phase, reply } => format!("refused {phase:?} {reply}"),
        RecipientResult::Failed { phase, failure } => format!("failed {phase:?} {failure:?}"),
        RecipientResult::Unknown { failure } => format!("unknown {failure:?}"),
    }
}

/// Lines of large content.
const LARGE: usize = 1_000;

/// `TOKEN FROM TO,TO [dsn|large] | CONTENT`; without content it is one line that names the token, or many such lines.
fn transaction(text: &str) -> Transaction {
    let (envelope, content) = text.split_once(" | ").unwrap_or((text, ""));
    let words: Vec<_> = envelope.split(' ').collect();
    let dsn = words.get(3) == Some(&"dsn");
    let recipient = |address: &str| Recipient {
        address: Address::parse(address).unwrap(),
        notify: dsn.then_some(Notify::On { success: false, failure: true, delay: true }),
        original: dsn.then(|| format!("rfc822;{address}")),
    };
    Transaction {
        token: words[0].parse().unwrap(),
        reverse_path: match words[1] {
            "<>" => ReversePath::Null,
            address => ReversePath::Address(Address::parse(address).unwrap()),
        },
        ret: dsn.then_some(Ret::Headers),
        envelope_id: dsn.then(|| "m1".to_owned()),
        recipients: words[2].split(',').map(recipient).collect(),
        message: Bytes::from(if content.is_empty() {
            let lines = if words.get(3) == Some(&"large") { LARGE } else { 1 };
            let line = format!("Message {}", words[0]);
            let line = if lines == 1 { line } else { format!("{line:-<74}") };
            format!("{line}\r\n").repeat(lines).into_bytes()
        } else {
            unescaped(content)
        }),
    }
}

fn crlf(text: &str) -> Vec<u8> {
    let mut line = unescaped(text);
    line.extend_from_slice(b"\r\n");
    line
}

fn unescaped(text: &str) -> Vec<u8> {
    text.replace("\\r", "\r").replace("\\n", "\n").into_bytes()
}

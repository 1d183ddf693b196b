//! The checked configuration. Every value here is usable as it stands.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::tz::TimeZone;
use mail::{Address, retry::RetrySchedule};
use zeroize::Zeroizing;

use super::{Database, Doors, MailProvider, Oidc, Provider, Service, SignInService, Undeliverable, WebDoor};
use crate::{app::steps::AbortAt, secrets::KeySource};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// What a message of ours calls itself where no server will ever ask (RFC 2606: a name that cannot exist).
pub(super) const NO_HOST: &str = "bookpost.invalid";

/// Where pages, health and metrics are, so many connections at one time.
pub(super) const USUAL_LISTEN_CONNECTIONS: usize = 300;

/// Mail that waits for longer is told of.
pub(super) const USUAL_WAITING: Duration = DAY;

/// All of it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that holds queue, journal, lock, control socket, practice mailbox and drop folder.
    pub data_dir: PathBuf,
    /// The server that has the queue, where several machines share one; None: it is in the folder.
    pub database: Option<Database>,
    /// The library's or district's name.
    pub library: String,
    /// How mail is sent.
    pub sending: Sending,
    /// When failed sends are tried again.
    pub schedule: RetrySchedule,
    /// Who is told when something breaks.
    pub alarms: AlarmsConfig,
    /// The libraries whose mail is sent.
    pub sites: Vec<Site>,
    /// The overdue notices.
    pub notices: NoticesConfig,
    /// How applications hand in mail.
    pub doors: Doors,
    /// Where mail comes back to later, and how it is read.
    pub undeliverable: Undeliverable,
    /// What seals secrets in the queue.
    pub sealing_key: KeySource,
    /// Where pages, health and metrics listen; None: nowhere.
    pub listen: Option<SocketAddr>,
    /// How others come to there.
    pub web: WebDoor,
    /// Connections to there at one time.
    pub listen_connections: usize,
    /// By which address people come to the pages from elsewhere, as browsers write it: a scheme, a name and no path.
    pub public_address: Option<String>,
    /// Whose clients at providers are used where we have none.
    pub sign_in_service: Option<SignInService>,
    /// Providers at which mail can be sent by somebody's account.
    pub providers: Vec<MailProvider>,
    /// Who says who people are, beside Bookpost itself.
    pub oidc: Option<Oidc>,
    /// How long texts and records are kept after the end of a message.
    pub keep: Keep,
    /// What is logged: `error`, `warn`, `info`, `debug`, or a filter by module.
    pub log: String,
    /// Where the process ends itself; for crash tests.
    pub abort_at: Option<AbortAt>,
}

impl Config {
    /// The first site that can send, with its address: what is of no other site comes from there.
    pub fn sender(&self) -> Option<(&Site, &Address)> {
        self.sites.iter().find_map(|site| Some((site, site.email.as_ref()?)))
    }

    /// What holds where nothing else is set, before there are sites and doors.
    pub fn usual(data_dir: &Path, way: Way) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            database: None,
            library: String::new(),
            sending: Sending::usual(way),
            schedule: RetrySchedule::default(),
            alarms: AlarmsConfig::default(),
            sites: Vec::new(),
            notices: NoticesConfig::usual(data_dir),
            doors: Doors::usual(),
            undeliverable: Undeliverable::default(),
            sealing_key: KeySource::File(KeySource::usual(data_dir)),
            listen: None,
            web: WebDoor::default(),
            listen_connections: USUAL_LISTEN_CONNECTIONS,
            public_address: None,
            sign_in_service: None,
            providers: Vec::new(),
            oidc: None,
            keep: Keep { bodies: 30 * DAY, records: 365 * DAY },
            log: "info".to_owned(),
            abort_at: None,
        }
    }
}

/// How mail is sent.
#[derive(Debug, Clone)]
pub struct Sending {
    pub way: Way,
    /// Somebody chose it; else it is none because nobody has chosen yet.
    pub way_is_chosen: bool,
    /// What mail leaves by while the way fails, after Server 2 where that is one of the way.
    pub backup: Backup,
    /// Server 1 and Server 2 as far as they are described, whatever the way is.
    pub servers: Vec<Arc<Server>>,
    /// The name we give ourselves (EHLO); a full host name.
    pub ehlo_name: String,
    /// It is that of the library's mail, as this computer has none: good enough for providers, who know us by a sign-in.
    pub ehlo_is_borrowed: bool,
    /// What to do with a recipient whose answer was never read.
    pub in_doubt: InDoubtPolicy,
    /// Failures for one return address within `digest_window` from which they become one summary.
    pub digest_from: u64,
    /// See `digest_from`; 10 minutes.
    pub digest_window: Duration,
    /// How long returns of one message are collected before they are reported; a minute.
    pub report_delay: Duration,
    /// A run, or a batch of an application, of more messages than this is bulk mail, whatever it says.
    pub bulk_over: u64,
    /// Some routes refuse the null reverse-path: reports then go from the site's own address.
    pub null_reverse_path: bool,
}

impl Sending {
    /// The name we give ourselves, if there is one.
    pub fn own_name(&self) -> Option<&str> {
        Some(self.ehlo_name.as_str()).filter(|name| *name != NO_HOST && !self.ehlo_is_borrowed)
    }

    /// Where this computer has no full name: as the library's mail is called.
    pub(super) fn named_after(self, library: Option<&Address>) -> Self {
        match library {
            Some(library) if self.ehlo_name == NO_HOST && matches!(self.way, Way::Servers(_)) => {
                Self { ehlo_name: library.domain().to_owned(), ehlo_is_borrowed: true, ..self }
            }
            _ => self,
        }
    }

    /// Somebody chose that nothing is sent.
    pub fn is_off(&self) -> bool {
        self.way_is_chosen && matches!(self.way, Way::None)
    }

    fn usual(way: Way) -> Self {
        Self {
            way_is_chosen: !matches!(way, Way::None),
            way,
            backup: Backup::None,
            servers: Vec::new(),
            ehlo_name: NO_HOST.to_owned(),
            ehlo_is_borrowed: false,
            in_doubt: InDoubtPolicy::Retry,
            digest_from: 20,
            digest_window: 10 * MINUTE,
            report_delay: MINUTE,
            bulk_over: 500,
            null_reverse_path: true,
        }
    }
}

/// The way of sending.
#[derive(Debug, Clone)]
pub enum Way {
    /// Mail waits.
    None,
    /// The practice mailbox: nobody receives it.
    Practice,
    /// Mail servers, in the order in which they are used: the library's own, or a provider's; and those of the backup behind them.
    Servers(Vec<Arc<Server>>),
}

/// A way of sending for when the one that was chosen fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backup {
    None,
    /// The library's own servers.
    Servers,
    /// By an account at this provider.
    By(Provider),
}

/// One mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `server1` or `server2`.
    pub name: String,
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    /// Allow Non-Secure Connections: go on without encryption where it cannot be had.
    pub allow_non_secure: bool,
    /// The second switch: the password may be sent over a plain connection.
    pub password_on_plain: bool,
    pub login: Option<Login>,
    /// In the place of a login: the account of whoever has signed in there.
    pub sign_in: Option<Provider>,
    /// It is no mail server, but a web service that takes mail.
    pub service: Option<Service>,
    /// PEM certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// At most so many connections at once.
    pub connections: usize,
    /// So many more, kept free for urgent mail.
    pub connections_for_urgent: usize,
    /// A connection is closed after so many messages.
    pub messages_per_connection: u32,
    /// More is kept back.
    pub limits: Limits,
}

impl Server {
    /// As attempts name it.
    pub fn peer(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// A server without encryption or login, such as one on this computer.
    pub fn plain(name: &str, address: SocketAddr) -> Self {
        Self {
            name: name.to_owned(),
            host: address.ip().to_string(),
            port: address.port(),
            encryption: Encryption::Plain,
            allow_non_secure: true,
            password_on_plain: false,
            login: None,
            sign_in: None,
            service: None,
            ca_file: None,
            connections: 20,
            connections_for_urgent: 1,
            messages_per_connection: 100,
            limits: Limits::default(),
        }
    }
}

/// How much a server may be given; None: as much as it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Recipients in any minute.
    pub per_minute: Option<u32>,
    /// Recipients in any 24 hours.
    pub per_day: Option<u32>,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// STARTTLS after a plain greeting (ports 25 and 587).
    StartTls,
    /// TLS from the first byte (port 465).
    Tls,
    /// None; only together with Allow Non-Secure Connections.
    Plain,
}

impl Way {
    /// There is somebody whom real mail is sent to.
    pub fn sends(&self) -> bool {
        matches!(self, Self::Servers(_))
    }
}

impl Encryption {
    /// As it stands in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::Plain => "none",
        }
    }

    /// As people choose it on the page.
    pub fn plain_words(self) -> &'static str {
        match self {
            Self::StartTls => "Encrypted (recommended)",
            Self::Tls => "Encrypted from the start",
            Self::Plain => "Not encrypted",
        }
    }
}

/// A login and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub password: Password,
}

impl From<String> for Password {
    fn from(password: String) -> Self {
        Self::Known(password.into())
    }
}

/// A password, never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    Known(Zeroizing<String>),
    /// It was sealed with a key that is gone. People must enter it again; until then the server is not asked.
    Lost,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What to do when the answer to a whole message was never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InDoubtPolicy {
    /// Send again by the schedule, with the same Message-ID; it stays on the in-doubt list.
    Retry,
    /// Wait for a person.
    Hold,
}

/// One library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The branch code in the exports.
    pub code: String,
    pub name: String,
    /// From of its mail; None: it has none yet, and cannot send.
    pub email: Option<Address>,
    /// Where answers go; None: to `email`.
    pub reply_to: Option<Address>,
    /// Where undeliverable mail goes; None: return reports to where answers go, what a mail server sends back to `email`.
    pub return_address: Option<Address>,
    pub phone: Option<String>,
    /// Further branch codes that mean this site in exports.
    pub branches: Vec<String>,
    /// In which its notices are dated; None: the computer's.
    pub time_zone: Option<TimeZone>,
    /// In which its patrons are written to of whom an export does not say theirs; None: as in all libraries.
    pub language: Option<String>,
}

impl Site {
    /// The sender of the envelope of its notices, to whom a mail server sends back. Never where answers go unless that is said: many mail
    /// servers take no other sender than the one whose login is used.
    pub fn returns_to(&self) -> Option<&Address> {
        self.return_address.as_ref().or(self.email.as_ref())
    }

    /// Where Bookpost's own reports about its notices go: to people.
    pub fn reports_to(&self) -> Option<&Address> {
        self.return_address.as_ref().or(self.reply_to.as_ref()).or(self.email.as_ref())
    }
}

/// The overdue notices.
#[derive(Debug, Clone)]
pub struct NoticesConfig {
    /// The same item is written about again only after this; None: once only.
    pub repeat: Option<Duration>,
    /// `overdue` or `overdue-without-titles`.
    pub wording: String,
    /// A folder with own wordings.
    pub templates: Option<PathBuf>,
    /// A file with own column names.
    pub aliases: Option<PathBuf>,
    /// Day and month order of dates in exports, where the files do not settle it.
    pub dates: Option<String>,
    /// The folder that is watched for exports.
    pub drop_folder: PathBuf,
    /// Branch code of exports that have none.
    pub default_site: Option<String>,
    /// In which patrons are written to of whom neither an export nor their library says theirs: one of [`LANGUAGES`].
    pub language: String,
}

/// The languages that notices are written in.
pub const LANGUAGES: [&str; 2] = ["en", "es"];

impl NoticesConfig {
    fn usual(data_dir: &Path) -> Self {
        Self {
            repeat: Some(6 * DAY),
            wording: "overdue".to_owned(),
            templates: None,
            aliases: None,
            dates: None,
            drop_folder: data_dir.join("notices.d"),
            default_site: None,
            language: "en".to_owned(),
        }
    }
}

/// Who is told when something breaks.
#[derive(Debug, Clone)]
pub struct AlarmsConfig {
    /// A command; the alarm's text on its standard input, its fields in the environment.
    pub command: Option<PathBuf>,
    /// A web address that gets a POST with JSON.
    pub webhook: Option<String>,
    /// A mail address, written to through the other server if there is one.
    pub email: Option<Address>,
    /// A web address that is called by the minute while all is well.
    pub deadman: Option<String>,
    /// Mail that waits for longer is told of.
    pub waiting: Duration,
}

impl Default for AlarmsConfig {
    fn default() -> Self {
        let waiting = USUAL_WAITING;
        Self { command: None, webhook: None, email: None, deadman: None, waiting }
    }
}

/// How long things are kept after a message's end.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    /// Texts.
    pub bodies: Duration,
    /// Records of what was sent.
    pub records: Duration,
}

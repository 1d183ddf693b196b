//! The command line.

pub(super) mod applications;
pub(super) mod broker;
pub(super) mod people;
pub(super) mod preferences;
pub(super) mod schedules;
pub(super) mod sites;
pub(super) mod webhooks;

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, RangedU64ValueParser},
};
use store::State;

use self::{
    applications::Applications,
    broker::Broker,
    people::{Log, People},
    preferences::Preferences,
    schedules::Schedules,
    sites::Sites,
    webhooks::Webhooks,
};
use super::{control::Older, sendmail::options::HELP};
use crate::{
    app::text::As,
    notices::{BUILT_IN, import::Columns},
};

/// Sends a library's email, and does not let go of a message until it is delivered or returned to its sender.
#[derive(Debug, Parser)]
#[command(name = "bookpost", version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Arguments {
    /// The configuration file [default: $BOOKPOST_CONFIG, else /etc/bookpost/bookpost.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How the log on standard error is written
    #[arg(long, global = true, value_name = "FORM", default_value = "plain")]
    pub log: LogForm,
    #[command(subcommand)]
    pub command: Command,
}

pub(super) const EXIT_CODES: &str = "Exit codes: 0 done; 1 some mail came back, was set aside, or waits while nothing sends it, or \
not all could be made or moved; 64 wrong usage; 65 unusable export or address; 67 no such recipient; 69 the mail server refused; 75 try again later; \
77 not allowed; 78 the configuration, or who runs the command, must be put right first.";

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    /// Lines for people
    Plain,
    /// One JSON object per line
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show it all with a sample library and a practice mailbox; at a terminal, with its pages
    Demo {
        /// The folder for it, made if it is not there
        #[arg(long, default_value = "bookpost-demo")]
        dir: PathBuf,
        /// End after the summary, as without a terminal
        #[arg(long)]
        no_serve: bool,
    },
    /// Run the service
    Serve {
        /// Where pages and API are, instead of `listen` in the settings
        #[arg(long, value_name = "ADDRESS")]
        listen: Option<String>,
    },
    /// Make notices from an export of the library system
    #[command(subcommand)]
    Notices(Notices),
    /// Look at the mail, and decide about it
    #[command(subcommand)]
    Queue(Queue),
    /// Say which programs may send through Bookpost, and give them keys
    #[command(subcommand, name = "programs", visible_alias = "applications")]
    Applications(Applications),
    /// Web addresses that are told what becomes of applications' mail
    #[command(subcommand)]
    Webhooks(Webhooks),
    /// Certificates for pages and API
    #[command(subcommand)]
    Certificate(Certificate),
    /// Look at the preferences and change them: how mail is sent, when it is tried again, the sites; try a mail server
    #[command(subcommand)]
    Preferences(Preferences),
    /// The libraries whose mail is sent: their names, addresses and branch codes
    #[command(subcommand)]
    Sites(Sites),
    /// The staff who sign in to the pages
    #[command(subcommand)]
    People(People),
    /// Show who changed what, the newest first
    Log(Log),
    /// The key that seals secrets in the queue
    #[command(subcommand)]
    Keys(Keys),
    /// Be the sign-in service of other installations: whose people may sign in at Google or Microsoft by the client id that is set here
    #[command(subcommand)]
    Broker(Broker),
    /// Copy the queue into one file, whether the service runs or not
    Backup {
        /// The file to make; what is still being written is FILE.part
        file: PathBuf,
        /// Make none: say what is in this one, and whether it is whole
        #[arg(long)]
        check: bool,
        /// Write over a file that is there
        #[arg(long, conflicts_with = "check")]
        force: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Make a backup the queue of an empty data folder; it sends nothing before `queue resume`
    Restore {
        /// The backup
        file: PathBuf,
        /// The empty folder [default: `data_dir` of the settings]
        #[arg(long, value_name = "DIR")]
        data_dir: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// Move the queue, with all mail in it, from its file to the database server that `[database]` names, or back; Bookpost is stopped meanwhile
    Migrate(Migrate),
    /// Say how the service is, in one line and with the exit codes of a monitoring plug-in: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
    Check {
        #[command(flatten)]
        output: Output,
    },
    /// Check the configuration, or print a sample
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Take a message on standard input, as /usr/sbin/sendmail does; with the options that programs use there
    #[command(override_help = HELP)]
    Sendmail {
        /// Options of sendmail, and addresses
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORDS")]
        words: Vec<OsString>,
    },
    /// Make the user, the folders and the systemd unit, and copy this program to its place
    Install(Install),
    /// Print completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Write manual pages and completions into a folder
    #[command(hide = true)]
    Manual {
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
}

/// `install`
#[derive(Debug, Args)]
pub struct Install {
    /// Only say what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Undo it; the queue and the configuration stay
    #[arg(long)]
    pub remove: bool,
    /// With --remove: take away the queue with all mail in it, the configuration and the user too
    #[arg(long, requires = "remove")]
    pub purge: bool,
    /// Lay the files out in this folder instead of the system's
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// `migrate`
#[derive(Debug, Args)]
pub struct Migrate {
    /// Where the queue is
    #[arg(long, value_name = "PLACE")]
    pub from: QueuePlace,
    /// Where it is to be; nothing may be there
    #[arg(long, value_name = "PLACE", required_unless_present = "source_may_send_again")]
    pub to: Option<QueuePlace>,
    /// Move nothing: the queue that was moved away from there is used again, and what the other place has sent since may be sent twice
    #[arg(long, conflicts_with = "to")]
    pub source_may_send_again: bool,
    #[command(flatten)]
    pub output: Output,
}

/// Where a queue can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueuePlace {
    /// The file in the data folder
    Sqlite,
    /// The server that `[database]` names
    Postgres,
}

/// How the answer is printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct Output {
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

/// `notices`
#[derive(Debug, Subcommand)]
pub enum Notices {
    /// Say what would be sent, and send nothing
    Preview {
        #[command(flatten)]
        export: Export,
        #[command(flatten)]
        output: Output,
    },
    /// Write one notice to every patron in the export
    Run {
        #[command(flatten)]
        export: Export,
        /// Wait until every notice is delivered or came back; that can take 100 hours
        #[arg(long)]
        wait: bool,
        /// Into the practice mailbox: nobody receives it
        #[arg(long)]
        practice: bool,
        /// Run the export though the file is older than 24 hours
        #[arg(long)]
        older_export_is_right: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Send the first mail of an export, one of the middle and the last to an address of yours, marked as samples; no patron gets anything
    Samples {
        #[command(flatten)]
        export: Export,
        /// Where they go
        #[arg(long, value_name = "ADDRESS")]
        to: String,
        #[command(flatten)]
        output: Output,
    },
    /// Have a run end: what has not left does not leave any more, and nothing more of it is made
    Stop {
        /// The run's number
        run: i64,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Send one notice that came back, or went to a wrong address, once more to a corrected one; nobody else gets anything
    SendAgain {
        /// The message's number
        message: i64,
        /// The corrected address
        #[arg(long, value_name = "ADDRESS")]
        to: String,
        /// The address that it went to, where it went to several
        #[arg(long, value_name = "ADDRESS")]
        of: Option<String>,
        /// Send it though a newer export says that it may be out of date, or mail came back from this very address
        #[arg(long)]
        still_right: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Run an export of the drop folder though it is older than 24 hours
    Take {
        /// Its name in the drop folder
        export: String,
        #[command(flatten)]
        output: Output,
    },
    /// Show one run, and everyone who was left out; or a notice
    Show {
        /// The run's number, or the notice's name
        what: String,
        #[command(flatten)]
        output: Output,
    },
    /// List the notices that can be run
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Switch a notice on, so that it can be run
    On {
        /// Its name, as the list has it
        notice: String,
        #[command(flatten)]
        output: Output,
    },
    /// Switch a notice off
    Off {
        /// Its name, as the list has it
        notice: String,
        #[command(flatten)]
        output: Output,
    },
    /// Have notices sent by themselves, at times of your choice
    #[command(subcommand)]
    Schedule(Schedules),
    /// List the latest runs
    Runs {
        #[arg(long, default_value_t = 20, value_parser = at_least_one())]
        limit: usize,
        #[command(flatten)]
        output: Output,
    },
}

/// The export and how to read it.
#[derive(Debug, Args)]
pub struct Export {
    /// The export of the library system; - is standard input
    pub file: PathBuf,
    /// What the export is called: it is compared with earlier ones of this name [default: the file's name]
    #[arg(long, value_name = "NAME", value_parser = export_name)]
    pub name: Option<String>,
    /// The site for lines without a branch code
    #[arg(long, value_name = "CODE")]
    pub site: Option<String>,
    /// Order of day, month and year, if the export leaves it open
    #[arg(long, value_name = "ORDER", value_parser = ["d/m/y", "m/d/y", "y/m/d"])]
    pub dates: Option<String>,
    /// What stands between the columns, if it is not found out: , ; or tab
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub delimiter: Option<char>,
    /// The export's encoding, if it is not found out: utf-8, windows-1252, macintosh
    #[arg(long)]
    pub encoding: Option<String>,
    /// The sheet of a workbook, if it is not the first with column names
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// What the columns are, if they are not known, as in email=E-Mail,title=Book; a run remembers it for exports with the same columns
    #[arg(long, value_name = "WHAT=NAME")]
    pub columns: Option<Columns>,
    /// Which notice, as `notices list` names it [default: overdue-items]
    #[arg(long, value_name = "NAME")]
    pub notice: Option<String>,
    /// The wording to use, for everybody and in whatever language
    #[arg(long)]
    pub wording: Option<String>,
    /// Write about the same item again after so many days; 0: never
    #[arg(long, value_name = "N")]
    pub repeat_days: Option<u64>,
    /// Write to everyone in the export, also to those who were written to lately
    #[arg(long, conflicts_with = "repeat_days")]
    pub again: bool,
}

pub(super) fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

fn export_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let fits = !name.is_empty() && name.chars().count() <= 200 && !name.contains(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err("a name of 1 to 200 letters on one line".to_owned()) }
}

fn delimiter(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("tab" | "\\t", _, _) => Ok('\t'),
        (_, Some(one), None) => Ok(one),
        _ => Err("one character, or the word tab".to_owned()),
    }
}

/// `queue`
#[derive(Debug, Subcommand)]
pub enum Queue {
    /// How much mail is where, and what is wrong
    Status {
        #[command(flatten)]
        output: Output,
    },
    /// Today's numbers by library
    Today {
        #[command(flatten)]
        output: Output,
    },
    /// List recipients, the newest first
    List {
        /// Only those in this state
        #[arg(long)]
        state: Option<StateName>,
        /// Only those of this run
        #[arg(long, value_name = "N")]
        run: Option<i64>,
        /// Only those of this site; '' for those of none
        #[arg(long, value_name = "CODE")]
        site: Option<String>,
        /// Only this address
        #[arg(long, value_name = "ADDRESS", conflicts_with = "to_begins")]
        to: Option<String>,
        /// Only addresses that begin like this
        #[arg(long, value_name = "TEXT")]
        to_begins: Option<String>,
        /// Only addresses at this domain
        #[arg(long)]
        domain: Option<String>,
        /// Only what has all these words in its subject, and came within the last 7 days
        #[arg(long, value_name = "WORDS")]
        subject: Option<String>,
        /// Only what this application handed in
        #[arg(long, value_name = "NAME")]
        application: Option<String>,
        /// Only what its application has put this tag on
        #[arg(long)]
        tag: Option<String>,
        /// Only what was handed in since this day began, as in 2026-11-28
        #[arg(long, value_name = "DAY")]
        since: Option<String>,
        /// Only what was accepted by the server, practised, sent back or came into doubt since this day began, as in 2026-11-28
        #[arg(long, value_name = "DAY")]
        answered_since: Option<String>,
        /// Only those that may have arrived twice
        #[arg(long)]
        in_doubt: bool,
        #[arg(long, default_value_t = 50, value_parser = at_least_one())]
        limit: usize,
        #[command(flatten)]
        output: Output,
    },
    /// List who cannot be reached: whose last mail came back because of the address
    Unreachable {
        /// Only those of this site
        #[arg(long, value_name = "CODE")]
        site: Option<String>,
        #[arg(long, default_value_t = 1000, value_parser = at_least_one())]
        limit: usize,
        #[command(flatten)]
        output: Output,
    },
    /// Show one message with every attempt
    Show {
        /// The message's number
        id: i64,
        #[command(flatten)]
        output: Output,
    },
    /// Print what a message says; that it was read stands in the log
    Text {
        /// The message's number
        id: i64,
        /// How it is shown
        #[arg(long = "as", value_name = "FORM", default_value = "plain")]
        shown: As,
        #[command(flatten)]
        output: Output,
    },
    /// Send nothing until `resume`; mail is accepted meanwhile, and grows no older
    Pause {
        #[command(flatten)]
        output: Output,
    },
    /// Send again
    Resume {
        /// What becomes of mail that might have been sent more than 48 hours ago
        #[arg(long, value_name = "WHAT")]
        older: Option<Older>,
        #[command(flatten)]
        output: Output,
    },
    /// Ask the mail servers that do not work whether they answer again, and do not wait for the next time
    Probe {
        #[command(flatten)]
        output: Output,
    },
    /// Try again now
    Retry(Chosen),
    /// Keep back
    Hold(Chosen),
    /// Send after all what was set aside
    Release(Chosen),
    /// Do not send
    Cancel(Chosen),
    /// Give up, and tell the library
    Return(Chosen),
}

/// Which messages are meant.
#[derive(Debug, Args)]
pub struct Chosen {
    /// Numbers of messages; or say which by --run, --state or --all
    #[arg(required_unless_present_any = ["run", "state", "all"], conflicts_with_all = ["run", "state", "all"])]
    pub ids: Vec<i64>,
    /// All of this run
    #[arg(long, value_name = "N", conflicts_with_all = ["state", "all"])]
    pub run: Option<i64>,
    /// All in this state
    #[arg(long, conflicts_with = "all")]
    pub state: Option<StateName>,
    /// All for which it is possible
    #[arg(long)]
    pub all: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub output: Output,
}

/// `certificate`
#[derive(Debug, Subcommand)]
pub enum Certificate {
    /// Make one that is signed by nobody else, and its key: NAME.crt and NAME.key
    SelfSigned {
        /// The name, or the IP address, by which people come to the pages
        #[arg(long, value_name = "HOST")]
        name: String,
        /// The folder for both
        #[arg(long, value_name = "DIR", default_value = ".")]
        to: PathBuf,
        #[command(flatten)]
        output: Output,
    },
}

/// `keys`
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Keys {
    /// Say where it is, and what it opens; never the key itself
    Show {
        #[command(flatten)]
        output: Output,
    },
    /// Make a new one, and seal everything with it
    Rotate {
        #[command(flatten)]
        output: Output,
    },
}

/// `config`
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Say everything that is wrong, or how mail will be sent
    Check,
    /// Print a configuration to begin with; or the built-in column names, or a built-in wording
    Sample(Sample),
}

/// `config sample`
#[derive(Debug, Args)]
pub struct Sample {
    /// Print the list of column names instead, for `notices.aliases`
    #[arg(long, conflicts_with = "wording")]
    pub columns: bool,
    /// Print a wording instead, for `notices.templates`
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(BUILT_IN.map(|(name, _)| name)))]
    pub wording: Option<String>,
    /// Only this file of the wording
    #[arg(long, value_name = "NAME", requires = "wording", value_parser = ["subject.txt", "body.txt", "body.html"])]
    pub file: Option<String>,
}

/// A state, as it is named on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StateName {
    Waiting,
    Sending,
    #[value(alias = "in_doubt")]
    InDoubt,
    Delivered,
    #[value(alias = "practice")]
    Practiced,
    Returned,
    Held,
    Cancelled,
}

impl From<StateName> for State {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Waiting => Self::Waiting,
            StateName::Sending => Self::Sending,
            StateName::InDoubt => Self::InDoubt,
            StateName::Delivered => Self::Delivered,
            StateName::Practiced => Self::Practiced,
            StateName::Returned => Self::Returned,
            StateName::Held => Self::Held,
            StateName::Cancelled => Self::Cancelled,
        }
    }
}

//! The log of what people changed. It is only added to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Error, PersonId, PersonName, Store, codes,
    rows::{Columns, at},
};

const COMMAND_LINE: &str = "command line";
const CONFIGURATION: &str = "configuration";
const NOT_SIGNED_IN: &str = "not signed in";
const SCHEDULE: &str = "schedule";
const DROP_FOLDER: &str = "drop folder";
const BOOKPOST: &str = "bookpost";

/// Who changed something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// This person, by the name that they had then.
    Person {
        /// Their id.
        id: PersonId,
        /// Their name.
        name: PersonName,
    },
    /// Whoever may use the command line of this computer.
    CommandLine,
    /// The settings' file.
    Configuration,
    /// Whoever asked on a page where nobody has signed in yet.
    NotSignedIn,
    /// A schedule, at its time.
    Schedule,
    /// An export that was left in the drop folder.
    DropFolder,
    /// The program, when it starts.
    Bookpost,
}

/// The deeds; each has its words on the pages and on the command line.
macro_rules! deeds {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        /// What was done, as a stable word.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Deed {
            $($(#[$doc])+ $name,)+
            /// A word of a later version.
            Unknown,
        }

        impl Deed {
            /// All that this version does.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

deeds! {
    /// The first administrator was made.
    SetUp,
    /// A person was added.
    PersonAdded,
    /// A person was changed.
    PersonChanged,
    /// A person cannot sign in any more.
    PersonDisabled,
    /// A person can sign in again.
    PersonEnabled,
    /// A person has another password.
    PasswordChanged,
    /// A link for setting up was made.
    SetUpLinkMade,
    /// An invitation was made.
    InvitationMade,
    /// A link for a new password was made.
    ResetLinkMade,
    /// Sessions were ended.
    SignedOut,
    /// The text of a message was read.
    TextOpened,
    /// It was decided what becomes of mail.
    MailDecided,
    /// All sending was paused.
    SendingPaused,
    /// Sending goes on.
    SendingResumed,
    /// A preference was changed.
    PreferenceChanged,
    /// A program was added.
    ProgramAdded,
    /// What a program may do was changed.
    ProgramChanged,
    /// Nothing is taken from a program any more.
    ProgramDisabled,
    /// Mail of a program is taken again.
    ProgramEnabled,
    /// A key for a program was made.
    ProgramKeyMade,
    /// A key of a program opens nothing any more.
    ProgramKeyRevoked,
    /// A key of a person's own was made.
    PersonKeyMade,
    /// A key of a person's own opens nothing any more.
    PersonKeyRevoked,
    /// A mail server was tested; what came of it.
    ServerTested,
    /// A notice run was begun.
    RunBegun,
    /// Somebody's notice was sent again to another address.
    SentAgain,
    /// A site got a logo, another one, or none.
    LogoChanged,
    /// It was said what the columns of an export are.
    ColumnsChosen,
    /// That is not remembered any more.
    ColumnsForgotten,
    /// It was said that an old export in the drop folder is the right one.
    OlderExportTaken,
    /// A notice was added: a copy of another.
    NoticeAdded,
    /// How a notice is set up was changed.
    NoticeChanged,
    /// A notice was removed.
    NoticeRemoved,
    /// A notice that was removed was had back.
    NoticeRestored,
    /// What a notice says was changed.
    WordingChanged,
    /// Notices are sent by themselves from now on.
    ScheduleAdded,
    /// What is sent by itself, or when, was changed.
    ScheduleChanged,
    /// It is not sent by itself any more.
    ScheduleRemoved,
    /// A schedule rests.
    SchedulePaused,
    /// A schedule goes on.
    ScheduleResumed,
    /// The next moment of a schedule is left out.
    ScheduleSkips,
    /// It is not left out after all.
    ScheduleSkipsNot,
    /// Somebody signed in at a mail provider, and mail can leave by their account.
    MailAccountConnected,
    /// The account at a mail provider is not used any more.
    MailAccountDisconnected,
    /// Another installation may have its people sign in by this one.
    InstallationAdded,
    /// It may not any more.
    InstallationRevoked,
}

/// A line to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// Who did it.
    pub who: Actor,
    /// What was done.
    pub what: Deed,
    /// To whom or what.
    pub about: String,
    /// As it was, for people. Never a secret: say "changed" of those.
    pub old: Option<String>,
    /// As it is now.
    pub new: Option<String>,
}

/// A line; rises as they are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AuditId(pub i64);

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// Its id.
    pub id: AuditId,
    /// When it was done.
    pub happened_at: Timestamp,
    /// Who did it.
    pub who: Actor,
    /// What was done.
    pub what: Deed,
    /// To whom or what.
    pub about: String,
    /// As it was.
    pub old: Option<String>,
    /// As it is now.
    pub new: Option<String>,
}

/// Which lines are meant; all that is named must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    /// What this person did.
    pub who: Option<PersonId>,
    /// What was done to this, in these very letters.
    pub about: Option<String>,
    /// What was done in this way.
    pub what: Option<Deed>,
}

/// The log.
impl Store {
    /// Adds a line for a change that was made elsewhere; what the store itself changes it notes itself.
    pub async fn note_audit(&self, new: NewAudit, now: Timestamp) -> Result<AuditId, Error> {
        ask!(self.db.note_audit(new, now).await)
    }

    /// The newest lines below `after`, newest first.
    pub async fn audit(
        &self,
        filter: AuditFilter,
        after: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<Audit>, Error> {
        ask!(self.db.audit(filter, after, limit).await)
    }
}

/// Parts of a line, such as `role: viewer; sites: all`. No value can pass for another part.
pub(crate) fn parts(named: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> String {
    let mut all = Vec::new();
    for (name, value) in named {
        all.push(format!("{}: {}", name.as_ref(), value.as_ref().replace(';', ",")));
    }
    all.join("; ")
}

impl Actor {
    /// Who it is, in the columns `person, who` of the log.
    pub(crate) fn columns(&self) -> (Option<i64>, &str) {
        match self {
            Self::Person { id, name } => (Some(id.0), name.as_str()),
            Self::CommandLine => (None, COMMAND_LINE),
            Self::Configuration => (None, CONFIGURATION),
            Self::NotSignedIn => (None, NOT_SIGNED_IN),
            Self::Schedule => (None, SCHEDULE),
            Self::DropFolder => (None, DROP_FOLDER),
            Self::Bookpost => (None, BOOKPOST),
        }
    }
}

/// From `id, happened_at, person, who, what, about, old, new`, as far as it can be decoded: no line is left out.
pub(crate) fn decode(row: &impl Columns) -> Result<Audit, Error> {
    let who = row.text(3)?.unwrap_or_default();
    let name = || who.parse::<PersonName>().or_else(|_| "?".parse());
    let who = match row.number(2)? {
        Some(id) => Actor::Person {
            id: PersonId(id),
            name: name().map_err(|error| Error::Internal(error.to_string()))?,
        },
        None if who == CONFIGURATION => Actor::Configuration,
        None if who == NOT_SIGNED_IN => Actor::NotSignedIn,
        None if who == SCHEDULE => Actor::Schedule,
        None if who == DROP_FOLDER => Actor::DropFolder,
        None if who == BOOKPOST => Actor::Bookpost,
        None => Actor::CommandLine,
    };
    Ok(Audit {
        id: AuditId(row.id(0)?),
        happened_at: at(row, 1)?.unwrap_or(Timestamp::UNIX_EPOCH),
        who,
        what: row.text(4)?.and_then(codes::named).unwrap_or(Deed::Unknown),
        about: row.text(5)?.unwrap_or_default(),
        old: row.text(6)?,
        new: row.text(7)?,
    })
}

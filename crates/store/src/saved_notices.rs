//! Notices that can be run, as people set them up, and what they say.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Deed, Error, NewAudit, Store,
    audit::parts,
    codes::{of_json, unreadable},
    rows::{Columns, at},
};

/// What a notice is about, which says which lines of an export it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// What was due before the day of the run.
    #[default]
    Overdue,
    /// What is due within some days.
    ComingDue,
    /// What waits for the patron; it has no due date.
    HoldReady,
    /// What an amount is owed for.
    Fines,
}

/// How a notice is set up.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeSettings {
    /// For people; empty for one that is built in: pages name it in each person's language.
    pub name: String,
    /// What it is about.
    pub kind: NoticeKind,
    /// The slug of the built-in notice whose words it has where none are written for it.
    pub like: String,
    /// Of people for people; patrons never see it.
    pub notes: String,
    /// It can be run.
    pub on: bool,
    /// It stands first on the list, for everybody.
    pub favourite: bool,
    /// The sites that run it; none: all of them.
    pub sites: BTreeSet<String>,
    /// The same item is written about again after so many days; 0: never. `None`: as the settings say for all notices.
    pub repeat_days: Option<u64>,
    /// Of its items neither title nor author is given.
    pub without_titles: bool,
    /// Of what is coming due: how many days ahead.
    pub days_ahead: u16,
    /// To whom it goes.
    pub recipients: NoticeRecipients,
}

/// To whom a notice goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeRecipients {
    /// To the addresses on the patron's record.
    pub patron: bool,
    /// To those of parents and guardians.
    pub guardian: bool,
    /// Teachers get a list of their pupils.
    pub teacher: bool,
    /// Where the notice names titles, that list does too.
    pub teacher_titles: bool,
}

impl Default for NoticeRecipients {
    fn default() -> Self {
        Self { patron: true, guardian: true, teacher: false, teacher_titles: false }
    }
}

/// A notice as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedNotice {
    /// Its name in the ledger and in runs.
    pub slug: String,
    /// How it is set up.
    pub settings: NoticeSettings,
    /// Rises with each change, from 1.
    pub version: i64,
    /// Who made it, or changed something about one that is built in first.
    pub made_by: Actor,
    /// When.
    pub made_at: Timestamp,
    /// Who changed it last.
    pub changed_by: Actor,
    /// When.
    pub changed_at: Timestamp,
    /// It was removed then, and can be had back.
    pub removed_at: Option<Timestamp>,
}

/// Which wording is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WordingKey {
    /// The slug of the notice.
    pub notice: String,
    /// Code of the site; `None`: for all sites that have none of their own.
    pub site: Option<String>,
    /// `en`, `es`
    pub language: String,
}

/// What a notice says: templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    /// One line.
    pub subject: String,
    /// With simple marks.
    pub text: String,
    /// `None`: made of the text.
    pub html: Option<String>,
}

/// What a wording said before its last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordingBefore {
    /// `None`: what is built in.
    pub wording: Option<Wording>,
}

/// A wording as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedWording {
    /// Of which notice, for whom.
    pub key: WordingKey,
    /// `None`: what is built in.
    pub wording: Option<Wording>,
    /// So that the last change can be taken back; `None`: it was changed before that was kept, or begins anew.
    pub before: Option<WordingBefore>,
    /// Rises with each change, from 1.
    pub version: i64,
    /// Who changed it last.
    pub changed_by: Actor,
    /// When.
    pub changed_at: Timestamp,
}

/// Notices and their wordings. Each change says which version it was made of, 0 where there was none: [`Error::Changed`] if somebody was
/// faster. Each gives the version that it made.
impl Store {
    /// All of them, the removed ones too, by their slugs.
    pub async fn saved_notices(&self) -> Result<Vec<SavedNotice>, Error> {
        ask!(self.db.saved_notices().await)
    }

    /// The notice is set up like this from here on.
    pub async fn save_notice(
        &self,
        slug: &str,
        settings: NoticeSettings,
        seen: i64,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        ask!(self.db.save_notice(slug.to_owned(), settings, seen, who, now).await)
    }

    /// A further notice with all the wordings of `from`. [`Error::Exists`] if there was ever one of this slug: the ledger knows it.
    pub async fn duplicate_notice(
        &self,
        from: &str,
        slug: &str,
        settings: NoticeSettings,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        ask!(self.db.duplicate_notice(from.to_owned(), slug.to_owned(), settings, who, now).await)
    }

    /// It is removed, or had back.
    pub async fn remove_notice(
        &self,
        slug: &str,
        removed: bool,
        seen: i64,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        ask!(self.db.remove_notice(slug.to_owned(), removed, seen, who, now).await)
    }

    /// What is written for any of them.
    pub async fn wordings(&self) -> Result<Vec<SavedWording>, Error> {
        ask!(self.db.wordings(None).await)
    }

    /// What is written for this one.
    pub async fn wordings_of(&self, notice: &str) -> Result<Vec<SavedWording>, Error> {
        ask!(self.db.wordings(Some(notice.to_owned())).await)
    }

    /// It says this from here on; `None`: what is built in.
    pub async fn save_wording(
        &self,
        key: WordingKey,
        wording: Option<Wording>,
        seen: i64,
        who: Actor,
        now: Timestamp,
    ) -> Result<i64, Error> {
        ask!(self.db.save_wording(key, wording, seen, who, now).await)
    }
}

/// What [`notice`] reads.
pub(crate) const NOTICES: &str =
    "SELECT slug, settings, version, made_by, made_at, changed_by, changed_at, removed_at FROM saved_notice";
/// What [`wording`] reads.
pub(crate) const WORDINGS: &str = "SELECT notice, site, language, subject, text, html, version, changed_by, changed_at, before FROM wording";

/// The version as it is, if it is the one that was seen.
pub(crate) fn unchanged(version: Option<i64>, seen: i64) -> Result<i64, Error> {
    let version = version.unwrap_or(0);
    if version == seen { Ok(version) } else { Err(Error::Changed) }
}

/// From [`NOTICES`].
pub(crate) fn notice(row: &impl Columns) -> Result<SavedNotice, Error> {
    let instant = |n, name: &str| at(row, n)?.ok_or_else(|| unreadable(name));
    let settings = of_json(row.text(1)?);
    Ok(SavedNotice {
        slug: row.text(0)?.unwrap_or_default(),
        settings: settings.ok_or_else(|| unreadable("saved_notice.settings"))?,
        version: row.id(2)?,
        made_by: actor(row.text(3)?),
        made_at: instant(4, "saved_notice.made_at")?,
        changed_by: actor(row.text(5)?),
        changed_at: instant(6, "saved_notice.changed_at")?,
        removed_at: at(row, 7)?,
    })
}

/// From [`WORDINGS`].
pub(crate) fn wording(row: &impl Columns) -> Result<SavedWording, Error> {
    let wording = match (row.text(3)?, row.text(4)?) {
        (Some(subject), Some(words)) => Some(Wording { subject, text: words, html: row.text(5)? }),
        _ => None,
    };
    Ok(SavedWording {
        key: WordingKey {
            notice: row.text(0)?.unwrap_or_default(),
            site: row.text(1)?.filter(|site| !site.is_empty()),
            language: row.text(2)?.unwrap_or_default(),
        },
        wording,
        before: of_json(row.text(9)?).map(|wording| WordingBefore { wording }),
        version: row.id(6)?,
        changed_by: actor(row.text(7)?),
        changed_at: at(row, 8)?.ok_or_else(|| unreadable("wording.changed_at"))?,
    })
}

/// That a notice was changed, for the log.
pub(crate) fn changed(who: Actor, slug: String, settings: [Option<&NoticeSettings>; 2]) -> NewAudit {
    let [old, new] = settings.map(|settings| settings.map(in_words));
    NewAudit { who, what: Deed::NoticeChanged, about: slug, old, new }
}

/// That one was made after another.
pub(crate) fn added(who: Actor, slug: String, from: String, settings: &NoticeSettings) -> NewAudit {
    NewAudit { who, what: Deed::NoticeAdded, about: slug, old: Some(from), new: Some(in_words(settings)) }
}

/// That one was removed, or is there again.
pub(crate) fn switched(who: Actor, slug: String, name: String, removed: bool) -> NewAudit {
    let what = if removed { Deed::NoticeRemoved } else { Deed::NoticeRestored };
    let (old, new) = if removed { (Some(name), None) } else { (None, Some(name)) };
    NewAudit { who, what, about: slug, old, new }
}

/// That it says something else.
pub(crate) fn reworded(who: Actor, key: &WordingKey, wordings: [Option<Wording>; 2]) -> NewAudit {
    let about = [&*key.notice, key.site.as_deref().unwrap_or(""), &*key.language];
    let about = about.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let [old, new] = wordings.map(|wording| wording.map(|wording| wording.subject));
    NewAudit { who, what: Deed::WordingChanged, about, old, new }
}

fn actor(by: Option<String>) -> Actor {
    of_json(by).unwrap_or(Actor::CommandLine)
}

/// What people decide about it most.
fn in_words(settings: &NoticeSettings) -> String {
    let on = if settings.on { "on" } else { "off" };
    let repeat = settings.repeat_days.map_or_else(|| "usual".to_owned(), |days| days.to_string());
    let to = settings.recipients;
    let to = [
        (to.patron, "patron"),
        (to.guardian, "guardian"),
        (to.teacher, "teacher"),
        (to.teacher && to.teacher_titles, "titles for the teacher"),
    ];
    let to: Vec<_> = to.into_iter().filter(|(chosen, _)| *chosen).map(|(_, who)| who).collect();
    let sites: Vec<_> = settings.sites.iter().map(String::as_str).collect();
    parts([
        ("name", settings.name.clone()),
        ("is", on.to_owned()),
        ("sites", sites.join(", ")),
        ("repeat_days", repeat),
        ("without_titles", settings.without_titles.to_string()),
        ("to", to.join(", ")),
    ])
}

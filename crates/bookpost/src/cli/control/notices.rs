//! What passes over the control socket about notices that can be run.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use store::{NoticeKind, NoticeRecipients};

/// What needs nothing but the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticesRequest {
    /// All of them.
    List,
    /// This one.
    Show { slug: String },
    /// This one can be run from here on, or not.
    Switch { slug: String, on: bool },
}

/// A notice, as scripts read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownNotice {
    pub slug: String,
    /// For people.
    pub name: String,
    pub kind: NoticeKind,
    pub built_in: bool,
    pub on: bool,
    pub favourite: bool,
    /// The sites that run it; none: all.
    pub sites: BTreeSet<String>,
    /// None: as the settings say.
    pub repeat_days: Option<u64>,
    pub without_titles: bool,
    /// Of what is coming due.
    pub days_ahead: Option<u16>,
    pub recipients: NoticeRecipients,
    pub notes: String,
    /// What is written for it on the pages: the site (none: all of them) and the language.
    pub wordings: Vec<ShownWording>,
}

/// A wording of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownWording {
    pub site: Option<String>,
    pub language: String,
    pub subject: String,
}

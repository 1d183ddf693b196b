//! The Overdue Items Notice, from the bytes of an export to rendered mails.
//!
//! ```text
//! export bytes --import--> patrons with their items --plan--> notices, each with site, addresses, texts and ledger keys
//! ```
//!
//! This module knows nothing of sockets, databases, clocks or message bytes: it turns values into values. Ids, dates and
//! envelopes of the mails, and the ledger, belong to the caller.

pub mod import;
pub mod keys;
mod language;
pub mod moments;
mod plan;
pub mod returned;
pub mod sample;
pub mod saved;
mod site;
mod teachers;
pub mod template;
mod wordings;

pub use import::{Import, ImportError, ImportOptions, Item, PatronNotice, read};
pub use keys::ledger_key;
pub use language::Language;
pub use plan::{A_TEACHER, EXPORT, Form, Guardians, NAMELESS, Outline, Plan, PlannedNotice, plan};
pub use site::Site;
pub use teachers::{TeacherList, teacher_key};
pub use template::{BUILT_IN, DateFormat, Rendered, Sources, Template, TemplateError};
pub use wordings::Wordings;

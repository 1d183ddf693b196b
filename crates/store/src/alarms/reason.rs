//! Why an alarm is open, as a code that programs read and as a sentence for people.

use mail::Reason;
use serde::{Deserialize, Serialize};

use crate::CameTo;

/// Why, in one word. All words are of one list, whatever the alarm is about: the word alone is stored and given to programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AlarmReason {
    /// What a mail server or a mail provider says, or that it says nothing.
    Mail(Reason),
    /// What a schedule came to.
    Schedule(CameTo),
    /// What is wrong with a folder, or with what was put there.
    Folder(FolderFault),
}

/// What is wrong with the drop folder, with an export in it, or with what notices are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FolderFault {
    /// The drop folder cannot be used.
    FolderUnusable,
    /// Wordings or column names cannot be used: no notice can be made.
    NoticesUnusable,
    /// An export may not be read.
    ExportUnreadable,
    /// An export waits until the settings are put right.
    ExportWantsSettings,
    /// An export could not be run for the moment.
    ExportNotNow,
    /// An export is finished, and cannot be moved away.
    ExportStays,
    /// An export could not be used: a better one is waited for.
    ExportRefused,
    /// What is left of an export cannot be deleted.
    ExportKept,
    /// An export is old: a person is to say whether it is the right one.
    ExportOld,
    /// Mail that came back cannot be read where it lies.
    UndeliverableUnreadable,
}

impl FolderFault {
    /// Every value.
    pub const ALL: [Self; 10] = [
        Self::FolderUnusable,
        Self::NoticesUnusable,
        Self::ExportUnreadable,
        Self::ExportWantsSettings,
        Self::ExportNotNow,
        Self::ExportStays,
        Self::ExportRefused,
        Self::ExportKept,
        Self::ExportOld,
        Self::UndeliverableUnreadable,
    ];
}

impl AlarmReason {
    /// The reason, if it is one of mail.
    pub fn of_mail(self) -> Option<Reason> {
        if let Self::Mail(reason) = self { Some(reason) } else { None }
    }
}

impl From<Reason> for AlarmReason {
    fn from(reason: Reason) -> Self {
        Self::Mail(reason)
    }
}

impl From<CameTo> for AlarmReason {
    fn from(came_to: CameTo) -> Self {
        Self::Schedule(came_to)
    }
}

impl From<FolderFault> for AlarmReason {
    fn from(fault: FolderFault) -> Self {
        Self::Folder(fault)
    }
}

/// Why an alarm is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// None: what the alarm is says all.
    pub reason: Option<AlarmReason>,
    /// In plain words.
    pub text: String,
}

impl Cause {
    /// One that has a word of its own.
    pub fn new(reason: impl Into<AlarmReason>, text: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), text: text.into() }
    }
}

impl From<String> for Cause {
    fn from(text: String) -> Self {
        Self { reason: None, text }
    }
}

impl From<&str> for Cause {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_word_is_of_one_reason_and_reads_back() {
        let mail = Reason::ALL.iter().copied().map(AlarmReason::from);
        let schedules = CameTo::ALL.into_iter().map(AlarmReason::from);
        let folders = FolderFault::ALL.into_iter().map(AlarmReason::from);
        let mut words = HashSet::new();
        for reason in mail.chain(schedules).chain(folders) {
            let word = serde_json::to_string(&reason).unwrap();
            assert_eq!(serde_json::from_str::<AlarmReason>(&word).unwrap(), reason, "{word}");
            assert!(words.insert(word.clone()), "{word} is of two");
        }
        assert!(serde_json::from_str::<AlarmReason>("\"of_a_later_version\"").is_err());
    }
}

//! What passes over the control socket about applications.

use std::collections::BTreeSet;

use clap::ValueEnum;
use mail::Address;
use serde::{Deserialize, Serialize};
use store::{AllowedFrom, ApplicationName, ApplicationSettings, Class, Error, KeyId};

/// What needs the queue and the list of sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationsRequest {
    /// All of them.
    List,
    /// One of them.
    Show { name: String },
    /// A new one.
    Add { name: ApplicationName, change: SettingsChange },
    /// What it may do.
    Change { name: String, change: SettingsChange },
    /// One more key.
    AddKey { name: String },
    /// This key opens nothing any more.
    RevokeKey { name: String, key: KeyId },
    /// Nothing is accepted from it.
    Disable { name: String },
    /// It is heard again.
    Enable { name: String },
}

/// What is to be otherwise; all else stays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SettingsChange {
    /// Nothing is changed unless they are so still.
    pub seen: Option<Box<ApplicationSettings>>,
    /// These are set back first.
    pub reset: BTreeSet<SettingName>,
    pub from: Option<Vec<AllowedFrom>>,
    pub sites: Option<Vec<String>>,
    /// The first is that of mail which names none.
    pub classes: Option<Vec<Class>>,
    pub return_address: Option<Address>,
    pub largest_message: Option<u64>,
    pub recipients: Option<u32>,
    pub waiting: Option<u64>,
    pub per_minute: Option<u32>,
}

/// A setting of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum SettingName {
    From,
    Site,
    Class,
    ReturnAddress,
    LargestMessage,
    Recipients,
    Waiting,
    PerMinute,
}

/// A key that was just made. Its secret is here and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownKey {
    pub application: ApplicationName,
    /// The user name for SMTP.
    pub id: KeyId,
    /// The password for SMTP.
    pub password: Secret,
    /// The key for HTTP.
    pub key: Secret,
}

/// Shown to whoever asked for it, and to nobody by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl SettingsChange {
    /// Makes it so, unless they are not as they were seen.
    pub fn apply(self, settings: &mut ApplicationSettings) -> Result<(), Error> {
        if self.seen.is_some_and(|seen| *seen != *settings) {
            return Err(Error::Changed);
        }
        let usual = ApplicationSettings::default();
        for name in self.reset {
            match name {
                SettingName::From => settings.from.clone_from(&usual.from),
                SettingName::Site => settings.sites.clone_from(&usual.sites),
                SettingName::Class => {
                    (settings.class, settings.classes) = (usual.class, usual.classes.clone());
                }
                SettingName::ReturnAddress => settings.return_address.clone_from(&usual.return_address),
                SettingName::LargestMessage => settings.largest_message = usual.largest_message,
                SettingName::Recipients => settings.recipients = usual.recipients,
                SettingName::Waiting => settings.waiting = usual.waiting,
                SettingName::PerMinute => settings.per_minute = usual.per_minute,
            }
        }
        settings.from = self.from.unwrap_or_else(|| std::mem::take(&mut settings.from));
        settings.sites = self.sites.unwrap_or_else(|| std::mem::take(&mut settings.sites));
        if let Some(classes) = self.classes
            && let Some(first) = classes.first()
        {
            (settings.class, settings.classes) = (*first, classes.into_iter().collect());
        }
        settings.return_address = self.return_address.or_else(|| settings.return_address.take());
        settings.largest_message = self.largest_message.unwrap_or(settings.largest_message);
        settings.recipients = self.recipients.unwrap_or(settings.recipients);
        settings.waiting = self.waiting.unwrap_or(settings.waiting);
        settings.per_minute = self.per_minute.or(settings.per_minute);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> SettingsChange {
        SettingsChange {
            seen: None,
            reset: BTreeSet::new(),
            from: Some(vec!["@school.example".parse().unwrap()]),
            sites: Some(vec!["MAIN".to_owned()]),
            classes: Some(vec![Class::Bulk, Class::Urgent]),
            return_address: Some("back@school.example".parse().unwrap()),
            largest_message: Some(1),
            recipients: Some(2),
            waiting: Some(3),
            per_minute: Some(4),
        }
    }

    #[test]
    fn what_is_not_named_stays_and_what_is_set_back_is_as_usual() {
        let mut settings = ApplicationSettings::default();
        everything().apply(&mut settings).unwrap();
        let all = ApplicationSettings {
            from: vec!["@school.example".parse().unwrap()],
            sites: vec!["MAIN".to_owned()],
            class: Class::Bulk,
            classes: BTreeSet::from([Class::Urgent, Class::Bulk]),
            return_address: Some("back@school.example".parse().unwrap()),
            largest_message: 1,
            recipients: 2,
            waiting: 3,
            per_minute: Some(4),
        };
        assert_eq!(settings, all);
        SettingsChange::default().apply(&mut settings).unwrap();
        assert_eq!(settings, all, "nothing is named");
        let reset = SettingName::value_variants().iter().copied().collect();
        let change = SettingsChange { reset, recipients: Some(9), ..SettingsChange::default() };
        change.apply(&mut settings).unwrap();
        let nine = ApplicationSettings { recipients: 9, ..ApplicationSettings::default() };
        assert_eq!(settings, nine);
        let late = SettingsChange { seen: Some(Box::new(all)), ..everything() }.apply(&mut settings);
        assert!(matches!(late, Err(Error::Changed)), "{late:?}");
        assert_eq!(settings, nine, "they were others when they were seen");
    }

    #[test]
    fn a_secret_is_not_printed_by_accident() {
        let secret = Secret("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"hunter2\"");
    }
}

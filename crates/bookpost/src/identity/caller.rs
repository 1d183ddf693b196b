//! Somebody who may hand in mail, and what exactly.

use std::sync::Arc;

use mail::{Address, ReversePath};
use store::{AllowedFrom, ApplicationId, ApplicationSettings, Class, KeyId, Kind, Row};

use super::applications::Refusal;

/// An application, as it was when it was asked for.
#[derive(Debug, Clone)]
pub struct Caller {
    pub(super) application: Arc<Known>,
    pub(super) key: Option<KeyId>,
}

/// What is known of an application.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) id: ApplicationId,
    pub(super) name: String,
    pub(super) settings: ApplicationSettings,
    /// The settings' own, or the addresses of its sites; None: any.
    pub(super) from: Option<Vec<AllowedFrom>>,
    /// Why nothing is accepted from it.
    pub(super) closed: Option<Refusal>,
}

/// What a caller may ask of a message over an API.
#[derive(Debug, Clone, Copy)]
pub enum Action<'a> {
    /// See this one.
    Read(&'a Row),
    /// Not send this one after all.
    Cancel(&'a Row),
}

/// Where a message names an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// As who writes it.
    From,
    /// As who sends it, or sends it on: a field of the header with this name.
    Header(&'static str),
    /// As where it is returned to.
    ReversePath,
}

/// What it may not, in words for whoever runs the application.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is none, or it is another's: which of them is nobody's business.
    #[error("there is no such message")]
    NotFound,
    /// This may not stand there.
    #[error(
        "{application} may not send as {from}; whoever runs Bookpost can allow it: bookpost programs change"
    )]
    From {
        /// Who asked.
        application: String,
        /// For this.
        from: Address,
        /// There.
        field: Field,
    },
    /// It may not send for this site.
    #[error("{application} may not send for the site {site}")]
    Site {
        /// Who asked.
        application: String,
        /// For this.
        site: String,
    },
    /// Its mail may not name this class.
    #[error("{application} may not send {} mail", class_name(*class))]
    Class {
        /// Who asked.
        application: String,
        /// For this.
        class: Class,
    },
    /// The message is too large.
    #[error("the message has {bytes} bytes, and {application} may send {most} at most")]
    TooLarge {
        /// Who asked.
        application: String,
        /// So many bytes.
        bytes: u64,
        /// So many may be.
        most: u64,
    },
    /// The message has too many recipients.
    #[error("the message is for {recipients} recipients, and {application} may write to {most} at a time")]
    TooManyRecipients {
        /// Who asked.
        application: String,
        /// So many.
        recipients: usize,
        /// So many may be.
        most: u32,
    },
}

impl Caller {
    /// The application's id.
    pub fn id(&self) -> ApplicationId {
        self.application.id
    }

    /// The application's name, which its messages have.
    pub fn name(&self) -> &str {
        &self.application.name
    }

    /// The key that was shown; `None` for a door that only this computer can use.
    pub fn key(&self) -> Option<&KeyId> {
        self.key.as_ref()
    }

    /// Its settings: the limits that a greeting announces, and the default return address.
    pub fn settings(&self) -> &ApplicationSettings {
        &self.application.settings
    }

    /// What it may ask for. Whatever key it has, these are its own messages, and no others: what Bookpost itself made is nobody's,
    /// whatever an application is called.
    pub fn may(&self, action: Action<'_>) -> Result<(), Denied> {
        match action {
            Action::Read(row) | Action::Cancel(row) if self.owns(row) => Ok(()),
            Action::Read(_) | Action::Cancel(_) => Err(Denied::NotFound),
        }
    }

    fn owns(&self, row: &Row) -> bool {
        row.application == self.name() && row.kind == Kind::Mail && row.run.is_none()
    }

    /// Whether this may stand in From.
    pub fn may_send_from(&self, from: &Address) -> Result<(), Denied> {
        self.may_name(Field::From, from)
    }

    /// Whether this may stand there.
    pub fn may_name(&self, field: Field, address: &Address) -> Result<(), Denied> {
        if self.covers(address) {
            return Ok(());
        }
        Err(Denied::From { application: self.name().to_owned(), from: address.clone(), field })
    }

    fn covers(&self, address: &Address) -> bool {
        self.application.from.as_ref().is_none_or(|all| all.iter().any(|allowed| allowed.covers(address)))
    }

    /// Where mail of it goes that cannot be delivered: as it asks, where it may send from there; else its return address. Who asks
    /// for no reports gets none.
    pub fn reverse_path(&self, asked: &ReversePath) -> Result<ReversePath, Denied> {
        match (asked, &self.settings().return_address) {
            (ReversePath::Address(address), Some(usual)) if !self.covers(address) => {
                Ok(ReversePath::Address(usual.clone()))
            }
            (ReversePath::Address(address), None) => {
                self.may_name(Field::ReversePath, address).map(|()| asked.clone())
            }
            _ => Ok(asked.clone()),
        }
    }

    /// Whether it may send for this site.
    pub fn may_send_for(&self, site: &str) -> Result<(), Denied> {
        let sites = &self.settings().sites;
        if sites.is_empty() || sites.iter().any(|allowed| allowed == site) {
            return Ok(());
        }
        Err(Denied::Site { application: self.name().to_owned(), site: site.to_owned() })
    }

    /// The class of a message that asks for this one, or for none.
    pub fn class(&self, asked: Option<Class>) -> Result<Class, Denied> {
        let settings = self.settings();
        match asked {
            None => Ok(settings.class),
            Some(class) if class == settings.class || settings.classes.contains(&class) => Ok(class),
            Some(class) => Err(Denied::Class { application: self.name().to_owned(), class }),
        }
    }

    /// Whether a message may be so large and be for so many.
    pub fn takes(&self, bytes: u64, recipients: usize) -> Result<(), Denied> {
        let (application, settings) = (self.name().to_owned(), self.settings());
        if bytes > settings.largest_message {
            return Err(Denied::TooLarge { application, bytes, most: settings.largest_message });
        }
        // More than may ever wait would be asked to come later for ever.
        let most = settings.recipients.min(u32::try_from(settings.waiting).unwrap_or(u32::MAX));
        if u32::try_from(recipients).is_ok_and(|recipients| recipients <= most) {
            return Ok(());
        }
        Err(Denied::TooManyRecipients { application, recipients, most })
    }
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Urgent => "urgent",
        Class::Normal => "normal",
        Class::Bulk => "bulk",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;
    use store::{RecipientId, RunId, State};

    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    fn caller(settings: ApplicationSettings) -> Caller {
        let from = Some(settings.from.clone());
        let application =
            Known { id: ApplicationId(1), name: "cron".to_owned(), settings, from, closed: None };
        Caller { application: Arc::new(application), key: None }
    }

    fn row(application: &str, kind: Kind, run: Option<RunId>) -> Row {
        let recipient = RecipientId(65_536);
        Row {
            recipient,
            message: recipient.message(),
            kind,
            door: None,
            class: Class::Normal,
            practice: false,
            application: application.to_owned(),
            site: None,
            run,
            reverse_path: ReversePath::Null,
            to: address("p@example.org").into(),
            subject: String::new(),
            message_id: String::new(),
            tags: Vec::new(),
            patron: None,
            size: 0,
            state: State::Waiting,
            accepted_at: Timestamp::UNIX_EPOCH,
            first_due_at: Timestamp::UNIX_EPOCH,
            due_at: None,
            expires_at: Timestamp::UNIX_EPOCH,
            aside_at: None,
            settled_at: None,
            in_doubt_at: None,
            attempts: 0,
            strikes: 0,
            reason: None,
            reported_in: None,
            outdated: None,
            answer: None,
        }
    }

    /// Which key may do what.
    #[test]
    fn a_caller_has_its_own_messages_and_knows_of_no_others() {
        let caller = caller(ApplicationSettings::default());
        for (row, expected) in [
            (row("cron", Kind::Mail, None), Ok(())),
            (row("Textbook Tracker", Kind::Mail, None), Err(Denied::NotFound)),
            (row("CRON", Kind::Mail, None), Err(Denied::NotFound)),
            (row("", Kind::Mail, None), Err(Denied::NotFound)),
            (row("cron", Kind::Mail, Some(RunId(1))), Err(Denied::NotFound)),
            (row("cron", Kind::Report, None), Err(Denied::NotFound)),
            (row("cron", Kind::Alarm, None), Err(Denied::NotFound)),
        ] {
            for action in [Action::Read(&row), Action::Cancel(&row)] {
                assert_eq!(caller.may(action), expected, "{action:?}");
            }
        }
    }

    #[test]
    fn what_may_be_asked_of_a_message() {
        let caller = caller(ApplicationSettings {
            from: vec!["desk@library.example".parse().unwrap(), "@school.example".parse().unwrap()],
            sites: vec!["MAIN".to_owned()],
            class: Class::Bulk,
            classes: BTreeSet::from([Class::Normal]),
            largest_message: 100,
            recipients: 2,
            ..ApplicationSettings::default()
        });
        for (from, may) in [
            ("desk@library.example", true),
            ("anyone@school.example", true),
            ("principal@library.example", false),
        ] {
            assert_eq!(caller.may_send_from(&address(from)).is_ok(), may, "{from}");
        }
        for (site, may) in [("MAIN", true), ("EAST", false), ("", false)] {
            assert_eq!(caller.may_send_for(site).is_ok(), may, "{site}");
        }
        for (asked, class) in [
            (None, Some(Class::Bulk)),
            (Some(Class::Bulk), Some(Class::Bulk)),
            (Some(Class::Normal), Some(Class::Normal)),
            (Some(Class::Urgent), None),
        ] {
            assert_eq!(caller.class(asked).ok(), class, "{asked:?}");
        }
        for (bytes, recipients, takes) in [(100, 2, true), (101, 2, false), (100, 3, false), (0, 0, true)] {
            assert_eq!(caller.takes(bytes, recipients).is_ok(), takes, "{bytes} {recipients}");
        }
    }

    #[test]
    fn what_cannot_be_delivered_goes_to_an_address_of_its_own() {
        let with = |return_address: Option<&str>| {
            let from = vec!["@school.example".parse().unwrap()];
            let return_address = return_address.map(address);
            caller(ApplicationSettings { from, return_address, ..ApplicationSettings::default() })
        };
        let path = |text: &str| ReversePath::Address(address(text));
        let (strict, usual) = (with(None), with(Some("returns@library.example")));
        for (asked, of_strict, of_usual) in [
            (path("a@school.example"), Some(path("a@school.example")), path("a@school.example")),
            (path("a@bank.example"), None, path("returns@library.example")),
            (ReversePath::Null, Some(ReversePath::Null), ReversePath::Null),
        ] {
            assert_eq!(strict.reverse_path(&asked).ok(), of_strict, "{asked:?}");
            assert_eq!(usual.reverse_path(&asked), Ok(of_usual), "{asked:?}");
        }
    }

    #[test]
    fn without_a_list_of_sites_all_may_be_named() {
        assert_eq!(caller(ApplicationSettings::default()).may_send_for("EAST"), Ok(()));
    }
}

//! From a request to an import and a wording that fit together, and from a planned notice to a message.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{Timestamp, civil::Date, tz::Offset};
use mail::{
    Address, Envelope, Recipient, ReversePath,
    message::{AutoSubmitted, Mailbox, NewMail, Picture, message_id},
};
use rand::{RngExt, rngs::StdRng};
use store::{
    Class, Door, Kind, LedgerKey, LeftOut, LeftOutWhy, Logo, NewMessage, NewNotice, NoticeKind, RunId,
    TO_TEACHER,
};

use super::{Chosen, Known, Refusal, TO_GUARDIANS, left_out, logo};
use crate::{
    cli::control::{Failure, RunRequest},
    config::{Config, Site},
    notices::{
        self, BUILT_IN, DateFormat, Form, Guardians, Import, ImportError, ImportOptions, Outline, Plan,
        PlannedNotice, TeacherList, Template,
        import::{Aliases, DateOrder},
        returned::{Newest, Replaceable},
        saved::Notice,
    },
};

const DAY: Duration = Duration::from_hours(24);

/// Why an export is not ready to be run.
#[derive(Debug)]
pub enum Unready {
    /// It cannot be read, or not without being told more.
    Import(ImportError),
    /// A part of it is missing on the disk.
    NotWhole,
    /// The notice of this name is switched off.
    Off(String),
    /// Something else is wrong, in plain English.
    Other(Failure, String),
}

impl From<Unready> for Refusal {
    fn from(unready: Unready) -> Self {
        match unready {
            Unready::Import(error) => Self(Failure::Data, error.to_string()),
            Unready::NotWhole => Self(Failure::Data, "a part of the file is missing".to_owned()),
            Unready::Off(slug) => {
                let todo = format!("switch it on with: bookpost notices on {slug}");
                Self(Failure::Usage, format!("the notice {slug} is switched off; {todo}"))
            }
            Unready::Other(failure, message) => Self(failure, message),
        }
    }
}

impl From<store::Error> for Unready {
    fn from(error: store::Error) -> Self {
        Self::Other(Failure::Temporary, error.to_string())
    }
}

impl From<Refusal> for Unready {
    fn from(Refusal(failure, message): Refusal) -> Self {
        Self::Other(failure, message)
    }
}

/// An export that was read, with all that is needed to write its notices.
pub(super) struct Prepared {
    pub(super) import: Import,
    sites: Vec<Site>,
    form: Form,
    /// The notice, by which the ledger knows it.
    pub(super) slug: String,
    /// The sites that the run is limited to; none: to none.
    pub(super) only: BTreeSet<String>,
    /// Those that the notice is not for, of those whose people whoever runs it may know.
    pub(super) beyond: BTreeSet<String>,
    /// By which the export is known again (SHA-256).
    pub(super) digest: Vec<u8>,
    /// None: once only.
    pub(super) repeat: Option<Duration>,
}

impl Prepared {
    /// Reads the export and the wording.
    pub(super) fn new(
        config: &Config,
        export: &[u8],
        request: &RunRequest,
        only: BTreeSet<String>,
        known: &Known,
        chosen: &Chosen,
    ) -> Result<Self, Unready> {
        let beyond = chosen.beyond(config, &only);
        let (only, form) = (chosen.only(only)?, chosen.form(config, request)?);
        let options = ImportOptions { kind: form.kind, ..options(config, request, known)? };
        let mut import = notices::read(export, &options).map_err(Unready::Import)?;
        if let Some(site) = request.site.as_ref().or(config.notices.default_site.as_ref()) {
            name_the_site(config, &mut import, site)?;
        }
        let repeat = match request.repeat_days {
            _ if request.again => Some(Duration::ZERO),
            Some(days) => after(days),
            None => match chosen.settings().repeat_days {
                Some(days) => after(days),
                None => config.notices.repeat,
            },
        };
        let (sites, slug) = (config.sites.clone(), chosen.slug().to_owned());
        let digest = digest(&SHA256, export).as_ref().to_vec();
        Ok(Self { import, sites, form, slug, only, beyond, digest, repeat })
    }

    /// All that is wrong with column names and wordings, one fault a line.
    pub(super) fn faults(config: &Config) -> Vec<String> {
        let of_wording = |wording| template(config, &RunRequest { wording, ..RunRequest::default() }).err();
        let wordings = std::iter::once(None).chain(own_wordings(config).into_iter().map(Some));
        let refusals = options(config, &RunRequest::default(), &Known::default())
            .err()
            .into_iter()
            .chain(wordings.filter_map(of_wording));
        let mut faults = Vec::new();
        for Refusal(_, message) in refusals {
            // The wording that is used may be one of the library's own.
            if !faults.contains(&message) {
                faults.push(message);
            }
        }
        faults
    }

    /// As of `today`, on which no item due is overdue yet.
    pub(super) fn plan(&self, today: Date) -> Plan<'_> {
        notices::plan(&self.import, &self.sites, &self.form, today, &self.only, &self.beyond)
    }

    /// What it says of earlier notices, if it was made at `of`.
    pub(super) fn newest(&self, of: Timestamp, today: Date) -> Newest {
        Newest::of(&self.bare(today), of)
    }

    /// Whether a notice of this one in wait says to the same people what this run says to them more recently: about as much, to the same
    /// kind of addresses, under another name.
    pub(super) fn is_alike(&self, other: &Notice) -> bool {
        let settings = &other.settings;
        other.slug != self.slug
            && settings.kind == self.form.kind
            && settings.recipients == self.form.recipients
    }

    /// What people call a library.
    pub(super) fn site_name(&self, code: &str) -> String {
        let site = self.sites.iter().find(|site| site.code == code);
        site.map_or(code, |site| &site.name).to_owned()
    }

    /// For whom notices are, by their places in the import.
    pub(super) fn outlines(&self, places: &[usize], today: Date) -> impl Iterator<Item = Outline<'_>> {
        let plan = self.bare(today);
        places.iter().filter_map(move |&at| plan.outline(at))
    }

    /// The notice of one patron, by their place in the import.
    pub(super) fn notice(&self, at: usize, today: Date) -> Option<Result<PlannedNotice<'_>, LeftOut>> {
        self.bare(today).notice(at)
    }

    /// The lists for teachers, of those of whom something is new.
    pub(super) fn lists(
        &self,
        today: Date,
        lately: &HashSet<LedgerKey>,
        replaceable: &Replaceable,
    ) -> Vec<TeacherList> {
        self.bare(today).written_lists(lately, replaceable)
    }

    /// One of them as a mail.
    pub(super) fn listed(&self, list: &TeacherList, today: Date) -> Option<PlannedNotice<'_>> {
        self.bare(today).listed(list)
    }

    /// What teachers could be told, as the ledger knows it.
    pub(super) fn teacher_keys(&self) -> Vec<LedgerKey> {
        let wanted = self.form.recipients.teacher;
        if wanted { self.bare(Date::MIN).teacher_keys().collect() } else { Vec::new() }
    }

    /// Whether teachers get lists.
    pub(super) fn is_for_teachers(&self) -> bool {
        self.form.recipients.teacher
    }

    fn bare(&self, today: Date) -> Plan<'_> {
        Plan::bare(&self.import, &self.sites, &self.form, today, &self.only)
    }

    /// Usable lines of the export.
    pub(super) fn lines(&self) -> u64 {
        self.import.patrons.iter().map(|patron| patron.items.len() as u64).sum()
    }

    /// Where the notice of a patron goes, by their place in the import.
    pub(super) fn addresses(&self, at: usize) -> Cow<'_, [Address]> {
        self.import.patrons.get(at).map_or_else(Cow::default, |patron| self.form.addresses(patron))
    }

    pub(super) fn patrons(&self) -> u64 {
        self.import.patrons.len() as u64
    }
}

/// 0: once only.
fn after(days: u64) -> Option<Duration> {
    (days > 0).then(|| DAY * u32::try_from(days).unwrap_or(u32::MAX))
}

pub(super) fn options(
    config: &Config,
    request: &RunRequest,
    known: &Known,
) -> Result<ImportOptions, Refusal> {
    let usage = |message: String| Refusal(Failure::Usage, message);
    let encoding = request.encoding.as_deref().map(|label| {
        encoding_rs::Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            usage(format!("no encoding is called {label:?}; usual are utf-8, windows-1252, macintosh"))
        })
    });
    let dates = request.dates.as_ref().or(config.notices.dates.as_ref());
    let dates = dates.map(|text| text.parse::<DateOrder>().map_err(|error| usage(error.clone())));
    let delimiter = request.delimiter.map(|c| {
        notices::import::Delimiter::of(c).ok_or_else(|| {
            usage(format!("{c:?} cannot stand between cells; it is a comma, a semicolon or a tab"))
        })
    });
    let aliases = match &config.notices.aliases {
        None => Aliases::default(),
        Some(path) => {
            let broken = |error: String| Refusal(Failure::Config, format!("{}: {error}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|error| broken(error.to_string()))?;
            Aliases::with_overrides(&text).map_err(|error| broken(error.to_string()))?
        }
    };
    Ok(ImportOptions {
        encoding: encoding.transpose()?,
        delimiter: delimiter.transpose()?,
        dates: dates.transpose()?,
        sheet: request.sheet.clone(),
        aliases,
        columns: request.columns.clone(),
        kind: NoticeKind::default(),
        known: Arc::clone(known),
    })
}

/// Rows without a branch belong to this site.
fn name_the_site(config: &Config, import: &mut Import, site: &str) -> Result<(), Refusal> {
    if !config.sites.iter().any(|known| known.code == site) {
        return Err(Refusal(Failure::Usage, format!("no library here has the code {site:?}")));
    }
    for branch in import.branches.iter_mut().filter(|branch| branch.trim().is_empty()) {
        *branch = site.into();
    }
    Ok(())
}

pub(super) fn template(config: &Config, request: &RunRequest) -> Result<Template, Refusal> {
    let name = request.wording.as_ref().unwrap_or(&config.notices.wording);
    let broken = |error: notices::TemplateError| Refusal(Failure::Config, error.to_string());
    if let Some(templates) = &config.notices.templates {
        let base = BUILT_IN.iter().find(|(built_in, _)| built_in == name).map(|(_, sources)| *sources);
        return Template::from_folder(&templates.join(name), base, DateFormat::Long).map_err(broken);
    }
    let unknown = || {
        let known = BUILT_IN.map(|(name, _)| name).join(", ");
        Refusal(Failure::Usage, format!("there is no wording {name:?}; built in are: {known}"))
    };
    Template::built_in(name, DateFormat::Long).ok_or_else(unknown)?.map_err(broken)
}

/// The folders beneath `notices.templates`, which a run can ask for by name.
fn own_wordings(config: &Config) -> Vec<String> {
    let folders =
        config.notices.templates.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut names: Vec<String> = folders
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

/// Makes messages of one run.
pub(super) struct Mailer {
    /// None: it is of no run.
    pub(super) run: Option<RunId>,
    pub(super) practice: bool,
    pub(super) class: Class,
    pub(super) door: Door,
    pub(super) host: String,
    pub(super) now: Timestamp,
    /// For sites that have no time zone of their own.
    pub(super) offset: Offset,
    pub(super) expires_at: Timestamp,
    /// By the codes of their sites.
    pub(super) logos: BTreeMap<String, Logo>,
    pub(super) dice: StdRng,
}

impl Mailer {
    /// The message of one notice, with its ledger keys; or the patron as left out, because it cannot be built.
    pub(super) fn message(&mut self, notice: &PlannedNotice<'_>) -> Result<NewNotice, LeftOut> {
        self.build(notice)
            .map_err(|why| left_out(LeftOutWhy::NotMade, &notice.patron, Some(&notice.site.code), why.into()))
    }

    fn build(&mut self, notice: &PlannedNotice<'_>) -> Result<NewNotice, String> {
        let site = notice.site;
        let id = message_id(self.dice.random(), &self.host);
        // The others get mails of their own, in which they stand instead (`deliver::letter`).
        let name = Some(&notice.patron.name).filter(|name| !name.is_empty() && !notice.guardians.only());
        let addressee = |address: &Address| Mailbox { name: name.cloned(), address: address.clone() };
        let (html, pictures) = match self.logos.get(&site.code) {
            Some(logo) => with_logo(notice, logo, format!("logo.{id}")),
            None => (notice.html.clone(), Vec::new()),
        };
        let mail = NewMail {
            from: Mailbox { name: Some(site.name.clone()), address: notice.from.clone() },
            reply_to: site.reply_to.clone().map(|address| Mailbox { name: Some(site.name.clone()), address }),
            to: notice.to.iter().take(1).map(addressee).collect(),
            cc: Vec::new(),
            subject: notice.subject.clone(),
            text: notice.text.clone(),
            html: Some(html),
            pictures,
            attachments: Vec::new(),
            headers: Vec::new(),
            auto_submitted: Some(AutoSubmitted::Generated),
            list_id: None,
            message_id: id.clone(),
            date: self.now,
            offset: site.time_zone.as_ref().map_or(self.offset, |zone| zone.to_offset(self.now)),
        };
        let bytes = mail.build().map_err(|error| error.to_string())?;
        let returns = site.returns_to().unwrap_or(notice.from).clone();
        let recipients = notice.to.iter().cloned().map(Recipient::from).collect();
        let envelope =
            Envelope::new(ReversePath::Address(returns), recipients).map_err(|error| error.to_string())?;
        let to_guardians = notice.guardians != Guardians::None;
        let tags = [notice.is_list.then_some(TO_TEACHER), to_guardians.then_some(TO_GUARDIANS)];
        let message = NewMessage {
            kind: Kind::Mail,
            door: self.door,
            class: self.class,
            practice: self.practice,
            application: "notices".into(),
            site: Some(site.code.clone()),
            run: self.run,
            envelope,
            message_id: format!("<{id}>"),
            subject: notice.subject.clone(),
            tags: tags.into_iter().flatten().map(str::to_owned).collect(),
            patron: (!notice.is_list).then(|| notice.patron.clone()),
            bytes: bytes.into(),
            first_due_at: self.now,
            expires_at: self.expires_at,
            lease: None,
        };
        let (keys, elsewhere) = (notice.keys.clone(), notice.elsewhere.clone());
        Ok(NewNotice { message, keys, elsewhere, replaces: Vec::new() })
    }
}

fn with_logo(notice: &PlannedNotice<'_>, logo: &Logo, content_id: String) -> (String, Vec<Picture>) {
    let html = logo::shown(&notice.html, &format!("cid:{content_id}"), &notice.site.name, logo);
    let Logo { media_type, bytes } = logo.clone();
    (html, vec![Picture { content_id, media_type, content: bytes }])
}

/// A notice as a person reads it on the console.
pub(super) fn as_text(notice: &PlannedNotice<'_>) -> String {
    let to: Vec<_> = notice.to.iter().map(ToString::to_string).collect();
    format!(
        "From: {} <{}>\nTo: {}\nSubject: {}\n\n{}",
        notice.site.name,
        notice.from,
        to.join(", "),
        notice.subject,
        notice.text
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{SAMPLE, Surroundings, check_text};

    fn with_templates(folder: &std::path::Path) -> Config {
        let setting = format!("[notices]\ntemplates = {folder:?}\n");
        let around = Surroundings::given([], Some("books.library.example"));
        check_text(&SAMPLE.replace("[notices]\n", &setting), None, &around).unwrap().config
    }

    #[test]
    fn own_wordings_never_give_way_to_built_in_ones_in_silence() {
        let folder = tempfile::tempdir().unwrap();
        let config = with_templates(folder.path());
        let said = |config: &Config| Prepared::faults(config).pop();
        let write = |name: &str| {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
            for file in ["subject.txt", "body.txt", "body.html"] {
                std::fs::write(folder.path().join(name).join(file), "our own words").unwrap();
            }
        };
        let overdue = folder.path().join("overdue");
        assert!(said(&config).unwrap().contains(&overdue.display().to_string()), "{:?}", said(&config));
        write("overdue");
        assert_eq!(said(&config), None);
        // One that only `--wording` asks for is checked as well.
        write("summer");
        let body = folder.path().join("summer/body.html");
        std::fs::write(&body, "{{ greeting }}").unwrap();
        assert!(said(&config).unwrap().starts_with(&body.display().to_string()), "{:?}", said(&config));
        std::fs::write(folder.path().join("overdue/subject.txt"), "{{ greeting }}").unwrap();
        assert_eq!(Prepared::faults(&config).len(), 2, "{:?}", Prepared::faults(&config));
        let request = RunRequest { wording: Some("winter".into()), ..RunRequest::default() };
        let Refusal(_, message) = template(&config, &request).err().unwrap();
        assert!(message.contains("winter"), "{message}");
    }
}

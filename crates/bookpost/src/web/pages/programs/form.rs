//! The form about a program: what it may do.

use std::collections::BTreeSet;

use clap::ValueEnum as _;
use mail::Address;
use serde::{Deserialize, Serialize};
use store::{
    AllowedFrom, ApplicationName, ApplicationNameError, ApplicationSettings, Class, MOST_RECIPIENTS,
};

use crate::{
    cli::control::{SettingName, SettingsChange},
    config::Site,
    web::pages::{
        field::{Choice, Field, Kind},
        meanwhile::{Entries, merged},
        words::Words,
    },
};

const CLASSES: [(Class, &str); 3] =
    [(Class::Urgent, "urgent"), (Class::Normal, "normal"), (Class::Bulk, "bulk")];
const MEGABYTE: u64 = 1_000_000;
/// In megabytes; what the queue can hold.
const LARGEST: u64 = 1_000;
const MOST_WAITING: u64 = 10_000_000;
const MOST_A_MINUTE: u64 = 1_000_000;

/// As it is filled in.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::web::pages) struct ProgramForm {
    pub(super) name: String,
    pub(super) from: String,
    /// For all libraries, or for those that are ticked. Not one box less must mean all.
    pub(super) reach: String,
    pub(super) site: Vec<String>,
    pub(super) class: String,
    pub(super) classes: Vec<String>,
    pub(super) return_address: String,
    pub(super) largest: String,
    pub(super) recipients: String,
    pub(super) waiting: String,
    pub(super) per_minute: String,
    /// What whoever fills it in has seen.
    pub(super) seen: String,
}

/// What is wrong with each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) name: Option<String>,
    pub(super) from: Option<String>,
    pub(super) site: Option<String>,
    pub(super) return_address: Option<String>,
    pub(super) largest: Option<String>,
    pub(super) recipients: Option<String>,
    pub(super) waiting: Option<String>,
    pub(super) per_minute: Option<String>,
}

/// The settings as somebody saw them, to be compared with how they are when that is sent back.
pub(super) fn seen(settings: &ApplicationSettings) -> String {
    serde_json::to_string(settings).unwrap_or_default()
}

impl ProgramForm {
    /// As a program stands; a new one as is usual.
    pub(super) fn of(name: &str, settings: &ApplicationSettings) -> Self {
        let class = |class: Class| {
            CLASSES.iter().find(|(one, _)| *one == class).map_or("", |(_, name)| name).to_owned()
        };
        let from: Vec<_> = settings.from.iter().map(ToString::to_string).collect();
        // What is finer than a megabyte was set on the command line.
        let largest = settings.largest_message.div_ceil(MEGABYTE);
        Self {
            name: name.to_owned(),
            from: from.join("\n"),
            reach: if settings.sites.is_empty() { "all" } else { "some" }.to_owned(),
            site: settings.sites.clone(),
            class: class(settings.class),
            classes: settings.classes.iter().copied().map(class).collect(),
            return_address: settings.return_address.as_ref().map(ToString::to_string).unwrap_or_default(),
            largest: largest.to_string(),
            recipients: settings.recipients.to_string(),
            waiting: settings.waiting.to_string(),
            per_minute: settings.per_minute.map(|n| n.to_string()).unwrap_or_default(),
            seen: seen(settings),
        }
    }

    fn entries(&self) -> Entries {
        let list = |list: &[String]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            list.join("\n")
        };
        let from = lines(&self.from).collect::<Vec<_>>().join("\n");
        let all = [
            ("from", from),
            ("reach", if self.reach == "some" { "some" } else { "all" }.to_owned()),
            ("site", list(&self.site)),
            ("class", self.class.clone()),
            ("classes", list(&self.classes)),
            ("return_address", self.return_address.clone()),
            ("largest", self.largest.clone()),
            ("recipients", self.recipients.clone()),
            ("waiting", self.waiting.clone()),
            ("per_minute", self.per_minute.clone()),
        ];
        all.map(|(name, text)| (name, text.trim().to_owned())).into()
    }

    /// What it is where somebody else changed the program since; with the fields that both changed, and what stands there.
    pub(super) fn after(
        &self,
        name: &str,
        settings: &ApplicationSettings,
    ) -> (Self, Vec<&'static str>, Entries) {
        let as_seen = serde_json::from_str(&self.seen).map(|seen| Self::of(name, &seen).entries());
        let now = Self::of(name, settings);
        let theirs = now.entries();
        let (entries, both) = merged(&as_seen.unwrap_or_default(), &self.entries(), &theirs);
        let text = |name| entries.get(name).cloned().unwrap_or_default();
        let list = |name| text(name).lines().map(ToOwned::to_owned).collect();
        let form = Self {
            name: now.name,
            from: text("from"),
            reach: text("reach"),
            site: list("site"),
            class: text("class"),
            classes: list("classes"),
            return_address: text("return_address"),
            largest: text("largest"),
            recipients: text("recipients"),
            waiting: text("waiting"),
            per_minute: text("per_minute"),
            seen: now.seen,
        };
        (form, both, theirs)
    }

    /// The name of a new one; `taken` are those of others.
    pub(super) fn name(&self, words: &Words, taken: &[ApplicationName]) -> Result<ApplicationName, String> {
        let name: ApplicationName = self.name.parse().map_err(|error| {
            words.t(match error {
                ApplicationNameError::Empty => "program-no-name",
                ApplicationNameError::TooLong => "program-long-name",
                ApplicationNameError::Control => "program-odd-name",
            })
        })?;
        let same = |one: &&ApplicationName| one.as_str().eq_ignore_ascii_case(name.as_str());
        match taken.iter().find(same) {
            Some(_) => Err(words.t("program-name-taken")),
            None => Ok(name),
        }
    }

    /// What it means; all that it does not say is as usual. A size that stays as it was shown stays to the byte.
    pub(super) fn read(
        &self,
        words: &Words,
        sites: &[(String, String)],
        before: &ApplicationSettings,
    ) -> Result<SettingsChange, Box<Faults>> {
        let from: Result<Vec<AllowedFrom>, _> = lines(&self.from).map(str::parse).collect();
        let returns = Some(self.return_address.trim()).filter(|text| !text.is_empty());
        let returns = returns.map(Address::parse).transpose();
        let ticked: Vec<_> =
            sites.iter().map(|(code, _)| code).filter(|code| self.site.contains(code)).cloned().collect();
        let some = self.reach == "some";
        let number = |text: &str, most: u64, key| {
            let number = text.trim().parse::<u64>().ok().filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| words.with(key, &[("most", &words.number(most))]))
        };
        let (largest, recipients) = (
            number(&self.largest, LARGEST, "program-bad-number"),
            number(&self.recipients, MOST_RECIPIENTS as u64, "program-bad-number"),
        );
        let waiting = number(&self.waiting, MOST_WAITING, "program-bad-number");
        let per_minute = match self.per_minute.trim() {
            "" => Ok(None),
            text => number(text, MOST_A_MINUTE, "program-bad-number").map(Some),
        };
        let none_ticked = some && ticked.is_empty();
        match (from, returns, largest, recipients, waiting, per_minute) {
            (Ok(from), Ok(return_address), Ok(largest), Ok(recipients), Ok(waiting), Ok(per_minute))
                if !none_ticked =>
            {
                let unchanged = before.largest_message.div_ceil(MEGABYTE) == largest;
                Ok(SettingsChange {
                    seen: None,
                    reset: SettingName::value_variants().iter().copied().collect(),
                    from: Some(from),
                    sites: Some(if some { ticked } else { Vec::new() }),
                    classes: Some(self.read_classes()),
                    return_address,
                    largest_message: Some(if unchanged {
                        before.largest_message
                    } else {
                        largest * MEGABYTE
                    }),
                    recipients: u32::try_from(recipients).ok(),
                    waiting: Some(waiting),
                    per_minute: per_minute.and_then(|number| u32::try_from(number).ok()),
                })
            }
            (from, returns, largest, recipients, waiting, per_minute) => Err(Box::new(Faults {
                name: None,
                from: from.is_err().then(|| words.t("program-bad-from")),
                site: none_ticked.then(|| words.t("program-bad-sites")),
                return_address: returns.is_err().then(|| words.t("library-bad-address")),
                largest: largest.err(),
                recipients: recipients.err(),
                waiting: waiting.err(),
                per_minute: per_minute.err(),
            })),
        }
    }

    /// The first is that of mail which names none.
    fn read_classes(&self) -> Vec<Class> {
        let named = |name: &str| CLASSES.iter().find(|(_, known)| *known == name).map(|(class, _)| *class);
        let first = named(&self.class).unwrap_or(Class::Normal);
        let also: BTreeSet<_> = self.classes.iter().filter_map(|name| named(name)).collect();
        std::iter::once(first).chain(also.into_iter().filter(|class| *class != first)).collect()
    }

    /// `new`: it has no name yet.
    pub(super) fn fields(
        &self,
        words: &Words,
        sites: &[(String, String)],
        faults: Faults,
        new: bool,
    ) -> Vec<Field> {
        let field = |name, key| Field::new(name, words.t(key));
        let choice = |value: &str, text, chosen| Choice { value: value.to_owned(), text, chosen };
        let name = field("name", "program-name")
            .value(&*self.name)
            .hint(words.t("program-name-hint"))
            .problem(faults.name)
            .required();
        let from = field("from", "program-from")
            .kind(Kind::Lines)
            .value(&*self.from)
            .hint(words.t("program-from-hint"))
            .help(words.t("program-from-help"))
            .problem(faults.from);
        let mut all: Vec<_> = new.then_some(name).into_iter().chain([from]).collect();
        if sites.len() > 1 || !self.site.is_empty() {
            let some = self.reach == "some";
            let reach = vec![
                choice("all", words.t("queue-all-sites"), !some),
                choice("some", words.t("program-some-sites"), some),
            ];
            let each = sites.iter().map(|(code, name)| choice(code, name.clone(), self.site.contains(code)));
            all.push(field("reach", "program-sites").kind(Kind::OneOf(reach)));
            let these = field("site", "program-these-sites").kind(Kind::AnyOf(each.collect()));
            all.push(these.problem(faults.site));
        }
        all.push(
            field("return_address", "program-returns")
                .kind(Kind::Line("email"))
                .value(&*self.return_address)
                .hint(words.t("program-returns-hint"))
                .problem(faults.return_address),
        );
        all
    }

    /// What few change.
    pub(super) fn limits(&self, words: &Words, faults: &Faults) -> Vec<Field> {
        let field = |name, key| Field::new(name, words.t(key));
        let classes = |chosen: &dyn Fn(&str) -> bool| {
            let one = |(class, name): (Class, &str)| Choice {
                value: name.to_owned(),
                text: class_in_words(words, class),
                chosen: chosen(name),
            };
            CLASSES.map(one).into()
        };
        let number = |name, key, value: &str, most, problem: &Option<String>| {
            let kind = Kind::Number { least: 1, most };
            field(name, key).kind(kind).value(value).problem(problem.clone())
        };
        vec![
            field("class", "program-class")
                .kind(Kind::OneOf(classes(&|name| name == self.class)))
                .help(words.t("program-class-help")),
            field("classes", "program-classes")
                .kind(Kind::AnyOf(classes(&|name| self.classes.iter().any(|one| one == name))))
                .hint(words.t("program-classes-hint")),
            number("largest", "program-largest-mb", &self.largest, LARGEST, &faults.largest),
            number(
                "recipients",
                "program-recipients",
                &self.recipients,
                MOST_RECIPIENTS as u64,
                &faults.recipients,
            ),
            number("waiting", "program-waiting", &self.waiting, MOST_WAITING, &faults.waiting)
                .help(words.t("program-waiting-help")),
            number("per_minute", "program-per-minute", &self.per_minute, MOST_A_MINUTE, &faults.per_minute)
                .hint(words.t("program-per-minute-hint")),
        ]
    }

    /// Something is wrong with what few change.
    pub(super) fn limits_are_wrong(faults: &Faults) -> bool {
        [&faults.largest, &faults.recipients, &faults.waiting, &faults.per_minute]
            .iter()
            .any(|one| one.is_some())
    }
}

/// Standing alone.
pub(super) fn class_in_words(words: &Words, class: Class) -> String {
    words.t(match class {
        Class::Urgent => "program-class-first",
        Class::Normal => "program-class-normal",
        Class::Bulk => "program-class-large",
    })
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '\n', ' ']).map(str::trim).filter(|line| !line.is_empty())
}

/// Libraries that can be ticked, by code and name: those there are, and those that the program is limited to.
pub(super) fn sites(known: &[Site], settings: &ApplicationSettings) -> Vec<(String, String)> {
    let mut all: Vec<_> = known.iter().map(|site| (site.code.clone(), site.name.clone())).collect();
    for code in &settings.sites {
        if !all.iter().any(|(known, _)| known == code) {
            all.push((code.clone(), code.clone()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    fn all_sites() -> Vec<(String, String)> {
        ["MAIN", "EAST"].map(|code| (code.to_owned(), code.to_owned())).into()
    }

    #[test]
    fn a_program_is_read_as_it_is_shown() {
        let settings = ApplicationSettings {
            from: vec!["desk@library.example".parse().unwrap(), "@school.example".parse().unwrap()],
            sites: vec!["EAST".to_owned()],
            class: Class::Bulk,
            classes: [Class::Urgent, Class::Bulk].into(),
            return_address: Some("back@library.example".parse().unwrap()),
            largest_message: 500_000,
            recipients: 7,
            waiting: 8,
            per_minute: Some(9),
        };
        for settings in [settings, ApplicationSettings::default()] {
            let form = ProgramForm::of("Tracker", &settings);
            let change = form.read(Language::English.words(), &all_sites(), &settings).unwrap();
            let mut read = ApplicationSettings { recipients: 999, ..ApplicationSettings::default() };
            change.apply(&mut read).unwrap();
            assert_eq!(read, settings, "{form:?}");
        }
    }

    #[test]
    fn no_box_ticked_is_not_all_of_them() {
        let (words, usual) = (Language::English.words(), ApplicationSettings::default());
        let form = ProgramForm { reach: "some".to_owned(), ..ProgramForm::of("x", &usual) };
        assert!(form.read(words, &all_sites(), &usual).unwrap_err().site.is_some());
        let form = ProgramForm { site: vec!["WEST".to_owned()], ..form };
        assert!(form.read(words, &all_sites(), &usual).is_err(), "one that there is not");
    }

    #[test]
    fn what_cannot_be_is_said_at_its_field() {
        let (words, usual) = (Language::English.words(), ApplicationSettings::default());
        let text = |text: &str| text.to_owned();
        let form = ProgramForm {
            from: text("library.example"),
            return_address: text("back"),
            largest: text("0"),
            recipients: text("x"),
            waiting: text(""),
            per_minute: text("-1"),
            ..ProgramForm::default()
        };
        let faults = form.read(words, &[], &usual).unwrap_err();
        assert!(ProgramForm::limits_are_wrong(&faults));
        let all = [
            faults.from,
            faults.return_address,
            faults.largest,
            faults.recipients,
            faults.waiting,
            faults.per_minute,
        ];
        assert!(all.iter().all(Option::is_some), "{all:?}");
        let taken = ["cron".parse().unwrap()];
        for (name, ok) in [("Cron ", false), ("", false), ("a\nb", false), ("cron 2", true)] {
            let form = ProgramForm { name: text(name), ..ProgramForm::default() };
            assert_eq!(form.name(words, &taken).is_ok(), ok, "{name:?}");
        }
    }
}

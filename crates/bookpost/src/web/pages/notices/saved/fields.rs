//! The form that sets a notice up.

use std::collections::BTreeSet;

use serde::Deserialize;
use store::{NoticeKind, NoticeRecipients, NoticeSettings};

use crate::web::pages::{
    field::{Choice, Field, Kind},
    words::Words,
};

/// Letters of a name, and of notes.
const LONGEST_NAME: usize = 80;
const LONGEST_NOTES: usize = 2_000;
/// Days after which an item is written about again, and days ahead.
const MOST_DAYS: u64 = 365;
const MOST_AHEAD: u16 = 60;

/// As it is filled in.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct NoticeForm {
    pub(super) version: i64,
    name: String,
    notes: String,
    on: String,
    favourite: String,
    sites: BTreeSet<String>,
    repeat_days: String,
    without_titles: String,
    days_ahead: String,
    to: BTreeSet<String>,
}

/// What is wrong with each.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    name: Option<String>,
    notes: Option<String>,
    sites: Option<String>,
    repeat_days: Option<String>,
    days_ahead: Option<String>,
    to: Option<String>,
}

/// What the form is about.
pub(super) struct About {
    pub(super) kind: NoticeKind,
    pub(super) built_in: bool,
    /// Code and name of each that can be chosen.
    pub(super) libraries: Vec<(String, String)>,
    /// One of them at least must be: whoever fills it in is limited to them.
    pub(super) limited: bool,
    /// Days after which an item is written about again where the notice says nothing; `None`: never.
    pub(super) repeat_days: Option<u64>,
}

impl NoticeForm {
    /// As a notice stands.
    pub(super) fn of(settings: &NoticeSettings, version: i64) -> Self {
        let yes = |is: bool| if is { "yes".to_owned() } else { String::new() };
        let to = settings.recipients;
        let to = [
            (to.patron, "patron"),
            (to.guardian, "guardian"),
            (to.teacher, "teacher"),
            (to.teacher_titles, "teacher_titles"),
        ];
        Self {
            version,
            name: settings.name.clone(),
            notes: settings.notes.clone(),
            on: yes(settings.on),
            favourite: yes(settings.favourite),
            sites: settings.sites.clone(),
            repeat_days: settings.repeat_days.map(|days| days.to_string()).unwrap_or_default(),
            without_titles: yes(settings.without_titles),
            days_ahead: settings.days_ahead.to_string(),
            to: to.into_iter().filter(|(is, _)| *is).map(|(_, who)| who.to_owned()).collect(),
        }
    }

    /// What it means for a notice that was set up like `before`.
    pub(super) fn read(
        &self,
        words: &Words,
        about: &About,
        before: NoticeSettings,
    ) -> Result<NoticeSettings, Box<Faults>> {
        let long = |text: &str, most: usize| {
            let most_words = u64::try_from(most).unwrap_or(u64::MAX);
            (text.chars().count() > most).then(|| words.count("notice-too-long", most_words))
        };
        let name = self.name.trim();
        let days = self.repeat_days.trim();
        let repeat = (!days.is_empty()).then(|| days.parse::<u64>().ok().filter(|days| *days <= MOST_DAYS));
        let ahead = self.days_ahead.trim().parse::<u16>().ok().filter(|days| *days <= MOST_AHEAD);
        let coming = about.kind == NoticeKind::ComingDue;
        let known = |site: &String| about.libraries.iter().any(|(code, _)| code == site);
        let sites: BTreeSet<_> = self.sites.iter().filter(|site| known(site)).cloned().collect();
        let to = |who| self.to.contains(who);
        let recipients = NoticeRecipients {
            patron: to("patron"),
            guardian: to("guardian"),
            teacher: to("teacher"),
            teacher_titles: to("teacher_titles"),
        };
        let nobody = !recipients.patron && !recipients.guardian;
        let faults = Faults {
            name: (!about.built_in && name.is_empty())
                .then(|| words.t("notice-no-name"))
                .or_else(|| long(name, LONGEST_NAME)),
            notes: long(&self.notes, LONGEST_NOTES),
            sites: (about.limited && sites.is_empty()).then(|| words.t("notice-no-sites")),
            repeat_days: (repeat == Some(None)).then(|| words.count("notice-bad-days", MOST_DAYS)),
            days_ahead: (coming && ahead.is_none())
                .then(|| words.count("notice-bad-days", u64::from(MOST_AHEAD))),
            to: nobody.then(|| words.t("notice-nobody")),
        };
        if faults != Faults::default() {
            return Err(faults.into());
        }
        Ok(NoticeSettings {
            name: if about.built_in { before.name } else { one_line(name) },
            notes: self.notes.trim().replace("\r\n", "\n"),
            on: !self.on.is_empty(),
            favourite: !self.favourite.is_empty(),
            sites,
            repeat_days: repeat.flatten(),
            without_titles: !self.without_titles.is_empty(),
            days_ahead: if coming { ahead.unwrap_or(before.days_ahead) } else { before.days_ahead },
            recipients,
            ..before
        })
    }

    pub(super) fn fields(&self, words: &Words, about: &About, faults: Faults) -> Vec<Field> {
        let field = |name, key| Field::new(name, words.t(key));
        let sites = about.libraries.iter().map(|(code, name)| Choice {
            value: code.clone(),
            text: name.clone(),
            chosen: self.sites.contains(code),
        });
        let to = [
            ("patron", "notice-to-patron"),
            ("guardian", "notice-to-guardian"),
            ("teacher", "notice-to-teacher"),
            ("teacher_titles", "notice-to-teacher-titles"),
        ];
        let to = to.map(|(who, key)| Choice {
            value: who.to_owned(),
            text: words.t(key),
            chosen: self.to.contains(who),
        });
        let name = field("name", "notice-name").value(&*self.name).problem(faults.name).required();
        let ahead = field("days_ahead", "notice-days-ahead")
            .kind(Kind::Number { least: 0, most: u64::from(MOST_AHEAD) })
            .value(&*self.days_ahead)
            .hint(words.t("notice-days-ahead-hint"))
            .problem(faults.days_ahead);
        let repeat_hint = about.repeat_days.map_or_else(
            || words.t("notice-repeat-hint-never"),
            |days| words.count("notice-repeat-hint", days),
        );
        let sites_hint = words.t(if about.limited { "notice-sites-own-hint" } else { "notice-sites-hint" });
        let all = [
            (!about.built_in).then_some(name),
            Some(field("on", "notice-on").kind(Kind::Tick).value(&*self.on)),
            Some(field("favourite", "notice-favourite").kind(Kind::Tick).value(&*self.favourite)),
            (about.kind == NoticeKind::ComingDue).then_some(ahead),
            Some(
                field("repeat_days", "notice-repeat")
                    .value(&*self.repeat_days)
                    .hint(repeat_hint)
                    .problem(faults.repeat_days),
            ),
            Some(
                field("without_titles", "notice-without-titles")
                    .kind(Kind::Tick)
                    .value(&*self.without_titles)
                    .hint(words.t("notice-without-titles-hint")),
            ),
            Some(
                field("to", "notice-recipients")
                    .kind(Kind::AnyOf(to.into()))
                    .hint(words.t("notice-recipients-hint"))
                    .problem(faults.to),
            ),
            (!about.libraries.is_empty()).then(|| {
                field("sites", "notice-sites")
                    .kind(Kind::AnyOf(sites.collect()))
                    .hint(sites_hint)
                    .problem(faults.sites)
            }),
            Some(
                field("notes", "notice-notes")
                    .kind(Kind::Lines)
                    .value(&*self.notes)
                    .hint(words.t("notice-notes-hint"))
                    .problem(faults.notes),
            ),
        ];
        all.into_iter().flatten().collect()
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    fn about(kind: NoticeKind) -> About {
        let libraries = vec![("MAIN".to_owned(), "Main Library".to_owned())];
        About { kind, built_in: false, libraries, limited: false, repeat_days: Some(6) }
    }

    fn settings() -> NoticeSettings {
        NoticeSettings {
            name: "Fines, term end".to_owned(),
            kind: NoticeKind::ComingDue,
            like: "coming-due".to_owned(),
            notes: "By Ann".to_owned(),
            on: true,
            favourite: true,
            sites: ["MAIN".to_owned()].into(),
            repeat_days: Some(0),
            without_titles: true,
            days_ahead: 5,
            recipients: NoticeRecipients {
                patron: false,
                guardian: true,
                teacher: true,
                teacher_titles: true,
            },
        }
    }

    #[test]
    fn a_notice_is_read_as_it_is_shown() {
        let words = Language::English.words();
        let form = NoticeForm::of(&settings(), 3);
        assert_eq!(form.version, 3);
        let before = NoticeSettings {
            kind: NoticeKind::ComingDue,
            like: "coming-due".to_owned(),
            ..NoticeSettings::default()
        };
        assert_eq!(form.read(words, &about(NoticeKind::ComingDue), before).unwrap(), settings());
    }

    #[test]
    fn what_cannot_be_is_said_at_its_field() {
        let words = Language::English.words();
        let text = |text: &str| text.to_owned();
        let form = NoticeForm {
            notes: "x".repeat(LONGEST_NOTES + 1),
            repeat_days: text("soon"),
            days_ahead: text("61"),
            sites: [text("EAST")].into(),
            ..NoticeForm::default()
        };
        let about = About { limited: true, ..about(NoticeKind::ComingDue) };
        let faults = form.read(words, &about, settings()).unwrap_err();
        let wrong = form.fields(words, &about, *faults);
        let wrong: Vec<_> =
            wrong.iter().filter(|field| field.problem.is_some()).map(|field| field.name).collect();
        assert_eq!(wrong, ["name", "days_ahead", "repeat_days", "to", "sites", "notes"]);
    }
}

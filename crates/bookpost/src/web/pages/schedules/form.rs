//! The form about a schedule.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time};
use serde::Deserialize;
use store::{ClosedDays, ExportSource, Reading, Rhythm, SchedulePlan};

use super::said::WEEKDAYS;
use crate::{
    app::schedules::NotScheduled,
    config::Site,
    notices::{
        moments::NoMoments,
        saved::{Notice, USUAL},
    },
    web::pages::{
        field::{Choice, Field, Kind},
        notices::saved_name,
        words::Words,
    },
};

/// How often, with its words.
const RHYTHMS: [(&str, &str); 5] = [
    ("daily", "rhythm-daily"),
    ("weekly", "rhythm-weekly"),
    ("monthly", "rhythm-monthly"),
    ("yearly", "rhythm-yearly"),
    ("once", "rhythm-once"),
];
/// An export may be so old at most.
const MOST_HOURS: u32 = 24 * 366;
const PLACES: [(&str, &str); 2] = [("file", "schedule-is-file"), ("folder", "schedule-is-folder")];
const ORDERS: [(&str, &str); 4] =
    [("", "schedule-dates-found"), ("d/m/y", "order-day"), ("m/d/y", "order-month"), ("y/m/d", "order-year")];

/// As it is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub(super) struct ScheduleForm {
    name: String,
    notice: String,
    place: String,
    path: String,
    rhythm: String,
    weekdays: Vec<String>,
    day: String,
    month: String,
    date: String,
    time: String,
    zone: String,
    closed_weekdays: Vec<String>,
    closed_dates: String,
    sites: Vec<String>,
    dates: String,
    site: String,
    not_older_than: String,
    practice: String,
    /// Of the schedule that was seen.
    pub(super) version: i64,
    /// The moments are to be shown, and nothing is to be kept.
    pub(super) preview: String,
}

/// What is wrong: in which field, and in which words.
pub(super) type Fault = (&'static str, String);

/// Fields that belong together, under a name.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
}

impl ScheduleForm {
    /// To begin with.
    pub(super) fn empty(zone: String) -> Self {
        Self {
            rhythm: "daily".to_owned(),
            notice: USUAL.to_owned(),
            place: "file".to_owned(),
            time: "06:00".to_owned(),
            day: "1".to_owned(),
            zone,
            ..Self::default()
        }
    }

    /// As a schedule stands.
    pub(super) fn of(plan: &SchedulePlan, version: i64) -> Self {
        let numbers = |all: &BTreeSet<i8>| all.iter().map(ToString::to_string).collect();
        let (place, path) = match &plan.source {
            ExportSource::File(path) => ("file", path.display().to_string()),
            ExportSource::Folder(path) => ("folder", path.display().to_string()),
            ExportSource::Command(_) | ExportSource::Shell(_) => ("", String::new()),
        };
        let mut form = Self {
            name: plan.name.clone(),
            notice: plan.notice.clone(),
            place: place.to_owned(),
            path,
            time: plan.time.strftime("%H:%M").to_string(),
            zone: plan.zone.clone(),
            closed_weekdays: numbers(&plan.closed.weekdays),
            closed_dates: plan.closed.dates.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            sites: plan.sites.iter().cloned().collect(),
            dates: plan.reading.dates.clone(),
            site: plan.reading.site.clone(),
            not_older_than: plan.not_older_than.map(|hours| hours.to_string()).unwrap_or_default(),
            practice: if plan.practice { "yes" } else { "" }.to_owned(),
            version,
            ..Self::empty(String::new())
        };
        let rhythm = match &plan.rhythm {
            Rhythm::Once(date) => {
                form.date = date.to_string();
                "once"
            }
            Rhythm::Daily => "daily",
            Rhythm::Weekly(days) => {
                form.weekdays = numbers(days);
                "weekly"
            }
            Rhythm::Monthly(day) => {
                form.day = day.to_string();
                "monthly"
            }
            Rhythm::Yearly(month, day) => {
                (form.month, form.day) = (month.to_string(), day.to_string());
                "yearly"
            }
        };
        rhythm.clone_into(&mut form.rhythm);
        form.zone.clone_from(&plan.zone);
        form
    }

    /// What it means; `before` is what it changes.
    pub(super) fn read(
        &self,
        words: &Words,
        before: Option<&SchedulePlan>,
    ) -> Result<SchedulePlan, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut wrong = |field, key| faults.push((field, words.t(key)));
        if self.name.trim().is_empty() {
            wrong("name", "schedule-no-name");
        }
        let time = self.time.trim().parse::<Time>();
        if time.is_err() {
            wrong("time", "schedule-bad-time");
        }
        let rhythm = self.rhythm();
        if let Err((field, key)) = rhythm {
            wrong(field, key);
        }
        let dates: Result<BTreeSet<Date>, _> = self.closed_dates.split_whitespace().map(str::parse).collect();
        if dates.is_err() {
            wrong("closed_dates", "schedule-bad-dates");
        }
        let not_older_than = match self.not_older_than.trim() {
            "" => Ok(None),
            hours => hours.parse().map(Some),
        };
        if !matches!(not_older_than, Ok(None | Some(1..=MOST_HOURS))) {
            wrong("not_older_than", "schedule-bad-oldest");
        }
        let (Ok(time), Ok(rhythm), Ok(dates), true) = (time, rhythm, dates, faults.is_empty()) else {
            return Err(faults);
        };
        let reading = before.map(|before| before.reading.clone()).unwrap_or_default();
        Ok(SchedulePlan {
            name: self.name.trim().to_owned(),
            notice: Some(&*self.notice).filter(|slug| !slug.is_empty()).unwrap_or(USUAL).to_owned(),
            source: self.source(before),
            rhythm,
            time,
            zone: self.zone.trim().to_owned(),
            closed: ClosedDays { weekdays: numbers(&self.closed_weekdays), dates },
            sites: self.sites.iter().cloned().collect(),
            reading: Reading { dates: self.dates.clone(), site: self.site.clone(), ..reading },
            practice: !self.practice.is_empty(),
            not_older_than: not_older_than.unwrap_or_default(),
        })
    }

    /// A command stays, as only whoever looks after the computer sets one.
    fn source(&self, before: Option<&SchedulePlan>) -> ExportSource {
        let path = self.path.trim();
        match before.map(|before| &before.source) {
            Some(command @ (ExportSource::Command(_) | ExportSource::Shell(_))) if path.is_empty() => {
                command.clone()
            }
            _ if self.place == "folder" => ExportSource::Folder(path.into()),
            _ => ExportSource::File(path.into()),
        }
    }

    fn rhythm(&self) -> Result<Rhythm, (&'static str, &'static str)> {
        let day = || self.day.trim().parse::<i8>().ok().filter(|day| (1..=31).contains(day));
        let day = || day().ok_or(("day", "schedule-bad-day"));
        let month = self.month.parse::<i8>().ok().filter(|month| (1..=12).contains(month));
        match &*self.rhythm {
            "once" => self.date.trim().parse().map(Rhythm::Once).map_err(|_| ("date", "schedule-bad-date")),
            "weekly" if numbers(&self.weekdays).is_empty() => Err(("weekdays", "schedule-no-weekday")),
            "weekly" => Ok(Rhythm::Weekly(numbers(&self.weekdays))),
            "monthly" => Ok(Rhythm::Monthly(day()?)),
            "yearly" => Ok(Rhythm::Yearly(month.ok_or(("month", "schedule-no-month"))?, day()?)),
            _ => Ok(Rhythm::Daily),
        }
    }

    /// `command`: the export is made by one, that is said and not changed here.
    pub(super) fn parts(
        &self,
        words: &Words,
        (notices, sites): (&[Notice], &[Site]),
        command: Option<String>,
        faults: &[Fault],
    ) -> Vec<Part> {
        let field = |name, key| {
            let problem = faults.iter().find(|(field, _)| *field == name).map(|(_, what)| what.clone());
            Field::new(name, words.t(key)).problem(problem)
        };
        let one_of = |all: &[(&str, &str)], chosen: &str| {
            let choice = |(value, key): &(&str, &str)| Choice {
                value: (*value).to_owned(),
                text: words.t(key),
                chosen: *value == chosen,
            };
            Kind::OneOf(all.iter().map(choice).collect())
        };
        let part = |key, fields| Part { name: words.t(key), fields };
        let path = field("path", "schedule-path").value(&*self.path).hint(words.t("schedule-path-hint"));
        let export = match command {
            Some(said) => vec![field("path", "schedule-export").elsewhere(Some(said))],
            None => vec![
                field("place", "schedule-place").kind(one_of(&PLACES, &self.place)),
                path.help(words.t("schedule-path-help")).required(),
            ],
        };
        let name =
            field("name", "schedule-name").value(&*self.name).hint(words.t("schedule-name-hint")).required();
        let choice = |notice: &Notice| Choice {
            value: notice.slug.clone(),
            text: saved_name(words, notice),
            chosen: notice.slug == self.notice,
        };
        let notices = notices.iter().filter(|notice| notice.settings.on || notice.slug == self.notice);
        let notice = field("notice", "schedule-notice").kind(Kind::OneOf(notices.map(choice).collect()));
        let mut what = vec![name, notice];
        what.extend(export);
        vec![
            part("schedule-part-what", what),
            part("schedule-part-when", self.when(words, &field, &one_of)),
            part(
                "schedule-part-closed",
                vec![
                    field("closed_weekdays", "schedule-closed-weekdays")
                        .kind(weekdays(words, &self.closed_weekdays)),
                    field("closed_dates", "schedule-closed-dates")
                        .kind(Kind::Lines)
                        .value(&*self.closed_dates)
                        .hint(words.t("schedule-closed-dates-hint")),
                ],
            ),
            part("schedule-part-how", self.how(words, sites, &field, &one_of)),
        ]
    }

    fn when(
        &self,
        words: &Words,
        field: &impl Fn(&'static str, &'static str) -> Field,
        one_of: &impl Fn(&[(&str, &str)], &str) -> Kind,
    ) -> Vec<Field> {
        let none = Choice { value: String::new(), text: "–".to_owned(), chosen: self.month.is_empty() };
        let month = |month: i8| Choice {
            value: month.to_string(),
            text: words.t(&format!("month-{month}")),
            chosen: self.month == month.to_string(),
        };
        let months = std::iter::once(none).chain((1..=12).map(month)).collect();
        vec![
            field("rhythm", "schedule-rhythm").kind(one_of(&RHYTHMS, &self.rhythm)),
            field("weekdays", "schedule-weekdays").kind(weekdays(words, &self.weekdays)),
            field("day", "schedule-day")
                .kind(Kind::Number { least: 1, most: 31 })
                .value(&*self.day)
                .hint(words.t("schedule-day-hint")),
            field("month", "schedule-month").kind(Kind::OneOf(months)),
            field("date", "schedule-date").kind(Kind::Line("date")).value(&*self.date),
            field("time", "schedule-time")
                .kind(Kind::Line("time"))
                .value(&*self.time)
                .hint(words.t("schedule-time-hint"))
                .required(),
            field("zone", "library-zone")
                .value(&*self.zone)
                .hint(words.t("schedule-zone-hint"))
                .help(words.t("schedule-zone-help"))
                .required(),
        ]
    }

    fn how(
        &self,
        words: &Words,
        sites: &[Site],
        field: &impl Fn(&'static str, &'static str) -> Field,
        one_of: &impl Fn(&[(&str, &str)], &str) -> Kind,
    ) -> Vec<Field> {
        let choice =
            |site: &Site, chosen| Choice { value: site.code.clone(), text: site.name.clone(), chosen };
        let for_sites = sites.iter().map(|site| choice(site, self.sites.contains(&site.code))).collect();
        let none = Choice {
            value: String::new(),
            text: words.t("schedule-site-none"),
            chosen: self.site.is_empty(),
        };
        let unnamed = sites.iter().map(|site| choice(site, self.site == site.code));
        let unnamed = std::iter::once(none).chain(unnamed).collect();
        let mut all = Vec::new();
        if sites.len() > 1 {
            let hint = words.t("schedule-sites-hint");
            all.push(field("sites", "schedule-libraries").kind(Kind::AnyOf(for_sites)).hint(hint));
        }
        all.extend([
            field("not_older_than", "schedule-oldest")
                .kind(Kind::Number { least: 1, most: MOST_HOURS.into() })
                .value(&*self.not_older_than)
                .hint(words.t("schedule-oldest-hint"))
                .help(words.t("schedule-oldest-help")),
            field("dates", "schedule-dates").kind(one_of(&ORDERS, &self.dates)),
            field("site", "schedule-site").kind(Kind::OneOf(unnamed)),
            field("practice", "schedule-practice").kind(Kind::Tick).value(&*self.practice),
        ]);
        all
    }
}

fn weekdays(words: &Words, chosen: &[String]) -> Kind {
    let all = (1_i8..).zip(WEEKDAYS).map(|(day, key)| {
        let value = day.to_string();
        Choice { chosen: chosen.contains(&value), text: words.t(key), value }
    });
    Kind::AnyOf(all.collect())
}

fn numbers(all: &[String]) -> BTreeSet<i8> {
    all.iter().filter_map(|day| day.parse().ok()).filter(|day| (1..=7).contains(day)).collect()
}

/// At which field it stands; `None`: at none.
pub(super) fn fault(why: &NotScheduled, words: &Words) -> Option<Fault> {
    let (field, key) = match why {
        NotScheduled::Nameless => ("name", "schedule-no-name"),
        NotScheduled::Store(store::Error::Exists(_)) => ("name", "schedule-name-taken"),
        NotScheduled::Moments(NoMoments::Zone) => ("zone", "library-bad-zone"),
        NotScheduled::Moments(NoMoments::Day) => ("rhythm", "schedule-bad-day"),
        NotScheduled::Moments(NoMoments::Never) => ("rhythm", "schedule-never"),
        NotScheduled::NotWhole => ("path", "schedule-path-not-whole"),
        NotScheduled::NotThere(_) => ("path", "schedule-path-not-there"),
        NotScheduled::NoAnswer(_) => ("path", "schedule-path-no-answer"),
        NotScheduled::DropFolder => ("path", "schedule-path-drop-folder"),
        NotScheduled::Notice(_) => ("notice", "schedule-no-such-notice"),
        NotScheduled::Site(_) => ("site", "schedule-no-such-site"),
        NotScheduled::Reading(_) => ("dates", "schedule-no-such-order"),
        NotScheduled::Store(_) | NotScheduled::NoNext | NotScheduled::SkipsAlready(_) => return None,
    };
    Some((field, words.t(key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::pages::words::Language;

    fn plan(rhythm: Rhythm) -> SchedulePlan {
        SchedulePlan {
            name: "Overdues".to_owned(),
            notice: "hold-ready".to_owned(),
            source: ExportSource::Folder("/srv/exports".into()),
            rhythm,
            time: "06:30".parse().unwrap(),
            zone: "America/Chicago".to_owned(),
            closed: ClosedDays { weekdays: [7].into(), dates: ["2026-12-25".parse().unwrap()].into() },
            sites: ["MAIN".to_owned()].into(),
            reading: Reading {
                dates: "m/d/y".to_owned(),
                encoding: "macintosh".to_owned(),
                ..Reading::default()
            },
            practice: true,
            not_older_than: Some(12),
        }
    }

    #[test]
    fn a_schedule_is_read_as_it_is_shown() {
        let words = Language::English.words();
        for rhythm in [
            Rhythm::Once("2027-02-03".parse().unwrap()),
            Rhythm::Daily,
            Rhythm::Weekly([1, 4].into()),
            Rhythm::Monthly(31),
            Rhythm::Yearly(2, 29),
        ] {
            let plan = plan(rhythm);
            assert_eq!(ScheduleForm::of(&plan, 3).read(words, Some(&plan)).unwrap(), plan);
        }
        let command = SchedulePlan { source: ExportSource::Shell("a | b".to_owned()), ..plan(Rhythm::Daily) };
        assert_eq!(ScheduleForm::of(&command, 3).read(words, Some(&command)).unwrap(), command);
    }

    /// Whatever a form says, it makes no command.
    #[test]
    fn a_page_sets_no_command() {
        let words = Language::English.words();
        for place in ["command", "shell", "file", ""] {
            let form = ScheduleForm { place: place.to_owned(), ..ScheduleForm::of(&plan(Rhythm::Daily), 1) };
            let read = form.read(words, None).unwrap();
            assert!(matches!(read.source, ExportSource::File(_)), "{place}");
        }
    }

    #[test]
    fn what_cannot_be_is_said_at_its_field() {
        let words = Language::English.words();
        let usual = ScheduleForm { name: "A".to_owned(), ..ScheduleForm::empty("UTC".to_owned()) };
        let with = |rhythm: &str| ScheduleForm { rhythm: rhythm.to_owned(), ..usual.clone() };
        for (form, expected) in [
            (
                ScheduleForm { name: " ".to_owned(), time: "25:00".to_owned(), ..usual.clone() },
                &["name", "time"][..],
            ),
            (with("weekly"), &["weekdays"]),
            (with("yearly"), &["month"]),
            (with("once"), &["date"]),
            (ScheduleForm { day: "32".to_owned(), ..with("monthly") }, &["day"]),
            (ScheduleForm { not_older_than: "0".to_owned(), ..usual.clone() }, &["not_older_than"]),
            (ScheduleForm { not_older_than: "soon".to_owned(), ..usual.clone() }, &["not_older_than"]),
            (ScheduleForm { closed_dates: "25.12.2026".to_owned(), ..usual.clone() }, &["closed_dates"]),
        ] {
            let faults = form.read(words, None).unwrap_err();
            let fields: Vec<_> = faults.iter().map(|(field, _)| *field).collect();
            assert_eq!(fields, expected);
            let parts = form.parts(words, (&[], &[]), None, &faults);
            let wrong = parts.iter().flat_map(|part| &part.fields).filter(|field| field.problem.is_some());
            assert_eq!(wrong.count(), expected.len());
        }
    }
}

//! `notices schedule`

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use jiff::civil::{Date, Time};

use super::Output;
use crate::cli::control::MostHours;

/// `notices schedule`
#[derive(Debug, Subcommand)]
pub enum Schedules {
    /// List what is sent by itself, when next, and what came of it last
    List {
        #[command(flatten)]
        output: Output,
    },
    /// Have notices sent by themselves
    Add(Box<NewSchedule>),
    /// Have it otherwise: what is not said stays as it is
    Change(Box<ChangedSchedule>),
    /// Send its notices now, whenever they are due; or with --due those of all schedules whose time has come
    Run {
        /// Its name
        #[arg(required_unless_present = "due", conflicts_with = "due")]
        name: Option<String>,
        /// All whose time has come: for a timer, where no service runs
        #[arg(long)]
        due: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Leave its next time out
    Skip {
        /// Its name
        name: String,
        /// Do not leave it out after all
        #[arg(long)]
        undo: bool,
        #[command(flatten)]
        output: Output,
    },
    /// Send nothing by it until `resume`
    Pause {
        /// Its name
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Go on with its next time from now on
    Resume {
        /// Its name
        name: String,
        #[command(flatten)]
        output: Output,
    },
    /// Do away with it; its runs stay
    Remove {
        /// Its name
        name: String,
        #[command(flatten)]
        output: Output,
    },
}

/// `notices schedule add`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("export").required(true)), group(ArgGroup::new("days").required(true)))]
#[command(group(ArgGroup::new("time").required(true)))]
pub struct NewSchedule {
    /// What it is called
    pub name: String,
    #[command(flatten)]
    pub plan: PlanOptions,
    #[command(flatten)]
    pub output: Output,
}

/// `notices schedule change`
#[derive(Debug, Args)]
pub struct ChangedSchedule {
    /// Its name
    #[arg(value_name = "NAME")]
    pub schedule: String,
    /// What it is called from now on
    #[arg(long)]
    pub name: Option<String>,
    #[command(flatten)]
    pub plan: PlanOptions,
    /// No day is closed any more
    #[arg(long)]
    pub never_closed: bool,
    /// To patrons of all sites again
    #[arg(long, conflicts_with = "only")]
    pub everywhere: bool,
    /// To patrons again, and not into the practice mailbox
    #[arg(long, conflicts_with = "practice")]
    pub to_patrons: bool,
    #[command(flatten)]
    pub output: Output,
}

/// What is sent, when, and how the export is read.
#[derive(Debug, Args)]
pub struct PlanOptions {
    /// The export is this file, written anew each time
    #[arg(long, group = "export")]
    pub file: Option<PathBuf>,
    /// The export is the newest file of this folder
    #[arg(long, group = "export", value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// The export is what this program writes; its path, then its own words: the last option
    #[arg(long, group = "export", value_name = "WORD", num_args = 1.., allow_hyphen_values = true)]
    pub command: Option<Vec<String>>,
    /// The export is what the shell prints for this line
    #[arg(long, group = "export", value_name = "LINE")]
    pub shell: Option<String>,
    /// Which notice, as `notices list` names it; for a new one, overdue-items is usual
    #[arg(long, value_name = "NOTICE")]
    pub notice: Option<String>,
    /// On this day only, as in 2027-02-03
    #[arg(long, group = "days", value_name = "DATE")]
    pub once: Option<Date>,
    /// Every day
    #[arg(long, group = "days")]
    pub daily: bool,
    /// Every week on these days, as in mon,thu
    #[arg(long, group = "days", value_name = "DAYS", value_delimiter = ',', value_parser = weekday)]
    pub weekly: Vec<i8>,
    /// Every month on this day; 31 is the last
    #[arg(long, group = "days", value_name = "DAY", value_parser = clap::value_parser!(i8).range(1..=31))]
    pub monthly: Option<i8>,
    /// Every year on this day, as in 12-01
    #[arg(long, group = "days", value_name = "MONTH-DAY", value_parser = month_and_day)]
    pub yearly: Option<(i8, i8)>,
    /// At this time, as in 06:00
    #[arg(long, group = "time", value_name = "TIME")]
    pub at: Option<Time>,
    /// By the clock of this time zone, as in America/Chicago; for a new one, that of the computer is usual
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// Closed on these days of each week, as in sat,sun: what falls there waits for the next open day
    #[arg(long, value_name = "DAYS", value_delimiter = ',', value_parser = weekday)]
    pub closed_on: Vec<i8>,
    /// Closed on these days, as in 2026-12-25,2027-01-01
    #[arg(long, value_name = "DATES", value_delimiter = ',')]
    pub closed: Vec<Date>,
    /// Only to patrons of this site; several times for several
    #[arg(long, value_name = "CODE")]
    pub only: Vec<String>,
    /// The site for lines without a branch code
    #[arg(long, value_name = "CODE")]
    pub site: Option<String>,
    /// Order of day, month and year, if the export leaves it open
    #[arg(long, value_name = "ORDER", value_parser = ["d/m/y", "m/d/y", "y/m/d", FOUND_OUT])]
    pub dates: Option<String>,
    /// The export's encoding, if it is not found out: utf-8, windows-1252, macintosh
    #[arg(long)]
    pub encoding: Option<String>,
    /// The sheet of a workbook, if it is not the first with column names
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// Send no export that was written more hours ago; `usual` goes by the days on which it is sent
    #[arg(long, value_name = "HOURS", value_parser = most_hours)]
    pub not_older_than: Option<MostHours>,
    /// Into the practice mailbox: nobody receives it
    #[arg(long)]
    pub practice: bool,
}

/// For what is found out from the export.
pub(in crate::cli) const FOUND_OUT: &str = "auto";

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn weekday(text: &str) -> Result<i8, String> {
    let text = text.trim().to_lowercase();
    let day = (1_i8..).zip(WEEKDAYS).find(|(_, name)| text.starts_with(name));
    day.map(|(day, _)| day).ok_or_else(|| format!("a day of the week: {}", WEEKDAYS.join(", ")))
}

fn month_and_day(text: &str) -> Result<(i8, i8), String> {
    let parts = text.split_once('-').and_then(|(month, day)| Some((month.parse().ok()?, day.parse().ok()?)));
    let can_be = |(month, day): &(i8, i8)| (1..=12).contains(month) && (1..=31).contains(day);
    parts.filter(can_be).ok_or_else(|| "a month and a day, as in 12-01".to_owned())
}

fn most_hours(text: &str) -> Result<MostHours, String> {
    let hours = || text.parse().ok().filter(|hours| (1..=24 * 366).contains(hours));
    let said = if text == "usual" { Some(None) } else { hours().map(Some) };
    said.map(MostHours).ok_or_else(|| "hours from 1 to 8784, or the word: usual".to_owned())
}

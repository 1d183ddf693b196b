//! What an uploaded export would do, looked through before anything is done: kept in memory while somebody looks at it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp, civil::Date};
use mail::Address;
use serde::{Deserialize, Serialize};
use store::{LedgerKey, LeftOut, LeftOutDetail, LeftOutWhy, NamedItems, WrittenBefore};
use tokio::{
    sync::OwnedMutexGuard,
    task::{JoinError, JoinHandle},
};

use super::{
    Chosen, Known, NoticeRuns,
    age::{self, Old},
    chosen, day, known, lately,
    look_back::foreseen,
    prepare::{Prepared, Unready},
};
use crate::{
    app::exports::{ExportId, Uploaded},
    cli::control::{Failure, RunRequest},
    config::{Config, Way},
    notices::{
        Import, Outline, PlannedNotice, TeacherList,
        import::{Columns, Delimiter, Shape, Sheets},
        returned::Replaceable,
    },
};

/// Exports that are kept read; the one that was looked at longest ago goes first.
const MOST: usize = 3;
/// Then it is read again, and the ledger is asked again.
const KEPT: SignedDuration = SignedDuration::from_mins(15);
/// Patrons whose items are looked up in the ledger at once.
const LOOKED_UP: usize = 500;
/// People whom a search finds.
const FOUND: usize = 20;

/// What somebody settled about a file; an empty text: found out from the file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    pub dates: String,
    pub encoding: String,
    /// The sheet of a workbook.
    pub sheet: String,
    /// The library of lines that name none.
    pub site: String,
    /// What its columns are, where that holds for this file only: [`Columns`] as JSON.
    pub columns: String,
    /// The notice that is run over it; empty: the usual one.
    pub notice: String,
}

/// All that are kept read. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Checks {
    kept: Arc<Mutex<Vec<Kept>>>,
    /// Reading takes memory: one at a time.
    pub(super) reading: Arc<tokio::sync::Mutex<()>>,
}

struct Kept {
    checked: Arc<Checked>,
    /// When the ledger was asked: it is soon out of date, however often somebody looks.
    looked_up_at: Timestamp,
    used_at: Timestamp,
}

/// An export that was looked through.
pub struct Checked {
    pub id: ExportId,
    pub uploaded: Uploaded,
    pub options: Options,
    /// The sites that it is limited to; none: to none.
    pub only: BTreeSet<String>,
    pub(super) prepared: Arc<Prepared>,
    config: Arc<Config>,
    known: Known,
    pub chosen: Chosen,
    today: Date,
    /// Places in the import of those who get a mail.
    people: Vec<usize>,
    /// Recipients' addresses.
    pub addresses: u64,
    /// Usable items of the file.
    pub items: u64,
    /// It is not run before a person says that it is the right one.
    pub old: Option<Old>,
    /// When it counts as made.
    pub(super) made_at: Timestamp,
    /// What teachers get.
    lists: Vec<TeacherList>,
    /// Of whom teachers hear nothing, though the notice would have them hear, since the file names none.
    pub without_teacher: usize,
    /// How many get a mail, by the code of the library that writes.
    pub libraries: BTreeMap<String, u64>,
    /// Everybody else, and why.
    pub left_out: Vec<LeftOut>,
}

/// What was found out about the file.
pub struct Facts {
    pub shape: Shape,
    pub delimiter: Delimiter,
    pub encoding: &'static str,
    /// Of a workbook.
    pub sheets: Option<Sheets>,
    /// By what files with the same columns are known, where a person may say what they are.
    pub columns: Option<String>,
    /// The order of its dates, where that mattered.
    pub dates: Option<String>,
    /// The latest date on which something was lent or due.
    pub newest: Option<Date>,
}

/// Why an export could not be looked through.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error("it is not there any more")]
    Gone,
    #[error("it is not ready")]
    Unready(Unready),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<io::Error> for CheckError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Gone,
            io::ErrorKind::UnexpectedEof => Self::Unready(Unready::NotWhole),
            _ => Self::Unready(Unready::Other(Failure::Temporary, error.to_string())),
        }
    }
}

impl From<JoinError> for CheckError {
    fn from(error: JoinError) -> Self {
        Self::Unready(Unready::Other(Failure::Temporary, error.to_string()))
    }
}

impl NoticeRuns {
    /// Looks through an upload, for somebody who is limited to these libraries (none: to none). What was looked through lately is at hand.
    pub async fn check(
        &self,
        id: &ExportId,
        uploaded: Uploaded,
        options: &Options,
        only: BTreeSet<String>,
    ) -> Result<Arc<Checked>, CheckError> {
        let (config, now) = (self.settings.now(), self.clock.now());
        let today = day(now);
        let request = request(options);
        let known = known(&self.store).await?;
        let chosen = chosen(&self.store, request.notice.as_deref()).await;
        let chosen = chosen.map_err(CheckError::Unready)?;
        let is_it = |checked: &Checked| {
            checked.id == *id
                && checked.options == *options
                && checked.only == only
                && checked.today == today
                && checked.known == known
                && checked.chosen == chosen
                && Arc::ptr_eq(&checked.config, &config)
        };
        if let Some(checked) = self.checks.find(is_it, now) {
            return Ok(checked);
        }
        let alone = Arc::clone(&self.checks.reading).lock_owned().await;
        // Somebody may have asked for the same meanwhile.
        if let Some(checked) = self.checks.find(is_it, now) {
            return Ok(checked);
        }
        let (exports, file, notice) = (self.exports.clone(), id.clone(), chosen.clone());
        let (settings, limits, columns) = (Arc::clone(&config), only.clone(), Arc::clone(&known));
        let read = beside(alone, move || {
            let export = exports.read(&file)?;
            let prepared = Prepared::new(&settings, &export, &request, limits, &columns, &notice);
            let prepared = prepared.map_err(CheckError::Unready)?;
            drop(export);
            let planned = Planned::of(&prepared, today);
            Ok::<_, CheckError>((Arc::new(prepared), planned))
        });
        let (_alone, read) = read.await?;
        let (prepared, planned) = read?;
        let (id, options) = (id.clone(), options.clone());
        let mut checked = Checked {
            id,
            uploaded,
            options,
            only,
            config,
            known,
            chosen,
            today,
            people: Vec::new(),
            addresses: 0,
            items: prepared.lines(),
            libraries: BTreeMap::new(),
            old: None,
            made_at: now,
            lists: Vec::new(),
            without_teacher: 0,
            left_out: planned.left_out,
            prepared,
        };
        let replaceable = if checked.is_practice() {
            Replaceable::default()
        } else {
            let Uploaded { at, made_at, .. } = checked.uploaded;
            checked.old = age::old(made_at, age::newest(checked.import(), today), now);
            checked.made_at = age::made_at(at, made_at, checked.old);
            let (replaceable, notes) = foreseen(&self.store, &checked.prepared, checked.made_at, now).await?;
            checked.left_out.extend(notes);
            replaceable
        };
        self.look_up(&mut checked, &planned.people, &replaceable, now).await?;
        let lately = self.told_lately(&checked.prepared, checked.is_practice()).await?;
        let prepared = Arc::clone(&checked.prepared);
        checked.lists =
            tokio::task::spawn_blocking(move || prepared.lists(today, &lately, &replaceable)).await?;
        checked.without_teacher = checked.count_without_teacher();
        Ok(self.checks.keep(checked, now))
    }

    /// What was looked through long ago takes no memory.
    pub(in crate::app) fn forget_checks(&self, now: Timestamp) {
        self.checks.forget_old(now);
    }

    /// Who was written to lately, by the ledger, gets no mail.
    async fn look_up(
        &self,
        checked: &mut Checked,
        people: &[usize],
        replaceable: &Replaceable,
        now: Timestamp,
    ) -> Result<(), store::Error> {
        // A rehearsal does not look at the ledger.
        let practice = checked.is_practice();
        let repeat = checked.prepared.repeat;
        for some in people.chunks(LOOKED_UP) {
            // Their keys take much memory: those of so many at a time.
            let some = checked.prepared.outlines(some, checked.today).map(Person::from).collect::<Vec<_>>();
            let written = if practice {
                vec![None; some.len()]
            } else {
                let named = |person: &Person| {
                    let to = checked.prepared.addresses(person.at).into_owned();
                    NamedItems { keys: person.keys.clone(), to }
                };
                let people = some.iter().map(named).collect();
                self.store.written_before(&checked.prepared.slug, people, repeat, now).await?
            };
            for (person, before) in some.iter().zip(written) {
                checked.count(person, before.filter(|_| !replaceable.is_written_anew(&person.keys)));
            }
        }
        Ok(())
    }
}

/// What the file says, before the ledger is asked.
struct Planned {
    /// Those for whom there is a mail, by their places in the import.
    people: Vec<usize>,
    left_out: Vec<LeftOut>,
}

/// Somebody for whom there is a mail, by their place in the import.
struct Person {
    at: usize,
    site: String,
    keys: Vec<LedgerKey>,
}

impl Planned {
    fn of(prepared: &Prepared, today: Date) -> Self {
        let plan = prepared.plan(today);
        Self { people: plan.chosen, left_out: plan.left_out }
    }
}

impl From<Outline<'_>> for Person {
    fn from(outline: Outline<'_>) -> Self {
        Self { at: outline.at, site: outline.site.code.clone(), keys: outline.keys }
    }
}

/// Does what takes memory in a thread of its own. Nobody else reads before it is over, though whoever asked goes away.
pub(super) fn beside<T: Send + 'static>(
    alone: OwnedMutexGuard<()>,
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<(OwnedMutexGuard<()>, T)> {
    tokio::task::spawn_blocking(move || (alone, work()))
}

impl Options {
    /// What somebody said for this file only.
    pub fn own_columns(&self) -> Option<Columns> {
        serde_json::from_str(&self.columns).ok()
    }
}

pub(super) fn request(options: &Options) -> RunRequest {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    RunRequest {
        dates: given(&options.dates),
        encoding: given(&options.encoding),
        sheet: given(&options.sheet),
        site: given(&options.site),
        columns: options.own_columns(),
        notice: given(&options.notice),
        ..RunRequest::default()
    }
}

impl Kept {
    fn holds(&self, now: Timestamp) -> bool {
        now.duration_since(self.looked_up_at) < KEPT
    }
}

impl Checks {
    fn find(&self, is_it: impl Fn(&Checked) -> bool, now: Timestamp) -> Option<Arc<Checked>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter_mut().find(|one| one.holds(now) && is_it(&one.checked))?;
        found.used_at = now;
        Some(Arc::clone(&found.checked))
    }

    /// Forgets those whose time is over.
    fn forget_old(&self, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.holds(now));
    }

    fn keep(&self, checked: Checked, now: Timestamp) -> Arc<Checked> {
        let checked = Arc::new(checked);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.sort_by_key(|one| std::cmp::Reverse(one.used_at));
        kept.truncate(MOST - 1);
        kept.push(Kept { checked: Arc::clone(&checked), looked_up_at: now, used_at: now });
        checked
    }

    pub(super) fn forget(&self, id: &ExportId) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.checked.id != *id);
    }
}

impl Checked {
    fn count(&mut self, person: &Person, before: Option<WrittenBefore>) {
        let Some(patron) = self.prepared.import.patrons.get(person.at) else { return };
        if let Some(before) = before {
            let number = patron.number().map(ToOwned::to_owned);
            let named = store::Patron { name: patron.name().to_owned(), number };
            let left_out = LeftOut { line: Some(patron.line), ..lately(&named, &person.site, &before) };
            return self.left_out.push(left_out);
        }
        self.people.push(person.at);
        self.addresses += self.prepared.addresses(person.at).len() as u64;
        *self.libraries.entry(person.site.clone()).or_default() += 1;
    }

    /// The way of sending that was chosen when it was looked through: what was said of it then holds for its run.
    pub fn way(&self) -> &Way {
        &self.config.sending.way
    }

    /// No patron receives anything of it.
    pub fn is_practice(&self) -> bool {
        matches!(self.way(), Way::Practice)
    }

    /// People of some libraries only get a mail of it, by the notice or by who runs it.
    pub fn is_limited(&self) -> bool {
        !self.prepared.only.is_empty()
    }

    /// It ends in the middle of a line.
    pub fn is_broken_off(&self) -> bool {
        self.import().broken_off
    }

    /// A person has to look at it once more before it is run; a rehearsal harms nobody.
    pub fn is_doubtful(&self) -> bool {
        !self.is_practice() && (self.old.is_some() || self.is_broken_off())
    }

    /// How many get a mail.
    pub fn people(&self) -> usize {
        self.people.len()
    }

    /// How many earlier notices its run would keep from being sent, as their items came back.
    pub fn not_sent(&self) -> usize {
        self.left_out.iter().filter(|one| one.why == LeftOutWhy::ItemsReturned).count()
    }

    /// How many get no mail as their lines name no library.
    pub fn nameless(&self) -> usize {
        let lines = self.left_out.iter().filter(|one| matches!(one.detail, LeftOutDetail::NoBranch { .. }));
        lines.count()
    }

    /// The name and number of somebody who gets a mail, counted from 0.
    pub fn person(&self, n: usize) -> Option<(&str, &str)> {
        let patron = self.import().patrons.get(*self.people.get(n)?)?;
        Some((patron.name(), patron.number().unwrap_or("")))
    }

    /// Their mail, or why it cannot be made.
    pub fn mail(&self, n: usize) -> Option<Result<PlannedNotice<'_>, LeftOut>> {
        self.prepared.notice(*self.people.get(n)?, self.today)
    }

    /// Their addresses.
    pub fn addresses_of(&self, n: usize) -> Cow<'_, [Address]> {
        self.people.get(n).map_or_else(Cow::default, |at| self.prepared.addresses(*at))
    }

    /// How many teachers get a list.
    pub fn lists(&self) -> usize {
        self.lists.len()
    }

    /// A teacher's list, counted from 0.
    pub fn list(&self, n: usize) -> Option<PlannedNotice<'_>> {
        self.prepared.listed(self.lists.get(n)?, self.today)
    }

    fn count_without_teacher(&self) -> usize {
        let patrons = self.people.iter().filter_map(|at| self.import().patrons.get(*at));
        patrons.filter(|patron| self.prepared.is_for_teachers() && patron.teachers().is_empty()).count()
    }

    /// The first of those in whose name, number or address this stands.
    pub fn find(&self, text: &str) -> Vec<usize> {
        let wanted = text.trim().to_lowercase();
        let has = |n: &usize| {
            let (name, number) = self.person(*n).unwrap_or_default();
            let addresses = self.addresses_of(*n);
            let addresses = addresses.iter().map(Address::as_str);
            [name, number].into_iter().chain(addresses).any(|text| text.to_lowercase().contains(&wanted))
        };
        (0..self.people()).filter(has).take(FOUND).collect()
    }

    pub fn facts(&self) -> Facts {
        let import = self.import();
        let items = import.patrons.iter().flat_map(|patron| &patron.items);
        Facts {
            shape: import.shape,
            delimiter: import.delimiter,
            encoding: import.encoding.name(),
            sheets: import.sheets.clone(),
            columns: import.columns.clone(),
            dates: import.dates.map(|order| order.to_string()),
            newest: items.filter_map(|item| item.due.max(item.checked_out)).max(),
        }
    }

    fn import(&self) -> &Import {
        &self.prepared.import
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt as _;

    use super::*;

    /// Whoever loads the page again and again adds no reading to the one that goes on.
    #[tokio::test]
    async fn one_is_read_at_a_time_though_whoever_asked_goes_away() {
        let reading = Checks::default().reading;
        let (end, ends) = mpsc::channel();
        let asked = async {
            let alone = Arc::clone(&reading).lock_owned().await;
            let (_alone, read) = beside(alone, move || ends.recv()).await.unwrap();
            read.unwrap();
        };
        assert!(asked.now_or_never().is_none());
        assert!(reading.try_lock().is_err(), "it is still read");
        end.send(()).unwrap();
        drop(reading.lock().await);
    }
}

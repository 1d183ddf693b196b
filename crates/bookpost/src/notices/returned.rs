//! Items that came back: which notices of earlier runs a newer export puts out of date.
//!
//! An export says that an item came back only where it would have named it. Why it is believed or not stands in
//! `docs/adr/0015-items-that-came-back.md`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use store::{Earlier, ExportPart, ExportTaken, LedgerKey, MessageId, OpenNotice, Replaces, RunId};

use super::Plan;

/// Items of each library that a later export is compared by. They are drawn by lot, since keys are digests: those that come first.
const SAMPLE: usize = 64;
/// An export that lacks more than four of five of what an earlier one had is another kind of export, or has broken off.
const OF: usize = 5;
/// So is one that lacks more than half of it, and has less than half as many items: where much comes back, as much is overdue anew.
const OF_FEWER: usize = 2;
/// A library with fewer items is judged by the export as a whole.
const FEW: u64 = 5;
/// An export that has nothing of such a library may be one of a single other library; with so many others, and none missing, it is of all.
const SEVERAL: usize = 2;

/// An export as it is compared with what earlier ones had.
pub struct Newest {
    pub taken: ExportTaken,
    /// Of all items that it names, also those that nobody is written to about.
    keys: HashSet<LedgerKey>,
    /// Of those of them that the notice is not about any more: nothing is owed, it is on loan, it is overdue already.
    settled: HashSet<LedgerKey>,
    /// The libraries that the run is limited to; none: to none.
    only: BTreeSet<String>,
    /// What stands in lines that could not be used, cell by cell.
    unread: HashSet<String>,
    /// Lines that could not be used and of which nothing may be shown.
    nameless: usize,
    /// One that names no teacher says nothing of lists for teachers.
    names_teachers: bool,
    /// It ends in the middle of a line.
    broken_off: bool,
}

/// Why an export is not believed about a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTold {
    /// It ends in the middle of a line, so that nobody knows what it would have named.
    BrokenOff,
    /// So many of its lines may be about anybody.
    Nameless { lines: usize },
    /// A newer one was run before.
    Older { newer: Timestamp },
    /// It has so many items of that library, and so many in a hundred of what an earlier one had.
    Thin { items: u64, percent: u64 },
}

/// What is to be done about notices that have not left.
#[derive(Default)]
pub struct Judged {
    /// Nothing that they name is overdue any more.
    pub returned: Vec<OpenNotice>,
    pub replaceable: Replaceable,
    /// By the code of the library.
    pub not_told: BTreeMap<String, NotTold>,
}

/// Notices of which something is overdue still: each gives way to a new one that names all of that.
#[derive(Default)]
pub struct Replaceable {
    notices: Vec<Partly>,
    by_key: HashMap<LedgerKey, Vec<usize>>,
}

struct Partly {
    message: MessageId,
    /// Overdue still, or not known to have come back.
    left: Vec<LedgerKey>,
    returned: Vec<LedgerKey>,
    /// Nobody has got it.
    unsent: bool,
}

impl Newest {
    /// Of the export of `plan`, which was made at `of`.
    pub fn of(plan: &Plan<'_>, of: Timestamp) -> Self {
        let (mut keys, mut parts) = (HashSet::new(), BTreeMap::<String, ExportPart>::new());
        for (site, key) in plan.all_items() {
            if let Some(site) = site {
                let part = parts.entry(site.code.clone()).or_default();
                part.items += 1;
                part.sample.insert(key.clone());
                if part.sample.len() > SAMPLE {
                    part.sample.pop_last();
                }
            }
            keys.insert(key);
        }
        let items = keys.len();
        keys.extend(plan.teacher_keys());
        let names_teachers = keys.len() > items;
        let (mut unread, mut nameless) = (HashSet::new(), 0);
        for line in plan.refused() {
            nameless += usize::from(!line.names_one);
            let cells = line.text.split([',', ';', '\t', '"']).map(str::trim).filter(|cell| !cell.is_empty());
            unread.extend(cells.map(str::to_owned));
        }
        let settled = plan.settled().collect();
        let (only, broken_off) = (plan.only().clone(), plan.is_broken_off());
        Self {
            taken: ExportTaken { of, parts },
            keys,
            settled,
            only,
            unread,
            nameless,
            names_teachers,
            broken_off,
        }
    }

    /// Whether a line that could not be used may be about whom this notice is for. A list for a teacher is about several.
    fn may_name(&self, notice: &OpenNotice) -> bool {
        let of = |text: &str| self.unread.contains(text.trim());
        match &notice.patron {
            Some(patron) => of(&patron.name) || patron.number.as_deref().is_some_and(of),
            None => !self.names_teachers || !self.unread.is_empty(),
        }
    }
}

/// What `newest` says of these.
pub fn judge(earlier: Earlier, newest: &Newest) -> Judged {
    let Earlier { notices, exports, newest: before } = earlier;
    let mut voice = Voice { newest, exports, before, said: HashMap::new() };
    let mut judged = Judged::default();
    for notice in notices {
        let (mut left, mut returned) = (Vec::new(), Vec::new());
        let unknown = newest.may_name(&notice);
        for (key, elsewhere) in &notice.items {
            let is_there = unknown || newest.keys.contains(key) && !newest.settled.contains(key);
            let site = elsewhere.as_ref().or(notice.site.as_ref());
            let is_back = !is_there && site.is_some_and(|site| voice.is_heard(notice.run, site));
            if is_back { &mut returned } else { &mut left }.push(key.clone());
        }
        if left.is_empty() {
            judged.returned.push(notice);
        } else {
            let OpenNotice { message, unsent, .. } = notice;
            judged.replaceable.add(Partly { message, left, returned, unsent });
        }
    }
    judged.not_told = voice.not_told();
    judged
}

/// Whether the export is believed about a library, by the run that a notice was made in.
struct Voice<'a> {
    newest: &'a Newest,
    exports: BTreeMap<RunId, ExportTaken>,
    before: BTreeMap<String, Timestamp>,
    /// `Ok(false)`: it says nothing of that library, and nobody expects it to.
    said: HashMap<(RunId, String), Result<bool, NotTold>>,
}

impl Voice<'_> {
    fn is_heard(&mut self, run: RunId, site: &str) -> bool {
        let key = (run, site.to_owned());
        if let Some(said) = self.said.get(&key) {
            return *said == Ok(true);
        }
        let said = self.listen(run, site);
        self.said.insert(key, said);
        said == Ok(true)
    }

    fn listen(&self, run: RunId, site: &str) -> Result<bool, NotTold> {
        let Newest { taken, only, nameless, broken_off, .. } = self.newest;
        let Some(made_from) = self.exports.get(&run) else { return Ok(false) };
        if !made_from.parts.contains_key(site) {
            return Ok(false);
        }
        if !only.is_empty() && !only.contains(site) {
            return Ok(false);
        }
        if *broken_off {
            return Err(NotTold::BrokenOff);
        }
        if *nameless > 0 {
            return Err(NotTold::Nameless { lines: *nameless });
        }
        let newer = self.before.get(site).copied().max(Some(made_from.of)).filter(|of| *of > taken.of);
        if let Some(newer) = newer {
            return Err(NotTold::Older { newer });
        }
        is_of_all(made_from, taken, site, |_, key| Some(self.newest.keys.contains(key)))
    }

    fn not_told(self) -> BTreeMap<String, NotTold> {
        self.said.into_iter().filter_map(|((_, site), said)| Some((site, said.err()?))).collect()
    }
}

/// Whether an export that was taken is believed where it does not name what an earlier one did: by the measure by which notices are
/// cancelled for it, as far as what is kept of both tells.
pub fn is_believed(made_from: &ExportTaken, taken: &ExportTaken, site: &str) -> bool {
    let is_there = |site: &str, key: &LedgerKey| {
        let Some(part) = taken.parts.get(site) else { return Some(false) };
        // Of a larger part those are kept that come first: of what would come after them nothing is known.
        let is_whole = u64::try_from(part.sample.len()).is_ok_and(|kept| kept >= part.items);
        let is_known = is_whole || part.sample.last().is_some_and(|last| key <= last);
        is_known.then(|| part.sample.contains(key))
    };
    is_of_all(made_from, taken, site, is_there) == Ok(true)
}

/// Whether an export is of all that an earlier one was made of, as far as this library goes. `is_there`: whether it names an item of a
/// library; `None`: that is not known.
fn is_of_all(
    made_from: &ExportTaken,
    taken: &ExportTaken,
    site: &str,
    is_there: impl Fn(&str, &LedgerKey) -> Option<bool>,
) -> Result<bool, NotTold> {
    let Some(part) = made_from.parts.get(site) else { return Ok(false) };
    let items = taken.parts.get(site).map_or(0, |part| part.items);
    if items == 0 && !taken.parts.is_empty() {
        let others: Vec<_> = made_from.parts.keys().filter(|other| *other != site).collect();
        if part.items >= FEW || others.iter().any(|other| !taken.parts.contains_key(*other)) {
            // An export of other libraries.
            return Ok(false);
        }
        if others.len() < SEVERAL {
            return Err(NotTold::Thin { items, percent: 0 });
        }
    }
    let all = |parts: &BTreeMap<String, ExportPart>| parts.values().map(|part| part.items).sum::<u64>();
    let of = |site: &String, part: &ExportPart| -> Vec<bool> {
        part.sample.iter().filter_map(|key| is_there(site, key)).collect()
    };
    let (sample, had, has) = if part.items < FEW {
        let sample = made_from.parts.iter().flat_map(|(site, part)| of(site, part)).collect();
        (sample, all(&made_from.parts), all(&taken.parts))
    } else {
        (of(&site.to_owned(), part), part.items, items)
    };
    let there = sample.iter().filter(|is_there| **is_there).count();
    let is_whole = there * OF_FEWER >= sample.len() || has * OF_FEWER as u64 >= had;
    if there > 0 && there * OF >= sample.len() && is_whole {
        return Ok(true);
    }
    let percent = u64::try_from(there * 100 / sample.len().max(1)).unwrap_or(0);
    Err(NotTold::Thin { items, percent })
}

impl Replaceable {
    fn add(&mut self, notice: Partly) {
        for key in &notice.left {
            self.by_key.entry(key.clone()).or_default().push(self.notices.len());
        }
        self.notices.push(notice);
    }

    /// Those of another notice, of which nothing is known to have come back.
    pub fn with_others(&mut self, notices: Vec<OpenNotice>) {
        for OpenNotice { message, unsent, items, .. } in notices {
            let left = items.into_iter().map(|(key, _)| key).collect();
            self.add(Partly { message, left, returned: Vec::new(), unsent });
        }
    }

    /// What a notice about these goes in place of.
    pub fn by(&self, keys: &[LedgerKey]) -> Vec<Replaces> {
        let replaces =
            |notice: &Partly| Replaces { message: notice.message, returned: notice.returned.clone() };
        self.covered(keys).map(replaces).collect()
    }

    /// Whether one about these is written, though they were written about lately: since something came back of a mail that nobody got.
    pub fn is_written_anew(&self, keys: &[LedgerKey]) -> bool {
        self.covered(keys).any(|notice| notice.unsent && !notice.returned.is_empty())
    }

    fn covered(&self, keys: &[LedgerKey]) -> impl Iterator<Item = &Partly> {
        let found: BTreeSet<_> = keys.iter().filter_map(|key| self.by_key.get(key)).flatten().collect();
        let found = found.into_iter().filter_map(|at| self.notices.get(*at));
        found.filter(|notice| notice.left.iter().all(|key| keys.contains(key)))
    }
}

#[cfg(test)]
mod tests;
